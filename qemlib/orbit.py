"""The steady state averaged over orbits: a preview, and the measure for grids, bases and steps.

Where friction and noise are weak beside the motion, the steady state depends on the energy alone.
Averaging the Fokker-Planck equation (A24) over the orbits of the effective potential U gives

    d ln W/dE = −2m ⟨γ p²⟩_E / ⟨D p²⟩_E,

with ⟨·⟩_E the average over one orbit of energy E.  The functions here need only a model's mass,
frequency, x and its `*_at` methods.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.interpolate import make_interp_spline
from scipy.linalg import eigh_tridiagonal

from qemlib import _checks, positivity, wigner

__all__ = ["OrbitAverage", "edge_weight", "orbit_average"]

_RADII = 600  # orbits
_PHASES = 192  # points on half an orbit; the rule converges exponentially
_ANGLES = 96  # directions in phase space for angular averages
_EDGE_WEIGHT = 1e-8


def orbit_average(model) -> OrbitAverage:
    """Orbit-averaged estimate of the steady state: the weak-friction limit of (A24).

    Parameters
    ----------
    model : LangevinModel
        Its effective potential must have a single well on the grid.

    Returns
    -------
    OrbitAverage

    Raises
    ------
    ValueError
        If the grid is too small to hold the state, friction is negative at every energy, or the
        potential has several wells.

    Warns
    -----
    ClassicalStateWarning
        If W is no quantum state, as for T below ω0/2; see `qemlib.positivity`.

    Notes
    -----
    Wrong by the order of friction over frequency: 1e-6 in ⟨a†a⟩ for the paper's device.

    Examples
    --------
    A linear oscillator at temperature D/2mγ = 1.25: ⟨a†a⟩ = 1.25/ω0 − 1/2, and g⁽²⁾ is thermal.

    >>> import numpy as np
    >>> from qemlib import LangevinModel
    >>> x = np.linspace(-25.0, 25.0, 101)
    >>> zero = np.zeros_like(x)
    >>> model = LangevinModel(1.0, 0.5, x, zero, damping=zero + 0.02, diffusion=zero + 0.05)
    >>> state = orbit_average(model)
    >>> round(state.phonon_number, 4), round(state.g2, 4)
    (2.0, 2.0)
    """
    estimate = _solve(model)
    weight = estimate.edge_weight
    if not weight < _EDGE_WEIGHT:
        if not (estimate.friction > 0).any():
            raise ValueError(
                "model has no bound steady state: its orbit-averaged friction is not positive at "
                f"any energy on the grid, at most {estimate.friction.max():.1e}"
            )
        raise ValueError(
            f"model: its grid, x from {model.x[0]:.6g} to {model.x[-1]:.6g}, is too small to hold "
            f"the steady state: at its edge the weight is {weight:.1e} of the largest, "
            f"at most {_EDGE_WEIGHT:.0e} is allowed; build the model on a wider grid"
        )
    return positivity.told(estimate)


def edge_weight(model) -> float:
    """Weight of the widest orbit on the model's grid beside that of the heaviest one.

    Examples
    --------
    A linear oscillator at temperature D/2mγ = 1.25: e^{−U/T} with U = ω0²x²/2 = 78.125 at the edge.

    >>> import numpy as np
    >>> from qemlib import LangevinModel
    >>> x = np.linspace(-25.0, 25.0, 101)
    >>> zero = np.zeros_like(x)
    >>> model = LangevinModel(1.0, 0.5, x, zero, damping=zero + 0.02, diffusion=zero + 0.05)
    >>> round(float(np.log(edge_weight(model))), 2)
    -62.5
    """
    return _solve(model).edge_weight


@dataclass(frozen=True, eq=False)
class OrbitAverage(wigner.FromMoments):
    """Steady state as a function of energy alone.

    Attributes
    ----------
    model : LangevinModel
    radius : ndarray, shape (orbits,)
        r = [(E − U_min)/ω0]^{1/2}, equal to |α| for a harmonic orbit.
    log_weight : ndarray, shape (orbits,)
        ln W(x, p) on the orbit, normalised to ∫dx dp W = 1.
    friction : ndarray, shape (orbits,)
        ⟨γp²⟩_E/⟨p²⟩_E: negative where an orbit gains energy.
    edge_weight : float
        W of the widest orbit over the largest W.
    phonon_number, g2 : float
        ⟨a†a⟩ and g⁽²⁾(0), from the moments of W.
    relaxation_time : float
        Slowest relaxation of the energy.
    center, potential_minimum : float
        Position and value of the minimum of the effective potential.
    """

    model: Any
    radius: np.ndarray
    log_weight: np.ndarray
    friction: np.ndarray
    edge_weight: float
    moments: tuple[float, float]
    relaxation_time: float
    center: float
    potential_minimum: float

    def __repr__(self):
        return (
            f"OrbitAverage(phonon_number={self.phonon_number:.6g}, g2={self.g2:.6g}, "
            f"relaxation_time={self.relaxation_time:.3g}, edge_weight={self.edge_weight:.0e}; "
            f"a preview, exact for weak friction{positivity.remark(self)})"
        )

    @cached_property
    def _spline(self):
        # Even in r: mirrored points make the spline smooth at the origin.
        radius = np.concatenate([-self.radius[:0:-1], self.radius])
        return make_interp_spline(
            radius, np.concatenate([self.log_weight[:0:-1], self.log_weight]), k=5
        )

    def wigner(self, x, p) -> np.ndarray:
        """W(x, p), ∫dx dp W = 1; arrays broadcast.

        Beyond the widest orbit W is below the edge weight and is given as zero; outside the
        model's grid ValueError is raised.
        """
        x = _checks.finite_array("x", x)
        p = _checks.finite_array("p", p)
        m, omega0 = self.model.mass, self.model.frequency
        energy = self.model.potential_at(x) - self.potential_minimum + p**2 / (2.0 * m)
        radius = np.sqrt(np.maximum(energy, 0.0) / omega0)
        inside = radius <= self.radius[-1]
        return np.where(inside, np.exp(self._spline(np.where(inside, radius, 0.0))), 0.0)

    def radial_profile(self, r) -> np.ndarray:
        """Angular average of W(α) at |α| = r, ∫d²α W = 1; array of r's shape."""
        return wigner.angular_average(self.wigner, r, self.model.x0, self.model.p0, _ANGLES)

    def populations(self, levels: int) -> np.ndarray:
        """Level populations ρ_nn, n = 0 … levels − 1."""
        edge = min(-self.model.x[0], self.model.x[-1]) / self.model.x0
        reach = min(self.radius[-1], edge)
        return wigner.populations(self.radial_profile, levels, reach)

    def quantile(self, probability) -> np.ndarray:
        """Orbit radius r below which the given part of all motion lies."""
        probability = _checks.finite_array("probability", probability)
        if ((probability < 0) | (probability > 1)).any():
            raise ValueError(f"probability must lie in [0, 1], got {probability!r}")
        density = np.exp(self.log_weight - self.log_weight.max()) * self.radius
        below = np.concatenate([[0.0], np.cumsum(0.5 * (density[1:] + density[:-1]))])
        return np.interp(probability, below / below[-1], self.radius)


