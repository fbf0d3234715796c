"""From a study and its files to units × periods, with the roles and the measure."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_panel import HEADER, OUTCOME, changed, load, make_study, rows, with_column, without, write

from utvardering.data import Panel, load_panel
from utvardering.data.panel import NEVER, LeftOut
from utvardering.data.sources import sha256

SURVEY = {"id": "trygga", "title": "Trygga", "aim": "trygghet", "role": "secondary", "kind": "share"}
REAL = Path(__file__).parents[3] / "shared" / "data" / "brott-kommun-ar.csv"


def roles(panel: Panel) -> dict[str, str]:
    return dict(zip(panel.units, panel.role.tolist(), strict=True))


def reasons(panel: Panel) -> dict[tuple[str, str, str], str]:
    return {(item.unit, item.period, item.outcome): item.reason for item in panel.left_out}


def test_a_sound_file(tmp_path: Path) -> None:
    panel = load(tmp_path)
    grid = panel.grids["brott"]
    assert panel.units == panel.labels == ("Centrum", "Norra", "Södra")
    assert roles(panel) == {"Centrum": "treated", "Norra": "comparison", "Södra": "comparison"}
    assert grid.labels == ("2020-01", "2020-02", "2020-03", "2020-04", "2020-05", "2020-06")
    assert grid.y.tolist() == [[11, 12, 13, 14, 15, 16], [21, 22, 23, 24, 25, 26], [31, 32, 33, 34, 35, 36]]
    assert grid.exposure is not None
    assert (grid.exposure == 1000).all()
    assert grid.start.tolist() == [3, NEVER, NEVER]
    assert grid.treatment.tolist() == [[0, 0, 0, 1, 1, 1], [0] * 6, [0] * 6]
    assert grid.n_after == 3
    assert panel.left_out == ()
    assert panel.sources == {"data/panel.csv": sha256(tmp_path / "data/panel.csv")}


def test_cells_without_a_value_stay_empty_and_are_listed(tmp_path: Path) -> None:
    panel = load(tmp_path, changed({9: "Norra;2020-02;..;1000", 16: "Södra;2020-03;;"}))
    assert np.argwhere(np.isnan(panel.grids["brott"].y)).tolist() == [[1, 1], [2, 2]]
    assert panel.left_out == (
        LeftOut("Norra", "2020-02", "brott", 'no value ("..")'),
        LeftOut("Södra", "2020-03", "brott", "no value (empty)"),
    )


def test_many_cells_without_a_value_are_counted(tmp_path: Path) -> None:
    body = [f"U{unit:03d};2020-{month:02d};{'' if month == 2 else 5};9" for unit in range(120) for month in range(1, 7)]
    treated = ({"unit": "U000", "start": dt.date(2020, 4, 1)},)
    panel = load(tmp_path, "\n".join([HEADER, *body]), treated=treated, comparison={"units": "all"})
    assert panel.left_out == (LeftOut("", "", "brott", "120 cells in 120 units have no value (120 empty)"),)


def test_rows_outside_the_period_and_units_that_are_not_named(tmp_path: Path) -> None:
    more = ["Centrum;2019-12;9;1000", "Centrum;2020-07;9;1000", *(f"Västra;2020-{month:02d};1;1000" for month in range(1, 7))]
    panel = load(tmp_path, "\n".join([*rows(), *more]))
    assert roles(panel)["Västra"] == "unused"
    assert panel.left_out == (
        LeftOut("Västra", "", "", "not named in the study"),
        LeftOut("", "", "", "data/panel.csv: 2 rows lie outside [period] 2020-01 to 2020-06"),
    )


def test_a_unit_that_begins_late_has_no_value_before(tmp_path: Path) -> None:
    panel = load(tmp_path, without(8, 9))
    assert np.isnan(panel.grids["brott"].y[1]).tolist() == [True, True, False, False, False, False]
    assert reasons(panel)["Norra", "2020-01", "brott"] == "no value (no row)"


def test_data_that_end_early_give_fewer_periods(tmp_path: Path) -> None:
    panel = load(tmp_path, without(5, 6, 7, 11, 12, 13, 17, 18, 19))
    grid = panel.grids["brott"]
    assert grid.labels == ("2020-01", "2020-02", "2020-03")
    assert grid.start[0] == 3
    assert grid.n_after == 3
    assert reasons(panel)["", "2020-04 to 2020-06", "brott"] == "data/panel.csv has no rows that late"
    assert panel.before().grids["brott"].labels == grid.labels


@pytest.mark.parametrize(
    ("partial", "start", "treatment", "missing"),
    [("after", 3, [0, 0, 0, 1, 1, 1], []), ("drop", 4, [0, 0, 0, 0.5, 1, 1], [3])],
)
def test_a_start_inside_a_period(partial: str, start: int, treatment: list[float], missing: list[int], tmp_path: Path) -> None:
    period = {"unit": "month", "first": dt.date(2020, 1, 1), "last": dt.date(2020, 6, 30), "partial_first": partial}
    panel = load(tmp_path, period=period, treated=({"unit": "Centrum", "start": dt.date(2020, 4, 16)},))
    grid = panel.grids["brott"]
    assert grid.start[0] == start
    assert grid.treatment[0].tolist() == treatment
    assert np.flatnonzero(np.isnan(grid.y[0])).tolist() == missing
    assert panel.before().grids["brott"].labels == ("2020-01", "2020-02", "2020-03")
    if partial == "after":
        assert panel.notes == ('"Centrum": the measure started inside 2020-04, which counts as after',)
    else:
        assert reasons(panel)["Centrum", "2020-04", "brott"] == "the measure started inside this period"


def test_after_the_end_a_treated_unit_has_no_value(tmp_path: Path) -> None:
    panel = load(tmp_path, treated=({"unit": "Centrum", "start": dt.date(2020, 3, 1), "end": dt.date(2020, 4, 30)},))
    grid = panel.grids["brott"]
    assert np.isnan(grid.y[0]).tolist() == [False, False, False, False, True, True]
    assert grid.treatment[0].tolist() == [0, 0, 1, 1, 0, 0]
    assert reasons(panel)["Centrum", "2020-05 to 2020-06", "brott"] == "after the measure ended"


@pytest.mark.parametrize(
    ("rule", "content"),
    [
        ({"column": "start"}, with_column("start", {"Centrum": "2020-04", "Norra": "", "Södra": ""})),
        ({"column": "start"}, with_column("start", {"Centrum": "2020-04-01", "Norra": "..", "Södra": "NA"})),
        ({"indicator": "post"}, with_column("post", [*"000111", *"000000", *"000000"])),
        ({"share": "andel"}, with_column("andel", [*"000111", *"000000", *"000000"])),
    ],
)
def test_starts_from_a_column(rule: dict[str, str], content: str, tmp_path: Path) -> None:
    panel = load(tmp_path, content, treated=(), treated_from=rule, comparison={"units": "all"})
    assert panel.grids["brott"].start.tolist() == [3, NEVER, NEVER]
    assert panel.grids["brott"].treatment.tolist() == [[0, 0, 0, 1, 1, 1], [0] * 6, [0] * 6]
    assert roles(panel) == {"Centrum": "treated", "Norra": "comparison", "Södra": "comparison"}


def test_shares_of_the_first_period(tmp_path: Path) -> None:
    content = with_column("andel", ["0", "0", "0", "0,25", "1", "1", *"000000", *"000000"])
    arguments: dict[str, Any] = {"treated": (), "treated_from": {"share": "andel"}, "comparison": {"units": "all"}}
    assert load(tmp_path, content, **arguments).grids["brott"].treatment[0].tolist() == [0, 0, 0, 0.25, 1, 1]
    period = {"unit": "month", "first": dt.date(2020, 1, 1), "last": dt.date(2020, 6, 30), "partial_first": "drop"}
    grid = load(tmp_path, content, period=period, **arguments).grids["brott"]
    assert grid.start[0] == 4
    assert np.isnan(grid.y[0, 3])


def test_units_treated_throughout_or_only_later(tmp_path: Path) -> None:
    content = with_column("start", {"Centrum": "2020-04", "Norra": "2019-01", "Södra": "2021-01"})
    panel = load(tmp_path, content, treated=(), treated_from={"column": "start"}, comparison={"units": "all"})
    assert roles(panel) == {"Centrum": "treated", "Norra": "excluded", "Södra": "comparison"}
    assert panel.grids["brott"].start.tolist() == [3, NEVER, NEVER]
    assert reasons(panel)["Norra", "", ""].startswith("under the measure from the first period on")


def test_excluded_neighbours_and_rings(tmp_path: Path) -> None:
    more = [f"{unit};2020-{month:02d};1;1000" for unit in ("Västra", "Östra") for month in range(1, 7)]
    text = "\n".join([*rows(), *more])
    excluded = ({"unit": "Västra", "reason": "Slogs ihop 2020."},)
    panel = load(tmp_path, text, comparison={"units": "all", "excluded": excluded}, neighbours={"units": ("Östra",)})
    expected = {"Centrum": "treated", "Norra": "comparison", "Södra": "comparison", "Västra": "excluded", "Östra": "neighbour"}
    assert roles(panel) == expected
    assert panel.ring.tolist() == [0, 0, 0, 0, 1]
    assert LeftOut("Västra", "", "", "Slogs ihop 2020.") in panel.left_out
    rings = load(
        tmp_path,
        with_column("ring", {"Centrum": "", "Norra": "2", "Södra": ""}),
        comparison={"units": "all"},
        neighbours={"column": "ring", "comparison": ("Södra",)},
    )
    assert rings.ring.tolist() == [0, 2, 0]
    assert roles(rings) == {"Centrum": "treated", "Norra": "neighbour", "Södra": "comparison"}
    assert rings.neighbour_comparison is not None
    assert rings.neighbour_comparison.tolist() == [False, False, True]


def test_the_nearest_units_are_chosen_from_data_before_the_start_only(tmp_path: Path) -> None:
    def panel(after: int) -> Panel:
        body = [
            f"U{unit};2020-{month:02d};{abs(unit - 2) * 10 if month < 4 else after * unit};100"
            for unit in range(6)
            for month in range(1, 7)
        ]
        treated = ({"unit": "U2", "start": dt.date(2020, 4, 1)},)
        choose = {"method": "nearest", "n": 2, "on": ("brott",)}
        return load(tmp_path, "\n".join([HEADER, *body]), treated=treated, comparison={"choose": choose})

    assert [unit for unit, role in roles(panel(1)).items() if role == "comparison"] == ["U1", "U3"]
    assert panel(1).role.tolist() == panel(50).role.tolist()
    assert reasons(panel(1))["U5", "", ""] == reasons(panel(50))["U5", "", ""]
    assert reasons(panel(1))["U5", "", ""].startswith("not among the 2 nearest before the start (distance ")


def test_columns_of_groups_weights_and_covariates(tmp_path: Path) -> None:
    text = with_column("region", {"Centrum": "A", "Norra": "B", "Södra": "A"})
    text = "\n".join(f"{line};{'vikt' if place == 0 else place}" for place, line in enumerate(text.splitlines()))
    estimation = {
        "estimator": "did",
        "weights": "vikt",
        "cluster": "region",
        "strata": "region",
        "period_effects_by": "region",
        "covariates": ("vikt",),
    }
    panel = load(tmp_path, text, estimation=estimation)
    assert panel.cluster.tolist() == [0, 1, 0]
    assert panel.strata is not None
    assert panel.groups is not None
    assert panel.strata.tolist() == panel.groups.tolist() == [0, 1, 0]
    weights = panel.grids["brott"].weights
    assert weights is not None
    assert weights[0].tolist() == [1, 2, 3, 4, 5, 6]
    assert panel.grids["brott"].covariates["vikt"][2].tolist() == [13, 14, 15, 16, 17, 18]


def test_yearly_waves_beside_monthly_counts(tmp_path: Path) -> None:
    write(tmp_path, "plats,ar,trygga\nCentrum,2018,0.5\nCentrum,2020,0.6\nNorra,2018,0.4\nAnnan,2018,0.1\n", "data/enkat.csv")
    body = [f"{unit};{2018 + month // 12}-{month % 12 + 1:02d};5;9" for unit in ("Centrum", "Norra") for month in range(36)]
    own = SURVEY | {"file": "data/enkat.csv", "unit": "plats", "period": "ar", "period_unit": "year"}
    panel = load(
        tmp_path,
        "\n".join([HEADER, *body]),
        period={"unit": "month", "first": dt.date(2018, 1, 1), "last": dt.date(2020, 12, 31)},
        treated=({"unit": "Centrum", "start": dt.date(2019, 7, 1)},),
        comparison={"units": ("Norra",)},
        outcomes=(OUTCOME, own),
        estimation={"estimator": "did", "covariates": ("folkmangd",)},
    )
    monthly, yearly = panel.grids["brott"], panel.grids["trygga"]
    assert (monthly.start[0], monthly.n_after, len(monthly.periods)) == (18, 18, 36)
    assert (yearly.start[0], yearly.n_after, yearly.labels) == (1, 2, ("2018", "2019", "2020"))
    np.testing.assert_array_equal(yearly.y, [[0.5, np.nan, 0.6], [0.4, np.nan, np.nan]])
    assert panel.before().grids["trygga"].labels == ("2018",)
    assert reasons(panel)["", "", ""] == "data/enkat.csv: units that are not in the panel: 1"
    assert reasons(panel)["", "", "trygga"].startswith("folkmangd is not used")
    assert set(panel.sources) == {"data/panel.csv", "data/enkat.csv"}


def test_labels_of_coded_units(tmp_path: Path) -> None:
    write(tmp_path, "unit;label\nCentrum;Stora torget\nAnnan;x\n", "data/namn.csv")
    data = {"panel": "data/panel.csv", "unit": "omrade", "period": "manad", "unit_labels": "data/namn.csv"}
    assert load(tmp_path, data=data).labels == ("Stora torget", "Norra", "Södra")


@pytest.mark.parametrize("names", [("0126", "0180", "0834"), ("126", "180", "834"), ("Huddinge", "Stockholm", "Torsås")])
def test_municipalities_go_by_their_codes(names: tuple[str, str, str], tmp_path: Path) -> None:
    text = "\n".join(rows())
    for old, new in zip(("Centrum", "Norra", "Södra"), names, strict=True):
        text = text.replace(old, new)
    treated = ({"unit": "Huddinge kommun", "start": dt.date(2020, 4, 1)},)
    panel = load(tmp_path, text, treated=treated, comparison={"units": ("0180", "torsas")})
    assert panel.units == ("0126", "0180", "0834")
    assert panel.labels == ("Huddinge", "Stockholm", "Torsås")
    assert roles(panel)["0126"] == "treated"
    restored = ("leading zero restored in 3 municipality codes (126 is 0126)",)
    assert panel.notes == (restored if names[0] == "126" else ())


def test_codes_that_are_no_municipalities_are_kept_as_they_are(tmp_path: Path) -> None:
    text = "\n".join(rows()).replace("Centrum", "01").replace("Norra", "1").replace("Södra", "126")
    panel = load(tmp_path, text, treated=({"unit": "01", "start": dt.date(2020, 4, 1)},), comparison={"units": ("1", "126")})
    assert panel.units == ("01", "1", "126")


@pytest.mark.parametrize(
    ("unit", "labels", "first", "last", "start"),
    [
        (
            "year",
            ["2017", "2018", "2019", "2020", "2021", "2022"],
            dt.date(2017, 1, 1),
            dt.date(2022, 1, 1),
            dt.date(2020, 1, 1),
        ),
        (
            "year",
            [f"{year}-12-31" for year in range(2017, 2023)],
            dt.date(2017, 1, 1),
            dt.date(2022, 1, 1),
            dt.date(2020, 1, 1),
        ),
        (
            "quarter",
            ["2019K1", "2019K2", "2019Q3", "2019-K4", "2020K1", "2020K2"],
            dt.date(2019, 1, 1),
            dt.date(2020, 6, 30),
            dt.date(2019, 10, 1),
        ),
        (
            "week",
            ["2020-W51", "2020-W52", "2020W53", "2021-V1", "2021-W02", "2021-01-18"],
            dt.date(2020, 12, 14),
            dt.date(2021, 1, 24),
            dt.date(2021, 1, 4),
        ),
        (
            "month",
            ["2020-01", "2020M02", "202003", "2020-4", "2020-05-31", "2020/06"],
            *(dt.date(2020, m, 1) for m in (1, 6, 4)),
        ),
        ("index", ["1", "2", "3", "4", "5.0", "6"], 1, 6, 4),
    ],
)
def test_periods_of_every_length(unit: str, labels: list[str], first: Any, last: Any, start: Any, tmp_path: Path) -> None:
    text = "\n".join(rows())
    for month, label in enumerate(labels, start=1):
        text = text.replace(f";2020-{month:02d};", f";{label};")
    period = {"unit": unit, "first": first, "last": last}
    panel = load(tmp_path, text, period=period, treated=({"unit": "Centrum", "start": start},))
    assert panel.grids["brott"].y[0].tolist() == [11, 12, 13, 14, 15, 16]
    assert panel.grids["brott"].start[0] == 3


def test_a_data_set_of_a_package(tmp_path: Path) -> None:
    study = make_study(
        tmp_path,
        data={"dataset": "causaldata:castle", "unit": "sid", "period": "year"},
        period={"unit": "year", "first": dt.date(2000, 1, 1), "last": dt.date(2010, 12, 31)},
        treated=(),
        treated_from={"indicator": "post"},
        comparison={"units": "all"},
        outcomes=({"id": "l_homicide", "title": "Mord", "aim": "brott", "role": "primary", "kind": "mean"},),
        estimation={"estimator": "did", "weights": "popwt"},
    )
    panel = load_panel(study)
    assert panel.grids["l_homicide"].y.shape == (50, 11)
    assert (panel.role == "treated").sum() == 21
    assert panel.grids["l_homicide"].n_after == 1


@pytest.mark.skipif(not REAL.is_file(), reason="the shared folder with real data is not there")
def test_real_counts_of_all_municipalities(tmp_path: Path) -> None:
    write(tmp_path, REAL.read_bytes())
    panel = load_panel(
        make_study(
            tmp_path,
            data={"panel": "data/panel.csv", "unit": "kommunkod", "period": "ar"},
            period={"unit": "year", "first": dt.date(2008, 1, 1), "last": dt.date(2022, 12, 31)},
            treated=({"unit": "Upplands Väsby", "start": dt.date(2018, 1, 1)},),
            comparison={"units": "all"},
            outcomes=(OUTCOME | {"id": "valdsbrott", "exposure": "befolkning"},),
            estimation={"estimator": "did", "cluster": "lan"},
        )
    )
    grid = panel.grids["valdsbrott"]
    assert grid.y.shape == (290, 15)
    assert grid.y[0, 0] == 561
    assert len(np.unique(panel.cluster)) == 21
    assert np.isnan(grid.y).sum() == 1603
    assert panel.left_out == (LeftOut("", "", "valdsbrott", "1603 cells in 247 units have no value (1603 empty)"),)
