"""Averages of friction and noise over the orbits of a Langevin model's effective potential."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qemlib.motion.one_turn import resolved_orbits

if TYPE_CHECKING:
    from qemlib.motion.model import LangevinModel

__all__ = ["of_langevin"]


def of_langevin(model: LangevinModel) -> dict[str, Any]:
    """The arguments of an AveragedModel, from the orbits of the effective potential.

    Of the same action and frequency, I = mΩA²/2, as a harmonic one; its center is the mean of x.
    """
    orbits, _, _ = resolved_orbits(model)
    turns, dt = orbits.turns, orbits.dt
    m, omega = model.mass, 2.0 * np.pi / orbits.period
    action = orbits.action / (2.0 * np.pi * m)
    amplitudes = np.sqrt(2.0 * action / (m * omega))
    moving = orbits.action > 0
    # K_I = ⟨Dp²⟩/(2m²Ω²) = (mΩA)² d_A; at rest both diffusions are D/(4m²ω²).
    at_rest = model.diffusion_at(orbits.center) / (4.0 * (m * omega) ** 2)
    along, across = at_rest.copy(), at_rest.copy()
    speed = (m * omega * amplitudes)[moving]
    along[moving] = (0.5 * orbits.noise / orbits.period / (m * omega) ** 2)[moving] / speed**2
    x, period = turns.path.x, orbits.period[1:]
    center = np.concatenate([[orbits.center], (x * dt).sum(axis=1) / period])
    if model.mirrored and orbits.center == 0.0:
        center = np.zeros_like(center)  # to the last digit
    cosine = (x - center[1:, None]) / amplitudes[1:, None]
    uneven = (turns.diffusion * cosine**2 * dt).sum(axis=1) / period
    across[1:] = uneven / (2.0 * (m * omega[1:]) ** 2)
    # What one turn does not average out, as in `qemlib.motion._moments`: friction, cubed, over ω².
    left = np.sqrt(orbits.uneven) * orbits.whole / omega**2
    return {
        "mass": m,
        "frequency": model.frequency,
        "amplitudes": amplitudes,
        "friction": orbits.friction,
        "frequency_shift": omega - model.frequency,
        "amplitude_diffusion": along,
        "phase_diffusion": across,
        "center": center,
        "device": model.device,
        "error": {"friction": left},
        "note": f"averages over the orbits of {model!r}",
    }
