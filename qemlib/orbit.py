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
from reprlib import repr as repr_short
from typing import Any

import numpy as np
from scipy.interpolate import make_interp_spline

from qemlib import _checks, positivity, wigner
from qemlib._diffusion import slowest_rate
from qemlib._errors import ConvergenceError
from qemlib._locked import Locked

__all__ = ["OrbitAverage", "edge_weight", "orbit_average"]

_RADII = 600  # orbits
# Points on half an orbit, as many of these as it takes until a third of them gives ln W to _PHASE.
# Where the coefficients are smooth the rule converges exponentially: the error is the third power.
_PHASES = (192, 576, 1728, 5184)
_PHASE = 1e-4
_ANGLES = 96  # directions in phase space for angular averages
_EDGE_WEIGHT = 1e-8
# ln W beside its largest value that no integral sees, and the part of all orbits above it that
# resolves W.
_NOTHING, _FEWEST = -80.0, 0.25
_FEWEST_HELD = 12  # orbits above the edge weight
_ROUND_OFF = 1e-20  # of a kinetic energy
# What the average neglects, in units of the square of uneven friction over frequency.
_NEGLECTED = 10.0


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
    TypeError
        If `model` is not a LangevinModel.
    ValueError
        If the grid is too small to hold the state, friction is negative at every energy, or the
        potential has several wells.
    ConvergenceError
        If the state is a ring so thin that hardly an orbit lies on it.

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
    refuse_other_than_model(model)
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


def refuse_other_than_model(model):
    """TypeError unless `model` has what a LangevinModel has."""
    needed = ("mass", "frequency", "x", "force_at", "damping_at", "diffusion_at", "potential_at")
    if all(hasattr(model, name) for name in needed):
        return
    message = f"model must be a LangevinModel, got {repr_short(model)}"
    if hasattr(model, "oscillator"):
        message += "; make one with LangevinModel.from_device(device)"
    raise TypeError(message)


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
    refuse_other_than_model(model)
    return float(np.exp(resolved_orbits(model)[2]))


@dataclass(frozen=True, eq=False)
class OrbitAverage(Locked, wigner.FromMoments):
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
    phases : int
        Points on half an orbit at which it was integrated.
    error : dict of str to float
        "phonon_number" and "g2": what they may be wrong by, relative.  The average neglects the
        square of the friction that one turn averages out over the frequency, which counts for more
        where little friction is left; added is what fewer points and orbits would change.
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
    phases: int
    error: dict[str, float]

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

    def density(self, x, p) -> np.ndarray:
        """As `wigner`, and zero outside the model's grid, where no orbit of weight goes."""
        return positivity.within_grid(self, x, p)

    def radial_profile(self, r) -> np.ndarray:
        """Angular average of W(α) at |α| = r, ∫d²α W = 1; array of r's shape.

        Where the circle leaves the model's grid, W counts as zero.
        """
        x0, p0 = self.model.x0, self.model.p0
        return wigner.angular_average(self.density, r, x0, p0, self._angles)

    @property
    def _angles(self):
        """Directions that resolve W on circles around α = 0: more where its center is far away."""
        weight = np.exp(self.log_weight - self.log_weight.max()) * self.radius
        spread = np.sqrt((weight @ self.radius**2) / weight.sum())
        return _ANGLES * max(1, int(np.ceil(0.25 * abs(self.center) / self.model.x0 / spread)))

    def populations(self, levels: int) -> np.ndarray:
        """Level populations ρ_nn, n = 0 … levels − 1."""
        edge = min(self.center - self.model.x[0], self.model.x[-1] - self.center)
        reach = min(self.radius[-1], edge / self.model.x0) + abs(self.center) / self.model.x0
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
    uneven: np.ndarray  # ⟨(γ − D loss/noise)² p²⟩/⟨p²⟩: friction that one turn averages out
    squares: np.ndarray  # ∮ |α|² dt and ∮ |α|⁴ dt, rows
    damping_over_diffusion: np.ndarray
    from_fewer: np.ndarray  # the same from a third of the points
    friction: np.ndarray
    center: float
    minimum: float


@dataclass(frozen=True, eq=False)
class Paths:
    """Points (x, p > 0) on half an orbit, a row each, and weights of ∮|dx| over all of it."""

    x: np.ndarray
    p: np.ndarray
    dx: np.ndarray


