"""The auxiliary operators of two leads, and the generator that joins them on a dot at rest.

With j = (σ, α, l) for the exponential l of C_α^σ, σ = ±, each set J of n different j has an
auxiliary operator ρ_J of the dot and the oscillator, ρ_∅ = ρ the first, and

    dρ_J/dt = −i[H, ρ_J] − Σ_{j∈J} γ_j ρ_J
              − i Σ_{j∉J} A_j ρ_{J+j} − i Σ_r (−)^{n−r} C_{j_r} ρ_{J−j_r},
    A_j ρ = c^σ̄ ρ − (−)^n ρ c^σ̄,    C_j ρ = η_j c^σ ρ + (−)^n η_j̄* ρ c^σ,

c⁺ = c†, c⁻ = c, n indices in J, j added as the last, and j̄ with the other σ (Jin, Zheng and Yan,
J. Chem. Phys. 128, 234703 (2008)).  A_j acts on ρ_{J+j} and C_j on ρ_{J−j}.  Charge is conserved:
ρ_J keeps those elements |a⟩⟨b| of the dot whose a − b is the charge Σσ of J.  So |Σσ| ≤ 1, and ρ_J
has two elements or one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import comb
from typing import TypeAlias

import numpy as np
from scipy import sparse

from qemlib.heom.exponentials import Exponentials

__all__ = ["Hierarchy", "Symmetry", "components", "full_depth"]

# An element |a⟩⟨b| of ρ_J: J, a and b.
_Label: TypeAlias = tuple[tuple[int, ...], int, int]


def full_depth(exponents: int) -> int:
    """Depth at which the hierarchy of so many exponentials of each sign ends by itself."""
    return 2 * exponents


def components(exponents: int, depth: int) -> int:
    """Number of elements of the dot in all auxiliary operators down to a depth."""
    return sum(
        (2 if plus == minus else 1) * comb(exponents, plus) * comb(exponents, minus)
        for plus, minus in _charges(depth)
    )


def _charges(depth: int) -> Iterator[tuple[int, int]]:
    for tier in range(depth + 1):
        for plus in range(tier + 1):
            if abs(2 * plus - tier) <= 1:
                yield plus, tier - plus


@dataclass(frozen=True, eq=False)
class Symmetry:
    """u_i → signs_i u_{partner_i}: a permutation with signs that is its own inverse."""

    partner: np.ndarray
    signs: np.ndarray


class Hierarchy:
    """Elements of the dot in the auxiliary operators, and their generator at x = 0.

    Parameters
    ----------
    left, right : Exponentials
        Of the two leads.
    level : float
        Energy ε of the dot.
    depth : int
        Operators ρ_J with more than `depth` indices are left out.

    Attributes
    ----------
    tier : ndarray of int, shape (components,)
        Number of indices of the operator that the component belongs to.
    occupied : ndarray of int, shape (2, components)
        Whether the dot is occupied to the left, and to the right: |a⟩⟨b| has (a, b).
    generator : sparse array, shape (components, components), complex
    """

    def __init__(self, left: Exponentials, right: Exponentials, level: float, depth: int) -> None:
        self._leads = (left, right)
        self._owner = np.repeat([0, 1], [left.terms, right.terms])
        self._first = np.array([0, left.terms])
        eta = [
            np.concatenate([getattr(side, name) for side in self._leads])
            for name in ("weights_plus", "weights_minus")
        ]
        gamma = np.concatenate([left.rates, right.rates])
        # Index j = 2e + (0 for σ = +, 1 for σ = −) of the exponential e.
        self._eta = np.stack(eta, axis=1).ravel()
        self._gamma = np.stack([gamma, gamma.conj()], axis=1).ravel()
        self._level = level
        self.labels = list(self._labels(depth))
        self._index = {label: i for i, label in enumerate(self.labels)}
        self.tier = np.array([len(indices) for indices, _, _ in self.labels])
        self.occupied = np.array([(a, b) for _, a, b in self.labels]).T

    def _labels(self, depth: int) -> Iterator[_Label]:
        numbers = range(self._owner.size)
        for plus, minus in sorted(_charges(depth), key=sum):
            elements = [(0, 0), (1, 1)] if plus == minus else [(1, 0) if plus > minus else (0, 1)]
            for up in combinations([2 * e for e in numbers], plus):
                for down in combinations([2 * e + 1 for e in numbers], minus):
                    for a, b in elements:
                        yield tuple(sorted(up + down)), a, b

    @cached_property
    def generator(self) -> sparse.csc_array:
        """The generator at x = 0 without the oscillator."""
        rows, columns, values = [], [], []
        for row, label in enumerate(self.labels):
            for source, value in self._sources(*label):
                column = self._index.get(source)
                if column is not None:
                    rows.append(row)
                    columns.append(column)
                    values.append(value)
        size = len(self.labels)
        return sparse.csc_array((values, (rows, columns)), (size, size), dtype=complex)

    def _sources(
        self, indices: tuple[int, ...], a: int, b: int
    ) -> Iterator[tuple[_Label, complex]]:
        """What drives the element |a⟩⟨b| of ρ_J: the elements that do, and how strongly."""
        n, odd = len(indices), (-1.0) ** len(indices)
        decay = sum(self._gamma[j] for j in indices)
        yield (indices, a, b), -decay - 1j * self._level * (a - b)
        for r, j in enumerate(indices):  # from ρ_{J−j}, by C_j
            fewer, sign = indices[:r] + indices[r + 1 :], (-1.0) ** (n - 1 - r)
            occupies = 1 - j % 2  # c^σ = |occupies⟩⟨1 − occupies|
            if a == occupies:
                yield (fewer, 1 - a, b), -1j * sign * self._eta[j]
            if b == 1 - occupies:
                yield (fewer, a, 1 - b), -1j * sign * odd * self._eta[j ^ 1].conj()
        for j in range(self._gamma.size):  # from ρ_{J+j}, by A_j
            if j in indices:
                continue
            sign = (-1.0) ** sum(other > j for other in indices)
            more, empties = tuple(sorted((*indices, j))), 1 - j % 2  # c^σ̄ = |1 − empties⟩⟨empties|
            if a == 1 - empties:
                yield (more, 1 - a, b), -1j * sign
            if b == empties:
                yield (more, a, 1 - b), 1j * sign * odd

    @cached_property
    def adjoint(self) -> Symmetry:
        """(ρ_J^{ab})† = sign · ρ_J̄^{ba}, with all σ of J turned over."""
        return self._symmetry(lambda j: j ^ 1, lambda a, b: (b, a), reverses=True)

    @cached_property
    def mirror(self) -> Symmetry | None:
        """c → c†, left ↔ right, for a device that it leaves as it is; else None."""
        left, right = self._leads
        if self._level != 0.0 or not left.mirrors(right):
            return None

        def turned(j: int) -> int:
            lead = self._owner[j // 2]
            return 2 * (j // 2 - self._first[lead] + self._first[1 - lead]) + (1 - j % 2)

        return self._symmetry(turned, lambda a, b: (1 - a, 1 - b), reverses=False)

    def _symmetry(
        self,
        of_index: Callable[[int], int],
        of_element: Callable[[int, int], tuple[int, int]],
        reverses: bool,
    ) -> Symmetry:
        partner, signs = [], []
        for indices, a, b in self.labels:
            images = [of_index(j) for j in indices]
            if reverses:
                images.reverse()
            partner.append(self._index[(tuple(sorted(images)), *of_element(a, b))])
            signs.append(_parity(images))
        return Symmetry(np.array(partner), np.array(signs, dtype=float))

    @cached_property
    def occupation(self) -> float:
        """⟨c†c⟩ at x = 0; one half where the mirror says so."""
        if self.mirror is not None:
            return 0.5
        rates = self.closed(2, 0.0).real
        return float(rates[1, 0] / (rates[1, 0] + rates[0, 1]))

    def tunnelling(self, lead: int) -> np.ndarray:
        """Weights of the components down to depth 1 in the current from a lead into the dot."""
        first = [label for label in self.labels if len(label[0]) <= 1]
        weights = np.zeros(len(first), dtype=complex)
        for i, (indices, a, b) in enumerate(first):
            if indices and self._owner[indices[0] // 2] == lead:
                weights[i] = 1j * (a - b)
        return weights

    def closed(self, kept: int, shift: complex) -> np.ndarray:
        """The generator less `shift` on the first components, dense, the others following at once.

        `kept` components end with a tier.  What follows is at rest beside what is kept: exact while
        the oscillator stands still at x = 0.
        """
        whole, depth = self.generator, self.tier[kept - 1]
        ends = np.searchsorted(self.tier, np.arange(self.tier[-1] + 2))
        below = sparse.csr_array((kept, kept))
        for tier in range(self.tier[-1], depth, -1):
            here, under = slice(ends[tier], ends[tier + 1]), slice(ends[tier - 1], ends[tier])
            if tier == self.tier[-1]:  # a tier alone is diagonal
                inner = sparse.diags_array(1.0 / (whole[here, here].diagonal() - shift))
                below = whole[under, here] @ inner @ whole[here, under]
            else:
                matrix = whole[here, here].toarray() - below.toarray()
                matrix[np.diag_indices_from(matrix)] -= shift
                below = sparse.csr_array(
                    whole[under, here] @ np.linalg.solve(matrix, whole[here, under].toarray())
                )
        result = whole[:kept, :kept].toarray()
        result[np.diag_indices(kept)] -= shift
        if depth < self.tier[-1]:
            result[ends[depth] :, ends[depth] :] -= below.toarray()
        return result


def _parity(sequence: Sequence[int]) -> float:
    swaps = sum(x > y for i, x in enumerate(sequence) for y in sequence[i + 1 :])
    return -1.0 if swaps % 2 else 1.0
