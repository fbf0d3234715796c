"""Has a choice of comparison units the keys that its method needs, and no others?

`[comparison] choose`, and the choices in `[robustness] alternative_comparisons`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from utvardering.errors import Problem
from utvardering.study.model import Choose
from utvardering.study.values import show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from utvardering.study.model import Study

KEYS = {"nearest": ("n", "on"), "matched": ("each", "on"), "group": ("column", "file", "family")}
"""Keys that say something under each method."""

_NEEDED = {"nearest": ("n", "on"), "matched": ("each", "on"), "group": ()}


def choices(study: Study) -> Iterator[tuple[str, Choose]]:
    """Every rule by which units are chosen, with its key: the comparison's own first."""
    if study.comparison.choose is not None:
        yield "comparison.choose", study.comparison.choose
    for i, other in enumerate(study.robustness.alternative_comparisons):
        if isinstance(other, Choose):
            yield f"robustness.alternative_comparisons[{i}]", other


def _keys_fit_method(study: Study) -> Iterator[Problem]:
    for key, choose in choices(study):
        for name in _NEEDED[choose.method]:
            if name not in choose.model_fields_set:
                yield _missing(study, key, name)
            elif not getattr(choose, name):
                yield _at(study, f"{key}.{name}", "is empty; name at least one column")
        if choose.method == "group":
            yield from _group(study, key, choose)
        for name in sorted(choose.model_fields_set - {"method", *KEYS[choose.method]}, key=list(Choose.model_fields).index):
            own = next(method for method, keys in KEYS.items() if name in keys)
            keys = ", ".join(KEYS[choose.method])
            yield _at(
                study,
                f"{key}.{name}",
                f'is for method = "{own}", and the method is "{choose.method}", whose keys are {keys}; remove it',
            )


def _group(study: Study, key: str, choose: Choose) -> Iterator[Problem]:
    if choose.column and choose.file:
        yield _at(study, f"{key}.file", "is given, and so is column; keep one of them")
    elif not choose.column and not choose.file:
        yield _at(
            study,
            f"{key}.column",
            'is missing: where the groups stand. Write such as column = "skr_grupp", or file = "data/liknande_kommuner.csv"',
        )
    elif choose.family and not choose.file:
        yield _at(study, f"{key}.family", "is for groups in a file, and the groups stand in a column; remove it")


def _missing(study: Study, key: str, name: str) -> Problem:
    field = Choose.model_fields[name]
    what = (field.description or "").split(": ", 1)[-1].split(";")[0]
    example = field.examples[0] if field.examples else "…"
    return _at(study, f"{key}.{name}", f"is missing: {what}. Write such as {name} = {show(example, short=False)}")


def _at(study: Study, key: str, message: str) -> Problem:
    return Problem(key, message, study.line(key))


CHOICE_RULES = (_keys_fit_method,)
