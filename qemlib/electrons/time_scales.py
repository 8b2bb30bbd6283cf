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

# A level that moves by this, in units of the inverse memory time and within it, moves slowly.
_SMALL = 0.1


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
    swept_phase : ndarray or None
        FA ω0 × the square of `memory_time` for a motion of amplitude A, if that was asked for: so
        far does the level move meanwhile, times that time.  With A = x0|α| it is 2λ|α|ω0τ².
        Ineq. (5) does not look at it; on a ring it should be small, too.
    """

    temperature_over_frequency: float
    rate_over_frequency: float
    temperature_over_coupling: float
    rate_over_coupling: float
    memory_time: np.ndarray
    memory_phase: np.ndarray
    swept_phase: np.ndarray | None = None

    def __repr__(self) -> str:
        return (
            f"Adiabaticity(temperature/frequency = {self.temperature_over_frequency:.4g}, "
            f"rate/frequency = {self.rate_over_frequency:.4g},\n"
            f"    temperature/coupling = {self.temperature_over_coupling:.4g}, "
            f"rate/coupling = {self.rate_over_coupling:.4g}, "
            f"frequency x memory time up to {np.max(self.memory_phase):.4g}{self._swept()})"
        )

    def _swept(self) -> str:
        if self.swept_phase is None or not np.size(self.swept_phase):
            return ""
        largest = np.max(self.swept_phase)
        words = "not small, the electrons remember" if largest > _SMALL else "small"
        return f",\n    force x speed x memory time squared up to {largest:.4g}: {words}"


def adiabaticity(
    device: Device, x: ArrayLike = 0.0, *, amplitude: ArrayLike | None = None
) -> Adiabaticity:
    """Ineq. (5) as numbers, with the memory time of the electrons at the positions `x`.

    Parameters
    ----------
    device : Device
        Both leads must be Lorentzian: the poles of G are then those of a 3 × 3 matrix.
    x : array_like
        Positions at which the memory time is wanted.
    amplitude : array_like, optional
        Amplitude A ≥ 0 of the motion (length), or several; x and they broadcast.

    Returns
    -------
    Adiabaticity

    Raises
    ------
    TypeError
        If `device` is none.
    ValueError
        If `x` is not finite, `amplitude` is negative or not finite, or a lead is not Lorentzian.

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

    At V = 16 the paper's device has its ring at |α| = 10, that is A = 32:

    >>> adiabaticity(paper_device(16.0), amplitude=32.0)
    Adiabaticity(temperature/frequency = 10, rate/frequency = 10,
        temperature/coupling = 20, rate/coupling = 20, frequency x memory time up to 0.1791,
        force x speed x memory time squared up to 0.3247: not small, the electrons remember)
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
    if amplitude is not None:
        amplitude = _checks.finite_array("amplitude", amplitude)
        if (amplitude < 0).any():
            raise ValueError(f"amplitude must not be negative, got {amplitude.min()}")
    rate = min(band.rate for band in bands)
    return Adiabaticity(
        temperature_over_frequency=temperature / frequency,
        rate_over_frequency=rate / frequency,
        temperature_over_coupling=temperature / coupling if coupling else np.inf,
        rate_over_coupling=rate / coupling if coupling else np.inf,
        memory_time=memory_time,
        memory_phase=frequency * memory_time,
        swept_phase=None if amplitude is None else _swept(device, amplitude, memory_time),
    )


def _swept(device: Device, amplitude: np.ndarray, memory_time: np.ndarray) -> np.ndarray:
    speed = device.oscillator.frequency * amplitude
    return abs(device.force) * speed * memory_time**2


def _lorentzian(side: str, density: SpectralDensity) -> Lorentzian:
    if type(density) is not Lorentzian:  # a subclass may override what the poles come from
        raise ValueError(
            f"device.{side}.density must be Lorentzian for the poles of G, got {density!r}"
        )
    return density
