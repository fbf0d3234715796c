"""Is `docs/verdict.md` what the rules of the code say?"""

from __future__ import annotations

from pathlib import Path

from utvardering.synthesis.rulebook import BEGIN, END, rulebook

DOCS = Path(__file__).parents[2] / "docs" / "verdict.md"


def test_the_page_holds_the_rules_of_the_code() -> None:
    """Printed by `python -m utvardering.synthesis.rulebook`."""
    text = DOCS.read_text(encoding="utf-8")
    assert text[text.index(BEGIN) + len(BEGIN) : text.index(END)].strip() == rulebook().strip()
