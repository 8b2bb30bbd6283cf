"""The dot's electrons resolved in energy, while the oscillator stands still at x (Appendix B).

Everything that the leads do to the dot follows from two functions of energy.  One is its spectral
function,

    A(ω) = −2 Im G(ω),   G(ω) = 1/[ω − ε + F x − Σ_L(ω) − Σ_R(ω)],   ∫ A dω = 2π.

The other is the distribution that the electrons in it follow: the Fermi functions of the leads,
weighted by their level widths,

    Φ(ω) = [κ_L f_L + κ_R f_R]/(κ_L + κ_R).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from qemlib import _checks
from qemlib.devices.device import Device

__all__ = ["distribution", "spectral_function"]


class Integral(NamedTuple):
    """Integrals over energy, one for each level of the dot."""

    value: np.ndarray
    error: np.ndarray
    """Estimated absolute error."""
    size: np.ndarray
    """What the error is to be compared with: the sizes of parts of opposite sign, added."""

    def __add__(self, other: Integral) -> Integral:  # type: ignore[override]  # a tuple appends
        return Integral(*(a + b for a, b in zip(self, other, strict=True)))

    def __sub__(self, other: Integral) -> Integral:
        return self + Integral(-other.value, other.error, other.size)


def spectral_function(device: Device, x: ArrayLike, omega: ArrayLike) -> np.ndarray:
    """Spectral function A(ω) = −2 Im G(ω) = |G|²(κ_L + κ_R) of the dot at position x.

    Parameters
    ----------
    device : Device
    x, omega : array_like
        Positions and energies; they broadcast against each other.

    Returns
    -------
    ndarray
        A (1/energy), of the broadcast shape; ∫ A dω/2π = 1.

    Raises
    ------
    TypeError
        If `device` is none.
    ValueError
        If an argument holds anything but finite real numbers, or the shapes do not broadcast.

    Examples
    --------
    >>> from qemlib import paper_device
    >>> omega = np.linspace(-1e4, 1e4, 2_000_001)
    >>> A = spectral_function(paper_device(), 0.0, omega)
    >>> round(float(np.trapezoid(A, omega) / (2.0 * np.pi)), 6)
    1.0
    """
    _checks.kind("device", device, Device)
    x, omega = _checks.broadcast(x=x, omega=omega)
    level = device.level - device.force * x
    return propagation(device, omega, omega - level) * sum(widths(device, omega))


def distribution(device: Device, omega: ArrayLike) -> np.ndarray:
    """Distribution Φ(ω) of the electrons on the dot: the leads' Fermi functions, weighted.

    Parameters
    ----------
    device : Device
    omega : array_like
        Energies.

    Returns
    -------
    ndarray
        Φ in [0, 1], of omega's shape; NaN where neither lead has states.  It does not depend on x,
        because x moves the level and not the leads.

    Raises
    ------
    TypeError
        If `device` is none.
    ValueError
        If `omega` holds anything but finite real numbers.

    Examples
    --------
    >>> from qemlib import paper_device
    >>> distribution(paper_device(voltage=16.0), [-0.5, 0.5]).round(3)
    array([0.344, 0.656])
    """
    _checks.kind("device", device, Device)
    omega = _checks.finite_array("omega", omega)
    parts = widths(device, omega)
    kappa = sum(parts)
    filled = sum(
        part * lead.occupation(omega) for part, lead in zip(parts, device.leads, strict=True)
    )
    empty = np.full(omega.shape, np.nan)
    return np.divide(filled, kappa, out=empty, where=kappa > 0)[()]


def propagation(device: Device, omega: np.ndarray, detuning: np.ndarray) -> np.ndarray:
    """|G(ω)|² for the dot at energy ω − `detuning`.

    It is 0 on a pole of G, which only a gap in both bands allows.
    """
    left, right = device.leads
    self_energy = left.density.self_energy(omega) + right.density.self_energy(omega)
    inverse = (detuning - self_energy.real) ** 2 + self_energy.imag**2
    return np.divide(1.0, inverse, out=np.zeros_like(inverse), where=inverse > 0)


def widths(device: Device, omega: np.ndarray) -> list[np.ndarray]:
    """κ_L and κ_R, where round-off below zero is zero."""
    return [np.maximum(lead.density.spectral_density(omega), 0.0) for lead in device.leads]
