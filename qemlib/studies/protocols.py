"""A voltage that is turned while the device charges, cheap enough to be optimised.

A protocol is a row of pieces, each with a duration and a voltage.  `Charger` follows the action
I = mω0A²/2 of the averaged model through them, on one row of cells for all voltages: at each end of
a piece only the rates change.  What the mean force does to the shape of the orbits is left out, and
populations are those of W at I = n + 1/2.  So what it finds is to be computed again by `evolve`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import BarycentricInterpolator

from qemlib import _checks
from qemlib._special.exponential import exchanged
from qemlib.devices.device import Device
from qemlib.electrons.coefficients import current
from qemlib.motion.averaged_model import AveragedModel
from qemlib.motion.model import LangevinModel
from qemlib.states.work import ergotropy

__all__ = ["Charged", "Charger"]

_CELLS, _VOLTAGES, _ANGLES = 240, 11, 48


@dataclass(frozen=True)
class Charged:
    """What a protocol has stored, and what it took.

    Attributes
    ----------
    duration : float
        Time that it took (1/energy).
    phonon_number : float
    ergotropy : float
        Of the populations (energy).
    electrical_work : float
        ∫ĪV dt (energy).
    """

    duration: float
    phonon_number: float
    ergotropy: float
    electrical_work: float

    @property
    def efficiency(self) -> float:
        """Ergotropy per electrical work."""
        return self.ergotropy / self.electrical_work

    @property
    def power(self) -> float:
        """Ergotropy per time (energy²)."""
        return self.ergotropy / self.duration


class Charger:
    """A device that is charged from its ground state, at voltages from 0 to `highest`.

    Parameters
    ----------
    device : Device
    highest : float
        Largest voltage > 0.
    memory : bool
        Whether its electrons remember; else orbits average Eq. (A24).

    Raises
    ------
    TypeError
        If `device` is none.
    ValueError
        If `highest` is not positive.

    Examples
    --------
    From the ground state through 3e4 units of time at V = 16:

    >>> import qemlib as qem
    >>> from qemlib.studies.protocols import Charger
    >>> charger = Charger(qem.paper_device(), highest=16.0)
    >>> found = charger.charged([(3e4, 16.0)])
    >>> print(f"{found.phonon_number:.1f} {found.ergotropy:.2f}")
    91.8 2.19
    """

    def __init__(self, device: Device, highest: float, *, memory: bool = False) -> None:
        _checks.kind("device", device, Device)
        self.device, self.memory = device, memory
        self.highest = _checks.positive("highest", highest)
        oscillator = device.oscillator
        node = np.cos(np.pi * (np.arange(_VOLTAGES) + 0.5) / _VOLTAGES)
        voltages = 0.5 * self.highest * (1.0 + node)
        models = self._models(voltages)
        reach = min(model.amplitudes[-1] for model in models)
        self._step = step = float(reach) / _CELLS
        amplitude, ends = step * (np.arange(_CELLS) + 0.5), step * np.arange(1, _CELLS)
        momentum = oscillator.mass * oscillator.frequency
        self._action = 0.5 * momentum * amplitude**2
        self._area, self._ends = momentum * amplitude * step, momentum * ends
        friction, noise = (
            np.array([model.at(name, ends) for model in models])
            for name in ("friction", "amplitude_diffusion")
        )
        self._slope = BarycentricInterpolator(voltages, -0.5 * ends * step * friction / noise)
        self._noise = BarycentricInterpolator(voltages, noise)
        angle = np.pi * (np.arange(_ANGLES) + 0.5) / _ANGLES
        around = amplitude[:, None] * np.cos(angle)
        drawn = [current(device.with_voltage(v), around).mean(axis=1) for v in voltages]
        self._current = BarycentricInterpolator(voltages, np.array(drawn))
        ground = np.exp(-2.0 * self._action) * self._area
        self._ground = ground / ground.sum()

    def _models(self, voltages: np.ndarray) -> list[AveragedModel]:
        """Of all voltages, as wide as that of the highest."""
        highest = self.device.with_voltage(self.highest)
        if self.memory:
            reach = float(AveragedModel.from_device(highest).amplitudes[-1])
            return [
                AveragedModel.from_device(self.device.with_voltage(v), reach=reach)
                for v in voltages
            ]
        width = float(np.abs(LangevinModel.from_device(highest).x).max())
        return [
            AveragedModel.from_langevin(
                LangevinModel.from_device(self.device.with_voltage(v), half_width=width)
            )
            for v in voltages
        ]

    def charged(self, protocol: Sequence[tuple[float, float]]) -> Charged:
        """What is stored after pieces of (duration, voltage), one after the other.

        Raises
        ------
        ValueError
            If there is no piece, a duration is not positive, or a voltage is out of range.
        """
        if not len(protocol):
            raise ValueError("protocol must hold at least one pair (duration, voltage), got none")
        held, work = self._ground, 0.0
        for duration, voltage in protocol:
            duration = _checks.positive("duration", duration)
            if not 0.0 <= voltage <= self.highest:
                raise ValueError(f"voltage must lie between 0 and {self.highest:g}, got {voltage}")
            held, passed = self._later(held, duration, voltage)
            work += voltage * float(passed @ self._current(voltage))
        return Charged(
            duration=float(sum(duration for duration, _ in protocol)),
            phonon_number=float(held @ self._action) - 0.5,
            ergotropy=self._ergotropy(held),
            electrical_work=work,
        )

    def _later(
        self, held: np.ndarray, duration: float, voltage: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """What the cells hold after a piece, and its integral over time."""
        flow = duration * self._noise(voltage) * self._ends / self._step
        half = 0.5 * self._slope(voltage)
        up, down = flow * np.exp(half) / self._area[:-1], flow * np.exp(-half) / self._area[1:]
        later, passed = exchanged(up, down, held)
        return later, duration * passed

    def _ergotropy(self, held: np.ndarray) -> float:
        frequency, last = self.device.oscillator.frequency, self._action[-1]
        level = np.arange(int(last))
        density = np.interp(level + 0.5, self._action, held / self._area)
        populations = density / density.sum()
        return ergotropy(populations, frequency * level)
