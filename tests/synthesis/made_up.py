"""Results of studies that do not exist, for the rules over studies."""

from __future__ import annotations

import math

from utvardering.synthesis.findings import NAN, Area, Finding


def finding(study: str = "a", **changes: object) -> Finding:
    """A readable result of a fictional study with simulated data; `changes` replace what differs."""
    plain = {
        "study": study,
        "title": f"Trygghetsvärdar i {study}",
        "measure": "trygghetsvardar",
        "measure_name": "Trygghetsvärdar",
        "aim": "brott",
        "outcome": "brott_ute",
        "outcome_title": "Brott utomhus",
        "role": "primary",
        "verdict": "uncertain",
        "certainty": "low",
        "maryland_level": 3,
        "reason": "",
        "scale": "log_ratio",
        "estimand": "att",
        "unit": "",
        "direction": "decrease",
        "estimate": -0.1,
        "std_error": 0.1,
        "level": 0.95,
        "n_treated": 6,
        "implementation": 0.9,
        "implemented": "yes",
        "cost": 1_500_000.0,
        "cost_per": "year",
        "currency": "SEK",
        "price_year": "2024",
        "simulated": True,
        "replication": "",
        "registered": False,
        "source": "",
        "design": "poisson_did",
        "note": "",
        "areas": (Area(f"{study} centrum", 2022.0, 2024.0),),
    } | changes
    estimate, reach = float(plain["estimate"]), 1.96 * float(plain["std_error"])
    ends = {"ci_low": estimate - reach, "ci_high": estimate + reach}
    is_ratio = plain["scale"] == "log_ratio"
    percents = [100 * math.expm1(value) if is_ratio else NAN for value in (estimate, *ends.values())]
    names = ("effect_percent", "effect_percent_low", "effect_percent_high")
    return Finding(**{**ends, **dict(zip(names, percents, strict=True)), **plain})
