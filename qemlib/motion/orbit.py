"""The steady state averaged over orbits: a preview, and the measure for grids, bases and steps.

Where friction and noise are weak beside the motion, the steady state depends on the energy alone.
Averaging the Fokker-Planck equation (A24) over the orbits of the effective potential U gives

    d ln W/dE = −2m ⟨γ p²⟩_E / ⟨D p²⟩_E,

with ⟨·⟩_E the average over one orbit of energy E.  The functions here need only a model's mass,
frequency, x and its `*_at` methods.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from reprlib import repr as repr_short
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import BSpline, make_interp_spline
from scipy.optimize import brentq

from qemlib import _checks
from qemlib._locked import Locked
from qemlib.errors import ConvergenceError, LeftGridError, NoSteadyState, SeveralWells
from qemlib.motion._interpolation import even_spline
from qemlib.motion.diffusion import slowest_rate
from qemlib.states import positivity, wigner
from qemlib.states.in_phase_space import InPhaseSpace

if TYPE_CHECKING:
    from qemlib.motion.model import LangevinModel


__all__ = ["OrbitAverage", "edge_weight", "orbit_average"]

_RADII = 600  # orbits
# Points on half an orbit, as many of these as it takes until a third of them gives ln W to _PHASE.
# Where the coefficients are smooth the rule converges exponentially: the error is the third power.
_PHASES = (192, 576, 1728, 5184)
_PHASE = 1e-4
# For the weight at the edge alone: points on half an orbit, and orbits, as many as it takes until a
# third of the points, and half of the orbits, give ln W to _LOOK.  The heaviest orbit is sought at
# so many radii between two.
_LOOKS = ((66, 121), (192, 301), *((phases, 601) for phases in _PHASES))
_LOOK, _BETWEEN = 0.03, 10
_ANGLES = 96  # directions in phase space for angular averages
_EDGE_WEIGHT = 1e-8
# ln W beside its largest value that no integral sees, and the part of all orbits above it that
# resolves W.
_NOTHING, _FEWEST = -80.0, 0.25
_FEWEST_HELD = 12  # orbits above the edge weight
_ROUND_OFF = 1e-20  # of a kinetic energy
# Steps of Newton that have met a turning point, in units of the grid; and those that are round-off
# if they do not fall.
_MET, _CLOSE = 1e-14, 1e-9
# What the average neglects of ⟨|α|²⟩ and of ⟨|α|⁴⟩, in units of its scale.  Let L = L_0 + L_1,
# motion and friction with noise, and W = W_0(E) + W_1 + W_2 + … with L_0 W_1 = −L_1 W_0.  As
# L_1 W_0 = ∂_p[(γ − D⟨γp²⟩/⟨Dp²⟩) p W_0], all is exact where γ/D is the same all over.  For
# p → −p L_0 is odd and L_1 even, so that W_1 is odd: it neither adds to moments of |α|² nor,
# through L_1, to the flux of energy.  There remains L_0 W_2 = −L_1 W_1: uneven friction times all
# of it, over ω².  That is a scale and no bound: the largest error was 0.37 of it, in some 150
# random models, with friction from 1 % to three times the frequency, the paper's device at
# couplings up to 0.8, and models with patches of negative friction.
_NEGLECTED = 1.0


def orbit_average(model: LangevinModel) -> OrbitAverage:
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
    NoSteadyState
        If friction is negative at every energy on the grid, or there is no noise.
    LeftGridError
        If the grid is too small to hold the state.
    SeveralWells
        If the potential has several wells.
    ConvergenceError
        If the state is a ring so thin that hardly an orbit lies on it.

    Warns
    -----
    ClassicalStateWarning
        If W is no quantum state, as for T below ω0/2; see `qemlib.states.positivity`.

    Notes
    -----
    Wrong by the order of friction over frequency, squared: 1e-6 in ⟨a†a⟩ for the paper's device.

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
    return positivity.told(_kept(model))


def refuse_other_than_model(model: Any) -> None:
    """TypeError unless `model` has what a LangevinModel has."""
    needed = ("mass", "frequency", "x", "force_at", "damping_at", "diffusion_at", "potential_at")
    if all(hasattr(model, name) for name in needed):
        return
    message = f"model must be a LangevinModel, got {repr_short(model)}"
    if hasattr(model, "oscillator"):
        message += "; make one with LangevinModel.from_device(device)"
    raise TypeError(message)


def edge_weight(model: LangevinModel) -> float:
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
    well = _well(model)
    reach = _widest(model, well)
    for phases, radii in _LOOKS:
        radius = np.linspace(0.0, reach, radii)
        turns = _turns(model, radius, well, phases)
        curve = _log_weight_curve(model, radius, turns.ratio)
        log_weight = curve(radius)
        seen = log_weight - log_weight.max() > _NOTHING
        others = (
            _log_weight_curve(model, radius, turns.ratio_from_fewer),
            _log_weight_curve(model, radius[::2], turns.ratio[::2]),
        )
        if all(np.abs(log_weight - other(radius))[seen].max() < _LOOK for other in others):
            break
    # The heaviest orbit may lie between two of them.
    largest = curve(np.linspace(0.0, reach, _BETWEEN * radii)).max()
    return float(np.exp(log_weight[-1] - largest))


@dataclass(frozen=True, eq=False)
class OrbitAverage(Locked, InPhaseSpace):
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
    moments : tuple of float
        (⟨|α|²⟩, ⟨|α|⁴⟩).
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
        friction that one turn averages out times all friction, over the square of the frequency,
        which counts for more where little friction is left; that is a scale, and no bound.  Added
        is what fewer points and orbits would change.
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

    def __repr__(self) -> str:
        return (
            f"OrbitAverage(phonon_number={self.phonon_number:.6g}, g2={self.g2:.6g}, "
            f"relaxation_time={self.relaxation_time:.3g}, edge_weight={self.edge_weight:.0e}; "
            f"a preview, exact for weak friction{positivity.remark(self)})"
        )

    @cached_property
    def _spline(self) -> BSpline:
        return even_spline(self.radius, self.log_weight)

    def wigner(self, x: ArrayLike, p: ArrayLike) -> np.ndarray:
        """W(x, p), ∫dx dp W = 1; arrays broadcast.

        Beyond the widest orbit W is below the edge weight and is given as zero; outside the
        model's grid LeftGridError is raised.
        """
        x = _checks.finite_array("x", x)
        p = _checks.finite_array("p", p)
        m, omega0 = self.model.mass, self.model.frequency
        energy = self.model.potential_at(x) - self.potential_minimum + p**2 / (2.0 * m)
        radius = np.sqrt(np.maximum(energy, 0.0) / omega0)
        inside = radius <= self.radius[-1]
        return np.where(inside, np.exp(self._spline(np.where(inside, radius, 0.0))), 0.0)

    def density(self, x: ArrayLike, p: ArrayLike) -> np.ndarray:
        """As `wigner`, and zero outside the model's grid, where no orbit of weight goes."""
        return positivity.within_grid(self, np.asarray(x), np.asarray(p))

    def _everywhere(self, x: ArrayLike, p: ArrayLike) -> np.ndarray:
        return self.density(x, p)

    @property
    def _angles(self) -> int:
        """Directions that resolve W on circles around α = 0: more where its center is far away."""
        weight = np.exp(self.log_weight - self.log_weight.max()) * self.radius
        spread = np.sqrt((weight @ self.radius**2) / weight.sum())
        return _ANGLES * max(1, int(np.ceil(0.25 * abs(self.center) / self.model.x0 / spread)))

    @property
    def _reach(self) -> float:
        """|α| that holds all of W."""
        edge = min(self.center - self.model.x[0], self.model.x[-1] - self.center)
        middle = abs(self.center) / self.model.x0
        return min(self.radius[-1], edge / self.model.x0) + middle

    def quantile(self, probability: ArrayLike) -> np.ndarray:
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
    whole: np.ndarray  # ⟨[γ² + (D loss/noise)²] p²⟩/2⟨p²⟩: all of friction and noise
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


