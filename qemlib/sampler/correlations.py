"""Two-time correlations in the steady state, from trajectories, with error bars."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from reprlib import repr as repr_short
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from qemlib import _checks
from qemlib.errors import TooShortError
from qemlib.motion.observables import values_at
from qemlib.sampler._over_time import OverTime, readings
from qemlib.sampler.result import SampledState

__all__ = ["SampledCorrelation", "sampled_correlation"]

# Of each walker's record: parts, and how much longer than the longest lag each must be.
_PARTS, _LONGER = 4, 4


@dataclass(frozen=True, eq=False)
class SampledCorrelation(OverTime):
    """𝔼[A(t+τ)A(t)] of an observable A along trajectories.

    Attributes
    ----------
    times, value, error : ndarray, shape (n,)
        τ, the correlation, and its standard error.
    """


def sampled_correlation(
    run: SampledState,
    times: ArrayLike,
    observable: str | Callable[[np.ndarray], Any] = "x",
) -> SampledCorrelation:
    """𝔼[A(t+τ)A(t)] from the trajectories of a run: what `position_correlation` finds exactly.

    Parameters
    ----------
    run : SampledState
        Sampled with a `trajectory`.
    times : array_like, shape (n,)
        τ ≥ 0, rising multiples of the trajectory's spacing.
    observable : {"x", "p", "x2"} or callable
        Position, momentum, squared position, or any function of positions, an array.

    Returns
    -------
    SampledCorrelation
        The standard error is the larger one of those among walkers, and among parts of their ways.

    Raises
    ------
    TypeError
        If `run` is not a SampledState.
    ValueError
        If the run has no trajectory, or an argument is not allowed.
    TooShortError
        If the parts of the trajectory are shorter than four times the longest τ.

    Examples
    --------
    A linear oscillator of frequency 0.5 at temperature 1.25, where ⟨x²⟩ = 5:

    >>> import numpy as np
    >>> import qemlib as qem
    >>> x = np.linspace(-25.0, 25.0, 101)
    >>> zero = np.zeros_like(x)
    >>> model = qem.LangevinModel(1.0, 0.5, x, zero, damping=zero + 0.1, diffusion=zero + 0.25)
    >>> run = qem.sample(model, steps=4_000_000, trajectory=1, progress=False)
    >>> found = qem.sampled_correlation(run, [0.0, run.trajectory.time[0]])
    >>> bool(np.abs(found.value[0] - 5.0) < 5.0 * found.error[0])
    True
    """
    run = _checks.kind("run", run, SampledState)
    if run.trajectory is None:
        raise ValueError("run must hold a trajectory, got none; sample with trajectory=…")
    times = _checks.rising_times(times)
    values = _values(run, observable)
    spacing = float(run.trajectory.time[1] - run.trajectory.time[0])
    lags = readings(times, spacing)
    if lags is None:
        raise ValueError(
            f"times must be multiples of the trajectory's spacing, {spacing:.8g}, got "
            f"{repr_short(times.tolist())}"
        )
    count = values.shape[1]
    if (count - lags[-1]) // _PARTS < _LONGER * max(lags[-1], 1):
        raise TooShortError(
            f"sampled_correlation: a trajectory of {count * spacing:.4g} is too short for a time "
            f"of {times[-1]:.4g}; at least {(_LONGER * _PARTS + 1) * times[-1]:.4g} is needed",
            run,
        )
    rows = np.array([_parts(values, lag) for lag in lags])  # times, walkers, parts
    walkers = rows.mean(axis=2)
    flat = rows.reshape(len(lags), -1)
    errors = [each.std(axis=1, ddof=1) / np.sqrt(each.shape[1]) for each in (walkers, flat)]
    return SampledCorrelation(times, flat.mean(axis=1), np.maximum(*errors))


def _values(run: SampledState, observable: Any) -> np.ndarray:
    """A along the way of each walker."""
    way = run.trajectory
    assert way is not None
    named = {"x": way.x, "p": way.p}
    if isinstance(observable, str):
        _checks.choice("observable", observable, ("x", "p", "x2"))
        return way.x**2 if observable == "x2" else named[observable]
    if not callable(observable):
        raise ValueError(
            f"observable must be one of ['p', 'x', 'x2'] or a function of x, got "
            f"{repr_short(observable)}"
        )
    return values_at(observable, way.x.ravel()).reshape(way.x.shape)


def _parts(values: np.ndarray, lag: int) -> np.ndarray:
    """Means of A(t + lag)A(t) over parts of each way; shape (walkers, parts)."""
    product = values[:, lag:] * values[:, : values.shape[1] - lag]
    size = product.shape[1] // _PARTS
    return product[:, : size * _PARTS].reshape(len(values), _PARTS, size).mean(axis=2)
