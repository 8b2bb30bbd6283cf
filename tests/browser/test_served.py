"""The book behind a server, on wide and narrow screens, light and dark; and what a reader does."""

import pytest
from book import BOOK, name
from sliders import has_sliders, move_sliders
from visiting import Visit

CHAPTERS = [
    path
    for chapter in ("index", "wigner", "work", "explorer")
    if (path := BOOK / "chapters" / f"{chapter}.html").exists()
]
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize("width", [1400, 390])
@pytest.mark.parametrize("mode", ["light", "dark"])
def test_chapters_on_screens_of_all_kinds(browser, server, mode, width):
    context = browser.new_context(viewport={"width": width, "height": 850}, color_scheme=mode)
    for path in CHAPTERS:
        visit = Visit(context.new_page(), server)
        page = visit.open_address(f"{server}{name(path)}.html")
        visit.settle()
        assert page.locator("html").get_attribute("data-theme") == mode
        assert page.evaluate(SIDEWAYS) == 0, path
        if has_sliders(path):
            moved = move_sliders(page)
            assert moved, path
            assert all(moved), path
        assert visit.problems == []
        page.close()
    context.close()


@pytest.mark.parametrize("served", [False, True], ids=["from disk", "served"])
def test_the_search_finds_ergotropy(browser, server, served):
    visit = Visit(browser.new_page(), server if served else None)
    address = f"{server}search.html" if served else (BOOK / "search.html").as_uri()
    page = visit.open_address(f"{address}?q=ergotropy")
    page.wait_for_selector('#search-results li a[href*="chapters/work"]')
    assert visit.problems == []
    page.close()


def test_the_search_field_leads_to_the_results(visit):
    page = visit.open(BOOK / "chapters" / "index.html")
    page.keyboard.press("Control+k")
    page.locator("#pst-search-dialog input").fill("ergotropy")
    page.keyboard.press("Enter")
    page.wait_for_selector("#search-results li a")
    assert visit.problems == []


def test_keyboard_alone_reaches_and_moves_a_slider(visit):
    page = visit.open(next(path for path in CHAPTERS if has_sliders(path)))
    handle = page.get_by_role("slider").first
    # From the link or the fold before it, one key further.
    page.evaluate(
        """handle => {
            const stops = [...document.querySelectorAll('a[href], summary, [tabindex="0"]')]
                .filter(stop => stop.offsetParent);
            stops[stops.indexOf(handle) - 1].focus();
        }""",
        handle.element_handle(),
    )
    page.keyboard.press("Tab")
    assert handle.evaluate("handle => handle === document.activeElement")
    before = handle.get_attribute("aria-valuetext")
    page.keyboard.press("ArrowRight")
    assert handle.get_attribute("aria-valuetext") != before


def test_paper_gets_the_text_and_not_the_controls(browser):
    context = browser.new_context(viewport={"width": 794, "height": 1123}, color_scheme="dark")
    visit = Visit(context.new_page())
    page = visit.open(BOOK / "chapters" / "work.html")
    page.emulate_media(media="print")
    page.wait_for_selector("html[data-theme=light]")
    for gone in (
        ".bd-sidebar-primary",
        ".bd-sidebar-secondary",
        ".bd-header-article",
        ".prev-next-footer",
        ".copybtn",
        "details.hide",
    ):
        assert page.locator(f"{gone}:visible").count() == 0, gone
    assert page.locator("article figure:visible").count() > 0
    kept_whole = page.locator("article figure").first
    assert kept_whole.evaluate("figure => getComputedStyle(figure).breakInside") == "avoid"
    # Dark letters on white paper, whatever the screen is like.
    color = "element => getComputedStyle(element).color.match(/[0-9]+/g).map(Number)"
    for text in ("article p", "article pre .n"):
        assert max(page.locator(text).first.evaluate(color)) < 100, text
    page.emulate_media(media="screen")
    page.wait_for_selector("html[data-theme=dark]")
    context.close()
