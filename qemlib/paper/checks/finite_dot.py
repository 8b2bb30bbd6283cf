"""Appendix B where every operator is a matrix: a dot and a few modes.  ħ = 1."""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
from scipy.linalg import expm

from qemlib.paper.checks.rows import Residuals, relative

__all__ = [
    "conditional_hamiltonian",
    "equation_for_the_dot",
    "exchange_of_particles_and_holes",
    "lead_hamiltonian",
    "motion_of_the_dot",
    "motion_of_the_modes",
    "noise_pairing",
    "occupation_at_equal_times",
    "particle_hole_exchange",
    "tunnelling",
    "wick",
]

# A dot and four modes: energies and couplings g_k.
_LEVEL = 0.3
_FREQUENCIES = np.array([-0.9, 0.2, 0.7, 1.6])
_COUPLINGS = np.array([0.4, 0.3, 0.55, 0.2])


def annihilators(modes: int) -> list[np.ndarray]:
    """Fermionic annihilation operators as matrices (Jordan and Wigner)."""
    lower, parity = np.array([[0.0, 1.0], [0.0, 0.0]]), np.diag([1.0, -1.0])
    result = []
    for k in range(modes):
        operator = np.eye(1)
        for j in range(modes):
            operator = np.kron(operator, parity if j < k else lower if j == k else np.eye(2))
        result.append(operator)
    return result


def number(operator: np.ndarray) -> np.ndarray:
    """a†a."""
    return operator.conj().T @ operator


def lead_hamiltonian() -> Residuals:
    """(2): is H_B Hermitian?  As printed, with an operator â of another mode."""
    a, d = annihilators(2)
    forms = a.conj().T @ d, number(d)
    return Residuals(*(float(np.abs(h - h.conj().T).max()) for h in forms))


def tunnelling() -> Residuals:
    """(3): Hermitian, and the number of electrons is conserved."""
    _, parts, everything = _finite_dot()
    total = sum(number(a) for a in everything)
    h = parts["T"]
    asymmetry = np.abs(h - h.conj().T).max() + np.abs(h @ total - total @ h).max()
    return Residuals(float(asymmetry / np.abs(h).max()))


def conditional_hamiltonian() -> Residuals:
    """(B1) against H_x of the main text: a multiple of the identity apart."""
    force_x, n0 = 0.7, 0.43
    c, parts, _ = _finite_dot()
    electrons = sum(parts.values())
    main_text = electrons - force_x * (number(c) - n0 * np.eye(len(c)))
    printed = electrons - force_x * number(c)
    shift = force_x * n0 * np.eye(len(c))
    return Residuals(relative(printed, main_text - shift))


def motion_of_the_dot() -> Residuals:
    """(B2) against i[H, c] as a matrix."""
    return Residuals(_equations_of_motion()[0])


def motion_of_the_modes() -> Residuals:
    """(B3) against i[H, d_k] as matrices."""
    return Residuals(_equations_of_motion()[1])


@lru_cache
def _equations_of_motion() -> tuple[float, float]:
    c, parts, (_, *leads) = _finite_dot()
    h = sum(parts.values())
    omega, g, level = _FREQUENCIES, _COUPLINGS, _LEVEL

    def rate(operator: np.ndarray) -> np.ndarray:
        return 1j * (h @ operator - operator @ h)

    dot = -1j * (level * c + sum(gk * d for gk, d in zip(g, leads, strict=True)))
    modes = [-1j * (w * d + gk * c) for w, gk, d in zip(omega, g, leads, strict=True)]
    return (
        relative(dot, rate(c)),
        max(relative(m, rate(d)) for m, d in zip(modes, leads, strict=True)),
    )


