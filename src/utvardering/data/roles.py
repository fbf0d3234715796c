"""Which part does each unit play? Treated, comparison, neighbour, excluded or unused; every unit has one."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from utvardering import wording
from utvardering.data.choose import Nearest, matched_units, nearest_units
from utvardering.data.faults import Faults
from utvardering.data.panel import LeftOut
from utvardering.data.sheet import Sheet, Units
from utvardering.data.starts import Start, unknown_unit
from utvardering.study.model import Study
from utvardering.wording import say

FEW = 100
"""Up to so many rows of one reason are listed one by one."""


@dataclass
class Roles:
    """(N,) roles and rings, units to hold the neighbours against, those of the treated's groups, and why others are out."""

    role: NDArray[np.str_]
    ring: NDArray[np.int64]
    neighbour_comparison: NDArray[np.bool_] | None = None
    alike: NDArray[np.bool_] | None = None
    left_out: list[LeftOut] = field(default_factory=list)


def concerned_units(study: Study, units: Units) -> NDArray[np.bool_]:
    """(N,) units that the study may use: those it names, or all but the excluded where it picks among the others."""
    found = np.zeros(len(units.names), dtype=bool)
    rule = study.comparison
    if study.treated_from is not None or rule.choose is not None or rule.units == "all" or study.neighbours.column:
        found[:] = True
        named = [(unit.unit, False) for unit in rule.excluded]
    else:
        named = [(unit, True) for unit in (*(row.unit for row in study.treated), *rule.units)]
        named += [(unit, True) for unit in (*study.neighbours.units, *study.neighbours.comparison)]
    for unit, use in named:
        place = units.find(unit)
        if place is not None:
            found[place] = use
    return found


def assign_roles(
    study: Study,
    sheet: Sheet,
    starts: dict[int, Start],
    ring: NDArray[np.int64],
    faults: Faults,
    alike: NDArray[np.bool_] | None = None,
) -> Roles:
    """Give each unit its role; contradictions between the lists of the study file are faults of it."""
    units = sheet.units
    roles = Roles(np.full(len(units.names), "unused", dtype="<U10"), ring, alike=alike)
    _assign_treated(study, sheet, starts, roles)
    for number, excluded in enumerate(study.comparison.excluded):
        place = units.find(excluded.unit)
        if study.treated_from is not None and place is not None:
            roles.role[place] = "unused"  # a reason in the study file goes before the start in a column
        _assign(study, units, roles, faults, f"comparison.excluded[{number}].unit", excluded.unit, "excluded")
        if place is not None:
            roles.left_out.append(LeftOut(units.names[place], "", "", excluded.reason))
    for number, unit in enumerate(study.neighbours.units):
        _assign(study, units, roles, faults, f"neighbours.units[{number}]", unit, "neighbour")
    roles.ring[(roles.role == "neighbour") & (roles.ring == 0)] = 1
    roles.role[(roles.role == "unused") & (roles.ring > 0)] = "neighbour"
    roles.ring[roles.role != "neighbour"] = 0
    _assign_comparison(study, sheet, starts, roles, faults)
    _assign_neighbour_comparison(study, units, roles, faults)
    _list_unused(study, units, roles)
    return roles


def _assign_treated(study: Study, sheet: Sheet, starts: dict[int, Start], roles: Roles) -> None:
    named = bool(study.treated)
    last = _last(study, sheet)
    for place, start in starts.items():
        number = sheet.calendar.number(start.moment)
        if named or sheet.first < number <= last:
            roles.role[place] = "treated"
        elif number <= sheet.first:
            roles.role[place] = "excluded"
            reason = say(study.report.language, "left_out", "first")
            roles.left_out.append(LeftOut(sheet.units.names[place], "", "", reason))


def _assign_comparison(study: Study, sheet: Sheet, starts: dict[int, Start], roles: Roles, faults: Faults) -> None:
    rule, units = study.comparison, sheet.units
    if isinstance(rule.units, tuple):
        for number, unit in enumerate(rule.units):
            _assign(study, units, roles, faults, f"comparison.units[{number}]", unit, "comparison")
    if rule.units == "all" or (rule.choose is not None and not rule.units):
        roles.role[roles.role == "unused"] = "comparison"
    if rule.choose is not None and not faults.found:
        if rule.choose.method == "group":
            _keep_alike(study, units, roles, faults)
        else:
            _keep_nearest(study, sheet, starts, roles, faults)
    later = study.estimation is not None and study.estimation.comparison_group == "not_yet"  # later starters stand in for them
    if not (roles.role == "comparison").any() and not later and not faults.found:
        faults.add("comparison", 'no unit is left to compare with; name units or write units = "all"', study.line("comparison"))


