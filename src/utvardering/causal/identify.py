"""Can the effect be had from what is measured, by the study's own graph, and what must then be adjusted for?

dowhy is asked for a backdoor set, a front-door set and instruments; each answer is held against its definition here, since
dowhy neither raises for a graph that identifies nothing nor asks whether an instrument is measured. The set itself is found
here, so that it is the same in every run: the ancestors of X or Y less X's effects close every path that any set of measured
names can close (van der Zander, Liśkiewicz & Textor 2014, UAI, constructive backdoor criterion); names are then left out as
long as it still does, those farthest from the outcome first.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache

from utvardering.causal.library import ways
from utvardering.study.causal_graph import TREATMENT, CausalGraph
from utvardering.wording import say

MOST_PATHS = 3
"""Paths that a sentence names."""
_LONGEST = 8  # edges of a path that is looked for: longer ones tell a reader nothing


@dataclass(frozen=True)
class Identification:
    """How the effect of the measure on an outcome can be had from the graph.

    kind         backdoor (by adjustment), frontdoor, instrument, or none
    adjustment   names to adjust for, in the order of the graph; empty also where nothing has to be
    through      the names between measure and outcome (frontdoor), or the instruments
    paths        open paths by which other causes mix in: those that the adjustment closes, else those that stay open
    """

    outcome: str
    kind: str
    adjustment: tuple[str, ...]
    through: tuple[str, ...]
    paths: tuple[str, ...]

    def sentence(self, language: str) -> str:
        """What was found and why, in words."""
        key = self.kind if self.kind != "backdoor" or self.adjustment else "nothing"
        shown = ", ".join(self.paths[:MOST_PATHS])
        names = ", ".join(self.adjustment or self.through)
        return say(language, "causal", key, outcome=self.outcome, names=names, paths=shown)


@cache
def identify(graph: CausalGraph, outcome: str) -> Identification:
    """Identify the effect of the measure on an outcome of the graph, which must have no cycle and hold both."""
    adjustment = adjustment_set(graph, outcome)
    found = ways(graph, TREATMENT, outcome, backdoor=adjustment is not None)
    if adjustment is not None and found.backdoor:
        return Identification(outcome, "backdoor", adjustment, (), tuple(_open_paths(graph, outcome, frozenset())))
    left = tuple(_open_paths(graph, outcome, frozenset(_candidates(graph, outcome))))
    for size in {len(found.frontdoor)} - {0}:  # dowhy's is one of the smallest; which one hangs on the order of its sets
        for names in itertools.combinations(sorted(graph.observed), size):
            if is_frontdoor_set(graph, outcome, names):
                return Identification(outcome, "frontdoor", (), names, left)
    instruments = tuple(sorted(name for name in found.instruments if is_instrument(graph, outcome, name)))
    if instruments:
        return Identification(outcome, "instrument", (), instruments, left)
    return Identification(outcome, "none", (), (), left)


def adjustment_set(graph: CausalGraph, outcome: str) -> tuple[str, ...] | None:
    """A smallest set in the sense that no name can be left out, or None where no measured causes close every path."""
    chosen = _candidates(graph, outcome)
    if not is_adjustment_set(graph, outcome, chosen):
        return None
    for name in sorted(chosen, key=lambda one: (-_distance(graph, one, outcome), one)):
        fewer = tuple(other for other in chosen if other != name)
        if is_adjustment_set(graph, outcome, fewer):
            chosen = fewer
    return chosen


def is_adjustment_set(graph: CausalGraph, outcome: str, names: tuple[str, ...]) -> bool:
    """Pearl's backdoor criterion: measured, no effect of the measure, and every path into the measure closed."""
    if not set(names) <= set(graph.observed) - {TREATMENT, outcome} or set(names) & graph.effects(TREATMENT):
        return False
    edges = tuple(edge for edge in graph.edges if edge[0] != TREATMENT)
    return separated(edges, TREATMENT, outcome, names)


