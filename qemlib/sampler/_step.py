"""The step of a run: how large it may be, what it does to ⟨|α|²⟩, and whether it resolves motion.

Three things make the bias of a step.  The electrons' force pulls between two kicks; friction and
noise differ from one kick to the next; and where kicks come so rarely that they miss what lies
between them, their rhythm is near a resonance with the motion.  For weak and smooth coefficients
all three are negligible, which quick estimates tell.  Else the chain itself is solved at this step
and at finer ones, see `qemlib.sampler._chain`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qemlib import _checks
from qemlib.errors import NoSteadyState
from qemlib.motion.model import LangevinModel
from qemlib.motion.orbit import OrbitAverage, orbit_average
from qemlib.sampler import _chain, schemes
from qemlib.sampler._scheme import NODES, Scheme

# ω0Δt beyond which a discrete rotation comes near resonances with the nonlinear force.
_LARGEST_ANGLE = 0.6
# A scheme's own angle is halved until its bias is below the limit.
_MOST_HALVINGS = 6
_IDLE = 2  # of them without a smaller bias end the search
_BIAS = 1e-4
_NEGLIGIBLE = 1e-5  # what quick estimates may say before the chain is solved
# Of differences between a step and finer ones.  An error of second order is larger than its change
# under halving by 4/3, one that falls more slowly by more.
_SAFETY = 1.5
# Change to a quarter of a step beside that to half of it: 1.25 for errors of second order, 1.5 of
# first.
_SLOWEST = 1.6
_MOST_FINER = 6  # halvings, as far as the chain can be solved
# Largest relative error of the sum and of the product of the rates of a linear oscillator, for a
# step that is said to resolve motion.
_RATES = 0.02
_MOST_HALVINGS_FOR_MOTION = 20
# Factors of quick estimates, from chains of two dozen models: above the bias of each of them.
_MISSED_FRICTION, _MISSED_FORCE = 0.02, 0.1
_ORBITS = (0.1, 0.3, 0.5, 0.7, 0.9, 0.99)  # by the part of all motion within
_PHASES = 512
# The table has more nodes until what linear interpolation misses between them is below this part
# of the range of each coefficient.
_MISSED_BETWEEN_NODES = 1e-4
_MOST_NODES = 2**16 + 1


@dataclass(frozen=True)
class Step:
    """Δt, the orbit average of the state that the scheme has, and what the step does.

    `expected_bias` is that of ⟨|α|²⟩, relative; `resolves_motion` tells whether rates of change are
    those of the model.
    """

    size: float
    estimate: OrbitAverage
    expected_bias: float
    resolves_motion: bool
    nodes: int


def choose(model: LangevinModel, scheme: Scheme, step: Any, trajectory: int | None) -> Step:
    """Check a step that is given, or find one; for a trajectory it has to resolve motion."""
    if step is None:
        if scheme.angle is None:
            own = [repr(name) for name, other in schemes.SCHEMES.items() if other.angle is not None]
            raise ValueError(
                f"step must be given for scheme {scheme.name!r}, got None: only {', '.join(own)} "
                f"chooses its own{scheme.advice(model)}"
            )
        return _found(_Effect.of(model, model, scheme), scheme.angle, trajectory)
    step = _checks.positive("step", step)
    if step * model.frequency > _LARGEST_ANGLE:
        raise ValueError(
            f"step must be at most {_LARGEST_ANGLE}/ω0 = {_LARGEST_ANGLE / model.frequency:.6g}, "
            f"beyond which resonances with the force are near, got {step!r}"
        )
    effect = _Effect.of(model, scheme.solved(model, step), scheme)
    theta = step * model.frequency
    if trajectory and effect.error_of_rates(theta) > _RATES:
        raise ValueError(_too_large_for_motion(effect, step))
    return effect.step(step, effect.bias(theta))


def _found(effect: _Effect, angle: float, trajectory: int | None) -> Step:
    """The scheme's own step for a model, by its default angle."""
    theta, bias = effect.best(angle)
    while trajectory and effect.error_of_rates(theta) > _RATES:
        theta *= 0.5
        if theta < angle / 2**_MOST_HALVINGS_FOR_MOTION:
            raise ValueError(
                f"trajectory: no step resolves motion with friction of "
                f"{effect.friction:.3g} ω0 in this model"
            )
        bias = effect.bias(theta)
    return effect.step(theta / effect.model.frequency, bias)


