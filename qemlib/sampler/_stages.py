"""The stages of a step, for a block of walkers, compiled by Numba.  They trust their caller.

A block is LANES walkers that move in step.  Each stage is a short loop over the block, simple
enough for LLVM to turn into packed instructions.  Positions are in units of x0 and momenta in units
of p0, q = x/x0 and y = p/p0, so that α = q + iy.

Numba widens every operation on 32-bit integers to 64 bits, and NumPy's float32 constants keep an
expression from becoming float64: hence the casts.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from qemlib.sampler._random import LANES, stage

# Rows of the sums that `record` keeps for each walker: |α|², |α|⁴, Re β², Im β², Re β, Im β, where
# β is α as seen from the origin of the scheme.
MOMENTS = 6
# Numbers that the table holds for one position: 1 − a, b/p0, s/p0 and a filler.
COLUMNS = 4


class Grid(NamedTuple):
    """Evenly spaced nodes in q, as numbers of the type of the state.

    Attributes
    ----------
    low, per_node, top : float
        First node, nodes per unit length, number of the last node.
    zero, half : float
        0 and ½.
    """

    low: Any
    per_node: Any
    top: Any
    zero: Any
    half: Any


class Field(NamedTuple):
    """What moves the walkers of one run.

    Attributes
    ----------
    table : ndarray, shape (nodes × parts,), complex128
        COLUMNS numbers of the state's type for each node, in pieces of 16 bytes.
    grid : Grid
    angles : ndarray, shape (2, 2)
        What the scheme makes of a step's angle and of half of it.
    """

    table: np.ndarray
    grid: Grid
    angles: np.ndarray


class Bins(NamedTuple):
    """Where walkers are counted; numbers are of the type of their state.

    Attributes
    ----------
    per_radius, last : float
        Bins per unit of |α|, and the number of the last one.
    reach, per_length, width : float
        Half width of the histogram in (q, y), its bins per unit, and how many it has each way.
    zero : float
    origin : float
        Of the scheme, in q.
    """

    per_radius: Any
    last: Any
    reach: Any
    per_length: Any
    width: Any
    zero: Any
    origin: Any


class Scratch(NamedTuple):
    """Memory of a block: noise, nodes and cells of each walker, and its row of the table, twice.

    `wide` is the memory of `rows`; made anew at each step it would slow the loop.
    """

    xi: np.ndarray
    nodes: np.ndarray
    cells: np.ndarray
    rows: np.ndarray
    wide: np.ndarray


i32, u32 = np.int32, np.uint32


@stage
def locate(state, grid, index):
    """Node of the table nearest to each q; returns how many walkers are off the grid, or NaN."""
    low, per_node, top, zero, half = grid
    outside = i32(0)
    for i in range(LANES):
        place = (state[0, i] - low) * per_node
        inside = place if place > zero else zero
        inside = inside if inside < top else top
        outside = i32(outside + i32(place != inside))
        index[i] = u32(i32(inside + half))
    return outside


@stage
def fetch(table, index, rows, wide):
    """Copy the node of each walker, 16 bytes at a time: three separate gathers cost twice this."""
    parts = COLUMNS * rows.itemsize // 16  # known when this is compiled
    for i in range(LANES):
        for part in range(parts):
            wide[i * parts + part] = table[index[i] * parts + part]


@stage
def turn(state, angle):
    """Rotation of (q, y) by ω0Δt as three shears, with t = tan ω0Δt/2 and s = sin ω0Δt.

    Shears preserve area whatever the rounding of t and s: a rotation matrix in float32 would not,
    and would damp or drive the motion by up to 1e-7 a step, as strongly as weak friction does.
    """
    t, s = angle[0], angle[1]
    for i in range(LANES):
        q, y = state[0, i], state[1, i]
        y = y - t * q
        q = q + s * y
        state[0, i] = q
        state[1, i] = y - t * q


@stage
def kick_and_turn(state, xi, rows, angle):
    """y ← y + [b − (1 − a) y + s ξ], the Ornstein-Uhlenbeck process at fixed x, and `turn`."""
    t, s = angle[0], angle[1]
    for i in range(LANES):
        q, y = state[0, i], state[1, i]
        y = y + (rows[4 * i + 1] - rows[4 * i] * y + rows[4 * i + 2] * xi[i])
        y = y - t * q
        q = q + s * y
        state[0, i] = q
        state[1, i] = y - t * q


@stage
def euler_step(state, xi, rows, theta):
    """Eqs. (C1), (C2): q ← q + ω0Δt y, y ← y + [b − γΔt y − ω0Δt q + s ξ], both from old values."""
    for i in range(LANES):
        q, y = state[0, i], state[1, i]
        change = rows[4 * i + 1] - rows[4 * i] * y + rows[4 * i + 2] * xi[i]
        state[0, i] = q + theta * y
        state[1, i] = y + (change - theta * q)


@stage
def symplectic_step(state, xi, rows, theta):
    """As `euler_step`, but q moves with the new momentum."""
    for i in range(LANES):
        q, y = state[0, i], state[1, i]
        change = rows[4 * i + 1] - rows[4 * i] * y + rows[4 * i + 2] * xi[i]
        y = y + (change - theta * q)
        state[0, i] = q + theta * y
        state[1, i] = y


@stage
def push(state, rows, half, theta):
    """y ← y + ½b − ½ω0Δt q, the letter B of BAOAB: all forces for half a step; θ is its angle."""
    for i in range(LANES):
        state[1, i] += half * rows[4 * i + 1] - theta * state[0, i]


@stage
def drift(state, theta):
    """q ← q + ½ω0Δt y, the letter A; θ is half a step's angle."""
    for i in range(LANES):
        state[0, i] += theta * state[1, i]


