"""Which sections of a protocol are amendments, and what is wrong with those that are not?"""

from __future__ import annotations

import datetime as dt

import pytest

from utvardering.study.plan_values import Difference, shown
from utvardering.study.protocol import amendment_block, parse_amendments

PLAN = "0123456789abcdef"


def section(heading: str = "## Ändring 2026-03-01", body: str = "Enkäten uteblev.\n\nPlan: " + PLAN) -> str:
    return f"# Protokoll\n\n## Ändringar\n\nInga.\n\n{heading}\n\n{body}\n\n## Annat\n\nPlan: nej\n"


@pytest.mark.parametrize(
    "heading",
    [
        "## Ändring 2026-03-01",
        "### Ändring 2026-03-01",
        "## Amendment 2026-03-01",
        "## amendment: 2026-03-01 ##",
        "##  ÄNDRING  2026-03-01",
    ],
)
@pytest.mark.parametrize("line", [f"Plan: {PLAN}", f"- Plan: `{PLAN}`", f"**Plan**: {PLAN.upper()}", f"  plan :{PLAN}"])
def test_an_amendment_is_read(heading: str, line: str) -> None:
    found, problems = parse_amendments(
        section(heading, f"Enkäten uteblev.\nSå vi väntar.\n\n- `period.last`: 2024 → 2025\n\n{line}")
    )
    assert problems == []
    (one,) = found
    assert one.date == dt.date(2026, 3, 1)
    assert one.reason == "Enkäten uteblev. Så vi väntar."
    assert one.keys == ("period.last",)
    assert one.covers_plan(PLAN + "00")
    assert not one.covers_plan("00" + PLAN)
    assert not one.covers_data(PLAN)


DATE = "an amendment needs a date such as 2026-03-01, found "
REASON = "an amendment needs its reason: write a sentence under the heading"
DIGITS = "needs at least 12 hexadecimal digits of the hash, found "
GOOD = "## Ändring 2026-03-01"


@pytest.mark.parametrize(
    ("heading", "body", "key", "message"),
    [
        (GOOD, "Enkäten uteblev.\n\nPlan: 0123456789a", "protokoll.md: Plan", DIGITS + "0123456789a"),
        (GOOD, "Enkäten uteblev.\n\nPlan: planen", "protokoll.md: Plan", DIGITS + "planen"),
        (GOOD, "Enkäten uteblev.\n\nData: ", "protokoll.md: Data", DIGITS + "nothing"),
        ("## Ändring", f"Enkäten uteblev.\n\nPlan: {PLAN}", "protokoll.md", DATE + '""'),
        ("## Ändring 1 mars", f"Enkäten uteblev.\n\nPlan: {PLAN}", "protokoll.md", DATE + '"1 mars"'),
        ("## Ändring 2026-02-30", f"Enkäten uteblev.\n\nPlan: {PLAN}", "protokoll.md", DATE + '"2026-02-30"'),
        (GOOD, f"Plan: {PLAN}", "protokoll.md", REASON),
        (GOOD, f"Skriv här varför.\n\nPlan: {PLAN}", "protokoll.md", REASON),
        (GOOD, f"Write here why.\n\nPlan: {PLAN}", "protokoll.md", REASON),
        (GOOD, f" …\n- \nPlan: {PLAN}\n- `seed`: 1 → 2", "protokoll.md", REASON),
    ],
)
def test_what_is_wrong_is_told(heading: str, body: str, key: str, message: str) -> None:
    found, problems = parse_amendments(section(heading, body))
    assert found == ()
    assert [(problem.key, problem.message) for problem in problems] == [(key, message)]
    assert problems[0].line >= 7


@pytest.mark.parametrize(
    "text",
    [
        "",
        "## Ändringar\n\nInga.\n",
        "## Ändring av ljuset\n\nLamporna byttes i mars.\n",
        section("```\n## Ändring 2026-03-01", f"Skäl.\n\nPlan: {PLAN}\n```"),
        section("<!--\n## Ändring 2026-03-01", f"Skäl.\n\nPlan: {PLAN}\n-->"),
    ],
)
def test_what_is_no_amendment_is_left_alone(text: str) -> None:
    assert parse_amendments(text) == ((), [])


def test_they_come_in_the_order_of_their_dates() -> None:
    text = "".join(f"## Ändring {day}\n\nSkäl.\n\nPlan: {PLAN}\n" for day in ("2026-05-01", "2026-03-01", "2026-04-01"))
    assert [one.date.month for one in parse_amendments(text)[0]] == [3, 4, 5]


def test_the_block_to_paste_names_every_key_and_the_hash() -> None:
    changed = [Difference("checks.max_pretrend", 0.1, 0.25), Difference("estimation.also", ["did"], None)]
    assert amendment_block(changed, "en", dt.date(2026, 3, 1), plan="ab" * 32, data="cd" * 32) == (
        "## Amendment 2026-03-01\n\nWrite here why.\n\n- `checks.max_pretrend`: 0.1 → 0.25\n"
        '- `estimation.also`: ["did"] → not given\n\nPlan: abababababababab\nData: cdcdcdcdcdcdcdcd\n'
    )


def test_values_are_shown_as_a_study_file_writes_them() -> None:
    assert shown(value=True) == "true"
    assert shown([dt.date(2026, 3, 1), "å", 0.5]) == '[2026-03-01, "å", 0.5]'
    assert shown({"n": 3, "on": ["folkmangd"]}) == '{ n = 3, on = ["folkmangd"] }'
