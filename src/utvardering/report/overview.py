"""Over all studies: measure by effect, certainty and cost, for each aim by itself; what the first page includes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from utvardering.report import beside, cost, design_words, sentences
from utvardering.report.results import Outcome, Results
from utvardering.report.tables import pipe
from utvardering.report.texts import Texts, lower_first

AIMS = ("brott", "ordning", "trygghet")


def write_overview(runs: Sequence[Results], folder: Path, not_fetched: Sequence[tuple[str, str]]) -> None:
    """What the first page includes: a table for each aim, planned studies, and those whose data have not been fetched."""
    folder.mkdir(parents=True)
    texts = Texts("sv")
    (folder / "planned.qmd").write_text(_planned([run for run in runs if run.is_planned], texts), encoding="utf-8")
    simulated = [run.title for run in runs if run.is_simulated]
    (folder / "process.qmd").write_text(_assessed([run for run in runs if run.is_organisation], texts), encoding="utf-8")
    runs = [run for run in runs if not run.is_planned and not run.is_organisation]
    for aim in AIMS:
        rows = [_row(run, one) for run in runs for one in run.outcomes if one.aim == aim and one.role != "negative_control"]
        caption = texts(f"index.caption_{aim}")
        table = pipe(texts.raw("index.columns"), rows, caption, f"tbl-{aim}", "lllllll", "22,18,13,17,12,7,11")
        (folder / f"{aim}.qmd").write_text((table if rows else texts("index.none")) + "\n", encoding="utf-8")
    listed = "\n".join(f"- {texts('index.not_fetched_item', title=title)}" for _, title in sorted(not_fetched))
    text = f"## {texts('index.not_fetched')}\n\n{listed}\n" if listed else ""
    (folder / "not_fetched.qmd").write_text(text, encoding="utf-8")
    notice = f"::: {{.callout-note}}\n{texts('index.some_simulated', list=texts.joined(simulated))}\n:::\n" if simulated else ""
    (folder / "simulated.qmd").write_text(notice, encoding="utf-8")


def _planned(runs: Sequence[Results], texts: Texts) -> str:
    """Studies that have not begun, under a heading of their own; empty where there are none."""
    if not runs:
        return ""
    rows = [
        (
            f"[{run.title}](studier/{run.id}/index.qmd)",
            design_words.start(run) or texts("word.none"),
            texts(f"design.index_{design_words.answer(run)}"),
            texts.name("status", design_words.state(run)),
        )
        for run in runs
    ]
    caption = texts("design.index_caption")
    table = pipe(texts.raw("design.index_columns"), rows, caption, "tbl-planerade", "llll", "42,16,24,18")
    return f"## {texts('design.index_heading')}\n\n{texts('design.index_intro')}\n\n{table}\n"


def _assessed(runs: Sequence[Results], texts: Texts) -> str:
    """Organisations, under a heading of their own; empty where there are none."""
    if not runs:
        return ""
    rows = [
        (f"[{run.title}](studier/{run.id}/index.qmd)", *(_middle(one["median"], texts) for one in run.process["levels"]))
        for run in runs
    ]
    caption = texts("process.index_caption")
    table = pipe(texts.raw("process.index_columns"), rows, caption, "tbl-granskningar", "lrrr", "46,18,18,18")
    return f"## {texts('process.index_heading')}\n\n{texts('process.index_intro')}\n\n{table}\n"


def _middle(median: float | None, texts: Texts) -> str:
    """A median grade; a dash where nothing was settled."""
    return texts("word.none") if median is None else texts.number(median, 0 if median == int(median) else 1)


def _row(results: Results, outcome: Outcome) -> tuple[str, ...]:
    """A row of the comparison over all studies."""
    texts = results.texts
    found, row = results.judgement(outcome.id), results.planned(outcome.id)
    read = found.verdict in sentences.READ and row is not None
    replicated = results.reproduced() if sentences.is_replication(results) and outcome is results.primary else None
    if replicated:
        effect = sentences.on_scale(results, replicated.here)
    elif read and row is not None:
        value, low, high = (float(row[f"effect_percent{end}"]) for end in ("", "_low", "_high"))
        effect = f"{texts.signed_percent(value)} ({texts.signed_range(low, high)})"
    else:
        effect = texts("word.none")
    return (
        f"[{results.title}](studier/{results.id}/index.qmd)",
        lower_first(outcome.title),
        ". ".join(part for part in (sentences.verdict_name(results, outcome), beside.sentence(results, outcome)) if part),
        effect,
        texts("index.step", step=found.step, word=texts.name("certainty", found.certainty)),
        texts("index.level", level=found.level),
        "–" if results.replication else cost.per_year_text(results),
    )
