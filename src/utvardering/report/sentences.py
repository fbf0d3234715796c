"""What may be said in plain words: the verdict with its number, the strip of key facts, and what it means for the municipality.

No sentence here is built from an estimate that may not be interpreted.
"""

from __future__ import annotations

import math

import pandas as pd

from utvardering.report import beside, cost
from utvardering.report.captions import level
from utvardering.report.results import Outcome, Results
from utvardering.report.texts import lower_first, per_year, upper_first

READ = ("effect", "effect_opposite", "no_effect_of_interest", "uncertain")
"""Verdicts under which the planned estimate may be read."""
FULL_DOSE = 0.9
"""Delivered share from which the measure counts as carried out as planned."""
THOUSAND = 1000
PLACES = 4
"""Decimals of a replicated number."""
YEARS = {"week": 52, "month": 12, "quarter": 4, "year": 1}


def is_replication(results: Results) -> bool:
    """Whether the verdict concerns a published number only."""
    return bool(results.replication)


def verdict_name(results: Results, outcome: Outcome) -> str:
    """The verdict in words; for a replication whether the number was reproduced."""
    texts = results.texts
    if is_replication(results) and outcome is results.primary and (found := results.reproduced()):
        return texts("verdict.reproduced" if found.same else "verdict.not_reproduced")
    return texts.name("verdict", results.judgement(outcome.id).verdict)


def size(results: Results, value: float, *, bare: bool = False) -> str:
    """An effect in percent: 22 % lägre; bare: 22 %."""
    texts = results.texts
    said = texts.percent(abs(value), 0 if abs(value) >= 10 else 1)  # noqa: PLR2004 -- a decimal where one digit is not enough
    if bare:
        return said
    if not said.strip("0,.%\u00a0 "):
        return texts("words.same")
    return texts("words.lower" if value < 0 else "words.higher", x=said)


def span(results: Results, low: float, high: float, *, bare: bool = False) -> str:
    """An interval of effects in percent: 13 till 30 % lägre, or 5 % lägre till 3 % högre; the nearest to zero first."""
    texts = results.texts
    if low < 0 < high or low == 0 or high == 0:
        return texts("words.range", low=size(results, low), high=size(results, high))
    near, far = sorted((low, high), key=abs)
    digits = 0 if abs(near) >= 10 else 1  # noqa: PLR2004 -- as in size
    said = texts("words.range", low=texts.number(abs(near), digits), high=texts.percent(abs(far), digits))
    return said if bare else texts("words.lower" if high < 0 else "words.higher", x=said)


def units_span(results: Results, low: float, high: float) -> str:
    """An interval of events: 168 till 485 färre, or 20 färre till 31 fler."""
    texts = results.texts
    if low < 0 < high or round(low) == 0 or round(high) == 0:
        return texts("words.range", low=units(results, low), high=units(results, high))
    near, far = sorted((low, high), key=abs)
    said = texts.number_range(abs(near), abs(far))
    return texts("words.fewer" if high < 0 else "words.more", x=said)


def units(results: Results, value: float) -> str:
    """Events fewer or more: 327 färre."""
    texts = results.texts
    return texts("words.fewer" if value < 0 else "words.more", x=texts.number(abs(value)))


def interval(results: Results, said: str) -> str:
    """An interval with its level before it."""
    return results.texts("words.interval", level=level(results), range=said)


def verdict_sentence(results: Results, outcome: Outcome) -> str:
    """The one sentence that a reader takes away, with its number and its interval where these may be read."""
    texts = results.texts
    if is_replication(results) and outcome is results.primary:
        return _replication(results)
    verdict = results.judgement(outcome.id).verdict
    row = results.planned(outcome.id)
    if verdict not in READ or row is None:
        return texts(f"summary.{verdict}", title=outcome.title)
    value, low, high = (float(row[f"effect_percent{end}"]) for end in ("", "_low", "_high"))
    sure = verdict in {"effect", "effect_opposite"}
    smallest = texts.percent(abs(100 * outcome.smallest_effect)) if outcome.smallest_effect else texts("word.none")
    return texts(
        f"summary.{verdict}",
        title=outcome.title,
        verb=texts("words.fell" if value < 0 else "words.rose"),
        value=size(results, value, bare=sure),
        interval=interval(results, span(results, low, high, bare=sure)),
        smallest=smallest,
    )


