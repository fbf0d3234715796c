"""Adjusted comparison: by how much did treated areas change more than others that were alike in the causes of both?

Δ_i = α + τ D_i + β·x_i + ε_i over areas: Δ the change of the outcome, D whether the area got the measure, x what it was like
before the start. What x holds follows from `[causal_model]` by identification; without a graph it is `[estimation] covariates`.
A graph from which the effect cannot be had by adjustment gives a DesignError and no number.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from utvardering.causal.identify import identify
from utvardering.errors import DesignError
from utvardering.estimators.base import RANDOMIZED, Estimate, Job, Result, from_cluster, from_placebo
from utvardering.estimators.cross_section import CrossSection, cross_section
from utvardering.inference.cluster import cluster_covariance, cluster_test
from utvardering.inference.randomization import PlaceboTest, studentised_placebo_test
from utvardering.inference.reassignment import Reassignments, reassign
from utvardering.inference.wild_bootstrap import ClusterSums, wild_bootstrap
from utvardering.study.causal_graph import causal_graph


@dataclass(frozen=True)
class Projected:
    """What is left of change and treatment once the others are taken out by weighted least squares.

    basis (N, r): orthonormal, √w times the intercept and the others; information: Σ w D̃².
    """

    change: NDArray[np.float64]
    treatment: NDArray[np.float64]
    basis: NDArray[np.float64]
    information: float

    @property
    def n_parameters(self) -> int:
        """Intercept, others and treatment, as far as they can be told apart."""
        return self.basis.shape[1] + 1


def adjusted(job: Job) -> Result:
    """Estimate the effect on areas by a linear regression of their change on treatment and what is adjusted for.

    Raises DesignError where the causal model does not give the effect by adjustment, starts differ, or treatment follows from
    what is adjusted for.
    """
    section = cross_section(job.sample, job.outcome, adjusted_for(job))
    left = project(section)
    if left.information <= 1e-12 * section.weight.sum() or len(section.change) <= left.n_parameters:  # rounding
        msg = (
            f"{job.outcome.id}: who got the measure follows from what is adjusted for, or too few areas are left "
            f"({len(section.change)} for {left.n_parameters} parameters), so no effect can be told apart; adjust for less"
        )
        raise DesignError(msg)
    estimate = float(np.sum(section.weight * left.treatment * left.change) / left.information)
    rows = tuple(_row(job, section, left, estimate, inference) for inference in job.inferences)
    return Result(rows, section.n_obs)


def adjusted_for(job: Job) -> tuple[str, ...]:
    """The names to adjust for: by the causal model, else the plan's covariates."""
    if not job.causal_model.edges:
        return job.estimation.covariates
    graph = causal_graph(job.causal_model)
    if job.outcome.id not in graph.effects("start"):
        msg = (
            f"{job.outcome.id}: [causal_model] does not say what causes it, so nothing tells what to adjust for; "
            f'write such as "start -> {job.outcome.id}"'
        )
        raise DesignError(msg)
    found = identify(graph, job.outcome.id)
    if found.kind != "backdoor":
        raise DesignError(found.sentence(job.language))
    return found.adjustment


