"""The grid of a model: as wide as its steady state, as fine as its coefficients ask for.

It is found for any force, friction and noise that can be computed wherever they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from qemlib.errors import NoSteadyState
from qemlib.motion._refinement import COARSE_POINTS, GIVEN, even_grid, looked, resolved
from qemlib.motion.orbit import edge_weight
from qemlib.motion.sources import Build, Coefficients, Kept

if TYPE_CHECKING:
    from qemlib.motion.model import LangevinModel

__all__ = ["even_model", "model_of", "model_on", "narrowest"]

_NARROWEST = 8.0  # x0
# The grid is enlarged until the weight of the orbits that touch the edge is this small beside the
# largest one.
_EDGE_WEIGHT = 1e-16
_FURTHEST_GROWTH = 1.8
# Half widths in units of x0 up to which a state is looked for: no number has the digits for more.
_FARTHEST = 1e9
# Where friction is above this part of the frequency, W is no function of the energy alone, and the
# weight must be smaller: this power of it.
_STRONG, _STRONGER = 0.1, 2
# A grid of more points than this may have been too coarse when its width was found.
_TRUSTED = 16 * COARSE_POINTS
# Beyond the electrons' reach friction and noise at the edge, times its distance, are this part of
# their integrals.
_DECOUPLED = 1e-3


def model_of(coefficients: Coefficients, build: Build) -> Any:
    """The model on a grid that holds the steady state; NoSteadyState if none does."""
    kept = Kept(coefficients)
    x0 = coefficients.oscillator.x0
    width = _NARROWEST * x0
    while width < _FARTHEST * x0:
        x, values, look = looked(build, kept, width)
        if _falls_outwards(look):
            width = max(_FURTHEST_GROWTH * width, _farthest_rest(coefficients, look) + width)
            continue
        weight = edge_weight(look)
        strong = np.abs(look.damping).max() > _STRONG * look.frequency
        needed = _EDGE_WEIGHT ** (_STRONGER if strong else 1)
        if weight < needed:
            reason = f"orbit-averaged weight at the edge {weight:.0e} of the largest"
            model = resolved(build, kept, x, values, reason, look)
            if x.size == COARSE_POINTS and model.x.size <= _TRUSTED:
                return model
            weight = edge_weight(model)
            if weight < np.sqrt(needed):
                return model
        elif _unbound(look):
            break
        width *= _growth(weight, needed)
    raise NoSteadyState(
        f"{coefficients.name} has no bound steady state: its orbit-averaged friction does not "
        f"confine the motion, out to |x| = {width:.3g}, {coefficients.unfelt}"
    )


def model_on(coefficients: Coefficients, build: Build, half_width: float, reason: str) -> Any:
    """The model on |x| ≤ half_width."""
    kept = Kept(coefficients)
    x = even_grid(coefficients, half_width)
    return resolved(build, kept, x, kept.at(x), reason)


def narrowest(
    coefficients: Coefficients,
    build: Build,
    change: Callable[[Any], Any],
    half_widths: Iterable[float],
    weight: float,
) -> float | None:
    """The first half width on which the motion of a changed model does not touch the edge.

    `change` makes another model of the coefficients' own.  None if no half width will do.
    """
    for half_width in half_widths:
        look = change(even_model(coefficients, build, half_width, COARSE_POINTS))
        if edge_weight(look) < weight:
            return half_width
    return None


def even_model(coefficients: Coefficients, build: Build, half_width: float, points: int) -> Any:
    """The model on so many evenly spaced points, as they are."""
    x = np.linspace(-half_width, half_width, points)
    return build(x, Kept(coefficients).at(x), GIVEN)


def _growth(weight: float, needed: float) -> float:
    """Factor to the next width to try: W falls roughly as a Gaussian."""
    if weight > 0.1:
        return _FURTHEST_GROWTH
    growth = 1.03 * np.sqrt(np.log(needed) / np.log(weight))
    return float(np.clip(growth, 1.05, _FURTHEST_GROWTH))


def _falls_outwards(model: LangevinModel) -> bool:
    """True if the force drives the oscillator over an end of the grid."""
    pull = model.force - model.mass * model.frequency**2 * model.x
    return pull[0] < 0 or pull[-1] > 0


def _farthest_rest(coefficients: Coefficients, model: LangevinModel) -> float:
    """Beyond here the spring holds against any force."""
    force = coefficients.largest_force or float(np.abs(model.force).max())
    return force / (model.mass * model.frequency**2)


def _unbound(model: LangevinModel) -> bool:
    """True if orbits of any size gain energy: beyond the grid there is neither friction nor noise.

    Wide orbits cross the electrons' reach at one speed: their loss is that speed times ∫γ dx.
    """
    edge = np.abs(model.x).max()
    loss, size, noise = (
        np.trapezoid(values, model.x)
        for values in (model.damping, np.abs(model.damping), model.diffusion)
    )
    decoupled = all(
        np.abs(values[[0, -1]]).max() * edge < _DECOUPLED * total
        for values, total in ((model.damping, size), (model.diffusion, noise))
    )
    return decoupled and loss <= 0
