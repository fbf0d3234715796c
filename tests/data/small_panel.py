"""A small study with a panel of three areas and six months, to be changed and made wrong."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from utvardering.data import Panel, load_panel
from utvardering.errors import UtvarderingError
from utvardering.study import Study

HEADER = "omrade;manad;brott;folkmangd"
UNITS = ("Centrum", "Norra", "Södra")
OUTCOME = {"id": "brott", "title": "Brott", "aim": "brott", "role": "primary", "kind": "count", "exposure": "folkmangd"}
LINES = {"treated[0].unit": 31, "comparison.units[0]": 36, "comparison.units[1]": 37, "outcomes[0].id": 44}


def rows() -> list[str]:
    """The lines of a sound file; Centrum stands on lines 2 to 7, Norra on 8 to 13, Södra on 14 to 19."""
    body = [f"{unit};2020-{month:02d};{10 * n + month};1000" for n, unit in enumerate(UNITS, start=1) for month in range(1, 7)]
    return [HEADER, *body]


def changed(lines: dict[int, str]) -> str:
    """The sound file with other lines; None takes a line away."""
    return "\n".join(lines.get(place, line) for place, line in enumerate(rows(), start=1)) + "\n"


def without(*lines: int) -> str:
    """The sound file without some lines."""
    return "\n".join(line for place, line in enumerate(rows(), start=1) if place not in lines) + "\n"


def with_column(name: str, values: dict[str, str] | list[str]) -> str:
    """The sound file with another column: a value per unit, or one per row."""
    first, *body = rows()
    given = [values[line.split(";")[0]] for line in body] if isinstance(values, dict) else values
    return "\n".join([f"{first};{name}", *(f"{line};{value}" for line, value in zip(body, given, strict=True))]) + "\n"


def make_study(folder: Path, **tables: Any) -> Study:
    """The study of the sound file; `tables` replace whole tables of it."""
    file: dict[str, Any] = {
        "schema": 1,
        "folder": folder,
        "lines": LINES,
        "study": {"id": "prov", "title": "Prov", "question": "Blev det färre brott?", "design": "areas"},
        "measure": {"kind": "trygghetsvardar", "name": "Trygghetsvärdar"},
        "data": {"panel": "data/panel.csv", "unit": "omrade", "period": "manad"},
        "period": {"unit": "month", "first": dt.date(2020, 1, 1), "last": dt.date(2020, 6, 30)},
        "treated": ({"unit": "Centrum", "start": dt.date(2020, 4, 1)},),
        "comparison": {"units": ("Norra", "Södra")},
        "outcomes": (OUTCOME,),
        "estimation": {"estimator": "poisson_did"},
        "report": {"language": "en"},
    }
    return Study.model_validate(file | tables)


def write(folder: Path, content: str | bytes, name: str = "data/panel.csv") -> Path:
    """A file of the study."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def load(folder: Path, content: str | bytes | None = None, **tables: Any) -> Panel:
    """The panel of the study with this file."""
    write(folder, "\n".join(rows()) if content is None else content)
    return load_panel(make_study(folder, **tables))


def message(folder: Path, content: str | bytes | None = None, **tables: Any) -> tuple[int, str]:
    """Exit code and text of the error that the file gives."""
    try:
        load(folder, content, **tables)
    except UtvarderingError as error:
        return error.exit_code, str(error).replace(str(folder), "FOLDER")
    return 0, ""
