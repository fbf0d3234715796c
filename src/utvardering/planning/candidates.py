"""What could the treated be compared with? Every unit scored and every rule compared, from data before the start only."""

from __future__ import annotations

from dataclasses import asdict, astuple, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from utvardering.data.panel import Panel
from utvardering.disclosure.bounds import hide
from utvardering.disclosure.rounding import blunted, step_above
from utvardering.errors import DesignError
from utvardering.outputs import write_json, write_table
from utvardering.planning.choice import Chosen, Compared, Terms, asked_for, choose, recommend
from utvardering.planning.choice_words import against, decided, named, reasons, why
from utvardering.planning.differences import Difference, covariate_differences, differences, forecast_error, held_out, means
from utvardering.planning.likeness import Mask, Past, past_of, unit_means
from utvardering.study.model import Outcome, Study


@dataclass(frozen=True)
class Candidate:
    """A row of `candidates.csv`; distances in standard deviations, NaN where there is none; rank 0 for the unranked."""

    study: str
    unit: str
    label: str
    role: str
    level: float
    trend: float
    season: float
    covariates: float
    distance: float
    rank: int
    donor_weight: float
    planned: bool
    reason: str


@dataclass(frozen=True)
class DesignBalance:
    """A row of `design_balance.csv`."""

    study: str
    choice: str
    n_comparison: int
    variable: str
    treated: float
    comparison: float
    standardised_difference: float


@dataclass(frozen=True)
class MeanBefore:
    """A row of `before.csv`: means before the start; NaN where counts of persons are too small to be shown."""

    study: str
    outcome: str
    choice: str
    period: str
    treated: float
    comparison: float


@dataclass(frozen=True)
class Rule:
    """A choice on the terms of all, in words, with its units."""

    choice: str
    n_comparison: int
    held_out_error: float
    largest_difference: float
    variable: str
    rule: str
    units: tuple[str, ...]


@dataclass(frozen=True)
class Proposal:
    """What a study could be compared with; `recommended` is empty where nothing can be."""

    study: str
    recommended: str
    text: str
    decided_by: str
    candidates: tuple[Candidate, ...]
    balance: tuple[DesignBalance, ...] = ()
    before: tuple[MeanBefore, ...] = ()
    rules: tuple[Rule, ...] = ()

    def __getitem__(self, choice: str) -> Rule:
        return next(rule for rule in self.rules if rule.choice == choice)

    def to_frame(self) -> pd.DataFrame:
        """A row per unit; rank is empty for the unranked."""
        frame = pd.DataFrame([asdict(row) for row in self.candidates], columns=list(Candidate.__dataclass_fields__))
        frame["rank"] = frame["rank"].astype("Int64").mask(frame["rank"] == 0)
        return frame

    def write(self, folder: Path) -> None:
        """`candidates.csv`, `design_balance.csv`, `before.csv` and `choice.json`."""
        write_table(self.to_frame(), folder / "candidates.csv")
        for rows, kind, name in ((self.balance, DesignBalance, "design_balance"), (self.before, MeanBefore, "before")):
            frame = pd.DataFrame([asdict(row) for row in rows], columns=list(kind.__dataclass_fields__))
            write_table(frame, folder / f"{name}.csv")
        write_json(self.choice(), folder / "choice.json")

    def choice(self) -> dict[str, Any]:
        """The recommended choice with its sentence, its units and its rule in words, and every choice beside it."""
        rules = {rule.choice: _plain(rule) for rule in self.rules}
        chosen = rules.get(self.recommended, {"units": [], "rule": ""})
        return {
            "recommended": self.recommended,
            "text": self.text,
            "units": chosen["units"],
            "rule": chosen["rule"],
            "decided_by": self.decided_by,
            "choices": rules,
        }


