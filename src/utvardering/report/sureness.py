"""How sure are we? Question, answer and grade, each by a fixed rule from the checks, the robustness rows and the estimates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from utvardering.report.results import RANDOMIZED, Results
from utvardering.report.texts import lower_first

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd


SINGLE_REFERENCE = ("event_study",)
"""Estimators whose mean hangs on one reference period: too noisy to be asked whether methods agree."""
TINY = 0.001
"""The smallest p-value that is written out."""


@dataclass(frozen=True)
class Answer:
    """A row of the table: the grade is pass, fail or not_evaluated."""

    question: str
    answer: str
    grade: str


def answers(results: Results) -> list[Answer]:
    """The checks in their order, then what the other estimates say of the planned one."""
    texts = results.texts
    rows = [
        Answer(texts.name("question", row.check), in_language(results, str(row.text)), str(row.verdict))
        for row in results.tables["checks"].itertuples()
    ]
    return [*rows, *_robust(results), *_estimators(results), *_controls(results)]


def in_language(results: Results, text: str) -> str:
    """A sentence of the run; the reason of a check that could not be made is in English and is left to the tables."""
    if results.texts.language == "en" or not text:
        return text
    english = (" the ", " is ", " are ", " needs ", " no ", " of ", " cannot ")
    padded = f" {text.lower()} "
    return results.texts("answer.not_evaluated") if sum(word in padded for word in english) > 1 else text


def _robust(results: Results) -> Iterator[Answer]:
    texts = results.texts
    for check, word in (("placebo_start", "placebo"), ("leave_one_out", "leave"), ("displacement", "displacement")):
        rows = results.rings() if check == "displacement" else results.robustness(check)
        if rows.empty:
            continue
        tried = rows[rows["estimate"].notna()]
        question = texts(f"question.{check}")
        if tried.empty:
            yield Answer(question, texts("answer.not_evaluated"), "not_evaluated")
        elif results.is_gated and check == "leave_one_out":
            yield Answer(question, texts("answer.gated"), "not_evaluated")
        else:
            yield _robust_answer(results, question, word, tried)


def _robust_answer(results: Results, question: str, word: str, rows: pd.DataFrame) -> Answer:
    failed = int((rows["verdict"] == "fail").sum())
    bad = failed > 0
    ends = [results.percent(results.primary.id, float(value)) for value in (rows["estimate"].min(), rows["estimate"].max())]
    facts = dict(zip(("low", "high"), (results.texts.signed_percent(end) for end in ends), strict=True))
    said = results.texts(f"answer.{word}_{'fail' if bad else 'pass'}", count=len(rows), failed=failed, **facts)
    return Answer(question, said, "fail" if bad else "pass")


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
        yield Answer(texts("question.estimators"), texts("answer.gated"), "not_evaluated")
        return
    same = (rows["effect_percent"] < 0).all() or (rows["effect_percent"] > 0).all()
    ends = [texts.signed_percent(float(value)) for value in (rows["effect_percent"].min(), rows["effect_percent"].max())]
    said = texts(f"answer.estimators_{'pass' if same else 'fail'}", count=len(rows), low=ends[0], high=ends[1])
    yield Answer(texts("question.estimators"), said, "pass" if same else "fail")


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
    key = "control_fail" if moved else "control_pass"
    yield Answer(texts("question.negative_control"), texts(f"answer.{key}", list=named), "fail" if moved else "pass")


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
