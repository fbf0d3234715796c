"""Runs of one method in one cell: what is kept of each."""

from __future__ import annotations

import time
from typing import Any

from utvardering.coverage.attempts import Attempts, Refusal
from utvardering.coverage.designs import Cell
from utvardering.coverage.panels import draw, truth
from utvardering.estimators.registry import ESTIMATORS

COLUMNS = (
    "run",
    "inference",
    "refused",
    "estimand",
    "scale",
    "p_none",
    "estimate_none",
    "p",
    "estimate",
    "std_error",
    "ci_low",
    "ci_high",
    "truth",
    "seconds",
)  # fmt: skip -- a line for what names the row, one for what was found
"""Of one run and inference: without an effect (`_none`) and with it. seconds: of the run, all inferences together."""


def work(cell: Cell, method: str, first: int, last: int) -> list[dict[str, Any]]:
    """Rows of runs first … last − 1 of one method in one cell, COLUMNS as keys."""
    attempts = Attempts(ESTIMATORS[method])
    rows = []
    for run in range(first, last):
        begun = time.perf_counter()
        drawn = draw(cell, run)
        none = attempts.answers(drawn.none, run, neighbours=drawn.beside_none, intervals=False)
        some = attempts.answers(drawn.some, run, neighbours=drawn.beside_some)
        seconds = time.perf_counter() - begun
        for inference, answer in some.items():
            without = none[inference]
            row: dict[str, Any] = {"run": run, "inference": inference, "refused": "", "seconds": seconds}
            if isinstance(without, Refusal):
                row["refused"] = without.reason
            elif isinstance(answer, Refusal):
                row["refused"] = answer.reason
            else:
                row |= {
                    "estimand": answer.estimand,
                    "scale": answer.scale,
                    "p_none": without.p_value,
                    "estimate_none": without.estimate,
                    "p": answer.p_value,
                    "estimate": answer.estimate,
                    "std_error": answer.std_error,
                    "ci_low": answer.ci_low,
                    "ci_high": answer.ci_high,
                    "truth": truth(drawn, answer.estimand, answer.scale),
                }
            rows.append(row)
    return rows
