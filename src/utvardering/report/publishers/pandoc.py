"""From Markdown to a page and a PDF: Pandoc with the filter, then Typst; what they complain of becomes a `PublishError`."""

from __future__ import annotations

import datetime as dt
import json
import re
import subprocess
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from utvardering.errors import Problem, PublishError

if TYPE_CHECKING:
    from utvardering.report.publishers.project import Document, Metadata

READER = "markdown+table_attributes-smart"
EQUATION = re.compile(r"^\$\$\n(.*?)\n\$\$ *\{(#eq-[^}]*)\}", re.DOTALL | re.MULTILINE)
ONE_LINE_EQUATION = re.compile(r"^\$\$([^$\n]+)\$\$ *\{(#eq-[^}]*)\}", re.MULTILINE)
MISSING_CITATION = re.compile(r"Citeproc: citation (\S+) not found")
WARNING = re.compile(r"^\[WARNING\] (?!Citeproc: citation)(.+(?:\n  .+)*)", re.MULTILINE)
ADVICE = {
    "reference": ("@{0} refers to nothing in this document", r"@{0}\b", "label a figure, table, equation or heading {0}"),
    "citation": ("@{0} is not in the bibliography", r"@{0}\b", "add {0} to the .bib file"),
    "alt": ("{0} has no alt text", "{0}", "say what it shows: fig-alt (figures) or alt (equations)"),
    "duplicate": ("{0} is used twice", "{0}", "give one of them another label"),
}


def resource(name: str) -> Path:
    """A file that ships with the publisher."""
    return Path(str(resources.files("utvardering.report.publishers") / "resources" / name))


@cache
def pandoc_path() -> str:
    """The Pandoc that came with the wheel."""
    import pypandoc  # noqa: PLC0415 -- only a document that is rendered needs it

    return str(pypandoc.get_pandoc_path())


def prepare(markdown: str) -> str:
    """Labelled equations as divs, which Pandoc's reader understands."""
    for pattern in (EQUATION, ONE_LINE_EQUATION):
        markdown = pattern.sub(r"::: {\2}\n$$\n\1\n$$\n:::", markdown)
    return markdown


def convert(document: Document, markdown: str, metadata: Metadata, arguments: list[str], scratch: Path) -> str:
    """Runs Pandoc, the project's own filters before ours; whatever it or a filter warns of is listed in one error."""
    file = scratch / "metadata.json"
    file.write_text(json.dumps(metadata, ensure_ascii=False), encoding="utf-8")
    command = [pandoc_path(), "--from", READER, "--metadata-file", str(file)]
    for name in (*metadata["embedded"]["filters"], str(resource("filter.lua"))):
        command += ["--lua-filter", name]
    command += ["--data-dir", str(scratch), "--citeproc", "--standalone", "--wrap=none", *arguments]
    done = subprocess.run(  # noqa: S603 -- the program and its arguments are ours
        command, input=prepare(markdown), capture_output=True, encoding="utf-8", check=False, cwd=scratch
    )
    found = problems(document, done.stderr)
    if done.returncode != 0 and not found:
        found = [Problem(document.path, done.stderr.strip() or "Pandoc failed without a word")]
    if found:
        message = f"{document.path} cannot be published."
        raise PublishError(message, tuple(found))
    return done.stdout


def problems(document: Document, complaints: str) -> list[Problem]:
    """What the filter and citeproc complained of, each with its file, its line and what to do."""
    named = [tuple(line.split("\t")[1:3]) for line in complaints.splitlines() if line.startswith("PROBLEM\t")]
    named += [("citation", key) for key in MISSING_CITATION.findall(complaints)]
    found = []
    for kind, what in dict.fromkeys(named):
        said, pattern, advice = ADVICE[kind]
        line = document.place(pattern.format(re.escape(what)))
        number = line.number if line else 0
        found.append(Problem(line.file if line else document.path, f"{said.format(what)}: {advice.format(what)}", number))
    return found + [Problem(document.path, " ".join(said.split())) for said in dict.fromkeys(WARNING.findall(complaints))]


def html(document: Document, markdown: str, metadata: Metadata, scratch: Path) -> str:
    """The page."""
    arguments = ["--to", "html5", "--mathml", "--template", str(resource("page.html"))]
    if metadata.get("toc"):
        arguments += ["--toc", "--toc-depth", str(metadata.get("toc-depth", 3))]
    return convert(document, markdown, metadata, arguments, scratch)


def typst_source(document: Document, markdown: str, metadata: Metadata, partials: Path, scratch: Path) -> str:
    """The document in Typst; `partials` is the folder that holds the design that both publishers share."""
    for name in ("typst-template.typ", "typst-show.typ"):
        own = partials / name
        if own.is_file():
            (scratch / name).write_bytes(own.read_bytes())
        else:
            message = f"{document.path}: no {name} in the report folder, which every PDF needs."
            raise PublishError(message)
    (scratch / "document.typ").write_bytes(resource("document.typ").read_bytes())
    return convert(document, markdown, metadata, ["--to", "typst", "--template", str(scratch / "document.typ")], scratch)


def pdf(document: Document, source: str, metadata: Metadata, out: Path) -> None:
    """The tagged PDF at `out`, which stands in the site, where the document's pictures are."""
    import typst  # noqa: PLC0415 -- only a document that is rendered needs it

    file = out.with_suffix(".typ")
    file.write_text(source, encoding="utf-8")
    top = out.parents[len(Path(document.path).parts) - 1]
    options: dict[str, Any] = {"pdf_standards": ["ua-1"], "ignore_system_fonts": True, "timestamp": timestamp(metadata)}
    try:
        typst.compile(str(file), str(out), root=str(top), **options)
    except (RuntimeError, ValueError) as error:
        said = str(getattr(error, "diagnostic", error)).replace(str(file), document.path).strip()
        message = f"{document.path}: the PDF could not be made."
        raise PublishError(message, (Problem(document.path, said),)) from error
    finally:
        file.unlink()


def timestamp(metadata: Metadata) -> dt.datetime:
    """The date of the report, so that two renders give the same bytes; 1 January 2000 where there is none."""
    try:
        day = dt.date.fromisoformat(str(metadata.get("date", "")))
    except ValueError:
        day = dt.date(2000, 1, 1)
    return dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
