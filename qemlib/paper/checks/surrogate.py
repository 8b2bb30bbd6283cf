"""A charge of finite dimension: everything that Appendix A says of the electrons, computed.

The appendix uses only this of the electrons: with the oscillator held at x they evolve under a
generator L_x, linear in x through −Fx n, and relax to a unique state ρ_x (Eqs. (A4) and (A7)).  A
few levels with a Lindblad generator

    L_x ρ = −i[H − F x n, ρ] + Σ_k (J_k ρ J_k† − ½{J_k†J_k, ρ})

do the same, and there every integral over time and every derivative with respect to x can be had to
round-off.  ∂_x L_x = iF[n, •] is exact, and so is the Taylor series of ρ_x.

Such an L_x is dissipative; that of the paper, −i[H_x, •], is unitary.  A closed charge has no jumps
and does not relax, but ρ_x may be any state that H_x leaves in place: enough for all of the
appendix that takes no integral over time.

Operators are stored as vectors, row after row: vec(AρB) = (A ⊗ Bᵀ) vec(ρ).  ħ = e = k_B = 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import log

import numpy as np

from qemlib import _checks

__all__ = [
    "ClosedCharge",
    "SurrogateCharge",
    "integral_over_time",
    "random_charge",
    "random_closed_charge",
]

# The integrals over time end when what is left has decayed to this part.
_DECAYED = 1e-18
# Points of Cauchy's integral.
_ANGLES = 32
# Terms of e^{Gt} for ‖G‖t ≤ 1.
_TERMS = 24


@dataclass(frozen=True, eq=False)
class SurrogateCharge:
    """A few electronic levels that a force F couples to the position x.

    Parameters
    ----------
    hamiltonian : ndarray, shape (d, d)
        H, Hermitian (energy).
    charge : ndarray, shape (d, d)
        n, Hermitian, dimensionless.
    jumps : tuple of ndarray, shape (d, d)
        J_k (energy^{1/2}).
    force : float
        F (energy/length).

    Raises
    ------
    ValueError
        If a matrix has another shape, `hamiltonian` or `charge` is not Hermitian, the force is not
        finite, or the stationary state at x = 0 is not unique.
    """

    hamiltonian: np.ndarray
    charge: np.ndarray
    jumps: tuple[np.ndarray, ...]
    force: float

    def __post_init__(self) -> None:
        _checks.finite("force", self.force)
        shape = np.shape(self.hamiltonian)
        for name, matrix in (("hamiltonian", self.hamiltonian), ("charge", self.charge)):
            if np.shape(matrix) != shape or len(shape) != 2 or shape[0] != shape[1]:
                raise ValueError(f"{name} must be square, as hamiltonian, got {np.shape(matrix)}")
            if not np.allclose(matrix, np.conj(matrix).T, rtol=0, atol=1e-12):
                raise ValueError(f"{name} must be Hermitian")
        for jump in self.jumps:
            if np.shape(jump) != shape:
                raise ValueError(f"jumps must have shape {shape}, got {np.shape(jump)}")
        self._check_stationary()

    def _check_stationary(self) -> None:
        rates = np.linalg.eigvals(self.liouvillian(0.0)).real
        if not np.sort(rates)[-2] < -1e-9:
            raise ValueError("jumps must make the stationary state unique: two modes do not decay")

    @property
    def dimension(self) -> int:
        """d."""
        return len(self.hamiltonian)

    def left(self, matrix: np.ndarray) -> np.ndarray:
        """The superoperator ρ ↦ Aρ."""
        return np.kron(matrix, np.eye(self.dimension))

    def right(self, matrix: np.ndarray) -> np.ndarray:
        """The superoperator ρ ↦ ρA."""
        return np.kron(np.eye(self.dimension), matrix.T)

    def anticommutator(self, matrix: np.ndarray) -> np.ndarray:
        """The superoperator {A, •}."""
        return self.left(matrix) + self.right(matrix)

    def commutator(self, matrix: np.ndarray) -> np.ndarray:
        """The superoperator [A, •]."""
        return self.left(matrix) - self.right(matrix)

    @property
    def trace(self) -> np.ndarray:
        """Tr as a row, shape (d²,)."""
        return np.eye(self.dimension).ravel()

    @cached_property
    def slope(self) -> np.ndarray:
        """∂_x L_x = iF[n, •], shape (d², d²)."""
        return 1j * self.force * self.commutator(self.charge)

    def liouvillian(self, x: float) -> np.ndarray:
        """L_x, shape (d², d²)."""
        return self._at_origin + x * self.slope

    @cached_property
    def _at_origin(self) -> np.ndarray:
        generator = -1j * self.commutator(self.hamiltonian)
        for jump in self.jumps:
            lost = jump.conj().T @ jump
            generator = generator + np.kron(jump, jump.conj()) - 0.5 * self.anticommutator(lost)
        return generator

    def stationary(self, x: float, order: int = 0) -> list[np.ndarray]:
        """Taylor coefficients ρ_k of ρ_x at x, as vectors: L_x ρ_k = −(∂_x L_x) ρ_{k−1}."""
        generator = self.liouvillian(x)
        # One row of L_x is superfluous, for its columns are traceless: it makes room for Tr.
        generator[0] = self.trace
        series: list[np.ndarray] = []
        for k in range(order + 1):
            source = -self.slope @ series[-1] if k else np.zeros(self.dimension**2, complex)
            source[0] = 0.0 if k else 1.0
            series.append(np.linalg.solve(generator, source))
        return series

    def mean(self, x: float) -> float:
        """⟨n⟩_x."""
        return float((self.trace @ self.left(self.charge) @ self.stationary(x)[0]).real)

    def fluctuation(self, x: float) -> np.ndarray:
        """δn = n − ⟨n⟩_x, shape (d, d)."""
        return self.charge - self.mean(x) * np.eye(self.dimension)

    def diffusion(self, x: float) -> float:
        """D(x) = F² ∫_0^∞ dt ⟨{δn(t), δn(0)}⟩_x, Eq. (A18)."""
        delta = self.fluctuation(x)
        pushed = self.anticommutator(delta) @ self.stationary(x)[0]
        return self.force**2 * self._read(delta, integral_over_time(self.liouvillian(x), pushed))

    def response(self, x: float, exponent: int = 1) -> float:
        """∫_0^∞ dt Tr[n(t) ∂_xρ_x]: mγ(x) by Eq. (A20) is F times this.

        n(t) evolves by e^{±L_x†t}, `exponent` is the sign; infinite where the integral diverges.
        """
        moved = self.stationary(x, 1)[1]
        return self._read(self.charge, integral_over_time(exponent * self.liouvillian(x), moved))

    def delayed_commutator(self, x: float, exponent: int = 1) -> float:
        """∫_0^∞ dt ⟨it[n(t), n(0)]⟩_x: mγ(x) by Eq. (A23) is F² times this; `exponent` as above."""
        kicked = 1j * self.commutator(self.charge) @ self.stationary(x)[0]
        memory = integral_over_time(exponent * self.liouvillian(x), kicked, power=1)
        return self._read(self.charge, memory)

    def noise_spectrum(self, x: float, omega: float) -> float:
        """S_x(ω) of Eq. (8), from resolvents: ∫_0^∞ dt e^{iωt} e^{L_x t} y = −(L_x + iω)⁻¹ y."""
        return self._spectrum(x, omega, 1)

    def noise_slope(self, x: float, omega: float = 0.0) -> float:
        """dS_x/dω, from the square of the resolvent."""
        return self._spectrum(x, omega, 2)

    def _spectrum(self, x: float, omega: float, power: int) -> float:
        delta, state = self.fluctuation(x), self.stationary(x)[0]
        # Shifted by the projector, which does nothing to a traceless vector, L_x can be inverted.
        shifted = self.liouvillian(x) - np.outer(state, self.trace)
        wave = np.linalg.inv(shifted + 1j * omega * np.eye(len(state)))
        forwards = np.linalg.matrix_power(wave, power) @ self.left(delta) @ state
        factor = -1.0 if power == 1 else 1j
        return 2 * self.force**2 * self._read(delta, factor * forwards)

    def _read(self, matrix: np.ndarray, vector: np.ndarray) -> float:
        if not np.isfinite(vector).all():
            return float("inf")
        return float((self.trace @ self.left(matrix) @ vector).real)


@dataclass(frozen=True, eq=False)
class ClosedCharge(SurrogateCharge):
    """A few levels that are left to themselves: L_x is unitary, as in Eq. (A4).

    The stationary state is ρ_x = Σ_j w_j |j⟩⟨j|, with the eigenstates |j⟩ of H − F x n in ascending
    order and populations w_j that do not depend on x.

    Parameters
    ----------
    populations : tuple of float
        w_j, of sum one.
    hamiltonian, charge, jumps, force
        As of a `SurrogateCharge`; `jumps` must be empty.

    Raises
    ------
    ValueError
        As for a `SurrogateCharge`; or if there are jumps, or the populations are not one for each
        level or do not add up to one.  `stationary` refuses a position at which levels meet.
    """

    populations: tuple[float, ...] = ()

    def _check_stationary(self) -> None:
        if self.jumps:
            raise ValueError(f"jumps must be empty for a closed charge, got {len(self.jumps)}")
        weights = _checks.finite_array("populations", self.populations, ndim=1)
        if weights.shape != (self.dimension,) or abs(weights.sum() - 1) > 1e-12:
            raise ValueError(
                f"populations must be {self.dimension} numbers of sum 1, got {self.populations!r}"
            )

    def stationary(self, x: float, order: int = 0) -> list[np.ndarray]:
        """Taylor coefficients of ρ_x at x, as vectors, by Cauchy's integral over a small circle."""
        circle = self._radius(x) * np.exp(2j * np.pi * np.arange(_ANGLES) / _ANGLES)
        around = np.array([self._state(x + z) for z in circle])
        return [
            (around / circle[:, None] ** k).mean(axis=0) if k else self._state(x)
            for k in range(order + 1)
        ]

    def _radius(self, x: float) -> float:
        """A third of the displacement by which no two levels can meet."""
        levels = np.linalg.eigvalsh(self.hamiltonian - self.force * x * self.charge)
        gap, speed = np.diff(levels).min(), abs(self.force) * np.linalg.norm(self.charge, 2)
        if gap <= 1e-9 * np.ptp(levels):
            raise ValueError(f"hamiltonian must keep its levels apart, two of them meet at x={x!r}")
        return gap / (6 * speed) if speed else 1.0

    def _state(self, x: complex) -> np.ndarray:
        # At complex x the matrix is not Hermitian: left and right eigenvectors differ.
        levels, right = np.linalg.eig(self.hamiltonian - self.force * x * self.charge)
        right = right[:, np.argsort(levels.real)]
        return (right * np.asarray(self.populations) @ np.linalg.inv(right)).ravel()


