"""The wild cluster bootstrap, 9,999 draws: ours with its interval against pyfixest's wildboottest, which gives a p-value.

    python benchmarks/wild_bootstrap.py            writes its section of benchmarks/results.md
    python benchmarks/wild_bootstrap.py CASE       one case in this process, as JSON

Simulated: 50 states × 11 years with 21 treated from year 6, and 212 areas × 24 quarters with 20 treated from quarter 16.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from peers import keep_section, measured, run_case

SIZES = {"states": (50, 11, 21, 6), "areas": (212, 24, 20, 16)}
DRAWS = 9_999
Found = dict[str, float | str]


def panel(size: str) -> tuple[np.ndarray, np.ndarray]:
    """(N, T) outcome with noise that lasts, and treatment."""
    n_units, n_periods, n_treated, start = SIZES[size]
    rng = np.random.default_rng(3)
    y = rng.standard_normal((n_units, 1)) + np.cumsum(0.2 * rng.standard_normal((n_units, n_periods)), axis=1)
    treatment = np.zeros((n_units, n_periods))
    treatment[:n_treated, start:] = 1.0
    return y + 0.1 * treatment, treatment


def _ours(size: str) -> Callable[[], Found]:
    from utvardering.data.calendar import Calendar
    from utvardering.data.panel import NEVER, Grid, Sample
    from utvardering.estimators.base import Job
    from utvardering.estimators.did import did
    from utvardering.study.model import Estimation, Outcome

    n_units, n_periods, n_treated, first = SIZES[size]
    y, treatment = panel(size)
    start = np.where(np.arange(n_units) < n_treated, first, NEVER)
    grid = Grid("y", Calendar("index"), tuple(range(n_periods)), y, treatment, start, n_after=n_periods - first)
    sample = Sample(grid, tuple(str(k) for k in range(n_units)), np.arange(n_units))
    out = Outcome(id="y", title="Y", aim="brott", role="primary", kind="mean")
    job = Job(sample, out, Estimation(estimator="did"), ("wild_bootstrap",), draws=DRAWS)

    def work() -> Found:
        row = did(job).estimates[0]
        return {"estimate": row.estimate, "p": row.p_value}

    return work


def _pyfixest(size: str) -> Callable[[], Found]:
    import pandas as pd
    import pyfixest

    y, treatment = panel(size)
    unit, period = np.indices(y.shape)
    columns = {"y": y, "treated": treatment, "unit": unit, "period": period}
    frame = pd.DataFrame({name: values.ravel() for name, values in columns.items()})

    def work() -> Found:
        fit = pyfixest.feols("y ~ treated | unit + period", frame, vcov={"CRV1": "unit"})
        found = fit.wildboottest(param="treated", reps=DRAWS, cluster="unit", seed=1, impose_null=True)
        return {"estimate": float(fit.coef()["treated"]), "p": float(found["Pr(>|t|)"])}

    return work


CASES: dict[str, Callable[[], Callable[[], Found]]] = {
    "ours_states": lambda: _ours("states"),
    "ours_areas": lambda: _ours("areas"),
    "pyfixest_states": lambda: _pyfixest("states"),
    "pyfixest_areas": lambda: _pyfixest("areas"),
}


def main() -> None:
    """Run every case and keep the section."""
    lines = [
        "Estimate and 9,999 draws of signs; ours with two intervals by inversion, pyfixest's (wildboottest) a p-value alone.",
        "",
        "| panel | ours, s | ours, GB | p | pyfixest, s | pyfixest, GB | p | peer ÷ ours |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for size, (n_units, n_periods, *_) in SIZES.items():
        own, other = measured(__file__, f"ours_{size}"), measured(__file__, f"pyfixest_{size}", "wild")
        said = f"| {n_units:,} × {n_periods} | {own['seconds']:.3f} | {own['gigabytes']:.2f} | {own['p']:.4f} "
        if "error" in other:
            lines.append(f"{said}| {other['error']} | | | |")
            continue
        ratio = float(other["seconds"]) / float(own["seconds"])
        lines.append(f"{said}| {other['seconds']:.2f} | {other['gigabytes']:.2f} | {other['p']:.4f} | {ratio:,.1f} |")
    keep_section("Wild cluster bootstrap", lines)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        run_case(CASES[sys.argv[1]]())
    else:
        main()
