"""Equations carry the paper's numbers: the label `eq-A24` is printed, and referred to, as (A24).

An equation without such a label has no number, and a reference to it fails the build.
"""

from sphinx.domains.math import MathDomain

PREFIX = "eq-"


class PaperNumbers(MathDomain):
    def note_equation(self, docname, labelid, location=None):
        if labelid.startswith(PREFIX):
            super().note_equation(docname, labelid, location)
            self.equations[labelid] = (docname, labelid.removeprefix(PREFIX))


def setup(app):
    app.add_domain(PaperNumbers, override=True)
    return {"parallel_read_safe": True}
