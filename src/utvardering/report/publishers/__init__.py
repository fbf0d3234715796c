"""Publishing: a staged Quarto website becomes HTML pages and tagged PDFs, by the real Quarto or the embedded publisher."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from utvardering.errors import PublishError
from utvardering.report import lint
from utvardering.report.publishers import quarto, stamps
from utvardering.report.publishers.project import read_project

if TYPE_CHECKING:
    from collections.abc import Callable

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
    if set(wanted) == fresh == set(held):
        return _published(chosen, project, site, rendered=(), reused=tuple(sorted(fresh)))
    lint.require_clean(lint.lint_project(project))
    changed = [document for document in project.documents if chosen == "quarto" or document.path not in fresh]
    kept = {} if chosen == "quarto" else {path: held[path] for path in sorted(fresh)}
    _build(project, changed, kept, wanted, site, chosen, progress or (lambda _: None))
    rendered = tuple(document.path for document in changed)
    return _published(chosen, project, site, rendered=rendered, reused=tuple(kept))


def _choose(publisher: str) -> str:
    if publisher not in {"auto", "quarto", "embedded"}:
        raise PublishError(f"No publisher named {publisher}: choose auto, quarto or embedded.")
    version = quarto.version() if publisher != "embedded" else None
    if publisher == "quarto" and version is None:
        least = ".".join(str(part) for part in quarto.OLDEST)
        raise PublishError(f"No quarto of version {least} or newer on PATH: install it, or use the embedded publisher.")
    return "quarto" if version is not None else "embedded"


def _build(
    project: Project,
    changed: list[Document],
    kept: dict[str, stamps.Stamp],
    wanted: dict[str, str],
    site: Path,
    chosen: str,
    progress: Callable[[str], None],
) -> None:
    """Builds the whole site beside the old one and changes places with it when everything is well."""
    site.parent.mkdir(parents=True, exist_ok=True)
    caches = stamps.cache_folder(site) / "fonts"
    with tempfile.TemporaryDirectory(prefix=f".{site.name}-", dir=site.parent) as name:
        new, old = Path(name) / "new", Path(name) / "old"
        new.mkdir(mode=0o755)
        if chosen == "quarto":
            files = quarto.render(project, new, caches, progress)
        else:
            from utvardering.report.publishers import embedded  # noqa: PLC0415 - an unchanged site must not wait for it

            for stamp in kept.values():
                embedded.keep(site, new, list(stamp.outputs))
            files = embedded.render(project, changed, new, caches, progress)
            embedded.finish(project, new)
        lint.require_clean(lint.check_site(project, new))
        hashed = {path: {name: stamps.file_hash(new / name) for name in names} for path, names in files.items()}
        if site.exists():
            site.rename(old)
        try:
            new.rename(site)
        except OSError:
            if old.exists():
                old.rename(site)
            raise
        stamps.write_stamps(site, {**kept, **{path: stamps.Stamp(wanted[path], outputs) for path, outputs in hashed.items()}})
        shutil.rmtree(old, ignore_errors=True)


def _published(chosen: str, project: Project, site: Path, *, rendered: tuple[str, ...], reused: tuple[str, ...]) -> PublishedSite:
    def outputs(target: str) -> tuple[Path, ...]:
        return tuple(site / document.output(target) for document in project.documents if target in document.formats)

    return PublishedSite(chosen, site, outputs("html"), outputs("typst"), rendered, reused)
