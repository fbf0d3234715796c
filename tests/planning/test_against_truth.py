"""What design says of power and of false alarms, against what happens: fresh panels analysed for real, and all windows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.designs import outcome, sample, shared, treated_first
from tests.planning.past_studies import counts
from utvardering.checks.false_positives import STARTS, alarms, rates
from utvardering.checks.past import Analysis
from utvardering.checks.power import effects_found, tries_by_start
from utvardering.estimators.base import Job
from utvardering.estimators.registry import ESTIMATORS
from utvardering.study.model import Estimation

BEFORE, AFTER, UNITS = 14, 4, 40


def an_analysis(one, estimator: str, inference: str) -> Analysis:
    plan = Estimation.model_validate({"estimator": estimator, "inference": inference, "seed": 5})
    return Analysis(one, outcome("count", direction="decrease", exposure="e"), plan, ESTIMATORS[estimator], inference)


def fresh(seed: int, treated: int, effect: float, before: int = BEFORE):
    """A whole study with a real start and a real effect, from the same process as its past."""
    rng = np.random.default_rng([seed, 77])
    y = counts(seed, units=UNITS, years=before + AFTER)
    y[:treated, before:] = rng.binomial(y[:treated, before:].astype(int), 1 - effect)
    return sample(y, treated_first(UNITS, [before] * treated), exposure=np.full(y.shape, 1e4))


def simulated(
    estimator: str, inference: str, treated: int, effect: float, panels: int, tries: int
) -> tuple[float, float, list[int]]:
    """Mean power by design over the pasts of several studies, its standard error over them, and the pseudo-starts."""
    found, starts = [], []
    for seed in range(1000, 1000 + panels):
        whole = fresh(seed, treated, 0.0)
        past = sample(whole.y[:, :BEFORE], treated_first(UNITS, [BEFORE] * treated), exposure=np.full((UNITS, BEFORE), 1e4))
        one = an_analysis(past, estimator, inference)
        parts = tries_by_start(one, AFTER, tries, near=True).items()
        starts = [start for start, numbers in parts for _ in numbers]
        smallest = np.concatenate([effects_found(one, start, AFTER, treated, numbers) for start, numbers in parts])
        found.append(np.mean(smallest <= effect + 1e-9))
    return float(np.mean(found)), float(np.std(found, ddof=1) / np.sqrt(panels)), starts


def realised(estimator: str, inference: str, treated: int, effect: float, starts: list[int]) -> float:
    """Share of fresh panels in which the planned analysis, run for real, finds the fall; each begins at one of the starts."""
    hits, panels = 0, len(starts)
    for seed, before in enumerate(starts):
        one = an_analysis(fresh(seed, treated, effect, before), estimator, inference)
        job = Job(one.sample, one.outcome, one.estimation, (inference,), draws=499, intervals=False)
        row = ESTIMATORS[estimator].run(job).estimates[0]
        hits += row.p_value <= 0.05 + 1e-9 and row.estimate < 0
    return hits / panels


@pytest.mark.slow
@pytest.mark.parametrize(
    ("estimator", "inference", "treated", "effect"),
    [
        ("poisson_did", "randomization", 1, 0.20),
        ("poisson_did", "randomization", 3, 0.10),
        ("did", "randomization", 2, 0.15),
        ("forecast_did", "randomization", 2, 0.15),
        ("poisson_did", "cluster", 5, 0.08),
    ],
)
def test_simulated_power_is_realised_power(estimator: str, inference: str, treated: int, effect: float) -> None:
    """Within 3 Monte Carlo errors of both, by chance once in four hundred, where as many periods lie before the start.

    The whole past is longer than what lies before its pseudo-starts, so the plan itself can find a little more than said.
    """
    said, said_error, starts = simulated(estimator, inference, treated, effect, panels=24, tries=60)
    found = realised(estimator, inference, treated, effect, (starts * 10)[:600])
    error = np.hypot(said_error, np.sqrt(max(found * (1 - found), 0.02) / 600))
    print(f"{estimator} {inference}, {treated} treated: {said:.3f} said, {found:.3f} realised, error {error:.3f}")  # noqa: T201 -- shown with -s
    assert abs(said - found) <= 3 * error, (said, found, error)
    longer = realised(estimator, inference, treated, effect, [BEFORE] * 600)
    assert longer >= said - 3 * error


def test_simulated_power_is_realised_power_in_short() -> None:
    """The same for one method with fewer tries; the wrong effect would be seen."""
    said, said_error, starts = simulated("poisson_did", "randomization", 2, 0.15, panels=4, tries=30)
    found = realised("poisson_did", "randomization", 2, 0.15, (starts * 2)[:60])
    error = np.hypot(said_error, np.sqrt(max(found * (1 - found), 0.02) / 60))
    assert abs(said - found) <= 3 * error, (said, found, error)
    other, _, _ = simulated("poisson_did", "randomization", 2, 0.05, panels=4, tries=30)
    assert abs(other - found) > 3 * error


def real(outcome_id: str, treated: int, years: int = 12):
    """Real counts of municipalities until a start, with as many treated picked blindly as the simulation will draw."""
    frame = pd.read_csv(shared("data/brott-kommun-ar.csv"), dtype={"kommunkod": str})
    tables = [frame.pivot_table(index="kommunkod", columns="ar", values=name) for name in (outcome_id, "befolkning")]
    y, population = (table.reindex(tables[1].index).to_numpy(float)[:, :years] for table in tables)
    whole = np.isfinite(y).all(axis=1)
    start = treated_first(int(whole.sum()), [years] * treated)
    return sample(y[whole], start, exposure=population[whole])


@pytest.mark.slow
@pytest.mark.parametrize("treated", [1, 2, 5])
@pytest.mark.parametrize("estimator", ["did", "poisson_did"])
def test_the_printed_rate_of_clustered_estimators_is_that_of_a_full_simulation(estimator: str, treated: int) -> None:
    """Over all windows, with ten times the draws from the same pools, by the estimator itself: within the 90 % bounds."""
    follow_up = 3
    one = an_analysis(real("bilbrott", treated), estimator, "cluster")
    printed, held = rates(
        [
            alarms(one, start, follow_up, treated, numbers)
            for start, numbers in tries_by_start(one, follow_up, 400, near=False, most=STARTS).items()
        ],
        follow_up,
    )
    other = replace(one, estimation=one.estimation.model_copy(update={"seed": 1234}))
    starts = range(4, one.sample.y.shape[1] - follow_up + 1)
    full = [alarms(other, start, follow_up, treated, range(450)) for start in starts]
    rate = float(np.mean(np.concatenate([part.rejects for part in full])))
    print(f"{estimator} cluster, {treated} treated: {printed.rate:.3f} ({printed.low:.3f}-{printed.high:.3f}), full {rate:.3f}")  # noqa: T201 -- shown with -s
    assert printed.low <= rate <= printed.high
    assert held.rate == pytest.approx(1 - printed.rate)
    assert rate > 0.05
