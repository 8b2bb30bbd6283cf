"""The equations of the hierarchy with the oscillator in it, as real blocks.

An element of the dot in an auxiliary operator is a matrix u(m, n) of the oscillator.  Matrix
elements with |m − n| ≤ K are kept.  The force changes s = m + n by one, and the blocks join
elements of equal s.  Two symmetries make them smaller.

Adjoint: u_ī(n, m) = ± u_i(m, n)*.  Elements with m > n and, for m = n, half of the real and
imaginary parts are enough, and the equations of these are real.

Mirror: u_i'(m, n) = ± (−1)^{m−n} u_i(m, n), where the device has it.  Half of the i are enough.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from qemlib.heom._hierarchy import Hierarchy, Symmetry

__all__ = ["Equations", "Motion"]


@dataclass(frozen=True)
class Motion:
    """What of the device is beside the electrons.

    Attributes
    ----------
    frequency, coupling : float
        ω0 and λ.
    charge : float
        N0; None for the occupation of the dot at rest.
    damping, phonons : float
        Rate at which the energy of the oscillator alone decays, and ⟨a†a⟩ to which it does.
    """

    frequency: float
    coupling: float
    charge: float | None
    damping: float = 0.0
    phonons: float = 0.0


class Equations:
    """Blocks of the equations for `levels` levels and |m − n| ≤ `bandwidth`.

    Parameters
    ----------
    hierarchy : Hierarchy
    kept : int
        Components that move; those beyond follow at once.
    motion : Motion
    levels, bandwidth : int
        At least 2 and 1.
    parity : int
        1 for operators that the mirror leaves as they are, such as the state; −1 for those that it
        turns over, such as the decaying ⟨a⟩; 0 for all.

    Attributes
    ----------
    charge : float
        N0.
    """

    def __init__(
        self,
        hierarchy: Hierarchy,
        kept: int,
        motion: Motion,
        levels: int,
        bandwidth: int,
        parity: int = 1,
    ) -> None:
        self.levels, self.bandwidth = levels, min(bandwidth, levels - 1)
        self.motion = motion
        self.charge = hierarchy.occupation if motion.charge is None else motion.charge
        self._mirror = hierarchy.mirror if parity else None
        if self._mirror is not None:
            self._mirror = Symmetry(self._mirror.partner, parity * self._mirror.signs)
        self._reduce(hierarchy, kept)
        self._bases = [self._real_basis(k) for k in range(2)]
        self._local = [self._at_rest(hierarchy, kept, k) for k in range(self.bandwidth + 1)]
        self._read = self._readings(int((hierarchy.tier[:kept] <= 1).sum()))
        self.forces = self._force_matrices()
        self._links = {
            (parity, step): self._template(parity, step) for parity in (0, 1) for step in (-1, 1)
        }

    def slots(self, s: int) -> range:
        """The m − n ≥ 0 of the unknowns with m + n = s."""
        widest = min(self.bandwidth, s, 2 * (self.levels - 1) - s)
        return range(s % 2, widest + 1, 2)

    def unknowns(self, k: int) -> int:
        """Number of real unknowns with m − n = k."""
        return self.size * (2 if k else 1)

    def width(self, s: int) -> int:
        """Number of real unknowns with m + n = s."""
        return sum(self.unknowns(k) for k in self.slots(s))

    def local(self, k: int) -> np.ndarray:
        """Matrix of the electrons at m − n = k where no force acts."""
        return self._local[k]

    def link(self, s: int, t: int) -> sparse.csr_array:
        """Sparse matrix of the force, from the unknowns with m + n = t = s ± 1 to those with s."""
        pattern, slot = self._links[s % 2, t - s]
        k = np.arange(s % 2, self.bandwidth + 1, 2)
        higher = s + (t > s) * 2
        # √m of the higher of two levels on the left, and on the right
        left, right = (np.sqrt(np.maximum(0.5 * (higher + d), 0.0)) for d in (k, -k))
        data = pattern.data.real * left[slot] + pattern.data.imag * right[slot]
        whole = sparse.csr_array((data, pattern.indices, pattern.indptr), pattern.shape)
        shape = self.width(s), self.width(t)
        return whole if whole.shape == shape else whole[: shape[0], : shape[1]]

    def loss(self, s: int) -> np.ndarray:
        """Rates at which damping takes from the unknowns with m + n = s."""
        top, phonons = self.levels - 1, self.motion.phonons
        rates = []
        for k in self.slots(s):
            up = sum(level + 1 for level in ((s + k) // 2, (s - k) // 2) if level < top)
            rate = 0.5 * self.motion.damping * ((phonons + 1.0) * s + phonons * up)
            rates.append(np.full(self.unknowns(k), rate))
        return np.concatenate(rates)

    def jump(self, s: int, t: int) -> sparse.csr_array:
        """Sparse matrix of damping's jumps, from the unknowns with m + n = t = s ± 2 to s."""
        up, rates = int(t > s), []
        for k in self.slots(s):
            product = ((s + k) // 2 + up) * ((s - k) // 2 + up)
            rate = self.motion.damping * (self.motion.phonons + up) * np.sqrt(product)
            rates.append(np.full(self.unknowns(k), rate))
        shape = self.width(s), self.width(t)
        diagonal = np.concatenate(rates)[: min(shape)]
        return sparse.diags_array(diagonal, shape=shape, format="csr")

    def elements(self, s: int, x: np.ndarray) -> dict[int, np.ndarray]:
        """u(m, n) of the first components, by m − n ≥ 0, from the real unknowns with m + n = s."""
        result, start = {}, 0
        for k in self.slots(s):
            part = x[start : start + self.unknowns(k)]
            result[k] = self._read[0 if k == 0 else 1 + k % 2] @ part
            start += self.unknowns(k)
        return result

    def _reduce(self, hierarchy: Hierarchy, kept: int) -> None:
        """Components that stand for all, and the partners of these under the adjoint."""
        mirror, own = self._mirror, np.arange(kept)
        kept_ones = own if mirror is None else own[own <= mirror.partner[:kept]]
        place = np.full(kept, -1)
        place[kept_ones] = np.arange(kept_ones.size)
        partner = hierarchy.adjoint.partner[kept_ones]
        sign = hierarchy.adjoint.signs[kept_ones]
        outside = place[partner] < 0
        if mirror is not None:
            sign = np.where(outside, sign * mirror.signs[partner], sign)
            partner = np.where(outside, mirror.partner[partner], partner)
        self._kept, self._place, self.size = kept_ones, place, kept_ones.size
        self._occupied = hierarchy.occupied[:, kept_ones]
        # u_i(−k) = (its sign, times −1 if alternating and k is odd) u_partner(k)*
        self._partner, self._sign = place[partner], sign
        self._alternates = np.where(outside, -1.0, 1.0)

    def _readings(self, count: int) -> list[np.ndarray]:
        """Matrices that give the first `count` components at m − n = 0, even and odd m − n > 0."""
        first, mirror = np.arange(count), self._mirror
        stands = self._place[first] >= 0
        sign = np.ones(count)
        if mirror is not None:
            sign[~stands] = mirror.signs[first[~stands]]
            first = np.where(stands, first, mirror.partner[first])
        odd = np.where(stands, 1.0, -1.0) * sign
        rows = self._place[first]
        return [
            signs[:, None] * self._bases[kind][0][rows].toarray()
            for kind, signs in ((0, sign), (1, sign), (1, odd))
        ]

    def _at_rest(self, hierarchy: Hierarchy, kept: int, k: int) -> np.ndarray:
        full = hierarchy.closed(kept, 1j * self.motion.frequency * k)[self._kept]
        matrix = full[:, self._kept]
        if self._mirror is not None:
            other = np.flatnonzero(self._place < 0)
            columns = self._place[self._mirror.partner[other]]
            matrix[:, columns] += full[:, other] * ((-1.0) ** k * self._mirror.signs[other])
        to, back = self._bases[min(k, 1)]
        return (back @ (matrix @ to)).real

    def _real_basis(self, k: int) -> tuple[sparse.csr_array, sparse.csr_array]:
        """T and S: u = T x with real x, and x = Re S u."""
        one = sparse.eye_array(self.size, format="csr", dtype=complex)
        if k:
            to = sparse.hstack([one, 1j * one], format="csr")
            return to, to.conj().T.tocsr()
        # At m = n a component is ± the adjoint of its own, and real or imaginary; or it is
        # (x + iy)/√2 and its partner ± (x − iy)/√2.
        i = np.arange(self.size)
        single = self._partner == i
        first = i < self._partner
        diagonal = np.where(self._sign > 0, 1.0, 1j)[single]
        a, b, sign = i[first], self._partner[first], self._sign[first]
        rows = np.concatenate([i[single], a, a, b, b])
        columns = np.concatenate([i[single], a, b, a, b])
        ones = np.full(a.size, np.sqrt(0.5))
        values = np.concatenate([diagonal, ones, 1j * ones, sign * ones, -1j * sign * ones])
        to = sparse.csr_array((values, (rows, columns)), one.shape)
        return to, to.conj().T.tocsr()

    def _force_matrices(self) -> list[dict[tuple[int, int], sparse.csr_array]]:
        """Real matrices of iλ(a − N0) and −iλ(b − N0), by the m − n they lead to and come from.

        1 stands for all m − n > 0; those from −1 to 0 are needed too.
        """
        i = np.arange(self.size)
        shape = (self.size, self.size)
        conjugate = sparse.csr_array((self._sign * self._alternates, (i, self._partner)), shape)
        (zero, to_zero), (one, to_one) = self._bases
        source = {0: zero, 1: one, -1: conjugate @ one.conj()}
        target = {0: to_zero, 1: to_one}
        result = []
        for side, sign in zip(self._occupied, (1.0, -1.0), strict=True):
            factor = 1j * sign * self.motion.coupling * (side - self.charge)
            force = sparse.diags_array(factor)
            result.append(
                {
                    (to, come): (target[to] @ (force @ source[come])).real.tocsr()
                    for to, come in ((0, 1), (0, -1), (1, 0), (1, 1))
                }
            )
        return result

    def _template(self, parity: int, step: int) -> tuple[sparse.csr_array, np.ndarray]:
        """Links from all slots of one parity to the other's, but for the levels in them.

        Real parts act on the left, imaginary parts on the right: m' = m + step, or n' = n + step.
        Beside it the slot of each entry's row.
        """
        targets = range(parity, self.bandwidth + 1, 2)
        sources = range(1 - parity, self.bandwidth + 1, 2)
        rows = []
        for k in targets:
            row = []
            for q in sources:
                total = sparse.csr_array((self.unknowns(k), self.unknowns(q)), dtype=complex)
                for side, sign, unit in zip(self.forces, (1, -1), (1.0, 1j), strict=True):
                    come = k + sign * step
                    if abs(come) == q:
                        total = total + unit * side[min(k, 1), min(come, 1)]
                row.append(total)
            rows.append(row)
        pattern = sparse.block_array(rows, format="csr")
        slots = np.repeat(np.arange(len(targets)), [self.unknowns(k) for k in targets])
        return pattern, np.repeat(slots, np.diff(pattern.indptr))
