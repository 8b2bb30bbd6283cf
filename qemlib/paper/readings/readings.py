"""Readings of the paper's parameters: what else the printed ones could have meant in the code.

The caption of Fig. 2 fixes the device, and `qemlib.paper_device` holds it as printed.  Each entry
here changes one thing, as a plausible convention or a plausible slip would, and says why one might
think of it.  A `Reading` is a set of such changes, at most one for each question.  All of them are
guesses: nothing here is known about the authors' programs.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from math import inf

import numpy as np

from qemlib import _checks
from qemlib.devices.densities import Lorentzian
from qemlib.devices.device import Device, Lead, paper_device
from qemlib.electrons.coefficients import damping, noise_spectrum
from qemlib.errors import LeftGridError, NoSteadyState, SeveralWells
from qemlib.motion import grid, sources
from qemlib.motion.model import LangevinModel
from qemlib.motion.orbit import OrbitAverage, edge_weight, orbit_average
from qemlib.sampler.sampling import euler_equivalent
from qemlib.studies.thresholds import Exactly, root

__all__ = [
    "AT_OSCILLATOR",
    "CHANGES",
    "PRINTED",
    "Change",
    "Reading",
    "all_readings",
    "reading",
]

# Grids are widened by this factor until they hold the steady state.
_NARROWEST, _WIDER, _WIDEST = 14.0, 1.41, 110.0
_EDGE_WEIGHT = 1e-15
# Previews are refused from 1e-8 on.
_LOOKED_AT = 1e-7
# Where thresholds are looked for.
_VOLTAGES = np.arange(0.0, 41.0, 4.0)


def force_is_coupling(device: Device) -> Device:
    """F = λ: the printed 0.1 is the force itself, not λ = Fx0/2."""
    return replace(device, coupling=0.5 * device.coupling * device.oscillator.x0)


def inverted_length(device: Device) -> Device:
    """x0 = (2/mω0)^{−1/2}, as printed after Ineq. (5), in F = 2λ/x0."""
    return replace(device, coupling=device.coupling * device.oscillator.x0**2)


def temperature_is_beta(device: Device) -> Device:
    """T = β: the printed 0.5 is the temperature, not its inverse."""
    left, right = (
        replace(lead, temperature=1.0 / lead.temperature) for lead in (device.left, device.right)
    )
    return replace(device, left=left, right=right)


def full_bias_on_each_lead(device: Device) -> Device:
    """μ_α = ±V: the voltage axis counts each lead's shift, half of μ_L − μ_R."""
    return device.with_voltage(2.0 * device.voltage)


def half_rate(device: Device) -> Device:
    """Γ_α = 1: the printed 2 is the total rate of both leads."""
    return _with_bands(device, rate=0.5)


def double_rate(device: Device) -> Device:
    """Γ_α = 4: the printed 2 is the half width, κ/2."""
    return _with_bands(device, rate=2.0)


def half_bandwidth(device: Device) -> Device:
    """δ = 1/2: the printed 1 is the full width at half maximum."""
    return _with_bands(device, bandwidth=0.5)


def double_bandwidth(device: Device) -> Device:
    """δ = 2: the printed 1 is half of the half width."""
    return _with_bands(device, bandwidth=2.0)


def _with_bands(device: Device, **factors: float) -> Device:
    def changed(lead: Lead) -> Lead:
        band = _checks.kind("density", lead.density, Lorentzian)
        values = {name: getattr(band, name) * f for name, f in factors.items()}
        return replace(lead, density=replace(band, **values))

    return replace(device, left=changed(device.left), right=changed(device.right))


def bare_occupation(model: LangevinModel, device: Device) -> LangevinModel:
    """⟨n⟩ in place of F⟨n⟩ as the mean force: Eq. (C1) as printed."""
    return replace(model, force=model.force / device.force)


@dataclass(frozen=True)
class Change:
    """One change to the printed parameters or to the equation of motion.

    Attributes
    ----------
    name : str
        Short, for tables.
    question : str
        What it answers; a reading holds at most one change for each question.
    why : str
        What is assumed, in a sentence.
    device : callable, optional
        Device to device.
    motion : callable, optional
        (LangevinModel, Device) to LangevinModel.
    step : float
        Δt of explicit Euler, Eqs. (C1) and (C2); 0 for the exact motion.
    """

    name: str
    question: str
    why: str
    device: Callable[[Device], Device] | None = None
    motion: Callable[[LangevinModel, Device], LangevinModel] | None = None
    step: float = 0.0


