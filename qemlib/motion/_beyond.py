"""What averages over orbits leave out, as friction that they leave open.

An orbit is followed as if no noise moved it.  But noise that the electrons make depends on where
the motion was while they remember.  Then (mΩA)² d_A stands before ∂_I W in the flux only up to a
part of its slope, which is a drift: beside the friction of the orbit of the order of 1/n.  Without
memory there is none, for D depends on x alone.  The part is about the angle ϑ by which the motion
turns, or sweeps the level, meanwhile.  Noise at ±ω0 is 1 − ϑ² of that at zero frequency, and tells
it for any leads and on any orbit.  So what is left open is

    δγ̄ = ϑ 2mΩ |∂_I d_A|,   ϑ² = |1 − d_A/⟨D sin²θ⟩(2mΩ)⁻² 2|.

That is a scale and no bound.  Where nothing is eliminated, the answer has been off by 0.4 of it at
most, and mostly by a tenth: on the paper's device from V = 0 to 16, at other couplings, on rings at
infinite bias with 30 to 4000 phonons, and on small oscillators as fast as the electrons.

Of an average of (A24) friction remains that is uneven along the orbit; see `_moments`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qemlib.devices.device import Device
from qemlib.electrons.coefficients import diffusion
from qemlib.states import wigner

if TYPE_CHECKING:
    from qemlib.motion._weight import Solution
    from qemlib.motion.averaged_model import AveragedModel

__all__ = ["BEYOND", "of_electrons_with_memory", "of_numbers"]

# Its name among the errors of a model.
BEYOND = "beyond_orbits"
_ANGLES = 32


def of_electrons_with_memory(
    device: Device, model: AveragedModel, seen: np.ndarray, frequency: float
) -> np.ndarray:
    """δγ̄ on the orbits of a model, with the memory as it shows on those with amplitudes `seen`."""
    own = device.oscillator.intrinsic_diffusion(frequency) / (2.0 * model.mass * frequency) ** 2
    cosine = np.cos(np.pi * (np.arange(_ANGLES) + 0.5) / _ANGLES)
    x = model.at("center", seen)[:, None] + np.outer(seen, cosine)
    still = np.mean(diffusion(device, x) * (1.0 - cosine**2), axis=1)
    still /= 2.0 * (model.mass * frequency) ** 2
    moving = np.maximum(model.at("amplitude_diffusion", seen) - own, 0.0)
    lost = np.abs(moving - still) / np.maximum(moving, still)
    # Wider orbits sweep more of the level, also where the two happen to cross.
    angle = np.sqrt(np.maximum.accumulate(lost))
    amplitudes = model.amplitudes
    # 2mΩ ∂_I = (2/A) ∂_A
    slope = 2.0 * model.at("amplitude_diffusion", amplitudes, 2)
    away = amplitudes > 0.0
    along = model.at("amplitude_diffusion", amplitudes[away], 1)
    slope[away] = 2.0 * along / amplitudes[away]
    return np.interp(amplitudes, seen, angle) * np.abs(slope)


def of_numbers(model: AveragedModel, found: Solution) -> np.ndarray:
    """What the open friction may change of ⟨a†a⟩ and g⁽²⁾(0), whatever its sign on each orbit."""
    open_friction = np.interp(found.amplitude, model.amplitudes, model.error[BEYOND])
    if not open_friction.any():
        return np.zeros(2)
    noise = model.at("amplitude_diffusion", found.amplitude)
    # d ln W/dA, with 2π dI/dA = area.
    fall = open_friction * found.area / (4.0 * np.pi * model.mass * found.frequency * noise)
    weight = np.exp(found.log_weight) * found.area
    weight = weight / weight.sum()
    step = found.amplitude[1] - found.amplitude[0]
    return np.array(
        [
            step * fall @ np.abs(_beyond_each(weight * (values - weight @ values)))
            for values in _responses(found)
        ]
    )


def _beyond_each(values: np.ndarray) -> np.ndarray:
    """Sums over all that lies further out."""
    return np.cumsum(values[::-1])[::-1]


def _responses(found: Solution) -> tuple[np.ndarray, np.ndarray]:
    """|α|² on each orbit, and what of |α|² and |α|⁴ changes g⁽²⁾(0)."""
    second, fourth = found.squares
    n, g2 = wigner.phonon_number(found.moments), wigner.g2(found.moments)
    with np.errstate(divide="ignore", invalid="ignore"):
        of_g2 = (fourth - 2.0 * second) / n**2 - 2.0 * g2 * second / n
    return second, of_g2
