"""Does the index find the line of every key that `tomllib` reads?"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st

from utvardering.study.lines import index_lines, join

if TYPE_CHECKING:
    from collections.abc import Iterator

Document: TypeAlias = Any  # what tomllib gives


def paths(value: Document, above: str = "") -> Iterator[tuple[str, Any]]:
    """Every key path of a document with its value."""
    if above:
        yield above, value
    if isinstance(value, dict):
        for name, below in value.items():
            yield from paths(below, join(above, name))
    elif isinstance(value, list):
        for number, below in enumerate(value):
            yield from paths(below, f"{above}[{number}]")


def named(value: Document, above: str = "", name: str | None = None) -> Iterator[tuple[str, str | None, Any]]:
    """Every key path with its last key, None for an item of a list, and its value."""
    if above:
        yield above, name, value
    if isinstance(value, dict):
        for key, below in value.items():
            yield from named(below, join(above, key), key)
    elif isinstance(value, list):
        for number, below in enumerate(value):
            yield from named(below, f"{above}[{number}]")


def check(text: str) -> None:
    """Every path has a line that shows its last key or its value."""
    lines, rows = index_lines(text), text.split("\n")
    for path, value in paths(tomllib.loads(text)):
        assert path in lines, (path, lines)
        row = rows[lines[path] - 1]
        name = re.sub(r"\[\d+\]$", "", path).rsplit(".", 1)[-1].strip('"')
        is_item = path.endswith("]")
        shown = [f"{value}", f'"{value}"'] if not isinstance(value, (dict, list)) else ["[", "{"]
        assert (not is_item and name in row) or any(sign in row for sign in shown) or name in row, (path, row)


def test_every_form_of_toml() -> None:
    text = '''\
# first = 1
top = "# no comment" # but this is
[study]
id.short = "x"
"quoted key" = 1
'it"s' = 2

[[treated]]
unit = """Centrum
start = 2022
"""""
start = 2022-07-01
[treated.more] # below the first
deep = { a = [1, 2], b = { c = "]" } }

[[treated]]
unit = \'\'\'many
[lines]\'\'\'
[treated.more]
deep = 3

[comparison]
units = [
    "A", # one
    'B',

    ["C",
     "D"],
]
last = 12:30:00
[a.b.c]
x = "\\"[not.a.table]\\\\"
'''
    check(text)
    lines = index_lines(text)
    assert {key: lines[key] for key in ("treated", "treated[0]", "treated[1]", "treated[1].more.deep", "a.b", "a.b.c.x")} == {
        "treated": 8,
        "treated[0]": 8,
        "treated[1]": 16,
        "treated[1].more.deep": 20,
        "a.b": 31,
        "a.b.c.x": 32,
    }
    assert (lines["treated[0].start"], lines["comparison.units[1]"], lines["comparison.units[2][1]"]) == (12, 25, 28)
    assert (lines["study.id"], lines["study.id.short"], lines['study."quoted key"']) == (4, 4, 5)


names = st.text("abåÄ .\"#[]-_'=", min_size=1, max_size=4)
scalars = st.one_of(
    st.integers(-(2**40), 2**40),
    st.booleans(),
    st.dates(),
    st.text("ab \"'\\#[]{}=,.\tåäö", max_size=8),
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=8
)
documents = st.dictionaries(
    names, values | st.lists(st.dictionaries(names, values, min_size=1, max_size=3), min_size=1), max_size=5
)


@settings(deadline=None)  # the machine may be busy, and the time of a document says nothing
@given(documents)
def test_every_key_of_any_document_has_a_line(document: dict[str, Any]) -> None:
    text = tomlkit.dumps(document)
    lines = index_lines(text)
    rows = text.split("\n")
    for path, name, value in named(tomllib.loads(text)):
        row = rows[lines[path] - 1]
        if name is not None:
            shown = [name, json.dumps(name, ensure_ascii=False), tomlkit.key(name).as_string()]
        else:
            shown = ["[", "{"] if isinstance(value, (dict, list)) else [tomlkit.item(value).as_string()]
        assert any(sign in row for sign in shown), (path, row)


@settings(deadline=None)  # as above
@given(
    st.lists(st.tuples(st.text("abc", min_size=1, max_size=3), scalars), min_size=1, max_size=8, unique_by=lambda pair: pair[0])
)
def test_each_key_stands_on_its_line(pairs: list[tuple[str, Any]]) -> None:
    """A key per line, with comments and blank lines between, below a table."""
    rows = ["# study = 1", "[table]"]
    where = {}
    for name, value in pairs:
        rows += ["", f"# {name} = 0", tomlkit.dumps({name: value}).rstrip("\n") + " # x = 1"]
        where[f"table.{name}"] = len(rows)
    lines = index_lines("\n".join(rows))
    assert {name: lines[name] for name in where} == where


def studies() -> list[Path]:
    """Every study file of the repository."""
    return sorted((Path(__file__).parents[2] / "studies").glob("**/*.toml"))


@pytest.mark.parametrize("file", studies(), ids=lambda file: f"{file.parent.name}/{file.name}")
def test_files_of_the_repository(file: Path) -> None:
    check(file.read_text(encoding="utf-8"))
