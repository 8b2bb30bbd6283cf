"""What is decided before the first step of a run: step size, burn-in, walkers, and how long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from qemlib import _checks
from qemlib.motion.model import LangevinModel
from qemlib.motion.orbit import OrbitAverage
from qemlib.sampler import _step, schemes
from qemlib.sampler._relaxation import slowest_time
from qemlib.sampler._scheme import Scheme
from qemlib.sampler.kernels import LANES

_BURN_IN = 8.0  # relaxation times
# Relaxation times to be recorded: of each walker, and of all together.  Two make about one
# independent sample of the energy, and g2, a ratio with long tails, needs thousands of them.
_SHORTEST_RECORD, _SHORTEST_IN_ALL = 4.0, 8000.0
_BURN_IN_SHARE = 0.1  # of the steps: more walkers would waste more on it
_MOST_WALKERS = 4096
# Steps between records: 2.4 rad at the default angle, so that α, α² and α⁴ are seen from all sides.
_INTERVAL = 6
_MOST_TRACKED_POINTS = 10**7


@dataclass(frozen=True, eq=False)
class Plan:
    """What is decided before the first step; times are counted per walker."""

    model: LangevinModel
    estimate: OrbitAverage
    scheme: Scheme
    seed: int
    walkers: int
    step: float
    expected_bias: float
    resolves_motion: bool
    nodes: int  # of the table of coefficients
    relaxation_time: float
    interval: int
    burn_in: int  # strides, that is, steps / interval
    strides: int  # recorded ones
    shortest: int  # strides that error bars need
    trajectory: int | None  # steps between its points

    @property
    def blocks(self) -> int:
        return self.walkers // LANES

    @property
    def theta(self) -> float:
        return self.model.frequency * self.step

    @property
    def origin(self) -> float:
        """Position from which the scheme counts q."""
        return self.scheme.turns_about(self.estimate.center)

    @property
    def every(self) -> int:
        """Strides between the points of a trajectory."""
        return 1 if self.trajectory is None else self.trajectory // self.interval

    @property
    def steps(self) -> int:
        """Over all walkers, with burn-in."""
        return self.steps_for(self.strides)

    def steps_for(self, strides: int) -> int:
        return self.walkers * self.interval * (self.burn_in + strides)

    def strides_for(self, steps: int) -> int:
        return steps // (self.walkers * self.interval) - self.burn_in

    def steps_to(self, target_error: float) -> int:
        """Steps after which the phonon number should have this relative error, roughly."""
        recorded = _steps_for(self.estimate, self.step, target_error)
        return recorded + self.steps_for(0)


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What the caller of `sample` wants of a run; None leaves it open."""

    steps: Any
    seed: Any
    scheme: str | Scheme
    walkers: Any = None
    step: Any = None
    burn_in: Any = None
    trajectory: Any = None
    target_error: float | None = None
    check: bool = True


def plan(model: LangevinModel, wishes: Wishes) -> Plan:
    """Check what is wanted and settle what it leaves open."""
    steps = _checks.integer("steps", wishes.steps, 1)
    seed = _checks.integer("seed", wishes.seed, 0)
    scheme, trajectory = schemes.scheme_of(wishes.scheme), wishes.trajectory
    interval = _INTERVAL
    if trajectory is not None:
        trajectory = _checks.integer("trajectory", trajectory, 1)
        interval = max(n for n in range(1, _INTERVAL + 1) if trajectory % n == 0)
    chosen = _step.choose(model, scheme, wishes.step, trajectory)
    stride_time = interval * chosen.size
    relaxation = slowest_time(chosen.estimate)
    burn_in = _burn_in(wishes.burn_in, relaxation, stride_time)
    walkers = _walkers(wishes, steps, chosen, burn_in * interval)
    shortest = max(_SHORTEST_RECORD, _SHORTEST_IN_ALL / walkers) * relaxation
    result = Plan(
        model=model,
        estimate=chosen.estimate,
        scheme=scheme,
        seed=seed,
        walkers=walkers,
        step=chosen.size,
        expected_bias=chosen.expected_bias,
        resolves_motion=chosen.resolves_motion,
        nodes=chosen.nodes,
        relaxation_time=relaxation,
        interval=interval,
        burn_in=burn_in,
        strides=steps // (walkers * interval) - burn_in,
        shortest=int(np.ceil(shortest / stride_time)),
        trajectory=trajectory,
    )
    _check_length(result, steps, wishes.check)
    return result


def _burn_in(time: Any, relaxation: float, stride_time: float) -> int:
    """Strides before anything is recorded."""
    if time is None:
        time = _BURN_IN * relaxation
    elif (time := _checks.finite("burn_in", time)) < 0:
        raise ValueError(f"burn_in must not be negative, got {time!r}")
    return int(np.ceil(time / stride_time))


def _check_length(result: Plan, steps: int, check: bool) -> None:
    interval, needed = result.interval, result.shortest if check else 1
    if result.strides < needed:
        raise ValueError(
            f"steps must be at least {result.steps_for(needed)} for {result.walkers} "
            f"walkers, got {steps}: each needs {result.burn_in * interval} steps of "
            f"{result.step:.4g} for burn-in and {needed * interval} to be recorded, at a "
            f"relaxation time of {result.relaxation_time:.4g}"
            + ("; check=False gives the raw numbers of a shorter record" if check else "")
        )
    if result.trajectory is not None:
        most = result.strides * interval
        fewest = -(-most // _MOST_TRACKED_POINTS)
        if not fewest <= result.trajectory <= most:
            raise ValueError(
                f"trajectory must lie between {fewest} and {most} steps for the {most} recorded "
                f"steps of each walker, got {result.trajectory}"
            )


def _steps_for(estimate: OrbitAverage, step: float, target_error: float) -> int:
    """Steps after which the phonon number should have this relative error, roughly."""
    square, fourth = estimate.moments
    samples = (fourth - square**2) / (max(abs(estimate.phonon_number), 0.5) * target_error) ** 2
    return int(2.0 * samples * slowest_time(estimate, step) / step)


def _walkers(wishes: Wishes, steps: int, chosen: _step.Step, burn_in_steps: int) -> int:
    """As many as are wanted, or as the steps allow that are there or that the target needs."""
    if wishes.walkers is None:
        if wishes.target_error is not None:
            steps = min(steps, _steps_for(chosen.estimate, chosen.size, wishes.target_error))
        walkers = LANES
        while walkers < _MOST_WALKERS and 2 * walkers * burn_in_steps <= _BURN_IN_SHARE * steps:
            walkers *= 2
        return walkers
    walkers = _checks.integer("walkers", wishes.walkers, LANES)
    if walkers % LANES:
        raise ValueError(f"walkers must be a multiple of {LANES}, got {walkers}")
    return walkers
