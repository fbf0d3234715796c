"""Does a file hold personal data? Identity numbers, names, addresses and free text are refused, and never repeated.

Offence data on identifiable persons may as a rule only be processed by authorities (GDPR art. 10).
"""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from utvardering.data.faults import Faults
from utvardering.data.given_names import GIVEN_NAMES
from utvardering.data.tables import Table
from utvardering.study.vocabulary import fold

MOST_QUOTED = 40  # letters of a cell that a message repeats
MANY_WORDS = 12  # words from which on a cell is free text; a title of an outcome has fewer
SENTENCE_WORDS = 7  # words from which on a cell with the mark of a sentence is free text
NAME_PARTS = range(2, 5)
MOST_VALUES = 5000  # different values of a column that are looked at for names and text

# month 01 to 12; day 01 to 31, or 61 to 91 in a samordningsnummer
_IDENTITY = re.compile(
    r"(?<![\d.,])(?:18|19|20)?(\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]|6[1-9]|[78]\d|9[01]))([-+ ]?)(\d{4})(?![\d])"
)
_MAYBE_IDENTITY = r"(?:^|[^\d.,])(?:18|19|20)?\d{6}[-+ ]?\d{4}"
_STREET = (  # Riksväg 40 is no address
    r"(?i)\b(\pL*(gatan|vägen|gränden|allén|stigen|backen|torget|esplanaden|leden)|\pL+(gata|gränd)"
    r"|\pL+s (gata|väg|gränd|allé|stig|backe|torg))\s+\d{1,4}\s?[a-z]?\b"
)
_YEAR = re.compile(r"\b(?:19|20)\d{2}\b")  # Stortorget 2024 is no address
_HEADINGS = {
    "identity numbers of persons": {"personnummer", "personnr", "pnr", "samordningsnummer", "ssn", "personal_identity_number"},
    "names of persons": {
        "fornamn", "efternamn", "tilltalsnamn", "personnamn", "fullstandigt_namn", "first_name", "last_name", "surname",
        "given_name", "full_name", "kontaktperson", "anmalare", "handlaggare", "malsagande", "garningsman", "vardnadshavare",
    },
    "street addresses": {"adress", "gatuadress", "hemadress", "postadress", "bostadsadress", "street_address", "home_address"},
    "free text": {"fritext", "handelseforlopp", "anteckning", "anteckningar", "free_text", "freetext"},
}  # fmt: skip
_MAIL = r"[^@\s]+@[^@\s]+\.[a-z]{2,}"


def quote(text: str) -> str:
    """A cell as a message may show it: shortened, and not at all where it could say who somebody is."""
    if _identities(text) or _is_name(text) or re.search(_MAIL, text) or len(_matching(pa.array([text]), _STREET)):
        return "what may be personal data"
    return f'"{text}"' if len(text) <= MOST_QUOTED else f'"{text[: MOST_QUOTED - 1]}…"'


def personal_text(text: str, *, role: bool = False) -> str:
    """What personal data a text seems to hold, such as a person's name within a sentence; nothing where it holds none.

    With `role` the text should name a role, and a given name alone is one too many.
    """
    if _identities(text):
        return "an identity number"
    if re.search(_MAIL, text):
        return "an e-mail address"
    if len(_matching(pa.array([_YEAR.sub("", text)]), _STREET)):
        return "a street address"
    words = [word.strip(".,;:()\"'”“’") for word in text.split()]
    given = [word[:1].isupper() and fold(word.partition("-")[0]) in GIVEN_NAMES for word in words]
    named = role and (any(given) or fold(text) in GIVEN_NAMES)
    followed = any(first and _is_surname(after) for first, after in zip(given, words[1:], strict=False))
    return "a person's name" if named or followed else ""


def _is_surname(word: str) -> bool:
    return len(word) > 1 and word[:1].isupper() and word.replace("-", "").isalpha() and not word.isupper()


def refuse_personal_data(table: Table) -> None:
    """Raise a DataError that names the columns of a table that look like personal data; it repeats no value."""
    faults = Faults(table.name, table.rows)
    for column in table.columns:
        what = _personal(table, column)
        if what:
            rule = "personal data may not be in a study; take the column away"
            faults.add("" if _identities(column) else column, f"looks like {what}; {rule}")
    faults.raise_any()


def _personal(table: Table, column: str) -> str:
    """What the column seems to hold, or nothing."""
    values = table.columns[column]
    heading = fold(column)
    if pa.types.is_floating(values.type) or pa.types.is_boolean(values.type) or pa.types.is_temporal(values.type):
        return ""
    texts = pc.unique(table.text(column))
    if any(_identities(text) for text in _matching(texts, _MAYBE_IDENTITY).to_pylist()):
        return "identity numbers of persons"
    if not pa.types.is_string(values.type):
        return ""
    for what, headings in _HEADINGS.items():
        if heading in headings:
            return what
    words = _matching(texts, r"\pL\pL")
    return _personal_text(words[:MOST_VALUES]) if len(words) else ""


def _personal_text(texts: pa.Array) -> str:
    if len(_matching(texts, _STREET)):
        return "street addresses"
    if len(_matching(texts, _MAIL)):
        return "e-mail addresses"
    different = texts.to_pylist()
    if 2 * sum(_is_name(text) for text in different) >= len(different):
        return "names of persons"
    if any(_is_free_text(text) for text in different):
        return "free text"
    return ""


def _matching(texts: pa.Array, pattern: str) -> pa.Array:
    return texts.filter(pc.match_substring_regex(texts, pattern))


def _identities(text: str) -> bool:
    return any(_luhn(match[1] + match[3]) for match in _IDENTITY.finditer(text))


def _luhn(digits: str) -> bool:
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(digits)]
    return sum(value // 10 + value % 10 for value in doubled) % 10 == 0


def _is_name(text: str) -> bool:
    """`Anna Andersson`, `Andersson, Anna` or `Anna K. Andersson`, with a common given name."""
    surname, comma, given = text.partition(",")
    parts = (f"{given} {surname}" if comma else text).split()
    capital = all(part[:1].isupper() and part.strip(".").replace("-", "").isalpha() for part in parts)
    return len(parts) in NAME_PARTS and capital and fold(parts[0].partition("-")[0]) in GIVEN_NAMES


def _is_free_text(text: str) -> bool:
    words = len(text.split())
    return words >= MANY_WORDS or (words >= SENTENCE_WORDS and re.search(r"[.!?](\s|$)", text) is not None)
