"""Directive `citation-box`: how to cite this edition and its paper, from CITATION.cff.

And the list of references: Sphinx gives its entries a role that is no longer allowed in a list.
"""

from pathlib import Path

import yaml
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

CITATION = Path(__file__).resolve().parent.parent / "CITATION.cff"


class CitationBox(SphinxDirective):
    def run(self):
        self.env.note_dependency(str(CITATION))
        citation = yaml.safe_load(CITATION.read_text(encoding="utf-8"))
        box = nodes.admonition("", nodes.title("", "How to cite"), classes=["note", "citation-box"])
        box += nodes.paragraph("", citation["message"])
        entries = "\n\n".join(map(bibtex, [citation, *citation["references"]]))
        box += nodes.literal_block(entries, entries, language="bibtex")
        return [box]


def bibtex(work):
    """A work of the Citation File Format as an entry of BibTeX."""
    is_article = work["type"] == "article"
    year = str(work.get("year") or work["date-released"].year)
    fields = {
        "title": f"{{{work['title']}}}",
        "author": " and ".join(map(full_name, work["authors"])),
        "year": year,
        "journal": work.get("journal"),
        "volume": work.get("volume"),
        "pages": work.get("start"),
        "version": work.get("version"),
        "doi": work.get("doi"),
    }
    first = work["authors"][0]
    key = f"{first.get('family-names', 'qemlib')}{year}"
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@{'article' if is_article else 'software'}{{{key},", *lines, "}"])


def full_name(person):
    """Family name first, or in one more pair of braces a name that is not to be taken apart."""
    if "name" in person:
        return f"{{{person['name']}}}"
    return f"{person['family-names']}, {person['given-names']}"


def _entries_are_items_of_a_list(app, pagename, templatename, context, doctree):
    if "body" in context:
        context["body"] = context["body"].replace('role="doc-biblioentry"', 'role="listitem"')


def setup(app):
    app.add_directive("citation-box", CitationBox)
    app.connect("html-page-context", _entries_are_items_of_a_list)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
