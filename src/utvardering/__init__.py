"""Honest effect evaluation of municipal crime prevention: from a study file to a published report.

The public names, one function a stage; each is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from utvardering.checks.registry import check_design
    from utvardering.data.load import load_panel
    from utvardering.estimators.estimate import estimate_effects
    from utvardering.evaluate import evaluate
    from utvardering.process.assess import assess_process
    from utvardering.report.render import render_report
    from utvardering.robustness.registry import stress
    from utvardering.study.load import load_study
    from utvardering.synthesis.verdict import judge

__all__ = [
    "assess_process",
    "check_design",
    "estimate_effects",
    "evaluate",
    "judge",
    "load_panel",
    "load_study",
    "render_report",
    "stress",
]

_HOME = {
    "load_study": "study.load",
    "load_panel": "data.load",
    "check_design": "checks.registry",
    "estimate_effects": "estimators.estimate",
    "stress": "robustness.registry",
    "assess_process": "process.assess",
    "judge": "synthesis.verdict",
    "evaluate": "evaluate",
    "render_report": "report.render",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 -- whichever public name is asked for
    if name not in _HOME:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
