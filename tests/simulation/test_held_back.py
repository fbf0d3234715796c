"""The table of held-back power in docs/methods/power.md says what held_back.csv holds."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from utvardering.coverage.held_back import pooled

DOCS = Path(__file__).resolve().parents[2] / "docs" / "methods"


def told(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def test_the_page_follows_from_the_table() -> None:
    found = pd.read_csv(DOCS / "held_back.csv")
    page = (DOCS / "power.md").read_text(encoding="utf-8")
    logs, counts = pooled(found, "did_log"), pooled(found, "poisson_did")
    for one, other in zip(logs.itertuples(), counts.itertuples(), strict=True):
        cells = [
            f"{one.treated:.0f}",
            f"{one.effect_in_sd:g}",
            told(one.forecast_did),
            *(
                part
                for row in (one, other)
                for part in (told(row.other), told(row.difference), f"{told(row.low)} to {told(row.high)}")
            ),
        ]
        assert f"| {' | '.join(cells)} |" in page


def test_every_gain_is_above_zero() -> None:
    found = pd.read_csv(DOCS / "held_back.csv")
    for other in ("did_log", "poisson_did"):
        gain = pooled(found, other)
        assert (gain.loc[gain["effect_in_sd"] > 0, "low"] > 0).all(), other
