"""Which estimators are there, and what does each suit? One row per method; its file bears its name."""

from __future__ import annotations

from dataclasses import dataclass

from utvardering.estimators.adjusted import adjusted
from utvardering.estimators.balanced_weights import balanced_weights
from utvardering.estimators.base import RANDOMIZED, Estimator
from utvardering.estimators.did import did
from utvardering.estimators.event_study import event_study
from utvardering.estimators.forecast_did import forecast_did
from utvardering.estimators.imputation import imputation
from utvardering.estimators.interrupted import interrupted
from utvardering.estimators.poisson_did import poisson_did
from utvardering.estimators.poisson_staggered import poisson_staggered
from utvardering.estimators.staggered_did import staggered_did
from utvardering.estimators.sun_abraham import sun_abraham
from utvardering.estimators.synthetic_control import synthetic_control
from utvardering.estimators.synthetic_did import synthetic_did
from utvardering.estimators.wdd import wdd
from utvardering.study.model import Outcome
from utvardering.study.vocabulary import FOR_COUNTS, INFERENCES


@dataclass(frozen=True)
class Method:
    """An estimator, the estimand of its planned row, and where it may be used.

    common_start_only: with staggered starts it mixes effects of different units and times; multiplicative: on counts its
    estimate is a log ratio; alone: it compares the treated with nobody else.
    """

    name: str
    run: Estimator
    estimand: str
    common_start_only: bool = False
    multiplicative: bool = False
    alone: bool = False

    @property
    def counts_only(self) -> bool:
        """Whether it needs counts."""
        return self.name in FOR_COUNTS

    @property
    def inferences(self) -> tuple[str, ...]:
        """The inference that it has, the default first."""
        return INFERENCES[self.name]

    def has(self, inference: str) -> bool:
        """Whether it has this inference, under either of its names."""
        return inference in self.inferences or (inference in RANDOMIZED and "randomization" in self.inferences)

    def suits(self, outcome: Outcome) -> bool:
        """Whether the method may be used on this kind of outcome."""
        return not self.counts_only or outcome.kind == "count"


ESTIMATORS = {
    method.name: method
    for method in (
        Method("did", did, "att", common_start_only=True),
        Method("event_study", event_study, "att_dynamic", common_start_only=True),
        Method("forecast_did", forecast_did, "att_weighted", multiplicative=True),
        Method("poisson_did", poisson_did, "att", common_start_only=True, multiplicative=True),
        Method("staggered_did", staggered_did, "att"),
        Method("synthetic_control", synthetic_control, "att"),
        Method("synthetic_did", synthetic_did, "att"),
        Method("balanced_weights", balanced_weights, "att", common_start_only=True),
        Method("wdd", wdd, "wdd", common_start_only=True),
        Method("adjusted", adjusted, "att", common_start_only=True),
        Method("interrupted", interrupted, "att", common_start_only=True, multiplicative=True, alone=True),
        Method("sun_abraham", sun_abraham, "att"),
        Method("imputation", imputation, "att"),
        Method("poisson_staggered", poisson_staggered, "att", multiplicative=True),
    )
}


def planned_method(estimator: str, outcome: Outcome) -> Method:
    """The planned method for an outcome: the study's, or its like for other kinds where it cannot take this one."""
    method = ESTIMATORS[estimator]
    return method if method.suits(outcome) else ESTIMATORS[FOR_COUNTS[estimator]]
