"""Are shares and means read with how sure they are, and is what cannot be told refused? The figures are made up."""

from __future__ import annotations

import datetime as dt
import tomllib
from pathlib import Path

import numpy as np
import pytest

from utvardering.data.connectors import Request, connector
from utvardering.data.connectors.survey_figures import repeated_waves, weighted_mean
from utvardering.data.sources import Source
from utvardering.errors import DataError

MESSAGES = tomllib.loads((Path(__file__).parent / "messages.toml").read_text(encoding="utf-8"))["survey"]
UNSAFE = {"column": "otrygg", "value": "andel", "polarity": "more_is_worse", "scale": "percent", "margin": "fel", "n": "svar"}
QUERY = {"file": "data/enkat.csv", "unit": "omrade", "period": "ar", "questions": [UNSAFE]}
HEADER = "omrade;ar;andel;fel;svar"


def row(unit, year, percent, n, effect=1.5):
    p = percent / 100
    return f"{unit};{year};{percent};{100 * 1.959964 * np.sqrt(effect * p * (1 - p) / n):.3f};{n}"


SOUND = [row(unit, year, 20 + 5 * k + (year - 2018), 400) for k, unit in enumerate("ABC") for year in (2018, 2020, 2022)]
ANSWERS = {
    "rows": "persons", "weight": "vikt",
    "questions": [
        {"column": "otrygg", "value": "svar", "polarity": "more_is_worse", "yes": ["Ja"], "no": ["Nej"], "without": ["Vet ej"]},
    ],
}  # fmt: skip


def write(folder, rows, header=HEADER):
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data" / "enkat.csv").write_text("\n".join([header, *rows, ""]), encoding="utf-8")


def collect(folder, rows, query=None, header=HEADER, language="en"):
    write(folder, rows, header)
    source = Source("data/panel.csv", connector="survey", query={**QUERY, **(query or {})})
    return connector("survey").collect(Request(source, folder, folder / "work", dt.date(2026, 3, 1), language=language))


def test_margins_become_standard_errors_and_percent_shares(tmp_path):
    found = collect(tmp_path, SOUND)
    columns = found.table.to_pydict()
    assert columns["unit"][:3] == ["A"] * 3
    assert columns["period"][:3] == ["2018", "2020", "2022"]
    assert columns["otrygg"][0] == 0.2
    assert columns["otrygg_std_error"][0] == pytest.approx(
        np.sqrt(1.5 * 0.2 * 0.8 / 400), rel=1e-3
    )  # three decimals of percent
    assert columns["otrygg_n"][0] == 400
    assert found.polarity == {"otrygg": "more_is_worse"}
    assert "otrygg: the variance is 1.5 times that of a simple random sample (median)." in found.remarks


def test_other_levels_and_standard_errors(tmp_path):
    wide = collect(tmp_path, SOUND, {"questions": [{**UNSAFE, "level": 0.99}]}).table.column("otrygg_std_error")[0].as_py()
    error = collect(tmp_path, ["A;2018;20;2.4;400"], {"questions": [{**UNSAFE, "margin_is": "std_error"}]})
    assert wide == pytest.approx(np.sqrt(1.5 * 0.2 * 0.8 / 400) * 1.959964 / 2.575829, rel=1e-3)  # as above
    assert error.table.column("otrygg_std_error").to_pylist() == [pytest.approx(0.024)]


def test_without_a_margin_the_number_of_answers_gives_one_and_that_is_told(tmp_path):
    found = collect(tmp_path, SOUND, {"questions": [{k: v for k, v in UNSAFE.items() if k != "margin"}]})
    assert found.table.column("otrygg_std_error")[0].as_py() == pytest.approx(0.02)
    assert found.remarks[0].startswith("otrygg: the standard error is reckoned from the number of answers")


def test_two_waves_cannot_test_a_trend_and_say_so(tmp_path):
    found = collect(tmp_path, [line for line in SOUND if ";2018;" not in line])
    assert "Only 2 waves. Whether the course was the same before the measure cannot be tested then." in found.remarks


def test_waves_that_repeat_each_other_are_one(tmp_path):
    repeated = [*SOUND, *(line.replace(";2022;", ";2023;") for line in SOUND if ";2022;" in line)]
    with pytest.raises(DataError) as fault:
        collect(tmp_path, repeated)
    assert str(fault.value) == MESSAGES["pooled"]
    found = collect(tmp_path, repeated, {"pooled": "first"})
    assert found.table.column("period").to_pylist()[:3] == ["2018", "2020", "2022"]
    assert collect(tmp_path, repeated, {"pooled": "last"}).table.column("period").to_pylist()[:3] == ["2018", "2020", "2023"]
    assert (
        "The waves 2022/2023 have the same figures, since the survey pools two years. Only one of them is kept."
        in found.remarks
    )
    rng = np.random.default_rng(1)
    assert repeated_waves(rng.random((60, 2)), np.tile([1, 2, 3], 20), np.repeat(np.arange(20), 3)) == []


