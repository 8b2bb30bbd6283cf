"""An ensemble on its way: what moves it, and what stops it."""

from __future__ import annotations

from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

import numpy as np
from numba import get_num_threads

from qemlib.errors import LeftGridError
from qemlib.sampler import kernels
from qemlib.sampler._interrupt import Interruptible
from qemlib.sampler.ensemble import PLANE_BINS, SLOTS, Ensemble, ranges
from qemlib.sampler.kernels import LANES
from qemlib.sampler.plan import Plan

# Between looks at the progress bar and at Ctrl-C: a few hundredths of a second.
_STEPS_A_CALL = 2**25


def run(ensemble: Ensemble, shown: Any, stop: Interruptible) -> None:
    """Go on to the end of the plan, or until `stop.asked` between two calls."""
    threads = get_num_threads()
    planes = np.zeros((threads, ensemble.plane.size), np.int64)
    with ThreadPoolExecutor(threads) as pool:
        _Run(ensemble, pool, planes).go(shown, stop)
    ensemble.plane += planes.sum(axis=0)


class _Run:
    """What stays the same from call to call."""

    def __init__(self, ensemble: Ensemble, pool: Executor, planes: np.ndarray) -> None:
        self.ensemble, self.plan = ensemble, ensemble.plan
        self.pool, self.planes = pool, planes
        scheme = self.plan.scheme
        self.kernel = kernels.kernel_of(scheme.name, scheme.stride, scheme.kept)
        self.field, self.bins = field(self.plan), bins(self.plan)
        missing = self.plan.strides // self.plan.every - len(ensemble.seen)
        times = np.empty((max(missing, 0), *ensemble.seen.shape[1:]))
        self.seen = np.concatenate([ensemble.seen, times])

    def go(self, shown: Any, stop: Interruptible) -> None:
        """Call after call, as many strides at once as burn-in, record and series have left."""
        ensemble, plan = self.ensemble, self.plan
        a_call = max(1, _STEPS_A_CALL // (plan.walkers * plan.interval))
        while not stop.asked and ensemble.burned + ensemble.done < plan.burn_in + plan.strides:
            recording = ensemble.burned == plan.burn_in
            if recording:
                if ensemble.done == SLOTS * ensemble.piece:
                    ensemble.halve_series()
                end = min(plan.strides, SLOTS * ensemble.piece)
                strides = min(a_call, end - ensemble.done)
                self._call(strides, recording)
                ensemble.done += strides
            else:
                strides = min(a_call, plan.burn_in - ensemble.burned)
                self._call(strides, recording)
                ensemble.burned += strides
            shown.update(strides * plan.interval * plan.walkers)
        ensemble.seen = self.seen[: ensemble.done // plan.every]

    def _call(self, strides: int, recording: bool) -> None:
        ensemble, plan = self.ensemble, self.plan
        left = np.full(plan.blocks, -1)
        walkers = kernels.Walkers(ensemble.state, ensemble.words, left)
        span = kernels.Span(strides, plan.interval, ensemble.done)
        seen = self.seen[ensemble.done // plan.every :]
        records = kernels.Records(
            *(recording, ensemble.series, ensemble.piece, seen, plan.every, ensemble.radial)
        )
        # The generators wrap around by design; without Numba, NumPy would warn of it, and of what
        # overflows, which is found and reported below.
        with np.errstate(over="ignore", invalid="ignore"):
            kernels.advance(
                *(self.kernel, self.pool, walkers, self.field, self.bins, span, records),
                self.planes,
            )
        blocks = np.flatnonzero((left >= 0) | ~np.isfinite(ensemble.state).all(axis=(1, 2)))
        if blocks.size:
            at = int(left[blocks[0]]) if left[blocks[0]] >= 0 else strides * plan.interval
            before = (ensemble.burned + ensemble.done) * plan.interval
            raise LeftGridError(_departure(plan, ensemble.state, int(blocks[0]), before + at))


def field(plan: Plan) -> kernels.Field:
    """Table, grid and angles as the kernel takes them."""
    dtype = np.dtype(plan.scheme.dtype).type
    rows, x = plan.scheme.coefficients(plan.model, plan.step, plan.origin, plan.nodes)
    spacing = (x[-1] - x[0]) / (x.size - 1) / plan.model.x0
    with np.errstate(over="ignore"):  # a walker that meets what is infinite is lost, and seen to be
        rows = np.ascontiguousarray(rows.astype(dtype))
    grid = kernels.Grid(
        low=dtype((x[0] - plan.origin) / plan.model.x0),
        per_node=dtype(1.0 / spacing),
        top=dtype(x.size - 1),
        zero=dtype(0.0),
        half=dtype(0.5),
    )
    angles = np.asarray(plan.scheme.angles(plan.theta)).astype(dtype)
    return kernels.Field(rows.view(np.complex128).ravel(), grid, angles)


def bins(plan: Plan) -> kernels.Bins:
    """Where walkers are counted."""
    dtype = np.dtype(plan.scheme.dtype).type
    limit, bins, width = ranges(plan)
    return kernels.Bins(
        per_radius=dtype(1.0 / width),
        last=dtype(bins - 1),
        reach=dtype(limit),
        per_length=dtype(PLANE_BINS / (2.0 * limit)),
        width=dtype(PLANE_BINS),
        zero=dtype(0.0),
        origin=dtype(plan.origin / plan.model.x0),
    )


def _departure(plan: Plan, state: np.ndarray, block: int, steps: int) -> str:
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
