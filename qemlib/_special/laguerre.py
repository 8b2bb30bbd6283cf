"""Normalised Laguerre functions by recurrence, for thousands of levels, without overflow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln

from qemlib._special.recurrences import Carried, laguerre_levels

# Stirling's series to three terms is exact to round-off beyond.
_STIRLING = 64
# Numbers, orders times points, that are carried at once, and that are made of them, in so many
# levels: all of them stay in the cache.
BLOCK, _MADE, _FEWEST, _MOST = 2**13, 2**15, 8, 64


def laguerre_sequence(levels: int, z: np.ndarray, orders: ArrayLike) -> Iterator[np.ndarray]:
    """Yield φ_n^{(k)}(z) = [n!/(n+k)!]^{1/2} z^{k/2} e^{−z/2} L_n^{(k)}(z) for n = 0, 1, ….

    `orders` are rising numbers k.  The nth array has shape (kept, points): only the orders with
    n + k < levels are kept, which are those that a matrix of so many levels has room for.
    """
    orders = np.asarray(orders)
    for first, functions in _some_levels(levels, z, orders):
        for n in range(functions.shape[1]):
            yield functions[: np.searchsorted(orders, levels - first - n), n]


def laguerre_integrals(
    levels: int, z: np.ndarray, orders: ArrayLike, weights: np.ndarray
) -> np.ndarray:
    """Σ weights · φ_n^{(k)}(z) over the points z, shape (levels, orders); n + k < levels only.

    `weights` have shape (orders, points), real or complex.
    """
    orders = np.asarray(orders)
    result = np.zeros((levels, orders.size), dtype=weights.dtype)
    for here, k in _shares(z.size, orders.size):
        parts = np.stack(_parts(weights[k, here]), axis=-1)
        for first, functions in _some_levels(levels, z[here], orders[k]):
            kept, some, _ = functions.shape
            sums = _whole(np.moveaxis(functions @ parts[:kept], -1, 0))
            result[first : first + some, k][:, :kept] += sums.T
    return result


def laguerre_sums(
    coefficients: np.ndarray, z: np.ndarray, orders: Sequence[int] | np.ndarray
) -> np.ndarray:
    """Σ_n coefficients[n, k] φ_n^{(k)}(z), shape (orders, points); a row of coefficients a level.

    Only those with n + k < levels count.
    """
    orders, levels = np.asarray(orders), len(coefficients)
    parts = np.stack(_parts(coefficients.T), axis=1)
    result = np.zeros((parts.shape[1], orders.size, z.size))
    for here, k in _shares(z.size, orders.size):
        for first, functions in _some_levels(levels, z[here], orders[k]):
            kept, some, _ = functions.shape
            sums = parts[k][:kept, :, first : first + some] @ functions
            result[:, k, here][:, :kept] += np.moveaxis(sums, 1, 0)
    return _whole(result)


def _shares(points: int, orders: int) -> Iterator[tuple[slice, slice]]:
    """Points and orders that are carried together."""
    at_once = min(points, max(64, BLOCK // max(orders, 1)))
    for start in range(0, points, max(at_once, 1)):
        together = max(1, BLOCK // at_once)
        for begin in range(0, orders, together):
            yield slice(start, start + at_once), slice(begin, begin + together)


def _some_levels(
    levels: int, z: np.ndarray, orders: np.ndarray
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield a first level, and the functions of some from there; shape (kept, some, points).

    What is no level of a matrix is zero.
    """
    z, orders = np.ascontiguousarray(z, dtype=float), orders.astype(np.int64)
    carried = Carried.begun(0.5 * _log_poisson(orders[:, None].astype(float), z))
    beyond = levels - int(orders[0])
    some = min(max(_MADE // max(carried.here.size, 1), _FEWEST), _MOST)
    for first in range(0, beyond, some):
        kept = int(np.searchsorted(orders, levels - first))
        functions = np.empty((kept, min(some, beyond - first), z.size))
        laguerre_levels(first, levels, z, orders[:kept], carried, functions)
        yield first, functions


def _parts(array: np.ndarray) -> list[np.ndarray]:
    """The array, or its real and imaginary part where there is one."""
    if not np.iscomplexobj(array):
        return [array]
    return [array.real, array.imag] if array.imag.any() else [array.real]


def _whole(parts: np.ndarray) -> np.ndarray:
    """What `_parts` took apart, along the first axis."""
    return parts[0] if len(parts) == 1 else parts[0] + 1j * parts[1]


def _log_poisson(k: np.ndarray, z: np.ndarray) -> np.ndarray:
    """ln of z^k e^{−z}/k!, to round-off where its three parts are large and cancel."""
    with np.errstate(divide="ignore", invalid="ignore"):
        # Loader's form: k! by Stirling's series, and z beside k.
        apart = (z - k) / k
        large = -(z - k - k * np.log1p(apart)) - 0.5 * np.log(2.0 * np.pi * k)
        large -= ((1 / 1260 / k**2 - 1 / 360) / k**2 + 1 / 12) / k
        small = np.where(k > 0, k * np.log(z), 0.0) - z - gammaln(k + 1.0)
    return np.where(k > _STIRLING, large, small)
