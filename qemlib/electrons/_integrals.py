"""Integrals over the electrons' energy, each by its best way: in closed form or by quadrature."""

from __future__ import annotations

import numpy as np

from qemlib import _checks
from qemlib.devices.device import Device
from qemlib.electrons.quadrature import EnergyQuadrature, known_accuracy
from qemlib.electrons.residues import ResidueSums, solvable
from qemlib.electrons.spectral import Integral
from qemlib.errors import QuadratureError

__all__ = ["Electrons"]

# A closed form that may have lost more than this part of its value is not used if quadrature does
# better; a result that either way is less certain than the second is refused.
_HANDED_OVER = 5e-13
_REFUSED = 1e-6
# Spectral weight that may be missing before a bound state is suspected: at best, and for a density
# known so badly that Re Σ may not quite belong to κ.
_MISSING_WEIGHT = 1e-6, 1e-2
# Error of an integral over densities that are not known better.
_FOR_ROUGH_DENSITIES = 1e-2


class Electrons:
    """The electrons at the positions `x`, an array with one axis, each integral by its best way."""

    _sums: type[ResidueSums] = ResidueSums
    _integrals: type[EnergyQuadrature] = EnergyQuadrature

    def __init__(self, device: Device, x: np.ndarray) -> None:
        self._device = _checks.kind("device", device, Device)
        self._x = x
        self._level = device.level - device.force * x
        self._solvable = solvable(device)
        self._one_temperature = device.left.temperature == device.right.temperature
        if self._solvable:
            self._residues = self._sums(device, self._level)
        else:
            self._refuse_bound_states()

    def occupation(self) -> Integral:
        return self._best(1.0, "occupation")

    def current(self) -> Integral:
        return self._best(1.0, "current")

    def diffusion(self) -> Integral:
        return self._best(self._device.force**2, "diffusion", closed=self._one_temperature)

    def damping(self) -> Integral:
        return self._best(self._device.force**2 / self._device.oscillator.mass, "damping")

    def at_frequency(self, frequency: float) -> tuple[Integral, Integral]:
        """Diffusion and damping of a motion at a frequency."""
        taken, given = (
            self.noise_spectrum(np.full(self._x.shape, side * frequency)) for side in (1.0, -1.0)
        )
        per = 2.0 * frequency * self._device.oscillator.mass
        noise, friction = taken + given, taken - given
        return Integral(*(0.5 * part for part in noise)), Integral(*(p / per for p in friction))

    def noise_spectrum(self, omega: np.ndarray) -> Integral:
        return self._best(
            self._device.force**2, "noise_spectrum", omega, closed=self._one_temperature
        )

    def _best(
        self, factor: float, name: str, *arguments: np.ndarray, closed: bool = True
    ) -> Integral:
        """factor × ∫ dω/2π of the integral called `name`, in closed form or by quadrature."""
        if closed and self._solvable:
            integral = getattr(self._residues, name)(*arguments)
            poor = ~(integral.error <= _HANDED_OVER * integral.size)
            if poor.any():
                quadrature = self._integrals(self._device, self._level[poor])
                other = getattr(quadrature, name)(*(values[poor] for values in arguments))
                # Where a closed form passes through zero, quadrature knows how large its parts are.
                integral.size[poor] = np.maximum(integral.size[poor], other.size)
                better = other.error < integral.error[poor]
                where = np.flatnonzero(poor)[better]
                for mine, theirs in zip(integral, other, strict=True):
                    mine[where] = theirs[better]
        else:
            quadrature = self._integrals(self._device, self._level)
            integral = getattr(quadrature, name)(*arguments)
        self._refuse_uncertain(integral, name)
        return Integral(*(factor / (2.0 * np.pi) * part for part in integral))

    def _refuse_uncertain(self, integral: Integral, name: str) -> None:
        tolerance = np.clip(known_accuracy(self._device), _REFUSED, _FOR_ROUGH_DENSITIES)
        # What is smaller than any normal number has no digits to lose.
        refused = ~(integral.error <= tolerance * integral.size + np.finfo(float).tiny)
        if refused.any():
            i = int(np.argmax(refused))
            raise QuadratureError(
                f"{name}: the integral over energy at x = {self._x[i]:.6g} has an estimated error "
                f"of {integral.error[i]:.2e} on {integral.value[i]:.6e}"
            )

    def _refuse_bound_states(self) -> None:
        weight = EnergyQuadrature(self._device, self._level).weight().value / (2.0 * np.pi)
        tolerance = np.clip(10.0 * known_accuracy(self._device), *_MISSING_WEIGHT)
        missing = np.abs(weight - 1.0) > tolerance
        if missing.any():
            i = int(np.argmax(missing))
            raise QuadratureError(
                f"at x = {self._x[i]:.6g} the spectral function holds {weight[i]:.6f} states "
                "instead of 1: the dot has a bound state outside of the bands, whose occupation "
                "the leads do not fix, or a resonance too narrow to resolve"
            )
