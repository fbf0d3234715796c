"""What the tables of `build/evidence/` hold, as the page and its figures ask for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from utvardering.report.forest import pooled_rows, study_rows
from utvardering.report.texts import Texts, lower_first

AIMS = ("brott", "ordning", "trygghet")
UNREADABLE = ("not_interpretable", "not_implemented")
KEY = ("measure", "aim", "scale", "estimand", "unit", "direction", "simulated")
_TRUTHS = ("simulated", "pooled", "registered")
_NUMBERS = {
    "maryland_level",
    "estimate",
    "std_error",
    "ci_low",
    "ci_high",
    "level",
    "effect_percent",
    "effect_percent_low",
    "effect_percent_high",
    "n_treated",
    "implementation",
    "cost",
    "cost_inhabitant",
    "weight_fixed",
    "weight_random",
    "k",
    "fixed",
    "fixed_low",
    "fixed_high",
    "random",
    "random_low",
    "random_high",
    "prediction_low",
    "prediction_high",
    "tau2",
    "i2",
    "q",
    "q_p",
    "egger",
    "egger_p",
    "n_external",
}


@dataclass(frozen=True)
class Tables:
    """Results, groups of results that were held together, and each group without one of them."""

    results: pd.DataFrame
    pooled: pd.DataFrame
    without: pd.DataFrame

    def readable(self, aim: str) -> pd.DataFrame:
        """The results of an aim that are effects to be compared: not those of replications, nor those without a number."""
        rows = self.results
        return rows[(rows["aim"] == aim) & rows["estimate"].notna() & (rows["replication"] == "")]

    def unreadable(self, aim: str) -> pd.DataFrame:
        """The results of an aim that no number is shown of."""
        rows = self.results
        return rows[(rows["aim"] == aim) & rows["estimate"].isna() & (rows["replication"] == "")]

    def members(self, group: pd.Series) -> pd.DataFrame:
        """The results that a group holds, whether there were enough to pool them or not."""
        rows = self.results
        held = rows["pooled"] | (rows["why_not"] == "two")
        for name in KEY:
            held &= rows[name] == group[name]
        if group["measure"] == "other":
            held &= rows["measure_name"].str.strip().str.casefold() == group["name"]
        return rows[held]

    def left_out(self, group: pd.Series) -> pd.DataFrame:
        """The rows of a group without one of its results."""
        rows = self.without
        held = pd.Series(data=True, index=rows.index)
        for name in (*KEY, "name"):
            held &= rows[name] == group[name]
        return rows[held]

    def picture(self, group: pd.Series, texts: Texts) -> pd.DataFrame:
        """The rows of a group's forest plot."""
        parts = [study_rows(self.members(group), texts), pooled_rows(group, texts)]
        return pd.concat([part for part in parts if len(part)], ignore_index=True)


def read_tables(folder: Path) -> Tables:
    """The tables of `build/evidence/` with empty text where there is none."""
    return Tables(*(_read(folder / f"{name}.csv") for name in ("results", "pooled", "leave_one_out")))


def _read(path: Path) -> pd.DataFrame:
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    for name in frame:
        if name in _NUMBERS:
            frame[name] = pd.to_numeric(frame[name])
        elif name in _TRUTHS:
            frame[name] = frame[name] == "true"
        else:
            frame[name] = frame[name].astype(object)
    return frame


def measure_name(row: pd.Series, texts: Texts) -> str:
    """The kind of measure, or its own name where it is of another kind."""
    return (
        str(row["measure_name"])
        if row["measure"] == "other" and row["measure_name"]
        else texts.name("measure_kind", row["measure"])
    )


def heading(group: pd.Series, tables: Tables, texts: Texts) -> str:
    """Measure and aim of a group; in which unit where several groups share them; and that it is simulated."""
    rows = tables.pooled
    alike = rows[(rows["measure"] == group["measure"]) & (rows["aim"] == group["aim"]) & (rows["name"] == group["name"])]
    members = tables.members(group)
    facts = {"measure": measure_name(members.iloc[0], texts), "aim": texts.name("aim", group["aim"])}
    if len(alike.drop_duplicates(["scale", "unit"])) > 1:
        key = "ratio" if group["scale"] == "log_ratio" else "share" if group["unit"] == "share" else "own"
        titles = [title for title in members["outcome_title"] if title]
        unit = texts(f"evidence.unit_{key}", unit=lower_first(titles[0]) if titles else group["unit"])
        said = texts("evidence.pooled_heading_unit", unit=unit, **facts)
    else:
        said = texts("evidence.pooled_heading", **facts)
    return texts("evidence.pooled_heading_simulated", heading=said) if group["simulated"] else said
