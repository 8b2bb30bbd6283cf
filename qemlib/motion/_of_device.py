"""The averaged model of a device: its electrons' coefficients along as many orbits as it takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from qemlib.devices.device import Device, Oscillator
from qemlib.electrons.along_orbit import OrbitCoefficients, as_given
from qemlib.electrons.uncertain_densities import with_errors_of_densities
from qemlib.errors import ConvergenceError, NoSteadyState
from qemlib.motion._beyond import memory_angle
from qemlib.motion._weight import GAIN, NAMES, solve
from qemlib.motion.reach import furthest

if TYPE_CHECKING:
    from qemlib.motion.averaged_model import AveragedModel

__all__ = ["fixed_point", "glance", "of_device"]

# Of a small amplitude, beside the largest, which stands for none.
_SMALL = 1e-3
_CENTERED, _MOST_STEPS = 1e-9, 60
# The first reach, in x0, how it grows, and the weight at the edge; how much denser
# small amplitudes are on the way there, and how much further is looked where wide orbits lose
# energy; steps between the amplitudes, on the way there, then, at most, and
# for rough questions; tolerances of integrals over energy, on the way there and beside that of the
# state.
_NARROWEST, _LEAST_GROWTH, _LARGEST_GROWTH, _EDGE = 8.0, 1.05, 1.8, 1e-16
_DENSER, _FURTHER = 1.5, 8.0
_COARSE, _STEPS, _MOST, _GLANCE = 12, 12, 384, 24
_ROUGH, _INTEGRAL = 1e-4, 1e-2
# Harmonics of the charge from which the overtones of the motion follow.
_OVERTONES = 3
# What an overtone changes of a coefficient, as part of it, in units of its part of the motion.
_OF_OVERTONES = 3.0
# A mean frequency this close to ω0 is as good as ω0.
_NO_SHIFT = 1e-9


def of_device(
    kind: type[AveragedModel], device: Device, rtol: float, reach: float | None
) -> AveragedModel:
    """The AveragedModel `kind` of a device, on amplitudes that hold and resolve its state."""
    source = _Source(kind, device, _INTEGRAL * rtol)
    if reach is not None:
        return _resolved(source, reach, rtol)
    reach = _reach(_Source(kind, device, _ROUGH))
    while True:
        model = _resolved(source, reach, rtol)
        if solve(model).edge_weight < np.sqrt(_EDGE):
            return model
        reach *= _LEAST_GROWTH


def _reach(source: _Source) -> float:
    """Amplitude at which W is small enough."""
    device = source.device
    reach = _NARROWEST * device.oscillator.x0
    # Friction of its own holds any motion.
    limit = np.inf if device.oscillator.intrinsic_damping > 0.0 else furthest(device)
    most = _FURTHER * limit
    while True:
        model, weight, last = _look(source, reach, _COARSE)
        if weight < _EDGE:
            # Few amplitudes may show an edge where there is none.
            model, weight, last = _look(source, reach, 2 * _COARSE)
            if weight < _EDGE:
                return last
        if reach >= limit:
            # What still loses energy out there may come to an end further out.
            if model.friction[-1] <= 0.0 or limit >= most:
                raise NoSteadyState(
                    "device has no bound steady state: its averaged friction does not confine the "
                    f"motion, out to A = {reach:.3g}, where the weight is {weight:.1e} of the "
                    "largest; with a `reach` the model ends there"
                )
            limit *= 2.0
        # W falls roughly as a Gaussian.
        growth = 1.03 * np.sqrt(np.log(_EDGE) / np.log(weight)) if weight < 0.1 else np.inf
        reach = min(reach * float(np.clip(growth, _LEAST_GROWTH, _LARGEST_GROWTH)), limit)


def _look(source: _Source, reach: float, number: int) -> tuple[AveragedModel, float, float]:
    """Few orbits, the weight of the last beside the largest, and where it has fallen enough."""
    amplitudes = reach * _steps(number) ** _DENSER
    model = source.model(amplitudes, source.device.oscillator.frequency)
    found = solve(model)
    seen = found.log_weight > found.log_weight.max() + np.log(_EDGE)
    last = min(int(np.flatnonzero(seen)[-1]) + 1, seen.size - 1)
    return model, found.edge_weight, float(found.amplitude[last])


def glance(kind: type[AveragedModel], device: Device) -> AveragedModel:
    """Few orbits, out to where the electrons feel nothing, for rough questions."""
    source = _Source(kind, device, _ROUGH)
    amplitudes = furthest(device) * _steps(_GLANCE) ** _DENSER
    return source.model(amplitudes, device.oscillator.frequency)


def _resolved(source: _Source, reach: float, rtol: float) -> AveragedModel:
    """The model up to some amplitude, of as many as it takes."""
    rough = source.model(reach * _steps(_STEPS), source.device.oscillator.frequency)
    found = solve(rough)
    frequency = found.mean(found.frequency)
    number, before = _STEPS, None
    while True:
        model = source.model(reach * _steps(number), frequency)
        numbers = solve(model).numbers
        if before is not None:
            change = float(np.abs(numbers / before - 1.0).max()) / GAIN
            if change < rtol:
                return source.with_errors(model, rough, frequency, change)
            if number >= _MOST:
                raise ConvergenceError(
                    f"device: with {number + 1} amplitudes up to {reach:.6g} the averaged state "
                    f"still changes by {change:.1e}, asked for is {rtol:.1e}"
                )
        before, number = numbers, 2 * number


def _steps(number: int) -> np.ndarray:
    """Even parts of 1 that are the same numbers in halves of the steps."""
    return np.arange(number + 1) / number


class _Source:
    """Coefficients of a device along its orbits, each computed once."""

    def __init__(self, kind: type[AveragedModel], device: Device, rtol: float) -> None:
        self.device = device
        self._kind, self._rtol = kind, max(rtol, 1e-11)
        self._known: dict[float, dict[float, np.ndarray]] = {}

    def model(self, amplitudes: np.ndarray, frequency: float) -> AveragedModel:
        """All orbits at one frequency."""
        known = self._known.setdefault(frequency, {})
        new = np.array([a for a in amplitudes.tolist() if a not in known])
        if new.size:
            rows = self._rows(new, frequency)
            known.update(zip(new.tolist(), rows.T, strict=True))
        rows = np.array([known[a] for a in amplitudes.tolist()]).T
        return self._kind(
            mass=self.device.oscillator.mass,
            frequency=self.device.oscillator.frequency,
            amplitudes=amplitudes,
            **dict(zip((*NAMES, "center"), rows[:5], strict=True)),
            error=dict(zip(NAMES, rows[5:], strict=True)),
            device=self.device,
            note=f"electrons with memory, at the frequency {frequency:.6g}",
        )

    def _rows(self, amplitudes: np.ndarray, frequency: float) -> np.ndarray:
        """The coefficients, the center, and the errors of the former; one row each."""
        device = self.device
        m, omega0 = device.oscillator.mass, device.oscillator.frequency

        def along(of: Device, center: np.ndarray) -> OrbitCoefficients:
            return as_given(
                of, amplitudes, center, frequency, _OVERTONES, self._rtol, currents=False
            )

        def target(center: np.ndarray) -> tuple[np.ndarray, np.ndarray, OrbitCoefficients]:
            found = along(device, center)
            spring = m * omega0**2
            return found.mean_force / spring, found.error["mean_force"] / spring, found

        center, found = fixed_point(target, np.zeros(amplitudes.shape), device.oscillator.x0)
        found = with_errors_of_densities(device, found, lambda other: along(other, center))
        omega = omega0 + found.frequency_shift
        # From one frequency of all orbits to their own, at which they are faster or slower.
        speed = {"friction": frequency / omega, "frequency_shift": 1.0}
        scale = [speed.get(name, (frequency / omega) ** 2) for name in NAMES]
        values = [s * getattr(found, name) for s, name in zip(scale, NAMES, strict=True)]
        forces = [device.force * np.abs(found.charge[q]) for q in range(2, _OVERTONES + 1)]
        moved = np.maximum(amplitudes, _SMALL * amplitudes.max())
        distortion = _distortion(forces, m, omega, moved)
        off = [
            s * found.error[name] + _OF_OVERTONES * distortion * np.abs(value)
            for s, name, value in zip(scale, NAMES, values, strict=True)
        ]
        own = np.array([_own(device.oscillator, frequency) for frequency in omega.tolist()])
        return np.array([*(np.array(values) + own.T), center, *off])

    def with_errors(
        self, model: AveragedModel, rough: AveragedModel, frequency: float, change: float
    ) -> AveragedModel:
        """The model, with what the spread of the frequencies may change, and its memory."""
        omega0 = model.frequency
        moved = self.model(rough.amplitudes, frequency)
        spread = np.abs(omega0 + model.frequency_shift - frequency)
        shift = max(abs(frequency - omega0), _NO_SHIFT * omega0)
        error = {}
        for name in NAMES:
            slope = np.abs(getattr(moved, name) - getattr(rough, name)) / shift
            per_shift = np.interp(model.amplitudes, rough.amplitudes, slope)
            error[name] = model.error[name] + per_shift * spread
        angle = memory_angle(self.device, rough)
        memory = np.interp(model.amplitudes, rough.amplitudes, angle)
        note = f"{model.note}, {model.amplitudes.size} amplitudes change the state by {change:.0e}"
        return replace(model, error=error, memory=memory, note=note)


def _own(oscillator: Oscillator, frequency: float) -> tuple[float, float, float, float]:
    """What the oscillator's own friction adds to the coefficients of an orbit, as of `NAMES`.

    Its noise is that of a bath at the orbit's frequency, as the electrons' is: so both lead to one
    equilibrium if they have one temperature.
    """
    noise = oscillator.intrinsic_diffusion(frequency) / (2.0 * oscillator.mass * frequency) ** 2
    return oscillator.intrinsic_damping, 0.0, noise, noise


def fixed_point(
    target: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray, Any]],
    start: np.ndarray,
    scale: float,
) -> tuple[np.ndarray, Any]:
    """c = target(c) by secants, and what `target` also gave there.

    Integrals that are not exact enough for _CENTERED have it settle to within their own error.
    """
    before = start
    value, error, extra = target(start)
    off, here = value - before, value
    for _ in range(_MOST_STEPS):
        if np.abs(off).max(initial=0.0) <= _CENTERED * scale:
            return before, extra
        value, error, extra = target(here)
        new, step = value - here, here - before
        slope = np.divide(new - off, step, out=np.full(step.shape, -1.0), where=step != 0)
        slope = np.where(slope < -_SMALL, slope, -1.0)
        before, off, here = here, new, here - new / slope
    if (np.abs(off) <= error).all():
        return before, extra
    raise ConvergenceError(
        "the center of an orbit does not settle: the mean force leaves more than one well"
    )


def _distortion(
    forces: Sequence[np.ndarray], mass: float, omega: np.ndarray, amplitudes: np.ndarray
) -> np.ndarray:
    """Overtones of the motion, beside its amplitude, from those of the force."""
    parts = [
        np.abs(force) / (mass * ((q * omega) ** 2 - omega**2) * amplitudes)
        for q, force in enumerate(forces, start=2)
    ]
    return np.sum(parts, axis=0)
