"""What the cells of the report call: each prints one part as Markdown, from the published files of a study alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from utvardering.report import appendix, beside, citation, cost, cost_table, own_words, provenance, sentences, sureness, tables
from utvardering.report.appendix_page import elsewhere
from utvardering.report.doubt_captions import curve_in_words
from utvardering.report.doubts import not_tried
from utvardering.report.graph_words import identified, said_of_it
from utvardering.report.map_tables import area_table, beneath
from utvardering.report.overturn import overturn
from utvardering.report.refused import in_language
from utvardering.report.results import Results

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PUBLISHED = "results"
"""The folder beside a report that holds its tables and figures."""
FACTS = ("manifest.json", "process.json", "registration.json")
"""What may be downloaded beside the tables."""
FOLDED = "```{{=html}}\n<details><summary>{summary}</summary>\n```"
UNFOLDED = "```{=html}\n</details>\n```"
"""Around what a web page shows folded; paper knows nothing of it."""


def load(folder: str = PUBLISHED) -> Results:
    """The published files of the study whose report this is."""
    return Results.load(Path(folder))


def say(*paragraphs: str) -> None:
    """Print paragraphs; empty ones are left out."""
    print("\n\n".join(paragraph for paragraph in paragraphs if paragraph) + "\n")  # noqa: T201 -- a cell speaks by printing


def bullets(lines: Iterable[str]) -> str:
    """A list, a line each."""
    return "\n".join(f"- {line}" for line in lines)


def figures_of(r: Results, section: str) -> list[str]:
    """The figures of a section with caption and alt text."""
    shown = []
    for one in r.figures.get("figures", []):
        if one["section"] == section:
            alt = one["alt"].replace('"', "”")
            shown.append(f'![{one["caption"]}]({PUBLISHED}/figures/{one["name"]}.svg){{#fig-{one["name"]} fig-alt="{alt}"}}')
    return shown


def summary(r: Results) -> None:
    """The callout that a reader reads first."""
    title = r.texts("heading.summary")
    say(f'::: {{.callout-important title="{title}" icon=false}}', *sentences.summary(r), ":::")


def strip(r: Results) -> None:
    """The strip of key facts."""
    items = [f"{term}\n:   {said}" for term, said in sentences.strip(r)]
    say("::: {.korthet}", *items, ":::", beside.sentence(r, r.primary))


def meaning(r: Results) -> None:
    """What it means for the municipality."""
    intro, advice, after = sentences.meaning(r)
    say(" ".join(after), bullets(advice), intro)


def sure(r: Results) -> None:
    """How sure we are: what would overturn it, the conclusion, what was tried before and after, and what was not."""
    texts, found = r.texts, r.judgement(r.primary.id)
    word = texts.name("certainty", found.certainty)
    reasons = found.reasons.get("certainty", [])
    say(overturn(r), texts("sure.conclusion", word=word, step=found.step), bullets(reasons), beside.sentence(r, r.primary))
    say(texts("sure.checks_intro"), tables.sure(r))
    if doubted := tables.doubts(r):
        say(texts("sure.doubts_intro"), doubted)
    if left := not_tried(r):
        say(texts("sure.untried_intro"), bullets(left))
    say(*sureness.explanations(r))


def recalculated(r: Results) -> None:
    """Every recalculation in one picture, and every other way to calculate in another; only where there are some."""
    texts = r.texts
    if shown := figures_of(r, "doubts"):
        say(f"### {texts('graph.heading_doubts')}", *shown)
    if shown := figures_of(r, "curve"):
        say(f"### {texts('graph.heading_curve')}", curve_in_words(r), *shown)


def causes(r: Results) -> None:
    """The causal model: picture, what follows from it, and what the data say of it; only where the study has one."""
    if shown := figures_of(r, "graph"):
        texts = r.texts
        said = f"**{texts('question.graph_identification')}** {identified(r)}"
        say(f"### {texts('graph.heading')}", texts("graph.intro"), *shown, said, bullets(said_of_it(r)))


def strength(r: Results) -> None:
    """The level of the design, with its reasons."""
    texts, found = r.texts, r.judgement(r.primary.id)
    said = texts("sure.level", level=found.level, text=texts(f"level.{found.level}"))
    told = beside.sentence(r, r.primary) if found.override.get("maryland_level") else ""
    say(said, bullets(found.reasons.get("maryland_level", [])), told)


def registered(r: Results) -> None:
    """Whether the plan was locked, what stands behind the date and what cannot be shown; and what the plan answers to."""
    texts, about = r.texts, r.study["study"]
    lines = [sentences.registration(r)]
    lines += [texts("plan.problem", problem=about["problem"])] if about.get("problem") else []
    lines += [texts("plan.row", plan=about["plan"])] if about.get("plan") else []
    lines.append(texts(f"word.{about.get('independence', 'internal')}"))
    say(" ".join(lines), *sentences.proofs(r))


def plan(r: Results) -> None:
    """The plan as its own page says it, without that page's title."""
    body = r.plan.strip().splitlines()
    body = body[1:] if body and body[0].startswith("#") else body
    depth = min((len(line) - len(line.lstrip("#")) for line in body if line.startswith("#")), default=0)
    wanted = 4
    moved = ["#" * (wanted - depth) + line if line.startswith("#") else line for line in body]
    marked = [f"{line} {{.unnumbered .unlisted}}" if line.startswith("#") else line for line in moved]
    changed = r.registration.get("plan_sha256") != r.registration.get("plan_sha256_now")
    said = "\n".join(marked).strip() or r.texts("plan.no_plan")
    say(*([r.texts("plan.as_now")] if changed else []), said)


