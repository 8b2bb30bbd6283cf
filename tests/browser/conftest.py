"""Debian's chromium, driven by Playwright, on the pages in _build/html."""

import shutil

import pytest
from playwright.sync_api import sync_playwright

# Without these chromium asks for things from the network by itself.
FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser():
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail("no chromium on this machine: run `make system` as root")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=FLAGS, chromium_sandbox=False
        )
        yield browser
        browser.close()


class Visit:
    """One tab, and all that went wrong in it."""

    def __init__(self, page):
        self.page = page
        self.problems = []
        page.on("request", self._on_request)
        page.on("requestfailed", lambda r: self.problems.append(f"failed: {r.url[:200]}"))
        page.on("pageerror", lambda error: self.problems.append(f"uncaught: {error}"))
        page.on("console", self._on_console)

    def _on_request(self, request):
        if not request.url.startswith(("file:", "data:", "blob:")):
            self.problems.append(f"foreign: {request.url}")

    def _on_console(self, message):
        if message.type == "error":
            self.problems.append(f"console: {message.text}")

    def open(self, path, query=""):
        """Open a file and wait until its equations and widgets are drawn."""
        self.page.goto(path.as_uri() + query)
        self.page.evaluate("window.MathJax && MathJax.startup.promise.then(() => true)")
        self.page.wait_for_function(
            """() => [...document.querySelectorAll('script[type$="widget-view+json"]')]
                .every(view => view.parentElement.querySelector('.jupyter-widgets'))"""
        )
        return self.page


@pytest.fixture
def visit(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield Visit(context.new_page())
    context.close()
