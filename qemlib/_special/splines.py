"""Splines through what is known to be even."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import BSpline, make_interp_spline

__all__ = ["even_spline"]


def even_spline(places: np.ndarray, values: np.ndarray) -> BSpline:
    """Spline of degree five through values of an even function, a place at 0 counting once."""
    start = 1 if places[0] == 0.0 else 0
    mirrored = [
        np.concatenate([sign * each[start:][::-1], each])
        for sign, each in ((-1.0, places), (1.0, values))
    ]
    return make_interp_spline(*mirrored, k=5)
