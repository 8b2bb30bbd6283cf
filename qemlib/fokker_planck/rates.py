"""Eigenvalues of the generator (A24): how fast a state forgets its energy, its phase, its well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from qemlib import _checks
from qemlib._locked import Locked
from qemlib.errors import ConvergenceError
from qemlib.fokker_planck._extents import Settings, checked_rtol, final_of
from qemlib.fokker_planck.basis import Basis
from qemlib.fokker_planck.generator import Generator, generator_of
from qemlib.motion.model import LangevinModel
from qemlib.motion.orbit import refuse_other_than_model

__all__ = ["Rates", "slowest_rates"]

_FINEST = 1e-11
_OF_ASKED, _COARSER = 1e-2, 10.0
# Eigenfunctions have more waves than the steady state.
_FINER = 1.3
# Of the frequency: how far from a line the search starts, never at an eigenvalue.
_BESIDE = 1e-4
# Vectors of Arnoldi's space, and for each eigenvalue that is asked for; what it may miss of one.
_VECTORS, _PER_VALUE, _SEED = 36, 4, 5
_PARALLEL, _MISSED = 1e-14, 1e-9
_ROUND_OFF = 1e-15  # of an eigenvalue, for each function, in units of the frequency


@dataclass(frozen=True, eq=False)
class Rates(Locked):
    """Slowest eigenvalues of (A24) in one sector.

    Attributes
    ----------
    values : ndarray of complex, shape (count,)
        λ of what goes as e^{−λt}: its real part is a decay rate, rising, its imaginary part a
        frequency.
    harmonic : int
        The line that they belong to: 0 is relaxation, k ≥ 1 dephasing at about k times the
        frequency.
    error : ndarray, shape (count,)
        What each changed by when the basis was refined, or round-off where that is more.
    """

    values: np.ndarray
    harmonic: int
    error: np.ndarray

    def __repr__(self) -> str:
        first = self.values[0]
        return (
            f"Rates({len(self.values)} of harmonic {self.harmonic}, the slowest {first.real:.6g}"
            + (f" at the frequency {first.imag:.6g}" if self.harmonic else "")
            + f"; error {self.error[0]:.0e})"
        )


def slowest_rates(
    model: LangevinModel, count: int = 1, harmonic: int = 0, rtol: float = 1e-6
) -> Rates:
    """Slowest eigenvalues of the generator (A24): relaxation, dephasing, escape.

    Parameters
    ----------
    model : LangevinModel
        Its potential may have several wells: the slowest rate of harmonic 0 is then the sum of the
        rates of escape there and back.
    count : int
        How many, at least 1.
    harmonic : int
        0 for relaxation, without the steady state's own zero; k ≥ 1 for what turns at about k times
        the frequency.
    rtol : float
        Largest relative change of the slowest when the basis is refined, from 1e-10 to 1e-2; or
        round-off, 1e-15 of the frequency for each function of x, where that is more.

    Returns
    -------
    Rates

    Raises
    ------
    TypeError
        If `model` is not a LangevinModel.
    ValueError
        If an argument is out of range.
    ConvergenceError
        If `rtol` is not reached, or fewer eigenvalues are found than asked for.
    NoSteadyState, LeftGridError
        If the grid does not hold the steady state.

    Examples
    --------
    The energy of a linear oscillator relaxes at γ, its amplitude at γ/2:

    >>> import numpy as np
    >>> import qemlib as qem
    >>> x = np.linspace(-25.0, 25.0, 101)
    >>> zero = np.zeros_like(x)
    >>> model = qem.LangevinModel(1.0, 0.5, x, zero, damping=zero + 0.02, diffusion=zero + 0.05)
    >>> qem.slowest_rates(model, count=2).values.real.round(6)
    array([0.02, 0.04])
    >>> qem.slowest_rates(model, harmonic=1).values.round(5)
    array([0.01+0.4999j])
    """
    refuse_other_than_model(model)
    count = _checks.integer("count", count, 1)
    harmonic = _checks.integer("harmonic", harmonic, 0)
    rtol = checked_rtol(rtol)
    part, before = _OF_ASKED * rtol * _COARSER, None
    finer = _FINER
    while True:
        middle, extent = final_of(model, Settings(part))
        basis = extent.finer(finer).basis(middle)
        values = _in_basis(model, basis, count, harmonic)
        if before is not None:
            floor = _ROUND_OFF * basis.size * model.frequency
            change = np.maximum(np.abs(values - before), floor)
            if change[0] < max(rtol * abs(values[0].real), 2.0 * floor):
                return Rates(values, harmonic, change)
            if part <= _FINEST:
                raise ConvergenceError(
                    f"slowest_rates: with {basis.size} functions each way the slowest, "
                    f"{values[0].real:.6g}, still changes by {change[0]:.1e}; rtol = {rtol:.1e} "
                    "was asked for"
                )
        before, part, finer = values, max(part / _COARSER, _FINEST), 1.1 * finer


def _in_basis(model: LangevinModel, basis: Basis, count: int, harmonic: int) -> np.ndarray:
    """The slowest of the harmonic, of all that lie near its line."""
    unit = model.frequency
    mirrored = basis.middle == 0.0 and model.mirrored
    found: list[complex] = []
    # A line may be of either parity: relaxation between two wells is odd.
    for odd in (False, True) if mirrored else (False,):
        generator = generator_of(model, basis, odd=odd)
        found.extend(_near(generator, basis, unit, count, harmonic, odd))
    rates = -np.array(found)
    own = rates[np.abs(rates.imag / unit - harmonic) < 0.5]
    if harmonic == 0:  # one of each pair
        own = own[own.imag >= -1e-9 * unit]
    if own.size < count:
        raise ConvergenceError(
            f"slowest_rates: {own.size} eigenvalues were found near harmonic {harmonic}, {count} "
            "were asked for"
        )
    return own[np.argsort(own.real)][:count]


def _near(
    generator: Generator, basis: Basis, unit: float, count: int, harmonic: int, odd: bool
) -> np.ndarray:
    """Eigenvalues of L next to −i times the harmonic's frequency, but that of the steady state."""
    ends = np.cumsum([len(d) for d in generator.diagonal])[:-1]
    size = sum(len(d) for d in generator.diagonal)
    shift = complex(_BESIDE * unit, -harmonic * unit)
    real = harmonic == 0
    solve = generator.shifted_solver(-shift.real if real else -shift)
    keep = _without_steady_state(generator, basis) if real and not odd else lambda v: v

    def apply(vector: np.ndarray) -> np.ndarray:
        return keep(np.concatenate(solve(np.split(vector, ends))))

    start = np.random.default_rng(_SEED).standard_normal(size).astype(float if real else complex)
    inverse = _largest(apply, keep(start), _VECTORS + _PER_VALUE * count)
    return shift + 1.0 / inverse


