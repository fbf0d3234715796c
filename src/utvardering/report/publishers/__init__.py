"""Publishing: a staged Quarto website becomes HTML pages and tagged PDFs, by the real Quarto or the embedded publisher."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from utvardering.disclosure.gate import authors_in, require_nothing_personal
from utvardering.errors import PublishError
from utvardering.report import lint
from utvardering.report.publishers import quarto, stamps
from utvardering.report.publishers.project import read_project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from utvardering.report.publishers.project import Document, Project

__all__ = ["PublishedSite", "publish"]


@dataclass(frozen=True)
class PublishedSite:
    """What was published: pages and PDFs as paths, and which documents were rendered now or kept as they were."""

    publisher: str
    site: Path
    pages: tuple[Path, ...]
    pdfs: tuple[Path, ...]
    rendered: tuple[str, ...]
    reused: tuple[str, ...]


def publish(
    staging: Path, site: Path, *, publisher: str = "auto", progress: Callable[[str], None] | None = None
) -> PublishedSite:
    """Renders the Quarto project in `staging` into `site`; a fault leaves the old site as it was.

    `publisher` is `quarto`, `embedded`, or `auto`: Quarto where a new enough one is installed, else embedded.
    Raises `PublishError` with every problem found, each with its document, its line and what to do.
    """
    chosen = _choose(publisher)
    staging, site = staging.absolute(), site.absolute()
    project = read_project(staging)
    wanted = stamps.document_hashes(project, chosen)
    held = stamps.read_stamps(site)
    fresh = {path for path, value in wanted.items() if stamps.is_fresh(site, held.get(path), value)}
    if fresh == set(wanted) == set(held) - {stamps.SHARED} and stamps.is_complete(site, held):
        return _published(chosen, project, site, rendered=(), reused=tuple(sorted(fresh)))
    lint.require_clean(lint.lint_project(project))
    kept = {} if chosen == "quarto" else {path: list(held[path].outputs) for path in sorted(fresh)}
    changed = [document for document in project.documents if document.path not in kept]
    with _exchange(site) as new:
        files = _render(project, changed, kept, new, site, chosen, progress or (lambda _: None))
        lint.require_clean(lint.check_site(project, new))
        require_nothing_personal(new, PublishError, allowed=_authors(project))
        made = stamps.make_stamps(new, wanted, files)
    stamps.write_stamps(site, made)
    return _published(chosen, project, site, rendered=tuple(document.path for document in changed), reused=tuple(kept))


def _authors(project: Project) -> list[str]:
    """Whom the pages may name: their authors and those of the literature."""
    own = [document.formats[target].get("author") or [] for document in project.documents for target in document.formats]
    named = [name for names in own for name in (names if isinstance(names, list) else [names])]
    given = [str(name.get("name", "")) if isinstance(name, dict) else str(name) for name in named]
    return [*given, *authors_in(project.root)]


def _choose(publisher: str) -> str:
    if publisher not in {"auto", "quarto", "embedded"}:
        message = f"No publisher named {publisher}: choose auto, quarto or embedded."
        raise PublishError(message)
    version = quarto.version() if publisher != "embedded" else None
    if publisher == "quarto" and version is None:
        least = ".".join(str(part) for part in quarto.OLDEST)
        message = f"No quarto of version {least} or newer on PATH: install it, or use the embedded publisher."
        raise PublishError(message)
    return "quarto" if version is not None else "embedded"


@contextmanager
def _exchange(site: Path) -> Iterator[Path]:
    """Gives an empty folder beside `site`, which takes its place when the block ends without an error; programs take turns."""
    site.parent.mkdir(parents=True, exist_ok=True)
    with (
        FileLock(site.parent / f".{site.name}.lock"),
        tempfile.TemporaryDirectory(prefix=f".{site.name}-", dir=site.parent) as name,
    ):
        new, old = Path(name) / "new", Path(name) / "old"
        new.mkdir(mode=0o755)
        yield new
        if site.exists():
            site.rename(old)
        try:
            new.rename(site)
        except OSError:
            if old.exists():
                old.rename(site)
            raise


def _render(
    project: Project,
    changed: list[Document],
    kept: dict[str, list[str]],
    new: Path,
    site: Path,
    chosen: str,
    progress: Callable[[str], None],
) -> dict[str, list[str]]:
    """Fills the folder `new`; gives the files of each document."""
    caches = stamps.cache_folder(site) / "fonts"
    if chosen == "quarto":
        return quarto.render(project, new, caches, progress)
    from utvardering.report.publishers import embedded  # noqa: PLC0415 -- an unchanged site must not wait for it

    for names in kept.values():
        embedded.keep(site, new, names)
    files = embedded.render(project, changed, new, caches, progress)
    embedded.finish(project, new)
    return {**kept, **files}


def _published(
    chosen: str, project: Project, site: Path, *, rendered: tuple[str, ...], reused: tuple[str, ...]
) -> PublishedSite:
    def outputs(target: str) -> tuple[Path, ...]:
        return tuple(site / document.output(target) for document in project.documents if target in document.formats)

    return PublishedSite(chosen, site, outputs("html"), outputs("typst"), rendered, reused)
