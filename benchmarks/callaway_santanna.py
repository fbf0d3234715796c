"""Group-time effects with 999 bootstrap draws: ours against diff-diff, moderndid and csdid, each in its own environment.

    UTVARDERING_PEERS=FOLDER python benchmarks/callaway_santanna.py    writes its section of benchmarks/results.md
    python benchmarks/callaway_santanna.py CASE                        one case in this process, as JSON

Everyone begins with the same long table, written once, and gives every ATT(g, t), the means simple, dynamic, group and calendar
(diff-diff: no calendar) with analytic standard errors, and a band over the periods from the start from 999 draws. Peers
bootstrap nothing else where they can be told so. Simulated panels; half of the units never begin.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parent))
from peers import keep_section, measured, run_case

SIZES = {
    "small": (300, 10, (4, 6, 8)),
    "large": (5_000, 20, (6, 9, 12, 15, 18)),
}
PEERS = {"diff_diff": "diff-diff", "moderndid": "moderndid", "csdid": "csdid"}
DRAWS = 999
FOLDER = "CALLAWAY_SANTANNA_TABLES"
Found = dict[str, float | str]


def write_table(folder: str, size: str, *, covariate: bool) -> None:
    """The panel in long form: unit, time from 1, first (0: never), y, x."""
    n_units, n_periods, starts = SIZES[size]
    rng = np.random.default_rng(5)
    first = np.where(np.arange(n_units) % 2 == 0, 0, np.array(starts)[np.arange(n_units) % len(starts)])
    x = rng.standard_normal(n_units) + 0.3 * (first > 0)
    time = np.arange(1, n_periods + 1)
    under = (first[:, None] > 0) & (time >= first[:, None])
    y = rng.standard_normal((n_units, 1)) + np.cumsum(0.3 * rng.standard_normal((n_units, n_periods)), axis=1)
    y += 0.1 * np.outer(x, time) * covariate + under * (0.3 + 0.05 * (time - first[:, None]))
    columns = {
        "unit": np.repeat(np.arange(1, n_units + 1), n_periods),
        "time": np.tile(time, n_units),
        "first": np.repeat(first, n_periods),
        "y": y.ravel(),
        "x": np.repeat(x, n_periods),
    }
    pd.DataFrame(columns).to_parquet(_path(folder, size, covariate=covariate))


def _path(folder: str, size: str, *, covariate: bool) -> Path:
    return Path(folder) / f"{size}{'_x' if covariate else ''}.parquet"


def _table(size: str, *, covariate: bool) -> pd.DataFrame:
    return pd.read_parquet(_path(os.environ[FOLDER], size, covariate=covariate))


def _ours(size: str, *, covariate: bool) -> Callable[[], Found]:
    from utvardering.data.calendar import Calendar
    from utvardering.data.panel import NEVER, Grid, Sample
    from utvardering.estimators.base import Job
    from utvardering.estimators.staggered_did import staggered_did
    from utvardering.study.model import Estimation, Outcome

    table = _table(size, covariate=covariate)
    outcome = Outcome(id="y", title="Y", aim="brott", role="primary", kind="mean")
    plan = Estimation(estimator="staggered_did", covariates=("x",) if covariate else ())

    def work() -> Found:
        order = np.lexsort((table["time"], table["unit"]))
        n_periods = table["time"].nunique()
        unit, y, x, first = (table[name].to_numpy()[order].reshape(-1, n_periods) for name in ("unit", "y", "x", "first"))
        start = np.where(first[:, 0] > 0, first[:, 0] - 1, NEVER).astype(np.int64)
        periods = np.arange(y.shape[1])
        under = (periods >= start[:, None]).astype(float)
        grid = Grid("y", Calendar("index"), tuple(periods.tolist()), y, under, start, covariates={"x": x})
        sample = Sample(grid, tuple(unit[:, 0].astype(str).tolist()), np.arange(len(y)))
        row = staggered_did(Job(sample, outcome, plan, ("cluster",))).estimates[0]
        return {"estimate": row.estimate, "error": row.std_error}

    return work


def _diff_diff(size: str, *, covariate: bool) -> Callable[[], Found]:
    from diff_diff import CallawaySantAnna

    table = _table(size, covariate=covariate)

    def work() -> Found:
        model = CallawaySantAnna(control_group="never_treated", base_period="universal", n_bootstrap=DRAWS, seed=1)
        names = ["x"] if covariate else None
        found = model.fit(table, "y", "unit", "time", "first", covariates=names, aggregate="all")
        return {"estimate": float(found.overall_att), "error": float(found.overall_se)}

    return work


def _moderndid(size: str, *, covariate: bool) -> Callable[[], Found]:
    from moderndid import aggte, att_gt

    table = _table(size, covariate=covariate)

    def work() -> Found:
        formula = "~ x" if covariate else "~ 1"
        cells = att_gt(table, "y", "time", "unit", "first", formula, boot=False, cband=False, base_period="universal")
        simple, *_ = (aggte(cells, type=name, boot=False, cband=False) for name in ("simple", "group", "calendar"))
        aggte(cells, type="dynamic", boot=True, biters=DRAWS, cband=True, random_state=1)
        return {"estimate": float(simple.overall_att), "error": float(simple.overall_se)}

    return work


def _csdid(size: str, *, covariate: bool) -> Callable[[], Found]:
    from csdid.att_gt import ATTgt

    table = _table(size, covariate=covariate)

    def work() -> Found:
        formula = "y ~ x" if covariate else None
        model = ATTgt("y", "time", "unit", "first", table, control_group=["nevertreated"], xformla=formula, biters=DRAWS)
        fit = model.fit(est_method="dr", base_period="universal", bstrap=False)
        means = {name: fit.aggte(name, bstrap=False, cband=False).atte for name in ("group", "calendar", "simple")}
        fit.aggte("dynamic", bstrap=True, biters=DRAWS, cband=True)
        simple = means["simple"]
        return {"estimate": float(simple["overall_att"]), "error": float(np.ravel(simple["overall_se"])[0])}

    return work


MAKERS = {"ours": _ours, "diff_diff": _diff_diff, "moderndid": _moderndid, "csdid": _csdid}


def _version(python_package: str, environment: str) -> str:
    found = measured(__file__, f"version/{python_package}", environment)
    return f"{python_package} {found.get('version', '(absent)')}"


def main() -> None:
    """Run every case and keep the section."""
    versions = ", ".join(_version(name, name) for name in PEERS.values())
    lines = [
        f"Never-treated comparison, universal base period, from the long table to means and band; {versions}.",
        "Best of three, after imports. Bootstrapped errors (diff-diff) differ from analytic ones by Monte Carlo error.",
        "",
        "| panel | method | s | GB | simple ATT (error) | method ÷ ours |",
        "|---|---|--:|--:|---|--:|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        os.environ[FOLDER] = folder
        for size, (n_units, n_periods, starts) in SIZES.items():
            for covariate in (False, True):
                write_table(folder, size, covariate=covariate)
                panel = f"{n_units:,} × {n_periods}, {len(starts)} starts{', a covariate' if covariate else ''}"
                case = f"{size}/{'x' if covariate else ''}"
                own = measured(__file__, f"ours/{case}")
                for name, environment in (("ours", ""), *PEERS.items()):
                    found = own if name == "ours" else measured(__file__, f"{name}/{case}", environment)
                    if "error" in found and "seconds" not in found:
                        lines.append(f"| {panel} | {name}: {found['error']} | | | | |")
                        continue
                    ratio = float(found["seconds"]) / float(own["seconds"])
                    numbers = (
                        f"{found['seconds']:.3f} | {found['gigabytes']:.2f} | {found['estimate']:.5f} ({found['error']:.5f})"
                    )
                    lines.append(f"| {panel} | {name} | {numbers} | {'' if name == 'ours' else f'{ratio:,.1f}'} |")
    keep_section("Callaway–Sant'Anna", lines)


def _one(case: str) -> None:
    name, size, covariate = [*case.split("/"), ""][:3]
    if name == "version":
        import importlib.metadata

        run_case(lambda: {"version": importlib.metadata.version(size)})
    else:
        run_case(MAKERS[name](size, covariate=covariate == "x"))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _one(sys.argv[1])
    else:
        main()
