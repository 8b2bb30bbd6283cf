"""Fluctuations of an observable in the steady state: what both times and frequencies are read off.

An observable A times W, less its mean, is a vector that (A24) moves like any other.  All of its
times and all of its frequencies lie in one rational Krylov space.
"""

from __future__ import annotations

from collections.abc import Callable
from reprlib import repr as repr_short
from typing import Any

import numpy as np

from qemlib.fokker_planck._extents import Settings, final_of
from qemlib.fokker_planck._flow import Flow
from qemlib.fokker_planck.basis import Basis
from qemlib.fokker_planck.generator import generator_of
from qemlib.motion.model import LangevinModel
from qemlib.motion.observables import current_of, values_at

__all__ = ["OBSERVABLES", "Observable", "Response", "observable_of"]

OBSERVABLES = ("x", "p", "x2", "current")
Observable = str | Callable[[np.ndarray], Any]
# More functions each way than the steady state takes, for what an observable makes of it.
_FINER = 1.3
_HARMONICS = 24


def observable_of(model: LangevinModel, observable: Observable) -> Callable:
    """A(x, p) of arrays, positions clipped to the grid of the model."""
    low, high = model.x[0], model.x[-1]
    if observable == "p":
        return lambda x, p: p + 0.0 * x
    if observable == "x":
        return lambda x, p: x + 0.0 * p
    if observable == "x2":
        return lambda x, p: x**2 + 0.0 * p
    if observable == "current":
        function: Callable = current_of(model)
    elif callable(observable):
        function = observable
    else:
        raise ValueError(
            f"observable must be one of {list(OBSERVABLES)} or a function of x, got "
            f"{repr_short(observable)}"
        )

    def of_position(x: np.ndarray, p: np.ndarray) -> np.ndarray:
        return values_at(function, np.clip(x[:, 0], low, high))[:, None] + 0.0 * p

    return of_position


class Response:
    """The fluctuations of one observable, in one basis.

    Attributes
    ----------
    mean : float
        ⟨A⟩.
    """

    def __init__(self, model: LangevinModel, observable: Observable, part: float) -> None:
        settings = Settings(part)
        middle, extent = final_of(model, settings)
        basis = extent.finer(_FINER).basis(middle)
        even = generator_of(model, basis)
        state = even.null_vector()
        state = state / basis.integral(state)
        node, _ = basis.nodes
        x = model.x0 * (node[:, None] + basis.middle)
        values = observable_of(model, observable)(x, model.p0 * node[None, :])
        self.mean = float(basis.averages(state, values)[0].real)
        begun = basis.project(basis.at_nodes(state) * (values - self.mean))
        begun = begun - basis.integral(begun) * state
        readout = self._readout(basis, values - self.mean)
        self._flows: list[tuple[Flow, np.ndarray]] = []
        self._tolerances: list[float] = []
        largest = float(np.linalg.norm(begun))
        for odd in (False, True) if basis.middle == 0.0 and model.mirrored else (False,):
            generator = generator_of(model, basis, odd=True) if odd else even
            vector = generator.pack(begun)
            size = float(np.sqrt(sum(v @ v for v in vector)))
            if size <= settings.equation * largest:
                continue
            flow = Flow(generator, vector, model.frequency, _HARMONICS)
            self._flows.append((flow, np.concatenate(generator.pack(readout))))
            self._tolerances.append(settings.equation * largest / size)

    @staticmethod
    def _readout(basis: Basis, values: np.ndarray) -> np.ndarray:
        """∫∫ h_j h_n A."""
        node, weight = basis.nodes
        rows = basis.functions(node) * weight
        return rows @ values @ rows.T

    def correlation(self, times: np.ndarray) -> np.ndarray:
        """⟨A(t + τ)A(t)⟩ − ⟨A⟩² at τ ≥ 0."""
        total = np.zeros(times.shape)
        for (flow, readout), tolerance in zip(self._flows, self._tolerances, strict=True):
            flow.until(float(times.max(initial=0.0)), tolerance)
            total = total + flow.readout(readout) @ flow.coordinates(times)
        return total

    def spectrum(self, omega: np.ndarray) -> np.ndarray:
        """2 Re ∫_0^∞ dτ e^{iωτ} of it."""
        total = np.zeros(omega.shape)
        for (flow, readout), tolerance in zip(self._flows, self._tolerances, strict=True):
            flow.until(np.inf, tolerance)
            total = total + 2.0 * (flow.readout(readout) @ flow.transform(-1j * omega)).real
        return total
