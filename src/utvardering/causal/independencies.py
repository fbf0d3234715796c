"""Does the graph fit the data? What it says to be independent, given others, is tested.

For each two measured names without an edge, d-separation gives a set that parts them, if any does; their partial correlation
given the set should then be 0 (Pearl 2009, Causality, section 1.2.3; one test for each pair as in Shipley 2000, Struct. Equ.
Modeling 7:206). The p-value comes from permuting one residual over areas, with a studentised statistic, so that unequal noise
does not fool it (DiCiccio & Romano 2017, J. Am. Stat. Assoc. 112:1211; Freedman & Lane 1983 for residuals); Holm over pairs.

dowhy's `falsify_graph` is not used: it needs every node of the graph measured, draws from numpy's global generator, and
compares the graph with its own relabellings, of which a graph of a handful of nodes has too few to reject anything.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from utvardering.causal.hidden_cause import left_over
from utvardering.causal.identify import separated
from utvardering.inference.multiplicity import holm
from utvardering.study.causal_graph import CausalGraph
from utvardering.wording import number, say

DRAWS = 1_999
_BATCH = 200  # permutations held at once


@dataclass(frozen=True)
class Independence:
    """Two names that the graph says are independent given others."""

    one: str
    other: str
    given: tuple[str, ...]

    def phrase(self, language: str) -> str:
        """In words: `a and b, given c`."""
        key = "pair_given" if self.given else "pair"
        return say(language, "causal", key, one=self.one, other=self.other, given=", ".join(self.given))


@dataclass(frozen=True)
class Tested:
    """An independence held against data: partial correlation, p-value, and p-value adjusted for all that were tested."""

    independence: Independence
    correlation: float
    p_value: float
    p_adjusted: float


def implied(graph: CausalGraph) -> tuple[Independence, ...]:
    """The independencies among measured names that the graph implies: one for each pair that some set parts."""
    found = []
    linked = set(graph.edges) | {(effect, cause) for cause, effect in graph.edges}
    for one, other in itertools.combinations(graph.observed, 2):
        if (one, other) in linked:
            continue
        before = [name for name in graph.observed if {one, other} & graph.effects(name) and name not in {one, other}]
        given = tuple(before)
        if not separated(graph.edges, one, other, given):
            continue
        for name in before:
            fewer = tuple(rest for rest in given if rest != name)
            if separated(graph.edges, one, other, fewer):
                given = fewer
        found.append(Independence(one, other, given))
    return tuple(found)


def held_against(
    graph: CausalGraph,
    values: Mapping[str, NDArray[np.float64]],
    cluster: NDArray[np.int64],
    rng: np.random.Generator,
    draws: int = DRAWS,
) -> tuple[Tested, ...]:
    """Test every implied independence among names with (N,) values; areas of one cluster count as one, by their mean.

    A pair is left out where too few areas are left to tell, or one of its names does not vary given the others.
    """
    codes = np.unique(cluster, return_inverse=True)[1]
    count = np.bincount(codes)
    means = {name: np.bincount(codes, weights=one) / count for name, one in values.items()}
    tested = []
    for pair in implied(graph):
        if not {pair.one, pair.other, *pair.given} <= means.keys() or len(count) - len(pair.given) < 8:  # noqa: PLR2004 -- below, 1/20 is hardly a share of the permutations
            continue
        given = np.column_stack([np.ones(len(count)), *(means[name] for name in pair.given)])[:, 1:]
        a, b = (left_over(means[name], given) for name in (pair.one, pair.other))
        if min(np.std(a) / (np.std(means[pair.one]) or 1), np.std(b) / (np.std(means[pair.other]) or 1)) < 1e-9:  # noqa: PLR2004 -- rounding
            continue
        r = float(a @ b / np.sqrt((a @ a) * (b @ b)))
        tested.append((pair, r, _permuted(a, b, rng, draws)))
    adjusted = holm(np.array([p for _, _, p in tested])) if tested else np.empty(0)
    return tuple(Tested(pair, r, p, float(q)) for (pair, r, p), q in zip(tested, adjusted, strict=True))


def _permuted(a: NDArray[np.float64], b: NDArray[np.float64], rng: np.random.Generator, draws: int) -> float:
    """Share of permutations whose studentised correlation is at least as large as the data's, which counts itself."""

    def size(many: NDArray[np.float64]) -> NDArray[np.float64]:
        products = many * b
        spread = np.sqrt(np.maximum((products**2).sum(axis=1), np.finfo(float).tiny))
        return np.abs(products.sum(axis=1)) / spread

    actual = float(size(a[None, :])[0])
    larger = 1
    for done in range(0, draws, _BATCH):
        many = rng.permuted(np.tile(a, (min(_BATCH, draws - done), 1)), axis=1)
        larger += int((size(many) >= actual * (1 - 1e-9)).sum())
    return larger / (draws + 1)


def verdict(tested: tuple[Tested, ...], alpha: float) -> str:
    """`fail` where an independence is contradicted at a joint error of alpha, `not_evaluated` where none was tested."""
    if not tested:
        return "not_evaluated"
    return "fail" if min(one.p_adjusted for one in tested) <= alpha else "pass"


def sentence(tested: tuple[Tested, ...], alpha: float, language: str) -> str:
    """What the data say of the graph, in words; the contradicted independencies are named."""
    if not tested:
        return say(language, "causal", "untested")
    wrong = sorted((one for one in tested if one.p_adjusted <= alpha), key=lambda one: one.p_adjusted)
    if not wrong:
        return say(language, "causal", "fits" if len(tested) > 1 else "fits_one", count=len(tested))
    named = "; ".join(
        say(language, "causal", "found", pair=one.independence.phrase(language), r=number(one.correlation, language))
        for one in wrong
    )
    return say(language, "causal", "contradicted", count=len(tested), wrong=len(wrong), named=named)
