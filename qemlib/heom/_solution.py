"""One stationary state of the hierarchy, at one resolution."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from qemlib.heom import _moments
from qemlib.heom._chains import chain
from qemlib.heom._elimination import null_vector
from qemlib.heom._equations import Equations, Motion
from qemlib.heom._hierarchy import Hierarchy, components, full_depth
from qemlib.heom.exponentials import Exponentials

__all__ = ["Resolution", "Solution", "deepest", "equations_of", "solution"]

# Tiers that follow at once: down to the first of these depths, with no more components than this.
_DEEPEST, _MOST_COMPONENTS = 4, 8000


@dataclass(frozen=True)
class Resolution:
    """Where the hierarchy and the oscillator are cut off.

    Attributes
    ----------
    terms : int
        Exponentials of each lead, for each sign: one of the band and the Padé terms, or as many as
        were given.
    depth : int
        Deepest auxiliary operators that move; those below follow them at once.
    bandwidth : int
        K: matrix elements ρ_mn with |m − n| ≤ K are kept.
    levels : int
        Levels of the oscillator.
    """

    terms: int
    depth: int
    bandwidth: int
    levels: int

    @property
    def pade_terms(self) -> int:
        """Padé terms of each lead where its exponentials are those of a Lorentzian."""
        return self.terms - 1


@dataclass(frozen=True, eq=False)
class Solution:
    """The state of the oscillator, alone and with the dot occupied, and the current.

    Attributes
    ----------
    coherences, charged : ndarray, shape (K + 1, levels), complex
        ρ_{n+k,n} and (c†c ρ)_{n+k,n} in row k; zero beyond the levels.
    currents : tuple of float
        From the left and from the right lead into the dot.
    charge : float
        N0.
    """

    coherences: np.ndarray
    charged: np.ndarray
    currents: tuple[float, float]
    charge: float

    @cached_property
    def populations(self) -> np.ndarray:
        """ρ_nn."""
        return self.coherences[0].real

    @cached_property
    def phonon_number(self) -> float:
        """⟨a†a⟩."""
        return _moments.phonon_number(self.coherences)

    @cached_property
    def g2(self) -> float:
        """⟨a†a†aa⟩/⟨a†a⟩²; NaN in the ground state."""
        return _moments.g2(self.coherences)

    @property
    def occupation(self) -> float:
        """⟨c†c⟩."""
        return float(self.charged[0].real.sum())

    @property
    def current(self) -> float:
        """From left to right."""
        return 0.5 * (self.currents[0] - self.currents[1])

    @property
    def correlation(self) -> float:
        """⟨(a + a†)(c†c − N0)⟩."""
        return 2.0 * _moments.amplitude(self.charged - self.charge * self.coherences).real


def deepest(exponents: int, depth: int) -> int:
    """Depth of the last operators that follow at once, for exponentials of both leads together."""
    reach = min(max(_DEEPEST, depth + 1), full_depth(exponents))
    while reach > depth and components(exponents, reach) > _MOST_COMPONENTS:
        reach -= 1
    return max(reach, min(depth, full_depth(exponents)))


def solution(
    leads: tuple[Exponentials, Exponentials],
    level: float,
    motion: Motion,
    resolution: Resolution,
    *,
    reach: int | None = None,
    thrifty: bool = False,
    bar: Any = None,
) -> Solution:
    """Stationary state at one resolution.

    Parameters
    ----------
    leads : pair of Exponentials
    level : float
    motion : Motion
        With charge None for that of the dot at rest.
    resolution : Resolution
    reach : int, optional
        Depth of the last operators that follow at once; what is deeper is left out.
    thrifty, bar
        As for `null_vector`.
    """
    hierarchy, equations = equations_of(leads, level, motion, resolution, reach=reach)
    links = chain(equations)
    return _read(equations, hierarchy, links.unfold(null_vector(links, thrifty, bar)))


def equations_of(
    leads: tuple[Exponentials, Exponentials],
    level: float,
    motion: Motion,
    resolution: Resolution,
    *,
    reach: int | None = None,
    parity: int = 1,
) -> tuple[Hierarchy, Equations]:
    """The hierarchy at one resolution, and its equations."""
    exponents = sum(lead.terms for lead in leads)
    depth = min(resolution.depth, full_depth(exponents))
    reach = deepest(exponents, depth) if reach is None else min(reach, full_depth(exponents))
    hierarchy = Hierarchy(*leads, level, max(depth, reach))
    kept = int(np.searchsorted(hierarchy.tier, depth, side="right"))
    cut = resolution.levels, resolution.bandwidth
    return hierarchy, Equations(hierarchy, kept, motion, *cut, parity)


def _read(equations: Equations, hierarchy: Hierarchy, unknowns: list[np.ndarray]) -> Solution:
    tunnelling = [hierarchy.tunnelling(lead) for lead in (0, 1)]
    shape = (equations.bandwidth + 1, equations.levels)
    whole, charged = np.zeros(shape, dtype=complex), np.zeros(shape, dtype=complex)
    currents = np.zeros(2)
    for s, x in enumerate(unknowns):
        for k, u in equations.elements(s, x).items():
            n = (s - k) // 2
            whole[k, n], charged[k, n] = u[0] + u[1], u[1]
            if k == 0:
                currents += [(weights @ u).real for weights in tunnelling]
    trace = float(whole[0].real.sum())
    left, right = (currents / trace).tolist()
    return Solution(whole / trace, charged / trace, (left, right), equations.charge)
