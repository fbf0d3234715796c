"""What does the plan say, to somebody who never sees the study file?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, get_args

from utvardering.study.model import Aim, Choose, Cost, Estimation, Outcome, Study
from utvardering.study.wording import DASH, Wording, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHARES = frozenset(
    {
        "max_spillover",
        "min_delivered_dose",
        "max_pretrend",
        "max_detectable_effect",
        "max_false_positive_rate",
        "min_overlap",
    }
)
"""Limits that are shares of something and read best in percent."""

_OF_AREAS = ("min_periods_before", "min_periods_after", "min_comparison_units", "max_spillover", "max_false_positive_rate")
"""Limits that nothing is held against where persons are followed."""
_OF_COMPARISON = ("min_comparison_units", "max_imbalance", "max_spillover", "min_overlap", "max_pretrend")
"""Limits that one series has no use for."""


def study_page(study: Study, level: int = 1, language: str = "") -> str:
    """The plan as a page of Markdown in the language of the report, or in another; every value of the plan is on it.

    `level` is the level of the first heading, so that the page can be a section of a longer document.
    """
    say = Wording(language or study.report.language)
    parts = [
        _top(study, say),
        _question(study, say),
        _measure(study, say),
        _place(study, say),
        _comparison(study, say),
        _outcomes(study, say),
        _analysis(study, say),
        _causal(study, say),
        _checks(study, say),
        _robustness(study, say),
        _ethics(study, say),
        _data(study, say),
    ]
    blocks = [block for part in parts for block in part if block]
    page = "\n\n".join(blocks) + "\n"
    return re.sub(r"^#", "#" * level, page, flags=re.MULTILINE)  # plain() leaves no other line that begins with #


def _bullets(items: list[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _top(study: Study, say: Wording) -> Iterator[str]:
    yield f"# {plain(study.study.title)}"
    yield say.line("status", status=say.word("status", study.study.status), design=say.word("design", study.study.design))
    if study.data.simulated:
        yield say.line("simulated")
    if study.study.retrospective:
        yield say.line("retrospective")


def _question(study: Study, say: Wording) -> Iterator[str]:
    meta = study.study
    yield say.heading("question")
    yield plain(meta.question)
    items = [say.line("authors", value=plain(", ".join(meta.authors)))] if meta.authors else []
    items += [
        say.line(name, value=plain(getattr(meta, name))) for name in ("replication", "problem", "plan") if getattr(meta, name)
    ]
    if meta.follow_up:
        items.append(say.line("follow_up", value=say.date(meta.follow_up)))
    yield _bullets([*items, say.word("independence", meta.independence)])


def _measure(study: Study, say: Wording) -> Iterator[str]:
    measure = study.measure
    yield say.heading("measure")
    kind = say.word("measure", measure.kind)
    if measure.prevention:
        prevention = say.word("prevention", measure.prevention)
        yield say.line("measure_prevention", name=plain(measure.name), kind=kind, prevention=prevention)
    else:
        yield say.line("measure", name=plain(measure.name), kind=kind)
    yield plain(measure.description)
    if measure.mechanism:
        yield say.line("mechanism", value=plain(measure.mechanism))
    if measure.course != "lasting":
        yield say.word("course", measure.course)
    if measure.concurrent:
        yield say.line("concurrent") + "\n\n" + _bullets([plain(change) for change in measure.concurrent])
    else:
        yield say.line("no_concurrent")
    if study.study.design not in {"organisation", "series"}:  # there nobody was left without the measure
        yield say.word("assignment", measure.assignment)
    if measure.lottery_seed is not None or measure.lottery_source:
        seed = DASH if measure.lottery_seed is None else measure.lottery_seed
        yield say.line("lottery", seed=seed, source=plain(measure.lottery_source) or DASH)
    if cost := measure.cost:
        details = [say.line("price_year", value=cost.price_year)] if cost.price_year else []
        details += [say.line("source", value=plain(cost.source))] if cost.source else []
        said = say.cost(cost) + (f" ({'; '.join(details)})" if details else "") + "."
        yield " ".join([said, *_of_cost(study, cost, say)])


def _of_cost(study: Study, cost: Cost, say: Wording) -> Iterator[str]:
    """For whom the amount is, over how many years it is spread, the dose, what an event is worth, and the price index."""
    if study.study.design != "organisation":
        yield say.word("covers", cost.covers)
    if cost.lifetime is not None:
        yield say.line("lifetime", value=say.number(cost.lifetime))
    if cost.dose_planned is not None and cost.dose_delivered is not None:
        dose = {"planned": say.number(cost.dose_planned), "delivered": say.number(cost.dose_delivered)}
        yield say.line("cost_dose", unit=plain(cost.dose_unit), **dose)
    elif cost.dose_unit:
        yield say.line("cost_dose_unit", unit=plain(cost.dose_unit))
    if cost.event_cost is not None:
        titles = {one.id: one.title for one in study.outcomes}
        named = cost.event_cost_outcome or next((one.id for one in study.outcomes if one.role == "primary"), "")
        facts = {
            "year": cost.event_cost_year,
            "source": plain(cost.event_cost_source),
            "outcome": plain(titles.get(named, named)),
        }
        yield say.line("event_cost", amount=say.money(cost.event_cost, cost.currency), **facts)
    if cost.price_index:
        index = say.listed(f"{year}: {say.number(value)}" for year, value in cost.price_index.items())
        yield say.line("price_index", index=index, source=plain(cost.price_index_source))


def _place(study: Study, say: Wording) -> Iterator[str]:
    period, start, from_panel = study.period, study.measure.start, study.treated_from
    if not period and not study.treated and not from_panel and start is None:
        return
    yield say.heading("place")
    if period:
        yield say.line(
            "index_period" if period.unit == "index" else "period",
            unit=say.word("period", period.unit),
            first=say.moment(period.first),
            last=say.moment(period.last),
        )
    if start is not None:
        yield say.line("measure_start", value=say.moment(start))
    if study.treated:
        yield _treated_table(study, say)
    if from_panel:
        lines = [(f"treated_from_{name}", getattr(from_panel, name)) for name in ("column", "indicator", "share", "source")]
        yield _bullets([say.line(name, value=plain(v) if name.endswith("source") else v) for name, v in lines if v])
    if period:
        if period.anticipation:
            yield say.line("anticipation", value=period.anticipation)
        yield say.word("partial_first", period.partial_first)


def _treated_table(study: Study, say: Wording) -> str:
    rows = [say.line("treated_header"), "|---|---|---|---|"]
    for unit in study.treated:
        end = say.line("ongoing") if unit.end is None else say.moment(unit.end)
        rows.append(f"| {plain(unit.unit)} | {say.moment(unit.start)} | {end} | {plain(unit.source) or DASH} |")
    return "\n".join(rows)


def _comparison(study: Study, say: Wording) -> Iterator[str]:
    comparison, neighbours = study.comparison, study.neighbours
    if study.study.design != "areas":
        return
    yield say.heading("comparison")
    if comparison.rule:
        yield say.line("comparison_rule", value=plain(comparison.rule))
    if comparison.choose:
        yield _chosen(comparison.choose, say)
    if comparison.units:
        yield _compared(comparison.units, say)
    if comparison.excluded:
        rows = [f"{plain(unit.unit)}: {plain(unit.reason)}" for unit in comparison.excluded]
        yield say.line("excluded") + "\n\n" + _bullets(rows)
    if neighbours.units:
        yield say.line("neighbours", value=plain(say.listed(neighbours.units)))
    if neighbours.file:
        within = say.listed(say.number(metres) for metres in neighbours.within)
        yield say.line("neighbours_within", file=neighbours.file, column=neighbours.column, within=within)
    elif neighbours.column:
        yield say.line("neighbours_column", value=neighbours.column)
    if neighbours.comparison:
        yield say.line("neighbours_comparison", value=plain(say.listed(neighbours.comparison)))


def _chosen(choose: Choose, say: Wording) -> str:
    on = say.listed(f"`{column}`" for column in choose.on) if choose.on else DASH
    if choose.method == "matched":
        return say.line("comparison_matched", each=choose.each, on=on)
    if choose.method == "nearest":
        return say.line("comparison_choose", n=choose.n, on=on)
    if choose.column:
        return say.line("comparison_group", column=choose.column)
    family = say.line("comparison_family", value=plain(choose.family)) if choose.family else ""
    return say.line("comparison_alike", file=choose.file, family=family)


def _compared(units: str | tuple[str, ...], say: Wording) -> str:
    return say.line("comparison_all") if units == "all" else say.line("comparison_units", value=plain(say.listed(units)))


def _outcomes(study: Study, say: Wording) -> Iterator[str]:
    if not study.outcomes:
        return
    yield say.heading("outcomes")
    for aim in get_args(Aim):
        outcomes = [outcome for outcome in study.outcomes if outcome.aim == aim]
        if outcomes:
            yield f"### {say.word('aim', aim)}"
            yield _bullets([_outcome(outcome, say) for outcome in outcomes])


def _outcome(outcome: Outcome, say: Wording) -> str:
    kind = say.word("kind", outcome.kind)
    said = [
        say.line("outcome", title=plain(outcome.title), role=say.word("role", outcome.role)),
        say.line("of", kind=kind, counts=say.word("counts", outcome.counts))
        if outcome.kind == "count"
        else say.line("kind", kind=kind),
        say.word("direction", outcome.direction),
    ]
    if outcome.smallest_effect is not None:
        said.append(say.line("smallest_effect", value=say.change(outcome.smallest_effect)))
    if outcome.exposure:
        said.append(say.line("exposure", value=outcome.exposure))
    if outcome.transform == "log":
        said.append(say.line("log"))
    said.append(say.line("column", value=outcome.id))
    said += [
        say.line(f"outcome_{name}", value=getattr(outcome, name))
        for name in ("file", "unit", "period")
        if getattr(outcome, name)
    ]
    if outcome.period_unit:
        said.append(say.line("outcome_period_unit", value=say.word("period", outcome.period_unit)))
    return " ".join(said)


def _analysis(study: Study, say: Wording) -> Iterator[str]:
    plan = study.estimation
    if plan is None:
        return
    yield say.heading("analysis")
    yield say.line("estimator", value=say.word("estimator", plan.estimator))
    if plan.also:
        yield say.line("also") + "\n\n" + _bullets([say.word("estimator", name) for name in plan.also])
    if study.study.design == "areas":
        yield say.word("comparison_group", plan.comparison_group)
    is_test_of_lottery = study.measure.assignment == "lottery" and plan.inference in {"randomization", "permutation"}
    of_persons = study.study.design == "individuals"
    kind = "lottery_inference" if is_test_of_lottery else "person_inference" if of_persons else "inference"
    yield say.word(kind, plan.inference)
    yield _bullets(_columns(plan, say))
    yield say.line("level", level=say.percent(plan.level), alpha=say.percent(round(1 - plan.level, 10)), seed=plan.seed)


def _columns(plan: Estimation, say: Wording) -> list[str]:
    items = [say.line("covariates", value=say.listed(f"`{column}`" for column in plan.covariates))] if plan.covariates else []
    names = ("weights", "period_effects_by", "cluster", "strata")
    return items + [say.line(name, value=getattr(plan, name)) for name in names if getattr(plan, name)]


def _causal(study: Study, say: Wording) -> Iterator[str]:
    model = study.causal_model
    if not model.edges and not model.unobserved:
        return
    yield say.heading("causal")
    edges = (edge.partition("->") for edge in model.edges)
    items = [say.line("edge", cause=f"`{cause.strip()}`", effect=f"`{effect.strip()}`") for cause, _, effect in edges]
    items += [say.line("unobserved", value=f"`{name}`") for name in model.unobserved]
    yield _bullets(items)


def _checks(study: Study, say: Wording) -> Iterator[str]:
    if study.study.design == "organisation":
        return
    yield say.heading("checks")
    unused = {"series": _OF_COMPARISON, "individuals": _OF_AREAS}.get(study.study.design, ())
    limits = ((name, getattr(study.checks, name)) for name in type(study.checks).model_fields if name not in unused)
    yield _bullets(
        [say.line(name, "check", value=say.percent(limit) if name in _SHARES else say.number(limit)) for name, limit in limits]
    )


def _robustness(study: Study, say: Wording) -> Iterator[str]:
    if study.study.design == "organisation":
        return
    doubts = study.robustness
    yield say.heading("robustness")
    one = "leave_one_group_out" if study.study.design == "individuals" else "leave_one_out"
    items = [say.line(one, value=say.line("yes" if doubts.leave_one_out else "no"))]
    items = [] if study.study.design == "series" else items
    lists = ((name, getattr(doubts, name)) for name in ("placebo_shifts", "trend_deviations", "smoothness"))
    items += [say.line(name, value="; ".join(map(say.number, numbers))) for name, numbers in lists if numbers]
    if doubts.windows:
        windows = [f"{say.moment(first)} {say.line('to')} {say.moment(last)}" for first, last in doubts.windows]
        items.append(say.line("windows", value="; ".join(windows)))
    if doubts.contrasts:
        items.append(say.line("contrasts", value="; ".join(f"`{one}` {DASH} `{other}`" for one, other in doubts.contrasts)))
    yield _bullets(items)
    if doubts.alternative_comparisons:
        others = [
            _chosen(other, say) if isinstance(other, Choose) else _compared(other, say)
            for other in doubts.alternative_comparisons
        ]
        yield say.line("alternative_comparisons") + "\n\n" + _bullets(others)


def _ethics(study: Study, say: Wording) -> Iterator[str]:
    ethics = study.ethics
    yield say.heading("ethics")
    items = [say.line("individuals_yes" if ethics.individuals else "individuals_no")]
    if ethics.review:
        items.append(say.line("review", value=plain(ethics.review)))
    items.append(say.line("smallest_cell", value=study.report.smallest_cell))
    yield _bullets(items)


def _data(study: Study, say: Wording) -> Iterator[str]:
    data = study.data
    yield say.heading("data")
    given: list[tuple[str, object]] = [
        (name, getattr(data, name)) for name in type(data).model_fields if name not in {"simulated", "incidents", "exposure"}
    ]
    for table in ("incidents", "exposure"):
        below = getattr(data, table)
        given += [(f"{table}_{name}", getattr(below, name)) for name in type(below).model_fields] if below else []
    items = [say.line(name, "data", value=value) for name, value in given if value not in {"", None}]
    items.append(say.line("language", value=say.word("language", study.report.language)))
    yield _bullets([*items, say.line("schema", value=study.schema_version)])
