"""Are the ready sets whole: three levels, five anchors, both languages, delivery only where the measure is given?"""

from __future__ import annotations

import re

import pytest

from tests.process.process_files import RIGHT, write
from utvardering.process.criteria_sets import FOLDER, criteria_set, ready_sets
from utvardering.process.load import OWN, load_process
from utvardering.process.model import GRADE_MAX, LEVELS
from utvardering.process.words import meaning, question, scale, set_title, title

MEASURES = ("belysning", "sspf", "tryggare-skola", "trygghetsvardar")


@pytest.mark.parametrize("name", ready_sets())
def test_a_set_is_whole(name):
    found = criteria_set(name)
    assert found.id == name
    ids = [one.id for one in found.criterion]
    assert len(set(ids)) == len(ids)
    assert {one.level for one in found.criterion} == set(LEVELS)
    for one in found.criterion:
        assert len(one.anchors) in {0, GRADE_MAX + 1}, one.id
        assert one.question.endswith("?")
        assert one.question_en.endswith("?")
        assert one.title_en
        assert title(one, "en") != title(one, "sv")
        assert question(one, "en") == one.question_en
        assert not one.delivery or (one.level == "operational" and one.anchors), one.id


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_has_its_delivery_and_dose(name):
    assert [one.id for one in criteria_set(name).criterion if one.delivery] == ["leverans", "dos"]


def test_the_law_has_a_criterion_for_each_of_its_duties():
    named = {one.paragraph for one in criteria_set("lag-2023-196").criterion}
    assert {"4 §", "5 §", "6 §", "8–9 §§", "10 §", "11–12 §§", "13 §"} <= named
    assert not any(one.delivery for one in criteria_set("lag-2023-196").criterion)


def test_only_sets_have_paragraphs_that_are_the_acts():
    for name in MEASURES:
        assert all(not one.paragraph for one in criteria_set(name).criterion)


def test_the_scale_has_five_steps_in_both_languages():
    for language in ("sv", "en"):
        assert sorted(scale(language)) == list(range(GRADE_MAX + 1))


def test_a_grade_means_what_the_criterion_says_else_the_scale():
    one = criteria_set("lag-2023-196").criterion[0]
    assert meaning(one, 0, "sv") == "Det finns ingen lägesbild."
    assert meaning(one, 0, "en") == scale("en")[0][1]
    assert set_title("sspf", "sv").startswith("SSPF")
    assert set_title(OWN, "sv") == "Egna kriterier"


def test_own_criteria_extend_a_set_or_stand_alone(tmp_path):
    own = '\n[[criterion]]\nid = "{id}"\nlevel = "tactical"\ntitle = "T"\nquestion = "Q?"\n'
    use = '\n[[assessment]]\ncriterion = "{id}"\ngrade = 2\nassessor = "A"\nevidence = ["d1"]\ntext = "t"\n'
    text = RIGHT + "".join(block.format(id=name) for name in ("trygghetsvardar.eget", "fritt") for block in (own, use))
    found = load_process(write(tmp_path, text))
    assert [(one.id, one.set_id) for one in found.graded[-2:]] == [("trygghetsvardar.eget", "trygghetsvardar"), ("fritt", OWN)]
    assert found.sets == ("lag-2023-196", "trygghetsvardar", OWN)


def test_no_set_has_words_of_english_in_its_swedish():
    for path in FOLDER.glob("*.toml"):
        swedish = re.sub(r"^\w+_en = .*$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert not re.search(r"\b(the|and|of|with|are)\b", swedish.partition("[[criterion]]")[2]), path.name
