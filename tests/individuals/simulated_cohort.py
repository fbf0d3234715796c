"""Invented youth in schools with a planted effect: about 60 with the measure, 90 without, realistic overlap."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from utvardering.data.cohort import Cohort
from utvardering.individuals.persons import Persons
from utvardering.simulate_persons import Missing, draw_cohort, read_simulation
from utvardering.study.load import load_study

EFFECT = -0.5
SSPF = Path(__file__).parents[2] / "studies" / "sspf"
FAR_SEEDS = 1_000_000  # far from the seed of the kept file


@cache
def _sspf():
    study = load_study(SSPF)
    return study, read_simulation(study.folder)


def sspf_effect():
    """The effect on the primary outcome that `simulation.toml` plants."""
    return _sspf()[1].outcomes["normbrytande"].effect


def sspf(seed, *, missing, schools=12):
    """The youth of studies/sspf with another seed; missing: a fifth lack the second wave after the start, else nobody."""
    study, simulation = _sspf()
    simulation = replace(simulation, groups=simulation.groups[:schools])
    before = simulation.waves.index(study.data.last_wave_before)
    gaps = Missing({4: 0.19}, simulation.missing.by, simulation.missing.treated) if missing else Missing({})
    drawn = draw_cohort(simulation, study.primary.id, before, FAR_SEEDS + seed, gaps)
    values = drawn.outcomes[study.primary.id]
    covariates = np.column_stack([drawn.covariates[name] for name in study.estimation.covariates])
    return Persons(values[:, before], values[:, before + 1 :], drawn.treated, drawn.group, covariates, np.ones(len(values)))


def logistic(index):
    return 1 / (1 + np.exp(-index))


def by_starting_point(seed, *, missing, n=150, schools=12):
    """Who gets the measure depends on behaviour and age before, which is why youth chosen at a peak fall back anyway.

    missing: about a fifth lack the second wave, the more often the worse their behaviour was before.
    """
    rng = np.random.default_rng(seed)
    school = rng.integers(schools, size=n)
    age, trait = rng.normal(size=(2, n))
    baseline = trait + 0.3 * age + rng.normal(0, 0.3, schools)[school] + rng.normal(0, 0.7, n)
    treated = rng.random(n) < logistic(-0.45 + 0.6 * baseline + 0.3 * age + rng.normal(0, 0.3, schools)[school])
    after = 0.3 + 0.6 * baseline + 0.2 * age + rng.normal(0, 0.25, schools)[school] + rng.normal(0, 0.8, n)
    return _persons(rng, baseline, after, treated, school, age, missing)


def by_trait(seed, *, missing, n=150, schools=12):
    """Who gets the measure depends on a lasting trait that nobody measured, and on age, which bears on the change too."""
    rng = np.random.default_rng(seed)
    school = rng.integers(schools, size=n)
    age, trait = rng.normal(size=(2, n))
    treated = rng.random(n) < logistic(-0.45 + 0.6 * trait + 0.3 * age + rng.normal(0, 0.3, schools)[school])
    baseline = trait + 0.3 * age + rng.normal(0, 0.3, schools)[school] + rng.normal(0, 0.6, n)
    after = trait + 0.7 * age + 0.2 + rng.normal(0, 0.3, schools)[school] + rng.normal(0, 0.6, n)
    return _persons(rng, baseline, after, treated, school, age, missing)


def by_lottery(seed, *, treated_each=4, n_each=10, schools=4):
    """A lottery within few schools, with outliers in the changes."""
    rng = np.random.default_rng(seed)
    school = np.repeat(np.arange(schools), n_each)
    treated = np.concatenate([rng.permutation(n_each) < treated_each for _ in range(schools)])
    baseline, age = rng.normal(size=(2, len(school)))
    after = 0.6 * baseline + rng.normal(0, 0.5, schools)[school] + rng.standard_t(3, len(school))
    return _persons(rng, baseline, after, treated, school, age, missing=False)


def _persons(rng, baseline, after, treated, school, age, missing):
    after = after + EFFECT * treated
    if missing:
        after = np.where(rng.random(len(after)) < logistic(1.6 - 0.5 * baseline - 0.3 * treated), after, np.nan)
    return Persons(baseline, after[:, None], treated, school, age[:, None], np.ones(len(after)))


def cohort_of(persons, *, waves=(0, 1, 2), level=5.0, seed=1):
    """The persons as a cohort whose column is `normbrytande`, with an earlier wave like the last before."""
    rng = np.random.default_rng(seed)
    earlier = persons.baseline + rng.normal(0, 0.3, len(persons.baseline))
    values = np.column_stack([earlier, persons.baseline, persons.after]) + level
    return Cohort(
        waves=waves,
        last_before=1,
        outcomes={"normbrytande": values},
        treated=persons.treated,
        group=persons.group,
        grouped=True,
        covariates={"alder": persons.covariates[:, 0]},
    )
