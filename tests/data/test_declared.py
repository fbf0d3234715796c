"""Is what data/sources.toml declares held against the plan, and are gaps that are no accident told?"""

from __future__ import annotations

import csv
import datetime as dt

import numpy as np
import pandas as pd
import pytest
from kolada_server import SHARED, serving
from small_panel import OUTCOME, load, make_study, message, rows, write
from test_fetch import SOURCES, UNITS, cells

from utvardering.data.fetch import fetch
from utvardering.data.load import load_panel
from utvardering.data.provenance import COLUMNS, provenance_frame
from utvardering.data.uneven import uneven_notes
from utvardering.errors import DataError

SOURCE = '[[source]]\nfile = "data/panel.csv"\n'
BREAK = (
    "data/panel.csv: the series breaks in {at} (nya kategorier), within the time of the study. Figures before and after are "
    "not made in the same way. Where it breaks alike in all areas the comparison removes it, otherwise not."
)


def declare(folder, text):
    write(folder, SOURCE + text, "data/sources.toml")


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        ('breaks = [{ at = 2020-03-01, what = "nya kategorier" }]', [BREAK.format(at="2020-03")]),
        ('breaks = [{ at = "2020-05", what = "nya kategorier", columns = ["folkmangd"] }]', [BREAK.format(at="2020-05")]),
        ('breaks = [{ at = 2020-03-01, what = "nya kategorier", columns = ["annat"] }]', []),
        ('breaks = [{ at = 2020-01-01, what = "nya kategorier" }]', []),
        ("breaks = [2019, 2021]", []),
        ('breaks = ["räknas på ett nytt sätt"]', ["data/panel.csv: räknas på ett nytt sätt"]),
    ],
)
def test_a_break_inside_the_study_is_told(tmp_path, declared, told):
    declare(tmp_path, declared)
    assert list(load(tmp_path).notes) == told


def test_less_safety_is_no_plan(tmp_path):
    declare(tmp_path, 'polarity = { brott = "more_is_better" }')
    outcome = OUTCOME | {"aim": "trygghet", "kind": "mean", "exposure": "", "direction": "decrease"}
    assert message(tmp_path, "\n".join(rows()), outcomes=(outcome,)) == (
        2,
        (
            "study.toml: 1 problem\n"
            "  outcomes[0].direction: is decrease, but data/sources.toml says that more is better in brott of data/panel.csv; "
            'write direction = "increase", or mend polarity there'
        ),
    )
    assert message(tmp_path, "\n".join(rows()), outcomes=(outcome | {"direction": "increase"},)) == (0, "")
    assert message(tmp_path, "\n".join(rows()), outcomes=(OUTCOME | {"direction": "decrease"},)) == (0, "")


def test_files_of_two_divisions_are_not_joined(tmp_path):
    declare(tmp_path, 'areas = "DeSO_2018"\n[[source]]\nfile = "data/enkat.csv"\nareas = "DeSO_2025"\n')
    write(tmp_path, "\n".join(rows()), "data/enkat.csv")
    outcomes = (OUTCOME, OUTCOME | {"id": "folkmangd", "role": "secondary", "exposure": "", "file": "data/enkat.csv"})
    assert message(tmp_path, "\n".join(rows()), outcomes=outcomes) == (
        3,
        (
            "data/sources.toml: the files are of different divisions into areas, which cannot be joined by name "
            "(data/panel.csv: "
            "DeSO_2018; data/enkat.csv: DeSO_2025); make one into the other by a crosswalk, and name it in the row of that "
            "file: "
            'crosswalk = "data/nyckel.csv"'
        ),
    )
    text = (tmp_path / "data/sources.toml").read_text(encoding="utf-8") + 'crosswalk = "data/nyckel.csv"\n'
    write(tmp_path, text, "data/sources.toml")
    assert message(tmp_path, "\n".join(rows()), outcomes=outcomes) == (0, "")