def paths(
    model: LangevinModel, radius: np.ndarray, center: float, minimum: float, phases: int
) -> Paths:
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


@dataclass(frozen=True, eq=False)
class _Turns:
    """Orbits of one turn, and friction and noise on them; the first is the point at rest."""

    path: Paths
    damping: np.ndarray  # at the points of the path
    diffusion: np.ndarray
    p_dx: np.ndarray  # m p |dx|, the weight of ∮ p² dt
    loss: np.ndarray  # ∮ γ p² dt of each orbit but the first
    noise: np.ndarray  # ∮ D p² dt
    at_rest: tuple[float, float]  # γ and D
    ratio: np.ndarray  # of loss to noise of each orbit
    ratio_from_fewer: np.ndarray  # the same from a third of the points


def _turns(
    model: LangevinModel, radius: np.ndarray, well: tuple[float, float], phases: int
) -> _Turns:
    center, minimum = well
    path = paths(model, radius[1:], center, minimum, phases)
    damping, diffusion = model.damping_at(path.x), model.diffusion_at(path.x)
    at_rest = float(model.damping_at(center)), float(model.diffusion_at(center))
    p_dx = model.mass * path.p * path.dx
    lost, shaken = damping * p_dx, diffusion * p_dx
    loss, noise = lost.sum(axis=1), shaken.sum(axis=1)
    _refuse_no_noise(model, at_rest[1], noise)
    fewer = lost[:, 1::3].sum(axis=1) / shaken[:, 1::3].sum(axis=1)
    first = at_rest[0] / at_rest[1]
    return _Turns(
        path=path,
        damping=damping,
        diffusion=diffusion,
        p_dx=p_dx,
        loss=loss,
        noise=noise,
        at_rest=at_rest,
        ratio=np.concatenate([[first], loss / noise]),
        ratio_from_fewer=np.concatenate([[first], fewer]),
    )


