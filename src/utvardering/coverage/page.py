"""`docs/methods/coverage.md`: what the tables are and, in short, what they say. Every number in it comes from the tables."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from utvardering.coverage import real_noise
from utvardering.coverage.picture import write_picture
from utvardering.coverage.table import FILE, read_table

PAGE = "coverage.md"
PICTURE = "coverage.png"

_HEAD = """# How often is each method wrong?

`coverage.csv` tells, for every estimator and inference, how often its test sees an effect where there is none (size),
how often its 95 % interval holds the true effect (coverage), how far its estimate lies from the truth on average
(bias), and how often it finds the effect that is there (power): on simulated studies of the kinds that municipalities
have. `real_noise.csv` tells the same of real counts, where nothing was done. `make coverage` makes both, this page
and the picture; nothing here is written by hand.

![Size of every estimator and inference]({picture})

Each dot is one kind of study. The line is 5 %, what it should be; above the broken line, 10 %, `utvardering check`
warns.

## The simulated studies
{cells} kinds of study, listed in `tests/simulation/designs.toml`: a fraction of all combinations of 1, 2, 5 or 10
treated of 20, 60 or 200 units; 5, 50 or 500 events a unit and year; variance 1, 2 or 4 times the mean; AR(1) of 0,
0.4 or 0.8 in the level (standard deviation 0.1 in logarithms); common or staggered starts; units of equal or unequal
size (log-normal, standard deviation 1); treated drawn at random, among the largest or smallest fifth, or as those
that stood highest in the last year before the start; trends parallel, or the treated rising by 3 % a year more.
Twelve years, the start after eight; staggered starts lie from two years before to one after. All estimators see the
same panels, once without an effect and once with one, which is put into the expected counts before anything is drawn
or fitted; its size differs between kinds, so that some methods find it and others do not. Re-assignments: {draws}, for
synthetic methods {few}, or all where there are at most 400, so power is a little below that of a study, which
uses 9,999. Estimators of differences work on rates per 100 000, although the simulated effects and common shocks are
relative: that they then have to hold is part of the trial.

| column | meaning |
|---|---|
| cell … effect | the kind of study, as in `designs.toml` |
| estimator, inference, estimand, scale | as in `estimates.csv` of a run |
| runs | simulated studies; fewer than {wanted} where a method is slow |
| refused, refused_reason | share of them in which the method gave no number, and the commonest reason |
| size, power | share of p-values of at most 0.05 without and with the effect |
| coverage | share of 95 % intervals that hold the true effect |
| truth | mean true effect, from expected counts, on the scale of the estimate (differences per 100 000; `wdd` in events) |
| bias | mean of estimate − truth |
| se_ratio | root mean square of the standard errors ÷ standard deviation of estimate − truth |
| unbounded | share of intervals with an infinite limit |
| …_mcse | Monte Carlo standard error |

Size, coverage, power and the rest are of the runs that were not refused.

## Size where nothing is wrong
Parallel trends, treated drawn at random, an effect that does not grow: mean over the kinds of study (largest).
"""

_OTHER = """
## Size and coverage elsewhere
Mean over the kinds of study. Units chosen at a peak fall back by themselves and trends that are not parallel go on:
no p-value repairs either. The checks `history` and `pretrend` are there to stop such studies.
"""

_REAL = """
## Real counts
Reported offences in Swedish municipalities by year (source: Brå, through Kolada), in two groups of offences; some
municipalities are drawn and called treated from {years} on for {after} years, {runs} times each. Nothing was done, so
each rejection at 5 % is false. Drawn of all (uniform), or of the fifth that was largest, smallest, had the highest
rate over the years before, or stood highest in the last year before over its earlier years (peak). Power:
{effect:.0%} put in by binomial thinning before anything is fitted. The mean over groups and years is shown; `did` on
rates, and on logarithms where so written.