def done(r: Results) -> None:
    """The plan beside what was done."""
    say(tables.planned_and_done(r))


def deviations(r: Results) -> None:
    """Deviations from the plan."""
    say(bullets(sentences.deviations(r)))


def implementation(r: Results) -> None:
    """Whether the measure was carried out: starts, dose planned against delivered, levels of the organisation."""
    texts = r.texts
    lines = [f"{r.measure['description']}"] if r.measure.get("description") else []
    unassessed = "" if r.process else texts("implementation.process")
    begun = r.figures.get("starts", [])
    if begun:
        first, last = (texts.period(label, r.primary.unit) for label in begun)
        lines.append(
            texts("implementation.starts", first=first)
            if first == last
            else texts("implementation.starts_many", first=first, last=last)
        )
    dose = r.tables["dose"]
    if dose.empty:
        say(" ".join(lines), texts("implementation.none"), unassessed)
        return
    weeks = dose.groupby("week")[["planned_hours", "delivered_hours"]].sum()
    weeks = weeks[weeks["planned_hours"] > 0]
    empty = int((weeks["delivered_hours"] == 0).sum())
    share = texts(
        "implementation.share",
        delivered=texts.number(float(dose["delivered_hours"].sum())),
        planned=texts.number(float(dose["planned_hours"].sum())),
        share=texts.percent(100 * r.dose_share()),
        limit=texts.percent(100 * float(r.setting("checks", "min_delivered_dose", 0.5))),
    )
    weekly = texts("implementation.weeks", count=empty, all=len(weeks)) if empty else ""
    say(" ".join(lines), f"{texts('implementation.intro_dose')} {share} {weekly}".strip())
    say(*figures_of(r, "implementation"), unassessed)


def gate(r: Results) -> None:
    """A warning where no estimate may be read as an effect."""
    texts = r.texts
    verdict = r.judgement(r.primary.id).verdict
    if verdict in {"not_interpretable", "not_implemented"} and not r.replication:
        said = texts("effect.dose_gated" if verdict == "not_implemented" else "effect.gated")
        say("::: {.callout-warning}", said, ":::")
    else:
        say(texts("effect.intro"))


