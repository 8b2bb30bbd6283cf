"""The state at one time of an evolution with memory."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import PPoly

from qemlib import _checks
from qemlib._locked import Locked
from qemlib._special.splines import even_spline, quintic_spline
from qemlib.fokker_planck._cells import actions
from qemlib.motion.amplitude_state import AveragedState
from qemlib.motion.averaged_model import AveragedModel
from qemlib.states.in_phase_space import InPhaseSpace

__all__ = ["EvolvedAverage"]

# Of W, beside its largest value.
_NOTHING = 1e-13
# Radii, and lines, that are as fine as W where it is more than nothing.
_CIRCLES, _LINES = 401, 301
# Nodes of Gauss's rule between two amplitudes: exact for the splines of W and of dI/dA.
_NODES = 6


@dataclass(frozen=True, eq=False)
class EvolvedAverage(Locked, InPhaseSpace):
    """The state at one time of an evolution of an AveragedModel.

    Attributes
    ----------
    model : AveragedModel
    time : float
    steady : AveragedState
        What it tends to.
    amplitude, weight : ndarray, shape (orbits,)
        A, and W(x, p) on the orbit; it may be negative.
    moments : tuple of float
        (⟨|α|²⟩, ⟨|α|⁴⟩).
    energy_balance : dict of str to float
        As of an `EvolvedState`: "energy" is ∫Ω dI of an orbit, on average, "change" is how it
        changes as W does; "friction" −⟨Ωγ̄I⟩ and "noise" ⟨∂_I(ΩK)⟩ add up to it.
    error : dict of str to float
        "phonon_number" and "g2", relative: what twice the number of cells changed; "wigner", beside
        the largest W, with what of the first state depended on the direction and was averaged.
    phonon_number, g2 : float
        ⟨a†a⟩ and g⁽²⁾(0), from the moments of W.
    """

    model: AveragedModel
    time: float
    steady: AveragedState
    amplitude: np.ndarray
    weight: np.ndarray
    moments: tuple[float, float]
    energy_balance: dict[str, float]
    error: dict[str, float]
    _even_in_p = True

    def __repr__(self) -> str:
        return (
            f"EvolvedAverage(time={self.time:.6g}, phonon_number={self.phonon_number:.6g}, "
            f"g2={self.g2:.6g}; error {self.error['wigner']:.0e} of W)"
        )

    @property
    def center(self) -> float:  # type: ignore[override]  # frozen states do not write it
        """Position of the smallest orbit."""
        return self.steady.center

    @cached_property
    def radius(self) -> float:
        """|α − center/x0| beyond which W is nothing."""
        seen = np.abs(self.weight) > _NOTHING * np.abs(self.weight).max()
        last = min(int(np.flatnonzero(seen)[-1]) + 1, self.amplitude.size - 1)
        # The steady state's reach, for orbits of this size.
        return float(self.amplitude[last] / self.steady.amplitude[-1]) * self.steady._reach  # noqa: SLF001

    @property
    def _reach(self) -> float:
        return abs(self._middle) + self.radius

    @property
    def _even(self) -> bool:  # type: ignore[override]
        return self.steady._even  # noqa: SLF001

    @property
    def _angles(self) -> int:
        return self.steady._angles  # noqa: SLF001

    @cached_property
    def _curve(self) -> PPoly:
        return even_spline(self.amplitude, self.weight)

    def radial_profile(self, r: ArrayLike) -> np.ndarray:
        """Angular average of W(α) at |α| = r, ∫d²α W = 1; array of r's shape."""
        at = np.abs(_checks.finite_array("r", r))
        known = at <= self._profile.x[-1]
        profile = np.where(known, self._profile(np.where(known, at, 0.0)), 0.0)
        between = ~known & (at < self._reach)
        if between.any():
            profile[between] = super().radial_profile(at[between])
        return profile

    @cached_property
    def _profile(self) -> PPoly:
        """It as a spline as fine as W itself, to where circles leave the orbits."""
        wide = self.steady._all_around * self.amplitude[-1] / self.steady.amplitude[-1]  # noqa: SLF001
        r = np.linspace(0.0, min(wide, self._reach), min(_CIRCLES, self.amplitude.size))
        return even_spline(r[1:], super().radial_profile(r)[1:])

    def _quadrature(self, u: np.ndarray, turn: complex) -> np.ndarray:
        if turn not in self._marginals:
            low, high = (
                self._middle * turn.real - self.radius,
                self._middle * turn.real + self.radius,
            )
            at = np.linspace(low, high, _LINES)
            self._marginals[turn] = quintic_spline(at, super()._quadrature(at, turn))
        curve = self._marginals[turn]
        inside = (u >= curve.x[0]) & (u <= curve.x[-1])
        return np.where(inside, curve(np.where(inside, u, curve.x[0])), 0.0)

    @cached_property
    def _marginals(self) -> dict[complex, PPoly]:
        """Densities of quadratures that were asked for."""
        return {}

    @property
    def trace(self) -> float:
        """∫dx dp W."""
        step = self.amplitude[1] - self.amplitude[0]
        node, weight = np.polynomial.legendre.leggauss(_NODES)
        at = (self.amplitude[:, None] + 0.5 * step * node).ravel()
        area = (
            2.0
            * np.pi
            * actions(self.model, at)[0]
            * np.tile(0.5 * step * weight, self.amplitude.size)
        )
        return float(self._curve(at) @ area)

    def wigner(self, x: ArrayLike, p: ArrayLike) -> np.ndarray:
        """W(x, p), ∫dx dp W = 1; arrays broadcast.  Zero beyond the widest orbit."""
        amplitude = self.steady.amplitude_at(x, p)
        inside = amplitude <= self.amplitude[-1]
        return np.where(inside, self._curve(np.where(inside, amplitude, 0.0)), 0.0)
