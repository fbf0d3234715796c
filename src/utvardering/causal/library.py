"""The one file that speaks with dowhy: quiet, alone with its random numbers, and given only what it answers rightly.

dowhy 0.14 draws from numpy's global generator in places, repeats one sample where a refuter is given an integer seed, logs
through the root where it is given DOT, and does not raise for a graph that identifies nothing. So every call runs between
copies of the global states, refuters get RandomState objects and the linear regression alone, graphs are those of networkx,
and what it says of a graph is checked in `identify`.
"""

from __future__ import annotations

import contextlib
import io
import logging
import random
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from utvardering.study.causal_graph import CausalGraph

SIMULATIONS = 100
"""From so many on dowhy's p-value is a percentile; below it is a normal tail, which is another number."""
SUBSET = 0.8


@dataclass(frozen=True)
class Ways:
    """What dowhy finds in a graph: whether a backdoor set exists, one front-door set, and the instruments."""

    backdoor: bool
    frontdoor: frozenset[str]
    instruments: frozenset[str]


@dataclass(frozen=True)
class Refutation:
    """A refuter's answer: the mean effect over its simulations, and the p-value of what should lie among them.

    That is no effect for a placebo treatment and the estimate itself for the others.
    """

    name: str
    effect: float
    p_value: float


@contextlib.contextmanager
def alone(seed: int = 0) -> Iterator[None]:
    """Nothing is printed, logged or warned of, and the global random states are afterwards what they were."""
    log = logging.getLogger("dowhy")
    level, numbers, picks = log.level, np.random.get_state(), random.getstate()  # noqa: NPY002 -- dowhy draws from it
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            log.setLevel(logging.CRITICAL + 1)
            np.random.seed(seed % 2**32)  # noqa: NPY002 -- the same
            random.seed(seed)
            yield
    finally:
        log.setLevel(level)
        np.random.set_state(numbers)  # noqa: NPY002 -- the same
        random.setstate(picks)


@cache
def ways(graph: CausalGraph, treatment: str, outcome: str, *, backdoor: bool) -> Ways:
    """Ask dowhy how the effect of the treatment on the outcome can be had.

    backdoor: whether to ask for a backdoor set; where there is none, dowhy goes through all subsets to say so.
    """
    with alone():
        import networkx as nx  # noqa: PLC0415 -- comes with dowhy and is needed only where a study has a graph
        from dowhy.causal_identifier.auto_identifier import (  # noqa: PLC0415 -- takes seconds to import
            BackdoorAdjustment,
            identify_backdoor,
            identify_frontdoor,
        )
        from dowhy.graph import get_instruments  # noqa: PLC0415 -- the same

        drawn = nx.DiGraph(list(graph.edges))
        observed = [name for name in graph.observed if name in drawn]
        sets = (
            identify_backdoor(drawn, [treatment], [outcome], observed, BackdoorAdjustment.BACKDOOR_DEFAULT) if backdoor else ()
        )
        front = identify_frontdoor(drawn, [treatment], [outcome], observed) or ()
        instruments = get_instruments(drawn, [treatment], [outcome])
    return Ways(bool(sets), frozenset(front), frozenset(instruments))


def linear_effect(change: NDArray[np.float64], treated: NDArray[np.bool_], others: NDArray[np.float64]) -> float:
    """The linear regression of dowhy, of (N,) changes on (N,) treatment and (N, K) others."""
    with alone():
        return float(_fitted(change, treated, others)[2].value)


def refutations(
    change: NDArray[np.float64], treated: NDArray[np.bool_], others: NDArray[np.float64], names: Sequence[str], seed: int
) -> tuple[Refutation, ...]:
    """The named refuters on the linear regression, each from the seed anew: placebo_treatment, random_cause, subset."""
    found = []
    with alone(seed):
        from dowhy.causal_refuters.data_subset_refuter import refute_data_subset  # noqa: PLC0415 -- takes seconds to import
        from dowhy.causal_refuters.placebo_treatment_refuter import (  # noqa: PLC0415 -- the same
            PlaceboType,
            refute_placebo_treatment,
        )
        from dowhy.causal_refuters.random_common_cause import refute_random_common_cause  # noqa: PLC0415 -- the same

        refuters = {
            "placebo_treatment": (refute_placebo_treatment, {"treatment_names": ["t"], "placebo_type": PlaceboType.PERMUTE}),
            "random_cause": (refute_random_common_cause, {}),
            "subset": (refute_data_subset, {"subset_fraction": SUBSET}),
        }
        for name in names:
            refuter, keys = refuters[name]
            frame, estimand, effect = _fitted(change, treated, others)
            state = np.random.RandomState(seed % 2**32)  # an integer would repeat one sample
            said = refuter(frame, estimand, effect, num_simulations=SIMULATIONS, random_state=state, **keys)
            found.append(Refutation(name, float(said.new_effect), min(float(said.refutation_result["p_value"]), 1.0)))
    return tuple(found)


def _fitted(
    change: NDArray[np.float64], treated: NDArray[np.bool_], others: NDArray[np.float64]
) -> tuple[pd.DataFrame, Any, Any]:
    """A frame of its own, the estimand and the fitted effect; the treatment is int64, since dowhy fails on others."""
    import networkx as nx  # noqa: PLC0415 -- comes with dowhy
    from dowhy.causal_estimators.linear_regression_estimator import LinearRegressionEstimator  # noqa: PLC0415 -- takes seconds
    from dowhy.causal_identifier import EstimandType, identify_effect_auto  # noqa: PLC0415 -- the same

    columns = [f"w{k}" for k in range(others.shape[1])]
    frame = pd.DataFrame({"y": change.astype(np.float64), "t": treated.astype(np.int64)})
    frame[columns] = others.astype(np.float64)
    edges = [("t", "y"), *((name, effect) for name in columns for effect in ("t", "y"))]
    estimand = identify_effect_auto(nx.DiGraph(edges), ["t"], ["y"], list(frame.columns), EstimandType.NONPARAMETRIC_ATE)
    estimand.set_identifier_method("backdoor")
    fitted = LinearRegressionEstimator(estimand).fit(frame)
    return frame, estimand, fitted.estimate_effect(frame, control_value=0, treatment_value=1)
