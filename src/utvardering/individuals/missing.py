"""What if those not measured again are different? Response weights, worst cases, and how different they would have to be."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from utvardering.individuals.overlap import logistic_scores
from utvardering.individuals.persons import Persons

LEAST_RESPONSE = 0.05
"""Response probabilities below count as this: no person stands for more than twenty."""


def followed(persons: Persons) -> NDArray[np.bool_]:
    """(P,) whether every wave after the start is known."""
    return np.asarray(np.isfinite(persons.after).all(axis=1))


def complete_cases(persons: Persons) -> Persons:
    """Those who were measured in every wave after the start."""
    return persons.take(followed(persons))


def response_weighted(persons: Persons) -> Persons:
    """The complete cases, each standing for so many like it: weights are one over the probability of being followed.

    The probability is a logistic regression, with a mild ridge, on the arm, the outcome before the start and the covariates,
    and the arm times the outcome before (Seaman & White 2013, Stat. Methods Med. Res. 22:278). Right if who is
    missing is random given these.
    """
    there = followed(persons)
    if there.all():
        return persons
    arm = persons.treated[:, None]
    features = np.column_stack([arm, persons.features, arm * (persons.baseline - persons.baseline.mean())[:, None]])
    response = np.maximum(logistic_scores(there, features), LEAST_RESPONSE)
    return replace(persons, weights=persons.weights / response).take(there)


def with_worst(persons: Persons, limits: tuple[float, float]) -> tuple[Persons, Persons]:
    """The persons with missing waves filled in so that the effect is lowest, and so that it is highest.

    limits are the smallest and largest value that the outcome can have (Horowitz & Manski 2000, JASA 95:77).
    """
    low, high = limits
    gap = np.isnan(persons.after)
    treated = persons.treated[:, None]
    lowest = np.where(gap, np.where(treated, low, high), persons.after)
    highest = np.where(gap, np.where(treated, high, low), persons.after)
    return replace(persons, after=lowest), replace(persons, after=highest)


@dataclass(frozen=True)
class TippingPoint:
    """By how much the mean change of the missing treated must differ from that of the followed for the interval to reach 0.

    difference  in the outcome's unit, signed; infinite where nobody treated is missing
    share       of the treated who are missing
    """

    difference: float
    share: float


def tipping_point(persons: Persons, low: float, high: float) -> TippingPoint | None:
    """None where the interval from low to high holds 0 already.

    The effect on all treated is (1 − m) × effect on the followed + m × effect on the missing, m their share; the missing
    comparison persons are taken to be like the followed, and the interval to keep its width.
    """
    if low <= 0 <= high:
        return None
    missing = ~followed(persons)
    share = float(np.mean(missing[persons.treated]))
    nearest = low if low > 0 else high
    return TippingPoint(float(-nearest / share) if share > 0 else float("inf"), share)
