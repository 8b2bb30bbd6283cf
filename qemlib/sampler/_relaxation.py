"""How long a state takes to forget where it came from, for friction of any strength."""

from __future__ import annotations

import numpy as np

from qemlib.motion.diffusion import slowest_rate
from qemlib.motion.orbit import OrbitAverage

_POSITIONS, _MOMENTA = 401, 201
_OVERDAMPED = 0.5  # γ/ω0 below which the energy is slower than the position
_EMPTY = -60.0  # logarithm of a weight that does not matter


def slowest_time(estimate: OrbitAverage, step: float = 0.0) -> float:
    """The longer one of the relaxation times of the energy and of an overdamped position.

    The energy relaxes in about 1/γ.  Where friction is strong, the position creeps: it diffuses
    with the coefficient D/2m²γ², and takes γ/ω0² in a harmonic well.

    With a step, that of the chain of steps.  It moves the position by a step's free flight between
    two kicks, which makes the diffusion larger by z coth z, z = γΔt/2.
    """
    energy, model = estimate.relaxation_time, estimate.model
    x = np.linspace(model.x[0], model.x[-1], _POSITIONS)
    weight = _marginal(estimate, x)
    keep = weight > np.exp(_EMPTY) * weight.max()
    x, weight = x[keep], weight[keep]
    friction = model.damping_at(x)
    if friction.max() < _OVERDAMPED * model.frequency or x.size < 3:
        return energy
    # Where friction is weak the position does not creep, and takes less than a period.
    friction = np.maximum(friction, model.frequency)
    z = np.maximum(0.5 * friction * step, 1e-9)
    diffusion = model.diffusion_at(x) / (2.0 * model.mass**2 * friction**2) * z / np.tanh(z)
    # ∂_x D W ∂_x (·/W)
    return max(energy, 1.0 / slowest_rate(weight, weight * diffusion / (x[1] - x[0]) ** 2))


def _marginal(estimate: OrbitAverage, x: np.ndarray) -> np.ndarray:
    """∫dp W, in units of its own."""
    model = estimate.model
    height = (model.potential_at(x) - estimate.potential_minimum) / model.frequency
    y = np.linspace(0.0, estimate.radius[-1], _MOMENTA)
    radius = np.sqrt(np.maximum(height, 0.0)[:, None] + y**2)
    weight = estimate.log_weight - estimate.log_weight.max()
    return np.exp(np.interp(radius, estimate.radius, weight, right=-np.inf)).sum(axis=1)
