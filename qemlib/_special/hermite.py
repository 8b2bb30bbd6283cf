"""Hermite functions by recurrence, for thousands of levels, without underflow."""

from __future__ import annotations

import numpy as np

# A level multiplies the mantissa by less than 1 + √2|y|: in so many levels it cannot overflow.
_LEVELS_BETWEEN_CHECKS = 8
_LARGE = 1e100


def hermite_functions(levels: int, y: np.ndarray) -> np.ndarray:
    """Orthonormal h_n(y) = (2^n n! √π)^{−1/2} e^{−y²/2} H_n(y); shape (levels, points).

    The scale is carried along, so that e^{−y²/2} does not underflow before the polynomial has
    grown: h_n reaches out to √(2n + 1).
    """
    result = np.empty((levels, y.size))
    scale = -0.5 * y**2 - 0.25 * np.log(np.pi)
    factor = np.exp(scale)
    previous, here = np.zeros(y.size), np.ones(y.size)
    for n in range(levels):
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
