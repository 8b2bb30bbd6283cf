"""Keep punctuation with the formula before it.

A browser may break a line between inline maths, which MathJax draws as a picture, and the comma
that follows.  Set as part of the formula, the comma cannot be left alone.
"""

from docutils import nodes


def _take_in_punctuation(app, doctree):
    for formula in list(doctree.findall(nodes.math)):
        after = formula.next_node(descend=False, siblings=True)
        if not isinstance(after, nodes.Text) or after[:1] not in tuple(".,;:"):
            continue
        mark, rest = after[0], after[1:]
        formula.replace_self(nodes.math(formula.rawsource, f"{formula.astext()}\\text{{{mark}}}"))
        # Texts are equal if they read the same: only the place tells this one from another ".".
        parent = after.parent
        place = next(i for i, child in enumerate(parent.children) if child is after)
        parent[place] = nodes.Text(rest)


def setup(app):
    app.connect("doctree-read", _take_in_punctuation)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
