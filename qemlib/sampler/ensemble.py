"""The walkers of one run: where they are, and what has been recorded of them."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from qemlib.sampler._batches import RING, Batches
from qemlib.sampler.diagnostics import GROUPS, Series
from qemlib.sampler.kernels import LANES, MOMENTS
from qemlib.sampler.plan import Plan
from qemlib.sampler.records import Histogram, Trajectory

# Shape, type and content of an array.
_Packed = tuple[tuple[int, ...], np.dtype, bytes]

_BATCHES = 64
_BIN_WIDTH = 0.01  # in |α|
_MOST_BINS = 8000
PLANE_BINS = 256  # of the histogram in (q, y), each way
_TRACKED = 8  # walkers of a trajectory
SLOTS = 32  # pieces of a series; a full one is halved, so that memory does not grow
_FIRST_PIECE = 0.125  # relaxation times
_ARRAYS = ("state", "words", "series", "radial", "plane", "seen")
_LARGE = ("series", "radial", "plane")


@dataclass(eq=False)
class Ensemble:
    """State of a run between two calls of the kernel: all that is needed to go on.

    Attributes
    ----------
    plan : Plan
    state, words : ndarray
        See `qemlib.sampler.kernels.Walkers`.
    burned, done : int
        Strides before and after the beginning of the record.
    piece : int
    series, radial, seen : ndarray
        See `qemlib.sampler.kernels.Records`.
    plane : ndarray of int, shape (PLANE_BINS² + 1,)
        Counts in (q, y), row by row of constant q, and how many lay outside.
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
        """The walkers before their first step."""
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
            state=_start(plan, np.random.default_rng(starts)).astype(plan.scheme.dtype),
            words=words,
            burned=0,
            done=0,
            piece=max(1, int(_FIRST_PIECE * plan.relaxation_time / stride_time)),
            series=np.zeros((plan.blocks, SLOTS, MOMENTS, LANES)),
            radial=np.zeros((shares, batches, ranges(plan)[1]), np.int64),
            plane=np.zeros(PLANE_BINS**2 + 1, np.int64),
            seen=np.empty((0, 2, tracked)),
        )

    def extended(self, plan: Plan) -> Ensemble:
        """An ensemble of its own that goes on from here to the end of another plan."""
        return replace(self, plan=plan, **{name: getattr(self, name).copy() for name in _ARRAYS})

    def __reduce__(self) -> tuple[Any, ...]:
        """Counts are many small numbers, and a series is empty beyond its last piece."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        full = -(-self.done // self.piece)
        values["series"] = np.ascontiguousarray(self.series[:, :full])
        values |= {name: _packed(values[name]) for name in _LARGE}
        return _unpacked, (values,)

    @property
    def steps(self) -> int:
        """Made up to here, over all walkers."""
        return self.plan.walkers * self.plan.interval * (self.burned + self.done)

    def halve_series(self) -> None:
        """Take each two pieces of the series together, which makes room for as many more."""
        half = SLOTS // 2
        self.series[:, :half] = self.series[:, 0::2] + self.series[:, 1::2]
        self.series[:, half:] = 0.0
        self.piece *= 2

    def batches(self) -> Batches:
        """Sums of |α|², |α|⁴, α², x and p over the walkers of each batch, in a fixed order."""
        shares, batches, bins = self.radial.shape
        in_batches = np.zeros((MOMENTS, shares, batches))
        total = self.series.sum(axis=1)
        for block in range(self.plan.blocks):
            lanes = total[block].reshape(MOMENTS, batches, -1)
            in_batches[:, block % shares] += lanes.sum(axis=2)
        sums, counts = in_batches.reshape(MOMENTS, -1), self.radial.sum(axis=2).ravel()
        # α = β + o: α² = β² + 2oβ + o², with what the scheme does to β² and β taken out.
        units, model = self._units, self.plan.model
        origin = self.plan.origin / model.x0
        beta = sums[4:] * (units[4:, None] / [[model.x0], [model.p0]])
        sums = sums * units[:, None]
        sums[2] += 2.0 * origin * beta[0] + origin**2 * counts
        sums[3] += 2.0 * origin * beta[1]
        sums[4] += self.plan.origin * counts
        return Batches(sums, self.radial.reshape(-1, bins), bin_width=ranges(self.plan)[2])

    def histogram(self) -> Histogram:
        """Counts in (x, p)."""
        model, limit = self.plan.model, ranges(self.plan)[0]
        edges = np.linspace(-limit, limit, PLANE_BINS + 1)
        return Histogram(
            counts=self.plane[:-1].reshape(PLANE_BINS, PLANE_BINS),
            x_edges=model.x0 * edges,
            p_edges=model.p0 * edges,
            outside=int(self.plane[-1]),
        )

    def trajectory(self) -> Trajectory | None:
        """The way of the first walkers, if it was asked for."""
        plan = self.plan
        if plan.trajectory is None:
            return None
        time = np.arange(1, len(self.seen) + 1) * plan.trajectory * plan.step
        x = plan.origin + plan.model.x0 * self.seen[:, 0].T
        return Trajectory(time, x, plan.model.p0 * self.seen[:, 1].T)

    def full_series(self) -> Series:
        """The pieces of the series that are full."""
        return Series(
            sums=self.series[:, : self.done // self.piece],
            units=self._units,
            points=self.piece,
            spacing=self.plan.interval * self.plan.step,
        )

    @property
    def _units(self) -> np.ndarray:
        """What makes moments of |α|², |α|⁴, β², x and p of the kernel's sums."""
        model = self.plan.model
        square, first = self.plan.scheme.recorded_factors(self.plan.theta)
        return np.array([1.0, 1.0, 1.0 / square, 1.0 / square, model.x0 / first, model.p0 / first])


def ranges(plan: Plan) -> tuple[float, int, float]:
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


def _start(plan: Plan, generator: np.random.Generator) -> np.ndarray:
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


def _packed(array: np.ndarray) -> _Packed:
    """Shape, type and content of an array, in few bytes and without loss."""
    if array.dtype.kind == "i":  # counts
        array = array.astype(np.min_scalar_type(int(array.max(initial=0))))
    # The first bytes of all, then the second ones, and so on: those of high order are much alike.
    planes = array.view(np.uint8).reshape(-1, array.itemsize).T
    return array.shape, array.dtype, zlib.compress(planes.tobytes(), 1)


def _spread_out(shape: tuple[int, ...], kind: np.dtype, content: bytes) -> np.ndarray:
    planes = np.frombuffer(zlib.decompress(content), np.uint8).reshape(kind.itemsize, -1)
    array = planes.T.copy().view(kind).reshape(shape)
    return array if kind.kind == "f" else array.astype(np.int64)


def _unpacked(values: dict[str, Any]) -> Ensemble:
    values |= {name: _spread_out(*values[name]) for name in _LARGE}
    full = values["series"]
    values["series"] = np.zeros((len(full), SLOTS, *full.shape[2:]))
    values["series"][:, : full.shape[1]] = full
    return Ensemble(**values)
