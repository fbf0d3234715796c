"""From runs to a site: a staged Quarto project with one folder a study, and what the publisher makes of it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from utvardering.errors import PublishError
from utvardering.outputs import write_json
from utvardering.report import appendix_page, beside, cells, citation, design_words, glossary, onepage, own_words, sentences
from utvardering.report.evidence_page import write_evidence_page
from utvardering.report.followup_page import write_followup_page
from utvardering.report.overview import write_overview
from utvardering.report.publishers import publish
from utvardering.report.results import Results, is_organisation, is_planned
from utvardering.report.texts import lower_first

if TYPE_CHECKING:
    from utvardering.report.publishers import PublishedSite

SITE = Path("reports/_site")
PUBLISHED = (
    "advice.csv",
    "agreement.csv",
    "area_effects.csv",
    "bacon.csv",
    "balance.csv",
    "before.csv",
    "candidates.csv",
    "checks.csv",
    "choice.json",
    "cost.csv",
    "design.json",
    "design_balance.csv",
    "detectable.csv",
    "deviations.csv",
    "dose.csv",
    "dose_response.csv",
    "estimates.csv",
    "event_study.csv",
    "expected.toml",
    "false_positives.csv",
    "flow.csv",
    "graph.json",
    "left_out.csv",
    "overlap.csv",
    "plan.lock",
    "plan.md",
    "power.csv",
    "process.csv",
    "process.json",
    "protokoll.md",
    "provenance.csv",
    "registration.json",
    "regression_to_mean.csv",
    "robustness.csv",
    "rules.csv",
    "rollout.csv",
    "sources.toml",
    "specifications.csv",
    "study.toml",
    "suppressed.csv",
    "truth.csv",
    "verdict.toml",
    "waves.csv",
    "weights.csv",
)
"""Files of a run that may be published as they are; never the panel."""
OF_PERSONS, OF_AREAS = ("followed",), ("map", "moved")
"""Sections that only a report on persons has, and those that it leaves out."""
DESIGN = "{{< include _sections/design.qmd >}}\n\n"
"""What a report leaves out where nobody asked before the start if the study could give an answer."""
UNPUBLISHED_FACTS = ("timings",)
"""What the published manifest leaves out, since it differs between two runs of the same study."""

TEMPLATES = ("evaluation.qmd", "planned.qmd", "organisation.qmd", onepage.SOURCE, appendix_page.SOURCE)
"""Sources that are made into the pages of each study."""

Progress = Callable[[str], None]


def render_report(
    builds: str | Path | Sequence[str | Path],
    site: str | Path = SITE,
    *,
    publisher: str = "auto",
    stage_dir: str | Path | None = None,
    sources: str | Path | None = None,
    not_fetched: Sequence[tuple[str, str]] = (),
    followup: str | Path | None = None,
    evidence: str | Path | None = None,
    progress: Progress | None = None,
) -> PublishedSite:
    """Publish the runs in these folders as one site; only what changed since last time is rendered again.

    `not_fetched` lists studies without data, id and title; `followup` is the folder of the follow-up, `build/followup`, and
    `evidence` that of what works, `build/evidence`. With `stage_dir` the Quarto sources stay there.
    """
    folders = [Path(builds)] if isinstance(builds, (str, Path)) else [Path(folder) for folder in builds]
    with tempfile.TemporaryDirectory(prefix="utvardering-") as scratch:
        staging = Path(stage_dir) if stage_dir else Path(scratch) / "reports"
        stage(folders, staging, sources=sources, not_fetched=not_fetched, followup=followup, evidence=evidence)
        return publish(staging, Path(site), publisher=publisher, progress=progress)


def found_builds(build: str | Path = "build") -> list[Path]:
    """The runs below a folder and the studies that have not begun, by name."""
    folders = [path.parent for path in Path(build).glob("*/study.toml") if not path.parent.name.startswith(".")]
    return sorted(
        folder for folder in folders if (folder / "verdict.toml").is_file() or is_planned(folder) or is_organisation(folder)
    )


def stage(
    builds: Sequence[str | Path],
    staging: str | Path,
    *,
    sources: str | Path | None = None,
    not_fetched: Sequence[tuple[str, str]] = (),
    followup: str | Path | None = None,
    evidence: str | Path | None = None,
) -> Path:
    """Write the Quarto project that either publisher renders: the same files each time for the same runs."""
    staging = Path(staging)
    _empty(staging)
    given = Path(sources) if sources else default_sources()
    shutil.copytree(given, staging, dirs_exist_ok=True, ignore=shutil.ignore_patterns("_site", ".quarto", ".*"))
    for name in TEMPLATES:
        (staging / name).unlink(missing_ok=True)
    runs = sorted((Results.load(folder) for folder in builds), key=lambda run: run.id)
    for run in runs:
        _stage_study(run, _body(run, given, source_of(run)), staging / "studier" / run.id)
        _stage_one_page(run, _body(run, given, onepage.SOURCE), staging / "studier" / run.id)
        if appendix_page.has_one(run):
            _stage_appendix(run, _body(run, given, appendix_page.SOURCE), staging / "studier" / run.id)
    glossary.write_lists(staging)
    write_overview(runs, staging / "_studies", not_fetched)
    write_followup_page(Path(followup) if followup else None, staging, {run.id for run in runs})
    write_evidence_page(Path(evidence) if evidence else None, staging, {run.id for run in runs})
    return staging


def default_sources() -> Path:
    """The Quarto sources: those of the repository, or the copy that the installed package holds."""
    for folder in (Path(__file__).parents[3] / "reports", Path(__file__).parent / "quarto"):
        if (folder / "_quarto.yml").is_file():
            return folder
    msg = "The Quarto sources (reports/) are missing: install the package again."
    raise PublishError(msg)


def _empty(staging: Path) -> None:
    """Empty a folder that holds an earlier staging; refuse to touch any other."""
    if not staging.exists():
        return
    if any(staging.iterdir()) and not (staging / "_quarto.yml").is_file():
        msg = f"{staging} is not empty and holds no staged report: name another folder."
        raise PublishError(msg)
    shutil.rmtree(staging)


def source_of(run: Results) -> str:
    """Which page a study gets: that of an organisation, of a study that has not begun, or the report of an effect."""
    return "organisation.qmd" if run.is_organisation else "planned.qmd" if run.is_planned else "evaluation.qmd"


def _body(run: Results, sources: Path, name: str) -> str:
    """A source without its front matter, its includes as seen from the folder of a study."""
    text = (sources / name).read_text(encoding="utf-8")
    _, _, body = text.split("---\n", 2)
    if not run.has_design:
        body = body.replace(DESIGN, "")
    if not appendix_page.has_one(run):
        body = body.replace(appendix_page.LINK, "")
    for section in OF_AREAS if run.is_of_persons else OF_PERSONS:
        body = body.replace(f"{{{{< include _sections/{section}.qmd >}}}}\n\n", "")
    return body.replace("{{< include _sections/", "{{< include ../../_sections/").strip() + "\n"


def _stage_study(run: Results, body: str, folder: Path) -> None:
    target = folder / cells.PUBLISHED
    (target / "figures").mkdir(parents=True)
    for name in PUBLISHED:
        if (run.folder / name).is_file():
            shutil.copyfile(run.folder / name, target / name)
    for file in sorted((run.folder / "figures").glob("*")):
        shutil.copyfile(file, target / "figures" / file.name)
    manifest = {key: value for key, value in run.manifest.items() if key not in UNPUBLISHED_FACTS}
    write_json(manifest, target / "manifest.json")
    glossary.write_metadata(folder, run.texts.language, own_words.metadata(run))
    citation.write_citation(run, target)
    ways = "{{< include ../../_onepage.qmd >}}\n\n"
    ways += "{{< include ../../_sections/appendix_link.qmd >}}\n\n" if appendix_page.has_one(run) else ""
    _write_page(run, folder / "index.qmd", front_matter(run), ways + body)


def _stage_one_page(run: Results, body: str, folder: Path) -> None:
    """The page for those who decide, beside the report."""
    _write_page(run, folder / f"{onepage.PAGE}.qmd", onepage.front_matter(run, front_matter(run)), body)


def _stage_appendix(run: Results, body: str, folder: Path) -> None:
    """Every table behind the report, for whoever wants to follow it closely."""
    _write_page(run, folder / f"{appendix_page.PAGE}.qmd", appendix_page.front_matter(run, front_matter(run)), body)


def _write_page(run: Results, file: Path, front: dict[str, Any], body: str) -> None:
    said = yaml.safe_dump(front, allow_unicode=True, sort_keys=False, width=10_000)
    notice = "{{< include ../../_simulated.qmd >}}\n\n" if run.is_simulated else ""
    file.write_text(f"---\n{said}---\n\n{notice}{body}\n{{{{< include ../../_ord.qmd >}}}}\n", encoding="utf-8")


def front_matter(run: Results) -> dict[str, Any]:
    """Title, language and headings of a page, and what the listing of all reports shows of it."""
    texts = run.texts
    front: dict[str, Any] = {
        "title": run.title,
        "subtitle": texts(
            "process.subtitle" if run.is_organisation else "design.subtitle" if run.is_planned else "word.subtitle",
            measure=lower_first(str(run.measure["name"])),
        ),
        "lang": texts.language,
    }
    if authors := run.study["study"].get("authors"):
        front["author"] = list(authors)
    if registered := run.lock.get("registered_at"):
        front["date"] = str(registered)[:10]
    front |= {
        "study-id": run.id,
        "measure": str(run.measure["name"]),
        **_facts(run),
        "onepage": {"link": texts("onepage.link")},
        "appendix": appendix_page.ways(run),
        "jupyter": "python3",
    }
    if run.is_simulated:
        front |= {"simulated": True, "simulated-notice": texts("word.notice")}
    head = f"```{{=html}}\n{citation.meta_tags(run)}\n```\n"
    return front | {"format": {"html": {"header-includes": head}, "typst": {"output-file": f"{run.id}.pdf"}}}


def _facts(run: Results) -> dict[str, Any]:
    """What the listing of all reports shows of a study, by what kind of study it is."""
    if run.is_organisation:
        return {"stage": "assessed", "verdict": run.texts("process.index_verdict"), "heading": dict(run.texts.raw("heading"))}
    return _planned_facts(run) if run.is_planned else _found_facts(run)


def _found_facts(run: Results) -> dict[str, Any]:
    """What the listing of all reports shows of a run, and the headings of its report."""
    texts, found = run.texts, run.judgement(run.primary.id)
    return {
        "stage": "evaluated",
        "verdict": " – ".join(
            one for one in (sentences.verdict_name(run, run.primary), beside.sentence(run, run.primary)) if one
        ),
        "certainty": texts("index.step", step=found.step, word=texts.name("certainty", found.certainty)),
        "heading": {**texts.raw("heading"), "design": texts("design.heading_after")},
    }


def _planned_facts(run: Results) -> dict[str, Any]:
    """The same for a study that has not begun."""
    texts = run.texts
    return {
        "stage": "planned",
        "answer": texts(f"design.index_{design_words.answer(run)}"),
        "heading": dict(texts.raw("heading")),
    }
