"""What the chapters owe their readers, as far as their sources show it."""

import ast
import re

import pytest
import yaml
from make_references import CHAPTERS, chapters_with_code, code_cells

TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in sorted(CHAPTERS.glob("*.md"))}
WITH_CODE = chapters_with_code()


def figures():
    """(chapter, name, alt text, caption) of the figures that cells draw, from their metadata."""
    for chapter, text in TEXTS.items():
        for header in re.findall(r"^```\{code-cell\}[^\n]*\n---\n(.*?)^---$", text, re.M | re.S):
            metadata = yaml.safe_load(header).get("mystnb", {})
            if "image" in metadata or "figure" in metadata:
                figure = metadata.get("figure", {})
                alt = metadata.get("image", {}).get("alt", "")
                yield chapter, figure.get("name"), alt.strip(), figure.get("caption", "").strip()


FIGURES = list(figures())


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: f"{figure[0]}-{figure[1]}")
def test_a_figure_has_a_name_a_caption_and_a_text_of_its_own(figure):
    _, name, alt, caption = figure
    assert name
    assert name.startswith("fig-")
    assert len(caption) >= 20
    assert len(alt) >= 20
    assert alt.rstrip(".").lower() not in caption.lower()


@pytest.mark.parametrize("name", [name for _, name, _, _ in FIGURES])
def test_the_text_refers_to_each_figure(name):
    assert any(f"{{numref}}`{name}`" in text for text in TEXTS.values())


def test_names_of_figures_are_different():
    names = [name for _, name, _, _ in FIGURES]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("chapter", WITH_CODE, ids=lambda path: path.stem)
def test_cells_out_of_sight_only_check_and_hand_on(chapter):
    """A removed cell asserts and glues; it shows, draws and defines nothing."""
    for source, tags in code_cells(chapter):
        if "remove-cell" in tags or "remove-input" in tags:
            tree = ast.parse(source)
            does = {word for node in ast.walk(tree) if (word := act(node))}
            assert does <= {"assert", "glue"}, source
            assert does, source


def act(node):
    """What a part of a program does, where it does more than to compute."""
    if isinstance(node, ast.Assert):
        return "assert"
    if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom):
        return "define"
    if isinstance(node, ast.Call):
        called = ast.unparse(node.func)
        if called == "glue":
            return "glue"
        if called in ("print", "display") or called.startswith(("plt.", "ax.", "plotting.")):
            return "show"
    return None
