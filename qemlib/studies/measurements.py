"""What can be measured of a device, and what is predicted of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from reprlib import repr as repr_short
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from qemlib import _checks
from qemlib._locked import Locked
from qemlib.devices.device import Device
from qemlib.electrons.along_orbit import orbit_coefficients
from qemlib.electrons.coefficients import current
from qemlib.errors import ConvergenceError
from qemlib.fokker_planck.stationary import SteadyState, steady_state
from qemlib.motion.model import LangevinModel
from qemlib.states import positivity
from qemlib.studies.friction import FrictionAtRest
from qemlib.studies.parameters import varied

__all__ = ["Measurement", "States"]

_THRESHOLD = "threshold"
_RTOL = 1e-8  # of a state


@dataclass(frozen=True, eq=False)
class Measurement(Locked):
    """Numbers that were measured of a device, each with its standard error.

    Parameters
    ----------
    quantity : str or callable
        "current_at_rest" of electrons at x = 0, or "current" averaged over the oscillator's exact
        state; "frequency_shift" and "damping" of a small motion, with the electrons' memory and the
        oscillator's own friction; "phonon_number", "g2" and "amplitude" x0√(⟨a†a⟩ + 1/2) of the
        exact state; "threshold", the voltage at which friction at rest vanishes; or a function that
        takes a device and returns a number.  All with ħ = e = k_B = 1: see `Units` for others.
    values : array_like, shape (points,)
        What was measured.
    errors : float or array_like, shape (points,)
        Standard errors, independent of each other.
    at : array_like, shape (points,), optional
        The values of a parameter at which it was measured; without, at the device as it is.
    over : str
        That parameter: "voltage", "temperature", …; see `qemlib.studies.parameters`.

    Raises
    ------
    TypeError
        If the quantity is neither a word nor a function.
    ValueError
        If a word is unknown, shapes do not fit, or numbers are not finite, or errors not positive.

    Examples
    --------
    >>> import qemlib as qem
    >>> qem.Measurement("threshold", 8.46, 0.02)
    Measurement(threshold, 1 value)
    """

    quantity: str | Callable[[Device], float]
    values: np.ndarray
    errors: np.ndarray
    at: np.ndarray | None = None
    over: str = "voltage"

    def __init__(
        self,
        quantity: str | Callable[[Device], float],
        values: ArrayLike,
        errors: ArrayLike,
        at: ArrayLike | None = None,
        over: str = "voltage",
    ) -> None:
        if isinstance(quantity, str):
            _checks.choice("quantity", quantity, [*_QUANTITIES, _THRESHOLD])
        elif not callable(quantity) or isinstance(quantity, type):
            raise TypeError(
                f"quantity must be a word or a function of a device, got {repr_short(quantity)}"
            )
        found = np.atleast_1d(_checks.finite_array("values", values))
        given = _checks.finite_array("errors", errors)
        if not (given > 0).all():
            raise ValueError(f"errors must be greater than 0, got {given.min()}")
        arrays = {"values": found, "errors": given}
        if at is not None:
            arrays["at"] = np.atleast_1d(_checks.finite_array("at", at))
        for name, array in arrays.items():
            if found.ndim != 1 or array.shape not in ((), found.shape):
                raise ValueError(
                    f"{name} must be numbers on one axis, as many as values, {found.shape}, got "
                    f"shape {array.shape}"
                )
        arrays["errors"] = np.broadcast_to(given, found.shape)
        if not isinstance(over, str):
            raise ValueError(f"over must be the name of a parameter, got {repr_short(over)}")
        for name, value in {"quantity": quantity, "at": None, **arrays, "over": over}.items():
            object.__setattr__(self, name, value)
        self.__post_init__()

    def __repr__(self) -> str:
        name = self.quantity if isinstance(self.quantity, str) else _name_of(self.quantity)
        count = self.values.size
        where = "" if self.at is None else f" over {self.over}"
        return f"Measurement({name}{where}, {count} value{'s' if count > 1 else ''})"

    @property
    def given(self) -> tuple[str, ...]:
        """Parameters whose values are part of what was measured."""
        varied = () if self.at is None else (self.over,)
        return (*varied, "voltage") if self.quantity == _THRESHOLD else varied

    def residuals(self, device: Device, states: States | None = None) -> np.ndarray:
        """What is predicted less what was measured, in units of the errors."""
        known = States() if states is None else states
        with positivity.untold():  # a device on the way to the fitted one may have no such state
            off = [self._off(each, i, known) for i, each in enumerate(self._devices(device))]
        return np.array(off) / self.errors

    def _devices(self, device: Device) -> list[Device]:
        if self.at is None:
            return [device] * self.values.size
        return [varied(device, self.over, float(value)) for value in self.at]

    def _off(self, device: Device, i: int, states: States) -> float:
        if self.quantity == _THRESHOLD:
            return _off_threshold(device, float(self.values[i]), float(self.errors[i]))
        if isinstance(self.quantity, str):
            return _QUANTITIES[self.quantity](device, states) - float(self.values[i])
        return _checks.finite("quantity: what it returns", self.quantity(device)) - float(
            self.values[i]
        )


def _off_threshold(device: Device, voltage: float, error: float) -> float:
    """Voltage at which friction vanishes, less the one measured: linear across the error bar."""
    friction = FrictionAtRest()
    below, here, above = (
        friction.value(device.with_voltage(voltage + side * error)) for side in (-1.0, 0.0, 1.0)
    )
    slope = (above - below) / (2.0 * error)
    if slope == 0.0:
        raise ConvergenceError(f"threshold: friction does not change near V = {voltage:g}")
    return -here / slope


class States:
    """Exact states, each solved once for all that was measured of it."""

    def __init__(self) -> None:
        self._known: list[tuple[Device, SteadyState]] = []

    def __call__(self, device: Device) -> SteadyState:
        for known, state in self._known:  # a density of one's own need not have a hash
            if known == device:
                return state
        state = steady_state(LangevinModel.from_device(device), _RTOL)
        self._known.append((device, state))
        return state


def _mean_current(device: Device, states: States) -> float:
    state = states(device)
    x = state.model.x
    density = state.position_density(x)
    weight = density * np.gradient(x)
    return float(weight @ current(device, x) / weight.sum())


def _of_small_motion(device: Device, name: str) -> float:
    return float(getattr(orbit_coefficients(device, [0.0]), name)[0])


_QUANTITIES: Mapping[str, Callable[[Device, States], float]] = {
    "amplitude": lambda device, states: (
        device.oscillator.x0 * float(np.sqrt(states(device).phonon_number + 0.5))
    ),
    "current": _mean_current,
    "current_at_rest": lambda device, _: float(current(device, 0.0)),
    "damping": lambda device, _: (
        _of_small_motion(device, "friction") + device.oscillator.intrinsic_damping
    ),
    "frequency_shift": lambda device, _: _of_small_motion(device, "frequency_shift"),
    "g2": lambda device, states: states(device).g2,
    "phonon_number": lambda device, states: states(device).phonon_number,
}


def _name_of(quantity: Any) -> str:
    return getattr(quantity, "__name__", type(quantity).__name__)
