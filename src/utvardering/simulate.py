"""What would the data look like if the effect were known? Panels with a planted effect, for tests, power and examples.

Counts are Poisson with gamma noise (negative binomial) around an intensity that is exposure times level times exp(unit +
season + trend + shock + AR(1)); the measure multiplies it from its start on. Shares are answers of so many respondents, means
have normal noise; the measure adds to them. Sizes and unit effects are drawn independently and alike for all units, so that
the treated ones are exchangeable with the others beforehand.

`python -m utvardering.simulate studies/trygghetsvardar` writes a study's data files anew from `data/simulation.toml`.
"""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from pydantic import TypeAdapter, ValidationError

from utvardering.data.calendar import Calendar
from utvardering.data.faults import Faults
from utvardering.data.panel import NEVER
from utvardering.errors import DataError
from utvardering.simulated_files import command
from utvardering.study.load import load_study
from utvardering.study.vocabulary import did_you_mean

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from utvardering.study.model import Outcome, Study

SIMULATION = Path("data") / "simulation.toml"
PER = 1_000
"""The level of a count is per so many of its exposure and period."""


@dataclass(frozen=True)
class Sizes:
    """Exposure of the units: log-normal around `median` with log standard deviation `spread`.

    drift: standard deviation of the log change from one year to the next; 0 keeps the size of a unit fixed.
    """

    median: float
    spread: float = 0.0
    drift: float = 0.0


@dataclass(frozen=True)
class SimulatedOutcome:
    """How one outcome comes about. Counts are described in logarithms, shares and means in their own unit.

    level           events per 1 000 of the exposure and period (per unit where there is none); or the mean of a share or mean
    effect          of the measure: relative for a count (-0.20 is a fall of a fifth), else a difference
    neighbour_effect  the same in the neighbours: displacement or diffusion
    spread          standard deviation of the unit effects
    season, peak    amplitude of the yearly wave, and the part of the year (1, 2, …) where it is highest
    trend           common change per year
    shock           standard deviation of what happens to all units in a period
    wander, persistence  standard deviation and autocorrelation of the AR(1) of a unit
    overdispersion  variance of the gamma noise of a count: Var = μ + overdispersion · μ²
    respondents     answers behind a share, per unit and period, and the column that tells them
    decimals        to which a share or mean is written
    """

    kind: Literal["count", "share", "mean"]
    level: float
    effect: float = 0.0
    neighbour_effect: float = 0.0
    spread: float = 0.0
    season: float = 0.0
    peak: int = 1
    trend: float = 0.0
    shock: float = 0.0
    wander: float = 0.0
    persistence: float = 0.0
    overdispersion: float = 0.0
    respondents: int = 0
    respondents_column: str = ""
    decimals: int = 4