def is_frontdoor_set(graph: CausalGraph, outcome: str, names: tuple[str, ...]) -> bool:
    """Pearl's front-door criterion: all effects go through the names, and neither half is mixed with other causes."""
    if not names or not set(names) <= graph.effects(TREATMENT) - {outcome} or not set(names) <= set(graph.observed):
        return False
    without = CausalGraph(graph.names, tuple(edge for edge in graph.edges if not set(edge) & set(names)))
    if outcome in without.effects(TREATMENT):
        return False
    no_out = tuple(edge for edge in graph.edges if edge[0] != TREATMENT)
    no_between = tuple(edge for edge in graph.edges if edge[0] not in names)
    return all(separated(no_out, TREATMENT, name, ()) for name in names) and all(
        separated(no_between, name, outcome, (TREATMENT,)) for name in names
    )


def is_instrument(graph: CausalGraph, outcome: str, name: str) -> bool:
    """A measured cause of who got the measure that touches the outcome in no other way."""
    edges = tuple(edge for edge in graph.edges if edge[0] != TREATMENT)
    known = name in graph.observed and name not in {TREATMENT, outcome}
    return known and not separated(edges, name, TREATMENT, ()) and separated(edges, name, outcome, ())


def separated(edges: tuple[tuple[str, str], ...], one: str, other: str, given: tuple[str, ...]) -> bool:
    """d-separation: whether the graph says that two names have nothing to do with each other, given others.

    Two names are d-separated by a set exactly where the set parts them in the moral graph of their ancestors (Lauritzen et al.
    1990, Networks 20:491: the directed global Markov property, equivalent to Pearl's).
    """
    kept = {one, other, *given}
    while grown := {cause for cause, effect in edges if effect in kept} - kept:
        kept |= grown
    inside = [(cause, effect) for cause, effect in edges if effect in kept]
    links = set(inside)
    for effect in kept:
        links |= set(itertools.combinations(sorted(cause for cause, to in inside if to == effect), 2))
    reached, left = {one}, [one]
    while left:
        here = left.pop()
        near = {b if a == here else a for a, b in links if here in {a, b}} - reached - set(given)
        reached |= near
        left += near
    return other not in reached


def _candidates(graph: CausalGraph, outcome: str) -> tuple[str, ...]:
    """Measured causes of measure or outcome that are no effects of the measure."""
    after = graph.effects(TREATMENT)
    return tuple(
        name
        for name in graph.observed
        if name not in {TREATMENT, outcome} and name not in after and graph.effects(name) & {TREATMENT, outcome}
    )


def _distance(graph: CausalGraph, name: str, outcome: str) -> int:
    """Edges from a name to the outcome along its effects without the measure; large where there is no such way."""
    steps, near = 0, {name}
    while near and outcome not in near and steps <= len(graph.names):
        near = {effect for cause, effect in graph.edges if cause in near and effect != TREATMENT}
        steps += 1
    return steps if outcome in near else len(graph.names) + 1


def _open_paths(graph: CausalGraph, outcome: str, given: AbstractSet[str]) -> Iterator[str]:
    """Paths into the measure that are open given a set of names, the shortest first, drawn with arrows."""
    closed = sorted(_walk(graph, outcome, [TREATMENT], given), key=lambda path: (len(path), path))
    for path in closed:
        arrows = (" → " if (a, b) in graph.edges else " ← " for a, b in itertools.pairwise(path))
        yield path[0] + "".join(arrow + name for arrow, name in zip(arrows, path[1:], strict=True))


def _walk(graph: CausalGraph, outcome: str, path: list[str], given: AbstractSet[str]) -> Iterator[tuple[str, ...]]:
    here = path[-1]
    if here == outcome:
        yield tuple(path)
        return
    if len(path) > _LONGEST:
        return
    for name in graph.names:
        into = (name, here) in graph.edges
        if name in path or not (into or (here, name) in graph.edges) or (len(path) == 1 and not into):
            continue
        if len(path) > 1 and not _passes(graph, path[-2], here, name, given):
            continue
        yield from _walk(graph, outcome, [*path, name], given)


def _passes(graph: CausalGraph, before: str, here: str, after: str, given: AbstractSet[str]) -> bool:
    """Whether a path goes on at a name: a common effect where it or an effect of it is given, another where it is not."""
    if (before, here) in graph.edges and (after, here) in graph.edges:
        return bool(({here} | graph.effects(here)) & given)
    return here not in given
