"""The tables of the report as Markdown: headings in the reader's language, numbers with units and intervals."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from utvardering.report import beside, chart_data, sentences
from utvardering.report.captions import level
from utvardering.report.sureness import checked, doubted
from utvardering.report.texts import upper_first

if TYPE_CHECKING:
    from utvardering.report.doubts import Answer
    from utvardering.report.results import Outcome, Results
    from utvardering.report.texts import Texts

SHOWN_LEFT_OUT = 30


def pipe(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    caption: str = "",
    label: str = "",
    align: str = "",
    widths: str = "",
) -> str:
    """A pipe table; `align` has a letter (l, r, c) a column, `widths` are percentages such as 40,40,20."""
    marks = {"l": ":--", "r": "--:", "c": ":-:"}
    letters = align or "l" * len(columns)
    lines = [_line(columns), "|" + "|".join(marks[letter] for letter in letters) + "|", *(_line(row) for row in rows)]
    if caption:
        attributes = " ".join(
            part for part in (f"#{label}" if label else "", f'tbl-colwidths="[{widths}]"' if widths else "") if part
        )
        lines += ["", f": {caption}" + (f" {{{attributes}}}" if attributes else "")]
    return "\n".join(lines)


def _line(cells: Sequence[object]) -> str:
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ").strip() or "–"


def headings(results: Results, key: str) -> list[str]:
    """The headings of a table, with the level of its intervals."""
    return [name.format(level=level(results), unit="") for name in results.texts.raw(key)]


def sure(results: Results) -> str:
    """What was asked before the outcomes were seen: question, answer, grade."""
    return _graded(results, checked(results), "sure.columns", "sure.caption", "tbl-sakerhet")


def doubts(results: Results) -> str:
    """What was tried in order to overturn the answer: question, answer, grade; empty where nothing was."""
    rows = doubted(results)
    return _graded(results, rows, "sure.doubts_columns", "sure.doubts_caption", "tbl-tvivel") if rows else ""


def _graded(results: Results, answers: Iterable[Answer], columns: str, caption: str, label: str) -> str:
    texts = results.texts
    rows = [(one.question, one.answer, f"**{texts(f'sure.grade_{one.grade}')}**") for one in answers]
    return pipe(texts.raw(columns), rows, texts(caption), label, "lll", "33,50,17")


def planned_and_done(results: Results) -> str:
    """Each part of the plan beside what the run used."""
    texts, outcome = results.texts, results.primary
    row = results.planned(outcome.id)

    def planned(section: str, key: str, default: Any) -> Any:  # noqa: ANN401 -- whatever the plan holds
        """What was locked, where a lock is; else what the plan says now."""
        now = results.setting(section, key, default)
        return _locked(results, section, key, now) if results.lock.get("plan") else now

    def named(name: object) -> str:
        return texts.name("estimator", str(name))

    def least(key: str, default: int) -> str:
        return texts("plan.at_least", n=planned("checks", key, default))

    used = [str(name) for name in results.estimates(outcome.id)["estimator"].unique()]
    planned_name = str(planned("estimation", "estimator", ""))
    named_inference = str(planned("estimation", "inference", "randomization"))
    inference = texts.name("inference", chart_data.inference_name(results, named_inference))
    none = texts("word.none")
    done = {
        "estimator": named(row["estimator"]) if row is not None else none,
        "inference": texts.name("inference", chart_data.inference_name(results, str(row["inference"])))
        if row is not None
        else none,
        "comparison": texts("plan.units", n=int(row["n_comparison"])) if row is not None else none,
        "before": str(int(row["n_periods_before"])) if row is not None else none,
        "after": str(int(row["n_periods_after"])) if row is not None else none,
    }
    sizes = [
        (texts("plan.item_comparison"), least("min_comparison_units", 19), done["comparison"]),
        (texts("plan.item_before"), least("min_periods_before", 12), done["before"]),
        (texts("plan.item_after"), least("min_periods_after", 4), done["after"]),
    ]
    if results.is_of_persons:
        sizes = _persons_done(results)
    rows = [
        (texts("plan.item_outcome"), outcome.title, outcome.title if row is not None else none),
        (texts("plan.item_estimator"), named(planned_name), done["estimator"]),
        (
            texts("plan.item_also"),
            ", ".join(named(name) for name in planned("estimation", "also", [])) or none,
            ", ".join(named(name) for name in used if name != planned_name) or none,
        ),
        (texts("plan.item_inference"), inference, done["inference"]),
        *sizes,
    ]
    rows = [row for row in rows if row[0]]  # a design that compares with nothing has no name for it
    return pipe(texts.raw("plan.columns"), rows, texts("plan.caption"), "tbl-plan", "lll", "24,38,38")


def _persons_done(results: Results) -> list[tuple[str, str, str]]:
    """Persons and measurements of the planned estimate, for which a plan sets no least number."""
    texts, row = results.texts, results.planned(results.primary.id)
    none = texts("word.none")
    if row is None:
        return []
    treated, comparison = (texts("plan.about", n=int(row[name])) for name in ("n_treated", "n_comparison"))
    return [
        (texts("plan.item_treated"), none, treated),
        (texts("plan.item_comparison"), none, comparison),
        (texts("plan.item_before"), none, str(int(row["n_periods_before"]))),
        (texts("plan.item_after"), none, str(int(row["n_periods_after"]))),
    ]


def _locked(results: Results, section: str, key: str, default: Any) -> Any:  # noqa: ANN401 -- whatever the plan holds
    """A value of the locked plan: as it was written, or the default of then."""
    table = results.lock["plan"].get(section, {})
    return table[key] if key in table else results.lock.get("defaults", {}).get(f"{section}.{key}", default)


def methods(results: Results, outcome: Outcome, label: str = "tbl-metoder") -> str:
    """Every estimate of an outcome in percent, with units where it counts something."""
    texts = results.texts
    frame = chart_data.methods(results, outcome)
    columns = headings(results, "effect.columns")[: 5 if outcome.is_count else 4]
    rows = []
    for row in frame.itertuples():
        mark = "**" if row.planned else ""
        cells = [
            f"{mark}{upper_first(row.method)}{mark}",
            row.inference,
            f"{mark}{texts.signed_percent(row.value)}{mark}",
            texts.signed_range(row.low, row.high),
        ]
        if outcome.is_count:
            cells.append(_signed(texts, row.units))
        rows.append(cells)
    caption = texts("effect.caption" if outcome.is_count else "effect.caption_share", title=outcome.title)
    if len(frame) and frame["estimand"].isin(chart_data.WEIGHTED_MEANS).any():
        caption += " " + texts("effect.weighted_mean")
    return pipe(columns, rows, caption, label, "llrlr"[: len(columns)], "30,19,13,24,14" if outcome.is_count else "36,22,16,26")


def _signed(texts: Texts, value: float) -> str:
    said = texts.number(value)
    return f"+{said}" if value > 0 and said != "0" else said


def other_outcomes(results: Results) -> str:
    """The planned estimate of each outcome, with its aim and what may be said of it."""
    texts = results.texts
    rows = []
    for outcome in results.outcomes:
        row = results.planned(outcome.id)
        aim = texts(f"aim.{outcome.aim}") + ("" if outcome.role == "secondary" else f" ({texts('word.' + outcome.role)})")
        value = texts.signed_percent(float(row["effect_percent"])) if row is not None else texts("word.none")
        ends = (
            (float(row["effect_percent_low"]), float(row["effect_percent_high"])) if row is not None else (math.nan, math.nan)
        )
        said = (sentences.verdict_name(results, outcome), beside.sentence(results, outcome))
        rows.append((outcome.title, aim, value, texts.signed_range(*ends), ". ".join(part for part in said if part)))
    return pipe(
        headings(results, "effect.others_columns"),
        rows,
        texts("effect.others_caption"),
        "tbl-utfall",
        "llrll",
        "28,20,12,22,18",
    )


def neighbours(results: Results) -> str:
    """The rings of neighbours against the comparison."""
    texts = results.texts
    rows = []
    for row in results.rings().itertuples():
        ring = texts("moved.ring", ring=str(row.variant).rpartition("=")[2])
        low, value, high = (results.percent(row.outcome, float(x)) for x in (row.ci_low, row.estimate, row.ci_high))
        rows.append((ring, texts.signed_percent(value), texts.signed_range(low, high), texts(f"moved.{row.verdict}")))
    return pipe(headings(results, "moved.columns"), rows, texts("moved.caption"), "tbl-grannar", "lrll", "20,18,30,32")


def left_out(results: Results) -> str:
    """What no estimate used, and why; the rest of a long list is in the file."""
    texts = results.texts
    titles = {one.id: one.title for one in results.outcomes}
    frame = results.tables["left_out"]
    everything = texts("data.all")
    rows = [
        (
            row.unit or everything,
            row.period or everything,
            titles.get(row.outcome, row.outcome) or everything,
            reason(results, row.reason),
        )
        for row in frame.head(SHOWN_LEFT_OUT).itertuples()
    ]
    if results.is_of_persons:
        shown = [(row[2], row[3]) for row in rows]
        return pipe(texts.raw("data.left_columns"), shown, texts("data.left_caption"), "tbl-bortfall", "ll", "30,70")
    if len(frame) > SHOWN_LEFT_OUT:
        rows.append(("…", "…", "…", texts("data.left_more", n=len(frame) - SHOWN_LEFT_OUT)))
    return pipe(texts.raw("data.left_columns"), rows, texts("data.left_caption"), "tbl-bortfall", "llll", "20,16,24,40")


_UNUSABLE = re.compile(r"(?:metoden )?(\w+) (?:kunde inte användas|could not be used) \(.*\)", re.DOTALL)


def reason(results: Results, text: str) -> str:
    """A reason with methods by their names, and without the program's own words for why a method could not be used."""
    texts = results.texts
    if (unusable := _UNUSABLE.fullmatch(text)) and texts.has(f"estimator.{unusable[1]}"):
        return texts("left.method", method=texts.name("estimator", unusable[1]))
    return re.sub(r"\w+", lambda word: texts.name("estimator", word[0]) if texts.has(f"estimator.{word[0]}") else word[0], text)


