"""The causal graph in the report: nothing covers anything, names are those of a reader, no number without identification."""

import itertools
import json

import pytest

from tests.report.fixtures.builds import make
from tests.report.test_doubts import NAN, with_rows
from utvardering.report import graph_words
from utvardering.report.charts import WIDTH
from utvardering.report.doubts import doubts
from utvardering.report.figures import draw_all, svg
from utvardering.report.graph_chart import drawn, lines
from utvardering.report.graph_layout import layers
from utvardering.report.results import Results

EDGES = [("folkmangd", "start"), ("folkmangd", "brott"), ("start", "brott"), ("start", "anmälan"), ("anmälan", "brott")]
LARGE = [
    *EDGES,
    ("arbetsloshet", "start"),
    ("arbetsloshet", "brott"),
    ("polis", "brott"),
    ("polis", "folkmangd"),
    ("brott", "oro"),
]
LARGE += [("arbetsloshet", "flyttning"), ("flyttning", "oro"), ("polis", "anmälan"), ("vader", "brott")]


def graph(edges, kind="backdoor"):
    names = list(dict.fromkeys(itertools.chain(*edges)))
    kinds = {"start": "treatment", "brott": "outcome", "anmälan": "unobserved"}
    labels = {"start": "Trygghetsvärdar", "brott": "Anmälda brott i centrum"}
    adjusted = ["folkmangd"] if kind == "backdoor" else []
    return {
        "nodes": [
            {
                "name": name,
                "label": labels.get(name, name),
                "kind": kinds.get(name, "adjusted" if name in adjusted else "measured"),
            }
            for name in names
        ],
        "edges": [{"from": cause, "to": effect} for cause, effect in edges],
        "identification": {
            "kind": kind,
            "adjustment": adjusted,
            "through": [],
            "paths": ["start ← folkmangd → brott"],
            "text": "…",
        },
    }


def study(tmp_path, edges=EDGES, kind="backdoor"):
    folder = make(tmp_path)
    (folder / "graph.json").write_text(json.dumps(graph(edges, kind)), encoding="utf-8")
    return folder


def place(edges):
    names = list(dict.fromkeys(itertools.chain(*edges)))
    words = dict.fromkeys(["measured"], "mäts")
    return drawn({name: f"Ett ganska långt namn på {name}" for name in names}, dict.fromkeys(names, "measured"), words, edges)


def crosses(box, one, other):
    """Whether a straight line enters a box, its edge left out: 200 points along it are looked at."""
    for k in range(1, 200):
        x, y = (one[i] + (other[i] - one[i]) * k / 200 for i in (0, 1))
        if abs(x - box.x) < box.width / 2 - 1e-9 and abs(y - box.y) < box.height / 2 - 1e-9:
            return True
    return False


@pytest.mark.parametrize("edges", [EDGES, LARGE])
def test_no_boxes_overlap_and_no_arrow_runs_through_one(edges):
    found = place(edges)
    for one, other in itertools.combinations(found.boxes, 2):
        beside = abs(one.x - other.x) >= (one.width + other.width) / 2
        assert beside or abs(one.y - other.y) >= (one.height + other.height) / 2
    for box in found.boxes:
        assert box.width / 2 <= box.x <= WIDTH - box.width / 2
    for arrow in found.arrows:
        for one, other in itertools.pairwise(arrow.points):
            assert not any(crosses(box, one, other) for box in found.boxes), (arrow.cause, arrow.effect)


def test_a_box_in_the_way_would_be_found():
    found = place(EDGES)
    box = found.boxes[0]
    assert crosses(box, (box.x - 1, box.y), (box.x + 1, box.y))


def test_causes_stand_above_their_effects():
    level = layers(list(dict.fromkeys(itertools.chain(*LARGE))), LARGE)
    assert all(level[cause] < level[effect] for cause, effect in LARGE)


def test_a_word_too_long_for_a_box_gets_a_hyphen():
    assert lines("anmälningsbenägenhetsundersökning", 4) == ["anmälningsbenägenhets-", "undersökning"]


def test_the_picture_is_the_same_each_time_and_says_every_arrow(tmp_path):
    run = Results.load(study(tmp_path))
    first, second = (next(one for one in draw_all(run) if one.figure.name == "orsaker") for _ in range(2))
    assert svg(first.chart) == svg(second.chart)
    assert "Folkmängd påverkar trygghetsvärdar och anmälda brott i centrum." in first.figure.alt
    assert "Det som inte mäts är anmälan." in first.figure.alt
    assert len(first.data) == len(EDGES)


def test_names_are_those_that_a_reader_knows(tmp_path):
    run = Results.load(study(tmp_path))
    said = graph_words.with_titles(run, "Före start: start och folkmangd, för lika brott (korrelation 0,5).")
    assert said == "Före start: trygghetsvärdar och folkmängd, för lika anmälda brott i centrum (korrelation 0,5)."
    assert graph_words.identified(run).startswith("Ja, om man justerar för folkmängd.")
    assert "trygghetsvärdar ← folkmängd → anmälda brott" in graph_words.identified(run)


def test_without_a_valid_adjustment_it_is_not_identifiable_and_there_is_no_number(tmp_path):
    run = with_rows(
        study(tmp_path, kind="none"),
        ("graph", "identification", NAN, NAN, NAN, NAN, "fail", "Effekten är ej identifierbar enligt den kausala modellen."),
        ("graph", "independencies", NAN, NAN, NAN, 0.4, "pass", "Data motsäger inget."),
    )
    said = [graph_words.identified(run), *graph_words.said_of_it(run)]
    assert "*ej identifierbar*" in said[0]
    assert "*ej identifierbar*" in said[-1]
    assert "%" not in " ".join(said)
    assert [one.grade for one in doubts(run)] == ["fail", "pass"]
