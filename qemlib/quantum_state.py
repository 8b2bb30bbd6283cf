"""A density matrix with what it misses: truncation chosen, positivity checked, nothing mended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from qemlib import _checks
from qemlib._errors import ConvergenceError

__all__ = ["QuantumState", "quantum_state", "resolved_populations"]

_MOST_LEVELS = 8192


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
    """

    density_matrix: np.ndarray
    missing_trace: float
    lowest_eigenvalue: float
    harmonics: int

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
            f"{self.harmonics} apart)"
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
    rho = state.density_matrix(resolved_populations(state, missing_trace).size)
    return QuantumState(
        density_matrix=rho,
        missing_trace=float(1.0 - np.trace(rho).real),
        lowest_eigenvalue=float(np.linalg.eigvalsh(rho)[0]),
        harmonics=max(k for k in range(len(rho)) if k == 0 or np.diagonal(rho, k).any()),
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
    levels = int(6.0 * state.phonon_number) + 64
    while True:
        levels = min(levels, _MOST_LEVELS)
        populations = state.populations(levels)
        enough = np.abs(1.0 - np.cumsum(populations)) < missing_trace
        if enough.any():
            # A trace that overshoots passes by 1 on its way: it must stay there.
            first = int(np.flatnonzero(enough)[0])
            if enough[first:].all():
                return populations[: first + 1]
        if levels == _MOST_LEVELS:
            raise ConvergenceError(
                f"missing_trace: {levels} levels miss {1.0 - populations.sum():.1e} of the "
                f"trace, {missing_trace:.1e} was asked for"
            )
        levels *= 2
