"""Was the measure carried out at all? The two rules under which nothing is said of its effect, and the facts that decided."""

from __future__ import annotations

from utvardering.process.assess import ProcessAssessment
from utvardering.process.model import GRADE_MAX
from utvardering.process.words import scale, title
from utvardering.study.model import Study
from utvardering.wording import percent, say


def why_not_implemented(study: Study, process: ProcessAssessment | None) -> tuple[str, ...]:
    """A sentence for each rule by which the measure was not carried out; none where it was, or nothing is known.

    The delivered share of the planned dose is below `min_delivered_dose`, or a delivery criterion of the operational level has
    the final grade 0 or 1.
    """
    if process is None:
        return ()
    language, limit = study.report.language, study.checks.min_delivered_dose
    said = []
    if process.dose is not None and process.dose.share < limit:
        share = percent(process.dose.share, language)
        said.append(say(language, "verdict", "not_implemented", share=share, limit=percent(limit, language)))
    if found := process.not_delivered:
        words = scale(language)
        listed = "; ".join(
            say(
                language,
                "process",
                "delivery",
                title=title(one.criterion, language),
                grade=one.final,
                maximum=GRADE_MAX,
                word=words[one.final or 0][0],
            )
            for one in found
        )
        said.append(say(language, "verdict", "not_carried_out", list=listed))
    return tuple(said)
