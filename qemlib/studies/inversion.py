"""Where the ergotropy of the populations sets in, as a root of the exact state."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from functools import cache

import numpy as np
from scipy.optimize import brentq

from qemlib import _checks
from qemlib.devices.device import Device
from qemlib.errors import NoQuantumState
from qemlib.fokker_planck.stationary import steady_state
from qemlib.motion.amplitude_state import averaged_state
from qemlib.motion.averaged_model import AveragedModel
from qemlib.motion.model import LangevinModel
from qemlib.states import positivity, wigner
from qemlib.states.in_phase_space import InPhaseSpace
from qemlib.studies.friction import NOISE
from qemlib.studies.thresholds import Threshold, bracketed, over_parameter, slope_at

__all__ = ["SteepestRise", "ergotropy_threshold"]

# A level counts where it holds this part of the most populated one, and so many times what the
# error of W may make of it.
_OCCUPIED, _BESIDE_ERROR = 1e-6, 30.0
# Levels are computed as far out as W is above this part of that.
_REACH, _RADII = 1e-3, 400
_TOLERANCE = 1e-7  # of the root, in units of the bracket
_FINE, _COARSE = 1e-8, 1e-6  # rtol of the two solutions that are compared
_WIDER = 1.15
# The same for states averaged over orbits, which take longer to be exact.
_FINE_ORBITS, _COARSE_ORBITS = 1e-7, 1e-5
_REMEMBERED = 32  # devices: a search comes back to the last ones


def ergotropy_threshold(
    device: Device,
    bracket: tuple[float, float],
    planck: float = 1.0,
    *,
    over: str = "voltage",
    noise_at: str = "zero",
) -> Threshold:
    """Where incoherent ergotropy sets in: the first ρ_{n+1,n+1} = ρ_nn.

    Without coherences a state is passive if each level holds no more than the one below.  All
    levels are looked at that hold more than 1e-6 of the most populated one.  So where a ring far
    out fills up beside a state at rest, ergotropy sets in where one of its levels holds that much
    and more than the one below; before, it is not quite zero.

    Parameters
    ----------
    device : Device
    bracket : tuple of two floats
        Values of the parameter, the lower first, on both sides of the threshold.  One onset between
        them is found; with more, one of them.
    planck : float
        ħ in units of the device's, at the same classical problem: with x0² and p0² scaled by it,
        and W(x, p) as it is.
    over : str
        The parameter: "voltage", "temperature", "coupling", …; see `qemlib.studies.parameters`.
    noise_at : {"zero", "oscillator", "orbit"}
        As for `LangevinModel.from_device`; "orbit" is for electrons with all their memory along
        each orbit, `AveragedModel.from_device`.  What that average leaves out at the first levels
        is in the uncertainty.

    Returns
    -------
    Threshold
        Its `uncertainty` adds what other bases and another grid of the coefficients change, or with
        "orbit" fewer amplitudes, the coefficients' own errors and what orbits leave out, and the
        tolerance of the root.

    Raises
    ------
    TypeError
        If `device` is no Device.
    ValueError
        If an argument is out of range, the parameter is unknown, or the state is passive (or not)
        at both ends of `bracket`.
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
    onset = SteepestRise(_checks.positive("planck", planck), noise_at)
    at = over_parameter(device, over)
    label = "V" if over == "voltage" else over
    ends = bracketed(bracket, "voltages" if over == "voltage" else f"values of {over}")

    @cache
    def value(parameter: float) -> float:
        return onset.value(at(parameter))

    low, high = (value(end) for end in ends)
    if not low * high < 0:
        raise ValueError(
            "bracket must have a passive state at its lower end and none at its upper one, or the "
            f"reverse, got ln(p_n+1/p_n) up to {low:.2e} at {label} = {ends[0]:g} and {high:.2e} "
            f"at {label} = {ends[1]:g} in levels that hold {_OCCUPIED:g} of the fullest"
        )
    width = ends[1] - ends[0]
    tolerance = _TOLERANCE * width
    found = float(brentq(value, *ends, xtol=tolerance))
    uncertainty = tolerance + onset.error(at(found)) / abs(slope_at(value, found, ends))
    return Threshold(found, float(uncertainty), onset.level(at(found)), over)


