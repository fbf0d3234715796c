"""The one place where the stages are put in order: from a study to the tables of `build/<study>/`."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import pandas as pd

from utvardering.causal.facts import graph_facts
from utvardering.checks.base import DesignChecks
from utvardering.checks.registry import check_design
from utvardering.data.areas import Areas, panel_areas
from utvardering.data.by_design import Data, load_data
from utvardering.data.cohort import Cohort, load_cohort
from utvardering.data.counted_persons import counts_persons, holds_persons
from utvardering.data.panel import LeftOut, Panel
from utvardering.data.provenance import provenance_frame
from utvardering.data.sources import SOURCES
from utvardering.data.told_versions import note_told, refuse_telling_difference
from utvardering.disclosure.suppressed import suppressed_frame
from utvardering.errors import DesignError, NotBegunError
from utvardering.estimators.bacon import bacon_frame
from utvardering.estimators.estimate import Estimates, estimate_effects
from utvardering.estimators.series_course import course_frame
from utvardering.individuals.aggregates import aggregates_of
from utvardering.individuals.areas_told import (
    BLUNT_FILES,
    blunt_frame,
    suppressed_in_areas,
    told_checks,
    told_estimates,
    told_robustness,
)
from utvardering.individuals.design import design_persons
from utvardering.individuals.doubts import stress_persons
from utvardering.individuals.evaluation import check_persons, estimate_persons
from utvardering.individuals.plan import refuse_hopeless_data, refuse_not_begun_cohort
from utvardering.organisation import AssessedOrganisation, evaluate_organisation
from utvardering.outputs import sha256, tree_hashes, whole_folder, write_json, write_table
from utvardering.planning.design import design_study, keep_design
from utvardering.process.assess import ProcessAssessment, assess_process
from utvardering.process.write import write_process
from utvardering.registration.files import write_registration
from utvardering.registration.state import Registration, verify, with_opening
from utvardering.report.figures import write_design_figures, write_figures
from utvardering.robustness.base import Robustness
from utvardering.robustness.by_area import effects_by_area
from utvardering.robustness.kept import Kept, kept_for
from utvardering.robustness.registry import stress
from utvardering.study.load import load_study
from utvardering.study.model import Study
from utvardering.study.page import study_page
from utvardering.synthesis.cost_facts import cost_facts
from utvardering.synthesis.cost_rows import costs
from utvardering.synthesis.replication import with_replication
from utvardering.synthesis.verdict import Verdict, judge

VERSIONED = ("utvardering", "numpy", "scipy", "pandas", "linearmodels", "plotnine")
COPIED = ("study.toml", "protokoll.md", "expected.toml", "plan.lock", "opened.toml", "process.toml", "data/sources.toml")

Result = TypeVar("Result")
Progress = Callable[[str, str], None]
"""Called with the stage and what it works on."""


@dataclass(frozen=True)
class Evaluation:
    """Everything that a run found, and the folder that holds it; `panel` is the cohort of a study of persons."""

    study: Study
    panel: Data
    checks: DesignChecks
    estimates: Estimates
    robustness: Robustness
    process: ProcessAssessment | None
    verdict: Verdict
    folder: Path
    registration: Registration
    areas: Areas | None = None
    by_area: pd.DataFrame | None = None


def evaluate(
    study: str | Path | Study, out: str | Path = "build", progress: Progress | None = None, *, anew: bool = False
) -> Evaluation | AssessedOrganisation:
    """Run a study from its file to its tables and write them to `out/<id>/`, all or nothing.

    The first run that opens outcomes after the start writes `opened.toml` into the study's folder. What the doubts compute is
    kept under `out/.stress/` for the next run of the same numbers; anew: compute everything, and keep nothing.
    Raises StudyError, DataError or DesignError, with what to do about it, and a ReproductionError where a registered plan was
    changed; what was written before then stays as it was.
    """
    clock = _Clock(progress)
    loaded = clock.run("study", lambda: study if isinstance(study, Study) else load_study(study))
    if loaded.study.design == "organisation":
        return evaluate_organisation(loaded, out, COPIED, _copy, clock.run, clock.seconds)
    return _evaluate(loaded, out, clock, anew=anew)


def _evaluate(study: Study, out: str | Path, clock: _Clock, *, anew: bool) -> Evaluation:
    require_areas(study)
    panel = clock.run("data", lambda: load_data(study))
    refuse_telling_difference(study, panel, Path(out))
    registration = verify(study, panel)
    process = clock.run("process", lambda: assess_process(study))
    refuse_hopeless_data(study, panel)
    refuse_not_begun(study, panel, locked=registration.lock is not None)
    areas = panel_areas(study, panel) if isinstance(panel, Panel) else None
    checks = clock.run("checks", lambda: _checked(study, panel, clock.teller("checks")))
    registration = with_opening(registration, Path(out) / study.id)
    estimates = clock.run("estimates", lambda: gated(study, checks, _estimated(study, panel, clock.teller("estimates"))))
    kept = None if anew else kept_for(study, Path(out))
    doubted = clock.run("robustness", lambda: _stressed(study, panel, estimates, clock.teller("robustness"), kept))
    robustness = doubted if isinstance(panel, Cohort) else told_robustness(study, panel, doubted)
    robustness = with_replication(study, estimates, robustness)
    by_area = effects_by_area(study, panel, estimates, kept) if isinstance(panel, Panel) else None
    verdict = clock.run("verdict", lambda: judge(study, checks, estimates, robustness, process))
    folder = Path(out) / study.id
    found = Evaluation(study, panel, checks, estimates, robustness, process, verdict, folder, registration, areas, by_area)
    with whole_folder(folder) as new:
        clock.run("tables", lambda: write(found, new))
        if isinstance(panel, Panel):
            _write_withheld(study, panel, doubted, new)
        keep_design(folder, new, study, panel.before())
        clock.run("figures", lambda: write_figures(new))
        _write_manifest(found, new, clock.seconds)
    note_told(study, panel, Path(out))
    return found


def _checked(study: Study, panel: Data, tell: Callable[[str], None]) -> DesignChecks:
    if isinstance(panel, Cohort):
        return check_persons(study, panel, tell)
    return told_checks(study, panel.before(), check_design(study, panel.before(), tell))


def _estimated(study: Study, panel: Data, tell: Callable[[str], None]) -> Estimates:
    if isinstance(panel, Cohort):
        return estimate_persons(study, panel, tell)
    return told_estimates(study, panel, estimate_effects(study, panel, tell))


def _stressed(study: Study, panel: Data, estimates: Estimates, tell: Callable[[str], None], kept: Kept | None) -> Robustness:
    if isinstance(panel, Cohort):
        return stress_persons(study, panel, estimates, tell)
    return stress(study, panel, estimates, tell, kept)


def refuse_not_begun(study: Study, panel: Data, *, locked: bool = False) -> None:
    """Raise a NotBegunError where the data of the primary outcome end before every start; `locked` when it is registered."""
    if isinstance(panel, Cohort):
        refuse_not_begun_cohort(study, panel, locked=locked)
        return
    grid = panel.grids[study.primary.id]
    treated = panel.role == "treated"
    if not treated.any() or (grid.start[treated] < len(grid.periods)).any():
        return
    ends = f" ({grid.labels[-1]})" if grid.periods else ""
    then = "the plan is locked" if locked else f"utvardering register {study.id} locks the plan"
    msg = (
        f"{study.id}: the data end{ends} before the measure starts, so there is no effect to estimate yet; "
        f"utvardering design {study.id} says what the study can find, and {then}"
    )
    raise NotBegunError(msg)


def gated(study: Study, checks: DesignChecks, estimates: Estimates) -> Estimates:
    """Close the gate: with a failed identifying check no estimate is interpretable, unless the study is a replication."""
    failed = checks.failed()
    if not failed:
        return estimates
    names = ", ".join(check.check for check in failed)
    said = f"warning, check failed: {names}" if study.is_replication else f"not interpretable, check failed: {names}"
    rows = tuple(
        replace(row, interpretable=study.is_replication, note="; ".join(part for part in (row.note, said) if part))
        for row in estimates.rows
    )
    return replace(estimates, rows=rows)


def write(found: Evaluation, folder: Path) -> None:
    """Write every table of a run into a folder."""
    study, panel = found.study, found.panel
    write_table(found.estimates.to_frame(), folder / "estimates.csv")
    write_table(found.estimates.events_frame(), folder / "event_study.csv")
    if found.estimates.weights:
        write_table(found.estimates.weights_frame(), folder / "weights.csv")
    if isinstance(panel, Cohort):
        for name, frame in aggregates_of(study, panel).frames().items():
            write_table(frame, folder / f"{name}.csv")
    else:
        _write_panel(study, panel, found.estimates, folder)
        _write_areas(found, folder)
    write_table(found.checks.to_frame(), folder / "checks.csv")
    write_table(found.checks.balance_frame(), folder / "balance.csv")
    write_table(found.robustness.to_frame(), folder / "robustness.csv")
    if found.robustness.specifications:
        write_table(found.robustness.specifications_frame(), folder / "specifications.csv")
    write_table(_left_out(found), folder / "left_out.csv")
    write_table(provenance_frame(study, _hashes(study, panel)), folder / "provenance.csv")
    write_process(found.process, folder, study, panel if isinstance(panel, Panel) else None)
    dose = None if found.process is None else found.process.dose
    spent = costs(study, cost_facts(study, panel, dose), found.estimates, found.verdict)
    if spent.rows:
        write_table(spent.to_frame(), folder / "cost.csv")
    if study.truth:
        write_table(truth_frame(study, found.estimates), folder / "truth.csv")
    (folder / "verdict.toml").write_text(found.verdict.to_toml(), encoding="utf-8")
    write_table(found.verdict.rules_frame(), folder / "rules.csv")
    if study.causal_model.edges:
        write_json(graph_facts(study), folder / "graph.json")
    (folder / "plan.md").write_text(study_page(study), encoding="utf-8")
    _copy(study, folder)
    write_registration(found.registration, folder)


def _write_panel(study: Study, panel: Panel, estimates: Estimates, folder: Path) -> None:
    """What only a panel of areas has: never anything of persons."""
    if len(decomposed := bacon_frame(study, panel, estimates)):
        write_table(decomposed, folder / "bacon.csv")
    if panel.one_series and not any(outcome.counts == "persons" for outcome in study.outcomes):
        write_table(course_frame(study, panel), folder / "counterfactual.csv")
    if not any(outcome.counts == "persons" for outcome in study.outcomes):
        panel.to_frame().to_parquet(folder / "panel.parquet", index=False)


def _write_areas(found: Evaluation, folder: Path) -> None:
    """The map of the areas, and how it went in each treated one."""
    if found.areas is not None:
        write_json(found.areas.to_geojson(), folder / "areas.geojson")
    if found.by_area is not None and len(found.by_area):
        write_table(found.by_area, folder / "area_effects.csv")


def _write_withheld(study: Study, panel: Panel, doubted: Robustness, folder: Path) -> None:
    """What is not told where areas' counts are of persons; and tables of other rooms in fewer digits."""
    if not counts_persons(study):
        return
    write_table(suppressed_frame(suppressed_in_areas(study, panel, doubted)), folder / "suppressed.csv")
    for name in BLUNT_FILES:
        if (folder / name).is_file():
            write_table(blunt_frame(pd.read_csv(folder / name)), folder / name)


