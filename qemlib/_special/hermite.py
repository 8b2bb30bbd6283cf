"""Hermite functions of any width, by recurrence, for thousands of levels without underflow."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

# Beyond, e^{−y²/2} underflows before the polynomial has grown; h_n reaches out to √(2n + 1).
_FAR = 37.0
# A level multiplies the mantissa by less than 1 + √2|y|: in so many levels it cannot overflow.
_LEVELS_BETWEEN_CHECKS = 8
_LARGE = 1e100


def hermite_functions(count: int, x: ArrayLike, width: float) -> np.ndarray:
    """Orthonormal Hermite functions h_j(x) of the given width; shape (count, points).

    Examples
    --------
    They are orthonormal:

    >>> import numpy as np
    >>> x = np.linspace(-20.0, 20.0, 401)
    >>> h = hermite_functions(3, x, width=2.0)
    >>> bool(np.allclose(0.1 * h @ h.T, np.eye(3)))
    True
    """
    y = np.asarray(x, dtype=float) / width
    if np.abs(y).max(initial=0.0) > _FAR:
        return _far_out(count, y) / np.sqrt(width)
    result = np.empty((count, y.size))
    result[0] = np.pi**-0.25 / np.sqrt(width) * np.exp(-0.5 * y**2)
    if count > 1:
        result[1] = np.sqrt(2.0) * y * result[0]
    for j in range(2, count):
        result[j] = np.sqrt(2.0 / j) * y * result[j - 1] - np.sqrt((j - 1) / j) * result[j - 2]
    return result


def _far_out(count: int, y: np.ndarray) -> np.ndarray:
    """The same of width 1, with the scale carried along."""
    result = np.empty((count, y.size))
    scale = -0.5 * y**2 - 0.25 * np.log(np.pi)
    factor = np.exp(scale)
    previous, here = np.zeros(y.size), np.ones(y.size)
    for n in range(count):
        result[n] = here * factor
        ahead = (np.sqrt(2.0) * y * here - np.sqrt(n) * previous) / np.sqrt(n + 1.0)
        previous, here = here, ahead
        if n % _LEVELS_BETWEEN_CHECKS == 0:
            large = np.abs(here) > _LARGE
            if large.any():
                previous[large] /= _LARGE
                here[large] /= _LARGE
                scale = np.where(large, scale + np.log(_LARGE), scale)
                factor = np.exp(scale)
    return result
