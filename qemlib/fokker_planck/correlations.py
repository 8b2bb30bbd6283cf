"""Two-time correlations in the steady state, from the Fokker-Planck equation."""

from __future__ import annotations

from reprlib import repr as repr_short

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array
from scipy.sparse.linalg import expm_multiply

from qemlib import _checks
from qemlib.fokker_planck.basis import Basis
from qemlib.fokker_planck.generator import generator_of
from qemlib.fokker_planck.state import SteadyState

__all__ = ["position_correlation"]

_EVEN = 1e-9  # differences of steps, in units of the last time


def position_correlation(state: SteadyState, times: ArrayLike) -> np.ndarray:
    """𝔼[x(t+τ)x(t)] in the steady state, the symmetrised correlation of Eqs. (A29) to (A31).

    xW is followed with (A24), in the basis of the state.

    Parameters
    ----------
    state : SteadyState
    times : array_like, shape (n,)
        τ ≥ 0, evenly spaced and rising (1/energy).

    Returns
    -------
    ndarray, shape (n,)
        length².  Beyond ⟨x⟩² it decays with the slowest relaxation; accurate as the state's basis
        is for functions that are no steady state: compare with a state of a smaller rtol.

    Raises
    ------
    TypeError
        If `state` is not a SteadyState.
    ValueError
        If the times are not evenly spaced, not rising or negative.

    Examples
    --------
    A linear oscillator of frequency 0.5 at temperature 2, at once and half a period later:

    >>> import numpy as np
    >>> import qemlib as qem
    >>> x = np.linspace(-40.0, 40.0, 101)
    >>> flat = np.ones_like(x)
    >>> model = qem.LangevinModel(1.0, 0.5, x, 0 * x, damping=0.02 * flat, diffusion=0.08 * flat)
    >>> position_correlation(qem.steady_state(model), [0.0, 2 * np.pi]).round(4)
    array([ 8.    , -7.5127])
    """
    _checks.kind("state", state, SteadyState)
    times = _evenly_rising(times)
    model, middle = state.model, state.center / state.model.x0
    basis = Basis(len(state.coefficients), state.width, middle)
    # About the middle; in a mirrored model, where that is 0, W is even and x W odd.
    start = basis.position @ state.coefficients + middle * state.coefficients
    readout = np.outer(basis.first_moments + middle * basis.integrals, basis.integrals)
    flow = generator_of(model, basis, odd=model.mirrored)
    begun, mean = (np.concatenate(flow.pack(each)) for each in (start, readout))
    return model.x0**2 * (_followed(flow.sparse(), begun, times) @ mean)


def _evenly_rising(times: ArrayLike) -> np.ndarray:
    """Refuse anything but at least one time ≥ 0, and even steps."""
    times = _checks.finite_array("times", times, ndim=1)
    steps = np.diff(times)
    if not times.size or times[0] < 0 or (steps <= 0).any():
        raise ValueError(f"times must rise from 0 or later, got {repr_short(times.tolist())}")
    if steps.size and np.ptp(steps) > _EVEN * times[-1]:
        raise ValueError(
            f"times must be evenly spaced, got steps from {steps.min():.6g} to {steps.max():.6g}"
        )
    return times


def _followed(flow: csr_array, begun: np.ndarray, times: np.ndarray) -> np.ndarray:
    """e^{flow τ} begun at each time, a row each."""
    if times.size == 1:
        return expm_multiply(times[0] * flow, begun)[None]
    return expm_multiply(flow, begun, start=times[0], stop=times[-1], num=times.size)
