"""What a W in Hermite functions tells, beside what every W does."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from qemlib import _checks
from qemlib.fokker_planck.basis import Basis
from qemlib.states import wigner
from qemlib.states.in_phase_space import InPhaseSpace

__all__ = ["InBasis"]

_CHUNK = 2**15  # points at which W is found at once


class InBasis(InPhaseSpace):
    """A state of a model as coefficients of Hermite functions of x and p.

    Who inherits has a `model`, `coefficients`, their `width`, the `center` of the functions (a
    length), the `radius` in |α| that they represent, and the `moments` of W.
    """

    coefficients: Any
    width: Any
    radius: Any

    @cached_property
    def _even(self) -> bool:  # type: ignore[override]
        odd = self.coefficients[::2, 1::2].any() or self.coefficients[1::2, ::2].any()
        return self.center == 0.0 and not odd

    @property
    def squeezing(self) -> complex:
        """⟨a²⟩: zero for a rotationally symmetric state."""
        (square,) = self._basis.averages(self.coefficients, self._basis.alpha**2)
        return complex(square)

    def wigner(self, x: ArrayLike, p: ArrayLike) -> np.ndarray:
        """W(x, p), ∫dx dp W = 1; arrays broadcast.  Beyond `radius` it decays like the basis."""
        x = _checks.finite_array("x", x)
        p = _checks.finite_array("p", p)
        x, p = np.broadcast_arrays(x / self.model.x0, p / self.model.p0)
        # Points on a grid share rows and columns: evaluate each distinct value once.
        rows, row = np.unique(x, return_inverse=True)
        columns, column = np.unique(p, return_inverse=True)
        if rows.size * columns.size <= 4 * x.size:
            value = self._on_grid(rows, columns)[row.ravel(), column.ravel()]
        else:
            value = np.empty(x.size)
            for start in range(0, x.size, _CHUNK):
                part = slice(start, start + _CHUNK)
                value[part] = self._basis.at_points(
                    self.coefficients, x.ravel()[part], p.ravel()[part]
                )
        return value.reshape(x.shape) / (self.model.x0 * self.model.p0)

    def radial_profile(self, r: ArrayLike) -> np.ndarray:
        """Angular average of W(α) at |α| = r, ∫d²α W = 1; array of r's shape."""
        if self.center != 0.0:
            return super().radial_profile(r)
        r = _checks.finite_array("r", r)
        functions = wigner.laguerre_functions(
            self._radial_coefficients.size, (r.ravel() / self.width) ** 2
        )
        return (self._radial_coefficients @ functions).reshape(r.shape)

    def populations(self, levels: int) -> np.ndarray:
        """Level populations ρ_nn, n = 0 … levels − 1, from the angular average of W."""
        # The fastest products of two functions turn like an oscillator of 2N quanta.
        wave = np.sqrt(4.0 * len(self.coefficients)) / self.width
        return wigner.populations(self.radial_profile, levels, self._reach, wave)

    @property
    def _reach(self) -> float:
        """|α| that holds all of W."""
        return abs(self._middle) + self.radius

    @property
    def _angles(self) -> int:
        """Directions that resolve the fastest function on the widest circle."""
        size = len(self.coefficients)
        return int(2.0 * self._reach * np.sqrt(2.0 * size + 1.0) / self.width) + 32

    @cached_property
    def _radial_coefficients(self) -> np.ndarray:
        """The angular average of h_2a(x) h_2b(p) is h_2a(0) h_2b(0) e^{−z/2} L_{a+b}(z), z = r²/s².

        Both are eigenfunctions of the same two-dimensional oscillator, and agree at r = 0.
        """
        at_origin = self._basis.functions(np.zeros(1))[::2, 0]
        even = self.coefficients[::2, ::2] * np.outer(at_origin, at_origin)
        flipped = even[:, ::-1]
        count = len(even)
        return np.array([np.trace(flipped, count - 1 - k) for k in range(2 * count - 1)])

    @cached_property
    def _basis(self) -> Basis:
        return Basis(len(self.coefficients), self.width, self._middle)

    def _on_grid(self, x: np.ndarray, p: np.ndarray) -> np.ndarray:
        """W(α), ∫d²α W = 1, at all pairs of x and p in units of x0 and p0."""
        return self._basis.on_grid(self.coefficients, x, p)
