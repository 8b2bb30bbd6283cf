"""The chain of states that a scheme steps through, solved on a grid of phase space.

A scheme moves z = (q, y) to Φ(z, ξ), with ξ normal.  The mean of f over its stationary state comes
from functions alone, without a single random number: with (Pg)(z) = E g(Φ(z, ξ)) and any weights μ
of sum 1, the solution of

    φ − Pφ + ⟨μ, φ⟩ = f    has    ⟨μ, φ⟩ = the stationary mean of f,

because that mean of φ − Pφ is zero.  Nothing is assumed of the step or of the friction.

The grid is polar, about the point of rest.  Most of Φ is a rotation by θ, which is exact in Fourier
series over the phase; only the rest of the motion is interpolated, and the errors of that are
nearly the same for all steps.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, gmres

from qemlib.motion.model import LangevinModel
from qemlib.motion.orbit import OrbitAverage
from qemlib.sampler._integrators import turned
from qemlib.sampler._scheme import Scheme

# Where a step takes (q, y) with the noise ξ.
Move = Callable[[np.ndarray, np.ndarray, float], tuple[np.ndarray, np.ndarray]]

_RADII, _PHASES = 48, 96
_NOISES = 6  # Gauss-Hermite nodes for ξ
# Nodes of the local Lagrange interpolation in radius and in phase.
_STENCIL = (6, 6)
# Part of all motion that lies beyond the grid, and how much wider it is made.
_BEYOND, _WIDER = 1e-7, 1.1
# Weight of empty regions beside the fullest, where equations are solved: they must not matter.
_FLOOR = 1e-6
_TOLERANCE, _MOST_ITERATIONS = 1e-6, 200
_LARGEST_ERROR = 0.1
_BLOWS_UP = 50.0  # a step with negative friction that multiplies p by e⁵⁰ samples nothing
_DAMPING = 0.5  # of the harmonics, per angle, in the approximate inverse


def mean_square(
    model: LangevinModel, estimate: OrbitAverage, scheme: Scheme, step: float, nodes: int
) -> tuple[float, float]:
    """Stationary ⟨|α|²⟩ of a scheme and its relative error; NaN where it is not found.

    `nodes` are those of the table of coefficients, here with linear interpolation.
    """
    if -step * model.damping.min() > _BLOWS_UP:
        return np.nan, np.nan
    chain = _Chain(model, estimate, scheme, step, nodes)
    return chain.mean(chain.square)


class _Chain:
    """P, its approximate inverse, and |α|², on the points (radius, phase) of one grid."""

    def __init__(
        self, model: LangevinModel, estimate: OrbitAverage, scheme: Scheme, step: float, nodes: int
    ) -> None:
        self.shape = _RADII, _PHASES
        reach = _reach(model, estimate)
        self.spacing = reach / _RADII, 2.0 * np.pi / _PHASES
        radius, phase = (
            (np.arange(n) + 0.5) * d for n, d in zip(self.shape, self.spacing, strict=True)
        )
        theta = model.frequency * step
        q, y = radius[:, None] * np.cos(phase), -radius[:, None] * np.sin(phase)
        # A scheme counts q from its own origin, the grid from the point of rest.
        origin = scheme.turns_about(estimate.center)
        shift = (estimate.center - origin) / model.x0
        seen = scheme.seen(q + shift, y, theta)
        self.square = ((seen[0] + origin / model.x0) ** 2 + seen[1] ** 2).ravel()
        self.turn = np.exp(1j * np.arange(_PHASES // 2 + 1) * theta)
        kick = scheme.kick(model, step, origin, nodes)

        def move(q: np.ndarray, y: np.ndarray, xi: float) -> tuple[np.ndarray, np.ndarray]:
            q, y = scheme.move(q + shift, y, xi, theta, kick)
            return q - shift, y

        self.rest = self._rest_of_motion(move, q, y, theta)
        logarithm = np.interp(radius, estimate.radius, estimate.log_weight, right=-np.inf)
        weight = np.exp(logarithm - logarithm.max())
        self.measure = np.repeat(weight * radius / (weight @ radius), _PHASES) / _PHASES
        self.scale = np.repeat(np.sqrt((weight + _FLOOR) * radius), _PHASES)
        self.inverse = self._approximate_inverse(self._of_energy(estimate, q, y), theta)

    def _rest_of_motion(
        self, move: Move, q: np.ndarray, y: np.ndarray, theta: float
    ) -> sparse.csr_array:
        """Φ after a turn back by θ, averaged over ξ, as a matrix of interpolation weights."""
        near, parts = [], []
        for xi, weight in zip(*hermegauss(_NOISES), strict=True):
            column, value = self._interpolation(*turned(*move(q, y, xi), -theta))
            near.append(column)
            parts.append(value * (weight / np.sqrt(2.0 * np.pi)))
        columns, weights = np.concatenate(near, axis=1), np.concatenate(parts, axis=1)
        rows = np.arange(0, weights.size + 1, weights.shape[1])
        return sparse.csr_array((weights.ravel(), columns.ravel(), rows), shape=2 * (len(weights),))

    def _interpolation(self, q: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Grid points around each (q, y), and their weights.

        A negative radius is a positive one on the other side; beyond the grid its edge counts.
        """
        in_radius, in_phase = _STENCIL
        place = np.minimum(np.hypot(q, y).ravel() / self.spacing[0] - 0.5, _RADII - 1.0)
        first = np.minimum(np.floor(place).astype(int) - in_radius // 2 + 1, _RADII - in_radius)
        turn = np.arctan2(-y, q).ravel() / self.spacing[1] - 0.5
        before = np.floor(turn).astype(int) - in_phase // 2 + 1
        ring = first[:, None] + np.arange(in_radius)
        opposite = np.where(ring < 0, _PHASES // 2, 0)
        ring = np.where(ring < 0, -1 - ring, ring)
        spoke = (before[:, None] + np.arange(in_phase))[:, None] + opposite[:, :, None]
        columns = ring[:, :, None] * _PHASES + spoke % _PHASES
        weights = (
            _lagrange(place - first, in_radius)[:, :, None]
            * _lagrange(turn - before, in_phase)[:, None]
        )
        return columns.reshape(len(columns), -1), weights.reshape(len(weights), -1)

    def _of_energy(self, estimate: OrbitAverage, q: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Hat functions of the energy, as columns: what weak friction changes slowly."""
        model = estimate.model
        x = np.clip(estimate.center + q * model.x0, model.x[0], model.x[-1])
        height = (model.potential_at(x) - estimate.potential_minimum) / model.frequency
        place = np.sqrt(np.maximum(height + y**2, 0.0)).ravel()
        knots = np.linspace(0.0, self.spacing[0] * _RADII, _RADII)
        place = np.minimum(place / knots[1], _RADII - 1.0 - 1e-9)
        first, size = place.astype(int), place.size
        part = place - first
        rows = np.tile(np.arange(size), 2)
        values = np.concatenate([1.0 - part, part])
        columns = np.concatenate([first, first + 1])
        return sparse.csr_array((values, (rows, columns)), shape=(size, _RADII)).toarray()

    def _approximate_inverse(
        self, slow: np.ndarray, theta: float
    ) -> Callable[[np.ndarray], np.ndarray]:
        """For weak friction: the energy obeys a small matrix, and harmonics only turn."""
        slow = slow[:, slow.any(axis=0)]
        moved = np.stack([self._operator(column) for column in slow.T], axis=1)
        weighted = slow.T * self.scale**2
        small = np.linalg.inv(weighted @ moved)
        divisor = 1.0 - self.turn * np.exp(-_DAMPING * theta)

        def apply(g: np.ndarray) -> np.ndarray:
            amount = small @ (weighted @ g)
            harmonics = np.fft.rfft((g - moved @ amount).reshape(self.shape), axis=1) / divisor
            return slow @ amount + np.fft.irfft(harmonics, _PHASES, axis=1).ravel()

        return apply

    def _operator(self, g: np.ndarray) -> np.ndarray:
        """g − Pg + ⟨μ, g⟩."""
        harmonics = np.fft.rfft(g.reshape(self.shape), axis=1) * self.turn
        ahead = np.fft.irfft(harmonics, _PHASES, axis=1).ravel()
        return g - self.rest @ ahead + self.measure @ g

    def mean(self, f: np.ndarray) -> tuple[float, float]:
        scale, size = self.scale, f.size
        operator = LinearOperator(
            (size, size), lambda g: scale * self._operator(self.inverse(g / scale))
        )
        solution, _ = gmres(
            operator, scale * f, rtol=_TOLERANCE, restart=_MOST_ITERATIONS, maxiter=1
        )
        phi = self.inverse(solution / scale)
        # What is left over is, to first order, missing in the mean.
        left = float(self.measure @ (f - self._operator(phi)))
        value = float(self.measure @ phi) + left
        error = abs(left) / abs(value)
        return (value, error) if error < _LARGEST_ERROR and value > 0 else (np.nan, np.nan)


def _reach(model: LangevinModel, estimate: OrbitAverage) -> float:
    """Radius, from the point of rest, of all motion but `_BEYOND`, in units of x0 and p0."""
    radius = float(estimate.quantile(1.0 - _BEYOND))
    x = np.linspace(model.x[0], model.x[-1], 1001)
    inside = model.potential_at(x) - estimate.potential_minimum <= model.frequency * radius**2
    furthest = np.abs(x[inside] - estimate.center).max(initial=0.0) / model.x0
    return _WIDER * max(radius, float(furthest))


def _lagrange(place: np.ndarray, count: int) -> np.ndarray:
    """Weights of Lagrange interpolation from 0 … count − 1 to `place`; shape (places, count)."""
    nodes = np.arange(count)
    factors = (place[:, None, None] - nodes) / np.where(
        np.eye(count, dtype=bool), 1.0, nodes[:, None] - nodes
    )
    factors[:, nodes, nodes] = 1.0
    return factors.prod(axis=2)
