"""The sampler's inner loops, compiled by Numba: one kernel for each scheme.

A stride is so many steps of one block between two records.  The strides of the package's schemes
are here, made of the stages in `qemlib.sampler._stages`; one of your own may be made of them, too.
"""

from __future__ import annotations

from concurrent.futures import Executor, Future
from contextvars import copy_context
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from qemlib._kernel_cache import OPTIONS, keep_on_disk
from qemlib.sampler._random import LANES, draw_bits, draw_normals
from qemlib.sampler._stages import (
    COLUMNS,
    MOMENTS,
    Bins,
    Field,
    Grid,
    Scratch,
    drift,
    euler_step,
    fetch,
    fluctuate,
    kick_and_turn,
    locate,
    look,
    push,
    record,
    symplectic_step,
    turn,
)

__all__ = [
    "COLUMNS",
    "LANES",
    "MOMENTS",
    "OPTIONS",
    "Bins",
    "Field",
    "Grid",
    "Records",
    "Scratch",
    "Span",
    "Walkers",
    "advance",
    "draw",
    "kernel_of",
    "look_up",
]


class Walkers(NamedTuple):
    """The walkers themselves.

    Attributes
    ----------
    state : ndarray, shape (blocks, 2, LANES), float32 or float64
        q, from the origin of the scheme, and y, as they are recorded.
    words : ndarray, shape (blocks, 5, LANES), uint32
        Generators and their last output.
    left : ndarray, shape (blocks,), int64
        Receives the step at which a walker of the block was off the grid, or −1.
    """

    state: np.ndarray
    words: np.ndarray
    left: np.ndarray


class Span(NamedTuple):
    """How far to go: so many strides of `interval` steps, `done` of them having been recorded."""

    strides: int
    interval: int
    done: int


class Records(NamedTuple):
    """What is kept.

    Attributes
    ----------
    wanted : bool
        Whether to record.
    series : ndarray, shape (blocks, slots, MOMENTS, LANES), float64
        Sums over `piece` strides.
    piece : int
    seen : ndarray, shape (times, 2, walkers), float64
        Receives q and y of the first walkers of the first block whenever `every` strides are full.
    every : int
    radial : ndarray, shape (shares, batches per share, bins), int64
    """

    wanted: bool
    series: np.ndarray
    piece: int
    seen: np.ndarray
    every: int
    radial: np.ndarray


def _inlined(function):
    """Compile what becomes part of a kernel, and is kept on disk with it."""
    return njit(forceinline=True, **OPTIONS)(function)


@_inlined
def draw(words, xi):
    """Independent normal numbers ξ, one for each walker."""
    draw_bits(words)
    draw_normals(words, xi)


@_inlined
def look_up(state, scratch, field):
    """Rows of the table for each walker; returns how many walkers are off the grid."""
    outside = locate(state, field.grid, scratch.nodes)
    fetch(field.table, scratch.nodes, scratch.rows, scratch.wide)
    return outside


def _kicked(begin, step):
    """A stride of steps that look up the field once each, as most schemes do."""

    @_inlined
    def stride(state, words, scratch, field, interval):
        # What a loop needs is taken out of its tuples beforehand: that costs as much as a stage.
        table, grid, angles = field
        xi, nodes, rows, wide = scratch.xi, scratch.nodes, scratch.rows, scratch.wide
        begin(state, angles)
        for k in range(interval):
            draw(words, xi)
            if locate(state, grid, nodes):
                return k
            fetch(table, nodes, rows, wide)
            step(state, xi, rows, angles, k == interval - 1)
        return -1

    return stride


@_inlined
def _at_once(state, angles):
    """Begin with a step."""


@_inlined
def _by_half_a_turn(state, angles):
    turn(state, angles[1])


@_inlined
def _rotation(state, xi, rows, angles, last):
    kick_and_turn(state, xi, rows, angles[1 if last else 0])


@_inlined
def _euler(state, xi, rows, angles, _last):
    euler_step(state, xi, rows, angles[0, 0])


@_inlined
def _symplectic(state, xi, rows, angles, _last):
    symplectic_step(state, xi, rows, angles[0, 0])


# From the middle of a rotation to the middle of another.
rotation_stride = _kicked(_by_half_a_turn, _rotation)
euler_stride = _kicked(_at_once, _euler)
symplectic_stride = _kicked(_at_once, _symplectic)


