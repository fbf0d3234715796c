"""Bounds on trends that part: ours against diff-diff (smoothness) and moderndid (both), on effects and covariance in memory.

    python benchmarks/honest.py            writes its section of benchmarks/results.md
    python benchmarks/honest.py CASE       one case in this process, as JSON

Cases: effects of 8 periods, and of 48 (24 before and 24 after), of noise with serial correlation; simulated. One value of the
restriction each. diff-diff's relative magnitudes are known to differ from R's, so it is asked for smoothness only. Peers:
`moderndid` (with its extra didhonest) and `diff-diff` in UTVARDERING_PEERS.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from peers import keep_section, measured, run_case

PERIODS = (8, 48)
M_BAR, M, LEVEL = 1.0, 0.02, 0.95
PEERS = {"ours": "", "diff_diff": "diff-diff", "moderndid": "moderndid"}
Found = dict[str, float | str]


def effects(periods: int) -> tuple[np.ndarray, np.ndarray, int]:
    """(K,) effects, a fall of 0.8 in the second half, their (K, K) covariance and how many lie before."""
    before = periods // 2
    whole = 0.5 ** np.abs(np.subtract.outer(np.arange(periods + 1), np.arange(periods + 1)))
    change = np.delete(np.eye(periods + 1), before, axis=0)
    change[:, before] = -1
    covariance = 0.01 * change @ whole @ change.T
    found = np.random.default_rng(1).multivariate_normal(np.zeros(periods), covariance)
    found[before:] -= 0.8
    return found, covariance, before


def _ours(kind: str, periods: int) -> Callable[[], Found]:
    from utvardering.inference.honest import PeriodEffects
    from utvardering.inference.honest_magnitudes import magnitudes_interval
    from utvardering.inference.honest_smoothness import Smoothness

    beta, covariance, before = effects(periods)
    weights = np.full(periods - before, 1 / (periods - before))

    def work() -> Found:
        found = PeriodEffects(beta, covariance, before, weights)
        one = magnitudes_interval(found, M_BAR, LEVEL) if kind == "magnitudes" else Smoothness(found, LEVEL).interval(M)
        return {"low": one.low, "high": one.high}

    return work


def _diff_diff(kind: str, periods: int) -> Callable[[], Found]:
    from diff_diff.honest_did import _compute_optimal_flci  # what its HonestDiD calls with a fitted model's arrays

    if kind != "smoothness":
        raise NotImplementedError
    beta, covariance, before = effects(periods)
    after = periods - before
    weights = np.full(after, 1 / after)

    def work() -> Found:
        low, high = _compute_optimal_flci(beta[:before], beta[before:], covariance, weights, before, after, M, 1 - LEVEL)[:2]
        return {"low": float(low), "high": float(high)}

    return work


def _moderndid(kind: str, periods: int) -> Callable[[], Found]:
    from moderndid.didhonest.sensitivity import create_sensitivity_results_rm, create_sensitivity_results_sm

    beta, covariance, before = effects(periods)
    after = periods - before
    weights = np.full((after, 1), 1 / after)

    def work() -> Found:
        if kind == "magnitudes":
            found = create_sensitivity_results_rm(beta, covariance, before, after, m_bar_vec=np.array([M_BAR]), l_vec=weights)
        else:
            found = create_sensitivity_results_sm(
                beta, covariance, before, after, method="FLCI", m_vec=np.array([M]), l_vec=weights
            )
        return {"low": float(found["lb"][0]), "high": float(found["ub"][0])}

    return work


KINDS = {"magnitudes": ("ours", "moderndid"), "smoothness": ("ours", "diff_diff", "moderndid")}
RUN = {"ours": _ours, "diff_diff": _diff_diff, "moderndid": _moderndid}
CASES: dict[str, Callable[[], Callable[[], Found]]] = {
    f"{name}-{kind}-{periods}": partial(RUN[name], kind, periods)
    for kind, names in KINDS.items()
    for periods in PERIODS
    for name in names
}


def main() -> None:
    """Run every case and write the table."""
    lines = [
        f"One interval for the mean of the half that lies after: relative magnitude {M_BAR:g}, smoothness {M:g}. Simulated.",
        "Ours starts from the effects each time; a breakdown value takes some twenty such intervals.",
        "",
        "| case | method | s | GB | interval | method ÷ ours |",
        "|---|---|--:|--:|---|--:|",
    ]
    for kind, names in KINDS.items():
        for periods in PERIODS:
            own = measured(__file__, f"ours-{kind}-{periods}")
            for name in names:
                found = own if name == "ours" else measured(__file__, f"{name}-{kind}-{periods}", PEERS[name])
                case = f"{kind}, {periods} periods"
                if "error" in found:
                    lines.append(f"| {case} | {name}: {found['error']} | | | | |")
                    continue
                ratio = "" if name == "ours" else f"{float(found['seconds']) / float(own['seconds']):,.0f}"
                said = f"{found['seconds']:.3f} | {found['gigabytes']:.2f} | {found['low']:.4f} to {found['high']:.4f}"
                lines.append(f"| {case} | {name} | {said} | {ratio} |")
    keep_section("Bounds on trends that part", lines)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        run_case(CASES[sys.argv[1]]())
    else:
        main()