def random_charge(seed: int, dimension: int = 3, force: float = 0.7) -> SurrogateCharge:
    """A charge with random H, n and J, all of order one; the same for the same seed.

    Examples
    --------
    The damping mγ is the slope of the noise spectrum at ω = 0, whatever the charge:

    >>> charge = random_charge(seed=1)
    >>> round(charge.force * charge.response(0.0) / charge.noise_slope(0.0), 6)
    1.0
    """
    hamiltonian, charge, *jumps = _random_matrices(seed, dimension)
    return SurrogateCharge(
        hamiltonian + hamiltonian.conj().T, charge + charge.conj().T, tuple(jumps), force
    )


def random_closed_charge(seed: int, force: float = 0.7) -> ClosedCharge:
    """Three levels with random H and n, and populations that no temperature would give.

    Examples
    --------
    H_x leaves its state in place:

    >>> charge = random_closed_charge(seed=1)
    >>> import numpy as np
    >>> bool(np.abs(charge.liouvillian(0.4) @ charge.stationary(0.4)[0]).max() < 1e-13)
    True
    """
    hamiltonian, charge, *_ = _random_matrices(seed, 3)
    return ClosedCharge(
        hamiltonian + hamiltonian.conj().T,
        charge + charge.conj().T,
        (),
        force,
        populations=(0.25, 0.6, 0.15),
    )


