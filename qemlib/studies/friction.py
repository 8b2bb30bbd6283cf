"""Friction of a small motion, or along an orbit: what changes its sign where motion sets in."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.integrate import cumulative_trapezoid
from scipy.optimize import brentq

from qemlib import _checks
from qemlib.devices.device import Device
from qemlib.electrons.along_orbit import orbit_coefficients
from qemlib.electrons.coefficients import coefficients_at, damping, excess_charge

__all__ = ["NOISE", "FrictionAtRest", "position_at_rest"]

# Where the noise of the electrons is taken.
NOISE = ("zero", "oscillator", "orbit")

_TOLERANCE = 1e-12  # of a place, in units of the farthest one
# Between the farthest places where a force may hold the oscillator: points at least and at most,
# and points in the narrowest scale of the electrons.
_PLACES, _PER_SCALE = (129, 4097), 4.0


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

    def with_error(self, device: Device) -> tuple[float, float]:
        """Both at once."""
        value, error = self._found(device, self._place(device))
        return value + device.oscillator.intrinsic_damping, error

    def _found(self, device: Device, x: float) -> tuple[float, float]:
        """Of the electrons alone."""
        at = np.array([x])
        if self._noise_at == "orbit":
            orbit = orbit_coefficients(device, [self._amplitude], at)
            return float(orbit.friction[0]), float(orbit.error["friction"][0])
        frequency = device.oscillator.frequency if self._noise_at == "oscillator" else None
        found = coefficients_at(device, at, frequency)
        return float(found.damping[0]), float(found.error["damping"][0])

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
