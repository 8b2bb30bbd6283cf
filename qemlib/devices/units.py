"""SI units: what a laboratory measures, in the package's units and back.

In here ħ = e = k_B = 1, and the physics has no scale of its own: a unit of energy and one of mass
say what its numbers stand for.  Everything else follows,

    time ħ/E,  length ħ/√(mE),  temperature E/k_B,  voltage E/e,  current eE/ħ,  force E/length.

Conventions, where factors of 2π and of 2 get lost:

- What is called a frequency in here, ω0 or any rate, is an *angular* frequency times ħ, an energy.
  Hertz count cycles: f hertz is the angular frequency 2πf, and the energy hf = ħ 2πf.
- A level width Γ is the *full* width at half maximum of the level in a flat band, and the rate of
  tunnelling per second is Γ/ħ.  Tables of "Γ/2π in GHz" are Γ/h, and are entered as they are;
  where a half width γ is meant, as in 1/[(ω − ε)² + γ²], Γ = 2γ.
- A bandwidth δ is the *half* width at half maximum of a Lorentzian band, Eq. (9).
- A coupling g, with g(a + a†)(n − N0), is λ; it is entered as g/h, "g/2π in GHz".

The constants are those of `scipy.constants`: since 2019 h, e and k_B are exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy import constants

from qemlib import _checks

__all__ = ["Units"]


@dataclass(frozen=True)
class Units:
    """What the numbers of this package stand for: a unit of energy and one of mass.

    Parameters
    ----------
    energy : float
        Joules that an energy of 1 stands for.  By default h × 1 GHz: energies, temperatures and
        rates are then read in gigahertz, which is what nanotubes are measured in.
    mass : float
        Kilograms that a mass of 1 stands for; by default 1e-21, an attogram.

    Raises
    ------
    ValueError
        If one of them is not finite and positive.

    Examples
    --------
    A kelvin is 20.8 GHz, and a current of 1 is an electron per (2π GHz)⁻¹:

    >>> import qemlib as qem
    >>> units = qem.Units()
    >>> round(float(units.from_si(1.0, "kelvin")), 4)
    20.8366
    >>> round(1e9 * float(units.to_si(1.0, "ampere")), 4)
    1.0067
    """

    energy: float = constants.h * 1e9
    mass: float = 1e-21

    def __post_init__(self) -> None:
        for name in ("energy", "mass"):
            object.__setattr__(self, name, _checks.positive(name, getattr(self, name)))

    def to_si(self, value: ArrayLike, unit: str) -> np.ndarray:
        """A result of this package in an SI unit.

        Parameters
        ----------
        value : array_like
            Numbers with ħ = e = k_B = 1, any shape.
        unit : str
            "joule", "electronvolt", "hertz" (cycles per second), "radian per second", "second",
            "kelvin", "volt", "ampere", "watt", "metre", "kilogram", "newton", "newton second",
            "newton per metre", "joule per kelvin", or "newton squared second", in which D and the
            spectrum of a force are.

        Returns
        -------
        ndarray
            Of the shape of `value`.

        Raises
        ------
        ValueError
            If `value` holds anything but finite real numbers, or the unit is unknown.

        Examples
        --------
        The current through the paper's device, were its unit of energy 1 GHz:

        >>> import qemlib as qem
        >>> current = qem.current(qem.paper_device(voltage=6.0), 0.0)
        >>> round(1e9 * float(qem.Units().to_si(current, "ampere")), 4)
        0.2741
        """
        return _checks.finite_array("value", value) * self._one(unit)

    def from_si(self, value: ArrayLike, unit: str) -> np.ndarray:
        """What was measured in an SI unit, in the units of this package: the inverse of `to_si`.

        Examples
        --------
        >>> import qemlib as qem
        >>> float(qem.Units().from_si(289e6, "hertz").round(12))
        0.289
        """
        return _checks.finite_array("value", value) / self._one(unit)

    def _one(self, unit: str) -> float:
        """How much of an SI unit the number 1 stands for."""
        time = constants.hbar / self.energy
        length = constants.hbar / sqrt(self.mass) / sqrt(self.energy)
        force = self.energy / length
        ones = {
            "ampere": constants.e / time,
            "electronvolt": self.energy / constants.e,
            "hertz": self.energy / constants.h,
            "joule": self.energy,
            "joule per kelvin": constants.k,
            "kelvin": self.energy / constants.k,
            "kilogram": self.mass,
            "metre": length,
            "newton": force,
            "newton per metre": force / length,
            "newton second": force * time,
            "newton squared second": force**2 * time,
            "radian per second": 1.0 / time,
            "second": time,
            "volt": self.energy / constants.e,
            "watt": self.energy / time,
        }
        return ones[_checks.choice("unit", unit, ones)]
