"""What in a text could tell who somebody is? Identity numbers, names, addresses of all kinds, telephones, vehicles, places."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass

from utvardering.disclosure.identity import identity_numbers
from utvardering.disclosure.names import PLACES, is_common_surname, is_given, is_only_surname, is_surname
from utvardering.disclosure.plain import folded, plain

MAIL = re.compile(
    r"[^\s@<>()\[\]\"',;:]+(?:@|[ ]?[(\[](?:at|snabel-?a)[)\]]\s?)"
    r"[^\s@<>()\"',;:]+(?:\.|[ ]?[(\[](?:dot|punkt)[)\]]\s?)[a-zA-Z]{2,}"
)
_ROLE_MAIL = re.compile(
    r"^(info|kontakt|contact|registrator|diarium|kommun|kommunen|tillganglighet|statistik|support|noreply|no-reply|webb|web"
    r"|webmaster|trygghet|brottsforebyggande|forskning|redaktion|press|dataskydd|dpo|vaxel|kundtjanst|utvardering|sakerhet"
    r"|hello|mail|office|admin|feedback|test|exempel)\b",
)
MOBILE = re.compile(r"(?<![\d.,-])(?:(?:\+|00)46[ \-]?(?:\(0\))?[ \-]?|0)7[ \-]?[02369](?:[ \-/]{0,3}\d){7}(?!\d|[.,]\d)")
LANDLINE = re.compile(
    r"(?<![\d.,-])(?:(?:\+|00)46[ \-]?(?:\(0\))?[ \-]?[1-9]\d{0,2}"
    r"|0[1-9]\d{0,2})[ ]?[-/ ][ ]?\d{2,3}[ ]\d{2,3}(?:[ ]\d{2})?(?!\d|[.,]\d)"
)
STREET = re.compile(  # Riksväg 40 is no address, nor is a stretch such as Storgatan 1-20
    r"\b([^\W\d_]*(?:gatan|vägen|gränden|allén|stigen|backen|torget|esplanaden|leden|liden|kajen|vallen|gården|gatan)"
    r"|[^\W\d_]+(?:gata|gränd)"
    r"|[^\W\d_]+s (?:gata|väg|gränd|allé|stig|backe|torg|plan|plats))"
    r"[ \t]+(?:nr\.?[ \t]*)?\d{1,4}(?:[ \t]?[a-zA-Z])?\b(?![ \t]?-[ \t]?\d)(?![.:,]\d)",
    re.IGNORECASE,
)
_YEAR = re.compile(r"\b(?:19|20)\d{2}\b")  # Stortorget 2024 is no address
PROPERTY = re.compile(
    r"\b(?:kv\.?|kvarteret|fastigheten|fastighet|stg)[ \t]+[^\W\d_]+(?:[ \t][^\W\d_]+)?[ \t]+(?:s:)?\d{1,4}(?::\d{1,4})?\b",
    re.IGNORECASE,
)
PROPERTY_CELL = re.compile(r"^(?:[^\W\d_]+[ ])?[A-ZÅÄÖ][^\W\d_]+(?:[ ][^\W\d_]+)?[ ](?:S:)?(?!(?:19|20)\d\d:)\d{1,4}:\d{1,4}$")
VEHICLE = re.compile(
    r"\b(?:regnr|reg\.?[ \t]?nr\.?|registreringsnummer|registreringsskylt|bil(?:en)? med)"
    r"[ \t]*:?[ \t]*[a-hj-pr-uw-z]{3}[ \t]?\d{2}[0-9a-hj-pr-uw-z]\b",
    re.IGNORECASE,
)
PLATE = re.compile(r"^[A-HJ-PR-UW-Z]{3}[ ]?\d{2}[0-9A-HJ-PR-UW-Z]$")
_IP4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]|\.\d)")
_IP6 = re.compile(
    r"(?<![\w:.])(?:[0-9A-Fa-f]{1,4}:){2,7}(?::?[0-9A-Fa-f]{1,4}){1,7}(?![\w:])"
    r"|(?<![\w:.])[0-9A-Fa-f]{3,4}::(?:[0-9A-Fa-f]{1,4}:?)+(?![\w:])"
)
WGS84 = re.compile(r"(?<![\d.])(?:5[5-9]|6\d)[.,]\d{4,}°?[ \t]*[NO]?[ \t]*[,;/ ][ \t]*(?:1\d|2[0-5])[.,]\d{4,}(?!\d)")
METRES = re.compile(
    r"(?<![\d.])(?:6[1-9]|7[0-7])\d{5}(?:[.,]\d+)?[ \t]*[,;/ ][ \t]*(?:[2-9]\d{5}|1[2-9]\d{5})(?:[.,]\d+)?(?![\d])"
)
MOST_IN_VERSION = 32
"""Four numbers below it are a version or a paragraph (2.4.6.1), no IP address."""
_WORD = r"[^\W\d_]+(?:['’-][^\W\d_]+)*"
_WORDS = re.compile(rf"{_WORD}|[.,;:()\"”!?\n\d]+")
_CITED = re.compile(r"^[^\n]{0,80}?\(?(?:19|20)\d\d")
_CHECKSUM = re.compile(r"(?<![0-9A-Za-z])(?=(?:[0-9]*[a-f]){8})(?:[0-9a-f]{64}|[0-9a-f]{40})(?![0-9A-Za-z])")
"""A sha256 or a commit: digits within it are chance, and one in a thousand looks like a number of a person or a telephone."""
_NO_GIVEN = {
    "familjen",
    "firma",
    "hotell",
    "restaurang",
    "team",
    "bageri",
    "cafe",
    "brott",
    "prof",
    "professor",
    "dr",
    "av",
    "och",
}
"""Words that stand before a surname and are no given name."""
PARTICLES = {"von", "af", "van", "de", "der", "da", "al", "el", "bin", "abu"}


@dataclass(frozen=True)
class Hit:
    """Something in a text that may be personal: what it is, and the words themselves, which no message repeats."""

    kind: str
    words: str


def personal_in(text: str, *, names: bool = True) -> Iterator[Hit]:
    """Everything personal in a text of any length; cells may be joined by line breaks."""
    text = _CHECKSUM.sub("…", plain(text))
    for match in identity_numbers(text):
        yield Hit("an identity number", match[0])
    if "@" in text or "(at)" in text or "[at]" in text or "nabel" in text:
        yield from (
            Hit("an e-mail address", match[0]) for match in MAIL.finditer(text) if not _ROLE_MAIL.match(folded(match[0]))
        )
    yield from (Hit("a telephone number", match[0].strip()) for match in MOBILE.finditer(text))
    yield from (Hit("a street address", match[0]) for match in STREET.finditer(_YEAR.sub("", text)))
    yield from (Hit("a designation of a property", match[0]) for match in PROPERTY.finditer(text))
    yield from (Hit("a vehicle's registration number", match[0]) for match in VEHICLE.finditer(text))
    yield from (Hit("an IP address", match[0]) for match in _IP4.finditer(text) if _is_ip(match[0]))
    if "::" in text or text.count(":") > 6:  # noqa: PLR2004 -- the separators of a whole address
        yield from (Hit("an IP address", match[0]) for match in _IP6.finditer(text) if _is_ip(match[0]))
    for pattern in (WGS84, METRES):
        yield from (Hit("coordinates", match[0]) for match in pattern.finditer(text))
    if names:
        yield from (Hit("a person's name", words) for words in names_in(text))


def names_in(text: str) -> Iterator[str]:
    """Names of persons within a plain text: a common given name with a surname, in either order, or an initial with one.

    Not those that make a place (Gustav Adolfs torg) nor a cited author, whose name is followed by a year.
    """
    for line in text.split("\n"):
        words = [(match[0], match.start(), match.end()) for match in _WORDS.finditer(line)]
        for place, (word, start, _) in enumerate(words):
            if not word[0].isupper():
                continue
            end = _named(words, place)
            if end and not _is_place(words, end) and not _CITED.match(line[words[end][2] :]):
                yield line[start : words[end][2]]


def _named(words: list[tuple[str, int, int]], place: int) -> int:
    """Place of the last word of the name that begins here; 0 where none does."""
    word = words[place][0]
    here = folded(word)
    first = here.partition("_")[0]
    after = place + 1
    if after >= len(words):
        return 0
    initial = len(word) == 1 and words[after][0] == "."
    if initial:
        after += 1
    elif not is_given(first):
        following = words[after][0]
        alone = len(word) > 1 and following[0].isupper() and first not in PLACES and first not in _NO_GIVEN
        certain = alone and not is_surname(here) and is_only_surname(_bare(folded(following))) and following[-1] != "s"
        return after if certain else _surname_first(words, place)
    if is_given(first) or initial or len(word) == 1:
        for _ in range(3):
            if after >= len(words):
                return 0
            following = words[after][0]
            sign = folded(following)
            if (
                following[0].isupper()
                and len(following) > 1
                and (is_only_surname(_bare(sign)) or (is_given(first) and is_surname(_bare(sign))))
            ):
                return after
            dotted = len(following) == 1 and following[0].isupper()
            more = following == "." or dotted or sign in PARTICLES or is_given(sign.partition("_")[0])
            if not more:
                return 0
            after += 1
    return 0


def _surname_first(words: list[tuple[str, int, int]], place: int) -> int:
    """`Andersson, Anna`, `Andersson Anna` or an initial after a comma."""
    here = folded(words[place][0])
    after = place + 1
    comma = words[after][0] == ","
    if not (is_surname(here) if comma else is_common_surname(here)):
        return 0
    after += comma
    if after >= len(words):
        return 0
    following = words[after][0]
    if not following[0].isupper():
        return 0
    if is_given(folded(following).partition("_")[0]) and len(following) > 1:
        return after
    dotted = comma and len(following) == 1 and after + 1 < len(words) and words[after + 1][0].startswith(".")
    return after if dotted and is_only_surname(here) else 0


def _bare(sign: str) -> str:
    """A surname without the s of the genitive: Anders Perssons bil."""
    return sign[:-1] if sign.endswith("ssons") else sign


def _is_place(words: list[tuple[str, int, int]], end: int) -> bool:
    following = folded(words[end + 1][0]) if end + 1 < len(words) else ""
    return following in PLACES or folded(words[end][0]) in PLACES


def _is_ip(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv4Address) and max(address.packed) < MOST_IN_VERSION:
        return False
    return not (address.is_loopback or address.is_unspecified)
