"""Bounds on trends that part: refusals, the breakdown value, and the fast solutions against slow obvious ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog, minimize_scalar
from scipy.stats import norm, truncnorm

from utvardering.errors import DesignError
from utvardering.inference import honest_magnitudes
from utvardering.inference.conditional_test import second_size, upper_tail
from utvardering.inference.honest import HonestInterval, PeriodEffects, breakdown
from utvardering.inference.honest_magnitudes import _Test, magnitudes_interval
from utvardering.inference.honest_smoothness import Smoothness, folded_quantile
from utvardering.inference.lasso_path import lasso_path

LEVEL = 0.95
SOLVER = 1e-6  # interior-point accuracy of the slow version, relative


def case(seed: int, before: int, weights: list[float], *, kind: str = "random", effect: float = -0.8) -> PeriodEffects:
    """Effects per period from units with serially correlated noise, or with noise of some special structure."""
    rng = np.random.default_rng(seed)
    count = before + len(weights)
    if kind == "random":
        root = rng.standard_normal((count, count + 3))
        covariance = root @ root.T * 0.02
    elif kind == "identity":
        covariance = np.eye(count) * 0.04
    else:  # all share the noise of the reference period
        covariance = (np.eye(count) + 1) * 0.02
    effects = rng.multivariate_normal(np.zeros(count), covariance)
    effects[before:] += effect
    return PeriodEffects(effects, covariance, before, np.array(weights))


CASES = [
    case(1, 3, [0.5, 0.5]),
    case(2, 4, [1.0, 0.0, 0.0]),
    case(3, 2, [0.0, 0.0, 1.0]),
    case(4, 3, [0.2, -0.5, 1.0]),
    case(5, 5, [1.0]),
    case(6, 1, [0.25] * 4),
    case(7, 4, [0.5, 0.5], kind="identity"),
    case(8, 4, [0.5, 0.5], kind="shared"),
]


def polyhedron(found: PeriodEffects, m_bar: float, place: int, sign: float):
    """(2q, K) A, and (2q, q) its columns for τ: moments A(β̂ − τ) ≤ 0, as in the article."""
    steps = np.diff(found.path, axis=0)
    v = sign * steps[place]
    after = steps[found.n_before :]
    a = np.concatenate([after - m_bar * v, -after - m_bar * v])
    return a, a[:, found.n_before :]


def profiled(found: PeriodEffects, a, on_tau):
    """Moments at θ = 0, what θ adds, and the q − 1 nuisance columns: τ = θ l ÷ l'l + N x."""
    weights = found.weights
    free = np.linalg.svd(weights[None, :])[2][1:].T
    return a @ found.effects, on_tau @ weights / (weights @ weights), on_tau @ free


def programme(y, nuisance, spread):
    """min η subject to y − X x ≤ η σ: the value and its dual."""
    bounds = [(None, None)] * (1 + nuisance.shape[1])
    cost = np.zeros(len(bounds))
    cost[0] = 1
    solved = linprog(cost, A_ub=-np.column_stack([spread, nuisance]), b_ub=-y, bounds=bounds, method="highs")
    assert solved.status == 0, solved.message
    return solved.fun, -solved.ineqlin.marginals


def stands_slowly(found: PeriodEffects, m_bar: float, theta: float, cutoffs) -> bool:
    """The hybrid test by linear programmes: truncation points by bisection on where the same dual stays optimal."""
    for s in range(2 * found.n_before):
        a, on_tau = polyhedron(found, m_bar, s % found.n_before, 1.0 if s < found.n_before else -1.0)
        at_zero, per_theta, nuisance = profiled(found, a, on_tau)
        covariance = a @ found.covariance @ a.T
        spread = np.sqrt(np.diag(covariance))
        y = at_zero - theta * per_theta
        eta, dual = programme(y, nuisance, spread)
        if eta <= 1e-9:  # zero but for the solver's accuracy
            return True
        if eta > cutoffs[s]:
            continue
        variance = dual @ covariance @ dual
        rest = y - covariance @ dual / variance * eta

        def optimal(value, rest=rest, covariance=covariance, dual=dual, variance=variance, nuisance=nuisance, spread=spread):
            return programme(rest + covariance @ dual / variance * value, nuisance, spread)[0] <= value + 1e-8

        sd = np.sqrt(variance)
        low, high = edge(optimal, eta, -40 * sd), min(edge(optimal, eta, 40 * sd), cutoffs[s])
        critical = sd * truncnorm.ppf(1 - 0.045 / 0.995, low / sd, high / sd)  # (α − κ) ÷ (1 − κ), κ = α ÷ 10
        if eta <= max(critical, 0):
            return True
    return False


def edge(optimal, inside: float, far: float) -> float:
    outside = inside + far
    if optimal(outside):
        return outside
    for _ in range(45):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if optimal(middle) else (inside, middle)
    return inside