@lru_cache
def equation_for_the_dot() -> Residuals:
    """(B4) with (B5) and (B6): dĉ/dt from the exact motion of a dot and a few modes."""
    time, h = 2.3, _one_electron()
    omega, g = _FREQUENCIES, _COUPLINGS
    node, weight = np.polynomial.legendre.leggauss(40)
    before, weight = 0.5 * time * (node + 1), 0.5 * time * weight
    # Row 0 of e^{−iht}: ĉ(t) in terms of all operators at t0 = 0.
    now = expm(-1j * h * time)[0]
    memory = sum(
        w * (g**2 * np.exp(-1j * omega * (time - t))).sum() * expm(-1j * h * t)[0]
        for t, w in zip(before, weight, strict=True)
    )
    noise = np.concatenate([[0.0], -1j * g * np.exp(-1j * omega * time)])
    exact = -1j * (h @ expm(-1j * h * time))[0]
    return Residuals(relative(-1j * _LEVEL * now + noise - memory, exact))


def occupation_at_equal_times() -> Residuals:
    """(B15) at t = 0: a level holds one electron or none, (c†c)² = c†c."""
    c = annihilators(3)[1]
    return Residuals(relative(number(c) @ number(c), number(c)))


def particle_hole_exchange() -> Residuals:
    """Note [67], d → d† as printed and d → −d†: Hamiltonian and filling, before and after."""
    return Residuals(exchange_of_particles_and_holes(1), exchange_of_particles_and_holes(-1))


