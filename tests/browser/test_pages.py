"""The built book as a reader has it: each page opened from disk, without a server or a network."""

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
BOOK = ROOT / "_build" / "html"
# The front page only sends on to the first chapter.
PAGES = sorted(
    path
    for path in BOOK.rglob("*.html")
    if "_static" not in path.parts and path != BOOK / "index.html"
)
SLIDERS = [path for path in PAGES if "SelectionSliderModel" in path.read_text(encoding="utf-8")]


def name(path):
    return str(path.relative_to(BOOK).with_suffix(""))


def test_every_chapter_is_built():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    listed = {toc["root"], *(entry["file"] for entry in toc["chapters"])}
    missing = listed - {name(path) for path in PAGES}
    assert not missing, "not built: run `make book`"


def test_the_front_page_leads_to_the_first_chapter(visit):
    visit.page.goto((BOOK / "index.html").as_uri())
    visit.page.wait_for_url("**/chapters/index.html")
    assert visit.problems == []


def test_the_search_finds_something(visit):
    page = visit.open(BOOK / "search.html", "?q=oscillator")
    page.wait_for_selector("#search-results li a")
    assert visit.problems == []


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_a_page_is_complete_and_asks_for_nothing_else(visit, path):
    page = visit.open(path)
    page.wait_for_load_state("networkidle")
    assert visit.problems == []


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_equations_are_typeset(visit, path):
    page = visit.open(path)
    assert page.locator("mjx-container").count() == page.locator(".math").count()
    # An error of TeX, and a command that MathJax does not know, which it prints in red.
    wrong = page.locator("mjx-container").locator('[data-mml-node="merror"], [fill="red"]')
    assert wrong.count() == 0
    # What is left of maths that was not recognised as such.
    assert "\\(" not in page.locator("body").inner_text()


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_pictures_load_and_have_alt_texts(visit, path):
    page = visit.open(path)
    bad = page.locator("article img").evaluate_all(
        """all => all.filter(img => !img.alt.trim() || !img.naturalWidth)
           .map(img => img.outerHTML.slice(0, 200))"""
    )
    assert bad == []


def test_there_is_a_slider():
    assert SLIDERS


@pytest.mark.parametrize("path", SLIDERS, ids=name)
def test_sliders_move_their_pictures(visit, path):
    page = visit.open(path)
    sliders = page.locator(".widget-vbox", has=page.get_by_role("slider"))
    assert sliders.count() > 0
    for box in sliders.all():
        picture = box.locator("img:visible")
        box.get_by_role("slider").focus()
        page.keyboard.press("Home")
        alt, src = picture.get_attribute("alt"), picture.get_attribute("src")
        page.keyboard.press("ArrowRight")
        value = box.locator(".widget-readout").inner_text()
        assert value in picture.get_attribute("alt")
        assert picture.get_attribute("alt") != alt
        assert picture.get_attribute("src") != src
    assert visit.problems == []