class SteepestRise:
    """Largest ln(ρ_{n+1,n+1}/ρ_nn) of a device's levels: negative for a passive state.

    Parameters as of `ergotropy_threshold`.
    """

    def __init__(self, planck: float = 1.0, noise_at: str = "zero") -> None:
        self._planck = planck
        self._noise_at = _checks.choice("noise_at", noise_at, NOISE)
        self._known: deque[tuple[Device, tuple[float, int]]] = deque(maxlen=_REMEMBERED)

    def value(self, device: Device) -> float:
        """The rise."""
        return self._found(device)[0]

    def level(self, device: Device) -> int:
        """The level that it begins at."""
        return self._found(device)[1]

    def error(self, device: Device) -> float:
        """What other bases and grids, or fewer orbits, change of it."""
        here = self.value(device)
        return sum(abs(other - here) for other in self._others(device))

    def _found(self, device: Device) -> tuple[float, int]:
        """Rise and level, kept until some other devices were asked for."""
        for known, found in self._known:  # a density of one's own need not have a hash
            if known == device:
                return found
        self._known.append((device, self._rise(device)))
        return self._known[-1][1]

    def _others(self, device: Device) -> list[float]:
        if self._noise_at != "orbit":
            changes = {"rtol": _COARSE}, {"wider": _WIDER}
            return [self._rise(device, **change)[0] for change in changes]
        model = AveragedModel.from_device(device, _FINE_ORBITS)
        off = [
            replace(model, **{name: getattr(model, name) + model.error[name]})
            for name in ("friction", "amplitude_diffusion", "frequency_shift")
        ]
        off.append(replace(model, friction=model.friction + model.open_friction))
        rougher = AveragedModel.from_device(device, _COARSE_ORBITS)
        return [self._averaged(each, device)[0] for each in (*off, rougher)]

    def _rise(self, device: Device, rtol: float = _FINE, wider: float = 1.0) -> tuple[float, int]:
        if self._noise_at == "orbit":
            return self._averaged(AveragedModel.from_device(device, _FINE_ORBITS), device)
        model = LangevinModel.from_device(device, noise_at=self._noise_at)
        if wider != 1.0:
            half_width = wider * float(model.x[-1])
            model = LangevinModel.from_device(device, half_width, noise_at=self._noise_at)
        with positivity.untold():  # another ħ is another state, and its populations are looked at
            state = steady_state(model, rtol)
        return _steepest(state, state.error["wigner"], self._planck, device)

    def _averaged(self, model: AveragedModel, device: Device) -> tuple[float, int]:
        with positivity.untold():
            state = averaged_state(model)
        return _steepest(state, _FINE_ORBITS, self._planck, device)


def _steepest(
    state: InPhaseSpace, error: float, planck: float, device: Device
) -> tuple[float, int]:
    root = np.sqrt(planck)

    def profile(r: np.ndarray) -> np.ndarray:
        return planck * state.radial_profile(root * r)

    radius = state.radius / root
    r = np.linspace(0.0, radius, _RADII)
    weight = profile(r)
    seen = np.flatnonzero(weight > _REACH * _OCCUPIED * weight.max())[-1]
    populations = wigner.populations(profile, int(r[seen] ** 2 + r[seen]) + 16, radius)
    return _largest_rise(populations, error, device.voltage)


def _largest_rise(populations: np.ndarray, error: float, voltage: float) -> tuple[float, int]:
    """Largest ln(ρ_{n+1,n+1}/ρ_nn) among levels n + 1 that count, and n.

    A level below counts as less than nothing by as much as it holds too little: so the largest is
    continuous in the parameter, and positive only where a level that counts holds more than the one
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
