"""Amendments of a registered plan: dated sections of `protokoll.md`, each with its reason and the hash of the new plan.

    ## Ändring 2026-03-01

    Enkäten gjordes inte 2025, så utfallet får en annan fil.

    - `outcomes[trygg].file`: "data/enkat.csv" → "data/enkat-2026.csv"

    Plan: 0123456789abcdef

`## Amendment 2026-03-01` does as well. A line `Data: …` stands for revised rows before the start.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from utvardering.errors import Problem
from utvardering.study.plan_values import Difference, shown

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

PROTOCOL = "protokoll.md"
SHORTEST = 12
"""Fewest hexadecimal digits by which an amendment names a plan."""
_PRINTED = 16
_PLACEHOLDER = {"sv": "Skriv här varför.", "en": "Write here why."}
_WORD = {"sv": "Ändring", "en": "Amendment"}

_HEADING = re.compile(r"#{1,6}\s")
_SECTION = re.compile(r"#{2,6}\s+(?:Ändring|Amendment)(?!\w)\s*:?\s*(.*?)\s*#*", re.IGNORECASE)
_HASH = re.compile(r"\s*(?:[-*]\s+)?\**(Plan|Data)\**\s*:\s*\**\s*`?([^`\s]*)`?\s*", re.IGNORECASE)
_KEY = re.compile(r"\s*[-*]\s+`([^`]+)`\s*:.*")
_WORDS = re.compile(r"[^\W\d_]{3,}")
_SKIPPED = re.compile(r"```.*?```|~~~.*?~~~|<!--.*?-->", re.DOTALL)


@dataclass(frozen=True)
class Amendment:
    """A dated section; `plan` and `data` are beginnings of hashes, empty where the section names none."""

    date: dt.date
    reason: str
    keys: tuple[str, ...] = ()
    plan: str = ""
    data: str = ""
    line: int = 0

    def covers_plan(self, sha256: str) -> bool:
        """Whether it names this plan."""
        return bool(self.plan) and sha256.startswith(self.plan)

    def covers_data(self, sha256: str) -> bool:
        """Whether it names these rows before the start."""
        return bool(self.data) and sha256.startswith(self.data)


def read_amendments(path: Path) -> tuple[tuple[Amendment, ...], list[Problem]]:
    """The amendments in a protocol, in the order of their dates, and what is wrong with those that cannot be taken."""
    if not path.is_file():
        return (), []
    text = path.read_bytes().decode("utf-8-sig", errors="replace").replace("\r\n", "\n")
    return parse_amendments(text)


def parse_amendments(text: str) -> tuple[tuple[Amendment, ...], list[Problem]]:
    """The amendments in the text of a protocol; examples in fences and comments are none."""
    lines = _SKIPPED.sub(lambda match: "\n" * match[0].count("\n"), text).split("\n")
    found, problems = [], []
    for number, line in enumerate(lines):
        if match := _SECTION.fullmatch(line.strip()):
            end = next((k for k in range(number + 1, len(lines)) if _HEADING.match(lines[k])), len(lines))
            amendment, wrong = _section(match[1], lines[number + 1 : end], number + 1)
            found += [amendment] if amendment else []
            problems += wrong
    return tuple(sorted(found, key=lambda one: (one.date, one.line))), problems


def _section(day: str, body: list[str], line: int) -> tuple[Amendment | None, list[Problem]]:
    hashes: dict[str, str] = {}
    keys, reason, problems = [], [], []
    for number, text in enumerate(body, line + 1):
        if match := _HASH.fullmatch(text):
            name, found = match[1].lower(), match[2].lower()
            if not re.fullmatch(rf"[0-9a-f]{{{SHORTEST},64}}", found):
                text_wrong = f"needs at least {SHORTEST} hexadecimal digits of the hash, found {found or 'nothing'}"
                problems.append(Problem(f"{PROTOCOL}: {match[1]}", text_wrong, number))
            hashes[name] = found
        elif match := _KEY.fullmatch(text):
            keys.append(match[1])
        else:
            reason.append(text.strip())
    if not hashes:  # a section of the author's own, about something else
        return None, []
    why = " ".join(part for part in reason if part)
    if not _WORDS.search(why) or why in _PLACEHOLDER.values():
        problems.append(Problem(PROTOCOL, "an amendment needs its reason: write a sentence under the heading", line))
    try:
        date = dt.date.fromisoformat(day)
    except ValueError:
        problems.append(Problem(PROTOCOL, f'an amendment needs a date such as 2026-03-01, found "{day}"', line))
        return None, problems
    if problems:
        return None, problems
    return Amendment(date, why, tuple(keys), hashes.get("plan", ""), hashes.get("data", ""), line), []


def amendment_block(differences: Iterable[Difference], language: str, today: dt.date, *, plan: str = "", data: str = "") -> str:
    """The section to paste into the protocol; its reason is left to the author."""
    parts = [f"## {_WORD[language]} {today.isoformat()}", _PLACEHOLDER[language]]
    rows = [f"- `{one.key}`: {shown(one.registered)} → {shown(one.now)}" for one in differences]
    parts += ["\n".join(rows)] if rows else []
    hashes = [f"{name}: {value[:_PRINTED]}" for name, value in (("Plan", plan), ("Data", data)) if value]
    return "\n\n".join([*parts, "\n".join(hashes)]) + "\n"
