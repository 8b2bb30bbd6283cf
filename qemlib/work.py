"""Numbers of a state: ergotropy, free-energy work, entropy, second-order coherence.

States come as populations (one axis, in the order of the energies given beside them) or as density
matrices.  Nothing is clamped: what is not a state is refused.
"""

from __future__ import annotations

import numpy as np
from scipy.special import logsumexp, xlogy

from qemlib import _checks

__all__ = ["entropy", "ergotropy", "free_energy_work", "second_order_coherence"]

_NEGATIVE = -1e-9
_TRACE = 1e-3
_HERMITIAN = 1e-9


def ergotropy(rho, hamiltonian) -> float:
    """Ergotropy 𝒲_E, the most work a cyclic unitary extracts, Eq. (11).

    Parameters
    ----------
    rho : array_like, shape (levels,) or (levels, levels)
        Populations, or a density matrix.  Populations alone give the *incoherent* ergotropy; a
        matrix gives the *total* one, with the part that coherences hold.
    hamiltonian : array_like, of the same number of axes
        Energies of the levels, or the Hamiltonian in the basis of `rho`.

    Returns
    -------
    float
        Energy, Σ_j r_j (⟨r_j|H|r_j⟩ − ε_j) with r sorted downwards and ε upwards; never negative
        beyond round-off.

    Raises
    ------
    ValueError
        If a population is below −1e-9, the trace is off by more than 1e-3, a matrix is not
        Hermitian, or the shapes do not match.

    Examples
    --------
    >>> ergotropy([0.25, 0.75], [0.0, 1.0])
    0.5
    """
    rho, hamiltonian = _state_and_energy(rho, hamiltonian)
    spectrum, energies = _eigenvalues(rho), np.sort(_eigenvalues(hamiltonian))
    return _mean_energy(rho, hamiltonian) - float(np.sort(spectrum)[::-1] @ energies)


def free_energy_work(rho, hamiltonian, temperature: float) -> float:
    """Work under thermal operations, 𝒲_F = U − TS − F_eq, Eq. (12); energy.

    Parameters
    ----------
    rho, hamiltonian : array_like
        As for `ergotropy`.  F_eq is that of the levels given: let them reach well beyond T.
    temperature : float
        T > 0 of the bath (k_B = 1).

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
    rho, hamiltonian = _state_and_energy(rho, hamiltonian)
    energies = _eigenvalues(hamiltonian)
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
    rho = _matrix_or_levels(name, rho)
    spectrum = _eigenvalues(rho)
    if spectrum.min() < _NEGATIVE:
        raise ValueError(
            f"{name} must have no population below {_NEGATIVE:g}, got {spectrum.min():.3e}"
        )
    if abs(spectrum.sum() - 1.0) > _TRACE:
        raise ValueError(f"{name} must have trace 1 to within {_TRACE:g}, got {spectrum.sum():.6g}")
    return rho


def _state_and_energy(rho, hamiltonian):
    rho, hamiltonian = _state(rho), _matrix_or_levels("hamiltonian", hamiltonian)
    if rho.shape != hamiltonian.shape:
        raise ValueError(
            f"hamiltonian must have the shape of rho, {rho.shape}, got {hamiltonian.shape}"
        )
    return rho, hamiltonian


def _matrix_or_levels(name, value):
    array = _checks.numbers(name, value)
    if array.ndim == 2:
        return _checks.hermitian(name, array, _HERMITIAN)
    if np.iscomplexobj(array):
        raise ValueError(f"{name} must be real where it has one axis, got {array.tolist()}")
    return array.astype(float)


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
