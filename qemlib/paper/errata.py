"""Every numbered equation of the paper with its verdict, in order; and the table of them."""

from __future__ import annotations

from collections import Counter
from math import isinf

from qemlib.paper import appendices_c_d, appendix_a, appendix_b, main_text
from qemlib.paper.rows import Equation, Kind

__all__ = ["EQUATIONS", "counts", "equation", "table"]

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
    """How many rows of each kind."""
    found = Counter(row.kind for row in EQUATIONS)
    return {kind: found[kind] for kind in Kind}


def table(rows) -> str:
    """Rows as a Markdown table, with the residuals of both forms.

    A residual within the tolerance is given as the bound that it keeps: its digits are round-off,
    and differ from one machine to the next.
    """
    lines = [
        "| Equation | As printed | Corrected | Verdict | Residual, printed | corrected |",
        "|:--|:--|:--|:--|--:|--:|",
    ]
    for row in rows:
        found = row.residuals
        cells = (
            f"[{row.number}]({row.shown}.md)" if row.shown else row.number,
            _maths(row.printed),
            _maths(row.corrected) if row.corrected else "",
            f"**{row.kind.value}.** {row.remark}".rstrip(),
            "" if found is None else _number(found.printed, row.tolerance),
            ""
            if found is None or found.corrected is None
            else _number(found.corrected, row.tolerance),
        )
        lines.append("| " + " | ".join(cell.replace("|", r"\vert ") for cell in cells) + " |")
    return "\n".join(lines)


def _maths(tex):
    return f"${tex}$"


def _number(residual, tolerance):
    if isinf(residual):
        return "diverges"
    if residual > tolerance:
        return f"{residual:.2g}"
    if tolerance == 0:
        return "0"
    mantissa, exponent = f"{tolerance:.0e}".split("e")
    bound = f"10^{{{int(exponent)}}}"
    return f"$<{bound}$" if mantissa == "1" else f"$<{mantissa}\\times{bound}$"
