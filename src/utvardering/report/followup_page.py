"""The page of the follow-up, from the files of `build/followup/` alone: picture, table, and what is to be done."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Collection
from pathlib import Path

import pandas as pd

from utvardering.report import slide
from utvardering.report.tables import pipe
from utvardering.report.texts import Texts, unit_of

FILES = ("followup.csv", f"{slide.NAME}.svg", f"{slide.NAME}.png")
PUBLISHED = "uppfoljning"
"""The folder beside the page that holds its files."""
INCLUDED = "_followup"
"""The folder with what the page includes."""


def write_followup_page(source: Path | None, staging: Path, published: Collection[str]) -> None:
    """What `uppfoljning.qmd` includes, and its files; a sentence where no follow-up has been made.

    `source` is `build/followup`; `published` are the ids of the studies that have a page to link to.
    """
    texts = Texts("sv")
    folder = staging / INCLUDED
    folder.mkdir()
    if source is None or not (source / "followup.csv").is_file():
        parts = {"picture": texts("followup.absent"), "table": "", "todo": ""}
    else:
        (staging / PUBLISHED).mkdir()
        for name in FILES:
            shutil.copyfile(source / name, staging / PUBLISHED / name)
        frame = read_rows(source)
        date = dt.date.fromisoformat(json.loads((source / "followup.json").read_text(encoding="utf-8"))["date"])
        parts = {
            "picture": picture(frame, date, texts),
            "table": table(frame, date, texts, published),
            "todo": todo(frame, texts),
        }
    for name, text in parts.items():
        (folder / f"{name}.qmd").write_text(text.strip() + "\n", encoding="utf-8")


def read_rows(folder: Path) -> pd.DataFrame:
    """The rows of `followup.csv` with empty text where there is none, and days as numbers."""
    frame = pd.read_csv(folder / "followup.csv", dtype=str, keep_default_na=False)
    return frame.assign(days_left=pd.to_numeric(frame["days_left"]), simulated=frame["simulated"] == "true")


def picture(frame: pd.DataFrame, date: dt.date, texts: Texts) -> str:
    """The date, what the picture says, the picture, and where it can be fetched."""
    head = slide.headline(frame, texts)
    caption = texts("followup.caption", title=head, date=date.isoformat())
    said = slide.alt(frame, date, texts).replace('"', "”")
    shown = f'![{caption}]({PUBLISHED}/{slide.NAME}.svg){{#fig-uppfoljning fig-alt="{said}"}}'
    made = texts("followup.made", date=date.isoformat(), head=head)
    return "\n\n".join([made, shown, texts("followup.downloads", folder=PUBLISHED)])


def table(frame: pd.DataFrame, date: dt.date, texts: Texts, published: Collection[str]) -> str:
    """A row a measure of the plan, in the order of the plan rows."""
    rows = [_cells(row, texts, published) for _, row in frame[frame["standing"] != "outside"].iterrows()]
    caption = texts("followup.table_caption", date=date.isoformat())
    if not rows:
        return texts("followup.head_empty") + "."
    return pipe(texts.raw("followup.columns"), rows, caption, "tbl-uppfoljning", "llllll", "18,25,14,13,15,15")


def _cells(row: pd.Series, texts: Texts, published: Collection[str]) -> tuple[str, ...]:
    title = f"[{row['title']}](studier/{row['study']}/index.qmd)" if row["study"] in published else str(row["title"])
    finding = ", " + texts("followup.finding", problem=row["problem"]) if row["problem"] else ""
    verdict = texts.name("verdict", row["verdict"]) if row["verdict"] else texts("word.none")
    if row["verdict"] and (last := str(row["evaluated_to"])):
        verdict = texts("followup.evaluated_to", verdict=verdict, last=texts.period(last, unit_of(last)))
    if told := slide.beside_it(row, texts):
        verdict = f"{verdict}. {told}"
    stage = texts.name("stage", row["stage"])
    status = texts.name("status", row["status"]) if row["status"] else ""
    return (
        f"{row['plan'] or texts('followup.no_row')}{finding}",
        title,
        f"{stage}, {status}" if status else stage,
        row["start"],
        f"{row['follow_up'] or texts('followup.no_date')}: **{slide.state(row, texts).lower()}**",
        verdict,
    )


def todo(frame: pd.DataFrame, texts: Texts) -> str:
    """What is overdue, missing or near, study by study, the most urgent first; then the studies outside the plan."""
    order = frame.assign(rank=frame["standing"].map(slide.URGENCY.index)).sort_values("rank", kind="stable")
    lines = [
        f"- **{row['title']}.** {row['text']}" for _, row in order.iterrows() if row["text"] and row["standing"] != "outside"
    ]
    outside = [texts("followup.outside", title=row["title"]) for _, row in order.iterrows() if row["standing"] == "outside"]
    return "\n\n".join(["\n".join(lines) or texts("followup.todo_none"), *outside])
