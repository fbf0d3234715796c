"""The appendix as tables: each check and each robustness row, and on which areas and comparisons the methods rest."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from utvardering.report.doubt_data import label
from utvardering.report.refused import in_language
from utvardering.report.results import in_percent
from utvardering.report.tables import headings, pipe
from utvardering.report.texts import upper_first

if TYPE_CHECKING:
    from typing import Any

    from utvardering.report.results import Results

SHOWN_WEIGHTS = 5
"""As many comparison areas are named for each method, those with the largest weights."""
OWN_NAMES = (
    "e_value",
    "quotient",
    "tipping",
    "breakdown",
    "smoothness_breakdown",
    "identification",
    "independencies",
    "all",
    "sign",
    "conclusion",
    "joint",
)
"""Rows whose name says what their number is, since it is no effect of a recalculation."""
SHARES = ("pretrend", "power", "coverage", "false_positives", "overlap", "attrition", "spillover")
"""Checks whose value and limit are shares, written in percent."""


def all_checks(results: Results) -> str:
    """Every check with its number, its limit and its sentence."""
    texts = results.texts
    rows = [
        (
            upper_first(texts.name("name", row.check)),
            texts(f"sure.grade_{row.verdict}"),
            _measured(results, row.check, float(row.value), float(row.threshold)),
            _measured(results, row.check, float(row.threshold), float(row.threshold)),
            in_language(results, str(row.text)),
        )
        for row in results.tables["checks"].itertuples()
    ]
    return pipe(
        texts.raw("appendix.checks_columns"),
        rows,
        texts("appendix.checks_caption"),
        "tbl-kontroller",
        "llrrl",
        "17,12,13,13,45",
    )


def _measured(results: Results, check: str, value: float, threshold: float) -> str:
    """A number of a check in its unit: percent, periods, areas, starts or standard deviations."""
    texts = results.texts
    if not math.isfinite(value):
        return texts("word.none")
    counted = threshold >= 1 and threshold == int(threshold)
    if check in SHARES or (check == "history" and not counted):
        digits = 1 if check == "pretrend" else 0
        return texts.percent(100 * value, digits)
    if check in {"balance", "groups"}:
        sd = check == "balance"
        return texts("appendix.value_sd", x=texts.number(value, 2)) if sd else texts("appendix.value_groups", x=int(value))
    if check == "history":
        return texts.length(int(value), results.primary.unit)
    if check == "comparison":
        many = results.setting("checks", "min_comparison_units", 19)
        areas = counted and threshold == many
        return texts("appendix.value_areas", x=int(value)) if areas else texts("appendix.value_sd", x=texts.number(value, 2))
    return texts("appendix.value_starts", x=int(value)) if check == "staggered" else texts.number(value)


def all_robustness(results: Results) -> str:
    """Every robustness row but those of single placebo units: `rank` answers for them, and the picture shows them."""
    texts, shown = results.texts, results.tables["robustness"]
    shown = shown[(shown["check"] != "placebo_unit") | shown["variant"].isin(["", "rank"])]
    rows = [
        (
            upper_first(texts.name("name", row.check)),
            _variant(results, row.check, row.variant),
            *_robust_numbers(results, row),
            texts(f"sure.grade_{row.verdict}") if row.verdict and row.check != "e_value" else texts("word.none"),
        )
        for row in shown.itertuples()
    ]
    columns = headings(results, "appendix.robust_columns")
    return pipe(columns, rows, texts("appendix.robust_caption"), "tbl-kanslighet", "llrll", "24,26,14,22,14")


def _robust_numbers(results: Results, row: Any) -> tuple[str, str]:  # noqa: ANN401 -- a row of pandas
    """Effect and interval in percent; a displacement quotient and an E-value are numbers of their own.

    The quotient has no interval, the E-value one of the limit nearest no effect.
    """
    texts = results.texts
    if row.check == "e_value" and not math.isnan(row.ci_low):
        limit = texts("appendix.e_value_limit", x=texts.number(float(row.ci_low), 2))
        return texts.number(float(row.estimate), 2), limit
    if row.variant in ("sign", "conclusion") and row.check == "specification_curve":
        return texts.percent(100 * float(row.estimate)), texts("word.none")
    if row.check == "e_value" or row.variant in ("quotient", "breakdown", "smoothness_breakdown", "hidden_cause", "tipping"):
        return texts.number(float(row.estimate), 2), texts("word.none")
    low, value, high = (results.percent(row.outcome, float(x)) for x in (row.ci_low, row.estimate, row.ci_high))
    no_interval = math.isnan(low) and math.isnan(high)
    return texts.signed_percent(value), texts("word.none") if no_interval else texts.signed_range(low, high)


def _variant(results: Results, check: str, variant: str) -> str:
    """What a row is called: as in the pictures, but for numbers that no picture shows."""
    texts = results.texts
    key = check if check == "e_value" else variant
    if check == "refute" and variant == "hidden_cause":
        return texts("appendix.hidden_cause")
    if key in OWN_NAMES:
        return texts(f"appendix.{key}")
    return label(results, check, variant).replace("\n", " ") if variant else texts("word.none")


def weights(results: Results) -> str:
    """Which comparison areas count most for the primary outcome, a row a method; empty where no method weights them."""
    texts, outcome = results.texts, results.primary
    frame = results.tables["weights"]
    frame = frame[frame["outcome"] == outcome.id] if len(frame) else frame
    if frame.empty:
        return ""
    labels = results.figures.get("labels", {})
    of = results.estimates(outcome.id).drop_duplicates("estimator").set_index("estimator")["n_comparison"]
    rows = []
    for name, part in frame.groupby("estimator", sort=False):
        share = part.set_index("unit")["weight"]
        share = (100 * share / share.sum()).sort_values(ascending=False, kind="stable")
        named = [f"{labels.get(unit, unit)} {texts.percent(value, 1)}" for unit, value in share.head(SHOWN_WEIGHTS).items()]
        count = texts("appendix.weights_of", n=len(share), all=int(of[name])) if name in of.index else texts.number(len(share))
        rows.append((upper_first(texts.name("estimator", str(name))), count, "; ".join(named)))
    caption = texts("appendix.weights_caption", title=outcome.title, n=SHOWN_WEIGHTS)
    return pipe(texts.raw("appendix.weights_columns"), rows, caption, "tbl-vikter", "lll", "30,20,50")


def bacon(results: Results) -> str:
    """Of which comparisons a difference in differences with staggered starts consists; empty where it was not taken apart."""
    texts, outcome = results.texts, results.primary
    frame = results.tables["bacon"]
    frame = frame[frame["outcome"] == outcome.id] if len(frame) else frame
    if frame.empty:
        return ""
    did = results.estimates(outcome.id)
    did = did[(did["estimator"] == "did") & (did["weights"] == "")]
    rows = [
        (
            upper_first(texts.name("bacon", row.comparison)),
            texts.percent(100 * float(row.weight), 1),
            texts.signed_percent(in_percent(did.iloc[0], float(row.estimate))) if len(did) else texts("word.none"),
        )
        for row in frame.sort_values("weight", ascending=False, kind="stable").itertuples()
    ]
    caption = texts("appendix.bacon_caption", title=outcome.title)
    return pipe(texts.raw("appendix.bacon_columns"), rows, caption, "tbl-delar", "lrr", "60,20,20")
