"""Everyone can use the pages and PDFs: axe-core on WCAG 2.1 A and AA, structure, phone width and PDF/UA-1."""

from __future__ import annotations

from importlib import resources
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]


@pytest.fixture(scope="module")
def axe() -> str:
    """The script of axe-core."""
    return (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Page, axe: str) -> list[str]:
    """What axe-core objects to, as `rule: element` lines."""
    page.evaluate(axe)
    found: dict[str, Any] = page.evaluate("rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", RULES)
    assert len(found["passes"]) > 10, "axe-core has hardly looked at anything"
    return [f"{rule['id']}: {node['html'][:120]}" for rule in found["violations"] for node in rule["nodes"]]


def test_axe_finds_nothing_on_a_wide_screen(address: str, tab: Page, axe: str) -> None:
    tab.goto(address)
    assert violations(tab, axe) == []


def test_axe_finds_nothing_on_a_phone(address: str, phone: Page, axe: str) -> None:
    phone.goto(address)
    assert violations(phone, axe) == []


def test_axe_would_find_a_fault(served: dict[str, str], tab: Page, axe: str) -> None:
    tab.goto(served["sample"] + "studier/belysning/index.html")
    tab.evaluate("document.querySelector('main img').removeAttribute('alt')")
    assert [line.split(":")[0] for line in violations(tab, axe)] == ["image-alt"]


def test_phone_needs_no_sideways_scrolling(address: str, phone: Page) -> None:
    phone.goto(address)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390


def test_zoom_to_320_pixels_needs_no_sideways_scrolling(address: str, phone: Page) -> None:
    phone.set_viewport_size({"width": 320, "height": 640})
    phone.goto(address)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 320


def test_headings_make_an_outline_without_gaps(address: str, tab: Page) -> None:
    tab.goto(address)
    levels = tab.evaluate("[...document.querySelectorAll('main :is(h1,h2,h3,h4,h5,h6)')].map(h => Number(h.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))


def test_page_has_language_title_and_landmarks(address: str, tab: Page) -> None:
    tab.goto(address)
    assert tab.evaluate("document.documentElement.lang") in {"sv", "en"}
    assert tab.title()
    for landmark in ("main", "body > header", "header nav[aria-label]", "footer"):
        assert tab.locator(landmark).count() == 1, landmark


def test_pdf_conforms_to_pdf_ua_1(pdf: Path) -> None:
    page = pytest.importorskip("page", reason="page-validation is not installed")
    report = page.validate_pdf(str(pdf), profile=page.ValidationProfile.PDF_UA_1)
    assert report.is_compliant, report
