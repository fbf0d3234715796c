"""Who is compared with under each method of `[comparison] choose`?"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from small_panel import HEADER, load, message, write

from utvardering.data import Panel

LEVEL = {"A": 10, "B": 40, "C": 11, "D": 12, "E": 39, "F": 90}
START = dt.date(2020, 4, 1)
TREATED = ({"unit": "A", "start": START}, {"unit": "B", "start": START})


def content(after: int = 0, group: str = "") -> str:
    """Six areas with a level each; group gives one letter per area, in their order."""
    body = [
        f"{unit};2020-{month:02d};{level if month < 4 else after * (37 * level % 101)};100"
        + (f";{letter.strip()}" if group else "")
        for (unit, level), letter in zip(LEVEL.items(), group or LEVEL, strict=True)
        for month in range(1, 7)
    ]
    return "\n".join([HEADER + (";grupp" if group else ""), *body])


def chosen(panel: Panel) -> list[str]:
    return [unit for unit, role in zip(panel.units, panel.role, strict=True) if role == "comparison"]


def choose(folder: Path, text: str, **rule: object) -> Panel:
    return load(folder, text, treated=TREATED, comparison={"choose": rule})


def test_matched_units_go_to_each_treated_and_see_nothing_after_the_start(tmp_path: Path) -> None:
    rule = {"method": "matched", "each": 1, "on": ("brott",)}
    panel = choose(tmp_path, content(), **rule)
    assert chosen(panel) == ["C", "E"]
    assert chosen(choose(tmp_path, content(after=7), **rule)) == ["C", "E"]
    reasons = {item.unit: item.reason for item in panel.left_out}
    assert reasons["F"].startswith("not among the 2 that together match the treated best before the start (distance ")


def test_the_nearest_are_near_all_the_treated_taken_together(tmp_path: Path) -> None:
    assert chosen(choose(tmp_path, content(), method="nearest", n=2, on=("brott",))) != ["D", "F"]


def test_a_column_gives_the_units_of_the_same_group(tmp_path: Path) -> None:
    panel = choose(tmp_path, content(group="xyxzyz"), method="group", column="grupp")
    assert chosen(panel) == ["C", "E"]
    assert panel.alike is not None
    assert panel.alike.tolist() == [True, True, True, False, True, False]
    assert {item.unit: item.reason for item in panel.left_out}["F"] == "not in the group of a treated unit"


FILE = "unit;alike;family\nA;C;skola\nA;F;skola\nB;E;skola\nB;Utanför;skola\nA;D;brott\nB;D;brott\nC;F;brott\n"


def test_a_file_gives_each_treated_unit_its_own_list(tmp_path: Path) -> None:
    write(tmp_path, FILE, "data/lika.csv")
    rule = {"method": "group", "file": "data/lika.csv"}
    panel = choose(tmp_path, content(), **rule, family="skola")
    assert chosen(panel) == ["C", "E", "F"]
    assert set(panel.sources) == {"data/panel.csv", "data/lika.csv"}
    assert chosen(choose(tmp_path, content(), **rule, family="brott")) == ["D"]


def test_groups_of_an_alternative_comparison_are_known_too(tmp_path: Path) -> None:
    others = {"alternative_comparisons": ({"method": "group", "column": "grupp"},)}
    panel = load(tmp_path, content(group="xyxzyz"), treated=TREATED, comparison={"units": "all"}, robustness=others)
    assert chosen(panel) == ["C", "D", "E", "F"]
    assert panel.alike is not None
    assert panel.before().alike is panel.alike
    assert load(tmp_path, content(), treated=TREATED, comparison={"units": "all"}).alike is None


@pytest.mark.parametrize(
    ("rule", "group", "code", "text"),
    [
        pytest.param(
            {"method": "matched", "each": 3, "on": ("brott",)},
            "",
            2,
            "FOLDER/study.toml: 1 problem\n  comparison.choose.each: asks for 6 units, but only 4 can be chosen among",
            id="matched_many",
        ),
        pytest.param(
            {"method": "group", "column": "grop"},
            "xyxzyz",
            3,
            "data/panel.csv: 1 problem\n  grop: is not a column of the file (comparison.choose.column).\n"
            "  the columns are: omrade, manad, brott, folkmangd, grupp",
            id="no_column",
        ),
        pytest.param(
            {"method": "group", "column": "grupp"},
            " yxzyz",
            3,
            'data/panel.csv: 1 problem\n  grupp: is empty for "A"; a treated unit needs its group',
            id="no_group",
        ),
        pytest.param(
            {"method": "group", "column": "grupp"},
            "xyzzzz",
            2,
            "FOLDER/study.toml: 1 problem\n  comparison.choose: no unit that may be compared with is in the group of a treated "
            "unit; name another group, column or family",
            id="alone",
        ),
        pytest.param(
            {"method": "group", "file": "data/lika.csv"},
            "",
            3,
            "data/lika.csv: 1 problem\n  family: holds brott, skola; the plan decides which one: write such as "
            'family = "brott" in choose',
            id="which_family",
        ),
        pytest.param(
            {"method": "group", "file": "data/lika.csv", "family": "skolan"},
            "",
            3,
            'data/lika.csv: 1 problem\n  family: has no "skolan". Did you mean "skola"? The families are brott, skola',
            id="no_family",
        ),
        pytest.param(
            {"method": "group", "file": "data/kort.csv"},
            "",
            3,
            'data/kort.csv: 1 problem\n  unit: has no row for "B"; write a row for each unit that is like it',
            id="not_listed",
        ),
        pytest.param(
            {"method": "group", "file": "data/par.csv"},
            "",
            3,
            'data/par.csv: 1 problem\n  alike: is not a column of the file (comparison.choose.file). Did you mean "lik"?\n'
            "  the columns are: unit, lik",
            id="no_alike",
        ),
    ],
)
def test_a_fault_of_a_choice_is_told(rule: dict, group: str, code: int, text: str, tmp_path: Path) -> None:
    write(tmp_path, FILE, "data/lika.csv")
    write(tmp_path, "unit;alike\nA;C\n", "data/kort.csv")
    write(tmp_path, "unit;lik\nA;C\n", "data/par.csv")
    told = message(tmp_path, content(group=group), treated=TREATED, comparison={"choose": rule})
    assert told == (code, text)
