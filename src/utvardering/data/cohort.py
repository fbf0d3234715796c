"""From a study of persons to its cohort: who was measured in which wave, with all that is wrong told at once.

Messages name lines and columns, never a cell: what a row of this file holds is about a person.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from utvardering.data.datasets import read_dataset
from utvardering.data.faults import Faults
from utvardering.data.person_columns import refuse_telling_columns
from utvardering.data.privacy import refuse_personal_data
from utvardering.data.sources import find_file
from utvardering.data.tables import Table, read_table
from utvardering.data.verify import verify_sources
from utvardering.errors import Problem, StudyError
from utvardering.study.model import Outcome, Study
from utvardering.study.vocabulary import did_you_mean

PERCENT = 100


@dataclass(frozen=True)
class Cohort:
    """P persons × W waves; persons are positions, ordered by what is known of them: their pseudonyms are not kept.

    waves        (W,) numbers of the waves, rising
    last_before  position of the last wave before the start
    outcomes     id to (P, W) values, NaN where a person was not measured
    treated      (P,) whether the person got the measure
    group        (P,) code of the person's group (school), by the groups' names; each person's own where the study names none
    grouped      whether the study names a group
    covariates   column to (P,) latest value of the waves up to last_before, NaN where there is none
    sources      file to the checksum of its bytes
    """

    waves: tuple[int, ...]
    last_before: int
    outcomes: dict[str, NDArray[np.float64]] = field(repr=False)
    treated: NDArray[np.bool_] = field(repr=False)
    group: NDArray[np.int64] = field(repr=False)
    grouped: bool
    covariates: dict[str, NDArray[np.float64]] = field(repr=False)
    sources: dict[str, str] = field(default_factory=dict)

    @property
    def n_after(self) -> int:
        """Waves after the start."""
        return len(self.waves) - self.last_before - 1

    def before(self) -> Cohort:
        """The cohort as it was before the start: later waves are cut away."""
        last = self.last_before + 1
        cut = {outcome: values[:, :last].copy() for outcome, values in self.outcomes.items()}
        return replace(self, waves=self.waves[:last], outcomes=cut)

    def take(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> Cohort:
        """Some of the persons, or all in another order."""
        return replace(
            self,
            outcomes={name: values[which] for name, values in self.outcomes.items()},
            treated=self.treated[which],
            group=self.group[which],
            covariates={name: values[which] for name, values in self.covariates.items()},
        )


def load_cohort(study: Study) -> Cohort:
    """The cohort of a study with `design = "individuals"`.

    A file without waves after the start is one of a study that has not begun. Raises a StudyError where the study is of another
    design or lacks its ethics review, a DataError that lists every problem
    of the file (personal data in it first, and alone), and a DataNotFetchedError where a described file is absent.
    """
    _require_study(study)
    verify_sources(study.folder)
    data = study.data
    if data.dataset:
        table = read_dataset(data.dataset)
    else:
        table = read_table(find_file(study.folder, study.id, data.cohort), data.cohort)
    refuse_personal_data(table)
    refuse_telling_columns(table, data.person, data.wave)
    _require_columns(table, _wanted(study))
    faults = Faults(table.name, table.rows)
    layout = _Layout(table, study, faults)
    cohort = layout.cohort()
    faults.raise_any()
    return cohort


def _require_study(study: Study) -> None:
    if study.study.design != "individuals" or study.data.last_wave_before is None:
        message = f'{study.id}: only a study with design = "individuals" has a cohort'
        raise StudyError(message)
    problems = []
    if not study.ethics.individuals:
        what = "needs to be true before data on persons are read; write individuals = true"
        problems.append(Problem("ethics.individuals", what, study.line("ethics.individuals")))
    if not any(sign.isdigit() for sign in study.ethics.review):
        what = (
            "needs the registration number of the ethics review before data on persons are read. "
            'Write such as review = "2024-01234-01", the number of the decision: research on data about offences needs '
            "approval (lag 2003:460, etikprovningsmyndigheten.se). For simulated data make one up, and say so there"
        )
        problems.append(Problem("ethics.review", what, study.line("ethics.review")))
    for number, outcome in enumerate(study.outcomes):
        for key in ("file", "unit", "period", "period_unit", "exposure"):
            if getattr(outcome, key):
                name = f"outcomes[{number}].{key}"
                problems.append(Problem(name, "is for areas; every outcome of a cohort stands in its file", study.line(name)))
    if problems:
        many = "s" if len(problems) > 1 else ""
        heading = f"{study.id}: {len(problems)} problem{many}"
        raise StudyError(heading, tuple(problems))


def _wanted(study: Study) -> list[tuple[str, str]]:
    """Columns that the file must have, each with the key that names it."""
    data = study.data
    named = {f"data.{key}": getattr(data, key) for key in ("person", "wave", "treated", "group")}
    named |= {f"outcomes[{number}].id": outcome.id for number, outcome in enumerate(study.outcomes)}
    columns = study.estimation.covariates if study.estimation else ()
    named |= {f"estimation.covariates[{number}]": column for number, column in enumerate(columns)}
    told = {key: f"{key}, line {study.line(key)} of study.toml" if study.line(key) else key for key in named}
    return [(column, told[key]) for key, column in named.items() if column]


def _require_columns(table: Table, wanted: list[tuple[str, str]]) -> None:
    """Raise a DataError that names every column that is missing; the file's own first row is not repeated."""
    faults = Faults(table.name)
    for column, key in wanted:
        if column not in table.columns:
            near = did_you_mean(column, table.columns)
            faults.add(column, f"is not a column of the file ({key}).{near or ' Is the first row the names of the columns?'}")
    faults.raise_any()


