"""A clock made of the motion: ticks where an observable crosses thresholds, counted on the way."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from functools import partial
from reprlib import repr as repr_short
from typing import Any

import numpy as np
from numba import get_num_threads
from numpy.typing import ArrayLike

from qemlib import _checks
from qemlib._locked import Locked
from qemlib._progress import bar
from qemlib.errors import LeftGridError, NoTicks, TooShortError
from qemlib.motion.model import LangevinModel
from qemlib.motion.observables import current_of, values_at
from qemlib.motion.orbit import refuse_other_than_model
from qemlib.sampler import _run
from qemlib.sampler._interrupt import Interruptible
from qemlib.sampler._tick_kernel import ABOVE, BELOW, Counters, Zones, counting_kernel
from qemlib.sampler.allan import AllanVariance, allan_variance
from qemlib.sampler.ensemble import Ensemble
from qemlib.sampler.kernels import LANES
from qemlib.sampler.plan import Plan, Wishes
from qemlib.sampler.plan import plan as plan_of
from qemlib.sampler.schemes import DEFAULT
from qemlib.states import positivity
from qemlib.states.estimation import Estimate, jackknife

__all__ = ["SampledTicks", "sampled_ticks"]

# Of x, on either side of the point of rest, in units of the step √dT by which noise moves a small
# amplitude in a turn T: so small that hardly a turn is missed.
_HYSTERESIS = 0.03
_LOOKS = 64  # steps a turn: what crosses and returns within one is not seen
_ZONES = 2**16
_READINGS = 256
_ROUND_OFF = 1e-9
_STEPS_A_CALL = 2**25
_GROUPS = 32  # of walkers, for error bars
# Of a window in relaxation times: memory beyond it adds e⁻⁴/4 of the variance.
_WINDOW, _FEWEST_WINDOWS = 4.0, 4


@dataclass(frozen=True, eq=False)
class SampledTicks(Locked):
    """Readings of clocks that are alike and independent, one a walker.

    Attributes
    ----------
    spacing : float
        Time between two readings.
    counts : ndarray of int, shape (walkers, readings)
        Ticks until then.
    last : ndarray, shape (walkers, readings)
        Time of the last tick until then, from the beginning; 0 before the first.
    relaxation_time : float
        Slowest relaxation of the motion: what a clock remembers.
    """

    spacing: float
    counts: np.ndarray
    last: np.ndarray
    relaxation_time: float

    def __repr__(self) -> str:
        walkers, readings = self.counts.shape
        return (
            f"SampledTicks({self.counts[:, -1].sum():.6g} ticks of {walkers} clocks over "
            f"{readings * self.spacing:.6g}, {self.rate.value:.6g} in a unit of time)"
        )

    @property
    def times(self) -> np.ndarray:
        """Of the readings, from the beginning."""
        return self.spacing * np.arange(1, self.counts.shape[1] + 1)

    @property
    def rate(self) -> Estimate:
        """Mean number of ticks per time, the resolution of the clock."""
        gained = (self.counts[:, -1] - self.counts[:, 0]) / (self.times[-1] - self.times[0])
        return jackknife(self._grouped(gained), float)

    @property
    def deviation(self) -> np.ndarray:
        """Time that each clock shows less the true one: μ times its count, less its last tick's."""
        return self.counts / self.rate.value - self.last

    def accuracy(self, window: float | None = None) -> Estimate:
        """N∞ = lim ⟨n⟩/Var n of the number n of ticks.

        Parameters
        ----------
        window : float, optional
            Time beyond which a clock has forgotten; by default four relaxation times.

        Returns
        -------
        Estimate

        Raises
        ------
        ValueError
            If `window` is not positive.
        TooShortError
            If the readings do not cover four windows, or are too few to see the variance grow.

        Notes
        -----
        Var n grows as t/(μN∞) beyond what a clock remembers, so it is its growth from one window to
        two that is taken.  A count is read to a fraction, by the time since the last tick.
        """
        window = _WINDOW * self.relaxation_time if window is None else window
        lag = max(int(np.ceil(_checks.positive("window", window) / self.spacing)), 1)
        readings = self.counts.shape[1]
        if readings <= _FEWEST_WINDOWS * lag:
            raise TooShortError(
                f"accuracy: a record of {readings * self.spacing:.4g} is too short for windows of "
                f"{lag * self.spacing:.4g}; at least {_FEWEST_WINDOWS} of them are needed",
                self,
            )
        rate = self.rate.value
        shown = rate * self.deviation
        squares = [((shown[:, k:] - shown[:, :-k]) ** 2).mean(axis=1) for k in (lag, 2 * lag)]
        time = rate * lag * self.spacing
        grown = self._grouped(squares[1] - squares[0])
        if not grown.mean() > 0:
            raise TooShortError(
                "accuracy: the variance of the ticks does not grow beyond its own noise; count for "
                f"longer than {readings * self.spacing:.4g}, or with more walkers",
                self,
            )
        return jackknife(grown, lambda mean: float(time / mean))

    def allan_variance(self, times: ArrayLike) -> AllanVariance:
        """σ_y²(τ) of the ticks at multiples of the spacing; see `qemlib.allan_variance`."""
        return allan_variance(self.deviation, self.spacing, times)

    def _grouped(self, of_walkers: np.ndarray) -> np.ndarray:
        groups = min(_GROUPS, len(of_walkers))
        size = len(of_walkers) // groups
        return of_walkers[: groups * size].reshape(groups, size).mean(axis=1)


