"""Averages over the position or the momentum of a state, whatever it came from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from qemlib.errors import ConvergenceError

__all__ = ["average_over", "mean_amplitude"]

# The range reaches so many root mean squares to either side at first, and is widened until the
# density at its ends is below this part of its largest value.
_REACH, _WIDER, _NOTHING, _WIDENINGS = 5.0, 1.5, 1e-12, 12
# Evenly spaced points double these until the average changes by less than this part of that of
# the modulus; where all is smooth they converge exponentially.
_FEWEST, _MOST, _STILL = 64, 2**12, 1e-10
# Of the last change, which the next would be below.
_SAFETY = 2.0
_Function = Callable[[np.ndarray], Any]


def average_over(
    density: Callable[[np.ndarray], np.ndarray], width: float, function: _Function
) -> tuple[np.ndarray, np.ndarray]:
    """∫ f P / ∫ P, and its estimated error.

    Parameters
    ----------
    density : callable
        P at the values of an array.
    width : float
        [⟨q²⟩]^{1/2} > 0 of it, about: where to look.
    function : callable
        f, which takes an array of values and returns one that has their axis last.

    Returns
    -------
    value, error : ndarray
        Of the shape of f at one value.

    Raises
    ------
    ConvergenceError
        If P does not fall within some hundred widths.
    """
    low, high = _range(density, width)
    points = _FEWEST
    total, value, size = _sums(density, function, np.linspace(low, high, points + 1))
    while True:
        between = low + (high - low) / points * (np.arange(points) + 0.5)
        more = _sums(density, function, between)
        total, before = total + more[0], value / total
        value, size, points = value + more[1], size + more[2], 2 * points
        change = np.abs(value / total - before)
        if points >= _MOST or (change <= _STILL * size / total).all():
            return value / total, _SAFETY * change + np.finfo(float).eps * size / total


def mean_amplitude(state: Any) -> complex:
    """⟨a⟩ = ⟨x⟩/x0 + i⟨p⟩/p0, from the densities of position and momentum."""
    square = max(state.phonon_number + 0.5, 0.5)
    x, p = (
        float(average_over(density, unit * np.sqrt(square), lambda q: q)[0]) / unit
        for density, unit in (
            (state.position_density, state.oscillator.x0),
            (state.momentum_density, state.oscillator.p0),
        )
    )
    return complex(x, p)


def _range(density: Callable[[np.ndarray], np.ndarray], width: float) -> tuple[float, float]:
    reach = _REACH * width
    for _ in range(_WIDENINGS):
        seen = np.abs(density(np.linspace(-reach, reach, _FEWEST + 1)))
        beyond = seen > _NOTHING * seen.max()
        if not beyond[[0, -1]].any():
            within = np.flatnonzero(beyond)
            step = 2.0 * reach / _FEWEST
            return -reach + step * (within[0] - 1), -reach + step * (within[-1] + 1)
        reach *= _WIDER
    raise ConvergenceError(
        f"state: its density at {reach:.4g} is still {seen[[0, -1]].max() / seen.max():.1e} of "
        "its largest value"
    )


def _sums(
    density: Callable[[np.ndarray], np.ndarray], function: _Function, at: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """Sums of P, of fP and of |f|P."""
    weight = density(at)
    values = np.asarray(function(at))
    return float(weight.sum()), values @ weight, np.abs(values) @ np.abs(weight)
