"""What would one series look like if the effect were known? Outcomes over time with trend, season, holidays and AR(1) noise.

As in `simulate.py` counts are negative binomial around exp(season + trend + AR(1)); a holiday multiplies the parts of the
year that it covers, and what happens in the surroundings (`common`, `common_persistence`) moves every outcome of the series
alike, by its own `share_of_common`: that is what a control series can show.

`python -m utvardering.simulate_series studies/webbplats` writes a study's series anew from `data/simulation.toml`.
"""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pydantic import TypeAdapter, ValidationError

from utvardering.data.calendar import Calendar
from utvardering.data.faults import Faults
from utvardering.data.panel import NEVER
from utvardering.errors import DataError
from utvardering.simulate import PER, SIMULATION, Frame, SimulatedOutcome, simulate_outcome
from utvardering.simulated_files import command
from utvardering.study.load import load_study

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from utvardering.study.model import Study


@dataclass(frozen=True)
class SeriesOutcome(SimulatedOutcome):
    """One outcome of a series: as in `simulate.py`, with holidays and a share of what moves all outcomes.

    holidays         part of the year (for months "1" … "12") to the relative change in it, -0.30 for three tenths fewer
    share_of_common  by which the common part, in logarithms, is multiplied before it is added
    """

    holidays: dict[str, float] = field(default_factory=dict)
    share_of_common: float = 0.0


@dataclass(frozen=True)
class SeriesSimulation:
    """The whole of `data/simulation.toml` of a series; the study file says when the measure began.

    common, common_persistence  standard deviation and autocorrelation of what moves every outcome
    """

    seed: int
    outcomes: dict[str, SeriesOutcome]
    common: float = 0.0
    common_persistence: float = 0.0


def simulate_series(frame: Frame, simulation: SeriesSimulation, rng: np.random.Generator) -> pd.DataFrame:
    """Draw a row per period: the period column of a `frame` with one unit, and each outcome from a stream of its own."""
    first, *streams = rng.spawn(1 + len(simulation.outcomes))
    common = _walk(len(frame.periods), simulation.common_persistence, first) * simulation.common
    columns = {frame.period_column: [frame.calendar.label(number) for number in frame.periods]}
    place = np.array(frame.periods) % frame.calendar.per_year + 1
    for (name, outcome), stream in zip(simulation.outcomes.items(), streams, strict=True):
        holidays = np.array([outcome.holidays.get(str(part), 0.0) for part in place])
        sizes = PER * np.exp(outcome.share_of_common * common) * (1 + holidays)
        columns[name] = simulate_outcome(frame, outcome, sizes[None, :], stream)[0].astype(np.int64)
    return pd.DataFrame(columns)


def _walk(length: int, persistence: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """(T,) AR(1) of variance 1, in its stationary law from the first period on."""
    fresh = rng.standard_normal(length)
    walk = fresh.copy()
    for period in range(1, length):
        walk[period] = persistence * walk[period - 1] + np.sqrt(1 - persistence**2) * fresh[period]
    return walk


def read_simulation(folder: Path) -> SeriesSimulation:
    """Read how a series is simulated; a DataError where the description is absent or wrong."""
    path = folder / SIMULATION
    if not path.is_file():
        msg = f"{SIMULATION.as_posix()}: there is no such file in {folder.name}, so its data are not simulated here"
        raise DataError(msg)
    try:
        return TypeAdapter(SeriesSimulation).validate_python(tomllib.loads(path.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as error:
        msg = f"{SIMULATION.as_posix()}: is not TOML: {error}"
        raise DataError(msg) from error
    except ValidationError as error:
        found = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        msg = f"{SIMULATION.as_posix()}: {found}"
        raise DataError(msg) from error


def simulate_study(folder: str | Path, seed: int | None = None) -> dict[str, pd.DataFrame]:
    """Draw the file of a study of one series, by its name within the study, from its own seed or another."""
    study = load_study(folder)
    simulation = read_simulation(study.folder)
    refuse_mismatch(study, simulation)
    return {study.data.series: simulate_series(frame_of(study), simulation, np.random.default_rng(seed or simulation.seed))}


def frame_of(study: Study) -> Frame:
    """The periods of a study of one series, with its start."""
    if study.period is None or study.measure.start is None or not study.data.series:
        msg = f"{study.id}: only a study with [data] series, [period] and [measure] start can be simulated here"
        raise DataError(msg)
    calendar = Calendar(study.period.unit)
    first, last = calendar.number(study.period.first), calendar.number(study.period.last)
    start = np.array([calendar.number(study.measure.start) - first])
    return Frame(
        ("series",), calendar, tuple(range(first, last + 1)), start, np.array([NEVER]), period_column=study.data.period
    )


def refuse_mismatch(study: Study, simulation: SeriesSimulation) -> None:
    """Raise a DataError where the study names what its simulation lacks, or what this program does not simulate."""
    faults = Faults(SIMULATION.as_posix())
    for outcome in study.outcomes:
        described = simulation.outcomes.get(outcome.id)
        if described is None:
            faults.add(f"outcomes.{outcome.id}", "is an outcome of study.toml and missing here")
        elif outcome.kind != "count" or described.kind != "count":
            faults.add(f"outcomes.{outcome.id}.kind", "a series is simulated as counts only")
    faults.raise_any()


def main(folders: list[str]) -> int:
    """Write the series of the studies in the given folders; the exit code."""
    return command("simulate_series", simulate_study, folders)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
