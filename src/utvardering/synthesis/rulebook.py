"""The rules as tables of Markdown, for `docs/verdict.md`: the same texts that every report prints.

`python -m utvardering.synthesis.rulebook` prints them.
"""

from __future__ import annotations

import sys

from utvardering.synthesis.case import Rule, rule_text
from utvardering.synthesis.certainty_rules import CERTAINTY_RULES
from utvardering.synthesis.level_rules import LEVEL_RULES
from utvardering.synthesis.verdict_rules import VERDICT_RULES
from utvardering.wording import say

BEGIN, END = "<!-- rules: begin -->", "<!-- rules: end -->"
PARTS = (
    ("Verdict", "verdict", VERDICT_RULES),
    ("Caps of certainty", "certainty", CERTAINTY_RULES),
    ("Levels of the Maryland scale", "level", LEVEL_RULES),
    ("Levels of the Maryland scale, persons", "level_persons", LEVEL_RULES),
)


def rulebook() -> str:
    """Every rule in its order: what it gives, in Swedish, its name in `rules.csv`, and when it holds."""
    return "\n\n".join(f"### {title}\n\n{_table(scale, rules)}" for title, scale, rules in PARTS) + "\n"


def _table(scale: str, rules: tuple[Rule, ...]) -> str:
    rows = [
        f"| `{rule.gives}` | {say('sv', 'rule_gives', rule.gives)} | {rule.name} | {rule_text(rule, scale, 'en')} |"
        for rule in rules
    ]
    return "\n".join(["| gives | in Swedish | rule | holds when |", "|---|---|---|---|", *rows])


if __name__ == "__main__":
    sys.stdout.write(rulebook())
