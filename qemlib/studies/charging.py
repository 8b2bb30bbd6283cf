"""Charging as book-keeping: what the leads pay along an evolution, and what the oscillator gets.

Three ledgers, as for an electron shuttle (C. W. Wächtler, P. Strasberg, S. H. L. Klapp, G. Schaller
and C. Jarzynski, New J. Phys. 21, 073009 (2019)).  The leads do the work ∫ĪV dt; some of it becomes
mechanical energy, and the rest is heat that the leads get back.  With Ī(t) = ∫dx I(x) P(x, t) that
is of zeroth order in the motion: electrons at rest lose all of it as Joule's heat.  What the motion
takes is of second order, and comes from the balance of its energy; what Ī itself leaves out at that
order is told by `qemlib.electrons.over_motion.current_over_motion`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.interpolate import BSpline, CubicHermiteSpline, make_interp_spline
from scipy.optimize import brentq, minimize_scalar

from qemlib import _checks
from qemlib._locked import Locked
from qemlib.devices.device import Device
from qemlib.electrons.over_motion import average_over_motion
from qemlib.electrons.transport import electron_transport
from qemlib.fokker_planck.evolved import Evolution
from qemlib.states.contract import is_state
from qemlib.states.work import ergotropy

__all__ = ["Ledgers", "ledgers"]

# Of a time at which a curve has some value, and of that at its top, beside the times around it.
_MET, _TOP = 1e-12, 1e-6


@dataclass(frozen=True, eq=False)
class Ledgers(Locked):
    """Rates and sums along an evolution, arrays over its times.

    Attributes
    ----------
    times, voltage : ndarray, shape (times,)
        And the voltage from each time on (energy).
    energy : ndarray, shape (times,)
        What the oscillator holds alone, ω0(⟨a†a⟩ + 1/2).
    mechanical : ndarray, shape (times,)
        ⟨p²/2m + U⟩ with the mean force in U: what the motion takes (energy).
    power : ndarray, shape (times,)
        d⟨p²/2m + U⟩/dt (energy²).
    ergotropy : ndarray, shape (times,)
        Of the populations (energy).
    current : ndarray, shape (times,)
        Ī = ∫dx I(x) P(x), of zeroth order in the motion (energy).
    electrical_power : ndarray, shape (times,)
        ĪV (energy²).
    electrical_work : ndarray, shape (times,)
        ∫ĪV dt from the first time on (energy).
    heat : ndarray, shape (2, times)
        Heat per unit time that the left and the right lead gain, of zeroth order: together ĪV
        (energy²).
    entropy_production : ndarray, shape (times,)
        Entropy per unit time that they gain with it (energy).
    error : dict of str to ndarray
        Of "electrical_work", absolute: what every second time changes.
    """

    times: np.ndarray
    voltage: np.ndarray
    energy: np.ndarray
    mechanical: np.ndarray
    power: np.ndarray
    ergotropy: np.ndarray
    current: np.ndarray
    electrical_power: np.ndarray
    electrical_work: np.ndarray
    heat: np.ndarray
    entropy_production: np.ndarray
    error: dict[str, np.ndarray]

    def __repr__(self) -> str:
        return (
            f"Ledgers({self.times.size} times to {self.times[-1]:.6g}: mechanical energy from "
            f"{self.mechanical[0]:.4g} to {self.mechanical[-1]:.4g}, electrical work "
            f"{self.electrical_work[-1]:.4g} +/- {self.error['electrical_work'][-1]:.0e})"
        )

    @property
    def heat_to_leads(self) -> np.ndarray:
        """What the leads gain per unit time by the first law: the work less the motion's part."""
        return self.electrical_power - self.power

    @property
    def energy_efficiency(self) -> np.ndarray:
        """What the oscillator has gained over the electrical work; NaN at the first time."""
        return self._per_work(self.energy)

    @property
    def ergotropy_efficiency(self) -> np.ndarray:
        """The ergotropy gained over the electrical work; NaN at the first time."""
        return self._per_work(self.ergotropy)

    def _per_work(self, stored: np.ndarray) -> np.ndarray:
        gained, work = stored - stored[0], self.electrical_work
        return np.divide(gained, work, out=np.full(work.shape, np.nan), where=work != 0.0)

    def charging_time(self, part: float = 0.9, final: float | None = None) -> float:
        """Time at which the mechanical energy has gone that part of its way, from the first time.

        Parameters
        ----------
        part : float
            Between 0 and 1.
        final : float, optional
            The energy at the end of the way; that of the last time by default.

        Raises
        ------
        ValueError
            If `part` is out of range, or the energy does not come so far.
        """
        part = _checks.finite("part", part)
        if not 0.0 < part < 1.0:
            raise ValueError(f"part must lie between 0 and 1, got {part!r}")
        begun = float(self.mechanical[0])
        final = float(self.mechanical[-1]) if final is None else _checks.finite("final", final)
        target = begun + part * (final - begun)
        ahead = np.flatnonzero((self.mechanical - target) * (begun - target) <= 0.0)
        if not ahead.size or final == begun:
            raise ValueError(
                f"final must be an energy of which {part:g} is reached, got {final:.6g}: the last "
                f"is {self.mechanical[-1]:.6g}"
            )
        curve = CubicHermiteSpline(self.times, self.mechanical, self.power)
        ends = self.times[ahead[0] - 1], self.times[ahead[0]]
        met = _MET * float(ends[1] - ends[0])
        when = brentq(lambda time: float(curve(time)) - target, *ends, xtol=met)
        return float(when) - float(self.times[0])

    def greatest(self, name: str) -> tuple[float, float]:
        """Time and value of the largest rate or efficiency, between the times too.

        Parameters
        ----------
        name : str
            "power", "energy_efficiency", "ergotropy_efficiency" or "mean_ergotropic_power".
        """
        known = ("power", "energy_efficiency", "ergotropy_efficiency", "mean_ergotropic_power")
        _checks.choice("name", name, known)
        values = getattr(self, name)
        seen = np.isfinite(values)
        times, values = self.times[seen], values[seen]
        curve = _curve(times, values)
        top = int(np.argmax(values))
        ends = times[max(top - 1, 0)], times[min(top + 1, times.size - 1)]
        found = minimize_scalar(
            lambda time: -float(curve(time)),
            bounds=ends,
            method="bounded",
            options={"xatol": _TOP * float(ends[1] - ends[0])},
        )
        if -found.fun < values[top]:
            return float(times[top]), float(values[top])
        return float(found.x), float(-found.fun)

    @property
    def mean_ergotropic_power(self) -> np.ndarray:
        """Ergotropy gained per time that it took (energy²); NaN at the first time."""
        passed = self.times - self.times[0]
        gained = self.ergotropy - self.ergotropy[0]
        return np.divide(gained, passed, out=np.full(passed.shape, np.nan), where=passed > 0.0)


