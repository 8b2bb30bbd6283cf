"""W of the averaged model in time: a function of the amplitude, with the electrons' memory.

In the action I(A) it diffuses in one dimension, ∂_t W = ∂_I [K W_s ∂_I (W/W_s)] with the steady
W_s and K = (mΩA)² d_A: cells in a row that exchange what they hold.  The cost does not know time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from qemlib.errors import ConvergenceError
from qemlib.fokker_planck._beginning import OnPlane, beginning
from qemlib.fokker_planck._cells import Cells, Held
from qemlib.fokker_planck._protocol import Protocol, Ramp
from qemlib.fokker_planck._refined import beside_themselves
from qemlib.fokker_planck.evolved_average import EvolvedAverage
from qemlib.motion.amplitude_state import AveragedState, averaged_state
from qemlib.motion.averaged_model import AveragedModel
from qemlib.states import positivity

__all__ = ["evolved_averages", "ramped_averages"]

# At first, pieces of a ramp between two times as well, and how often they are doubled.
_CELLS, _PIECES, _DOUBLINGS = 200, 2, 5
States = list[EvolvedAverage]


def evolved_averages(
    state: Any, plan: Protocol, times: np.ndarray, rtol: float
) -> tuple[States, dict[str, float]]:
    """States at the times, under one model after the other, and the largest errors."""
    found: States = []
    w = beginning(state, plan.first).w
    worst, before = dict.fromkeys(("phonon_number", "g2", "wigner"), 0.0), 0.0
    for start, model, wanted, stops in plan.pieces(times):
        steady = _steady(model)
        states, changes = _refined(_under(steady, w, stops - start), rtol)
        for name, change in changes.items():
            worst[name] = max(worst[name], before + change)
        for one in states[: wanted.size]:
            error = {name: value + before for name, value in one.error.items()}
            found.append(replace(one, time=one.time + start, error=error))
        before += max(changes.values())
        w = beginning(states[-1], model).w
    return found, worst


def ramped_averages(
    state: Any, ramp: Ramp, times: np.ndarray, rtol: float
) -> tuple[States, dict[str, float]]:
    """The same under a function of time.

    Pieces with the model of their middle, and cells, both err by the square of their length: they
    are halved together.
    """
    w = beginning(state, ramp.of(1).first).w

    def through(doublings: int) -> States:
        return _in_pieces(w, ramp.of(_PIECES * 2**doublings), times, _CELLS * 2**doublings)

    return _refined(through, rtol)


def _under(steady: AveragedState, w: OnPlane, times: np.ndarray) -> Callable[[int], States]:
    def found(doublings: int) -> States:
        return _evolved(Cells(steady, w, _CELLS * 2**doublings), times)

    return found


def _in_pieces(w: OnPlane, plan: Protocol, times: np.ndarray, cells: int) -> States:
    """States at the times, each as the model of its own time has it."""
    found: States = []
    for start, model, wanted, stops in plan.pieces(times):
        row = Cells(_steady(model), w, cells)
        states = _evolved(row, stops - start)
        for time, one in zip(wanted.tolist(), states[: wanted.size], strict=True):
            now = plan.shown(model, time)
            there = Cells(_steady(now), beginning(one, now).w, cells)
            (shown,) = _evolved(there, np.zeros(1))
            uneven = {"wigner": row.uneven + there.uneven}
            found.append(replace(shown, time=time, error=uneven))
        w = beginning(states[-1], model).w
    return found


def _steady(model: AveragedModel) -> AveragedState:
    with positivity.untold():
        return averaged_state(model)


def _refined(run: Callable[[int], States], rtol: float) -> tuple[States, dict[str, float]]:
    """States after as many doublings as leave them to `rtol`, and the largest changes."""
    before, better = None, None
    for doublings in range(_DOUBLINGS + 1):
        found = run(doublings)
        if before is not None:
            # The error falls with the square of a cell.
            new = [_extrapolated(*pair) for pair in zip(found, before, strict=True)]
            if better is not None:
                changes = [_changes(*pair) for pair in zip(new, better, strict=True)]
                worst = {name: max(each[name] for each in changes) for name in changes[0]}
                if max(worst.values()) < rtol:
                    return [_stated(*pair) for pair in zip(new, changes, strict=True)], worst
            better = new
        before = found
    raise ConvergenceError(
        f"evolve: with {_CELLS * 2**_DOUBLINGS} amplitudes the averaged state still changes by "
        f"{max(worst.values()):.1e}, rtol = {rtol:.1e} was asked for"
    )


def _evolved(cells: Cells, times: np.ndarray) -> list[EvolvedAverage]:
    return [_state(cells, float(time), cells.held(float(time))) for time in times]


def _state(cells: Cells, time: float, held: Held) -> EvolvedAverage:
    return EvolvedAverage(
        model=cells.model,
        time=time,
        steady=cells.steady,
        amplitude=cells.amplitude,
        weight=held.content / cells.area,
        moments=held.moments,
        energy_balance=held.balance,
        error={"wigner": cells.uneven},
    )


def _extrapolated(fine: EvolvedAverage, coarse: EvolvedAverage) -> EvolvedAverage:
    """What more and more cells tend to."""
    inside = fine.amplitude <= coarse.amplitude[-1]
    other = np.where(inside, coarse._curve(np.where(inside, fine.amplitude, 0.0)), 0.0)  # noqa: SLF001
    moments = tuple(
        one + (one - two) / 3.0 for one, two in zip(fine.moments, coarse.moments, strict=True)
    )
    weight = np.where(inside, fine.weight + (fine.weight - other) / 3.0, fine.weight)
    balance = {
        name: value + (value - coarse.energy_balance[name]) / 3.0
        for name, value in fine.energy_balance.items()
    }
    found = replace(fine, weight=weight, moments=(moments[0], moments[1]), energy_balance=balance)
    return replace(found, weight=weight / found.trace)


def _changes(new: EvolvedAverage, old: EvolvedAverage) -> dict[str, float]:
    one, two = new.moments, old.moments
    pairs = [m[1] - 2.0 * m[0] + 0.5 for m in (one, two)]
    inside = new.amplitude <= old.amplitude[-1]
    off = new.weight[inside] - old._curve(new.amplitude[inside])  # noqa: SLF001
    return {
        "phonon_number": abs(one[0] - two[0]) / max(one[0], 0.5),
        "g2": abs(pairs[0] - pairs[1]) / max(abs(pairs[0]), 0.5),
        "wigner": float(np.abs(off).max() / np.abs(new.weight).max()),
    }


def _stated(state: EvolvedAverage, change: dict[str, float]) -> EvolvedAverage:
    """The state with errors of its own numbers."""
    error = beside_themselves(state.phonon_number, change)
    return replace(state, error={**error, "wigner": error["wigner"] + state.error["wigner"]})