def answers(n=60):
    rng = np.random.default_rng(8)
    said = np.where(rng.random(n) < 0.4, "Ja", "Nej")
    weights = rng.uniform(0.5, 2, n).round(2)
    units = np.repeat(["A", "B"], n // 2)
    return said, weights, [f"{u};{2020};{s};{w}" for u, s, w in zip(units, said, weights, strict=True)]


def test_answers_of_persons_are_summed_up_and_never_written(tmp_path):
    said, weights, rows = answers()
    found = collect(tmp_path, [*rows, "A;2020;Vet ej;1", "B;2020;;1"], ANSWERS, "omrade;ar;svar;vikt")
    columns = found.table.to_pydict()
    yes, w = (said[:30] == "Ja").astype(float), weights[:30]
    mean = (w * yes).sum() / w.sum()
    assert columns["otrygg"][0] == pytest.approx(mean, rel=1e-12)  # the same sum in another order
    assert columns["otrygg_std_error"][0] == pytest.approx(
        np.sqrt(30 / 29 * ((w * (yes - mean)) ** 2).sum()) / w.sum(), rel=1e-12
    )
    assert columns["otrygg_n"] == [30, 30]
    assert "otrygg: 2 of 62 answers are not counted, since they are missing or among those to leave." in found.remarks


def test_few_persons_are_not_shown(tmp_path):
    _, _, rows = answers()
    few = [f"C;2020;{said};1" for said in ("Ja", "Ja", "Nej", "Nej")]
    nearly_all = ["D;2020;Nej;1"] * 30 + ["D;2020;Ja;1"] * 2
    found = collect(tmp_path, [*rows, *few, *nearly_all], ANSWERS, "omrade;ar;svar;vikt")
    shown = {
        unit: value is not None
        for unit, value in zip(*(found.table.column(c).to_pylist() for c in ("unit", "otrygg")), strict=True)
    }
    assert shown == {"A": True, "B": True, "C": False, "D": False}
    assert found.table.column("otrygg_n").to_pylist()[2:] == [None, None]
    assert "otrygg: values that are not shown, since they stand on or tell of fewer than 5 persons: 2." in found.remarks


def test_one_hidden_cell_does_not_follow_from_the_number_of_all_answers(tmp_path):
    _, _, rows = answers()
    few = [f"C;2020;{said};1" for said in ("Ja", "Ja", "Nej", "Nej")]
    more = [*["D;2020;Nej;1"] * 10, *["D;2020;Ja;1"] * 10]
    found = collect(tmp_path, [*rows, *few, *more], ANSWERS, "omrade;ar;svar;vikt")
    assert found.table.column("otrygg_n").to_pylist() == [30, 30, None, None], "84 answers less 30, 30 and 20 would be 4"
    assert "otrygg: values that are not shown, since they stand on or tell of fewer than 5 persons: 2." in found.remarks


def test_equal_weights_give_the_formula_of_the_textbook():
    value = np.array([1.0, 0, 0, 1, 1, 0, 1, 0])
    found = weighted_mean(value, np.ones(8), np.zeros(8, dtype=np.int64), 1)
    assert found.std_error[0] == pytest.approx(value.std(ddof=1) / np.sqrt(8), rel=1e-12)  # rounding


WRONG = {
    "columns": ([*SOUND], {"unit": "område", "questions": [{**UNSAFE, "margin": "felmarginal"}]}),
    "share": (SOUND, {"questions": [{**UNSAFE, "scale": "share"}]}),
    "percent": (["A;2018;0.2;0.04;400"], {}),
    "cells": (["A;2018;120;2;400", "A;2019;tolv;2;400", "A;2020;20;-1;400", "A;2021;20;2;4,5"], {}),
    "wave": (["A;våren;20;2;400"], {}),
    "twice": ([SOUND[0], SOUND[0]], {}),
    "margin": (["A;2018;20;0.1;400"], {}),
    "errors": ([row(u, y, 30 + k, 400, 1 / 3.8415) for k, u in enumerate("ABC") for y in (2018, 2020)], {}),
}


@pytest.mark.parametrize("name", WRONG)
def test_messages(name, tmp_path):
    rows, query = WRONG[name]
    with pytest.raises(DataError) as fault:
        collect(tmp_path, rows, query)
    assert str(fault.value) == MESSAGES[name]


def test_an_answer_that_nobody_declared_is_refused(tmp_path):
    with pytest.raises(DataError) as fault:
        collect(tmp_path, ["A;2020;Kanske;1"], ANSWERS, "omrade;ar;svar;vikt")
    assert str(fault.value) == MESSAGES["answers"]


def test_queries_that_contradict_themselves():
    faults = connector("survey").faults
    assert faults(QUERY) == ()
    assert faults({**QUERY, **ANSWERS}) == ()
    bare = {"column": "otrygg", "value": "andel", "polarity": "more_is_worse"}
    assert faults({**QUERY, "questions": [bare, {**bare, "yes": ["Ja"]}], "weight": "vikt"}) == (MESSAGES["query"],)
    lacking = faults({**QUERY, "questions": [{"column": "a", "value": "b"}]})
    assert "query.questions[0].polarity: is missing" in lacking
