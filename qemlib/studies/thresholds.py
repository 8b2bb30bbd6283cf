"""Where friction at rest changes its sign, as a root over any parameter of a device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from scipy.optimize import brentq

from qemlib import _checks
from qemlib.devices.device import Device
from qemlib.errors import ConvergenceError
from qemlib.studies.friction import FrictionAtRest
from qemlib.studies.parameters import refuse_unknown, varied

__all__ = [
    "Exactly",
    "Onset",
    "Threshold",
    "bracketed",
    "damping_threshold",
    "over_parameter",
    "root",
    "slope_at",
]

_TOLERANCE = 1e-12  # of the root, in units of the bracket
_NOTHING = 1e-6  # of what vanishes, beside its values at the ends
_STEP = 1e-3  # to both sides of a root, for the slope there, in units of the bracket


class Onset(Protocol):
    """What changes its sign at a threshold."""

    def value(self, device: Device) -> float:
        """A continuous function of the device's parameters."""
        ...

    def error(self, device: Device) -> float:
        """What it may be off by."""
        ...


@dataclass(frozen=True)
class Threshold:
    """The value of a parameter at which something sets in.

    Attributes
    ----------
    value : float
    uncertainty : float
        What `value` may be off by: the tolerance of the root, and the error of what vanishes there
        over its slope.
    level : int or None
        Of ergotropy: the level n that n + 1 overtakes first.
    parameter : str
        What was varied.
    """

    value: float
    uncertainty: float
    level: int | None = None
    parameter: str = "voltage"

    def __repr__(self) -> str:
        level = "" if self.level is None else f", level={self.level}"
        return f"Threshold({self.parameter}={self.value:.9g} +/- {self.uncertainty:.0e}{level})"

    def __float__(self) -> float:
        return self.value

    @property
    def voltage(self) -> float:
        """The value, where it is a voltage; AttributeError where another parameter was varied."""
        if self.parameter != "voltage":
            raise AttributeError(f"voltage was not varied but {self.parameter}; ask for .value")
        return self.value


def damping_threshold(
    device: Device,
    bracket: tuple[float, float],
    over: str = "voltage",
    *,
    position: float | str = 0.0,
    noise_at: str = "zero",
    amplitude: float = 0.0,
) -> Threshold:
    """Where friction at rest changes its sign: below or beyond it, the oscillator moves by itself.

    The oscillator's own friction ω0/Q, if it has one, is in it.

    Parameters
    ----------
    device : Device
    bracket : tuple of two floats
        Values of the parameter, the lower first, with friction of opposite signs.  One of the
        changes between them is found.
    over : str
        The parameter: "voltage", "temperature", "coupling", "left.density.rate", …; see
        `qemlib.studies.parameters`.
    position : float or "rest"
        Where friction is taken: by default at x = 0, where no force acts at the mean charge.
        "rest" is where the effective potential is lowest, which is not at 0 where the charge gives
        way more than the spring holds.
    noise_at : {"zero", "oscillator", "orbit"}
        As for `LangevinModel.from_device`: γ(x) from the noise at zero frequency, or at the
        oscillator's own, where the electrons' memory is exact for a small amplitude.  "orbit" is
        γ̄(A) of a motion of any `amplitude` about the position, of which that is the limit.
    amplitude : float
        A ≥ 0 of that orbit.

    Returns
    -------
    Threshold

    Raises
    ------
    TypeError
        If `device` is none.
    ValueError
        If an argument is out of range, the parameter is unknown, or friction has one sign at both
        ends of `bracket`.
    ConvergenceError
        If friction jumps from one sign to the other, as where another well becomes the lowest.
    QuadratureError
        As `electron_coefficients` and `orbit_coefficients`.

    Examples
    --------
    The paper's device moves by itself from V = 8.463 on; with colder leads V = 6 is enough:

    >>> import qemlib as qem
    >>> device = qem.paper_device(voltage=6.0)
    >>> round(qem.damping_threshold(device, (6.0, 12.0)).voltage, 6)
    8.463278
    >>> round(qem.damping_threshold(device, (0.5, 2.0), "temperature").value, 4)
    0.7992
    """
    _checks.kind("device", device, Device)
    onset = FrictionAtRest(position, noise_at, amplitude)
    at = over_parameter(device, over)
    low, high = bracketed(bracket, "voltages" if over == "voltage" else f"values of {over}")
    return root(onset, at, (low, high), over, "friction")


def over_parameter(device: Device, over: str) -> Callable[[float], Device]:
    """The device at each value of a parameter; ValueError if there is none of that name."""
    refuse_unknown(device, over)

    def at(value: float) -> Device:
        return varied(device, over, value)

    return at


def bracketed(bracket: Any, what: str, name: str = "bracket") -> tuple[float, float]:
    """The two ends, checked."""
    ends = _checks.finite_array(name, bracket, ndim=1)
    if ends.shape != (2,) or not ends[0] < ends[1]:
        raise ValueError(f"{name} must be two {what}, the lower first, got {bracket!r}")
    return float(ends[0]), float(ends[1])


def root(
    onset: Onset,
    at: Callable[[float], Device],
    ends: tuple[float, float],
    over: str,
    what: str,
) -> Threshold:
    """Where `what` changes its sign between two values of a parameter."""

    @cache
    def value(parameter: float) -> float:
        return onset.value(at(parameter))

    low, high = (value(end) for end in ends)
    if not low * high < 0 and not (low == 0) ^ (high == 0):
        raise ValueError(
            f"bracket must have {what} of opposite signs at its ends, got {low:.3g} at "
            f"{over} = {ends[0]:g} and {high:.3g} at {over} = {ends[1]:g}"
        )
    width = ends[1] - ends[0]
    found = float(brentq(value, *ends, xtol=_TOLERANCE * width))
    if abs(value(found)) > _NOTHING * max(abs(low), abs(high)):
        raise ConvergenceError(
            f"bracket: {what} jumps from {low:.3g} to {high:.3g} near {over} = {found:.9g}"
        )
    off = onset.error(at(found))
    uncertainty = _TOLERANCE * width
    if off:
        uncertainty += off / abs(slope_at(value, found, ends))
    return Threshold(found, float(uncertainty), parameter=over)


def slope_at(value: Callable[[float], float], found: float, ends: tuple[float, float]) -> float:
    """Of what vanishes at `found`, from two values within the bracket."""
    step = _STEP * (ends[1] - ends[0])
    below, above = max(found - step, ends[0]), min(found + step, ends[1])
    return (value(above) - value(below)) / (above - below)


@dataclass(frozen=True)
class Exactly:
    """A function of a device of which no error is known, as an onset."""

    function: Callable[[Device], float]

    def value(self, device: Device) -> float:
        """What it returns, a finite number."""
        return _checks.finite("onset: what it returns", self.function(device))

    def error(self, device: Device) -> float:  # noqa: ARG002
        """None."""
        return 0.0
