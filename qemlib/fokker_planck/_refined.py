"""Two runs of an evolution side by side: the states, and what refinement changed of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qemlib.fokker_planck import _balance
from qemlib.fokker_planck._following import Moment
from qemlib.fokker_planck._placing import samples_of
from qemlib.fokker_planck.evolved import Evolution, EvolvedState
from qemlib.fokker_planck.generator import generator_of
from qemlib.fokker_planck.state import COMPARED
from qemlib.motion.model import LangevinModel
from qemlib.states import wigner

__all__ = ["beside_themselves", "changes_between", "extrapolated", "largest", "state_of", "stated"]

# The error is this many times the change, and this part of what is asked for: what is left of the
# equation of motion changes little of both runs.
_OF_CHANGE, _OF_ASKED = 2.0, 0.1
_ROUND_OFF = 1e-12


def extrapolated(
    fine: tuple[EvolvedState, float], coarse: tuple[EvolvedState, float]
) -> tuple[EvolvedState, float]:
    """What twice and twice the number of pieces would tend to."""
    state, before = fine[0], coarse[0]
    basis = state._basis  # noqa: SLF001
    other = samples_of(before._basis, before.coefficients).project(basis)  # noqa: SLF001
    coefficients = state.coefficients + (state.coefficients - other) / 3.0
    coefficients = coefficients / basis.integral(coefficients)
    slope = generator_of(state.model, basis).of_all(coefficients)
    moment = Moment(basis, coefficients, slope, max(fine[1], coarse[1]))
    return state_of(state.model, state.time, moment), moment.lost


def largest(changes: list[dict[str, float]]) -> float:
    return max(max(change.values()) for change in changes)


def state_of(model: LangevinModel, time: float, moment: Moment) -> EvolvedState:
    basis = moment.basis
    return EvolvedState(
        model=model,
        time=time,
        coefficients=moment.coefficients,
        center=basis.middle * model.x0,
        width=basis.width,
        moments=basis.moments(moment.coefficients),
        energy_balance=_balance.balance(model, moment),
        error={},
    )


def changes_between(
    new: tuple[EvolvedState, float], old: tuple[EvolvedState, float], rtol: float
) -> dict[str, float]:
    """Errors of ⟨a†a⟩, g2 and W, the first two beside the vacuum's where that is more."""
    state, before = new[0], old[0]
    part = wigner.beside_vacuum(state.phonon_number)
    axis = np.linspace(-state.radius, state.radius, COMPARED)
    x = axis + state.center / state.model.x0
    density, other = state._on_grid(x, axis), before._on_grid(x, axis)  # noqa: SLF001
    pairs = [m[1] - 2.0 * m[0] + 0.5 for m in (state.moments, before.moments)]
    changes = {
        "phonon_number": abs(state.moments[0] - before.moments[0]) / max(state.moments[0], 0.5),
        # ⟨a†a†aa⟩ of the vacuum is what its moments cancel to.
        "g2": abs(pairs[0] - pairs[1]) / max(abs(pairs[0]), 0.5) * min(1.0, max(part, 0.5)),
        "wigner": float(np.abs(density - other).max() / np.abs(density).max()),
    }
    return {name: _OF_CHANGE * change + _OF_ASKED * rtol for name, change in changes.items()}


def stated(
    times: np.ndarray,
    found: list[tuple[EvolvedState, float]],
    changes: list[dict[str, float]],
) -> Evolution:
    """The states with the errors of their own numbers."""
    states, worst = [], dict.fromkeys(("phonon_number", "g2", "wigner"), _ROUND_OFF)
    for (state, _), change in zip(found, changes, strict=True):
        worst = {name: max(worst[name], change[name]) for name in worst}
        states.append(replace(state, error=beside_themselves(state.phonon_number, change)))
    mended = max(lost for _, lost in found)
    return Evolution(times, tuple(states), {**worst, "trace": mended})


def beside_themselves(phonon_number: float, change: dict[str, float]) -> dict[str, float]:
    """Errors of ⟨a†a⟩ and g2, given beside the vacuum's, beside their own values; and that of W."""
    least = {name: max(value, _ROUND_OFF) for name, value in change.items()}
    part = wigner.beside_vacuum(phonon_number)
    of_n = wigner.relative(least["phonon_number"], part)
    of_pairs = wigner.relative(least["g2"], part**2)
    return {"phonon_number": of_n, "g2": of_pairs + 2.0 * of_n, "wigner": least["wigner"]}
