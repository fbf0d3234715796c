"""Would the effect be as large if each cluster's residuals had another sign? The restricted wild cluster bootstrap.

For a hypothesised effect τ₀ the model is fitted with the effect fixed there; the residuals of each cluster are multiplied by
a random weight of mean 0 and variance 1, the model is fitted anew, and |τ* − τ₀| ÷ SE* is compared with |τ̂ − τ₀| ÷ SE, both
with the clustered variance (WCR: Cameron, Gelbach & Miller 2008, Rev. Econ. Stat. 90:414; called WCR-C, or WCR₁₁, by
MacKinnon, Nielsen & Webb 2023, J. Appl. Econometrics 38:671). Nothing is fitted anew in fact: all that a draw needs
are sums over clusters (there, section 3), and both its estimate and its variance are polynomials in τ₀, so that the
interval by inversion costs no more draws.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from utvardering.errors import DesignError
from utvardering.inference.cluster import ClusterTest
from utvardering.inference.randomization import BROKEN, INNER, TIE, with_zero
from utvardering.study.analysis_rules import FEWEST_FOR_WILD_BOOTSTRAP

WEBB_BELOW = 12
"""With fewer clusters there are so few patterns of signs that six-point weights are drawn (Webb 2023, Can. J. Econ. 56:839)."""

_SIX_POINTS = np.sqrt(np.array([0.5, 1.0, 1.5]))
_SIX = np.concatenate([-_SIX_POINTS, _SIX_POINTS])
_CELLS = 4_000_000  # draws × clusters held at once: 32 MB
_FARTHEST = 1e6  # standard errors: an effect not rejected there is not rejected anywhere
_STEPS = 45  # places on either side at which the set of effects is searched for its edge
_HALVINGS = 24  # of a step, which is up to a third of the distance: limits are then known to 1e-7 of it


@dataclass(frozen=True)
class ClusterSums:
    """What a least-squares fit with one effect and other regressors X leaves, summed within each of G clusters.

    outcome    (G,) Σ w D̃ỹ with ỹ and D̃ the residuals of outcome and treatment on X
    treatment  (G,) Σ w D̃²
    leverage   (G, K) Σ w D̃x for the K regressors that are not constant within clusters
    outcome_on, treatment_on  (G, K) Σ w xỹ and Σ w xD̃
    inverse    (K, K) a generalised inverse of Σ w x xᵀ, each x less its weighted mean over the cells of its unit
    treated    (G,) whether a unit of the cluster got the measure
    factor     of the clustered variance, for clusters and parameters
    """

    outcome: NDArray[np.float64]
    treatment: NDArray[np.float64]
    leverage: NDArray[np.float64]
    outcome_on: NDArray[np.float64]
    treatment_on: NDArray[np.float64]
    inverse: NDArray[np.float64]
    treated: NDArray[np.bool_]
    factor: float


@dataclass(frozen=True)
class BootstrapTest:
    """p-value and intervals of a wild bootstrap, with the clustered standard error, and the smallest p-value it can reach."""

    test: ClusterTest
    p_smallest: float
    note: str


@dataclass(frozen=True)
class _Draws:
    """(R,) coefficients in τ₀ of each draw's score n₀ − n₁τ₀ and of its variance v₀ + v₁τ₀ + v₂τ₀²; row 0 is the data."""

    score: tuple[NDArray[np.float64], NDArray[np.float64]]
    variance: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]

    def p_value(self, effect: float) -> float:
        """Share of draws whose |t| is at least that of the data, which count themselves."""
        score = self.score[0] - self.score[1] * effect
        variance = self.variance[0] + self.variance[1] * effect + self.variance[2] * effect**2
        square = np.divide(score**2, variance, out=np.zeros_like(score), where=variance > 0)
        return float(np.mean(square >= square[0] * (1 - TIE)))


def wild_bootstrap(sums: ClusterSums, rng: np.random.Generator, *, draws: int, level: float) -> BootstrapTest:
    """Test of no effect and interval by inversion, over `draws` draws or over all patterns of signs where they are no more.

    Raises DesignError with fewer than five treated or five untreated clusters: there the treated clusters' residuals under
    the hypothesis are so large, and of so few signs, that the test rejects next to nothing (MacKinnon & Webb 2018, Econom. J.
    21:114).
    """
    _require_clusters(sums.treated)
    information = sums.treatment.sum()
    estimate = float(sums.outcome.sum() / information)
    std_error = float(np.sqrt(sums.factor * np.sum((sums.outcome - estimate * sums.treatment) ** 2)) / information)
    clusters = len(sums.outcome)
    found, p_smallest, kind = _drawn(sums, rng, draws)
    if std_error <= TIE * abs(estimate):  # no noise is left: nothing but the estimate itself fits the data
        p = 1.0 if estimate == 0 else p_smallest
        return BootstrapTest(ClusterTest(std_error, p, estimate, estimate, estimate, estimate, clusters), p_smallest, kind)
    p = found.p_value(0.0)
    limits, broken = _intervals(found.p_value, estimate, std_error, (1 - level, 1 - INNER))
    (low, high), (inner_low, inner_high) = (
        with_zero(*pair, p, alpha) for pair, alpha in zip(limits, (1 - level, 1 - INNER), strict=True)
    )
    test = ClusterTest(std_error, p, low, high, inner_low, inner_high, clusters)
    return BootstrapTest(test, p_smallest, "; ".join(part for part in (kind, broken) if part))


