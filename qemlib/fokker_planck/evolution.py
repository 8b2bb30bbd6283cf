"""W in time, from the Fokker-Planck equation (A24): charging, discharging, relaxation."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from qemlib import _checks
from qemlib.errors import ConvergenceError
from qemlib.fokker_planck._beginning import Beginning, beginning
from qemlib.fokker_planck._extents import Settings, checked_rtol
from qemlib.fokker_planck._following import Follower, Moment
from qemlib.fokker_planck._placing import Samples, samples_of
from qemlib.fokker_planck._protocol import Protocol, Ramp, is_ramp, protocol
from qemlib.fokker_planck._refined import changes_between, extrapolated, largest, state_of, stated
from qemlib.fokker_planck.averaged_evolution import evolved_averages, ramped_averages
from qemlib.fokker_planck.evolved import Evolution, EvolvedState
from qemlib.motion.averaged_model import AveragedModel

__all__ = ["evolve"]

# The coarser of two runs leaves out so many times as much as the finer.
_COARSER = 10.0
_FINEST = 1e-11
# Pieces of a ramp between two times.
_MOST_PIECES = 256


def evolve(state: Any, model: Any, times: ArrayLike, rtol: float = 1e-6) -> Evolution:
    """States at later times, by the Fokker-Planck equation (A24).

    The cost does not grow with the number of periods.  W may be negative at first, as that of a
    Fock state or of a cat is: (A24) is linear.

    Parameters
    ----------
    state : State, callable or array_like
        What to start from at time 0: a state of the model's oscillator, a function W(x, p) with
        ∫dx dp W = 1 of arrays that broadcast, or a density matrix of the kinds that `QuantumState`
        takes.
    model : LangevinModel, AveragedModel, list of (float, model), or callable
        What moves it.  A list holds the times from which on each model holds, the first of them 0:
        a voltage that is switched; its models are all of one kind.  A function of time that gives
        models of one kind is a ramp: it is taken half-way through steps that are halved until the
        result stays.
    times : array_like, shape (times,)
        At which the state is wanted: rising, 0 or later (1/energy).
    rtol : float
        Largest relative change of ⟨a†a⟩, g2 and W when all is refined, from 1e-10 to 1e-2.  Where
        ⟨a†a⟩ is below 1/2, beside 1/2 as for `steady_state`.

    Returns
    -------
    Evolution
        A sequence of states: EvolvedState, or of an AveragedModel EvolvedAverage.

    Raises
    ------
    TypeError
        If `state` or `model` is none of these.
    ValueError
        If times are negative or do not rise, `rtol` is out of range, the state is another
        oscillator's, or W has the wrong shape or integral.
    LeftGridError
        If W reaches the edge of the model's grid.
    UnresolvedError
        If W is too fine, or reaches too far for its fineness.
    ConvergenceError
        If `rtol` is not reached.

    Notes
    -----
    W is expanded in Hermite functions.  In stages, each with a basis for what W is then, e^{Lt} is
    applied in a rational Krylov space (A. Ruhe, Linear Algebra Appl. 58, 391 (1984)), with poles at
    the lines of the motion.  A coarser and a finer run are compared.

    Examples
    --------
    The paper's device from the ground state: nine tenths of its phonons are there at t = 1.8e4.

    >>> import numpy as np
    >>> import qemlib as qem
    >>> model = qem.LangevinModel.from_device(qem.paper_device(voltage=10.0))
    >>> path = qem.evolve([[1.0]], model, times=[0.0, 1.8e4, 1e6])
    >>> path.phonon_number.round(3) + 0.0
    array([ 0.   , 38.024, 42.135])

    What is left of it after the voltage is switched off, on a grid that holds the charged state:

    >>> off = qem.LangevinModel.from_device(qem.paper_device(voltage=0.0), half_width=90.0)
    >>> path = qem.evolve([[1.0]], [(0.0, model), (1.8e4, off)], times=[1.8e4, 2e4])
    >>> path.phonon_number.round(2)
    array([38.02, 23.59])
    """
    times = _checks.rising_times(times)
    rtol = checked_rtol(rtol)
    if is_ramp(model):
        ramp = Ramp(model, times)
        if isinstance(ramp.of(1).first, AveragedModel):
            averages, error = ramped_averages(state, ramp, times, rtol)
            return Evolution(times, tuple(averages), error)
        return _ramped(state, ramp, times, rtol)
    plan = protocol(model)
    if isinstance(plan.first, AveragedModel):
        averages, error = evolved_averages(state, plan, times, rtol)
        return Evolution(times, tuple(averages), error)
    begun = beginning(state, plan.first)
    part = _COARSER * rtol
    before = _run(begun, plan, times, part)
    while True:
        part = part / _COARSER
        found = _run(begun, plan, times, part)
        changes = [changes_between(*pair, rtol) for pair in zip(found, before, strict=True)]
        worst = largest(changes)
        if worst < rtol:
            return stated(times, found, changes)
        if part <= _FINEST:
            raise ConvergenceError(
                f"evolve: refined to the last, the state still changes by {worst:.1e}; rtol = "
                f"{rtol:.1e} was asked for"
            )
        before = found


def _ramped(state: Any, plans: Ramp, times: np.ndarray, rtol: float) -> Evolution:
    """Pieces of one model each, from half-way through them, err by the square of their length."""
    first = plans.of(1)
    begun = beginning(state, first.first)
    coarse, fine = (_run(begun, first, times, part) for part in (_COARSER * rtol, rtol))
    of_basis = [changes_between(*pair, rtol) for pair in zip(fine, coarse, strict=True)]
    pieces, before, best = 1, fine, None
    while pieces < _MOST_PIECES:
        pieces = 2 * pieces
        found = _run(begun, plans.of(pieces), times, rtol)
        better = [extrapolated(*pair) for pair in zip(found, before, strict=True)]
        if best is not None:
            changes = [
                {name: change[name] + other[name] for name in change}
                for change, other in zip(
                    (changes_between(*pair, rtol) for pair in zip(better, best, strict=True)),
                    of_basis,
                    strict=True,
                )
            ]
            if largest(changes) < rtol:
                return stated(times, better, changes)
        before, best = found, better
    raise ConvergenceError(
        f"evolve: with {pieces} pieces between two times the state still changes by "
        f"{largest(changes):.1e}, rtol = {rtol:.1e} was asked for; models that are switched at "
        "times of their own are better given as a list of (time, model)"
    )


def _run(
    begun: Beginning, plan: Protocol, times: np.ndarray, part: float
) -> list[tuple[EvolvedState, float]]:
    """States at the times, and what was mended of their traces."""
    settings = Settings(part)
    samples = begun.sampled(plan.first, settings.seen)
    found: list[tuple[EvolvedState, float]] = []
    followers: dict[int, Follower] = {}
    for start, model, wanted, stops in plan.pieces(times):
        if id(model) not in followers:
            followers[id(model)] = Follower(model, settings)
        moments = list(followers[id(model)].follow(samples, stops - start))
        for time, moment in zip(wanted.tolist(), moments[: wanted.size], strict=True):
            found.append((state_of(plan.shown(model, time), time, moment), moment.lost))
        samples = _resampled(moments[-1])
    return found


def _resampled(moment: Moment) -> Samples:
    return samples_of(moment.basis, moment.coefficients)
