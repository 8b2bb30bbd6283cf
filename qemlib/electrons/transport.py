"""Currents through the dot at rest: of particles, of heat and of entropy.

Each electron that gets through from left to right takes ω − μ_L of heat out of the left lead and
puts ω − μ_R into the right one.  With 𝒯(ω) = |G|²κ_Lκ_R (ħ = e = k_B = 1)

    I   = ∫ (dω/2π) 𝒯 (f_L − f_R),
    Q_L = ∫ (dω/2π) 𝒯 (ω − μ_L)(f_L − f_R),    Q_R = ∫ (dω/2π) 𝒯 (ω − μ_R)(f_R − f_L),
    σ   = −Q_L/T_L − Q_R/T_R ≥ 0.

Q_α is what lead α loses.  The sum −Q_L − Q_R = IV is Joule's heat: at rest the motion takes none of
it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from qemlib import _checks
from qemlib._locked import Locked
from qemlib.devices.device import Device
from qemlib.electrons._integrals import Electrons
from qemlib.electrons._transport_integrals import TransportQuadrature, TransportSums
from qemlib.electrons.spectral import Integral
from qemlib.electrons.uncertain_densities import with_errors_of_densities

__all__ = [
    "ElectronTransport",
    "electron_transport",
    "entropy_production",
    "heat_current",
]


@dataclass(frozen=True, eq=False)
class ElectronTransport(Locked):
    """What flows through the dot at rest, arrays of the shape of `x`.

    Attributes
    ----------
    x : ndarray
        Positions.
    current : ndarray
        I from left to right (energy, that is electrons per unit time).
    heat_current : ndarray
        Q_L and Q_R along the first axis, the heat per unit time that either lead loses (energy²).
    entropy_production : ndarray
        σ ≥ 0, entropy per unit time (energy).
    error : dict of str to ndarray
        Estimated absolute errors of all three, by name.
    """

    x: np.ndarray
    current: np.ndarray
    heat_current: np.ndarray
    entropy_production: np.ndarray
    error: dict[str, np.ndarray]

    def __repr__(self) -> str:
        if self.x.size == 0:
            return "ElectronTransport(0 positions)"
        return (
            f"ElectronTransport({self.x.size} positions, x from {self.x.min():.6g} to "
            f"{self.x.max():.6g}, current up to {np.abs(self.current).max():.6g})"
        )


def electron_transport(device: Device, x: ArrayLike) -> ElectronTransport:
    """Particle, heat and entropy currents at the positions `x`, with their errors.

    Parameters
    ----------
    device : Device
        With finite chemical potentials: an electron from a lead filled without end brings infinite
        heat.
    x : array_like
        Positions, any shape, finite.

    Returns
    -------
    ElectronTransport

    Raises
    ------
    TypeError
        If `device` is none.
    ValueError
        If `x` holds anything but finite real numbers, or a chemical potential is infinite.
    QuadratureError
        If an integral does not converge, or the dot has a bound state outside of the leads' bands.

    Examples
    --------
    Joule's heat, with 8 units of voltage:

    >>> import qemlib as qem
    >>> at = qem.electron_transport(qem.paper_device(voltage=8.0), 0.0)
    >>> round(float(-at.heat_current.sum() / at.current), 10)
    8.0
    """
    _refuse_infinite(device)
    x = _checks.finite_array("x", x)
    return with_errors_of_densities(device, _as_given(device, x), lambda other: _as_given(other, x))


def heat_current(device: Device, x: ArrayLike) -> np.ndarray:
    """Heat per unit time that the left and the right lead lose, along the first axis (energy²).

    The other axes are those of `x`.  What both lose is −IV.  Arguments, errors: as for
    `electron_transport`.

    Examples
    --------
    A hot lead loses heat, and a cold one gains it, without a voltage:

    >>> from dataclasses import replace
    >>> import qemlib as qem
    >>> device = qem.paper_device()
    >>> device = replace(device, left=replace(device.left, temperature=4.0))
    >>> qem.heat_current(device, 0.0).round(5)
    array([ 0.02526, -0.02526])
    """
    return np.stack([part.value for part in _heats(*_checked(device, x))])[()]


def entropy_production(device: Device, x: ArrayLike) -> np.ndarray:
    """Entropy that the leads gain per unit time, σ = −Q_L/T_L − Q_R/T_R; array of x's shape.

    It is the integral of what is nowhere negative, and exact to its own size however small the
    bias.  Arguments, errors: as for `electron_transport`.

    Examples
    --------
    At one temperature, here T = 2, it is Joule's heat over T:

    >>> import qemlib as qem
    >>> device = qem.paper_device(voltage=6.0)
    >>> round(float(qem.entropy_production(device, 0.0) / qem.current(device, 0.0)), 10)
    3.0
    """
    return _shaped(*_checked(device, x), "entropy").value[()]


class TransportElectrons(Electrons):
    """With the integrals of transport."""

    _sums, _integrals = TransportSums, TransportQuadrature

    def transport(self, name: str) -> Integral:
        """The integral of that name over 2π."""
        return self._best(1.0, name)

    def shot_noise(self) -> Integral:
        """Noise of the current at zero frequency."""
        return self._best(1.0, "shot_noise", closed=self._one_temperature)

    def noise(self, name: str, omega: np.ndarray) -> Integral:
        """The part of that name of the spectrum of currents."""
        return self._best(1.0, name, omega, closed=self._one_temperature)


def _as_given(device: Device, x: np.ndarray) -> ElectronTransport:
    flow, entropy = (_shaped(device, x, name) for name in ("current", "entropy"))
    heats = _heats(device, x)
    return ElectronTransport(
        x,
        flow.value,
        np.stack([heat.value for heat in heats]),
        entropy.value,
        {
            "current": flow.error,
            "heat_current": np.stack([heat.error for heat in heats]),
            "entropy_production": entropy.error,
        },
    )


def _heats(device: Device, x: np.ndarray) -> list[Integral]:
    return [_shaped(device, x, f"heat_from_{side}") for side in ("left", "right")]


def _shaped(device: Device, x: np.ndarray, name: str) -> Integral:
    found = TransportElectrons(device, x.ravel()).transport(name)
    return Integral(*(part.reshape(x.shape) for part in found))


def _checked(device: Device, x: ArrayLike) -> tuple[Device, np.ndarray]:
    _refuse_infinite(device)
    return device, _checks.finite_array("x", x)


def _refuse_infinite(device: Device) -> None:
    _checks.kind("device", device, Device)
    both = [lead.chemical_potential for lead in device.leads]
    if not np.isfinite(both).all():
        raise ValueError(
            f"device must have finite chemical potentials for currents of heat, got {both}"
        )
