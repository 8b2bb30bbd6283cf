"""The sampler's inner loops, compiled by Numba.  They trust their caller.

A block is LANES walkers that move in step.  One step is a few short loops over the block, the
stages below, each simple enough for LLVM to turn into packed instructions.  Positions are in units
of x0 and momenta in units of p0, q = x/x0 and y = p/p0, so that α = q + iy.

Numba widens every operation on 32-bit integers to 64 bits, and NumPy's float32 constants keep an
expression from becoming float64: hence the casts.
"""

from typing import Any

import numpy as np
from numba import njit, prange

LANES = 64
HALF = LANES // 2
# Rows of the sums that `record` keeps for each walker: |α|², |α|⁴, Re α², Im α², q, y.
MOMENTS = 6

# Multiply-adds may be fused and signed zeros confused; NaN and infinity keep their meaning.
_OPTIONS: dict[str, Any] = {
    "cache": True,
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"contract", "nsz"},
}
_stage = njit(forceinline=True, **_OPTIONS)
_parallel = njit(parallel=True, **_OPTIONS)

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


@_stage
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


@_stage
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


@_stage
def locate(state, grid, index):
    """Node of the table nearest to each q; returns how many walkers are off the grid, or NaN."""
    low, per_node, top, zero, half = grid[0], grid[1], grid[2], grid[3], grid[4]
    outside = 0
    for i in range(LANES):
        place = (state[0, i] - low) * per_node
        inside = place if place > zero else zero
        inside = inside if inside < top else top
        outside += i32(place != inside)
        index[i] = u32(i32(inside + half))
    return outside


@_stage
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


@_stage
def kick_and_turn(state, xi, table, index, angle):
    """y ← y + [b − (1 − a) y + s ξ], the Ornstein-Uhlenbeck process at fixed x, and `turn`."""
    t, s = angle[0], angle[1]
    for i in range(LANES):
        q, y, node = state[0, i], state[1, i], index[i]
        y = y + (table[1, node] - table[0, node] * y + table[2, node] * xi[i])
        y = y - t * q
        q = q + s * y
        state[0, i] = q
        state[1, i] = y - t * q


@_stage
def euler_step(state, xi, table, index, angle):
    """Eqs. (C1), (C2): q ← q + ω0Δt y, y ← y + [b − γΔt y − ω0Δt q + s ξ], both from old values."""
    for i in range(LANES):
        q, y, node = state[0, i], state[1, i], index[i]
        change = table[1, node] - table[0, node] * y + table[2, node] * xi[i]
        state[0, i] = q + angle[0] * y
        state[1, i] = y + (change - angle[0] * q)


@_stage
def record(state, index, bins, sums, radial, plane):
    """Add α of each walker to its sums and to the histograms in |α| and in (q, y)."""
    per_radius, reach, per_length = bins[0], bins[1], bins[2]
    for i in range(LANES):
        q, y = np.float64(state[0, i]), np.float64(state[1, i])
        square = q * q + y * y
        sums[0, i] += square
        sums[1, i] += square * square
        sums[2, i] += q * q - y * y
        sums[3, i] += 2.0 * q * y
        sums[4, i] += q
        sums[5, i] += y
    batches, last = radial.shape[0], bins[3]
    for i in range(LANES):
        q, y = state[0, i], state[1, i]
        place = np.sqrt(q * q + y * y) * per_radius
        index[i] = u32(i32(place if place < last else last))
    per_batch = LANES // batches
    for batch in range(batches):
        for i in range(batch * per_batch, (batch + 1) * per_batch):
            radial[batch, index[i]] += 1
    # The last cell of the plane takes what lies outside of it.
    zero, width, cells = bins[4], bins[5], i32(plane.size - 1)
    for i in range(LANES):
        column, row = (state[0, i] + reach) * per_length, (state[1, i] + reach) * per_length
        within = (column >= zero) & (column < width) & (row >= zero) & (row < width)
        cell = i32(i32(i32(column) * i32(width)) + i32(row))
        index[i] = u32(cell if within else cells)
    for i in range(LANES):
        plane[index[i]] += 1


@_stage
def look(state, seen, time):
    """Keep q and y of the first few walkers."""
    for i in range(seen.shape[2]):
        seen[time, 0, i] = state[0, i]
        seen[time, 1, i] = state[1, i]


@_stage
def advance_block(state, words, table, grid, angles, bins, euler, strides, interval, recording):
    """Move one block on; returns the step at which a walker left the grid, or −1."""
    xi = np.empty(LANES, np.float32)
    index = np.empty(LANES, np.uint32)
    sums, radial, plane, seen, piece = recording
    for stride in range(strides):
        if not euler:
            turn(state, angles[1])
        for k in range(interval):
            draw_bits(words)
            draw_normals(words, xi)
            if locate(state, grid, index):
                return stride * interval + k
            if euler:
                euler_step(state, xi, table, index, angles[0])
            else:
                kick_and_turn(state, xi, table, index, angles[1 if k == interval - 1 else 0])
        if radial.size:
            record(state, index, bins, sums, radial, plane)
        if seen.shape[2] and (stride + 1) % piece == 0:
            look(state, seen, stride // piece)
    return -1


@_parallel
def advance(
    state,
    words,
    table,
    grid,
    angles,
    bins,
    euler,
    strides,
    interval,
    sums,
    radial,
    plane,
    seen,
    piece,
    left,
):
    """Move every block by strides × interval steps, and record after each stride.

    Parameters
    ----------
    state : ndarray, shape (blocks, 2, LANES), float32, or float64 for explicit Euler
        q and y, at the point in the middle of a rotation where the scheme is symmetric in time.
    words : ndarray, shape (blocks, 5, LANES), uint32
        Generators and their last output.
    table : ndarray, shape (3, nodes), of the state's type
        1 − a, b/p0 and s/p0; for explicit Euler their limits of first order in Δt.
    grid : ndarray, shape (5,), of the state's type
        First node, nodes per unit length, last node's number, 0 and ½.
    angles : ndarray, shape (2, 2), of the state's type
        tan(θ/2) and sin θ of the whole and of half a step's rotation; for explicit Euler ω0Δt.
    bins : ndarray, shape (6,), of the state's type
        Bins per unit of |α|; half width of the histogram in (q, y), and its bins per unit; number
        of the last bin in |α|; 0; number of bins in q and in y.
    euler : bool
    strides, interval : int
    sums : ndarray, shape (blocks, MOMENTS, LANES), float64
    radial : ndarray, shape (shares, batches per share, bins), int64
        Nothing is recorded where it has no bins.
    plane : ndarray, shape (shares, bins² + 1), int64
        Counts in (q, y), row by row of constant q, and how many lay outside.
    seen : ndarray, shape (strides // piece, 2, walkers), float64
        Receives q and y of the first walkers of the first block, after every `piece` strides.
    piece : int
    left : ndarray, shape (blocks,), int64
        Receives the step at which a walker of the block was off the grid, or −1.

    Notes
    -----
    Blocks s, s + shares, s + 2 shares … are moved one after the other, by one thread, so that no
    two threads touch the same counts: the result does not depend on their number.
    """
    shares = radial.shape[0]
    for share in prange(shares):
        for block in range(share, state.shape[0], shares):
            left[block] = advance_block(
                state[block],
                words[block],
                table,
                grid,
                angles,
                bins,
                euler,
                strides,
                interval,
                (
                    sums[block],
                    radial[share],
                    plane[share],
                    seen[:, :, : seen.shape[2] if block == 0 else 0],
                    piece,
                ),
            )
