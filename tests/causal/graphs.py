"""Graphs written as an author writes them."""

from __future__ import annotations

from utvardering.study.causal_graph import CausalGraph, causal_graph
from utvardering.study.model import CausalModel


def graph(*edges: str, hidden: tuple[str, ...] = ()) -> CausalGraph:
    """The graph of these edges."""
    return causal_graph(CausalModel(edges=edges, unobserved=hidden))


CONFOUNDED = graph("x -> start", "x -> y", "start -> y")
HIDDEN = graph("u -> start", "u -> y", "start -> y", hidden=("u",))
FRONTDOOR = graph("u -> start", "u -> y", "start -> m", "m -> y", hidden=("u",))
INSTRUMENT = graph("u -> start", "u -> y", "start -> y", "z -> start", hidden=("u",))
