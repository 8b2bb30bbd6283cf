"""What a run keeps of its walkers: counts of where they were, and the way of a few."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qemlib._locked import Locked

__all__ = ["Histogram", "Trajectory"]


@dataclass(frozen=True, eq=False)
class Histogram(Locked):
    """Counts of recorded points of phase space.

    Attributes
    ----------
    counts : ndarray of int, shape (x bins, p bins)
        First axis x, second axis p.
    x_edges, p_edges : ndarray
        Bin edges of x (length) and p (momentum), one longer than the axes of `counts`.
    outside : int
        Points that fell outside of the edges; they count in the normalisation of `density`.
    """

    counts: np.ndarray
    x_edges: np.ndarray
    p_edges: np.ndarray
    outside: int

    @property
    def density(self) -> np.ndarray:
        """W(x, p) averaged over each bin, ∫dx dp W = 1; shape of `counts`."""
        area = np.outer(np.diff(self.x_edges), np.diff(self.p_edges))
        return self.counts / (area * (self.counts.sum() + self.outside))

    def __repr__(self) -> str:
        return (
            f"Histogram({self.counts.sum()} points in {self.counts.shape[0]} x "
            f"{self.counts.shape[1]} bins, |x| < {self.x_edges[-1]:.4g}, "
            f"|p| < {self.p_edges[-1]:.4g}; {self.outside} points outside)"
        )


@dataclass(frozen=True, eq=False)
class Trajectory(Locked):
    """Motion of a few walkers after burn-in.

    Attributes
    ----------
    time : ndarray, shape (times,)
        Since the end of burn-in.
    x, p : ndarray, shape (walkers, times)
        Position and momentum.
    """

    time: np.ndarray
    x: np.ndarray
    p: np.ndarray

    def __repr__(self) -> str:
        spacing = self.time[1] - self.time[0] if self.time.size > 1 else np.nan
        return f"Trajectory({self.x.shape[0]} walkers, {self.time.size} times {spacing:.4g} apart)"
