"""Which keys may a `query` have? The models of the connectors as tables of Markdown, for `docs/connectors.md`.

`python -m utvardering.data.connectors.reference` prints them. Kolada's are in `docs/guides/hamta-data.md`.
"""

from __future__ import annotations

import sys

from utvardering.data.connectors.base import Query
from utvardering.data.connectors.bra import BraQuery
from utvardering.data.connectors.incident_query import IncidentQuery, Night
from utvardering.data.connectors.scb import ScbQuery
from utvardering.data.connectors.spreadsheet import SpreadsheetQuery
from utvardering.data.connectors.survey_query import Question, SurveyQuery
from utvardering.study.reference import key_rows

BEGIN = "<!-- keys: begin -->"
END = "<!-- keys: end -->"
QUERIES: dict[str, tuple[type[Query], ...]] = {
    "incidents": (IncidentQuery, Night),
    "bra": (BraQuery,),
    "scb": (ScbQuery,),
    "survey": (SurveyQuery, Question),
    "spreadsheet": (SpreadsheetQuery,),
}
_INDEX, _NAMED = "a table such as { 2021 = 100.0, 2024 = 118.2 }", 'a table such as { "Rån" = "ran" }'
_BELOW = {Night: "[source.query.night]", Question: "[[source.query.questions]]"}


def reference() -> str:
    """The keys of each connector's query, their values, defaults and meaning."""
    parts = []
    for connector, models in QUERIES.items():
        for model in models:
            heading = f"### `{_BELOW[model]}`" if model in _BELOW else f'## `connector = "{connector}"`'
            sentence = (model.__doc__ or "").split(": ", 1)[-1]
            parts += [
                heading,
                sentence[:1].upper() + sentence[1:],
                key_rows(list(model.model_fields.items())).replace(_INDEX, _NAMED),
            ]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.stdout.write(reference())
