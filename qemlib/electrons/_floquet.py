"""Electrons on a level that moves periodically, energy by energy: inner loops, compiled by Numba.

An electron that comes in with the energy ω is found on the dot, whose level is ε − 2P cos Ωt, with
the amplitude e^{−iωt} Σ_k a_k e^{−ikΩt}, where

    (ω + kΩ − ε − Σ(ω + kΩ)) a_k + P (a_{k+1} + a_{k−1}) = δ_{k0}.

The matrix on the left is tridiagonal and symmetric.  Its inverse 𝒢 follows from two continued
fractions that meet at k = 0.

LANES energies go side by side, real and imaginary parts apart, in loops that LLVM turns into packed
instructions.  Nothing here checks what it is given.
"""

from __future__ import annotations

from concurrent.futures import Executor, Future
from contextvars import copy_context
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from qemlib._kernel_cache import kernel

LANES = 24

# Columns of what `integrands` gives: completeness, charge, noise of its sine and of its cosine,
# currents of particles and of energy from each lead; then the harmonics.
COMPLETENESS, CHARGE, SINE, COSINE, CURRENT, ENERGY, HARMONICS = 0, 1, 2, 3, 4, 6, 8


class Leads(NamedTuple):
    """The leads at blocks of LANES energies ω, and at all sites ω + kΩ, k = −K … K.

    Attributes
    ----------
    energy : ndarray, shape (blocks, LANES)
        ω.
    free : ndarray, shape (blocks, 2, sites, LANES)
        Re and Im of ω + kΩ − Σ(ω + kΩ).
    sigma : ndarray, shape (blocks, 2, 2, sites, LANES)
        Re and Im of the self-energy of each lead; empty if no currents are wanted.
    kappa : ndarray, shape (blocks, LANES)
        κ(ω) of both.
    ins : ndarray, shape (blocks, 2, LANES)
        κ_α f_α at ω.
    vacant : ndarray, shape (blocks, sites, LANES)
        κ(1 − f) of both.
    """

    energy: np.ndarray
    free: np.ndarray
    sigma: np.ndarray
    kappa: np.ndarray
    ins: np.ndarray
    vacant: np.ndarray


def columns(harmonics: int, currents: bool) -> int:
    """Number of columns."""
    return HARMONICS + (2 + 4 * currents) * harmonics


@kernel
def _fraction(free, level, push, first, last, ratio):
    """Continue the fraction from the site `first` to `last`, which is nearer to the middle."""
    step = 1 if last > first else -1
    square = push * push
    re, im = np.zeros(LANES), np.zeros(LANES)
    for k in range(first, last + step, step):
        for i in range(LANES):
            x = free[0, k, i] - level - square * re[i]
            y = free[1, k, i] - square * im[i]
            size = 1.0 / (x * x + y * y)
            re[i], im[i] = x * size, -y * size
            ratio[0, k, i], ratio[1, k, i] = re[i], im[i]


@kernel
def _outwards(ratio, push, first, last, a):
    """a_k = −P ratio_k a_{k−1}, away from the middle."""
    step = 1 if last > first else -1
    for k in range(first, last + step, step):
        for i in range(LANES):
            x, y = -push * a[0, k - step, i], -push * a[1, k - step, i]
            a[0, k, i] = ratio[0, k, i] * x - ratio[1, k, i] * y
            a[1, k, i] = ratio[0, k, i] * y + ratio[1, k, i] * x


@kernel
def _amplitudes(free, level, push, low, high, ratio, a):
    """a_k at all sites from low to high, and the fractions; ratio_0 = 𝒢_00."""
    middle = free.shape[1] // 2
    _fraction(free, level, push, high, middle + 1, ratio)
    _fraction(free, level, push, low, middle - 1, ratio)
    square = push * push
    for i in range(LANES):
        x = (
            free[0, middle, i]
            - level
            - square * (ratio[0, middle - 1, i] + ratio[0, middle + 1, i])
        )
        y = free[1, middle, i] - square * (ratio[1, middle - 1, i] + ratio[1, middle + 1, i])
        size = 1.0 / (x * x + y * y)
        ratio[0, middle, i] = a[0, middle, i] = x * size
        ratio[1, middle, i] = a[1, middle, i] = -y * size
    _outwards(ratio, push, middle + 1, high, a)
    _outwards(ratio, push, middle - 1, low, a)


@kernel
def _squares(a, low, high, square, largest, total):
    """|a_k|², the largest of them and their sum."""
    largest[:] = 0.0
    total[:] = 0.0
    for k in range(low, high + 1):
        for i in range(LANES):
            size = a[0, k, i] * a[0, k, i] + a[1, k, i] * a[1, k, i]
            square[k, i] = size
            total[i] += size
            largest[i] = max(largest[i], size)


@kernel
def _some_reaches(square, largest, least):
    return (square >= least * largest).any()


@kernel
def _kept(square, largest, low, high, least):
    """The sites around the middle beyond which no |a_k|² reaches `least` times the largest."""
    middle = square.shape[0] // 2
    while low < middle - 1 and not _some_reaches(square[low], largest, least):
        low += 1
    while high > middle + 1 and not _some_reaches(square[high], largest, least):
        high -= 1
    return low, high


