"""What works, over all studies? Which results may be pooled with which, and what came of it, by fixed rules.

The rules are those of docs/methods/pooling.md; the first that keeps a result out is its `why_not`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import pandas as pd

from utvardering.synthesis.findings import Finding
from utvardering.synthesis.pooling import (
    LEAST_POOLED,
    LEAST_PREDICTED,
    LEAST_TESTED,
    LEVEL,
    Pooled,
    SmallStudies,
    leave_one_out,
    pool,
    small_studies,
)

WHY_NOT = (
    "not_interpretable",
    "not_implemented",
    "process",
    "no_estimate",
    "replication",
    "other_outcome",
    "no_randomized_error",
    "unit_unknown",
    "measure_unknown",
    "same_area",
    "alone",
    "two",
)
"""Why a result is listed and not pooled, in the order in which it is asked."""
FEW_TREATED = 5
"""A study with fewer treated areas is small: below it a wild cluster bootstrap never rejects."""
ASYMMETRY = 0.10
"""p-value of Egger's test below which small studies are said to differ (Egger et al. 1997)."""
KEY = ("measure", "aim", "scale", "estimand", "unit", "direction", "simulated", "name")


@dataclass(frozen=True)
class Listed:
    """A result, whether it is pooled, why not, and its share of either model (NaN where it is not pooled)."""

    finding: Finding
    pooled: bool
    why_not: str
    weight_fixed: float = float("nan")
    weight_random: float = float("nan")


@dataclass(frozen=True)
class Group:
    """The results that may be pooled with each other; `pooled` is None below three.

    name       of the measure, where its kind is `other`
    verdict    of the random effect's interval: effect, effect_opposite or uncertain; empty below three
    warnings   few, small, untested, asymmetric
    """

    measure: str
    aim: str
    scale: str
    estimand: str
    unit: str
    direction: str
    simulated: bool
    name: str
    members: tuple[Finding, ...]
    pooled: Pooled | None
    verdict: str
    warnings: tuple[str, ...]
    asymmetry: SmallStudies | None
    without: tuple[Pooled, ...]

    @property
    def k(self) -> int:
        """How many results."""
        return len(self.members)


@dataclass(frozen=True)
class Evidence:
    """Every result, and every group of at least two that measure the same."""

    listed: tuple[Listed, ...]
    groups: tuple[Group, ...]

    def pooled_frame(self) -> pd.DataFrame:
        """The columns of `pooled.csv`."""
        return pd.DataFrame([_pooled_row(group) for group in self.groups], columns=list(POOLED_COLUMNS))

    def results_frame(self) -> pd.DataFrame:
        """The columns of `results.csv`."""
        later = ("override", "cost_inhabitant")  # columns of a later day stand at the end
        shown = [name.name for name in fields(Finding) if name.name not in {"areas", *later}]
        rows = [
            {name: getattr(one.finding, name) for name in (*shown, *later)}
            | {"pooled": one.pooled, "why_not": one.why_not}
            | {"weight_fixed": one.weight_fixed, "weight_random": one.weight_random}
            for one in self.listed
        ]
        return pd.DataFrame(rows, columns=[*shown, "pooled", "why_not", "weight_fixed", "weight_random", *later])

    def without_frame(self) -> pd.DataFrame:
        """The columns of `leave_one_out.csv`."""
        rows = [
            {name: getattr(group, name) for name in KEY} | {"left_out": label(left)} | _numbers(rest)
            for group in self.groups
            for left, rest in zip(group.members, group.without, strict=False)  # there is none below three
        ]
        return pd.DataFrame(rows, columns=["measure", "aim", "scale", "left_out", *_NUMBERS, *KEY[3:]])


_NUMBERS = (
    "k",
    "fixed",
    "fixed_low",
    "fixed_high",
    "random",
    "random_low",
    "random_high",
    "prediction_low",
    "prediction_high",
    "tau2",
    "i2",
)
POOLED_COLUMNS = (
    "measure",
    "aim",
    "scale",
    *_NUMBERS,
    *KEY[3:],
    "level",
    "method",
    "q",
    "q_p",
    "egger",
    "egger_p",
    "verdict",
    "warnings",
    "n_external",
)
"""The columns that `utvardering evidence` promises come first; what follows says what was pooled and how far to trust it."""


def weigh(found: Sequence[Finding]) -> Evidence:
    """Decide for each result whether it may be pooled, and pool what may."""
    why = {position: _kept_out(one, found) for position, one in enumerate(found)}
    groups: list[Group] = []
    weights: dict[int, tuple[float, float]] = {}
    by_key: dict[tuple[Any, ...], list[int]] = {}
    for position, one in enumerate(found):
        if not why[position]:
            by_key.setdefault(key(one), []).append(position)
    for its, candidates in sorted(by_key.items()):
        members = _once(candidates, found)
        why |= dict.fromkeys(set(candidates) - set(members), "same_area")
        if len(members) < LEAST_POOLED:
            why |= dict.fromkeys(members, "alone" if len(members) == 1 else "two")
        if len(members) > 1:
            group = _group(its, tuple(found[position] for position in members))
            groups.append(group)
            if group.pooled is not None:
                shares = zip(members, group.pooled.weights_fixed, group.pooled.weights_random, strict=True)
                weights |= {position: (float(fixed), float(random)) for position, fixed, random in shares}
    nothing = (float("nan"), float("nan"))
    listed = [
        Listed(one, not why[position], why[position], *weights.get(position, nothing)) for position, one in enumerate(found)
    ]
    return Evidence(tuple(listed), tuple(groups))


