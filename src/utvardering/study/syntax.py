"""What does a text say as TOML, and where it is not TOML, what did the author mean?

A line that is no TOML is mended as the author meant it and the reading goes on, so that one slip does not hide the rest.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from typing import Any

from utvardering.errors import Problem
from utvardering.study.lines import index_lines

ROWS = ("treated", "outcomes", "expected", "assessor", "evidence", "criterion", "assessment", "settled", "factor", "result")
"""Tables that stand in double brackets, once for each."""
TABLES = (
    "study",
    "measure",
    "data",
    "period",
    "treated_from",
    "comparison",
    "neighbours",
    "estimation",
    "causal_model",
    "checks",
    "robustness",
    "ethics",
    "report",
    "truth",
)

_PAIR = re.compile(r'\s*([\w."\' -]*?[\w"\'])\s*([=:])\s*(.*)')
_NO_EQUALS = re.compile(r"\s*(\w+)\s+([\"'\d\[{“”].*)")
_HEADER = re.compile(r"\s*(\[+)\s*([\w.]+)\s*\]*\s*(?:#.*)?")
_SMART = str.maketrans(
    {
        "“": '"',
        "”": '"',
        "„": '"',
        "»": '"',
        "«": '"',
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    }
)
_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u200b": "", "\ufeff": ""})
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True)
class Parsed:
    """A text as TOML.

    `written` holds, by line, a value that stood without the quotes of a text; it was read as a text.
    `complete` is False where the reading had to stop: then there are no data.
    """

    data: dict[str, Any]
    lines: dict[str, int]
    problems: tuple[Problem, ...] = ()
    written: dict[int, str] = field(default_factory=dict)
    complete: bool = True

    def key_at(self, line: int) -> str:
        """The most precise key that begins on a line."""
        return max((key for key, at in self.lines.items() if at == line), key=len, default="")


def parse(text: str) -> Parsed:
    """The values of a text and the line of each; what is no TOML is mended where it can be, and said."""
    return _Reader(text).read()


def unquoted_problems(parsed: Parsed, said: set[int]) -> list[Problem]:
    """Values without quotes where a text is right, on lines about which nothing else was said."""
    return [
        Problem(parsed.key_at(line), f"needs quotes: {_name(parsed.key_at(line))} = {quote(raw)}", line)
        for line, raw in parsed.written.items()
        if line not in said
    ]


def quote(text: str) -> str:
    """A text as TOML."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _name(key: str) -> str:
    return re.sub(r"\[\d+\]$", "", key).rsplit(".", 1)[-1]


