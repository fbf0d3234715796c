"""Synthetic control: how far did the treated get from a weighted mean of comparison units that had followed them until then?

Donor weights, none negative and summing to one, reproduce the treated units' own values in every period before the start as
well as they can (Abadie & Gardeazabal 2003; Abadie, Diamond & Hainmueller 2010), on outcomes alone (Doudchenko & Imbens 2016).
"""

from __future__ import annotations

from utvardering.estimators.base import Job, Result
from utvardering.estimators.synthetic import SC
from utvardering.estimators.synthetic_result import weighted_contrast


def synthetic_control(job: Job) -> Result:
    """Estimate the mean gap to the synthetic control over the periods after the start.

    Raises DesignError with covariates, fewer than two periods before the start, or fewer than two complete comparison units.
    """
    return weighted_contrast(job, SC)
