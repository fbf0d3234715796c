"""Are areas that the measure may have touched kept out of the comparison?"""

from __future__ import annotations

import math

from utvardering.checks.base import CheckResult, Design, Verdict
from utvardering.data.borders import bordering, is_municipal
from utvardering.wording import percent

_NAMED = 5  # units named in the sentence


def spillover(design: Design) -> CheckResult:
    """Fails where more than `max_spillover` of the comparison units border on a treated one; value is their share.

    Were they touched as much as the treated, the estimate would be wrong by at most that share of the effect (Clarke 2017).
    Municipalities have a map, and other areas where `[data] boundaries` names one. Where `[neighbours] file` draws it, who
    lies near is no comparison; neighbours that the study names are taken at its word. Without any of these nothing is
    evaluated.
    """
    limit, language, panel = design.limits.max_spillover, design.study.report.language, design.before
    comparison = panel.role == "comparison"
    near = bordering(design.study, panel)
    areas = "" if is_municipal(panel) else "_areas"
    if near is None:
        neighbours = int((panel.role == "neighbour").sum())
        if panel.beside is not None:
            return design.result("spillover", "pass", 0, limit, "spillover_map")
        if not neighbours:
            return design.result("spillover", "not_evaluated", math.nan, limit, "spillover_unknown")
        key = "spillover_one" if neighbours == 1 else "spillover_named"
        return design.result("spillover", "pass", 0, limit, key, count=neighbours)
    inside = [str(panel.labels[place]) for place in (near & comparison).nonzero()[0]]
    share = len(inside) / max(int(comparison.sum()), 1)
    if not inside:
        return design.result("spillover", "pass", 0, limit, f"spillover_none{areas}")
    shown = ", ".join(inside[:_NAMED]) + (" …" if len(inside) > _NAMED else "")
    facts = {"share": percent(share, language), "limit": percent(limit, language), "list": shown}
    verdict: Verdict = "fail" if share > limit else "pass"
    return design.result("spillover", verdict, share, limit, f"spillover_{verdict}{areas}", **facts)
