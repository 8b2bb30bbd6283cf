"""Every numbered equation of the paper with its verdict, in order; and the table of them."""

from __future__ import annotations

from collections import Counter
from math import isinf

from qemlib.paper import appendices_c_d, appendix_a, appendix_b, main_text
from qemlib.paper.rows import Equation, Kind

__all__ = ["EQUATIONS", "counts", "equation", "report", "table"]

EQUATIONS: tuple[Equation, ...] = (
    *main_text.ROWS,
    *appendix_a.ROWS,
    *appendix_b.ROWS,
    *appendices_c_d.ROWS,
)


def equation(number: str) -> Equation:
    """The row of one equation; KeyError if there is none.

    Examples
    --------
    >>> equation("A16").kind.value
    'error'
    """
    for row in EQUATIONS:
        if row.number == number:
            return row
    raise KeyError(f"no equation is numbered {number!r}")


def counts() -> dict[Kind, int]:
    """How many rows of each kind.

    Examples
    --------
    >>> from qemlib.paper.rows import Kind
    >>> found = counts()
    >>> sum(found.values()) == len(EQUATIONS), found[Kind.HOLDS] > found[Kind.ERROR]
    (True, True)
    """
    found = Counter(row.kind for row in EQUATIONS)
    return {kind: found[kind] for kind in Kind}


def table(rows) -> str:
    """Rows as a Markdown table: number and verdict; both forms, each with its residual; remark.

    A residual within the tolerance is given as the bound that it keeps: its digits are round-off,
    and differ from one machine to the next.

    Examples
    --------
    >>> *_, row = table([equation("A16")]).splitlines()
    >>> row.strip("| ").split(" | ")[0]
    'A16<br>**error**'
    """
    lines = ["| Equation | Form and residual |", "|:--|:--|"]
    for row in rows:
        number = f"[{row.number}]({row.shown}.md)" if row.shown else row.number
        forms = [_form("printed", row.printed, row)]
        if row.is_erratum:
            forms.append(_form("corrected", row.corrected, row))
        cells = (
            f"{number}<br>**{row.kind.value}**",
            "<br>".join([*forms, row.remark] if row.remark else forms),
        )
        lines.append("| " + " | ".join(cell.replace("|", r"\vert ") for cell in cells) + " |")
    return "\n".join(lines)


def _form(name, tex, row):
    text = f"{name}: ${tex}$" if row.is_erratum else f"${tex}$"
    if row.residuals is None:
        return text
    return f"{text} &emsp; {_number(getattr(row.residuals, name), row.tolerance)}"


def _number(residual, tolerance):
    if isinf(residual):
        return "**diverges**"
    if residual > tolerance:
        return f"**{residual:.2g}**"
    if tolerance == 0:
        return "0"
    mantissa, exponent = f"{tolerance:.0e}".split("e")
    bound = f"10^{{{int(exponent)}}}"
    return f"$<{bound}$" if mantissa == "1" else f"$<{mantissa}\\times{bound}$"


def report(*numbers: str) -> str:
    """What the checks of some equations found, a line an equation, for printing.

    Examples
    --------
    >>> print(report("A9a", "A16"))
    (A9a) as printed: holds
    (A16) as printed: off by 2   corrected: holds
    """
    width = max(map(len, numbers)) + 3
    lines = []
    for row in map(equation, numbers):
        line = f"({row.number})".ljust(width) + f"as printed: {_verdict(row, row.printed_holds)}"
        if row.is_erratum:
            ours = "holds" if row.corrected_holds else "fails"
            line += f"   corrected: {ours}"
        lines.append(line)
    return "\n".join(lines)


def _verdict(row, holds):
    if holds:
        return "holds"
    residual = row.residuals.printed
    return "diverges" if isinf(residual) else f"off by {residual:.2g}"
