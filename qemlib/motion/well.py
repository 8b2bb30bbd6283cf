"""The well of the effective potential U, and the orbits in it.

An orbit of energy E has the radius r = [(E − U_min)/ω0]^{1/2}, equal to |α| if it is harmonic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq

from qemlib.errors import LeftGridError, SeveralWells

if TYPE_CHECKING:
    from qemlib.motion.model import LangevinModel

__all__ = ["Paths", "only_well", "paths", "widest_radius"]

_ROUND_OFF = 1e-20  # of a kinetic energy
# Steps of Newton that have met a turning point, in units of the grid; and those that are round-off
# if they do not fall.
_MET, _CLOSE = 1e-14, 1e-9


def only_well(model: LangevinModel) -> tuple[float, float]:
    """Position and depth of the only minimum of the effective potential."""
    x = model.x
    pull = model.force - model.mass * model.frequency**2 * x
    down = np.flatnonzero((pull[:-1] > 0) & (pull[1:] <= 0))
    beyond = pull[0] < 0 or pull[-1] > 0
    if len(down) != 1 or beyond:
        raise (LeftGridError if beyond or len(down) == 0 else SeveralWells)(
            "model: the effective potential must have one well on the grid, "
            f"got {len(down)} minima on x from {x[0]:.6g} to {x[-1]:.6g}"
            + (" and less beyond its ends" if beyond else "")
        )
    center = _rest(model, x[down[0]], x[down[0] + 1])
    if abs(center) < 1e-9 * model.x0:
        center = 0.0  # a mirrored model stays mirrored to the last digit
    return float(center), float(model.potential_at(center))


def widest_radius(model: LangevinModel, well: tuple[float, float]) -> float:
    """Radius of the widest orbit on the grid."""
    ends = np.array([model.x[0], model.x[-1]])
    return float(np.sqrt((np.min(model.potential_at(ends)) - well[1]) / model.frequency))


@dataclass(frozen=True, eq=False)
class Paths:
    """Points (x, p > 0) on half an orbit, a row each, and weights of ∮|dx| over all of it."""

    x: np.ndarray
    p: np.ndarray
    dx: np.ndarray


def paths(
    model: LangevinModel, radius: np.ndarray, center: float, minimum: float, phases: int
) -> Paths:
    """The orbits of radius r = [(E − U_min)/ω0]^{1/2} > 0."""
    m, edges = model.mass, (model.x[0], model.x[-1])
    energy = model.frequency * radius**2
    left = _turning_points(model, minimum + energy, center, edges[0])
    right = _turning_points(model, minimum + energy, center, edges[1])
    # x = middle + half sin φ makes the integrands smooth at the turning points.
    phase = (np.arange(phases) + 0.5) * np.pi / phases - 0.5 * np.pi
    middle, half = 0.5 * (left + right)[:, None], 0.5 * (right - left)[:, None]
    x = np.clip(middle + half * np.sin(phase), *edges)
    kinetic = energy[:, None] - (model.potential_at(x) - minimum)
    # Round-off may leave less than nothing next to a turning point.
    p = np.sqrt(2.0 * m * np.maximum(kinetic, _ROUND_OFF * energy[:, None]))
    return Paths(x, p, 2.0 * half * np.cos(phase) * np.pi / phases)


def _rest(model: LangevinModel, low: float, high: float) -> float:
    """Where the pull, inwards at both ends but for round-off, vanishes."""

    def pull(x: float) -> float:
        return float(model.force_at(x)) - model.mass * model.frequency**2 * x

    for end, sign in ((low, 1.0), (high, -1.0)):
        if sign * pull(end) <= 0.0:
            return end
    return brentq(pull, low, high, xtol=_MET * model.x0)


def _turning_points(
    model: LangevinModel, energy: np.ndarray, center: float, edge: float
) -> np.ndarray:
    """Solve U(x) = energy between the minimum and one edge, by Newton inside a bracket."""
    inner, outer = np.full(energy.shape, center), np.full(energy.shape, edge)
    stiffness = model.mass * model.frequency**2
    # Where the spring alone would turn the motion, if that is on the grid.
    above = np.maximum(energy - float(model.potential_at(center)), 0.0)
    farthest = np.sqrt(2.0 * above / stiffness)
    # Round-off must not leave the grid.
    ends = min(center, edge), max(center, edge)
    x = np.clip(center + np.sign(edge - center) * farthest, *ends)
    scale, before = max(abs(edge), abs(center)), np.inf
    for _ in range(80):
        excess = model.potential_at(x) - energy
        inner, outer = np.where(excess < 0, x, inner), np.where(excess < 0, outer, x)
        slope = stiffness * x - model.force_at(x)
        with np.errstate(divide="ignore", invalid="ignore"):
            newton = np.clip(x - excess / slope, *ends)
        low, high = np.minimum(inner, outer), np.maximum(inner, outer)
        inside = (newton >= low) & (newton <= high)
        step = np.where(inside, newton, 0.5 * (inner + outer)) - x
        # A turning point that was met leaves the bracket by its round-off.
        met = np.abs(newton - x) < _MET * scale
        step = np.where(met, 0.0, step)
        x = np.clip(x + step, *ends)
        longest = float(np.abs(step).max())
        # Next to the minimum the round-off of a potential is more than that of a position: there
        # the steps cease to fall.
        if longest < _MET * scale or (longest < _CLOSE * scale and longest > 0.5 * before):
            break
        before = longest
    return x
