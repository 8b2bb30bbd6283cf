"""Each numbered equation of the paper: its row, and the check that says what the row says."""

import pytest

from qemlib.paper.errata import EQUATIONS, counts, equation, report, table
from qemlib.paper.rows import Equation, Kind, Residuals, relative

NUMBERED = [
    *(str(n) for n in range(1, 13)),
    *(f"A{n}" for n in range(1, 9)),
    *(f"A9{letter}" for letter in "abcde"),
    *(f"A{n}" for n in range(10, 33)),
    *(f"B{n}" for n in range(1, 25)),
    "C1",
    "C2",
    *(f"D{n}" for n in range(1, 9)),
]
ERRATA = [row for row in EQUATIONS if row.is_erratum]


def number(row):
    return row.number


def test_every_numbered_equation_has_one_row_and_they_come_in_order():
    numbers = [row.number for row in EQUATIONS]
    assert len(set(numbers)) == len(numbers)
    assert [n for n in numbers if n in NUMBERED] == NUMBERED
    assert sum(counts().values()) == len(EQUATIONS)


def test_all_but_definitions_are_checked():
    unchecked = {row.number for row in EQUATIONS if row.check is None}
    assert unchecked == {"1", "4", "A1", "A8"}
    assert all(equation(n).kind is Kind.DEFINITION for n in unchecked)


@pytest.mark.parametrize("row", ERRATA, ids=number)
def test_the_printed_form_fails_its_check_and_the_corrected_one_passes(row):
    assert not row.printed_holds
    assert row.corrected_holds
    assert row.verified


@pytest.mark.parametrize("row", [row for row in EQUATIONS if not row.is_erratum], ids=number)
def test_the_printed_form_holds(row):
    assert row.verified
    assert row.residuals is None or row.printed_holds


@pytest.mark.parametrize("n", range(9, 25))
def test_the_elimination_is_checked_to_ten_digits(n):
    rows = [row for row in EQUATIONS if row.number.startswith(f"A{n}")]
    assert rows
    for row in rows:
        form = "corrected" if row.is_erratum else "printed"
        assert getattr(row.residuals, form) < 1e-10


def test_two_signs_and_an_exponent():
    # What the printed forms miss by says what is wrong: a sign is off by twice the value.
    assert equation("A16").residuals.printed == pytest.approx(2.0, abs=1e-9)
    assert equation("A19").residuals.printed == pytest.approx(2.0, abs=1e-9)
    assert equation("A14").residuals.printed == float("inf")
    assert equation("A17").residuals.printed == float("inf")
    assert equation("B7").residuals.printed == pytest.approx(2**0.5, abs=1e-9)
    assert equation("D8").residuals.printed == pytest.approx(1.0, abs=1e-9)


def test_the_table_has_a_line_for_each_row_and_hides_round_off():
    rows = [equation(n) for n in ("1", "5", "6", "A14", "A16", "B20", "C2")]
    head, rule, *lines = table(rows).splitlines()
    assert head.count("|") == rule.count("|") == 3
    assert [line.count("|") for line in lines] == [3] * len(rows)
    assert lines[0] == r"| 1<br>**definition** | $\hat H_S = \epsilon\hat c^\dagger\hat c$ |"
    assert lines[1].startswith("| [5](model.md)<br>**imprecise** | printed: $k_BT,")
    shown = [[part for part in line.split("<br>") if "&emsp;" in part] for line in lines]
    assert [[part.partition("&emsp; ")[2].rstrip(" |") for part in parts] for parts in shown] == [
        [],
        ["**0.94**", r"$<2\times10^{-2}$"],
        ["0"],
        ["**diverges**", "$<10^{-10}$"],
        ["**2**", "$<10^{-10}$"],
        ["**0.21**", "$<10^{-6}$"],
        [r"$<2\times10^{-4}$"],
    ]


def test_the_report_says_what_each_check_found():
    assert report("A14", "A18", "B7").splitlines() == [
        "(A14) as printed: diverges   corrected: holds",
        "(A18) as printed: holds",
        "(B7)  as printed: off by 1.4   corrected: holds",
    ]


def row_with(*residuals, **change):
    settings = {"kind": Kind.HOLDS, "check": lambda: Residuals(*residuals)} | change
    return Equation("Z1", "a = b", **settings)


def test_a_row_says_no_when_its_check_does():
    assert row_with(1e-12).verified
    assert not row_with(1.0).verified
    wrong = {"kind": Kind.ERROR, "corrected": "a = c"}
    assert row_with(1.0, 1e-12, **wrong).verified
    assert not row_with(1e-12, 1e-12, **wrong).verified
    assert not row_with(1.0, 1.0, **wrong).verified
    assert not row_with(1.0, float("nan"), **wrong, tolerance=1e300).verified


def test_a_residual_that_decides_nothing_is_refused():
    with pytest.raises(ArithmeticError, match="Z1: the printed form misses by 1.0e-09"):
        _ = row_with(1e-9).printed_holds


def test_rows_that_contradict_themselves_are_refused():
    with pytest.raises(ValueError, match="corrected must be given for errata"):
        row_with(1.0, kind=Kind.ERROR)
    with pytest.raises(ValueError, match="corrected must be given for errata"):
        row_with(1.0, corrected="a = c")
    with pytest.raises(ValueError, match="check must be given for Z1"):
        row_with(1.0, check=None)
    with pytest.raises(ValueError, match="Z1 has no corrected form"):
        _ = row_with(1.0).corrected_holds
    with pytest.raises(ValueError, match="Z1 has no check"):
        _ = row_with(1.0, kind=Kind.DEFINITION, check=None).printed_holds
    with pytest.raises(KeyError, match="no equation is numbered 'A33'"):
        equation("A33")


def test_what_does_not_exist_is_infinitely_far_off():
    assert relative([float("inf"), 1.0], [1.0, 1.0]) == float("inf")
    assert relative([1.0, 2.5], [1.0, 2.0]) == 0.25
