"""What a column, a run and a reason are called in a sentence of the report."""

from __future__ import annotations

from utvardering.study.model import Study
from utvardering.wording import say
from utvardering.wording.refusals import in_words


def column(study: Study, name: str) -> str:
    """The title of an outcome as it stands inside a sentence, the words of a covariate without underscores."""
    titles = {outcome.id: outcome.title for outcome in study.outcomes}
    title = titles.get(name, name.replace("_", " "))
    return title if title[1:2].isupper() else title[:1].lower() + title[1:]


def run(study: Study, name: str) -> str:
    """A run beside the planned one, such as `covariates` or `wave 0`."""
    kind, _, wave = name.partition(" ")
    return say(study.report.language, "individuals", f"run_{kind}", wave=int(wave) + 1 if wave else "")


def reason(study: Study, message: str) -> str:
    """Why something could not be computed, where a sentence goes on around it."""
    return in_words(message, study.report.language).rstrip(".")