def _replication(results: Results) -> str:
    texts = results.texts
    found = results.reproduced()
    if found is None:
        return texts("summary.replication_unknown", work=results.replication)
    facts = {
        "work": results.replication,
        "found": on_scale(results, found.here),
        "expected": texts.number(found.stated, PLACES),
        "source": found.source,
    }
    same = found.same
    return texts("summary.reproduced" if same else "summary.not_reproduced", **facts)


def on_scale(results: Results, value: float) -> str:
    """A replicated number with the scale that it is on."""
    row, said = results.planned(results.primary.id), results.texts.number(value, PLACES)
    return results.texts("words.log", x=said) if row is not None and row["scale"] == "log_ratio" else said


def frequency(results: Results, outcome: Outcome) -> list[str]:
    """The same effect in events or in persons of a hundred; nothing where the estimate may not be read."""
    texts, row = results.texts, results.planned(outcome.id)
    if row is None or results.judgement(outcome.id).verdict not in READ or is_replication(results):
        return []
    percent, change = float(row["effect_percent"]), float(row["effect_units"])
    if outcome.kind == "share" and percent and math.isfinite(percent) and row["scale"] == "difference":
        expected = float(row["estimate"]) / (percent / 100)
        hundred = {"observed": expected + float(row["estimate"]), "expected": expected}
        return [
            texts("summary.share", **{name: texts("words.of_hundred", x=texts.number(100 * x)) for name, x in hundred.items()})
        ]
    if not outcome.is_count or not math.isfinite(change) or not percent:
        return []
    expected = change / (percent / 100)
    common = len(set(results.figures.get("starts", []))) == 1
    said = units_span(results, float(row["effect_units_low"]), float(row["effect_units_high"]))
    lines = [
        texts(
            "summary.count" if common else "summary.count_open",
            units=units(results, change),
            interval=interval(results, said),
            observed=texts.number(expected + change),
            expected=texts.number(expected),
            length=texts.length(int(row["n_periods_after"]), outcome.unit),
        )
    ]
    people = results.inhabitants()
    if common and outcome is results.primary and math.isfinite(people):
        years = int(row["n_periods_after"]) / per_year(outcome.unit)
        rates = {name: THOUSAND * x / people / years for name, x in (("observed", expected + change), ("expected", expected))}
        digits = 0 if rates["expected"] >= 20 else 1  # noqa: PLR2004 -- where whole numbers would hide the difference
        lines.append(texts("summary.per_inhabitants", **{name: texts.number(rate, digits) for name, rate in rates.items()}))
    return lines


def certainty_sentence(results: Results) -> str:
    """How sure, in a word and as a step of four."""
    found = results.judgement(results.primary.id)
    return results.texts("summary.certainty", word=results.texts.name("certainty", found.certainty), step=found.step)


def summary(results: Results) -> list[str]:
    """The paragraphs of the summary."""
    texts, outcome = results.texts, results.primary
    found = results.judgement(outcome.id)
    first = [verdict_sentence(results, outcome), *frequency(results, outcome)]
    if is_replication(results):
        return [" ".join(first), f"{texts('summary.replication_about')} {certainty_sentence(results)}"]
    second = [certainty_sentence(results)]
    told = beside.sentence(results, outcome)
    if found.verdict in {"not_interpretable", "not_implemented"} and found.reasons.get("verdict"):
        second.insert(0, found.reasons["verdict"][0])
    if found.verdict in {"effect", "effect_opposite"} and _power_failed(results):
        second.append(texts("summary.exaggerated"))
    if outcome.is_reported_crime:
        second.append(texts("summary.reported"))
    others = other_aims(results)
    return [part for part in (" ".join(first), " ".join(second), told, " ".join(others)) if part]


def _power_failed(results: Results) -> bool:
    checks = results.tables["checks"]
    return bool(((checks["check"] == "power") & (checks["verdict"] == "fail")).any())


def other_aims(results: Results) -> list[str]:
    """A sentence for each outcome of another aim than the primary one: one aim never stands for another."""
    texts, primary = results.texts, results.primary
    lines = []
    for one in results.outcomes:
        if one.aim == primary.aim or one.role == "negative_control":
            continue
        row = results.planned(one.id)
        facts = {"aim_title": texts(f"aim_title.{one.aim}"), "title": one.title, "verdict": verdict_name(results, one)}
        if row is None or results.judgement(one.id).verdict not in READ:
            lines.append(f"{texts('summary.other', **facts)} {beside.sentence(results, one)}".strip())
            continue
        value, low, high = (float(row[f"effect_percent{end}"]) for end in ("", "_low", "_high"))
        said = interval(results, span(results, low, high, bare=low * high > 0))
        told = texts("summary.other_size", value=size(results, value), interval=said, **facts)
        lines.append(f"{told} {beside.sentence(results, one)}".strip())
    return lines


