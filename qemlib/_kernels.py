"""The sampler's inner loops, compiled by Numba.  They trust their caller.

A block is LANES walkers that move in step.  One step is a few short loops over the block, the
stages below, each simple enough for LLVM to turn into packed instructions.  Positions are in units
of x0 and momenta in units of p0, q = x/x0 and y = p/p0, so that α = q + iy.
"""

import numpy as np
from numba import get_thread_id, njit, prange

from qemlib._normals import LANES, OPTIONS, draw_bits, draw_normals, i32, stage, u32

# Rows of the sums that `record` keeps for each walker: |α|², |α|⁴, Re β², Im β², Re β, Im β, where
# β is α as seen from the origin of the rotations.
MOMENTS = 6
# Numbers that the table holds for one position: 1 − a, b/p0, s/p0 and a filler.
COLUMNS = 4
ROTATION, EULER, SYMPLECTIC, BAOAB = range(4)

_parallel = njit(parallel=True, **OPTIONS)


@stage
def locate(state, grid, index):
    """Node of the table nearest to each q; returns how many walkers are off the grid, or NaN."""
    low, per_node, top, zero, half = grid[0], grid[1], grid[2], grid[3], grid[4]
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

    State and sums of α² and α are relative to the origin of the rotations, all else is not.
    """
    per_radius, reach, per_length, origin = bins[0], bins[1], bins[2], bins[6]
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
    last, zero, width, beyond = bins[3], bins[4], bins[5], i32(plane.size - 1)
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


@stage
def rotation_stride(state, words, xi, index, rows, wide, field, interval):
    """Steps of the rotation scheme, from the middle of a rotation to the middle of another."""
    table, grid, angles = field
    turn(state, angles[1])
    for k in range(interval):
        draw_bits(words)
        draw_normals(words, xi)
        if locate(state, grid, index):
            return k
        fetch(table, index, rows, wide)
        kick_and_turn(state, xi, rows, angles[1 if k == interval - 1 else 0])
    return -1


@stage
def euler_stride(state, words, xi, index, rows, wide, field, interval, symplectic):
    """Steps of explicit or of symplectic Euler."""
    table, grid, angles = field
    for k in range(interval):
        draw_bits(words)
        draw_normals(words, xi)
        if locate(state, grid, index):
            return k
        fetch(table, index, rows, wide)
        if symplectic:
            symplectic_step(state, xi, rows, angles[0, 0])
        else:
            euler_step(state, xi, rows, angles[0, 0])
    return -1


@stage
def baoab_stride(state, words, xi, index, rows, wide, field, interval):
    """Steps of BAOAB; what ends one step and begins the next is at one position."""
    table, grid, angles = field
    theta = angles[1, 0]
    if locate(state, grid, index):
        return 0
    fetch(table, index, rows, wide)
    for k in range(interval):
        push(state, rows, grid[4], theta)
        drift(state, theta)
        draw_bits(words)
        draw_normals(words, xi)
        if locate(state, grid, index):
            return k
        fetch(table, index, rows, wide)
        fluctuate(state, xi, rows)
        drift(state, theta)
        if locate(state, grid, index):
            return k
        fetch(table, index, rows, wide)
        push(state, rows, grid[4], theta)
    return -1


@stage
def advance_block(state, words, field, bins, scheme, strides, interval, done, recording):
    """Move one block on; returns the step at which a walker was off the grid, or −1."""
    xi = np.empty(LANES, np.float32)
    index, cells = np.empty(LANES, np.uint32), np.empty(LANES, np.uint32)
    rows = np.empty(COLUMNS * LANES, state.dtype)
    wide = rows.view(np.complex128)  # the same memory; made anew at each step it slows the loop
    record_all, series, radial, plane, piece, seen, every = recording
    for stride in range(strides):
        if scheme == ROTATION:
            off = rotation_stride(state, words, xi, index, rows, wide, field, interval)
        elif scheme == BAOAB:
            off = baoab_stride(state, words, xi, index, rows, wide, field, interval)
        else:
            off = euler_stride(
                state, words, xi, index, rows, wide, field, interval, scheme == SYMPLECTIC
            )
        if off >= 0:
            return stride * interval + off
        if record_all:
            record(state, index, cells, bins, series[(done + stride) // piece], radial, plane)
            if seen.shape[2] and (done + stride + 1) % every == 0:
                look(state, seen, (done + stride + 1) // every - done // every - 1)
    return -1


@_parallel
def advance(
    state, words, field, bins, scheme, strides, interval, done, recording, radial, plane, left
):
    """Move every block by strides × interval steps, and record after each stride.

    Parameters
    ----------
    state : ndarray, shape (blocks, 2, LANES), float32, or float64 for explicit Euler
        q, from the origin of the rotations, and y; for the rotation scheme in the middle of a
        rotation, where it is symmetric in time.
    words : ndarray, shape (blocks, 5, LANES), uint32
        Generators and their last output.
    field : tuple
        - table : ndarray, shape (nodes × parts,), complex128: COLUMNS numbers of the state's type
          for each node, 1 − a, b/p0 and s/p0, in pieces of 16 bytes;
        - grid : ndarray, shape (5,), of the state's type: first node, nodes per unit length, last
          node's number, 0 and ½;
        - angles : ndarray, shape (2, 2), of the state's type: tan(θ/2) and sin θ of the whole and
          of half a step's rotation; for other schemes θ = ω0Δt and its half.
    bins : ndarray, shape (7,), of the state's type
        Bins per unit of |α|; half width of the histogram in (q, y), and its bins per unit; number
        of the last bin in |α|; 0; number of bins in q and in y; origin of the rotations in q.
    scheme, strides, interval : int
    done : int
        Strides recorded before.
    recording : tuple
        - whether to record;
        - series : ndarray, shape (blocks, slots, MOMENTS, LANES), float64: sums over `piece`
          strides;
        - piece : int;
        - seen : ndarray, shape (times, 2, walkers), float64, receives q and y of the first walkers
          of the first block whenever `every` strides are full;
        - every : int.
    radial : ndarray, shape (shares, batches per share, bins), int64
    plane : ndarray, shape (threads, bins² + 1), int64
        Counts in (q, y), row by row of constant q, and how many lay outside.
    left : ndarray, shape (blocks,), int64
        Receives the step at which a walker of the block was off the grid, or −1.

    Notes
    -----
    Blocks s, s + shares, s + 2 shares … are moved one after the other, by one thread, so that no
    two threads touch the same sums.  Each thread has a plane of its own: whole numbers add up to
    the same in any order.  The result does not depend on the number of threads.
    """
    shares = radial.shape[0]
    record_all, series, piece, seen, every = recording
    for share in prange(shares):
        for block in range(share, state.shape[0], shares):
            left[block] = advance_block(
                state[block],
                words[block],
                field,
                bins,
                scheme,
                strides,
                interval,
                done,
                (
                    record_all,
                    series[block],
                    radial[share],
                    plane[get_thread_id()],
                    piece,
                    seen[:, :, : seen.shape[2] if block == 0 else 0],
                    every,
                ),
            )
