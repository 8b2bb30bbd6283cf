"""The energy of a state with very weak friction, which round-off hides from the generator (A24).

The motion changes W at the rate ω0, friction at the rate γ.  In W + δW with LW = 0 an error δW that
depends on the energy alone changes LW by γ δW only, which drowns in round-off of size 10^−16 ω0 W.
The flux of energy does not know the motion at all: through each surface of constant energy

    ∮ p [γp W + (D/2) ∂_p W] dt/m = 0,

where dt is along the orbit.  What it is short of zero gives the factor e^{c(E)} that W lacks.
"""

from __future__ import annotations

import numpy as np
from scipy.interpolate import make_interp_spline

from qemlib.fokker_planck.basis import Basis
from qemlib.fokker_planck.generator import generator_of
from qemlib.motion.orbit import OrbitAverage
from qemlib.motion.well import paths

_EVERY, _PHASES = 4, 576  # orbit of the estimate, most points on half of it
_SEEN = 1e-9  # of the largest W: below, the flux is round-off
_MOST = 30.0  # |c| of a W that the functions do not resolve, which their number will tell


def solved(estimate: OrbitAverage, basis: Basis) -> tuple[np.ndarray, float, float]:
    """Coefficients of W.

    W = W_0 + V with the orbit-averaged W_0(E), which the motion leaves alone.  V is what friction
    and noise, B, make of it: L V = −B W_0, where nothing large is left to cancel.  Returned with it
    are the change of W that its flux of energy still asks for, and the factor by which W_0 and V
    cancel: L is singular, so that round-off decides how much of W itself V holds.
    """
    model, (node, _) = estimate.model, basis.nodes
    start = basis.project(
        estimate.density((node[:, None] + basis.middle) * model.x0, node * model.p0)
    )
    friction = generator_of(model, basis, motion=False)
    pushed = friction.unpack(friction.apply(friction.pack(start)))
    added = generator_of(model, basis).solve(pushed)
    coefficients = start - added
    parts = np.linalg.norm(start) + np.linalg.norm(added)
    growth = float(parts / np.linalg.norm(coefficients))
    coefficients, _ = _balanced(estimate, basis, coefficients)
    return *_balanced(estimate, basis, coefficients), growth


def _balanced(
    estimate: OrbitAverage, basis: Basis, coefficients: np.ndarray
) -> tuple[np.ndarray, float]:
    """Coefficients of W e^{c(E)}, which carries no energy; and how much of W that changed."""
    model, (node, _) = estimate.model, basis.nodes
    radius, factor, weight = _missing_factor(estimate, basis, coefficients)
    x = np.clip((node + basis.middle) * model.x0, model.x[0], model.x[-1])
    potential = model.potential_at(x) - estimate.potential_minimum
    kinetic = (node * model.p0) ** 2 / (2.0 * model.mass)
    r = np.sqrt(np.maximum(potential[:, None] + kinetic, 0.0) / model.frequency)
    density = basis.at_nodes(coefficients) * np.exp(np.interp(r, radius, factor))
    return basis.project(density), float(np.abs(factor * weight).max())


def _missing_factor(
    estimate: OrbitAverage, basis: Basis, coefficients: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """c at the radii of orbits, and the weight of each beside the heaviest."""
    model = estimate.model
    radius = estimate.radius[_EVERY::_EVERY]
    phases = min(estimate.phases, _PHASES)
    path = paths(model, radius, estimate.center, estimate.potential_minimum, phases)
    # The two halves of an orbit, p and −p, add up to the part of W that is even in p.
    at_x = basis.functions((path.x / model.x0 - basis.middle).ravel())
    even = at_x.T @ coefficients[:, ::2]
    at_p, slopes = basis.even_and_slopes((path.p / model.p0).ravel())
    density = (even.T * at_p).sum(axis=0).reshape(path.x.shape)
    slope = (even.T * slopes).sum(axis=0).reshape(path.x.shape) / model.p0
    diffusion = model.diffusion_at(path.x)
    flux = model.damping_at(path.x) * path.p * density + 0.5 * diffusion * slope
    noise = 0.5 * diffusion * path.p * density / model.mass
    weight = (path.p * density * path.dx).sum(axis=1) / (path.p * path.dx).sum(axis=1)
    weight = weight / weight[np.argmax(np.abs(weight))]  # W may come with either sign
    seen = weight > _SEEN
    lacking = np.zeros_like(radius)
    gained, shaken = ((part * path.dx).sum(axis=1)[seen] for part in (flux, noise))
    lacking[seen] = -gained / shaken
    # dE = 2 ω0 r dr
    radius = np.concatenate([[0.0], radius])
    rate = np.concatenate([[0.0], lacking]) * 2.0 * model.frequency * radius
    factor = make_interp_spline(radius, rate, k=3).antiderivative()(radius)
    weight = np.concatenate([weight[:1], weight])
    factor = np.clip(factor - factor[np.argmax(weight)], -_MOST, _MOST)
    return radius, factor, np.where(weight > _SEEN, weight, 0.0)
