"""What somebody put beside the computed verdict, certainty or level: said in words wherever these are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from utvardering.report.results import Outcome, Results
    from utvardering.report.texts import Texts


def sentence(results: Results, outcome: Outcome) -> str:
    """What stands beside, in place of what, and its date, role and reason; empty where nothing does."""
    found = results.judgement(outcome.id)
    computed = {"verdict": found.verdict, "certainty": found.certainty, "maryland_level": found.level}
    return words(found.override, computed, results.texts)


def words(override: Mapping[str, Any], computed: Mapping[str, Any], texts: Texts) -> str:
    """The sentence of an override as `verdict.toml` holds it, beside the computed values; empty where there is none."""
    if not override:
        return ""
    changed = [
        texts(f"override.{key}", new=_name(texts, key, override[key]), old=_name(texts, key, computed[key]))
        for key in ("verdict", "certainty", "maryland_level")
        if override.get(key) not in (None, "")
    ]
    by = texts("override.by", role=override["role"], organisation=override["organisation"]) if override["organisation"] else ""
    evidence = list(override.get("evidence", ()))
    rests = texts("override.evidence", list=", ".join(evidence)) if evidence else ""
    reason = str(override["reason"]).strip()
    said = texts(
        "override.sentence",
        list=texts.joined(changed),
        date=override["date"],
        by=by or str(override["role"]),
        reason=reason if reason[-1:] in ".!?" else f"{reason}.",
    )
    return f"{said} {rests}".strip()


def _name(texts: Texts, key: str, value: object) -> str:
    return str(value) if key == "maryland_level" else texts.name(key, str(value))


def stands(results: Results, outcome: Outcome) -> str:
    """The weaker of the computed verdict and the one beside it: what advice must not go beyond."""
    found = results.judgement(outcome.id)
    return str(found.override.get("verdict") or found.verdict)
