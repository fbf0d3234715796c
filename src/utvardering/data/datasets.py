"""Data sets that installed Python packages ship: `causaldata:castle`."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from utvardering.data.sources import sha256
from utvardering.data.tables import Table, read_table
from utvardering.errors import DataError
from utvardering.study.vocabulary import did_you_mean

FORMATS = (".csv", ".parquet", ".dta")


def read_dataset(name: str) -> Table:
    """The data set `package:set`, read from the package's own files without importing it."""
    package, _, wanted = name.partition(":")
    if not package.isidentifier() or not wanted:
        message = f'{name}: needs a package and a data set such as "causaldata:castle"'
        raise DataError(message)
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        message = f"{name}: the package {package} is not installed; run: pip install {package}"
        raise DataError(message)
    files = _files(Path(next(iter(spec.submodule_search_locations))))
    if wanted not in files:
        hint = did_you_mean(wanted, files)
        message = f'{name}: {package} has no data set "{wanted}".{hint} It has: {", ".join(sorted(files))}'
        raise DataError(message)
    path = files[wanted]
    return _stata(path, name) if path.suffix == ".dta" else read_table(path, name)


def _files(folder: Path) -> dict[str, Path]:
    """Data set to its file, at the top of the package or a folder down."""
    found = sorted(path for pattern in ("*", "*/*") for path in folder.glob(pattern) if path.suffix in FORMATS)
    return {path.stem: path for path in found}


def _stata(path: Path, name: str) -> Table:
    frame = pd.read_stata(path, convert_categoricals=False)
    table = pa.Table.from_pandas(frame, preserve_index=False)
    columns = {}
    for column in table.column_names:
        values = table.column(column).combine_chunks()
        columns[column] = values.cast(pa.string()) if pa.types.is_large_string(values.type) else values
    return Table(name, columns, np.arange(len(frame), dtype=np.int64) + 1, sha256(path))
