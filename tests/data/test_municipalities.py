"""Names and codes of Sweden's municipalities."""

from __future__ import annotations

import socket

import pytest

from utvardering.data.municipalities import code_of, municipalities, polygons, resolve
from utvardering.errors import DataError


def test_there_are_290() -> None:
    assert len(municipalities()) == 290
    assert all(len(code) == 4 for code in municipalities())
    assert municipalities()["0126"] == "Huddinge"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Torsås", "0834"), ("torsas", "0834"), ("torsas kommun", "0834"), ("TORSÅS KOMMUN", "0834"), ("0834", "0834"),
        ("834", "0834"), ("126", "0126"), ("Stockholms stad", "0180"), ("Göteborgs kommun", "1480"), ("Borås stad", "1490"),
        ("Håbo", "0305"), ("Habo", "0643"), ("Upplands Väsby", "0114"), ("Upplands-Bro", "0139"),
    ],
)  # fmt: skip
def test_names_and_codes(text: str, code: str) -> None:
    assert code_of(text) == resolve(text) == code


@pytest.mark.parametrize("text", ["", "Exempelstad", "0001", "01", "9999", "kommun", "Centrum"])
def test_other_names(text: str) -> None:
    assert code_of(text) is None


def test_a_near_miss_is_told() -> None:
    with pytest.raises(DataError) as told:
        resolve("Torsos")
    assert str(told.value) == '"Torsos" is not a municipality. Did you mean "Torsås"?'


def test_every_name_and_code_means_itself() -> None:
    for code, name in municipalities().items():
        assert code_of(code) == code_of(name) == code_of(name.upper()) == code_of(f"{name} kommun") == code


def test_polygons_need_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("a network request"))
    frame = polygons()
    assert frame["code"].tolist() == list(municipalities())
    assert frame["name"].tolist() == list(municipalities().values())
    assert frame.crs.to_epsg() == 4326
    assert frame.geometry.is_valid.all()
