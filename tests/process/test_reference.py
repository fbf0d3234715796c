"""Is `docs/process-toml.md` what the model says?"""

from __future__ import annotations

import re
from pathlib import Path

from utvardering.process.model import Assessment, Assessor, Criterion, Evidence, Factor, Override, ProcessFile, Settled
from utvardering.process.reference import BEGIN, END, reference

DOCS = Path(__file__).parents[2] / "docs" / "process-toml.md"


def test_keys_are_those_of_the_model() -> None:
    text = DOCS.read_text(encoding="utf-8")
    assert text[text.index(BEGIN) + len(BEGIN) : text.index(END)].strip() == reference().strip()


def test_every_key_has_its_row_and_every_row_its_sentence() -> None:
    rows = re.findall(r"^\| `(\w+)` \|.*\| (.*) \|$", reference(), re.MULTILINE)
    tables = (Assessor, Evidence, Criterion, Assessment, Settled, Factor, Override)
    assert len(rows) == len(ProcessFile.model_fields) - len(tables) + sum(len(table.model_fields) for table in tables)
    assert all(sentence for _, sentence in rows)
