"""Two-time correlations in the steady state, from the Fokker-Planck equation."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from qemlib import _checks
from qemlib.errors import ConvergenceError
from qemlib.fokker_planck._extents import checked_rtol
from qemlib.fokker_planck._response import Observable, Response
from qemlib.fokker_planck.state import SteadyState
from qemlib.motion.orbit import refuse_other_than_model

__all__ = ["position_correlation"]

_FINEST = 1e-11
_COARSER = 10.0


def position_correlation(
    model: Any, times: ArrayLike, observable: Observable = "x", rtol: float = 1e-8
) -> np.ndarray:
    """𝔼[A(t+τ)A(t)] in the steady state, of the position or another observable A.

    Of the position it is the symmetrised correlation of Eqs. (A29) to (A31).  A times W is followed
    with (A24), at a cost that does not grow with the number of periods.

    Parameters
    ----------
    model : LangevinModel or SteadyState
        A state stands for its model.
    times : array_like, shape (n,)
        τ ≥ 0, rising (1/energy).
    observable : {"x", "p", "x2", "current"} or callable
        Position, momentum, squared position, the current of the model's device at x, or any
        function of positions, an array.
    rtol : float
        Largest change beside the value at τ = 0 when the basis is refined, from 1e-10 to 1e-2.

    Returns
    -------
    ndarray, shape (n,)
        Of the observable squared.  Beyond ⟨A⟩² it decays with the slowest relaxation.

    Raises
    ------
    TypeError
        If `model` is neither a LangevinModel nor a SteadyState.
    ValueError
        If times are negative or do not rise, or an argument is not allowed.
    ConvergenceError
        If `rtol` is not reached.
    NoSteadyState, LeftGridError
        As `steady_state`.

    Examples
    --------
    A linear oscillator of frequency 0.5 at temperature 2, at once and half a period later:

    >>> import numpy as np
    >>> import qemlib as qem
    >>> x = np.linspace(-40.0, 40.0, 101)
    >>> flat = np.ones_like(x)
    >>> model = qem.LangevinModel(1.0, 0.5, x, 0 * x, damping=0.02 * flat, diffusion=0.08 * flat)
    >>> qem.position_correlation(model, [0.0, 2 * np.pi]).round(4)
    array([ 8.    , -7.5127])
    """
    if isinstance(model, SteadyState):
        model = model.model
    refuse_other_than_model(model)
    times = _checks.rising_times(times)
    rtol = checked_rtol(rtol)
    # What it is beside: its value at once.
    all_times = np.append(0.0, times)
    part, before = _COARSER * rtol, None
    while True:
        response = Response(model, observable, part)
        found = response.correlation(all_times) + response.mean**2
        if before is not None:
            change = float(np.abs(found - before).max() / np.abs(found[0]))
            if change < rtol:
                return found[1:]
            if part <= _FINEST:
                raise ConvergenceError(
                    f"position_correlation: refined to the last it still changes by {change:.1e} "
                    f"of its value at once; rtol = {rtol:.1e} was asked for"
                )
        before, part = found, part / _COARSER
