"""Units that play no part or two, columns that do not say what they should: content, changed tables, exit code, message."""

from __future__ import annotations

import datetime as dt

import pytest
from small_panel import with_column

CASES = [
    pytest.param(
        None,
        {"data": {"panel": "data/panl.csv", "unit": "omrade", "period": "manad"}},
        3,
        "data/panl.csv: there is no such file; the folder holds panel.csv",
        id="missing_file",
    ),
    pytest.param(
        None,
        {"treated": ({"unit": "Sentrum", "start": dt.date(2020, 4, 1)},)},
        2,
        (
            "FOLDER/study.toml: 1 problem\n"
            '  line 31: treated[0].unit: "Sentrum" is not a unit of the panel. Did you mean "Centrum"?'
        ),
        id="treated",
    ),
    pytest.param(
        None,
        {"comparison": {"units": ("Nora", "Södra")}},
        2,
        (
            "FOLDER/study.toml: 1 problem\n"
            '  line 36: comparison.units[0]: "Nora" is not a unit of the panel. Did you mean "Norra"?'
        ),
        id="comparison",
    ),
    pytest.param(
        None,
        {"comparison": {"units": ("Centrum", "Södra")}},
        2,
        ('FOLDER/study.toml: 1 problem\n  line 36: comparison.units[0]: "Centrum" is treated already'),
        id="both",
    ),
    pytest.param(
        None,
        {"comparison": {"units": ("Norra", "Norra")}},
        2,
        ('FOLDER/study.toml: 1 problem\n  line 37: comparison.units[1]: "Norra" is named twice'),
        id="twice",
    ),
    pytest.param(
        None,
        {"comparison": {"units": ()}},
        2,
        ('FOLDER/study.toml: 1 problem\n  comparison: no unit is left to compare with; name units or write units = "all"'),
        id="comparison_empty",
    ),
    pytest.param(
        None,
        {"comparison": {"units": ("Norra",)}, "neighbours": {"units": ("Sodra", "Parken")}},
        2,
        (
            "FOLDER/study.toml: 2 problems\n"
            '  neighbours.units[0]: "Sodra" is not a unit of the panel. Did you mean "Södra"?\n'
            '  neighbours.units[1]: "Parken" is not a unit of the panel.'
        ),
        id="neighbour_unknown",
    ),
    pytest.param(
        None,
        {"comparison": {"choose": {"method": "nearest", "n": 5, "on": ("brott",)}}},
        2,
        ("FOLDER/study.toml: 1 problem\n  comparison.choose.n: asks for 5 units, but only 2 can be chosen among"),
        id="choose_many",
    ),
    pytest.param(
        with_column("region", ["A"] * 7 + ["B"] * 11),
        {"estimation": {"estimator": "did", "cluster": "region"}},
        3,
        ('data/panel.csv: 1 problem\n  line 9: region: needs one value for each unit; "Norra" has "A" on row 8 and "B" here'),
        id="cluster",
    ),
    pytest.param(
        with_column("region", {"Centrum": "A", "Norra": "", "Södra": "A"}),
        {"estimation": {"estimator": "did", "strata": "region"}},
        3,
        ('data/panel.csv: 1 problem\n  region: is empty for "Norra"; needs a group'),
        id="strata_empty",
    ),
    pytest.param(
        with_column("vikt", ["1"] * 8 + ["0"] + ["1"] * 8 + [""]),
        {"estimation": {"estimator": "did", "weights": "vikt"}},
        3,
        (
            "data/panel.csv: 2 problems\n"
            "  line 10: vikt: needs a number above 0, found 0\n"
            "  line 19: vikt: is empty, though brott has a value"
        ),
        id="weights",
    ),
    pytest.param(
        with_column("post", ["0", "0", "0", "1", "0", "1"] + ["0"] * 12),
        {"treated": (), "treated_from": {"indicator": "post"}},
        3,
        (
            "data/panel.csv: 1 problem\n"
            '  line 6: post: "Centrum" switches off in 2020-05 after it switched on in 2020-04; '
            "write a measure that ended as [[treated]] with its end"
        ),
        id="indicator_off",
    ),
    pytest.param(
        with_column("post", ["0", "0", "0", "1", "2", "1"] + ["0"] * 12),
        {"treated": (), "treated_from": {"indicator": "post"}},
        3,
        ("data/panel.csv: 1 problem\n  line 6: post: needs 0 or 1, found 2"),
        id="indicator_2",
    ),
    pytest.param(
        with_column("start", {"Centrum": "våren 2020", "Norra": "", "Södra": ""}),
        {"treated": (), "treated_from": {"column": "start"}},
        3,
        (
            "data/panel.csv: 1 problem\n"
            '  line 2: start: needs a date or a month such as 2019-07, found "våren 2020"; '
            "leave it empty for a unit that never got the measure"
        ),
        id="start_text",
    ),
    pytest.param(
        with_column("start", ["2020-04"] * 5 + ["2020-05"] + [""] * 12),
        {"treated": (), "treated_from": {"column": "start"}},
        3,
        (
            "data/panel.csv: 1 problem\n"
            '  line 7: start: needs one value for each unit; "Centrum" has "2020-04" on row 2 and "2020-05" here'
        ),
        id="start_varies",
    ),
    pytest.param(
        with_column("andel", ["0", "0", "0", "0,5", "1", "45"] + ["0"] * 12),
        {"treated": (), "treated_from": {"share": "andel"}},
        3,
        ("data/panel.csv: 1 problem\n  line 7: andel: needs a share from 0 to 1, found 45"),
        id="share_column",
    ),
    pytest.param(
        with_column("andel", ["0", "0,2", "0", "0,5", "1", "1"] + ["0"] * 12),
        {"treated": ({"unit": "Centrum", "start": dt.date(2020, 4, 1)},), "treated_from": {"share": "andel"}},
        3,
        ('data/panel.csv: 1 problem\n  line 3: andel: is 0,2 for "Centrum" 2020-02, before its start'),
        id="share_early",
    ),
    pytest.param(
        with_column("ring", {"Centrum": "", "Norra": "nära", "Södra": ""}),
        {"neighbours": {"column": "ring"}},
        3,
        ('data/panel.csv: 1 problem\n  ring: needs a ring 1, 2, … or nothing, found "nära" for "Norra"'),
        id="ring",
    ),
    pytest.param(
        None,
        {"data": {"dataset": "causaldat:castle", "unit": "sid", "period": "year"}},
        3,
        "causaldat:castle: the package causaldat is not installed; run: pip install causaldat",
        id="package",
    ),
    pytest.param(
        None,
        {"data": {"incidents": {"file": "a.csv", "time": "t", "kind": "k"}}},
        3,
        '[data.incidents]: events are counted by a fetch; describe them in data/sources.toml with connector = "incidents" '
        "and give its file as panel",
        id="incidents",
    ),
]
