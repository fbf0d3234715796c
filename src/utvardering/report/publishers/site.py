"""What surrounds the documents: navigation, footer, listings, copied files, style and search index."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shutil
import subprocess
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from utvardering.errors import PublishError
from utvardering.report.publishers.pandoc import resource
from utvardering.report.publishers.project import Document, Metadata, Project, read_yaml
from utvardering.report.publishers.words import words

ASSETS = "site_libs/utvardering"
LOCAL_FILES = re.compile(r'(?:src|href)="([^"#?]+)')
TYPST_IMAGES = re.compile(r'image\("([^"]+)"')
RULES = re.compile(r"/\*--\s*scss:rules\s*--\*/(.*?)(?=/\*--\s*scss:|\Z)", re.DOTALL)
USED_SEARCH_SCRIPTS = {"pagefind.js", "pagefind-worker.js"}


def page_metadata(project: Project, document: Document, target: str) -> Metadata:
    """Everything the templates and the filter need of one document, as Pandoc metadata."""
    own = document.formats[target]
    lang = str(own.get("lang", "en"))
    shown = words(lang)
    root = "../" * (len(PurePosixPath(document.path).parts) - 1)
    authors = own.get("author") or []
    listed = authors if isinstance(authors, list) else [authors]
    names = [str(name.get("name", "")) if isinstance(name, dict) else str(name) for name in listed]
    skipped = {"format", "listing", "author", "toc", "execute", "filters", "jupyter"}
    metadata = {key: value for key, value in own.items() if key not in skipped}
    for key in ("bibliography", "csl"):
        if key in own:
            files = own[key] if isinstance(own[key], list) else [own[key]]
            metadata[key] = [str(_source(project, document, str(file)).resolve()) for file in files]
    metadata |= {"lang": lang, "author-meta": names, "by-author": [{"name": {"literal": name}} for name in names]}
    metadata["embedded"] = {
        "words": shown,
        "root": root,
        "folder": document.folder,
        "site-url": str(project.website.get("site-url", "")),
    }
    given = own.get("filters") or []
    named = given if isinstance(given, list) else [given]
    metadata["embedded"]["filters"] = [str(_source(project, document, str(name)).resolve()) for name in named]
    if target == "typst":
        if own.get("number-sections"):
            metadata["section-numbering"] = "1.1.a"
        return metadata
    metadata["toc"] = bool(own.get("toc"))
    facts = [(shown["author"], ", ".join(names)), (shown["published"], own.get("date", ""))]
    page: dict[str, Any] = {
        "site-title": str(project.website.get("title", "")),
        "lang": _other_language(project, lang),
        "root": root,
        "words": shown,
        "search": project.website.get("search", True) is not False,
        "meta": [{"name": name, "value": str(value)} for name, value in facts if value],
        "navbar": _navbar(project, document, root),
        "footer": _footer(project),
    }
    if "typst" in document.formats:
        page["pdf"] = PurePosixPath(document.output("typst")).name
    metadata["page"] = page
    return metadata


def _other_language(project: Project, lang: str) -> str:
    """The language of the site's own words, where the page has another."""
    own = str(project.config.get("lang", lang))
    return own if own != lang else ""


def _source(project: Project, document: Document, named: str) -> Path:
    """A file named in metadata: from the document's folder, or where that has none, from the project."""
    if named.startswith("/"):
        return project.root / named[1:]
    beside = project.root / document.folder / named
    return beside if beside.is_file() else project.root / named


def _navbar(project: Project, document: Document, root: str) -> list[dict[str, Any]]:
    given = project.website.get("navbar")
    bar = given if isinstance(given, dict) else {}
    by_path = {other.path: other for other in project.documents}
    items = []
    for entry in [*(bar.get("left") or []), *(bar.get("right") or [])]:
        item = {"href": entry} if isinstance(entry, str) else dict(entry)
        href = str(item.get("href", "")).lstrip("/")
        page = by_path.get(href)
        if page is not None:
            text = str(item.get("text") or page.front.get("title") or page.stem)
            items.append({"text": text, "href": root + page.output("html"), "current": page.path == document.path})
        else:
            items.append({"text": str(item.get("text", href)), "href": href, "current": False})
    return items