def paths(model, radius, center, minimum, phases) -> Paths:
    """The orbits of radius r = [(E − U_min)/ω0]^{1/2} > 0."""
    m, edges = model.mass, (model.x[0], model.x[-1])
    energy = model.frequency * radius**2
    left = _turning_points(model, minimum + energy, center, edges[0])
    right = _turning_points(model, minimum + energy, center, edges[1])
    # x = middle + half sin φ makes the integrands smooth at the turning points.
    phase = (np.arange(phases) + 0.5) * np.pi / phases - 0.5 * np.pi
    middle, half = 0.5 * (left + right)[:, None], 0.5 * (right - left)[:, None]
    x = np.clip(middle + half * np.sin(phase), *edges)
    kinetic = energy[:, None] - (model.potential_at(x) - minimum)
    # Round-off may leave less than nothing next to a turning point.
    p = np.sqrt(2.0 * m * np.maximum(kinetic, _ROUND_OFF * energy[:, None]))
    return Paths(x, p, 2.0 * half * np.cos(phase) * np.pi / phases)


def _orbits(model, well, reach, phases):
    """The integrals, for orbits up to radius `reach`."""
    m = model.mass
    center, minimum = well
    radius = np.linspace(0.0, reach, _RADII)
    path = paths(model, radius[1:], center, minimum, phases)
    damping, diffusion = model.damping_at(path.x), model.diffusion_at(path.x)
    at_rest = float(model.damping_at(center)), float(model.diffusion_at(center))
    p_dx = m * path.p * path.dx
    action, loss = p_dx.sum(axis=1), (damping * p_dx).sum(axis=1)
    noise = (diffusion * p_dx).sum(axis=1)
    _refuse_no_noise(model, at_rest[1], noise)
    ratio = loss / noise
    fewer = np.divide(*((each * p_dx)[:, 1::3].sum(axis=1) for each in (damping, diffusion)))
    square = path.x**2 / model.x0**2 + path.p**2 / model.p0**2  # |α|²
    dt = m * path.dx / path.p
    period = dt.sum(axis=1)
    squares = np.stack([(dt * square**power).sum(axis=1) for power in (1, 2)])
    resting = period[0] * np.array([(center / model.x0) ** power for power in (2, 4)])
    return _Orbits(
        radius=radius,
        period=np.concatenate([period[:1], period]),
        action=np.concatenate([[0.0], action]),
        loss=np.concatenate([[0.0], loss]),
        noise=np.concatenate([[0.0], noise]),
        uneven=np.concatenate(
            [[0.0], ((damping - diffusion * ratio[:, None]) ** 2 * p_dx).sum(axis=1) / action]
        ),
        squares=np.concatenate([resting[:, None], squares], axis=1),
        damping_over_diffusion=np.concatenate([[at_rest[0] / at_rest[1]], ratio]),
        from_fewer=np.concatenate([[at_rest[0] / at_rest[1]], fewer]),
        friction=np.concatenate([[at_rest[0]], loss / action]),
        center=center,
        minimum=minimum,
    )


def _refuse_no_noise(model, at_rest, noise):
    if not (at_rest > 0 and (noise > 0).all()):
        raise ValueError(
            "model: its diffusion must be positive where it moves, got "
            f"{min(at_rest, float(model.diffusion.min())):g}; without noise its state is a point"
        )


def _log_weight(model, orbits, ratio):
    """ln W, at most 0, from the friction over noise of each orbit."""
    # dE = 2 ω0 r dr
    slope = -4.0 * model.mass * model.frequency * ratio * orbits.radius
    log_weight = make_interp_spline(orbits.radius, slope, k=5).antiderivative()(orbits.radius)
    return log_weight - log_weight.max()


