"""What a graph says of the effect: by adjustment, front-door, instrument or not at all, held against slow definitions."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest

from tests.causal.graphs import CONFOUNDED, FRONTDOOR, HIDDEN, INSTRUMENT, graph
from utvardering.causal.identify import Identification, adjustment_set, identify, is_adjustment_set, separated
from utvardering.causal.library import ways
from utvardering.study.causal_graph import CausalGraph, causal_graph
from utvardering.study.model import CausalModel


@pytest.mark.parametrize(
    ("drawn", "kind", "adjustment", "through", "paths"),
    [
        (CONFOUNDED, "backdoor", ("x",), (), ("start ← x → y",)),
        (graph("start -> y"), "backdoor", (), (), ()),
        (HIDDEN, "none", (), (), ("start ← u → y",)),
        (FRONTDOOR, "frontdoor", (), ("m",), ("start ← u → y",)),
        (INSTRUMENT, "instrument", (), ("z",), ("start ← u → y",)),
        # a common effect of two causes joins nothing as long as it is left alone
        (graph("a -> start", "a -> c", "b -> c", "b -> y", "start -> y"), "backdoor", (), (), ()),
        # of two names that close the path, the one nearest the outcome
        (graph("a -> b", "b -> start", "a -> d", "d -> y", "start -> y"), "backdoor", ("d",), (), ("start ← b ← a → d → y",)),
        # a mediator is never adjusted for
        (graph("x -> start", "x -> m", "start -> m", "m -> y"), "backdoor", ("x",), (), ("start ← x → m → y",)),
        # an instrument that is not measured is none
        (
            graph("u -> start", "u -> y", "start -> y", "z -> start", hidden=("u", "z")),
            "none",
            (),
            (),
            ("start ← u → y",),
        ),
    ],
)
def test_what_a_graph_says(
    drawn: CausalGraph, kind: str, adjustment: tuple[str, ...], through: tuple[str, ...], paths: tuple[str, ...]
) -> None:
    assert identify(drawn, "y") == Identification("y", kind, adjustment, through, paths)


NONE_SV = (
    "Effekten är ej identifierbar enligt den kausala modellen: vägen start ← u → y går inte att stänga med det som är mätt. "
    "Mät orsaken, eller ändra modellen om den inte stämmer."
)
FRONT_SV = (
    "Effekten är ej identifierbar genom justering enligt den kausala modellen: start ← u → y går inte att stänga med det som "
    "är mätt. Den skulle gå att räkna ut genom mellanledet m (front-door), men det gör ingen metod här."
)
INSTRUMENT_EN = (
    "The effect is not identified by adjustment, says the causal model: start ← u → y cannot be closed by what is measured. "
    "It could be had with z as an instrument, which no method here does."
)
BACKDOOR_SV = (
    "Enligt den kausala modellen går effekten att räkna ut om man justerar för x. Det stänger vägen start ← x → y, där andra "
    "orsaker annars blandas in."
)
NOTHING_EN = "By the causal model nothing has to be adjusted for: no other cause connects the measure with y."


@pytest.mark.parametrize(
    ("drawn", "language", "said"),
    [
        (HIDDEN, "sv", NONE_SV),
        (FRONTDOOR, "sv", FRONT_SV),
        (INSTRUMENT, "en", INSTRUMENT_EN),
        (CONFOUNDED, "sv", BACKDOOR_SV),
        (graph("start -> y"), "en", NOTHING_EN),
    ],
)
def test_it_is_said_in_words(drawn: CausalGraph, language: str, said: str) -> None:
    assert identify(drawn, "y").sentence(language) == said


def random_graph(seed: int) -> CausalGraph:
    """Two to five names beside the measure and the outcome, in random order, some of them hidden."""
    rng = np.random.default_rng(seed)
    others = [f"v{k}" for k in range(rng.integers(2, 6))]
    order = rng.permutation([*others, "start", "y"]).tolist()
    early, late = sorted([order.index("start"), order.index("y")])
    order[early], order[late] = "start", "y"
    edges = [f"{a} -> {b}" for a, b in itertools.combinations(order, 2) if rng.random() < 0.4 or (a, b) == ("start", "y")]
    hidden = tuple(name for name in others if rng.random() < 0.3)
    return causal_graph(CausalModel(edges=tuple(edges), unobserved=hidden))


@pytest.mark.parametrize("part", range(4))
def test_a_set_is_found_where_any_subset_will_do(part: int) -> None:
    """Against all subsets, by networkx' d-separation, and against dowhy; 60 random graphs in each part."""
    for seed in range(part * 60, part * 60 + 60):
        drawn = random_graph(seed)
        cut = nx.DiGraph([edge for edge in drawn.edges if edge[0] != "start"])
        cut.add_nodes_from(["start", "y"])
        free = [name for name in drawn.observed if name not in {"start", "y"} and name not in drawn.effects("start")]
        subsets = [names for size in range(len(free) + 1) for names in itertools.combinations(free, size)]
        good = [set(names) for names in subsets if nx.is_d_separator(cut, {"start"}, {"y"}, set(names) & set(cut.nodes))]
        found = adjustment_set(drawn, "y")
        assert (found is None) == (not good), drawn
        assert ways(drawn, "start", "y", backdoor=True).backdoor == bool(good), drawn
        if found is not None:
            assert set(found) in good
            assert not any(smaller < set(found) for smaller in good), "no name can be left out"
        for names in subsets:
            assert is_adjustment_set(drawn, "y", names) == (set(names) in good)


def test_an_effect_of_the_measure_is_never_adjusted_for() -> None:
    drawn = graph("x -> start", "x -> y", "start -> m", "m -> y", "start -> y")
    assert is_adjustment_set(drawn, "y", ("x",))
    assert not is_adjustment_set(drawn, "y", ("m", "x"))


def test_separation_is_that_of_networkx() -> None:
    for seed in range(100):
        drawn = random_graph(seed)
        whole = nx.DiGraph(list(drawn.edges))
        for one, other in itertools.combinations(drawn.names, 2):
            rest = [name for name in drawn.names if name not in {one, other}]
            for size in range(min(len(rest), 2) + 1):
                for given in itertools.combinations(rest, size):
                    expected = nx.is_d_separator(whole, {one}, {other}, set(given))
                    assert separated(drawn.edges, one, other, given) == expected, (drawn, one, other, given)