def _orbits(model: LangevinModel, well: tuple[float, float], reach: float, phases: int) -> _Orbits:
    """The integrals, for orbits up to radius `reach`."""
    m = model.mass
    center, minimum = well
    radius = np.linspace(0.0, reach, _RADII)
    turns = _turns(model, radius, well, phases)
    path, p_dx = turns.path, turns.p_dx
    action = p_dx.sum(axis=1)
    square = path.x**2 / model.x0**2 + path.p**2 / model.p0**2  # |α|²
    dt = m * path.dx / path.p
    period = dt.sum(axis=1)
    squares = np.stack([(dt * square**power).sum(axis=1) for power in (1, 2)])
    resting = period[0] * np.array([(center / model.x0) ** power for power in (2, 4)])
    balanced = turns.diffusion * turns.ratio[1:, None]
    uneven = (turns.damping - balanced) ** 2 * p_dx
    whole = 0.5 * (turns.damping**2 + balanced**2) * p_dx
    return _Orbits(
        radius=radius,
        period=np.concatenate([period[:1], period]),
        action=np.concatenate([[0.0], action]),
        loss=np.concatenate([[0.0], turns.loss]),
        noise=np.concatenate([[0.0], turns.noise]),
        uneven=np.append(0.0, uneven.sum(axis=1) / action),
        whole=np.append(0.0, whole.sum(axis=1) / action),
        squares=np.concatenate([resting[:, None], squares], axis=1),
        damping_over_diffusion=turns.ratio,
        from_fewer=turns.ratio_from_fewer,
        friction=np.concatenate([turns.at_rest[:1], turns.loss / action]),
        center=center,
        minimum=minimum,
    )


def _refuse_no_noise(model: LangevinModel, at_rest: float, noise: np.ndarray) -> None:
    if not (at_rest > 0 and (noise > 0).all()):
        raise NoSteadyState(
            "model: its diffusion must be positive where it moves, got "
            f"{min(at_rest, float(model.diffusion.min())):g}; without noise its state is a point"
        )


def _log_weight_curve(model: LangevinModel, radius: np.ndarray, ratio: np.ndarray) -> BSpline:
    """ln W over the radius, up to a constant, from the friction over noise of each orbit."""
    # dE = 2 ω0 r dr
    slope = -4.0 * model.mass * model.frequency * ratio * radius
    return make_interp_spline(radius, slope, k=5).antiderivative()


