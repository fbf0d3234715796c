"""A small right process file, and what a test changes in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from utvardering.errors import UtvarderingError
from utvardering.process.load import load_process

RIGHT = """\
schema = 1
criteria = ["lag-2023-196", "trygghetsvardar"]

[[assessor]]
id = "A"
role = "extern granskare"

[[assessor]]
id = "B"
role = "granskare från en annan kommun"

[[evidence]]
id = "d1"
kind = "document"
title = "Åtgärdsplan 2024–2025"
date = 2024-03-01

[[assessment]]
criterion = "lag-2023-196.atgardsplan"
level = "strategic"
grade = 3
assessor = "A"
evidence = ["d1"]
text = "Planen bygger på lägesbilden."

[[assessment]]
criterion = "lag-2023-196.atgardsplan"
grade = 1
assessor = "B"
evidence = ["d1"]
text = "Flera åtgärder saknar grund."

[[settled]]
criterion = "lag-2023-196.atgardsplan"
grade = 2
date = 2024-05-01
how = "Planen lästes på nytt."

[[assessment]]
criterion = "trygghetsvardar.leverans"
level = "operational"
grade = 4
assessor = "A"
evidence = ["d1"]
text = "Värdarna är på plats."

[[factor]]
kind = "improvement"
text = "Utse en ersättare."
addressee = "kommunstyrelsen"
evidence = ["d1"]
"""


def write(folder: Path, text: str = RIGHT) -> Path:
    (folder / "process.toml").write_text(text, encoding="utf-8")
    return folder


def changed(*pairs: tuple[str, str]) -> str:
    text = RIGHT
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def told(folder: Path, text: str) -> tuple[UtvarderingError, list[str]]:
    """The fault of a wrong file and its problems as the author sees them."""
    with pytest.raises(UtvarderingError) as fault:
        load_process(write(folder, text))
    return fault.value, [str(problem) for problem in fault.value.problems]
