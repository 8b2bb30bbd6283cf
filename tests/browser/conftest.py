"""Debian's chromium, driven by Playwright, on the pages in _build/html."""

import functools
import http.server
import shutil
import threading

import pytest
from book import BOOK, PAGES, name
from playwright.sync_api import sync_playwright
from visiting import Visit
from xdist.scheduler import LoadScopeScheduling

# Without these chromium asks for things from the network by itself.
FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class ByPage(LoadScopeScheduling):
    """Of several processes, the one that has opened a page runs all of its tests."""

    def _split_scope(self, nodeid):
        parameters = nodeid.partition("[")[2].rstrip("]")
        return next((page for page in map(name, PAGES) if parameters.endswith(page)), nodeid)


def pytest_xdist_make_scheduler(config, log):
    return ByPage(config, log)


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


class SilentHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format, *args):
        pass


@pytest.fixture(scope="session")
def server():
    """Address of a server of the book on this machine, for the time of the tests."""
    handler = functools.partial(SilentHandler, directory=BOOK)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture
def visit(browser):
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    yield Visit(context.new_page())
    context.close()
