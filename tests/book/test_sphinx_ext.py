"""The book's own extensions, where a mistake would not stop the build."""

import importlib.metadata
import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _extensions(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "sphinx_ext")
    yield
    for name in ("build_record", "citation", "collect_assets"):
        sys.modules.pop(name, None)


def test_seeds_are_found_wherever_they_are_handed_over():
    from build_record import seeds_of

    source = """
run = qem.sample(model, steps=10, seed=16)
runs = [qem.sample(m, seed=i) for i, m in enumerate(models)]
rng = np.random.default_rng(3)
unseeded = qem.steady_state(model)
"""
    assert sorted(seeds_of(source)) == [
        ("np.random.default_rng", "3"),
        ("qem.sample", "16"),
        ("qem.sample", "i"),
    ]


def test_versions_are_those_of_the_requirements():
    from build_record import versions

    _, rows = versions(None)
    listed = dict(rows)
    for name in ("numpy", "matplotlib", "jupyter-book"):
        assert listed[name] == importlib.metadata.version(name)
    # MathJax is read from where it was installed, not from where that was asked for.
    installed = ROOT / "node_modules" / "mathjax" / "package.json"
    assert listed["mathjax"] == json.loads(installed.read_text(encoding="utf-8"))["version"]
    # Tools of the tests have no part in the book.
    assert "pytest" not in listed
    assert "axe-core" not in listed


def test_the_machine_is_named():
    from build_record import machine

    _, rows = machine(None)
    assert all(name and value for name, value in rows)


def test_entries_of_bibtex():
    from citation import bibtex

    person = {"family-names": "Nada", "given-names": "Zoë"}
    article = {
        "type": "article",
        "title": "On nothing",
        "authors": [person, {"name": "The Group"}],
        "journal": "Journal",
        "volume": 1,
        "year": 2020,
    }
    assert bibtex(article).splitlines() == [
        "@article{Nada2020,",
        "  title = {{On nothing}},",
        "  author = {Nada, Zoë and {The Group}},",
        "  year = {2020},",
        "  journal = {Journal},",
        "  volume = {1},",
        "}",
    ]


def test_what_only_tests_load_is_not_in_the_book():
    from collect_assets import VENDOR, bundled_licences

    assert not list(VENDOR.rglob("*axe*"))
    assert "axe-core" not in bundled_licences()
