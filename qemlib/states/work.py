"""Numbers of a state: ergotropy, free-energy work, entropy, second-order coherence.

A state knows its oscillator, and may hold coherences: what is asked of it is asked of all of its
density matrix, or with ``coherences=False`` of its populations alone.  Else states come as
populations (one axis, in the order of the energies given beside them) or as density matrices:
arrays, sparse matrices, or QuTiP's operators and kets.  Nothing is clamped: what is not a state is
refused.  What truncation leaves of the trace is divided out, so that no number depends on where
energies count from.

Samples are noisy, and noise does work in these formulas.  For a SampledState each function returns
an estimate with its error bar instead of a number, from populations alone; see
`qemlib.states.estimation`.  Coherences only add to both kinds of work, and only take from the
entropy.
"""

from __future__ import annotations

from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp, xlogy

from qemlib import _checks
from qemlib.errors import NoQuantumState
from qemlib.states import estimation
from qemlib.states.contract import State, is_sampled, is_state, refuse_without
from qemlib.states.in_levels import QuantumState
from qemlib.states.quantum import held_populations, quantum_state

__all__ = ["entropy", "ergotropy", "free_energy_work", "second_order_coherence"]

# What a state may miss by in double precision; single and half precision may by their round-off.
_NEGATIVE = -1e-9
_TRACE = 1e-3


@overload
def ergotropy(rho: ArrayLike, hamiltonian: ArrayLike) -> float: ...
@overload
def ergotropy(rho: State, *, coherences: bool = True) -> Any: ...
def ergotropy(rho: Any, hamiltonian: ArrayLike | None = None, *, coherences: bool = True) -> Any:
    """Ergotropy 𝒲_E, the most work a cyclic unitary extracts, Eq. (11).

    Parameters
    ----------
    rho : State, or array_like of shape (levels,) or (levels, levels)
        A state; or populations, or a density matrix.  Populations alone give the *incoherent*
        ergotropy; a state and a matrix give the *total* one, with the part that coherences hold.
        It is divided by its trace.
    hamiltonian : array_like, of the same number of axes
        Energies of the levels, or the Hamiltonian in the basis of `rho`.  Left out for a state,
        whose Hamiltonian is its oscillator's.
    coherences : bool
        With False, the incoherent ergotropy of a state, which is what the paper evaluates and
        takes far less time.

    Returns
    -------
    float
        Energy, Σ_j r_j (⟨r_j|H|r_j⟩ − ε_j) with r sorted downwards and ε upwards; never negative
        beyond round-off.  For a SampledState an `ErgotropyEstimate` of the incoherent ergotropy,
        whose lower bound holds for the total one.

    Raises
    ------
    NoQuantumState
        If a population is below −1e-9, or the trace is off by more than 1e-3 (or either by more
        than the round-off of numbers in less than double precision), or a state's `violations` are
        not empty.
    ValueError
        If a matrix is not Hermitian, or the shapes do not match.
    TypeError
        If either is no array at all, or a Hamiltonian comes with a state.
    ConvergenceError
        If 8192 levels do not hold the state.

    Examples
    --------
    >>> import qemlib as qem
    >>> qem.ergotropy([0.25, 0.75], [0.0, 1.0])
    0.5

    A Fock state gives all its quanta:

    >>> round(qem.ergotropy(qem.QuantumState([0, 0, 1], qem.Oscillator(frequency=0.2))), 12)
    0.4
    """
    if _is_sampled(rho, hamiltonian):
        return estimation.estimate_ergotropy(*_batches(rho))
    rho, spectrum, hamiltonian, energies = _state_and_energy(rho, hamiltonian, coherences)
    passive = np.sort(spectrum)[::-1] @ np.sort(energies)
    return _mean_energy(rho, hamiltonian) - float(passive)