@pytest.mark.parametrize("found", CASES)
@pytest.mark.parametrize("m_bar", [0.0, 0.7, 2.0])
def test_a_value_stands_where_linear_programmes_let_it(found: PeriodEffects, m_bar: float) -> None:
    test = _Test(found, m_bar, 1 - LEVEL)
    one = magnitudes_interval(found, m_bar, LEVEL)
    width = one.high - one.low
    inside = np.linspace(one.low, one.high, 5)[1:-1]
    tried = [one.low - 1e-3 * width, one.low + 1e-3 * width, *inside, one.high - 1e-3 * width, one.high + 1e-3 * width]
    fast = test.stands(np.array(tried))
    slow = [stands_slowly(found, m_bar, theta, test.cutoff) for theta in tried]
    assert fast.tolist() == slow
    assert fast.tolist() == [False, True, True, True, True, True, False]


@pytest.mark.parametrize("m_bar", [0.0, 0.7, 2.0])
def test_the_cutoff_is_the_quantile_of_the_programme_under_no_mean(m_bar: float) -> None:
    """Against 1,000 simulated programmes in each of two places: the share beyond lies within three standard errors of κ."""
    found, draws = CASES[0], 1_000
    test = _Test(found, m_bar, 0.5)  # κ = 0.05, so that enough lie beyond
    rng = np.random.default_rng(11)
    noise = rng.multivariate_normal(np.zeros(5), found.covariance, size=draws)
    for s in (0, 4):
        a, on_tau = polyhedron(found, m_bar, s % 3, 1.0 if s < 3 else -1.0)
        _, _, nuisance = profiled(found, a, on_tau)
        spread = np.sqrt(np.diag(a @ found.covariance @ a.T))
        beyond = np.mean([programme(a @ xi, nuisance, spread)[0] > test.cutoff[s] for xi in noise])
        assert beyond == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / draws))


def test_without_relaxation_the_interval_is_the_usual_one() -> None:
    found = CASES[0]
    one = magnitudes_interval(found, 0.0, LEVEL)
    half = norm.ppf(0.975) * found.std_error
    # the hybrid of two stages is not quite symmetric in size: within a tenth of a per cent
    assert (one.low, one.high) == pytest.approx((found.estimate - half, found.estimate + half), rel=1e-3)


def test_relative_bounds_scale_and_turn_with_the_effects() -> None:
    found = CASES[1]
    one = magnitudes_interval(found, 1.0, LEVEL)
    other = magnitudes_interval(
        PeriodEffects(-3 * found.effects, 9 * found.covariance, found.n_before, found.weights), 1.0, LEVEL
    )
    assert (other.low, other.high) == pytest.approx((-3 * one.high, -3 * one.low), rel=1e-4)  # found to 1e-5 standard errors


def test_a_line_is_extrapolated_away() -> None:
    """Without noise to speak of and with trends that part along a line, smoothness 0 finds the effect."""
    path = 0.3 * np.array([-3, -2, -1, 1, 2.0])
    path[3:] += 5
    found = PeriodEffects(path, np.eye(5) * 1e-10, 3, np.array([0.5, 0.5]))
    one = Smoothness(found, LEVEL).interval(0.0)
    assert (one.low, one.high) == pytest.approx((5, 5), abs=1e-3)


@pytest.mark.parametrize("found", CASES)
def test_the_smooth_interval_is_that_of_a_convex_programme(found: PeriodEffects) -> None:
    smooth = Smoothness(found, LEVEL)
    for m in (0.0, 0.01, 0.1, 1.0):
        _, half = smooth.estimator(m)
        assert half == pytest.approx(slow_half(found, m), rel=10 * SOLVER)


def slow_half(found: PeriodEffects, m: float) -> float:
    """Least half-length: CVXPY's least variance plus a price times the bias, and a search over the price."""
    import cvxpy as cp

    p, q = found.n_before, len(found.weights)
    t = np.concatenate([np.arange(-p, 0), np.arange(1, q + 1)])
    # courses with one unit change of slope: after knot j ≥ 0 on the later side, before knot −j on the earlier one
    kinks = [np.maximum(t - j, 0) for j in range(1, q)] + [np.maximum(-t - j, 0) for j in range(p)]
    v, price = cp.Variable(p), cp.Parameter(nonneg=True)
    weights = cp.hstack([v, found.weights])
    bias = cp.sum(cp.abs(np.array(kinks, dtype=float) @ weights))
    variance = cp.sum_squares(np.linalg.cholesky(found.covariance).T @ weights)
    problem = cp.Problem(cp.Minimize(variance + price * bias), [t @ weights == 0])

    def half(log_price: float) -> float:
        price.value = np.exp(log_price)
        problem.solve(solver=cp.CLARABEL)
        sd = float(np.sqrt(variance.value))
        return sd * folded_quantile(m * float(bias.value) / sd, LEVEL)

    if m == 0:
        return half(-30.0)
    return min(half(-30.0), minimize_scalar(half, bounds=(-12, 1), method="bounded", options={"xatol": 1e-5}).fun)