def truth(results: Results) -> str:
    """Planted against estimated effect of a simulated study, in percent."""
    texts = results.texts
    titles = {one.id: one.title for one in results.outcomes}
    rows = []
    for row in results.tables["truth"].itertuples():
        ends = [results.percent(row.outcome, float(x)) for x in (row.planted, row.estimate, row.ci_low, row.ci_high)]
        rows.append(
            (
                titles.get(row.outcome, row.outcome),
                texts.signed_percent(ends[0]),
                texts.signed_percent(ends[1]),
                texts.signed_range(ends[2], ends[3]),
                texts("word.yes" if row.inside else "word.no"),
            )
        )
    return pipe(headings(results, "appendix.truth_columns"), rows, texts("appendix.truth_caption"), "tbl-inlagd", "lrrll")


def balance(results: Results) -> str:
    """How alike treated and comparison areas were before the start."""
    texts = results.texts
    titles = {one.id: one.title for one in results.outcomes}
    columns = texts.raw("appendix.balance_columns")
    rows = [
        (
            titles.get(row.variable, row.variable.replace("_", " ")),
            *(_level(texts, x) for x in (row.treated, row.comparison)),
            texts.number(row.standardised_difference, 2),
        )
        for row in results.tables["balance"].itertuples()
    ]
    unit = texts.raw(f"unit.{results.setting('period', 'unit', 'index')}")[0]
    return pipe(columns, rows, texts("appendix.balance_caption", unit=unit), "tbl-balans", "lrrr")


def _level(texts: Texts, value: float) -> str:
    whole = 10
    return texts.number(value, 0 if abs(value) >= whole else 2)


def checklist(results: Results) -> str:
    """What guidelines for such studies ask for, and where it stands."""
    texts = results.texts
    return pipe(
        texts.raw("appendix.check_columns"), texts.raw("appendix.checklist"), texts("appendix.check_caption"), "tbl-checklista"
    )


def versions(results: Results) -> str:
    """Versions of the programs."""
    texts = results.texts
    rows = sorted(results.manifest.get("versions", {}).items())
    return pipe(texts.raw("appendix.versions_columns"), rows, texts("appendix.versions_caption"), "tbl-versioner")