@stage
def fluctuate(state, xi, rows):
    """y ← a y + s ξ, the letter O."""
    for i in range(LANES):
        state[1, i] += rows[4 * i + 2] * xi[i] - rows[4 * i] * state[1, i]


@stage
def record(state, index, cells, bins, sums, radial, plane):
    """Add each walker to its sums and to the histograms in |α| and in (q, y).

    State and sums of α² and α are relative to the origin of the scheme, all else is not.
    """
    per_radius, reach, per_length = bins.per_radius, bins.reach, bins.per_length
    origin = bins.origin
    shift = np.float64(origin)
    for i in range(LANES):
        q, y = np.float64(state[0, i]), np.float64(state[1, i])
        square = (q + shift) * (q + shift) + y * y
        sums[0, i] += square
        sums[1, i] += square * square
        sums[2, i] += q * q - y * y
        sums[3, i] += 2.0 * q * y
        sums[4, i] += q
        sums[5, i] += y
    # The last cell of the plane takes what lies outside of it.
    last, zero, width, beyond = bins.last, bins.zero, bins.width, i32(plane.size - 1)
    for i in range(LANES):
        q, y = state[0, i] + origin, state[1, i]
        place = np.sqrt(q * q + y * y) * per_radius
        index[i] = u32(i32(place if place < last else last))
        column, row = (q + reach) * per_length, (y + reach) * per_length
        within = (column >= zero) & (column < width) & (row >= zero) & (row < width)
        cell = i32(i32(i32(column) * i32(width)) + i32(row))
        cells[i] = u32(cell if within else beyond)
    batches = radial.shape[0]
    per_batch = LANES // batches
    for batch in range(batches):
        for i in range(batch * per_batch, (batch + 1) * per_batch):
            radial[batch, index[i]] += 1
    for i in range(LANES):
        plane[cells[i]] += 1


@stage
def look(state, seen, time):
    """Keep q and y of the first few walkers."""
    for i in range(seen.shape[2]):
        seen[time, 0, i] = state[0, i]
        seen[time, 1, i] = state[1, i]
