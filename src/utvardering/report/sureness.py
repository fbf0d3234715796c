"""How sure are we? Question, answer and grade, each by a fixed rule from the checks, the robustness rows and the estimates."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from utvardering.report.doubts import Answer, doubts
from utvardering.report.refused import in_language
from utvardering.report.results import RANDOMIZED, Results
from utvardering.report.texts import lower_first

if TYPE_CHECKING:
    from collections.abc import Iterator

SINGLE_REFERENCE = ("event_study",)
"""Estimators whose mean hangs on one reference period: too noisy to be asked whether methods agree."""
TINY = 0.001
"""The smallest p-value that is written out."""


def checked(results: Results) -> list[Answer]:
    """The checks in their order, each with its sentence and its grade."""
    texts = results.texts
    return [
        Answer(texts.name("question", row.check), in_language(results, str(row.text)), str(row.verdict), str(row.check))
        for row in results.tables["checks"].itertuples()
    ]


def doubted(results: Results) -> list[Answer]:
    """Every doubt that was tried, and what the other methods say of the planned one."""
    rows = doubts(results)
    told = {one.check for one in rows}
    return [*rows, *_estimators(results), *(() if "negative_controls" in told else _controls(results))]


def _estimators(results: Results) -> Iterator[Answer]:
    texts = results.texts
    rows = results.estimates(results.primary.id)
    if len(rows):
        rows = rows[rows["effect_percent"].notna() & ~rows["estimator"].isin(SINGLE_REFERENCE)]
        rows = rows.drop_duplicates(["estimator", "weights"])
    least = 2
    if len(rows) < least:
        return
    if results.is_gated:
        yield Answer(texts("question.estimators"), texts("answer.gated"), "not_evaluated", "estimators")
        return
    same = (rows["effect_percent"] < 0).all() or (rows["effect_percent"] > 0).all()
    ends = [texts.signed_percent(float(value)) for value in (rows["effect_percent"].min(), rows["effect_percent"].max())]
    said = texts(f"answer.estimators_{'pass' if same else 'fail'}", count=len(rows), low=ends[0], high=ends[1])
    yield Answer(texts("question.estimators"), said, "pass" if same else "fail", "estimators")


def _controls(results: Results) -> Iterator[Answer]:
    texts = results.texts
    controls = [one for one in results.outcomes if one.role == "negative_control" and results.planned(one.id) is not None]
    if not controls:
        return
    moved = []
    for one in controls:
        row = results.planned(one.id)
        if row is not None and (row["ci_low"] > 0 or row["ci_high"] < 0):
            moved.append(one)
    named = texts.joined([lower_first(one.title) for one in (moved or controls)])
    named = named[:1].upper() + named[1:]
    grade = "fail" if moved else "pass"
    yield Answer(
        texts("question.negative_controls"),
        texts(f"answer.control_{grade}", list=named),
        grade,
        "negative_controls",
    )


def explanations(results: Results) -> list[str]:
    """Why the reader meets a placebo test, and what regression to the mean is."""
    texts, row = results.texts, results.planned(results.primary.id)
    lines = [texts("sure.regression")]
    if row is not None and row["inference"] in RANDOMIZED:
        lines.append(texts("sure.lottery" if results.measure.get("assignment") == "lottery" else "sure.placebo"))
        if not math.isnan(row["p_smallest"]):
            tiny = row["p_smallest"] < TINY
            key = "sure.smallest_p_tiny" if tiny else "sure.smallest_p"
            lines[-1] += " " + texts(key, value=texts.number(TINY if tiny else float(row["p_smallest"]), 3))
    return lines
