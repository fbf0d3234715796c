"""Can the study give an answer? What is said before the start, by fixed rules from the files of `design`."""

from __future__ import annotations

import math

from utvardering.report import design_data, sentences
from utvardering.report.results import Outcome, Results
from utvardering.report.texts import lower_first, upper_first

MANY = 0.5
"""An effect above this is larger than measures of this kind can be expected to have; the plan then cannot answer."""


def answer(results: Results) -> str:
    """yes, large_only, no, false_alarms or unknown: whether the plan can answer its question."""
    smallest = design_data.smallest_detectable(results, results.primary)
    if math.isnan(smallest):
        return "unknown"
    if false_alarms(results) == "fail":
        return "false_alarms"
    if math.isinf(smallest) or smallest > MANY:
        return "no"
    return "yes" if smallest <= wanted(results) else "large_only"


def wanted(results: Results) -> float:
    """The effect that the plan is to find, as a positive share: the smallest of interest, else the limit of the plan."""
    if results.primary.smallest_effect:
        return abs(results.primary.smallest_effect)
    return float(results.setting("checks", "max_detectable_effect", 0.25))


def false_alarms(results: Results) -> str:
    """Verdict on the false-positive rate of the planned analysis; empty text where it was not tried."""
    rows = design_data.planned_rows(results, "false_positives", results.primary)
    return str(rows["verdict"].iloc[0]) if len(rows) else ""


def direction(outcome: Outcome) -> str:
    """Whether the plan hopes for a fall or a rise: the name of a word."""
    return "rise" if outcome.direction == "increase" else "fall" if outcome.direction == "decrease" else "change"


def answer_sentence(results: Results) -> str:
    """The one sentence that a coordinator takes away, with its numbers."""
    texts, outcome = results.texts, results.primary
    key = answer(results)
    smallest = design_data.smallest_detectable(results, outcome)
    rows = design_data.planned_rows(results, "false_positives", outcome)
    facts = {
        "size": texts("design.size", areas=areas(results), time=follow_up(results)),
        "change": texts(f"design.{direction(outcome)}"),
        "smallest": texts.percent(100 * smallest) if math.isfinite(smallest) else "",
        "wanted": texts.percent(100 * wanted(results)),
        "most": texts.percent(100 * MANY),
        "title": lower_first(outcome.title),
        "rate": texts.percent(100 * float(rows["rate"].iloc[0])) if len(rows) else "",
        "limit": texts.percent(100 * float(rows["limit"].iloc[0])) if len(rows) else "",
    }
    return texts(f"design.answer_{key}", **facts)


def areas(results: Results) -> str:
    """How many areas get the measure: 2 områden."""
    texts, (count, _) = results.texts, design_data.plan_size(results)
    count = count or len(results.study.get("treated", []))
    return texts("moderators.area_one") if count == 1 else texts("moderators.area_many", n=texts.number(count))


def follow_up(results: Results) -> str:
    """How long the follow-up is: 20 månader."""
    return results.texts.length(design_data.plan_size(results)[1], results.primary.unit)


def summary(results: Results) -> list[str]:
    """The paragraphs of the callout: the answer, the chance at the smallest effect of interest, the plan's state."""
    texts, outcome = results.texts, results.primary
    lines = [answer_sentence(results)]
    chance = design_data.power_at(results, outcome, wanted(results))
    if math.isfinite(chance) and outcome.smallest_effect:
        of_hundred = texts("words.of_hundred", x=texts.number(math.floor(100 * chance)))
        lines.append(texts("design.chance", wanted=texts.percent(100 * wanted(results)), count=of_hundred))
    begins = texts("design.begins", start=start(results)) if start(results) else ""
    return [" ".join(lines), " ".join(part for part in (begins, texts("design.unseen")) if part)]


def start(results: Results) -> str:
    """The first start that the plan names."""
    named = [str(one["start"]) for one in results.study.get("treated", []) if "start" in one]
    return min(named, default="")


def strip(results: Results) -> list[tuple[str, str]]:
    """Smallest detectable change, false alarms, start, follow-up, state of the plan: term and description."""
    texts, outcome = results.texts, results.primary
    smallest = design_data.smallest_detectable(results, outcome)
    rows = design_data.planned_rows(results, "false_positives", outcome)
    facts = []
    if not math.isnan(smallest):
        said = texts("design.strip_none") if math.isinf(smallest) else f"**{texts.percent(100 * smallest)}**"
        facts.append(("detectable", said))
    if len(rows):
        facts.append(("alarms", texts("design.strip_rate", rate=texts.percent(100 * float(rows["rate"].iloc[0])))))
    facts += [("start", f"**{start(results)}**")] if start(results) else []
    due = results.study["study"].get("follow_up")
    facts.append(("follow_up", f"**{due}**" if due else texts("design.strip_no_date")))
    facts.append(("plan", texts("design.strip_state", state=upper_first(texts.name("status", state(results))))))
    return [(texts(f"design.strip_{key}"), said) for key, said in facts]


def state(results: Results) -> str:
    """Whether the plan is a draft, locked, changed or written in retrospect."""
    return str(results.registration.get("state") or ("registered" if results.lock else "draft"))


def advice(results: Results) -> list[str]:
    """What would help most, as the design says it, the best first."""
    frame = results.tables["advice"]
    if frame.empty:
        return []
    return [str(text) for text in frame.sort_values("rank", kind="stable")["text"] if str(text)]


def alarms(results: Results) -> list[str]:
    """What is said of the false-positive rate of the planned analysis."""
    rows = design_data.planned_rows(results, "false_positives", results.primary)
    return [str(text) for text in rows["text"]] if len(rows) else []


def regression(results: Results) -> list[str]:
    """What is said of the primary outcome over all treated areas together, and of any area that was picked at a peak."""
    frame = results.tables["regression_to_mean"]
    if frame.empty:
        return []
    shown = ((frame["outcome"] == results.primary.id) & (frame["unit"] == "")) | (frame["verdict"] == "fail")
    return list(dict.fromkeys(str(text) for text in frame.loc[shown, "text"] if str(text)))


def registered(results: Results) -> list[str]:
    """Whether the plan is locked, what stands behind the date, and what the plan answers to."""
    texts, about = results.texts, results.study["study"]
    locked = results.registration.get("registered_at") or results.lock
    lines = [sentences.registration(results) if locked else texts("design.not_locked", id=results.id)]
    lines += [texts("plan.problem", problem=about["problem"])] if about.get("problem") else []
    lines += [texts("plan.row", plan=about["plan"])] if about.get("plan") else []
    lines.append(texts(f"design.{about.get('independence', 'internal')}"))
    return [" ".join(lines), *sentences.proofs(results)]
