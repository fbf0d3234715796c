"""Two-way fixed effects: by how much did the treated change more than the comparison?

y_it = α_i + λ_t + τ D_it + ε_it. With a common start and no weights τ is the treated units' mean change less the comparison
units'. With staggered starts τ is a weighted mean in which weights can be negative (Goodman-Bacon 2021; de Chaisemartin &
D'Haultfœuille 2020): the check `staggered` then stops the number.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from utvardering.data.panel import Sample
from utvardering.errors import DesignError
from utvardering.estimators.absorb import Absorbed, absorb
from utvardering.estimators.base import (
    RANDOMIZED,
    Estimate,
    Job,
    Result,
    additive_values,
    from_cluster,
    from_placebo,
    profiles,
    require_periods,
    without_anticipation,
)
from utvardering.estimators.cluster_sums import cluster_sums
from utvardering.inference.cluster import cluster_covariance, cluster_test
from utvardering.inference.noise import predicted_variance, seen_mean
from utvardering.inference.randomization import LinearScores, linear_placebo_test
from utvardering.inference.reassignment import reassign
from utvardering.inference.wild_bootstrap import wild_bootstrap


def did(job: Job) -> Result:
    """Estimate the mean effect on the treated by two-way fixed effects.

    Raises DesignError where treatment does not vary once unit and period effects are taken out.
    """
    require_periods(job.sample, job.outcome)
    sample = without_anticipation(job.sample)
    values, scale = additive_values(sample, job.outcome)
    taken = absorb(sample, (values, sample.grid.treatment), job.estimation.covariates)
    outcome, treatment = taken.residuals
    information = np.nansum(taken.weights * treatment**2)
    if information <= 1e-12 * np.sum(taken.weights):  # rounding of a treatment that the effects explain wholly
        msg = f"{job.outcome.id}: treatment does not differ between units within periods, so no effect can be told apart"
        raise DesignError(msg)
    estimate = float(np.nansum(taken.weights * treatment * outcome) / information)
    rows = []
    for inference in job.inferences:
        if inference in RANDOMIZED:
            draws = reassign(profiles(sample.grid.treatment)[0], job.rng(), strata=sample.strata, draws=job.draws)
            scores = placebo_scores(sample, taken, unit_noise(sample, values))
            test = linear_placebo_test(scores, draws, job.estimation.level)
            rows.append(from_placebo(test, job, estimand="att", scale=scale, estimate=estimate))
        elif inference == "wild_bootstrap":
            rows.append(_bootstrapped(job, sample, taken, scale))
        else:
            error = outcome - estimate * treatment
            influence = np.nansum(taken.weights * treatment * error, axis=1)[:, None] / information
            variance = cluster_covariance(influence, sample.cluster, taken.n_obs, taken.n_parameters + 1)
            clusters = len(np.unique(sample.cluster))
            cluster = cluster_test(estimate, float(variance[0, 0]), clusters, job.estimation.level)
            rows.append(from_cluster(cluster, estimand="att", scale=scale, estimate=estimate))
    return Result(tuple(rows), taken.n_obs)


def _bootstrapped(job: Job, sample: Sample, taken: Absorbed, scale: str) -> Estimate:
    """The estimate with a wild cluster bootstrap; its standard error is the clustered one."""
    covariates = [sample.grid.covariates[name] for name in job.estimation.covariates]
    sums = cluster_sums(sample, taken, covariates)
    found = wild_bootstrap(sums, job.rng(), draws=job.draws, level=job.estimation.level)
    estimate = float(sums.outcome.sum() / sums.treatment.sum())
    row = from_cluster(found.test, estimand="att", scale=scale, estimate=estimate, note=found.note)
    return replace(row, inference="wild_bootstrap", p_smallest=found.p_smallest)


def placebo_scores(sample: Sample, taken: Absorbed, noise: NDArray[np.float64]) -> LinearScores:
    """Scores of every unit under every treatment profile, from residuals that single out nobody; noise (N,) is a variance.

    score_ig = Σ_t w_it D_gt M(y)_it and slope_ig = Σ_t w_it D_gt M(D)_it, with M the projection of `absorb`; the actual
    treated units then solve score = τ · slope at the fixed-effects estimate.
    """
    _, courses = profiles(sample.grid.treatment)
    outcome, treatment = (np.nan_to_num(residual) for residual in taken.residuals)
    weights = taken.weights
    centred = courses - courses.mean(axis=1, keepdims=True)
    mass = weights.sum(axis=1) / weights.sum()
    return LinearScores(
        score=(weights * outcome) @ courses.T,
        slope=(weights * treatment) @ courses.T,
        spread=noise[:, None] * ((weights**2 * ~np.isnan(taken.residuals[0])) @ (centred**2).T),
        mass=mass,
    )


def unit_noise(sample: Sample, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N,) predicted noise variance of each unit from the periods before the first start and from its size."""
    first = max(int(sample.start[sample.treated].min()) - sample.anticipation, 1)
    size = None
    if sample.grid.exposure is not None:
        size = seen_mean(sample.grid.exposure[:, :first], 1)[:, 0]
        size = np.where(np.isnan(size), np.nanmean(size), size)
    return predicted_variance(values[:, :first], size)