def over_time(r: Results) -> None:
    """What happened in treated and comparison areas."""
    say(*(figures_of(r, "over_time") or [r.texts("effect.no_panel")]))


def per_period(r: Results) -> None:
    """The event study."""
    say(*(figures_of(r, "per_period") or [r.texts("effect.no_events")]))


def methods(r: Results) -> None:
    """Every estimator in one picture and one table."""
    shown = figures_of(r, "methods")
    say(*([r.texts("effect.methods"), *shown, tables.methods(r, r.primary)] if shown else [r.texts("effect.no_estimates")]))


def others(r: Results) -> None:
    """The other outcomes, each for itself."""
    adjusted = r.tables["estimates"]["p_adjusted"].notna().any()
    say(tables.other_outcomes(r), r.texts("effect.adjusted") if adjusted else "", *figures_of(r, "other_outcomes"))


def areas(r: Results) -> None:
    """The maps, and the same as a table."""
    say(*(figures_of(r, "areas") or [r.texts("effect.no_map")]), area_table(r), *beneath(r))


def mechanism(r: Results) -> None:
    """How the measure is thought to work."""
    say(str(r.measure.get("mechanism") or r.texts("mechanism.none")), r.texts("mechanism.tested"))


def moderators(r: Results) -> None:
    """For whom and where."""
    texts, row = r.texts, r.planned(r.primary.id)
    few = 10
    if row is None or row["n_treated"] >= few:
        say(texts("moderators.many"))
        return
    n = int(row["n_treated"])
    area = texts("moderators.area_one") if n == 1 else texts("moderators.area_many", n=n)
    say(texts("moderators.none", n=area))


def moved(r: Results) -> None:
    """The neighbours."""
    if r.robustness("displacement").empty:
        say(r.texts("moved.none"))
        return
    rows = r.robustness("displacement")
    quotient = "" if r.is_gated else " ".join(rows.loc[rows["variant"] == "quotient", "text"])
    say(r.texts("moved.intro"), *figures_of(r, "moved"), tables.neighbours(r), in_language(r, quotient))


def economics(r: Results) -> None:
    """What it cost."""
    say(*cost.paragraphs(r), cost_table.table(r))


def limits(r: Results) -> None:
    """Limits in plain words."""
    say(bullets(sentences.limits(r)))


def change(r: Results) -> None:
    """What would change the conclusion."""
    say(sentences.what_would_change(r))


def sources(r: Results) -> None:
    """Input files and their checksums, which column comes from which, and what to know of them."""
    say(provenance.sources(r), provenance.columns(r), provenance.notes(r))


def again(r: Results) -> None:
    """How to run it again."""
    texts = r.texts
    seed = texts("data.seed", seed=r.manifest.get("seed")) if r.manifest.get("seed") is not None else ""
    say(texts("data.again_text"), f"```bash\nmake study STUDY=studies/{r.id}\n```")
    say(texts("data.again_check"), f"```bash\nutvardering reproduce {r.id}\n```", seed)


def downloads(r: Results) -> None:
    """Links to the numbers behind the figures and to the tables."""
    texts = r.texts
    figures = [
        f"@fig-{one['name']}: [{one['name']}.csv]({PUBLISHED}/figures/{one['name']}.csv)"
        for one in r.figures.get("figures", [])
    ]
    files = sorted(path.name for path in r.folder.iterdir() if path.suffix in {".csv", ".toml"} or path.name in FACTS)
    listed = [f"[{name}]({PUBLISHED}/{name})" for name in files]
    say(
        texts("data.figures_intro"),
        bullets(figures),
        f"{texts('data.tables_intro')} {', '.join(listed)}.",
        texts("data.notes") if _has_notes(r) and texts.language != "en" else "",
        texts("data.no_download"),
    )


