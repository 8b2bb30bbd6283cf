"""Spectral densities: how strongly, at each energy, a lead couples to the dot.

A density is an object with the methods of `SpectralDensity`.  Here is the paper's, `Lorentzian`;
`qemlib.devices.tabulated` has one for tables, and a class of your own works as well.

Units: ħ = e = k_B = 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from qemlib import _checks

__all__ = ["Lorentzian", "SpectralDensity", "refuse_unphysical"]

# Where a density is looked at: at these distances from its energies, in units of its width, and far
# beyond all of them, at two distances between which it must fall by so much.
_DISTANCES = np.geomspace(1e-3, 1e3, 61)
_FAR = 1e4, 1e5
_FALLS = 3.0
# Nothing to speak of beside the largest value seen.
_NOTHING = 1e-12
# Largest |Im Σ + κ/2| beside it.
_CONSISTENT = 1e-8


class SpectralDensity(Protocol):
    """What a lead must know about its level width κ(ω); `Lorentzian` is one of these.

    All three methods take an array of real frequencies and return an array of the same shape.
    `energies` lists the frequencies near which κ varies, and `width` the scale on which it does:
    they tell the quadrature where to look.  κ must be finite, nowhere negative, and decay
    far away; Im Σ = −κ/2, and Re Σ must be its Hilbert transform, Eq. (B9).  If a density is not
    known exactly, its float `accuracy`, relative to its maximum, says how well.
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

    def __post_init__(self) -> None:
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

    def spectral_density(self, omega: ArrayLike) -> np.ndarray:
        """κ(ω), Eq. (9); array of the shape of `omega`."""
        detuning = np.asarray(omega) - self.center
        return self.rate * self.bandwidth**2 / (detuning**2 + self.bandwidth**2)

    def self_energy(self, omega: ArrayLike) -> np.ndarray:
        """Retarded self-energy Σ(ω) = (Γδ/2)/(ω − ω_α + iδ), Eq. (B24); Im Σ = −κ/2."""
        return 0.5 * self.rate * self.bandwidth / self._denominator(omega)

    def self_energy_derivative(self, omega: ArrayLike) -> np.ndarray:
        """dΣ/dω."""
        return -0.5 * self.rate * self.bandwidth / self._denominator(omega) ** 2

    def _denominator(self, omega: ArrayLike) -> np.ndarray:
        return np.asarray(omega) - self.center + 1j * self.bandwidth


def refuse_unphysical(density: SpectralDensity, name: str = "density") -> None:
    """ValueError unless κ is finite, not negative and decays, and Im Σ = −κ/2, wherever probed."""
    energies = np.atleast_1d(_checks.finite_array(f"{name}.energies", density.energies))
    width = _checks.positive(f"{name}.width", density.width)
    steps = width * np.concatenate([-_DISTANCES[::-1], [0.0], _DISTANCES])
    reach = np.ptp(energies) + width
    beyond = [edge + side * far * reach for side, edge in _ends(energies) for far in _FAR]
    omega = np.concatenate([(energies[:, None] + steps).ravel(), beyond])
    kappa = np.asarray(density.spectral_density(omega))
    sigma = np.asarray(density.self_energy(omega))
    slope = np.asarray(density.self_energy_derivative(omega))
    if np.iscomplexobj(kappa):
        raise ValueError(f"{name}: spectral_density must be real, got values of type {kappa.dtype}")
    methods = {"spectral_density": kappa, "self_energy": sigma, "self_energy_derivative": slope}
    for method, values in methods.items():
        if values.shape != omega.shape:
            raise ValueError(
                f"{name}: {method} must return an array of the shape of omega, {omega.shape}, got "
                f"{values.shape}"
            )
        if values.dtype.kind not in "iufc":
            raise ValueError(f"{name}: {method} must return numbers, got type {values.dtype}")
        _refuse(name, f"{method} must be finite", ~np.isfinite(values), omega, values)
    largest = kappa.max()
    negative = kappa < -_NOTHING * largest
    _refuse(name, "spectral_density must not be negative", negative, omega, kappa)
    for near, far in (kappa[-4:-2], kappa[-2:]):
        if near > _NOTHING * largest and far > near / _FALLS:
            raise ValueError(
                f"{name}: spectral_density must decay far from its energies, got {near:.3g} and "
                f"{far:.3g} at {_FAR[0]:g} and {_FAR[1]:g} times its extent; a flat band is the "
                "limit of a wide one"
            )
    precision = max(np.finfo(v.dtype).eps for v in (1.0 * kappa, 1.0 * sigma))
    tolerance = max(_CONSISTENT, 8.0 * precision) * largest  # also of single precision
    apart = np.abs(sigma.imag + 0.5 * kappa) > tolerance
    _refuse(name, "the imaginary part of self_energy must be −κ/2", apart, omega, sigma)


def _ends(energies: np.ndarray) -> tuple[tuple[float, float], ...]:
    return (-1.0, energies.min()), (1.0, energies.max())


def _refuse(name: str, rule: str, bad: np.ndarray, omega: np.ndarray, values: np.ndarray) -> None:
    if bad.any():
        i = int(np.argmax(bad))
        raise ValueError(f"{name}: {rule}, got {values[i]} at omega = {omega[i]:.6g}")
