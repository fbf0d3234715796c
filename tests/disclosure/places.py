"""Every place in which somebody could be put into a study: a small sound folder, and what changes it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import openpyxl
from openpyxl.comments import Comment

from utvardering.data.load import load_panel
from utvardering.process.assess import assess_process
from utvardering.process.dose import load_dose
from utvardering.study.load import load_study

STUDY = """schema = 1
[study]
id = "prov"
title = "Ljus i parken TITLE"
question = "Blev det färre brott? QUESTION"
design = "areas"
problem = "lagesbild-2024:3 PROBLEM"
authors = ["Utredningsenheten"]
[measure]
kind = "belysning"
name = "Ljus"
description = "Ny belysning. DESCRIPTION"
mechanism = "Det blir ljusare. MECHANISM"
concurrent = []
[data]
panel = "PANEL"
unit = "omrade"
period = "manad"
unit_labels = "data/namn.csv"
dose = "data/dos.csv"
simulated = true
[period]
unit = "month"
first = 2020-01-01
last = 2020-06-30
[[treated]]
unit = "Centrum"
start = 2020-04-01
source = "Beslut 2020-02-11 § 8 SOURCE"
[comparison]
rule = "Andra områden RULE"
units = ["Norra"]
excluded = [{ unit = "Södra", reason = "Gränsar REASON" }]
[[outcomes]]
id = "brott"
title = "Anmälda brott OUTCOME"
aim = "brott"
role = "primary"
kind = "count"
exposure = "folkmangd"
[estimation]
estimator = "poisson_did"
inference = "cluster"
# COMMENT
"""
PROCESS = """schema = 1
simulated = true
criteria = ["lag-2023-196"]
[[assessor]]
id = "A"
role = "extern granskare"
[[evidence]]
id = "d1"
kind = "document"
title = "Åtgärdsplan EVIDENCE"
date = 2024-03-01
[[assessment]]
criterion = "lag-2023-196.atgardsplan"
level = "strategic"
grade = 3
assessor = "A"
evidence = ["d1"]
text = "Planen bygger på lägesbilden. ASSESSMENT"
[[factor]]
kind = "success"
text = "Alla var med. FACTOR"
addressee = "kommunstyrelsen"
evidence = ["d1"]
"""
IN_STUDY = ("TITLE", "QUESTION", "PROBLEM", "DESCRIPTION", "MECHANISM", "SOURCE", "RULE", "REASON", "OUTCOME", "COMMENT")
IN_PROCESS = ("EVIDENCE", "ASSESSMENT", "FACTOR")
IN_WORKBOOK = ("a hidden sheet", "a comment", "a title of the document", "a sheet's name", "a cell below the table", "a footer")
IN_TABLES = (
    "a column", "a column's name", "a unit", "a label", "a protocol", "a source", "a file's name", "a parquet column",
    "a tenth cell", "latin-1", "a BOM",
)  # fmt: skip
PLACES = (*IN_STUDY, *IN_PROCESS, *IN_WORKBOOK, *IN_TABLES)


def load_all(folder: Path) -> None:
    """Load everything that a run loads of a study."""
    study = load_study(folder)
    assess_process(study)
    load_panel(study)
    load_dose(study)


def write(folder: Path, place: str, words: str) -> None:
    """The study with some words in a place."""
    (folder / "data").mkdir(parents=True)
    study, process = STUDY, PROCESS
    for mark in IN_STUDY:
        study = study.replace(mark, _toml(words) if mark == place and mark != "COMMENT" else words if mark == place else "")
    for mark in IN_PROCESS:
        process = process.replace(mark, _toml(words) if mark == place else "")
    rows = [("omrade", "manad", "brott", "folkmangd", "kod")]
    for n, unit in enumerate(("Centrum", "Norra", "Södra"), start=1):
        rows += [(unit, f"2020-{month:02d}", str(20 * n + month), "1000", f"k{n}") for month in range(1, 7)]
    rows = _in_rows(rows, place, words)
    file = _file_of(place, words)
    (folder / "study.toml").write_text(study.replace("PANEL", file), encoding="utf-8")
    (folder / "process.toml").write_text(process, encoding="utf-8")
    (folder / "protokoll.md").write_text(
        f"# Protokoll\n\nInget särskilt. {words if place == 'a protocol' else ''}\n", encoding="utf-8"
    )
    said = _toml(words) if place == "a source" else "Påhittade data"
    (folder / "data" / "sources.toml").write_text(f'[[source]]\nfile = "{file}"\nproducer = "{said}"\n', encoding="utf-8")
    label = words.replace(";", "") if place == "a label" else "Södra delen"
    (folder / "data" / "namn.csv").write_text(f"unit;label\nCentrum;Centrum\nNorra;Norra\nSödra;{label}\n", encoding="utf-8")
    (folder / "data" / "dos.csv").write_text(
        "unit;week;planned_hours;delivered_hours\nCentrum;2020-W15;10;9\n", encoding="utf-8"
    )
    _write_rows(folder / file, rows, place, words)


def _toml(words: str) -> str:
    return words.replace("\\", "").replace('"', "")


def _in_rows(rows: list[tuple[str, ...]], place: str, words: str) -> list[tuple[str, ...]]:
    words = words.replace(";", "")
    if place in {"a column", "a parquet column", "latin-1", "a BOM"}:
        return [rows[0], *((*row[:4], words) for row in rows[1:])]
    if place == "a tenth cell":
        return [*rows[:10], (*rows[10][:4], words), *rows[11:]]
    if place == "a column's name":
        return [(*rows[0][:4], words), *rows[1:]]
    if place == "a unit":
        return [rows[0], *((words if row[0] == "Södra" else row[0], *row[1:]) for row in rows[1:])]
    return rows


def _file_of(place: str, words: str) -> str:
    if place in IN_WORKBOOK:
        return "data/panel.xlsx"
    if place == "a parquet column":
        return "data/panel.parquet"
    safe = "".join(char for char in words if char.isalnum() or char in " -+_.").strip()
    return f"data/{safe}.csv" if place == "a file's name" else "data/panel.csv"


def _write_rows(path: Path, rows: list[tuple[str, ...]], place: str, words: str) -> None:
    if path.suffix == ".xlsx":
        _write_book(path, rows, place, words)
    elif path.suffix == ".parquet":
        import pandas as pd

        frame = pd.DataFrame(rows[1:], columns=list(rows[0]))
        frame.astype({"brott": int, "folkmangd": int}).to_parquet(path)
    else:
        text = "\n".join(";".join(row) for row in rows) + "\n"
        encoding = {"latin-1": "latin-1", "a BOM": "utf-8-sig"}.get(place, "utf-8")
        path.write_bytes(text.encode(encoding, "replace"))


def _write_book(path: Path, rows: list[tuple[str, ...]], place: str, words: str) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in rows:
        sheet.append([int(cell) if cell.isdigit() else cell for cell in row])
    if place == "a hidden sheet":
        more = book.create_sheet("Blad2")
        more["C7"] = words
        more.sheet_state = "veryHidden"
    elif place == "a comment":
        sheet["A1"].comment = Comment(words, "kansliet")
    elif place == "a title of the document":
        book.properties.title = words
    elif place == "a sheet's name":
        book.create_sheet("".join(char for char in words if char not in "\\/*?:[]")[:31])
    elif place == "a cell below the table":
        book.create_sheet("Blad3")["B30"] = words
    elif place == "a footer":
        sheet.oddFooter.center.text = words
    book.save(path)


Writer = Callable[[Path, str], None]


def published(rng: random.Random) -> tuple[str, Writer]:
    """A file of a run or a site that holds some words, and how it is called."""
    return rng.choice(sorted(FILES.items()))


def _text(name: str, template: str) -> Writer:
    def write_text(folder: Path, words: str) -> None:
        (folder / name).write_text(template.replace("WORDS", words), encoding="utf-8")

    return write_text


def _json(folder: Path, words: str) -> None:
    (folder / "figures.json").write_text(json.dumps({"figures": [{"alt": f"Punkter. {words} Slut."}]}), encoding="ascii")


def _parquet(folder: Path, words: str) -> None:
    import pandas as pd

    pd.DataFrame({"unit": ["A", words], "value": [1.0, 2.0]}).to_parquet(folder / "panel.parquet")


def _pdf(body: str) -> Writer:
    def write_pdf(folder: Path, words: str) -> None:
        import typst

        source = folder.parent / "source.typ"
        (folder.parent / "one.svg").write_text(
            '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', encoding="utf-8"
        )
        safe = words.replace("\\", "").replace('"', "")
        source.write_text(body.replace("WORDS", safe), encoding="utf-8")
        typst.compile(str(source), output=str(folder / "rapport.pdf"))

    return write_pdf


def _workbook(folder: Path, words: str) -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = words
    book.save(folder / "tabell.xlsx")


def _name(folder: Path, words: str) -> None:
    safe = "".join(char for char in words if char.isalnum() or char in " -+_.").strip()
    (folder / f"{safe}.csv").write_text("a\n1\n", encoding="utf-8")


FILES: dict[str, Writer] = {
    "csv": _text("estimates.csv", 'study,note\nprov,"före, WORDS, efter"\nprov,1\n'),
    "markdown": _text("plan.md", "# Plan\n\nI texten står WORDS mitt i.\n"),
    "toml": _text("verdict.toml", 'verdict = "uncertain"\n[reasons]\nverdict = ["Skälet är WORDS."]\n'),
    "toml comment": _text("verdict.toml", 'verdict = "uncertain" # WORDS\n'),
    "json": _json,
    "geojson": _text("areas.geojson", '{"features": [{"properties": {"label": "WORDS"}}]}'),
    "svg text": _text("figur.svg", '<svg xmlns="http://www.w3.org/2000/svg"><text x="1">WORDS</text></svg>'),
    "svg title": _text("figur.svg", '<svg xmlns="http://www.w3.org/2000/svg"><title>WORDS</title><path d="M1 2"/></svg>'),
    "svg comment": _text("figur.svg", '<svg xmlns="http://www.w3.org/2000/svg"><!-- WORDS --><path d="M1 2"/></svg>'),
    "html": _text("index.html", "<html><body><p>Här står <b>WORDS</b>.</p></body></html>"),
    "html alt": _text("index.html", '<html><body><img src="a.png" alt="En bild: WORDS"></body></html>'),
    "html attribute": _text("index.html", '<html><body><div data-value="WORDS"></div></body></html>'),
    "html meta": _text("index.html", '<html><head><meta name="author" content="WORDS"></head></html>'),
    "html json": _text("index.html", '<html><script type="application/json">{"a": "WORDS"}</script></html>'),
    "html svg": _text("index.html", '<html><svg><g aria-label="WORDS"></g></svg></html>'),
    "bib": _text("urval.bib", "@misc{a,\n  note = {WORDS},\n}\n"),
    "parquet": _parquet,
    "xlsx": _workbook,
    "file name": _name,
    "pdf text": _pdf('Text i en rapport.\n\n#"WORDS" står här.'),
    "pdf title": _pdf('#set document(title: "Rapport WORDS")\nText.'),
    "pdf alt": _pdf('Text.\n#figure(image("one.svg", alt: "En bild: WORDS"), caption: [Bild])'),
}
