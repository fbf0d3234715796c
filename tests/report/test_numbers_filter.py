"""What stays on one line: numbers with their percent sign, numbers with their thousands, dates."""

from __future__ import annotations

from pathlib import Path

import pypandoc
import pytest

FILTER = Path(__file__).resolve().parents[2] / "reports" / "numbers.lua"
NBSP = "\u00a0"


def html(text: str) -> str:
    return str(pypandoc.convert_text(text, "html", "markdown", extra_args=["--wrap=none", f"--lua-filter={FILTER}"])).strip()


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("5 % av 12 345", f"5{NBSP}% av 12{NBSP}345"),
        ("1 234 567 kronor", f"1{NBSP}234{NBSP}567 kronor"),
        ("år 2022 100 fler", "år 2022 100 fler"),
        ("den 2024-03-01.", 'den <span class="date">2024-03-01.</span>'),
        ("fil-2024-03-01.csv", "fil-2024-03-01.csv"),
    ],
)
def test_numbers_and_dates_are_not_broken(written: str, shown: str) -> None:
    assert html(written) == f"<p>{shown}</p>"


def test_a_date_is_plain_text_in_other_formats() -> None:
    args = [f"--lua-filter={FILTER}"]
    assert pypandoc.convert_text("den 2024-03-01", "plain", "markdown", extra_args=args).strip() == "den 2024-03-01"
