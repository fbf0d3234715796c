"""A published site in a real browser: the sample that tests make themselves, and the reports where they have been rendered."""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from utvardering.report.publishers import publish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

REPOSITORY = Path(__file__).resolve().parents[2]
SAMPLE = REPOSITORY / "tests" / "report" / "sample"
REPORTS = REPOSITORY / "reports" / "_site"
SAMPLE_PAGES = (
    "index.html",
    "lasning.html",
    "tillganglighet.html",
    "studier/belysning/index.html",
    "studier/lighting/index.html",
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`page_of_site` runs over every page of the sample and of the reports, `pdf_of_site` over every PDF."""
    if "page_of_site" in metafunc.fixturenames:
        names = [("sample", name) for name in SAMPLE_PAGES]
        metafunc.parametrize("page_of_site", [*names, *_rendered("*.html")], ids="-".join)
    if "pdf_of_site" in metafunc.fixturenames:
        names = [("sample", f"studier/{name}/{name}.pdf") for name in ("belysning", "lighting")]
        metafunc.parametrize("pdf_of_site", [*names, *_rendered("*.pdf")], ids="-".join)


def _rendered(pattern: str) -> list[tuple[str, str]]:
    found = [("reports", file.relative_to(REPORTS).as_posix()) for file in sorted(REPORTS.rglob(pattern))]
    return found or [("reports", pattern)]


def _without(what: str, variable: str) -> None:
    if os.environ.get(variable) == "1":
        pytest.fail(f"{what}, and {variable}=1 forbids skipping")
    pytest.skip(what)


@pytest.fixture(scope="session")
def sample_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample project, published once for all browser tests."""
    return publish(SAMPLE, tmp_path_factory.mktemp("browser") / "_site", publisher="embedded").site


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's chromium, without any talk of its own with the network."""
    program = shutil.which("chromium")
    if program is None:
        _without("chromium is not on PATH", "UTVARDERING_REQUIRE_BROWSER")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the name is the base class's
        """Says nothing."""


@pytest.fixture(scope="session")
def served(sample_site: Path) -> Iterator[dict[str, str]]:
    """The address of each site: `sample`, and `reports` where they are rendered."""
    folders = {"sample": sample_site, "reports": REPORTS}
    servers = {}
    for name, folder in folders.items():
        handler = functools.partial(_Quiet, directory=str(folder))
        servers[name] = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=servers[name].serve_forever, daemon=True).start()
    yield {name: f"http://127.0.0.1:{server.server_port}/" for name, server in servers.items()}
    for server in servers.values():
        server.shutdown()
        server.server_close()


@pytest.fixture
def address(page_of_site: tuple[str, str], served: dict[str, str]) -> str:
    """The address of the page that the test is run for."""
    site, name = page_of_site
    if site == "reports" and not (REPORTS / name).is_file():
        _without("the reports are not rendered (reports/_site has no pages)", "UTVARDERING_REQUIRE_SITE")
    return served[site] + name


@pytest.fixture
def pdf(pdf_of_site: tuple[str, str], sample_site: Path) -> Path:
    """The PDF that the test is run for."""
    site, name = pdf_of_site
    file = (sample_site if site == "sample" else REPORTS) / name
    if not file.is_file():
        _without("the reports are not rendered (reports/_site has no PDFs)", "UTVARDERING_REQUIRE_SITE")
    return file


@pytest.fixture
def tab(chromium: Browser) -> Iterator[Page]:
    """A fresh tab of desktop width."""
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    yield page
    page.close()


@pytest.fixture
def phone(chromium: Browser) -> Iterator[Page]:
    """A fresh tab of phone width."""
    page = chromium.new_page(viewport={"width": 390, "height": 844})
    yield page
    page.close()
