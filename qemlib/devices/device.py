"""The device: an oscillator, two leads and the coupling between charge and motion.

Plain frozen data, checked where it enters.  Nothing is computed here beyond the derived scales
that define the units.  Units throughout the package: ħ = e = k_B = 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from reprlib import repr as repr_short
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from qemlib import _checks
from qemlib.devices import _measured
from qemlib.devices.densities import Lorentzian, SpectralDensity, refuse_unphysical
from qemlib.devices.oscillator import Oscillator
from qemlib.devices.units import Units

__all__ = ["Device", "Lead", "Oscillator", "paper_device"]


@dataclass(frozen=True)
class Lead:
    """A reservoir of electrons in equilibrium, coupled to the dot.

    Parameters
    ----------
    density : SpectralDensity
        Level width κ_α(ω) by which the lead couples to the dot.
    chemical_potential : float
        μ_α (energy); −∞ for an empty lead and ∞ for a full one.
    temperature : float
        T_α > 0 (energy, k_B = 1).

    Raises
    ------
    ValueError
        If μ is no number, T is not finite and positive, or the density is negative or not finite,
        does not decay, or its self-energy does not belong to it.
    TypeError
        If the density lacks a method.
    """

    density: SpectralDensity
    chemical_potential: float
    temperature: float

    def __post_init__(self) -> None:
        needed = ("spectral_density", "self_energy", "self_energy_derivative", "energies", "width")
        missing = [name for name in needed if not hasattr(self.density, name)]
        if missing:
            raise TypeError(
                "density must be a spectral density such as Lorentzian; "
                f"{repr_short(self.density)} lacks {', '.join(missing)}"
            )
        if isinstance(self.density, type):
            raise TypeError(
                f"density must be a spectral density, got the class {self.density.__name__} "
                "itself; call it with its parameters"
            )
        if type(self.density) is not Lorentzian:  # which has checked its parameters
            refuse_unphysical(self.density)
        mu = _checks.real("chemical_potential", self.chemical_potential)
        object.__setattr__(self, "chemical_potential", mu)
        temperature = _checks.positive("temperature", self.temperature)
        object.__setattr__(self, "temperature", temperature)

    def occupation(self, omega: ArrayLike) -> np.ndarray:
        """Fermi-Dirac distribution f_α(ω), array of the shape of `omega`."""
        return expit((self.chemical_potential - np.asarray(omega)) / self.temperature)

    def vacancy(self, omega: ArrayLike) -> np.ndarray:
        """1 − f_α(ω), to full relative precision where f_α is close to 1."""
        return expit((np.asarray(omega) - self.chemical_potential) / self.temperature)


@dataclass(frozen=True)
class Device:
    """A single-level dot between two leads, whose charge pushes an oscillator, Eqs. (1)-(4).

    Parameters
    ----------
    oscillator : Oscillator
    left, right : Lead
    coupling : float
        λ = F x0/2, the electromechanical coupling (energy).  Its sign is that of the force.
    level : float
        Energy ε of the dot at x = 0.

    Raises
    ------
    ValueError
        If `coupling` or `level` is not finite.
    TypeError
        If the oscillator or a lead is something else.

    Examples
    --------
    >>> dev = paper_device(voltage=6.0)
    >>> dev.voltage
    6.0
    >>> dev.with_voltage(8.0).left.chemical_potential
    4.0
    """

    oscillator: Oscillator
    left: Lead
    right: Lead
    coupling: float
    level: float = 0.0

    def __post_init__(self) -> None:
        for name, kind in (("oscillator", Oscillator), ("left", Lead), ("right", Lead)):
            _checks.kind(name, getattr(self, name), kind)
        for name in ("coupling", "level"):
            object.__setattr__(self, name, _checks.finite(name, getattr(self, name)))

    @property
    def force(self) -> float:
        """Force per unit charge, F = 2λ/x0, so that F x = λ(a + a†)."""
        return 2.0 * self.coupling / self.oscillator.x0

    @property
    def voltage(self) -> float:
        """Bias V = μ_L − μ_R (e = 1)."""
        return self.left.chemical_potential - self.right.chemical_potential

    @property
    def leads(self) -> tuple[Lead, Lead]:
        """(left, right)."""
        return (self.left, self.right)

    @classmethod
    def from_si(
        cls,
        *,
        frequency: float,
        mass: float,
        coupling: float,
        temperature: float | tuple[float, float],
        voltage: float,
        rate: float | tuple[float, float],
        bandwidth: float | tuple[float, float],
        center: float | tuple[float, float],
        level: float = 0.0,
        mean_potential: float = 0.0,
        quality_factor: float | None = None,
        bath_temperature: float | None = None,
        units: Units | None = None,
    ) -> Device:
        """A device with Lorentzian leads from measured numbers, in SI units.

        What leads have is one number, or a pair, of the left one and the right one.  Hertz are
        cycles per second: a rate or a coupling that is quoted as "Γ/2π" or "g/2π" is entered as it
        is.  See `qemlib.devices.units` for all conventions.

        Parameters
        ----------
        frequency : float
            ω0/2π (hertz).
        mass : float
            m (kilograms).
        coupling : float
            λ/h (hertz), with λ(a + a†)(c†c − N0) in the Hamiltonian.
        temperature : float or pair
            Of the leads (kelvin).
        voltage : float
            (μ_L − μ_R)/e (volts).
        rate : float or pair
            Γ/h (hertz), the full width at half maximum of a level in a band that is flat.
        bandwidth : float or pair
            δ/h (hertz), half the width at half maximum of the band itself.
        center, level : float or pair, float
            Energies ω_α of the bands and ε of the dot (joules); an electronvolt is
            `scipy.constants.eV`.
        mean_potential : float
            (μ_L + μ_R)/2 (joules).
        quality_factor, bath_temperature : float, optional
            Q of the oscillator without electrons, and the temperature of its bath (kelvin).
        units : Units, optional
            What the device's numbers are to stand for; by default energies are in gigahertz (times
            h), and masses in attograms.

        Raises
        ------
        TypeError
            If `units` is something else.
        ValueError
            If a number is not finite, or not positive where it has to be; the message names it.

        Examples
        --------
        >>> from scipy import constants
        >>> import qemlib as qem
        >>> tube = qem.Device.from_si(
        ...     frequency=289e6, mass=5e-21, coupling=0.8e9, temperature=0.03, voltage=0.25e-3,
        ...     rate=(0.43e9, 44.2e9), bandwidth=2e12, center=(0.1e-3 * constants.eV, 0.0),
        ... )
        >>> round(tube.oscillator.frequency, 12), round(tube.voltage, 4)
        (0.289, 60.4497)
        >>> round(float(qem.Units().to_si(tube.oscillator.x0, "metre")) * 1e12, 2)
        4.82
        """
        units = Units() if units is None else _checks.kind("units", units, Units)
        given = {
            "frequency": frequency,
            "mass": mass,
            "coupling": coupling,
            "temperature": temperature,
            "voltage": voltage,
            "rate": rate,
            "bandwidth": bandwidth,
            "center": center,
            "level": level,
            "mean_potential": mean_potential,
            "bath_temperature": bath_temperature,
        }
        here = _measured.numbers(units, given)
        oscillator = Oscillator(
            here["frequency"],
            here["mass"],
            quality_factor=quality_factor,
            bath_temperature=here["bath_temperature"],
        )
        left, right = (
            Lead(
                Lorentzian(here["center"][i], here["bandwidth"][i], here["rate"][i]),
                here["mean_potential"] + side * here["voltage"],
                here["temperature"][i],
            )
            for i, side in ((0, 0.5), (1, -0.5))
        )
        return cls(oscillator, left, right, here["coupling"], here["level"])

    def to_si(self, units: Units | None = None) -> dict[str, Any]:
        """The arguments of `from_si` that give this device.

        Parameters
        ----------
        units : Units, optional
            What the device's numbers stand for.

        Raises
        ------
        TypeError
            If `units` is something else, or a lead is not Lorentzian.
        ValueError
            If a chemical potential is infinite.

        Examples
        --------
        >>> import qemlib as qem
        >>> found = qem.paper_device(voltage=6.0).to_si()
        >>> round(found["frequency"]), round(found["temperature"][0], 4)
        (200000000, 0.096)
        """
        units = Units() if units is None else _checks.kind("units", units, Units)
        bands, potentials = [], []
        for side, lead in zip(("left", "right"), self.leads, strict=True):
            bands.append(_checks.kind(f"device: its {side} density", lead.density, Lorentzian))
            name = f"device: its {side} chemical_potential"
            potentials.append(_checks.finite(name, lead.chemical_potential))
        values: dict[str, Any] = {
            "frequency": self.oscillator.frequency,
            "mass": self.oscillator.mass,
            "coupling": self.coupling,
            "temperature": [lead.temperature for lead in self.leads],
            "voltage": self.voltage,
            "rate": [band.rate for band in bands],
            "bandwidth": [band.bandwidth for band in bands],
            "center": [band.center for band in bands],
            "level": self.level,
            "mean_potential": 0.5 * sum(potentials),
            "bath_temperature": self.oscillator.bath_temperature,
        }
        quality_factor = self.oscillator.quality_factor
        return _measured.measured(units, values) | {"quality_factor": quality_factor}

    def with_voltage(self, voltage: float) -> Device:
        """The same device at bias `voltage`; the mean of the chemical potentials is kept."""
        voltage = _checks.finite("voltage", voltage)
        both = [lead.chemical_potential for lead in self.leads]
        if not np.isfinite(both).all():
            raise ValueError(f"voltage needs a device with finite chemical potentials, got {both}")
        mean = 0.5 * sum(both)
        return replace(
            self,
            left=replace(self.left, chemical_potential=mean + 0.5 * voltage),
            right=replace(self.right, chemical_potential=mean - 0.5 * voltage),
        )


def paper_device(voltage: float = 0.0) -> Device:
    """The device of the paper with the parameters as printed in the caption of Fig. 2.

    Parameters
    ----------
    voltage : float
        Bias V = μ_L − μ_R, applied symmetrically: μ_L = V/2, μ_R = −V/2.

    Returns
    -------
    Device
        ω0 = 0.2, m = 1, λ = 0.1, ω_L = −ω_R = 0.5, δ = 1, Γ = 2, β = 0.5 (T = 2), ε = 0.

    Raises
    ------
    ValueError
        If `voltage` is not finite.

    Examples
    --------
    >>> device = paper_device(voltage=8.0)
    >>> [lead.chemical_potential for lead in device.leads]
    [4.0, -4.0]
    >>> round(device.oscillator.x0, 6), round(device.force, 6)
    (3.162278, 0.063246)
    """
    voltage = _checks.finite("voltage", voltage)
    return Device(
        oscillator=Oscillator(frequency=0.2, mass=1.0),
        left=Lead(Lorentzian(center=0.5, bandwidth=1.0, rate=2.0), 0.5 * voltage, 2.0),
        right=Lead(Lorentzian(center=-0.5, bandwidth=1.0, rate=2.0), -0.5 * voltage, 2.0),
        coupling=0.1,
        level=0.0,
    )
