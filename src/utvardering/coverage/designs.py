"""On which kinds of study is every estimator tried? The cells of `designs.toml`."""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from utvardering.errors import DataError

MOST_CELLS = 60


@dataclass(frozen=True)
class Cell:
    """One kind of study.

    treated of units; count: mean events per cell; overdispersion: variance ÷ mean given the level; ar1, wander: of a unit's
    level in logarithms; shock, spread, size_spread: standard deviations over periods, rates and sizes of units, log points;
    drift: log points a period by which the treated rise where trends are not parallel; effect: relative.
    """

    name: str
    treated: int
    units: int
    count: float
    overdispersion: float
    ar1: float
    sizes: Literal["equal", "unequal"]
    starts: Literal["common", "staggered"]
    drawn: Literal["random", "large", "small", "peak"]
    trends: Literal["parallel", "non-parallel"]
    effect: float
    effect_grows: bool
    periods: int
    start: int
    wander: float
    shock: float
    spread: float
    size_spread: float
    drift: float

    @property
    def key(self) -> str:
        """Short hash of everything that the simulated panels depend on."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:10]

    @property
    def plain(self) -> bool:
        """Whether nothing is wrong with it: parallel trends, units drawn at random, an effect that does not grow."""
        return self.drawn == "random" and self.trends == "parallel" and not self.effect_grows


def read_designs(path: Path) -> tuple[Cell, ...]:
    """The cells of a file; a DataError where it is absent or says what no cell can be."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        rows = [{"name": name, **content.get("defaults", {}), **keys} for name, keys in content.get("cells", {}).items()]
        cells = tuple(TypeAdapter(Cell).validate_python(row) for row in rows)
    except (OSError, tomllib.TOMLDecodeError) as fault:
        msg = f"{path}: cannot be read: {fault}"
        raise DataError(msg) from fault
    except ValidationError as fault:
        found = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in fault.errors())
        msg = f"{path}: {found}"
        raise DataError(msg) from fault
    if not 1 <= len(cells) <= MOST_CELLS:
        msg = f"{path}: holds {len(cells)} cells; write between 1 and {MOST_CELLS}"
        raise DataError(msg)
    return cells
