"""What an evolution may start from: any state, a function W(x, p), a density matrix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from reprlib import repr as repr_short
from typing import Any

import numpy as np

from qemlib import _checks
from qemlib.devices.device import Oscillator
from qemlib.fokker_planck._placing import Samples, sampled
from qemlib.fokker_planck._protocol import alike
from qemlib.motion.averaged_model import AveragedModel
from qemlib.motion.model import LangevinModel
from qemlib.states import positivity
from qemlib.states.contract import is_sampled, is_state
from qemlib.states.quantum import QuantumState, quantum_state

__all__ = ["Beginning", "OnPlane", "beginning"]

# W(Re α, Im α), of arrays that broadcast.
OnPlane = Callable[[np.ndarray, np.ndarray], np.ndarray]

# What the trace of a state may be off by, as for its work.
_TRACE = 1e-3
# |α| beyond the outermost ring of the highest level, where its W is nothing.
_BEYOND = 3.6


@dataclass(frozen=True, eq=False)
class Beginning:
    """W(α) wherever it is asked for, and how far out it may be."""

    w: OnPlane
    reach: float | None = None

    def sampled(self, model: LangevinModel, part: float) -> Samples:
        """On a grid that holds and resolves it, with trace 1."""
        low, high = model.x[0] / model.x0, model.x[-1] / model.x0
        reach = max(abs(low), abs(high))
        if self.reach is not None:
            low, high = max(low, -self.reach), min(high, self.reach)
            reach = min(reach, self.reach)
        found = sampled(self.w, low, high, reach, part, "state")
        trace = found.integral
        if not abs(trace - 1.0) <= _TRACE:
            raise ValueError(
                f"state must have trace 1 to within {_TRACE}, got a W whose integral is {trace:.6g}"
                "; ∫dx dp W(x, p) = 1, and W must be seen on a grid of steps "
                f"{(high - low) / 320:.3g} x0"
            )
        return Samples(found.x, found.p, found.values / trace)


def beginning(state: Any, model: LangevinModel | AveragedModel) -> Beginning:
    """The W to start with; refuse what is none, or another oscillator's."""
    oscillator = Oscillator(model.frequency, model.mass)
    if is_state(state):
        _refuse_other(state, oscillator)
        return _of_state(state, model)
    if callable(state) and not hasattr(state, "full") and not hasattr(state, "toarray"):
        return Beginning(_on_plane(state, model))
    if isinstance(state, str | int | float | complex) or state is None:
        raise TypeError(
            "state must be a state, a function W(x, p) or a density matrix, got "
            f"{repr_short(state)}"
        )
    _checks.numbers("state", state, ket=True)
    return _of_state(QuantumState(state, oscillator), model)


def _refuse_other(state: Any, oscillator: Oscillator) -> None:
    other = state.oscillator
    if other is None:
        return
    if not alike(other, oscillator):
        raise ValueError(
            f"state must be of the model's oscillator, {oscillator!r}, got one of {other!r}"
        )


def _of_state(state: Any, model: LangevinModel | AveragedModel) -> Beginning:
    if is_sampled(state):
        state = quantum_state(state)
    if isinstance(state, QuantumState):
        if state.oscillator is None:
            oscillator = Oscillator(model.frequency, model.mass)
            state = QuantumState(state.matrix, oscillator, violations=state.violations)
        return Beginning(_on_plane(state.wigner, model), np.sqrt(state.levels) + _BEYOND)
    if hasattr(state, "model"):
        return Beginning(_on_plane(lambda x, p: positivity.within_grid(state, x, p), model))
    return Beginning(_on_plane(state.wigner, model))


def _on_plane(function: Callable[[Any, Any], Any], model: LangevinModel | AveragedModel) -> OnPlane:
    """W(Re α, Im α) of W(x, p)."""
    x0, p0 = model.x0, model.p0

    def w(real: np.ndarray, imaginary: np.ndarray) -> np.ndarray:
        x, p = np.broadcast_arrays(x0 * real, p0 * imaginary)
        try:
            found = function(x, p)
        except TypeError as error:
            raise TypeError(
                f"state must be a state, a density matrix or a function W(x, p) of arrays; called "
                f"as that it raised: {error}"
            ) from error
        values = _checks.finite_array("W(x, p) of state", found)
        if values.shape != x.shape:
            raise ValueError(
                f"state must be a function W(x, p) that returns the shape of x and p, {x.shape}, "
                f"got {values.shape}"
            )
        return x0 * p0 * values

    return w