def _footer(project: Project) -> list[str]:
    given = project.website.get("page-footer")
    parts = [given.get(side) for side in ("left", "center", "right")] if isinstance(given, dict) else [given]
    shown = []
    for part in parts:
        if isinstance(part, list):
            shown.append(" · ".join(f"[{item.get('text', '')}]({_absolute(str(item.get('href', '')))})" for item in part))
        elif part:
            shown.append(str(part))
    return shown


def _absolute(href: str) -> str:
    return href if "://" in href or href.startswith("/") else "/" + href


def with_listings(project: Project, document: Document, markdown: str) -> str:
    """The document with its listings as Markdown tables: in the div with the listing's id, or last."""
    for listing in _listings(document):
        table = _listing_table(project, document, listing)
        place = re.compile(rf"^(:{{3,}})\s*\{{#{re.escape(str(listing.get('id', 'listing')))}\}}\s*\n\s*\1\s*$", re.MULTILINE)
        block = f"\n::: {{#{listing.get('id', 'listing')} .listing}}\n{table}\n:::\n"
        markdown, replaced = place.subn(lambda _, block=block: block, markdown)  # type: ignore[misc] # mypy cannot infer the default
        if not replaced:
            markdown += block
    return markdown


def _listings(document: Document) -> list[Metadata]:
    given = document.front.get("listing")
    if not given:
        return []
    listings = given if isinstance(given, list) else [given]
    return [{"contents": listing} if isinstance(listing, str) else dict(listing) for listing in listings]


def _contents(listing: Metadata) -> list[str]:
    given = listing.get("contents") or []
    return [str(item) for item in (given if isinstance(given, list) else [given])]


def _matches(document: Document, path: str, patterns: list[str]) -> bool:
    return any(
        fnmatch.fnmatch(path, os.path.normpath(str(PurePosixPath(document.folder) / pattern)).lstrip("/"))
        for pattern in patterns
    )


def _listing_table(project: Project, document: Document, listing: Metadata) -> str:
    shown = words(str(document.formats["html"].get("lang", "en")))
    fields = [str(name) for name in listing.get("fields") or ["date", "title", "author"]]
    display = listing.get("field-display-names") or {}
    rows = [_row(project, other, document) for other in project.documents if _matches(document, other.path, _contents(listing))]
    rows += _rows_from_yaml(project, document, listing)
    rows = [row for row in rows if _chosen(row, listing) and row["path"] != document.path]
    orders = listing.get("sort") or []
    for order in reversed(orders if isinstance(orders, list) else [orders]):
        name, _, direction = str(order).partition(" ")
        rows.sort(key=lambda row, name=name: (row.get(name) is None, row.get(name)), reverse=direction == "desc")  # type: ignore[misc] # mypy cannot infer the default
    lines = [
        "| " + " | ".join(str(display.get(name) or shown.get(name, name)) for name in fields) + " |",
        "|:--" * len(fields) + "|",
    ]
    lines += ["| " + " | ".join(_listed(row, name) for name in fields) + " |" for row in rows]
    return "\n".join(lines)


def _row(project: Project, other: Document, document: Document) -> Metadata:
    href = (
        os.path.relpath(project.root / other.output("html"), project.root / document.folder) if "html" in other.formats else ""
    )
    shared = next(iter(other.formats.values()))
    lang = str(shared.get("lang", ""))
    other_lang = lang if lang != next(iter(document.formats.values())).get("lang") else ""
    return {**shared, "path": other.path, "href": PurePosixPath(href).as_posix(), "other-lang": other_lang}


