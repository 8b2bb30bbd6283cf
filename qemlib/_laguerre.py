"""Normalised Laguerre functions by recurrence, for thousands of levels, without overflow."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

# A level multiplies the mantissa by less than 1 + z + k: in so many levels it cannot overflow.
_LEVELS_BETWEEN_CHECKS = 8
_LARGE = 1e100


def laguerre_sequence(levels, z, orders):
    """Yield φ_n^{(k)}(z) = [n!/(n+k)!]^{1/2} z^{k/2} e^{−z/2} L_n^{(k)}(z) for n = 0 … levels − 1.

    `orders` are rising numbers k.  The nth array has shape (kept, points): only the orders with
    n + k < levels are kept, which are those that a matrix of so many levels has room for.
    A scale is carried along, so that e^{−z/2} does not underflow before the polynomial has grown.
    """
    orders = np.asarray(orders)
    k = orders[:, None].astype(float)
    # ln of z^{k/2} e^{−z/2}/√k!, kept apart from the recurrence's mantissa.
    with np.errstate(divide="ignore", invalid="ignore"):
        power = np.where(k > 0, 0.5 * k * np.log(z), 0.0)
    scale = power - 0.5 * z - 0.5 * gammaln(k + 1.0)
    factor = np.exp(scale)
    previous, here = np.zeros_like(scale), np.ones_like(scale)
    for n in range(levels):
        kept = int(np.searchsorted(orders, levels - n))
        k, previous, here, scale, factor = (a[:kept] for a in (k, previous, here, scale, factor))
        yield here * factor
        ahead = ((2 * n + 1 + k - z) * here - np.sqrt(n * (n + k)) * previous) / np.sqrt(
            (n + 1) * (n + 1 + k)
        )
        previous, here = here, ahead
        if n % _LEVELS_BETWEEN_CHECKS == 0:
            large = np.abs(here) > _LARGE
            if large.any():
                previous[large] /= _LARGE
                here[large] /= _LARGE
                scale = np.where(large, scale + np.log(_LARGE), scale)
                factor = np.exp(scale)
