"""What finds equations that are too wide, tried on pages that have some."""

import pytest
from book import ROOT
from equations import too_wide

MATHJAX = ROOT / "vendor" / "mathjax" / "tex-svg.js"
FITS = r"\(E = mc^2\)"
TOO_LONG = r"\(" + " + ".join(f"a_{{{i}}} b_{{{i}}}" for i in range(40)) + r"\)"
PAGE = """<!DOCTYPE html>
<style>
  article {{ width: 500px; }}
  mjx-container {{ overflow-x: visible; }}
  {style}
</style>
<script src="{mathjax}"></script>
<article>
  <p>{before}</p>
  <div class="column"><div class="math">{equation}</div></div>
</article>
"""


@pytest.fixture
def fates(browser, tmp_path):
    page = browser.new_page(viewport={"width": 900, "height": 600})

    def fates(equation, style="", before="text"):
        path = tmp_path / "page.html"
        mathjax = MATHJAX.as_uri()
        path.write_text(
            PAGE.format(style=style, mathjax=mathjax, equation=equation, before=before),
            encoding="utf-8",
        )
        page.goto(path.as_uri())
        page.evaluate("MathJax.startup.promise.then(() => true)")
        return [fate for fate, _ in too_wide(page)]

    yield fates
    page.close()


def test_an_equation_that_fits(fates):
    assert fates(FITS) == []
    assert fates(FITS, ".math { overflow: hidden; }") == []


@pytest.mark.parametrize("box", ["mjx-container", ".math", ".column"])
@pytest.mark.parametrize(
    ("overflow", "fate"), [("auto", "scrolls"), ("scroll", "scrolls"), ("hidden", "cut off")]
)
def test_a_box_that_is_too_small(fates, box, overflow, fate):
    style = f"{box} {{ display: block; overflow-x: {overflow}; }}"
    assert fates(TOO_LONG, style) == [fate]


def test_nothing_that_stops_it(fates):
    assert fates(TOO_LONG) == ["leaves its column"]


def test_scrolling_does_not_bring_back_what_is_cut_inside(fates):
    style = ".math { overflow: hidden; } .column { overflow-x: auto; }"
    assert fates(TOO_LONG, style) == ["cut off"]


def test_what_hangs_out_to_the_left_cannot_be_scrolled_to(fates):
    style = ".math { overflow-x: auto; } mjx-container { display: block; margin-left: -100px; }"
    assert fates(FITS, style) == ["cut off"]


def test_an_equation_in_a_line_of_text(fates):
    assert fates("", before=FITS) == []
    assert fates("", before=TOO_LONG) == ["leaves its column"]


def test_an_aside_is_a_column_of_its_own(fates):
    aside = f"<aside style='margin-left: 600px; width: 200px'>{FITS}</aside>"
    assert fates("", before=aside) == []
    assert fates("", before=aside.replace(FITS, TOO_LONG)) == ["leaves its column"]