@dataclass(frozen=True, eq=False)
class _Orbits:
    """Integrals over one turn of each orbit; the first orbit is the point at rest."""

    radius: np.ndarray
    period: np.ndarray
    action: np.ndarray  # ∮ p² dt
    loss: np.ndarray  # ∮ γ p² dt
    noise: np.ndarray  # ∮ D p² dt
    squares: np.ndarray  # ∮ |α|² dt and ∮ |α|⁴ dt, rows
    damping_over_diffusion: np.ndarray
    friction: np.ndarray
    center: float
    minimum: float


def _orbits(model):
    m, omega0 = model.mass, model.frequency
    center, minimum = _well(model)
    edges = np.array([model.x[0], model.x[-1]])
    reach = float(np.min(model.potential_at(edges))) - minimum
    radius = np.linspace(0.0, np.sqrt(reach / omega0), _RADII)
    energy = omega0 * radius[1:] ** 2
    left = _turning_points(model, minimum + energy, center, edges[0])
    right = _turning_points(model, minimum + energy, center, edges[1])
    # x = middle + half sin φ makes the integrands smooth at the turning points.
    phase = (np.arange(_PHASES) + 0.5) * np.pi / _PHASES - 0.5 * np.pi
    middle, half = 0.5 * (left + right)[:, None], 0.5 * (right - left)[:, None]
    x = np.clip(middle + half * np.sin(phase), *edges)
    kinetic = energy[:, None] - (model.potential_at(x) - minimum)
    p = np.sqrt(np.maximum(2.0 * m * kinetic, 1e-300))
    # Half an orbit; the other half doubles every integral.
    dx = 2.0 * half * np.cos(phase) * np.pi / _PHASES
    square = x**2 / model.x0**2 + p**2 / model.p0**2  # |α|²
    action, loss, noise = (
        (m * p * dx * weight).sum(axis=1)
        for weight in (1.0, model.damping_at(x), model.diffusion_at(x))
    )
    at_rest = float(model.damping_at(center)), float(model.diffusion_at(center))
    if not (at_rest[1] > 0 and (noise > 0).all()):
        raise ValueError(
            "model: its diffusion must be positive where it moves, got "
            f"{min(at_rest[1], float(model.diffusion.min())):g}; without noise its state is a point"
        )
    period = (m * dx / p).sum(axis=1)
    squares = np.stack([(m * dx / p * square**power).sum(axis=1) for power in (1, 2)])
    resting = period[0] * np.array([(center / model.x0) ** power for power in (2, 4)])
    return _Orbits(
        radius=radius,
        period=np.concatenate([period[:1], period]),
        action=np.concatenate([[0.0], action]),
        loss=np.concatenate([[0.0], loss]),
        noise=np.concatenate([[0.0], noise]),
        squares=np.concatenate([resting[:, None], squares], axis=1),
        damping_over_diffusion=np.concatenate([[at_rest[0] / at_rest[1]], loss / noise]),
        friction=np.concatenate([[at_rest[0]], loss / action]),
        center=center,
        minimum=minimum,
    )


