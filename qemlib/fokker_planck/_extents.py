"""How far a state reaches and how fine it is, and what may be left out of it.

Where an orbit average foretells the steady state, it says.  Else the basis is widened and refined
until the highest coefficients are nothing, and what W takes of it is measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from qemlib import _checks
from qemlib.errors import ConvergenceError, LeftGridError, NoSteadyState, SeveralWells
from qemlib.fokker_planck._placing import Extent, Samples, samples_of
from qemlib.fokker_planck._sizes import extent_of
from qemlib.fokker_planck.generator import generator_of
from qemlib.motion.model import LangevinModel
from qemlib.motion.orbit import orbit_average
from qemlib.states import positivity

__all__ = ["Settings", "checked_rtol", "final_of", "middle_of", "tail"]

# Tolerances that may be asked for.
_LEAST, _MOST_ASKED = 1e-10, 1e-2
# Of the highest functions, how many tell whether W leaves the basis.
_HIGHEST = 0.08
_CENTERED = 1e-9
# Of Gaussians in the wells, what a first basis holds; how it grows, where it has an end, and how
# often W may be found at the edge of the grid.
_SIGMAS, _GROWTH, _END, _MOST, _AT_EDGE = 6.0, 1.3, 0.9, 24, 3


def checked_rtol(rtol: Any) -> float:
    """What may be asked for; else ValueError."""
    rtol = _checks.positive("rtol", rtol)
    if not _LEAST <= rtol <= _MOST_ASKED:
        raise ValueError(f"rtol must lie between {_LEAST:.0e} and {_MOST_ASKED:.0e}, got {rtol!r}")
    return rtol


@dataclass(frozen=True)
class Settings:
    """How much is left out: everything follows from one number."""

    part: float

    @property
    def seen(self) -> float:
        """Part of the largest W, and of its transform, that a basis need not hold."""
        return max(2e-3 * self.part, 2e-14)

    @property
    def kept(self) -> float:
        """The same on the way, where what is left of the equation of motion is seen as well."""
        return max(3e-2 * self.part, 3e-13)

    @property
    def tail(self) -> float:
        """Of the highest coefficients, beside the largest."""
        return max(2e-2 * self.part, 2e-13)

    @property
    def equation(self) -> float:
        """What may be left of the equation of motion."""
        return max(1e-3 * self.part, 1e-13)


def final_of(model: LangevinModel, settings: Settings) -> tuple[float, Extent]:
    """Re α around which all turns, and what holds the steady state.

    Raises
    ------
    NoSteadyState
        If there is no noise.
    LeftGridError
        If the grid does not hold W.
    ConvergenceError
        If W is not resolved.
    """
    middle, extent = _foretold(model, settings)
    return middle, _measured(model, middle, settings) if extent is None else extent


def _measured(model: LangevinModel, middle: float, settings: Settings) -> Extent:
    if not (model.diffusion > 0).any():
        raise NoSteadyState("model: its diffusion must be positive where it moves, got 0")
    edges = model.x / model.x0
    reach = float(min(middle - edges[0], edges[-1] - middle))
    radius, wave = _first_guess(model, middle)
    at_edge = 0
    for _ in range(_MOST):
        radius = min(radius, reach)
        basis = Extent(radius, wave).basis(middle)
        vector = generator_of(model, basis).null_vector()
        vector = vector / basis.integral(vector)
        samples = samples_of(basis, vector)
        edge = tail(vector)
        if edge < 0.5 * settings.seen:
            found = samples.extent(settings.seen, middle)
            return Extent(min(1.05 * found.radius, reach), 1.05 * found.wave)
        # What is too short shows first: W reaches out to the end of one of both.
        found = samples.extent(np.sqrt(settings.tail), middle)
        short, coarse = found.radius > _END * radius, found.wave > _END * wave
        at_edge += short and radius >= reach
        if at_edge == _AT_EDGE:
            raise LeftGridError(
                f"model: its grid, x from {model.x[0]:.6g} to {model.x[-1]:.6g}, is too small for "
                "the steady state: W is not nothing at its edge; build the model on a wider grid"
            )
        radius *= _GROWTH if short else _GROWTH**0.25
        wave *= _GROWTH if coarse else _GROWTH**0.25
    raise ConvergenceError(
        f"model: {basis.size} functions each way leave {edge:.1e} of W in the highest of them"
    )


def _first_guess(model: LangevinModel, middle: float) -> tuple[float, float]:
    """Radius and wave number for Gaussians of the local temperature in the wells."""
    x, mass = model.x, model.mass
    pull = model.force - mass * model.frequency**2 * x
    wells = _bottoms(pull)
    damped = model.damping > 0
    temperature = float(np.median(model.diffusion[damped] / model.damping[damped])) / (2.0 * mass)
    stiffness = (pull[wells] - pull[wells + 1]) / (x[wells + 1] - x[wells])
    stiffness = np.append(stiffness, mass * model.frequency**2)
    widths = np.append(
        np.sqrt(temperature / stiffness) / model.x0, np.sqrt(mass * temperature) / model.p0
    )
    farthest = float(np.abs(x[wells] / model.x0 - middle).max(initial=0.0))
    return farthest + _SIGMAS * float(widths.max()), _SIGMAS / float(widths.min())


def tail(coefficients: np.ndarray) -> float:
    """The highest coefficients beside the largest."""
    highest = max(2, int(_HIGHEST * len(coefficients)))
    size = np.abs(coefficients)
    return float(max(size[-highest:].max(), size[:, -highest:].max()) / size.max())


def _foretold(model: LangevinModel, settings: Settings) -> tuple[float, Extent | None]:
    """Re α around which all turns, and what holds the steady state where that is foretold."""
    try:
        with positivity.untold():
            estimate = orbit_average(model)
    except SeveralWells:
        return middle_of(model), None
    middle, radius = extent_of(estimate)
    x0, p0 = model.x0, model.p0
    axis = radius * np.linspace(-1.0, 1.0, 257)[:-1]
    values = x0 * p0 * estimate.density(x0 * (axis[:, None] + middle), p0 * axis)
    seen = Samples(axis + middle, axis, values).extent(settings.seen, middle)
    return middle, Extent(radius, seen.wave)


def middle_of(model: LangevinModel) -> float:
    """Between the outermost places of rest, in units of x0; 0 for what is mirrored."""
    pull = model.force - model.mass * model.frequency**2 * model.x
    down = model.x[_bottoms(pull)]
    if model.mirrored or not down.size:
        return 0.0
    middle = 0.5 * (down[0] + down[-1]) / model.x0
    return 0.0 if abs(middle) < _CENTERED else float(middle)


def _bottoms(pull: np.ndarray) -> np.ndarray:
    """Where the pull changes from outwards to inwards: the points before it."""
    return np.flatnonzero((pull[:-1] > 0) & (pull[1:] <= 0))
