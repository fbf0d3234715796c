"""Is `docs/study-toml.md` what the model says, and does its example load?"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from utvardering.study import load_study
from utvardering.study.reference import BEGIN, END, reference

from .example import write

DOCS = Path(__file__).parents[2] / "docs" / "study-toml.md"


def test_keys_are_those_of_the_model() -> None:
    text = DOCS.read_text(encoding="utf-8")
    assert text[text.index(BEGIN) + len(BEGIN) : text.index(END)].strip() == reference().strip()


def test_every_key_of_the_example_is_described(here: Path) -> None:
    example = re.findall(r"```toml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)[0]
    study = load_study(write(here, example, "trygghetsvardar"))
    described = set(re.findall(r"^\| `(\w+)` \|", reference(), re.MULTILINE))
    keys = {re.sub(r"\[\d+\]", "", key) for key in study.lines}
    tables = {table for header in re.findall(r"^#### `\[+([\w.]+)\]+`", reference(), re.MULTILINE) for table in [header]}
    assert {key.split(".")[-1] for key in keys - tables} <= described


def test_every_key_has_a_sentence() -> None:
    for row in re.findall(r"^\| `.*$", reference(), re.MULTILINE):
        assert not row.endswith("|  |"), row


def test_module_prints_the_keys() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "utvardering.study.reference"],
        capture_output=True,
        check=True,
        env={"PYTHONPATH": str(Path(__file__).parents[2] / "src"), "PYTHONIOENCODING": "utf-8"},
    )
    assert done.stdout.decode() == reference()