def sampled_ticks(
    model: LangevinModel,
    time: float,
    *,
    observable: str | Callable[[np.ndarray], Any] = "x",
    thresholds: tuple[float, float] | None = None,
    spacing: float | None = None,
    seed: int = 1,
    walkers: int = 512,
    step: float | None = None,
    burn_in: float | None = None,
    progress: bool = True,
) -> SampledTicks:
    """Ticks of a clock along trajectories: an observable rises through thresholds.

    A clock ticks when A is above the upper threshold for the first time since it was below the
    lower one: a hysteresis.  Ticks are counted while the walkers move; no positions are kept.

    Parameters
    ----------
    model : LangevinModel
    time : float
        For which each clock is read, after burn-in (1/energy).
    observable : {"x", "current"} or callable
        Position, the current of the model's device at x, or any function of positions, an array.
    thresholds : tuple of two float, optional
        The lower and the upper one, in units of the observable.  By default, for the position
        alone, close to the point of rest: 3 % of what noise adds to x in a turn on either side.
    spacing : float, optional
        Time between two readings; by default there are 256.
    seed : int
        One seed gives the same ticks for any number of threads on one machine.
    walkers : int
        Clocks, a multiple of 128.
    step : float, optional
        Δt; by default there are 64 in a turn.  A tick is known to a step, and two crossings within
        one are not seen.
    burn_in : float, optional
        As in `sample`.
    progress : bool
        Show a progress bar.

    Returns
    -------
    SampledTicks

    Raises
    ------
    TypeError
        If `model` is not a LangevinModel.
    ValueError
        If an argument is not allowed.
    NoTicks
        If no clock ever ticks.
    NoSteadyState, SeveralWells, LeftGridError
        As `sample`.

    Examples
    --------
    A linear oscillator of frequency 0.5 rises through zero once in 2π/0.5 = 12.57:

    >>> import numpy as np
    >>> import qemlib as qem
    >>> x = np.linspace(-40.0, 40.0, 101)
    >>> zero = np.zeros_like(x)
    >>> model = qem.LangevinModel(1.0, 0.5, x, zero, damping=zero + 0.01, diffusion=zero + 0.04)
    >>> ticks = qem.sampled_ticks(model, 4000.0, progress=False)
    >>> round(1 / ticks.rate.value, 1)
    12.6
    """
    refuse_other_than_model(model)
    time = _checks.positive("time", time)
    plan = _plan(model, seed, walkers, step, burn_in)
    steps = _steps(plan, time, spacing)
    low, high = _thresholds(plan, observable, thresholds)
    zones, values = _zones(plan, _function(model, observable), low, high)
    ensemble = Ensemble.start(plan)
    counters = _counters(plan, int(time / (steps * plan.step) * (1.0 + _ROUND_OFF)))
    total = plan.walkers * (plan.burn_in * plan.interval + counters.counts.shape[1] * steps)
    shown = bar(progress, total=total, unit="step", unit_scale=True, desc="ticks")
    with shown, Interruptible() as stop:
        _run.run(ensemble, shown, stop)
        done = _count(ensemble, zones, counters, steps, shown, stop)
    if done < 2:
        raise KeyboardInterrupt("sampled_ticks: interrupted before there were two readings")
    return _found(plan, counters, steps, done, values, (low, high))


def _plan(model: LangevinModel, seed: Any, walkers: Any, step: Any, burn_in: Any) -> Plan:
    """A run that ends where the record of `sample` would begin, with a step that sees the turns."""
    walkers = _checks.integer("walkers", walkers, LANES)
    wishes = Wishes(
        steps=10**15,
        seed=seed,
        scheme=DEFAULT,
        walkers=walkers,
        step=2.0 * np.pi / (_LOOKS * model.frequency) if step is None else step,
        burn_in=burn_in,
        check=False,
    )
    with positivity.untold():
        return replace(plan_of(model, wishes), strides=0)


def _steps(plan: Plan, time: float, spacing: Any) -> int:
    """Between two readings."""
    spacing = time / _READINGS if spacing is None else _checks.positive("spacing", spacing)
    steps = max(round(spacing / plan.step), 1)
    if 2.0 * steps * plan.step > time:
        raise ValueError(
            f"time must cover two readings, {2.0 * steps * plan.step:.6g} apart from burn-in, got "
            f"{time:.6g}"
        )
    return steps