def _ordered(cohort: Cohort) -> Cohort:
    """The persons by what is known of them, so that another pseudonym changes no sum, no draw and no byte of a run."""
    first = [cohort.group, cohort.treated] if cohort.grouped else [cohort.treated]
    known = np.column_stack([*first, *cohort.covariates.values(), *cohort.outcomes.values()])
    order = np.lexsort(known.T[::-1])
    found = cohort.take(order)
    return found if cohort.grouped else replace(found, group=np.arange(len(order), dtype=np.int64))


class _Layout:
    """Rows laid out as persons × waves; what hinders it is added to `faults`."""

    def __init__(self, table: Table, study: Study, faults: Faults) -> None:
        self.table, self.study, self.faults = table, study, faults
        self.person = self._persons()
        self.wave, self.waves = self._waves()
        self.n_persons = int(self.person.max(initial=-1)) + 1
        self.row_at = self._rows()

    def cohort(self) -> Cohort:
        """The cohort; incomplete while there are faults."""
        study, data = self.study, self.study.data
        last = data.last_wave_before if data.last_wave_before is not None else 0
        self._require_waves(last)
        last_before = int(np.searchsorted(self.waves, last, side="right")) - 1
        treated = self._treated()
        columns = study.estimation.covariates if study.estimation else ()
        cohort = Cohort(
            waves=tuple(int(wave) for wave in self.waves),
            last_before=last_before,
            outcomes={outcome.id: self._outcome(outcome) for outcome in study.outcomes},
            treated=treated,
            group=self._group(),
            grouped=bool(data.group),
            covariates={column: self._latest(column, last_before) for column in columns},
            sources={self.table.name: self.table.sha256},
        )
        return _ordered(cohort)

    def _persons(self) -> NDArray[np.int64]:
        """(n,) place of the person of each row, in the order of the pseudonyms; -1 where there is none."""
        column = self.study.data.person
        names, codes = self.table.codes(column)
        order = sorted(place for place, name in enumerate(names) if name)
        order.sort(key=lambda place: names[place])
        places = np.full(len(names), -1, dtype=np.int64)
        places[order] = np.arange(len(order))
        person = places[codes]
        self.faults.add_rows(np.flatnonzero(person < 0), column, lambda _: "is empty; needs the person's number")
        return person

    def _waves(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(n,) position of each row's wave, -1 where it has none, and (W,) the waves."""
        column = self.study.data.wave
        found = self.table.numbers(column).floats
        whole = np.isfinite(found) & (found == np.round(found)) & (np.abs(found) < np.iinfo(np.int32).max)
        self.faults.add_rows(np.flatnonzero(~whole), column, lambda _: "needs the wave as a whole number, such as 1")
        waves, places = np.unique(found[whole].astype(np.int64), return_inverse=True)
        position = np.full(len(found), -1, dtype=np.int64)
        position[whole] = places
        return position, waves

    def _rows(self) -> NDArray[np.int64]:
        """(P, W) row of each person and wave, -1 where there is none."""
        used = np.flatnonzero((self.person >= 0) & (self.wave >= 0))
        row_at = np.full((self.n_persons, len(self.waves)), -1, dtype=np.int64)
        cell = self.person[used] * max(len(self.waves), 1) + self.wave[used]
        first = used[np.unique(cell, return_index=True)[1]]
        row_at[self.person[first], self.wave[first]] = first

        def twice(row: int) -> str:
            other = row_at[self.person[row], self.wave[row]]
            wave = self.waves[self.wave[row]]
            return f"the person has a row for wave {wave} already, on line {self.table.rows[other]}; keep one of them"

        self.faults.add_rows(np.setdiff1d(used, first), self.study.data.person, twice)
        return row_at

    def _require_waves(self, last: int) -> None:
        column = self.study.data.wave
        if not len(self.waves):
            return
        told = ", ".join(str(wave) for wave in self.waves)
        if last not in self.waves:
            needs = f"last_wave_before = {last} is no wave of the file, which has {told}"
            self.faults.add(column, f"{needs}; name the last wave before the start")

    def _treated(self) -> NDArray[np.bool_]:
        column = self.study.data.treated
        found = self.table.numbers(column).floats
        sure = (found == 0) | (found == 1)
        self.faults.add_rows(np.flatnonzero(~sure), column, lambda _: "needs 1 for the measure and 0 for the comparison")
        treated = self._of_person(np.where(sure, found, 0).astype(np.int64), sure, column, "treatment") == 1
        if sure.all() and len(np.unique(treated)) == 1:
            self.faults.add(
                column, "nobody has 0: there is no comparison" if treated.all() else "nobody has 1: nobody got the measure"
            )
        return treated

    def _group(self) -> NDArray[np.int64]:
        column = self.study.data.group
        if not column:
            return np.arange(self.n_persons, dtype=np.int64)
        names, codes = self.table.codes(column)
        empty = np.array([not name for name in names], dtype=bool)[codes]
        self.faults.add_rows(np.flatnonzero(empty), column, lambda _: "is empty; needs the person's group")
        order = np.argsort(np.argsort(names))  # codes by name, not by the order of the rows
        return np.unique(self._of_person(order[codes], ~empty, column, "group"), return_inverse=True)[1].astype(np.int64)

    def _of_person(self, codes: NDArray[np.int64], sure: NDArray[np.bool_], column: str, what: str) -> NDArray[np.int64]:
        """(P,) the one code of each person; rows that contradict the person's first row are faults."""
        used = np.flatnonzero((self.person >= 0) & sure)
        people, at = np.unique(self.person[used], return_index=True)
        first = np.full(self.n_persons, -1, dtype=np.int64)
        first[people] = used[at]
        other = used[codes[used] != codes[first[self.person[used]]]]

        def changed(row: int) -> str:
            line = self.table.rows[first[self.person[row]]]
            return f"another {what} than on line {line}, for the same person; a person keeps one {what} through all waves"

        self.faults.add_rows(other, column, changed)
        return np.where(first >= 0, codes[first], 0)

    def _numbers(self, column: str) -> NDArray[np.float64]:
        found = self.table.numbers(column)
        self.faults.add_rows(np.flatnonzero(found.bad), column, lambda _: "needs a number, or nothing where it is not known")
        return found.floats

    def _grid(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(self.row_at >= 0, values[self.row_at], np.nan)

    def _outcome(self, outcome: Outcome) -> NDArray[np.float64]:
        y = self._numbers(outcome.id)

        def fault(rows: NDArray[np.bool_], needs: str) -> None:
            self.faults.add_rows(np.flatnonzero(rows), outcome.id, lambda _: needs)

        if outcome.kind == "count":
            fault(y < 0, "needs a count of 0 or more")
            fault((y > 0) & (y != np.round(y)), 'needs a whole number; a score is written with kind = "mean"')
        elif outcome.kind == "rate":
            fault(y < 0, "needs a rate of 0 or more")
        elif outcome.kind == "share":
            fault((y > 1) & (y <= PERCENT), "needs a share from 0 to 1, found more: if it is percent, divide by 100")
            fault((y < 0) | (y > PERCENT), "needs a share from 0 to 1")
        if np.isnan(y).all():
            self.faults.add(outcome.id, "holds no number at all")
        return self._grid(y)

    def _latest(self, column: str, last_before: int) -> NDArray[np.float64]:
        """(P,) latest value up to the last wave before: a covariate is never from after the start."""
        grid = self._grid(self._numbers(column))[:, : last_before + 1]
        value = np.full(len(grid), np.nan)
        for wave in grid.T:
            value = np.where(np.isnan(wave), value, wave)
        return value
