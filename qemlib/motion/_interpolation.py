"""Curves through values on a grid: as smooth as the values allow, and without swings.

A spline of degree five is accurate to sixth order where the values are those of a smooth function.
Through noise, steps or points that nearly coincide it swings far beyond them.  There a cubic takes
its place that rises and falls with the values alone (Fritsch and Butland 1984).
"""

from __future__ import annotations

from math import comb, factorial
from typing import Any

import numpy as np
from numba import njit
from scipy.interpolate import PchipInterpolator, PPoly, make_interp_spline

from qemlib._kernel_cache import keep_on_disk

__all__ = ["interpolant", "values_of", "without_dips"]

_DEGREE = 5
# Between two points a smooth curve may leave the range of its neighbourhood: at the top of a
# parabola by an eighth of that range.
_BEYOND = 0.25
# Less than this part of the range of so many points each way, or of the largest value, is no swing.
_RIPPLE, _AROUND = 1e-3, 8
_NEGLIGIBLE = 1e-9
_ROUND_OFF = 1e-12
# (x/h)^k = Σ_j (j over k)/(n over k) B_j, n being the degree.
_TO_BERNSTEIN = np.array(
    [[comb(j, k) / comb(_DEGREE, k) for k in range(_DEGREE + 1)] for j in range(_DEGREE + 1)]
)


def interpolant(x: np.ndarray, values: np.ndarray) -> tuple[PPoly, bool]:
    """Piecewise polynomial through the values, and whether it is the smooth one."""
    smooth = PPoly.from_spline(make_interp_spline(x, values, k=_DEGREE))
    if _swings(x, values, smooth):
        return PchipInterpolator(x, values), False
    return smooth, True


def without_dips(x: np.ndarray, values: np.ndarray, curve: PPoly) -> tuple[PPoly, bool]:
    """The curve through values ≥ 0, nowhere negative, and whether it had to be lifted.

    A piece that dips is mixed with the monotone cubic, with as little of it as will do.  Round-off
    of a zero is left to the caller.
    """
    pieces = _pieces(x, curve)
    suspects = np.flatnonzero(_hull(pieces, x).min(axis=0) < 0)
    depth = np.array([_lowest(pieces[:, i], x[i + 1] - x[i]) for i in suspects])
    dips = suspects[depth < -_ROUND_OFF * np.maximum(values[suspects], values[suspects + 1])]
    if not dips.size:
        return curve, False
    floor = _pieces(x, PchipInterpolator(x, values))
    for i in dips:
        pieces[:, i] = _lifted(pieces[:, i], floor[:, i], x[i + 1] - x[i])
    return PPoly(pieces, x), True


def values_of(curve: PPoly, x: np.ndarray) -> np.ndarray | None:
    """What ``curve(x)`` is, to the last bit and sooner; None if an x is not within its ends."""
    values = np.empty(x.shape)
    pieces = np.ascontiguousarray(curve.c.T)
    within = _evaluate(pieces, curve.x, x.reshape(-1), values.reshape(-1))
    return values if within else None


def _kernel(function: Any) -> Any:
    return keep_on_disk(njit(nogil=True, error_model="numpy")(function))


@_kernel
def _evaluate(pieces: np.ndarray, ends: np.ndarray, x: np.ndarray, values: np.ndarray) -> bool:
    """Piecewise polynomials at each x; False at the first one that lies on none."""
    last, terms = pieces.shape[0] - 1, pieces.shape[1]
    i, start, end = 0, np.inf, -np.inf
    for j in range(x.size):
        at = x[j]
        if not start <= at < end:  # neighbours among the x are mostly on one piece
            if not ends[0] <= at <= ends[-1]:
                return False
            low, high = (last, last) if at == ends[-1] else (0, last)
            while low < high:
                middle = (low + high + 1) // 2
                if at >= ends[middle]:
                    low = middle
                else:
                    high = middle - 1
            i, start, end = low, ends[low], ends[low + 1]
        away, total, power = at - start, 0.0, 1.0
        for k in range(terms - 1, -1, -1):
            total += pieces[i, k] * power
            power *= away
        values[j] = total
    return True


def _swings(x: np.ndarray, values: np.ndarray, curve: PPoly) -> bool:
    """True if the curve leaves the range of the values near it by more than smoothness explains."""
    with np.errstate(over="ignore", invalid="ignore"):
        hull = _hull(_pieces(x, curve), x)
    gap = np.diff(x) * (1.0 - 1e-9)
    # Neighbours at least as far away as the interval is wide.
    first = np.maximum(np.searchsorted(x, x[:-1] - gap, side="right") - 1, 0)
    last = np.minimum(np.searchsorted(x, x[1:] + gap, side="left"), x.size - 1)
    low, high = _range(values, first, last)
    left = np.arange(x.size - 1)
    around = _range(
        values, np.maximum(left - _AROUND, 0), np.minimum(left + 1 + _AROUND, x.size - 1)
    )
    allowed = (
        _BEYOND * (high - low)
        + _RIPPLE * (around[1] - around[0])
        + _NEGLIGIBLE * np.abs(values).max()
    )
    within = (hull.min(axis=0) >= low - allowed) & (hull.max(axis=0) <= high + allowed)
    return not within.all()  # also where points so close together gave no finite curve


def _range(
    values: np.ndarray, first: np.ndarray, last: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest of values[first … last], for arrays of both."""
    # reduceat takes [first, last + 1) at every other index; one more value closes the last one.
    padded = np.append(values, values[-1])
    bounds = np.stack([first, last + 1], axis=1).ravel()
    return np.minimum.reduceat(padded, bounds)[::2], np.maximum.reduceat(padded, bounds)[::2]


def _pieces(x: np.ndarray, curve: PPoly) -> np.ndarray:
    """Coefficients of the curve on each interval of the grid, which may be finer than its own."""
    return np.stack([curve(x[:-1], nu=k) / factorial(k) for k in range(_DEGREE, -1, -1)])


def _hull(pieces: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Bernstein coefficients on each interval: the values lie between the least and the largest."""
    return _TO_BERNSTEIN @ (pieces[::-1] * np.diff(x) ** np.arange(_DEGREE + 1.0)[:, None])


def _lowest(piece: np.ndarray, length: float) -> float:
    """Smallest value of a polynomial on [0, length]."""
    scaled = piece * length ** np.arange(_DEGREE, -1, -1.0)
    turning = np.roots(np.polyder(scaled))
    inside = turning[(np.abs(turning.imag) < 1e-6) & (turning.real > 0) & (turning.real < 1)].real
    return float(np.polyval(scaled, np.concatenate([[0.0, 1.0], inside])).min())


def _lifted(piece: np.ndarray, floor: np.ndarray, length: float) -> np.ndarray:
    """The mixture of a piece with its floor that holds least of the floor and is not negative."""
    low, high = 0.0, 1.0  # parts of the floor: one that dips, one that does not
    for _ in range(40):
        middle = 0.5 * (low + high)
        if _lowest((1.0 - middle) * piece + middle * floor, length) < 0:
            low = middle
        else:
            high = middle
    return (1.0 - high) * piece + high * floor