class _Reader:
    def __init__(self, text: str) -> None:
        self.rows = text.split("\n")
        self.said: dict[int, str] = {}
        self.written: dict[int, str] = {}
        self.place: dict[int, str] = {}

    def read(self) -> Parsed:
        while True:
            text = "\n".join(self.rows)
            try:
                data = tomllib.loads(text)
            except tomllib.TOMLDecodeError as error:
                if not self._mend(str(error)):
                    return Parsed({}, {}, self._problems({}), complete=False)
            else:
                if not self._mend_brackets(data):
                    break
        lines = index_lines(text)
        return Parsed(data, lines, self._problems(lines), self.written)

    def _problems(self, lines: dict[str, int]) -> tuple[Problem, ...]:
        keys: dict[int, str] = {}
        for key, line in lines.items():
            keys[line] = max(keys.get(line, ""), re.sub(r"\[\d+\]$", "", key), key=len)
        return tuple(Problem(self.place.get(line, keys.get(line, "")), said, line) for line, said in sorted(self.said.items()))

    def _say(self, line: int, row: str, message: str, place: str | None = None) -> bool:
        """The line as meant, and what is wrong with it; False where it was mended before, in vain."""
        again = line in self.said or line in self.written
        self.rows[line - 1] = row
        if not (again and line in self.written):
            self.said.setdefault(line, message)
        if place is not None:
            self.place[line] = place
        return not again

    def _stop(self, line: int, message: str) -> bool:
        self.said.setdefault(line, message)
        return False

    def _mend(self, message: str) -> bool:  # noqa: PLR0911 -- a return for each kind of slip
        found = re.search(r"at line (\d+)", message)
        line = int(found[1]) if found else len(self.rows)
        row = self.rows[line - 1]
        if "declare" in message and (header := _HEADER.fullmatch(row)):
            return self._mend_repeated(line, header[2])
        if "Unclosed array" in message or "Unclosed inline" in message or not found:
            return self._stop(*self._opening(line))
        if row.translate(_SPACES) != row:
            return self._say(
                line, row.translate(_SPACES), "has a no-break space, as word processors write; type the blank again"
            )
        if _CONTROL.search(row):
            return self._say(line, _CONTROL.sub("", row), "has an invisible control character; type the line again")
        if header := _HEADER.fullmatch(row):
            return self._mend_header(line, header[2])
        if pair := _PAIR.fullmatch(row):
            return self._mend_pair(line, pair[1].strip(), pair[2], pair[3].strip(), message)
        if pair := _NO_EQUALS.fullmatch(row):
            return self._say(line, f"{pair[1]} = {pair[2]}", f'needs "=" between key and value: {pair[1]} = {pair[2]}')
        return self._stop(line, f"cannot be read as TOML: {row.strip()}; write key = value, or # before a comment")

    def _mend_pair(self, line: int, key: str, sign: str, value: str, message: str) -> bool:  # noqa: PLR0911 -- a return for each kind of slip
        if not re.fullmatch(r"[A-Za-z0-9_.\-\"']+(?:\s*\.\s*[A-Za-z0-9_\-\"']+)*", key) and not key.startswith(('"', "'")):
            return self._again(line, f"{quote(key)} {sign} {value}")
        if sign == ":":
            return self._say(line, f"{key} = {value}", f'needs "=" between key and value: {key} = {value}')
        if "overwrite" in message or "Duplicate" in message:
            return self._say(line, "", f"{key} is given twice in this table; keep one of the lines", "")
        raw = _without_comment(value)
        if raw and ord(raw[0]) in _SMART:
            text = raw.translate(_SMART).strip("\"'")
            return self._say(
                line,
                f"{key} = {quote(text)}",
                f"has curly quotes, as word processors write; write {_name(key)} = {quote(text)}",
            )
        if raw.startswith(("[", "{")):
            return self._mend_list(line, key, raw)
        if raw.startswith(('"', "'")):
            return self._mend_text(line, key, raw)
        self.rows[line - 1] = f"{key} = {quote(raw)}"
        again = line in self.written
        self.written[line] = raw
        return not again

    def _mend_list(self, line: int, key: str, raw: str) -> bool:
        straight = raw.translate(_SMART)
        if straight != raw:
            return self._say(
                line, f"{key} = {straight}", f"has curly quotes, as word processors write; write {key} = {straight}"
            )
        if not raw.endswith(("]", "}")):
            return self._stop(*self._opening(line))
        if raw.startswith("{"):
            return self._stop(line, f'cannot be read: {raw}; write such as {{ unit = "Grannstad", reason = "Gränsar dit" }}')
        items = [item.strip().strip("\"'") for item in re.split(r"[,;]", raw.strip("[] "))]
        mended = ", ".join(quote(item) for item in items if item)
        return self._say(
            line, f"{key} = [{mended}]", f"needs every text in quotes, with commas between: {_name(key)} = [{mended}]"
        )

    def _mend_text(self, line: int, key: str, raw: str) -> bool:
        name, mark = _name(key), raw[0]
        inner = raw[1:].removesuffix(mark)
        if raw.startswith(mark * 3):
            return self._stop(line, f"the text that begins with {mark * 3} here is not ended by {mark * 3}")
        if raw.count(mark) == 1:
            return self._say(line, f"{key} = {quote(inner)}", f"has no quote at the end; write {name} = {quote(inner)}")
        if mark == '"' and "\\" in raw:
            inner = inner.replace("\\", "/")
            return self._say(
                line, f"{key} = {quote(inner)}", f'has "\\", which TOML does not read as such; write {name} = {quote(inner)}'
            )
        if raw.endswith(mark) and raw.count(mark) > len(mark * 2):
            other = f"'{inner}'" if mark == '"' and "'" not in inner else quote(inner)
            return self._say(line, f"{key} = {quote(inner)}", f"has quotes within the text; write {name} = {other}")
        text, rest = raw[1:].split(mark, 1)
        return self._say(
            line, f"{key} = {quote(text)}", f"has more after the text: {rest.strip()}; remove it, or put # before a comment"
        )

    def _mend_header(self, line: int, name: str) -> bool:
        if not name.isascii():
            return self._again(line, f"[{quote(name)}]")
        right = f"[[{name}]]" if name in ROWS else f"[{name}]"
        return self._say(line, right, f"has brackets that do not match; write {right}")

    def _mend_repeated(self, line: int, name: str) -> bool:
        if name in ROWS:
            return self._set_brackets(name)
        return self._stop(line, f"the table [{name}] stands twice; put its keys under the first")

    def _mend_brackets(self, data: dict[str, Any]) -> bool:
        """Mend `[treated]` and `[[study]]`; whether anything was mended."""
        wrong = [name for name in ROWS if isinstance(data.get(name), dict)]
        wrong += [name for name in TABLES if isinstance(data.get(name), list)]
        return sum(self._set_brackets(name) for name in wrong) > 0  # all of them, where any() would stop at the first

    def _set_brackets(self, name: str) -> bool:
        right = f"[[{name}]]" if name in ROWS else f"[{name}]"
        why = "double brackets, once for each" if name in ROWS else "single brackets"
        mended = False
        for line, row in enumerate(self.rows, start=1):
            header = _HEADER.fullmatch(row)
            if header and header[2] == name and not row.strip().startswith(right):
                mended = self._say(line, right, f"needs {why}: {right}", name) or mended
        return mended

    def _again(self, line: int, row: str) -> bool:
        """Try once more with another line, about which nothing need be said here."""
        changed = self.rows[line - 1] != row
        self.rows[line - 1] = row
        return changed

    def _opening(self, line: int) -> tuple[int, str]:
        """The last line up to here on which a list or a long text begins and does not end."""
        for at in range(min(line, len(self.rows)), 0, -1):
            pair = _PAIR.fullmatch(self.rows[at - 1])
            raw = _without_comment(pair[3]) if pair else ""
            if raw.startswith("[") and (at == line or not raw.endswith("]")):
                return at, 'the list that begins here lacks a comma between two values, or "]" at its end'
            if raw.startswith("{") and not raw.endswith("}"):
                return at, "a table in braces stands on one line: { key = value, key = value }"
            if raw.startswith(('"""', "'''")):
                return at, f"the text that begins with {raw[:3]} here is not ended by {raw[:3]}"
        return line, "the file ends in the middle of something; look for a missing quote or bracket"


def _without_comment(value: str) -> str:
    """The value without a comment behind it; a # within quotes is no comment."""
    mark = ""
    for at, char in enumerate(value):
        if mark:
            mark = "" if char == mark else mark
        elif char in "\"'":
            mark = char
        elif char == "#":
            return value[:at].strip()
    return value.strip()
