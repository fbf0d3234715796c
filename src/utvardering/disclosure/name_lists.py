"""Names that are less common in Sweden, from the lists of the package Faker: languages spoken in Swedish municipalities.

They count in pairs only, a given name with a surname: alone, many of them are places or words (Tuna, Park, Lund).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module

from utvardering.disclosure.plain import folded

LANGUAGES = ("sv_SE", "no_NO", "da_DK", "fi_FI", "hr_HR", "pl_PL", "tr_TR", "de_DE", "en_GB")
"""Lists in other scripts (Arabic, Persian, Ukrainian) are no help with names as a register spells them."""


@dataclass(frozen=True)
class NameLists:
    """Given names and surnames, folded."""

    given: frozenset[str]
    surnames: frozenset[str]


@cache
def name_lists() -> NameLists:
    """All lists together; read when the first name is looked for, in a quarter of a second."""
    given: set[str] = set()
    surnames: set[str] = set()
    for language in LANGUAGES:
        provider = import_module(f"faker.providers.person.{language}").Provider
        for attribute in dir(provider):
            kind = given if "first_name" in attribute else surnames if "last_name" in attribute else None
            values = getattr(provider, attribute)
            if kind is not None and isinstance(values, tuple | list | dict):
                kind |= {folded(name) for name in values if isinstance(name, str) and "{" not in name}
    return NameLists(frozenset(name.partition("_")[0] for name in given if len(name) > 1), frozenset(surnames))