def _function(model: LangevinModel, observable: Any) -> Callable[[np.ndarray], Any]:
    if callable(observable):
        return observable
    if _checks.choice("observable", observable, ("x", "current")) == "x":
        return lambda x: x
    return current_of(model)


def _thresholds(plan: Plan, observable: Any, thresholds: Any) -> tuple[float, float]:
    if thresholds is None:
        if not (isinstance(observable, str) and observable == "x"):
            raise ValueError("thresholds must be given for an observable other than 'x', got None")
        model, center = plan.model, plan.estimate.center
        spread = float(model.diffusion_at(center)) * 0.5 * np.pi / model.frequency**3
        width = _HYSTERESIS * np.sqrt(spread) / model.mass
        return center - width, center + width
    pair = _checks.finite_array("thresholds", thresholds, ndim=1)
    if pair.shape != (2,) or pair[0] > pair[1]:
        raise ValueError(
            f"thresholds must be two, the lower first, got {repr_short(pair.tolist())}"
        )
    return float(pair[0]), float(pair[1])


def _zones(
    plan: Plan, function: Callable[[np.ndarray], Any], low: float, high: float
) -> tuple[Zones, np.ndarray]:
    """What each position is to the clock, and the observable there."""
    grid = plan.model.x
    x = np.linspace(grid[0], grid[-1], _ZONES + 1)
    x = 0.5 * (x[1:] + x[:-1])
    values = values_at(function, x)
    kind = np.where(values > high, ABOVE, np.where(values < low, BELOW, 0)).astype(np.int8)
    x0 = plan.model.x0
    per_zone = _ZONES * x0 / (grid[-1] - grid[0])
    return Zones(float((grid[0] - plan.origin) / x0), float(per_zone), kind), values


def _counters(plan: Plan, readings: int) -> Counters:
    shape = plan.blocks, LANES
    return Counters(
        ready=np.zeros(shape, np.uint8),
        ticks=np.zeros(shape, np.int64),
        last=np.zeros(shape, np.int64),
        range=np.tile([np.inf, -np.inf], (plan.blocks, 1)),
        counts=np.zeros((plan.blocks, readings, LANES), np.int64),
        lasts=np.zeros((plan.blocks, readings, LANES), np.int64),
    )


def _count(
    ensemble: Ensemble,
    zones: Zones,
    counters: Counters,
    steps: int,
    shown: Any,
    stop: Interruptible,
) -> int:
    """Move on and count; returns the number of readings made."""
    plan, readings = ensemble.plan, counters.counts.shape[1]
    kernel = counting_kernel(plan.scheme.name, plan.scheme.stride, plan.scheme.kept)
    threads, done = get_num_threads(), 0
    a_call = max(1, _STEPS_A_CALL // (plan.walkers * steps))
    field, left = _run.field(plan), np.full(plan.blocks, -1)
    with ThreadPoolExecutor(threads) as pool, np.errstate(over="ignore", invalid="ignore"):
        while done < readings and not stop.asked:
            span = done, min(a_call, readings - done), steps
            rest = (ensemble.state, ensemble.words, left, field, zones, counters, span)
            moves = [
                pool.submit(copy_context().run, partial(kernel, thread, threads, *rest))
                for thread in range(threads)
            ]
            for move in moves:
                move.result()
            if (left >= 0).any() or not np.isfinite(ensemble.state).all():
                raise LeftGridError(
                    f"model: a walker left the grid, x from {plan.model.x[0]:.6g} to "
                    f"{plan.model.x[-1]:.6g}, or overflowed; build the model on a wider grid"
                )
            done += span[1]
            shown.update(plan.walkers * span[1] * steps)
    return done


def _found(
    plan: Plan,
    counters: Counters,
    steps: int,
    done: int,
    values: np.ndarray,
    thresholds: tuple[float, float],
) -> SampledTicks:
    if not (counters.counts[:, done - 1] > counters.counts[:, 0]).any():
        ends = plan.origin + plan.model.x0 * np.array(
            [counters.range[:, 0].min(), counters.range[:, 1].max()]
        )
        grid = plan.model.x
        first, last = np.interp(ends, grid[[0, -1]], [0, _ZONES - 1]).astype(int)
        seen = values[first : last + 1]
        raise NoTicks(
            f"thresholds must be crossed for the clock to tick, got {thresholds[0]:.6g} and "
            f"{thresholds[1]:.6g}: the observable of {plan.walkers} walkers went from "
            f"{seen.min():.6g} to {seen.max():.6g}"
        )

    def of_walkers(array: np.ndarray) -> np.ndarray:
        return array[:, :done].transpose(0, 2, 1).reshape(plan.walkers, done)

    return SampledTicks(
        spacing=steps * plan.step,
        counts=of_walkers(counters.counts),
        last=plan.step * of_walkers(counters.lasts),
        relaxation_time=plan.relaxation_time,
    )
