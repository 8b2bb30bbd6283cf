"""What follows from a Wigner function that can be asked for anywhere."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from qemlib.devices.device import Device, Oscillator
from qemlib.errors import ConvergenceError
from qemlib.states import positivity, wigner
from qemlib.states.contract import OfOscillator

__all__ = ["InPhaseSpace"]

# Sums over evenly spaced points double these until they change by less than the third number of
# their largest value; where W is smooth they converge exponentially.
_FEWEST, _MOST, _STILL = 128, 2**14, 1e-9
_MOST_EACH_WAY = 2048
_CIRCLES = 129
_AT_ONCE = 2**19  # values of W


class InPhaseSpace(OfOscillator):
    """A state whose W(x, p) is known, of a model: all that it tells beside W.

    Who inherits has a `model`, the `moments` (⟨|α|²⟩, ⟨|α|⁴⟩) of W, the position of its `center`,
    a `radius` in |α| around there beyond which W is nothing, its `error`, and W itself as
    `wigner(x, p)`.  Who knows them better may say `_reach`, the radius around α = 0, the number of
    `_angles` that resolve W on circles, and whether it is `_even`, W(−α) = W(α), or `_even_in_p`,
    W(α*) = W(α), to the last digit.
    """

    model: Any
    moments: tuple[float, float]
    center: float
    radius: Any
    error: Any
    _even = _even_in_p = False

    def wigner(self, x: ArrayLike, p: ArrayLike) -> np.ndarray:
        raise NotImplementedError

    def _everywhere(self, x: np.ndarray, p: np.ndarray) -> np.ndarray:
        """W(x, p), outside of the model's grid too."""
        return self.wigner(x, p)

    @cached_property
    def _reach(self) -> float:
        """|α| that holds all of W."""
        return abs(self._middle) + positivity.radius(self)

    @cached_property
    def _angles(self) -> int:
        """Directions that resolve W on circles: doubled until its averages stand still."""
        r, angles = np.linspace(0.0, self._reach, _CIRCLES), _FEWEST
        before = np.full(_CIRCLES, np.inf)
        while angles <= _MOST:
            profile = wigner.angular_average(self._everywhere, r, self._x0, self._p0, angles)
            if np.abs(profile - before).max() <= _STILL * np.abs(profile).max():
                return angles
            before, angles = profile, 2 * angles
        raise ConvergenceError(
            f"radial_profile: {angles // 2} directions do not resolve W on circles up to "
            f"|α| = {self._reach:.4g}"
        )

    @property
    def oscillator(self) -> Oscillator:
        """The oscillator whose state it is; a device's with its quality factor."""
        scales = {"frequency": self.model.frequency, "mass": self.model.mass}
        if self.device is None:
            return Oscillator(**scales)
        return replace(self.device.oscillator, **scales)

    @property
    def device(self) -> Device | None:
        """What drives it; None for a model that was made without a device."""
        return getattr(self.model, "device", None)

    @property
    def phonon_number(self) -> float:
        """⟨a†a⟩."""
        return wigner.phonon_number(self.moments)

    @property
    def g2(self) -> float:
        """g⁽²⁾(0), Eq. (10)."""
        return wigner.g2(self.moments)

    @cached_property
    def violations(self) -> tuple[str, ...]:
        """What of a quantum state W violates; empty if nothing."""
        return positivity.violations(self)

    @property
    def squeezing(self) -> complex:
        """⟨a²⟩: zero for a rotationally symmetric state."""
        radius, points = positivity.radius(self), _FEWEST
        before: complex = np.inf
        while points <= _MOST_EACH_WAY:
            axis = np.linspace(-radius, radius, points + 1)
            density = self._everywhere(self.center + self._x0 * axis[:, None], self._p0 * axis)
            square, twice, mean = positivity.averages(axis, density)
            if abs(twice - before) < _STILL * square:
                return twice + 2.0 * self._middle * mean + self._middle**2
            before, points = twice, 2 * points
        raise ConvergenceError(
            f"squeezing: {points // 2} points each way do not resolve W on |α| < {radius:.4g}"
        )

    def radial_profile(self, r: ArrayLike) -> np.ndarray:
        """Angular average of W(α) at |α| = r, ∫d²α W = 1; array of r's shape.

        Where a circle leaves the model's grid, W counts as zero.
        """
        scales = (self._x0, self._p0, self._angles)
        return wigner.angular_average(self._everywhere, r, *scales, upper=self._even_in_p)

    def populations(self, levels: int) -> np.ndarray:
        """Level populations ρ_nn, n = 0 … levels − 1, from the angular average of W."""
        return wigner.populations(self.radial_profile, levels, self._reach)

    def density_matrix(self, levels: int) -> np.ndarray:
        """ρ_nm with coherences, shape (levels, levels), in the oscillator's energy eigenbasis."""
        scales = (self._reach, self._x0, self._p0)
        return wigner.density_matrix(self._everywhere, levels, *scales, even=self._even)

    def _quadrature(self, u: np.ndarray, turn: complex) -> np.ndarray:
        parts = np.array_split(u, 1 + u.size * _FEWEST // _AT_ONCE)
        return np.concatenate([self._line(part, turn) for part in parts])

    def _line(self, u: np.ndarray, turn: complex) -> np.ndarray:
        """∫dv W(α) along α = (u + iv) e^{iθ}."""
        radius, middle = positivity.radius(self), (self._middle * np.conj(turn)).imag
        points, spacing = _FEWEST, 2.0 * radius / _FEWEST
        at = middle + spacing * np.arange(-points // 2, points // 2)
        total = spacing * self._along(u, at, turn)
        while points < _MOST:
            between = middle + spacing * (np.arange(-points // 2, points // 2) + 0.5)
            finer = 0.5 * (total + spacing * self._along(u, between, turn))
            change = np.abs(finer - total).max(initial=0.0)
            total, points, spacing = finer, 2 * points, 0.5 * spacing
            if change <= _STILL * np.abs(total).max(initial=0.0):
                return total
        raise ConvergenceError(
            f"quadrature_density: {points} points do not resolve W along a line of half length "
            f"{radius:.4g} in |α|"
        )

    def _along(self, u: np.ndarray, v: np.ndarray, turn: complex) -> np.ndarray:
        alpha = (u[:, None] + 1j * v) * turn
        values = self._everywhere(self._x0 * alpha.real, self._p0 * alpha.imag)
        return self._x0 * self._p0 * values.sum(axis=1)

    @property
    def _x0(self) -> float:
        return self.oscillator.x0

    @property
    def _p0(self) -> float:
        return self.oscillator.p0

    @property
    def _middle(self) -> float:
        """Re α of the center."""
        return self.center / self._x0
