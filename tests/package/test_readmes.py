"""The example in each README prints what it says, and PyPI's page leads nowhere but out."""

import re
from pathlib import Path

import pytest
from readme_example import example, printed

ROOT = Path(__file__).resolve().parents[2]
READMES = ("README.md", "qemlib/README.md")


@pytest.mark.parametrize("path", READMES)
def test_the_example_prints_what_it_says(path):
    code, told = example(ROOT / path)
    assert told
    assert printed(code) == told


def test_a_page_on_an_index_has_only_absolute_links():
    """It stands alone there: what lies beside it in the repository is not."""
    links = re.findall(r"\]\(([^)]*)\)", (ROOT / "qemlib/README.md").read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not link.startswith("https://")] == []
