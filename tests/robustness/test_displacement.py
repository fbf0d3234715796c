"""Are neighbours held against the units that the study names for them?"""

from __future__ import annotations

import pytest

import utvardering as utv
from tests.evaluate.small import write_study


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
    from utvardering.robustness.base import Doubt
    from utvardering.robustness.displacement import displacement

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
