"""On which line of a TOML text does a key stand?

`tomllib` gives values without places. The text has passed `tomllib` before it comes here, so the scanner only follows
it and judges nothing.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def index_lines(text: str) -> dict[str, int]:
    """Key, such as `treated[0].start` or `comparison.units[0]`, to 1-based line, in the order of the text.

    A table has the line of its header, or of the first key that names it; a list also has its own name without a number.
    `text` is valid TOML.
    """
    return _Scanner(text).scan()


def line_of(lines: dict[str, int], key: str) -> int:
    """Line of a key, of the table it would stand in if it is absent, else 0."""
    while key:
        if key in lines:
            return lines[key]
        cut = max(key.rfind("."), key.rfind("["))
        key = key[:cut] if cut > 0 else ""
    return 0


def join(path: str, name: str) -> str:
    """`path` and the key `name` below it; a name that TOML would quote is quoted here too."""
    if not _BARE.fullmatch(name):
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{path}.{name}" if path else name


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self.lines: dict[str, int] = {}
        self.rows: dict[str, int] = {}
        """Array of tables to its number of rows so far."""

    def scan(self) -> dict[str, int]:
        table = ""
        while self._skip_space("\n"):
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)
        return self.lines

    def _mark(self, path: str, at: int) -> None:
        self.lines.setdefault(path, bisect_right(self.starts, at))

    def _skip_space(self, more: str = "") -> bool:
        """Pass blanks and, with a line break in `more`, comments too; False at the end of the text."""
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == "#" and more:
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif char in " \t\r" or char in more:
                self.at += 1
            else:
                return True
        return False

    def _header(self) -> str:
        start = self.at
        is_row = self.text.startswith("[[", self.at)
        self.at += 2 if is_row else 1
        *above, name = self._key_parts()
        self.at += 2 if is_row else 1
        path = join(self._below("", above, start), name)
        self._mark(path, start)
        if is_row:
            self.rows[path] = self.rows.get(path, 0) + 1
        path = self._last_row(path)
        self._mark(path, start)
        return path

    def _below(self, path: str, names: list[str], at: int) -> str:
        """The table that dotted `names` lead to; tables named in passing are marked."""
        for name in names:
            path = join(path, name)
            self._mark(path, at)
            path = self._last_row(path)
        return path

    def _last_row(self, path: str) -> str:
        return f"{path}[{self.rows[path] - 1}]" if path in self.rows else path

    def _pair(self, table: str) -> None:
        start = self.at
        *above, name = self._key_parts()
        path = join(self._below(table, above, start), name)
        self._mark(path, start)
        self.at += 1  # the equals sign
        self._skip_space()
        self._value(path)

    def _key_parts(self) -> list[str]:
        names = []
        while True:
            self._skip_space()
            start = self.at
            if self.text[start] in "\"'":
                self._string()
                names.append(tomllib.loads(f"key = {self.text[start : self.at]}")["key"])
            else:
                match = _BARE.match(self.text, start)
                self.at = match.end() if match else start + 1
                names.append(self.text[start : self.at])
            self._skip_space()
            if self.at >= len(self.text) or self.text[self.at] != ".":
                return names
            self.at += 1

    def _value(self, path: str) -> None:
        char = self.text[self.at]
        if char in "\"'":
            self._string()
        elif char == "[":
            self._array(path)
        elif char == "{":
            self._inline_table(path)
        else:
            while self.at < len(self.text) and self.text[self.at] not in ",]}#\n":
                self.at += 1

    def _array(self, path: str) -> None:
        self.at += 1
        number = 0
        while self._skip_space("\n,") and self.text[self.at] != "]":
            self._mark(f"{path}[{number}]", self.at)
            self._value(f"{path}[{number}]")
            number += 1
        self.at += 1

    def _inline_table(self, path: str) -> None:
        self.at += 1
        while self._skip_space("\n,") and self.text[self.at] != "}":
            self._pair(path)
        self.at += 1

    def _string(self) -> None:
        quote = self.text[self.at]
        mark = quote * 3 if self.text.startswith(quote * 3, self.at) else quote
        self.at += len(mark)
        while not self.text.startswith(mark, self.at):
            self.at += 2 if quote == '"' and self.text[self.at] == "\\" else 1
        self.at += len(mark)
        if len(mark) > 1:
            while self.text.startswith(quote, self.at):  # up to two quotes may end a long string
                self.at += 1
