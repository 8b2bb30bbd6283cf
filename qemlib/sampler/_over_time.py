"""Curves over a time, of records that are read at even spacings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qemlib._locked import Locked

__all__ = ["OverTime", "readings"]

_OFF = 1e-6  # of a time from a multiple of the spacing, in units of that


@dataclass(frozen=True, eq=False)
class OverTime(Locked):
    """Values at times, with standard errors; arrays of shape (n,)."""

    times: np.ndarray
    value: np.ndarray
    error: np.ndarray

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.times.size} times from {self.times[0]:.6g} to "
            f"{self.times[-1]:.6g}, at the first {self.value[0]:.6g} +/- {self.error[0]:.1g})"
        )


def readings(times: np.ndarray, spacing: float) -> np.ndarray | None:
    """How many spacings each time is; None if they are not whole numbers."""
    counts = np.round(times / spacing).astype(int)
    return None if (np.abs(times / spacing - counts) > _OFF).any() else counts
