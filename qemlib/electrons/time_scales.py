"""Is the motion slow enough?  Ineq. (5) as numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from qemlib import _checks
from qemlib._locked import Locked
from qemlib.devices.densities import Lorentzian, SpectralDensity
from qemlib.devices.device import Device
from qemlib.electrons.residues import poles

__all__ = ["Adiabaticity", "adiabaticity"]


@dataclass(frozen=True, eq=False)
class Adiabaticity(Locked):
    """Ineq. (5), T, Γ ≫ ω0, |λ|, as numbers; it holds where all ratios are large.

    Attributes
    ----------
    temperature_over_frequency, rate_over_frequency : float
        T/ω0 and Γ/ω0, with the smaller temperature and the smaller rate of the two leads.
    temperature_over_coupling, rate_over_coupling : float
        T/|λ| and Γ/|λ|; infinite without coupling.
    memory_time : ndarray
        The time in which the correlations of the charge decay, at the positions asked for:
        1/(2 min(|Im w|, πT)) with w the slowest pole of G(ω) and T the smaller temperature.
    memory_phase : ndarray
        ω0 × `memory_time`: the angle by which the oscillator turns meanwhile.  It should be small.
    """

    temperature_over_frequency: float
    rate_over_frequency: float
    temperature_over_coupling: float
    rate_over_coupling: float
    memory_time: np.ndarray
    memory_phase: np.ndarray

    def __repr__(self) -> str:
        return (
            f"Adiabaticity(temperature/frequency = {self.temperature_over_frequency:.4g}, "
            f"rate/frequency = {self.rate_over_frequency:.4g},\n"
            f"    temperature/coupling = {self.temperature_over_coupling:.4g}, "
            f"rate/coupling = {self.rate_over_coupling:.4g}, "
            f"frequency x memory time up to {np.max(self.memory_phase):.4g})"
        )


def adiabaticity(device: Device, x: ArrayLike = 0.0) -> Adiabaticity:
    """Ineq. (5) as numbers, with the memory time of the electrons at the positions `x`.

    Parameters
    ----------
    device : Device
        Both leads must be Lorentzian: the poles of G are then those of a 3 × 3 matrix.
    x : array_like
        Positions at which the memory time is wanted.

    Returns
    -------
    Adiabaticity

    Raises
    ------
    TypeError
        If `device` is none.
    ValueError
        If `x` is not finite, or a lead is not Lorentzian.

    Notes
    -----
    C(t) is a product of two transforms, of filled states and of empty ones.  Each has the poles of
    G and those of the Fermi functions, of which the nearest to the real axis lies at μ ± iπT.  So
    there are three rates: 2|Im w|, |Im w| + πT and 2πT.

    Examples
    --------
    >>> from qemlib import paper_device
    >>> adiabaticity(paper_device())
    Adiabaticity(temperature/frequency = 10, rate/frequency = 10,
        temperature/coupling = 20, rate/coupling = 20, frequency x memory time up to 0.1791)
    """
    _checks.kind("device", device, Device)
    x = _checks.finite_array("x", x)
    bands = [
        _lorentzian(side, lead.density)
        for side, lead in zip(("left", "right"), device.leads, strict=True)
    ]
    level = device.level - device.force * x
    frequency, coupling = device.oscillator.frequency, abs(device.coupling)
    temperature = min(lead.temperature for lead in device.leads)
    slowest = np.abs(poles(bands, level.ravel()).imag).min(axis=0)
    memory_time = 0.5 / np.minimum(slowest, np.pi * temperature)
    memory_time = memory_time.reshape(x.shape)[()]
    rate = min(band.rate for band in bands)
    return Adiabaticity(
        temperature_over_frequency=temperature / frequency,
        rate_over_frequency=rate / frequency,
        temperature_over_coupling=temperature / coupling if coupling else np.inf,
        rate_over_coupling=rate / coupling if coupling else np.inf,
        memory_time=memory_time,
        memory_phase=frequency * memory_time,
    )


def _lorentzian(side: str, density: SpectralDensity) -> Lorentzian:
    if type(density) is not Lorentzian:  # a subclass may override what the poles come from
        raise ValueError(
            f"device.{side}.density must be Lorentzian for the poles of G, got {density!r}"
        )
    return density
