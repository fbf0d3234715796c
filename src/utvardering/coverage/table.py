"""The table itself: a row per cell, estimator and inference, with the Monte Carlo error of each share."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from utvardering.coverage.designs import Cell

LEVEL = 0.05
FILE = "coverage.csv"

DESIGN = (
    "cell",
    "treated",
    "units",
    "count",
    "overdispersion",
    "ar1",
    "sizes",
    "starts",
    "drawn",
    "trends",
    "effect_grows",
    "effect",
)  # fmt: skip -- as in designs.toml
FOUND = (
    "estimator",
    "inference",
    "estimand",
    "scale",
    "runs",
    "refused",
    "refused_reason",
    "size",
    "size_mcse",
    "coverage",
    "coverage_mcse",
    "power",
    "power_mcse",
    "truth",
    "bias",
    "bias_mcse",
    "se_ratio",
    "unbounded",
)  # fmt: skip -- what was found
_DIGITS = 4  # significant: a hundredth of the Monte Carlo error of a share of 500 runs


def table_path() -> Path:
    """The kept table: inside an installed package, or in the source tree."""
    inside = Path(__file__).parent / FILE
    return inside if inside.is_file() else Path(__file__).parents[3] / "docs" / "methods" / FILE


def read_table(path: Path | None = None) -> pd.DataFrame:
    """The kept table; empty, with its columns, where there is none."""
    where = path or table_path()
    if not where.is_file():
        return pd.DataFrame(columns=[*DESIGN, *FOUND])
    return pd.read_csv(where, dtype={"refused_reason": str}, keep_default_na=False, na_values=[""])


def summarise(cell: Cell, estimator: str, runs: pd.DataFrame) -> list[dict[str, Any]]:
    """A row per inference from the rows of `coverage.runs`."""
    design = {name: getattr(cell, name) for name in DESIGN if name != "cell"}
    return [
        {"cell": cell.name, **design, "estimator": estimator, "inference": str(inference), **found(rows)}
        for inference, rows in runs.groupby("inference", sort=False)
    ]


def found(rows: pd.DataFrame) -> dict[str, Any]:
    """Size, coverage, power, bias and the like of one inference, over the runs that were not refused.

    size, power     share of p-values of at most 5 % without and with the effect
    coverage        share of 95 % intervals that hold the truth; an unbounded interval holds all on its side
    bias            mean of estimate − truth with the effect, on the scale of the estimate
    se_ratio        root mean square of the standard errors ÷ standard deviation of estimate − truth
    *_mcse          Monte Carlo standard error
    """
    refused = rows["refused"] != ""
    used = rows[~refused]
    out: dict[str, Any] = {
        "runs": len(rows),
        "refused": float(refused.mean()),
        "refused_reason": Counter(rows.loc[refused, "refused"]).most_common(1)[0][0] if refused.any() else "",
    }
    if used.empty:
        return out
    count = len(used)
    held = (used["ci_low"] <= used["truth"]) & (used["truth"] <= used["ci_high"])
    for name, share in (
        ("size", used["p_none"] <= LEVEL + 1e-9),
        ("coverage", held),
        ("power", used["p"] <= LEVEL + 1e-9),
    ):
        value = float(share.mean())
        out |= {name: value, f"{name}_mcse": float(np.sqrt(value * (1 - value) / count))}
    error = (used["estimate"] - used["truth"]).astype(float)
    spread = float(error.std(ddof=1)) if count > 1 else float("nan")
    stated = used["std_error"].astype(float).replace([np.inf, -np.inf], np.nan)
    return out | {
        "estimand": used["estimand"].iloc[0],
        "scale": used["scale"].iloc[0],
        "truth": float(used["truth"].mean()),
        "bias": float(error.mean()),
        "bias_mcse": spread / np.sqrt(count),
        "se_ratio": float(np.sqrt((stated**2).mean())) / spread if spread > 0 else float("nan"),
        "unbounded": float((np.isinf(used["ci_low"].astype(float)) | np.isinf(used["ci_high"].astype(float))).mean()),
    }


def to_text(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> str:
    """The table as CSV, numbers to four significant digits."""
    frame = pd.DataFrame(rows, columns=list(columns))
    for name in frame.select_dtypes("float").columns:
        frame[name] = [float(f"{value:.{_DIGITS}g}") for value in frame[name]]
    frame = frame.replace({True: "true", False: "false"})
    return frame.to_csv(index=False, lineterminator="\n")
