"""What holds a steady state that no orbit average foretells: several wells, strong friction.

A state in too small a basis shows in its highest coefficients.  So the basis is widened and refined
until they are nothing, and what W takes of it is measured.
"""

from __future__ import annotations

import numpy as np

from qemlib.errors import ConvergenceError, LeftGridError, NoSteadyState
from qemlib.fokker_planck._following import Settings, foretold, tail
from qemlib.fokker_planck._placing import Extent, samples_of
from qemlib.fokker_planck.generator import generator_of
from qemlib.motion.model import LangevinModel

__all__ = ["final_of"]

# The first basis, in |α| beyond the outermost well, and in wave numbers; how both grow.
_FIRST, _WAVE, _GROWTH, _MOST = 4.0, 6.0, 1.25, 24


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
    middle, extent = foretold(model, settings)
    return middle, _measured(model, middle, settings) if extent is None else extent


def _measured(model: LangevinModel, middle: float, settings: Settings) -> Extent:
    if not (model.diffusion > 0).any():
        raise NoSteadyState("model: its diffusion must be positive where it moves, got 0")
    edges = model.x / model.x0
    reach = float(min(middle - edges[0], edges[-1] - middle))
    pull = model.force - model.mass * model.frequency**2 * model.x
    rest = edges[:-1][(pull[:-1] > 0) & (pull[1:] <= 0)]
    radius = min(float(np.abs(rest - middle).max(initial=0.0)) + _FIRST, reach)
    wave, edge = _WAVE, np.inf
    for _ in range(_MOST):
        basis = Extent(radius, wave).basis(middle)
        vector = generator_of(model, basis).null_vector()
        vector = vector / basis.integral(vector)
        edge = tail(vector)
        if edge < settings.tail:
            found = samples_of(basis, vector).extent(settings.seen, middle)
            return Extent(min(1.05 * found.radius, reach), 1.05 * found.wave)
        if radius >= reach and edge > 1e-3:
            raise LeftGridError(
                f"model: its grid, x from {model.x[0]:.6g} to {model.x[-1]:.6g}, is too small for "
                f"the steady state: W is not nothing at its edge; build the model on a wider grid"
            )
        radius, wave = min(_GROWTH * radius, reach), _GROWTH * wave
    raise ConvergenceError(
        f"model: {basis.size} functions each way leave {edge:.1e} of W in the highest of them"
    )
