"""Allan variance: how much a clock's rate differs from one time to the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from qemlib import _checks
from qemlib.sampler._over_time import OverTime, readings

__all__ = ["AllanVariance", "allan_variance"]

_FEWEST_CLOCKS = 8


@dataclass(frozen=True, eq=False)
class AllanVariance(OverTime):
    """σ_y²(τ) of a clock.

    Attributes
    ----------
    times, value, error : ndarray, shape (n,)
        τ, the variance, and its standard error.
    """


def allan_variance(deviation: ArrayLike, spacing: float, times: ArrayLike) -> AllanVariance:
    """σ_y²(τ) = ⟨[x(t + 2τ) − 2x(t + τ) + x(t)]²⟩/2τ² of independent clocks that are alike.

    Parameters
    ----------
    deviation : array_like, shape (clocks, readings)
        x: time that a clock shows, less the true one, at evenly spaced times.
    spacing : float
        Time between two readings.
    times : array_like, shape (n,)
        τ: rising multiples of the spacing.

    Returns
    -------
    AllanVariance
        Averaged over all t and all clocks; the standard error is that among clocks.

    Raises
    ------
    ValueError
        If there are fewer than 8 clocks, their readings do not cover 2τ, or an argument is not
        allowed.

    Notes
    -----
    Allan, Proc. IEEE 54, 221 (1966); this is the overlapping estimate.  A record of one clock can
    be cut into eight parts or more, each much longer than what the clock remembers.

    Examples
    --------
    A rate that drifts, x = dt²/2, has σ_y² = d²τ²/2:

    >>> import numpy as np
    >>> import qemlib as qem
    >>> deviation = 0.5 * 0.1 * np.arange(20.0) ** 2 * np.ones((8, 1))
    >>> qem.allan_variance(deviation, 1.0, [1.0, 4.0]).value.round(6)
    array([0.005, 0.08 ])
    """
    deviation = _checks.finite_array("deviation", deviation, ndim=2)
    if len(deviation) < _FEWEST_CLOCKS:
        raise ValueError(
            f"deviation must hold at least {_FEWEST_CLOCKS} clocks, a row each, got "
            f"{len(deviation)}"
        )
    spacing = _checks.positive("spacing", spacing)
    times = _checks.finite_array("times", times, ndim=1)
    lags = readings(times, spacing)
    if lags is None or not times.size or lags[0] < 1 or (np.diff(times) <= 0).any():
        raise ValueError(
            f"times must be rising multiples of the spacing, {spacing:.8g}, got "
            f"{times.tolist()!r:.80}"
        )
    if 2 * lags[-1] >= deviation.shape[1]:
        raise ValueError(
            f"times must be shorter than half a record of {spacing * deviation.shape[1]:.6g}, got "
            f"{times[-1]:.6g}"
        )
    of_clocks = np.array([_of_each(deviation, lag) for lag in lags])
    of_clocks = of_clocks / (2.0 * times[:, None] ** 2)
    error = of_clocks.std(axis=1, ddof=1) / np.sqrt(len(deviation))
    return AllanVariance(times, of_clocks.mean(axis=1), error)


def _of_each(deviation: np.ndarray, lag: int) -> np.ndarray:
    """⟨[x(t + 2τ) − 2x(t + τ) + x(t)]²⟩ over the times t of each clock."""
    second = deviation[:, 2 * lag :] - 2.0 * deviation[:, lag:-lag] + deviation[:, : -2 * lag]
    return (second**2).mean(axis=1)
