"""Normal random numbers for a block of walkers, compiled by Numba.

Numba widens every operation on 32-bit integers to 64 bits, and NumPy's float32 constants keep an
expression from becoming float64: hence the casts.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from qemlib._kernel_cache import kernel

LANES = 128  # walkers of a block, which move in step
HALF = LANES // 2

# Compiles what becomes part of a kernel.
stage = partial(kernel, forceinline=True)

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
