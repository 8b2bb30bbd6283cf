"""Spectral densities: how strongly, at each energy, a lead couples to the dot.

A density is an object with the methods of `SpectralDensity`.  Units: ħ = e = k_B = 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from qemlib import _checks

__all__ = ["Lorentzian", "SpectralDensity"]


class SpectralDensity(Protocol):
    """What a lead must know about its level width κ(ω); `Lorentzian` is one of these.

    All three methods take an array of real frequencies and return an array of the same shape.
    `energies` lists the frequencies near which κ varies, and `width` the scale on which it does:
    they tell the quadrature where to look.
    """

    @property
    def energies(self) -> tuple[float, ...]: ...

    @property
    def width(self) -> float: ...

    def spectral_density(self, omega: np.ndarray) -> np.ndarray: ...

    def self_energy(self, omega: np.ndarray) -> np.ndarray: ...

    def self_energy_derivative(self, omega: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True)
class Lorentzian:
    """Lorentzian level width κ(ω) = Γδ²/[(ω − ω_α)² + δ²], Eq. (9).

    Parameters
    ----------
    center : float
        Band centre ω_α (energy).
    bandwidth : float
        Half width at half maximum δ > 0 (energy).
    rate : float
        Height Γ > 0 of the level width (energy).

    Raises
    ------
    ValueError
        If the centre is not finite, or the bandwidth or the rate is not finite and positive.

    Examples
    --------
    >>> float(Lorentzian(center=0.5, bandwidth=1.0, rate=2.0).spectral_density(0.5))
    2.0
    """

    center: float
    bandwidth: float
    rate: float

    def __post_init__(self):
        object.__setattr__(self, "center", _checks.finite("center", self.center))
        for name in ("bandwidth", "rate"):
            object.__setattr__(self, name, _checks.positive(name, getattr(self, name)))

    @property
    def energies(self) -> tuple[float, ...]:
        """Frequencies near which κ varies."""
        return (self.center,)

    @property
    def width(self) -> float:
        """Scale on which κ varies."""
        return self.bandwidth

    def spectral_density(self, omega):
        """κ(ω), Eq. (9); array of the shape of `omega`."""
        detuning = np.asarray(omega) - self.center
        return self.rate * self.bandwidth**2 / (detuning**2 + self.bandwidth**2)

    def self_energy(self, omega):
        """Retarded self-energy Σ(ω) = (Γδ/2)/(ω − ω_α + iδ), Eq. (B24); Im Σ = −κ/2."""
        return 0.5 * self.rate * self.bandwidth / self._denominator(omega)

    def self_energy_derivative(self, omega):
        """dΣ/dω."""
        return -0.5 * self.rate * self.bandwidth / self._denominator(omega) ** 2

    def _denominator(self, omega):
        return np.asarray(omega) - self.center + 1j * self.bandwidth