def propose_comparison(study: Study, panel_before: Panel) -> Proposal:
    """Score every unit that may be compared with, compare the rules, and recommend one by a stated rule.

    Units are scored on the primary outcome and the covariates of [estimation]. Whatever panel is given, only what `before()`
    leaves of it is seen. Raises a DesignError where no treated unit has a value of the primary outcome before the start.
    """
    panel = panel_before.before()
    outcome = study.primary
    past = past_of(panel, outcome)
    treated = panel.role == "treated"
    seen = np.isfinite(past.values).any(axis=1)
    if not (treated & seen).any():
        msg = f"{outcome.id}: no treated unit has a value before the start, so no unit can be said to be like it"
        raise DesignError(msg)
    n_treated = int((treated & seen).sum())
    rule = study.comparison.choose
    n, each = asked_for(study.checks.min_comparison_units, (rule.n or 0) if rule else 0, n_treated)
    terms = Terms(
        treated=treated & seen,
        pool=np.isin(panel.role, ("comparison", "unused")) & seen,
        planned=(panel.role == "comparison") & seen,
        alike=panel.alike,
        names=panel.units,
        n=n,
        each=(rule.each or each) if rule else each,
    )
    if not terms.pool.any():
        rows = tuple(_candidate(study, panel, place, None, "") for place in range(len(panel.units)))
        return Proposal(study.id, "", why(study, None, (), ()), "", rows)
    chosen = choose(past, terms)
    held = held_out(past, panel.grids[outcome.id].n_after)
    errors = _held_out_errors(past, terms, held)
    compared = tuple(_compare(study, past, terms, name, units, errors) for name, units in chosen.units.items())
    best = recommend(compared, study.checks.min_comparison_units, study.checks.max_imbalance)
    told = reasons(study, panel, terms, chosen)
    words = {one.name: named(study, one.name, one.n_units, terms, chosen) for one in compared}
    return Proposal(
        study=study.id,
        recommended=best.name if best else "",
        text=why(study, best, compared, against(study, best, terms, chosen, held) if best else ()),
        decided_by=decided(study, held),
        candidates=_candidates(study, panel, past, chosen, told),
        balance=tuple(_balance(study, panel, terms, chosen, compared)),
        before=tuple(_before(study, panel, chosen)),
        rules=tuple(_rule(panel, chosen, one, words[one.name]) for one in compared),
    )


def _held_out_errors(past: Past, terms: Terms, held: int) -> dict[str, float]:
    """The error of each rule in the last `held` periods, its units chosen from those before."""
    if not held:
        return {}
    early = past.until(len(past.years) - held)
    seen = np.isfinite(early.values).any(axis=1)
    if not (terms.treated & seen).any() or not (terms.pool & seen).any():
        return {}
    cut = replace(terms, treated=terms.treated & seen, pool=terms.pool & seen)
    return {name: forecast_error(past, cut.treated, units, held) for name, units in choose(early, cut).units.items()}


def _compare(study: Study, past: Past, terms: Terms, name: str, units: Mask, errors: dict[str, float]) -> Compared:
    rows = (*differences(study.primary.id, past, terms.treated, units), *covariate_differences(past, terms.treated, units))
    judged = [row for row in rows if not row.variable.endswith(".season") and np.isfinite(row.standardised_difference)]
    judged += [row for row in rows if np.isinf(row.standardised_difference)]
    largest = max(judged, key=lambda row: abs(row.standardised_difference), default=None)
    return Compared(name, int(units.sum()), rows, largest, errors.get(name, float("nan")))


def _candidates(study: Study, panel: Panel, past: Past, chosen: Chosen, told: list[str]) -> tuple[Candidate, ...]:
    """A row per unit; distances that would tell the size of a few persons are left out."""
    rows = tuple(_candidate(study, panel, place, chosen, told[place]) for place in range(len(panel.units)))
    few, none = _few(study, study.primary, past), float("nan")
    hidden = few | few[panel.role == "treated"].all()
    return tuple(
        replace(row, level=none, trend=none, season=none, distance=none) if hidden[place] else row
        for place, row in enumerate(rows)
    )


def _candidate(study: Study, panel: Panel, place: int, chosen: Chosen | None, reason: str) -> Candidate:
    role = str(panel.role[place])
    none = float("nan")
    apart = {} if chosen is None or role == "treated" else {trait: float(v[place]) for trait, v in chosen.apart.items()}
    weighs = chosen is not None and chosen.weights is not None and role in {"comparison", "unused"}
    return Candidate(
        study=study.id,
        unit=panel.units[place],
        label=panel.labels[place],
        role="candidate" if role == "unused" else role,
        level=apart.get("level", none),
        trend=apart.get("trend", none),
        season=apart.get("season", none),
        covariates=apart.get("covariates", none),
        distance=float(chosen.distance[place]) if apart and chosen is not None else none,
        rank=0 if chosen is None else int(chosen.rank[place]),
        donor_weight=float(chosen.weights[place]) if weighs and chosen is not None and chosen.weights is not None else none,
        planned=role == "comparison",
        reason=reason,
    )