def note_unfetched(study: str | Path, out: str | Path = "build") -> Path:
    """Write the folder of a study whose data have not been fetched: the plan and the word that there is no result."""
    loaded = load_study(study)
    folder = Path(out) / loaded.id
    registration = verify(loaded)
    with whole_folder(folder) as new:
        _copy(loaded, new)
        write_registration(registration, new)
        (new / "plan.md").write_text(study_page(loaded), encoding="utf-8")
        write_json({"study": loaded.id, "fetched": False, "simulated": loaded.data.simulated}, new / "manifest.json")
    return folder


def note_planned(study: str | Path | Study, out: str | Path = "build") -> Path:
    """Write the folder of a study that has not begun: the plan, its registration, what `design` found and its figures.

    Tables of an earlier `design` are kept where plan and data before the start are the same. Raises what loading raises, and
    a ReproductionError where a registered plan was changed.
    """
    loaded = study if isinstance(study, Study) else load_study(study)
    panel = load_data(loaded)
    registration = verify(loaded, panel)
    folder = Path(out) / loaded.id
    with whole_folder(folder) as new:
        keep_design(folder, new, loaded, panel.before())
        _copy(loaded, new)
        write_registration(registration, new)
        (new / "plan.md").write_text(study_page(loaded), encoding="utf-8")
        facts = {"study": loaded.id, "fetched": True, "planned": True, "simulated": loaded.data.simulated}
        write_json({**facts, "inputs": dict(panel.sources)}, new / "manifest.json")
        write_figures(new)
    return folder


