"""W from a histogram of phase space: between its bins, along lines, its harmonics, and errors.

Everything is linear in the counts.  What a bin hides, at most a quarter of its width squared in the
variance of x_θ, is far below the errors.  These have two parts.  The average over the angle has the
error of the batches.  The rest turns with the oscillator, and is known as if from as many
independent points as the moments that turn.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.interpolate import RegularGridInterpolator

from qemlib._special.laguerre import laguerre_sequence
from qemlib.sampler._batches import ESTIMATORS, Batches
from qemlib.states import wigner

_ANGLES = 2048  # more than there are bins on the widest circle
_THIN = 1e-6  # a bin seen along its side is a box, not a trapezoid


class Plane:
    """Parts of all points in the bins of a histogram, in units of α.

    `turning` is the number of independent points for what turns with the oscillator.
    """

    def __init__(self, histogram: Any, x0: float, batches: Batches, turning: float) -> None:
        self.batches, self.turning = batches, turning
        self.edges = histogram.x_edges / x0
        self.width = (self.edges[-1] - self.edges[0]) / (self.edges.size - 1)
        self.parts = histogram.counts / (histogram.counts.sum() + histogram.outside)

    def density(self, alpha: np.ndarray) -> np.ndarray:
        """W(α), linear between the middles of bins, and zero beyond the last one."""
        middles = 0.5 * (self.edges[1:] + self.edges[:-1])
        middles = np.concatenate([[middles[0] - self.width], middles, [middles[-1] + self.width]])
        between = RegularGridInterpolator(
            (middles, middles),
            np.pad(self.parts, 1) / self.width**2,
            bounds_error=False,
            fill_value=0.0,
        )
        return between(np.stack([alpha.real, alpha.imag], axis=-1)).reshape(alpha.shape)

    def along(self, u: np.ndarray, turn: complex) -> np.ndarray:
        """Density of Re(α e^{−iθ}) at u, linear between bins as wide as those of the plane."""
        middles = 0.5 * (self.edges[1:] + self.edges[:-1])
        at = (np.add.outer(middles, 1j * middles) * np.conj(turn)).real
        widths = self.width * abs(turn.real), self.width * abs(turn.imag)
        reach = int(np.ceil(np.sqrt(2.0) * np.abs(self.edges).max() / self.width)) + 2
        nearest = np.floor(at / self.width).astype(int)
        mass = np.zeros(2 * reach)
        below = np.zeros_like(at)
        for bins in (-1, 0, 1):
            edge = (nearest + bins + 1) * self.width
            upto = _part_below(edge - at, *widths)
            mass += np.bincount(
                (nearest + bins + reach).ravel(), (self.parts * (upto - below)).ravel(), mass.size
            )
            below = upto
        bins = self.width * (np.arange(-reach, reach) + 0.5)
        return np.interp(u, bins, mass / self.width, left=0.0, right=0.0)

    def coherences(self, levels: int) -> np.ndarray:
        """ρ_nm off the diagonal; shape (levels, levels)."""
        radius = np.sqrt(2.0) * (np.abs(self.edges).max() + self.width)
        return wigner.coherences(self.density, levels, radius, _ANGLES)

    def error_of_density(self, alpha: np.ndarray) -> np.ndarray:
        """Standard error of W(α)."""
        round_ = self.batches.jackknife(ESTIMATORS["radial_profile"], (np.abs(alpha),))
        area = self.width**2
        return np.hypot(round_, self._of_counts(area * self.density(alpha)) / area)

    def error_along(self, u: np.ndarray, turn: complex) -> np.ndarray:
        """Standard error of the density of Re(α e^{−iθ}), from the part in a strip of one bin."""
        part = _part_of_circle(self._radii, u - 0.5 * self.width, u + 0.5 * self.width)
        round_ = self.batches.jackknife(lambda _batches, _moments, parts: part @ parts)
        return np.hypot(round_, self._of_counts(self.width * self.along(u, turn))) / self.width

    def error_of_matrix(self, levels: int) -> np.ndarray:
        """Standard error of ρ_nm, of the larger of both parts where it is complex."""
        parts = self.batches.pooled[1]
        seen = np.flatnonzero(parts)
        error = np.sqrt(_mean_squares(levels, self._radii[seen], parts[seen]) / self.turning)
        of_levels = self.batches.jackknife(ESTIMATORS["populations"], (levels,))
        np.fill_diagonal(error, of_levels)
        return error

    @property
    def _radii(self) -> np.ndarray:
        """Of the bins in |α|."""
        return self.batches.bin_width * (np.arange(self.batches.radial.shape[1]) + 0.5)

    def _of_counts(self, part: np.ndarray) -> np.ndarray:
        """Standard error of a part of all points; of none, as if one was expected."""
        return np.sqrt(np.maximum(part, 1.0 / self.turning) / self.turning)


def _part_below(t: np.ndarray, one: float, other: float) -> np.ndarray:
    """The part of a bin, seen as a sum of two even distributions of these widths, below t."""
    wide, narrow = max(one, other), min(one, other)
    if narrow < _THIN * wide:
        return np.clip(t / wide + 0.5, 0.0, 1.0)

    def ramp(s: np.ndarray) -> np.ndarray:
        return np.maximum(s, 0.0) ** 2

    sides = 0.5 * (wide + narrow), 0.5 * (wide - narrow)
    rising = ramp(t + sides[0]) - ramp(t + sides[1]) - ramp(t - sides[1]) + ramp(t - sides[0])
    return np.clip(0.5 * rising / (wide * narrow), 0.0, 1.0)


def _part_of_circle(r: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The part of the circle of radius r where low < Re α < high; shape (edges, radii)."""
    with np.errstate(divide="ignore"):
        from_high, from_low = (
            np.arccos(np.clip(np.divide.outer(edge, r), -1.0, 1.0)) for edge in (high, low)
        )
    return (from_low - from_high) / np.pi


def _mean_squares(levels: int, r: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """⟨|f_nm|²⟩ of the functions whose averages are ρ_nm, from parts of all points at |α| = r."""
    squares = np.zeros((levels, levels))
    sequence = laguerre_sequence(levels, 4.0 * r**2, np.arange(levels))
    for n, functions in zip(range(levels), sequence, strict=False):
        row = 4.0 * (functions**2 @ parts)
        squares[n, n : n + row.size] = row
        squares[n : n + row.size, n] = row
    return squares