def _keep_nearest(study: Study, sheet: Sheet, starts: dict[int, Start], roles: Roles, faults: Faults) -> None:
    """Leave only the chosen among the comparison units, by distance before the first start."""
    rule, units = study.comparison.choose, sheet.units
    if rule is None:
        return
    candidates, treated = roles.role == "comparison", roles.role == "treated"
    asked = (rule.n or 0) if rule.method == "nearest" else (rule.each or 0) * int(treated.sum())
    key = "comparison.choose.n" if rule.method == "nearest" else "comparison.choose.each"
    if asked > candidates.sum():
        faults.add(key, f"asks for {asked} units, but only {candidates.sum()} can be chosen among", study.line(key))
        return
    first = min(sheet.calendar.number(starts[int(place)].moment) for place in np.flatnonzero(treated))
    choose = nearest_units if rule.method == "nearest" else matched_units
    try:
        distance = choose(sheet, rule, candidates, treated, first - study_anticipation(study))
    except ValueError as error:
        faults.add(key, f"{error}: the others have no data before the start", study.line(key))
        return
    for place in np.flatnonzero(candidates):
        if place not in distance.chosen:
            roles.role[place] = "unused"
            roles.left_out.append(LeftOut(units.names[place], "", "", _not_chosen(study, distance, int(place))))


def _keep_alike(study: Study, units: Units, roles: Roles, faults: Faults) -> None:
    """Leave only the units of the treated units' groups among the comparison units."""
    candidates = roles.role == "comparison"
    alike = np.zeros(len(candidates), dtype=bool) if roles.alike is None else roles.alike
    if not (candidates & alike).any():
        text = "no unit that may be compared with is in the group of a treated unit; name another group, column or family"
        faults.add("comparison.choose", text, study.line("comparison.choose"))
        return
    roles.role[candidates & ~alike] = "unused"
    reason = say(study.report.language, "left_out", "not_alike")
    roles.left_out.extend(LeftOut(units.names[place], "", "", reason) for place in np.flatnonzero(candidates & ~alike))


def study_anticipation(study: Study) -> int:
    """Periods before the start in which an effect may already have begun."""
    return study.period.anticipation if study.period else 0


def _assign(study: Study, units: Units, roles: Roles, faults: Faults, key: str, unit: str, role: str) -> None:
    place = units.find(unit)
    if place is None:
        unknown_unit(study, key, unit, units, faults)
    elif roles.role[place] == role:
        faults.add(key, f'"{unit}" is named twice', study.line(key))
    elif roles.role[place] != "unused":
        faults.add(key, f'"{unit}" is {_WORDS[str(roles.role[place])]} already', study.line(key))
    else:
        roles.role[place] = role


_WORDS = {"treated": "treated", "comparison": "a comparison unit", "neighbour": "a neighbour", "excluded": "excluded"}


def _assign_neighbour_comparison(study: Study, units: Units, roles: Roles, faults: Faults) -> None:
    if not study.neighbours.comparison:
        return
    chosen = np.zeros(len(units.names), dtype=bool)
    for number, unit in enumerate(study.neighbours.comparison):
        key = f"neighbours.comparison[{number}]"
        place = units.find(unit)
        if place is None:
            unknown_unit(study, key, unit, units, faults)
        elif roles.role[place] in {"treated", "neighbour", "excluded"}:
            faults.add(key, f'"{unit}" is {_WORDS[str(roles.role[place])]} already', study.line(key))
        else:
            chosen[place] = True
    roles.neighbour_comparison = chosen


def _not_chosen(study: Study, nearest: Nearest, place: int) -> str:
    """Why a candidate was not chosen."""
    language, distance = study.report.language, float(nearest.distance[place])
    if np.isnan(distance):
        return say(language, "left_out", "no_past")
    key = "not_matched" if study.comparison.choose and study.comparison.choose.method == "matched" else "not_nearest"
    return say(language, "left_out", key, n=nearest.n, distance=wording.number(distance, language))


def _list_unused(study: Study, units: Units, roles: Roles) -> None:
    language = study.report.language
    listed = {item.unit for item in roles.left_out}
    beside = np.zeros(len(units.names), dtype=bool) if roles.neighbour_comparison is None else roles.neighbour_comparison
    unused = [units.names[place] for place in np.flatnonzero((roles.role == "unused") & ~beside)]
    unused = [unit for unit in unused if unit not in listed]
    if len(unused) > FEW:
        roles.left_out.append(LeftOut("", "", "", say(language, "left_out", "unused", units=len(unused))))
    else:
        roles.left_out.extend(LeftOut(unit, "", "", say(language, "left_out", "not_named")) for unit in unused)


def _last(study: Study, sheet: Sheet) -> int:
    return sheet.calendar.number(study.period.last) if study.period else sheet.periods[-1]
