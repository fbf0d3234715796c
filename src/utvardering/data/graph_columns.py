"""Which columns does the causal model speak of? And is every name in it known?"""

from __future__ import annotations

from collections.abc import Collection

from utvardering.data.faults import Faults
from utvardering.study import vocabulary
from utvardering.study.causal_graph import TREATMENT, causal_graph
from utvardering.study.model import Outcome, Study


def graph_columns(study: Study, outcome: Outcome, columns: Collection[str]) -> tuple[str, ...]:
    """Names of the graph that are columns of the panel, without the outcome itself."""
    graph = causal_graph(study.causal_model)
    return tuple(name for name in graph.observed if name not in {TREATMENT, outcome.id} and name in columns)


def check_graph(study: Study, columns: Collection[str], faults: Faults) -> None:
    """Add a fault for each name that is no column, and for each that is said to be unobserved but is a column."""
    model = study.causal_model
    graph = causal_graph(model)
    outcomes = [outcome.id for outcome in study.outcomes]
    given = {study.data.unit, study.data.period}
    for name in graph.observed:
        if name == TREATMENT or name in outcomes or name in columns:
            continue
        place = next(i for i, edge in enumerate(model.edges) if name in (part.strip() for part in edge.split("->")))
        near = vocabulary.did_you_mean(name, dict.fromkeys([*sorted(set(columns) - given), *outcomes, TREATMENT]))
        key = f"causal_model.edges[{place}]"
        hint = near or f' If it is not measured, write unobserved = ["{name}"]'
        faults.add(key, f'"{name}" is neither a column of the data nor unobserved.{hint}', study.line(key))
    for i, name in enumerate(model.unobserved):
        if name in columns and name not in outcomes:
            key = f"causal_model.unobserved[{i}]"
            faults.add(key, f'"{name}" is a column of the data, so it is measured; remove it here', study.line(key))
