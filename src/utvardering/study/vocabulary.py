"""Which words may a study file use for its methods, and which Swedish words do authors write instead?"""

from __future__ import annotations

import difflib
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

KNOWN_ESTIMATORS = (
    "did",
    "event_study",
    "poisson_did",
    "staggered_did",
    "sun_abraham",
    "imputation",
    "poisson_staggered",
    "synthetic_control",
    "synthetic_did",
    "balanced_weights",
    "forecast_did",
    "wdd",
    "adjusted",
    "interrupted",
)
AVAILABLE_ESTIMATORS = (
    "did",
    "event_study",
    "poisson_did",
    "staggered_did",
    "sun_abraham",
    "imputation",
    "poisson_staggered",
    "synthetic_control",
    "synthetic_did",
    "balanced_weights",
    "forecast_did",
    "wdd",
    "adjusted",
    "interrupted",
)
INFERENCES = {
    "did": ("randomization", "cluster", "wild_bootstrap"),
    "event_study": ("randomization", "cluster"),
    "poisson_did": ("randomization", "cluster"),
    "staggered_did": ("randomization", "cluster"),
    "sun_abraham": ("randomization", "cluster"),
    "imputation": ("randomization", "cluster"),
    "poisson_staggered": ("randomization", "cluster"),
    "synthetic_control": ("randomization", "placebo", "jackknife"),
    "synthetic_did": ("randomization", "placebo", "jackknife"),
    "balanced_weights": ("randomization", "placebo"),
    "forecast_did": ("randomization",),
    "wdd": ("randomization", "analytic"),
    "adjusted": ("randomization", "cluster", "wild_bootstrap", "analytic"),
    "interrupted": ("analytic",),
}
"""Inference that each estimator has, the default first; `permutation` is another word for `randomization`."""
FOR_COUNTS = {"poisson_did": "did", "poisson_staggered": "staggered_did", "wdd": "did"}
"""Estimators that need counts, and the one that takes their place on another kind of outcome."""

SYNONYMS = {
    "alla": "all",
    "andel": "share",
    "andra": "other",
    "annat": "other",
    "annan": "other",
    "antal": "count",
    "ar": "year",
    "bada": "both",
    "brottslighet": "brott",
    "crime": "brott",
    "disorder": "ordning",
    "engang": "once",
    "engelska": "en",
    "english": "en",
    "extern": "external",
    "frekvens": "rate",
    "genomforande": "process",
    "handelser": "events",
    "individer": "individuals",
    "ingen": "none",
    "inga": "none",
    "intern": "internal",
    "kamerabevakning": "kamera",
    "kameror": "kamera",
    "kluster": "cluster",
    "kommuner": "areas",
    "kvartal": "quarter",
    "kvot": "rate",
    "lampor": "belysning",
    "lottning": "lottery",
    "lotteri": "lottery",
    "manad": "month",
    "manadsvis": "month",
    "medel": "mean",
    "medelvarde": "mean",
    "minska": "decrease",
    "minskning": "decrease",
    "narmaste": "nearest",
    "negativ_kontroll": "negative_control",
    "oka": "increase",
    "okning": "increase",
    "omraden": "areas",
    "ordningsvakt": "ordningsvakter",
    "permutationstest": "permutation",
    "personer": "persons",
    "primar": "primary",
    "procent": "share",
    "publicerad": "published",
    "randomisering": "randomization",
    "registrerad": "registered",
    "safety": "trygghet",
    "sekundar": "secondary",
    "serie": "series",
    "situationell": "situational",
    "skolor": "skola",
    "svenska": "sv",
    "swedish": "sv",
    "takt": "rate",
    "tidsserie": "series",
    "trygghetsvard": "trygghetsvardar",
    "utkast": "draft",
    "vald": "chosen",
    "valda": "chosen",
    "vecka": "week",
    "dokument": "document",
    "enkat": "survey",
    "forbattring": "improvement",
    "framgang": "success",
    "framgangsfaktor": "success",
    "intervju": "interview",
    "intervjuer": "interview",
    "operativ": "operational",
    "strategisk": "strategic",
    "taktisk": "tactical",
}
"""A Swedish (or everyday) word, folded, to the word of the study file."""

KEY_SYNONYMS = {
    "atgard": "measure",
    "behandlade": "treated",
    "behandlad": "treated",
    "belopp": "amount",
    "beskrivning": "description",
    "enhet": "unit",
    "enheter": "units",
    "etik": "ethics",
    "exponering": "exposure",
    "forfattare": "authors",
    "fil": "file",
    "fraga": "question",
    "forsta": "first",
    "fro": "seed",
    "grannar": "neighbours",
    "jamforelse": "comparison",
    "kalla": "source",
    "kolumn": "column",
    "kontroll": "comparison",
    "kontroller": "checks",
    "kostnad": "cost",
    "mekanism": "mechanism",
    "metod": "estimator",
    "namn": "name",
    "niva": "level",
    "outcome": "outcomes",
    "rapport": "report",
    "regel": "rule",
    "riktning": "direction",
    "roll": "role",
    "sista": "last",
    "sjalvstandighet": "independence",
    "skattning": "estimation",
    "slut": "end",
    "sprak": "language",
    "studie": "study",
    "syfte": "aim",
    "titel": "title",
    "typ": "kind",
    "uppfoljning": "follow_up",
    "utfall": "outcomes",
    "utfallsmatt": "outcomes",
    "vikter": "weights",
    "valuta": "currency",
    "ankare": "anchors",
    "avgjort": "settled",
    "bedomare": "assessor",
    "bedomning": "assessment",
    "betyg": "grade",
    "datum": "date",
    "faktor": "factor",
    "kriterier": "criteria",
    "kriterium": "criterion",
    "lagrum": "paragraph",
    "mottagare": "addressee",
    "underlag": "evidence",
}
"""A Swedish key, folded, to the key of the study file."""

DOI = r"^(10\.\d{4,9}/\S+)?$"
"""What a digital object identifier looks like, or nothing."""
MONTHS = ("jan", "feb", "mar", "apr", "maj", "jun", "jul", "aug", "sep", "okt", "nov", "dec")

YES = frozenset({"ja", "j", "sant", "sann", "true", "yes", "y", "on", "pa", "1"})
NO = frozenset({"nej", "n", "falskt", "falsk", "false", "no", "off", "av", "0"})


def fold(word: str) -> str:
    """Lower case without accents, with `_` between words: `Negativ kontroll` is `negativ_kontroll`."""
    plain = unicodedata.normalize("NFKD", word.strip().lower())
    return "_".join("".join(char for char in plain if not unicodedata.combining(char)).replace("-", " ").split())


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """The choice that `word` probably meant, or None."""
    by_fold = {fold(choice): choice for choice in choices}
    folded = fold(word)
    if folded in by_fold:
        return by_fold[folded]
    meant = SYNONYMS.get(folded)
    if meant in by_fold:
        return by_fold[meant]
    near = difflib.get_close_matches(folded, by_fold, n=1, cutoff=0.7)
    return by_fold[near[0]] if near else None


def nearest_key(word: str, keys: Iterable[str]) -> str | None:
    """The key that an unknown key probably meant, or None."""
    keys = list(keys)
    meant = KEY_SYNONYMS.get(fold(word))
    return meant if meant in keys else nearest(word, keys)


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """` Did you mean "…"?`, with the blank before it, or nothing."""
    near = nearest(word, choices)
    return f' Did you mean "{near}"?' if near else ""