@overload
def free_energy_work(rho: ArrayLike, hamiltonian: ArrayLike, temperature: float) -> float: ...
@overload
def free_energy_work(rho: State, *, temperature: float, coherences: bool = True) -> Any: ...
def free_energy_work(
    rho: Any, hamiltonian: Any = None, temperature: Any = None, *, coherences: bool = True
) -> Any:
    """Work under thermal operations, 𝒲_F = U − TS − F_eq, Eq. (12); energy.

    Parameters
    ----------
    rho, hamiltonian, coherences
        As for `ergotropy`.  F_eq is that of the levels given: let them reach well beyond T.  For a
        state it is that of all levels.
    temperature : float
        T > 0 of the bath (k_B = 1).

    Returns
    -------
    float
        Energy, T Tr ρ(ln ρ − ln ρ_T) with the thermal state ρ_T; never negative beyond round-off,
        and the same wherever energies count from.  For a SampledState an `Estimate` for its
        populations.

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
    whole: float | None = None
    if is_state(rho):
        whole = free_energy_of_all_levels(float(_ladder(rho, 2)[1]), temperature)
    if _is_sampled(rho, hamiltonian):
        return estimation.estimate_free_energy_work(*_batches(rho), temperature, whole)
    rho, spectrum, hamiltonian, energies = _state_and_energy(rho, hamiltonian, coherences)
    with np.errstate(over="ignore"):  # far above a bath that is next to absolute zero
        equilibrium = -temperature * float(logsumexp(-energies / temperature))
    if whole is not None:
        equilibrium = whole
    return _mean_energy(rho, hamiltonian) - temperature * _entropy(spectrum) - equilibrium


@overload
def entropy(rho: ArrayLike) -> float: ...
@overload
def entropy(rho: State, *, coherences: bool = True) -> Any: ...
def entropy(rho: Any, *, coherences: bool = True) -> Any:
    """Von Neumann entropy S = −Tr ρ ln ρ in nats, of a state, populations or a density matrix.

    An eigenvalue between −1e-9 and 0 contributes nothing.  Arguments are as for `ergotropy`, and
    so is what is raised.  For a SampledState it is an `Estimate` for its populations.

    Examples
    --------
    A fair coin has ln 2:

    >>> round(entropy([0.5, 0.5]), 6)
    0.693147
    """
    if _is_sampled(rho, None):
        return estimation.estimate_entropy(_batches(rho)[0])
    if is_state(rho):
        return _entropy(_of_state(rho, coherences)[1])
    return _entropy(_state(rho)[1])


def second_order_coherence(populations: State | ArrayLike) -> float:
    """g⁽²⁾(0) = Σ n(n−1)p_n/(Σ n p_n)², Eq. (10), which coherences have no part in.

    Parameters
    ----------
    populations : State, or array_like of shape (levels,)
        p_n, n = 0 … levels − 1.  A state's own `g2` is returned, with no truncation of levels.

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
    if is_state(populations):
        refuse_without(populations, "phonon_number", "g2")
        _refuse_vacuum(populations.phonon_number)
        return populations.g2
    p, _ = _state(populations, "populations")
    if p.ndim != 1:
        raise ValueError(f"populations must have one axis, got shape {p.shape}")
    n = np.arange(p.size)
    mean = float(n @ p)
    _refuse_vacuum(mean)
    return float(n * (n - 1.0) @ p) / mean**2


def _refuse_vacuum(mean: float) -> None:
    if not mean > 0:
        raise ValueError(f"populations must hold more than the vacuum, got ⟨n⟩ = {mean!r}")


def _is_sampled(rho: Any, hamiltonian: Any) -> bool:
    if not is_state(rho):
        return False
    if hamiltonian is not None:
        raise TypeError(
            "hamiltonian must be left out for a state, which has that of its oscillator, got "
            f"{type(hamiltonian).__name__}; give rho.density_matrix(levels) for another"
        )
    return is_sampled(rho)


def _batches(state: Any) -> tuple[np.ndarray, np.ndarray]:
    """Populations of each batch, and energies of the levels."""
    levels = state.levels
    return state.population_batches(levels), _ladder(state, levels)