def deso(folder, joined):
    """Yearly counts of twelve DeSO 2020 to 2026, of which two are other areas from 2024 where they are joined."""
    lines = ["omrade;ar;brott;folkmangd"]
    for place in range(12):
        for year in range(2020, 2027):
            new = joined and place > 9 and year >= 2024
            lines.append(f"0180C{1010 + 10 * place + 5 * new};{year};{place + year - 2019};1000")
    treated, *others = (f"0180C{1010 + 10 * place}" for place in range(10))
    study = make_study(
        folder,
        data={"panel": "data/panel.csv", "unit": "omrade", "period": "ar"},
        period={"unit": "year", "first": dt.date(2020, 1, 1), "last": dt.date(2026, 1, 1)},
        treated=({"unit": treated, "start": dt.date(2025, 1, 1)},),
        comparison={"units": tuple(others)},
    )
    write(folder, "\n".join(lines) + "\n")
    return study


def test_deso_of_two_divisions_in_one_file_are_refused_without_a_crosswalk(tmp_path):
    with pytest.raises(DataError) as caught:
        load_panel(deso(tmp_path, joined=True))
    assert str(caught.value) == (
        "data/panel.csv: holds two divisions into DeSO: 2 areas end before 2024 and 2 begin then (such as 0180C1110 and "
        "0180C1115). The years before are of DeSO 2018, the others of DeSO 2025, and areas with the same code need not be the "
        'same. Make one into the other by a crosswalk, and name it in data/sources.toml: crosswalk = "data/nyckel.csv"; or let '
        "the study end before"
    )
    declare(tmp_path, 'crosswalk = "data/nyckel.csv"')
    load_panel(deso(tmp_path, joined=True))
    (tmp_path / "data/sources.toml").unlink()
    load_panel(deso(tmp_path, joined=False))


def test_gaps_that_are_no_accident_are_told():
    y = np.full((20, 4), 3.0)
    labels = ("2015", "2016", "2017", "2018")
    assert list(uneven_notes("brott", y, labels, count=True, language="sv")) == []
    y[:6, :2] = np.nan
    y[:2, 2] = 0
    assert list(uneven_notes("brott", y, labels, count=True, language="sv")) == [
        (
            "brott: 14 områden har ett värde 2015 men 20 har det 2017. Vilka som saknas är sällan en slump: områden som "
            "kommer och "
            "går ändrar vad som jämförs."
        ),
        (
            "brott: 12 celler saknas 2015–2016, där ingen nolla finns, fast nollor finns andra perioder. Nollor kan vara "
            "lagrade "
            "som saknade. De lämnas tomma."
        ),
    ]
    y[7, 0] = 0
    assert len(list(uneven_notes("brott", y, labels, count=True, language="sv"))) == 1


def test_every_column_is_followed_to_its_file(tmp_path):
    declare(tmp_path, 'producer = "Exempelstad"\nlicence = "CC0"\nretrieved = 2026-11-01\nbreaks = [2019]\n')
    panel = load(tmp_path)
    frame = provenance_frame(make_study(tmp_path), panel.sources)
    assert list(frame) == list(COLUMNS)
    assert frame[["file", "column", "use", "outcome"]].to_numpy().tolist() == [
        ["data/panel.csv", "omrade", "unit", ""],
        ["data/panel.csv", "manad", "period", ""],
        ["data/panel.csv", "brott", "outcome", "brott"],
        ["data/panel.csv", "folkmangd", "exposure", "brott"],
    ]
    assert set(frame["sha256"]) == {panel.sources["data/panel.csv"]}
    assert frame.iloc[0][["producer", "licence", "retrieved", "breaks"]].tolist() == [
        "Exempelstad",
        "CC0",
        "2026-11-01",
        "2019",
    ]


NAMES = ("valdsbrott", "skadegorelse", "narkotika", "bostadsinbrott", "bilbrott")


