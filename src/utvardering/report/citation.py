"""How a report is cited: as a sentence, as BibTeX, as a citation file, and as metadata of its page.

The date is the latest that the study itself states, never that of the day when the report was made, so that two runs give the
same bytes. The formats are those of BibTeX's `misc` entry, of the Citation File Format 1.2.0 (citation-file-format.github.io)
and of the `citation_*` and Dublin Core names that Google Scholar and Zotero read from the head of a page.
"""

from __future__ import annotations

import datetime as dt
import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from utvardering.report.texts import lower_first

if TYPE_CHECKING:
    from pathlib import Path

    from utvardering.report.results import Results

CFF = "CITATION.cff"
DIGITS = 12
"""So much of the hash of a plan tells it from every other."""
LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    '"': "{''}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "&%$#_"},
}
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Citation:
    """What a citation of a report holds; `date` is None and `doi` empty where there is none."""

    id: str
    authors: tuple[str, ...]
    title: str
    about: str
    date: dt.date | None
    doi: str
    plan: str
    program: str
    language: str
    simulated: str

    @property
    def key(self) -> str:
        """What a text cites it by."""
        return self.id + (str(self.date.year) if self.date else "")

    @property
    def version(self) -> str:
        """The start of the plan's hash: another plan is another version of the study."""
        return self.plan[:DIGITS]


def citation(run: Results) -> Citation:
    """How the report of a run is cited."""
    texts, registration = run.texts, run.registration
    return Citation(
        id=run.id,
        authors=tuple(str(name) for name in run.study["study"].get("authors", [])) or (texts("data.nobody"),),
        title=run.title,
        about=texts("process.subtitle" if run.is_organisation else _kind(run), measure=lower_first(str(run.measure["name"]))),
        date=latest_date(run),
        doi=str(run.setting("report", "doi", "")),
        plan=str(registration.get("plan_sha256_now") or registration.get("plan_sha256") or ""),
        program=str(run.manifest.get("versions", {}).get("utvardering", "")),
        language=texts.language,
        simulated=texts("cite.simulated") if run.is_simulated else "",
    )


def _kind(run: Results) -> str:
    return "design.subtitle" if run.is_planned else "word.subtitle"


def latest_date(run: Results) -> dt.date | None:
    """The latest of: when the plan was locked, when outcomes were opened, the last evaluated day, and the last evidence."""
    stated = [run.lock.get("registered_at"), run.registration.get("registered_at"), run.registration.get("opened_at")]
    if not run.is_planned:
        stated.append(run.setting("period", "last", None))
    stated += [one.get("date") for one in run.process.get("evidence", [])] if run.is_organisation else []
    found = [match[0] for one in stated if one and (match := DATE.match(str(one)))]
    return dt.date.fromisoformat(max(found)) if found else None


def sentence(run: Results) -> str:
    """The citation as a text, in Markdown: authors, year, title, what was studied, plan and program."""
    texts, found = run.texts, citation(run)
    parts = [
        f"{texts.joined(list(found.authors))} ({found.date.year if found.date else texts('cite.no_date')}).",
        f"*{found.title}*. {found.about}.",
        texts("cite.study", id=found.id) + (f", {texts('cite.plan', plan=found.version)}" if found.version else "") + ".",
        f"{texts('cite.program', version=found.program)}." if found.program else "",
        f"{found.simulated}." if found.simulated else "",
        f"<https://doi.org/{found.doi}>" if found.doi else "",
    ]
    return " ".join(part for part in parts if part)


def bibtex(run: Results) -> str:
    """The citation as an entry for a reference program; values in quotes, names of bodies kept whole by braces."""
    texts, found = run.texts, citation(run)
    note = [texts("cite.study", id=found.id)]
    note += [texts("cite.plan", plan=found.version)] if found.version else []
    note += [found.simulated] if found.simulated else []
    fields = {
        "author": " and ".join(f"{{{latex(name)}}}" for name in found.authors),
        "title": f"{{{latex(found.title)}}}",
        "howpublished": latex(found.about),
        "year": str(found.date.year) if found.date else "",
        "date": found.date.isoformat() if found.date else "",
        "version": latex(found.version),
        "doi": found.doi,
        "note": latex(". ".join(note)),
        "langid": {"sv": "swedish", "en": "english"}[found.language],
    }
    lines = [f'  {name} = "{value}",' for name, value in fields.items() if value]
    return "\n".join([f"@misc{{{found.key},", *lines, "}"]) + "\n"


def latex(text: str) -> str:
    """A text in which no sign means anything to BibTeX."""
    return "".join(LATEX.get(sign, sign) for sign in text)


def citation_file(run: Results) -> str:
    """The citation as a file in the Citation File Format: the tables are the data set, the report what is to be cited."""
    texts, found = run.texts, citation(run)
    authors = [{"name": name} for name in found.authors]
    dated: dict[str, Any] = {"date-released": found.date.isoformat()} if found.date else {}
    doi = {"doi": found.doi} if found.doi else {}
    report: dict[str, Any] = {"type": "report", "title": found.title, "authors": authors, **dated, **doi}
    report |= {"year": found.date.year} if found.date else {}
    report |= {"languages": [found.language], "abstract": found.about}
    report |= {"notes": found.simulated} if found.simulated else {}
    said: dict[str, Any] = {
        "cff-version": "1.2.0",
        "message": texts("cite.message"),
        "type": "dataset",
        "title": found.title,
        "authors": authors,
        **({"version": found.version} if found.version else {}),
        **dated,
        **doi,
    }
    if found.plan:
        described = {"type": "other", "value": f"sha256:{found.plan}", "description": texts("cite.plan_hash")}
        said["identifiers"] = [described]
    said["preferred-citation"] = report
    return str(yaml.safe_dump(said, allow_unicode=True, sort_keys=False, width=10_000))


def meta_tags(run: Results) -> str:
    """What programs that collect references read from the head of the page."""
    found = citation(run)
    pairs = [("citation_title", found.title), *(("citation_author", name) for name in found.authors)]
    pairs += [("citation_language", found.language), ("DC.title", found.title), ("DC.language", found.language)]
    pairs += [("DC.creator", name) for name in found.authors]
    pairs += [("DC.type", "Text"), ("DC.description", found.about)]
    if found.date:
        pairs += [("citation_publication_date", found.date.strftime("%Y/%m/%d")), ("DC.date", found.date.isoformat())]
    if found.doi:
        pairs += [("citation_doi", found.doi), ("DC.identifier", f"https://doi.org/{found.doi}")]
    return "\n".join(f'<meta name="{name}" content="{html.escape(value)}">' for name, value in sorted(pairs))


def write_citation(run: Results, folder: Path) -> None:
    """The files that whoever cites the report downloads."""
    (folder / CFF).write_text(citation_file(run), encoding="utf-8")
    (folder / f"{run.id}.bib").write_text(bibtex(run), encoding="utf-8")
