"""The walkers of one run: how they start, what moves them, and what is collected from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qemlib import _kernels
from qemlib._progress import bar
from qemlib.langevin_model import LangevinModel
from qemlib.orbit import OrbitAverage
from qemlib.sampled_state import RING, Batches, Histogram, SampledState, Trajectory

_BATCHES = 64
_NODES = 4097  # of the table of coefficients, of which the nearest is taken
_STEPS_A_CALL = 2**25  # between updates of the progress bar: about a twentieth of a second
_BIN_WIDTH = 0.01  # in |α|
_MOST_BINS = 8000
_PLANE_BINS = 256
_TRACKED = 8  # walkers of a trajectory


class LeftGridError(ValueError):
    """A walker left the model's grid, where the coefficients are unknown."""


@dataclass(frozen=True, eq=False)
class Plan:
    """What is decided before the first step; times are counted per walker."""

    model: LangevinModel
    estimate: OrbitAverage
    scheme: str
    walkers: int
    step: float
    interval: int
    burn_in: int  # strides, that is, steps / interval
    strides: int  # recorded ones
    trajectory: int | None  # steps between its points

    @property
    def euler(self):
        return self.scheme == "euler"

    @property
    def blocks(self):
        return self.walkers // _kernels.LANES

    @property
    def stride_time(self):
        return self.interval * self.step

    @property
    def piece(self):
        """Strides between the points of a trajectory."""
        return 1 if self.trajectory is None else self.trajectory // self.interval