@_inlined
def baoab_stride(state, words, scratch, field, interval):
    """Steps of BAOAB, with two looks at the field each; what ends one also begins the next."""
    table, grid, angles = field
    xi, nodes, rows, wide = scratch.xi, scratch.nodes, scratch.rows, scratch.wide
    theta = angles[1, 0]
    if locate(state, grid, nodes):
        return 0
    fetch(table, nodes, rows, wide)
    for k in range(interval):
        push(state, rows, grid.half, theta)
        drift(state, theta)
        draw(words, xi)
        if locate(state, grid, nodes):
            return k
        fetch(table, nodes, rows, wide)
        fluctuate(state, xi, rows)
        drift(state, theta)
        if locate(state, grid, nodes):
            return k
        fetch(table, nodes, rows, wide)
        push(state, rows, grid.half, theta)
    return -1


@cache
def kernel_of(name: str, stride: Any, kept: bool) -> Any:
    """The loop over blocks for one scheme, to be given to `advance`.

    With `kept` its code is kept on disk, under the scheme's name.
    """
    advance_block = _block_of(stride if hasattr(stride, "py_func") else _inlined(stride))

    def advance_shares(thread, threads, plane, walkers, field, bins, span, records):
        """What one of the threads does of `advance`: every so many of the shares."""
        state, words, left, series = walkers.state, walkers.words, walkers.left, records.series
        shares, tracked = records.radial.shape[0], records.seen.shape[2]
        for share in range(thread, shares, threads):
            radial = records.radial[share]
            for block in range(share, state.shape[0], shares):
                seen = records.seen[:, :, : tracked if block == 0 else 0]
                left[block] = advance_block(
                    state[block],
                    words[block],
                    field,
                    bins,
                    span,
                    records,
                    series[block],
                    radial,
                    plane,
                    seen,
                )

    advance_shares.__qualname__ = f"advance_shares.{name}"
    kernel = njit(**OPTIONS)(advance_shares)
    return keep_on_disk(kernel, made_of=[draw_bits, locate]) if kept else kernel


def _block_of(one_stride):
    """The loop over the strides of one block."""

    @_inlined
    def advance_block(state, words, field, bins, span, records, series, radial, plane, seen):
        """Move one block on; returns the step at which a walker was off the grid, or −1."""
        index, cells = np.empty(LANES, np.uint32), np.empty(LANES, np.uint32)
        rows = np.empty(COLUMNS * LANES, state.dtype)
        xi, wide = np.empty(LANES, np.float32), rows.view(np.complex128)
        scratch = Scratch(xi, index, cells, rows, wide)
        strides, interval, done = span
        wanted, piece, every = records.wanted, records.piece, records.every
        for stride in range(strides):
            off = one_stride(state, words, scratch, field, interval)
            if off >= 0:
                return stride * interval + off
            if wanted:
                time = done + stride
                record(state, index, cells, bins, series[time // piece], radial, plane)
                if seen.shape[2] and (time + 1) % every == 0:
                    look(state, seen, (time + 1) // every - done // every - 1)
        return -1

    return advance_block


def advance(
    kernel: Any,
    pool: Executor,
    walkers: Walkers,
    field: Field,
    bins: Bins,
    span: Span,
    records: Records,
    planes: np.ndarray,
) -> None:
    """Move every block by span.strides × span.interval steps, and record after each stride.

    Parameters
    ----------
    kernel : callable
        From `kernel_of`.
    pool : concurrent.futures.Executor
        As many threads as there are planes.
    walkers, field, bins, span, records
        See their classes.
    planes : ndarray, shape (threads, bins² + 1), int64
        Counts in (q, y), row by row of constant q, and how many lay outside.

    Notes
    -----
    Blocks s, s + shares, s + 2 shares … are moved one after the other, by one thread, so that no
    two threads touch the same sums.  Each thread has a plane of its own: whole numbers add up to
    the same in any order.  The result does not depend on the number of threads.

    The threads are Python's, and the kernel lets go of the interpreter's lock.  Numba's own end a
    process that was forked after their first use (OpenMP), or that uses them from two threads at
    once (workqueue).
    """
    threads = len(planes)
    # Without Numba, NumPy's errors are to be treated in each thread as they are here.
    rest: tuple[Any, ...] = (walkers, field, bins, span, records)
    moves: list[Future[Any]] = [
        pool.submit(copy_context().run, partial(kernel, thread, threads, planes[thread], *rest))
        for thread in range(threads)
    ]
    for move in moves:
        move.result()