def key(one: Finding) -> tuple[Any, ...]:
    """What two results must have in common to be pooled; simulated studies are never pooled with real ones."""
    name = one.measure_name.strip().casefold() if one.measure == "other" else ""
    return one.measure, one.aim, one.scale, one.estimand, one.unit, one.direction, one.simulated, name


def label(one: Finding) -> str:
    """The id of a study, the source of a result of others."""
    return one.study or one.source


def _kept_out(one: Finding, found: Iterable[Finding]) -> str:
    """The first rule that keeps a result out by itself; empty where none does."""
    if one.verdict in {"not_interpretable", "not_implemented"}:
        return one.verdict
    of_study = [other for other in found if other.study == one.study and other.aim == one.aim]
    rules = {
        "process": one.aim == "process",
        "no_estimate": not math.isfinite(one.estimate),
        "replication": bool(one.replication),
        "other_outcome": not one.is_external and one is not _first(of_study),
        "no_randomized_error": not math.isfinite(one.std_error),
        "unit_unknown": one.scale == "difference" and not one.unit,
        "measure_unknown": one.measure == "other" and not one.measure_name,
    }
    return next((name for name, holds in rules.items() if holds), "")


def _first(rows: Sequence[Finding]) -> Finding:
    """The one outcome of an aim that stands for a study: the primary, else the first of the plan; never chosen by result."""
    return next((one for one in rows if one.role == "primary"), rows[0])


def _once(candidates: list[int], found: Sequence[Finding]) -> list[int]:
    """The candidates without those that measured a unit and time that a stronger study has measured.

    Stronger: higher design level, then locked beforehand, then more treated units, then by name; never by the result.
    """

    def strength(position: int) -> tuple[Any, ...]:
        one = found[position]
        return -one.maryland_level, not one.registered, -one.n_treated, label(one)

    taken: list[int] = []
    for position in sorted(candidates, key=strength):
        areas = [area for kept in taken for area in found[kept].areas]
        if not any(mine.overlaps(other) for mine in found[position].areas for other in areas):
            taken.append(position)
    return sorted(taken)


def _group(its: tuple[Any, ...], members: tuple[Finding, ...]) -> Group:
    effects, errors = (np.array([getattr(one, name) for one in members]) for name in ("estimate", "std_error"))
    enough = len(members) >= LEAST_POOLED
    pooled = pool(effects, errors, level=LEVEL) if enough else None
    asymmetry = small_studies(effects, errors)
    named: dict[str, Any] = dict(zip(KEY, its, strict=True))
    return Group(
        **named,
        members=members,
        pooled=pooled,
        verdict=_verdict(pooled, named["direction"]) if pooled else "",
        warnings=_warnings(members, asymmetry),
        asymmetry=asymmetry,
        without=tuple(leave_one_out(effects, errors, level=LEVEL)) if enough else (),
    )


def _verdict(pooled: Pooled, direction: str) -> str:
    """What the random effect's interval says, in the words of a study's verdict."""
    if pooled.random_low <= 0 <= pooled.random_high:
        return "uncertain"
    wanted = {"decrease": pooled.random < 0, "increase": pooled.random > 0}.get(direction, True)
    return "effect" if wanted else "effect_opposite"


def _warnings(members: Sequence[Finding], asymmetry: SmallStudies | None) -> tuple[str, ...]:
    known = [one.n_treated for one in members if not one.is_external]
    rules = {
        "few": len(members) < LEAST_PREDICTED,
        "small": bool(known) and 2 * sum(n < FEW_TREATED for n in known) >= len(known),
        "untested": len(members) < LEAST_TESTED or asymmetry is None,
        "asymmetric": asymmetry is not None and asymmetry.p_value < ASYMMETRY,
    }
    return tuple(name for name, holds in rules.items() if holds)


def _numbers(pooled: Pooled | None) -> dict[str, Any]:
    values = asdict(pooled) if pooled else {}
    return {name: values.get(name, float("nan")) for name in _NUMBERS}


def _pooled_row(group: Group) -> dict[str, Any]:
    egger, pooled = group.asymmetry, group.pooled
    return {
        **{name: getattr(group, name) for name in KEY},
        **_numbers(pooled),
        "k": group.k,
        "level": LEVEL,
        "method": pooled.method if pooled else "",
        "q": pooled.q if pooled else float("nan"),
        "q_p": pooled.q_p if pooled else float("nan"),
        "egger": egger.intercept if egger else float("nan"),
        "egger_p": egger.p_value if egger else float("nan"),
        "verdict": group.verdict,
        "warnings": " ".join(group.warnings),
        "n_external": sum(one.is_external for one in group.members),
    }
