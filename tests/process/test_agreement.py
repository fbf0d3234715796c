"""Agreement of assessors, held to published numbers and to plain computation."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest

from tests.process.process_files import RIGHT, changed, write
from utvardering.process.agreement import LEAST, agreements, krippendorff_alpha, weighted_kappa
from utvardering.process.load import Graded, load_process
from utvardering.process.model import Criterion

NONE = np.nan
KRIPPENDORFF = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NONE, NONE, NONE],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NONE, 3],
        [NONE, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NONE],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NONE],
    ]
)
"""Krippendorff (2011), Computing Krippendorff's Alpha-Reliability, section C: four observers, twelve units, values missing."""


def test_alpha_of_the_published_example():
    assert round(krippendorff_alpha(KRIPPENDORFF), 3) == 0.815  # as printed, ordinal


def test_alpha_by_the_slow_way_over_all_pairs():
    """One less observed over expected disagreement, each pair of values written out."""
    rng = np.random.default_rng(4)
    grades = rng.integers(0, 5, (3, 15)).astype(float)
    grades[rng.random(grades.shape) < 0.2] = np.nan
    units = [[x for x in unit if not math.isnan(x)] for unit in grades.T]
    units = [unit for unit in units if len(unit) > 1]
    values = [x for unit in units for x in unit]
    count = {x: values.count(x) for x in set(values)}

    def apart(c, k):
        low, high = min(c, k), max(c, k)
        return (sum(n for x, n in count.items() if low <= x <= high) - (count[c] + count[k]) / 2) ** 2

    observed = sum(apart(c, k) / (len(unit) - 1) for unit in units for c, k in permutations(unit, 2)) / len(values)
    expected = sum(apart(c, k) for c, k in permutations(values, 2)) / (len(values) * (len(values) - 1))
    assert krippendorff_alpha(grades) == pytest.approx(1 - observed / expected, rel=1e-12)


def test_kappa_of_the_published_example():
    """The weighted coefficient that SAS prints for its example of two raters, 0.4701 (0.1845 to 0.7558)."""
    table = [[0, 4, 1], [0, 8, 0], [0, 1, 5]]
    pairs = [(i, j) for i in range(3) for j in range(3) for _ in range(table[i][j])]
    one, other = np.array(pairs).T
    assert [round(x, 4) for x in weighted_kappa(one, other, 3)] == [0.4701, 0.1845, 0.7558]


def test_full_agreement_is_one_and_no_variation_is_nothing():
    same = np.array([0, 1, 2, 3, 4, 2, 1, 3, 0, 4])
    assert weighted_kappa(same, same, 5) == (1.0, 1.0, 1.0)
    assert krippendorff_alpha(np.array([same, same], dtype=float)) == 1.0
    constant = np.full(10, 3)
    assert all(math.isnan(x) for x in weighted_kappa(constant, constant, 5))
    assert math.isnan(krippendorff_alpha(np.full((2, 10), 3.0)))


def graded(grades):
    criterion = Criterion(id="c", level="tactical", title="T", question="Q?")
    return tuple(
        Graded(f"c{k}", "egna", criterion, given, dict.fromkeys(given, ("d1",)), dict.fromkeys(given, "t"))
        for k, given in enumerate(grades)
    )


@pytest.mark.parametrize(
    ("grades", "reason"),
    [
        ([{"A": k % 5, "B": k % 5} for k in range(LEAST - 1)], "few"),
        ([{"A": k % 5, "B": k % 5} for k in range(LEAST)], ""),
        ([{"A": 3, "B": 3}] * LEAST, "constant"),
        ([{"A": k % 5} for k in range(LEAST)], "few"),
    ],
)
def test_no_coefficient_where_there_is_too_little(grades, reason):
    found = agreements(graded(grades), ("A", "B"))[-1]
    assert found.reason == reason
    assert math.isnan(found.alpha) == math.isnan(found.kappa) == bool(reason)


def test_shares_are_of_criteria_that_two_graded():
    found = agreements(graded([{"A": 1, "B": 1}, {"A": 1, "B": 2}, {"A": 0, "B": 4}, {"A": 2}]), ("A", "B"))[-1]
    assert (found.n_criteria, found.same, found.within_one) == (3, pytest.approx(1 / 3), pytest.approx(2 / 3))


def test_three_assessors_have_pairs_and_all():
    rows = agreements(graded([{"A": k % 5, "B": k % 4, "C": k % 3} for k in range(20)]), ("A", "B", "C"))
    assert [row.assessors for row in rows[::4]] == ["A, B", "A, C", "B, C", "A, B, C"]
    assert math.isnan(rows[-1].kappa)
    assert not math.isnan(rows[-1].alpha)


def test_one_assessor_has_no_row():
    assert agreements(graded([{"A": 1}]), ("A",)) == ()


def test_the_final_grade(tmp_path):
    found = load_process(write(tmp_path))
    assert [one.final for one in found.graded] == [2, 4]  # settled, and one assessor alone
    start = RIGHT.index("[[settled]]")
    unsettled = RIGHT[:start] + RIGHT[RIGHT.index("[[assessment]]", start) :]
    assert [one.final for one in load_process(write(tmp_path, unsettled)).graded] == [None, 4]
    agreed = changed(("grade = 1", "grade = 3"))
    start = agreed.index("[[settled]]")
    agreed = agreed[:start] + agreed[agreed.index("[[assessment]]", start) :]
    assert [one.final for one in load_process(write(tmp_path, agreed)).graded] == [3, 4]
