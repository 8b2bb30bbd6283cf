"""Averages and two-time correlations, (A2) and (A25) to (A32), in phase space and in Fock space.

The state is random, with all its coherences.  The motion is one that both pictures can follow
exactly: a linear mean force, with constant γ and D.  ħ = 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from scipy.linalg import expm, solve_continuous_lyapunov
from scipy.sparse import csr_array, eye_array, kron
from scipy.sparse.linalg import expm_multiply

from qemlib._special.hermite import hermite_functions
from qemlib.paper.checks.rows import Residuals, relative
from qemlib.states.wigner import laguerre_functions

__all__ = [
    "LinearMotion",
    "evolved_product",
    "joint_distribution",
    "langevin_density",
    "mean_momentum",
    "mean_position",
    "product_with_position",
    "random_state",
    "regression_formula",
    "two_time_correlation",
    "wigner_of",
    "wigner_transform",
]

_LEVELS = 5
_TIME = 1.2


@dataclass(frozen=True)
class LinearMotion:
    """Eq. (6) with mean force −kx and constant γ and D: Gaussian, and exact in Fock space too."""

    mass: float = 1.3
    frequency: float = 0.8
    force_slope: float = -0.2
    damping: float = 0.3
    diffusion: float = 0.9

    @property
    def x0(self) -> float:
        """(2/mω0)^{1/2}."""
        return float(np.sqrt(2 / (self.mass * self.frequency)))

    @property
    def p0(self) -> float:
        """(2mω0)^{1/2}."""
        return float(np.sqrt(2 * self.mass * self.frequency))

    @property
    def drift(self) -> np.ndarray:
        """A in d(x, p) = A (x, p) dt + noise."""
        stiffness = self.mass * self.frequency**2 - self.force_slope
        return np.array([[0.0, 1 / self.mass], [-stiffness, -self.damping]])

    @property
    def noise(self) -> np.ndarray:
        """Covariance of the noise per unit time."""
        return np.diag([0.0, self.diffusion])

    def propagator(self, time: float) -> tuple[np.ndarray, np.ndarray]:
        """(M, C): Π(·, t + time | z', t) is Gaussian with mean M z' and covariance C."""
        mean = expm(self.drift * time)
        stationary = solve_continuous_lyapunov(self.drift, -self.noise)
        return mean, stationary - mean @ stationary @ mean.T

    def generator(self, levels: int) -> csr_array:
        """The right-hand side of (A24) as a superoperator on Fock states, row after row.

        ∂_tρ̂ = −i[Ĥ, ρ̂] − i(γ/2)[x̂, {p̂, ρ̂}] − (D/2)[x̂, [x̂, ρ̂]].
        """
        x, p = self.operators(levels)
        one = eye_array(levels)
        potential = self.mass * self.frequency**2 - self.force_slope
        h = p @ p / (2 * self.mass) + potential / 2 * x @ x

        def minus(a: Any) -> Any:
            return kron(a, one) - kron(one, a.T)

        def plus(a: Any) -> Any:
            return kron(a, one) + kron(one, a.T)

        kick = minus(x)
        return csr_array(
            -1j * minus(h)
            - 0.5j * self.damping * kick @ plus(p)
            - 0.5 * self.diffusion * kick @ kick
        )

    def operators(self, levels: int) -> tuple[csr_array, csr_array]:
        """x̂ and p̂ in Fock space."""
        a = csr_array(np.diag(np.sqrt(np.arange(1.0, levels)), k=1))
        return csr_array(self.x0 / 2 * (a + a.T)), csr_array(self.p0 / 2j * (a - a.T))

    def product(self, levels: int) -> np.ndarray:
        """x̂ρ̂ of the random state, shape (levels, levels)."""
        rho = np.zeros((levels, levels), dtype=complex)
        rho[:_LEVELS, :_LEVELS] = random_state()
        return self.operators(levels)[0] @ rho

    @cached_property
    def grid(self) -> tuple[np.ndarray, np.ndarray, float]:
        """Axes of a grid that holds the random state, and the area of its cells."""
        axis = np.linspace(-6.0, 6.0, 97)
        x, p = self.x0 * axis, self.p0 * axis
        return x, p, float((x[1] - x[0]) * (p[1] - p[0]))


def wigner_of(
    matrix: np.ndarray,
    x: Sequence[float] | np.ndarray,
    p: Sequence[float] | np.ndarray,
    motion: LinearMotion,
    derivative: bool = False,
) -> np.ndarray:
    """Eq. (A2) by quadrature in y, for a matrix in Fock space; shape (x.size, p.size), complex.

    With `derivative` its derivative with respect to p, taken under the integral.

    Examples
    --------
    The ground state has 1/π at the origin:

    >>> wigner_of(np.diag([1.0, 0.0]), [0.0], [0.0], LinearMotion()).real.round(6)
    array([[0.31831]])
    """
    levels, width = len(matrix), motion.x0 / np.sqrt(2)
    reach = width * (np.sqrt(2 * levels) + 7)
    y = np.linspace(-reach, reach, 241)
    wave = np.exp(-2j * np.outer(y, p)) * (y[1] - y[0]) / np.pi
    if derivative:
        wave *= -2j * y[:, None]
    result = np.empty((len(x), len(p)), dtype=complex)
    for i, here in enumerate(x):
        bra = hermite_functions(levels, here + y, width)
        ket = hermite_functions(levels, here - y, width)
        result[i] = ((matrix @ ket) * bra).sum(axis=0) @ wave
    return result


def wigner_transform() -> Residuals:
    """(A2) of Fock states against Laguerre functions, and its marginal against ⟨x|ρ|x⟩."""
    motion = LinearMotion()
    x, p, _ = motion.grid
    rho = random_state()
    found = wigner_of(np.diag(np.diag(rho)), x, p, motion)
    size = ((x / motion.x0)[:, None] ** 2 + (p / motion.p0) ** 2).ravel()
    signs = (-1.0) ** np.arange(_LEVELS)
    expected = (signs * np.diag(rho).real) @ laguerre_functions(_LEVELS, 4 * size) / np.pi
    marginal = wigner_of(rho, x, p, motion).sum(axis=1) * (p[1] - p[0])
    functions = hermite_functions(_LEVELS, x, motion.x0 / np.sqrt(2))
    density = (functions * (rho @ functions)).sum(axis=0)
    return Residuals(
        max(relative(found.ravel(), expected), relative(marginal, density)),
    )


def langevin_density() -> Residuals:
    """(A25): the density of Gaussian trajectories of (6) from one point, put into (A24)."""
    motion = LinearMotion()
    start = np.array([0.7, -1.1])
    mean, covariance = motion.propagator(_TIME)
    centre = mean @ start
    points = centre + np.random.default_rng(3).normal(size=(40, 2))
    inverse = np.linalg.inv(covariance)
    drift, noise = motion.drift, motion.noise
    growth = drift @ covariance + covariance @ drift.T + noise
    found, expected = [], []
    for z in points:
        slope = -inverse @ (z - centre)
        curvature = np.outer(slope, slope) - inverse
        moving = inverse @ growth @ inverse
        found.append(
            -0.5 * np.trace(inverse @ growth)
            + 0.5 * (z - centre) @ moving @ (z - centre)
            - slope @ drift @ centre
        )
        # (A24) divided by W, with W's gradient and curvature.
        expected.append(
            -slope @ drift @ z - np.trace(drift) + 0.5 * motion.diffusion * curvature[1, 1]
        )
    return Residuals(relative(found, expected))


def mean_position() -> Residuals:
    """(A26) for a random state."""
    return Residuals(_averages()[0])


def mean_momentum() -> Residuals:
    """(A27) for a random state."""
    return Residuals(_averages()[1])


@lru_cache
def _averages() -> tuple[float, float]:
    motion = LinearMotion()
    x, p, cell = motion.grid
    w = wigner_of(random_state(), x, p, motion) * cell
    position, momentum = (np.trace(a @ random_state()) for a in motion.operators(_LEVELS))
    return relative((x[:, None] * w).sum(), position), relative((p * w).sum(), momentum)


def regression_formula() -> Residuals:
    """(A28) in a closed system, where 𝓔 is exact, against operators in the Heisenberg picture."""
    rng = np.random.default_rng(5)
    h, x, rho = (
        a + a.conj().T for a in rng.normal(size=(3, 6, 6)) + 1j * rng.normal(size=(3, 6, 6))
    )
    later = expm(-1j * h * _TIME)
    expected = np.trace(later.conj().T @ x @ later @ x @ rho)
    return Residuals(relative(np.trace(x @ later @ (x @ rho) @ later.conj().T), expected))


@lru_cache
def product_with_position() -> Residuals:
    """(A29) for a random state: transforms of x̂p̂, as the text has it, and of x̂ρ̂."""
    motion, levels = LinearMotion(), _LEVELS + 1
    x, p, _ = motion.grid
    operators = motion.operators(levels)
    products = (operators[0] @ operators[1]).toarray(), motion.product(levels)
    return Residuals(
        *(relative(wigner_of(each, x, p, motion), _initial(motion)) for each in products)
    )


def evolved_product(levels: int = 48) -> Residuals:
    """(A30) by quadrature over Π, against x̂ρ̂ evolved in Fock space."""
    motion = LinearMotion()
    later = _evolved(motion, levels)
    x, p, cell = motion.grid
    ends = np.array([[0.3, -0.4], [-1.1, 0.8], [0.0, 1.5]])
    found = np.array([wigner_of(later, [a], [b], motion)[0, 0] for a, b in ends])
    mean, covariance = motion.propagator(_TIME)
    inverse, scale = np.linalg.inv(covariance), 2 * np.pi * np.sqrt(np.linalg.det(covariance))
    starts = np.stack(np.meshgrid(x, p, indexing="ij"), axis=-1)
    begun = _initial(motion)
    by_green = []
    for end in ends:
        off = end - starts @ mean.T
        green = np.exp(-0.5 * np.einsum("...i,ij,...j", off, inverse, off)) / scale
        by_green.append((green * begun).sum() * cell)
    return Residuals(relative(by_green, found))


@lru_cache
def two_time_correlation(levels: int = 48) -> Residuals:
    """(A31): Re⟨x̂(t+τ)x̂(t)⟩ in Fock space against the correlation of classical trajectories."""
    motion = LinearMotion()
    position, _ = motion.operators(levels)
    quantum = np.trace(position @ _evolved(motion, levels)).real
    return Residuals(relative(_classical_correlation(motion), quantum))


def joint_distribution() -> Residuals:
    """(A32): its second marginal is that of W, and its mean of x x' is that of (A31)."""
    motion = LinearMotion()
    x, p, cell = motion.grid
    w = wigner_of(random_state(), x, p, motion).real
    mean, covariance = motion.propagator(_TIME)
    wide = 1.6 * x
    centre = mean[0, 0] * x[:, None] + mean[0, 1] * p
    spread = np.sqrt(covariance[0, 0])
    joint = (
        np.array([(np.exp(-0.5 * ((end - centre) / spread) ** 2) * w).sum(axis=1) for end in wide])
        * (p[1] - p[0])
        / (np.sqrt(2 * np.pi) * spread)
    )
    steps = (wide[1] - wide[0]) * (x[1] - x[0])
    correlation = (wide @ joint @ x) * steps
    marginal = joint.sum(axis=0) * (wide[1] - wide[0])
    return Residuals(
        max(
            relative(marginal, w.sum(axis=1) * cell / (x[1] - x[0])),
            relative(correlation, _classical_correlation(motion)),
        )
    )


@lru_cache
def random_state() -> np.ndarray:
    """A density matrix with all its coherences.

    Examples
    --------
    >>> random_state().diagonal().real.round(4)
    array([0.1804, 0.2006, 0.0698, 0.2566, 0.2926])
    """
    rng = np.random.default_rng(7)
    a = rng.normal(size=(_LEVELS, _LEVELS)) + 1j * rng.normal(size=(_LEVELS, _LEVELS))
    return a @ a.conj().T / np.trace(a @ a.conj().T)


@lru_cache
def _initial(motion: LinearMotion) -> np.ndarray:
    """xW + (i/2)∂_pW of the random state on the grid, Eq. (A29)."""
    x, p, _ = motion.grid
    rho = random_state()
    plain, slope = (wigner_of(rho, x, p, motion, derivative) for derivative in (False, True))
    return x[:, None] * plain + 0.5j * slope


@lru_cache
def _evolved(motion: LinearMotion, levels: int) -> np.ndarray:
    """e^{𝓛τ}(x̂ρ̂) in Fock space."""
    begun = motion.product(levels).ravel()
    return expm_multiply(motion.generator(levels) * _TIME, begun).reshape(levels, levels)


def _classical_correlation(motion: LinearMotion) -> complex:
    """𝔼[x(t+τ)x(t)] of trajectories that start distributed as W."""
    mean, _ = motion.propagator(_TIME)
    levels = _LEVELS + 2
    rho = np.zeros((levels, levels), dtype=complex)
    rho[:_LEVELS, :_LEVELS] = random_state()
    x, p = motion.operators(levels)
    xx, xp = (np.trace(0.5 * (a @ x + x @ a) @ rho).real for a in (x, p))
    return mean[0, 0] * xx + mean[0, 1] * xp
