"""Imports go one way: errors ← study ← data ← … ← cli. A module knows only what stands below it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import utvardering

PACKAGE = Path(utvardering.__file__).parent

BOTTOM = {"errors", "wording", "outputs", "disclosure"}
"""What every layer may use; disclosure and wording know of nothing but errors, outputs of what may leave besides."""

BELOW = {
    "errors": set(),
    "wording": {"errors"},
    "disclosure": {"errors"},
    "outputs": {"errors", "disclosure"},
    "study": set(),
    "data": {"study"},
    "simulated_files": {"data"},
    "simulate": {"study", "data", "simulated_files"},
    "simulate_series": {"study", "data", "simulate", "simulated_files"},
    "simulate_persons": {"study", "data", "simulated_files"},
    "inference": {"study", "data"},
    "causal": {"study", "inference"},
    "estimators": {"study", "data", "simulate", "inference", "causal"},
    "coverage": {"study", "data", "simulate", "inference", "estimators"},
    "checks": {"study", "data", "simulate", "inference", "causal", "estimators", "coverage"},
    "planning": {"study", "data", "simulate", "inference", "estimators", "coverage", "checks"},
    "process": {"study", "data"},
    "robustness": {"study", "data", "simulate", "inference", "causal", "estimators", "coverage", "checks"},
    "individuals": {"study", "data", "inference", "causal", "estimators", "checks", "planning", "robustness"},
    "registration": {"study", "data", "simulate", "inference", "estimators", "coverage", "checks", "individuals"},
    "synthesis": {"study", "data", "simulate", "inference", "estimators", "checks", "robustness", "process"},
    "report": set(),
}
"""Layer to the layers that it may know of, beside BOTTOM and itself."""

TOP = {
    "audit",
    "evaluate",
    "cli",
    "console",
    "describe",
    "evidence",
    "fetching",
    "followup",
    "organisation",
    "reproduce",
    "publish",
    "__init__",
    "__main__",
}
"""What puts the stages in order and speaks with the user: above all layers."""


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def layer(path: Path) -> str:
    """The first part of a module's name within the package."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return parts[0]


def package_of(path: Path) -> list[str]:
    return ["utvardering", *path.relative_to(PACKAGE).parts[:-1]]


def imported(tree: ast.AST, package: list[str]) -> Iterator[tuple[int, str]]:
    """Line and full name of each module of this program that a source file imports, wherever in the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            names = [f"{stem}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module") and node.args:
            names = [node.args[0].value] if isinstance(node.args[0], ast.Constant) else []
        else:
            continue
        yield from ((node.lineno, name) for name in names if name.split(".")[0] == "utvardering")


def wrong_imports(path: Path, source: str) -> list[str]:
    """Imports that a module of a layer may not make."""
    here = layer(path)
    if here in TOP:
        return []
    allowed = BELOW.get(here, set()) | {here} | (BOTTOM if here not in BOTTOM else set())
    found = []
    for line, name in imported(ast.parse(source), package_of(path)):
        parts = name.split(".")
        target = parts[1] if len(parts) > 1 else "__init__"
        if target not in allowed and (PACKAGE / target).with_suffix(".py").exists() | (PACKAGE / target).is_dir():
            found.append(f"{path.relative_to(PACKAGE)}:{line} imports {name}")
        elif target not in allowed:
            found.append(f"{path.relative_to(PACKAGE)}:{line} imports {name} from the top of the program")
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_knows_only_of_the_layers_below(path: Path) -> None:
    assert wrong_imports(path, path.read_text(encoding="utf-8")) == []


def test_every_module_belongs_to_a_layer() -> None:
    assert {layer(path) for path in modules()} <= BELOW.keys() | TOP


def test_layers_have_no_circle() -> None:
    order = list(BELOW)
    for name, below in BELOW.items():
        assert all(order.index(other) < order.index(name) for other in below), name


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("study/load.py", "from utvardering.data.panel import Panel"),
        ("data/panel.py", "import utvardering.estimators.did"),
        ("data/panel.py", "def f():\n    from ..checks import base"),
        ("inference/noise.py", "from utvardering.estimators import base"),
        ("estimators/did.py", "from utvardering import evaluate"),
        ("checks/power.py", "from utvardering.robustness.base import Doubt"),
        ("report/figures.py", "from utvardering.study.model import Study"),
        ("outputs.py", "from utvardering.wording import say"),
        ("process/dose.py", "from utvardering.inference.noise import predicted_variance"),
        ("synthesis/verdict.py", "import importlib\nimportlib.import_module('utvardering.cli')"),
    ],
)
def test_a_planted_import_of_a_higher_layer_is_seen(module: str, source: str) -> None:
    assert wrong_imports(PACKAGE / module, source)


def test_checks_are_given_the_panel_before_the_start() -> None:
    """The one call of the design checks hands over `before()`, so that outcomes after the start are not even in memory."""
    tree = ast.parse((PACKAGE / "evaluate.py").read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "check_design"]
    assert calls
    assert all(ast.unparse(call.args[1]).endswith(".before()") for call in calls)
