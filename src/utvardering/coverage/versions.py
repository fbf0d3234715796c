"""Has the code of a method changed since its runs were made? A hash of what its numbers can depend on."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
from functools import cache
from pathlib import Path

MATTERS = ("utvardering.estimators.", "utvardering.inference.", "utvardering.coverage.")
"""Rooms whose modules decide a number; registries only list them."""


def code_version(*modules: str) -> str:
    """Short hash of modules and of all that they import from the rooms that matter, but for comments and docstrings."""
    todo, seen = list(modules), {}
    while todo:
        name = todo.pop()
        if name not in seen:
            text, imported = _read(name)
            seen[name] = text
            todo += imported
    return hashlib.sha256("\n".join(seen[name] for name in sorted(seen)).encode()).hexdigest()[:10]


@cache
def _read(name: str) -> tuple[str, tuple[str, ...]]:
    """The code of a module without words, and what it imports that matters."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        return "", ()
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    imported = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            imported.append(node.module)
        elif isinstance(node, ast.Import):
            imported += [alias.name for alias in node.names]
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            node.body = [part for part in node.body if not _is_text(part)] or [ast.Pass()]
    kept = tuple(one for one in imported if one.startswith(MATTERS) and not one.endswith(".registry"))
    return ast.dump(tree), kept


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
