"""How sure is the conclusion, and how strong is the design? Two fixed scales, each with the facts that decided."""

from __future__ import annotations

from utvardering.synthesis.case import Case, RuleRow, tried
from utvardering.synthesis.certainty_rules import CERTAINTY, CERTAINTY_RULES
from utvardering.synthesis.level_rules import LEVEL_RULES
from utvardering.synthesis.verdict_rules import GATE

_OF_PERSONS = ("no_lottery", "cluster_few")
"""Caps whose sentence speaks of areas, and has another for persons."""
_SENTENCES = {"no_estimate": "not_comparable"}
"""Levels whose reason is that of another row."""
_PERSONS_LEVELS = ("lottery", "adjusted", "comparable", "not_comparable")


def certainty(case: Case) -> tuple[str, tuple[str, ...], tuple[RuleRow, ...]]:
    """Certainty in four words: starts at high and is capped by each rule that holds; the lowest cap decides."""
    if case.verdict in GATE:
        key = "gate" if case.verdict == "not_interpretable" else "not_implemented"
        rows = tried(case, "certainty", CERTAINTY_RULES, ("closed",), first=True)
        return "very_low", (case.say("certainty", key),), rows
    held = [(rule, rule.hits(case)) for rule in CERTAINTY_RULES]
    held = [(rule, hits) for rule, hits in held if hits]
    level = min(("high", *(rule.gives for rule, _ in held)), key=CERTAINTY.index)
    why = [case.say("certainty", "start")]
    for rule, hits in held:
        said = f"{rule.name}_persons" if case.of_persons and rule.name in _OF_PERSONS else rule.name
        why += [case.say("certainty", said, **facts) for facts in hits]
    deciding = tuple(rule.name for rule, _ in held if rule.gives == level)
    return level, tuple(why), tried(case, "certainty", CERTAINTY_RULES, deciding, first=False)


def maryland_level(case: Case) -> tuple[int, tuple[str, ...], tuple[RuleRow, ...]]:
    """Level 1 to 5 of the Scientific Methods Scale (Farrington et al. 2002); the minimum numbers are the program's own."""
    rule, hits = next((rule, hits) for rule in LEVEL_RULES if (hits := rule.hits(case)))
    key = _SENTENCES.get(rule.name, rule.name)
    said = f"{key}_persons" if case.of_persons and key in _PERSONS_LEVELS else key
    why = (case.say("maryland", said, **hits[0]), case.say("maryland", "minima"))
    return int(rule.gives), why, tried(case, "maryland_level", LEVEL_RULES, (rule.name,), first=True)
