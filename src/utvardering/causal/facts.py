"""The graph as data, for whoever draws it: nodes with their kind, edges, and what follows for the primary outcome."""

from __future__ import annotations

from typing import Any

from utvardering.causal.identify import identify
from utvardering.study.causal_graph import TREATMENT, causal_graph
from utvardering.study.model import Study


def graph_facts(study: Study) -> dict[str, Any]:
    """What `graph.json` holds; the study must have a causal model.

    A node's kind is treatment, outcome, unobserved, adjusted (in the adjustment set) or measured; its label is the measure's
    name, the outcome's title, or the column.
    """
    graph = causal_graph(study.causal_model)
    found = identify(graph, study.primary.id)
    titles = {outcome.id: outcome.title for outcome in study.outcomes} | {TREATMENT: study.measure.name}

    def kind(name: str) -> str:
        if name == TREATMENT:
            return "treatment"
        if name in graph.unobserved:
            return "unobserved"
        if name == study.primary.id:
            return "outcome"
        return "adjusted" if name in found.adjustment else "measured"

    return {
        "study": study.id,
        "outcome": study.primary.id,
        "nodes": [{"name": name, "label": titles.get(name, name), "kind": kind(name)} for name in graph.names],
        "edges": [{"from": cause, "to": effect} for cause, effect in graph.edges],
        "identification": {
            "kind": found.kind,
            "adjustment": list(found.adjustment),
            "through": list(found.through),
            "paths": list(found.paths),
            "text": found.sentence(study.report.language),
        },
    }
