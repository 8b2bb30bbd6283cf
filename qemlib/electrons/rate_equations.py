"""Force, friction and noise of electrons that a rate equation describes, by (A18) and (A20).

In the sequential-tunnelling limit an electronic system is a list of states, with probabilities P
and a generator L_x(states, states) that depends on the oscillator's position: dP/dt = L_x P.  Then
the appendix's formulas are linear algebra, whatever the electrons do to each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from qemlib import _checks
from qemlib._locked import Locked

__all__ = ["RateCoefficients", "rate_equation_coefficients"]

# Parts of the largest entry by which columns may miss 0, and a rate may fall below it.
_CONSERVED, _ROUND_OFF = 1e-9, 1e-14


@dataclass(frozen=True, eq=False)
class RateCoefficients(Locked):
    """What the electrons do to the oscillator, at each position.

    Attributes
    ----------
    probabilities : ndarray, shape (points, states)
        Stationary P of L_x.
    charge : ndarray, shape (points,)
        Mean charge ⟨n⟩_x, with nothing taken off.
    damping : ndarray, shape (points,)
        γ(x), Eq. (A20).
    diffusion : ndarray, shape (points,)
        D(x), Eq. (A18).
    slowest_rate : ndarray, shape (points,)
        Smallest relaxation rate of the electrons; it must be well above the oscillator's frequency.
    """

    probabilities: np.ndarray
    charge: np.ndarray
    damping: np.ndarray
    diffusion: np.ndarray
    slowest_rate: np.ndarray

    def __repr__(self) -> str:
        points, states = self.probabilities.shape
        return (
            f"RateCoefficients({points} positions, {states} states; damping from "
            f"{self.damping.min():.3g} to {self.damping.max():.3g}, slowest electronic rate "
            f"{self.slowest_rate.min():.3g})"
        )


def rate_equation_coefficients(
    generator: ArrayLike, slope: ArrayLike, charge: ArrayLike, force: float, mass: float
) -> RateCoefficients:
    """⟨n⟩, γ and D of a rate equation dP/dt = L_x P at each position.

    With δn = n − ⟨n⟩ and the integral of e^{Lt} over all times done by solving linear equations,

        D = 2F² ∫_0^∞ dt Σ n e^{Lt} δn P,    γ = (F/m) ∫_0^∞ dt Σ n e^{Lt} ∂P/∂x.

    Parameters
    ----------
    generator : array_like, shape (points, states, states)
        L_x: element (i, j) is the rate from state j to state i, and each column adds up to 0.
    slope : array_like, shape (points, states, states)
        ∂L_x/∂x.
    charge : array_like, shape (states,)
        Charge n of each state.
    force : float
        Force F per unit charge.
    mass : float
        m, positive.

    Returns
    -------
    RateCoefficients

    Raises
    ------
    ValueError
        If shapes do not fit, a number is not finite, rates between states are negative, columns do
        not add up to 0, or the stationary state is not unique.

    Examples
    --------
    A level that fills at rate 0.3 f(x) and empties at rate 0.3 [1 − f(x)], with f = 1/2 − x/10:

    >>> import numpy as np
    >>> L = np.array([[[-0.15, 0.15], [0.15, -0.15]]])
    >>> dL = np.array([[[0.03, 0.03], [-0.03, -0.03]]])
    >>> at = rate_equation_coefficients(L, dL, charge=[0, 1], force=0.1, mass=1.0)
    >>> float(at.charge[0]), round(float(at.damping[0]), 9), round(float(at.diffusion[0]), 9)
    (0.5, -0.033333333, 0.016666667)
    """
    generator, slope, charge = _fitting(generator, slope, charge)
    force, mass = _checks.finite("force", force), _checks.positive("mass", mass)
    points, states = generator.shape[:2]
    rates = np.sort(-np.linalg.eigvals(generator).real, axis=1)
    fastest = np.abs(generator).max(axis=(1, 2))
    # One row of each L_x follows from the others; in its place: what Σ of the solution is, as a
    # rate, so that all rows are of one size.
    unit = np.where(fastest > 0, fastest, 1.0)
    closed = generator.copy()
    closed[:, -1, :] = unit[:, None]
    if states > 1 and (rates[:, 1] <= 1e-12 * fastest).any():
        where = int(np.argmin(rates[:, 1] - 1e-12 * fastest))
        raise ValueError(f"generator must have one stationary state, at index {where} it has more")

    def solve(right: np.ndarray, total: float) -> np.ndarray:
        right = right.copy()
        right[:, -1] = total * unit
        return np.linalg.solve(closed, right[:, :, None])[:, :, 0]

    probabilities = solve(np.zeros((points, states)), 1.0)
    mean = probabilities @ charge
    spread = solve((charge - mean[:, None]) * probabilities, 0.0)
    change = solve(-np.einsum("xij,xj->xi", slope, probabilities), 0.0)
    return RateCoefficients(
        probabilities=probabilities,
        charge=mean,
        damping=-force / mass * (solve(change, 0.0) @ charge),
        diffusion=-2.0 * force**2 * (spread @ charge),
        slowest_rate=rates[:, 1] if states > 1 else np.full(points, np.inf),
    )


def _fitting(
    generator: ArrayLike, slope: ArrayLike, charge: ArrayLike
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = _checks.finite_array("generator", generator, ndim=3)
    slope = _checks.finite_array("slope", slope, ndim=3)
    charge = _checks.finite_array("charge", charge, ndim=1)
    points, states, columns = generator.shape
    if states != columns or points == 0 or states == 0:
        raise ValueError(
            f"generator must have shape (points, states, states), got {generator.shape}"
        )
    if slope.shape != generator.shape:
        raise ValueError(
            f"slope must have the shape of generator, {generator.shape}, got {slope.shape}"
        )
    if charge.shape != (states,):
        raise ValueError(f"charge must have one value a state, {(states,)}, got {charge.shape}")
    off = generator * (1.0 - np.eye(states))
    if off.min() < -_ROUND_OFF * np.abs(generator).max():
        raise ValueError(f"generator must hold no negative rate, got {off.min()}")
    for name, array in (("generator", generator), ("slope", slope)):
        leak = np.abs(array.sum(axis=1)).max()
        if leak > _CONSERVED * np.abs(array).max():
            raise ValueError(f"{name} must have columns that add up to 0, got a sum of {leak:.3e}")
    return generator, slope, charge