@pytest.mark.parametrize("seed", range(20))
def test_every_corner_of_the_path_satisfies_the_conditions_of_an_optimum(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 12))
    root = rng.standard_normal((n, n + 1))
    quadratic, linear = root @ root.T, rng.standard_normal(n)
    if seed % 3 == 0:  # ties
        quadratic, linear = np.eye(n) + (seed % 2), rng.choice([-1.0, 1.0], n)
    penalties, solutions = lasso_path(quadratic, linear)
    assert penalties[-1] == 0
    assert np.all(np.diff(penalties) <= 0)
    for share in (0.0, 0.5):
        for k in range(len(penalties) - 1):
            z = (1 - share) * solutions[k] + share * solutions[k + 1]
            penalty = (1 - share) * penalties[k] + share * penalties[k + 1]
            gradient = quadratic @ z + linear
            assert np.abs(gradient).max() <= penalty + 1e-9
            on = np.abs(z) > 1e-9
            assert gradient[on] == pytest.approx(-penalty * np.sign(z[on]), abs=1e-8)


def test_the_size_of_the_second_stage() -> None:
    assert second_size(0.05) == pytest.approx(0.045 / 0.995, rel=1e-12)


def test_the_folded_quantile() -> None:
    assert folded_quantile(0, 0.95) == pytest.approx(1.959964, abs=1e-6)
    assert folded_quantile(40, 0.95) == pytest.approx(40 + norm.ppf(0.95), abs=1e-9)
    c = folded_quantile(0.7, 0.9)
    assert norm.cdf(c - 0.7) - norm.cdf(-c - 0.7) == pytest.approx(0.9, abs=1e-10)


def test_a_tail_between_two_cuts() -> None:
    z, low, high = np.array([1.0, 11.0, 0.5]), np.array([0.5, 10.0, -np.inf]), np.array([2.0, np.inf, np.inf])
    expected = [truncnorm.sf(1.0, 0.5, 2.0), np.exp(norm.logsf(11) - norm.logsf(10)), norm.sf(0.5)]
    assert upper_tail(z, low, high) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("found", [CASES[2], case(5, 5, [1.0], effect=-3), CASES[7]])
def test_the_breakdown_value_is_where_a_fine_grid_has_it(found: PeriodEffects) -> None:
    def stands(m: float) -> bool:
        return magnitudes_interval(found, m, LEVEL).excludes_zero(found.estimate)

    at = breakdown(stands, first=0.1, most=100, tolerance=0.005)
    falls = next(m for m in np.arange(0, 40, 0.01) if not stands(float(m)))
    assert 0 < falls < 10
    assert at == pytest.approx(falls, abs=0.015)  # the step of the grid and that of the search


def test_nothing_breaks_down_that_does_not_stand() -> None:
    found = case(1, 3, [0.5, 0.5], effect=0.0)
    assert (
        breakdown(
            lambda m: magnitudes_interval(found, m, LEVEL).excludes_zero(found.estimate), first=0.1, most=10, tolerance=0.01
        )
        is None
    )


def test_what_never_breaks_down_is_infinite() -> None:
    assert breakdown(lambda _: True, first=0.1, most=10, tolerance=0.01) == np.inf


def test_which_side_of_zero_an_interval_lies_on() -> None:
    assert HonestInterval(1, 2).excludes_zero(1)
    assert not HonestInterval(1, 2).excludes_zero(-1)
    assert HonestInterval(-2, -1).excludes_zero(-0.5)
    assert not HonestInterval(-1, 1).excludes_zero(1)


def test_a_set_in_parts_is_said_to_be_a_hull(monkeypatch: pytest.MonkeyPatch) -> None:
    found = CASES[0]
    whole = magnitudes_interval(found, 1.0, LEVEL)
    middle = (found.estimate + whole.high) / 2
    stands = _Test.stands

    def gap(self, theta):
        return stands(self, theta) & (np.abs(theta - middle) > 0.1 * (whole.high - middle))

    monkeypatch.setattr(_Test, "stands", gap)
    one = magnitudes_interval(found, 1.0, LEVEL)
    assert one.note == honest_magnitudes.BROKEN
    assert (one.low, one.high) == pytest.approx((whole.low, whole.high), abs=1e-4)


BAD = [
    (np.zeros(3), np.eye(3), 0, np.ones(3), "0 of 3 effects before"),
    (np.zeros(3), np.eye(3), 3, np.ones(0), "3 of 3 effects before"),
    (np.zeros(3), np.eye(2), 2, np.ones(1), "of shape"),
    (np.zeros(3), np.eye(3), 2, np.ones(2), "need as many weights"),
    (np.zeros(3), np.eye(3), 2, np.zeros(1), "not all 0"),
    (np.full(3, np.nan), np.eye(3), 2, np.ones(1), "is missing"),
    (np.zeros(3), np.diag([1.0, 0, 1]), 2, np.ones(1), "no variance"),
    (np.zeros(3), np.ones((3, 3)), 2, np.ones(1), "singular"),
]


@pytest.mark.parametrize(("effects", "covariance", "before", "weights", "said"), BAD)
def test_what_cannot_be_bounded_is_refused(effects, covariance, before: int, weights, said: str) -> None:
    with pytest.raises(DesignError, match=said):
        PeriodEffects(effects, covariance, before, weights)
