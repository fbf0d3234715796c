"""What a Quarto website project holds: its documents, each with its text, metadata and formats.

Reads only what the reports use of Quarto: project file, `_metadata.yml` per folder, front matter, and the
`include`, `meta` and `var` shortcodes. Each line keeps the file and number it came from, for messages.
"""

from __future__ import annotations

import datetime as dt
import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import yaml

from utvardering.errors import Problem, PublishError

if TYPE_CHECKING:
    from collections.abc import Mapping

INCLUDE = re.compile(r"^\s*\{\{<\s*include\s+(\S+)\s*>\}\}\s*$")
SHORTCODE = re.compile(r"\{\{<\s*(meta|var|pagebreak)\s*(\S*?)\s*>\}\}")
FRONT_MATTER = re.compile(r"\A---\n(.*?)\n(?:---|\.\.\.)\s*(?:\n|\Z)", re.DOTALL)

Metadata = dict[str, Any]


@dataclass(frozen=True)
class Line:
    """One line of a document after its includes have been put in, and where it stands."""

    text: str
    file: str
    number: int


@dataclass(frozen=True)
class Document:
    """One page of the site: `path` is relative to the project; `formats` maps html and typst to their metadata."""

    path: str
    lines: tuple[Line, ...]
    included: tuple[str, ...]
    front: Metadata
    formats: Mapping[str, Metadata]

    @property
    def text(self) -> str:
        """The body without its front matter, includes expanded."""
        return "\n".join(line.text for line in self.lines) + "\n"

    @property
    def folder(self) -> str:
        """The document's folder, relative to the project; empty for a page at the root."""
        parent = str(PurePosixPath(self.path).parent)
        return "" if parent == "." else parent

    @property
    def stem(self) -> str:
        """The name of the document without its ending."""
        return PurePosixPath(self.path).stem

    def output(self, target: str) -> str:
        """Where the rendered document lies, relative to the site."""
        ending = {"html": ".html", "typst": ".pdf"}[target]
        given = self.formats[target].get("output-file")
        name = str(given) if given else self.stem
        name = name if name.endswith(ending) else name + ending
        return str(PurePosixPath(self.folder) / name)

    def place(self, pattern: str) -> Line | None:
        """The first line that matches the regular expression `pattern`."""
        found = re.compile(pattern)
        return next((line for line in self.lines if found.search(line.text)), None)


@dataclass(frozen=True)
class Project:
    """A website project: its folder, its `_quarto.yml` and its documents in order of path."""

    root: Path
    config: Metadata
    documents: tuple[Document, ...]
    variables: Metadata

    @property
    def website(self) -> Metadata:
        """What `_quarto.yml` says of the website: title, navbar, footer."""
        return dict(self.config.get("website") or {})


def read_yaml(text: str, name: str) -> Metadata:
    """A mapping of plain values; dates become ISO text, as `date-format: iso` shows them."""
    try:
        loaded = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        message = f"{name}: not valid YAML."
        raise PublishError(message, (Problem(name, str(error), mark.line + 1 if mark else 0),)) from error
    if not isinstance(loaded, dict):
        message = f"{name}: expected `key: value` lines."
        raise PublishError(message)
    plain = _plain(loaded)
    return plain if isinstance(plain, dict) else {}


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dt.date):
        return value.isoformat()
    return value


def merge(*parts: Metadata) -> Metadata:
    """Later mappings win; mappings within mappings are merged the same way."""
    merged: Metadata = {}
    for part in parts:
        for key, value in part.items():
            old = merged.get(key)
            merged[key] = merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def read_project(root: Path) -> Project:
    """The project in the folder `root`, with every document that `project.render` names (all by default)."""
    file = root / "_quarto.yml"
    if not file.is_file():
        message = f"No _quarto.yml in {root}: this is not a Quarto project."
        raise PublishError(message)
    config = read_yaml(file.read_text(encoding="utf-8"), "_quarto.yml")
    extra = root / "_variables.yml"
    variables = read_yaml(extra.read_text(encoding="utf-8"), "_variables.yml") if extra.is_file() else {}
    paths = sorted(_render_list(root, config))
    return Project(root, config, tuple(_document(root, path, config) for path in paths), variables)


