"""The book's own extensions on small document trees."""

import importlib.util

from docutils import nodes
from docutils.utils import new_document
from make_references import ROOT


def extension(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "sphinx_ext" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_punctuation_moves_into_the_formula_before_it_and_from_nowhere_else():
    document, paragraph = new_document("test"), nodes.paragraph()
    document += paragraph
    # "It is **8**.⏎So is $a$.": two texts that read the same, as MyST makes them.
    paragraph += [nodes.Text("It is "), nodes.strong("", "8"), nodes.Text("."), nodes.Text("\n")]
    paragraph += [nodes.Text("So is "), nodes.math("a", "a"), nodes.Text(".")]
    extension("inline_maths")._take_in_punctuation(None, document)
    assert [node.astext() for node in paragraph] == [
        "It is ",
        "8",
        ".",
        "\n",
        "So is ",
        r"a\text{.}",
        "",
    ]


def test_a_figure_with_a_name_says_where_its_data_lie():
    document = new_document("test")
    for name in ("fig-work", "another"):
        figure = nodes.figure("", names=[name])
        figure += nodes.caption("", "Work.")
        document += figure
    extension("figure_files")._name_files(None, document)
    captions = [caption.astext() for caption in document.findall(nodes.caption)]
    assert captions == ["Work. Data: data/fig-work.nc, .csv.", "Work."]
