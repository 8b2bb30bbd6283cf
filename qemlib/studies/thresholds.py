"""Where the ergotropy of the populations sets in, as a root of the exact state."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.optimize import brentq

from qemlib import _checks
from qemlib.devices.device import Device
from qemlib.errors import NoQuantumState
from qemlib.fokker_planck.stationary import steady_state
from qemlib.motion.model import LangevinModel
from qemlib.states import positivity, wigner

__all__ = ["Threshold", "ergotropy_threshold"]

# A level counts where it holds this part of the most populated one, and so many times what the
# error of W may make of it.
_OCCUPIED, _BESIDE_ERROR = 1e-6, 30.0
# Levels are computed as far out as W is above this part of that.
_REACH, _RADII = 1e-3, 400
_TOLERANCE = 1e-7  # of the root, in units of the bracket
_FINE, _COARSE = 1e-8, 1e-6  # rtol of the two solutions that are compared
_WIDER = 1.15


@dataclass(frozen=True)
class Threshold:
    """Voltage at which the populations cease to be passive.

    Attributes
    ----------
    voltage : float
    uncertainty : float
        What other bases and another grid of the coefficients change, and the tolerance of the root.
    level : int
        The level n that n + 1 overtakes first.
    """

    voltage: float
    uncertainty: float
    level: int

    def __repr__(self) -> str:
        return (
            f"Threshold(voltage={self.voltage:.9g} +/- {self.uncertainty:.0e}, level={self.level})"
        )


def ergotropy_threshold(
    device: Device, bracket: tuple[float, float], planck: float = 1.0
) -> Threshold:
    """Voltage at which incoherent ergotropy sets in: the first ρ_{n+1,n+1} = ρ_nn.

    Without coherences a state is passive if each level holds no more than the one below.  All
    levels are looked at that hold more than 1e-6 of the most populated one.  So where a ring far
    out fills up beside a state at rest, ergotropy sets in where one of its levels holds that much
    and more than the one below; before, it is not quite zero.

    Parameters
    ----------
    device : Device
        Its voltage is varied as by `with_voltage`.
    bracket : tuple of two floats
        Voltages below and above the threshold.  One onset between them is found; with more, one of
        them.
    planck : float
        ħ in units of the device's, at the same classical problem: with x0² and p0² scaled by it,
        and W(x, p) as it is.

    Returns
    -------
    Threshold

    Raises
    ------
    TypeError
        If `device` is no Device.
    ValueError
        If an argument is out of range, or the state is passive (or not) at both ends of `bracket`.
    NoQuantumState
        If its populations are negative.
    QemError
        As `LangevinModel.from_device` and `steady_state`.

    Examples
    --------
    >>> from qemlib import paper_device
    >>> round(ergotropy_threshold(paper_device(), bracket=(8.5, 8.6)).voltage, 5)
    8.55258
    """
    _checks.kind("device", device, Device)
    planck = _checks.positive("planck", planck)
    ends = _checks.finite_array("bracket", bracket, ndim=1)
    if ends.shape != (2,) or not ends[0] < ends[1]:
        raise ValueError(f"bracket must be two voltages, the lower first, got {bracket!r}")

    @cache
    def steepest(voltage: float, rtol: float = _FINE, wider: float = 1.0) -> tuple[float, int]:
        return _steepest_rise(device.with_voltage(voltage), planck, rtol, wider)

    ends = ends.tolist()
    low, high = (steepest(end)[0] for end in ends)
    if not low < 0 < high:
        raise ValueError(
            "bracket must have a passive state at its lower end and none at its upper one, got "
            f"ln(p_n+1/p_n) up to {low:.2e} at V = {ends[0]:g} and {high:.2e} at V = {ends[1]:g} "
            f"in levels that hold {_OCCUPIED:g} of the fullest"
        )
    tolerance = _TOLERANCE * (ends[1] - ends[0])
    voltage = float(brentq(lambda v: steepest(v)[0], *ends, xtol=tolerance))
    here, level = steepest(voltage)
    step = 1e-3 * (ends[1] - ends[0])
    slope = (steepest(voltage + step)[0] - steepest(voltage - step)[0]) / (2.0 * step)
    changes = (steepest(voltage, _COARSE)[0] - here, steepest(voltage, _FINE, _WIDER)[0] - here)
    uncertainty = tolerance + sum(abs(change / slope) for change in changes)
    return Threshold(voltage=voltage, uncertainty=float(uncertainty), level=level)


def _steepest_rise(device: Device, planck: float, rtol: float, wider: float) -> tuple[float, int]:
    model = LangevinModel.from_device(device)
    if wider != 1.0:
        model = LangevinModel.from_device(device, half_width=wider * float(model.x[-1]))
    with positivity.untold():  # another ħ is another state, and its populations are looked at
        state = steady_state(model, rtol)
    root = np.sqrt(planck)

    def profile(r: np.ndarray) -> np.ndarray:
        return planck * state.radial_profile(root * r)

    radius = state.radius / root
    r = np.linspace(0.0, radius, _RADII)
    seen = np.flatnonzero(profile(r) > _REACH * _OCCUPIED * profile(r).max())[-1]
    populations = wigner.populations(profile, int(r[seen] ** 2 + r[seen]) + 16, radius)
    return _largest_rise(populations, state.error["wigner"], device.voltage)


def _largest_rise(populations: np.ndarray, error: float, voltage: float) -> tuple[float, int]:
    """Largest ln(ρ_{n+1,n+1}/ρ_nn) among levels n + 1 that count, and n.

    A level below counts as less than nothing by as much as it holds too little: so the largest is
    continuous in the voltage, and positive only where a level that counts holds more than the one
    below.
    """
    peak = populations.max()
    lowest = populations.min()
    if lowest < -max(_BESIDE_ERROR * error, _OCCUPIED) * peak:
        raise NoQuantumState(
            f"device: at V = {voltage:g} it has no quantum state, a population is {lowest:.2g}; "
            f"{positivity.MEANING}"
        )
    counts = max(_OCCUPIED, _BESIDE_ERROR * error * populations.size) * peak
    # What counts for nothing may be negative by the error.
    log = np.log(np.maximum(populations, 1e-3 * counts))
    rises = np.minimum(np.diff(log), log[1:] - np.log(counts))
    level = int(rises.argmax())
    return float(rises[level]), level