def _render_list(root: Path, config: Metadata) -> set[str]:
    patterns = [str(pattern) for pattern in (config.get("project") or {}).get("render") or ["**/*.qmd"]]
    output = str((config.get("project") or {}).get("output-dir", "_site"))
    chosen: set[str] = set()
    for pattern in patterns:
        found = {path.relative_to(root).as_posix() for path in root.glob(pattern.lstrip("!")) if path.suffix == ".qmd"}
        chosen = chosen - found if pattern.startswith("!") else chosen | found
    return {
        path for path in chosen if not any(part.startswith(("_", ".")) or part == output for part in PurePosixPath(path).parts)
    }


def _document(root: Path, path: str, config: Metadata) -> Document:
    text = (root / path).read_text(encoding="utf-8")
    match = FRONT_MATTER.match(text)
    front = read_yaml(match.group(1), path) if match else {}
    start = match.group(0).count("\n") if match else 0
    body = [Line(line, path, number) for number, line in enumerate(text.splitlines()[start:], start + 1)]
    included: list[str] = []
    lines = _expand(root, body, PurePosixPath(path).parent, included)
    return Document(path, tuple(lines), tuple(dict.fromkeys(included)), front, _formats(root, path, config, front))


def _expand(root: Path, lines: list[Line], folder: PurePosixPath, included: list[str], depth: int = 0) -> list[Line]:
    deepest = 8
    expanded: list[Line] = []
    for line in lines:
        match = INCLUDE.match(line.text)
        if not match:
            expanded.append(line)
            continue
        named = match.group(1)
        name = os.path.normpath(named.lstrip("/") if named.startswith("/") else folder / named)
        inner = root / name
        if not inner.is_file() or depth > deepest:
            fault = f"include of {named}: no such file" if depth <= deepest else f"include of {named} includes itself"
            message = f"{line.file} cannot be read."
            raise PublishError(message, (Problem(line.file, fault, line.number),))
        included.append(name)
        inner_lines = [Line(text, name, n) for n, text in enumerate(inner.read_text(encoding="utf-8").splitlines(), 1)]
        expanded += _expand(root, inner_lines, folder, included, depth + 1)
    return expanded


def _formats(root: Path, path: str, config: Metadata, front: Metadata) -> dict[str, Metadata]:
    folders = [parent.as_posix() for parent in reversed(PurePosixPath(path).parents)]
    layers = [{key: value for key, value in config.items() if key not in {"project", "website"}}]
    for folder in folders:
        file = root / folder / "_metadata.yml"
        if file.is_file():
            layers.append(read_yaml(file.read_text(encoding="utf-8"), file.relative_to(root).as_posix()))
    layers.append(front)
    named = [_format_options(layer.get("format")) for layer in layers]
    wanted = list(named[-1]) or list(dict.fromkeys(name for options in named for name in options)) or ["html"]
    shared = [{key: value for key, value in layer.items() if key != "format"} for layer in layers]
    return {
        target: merge(*(merge(common, options.get(target, {})) for common, options in zip(shared, named, strict=True)))
        for target in wanted
        if target in {"html", "typst"}
    }


def _format_options(given: object) -> dict[str, Metadata]:
    if isinstance(given, str):
        return {given: {}}
    if isinstance(given, dict):
        return {name: options if isinstance(options, dict) else {} for name, options in given.items()}
    return {}


def lookup(metadata: Metadata, dotted: str) -> object:
    """The value at `a.b.c`, or None where there is none."""
    value: object = metadata
    for key in dotted.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def replace_shortcodes(text: str, metadata: Metadata, variables: Metadata, document: str) -> str:
    """`meta`, `var` and `pagebreak` shortcodes replaced by what they stand for; an unknown key is an error."""

    def value(match: re.Match[str]) -> str:
        kind, key = match.groups()
        if kind == "pagebreak":
            return "\n\n```{=typst}\n#pagebreak()\n```\n\n"
        found = lookup(metadata if kind == "meta" else variables, key)
        if found is None or isinstance(found, (dict, list)):
            where = "the front matter" if kind == "meta" else "_variables.yml"
            message = f"{document}: {match.group(0)} has no value."
            raise PublishError(message, (Problem(key, f"add `{key}:` to {where}"),))
        return str(found)

    return SHORTCODE.sub(value, text)
