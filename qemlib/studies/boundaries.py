"""Lines over two parameters at which something of a device changes sign.

A line y(x) is a curve, and a grid over both parameters spends all but a few of its points away
from it.  Here roots y are sought at few x.  A spline through those that are known foretells the
next, and is believed between two of them where it foretold the root half-way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from reprlib import repr as repr_short
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import BSpline, make_interp_spline
from scipy.optimize import brentq

from qemlib import _checks
from qemlib._locked import Locked
from qemlib.devices.device import Device
from qemlib.electrons.coefficients import damping
from qemlib.errors import ConvergenceError
from qemlib.studies._points import points_of

__all__ = ["ThresholdLine", "threshold_line"]

_FIRST, _MOST = 7, 400  # values of the first parameter
# Of the second one's range; and of that: what is left to roots, and what a spline may miss.
_TOLERANCE, _OF_ROOTS, _OF_SPLINE = 1e-5, 0.05, 0.45
# What splines missed half-way stands for what they miss elsewhere: by so much more.
_ELSEWHERE = 2.0
_DEGREE = 5


@dataclass(frozen=True, eq=False)
class ThresholdLine(Locked):
    """A line over two parameters.

    Attributes
    ----------
    parameters : tuple of two str
        The first runs along the line.
    along, across : ndarray, shape (points,)
        Values of the first and of the second parameter on the line.
    uncertainty : float
        Of the second parameter, at these points and between them.
    evaluations : int
        Devices that were looked at.
    """

    parameters: tuple[str, str]
    along: np.ndarray
    across: np.ndarray
    uncertainty: float
    evaluations: int

    def __repr__(self) -> str:
        first, second = self.parameters
        return (
            f"ThresholdLine({second} from {self.across[0]:.6g} to {self.across[-1]:.6g} over "
            f"{first} from {self.along[0]:.6g} to {self.along[-1]:.6g}, "
            f"+/- {self.uncertainty:.0e}; {self.along.size} points, {self.evaluations} evaluations)"
        )

    @cached_property
    def _curve(self) -> BSpline:
        return make_interp_spline(self.along, self.across, _DEGREE)

    def at(self, values: ArrayLike) -> np.ndarray:
        """The second parameter on the line, at values of the first; array of their shape.

        ValueError beyond the ends of the line.
        """
        values = _checks.finite_array("values", values)
        low, high = self.along[0], self.along[-1]
        outside = (values < low) | (values > high)
        if outside.any():
            raise ValueError(
                f"values must lie on the line, {self.parameters[0]} from {low:.6g} to {high:.6g}, "
                f"got {float(values[outside].flat[0]):.6g}"
            )
        return self._curve(values)


def threshold_line(
    base: Device,
    over: dict,
    of: Callable[[Device], float] | None = None,
    tolerance: float | None = None,
) -> ThresholdLine:
    """The line at which something changes sign, over two parameters of a device.

    Parameters
    ----------
    base : Device
        The device whose parameters are varied.
    over : dict of str to tuple of two floats
        Two parameters, named as for `sweep`, to the ends of their ranges.  The line is found as
        values of the second over the first.  For each value of the first there should be one; of
        several, one is followed.
    of : callable, optional
        Takes a device, and returns a number that changes sign on the line, and is smooth there.  By
        default the damping rate at rest.
    tolerance : float, optional
        Largest error of the line, in units of the second parameter; by default 1e-5 of its range.

    Returns
    -------
    ThresholdLine
        It ends where it leaves the range of the second parameter.

    Raises
    ------
    TypeError
        If `base` is no Device, `over` no dict, or `of` cannot be called.
    ValueError
        If `over` does not hold two ranges of two parameters, `tolerance` is not positive, there is
        no line in these ranges, or it comes in pieces.
    ConvergenceError
        If 400 points do not tell the line so well: it is too steep, or has a jump.
    QemError
        As `of`.

    Examples
    --------
    The hotter the leads, the more voltage it takes to make the damping at rest negative:

    >>> import qemlib as qem
    >>> over = {"temperature": (1.0, 3.0), "voltage": (4.0, 16.0)}
    >>> line = qem.threshold_line(qem.paper_device(), over)
    >>> line.at([1.0, 2.0, 3.0]).round(2), line.evaluations < 200
    (array([6.49, 8.46, 9.8 ]), True)
    """
    _checks.kind("base", base, Device)
    (first, second), (xs, ys) = _ranges(over)
    if of is not None and not callable(of):
        raise TypeError(f"of must be callable, got {repr_short(of)}")
    span = ys[1] - ys[0]
    tolerance = _TOLERANCE * span if tolerance is None else _checks.positive("tolerance", tolerance)
    search = _Search(base, (first, second), of or _at_rest, ys, tolerance)
    known = search.first(np.linspace(xs[0], xs[1], _FIRST))
    missed = search.refine(known)
    along = np.array(sorted(known))
    return ThresholdLine(
        parameters=(first, second),
        along=along,
        across=np.array([known[x] for x in along.tolist()]),
        uncertainty=_ELSEWHERE * missed + _OF_ROOTS * tolerance,
        evaluations=len(search.values),
    )


def _at_rest(device: Device) -> float:
    return float(damping(device, 0.0))


def _ranges(over: Any) -> tuple[list[str], list[list[float]]]:
    if not isinstance(over, dict):
        raise TypeError(f"over must be a dict of parameters to ranges, got {repr_short(over)}")
    if len(over) != 2:
        raise ValueError(f"over must hold two parameters, got {len(over)}")
    ranges = []
    for name, ends in over.items():
        found = _checks.finite_array(f"over[{name!r}]", ends, 1)
        if found.shape != (2,) or not found[0] < found[1]:
            raise ValueError(f"over[{name!r}] must be two values, the lower first, got {ends!r}")
        ranges.append(found.tolist())
    return list(over), ranges


@dataclass
class _Search:
    base: Device
    names: tuple[str, str]
    of: Callable[[Device], float]
    ends: list[float]
    tolerance: float
    values: dict[tuple[float, float], float] = field(default_factory=dict, init=False)

    def value(self, x: float, y: float) -> float:
        """What changes sign, at one point of the plane."""
        if (x, y) not in self.values:
            over = dict(zip(self.names, ([x], [y]), strict=True))
            (device,) = points_of(self.base, over).subjects.values()
            self.values[x, y] = _checks.finite("of: its value", self.of(device))
        return self.values[x, y]

    def first(self, xs: np.ndarray) -> dict[float, float]:
        """Some points of the line, its ends among them."""
        border = {y: [self.value(x, y) for x in xs] for y in self.ends}
        low, high = (np.sign(border[y]) for y in self.ends)
        inside = np.flatnonzero(low * high <= 0)
        if not inside.size or inside[-1] - inside[0] >= inside.size:
            what = "is not there" if not inside.size else "comes in pieces"
            raise ValueError(
                f"over: the line {what}; along {self.names[0]} the signs at the ends of the "
                f"range of {self.names[1]} are {_signs(low)} and {_signs(high)}"
            )
        known = {float(xs[i]): self.root(float(xs[i])) for i in inside}
        for within, beyond in ((inside[0], inside[0] - 1), (inside[-1], inside[-1] + 1)):
            if 0 <= beyond < xs.size:
                # There it leaves the range by that side of it on which the sign changes.
                side = self.ends[0] if low[within] != low[beyond] else self.ends[1]
                known[self._end(side, float(xs[within]), float(xs[beyond]))] = side
        return known

    def _end(self, side: float, within: float, beyond: float) -> float:
        fine = _TOLERANCE * _OF_ROOTS * abs(within - beyond)
        return float(brentq(lambda x: self.value(x, side), within, beyond, xtol=fine))

    def root(self, x: float, guess: float | None = None, room: float = 0.0) -> float:
        """y on the line, near a guess if there is one."""
        low, high = self.ends
        a, b = (low, high) if guess is None else (guess - room, guess + room)
        while True:
            a, b = max(a, low), min(b, high)
            at_a, at_b = self.value(x, a), self.value(x, b)
            if at_a * at_b <= 0:
                break
            if (a, b) == (low, high):
                raise ConvergenceError(
                    f"threshold_line: at {self.names[0]} = {x:.6g} there is no threshold, as there "
                    "is on either side of it: the line is broken"
                )
            a, b = a - 4.0 * (b - a), b + 4.0 * (b - a)
        if at_a == 0.0 or at_b == 0.0:
            return a if at_a == 0.0 else b
        return float(brentq(lambda y: self.value(x, y), a, b, xtol=_OF_ROOTS * self.tolerance))

    def refine(self, known: dict[float, float]) -> float:
        """Add points until splines foretell those half-way; by how much they missed the last."""
        while len(known) <= _DEGREE:
            known |= {x: self.root(x) for x in _middles(sorted(known))}
        unsure = set(_neighbours(sorted(known)))
        room, believed = self.tolerance, 0.0
        while unsure:
            along = np.array(sorted(known))
            curve = make_interp_spline(along, [known[x] for x in along.tolist()], _DEGREE)
            room, doubted = max(0.1 * room, 2.0 * self.tolerance), []
            for left, right in sorted(unsure):
                x = 0.5 * (left + right)
                guess = float(curve(x))
                known[x] = self.root(x, guess, room)
                miss = abs(known[x] - guess)
                if miss > _OF_SPLINE * self.tolerance:
                    doubted.append(x)
                else:
                    believed = max(believed, miss)
            if len(known) > _MOST:
                raise ConvergenceError(
                    f"threshold_line: {len(known)} points do not tell the line to "
                    f"{self.tolerance:.1e}: near {self.names[0]} = {max(doubted, default=x):.6g} "
                    "it is too steep, or has a jump"
                )
            unsure = _around(doubted, sorted(known))
        return believed


def _neighbours(xs: list[float]) -> list[tuple[float, float]]:
    return list(pairwise(xs))


def _around(doubted: list[float], xs: list[float]) -> set[tuple[float, float]]:
    """Intervals that touch these points, and those next to them: what is odd may be beside."""
    intervals = _neighbours(xs)
    places = [i for x in doubted for i in range(xs.index(x) - 2, xs.index(x) + 2)]
    return {intervals[i] for i in places if 0 <= i < len(intervals)}


def _middles(xs: list[float]) -> list[float]:
    return [0.5 * (a + b) for a, b in _neighbours(xs)]


def _signs(values: np.ndarray) -> str:
    return "".join("-0+"[int(value) + 1] for value in values)
