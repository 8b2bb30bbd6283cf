"""What the electrons do on average while the oscillator moves.

At zeroth order in the motion they see the oscillator at rest, wherever it is:
⟨Q⟩ = ∫dx Q(x) P(x).  At first order each current has a part ẋ g_α(x) that fills and empties the
dot as its charge follows the motion.  It reverses with ẋ, and so adds nothing to the mean over a
turn.  What zeroth order leaves out of a mean current is of second order, then.  Electrons with all
of their memory (`qemlib.electrons.along_orbit`) tell how much it is for a motion that is
prescribed.  That is an estimate: the noise that moves the oscillator is correlated with the
currents, which adds a part that no prescribed motion has.  In equilibrium the two cancel, for there
no current flows, and so what the estimate gives there shows how far to trust it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import BarycentricInterpolator

from qemlib import _checks
from qemlib._locked import Locked
from qemlib.devices.device import Device
from qemlib.electrons.along_orbit import orbit_coefficients
from qemlib.electrons.coefficients import current
from qemlib.errors import ConvergenceError
from qemlib.states.contract import refuse_without
from qemlib.states.marginals import average_over, mean_amplitude

__all__ = ["MotionAverage", "MotionCurrent", "average_over_motion", "current_over_motion"]

# Orbits at the extrema of a Chebyshev polynomial in A, every second one for the error; harmonics of
# the current along them, and angles at which it is looked at for the oscillator at rest.
_ORBITS, _HARMONICS, _ANGLES = 16, 8, 128
_RTOL = 1e-6
# Radii at which W is weighed, from 0 to where r W is below this part of its largest value; that is
# first looked for at so many root mean squares.
_RADII, _NOTHING, _REACH, _WIDER, _WIDENINGS = 400, 1e-9, 3.0, 1.5, 8
# A mean amplitude that is less than this part of the root mean square moves no orbit.
_CENTERED = 1e-3


@dataclass(frozen=True, eq=False)
class MotionAverage(Locked):
    """An average over the positions of a state.

    Attributes
    ----------
    value, error : ndarray
        The average, and the estimated error of its integral over x.
    """

    value: np.ndarray
    error: np.ndarray

    def __repr__(self) -> str:
        if self.value.ndim:
            return f"MotionAverage(shape {self.value.shape}, largest error {self.error.max():.1e})"
        return f"MotionAverage({self.value:.9g} +/- {self.error:.1e})"


@dataclass(frozen=True, eq=False)
class MotionCurrent(Locked):
    """The mean current of a device in motion, from left to right; as a float, its `value`.

    Attributes
    ----------
    at_rest : float
        ∫dx I(x) P(x), zeroth order in the motion (energy, that is electrons per unit time).
    left_out : float
        What the electrons' memory adds to it, along a prescribed motion (energy).
    swing : ndarray, shape (2,)
        Root mean square of what the motion adds to the currents from the left and from the right
        lead within a turn (energy): the charging and discharging of the dot, mostly.
    error : dict of str to float or ndarray
        Estimated absolute errors of "at_rest", "left_out" and "swing" as they are defined here.
    """

    at_rest: float
    left_out: float
    swing: np.ndarray
    error: dict[str, Any]

    @property
    def value(self) -> float:
        """The mean current with both parts."""
        return self.at_rest + self.left_out

    def __float__(self) -> float:
        return self.value

    def __repr__(self) -> str:
        return (
            f"MotionCurrent({self.value:.6g}: at rest {self.at_rest:.6g}, left out by that "
            f"{self.left_out:.3g}; swing {self.swing[0]:.3g} and {self.swing[1]:.3g})"
        )


def average_over_motion(
    state: Any, quantity: Callable[[Device, np.ndarray], ArrayLike], device: Device | None = None
) -> MotionAverage:
    """⟨Q⟩ = ∫dx Q(x) P(x) of what a device does at rest at x, over the positions of a state.

    Parameters
    ----------
    state : State
    quantity : callable
        `quantity(device, x)` for an array of positions, with their axis last in what it returns:
        `qem.current`, `qem.heat_current`, or a function of your own.
    device : Device, optional
        By default the one that drives the state.

    Returns
    -------
    MotionAverage

    Raises
    ------
    TypeError
        If `state`, `quantity` or `device` is none.
    ValueError
        If no device is known.
    ConvergenceError
        If the density of positions does not end.

    Examples
    --------
    The ring at V = 16 takes the level out of the window of the bias, and the current falls:

    >>> import qemlib as qem
    >>> state = qem.orbit_average(qem.LangevinModel.from_device(qem.paper_device(16.0)))
    >>> at_rest = float(qem.current(state.device, 0.0))
    >>> round(at_rest, 4), round(float(qem.average_over_motion(state, qem.current).value), 4)
    (0.4265, 0.3105)

    Of the noise, one part:

    >>> noise = qem.average_over_motion(state, lambda dev, x: qem.current_noise(dev, x).left)
    >>> round(float(noise.value), 4)
    0.1376
    """
    device = _device_of(state, device)
    if not callable(quantity):
        raise TypeError(f"quantity must be a function of device and x, got {quantity!r:.80}")
    width = state.oscillator.x0 * np.sqrt(max(state.phonon_number + 0.5, 0.5))
    value, error = average_over(state.position_density, width, lambda x: quantity(device, x))
    return MotionAverage(np.asarray(value), np.asarray(error))


def current_over_motion(state: Any, device: Device | None = None) -> MotionCurrent:
    """The mean current of a state, at zeroth order in the motion and with the electrons' memory.

    The oscillator turns at its own frequency on circles about the state's mean position, and W says
    how many turn at which amplitude.

    Parameters
    ----------
    state : State
    device : Device, optional
        By default the one that drives the state.

    Returns
    -------
    MotionCurrent

    Raises
    ------
    TypeError
        If `state` or `device` is none.
    ValueError
        If no device is known.
    ConvergenceError
        If W does not end.
    QuadratureError
        As `orbit_coefficients`.

    Examples
    --------
    Zeroth order leaves out a quarter of a percent:

    >>> import qemlib as qem
    >>> state = qem.orbit_average(qem.LangevinModel.from_device(qem.paper_device(16.0)))
    >>> found = qem.current_over_motion(state)
    >>> round(found.at_rest, 4), round(found.left_out / found.at_rest, 4)
    (0.3105, 0.0024)
    """
    device = _device_of(state, device)
    at_rest = average_over_motion(state, current, device)
    radius, weight, center = _orbits_of(state)
    x0 = state.oscillator.x0
    nodes = 0.5 * radius[-1] * (1.0 - np.cos(np.pi * np.arange(_ORBITS + 1) / _ORBITS))
    added = _added(device, x0 * nodes, center)
    means = [
        BarycentricInterpolator(nodes[::step], added[:, ::step], axis=1)(radius) @ weight
        for step in (1, 2)
    ]
    change = np.abs(means[0] - means[1])
    swing = np.sqrt(np.maximum(means[0][1:], 0.0))
    # Of a square root: half of the relative change.
    unsure = np.divide(0.5 * change[1:], swing, out=np.sqrt(change[1:]), where=swing > 0)
    return MotionCurrent(
        at_rest=float(at_rest.value),
        left_out=float(means[0][0]),
        swing=swing,
        error={"at_rest": float(at_rest.error), "left_out": float(change[0]), "swing": unsure},
    )


def _device_of(state: Any, device: Device | None) -> Device:
    refuse_without(state, "oscillator", "phonon_number", "position_density")
    if state.oscillator is None:
        raise ValueError("state must know its oscillator, got one without")
    known = getattr(state, "device", None) if device is None else device
    if known is None:
        raise ValueError("device must be given for a state that knows none, got None")
    return _checks.kind("device", known, Device)


def _orbits_of(state: Any) -> tuple[np.ndarray, np.ndarray, float]:
    """Radii in |α| about the mean position, the part of the state at each, and that position."""
    refuse_without(state, "radial_profile", "wigner")
    x0, p0 = state.oscillator.x0, state.oscillator.p0
    rms = float(np.sqrt(max(state.phonon_number + 0.5, 0.5)))
    center = x0 * mean_amplitude(state).real
    turn = np.exp(2j * np.pi * (np.arange(_ANGLES) + 0.5) / _ANGLES)

    def profile(r: np.ndarray) -> np.ndarray:
        if abs(center) < _CENTERED * x0 * rms:
            return np.asarray(state.radial_profile(r))
        around = r[:, None] * turn
        return np.asarray(state.wigner(center + x0 * around.real, p0 * around.imag)).mean(axis=1)

    reach = _REACH * rms
    for _ in range(_WIDENINGS):
        radius = np.linspace(0.0, reach, _RADII)
        weight = radius * profile(radius)
        seen = np.flatnonzero(np.abs(weight) > _NOTHING * np.abs(weight).max())
        if seen[-1] < _RADII - 1:
            # The trapezoidal rule: both ends count for nothing.
            return radius, weight / weight.sum(), center
        reach *= _WIDER
    raise ConvergenceError(f"state: W at |alpha| = {reach / _WIDER:.4g} is still not zero")


def _added(device: Device, amplitudes: np.ndarray, center: float) -> np.ndarray:
    """What the motion adds to the mean current, and to the mean square of I_L and of I_R."""
    along = orbit_coefficients(
        device, amplitudes, np.full(amplitudes.shape, center), harmonics=_HARMONICS, rtol=_RTOL
    )
    angle = 2.0 * np.pi * (np.arange(_ANGLES) + 0.5) / _ANGLES
    at_rest = current(device, center + amplitudes[:, None] * np.cos(angle))
    harmonics = np.arange(1, _HARMONICS + 1)[:, None]
    still = 2.0 / _ANGLES * np.cos(harmonics * angle) @ at_rest.T
    sign = np.array([1.0, -1.0])[:, None, None]
    rest = along.current_harmonics - sign * still
    return np.vstack(
        [along.current[0] - at_rest.mean(axis=1), 0.5 * (np.abs(rest) ** 2).sum(axis=1)]
    )