def design_any(
    study: str | Path | Study,
    out: str | Path = "build",
    progress: Callable[[int, int, str], None] | None = None,
    *,
    workers: int = 2,
    lottery: int = 0,
    quick: bool = False,
) -> Path:
    """What `design` writes, whatever the design; arguments as in `design_study`.

    Persons are not drawn by lot here. Raises what loading raises, and a DesignError where nothing can be worked out.
    """
    loaded = study if isinstance(study, Study) else load_study(study)
    if loaded.study.design != "individuals":
        return design_study(loaded, out, progress, workers=workers, lottery=lottery, quick=quick)
    if lottery:
        msg = f"{loaded.id}: --lottery draws areas; draw the persons where their pseudonyms are known, and keep the seed"
        raise DesignError(msg)
    return design_persons(loaded, load_cohort(loaded), out)


def show_design(study: str | Path, out: str | Path = "build") -> Path:
    """Draw what `design` found: beside a run where there is one, else with the plan, as a study that has not begun."""
    loaded = load_study(study)
    folder = Path(out) / loaded.id
    if not (folder / "verdict.toml").is_file():
        return note_planned(loaded, out)
    with whole_folder(folder) as new:
        shutil.copytree(folder, new, dirs_exist_ok=True)
        write_design_figures(new)
    return folder


