"""What each figure says in words: a title that states what is seen, unit and source, and an alt text with the numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from utvardering.report import chart_data
from utvardering.report.results import INHABITANTS
from utvardering.report.texts import lower_first

if TYPE_CHECKING:
    import pandas as pd

    from utvardering.report.results import Outcome, Results


def caption(results: Results, title: str, *notes: str) -> str:
    """The title as a sentence, the notes, and the source line."""
    texts = results.texts
    source = texts("figure.simulated") if results.is_simulated else texts("figure.own")
    said = [f"**{title}.**", *(note for note in notes if note), texts("figure.source", source=source)]
    return " ".join(said)


def group_names(results: Results) -> dict[str, str]:
    """What the treated and the comparison areas are called in a figure: the area's own name where it is alone."""
    texts = results.texts
    names = {role: texts(f"figure.{role}") for role in ("treated", "comparison")}
    treated = results.study.get("treated", [])
    longest = 16
    if len(treated) == 1 and len(str(treated[0]["unit"])) <= longest and not str(treated[0]["unit"]).isdigit():
        names["treated"] = str(treated[0]["unit"])
    return names


def _means(frame: pd.DataFrame) -> dict[tuple[str, bool], float]:
    found = frame.groupby(["group", "after"])["shown"].mean()
    return {(str(group), bool(after)): float(value) for (group, after), value in found.items()}


def over_time(results: Results, outcome: Outcome, frame: pd.DataFrame) -> tuple[str, str]:
    """Caption and alt text of the figure over time."""
    texts = results.texts
    mean = _means(frame)
    digits = 0 if chart_data.is_index(outcome) else 1
    key = _seen(results, outcome, mean)
    notes = []
    if chart_data.is_index(outcome):
        before = frame[~frame["after"]].groupby("group")["value"].mean()
        level = {group: texts.number(float(before[group]), _digits(float(before.min()))) for group in before.index}
        from_rate = outcome.is_count and bool(outcome.exposure)
        if from_rate:
            note = "index_note" if outcome.exposure.lower() in INHABITANTS else "index_note_exposure"
        else:
            note = "index_note_plain"
        notes.append(texts(f"figure.{note}", **level))
    if not frame["smooth"].equals(frame["shown"]):
        notes.append(texts("figure.smooth_note"))
    names = group_names(results)
    alt = texts(
        "figure.over_time_alt" if chart_data.is_index(outcome) else "figure.over_time_alt_level",
        first=texts.period(str(frame["period"].iloc[0]), outcome.unit),
        last=texts.period(str(frame["period"].iloc[-1]), outcome.unit),
        treated_label=names["treated"],
        comparison_label=names["comparison"],
        a=texts.number(mean.get(("treated", False), float("nan")), digits),
        b=texts.number(mean.get(("treated", True), float("nan")), digits),
        c=texts.number(mean.get(("comparison", False), float("nan")), digits),
        d=texts.number(mean.get(("comparison", True), float("nan")), digits),
    )
    return caption(results, texts(f"figure.{key}", title=outcome.title), *notes), alt


def _seen(results: Results, outcome: Outcome, mean: dict[tuple[str, bool], float]) -> str:
    """Which title the verdict allows: only an established difference is stated as one."""
    verdict = results.judgement(outcome.id).verdict
    if verdict in {"not_interpretable", "not_implemented"} or results.is_gated or results.replication:
        return "over_time_gated"
    if verdict not in {"effect", "effect_opposite"} or outcome.role == "negative_control":
        return "over_time_same"
    moved = {group: mean[group, True] - mean[group, False] for group in ("treated", "comparison")}
    if moved["treated"] < moved["comparison"]:
        return "over_time_down" if moved["treated"] < 0 else "over_time_slower"
    return "over_time_up"


def _digits(value: float) -> int:
    """Decimals for a number whose leading digit must show."""
    return 0 if value >= 10 else 1 if value >= 1 else 2  # noqa: PLR2004 -- one leading digit more each


def event_study(results: Results, frame: pd.DataFrame) -> tuple[str, str]:
    """Caption and alt text of the effects per period."""
    texts, outcome = results.texts, results.primary
    before, after = frame[~frame["after"]], frame[frame["after"]]
    counts = {"n_before": len(before), "n_after": len(after)}
    if results.is_gated:
        title, alt = texts("figure.events_title"), texts("figure.events_gated", **counts)
    else:
        title = texts(
            "figure.events_title_before", before=int(before["outside"].sum()), after=int(after["outside"].sum()), **counts
        )
        means = {
            f"mean_{name}": texts.signed_percent(float(part["value"].mean()))
            for name, part in (("before", before), ("after", after))
        }
        alt = texts("figure.events_alt", **counts, **means)
    note = texts("figure.events_note", title=outcome.title, level=level(results))
    return caption(results, title, note), alt


def level(results: Results) -> str:
    """The level of the intervals: 95 %."""
    return results.texts.percent(100 * float(results.setting("estimation", "level", 0.95)))


def methods(results: Results, frame: pd.DataFrame) -> tuple[str, str]:
    """Caption and alt text of every estimate side by side."""
    texts, outcome = results.texts, results.primary
    same = (frame["value"] < 0).all() or (frame["value"] > 0).all()
    key = "methods_gated" if results.is_gated else "methods_agree" if same else "methods_differ"
    note = texts("figure.methods_note", title=outcome.title, level=level(results))
    if outcome.smallest_effect:
        note += texts("figure.methods_band", smallest=texts.percent(abs(100 * outcome.smallest_effect)))
    first = frame.iloc[0]
    alt = texts(
        "figure.methods_alt",
        n=len(frame),
        value=texts.signed_percent(first["value"]),
        low=texts.signed_percent(first["low"]),
        high=texts.signed_percent(first["high"]),
        least=texts.signed_percent(float(frame["value"].min())),
        most=texts.signed_percent(float(frame["value"].max())),
    )
    return caption(results, texts(f"figure.{key}"), note), alt


def dose(results: Results, frame: pd.DataFrame) -> tuple[str, str]:
    """Caption and alt text of the dose."""
    texts = results.texts
    log = results.tables["dose"]
    facts = {name: texts.number(float(log[f"{name}_hours"].sum())) for name in ("delivered", "planned")}
    title = texts("figure.dose_title", share=texts.percent(100 * results.dose_share()))
    return caption(results, title, texts("figure.dose_note")), texts("figure.dose_alt", n=len(frame), **facts)


def neighbours(results: Results, frame: pd.DataFrame) -> tuple[str, str]:
    """Caption and alt text of the neighbours."""
    texts = results.texts
    title = texts("figure.neighbours_some" if (frame["verdict"] == "fail").any() else "figure.neighbours_none")
    said = [
        f"{lower_first(row.label)} {texts.signed_percent(row.value)} ({texts.signed_range(row.low, row.high)})"
        for row in frame.itertuples()
    ]
    note = texts("figure.neighbours_note", title=results.primary.title, level=level(results))
    return caption(results, title, note), texts("figure.neighbours_alt", n=len(frame), list="; ".join(said))
