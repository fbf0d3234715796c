"""The words of the glossary in a real browser, by pointer, keyboard and without a script; and the pages they lead to."""

from __future__ import annotations

import functools
import http.server
import threading
from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest

from tests.report.fixtures.builds import make
from utvardering.evaluate import evaluate
from utvardering.report.figures import write_figures
from utvardering.report.render import render_report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
PAGES = (
    "studier/prov/index.html",
    "studier/prov/en-sida.html",
    "studier/prov/bilaga.html",
    "studier/english/index.html",
    "studier/english/bilaga.html",
    "studier/organisation/index.html",
    "studier/organisation/en-sida.html",
    "ordlista.html",
    "glossary.html",
)
WORD = "main a.ord"
BOX = ".ord-ruta:not([hidden])"


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the name is the base class's
        """Says nothing."""


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A site with a Swedish and an English report and the assessment of an organisation."""
    root = tmp_path_factory.mktemp("words")
    build = root / "build"
    for name, language in (("prov", "sv"), ("english", "en")):
        write_figures(make(build, name=name, language=language))
    evaluate("studies/organisation", build)
    folders = [build / name for name in ("prov", "english", "organisation")]
    site = render_report(folders, root / "_site", publisher="embedded").site
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_a_word_is_explained_at_focus_and_esc_puts_the_box_away(host: str, tab: Page) -> None:
    tab.goto(host + PAGES[0])
    assert tab.locator(BOX).count() == 0
    word = tab.locator(WORD).first
    word.focus()
    box = tab.locator(BOX)
    assert box.count() == 1
    assert box.get_attribute("role") == "tooltip"
    assert box.get_attribute("id") == word.get_attribute("aria-describedby")
    assert box.inner_text() == word.get_attribute("data-means")
    tab.keyboard.press("Escape")
    assert tab.locator(BOX).count() == 0
    assert tab.evaluate("document.activeElement.className") == "ord"  # focus stays where it was
    tab.keyboard.press("Tab")
    assert tab.locator(BOX).count() == (1 if tab.evaluate("document.activeElement.className") == "ord" else 0)


def test_the_box_stays_while_the_pointer_is_on_it_and_leaves_with_it(host: str, tab: Page) -> None:
    tab.goto(host + PAGES[0])
    word = tab.locator(WORD).first
    word.hover()
    box = tab.locator(BOX)
    box.wait_for()
    box.hover()
    tab.wait_for_timeout(400)  # longer than the pause after which a box that nobody points at goes away
    assert tab.locator(BOX).count() == 1
    tab.locator("h1").hover()
    tab.wait_for_function("document.querySelectorAll('.ord-ruta:not([hidden])').length === 0")


def test_the_keyboard_reaches_the_entry_of_the_word(host: str, tab: Page) -> None:
    tab.goto(host + PAGES[0])
    tab.locator(WORD).first.focus()
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/ordlista.html#ord-*")
    assert tab.evaluate("document.querySelector(location.hash) !== null")


def test_without_a_script_a_word_is_a_link(host: str, chromium: Browser) -> None:
    page = chromium.new_page(java_script_enabled=False)
    page.goto(host + PAGES[0])
    assert page.locator(".ord-ruta").count() == 0
    assert "title" not in page.locator(WORD).first.evaluate("e => e.getAttributeNames()")
    page.locator(WORD).first.click()
    assert "/ordlista.html#ord-" in page.url
    page.close()


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_every_box_is_inside_the_window(host: str, tab: Page, width: int) -> None:
    tab.set_viewport_size({"width": width, "height": 700})
    tab.goto(host + PAGES[0])
    for number in range(min(12, tab.locator(WORD).count())):
        tab.locator(WORD).nth(number).focus()
        place = tab.locator(BOX).bounding_box()
        assert place is not None
        assert place["x"] >= 0
        assert place["x"] + place["width"] <= width
        assert place["y"] >= 0
        assert place["y"] + place["height"] <= 700


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_also_with_a_box_open(host: str, tab: Page, name: str, width: int) -> None:
    tab.set_viewport_size({"width": width, "height": 900})
    tab.goto(host + name)
    if tab.locator(WORD).count():
        tab.locator(WORD).first.focus()
        assert tab.locator(BOX).count() == 1
    tab.evaluate((resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    found: dict[str, Any] = tab.evaluate("rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", RULES)
    assert len(found["passes"]) > 10, "axe-core has hardly looked at anything"
    assert [f"{rule['id']}: {node['html'][:120]}" for rule in found["violations"] for node in rule["nodes"]] == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
