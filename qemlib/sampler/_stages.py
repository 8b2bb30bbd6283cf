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
from numba import njit

from qemlib._kernel_cache import keep_on_disk

LANES = 128  # walkers of a block, which move in step
HALF = LANES // 2

# Rows of the sums that `record` keeps for each walker: |α|², |α|⁴, Re β², Im β², Re β, Im β, where
# β is α as seen from the origin of the scheme.
MOMENTS = 6
# Numbers that the table holds for one position: 1 − a, b/p0, s/p0 and a filler.
COLUMNS = 4

# Multiply-adds may be fused and signed zeros confused; NaN and infinity keep their meaning.
OPTIONS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"contract", "nsz"},
}


def stage(function: Any) -> Any:
    """Compile what becomes part of a kernel."""
    return keep_on_disk(njit(forceinline=True, **OPTIONS)(function))


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


f32, i32, u32 = np.float32, np.int32, np.uint32

_HALF, _ONE, _TWO = f32(0.5), f32(1.0), f32(2.0)
_UNIT_31 = f32(2.0**-31)
_LN_2 = f32(np.log(2.0))
_SQRT_HALF_BITS = i32(0x3F3504F3)  # √½ as float32, read as an integer
# ln(1 + m) = m − m²/2 + m³ P(m) for √½ ≤ 1 + m < √2, to 24 bits (Cephes, logf).
_P = tuple(
    f32(c)
    for c in (
        *(7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1),
        *(-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1),
    )
)
# Taylor series of sin(πt/2)/t and cos(πt/2) in t², to 5e-7 on |t| ≤ 1.
_S = tuple(
    f32(c)
    for c in (
        *(1.5707963267948966, -0.6459640975062463, 7.969262624616704e-2),
        *(-4.681754135318688e-3, 1.604411847873598e-4, -3.598843235212085e-6),
    )
)
_C = tuple(
    f32(c)
    for c in (
        *(1.0, -1.2337005501361697, 0.253669507901048, -2.0863480763352960e-2),
        *(9.192602748394266e-4, -2.5202042373060607e-5, 4.710874778818172e-7),
    )
)


@stage
def draw_bits(words):
    """xoshiro128++ of Blackman and Vigna: one generator a lane, its output in the last row."""
    for i in range(LANES):
        s0, s1, s2, s3 = words[0, i], words[1, i], words[2, i], words[3, i]
        total = u32(s0 + s3)
        words[4, i] = u32(u32(u32(total << u32(7)) | u32(total >> u32(25))) + s0)
        shifted = u32(s1 << u32(9))
        s2 = u32(s2 ^ s0)
        s3 = u32(s3 ^ s1)
        words[1, i] = u32(s1 ^ s2)
        words[0, i] = u32(s0 ^ s3)
        words[2, i] = u32(s2 ^ shifted)
        words[3, i] = u32(u32(s3 << u32(11)) | u32(s3 >> u32(21)))


@stage
def draw_normals(words, xi):
    """ξ = √(−2 ln u) (cos πt, sin πt), Box-Muller, from u in (0, 1] and t in [−1, 1)."""
    for i in range(HALF):
        u = (f32(u32(words[4, i] >> u32(1)).view(np.int32)) + _HALF) * _UNIT_31
        # u = 2^exponent (1 + m)
        bits = f32(u).view(np.int32)
        exponent = i32(i32(bits - _SQRT_HALF_BITS) >> i32(23))
        m = i32(bits - i32(exponent << i32(23))).view(np.float32) - _ONE
        cubic = _P[0]
        for k in range(1, 9):
            cubic = cubic * m + _P[k]
        log_u = m + m * m * (cubic * m - _HALF) + f32(exponent) * _LN_2
        radius = np.sqrt(-_TWO * log_u)

        t = f32(u32(words[4, HALF + i]).view(np.int32)) * _UNIT_31
        sine, cosine = _S[5], _C[6]
        for k in range(4, -1, -1):
            sine = sine * (t * t) + _S[k]
        for k in range(5, -1, -1):
            cosine = cosine * (t * t) + _C[k]
        sine = sine * t
        # From the half angle to the whole one.
        xi[i] = radius * (_ONE - _TWO * sine * sine)
        xi[HALF + i] = radius * (_TWO * sine * cosine)


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
