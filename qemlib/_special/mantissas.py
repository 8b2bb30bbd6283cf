"""Recurrences whose scale is carried along, for functions that would underflow or overflow."""

from __future__ import annotations

import numpy as np

__all__ = ["LEVELS_BETWEEN_CHECKS", "rescaled"]

LEVELS_BETWEEN_CHECKS = 8
_LARGE = 1e100


def rescaled(
    previous: np.ndarray, here: np.ndarray, scale: np.ndarray, factor: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The scale, a logarithm, and e^scale; what has grown too far is divided in place.

    So many levels between two calls must not overflow.  Without a change it is the same arrays.

    Examples
    --------
    >>> import numpy as np
    >>> before, here, nothing = np.array([2e150]), np.array([3e150]), np.zeros(1)
    >>> scale, factor = rescaled(before, here, nothing, np.exp(nothing))
    >>> round(float(here[0] / 3e50), 12), round(float(scale[0] / np.log(1e100)), 12)
    (1.0, 1.0)
    """
    large = np.abs(here) > _LARGE
    if not large.any():
        return scale, factor
    previous[large] /= _LARGE
    here[large] /= _LARGE
    scale = np.where(large, scale + np.log(_LARGE), scale)
    return scale, np.exp(scale)