def _require_clusters(treated: NDArray[np.bool_]) -> None:
    for count, name in ((int(treated.sum()), "treated"), (int((~treated).sum()), "untreated")):
        if count < FEWEST_FOR_WILD_BOOTSTRAP:
            msg = (
                f"the wild bootstrap needs at least {FEWEST_FOR_WILD_BOOTSTRAP} {name} clusters, found {count}: "
                'with so few it never rejects; write inference = "randomization"'
            )
            raise DesignError(msg)


def _drawn(sums: ClusterSums, rng: np.random.Generator, draws: int) -> tuple[_Draws, float, str]:
    """The draws, the smallest p-value they can reach, and what they are."""
    count = len(sums.outcome)
    if count >= WEBB_BELOW and 2**count <= draws + 1:
        # Turning every sign leaves |t| as it is: half of the patterns give each share exactly.
        signs = 1.0 - 2 * (np.arange(2 ** (count - 1))[:, None] >> np.arange(count) & 1).astype(np.float64)
        return _polynomials(sums, [signs]), 2 / 2**count, f"wild bootstrap over all {2**count} patterns of signs"
    kind = "signs" if count >= WEBB_BELOW else "six-point weights"
    note = f"wild bootstrap over {draws} draws of {kind} for {count} clusters"
    chunk = max(_CELLS // count, 1)
    sizes = [1, *(min(chunk, draws - done) for done in range(0, draws, chunk))]
    parts = (_weights(rng, (size, count)) if k else np.ones((1, count)) for k, size in enumerate(sizes))
    return _polynomials(sums, parts), 1 / (draws + 1), note


def _weights(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.float64]:
    if shape[1] < WEBB_BELOW:
        return _SIX[rng.integers(6, size=shape, dtype=np.int8)]
    return 1.0 - 2 * rng.integers(2, size=shape, dtype=np.int8).astype(np.float64)


def _polynomials(sums: ClusterSums, parts: Iterable[NDArray[np.float64]]) -> _Draws:
    """Coefficients in τ₀ of the score and variance of every draw, from parts of (r, G) weights v.

    The score of a draw is s = Σ_c v_c a_c with a_c = (outcome − τ₀ treatment)_c, its estimate τ* − τ₀ = s ÷ h with
    h = Σ treatment, and its variance is proportional to Σ_c (v_c a_c − l_cᵀ X⁻ Σ_k v_k x_k − treatment_c s ÷ h)², where l_c
    is a row of `leverage` and x_k are the cluster's sums of X with the restricted residual: the middle term is what the fit
    of the other regressors takes up.
    """
    share = sums.treatment / sums.treatment.sum()
    pieces = []
    for v in parts:
        zero = v @ sums.outcome
        one = v @ sums.treatment
        left = [
            v * own - ((v @ on) @ sums.inverse) @ sums.leverage.T - score[:, None] * share
            for own, on, score in (
                (sums.outcome, sums.outcome_on, zero),
                (sums.treatment, sums.treatment_on, one),
            )
        ]
        square, cross, other = (
            np.einsum("rc,rc->r", first, second)
            for first, second in ((left[0], left[0]), (left[0], left[1]), (left[1], left[1]))
        )
        pieces.append((zero, one, square, -2 * cross, other))
    score0, score1, v0, v1, v2 = (np.concatenate(each) for each in zip(*pieces, strict=True))
    return _Draws((score0, score1), (v0, v1, v2))


def _intervals(
    p_value: Callable[[float], float], estimate: float, std_error: float, alphas: Sequence[float]
) -> tuple[list[tuple[float, float]], str]:
    """For each alpha the hull of the effects with a p-value above it, sought outwards from the estimate; a note on gaps."""
    reach = std_error * np.concatenate([[0.0], np.geomspace(0.1, _FARTHEST, _STEPS)])
    limits = np.empty((len(alphas), 2))
    broken = False
    for column, side in enumerate((-1.0, 1.0)):
        p = np.array([p_value(estimate + side * far) for far in reach])
        for row, alpha in enumerate(alphas):
            last = int(np.flatnonzero(p > alpha).max(initial=0))
            broken |= bool((p[: last + 1] <= alpha).any())
            if last == len(reach) - 1:
                limits[row, column] = side * np.inf
                continue
            inside, outside = reach[last], reach[last + 1]
            for _ in range(_HALVINGS):
                middle = (inside + outside) / 2
                inside, outside = (middle, outside) if p_value(estimate + side * middle) > alpha else (inside, middle)
            limits[row, column] = estimate + side * inside
    return [(float(low), float(high)) for low, high in limits], BROKEN if broken else ""
