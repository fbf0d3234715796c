"""What did a run find? The files of `build/<study>/`, read once, with the few questions that the report puts to them."""

from __future__ import annotations

import json
import math
import tomllib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from utvardering.errors import PublishError
from utvardering.report.texts import Texts

TABLES = (
    "estimates",
    "event_study",
    "counterfactual",
    "checks",
    "robustness",
    "rules",
    "specifications",
    "balance",
    "left_out",
    "provenance",
    "dose",
    "truth",
    "weights",
    "area_effects",
    "bacon",
    "process",
    "agreement",
    "dose_response",
    "waves",
    "flow",
    "overlap",
    "suppressed",
    "cost",
)
DESIGN_TABLES = (
    "power",
    "detectable",
    "false_positives",
    "regression_to_mean",
    "candidates",
    "design_balance",
    "before",
    "advice",
    "rollout",
)
"""What `utvardering design` writes, from data before the start only."""
IDENTIFYING = ("history", "comparison", "pretrend", "staggered", "spillover", "concurrent", "overlap", "balance")
"""Checks whose failure makes an estimate uninterpretable."""
CERTAINTY = ("very_low", "low", "moderate", "high")
RANDOMIZED = ("randomization", "permutation")
INHABITANTS = {"folkmangd", "folkmängd", "invanare", "invånare", "befolkning", "population", "inhabitants"}
REPORTED = ("anmäl", "reported")
_TEXT = {
    "study",
    "outcome",
    "unit",
    "label",
    "week",
    "variant",
    "weights",
    "period",
    "note",
    "text",
    "reason",
    "check",
    "variable",
    "start",
    "arm",
    "step",
    "item",
    "status",
    "answer",
    "price_year",
    "table",
    "window",
    "criterion",
    "assessor",
    "assessors",
    "evidence",
}


@dataclass(frozen=True)
class Outcome:
    """An outcome as the plan states it."""

    id: str
    title: str
    aim: str
    role: str
    kind: str
    direction: str
    smallest_effect: float | None
    exposure: str
    persons: bool
    unit: str

    @property
    def is_count(self) -> bool:
        """Whether the outcome counts something."""
        return self.kind == "count"

    @property
    def is_reported_crime(self) -> bool:
        """Whether the numbers hang on somebody reporting a crime."""
        return self.aim == "brott" and any(word in f"{self.title} {self.id}".lower() for word in REPORTED)


@dataclass(frozen=True)
class Judgement:
    """Verdict, certainty and design level of one outcome, each with its reasons."""

    verdict: str
    certainty: str
    level: int
    reasons: dict[str, list[str]]
    override: dict[str, Any] = field(default_factory=dict)

    @property
    def step(self) -> int:
        """Certainty as 1 to 4."""
        return CERTAINTY.index(self.certainty) + 1