def resolved_orbits(model):
    """Orbits that hold all the weight on the grid, their ln W, that of the widest, and the points.

    Where the grid is far wider than the state, only the orbits that the state knows are kept.
    """
    well = _well(model)
    ends = np.array([model.x[0], model.x[-1]])
    reach = float(np.sqrt((np.min(model.potential_at(ends)) - well[1]) / model.frequency))
    widest = None
    while True:
        for phases in _PHASES:
            orbits = _orbits(model, well, reach, phases)
            log_weight = _log_weight(model, orbits, orbits.damping_over_diffusion)
            fewer = _log_weight(model, orbits, orbits.from_fewer)
            seen = log_weight > _NOTHING
            if np.abs(log_weight - fewer)[seen].max() < _PHASE:
                break
        widest = float(log_weight[-1]) if widest is None else widest
        last = np.flatnonzero(seen)[-1]
        if last > _FEWEST * _RADII:
            return orbits, log_weight, widest, phases
        reach = float(1.5 * orbits.radius[last + 1])


def _solve(model):
    orbits, log_weight, widest, phases = resolved_orbits(model)
    held = int((log_weight > np.log(_EDGE_WEIGHT)).sum())
    if held < _FEWEST_HELD and widest < np.log(_EDGE_WEIGHT):
        raise ConvergenceError(
            f"orbit_average: the state holds {held} of {_RADII} orbits up to |x| = "
            f"{np.abs(model.x).max():.6g}, at least {_FEWEST_HELD} are needed: its ring is too thin"
        )
    moments, total = _moments(model, orbits, log_weight)
    relaxation_time = _relaxation_time(orbits, log_weight, model.mass, model.frequency)
    return OrbitAverage(
        model=model,
        radius=orbits.radius,
        log_weight=log_weight - np.log(total),
        friction=orbits.friction,
        edge_weight=float(np.exp(widest)),
        moments=moments,
        relaxation_time=relaxation_time,
        center=orbits.center,
        potential_minimum=orbits.minimum,
        phases=phases,
        error=_errors(model, orbits, log_weight, moments, relaxation_time),
    )


def _moments(model, orbits, log_weight, every=1):
    """(⟨|α|²⟩, ⟨|α|⁴⟩), and ∫dx dp W; from every nth orbit."""
    radius = orbits.radius[::every]

    def integral(values):
        weighted = (np.exp(log_weight) * values)[::every] * 2.0 * model.frequency * radius
        return float(make_interp_spline(radius, weighted, k=5).integrate(0.0, radius[-1]))

    total = integral(orbits.period)
    second, fourth = (integral(row) / total for row in orbits.squares)
    return (second, fourth), total


def _errors(model, orbits, log_weight, moments, relaxation_time):
    """Relative errors of ⟨a†a⟩ and g⁽²⁾(0): of the average itself, and of its numbers."""
    weight = np.exp(log_weight) * orbits.squares[0] * orbits.radius
    # The square of γ/ω, where γ is that part of the friction that one turn averages out, ...
    uneven = float(weight @ orbits.uneven / weight.sum())
    squared = float(weight @ (orbits.uneven * (orbits.period / (2.0 * np.pi)) ** 2) / weight.sum())
    # ... is enhanced where what remains of the friction is smaller.
    neglected = _NEGLECTED * squared * (1.0 + np.sqrt(uneven) * relaxation_time)
    numbers = np.array([wigner.phonon_number(moments), wigner.g2(moments)])
    change = np.zeros(2)
    fewer = _log_weight(model, orbits, orbits.from_fewer)
    for curve, every, order in ((fewer, 1, 9.0), (log_weight, 2, 4.0)):
        other = _moments(model, orbits, curve, every)[0]
        change += np.abs([wigner.phonon_number(other), wigner.g2(other)] - numbers) / order
    total = neglected * np.abs([moments[0], numbers[1]]) + change
    return dict(zip(("phonon_number", "g2"), (total / np.abs(numbers)).tolist(), strict=True))


def _well(model):
    """Position and depth of the only minimum of the effective potential."""
    x = model.x
    pull = model.force - model.mass * model.frequency**2 * x
    down = np.flatnonzero((pull[:-1] > 0) & (pull[1:] <= 0))
    if len(down) != 1 or pull[0] < 0 or pull[-1] > 0:
        raise ValueError(
            "model: the effective potential must have one well on the grid, "
            f"got {len(down)} minima on x from {x[0]:.6g} to {x[-1]:.6g}"
            + (" and less beyond its ends" if pull[0] < 0 or pull[-1] > 0 else "")
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
        if np.abs(step).max() < 1e-14 * max(abs(edge), abs(center)):
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
    return 1.0 / slowest_rate(mass_of_cell, conductance)
