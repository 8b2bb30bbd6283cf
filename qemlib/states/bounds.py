"""What the numbers of a state may be wrong by, from what is known of its errors.

For two sets of populations, δ_n apart, the ergotropies differ by no more than
Σ_n (E_n − E_π(n)) δ_n with the best order π of either, and the entropies by Σ_n (1 − ln ρ_nn) δ_n
with all δ_n counted positive.  Cauchy and Schwarz make of it the lengths of two vectors, and that
of δ follows from the error of W: Tr δρ² = π ∫d²α δW².
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import entr

from qemlib.states import positivity
from qemlib.states.contract import is_sampled
from qemlib.states.summary import Summary

__all__ = ["absolute_errors"]

_OF_POPULATIONS = ("ergotropy", "free_energy_work", "entropy", "inversion")
_TINY = np.finfo(float).tiny


def absolute_errors(state: Any, told: Summary) -> dict[str, float]:
    """Errors of the numbers of a state, in their own units; NaN where nothing is known.

    Parameters
    ----------
    state : State
    told : Summary
        Its numbers, as `summary` gives them.

    Returns
    -------
    dict of str to float
        For "phonon_number", "g2", "ergotropy", "free_energy_work", "entropy" and "inversion":
        bounds, or of samples what `Summary.error` says.

    Examples
    --------
    >>> import qemlib as qem
    >>> state = qem.steady_state(qem.LangevinModel.from_device(qem.paper_device(voltage=10.0)))
    >>> error = absolute_errors(state, qem.summary(state))
    >>> 0.0 < error["ergotropy"] < 1e-5
    True
    """
    found = {
        name: abs(getattr(told, name)) * told.error.get(name, np.nan)
        for name in ("phonon_number", "g2")
    }
    if is_sampled(state):
        both = state.standard_error("populations", 2)
        known = {name: told.error[name] for name in _OF_POPULATIONS if name in told.error}
        return found | dict.fromkeys(_OF_POPULATIONS, np.nan) | known | {"inversion": sum(both)}
    frequency = getattr(getattr(state, "oscillator", None), "frequency", np.nan)
    return found | _of_populations(told, _doubt(state, told), frequency, found["phonon_number"])


@dataclass(frozen=True)
class _Doubt:
    """What populations may be wrong by: each, and the length of all, in the norm of that order."""

    each: float
    length: float
    order: int

    def along(self, direction: np.ndarray) -> float:
        """Largest Σ_n direction_n δ_n."""
        dual = 2 if self.order == 2 else np.inf
        return float(np.linalg.norm(direction, dual)) * self.length


def _doubt(state: Any, told: Summary) -> _Doubt:
    known = told.error
    if {"trace", "populations"} <= set(known):
        return _Doubt(float(known["populations"]), float(known["trace"]), 1)
    if all(hasattr(state, name) for name in ("wigner", "model", "radius")):
        length = positivity.error_of_populations(state)
        return _Doubt(length, length, 2)
    each = float(known.get("eigenvalue", np.nan))
    return _Doubt(each, np.sqrt(told.levels) * each, 2)


def _of_populations(
    told: Summary, doubt: _Doubt, frequency: float, phonons: float
) -> dict[str, float]:
    p = told.populations
    n = np.arange(p.size)
    beyond = abs(told.missing_trace)
    moved = np.abs(n - np.argsort(np.argsort(-p, kind="stable")))
    # Equal neighbours may come in either order, and in any those that hold less than their error.
    unsure = p < 2.0 * doubt.each
    moved = moved + 2.0 + np.where(unsure, unsure.sum(), 0.0)
    # What is left out lies next to the highest level kept: it falls off from there.
    outside = 2.0 * beyond * p.size
    slope = 1.0 + np.abs(np.log(np.maximum(np.abs(p), max(doubt.each, _TINY))))
    entropy = doubt.along(slope) + beyond * (1.0 + np.log(p.size)) + entr(beyond)
    energy = frequency * (min(phonons, doubt.along(n)) + outside)
    return {
        "ergotropy": float(frequency * (doubt.along(moved) + outside)),
        "entropy": float(entropy),
        "free_energy_work": float(energy + told.bath_temperature * entropy),
        "inversion": doubt.along(np.ones(2)),
    }