def _balance(study: Study, panel: Panel, terms: Terms, chosen: Chosen, compared: tuple[Compared, ...]) -> list[DesignBalance]:
    """Every outcome and covariate for every choice; the primary outcome first."""
    rows = []
    others = [(one, past_of(panel, one)) for one in study.outcomes if one.id != study.primary.id and one.id in panel.grids]
    primary = past_of(panel, study.primary)
    for one in compared:
        units = chosen.units[one.name]
        found = _without_few(study, study.primary, primary, terms.treated, units, one.differences)
        for outcome, past in others:
            if np.isfinite(unit_means(past.values)[terms.treated]).any():
                rough = differences(outcome.id, past, terms.treated, units)
                found += _without_few(study, outcome, past, terms.treated, units, rough)
        rows += [DesignBalance(study.id, one.name, one.n_units, **asdict(row)) for row in found]
    return rows


def _few(study: Study, outcome: Outcome, past: Past) -> Mask:
    """(N,) units whose counts of persons before the start are together too small to be shown; those with none too."""
    if outcome.counts != "persons" or past.events is None:
        return np.zeros(len(past.values), dtype=bool)
    return np.asarray(np.nansum(past.events, axis=1) < study.report.smallest_cell)


def _without_few(
    study: Study, outcome: Outcome, past: Past, treated: Mask, comparison: Mask, rows: tuple[Difference, ...]
) -> list[Difference]:
    """The rows, those of the outcome emptied (but for its exposure) where either side is made of too few persons.

    Where it counts persons the others are told in two digits, from which no exact count follows.
    """
    if outcome.counts == "persons":
        rows = tuple(Difference(row.variable, *(_two(x) for x in astuple(row)[1:])) for row in rows)
    few = _few(study, outcome, past)
    if not few[treated].all() and not few[comparison].all():
        return list(rows)
    none = float("nan")
    own = {outcome.id, f"{outcome.id}.trend", f"{outcome.id}.season"}
    return [Difference(row.variable, none, none, none) if row.variable in own else row for row in rows]


def _before(study: Study, panel: Panel, chosen: Chosen) -> list[MeanBefore]:
    rows = []
    treated = panel.role == "treated"
    for outcome in study.outcomes:
        past, labels = past_of(panel, outcome), panel.grids[outcome.id].labels
        own = _shown(study, outcome, past, treated)
        for name, units in chosen.units.items():
            pairs = zip(labels, own, _shown(study, outcome, past, units), strict=True)
            rows += [MeanBefore(study.id, outcome.id, name, label, float(one), float(other)) for label, one, other in pairs]
    return rows


def _shown(study: Study, outcome: Outcome, past: Past, units: Mask) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """(T,) means; those of few persons are left out with those that would give them away, and the rest rounded to as many."""
    found = means(past, units)
    if outcome.counts == "persons" and past.events is not None:
        smallest, count = study.report.smallest_cell, np.nansum(past.events[units], axis=0)
        statements = np.vstack([np.eye(len(count)), np.ones((1, len(count)))])  # each period, and their sum: the level before
        may_hide = np.arange(len(statements)) < len(count)
        hidden = hide(count, statements, may_hide, smallest).all[:-1] | (count < smallest)
        found[hidden] = np.nan
        for place in np.flatnonzero(~hidden):
            found[place] = blunted(float(found[place]), step_above(smallest * abs(float(found[place])) / float(count[place])))
    return found


def _two(value: float) -> float:
    """The value in two significant digits."""
    return float(f"{value:.2g}") if np.isfinite(value) else value


def _rule(panel: Panel, chosen: Chosen, one: Compared, words: str) -> Rule:
    return Rule(
        choice=one.name,
        n_comparison=one.n_units,
        held_out_error=one.error,
        largest_difference=one.largest.standardised_difference if one.largest else float("nan"),
        variable=one.largest.variable if one.largest else "",
        rule=words,
        units=tuple(panel.units[place] for place in np.flatnonzero(chosen.units[one.name])),
    )


def _plain(rule: Rule) -> dict[str, Any]:
    """What JSON holds: no NaN and no infinity."""
    return {
        key: None if isinstance(value, float) and not np.isfinite(value) else list(value) if isinstance(value, tuple) else value
        for key, value in asdict(rule).items()
    }
