"""What the cells of a page before the start call: each prints one part as Markdown; a part without files prints nothing."""

from __future__ import annotations

from utvardering.report import design_tables as tables
from utvardering.report import design_words as words
from utvardering.report.cells import PUBLISHED, bullets, figures_of, say
from utvardering.report.results import Results


def answer(r: Results) -> None:
    """The callout that a reader reads first: can the study give an answer?"""
    title = r.texts("design.summary")
    say(f'::: {{.callout-important title="{title}" icon=false}}', *words.summary(r), ":::")


def strip(r: Results) -> None:
    """The strip of key facts."""
    say("::: {.korthet}", *(f"{term}\n:   {said}" for term, said in words.strip(r)), ":::")


def next_steps(r: Results) -> None:
    """What to do now, by the answer."""
    texts, due, found = r.texts, r.study["study"].get("follow_up"), words.answer(r)
    lock = "design.locked" if r.registration.get("state", "draft") != "draft" else f"design.lock_{found}"
    first = [texts(lock)] if texts.has(lock) else []
    steps = bullets([*first, *texts.raw(f"design.next_{found}")])
    say(steps, texts("design.next_follow_up", date=due) if due else "")


def answer_line(r: Results) -> None:
    """The answer as a paragraph, where a report of the effect comes first."""
    say(words.answer_sentence(r), r.texts("design.intro"))


def power(r: Results) -> None:
    """How large an effect can be found."""
    _part(r, "design_power", "styrka", *figures_of(r, "design_power"), tables.detectable(r))


def helps(r: Results) -> None:
    """What would help most; the section is there even without advice, since other parts refer to it."""
    texts, shown = r.texts, figures_of(r, "design_help")
    said = bullets(words.advice(r)) or texts("design.help_none")
    say(f"### {texts('heading.design_help')} {{#sec-hjalp}}", said, *shown)


def alarms(r: Results) -> None:
    """How often the planned analysis raises a false alarm."""
    shown = tables.alarms(r)
    _part(r, "design_alarms", "larm", r.texts("design.alarms_intro") if shown else "", *words.alarms(r), shown)


def regression(r: Results) -> None:
    """Whether the areas were picked at a peak."""
    _part(r, "design_regression", "topp", *words.regression(r), tables.regression(r))


def comparison(r: Results) -> None:
    """What the areas can be compared with."""
    parts = [str(r.choice.get("text", "")), tables.choices(r), *figures_of(r, "design_balance")]
    parts += [*figures_of(r, "design_before"), tables.candidates(r)]
    _part(r, "design_comparison", "jamforelse", *parts)


def rollout(r: Results) -> None:
    """The order in which areas begin, where it was drawn."""
    shown = tables.rollout(r)
    intro = r.texts("design.rollout_intro", seed=int(r.tables["rollout"]["seed"].iloc[0])) if shown else ""
    _part(r, "design_rollout", "ordning", intro, shown)


def registered(r: Results) -> None:
    """Whether the plan is locked."""
    say(*words.registered(r))


def again(r: Results) -> None:
    """How the numbers are made again, and the tables they stand in."""
    texts = r.texts
    listed = ", ".join(f"[{path.name}]({PUBLISHED}/{path.name})" for path in sorted(r.folder.glob("*.csv")))
    say(
        texts("design.again"),
        f"```bash\nutvardering design {r.id}\n```",
        texts("design.tables") + f" {listed}." if listed else "",
    )
    say(texts("design.not_yet"))


def _part(r: Results, heading: str, label: str, *parts: str) -> None:
    """A heading and what stands under it; nothing where there is nothing to say."""
    if any(parts):
        say(f"### {r.texts('heading.' + heading)} {{#sec-{label}}}", *parts)
