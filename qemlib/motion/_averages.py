"""Averages over orbits: where they come from, and the steady state as a function of amplitude."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.interpolate import make_interp_spline

from qemlib.devices.device import Device
from qemlib.electrons.along_orbit import OrbitCoefficients, as_given
from qemlib.electrons.coefficients import errors_of_densities
from qemlib.electrons.quadrature import known_accuracy
from qemlib.errors import ConvergenceError, NoSteadyState
from qemlib.motion.orbit import paths, resolved_orbits
from qemlib.states import wigner

if TYPE_CHECKING:
    from qemlib.motion.averaged_model import AveragedModel
    from qemlib.motion.model import LangevinModel

NAMES = "friction", "frequency_shift", "amplitude_diffusion", "phase_diffusion"

_DEGREE = 5
# Of the solution: amplitudes at which W is known, ln W that no integral sees, and the part of them
# above it that resolves W.
_FINE, _NOTHING, _FEWEST = 1201, -80.0, 0.25
_MOST_LOOKS = 40
# Of a small amplitude, beside the largest, which stands for none.
_SMALL = 1e-3
_FEWEST_AMPLITUDES = 4
_CENTERED, _MOST_STEPS = 1e-9, 60
# Of a device: the first reach, in x0, how it grows, and the weight at the edge; how much denser
# small amplitudes are on the way there, what is far in energy, and how much further is looked
# where wide orbits lose energy; steps between the amplitudes, on the way there, then, at most, and
# for rough questions; tolerances of integrals over energy, on the way there and beside that of the
# state.
_NARROWEST, _LEAST_GROWTH, _LARGEST_GROWTH, _EDGE = 8.0, 1.05, 1.8, 1e-16
_DENSER, _FAR, _BEYOND, _FURTHER = 1.5, 2.0, 1.5, 8.0
_COARSE, _STEPS, _MOST, _GLANCE = 12, 12, 384, 24
_ROUGH, _INTEGRAL = 1e-4, 1e-2
# Harmonics of the charge from which the overtones of the motion follow.
_OVERTONES = 3
# What an overtone changes of a coefficient, as part of it, in units of its part of the motion.
_OF_OVERTONES = 3.0
# A mean frequency this close to ω0 is as good as ω0.
_NO_SHIFT = 1e-9
# What doubling the amplitudes gains at least.
_GAIN = 8.0


@dataclass(frozen=True, eq=False)
class Solution:
    """Steady state on a fine grid of amplitudes.

    Attributes
    ----------
    amplitude, log_weight, frequency, center : ndarray
        A, ln W(x, p) with ∫dx dp W = 1, Ω and c.
    area : ndarray
        dx dp between orbits, as 2π dI/dA.
    moments : tuple of float
        (⟨|α|²⟩, ⟨|α|⁴⟩).
    squeezing : float
        ⟨α²⟩.
    edge_weight : float
        W at the largest amplitude of the model, beside the largest W.
    """

    amplitude: np.ndarray
    log_weight: np.ndarray
    frequency: np.ndarray
    center: np.ndarray
    area: np.ndarray
    moments: tuple[float, float]
    squeezing: float
    edge_weight: float

    @property
    def numbers(self) -> np.ndarray:
        """⟨a†a⟩ and g⁽²⁾(0)."""
        return np.array([wigner.phonon_number(self.moments), wigner.g2(self.moments)])

    def mean(self, values: np.ndarray) -> float:
        """Average over the state of a function of amplitude."""
        weight = np.exp(self.log_weight) * self.area
        return float(weight @ values / weight.sum())


def solve(model: AveragedModel) -> Solution:
    """W(A) by one integral: d ln W/dI = −γ̄/(2mΩ d_A)."""
    reach, edge = float(model.amplitudes[-1]), np.nan
    for _ in range(_MOST_LOOKS):
        amplitude = np.linspace(0.0, reach, _FINE)
        omega = model.frequency + model.at("frequency_shift", amplitude)
        stretch = 1.0 + 0.5 * amplitude * model.at("frequency_shift", amplitude, 1) / omega
        # dI/dA = mΩA (1 + AΩ'/2Ω)
        action = model.mass * omega * amplitude * stretch
        ratio = model.at("friction", amplitude) / model.at("amplitude_diffusion", amplitude)
        slope = -0.5 * ratio * amplitude * stretch
        log_weight = make_interp_spline(amplitude, slope, k=_DEGREE).antiderivative()(amplitude)
        log_weight -= log_weight.max()
        edge = float(log_weight[-1]) if np.isnan(edge) else edge
        last = int(np.flatnonzero(log_weight > _NOTHING)[-1])
        if last > _FEWEST * _FINE:
            break
        reach = float(1.5 * amplitude[last + 1])
    center = model.at("center", amplitude)
    area = 2.0 * np.pi * action

    def integral(values: np.ndarray | float) -> float:
        weighted = np.exp(log_weight) * values * area
        return float(make_interp_spline(amplitude, weighted, k=_DEGREE).integrate(0.0, reach))

    total = integral(1.0)
    second, fourth, square = (
        integral(each) / total
        for each in _squares(center / model.x0, amplitude / model.x0, omega / model.frequency)
    )
    return Solution(
        amplitude=amplitude,
        log_weight=log_weight - np.log(total),
        frequency=omega,
        center=center,
        area=area,
        moments=(second, fourth),
        squeezing=square,
        edge_weight=float(np.exp(edge)),
    )


def _squares(
    c: np.ndarray, a: np.ndarray, ratio: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """|α|², |α|⁴ and α² averaged over the orbit α = c + a cos θ − i a (Ω/ω0) sin θ."""
    b = a * ratio
    mean = c**2 + 0.5 * (a**2 + b**2)
    uneven = 0.5 * (a**2 - b**2)
    return mean, mean**2 + 2.0 * (c * a) ** 2 + 0.5 * uneven**2, c**2 + uneven


def numbers_with_error(model: AveragedModel) -> tuple[Solution, np.ndarray]:
    """The solution, and relative errors of ⟨a†a⟩ and g⁽²⁾(0).

    They hold what every other amplitude changes, and what the coefficients' own errors do.
    """
    found = solve(model)
    numbers = found.numbers
    kept = np.unique(np.append(np.arange(0, model.amplitudes.size, 2), model.amplitudes.size - 1))
    if kept.size < _FEWEST_AMPLITUDES:
        return found, np.full(2, np.inf)
    fewer = {name: getattr(model, name)[kept] for name in ("amplitudes", *NAMES, "center")}
    change = np.abs(solve(replace(model, **fewer, error=None)).numbers - numbers) / _GAIN
    for name in ("friction", "amplitude_diffusion", "frequency_shift"):
        if model.error[name].any():
            other = replace(model, **{name: getattr(model, name) + model.error[name]})
            change = change + np.abs(solve(other).numbers - numbers)
    return found, change / np.abs(numbers)


# --- from a Langevin model ------------------------------------------------------------------------


def of_langevin(model: LangevinModel) -> dict[str, Any]:
    """The arguments of an AveragedModel, from the orbits of the effective potential.

    Of the same action and frequency, I = mΩA²/2, as a harmonic one; its center is the mean of x.
    """
    orbits, _, _, phases = resolved_orbits(model)
    path = paths(model, orbits.radius[1:], orbits.center, orbits.minimum, phases)
    m, omega = model.mass, 2.0 * np.pi / orbits.period
    action = orbits.action / (2.0 * np.pi * m)
    amplitudes = np.sqrt(2.0 * action / (m * omega))
    moving = orbits.action > 0
    # K_I = ⟨Dp²⟩/(2m²Ω²) = (mΩA)² d_A; at rest both diffusions are D/(4m²ω²).
    at_rest = model.diffusion_at(orbits.center) / (4.0 * (m * omega) ** 2)
    along, across = at_rest.copy(), at_rest.copy()
    speed = (m * omega * amplitudes)[moving]
    along[moving] = (0.5 * orbits.noise / orbits.period / (m * omega) ** 2)[moving] / speed**2
    dt = m * path.dx / path.p
    center = np.concatenate([[orbits.center], (path.x * dt).sum(axis=1) / dt.sum(axis=1)])
    cosine = (path.x - center[1:, None]) / amplitudes[1:, None]
    uneven = (model.diffusion_at(path.x) * cosine**2 * dt).sum(axis=1) / dt.sum(axis=1)
    across[1:] = uneven / (2.0 * (m * omega[1:]) ** 2)
    return {
        "mass": m,
        "frequency": model.frequency,
        "amplitudes": amplitudes,
        "friction": orbits.friction,
        "frequency_shift": omega - model.frequency,
        "amplitude_diffusion": along,
        "phase_diffusion": across,
        "center": center,
        "note": f"averages over the orbits of {model!r}",
    }


def _fixed_point(
    target: Callable[[np.ndarray], tuple[np.ndarray, Any]], start: np.ndarray, scale: float
) -> tuple[np.ndarray, Any]:
    """c = target(c) by secants, and what `target` also gave there."""
    before = start
    value, extra = target(start)
    off, here = value - before, value
    for _ in range(_MOST_STEPS):
        if np.abs(off).max(initial=0.0) <= _CENTERED * scale:
            return before, extra
        value, extra = target(here)
        new, step = value - here, here - before
        slope = np.divide(new - off, step, out=np.full(step.shape, -1.0), where=step != 0)
        slope = np.where(slope < -_SMALL, slope, -1.0)
        before, off, here = here, new, here - new / slope
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


# --- from a device --------------------------------------------------------------------------------


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
    reach, limit = _NARROWEST * device.oscillator.x0, _furthest(device)
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
    amplitudes = _furthest(device) * _steps(_GLANCE) ** _DENSER
    return source.model(amplitudes, device.oscillator.frequency)


def _furthest(device: Device) -> float:
    """An amplitude at which the level has left all energies far behind."""
    ends = [device.level]
    for lead in device.leads:
        density = lead.density
        height = float(np.max(density.spectral_density(np.array(density.energies))))
        margin = _FAR * (density.width + height + lead.temperature)
        ends += [energy + side * margin for energy in density.energies for side in (-1.0, 1.0)]
    # A chemical potential beyond the bands' tails is as good as infinite.
    low, high = min(ends), max(ends)
    ends += [
        _BEYOND * float(np.clip(lead.chemical_potential, _FAR * low, _FAR * high))
        for lead in device.leads
    ]
    return float(np.abs(np.array(ends) - device.level).max() / abs(device.force))


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
            change = float(np.abs(numbers / before - 1.0).max()) / _GAIN
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

        def target(center: np.ndarray) -> tuple[np.ndarray, OrbitCoefficients]:
            found = along(device, center)
            return found.mean_force / (m * omega0**2), found

        center, found = _fixed_point(target, np.zeros(amplitudes.shape), device.oscillator.x0)
        error = dict(found.error)
        if known_accuracy(device) > 0.0:
            unknown = errors_of_densities(device, found, lambda other: along(other, center))
            error = {name: error[name] + unknown[name] for name in NAMES}
        omega = omega0 + found.frequency_shift
        # From one frequency of all orbits to their own, at which they are faster or slower.
        speed = {"friction": frequency / omega, "frequency_shift": 1.0}
        scale = [speed.get(name, (frequency / omega) ** 2) for name in NAMES]
        values = [s * getattr(found, name) for s, name in zip(scale, NAMES, strict=True)]
        forces = [device.force * np.abs(found.charge[q]) for q in range(2, _OVERTONES + 1)]
        moved = np.maximum(amplitudes, _SMALL * amplitudes.max())
        distortion = _distortion(forces, m, omega, moved)
        off = [
            s * error[name] + _OF_OVERTONES * distortion * np.abs(value)
            for s, name, value in zip(scale, NAMES, values, strict=True)
        ]
        return np.array([*values, center, *off])

    def with_errors(
        self, model: AveragedModel, rough: AveragedModel, frequency: float, change: float
    ) -> AveragedModel:
        """The model, with what the spread of the frequencies may change."""
        omega0 = model.frequency
        moved = self.model(rough.amplitudes, frequency)
        spread = np.abs(omega0 + model.frequency_shift - frequency)
        shift = max(abs(frequency - omega0), _NO_SHIFT * omega0)
        error = {}
        for name in NAMES:
            slope = np.abs(getattr(moved, name) - getattr(rough, name)) / shift
            per_shift = np.interp(model.amplitudes, rough.amplitudes, slope)
            error[name] = model.error[name] + per_shift * spread
        note = f"{model.note}, {model.amplitudes.size} amplitudes change the state by {change:.0e}"
        return replace(model, error=error, note=note)
