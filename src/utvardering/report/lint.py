"""What may not be published: rules for the sources before anything is rendered, and for the pages afterwards.

Both publishers are held to the same rules, since the real Quarto lets several of these faults pass with a warning.
"""

from __future__ import annotations

import itertools
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from utvardering.errors import Problem, PublishError
from utvardering.report.publishers.cells import Cell, read_cell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

    from utvardering.report.publishers.project import Document, Line, Project

FENCE = re.compile(r"^(`{3,}|~{3,})\s*(\S.*)?$")
DEFINED = re.compile(r"\{[^{}\n]*#((?:fig|tbl|eq|sec)-[\w-]+)")
REFERENCE = re.compile(r"(?<![\w@\\./])@((?:[Ff]ig|[Tt]bl|[Ee]q|[Ss]ec)-[\w-]*\w)")
CITATION = re.compile(r"(?<![\w@\\./`])@([A-Za-z][\w:-]*\w)")
BIB_KEY = re.compile(r"^\s*@\w+\s*\{\s*([^,\s]+)\s*,", re.MULTILINE)
FIGURE = re.compile(r"^!\[[^\]]+\]\([^)]*\)(\{[^}]*\})?\s*$")
TABSET = re.compile(r"\.panel-tabset|collapse\s*=")
INLINE_CODE = re.compile(r"`[^`]*`")
RESOURCES = (
    ("img", "src"),
    ("script", "src"),
    ("iframe", "src"),
    ("source", "src"),
    ("video", "src"),
    ("embed", "src"),
    ("object", "data"),
)
LOADED_LINKS = {"stylesheet", "preload", "modulepreload", "icon", "prefetch", "preconnect", "dns-prefetch", "manifest"}
CSS_ADDRESS = re.compile(r"(?:url\(\s*['\"]?|@import\s+['\"])((?:https?:)?//[^'\")\s]+)")


def require_clean(problems: list[Problem]) -> None:
    """Raises when there is anything to mend."""
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        message = f"The report cannot be published: {count}."
        raise PublishError(message, tuple(problems))


def lint_project(project: Project) -> list[Problem]:
    """Everything that is wrong in the sources, in order of document and line."""
    return [problem for document in project.documents for problem in lint_document(project, document)]


def lint_document(project: Project, document: Document) -> list[Problem]:
    """Everything that is wrong in one document."""
    if not document.front.get("title"):
        return [Problem(document.path, "no title: add `title:` to the front matter", 1)]
    cells, prose = _parts(document)
    found = [*_cell_problems(cells), *_prose_problems(prose), *_reference_problems(project, document, cells, prose)]
    own = next(iter(document.formats.values()))
    if (own.get("execute") or {}).get("freeze"):
        found.append(Problem(document.path, "freeze keeps old numbers when results change: remove it"))
    if own.get("simulated") and "simulated-notice" not in document.text:
        found.append(Problem(document.path, "simulated data without a notice: include _simulated.qmd first in the document"))
    return found


def _parts(document: Document) -> tuple[list[tuple[Line, Cell]], list[Line]]:
    """The cells, each with its first line, and the lines that are prose."""
    cells: list[tuple[Line, Cell]] = []
    prose: list[Line] = []
    fence, body, first = "", list[str](), None
    for line in document.lines:
        match = FENCE.match(line.text)
        if fence and match and match.group(1).startswith(fence) and not match.group(2):
            if first is not None:
                cells.append((first, read_cell("\n".join(body))))
            fence, body, first = "", [], None
        elif fence:
            body.append(line.text)
        elif match:
            fence = match.group(1)
            first = line if (match.group(2) or "").startswith("{python") else None
        else:
            prose.append(line)
    return cells, prose


def _cell_problems(cells: list[tuple[Line, Cell]]) -> Iterator[Problem]:
    seen: dict[str, Line] = {}
    for line, cell in cells:
        if not cell.label:
            yield Problem(line.file, "cell without label: add `#| label: …` as its first line", line.number)
            continue
        if cell.label in seen:
            other = seen[cell.label]
            yield Problem(line.file, f"label {cell.label} is already used in {other.file} line {other.number}", line.number)
        seen[cell.label] = line
        if cell.label.startswith("fig-"):
            for option, what in (("fig-alt", "alt text"), ("fig-cap", "caption")):
                if not cell.options.get(option):
                    yield Problem(line.file, f"figure {cell.label} has no {what}: add `#| {option}: …`", line.number)
        if cell.label.startswith("tbl-") and not cell.options.get("tbl-cap"):
            yield Problem(line.file, f"table {cell.label} has no caption: add `#| tbl-cap: …`", line.number)


def _prose_problems(prose: list[Line]) -> Iterator[Problem]:
    for line in prose:
        figure = FIGURE.match(line.text)
        if figure and "alt=" not in (figure.group(1) or ""):
            yield Problem(line.file, 'figure without alt text: add {fig-alt="…"} after the image', line.number)
        if TABSET.search(line.text) and line.text.lstrip().startswith(":::"):
            yield Problem(
                line.file,
                "tabsets and collapsible callouts shut out screen readers: write the parts one after another",
                line.number,
            )


