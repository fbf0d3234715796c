"""Which keys may `process.toml` have? The model as tables of Markdown, for `docs/process-toml.md`.

`python -m utvardering.process.reference` prints them.
"""

from __future__ import annotations

import sys

from utvardering.process.model import ProcessFile
from utvardering.study.reference import key_rows, key_tables
from utvardering.study.schema import tables

BEGIN = "<!-- keys: begin -->"
END = "<!-- keys: end -->"


def reference() -> str:
    """Every table of `process.toml` with its keys, their values, defaults and meaning."""
    headers = {header.strip("[]") for header, _ in tables(ProcessFile)}
    fields = [(field.alias or name, field) for name, field in ProcessFile.model_fields.items() if name not in headers]
    return "\n\n".join([key_rows(fields), *key_tables(ProcessFile)]) + "\n"


if __name__ == "__main__":
    sys.stdout.write(reference())