@dataclass(frozen=True)
class Frame:
    """Units and periods of one file: who got the measure and from which period, and who lies beside.

    start (N,) position of the first period under the measure, NEVER for others; beside (N,) position from which a neighbour
    is touched, NEVER for others.
    """

    units: tuple[str, ...]
    calendar: Calendar
    periods: tuple[int, ...]
    start: NDArray[np.int64]
    beside: NDArray[np.int64]
    unit_column: str = "unit"
    period_column: str = "period"

    @property
    def shape(self) -> tuple[int, int]:
        """(N, T)."""
        return len(self.units), len(self.periods)

    def since(self, start: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(N, T) whether a period is the start or later."""
        after: NDArray[np.bool_] = np.arange(len(self.periods)) >= start[:, None]
        return after

    @property
    def years(self) -> NDArray[np.int64]:
        """(T,) whole years since the first year of the frame."""
        year: NDArray[np.int64] = np.array([self.calendar.date(number).year for number in self.periods])
        since: NDArray[np.int64] = year - year[0]
        return since


@dataclass(frozen=True)
class Dose:
    """The dose log: planned hours a week and unit, the mean share of them delivered, its spread between weeks."""

    planned: float
    delivered: float
    spread: float = 0.0


@dataclass(frozen=True)
class Simulation:
    """The whole of `data/simulation.toml`; the study file says who was treated, when, and which file holds what."""

    seed: int
    units: tuple[str, ...]
    outcomes: dict[str, SimulatedOutcome]
    exposure: Sizes | None = None
    dose: Dose | None = None


def simulate_panel(
    frame: Frame,
    outcomes: dict[str, SimulatedOutcome],
    rng: np.random.Generator,
    exposure: tuple[str, Sizes] | None = None,
) -> pd.DataFrame:
    """Draw a row per unit and period: the columns of `frame`, each outcome, and the exposure under its name.

    Every outcome has its own stream of random numbers, so one more outcome leaves those before it as they were.
    """
    sizes = np.full(frame.shape, float(PER))
    columns: dict[str, NDArray[Any]] = {}
    (first,) = rng.spawn(1)
    if exposure is not None:
        sizes = simulate_sizes(frame, exposure[1], first)
    for (name, outcome), stream in zip(outcomes.items(), rng.spawn(len(outcomes)), strict=True):
        values = simulate_outcome(frame, outcome, sizes, stream)
        columns[name] = values.astype(np.int64) if outcome.kind == "count" else values.round(outcome.decimals)
        if outcome.respondents_column:
            columns[outcome.respondents_column] = np.full(frame.shape, outcome.respondents)
    if exposure is not None:
        columns[exposure[0]] = sizes.astype(np.int64)
    labels = [frame.calendar.label(number) for number in frame.periods]
    index = {
        frame.unit_column: np.repeat(np.array(frame.units, dtype=object), len(labels)),
        frame.period_column: np.tile(np.array(labels, dtype=object), len(frame.units)),
    }
    return pd.DataFrame({**index, **{name: values.ravel() for name, values in columns.items()}})


def simulate_sizes(frame: Frame, sizes: Sizes, rng: np.random.Generator) -> NDArray[np.float64]:
    """(N, T) whole numbers, the same within a year."""
    count = len(frame.units)
    base = np.log(sizes.median) + sizes.spread * rng.standard_normal((count, 1))
    steps = sizes.drift * rng.standard_normal((count, int(frame.years[-1]) + 1))
    steps[:, 0] = 0.0
    yearly = np.round(np.exp(base + np.cumsum(steps, axis=1)))
    whole: NDArray[np.float64] = np.maximum(yearly, 1.0)[:, frame.years]
    return whole


def simulate_outcome(
    frame: Frame, outcome: SimulatedOutcome, sizes: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """(N, T) values of one outcome; sizes (N, T) of the exposure of a count."""
    under, beside = frame.since(frame.start), frame.since(frame.beside)
    part = _part(frame, outcome, rng)
    if outcome.kind == "count":
        part += np.log1p(outcome.effect) * under + np.log1p(outcome.neighbour_effect) * beside
        mean = sizes / PER * outcome.level * np.exp(part)
        if outcome.overdispersion > 0:
            mean = rng.gamma(1 / outcome.overdispersion, outcome.overdispersion * mean)
        counts: NDArray[np.float64] = rng.poisson(mean).astype(np.float64)
        return counts
    level: NDArray[np.float64] = outcome.level + part + outcome.effect * under + outcome.neighbour_effect * beside
    if outcome.kind == "mean":
        return level
    share = np.clip(level, 0.0, 1.0)
    return rng.binomial(outcome.respondents, share) / outcome.respondents if outcome.respondents else share


def _part(frame: Frame, outcome: SimulatedOutcome, rng: np.random.Generator) -> NDArray[np.float64]:
    """(N, T) unit + season + trend + shock + AR(1), with the AR(1) in its stationary law from the first period on."""
    count, length = frame.shape
    per_year = frame.calendar.per_year
    unit = outcome.spread * rng.standard_normal((count, 1))
    place = np.array(frame.periods) % per_year
    season = outcome.season * np.cos(2 * np.pi * (place - outcome.peak + 1) / per_year)
    trend = outcome.trend * np.arange(length) / per_year
    shock = outcome.shock * rng.standard_normal(length)
    noise = rng.standard_normal((count, length))
    walk = np.empty_like(noise)
    walk[:, 0] = noise[:, 0]
    fresh = np.sqrt(1 - outcome.persistence**2)
    for period in range(1, length):
        walk[:, period] = outcome.persistence * walk[:, period - 1] + fresh * noise[:, period]
    part: NDArray[np.float64] = unit + season + trend + shock + outcome.wander * walk
    return part


def simulate_dose(frame: Frame, dose: Dose, rng: np.random.Generator) -> pd.DataFrame:
    """Planned and delivered hours of each treated unit and week, from its start to the end of the frame."""
    weeks = Calendar("week")
    last = weeks.number(frame.calendar.date(frame.periods[-1] + 1)) - 1
    rows = []
    for unit, start in zip(frame.units, frame.start, strict=True):
        if start == NEVER:
            continue
        first = weeks.number(frame.calendar.date(frame.periods[int(start)]))
        share = np.clip(dose.delivered + dose.spread * rng.standard_normal(last - first + 1), 0.0, 1.0)
        rows += [
            (unit, weeks.label(first + k).replace("V", "W"), dose.planned, round(2 * dose.planned * part) / 2)
            for k, part in enumerate(share)
        ]
    return pd.DataFrame(rows, columns=["unit", "week", "planned_hours", "delivered_hours"])


def read_simulation(folder: Path) -> Simulation:
    """Read how a study's data are simulated; a DataError where the description is absent or wrong."""
    path = folder / SIMULATION
    if not path.is_file():
        msg = f"{SIMULATION.as_posix()}: there is no such file in {folder.name}, so its data are not simulated here"
        raise DataError(msg)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        return TypeAdapter(Simulation).validate_python(content)
    except tomllib.TOMLDecodeError as error:
        msg = f"{SIMULATION.as_posix()}: is not TOML: {error}"
        raise DataError(msg) from error
    except ValidationError as error:
        found = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        msg = f"{SIMULATION.as_posix()}: {found}"
        raise DataError(msg) from error


def simulate_study(folder: str | Path, seed: int | None = None) -> dict[str, pd.DataFrame]:
    """Draw the data files of a study, by their names within it, from its own seed or another."""
    study = load_study(folder)
    simulation = read_simulation(study.folder)
    refuse_mismatch(study, simulation)
    return Simulator(study, simulation).files(simulation.seed if seed is None else seed)


def refuse_mismatch(study: Study, simulation: Simulation) -> None:
    """Raise a DataError where the study names what its simulation lacks."""
    faults = Faults(SIMULATION.as_posix())
    if not study.data.panel or not study.treated:
        faults.add("", "only a study with [data] panel and [[treated]] can be simulated")
    for unit in (*(row.unit for row in study.treated), *study.neighbours.units):
        if unit not in simulation.units:
            faults.add("units", f'"{unit}" is named in study.toml and missing here.{did_you_mean(unit, simulation.units)}')
    for outcome in study.outcomes:
        described = simulation.outcomes.get(outcome.id)
        if described is None:
            faults.add(f"outcomes.{outcome.id}", "is an outcome of study.toml and missing here")
        elif described.kind != outcome.kind:
            faults.add(f"outcomes.{outcome.id}.kind", f'is "{described.kind}" here and "{outcome.kind}" in study.toml')
        if outcome.exposure and simulation.exposure is None:
            faults.add("exposure", f"is missing: {outcome.id} has the exposure {outcome.exposure} in study.toml")
    faults.raise_any()


@dataclass(frozen=True)
class Simulator:
    """A study and the description of its data: `files` can be called with many seeds."""

    study: Study
    simulation: Simulation

    def files(self, seed: int) -> dict[str, pd.DataFrame]:
        """File name to table."""
        rng = np.random.default_rng(seed)
        by_file: dict[str, list[Outcome]] = {self.study.data.panel: []}
        for outcome in self.study.outcomes:
            by_file.setdefault(outcome.file or self.study.data.panel, []).append(outcome)
        made = {}
        for (file, outcomes), stream in zip(by_file.items(), rng.spawn(len(by_file)), strict=True):
            described = {one.id: self.simulation.outcomes[one.id] for one in outcomes}
            column = next((one.exposure for one in outcomes if one.exposure), "")
            sizes = self.simulation.exposure
            exposure = (column, sizes) if column and sizes is not None else None
            made[file] = simulate_panel(self.frame(outcomes[0]), described, stream, exposure)
        if self.simulation.dose is not None:
            made[self.study.data.dose] = simulate_dose(self.frame(self.study.primary), self.simulation.dose, rng)
        return made

    def frame(self, outcome: Outcome) -> Frame:
        """Units and periods of the file that holds an outcome."""
        study = self.study
        period = study.period
        if period is None:
            msg = f"{study.id}: only a study with [period] can be simulated"
            raise DataError(msg)
        calendar = Calendar(outcome.period_unit or period.unit)
        first, last = calendar.number(period.first), calendar.number(period.last)
        units = self.simulation.units
        starts = {row.unit: calendar.number(row.start) - first for row in study.treated}
        start = np.array([starts.get(unit, NEVER) for unit in units], dtype=np.int64)
        earliest = min(starts.values())
        beside = np.array([earliest if unit in study.neighbours.units else NEVER for unit in units], dtype=np.int64)
        return Frame(
            units,
            calendar,
            tuple(range(first, last + 1)),
            start,
            beside,
            outcome.unit or study.data.unit,
            outcome.period or study.data.period,
        )


def main(folders: list[str]) -> int:
    """Write the data of the studies in the given folders; the exit code."""
    return command("simulate", simulate_study, folders)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