@dataclass(frozen=True)
class Results:
    """The files of a run; a table that the run did not write is an empty frame, the panel is None once published."""

    folder: Path
    study: dict[str, Any]
    verdict: dict[str, Any]
    manifest: dict[str, Any]
    tables: dict[str, pd.DataFrame]
    panel: pd.DataFrame | None = None
    plan: str = ""
    log: str = ""
    areas: dict[str, Any] | None = None
    figures: dict[str, Any] = field(default_factory=dict)
    sources: list[dict[str, Any]] = field(default_factory=list)
    expected: list[dict[str, Any]] = field(default_factory=list)
    lock: dict[str, Any] = field(default_factory=dict)
    design: dict[str, Any] = field(default_factory=dict)
    choice: dict[str, Any] = field(default_factory=dict)
    registration: dict[str, Any] = field(default_factory=dict)
    process: dict[str, Any] = field(default_factory=dict)
    graph: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: str | Path) -> Results:
        """Read a run, or what there is of a study that has not begun; raises PublishError where the folder holds neither."""
        folder = Path(folder)
        needed: tuple[str, ...] = ("study.toml", "verdict.toml", "estimates.csv", "checks.csv")
        if is_planned(folder):
            needed = ("study.toml",)
        elif is_organisation(folder):
            needed = ("study.toml", "process.csv", "process.json")
        for name in needed:
            if not (folder / name).is_file():
                msg = f"{folder.name}: {name} is missing; run the study again"
                raise PublishError(msg)
        panel = folder / "panel.parquet"
        return cls(
            folder=folder,
            study=_toml(folder / "study.toml"),
            verdict=_toml(folder / "verdict.toml"),
            manifest=_json(folder / "manifest.json"),
            tables=_tables(folder),
            panel=pd.read_parquet(panel) if panel.is_file() else None,
            plan=_read(folder / "plan.md"),
            log=_read(folder / "protokoll.md"),
            areas=_json(folder / "areas.geojson") or None,
            figures=_figures(folder / "figures"),
            sources=list(_toml(folder / "sources.toml").get("source", [])),
            expected=list(_toml(folder / "expected.toml").get("expected", [])),
            lock=_toml(folder / "plan.lock"),
            design=_json(folder / "design.json"),
            choice=_json(folder / "choice.json"),
            registration=_json(folder / "registration.json"),
            process=_json(folder / "process.json"),
            graph=_json(folder / "graph.json"),
        )

    @property
    def id(self) -> str:
        """The study's id."""
        return str(self.study["study"]["id"])

    @property
    def title(self) -> str:
        """The study's title."""
        return str(self.study["study"]["title"])

    @property
    def measure(self) -> dict[str, Any]:
        """What was done, as the plan states it."""
        return dict(self.study["measure"])

    @property
    def is_simulated(self) -> bool:
        """Whether the data are simulated."""
        return bool(self.study.get("data", {}).get("simulated", False)) or bool(self.manifest.get("simulated", False))

    @property
    def is_of_persons(self) -> bool:
        """Whether the study follows persons."""
        return str(self.study["study"].get("design", "areas")) == "individuals"

    @property
    def is_planned(self) -> bool:
        """Whether the measure has not begun, so that there is a plan and no verdict."""
        return not self.verdict and not self.is_organisation

    @property
    def is_organisation(self) -> bool:
        """Whether an organisation was assessed: then there is no effect to judge, and no verdict."""
        return is_organisation(self.folder)

    @property
    def has_design(self) -> bool:
        """Whether it was asked before the start if the study can give an answer."""
        return any(len(self.tables[name]) for name in DESIGN_TABLES)

    @property
    def replication(self) -> str:
        """The published work that the study repeats, or empty text."""
        return str(self.study["study"].get("replication", ""))

    @property
    def texts(self) -> Texts:
        """The words of the report, in the study's language."""
        return Texts(str(self.setting("report", "language", "sv")), str(self.study["study"]["design"]))

    def setting(self, table: str, key: str, default: Any) -> Any:  # noqa: ANN401 -- whatever the study file holds
        """A value of the study file, or its default."""
        return self.study.get(table, {}).get(key, default)

    @cached_property
    def outcomes(self) -> tuple[Outcome, ...]:
        """The outcomes in the order of the study file."""
        common = self.setting("period", "unit", "index")
        return tuple(
            Outcome(
                id=one["id"],
                title=one["title"],
                aim=one["aim"],
                role=one["role"],
                kind=one["kind"],
                direction=one.get("direction", "none"),
                smallest_effect=one.get("smallest_effect"),
                exposure=one.get("exposure", ""),
                persons=one.get("counts", "events") == "persons",
                unit=one.get("period_unit") or common,
            )
            for one in self.study.get("outcomes", [])
        )

    @property
    def primary(self) -> Outcome:
        """The outcome on which the verdict rests."""
        return next(one for one in self.outcomes if one.role == "primary")

    def judgement(self, outcome: str) -> Judgement:
        """What may be said of an outcome."""
        found = self.verdict if outcome == self.primary.id else self.verdict.get("outcomes", {})[outcome]
        reasons = {name: list(lines) for name, lines in found.get("reasons", {}).items()}
        return Judgement(found["verdict"], found["certainty"], int(found["maryland_level"]), reasons, found.get("override", {}))

    def estimates(self, outcome: str) -> pd.DataFrame:
        """Every estimate of an outcome, the planned one first."""
        rows = self.tables["estimates"]
        rows = rows[rows["outcome"] == outcome]
        return rows.sort_values("planned", ascending=False, kind="stable")

    def planned(self, outcome: str) -> pd.Series | None:
        """The one planned estimate of an outcome, None where it could not be computed."""
        rows = self.estimates(outcome)
        rows = rows[rows["planned"]]
        return None if rows.empty else rows.iloc[0]

    @property
    def is_gated(self) -> bool:
        """Whether no estimate of the primary outcome may be read as an effect."""
        return self.judgement(self.primary.id).verdict in {"not_interpretable", "not_implemented"}

    def dose_share(self) -> float:
        """Delivered share of the planned hours; NaN where the study keeps no record."""
        dose = self.tables["dose"]
        planned = float(dose["planned_hours"].sum()) if len(dose) else 0.0
        return float(dose["delivered_hours"].sum()) / planned if planned else float("nan")

    def robustness(self, check: str) -> pd.DataFrame:
        """The rows of one robustness check."""
        rows = self.tables["robustness"]
        return rows[rows["check"] == check] if len(rows) else rows

    def rings(self) -> pd.DataFrame:
        """The rows of the rings of neighbours, without the displacement quotient."""
        rows = self.robustness("displacement")
        return rows[rows["variant"].str.startswith("ring=")] if len(rows) else rows

    def specifications(self) -> pd.DataFrame:
        """The specifications that gave an estimate, in order of size; empty where the plan is alone."""
        rows = self.tables["specifications"]
        rows = rows[rows["estimate_percent"].notna()] if len(rows) else rows
        return rows.sort_values("estimate_percent", kind="stable", ignore_index=True) if len(rows) > 1 else rows.iloc[:0]

    def percent(self, outcome: str, value: float) -> float:
        """An estimate on the planned scale in percent of what the treated would have been."""
        row = self.planned(outcome)
        return float("nan") if row is None else in_percent(row, value)

    def inhabitants(self) -> float:
        """Inhabitants of the treated areas, mean over the periods after; NaN where the exposure is something else."""
        name = self.primary.exposure.lower()
        return float(self.figures.get("exposure", {}).get(self.primary.id, "nan")) if name in INHABITANTS else float("nan")

    def reproduced(self) -> Reproduced | None:
        """The planned number beside the one that expected.toml states; None where none is stated."""
        row = self.planned(self.primary.id)
        if row is None:
            return None
        for one in self.expected:
            named = {"estimand": "att", "inference": row["inference"], "weights": row["weights"]} | one
            if all(named[key] == row[key] for key in ("outcome", "estimator", "estimand", "inference", "weights")):
                found, stated = float(row["estimate"]), float(one["estimate"])
                same = abs(found - stated) <= float(one["tolerance"])
                return Reproduced(found, stated, same, str(one.get("source", "")))
        return None


