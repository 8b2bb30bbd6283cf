"""Matrices in the oscillator's energy eigenbasis from W(α), and back.

A state that is displaced far takes many levels, each with its coherences; about its own middle it
takes few.  So it is expanded there, and displaced by D(β).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from qemlib._special.laguerre import BLOCK, laguerre_integrals, laguerre_sequence, laguerre_sums
from qemlib.states._circles import FEWEST_ANGLES, TAIL, OnPlane, Rings, radial_nodes, rings

# A state is expanded about its own middle where that is farther away than this part of its extent,
# and if that takes less than this part of the levels.
_APART, _FEWER = 0.5, 0.5
# A matrix is moved there where it keeps less than this part of its phonons.
_AT_REST = 0.1
_FEWEST_LEVELS = 16
_AT_ONCE = 2**20  # values of W
# What levels beyond those kept may hold, and what may change there and back, beside the largest
# entry.
_LEFT, _CHANGED = 1e-13, 3e-12


def matrix(
    w: OnPlane, levels: int, radius: float, harmonics: int, even: bool = False
) -> np.ndarray:
    """ρ in so many levels from a function W(Re α, Im α), with diagonals up to `harmonics`."""
    r, weight = radial_nodes(levels, radius)
    found = rings(w, r, even)
    if abs(found.middle) > _APART * found.reach:
        rho = _from_its_middle(w, levels, radius, found)
        if rho is not None:
            return np.triu(np.tril(rho, harmonics), -harmonics)
    # Harmonics that W does not have leave their diagonals at zero.
    orders = found.orders[found.orders <= harmonics]
    sums = np.zeros((levels, orders.size), dtype=complex)
    for rows, components in found.blocks:
        weighted = 4.0 * np.pi * (weight * r)[rows] * components[: orders.size]
        kept = len(weighted)
        if kept:
            z = 4.0 * r[rows] ** 2
            sums[:, :kept] += laguerre_integrals(levels, z, orders[:kept], weighted)
    return _filled(np.zeros((levels, levels), dtype=complex), orders, sums)


def _filled(rho: np.ndarray, orders: np.ndarray, integrals: np.ndarray) -> np.ndarray:
    """ρ with the diagonals of these orders, from radial integrals over the harmonics of W."""
    for column, k in enumerate(orders):
        n = np.arange(len(rho) - k)
        diagonal = np.where(n % 2, -1.0, 1.0) * integrals[: n.size, column]
        # (α*)^k averages with e^{−ikθ}: ρ_{n+k,n} is its complex conjugate.
        rho[n + k, n] = diagonal.conj()
        rho[n, n + k] = diagonal
    return rho


def coherences(
    w: Callable[[np.ndarray], np.ndarray], levels: int, radius: float, angles: int
) -> np.ndarray:
    """Coherences of a noisy W(α): ρ_nm off the diagonal, which is left at zero.

    Parameters
    ----------
    w : callable
        Takes an array of complex α and returns W(α), ∫d²α W = 1.
    levels : int
    radius : float
        Of |α|, beyond which W is nothing.
    angles : int
        Directions in which W is taken, at least.  Smooth or not, its harmonics up to the level are
        averages over them.

    Returns
    -------
    ndarray, shape (levels, levels), complex and Hermitian

    Examples
    --------
    The coherent state α = 1, where ρ_nm = e^{−1} (n!m!)^{−1/2}:

    >>> import numpy as np
    >>> def coherent(alpha):
    ...     return 2 / np.pi * np.exp(-2 * np.abs(alpha - 1) ** 2)
    >>> coherences(coherent, levels=3, radius=6.0, angles=64).real.round(6)
    array([[0.      , 0.367879, 0.26013 ],
           [0.367879, 0.      , 0.26013 ],
           [0.26013 , 0.26013 , 0.      ]])
    """
    rho = np.zeros((levels, levels), dtype=complex)
    orders = np.arange(1, levels)
    if not orders.size:
        return rho
    r, weight = radial_nodes(levels, radius)
    angles = max(angles, 4 * levels)
    direction = np.exp(2j * np.pi * np.arange(angles) / angles)
    harmonics = [
        np.fft.rfft(w(part[:, None] * direction), axis=1)[:, orders] / angles
        for part in np.array_split(r, 1 + r.size * angles // _AT_ONCE)
    ]
    weighted = 4.0 * np.pi * weight * r * np.concatenate(harmonics).T
    integrals = laguerre_integrals(levels, 4.0 * r**2, orders, weighted)
    return _filled(rho, orders, integrals)


def _from_its_middle(w: OnPlane, levels: int, radius: float, found: Rings) -> np.ndarray | None:
    """ρ = D(β) ρ' D(β)†, with the state ρ' at rest in few levels; None if it needs many."""
    middle, reach = found.middle, min(found.reach, radius - abs(found.middle))
    direction = np.exp(2j * np.pi * np.arange(FEWEST_ANGLES) / FEWEST_ANGLES)

    def at_rest(real: np.ndarray, imaginary: np.ndarray) -> np.ndarray:
        return w(real + middle.real, imaginary + middle.imag)

    edge = at_rest(reach * direction.real, reach * direction.imag)
    if np.abs(edge).max() > TAIL * found.peak:
        return None
    size = int(reach**2) + _FEWEST_LEVELS
    while size < _FEWER * levels:
        smaller = matrix(at_rest, size, reach, size)
        if np.abs(smaller[-(size // 8) :]).max() < _LEFT * np.abs(smaller).max():
            return _transformed(displacement(middle, levels, size), smaller)
        size *= 2
    return None


def about_its_middle(rho: np.ndarray) -> tuple[complex, np.ndarray]:
    """β and D(β)† ρ D(β) in few levels; 0 and `rho` itself if it does not get smaller."""
    n, trace = np.arange(len(rho)), np.trace(rho).real
    if not trace > 0:
        return 0.0, rho
    middle = np.sqrt(n[1:]) @ np.diagonal(rho, -1) / trace
    # Phonons that are left there.
    rest = n @ rho.diagonal().real / trace - abs(middle) ** 2
    if not rest < _AT_REST * abs(middle) ** 2:
        return 0.0, rho
    size = _FEWEST_LEVELS * int(1.0 + max(rest, 0.0))
    while size < _FEWER * len(rho):
        shift = displacement(middle, len(rho), size)
        smaller = _transformed(shift.conj().T, rho)
        if np.abs(_transformed(shift, smaller) - rho).max() < _CHANGED * np.abs(rho).max():
            return middle, smaller
        size *= 2
    return 0.0, rho


def _transformed(shift: np.ndarray, rho: np.ndarray) -> np.ndarray:
    moved = shift @ rho @ shift.conj().T
    return 0.5 * (moved + moved.conj().T)


def displacement(beta: complex, levels: int, size: int) -> np.ndarray:
    """⟨n|D(β)|m⟩ for n < levels and m < size ≤ levels."""
    k = np.arange(levels)
    turn = np.exp(1j * np.angle(beta) * k)
    back = np.where(k % 2, -1.0, 1.0) * turn.conj()
    result = np.zeros((levels, size), dtype=complex)
    functions = laguerre_sequence(levels, np.array([abs(beta) ** 2]), k)
    for m, column in zip(range(size), functions, strict=False):
        result[m:, m] = turn[: levels - m] * column[:, 0]
        result[m, m:] = back[: size - m] * column[: size - m, 0]
    return result


def phase_space(rho: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """W(α) at points, from all diagonals of ρ."""
    levels, value = len(rho), np.zeros(alpha.size)
    orders = np.flatnonzero([np.diagonal(rho, k).any() for k in range(levels)])
    diagonals = np.zeros((levels, orders.size), dtype=complex)
    for column, k in enumerate(orders):
        sign = np.where(np.arange(levels - k) % 2, -2.0, 2.0) / np.pi
        diagonals[: levels - k, column] = sign * np.diagonal(rho, k) * (2.0 if k else 1.0)
    points = max(64, BLOCK // max(orders.size, 1))
    for start in range(0, alpha.size, points):
        here = slice(start, start + points)
        phases = np.exp(1j * orders[:, None] * np.angle(alpha[here]))
        sums = laguerre_sums(diagonals, 4.0 * np.abs(alpha[here]) ** 2, orders)
        value[here] = (sums * phases).real.sum(axis=0)
    return value
