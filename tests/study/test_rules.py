"""Do the rules refuse what contradicts itself, and nothing else?"""

from __future__ import annotations

import datetime as dt
import itertools
from typing import TYPE_CHECKING

import numpy as np
import pytest

from utvardering.data.calendar import Calendar
from utvardering.study import load_study, vocabulary
from utvardering.study.rules import period_number, smallest_p

from .example import changed, complaint, write

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(("n_treated", "n_units"), [(1, 14), (1, 2), (2, 4), (2, 6), (3, 6), (3, 7)])
def test_smallest_p_is_that_of_the_largest_statistic(n_treated: int, n_units: int) -> None:
    """By enumeration: the share of re-assignments with an absolute mean difference as large as the largest there is."""
    y = np.random.default_rng(n_units).normal(size=n_units)
    picks = list(itertools.combinations(range(n_units), n_treated))
    difference = [abs(y[list(pick)].mean() - np.delete(y, pick).mean()) for pick in picks]
    share = np.mean(np.array(difference) >= max(difference) - 1e-12)  # 1e-12: rounding of means
    assert smallest_p(n_treated, n_units) == pytest.approx(share)


def reach(here: Path, n_comparison: int, level: float = 0.95, *extra: tuple[str, str]) -> bool:
    """Whether a plan with so many comparison units is taken."""
    units = ", ".join(f'"U{number}"' for number in range(n_comparison))
    write(here, changed(('units = "all"', f"units = [{units}]"), ("level = 0.95", f"level = {level}"), *extra))
    try:
        return "cannot be reached" not in complaint("prov")
    except AssertionError:  # no complaint
        return True


def test_one_treated_unit_needs_nineteen_others(here: Path) -> None:
    assert not reach(here, 18)
    assert reach(here, 19)
    assert not reach(here, 19, 0.99)
    assert reach(here, 99, 0.99)


def test_more_treated_units_need_fewer_others(here: Path) -> None:
    two = ("[comparison]", '[[treated]]\nunit = "Hamnen"\nstart = 2022-07-01\n\n[comparison]')
    assert not reach(here, 4, 0.95, two)
    assert reach(here, 5, 0.95, two)


def test_starts_that_differ_give_more_reassignments(here: Path) -> None:
    two = ("[comparison]", '[[treated]]\nunit = "Hamnen"\nstart = 2023-07-01\n\n[comparison]')
    assert not reach(here, 2, 0.95, two)
    assert reach(here, 3, 0.95, two)


def test_cluster_inference_needs_no_number_of_units(here: Path) -> None:
    assert reach(here, 3, 0.95, ('inference = "randomization"', 'inference = "cluster"'))


def test_available_methods_are_taken_from_the_vocabulary(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(here, changed(('also = ["did"]', 'also = ["adjusted"]')))
    assert load_study("prov").id == "prov"
    monkeypatch.setattr(vocabulary, "AVAILABLE_ESTIMATORS", ("poisson_did", "did"))
    told = 'estimation.also[0]: "adjusted" is not part of this version yet; choose among poisson_did, did'
    assert told in complaint("prov")


@pytest.mark.parametrize("unit", ["week", "month", "quarter", "year"])
def test_periods_are_those_of_the_calendar(unit: str) -> None:
    """Two days lie in one period here exactly when they do in the data."""
    days = [dt.date(2019, 12, 20) + dt.timedelta(days=3 * number) for number in range(200)]
    calendar = Calendar(unit)
    steps = [period_number(unit, day) - calendar.number(day) for day in days]
    assert len(set(steps)) == 1


def test_a_rule_whose_key_is_wrong_is_not_judged(here: Path) -> None:
    """A role that cannot be read is one problem, not also a missing primary outcome."""
    write(here, changed(('role = "primary"', 'role = "huvud"')))
    assert complaint("prov").split("\n")[1:] == [
        '  line 47: outcomes[0].role: needs one of primary, secondary, negative_control, found "huvud"'
    ]


def test_a_misspelled_table_is_one_problem(here: Path) -> None:
    write(here, changed(("[period]", "[perioden]")))
    assert complaint("prov").split("\n")[1:] == ['  line 26: perioden: is not a key of this file. Did you mean "period"?']


def test_ids_of_events_may_hold_blanks(here: Path) -> None:
    edits = [
        (
            'panel = "data/panel.csv"\nunit = "omrade"\nperiod = "manad"\nsimulated = true',
            '[data.incidents]\nfile = "data/handelser.csv"\ntime = "tid"\nkind = "slag"\nunit = "omrade"',
        ),
        ('id = "brott"', 'id = "Misshandel utomhus"'),
    ]
    assert load_study(write(here, changed(*edits))).primary.id == "Misshandel utomhus"


def test_not_yet_treated_may_be_the_only_comparison(here: Path) -> None:
    edits = [('units = "all"\n', ""), ("seed = 1", 'seed = 1\ncomparison_group = "not_yet"')]
    assert load_study(write(here, changed(*edits))).comparison.units == ()
