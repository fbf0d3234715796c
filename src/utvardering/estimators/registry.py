"""Which estimators are there, and what does each suit? One row per method; its file bears its name."""

from __future__ import annotations

from dataclasses import dataclass

from utvardering.estimators.base import Estimator
from utvardering.estimators.did import did
from utvardering.estimators.event_study import event_study
from utvardering.estimators.poisson_did import poisson_did
from utvardering.study.model import Outcome


@dataclass(frozen=True)
class Method:
    """An estimator, the estimand of its planned row, and where it may be used.

    counts_only: it needs counts; common_start_only: with staggered starts it mixes effects of different units and times.
    """

    name: str
    run: Estimator
    estimand: str
    counts_only: bool = False
    common_start_only: bool = False

    def suits(self, outcome: Outcome) -> bool:
        """Whether the method may be used on this kind of outcome."""
        return not self.counts_only or outcome.kind == "count"


ESTIMATORS = {
    method.name: method
    for method in (
        Method("did", did, "att", common_start_only=True),
        Method("event_study", event_study, "att_dynamic", common_start_only=True),
        Method("poisson_did", poisson_did, "att", counts_only=True, common_start_only=True),
    )
}


def planned_method(estimator: str, outcome: Outcome) -> Method:
    """The planned method for an outcome: the study's, or `did` where that one cannot take this kind of outcome."""
    method = ESTIMATORS[estimator]
    return method if method.suits(outcome) else ESTIMATORS["did"]