def _of_device(name: str, question: str, function: Callable[[Device], Device]) -> Change:
    return Change(name, question, str(function.__doc__), device=function)


def _euler(step: float) -> Change:
    why = f"Explicit Euler with Δt = {step:g}, which the paper leaves open."
    return Change(f"Δt = {step:g}", "step", why, step=step)


CHANGES: dict[str, Change] = {
    change.name: change
    for change in (
        _of_device("F = λ", "force", force_is_coupling),
        _of_device("x0 inverted", "force", inverted_length),
        _of_device("T = β", "temperature", temperature_is_beta),
        _of_device("μ = ±V", "bias", full_bias_on_each_lead),
        _of_device("Γ/2", "rate", half_rate),
        _of_device("2Γ", "rate", double_rate),
        _of_device("δ/2", "bandwidth", half_bandwidth),
        _of_device("2δ", "bandwidth", double_bandwidth),
        Change("no F in C1", "C1", str(bare_occupation.__doc__), motion=bare_occupation),
        *(_euler(step) for step in (5e-4, 1e-3, 2.6e-3, 5e-3)),
    )
}


@dataclass(frozen=True)
class Reading:
    """The printed parameters with some changes.

    Parameters
    ----------
    changes : tuple of Change
        At most one for each question.

    Raises
    ------
    ValueError
        If two changes answer the same question.

    Examples
    --------
    >>> reading("T = β").device(6.0).left.temperature
    0.5
    >>> round(reading("μ = ±V").threshold, 4)
    4.2316
    """

    changes: tuple[Change, ...] = ()

    def __post_init__(self) -> None:
        questions = [change.question for change in self.changes]
        if len(set(questions)) < len(questions):
            raise ValueError(
                f"changes must answer different questions, got {[c.name for c in self.changes]}"
            )

    @property
    def name(self) -> str:
        """The names of the changes."""
        return ", ".join(change.name for change in self.changes) or "as printed"

    @property
    def step(self) -> float:
        """Δt of explicit Euler, 0 for the exact motion."""
        return sum(change.step for change in self.changes)

    @property
    def has_own_motion(self) -> bool:
        """Whether its Langevin model differs from its device's."""
        return self.step > 0 or any(change.motion for change in self.changes)

    def device(self, voltage: float) -> Device:
        """The device at the voltage that this reading calls V."""
        device = paper_device(voltage)
        for change in self.changes:
            if change.device:
                device = change.device(device)
        return device

    def model(self, voltage: float) -> LangevinModel:
        """Its Langevin model, on a grid that holds the steady state.

        Explicit Euler feeds energy to orbits of every size, and electrons brake small ones only: a
        state that its step allows is not bound for ever.  The narrowest grid that holds it counts.

        Raises
        ------
        NoSteadyState
            If no grid within |x| ≤ 110 x0 holds a steady state.
        """
        device = self.device(voltage)
        if not self.has_own_motion:
            return LangevinModel.from_device(device)
        half_width = grid.narrowest(
            sources.of_device(device),
            _build(device),
            lambda model: self._moved(model, device),
            _widths(device, _NARROWEST),
            _EDGE_WEIGHT,
        )
        if half_width is None:
            raise NoSteadyState(self._unbound(voltage))
        return self._moved(_resolved(device, half_width), device)

    def preview(self, voltage: float, narrowest: float = 0.0) -> OrbitAverage:
        """Its orbit-averaged state from a coarse grid; raises as `model`.

        `narrowest` is a half width from which to start looking.
        """
        device = self.device(voltage)
        for half_width in _widths(device, max(_NARROWEST, narrowest / device.oscillator.x0)):
            try:
                look = self._moved(_coarse(device, half_width, 129), device)
                if edge_weight(look) < _LOOKED_AT:  # quicker than to be refused
                    return orbit_average(look)
            except (NoSteadyState, LeftGridError, SeveralWells):  # it may be far out
                continue
        raise NoSteadyState(self._unbound(voltage))

    def _unbound(self, voltage: float) -> str:
        return (
            f"reading {self.name!r} has no bound steady state at V = {voltage:g} within "
            f"|x| ≤ {_WIDEST:g} x0"
        )

    def damping_at_rest(self, voltage: float) -> float:
        """The damping rate at x = 0 with which the motion is solved."""
        return self._damping_at_rest_of(self.device(voltage))

    def _damping_at_rest_of(self, device: Device) -> float:
        if not self.has_own_motion:
            return float(damping(device, 0.0))
        # A few points around the origin are enough for the slope of the force.
        model = _coarse(device, 0.1 * device.oscillator.x0, 17)
        return float(self._moved(model, device).damping_at(0.0))

    @cached_property
    def threshold(self) -> float:
        """Lowest voltage at which the damping at rest is not positive; infinite beyond V = 40."""
        before = _VOLTAGES[0]
        if self.damping_at_rest(before) <= 0:
            return 0.0
        for voltage in _VOLTAGES[1:]:
            if self.damping_at_rest(voltage) <= 0:
                ends = float(before), float(voltage)
                friction = Exactly(self._damping_at_rest_of)
                return root(friction, self.device, ends, "voltage", "friction").value
            before = voltage
        return inf

    def _moved(self, model: LangevinModel, device: Device) -> LangevinModel:
        for change in self.changes:
            if change.motion:
                model = change.motion(model, device)
        return euler_equivalent(model, self.step) if self.step else model


