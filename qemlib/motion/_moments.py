"""Moments of a state of orbits, what they may be off by, and how fast its energy relaxes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.interpolate import make_interp_spline

from qemlib.motion.diffusion import slowest_rate
from qemlib.motion.one_turn import NOTHING, Orbits
from qemlib.states import wigner

if TYPE_CHECKING:
    from qemlib.motion.model import LangevinModel

__all__ = ["errors_of", "moments_of", "relaxation_time_of"]

# What the average neglects of ⟨|α|²⟩ and of ⟨|α|⁴⟩, in units of its scale.  Let L = L_0 + L_1,
# motion and friction with noise, and W = W_0(E) + W_1 + W_2 + … with L_0 W_1 = −L_1 W_0.  As
# L_1 W_0 = ∂_p[(γ − D⟨γp²⟩/⟨Dp²⟩) p W_0], all is exact where γ/D is the same all over.  For
# p → −p L_0 is odd and L_1 even, so that W_1 is odd: it neither adds to moments of |α|² nor,
# through L_1, to the flux of energy.  There remains L_0 W_2 = −L_1 W_1: uneven friction times all
# of it, over ω².  That is a scale and no bound: the largest error was 0.37 of it, in some 150
# random models, with friction from 1 % to three times the frequency, the paper's device at
# couplings up to 0.8, and models with patches of negative friction.
_NEGLECTED = 1.0


def moments_of(
    model: LangevinModel, orbits: Orbits, log_weight: np.ndarray, every: int = 1
) -> tuple[tuple[float, float], float]:
    """(⟨|α|²⟩, ⟨|α|⁴⟩), and ∫dx dp W; from every nth orbit."""
    radius = orbits.radius[::every]

    values = np.stack([orbits.period, *orbits.squares], axis=1)
    weighted = (np.exp(log_weight) * 2.0 * model.frequency * orbits.radius)[:, None] * values
    integrals = make_interp_spline(radius, weighted[::every], k=5).integrate(0.0, radius[-1])
    total, second, fourth = (float(integral) for integral in integrals)
    return (second / total, fourth / total), total


def errors_of(
    model: LangevinModel,
    orbits: Orbits,
    log_weights: tuple[np.ndarray, np.ndarray],
    moments: tuple[float, float],
    relaxation_time: float,
) -> dict[str, float]:
    """Relative errors of ⟨a†a⟩ and g⁽²⁾(0): of the average itself, and of its numbers."""
    log_weight, fewer = log_weights
    weight = np.exp(log_weight) * orbits.squares[0] * orbits.radius
    weight = weight / weight.sum()
    # The friction that one turn averages out, times all of it, over ω², ...
    product = np.sqrt(orbits.uneven * orbits.whole) * (orbits.period / (2.0 * np.pi)) ** 2
    # ... is enhanced where what remains of the friction on average is smaller.
    enhanced = 1.0 + np.sqrt(weight @ orbits.whole) * relaxation_time
    neglected = _NEGLECTED * float(weight @ product) * enhanced
    numbers = np.array([wigner.phonon_number(moments), wigner.g2(moments)])
    change = np.zeros(2)
    for curve, every, order in ((fewer, 1, 9.0), (log_weight, 2, 4.0)):
        other = moments_of(model, orbits, curve, every)[0]
        change += np.abs([wigner.phonon_number(other), wigner.g2(other)] - numbers) / order
    total = _propagated(neglected, moments) + change
    of_n, of_g2 = (wigner.relative(*each) for each in zip(total, numbers, strict=True))
    # g2 is without bounds where ⟨a†a⟩, squared below it, may be zero.
    return {"phonon_number": of_n, "g2": wigner.relative(of_g2, max(1.0 - of_n, 0.0))}


def _propagated(relative: float, moments: tuple[float, float]) -> np.ndarray:
    """Errors of ⟨a†a⟩ and g⁽²⁾(0) from those of both moments."""
    second, fourth = moments
    n = wigner.relative(1.0, wigner.phonon_number(moments))  # inverse, and infinite for none
    of_g2 = (fourth + 2.0 * second) * n**2 + 2.0 * abs(wigner.g2(moments)) * second * n
    with np.errstate(invalid="ignore"):  # nothing times infinity
        return relative * np.array([second, of_g2])


def relaxation_time_of(
    orbits: Orbits, log_weight: np.ndarray, mass: float, frequency: float
) -> float:
    """Inverse gap of the energy-diffusion operator ∂_E[(⟨D p²⟩T/2m²) W_s ∂_E ·]/(T W_s)."""
    keep = log_weight > NOTHING
    keep[0] = False  # the point at rest holds no energy to exchange
    if keep.sum() < 2:
        return np.inf  # all weight piles up at one edge: no state that could relax
    radius, period, noise = orbits.radius[keep], orbits.period[keep], orbits.noise[keep]
    weight = np.exp(log_weight[keep])
    dr = radius[1] - radius[0]
    mass_of_cell = period * weight * 2.0 * frequency * radius * dr
    conductance = noise / (2.0 * mass**2) * weight / (2.0 * frequency * radius * dr)
    return 1.0 / slowest_rate(mass_of_cell, conductance)