def run(plan: Plan, seed: int, progress: bool) -> SampledState:
    """Carry out the plan."""
    starts, *streams = np.random.SeedSequence(seed).spawn(1 + plan.blocks)
    words = np.zeros((plan.blocks, 5, _kernels.LANES), np.uint32)
    for block, stream in enumerate(streams):
        words[block, :4] = stream.generate_state(4 * _kernels.LANES).reshape(4, -1)
    dtype = np.float64 if plan.euler else np.float32
    state = _start(plan, np.random.default_rng(starts)).astype(dtype)
    tables = [array.astype(dtype) for array in _tables(plan)]
    limit, bins, bin_width = _ranges(plan)
    tables.append(
        np.array(
            [1.0 / bin_width, limit, _PLANE_BINS / (2.0 * limit), bins - 1, 0.0, _PLANE_BINS], dtype
        )
    )
    steps = plan.walkers * plan.interval * (plan.burn_in + plan.strides)
    with bar(progress, total=steps, unit="step", unit_scale=True, desc="sample") as shown:
        nothing = np.empty((0, 2, 0))
        _advance(plan, state, words, tables, plan.burn_in, _counters(plan, 0), nothing, shown, 0)
        counters, seen = _counters(plan, bins), nothing
        if plan.trajectory is not None:
            seen = np.empty((plan.strides // plan.piece, 2, _TRACKED))
        _advance(plan, state, words, tables, plan.strides, counters, seen, shown, plan.burn_in)
    batches, histogram = _collect(plan, counters, bin_width, limit)
    return SampledState(
        scheme=plan.scheme,
        seed=seed,
        walkers=plan.walkers,
        steps=steps,
        step=plan.step,
        burn_in=plan.burn_in * plan.stride_time,
        relaxation_time=plan.estimate.relaxation_time,
        recorded=plan.walkers * plan.strides,
        histogram=histogram,
        trajectory=None if plan.trajectory is None else _trajectory(plan, seen),
        _batches=batches,
    )


def _start(plan, generator):
    """q and y of every walker: random phases, energies even from rest to beyond the ring."""
    model, estimate = plan.model, plan.estimate
    shape = (plan.blocks, _kernels.LANES)
    radius = float(estimate.quantile(0.999)) * np.sqrt(generator.random(shape))
    phase = 2.0 * np.pi * generator.random(shape)
    return np.stack(
        [estimate.center / model.x0 + radius * np.cos(phase), radius * np.sin(phase)], axis=1
    )


def _tables(plan):
    """(1 − a, b/p0, s/p0) at the nodes, where the nodes are, and the angles of rotation.

    With φ(z) = (1 − e^{−z})/z, which is 1 at z = 0: 1 − a = γΔt φ(γΔt), b = F⟨n⟩Δt φ(γΔt) and
    s² = DΔt φ(2γΔt), for γ of either sign.  Explicit Euler has φ = 1.
    """
    model, dt = plan.model, plan.step
    x = np.linspace(model.x[0], model.x[-1], _NODES)
    loss = model.damping_at(x) * dt
    phi, phi_twice = (1.0, 1.0) if plan.euler else (_phi(loss), _phi(2.0 * loss))
    noise = np.sqrt(np.maximum(model.diffusion_at(x), 0.0) * dt * phi_twice)
    table = np.stack(
        [loss * phi, model.force_at(x) * dt * phi / model.p0, noise / model.p0 * np.ones_like(x)]
    )
    spacing = (x[-1] - x[0]) / (_NODES - 1) / model.x0
    grid = np.array([x[0] / model.x0, 1.0 / spacing, _NODES - 1, 0.0, 0.5])
    theta = model.frequency * dt
    whole, half = (np.array([np.tan(angle / 2.0), np.sin(angle)]) for angle in (theta, theta / 2.0))
    angles = np.full((2, 2), theta) if plan.euler else np.stack([whole, half])
    return table, grid, angles


def _phi(z):
    safe = np.where(z == 0.0, 1.0, z)
    return np.where(z == 0.0, 1.0, -np.expm1(-safe) / safe)


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


def _counters(plan, bins):
    """Sums and counts, zero: (sums, radial, plane).  Without bins nothing is recorded."""
    shares = min(plan.blocks, _BATCHES)
    # A power of two, so that it divides the lanes of a block; shares × this ≥ 64 batches.
    batches = 1 << int(np.ceil(np.log2(_BATCHES / shares)))
    return (
        np.zeros((plan.blocks, _kernels.MOMENTS, _kernels.LANES)),
        np.zeros((shares, batches, bins), np.int64),
        np.zeros((shares, _PLANE_BINS**2 + 1), np.int64),
    )


def _advance(plan, state, words, tables, strides, counters, seen, shown, done):
    """Run all walkers for so many strides, in calls short enough to be interrupted."""
    left = np.full(plan.blocks, -1)
    table, grid, angles, bins = tables
    piece = plan.piece
    pieces = max(1, _STEPS_A_CALL // (plan.walkers * plan.interval * piece))  # in one call
    for first in range(0, -(-strides // piece), pieces):
        now = min(pieces * piece, strides - first * piece)
        # The generators wrap around by design; without Numba, NumPy would warn of it.
        with np.errstate(over="ignore"):
            _kernels.advance(
                *(state, words, table, grid, angles, bins, plan.euler, now, plan.interval),
                *(*counters, seen[first : first + pieces], piece, left),
            )
        if (left >= 0).any():
            _refuse_departure(plan, state, left, done)
        done += now
        shown.update(now * plan.interval * plan.walkers)


def _refuse_departure(plan, state, left, done):
    model = plan.model
    block = int(np.argmax(left >= 0))
    time = (done * plan.interval + int(left[block])) * plan.step
    x = state[block, 0].astype(float) * model.x0
    outside = ~((x >= model.x[0]) & (x <= model.x[-1]))
    reached = x[outside][0] if outside.any() else model.x[0]
    raise LeftGridError(
        f"model: a walker reached x = {reached:.6g} after {round(time / plan.step)} steps, at time "
        f"{time:.6g}, outside of the model's grid from {model.x[0]:.6g} to {model.x[-1]:.6g}, "
        f"where its coefficients are unknown; build the model on a wider grid"
    )


def _trajectory(plan, seen):
    time = np.arange(1, len(seen) + 1) * plan.trajectory * plan.step
    return Trajectory(time, plan.model.x0 * seen[:, 0].T, plan.model.p0 * seen[:, 1].T)


def _collect(plan, counters, bin_width, limit):
    """Batches and the histogram from the counters."""
    sums, radial, plane = counters
    model = plan.model
    shares, batches, bins = radial.shape
    by_batch = np.zeros((_kernels.MOMENTS, shares, batches))
    for block in range(plan.blocks):
        lanes = sums[block].reshape(_kernels.MOMENTS, batches, -1)
        by_batch[:, block % shares] += lanes.sum(axis=2)
    edges = np.linspace(-limit, limit, _PLANE_BINS + 1)
    counts = plane.sum(axis=0)
    histogram = Histogram(
        counts=counts[:-1].reshape(_PLANE_BINS, _PLANE_BINS),
        x_edges=model.x0 * edges,
        p_edges=model.p0 * edges,
        outside=int(counts[-1]),
    )
    return (
        Batches(
            sums=by_batch.reshape(_kernels.MOMENTS, -1),
            radial=radial.reshape(-1, bins),
            bin_width=bin_width,
            x0=model.x0,
            p0=model.p0,
        ),
        histogram,
    )