def strip(results: Results) -> list[tuple[str, str]]:
    """Effect, certainty, cost, time to effect and delivery: term and description."""
    texts, outcome = results.texts, results.primary
    found, row = results.judgement(outcome.id), results.planned(outcome.id)
    if is_replication(results) and (same := results.reproduced()):
        effect = texts("strip.replication", found=on_scale(results, same.here), verdict=verdict_name(results, outcome))
    elif found.verdict in READ and row is not None:
        value, low, high = (float(row[f"effect_percent{end}"]) for end in ("", "_low", "_high"))
        said = span(results, low, high, bare=low * high > 0)
        effect = texts("strip.effect_value", value=size(results, value), range=said, verdict=verdict_name(results, outcome))
    else:
        effect = f"{texts('strip.not_said')}, {verdict_name(results, outcome)}"
    certainty = texts("strip.certainty_value", step=found.step, word=texts.name("certainty", found.certainty))
    facts = [("effect", effect), ("certainty", certainty), ("cost", cost.short(results))]
    if not is_replication(results):
        facts += [] if results.is_of_persons else [("time", time_to_effect(results))]
        facts.append(("done", carried_out(results)))
    return [(texts(f"strip.{key}"), said) for key, said in facts]


def time_to_effect(results: Results) -> str:
    """The first year from the start whose mean effect is at least half of the planned estimate, on the same side."""
    texts, outcome = results.texts, results.primary
    row, events = results.planned(outcome.id), _events(results, outcome)
    if results.judgement(outcome.id).verdict not in {"effect", "effect_opposite"} or row is None:
        return texts("strip.time_not")
    if outcome.unit not in YEARS or events is None:
        return texts("word.none")
    after = events[events["period_from_start"] >= 0]
    means = after.groupby(after["period_from_start"] // YEARS[outcome.unit])["value"].mean()
    half = float(row["effect_percent"]) / 2
    year = next((int(k) + 1 for k, mean in means.items() if mean / half >= 1), None)
    if year is None:
        return texts("strip.time_none")
    return texts("strip.time_first") if year == 1 else texts("strip.time_year", year=year)


def _events(results: Results, outcome: Outcome) -> pd.DataFrame | None:
    from utvardering.report.chart_data import event_study  # noqa: PLC0415 -- captions and charts stand on sentences too

    events = event_study(results, outcome)
    return events if len(events) else None


def carried_out(results: Results) -> str:
    """Whether the measure was carried out as planned, by the delivered share of the hours."""
    texts, share = results.texts, results.dose_share()
    if math.isnan(share):
        return texts("strip.done_unknown")
    limit = float(results.setting("checks", "min_delivered_dose", 0.5))
    key = "done_yes" if share >= FULL_DOSE else "done_partly" if share >= limit else "done_no"
    return texts(f"strip.{key}", share=texts.percent(100 * share))


def meaning(results: Results) -> tuple[str, list[str], list[str]]:
    """What it means for the municipality: an introduction, advice by verdict, and what the certainty adds."""
    texts = results.texts
    found = results.judgement(results.primary.id)
    name = verdict_name(results, results.primary)
    intro = texts("meaning.intro", verdict=name, certainty=texts.name("certainty", found.certainty))
    told = beside.sentence(results, results.primary)
    stands = beside.stands(results, results.primary)
    weak = stands == "effect" and bool({"low", "very_low"} & {found.certainty, found.override.get("certainty", "")})
    advice = texts.raw("meaning.replication" if is_replication(results) else f"meaning.{stands}{'_low' * weak}")
    after = [texts("meaning.certainty_replication" if is_replication(results) else f"meaning.certainty_{found.certainty}")]
    if results.study["study"].get("follow_up"):
        after.append(texts("meaning.follow_up", date=results.study["study"]["follow_up"]))
    return (f"{intro} {told}" if told else intro), list(advice), after


def limits(results: Results) -> list[str]:
    """The limits of the study in plain words, each by a fixed rule."""
    texts, outcome = results.texts, results.primary
    checks, row = results.tables["checks"], results.planned(outcome.id)
    lines = [texts("limits.simulated")] if results.is_simulated else []
    lines += [
        f"{texts(f'limits.check_{check.verdict}', check=texts.name('name', check.check))} {str(check.text).strip()}"
        for check in checks[checks["verdict"].isin(["fail", "not_evaluated"])].itertuples()
    ]
    if outcome.is_reported_crime:
        lines.append(texts("limits.reported"))
    if results.measure.get("assignment", "chosen") != "lottery":
        lines.append(texts("limits.not_lottery"))
    few = 5
    if row is not None and row["n_treated"] < few:
        n = int(row["n_treated"])
        lines.append(texts("limits.few", n=texts("moderators.area_one") if n == 1 else texts("moderators.area_many", n=n)))
    if listed := results.measure.get("concurrent"):
        lines.append(texts("limits.concurrent", list=texts.joined([lower_first(one).rstrip(".") for one in listed])))
    if results.robustness("displacement").empty and not results.is_of_persons:
        lines.append(texts("limits.no_neighbours"))
    if math.isnan(results.dose_share()):
        lines.append(texts("limits.no_dose"))
    if outcome.aim == "brott":
        lines.append(texts("limits.brott_not_trygghet"))
    return [*lines, texts("limits.one_study")]


def what_would_change(results: Results) -> str:
    """What would change the conclusion."""
    outcome = results.primary
    verdict = "replication" if is_replication(results) else results.judgement(outcome.id).verdict
    smallest = abs(100 * outcome.smallest_effect) if outcome.smallest_effect else float("nan")
    return results.texts(f"change.{verdict}", smallest=results.texts.percent(smallest))


def registration(results: Results) -> str:
    """Whether and when the plan was locked."""
    texts, about = results.texts, results.study["study"]
    if said := results.registration.get("summary"):
        return str(said)
    date = str(results.lock.get("registered_at", ""))[:10]
    lines = [texts("plan.registered", date=date) if date else texts("plan.not_registered")]
    return " ".join([*lines, *([texts("plan.retrospective")] if about.get("retrospective") else [])])


def proofs(results: Results) -> list[str]:
    """What stands behind the date of a lock, what is left open, what no lock can show, and its checksums; for a locked plan."""
    texts, facts = results.texts, results.registration
    if not facts.get("registered_at"):
        return []
    found = [str(one["statement"]) for one in facts.get("proofs", [])]
    told = [texts("plan.proofs") + "\n\n" + "\n".join(f"- {one}" for one in found)] if found else [texts("plan.no_proofs")]
    doubts = "\n".join(f"- {one}" for one in facts.get("doubts", []))
    sums = [
        texts("plan.sums", plan=str(facts["plan_sha256"])[:12], data=str(facts["data_sha256"])[:12]),
        texts("plan.program", version=facts["program_version"]),
    ]
    return [*told, *([doubts] if doubts else []), str(facts.get("limits", "")), " ".join(sums)]


def deviations(results: Results) -> list[str]:
    """Where plan or data are not those that were locked, and where what was done differs from the plan."""
    lines = [*amended(results), *_not_done(results)]
    lines = lines or [results.texts("plan.none")]
    return lines if results.registration.get("registered_at") or results.lock else [*lines, results.texts("plan.unlocked")]


def amended(results: Results) -> list[str]:
    """What was changed after the plan was locked, each with its date and reason."""
    path = results.folder / "deviations.csv"
    if not path.is_file():
        return []
    return [str(text) for text in pd.read_csv(path, dtype=str, keep_default_na=False)["text"]]


def _not_done(results: Results) -> list[str]:
    """Where what was done differs from the plan, as far as the files show it."""
    texts = results.texts
    planned = str(results.setting("estimation", "estimator", ""))
    lines = []
    for outcome in results.outcomes:
        row = results.planned(outcome.id)
        if row is None:
            lines.append(texts("plan.no_estimate", title=outcome.title))
        elif row["estimator"] != planned:
            name = texts.name("estimator", row["estimator"])
            lines.append(texts("plan.other_estimator", title=outcome.title, estimator=name))
        used = set(results.estimates(outcome.id)["estimator"])
        missing = [name for name in results.setting("estimation", "also", []) if name not in used]
        if outcome is results.primary:
            lines += [
                texts("plan.not_used", estimator=upper_first(texts.name("estimator", name)), title=lower_first(outcome.title))
                for name in missing
            ]
    return lines
