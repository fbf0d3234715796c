"""What the cells of the report call for the process evaluation: each prints one part as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from utvardering.report import process_tables as tables
from utvardering.report.cells import bullets, figures_of, say
from utvardering.report.texts import upper_first

if TYPE_CHECKING:
    from utvardering.report.results import Results


def assessed(r: Results) -> None:
    """Grades on three levels with what they rest on, agreement and factors; nothing where no process was assessed."""
    if not r.process:
        return
    texts = r.texts
    say(*_about(r))
    for level in tables.LEVELS:
        if tables.criteria_of(r, level):
            say(f"### {texts(f'process.level_{level}')}", texts(f"process.intro_{level}"))
            say(*figures_of(r, f"process_{level}"), tables.level_table(r, level))
    say(tables.unassessed(r))
    say(f"### {texts('process.agree_heading')}", tables.agreement_words(r))
    factors(r)
    say(f"### {texts('process.evidence_heading')}", tables.evidence_table(r), tables.scale_table(r))


def _about(r: Results) -> list[str]:
    """Who assessed, by which sets, and that they are made up where they are."""
    texts, process = r.texts, r.process
    roles = texts.joined([f"{tables.own(r, one['role'])} ({one['id']})" for one in process["assessors"]])
    sets = texts.joined([one["title"] for one in process["sets"]])
    said = texts("process.intro", roles=roles, sets=sets, n=len(process["evidence"]))
    return [said, *([texts("process.simulated")] if process["simulated"] else []), bullets(tables.summary_lines(r))]


def factors(r: Results) -> None:
    """What carried the work and what could be better, with whom it concerns."""
    for kind in ("success", "improvement"):
        if shown := tables.factors_table(r, kind):
            say(f"### {r.texts(f'process.{kind}_heading')}", shown)


def dose_response(r: Results) -> None:
    """How outcomes go with the dose: secondary, and never an effect."""
    rows = r.tables["dose_response"]
    if rows.empty:
        return
    titles = {one.id: one.title for one in r.outcomes}
    told = [f"*{titles.get(row.outcome, row.outcome)}*: {row.text}" for row in rows.itertuples()]
    say(f"### {r.texts('process.dose_heading')}", bullets(told))


def answer(r: Results) -> None:
    """The callout of a study of an organisation: what it says, and that it says nothing of effects."""
    texts = r.texts
    title = texts("heading.summary")
    say(
        f'::: {{.callout-important title="{title}" icon=false}}',
        texts("process.answer", question=r.study["study"]["question"]),
        bullets(tables.summary_lines(r)),
        texts("process.no_effect"),
        ":::",
    )
    improvements = [one for one in r.process["factors"] if one["kind"] == "improvement"]
    if improvements:
        said = [f"**{tables.own(r, upper_first(one['addressee']))}**: {tables.own(r, one['text'])}" for one in improvements]
        say(f"## {texts('process.first_heading')} {{#sec-forbattringar}}", bullets(said))
