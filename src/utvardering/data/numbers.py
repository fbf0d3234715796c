"""Which number does a cell hold? Swedish and plain spellings, and what counts as missing."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

MISSING = ("", "..", "NA", "-", ".")
"""Cells that hold no number: empty, and the marks of SCB, Brå and R."""

_SPACE = "[ \u00a0\u2009\u202f]"  # space, no-break space, thin space, narrow no-break space
_PLAIN = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?")
_GROUPED = re.compile(rf"[+-]?\d{{1,3}}(?:{_SPACE}\d{{3}})+(?:[.,]\d+)?")


@dataclass(frozen=True)
class Numbers:
    """A column of numbers: NaN where `missing` or `bad`; `bad` cells hold something else than a number."""

    floats: NDArray[np.float64]
    missing: NDArray[np.bool_]
    bad: NDArray[np.bool_]


def number(text: str) -> float | None:
    """The number that a cell spells: `1234.5`, `1 234,5`, `-3`, `1e5`; None where it spells none."""
    text = text.replace("\u2212", "-")
    if not (_PLAIN.fullmatch(text) or _GROUPED.fullmatch(text)):
        return None
    return float(re.sub(_SPACE, "", text).replace(",", "."))


def parse(column: pa.Array) -> Numbers:
    """Numbers of a column of text, numbers or booleans."""
    kind = column.type
    if pa.types.is_floating(kind):
        values = column.to_numpy(zero_copy_only=False).astype(np.float64)
        missing = np.isnan(values)
    elif pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_decimal(kind):
        values = pc.cast(column, pa.float64(), safe=False).to_numpy(zero_copy_only=False).copy()
        missing = np.isnan(values)
    elif pa.types.is_string(kind):
        values, missing = _from_text(column)
    else:
        missing = pc.is_null(column).to_numpy(zero_copy_only=False)
        values = np.full(len(column), np.nan)
    bad = ~missing & ~np.isfinite(values)
    values[bad] = np.nan
    return Numbers(values, missing, bad)


def _from_text(column: pa.Array) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    blank = pc.or_kleene(pc.is_null(column), pc.is_in(column, value_set=pa.array(MISSING)))
    blank = pc.fill_null(blank, fill_value=True)
    text = pc.if_else(blank, None, column)
    missing = blank.to_numpy(zero_copy_only=False)
    try:
        return pc.cast(text, pa.float64()).to_numpy(zero_copy_only=False).copy(), missing
    except pa.ArrowInvalid:  # some cell is spelled in another way, or is no number
        coded = text.dictionary_encode()
        spelled = [number(cell) for cell in coded.dictionary.to_pylist()]
        table = np.array([np.nan if found is None else found for found in spelled] + [np.nan])
        return table[pc.fill_null(coded.indices, len(spelled)).to_numpy(zero_copy_only=False)], missing
