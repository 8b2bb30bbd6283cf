"""Numbers of a state: ergotropy, free-energy work, entropy, second-order coherence.

States come as populations (one axis, in the order of the energies given beside them) or as density
matrices: arrays, sparse matrices, or QuTiP's operators and kets.  Nothing is clamped: what is not a
state is refused.  What truncation leaves of the trace is divided out, so that no number depends on
where energies count from.
"""

from __future__ import annotations

import numpy as np
from scipy.special import logsumexp, xlogy

from qemlib import _checks
from qemlib.errors import NoQuantumState

__all__ = ["entropy", "ergotropy", "free_energy_work", "second_order_coherence"]

# What a state may miss by in double precision; single and half precision may by their round-off.
_NEGATIVE = -1e-9
_TRACE = 1e-3


def ergotropy(rho, hamiltonian) -> float:
    """Ergotropy 𝒲_E, the most work a cyclic unitary extracts, Eq. (11).

    Parameters
    ----------
    rho : array_like, shape (levels,) or (levels, levels)
        Populations, or a density matrix.  Populations alone give the *incoherent* ergotropy; a
        matrix gives the *total* one, with the part that coherences hold.  It is divided by its
        trace.
    hamiltonian : array_like, of the same number of axes
        Energies of the levels, or the Hamiltonian in the basis of `rho`.

    Returns
    -------
    float
        Energy, Σ_j r_j (⟨r_j|H|r_j⟩ − ε_j) with r sorted downwards and ε upwards; never negative
        beyond round-off.

    Raises
    ------
    NoQuantumState
        If a population is below −1e-9, or the trace is off by more than 1e-3 (or either by more
        than the round-off of numbers in less than double precision).
    ValueError
        If a matrix is not Hermitian, or the shapes do not match.
    TypeError
        If either is no array at all.

    Examples
    --------
    >>> ergotropy([0.25, 0.75], [0.0, 1.0])
    0.5
    """
    rho, hamiltonian, energies = _state_and_energy(rho, hamiltonian)
    spectrum = np.sort(_eigenvalues(rho))[::-1]
    return _mean_energy(rho, hamiltonian) - float(spectrum @ np.sort(energies))


def free_energy_work(rho, hamiltonian, temperature: float) -> float:
    """Work under thermal operations, 𝒲_F = U − TS − F_eq, Eq. (12); energy.

    Parameters
    ----------
    rho, hamiltonian : array_like
        As for `ergotropy`.  F_eq is that of the levels given: let them reach well beyond T.
    temperature : float
        T > 0 of the bath (k_B = 1).

    Returns
    -------
    float
        Energy, T Tr ρ(ln ρ − ln ρ_T) with the thermal state ρ_T; never negative beyond round-off,
        and the same wherever energies count from.

    Raises
    ------
    ValueError
        As `ergotropy`, and if the temperature is not finite and positive.

    Examples
    --------
    One known bit, its two states at the same energy, is worth T ln 2:

    >>> round(free_energy_work([1.0, 0.0], [0.0, 0.0], temperature=1.0), 6)
    0.693147
    """
    temperature = _checks.positive("temperature", temperature)
    rho, hamiltonian, energies = _state_and_energy(rho, hamiltonian)
    with np.errstate(over="ignore"):  # far above a bath that is next to absolute zero
        equilibrium = -temperature * float(logsumexp(-energies / temperature))
    return _mean_energy(rho, hamiltonian) - temperature * _entropy(rho) - equilibrium


def entropy(rho) -> float:
    """Von Neumann entropy S = −Tr ρ ln ρ in nats, from populations or a density matrix.

    An eigenvalue between −1e-9 and 0 contributes nothing.  Raises as `ergotropy`.

    Examples
    --------
    A fair coin has ln 2:

    >>> round(entropy([0.5, 0.5]), 6)
    0.693147
    """
    return _entropy(_state(rho))


def second_order_coherence(populations) -> float:
    """g⁽²⁾(0) = Σ n(n−1)p_n/(Σ n p_n)², Eq. (10), of a state without coherences.

    Parameters
    ----------
    populations : array_like, shape (levels,)
        p_n, n = 0 … levels − 1.

    Raises
    ------
    ValueError
        As `ergotropy`, and if only the ground state is populated: g2 is undefined there.

    Examples
    --------
    One phonon exactly, and a thermal state with one on average:

    >>> import numpy as np
    >>> second_order_coherence([0.0, 1.0])
    0.0
    >>> round(second_order_coherence(0.5 ** np.arange(1.0, 65.0)), 6)
    2.0
    """
    populations = _state(populations, "populations")
    if populations.ndim != 1:
        raise ValueError(f"populations must have one axis, got shape {populations.shape}")
    n = np.arange(populations.size)
    mean = float(n @ populations)
    if not mean > 0:
        raise ValueError(f"populations must hold more than the vacuum, got ⟨n⟩ = {mean!r}")
    return float(n * (n - 1.0) @ populations) / mean**2


def _state(rho, name="rho"):
    """The state, with the trace that it lacks divided out."""
    matrix = _matrix_or_levels(name, rho, ket=True)
    slack = _checks.round_off(rho)
    spectrum = _eigenvalues(matrix)
    lowest, trace = spectrum.min(), float(spectrum.sum())
    negative, off = min(_NEGATIVE, -slack), max(_TRACE, slack)
    if lowest < negative:
        raise NoQuantumState(f"{name} must have no population below {negative:g}, got {lowest:.3e}")
    if abs(trace - 1.0) > off:
        raise NoQuantumState(f"{name} must have trace 1 to within {off:g}, got {trace:.6g}")
    return matrix / trace


def _state_and_energy(rho, hamiltonian):
    """State, Hamiltonian and its eigenvalues, the lowest of them zero."""
    rho, hamiltonian = _state(rho), _matrix_or_levels("hamiltonian", hamiltonian)
    if rho.shape != hamiltonian.shape:
        raise ValueError(
            f"hamiltonian must have the shape of rho, {rho.shape}, got {hamiltonian.shape}"
        )
    if hamiltonian.ndim == 1:
        hamiltonian = hamiltonian - hamiltonian.min()
        return rho, hamiltonian, hamiltonian
    one = np.eye(len(hamiltonian))
    # First by what the diagonal shows: eigenvalues lose the digits that a large shift takes.
    hamiltonian = hamiltonian - hamiltonian.diagonal().real.mean() * one
    energies = np.linalg.eigvalsh(hamiltonian)
    return rho, hamiltonian - energies[0] * one, energies - energies[0]


def _matrix_or_levels(name, value, ket=False):
    array = _checks.numbers(name, value, ket)
    if array.ndim == 2:
        return _checks.hermitian(name, value, ket)
    if np.iscomplexobj(array):
        raise ValueError(f"{name} must be real where it has one axis, got {array.tolist()}")
    return array


def _eigenvalues(array):
    return array if array.ndim == 1 else np.linalg.eigvalsh(array)


def _mean_energy(rho, hamiltonian):
    if rho.ndim == 1:
        return float(rho @ hamiltonian)
    return float(np.sum(rho * hamiltonian.T).real)


def _entropy(rho):
    spectrum = _eigenvalues(rho)
    spectrum = spectrum[spectrum > 0]
    return float(-xlogy(spectrum, spectrum).sum())
