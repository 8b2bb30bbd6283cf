"""What averages over orbits leave out, where the electrons remember.

An orbit is followed as if no noise moved it.  But while the electrons remember, quanta come and go,
and then friction and noise are those of a level nearby.  That adds to the drift a part of the order
of 1/n.  Without memory there is none, for D depends on x alone.  The part grows with the angle ϑ by
which the motion turns meanwhile, or sweeps the level: noise with memory is 1 − ϑ² of that without,
d_A = (1 − ϑ²) ⟨D sin²θ⟩/(2m²Ω²) to second order, and tells ϑ for any leads and any orbit.

As ln W falls by γ̄/(2mΩ d_A) from level to level, what is left open is as a friction

    δγ̄ = 5ϑ [|∂_n γ̄| + |γ̄ ∂_n ln d_A|],

the state that would be if the ratio were that of 5ϑ levels further out or in.  This is a scale and
no bound.  The 5 is from answers with nothing eliminated, of forty devices: the paper's from V = 0
to 16, other couplings, rings at infinite bias of 30 to 4500 phonons, and small oscillators as fast
as the electrons.  There the largest difference was 0.7 of what is left open, and most of them were
a fifth of it to a thirtieth.
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

__all__ = ["memory_angle", "of_numbers", "of_populations", "open_friction"]

_LEVELS = 5.0
_ANGLES = 32
_ROUND_OFF = 1e-12


def memory_angle(device: Device, model: AveragedModel) -> np.ndarray:
    """ϑ on the orbits of a model of electrons with memory; wider ones have no less."""
    amplitudes = model.amplitudes
    speed = model.mass * (model.frequency + model.frequency_shift)
    own = 0.25 * device.oscillator.intrinsic_diffusion(model.frequency)
    cosine = np.cos(np.pi * (np.arange(_ANGLES) + 0.5) / _ANGLES)
    x = model.center[:, None] + np.outer(amplitudes, cosine)
    still = 0.5 * np.mean(diffusion(device, x) * (1.0 - cosine**2), axis=1)
    moving = np.maximum(speed**2 * model.amplitude_diffusion - own, 0.0)
    most = np.maximum(moving, still)
    # Without coupling there is nothing but round-off beside the oscillator's own noise.
    felt = most > _ROUND_OFF * own
    lost = np.divide(np.abs(moving - still), most, out=np.zeros(most.shape), where=felt)
    return np.sqrt(np.maximum.accumulate(lost))


def open_friction(model: AveragedModel, amplitude: np.ndarray) -> np.ndarray:
    """δγ̄ at the amplitudes."""

    def rise(name: str) -> np.ndarray:
        # ∂_n = ∂_A/(mΩA), and at rest the second derivative takes the place of the first over A.
        slope = model.at(name, amplitude, 2)
        away = amplitude > 0.0
        slope[away] = model.at(name, amplitude[away], 1) / amplitude[away]
        return np.abs(slope) / (model.mass * omega)

    omega = model.frequency + model.at("frequency_shift", amplitude)
    friction, noise = (model.at(name, amplitude) for name in ("friction", "amplitude_diffusion"))
    of_noise = np.abs(friction) * rise("amplitude_diffusion") / noise
    angle = np.interp(amplitude, model.amplitudes, model.memory)
    return _LEVELS * angle * (rise("friction") + of_noise)


def of_numbers(model: AveragedModel, found: Solution, friction: np.ndarray) -> np.ndarray:
    """What friction of either sign may change of ⟨a†a⟩ and g⁽²⁾(0), on each orbit to the worst.

    The friction is that on the orbits of the solution.
    """
    fall, weight = _fall(model, found, friction), _weight_of(found)
    return np.array(
        [
            fall @ np.abs(_beyond_each(weight * (values - weight @ values)))
            for values in _responses(found)
        ]
    )


def of_populations(
    model: AveragedModel, found: Solution, friction: np.ndarray
) -> tuple[float, float]:
    """The same of a level's population, the largest, and of all levels together.

    The first orbits of a state that sinks and those that rise are changed by as much.
    """
    fall, beyond = _fall(model, found, friction), _beyond_each(_weight_of(found))
    together = float(fall @ (2.0 * beyond * (1.0 - beyond)))
    # ln W of an orbit moves by all that falls within it, less the mean.
    within = np.cumsum(fall * (1.0 - beyond)) + _beyond_each(fall * beyond)
    # A level is 2π of phase space.
    largest = float((2.0 * np.pi * np.exp(found.log_weight) * within).max())
    return min(largest, 1.0), min(together, 2.0)


def _fall(model: AveragedModel, found: Solution, friction: np.ndarray) -> np.ndarray:
    """By how much more ln W falls from each orbit to the next: d ln W/dI, with 2π dI/dA = area."""
    noise = model.at("amplitude_diffusion", found.amplitude)
    step = found.amplitude[1] - found.amplitude[0]
    slope = friction / (2.0 * model.mass * found.frequency * noise)
    return slope * found.area * step / (2.0 * np.pi)


def _weight_of(found: Solution) -> np.ndarray:
    weight = np.exp(found.log_weight) * found.area
    return weight / weight.sum()


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
