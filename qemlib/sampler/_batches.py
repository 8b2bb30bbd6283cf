"""Sums over independent batches of walkers, and what is estimated from them.

All averages are over walkers that never meet: batches of walkers are independent, and the spread
between batches gives the standard error of any average, and by the jackknife of any function of
averages, without an estimate of correlation times.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import roots_legendre

from qemlib import _checks
from qemlib.states import wigner

# Nodes for the average of a Laguerre function over one bin of |α|, at least; functions at once.
_NODES, _AT_ONCE = 4, 2**22
# Bins in |α| that are taken together where W itself, not an integral over it, is asked for.
RING = 5


@dataclass(frozen=True, eq=False)
class Batches:
    """Sums over independent batches of walkers.

    Attributes
    ----------
    sums : ndarray, shape (6, batches)
        Sums of |α|², |α|⁴, Re α², Im α², x and p over the points recorded.
    radial : ndarray of int, shape (batches, bins)
        Counts in |α|; the number of bins is a multiple of RING.
    bin_width : float
        Width of the bins in |α|; the first begins at 0.
    """

    sums: np.ndarray
    radial: np.ndarray
    bin_width: float

    @property
    def pooled(self) -> tuple[np.ndarray, np.ndarray]:
        """Means of the six moments and the parts of all points in each bin, over all batches."""
        count = self.radial.sum()
        return self.sums.sum(axis=1) / count, self.radial.sum(axis=0) / count

    def jackknife(self, estimator: Callable[..., Any], arguments: tuple[Any, ...] = ()) -> Any:
        """Standard error of estimator(self, moments, parts, *arguments)."""
        without = self._without(estimator, arguments)
        if np.iscomplexobj(without):
            return complex(_spread(without.real), _spread(without.imag))
        error = _spread(without)
        return float(error) if np.ndim(error) == 0 else error

    def bias(self, estimator: Callable[..., Any], arguments: tuple[Any, ...] = ()) -> Any:
        """What estimator(self, moments, parts, *arguments) is too large by, for want of samples."""
        without = self._without(estimator, arguments)
        whole = estimator(self, *self.pooled, *arguments)
        return (len(without) - 1) * (without.mean(axis=0) - whole)

    def _without(self, estimator: Callable[..., Any], arguments: tuple[Any, ...]) -> np.ndarray:
        """The estimates that leave out one batch each."""
        counts = self.radial.sum(axis=1)
        total, sums, radial = counts.sum(), self.sums.sum(axis=1), self.radial.sum(axis=0)
        return np.array(
            [
                estimator(
                    self,
                    (sums - self.sums[:, k]) / (total - counts[k]),
                    (radial - self.radial[k]) / (total - counts[k]),
                    *arguments,
                )
                for k in range(counts.size)
            ]
        )


def _spread(without: np.ndarray) -> np.ndarray:
    """Jackknife standard error from the estimates that leave out one batch each."""
    n = len(without)
    return np.sqrt((n - 1) / n * ((without - without.mean(axis=0)) ** 2).sum(axis=0))


def _phonon_number(batches: Batches, moments: np.ndarray, parts: np.ndarray) -> float:
    return wigner.phonon_number(moments[:2])


def _g2(batches: Batches, moments: np.ndarray, parts: np.ndarray) -> float:
    return wigner.g2(moments[:2])


def _squeezing(batches: Batches, moments: np.ndarray, parts: np.ndarray) -> complex:
    return complex(moments[2], moments[3])


def _position(batches: Batches, moments: np.ndarray, parts: np.ndarray) -> float:
    return float(moments[4])


def _momentum(batches: Batches, moments: np.ndarray, parts: np.ndarray) -> float:
    return float(moments[5])


def _populations(
    batches: Batches, moments: np.ndarray, parts: np.ndarray, levels: int
) -> np.ndarray:
    levels = _checks.integer("levels", levels, 1)
    occupied = int(np.flatnonzero(batches.radial.any(axis=0))[-1]) + 1
    return _fock_average(batches.bin_width, occupied, levels) @ parts[:occupied]


def _radial_profile(
    batches: Batches, moments: np.ndarray, parts: np.ndarray, r: ArrayLike
) -> np.ndarray:
    r = _checks.finite_array("r", r)
    if (r < 0).any():
        raise ValueError(f"r must not be negative, got {r.min()}")
    square = (batches.bin_width * np.arange(0, parts.size + 1, RING)) ** 2
    density = parts.reshape(-1, RING).sum(axis=1) / (np.pi * np.diff(square))
    # As a function of r², the mean of W over a ring is W at its middle, to first order.
    return np.interp(r**2, 0.5 * (square[1:] + square[:-1]), density, right=0.0)


ESTIMATORS: dict[str, Any] = {
    "phonon_number": _phonon_number,
    "g2": _g2,
    "squeezing": _squeezing,
    "position": _position,
    "momentum": _momentum,
    "populations": _populations,
    "radial_profile": _radial_profile,
}
ARGUMENTS = {"populations": ("levels",), "radial_profile": ("r",)}


@lru_cache(maxsize=1)  # the jackknife asks for the same one again and again
def _fock_average(width: float, bins: int, levels: int) -> np.ndarray:
    """2(−1)^n e^{−2r²} L_n(4r²), averaged over the area of each ring; shape (levels, bins).

    The average rather than the value in the middle: for high levels the function turns within a
    bin, where W hardly changes.
    """
    # The fastest turns 4√levels in a unit of |α|; hot states have wide bins.
    nodes = max(_NODES, int(np.ceil(2.0 * np.sqrt(levels) * width)) + 2)
    node, weight = roots_legendre(nodes)
    average = np.empty((levels, bins))
    for part in np.array_split(np.arange(bins), 1 + levels * bins * nodes // _AT_ONCE):
        r = width * (part[:, None] + 0.5 * (node + 1.0))
        functions = wigner.laguerre_functions(levels, 4.0 * r.ravel() ** 2)
        area = r * weight
        summed = (functions.reshape(levels, *r.shape) * area).sum(axis=2)
        average[:, part] = summed / area.sum(axis=1)
    return 2.0 * (-1.0) ** np.arange(levels)[:, None] * average
