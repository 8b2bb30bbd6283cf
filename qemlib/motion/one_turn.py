"""Integrals over one turn of each orbit, and the W that follows from friction and noise on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.interpolate import BSpline, make_interp_spline

from qemlib.errors import NoSteadyState
from qemlib.motion.well import Paths, only_well, paths, widest_radius

if TYPE_CHECKING:
    from qemlib.motion.model import LangevinModel

__all__ = [
    "NOTHING",
    "PHASES",
    "RADII",
    "Orbits",
    "Turns",
    "log_weight_curve",
    "resolved_orbits",
    "turns_of",
]

RADII = 600  # orbits
# Points on half an orbit, as many of these as it takes until a third of them gives ln W to _PHASE.
# Where the coefficients are smooth the rule converges exponentially: the error is the third power.
PHASES = (192, 576, 1728, 5184)
_PHASE = 1e-4
# ln W beside its largest value that no integral sees, and the part of all orbits above it that
# resolves W.
NOTHING, _FEWEST = -80.0, 0.25


@dataclass(frozen=True, eq=False)
class Turns:
    """Orbits of one turn, and friction and noise on them; the first is the point at rest."""

    path: Paths
    damping: np.ndarray  # at the points of the path
    diffusion: np.ndarray
    p_dx: np.ndarray  # m p |dx|, the weight of ∮ p² dt
    loss: np.ndarray  # ∮ γ p² dt of each orbit but the first
    noise: np.ndarray  # ∮ D p² dt
    at_rest: tuple[float, float]  # γ and D
    ratio: np.ndarray  # of loss to noise of each orbit
    ratio_from_fewer: np.ndarray  # the same from a third of the points


def turns_of(
    model: LangevinModel, radius: np.ndarray, well: tuple[float, float], phases: int
) -> Turns:
    """The orbits of these radii, the first of which is 0."""
    center, minimum = well
    path = paths(model, radius[1:], center, minimum, phases)
    damping, diffusion = model.damping_at(path.x), model.diffusion_at(path.x)
    at_rest = float(model.damping_at(center)), float(model.diffusion_at(center))
    p_dx = model.mass * path.p * path.dx
    lost, shaken = damping * p_dx, diffusion * p_dx
    loss, noise = lost.sum(axis=1), shaken.sum(axis=1)
    _refuse_no_noise(model, at_rest[1], noise)
    fewer = lost[:, 1::3].sum(axis=1) / shaken[:, 1::3].sum(axis=1)
    first = at_rest[0] / at_rest[1]
    return Turns(
        path=path,
        damping=damping,
        diffusion=diffusion,
        p_dx=p_dx,
        loss=loss,
        noise=noise,
        at_rest=at_rest,
        ratio=np.concatenate([[first], loss / noise]),
        ratio_from_fewer=np.concatenate([[first], fewer]),
    )


@dataclass(frozen=True, eq=False)
class Orbits:
    """Integrals over one turn of each orbit; the first orbit is the point at rest."""

    turns: Turns
    radius: np.ndarray
    dt: np.ndarray  # of all of the turn, at the points of the paths
    period: np.ndarray
    action: np.ndarray  # ∮ p² dt
    noise: np.ndarray  # ∮ D p² dt
    uneven: np.ndarray  # ⟨(γ − D loss/noise)² p²⟩/⟨p²⟩: friction that one turn averages out
    whole: np.ndarray  # ⟨[γ² + (D loss/noise)²] p²⟩/2⟨p²⟩: all of friction and noise
    squares: np.ndarray  # ∮ |α|² dt and ∮ |α|⁴ dt, rows
    friction: np.ndarray
    center: float
    minimum: float


def _orbits(
    model: LangevinModel, well: tuple[float, float], radius: np.ndarray, turns: Turns
) -> Orbits:
    """The other integrals over these turns."""
    m = model.mass
    center, minimum = well
    path, p_dx = turns.path, turns.p_dx
    action = p_dx.sum(axis=1)
    square = path.x**2 / model.x0**2 + path.p**2 / model.p0**2  # |α|²
    dt = m * path.dx / path.p
    period = dt.sum(axis=1)
    squares = np.stack([(dt * square**power).sum(axis=1) for power in (1, 2)])
    resting = period[0] * np.array([(center / model.x0) ** power for power in (2, 4)])
    balanced = turns.diffusion * turns.ratio[1:, None]
    uneven = (turns.damping - balanced) ** 2 * p_dx
    whole = 0.5 * (turns.damping**2 + balanced**2) * p_dx
    return Orbits(
        turns=turns,
        radius=radius,
        dt=dt,
        period=np.concatenate([period[:1], period]),
        action=np.concatenate([[0.0], action]),
        noise=np.concatenate([[0.0], turns.noise]),
        uneven=np.append(0.0, uneven.sum(axis=1) / action),
        whole=np.append(0.0, whole.sum(axis=1) / action),
        squares=np.concatenate([resting[:, None], squares], axis=1),
        friction=np.concatenate([turns.at_rest[:1], turns.loss / action]),
        center=center,
        minimum=minimum,
    )


def _refuse_no_noise(model: LangevinModel, at_rest: float, noise: np.ndarray) -> None:
    if not (at_rest > 0 and (noise > 0).all()):
        raise NoSteadyState(
            "model: its diffusion must be positive where it moves, got "
            f"{min(at_rest, float(model.diffusion.min())):g}; without noise its state is a point"
        )


def log_weight_curve(model: LangevinModel, radius: np.ndarray, ratio: np.ndarray) -> BSpline:
    """ln W over the radius, up to a constant, from the friction over noise of each orbit."""
    # dE = 2 ω0 r dr
    slope = -4.0 * model.mass * model.frequency * ratio * radius
    return make_interp_spline(radius, slope, k=5).antiderivative()


def _log_weight(model: LangevinModel, radius: np.ndarray, ratio: np.ndarray) -> np.ndarray:
    """ln W of each orbit, at most 0."""
    log_weight = log_weight_curve(model, radius, ratio)(radius)
    return log_weight - log_weight.max()


def resolved_orbits(
    model: LangevinModel,
) -> tuple[Orbits, tuple[np.ndarray, np.ndarray], float]:
    """Orbits that hold all the weight, and their ln W, also from a third of the points.

    With it comes ln W of the widest orbit on the grid.
    Where the grid is far wider than the state, only the orbits that the state knows are kept.
    """
    well = only_well(model)
    reach, widest = widest_radius(model, well), None
    while True:
        radius = np.linspace(0.0, reach, RADII)
        for phases in PHASES:
            turns = turns_of(model, radius, well, phases)
            log_weight = _log_weight(model, radius, turns.ratio)
            fewer = _log_weight(model, radius, turns.ratio_from_fewer)
            seen = log_weight > NOTHING
            if np.abs(log_weight - fewer)[seen].max() < _PHASE:
                break
        widest = float(log_weight[-1]) if widest is None else widest
        last = np.flatnonzero(seen)[-1]
        if last > _FEWEST * RADII:
            return _orbits(model, well, radius, turns), (log_weight, fewer), widest
        reach = float(1.5 * radius[last + 1])
