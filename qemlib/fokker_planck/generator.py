"""The generator of (A24) in Hermite functions, and its null vector by block elimination.

In p the operators of (A24) are ladder operators that couple a level to its neighbours and to its
next neighbours.  Grouping the levels of p in pairs makes the generator block tridiagonal, with
blocks that hold the x direction.  Eliminating the blocks from the highest level down is the matrix
continued fraction method of Risken (The Fokker-Planck Equation, ch. 9).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from scipy.linalg import get_lapack_funcs
from scipy.sparse import block_array, csr_array

from qemlib._special.hermite import derivative_matrix, position_matrix, quadrature_between
from qemlib.fokker_planck.basis import Basis
from qemlib.motion.model import LangevinModel

__all__ = ["Generator", "generator_of"]

Levels = list[tuple[int, np.ndarray]]  # p levels of a block, and the x functions of each
Blocks = list[np.ndarray]  # a vector, or what stands in the blocks of a row of a matrix
InX = Callable[[np.ndarray, np.ndarray], np.ndarray]  # rows and columns of a matrix in x


@dataclass(frozen=True, eq=False)
class Generator:
    """Block tridiagonal generator; block b holds the p levels 2b and 2b + 1."""

    diagonal: Blocks
    upper: Blocks  # block b from block b + 1
    lower: Blocks  # block b + 1 from block b
    indices: list[Levels]  # of each block
    size: int

    def apply(self, vector: Blocks) -> Blocks:
        """L c, block by block."""
        result = [d @ v for d, v in zip(self.diagonal, vector, strict=True)]
        for b, (up, low) in enumerate(zip(self.upper, self.lower, strict=True)):
            result[b] += up @ vector[b + 1]
            result[b + 1] += low @ vector[b]
        return result

    def unpack(self, vector: Blocks) -> np.ndarray:
        """Blocks to the matrix c[x function, p level]."""
        coefficients = np.zeros((self.size, self.size))
        for block, values in zip(self.indices, vector, strict=True):
            start = 0
            for level, functions in block:
                coefficients[functions, level] = values[start : start + functions.size]
                start += functions.size
        return coefficients

    def pack(self, coefficients: np.ndarray) -> Blocks:
        """The matrix c[x function, p level] to blocks: the inverse of `unpack`."""
        return [
            np.concatenate([coefficients[functions, level] for level, functions in block])
            for block in self.indices
        ]

    def sparse(self) -> csr_array:
        """L as one sparse matrix on the blocks, one after the other."""
        count = len(self.diagonal)
        rows: list[list[np.ndarray | None]] = [[None] * count for _ in range(count)]
        for b, diagonal in enumerate(self.diagonal):
            rows[b][b] = diagonal
        for b, (upper, lower) in enumerate(zip(self.upper, self.lower, strict=True)):
            rows[b][b + 1], rows[b + 1][b] = upper, lower
        return block_array(rows, format="csr")

    def of_all(self, coefficients: np.ndarray) -> np.ndarray:
        """L c of the matrix c[x function, p level], as far as this parity goes."""
        return self.unpack(self.apply(self.pack(coefficients)))

    def solve(self, coefficients: np.ndarray) -> np.ndarray:
        """The matrix c of L c = coefficients."""
        return self.unpack(_eliminate(self)(self.pack(coefficients)))

    def solve_shifted(self, shift: complex, right: Blocks) -> Blocks:
        """The vector c of (L + shift) c = right, block by block; complex."""
        return self.shifted_solver(complex(shift))([v.astype(complex) for v in right])

    def shifted_solver(self, shift: complex) -> Callable[[Blocks], Blocks]:
        """What solves (L + shift) c = right, for a right-hand side as real or complex as shift."""
        shifted = replace(self, diagonal=[d + shift * np.eye(len(d)) for d in self.diagonal])
        return _eliminate(shifted)

    def null_vector(self) -> np.ndarray:
        """Coefficients c with L c ≈ 0, by inverse iteration."""
        solve = _eliminate(self)
        vector = [np.zeros(len(b)) for b in self.diagonal]
        vector[0][0] = 1.0
        for _ in range(3):
            vector = solve(vector)
            norm = np.sqrt(sum(v @ v for v in vector))
            vector = [v / norm for v in vector]
        return self.unpack(vector)

    def residual(self, coefficients: np.ndarray) -> float:
        """‖L c‖/‖c‖."""
        result = self.apply(self.pack(coefficients))
        return float(np.sqrt(sum(r @ r for r in result)) / np.linalg.norm(coefficients))


def generator_of(
    model: LangevinModel, basis: Basis, odd: bool = False, motion: bool = True
) -> Generator:
    """(A24) in Hermite functions, with x and p in units of x0 and p0.

    With these,

    L W = −ω0 p ∂_x W + ∂_p[(ω0 x − F⟨n⟩/p0 + γp) W] + (D/2p0²) ∂²_p W.

    For a mirrored model, in a basis around 0, it acts on even functions of (x, p), or on odd ones
    if `odd`.  Without `motion` it is friction and noise.
    """
    size, width = basis.size, basis.width
    x0, p0, omega0 = model.x0, model.p0, model.frequency
    in_x = _matrices(model, basis)
    # p and ∂_p in a space two larger, so that products are not truncated.
    derivative, momentum = derivative_matrix(size + 2, width), position_matrix(size + 2, width)

    def inner(wide: np.ndarray) -> np.ndarray:
        return wide[:size, :size]

    terms: list[tuple[InX, np.ndarray]] = [
        (in_x(model.damping_at, 1), inner(derivative @ momentum)),
        (in_x(lambda x: 0.5 * model.diffusion_at(x) / p0**2, 1), inner(derivative @ derivative)),
    ]
    if motion:
        terms[:0] = [
            (lambda rows, columns: -omega0 * derivative[np.ix_(rows, columns)], inner(momentum)),
            (in_x(lambda x: omega0 * x / x0 - model.force_at(x) / p0, -1), inner(derivative)),
        ]
    return _in_blocks(terms, size, _block_indices(size, _mirrored(model, basis), odd))


def _mirrored(model: LangevinModel, basis: Basis) -> bool:
    """Whether functions of one parity are moved into their like."""
    return basis.middle == 0.0 and model.mirrored


def _matrices(model: LangevinModel, basis: Basis) -> Callable[[Callable, int], InX]:
    """What makes ∫dx h_j f h_k of a function f(x) and of the parity it has where that is mirrored.

    The coefficients are splines: at the points of the grid a high derivative jumps.  Nodes that do
    not know of it leave an error that changes with the basis, but need not do so visibly.
    """
    grid, mirrored = model.x / model.x0 - basis.middle, _mirrored(model, basis)
    low = 0.0 if mirrored else grid[0]
    local, weight = quadrature_between(grid, basis.size, basis.width, low, grid[-1])
    functions = basis.functions(local)

    def values(function: Callable, side: int) -> np.ndarray:
        x = side * model.x0 * (local + basis.middle)
        return function(np.clip(x, model.x[0], model.x[-1]))

    def matrix(function: Callable, parity: int) -> InX:
        both = values(function, 1)
        if mirrored:  # the other half of the axis
            both = both + parity * values(function, -1)
        weighted = functions * (weight * both)
        return lambda rows, columns: (functions[columns] @ weighted[rows].T).T

    return matrix


def _in_blocks(terms: list[tuple[InX, np.ndarray]], size: int, indices: list[Levels]) -> Generator:
    """The sum of products of a matrix in x and one in p, which couples next neighbours at most."""
    parts = {}  # of the matrices in x: all of them, or what couples functions of given parities

    def part(term: int, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        key = term, rows[0], columns[0]
        if key not in parts:
            parts[key] = np.asfortranarray(terms[term][0](rows, columns))
        return parts[key]

    def block(rows: Levels, columns: Levels) -> np.ndarray:
        shape = (sum(f.size for _, f in rows), sum(f.size for _, f in columns))
        result = np.zeros(shape, order="F")
        below = 0
        for i, fi in rows:
            beside = 0
            for j, fj in columns:
                here = result[below : below + fi.size, beside : beside + fj.size]
                for term, (_, in_p) in enumerate(terms):
                    if in_p[i, j] != 0.0:
                        here += in_p[i, j] * part(term, fi, fj)
                beside += fj.size
            below += fi.size
        return result

    pairs = list(pairwise(indices))
    return Generator(
        diagonal=[block(rows, rows) for rows in indices],
        upper=[block(rows, columns) for rows, columns in pairs],
        lower=[block(columns, rows) for rows, columns in pairs],
        indices=indices,
        size=size,
    )


def _block_indices(size: int, mirrored: bool, odd: bool) -> list[Levels]:
    """(p level, x functions) of each block; a mirrored model needs only j + n of one parity."""
    every = np.arange(size)

    def functions(level: int) -> np.ndarray:
        return every[every % 2 == (level + odd) % 2] if mirrored else every

    return [
        [(level, functions(level)) for level in (start, start + 1) if level < size]
        for start in range(0, size, 2)
    ]


def _eliminate(blocks: Generator) -> Callable[[Blocks], Blocks]:
    """Eliminate from the highest p levels down; returns a solver for L c = b."""
    count = len(blocks.diagonal)
    # LAPACK itself: the blocks are small, and many.
    factor, substitute = get_lapack_funcs(("getrf", "getrs"), (blocks.diagonal[0],))
    factors: list[tuple[np.ndarray, ...]] = [()] * count
    carried: list[np.ndarray] = [np.empty(0)] * (count - 1)  # U_b S_{b+1}^{−1}

    factors[-1] = factor(blocks.diagonal[-1])
    for b in range(count - 2, -1, -1):
        carried[b] = substitute(*factors[b + 1][:2], blocks.upper[b].T, trans=1)[0].T
        schur = blocks.diagonal[b] - carried[b] @ blocks.lower[b]
        factors[b] = factor(schur, overwrite_a=True)

    def solve(right: Blocks) -> Blocks:
        reduced = list(right)
        for b in range(count - 2, -1, -1):
            reduced[b] = right[b] - carried[b] @ reduced[b + 1]
        result = [substitute(*factors[0][:2], reduced[0])[0]]
        for b in range(1, count):
            rest = reduced[b] - blocks.lower[b - 1] @ result[-1]
            result.append(substitute(*factors[b][:2], rest)[0])
        return result

    return solve