def _log_weight(model: LangevinModel, radius: np.ndarray, ratio: np.ndarray) -> np.ndarray:
    """ln W of each orbit, at most 0."""
    log_weight = _log_weight_curve(model, radius, ratio)(radius)
    return log_weight - log_weight.max()


def _widest(model: LangevinModel, well: tuple[float, float]) -> float:
    """Radius of the widest orbit on the grid."""
    ends = np.array([model.x[0], model.x[-1]])
    return float(np.sqrt((np.min(model.potential_at(ends)) - well[1]) / model.frequency))


def resolved_orbits(
    model: LangevinModel,
) -> tuple[_Orbits, tuple[np.ndarray, np.ndarray], float, int]:
    """Orbits that hold all the weight, and their ln W, also from a third of the points.

    With it come ln W of the widest orbit, and the number of points on half an orbit.
    Where the grid is far wider than the state, only the orbits that the state knows are kept.
    """
    well = _well(model)
    reach, widest = _widest(model, well), None
    while True:
        for phases in _PHASES:
            orbits = _orbits(model, well, reach, phases)
            log_weight = _log_weight(model, orbits.radius, orbits.damping_over_diffusion)
            fewer = _log_weight(model, orbits.radius, orbits.from_fewer)
            seen = log_weight > _NOTHING
            if np.abs(log_weight - fewer)[seen].max() < _PHASE:
                break
        widest = float(log_weight[-1]) if widest is None else widest
        last = np.flatnonzero(seen)[-1]
        if last > _FEWEST * _RADII:
            return orbits, (log_weight, fewer), widest, phases
        reach = float(1.5 * orbits.radius[last + 1])


# What was found of a model, as long as that lives: grids, states, samplers and spectra ask for it.
_FOUND: WeakKeyDictionary[Locked, dict[str, Any]] = WeakKeyDictionary()


def _kept(model: LangevinModel) -> OrbitAverage:
    """The orbit average of a model, computed once if nothing of the model can change."""
    if not isinstance(model, Locked):
        return _solve(model)
    found = _FOUND.get(model)
    if found is None:
        estimate = _solve(model)
        # All but the model itself, which must not be kept alive by this.
        found = {f.name: getattr(estimate, f.name) for f in fields(estimate) if f.name != "model"}
        _FOUND[model] = found
    return OrbitAverage(model=model, **found)


def _solve(model: LangevinModel) -> OrbitAverage:
    orbits, (log_weight, fewer), widest, phases = resolved_orbits(model)
    _refuse_weight_at_edge(model, orbits, float(np.exp(widest)))
    held = int((log_weight > np.log(_EDGE_WEIGHT)).sum())
    if held < _FEWEST_HELD:
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
        error=_errors(model, orbits, (log_weight, fewer), moments, relaxation_time),
    )


def _refuse_weight_at_edge(model: LangevinModel, orbits: _Orbits, weight: float) -> None:
    """Beyond the grid the state would go on, if it is one at all."""
    if weight < _EDGE_WEIGHT:
        return
    if not (orbits.friction > 0).any():
        raise NoSteadyState(
            "model has no bound steady state: its orbit-averaged friction is not positive at "
            f"any energy on the grid, at most {orbits.friction.max():.1e}"
        )
    raise LeftGridError(
        f"model: its grid, x from {model.x[0]:.6g} to {model.x[-1]:.6g}, is too small to hold "
        f"the steady state: at its edge the weight is {weight:.1e} of the largest, "
        f"at most {_EDGE_WEIGHT:.0e} is allowed; build the model on a wider grid"
    )


def _moments(
    model: LangevinModel, orbits: _Orbits, log_weight: np.ndarray, every: int = 1
) -> tuple[tuple[float, float], float]:
    """(⟨|α|²⟩, ⟨|α|⁴⟩), and ∫dx dp W; from every nth orbit."""
    radius = orbits.radius[::every]

    values = np.stack([orbits.period, *orbits.squares], axis=1)
    weighted = (np.exp(log_weight) * 2.0 * model.frequency * orbits.radius)[:, None] * values
    integrals = make_interp_spline(radius, weighted[::every], k=5).integrate(0.0, radius[-1])
    total, second, fourth = (float(integral) for integral in integrals)
    return (second / total, fourth / total), total


