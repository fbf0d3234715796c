"""Does a right study file load as what it says, however it is laid out?"""

from __future__ import annotations

import datetime as dt
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from utvardering.study import Study, load_study, model

from .example import STUDY, changed, write


def values(study: Study) -> dict[str, object]:
    """What the study says, without where it says it."""
    return study.model_dump(exclude={"lines", "folder"})


def test_values(here: Path) -> None:
    write(here, STUDY)
    study = load_study("prov")
    assert (study.id, study.primary.id, study.is_replication) == ("prov", "brott", False)
    assert study.folder == here / "studies" / "prov"
    assert study.treated == (model.Treated(unit="Centrum", start=dt.date(2022, 7, 1)),)
    assert study.comparison.units == "all"
    assert study.period is not None
    assert study.period.unit == "month"
    assert study.estimation is not None
    assert study.estimation.also == ("did",)
    assert study.measure.cost is not None
    assert study.measure.cost.amount == 4_200_000
    assert study.checks == model.Checks()
    assert study.expected == ()


def test_lines(here: Path) -> None:
    study = load_study(write(here, STUDY))
    rows = STUDY.split("\n")
    assert rows[study.line("treated[0].start") - 1] == "start = 2022-07-01"
    assert rows[study.line("neighbours.units[0]") - 1] == 'units = ["Parken"]'
    assert rows[study.line("treated[0].end") - 1] == "[[treated]]"
    assert study.line("causal_model.edges") == 0


def test_folder_file_and_id_are_one_study(here: Path) -> None:
    folder = write(here, STUDY)
    assert load_study("prov") == load_study(folder) == load_study(folder / "study.toml") == load_study("studies/prov/")


def test_a_loaded_study_cannot_be_changed(here: Path) -> None:
    study = load_study(write(here, STUDY))
    with pytest.raises(ValidationError):
        study.study.title = "Annan"  # type: ignore[misc]  # that it is refused is the point


def test_byte_order_mark_and_windows_line_ends(here: Path) -> None:
    plain = load_study(write(here, STUDY))
    windows = load_study(write(here, b"\xef\xbb\xbf" + STUDY.replace("\n", "\r\n").encode()))
    assert values(plain) == values(windows)
    assert plain.lines == windows.lines


def test_comments_blank_lines_and_tabs_change_nothing(here: Path) -> None:
    plain = load_study(write(here, STUDY))
    noisy = "\n".join(f"\t{row}\t# [treated] = 1\n\n" for row in STUDY.split("\n"))
    assert values(load_study(write(here, noisy))) == values(plain)


@pytest.mark.parametrize("seed", range(5))
def test_order_of_keys_and_tables_changes_nothing(here: Path, seed: int) -> None:
    plain = values(load_study(write(here, STUDY)))
    shuffle = random.Random(seed).shuffle  # noqa: S311 -- the order of lines is no secret
    top, *tables = re.split(r"\n(?=\[)", STUDY.strip())
    outcomes = [table for table in tables if table.startswith("[[outcomes]]")]
    others = [table for table in tables if table not in outcomes]
    shuffle(others)
    mixed = []
    for table in [*others, *outcomes]:
        header, *rows = [row for row in table.split("\n") if row]
        shuffle(rows)
        mixed.append("\n".join([header, *rows]))
    assert values(load_study(write(here, "\n".join([top, *mixed])))) == plain


def test_a_number_without_decimals_is_a_number(here: Path) -> None:
    study = load_study(write(here, changed(("smallest_effect = -0.10", "smallest_effect = -1"))))
    assert study.primary.smallest_effect == -1.0


def test_index_periods(here: Path) -> None:
    edits = [
        ('unit = "month"', 'unit = "index"'),
        ("first = 2018-01-01", "first = 1"),
        ("last = 2024-12-31", "last = 40"),
        ("start = 2022-07-01", "start = 21"),
    ]
    assert load_study(write(here, changed(*edits))).treated[0].start == 21


def test_a_start_late_in_the_last_period_lies_inside(here: Path) -> None:
    edits = [("last = 2024-12-31", "last = 2024-12-01"), ("start = 2022-07-01", "start = 2024-12-20")]
    assert load_study(write(here, changed(*edits))).treated[0].start == dt.date(2024, 12, 20)


def test_expected_numbers(here: Path) -> None:
    folder = write(here, STUDY)
    row = '[[expected]]\noutcome = "brott"\nestimator = "did"\nestimate = -1\ntolerance = 0.1\nsource = "Tabell 2"\n'
    (folder / "expected.toml").write_text(row + "\n[truth]\nbrott = -0.2\ntrygg = 0\n", encoding="utf-8")
    study = load_study(folder)
    assert [(one.outcome, one.estimand, one.estimate, one.weights) for one in study.expected] == [("brott", "att", -1.0, None)]
    assert study.truth == {"brott": -0.2, "trygg": 0.0}


def test_template_loads() -> None:
    study = load_study(Path(__file__).parents[2] / "studies" / "_template")
    assert study.data.simulated
    assert (study.folder / study.data.panel).is_file()


def test_importing_the_study_loads_no_statistics() -> None:
    code = "import sys, utvardering.study; print([m for m in ('pandas', 'numpy', 'statsmodels', 'babel') if m in sys.modules])"
    source = str(Path(__file__).parents[2] / "src")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": source}
    )
    assert done.stdout.strip() == "[]"
