"""Ergotropy within reach of shifts and squeezes alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from qemlib.errors import NoQuantumState
from qemlib.states.contract import refuse_without
from qemlib.states.marginals import mean_amplitude

__all__ = ["gaussian_ergotropy"]

# What the uncertainty product of a computed state may miss by, relative.
_MISSED = 1e-6


def gaussian_ergotropy(state: Any) -> float:
    """The most work that Hamiltonians quadratic in x and p extract from a state.

    They move the state in phase space, turn it and squeeze it.  What is left at best has no mean
    amplitude and equal spreads in all directions, for they change no uncertainty product.  With
    N = ⟨a†a⟩ − |⟨a⟩|² + 1/2 and M = ⟨a²⟩ − ⟨a⟩² that is

        ω0|⟨a⟩|² + ω0[N − (N² − |M|²)^{1/2}],                                   Eq. (Q40)

    the energy of the shift and that of the squeeze.  For a Gaussian state it is all of the
    ergotropy; for a ring it is next to nothing.

    Parameters
    ----------
    state : State
        With coherences, if it has any.  Of samples it is what they show: their noise adds to it.

    Returns
    -------
    float
        Energy, not negative and not above ``qem.ergotropy(state)``.

    Raises
    ------
    TypeError
        If `state` is none.
    NoQuantumState
        If its uncertainty product is below that of the vacuum.
    ConvergenceError
        If the density of its position or momentum does not end.

    Examples
    --------
    A coherent state is a shifted vacuum, and a Fock state is as round as can be:

    >>> import numpy as np
    >>> import qemlib as qem
    >>> from scipy.special import factorial
    >>> oscillator = qem.Oscillator(frequency=0.2)
    >>> amplitude = 2.0 ** np.arange(40) / np.sqrt(factorial(np.arange(40))) * np.exp(-2.0)
    >>> coherent = qem.QuantumState(np.outer(amplitude, amplitude), oscillator)
    >>> fock = qem.QuantumState([0.0, 0.0, 1.0], oscillator)
    >>> [round(qem.gaussian_ergotropy(state), 9) for state in (coherent, fock)]
    [0.8, 0.0]
    """
    refuse_without(
        state, *("phonon_number", "squeezing", "oscillator", "position_density", "momentum_density")
    )
    if state.oscillator is None:
        raise ValueError("state must know its oscillator, got one without")
    mean = mean_amplitude(state)
    spread = state.phonon_number + 0.5 - abs(mean) ** 2
    squeezing = abs(state.squeezing - mean**2)
    product = (spread - squeezing) * (spread + squeezing)
    if not product >= 0.25 * (1.0 - _MISSED):
        raise NoQuantumState(
            "state must be a quantum state, got one of which the squared uncertainty product is "
            f"{product:.4g}, where 1/4 is the least"
        )
    squeeze = squeezing**2 / (spread + np.sqrt(product))
    return state.oscillator.frequency * float(abs(mean) ** 2 + squeeze)
