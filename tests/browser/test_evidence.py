"""*Vad fungerar?* in a real browser: chosen from by keyboard, read without a script, and usable by everyone on any screen."""

from __future__ import annotations

import functools
import http.server
import threading
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.evidence.made_up_runs import write_run
from utvardering.evidence import weigh_evidence, write_evidence
from utvardering.report.render import render_report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

ROWS = "main [data-measure]"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the name is the base class's
        """Says nothing."""


@pytest.fixture(scope="module")
def page_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page over five made-up runs: three safety hosts and one lighting on two aims, one that cannot be interpreted."""
    folder = tmp_path_factory.mktemp("evidence")
    for name, estimate in (("a", -0.3), ("b", -0.1), ("c", 0.05)):
        write_run(folder / "build", name, estimate, verdict="effect" if name == "a" else "uncertain")
    write_run(folder / "build", "d", kind="belysning", dose=None)
    write_run(folder / "build", "e", -0.77, verdict="not_interpretable")
    found = write_evidence(weigh_evidence(folder / "build", folder / "none.toml"), folder / "build")
    site: Path = render_report([], folder / "_site", publisher="embedded", evidence=found).site
    assert (site / "vad-fungerar" / "vad-fungerar.pdf").is_file()
    handler = functools.partial(_Quiet, directory=str(site))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/vad-fungerar/index.html"
    server.shutdown()
    server.server_close()


def shown(page: Page) -> int:
    """How many results can be seen."""
    return sum(row.is_visible() for row in page.locator(ROWS).all())


def test_rows_are_chosen_with_the_keyboard_and_the_number_is_said(page_address: str, tab: Page) -> None:
    tab.goto(page_address)
    status = tab.locator("form.filter [role=status]")
    assert status.get_attribute("aria-live") == "polite"
    assert status.inner_text() == "Visar 10 av 10 resultat."
    assert shown(tab) == 10
    for _ in range(20):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.name") == "measure":
            break
    tab.keyboard.press("ArrowDown")  # belysning, the first of the alphabet
    assert (shown(tab), status.inner_text()) == (2, "Visar 2 av 10 resultat.")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.name") == "verdict"
    tab.keyboard.press("ArrowDown")  # effekt påvisad: no lighting has it
    assert (shown(tab), status.inner_text()) == (0, "Visar 0 av 10 resultat.")
    assert tab.get_by_text("Inget resultat stämmer med valet.").first.is_visible()
    for name in ("certainty", "implemented"):
        tab.keyboard.press("Tab")
        assert tab.evaluate("document.activeElement.name") == name
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.innerText") == "Visa alla"
    tab.keyboard.press("Enter")
    tab.wait_for_function("document.querySelector('form.filter [role=status]').innerText.startsWith('Visar 10')")
    assert shown(tab) == 10


@pytest.mark.parametrize(
    ("name", "value", "count"),
    [
        ("measure", "trygghetsvardar", 8),
        ("verdict", "not_interpretable", 2),
        ("certainty", "3", 0),
        ("certainty", "2", 10),
        ("implemented", "unknown", 2),
    ],
)
def test_each_choice_shows_what_it_says(page_address: str, tab: Page, name: str, value: str, count: int) -> None:
    tab.goto(page_address)
    tab.locator(f"select[name={name}]").select_option(value)
    assert shown(tab) == count


def test_everything_is_read_without_a_script(page_address: str, chromium: Browser) -> None:
    page = chromium.new_page(java_script_enabled=False)
    page.goto(page_address)
    assert not page.locator("form.filter").is_visible()
    assert page.locator(ROWS).count() == 10
    assert all(row.is_visible() for row in page.locator(ROWS).all())
    page.close()


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_axe_finds_nothing_and_nothing_is_scrolled_sideways(page_address: str, tab: Page, width: int) -> None:
    tab.set_viewport_size({"width": width, "height": 900})
    tab.goto(page_address)
    tab.evaluate((resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    found: dict[str, Any] = tab.evaluate("rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", RULES)
    assert len(found["passes"]) > 10, "axe-core has hardly looked at anything"
    assert [f"{rule['id']}: {node['html'][:120]}" for rule in found["violations"] for node in rule["nodes"]] == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_no_other_host_is_asked(page_address: str, tab: Page) -> None:
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(page_address, wait_until="networkidle")
    host = page_address.rsplit("/", 2)[0]
    assert asked
    assert [url for url in asked if not url.startswith((host, "data:", "blob:"))] == []