def exchange_of_particles_and_holes(
    sign: int,
    level: float = 0.0,
    right_energies: tuple[float, float] = (-0.9, 0.4),
    right_couplings: tuple[float, float] = (0.5, 0.3),
    right_potential: float = -0.6,
    right_temperature: float = 0.8,
) -> float:
    """What x → −x, c → c†, d_kL ↔ ±d_k̄R† changes in a dot with two modes a lead.

    The left lead has modes at 0.9 and −0.4, couplings 0.5 and 0.3, μ_L = 0.6 and T_L = 0.8.

    Parameters
    ----------
    sign : int
        1 for d → d†, −1 for d → −d†.
    level : float
        ε.
    right_energies, right_couplings : tuple of float
        Ω_k̄R and g_k̄R of the partners of the left modes.
    right_potential, right_temperature : float
        μ_R and T_R.

    Returns
    -------
    float
        Largest change of a matrix element of H_T, of the rest of the Hamiltonian (1) to (4) with
        the oscillator held at x, or of Σ_α (H_α − μ_αN_α)/T_α, which fixes the filling; constants
        apart, each in units of its largest element.

    Examples
    --------
    A level that is not in the middle breaks the symmetry:

    >>> exchange_of_particles_and_holes(-1) < 1e-12
    True
    >>> round(exchange_of_particles_and_holes(-1, level=0.2), 2)
    0.15
    """
    c, *modes = annihilators(5)
    left, right = modes[:2], modes[2:]
    energies = ((0.9, -0.4), right_energies)
    couplings = ((0.5, 0.3), right_couplings)
    fillings = ((0.6, 0.8), (right_potential, right_temperature))

    def electrons(
        x: float, dot: np.ndarray, *leads: Any
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        energy = (level - 0.7 * x) * number(dot) + 0.35 * x * np.eye(32)
        tunnelling, filling = np.zeros((2, 32, 32))
        for lead, omega, g, (mu, temperature) in zip(
            leads, energies, couplings, fillings, strict=True
        ):
            for d, w, each in zip(lead, omega, g, strict=True):
                energy += w * number(d)
                tunnelling += each * (dot.T @ d + d.T @ dot)
                filling += (w - mu) / temperature * number(d)
        return energy, tunnelling, filling

    def without_constant(matrix: np.ndarray) -> np.ndarray:
        return matrix - np.trace(matrix) / 32 * np.eye(32)

    before = electrons(0.4, c, left, right)
    exchanged = [[sign * d.T for d in lead] for lead in (right, left)]
    after = electrons(-0.4, c.T, *exchanged)
    return max(
        relative(without_constant(new), without_constant(old))
        for new, old in zip(after, before, strict=True)
    )


def wick() -> Residuals:
    """(B17) for all indices of two leads of two modes, against the thermal state as a matrix.

    The printed Kronecker symbols are taken as they stand, numbers of modes and of leads mixed.
    """
    operators, filled, state = _thermal_leads()
    printed, corrected, exact = [], [], []
    for (k, a), (k1, a1), (j, b), (j1, b1) in product(product(range(2), range(2)), repeat=4):
        d, e, g, h = (operators[pair] for pair in ((k, a), (k1, a1), (j, b), (j1, b1)))
        exact.append(np.trace(d.T @ e @ g.T @ h @ state))
        first = (k == k1) * (a == a1) * filled[k, a] * (j == j1) * (b == b1) * filled[j, b]
        swapped = filled[k, a] * (1 - filled[j, b])
        printed.append(first + swapped * (k1 == j) * (a1 == b1) * (k == a) * (j == b))
        corrected.append(first + swapped * (k == j1) * (a == b1) * (k1 == j) * (a1 == b))
    return Residuals(relative(printed, exact), relative(corrected, exact))


def noise_pairing() -> Residuals:
    """(B18), smeared with four wave packets, against the thermal state as a matrix."""
    operators, filled, state = _thermal_leads()
    omega, g = {(0, 0): -0.8, (1, 0): 0.3, (0, 1): 0.6, (1, 1): 1.1}, 0.5
    times, centres = np.random.default_rng(11).normal(size=(2, 4))

    def packet(i: int, w: float) -> np.complex128:
        return np.exp(1j * times[i] * w) / (1 + (w - centres[i]) ** 2)

    def noise(i: int) -> Any:
        factor = -1j * np.sqrt(2 * np.pi) * g
        return sum(factor * packet(i, w) * operators[mode] for mode, w in omega.items())

    first, second = noise(0).conj().T @ noise(1), noise(2).conj().T @ noise(3)
    exact = np.trace(first @ second @ state)
    exact -= np.trace(first @ state) * np.trace(second @ state)

    def paired(sign: int) -> complex:
        """Energies ω = ±ν' and ω' = ±ν."""
        outer = sum(
            f * packet(0, omega[i]).conj() * packet(3, sign * omega[i]) for i, f in filled.items()
        )
        inner = sum(
            (1 - f) * packet(1, omega[i]) * packet(2, sign * omega[i]).conj()
            for i, f in filled.items()
        )
        return 4 * np.pi**2 * g**4 * outer * inner

    return Residuals(relative(paired(-1), exact), relative(paired(1), exact))


@lru_cache
def _thermal_leads() -> tuple[Any, Any, np.ndarray]:
    """Operators and fillings of modes (k, α), and the state Π_kα [f n + (1 − f)(1 − n)]."""
    indices = [(0, 0), (1, 0), (0, 1), (1, 1)]
    operators = dict(zip(indices, annihilators(4), strict=True))
    filled = dict(zip(indices, (0.15, 0.4, 0.55, 0.8), strict=True))
    state = np.eye(16)
    for i, f in filled.items():
        n = number(operators[i])
        state = state @ (f * n + (1 - f) * (np.eye(16) - n))
    return operators, filled, state


def _one_electron() -> np.ndarray:
    h = np.diag(np.concatenate([[_LEVEL], _FREQUENCIES])).astype(complex)
    h[0, 1:] = h[1:, 0] = _COUPLINGS
    return h


@lru_cache
def _finite_dot() -> tuple[np.ndarray, Any, list[np.ndarray]]:
    """ĉ, the parts of the Hamiltonian (1) to (3), and all annihilators, as matrices."""
    everything = annihilators(1 + len(_FREQUENCIES))
    c, leads = everything[0], everything[1:]
    pairs = list(zip(_COUPLINGS, leads, strict=True))
    parts = {
        "S": _LEVEL * number(c),
        "B": sum(w * number(d) for w, d in zip(_FREQUENCIES, leads, strict=True)),
        "T": sum(g * (c.conj().T @ d + d.conj().T @ c) for g, d in pairs),
    }
    return c, parts, everything
