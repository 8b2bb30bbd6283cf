"""Two ways to cut the equations into one chain of blocks, one for each level of the oscillator.

Block j has the elements with m + n = 2j − 1 and 2j, so that the last one can be inverted: with a
cut between 2j and 2j + 1 the electrons of the highest levels would be at rest by themselves.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from qemlib.heom._equations import Equations

__all__ = ["EvenChain", "PairChain", "chain"]


def chain(equations: Equations) -> EvenChain | PairChain:
    """The chain of these equations."""
    return PairChain(equations) if equations.motion.damping else EvenChain(equations)


class EvenChain:
    """Elements with m + n = 2j alone.

    Those with odd m + n touch no others of their kind, and are eliminated: with D at rest and the
    force U from above and L from below, u_odd = −D⁻¹(U u_above + L u_below).
    """

    def __init__(self, equations: Equations) -> None:
        self.equations = equations
        self.length = equations.levels
        self._inverse, self._answers = {}, {}
        for k in range(1, equations.bandwidth + 1, 2):
            self._inverse[k] = -np.linalg.inv(equations.local(k))
            for kind in (0, 1):
                for side, force in enumerate(equations.forces):
                    self._answers[k, kind, side] = self._inverse[k] @ force[1, kind].toarray()

    def width(self, j: int) -> int:
        """Number of unknowns of block j."""
        return self.equations.width(2 * j)

    def diagonal(self, j: int) -> np.ndarray:
        """Matrix of block j on its own unknowns."""
        equations, s = self.equations, 2 * j
        matrix = np.zeros((self.width(j),) * 2)
        start = 0
        for k in equations.slots(s):
            part = slice(start, start + equations.unknowns(k))
            matrix[part, part] = equations.local(k)
            start = part.stop
        for odd in (s - 1, s + 1):
            if 0 < odd < 2 * (self.length - 1):
                matrix += equations.link(s, odd) @ self._reaction(odd, s)
        return matrix

    def lower(self, j: int) -> np.ndarray:
        """Dense matrix from block j − 1 to block j."""
        s = 2 * j
        return self.equations.link(s, s - 1) @ self._reaction(s - 1, s - 2)

    def from_above(self, j: int, ratio: np.ndarray) -> np.ndarray:
        """What block j + 1 = ratio · block j does to block j."""
        s = 2 * j
        moved = self.equations.link(s + 1, s + 2) @ ratio
        start = 0
        for k in self.equations.slots(s + 1):
            part = slice(start, start + self.equations.unknowns(k))
            moved[part] = self._inverse[k] @ moved[part]
            start = part.stop
        return self.equations.link(s, s + 1) @ moved

    def unfold(self, blocks: list[np.ndarray]) -> list[np.ndarray]:
        """All unknowns, by m + n."""
        result: list[np.ndarray] = []
        for j, x in enumerate(blocks):
            if j:
                odd = 2 * j - 1
                above, below = (self._reaction(odd, even) for even in (odd + 1, odd - 1))
                result.append(above @ x + below @ blocks[j - 1])
            result.append(x)
        return result

    def _reaction(self, odd: int, even: int) -> np.ndarray:
        """−D⁻¹ times the force from `even` on the unknowns with m + n = odd."""
        equations, step = self.equations, even - odd
        columns, stop = {}, 0
        for k in equations.slots(even):
            columns[k] = slice(stop, stop + equations.unknowns(k))
            stop = columns[k].stop
        result, start = np.zeros((equations.width(odd), stop)), 0
        for k in equations.slots(odd):
            rows = slice(start, start + equations.unknowns(k))
            for side, sign in enumerate((1, -1)):
                come = k + sign * step
                if come in columns:
                    level = (odd + sign * k) // 2 + (step > 0)
                    answer = self._answers[k, min(come, 1), side]
                    result[rows, columns[come]] += np.sqrt(level) * answer
            start = rows.stop
        return result


class PairChain:
    """Elements with m + n = 2j − 1 and 2j together, as damping needs, which joins 2j ± 1."""

    def __init__(self, equations: Equations) -> None:
        self.equations = equations
        self.length = equations.levels

    def width(self, j: int) -> int:
        """Number of unknowns of block j."""
        return sum(self.equations.width(s) for s in self._inside(j))

    def diagonal(self, j: int) -> np.ndarray:
        """Matrix of block j on its own unknowns."""
        return self.between(j, j).toarray()

    def lower(self, j: int) -> np.ndarray:
        """Dense matrix from block j − 1 to block j."""
        return self.between(j, j - 1).toarray()

    def from_above(self, j: int, ratio: np.ndarray) -> np.ndarray:
        """What block j + 1 = ratio · block j does to block j."""
        return self.between(j, j + 1) @ ratio

    def between(self, j: int, i: int) -> sparse.csr_array:
        """Sparse matrix from the unknowns of block i to those of block j."""
        parts = [[self._link(s, t) for t in self._inside(i)] for s in self._inside(j)]
        return sparse.block_array(parts, format="csr")

    def unfold(self, blocks: list[np.ndarray]) -> list[np.ndarray]:
        """All unknowns, by m + n."""
        result: list[np.ndarray] = []
        for j, x in enumerate(blocks):
            result += np.split(x, [self.equations.width(2 * j - 1)]) if j else [x]
        return result

    def _inside(self, j: int) -> tuple[int, ...]:
        return (2 * j - 1, 2 * j) if j else (0,)

    def _link(self, s: int, t: int) -> sparse.csr_array | sparse.csr_matrix:
        equations = self.equations
        if s == t:
            local = sparse.block_diag([equations.local(k) for k in equations.slots(s)])
            return local - sparse.diags_array(equations.loss(s))
        if abs(s - t) == 1:
            return equations.link(s, t)
        if abs(s - t) == 2:
            return equations.jump(s, t)
        return sparse.csr_array((equations.width(s), equations.width(t)))