def project(section: CrossSection) -> Projected:
    """Take intercept and others out of change and treatment (Frisch–Waugh–Lovell), also where they are collinear."""
    root = np.sqrt(section.weight)
    design = np.column_stack([np.ones(len(root)), section.others]) * root[:, None]
    left, sizes, _ = np.linalg.svd(design, full_matrices=False)
    basis = left[:, sizes > 1e-10 * sizes[0]]  # columns that are sums of others, up to rounding

    def rest(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(values - basis @ (basis.T @ (root * values)) / root, dtype=np.float64)

    treatment = rest(section.treated.astype(float))
    return Projected(rest(section.change), treatment, basis, float(np.sum(section.weight * treatment**2)))


def _row(job: Job, section: CrossSection, left: Projected, estimate: float, inference: str) -> Estimate:
    scale, level, note = section.scale, job.estimation.level, section.note
    if inference in RANDOMIZED:
        profile = np.where(section.treated, 0, -1).astype(np.intp)
        draws = reassign(profile, job.rng(), strata=section.sample.strata, draws=job.draws)
        test = placebo_test(section, left, draws, level)
        return from_placebo(test, job, estimand="att", scale=scale, estimate=estimate, note=note)
    if inference == "wild_bootstrap":
        found = wild_bootstrap(_sums(section, left), job.rng(), draws=job.draws, level=level)
        said = "; ".join(part for part in (note, found.note) if part)
        row = from_cluster(found.test, estimand="att", scale=scale, estimate=estimate, note=said)
        return replace(row, inference="wild_bootstrap", p_smallest=found.p_smallest)
    influence = section.weight * left.treatment * (left.change - estimate * left.treatment) / left.information
    if inference == "analytic":
        return _analytic(section, left, estimate, influence, level)
    cluster = section.sample.cluster
    variance = cluster_covariance(influence[:, None], cluster, len(influence), left.n_parameters)
    tested = cluster_test(estimate, float(variance[0, 0]), len(np.unique(cluster)), level)
    return from_cluster(tested, estimand="att", scale=scale, estimate=estimate, note=note)


def _analytic(
    section: CrossSection, left: Projected, estimate: float, influence: NDArray[np.float64], level: float
) -> Estimate:
    """HC3: each residual as if its own area had not been in the fit (MacKinnon & White 1985, J. Econometrics 29:305)."""
    own = (left.basis**2).sum(axis=1) + section.weight * left.treatment**2 / left.information
    if own.max() > 1 - 1e-9:  # rounding: such an area is fitted exactly, and its noise is not seen
        msg = (
            "no analytic standard error: an area is fitted exactly, as the only treated one is; "
            'write inference = "randomization"'
        )
        raise DesignError(msg)
    variance = float(np.sum((influence / (1 - own)) ** 2))
    freedom = len(influence) - left.n_parameters
    row = from_cluster(
        cluster_test(estimate, variance, freedom + 1, level),
        estimand="att",
        scale=section.scale,
        estimate=estimate,
        note=section.note,
    )
    return replace(row, inference="analytic")


def placebo_test(section: CrossSection, left: Projected, draws: Reassignments, level: float) -> PlaceboTest:
    """The studentised placebo test of residuals on what is adjusted for.

    The score of a re-assignment S is Σ_S w ỹ; since ỹ = M y with M the projection, its variance is Σ_i v_i w_i² (M 1_S)_i²,
    with v the predicted noise: areas unlike the others in x, whose change is taken up by the fit, count for less.
    """
    weight, root = section.weight, np.sqrt(section.weight)
    regressor = left.basis / root[:, None]
    noise = section.noise * weight**2
    on = np.column_stack([draws.total((root * column)[:, None]) for column in left.basis.T])
    cross = np.column_stack([draws.total((noise * column)[:, None]) for column in regressor.T])
    whole = regressor.T @ (noise[:, None] * regressor)
    variance = draws.total(noise[:, None]) - 2 * (cross * on).sum(axis=1) + np.einsum("rj,jk,rk->r", on, whole, on)
    sd = np.sqrt(np.maximum(variance, np.finfo(float).tiny))
    score, slope = (draws.total((weight * values)[:, None]) for values in (left.change, left.treatment))
    return studentised_placebo_test(score, slope, sd, draws.p_smallest, level)


def _sums(section: CrossSection, left: Projected) -> ClusterSums:
    """Sums within clusters for the wild bootstrap, in which intercept and others are fitted anew."""
    codes = np.unique(section.sample.cluster, return_inverse=True)[1]
    count = int(codes.max()) + 1
    weight, regressor = section.weight, left.basis / np.sqrt(section.weight)[:, None]

    def summed(values: NDArray[np.float64]) -> NDArray[np.float64]:
        out = np.zeros((count, *values.shape[1:]))
        np.add.at(out, codes, values)
        return out

    freedom = (len(weight) - 1) / (len(weight) - left.n_parameters)
    return ClusterSums(
        outcome=summed(weight * left.treatment * left.change),
        treatment=summed(weight * left.treatment**2),
        leverage=summed((weight * left.treatment)[:, None] * regressor),
        outcome_on=summed((weight * left.change)[:, None] * regressor),
        treatment_on=summed((weight * left.treatment)[:, None] * regressor),
        inverse=np.eye(regressor.shape[1]),  # the basis is orthonormal
        treated=summed(section.treated.astype(float)) > 0,
        factor=count / max(count - 1, 1) * freedom,
    )