def _errors(
    model: LangevinModel,
    orbits: _Orbits,
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
        other = _moments(model, orbits, curve, every)[0]
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


def _well(model: LangevinModel) -> tuple[float, float]:
    """Position and depth of the only minimum of the effective potential."""
    x = model.x
    pull = model.force - model.mass * model.frequency**2 * x
    down = np.flatnonzero((pull[:-1] > 0) & (pull[1:] <= 0))
    beyond = pull[0] < 0 or pull[-1] > 0
    if len(down) != 1 or beyond:
        raise (LeftGridError if beyond or len(down) == 0 else SeveralWells)(
            "model: the effective potential must have one well on the grid, "
            f"got {len(down)} minima on x from {x[0]:.6g} to {x[-1]:.6g}"
            + (" and less beyond its ends" if beyond else "")
        )
    center = _rest(model, x[down[0]], x[down[0] + 1])
    if abs(center) < 1e-9 * model.x0:
        center = 0.0  # a mirrored model stays mirrored to the last digit
    return float(center), float(model.potential_at(center))


def _rest(model: LangevinModel, low: float, high: float) -> float:
    """Where the pull, inwards at both ends but for round-off, vanishes."""

    def pull(x: float) -> float:
        return float(model.force_at(x)) - model.mass * model.frequency**2 * x

    for end, sign in ((low, 1.0), (high, -1.0)):
        if sign * pull(end) <= 0.0:
            return end
    return brentq(pull, low, high, xtol=_MET * model.x0)


def _turning_points(
    model: LangevinModel, energy: np.ndarray, center: float, edge: float
) -> np.ndarray:
    """Solve U(x) = energy between the minimum and one edge, by Newton inside a bracket."""
    inner, outer = np.full(energy.shape, center), np.full(energy.shape, edge)
    stiffness = model.mass * model.frequency**2
    # Where the spring alone would turn the motion, if that is on the grid.
    above = np.maximum(energy - float(model.potential_at(center)), 0.0)
    farthest = np.sqrt(2.0 * above / stiffness)
    # Round-off must not leave the grid.
    ends = min(center, edge), max(center, edge)
    x = np.clip(center + np.sign(edge - center) * farthest, *ends)
    scale, before = max(abs(edge), abs(center)), np.inf
    for _ in range(80):
        excess = model.potential_at(x) - energy
        inner, outer = np.where(excess < 0, x, inner), np.where(excess < 0, outer, x)
        slope = stiffness * x - model.force_at(x)
        with np.errstate(divide="ignore", invalid="ignore"):
            newton = np.clip(x - excess / slope, *ends)
        low, high = np.minimum(inner, outer), np.maximum(inner, outer)
        inside = (newton >= low) & (newton <= high)
        step = np.where(inside, newton, 0.5 * (inner + outer)) - x
        # A turning point that was met leaves the bracket by its round-off.
        met = np.abs(newton - x) < _MET * scale
        step = np.where(met, 0.0, step)
        x = np.clip(x + step, *ends)
        longest = float(np.abs(step).max())
        # Next to the minimum the round-off of a potential is more than that of a position: there
        # the steps cease to fall.
        if longest < _MET * scale or (longest < _CLOSE * scale and longest > 0.5 * before):
            break
        before = longest
    return x


def _relaxation_time(
    orbits: _Orbits, log_weight: np.ndarray, mass: float, frequency: float
) -> float:
    """Inverse gap of the energy-diffusion operator ∂_E[(⟨D p²⟩T/2m²) W_s ∂_E ·]/(T W_s)."""
    keep = log_weight > _NOTHING
    keep[0] = False  # the point at rest holds no energy to exchange
    if keep.sum() < 2:
        return np.inf  # all weight piles up at one edge: no state that could relax
    radius, period, noise = orbits.radius[keep], orbits.period[keep], orbits.noise[keep]
    weight = np.exp(log_weight[keep])
    dr = radius[1] - radius[0]
    mass_of_cell = period * weight * 2.0 * frequency * radius * dr
    conductance = noise / (2.0 * mass**2) * weight / (2.0 * frequency * radius * dr)
    return 1.0 / slowest_rate(mass_of_cell, conductance)
