"""W in time, from the Fokker-Planck equation (A24): charging, discharging, relaxation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from reprlib import repr as repr_short
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from qemlib import _checks
from qemlib._locked import Locked
from qemlib.errors import ConvergenceError
from qemlib.fokker_planck import _balance
from qemlib.fokker_planck._beginning import Beginning, beginning
from qemlib.fokker_planck._extents import Settings
from qemlib.fokker_planck._following import Follower, Moment
from qemlib.fokker_planck._placing import Samples, samples_of
from qemlib.fokker_planck._protocol import Protocol, Ramp, is_ramp, protocol
from qemlib.fokker_planck.averaged_evolution import evolved_averages
from qemlib.fokker_planck.generator import generator_of
from qemlib.fokker_planck.in_basis import InBasis
from qemlib.motion.averaged_model import AveragedModel
from qemlib.motion.model import LangevinModel
from qemlib.states import wigner

__all__ = ["Evolution", "EvolvedState", "evolve"]

# The coarser of two runs leaves out so many times as much as the finer.
_COARSER = 10.0
_LEAST, _MOST = 1e-10, 1e-2
_FINEST = 1e-11
# The error is this many times the change, and this part of what is asked for: what is left of the
# equation of motion changes little of both runs.
_OF_CHANGE, _OF_ASKED = 2.0, 0.1
# Pieces of a ramp between two times.
_MOST_PIECES = 256
_COMPARED = 81
_ROUND_OFF = 1e-12
Model = LangevinModel | Sequence[tuple[float, LangevinModel]] | Callable[[float], LangevinModel]


@dataclass(frozen=True, eq=False)
class EvolvedState(Locked, InBasis):
    """The state at one time of an evolution.

    Attributes
    ----------
    model : LangevinModel
        What moves it at that time, from then on.
    time : float
    coefficients : ndarray, shape (functions, functions)
        As of a SteadyState, with `center`, `width` and `radius`.
    moments : tuple of float
        (⟨|α|²⟩, ⟨|α|⁴⟩).
    energy_balance : dict of str to float
        Of E = ⟨p²/2m + U(x)⟩, with U the effective potential: "energy", and its "change" dE/dt as W
        changes; "friction" −⟨γp²⟩/m and "noise" ⟨D⟩/2m, which add up to it.
    error : dict of str to float
        "phonon_number", "g2", relative, and "wigner", beside the largest W: what changed when
        basis, poles and stages were refined; where ⟨a†a⟩ is below 1/2 the first two are known
        beside 1/2 as well as that, and worse beside themselves.
    phonon_number, g2 : float
        ⟨a†a⟩ and g⁽²⁾(0), from moments.
    """

    model: LangevinModel
    time: float
    coefficients: np.ndarray
    center: float
    width: float
    radius: float
    moments: tuple[float, float]
    energy_balance: dict[str, float]
    error: dict[str, float]

    def __repr__(self) -> str:
        return (
            f"EvolvedState(time={self.time:.6g}, phonon_number={self.phonon_number:.10g}, "
            f"g2={self.g2:.10g}; {len(self.coefficients)} x {len(self.coefficients)} functions, "
            f"relative change under refinement {self.error['wigner']:.0e})"
        )

    @property
    def amplitude(self) -> complex:
        """⟨a⟩ = ⟨x⟩/x0 + i⟨p⟩/p0."""
        (mean,) = self._basis.averages(self.coefficients, self._basis.alpha)
        return complex(mean)

    @property
    def trace(self) -> float:
        """∫dx dp W."""
        return self._basis.integral(self.coefficients)


@dataclass(frozen=True, eq=False)
class Evolution(Locked):
    """States at rising times: a sequence of them.

    Attributes
    ----------
    times : ndarray, shape (times,)
    states : tuple of EvolvedState
    error : dict of str to float
        The largest of all times, of what each state's `error` has; "phonon_number" and "g2" beside
        1/2 where ⟨a†a⟩ is below; "trace", what was mended of it.

    Examples
    --------
    See `evolve`.
    """

    times: np.ndarray
    states: tuple[Any, ...]
    error: dict[str, float]

    def __len__(self) -> int:
        return len(self.states)

    def __getitem__(self, index: int) -> Any:
        return self.states[index]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.states)

    def __repr__(self) -> str:
        first, last = self.times[0], self.times[-1]
        return (
            f"Evolution({len(self)} times from {first:.6g} to {last:.6g}, phonon_number from "
            f"{self.phonon_number[0]:.6g} to {self.phonon_number[-1]:.6g}; error "
            f"{self.error['phonon_number']:.0e})"
        )

    @property
    def phonon_number(self) -> np.ndarray:
        """⟨a†a⟩ at each time."""
        return np.array([state.phonon_number for state in self.states])

    @property
    def g2(self) -> np.ndarray:
        """g⁽²⁾(0) at each time."""
        return np.array([state.g2 for state in self.states])

    @property
    def energy(self) -> np.ndarray:
        """ω0(⟨a†a⟩ + 1/2) at each time."""
        return np.array([state.energy for state in self.states])

    def dataset(self, levels: int | None = None) -> xr.Dataset:
        """What the states tell, over time.

        Parameters
        ----------
        levels : int, optional
            Also the populations of so many levels.

        Returns
        -------
        xarray.Dataset
            Over `time`: `phonon_number`, `g2`, `energy`, `squeezing` and `amplitude` ⟨a⟩ (complex),
            the parts of the energy balance as `balance_…`, the errors as `error_…`; with `levels`,
            `populations` over `time` and `level`.
        """
        found: dict[str, Any] = {
            name: ("time", np.array([getattr(state, name) for state in self.states]))
            for name in ("phonon_number", "g2", "energy", "squeezing", "amplitude")
            if hasattr(self.states[0], name)
        }
        for prefix, attribute in (("balance", "energy_balance"), ("error", "error")):
            rows = [getattr(state, attribute, {}) for state in self.states]
            for name in rows[0]:
                found[f"{prefix}_{name}"] = ("time", np.array([row[name] for row in rows]))
        coordinates: dict[str, Any] = {"time": self.times}
        if levels is not None:
            levels = _checks.integer("levels", levels, 1)
            rows = [state.populations(levels) for state in self.states]
            found["populations"] = (("time", "level"), np.array(rows))
            coordinates["level"] = np.arange(levels)
        return xr.Dataset(found, coordinates)


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
    model : LangevinModel, AveragedModel, list of (float, LangevinModel), or callable
        What moves it.  A list holds the times from which on each model holds, the first of them 0:
        a voltage that is switched.  A function of time that gives models is a ramp: it is taken
        half-way through steps that are halved until the result stays.
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
    times = _rising(times)
    rtol = _checks.positive("rtol", rtol)
    if not _LEAST <= rtol <= _MOST:
        raise ValueError(f"rtol must lie between {_LEAST:.0e} and {_MOST:.0e}, got {rtol!r}")
    if isinstance(model, AveragedModel):
        averages, largest = evolved_averages(beginning(state, model).w, model, times, rtol)
        return Evolution(times, tuple(averages), largest)
    if is_ramp(model):
        return _ramped(state, model, times, rtol)
    plan = protocol(model)
    begun = beginning(state, plan.first)
    part = _COARSER * rtol
    before = _run(begun, plan, times, part)
    while True:
        part = part / _COARSER
        found = _run(begun, plan, times, part)
        changes = [_changes(*pair, rtol) for pair in zip(found, before, strict=True)]
        worst = _largest(changes)
        if worst < rtol:
            return _stated(times, found, changes)
        if part <= _FINEST:
            raise ConvergenceError(
                f"evolve: refined to the last, the state still changes by {worst:.1e}; rtol = "
                f"{rtol:.1e} was asked for"
            )
        before = found


def _ramped(state: Any, function: Callable, times: np.ndarray, rtol: float) -> Evolution:
    """Pieces of one model each, from half-way through them, err by the square of their length."""
    plans = Ramp(function, times)
    first = plans.of(1)
    begun = beginning(state, first.first)
    coarse, fine = (_run(begun, first, times, part) for part in (_COARSER * rtol, rtol))
    of_basis = [_changes(*pair, rtol) for pair in zip(fine, coarse, strict=True)]
    pieces, before, best = 1, fine, None
    while pieces < _MOST_PIECES:
        pieces = 2 * pieces
        found = _run(begun, plans.of(pieces), times, rtol)
        better = [_extrapolated(*pair) for pair in zip(found, before, strict=True)]
        if best is not None:
            changes = [
                {name: change[name] + other[name] for name in change}
                for change, other in zip(
                    (_changes(*pair, rtol) for pair in zip(better, best, strict=True)),
                    of_basis,
                    strict=True,
                )
            ]
            if _largest(changes) < rtol:
                return _stated(times, better, changes)
        before, best = found, better
    raise ConvergenceError(
        f"evolve: with {pieces} pieces between two times the state still changes by "
        f"{_largest(changes):.1e}, rtol = {rtol:.1e} was asked for; models that are switched at "
        "times of their own are better given as a list of (time, model)"
    )


def _extrapolated(
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
    return _state(state.model, state.time, moment), moment.lost


def _largest(changes: list[dict[str, float]]) -> float:
    return max(max(change.values()) for change in changes)


def _rising(times: ArrayLike) -> np.ndarray:
    times = _checks.finite_array("times", times, ndim=1)
    if not times.size or times[0] < 0 or (np.diff(times) <= 0).any():
        raise ValueError(f"times must rise from 0 or later, got {repr_short(times.tolist())}")
    return times


def _run(
    begun: Beginning, plan: Protocol, times: np.ndarray, part: float
) -> list[tuple[EvolvedState, float]]:
    """States at the times, and what was mended of their traces."""
    settings = Settings(part)
    samples = begun.sampled(plan.first, settings.seen)
    found: list[tuple[EvolvedState, float]] = []
    followers: dict[int, Follower] = {}
    for start, end, model in plan.pieces(times[-1]):
        last = end >= times[-1]
        wanted = times[(times >= start) & ((times < end) | last)]
        stops = wanted if last else np.append(wanted, end)
        follower = followers.setdefault(id(model), Follower(model, settings))
        moments = list(follower.follow(samples, stops - start))
        shown = moments if last else moments[:-1]
        for time, moment in zip(wanted, shown, strict=True):
            found.append((_state(plan.shown(model, float(time)), float(time), moment), moment.lost))
        samples = _resampled(moments[-1])
    return found


def _resampled(moment: Moment) -> Samples:
    return samples_of(moment.basis, moment.coefficients)


def _state(model: LangevinModel, time: float, moment: Moment) -> EvolvedState:
    basis = moment.basis
    square = np.abs(basis.alpha) ** 2
    second, fourth = (
        float(value.real) for value in basis.averages(moment.coefficients, square, square**2)
    )
    return EvolvedState(
        model=model,
        time=time,
        coefficients=moment.coefficients,
        center=basis.middle * model.x0,
        width=basis.width,
        radius=basis.width * float(np.sqrt(2.0 * basis.size + 1.0)),
        moments=(second, fourth),
        energy_balance=_balance.balance(model, moment),
        error={},
    )


def _changes(
    new: tuple[EvolvedState, float], old: tuple[EvolvedState, float], rtol: float
) -> dict[str, float]:
    """Errors of ⟨a†a⟩, g2 and W, the first two beside the vacuum's where that is more."""
    state, before = new[0], old[0]
    part = wigner.beside_vacuum(state.phonon_number)
    axis = np.linspace(-state.radius, state.radius, _COMPARED)
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


def _stated(
    times: np.ndarray,
    found: list[tuple[EvolvedState, float]],
    changes: list[dict[str, float]],
) -> Evolution:
    """The states with the errors of their own numbers."""
    states, worst = [], dict.fromkeys(("phonon_number", "g2", "wigner"), 0.0)
    for (state, _), change in zip(found, changes, strict=True):
        least = {name: max(value, _ROUND_OFF) for name, value in change.items()}
        worst = {name: max(worst[name], least[name]) for name in worst}
        part = wigner.beside_vacuum(state.phonon_number)
        of_n = wigner.relative(least["phonon_number"], part)
        of_pairs = wigner.relative(least["g2"], part**2)
        error = {"phonon_number": of_n, "g2": of_pairs + 2.0 * of_n, "wigner": least["wigner"]}
        states.append(replace(state, error=error))
    mended = max(lost for _, lost in found)
    return Evolution(times, tuple(states), {**worst, "trace": mended})
