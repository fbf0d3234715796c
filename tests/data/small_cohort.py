"""A small study of invented persons: eight of them, three waves, two schools, to be changed and made wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from utvardering.errors import UtvarderingError
from utvardering.study.model import Study

HEADER = "lopnummer;vag;sspf;skola;alder;normbrytande"
PERSONS = tuple(f"K-{700 + 13 * n}" for n in range(8))


def rows() -> list[str]:
    """The lines of a sound file: person n stands on lines 2 + 3n to 4 + 3n, one for each wave."""
    body = [
        f"{person};{wave};{n % 2};{'Alfa' if n < 4 else 'Beta'};{13 + n % 3};{10 + n - wave}"
        for n, person in enumerate(PERSONS)
        for wave in (0, 1, 2)
    ]
    return [HEADER, *body]


def changed(lines: dict[int, str]) -> str:
    """The sound file with other lines."""
    return "\n".join(lines.get(place, line) for place, line in enumerate(rows(), start=1)) + "\n"


def make_study(folder: Path, **tables: Any) -> Study:
    """The study of the sound file; `tables` replace whole tables of it."""
    file: dict[str, Any] = {
        "schema": 1,
        "folder": folder,
        "lines": {"ethics.review": 40, "outcomes[0].id": 20},
        "study": {"id": "prov", "title": "Prov", "question": "Minskade det?", "design": "individuals"},
        "measure": {"kind": "sspf", "name": "SSPF"},
        "data": {
            "cohort": "data/kohort.csv",
            "person": "lopnummer",
            "wave": "vag",
            "last_wave_before": 1,
            "treated": "sspf",
            "group": "skola",
        },
        "outcomes": ({"id": "normbrytande", "title": "Normbrytande", "aim": "brott", "role": "primary", "kind": "mean"},),
        "estimation": {"estimator": "adjusted", "inference": "cluster", "covariates": ("alder",)},
        "ethics": {"individuals": True, "review": "2024-01234-01"},
        "report": {"language": "en"},
    }
    return Study.model_validate(file | tables)


def write(folder: Path, content: str) -> None:
    """The cohort's file."""
    path = folder / "data" / "kohort.csv"
    path.parent.mkdir(exist_ok=True)
    path.write_text(content, encoding="utf-8")


def fault(folder: Path, content: str, **tables: Any) -> str:
    """What loading says of a file."""
    from utvardering.data.cohort import load_cohort

    write(folder, content)
    try:
        load_cohort(make_study(folder, **tables))
    except UtvarderingError as error:
        return str(error)
    return ""
