"""Results about persons as rows of the tables of a run: nothing but aggregates, and no count under the limit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from utvardering.data.cohort import Cohort
from utvardering.data.panel import LeftOut
from utvardering.disclosure.rounding import blunted, rounded
from utvardering.errors import DesignError
from utvardering.estimators.base import EffectSize, Estimate
from utvardering.estimators.estimate import EstimateRow, Estimates, EventRow
from utvardering.individuals import naming
from utvardering.individuals.analysis import Analysis, Found
from utvardering.individuals.disclosure import require_many_differ, require_shown, step_of, told, told_share, told_tipping
from utvardering.inference.multiplicity import holm
from utvardering.study.model import Estimation, Study
from utvardering.wording import number, say
from utvardering.wording.refusals import in_words

ESTIMATOR = "adjusted"
PERCENT_STEP = 0.1


def estimates_of(study: Study, cohort: Cohort, analyses: tuple[Analysis, ...]) -> Estimates:
    """Rows of `estimates.csv`, `event_study.csv` and `left_out.csv` of a study of persons.

    Counts under `[report] smallest_cell` are not written and the others are rounded to its multiples; an estimate with an arm
    below the limit is left out, and so is an outcome of which a mean would count a few. Estimates are rounded by `step_of` and
    percent to a tenth: an exact mean of whole numbers gives the number of persons. Units avoided are not told: the effect is
    on a person's mean.
    """
    estimation = study.estimation
    if estimation is None:
        msg = f"{study.id}: the study plans no estimate ([estimation] is missing)"
        raise DesignError(msg)
    rows: list[EstimateRow] = []
    events: list[EventRow] = []
    left_out: list[LeftOut] = []
    faults: list[str] = []
    say_of = _Sentences(study)
    for analysis in analyses:
        outcome = analysis.outcome.id
        compared = analysis.persons.take(analysis.overlap.kept)
        try:
            require_many_differ((analysis.persons, compared), study.report.smallest_cell)
        except DesignError as fault:
            left_out.append(LeftOut("", "", outcome, in_words(fault.message, study.report.language)))
            faults.append(fault.message)
            continue
        for found in analysis.found:
            try:
                require_shown(found.used, study.report.smallest_cell)
            except DesignError as fault:
                left_out.append(LeftOut("", "", outcome, in_words(fault.message, study.report.language)))
                faults.append(fault.message)
                continue
            if found.wave >= 0:
                events.append(_event(study, estimation, cohort, analysis, found))
            else:
                planned = found is analysis.planned
                rows.append(_row(study, estimation, cohort, analysis, found, say_of.note(analysis, found), planned=planned))
        left_out += [LeftOut("", "", outcome, reason) for reason in say_of.left_out(analysis)]
    if not rows:
        raise DesignError("; ".join(dict.fromkeys(faults)) or f"{study.id}: nothing could be estimated")
    return Estimates(tuple(_adjusted(rows)), tuple(events), tuple(left_out))


def _adjusted(rows: list[EstimateRow]) -> list[EstimateRow]:
    """Fill `p_adjusted` of the planned secondary rows within each aim, by Holm's method."""
    out = list(rows)
    for aim in dict.fromkeys(row.aim for row in rows):
        family = [k for k, row in enumerate(rows) if row.planned and row.role == "secondary" and row.aim == aim]
        if family:
            for k, p in zip(family, holm(np.array([rows[k].p_value for k in family])), strict=True):
                out[k] = replace(rows[k], p_adjusted=float(p))
    return out


def _percent_of(found: Found) -> Callable[[float], float]:
    size = EffectSize("difference", found.counterfactual, (), float("nan"))
    return lambda value: blunted(size.percent(value), PERCENT_STEP)


def _blunt(estimate: Estimate) -> Estimate:
    """The estimate, its spread and its limits to the step that may be told."""
    step = step_of(estimate)
    return replace(
        estimate,
        estimate=blunted(estimate.estimate, step),
        std_error=blunted(estimate.std_error, step),
        ci_low=blunted(estimate.ci_low, step),
        ci_high=blunted(estimate.ci_high, step),
        inner_low=blunted(estimate.inner_low, step),
        inner_high=blunted(estimate.inner_high, step),
    )