PRINTED = Reading()


def noise_at_oscillator(model: LangevinModel, device: Device) -> LangevinModel:
    """Friction and noise from S_x(±ω0), where (A24) has the limit of small frequency.

    mγ = [S_x(ω0) − S_x(−ω0)]/2ω0 and D = [S_x(ω0) + S_x(−ω0)]/2: the golden rule for a small motion
    about x.
    """
    frequency = model.frequency
    up, down = noise_spectrum(device, model.x[:, None], np.array([frequency, -frequency])).T
    damping = (up - down) / (2.0 * model.mass * frequency)
    return replace(model, damping=damping, diffusion=0.5 * (up + down))


# No reading of the parameters, and not scored as one: it tells how much (A24) leaves out.
AT_OSCILLATOR = Reading(
    (Change("noise at ±ω0", "noise", str(noise_at_oscillator.__doc__), motion=noise_at_oscillator),)
)


def reading(*names: str) -> Reading:
    """The reading with the changes of these names, see `CHANGES`.

    Raises
    ------
    ValueError
        If a name is unknown, or two changes answer the same question.

    Examples
    --------
    >>> found = reading("T = β", "μ = ±V")
    >>> found.name
    'T = β, μ = ±V'
    >>> found.device(6.0).left.chemical_potential, reading().device(6.0).left.chemical_potential
    (6.0, 3.0)
    """
    unknown = [name for name in names if name not in CHANGES]
    if unknown:
        raise ValueError(f"names must be among {list(CHANGES)}, got {unknown}")
    return Reading(tuple(CHANGES[name] for name in names))


def all_readings() -> list[Reading]:
    """Every combination of the changes, the printed parameters first.

    Examples
    --------
    >>> readings = all_readings()
    >>> readings[0].name
    'as printed'
    >>> len({reading.name for reading in readings}) == len(readings)
    True
    """
    options: dict[str, list[Change | None]] = {}
    for change in CHANGES.values():
        options.setdefault(change.question, [None]).append(change)
    return [
        Reading(tuple(change for change in choice if change))
        for choice in itertools.product(*options.values())
    ]


def _widths(device: Device, narrowest: float) -> Iterator[float]:
    """Half widths of grids, each wider than the one before; `narrowest` in units of x0."""
    width = narrowest
    while width <= _WIDEST:
        yield width * device.oscillator.x0
        width *= _WIDER


def _build(device: Device) -> sources.Build:
    oscillator = device.oscillator

    def build(x: np.ndarray, coefficients: sources.Arrays, note: str) -> LangevinModel:
        return LangevinModel(
            oscillator.mass, oscillator.frequency, x, **coefficients, note=note, device=None
        )

    return build


@lru_cache(maxsize=32)  # readings that differ in their motion alone share a device
def _coarse(device: Device, half_width: float, points: int) -> LangevinModel:
    return grid.even_model(sources.of_device(device), _build(device), half_width, points)


@lru_cache(maxsize=32)
def _resolved(device: Device, half_width: float) -> LangevinModel:
    return LangevinModel.from_device(device, half_width=half_width)
