"""What is believed to cause what: the edges of `[causal_model]` read into a graph, and every fault of them told.

Rules that need the data, such as whether a name is a column, are in `data/graph_columns.py` and `checks/plan.py`.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from utvardering.errors import Problem
from utvardering.study import vocabulary
from utvardering.study.values import show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from utvardering.study.model import CausalModel, Study

TREATMENT = "start"
"""The name of the measure in a graph."""

_KEY = "causal_model.edges"


@dataclass(frozen=True)
class CausalGraph:
    """Names in the order in which they are met, edges from cause to effect, and which names are not measured."""

    names: tuple[str, ...]
    edges: tuple[tuple[str, str], ...]
    unobserved: tuple[str, ...] = ()

    @property
    def observed(self) -> tuple[str, ...]:
        """Names that are measured, the treatment and the outcomes among them."""
        return tuple(name for name in self.names if name not in self.unobserved)

    def effects(self, name: str) -> frozenset[str]:
        """All that a name is a cause of, directly or through others."""
        found: set[str] = set()
        left = [name]
        while left:
            cause = left.pop()
            new = {effect for one, effect in self.edges if one == cause} - found
            found |= new
            left += sorted(new)
        return frozenset(found)


def causal_graph(model: CausalModel) -> CausalGraph:
    """The graph of `[causal_model]`; edges that cannot be read are left out, since the rules tell them."""
    edges = tuple(dict.fromkeys(pair for edge in model.edges if (pair := read_edge(edge)) is not None))
    names = tuple(dict.fromkeys(name for pair in edges for name in pair))
    return CausalGraph(names, edges, tuple(name for name in names if name in model.unobserved))


def read_edge(edge: str) -> tuple[str, str] | None:
    """Cause and effect of `"a -> b"`, None where that is not what it says."""
    cause, arrow, effect = (part.strip() for part in edge.partition("->"))
    if not (cause and arrow and effect) or re.search(r"<-|->|<|>", cause + effect):
        return None
    return cause, effect


def cycle(graph: CausalGraph) -> tuple[str, ...]:
    """The first cycle that is met, its first name repeated at its end; empty where there is none."""
    state: dict[str, int] = {}
    path: list[str] = []

    def visit(name: str) -> tuple[str, ...]:
        state[name] = 1
        path.append(name)
        for effect in (effect for cause, effect in graph.edges if cause == name):
            if state.get(effect) == 1:
                return (*path[path.index(effect) :], effect)
            if effect not in state and (found := visit(effect)):
                return found
        path.pop()
        state[name] = 2
        return ()

    return next((found for name in graph.names if name not in state and (found := visit(name))), ())


def _edges_can_be_read(study: Study) -> Iterator[Problem]:
    edges = study.causal_model.edges
    for i, edge in enumerate(edges):
        pair = read_edge(edge)
        if pair is None:
            yield _at(study, f"{_KEY}[{i}]", _unread(edge))
        elif pair[0] == pair[1]:
            yield _at(study, f"{_KEY}[{i}]", f"{show(edge)} says that {pair[0]} causes itself; remove it")
        elif pair in [read_edge(other) for other in edges[:i]]:
            yield _at(study, f"{_KEY}[{i}]", f"{show(edge)} is there twice; keep one of them")


def _unread(edge: str) -> str:
    parts = [part.strip() for part in re.split(r"<->|->|<-", edge)]
    two = len(parts) == 2 and all(parts)  # noqa: PLR2004 -- a cause and an effect
    if "<->" in edge and two:
        hint = f'name the hidden common cause: write "dold -> {parts[0]}", "dold -> {parts[1]}" and unobserved = ["dold"]'
    elif "->" not in edge and "<-" in edge and two:
        hint = f'write "{parts[1]} -> {parts[0]}"'
    elif "<" not in edge and len(parts) > 2 and all(parts):  # noqa: PLR2004 -- a chain has more than two names
        chain = ", ".join(f'"{cause} -> {effect}"' for cause, effect in itertools.pairwise(parts))
        hint = f"write an edge for each arrow: {chain}"
    else:
        hint = 'write cause and effect with an arrow between, such as "arbetsloshet -> start"'
    return f"{show(edge)} is not an edge; {hint}"


def _graph_has_no_cycle(study: Study) -> Iterator[Problem]:
    found = cycle(causal_graph(study.causal_model))
    if len(found) > 2:  # noqa: PLR2004 -- a name that causes itself is told with its edge
        said = f"{' -> '.join(found)} goes in a circle, and nothing causes itself; remove one of these edges"
        yield _at(study, _KEY, said)


def _measure_and_outcome_are_there(study: Study) -> Iterator[Problem]:
    graph = causal_graph(study.causal_model)
    if not graph.edges:
        return
    primary = next((outcome.id for outcome in study.outcomes if outcome.role == "primary"), "")
    if TREATMENT not in graph.names:
        said = f'the measure is in no edge; it is called "{TREATMENT}": write such as "{TREATMENT} -> {primary or "utfall"}"'
        yield _at(study, _KEY, said)
    if primary and primary not in graph.names:
        near = vocabulary.nearest(primary, set(graph.names) - {TREATMENT})
        meant = f', or did you mean it by "{near}"?' if near else ""
        yield _at(study, _KEY, f'the primary outcome {primary} is in no edge; write "{TREATMENT} -> {primary}"{meant}')
    if TREATMENT in graph.names and primary in graph.names and primary not in graph.effects(TREATMENT):
        said = f'no edges lead from {TREATMENT} to {primary}, which says that the measure cannot work; write "{TREATMENT} -> …"'
        yield _at(study, _KEY, said)


def _keys_are_no_causes(study: Study) -> Iterator[Problem]:
    """The columns with the unit and the period name a row, and are no property of an area."""
    what = {study.data.unit: "the units", study.data.period: "the periods"}
    for i, edge in enumerate(study.causal_model.edges):
        for name in (name for name in read_edge(edge) or () if name and name in what):
            said = f"{show(name)} is the column with {what[name]}, which cause nothing; name what differs between areas"
            yield _at(study, f"{_KEY}[{i}]", said)


def _unobserved_are_causes(study: Study) -> Iterator[Problem]:
    graph, hidden = causal_graph(study.causal_model), study.causal_model.unobserved
    outcomes = [outcome.id for outcome in study.outcomes]
    for i, name in enumerate(hidden):
        key = f"causal_model.unobserved[{i}]"
        if name in hidden[:i]:
            yield _at(study, key, f"{show(name)} is named twice; keep one of them")
        elif name == TREATMENT or name in outcomes:
            what = "the measure" if name == TREATMENT else "an outcome"
            yield _at(study, key, f"{show(name)} is {what}, which is measured; remove it")
        elif name not in graph.names and (near := vocabulary.did_you_mean(name, graph.names)):
            yield _at(study, key, f"{show(name)} is in no edge.{near}")


def _one_list_to_adjust_for(study: Study) -> Iterator[Problem]:
    plan = study.estimation
    if study.study.design == "individuals":
        return  # the columns of a cohort that are read are those named as covariates
    if plan is not None and plan.estimator == "adjusted" and plan.covariates and study.causal_model.edges:
        said = "is given, and so is [causal_model], from which follows what to adjust for; keep one of them"
        yield _at(study, "estimation.covariates", said)


def _at(study: Study, key: str, message: str) -> Problem:
    return Problem(key, message, study.line(key))


CAUSAL_RULES: tuple[Callable[[Study], Iterator[Problem]], ...] = (
    _edges_can_be_read,
    _graph_has_no_cycle,
    _measure_and_outcome_are_there,
    _keys_are_no_causes,
    _unobserved_are_causes,
    _one_list_to_adjust_for,
)
