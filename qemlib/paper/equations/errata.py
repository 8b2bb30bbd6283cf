"""Every numbered equation of the paper with its verdict, in order; and the tables of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import isfinite

from qemlib.paper.checks.rows import ROUND_OFF, Equation, Kind, Residuals
from qemlib.paper.equations import appendices_c_d, appendix_a, appendix_b, main_text

__all__ = [
    "EQUATIONS",
    "Report",
    "citation_table",
    "counts",
    "electrons_table",
    "equation",
    "report",
    "table",
]

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
    >>> from qemlib.paper.checks.rows import Kind
    >>> found = counts()
    >>> sum(found.values()) == len(EQUATIONS), found[Kind.HOLDS] > found[Kind.ERROR]
    (True, True)
    """
    found = Counter(row.kind for row in EQUATIONS)
    return {kind: found[kind] for kind in Kind}


def table(rows: Iterable[Equation]) -> str:
    """Rows as a Markdown table: number and verdict; forms with residuals, remarks, and the check.

    A residual within the tolerance is given as the bound that it keeps: its digits are round-off,
    and differ from one machine to the next.  For an erratum the strongest argument for the printed
    form stands below.

    Examples
    --------
    >>> *_, row = table([equation("A16")]).splitlines()
    >>> row.strip("| ").split(" | ")[0]
    '[A16](derivation.md)<br>**error**'
    """
    return _markdown(("Equation", "Form and residual"), ((_name(r), _story(r)) for r in rows))


def electrons_table(rows: Iterable[Equation]) -> str:
    """Rows that were checked with two kinds of electrons: the paper's, and a dissipative L_x.

    Examples
    --------
    >>> *_, row = electrons_table([equation("A14")]).splitlines()
    >>> row.count("$<10^{-6}$"), row.count("**diverges**"), row.count("$<10^{-10}$")
    (2, 1, 1)
    """
    lines = []
    for row in rows:
        own, other = row.residuals, row.dissipative_residuals
        if own is None or other is None:
            continue
        cells = (
            "<br>".join(_number(residual, bound) for residual in found.both)
            for found, bound in ((own, row.tolerance), (other, ROUND_OFF))
        )
        lines.append((_name(row), "printed<br>corrected", *cells))
    head = ("Equation", "Form", "Real leads", r"Dissipative $\mathcal L_x$")
    return _markdown(head, lines)


def citation_table(rows: Iterable[Equation]) -> str:
    """For each erratum the form to cite, and what in the paper depends on it.

    Examples
    --------
    >>> *_, row = citation_table([equation("B12")]).splitlines()
    >>> row.strip("| ").split(" | ")[-1]
    'none'
    """
    head = ("Equation", "To cite", "Figures and numbers that depend on it")
    errata = (row for row in rows if row.is_erratum)
    return _markdown(head, ((row.number, f"${row.corrected}$", row.depends) for row in errata))


def _markdown(head: Sequence[str], lines: Iterable[Iterable[str]]) -> str:
    """A table; no line within a cell may hold the bar that ends it."""
    rule = "|" + "|".join([":--"] * len(head)) + "|"
    rows = (" | ".join(cell.replace("|", r"\vert ") for cell in cells) for cells in lines)
    return "\n".join(["| " + " | ".join(head) + " |", rule, *(f"| {row} |" for row in rows)])


def _name(row: Equation) -> str:
    number = f"[{row.number}]({row.shown}.md)" if row.shown else row.number
    return f"{number}<br>**{row.kind.value}**"


def _story(row: Equation) -> str:
    parts = [_form("printed", row.printed, row)]
    if row.is_erratum:
        parts.append(_form("corrected", row.corrected, row))
    if row.remark:
        parts.append(row.remark)
    if row.is_erratum:
        parts.append(f"*In its favour:* {row.in_favour}")
    if row.check is not None:
        parts.append(f"Check: {_link(_full_name(row.check))}")
    return "<br>".join(parts)


def _link(name: str) -> str:
    """A reference to a function of qemlib that shows its last name."""
    return f"{{py:func}}`~{name}`"


def _form(name: str, tex: str, row: Equation) -> str:
    text = f"{name}: ${tex}$" if row.is_erratum else f"${tex}$"
    if row.residuals is None:
        return text
    return f"{text} &emsp; {_number(getattr(row.residuals, name), row.tolerance)}"


def _number(residual: float, tolerance: float) -> str:
    if not isfinite(residual):
        return "**diverges**"
    if residual > tolerance:
        return f"**{residual:.2g}**"
    if tolerance == 0:
        return "0"
    mantissa, exponent = f"{tolerance:.0e}".split("e")
    bound = f"10^{{{int(exponent)}}}"
    return f"$<{bound}$" if mantissa == "1" else f"$<{mantissa}\\times{bound}$"


@dataclass(frozen=True)
class Report:
    """What the checks of some equations found: a line a check, with links in a notebook."""

    rows: tuple[Equation, ...]

    def __str__(self) -> str:
        width = max(len(row.number) for row in self.rows) + 3
        lines = []
        for row in self.rows:
            names = [f"({row.number})", ""]
            lines += [
                name.ljust(width) + text
                for name, (text, _) in zip(names, _findings(row), strict=False)
            ]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        lines = []
        for row in self.rows:
            starts = [f"- ({row.number}) ", "  - "]
            lines += [
                f"{start}{text}; {_link(_full_name(check))}"
                for start, (text, check) in zip(starts, _findings(row), strict=False)
            ]
        return "\n".join(lines)


def report(*numbers: str) -> Report:
    """What the checks of some equations found.

    Examples
    --------
    >>> print(report("A9a", "A16"))
    (A9a) as printed: holds to 1e-10
    (A16) as printed: off by 2; corrected: holds to 1e-06
          with a dissipative L_x as printed: off by 2; corrected: holds to 1e-10
    """
    return Report(tuple(map(equation, numbers)))


def _findings(row: Equation) -> list[tuple[str, Callable[[], Residuals]]]:
    """One or two pairs: what a check found, and the check."""
    checks = (
        ("", row.check, row.residuals, row.tolerance),
        ("with a dissipative L_x ", row.dissipative, row.dissipative_residuals, ROUND_OFF),
    )
    return [
        (start + _verdicts(residuals, tolerance, row.is_erratum), check)
        for start, check, residuals, tolerance in checks
        if check is not None and residuals is not None
    ]


def _verdicts(residuals: Residuals, tolerance: float, corrected: bool) -> str:
    text = f"as printed: {_verdict(residuals.printed, tolerance)}"
    if corrected or not isfinite(residuals.printed):
        text += f"; corrected: {_verdict(residuals.both[1], tolerance)}"
    return text


def _verdict(residual: float, tolerance: float) -> str:
    if residual <= tolerance:
        return f"holds to {tolerance:.0e}" if tolerance else "holds exactly"
    return f"off by {residual:.2g}" if isfinite(residual) else "diverges"


def _full_name(function: Callable[[], Residuals]) -> str:
    return f"{function.__module__}.{function.__qualname__}"
