"""A reader finds the way with a keyboard, finds a word, and reads without any other computer knowing."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


def focused(page: Page) -> str:
    """The text or id of what has focus."""
    shown: str = page.evaluate("(document.activeElement.innerText || document.activeElement.id).trim()")
    return shown


def test_nothing_is_asked_from_another_host_and_nothing_is_missing(address: str, tab: Page) -> None:
    asked: list[str] = []
    failed: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("response", lambda response: failed.append(response.url) if response.status >= 400 else None)
    tab.goto(address, wait_until="networkidle")
    if tab.locator("form.search input").count():
        tab.locator("form.search input").fill("och")
        tab.wait_for_load_state("networkidle")
    host = urlsplit(address).netloc
    assert asked
    assert [url for url in asked if urlsplit(url).scheme not in {"data", "blob"} and urlsplit(url).netloc != host] == []
    assert failed == []


def test_no_cookie_and_nothing_stored(address: str, tab: Page) -> None:
    tab.goto(address)
    assert tab.context.cookies() == []
    assert tab.evaluate("localStorage.length + sessionStorage.length") == 0


def test_every_link_leads_somewhere(address: str, tab: Page) -> None:
    tab.goto(address)
    links = tab.evaluate("[...document.querySelectorAll('a[href]')].map(a => a.getAttribute('href'))")
    host = urlsplit(address).netloc
    for link in sorted({urljoin(address, link) for link in links}):
        if urlsplit(link).netloc == host:
            assert tab.request.get(link.partition("#")[0]).ok, link
    for anchor in [link for link in links if link.startswith("#") and len(link) > 1]:
        assert tab.evaluate("id => document.getElementById(id) !== null", anchor[1:]), anchor


def test_first_tab_stop_skips_to_the_content(address: str, tab: Page) -> None:
    tab.goto(address)
    tab.keyboard.press("Tab")
    skip = tab.locator(":focus")
    assert skip.inner_text() in {"Hoppa till innehållet", "Skip to content"}
    assert skip.bounding_box()["x"] >= 0  # type: ignore[index] # a focused element has a box
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.tagName") == "MAIN"


def test_keyboard_reaches_everything_in_reading_order(served: dict[str, str], tab: Page) -> None:
    tab.goto(served["sample"] + "studier/belysning/index.html")
    order = []
    for _ in range(9):
        tab.keyboard.press("Tab")
        order.append(focused(tab))
    assert order[:6] == [
        "Hoppa till innehållet",
        "Rapporter från Provköping",
        "Alla rapporter",
        "Så läser du",
        "sok",
        "Hämta sidan som pdf",
    ]
    assert "Tabell\xa01" in order


def test_focus_can_be_seen(served: dict[str, str], tab: Page) -> None:
    tab.goto(served["sample"] + "index.html")
    for _ in range(4):
        tab.keyboard.press("Tab")
        style = tab.evaluate(
            "(({outlineStyle, outlineWidth}) => [outlineStyle, outlineWidth])(getComputedStyle(document.activeElement))"
        )
        assert style == ["solid", "3px"]


@pytest.mark.parametrize(
    ("start", "word", "page", "count"),
    [
        ("index.html", "busslinje", "studier/belysning/", "1 träff"),
        ("studier/belysning/index.html", "skalan", "lasning.html", "2 träffar"),
        ("studier/lighting/index.html", "safer", "studier/lighting/", "1 result"),
        ("index.html", "qqqq", None, "Inga träffar."),
    ],
)
def test_search_finds_a_word(served: dict[str, str], tab: Page, start: str, word: str, page: str | None, count: str) -> None:
    tab.goto(served["sample"] + start)
    tab.locator("form.search input").fill(word)
    status = tab.locator(".search-status")
    status.wait_for(state="visible")
    assert status.inner_text() == count
    links = tab.locator(".search-results a")
    targets = [urlsplit(link.get_attribute("href") or "").path.lstrip("/") for link in links.all()]
    assert (page in targets) if page else targets == []
    if page:
        links.first.click()
        assert tab.locator("h1").count() == 1


def test_search_results_are_reached_and_closed_with_the_keyboard(served: dict[str, str], tab: Page) -> None:
    tab.goto(served["sample"] + "index.html")
    tab.locator("form.search input").fill("belysning")
    tab.locator(".search-results a").first.wait_for()
    tab.keyboard.press("Tab")
    assert focused(tab).startswith("Ny belysning")
    tab.keyboard.press("Escape")
    assert tab.locator(".search-results").is_hidden()
    assert focused(tab) == "sok"


def test_notice_of_simulated_data_stays_in_view(served: dict[str, str], tab: Page) -> None:
    tab.goto(served["sample"] + "studier/belysning/index.html")
    tab.evaluate("window.scrollTo(0, document.body.scrollHeight / 2)")
    box = tab.locator(".simulated-notice").bounding_box()
    assert box is not None
    assert 0 <= box["y"] < 200