def _largest(
    apply: Callable[[np.ndarray], np.ndarray], start: np.ndarray, count: int
) -> np.ndarray:
    """The eigenvalues of largest size that Arnoldi's space of so many vectors knows."""
    vectors = [start / np.linalg.norm(start)]
    small = np.zeros((count + 1, count), dtype=start.dtype)
    for column in range(count):
        new = apply(vectors[-1])
        span = np.array(vectors)
        for _ in range(2):
            along = span.conj() @ new
            new = new - along @ span
            small[: column + 1, column] += along
        length = np.linalg.norm(new)
        small[column + 1, column] = length
        if length < _PARALLEL * np.abs(small).max():
            break
        vectors.append(new / length)
    size = column + 1
    values, modes = np.linalg.eig(small[:size, :size])
    missed = np.abs(small[size, size - 1] * modes[-1]) / np.linalg.norm(modes, axis=0)
    return values[missed < _MISSED * np.abs(values)]


def _without_steady_state(generator: Generator, basis: Basis) -> Callable[[np.ndarray], np.ndarray]:
    """The projector that leaves no trace, and the steady state out."""
    state = np.concatenate(generator.pack(generator.null_vector()))
    trace = np.concatenate(generator.pack(np.outer(basis.integrals, basis.integrals)))
    state = state / (trace @ state)
    return lambda vector: vector - (trace @ vector) * state
