"""Which keys may a study file have? The model as tables of Markdown, for `docs/study-toml.md`.

`python -m utvardering.study.reference` prints them.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from utvardering.study.model import ExpectedFile, StudyFile
from utvardering.study.schema import tables
from utvardering.study.values import is_table, kind_text, show

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

BEGIN = "<!-- keys: begin -->"
END = "<!-- keys: end -->"


def reference() -> str:
    """Every table of `study.toml` and `expected.toml` with its keys, their values, defaults and meaning."""
    parts = ["### `study.toml`", key_rows([("schema", StudyFile.model_fields["schema_version"])])]
    parts += key_tables(StudyFile)
    parts += ["### `expected.toml`", *key_tables(ExpectedFile)]
    parts += ["#### `[truth]`", _sentence(ExpectedFile.model_fields["truth"])]
    return "\n\n".join(parts) + "\n"


def key_tables(model: type[BaseModel]) -> list[str]:
    """A heading, a sentence and a table of keys for every table that the model of a file holds."""
    parts = []
    for header, table in tables(model):
        doc = (table.__doc__ or "").split("\n")[0]
        parts += [f"#### `{header}`", doc.split(": ", 1)[-1][:1].upper() + doc.split(": ", 1)[-1][1:]]
        fields = [(field.alias or name, field) for name, field in table.model_fields.items()]
        parts.append(key_rows([(name, field) for name, field in fields if not is_table(field.annotation)]))
    return parts


def key_rows(fields: list[tuple[str, FieldInfo]]) -> str:
    """A row for each key: its values, its default and what it means."""
    rows = ["| key | value | default | meaning |", "|---|---|---|---|"]
    rows += [f"| `{name}` | {_value(field)} | {_default(field)} | {_sentence(field)} |" for name, field in fields]
    return "\n".join(rows)


def _value(field: FieldInfo) -> str:
    return kind_text(field.annotation, list(field.metadata)).replace("|", "\\|")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    default = field.get_default(call_default_factory=True)
    return "none" if default is None or default in ("", (), {}) else f"`{show(default)}`"


def _sentence(field: FieldInfo) -> str:
    return (field.description or "").replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(reference())
