"""The built book as files: its pages, and what they link to."""

from functools import cache
from html.parser import HTMLParser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BOOK = ROOT / "_build" / "html"
# The front page only sends on to the first chapter.
PAGES = sorted(
    path
    for path in BOOK.rglob("*.html")
    if "_static" not in path.parts and path != BOOK / "index.html"
)


def name(path):
    return str(path.relative_to(BOOK).with_suffix(""))


class _Reader(HTMLParser):
    """Collects what a page can be asked for, and what it asks for itself."""

    def __init__(self):
        super().__init__()
        self.anchors = set()
        self.links = []

    def handle_starttag(self, tag, attributes):
        for attribute, value in attributes:
            if attribute == "id" or (tag == "a" and attribute == "name"):
                self.anchors.add(value)
            elif attribute in ("href", "src") and value:
                self.links.append(value)


@cache
def anchors_and_links(path):
    reader = _Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    return reader.anchors, reader.links
