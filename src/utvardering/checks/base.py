"""What a check takes and gives: the design as known before the start; a verdict, a number against its limit, a sentence."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from utvardering.data.panel import NEVER, Panel, Sample
from utvardering.errors import DesignError
from utvardering.study.model import Checks, Estimation, Outcome, Study
from utvardering.wording import say

Verdict = Literal["pass", "fail", "not_evaluated"]

IDENTIFYING = ("history", "comparison", "pretrend", "staggered", "spillover", "concurrent", "overlap", "balance")
"""Checks whose failure makes an estimate uninterpretable; overlap and balance are those of persons."""


@dataclass(frozen=True)
class CheckResult:
    """A row of `checks.csv`; value and threshold are in the unit that the sentence names, NaN where there is none."""

    study: str
    check: str
    verdict: Verdict
    value: float
    threshold: float
    text: str


@dataclass(frozen=True)
class Balance:
    """A row of `balance.csv`: how alike treated and comparison units were before the start."""

    study: str
    variable: str
    treated: float
    comparison: float
    standardised_difference: float


@dataclass(frozen=True)
class DesignChecks:
    """Every check of a study, and the balance before the start."""

    rows: tuple[CheckResult, ...]
    balance: tuple[Balance, ...] = ()

    def __getitem__(self, check: str) -> CheckResult:
        return next(row for row in self.rows if row.check == check)

    def failed(self) -> tuple[CheckResult, ...]:
        """Identifying checks that failed: they close the gate."""
        return tuple(row for row in self.rows if row.verdict == "fail" and row.check in IDENTIFYING)

    def to_frame(self) -> pd.DataFrame:
        """A row per check."""
        return pd.DataFrame([asdict(row) for row in self.rows], columns=list(CheckResult.__dataclass_fields__))

    def balance_frame(self) -> pd.DataFrame:
        """A row per variable."""
        return pd.DataFrame([asdict(row) for row in self.balance], columns=list(Balance.__dataclass_fields__))


@dataclass(frozen=True)
class Design:
    """What a check may look at: the plan, and the panel as it was before the start."""

    study: Study
    before: Panel

    @property
    def limits(self) -> Checks:
        """The limits that the study set."""
        return self.study.checks

    @property
    def estimation(self) -> Estimation:
        """The planned analysis."""
        if self.study.estimation is None:
            msg = f"{self.study.id}: the study plans no estimate ([estimation] is missing)"
            raise DesignError(msg)
        return self.study.estimation

    @property
    def outcome(self) -> Outcome:
        """The primary outcome, on which the checks are made."""
        return self.study.primary

    @property
    def sample(self) -> Sample:
        """The primary outcome of treated and comparison units before the start."""
        return self.sample_of(self.outcome.id)

    def sample_of(self, outcome: str) -> Sample:
        """An outcome of treated and comparison units before the start.

        Where all units get the measure in the end, the last to begin stand for the comparison, as in the analysis.
        """
        sample = self.before.sample(outcome)
        if not sample.treated.all() or self.before.one_series:
            return sample
        start = np.where(sample.start == sample.start.max(), NEVER, sample.start)
        if not (start < NEVER).any():
            msg = f"{outcome}: all units begin in the same period, so nobody can be compared with"
            raise DesignError(msg)
        return replace(sample, grid=replace(sample.grid, start=start))

    @property
    def n_after(self) -> int:
        """Periods of follow-up that the plan states."""
        return self.before.grids[self.outcome.id].n_after

    def follow_up(self, periods: int) -> str:
        """So long a follow-up, in words: 28 months; a period without a calendar is a period."""
        key = f"{self.sample.grid.calendar.unit}_{'one' if periods == 1 else 'many'}"
        return say(self.study.report.language, "design", key, n=periods)

    def result(
        self, check: str, verdict: Verdict, value: float, threshold: float, sentence: str, /, **facts: object
    ) -> CheckResult:
        """A row with its sentence from the catalogue, in the language of the report."""
        text = say(self.study.report.language, "checks", sentence, **facts)
        return CheckResult(self.study.id, check, verdict, float(value), float(threshold), text)
