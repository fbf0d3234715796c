"""The process evaluation in tables and words: criteria by level, evidence, factors, and how well assessors agree."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from utvardering.report.tables import pipe
from utvardering.report.texts import lower_first, upper_first

if TYPE_CHECKING:
    from collections.abc import Sequence

    from utvardering.report.results import Results

LEVELS = ("strategic", "tactical", "operational")
RELIABLE, TENTATIVE = 0.800, 0.667
"""Krippendorff's own limits: from 0.800 one may rely on the grades, from 0.667 draw tentative conclusions."""
SLUGS = {"strategic": "strategisk", "tactical": "taktisk", "operational": "operativ"}


def criteria_of(results: Results, level: str) -> list[dict[str, Any]]:
    """The assessed criteria of a level, in the order of the sets."""
    return [one for one in results.process.get("criteria", []) if one["level"] == level]


def grade_words(results: Results, grade: int | None) -> str:
    """A grade as the report says it: 3 av 4, till stor del."""
    texts = results.texts
    if grade is None:
        return texts("process.unsettled")
    word = {one["grade"]: one["word"] for one in results.process["scale"]}[grade]
    return texts("process.grade", grade=grade, word=word)


def own(results: Results, text: object) -> str:
    """Words of the assessors as they stand; marked with their language where the report has another."""
    language = results.process.get("said_in", results.texts.language)
    if language == results.texts.language:
        return str(text)
    plain = str(text).replace("[", "\\[").replace("]", "\\]")
    return f'[{plain}]{{lang="{language}"}}'


def level_table(results: Results, level: str) -> str:
    """Criterion, final grade in words, and what it rests on."""
    texts = results.texts
    rows = []
    for one in criteria_of(results, level):
        law = f" ({one['paragraph']})" if one["paragraph"] else ""
        grade = f"**{grade_words(results, one['final'])}.**" + (f" {one['meaning']}" if one["meaning"] else "")
        rows.append((f"**{one['title']}**{law}. {one['question']}", grade, _said(results, one)))
    caption = texts("process.caption", level=lower_first(texts(f"process.level_{level}")))
    return pipe(texts.raw("process.columns"), rows, caption, f"tbl-{SLUGS[level]}", "lll", "31,25,44")


def _said(results: Results, criterion: dict[str, Any]) -> str:
    """The words of each assessor, with their grades where these differ, and how it was settled; then evidence."""
    texts = results.texts
    rows = results.tables["process"]
    rows = rows[rows["criterion"] == criterion["id"]]
    if len(rows) == 1:
        said = [own(results, rows["text"].iloc[0])]
    else:
        way = "process.same" if rows["grade"].nunique() == 1 else "process.each"
        said = [texts(way, assessor=row.assessor, grade=row.grade, text=own(results, row.text)) for row in rows.itertuples()]
    if settled := criterion["settled"]:
        said.append(texts("process.settled", date=settled["date"], how=own(results, settled["how"])))
    names = list(dict.fromkeys(name for cell in rows["evidence"] for name in str(cell).split()))
    return " ".join([*said, f"[{', '.join(names)}]"])


def evidence_table(results: Results) -> str:
    """What the assessments rest on."""
    texts = results.texts
    rows = [
        (one["id"], upper_first(texts(f"process.kind_{one['kind']}")), own(results, one["title"]), one["date"])
        for one in results.process["evidence"]
    ]
    return pipe(
        texts.raw("process.evidence_columns"), rows, texts("process.evidence_caption"), "tbl-underlag", "llll", "9,18,55,18"
    )


def scale_table(results: Results) -> str:
    """What each grade means where a criterion has no words of its own."""
    texts = results.texts
    rows = [(str(one["grade"]), upper_first(one["word"]), one["text"]) for one in results.process["scale"]]
    return pipe(texts.raw("process.scale_columns"), rows, texts("process.scale_caption"), "tbl-skala", "lll", "10,20,70")


def factors_table(results: Results, kind: str) -> str:
    """Success factors, or possible improvements with their addressee; empty where there are none."""
    texts = results.texts
    rows = [
        (
            own(results, one["text"]),
            own(results, one["addressee"]) if one["addressee"] else texts("word.none"),
            texts(f"process.short_{one['level']}") if one["level"] else texts("word.none"),
            ", ".join(one["evidence"]),
        )
        for one in results.process["factors"]
        if one["kind"] == kind
    ]
    if not rows:
        return ""
    label = "tbl-framgang" if kind == "success" else "tbl-forbattring"
    columns = texts.raw(f"process.{kind}_columns")
    return pipe(columns, rows, texts(f"process.{kind}_caption"), label, "llll", "52,22,12,14")


def agreement_words(results: Results) -> str:
    """How well assessors agree, over all criteria and where a level has enough of them."""
    texts, rows = results.texts, results.tables["agreement"]
    if rows.empty:
        return texts("process.one_assessor")
    groups = rows["assessors"].drop_duplicates()
    return " ".join(_agreed(results, rows[rows["assessors"] == group]) for group in groups)


def _agreed(results: Results, rows: Any) -> str:  # noqa: ANN401 -- pandas ships no types
    texts = results.texts
    whole = rows[rows["level"] == "all"].iloc[0]
    n = int(whole["n_criteria"])
    if not n:
        return texts("process.agree_none", assessors=whole["assessors"])
    same, within = (texts.percent(100 * float(whole[name])) for name in ("same", "within_one"))
    said = [texts("process.agree", assessors=whole["assessors"], n=n, same=same, within=within)]
    if whole["reason"]:
        said.append(texts(f"process.agree_{whole['reason']}"))
        return " ".join(said)
    if not math.isnan(float(whole["kappa"])):
        facts = {name: texts.number(float(whole[name]), 2) for name in ("kappa", "kappa_low", "kappa_high")}
        said.append(texts("process.kappa", **facts))
    alpha = float(whole["alpha"])
    trust = "good" if alpha >= RELIABLE else "tentative" if alpha >= TENTATIVE else "low"
    said.append(texts("process.alpha", alpha=texts.number(alpha, 2)) + " " + texts(f"process.alpha_{trust}"))
    return " ".join(said)


def summary_lines(results: Results) -> list[str]:
    """A line for each level: how many criteria, the middle grade and the lowest ones by name."""
    texts, lines = results.texts, []
    for one in results.process["levels"]:
        name = texts(f"process.level_{one['level']}")
        if one["median"] is None:
            lines.append(texts("process.level_none", level=name))
            continue
        weakest = [item["title"] for item in criteria_of(results, one["level"]) if item["final"] == one["lowest"]]
        lines.append(
            texts(
                "process.level_line",
                level=name,
                n=one["n_criteria"],
                median=texts.number(one["median"], 0 if one["median"] == int(one["median"]) else 1),
                lowest=grade_words(results, one["lowest"]),
                weakest=_quoted(texts.joined([texts("process.quoted", x=item) for item in weakest[:3]]), weakest, results),
            )
        )
    return lines


def _quoted(said: str, weakest: Sequence[str], results: Results) -> str:
    more = len(weakest) - 3
    return results.texts("process.and_more", said=said, n=more) if more > 0 else said


def unassessed(results: Results) -> str:
    """Criteria of the sets that nobody assessed."""
    names = [lower_first(one["title"]) for one in results.process.get("unassessed", [])]
    return results.texts("process.unassessed", n=len(names), list=results.texts.joined(names)) if names else ""
