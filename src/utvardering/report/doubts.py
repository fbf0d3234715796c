"""What did each doubt say? Question, answer and grade by fixed rules (`docs/sureness.md`), from `robustness.csv` alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from utvardering.report.refused import in_language
from utvardering.report.texts import lower_first, upper_first

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

    from utvardering.report.results import Results

PASS, FAIL, UNKNOWN, TOLD = "pass", "fail", "not_evaluated", "told"
GATED = ("placebo_start", "placebo_unit", "negative_controls", "graph", "displacement")
"""Doubts whose answer gives no size of the effect, so that it may be read where no estimate may."""
RARE = 0.001
"""Smaller p-values are told as this."""


@dataclass(frozen=True)
class Answer:
    """A row of the table: the grade is pass, fail, not_evaluated, or told where no limit was set."""

    question: str
    answer: str
    grade: str
    check: str = ""


def doubts(results: Results) -> tuple[Answer, ...]:
    """Every doubt that was tried, in the order of `RULES`; one that no rule knows comes last, in its own words."""
    rows = results.tables["robustness"]
    if rows.empty:
        return ()
    found: list[Answer] = []
    for check in [*RULES, *(name for name in dict.fromkeys(rows["check"]) if name not in RULES)]:
        own = results.robustness(check)
        if len(own):
            found += _answers(results, check, own)
    return tuple(found)


def graded(rows: pd.DataFrame) -> str:
    """A doubt fails where one of its rows does, passes where one does and none fails, and is else not evaluated."""
    verdicts = set(rows["verdict"])
    return FAIL if FAIL in verdicts else PASS if PASS in verdicts else UNKNOWN


def _answers(results: Results, check: str, rows: pd.DataFrame) -> Iterator[Answer]:
    texts = results.texts
    question = texts(f"question.{check}") if texts.has(f"question.{check}") else upper_first(texts.name("name", check))
    if results.is_gated and check not in GATED:
        yield Answer(question, texts("answer.gated"), UNKNOWN, check)
        return
    if check == "graph":
        yield from _graph(results, rows)
        return
    said, grade = RULES.get(check, _in_own_words)(results, rows)
    yield Answer(question, said, grade, check)


def _in_own_words(results: Results, rows: pd.DataFrame) -> tuple[str, str]:
    """The sentence of the row that says most against the conclusion, or why nothing could be tried."""
    grade = graded(rows)
    worst = rows[rows["verdict"] == grade] if grade in set(rows["verdict"]) else rows
    said = in_language(results, str(worst["text"].iloc[0]))
    more = len(rows) - 1
    return (f"{said} {results.texts('answer.more', count=more)}" if more > 0 else said), grade


def _refused(results: Results, rows: pd.DataFrame) -> tuple[str, str]:
    reason = in_language(results, str(rows["text"].iloc[0]))
    return (reason or results.texts("answer.not_evaluated")), UNKNOWN


def _placebo_start(results: Results, rows: pd.DataFrame) -> tuple[str, str]:
    grade = graded(rows)
    if grade == UNKNOWN:
        return _refused(results, rows)
    tried = rows[rows["verdict"].isin([PASS, FAIL])]
    failed = int((tried["verdict"] == FAIL).sum())
    return results.texts(f"answer.placebo_{grade}", count=len(tried), failed=failed), grade


def _placebo_unit(results: Results, rows: pd.DataFrame) -> tuple[str, str]:
    """How many comparison areas changed as much; the row of each area is for the picture and the appendix."""
    rank = rows[rows["variant"] == "rank"]
    return _in_own_words(results, rank if len(rank) else rows)


def _within(name: str) -> Callable[[Results, pd.DataFrame], tuple[str, str]]:
    """Other estimates of the same effect: do they stay within the planned interval?"""

    def rule(results: Results, rows: pd.DataFrame) -> tuple[str, str]:
        grade, texts = graded(rows), results.texts
        if grade == UNKNOWN:
            return _refused(results, rows)
        tried = rows[rows["estimate"].notna()]
        facts = {"count": len(tried), "failed": int((tried["verdict"] == FAIL).sum()), "range": spread(results, tried)}
        return texts(f"answer.{name}_{grade}", planned=planned_percent(results), **facts), grade

    return rule


def spread(results: Results, rows: pd.DataFrame) -> str:
    """The smallest and the largest estimate of rows in percent; one number where they are one."""
    texts, outcome = results.texts, results.primary.id
    low, high = (results.percent(outcome, float(end)) for end in (rows["estimate"].min(), rows["estimate"].max()))
    one = texts.signed_percent(low)
    return one if one == texts.signed_percent(high) else texts.signed_range(low, high)


def planned_percent(results: Results) -> str:
    """The planned effect in percent."""
    row = results.planned(results.primary.id)
    return results.texts.signed_percent(math.nan if row is None else float(row["effect_percent"]))


def _trend_deviation(results: Results, rows: pd.DataFrame) -> tuple[str, str]:
    """The breakdown values in words, graded against the largest deviation that the study names."""
    values = rows[rows["variant"].isin(["breakdown", "smoothness_breakdown"])]
    shown = values if len(values) else rows
    if graded(shown) == UNKNOWN:
        return _refused(results, shown)
    said = [in_language(results, str(text)) for text in shown["text"]]
    return " ".join(dict.fromkeys(said)), graded(shown)


def _displacement(results: Results, rows: pd.DataFrame) -> tuple[str, str]:
    """Whether rings of neighbours changed beyond chance, whether as much was lost there, and the answer without spillover."""
    texts = results.texts
    rings = rows[rows["variant"].str.startswith("ring")]
    grade, of_rings = graded(rows), graded(rings)
    if grade == UNKNOWN:
        return _refused(results, rows)
    said = [texts(f"answer.displacement_{of_rings}")] if of_rings != UNKNOWN else []
    rest = rows[~rows.index.isin(rings.index) & (rows["verdict"] == FAIL)]
    shown = [in_language(results, str(text)) for text in rest["text"]] if not results.is_gated else []
    return " ".join([*said, *shown]) or in_language(results, str(rows["text"].iloc[0])), grade


def _negative_controls(results: Results, rows: pd.DataFrame) -> tuple[str, str]:
    """All controls together, and the estimate calibrated by them where there is one."""
    texts = results.texts
    own = rows[~rows["variant"].isin(["all", "calibrated"])]
    together = rows[rows["variant"].isin(["all", "calibrated"])]
    grade = graded(together if len(together) else rows)
    moved = own[own["verdict"] == FAIL]
    titles = {one.id: one.title for one in results.outcomes}
    named = texts.joined([lower_first(titles.get(name, name)) for name in (moved if len(moved) else own)["variant"]])
    key = (
        "control_pass" if moved.empty else "control_fail" if graded(rows[rows["variant"] == "all"]) == FAIL else "control_some"
    )
    said = texts(f"answer.{key}", list=upper_first(named), failed=len(moved), count=len(own))
    calibrated = rows[rows["variant"] == "calibrated"]
    if len(calibrated) and not results.is_gated:
        said += " " + in_language(results, str(calibrated["text"].iloc[0]))
    return said, grade


def _e_value(results: Results, rows: pd.DataFrame) -> tuple[str, str]:
    """How strong a hidden cause must be; no study sets a limit, so there is no grade."""
    texts, row = results.texts, rows.iloc[0]
    if not row["ci_low"] > 1:
        return texts("answer.e_value_nothing"), TOLD
    value, limit = (texts.number(float(row[name]), 1) for name in ("estimate", "ci_low"))
    return texts("answer.e_value", value=value, limit=limit), TOLD


def _graph(results: Results, rows: pd.DataFrame) -> Iterator[Answer]:
    """Two questions: does the effect follow from the model, and does the model fit the data?"""
    from utvardering.report.graph_words import identified, with_titles  # noqa: PLC0415 -- it knows of doubts

    texts = results.texts
    for variant in ("identification", "independencies"):
        one = rows[rows["variant"] == variant]
        if one.empty:
            continue
        text = in_language(results, str(one["text"].iloc[0]))
        said = identified(results) if variant == "identification" else ""
        yield Answer(texts(f"question.graph_{variant}"), said or with_titles(results, text), graded(one), "graph")


def _refute(results: Results, rows: pd.DataFrame) -> tuple[str, str]:
    """The refuters and hidden causes together: how many let the adjusted estimate stand."""
    grade, texts = graded(rows), results.texts
    if grade == UNKNOWN:
        return _refused(results, rows)
    tried = rows[rows["verdict"].isin([PASS, FAIL])]
    failed = tried[tried["verdict"] == FAIL]
    said = [texts(f"answer.refute_{grade}", count=len(tried), failed=len(failed))]
    said += [in_language(results, str(text)) for text in failed["text"]]
    strength = rows[rows["variant"] == "hidden_cause"]
    return " ".join([*said, *(in_language(results, str(text)) for text in strength["text"])]), grade


def _specification_curve(results: Results, rows: pd.DataFrame) -> tuple[str, str]:
    """How many ways to calculate go the planned way and reach the planned conclusion, and the joint test in words."""
    grade, texts, frame = graded(rows), results.texts, results.specifications()
    if grade == UNKNOWN or frame.empty:
        return _refused(results, rows)
    able = frame["same_conclusion"].dropna()
    counts = {"same": int(frame["same_sign"].sum()), "count": len(frame), "concluded": int(able.sum()), "able": len(able)}
    said = [texts("answer.curve", **counts)]
    joint = rows[(rows["variant"] == "joint") & rows["p_value"].notna() & (rows["verdict"] != UNKNOWN)]
    for p_value in joint["p_value"]:
        key = "curve_joint_rare" if float(p_value) < RARE else "curve_joint"
        said.append(texts(f"answer.{key}", p=texts.percent(100 * float(p_value), 1)))
    return " ".join(said), grade


RULES: dict[str, Callable[[Results, pd.DataFrame], tuple[str, str]]] = {
    "placebo_start": _placebo_start,
    "placebo_unit": _placebo_unit,
    "leave_one_out": _within("leave"),
    "windows": _within("windows"),
    "alternative_comparisons": _within("alternatives"),
    "scales": _within("scales"),
    "specification_curve": _specification_curve,
    "contrasts": _in_own_words,
    "trend_deviation": _trend_deviation,
    "displacement": _displacement,
    "negative_controls": _negative_controls,
    "e_value": _e_value,
    "graph": _in_own_words,
    "refute": _refute,
    "structural": _in_own_words,
}
"""The rule of each doubt, in the order in which a reader meets them; `graph` has two questions of its own."""


def not_tried(results: Results) -> list[str]:
    """A sentence for each doubt about areas that was not tried, with the reason; empty for other designs."""
    texts, rows = results.texts, results.tables["robustness"]
    if results.study["study"].get("design", "areas") != "areas":
        return []
    if rows.empty:
        return [texts("untried.nothing")]
    tried = set(rows["check"])
    return [texts(f"untried.{reason}") for check, reason in _reasons(results) if check not in tried and reason]


def _reasons(results: Results) -> Iterator[tuple[str, str]]:
    """Why a doubt has no row, by what the study file says."""

    def asked(key: str) -> bool:
        return bool(results.setting("robustness", key, ()))

    row = results.planned(results.primary.id)
    ratio = row is not None and row["scale"] == "log_ratio"
    identified = results.graph.get("identification", {}).get("kind") == "backdoor"
    alone = row is not None and row["estimator"] == "interrupted"
    one_scale = row is not None and row["estimator"] in ("interrupted", "event_study")
    share = "scales_share" if results.primary.kind == "share" else "scales"
    off = not results.setting("robustness", "leave_one_out", True)  # noqa: FBT003 -- the default of the study file
    yield "placebo_start", "" if asked("placebo_shifts") else "placebo_start"
    yield "placebo_unit", "placebo_unit"
    yield "leave_one_out", "leave_alone" if alone else "leave_off" if off else "leave_many"
    yield "windows", "" if asked("windows") else "windows"
    yield "alternative_comparisons", "" if asked("alternative_comparisons") else "alternative_comparisons"
    yield "scales", "scales_method" if one_scale else share
    yield "specification_curve", "specification_curve"
    yield "contrasts", "" if asked("contrasts") else "contrasts"
    yield "trend_deviation", "" if asked("trend_deviations") or asked("smoothness") else "trend_deviation"
    yield "displacement", "displacement"
    controls = any(one.role == "negative_control" for one in results.outcomes)
    yield "negative_controls", "controls_scale" if controls else "negative_controls"
    yield "e_value", "" if ratio else "e_value"
    yield "graph", "graph"
    yield "refute", "refute" if results.graph and not identified else ""
