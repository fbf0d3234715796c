"""What does an estimator say of one sample with each of its inferences? A refusal is an answer too."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from utvardering.data.panel import Sample
from utvardering.errors import DesignError
from utvardering.estimators.base import Estimate, Job
from utvardering.estimators.registry import Method
from utvardering.study.model import Estimation, Outcome

DRAWS = 199
"""Re-assignments a test: its size is exact with any number, its power a little less than with thousands."""

FEW_DRAWS = 99
"""The same for the methods of FITTED_ANEW: each of their re-assignments seeks weights anew, so they take most of the time."""

FITTED_ANEW = ("synthetic_control", "synthetic_did")

COUNT = Outcome.model_validate(
    {"id": "y", "title": "y", "aim": "brott", "role": "primary", "kind": "count", "exposure": "e", "direction": "decrease"}
)


@dataclass(frozen=True)
class Refusal:
    """Why there is no number."""

    reason: str


@dataclass
class Attempts:
    """One method on many samples; remembers which inferences it refused, so that these are asked for alone."""

    method: Method
    outcome: Outcome = COUNT
    only: tuple[str, ...] = ()
    """Inferences to ask for, where not all."""

    def __post_init__(self) -> None:
        self.apart: set[str] = set()
        self.inferences = tuple(name for name in self.method.inferences if not self.only or name in self.only)

    def answers(
        self, sample: Sample, seed: int, *, neighbours: Sample | None = None, intervals: bool = True
    ) -> dict[str, Estimate | Refusal]:
        """The planned row of the method under each of its inferences, or why there is none."""
        together = [name for name in self.inferences if name not in self.apart]
        found: dict[str, Estimate | Refusal] = {}
        groups = [together, *([name] for name in self.inferences if name in self.apart)]
        for names in groups:
            if names:
                found |= self._ask(names, sample, seed, neighbours, intervals=intervals)
        return found

    def _ask(
        self, names: Sequence[str], sample: Sample, seed: int, neighbours: Sample | None, *, intervals: bool
    ) -> dict[str, Estimate | Refusal]:
        plan = Estimation(estimator=self.method.name, seed=seed)
        draws = FEW_DRAWS if self.method.name in FITTED_ANEW else DRAWS
        job = Job(sample, self.outcome, plan, tuple(names), neighbours=neighbours, draws=draws, intervals=intervals)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of thousands of runs nobody reads them
                rows = self.method.run(job).estimates
        except DesignError as fault:
            return self._refused(names, sample, seed, neighbours, fault.message, intervals=intervals)
        except Exception as fault:  # noqa: BLE001 -- one fault must not end hours of work; it is told in the table
            reason = f"fault of the program: {type(fault).__name__}: {fault}"
            return self._refused(names, sample, seed, neighbours, reason, intervals=intervals)
        planned = {row.inference: row for row in rows if row.estimand == self.method.estimand}
        return {name: planned.get(name, Refusal("no row for this inference")) for name in names}

    def _refused(
        self, names: Sequence[str], sample: Sample, seed: int, neighbours: Sample | None, reason: str, *, intervals: bool
    ) -> dict[str, Estimate | Refusal]:
        if len(names) == 1:
            return {names[0]: Refusal(reason)}
        found: dict[str, Estimate | Refusal] = {}
        for name in names:
            found |= self._ask([name], sample, seed, neighbours, intervals=intervals)
        refused = {name for name, answer in found.items() if isinstance(answer, Refusal)}
        if len(refused) < len(names):
            self.apart |= refused
        return found
