"""How many Hermite functions a state takes: foretold by its orbit average, told by refinement.

Most of the work is done in the largest basis.  So the climb to it starts just below: where the
functions hold the orbit-averaged W, along x and along p, to a part of what is asked for.
"""

from __future__ import annotations

import numpy as np

from qemlib._special.hermite import hermite_functions
from qemlib.motion.orbit import OrbitAverage

# Sizes that are climbed where the orbit average is no guide: friction is strong or the model rough.
LADDER = (24, 36, 48, 64, 88, 116, 152, 196, 248)
_STRONG = 0.1  # of the frequency
# Sizes to choose from elsewhere, each a tenth above the one before.  The first two that are solved
# differ by two of these steps, and those beyond by three: by less, and a change would tell little
# of the error.
_FINE = (32, 36, 40, 44, 48, 54, 60, 66, 72, 80, 88, 96, 106, 116, 128, 140, 154, 168)
_NEXT, _BEYOND = 2, 3
# The solution is worse than the projection: by up to three orders where friction is weak.
_OF_ASKED, _ROUND_OFF = 1e-3, 3e-13
# The basis ends where the orbit-averaged W has fallen to this part of its maximum.
_EDGE_OF_ESTIMATE = 1e-14
# It is centred at α = 0 up to a center of this part of the state's extent.
_OFF_CENTER = 0.25
_POINTS = 601  # along x and p, for functions of the highest order


def sizes(estimate: OrbitAverage, middle: float, radius: float, rtol: float) -> list[int]:
    """Rising numbers of functions to solve with, of x and of p, up to the largest of all."""
    model = estimate.model
    if model.rough or np.abs(model.damping).max() > _STRONG * model.frequency:
        return list(LADDER)
    first = _foretold(estimate, middle, radius, max(_OF_ASKED * rtol, _ROUND_OFF))
    chosen = [_FINE[first], *_FINE[first + _NEXT :: _BEYOND]]
    return chosen + [size for size in LADDER if size > chosen[-1]]


def _foretold(estimate: OrbitAverage, middle: float, radius: float, allowed: float) -> int:
    """Which of the fine sizes is the least to hold both profiles to what is allowed."""
    axis = np.linspace(-radius, radius, _POINTS)
    x0, p0 = estimate.model.x0, estimate.model.p0
    profiles = np.stack(
        [
            estimate.density((axis + middle) * x0, np.zeros_like(axis)),
            estimate.density(np.full_like(axis, estimate.center), axis * p0),
        ],
        axis=1,
    )
    profiles = profiles / profiles.max()
    low, high = 0, len(_FINE) - 1
    while low < high:
        index = (low + high) // 2
        width = radius / np.sqrt(2.0 * _FINE[index] + 1.0)
        functions = hermite_functions(_FINE[index], axis, width)
        # The profiles vanish at both ends: evenly spaced points integrate them.
        projection = functions.T @ (functions @ profiles) * (axis[1] - axis[0])
        if np.abs(projection - profiles).max() < allowed:
            high = index
        else:
            low = index + 1
    return high


def extent_of(estimate: OrbitAverage) -> tuple[float, float]:
    """Middle and radius, in units of |α|, of a disk that holds orbits above `_EDGE_OF_ESTIMATE`."""
    weight = estimate.log_weight - estimate.log_weight.max()
    edge = np.log(_EDGE_OF_ESTIMATE)
    inside = np.flatnonzero(weight >= edge)[-1]
    reach = estimate.radius[min(inside + 1, weight.size - 1)]
    if inside == weight.size - 1:
        reach *= np.sqrt(edge / weight[-1])  # W falls roughly as a Gaussian
    reach *= 1.03
    # Orbits are circles around the minimum, up to what the charge does to the spring.
    center = estimate.center / estimate.model.x0
    if abs(center) > _OFF_CENTER * reach:
        return center, reach
    return 0.0, reach + abs(center)
