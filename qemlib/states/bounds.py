"""What the numbers of a state may be wrong by, from what is known of its errors.

For two sets of populations, δ_n apart, the ergotropies differ by no more than
Σ_n (E_n − E_π(n)) δ_n with the best order π of either, and the entropies by
Σ_n (1 + |ln ρ_nn|) |δ_n|.  Cauchy and Schwarz make of it the lengths of two vectors, and ‖δ‖
follows from the error of W: Tr δρ² = π ∫d²α δW².
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import entr

from qemlib.states import positivity
from qemlib.states.contract import is_sampled
from qemlib.states.summary import Summary

__all__ = ["absolute_errors"]


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
    return found | _of_populations(told, _length(state, told), frequency, found["phonon_number"])


_OF_POPULATIONS = ("ergotropy", "free_energy_work", "entropy", "inversion")


def _length(state: Any, told: Summary) -> float:
    """(Σ_n δρ_nn²)^{1/2} that is allowed for."""
    known = told.error
    if "trace" in known:  # Σ|δρ_nn|, and no length is longer
        return float(known["trace"])
    if all(hasattr(state, name) for name in ("wigner", "model", "radius")):
        return positivity.error_of_populations(state)
    return float(np.sqrt(told.levels) * known.get("eigenvalue", np.nan))


def _of_populations(
    told: Summary, length: float, frequency: float, phonons: float
) -> dict[str, float]:
    p = told.populations
    n = np.arange(p.size)
    beyond = abs(told.missing_trace)
    # Levels that hold less than their error may come in any order, and equal neighbours in either.
    unsure = int((p < 2.0 * length).sum())
    moved = np.linalg.norm(n - np.argsort(np.argsort(-p, kind="stable")))
    moved += 2.0 * np.sqrt(p.size) + unsure**1.5
    # What is left out lies next to the highest level kept: it falls off from there.
    outside = 2.0 * beyond * p.size
    ergotropy = frequency * (moved * length + outside)
    slope = np.linalg.norm(1.0 + np.abs(np.log(np.maximum(np.abs(p), max(length, _TINY)))))
    entropy = slope * length + beyond * (1.0 + np.log(p.size)) + entr(beyond)
    energy = frequency * (min(phonons, float(np.linalg.norm(n)) * length) + outside)
    return {
        "ergotropy": float(ergotropy),
        "entropy": float(entropy),
        "free_energy_work": float(energy + told.bath_temperature * entropy),
        "inversion": float(np.sqrt(2.0) * length),
    }


_TINY = np.finfo(float).tiny