def _too_large_for_motion(effect: _Effect, step: float) -> str:
    theta = step * effect.model.frequency
    small = theta
    while effect.error_of_rates(small) > _RATES and small > theta / 2**_MOST_HALVINGS_FOR_MOTION:
        small *= 0.5
    return (
        f"step must be smaller for a trajectory of this model, got {step!r}: scheme "
        f"{effect.scheme.name!r} has the rates of its motion to {_RATES:.0%} at a step of "
        f"{small / effect.model.frequency:.4g}, friction being up to {effect.friction:.3g} ω0"
    )


def table_nodes(model: LangevinModel) -> int:
    """Nodes of an even table of which the nearest is taken in place of the exact coefficients."""
    nodes = NODES
    while nodes < _MOST_NODES:
        x = np.linspace(model.x[0], model.x[-1], 2 * nodes - 1)
        if all(_missed(at(x)) < _MISSED_BETWEEN_NODES for at in _coefficients(model)):
            break
        nodes = 2 * nodes - 1
    return nodes


def _coefficients(model: LangevinModel) -> tuple[Callable[[np.ndarray], np.ndarray], ...]:
    return model.force_at, model.damping_at, model.diffusion_at


def _missed(values: np.ndarray) -> float:
    """By linear interpolation from every other value, in units of their range."""
    missed = np.abs(values[1::2] - 0.5 * (values[:-1:2] + values[2::2])).max()
    size = max(np.ptp(values), 1e-9 * np.abs(values).max())
    return missed / size if size > 0 else 0.0