def _row(
    study: Study, estimation: Estimation, cohort: Cohort, analysis: Analysis, found: Found, note: str, *, planned: bool
) -> EstimateRow:
    estimate, percent, smallest = _blunt(found.estimate), _percent_of(found), study.report.smallest_cell
    n_treated, n_comparison = rounded(found.used.treated, smallest), rounded(found.used.comparison, smallest)
    assert n_treated is not None and n_comparison is not None  # noqa: S101, PT018 -- require_shown has refused them
    waves_after = len(cohort.waves) - cohort.last_before - 1
    return EstimateRow(
        study=study.id,
        outcome=analysis.outcome.id,
        role=analysis.outcome.role,
        aim=analysis.outcome.aim,
        estimator=_name(found),
        planned=planned,
        estimand=estimate.estimand,
        scale=estimate.scale,
        estimate=estimate.estimate,
        std_error=estimate.std_error,
        ci_low=estimate.ci_low,
        ci_high=estimate.ci_high,
        level=estimation.level,
        p_value=estimate.p_value,
        inference=estimate.inference,
        weights="response" if found.handling == "weighted" else "",
        p_adjusted=float("nan"),
        p_smallest=estimate.p_smallest,
        effect_percent=percent(estimate.estimate),
        effect_percent_low=percent(estimate.ci_low),
        effect_percent_high=percent(estimate.ci_high),
        effect_units=float("nan"),
        effect_units_low=float("nan"),
        effect_units_high=float("nan"),
        n_treated=n_treated,
        n_comparison=n_comparison,
        n_periods_before=cohort.last_before + 1,
        n_periods_after=waves_after,
        n_obs=n_treated + n_comparison,
        interpretable=True,
        note=note,
        ci_low_90=estimate.inner_low,
        ci_high_90=estimate.inner_high,
        effect_percent_low_90=percent(estimate.inner_low),
        effect_percent_high_90=percent(estimate.inner_high),
    )


def _name(found: Found) -> str:
    """`adjusted` for the planned one; what differs from it is named: `adjusted:covariates`, `adjusted:highest`."""
    differs: list[str] = [found.given] if found.given != "baseline" else []
    differs += [found.handling] if found.handling in {"lowest", "highest"} else []
    return ":".join([ESTIMATOR, *differs])


def _event(study: Study, estimation: Estimation, cohort: Cohort, analysis: Analysis, found: Found) -> EventRow:
    """Waves are counted from the first after the start, 0; there is no joint band, so its limits are empty."""
    estimate = _blunt(found.estimate)
    return EventRow(
        study=study.id,
        outcome=analysis.outcome.id,
        estimator=ESTIMATOR,
        estimand=estimate.estimand,
        scale=estimate.scale,
        inference=estimate.inference,
        weights="response" if found.handling == "weighted" else "",
        period_from_start=cohort.waves[cohort.last_before + 1 + found.wave] - cohort.waves[cohort.last_before] - 1,
        estimate=estimate.estimate,
        std_error=estimate.std_error,
        ci_low=estimate.ci_low,
        ci_high=estimate.ci_high,
        band_low=float("nan"),
        band_high=float("nan"),
        level=estimation.level,
    )


class _Sentences:
    """What is said of an estimate, in the language of the report."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.language = study.report.language
        self.smallest = study.report.smallest_cell
        self.lottery = study.measure.assignment == "lottery"
        self.least = study.checks.min_overlap

    def note(self, analysis: Analysis, found: Found) -> str:
        """Who was trimmed and weighted, and what the inference rests on."""
        parts = [self._say(f"given_{found.given}")]
        if found.trimmed.total:
            parts.append(
                self._say(
                    "trimmed",
                    treated=self._told(found.trimmed.treated),
                    comparison=self._told(found.trimmed.comparison),
                    limit=number(self.least, self.language),
                )
            )
        if found.estimate.estimand == "att_overlap":
            parts.append(self._say("att_overlap"))
        if found.missing.total:
            parts.append(self._say(f"missing_{found.handling}"))
        if found.strata:
            kind = "lottery" if self.lottery else "placebo"
            parts.append(self._say(f"within_{found.strata}_{kind}"))
        parts += [found.estimate.note] if found.estimate.note else []
        parts += self._tipping(analysis) if found is analysis.planned else []
        return " ".join(parts)

    def left_out(self, analysis: Analysis) -> list[str]:
        """Persons and runs that are not there, and why."""
        reasons = []
        if analysis.unknown.total:
            reasons.append(
                self._say(
                    "unknown",
                    treated=self._told(analysis.unknown.treated),
                    comparison=self._told(analysis.unknown.comparison),
                )
            )
        reasons += [
            self._say("refused", what=naming.run(self.study, name), reason=naming.reason(self.study, why))
            for name, why in analysis.refused
        ]
        return reasons

    def _tipping(self, analysis: Analysis) -> list[str]:
        point = analysis.tipping
        missing = analysis.planned.missing.treated
        if point is None or missing == 0:
            return []
        treated = analysis.persons.arms.treated
        share = told_share(missing, treated, self.smallest, self.language)
        difference = told_tipping(point, missing, treated, self.smallest)
        return [self._say("tipping", share=share, difference=number(difference, self.language))]

    def _told(self, count: int) -> str:
        return told(count, self.smallest, self.language)

    def _say(self, key: str, **facts: object) -> str:
        return say(self.language, "individuals", key, **facts)
