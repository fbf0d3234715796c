"""The first sheet of an Excel workbook, as columns of text: dates as 2019-07-01, whole numbers without decimals."""

from __future__ import annotations

import datetime as dt
import io
import warnings
import zipfile

import numpy as np
import openpyxl
import pyarrow as pa

from utvardering.data.delimited import column_names, refuse_title_rows, tidy
from utvardering.errors import DataError


def read_workbook(content: bytes, name: str) -> tuple[dict[str, pa.Array], np.ndarray]:
    """Columns of trimmed text, and the row in the sheet of each row."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of styles and rules that it does not keep; only values are read
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            sheet = book.worksheets[0]
            sheet.reset_dimensions()
            cells = [list(row) for row in sheet.iter_rows(values_only=True)]
    except (zipfile.BadZipFile, OSError, KeyError, ValueError, IndexError) as error:
        message = f"{name}: is not an Excel workbook that can be read; save it as .xlsx or .csv"
        raise DataError(message) from error
    first = next((place for place, row in enumerate(cells) if any(cell is not None for cell in row)), len(cells))
    if first == len(cells):
        return {}, np.empty(0, dtype=np.int64)
    refuse_title_rows(cells[first:], name, first + 1)
    width = max(len(row) for row in cells)
    padded = [[_text(cell) for cell in row] + [""] * (width - len(row)) for row in cells[first:]]
    names = column_names(padded[0], name)
    columns = {column: pa.array([row[place] for row in padded[1:]], pa.string()) for place, column in enumerate(names)}
    return tidy(columns, np.arange(len(padded) - 1, dtype=np.int64) + first + 2)


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(int(cell))
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, dt.datetime) and cell.time() == dt.time():
        return cell.date().isoformat()
    if isinstance(cell, dt.date):
        return cell.isoformat()
    return str(cell)
