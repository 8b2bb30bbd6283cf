"""How regularly a motion of slowly changing amplitude ticks, once a turn where it is wide enough.

Each turn of an orbit wider than the hysteresis h is a tick, so the count n grows by Ω(A)/2π per
time there and not at all on smaller orbits, and its variance by 2D/(2π)² with

    D = ⟨d_φ/A²⟩ + ∫_0^∞ dτ ⟨δr(τ)δr(0)⟩,  r = Ω(A) for A > h and 0 for A < h.

The amplitude diffuses in one dimension, so the integral over the times is one over the action,
∫dI J²/(K W) with J(I) = ∫_0^I δr W and K = (mΩA)² d_A.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.integrate import cumulative_trapezoid, trapezoid

from qemlib.errors import NoTicks

if TYPE_CHECKING:
    from qemlib.motion.in_time import InTime

__all__ = ["tick_noise"]

_POINTS = 4001
# ln W beside its largest value that counts for nothing.
_NOTHING = -60.0
# An orbit so small that noise moves it by itself within a turn has no phase: ⟨d_φ/A²⟩ is to be cut
# off at A² = _CORE d T, with d the diffusion at rest and T the turn.  The number is universal, for
# near rest all motion is that of a linear oscillator, and the zeros of that are known exactly
# (Rice); `test_zeros_of_a_linear_oscillator` finds it.
_CORE = 0.005618
# A tick takes a rise above h and a fall below −h, half a turn apart, and the amplitude moves by √dT
# (standard deviation) between them.  An odd number of half turns that fail costs half a tick more
# than its time: as if h were larger by this number times √dT.  It belongs to a random walk beside
# an edge; `test_half_turns_that_fail` finds it.
_EDGE = 0.2413
# Steps of that walk that h must be away from rest: what is left out falls as their square.
_AWAY = 2.0


def tick_noise(state: InTime, hysteresis: float) -> tuple[float, dict[str, float]]:
    """Rate of ticks, and the parts of D."""
    jump = _step(state, 0.0)
    if 0 < hysteresis < _AWAY * jump:
        raise ValueError(
            f"hysteresis must be 0 or at least {_AWAY * jump:.4g}, twice the step by which noise "
            f"moves a small amplitude in a turn, got {hysteresis!r}; between, count ticks along "
            "trajectories"
        )
    seen = np.flatnonzero(state.log_weight - state.log_weight.max() > _NOTHING)
    narrowest, widest = (float(state.amplitude[k]) for k in (seen[0], seen[-1]))
    if hysteresis >= widest:
        raise NoTicks(
            f"hysteresis must be smaller than the widest orbits, {widest:.4g}, for the clock to "
            f"tick, got {hysteresis!r}"
        )
    least = max(hysteresis, narrowest, np.sqrt(_CORE) * jump)
    wide = np.exp(np.linspace(np.log(least), np.log(widest), _POINTS))
    phase = _density(state, wide) * state.model.at("phase_diffusion", wide) / wide
    amplitude = np.linspace(narrowest, widest, _POINTS)
    total = trapezoid(_density(state, amplitude), amplitude)
    rate, pulling = _rate_and_noise(state, amplitude, 0)
    missed = 0.0
    if hysteresis > narrowest:
        # The jump of the rate lies between two equal amplitudes.
        edge = hysteresis + _EDGE * _step(state, hysteresis)
        grids = np.linspace(narrowest, edge, _POINTS), np.linspace(edge, widest, _POINTS)
        rate, both = _rate_and_noise(state, np.concatenate(grids), _POINTS)
        missed = both - pulling
    parts = {
        "phase": float(trapezoid(phase, np.log(wide)) / total),
        "pulling": pulling,
        "missed": missed,
    }
    return rate / (2.0 * np.pi), parts


def _step(state: InTime, amplitude: float) -> float:
    """√dT, by which noise moves an amplitude in a turn."""
    turn = 2.0 * np.pi / _frequency(state, np.array(amplitude))
    return float(np.sqrt(state.model.at("amplitude_diffusion", amplitude) * turn))


def _frequency(state: InTime, amplitude: np.ndarray) -> np.ndarray:
    return state.model.frequency + state.model.at("frequency_shift", amplitude)


def _weight(state: InTime, amplitude: np.ndarray) -> np.ndarray:
    return np.exp(state.log_weight_at(amplitude) - state.log_weight.max())


def _slope(state: InTime, amplitude: np.ndarray) -> np.ndarray:
    """dI/dA."""
    bend = 0.5 * amplitude * state.model.at("frequency_shift", amplitude, 1)
    return state.model.mass * amplitude * (_frequency(state, amplitude) + bend)


def _density(state: InTime, amplitude: np.ndarray) -> np.ndarray:
    """Weight of an interval of A, times a constant."""
    return _slope(state, amplitude) * _weight(state, amplitude)


def _rate_and_noise(state: InTime, amplitude: np.ndarray, missed: int) -> tuple[float, float]:
    """Mean of r and ∫_0^∞ dτ of its correlation; the first `missed` amplitudes do not tick."""
    omega, density = _frequency(state, amplitude), _density(state, amplitude)
    ticking = np.where(np.arange(amplitude.size) < missed, 0.0, omega)
    total = trapezoid(density, amplitude)
    mean = trapezoid(density * ticking, amplitude) / total
    excess = density * (ticking - mean)
    below = cumulative_trapezoid(excess, amplitude, initial=0.0)
    above = cumulative_trapezoid(excess[::-1], -amplitude[::-1], initial=0.0)[::-1]
    # They are the same but for the sign; the smaller sum is the more accurate one.
    flow = np.where(np.cumsum(density) < 0.5 * density.sum(), below, above)
    momentum = state.model.mass * omega * amplitude
    diffusion = state.model.at("amplitude_diffusion", amplitude)
    conductance = momentum**2 * diffusion * _weight(state, amplitude)
    # At rest flow and conductance vanish as A².
    integrand = np.zeros_like(amplitude)
    np.divide(flow**2 * _slope(state, amplitude), conductance, integrand, where=amplitude > 0)
    return float(mean), float(trapezoid(integrand, amplitude) / total)
