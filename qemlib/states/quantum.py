"""A density matrix with what it misses: truncation chosen, positivity checked, nothing mended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from qemlib import _checks
from qemlib.errors import ConvergenceError
from qemlib.states import positivity

__all__ = ["QuantumState", "quantum_state", "resolved_populations"]

_MOST_LEVELS, _FEWEST_LEVELS = 8192, 64
_RADII = 100  # at which W tells how many levels it takes
_NEGATIVE = 1e-9


@dataclass(frozen=True, eq=False)
class QuantumState:
    """State of the oscillator in its lowest energy levels.

    Attributes
    ----------
    density_matrix : ndarray, shape (levels, levels), complex and Hermitian
        ρ_nm in the oscillator's energy eigenbasis; not renormalised.
    missing_trace : float
        1 − Tr ρ: what the levels beyond hold, and the error of the computation.
    lowest_eigenvalue : float
        Smallest eigenvalue of ρ.  Negative beyond round-off, it says that ρ is no state: (A24) is
        not of Lindblad form and does not exclude it.
    harmonics : int
        The farthest diagonal that is not zero.
    violations : tuple of str
        What keeps ρ from being a quantum state, as the state that it was made from tells, or else
        its lowest eigenvalue, if below −1e-9 and below the error of that state; empty if nothing.
    """

    density_matrix: np.ndarray
    missing_trace: float
    lowest_eigenvalue: float
    harmonics: int
    violations: tuple[str, ...] = ()

    @property
    def levels(self) -> int:
        """Number of levels kept."""
        return len(self.density_matrix)

    @property
    def populations(self) -> np.ndarray:
        """The diagonal ρ_nn; shape (levels,)."""
        return self.density_matrix.diagonal().real.copy()

    @property
    def purity(self) -> float:
        """Tr ρ²."""
        return float((np.abs(self.density_matrix) ** 2).sum())

    def __repr__(self):
        return (
            f"QuantumState({self.levels} levels, missing trace {self.missing_trace:.1e}, "
            f"lowest eigenvalue {self.lowest_eigenvalue:.1e}, coherences between levels up to "
            f"{self.harmonics} apart{positivity.remark(self)})"
        )


def quantum_state(state: Any, missing_trace: float = 1e-10) -> QuantumState:
    """Density matrix of a state in as few levels as hold all of its trace but `missing_trace`.

    Parameters
    ----------
    state : SteadyState
        Or anything else with `phonon_number`, `populations(levels)` and `density_matrix(levels)`.
    missing_trace : float
        Largest |1 − Tr ρ|, between 1e-14 and 0.1.

    Returns
    -------
    QuantumState
        With the trace that is missing, and the lowest eigenvalue, as they came out.

    Raises
    ------
    TypeError
        If `state` has no such methods: an OrbitAverage and a SampledState have populations only.
    ValueError
        If `missing_trace` is out of range.
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
    _refuse_without(state, "phonon_number", "populations", "density_matrix")
    rho = state.density_matrix(resolved_populations(state, missing_trace).size)
    missing, lowest = float(1.0 - np.trace(rho).real), float(np.linalg.eigvalsh(rho)[0])
    violations = tuple(getattr(state, "violations", ()))
    if not violations and lowest < -max(_NEGATIVE, positivity.error_of(state)):
        violations = (f"its lowest eigenvalue is {lowest:.2g}",)
    return QuantumState(
        density_matrix=rho,
        missing_trace=missing,
        lowest_eigenvalue=lowest,
        harmonics=max(k for k in range(len(rho)) if k == 0 or np.diagonal(rho, k).any()),
        violations=violations,
    )


def resolved_populations(state: Any, missing_trace: float = 1e-10) -> np.ndarray:
    """Populations ρ_nn of as few levels as hold all of the trace but `missing_trace`.

    Parameters, errors: as for `quantum_state`; any state with `phonon_number` and
    `populations(levels)` will do.

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
    _refuse_without(state, "phonon_number", "populations")
    levels = _first_guess(state, missing_trace)
    while True:
        levels = min(levels, _MOST_LEVELS)
        populations = state.populations(levels)
        missing = 1.0 - np.cumsum(populations)
        # A trace that overshoots passes by 1 on its way, that of a state with negative populations
        # many times: it must stay there.
        short = np.flatnonzero(~(np.abs(missing) < missing_trace))
        kept = int(short[-1]) + 2 if short.size else 1
        if kept <= levels:
            return populations[:kept]
        if levels == _MOST_LEVELS:
            raise ConvergenceError(
                f"missing_trace: {levels} levels miss {missing[-1]:.1e} of the "
                f"trace, {missing_trace:.1e} was asked for"
            )
        levels *= 2


def _first_guess(state, missing_trace):
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


def _refuse_without(state, *names):
    lacking = [name for name in names if not hasattr(state, name)]
    if lacking:
        raise TypeError(
            f"state must have {', '.join(names)}, as a SteadyState does; "
            f"{type(state).__name__} has no {', '.join(lacking)}"
        )
