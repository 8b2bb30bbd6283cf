"""Normalised Laguerre functions by recurrence, for thousands of levels, without overflow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike
from scipy.special import gammaln

from qemlib._kernel_cache import keep_on_disk
from qemlib._special.mantissas import LEVELS_BETWEEN_CHECKS, rescaled

# Stirling's series to three terms is exact to round-off beyond.
_STIRLING = 64
# Numbers, orders times points, that are carried at once: all of a step stays in the cache.
BLOCK = 2**15


def _kernel(function: Any) -> Any:
    return keep_on_disk(njit(nogil=True, error_model="numpy")(function))


def laguerre_sequence(levels: int, z: np.ndarray, orders: ArrayLike) -> Iterator[np.ndarray]:
    """Yield φ_n^{(k)}(z) = [n!/(n+k)!]^{1/2} z^{k/2} e^{−z/2} L_n^{(k)}(z) for n = 0, 1, ….

    `orders` are rising numbers k.  The nth array has shape (kept, points): only the orders with
    n + k < levels are kept, which are those that a matrix of so many levels has room for.
    """
    for mantissa, factor in _mantissas(levels, z, orders):
        yield mantissa * factor[: len(mantissa)]


def laguerre_integrals(
    levels: int, z: np.ndarray, orders: ArrayLike, weights: np.ndarray
) -> np.ndarray:
    """Σ weights · φ_n^{(k)}(z) over the points z, shape (levels, orders); n + k < levels only.

    `weights` have shape (orders, points), real or complex.
    """
    orders = np.asarray(orders)
    result = np.zeros((levels, orders.size), dtype=weights.dtype)
    points = max(1, BLOCK // orders.size)
    for start in range(0, z.size, points):
        here = slice(start, start + points)
        some = max(1, BLOCK // z[here].size)
        for first in range(0, orders.size, some):
            k = slice(first, first + some)
            _add_integrals(result[:, k], levels, z[here], orders[k], weights[k, here])
    return result


def laguerre_sums(
    coefficients: np.ndarray, z: np.ndarray, orders: Sequence[int] | np.ndarray
) -> np.ndarray:
    """Σ_n coefficients[n, k] φ_n^{(k)}(z), shape (orders, points); a row of coefficients a level.

    Only those with n + k < levels count.
    """
    levels = len(coefficients)
    parts = _parts(coefficients)
    total = np.zeros((len(parts), len(orders), z.size))
    since = np.zeros_like(total)  # in units of the factor
    term = np.empty(total.shape[1:])
    last: np.ndarray | None = None
    for n, (mantissa, factor) in enumerate(_mantissas(levels, z, orders)):
        kept = len(mantissa)
        if last is not None and factor is not last:
            total[:, : len(last)] += since[:, : len(last)] * last
            since[:] = 0.0
        for part, sums in zip(parts, since, strict=True):
            np.multiply(part[n, :kept, None], mantissa, out=term[:kept])
            sums[:kept] += term[:kept]
        last = factor
    if last is not None:
        total[:, : len(last)] += since[:, : len(last)] * last
    return total[0] if len(parts) == 1 else total[0] + 1j * total[1]


def _add_integrals(
    result: np.ndarray, levels: int, z: np.ndarray, orders: ArrayLike, weights: np.ndarray
) -> None:
    parts, orders = _parts(weights), np.asarray(orders)
    seen, scaled = None, []
    for first, block, factor in _blocks(levels, z, orders):
        some, kept, _ = block.shape
        if factor is not seen:
            seen, scaled = factor, [part[: len(factor)] * factor for part in parts]
        sums = [np.einsum("nkr,kr->nk", block, part[:kept]) for part in scaled]
        found = sums[0] if len(sums) == 1 else sums[0] + 1j * sums[1]
        level = np.arange(first, first + some)[:, None]
        result[first : first + some, :kept] += np.where(level + orders[:kept] < levels, found, 0.0)


def _parts(array: np.ndarray) -> list[np.ndarray]:
    """The array, or its real and imaginary part where there is one."""
    if not np.iscomplexobj(array):
        return [array]
    return [array.real.copy(), array.imag.copy()] if array.imag.any() else [array.real.copy()]


def _mantissas(
    levels: int, z: np.ndarray, orders: ArrayLike
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield m and f with φ_n^{(k)}(z) = m f, as in `laguerre_sequence`.

    m is overwritten later; f may have more orders than are kept, and is the same array until the
    scale changes.
    """
    orders = np.asarray(orders)
    for first, block, factor in _blocks(levels, z, orders):
        for n, mantissa in enumerate(block, start=first):
            yield mantissa[: int(np.searchsorted(orders, levels - n))], factor


def _blocks(
    levels: int, z: np.ndarray, orders: np.ndarray
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Yield n and, of some levels from there on, m and f with φ_n^{(k)}(z) = m f.

    m has shape (some, orders, points), with all orders that the first of them keeps.  The scale is
    carried along, so that e^{−z/2} does not underflow before the polynomial has grown.
    """
    k = orders[:, None].astype(float)
    # ln of z^{k/2} e^{−z/2}/√k!, kept apart from the recurrence's mantissa.
    scale = 0.5 * _log_poisson(k, z)
    factor = np.exp(scale)
    argument = k - z
    most = levels - int(orders[0])
    previous, here = np.zeros_like(scale), np.ones_like(scale)
    room = np.empty((LEVELS_BETWEEN_CHECKS, *scale.shape))
    first, some = 0, 1
    while first < most:
        kept = int(np.searchsorted(orders, levels - first))
        if kept < len(k):
            k, argument, scale, previous, here = (
                a[:kept] for a in (k, argument, scale, previous, here)
            )
        block = room[:some, :kept]
        _follow(first, k[:, 0], argument, previous, here, block)
        yield first, block, factor
        first, some = first + some, min(LEVELS_BETWEEN_CHECKS, most - first - some)
        # A level multiplies by less than 1 + z + k.
        scale, factor = rescaled(previous, here, scale, factor)


@_kernel
def _follow(
    first: int,
    orders: np.ndarray,
    argument: np.ndarray,
    previous: np.ndarray,
    here: np.ndarray,
    block: np.ndarray,
) -> None:
    """The levels from `first` on, and the two last of them in `previous` and `here`."""
    for i in range(orders.size):
        k = orders[i]
        for j in range(block.shape[0]):
            n = float(first + j)
            root, next_root = np.sqrt(n * (n + k)), np.sqrt((n + 1.0) * (n + 1.0 + k))
            for r in range(here.shape[1]):
                now = here[i, r]
                block[j, i, r] = now
                here[i, r] = (
                    (argument[i, r] + (2.0 * n + 1.0)) * now - previous[i, r] * root
                ) / next_root
                previous[i, r] = now


def _log_poisson(k: np.ndarray, z: np.ndarray) -> np.ndarray:
    """ln of z^k e^{−z}/k!, to round-off where its three parts are large and cancel."""
    with np.errstate(divide="ignore", invalid="ignore"):
        # Loader's form: k! by Stirling's series, and z beside k.
        apart = (z - k) / k
        large = -(z - k - k * np.log1p(apart)) - 0.5 * np.log(2.0 * np.pi * k)
        large -= ((1 / 1260 / k**2 - 1 / 360) / k**2 + 1 / 12) / k
        small = np.where(k > 0, k * np.log(z), 0.0) - z - gammaln(k + 1.0)
    return np.where(k > _STIRLING, large, small)
