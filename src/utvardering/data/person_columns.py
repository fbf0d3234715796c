"""Does a file about persons hold what tells who they are, beside what no file may hold? Given names, dates of birth, places.

A table of areas may well hold dates; in a cohort a date of a single day, or a postal code, picks out a person.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from utvardering.data.faults import Faults
from utvardering.data.tables import Table
from utvardering.disclosure.names import GIVEN_NAMES
from utvardering.study.vocabulary import fold

_HEADINGS = {
    "dates of birth": {"fodelsedatum", "fodelsedag", "fodd", "birth_date", "birthdate", "date_of_birth", "dob"},
    "postal codes": {"postnummer", "postnr", "postal_code", "zip", "zip_code"},
    "telephone numbers": {"telefon", "telefonnummer", "mobil", "mobilnummer", "phone"},
}
_DAY = r"^(19|20)\d{2}-?(0[1-9]|1[0-2])-?(0[1-9]|[12]\d|3[01])$"


def refuse_telling_columns(table: Table, person: str, wave: str) -> None:
    """Raise a DataError that names the columns that tell who a person is; it repeats no value.

    person is the column of the pseudonyms, wave that of the waves, which may be written as a date by mistake.
    """
    faults = Faults(table.name, table.rows)
    for column in table.columns:
        what = "" if column == wave else _telling(table, column)
        if what:
            instead = "write a number that only you can trace" if column == person else "take the column away"
            faults.add(column, f"looks like {what}, which tells who the person is; {instead}")
    faults.raise_any()


def _telling(table: Table, column: str) -> str:
    heading = fold(column)
    for what, headings in _HEADINGS.items():
        if heading in headings:
            return what
    texts = pc.unique(table.text(column))
    texts = texts.filter(pc.not_equal(texts, ""))
    if not len(texts):
        return ""
    kind = table.columns[column].type
    if pa.types.is_temporal(kind) or pc.all(pc.match_substring_regex(texts, _DAY)).as_py():
        return "dates of single days"
    named = sum(fold(text) in GIVEN_NAMES for text in texts.to_pylist())
    return "names of persons" if 2 * named >= len(texts) else ""
