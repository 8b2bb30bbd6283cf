"""Limit cycles: orbits on which what the electrons give and what they take is the same.

Where friction at rest is negative there is one.  But a motion that is braked at rest may be driven
on larger orbits: then rest and a cycle are both stable, with one between them that is not, and the
oscillator starts only if it is pushed (hard excitation).  With noise it goes from one to the other
by itself, and W has a maximum at each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import make_interp_spline
from scipy.optimize import brentq, minimize_scalar

from qemlib import _checks
from qemlib._locked import Locked
from qemlib.devices.device import Device
from qemlib.electrons.along_orbit import OrbitCoefficients, orbit_coefficients
from qemlib.electrons.coefficients import coefficients_at, damping, excess_charge
from qemlib.errors import ConvergenceError
from qemlib.motion.amplitude_state import averaged_state
from qemlib.motion.averaged_model import AveragedModel
from qemlib.motion.reach import furthest
from qemlib.states import positivity
from qemlib.studies.friction import NOISE

__all__ = ["LeastFriction", "LimitCycles", "limit_cycles"]

# Amplitudes between which a friction is looked at for zeros.
_LOOKED = 2001
_MET = 1e-13  # of a zero, beside the last of them
# W at the last amplitude beside the largest that is allowed: all that there can be.
_ANY_EDGE = 2.0
# Amplitudes at which the least friction is looked for: of averages, and of electrons with memory;
# how much denser small ones are; and to which part of the largest it is then found.
_MANY, _FEW, _DENSER, _FOUND = 65, 25, 1.5, 1e-6
_FOUND_WITH_MEMORY, _INTEGRAL = 1e-3, 1e-5
# Positions in the narrowest scale of the electrons, at least and at most; angles of an orbit.
_PER_SCALE, _PLACES, _ANGLES = 8.0, (201, 8001), 256
_CENTERED, _MOST_STEPS = 1e-10, 200


@dataclass(frozen=True, eq=False)
class LimitCycles(Locked):
    """Orbits of an averaged model on which friction is zero.

    Attributes
    ----------
    amplitudes : ndarray, shape (cycles,)
        A, rising.
    stable : ndarray of bool, shape (cycles,)
        Whether the motion comes back to it: friction rises there.
    rest_is_stable : bool
        Whether friction brakes the smallest motion.
    log_weight : ndarray, shape (cycles,)
        ln W on each, less that at rest.
    """

    amplitudes: np.ndarray
    stable: np.ndarray
    rest_is_stable: bool
    log_weight: np.ndarray

    def __repr__(self) -> str:
        told = [
            f"{'stable' if stable else 'unstable'} at A = {amplitude:.6g}"
            for amplitude, stable in zip(self.amplitudes, self.stable, strict=True)
        ]
        rest = "stable" if self.rest_is_stable else "unstable"
        return f"LimitCycles({', '.join([f'rest {rest}', *told])})"

    @property
    def attractors(self) -> int:
        """Stable cycles, and rest if it is stable."""
        return int(self.stable.sum()) + int(self.rest_is_stable)


def limit_cycles(model: AveragedModel) -> LimitCycles:
    """The limit cycles of an averaged model, within its amplitudes.

    Parameters
    ----------
    model : AveragedModel

    Returns
    -------
    LimitCycles

    Raises
    ------
    TypeError
        If `model` is no AveragedModel.

    Examples
    --------
    The paper's device has one, and run backwards it has two, of which the outer one is stable
    beside the oscillator at rest:

    >>> import qemlib as qem
    >>> for voltage in (12.0, -20.0):
    ...     slow = qem.LangevinModel.from_device(qem.paper_device(voltage))
    ...     found = qem.limit_cycles(qem.AveragedModel.from_langevin(slow))
    ...     found.rest_is_stable, found.stable.tolist()
    (False, [True])
    (True, [False, True])
    """
    _checks.kind("model", model, AveragedModel)
    amplitude = np.linspace(0.0, model.amplitudes[-1], _LOOKED)
    braked = model.at("friction", amplitude) > 0
    changes = np.flatnonzero(braked[1:] != braked[:-1])
    found = np.array(
        [
            brentq(
                lambda a: float(model.at("friction", a)),
                *amplitude[i : i + 2],
                xtol=_MET * amplitude[-1],
            )
            for i in changes.tolist()
        ]
    )
    # W of the model as it is, whether it has come to an end at the last amplitude or not.
    with positivity.untold():  # friction knows nothing of quanta
        weight = averaged_state(model, edge_weight=_ANY_EDGE).log_weight_at
    return LimitCycles(
        amplitudes=found,
        stable=braked[changes + 1],
        rest_is_stable=bool(braked[0]),
        log_weight=weight(found) - weight(0.0),
    )


class LeastFriction:
    """The least friction of all orbits of a device, as an onset for `threshold_line`.

    Where it is negative there is a limit cycle.  The orbits are circles about where the mean force
    along them puts their center, at the oscillator's own frequency.

    Parameters
    ----------
    noise_at : {"zero", "oscillator", "orbit"}
        As for `damping_threshold`: averages of γ(x) from the noise at zero frequency or at the
        oscillator's, or electrons with all their memory along each orbit.

    Examples
    --------
    The paper's device is driven at rest from V = 8.46 on; run backwards it is driven from
    V = −15.26 on, and nowhere near rest:

    >>> import qemlib as qem
    >>> least = LeastFriction()
    >>> [least.value(qem.paper_device(voltage)) > 0 for voltage in (8.0, 9.0, -15.0, -16.0)]
    [True, False, True, False]
    """

    def __init__(self, noise_at: str = "zero") -> None:
        self._noise_at = _checks.choice("noise_at", noise_at, NOISE)

    def value(self, device: Device) -> float:
        """The least γ̄ (energy)."""
        return self._least(device)[0]

    def error(self, device: Device) -> float:
        """Estimated error of it."""
        return self._least(device)[1]

    def _least(self, device: Device) -> tuple[float, float]:
        own = device.oscillator.intrinsic_damping
        if device.force == 0.0:
            return own, 0.0
        reach = furthest(device)
        places = reach * np.linspace(-1.0, 1.0, _places(device, reach))
        center = _Centers(device, places)
        if self._noise_at == "orbit":
            return self._remembered(device, reach, center, own)
        friction = _over_circles(places, self._at_rest(device, places))
        amplitude = _lowest(lambda a: friction(a, center(a)), reach, _MANY, _FOUND)
        at = np.array([amplitude])
        # The electrons themselves there, at half as many angles too.
        middle, nodes = center(at), np.cos(_angles())
        along = self._at_rest(device, middle + amplitude * nodes) * np.sin(_angles()) ** 2
        value, half = 2.0 * along.mean(), 2.0 * along[::2].mean()
        return float(value) + own, float(abs(value - half))

    def _at_rest(self, device: Device, x: np.ndarray) -> np.ndarray:
        if self._noise_at == "zero":
            return np.asarray(damping(device, x))
        return coefficients_at(device, x, device.oscillator.frequency).damping

    def _remembered(
        self, device: Device, reach: float, center: Callable, own: float
    ) -> tuple[float, float]:
        def along(amplitude: np.ndarray) -> OrbitCoefficients:
            return orbit_coefficients(device, amplitude, center(amplitude), rtol=_INTEGRAL)

        def friction(amplitude: np.ndarray) -> np.ndarray:
            return along(amplitude).friction

        at = np.array([_lowest(friction, reach, _FEW, _FOUND_WITH_MEMORY)])
        found = along(at)
        return float(found.friction[0]) + own, float(found.error["friction"][0])


def _lowest(
    friction: Callable[[np.ndarray], np.ndarray], reach: float, number: int, part: float
) -> float:
    """The amplitude of the least friction."""
    amplitude = reach * (np.arange(number) / (number - 1)) ** _DENSER
    looked = friction(amplitude)
    i = int(looked.argmin())
    if i in (0, number - 1):
        return float(amplitude[i])
    found = minimize_scalar(
        lambda a: float(friction(np.array([a]))[0]),
        bounds=(amplitude[i - 1], amplitude[i + 1]),
        method="bounded",
        options={"xatol": part * reach},
    )
    return float(found.x)


def _angles() -> np.ndarray:
    return 2.0 * np.pi * (np.arange(_ANGLES) + 0.5) / _ANGLES


def _over_circles(
    places: np.ndarray, values: np.ndarray
) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """2⟨γ sin²θ⟩ over circles of any amplitude and center."""
    curve = make_interp_spline(places, values, k=5)
    cosine, weight = np.cos(_angles()), 2.0 * np.sin(_angles()) ** 2

    def friction(amplitude: np.ndarray, center: np.ndarray) -> np.ndarray:
        x = center[:, None] + amplitude[:, None] * cosine
        return (curve(np.clip(x, places[0], places[-1])) * weight).mean(axis=1)

    return friction


class _Centers:
    """Where the mean force along an orbit puts its center."""

    def __init__(self, device: Device, places: np.ndarray) -> None:
        osc = device.oscillator
        pull = device.force / (osc.mass * osc.frequency**2)
        self._moved = make_interp_spline(places, pull * excess_charge(device, places), k=3)
        self._ends, self._scale = (places[0], places[-1]), osc.x0

    def __call__(self, amplitude: np.ndarray) -> np.ndarray:
        center, cosine = np.zeros(amplitude.shape), np.cos(_angles())
        for _ in range(_MOST_STEPS):
            x = np.clip(center[:, None] + amplitude[:, None] * cosine, *self._ends)
            new = self._moved(x).mean(axis=1)
            change = np.abs(new - center).max(initial=0.0)
            center = new
            if change <= _CENTERED * self._scale:
                return center
        raise ConvergenceError(
            "device: the center of an orbit does not settle: the mean force leaves more than one "
            "well"
        )


def _places(device: Device, reach: float) -> int:
    """Positions that resolve the electrons, an odd number of them."""
    narrowest = min(min(lead.temperature, lead.density.width) for lead in device.leads)
    wanted = int(_PER_SCALE * 2.0 * reach * abs(device.force) / narrowest)
    return int(np.clip(wanted, *_PLACES)) | 1
