"""How are numbers, dates, lists and set words of a plan written in the language of the report?"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from babel.dates import format_date
from babel.numbers import format_decimal, format_percent

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

    from utvardering.study.model import Cost, Moment

SPACE = "\N{NO-BREAK SPACE}"
DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
_CURRENCIES = {"SEK": "kr"}


@cache
def _texts(language: str) -> Mapping[str, Any]:
    return tomllib.loads((Path(__file__).parent / "text" / f"{language}.toml").read_text(encoding="utf-8"))


class Wording:
    """Texts and formats of one language, `sv` or `en`."""

    def __init__(self, language: str) -> None:
        """Read the texts of the language."""
        self.language = language
        self.texts = _texts(language)

    def word(self, kind: str, value: str) -> str:
        """A set word of the study file in the language; one that is not known stands as it is."""
        words: Mapping[str, str] = self.texts["word"][kind]
        return words.get(value, value)

    def heading(self, name: str) -> str:
        """A heading of the page."""
        return f"## {self.texts['heading'][name]}"

    def line(self, name: str, table: str = "line", /, **values: object) -> str:
        """A sentence of the page with its values filled in."""
        text: str = self.texts[table][name]
        return text.format(**values)

    def moment(self, value: Moment) -> str:
        """`1 juli 2022`, or the number of a period without a calendar."""
        if isinstance(value, int):
            return str(value)
        return self.date(value)

    def date(self, value: dt.date) -> str:
        """`1 juli 2022`, on one line."""
        return format_date(value, "long", locale=self.language).replace(" ", SPACE)

    def number(self, value: float) -> str:
        """`4 200 000`, `-0,25`: with no more decimals than the file has."""
        return str(format_decimal(value, format="#,##0.##########", locale=self.language)).replace("-", MINUS)

    def percent(self, value: float) -> str:
        """`10 %`."""
        return str(format_percent(value, format="#,##0.########\u00a0%", locale=self.language))

    def change(self, value: float) -> str:
        """`en minskning med 10 %`."""
        return self.line("fall" if value < 0 else "rise", value=self.percent(abs(value)))

    def cost(self, cost: Cost) -> str:
        """`4 200 000 kr per år`."""
        return self.line("cost", amount=self.money(cost.amount, cost.currency), per=self.word("per", cost.per))

    def money(self, value: float, code: str) -> str:
        """`4 200 000 kr`, as the file has it."""
        currency = _CURRENCIES.get(code, code) if self.language == "sv" else code
        return f"{self.number(value)}{SPACE}{currency}"

    def listed(self, items: Iterable[str]) -> str:
        """`Centrum, Parken och Stationen`."""
        *first, last = items
        return f"{', '.join(first)} {self.line('and')} {last}" if first else last


def plain(text: str) -> str:
    """An author's text with the signs that Markdown would take for its own made harmless."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", " ".join(text.split()))