def _solve(model):
    m, omega0 = model.mass, model.frequency
    orbits = _orbits(model)
    radius = orbits.radius
    measure = 2.0 * omega0 * radius  # dE = 2 ω0 r dr
    slope = -2.0 * m * orbits.damping_over_diffusion * measure
    log_weight = make_interp_spline(radius, slope, k=5).antiderivative()(radius)
    log_weight -= log_weight.max()

    def integral(values):
        spline = make_interp_spline(radius, np.exp(log_weight) * values * measure, k=5)
        return float(spline.integrate(0.0, radius[-1]))

    total = integral(orbits.period)
    return OrbitAverage(
        model=model,
        radius=radius,
        log_weight=log_weight - np.log(total),
        friction=orbits.friction,
        edge_weight=float(np.exp(log_weight[-1])),
        moments=(integral(orbits.squares[0]) / total, integral(orbits.squares[1]) / total),
        relaxation_time=_relaxation_time(orbits, log_weight, m, omega0),
        center=orbits.center,
        potential_minimum=orbits.minimum,
    )


def _well(model):
    """Position and depth of the only minimum of the effective potential."""
    x = model.x
    pull = model.force - model.mass * model.frequency**2 * x
    down = np.flatnonzero((pull[:-1] > 0) & (pull[1:] <= 0))
    if len(down) != 1 or pull[0] < 0 or pull[-1] > 0:
        raise ValueError(
            "model: the effective potential must have one well on the grid, "
            f"got {len(down)} minima on x from {x[0]:.6g} to {x[-1]:.6g}"
        )
    a, b = x[down[0]], x[down[0] + 1]
    for _ in range(60):
        c = 0.5 * (a + b)
        if model.force_at(c) - model.mass * model.frequency**2 * c > 0:
            a = c
        else:
            b = c
    center = 0.5 * (a + b)
    if abs(center) < 1e-9 * model.x0:
        center = 0.0  # a mirrored model stays mirrored to the last digit
    return float(center), float(model.potential_at(center))


def _turning_points(model, energy, center, edge):
    """Solve U(x) = energy between the minimum and one edge, by Newton inside a bracket."""
    inner, outer = np.full(energy.shape, center), np.full(energy.shape, edge)
    x = 0.5 * (inner + outer)
    stiffness = model.mass * model.frequency**2
    for _ in range(80):
        excess = model.potential_at(x) - energy
        inner, outer = np.where(excess < 0, x, inner), np.where(excess < 0, outer, x)
        slope = stiffness * x - model.force_at(x)
        with np.errstate(divide="ignore", invalid="ignore"):
            newton = x - excess / slope
        low, high = np.minimum(inner, outer), np.maximum(inner, outer)
        inside = (newton > low) & (newton < high)
        step = np.where(inside, newton, 0.5 * (inner + outer)) - x
        x = x + step
        if np.abs(step).max() < 1e-14 * abs(edge):
            break
    return x


def _relaxation_time(orbits, log_weight, mass, frequency):
    """Inverse gap of the energy-diffusion operator ∂_E[(⟨D p²⟩T/2m²) W_s ∂_E ·]/(T W_s)."""
    keep = log_weight > -80.0
    keep[0] = False  # the point at rest holds no energy to exchange
    if keep.sum() < 2:
        return np.inf  # all weight piles up at one edge: no state that could relax
    radius, period, noise = orbits.radius[keep], orbits.period[keep], orbits.noise[keep]
    weight = np.exp(log_weight[keep])
    dr = radius[1] - radius[0]
    mass_of_cell = period * weight * 2.0 * frequency * radius * dr
    conductance = noise / (2.0 * mass**2) * weight / (2.0 * frequency * radius * dr)
    conductance = np.sqrt(conductance[1:] * conductance[:-1])
    diagonal = np.zeros_like(radius)
    diagonal[:-1] += conductance
    diagonal[1:] += conductance
    scale = np.sqrt(mass_of_cell)
    rates = eigh_tridiagonal(
        diagonal / mass_of_cell,
        -conductance / (scale[1:] * scale[:-1]),
        eigvals_only=True,
        select="i",
        select_range=(0, 1),
    )
    return float(1.0 / rates[1])
