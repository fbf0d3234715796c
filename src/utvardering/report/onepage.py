"""One page for those who decide: the answer, how sure, what it cost, was it done, a picture, and room for their own words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from utvardering.report import beside, cost, design_words, process_tables, sentences
from utvardering.report.cells import bullets, figures_of, say
from utvardering.report.texts import lower_first

if TYPE_CHECKING:
    from utvardering.report.results import Results

PAGE = "en-sida"
"""Name of the page in the folder of a study; its PDF is `<id>-en-sida.pdf`."""
SOURCE = "onepage.qmd"
KEPT = ("lang", "author", "date", "appendix", "simulated", "simulated-notice")
"""What the page takes over from the front matter of the report."""
PICTURES = ("over_time", "per_period", "design_power", "process_operational", "methods")
"""Sections of the report in the order in which their first figure is taken as the picture of the page."""


def front_matter(run: Results, report: dict[str, Any]) -> dict[str, Any]:
    """The front matter of the page, from that of the whole report: no numbers of sections, no contents, its own PDF."""
    texts = run.texts
    kept = {key: report[key] for key in KEPT if key in report}
    measure = lower_first(str(run.measure["name"]))
    return {
        "title": run.title,
        "pagetitle": texts("onepage.pagetitle", title=run.title),
        "subtitle": texts("onepage.subtitle", measure=measure),
        **kept,
        "one-page": True,
        "number-sections": False,
        "toc": False,
        "onepage": {name.replace("_", "-"): texts(f"onepage.{name}") for name in ("position", "position_note", "whole")},
        "jupyter": "python3",
        "format": {"html": "default", "typst": {"output-file": f"{run.id}-{PAGE}.pdf"}},
    }


def answer(r: Results) -> None:
    """The callout with the answer: the verdict with its number, what a plan can find, or how the work was assessed."""
    title = r.texts("onepage.answer")
    say(f'::: {{.callout-important title="{title}" icon=false}}', *_answer(r), ":::")


def _answer(r: Results) -> list[str]:
    texts = r.texts
    if r.is_organisation:
        return [texts("process.answer", question=r.study["study"]["question"]), texts("process.no_effect")]
    if r.is_planned:
        return [design_words.answer_sentence(r)]
    said = [sentences.verdict_sentence(r, r.primary), *sentences.frequency(r, r.primary)[:1]]
    if sentences.is_replication(r):
        said.append(texts("summary.replication_about"))
    elif r.is_gated and (why := r.judgement(r.primary.id).reasons.get("verdict")):
        said.append(why[0])
    said.append(beside.sentence(r, r.primary))
    return [" ".join(part for part in said if part)]


def strip(r: Results) -> None:
    """How sure, what it cost and whether it was done; for a plan its own facts, for an organisation its three levels."""
    if r.is_organisation:
        say(bullets(process_tables.summary_lines(r)))
        return
    items = design_words.strip(r) if r.is_planned else _facts(r)
    say("::: {.korthet}", *(f"{term}\n:   {said}" for term, said in items), ":::")


def _facts(r: Results) -> list[tuple[str, str]]:
    texts, found = r.texts, r.judgement(r.primary.id)
    sure = texts("strip.certainty_value", step=found.step, word=texts.name("certainty", found.certainty))
    if sentences.is_replication(r):
        return [(texts("onepage.sure"), f"{sure}. {texts('meaning.certainty_replication')}")]
    meant = texts(f"meaning.certainty_{found.certainty}").split(". ", 1)[1]
    return [
        (texts("onepage.sure"), f"{sure}. {meant}"),
        (texts("onepage.cost"), _cost(r)),
        (texts("strip.done"), sentences.carried_out(r)),
    ]


def _cost(r: Results) -> str:
    """The amount as it is paid, and by inhabitant where that is known."""
    short = cost.short(r)
    if not r.measure.get("cost"):
        return short
    whole = f"**{cost.per_year_text(r)}**"
    return whole if whole.replace("*", "") == short.replace("*", "") else f"{whole}, {short.replace('**', '')}"


def picture(r: Results) -> None:
    """The first figure there is, in the order of `PICTURES`; nothing where the report has none."""
    say(*next((found[:1] for section in PICTURES if (found := figures_of(r, section))), []))
