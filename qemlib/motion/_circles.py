"""The angular average of a W that is even in p: half of each circle is enough."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from qemlib.states import wigner

__all__ = ["average_of_even"]

_OnPlane = Callable[[np.ndarray, np.ndarray], np.ndarray]


def average_of_even(
    density: _OnPlane, r: ArrayLike, x0: float, p0: float, angles: int
) -> np.ndarray:
    """`wigner.angular_average` over an even number of angles."""
    half = angles // 2

    def above(x: np.ndarray, p: np.ndarray) -> np.ndarray:
        return density(x[..., :half], p[..., :half])

    return wigner.angular_average(above, r, x0, p0, angles)
