"""nbval compares with tests/references/ only. Here: that these are what the chapters are now."""

import json

import pytest
import yaml
from make_references import CHAPTERS, REFERENCES, ROOT, chapters_with_code, code_cells

WITH_CODE = [path.stem for path in chapters_with_code()]
AGAIN = "run `make references` and look at what it changes"


def cells_of_reference(name):
    path = REFERENCES / f"{name}.ipynb"
    assert path.exists(), f"{name} has no reference: {AGAIN}"
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def test_every_reference_has_its_chapter():
    references = {path.stem for path in REFERENCES.glob("*.ipynb")}
    assert references == set(WITH_CODE), AGAIN


def test_every_chapter_is_in_the_table_of_contents():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    chapters = [entry for part in toc["parts"] for entry in part["chapters"]]
    listed = [toc["root"], *(entry["file"] for entry in chapters)]
    assert sorted(listed) == sorted(f"chapters/{path.stem}" for path in CHAPTERS.glob("*.md"))


@pytest.mark.parametrize("name", WITH_CODE)
def test_a_reference_has_the_cells_of_its_chapter(name):
    cells = [
        ("".join(cell["source"]), cell["metadata"].get("tags", []))
        for cell in cells_of_reference(name)
    ]
    assert cells == code_cells(CHAPTERS / f"{name}.md"), f"{name} was edited: {AGAIN}"


@pytest.mark.parametrize("name", WITH_CODE)
def test_every_cell_of_a_reference_was_run(name):
    # nbval passes a cell that was not, whatever it prints.
    counts = [cell["execution_count"] for cell in cells_of_reference(name)]
    assert counts == list(range(1, len(counts) + 1)), AGAIN
