"""The pre-analysis plan: the plan's page with hypotheses, rules of the verdict, handling of deviations, data seen and the lock.

For a registry such as OSF, or an application for ethics review; what an author has written stays in the author's language.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from utvardering.study.page import study_page
from utvardering.study.wording import DASH, Wording, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from utvardering.study.model import Outcome, Study
    from utvardering.study.register import Lock

_SEEN = ("first", "last", "units", "cells")
_OWN_ESTIMAND = ("wdd", "interrupted", "adjusted")
"""Estimators that do not give the mean effect on the treated."""


def preanalysis_page(
    study: Study,
    language: str,
    lock: Lock | None = None,
    seen: Mapping[str, Mapping[str, object]] | None = None,
    facts: str = "",
) -> str:
    """The pre-analysis plan as a page of Markdown in Swedish (`sv`) or English (`en`).

    seen    outcome to first, last, units and cells of what is known before the start; from the lock where there is one
    facts   what stands behind the date of the lock, in the language of the page
    """
    say = Wording(language)
    shown = lock.seen if lock is not None else seen
    parts = (
        _hypotheses(study, say),
        _conclusions(study, say),
        _deviations(say),
        _seen(shown, say),
        _registration(lock, facts, say),
    )
    head = f"<!-- {say.line('head', 'preanalysis', id=study.id)} -->"
    blocks = [head, study_page(study, language=language).rstrip(), *(block for part in parts for block in part)]
    return "\n\n".join(blocks) + "\n"


def _hypotheses(study: Study, say: Wording) -> Iterator[str]:
    yield f"## {say.line('hypotheses', 'preanalysis')}"
    yield "\n".join(f"- {_hypothesis(outcome, say)}" for outcome in study.outcomes)
    secondary = [outcome for outcome in study.outcomes if outcome.role == "secondary"]
    if len(secondary) > 1:
        yield say.line("multiplicity", "preanalysis")
    plan = study.estimation
    if plan is not None:
        key = "estimand_own" if plan.estimator in _OWN_ESTIMAND else "estimand"
        yield say.line(key, "preanalysis", level=say.percent(plan.level), estimator=plan.estimator)


def _hypothesis(outcome: Outcome, say: Wording) -> str:
    key = "control" if outcome.role == "negative_control" else outcome.direction
    said = [say.line(f"hypothesis_{key}", "preanalysis", title=plain(outcome.title))]
    if outcome.smallest_effect is not None:
        said.append(say.line("smallest", "preanalysis", value=say.change(outcome.smallest_effect)))
    elif outcome.role == "primary":
        said.append(say.line("no_smallest", "preanalysis"))
    return " ".join(said)


def _conclusions(study: Study, say: Wording) -> Iterator[str]:
    yield f"## {say.line('conclusions', 'preanalysis')}"
    when = study.study.follow_up
    last = study.period.last if study.period else None
    if last is not None:
        yield say.line("last", "preanalysis", value=say.moment(last))
    if when is not None:
        yield say.line("when", "preanalysis", value=say.date(when))
    yield say.line("rules", "preanalysis")
    dose = say.percent(study.checks.min_delivered_dose)
    rules = ("not_implemented", "not_interpretable", "effect", "opposite", "no_effect", "uncertain")
    used = [rule for rule in rules if rule != "not_implemented" or study.data.dose]
    yield "\n".join(f"{place}. {say.line(f'rule_{rule}', 'preanalysis', dose=dose)}" for place, rule in enumerate(used, 1))
    yield say.line("certainty", "preanalysis")
    if study.is_replication:
        yield say.line("replication", "preanalysis")


def _deviations(say: Wording) -> Iterator[str]:
    yield f"## {say.line('deviations', 'preanalysis')}"
    yield say.line("deviations_text", "preanalysis")


def _seen(seen: Mapping[str, Mapping[str, object]] | None, say: Wording) -> Iterator[str]:
    yield f"## {say.line('seen', 'preanalysis')}"
    if not seen:
        yield say.line("seen_none", "preanalysis")
        return
    yield say.line("seen_text", "preanalysis")
    rows = [say.line("seen_header", "preanalysis"), "|---|---|---|---|---|"]
    rows += [f"| `{name}` | {' | '.join(str(one[key]) or DASH for key in _SEEN)} |" for name, one in seen.items()]
    yield "\n".join(rows)


def _registration(lock: Lock | None, facts: str, say: Wording) -> Iterator[str]:
    yield f"## {say.line('registration', 'preanalysis')}"
    if lock is None:
        yield say.line("not_locked", "preanalysis")
        return
    items = [
        say.line("locked_at", "preanalysis", value=f"{lock.registered_at:%Y-%m-%d %H:%M:%S} UTC"),
        say.line("plan_sha256", "preanalysis", value=lock.plan_sha256),
        say.line("data_sha256", "preanalysis", value=lock.data_sha256),
        say.line("lock_sha256", "preanalysis", value=lock.lock_sha256),
        say.line("version", "preanalysis", value=lock.program_version),
        say.line("commit", "preanalysis", value=f"`{lock.git_commit}`" if lock.git_commit else DASH),
    ]
    yield "\n".join(f"- {item}" for item in items)
    if facts:
        yield facts
