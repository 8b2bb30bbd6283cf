"""The built book as a reader has it: each page opened from disk, without a server or a network.

A page is opened once, and all that the tests ask is looked at in that one visit.
"""

from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise

import pytest
import yaml
from book import BOOK, PAGES, ROOT, name
from equations import too_wide
from playwright.sync_api import TimeoutError
from sliders import has_sliders, move_sliders
from visiting import Visit

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
WIDE, NARROW = {"width": 1400, "height": 900}, {"width": 390, "height": 844}
# A4 at 96 pixels an inch, less the centimetre that browsers leave blank on each side.
PAPER = {"width": 718, "height": 1047}
# By its own account axe-core's gravest findings; the others are advice.
GRAVE = ("serious", "critical")

LOOK = """() => {
    const all = selector => [...document.querySelectorAll(selector)];
    const short = element => element.outerHTML.slice(0, 160);
    return {
        language: document.documentElement.lang,
        equations: all('.math').length,
        typeset: all('mjx-container').length,
        // An error of TeX, and a command that MathJax does not know, which it prints in red.
        misprints: all('mjx-container [data-mml-node="merror"], mjx-container [fill="red"]').length,
        // What is left of maths that was not recognised as such.
        unrecognised: document.body.innerText.includes('\\\\('),
        broken: all('article img').filter(i => !i.naturalWidth).map(short),
        headings: all('article :is(h1, h2, h3, h4, h5, h6)').map(h => +h.tagName[1]),
        figures: all('article figure img, article .cell_output img').map(i => ({
            source: short(i),
            alt: i.alt.trim(),
            caption: i.closest('figure')?.querySelector('figcaption')?.innerText ?? '',
            number: i.closest('figure')?.querySelector('.caption-number')?.innerText ?? '',
            // Its caption would have to be one for all values: the text beside it says it.
            slides: i.closest('.jupyter-widgets') !== null,
        })),
    };
}"""

OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

UNREACHABLE = """() => [...document.querySelectorAll('article *')]
    .filter(e => ['auto', 'scroll'].includes(getComputedStyle(e).overflowX))
    .filter(e => e.scrollWidth > e.clientWidth + 1 && e.tabIndex < 0)
    .filter(e => !e.querySelector('a, button, [tabindex="0"]'))
    .map(e => e.outerHTML.slice(0, 160))"""

AUDIT = "axe.run({exclude: ['mjx-container > svg']}, {resultTypes: ['violations']})"


@dataclass
class Seen:
    """What there was to see on a page."""

    problems: list
    facts: dict
    moved: list
    overflow: dict
    unreachable: list
    too_wide: dict
    findings: dict


@pytest.fixture(scope="session")
def look(browser):
    context = browser.new_context(viewport=WIDE, color_scheme="light", reduced_motion="reduce")
    kept = {}

    def look(path):
        if path not in kept:
            # A page that cannot be looked at is not tried again for each test.
            kept[path] = None
            kept[path] = see(Visit(context.new_page()), path)
        assert kept[path], "see the first test of this page"
        return kept[path]

    yield look
    context.close()


def see(visit, path):
    page = visit.open(path)
    visit.settle()
    facts = page.evaluate(LOOK)
    moved = move_sliders(page)
    problems = list(visit.problems)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    findings = {}
    for mode in ("light", "dark"):
        page.emulate_media(color_scheme=mode)
        page.wait_for_selector(f"html[data-theme={mode}]")
        findings[mode] = page.evaluate(AUDIT)["violations"]
    overflow = {WIDE["width"]: page.evaluate(OVERFLOW)}
    wide_equations = {"screen": too_wide(page)}
    page.set_viewport_size(NARROW)
    overflow[NARROW["width"]] = page.evaluate(OVERFLOW)
    # The theme lets a while pass before it looks what has to scroll now.
    with suppress(TimeoutError):
        page.wait_for_function(f"() => ({UNREACHABLE})().length === 0")
    unreachable = page.evaluate(UNREACHABLE)
    wide_equations["telephone"] = too_wide(page)
    page.emulate_media(media="print")
    page.set_viewport_size(PAPER)
    wide_equations["paper"] = too_wide(page)
    page.close()
    return Seen(problems, facts, moved, overflow, unreachable, wide_equations, findings)


every_page = pytest.mark.parametrize("path", PAGES, ids=name)


def test_every_chapter_is_built():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    chapters = [entry for part in toc["parts"] for entry in part["chapters"]]
    listed = {toc["root"], *(entry["file"] for entry in chapters)}
    missing = listed - {name(path) for path in PAGES}
    assert not missing, "not built: run `make book`"


def test_the_front_page_leads_to_the_first_chapter(visit):
    visit.page.goto((BOOK / "index.html").as_uri())
    visit.page.wait_for_url("**/chapters/index.html")
    assert visit.problems == []


@every_page
def test_a_page_is_complete_and_asks_for_nothing_else(look, path):
    seen = look(path)
    assert seen.problems == []
    assert seen.facts["broken"] == []
    assert seen.facts["language"] == "en"


@every_page
def test_equations_are_typeset(look, path):
    facts = look(path).facts
    assert facts["typeset"] == facts["equations"]
    assert facts["misprints"] == 0
    assert not facts["unrecognised"]


@every_page
def test_headings_are_in_order(look, path):
    levels = look(path).facts["headings"]
    assert levels[:1] in ([1], [])
    assert levels.count(1) <= 1
    assert all(deeper <= level + 1 for level, deeper in pairwise(levels))


@every_page
def test_nothing_is_wider_than_the_page(look, path):
    seen = look(path)
    assert seen.overflow == {1400: 0, 390: 0}
    assert seen.unreachable == [], "these scroll, but not by keyboard"


@every_page
def test_equations_fit_their_column(look, path):
    seen = look(path).too_wide
    assert seen["screen"] == []
    assert seen["paper"] == [], "paper does not scroll"
    # A telephone may have to scroll, but has to be able to.
    assert [found for found in seen["telephone"] if found[0] != "scrolls"] == []


@every_page
def test_pictures_have_numbers_captions_and_texts(look, path):
    for figure in look(path).facts["figures"]:
        assert len(figure["alt"]) >= 20, figure
        assert figure["alt"].rstrip(".") not in figure["caption"], figure
        assert figure["slides"] or figure["number"].startswith("Fig."), figure


@every_page
@pytest.mark.parametrize("mode", ["light", "dark"])
def test_no_grave_finding_of_axe(look, path, mode):
    grave = [
        f"{finding['id']} {node['target']}: {node['failureSummary']}"
        for finding in look(path).findings[mode]
        if finding["impact"] in GRAVE
        for node in finding["nodes"]
    ]
    assert grave == []


def test_there_is_a_slider():
    assert any(map(has_sliders, PAGES))


@pytest.mark.parametrize("path", list(filter(has_sliders, PAGES)), ids=name)
def test_sliders_move_their_pictures(look, path):
    moved = look(path).moved
    assert moved
    assert all(moved), moved