def _rows_from_yaml(project: Project, document: Document, listing: Metadata) -> list[Metadata]:
    rows: list[Metadata] = []
    for pattern in _contents(listing):
        if not pattern.endswith((".yml", ".yaml")):
            continue
        for file in sorted((project.root / document.folder).glob(pattern)):
            items = read_yaml("items:\n" + file.read_text(encoding="utf-8"), file.name)["items"] or []
            rows += [{"href": item.get("path", ""), "path": "", **item} for item in items]
    return rows


def _chosen(row: Metadata, listing: Metadata) -> bool:
    def fits(rules: Metadata) -> bool:
        return all(
            any(
                fnmatch.fnmatch(str(row.get(key, "")), str(value))
                for value in (values if isinstance(values, list) else [values])
            )
            for key, values in rules.items()
        )

    include, exclude = listing.get("include"), listing.get("exclude")
    return (not include or fits(include)) and not (exclude and fits(exclude))


def _listed(row: Metadata, name: str) -> str:
    value = row.get(name)
    text = ", ".join(str(item) for item in value) if isinstance(value, list) else "" if value is None else str(value)
    text = text.replace("|", "\\|").replace("\n", " ")
    if name != "title":
        return text
    marked = f"[{text}]{{lang={row['other-lang']}}}" if row.get("other-lang") else text
    return f"[{marked}]({row['href']})" if row.get("href") else marked


def copy_files(project: Project, document: Document, rendered: str, out: Path) -> list[str]:
    """Copies the local files that a rendered text points to; gives their paths in the site."""
    copied = []
    for named in sorted({*LOCAL_FILES.findall(rendered), *TYPST_IMAGES.findall(rendered)}):
        if urlsplit(named).scheme or named.endswith((".html", ".qmd")):
            continue
        relative = os.path.normpath(str(PurePosixPath(document.folder) / unquote(named)))
        source, goal = project.root / relative, out / relative
        if not relative.startswith("..") and source.is_file() and not goal.exists():
            goal.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, goal)
        if goal.is_file():
            copied.append(PurePosixPath(relative).as_posix())
    return copied


def write_assets(project: Project, out: Path) -> None:
    """Style, script and the files that `project.resources` names."""
    folder = out / ASSETS
    folder.mkdir(parents=True, exist_ok=True)
    style = resource("style.css").read_text(encoding="utf-8")
    theme = project.root / "theme.scss"
    if theme.is_file():
        style += "".join(RULES.findall(theme.read_text(encoding="utf-8")))
    (folder / "style.css").write_text(style, encoding="utf-8")
    (folder / "search.js").write_bytes(resource("search.js").read_bytes())
    for pattern in (project.config.get("project") or {}).get("resources") or []:
        for file in sorted(project.root.glob(str(pattern).lstrip("/"))):
            if file.is_file():
                goal = out / file.relative_to(project.root)
                goal.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, goal)


def write_search_index(out: Path) -> None:
    """Pagefind's index of every page, static files only; its own user interfaces are left out."""
    from pagefind.service import get_executable  # noqa: PLC0415 -- only a publishing that changes something needs it

    program = get_executable()
    if program is None:
        message = "The search index cannot be made: install `pagefind[bin]`."
        raise PublishError(message)
    done = subprocess.run(  # noqa: S603 -- the program and its arguments are ours
        [str(program), "--site", str(out), "--quiet"], capture_output=True, encoding="utf-8", check=False, cwd=out
    )
    if done.returncode != 0:
        message = f"The search index cannot be made: {(done.stderr or done.stdout).strip()}"
        raise PublishError(message)
    folder = out / "pagefind"
    for file in [*folder.glob("*.js"), *folder.glob("*.css")]:
        if file.name not in USED_SEARCH_SCRIPTS:
            file.unlink()
    entry = folder / "pagefind-entry.json"  # its languages come in random order
    entry.write_text(
        json.dumps(json.loads(entry.read_text(encoding="utf-8")), ensure_ascii=False, sort_keys=True), encoding="utf-8"
    )
