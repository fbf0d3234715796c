"""How is a row of `data/sources.toml` brought up to date? Its author's comments and words stay as they are."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import Array

from utvardering.data.connectors.base import Collected
from utvardering.data.sources import SOURCES, Break, Source
from utvardering.errors import DataError

_BOM = "\ufeff"
_LONG = 80  # letters from which on a list is written over several lines


def facts_of(source: Source, collected: Collected, digest: str, today: dt.date) -> dict[str, Any]:
    """What a fetch knows of a file: of the file itself always, in words only where the author has none."""
    facts: dict[str, Any] = {
        "retrieved": today,
        "sha256": digest,
        "licence": collected.licence,
        "unit": collected.unit,
        "address": collected.address,
    }
    facts |= {} if source.producer else {"producer": collected.producer}
    facts |= {} if source.title else {"title": collected.title}
    new = [one for one in collected.breaks if one not in source.breaks]
    facts |= {"breaks": [*source.breaks, *new]} if new else {}
    facts |= {"polarity": {**source.polarity, **collected.polarity}} if collected.polarity else {}
    facts |= {"areas": collected.areas} if collected.areas else {}
    facts |= {"remarks": list(collected.remarks)} if collected.remarks or source.remarks else {}
    return facts


def write_facts(folder: Path, file: str, facts: Mapping[str, Any], scratch: Path) -> None:
    """Write what is known of a file into its row: a whole new `data/sources.toml` by way of a scratch folder, or the old one.

    Raises a DataError where the file has no row (it was taken away while the data were fetched).
    """
    path = folder / SOURCES
    text = path.read_bytes().decode("utf-8")
    mark, windows = text.startswith(_BOM), "\r\n" in text
    document = tomlkit.parse(text.removeprefix(_BOM))
    row = next((row for row in document.get("source", []) if row.get("file") == file), None)
    if row is None:
        message = f'{SOURCES.as_posix()}: the table of "{file}" was taken away while it was fetched; nothing is written'
        raise DataError(message)
    for key, value in facts.items():
        if row.get(key) != _plain(value):
            row[key] = _item(value)
    written = tomlkit.dumps(document).replace("\r\n", "\n")
    held = next(row for row in tomllib.loads(written)["source"] if row["file"] == file)
    wrong = [key for key, value in facts.items() if held.get(key) != _plain(value)]
    if wrong:
        message = f"{SOURCES.as_posix()}: {', '.join(wrong)} of {file} could not be written; write each table as [[source]]"
        raise DataError(message)
    new = scratch / path.name
    new.write_bytes(((_BOM if mark else "") + (written.replace("\n", "\r\n") if windows else written)).encode("utf-8"))
    new.replace(path)


def _plain(value: Any) -> Any:  # noqa: ANN401 -- whatever TOML holds
    """A value as `tomllib` would read it."""
    if isinstance(value, Break):
        return {"at": value.at, "what": value.what, **({"columns": list(value.columns)} if value.columns else {})}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return dict(value) if isinstance(value, Mapping) else value


def _item(value: Any) -> Any:  # noqa: ANN401 -- as above
    plain = _plain(value)
    if isinstance(plain, dict):
        table = tomlkit.inline_table()
        table.update(plain)
        return table
    if isinstance(plain, list):
        array: Array = tomlkit.array()
        array.extend([_item(item) for item in plain])
        return array.multiline(sum(len(str(item)) for item in plain) > _LONG)
    return plain