def _random_matrices(seed: int, dimension: int) -> list[np.ndarray]:
    """Four, of complex entries of order one."""
    rng = np.random.default_rng(seed)
    shape = (dimension, dimension)
    return [(rng.normal(size=shape) + 1j * rng.normal(size=shape)) / 2 for _ in range(4)]


def integral_over_time(generator: np.ndarray, vector: np.ndarray, power: int = 0) -> np.ndarray:
    """∫_0^∞ dt t^power e^{Gt} y, in time: term by term up to t = 1/‖G‖, then doubling.

    From e^{2Gt} = e^{Gt}e^{Gt}, what is known up to a time gives what is needed up to its double.

    Parameters
    ----------
    generator : ndarray, shape (n, n)
        G.
    vector : ndarray, shape (n,) or (n, columns)
        y, free of the modes that G leaves in place.
    power : int
        0 or 1.

    Returns
    -------
    ndarray of y's shape
        All infinite if G has a growing mode: such an integral does not exist.

    Examples
    --------
    A decay at rate 2, where ∫e^{−2t}dt = 1/2 and ∫t e^{−2t}dt = 1/4:

    >>> import numpy as np
    >>> decay = np.array([[-2.0]])
    >>> area, moment = (integral_over_time(decay, np.array([1.0]), power) for power in (0, 1))
    >>> area.round(6), moment.round(6)
    (array([0.5]), array([0.25]))
    """
    rates, size = np.linalg.eigvals(generator), np.linalg.norm(generator, 2)
    if rates.real.max() > 1e-9 * size:
        return np.full(np.shape(vector), np.inf)
    slowest = -rates.real[rates.real < -1e-7 * size].max()
    reached = 1.0 / size
    propagator = area = moment = np.zeros(np.shape(generator))
    term = np.eye(len(generator))
    for k in range(_TERMS):
        propagator = propagator + term
        area = area + reached / (k + 1) * term
        moment = moment + reached**2 / (k + 2) * term
        term = generator @ term * (reached / (k + 1))
    while reached < -log(_DECAYED) / slowest:
        moment = moment + propagator @ (moment + reached * area)
        area = area + propagator @ area
        propagator = propagator @ propagator
        reached *= 2
    return (area if power == 0 else moment) @ vector
