"""Does a file hold personal data? Identity numbers, names, addresses, places and free text are refused, and never repeated.

Offence data on identifiable persons may as a rule only be processed by authorities (GDPR art. 10).
"""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from utvardering.data.faults import Faults
from utvardering.data.tables import Table
from utvardering.disclosure.identity import identity_numbers, is_number_spread_out
from utvardering.disclosure.names import GIVEN_NAMES, PLACE_ENDS, PLACES, is_given, is_surname
from utvardering.disclosure.pairs import birth_with_number, placed_pairs
from utvardering.disclosure.plain import folded, plain
from utvardering.disclosure.text import LANDLINE, MAIL, PARTICLES, PLATE, PROPERTY_CELL, personal_in

MOST_QUOTED = 40  # letters of a cell that a message repeats
MANY_WORDS = 12  # words from which on a cell is free text; a title of an outcome has fewer
SENTENCE_WORDS = 7  # words from which on a cell with the mark of a sentence is free text
NAME_PARTS = range(2, 5)
MOST_VALUES = 50_000  # different texts of a column that are looked at for names, addresses and text
MANY_GIVEN = 12  # different given names, and hardly anything else, are a column of persons; five of them may be parishes
NEARLY_ALL = 0.9
MANY_PLATES = 3
LARGE = 1e9  # numbers below it have too few digits for an identity number

_MAYBE_IDENTITY = r"(?:\d\D{0,3}){9}\d|\d{6}\D{0,3}[A-Za-z]\d{3}|\d[^\x00-\x7F]|[^\x00-\x7F]\d"
_DECIMAL = r"^-?\d*[.,]\d+(?:[eE][-+]?\d+)?$"
_HEADINGS = {
    "identity numbers of persons": {
        "personnummer", "personnr", "pnr", "samordningsnummer", "samordningsnr", "ssn", "personal_identity_number",
        "identitetsnummer", "personid", "fyra_sista", "sista_fyra",
    },
    "names of persons": {
        "fornamn", "efternamn", "tilltalsnamn", "personnamn", "fullstandigt_namn", "first_name", "last_name", "surname",
        "given_name", "full_name", "kontaktperson", "anmalare", "handlaggare", "malsagande", "garningsman", "vardnadshavare",
        "misstankt_namn", "vittne", "for_och_efternamn",
    },
    "street addresses": {"adress", "gatuadress", "hemadress", "postadress", "bostadsadress", "street_address", "home_address"},
    "free text": {"fritext", "handelseforlopp", "anteckning", "anteckningar", "free_text", "freetext", "handelsebeskrivning"},
    "e-mail addresses": {"epost", "e_post", "epostadress", "e_postadress", "email", "e_mail", "mejl", "mejladress"},
    "telephone numbers": {"telefon", "telefonnummer", "telefonnr", "mobil", "mobilnummer", "mobiltelefon", "phone", "tel"},
    "dates of birth of persons": {"fodelsedatum", "fodelsedag", "birth_date", "birthdate", "date_of_birth", "dob"},
    "designations of properties": {"fastighetsbeteckning", "fastighetsbet", "fastighet"},
    "registration numbers of vehicles": {"registreringsnummer", "regnr", "reg_nr", "regnummer", "fordonsregnr"},
    "IP addresses": {"ip", "ip_adress", "ipadress", "ip_address", "ipnummer"},
}  # fmt: skip
_KINDS = {
    "an identity number": "identity numbers of persons",
    "a person's name": "names of persons",
    "a street address": "street addresses",
    "an e-mail address": "e-mail addresses",
    "a telephone number": "telephone numbers",
    "a designation of a property": "designations of properties",
    "a vehicle's registration number": "registration numbers of vehicles",
    "an IP address": "IP addresses",
    "coordinates": "coordinates of events",
}
"""What a text holds, and what a column of such texts does."""


def quote(text: str) -> str:
    """A cell as a message may show it: shortened, and not at all where it could say who somebody is."""
    if _is_name(text) or is_number_spread_out(plain(text)) or next(personal_in(text), None) or MAIL.search(text):
        return "what may be personal data"
    return f'"{text}"' if len(text) <= MOST_QUOTED else f'"{text[: MOST_QUOTED - 1]}…"'


def personal_text(text: str, *, role: bool = False) -> str:
    """What personal data a text seems to hold, such as a person's name within a sentence; nothing where it holds none.

    With `role` the text should name a role, and a given name alone is one too many.
    """
    found = next(personal_in(text), None)
    if found:
        return found.kind
    if MAIL.search(text):
        return "an e-mail address"
    words = [word.strip(".,;:()\"'”“’") for word in text.split()]
    given = [word[:1].isupper() and folded(word.partition("-")[0]) in GIVEN_NAMES for word in words]
    named = role and (any(given) or folded(text) in GIVEN_NAMES)
    followed = any(first and _is_surname(after) for first, after in zip(given, words[1:], strict=False))
    return "a person's name" if named or followed else ""


def _is_surname(word: str) -> bool:
    return len(word) > 1 and word[:1].isupper() and word.replace("-", "").isalpha() and not word.isupper()


