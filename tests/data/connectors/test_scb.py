"""Does SCB's connector give every cell that was asked for, or say what is missing? Against a server on this machine."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pxweb_server import Table, serving

from utvardering.data.connectors import Request, connector
from utvardering.data.connectors.http import NoAnswerError
from utvardering.data.municipalities import municipalities
from utvardering.data.sources import Source
from utvardering.errors import DataError

QUERY = {"areas": "municipality", "first": 2020, "last": 2022, "within": ["0114", "0115"]}
YEARS = {str(year): str(year) for year in range(2018, 2026)}
CONTENTS = {"BE0101N1": "Folkmängd", "BE0101N2": "Folkökning"}


def figure(Region, Tid, **others):  # noqa: N803 -- the names of the variables in the table
    return int(Region[:4]) * 10 + int(Tid) + (0 if others.get("Kon", "1+2") == "1+2" else 1)


MUNICIPAL = Table(
    {
        "Region": ("region", {"00": "Riket", "01": "Stockholms län", **municipalities()}, False),
        "Alder": ("ålder", {"0": "0 år", "tot": "totalt ålder"}, True),
        "Kon": ("kön", {"1": "män", "2": "kvinnor"}, True),
        "ContentsCode": ("tabellinnehåll", CONTENTS, False),
        "Tid": ("år", YEARS, False),
    },
    figure,
)
CODES = [
    "0114A0010",
    "0114C1020",
    "0114A0010_DeSO2025",
    "0114C1020_DeSO2025",
    "0114C1030_DeSO2025",
    "0114R001",
    "0114R001_RegSO2025",
]


def small(Region, Tid, **_):  # noqa: N803 -- the names of the variables in the table
    return None if ("2025" in Region) != (int(Tid) >= 2024) else 1000 + int(Tid)


SMALL = Table(
    {
        "Region": ("region", {code: code for code in CODES}, False),
        "Alder": ("ålder", {"totalt": "totalt", "-4": "0-4 år"}, False),
        "Kon": ("kön", {"1+2": "totalt", "1": "män", "2": "kvinnor"}, False),
        "ContentsCode": ("tabellinnehåll", {"000007Y7": "Folkmängd"}, False),
        "Tid": ("år", YEARS, False),
    },
    small,
)
TABLES = {"TAB638": MUNICIPAL, "TAB6574": SMALL}


def collect(folder, address, query=None):
    source = Source("data/folkmangd.csv", connector="scb", query={**QUERY, **(query or {})})
    request = Request(
        source, folder, folder / "work", dt.date(2026, 3, 1), language="en", address=address, pace=0.001, timeout=1.0
    )
    return connector("scb").collect(request)


def fetched(folder, query=None, fault=None, meta=None, tables=None):
    """What is collected, or the message; and the calls."""
    with serving(tables or TABLES, fault, meta) as px:
        try:
            return collect(folder, px.address, query), px.calls
        except DataError as error:
            return str(error).replace(px.address, "ADDRESS"), px.calls


def test_population_by_municipality_and_year(tmp_path):
    found, calls = fetched(tmp_path)
    assert found.table.to_pydict() == {
        "unit": ["0114"] * 3 + ["0115"] * 3, "period": ["2020", "2021", "2022"] * 2,
        "folkmangd": [1140 + year for year in (2020, 2021, 2022)] + [1150 + year for year in (2020, 2021, 2022)],
    }  # fmt: skip
    assert (found.producer, found.licence, found.areas) == ("SCB", "CC0", "")
    assert [call["Tid"] for call in calls] == [["2020"], ["2021"], ["2022"]]
    assert calls[0]["Alder"] == ["tot"]
    assert "Kon" not in calls[0]


def test_small_areas_are_asked_for_by_the_codes_of_their_year(tmp_path):
    found, _ = fetched(tmp_path, {"areas": "deso_2025", "first": 2024, "last": 2025, "within": ["0114"]})
    assert sorted(set(found.table.column("unit").to_pylist())) == ["0114A0010", "0114C1020", "0114C1030"]
    assert found.areas == "DeSO_2025"
    assert found.remarks[0].startswith("From 2025 on SCB adds a little random noise to protect persons.")
    assert found.remarks[1].startswith("The areas are DeSO_2025. They may not be joined with DeSO_2018")
    old, _ = fetched(tmp_path, {"areas": "deso_2018", "first": 2022, "last": 2023, "within": ["0114"]})
    assert old.table.num_rows == 4
    assert len(old.remarks) == 1


def test_the_two_divisions_are_not_joined():
    faults = connector("scb").faults({"areas": "deso_2018", "first": 2022, "last": 2024})
    assert faults == (
        (
            "query: deso_2018 has figures 2010 to 2023 only. The areas were drawn anew from 2024 and old years are not "
            "computed again: "
            "joining deso_2018 and deso_2025 needs a table that says how each area was divided. Write years within one set"
        ),
    )
    assert connector("scb").faults({"areas": "deso_2025", "first": 2023, "last": 2025})
    assert connector("scb").faults(QUERY) == ()
    assert connector("scb").faults({**QUERY, "within": ["1"], "column": "unit", "first": 2023}) == (
        (
            'query: first (2023) lies after last (2022); within: "1" is no code of a county (two digits) or a municipality '
            '(four); column: "unit" is taken'
        ),
    )


def once(answer):
    """The fault `answer` on the second call for data, and never again."""
    return lambda number, found: answer if number == 2 else found


@pytest.mark.parametrize(
    "answer", [(429, {"Retry-After": "0"}), (500, {}), (503, {}), 1.5, b'{"id": ["Reg', b"<html>", {}], ids=str
)  # fmt: skip
def test_what_passes_is_tried_again(answer, tmp_path):
    undisturbed, _ = fetched(tmp_path / "a")
    found, calls = fetched(tmp_path / "b", fault=once(answer))
    assert found.table.equals(undisturbed.table)
    assert len(calls) == 4


def test_a_server_that_stays_silent_is_named_and_what_came_is_kept(tmp_path):
    told, calls = fetched(tmp_path, fault=lambda number, found: found if number == 1 else (500, {}))
    assert told == (
        "ADDRESS: population 2021 could not be had: Error 500: Internal Server Error. What has been fetched is kept: run the "
        "same "
        "command again"
    )
    assert len(calls) == 6
    found, calls = fetched(tmp_path)
    assert [call["Tid"] for call in calls] == [["2021"], ["2022"]]
    assert found.table.num_rows == 6
    with serving(TABLES, lambda *_: (500, {})) as px, pytest.raises(NoAnswerError):
        collect(tmp_path / "c", px.address)


def changed(**parts):
    return lambda _, found: {**found, **parts}


def values(what):
    return lambda _, found: {**found, "value": what(found["value"])}


WRONG = {
    "missing": (values(lambda v: [v[0], None]), "TAB638: 1 of 2 areas have no population for 2020: 0115"),
    "text": (values(lambda v: ["..", v[1]]), "TAB638: 0114 2020: needs a number of people, found '..'"),
    "negative": (values(lambda v: [-1, v[1]]), "TAB638: 0114 2020: needs a number of people, found -1"),
    "fewer": (
        values(lambda v: v[:1]),
        (
            "ADDRESS: population 2020 could not be had: Dimension product (2) does not match value count (1). The API response "
            "may be "
            "malformed.. What has been fetched is kept: run the same command again"
        ),
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_cells_that_are_no_figures_stop_the_fetch(name, tmp_path):
    fault, told = WRONG[name]
    assert fetched(tmp_path, fault=fault)[0] == told


def renamed(_, found):
    found["dimension"]["Region"]["label"] = "område"
    return found


def without(name):
    def meta(found):
        return {**found, "dimension": {key: value for key, value in found["dimension"].items() if key != name}}

    return meta


def other_ages(found):
    found["dimension"]["Alder"] |= {"category": {"label": {"0": "0 år"}}, "extension": {"elimination": False}}
    return found


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({"fault": renamed}, "TAB638: the answer has the columns område"),
        (
            {"meta": without("Tid")},
            "TAB638: has no variable Tid; it has Region, Alder, Kon, ContentsCode; the table has changed at SCB",
        ),
        ({"meta": other_ages}, "TAB638: the variable Alder has no total; its values are 0 år"),
        ({"tables": {"TAB1": MUNICIPAL}}, "ADDRESS: table TAB638 could not be had: Error 404: Not Found."),
        ({"query": {"last": 2026}}, "TAB638: has no figures for 2026; its years are 2018 to 2025"),
        ({"query": {"within": ["9999"]}}, "TAB638: holds no municipality in 9999; look at query.within"),
        (
            {"query": {"areas": "deso_2018", "within": []}},
            "TAB6574: holds 2 areas of deso_2018 where there are 5984; the table has changed at SCB",
        ),
    ],
)
def test_a_table_that_has_changed_is_named(how, told, tmp_path):
    found, _ = fetched(tmp_path, **how)
    assert str(found).startswith(told.replace("0 år", "0"))


CHILD = """
import sys
sys.path[:0] = {paths}
from pathlib import Path
import test_scb
test_scb.collect(Path(sys.argv[1]), sys.argv[2], {query})
print("done")
"""


def test_killed_at_any_moment_the_next_fetch_equals_an_undisturbed_one(tmp_path):
    query = {"first": 2018, "last": 2025}
    here = Path(__file__).parent
    code = CHILD.format(paths=[str(here), str(here.parent)], query=query)
    undisturbed, _ = fetched(tmp_path / "whole", query)

    def slowly(_, found):
        time.sleep(0.15)
        return found

    with serving(TABLES, slowly) as px:
        for wait in range(4):
            before = len(px.calls)
            child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "killed"), px.address])
            while len(px.calls) == before and child.poll() is None:
                time.sleep(0.01)
            time.sleep(0.06 * wait)
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
        found = collect(tmp_path / "killed", px.address, query)
        assert found.table.equals(undisturbed.table)
    parts = [path for path in (tmp_path / "killed").rglob("*.json") if not path.name.startswith(".")]
    assert all(json.loads(path.read_text())["figures"] for path in parts)
    assert len(parts) == 8
