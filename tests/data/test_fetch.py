"""Is a fetch kept, described and held against the one before it, whatever happens in the middle of it?"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from kolada_server import serving

from utvardering.data.fetch import fetch
from utvardering.data.municipalities import municipalities
from utvardering.data.sources import read_sources, sha256
from utvardering.data.verify import verify_sources
from utvardering.errors import DataError, DataNotFetchedError

FIRST, SECOND = dt.date(2026, 11, 1), dt.date(2026, 11, 22)
UNITS = tuple(municipalities())[:8]
SOURCES = """\
# Var uppgifterna kommer ifrån. Skrivs av utvardering data fetch; kommentarerna är våra.
[[source]]
file = "data/brott.csv" # våldsbrott
title = "Våldsbrott i åtta kommuner"
connector = "kolada"
breaks = [2016]

[source.query]
first_year = 2015
last_year = 2019
municipalities = [UNITS]
[[source.query.figures]]
id = "N07403"
column = "valdsbrott"
form = "count"
polarity = "more_is_worse"

# En fil som någon gjort för hand.
[[source]]
file = "data/egen.csv"
producer = "Exempelstad"
""".replace("UNITS", ", ".join(f'"{unit}"' for unit in UNITS))


def cells(*, last=2019, revised=()):
    """Rates of 50, 51, … offences; those in `revised` are two more."""
    found = {}
    for place, unit in enumerate(UNITS):
        for year in range(2015, last + 1):
            people = 10_007 + 100 * place + year - 2015
            found["N01951", unit, year] = people
            found["N07403", unit, year] = (50 + 10 * place + year - 2015 + 2 * ((unit, year) in revised)) * 100_000 / people
    return found


def study(folder, sources=SOURCES):
    (folder / "data").mkdir(parents=True)
    (folder / "study.toml").write_text('[report]\nlanguage = "sv"\n', encoding="utf-8")
    (folder / "data" / "sources.toml").write_text(sources, encoding="utf-8")
    return folder


def fetched(folder, given=None, today=FIRST, faults=None, **options):
    with serving(given or cells(), faults, port=options.pop("port", 0)) as kolada:
        return fetch(folder, addresses={"kolada": kolada.address}, today=today, **options)


def files(folder):
    """Every file that a fetch leaves but its lock, with its bytes; addresses without the port."""
    found = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if name != "data/.fetch.lock"}


def test_a_first_fetch_writes_the_file_its_vintage_and_its_row(tmp_path):
    folder = study(tmp_path / "prov")
    (one,) = fetched(folder)
    assert (one.file, one.rows, one.new, one.changed) == ("data/brott.csv", 40, True, "")
    assert one.vintage == "data/vintages/2026-11-01/brott.csv"
    assert set(files(folder)) == {"study.toml", "data/sources.toml", "data/brott.csv", one.vintage}
    assert (folder / one.vintage).read_bytes() == (folder / "data/brott.csv").read_bytes()
    assert (folder / "data/brott.csv").read_text(encoding="utf-8").splitlines()[:2] == [
        "unit,period,valdsbrott,folkmangd",
        "0114,2015,50,10007",
    ]
    source = read_sources(folder)[0]
    assert source.sha256 == sha256(folder / "data/brott.csv") == one.sha256
    assert (source.retrieved, source.title, source.breaks) == (FIRST, "Våldsbrott i åtta kommuner", (2016,))
    assert source.producer == "Kolada (Rådet för främjande av kommunala analyser)"
    assert source.polarity == {"valdsbrott": "more_is_worse"}
    verify_sources(folder)


def test_comments_and_other_rows_stay_as_they_were(tmp_path):
    folder = study(tmp_path / "prov")
    fetched(folder)
    written = (folder / "data/sources.toml").read_text(encoding="utf-8")
    for line in SOURCES.splitlines():
        assert line in written.splitlines(), line
    assert written.splitlines()[0] == SOURCES.splitlines()[0]
    assert written[written.index("# En fil som") :] == SOURCES[SOURCES.index("# En fil som") :]


def test_line_breaks_of_windows_stay(tmp_path):
    folder = study(tmp_path / "prov")
    path = folder / "data/sources.toml"
    path.write_bytes(b"\xef\xbb\xbf" + SOURCES.replace("\n", "\r\n").encode())
    fetched(folder)
    written = path.read_bytes()
    assert written.startswith(b"\xef\xbb\xbf#")
    assert written.count(b"\n") == written.count(b"\r\n")


def test_the_same_content_makes_no_new_vintage(tmp_path):
    folder = study(tmp_path / "prov")
    fetched(folder)
    (one,) = fetched(folder, today=SECOND)
    assert (one.new, one.changed, one.vintage) == (False, "", "data/vintages/2026-11-01/brott.csv")
    assert read_sources(folder)[0].retrieved == SECOND
    assert len(list(folder.glob("data/vintages/*"))) == 1


def test_revised_figures_are_told_and_the_former_file_is_kept(tmp_path):
    folder = study(tmp_path / "prov")
    fetched(folder)
    former = (folder / "data/brott.csv").read_bytes()
    path = folder / "data/sources.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("last_year = 2019", "last_year = 2020"), encoding="utf-8")
    (one,) = fetched(folder, cells(last=2020, revised={(UNITS[0], 2015), (UNITS[2], 2018)}), SECOND)
    assert one.changed == (
        '8 rows more (0114 2020 to 0127 2020); 2 figures revised (the largest valdsbrott of 0114 2015: "50" became "52")'
    )
    assert one.vintage == "data/vintages/2026-11-22/brott.csv"
    assert (folder / "data/vintages/2026-11-01/brott.csv").read_bytes() == former
    changes = pd.read_csv(folder / "data/vintages/2026-11-22/brott.csv.changes.csv", dtype=str, keep_default_na=False)
    assert list(changes) == ["change", "unit", "period", "column", "former", "now"]
    assert changes["change"].tolist() == ["row added"] * 8 + ["revised"] * 2
    assert changes.iloc[-1].tolist() == ["revised", UNITS[2], "2018", "valdsbrott", "73", "75"]


def test_figures_that_go_back_are_a_change_too(tmp_path):
    folder = study(tmp_path / "prov")
    fetched(folder)
    fetched(folder, cells(revised={(UNITS[0], 2015)}), SECOND)
    (one,) = fetched(folder, today=dt.date(2026, 11, 23))
    assert one.new
    assert one.vintage == "data/vintages/2026-11-23/brott.csv"
    assert '"52" became "50"' in one.changed


def test_a_second_content_of_a_day_overwrites_nothing(tmp_path):
    folder = study(tmp_path / "prov")
    fetched(folder)
    (one,) = fetched(folder, cells(revised={(UNITS[0], 2015)}))
    assert one.vintage == "data/vintages/2026-11-01-2/brott.csv"
    assert (folder / "data/vintages/2026-11-01/brott.csv").read_bytes() != (folder / one.vintage).read_bytes()


def test_a_file_that_was_there_before_is_kept(tmp_path):
    folder = study(tmp_path / "prov")
    (folder / "data/brott.csv").write_text("unit,period,valdsbrott\n0114,2015,7\n", encoding="utf-8")
    (one,) = fetched(folder)
    assert (folder / "data/vintages/2026-11-01/brott.csv").read_text(encoding="utf-8").endswith("0114,2015,7\n")
    assert one.vintage == "data/vintages/2026-11-01-2/brott.csv"
    assert one.changed == (
        "1 column more: folkmangd; 39 rows more (0114 2016 to 0127 2019); 1 figure revised (the largest valdsbrott of 0114 "
        '2015: "7" became "50")'
    )


def test_a_file_that_was_changed_by_hand_stops_the_run_with_what_changed(tmp_path):
    folder = study(tmp_path / "prov")
    fetched(folder)
    path = folder / "data/brott.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("0114,2015,50,", "0114,2015,5,"), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        verify_sources(folder)
    assert str(caught.value) == (
        "data/sources.toml: 1 problem\n"
        "  source[0].sha256: data/brott.csv has changed since it was described: 1 figure revised (the largest valdsbrott of "
        '0114 2015: "50" became "5"); restore the file from data/vintages/2026-11-01/brott.csv, or describe the new one and '
        f'write sha256 = "{sha256(path)}"'
    )
    fetched(folder, today=SECOND)
    assert (folder / "data/vintages/2026-11-22/brott.csv").read_text(encoding="utf-8").splitlines()[1] == "0114,2015,5,10007"
    verify_sources(folder)


def test_a_fetch_that_was_broken_off_before_its_row_is_told_as_one(tmp_path):
    folder = study(tmp_path / "prov")
    fetched(folder)
    row = (folder / "data/sources.toml").read_bytes()
    fetched(folder, cells(revised={(UNITS[0], 2015)}), SECOND)
    (folder / "data/sources.toml").write_bytes(row)
    with pytest.raises(DataError) as caught:
        verify_sources(folder)
    assert str(caught.value).splitlines()[1] == (
        "  source[0].sha256: data/brott.csv is data/vintages/2026-11-22/brott.csv, which is not the vintage that is described: "
        "a fetch was broken off, or a vintage was put back; run: utvardering data fetch prov"
    )


def test_a_failed_fetch_leaves_everything_as_it_was(tmp_path):
    folder = study(tmp_path / "prov")
    fetched(folder)
    before = files(folder)
    for fault in ("extra", "missing", "404"):
        with pytest.raises(DataError):
            fetched(folder, today=SECOND, faults=dict.fromkeys(range(3, 20), fault))
        assert files(folder) == before


def test_an_answer_that_lacked_cells_is_asked_for_again(tmp_path):
    folder = study(tmp_path / "prov")
    with serving(cells(), {3: "missing"}) as kolada:
        with pytest.raises(DataError, match="are missing"):
            fetch(folder, addresses={"kolada": kolada.address}, today=FIRST)
        fetch(folder, addresses={"kolada": kolada.address}, today=FIRST)
    verify_sources(folder)


def test_pages_of_another_day_are_not_used(tmp_path):
    folder = study(tmp_path / "prov")
    with serving(cells(), dict.fromkeys(range(3, 9), "500")) as kolada:
        with pytest.raises(DataError):
            fetch(folder, addresses={"kolada": kolada.address}, today=FIRST)
        assert len(list(folder.glob("data/.fetch/*/2026-11-01/*.json"))) == 2
        kolada.faults.clear()
        before = len(kolada.asked)
        fetch(folder, addresses={"kolada": kolada.address}, today=SECOND)
        assert len(kolada.asked) - before == 3
    assert not list(folder.glob("data/.fetch/*"))


def test_two_fetches_at_once_take_turns(tmp_path):
    folder, alone = study(tmp_path / "both"), study(tmp_path / "alone")
    with serving(cells(), slow=0.05) as kolada:
        fetch(alone, addresses={"kolada": kolada.address}, today=FIRST)
        found = []
        threads = [
            threading.Thread(target=lambda: found.extend(fetch(folder, addresses={"kolada": kolada.address}, today=FIRST)))
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(one.new for one in found) == [False, True]
    assert files(folder) == files(alone)


def test_personal_data_are_not_kept(tmp_path):
    sources = SOURCES.replace('column = "valdsbrott"', 'column = "personnummer"')
    folder = study(tmp_path / "prov", sources)
    with pytest.raises(DataError, match="identity numbers of persons"):
        fetched(folder, persons())
    assert set(files(folder)) == {"study.toml", "data/sources.toml"}


def persons():
    """Cells that spell an identity number with a right check digit."""
    return {key: 8507099805.0 if key[0] == "N07403" else 100_000 for key in cells()}


@pytest.mark.parametrize(
    ("sources", "options", "told"),
    [
        ("", {}, "data/sources.toml: no file is described; write a [[source]] with file, connector and query for each"),
        (
            SOURCES,
            {"only": "data/brot.csv"},
            ('--only: data/sources.toml has no file "data/brot.csv". Did you mean "data/brott.csv"? The files are '
            "data/brott.csv, data/egen.csv"),
        ),
        (
            SOURCES,
            {"only": "egen.csv"},
            ("data/sources.toml: 1 problem\n  line 19: source[1].connector: is missing: data/egen.csv cannot be fetched. The "
            "connectors are kolada, scb, bra, incidents, survey, spreadsheet"),
        ),
        (
            SOURCES.replace("kolada", "kolda").replace("brott.csv", "brott.xls"),
            {},
            ("data/sources.toml: 2 problems\n"
            "  line 3: source[0].file: needs the ending .csv or .parquet, found data/brott.xls\n"
            '  line 5: source[0].connector: there is no "kolda". Did you mean "kolada"? The connectors are kolada, scb, bra, '
            "incidents, survey, spreadsheet"),
        ),
        (
            SOURCES.replace("first_year", "frist_year").replace('form = "count"\n', "").replace("data/brott", "../../brott"),
            {},
            ("data/sources.toml: 4 problems\n"
            "  line 3: source[0].file: needs a place within the study's folder, found ../../brott.csv\n"
            "  line 8: source[0].query.first_year: is missing\n"
            '  line 9: source[0].query.frist_year: is not a key. Did you mean "first_year"? The keys are figures, first_year, '
            "last_year, municipalities, municipality_group, population, population_column, gender, allow_missing, "
            "missing_years, rounding\n"
            "  line 12: source[0].query.figures[0].form: is missing"),
        ),
        (
            SOURCES[SOURCES.index("# En fil") :],
            {},
            ("data/sources.toml: no file has a connector, so none is fetched. The connectors are kolada, scb, bra, incidents, "
            "survey, spreadsheet"),
        ),
        (SOURCES + SOURCES, {}, ('data/sources.toml: 2 problems\n  source: "brott.csv" has 2 tables; give each file one\n'
                                '  source: "egen.csv" has 2 tables; give each file one')),
    ],
)  # fmt: skip
def test_faults_are_told_before_anything_is_fetched(tmp_path, sources, options, told):
    folder = study(tmp_path / "prov", sources)
    with serving(cells()) as kolada:
        with pytest.raises(DataError) as caught:
            fetch(folder, addresses={"kolada": kolada.address}, **options)
        assert str(caught.value) == told
        assert kolada.asked == []


def test_an_address_for_no_connector(tmp_path):
    with pytest.raises(DataError) as caught:
        fetch(study(tmp_path / "prov"), addresses={"kolda": "http://127.0.0.1"})
    assert str(caught.value) == (
        '--address: there is no connector "kolda". Did you mean "kolada"? The connectors are kolada, scb, bra, incidents, '
        "survey, spreadsheet"
    )


def test_one_of_two_files_that_fails_leaves_the_other_in_place(tmp_path):
    other = SOURCES[: SOURCES.index("# En fil")].replace("data/brott.csv", "data/fel.csv").replace("N07403", "N99999")
    folder = study(tmp_path / "prov", other + SOURCES)
    with pytest.raises(DataError) as caught:
        fetched(folder)
    assert str(caught.value).startswith(
        "data/sources.toml: 1 of 2 files could not be fetched; the others are in place\n  data/fel.csv: http://127.0.0.1:"
    )
    assert (folder / "data/brott.csv").is_file()
    assert not (folder / "data/fel.csv").exists()


def test_a_server_that_does_not_answer_is_not_asked_for_the_next_file(tmp_path):
    other = SOURCES[: SOURCES.index("# En fil")].replace("data/brott.csv", "data/fler.csv")
    folder = study(tmp_path / "prov", other + SOURCES)
    with serving(cells(), {0: "500"}) as kolada:
        with pytest.raises(DataError, match="2 of 2 files could not be fetched"):
            fetch(folder, addresses={"kolada": kolada.address}, today=FIRST)
        assert len(kolada.asked) == 6


def test_a_study_whose_file_is_not_there_says_how_to_fetch_it(tmp_path):
    from utvardering.data.sources import find_file

    folder = study(tmp_path / "prov")
    with pytest.raises(DataNotFetchedError) as caught:
        find_file(folder, "prov", "data/brott.csv")
    assert str(caught.value) == "data/brott.csv: the data have not been fetched; run: utvardering data fetch prov"


class DeathError(BaseException):
    """What no program catches, as kill -9."""


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_dead_before_or_after_any_file_is_put_in_place_the_next_fetch_equals_an_undisturbed_one(tmp_path, monkeypatch, after):
    """Dies at the first renaming of a fetch, at the second, and so on, until none is left."""
    begun = study(tmp_path / "begun")
    with serving(cells()) as kolada:
        options = {"addresses": {"kolada": kolada.address}}
        fetch(begun, today=FIRST, **options)
        kolada.cells = cells(revised={(UNITS[0], 2015)})
        shutil.copytree(begun, tmp_path / "whole")
        fetch(tmp_path / "whole", today=SECOND, **options)
        rename = Path.replace
        for death in range(1, 40):
            folder = tmp_path / f"killed{death}"
            shutil.copytree(begun, folder)
            calls = iter(range(1, 1000))

            def deadly(self, target, death=death, calls=calls):
                number = next(calls)
                if number == death and not after:
                    raise DeathError
                rename(self, target)
                if number == death:
                    raise DeathError

            monkeypatch.setattr(Path, "replace", deadly)
            try:
                fetch(folder, today=SECOND, **options)
            except DeathError:
                monkeypatch.setattr(Path, "replace", rename)
                fetch(folder, today=SECOND, **options)
                assert files(folder) == files(tmp_path / "whole"), death
            else:
                break
        assert death == 8, "three pages, vintage, what changed, the file, its row; then nothing is left to be renamed"


def command(folder, address):
    return [
        sys.executable,
        "-c",
        "from utvardering.cli import main; main()",
        "data",
        "fetch",
        str(folder),
        "--address",
        f"kolada={address}",
        "--quiet",
    ]


@pytest.mark.slow
def test_killed_at_any_moment_the_next_fetch_equals_an_undisturbed_one(tmp_path):
    """Kills at random moments of a fetch of revised figures; then one fetch, and every byte is as if nothing had happened."""
    chance = np.random.default_rng(20261122)
    whole, killed = study(tmp_path / "whole" / "prov"), study(tmp_path / "killed" / "prov")
    with serving(cells(), slow=0.02) as kolada:
        subprocess.run(command(whole, kolada.address), check=True)
        shutil.copytree(whole, killed, dirs_exist_ok=True)
        kolada.cells = cells(revised={(UNITS[0], 2015)})
        subprocess.run(command(whole, kolada.address), check=True)
        deaths = 0
        for _ in range(14):
            running = subprocess.Popen(command(killed, kolada.address))
            try:
                running.wait(timeout=float(chance.uniform(0.4, 2.2)))
            except subprocess.TimeoutExpired:
                os.kill(running.pid, signal.SIGKILL)
                running.wait()
                deaths += 1
        subprocess.run(command(killed, kolada.address), check=True)
    assert deaths >= 3
    assert files(killed) == files(whole)
