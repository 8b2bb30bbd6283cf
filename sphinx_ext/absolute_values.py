"""Docstrings write |x| for an absolute value; reStructuredText takes it for a substitution."""

import re

LITERAL_OR_BAR = re.compile(r"(``.*?``)|\|")


def escape_bars(app, what, name, obj, options, lines):
    lines[:] = [
        line
        if line.lstrip().startswith((">>>", "..."))
        else LITERAL_OR_BAR.sub(lambda found: found[1] or r"\|", line)
        for line in lines
    ]


def setup(app):
    app.connect("autodoc-process-docstring", escape_bars)
    return {"parallel_read_safe": True}
