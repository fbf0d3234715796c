"""Did the measure start at different times, and does the planned estimator then compare the treated with the treated?"""

from __future__ import annotations

import numpy as np

from utvardering.checks.base import CheckResult, Design
from utvardering.estimators.bacon import forbidden_share
from utvardering.estimators.registry import planned_method
from utvardering.wording import percent


def staggered(design: Design) -> CheckResult:
    """Fails when starts differ and the planned estimator is a two-way fixed-effects one.

    The sentence tells the share of weight on comparisons with units already treated (Goodman-Bacon 2021), and the share with
    the wrong sign (de Chaisemartin & D'Haultfœuille 2020, theorem 1): both computed from the starts alone.
    """
    sample = design.sample
    starts = sample.start[sample.treated]
    count = len(np.unique(starts))
    if count == 1:
        return design.result("staggered", "pass", 1, 1, "staggered_pass")
    method = planned_method(design.estimation.estimator, design.outcome)
    if not method.common_start_only:
        return design.result("staggered", "pass", count, 1, "staggered_suited", count=count)
    n_periods = int(starts.max()) + design.n_after
    wrong = negative_weight_share(sample.start, n_periods)
    sentence = "staggered_wrong" if wrong > 0 else "staggered_fail"
    language = design.study.report.language
    forbidden = percent(forbidden_share(sample.start, n_periods), language)
    return design.result(
        "staggered", "fail", count, 1, sentence, count=count, wrong=percent(wrong, language), forbidden=forbidden
    )


def negative_weight_share(start: np.ndarray, n_periods: int) -> float:
    """Share of the absolute weight on treated cells that two-way fixed effects give a negative sign; start (N,)."""
    treatment = (np.arange(n_periods) >= start[:, None]).astype(float)
    within = treatment - treatment.mean(axis=1, keepdims=True)
    within -= within.mean(axis=0, keepdims=True)
    weight = within[treatment > 0]
    return float(-weight[weight < 0].sum() / np.abs(weight).sum())