With uniform draws the placebo test keeps 5 % by construction, whatever the noise. With draws of a kind of
municipality it does so only as far as the predicted noise of that kind is right. The draws of one row share the same
real years, so its rows are not independent trials of the noise: a row far above 5 % can be one bad year for one kind
of municipality.
"""


def write_page(folder: Path) -> None:
    """The page and its picture beside the tables in a folder."""
    table = read_table(folder / FILE)
    if table.empty:
        return
    (folder / PAGE).write_text(page(table, _read_real(folder)), encoding="utf-8", newline="\n")
    write_picture(table, folder / PICTURE)


def page(table: pd.DataFrame, real: pd.DataFrame) -> str:
    """The text of the page."""
    from utvardering.coverage.attempts import DRAWS, FEW_DRAWS  # noqa: PLC0415 -- the page can be checked without the estimators

    wanted = int(table["runs"].max())
    cells = table["cell"].nunique()
    head = _HEAD.format(picture=PICTURE, cells=cells, draws=DRAWS, few=FEW_DRAWS, wanted=wanted)
    parts = [head, _plain(table), _OTHER, _elsewhere(table)]
    if len(real):
        years = " or ".join(str(year) for year in sorted(real["start_year"].unique()))
        said = _REAL.format(years=years, after=real_noise.AFTER, runs=_runs(real), effect=real_noise.EFFECT)
        parts += [said, _real(real)]
    return "\n".join(parts)


def _read_real(folder: Path) -> pd.DataFrame:
    path = folder / real_noise.FILE
    return pd.read_csv(path) if path.is_file() else pd.DataFrame()


def _plain(table: pd.DataFrame) -> str:
    plain = table[(table["drawn"] == "random") & (table["trends"] == "parallel") & ~table["effect_grows"].astype(bool)]
    kinds = [("common", n) for n in sorted(plain["treated"].unique())] + [("staggered", 0)]
    header = [
        "estimator",
        "inference",
        *(f"{n} treated" for kind, n in kinds if kind == "common"),
        "staggered",
        "coverage",
        "runs",
    ]
    rows = []
    for (estimator, inference), part in plain.groupby(["estimator", "inference"], sort=False):
        cells = []
        for starts, count in kinds:
            one = part[(part["starts"] == starts) & ((part["treated"] == count) | (count == 0))]["size"].dropna()
            cells.append(f"{one.mean():.3f} ({one.max():.3f})" if len(one) else "–")
        rows.append([str(estimator), str(inference), *cells, _mean(part["coverage"]), _runs(part)])
    return _grid(header, rows)


def _elsewhere(table: pd.DataFrame) -> str:
    kinds = {
        "largest": table["drawn"] == "large",
        "smallest": table["drawn"] == "small",
        "peak": table["drawn"] == "peak",
        "not parallel": table["trends"] != "parallel",
        "growing effect": table["effect_grows"].astype(bool),
    }
    rows = []
    for (estimator, inference), part in table.groupby(["estimator", "inference"], sort=False):
        chosen = [part[where.loc[part.index]] for where in kinds.values()]
        cells = [f"{_mean(one['size'])} / {_mean(one['coverage'])}" if one["size"].notna().any() else "–" for one in chosen]
        rows.append([str(estimator), str(inference), *cells])
    return _grid(["estimator", "inference", *(f"{name}: size / coverage" for name in kinds)], rows)


def _real(real: pd.DataFrame) -> str:
    real = real.assign(method=real["estimator"] + real["transform"].map(lambda word: " (log)" if word == "log" else ""))
    keys = list(dict.fromkeys(zip(real["rule"], real["treated"], strict=True)))
    methods = list(dict.fromkeys(zip(real["method"], real["inference"], strict=True)))
    rows = []
    for rule, count in keys:
        part = real[(real["rule"] == rule) & (real["treated"] == count)]
        cells = []
        for method, inference in methods:
            one = part[(part["method"] == method) & (part["inference"] == inference)]
            cells.append(f"{_mean(one['size'])} / {_mean(one['power'])}" if one["size"].notna().any() else "–")
        rows.append([str(rule), str(count), *cells])
    header = ["drawn", "treated", *(f"{method}, {inference}: size / power" for method, inference in methods)]
    return _grid(header, rows)


def _mean(values: pd.Series) -> str:
    return f"{values.mean():.3f}" if values.notna().any() else "–"


def _runs(part: pd.DataFrame) -> str:
    low, high = int(part["runs"].min()), int(part["runs"].max())
    return str(low) if low == high else f"{low}–{high}"


def _grid(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
