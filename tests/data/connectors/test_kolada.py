"""Does Kolada's connector give all that was asked for, or say what is missing? Against a server on this machine."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import numpy as np
import pytest
from kolada_server import FIGURES, SHARED, cells_of, serving

from utvardering.data.connectors import Request, connector
from utvardering.data.connectors.http import NoAnswerError
from utvardering.data.municipalities import municipalities
from utvardering.data.sources import Source
from utvardering.errors import DataError

TODAY = dt.date(2026, 11, 22)
UNITS = ("0114", "0115", "1280")
YEARS = range(2018, 2022)
VIOLENCE = {"id": "N07403", "column": "valdsbrott", "form": "count", "polarity": "more_is_worse"}
SAFETY = {"id": "N07609", "column": "otrygga", "form": "share", "polarity": "more_is_worse", "margin": True}
QUERY = {"first_year": 2018, "last_year": 2021, "municipalities": list(UNITS), "figures": [VIOLENCE]}


def cells():
    """Counts 100, 101, … of 30 001 inhabitants and one more each year, as rates."""
    found = {}
    for place, unit in enumerate(UNITS):
        for year in YEARS:
            people = 30_001 + 1000 * place + year - 2018
            found["N01951", unit, year] = people
            found["N07403", unit, year] = (100 + 10 * place + year - 2018) * 100_000 / people
    return found


def collect(folder, kolada, query=None, **options):
    source = Source("data/brott.csv", connector="kolada", query={**QUERY, **(query or {})})
    options = {"pace": 0.001, "timeout": 0.3, **options}
    return connector("kolada").collect(Request(source, folder, folder, TODAY, address=kolada.address, **options))


def collected(folder, faults=None, query=None, given=None, **options):
    """What is collected, or the message without the port."""
    with serving(given or cells(), faults, **options) as kolada:
        try:
            return collect(folder, kolada, query)
        except DataError as error:
            return str(error).replace(kolada.address, "ADDRESS")


def test_rates_become_the_counts_that_they_were_made_of(tmp_path):
    table = collected(tmp_path).table
    assert table.column_names == ["unit", "period", "valdsbrott", "folkmangd"]
    assert table.column("unit").to_pylist() == [unit for unit in UNITS for _ in YEARS]
    assert table.column("valdsbrott").to_pylist() == [100, 101, 102, 103, 110, 111, 112, 113, 120, 121, 122, 123]
    assert table.column("folkmangd").to_pylist()[:2] == [30001, 30002]


def test_provenance(tmp_path):
    with serving(cells(), titles={"N07403": "Anmälda våldsbrott, antal/100 000 inv"}) as kolada:
        found = collect(tmp_path, kolada)
    assert found.title == "N07403 Anmälda våldsbrott, antal/100 000 inv; N01951 Nyckeltal N01951"
    assert found.address.endswith("/v3/data/kpi/N07403,N01951")
    assert found.unit == "per kommun och år; valdsbrott: antal, folkmangd: invånare den 31 december"
    assert found.licence == "fri användning med källan angiven: Kolada"
    assert found.polarity == {"valdsbrott": "more_is_worse"}


@pytest.mark.parametrize("call", [1, 2, 3])
@pytest.mark.parametrize(
    "fault", ["429", "429 after", "500", "503", "timeout", "reset", "truncated", "short", "html", "NaN", "moved", "same twice"]
)
def test_a_fault_that_passes_changes_nothing(tmp_path, fault, call):
    assert collected(tmp_path, {call: fault}).table.equals(collected(tmp_path / "other").table)


FORM = "Kolada answers in a form that this program does not know, and nothing of it is used"
CELL = "ADDRESS/data/kpi/N07403,N01951/municipality/0114,0115,1280/year/2018,2019,2020,2021"
GONE = (
    "are missing. Ask for other years or municipalities; or write missing_years = […] or allow_missing = true in the query, "
    "and they are left empty and listed"
)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("404", f"{CELL}?per_page=5000: the server answers 404 Not Found: not now"),
        (
            "500",
            (
                f"{CELL}?per_page=5000: no answer that can be used after 6 attempts; the last: 500 Internal Server Error. "
                "Fetch again later"
            ),
        ),
        ("unknown field", f"{CELL}?per_page=5000: {FORM}: status: is a field that is not known"),
        ("extra", f"{CELL}?per_page=5000: {FORM}: values[].values[].note: is a field that is not known"),
        (
            "renamed",
            (
                f"{CELL}?per_page=5000: {FORM}: values[].values[].isdeleted: is missing (24 times); "
                "values[].values[].is_deleted: is a field that is not known (24 times)"
            ),
        ),
        ("retyped", f"{CELL}?per_page=5000: {FORM}: values[].values[].value: input should be a valid number, found str"),
        ("period as text", f"{CELL}?per_page=5000: {FORM}: values[].period: input should be a valid integer, found str"),
        ("count", f"{CELL}?per_page=5000: Kolada says 23 values and sends 24; nothing of it is used"),
        (
            "duplicate",
            "ADDRESS: Kolada sends different values for the same cell: N07403 0114 2018: 333.32222259258026 and 1.5",
        ),
        (
            "missing",
            (
                f"ADDRESS: 1 of 24 cells {GONE}\n"
                "  N07403 valdsbrott 2021: 1 of 3 municipalities: Upplands Väsby (0114: not in the answer)"
            ),
        ),
        (
            "deleted",
            f"ADDRESS: 1 of 24 cells {GONE}\n  N07403 valdsbrott 2021: 1 of 3 municipalities: Upplands Väsby (0114: deleted)",
        ),
        ("elsewhere", 'ADDRESS: its answer leads to another host, "example.org"; nothing is fetched from there'),
        ("not asked", f"{CELL}: Kolada answers with N07403, 9999, 2018, which was not asked for"),
    ],
)
def test_a_fault_that_stays_stops_the_fetch_and_is_told(tmp_path, fault, told):
    stays = dict.fromkeys(range(3, 9), fault)
    assert collected(tmp_path, stays) == told


def test_an_empty_page_is_told_as_missing_cells(tmp_path):
    told = collected(tmp_path, {3: "empty"})
    assert told.startswith(f"ADDRESS: 24 of 24 cells {GONE}\n")
    assert told.splitlines()[1] == (
        "  N07403 valdsbrott 2018: 3 of 3 municipalities: Upplands Väsby (0114: not in the answer), "
        "Vallentuna (0115: not in the answer), Lund (1281: not in the answer)"
    ).replace("Lund (1281", "Malmö (1280")
    assert len(told.splitlines()) == 9


def test_pages_in_a_circle(tmp_path):
    told = collected(tmp_path, {0: "circle"})
    assert told == "ADDRESS/municipality?per_page=5000: Kolada's pages go in a circle; nothing of them is used"


def test_cells_that_may_be_missing_are_listed(tmp_path):
    for query in ({"allow_missing": True}, {"missing_years": [2021]}):
        found = collected(tmp_path / str(len(query)) / next(iter(query)), {3: "missing"}, query)
        assert found.table.column("valdsbrott").to_pylist()[3] is None
        assert found.beside["missing"].to_pylist() == [
            {"unit": "0114", "period": 2021, "column": "valdsbrott", "reason": "not in the answer"}
        ]
        assert "valdsbrott: 1 värden saknas hos källan." in found.remarks


def test_a_remark_of_the_source_is_told(tmp_path):
    assert "1 värden har en anmärkning hos källan." in collected(tmp_path, {3: "marked"}).remarks


def test_batches_are_small_and_every_page_is_fetched(tmp_path):
    units = [*dict.fromkeys(key[1] for key in many())]
    with serving(many(), page_size=40) as kolada:
        found = collect(tmp_path, kolada, {"municipalities": units, "first_year": 1995, "last_year": 2024})
        data = [path for path in kolada.asked if path.startswith("/v3/data")]
    segments = [part.split(",") for path in data for part in path.split("?")[0].split("/")[4::2]]
    assert max(map(len, segments)) == 25
    assert any("page=2" in path for path in data)
    assert found.table.num_rows == 30 * 30
    assert found.table.column("valdsbrott").null_count == 0


def many():
    """30 municipalities × 30 years."""
    units = list(municipalities())[:30]
    keys = [(unit, year) for unit in units for year in range(1995, 2025)]
    return {("N01951", *key): 50_000 for key in keys} | {("N07403", *key): 10.0 for key in keys}


def test_a_broken_fetch_goes_on_from_its_last_page(tmp_path):
    with serving(cells(), page_size=5) as kolada:
        whole = collect(tmp_path / "whole", kolada)
        asked = len(kolada.asked)
    with serving(cells(), dict.fromkeys(range(asked - 1, asked + 40), "500"), page_size=5) as kolada:
        with pytest.raises(NoAnswerError):
            collect(tmp_path / "broken", kolada)
        kolada.faults.clear()
        before = len(kolada.asked)
        assert collect(tmp_path / "broken", kolada).table.equals(whole.table)
        assert len(kolada.asked) - before == 2


def test_a_page_that_was_half_written_is_fetched_again(tmp_path):
    with serving(cells()) as kolada:
        collect(tmp_path, kolada)
        for page in tmp_path.glob("*.json"):
            page.write_text(page.read_text(encoding="utf-8")[:50], encoding="utf-8")
        assert collect(tmp_path, kolada).table.num_rows == 12


def test_a_rate_of_another_population_is_no_count(tmp_path):
    given = {key: value * 1.01 if key[0] == "N01951" else value for key, value in cells().items()}
    assert collected(tmp_path, given=given) == (
        "N07403 × N01951 / 100 000 is no whole number in 8 of 12 cells: Vallentuna 2018, Vallentuna 2019, Vallentuna 2020, "
        "Vallentuna 2021, Malmö 2018, Malmö 2019, Malmö 2020, Malmö 2021. The furthest is 0.23 off (Malmö 2021). "
        'If the rate is of another population, fetch it as it stands: form = "value"'
    )


def survey(repeat):
    """A share in percent and its margin, for six municipalities and four years; may repeat the value of the year before."""
    units = list(municipalities())[:6]
    found = {}
    for place, unit in enumerate(units):
        for year in YEARS:
            at = year - year % 2 if repeat else year
            found["N07609", unit, year] = 30.0 + place + (at - 2018) / 10
            found["N07657", unit, year] = 2.5
    return units, found


def test_a_value_of_two_years_is_kept_once_where_it_is_declared(tmp_path):
    units, given = survey(repeat=True)
    query = {"municipalities": units, "figures": [SAFETY]}
    assert collected(tmp_path, query=query, given=given) == (
        "N07609 (otrygga): nearly every municipality has the same value in 2018 and 2019, 2020 and 2021: one value, written in "
        "two years. Write pooled_years = 2: then it is kept once, in the last of its years"
    )
    found = collected(tmp_path, query=query | {"figures": [SAFETY | {"pooled_years": 2}]}, given=given)
    assert found.table.column_names == ["unit", "period", "otrygga", "otrygga_margin"]
    assert found.table.column("otrygga").to_pylist()[:4] == pytest.approx([None, 0.30, None, 0.302])
    assert found.table.column("otrygga_margin").to_pylist()[1] == 0.025
    assert found.remarks[0] == (
        "otrygga: undersökningen slår ihop två år, och samma värde står i båda. Det behålls bara i det senare; 2018, 2020 "
        "lämnas tomma."
    )
    assert {row["reason"] for row in found.beside["missing"].to_pylist()} == {"repeated in the next year"}


def test_values_that_differ_are_left_alone(tmp_path):
    units, given = survey(repeat=False)
    assert (
        collected(tmp_path, query={"municipalities": units, "figures": [SAFETY]}, given=given)
        .table.column("otrygga")
        .null_count
        == 0
    )


def test_a_group_of_municipalities_is_fetched_too(tmp_path):
    given = {("N07403", unit, 2018): 10.0 for unit in ("1280", "1480", "0180", "0380", "0580", "1281", "1283", "1880")}
    given |= {("N01951", *key[1:]): 10_000 for key in given}
    query = {
        "municipalities": ["Malmö"],
        "municipality_group": "Liknande kommuner, övergripande, Malmö, 2022",
        "last_year": 2018,
    }
    assert collected(tmp_path, query=query, given=given).table.column("unit").to_pylist() == sorted({key[1] for key in given})
    assert collected(tmp_path / "b", query=query | {"municipality_group": "G1001"}, given=given).table.num_rows == 8


def alike(folder, **query):
    source = Source("data/liknande.csv", connector="kolada", query=query)
    with serving(cells()) as kolada:
        try:
            return connector("kolada").collect(Request(source, folder, folder, TODAY, address=kolada.address, pace=0.001))
        except DataError as error:
            return str(error).replace(kolada.address, "ADDRESS")


def test_municipalities_that_are_alike_become_a_list_to_choose_from(tmp_path):
    found = alike(tmp_path, alike_year=2022, families=["socioekonomi"])
    assert found.table.to_pylist() == [
        {"unit": "1280", "alike": "1380", "family": "socioekonomi"},
        {"unit": "1280", "alike": "1480", "family": "socioekonomi"},
        {"unit": "1281", "alike": "0380", "family": "socioekonomi"},
    ]
    assert found.title == "Liknande kommuner 2022"
    assert set(alike(tmp_path, alike_year=2022).table.column("family").to_pylist()) == {"socioekonomi", "övergripande"}


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"alike_year": 2020}, "alike_year: no groups of 2020; the years are 2021, 2022"),
        (
            {"alike_year": 2022, "families": ["skola"]},
            "families: no groups of skola; the families are socioekonomi, övergripande",
        ),
    ],
)
def test_groups_that_kolada_does_not_have(tmp_path, query, told):
    assert alike(tmp_path, **query) == f"ADDRESS/municipality_groups: {told}"


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (
            {"municipality_group": "Liknande kommuner, övergripande, Malmö, 2021"},
            (
                "ADDRESS/municipality_groups: municipality_group: there is no group "
                '"Liknande kommuner, övergripande, Malmö, 2021". Did you mean "Liknande kommuner, övergripande, Malmö, 2022"?'
            ),
        ),
        (
            {"municipality_group": "Dubbelt namn"},
            (
                "ADDRESS/municipality_groups: municipality_group: there are 2 groups of that name; "
                "write the id of one, such as G1003"
            ),
        ),
        ({"figures": [VIOLENCE | {"id": "N99999"}]}, "ADDRESS/kpi: Kolada has no figure N99999"),
    ],
)
def test_what_kolada_does_not_have(tmp_path, query, told):
    assert collected(tmp_path, query=query) == told


def test_other_municipalities_than_the_map_has_are_told(tmp_path):
    places = {code: name for code, name in municipalities().items() if code != "0117"} | {"2599": "Nystad"}
    with serving(cells(), places=places) as kolada, pytest.raises(DataError) as caught:
        collect(tmp_path, kolada, {"municipalities": "all"})
    assert str(caught.value).endswith(
        "/municipality: Kolada's municipalities are others than those that this program knows (gone: 0117; new: 2599); list "
        "those that you want"
    )


KEYS = (
    "figures, first_year, last_year, municipalities, municipality_group, population, population_column, gender, allow_missing, "
    "missing_years, rounding"
)
FIGURE = "query.figures[0]"


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (None, (f"query: needs a table such as {{ … }} with the keys {KEYS}",)),
        (
            {"figures": [VIOLENCE], "frist_year": 2018, "last_year": "2021"},
            (
                "query.first_year: is missing",
                "query.last_year: input should be a valid integer, found '2021'",
                f'query.frist_year: is not a key. Did you mean "first_year"? The keys are {KEYS}',
            ),
        ),
        (
            QUERY | {"figures": [{"id": "N07609", "column": "otrygga", "form": "share"}]},
            (f"{FIGURE}.polarity: is missing",),
        ),
        (
            QUERY | {"figures": [SAFETY | {"polarity": "more_is_better"}]},
            (
                (f"{FIGURE}: N07609 is described as safe, but its values are of those who are unsafe: write polarity = "
                '"more_is_worse"'),
            ),
        ),
        (
            QUERY | {"figures": [VIOLENCE | {"polarity": "more_is_better"}]},
            (f'{FIGURE}: N07403 counts reported offences: write polarity = "more_is_worse"',),
        ),
        (
            QUERY | {"figures": [SAFETY | {"form": "count"}]},
            (f'{FIGURE}: N07609 is a share of those who answered: write form = "share"',),
        ),
        (
            QUERY | {"figures": [VIOLENCE | {"margin": True}]},
            (f"{FIGURE}: N07403 has no margin of error; N07601 to N07647 have one",),
        ),
        (
            QUERY | {"municipalities": ["Malmo", "Torsas", "Nystad"]},
            ('query.municipalities: "Nystad" is not a municipality. Did you mean "Ystad"?',),
        ),
        (
            QUERY | {"municipalities": [], "last_year": 2017, "figures": [VIOLENCE, VIOLENCE], "missing_years": [2016]},
            (
                (
                    'query: last_year: 2017 is before first_year, 2018; municipalities: is missing: write "all", a list of '
                    "names or "
                    'codes, or a municipality_group; figures: the column "valdsbrott" stands twice; missing_years: 2016 is not '
                    "asked for"
                ),
            ),
        ),
        ({"alike_year": "2022"}, ("query.alike_year: input should be a valid integer, found '2022'",)),
        (QUERY | {"figures": []}, ("query: figures: is empty: write which key figures to fetch",)),
        (
            QUERY | {"gender": "K"},
            ("query: gender: a rate is of all inhabitants and is rebuilt with all of them; leave gender out",),
        ),
    ],
)  # fmt: skip
def test_every_fault_of_a_query_is_told_before_anything_is_fetched(query, told):
    assert connector("kolada").faults(query) == told


def test_a_sound_query_has_no_faults():
    assert connector("kolada").faults(QUERY) == ()


@pytest.mark.skipif(not SHARED.is_file(), reason="the yearly counts of ../shared/data are not here")
def test_the_yearly_counts_come_back_exactly_with_every_trap_told(tmp_path):
    names = FIGURES
    figures = [
        {"id": id_, "column": name, "form": "count", "polarity": "more_is_worse", "zeros_as_missing_until": 2016}
        for name, id_ in names.items()
    ]
    query = {"first_year": 2008, "last_year": 2022, "municipalities": "all", "figures": figures}
    found = collected(tmp_path, query=query, given=cells_of())
    with SHARED.open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: (row["kommunkod"], int(row["ar"])))
    assert found.table.column("unit").to_pylist() == [row["kommunkod"] for row in rows]
    for name in names:
        assert found.table.column(name).to_pylist() == [int(float(row[name])) if row[name] else None for row in rows]
    assert found.table.column("folkmangd").to_pylist() == [int(row["befolkning"]) for row in rows]
    missing = found.beside["missing"].to_pylist()
    assert len(missing) == sum(row[name] == "" for row in rows for name in names)
    assert {row["reason"] for row in missing} == {"zero or not known"}
    violence = "valdsbrott: 1\u00a0603 av 2\u00a0610 värden till och med 2016 saknas."
    assert found.remarks[0].startswith(violence)
    assert found.remarks[0].endswith("Den största kommunen bland dem är Lund 2009 med 109\u00a0147 invånare.")
    covered = [remark for remark in found.remarks if "kommunernas summa täcker" in remark]
    assert len(covered) == 5
    assert covered[0] == "valdsbrott: kommunernas summa täcker 77\u00a0% till 90\u00a0% av riket, olika mycket olika år."
    assert "Antalet brottskategorier har växt från 336 (1996) till 1 140 (2024)." in found.remarks[-1]


def test_without_the_declaration_the_missing_zeros_stop_the_fetch(tmp_path):
    given = cells()
    given["N07403", "0115", 2018] = None
    assert "N07403 valdsbrott 2018: 1 of 3 municipalities: Vallentuna (0115: Missing)" in collected(tmp_path, given=given)
    query = {"figures": [VIOLENCE | {"zeros_as_missing_until": 2018}]}
    table = collected(Path(tmp_path) / "declared", query=query, given=given).table
    assert table.column("valdsbrott").to_pylist()[4] is None
    assert np.sum(table.column("valdsbrott").to_numpy() == 0) == 0