def refuse_personal_data(table: Table, *, placed: tuple[str, ...] = ()) -> None:
    """Raise a DataError that names the columns of a table that look like personal data; it repeats no value.

    placed: columns of coordinates that the caller counts into areas and lets nobody see.
    """
    faults = Faults(table.name, table.rows)
    rule = "personal data may not be in a study; take the column away"
    for column in table.columns:
        what = _personal(table, column)
        if what:
            faults.add("" if next(personal_in(column), None) else column, f"looks like {what}; {rule}")
    for columns, what in (*birth_with_number(table.columns, table.text), *placed_pairs(table.columns, placed)):
        faults.add(" and ".join(columns), f"together look like {what}; {rule.replace('column', 'columns')}")
    named = _in_texts([re.sub(r"[_.\-/]+", " ", table.name), table.name])
    if named:
        faults = Faults("a data file", table.rows, faults.found)
        faults.add("", f"the name of the file looks like {named}; give it another name")
    for where, texts in table.beside:
        if found := _in_texts(list(texts)):
            faults.add("", f"{where} holds what looks like {found}; personal data may not be in a study; take it away")
    faults.raise_any()


def _in_texts(texts: list[str]) -> str:
    """What texts beside the cells hold, such as sheets that are not read; nothing where they hold nothing personal."""
    found = next(personal_in("\n".join(texts)), None)
    spread = any(is_number_spread_out(plain(text)) for text in texts)
    return _KINDS[found.kind] if found else _KINDS["an identity number"] if spread else ""


def _personal(table: Table, column: str) -> str:  # noqa: PLR0911 -- a way out for each kind of column
    """What the column seems to hold, or nothing."""
    values = table.columns[column]
    if found := _in_texts([column]):
        return found
    if pa.types.is_boolean(values.type) or pa.types.is_temporal(values.type):
        return ""
    if pa.types.is_floating(values.type):
        large = values.filter(pc.fill_null(pc.greater_equal(values, LARGE), fill_value=False))
        if not len(large):
            return ""
        table = Table(table.name, {column: large}, table.rows)
    texts = pc.unique(table.text(column))
    texts = texts.filter(pc.invert(pc.match_substring_regex(texts, _DECIMAL)))  # its digits are no identity number
    if _holds_identity(texts):
        return "identity numbers of persons"
    if not pa.types.is_string(values.type):
        return ""
    for what, headings in _HEADINGS.items():
        if folded(column) in headings:
            return what
    words = texts.filter(pc.match_substring_regex(texts, r"\pL\pL|\d\D+\d"))
    return _personal_texts(words[:MOST_VALUES].to_pylist()) if len(words) else ""


def _holds_identity(texts: pa.Array) -> bool:
    maybe = texts.filter(pc.match_substring_regex(texts, _MAYBE_IDENTITY))
    joined = plain("\n".join(maybe.to_pylist()))
    return next(identity_numbers(joined), None) is not None or any(is_number_spread_out(text) for text in joined.split("\n"))


def _personal_texts(texts: list[str]) -> str:
    """What the different texts of a column hold."""
    found = next(personal_in("\n".join(texts)), None)
    if found:
        return _KINDS[found.kind]
    for pattern, what in ((MAIL, "e-mail addresses"), (LANDLINE, "telephone numbers")):
        if any(pattern.search(text) for text in texts):
            return what
    if any(PROPERTY_CELL.match(text) for text in texts):
        return "designations of properties"
    worded = [text for text in texts if re.search(r"[^\W\d_]{2}", text)]
    if any(_is_name(text) for text in worded) or _are_given(worded):
        return "names of persons"
    plates = {text[:3] for text in worded if PLATE.match(text)}
    if len(plates) >= MANY_PLATES and len(plates) >= NEARLY_ALL * len(worded):
        return "registration numbers of vehicles"
    return "free text" if any(_is_free_text(text) for text in worded) else ""


def _are_given(texts: list[str]) -> bool:
    given = {text for text in texts if folded(text).partition("_")[0] in GIVEN_NAMES and " " not in text.strip()}
    return len(given) >= MANY_GIVEN and len(given) >= NEARLY_ALL * len(texts)


def _is_name(text: str) -> bool:
    """`Anna Andersson`, `Andersson, Anna` or `Anna K. Andersson`, with a common given name."""
    surname, comma, given = text.partition(",")
    parts = (f"{given} {surname}" if comma else text).split()
    capital = all(part[:1].isupper() and part.strip(".").replace("-", "").isalpha() for part in parts if part not in PARTICLES)
    if not (len(parts) in NAME_PARTS and capital):
        return False
    names = [folded(part) for part in parts]
    first = folded(parts[0].partition("-")[0])
    if first not in GIVEN_NAMES and not (is_given(first) and is_surname(names[-1])):
        return False
    place = any(part in PLACES or part.endswith(PLACE_ENDS) for part in names) or (len(parts[-1]) > 1 and parts[-1].isupper())
    return not place and not all(part in GIVEN_NAMES for part in names)


def _is_free_text(text: str) -> bool:
    words = len(text.split())
    return words >= MANY_WORDS or (words >= SENTENCE_WORDS and re.search(r"[.!?](\s|$)", text) is not None)
