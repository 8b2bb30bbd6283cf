"""The vector that a chain of blocks annihilates, from its far end to its beginning and back.

Block j obeys A_j x_j + U_j x_{j+1} + L_j x_{j−1} = 0.  From the last block on, x_j = R_j x_{j−1}
with R_j = −(A_j + U_j R_{j+1})⁻¹ L_j.  What is left at the first block has the trace as the null
vector of its transpose: one of its equations is spare, and fixes the scale of x_0 instead.

The R_j fill the memory.  Where they must not, only some are kept, and the others are found once
more on the way back.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg.lapack import dgesv

from qemlib.errors import ConvergenceError
from qemlib.heom._chains import EvenChain, PairChain

__all__ = ["null_vector", "solved", "stored_ratios"]

# Of the largest number: beyond it, all that was found so far is made smaller.
_LARGE = 1e100


def stored_ratios(length: int, thrifty: bool) -> int:
    """How many of the R_j are in memory at once."""
    return length if not thrifty else 2 * int(np.ceil(np.sqrt(length)))


def null_vector(
    chain: EvenChain | PairChain, thrifty: bool = False, bar: Any = None
) -> list[np.ndarray]:
    """x_0, x_1, … with the first unknown of block 0 positive, not normalised.

    Parameters
    ----------
    chain : EvenChain or PairChain
    thrifty : bool
        Whether to find the R_j twice and keep only about 2√length of them.
    bar : tqdm, optional
        Told of each R_j.
    """
    length = chain.length
    stride = int(np.ceil(np.sqrt(length))) if thrifty else length
    spans = [(start, min(start + stride, length)) for start in range(1, length, stride)]
    ratio: np.ndarray | None = None
    beyond: list[np.ndarray | None] = []
    found: list[np.ndarray] = []
    for span in reversed(spans):
        beyond.append(ratio)  # the first R_j after the span
        found = _ratios(chain, span, ratio, bar, only_first=thrifty)
        ratio = found[0]
    blocks = [_first(chain, ratio)]
    for span in spans:
        if thrifty:
            found = _ratios(chain, span, beyond.pop(), bar)
        for each in found:
            blocks.append(each @ blocks[-1])
            size = np.abs(blocks[-1]).max()
            if size > _LARGE:
                blocks = [block / size for block in blocks]
    return blocks


def _ratios(
    chain: EvenChain | PairChain,
    span: tuple[int, int],
    ratio: np.ndarray | None,
    bar: Any,
    only_first: bool = False,
) -> list[np.ndarray]:
    """R_j of a span, or only the first of them, from the one that follows."""
    found = []
    for j in reversed(range(*span)):
        matrix = chain.diagonal(j)
        if ratio is not None:
            matrix += chain.from_above(j, ratio)
        ratio = solved(matrix, chain.lower(j), j)
        found.append(ratio)
        if only_first:
            del found[:-1]
        if bar is not None:
            bar.update()
    return found[::-1]


def solved(matrix: np.ndarray, right: np.ndarray, j: int) -> np.ndarray:
    """−X where matrix · X = right; ConvergenceError, naming level j, if there is none."""
    _, _, solution, failed = dgesv(matrix, right, overwrite_b=1)
    if failed or not np.isfinite(solution).all():
        raise ConvergenceError(f"full_quantum: the equations of level {j} have no single solution")
    return -solution


def _first(chain: EvenChain | PairChain, ratio: np.ndarray | None) -> np.ndarray:
    matrix = chain.diagonal(0)
    if ratio is not None:
        matrix += chain.from_above(0, ratio)
    matrix[0] = 0.0
    matrix[0, 0] = 1.0
    return np.linalg.solve(matrix, np.eye(len(matrix))[0])
