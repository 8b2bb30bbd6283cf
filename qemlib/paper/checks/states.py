"""Appendices C and D and Eqs. (10) to (12): the Euler step, and from phase space to numbers.

A random state with all its coherences goes to its characteristic function, to its Wigner function
and back, each by the paper's formula and by another road.  ħ = k_B = 1.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import permutations

import numpy as np
from scipy.linalg import expm, logm
from scipy.special import eval_genlaguerre, factorial, j0
from scipy.stats import unitary_group

from qemlib.paper.checks.linear_motion import LinearMotion, random_state, wigner_of
from qemlib.paper.checks.rows import Residuals, relative
from qemlib.states.wigner import laguerre_functions, radial_wigner
from qemlib.states.work import ergotropy, free_energy_work, second_order_coherence

__all__ = [
    "characteristic_from_wigner",
    "characteristic_function",
    "coherence_from_populations",
    "density_matrix_from_characteristic",
    "displacement_off_the_diagonal",
    "displacement_on_the_diagonal",
    "ergotropy_is_optimal",
    "euler_converges",
    "euler_step",
    "free_energy_difference",
    "length_scale",
    "populations_from_profile",
    "radial_characteristic",
    "wigner_from_characteristic",
]

# A point set in the plane of α or ζ, and its cell: the integrands decay like Gaussians.
_AXIS = np.linspace(-9.6, 9.6, 121)
_PLANE = (_AXIS[:, None] + 1j * _AXIS).ravel()
_CELL = (_AXIS[1] - _AXIS[0]) ** 2
_POINTS = np.array([0.0, 0.6 - 0.3j, -0.9 + 0.8j])
_WIDE = 90


def length_scale() -> Residuals:
    """After (5): x0 with exponents ∓1/2; [a, a†] = 1 and [x, p] = i ask for x0 p0 = 2."""
    mass, frequency = 1.3, 0.8
    p0 = np.sqrt(2 * mass * frequency)
    forms = ((2 / (mass * frequency)) ** exponent for exponent in (-0.5, 0.5))
    return Residuals(*(relative(2 / (x0 * p0), 1.0) for x0 in forms))


def euler_step() -> Residuals:
    """(C1): drift and noise of the velocity per unit time against those of (6), m and F not 1."""
    mass, frequency, force = 1.7, 0.6, 0.4
    x, v, charge, damping, diffusion = 0.8, -0.5, 0.35, 0.2, 0.9
    drift = (-mass * frequency**2 * x - mass * damping * v + force * charge) / mass
    variance = diffusion / mass**2
    printed = -(frequency**2) * x - damping * v + charge, diffusion
    corrected = (
        -(frequency**2) * x - damping * v + force / mass * charge,
        (np.sqrt(diffusion) / mass) ** 2,
    )
    return Residuals(
        *(
            max(relative(form[0], drift), relative(form[1], variance))
            for form in (printed, corrected)
        )
    )


def euler_converges() -> Residuals:
    """(C2) with (C1), no noise: the error at a fixed time is of first order in the step."""
    motion = LinearMotion()
    stiffness = motion.mass * motion.frequency**2 - motion.force_slope
    start, time = np.array([1.0, 0.3]), 2.0
    exact = expm(motion.drift * time) @ (start * [1.0, motion.mass])

    def error(steps: int) -> float:
        step = time / steps
        x, v = start
        for _ in range(steps):
            push = -stiffness / motion.mass * x - motion.damping * v
            x, v = x + v * step, v + push * step
        return abs(x - exact[0])

    orders = [np.log2(error(n) / error(2 * n)) for n in (1000, 2000)]
    # The order itself converges linearly: extrapolate.
    return Residuals(abs(2 * orders[1] - orders[0] - 1))


def characteristic_function() -> Residuals:
    """(D2): 1 at the origin, and that of a coherent state."""
    vacuum = np.zeros((_WIDE, _WIDE))
    vacuum[0, 0] = 1.0
    push = _displacement(0.8 - 0.5j)
    coherent = push @ vacuum @ push.conj().T
    found = [np.trace(coherent @ _displacement(z)) for z in _POINTS]
    expected = np.exp(
        -(np.abs(_POINTS) ** 2) / 2 + _POINTS * (0.8 + 0.5j) - _POINTS.conj() * (0.8 - 0.5j)
    )
    return Residuals(relative(found, expected))


def wigner_from_characteristic() -> Residuals:
    """(D1) against (A2), W(α) = 2W(x, p)."""
    chi = _characteristic(_PLANE)
    found = [
        (chi * np.exp(a * _PLANE.conj() - np.conj(a) * _PLANE)).sum() * _CELL / np.pi**2
        for a in _POINTS
    ]
    return Residuals(relative(found, _wigner_at(_POINTS)))


def density_matrix_from_characteristic() -> Residuals:
    """(D3): the random state from its own characteristic function."""
    chi = _characteristic(_PLANE)
    elements = _elements(-_PLANE)
    found = (elements * chi[:, None, None]).sum(axis=0) * _CELL / np.pi
    return Residuals(relative(found, random_state()))


def displacement_off_the_diagonal() -> Residuals:
    """(D4) against the exponential of a matrix of 90 levels."""
    return Residuals(_displacement_elements()[0])


def displacement_on_the_diagonal() -> Residuals:
    """(D5) against the exponential of a matrix of 90 levels."""
    return Residuals(_displacement_elements()[1])


@lru_cache
def _displacement_elements() -> tuple[float, float]:
    off, on = [0.0], [0.0]
    for z in _POINTS[1:]:
        exact = _displacement(-z)
        for n in range(6):
            for m in range(n + 1):
                z2 = abs(z) ** 2
                laguerre = eval_genlaguerre(m, n - m, z2)
                scale = np.sqrt(factorial(m) / factorial(n))
                found = scale * (-z) ** (n - m) * np.exp(-z2 / 2) * laguerre
                (off if n > m else on).append(abs(found - exact[n, m]))
    return float(max(off)), float(max(on))


def characteristic_from_wigner() -> Residuals:
    """(D6) as printed, with 1/π² and αζ, and corrected, against (D2)."""
    w = _wigner_on_plane()
    exact = _characteristic(_POINTS)

    def transformed(factor: float, conjugate: bool) -> list[complex]:
        kernels = (
            np.exp(-_PLANE * (np.conj(z) if conjugate else z) + _PLANE.conj() * z) for z in _POINTS
        )
        return [factor * (w * kernel).sum() * _CELL for kernel in kernels]

    printed = transformed(1 / np.pi**2, False)
    return Residuals(relative(printed, exact), relative(transformed(1.0, True), exact))


def radial_characteristic() -> Residuals:
    """(D7): χ(r) of a round state against (D2)."""
    u, du = _radius()
    r = np.array([0.0, 0.7, 1.9])
    profile = radial_wigner(_populations(), u)
    found = 2 * np.pi * j0(2 * np.outer(r, u)) @ (du * u * profile)
    expected = _populations() @ laguerre_functions(len(_populations()), r**2)
    return Residuals(relative(found, expected))


def populations_from_profile() -> Residuals:
    """(D8) for the diagonal, with 8π as printed and with 4π; J_0 in both."""
    u, du = _radius()
    levels = len(_populations())
    profile = radial_wigner(_populations(), u)
    chi = 2 * np.pi * j0(2 * np.outer(u, u)) @ (du * u * profile)
    # 4π ∫∫ du dr u J_0 W r e^{−r²/2} L_n = 2 ∫ dr r χ(r) e^{−r²/2} L_n
    half = 2 * laguerre_functions(levels, u**2) @ (du * u * chi)
    return Residuals(relative(2 * half, _populations()), relative(half, _populations()))


def coherence_from_populations() -> Residuals:
    """(10): from operators, and from populations."""
    rho = np.diag(np.diag(random_state()))
    a = np.diag(np.sqrt(np.arange(1.0, len(rho))), k=1)
    pairs = np.trace(a.T @ a.T @ a @ a @ rho).real / np.trace(a.T @ a @ rho).real ** 2
    return Residuals(relative(second_order_coherence(np.diag(rho).real), pairs))


def ergotropy_is_optimal() -> Residuals:
    """(11): no permutation of eigenstates and no random unitary extracts more, and one does."""
    rho = random_state()
    size = len(rho)
    energies = np.array([0.0, 0.4, 1.1, 1.7, 2.9])
    r, vectors = np.linalg.eigh(rho)
    r, vectors = r[::-1], vectors[:, ::-1]
    overlap = np.abs(vectors) ** 2  # |⟨ε_k|r_j⟩|², k first
    printed = sum(
        r[j] * energies[k] * (overlap[k, j] - (j == k)) for j in range(size) for k in range(size)
    )
    energy = float((np.diag(rho).real * energies).sum())
    best = max(energy - float(r @ energies[list(order)]) for order in permutations(range(size)))
    turns = unitary_group.rvs(size, size=200, random_state=1)
    extracted = [energy - (np.diag(u @ rho @ u.conj().T).real * energies).sum() for u in turns]
    beaten = max(0.0, max(extracted) - printed)
    ours = ergotropy(rho, np.diag(energies))
    return Residuals(max(relative(printed, best), relative(ours, best), beaten))


def free_energy_difference() -> Residuals:
    """(12) against T times the relative entropy to the thermal state, which is never negative."""
    temperature = 0.9
    rho, h = random_state(), np.diag([0.0, 0.4, 1.1, 1.7, 2.9])
    thermal = expm(-h / temperature) / np.trace(expm(-h / temperature))
    relative_entropy = np.trace(rho @ (logm(rho) - logm(thermal))).real
    found = free_energy_work(rho, h, temperature)
    less = max(0.0, ergotropy(rho, h) - found)
    return Residuals(max(relative(found, temperature * relative_entropy), less))


def _displacement(z: complex) -> np.ndarray:
    """D(z) = exp(za† − z*a) in a Fock space wide enough for its corner."""
    a = np.diag(np.sqrt(np.arange(1.0, _WIDE)), k=1)
    return expm(z * a.T - np.conj(z) * a)


@lru_cache
def _populations() -> np.ndarray:
    return np.diag(random_state()).real


def _elements(z: np.ndarray) -> np.ndarray:
    """⟨n|D(z)|m⟩ for an array z, shape (z.size, levels, levels), by recurrence in Laguerre."""
    levels = len(random_state())
    result = np.empty((z.size, levels, levels), dtype=complex)
    phase = np.exp(1j * np.angle(z))
    for k in range(levels):
        radial = laguerre_functions(levels - k, np.abs(z) ** 2, order=k)
        for m in range(levels - k):
            result[:, m + k, m] = radial[m] * phase**k
            result[:, m, m + k] = radial[m] * (-phase.conj()) ** k
    return result


def _characteristic(z: np.ndarray) -> np.ndarray:
    """χ of the random state, (D2)."""
    return np.einsum("znm,mn->z", _elements(z), random_state())


def _wigner_at(alpha: np.ndarray) -> list[complex]:
    motion = LinearMotion()
    return [
        2 * wigner_of(random_state(), [motion.x0 * a.real], [motion.p0 * a.imag], motion)[0, 0]
        for a in alpha
    ]


@lru_cache
def _wigner_on_plane() -> np.ndarray:
    motion = LinearMotion()
    return 2 * wigner_of(random_state(), motion.x0 * _AXIS, motion.p0 * _AXIS, motion).ravel()


def _radius() -> tuple[np.ndarray, np.ndarray]:
    node, weight = np.polynomial.legendre.leggauss(200)
    return 5.0 * (node + 1), 5.0 * weight
