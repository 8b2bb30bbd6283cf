"""The density matrix of any state, in as many levels as hold it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from qemlib import _checks
from qemlib.devices.device import Oscillator
from qemlib.errors import ConvergenceError
from qemlib.states import positivity
from qemlib.states.contract import is_sampled, refuse_without
from qemlib.states.in_levels import QuantumState

__all__ = ["quantum_state", "resolved_populations"]

_MOST_LEVELS, _FEWEST_LEVELS = 8192, 64
_RADII = 100  # at which W tells how many levels it takes


def quantum_state(
    state: Any, missing_trace: float = 1e-10, oscillator: Oscillator | None = None
) -> QuantumState:
    """Density matrix of a state in as few levels as hold all of its trace but `missing_trace`.

    Parameters
    ----------
    state : State or array_like
        A SteadyState or any other state; or a density matrix, of the kinds that `QuantumState`
        takes.
    missing_trace : float
        Largest |1 − Tr ρ|, between 1e-14 and 0.1.  For samples the trace has an error of its own;
        there the levels are as many as hold all that was recorded.
    oscillator : Oscillator, optional
        Of a density matrix; a state knows its own.

    Returns
    -------
    QuantumState
        With the trace that is missing, and the lowest eigenvalue, as they came out.

    Raises
    ------
    TypeError
        If `state` is neither a state nor an array.
    ValueError
        If `missing_trace` is out of range, or a matrix is none of a state.
    ConvergenceError
        If 8192 levels miss more.

    Examples
    --------
    >>> from qemlib import LangevinModel, paper_device, steady_state
    >>> model = LangevinModel.from_device(paper_device(voltage=0.0))
    >>> rho = quantum_state(steady_state(model), missing_trace=1e-6)
    >>> rho.levels, rho.harmonics >= 2, abs(rho.missing_trace) < 1e-6, rho.lowest_eigenvalue > 0
    (139, True, True, True)
    """
    if _is_matrix(state):
        _checks.numbers("state", state, ket=True)
        state = QuantumState(state, oscillator)
    refuse_without(state, "phonon_number", "populations", "density_matrix")
    rho = state.density_matrix(resolved_populations(state, missing_trace).size)
    known = {"eigenvalue": positivity.error_of(state), **getattr(state, "error", {})}
    found = QuantumState(
        rho,
        oscillator=getattr(state, "oscillator", oscillator),
        device=getattr(state, "device", None),
        error=known,
        violations=tuple(getattr(state, "violations", ())) or None,
    )
    for name in ("phonon_number", "g2"):
        if hasattr(state, name):
            lost = _change(getattr(found, name), getattr(state, name))
            known[name] = known.get(name, 0.0) + lost
    return replace(found, error=known)


def resolved_populations(state: Any, missing_trace: float = 1e-10) -> np.ndarray:
    """Populations ρ_nn of as few levels as hold all of the trace but `missing_trace`.

    Parameters, errors: as for `quantum_state`; any state with `phonon_number` and
    `populations(levels)` will do.  Of samples it is as many levels as hold all that was recorded.

    Returns
    -------
    ndarray, shape (levels,)

    Examples
    --------
    A thermal state with one phonon on average leaves 2^{−n} beyond n levels, and 2^{−10} < 1e-3:

    >>> from types import SimpleNamespace
    >>> import numpy as np
    >>> thermal = SimpleNamespace(
    ...     phonon_number=1.0, populations=lambda levels: 0.5 ** np.arange(1.0, levels + 1)
    ... )
    >>> resolved_populations(thermal, missing_trace=1e-3).size
    10
    """
    missing_trace = _checks.positive("missing_trace", missing_trace)
    if not 1e-14 <= missing_trace <= 0.1:
        raise ValueError(f"missing_trace must lie between 1e-14 and 0.1, got {missing_trace!r}")
    refuse_without(state, "phonon_number", "populations")
    if is_sampled(state):
        return state.populations(state.levels)
    if isinstance(state, QuantumState):
        levels = most = state.levels
    else:
        levels, most = _first_guess(state, missing_trace), _MOST_LEVELS
    while True:
        levels = min(levels, most)
        populations = state.populations(levels)
        missing = 1.0 - np.cumsum(populations)
        # A trace that overshoots passes by 1 on its way, that of a state with negative populations
        # many times: it must stay there.
        short = np.flatnonzero(~(np.abs(missing) < missing_trace))
        kept = int(short[-1]) + 2 if short.size else 1
        if kept <= levels:
            return populations[:kept]
        if levels == most:
            raise ConvergenceError(
                f"missing_trace: {levels} levels miss {missing[-1]:.1e} of the "
                f"trace, {missing_trace:.1e} was asked for"
            )
        levels *= 2


def held_populations(state: Any, missing_trace: float = 1e-10) -> np.ndarray:
    """Populations of the levels that hold the state: all that a QuantumState kept, however few."""
    if isinstance(state, QuantumState):
        return state.populations()
    return resolved_populations(state, missing_trace)


def _is_matrix(value: Any) -> bool:
    return isinstance(value, np.ndarray | list | tuple) or any(
        callable(getattr(value, name, None)) for name in ("full", "toarray")
    )


def _change(found: float, known: float) -> float:
    """Relative; zero where nothing is left to compare."""
    return abs(found / known - 1.0) if known and np.isfinite(found / known) else 0.0


def _first_guess(state: Any, missing_trace: float) -> int:
    """Levels that should hold the trace; they are doubled until they do."""
    # A thermal state leaves e^{−6} beyond 6⟨n⟩.
    least = int(6.0 * max(state.phonon_number, 0.0)) + _FEWEST_LEVELS
    if not hasattr(state, "radial_profile"):
        return least
    # Far out, where W varies slowly, ρ_nn = πW(√n).
    n = np.geomspace(1.0, _MOST_LEVELS, _RADII)
    density = np.pi * np.abs(state.radial_profile(np.sqrt(n)))
    cells = 0.5 * (density[1:] + density[:-1]) * np.diff(n)
    beyond = np.append(np.cumsum(cells[::-1])[::-1], 0.0)
    enough = n[np.argmax(beyond < 0.1 * missing_trace)]
    return int(enough) + _FEWEST_LEVELS