@dataclass(frozen=True)
class Reproduced:
    """A number found, the number it is held against with its source, and whether they agree."""

    here: float
    stated: float
    same: bool
    source: str


def is_planned(folder: Path) -> bool:
    """Whether a folder holds a study that has not begun: no verdict, but what `design` or `run` wrote of its plan."""
    if (folder / "verdict.toml").is_file() or is_organisation(folder):
        return False
    return (folder / "design.json").is_file() or bool(_json(folder / "manifest.json").get("planned"))


def is_organisation(folder: Path) -> bool:
    """Whether a folder holds the assessment of an organisation."""
    return _json(folder / "manifest.json").get("design") == "organisation"


def in_percent(row: pd.Series, value: float) -> float:
    """A value on the scale of an estimate, in percent as that estimate's own."""
    if row["scale"] == "log_ratio":
        return 100 * math.expm1(value)
    if row["estimate"] == 0:
        return 0.0 if value == 0 else float("nan")
    return float(value * row["effect_percent"] / row["estimate"])


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _toml(path: Path) -> dict[str, Any]:
    return tomllib.loads(_read(path))


def _json(path: Path) -> dict[str, Any]:
    return dict(json.loads(_read(path))) if path.is_file() else {}


def _figures(folder: Path) -> dict[str, Any]:
    """The figures of the run and those of the design, one after the other."""
    run, design = _json(folder / "figures.json"), _json(folder / "design.json")
    return {**run, "figures": [*run.get("figures", []), *design.get("figures", [])]}


def _tables(folder: Path) -> dict[str, pd.DataFrame]:
    """Every table of a run; of the process only what was graded, since the delivered dose is told from its log."""
    found = {name: _table(folder / f"{name}.csv") for name in (*TABLES, *DESIGN_TABLES)}
    process = found["process"]
    if len(process):
        graded = process[process["grade"].notna()]
        whole = ["grade", *(["final_grade"] if graded["final_grade"].notna().all() else [])]
        found["process"] = graded.astype(dict.fromkeys(whole, int)).reset_index(drop=True)
    return found


def _table(path: Path) -> pd.DataFrame:
    """A table of the run: text stays text (codes keep their leading zeros), an empty text is no NaN."""
    if not path.is_file() or not path.read_text(encoding="utf-8").strip():
        return pd.DataFrame()
    header = pd.read_csv(path, nrows=0).columns
    texts = [name for name in header if name in _TEXT]
    frame = pd.read_csv(path, dtype=dict.fromkeys(texts, "str"), na_values={}, keep_default_na=True)
    for name in texts:
        frame[name] = frame[name].fillna("").astype(object)
    return frame
