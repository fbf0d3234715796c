"""Attempts to smuggle a person out, made from a seed: what, in which spelling. All persons and numbers are made up.

Numbers are of the days of the nineteenth century, so that nobody alive has them.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from utvardering.disclosure.identity import luhn
from utvardering.disclosure.names import GIVEN_NAMES, SURNAMES

GIVEN = sorted(name.capitalize() for name in GIVEN_NAMES if "-" not in name)
SUR = sorted(name.capitalize() for name in SURNAMES if name.endswith(("sson", "qvist", "strom", "gren")))
SPELLED = (
    "{y}{m}{d}+{n}",
    "18{y}{m}{d}-{n}",
    "18{y}{m}{d}{n}",
    "{y}{m}{d}{n}",
    "18{y}-{m}-{d}-{n}",
    "{y}{m}{d} {n}",
    "{y}{m}{d}–{n}",
    "{y}{m}{d}\u00a0{n}",
    "{y}{m}\u200b{d}-{n}",
    "{y}{m}{d} - {n}",
    "{y}{m}{d}/{n}",
    "WIDE",
    "18{y}{m}{d}T123",
    "{y}{m}{d}-X123",
    "coordination",
)


@dataclass(frozen=True)
class Secret:
    """What is smuggled, and what it is."""

    kind: str
    words: str


def secret(rng: random.Random) -> Secret:
    """One secret: mostly identity numbers and names, now and then another thing that tells who somebody is."""
    return rng.choices((number, name, other), weights=(5, 4, 2))[0](rng)


def number(rng: random.Random) -> Secret:
    """An identity number in one of its spellings."""
    how = rng.choice(SPELLED)
    year, month, day = f"{rng.randint(20, 89):02d}", f"{rng.randint(1, 12):02d}", rng.randint(1, 28)
    shown = f"{day + 60 if how == 'coordination' else day:02d}"
    first = f"{rng.randint(0, 999):03d}"
    last = next(f"{first}{check}" for check in range(10) if luhn(f"{year}{month}{shown}{first}{check}"))
    text = "{y}{m}{d}-{n}" if how in {"WIDE", "coordination"} else how
    text = text.format(y=year, m=month, d=shown, n=last)
    wide = text.translate({ord("0") + k: chr(0xFF10 + k) for k in range(10)}) if how == "WIDE" else text
    return Secret("an identity number", wide)


def name(rng: random.Random) -> Secret:
    """A person's name, in one of its orders."""
    given, sur, initial = rng.choice(GIVEN), rng.choice(SUR), rng.choice("BCDFGHJKL")
    orders = (f"{given} {sur}", f"{sur}, {given}", f"{given} {initial}. {sur}", f"{given} {initial} {sur}", f"{sur} {given}")
    return Secret("a person's name", rng.choice(orders))


def other(rng: random.Random) -> Secret:
    """A street address, a mobile telephone, an e-mail address, a property or a vehicle."""
    made = (
        Secret("a street address", f"Påhittade gatan {rng.randint(1, 99)} {rng.choice('ABC')}"),
        Secret(
            "a telephone number", f"07{rng.randint(0, 3)}-{rng.randint(100, 999)} {rng.randint(10, 99)} {rng.randint(10, 99)}"
        ),
        Secret("an e-mail address", f"{rng.choice(GIVEN).lower()}.{rng.choice(SUR).lower()}@exempel.se"),
        Secret("a designation of a property", f"Kv Påhittet {rng.randint(1, 9)}:{rng.randint(1, 40)}"),
        Secret(
            "a vehicle's registration number",
            f"regnr {rng.choice(('ABD', 'KLM', 'XYZ'))} {rng.randint(10, 99)}{rng.randint(0, 9)}",
        ),
    )
    found = rng.choice(made)
    return found if "071" not in found.words else Secret(found.kind, found.words.replace("071", "070"))
