"""Steady states that no orbit average foretells: of potentials with several wells."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qemlib.errors import ConvergenceError
from qemlib.fokker_planck._extents import Settings, final_of, tail
from qemlib.fokker_planck.basis import Basis
from qemlib.fokker_planck.generator import generator_of
from qemlib.fokker_planck.state import CHANGES, SteadyState, changes_between
from qemlib.motion.model import LangevinModel
from qemlib.states import wigner

__all__ = ["state_of_wells"]

# Two bases are compared, the coarser of which leaves out so many times as much.
_OF_ASKED, _COARSER, _FINEST = 0.1, 10.0, 1e-11
_ROUND_OFF = 1e-12


def state_of_wells(model: LangevinModel, rtol: float) -> SteadyState:
    """Steady state of a model with several wells, in two bases that agree to `rtol`."""
    part, before, finer = max(_OF_ASKED * rtol * _COARSER, _FINEST), None, 1.0
    while True:
        settings = Settings(part)
        middle, extent = final_of(model, settings)
        state = _state(model, extent.finer(finer).basis(middle))
        if before is not None:
            changes = changes_between(state, before)
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
    return SteadyState(
        model=model,
        coefficients=coefficients,
        center=basis.middle * model.x0,
        width=basis.width,
        radius=basis.edge(coefficients),
        moments=basis.moments(coefficients),
        error={
            **dict.fromkeys(CHANGES, np.inf),
            "residual": generator.residual(coefficients) / model.frequency,
            "edge": tail(coefficients),
        },
    )


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