@kernel
def _eliminate(ratio, push, first, last, step, z):
    """z_k −= P ratio z of the site further out, from `first` to `last`."""
    for k in range(first, last + step, step):
        for i in range(LANES):
            x, y = push * z[0, k - step, i], push * z[1, k - step, i]
            z[0, k, i] -= ratio[0, k - step, i] * x - ratio[1, k - step, i] * y
            z[1, k, i] -= ratio[0, k - step, i] * y + ratio[1, k - step, i] * x


@kernel
def _substitute(ratio, push, first, last, step, z):
    """z_k = ratio_k (z_k − P z of the site further in), from `first` to `last`."""
    for k in range(first, last + step, step):
        for i in range(LANES):
            x = z[0, k, i] - push * z[0, k - step, i]
            y = z[1, k, i] - push * z[1, k - step, i]
            z[0, k, i] = ratio[0, k, i] * x - ratio[1, k, i] * y
            z[1, k, i] = ratio[0, k, i] * y + ratio[1, k, i] * x


@kernel
def _propagate(ratio, push, low, high, z):
    """z → 𝒢 z, on the sites from low to high."""
    middle = ratio.shape[1] // 2
    _eliminate(ratio, push, high - 1, middle, -1, z)
    _eliminate(ratio, push, low + 1, middle, 1, z)
    for i in range(LANES):
        x, y = z[0, middle, i], z[1, middle, i]
        z[0, middle, i] = ratio[0, middle, i] * x - ratio[1, middle, i] * y
        z[1, middle, i] = ratio[0, middle, i] * y + ratio[1, middle, i] * x
    _substitute(ratio, push, middle + 1, high, 1, z)
    _substitute(ratio, push, middle - 1, low, -1, z)


@kernel
def _noise(ratio, a, push, ends, vacant, pair, out):
    """Σ_q κ(1 − f) |M_q|² of sine and cosine, M_q = Σ_k [a*_{k−1} ∓ a*_{k+1}] 𝒢_{kq}/2(i)."""
    low, high = ends
    up, down = pair
    sine, cosine = out[SINE], out[COSINE]
    for k in range(low, high + 1):
        for i in range(LANES):
            up[0, k, i] = a[0, k - 1, i] if k > low else 0.0
            up[1, k, i] = -a[1, k - 1, i] if k > low else 0.0
            down[0, k, i] = a[0, k + 1, i] if k < high else 0.0
            down[1, k, i] = -a[1, k + 1, i] if k < high else 0.0
    _propagate(ratio, push, low, high, up)
    _propagate(ratio, push, low, high, down)
    sine[:] = 0.0
    cosine[:] = 0.0
    for k in range(low, high + 1):
        for i in range(LANES):
            x, y = up[0, k, i] - down[0, k, i], up[1, k, i] - down[1, k, i]
            u, v = up[0, k, i] + down[0, k, i], up[1, k, i] + down[1, k, i]
            sine[i] += 0.25 * vacant[k, i] * (x * x + y * y)
            cosine[i] += 0.25 * vacant[k, i] * (u * u + v * v)


@kernel
def _charge_harmonics(a, low, high, harmonics, out):
    """Σ_k a_{k+q} a_k*."""
    for q in range(1, harmonics + 1):
        re, im = out[2 * q - 2], out[2 * q - 1]
        for k in range(low, high + 1 - q):
            for i in range(LANES):
                x, y, u, v = a[0, k + q, i], a[1, k + q, i], a[0, k, i], a[1, k, i]
                re[i] += x * u + y * v
                im[i] += y * u - x * v


@kernel
def _mean_currents(a, square, ends, leads, n, spacing, out):
    """What comes in from each lead at the energy ω less what goes back, of particles and energy."""
    low, high = ends
    sigma, energy, ins = leads.sigma[n], leads.energy[n], leads.ins[n]
    middle = square.shape[0] // 2
    for lead in range(2):
        flow, heat = out[CURRENT + lead], out[ENERGY + lead]
        for i in range(LANES):
            flow[i] = -2.0 * ins[lead, i] * a[1, middle, i]
            heat[i] = energy[i] * flow[i]
        for k in range(low, high + 1):
            for i in range(LANES):
                # κ = −2 Im Σ
                back = -2.0 * sigma[lead, 1, k, i] * square[k, i] * (ins[0, i] + ins[1, i])
                flow[i] -= back
                heat[i] -= (energy[i] + (k - middle) * spacing) * back


