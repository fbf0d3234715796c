"""Which column of a run comes from which file, and where does that file come from? A row per column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from utvardering.data.declared import Declared, file_of, main_file
from utvardering.data.sources import Break, Source
from utvardering.study.choice_rules import choices
from utvardering.study.model import Study

COLUMNS = (
    "study",
    "file",
    "column",
    "use",
    "outcome",
    "unit",
    "producer",
    "title",
    "address",
    "retrieved",
    "licence",
    "sha256",
    "breaks",
)
"""Columns of `provenance.csv`."""


def provenance_frame(study: Study, hashes: Mapping[str, str]) -> pd.DataFrame:
    """A row per column that the run read, with its file's row of `data/sources.toml`.

    hashes   file, as the study names it, to the sha256 of what was read
    """
    declared = Declared.of(study)
    rows = []
    for file, column, use, outcome in dict.fromkeys(_columns(study)):
        source = declared.source(file) or Source(file)
        rows.append(
            {
                "study": study.id,
                "file": file,
                "column": column,
                "use": use,
                "outcome": outcome,
                "unit": source.unit,
                "producer": source.producer,
                "title": source.title,
                "address": source.address,
                "retrieved": source.retrieved.isoformat() if source.retrieved else "",
                "licence": source.licence,
                "sha256": hashes.get(file, ""),
                "breaks": "; ".join(_told(one) for one in source.named_breaks),
            }
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _columns(study: Study) -> Iterator[tuple[str, str, str, str]]:
    """File, column, what it is used as, and of which outcome; files that are read whole have no column."""
    main, data, estimation, start = main_file(study), study.data, study.estimation, study.treated_from
    named = [(getattr(data, key), key) for key in ("unit", "period", "person", "wave", "treated", "group")]
    named += [(getattr(start, key), "start") for key in ("column", "indicator", "share")] if start else []
    named += [(column, "covariate") for column in estimation.covariates] if estimation else []
    named += [(getattr(estimation, key, ""), key) for key in ("weights", "cluster", "strata", "period_effects_by")]
    named += [(column, "choice") for _, choose in choices(study) for column in choose.on]
    yield from ((main, column, use, "") for column, use in named if column)
    for outcome in study.outcomes:
        file = file_of(study, outcome)
        yield file, outcome.id, "outcome", outcome.id
        yield from [(file, outcome.exposure, "exposure", outcome.id)] if outcome.exposure else []
    for _, choose in choices(study):
        yield from [(choose.file or main, choose.column or "alike", "choice", "")] if choose.column or choose.file else []
    neighbours = study.neighbours
    if neighbours.file or neighbours.column:
        yield neighbours.file or main, neighbours.column, "neighbours", ""
    whole = ((data.unit_labels, "labels"), (data.dose, "dose"), (data.boundaries, "map"))
    yield from ((file, "", use, "") for file, use in whole if file)


def _told(one: Break) -> str:
    return " ".join(part for part in (str(one.at), one.what, f"[{', '.join(one.columns)}]" if one.columns else "") if part)
