"""Memory and time of a solution, before it is made."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from qemlib.heom._elimination import solved, stored_ratios
from qemlib.heom._hierarchy import components, full_depth
from qemlib.heom._solution import Resolution

__all__ = ["Cost", "cost"]

# Numbers in a double, and square blocks that a level needs beside its R while it is worked on.
_BYTES, _WORKING = 8.0, 6
# Operations on a block of n unknowns, in n³: solving, and the force from above.
_OPERATIONS = 4.0
# What a level takes however small it is (seconds on a slow machine).
_LEAST = 2e-3
_SAMPLE = 384


@dataclass(frozen=True)
class Cost:
    """Bytes and seconds, and whether each block is found twice to save the former."""

    bytes: float
    seconds: float
    thrifty: bool


def cost(
    resolution: Resolution, exponents: int, mirrored: bool, damped: bool, memory_limit: float
) -> Cost:
    """What one solution takes.

    Parameters
    ----------
    resolution : Resolution
    exponents : int
        Of both leads together.
    mirrored, damped : bool
        Whether the mirror halves the blocks, and whether damping doubles them.
    memory_limit : float
        Bytes beyond which blocks are found twice.
    """
    depth = min(resolution.depth, full_depth(exponents))
    size = components(exponents, depth) / (2 if mirrored else 1)
    n = size * (min(resolution.bandwidth, resolution.levels - 1) + 1.0) * (2 if damped else 1)
    block = _BYTES * n**2
    plain, thrifty = (
        block * (stored_ratios(resolution.levels, saves) + _WORKING) for saves in (False, True)
    )
    seconds = resolution.levels * (_OPERATIONS * n**3 / _speed() + _LEAST)
    if plain <= memory_limit:
        return Cost(plain, seconds, False)
    return Cost(thrifty, 2.0 * seconds, True)


@lru_cache(maxsize=1)
def _speed() -> float:
    """Operations a second of one processor, as the solution of one block of medium size shows."""
    matrix = np.eye(_SAMPLE) + 1.0 / (1.0 + np.add.outer(*[np.arange(1.0, _SAMPLE + 1)] * 2))
    fastest = np.inf
    for _ in range(2):
        start = time.process_time()
        solved(matrix, matrix, 0)
        fastest = min(fastest, time.process_time() - start)
    return 8.0 / 3.0 * _SAMPLE**3 / fastest
