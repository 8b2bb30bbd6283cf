"""The notebooks that the pages offer: with the chapters' cells, run, and fit to be run again."""

import json
import os

import nbformat
import pytest
from book import BOOK, ROOT, anchors_and_links
from make_references import chapters_with_code, code_cells
from nbclient import NotebookClient

CHAPTERS = [path.stem for path in chapters_with_code()]


def download(name):
    return BOOK / "_sources" / "chapters" / f"{name}.ipynb"


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_offers_its_executed_notebook(name):
    _, links = anchors_and_links(BOOK / "chapters" / f"{name}.html")
    # In the menu at the top and at the end of the page.
    assert links.count(f"../_sources/chapters/{name}.ipynb") == 2
    notebook = nbformat.read(download(name), as_version=4)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    chapter = ROOT / "chapters" / f"{name}.md"
    assert [cell.source for cell in cells] == [source for source, _ in code_cells(chapter)]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert outputs
    assert not [output for output in outputs if output.output_type == "error"]
    assert str(ROOT) not in download(name).read_text(encoding="utf-8")


def test_a_page_without_code_offers_no_notebook():
    _, links = anchors_and_links(BOOK / "chapters" / "references.html")
    assert not [link for link in links if link.endswith(".ipynb")]


def click_in_the_menu(page):
    page.locator(".dropdown-download-buttons > button").click()
    page.locator(".btn-download-notebook-button").click()


def click_at_the_end(page):
    page.locator(".executed-notebook a").click()


@pytest.mark.parametrize("click", [click_in_the_menu, click_at_the_end])
def test_a_server_hands_the_notebook_over(browser, server, click):
    page = browser.new_page()
    page.goto(f"{server}chapters/work.html")
    with page.expect_download() as saved:
        click(page)
    assert saved.value.suggested_filename == "work.ipynb"
    with open(saved.value.path(), encoding="utf-8") as file:
        assert file.read() == download("work").read_text(encoding="utf-8")
    page.close()


def test_from_disk_the_notebook_opens_as_text(visit):
    page = visit.open(BOOK / "chapters" / "work.html")
    # The theme's menu opens a tab of its own.
    with page.context.expect_page() as tab:
        click_in_the_menu(page)
    click_at_the_end(page)
    for shown in (tab.value, page):
        shown.wait_for_url("**/work.ipynb")
        assert json.loads(shown.locator("body").inner_text())["nbformat"] == 4
    assert visit.problems == []


def test_a_downloaded_notebook_runs_elsewhere(tmp_path, monkeypatch):
    """In an empty folder, with nothing of the repository but the installed package."""
    monkeypatch.delenv("MPLBACKEND", raising=False)
    monkeypatch.setitem(os.environ, "TQDM_DISABLE", "1")
    notebook = nbformat.read(download("model"), as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    client = NotebookClient(
        notebook,
        timeout=1800,
        startup_timeout=600,
        resources={"metadata": {"path": str(tmp_path)}},
    )
    executed = client.execute()
    assert any(cell.get("outputs") for cell in executed.cells)
