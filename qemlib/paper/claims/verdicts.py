"""From a measurement to a verdict: the rules by which the paper's statements are judged.

A statement is judged by one number.  Its rule names two intervals: where the number must lie for
the statement to hold, and a wider one where it holds approximately.  What the uncertainty leaves
undecided cannot be tested.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from math import floor, inf, isfinite, isnan, log10, nan
from typing import Any

from qemlib.errors import QemError

__all__ = [
    "Claim",
    "Judgement",
    "Measurement",
    "NothingToMeasure",
    "Rule",
    "Verdict",
    "at_least",
    "at_most",
    "near",
]


class NothingToMeasure(QemError, ValueError):
    """A reading has not got what a statement is about, such as a threshold or a ring."""


class Verdict(StrEnum):
    """The four possible outcomes."""

    HOLDS = "holds"
    APPROXIMATELY = "holds approximately"
    FAILS = "does not hold"
    UNTESTABLE = "cannot be tested"


def _plain(value: float) -> str:
    return f"{value:g}".replace("e-0", "e-").replace("-", "−", 1 if value < 0 else 0)


def _short(uncertainty: float) -> str:
    return f"{uncertainty:.0e}".replace("e-0", "e-") if uncertainty < 1e-2 else f"{uncertainty:.2g}"


@dataclass(frozen=True)
class Measurement:
    """One number and how far it may be off.

    Parameters
    ----------
    value : float
        What was measured; nan where nothing could be.
    uncertainty : float
        Bound on the error of `value`, not negative; infinite where `value` says nothing.
    note : str
        Why nothing could be measured, or what the uncertainty stands for.

    Raises
    ------
    ValueError
        If the uncertainty is negative or no number.

    Examples
    --------
    >>> print(Measurement(8.4632781, 1e-8))
    8.46328 ± 1e-8
    >>> print(Measurement(3e-15, 1e-12))
    0 ± 1e-12
    >>> print(Measurement(1.0, 0.25))
    1.00 ± 0.25
    """

    value: float
    uncertainty: float
    note: str = ""

    def __post_init__(self) -> None:
        if not self.uncertainty >= 0:
            raise ValueError(f"uncertainty must not be negative, got {self.uncertainty!r}")

    @classmethod
    def impossible(cls, note: str) -> Measurement:
        """Nothing could be measured, for the reason given."""
        return cls(nan, inf, note)

    @property
    def interval(self) -> tuple[float, float]:
        """Lowest and highest value within the uncertainty; nan where nothing could be measured."""
        if isnan(self.value):
            return nan, nan
        return self.value - self.uncertainty, self.value + self.uncertainty

    def __str__(self) -> str:
        if not (isfinite(self.value) and isfinite(self.uncertainty)):
            return "—"
        size = abs(self.value)
        if size <= self.uncertainty:
            return f"0 ± {_short(self.uncertainty)}"
        if self.uncertainty == 0:
            return f"{self.value:.6g}"
        if self.uncertainty >= 1:
            return f"{self.value:.0f} ± {self.uncertainty:.0f}"
        # Only digits that the uncertainty leaves, and never more than six.
        known = floor(log10(size)) - floor(log10(self.uncertainty)) + 1
        if self.uncertainty < 0.01 * size or size < 1e-3:
            return f"{self.value:.{min(known, 6)}g} ± {_short(self.uncertainty)}"
        digits = max(0, -floor(log10(self.uncertainty)) + 1)
        return f"{self.value:.{digits}f} ± {self.uncertainty:.{digits}f}"


@dataclass(frozen=True)
class Rule:
    """Where a measured number must lie.

    Parameters
    ----------
    holds : tuple of float
        Lowest and highest value for which the statement holds.
    nearly : tuple of float
        The same for "holds approximately"; contains `holds`.
    text : str
        The rule in words.

    Raises
    ------
    ValueError
        If an interval is empty, or `nearly` does not contain `holds`.

    Examples
    --------
    >>> rule = Rule(holds=(5.0, 6.0), nearly=(4.0, 6.6))
    >>> print(rule.verdict(Measurement(8.46, 0.01)))
    does not hold
    >>> print(rule.verdict(Measurement(6.0, 2.0)))
    cannot be tested
    """

    holds: tuple[float, float]
    nearly: tuple[float, float]
    text: str = ""

    def __post_init__(self) -> None:
        if not (self.nearly[0] <= self.holds[0] <= self.holds[1] <= self.nearly[1]):
            raise ValueError(
                f"nearly must contain holds, got holds = {self.holds}, nearly = {self.nearly}"
            )

    def verdict(self, measurement: Measurement) -> Verdict:
        """The verdict on a measurement: that of every value within its uncertainty, if they agree.

        Where they disagree between "holds" and "holds approximately", it is the latter.
        """
        low, high = measurement.interval
        if isnan(low):
            return Verdict.UNTESTABLE
        if self.holds[0] <= low and high <= self.holds[1]:
            return Verdict.HOLDS
        if self.nearly[0] <= low and high <= self.nearly[1]:
            return Verdict.APPROXIMATELY
        if high < self.nearly[0] or low > self.nearly[1]:
            return Verdict.FAILS
        return Verdict.UNTESTABLE

    def best(self, measurement: Measurement) -> Verdict:
        """The most favourable verdict on a value within the uncertainty.

        Examples
        --------
        >>> print(at_most(1.0, wide=2.0).best(Measurement(2.1, 0.2)))
        holds approximately
        """
        low, high = measurement.interval
        if isnan(low):
            return Verdict.UNTESTABLE
        if self.holds[0] <= high and low <= self.holds[1]:
            return Verdict.HOLDS
        if self.nearly[0] <= high and low <= self.nearly[1]:
            return Verdict.APPROXIMATELY
        return Verdict.FAILS

    def misfit(self, value: float) -> float:
        """Distance from `holds` in units of the way to the edge of `nearly`; 0 inside `holds`.

        It is 1 at that edge and grows in proportion beyond it; infinite for nan.
        """
        if isnan(value):
            return inf
        if value < self.holds[0]:
            distance, room = self.holds[0] - value, self.holds[0] - self.nearly[0]
        elif value > self.holds[1]:
            distance, room = value - self.holds[1], self.nearly[1] - self.holds[1]
        else:
            return 0.0
        return distance / room if room else inf

    def scaled(self, factor: float) -> Rule:
        """The rule with the room between `holds` and `nearly` times `factor`."""
        low, high = (
            inner if inner == outer else inner + factor * (outer - inner)
            for inner, outer in zip(self.holds, self.nearly, strict=True)
        )
        return Rule(self.holds, (low, high), self.text)


def near(value: float, tolerance: float, wide: float) -> Rule:
    """Within `tolerance` of a value; approximately, within `wide`.

    Examples
    --------
    >>> rule = near(2.0, tolerance=0.1, wide=0.5)
    >>> print(rule.text)
    2 to within 0.1 (approximately: 0.5)
    >>> print(rule.verdict(Measurement(1.95, 0.01)))
    holds
    """
    return Rule(
        (value - tolerance, value + tolerance),
        (value - wide, value + wide),
        f"{_plain(value)} to within {_plain(tolerance)} (approximately: {_plain(wide)})",
    )


def at_most(value: float, wide: float) -> Rule:
    """At most `value`; approximately, at most `wide`.

    Examples
    --------
    >>> rule = at_most(0.1, wide=0.2)
    >>> print(rule.text)
    at most 0.1 (approximately: 0.2)
    >>> print(rule.verdict(Measurement(0.5, 0.01)))
    does not hold
    """
    return Rule(
        (-inf, value), (-inf, wide), f"at most {_plain(value)} (approximately: {_plain(wide)})"
    )


def at_least(value: float, wide: float) -> Rule:
    """At least `value`; approximately, at least `wide`.

    Examples
    --------
    >>> rule = at_least(5.0, wide=4.0)
    >>> print(rule.text)
    at least 5 (approximately: 4)
    >>> print(rule.verdict(Measurement(4.5, 0.1)))
    holds approximately
    """
    return Rule(
        (value, inf), (wide, inf), f"at least {_plain(value)} (approximately: {_plain(wide)})"
    )


@dataclass(frozen=True)
class Claim:
    """A statement of the paper that a measurement can check.

    Attributes
    ----------
    name : str
        One word or two, unique.
    place : str
        Where the paper says so.
    statement : str
        What it says, in our words.
    quantity : str
        What is measured, with its unit if it has one.
    rule : Rule
        From the measurement to the verdict.
    measure : callable
        Takes an `Evidence` and returns a `Measurement`.
    scored : bool
        Whether readings of the parameters are scored by it.
    defence : str
        The strongest argument for the paper where the statement does not hold as printed.
    """

    name: str
    place: str
    statement: str
    quantity: str
    rule: Rule
    measure: Callable[[Any], Measurement]
    scored: bool = False
    defence: str = ""

    def judge(self, evidence: Any) -> Judgement:
        """Measure and apply the rule; where the measurement is impossible the note says why."""
        try:
            measurement = self.measure(evidence)
        except QemError as error:
            measurement = Measurement.impossible(str(error))
        return Judgement(self, measurement, self.rule.verdict(measurement))


@dataclass(frozen=True)
class Judgement:
    """A claim, what was measured, and the verdict."""

    claim: Claim
    measurement: Measurement
    verdict: Verdict

    def __str__(self) -> str:
        return f"{self.claim.name}: {self.measurement}, {self.verdict}"
