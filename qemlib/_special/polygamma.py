"""Polygamma functions of complex argument, and their divided differences.

SciPy has the complex digamma function, to 5e-15, but not its derivatives.  Here is one recipe for
all three.  The arguments lie in the right half-plane, Re u ≥ 1/2, as they do for poles below the
real axis at a positive temperature.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy.special import bernoulli

from qemlib._kernel_cache import kernel

__all__ = ["divided_difference", "parallelogram", "polygamma"]

# ψ(u) = ψ(u+n) − Σ_{k<n} 1/(u+k), and ψ(u+n) by its asymptotic series; the same for ψ' and ψ''.
# With n = 8 and ten terms the first one left out is below 1e-17 of the sum for Re u ≥ 1/2.
_SHIFT = 8
_EVEN = np.arange(2, 22, 2)
_BERNOULLI = bernoulli(20)[2::2]
# A difference over less than this part of |u| is the mean of the derivative in between.  The
# nearest pole is at distance |u|, so that six nodes give all digits.
_CLOSE = 0.2
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(6)
_NODES, _WEIGHTS = 0.5 * (_NODES + 1.0), 0.5 * _WEIGHTS


@partial(kernel, fastmath=False)
def _sum_of_powers(power: int, u: np.ndarray, total: np.ndarray) -> None:
    """Σ_k (u + k)^−power over the shifts, for a power of 1, 2 or 3."""
    for i in range(u.size):
        re, im = 0.0, 0.0
        for k in range(_SHIFT):
            x, y = u[i].real + k, u[i].imag
            a, b = x, y
            for _ in range(power - 1):
                a, b = x * a - y * b, x * b + y * a
            # 1/(a + ib), without squares that could overflow.
            wide = abs(a) >= abs(b)
            ratio = b / a if wide else a / b
            size = a + b * ratio if wide else b + a * ratio
            one = 1.0 / size
            # NumPy's reciprocal divides here too, its other powers do not: these are their bits.
            other = ratio / size if power == 1 else ratio * one
            if wide:
                re, im = re + one, im - other
            else:
                re, im = re + other, im - one
        total[i] = re + 1j * im


def polygamma(order: int, u: np.ndarray) -> np.ndarray:
    """ψ^{(order)}(u) for order 0, 1 or 2; array of the shape of `u`."""
    u = np.asarray(u, dtype=complex)
    total = np.empty(u.shape, dtype=complex)
    _sum_of_powers(order + 1, u.reshape(-1), total.reshape(-1))
    z = u + _SHIFT
    inverse = 1.0 / z
    square = inverse * inverse
    if order == 0:  # ψ(z) ~ ln z − 1/2z − Σ B_2k/2k z^{2k}
        return np.log(z) - 0.5 * inverse - _horner(_BERNOULLI / _EVEN, square) - total
    if order == 1:  # ψ'(z) ~ 1/z + 1/2z² + Σ B_2k/z^{2k+1}
        return inverse * (1.0 + 0.5 * inverse + _horner(_BERNOULLI, square)) + total
    # ψ''(z) ~ −1/z² − 1/z³ − Σ (2k+1) B_2k/z^{2k+2}
    return -square * (1.0 + inverse + _horner(_BERNOULLI * (_EVEN + 1), square)) - 2.0 * total


def _horner(coefficients: np.ndarray, square: np.ndarray) -> np.ndarray:
    """Σ_k c_k square^k, k from 1."""
    total = np.zeros_like(square)
    for c in coefficients[::-1]:
        total = (total + c) * square
    return total


def divided_difference(order: int, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """[ψ^{(order)}(a) − ψ^{(order)}(b)]/(a − b) for order 0 or 1, also where a and b are close."""
    a, b = np.broadcast_arrays(a, b)
    gap = a - b
    close = np.abs(gap) <= _CLOSE * np.minimum(np.abs(a), np.abs(b))
    result = np.empty(a.shape, dtype=complex)
    if not close.all():
        apart = ~close
        values = polygamma(order, a[apart]) - polygamma(order, b[apart])
        result[apart] = values / gap[apart]
    if close.any():
        points = b[close] + _NODES[:, None] * gap[close]
        result[close] = _WEIGHTS @ polygamma(order + 1, points)
    return result


def parallelogram(a: np.ndarray, b: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """{ψ[a, b] − ψ[a − shift, b − shift]}/shift with ψ[a, b] = [ψ(a) − ψ(b)]/(a − b)."""
    a, b, shift = np.broadcast_arrays(a, b, shift)
    corners = np.abs(np.stack([a, b, a - shift, b - shift])).min(axis=0)
    close = np.abs(shift) <= _CLOSE * corners
    result = np.empty(a.shape, dtype=complex)
    if not close.all():
        apart = ~close
        start, end, by = a[apart], b[apart], shift[apart]
        result[apart] = (
            divided_difference(0, start, end) - divided_difference(0, start - by, end - by)
        ) / by
    if close.any():
        moved = _NODES[:, None] * shift[close]
        result[close] = _WEIGHTS @ divided_difference(1, a[close] - moved, b[close] - moved)
    return result
