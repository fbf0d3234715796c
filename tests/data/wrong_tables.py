"""Files that are no panel, or hold numbers that cannot be: content, changed tables of the study, exit code, message."""

from __future__ import annotations

import pytest
from small_panel import HEADER, OUTCOME, changed, rows, without

RATE = OUTCOME | {"kind": "rate", "exposure": ""}
SHARE = OUTCOME | {"kind": "share", "exposure": ""}
SHARES = {place: ";".join([*line.split(";")[:2], "0,4", "1"]) for place, line in enumerate(rows(), start=1) if place > 1}

CASES = [
    pytest.param(
        changed({9: "Norra;2020-02;tolv;1000"}),
        {},
        3,
        ('data/panel.csv: 1 problem\n  line 9: brott: needs a number, found "tolv"'),
        id="text",
    ),
    pytest.param(
        changed({9: "Norra;2020-02;-3;1000"}),
        {},
        3,
        ("data/panel.csv: 1 problem\n  line 9: brott: needs a count of 0 or more, found -3"),
        id="negative",
    ),
    pytest.param(
        changed({9: "Norra;2020-02;3,5;1000"}),
        {},
        3,
        ('data/panel.csv: 1 problem\n  line 9: brott: needs a whole number, found 3,5; a rate is written with kind = "rate"'),
        id="fraction",
    ),
    pytest.param(
        changed({9: "Norra;2020-02;inf;1000"}),
        {},
        3,
        ('data/panel.csv: 1 problem\n  line 9: brott: needs a number, found "inf"'),
        id="infinite",
    ),
    pytest.param(
        changed({9: "Norra;2020-02;nan;1000"}),
        {},
        3,
        ('data/panel.csv: 1 problem\n  line 9: brott: needs a number, found "nan"'),
        id="nan",
    ),
    pytest.param(
        changed(SHARES | {9: "Norra;2020-02;45,2;1000"}),
        {"outcomes": (SHARE,)},
        3,
        ("data/panel.csv: 1 problem\n  line 9: brott: needs a share from 0 to 1, found 45,2: looks like percent: write 0.452"),
        id="percent",
    ),
    pytest.param(
        changed(SHARES | {9: "Norra;2020-02;452;1000", 10: "Norra;2020-03;-0,1;1"}),
        {"outcomes": (SHARE,)},
        3,
        (
            "data/panel.csv: 2 problems\n"
            "  line 9: brott: needs a share from 0 to 1, found 452\n"
            "  line 10: brott: needs a share from 0 to 1, found -0,1"
        ),
        id="share_out",
    ),
    pytest.param(
        changed({9: "Norra;2020-02;-0,5;1000"}),
        {"outcomes": (RATE,)},
        3,
        ("data/panel.csv: 1 problem\n  line 9: brott: needs a rate of 0 or more, found -0,5"),
        id="rate_negative",
    ),
    pytest.param(
        changed({9: "Norra;2020-02;3;0"}),
        {},
        3,
        ("data/panel.csv: 1 problem\n  line 9: folkmangd: needs a number above 0, found 0"),
        id="zero_exposure",
    ),
    pytest.param(
        changed({9: "Norra;2020-02;3;"}),
        {},
        3,
        ("data/panel.csv: 1 problem\n  line 9: folkmangd: is empty, though brott has a value"),
        id="no_exposure",
    ),
    pytest.param(
        changed({9: "Norra;2020-01;3;1000"}),
        {},
        3,
        ('data/panel.csv: 1 problem\n  line 9: "Norra" 2020-01 stands on row 8 already; a unit has one row per month'),
        id="duplicate",
    ),
    pytest.param(
        "\n".join([*rows(), rows()[8]]),
        {},
        3,
        ('data/panel.csv: 1 problem\n  line 20: "Norra" 2020-02 stands on row 9 already; a unit has one row per month'),
        id="duplicate_only",
    ),
    pytest.param(
        without(9, 10),
        {},
        3,
        (
            "data/panel.csv: 1 problem\n"
            '  manad: "Norra" has no row for 2020-02 to 2020-03; '
            "write 0 where nothing happened, and an empty cell where it is not known"
        ),
        id="gap_unit",
    ),
    pytest.param(
        "\n".join([line.replace("Norra", "norra ") if number in {9, 10} else line for number, line in enumerate(rows())]),
        {},
        3,
        (
            "data/panel.csv: 1 problem\n"
            '  manad: "Norra" has no row for 2020-03 to 2020-04; '
            '"norra" is spelt almost the same: if it is the same area, write one name in every row'
        ),
        id="gap_by_spelling",
    ),
    pytest.param(
        without(4, 10, 16),
        {},
        3,
        (
            "data/panel.csv: 1 problem\n"
            "  manad: no unit has a row for 2020-03; add the rows, or change first and last in [period]"
        ),
        id="gap_all",
    ),
    pytest.param(
        without(2, 8, 14),
        {},
        3,
        (
            "data/panel.csv: 1 problem\n"
            "  manad: no unit has a row for 2020-01; add the rows, or change first and last in [period]"
        ),
        id="gap_first",
    ),
    pytest.param(
        changed({n: rows()[n - 1].replace("2020", "2019") for n in range(8, 14)}),
        {},
        3,
        ('data/panel.csv: 1 problem\n  manad: "Norra" has no row within [period]'),
        id="no_rows_in_period",
    ),
    pytest.param(
        "\n".join(r.replace("2020", "2010") for r in rows()),
        {},
        3,
        ("data/panel.csv: 1 problem\n  manad: no row lies within [period] 2020-01 to 2020-06"),
        id="outside",
    ),
    pytest.param(
        changed({9: "Norra;februari;3;1000"}),
        {},
        3,
        ('data/panel.csv: 1 problem\n  line 9: manad: needs a month such as 2019-07, found "februari"'),
        id="period",
    ),
    pytest.param(
        changed({9: "Norra;2020-13;3;1000"}),
        {},
        3,
        ('data/panel.csv: 1 problem\n  line 9: manad: needs a month such as 2019-07, found "2020-13"'),
        id="period13",
    ),
    pytest.param(
        changed({9: "Norra;;3;1000"}),
        {},
        3,
        ("data/panel.csv: 1 problem\n  line 9: manad: needs a month such as 2019-07, found nothing"),
        id="period_empty",
    ),
    pytest.param(
        changed({9: ";2020-02;3;1000"}),
        {},
        3,
        ("data/panel.csv: 1 problem\n  line 9: omrade: is empty; every row needs a unit"),
        id="unit_empty",
    ),
    pytest.param(
        changed({1: "omrade;manad;brot;folkmangd"}),
        {},
        3,
        (
            "data/panel.csv: 1 problem\n"
            '  brott: is not a column of the file (outcomes[0].id, line 44 of study.toml). Did you mean "brot"?\n'
            "  the columns are: omrade, manad, brot, folkmangd"
        ),
        id="column",
    ),
    pytest.param(
        "omrade;2020-01;2020-02;2020-03\nCentrum;1;2;3\nNorra;1;2;3\n",
        {},
        3,
        (
            "data/panel.csv: 1 problem\n"
            "  manad: the periods stand as columns (2020-01, 2020-02, 2020-03); write a row per unit and period "
            'with the period in a column "manad"'
        ),
        id="wide",
    ),
    pytest.param(
        "Anmälda brott 2020;;;\n" + "\n".join(rows()),
        {},
        3,
        "data/panel.csv: the header is not the first row but row 2: take away the rows above it",
        id="title",
    ),
    pytest.param(
        "Anmälda brott 2020\n\n" + "\n".join(rows()),
        {},
        3,
        "data/panel.csv: the header is not the first row but row 3: take away the rows above it",
        id="title_narrow",
    ),
    pytest.param(
        "Källa;Brå;hämtad;2021\n" + "\n".join(rows()),
        {},
        3,
        ("data/panel.csv: 1 problem\n  the header is not the first row but row 2: take away the rows above it"),
        id="title_full",
    ),
    pytest.param(
        "\n".join([*rows(), "Totalt;2020-01;63;3000", "Totalt;2020-02;66;3000"]),
        {},
        3,
        ('data/panel.csv: 1 problem\n  line 20: omrade: "Totalt" is a total and not a unit; take the row away (2 such rows)'),
        id="total",
    ),
    pytest.param(
        "\n".join([*rows(), "Riket;;63;3000"]),
        {},
        3,
        ('data/panel.csv: 1 problem\n  line 20: omrade: "Riket" is a total and not a unit; take the row away'),
        id="riket",
    ),
    pytest.param(
        "\n".join([*rows(), "Hela kommunen;2020-01;63;3000"]),
        {},
        3,
        ('data/panel.csv: 1 problem\n  line 20: omrade: "Hela kommunen" is a total and not a unit; take the row away'),
        id="whole_municipality",
    ),
    pytest.param("", {}, 3, "data/panel.csv: the file is empty", id="empty"),
    pytest.param(HEADER + "\n", {}, 3, "data/panel.csv: the file has a header but no rows", id="header_only"),
    pytest.param(
        changed({1: "omrade;manad;brott;brott"}),
        {},
        3,
        ("data/panel.csv: 1 problem\n  brott: stands 2 times in the header: give each column its own name"),
        id="header_twice",
    ),
    pytest.param(
        changed({9: "Norra;2020-02;3;1000;7"}),
        {},
        3,
        ("data/panel.csv: 1 problem\n  line 9: has 5 fields where the header has 4"),
        id="fields",
    ),
    pytest.param(
        "\n".join(rows()).replace(";", ",").replace("22,1000", "22,5,1000"),
        {},
        3,
        (
            "data/panel.csv: 1 problem\n"
            "  line 9: has 5 fields where the header has 4; a decimal comma needs quotes or another separator"
        ),
        id="comma",
    ),
]
