"""What was asked, of which measure, decided when: the study file as frozen objects."""

from utvardering.study.load import load_study
from utvardering.study.model import Study

__all__ = ["Study", "load_study"]
