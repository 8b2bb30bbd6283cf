"""Hermite and Laguerre functions level by level: inner loops, compiled by Numba.

A function is a mantissa, which the recurrence moves on, times a factor.  The logarithm of the
factor is carried along, so that e^{−z/2} does not underflow before the polynomial has grown.
Nothing here checks what it is given.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from qemlib._kernel_cache import kernel

__all__ = ["Carried", "hermite_levels", "laguerre_levels"]

# A level multiplies by less than 1 + z + k, or 1 + √2|y|: between two checks nothing overflows.
_BETWEEN_CHECKS, _LARGE = 8, 1e100
_LOG_LARGE = float(np.log(_LARGE))


class Carried(NamedTuple):
    """What a recurrence carries from level to level; arrays of one shape, (orders, points).

    Attributes
    ----------
    before, here : ndarray
        Mantissas of the level before the next, and of the next.
    scale, factor : ndarray
        ln of the factor, and the factor.
    """

    before: np.ndarray
    here: np.ndarray
    scale: np.ndarray
    factor: np.ndarray

    @classmethod
    def begun(cls, scale: np.ndarray) -> Carried:
        """At level 0, which is e^scale."""
        return cls(np.zeros_like(scale), np.ones_like(scale), scale.copy(), np.exp(scale))


@kernel
def _rescale(before, here, scale, factor):
    """Divide what has grown too far."""
    for i in range(here.size):
        if abs(here[i]) > _LARGE:
            before[i] /= _LARGE
            here[i] /= _LARGE
            scale[i] += _LOG_LARGE
            factor[i] = np.exp(scale[i])


@kernel
def hermite_levels(y, carried, out):
    """h_n(y) of width 1 for n = 0, 1, …, a row of `out` each; carried arrays of shape (points,)."""
    before, here, scale, factor = carried
    for n in range(len(out)):
        up, down = np.sqrt(2.0 / (n + 1.0)), np.sqrt(n / (n + 1.0))
        for i in range(y.size):
            now = here[i]
            out[n, i] = now * factor[i]
            here[i] = up * y[i] * now - down * before[i]
            before[i] = now
        if n % _BETWEEN_CHECKS == 0:
            _rescale(before, here, scale, factor)


@kernel
def laguerre_levels(first, levels, z, orders, carried, out):
    """φ_n^{(k)}(z) for n = first, first + 1, … and n + k < levels; out[k, n − first, point]."""
    for j in range(len(orders)):
        k = float(orders[j])
        before, here = carried.before[j], carried.here[j]
        scale, factor = carried.scale[j], carried.factor[j]
        last = max(min(first + out.shape[1], levels - orders[j]), first)
        for n in range(first, last):
            root, next_root = np.sqrt(n * (n + k)), np.sqrt((n + 1.0) * (n + 1.0 + k))
            for i in range(z.size):
                now = here[i]
                out[j, n - first, i] = now * factor[i]
                here[i] = ((2.0 * n + 1.0 + k - z[i]) * now - root * before[i]) / next_root
                before[i] = now
            if n % _BETWEEN_CHECKS == 0:
                _rescale(before, here, scale, factor)
        out[j, last - first :] = 0.0
