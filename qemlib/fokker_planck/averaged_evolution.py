"""W of the averaged model in time: a function of the amplitude, with the electrons' memory.

In the action I(A) it diffuses in one dimension, ∂_t W = ∂_I [K W_s ∂_I (W/W_s)] with the steady
W_s and K = (mΩA)² d_A: cells in a row that exchange what they hold.  The cost does not know time:
their symmetric matrix is diagonalised once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import BSpline, make_interp_spline
from scipy.linalg import eigh_tridiagonal

from qemlib._locked import Locked
from qemlib.errors import ConvergenceError, LeftGridError, UnresolvedError
from qemlib.fokker_planck._beginning import OnPlane
from qemlib.motion.amplitude_state import AveragedState, averaged_state
from qemlib.motion.averaged_model import AveragedModel
from qemlib.states import positivity, wigner
from qemlib.states.in_phase_space import InPhaseSpace

__all__ = ["EvolvedAverage", "evolved_averages"]

_CELLS, _MOST_CELLS = 200, 3200
_DIRECTIONS = 96
# Of W, beside its largest value: what may depend on the direction, and be left at the last orbit.
_UNEVEN, _EDGE = 0.05, 1e-8
_ROUND_OFF = 1e-12
# ln of the steady W beside its largest value: cells beyond exchange nothing that counts.
_NOTHING = -36.0


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

    @property
    def radius(self) -> float:
        """|α − center/x0| beyond which W is nothing."""
        return self._reach

    @property
    def _reach(self) -> float:
        return self.steady._reach  # noqa: SLF001  # the same orbits

    @property
    def _angles(self) -> int:
        return self.steady._angles  # noqa: SLF001

    @cached_property
    def _curve(self) -> BSpline:
        mirrored = np.concatenate([-self.amplitude[::-1], self.amplitude])
        return make_interp_spline(mirrored, np.concatenate([self.weight[::-1], self.weight]), k=5)

    def wigner(self, x: ArrayLike, p: ArrayLike) -> np.ndarray:
        """W(x, p), ∫dx dp W = 1; arrays broadcast.  Zero beyond the widest orbit."""
        amplitude = self.steady.amplitude_at(x, p)
        inside = amplitude <= self.amplitude[-1]
        return np.where(inside, self._curve(np.where(inside, amplitude, 0.0)), 0.0)


def evolved_averages(
    w: OnPlane, model: AveragedModel, times: np.ndarray, rtol: float
) -> tuple[list[EvolvedAverage], dict[str, float]]:
    """States at the times, in as many cells as leave them to `rtol`, and the largest changes."""
    with positivity.untold():
        steady = averaged_state(model)
    cells, before, better = _CELLS, None, None
    while cells <= _MOST_CELLS:
        found = _Cells(steady, cells).evolved(w, times)
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


class _Cells:
    """The diffusion in a row of cells of one width in A."""

    def __init__(self, steady: AveragedState, count: int) -> None:
        model = self._model = steady.model
        self._steady = steady
        seen = steady.log_weight - steady.log_weight.max() > _NOTHING
        last = steady.amplitude[np.flatnonzero(seen)[-1]]
        step = float(last) / count
        self.amplitude = step * (np.arange(count) + 0.5)
        ends = step * np.arange(1, count)
        slope, _ = self._action(self.amplitude)
        self.area = 2.0 * np.pi * slope * step
        weight = np.exp(steady.log_weight_at(self.amplitude))
        between = np.exp(steady.log_weight_at(ends))
        slope, momentum = self._action(ends)
        diffusion = momentum**2 * model.at("amplitude_diffusion", ends)
        flow = 2.0 * np.pi * diffusion * between / (slope * step)
        self._root = np.sqrt(weight * self.area)
        diagonal = np.append(flow, 0.0) + np.append(0.0, flow)
        self._rates, self._modes = eigh_tridiagonal(
            diagonal / self._root**2, -flow / (self._root[1:] * self._root[:-1])
        )
        self._rates[0] = 0.0

    def _action(self, amplitude: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """dI/dA and the largest momentum mΩA."""
        model = self._model
        omega = model.frequency + model.at("frequency_shift", amplitude)
        momentum = model.mass * omega * amplitude
        stretch = 1.0 + 0.5 * amplitude * model.at("frequency_shift", amplitude, 1) / omega
        return momentum * stretch, momentum

    def evolved(self, w: OnPlane, times: np.ndarray) -> list[EvolvedAverage]:
        """States, from W(Re α, Im α) averaged over the orbits."""
        model = self._model
        alpha = self._orbits()
        values = w(alpha.real, alpha.imag) / (model.x0 * model.p0)
        begun = values.mean(axis=1)
        largest = np.abs(values).max()
        uneven = float(np.abs(values - begun[:, None]).max() / largest)
        self._refuse(uneven, float(abs(begun[-1]) / largest), float(begun @ self.area))
        parts = self._modes.T @ (begun * self.area / self._root)
        square = (np.abs(alpha) ** 2).mean(axis=1), (np.abs(alpha) ** 4).mean(axis=1)
        states = []
        for time in times:
            held = (self._modes @ (parts * np.exp(-self._rates * time))) * self._root
            held = held / held.sum()
            states.append(
                EvolvedAverage(
                    model=model,
                    time=float(time),
                    steady=self._steady,
                    amplitude=self.amplitude,
                    weight=held / self.area,
                    moments=(float(held @ square[0]), float(held @ square[1])),
                    error={"wigner": uneven},
                )
            )
        return states

    def _orbits(self) -> np.ndarray:
        """α on each orbit, a row each."""
        model, amplitude = self._model, self.amplitude[:, None]
        angle = 2.0 * np.pi * (np.arange(_DIRECTIONS) + 0.5) / _DIRECTIONS
        ratio = 1.0 + model.at("frequency_shift", amplitude) / model.frequency
        x = model.at("center", amplitude) + amplitude * np.cos(angle)
        return (x - 1j * ratio * amplitude * np.sin(angle)) / model.x0

    def _refuse(self, uneven: float, edge: float, trace: float) -> None:
        if uneven > _UNEVEN:
            raise UnresolvedError(
                "state must not depend on the direction in phase space where the model is an "
                f"AveragedModel, got a W that varies by {uneven:.1e} of its largest value along "
                "an orbit: the average holds its mean alone; a LangevinModel follows all of it"
            )
        if edge > _EDGE:
            raise LeftGridError(
                f"model: its amplitudes, up to {self.amplitude[-1]:.6g}, are too small for the "
                f"state, which is {edge:.1e} of its largest value there"
            )
        if not abs(trace - 1.0) < _UNEVEN:
            raise ValueError(f"state must have trace 1, got {trace:.6g} on the model's orbits")


def _extrapolated(fine: EvolvedAverage, coarse: EvolvedAverage) -> EvolvedAverage:
    """What more and more cells tend to."""
    inside = fine.amplitude <= coarse.amplitude[-1]
    other = np.where(inside, coarse._curve(np.where(inside, fine.amplitude, 0.0)), 0.0)  # noqa: SLF001
    moments = tuple(
        one + (one - two) / 3.0 for one, two in zip(fine.moments, coarse.moments, strict=True)
    )
    weight = np.where(inside, fine.weight + (fine.weight - other) / 3.0, fine.weight)
    return replace(fine, weight=weight, moments=(moments[0], moments[1]))


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
    least = {name: max(value, _ROUND_OFF) for name, value in change.items()}
    part = wigner.beside_vacuum(state.phonon_number)
    of_n = wigner.relative(least["phonon_number"], part)
    error = {
        "phonon_number": of_n,
        "g2": wigner.relative(least["g2"], part**2) + 2.0 * of_n,
        "wigner": least["wigner"] + state.error["wigner"],
    }
    return replace(state, error=error)
