"""Which connector bears which name? Each is imported when it is asked for: some stand on large libraries."""

from __future__ import annotations

from importlib import import_module

from utvardering.data.connectors.base import Connector
from utvardering.errors import DataError
from utvardering.study.vocabulary import did_you_mean

CONNECTORS = {
    "kolada": "municipal key figures, from api.kolada.se",
    "scb": "population and areas, from Statistics Sweden's tables",
    "bra": "reported offences, from a file that a person exported from Brå",
    "incidents": "a row per event, counted into areas and periods",
    "survey": "answers to a survey, with their margins",
    "spreadsheet": "a workbook as it was sent, with titles, merged cells and totals",
}
"""Name of each connector, and what it collects; `connectors/NAME.py` holds it as `CONNECTOR`."""


def connector(name: str) -> Connector:
    """The connector of a name; a DataError with a suggestion where there is none."""
    if name not in CONNECTORS:
        message = f'connector: there is no "{name}".{did_you_mean(name, CONNECTORS)} The connectors are {", ".join(CONNECTORS)}'
        raise DataError(message)
    found: Connector = import_module(f"utvardering.data.connectors.{name}").CONNECTOR
    return found
