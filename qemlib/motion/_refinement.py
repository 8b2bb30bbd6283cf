"""Grids as fine as the coefficients ask for: points are added until splines hold between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qemlib.errors import UnresolvedError
from qemlib.motion.sources import Arrays, Build, Coefficients, Kept

if TYPE_CHECKING:
    from qemlib.motion.model import LangevinModel

__all__ = ["COARSE_POINTS", "GIVEN", "even_grid", "looked", "resolved"]

COARSE_POINTS = 65
# The grid is refined until the splines miss new points by less than the first number.  While its
# width is sought the second is enough: orbit averages smooth the errors.
_INTERPOLATION_ERROR = 1e-9
_COARSE_ERROR = 0.1
_OF_ACCURACY = 0.1
# Neighbouring points miss each other by a few of their own errors.
_OWN_ERRORS = 4.0
GIVEN = "grid given by the caller"
# Up to so many points a grid is evenly spaced; no grid has more than the second number.
_EVEN_POINTS, _MOST_POINTS = 2049, 20_001
_APART = 1e-3  # points that are closer, in units of the finest scale, are one
_ORDER = 5  # halving a step divides the splines' error by two to this power, at least


def even_grid(coefficients: Coefficients, half_width: float) -> np.ndarray:
    """Evenly spaced points, and more where the coefficients vary within less than such a step."""
    x = np.linspace(-half_width, half_width, COARSE_POINTS)
    step = x[1] - x[0]
    extra = [
        position + np.arange(-4, 5) * width
        for position, width in coefficients.sharp
        if width < step
    ]
    if not extra:
        return x
    added = np.concatenate(extra)
    x = np.unique(np.concatenate([x, added[np.abs(added) < half_width]]))
    # Two places in common give the same points, up to round-off.
    finest = min(width for _, width in coefficients.sharp)
    return x[np.diff(x, prepend=-np.inf) > _APART * finest]


def looked(build: Build, kept: Kept, half_width: float) -> tuple[np.ndarray, Arrays, LangevinModel]:
    """Positions, coefficients and a model that are enough to find the width."""
    x = even_grid(kept.of, half_width)
    # Half-way between its points the splines are held against the coefficients: all in one go.
    kept.at(np.sort(np.concatenate([x, _between(x)])))
    values = kept.at(x)
    while True:
        model = build(x, values, GIVEN)
        if x.size > _MOST_POINTS:
            break
        missed, between, new = _missed(kept, model)
        wrong = missed > _COARSE_ERROR
        if not wrong.any():
            break
        x, values = _inserted(x, values, wrong, between, new)
    return x, values, model


def resolved(
    build: Build,
    kept: Kept,
    x: np.ndarray,
    values: Arrays,
    reason: str,
    model: LangevinModel | None = None,
) -> LangevinModel:
    """Refine the grid until the splines hold between its points.

    Better than they are known the coefficients need not be.
    """
    allowed = max(_INTERPOLATION_ERROR, _OF_ACCURACY * kept.of.accuracy)
    while True:
        missed, between, new = _missed(kept, model or build(x, values, GIVEN))
        model = None
        if x.size < _EVEN_POINTS:
            chosen = np.ones(missed.size, dtype=bool)
        else:
            chosen = missed * 2.0**-_ORDER > allowed
        worst = float(missed.max()) * 2.0**-_ORDER
        x, values = _inserted(x, values, chosen, between, new)
        # Halving the step lowers the error by at least this factor: no need to look again.
        if worst < allowed:
            return build(x, values, f"{reason}, interpolation error {worst:.0e}")
        if x.size > _MOST_POINTS:
            raise UnresolvedError(
                f"{kept.of.name}: {x.size} points do not resolve its coefficients on "
                f"|x| ≤ {x[-1]:.6g}, the splines miss them by {worst:.1e}"
            )


def _missed(kept: Kept, model: LangevinModel) -> tuple[np.ndarray, np.ndarray, Arrays]:
    """What the splines miss half-way between points, relative to the largest; and what is there.

    What the coefficients themselves may be off by is not missed.
    """
    between = _between(model.x)
    new, error = kept.at(between), kept.error_at(between)
    missed = np.zeros(between.size)
    for name, exact in new.items():
        largest = np.abs(exact).max()
        if largest > 0:
            off = np.abs(getattr(model, f"{name}_at")(between) - exact) - _OWN_ERRORS * error[name]
            missed = np.maximum(missed, off / largest)
    return missed, between, new


def _between(x: np.ndarray) -> np.ndarray:
    return 0.5 * (x[1:] + x[:-1])


def _inserted(
    x: np.ndarray, coefficients: Arrays, chosen: np.ndarray, between: np.ndarray, new: Arrays
) -> tuple[np.ndarray, Arrays]:
    """The next, finer grid: old points and the chosen new ones."""
    where = np.flatnonzero(chosen) + 1
    return np.insert(x, where, between[chosen]), {
        name: np.insert(values, where, new[name][chosen]) for name, values in coefficients.items()
    }
