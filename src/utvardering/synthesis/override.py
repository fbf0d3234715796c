"""May somebody put another verdict beside the one of the rules? Only a weaker one, or one step of a scale with good reason.

What the rules give is never changed by it: it stands where it stood, and the override beside it with date, role and reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from utvardering.errors import Problem
from utvardering.process.assess import ProcessAssessment
from utvardering.process.model import Override
from utvardering.process.override import Placed, refused
from utvardering.study.model import Study
from utvardering.synthesis.certainty_rules import CERTAINTY
from utvardering.synthesis.verdict_rules import CLAIMS, GATE

AT_MOST = {"uncertain": "low", "not_interpretable": "very_low", "not_implemented": "very_low"}
"""The certainty that the rules allow at most with a verdict that somebody puts in place of a stronger one."""
Computed = tuple[str, str, int]
"""Verdict, certainty and level by the rules."""


@dataclass(frozen=True)
class Overriding:
    """What stands beside the computed values, None where nothing does: when, by which role, and why."""

    verdict: str | None
    certainty: str | None
    maryland_level: int | None
    date: str
    role: str
    organisation: str
    reason: str
    evidence: tuple[str, ...]

    def in_short(self) -> str:
        """One line: what stands beside, when, by which role and why."""
        values = (
            self.verdict,
            self.certainty and f"certainty {self.certainty}",
            self.maryland_level and f"level {self.maryland_level}",
        )
        signed = ", ".join(part for part in (self.date, self.role, self.organisation) if part)
        return f"{', '.join(value for value in values if value)} ({signed}): {self.reason}"

    def plain(self) -> dict[str, Any]:
        """As `verdict.toml` holds it."""
        values = {"verdict": self.verdict, "certainty": self.certainty, "maryland_level": self.maryland_level}
        signed = {"date": self.date, "role": self.role, "organisation": self.organisation, "reason": self.reason}
        return {**{key: value for key, value in values.items() if value is not None}, **signed, "evidence": list(self.evidence)}


def overriding(study: Study, process: ProcessAssessment | None, computed: dict[str, Computed]) -> dict[str, Overriding]:
    """Outcome to what stands beside its computed values; a StudyError lists every override that is none or is not allowed."""
    beside, wrong = {}, []
    for one in () if process is None else process.overrides:
        name = one.said.outcome or study.primary.id
        wrong += [(one, problem) for problem in _problems(one, computed[name])]
        beside[name] = _beside(one.said, computed[name])
    if wrong:
        raise refused(wrong)
    return beside


def allowed_verdicts(verdict: str) -> tuple[str, ...]:
    """The verdicts that may stand beside one: weaker ones, and of a closed gate the other closed one."""
    weaker = ("uncertain", *GATE) if verdict in CLAIMS else GATE
    return tuple(name for name in weaker if name != verdict)


def _problems(one: Placed, computed: Computed) -> list[Problem]:
    said, (verdict, certainty, level) = one.said, computed
    found = []
    for key, now in (("verdict", verdict), ("certainty", certainty), ("maryland_level", level)):
        new = getattr(said, key)
        if new is not None and new == now:
            text = f"is {_show(now)}, which the rules give already, so it is not an override; take {key} away"
            found.append(one.problem(key, text))
    if said.verdict and said.verdict != verdict and said.verdict not in allowed_verdicts(verdict):
        found.append(one.problem("verdict", _refused_verdict(said.verdict, verdict)))
    if said.certainty and said.certainty != certainty:
        found += _certainty_problems(one, verdict, certainty)
    if said.maryland_level is not None and said.maryland_level > level:
        found += _raised(one, "maryland_level", said.maryland_level - level, level, level + 1)
    return found


def _refused_verdict(new: str, now: str) -> str:
    allowed = " or ".join(_show(name) for name in allowed_verdicts(now))
    if now in GATE:
        why = "an override never opens a closed gate"
    else:
        why = "an override may weaken what the rules give, never claim what they do not"
    return f"is {_show(new)}, but the rules give {_show(now)}, and {why}; write {allowed}, or take verdict away"


def _certainty_problems(one: Placed, verdict: str, certainty: str) -> list[Problem]:
    new = one.said.certainty or certainty
    stands = one.said.verdict or verdict
    most = AT_MOST.get(stands, "high")
    if CERTAINTY.index(new) > CERTAINTY.index(most):
        allowed = f"the rules allow at most {_show(most)}; write that, or less"
        text = f"is {_show(new)}, but with the verdict {_show(stands)} {allowed}"
        return [one.problem("certainty", text)]
    steps = CERTAINTY.index(new) - CERTAINTY.index(certainty)
    return _raised(one, "certainty", steps, certainty, CERTAINTY[CERTAINTY.index(certainty) + 1]) if steps > 0 else []


def _raised(one: Placed, key: str, steps: int, now: str | int, most: str | int) -> list[Problem]:
    """What is wrong with a value above that of the rules."""
    new, found = getattr(one.said, key), []
    if steps > 1:
        allowed = f"at most one is allowed: {_show(most)}"
        found.append(f"is {_show(new)}, {steps} steps above {_show(now)}, which the rules give; {allowed}")
    lacking = [name for name in ("evidence", "organisation") if not getattr(one.said, name)]
    if lacking:
        ask = {"evidence": 'evidence = ["d1"]', "organisation": 'organisation = "Exempelstads högskola"'}
        text = f"raises {_show(now)}, which the rules give: that needs what it rests on and who stands behind it"
        found.append(f"{text}; write also {' and '.join(ask[name] for name in lacking)}")
    return [one.problem(key, text) for text in found]


def _show(value: str | int) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def _beside(said: Override, computed: Computed) -> Overriding:
    """What stands beside; a weaker verdict takes its certainty down with it."""
    certainty: str | None = said.certainty
    if said.verdict and certainty is None:
        lowered = min(computed[1], AT_MOST.get(said.verdict, "high"), key=CERTAINTY.index)
        certainty = None if lowered == computed[1] else lowered
    return Overriding(
        verdict=said.verdict,
        certainty=certainty,
        maryland_level=said.maryland_level,
        date=said.date.isoformat(),
        role=said.role,
        organisation=said.organisation,
        reason=said.reason,
        evidence=said.evidence,
    )
