"""W of the averaged model in time: a function of the amplitude, with the electrons' memory.

In the action I(A) it diffuses in one dimension, ∂_t W = ∂_I [K W_s ∂_I (W/W_s)] with the steady
W_s and K = (mΩA)² d_A: cells in a row that exchange what they hold.  The cost does not know time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import PPoly

from qemlib import _checks
from qemlib._locked import Locked
from qemlib._special.splines import even_spline, quintic_spline
from qemlib.errors import ConvergenceError
from qemlib.fokker_planck._beginning import OnPlane, beginning
from qemlib.fokker_planck._cells import Cells, Held, actions
from qemlib.fokker_planck._protocol import Protocol
from qemlib.fokker_planck._refined import beside_themselves
from qemlib.motion.amplitude_state import AveragedState, averaged_state
from qemlib.motion.averaged_model import AveragedModel
from qemlib.states import positivity
from qemlib.states.in_phase_space import InPhaseSpace

__all__ = ["EvolvedAverage", "evolved_averages"]

_CELLS, _MOST_CELLS = 200, 6400
# Of W, beside its largest value.
_NOTHING = 1e-13
# Radii, and lines, that are as fine as W where it is more than nothing.
_CIRCLES, _LINES = 401, 301
# Nodes of Gauss's rule between two amplitudes: exact for the splines of W and of dI/dA.
_NODES = 6


@dataclass(frozen=True, eq=False)
class EvolvedAverage(Locked, InPhaseSpace):
    """The state at one time of an evolution of an AveragedModel.

    Attributes
    ----------
    model : AveragedModel
    time : float
    steady : AveragedState
        What it tends to.
    amplitude, weight : ndarray, shape (orbits,)
        A, and W(x, p) on the orbit; it may be negative.
    moments : tuple of float
        (⟨|α|²⟩, ⟨|α|⁴⟩).
    energy_balance : dict of str to float
        As of an `EvolvedState`: "energy" is ∫Ω dI of an orbit, on average, "change" is how it
        changes as W does; "friction" −⟨Ωγ̄I⟩ and "noise" ⟨∂_I(ΩK)⟩ add up to it.
    error : dict of str to float
        "phonon_number" and "g2", relative: what twice the number of cells changed; "wigner", beside
        the largest W, with what of the first state depended on the direction and was averaged.
    phonon_number, g2 : float
        ⟨a†a⟩ and g⁽²⁾(0), from the moments of W.
    """

    model: AveragedModel
    time: float
    steady: AveragedState
    amplitude: np.ndarray
    weight: np.ndarray
    moments: tuple[float, float]
    energy_balance: dict[str, float]
    error: dict[str, float]

    def __repr__(self) -> str:
        return (
            f"EvolvedAverage(time={self.time:.6g}, phonon_number={self.phonon_number:.6g}, "
            f"g2={self.g2:.6g}; error {self.error['wigner']:.0e} of W)"
        )

    @property
    def center(self) -> float:  # type: ignore[override]  # frozen states do not write it
        """Position of the smallest orbit."""
        return self.steady.center

    @cached_property
    def radius(self) -> float:
        """|α − center/x0| beyond which W is nothing."""
        seen = np.abs(self.weight) > _NOTHING * np.abs(self.weight).max()
        last = min(int(np.flatnonzero(seen)[-1]) + 1, self.amplitude.size - 1)
        # The steady state's reach, for orbits of this size.
        return float(self.amplitude[last] / self.steady.amplitude[-1]) * self.steady._reach  # noqa: SLF001

    @property
    def _reach(self) -> float:
        return abs(self._middle) + self.radius

    @property
    def _angles(self) -> int:
        return self.steady._angles  # noqa: SLF001

    @cached_property
    def _curve(self) -> PPoly:
        return even_spline(self.amplitude, self.weight)

    def radial_profile(self, r: ArrayLike) -> np.ndarray:
        """Angular average of W(α) at |α| = r, ∫d²α W = 1; array of r's shape."""
        at = np.abs(_checks.finite_array("r", r))
        known = at <= self._profile.x[-1]
        profile = np.where(known, self._profile(np.where(known, at, 0.0)), 0.0)
        between = ~known & (at < self._reach)
        if between.any():
            profile[between] = super().radial_profile(at[between])
        return profile

    @cached_property
    def _profile(self) -> PPoly:
        """It as a spline as fine as W itself, to where circles leave the orbits."""
        wide = self.steady._all_around * self.amplitude[-1] / self.steady.amplitude[-1]  # noqa: SLF001
        r = np.linspace(0.0, min(wide, self._reach), min(_CIRCLES, self.amplitude.size))
        return even_spline(r[1:], super().radial_profile(r)[1:])

    def _quadrature(self, u: np.ndarray, turn: complex) -> np.ndarray:
        if turn not in self._marginals:
            low, high = (
                self._middle * turn.real - self.radius,
                self._middle * turn.real + self.radius,
            )
            at = np.linspace(low, high, _LINES)
            self._marginals[turn] = quintic_spline(at, super()._quadrature(at, turn))
        curve = self._marginals[turn]
        inside = (u >= curve.x[0]) & (u <= curve.x[-1])
        return np.where(inside, curve(np.where(inside, u, curve.x[0])), 0.0)

    @cached_property
    def _marginals(self) -> dict[complex, PPoly]:
        """Densities of quadratures that were asked for."""
        return {}

    @property
    def trace(self) -> float:
        """∫dx dp W."""
        step = self.amplitude[1] - self.amplitude[0]
        node, weight = np.polynomial.legendre.leggauss(_NODES)
        at = (self.amplitude[:, None] + 0.5 * step * node).ravel()
        area = (
            2.0
            * np.pi
            * actions(self.model, at)[0]
            * np.tile(0.5 * step * weight, self.amplitude.size)
        )
        return float(self._curve(at) @ area)

    def wigner(self, x: ArrayLike, p: ArrayLike) -> np.ndarray:
        """W(x, p), ∫dx dp W = 1; arrays broadcast.  Zero beyond the widest orbit."""
        amplitude = self.steady.amplitude_at(x, p)
        inside = amplitude <= self.amplitude[-1]
        return np.where(inside, self._curve(np.where(inside, amplitude, 0.0)), 0.0)


