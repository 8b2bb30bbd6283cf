"""The steady state of an averaged model: W as a function of amplitude, by one integral."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.interpolate import make_interp_spline

from qemlib.motion import _beyond
from qemlib.states import wigner

if TYPE_CHECKING:
    from qemlib.motion.averaged_model import AveragedModel

__all__ = ["FEWEST", "GAIN", "NAMES", "Solution", "solve", "with_errors"]

NAMES = "friction", "frequency_shift", "amplitude_diffusion", "phase_diffusion"
FEWEST = 4  # amplitudes
_NUMBERS = "phonon_number", "g2"

_DEGREE = 5
# Amplitudes at which W is known, ln W that no integral sees, and the part of them above it that
# resolves W.
_FINE, _NOTHING, _FEWEST = 1201, -80.0, 0.25
_MOST_LOOKS = 40
# What doubling the amplitudes gains at least.
GAIN = 8.0


@dataclass(frozen=True, eq=False)
class Solution:
    """Steady state on a fine grid of amplitudes.

    Attributes
    ----------
    amplitude, log_weight, frequency, center : ndarray
        A, ln W(x, p) with ∫dx dp W = 1, Ω and c.
    area : ndarray
        dx dp between orbits, as 2π dI/dA.
    moments : tuple of float
        (⟨|α|²⟩, ⟨|α|⁴⟩).
    squares : tuple of ndarray
        |α|² and |α|⁴ averaged over each orbit.
    squeezing : float
        ⟨α²⟩.
    edge_weight : float
        W at the largest amplitude of the model, beside the largest W.
    """

    amplitude: np.ndarray
    log_weight: np.ndarray
    frequency: np.ndarray
    center: np.ndarray
    area: np.ndarray
    moments: tuple[float, float]
    squares: tuple[np.ndarray, np.ndarray]
    squeezing: float
    edge_weight: float

    @property
    def numbers(self) -> np.ndarray:
        """⟨a†a⟩ and g⁽²⁾(0)."""
        return np.array([wigner.phonon_number(self.moments), wigner.g2(self.moments)])

    def mean(self, values: np.ndarray) -> float:
        """Average over the state of a function of amplitude."""
        weight = np.exp(self.log_weight) * self.area
        return float(weight @ values / weight.sum())


def solve(model: AveragedModel) -> Solution:
    """W(A) by one integral: d ln W/dI = −γ̄/(2mΩ d_A)."""
    reach, edge = float(model.amplitudes[-1]), np.nan
    for _ in range(_MOST_LOOKS):
        amplitude = np.linspace(0.0, reach, _FINE)
        omega = model.frequency + model.at("frequency_shift", amplitude)
        stretch = 1.0 + 0.5 * amplitude * model.at("frequency_shift", amplitude, 1) / omega
        # dI/dA = mΩA (1 + AΩ'/2Ω)
        action = model.mass * omega * amplitude * stretch
        ratio = model.at("friction", amplitude) / model.at("amplitude_diffusion", amplitude)
        slope = -0.5 * ratio * amplitude * stretch
        log_weight = make_interp_spline(amplitude, slope, k=_DEGREE).antiderivative()(amplitude)
        log_weight -= log_weight.max()
        edge = float(log_weight[-1]) if np.isnan(edge) else edge
        last = int(np.flatnonzero(log_weight > _NOTHING)[-1])
        if last > _FEWEST * _FINE:
            break
        reach = float(1.5 * amplitude[last + 1])
    center = model.at("center", amplitude)
    area = 2.0 * np.pi * action

    def integral(values: np.ndarray | float) -> float:
        weighted = np.exp(log_weight) * values * area
        return float(make_interp_spline(amplitude, weighted, k=_DEGREE).integrate(0.0, reach))

    total = integral(1.0)
    squares = _squares(center / model.x0, amplitude / model.x0, omega / model.frequency)
    second, fourth, square = (integral(each) / total for each in squares)
    return Solution(
        amplitude=amplitude,
        log_weight=log_weight - np.log(total),
        frequency=omega,
        center=center,
        area=area,
        moments=(second, fourth),
        squares=squares[:2],
        squeezing=square,
        edge_weight=float(np.exp(edge)),
    )


def _squares(
    c: np.ndarray, a: np.ndarray, ratio: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """|α|², |α|⁴ and α² averaged over the orbit α = c + a cos θ − i a (Ω/ω0) sin θ."""
    b = a * ratio
    mean = c**2 + 0.5 * (a**2 + b**2)
    uneven = 0.5 * (a**2 - b**2)
    return mean, mean**2 + 2.0 * (c * a) ** 2 + 0.5 * uneven**2, c**2 + uneven


def with_errors(model: AveragedModel) -> tuple[Solution, dict[str, float], dict[str, float]]:
    """The solution, and errors: relative ones of ⟨a†a⟩ and g⁽²⁾(0), and of populations.

    First all of them, then those of the numbers alone: what every other amplitude changes, and
    what the coefficients' own errors do.  The rest is what an average over orbits leaves out.
    """
    found = solve(model)
    numbers, change = found.numbers, _numerical(model, found)
    left_out = _beyond.open_friction(model, found.amplitude)
    whole = change + _beyond.of_numbers(model, found, left_out)
    own = dict(zip(_NUMBERS, (change / np.abs(numbers)).tolist(), strict=True))
    error = dict(zip(_NUMBERS, (whole / np.abs(numbers)).tolist(), strict=True))
    if not left_out.any():
        return found, error, own
    largest, together = _beyond.of_populations(model, found, left_out)
    # Errors of the numbers are, as part of all, no smaller than those of the weights.
    unsure = max(own.values())
    return found, error | {"populations": largest + unsure, "trace": together + unsure}, own


def _numerical(model: AveragedModel, found: Solution) -> np.ndarray:
    """What half the amplitudes and the coefficients' own errors change of ⟨a†a⟩ and g⁽²⁾(0)."""
    numbers = found.numbers
    kept = np.unique(np.append(np.arange(0, model.amplitudes.size, 2), model.amplitudes.size - 1))
    if kept.size < FEWEST:
        return np.full(2, np.inf)
    names = ("amplitudes", *NAMES, "center", "memory")
    fewer = {name: getattr(model, name)[kept] for name in names}
    change = np.abs(solve(replace(model, **fewer, error=None)).numbers - numbers) / GAIN
    off = np.interp(found.amplitude, model.amplitudes, model.error["friction"])
    change = change + _beyond.of_numbers(model, found, off)
    for name in ("amplitude_diffusion", "frequency_shift"):
        if model.error[name].any():
            other = replace(model, **{name: getattr(model, name) + model.error[name]})
            change = change + np.abs(solve(other).numbers - numbers)
    return change