def _copy(study: Study, folder: Path) -> None:
    for name in COPIED:
        if (study.folder / name).exists():
            shutil.copyfile(study.folder / name, folder / Path(name).name)
    listed = folder / Path(SOURCES).name
    if listed.exists() and holds_persons(study):
        listed.write_bytes(re.sub(rb'(?m)^(sha256\s*=\s*)(["\']).*?\2', rb'\1""', listed.read_bytes()))


def truth_frame(study: Study, estimates: Estimates) -> pd.DataFrame:
    """Planted effect against planned estimate of each outcome of a simulated study, on the scale of the estimate."""
    rows: list[dict[str, Any]] = []
    for outcome, planted in study.truth.items():
        row = estimates.planned(outcome)
        if row is not None:
            rows.append(
                {
                    "study": study.id,
                    "outcome": outcome,
                    "estimator": row.estimator,
                    "scale": row.scale,
                    "planted": planted,
                    "estimate": row.estimate,
                    "ci_low": row.ci_low,
                    "ci_high": row.ci_high,
                    "inside": row.ci_low <= planted <= row.ci_high,
                }
            )
    return pd.DataFrame(rows)


def _left_out(found: Evaluation) -> pd.DataFrame:
    items = found.estimates.left_out
    if not isinstance(found.panel, Cohort):
        items = (*found.panel.left_out, *(LeftOut("", "", "", note) for note in found.panel.notes), *items)
    return pd.DataFrame([asdict(item) for item in items], columns=list(LeftOut.__dataclass_fields__))


def _hashes(study: Study, data: Panel | Cohort) -> dict[str, str]:
    """File to the sha256 of what was read of it; "" for data on persons: who knows all but one cell could test that one."""
    read = (*COPIED, study.data.dose, study.data.boundaries)
    inputs = {name: sha256(study.folder / name) for name in read if name and (study.folder / name).is_file()}
    found = {**inputs, **dict(data.sources)}
    if holds_persons(study):
        found |= dict.fromkeys(data.sources, "") | dict.fromkeys({SOURCES.as_posix()} & found.keys(), "")
    return found


def _write_manifest(found: Evaluation, folder: Path, seconds: dict[str, float]) -> None:
    study = found.study
    manifest = {
        "study": study.id,
        "fetched": True,
        "design": study.study.design,
        "language": study.report.language,
        "simulated": study.data.simulated,
        "seed": study.estimation.seed if study.estimation else None,
        "versions": {name: importlib.metadata.version(name) for name in VERSIONED},
        "inputs": _hashes(study, found.panel),
        "outputs": tree_hashes(folder),
        "timings": seconds,
    }
    write_json(manifest, folder / "manifest.json")


class _Clock:
    """Runs stages, tells the caller which, and keeps their seconds."""

    def __init__(self, progress: Progress | None) -> None:
        self.progress = progress
        self.seconds: dict[str, float] = {}

    def run(self, stage: str, work: Callable[[], Result]) -> Result:
        begun = time.perf_counter()
        self.teller(stage)("")
        result = work()
        self.seconds[stage] = round(time.perf_counter() - begun, 3)
        return result

    def teller(self, stage: str) -> Callable[[str], None]:
        """A callback for what a stage works on."""
        progress = self.progress
        return lambda item: progress(stage, item) if progress else None


def require_areas(study: Study) -> None:
    """An organisation is not evaluated for an effect."""
    if not study.has_data:
        msg = f'{study.id}: design = "{study.study.design}" cannot be run yet; only "areas", "series" and "individuals" can'
        raise DesignError(msg)


class _Callable(ModuleType):
    """Lets `utvardering.evaluate(...)` work whether the name means the function or, once imported, this module."""

    def __call__(self, *args: Any, **named: Any) -> Evaluation | AssessedOrganisation:  # noqa: ANN401 -- those of evaluate
        return evaluate(*args, **named)


sys.modules[__name__].__class__ = _Callable