@kernel
def _current_harmonics(a, low, high, sigma, ins, harmonics, out):
    """Component e^{−iqΩt} of 2 Im z(t), from those of z(t) = ⟨c†(ζ_α + Σ_α c)⟩."""
    middle = a.shape[1] // 2
    for lead in range(2):
        for q in range(1, harmonics + 1):
            re, im = out[2 * (lead * harmonics + q) - 2], out[2 * (lead * harmonics + q) - 1]
            # z_q − z_{−q}*, to be divided by i: its imaginary part is to be the real one.
            for k in range(low, high + 1 - q):
                for i in range(LANES):
                    x, y, u, v = a[0, k + q, i], a[1, k + q, i], a[0, k, i], a[1, k, i]
                    filled = ins[0, i] + ins[1, i]
                    pair_re, pair_im = filled * (x * u + y * v), filled * (y * u - x * v)
                    gap_re = sigma[lead, 0, k + q, i] - sigma[lead, 0, k, i]
                    gap_im = sigma[lead, 1, k + q, i] + sigma[lead, 1, k, i]
                    re[i] += gap_re * pair_im + gap_im * pair_re
                    im[i] -= gap_re * pair_re - gap_im * pair_im
            for i in range(LANES):
                if middle - q >= low:
                    re[i] -= ins[lead, i] * a[1, middle - q, i]
                    im[i] -= ins[lead, i] * a[0, middle - q, i]
                if middle + q <= high:
                    re[i] -= ins[lead, i] * a[1, middle + q, i]
                    im[i] += ins[lead, i] * a[0, middle + q, i]


@kernel
def _block(leads, n, motion, wanted, ends, scratch, out):
    """Columns of the n-th block; returns the largest |a_k|² at an end, as part of all."""
    free, kappa, ins = leads.free[n], leads.kappa[n], leads.ins[n]
    low, high = ends
    push, level, spacing = motion
    harmonics, currents, least = wanted
    ratio, a, up, down, square, largest, total = scratch
    _amplitudes(free, level, push, low, high, ratio, a)
    _squares(a, low, high, square, largest, total)
    first, last = _kept(square, largest, low, high, least)
    edge = 0.0
    middle = square.shape[0] // 2
    for i in range(LANES):
        edge = max(edge, max(square[low, i], square[high, i]) / total[i])
        x, y = free[0, middle, i] - level, free[1, middle, i]
        more = total[i] - 1.0 / (x * x + y * y)
        out[COMPLETENESS, i] = kappa[i] * more
        out[CHARGE, i] = (ins[0, i] + ins[1, i]) * more
    _noise(ratio, a, push, (first, last), leads.vacant[n], (up, down), out)
    _charge_harmonics(a, first, last, harmonics, out[HARMONICS:])
    for c in (SINE, COSINE):
        for i in range(LANES):
            out[c, i] *= ins[0, i] + ins[1, i]
    for c in range(HARMONICS, HARMONICS + 2 * harmonics):
        for i in range(LANES):
            out[c, i] *= ins[0, i] + ins[1, i]
    if currents:
        _mean_currents(a, square, (first, last), leads, n, spacing, out)
        rest = out[HARMONICS + 2 * harmonics :]
        _current_harmonics(a, first, last, leads.sigma[n], ins, harmonics, rest)
    return edge


@kernel
def _share(thread, threads, orbits, leads, wanted, out, edge):
    """What one of the threads does of `integrands`: every so many of the amplitudes."""
    push, level, half, spacing = orbits
    blocks, _, sites, lanes = leads.free.shape
    middle = sites // 2
    scratch = (
        np.empty((2, sites, lanes)),
        np.empty((2, sites, lanes)),
        np.empty((2, sites, lanes)),
        np.empty((2, sites, lanes)),
        np.empty((sites, lanes)),
        np.empty(lanes),
        np.empty(lanes),
    )
    for orbit in range(thread, push.size, threads):
        motion = push[orbit], level[orbit], spacing
        ends = middle - half[orbit], middle + half[orbit]
        for n in range(blocks):
            found = _block(leads, n, motion, wanted, ends, scratch, out[orbit, n])
            edge[orbit] = max(edge[orbit], found)


def integrands(
    pool: Executor,
    threads: int,
    orbits: tuple[np.ndarray, np.ndarray, np.ndarray, float],
    leads: Leads,
    wanted: tuple[int, bool, float],
) -> tuple[np.ndarray, np.ndarray]:
    """All integrands over ω, for each orbit at each energy.

    Parameters
    ----------
    pool : concurrent.futures.Executor
    threads : int
    orbits : tuple
        P, ε and the number of sites on either side, arrays of the shape (orbits,); Ω.
    leads : Leads
    wanted : tuple
        Number of harmonics, at least 1; whether to find currents; parts of |a_k|² below which a
        site counts for nothing.

    Returns
    -------
    out : ndarray, shape (orbits, blocks, columns, LANES)
    edge : ndarray, shape (orbits,)
        Largest |a_k|² at an end of the sites, as part of all.
    """
    count = orbits[0].size
    out = np.zeros((count, len(leads.energy), columns(*wanted[:2]), LANES))
    edge = np.zeros(count)
    shared: tuple[Any, ...] = (threads, orbits, leads, wanted, out, edge)
    others: list[Future[Any]] = [
        pool.submit(copy_context().run, partial(_share, thread, *shared))
        for thread in range(1, threads)
    ]
    _share(0, *shared)
    for other in others:
        other.result()
    return out, edge
