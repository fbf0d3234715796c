"""What the pictures of doubts say in words: captions, alt texts with numbers, and the sentence on all ways to calculate."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from utvardering.report.captions import caption, level
from utvardering.report.doubt_data import CHOICES, PARTS
from utvardering.report.doubts import FAIL, PASS, RARE, UNKNOWN

if TYPE_CHECKING:
    import pandas as pd

    from utvardering.report.results import Results

CHANCE = 0.05


def doubts(results: Results, frame: pd.DataFrame) -> tuple[str, str]:
    """Caption and alt text of the picture of every recalculation."""
    texts, planned = results.texts, frame.iloc[0]
    rows = frame[frame["part"] != "planned"]
    graded = rows[rows["verdict"].isin([PASS, FAIL])]
    failed = int((graded["verdict"] == FAIL).sum())
    if results.is_gated:
        title = texts("doubts.title_gated")
    else:
        title = texts(f"doubts.title_{'fail' if failed else 'pass'}", failed=failed, count=len(graded))
    note = texts("doubts.note", title=results.primary.title, level=level(results))
    note += texts("doubts.note_shared") if rows["shared"].any() else ""
    parts = [_part_in_words(results, name, rows[rows["part"] == name]) for name in PARTS if (rows["part"] == name).any()]
    facts = {name: texts.signed_percent(float(planned[name])) for name in ("low", "high")}
    planned_value = texts.signed_percent(float(planned["value"]))
    alt = texts("doubts.alt", count=len(rows), planned=planned_value, parts=" ".join(parts), **facts)
    return caption(results, title, note), alt


def _part_in_words(results: Results, part: str, rows: pd.DataFrame) -> str:
    texts, said = results.texts, []
    for _, found in rows[~rows["shared"]].iterrows():
        label = str(found["label"]).replace("\n", " ")
        said.append(texts("doubts.alt_row", label=label, value=texts.signed_percent(float(found["value"]))))
    for check, found in rows[rows["shared"]].groupby("check", sort=False):
        key = f"doubts.many_{check}"
        named = (
            texts(key, n=len(found))
            if texts.has(key)
            else texts("doubts.many", name=texts.name("name", str(check)), n=len(found))
        )
        shown = texts.signed_range(float(found["value"].min()), float(found["value"].max()))
        said.append(texts("doubts.alt_shared", label=named.replace("\n", " "), range=shown))
    return texts("doubts.alt_part", name=texts(f"doubts.part_{part}"), list="; ".join(said))


def counts(results: Results) -> dict[str, int]:
    """How many ways there are, go the planned way, can conclude, conclude as planned, and conclude the other way."""
    frame = results.specifications()
    planned = results.planned(results.primary.id)
    if frame.empty or planned is None:
        return {}
    able = frame["same_conclusion"].dropna().map(lambda value: str(value).lower() == "true")
    side = math.copysign(1, float(planned["effect_percent"]))
    against = (frame["high"] < 0) if side > 0 else (frame["low"] > 0)
    return {
        "count": len(frame),
        "same": int(frame["same_sign"].map(lambda value: str(value).lower() == "true").sum()),
        "able": len(able),
        "concluded": int(able.sum()),
        "opposite": int((against & frame["same_conclusion"].notna()).sum()),
    }


def curve_in_words(results: Results) -> str:
    """In how many ways sign and conclusion stay, and how unusual that is over all of them."""
    texts, found = results.texts, counts(results)
    if not found:
        return ""
    if results.is_gated:
        return texts("answer.gated")
    lines = [texts("curve.said", **{name: found[name] for name in ("same", "count", "concluded", "able")})]
    if found["opposite"]:
        lines.append(texts("curve.opposite", n=found["opposite"]))
    rows = results.robustness("specification_curve")
    rows = rows[rows["variant"] == "joint"]
    if len(rows) and rows["verdict"].iloc[0] != UNKNOWN and not math.isnan(rows["p_value"].iloc[0]):
        p_value = float(rows["p_value"].iloc[0])
        lines.append(texts("curve.joint_rare") if p_value < RARE else texts("curve.joint", p=texts.percent(100 * p_value, 1)))
        lines.append(texts("curve.joint_surprising" if p_value <= CHANCE else "curve.joint_chance"))
    else:
        lines.append(texts("curve.joint_none"))
    table = results.tables["specifications"]
    excluded = table[table["estimate_percent"].isna() & table["comparison"].isna()]
    if len(excluded):
        lines.append(
            texts("curve.excluded", list=texts.joined([texts.name("estimator", name) for name in excluded["estimator"]]))
        )
    return " ".join(lines)


def curve(results: Results, frame: pd.DataFrame, *, is_cut: bool) -> tuple[str, str]:
    """Caption and alt text of the picture of all ways to calculate."""
    texts, found = results.texts, counts(results)
    title = texts("curve.title_gated" if results.is_gated else "curve.title", same=found["same"], count=found["count"])
    note = texts("curve.note", title=results.primary.title, level=level(results))
    note += texts("curve.note_cut") if is_cut else ""
    groups = []
    for name in CHOICES:
        if len(set(frame[name])) > 1:
            said = [
                texts(
                    "curve.alt_choice",
                    choice=value,
                    n=len(part),
                    low=texts.signed_percent(float(part["value"].min())),
                    high=texts.signed_percent(float(part["value"].max())),
                )
                for value, part in frame.groupby(name, sort=False)
            ]
            groups.append(texts("curve.alt_group", name=texts(f"curve.group_{name}"), list="; ".join(said)))
    ends = {
        name: texts.signed_percent(float(end)) for name, end in (("low", frame["value"].min()), ("high", frame["value"].max()))
    }
    planned = texts.signed_percent(float(frame.loc[frame["planned"], "value"].iloc[0]))
    facts = {name: found[name] for name in ("count", "same", "concluded")}
    return caption(results, title, note), texts("curve.alt", planned=planned, groups=" ".join(groups), **facts, **ends)


def _ends(frame: pd.DataFrame) -> tuple[float, float]:
    return float(frame["value"].min()), float(frame["value"].max())
