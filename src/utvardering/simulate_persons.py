"""What would a cohort look like if the effect were known? Persons in groups, waves, and a measure that some of them got.

Every person has a lasting situation that nobody measures; covariates and outcomes lean on it. Who gets the measure is drawn
with a probability from what the file holds before the start (`[start]`), so that the planned analysis, which adjusts for
just that, can be right. The measure adds to the outcomes of the waves after the start. Who is missing from a wave is drawn
with a probability from the primary outcome before the start and the arm.

`python -m utvardering.simulate_persons studies/sspf` writes a study's cohort anew from `data/simulation.toml`.
"""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from pydantic import TypeAdapter, ValidationError

from utvardering.data.faults import Faults
from utvardering.errors import DataError
from utvardering.simulated_files import command
from utvardering.study.load import load_study

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from utvardering.study.model import Study

SIMULATION = Path("data") / "simulation.toml"


@dataclass(frozen=True)
class SimulatedCovariate:
    """What is known of a person before the start.

    kind      number: normal around `level`; count: Poisson around it; yes: 1 with the probability `level`, else 0
    spread    standard deviation of a number; of the logarithm of the mean of a count; of the logit of a yes
    lean      correlation of that part with the lasting situation, -1 to 1
    decimals  to which a number is written
    """

    kind: Literal["number", "count", "yes"]
    level: float
    spread: float
    lean: float = 0.0
    decimals: int = 0


@dataclass(frozen=True)
class SimulatedMeasure:
    """How an outcome comes about, in its own unit.

    level     mean in the first wave
    trend     what all persons change by from wave to wave
    effect    of the measure, in each wave after the start
    spread    standard deviation of the lasting part of a person; `lean` is its correlation with the lasting situation
    by        covariate to what a standard deviation of it adds
    group     standard deviation of the groups' means
    noise     standard deviation of what is of one wave only
    decimals  to which it is written
    """

    level: float
    spread: float
    noise: float
    effect: float = 0.0
    trend: float = 0.0
    lean: float = 0.0
    group: float = 0.0
    by: dict[str, float] = field(default_factory=dict)
    decimals: int = 0


@dataclass(frozen=True)
class Start:
    """Who gets the measure: the logit is constant + group + Σ by × column in standard deviations.

    A column of `by` is a covariate, or an outcome in the last wave before the start.
    """

    constant: float
    by: dict[str, float]
    group: float = 0.0


@dataclass(frozen=True)
class Missing:
    """Who is missing from a wave.

    share  wave to the share of persons who are; by, treated: what a standard deviation of the primary outcome before the
    start, and the measure, add to the logit
    """

    share: dict[int, float]
    by: float = 0.0
    treated: float = 0.0


@dataclass(frozen=True)
class SimulatedCohort:
    """The whole of `data/simulation.toml`; the study file says which column is what and which wave is the last before."""

    seed: int
    persons: int
    groups: tuple[str, ...]
    waves: tuple[int, ...]
    covariates: dict[str, SimulatedCovariate]
    outcomes: dict[str, SimulatedMeasure]
    start: Start
    missing: Missing


@dataclass(frozen=True)
class Drawn:
    """P persons × W waves as drawn: covariates (P,), outcomes (P, W), NaN in a wave from which the person is missing."""

    group: NDArray[np.int64]
    treated: NDArray[np.bool_]
    covariates: dict[str, NDArray[np.float64]]
    outcomes: dict[str, NDArray[np.float64]]


def draw_cohort(
    simulation: SimulatedCohort, primary: str, last_before: int, seed: int, missing: Missing | None = None
) -> Drawn:
    """Draw a cohort; `last_before` is the position of the last wave before the start, `missing` replaces that of the file.

    Each part has its own stream of random numbers: the same persons are drawn whoever is missing.
    """
    missing = simulation.missing if missing is None else missing
    base, traits, noises, arms, gaps = np.random.default_rng(seed).spawn(5)
    count = simulation.persons
    group = base.integers(len(simulation.groups), size=count)
    situation = base.standard_normal(count)
    covariates = {name: _covariate(one, situation, traits) for name, one in simulation.covariates.items()}
    outcomes = {
        name: _without_measure(simulation, one, covariates, situation, group, noises)
        for name, one in simulation.outcomes.items()
    }
    logit = simulation.start.constant + simulation.start.group * arms.standard_normal(len(simulation.groups))[group]
    known = covariates | {name: values[:, last_before] for name, values in outcomes.items()}
    for name, part in simulation.start.by.items():
        logit = logit + part * _standardised(known[name])
    treated = arms.random(count) < _logistic(logit)
    for name, one in simulation.outcomes.items():
        outcomes[name][:, last_before + 1 :] += one.effect * treated[:, None]
    peak = _standardised(known[primary])
    for place, wave in enumerate(simulation.waves):
        share = missing.share.get(wave, 0.0)
        chance = gaps.random(count)
        if share > 0:
            gone = chance < _logistic(np.log(share / (1 - share)) + missing.by * peak + missing.treated * treated)
            for values in outcomes.values():
                values[gone, place] = np.nan
    return Drawn(group, treated, covariates, outcomes)