def _has_notes(r: Results) -> bool:
    rows = r.tables["estimates"]
    return len(rows) > 0 and bool((rows["note"] != "").any())


def left_out(r: Results) -> None:
    """What was left out and why."""
    say(tables.left_out(r) if len(r.tables["left_out"]) else r.texts("data.left_none"), *suppressed(r))


def suppressed(r: Results) -> Iterator[str]:
    """In words, what is not told since too few persons lie behind it, where areas count persons."""
    persons = [outcome.title for outcome in r.outcomes if outcome.persons]
    if not persons or r.is_of_persons:
        return
    hidden, limit = r.tables["suppressed"], r.setting("report", "smallest_cell", 5)
    primary = int((hidden["kind"] == "primary").sum()) if "kind" in hidden else len(hidden)
    yield r.texts("data.few_persons", limit=limit, outcomes=", ".join(persons))
    if len(hidden):
        yield r.texts("data.few_hidden", n=len(hidden), primary=primary, others=len(hidden) - primary, limit=limit)


def cite(r: Results) -> None:
    """How to cite the report: a sentence, an entry for a reference program, and both as files."""
    files = r.texts("cite.files", cff=f"{PUBLISHED}/{citation.CFF}", bib=f"{PUBLISHED}/{r.id}.bib", id=r.id)
    say(citation.sentence(r), r.texts("cite.bibtex"), f"```bibtex\n{citation.bibtex(r)}```", files)


def log(r: Results) -> None:
    """The study's own record, without its title."""
    body = r.log.strip().splitlines()
    body = body[1:] if body and body[0].startswith("# ") else body
    moved = [f"##{line} {{.unnumbered .unlisted}}" if line.startswith("##") else line for line in body]
    said = "\n".join(moved).strip()
    say(own_words.marked(r, said) if said else r.texts("data.log_none"))


def appendix_truth(r: Results) -> None:
    """Planted against estimated effect, for simulated studies."""
    if len(r.tables["truth"]):
        say(f"## {r.texts('heading.truth')}", r.texts("appendix.truth_intro"), tables.truth(r))


def appendix_checks(r: Results) -> None:
    """Every check."""
    say(elsewhere(r, appendix.all_checks(r)))


def appendix_robustness(r: Results) -> None:
    """Every robustness row, and what the E-value means where the estimate may be read as an effect."""
    if r.tables["robustness"].empty:
        say(r.texts("appendix.robust_none"))
        return
    meant = "" if r.is_gated else " ".join(r.robustness("e_value")["text"])
    said = elsewhere(r, in_language(r, meant))
    say(said, FOLDED.format(summary=r.texts("appendix.robust_fold")), elsewhere(r, appendix.all_robustness(r)), UNFOLDED)


def appendix_balance(r: Results) -> None:
    """Balance before the start."""
    if len(r.tables["balance"]):
        say(f"## {r.texts('heading.balance')}", tables.balance(r))


def appendix_weights(r: Results) -> None:
    """On which comparison areas the methods rest that weight them, and of what staggered comparisons consist."""
    texts = r.texts
    if shown := appendix.weights(r):
        say(f"## {texts('heading.weights')}", texts("appendix.weights_intro"), shown)
    if shown := appendix.bacon(r):
        say(f"## {texts('heading.bacon')}", texts("appendix.bacon_intro"), shown)


def appendix_estimates(r: Results) -> None:
    """Every estimate of the other outcomes."""
    rest = [one for one in r.outcomes if one is not r.primary and len(r.estimates(one.id))]
    if rest:
        say(
            f"## {r.texts('heading.all_estimates')}",
            *(tables.methods(r, one, f"tbl-alla-{number}") for number, one in enumerate(rest, 1)),
        )


def checklist(r: Results) -> None:
    """What guidelines ask for, and where it stands."""
    say(elsewhere(r, tables.checklist(r)))


def versions(r: Results) -> None:
    """Versions of the programs."""
    say(tables.versions(r))
