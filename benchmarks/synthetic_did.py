"""Synthetic difference in differences with 200 placebo draws: ours against diff-diff, synthdid-py and azcausal.

    python benchmarks/synthetic_did.py            writes its section of benchmarks/results.md
    python benchmarks/synthetic_did.py CASE       one case in this process, as JSON

Simulated: 290 areas × 96 months, 5 treated from month 72. Peers: `diffdiff`, `synthdid` and `azcausal` in UTVARDERING_PEERS.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from peers import keep_section, measured, run_case

N_UNITS, N_PERIODS, TREATED, START = 290, 96, 5, 72
DRAWS = 200
PEERS = {"diff_diff": "diffdiff", "synthdid_py": "synthdid", "azcausal": "azcausal"}
Found = dict[str, float | str]


def panel() -> np.ndarray:
    """(N, T) levels, three common courses that areas follow differently, and noise; an effect of 1."""
    rng = np.random.default_rng(5)
    courses = np.cumsum(rng.standard_normal((3, N_PERIODS)), axis=1)
    y = 50 + 5 * rng.standard_normal((N_UNITS, 1)) + rng.random((N_UNITS, 3)) @ courses
    y += rng.standard_normal((N_UNITS, N_PERIODS))
    y[:TREATED, START:] += 1
    return y


def _frame():  # noqa: ANN202 -- pandas is imported only where a peer needs it
    import pandas as pd

    unit = np.repeat(np.arange(N_UNITS), N_PERIODS)
    time = np.tile(np.arange(N_PERIODS), N_UNITS)
    treated = (unit < TREATED).astype(int)
    on = treated * (time >= START)
    return pd.DataFrame({"unit": unit, "time": time, "outcome": panel().ravel(), "treated": treated, "treatment": on})


def _ours() -> Callable[[], Found]:
    from utvardering.data.calendar import Calendar
    from utvardering.data.panel import NEVER, Grid, Sample
    from utvardering.estimators.base import Job
    from utvardering.estimators.synthetic_did import synthetic_did
    from utvardering.study.model import Estimation, Outcome

    start = np.where(np.arange(N_UNITS) < TREATED, START, NEVER)
    treatment = (np.arange(N_PERIODS) >= start[:, None]).astype(float)
    grid = Grid("y", Calendar("index"), tuple(range(N_PERIODS)), panel(), treatment, start, n_after=N_PERIODS - START)
    sample = Sample(grid, tuple(str(k) for k in range(N_UNITS)), np.arange(N_UNITS))
    out = Outcome(id="y", title="Y", aim="brott", role="primary", kind="mean")
    job = Job(sample, out, Estimation(estimator="synthetic_did"), ("placebo",), draws=DRAWS)

    def work() -> Found:
        row = synthetic_did(job).estimates[0]
        return {"estimate": row.estimate, "std_error": row.std_error}

    return work


def _diff_diff() -> Callable[[], Found]:
    from diff_diff import SyntheticDiD

    frame = _frame()
    after = list(range(START, N_PERIODS))

    def work() -> Found:
        fit = SyntheticDiD(variance_method="placebo", n_bootstrap=DRAWS, seed=1).fit(
            frame, outcome="outcome", treatment="treated", unit="unit", time="time", post_periods=after
        )
        return {"estimate": float(fit.att), "std_error": float(fit.se)}

    return work


def _synthdid_py() -> Callable[[], Found]:
    from synthdid.synthdid import Synthdid

    frame = _frame()

    def work() -> Found:
        fit = Synthdid(frame, unit="unit", time="time", treatment="treatment", outcome="outcome").fit()
        fit = fit.vcov(method="placebo", n_reps=DRAWS)
        return {"estimate": float(fit.att), "std_error": float(fit.se)}

    return work


def _azcausal() -> Callable[[], Found]:
    from azcausal.core.error import Placebo
    from azcausal.core.panel import CausalPanel
    from azcausal.estimators.panel.sdid import SDID

    frame = _frame()
    wide = {name: frame.pivot_table(index="time", columns="unit", values=name) for name in ("outcome", "treatment")}

    def work() -> Found:
        data = CausalPanel(data=wide).setup(outcome="outcome", intervention="treatment")
        estimator = SDID()
        result = estimator.fit(data)
        estimator.error(result, Placebo(n_samples=DRAWS))
        return {"estimate": float(result.effect.value), "std_error": float(result.effect.se)}

    return work


CASES = {"ours": _ours, "diff_diff": _diff_diff, "synthdid_py": _synthdid_py, "azcausal": _azcausal}


def main() -> None:
    """Run every case and write the table."""
    own = measured(__file__, "ours")
    lines = [
        f"{N_UNITS} areas × {N_PERIODS} months, {TREATED} treated; the estimate and {DRAWS} placebo draws. Simulated.",
        "",
        "| | s | GB | estimate | standard error | peer ÷ ours |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for name, found in {"ours": own, **{peer: measured(__file__, peer, place) for peer, place in PEERS.items()}}.items():
        if "error" in found:
            lines.append(f"| {name}: {found['error']} | | | | | |")
            continue
        ratio = float(found["seconds"]) / float(own["seconds"])
        said = f"{found['seconds']:.2f} | {found['gigabytes']:.2f} | {found['estimate']:.5f} | {found['std_error']:.4f}"
        lines.append(f"| {name} | {said} | {ratio:,.1f} |")
    keep_section("Synthetic difference in differences", lines)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        run_case(CASES[sys.argv[1]]())
    else:
        main()