def ledgers(path: Evolution, *, ramped: bool = False) -> Ledgers:
    """The three ledgers along an evolution.

    Parameters
    ----------
    path : Evolution
        Of models that know their devices, at times close enough to integrate over, see `error`.
    ramped : bool
        Whether the device changes continuously.  Else each holds from the first time at which it
        is, up to the first time of the next one.

    Returns
    -------
    Ledgers

    Raises
    ------
    TypeError
        If `path` is no Evolution.
    ValueError
        If a state knows no device.
    NoQuantumState
        As `ergotropy`.
    QuadratureError, ConvergenceError
        As `electron_transport` and `average_over_motion`.

    Examples
    --------
    Of the energy that the leads give, the oscillator keeps a ten-thousandth:

    >>> import numpy as np
    >>> import qemlib as qem
    >>> from qemlib.studies.charging import ledgers
    >>> model = qem.LangevinModel.from_device(qem.paper_device(voltage=10.0))
    >>> path = qem.evolve([[1.0]], model, np.linspace(0.0, 1.8e4, 7))
    >>> told = ledgers(path)
    >>> print(f"{told.electrical_work[-1]:.3g}, {told.energy_efficiency[-1]:.2g}")
    6.03e+04, 0.00013
    """
    _checks.kind("path", path, Evolution)
    devices = [_device_of(state) for state in path]
    rates = np.array([_rates(*pair) for pair in zip(path, devices, strict=True)]).T
    voltage = np.array([device.voltage for device in devices])
    work, unsure = _work(path, devices, rates[0] * voltage, ramped)
    balance = [state.energy_balance for state in path]
    return Ledgers(
        times=path.times,
        voltage=voltage,
        energy=path.energy,
        mechanical=np.array([told["energy"] for told in balance]),
        power=np.array([told["change"] for told in balance]),
        ergotropy=np.array([ergotropy(state, coherences=False) for state in path]),
        current=rates[0],
        electrical_power=rates[0] * voltage,
        electrical_work=work,
        heat=-rates[1:3],
        entropy_production=rates[3],
        error={"electrical_work": unsure},
    )


def _device_of(state: Any) -> Device:
    device = state.device if is_state(state) else None
    if device is None:
        raise ValueError(
            "path must be of states that know their device, got one of a model made without; "
            "LangevinModel.from_device(device) and AveragedModel.from_device(device) keep it"
        )
    return device


def _rates(state: Any, device: Device) -> np.ndarray:
    """Current, heat that either lead loses, and entropy that they gain, averaged over positions."""

    def at(device: Device, x: np.ndarray) -> np.ndarray:
        told = electron_transport(device, x)
        return np.vstack([told.current, told.heat_current, told.entropy_production])

    return average_over_motion(state, at, device).value


def _work(
    path: Evolution, devices: list[Device], power: np.ndarray, ramped: bool
) -> tuple[np.ndarray, np.ndarray]:
    """∫ĪV dt at each time, and what every second time changes of it."""
    times, last = path.times, path.times.size - 1
    work, unsure = np.zeros(times.size), np.zeros(times.size)
    start = 0
    for end in range(1, times.size):
        switched = not ramped and devices[end] != devices[start]
        if not switched and end < last:
            continue
        values = power[start : end + 1].copy()
        if switched:
            # What the device that is left had drawn last.
            values[-1] = _rates(path[end], devices[start])[0] * devices[start].voltage
        found, change = _integral(times[start : end + 1], values)
        work[start + 1 : end + 1] = work[start] + found[1:]
        unsure[start + 1 : end + 1] = unsure[start] + change[1:]
        start = end
    return work, unsure


def _integral(times: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    found = _curve(times, values).antiderivative()(times)
    kept = np.unique(np.append(np.arange(0, times.size, 2), times.size - 1))
    if kept.size == times.size:  # two times: against the value at the start
        return found, np.abs(found - values[0] * (times - times[0]))
    fewer = _curve(times[kept], values[kept]).antiderivative()(times)
    return found, np.maximum.accumulate(np.abs(found - fewer))


def _curve(times: np.ndarray, values: np.ndarray) -> BSpline:
    return make_interp_spline(times, values, k=min(3, times.size - 1))
