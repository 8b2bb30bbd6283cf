"""What holds a steady state that no orbit average foretells: several wells, strong friction.

A state in too small a basis shows in its highest coefficients.  So the basis is widened and refined
until they are nothing, and what W takes of it is measured.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qemlib.errors import ConvergenceError, LeftGridError, NoSteadyState
from qemlib.fokker_planck._following import Settings, foretold, tail
from qemlib.fokker_planck._placing import Extent, samples_of
from qemlib.fokker_planck.basis import Basis
from qemlib.fokker_planck.generator import generator_of
from qemlib.fokker_planck.state import CHANGES, SteadyState
from qemlib.motion.model import LangevinModel
from qemlib.states import wigner

__all__ = ["final_of", "state_of_wells"]

# Of Gaussians in the wells, what a first basis holds; how it grows, and where it has an end.
_SIGMAS, _GROWTH, _END, _MOST = 6.0, 1.3, 0.9, 24
# Two bases are compared, the coarser of which leaves out so many times as much.
_OF_ASKED, _COARSER, _FINEST = 0.1, 10.0, 1e-11
_ROUND_OFF = 1e-12
_COMPARED = 81


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
    radius, wave = _first_guess(model, middle)
    for _ in range(_MOST):
        radius = min(radius, reach)
        basis = Extent(radius, wave).basis(middle)
        vector = generator_of(model, basis).null_vector()
        vector = vector / basis.integral(vector)
        samples = samples_of(basis, vector)
        edge = tail(vector)
        if edge < settings.tail:
            found = samples.extent(settings.seen, middle)
            return Extent(min(1.05 * found.radius, reach), 1.05 * found.wave)
        # What is too short shows first: W reaches out to the end of one of both.
        found = samples.extent(np.sqrt(settings.tail), middle)
        short, coarse = found.radius > _END * radius, found.wave > _END * wave
        if short and not coarse and radius >= reach:
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
    wells = np.flatnonzero((pull[:-1] > 0) & (pull[1:] <= 0))
    damped = model.damping > 0
    temperature = float(np.median(model.diffusion[damped] / model.damping[damped])) / (2.0 * mass)
    stiffness = (pull[wells] - pull[wells + 1]) / (x[wells + 1] - x[wells])
    stiffness = np.append(stiffness, mass * model.frequency**2)
    widths = np.append(
        np.sqrt(temperature / stiffness) / model.x0, np.sqrt(mass * temperature) / model.p0
    )
    farthest = float(np.abs(x[wells] / model.x0 - middle).max(initial=0.0))
    return farthest + _SIGMAS * float(widths.max()), _SIGMAS / float(widths.min())


def state_of_wells(model: LangevinModel, rtol: float) -> SteadyState:
    """Steady state of a model with several wells, in two bases that agree to `rtol`."""
    part, before, finer = max(_OF_ASKED * rtol * _COARSER, _FINEST), None, 1.0
    while True:
        settings = Settings(part)
        middle, extent = final_of(model, settings)
        state = _state(model, extent.finer(finer).basis(middle))
        if before is not None:
            changes = _changes(state, before)
            if max(changes.values()) < rtol:
                return _stated(state, changes)
            if part <= _FINEST and finer > 2.0:
                raise ConvergenceError(
                    f"steady_state: with {len(state.coefficients)} functions each way the state "
                    f"still changes by {max(changes.values()):.1e}; rtol = {rtol:.1e} was asked for"
                )
        before, part, finer = state, max(part / _COARSER, _FINEST), 1.15 * finer


def _state(model: LangevinModel, basis: Basis) -> SteadyState:
    generator = generator_of(model, basis)
    coefficients = generator.null_vector()
    coefficients = coefficients / basis.integral(coefficients)
    square = np.abs(basis.alpha) ** 2
    second, fourth = (v.real for v in basis.averages(coefficients, square, square**2))
    return SteadyState(
        model=model,
        coefficients=coefficients,
        center=basis.middle * model.x0,
        width=basis.width,
        radius=float(basis.width * np.sqrt(2.0 * basis.size + 1.0)),
        moments=(float(second), float(fourth)),
        error={
            **dict.fromkeys(CHANGES, np.inf),
            "residual": generator.residual(coefficients) / model.frequency,
            "edge": tail(coefficients),
        },
    )


def _changes(state: SteadyState, before: SteadyState) -> dict[str, float]:
    part = wigner.beside_vacuum(state.phonon_number)
    axis = np.linspace(-state.radius, state.radius, _COMPARED)
    x = state.center + state.model.x0 * axis[:, None]
    one, other = (each.wigner(x, state.model.p0 * axis) for each in (state, before))
    return {
        "phonon_number": abs(state.phonon_number - before.phonon_number)
        / max(state.phonon_number, 0.5),
        "g2": abs(state.g2 / before.g2 - 1.0) * part**2,
        "wigner": float(np.abs(one - other).max() / np.abs(one).max()),
    }


def _stated(state: SteadyState, changes: dict[str, float]) -> SteadyState:
    """Errors of ⟨a†a⟩ and g2 in units of their own."""
    part = wigner.beside_vacuum(state.phonon_number)
    least = {name: max(change, _ROUND_OFF) for name, change in changes.items()}
    error = {
        "phonon_number": wigner.relative(least["phonon_number"], part),
        "g2": wigner.relative(least["g2"], part**2),
        "wigner": least["wigner"],
    }
    return replace(state, error={**state.error, **error})