def _of_state(state: Any, coherences: bool) -> tuple[np.ndarray, np.ndarray]:
    """ρ, or its populations alone, with trace 1; and the eigenvalues."""
    if coherences:
        found = state if isinstance(state, QuantumState) else quantum_state(state)
        rho, spectrum = found.matrix, found.eigenvalues
        trace, violations = 1.0 - found.missing_trace, found.violations
    else:
        rho = spectrum = held_populations(state)
        trace, violations = rho.sum(), getattr(state, "violations", ())
    if violations:
        raise NoQuantumState(
            f"state must be a quantum state, got one of which {'; '.join(violations)}"
        )
    if abs(trace - 1.0) > _TRACE:
        raise NoQuantumState(f"state must have trace 1 to within {_TRACE:g}, got {trace:.6g}")
    return rho / trace, spectrum / trace


def free_energy_of_all_levels(frequency: float, temperature: float) -> float:
    """−T ln Σ e^{−nω0/T} = T ln(1 − e^{−ω0/T}) of an oscillator in equilibrium."""
    return temperature * float(np.log(-np.expm1(-frequency / temperature)))


def _ladder(state: Any, levels: int) -> np.ndarray:
    """Energies of the levels, from the ground state up."""
    refuse_without(state, "oscillator")
    if state.oscillator is None:
        raise ValueError("state must know its oscillator, got one without")
    return state.oscillator.frequency * np.arange(levels)


def _state(rho: Any, name: str = "rho") -> tuple[np.ndarray, np.ndarray]:
    """The state, with the trace that it lacks divided out, and its eigenvalues."""
    matrix = _matrix_or_levels(name, rho, ket=True)
    slack = _checks.round_off(rho)
    spectrum = matrix if matrix.ndim == 1 else np.linalg.eigvalsh(matrix)
    lowest, trace = spectrum.min(), float(spectrum.sum())
    negative, off = min(_NEGATIVE, -slack), max(_TRACE, slack)
    if lowest < negative:
        raise NoQuantumState(f"{name} must have no population below {negative:g}, got {lowest:.3e}")
    if abs(trace - 1.0) > off:
        raise NoQuantumState(f"{name} must have trace 1 to within {off:g}, got {trace:.6g}")
    return matrix / trace, spectrum / trace


def _state_and_energy(
    rho: Any, hamiltonian: Any, coherences: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """State and Hamiltonian, each with its eigenvalues, the lowest of the energies zero."""
    if is_state(rho):
        state, (rho, spectrum) = rho, _of_state(rho, coherences)
        energies = _ladder(state, len(rho))
        return rho, spectrum, energies if rho.ndim == 1 else np.diag(energies), energies
    if hamiltonian is None:
        _checks.numbers("rho", rho, ket=True)
        raise TypeError("hamiltonian must be an array where rho is one, got None")
    rho, spectrum = _state(rho)
    hamiltonian = _matrix_or_levels("hamiltonian", hamiltonian)
    if rho.shape != hamiltonian.shape:
        raise ValueError(
            f"hamiltonian must have the shape of rho, {rho.shape}, got {hamiltonian.shape}"
        )
    if hamiltonian.ndim == 1:
        hamiltonian = hamiltonian - hamiltonian.min()
        return rho, spectrum, hamiltonian, hamiltonian
    one = np.eye(len(hamiltonian))
    # First by what the diagonal shows: eigenvalues lose the digits that a large shift takes.
    hamiltonian = hamiltonian - hamiltonian.diagonal().real.mean() * one
    energies = np.linalg.eigvalsh(hamiltonian)
    return rho, spectrum, hamiltonian - energies[0] * one, energies - energies[0]


def _matrix_or_levels(name: str, value: Any, ket: bool = False) -> np.ndarray:
    array = _checks.numbers(name, value, ket)
    if array.ndim == 2:
        return _checks.hermitian(name, value, ket)
    if np.iscomplexobj(array):
        raise ValueError(f"{name} must be real where it has one axis, got {array.tolist()}")
    return array


def _mean_energy(rho: np.ndarray, hamiltonian: np.ndarray) -> float:
    if rho.ndim == 1:
        return float(rho @ hamiltonian)
    return float(np.sum(rho * hamiltonian.T).real)


def _entropy(spectrum: np.ndarray) -> float:
    spectrum = spectrum[spectrum > 0]
    return float(-xlogy(spectrum, spectrum).sum())