def _reference_problems(
    project: Project, document: Document, cells: list[tuple[Line, Cell]], prose: list[Line]
) -> Iterator[Problem]:
    places = [(match.group(1), line) for line in prose for match in DEFINED.finditer(INLINE_CODE.sub("", line.text))]
    named = {cell.label for _, cell in cells} | {name for name, _ in places}
    seen: dict[str, Line] = {}
    for name, line in places:
        if name in seen or any(cell.label == name for _, cell in cells):
            yield Problem(line.file, f"label {name} is used twice: give one of them another label", line.number)
        seen[name] = line
    generated = any(
        "{#" in cell.source or "Markdown" in cell.source or cell.options.get("output") == "asis" for _, cell in cells
    )
    keys = _bibliography_keys(project, document)
    for line in prose:
        text = INLINE_CODE.sub("", line.text)
        references = REFERENCE.findall(text)
        for name in references:
            if name[0].lower() + name[1:] not in named and not generated:
                yield Problem(line.file, f"@{name} refers to nothing in this document: label what it means {name}", line.number)
        for key in CITATION.findall(text):
            if key not in references and not REFERENCE.fullmatch("@" + key) and key not in keys:
                yield Problem(line.file, f"@{key} is not in the bibliography: add {key} to the .bib file", line.number)


def _bibliography_keys(project: Project, document: Document) -> set[str]:
    keys: set[str] = set()
    for own in document.formats.values():
        given = own.get("bibliography") or []
        for name in given if isinstance(given, list) else [given]:
            for file in (project.root / document.folder / str(name), project.root / str(name).lstrip("/")):
                if file.is_file():
                    keys.update(BIB_KEY.findall(file.read_text(encoding="utf-8")))
                    break
    return keys


def check_site(project: Project, site: Path) -> list[Problem]:
    """Everything that is wrong in the rendered pages."""
    found = [
        Problem(document.path, f"{document.output('typst')} was not made")
        for document in project.documents
        if "typst" in document.formats and not (site / document.output("typst")).is_file()
    ]
    for document in project.documents:
        if "html" in document.formats:
            found += check_page(document, site)
    for style in sorted(site.rglob("*.css")):
        addresses = CSS_ADDRESS.findall(style.read_text(encoding="utf-8", errors="replace"))
        found += [Problem(style.relative_to(site).as_posix(), f"loads {address} from another host") for address in addresses]
    return found


def check_page(document: Document, site: Path) -> list[Problem]:
    """Unresolved references and citations, missing alt texts, broken links, resources from other hosts, a missing notice."""
    from lxml import html  # noqa: PLC0415 -- a tenth of a second that an unchanged site need not wait for

    name = document.output("html")
    if not (site / name).is_file():
        return [Problem(document.path, f"{name} was not made")]
    page = html.fromstring((site / name).read_text(encoding="utf-8"))
    found = [*_foreign(page), *_broken_links(page, site, name), *_unreadable(page)]
    own = document.formats["html"]
    if own.get("simulated") and not page.xpath("//*[contains(@class, 'simulated-notice')]"):
        found.append("the notice of simulated data is missing")
    return [Problem(document.path, message) for message in dict.fromkeys(found)]


def _foreign(page: HtmlElement) -> Iterator[str]:
    addresses = [element.get(attribute) for tag, attribute in RESOURCES for element in page.iter(tag)]
    addresses += [link.get("href") for link in page.iter("link") if set((link.get("rel") or "").split()) & LOADED_LINKS]
    addresses += [
        part.split()[0] for image in page.xpath("//*[@srcset]") for part in image.get("srcset").split(",") if part.strip()
    ]
    addresses += [address for style in page.iter("style") for address in CSS_ADDRESS.findall(style.text or "")]
    for address in addresses:
        if address and urlsplit(address.strip()).netloc:
            yield f"loads {address} from another host: keep a copy in the report folder"


def _broken_links(page: HtmlElement, site: Path, name: str) -> Iterator[str]:
    folder = (site / PurePosixPath(name)).parent
    for element in page.xpath("//a[@href] | //img[@src]"):
        address = urlsplit(element.get("href") or element.get("src"))
        if address.scheme or address.netloc or not address.path:
            continue
        goal = folder / unquote(address.path)
        if not (goal.is_file() or (goal / "index.html").is_file()):
            yield f"points to {address.path}, which is not in the site"


def _unreadable(page: HtmlElement) -> Iterator[str]:
    for image in page.iter("img"):
        if not (image.get("alt") or "").strip() and image.get("role") != "presentation":
            yield f"image {image.get('src')} has no alt text: add fig-alt"
    for table in page.xpath("//th[not(normalize-space())]/ancestor::table[1]"):
        yield f"a table has an empty header cell ({' '.join(table.text_content().split())[:40]} …): give every column a heading"
    levels = [
        int(heading.tag[1]) for heading in page.xpath("//main//*[self::h1 or self::h2 or self::h3 or self::h4 or self::h5]")
    ]
    for earlier, later in itertools.pairwise(levels):
        if later > earlier + 1:
            yield f"a heading of level {later} follows one of level {earlier}: leave no level out"
    text = " ".join(main.text_content() for main in page.xpath("//main"))
    for footnote in re.findall(r"\[\^[^\]\s]+\]", text):
        yield f"footnote {footnote} has no text: add {footnote}: … on a line of its own"
    for unresolved in re.findall(r"\?@[\w-]+", text):
        yield f"{unresolved[1:]} refers to nothing in this document"
    for citation in page.xpath("//*[contains(@class, 'citation')]//strong[contains(., '?')]"):
        yield f"@{citation.text_content().rstrip('?')} is not in the bibliography"
