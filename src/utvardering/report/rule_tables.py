"""The rules as tables: every row in its order, which one held, and the facts that it was held against; and EMMIE's headings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from utvardering.report import beside
from utvardering.report.cells import say
from utvardering.report.tables import pipe
from utvardering.report.texts import lower_first, upper_first

if TYPE_CHECKING:
    import pandas as pd

    from utvardering.report.results import Outcome, Results

SCALES = ("verdict", "certainty", "maryland_level")
SLUGS = {"verdict": "slutsats", "certainty": "sakerhet", "maryland_level": "niva"}
EMMIE = {
    "effect": ("sec-effekt",),
    "mechanism": ("sec-mekanism",),
    "moderators": ("sec-moderatorer",),
    "implementation": ("sec-genomforande",),
    "economics": ("sec-ekonomi",),
}
"""The headings of EMMIE (Johnson, Tilley & Bowers 2015) and the sections that answer them."""


def emmie(r: Results) -> None:
    """Which section answers which heading of EMMIE: headings only, no score."""
    texts = r.texts
    rows = [
        (f"**{texts(f'emmie.{name}')}**", texts(f"emmie.{name}_asks"), ", ".join(f"@{section}" for section in sections))
        for name, sections in EMMIE.items()
    ]
    say(texts("emmie.intro"), pipe(texts.raw("emmie.columns"), rows, texts("emmie.caption"), "tbl-emmie", "lll", "20,50,30"))


def rules(r: Results) -> None:
    """The rules of verdict, certainty and level, tried on the primary outcome, and what each gave for the others."""
    if r.tables["rules"].empty:
        say(r.texts("rules.none"))
        return
    texts, outcome = r.texts, r.primary
    say(texts("rules.intro"))
    for scale in SCALES:
        say(f"### {texts(f'rules.{scale}')}", texts(f"rules.{scale}_intro"), table(r, outcome, scale), _gave(r, outcome, scale))
    say(*_others(r))
    say(f"### {texts('rules.override')}", texts("rules.override_intro"), *_overridden(r))


def table(results: Results, outcome: Outcome, scale: str) -> str:
    """Every rule of a scale for an outcome: what follows, when it holds, the facts here, and whether it holds."""
    texts = results.texts
    rows = [
        (
            str(row.place),
            upper_first(_given(results, scale, str(row.gives))),
            str(row.text),
            upper_first(str(row.facts)),
            _held(results, str(row.holds), str(row.decides)),
        )
        for row in _rows(results, outcome, scale).itertuples()
    ]
    caption = texts(f"rules.{scale}_caption", title=outcome.title)
    name = f"tbl-regler-{SLUGS[scale]}" if outcome is results.primary else f"tbl-regler-{SLUGS[scale]}-{outcome.id}"
    return pipe(texts.raw("rules.columns"), rows, caption, name, "rllll", "5,15,40,28,12")


def _rows(results: Results, outcome: Outcome, scale: str) -> pd.DataFrame:
    rows = results.tables["rules"]
    return rows[(rows["outcome"] == outcome.id) & (rows["scale"] == scale)]


def _given(results: Results, scale: str, value: str) -> str:
    if scale == "maryland_level":
        return results.texts("rules.level", level=value)
    return results.texts.name(scale, value)


def _held(results: Results, holds: str, decides: str) -> str:
    if decides.lower() == "true":
        return f"**{results.texts('rules.decides')}**"
    return results.texts(f"rules.{ {'true': 'holds', 'false': 'holds_not'}.get(holds.lower(), 'not_tried') }")


def _gave(results: Results, outcome: Outcome, scale: str) -> str:
    found = results.judgement(outcome.id)
    value = {"verdict": found.verdict, "certainty": found.certainty, "maryland_level": str(found.level)}[scale]
    return results.texts("rules.gave", value=_given(results, scale, value))


def _others(results: Results) -> list[str]:
    """The rows that decided for the other outcomes."""
    texts, rows = results.texts, []
    for outcome in results.outcomes:
        if outcome is results.primary:
            continue
        for scale in SCALES:
            decided = _rows(results, outcome, scale)
            decided = decided[decided["decides"].astype(str).str.lower() == "true"]
            found = results.judgement(outcome.id)
            value = {"verdict": found.verdict, "certainty": found.certainty, "maryland_level": str(found.level)}[scale]
            places = ", ".join(str(place) for place in decided["place"]) or texts("word.none")
            facts = " ".join(str(one) for one in decided["facts"]) or texts("word.none")
            rows.append((lower_first(outcome.title), texts(f"rules.{scale}"), _given(results, scale, value), places, facts))
    if not rows:
        return []
    columns = texts.raw("rules.others_columns")
    shown = pipe(columns, rows, texts("rules.others_caption"), "tbl-regler-andra", "lllll", "24,14,20,8,34")
    return [f"### {texts('rules.others')}", shown]


def _overridden(results: Results) -> list[str]:
    said = [beside.sentence(results, outcome) for outcome in results.outcomes]
    told = [f"*{one.title}*: {text}" for one, text in zip(results.outcomes, said, strict=True) if text]
    return told or [results.texts("rules.override_none")]
