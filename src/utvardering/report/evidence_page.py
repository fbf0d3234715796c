"""The page *Vad fungerar?*, from the files of `build/evidence/` alone: measures compared, and what studies say together."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Collection, Iterator
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from utvardering.report import beside
from utvardering.report.evidence_tables import AIMS, Tables, heading, measure_name, read_tables
from utvardering.report.forest import between, reader
from utvardering.report.results import CERTAINTY
from utvardering.report.tables import pipe
from utvardering.report.texts import Texts, lower_first
from utvardering.wording.money import money

FOLDER = "vad-fungerar"
"""The folder of the page, with its figures and tables."""
INCLUDED = "_evidence"
"""The folder with what the page includes."""
TABLES = ("results.csv", "pooled.csv", "leave_one_out.csv")
PARTS = ("filter", *AIMS, "pooled", "reasons", "apart", "process", "downloads")


def write_evidence_page(source: Path | None, staging: Path, published: Collection[str]) -> None:
    """What the page includes, and its files; a sentence where nothing has been weighed.

    `source` is `build/evidence`; `published` are the ids of the studies that have a page to link to.
    """
    texts = Texts("sv")
    if source is None or not (source / "results.csv").is_file():
        parts = dict.fromkeys(PARTS, "") | {aim: texts("evidence.absent") for aim in AIMS}
    else:
        target = staging / FOLDER
        target.mkdir(exist_ok=True)
        for file in sorted([*(source / name for name in TABLES), *source.glob("*.svg")]):
            shutil.copyfile(file, target / file.name)
        page = _Page(read_tables(source), _figures(source), texts, published)
        parts = {
            "filter": page.filter(),
            **{aim: page.aim(aim) for aim in AIMS},
            "pooled": page.pooled(),
            "reasons": page.reasons(),
            "apart": page.apart(),
            "process": page.process(),
            "downloads": texts("evidence.downloads", folder="."),
        }
    (staging / INCLUDED).mkdir()
    for name, text in parts.items():
        (staging / INCLUDED / f"{name}.qmd").write_text(text.strip() + "\n", encoding="utf-8")


def _figures(source: Path) -> dict[str, dict[str, str]]:
    """Figures by what they belong to: an aim, or the number of a group."""
    listed = json.loads((source / "figures.json").read_text(encoding="utf-8"))
    return {str(one["of"]): one for one in listed}


class _Page:
    """The parts of the page over one set of tables."""

    def __init__(self, tables: Tables, figures: dict[str, dict[str, str]], texts: Texts, published: Collection[str]) -> None:
        self.tables = tables
        self.figures = figures
        self.texts = texts
        self.published = published

    def aim(self, aim: str) -> str:
        """Picture and table of an aim, and below them what cannot be interpreted, with the reason and no number."""
        texts, rows = self.texts, self.tables.readable(aim)
        parts = [texts("evidence.none")]
        if len(rows):
            columns = texts.raw("evidence.columns")
            caption = texts("evidence.caption", aim=texts.name("aim", aim))
            cells = [self._cells(row, columns) for _, row in rows.iterrows()]
            table = pipe(columns, cells, caption, f"tbl-{aim}", "lllllll", "16,21,11,15,12,12,13")
            parts = [self._picture(aim), f"::: {{.jamfor}}\n\n{table}\n\n:::"]
        hidden = [
            "- " + self._marked(row, texts("evidence.unreadable_item", **self._named(row), reason=row["reason"]).strip())
            for _, row in self.tables.unreadable(aim).iterrows()
        ]
        return "\n\n".join(
            [part for part in parts if part] + ([texts("evidence.unreadable"), "\n".join(hidden)] if hidden else [])
        )

    def filter(self) -> str:
        """The form that hides rows; without a script it stays hidden itself, and every row is read."""
        texts, rows = (
            self.texts,
            pd.concat([frame(aim) for aim in AIMS for frame in (self.tables.readable, self.tables.unreadable)]),
        )
        if rows.empty:
            return ""
        steps = [
            (str(step), texts("evidence.filter_least", word=texts.name("certainty", CERTAINTY[step - 1]))) for step in (2, 3, 4)
        ]
        options = {
            "measure": sorted(
                {(_measure_key(row), measure_name(row, texts)) for _, row in rows.iterrows()}, key=lambda one: one[1]
            ),
            "verdict": [(name, self._verdict(name)) for name in dict.fromkeys(rows["verdict"])],
            "certainty": steps,
            "implemented": [
                (name, texts(f"evidence.implemented_{name}"))
                for name in ("yes", "no", "unknown")
                if (rows["implemented"] == name).any()
            ],
        }
        selects = [self._select(name, choices) for name, choices in options.items()]
        said = {"status": texts("evidence.filter_status"), "none": texts("evidence.filter_none")}
        data = " ".join(f'data-{name}="{escape(text)}"' for name, text in said.items())
        form = [
            f'<form class="filter" {data} hidden>',
            f"<fieldset><legend>{escape(texts('evidence.filter'))}</legend>",
            *selects,
            f'<p class="valj"><button type="reset">{escape(texts("evidence.filter_reset"))}</button></p>',
            "</fieldset>",
            '<p class="antal" role="status" aria-live="polite"></p>',
            "</form>",
        ]
        return "```{=html}\n" + "\n".join(form) + "\n```"

    def _select(self, name: str, choices: list[tuple[str, str]]) -> str:
        every = [("", self.texts("evidence.filter_all")), *choices]
        options = "".join(f'<option value="{escape(value)}">{escape(text)}</option>' for value, text in every)
        label = escape(self.texts(f"evidence.filter_{name}"))
        shown = f'<select id="valj-{name}" name="{name}">{options}</select>'
        return f'<p class="valj"><label for="valj-{name}">{label}</label> {shown}</p>'

    def pooled(self) -> str:
        """For each group that was held together: what it says, picture, numbers, and what one may doubt."""
        groups = [self._group(number, group) for number, (_, group) in enumerate(self.tables.pooled.iterrows())]
        return "\n\n".join(groups) or self.texts("evidence.pooled_none")

    def _group(self, number: int, group: pd.Series) -> str:
        texts = self.texts
        title = heading(group, self.tables, texts)
        parts = [f"### {title}", " ".join(self._said(group)), self._picture(str(number))]
        if math.isfinite(group["random"]):
            read = reader(group["scale"], group["unit"], texts)
            rows = [
                (
                    texts(f"evidence.{name}"),
                    read(group[name]),
                    between(group[f"{name}_low"], group[f"{name}_high"], read, texts),
                )
                for name in ("random", "fixed")
            ]
            if math.isfinite(group["prediction_low"]):
                expected = between(group["prediction_low"], group["prediction_high"], read, texts)
                rows.append((texts("evidence.prediction"), texts("word.none"), expected))
            caption = texts("evidence.pooled_caption", heading=title)
            parts.append(
                pipe(texts.raw("evidence.pooled_columns"), rows, caption, f"tbl-samman-{number + 1}", "lll", "40,20,40")
            )
            without = [
                (
                    _shown(row["left_out"], self.tables),
                    read(row["random"]),
                    between(row["random_low"], row["random_high"], read, texts),
                )
                for _, row in self.tables.left_out(group).iterrows()
            ]
            caption = texts("evidence.without_caption", heading=title)
            parts.append(
                pipe(texts.raw("evidence.without_columns"), without, caption, f"tbl-utan-{number + 1}", "lll", "50,15,35")
            )
        return "\n\n".join(part for part in parts if part)

    def _said(self, group: pd.Series) -> Iterator[str]:
        """What a group says in sentences, from its numbers."""
        texts = self.texts
        if group["simulated"]:
            yield texts("evidence.pooled_simulated")
        if not group["verdict"]:
            yield texts("evidence.pooled_two")
            return
        read = reader(group["scale"], group["unit"], texts)
        found = {"value": read(group["random"]), "range": between(group["random_low"], group["random_high"], read, texts)}
        yield texts(f"evidence.pooled_{group['verdict']}", k=texts.number(group["k"]), **found)
        if math.isfinite(group["prediction_low"]):
            yield texts("evidence.expected", low=read(group["prediction_low"]), high=read(group["prediction_high"]))
        else:
            yield texts("evidence.expected_not")
        without = self.tables.left_out(group)
        yield texts("evidence.without", low=read(without["random"].min()), high=read(without["random"].max()))
        turning = [_shown(row["left_out"], self.tables) for _, row in without.iterrows() if _side(row) != _side(group)]
        if turning:
            yield texts("evidence.without_changes", list=texts.joined(turning))
        p = {"p": texts.number(group["q_p"], 3)}
        yield texts(
            "evidence.spread",
            i2=texts.percent(100 * group["i2"]),
            tau2=texts.number(group["tau2"], 4),
            q=texts.number(group["q"], 1),
            **p,
        )
        for name in group["warnings"].split():
            yield texts(f"evidence.warning_{name}", p=texts.number(group["egger_p"], 3))

    def reasons(self) -> str:
        """The results that can be read and are not pooled, each with the rule that keeps it out."""
        rows = self.tables.results
        rows = rows[rows["aim"].isin(AIMS) & rows["estimate"].notna() & ~rows["pooled"] & (rows["replication"] == "")]
        texts = self.texts
        items = [
            "- " + texts("evidence.reasons_item", study=self._study(row), why=texts.name("why_not", row["why_not"])) + "."
            for _, row in rows.iterrows()
        ]
        return "\n\n".join([texts("evidence.reasons"), "\n".join(items)]) if items else texts("evidence.reasons_none")

    def apart(self) -> str:
        """Studies that repeat the work of others."""
        rows = self.tables.results
        return self._list(
            rows[rows["replication"] != ""], "apart", "evidence.reasons_item", lambda row: {"why": row["replication"]}
        )

    def process(self) -> str:
        """Outcomes that tell how the work was done."""
        rows = self.tables.results
        rows = rows[(rows["aim"] == "process") & (rows["replication"] == "")]

        def verdict(row: pd.Series) -> dict[str, str]:
            assessed = row["study"] and not row["verdict"]
            return {"verdict": self.texts("evidence.assessed") if assessed else self._verdict(row["verdict"])}

        return self._list(rows, "process", "evidence.listed_item", verdict)

    def _list(self, rows: pd.DataFrame, part: str, key: str, facts: Any) -> str:  # noqa: ANN401 -- a function of a row
        texts = self.texts
        items = ["- " + texts(key, study=self._study(row), **facts(row)) + "." for _, row in rows.iterrows()]
        return "\n\n".join([texts(f"evidence.{part}"), "\n".join(items)]) if items else texts(f"evidence.{part}_none")

    def _picture(self, of: str) -> str:
        one = self.figures.get(of)
        if one is None:
            return ""
        said = one["alt"].replace('"', "”")
        return f'![{one["caption"]}]({one["name"]}.svg){{#fig-{one["name"]} fig-alt="{said}"}}'

    def _named(self, row: pd.Series) -> dict[str, str]:
        verdict = ". ".join(part for part in (self._verdict(row["verdict"]), self._beside(row)) if part)
        return {"study": self._study(row), "verdict": verdict.rstrip(".")}

    def _beside(self, row: pd.Series) -> str:
        """What somebody put beside the computed judgement."""
        computed = {key: row[key] for key in ("verdict", "certainty")} | {"maryland_level": f"{row['maryland_level']:g}"}
        return beside.words(json.loads(row["override"]) if row.get("override") else {}, computed, self.texts)

    def _verdict(self, name: str) -> str:
        return self.texts.name("verdict", name) if name else self.texts("evidence.verdict_external")

    def _study(self, row: pd.Series) -> str:
        """The title, linked where there is a page, with the outcome, and that it is simulated."""
        title = (
            f"[{row['title']}](../studier/{row['study']}/index.qmd)" if row["study"] in self.published else str(row["title"])
        )
        outcome = f": {lower_first(row['outcome_title'])}" if row["outcome_title"] else ""
        return title + outcome + (f" ({self.texts('evidence.simulated')})" if row["simulated"] else "")

    def _marked(self, row: pd.Series, said: str) -> str:
        """A text that carries what the form chooses by."""
        step = CERTAINTY.index(row["certainty"]) + 1 if row["certainty"] in CERTAINTY else 0
        facts = {"measure": _measure_key(row), "verdict": row["verdict"], "certainty": step, "implemented": row["implemented"]}
        marks = " ".join(f'data-{name}="{value}"' for name, value in facts.items())
        return f"[{said}]{{{marks}}}"

    def _cells(self, row: pd.Series, columns: list[str]) -> tuple[str, ...]:
        """A row of the comparison; each cell holds the name of its column, which narrow screens show beside it."""
        texts = self.texts
        cells = (
            self._marked(row, measure_name(row, texts)),
            self._study(row),
            ". ".join(part for part in (self._verdict(row["verdict"]), self._beside(row)) if part),
            self._effect(row),
            self._certainty(row),
            _cost(row, texts),
            _implemented(row, texts),
        )
        return tuple(f'[{cell}]{{data-label="{name}"}}' for name, cell in zip(columns, cells, strict=True))

    def _effect(self, row: pd.Series) -> str:
        names = ("effect_percent", "effect_percent_low", "effect_percent_high")
        scale, unit = "percent", ""
        if not all(math.isfinite(row[name]) for name in names):
            names, scale, unit = ("estimate", "ci_low", "ci_high"), row["scale"], row["unit"]
        read, values = reader(scale, unit, self.texts), [row[name] for name in names]
        return self.texts("evidence.effect", value=read(values[0]), range=between(values[1], values[2], read, self.texts))

    def _certainty(self, row: pd.Series) -> str:
        texts = self.texts
        if row["certainty"] not in CERTAINTY:
            return texts("evidence.certainty_external", design=row["design"])
        word, step = texts.name("certainty", row["certainty"]), CERTAINTY.index(row["certainty"]) + 1
        return texts("evidence.certainty", step=step, word=word, level=int(row["maryland_level"]))


def _measure_key(row: pd.Series) -> str:
    """The kind of measure, with its own name where the kind is another."""
    return f"other-{row['measure_name'].casefold()}" if row["measure"] == "other" else str(row["measure"])


def _cost(row: pd.Series, texts: Texts) -> str:
    if not math.isfinite(row["cost"]):
        return texts("word.none")
    often = texts("word.per_year" if row["cost_per"] == "year" else "word.once")
    said = f"{money(row['cost'], row['currency'], texts.language, None)} {often}"
    if not math.isfinite(row["cost_inhabitant"]):
        return said
    each = money(row["cost_inhabitant"], row["currency"], texts.language)
    return texts("evidence.cost_inhabitant", cost=said, each=each)


def _implemented(row: pd.Series, texts: Texts) -> str:
    word = texts(f"evidence.implemented_{row['implemented']}")
    if not math.isfinite(row["implementation"]):
        return word
    return texts("evidence.implemented_share", word=word, share=texts.percent(100 * row["implementation"]))


def _shown(left_out: str, tables: Tables) -> str:
    """The title of a study that was left out, or the source of others."""
    titles = tables.results.loc[tables.results["study"] == left_out, "title"]
    return str(titles.iloc[0]) if len(titles) else left_out


def _side(row: pd.Series) -> int:
    """On which side of zero the interval of the random effect lies; 0 where it holds zero."""
    return int(row["random_low"] > 0) - int(row["random_high"] < 0)
