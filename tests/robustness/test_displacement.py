"""Are neighbours held against the units that the study names for them?"""

from __future__ import annotations

import numpy as np
import pytest

import utvardering as utv
from tests.evaluate.small import write_study
from tests.robustness.simulated import START, counts, doubted
from utvardering.robustness.base import Doubt
from utvardering.robustness.displacement import displacement


@pytest.mark.parametrize(("named", "count"), [("", 20), (', comparison = ["Park 05", "Park 06", "Park 07"]', 3)])
def test_neighbours_are_held_against_the_units_named_for_them(tmp_path, monkeypatch, named, count):
    folder = write_study(tmp_path)
    path = folder / "study.toml"
    text = path.read_text(encoding="utf-8")
    table = f'[neighbours]\nunits = ["Park 03", "Park 04"]{named.replace(", ", chr(10), 1)}\n[[outcomes]]'
    path.write_text(text.replace("[[outcomes]]", table, 1), encoding="utf-8")
    study = utv.load_study(folder)
    panel = utv.load_panel(study)
    seen = []
    monkeypatch.setattr(
        "utvardering.robustness.base.Doubt.again",
        lambda _self, moved, *_: seen.append(_sizes(moved.sample("brott"))) or _stop(),
    )
    planned = utv.estimate_effects(study, panel).planned("brott")
    rings = [row for row in displacement(Doubt(study, panel, planned)) if row.variant == "ring=1"]
    assert [row.verdict for row in rings] == ["not_evaluated"]
    assert seen == [(2, count), (4, count), (2, count)]  # the ring, together with the treated, and for the quotient


def _sizes(sample):
    return sample.treated.sum(), (~sample.treated).sum()


def _stop():
    from utvardering.errors import DesignError

    msg = "seen enough"
    raise DesignError(msg)


def doubts(**panel):
    doubt = doubted(counts(np.random.default_rng(3), neighbours=6, level=60.0, **panel))
    return {row.variant: row for row in displacement(doubt)}


def test_untouched_neighbours_pass_and_a_quotient_near_zero_is_no_displacement() -> None:
    rows = doubts(effect=-0.4)
    assert {name: row.verdict for name, row in rows.items()} == {
        "ring=1": "pass",
        "spillover_robust": "pass",
        "quotient": "pass",
    }
    assert "no sign of displacement" in rows["quotient"].text or "no clear sign of displacement" in rows["quotient"].text


def test_neighbours_that_took_it_over_fail() -> None:
    rows = doubts(effect=-0.4, beside=0.3)
    assert {name: row.verdict for name, row in rows.items()} == {
        "ring=1": "fail",
        "spillover_robust": "fail",
        "quotient": "fail",
    }
    assert "(displacement)" in rows["quotient"].text
    assert rows["spillover_robust"].text.endswith("A part of the effect may thus have moved to the neighbours.")


def test_treated_and_neighbours_as_one_by_hand() -> None:
    doubt = doubted(counts(np.random.default_rng(3), neighbours=6, effect=-0.4))
    (row,) = [row for row in displacement(doubt) if row.variant == "spillover_robust"]
    y = doubt.panel.grids["y"].y
    ratio = np.log(y[:9, START:].sum() / y[:9, :START].sum()) - np.log(y[9:, START:].sum() / y[9:, :START].sum())
    assert row.estimate == pytest.approx(ratio, rel=1e-9)


def test_without_a_planned_effect_nothing_can_have_moved() -> None:
    assert doubts()["spillover_robust"].verdict == "not_evaluated"
