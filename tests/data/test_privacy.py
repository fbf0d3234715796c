"""Personal data are refused, areas and numbers are not, and no message repeats a value. All persons are invented."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from small_panel import UNITS, message, with_column, write

from utvardering.data.privacy import quote, refuse_personal_data
from utvardering.data.tables import read_table
from utvardering.errors import DataError

IDENTITY = "811228-9874"  # the Swedish Tax Agency's example of a number, Luhn included


@pytest.mark.parametrize(
    ("column", "value", "what"),
    [
        ("id", IDENTITY, "identity numbers"),
        ("id", "19811228-9874", "identity numbers"),
        ("id", "8112289874", "identity numbers"),
        ("id", "811228+9874", "identity numbers"),
        ("id", "701063-2391", "identity numbers"),  # samordningsnummer: day 3 + 60
        ("id", f"ärende {IDENTITY} öppet", "identity numbers"),
        ("personnummer", "1", "identity numbers"),
        ("anmalare", "A.", "names"),
        ("vem", "Anna Andersson", "names"),
        ("vem", "Andersson, Anna", "names"),
        ("vem", "Anna-Karin von Berg", "names"),
        ("plats", "Storgatan 12 B", "street addresses"),
        ("plats", "Norra vägen 3", "street addresses"),
        ("gatuadress", "Torget", "street addresses"),
        ("kontakt", "fornamn.efternamn@exempel.se", "e-mail addresses"),
        ("text", "Han gick in i butiken, tog två flaskor ur hyllan och sprang sedan ut.", "free text"),
        ("fritext", "lugnt", "free text"),
        ("id", "811228-9875", ""),  # wrong check digit
        ("id", "813328-9874", ""),  # no such month
        ("belopp", "1234567890", ""),
        ("matt", "0.8112289874", ""),
        ("namn", "Centrum norra", ""),
        ("namn", "Maria Magdalena församling", ""),
        ("vag", "Riksväg 40", ""),
        ("skola", "Karlavägens skola", ""),
        ("brottstyp", "Anmälda brott mot person per 100 000 invånare", ""),
    ],
)
def test_what_looks_like_persons(column: str, value: str, what: str, tmp_path: Path) -> None:
    code, text = message(tmp_path, with_column(column, dict.fromkeys(UNITS, value)))
    assert (code, what in text) == ((3, True) if what else (0, True)), text
    assert value not in text or len(value) < 3


@pytest.mark.parametrize("value", [198112289874, 8112289874])
def test_identity_numbers_stored_as_numbers(value: int, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pd.DataFrame({"lopnummer": [value]}).to_parquet(path)
    with pytest.raises(DataError) as told:
        refuse_personal_data(read_table(path))
    assert str(value) not in str(told.value)


def test_one_number_among_thousands_is_found(tmp_path: Path) -> None:
    path = write(tmp_path, "id\n" + "\n".join(f"omr{place}" for place in range(20000)) + f"\n{IDENTITY}\n", "t.csv")
    with pytest.raises(DataError, match=r"t\.csv: 1 problem\n  id: looks like identity numbers"):
        refuse_personal_data(read_table(path))


@pytest.mark.parametrize("value", [IDENTITY, "Anna Andersson", "Storgatan 12", "a.b@exempel.se"])
def test_no_message_quotes_a_person(value: str) -> None:
    assert quote(value) == "what may be personal data"


def test_a_long_cell_is_shortened() -> None:
    assert quote("x" * 100) == f'"{"x" * 39}…"'
    assert quote("tolv") == '"tolv"'
