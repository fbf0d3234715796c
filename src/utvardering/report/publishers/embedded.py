"""The publisher made of ordinary wheels: cells by nbclient, pages by Pandoc, PDFs by Typst, search by Pagefind."""

from __future__ import annotations

import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from utvardering.report.publishers import cells, pandoc, site
from utvardering.report.publishers.project import replace_shortcodes

if TYPE_CHECKING:
    from collections.abc import Callable

    from utvardering.report.publishers.project import Document, Project

AT_ONCE = 2


def render(
    project: Project, documents: list[Document], out: Path, caches: Path, progress: Callable[[str], None]
) -> dict[str, list[str]]:
    """Renders `documents` into the tree `out`, two at a time; gives the files of each, relative to `out`."""
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        started = [(document, pool.submit(_render_document, project, document, out, caches)) for document in documents]
        try:
            files = {}
            for document, job in started:
                files[document.path] = job.result()
                progress(document.path)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return files


def _render_document(project: Project, document: Document, out: Path, caches: Path) -> list[str]:
    folder = out / document.folder
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="utvardering-") as name:
        scratch = Path(name)
        text = document.text
        if cells.has_code(document):
            pieces = cells.split(document)
            cells.run(document, pieces, project.root / document.folder, scratch, caches)
            text = cells.markdown(document, pieces, folder)
        files = _pages(project, document, text, out, scratch)
    pictures = folder / f"{document.stem}_files"
    files += [file.relative_to(out).as_posix() for file in sorted(pictures.rglob("*")) if file.is_file()]
    return sorted(set(files))


def _pages(project: Project, document: Document, text: str, out: Path, scratch: Path) -> list[str]:
    files = []
    for target, own in sorted(document.formats.items()):
        metadata = site.page_metadata(project, document, target)
        markdown = replace_shortcodes(text, own, project.variables, document.path)
        name = document.output(target)
        if target == "html":
            page = pandoc.html(document, site.with_listings(project, document, markdown), metadata, scratch)
            (out / name).write_text(page, encoding="utf-8")
            files += site.copy_files(project, document, page, out)
        else:
            source = pandoc.typst_source(document, markdown, metadata, project.root, scratch)
            files += site.copy_files(project, document, source, out)
            pandoc.pdf(document, source, metadata, out / name)
        files.append(name)
    return files


def finish(project: Project, out: Path) -> None:
    """Style, script, resources and search index of the whole site."""
    site.write_assets(project, out)
    site.write_search_index(out)


def keep(old: Path, new: Path, names: list[str]) -> None:
    """The files of a document that has not changed, linked where the disk allows, else copied."""
    for name in names:
        goal = new / name
        goal.parent.mkdir(parents=True, exist_ok=True)
        if goal.exists():
            continue
        try:
            os.link(old / name, goal)
        except OSError:
            shutil.copyfile(old / name, goal)
