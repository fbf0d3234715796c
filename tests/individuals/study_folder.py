"""A whole study of persons on disk, on the simulated cohort: the file, the data, and nothing else."""

from __future__ import annotations

import numpy as np
from simulated_cohort import by_starting_point, cohort_of

STUDY = """schema = 1
[study]
id = "{id}"
title = "Stöd till unga"
question = "Minskade normbrytande handlingar?"
design = "individuals"
follow_up = 2030-01-01
[measure]
kind = "sspf"
name = "Stöd till unga"
concurrent = {concurrent}
[data]
cohort = "data/kohort.csv"
person = "lopnummer"
wave = "vag"
last_wave_before = 1
treated = "sspf"
{group}
simulated = true
[[outcomes]]
id = "normbrytande"
title = "Normbrytande handlingar, poäng"
aim = "brott"
role = "primary"
kind = "mean"
direction = "decrease"
smallest_effect = -0.10
[[outcomes]]
id = "sover"
title = "Sömn, poäng"
aim = "process"
role = "negative_control"
kind = "mean"
direction = "none"
[estimation]
estimator = "adjusted"
inference = "{inference}"
covariates = ["alder", "pojke"]
seed = 7
[checks]
max_pretrend = 0.5
[ethics]
individuals = true
review = "{review}"
[report]
language = "{language}"
"""
PSEUDONYM = "Q7Z{:04d}"


def lines_of(seed=41, *, name=PSEUDONYM, missing=True, waves=(0, 1, 2)):
    """The rows of the cohort; fewer than five boys got the measure, a cell that may not be told."""
    cohort = cohort_of(by_starting_point(seed, missing=missing))
    rng = np.random.default_rng(seed)
    boys = np.where(cohort.treated, np.cumsum(cohort.treated) <= 3, rng.random(len(cohort.treated)) < 0.5)
    rows = ["lopnummer;vag;sspf;skola;alder;pojke;normbrytande;sover"]
    sleep = rng.normal(8, 1, (len(boys), 3))
    for n, values in enumerate(cohort.outcomes["normbrytande"]):
        for k, wave in enumerate(cohort.waves):
            if np.isfinite(values[k]) and wave in waves:
                cells = (name.format(n), wave, int(cohort.treated[n]), f"Ekskolan {cohort.group[n]:02d}")
                numbers = (float(cohort.covariates["alder"][n]), int(boys[n]), float(values[k]), float(sleep[n, k]))
                rows.append(";".join([*(str(cell) for cell in cells), *(repr(x) for x in numbers)]))
    return rows


def write_folder(
    root,
    rows=None,
    *,
    name="stod",
    language="sv",
    inference="cluster",
    review="2024-01234-01",
    group='group = "skola"',
    concurrent="[]",
):
    """The folder of the study; `rows` replace those of the cohort."""
    folder = root / name
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "kohort.csv").write_text("\n".join(rows or lines_of()) + "\n", encoding="utf-8")
    facts = {
        "id": name,
        "language": language,
        "inference": inference,
        "review": review,
        "group": group,
        "concurrent": concurrent,
    }
    (folder / "study.toml").write_text(STUDY.format(**facts), encoding="utf-8")
    return folder
