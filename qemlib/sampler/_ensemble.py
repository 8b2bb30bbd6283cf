"""The walkers of one run: how they start, what moves them, and what is collected from them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numba import get_num_threads

from qemlib.errors import LeftGridError
from qemlib.sampler import _kernels, schemes
from qemlib.sampler._batches import RING, Batches
from qemlib.sampler._kernels import LANES
from qemlib.sampler._plan import Plan
from qemlib.sampler.diagnostics import GROUPS, Series
from qemlib.sampler.result import Histogram, SampledState, Trajectory

_BATCHES = 64
_STEPS_A_CALL = (
    2**25
)  # between looks at the progress bar and at Ctrl-C: a few hundredths of a second
_BIN_WIDTH = 0.01  # in |α|
_MOST_BINS = 8000
_PLANE_BINS = 256
_TRACKED = 8  # walkers of a trajectory
_SLOTS = 32  # pieces of a series; a full one is halved, so that memory does not grow
_FIRST_PIECE = 0.125  # relaxation times


@dataclass(eq=False)
class Ensemble:
    """State of a run between two calls of the kernel: all that is needed to go on.

    `burned` and `done` count strides; `series` holds sums of the moments of every walker over
    `piece` strides each.
    """

    plan: Plan
    state: np.ndarray
    words: np.ndarray
    burned: int
    done: int
    piece: int
    series: np.ndarray
    radial: np.ndarray
    plane: np.ndarray
    seen: np.ndarray

    @classmethod
    def start(cls, plan: Plan) -> Ensemble:
        starts, *streams = np.random.SeedSequence(plan.seed).spawn(1 + plan.blocks)
        words = np.zeros((plan.blocks, 5, LANES), np.uint32)
        for block, stream in enumerate(streams):
            words[block, :4] = stream.generate_state(4 * LANES).reshape(4, -1)
        shares = min(plan.blocks, _BATCHES)
        # A power of two, so that it divides the lanes of a block; shares × this ≥ 64 batches.
        batches = 1 << int(np.ceil(np.log2(_BATCHES / shares)))
        tracked = 0 if plan.trajectory is None else _TRACKED
        stride_time = plan.interval * plan.step
        return cls(
            plan=plan,
            state=_start(plan, np.random.default_rng(starts)).astype(_dtype(plan)),
            words=words,
            burned=0,
            done=0,
            piece=max(1, int(_FIRST_PIECE * plan.relaxation_time / stride_time)),
            series=np.zeros((plan.blocks, _SLOTS, _kernels.MOMENTS, LANES)),
            radial=np.zeros((shares, batches, _ranges(plan)[1]), np.int64),
            plane=np.zeros(_PLANE_BINS**2 + 1, np.int64),
            seen=np.empty((0, 2, tracked)),
        )

    def extended(self, plan: Plan) -> Ensemble:
        """An ensemble of its own that goes on from here to the end of another plan."""
        names = ("state", "words", "series", "radial", "plane", "seen")
        return replace(self, plan=plan, **{name: getattr(self, name).copy() for name in names})

    @property
    def steps(self) -> int:
        return self.plan.walkers * self.plan.interval * (self.burned + self.done)

    def run(self, shown, stop) -> None:
        """Go on to the end of the plan, or until `stop.asked` between two calls."""
        threads = get_num_threads()
        planes = np.zeros((threads, self.plane.size), np.int64)
        with ThreadPoolExecutor(threads) as pool:
            self._run(pool, planes, shown, stop)
        self.plane += planes.sum(axis=0)

    def _run(self, pool, planes, shown, stop):
        plan = self.plan
        field, bins = _field(plan), _bins(plan)
        missing = plan.strides // plan.every - len(self.seen)
        seen = np.concatenate([self.seen, np.empty((max(missing, 0), *self.seen.shape[1:]))])
        a_call = max(1, _STEPS_A_CALL // (plan.walkers * plan.interval))
        while not stop.asked and self.burned + self.done < plan.burn_in + plan.strides:
            recording = self.burned == plan.burn_in
            if recording:
                if self.done == _SLOTS * self.piece:
                    self._halve_series()
                end = min(plan.strides, _SLOTS * self.piece)
                strides = min(a_call, end - self.done)
            else:
                strides = min(a_call, plan.burn_in - self.burned)
            kept = (recording, self.series, self.piece, seen[self.done // plan.every :], plan.every)
            self._call(pool, field, bins, strides, kept, planes)
            if recording:
                self.done += strides
            else:
                self.burned += strides
            shown.update(strides * plan.interval * plan.walkers)
        self.seen = seen[: self.done // plan.every]

    def _call(self, pool, field, bins, strides, kept, planes):
        plan = self.plan
        left = np.full(plan.blocks, -1)
        code = schemes.code(plan.scheme)
        # The generators wrap around by design; without Numba, NumPy would warn of it, and of what
        # overflows, which is found and reported below.
        with np.errstate(over="ignore", invalid="ignore"):
            _kernels.advance(
                pool,
                *(self.state, self.words, field, bins, code, strides, plan.interval, self.done),
                *(kept, self.radial, planes, left),
            )
        blocks = np.flatnonzero((left >= 0) | ~np.isfinite(self.state).all(axis=(1, 2)))
        if blocks.size:
            at = int(left[blocks[0]]) if left[blocks[0]] >= 0 else strides * plan.interval
            before = (self.burned + self.done) * plan.interval
            raise LeftGridError(_departure(plan, self.state, int(blocks[0]), before + at))

    def _halve_series(self):
        half = _SLOTS // 2
        self.series[:, :half] = self.series[:, 0::2] + self.series[:, 1::2]
        self.series[:, half:] = 0.0
        self.piece *= 2

    def collect(self, partial: bool) -> SampledState:
        """What has been sampled up to here."""
        plan = self.plan
        limit, _, width = _ranges(plan)
        model, edges = plan.model, np.linspace(-limit, limit, _PLANE_BINS + 1)
        histogram = Histogram(
            counts=self.plane[:-1].reshape(_PLANE_BINS, _PLANE_BINS),
            x_edges=model.x0 * edges,
            p_edges=model.p0 * edges,
            outside=int(self.plane[-1]),
        )
        return SampledState(
            scheme=plan.scheme,
            seed=plan.seed,
            walkers=plan.walkers,
            steps=self.steps,
            step=plan.step,
            expected_bias=plan.expected_bias,
            resolves_motion=plan.resolves_motion,
            burn_in=self.burned * plan.interval * plan.step,
            relaxation_time=plan.relaxation_time,
            recorded=plan.walkers * self.done,
            partial=partial,
            histogram=histogram,
            trajectory=None if plan.trajectory is None else self._trajectory(),
            _batches=Batches(
                sums=self._batch_sums(),
                radial=self.radial.reshape(-1, self.radial.shape[2]),
                bin_width=width,
            ),
            _series=self._series(),
            _ensemble=self,
        )

    def _batch_sums(self):
        """Sums of |α|², |α|⁴, α², x and p over the walkers of each batch, in a fixed order."""
        shares, batches, _ = self.radial.shape
        sums = np.zeros((_kernels.MOMENTS, shares, batches))
        total = self.series.sum(axis=1)
        for block in range(self.plan.blocks):
            lanes = total[block].reshape(_kernels.MOMENTS, batches, -1)
            sums[:, block % shares] += lanes.sum(axis=2)
        sums, counts = sums.reshape(_kernels.MOMENTS, -1), self.radial.sum(axis=2).ravel()
        # α = β + o: α² = β² + 2oβ + o², with what the scheme does to β² and β taken out.
        units, model = self._units, self.plan.model
        origin = self.plan.origin / model.x0
        beta = sums[4:] * (units[4:, None] / [[model.x0], [model.p0]])
        sums = sums * units[:, None]
        sums[2] += 2.0 * origin * beta[0] + origin**2 * counts
        sums[3] += 2.0 * origin * beta[1]
        sums[4] += self.plan.origin * counts
        return sums

    @property
    def _units(self):
        """What makes moments of |α|², |α|⁴, β², x and p of the kernel's sums."""
        model = self.plan.model
        square, first = schemes.recorded_factors(self.plan.scheme, self.plan.theta)
        return np.array([1.0, 1.0, 1.0 / square, 1.0 / square, model.x0 / first, model.p0 / first])

    def _series(self):
        return Series(
            sums=self.series[:, : self.done // self.piece],
            units=self._units,
            points=self.piece,
            spacing=self.plan.interval * self.plan.step,
        )

    def _trajectory(self):
        plan = self.plan
        time = np.arange(1, len(self.seen) + 1) * plan.trajectory * plan.step
        return Trajectory(
            time,
            plan.origin + plan.model.x0 * self.seen[:, 0].T,
            plan.model.p0 * self.seen[:, 1].T,
        )


def _dtype(plan):
    """Steps of explicit Euler are so small that float32 would round them away."""
    return np.float64 if plan.scheme == "euler" else np.float32


def _start(plan, generator):
    """q and y of every walker: random phases, energies even from rest to beyond the ring.

    Lanes belong to GROUPS in turn; the first group starts nearest to rest, the last outermost.
    """
    model, estimate = plan.model, plan.estimate
    shape = (plan.blocks, LANES)
    group = np.arange(LANES) % GROUPS
    level = (group + generator.random(shape)) / GROUPS
    radius = float(estimate.quantile(0.999)) * np.sqrt(level)
    phase = 2.0 * np.pi * generator.random(shape)
    middle = (estimate.center - plan.origin) / model.x0
    return np.stack([middle + radius * np.cos(phase), radius * np.sin(phase)], axis=1)


def _field(plan):
    """Table, grid and angles as the kernel takes them."""
    dtype = np.dtype(_dtype(plan))
    rows, x = schemes.coefficients(plan.scheme, plan.model, plan.step, plan.origin, plan.nodes)
    spacing = (x[-1] - x[0]) / (x.size - 1) / plan.model.x0
    grid = np.array([(x[0] - plan.origin) / plan.model.x0, 1.0 / spacing, x.size - 1, 0.0, 0.5])
    with np.errstate(over="ignore"):  # a walker that meets what is infinite is lost, and seen to be
        rows = np.ascontiguousarray(rows.astype(dtype))
    table = rows.view(np.complex128).ravel()
    angles = schemes.angles(plan.scheme, plan.theta).astype(dtype)
    return table, grid.astype(dtype), angles


def _ranges(plan):
    """Half width of the histogram in (q, y); number and width of the bins in |α|.

    The former holds all but 1e-7 of the estimate; the latter reach beyond the model's grid.
    """
    model, estimate = plan.model, plan.estimate
    offset = abs(estimate.center) / model.x0
    limit = offset + 1.05 * float(estimate.quantile(1.0 - 1e-7))
    reach = 1.05 * max(-model.x[0], model.x[-1]) / model.x0
    width = max(_BIN_WIDTH, reach / _MOST_BINS)
    bins = RING * int(np.ceil(reach / width / RING))
    return limit, bins, width


def _bins(plan):
    limit, bins, width = _ranges(plan)
    per_length, origin = _PLANE_BINS / (2.0 * limit), plan.origin / plan.model.x0
    return np.array(
        [1.0 / width, limit, per_length, bins - 1, 0.0, _PLANE_BINS, origin], _dtype(plan)
    )


def _departure(plan, state, block, steps):
    """Which walker was lost, where and when."""
    model = plan.model
    q, y = state[block].astype(float)
    x, p = plan.origin + q * model.x0, y * model.p0
    inside = (x >= model.x[0]) & (x <= model.x[-1]) & np.isfinite(p)
    lane = int(np.argmin(inside))
    when = f"after {steps} steps, at time {steps * plan.step:.6g}"
    who = f"(walker {block * LANES + lane}, with p = {p[lane]:.6g})"
    if not (np.isfinite(x[lane]) and np.isfinite(p[lane])):
        return (
            f"model: a walker overflowed: it reached x = {x[lane]:.6g} {when} {who}; "
            f"its step of {plan.step:.6g} is too large for these coefficients"
        )
    return (
        f"model: a walker reached x = {x[lane]:.6g} {when} {who}, outside of the model's grid from "
        f"{model.x[0]:.6g} to {model.x[-1]:.6g}, where its coefficients are unknown; build the "
        f"model on a wider grid"
    )
