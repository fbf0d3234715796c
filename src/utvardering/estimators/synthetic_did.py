"""Synthetic difference in differences: did the treated change more than units, since periods, that had run parallel with them?

Donor weights make the comparison parallel to the treated before the start, period weights make the periods before like those
after, and a weighted two-way difference is taken (Arkhangelsky, Athey, Hirshberg, Imbens & Wager 2021).
"""

from __future__ import annotations

from utvardering.estimators.base import Job, Result
from utvardering.estimators.synthetic import SDID
from utvardering.estimators.synthetic_result import weighted_contrast


def synthetic_did(job: Job) -> Result:
    """Estimate the mean effect on the treated by synthetic difference in differences.

    Raises DesignError with covariates, fewer than two periods before the start, or fewer than two complete comparison units.
    """
    return weighted_contrast(job, SDID)