def evolved_averages(
    state: Any, plan: Protocol, times: np.ndarray, rtol: float
) -> tuple[list[EvolvedAverage], dict[str, float]]:
    """States at the times, under one model after the other, and the largest errors."""
    found: list[EvolvedAverage] = []
    w = beginning(state, plan.first).w
    worst, before = dict.fromkeys(("phonon_number", "g2", "wigner"), 0.0), 0.0
    for start, model, wanted, stops in plan.pieces(times):
        states, changes = _of_one_model(w, model, stops - start, rtol)
        for name, change in changes.items():
            worst[name] = max(worst[name], before + change)
        for one in states[: wanted.size]:
            error = {name: value + before for name, value in one.error.items()}
            found.append(replace(one, time=one.time + start, error=error))
        before += max(changes.values())
        w = beginning(states[-1], model).w
    return found, worst


def _of_one_model(
    w: OnPlane, model: AveragedModel, times: np.ndarray, rtol: float
) -> tuple[list[EvolvedAverage], dict[str, float]]:
    """States in as many cells as leave them to `rtol`, and the largest changes."""
    with positivity.untold():
        steady = averaged_state(model)
    cells, before, better = _CELLS, None, None
    while cells <= _MOST_CELLS:
        found = _evolved(Cells(steady, w, cells), times)
        if before is not None:
            # The error falls with the square of a cell.
            new = [_extrapolated(*pair) for pair in zip(found, before, strict=True)]
            if better is not None:
                changes = [_changes(*pair) for pair in zip(new, better, strict=True)]
                worst = {name: max(each[name] for each in changes) for name in changes[0]}
                if max(worst.values()) < rtol:
                    return [_stated(*pair) for pair in zip(new, changes, strict=True)], worst
            better = new
        before, cells = found, 2 * cells
    raise ConvergenceError(
        f"evolve: with {cells // 2} amplitudes the averaged state still changes by more than "
        f"{rtol:.1e}, which was asked for"
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
