"""Balancing weights over 9,600 blocks: ours against general solvers and a calibration package on the same program.

Solvers for dense programs, such as quadprog, would hold a matrix of 9,600² and are left out.

    python benchmarks/balanced_weights.py            writes its section of benchmarks/results.md
    python benchmarks/balanced_weights.py CASE       one case in this process, as JSON

Simulated blocks: 16 quarters, 12 of them before the start, two outcomes and 9 covariates, so 34 totals; 39 treated.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from peers import keep_section, measured, run_case

BLOCKS, QUARTERS, START, TREATED, PERMUTATIONS = 9_600, 16, 12, 39, 250
PEERS = (("empirical_calibration", "qp"), ("osqp", "qp"), ("clarabel", "qp"))
Found = dict[str, float | str]


def blocks() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(N, T) two outcomes and (N, 9) covariates; the first units are the treated, drawn among the worse off."""
    rng = np.random.default_rng(1)
    level = rng.gamma(0.7, 5.0, BLOCKS)
    worse = rng.choice(np.argsort(-level)[: 4 * TREATED], TREATED, replace=False)
    level = np.concatenate([level[worse], np.delete(level, worse)])
    other = 0.5 * level**0.9 * rng.gamma(2.0, 0.5, BLOCKS)
    one, two = (rng.poisson(np.repeat(mean[:, None], QUARTERS, axis=1)).astype(float) for mean in (level, other))
    return one, two, rng.standard_normal((BLOCKS, 9))


def program() -> tuple[np.ndarray, np.ndarray]:
    """Columns of the comparison units and the treated's totals."""
    one, two, covariates = blocks()
    columns = np.column_stack([np.ones(BLOCKS), one[:, :START], two[:, :START], covariates])
    return columns[TREATED:], columns[:TREATED].sum(axis=0)


def _told(weights: np.ndarray) -> Found:
    """What an answer is worth: the sum of squares, and by how much it misses the totals and the limit at 0."""
    columns, target = program()
    missed = np.abs(weights @ columns - target) / np.maximum(np.abs(target), 1.0)
    return {"norm": float(weights @ weights), "missed": float(missed.max()), "least": float(weights.min())}


def _ours() -> Callable[[], Found]:
    from utvardering.estimators.balance import independent, minimum_norm

    one, two, covariates = blocks()
    everyone = np.column_stack([np.ones(BLOCKS), one[:, :START], two[:, :START], covariates])
    carried = (np.arange(BLOCKS) < TREATED).astype(float)[None, :]

    def work() -> Found:
        weights, _ = minimum_norm(independent(everyone), np.ones(BLOCKS), carried, carried == 0)
        return _told(weights[0, TREATED:])

    return work


def _ours_permutations() -> Callable[[], Found]:
    from utvardering.data.calendar import Calendar
    from utvardering.data.panel import NEVER, Grid, Sample
    from utvardering.estimators.balanced_weights import balanced_weights
    from utvardering.estimators.base import Job
    from utvardering.study.model import Estimation, Outcome

    one, two, covariates = blocks()
    start = np.where(np.arange(BLOCKS) < TREATED, START, NEVER)
    names = [f"x{k}" for k in range(9)]
    values = {name: np.repeat(covariates[:, [k]], QUARTERS, axis=1) for k, name in enumerate(names)}
    treatment = (np.arange(QUARTERS) >= start[:, None]).astype(float)
    units = tuple(str(k) for k in range(BLOCKS))

    def sample(name: str, y: np.ndarray) -> Sample:
        grid = Grid(name, Calendar("index"), tuple(range(QUARTERS)), y, treatment, start, covariates=values, n_after=4)
        return Sample(grid, units, np.arange(BLOCKS))

    out = Outcome(id="brott", title="Brott", aim="brott", role="primary", kind="count")
    plan = Estimation(estimator="balanced_weights", covariates=tuple(names))
    job = Job(sample("brott", one), out, plan, ("randomization",), others=(sample("ordning", two),), draws=PERMUTATIONS)

    def work() -> Found:
        row = balanced_weights(job).estimates[0]
        return {"p": row.p_value}

    return work


def _empirical_calibration() -> Callable[[], Found]:
    import empirical_calibration as ec

    columns, target = program()

    def work() -> Found:
        weights, _ = ec.calibrate(
            covariates=columns[:, 1:],
            target_covariates=(target[1:] / TREATED)[None, :],
            objective=ec.Objective.QUADRATIC,
            autoscale=True,
            l2_norm=0,
        )
        return _told(TREATED * weights)

    return work


def _cvxpy(solver: str, **options: float) -> Callable[[], Found]:
    import cvxpy

    columns, target = program()
    size = np.linalg.norm(columns, axis=0)

    def work() -> Found:
        weights = cvxpy.Variable(len(columns), nonneg=True)
        constraints = [(columns / size).T @ weights == target / size]
        cvxpy.Problem(cvxpy.Minimize(cvxpy.sum_squares(weights)), constraints).solve(solver=solver, **options)
        return _told(weights.value)

    return work


CASES: dict[str, Callable[[], Callable[[], Found]]] = {
    "ours": _ours,
    "ours_permutations": _ours_permutations,
    "empirical_calibration": _empirical_calibration,
    "osqp": lambda: _cvxpy("OSQP", eps_abs=1e-7, eps_rel=1e-7, max_iter=2_000),
    "clarabel": lambda: _cvxpy("CLARABEL"),
}


def _row(name: str, found: Found, ratio: float) -> str:
    said = f"| {name} | {found['seconds']:.3f} | {found['gigabytes']:.2f} | {found['norm']:.8f} "
    return f"{said}| {found['missed']:.0e} | {ratio:,.1f} |"


def main() -> None:
    """Run every case and keep the section."""
    own, all_of_it = measured(__file__, "ours"), measured(__file__, "ours_permutations")
    lines = [
        "9,600 simulated blocks × 16 quarters, 39 treated, 34 totals; least sum of squares, weights not negative.",
        "*Missed* is the largest relative miss of a total; osqp was stopped after 2,000 iterations.",
        "",
        "| case | seconds | GB | Σ w² | missed | × ours |",
        "|---|--:|--:|--:|--:|--:|",
        _row("ours, one set of weights", own, 1.0),
    ]
    for name, environment in PEERS:
        found = measured(__file__, name, environment)
        if "error" in found:
            lines.append(f"| {name} | {found['error']} | | | | |")
            continue
        ratio = float(found["seconds"]) / float(own["seconds"])
        lines.append(_row(name, found, ratio))
    lines.append(
        f"| ours, with a placebo test over {PERMUTATIONS} re-assignments, intervals and effects per period | "
        f"{all_of_it['seconds']:.2f} | {all_of_it['gigabytes']:.2f} | | | |"
    )
    keep_section("Balancing weights", lines)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        run_case(CASES[sys.argv[1]]())
    else:
        main()
