"""A row of cells in amplitude that exchange what they hold: the averaged model in time.

Rates obey detailed balance with the steady state, so all eigenvalues of their matrix Q are real and
not positive.  There e^{Qt} is a sum of a few resolvents at any t, without roots of a steady state
that is tiny far out, as the symmetric form of Q would have.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qemlib._special.exponential import exchanged
from qemlib.errors import LeftGridError, UnresolvedError
from qemlib.fokker_planck._beginning import OnPlane
from qemlib.motion.amplitude_state import AveragedState
from qemlib.motion.averaged_model import AveragedModel

__all__ = ["Cells", "Held", "actions"]

_DIRECTIONS = 96
# Of W, beside its largest value: what may depend on the direction, and be left at the last orbit.
_UNEVEN, _EDGE = 0.05, 1e-8
# ln of the steady W beside its largest value: it needs no cells beyond, and W of the beginning
# may.
_NOTHING = -36.0
_LOOKS = 400


def actions(model: AveragedModel, amplitude: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """dI/dA and the largest momentum mΩA."""
    omega = model.frequency + model.at("frequency_shift", amplitude)
    momentum = model.mass * omega * amplitude
    stretch = 1.0 + 0.5 * amplitude * model.at("frequency_shift", amplitude, 1) / omega
    return momentum * stretch, momentum


@dataclass(frozen=True, eq=False)
class Held:
    """What the cells hold at a time, and what follows from it."""

    content: np.ndarray
    moments: tuple[float, float]
    balance: dict[str, float]


class Cells:
    """Cells of one width in A, and W(Re α, Im α) of the beginning averaged over their orbits."""

    def __init__(self, steady: AveragedState, w: OnPlane, count: int) -> None:
        self.steady, self.model = steady, steady.model
        step = self._reach(w) / count
        self.amplitude = step * (np.arange(count) + 0.5)
        self.area = 2.0 * np.pi * actions(self.model, self.amplitude)[0] * step
        self._rates(step)
        alpha = self._orbits(self.amplitude)
        values = self._values(w, alpha)
        begun = values.mean(axis=1)
        largest = np.abs(values).max()
        self.uneven = float(np.abs(values - begun[:, None]).max() / largest)
        self._refuse(float(abs(begun[-1]) / largest), float(begun @ self.area))
        self._begun = begun * self.area
        square = np.abs(alpha) ** 2
        self._squares = square.mean(axis=1), (square**2).mean(axis=1)

    def _reach(self, w: OnPlane) -> float:
        """Amplitude beyond which neither the steady state nor the first one is."""
        steady = self.steady
        seen = steady.log_weight - steady.log_weight.max() > _NOTHING
        low, high = float(steady.amplitude[np.flatnonzero(seen)[-1]]), self.model.amplitudes[-1]
        if high <= low:
            return low
        look = np.linspace(low, high, _LOOKS)
        inside = np.linspace(0.0, low, _LOOKS)
        values, largest = (np.abs(self._values(w, self._orbits(at))) for at in (look, inside))
        far = np.flatnonzero(values.max(axis=1) > 0.1 * _EDGE * max(largest.max(), values.max()))
        return low if not far.size else float(look[min(far[-1] + 1, _LOOKS - 1)])

    def _values(self, w: OnPlane, alpha: np.ndarray) -> np.ndarray:
        return w(alpha.real, alpha.imag) / (self.model.x0 * self.model.p0)

    def _rates(self, step: float) -> None:
        """From each cell up and down, and what friction and noise do to its energy."""
        model, count = self.model, self.amplitude.size
        ends = step * np.arange(count + 1)
        slope, momentum = actions(model, ends[1:-1])
        diffusion = momentum**2 * model.at("amplitude_diffusion", ends[1:-1])
        flow = 2.0 * np.pi * diffusion / (slope * step)
        # Half a step from cell to end, each way: detailed balance with the steady state.
        center, between = (self._log_steady(at) for at in (self.amplitude, ends[1:-1]))
        self._up = flow * np.exp(between - center[:-1]) / self.area[:-1]
        self._down = flow * np.exp(between - center[1:]) / self.area[1:]
        omega = model.frequency + model.at("frequency_shift", self.amplitude)
        grown = omega * self.area / (2.0 * np.pi)
        self._energy = np.cumsum(grown) - 0.5 * grown
        action = 0.5 * model.mass * omega * self.amplitude**2
        self._lost = omega * action * model.at("friction", self.amplitude)
        momentum = actions(model, ends)[1]
        kick = momentum**2 * model.at("amplitude_diffusion", ends)
        kick = (model.frequency + model.at("frequency_shift", ends)) * kick
        self._gained = 2.0 * np.pi * np.diff(kick) / self.area

    def _log_steady(self, amplitude: np.ndarray) -> np.ndarray:
        """ln W of the steady state; beyond where it is known, by its slope −γ̄ dI/dA / 2mΩd_A."""
        steady, model = self.steady, self.model
        last = steady.amplitude[-1]
        known = steady.log_weight_at(np.minimum(amplitude, last))
        if amplitude[-1] <= last:
            return known
        node, weight = np.polynomial.legendre.leggauss(6)
        ends = np.append(last, amplitude[amplitude > last])
        half = 0.5 * np.diff(ends)
        at = ends[:-1, None] + half[:, None] * (1.0 + node)
        slope, momentum = actions(model, at)
        ratio = model.at("friction", at) / model.at("amplitude_diffusion", at)
        fallen = np.cumsum(half * ((0.5 * at * ratio * slope / momentum) @ weight))
        known[amplitude > last] -= fallen
        return known

    def held(self, time: float) -> Held:
        """What the cells hold at this time, with trace 1."""
        content = self._begun
        if time > 0.0:
            content, _ = exchanged(time * self._up, time * self._down, content)
        content = content / content.sum()
        flow = self._up * content[:-1] - self._down * content[1:]
        change = np.append(0.0, flow) - np.append(flow, 0.0)
        return Held(
            content=content,
            moments=tuple(float(content @ each) for each in self._squares),  # type: ignore[arg-type]
            balance={
                "energy": float(self._energy @ content),
                "change": float(self._energy @ change),
                "friction": -float(self._lost @ content),
                "noise": float(self._gained @ content),
            },
        )

    def _orbits(self, amplitude: np.ndarray) -> np.ndarray:
        """α on each orbit, a row each."""
        model, amplitude = self.model, amplitude[:, None]
        angle = 2.0 * np.pi * (np.arange(_DIRECTIONS) + 0.5) / _DIRECTIONS
        ratio = 1.0 + model.at("frequency_shift", amplitude) / model.frequency
        x = model.at("center", amplitude) + amplitude * np.cos(angle)
        return (x - 1j * ratio * amplitude * np.sin(angle)) / model.x0

    def _refuse(self, edge: float, trace: float) -> None:
        if self.uneven > _UNEVEN:
            raise UnresolvedError(
                "state must not depend on the direction in phase space where the model is an "
                f"AveragedModel, got a W that varies by {self.uneven:.1e} of its largest value "
                "along an orbit: the average holds its mean alone; a LangevinModel follows all of "
                "it"
            )
        if edge > _EDGE:
            raise LeftGridError(
                f"model: its amplitudes, up to {self.model.amplitudes[-1]:.6g}, are too small for "
                f"the state, which is {edge:.1e} of its largest value there; give a larger reach, "
                "as in AveragedModel.from_device(device, reach=…)"
            )
        if not abs(trace - 1.0) < _UNEVEN:
            raise ValueError(f"state must have trace 1, got {trace:.6g} on the model's orbits")
