"""How often does each check see what it must see, and stay quiet where nothing is wrong? Simulated panels, many seeds.

`python -m tests.simulation.error_rates` writes `docs/methods/error_rates.csv`: all cells, or those of the checks named.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from tests.checks.pasts import N_BEFORE, a_design, a_panel, a_study, means
from tests.designs import grid, panel, study, treated_first
from tests.individuals.simulated_cohort import by_starting_point, cohort_of
from utvardering.causal.hidden_cause import as_strong_as, plain_fit
from utvardering.checks.comparison import comparison
from utvardering.checks.concurrent import concurrent
from utvardering.checks.false_positives import false_positives
from utvardering.checks.history import history
from utvardering.checks.power import power
from utvardering.checks.pretrend import pretrend
from utvardering.checks.staggered import staggered
from utvardering.estimators.estimate import estimate_effects
from utvardering.individuals.checks import check_cohort
from utvardering.robustness.alternative_comparisons import alternative_comparisons
from utvardering.robustness.base import Doubt
from utvardering.robustness.contrasts import contrasts
from utvardering.robustness.displacement import displacement
from utvardering.robustness.leave_one_out import leave_one_out
from utvardering.robustness.placebo_start import placebo_start
from utvardering.robustness.windows import windows
from utvardering.study.model import Study

FILE = Path(__file__).parents[2] / "docs" / "methods" / "error_rates.csv"
PAGE = FILE.with_suffix(".md")
SEEDS = 200
FIVE = [N_BEFORE] * 5
TREATED = np.arange(31) < 5
AFTER = np.arange(18) >= N_BEFORE
TIME = np.arange(18) - (N_BEFORE - 1) / 2
CLUSTER = {"inference": "cluster"}

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Cell:
    """A check on a kind of panel: whether it must fail there, what is wrong or right with it, and its verdict by seed."""

    check: str
    must: str
    panel: str
    verdict: Callable[[int], str]
    seeds: int = SEEDS


def effect(y: Floats, size: float = -20.0) -> Floats:
    """With an effect on the treated from the start on."""
    return y + size * (TREATED[:, None] & AFTER)


def doubted(y: Floats, one: Study | None = None) -> Doubt:
    """The planned analysis done on five treated of 31 areas, ready to be doubted."""
    plan = one or a_study(robustness={"placebo_shifts": (-4,)})
    data = a_panel(y, FIVE)
    planned = estimate_effects(plan, data).planned("y")
    if planned is None:
        raise AssertionError
    return Doubt(plan, data, planned)


def worst(found: list[str]) -> str:
    """`fail` where any row fails."""
    return next((name for name in ("fail", "pass") if name in found), "not_evaluated")


def _history(periods: int) -> Callable[[int], str]:
    return lambda seed: history(a_design(means(seed, n_periods=periods + 4), [periods] * 5)).verdict


def _comparison(apart: float) -> Callable[[int], str]:
    return lambda seed: comparison(a_design(means(seed) + apart * TREATED[:, None], FIVE)).verdict


def _pretrend(drift: float) -> Callable[[int], str]:
    return lambda seed: pretrend(a_design(means(seed, 1.0) * (1 + drift * TREATED[:, None] * TIME), FIVE)).verdict


def _staggered(starts: list[int]) -> Callable[[int], str]:
    return lambda seed: staggered(a_design(means(seed), starts)).verdict


def _concurrent(named: tuple[str, ...]) -> Callable[[int], str]:
    def verdict(seed: int) -> str:
        plan = a_study(measure={"concurrent": named})
        return concurrent(a_design(effect(means(seed)), FIVE, plan)).verdict

    return verdict


def _power(spread: float, treated: int) -> Callable[[int], str]:
    return lambda seed: power(a_design(means(seed, spread), [N_BEFORE] * treated)).verdict


def _false_positives(inference: str, treated: int) -> Callable[[int], str]:
    def verdict(seed: int) -> str:
        plan = a_study(estimation={"inference": inference})
        return false_positives(a_design(means(seed), [N_BEFORE] * treated, plan)).verdict

    return verdict


def _placebo_start(drift: float) -> Callable[[int], str]:
    def verdict(seed: int) -> str:
        y = effect(means(seed, 1.0) * (1 + drift * TREATED[:, None] * TIME))
        return worst([row.verdict for row in placebo_start(doubted(y))])

    return verdict


def _leave_one_out(jump: float) -> Callable[[int], str]:
    def verdict(seed: int) -> str:
        y = effect(means(seed, 1.0), -3.0)
        y[5] += jump * AFTER
        return worst([row.verdict for row in leave_one_out(doubted(y))])

    return verdict


def _dominant(growth: float) -> Callable[[int], str]:
    """One comparison area has as many events as all the others together, and goes its own way."""

    def verdict(seed: int) -> str:
        y = (
            np.random.default_rng(seed)
            .poisson(200.0 * (1 - 0.2 * (TREATED[:, None] & AFTER)) * np.ones((31, 18)))
            .astype(float)
        )
        y[5] = np.random.default_rng([seed, 1]).poisson(25 * 200.0 * (1 + growth * AFTER))
        return worst([row.verdict for row in leave_one_out(doubted(y, a_study("count", "poisson_did", estimation=CLUSTER)))])

    return verdict


def _donor(jump: float) -> Callable[[int], str]:
    """One treated area that moved as one comparison area alone did; that one jumps when the measure begins."""

    def verdict(seed: int) -> str:
        rng = np.random.default_rng([seed, 3])
        y = means(seed, 1.0)
        y[0] = y[1] + rng.normal(0, 0.3, 18)
        y[1] += jump * AFTER
        plan, data = a_study(estimator="synthetic_control"), a_panel(y, [N_BEFORE])
        planned = estimate_effects(plan, data).planned("y")
        if planned is None:
            raise AssertionError
        return worst([row.verdict for row in leave_one_out(Doubt(plan, data, planned))])

    return verdict


def _alternatives(moved: float) -> Callable[[int], str]:
    """Other areas to compare with, which moved for reasons of their own when the measure began."""

    def verdict(seed: int) -> str:
        y = effect(means(seed, 1.0), -3.0)
        y[18:] += moved * AFTER
        roles = np.array(["treated"] * 5 + ["comparison"] * 13 + ["excluded"] * 13)
        plan = a_study()
        asked = plan.robustness.model_copy(update={"alternative_comparisons": (("others",),)})
        plan = plan.model_copy(update={"robustness": asked})
        data = a_panel(y, FIVE, role=roles.tolist())
        planned = estimate_effects(plan, data).planned("y")
        if planned is None:
            raise AssertionError
        other = data.with_roles(np.array(["treated"] * 5 + ["excluded"] * 13 + ["comparison"] * 13))
        with patch("utvardering.robustness.alternative_comparisons.load_panel", lambda _: other):
            return worst([row.verdict for row in alternative_comparisons(Doubt(plan, data, planned))])

    return verdict


def _windows(odd: float) -> Callable[[int], str]:
    """An odd first half of the past among the treated; the window leaves it out."""

    def verdict(seed: int) -> str:
        y = effect(means(seed, 1.0), -3.0)
        y[:5, :7] += odd
        plan = a_study()
        plan = plan.model_copy(update={"robustness": plan.robustness.model_copy(update={"windows": ((2017, 2027),)})})
        return worst([row.verdict for row in windows(doubted(y, plan))])

    return verdict


def _displacement(moved: float) -> Callable[[int], str]:
    def verdict(seed: int) -> str:
        y = effect(means(seed, 1.0))
        y[5:9] += moved * AFTER
        roles = ["treated"] * 5 + ["neighbour"] * 4 + ["comparison"] * 22
        ring = np.array([0] * 5 + [1] * 4 + [0] * 22)
        data = a_panel(y, FIVE, role=roles, ring=ring)
        plan = a_study()
        planned = estimate_effects(plan, data).planned("y")
        if planned is None:
            raise AssertionError
        return worst([row.verdict for row in displacement(Doubt(plan, data, planned)) if row.variant.startswith("ring")])

    return verdict


def _contrasts(night: float, day: float) -> Callable[[int], str]:
    outcomes = tuple(
        {"id": name, "title": name, "aim": "brott", "role": role, "kind": "mean", "direction": "decrease"}
        for name, role in (("y", "primary"), ("day", "secondary"))
    )
    plan = study(outcomes=outcomes, robustness={"contrasts": (("y", "day"),)})

    def verdict(seed: int) -> str:
        start = treated_first(31, FIVE)
        grids = {
            name: replace(grid(effect(means(seed + add, 1.0), size), start, calendar="year"), outcome=name)
            for name, add, size in (("y", 0, night), ("day", 10_000, day))
        }
        data = panel(grids, ["treated"] * 5 + ["comparison"] * 26)
        found = estimate_effects(plan, data)
        planned = found.planned("y")
        if planned is None:
            raise AssertionError
        others = tuple(row for row in found.rows if row.planned and row.outcome == "day")
        return worst([row.verdict for row in contrasts(Doubt(plan, data, planned, others))])

    return verdict


def _hidden(of_treatment: float, of_outcome: float, true: float) -> Callable[[int], str]:
    """A measured cause of known strength: would one as strong, but hidden, turn the sign?"""

    def verdict(seed: int) -> str:
        rng = np.random.default_rng(seed)
        x = rng.standard_normal(60)
        treated = (of_treatment * x + rng.standard_normal(60) > 0).astype(float)
        y = of_outcome * x + true * treated + rng.standard_normal(60)
        (one,) = as_strong_as(y, treated, x[:, None], ("x",))
        estimate = plain_fit(y, treated, x[:, None])[0]
        return "not_evaluated" if not np.isfinite(one.effect) else "fail" if one.effect * estimate <= 0 else "pass"

    return verdict


PERSONS = Study.model_validate(
    {
        "schema": 1,
        "folder": Path(),
        "study": {"id": "prov", "title": "Prov", "question": "Minskade det?", "design": "individuals"},
        "measure": {"kind": "sspf", "name": "SSPF"},
        "data": {"cohort": "k.csv", "person": "p", "wave": "v", "last_wave_before": 1, "treated": "s", "group": "g"},
        "outcomes": ({"id": "normbrytande", "title": "N", "aim": "brott", "role": "primary", "kind": "mean"},),
        "estimation": {"estimator": "adjusted", "inference": "cluster", "covariates": ("alder",)},
        "ethics": {"individuals": True, "review": "2024-01234-01"},
    }
)


def _persons(
    check: str, *, apart: float = 0.0, lost: float = 0.0, schools: int = 12, drift: float = 0.0
) -> Callable[[int], str]:
    """Youth in schools: apart before the start, lost after it, in few schools, or with arms that drift before it."""

    def verdict(seed: int) -> str:
        found = by_starting_point(seed, missing=False, schools=schools)
        gone = np.random.default_rng([seed, 2]).random(len(found.treated)) < lost
        after = np.where(gone[:, None], np.nan, found.after)
        cohort = cohort_of(replace(found, baseline=found.baseline + apart * found.treated, after=after))
        values = cohort.outcomes["normbrytande"].copy()
        values[found.treated, 0] += drift
        cohort = replace(cohort, outcomes={"normbrytande": values})
        return next(row.verdict for row in check_cohort(PERSONS, cohort) if row.check == check)

    return verdict


CELLS = (
    Cell("history", "fail", "8 years before the start where the plan asks for 12", _history(8)),
    Cell("history", "pass", "14 years before the start", _history(14)),
    Cell("comparison", "fail", "treated areas three standard deviations above the others", _comparison(15.0)),
    Cell("comparison", "pass", "treated areas drawn among all", _comparison(0.0)),
    Cell("pretrend", "fail", "trends part by 5 % of the level a year", _pretrend(0.05)),
    Cell("pretrend", "pass", "parallel trends", _pretrend(0.0)),
    Cell("staggered", "fail", "did on starts two years apart", _staggered([8, 10, 12, 14, 16])),
    Cell("staggered", "pass", "one start", _staggered(FIVE)),
    Cell("concurrent", "fail", "a second measure at the same time, named in the plan", _concurrent(("Nya kameror",))),
    Cell("concurrent", "fail", "a second measure at the same time, named by nobody", _concurrent(())),
    Cell("power", "fail", "one noisy area treated", _power(25.0, 1), 50),
    Cell("power", "pass", "five quiet areas treated", _power(3.0, 5), 50),
    Cell("false_positives", "fail", "one treated area with a clustered interval", _false_positives("cluster", 1)),
    Cell("false_positives", "pass", "five treated areas with re-assignment", _false_positives("randomization", 5)),
    Cell("placebo_start", "fail", "trends part by 2 % of the level a year", _placebo_start(0.02)),
    Cell("placebo_start", "pass", "parallel trends", _placebo_start(0.0)),
    Cell("leave_one_out", "fail", "one comparison area jumps by 100 standard deviations", _leave_one_out(100.0)),
    Cell("leave_one_out", "pass", "no comparison area stands out", _leave_one_out(0.0)),
    Cell("leave_one_out", "fail", "one comparison area has half of all events and grows by 30 %", _dominant(0.3)),
    Cell("leave_one_out", "pass", "one comparison area has half of all events and goes as the others", _dominant(0.0)),
    Cell("leave_one_out", "fail", "synthetic control rests on one donor, which jumps at the start", _donor(10.0)),
    Cell("leave_one_out", "pass", "synthetic control rests on one donor, and nothing happens", _donor(0.0)),
    Cell("alternative_comparisons", "fail", "the other areas moved by five standard deviations", _alternatives(5.0)),
    Cell("alternative_comparisons", "pass", "the other areas are alike", _alternatives(0.0)),
    Cell("windows", "fail", "the treated were odd in half of the past", _windows(10.0)),
    Cell("windows", "pass", "the past is alike throughout", _windows(0.0)),
    Cell("displacement", "fail", "half of what was won moves to the neighbours", _displacement(10.0)),
    Cell("displacement", "pass", "neighbours untouched", _displacement(0.0)),
    Cell("contrasts", "fail", "the effect lies by day, where the measure cannot work", _contrasts(0.0, -10.0)),
    Cell("contrasts", "pass", "the effect lies at night, where it can", _contrasts(-10.0, 0.0)),
    Cell("hidden_cause", "fail", "no effect, a cause that goes strongly with both", _hidden(0.8, 1.0, 0.0)),
    Cell("hidden_cause", "pass", "an effect of two standard deviations, a weak cause", _hidden(0.3, 0.3, -2.0)),
    Cell("persons: overlap", "fail", "treated far worse before the start than anybody else", _persons("overlap", apart=5.0)),
    Cell("persons: overlap", "pass", "arms that overlap", _persons("overlap")),
    Cell("persons: balance", "fail", "treated much worse before the start", _persons("balance", apart=2.0)),
    Cell("persons: balance", "pass", "arms that overlap", _persons("balance")),
    Cell("persons: attrition", "fail", "30 % lost", _persons("attrition", lost=0.3)),
    Cell("persons: attrition", "pass", "1 % lost", _persons("attrition", lost=0.01)),
    Cell("persons: groups", "fail", "four schools", _persons("groups", schools=4)),
    Cell("persons: groups", "pass", "twelve schools", _persons("groups")),
    Cell("persons: history", "fail", "arms drift by two standard deviations before the start", _persons("history", drift=-2.0)),
    Cell("persons: history", "pass", "arms that change alike before the start", _persons("history")),
)


COLUMNS = ("check", "must", "panel", "seeds", "fail", "pass", "not_evaluated")


def rate(cell: Cell, seeds: int | None = None) -> tuple[float, float, float]:
    """Shares of the seeds that fail, pass, and are not evaluated."""
    found = [cell.verdict(seed) for seed in range(seeds or cell.seeds)]
    fail, good, silent = (float(np.mean([one == name for one in found])) for name in ("fail", "pass", "not_evaluated"))
    return fail, good, silent


def row(cell: Cell) -> list[str]:
    """A row of the table."""
    return [cell.check, cell.must, cell.panel, str(cell.seeds), *(f"{share:.3f}" for share in rate(cell))]


def kept() -> dict[tuple[str, str], list[str]]:
    """The rows of the table by check and panel."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return {(one[0], one[2]): one for one in list(csv.reader(file))[1:]}


def table(rows: list[list[str]]) -> str:
    """The rows as the page shows them."""
    lines = ["| check | must | panel | seeds | fails | passes | not evaluated |", "|---|---|---|--:|--:|--:|--:|"]
    return "\n".join([*lines, *("| " + " | ".join([f"`{one[0]}`", *one[1:]]) + " |" for one in rows)])


def main() -> None:
    """Compute every cell, or those of the checks named, and write table and page."""
    wanted, before = set(sys.argv[1:]), kept() if FILE.exists() else {}
    rows = []
    for cell in CELLS:
        old = before.get((cell.check, cell.panel))
        rows.append(old if old and wanted and cell.check not in wanted else row(cell))
    write(rows)


def write(rows: list[list[str]]) -> None:
    """Write the table, and put it in its page."""
    with FILE.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *rows])
    text = PAGE.read_text(encoding="utf-8")
    text = re.sub(r"(^\|.*\n)+", lambda _: table(rows) + "\n", text, count=1, flags=re.MULTILINE)
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
