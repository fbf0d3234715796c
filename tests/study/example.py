"""A small study that loads, to be made wrong line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from utvardering.errors import StudyError
from utvardering.study import load_study

if TYPE_CHECKING:
    from pathlib import Path

STUDY = """\
schema = 1

[study]
id = "prov"
title = "Trygghetsvärdar i Exempelstad"
question = "Blev det färre brott?"
design = "areas"
authors = ["Exempelstads kommun"]
follow_up = 2026-06-30

[measure]
kind = "trygghetsvardar"
name = "Trygghetsvärdar"
assignment = "chosen"

[measure.cost]
amount = 4_200_000
per = "year"

[data]
panel = "data/panel.csv"
unit = "omrade"
period = "manad"
simulated = true

[period]
unit = "month"
first = 2018-01-01
last = 2024-12-31
anticipation = 0

[[treated]]
unit = "Centrum"
start = 2022-07-01

[comparison]
units = "all"
excluded = [{ unit = "Grannstad", reason = "Gränsar dit" }]

[neighbours]
units = ["Parken"]

[[outcomes]]
id = "brott"
title = "Anmälda brott"
aim = "brott"
role = "primary"
kind = "count"
exposure = "folkmangd"
direction = "decrease"
smallest_effect = -0.10

[[outcomes]]
id = "trygg"
title = "Andel trygga"
aim = "trygghet"
role = "secondary"
kind = "share"

[estimation]
estimator = "poisson_did"
also = ["did"]
inference = "randomization"
level = 0.95
seed = 1

[robustness]
leave_one_out = true
placebo_shifts = [-12]

[ethics]
individuals = false
"""


def write(root: Path, text: str | bytes, name: str = "prov") -> Path:
    """The folder of a study with this file."""
    folder = root / "studies" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def complaint(path: str | Path) -> str:
    """What the author is told; an AssertionError where nothing is wrong."""
    try:
        load_study(path)
    except StudyError as error:
        return str(error)
    msg = "the study loads without a problem"
    raise AssertionError(msg)


def changed(*edits: tuple[str, str], text: str = STUDY) -> str:
    """The text with each old part, which must be in it, replaced once."""
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text
