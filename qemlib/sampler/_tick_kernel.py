"""The compiled loop that counts ticks while walkers move, and keeps no positions."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from qemlib._kernel_cache import OPTIONS, keep_on_disk
from qemlib.sampler._random import LANES, draw_bits
from qemlib.sampler._stages import COLUMNS, Scratch, locate

__all__ = ["ABOVE", "BELOW", "Counters", "Zones", "counting_kernel"]

# What a position is to a clock: it ticks above, if it was below before.
BELOW, ABOVE = -1, 1


class Zones(NamedTuple):
    """Where the clock ticks, and where it gets ready for the next tick.

    Attributes
    ----------
    low, per_zone : float
        First position, in q, and zones per unit length.
    kind : ndarray, shape (zones,), int8
        BELOW, ABOVE, or 0 between them.
    """

    low: float
    per_zone: float
    kind: np.ndarray


class Counters(NamedTuple):
    """What each walker's clock shows.

    Attributes
    ----------
    ready : ndarray, shape (blocks, LANES), uint8
        1 after a time below the thresholds, until the next tick.
    ticks, last : ndarray, shape (blocks, LANES), int64
        Ticks so far, and the number of the step of the last one.
    range : ndarray, shape (blocks, 2), float64
        Smallest and largest q.
    counts, lasts : ndarray, shape (blocks, readings, LANES), int64
        Receive ticks and last at each reading.
    """

    ready: np.ndarray
    ticks: np.ndarray
    last: np.ndarray
    range: np.ndarray
    counts: np.ndarray
    lasts: np.ndarray


@cache
def counting_kernel(name: str, stride: Any, kept: bool) -> Any:
    """Counting for one scheme: `steps` steps between readings, from the reading `first` on."""
    one_stride = stride if hasattr(stride, "py_func") else njit(forceinline=True, **OPTIONS)(stride)

    def count_shares(
        thread: int,
        threads: int,
        state: np.ndarray,
        words: np.ndarray,
        left: np.ndarray,
        field: Any,
        zones: Zones,
        counters: Counters,
        span: tuple[int, int, int],
    ) -> None:
        """What one of the threads does: every so many of the blocks."""
        low, per_zone, kind = zones
        first, readings, steps = span
        top = kind.size - 1
        xi, cells = np.empty(LANES, np.float32), np.empty(LANES, np.uint32)
        index, rows = np.empty(LANES, np.uint32), np.empty(COLUMNS * LANES, state.dtype)
        scratch = Scratch(xi, index, cells, rows, rows.view(np.complex128))
        for block in range(thread, state.shape[0], threads):
            ready, ticks, last = counters.ready[block], counters.ticks[block], counters.last[block]
            smallest, largest = counters.range[block, 0], counters.range[block, 1]
            for reading in range(first, first + readings):
                for step in range(reading * steps, (reading + 1) * steps):
                    off = one_stride(state[block], words[block], scratch, field, 1)
                    if off >= 0:
                        left[block] = step
                        break
                    for i in range(LANES):
                        q = np.float64(state[block, 0, i])
                        smallest, largest = min(q, smallest), max(q, largest)
                        zone = kind[min(max(int((q - low) * per_zone), 0), top)]
                        above, below = zone == ABOVE, zone == BELOW
                        now = above and ready[i] == 1
                        ticks[i] += np.int64(now)
                        last[i] = step if now else last[i]
                        ready[i] = np.uint8(1) if below else (np.uint8(0) if above else ready[i])
                if left[block] >= 0:
                    break
                counters.counts[block, reading] = ticks
                counters.lasts[block, reading] = last
            counters.range[block, 0], counters.range[block, 1] = smallest, largest

    count_shares.__qualname__ = f"count_shares.{name}"
    kernel = njit(**OPTIONS)(count_shares)
    return keep_on_disk(kernel, made_of=[draw_bits, locate]) if kept else kernel
