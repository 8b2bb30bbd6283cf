"""Where friction at rest changes its sign, as a root over any parameter of a device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike
from scipy.integrate import cumulative_trapezoid
from scipy.optimize import brentq

from qemlib import _checks
from qemlib.devices.device import Device
from qemlib.electrons.along_orbit import orbit_coefficients
from qemlib.electrons.coefficients import (
    ElectronCoefficients,
    coefficients_as_given,
    damping,
    electron_coefficients,
    excess_charge,
)
from qemlib.electrons.quadrature import known_accuracy
from qemlib.electrons.uncertain_densities import errors_of_densities
from qemlib.errors import ConvergenceError
from qemlib.studies.parameters import refuse_unknown, varied

__all__ = [
    "NOISE",
    "FrictionAtRest",
    "Onset",
    "Threshold",
    "bracketed",
    "damping_threshold",
    "over_parameter",
    "position_at_rest",
    "root",
]

# Where the noise of the electrons is taken.
NOISE = ("zero", "oscillator", "orbit")

_TOLERANCE = 1e-12  # of the root, in units of the bracket
_NOTHING = 1e-6  # of what vanishes, beside its values at the ends
_STEP = 1e-3  # to both sides of a root, for the slope there, in units of the bracket
# Between the farthest places where a force may hold the oscillator: points at least and at most,
# and points in the narrowest scale of the electrons.
_PLACES, _PER_SCALE = (129, 4097), 4.0


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
    below, above = max(found - _STEP * width, ends[0]), min(found + _STEP * width, ends[1])
    slope = (value(above) - value(below)) / (above - below)
    off = onset.error(at(found))
    uncertainty = _TOLERANCE * width + (off / abs(slope) if off else 0.0)
    return Threshold(found, float(uncertainty), parameter=over)


class FrictionAtRest:
    """γ at a position, intrinsic damping and all, and what it may be off by.

    Parameters as of `damping_threshold`.
    """

    def __init__(
        self, position: float | str = 0.0, noise_at: str = "zero", amplitude: float = 0.0
    ) -> None:
        self._noise_at = _checks.choice("noise_at", noise_at, NOISE)
        if isinstance(position, str):
            self._position: float | None = None
            _checks.choice("position", position, ("rest",))
        else:
            self._position = _checks.finite("position", position)
        self._amplitude = _checks.finite("amplitude", amplitude)
        if self._amplitude < 0:
            raise ValueError(f"amplitude must not be negative, got {amplitude!r}")
        if self._amplitude and noise_at != "orbit":
            raise ValueError(
                f'amplitude must be 0 where no orbit is looked at (noise_at="orbit"), got '
                f"{amplitude!r}"
            )

    def value(self, device: Device) -> float:
        """γ (energy)."""
        own, x = device.oscillator.intrinsic_damping, self._place(device)
        if self._noise_at == "zero":
            return float(damping(device, x)) + own
        return self._found(device, x)[0] + own

    def error(self, device: Device) -> float:
        """Estimated error of γ."""
        return self._found(device, self._place(device))[1]

    def _found(self, device: Device, x: float) -> tuple[float, float]:
        """Of the electrons alone."""
        at = np.array([x])
        if self._noise_at == "orbit":
            orbit = orbit_coefficients(device, [self._amplitude], at)
            return float(orbit.friction[0]), float(orbit.error["friction"][0])
        if self._noise_at == "zero":
            rest = electron_coefficients(device, at)
            return float(rest.damping[0]), float(rest.error["damping"][0])

        def compute(of: Device) -> ElectronCoefficients:
            return coefficients_as_given(of, at, of.oscillator.frequency)

        found = compute(device)
        error = found.error["damping"]
        if known_accuracy(device) > 0.0:
            error = error + errors_of_densities(device, found, compute)["damping"]
        return float(found.damping[0]), float(error[0])

    def _place(self, device: Device) -> float:
        return position_at_rest(device) if self._position is None else self._position


def position_at_rest(device: Device) -> float:
    """Where the effective potential of a device is lowest.

    The charge is counted from that at x = 0, so that no force acts there; but where it gives way
    more than the spring holds, two wells lie beside it.
    """
    osc, force = device.oscillator, device.force
    spring = osc.mass * osc.frequency**2

    def pull(x: ArrayLike) -> np.ndarray:
        return force * excess_charge(device, x) - spring * np.asarray(x)

    # No charge exceeds that of one electron.
    farthest = abs(force) / spring
    if farthest == 0.0:
        return 0.0
    narrowest = min(min(lead.temperature, lead.density.width) for lead in device.leads)
    wanted = _PER_SCALE * 2.0 * farthest * abs(force) / narrowest
    half = int(np.clip(wanted, *_PLACES)) // 2
    x = farthest * np.arange(-half, half + 1) / half
    pulls = pull(x)
    inwards = pulls > 0
    inwards[[0, -1]] = True, False
    bottoms = np.flatnonzero(inwards[:-1] & ~inwards[1:])
    depth = cumulative_trapezoid(pulls, x, initial=0.0)[bottoms]
    i = int(bottoms[depth.argmax()])
    if x[i + 1] == 0.0:  # exactly, and there it stays
        return 0.0
    return float(brentq(lambda at: float(pull(at)), x[i], x[i + 1], xtol=_TOLERANCE * farthest))