@dataclass(eq=False)
class _Effect:
    """What steps of any size do to one model under one scheme; θ = ω0Δt throughout."""

    model: LangevinModel
    estimate: OrbitAverage
    scheme: Scheme
    nodes: int
    _means: dict[tuple[Scheme, float], tuple[float, float]] = field(default_factory=dict)

    @classmethod
    def of(cls, model: LangevinModel, solved: LangevinModel, scheme: Scheme) -> _Effect:
        """`solved` is the model whose state the scheme has."""
        return cls(model, orbit_average(solved), scheme, table_nodes(model))

    def step(self, size: float, bias: float) -> Step:
        resolves = self.error_of_rates(size * self.model.frequency) <= _RATES
        return Step(size, self.estimate, bias, resolves, self.nodes)

    def __post_init__(self) -> None:
        """Largest friction and steepest force, over ω0 and mω0², in the orbits that are filled."""
        model, estimate = self.model, self.estimate
        reach = model.x0 * float(estimate.quantile(0.99))
        x = np.linspace(
            *(max(model.x[0], estimate.center - reach), min(model.x[-1], estimate.center + reach)),
            1001,
        )
        self.friction = max(float(np.abs(model.damping_at(x)).max()) / model.frequency, 1e-3)
        pull = np.gradient(model.force_at(x), x) / (model.mass * model.frequency**2)
        steepest = float(np.abs(pull).max())
        # Beyond a pull of 1 nothing would hold a linear oscillator.
        self.pulls = min(steepest, 0.9), -steepest
        noise = self._in_noise(model.diffusion_at(x))
        damping = model.damping_at(x) / model.frequency
        self.variation = max(float(np.ptp(damping)), float(np.ptp(noise)))

    def _in_noise(self, diffusion: np.ndarray) -> np.ndarray:
        """The rate at which noise D would make ⟨y²⟩ what it is, over ω0: γ/ω0 in equilibrium."""
        model = self.model
        return diffusion / (model.p0**2 * model.frequency * self.estimate.moments[0])

    @property
    def relaxation(self) -> float:
        return self.estimate.relaxation_time * self.model.frequency

    def best(self, angle: float) -> tuple[float, float]:
        """The largest of it and its halves with a bias below the limit, else the least biased."""
        best, idle = (angle, np.inf), 0
        for halvings in range(_MOST_HALVINGS + 1):
            theta = angle / 2**halvings
            bias = self.bias(theta)
            if bias < best[1]:
                best, idle = (theta, bias), 0
            else:
                idle += 1
            # What no longer falls is the error of the estimate.
            if bias <= _BIAS or idle == _IDLE:
                break
        return best

    def bias(self, theta: float) -> float:
        """Expected bias of ⟨|α|²⟩: an upper estimate; signed for a scheme of first order."""
        first_order = self.scheme.first_order
        if first_order:
            true = orbit_average(self.model)
            known = (self.estimate.phonon_number + 0.5) / (true.phonon_number + 0.5) - 1.0
        else:
            known = max(abs(self._linear_bias(k, theta)) for k in self.pulls)
        quick = self._quick(theta)
        if quick <= _NEGLIGIBLE and (self.scheme.angle is None or known <= _BIAS):
            return known + quick
        change = self._change_from_finer(theta)
        if first_order:
            return known + quick if np.isnan(change) else max(known, change)
        return abs(known) + quick if np.isnan(change) else change

    def _linear_bias(self, pull: float, theta: float) -> float:
        try:
            return schemes.linear_bias(self.scheme, theta, self.friction, pull)
        except NoSteadyState:
            return np.inf

    def _quick(self, theta: float) -> float:
        """Estimate for weak friction from what varies, and from what is missed between kicks.

        Friction and noise that vary by δ (over ω0) act in second order in δθ, amplified by the time
        over which their mean is relaxed.  The harmonics of an orbit that kicks cannot follow, those
        above π/θ, act like friction and force of a wrong phase.
        """
        varied = self.variation**3 * theta**2 / 12.0 * self.relaxation
        missed = self._missed_harmonics(theta)
        return max(
            varied,
            _MISSED_FRICTION * max(missed[1:]) ** 2 * self.relaxation,
            _MISSED_FORCE * missed[0] ** 2 * self.relaxation,
        )

    def _missed_harmonics(self, theta: float) -> list[float]:
        """Of force (over that of the spring), friction and noise: amplitudes above π/θ, summed."""
        model, estimate = self.model, self.estimate
        radius = model.x0 * estimate.quantile(_ORBITS)[:, None]
        phase = np.arange(_PHASES) * 2.0 * np.pi / _PHASES
        x = np.clip(estimate.center + radius * np.cos(phase), model.x[0], model.x[-1])
        spring = model.mass * model.frequency**2 * radius
        along = (
            model.force_at(x) / spring,
            model.damping_at(x) / model.frequency,
            self._in_noise(model.diffusion_at(x)),
        )
        first = int(np.pi / theta) + 1
        return [
            2.0 / _PHASES * np.abs(np.fft.rfft(c, axis=1)[:, first:]).sum(axis=1).max()
            for c in along
        ]

    def _change_from_finer(self, theta: float) -> float:
        """Largest relative difference of ⟨|α|²⟩ from smaller steps; NaN if it cannot be found."""
        value, error = self._mean(self.scheme, theta)
        changes = [self._change(value, 0.5**halvings * theta, error) for halvings in (1, 2)]
        if not self._settled(changes) and not self.scheme.first_order:
            # Finer steps do not tell the limit yet: it is the orbit average, as far as that holds.
            limit = self.estimate.moments[0]
            unknown = self.estimate.error["phonon_number"] * abs(self.estimate.phonon_number)
            if unknown < abs(value - limit):
                changes.append((abs(value - limit) + unknown) / limit + error)
            else:
                # Steps of many times 1/γ are all alike, and none of them near the limit.
                while not self._settled(changes) and len(changes) < _MOST_FINER:
                    changes.append(self._change(value, 0.5 ** (len(changes) + 1) * theta, error))
        return float(np.nanmax(changes)) if np.isfinite(changes).any() else np.nan

    def _change(self, value: float, finer: float, error: float) -> float:
        """An upper estimate of what is missing at a step, from a finer one."""
        reference, its_error = self._mean(schemes.DEFAULT, finer)
        return _SAFETY * abs(value / reference - 1.0) + error + its_error

    @staticmethod
    def _settled(changes: list[float]) -> bool:
        """Whether the last halving changed so little that the limit is near; NaN tells nothing."""
        return changes[-1] <= _SLOWEST * max(changes[-2], _NEGLIGIBLE)

    def _mean(self, scheme: Scheme, theta: float) -> tuple[float, float]:
        key = scheme, theta
        if key not in self._means:
            step = theta / self.model.frequency
            self._means[key] = _chain.mean_square(
                self.model, self.estimate, scheme, step, self.nodes
            )
        return self._means[key]

    def error_of_rates(self, theta: float) -> float:
        """Of linear oscillators with the largest friction and the steepest force."""
        return max(schemes.error_of_rates(self.scheme, theta, self.friction, k) for k in self.pulls)
