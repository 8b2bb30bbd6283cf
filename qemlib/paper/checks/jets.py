"""Operator-valued functions of x and p, by their Taylor polynomials at one point.

The superoperators of Appendix A act on functions Â(x, p) whose values are operators on the charge.
Here such a function is given by its Taylor coefficients at (x, p) up to some order in each, and a
superoperator is a matrix.  Multiplication by a function of x or p is exact at every order kept; a
derivative loses one order.  So identities hold to round-off in the orders that are left, for all
polynomials Â up to the order kept.  Two differential operators that agree on these at a point, and
are of no higher order themselves, are the same there.  Nothing depends on a grid or a basis.
Coefficients are stored with the power of x first, then that of p, then the operator's d² entries.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, reduce
from operator import add
from typing import Any

import numpy as np

from qemlib.paper.checks.surrogate import SurrogateCharge

__all__ = ["Jets"]


@dataclass(frozen=True, eq=False)
class Jets:
    """The superoperators of Appendix A for a surrogate charge and a harmonic oscillator.

    Parameters
    ----------
    charge : SurrogateCharge
    mass, frequency : float
        m and ω0.
    x, p : float
        The point around which functions are expanded.
    order : int
        Highest power kept, in x and in p.

    Notes
    -----
    Matrices act on vectors of length N = (order + 1)² d²; those named `…_of_wigner` act on Taylor
    coefficients of a scalar W(x, p), of length (order + 1)².
    """

    charge: SurrogateCharge
    mass: float
    frequency: float
    x: float
    p: float
    order: int = 2

    def exact(self, matrix: np.ndarray, in_x: int = 0, in_p: int = 0) -> np.ndarray:
        """The rows of `matrix` that hold although `in_x` and `in_p` derivatives were taken."""
        powers = np.arange(self.order + 1)
        kept = np.outer(powers <= self.order - in_x, powers <= self.order - in_p).ravel()
        return matrix[np.repeat(kept, len(matrix) // kept.size)]

    @cached_property
    def liouvillian(self) -> np.ndarray:
        """L_x = −i[H_el − Fx n, •], Eq. (A4)."""
        constant = self._product(1, 1, self.charge.liouvillian(0.0))
        return constant + self._product(self._position, 1, self.charge.slope)

    @cached_property
    def mean_motion(self) -> np.ndarray:
        """H = (mω0²x − F⟨n⟩_x) ∂_p − (p/m) ∂_x, Eq. (A5)."""
        return self._product(self._restoring, self._ladder, self.charge_identity) - self._product(
            self._ladder, self._momentum / self.mass, self.charge_identity
        )

    @cached_property
    def fluctuation(self) -> np.ndarray:
        """V = −(F/2) ∂_p {n − ⟨n⟩_x, •}, Eq. (A6)."""
        pushed = self._product(1, self._ladder, self.charge.anticommutator(self.charge.charge))
        mean = self._product(self._mean, self._ladder, self.charge_identity)
        return -0.5 * self.charge.force * (pushed - 2 * mean)

    @cached_property
    def equation_of_motion(self) -> np.ndarray:
        """The right-hand side of Eq. (A3), term by term as it stands there."""
        stiffness = self.mass * self.frequency**2
        one = self.charge_identity
        push = self.charge.anticommutator(self.charge.charge)
        return (
            self.liouvillian
            - self._product(self._ladder, self._momentum / self.mass, one)
            + stiffness * self._product(self._position, self._ladder, one)
            - 0.5 * self.charge.force * self._product(1, self._ladder, push)
        )

    @cached_property
    def projector(self) -> np.ndarray:
        """P Â = Tr[Â] ρ_x, Eq. (A8)."""
        return self.attach @ self.trace

    @cached_property
    def complement(self) -> np.ndarray:
        """Q = 1 − P."""
        return np.eye(len(self.projector)) - self.projector

    @cached_property
    def commutator(self) -> np.ndarray:
        """[P, H], multiplied out."""
        return self.projector @ self.mean_motion - self.mean_motion @ self.projector

    @cached_property
    def lag(self) -> np.ndarray:
        """(p/m) ∂_xρ_x Tr[•], the right-hand side of Eq. (A9d)."""
        derivative = [k * c for k, c in enumerate(self._states)][1:]
        carried = sum(
            np.kron(self._power(k), np.kron(self._momentum / self.mass, c[:, None]))
            for k, c in enumerate(derivative)
        )
        return carried @ self.trace

    @cached_property
    def trace(self) -> np.ndarray:
        """Tr: from operators to scalars, shape ((order + 1)², N)."""
        return self._product(1, 1, self.charge.trace[None, :])

    @cached_property
    def attach(self) -> np.ndarray:
        """W ↦ ρ_x W: from scalars to operators, shape (N, (order + 1)²)."""
        terms = (
            self._product(self._power(k), 1, c[:, None])
            for k, c in enumerate(self._states[: self.order + 1])
        )
        return reduce(add, terms)

    @cached_property
    def charge_identity(self) -> np.ndarray:
        """The identity on the charge's operators."""
        return np.eye(self.charge.dimension**2)

    def mean_motion_of_wigner(self) -> np.ndarray:
        """H acting on a scalar W."""
        one = np.eye(1)
        return self._product(self._restoring, self._ladder, one) - self._product(
            self._ladder, self._momentum / self.mass, one
        )

    def friction_of_wigner(self) -> np.ndarray:
        """W ↦ ∂_p p W."""
        return self._product(1, self._ladder @ self._momentum, np.eye(1))

    def diffusion_of_wigner(self) -> np.ndarray:
        """W ↦ ∂_p² W."""
        return self._product(1, self._ladder @ self._ladder, np.eye(1))

    def fokker_planck(self, damping: float, diffusion: float) -> np.ndarray:
        """The right-hand side of Eq. (A24), with γ and D at the point of expansion."""
        drift = self._product(self._restoring, 1, np.eye(1)) + damping * self._product(
            1, self._momentum, np.eye(1)
        )
        push = self._product(1, self._ladder, np.eye(1))
        flow = self._product(self._ladder, self._momentum / self.mass, np.eye(1))
        return push @ drift - flow + 0.5 * diffusion * self.diffusion_of_wigner()

    @cached_property
    def _states(self) -> list[np.ndarray]:
        return self.charge.stationary(self.x, self.order + 1)

    @cached_property
    def _mean(self) -> np.ndarray:
        read = self.charge.trace @ self.charge.left(self.charge.charge)
        terms = ((read @ c).real * self._power(k) for k, c in enumerate(self._states[:-1]))
        return reduce(add, terms)

    @cached_property
    def _restoring(self) -> np.ndarray:
        """mω0²x − F⟨n⟩_x."""
        return self.mass * self.frequency**2 * self._position - self.charge.force * self._mean

    def _power(self, k: int) -> np.ndarray:
        """Multiplication by (x' − x)^k."""
        return np.eye(self.order + 1, k=-k)

    @property
    def _position(self) -> np.ndarray:
        return self.x * self._power(0) + self._power(1)

    @property
    def _momentum(self) -> np.ndarray:
        return self.p * self._power(0) + self._power(1)

    @property
    def _ladder(self) -> np.ndarray:
        """The derivative of a polynomial."""
        return np.diag(np.arange(1.0, self.order + 1), k=1)

    def _product(self, in_x: Any, in_p: Any, in_charge: np.ndarray) -> np.ndarray:
        one = np.eye(self.order + 1)
        parts = [one if isinstance(part, int) else part for part in (in_x, in_p)]
        return reduce(np.kron, [*parts, in_charge])