def _covariate(one: SimulatedCovariate, situation: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    part = one.spread * (one.lean * situation + np.sqrt(1 - one.lean**2) * rng.standard_normal(len(situation)))
    if one.kind == "number":
        return np.asarray(np.round(one.level + part, one.decimals))
    if one.kind == "count":
        return rng.poisson(one.level * np.exp(part - one.spread**2 / 2)).astype(np.float64)
    logit = np.log(one.level / (1 - one.level))
    return (rng.random(len(situation)) < _logistic(logit + part)).astype(np.float64)


def _without_measure(
    simulation: SimulatedCohort,
    one: SimulatedMeasure,
    covariates: dict[str, NDArray[np.float64]],
    situation: NDArray[np.float64],
    group: NDArray[np.int64],
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """(P, W) one outcome had nobody got the measure."""
    count, waves = len(situation), len(simulation.waves)
    lasting = one.spread * (one.lean * situation + np.sqrt(1 - one.lean**2) * rng.standard_normal(count))
    for name, part in one.by.items():
        lasting = lasting + part * _standardised(covariates[name])
    lasting = lasting + one.group * rng.standard_normal(len(simulation.groups))[group]
    values = one.level + one.trend * np.arange(waves) + lasting[:, None] + one.noise * rng.standard_normal((count, waves))
    return np.asarray(np.round(values, one.decimals))


def _standardised(values: NDArray[np.float64]) -> NDArray[np.float64]:
    spread = values.std()
    return (values - values.mean()) / spread if spread > 0 else np.zeros(len(values))


def _logistic(index: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-index)))


def table_of(study: Study, simulation: SimulatedCohort, drawn: Drawn) -> pd.DataFrame:
    """Rows per person and wave, without those of waves from which the person is missing; pseudonyms in a drawn order."""
    data, count, waves = study.data, len(drawn.group), simulation.waves
    order = np.random.default_rng([simulation.seed, count]).permutation(count)
    names = np.array([f"U{1000 + place}" for place in range(count)], dtype=object)
    person = np.repeat(order, len(waves))
    place = np.tile(np.arange(len(waves)), count)
    columns: dict[str, NDArray[Any]] = {
        data.person: np.repeat(names, len(waves)),
        data.wave: np.array(waves)[place],
        data.treated: drawn.treated[person].astype(np.int64),
        data.group: np.array(simulation.groups, dtype=object)[drawn.group[person]],
    }
    for name, one in simulation.covariates.items():
        columns[name] = _written(drawn.covariates[name][person], one.decimals)
    there = np.ones(len(person), dtype=bool)
    for name in simulation.outcomes:
        there &= np.isfinite(drawn.outcomes[name][person, place])
    frame = pd.DataFrame(columns)
    for name, measure in simulation.outcomes.items():
        values = np.where(there, drawn.outcomes[name][person, place], 0.0)
        frame[name] = _written(values, measure.decimals)
    return frame[there].reset_index(drop=True)


def _written(values: NDArray[np.float64], decimals: int) -> NDArray[Any]:
    return values.astype(np.int64) if decimals == 0 else np.round(values, decimals)


def read_simulation(folder: Path) -> SimulatedCohort:
    """Read how a study's cohort is simulated; a DataError where the description is absent or wrong."""
    path = folder / SIMULATION
    if not path.is_file():
        msg = f"{SIMULATION.as_posix()}: there is no such file in {folder.name}, so its data are not simulated here"
        raise DataError(msg)
    try:
        return TypeAdapter(SimulatedCohort).validate_python(tomllib.loads(path.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as error:
        msg = f"{SIMULATION.as_posix()}: is not TOML: {error}"
        raise DataError(msg) from error
    except ValidationError as error:
        found = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        msg = f"{SIMULATION.as_posix()}: {found}"
        raise DataError(msg) from error


def refuse_mismatch(study: Study, simulation: SimulatedCohort) -> None:
    """Raise a DataError where study and simulation do not speak of the same columns and waves."""
    faults = Faults(SIMULATION.as_posix())
    if study.study.design != "individuals":
        faults.add("", 'only a study with design = "individuals" has a cohort to simulate')
    for outcome in study.outcomes:
        if outcome.id not in simulation.outcomes:
            faults.add(f"outcomes.{outcome.id}", "is an outcome of study.toml and missing here")
    for name in study.estimation.covariates if study.estimation else ():
        if name not in simulation.covariates:
            faults.add(f"covariates.{name}", "is a covariate of study.toml and missing here")
    for name in simulation.start.by:
        if name not in simulation.covariates and name not in simulation.outcomes:
            faults.add(f"start.by.{name}", "is neither a covariate nor an outcome")
    if study.data.last_wave_before not in simulation.waves[:-1]:
        faults.add("waves", f"need last_wave_before = {study.data.last_wave_before} of study.toml, and a wave after it")
    faults.raise_any()


def simulate_study(folder: str | Path, seed: int | None = None) -> dict[str, pd.DataFrame]:
    """Draw the cohort of a study, by the name of its file, from its own seed or another."""
    study = load_study(folder)
    simulation = read_simulation(study.folder)
    refuse_mismatch(study, simulation)
    before = simulation.waves.index(study.data.last_wave_before or 0)
    drawn = draw_cohort(simulation, study.primary.id, before, simulation.seed if seed is None else seed)
    return {study.data.cohort: table_of(study, simulation, drawn)}


def main(folders: list[str]) -> int:
    """Write the cohorts of the studies in the given folders; the exit code."""
    return command("simulate_persons", simulate_study, folders)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
