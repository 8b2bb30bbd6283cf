"""Hermite functions of x times those of p: the one basis in which W is expanded, Eq. (A24)'s too.

W(α) = Σ_jn c_jn h_j(x − middle) h_n(p) with x and p in units of x0 and p0; rows of c are x.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from qemlib._special.hermite import hermite_functions, position_matrix, quadrature

__all__ = ["Basis", "disk"]

# W beside its largest value at the edge of a state, in so many directions; how far out that is
# looked for, in steps of so much.
_NOTHING, _DIRECTIONS, _WIDER, _MOST = 1e-11, 128, 1.05, 12


@dataclass(frozen=True)
class Basis:
    """So many functions of x, and of p, of one width, those of x around `middle`.

    Examples
    --------
    The vacuum, W(α) = (2/π) e^{−2|α|²}, is h_0 h_0 of width 1/2:

    >>> import numpy as np
    >>> basis = Basis(4, 0.5)
    >>> x, _ = basis.nodes
    >>> c = basis.project(2 / np.pi * np.exp(-2 * (x[:, None] ** 2 + x**2)))
    >>> bool(np.abs(c.ravel()[1:]).max() < 1e-14), round(float(basis.integral(c)), 12)
    (True, 1.0)
    """

    size: int
    width: float
    middle: float = 0.0

    def functions(self, local: ArrayLike) -> np.ndarray:
        """h_j at p, or at x − middle; shape (size, points)."""
        return hermite_functions(self.size, local, self.width)

    @cached_property
    def nodes(self) -> tuple[np.ndarray, np.ndarray]:
        """x − middle, or p, and weights, for products of two functions and a smooth one."""
        return quadrature(self.size, self.width)

    @cached_property
    def _at_nodes(self) -> np.ndarray:
        return self.functions(self.nodes[0])

    def project(self, density: np.ndarray) -> np.ndarray:
        """Coefficients of a density at all pairs of nodes."""
        weighted = self._at_nodes * self.nodes[1]
        return weighted @ density @ weighted.T

    def at_nodes(self, coefficients: np.ndarray) -> np.ndarray:
        """W at all pairs of nodes."""
        return self._at_nodes.T @ coefficients @ self._at_nodes

    def on_grid(self, coefficients: np.ndarray, x: ArrayLike, p: ArrayLike) -> np.ndarray:
        """W at all pairs of x and p."""
        rows = self.functions(np.asarray(x) - self.middle)
        return rows.T @ coefficients @ self.functions(p)

    def at_points(self, coefficients: np.ndarray, x: ArrayLike, p: ArrayLike) -> np.ndarray:
        """W at points; x and p of one shape, with one axis."""
        in_p = coefficients @ self.functions(p)
        return np.einsum("jp,jp->p", in_p, self.functions(np.asarray(x) - self.middle))

    def moments(self, coefficients: np.ndarray) -> tuple[float, float]:
        """(⟨|α|²⟩, ⟨|α|⁴⟩)."""
        square = np.abs(self.alpha) ** 2
        second, fourth = self.averages(coefficients, square, square**2)
        return float(second.real), float(fourth.real)

    def edge(self, coefficients: np.ndarray) -> float:
        """|α| about the middle beyond which W is nothing.

        That may be further out than the last function turns, in the corners most of all.
        """
        angle = 2.0 * np.pi * (np.arange(_DIRECTIONS) + 0.5) / _DIRECTIONS
        peak = np.abs(self.at_nodes(coefficients)).max()
        radius = self.width * float(np.sqrt(2.0 * self.size + 1.0))
        for _ in range(_MOST):
            x, p = self.middle + radius * np.cos(angle), radius * np.sin(angle)
            if np.abs(self.at_points(coefficients, x, p)).max() < _NOTHING * peak:
                break
            radius *= _WIDER
        return radius

    def even_and_slopes(self, p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The even functions h_0, h_2, … of p and their derivatives, a row each."""
        one_more = hermite_functions(self.size + 1, p, self.width)
        n = np.arange(0, self.size, 2)[:, None]
        below = np.where(n > 0, one_more[np.maximum(n[:, 0] - 1, 0)], 0.0)
        above = one_more[n[:, 0] + 1]
        slopes = (np.sqrt(n / 2.0) * below - np.sqrt((n + 1) / 2.0) * above) / self.width
        return one_more[: self.size : 2], slopes

    @property
    def integrals(self) -> np.ndarray:
        """∫h_j; shape (size,)."""
        return self._at_nodes @ self.nodes[1]

    @property
    def first_moments(self) -> np.ndarray:
        """∫ h_j times p, or x − middle; shape (size,)."""
        return self._at_nodes @ (self.nodes[1] * self.nodes[0])

    @property
    def position(self) -> np.ndarray:
        """The matrix of p, or x − middle."""
        return position_matrix(self.size, self.width)

    def integral(self, coefficients: np.ndarray) -> float:
        """∫∫ W over x and p."""
        return float(self.integrals @ coefficients @ self.integrals)

    def averages(self, coefficients: np.ndarray, *functions: np.ndarray) -> list[complex]:
        """∫∫ W f over x and p for functions f, each given at all pairs of nodes."""
        weight = self.nodes[1]
        density = self.at_nodes(coefficients) * weight[:, None] * weight
        return [(density * function).sum() for function in functions]

    @cached_property
    def alpha(self) -> np.ndarray:
        """α = x + ip at all pairs of nodes."""
        node, _ = self.nodes
        return (node + self.middle)[:, None] + 1j * node


def disk(size: int, radius: float, middle: float = 0.0) -> Basis:
    """The basis whose highest functions turn at `radius` from the middle."""
    return Basis(size, radius / np.sqrt(2.0 * size + 1.0), middle)