@pytest.mark.skipif(not SHARED.is_file(), reason="the yearly counts of ../shared/data are not here")
def test_the_yearly_counts_load_as_a_plain_file_with_every_trap_told(tmp_path):
    """Lost zeros of the codes, zeros stored as missing, municipalities that come later, categories that changed."""
    with SHARED.open(encoding="utf-8", newline="") as file:
        given = list(csv.DictReader(file))
    frame = pd.DataFrame(given)
    frame["kommunkod"] = frame["kommunkod"].astype(int)  # as a spreadsheet makes them
    (tmp_path / "data").mkdir()
    frame.to_csv(tmp_path / "data/panel.csv", index=False)
    declare(
        tmp_path,
        'breaks = ["Antalet brottskategorier växte från 336 (1996) till 1 140 (2024)."]\n'
        'remarks = ["Kommunernas summa täcker 77 till 90 procent av riket."]\n',
    )
    outcomes = tuple(
        OUTCOME | {"id": name, "exposure": "befolkning", "role": "secondary" if place else "primary"}
        for place, name in enumerate(NAMES)
    )
    panel = load_panel(
        make_study(
            tmp_path,
            data={"panel": "data/panel.csv", "unit": "kommunkod", "period": "ar"},
            period={"unit": "year", "first": dt.date(2008, 1, 1), "last": dt.date(2022, 1, 1)},
            treated=({"unit": "Malmö", "start": dt.date(2019, 1, 1)},),
            comparison={"units": "all"},
            outcomes=outcomes,
            report={"language": "sv"},
        )
    )
    assert panel.units[0] == "0114"
    notes = "\n".join(panel.notes)
    assert "inledande nolla återställd i" in notes
    assert "Antalet brottskategorier växte från 336 (1996) till 1 140 (2024)." in notes
    assert "valdsbrott: 92 områden har ett värde 2008 men 290 har det 2017." in notes
    for name in ("narkotika", "bostadsinbrott", "bilbrott"):
        assert any(note.startswith(f"{name}: ") and "Nollor kan vara lagrade som saknade." in note for note in panel.notes)
    for name in NAMES:
        grid = panel.grids[name]
        held = {(row["kommunkod"], int(row["ar"])): row[name] for row in given}
        told = [held[unit, year] for unit in panel.units for year in range(2008, 2023)]
        np.testing.assert_array_equal(grid.y.ravel(), [float(text) if text else np.nan for text in told])


def test_a_registered_plan_whose_past_is_revised_by_a_fetch_stops_with_five(tmp_path):
    from utvardering.errors import ReproductionError
    from utvardering.registration.register import register_study
    from utvardering.registration.state import verify
    from utvardering.study.load import load_study

    folder = tmp_path / "studies" / "prov"
    (folder / "data").mkdir(parents=True)
    (folder / "data/sources.toml").write_text(SOURCES, encoding="utf-8")
    (folder / "protokoll.md").write_text("# Protokoll\n", encoding="utf-8")
    (folder / "study.toml").write_text(PLAN.replace("UNITS", ", ".join(f'"{unit}"' for unit in UNITS[1:])), encoding="utf-8")
    with serving(cells(last=2018)) as kolada:
        options = {"addresses": {"kolada": kolada.address}}
        sources = folder / "data/sources.toml"
        sources.write_text(SOURCES.replace("last_year = 2019", "last_year = 2018"), encoding="utf-8")
        fetch(folder, today=dt.date(2026, 11, 1), **options)
        register_study(folder, tmp_path / "build")
        sources.write_text(
            sources.read_text(encoding="utf-8").replace("last_year = 2018", "last_year = 2019"), encoding="utf-8"
        )
        kolada.cells = cells()
        fetch(folder, today=dt.date(2026, 11, 22), **options)
        study = load_study(folder)
        assert verify(study, load_panel(study)).state == "registered"
        kolada.cells = cells(revised={(UNITS[2], 2016)})
        (one,) = fetch(folder, today=dt.date(2026, 11, 23), **options)
        assert one.changed.startswith("1 figure revised (the largest valdsbrott of 0117 2016")
        with pytest.raises(ReproductionError) as caught:
            verify(study, load_panel(study))
    assert caught.value.exit_code == 5


PLAN = """\
schema = 1
[study]
id = "prov"
title = "Prov"
question = "Blev det färre våldsbrott?"
design = "areas"
follow_up = 2027-06-30
[measure]
kind = "other"
name = "Provet"
[data]
panel = "data/brott.csv"
unit = "unit"
period = "period"
[period]
unit = "year"
first = 2015-01-01
last = 2019-12-31
[[treated]]
unit = "0114"
start = 2019-01-01
[comparison]
units = [UNITS]
[[outcomes]]
id = "valdsbrott"
title = "Våldsbrott"
aim = "brott"
role = "primary"
kind = "count"
exposure = "folkmangd"
smallest_effect = -0.10
[estimation]
estimator = "poisson_did"
also = []
inference = "randomization"
level = 0.8
"""
