"""Where the pages lead, and how large they are."""

from urllib.parse import unquote, urlsplit

import pytest
from book import BOOK, PAGES, anchors_and_links, name

MEGABYTE = 1_000_000


def size(path):
    return path.stat().st_size


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_internal_links_resolve(path):
    _, links = anchors_and_links(path)
    assert links
    assert [link for link in links if leads_nowhere(path, link)] == []


def leads_nowhere(path, link):
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return False
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not (target.is_file() and target.is_relative_to(BOOK)):
        return True
    if not parts.fragment or target.suffix != ".html":
        return False
    return unquote(parts.fragment) not in anchors_and_links(target)[0]


def test_a_link_into_the_void_is_seen():
    page = BOOK / "chapters" / "index.html"
    assert leads_nowhere(page, "nowhere.html")
    assert leads_nowhere(page, "#nowhere")
    assert leads_nowhere(page, "model.html#nowhere")
    assert not leads_nowhere(page, "https://example.org/nowhere")


def test_the_book_is_small_enough_to_carry():
    assert sum(size(file) for file in BOOK.rglob("*") if file.is_file()) < 60 * MEGABYTE
    for path in PAGES:
        assert size(path) < 8 * MEGABYTE, path
