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
from scipy.interpolate import PPoly

from qemlib import _checks
from qemlib._locked import Locked
from qemlib._special.splines import even_spline
from qemlib.errors import ConvergenceError, LeftGridError, NoSteadyState
from qemlib.motion._moments import errors_of, moments_of, relaxation_time_of
from qemlib.motion.one_turn import (
    NOTHING,
    PHASES,
    RADII,
    Orbits,
    log_weight_curve,
    resolved_orbits,
    turns_of,
)
from qemlib.motion.well import only_well, widest_radius
from qemlib.states import positivity
from qemlib.states.in_phase_space import InPhaseSpace

if TYPE_CHECKING:
    from qemlib.motion.model import LangevinModel


__all__ = ["OrbitAverage", "edge_weight", "orbit_average"]

# For the weight at the edge alone: points on half an orbit, and orbits, as many as it takes until a
# third of the points, and half of the orbits, give ln W to _LOOK.  The heaviest orbit is sought at
# so many radii between two.
_LOOKS = ((66, 121), (192, 301), *((phases, 601) for phases in PHASES))
_LOOK, _BETWEEN = 0.03, 10
_ANGLES = 96  # directions in phase space for angular averages
_EDGE_WEIGHT = 1e-8
_FEWEST_HELD = 12  # orbits above the edge weight


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
    well = only_well(model)
    reach = widest_radius(model, well)
    for phases, radii in _LOOKS:
        radius = np.linspace(0.0, reach, radii)
        turns = turns_of(model, radius, well, phases)
        curve = log_weight_curve(model, radius, turns.ratio)
        log_weight = curve(radius)
        seen = log_weight - log_weight.max() > NOTHING
        others = (
            log_weight_curve(model, radius, turns.ratio_from_fewer),
            log_weight_curve(model, radius[::2], turns.ratio[::2]),
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
    _even_in_p = True

    def __repr__(self) -> str:
        return (
            f"OrbitAverage(phonon_number={self.phonon_number:.6g}, g2={self.g2:.6g}, "
            f"relaxation_time={self.relaxation_time:.3g}, edge_weight={self.edge_weight:.0e}; "
            f"a preview, exact for weak friction{positivity.remark(self)})"
        )

    @cached_property
    def _spline(self) -> PPoly:
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
    orbits, (log_weight, fewer), widest = resolved_orbits(model)
    _refuse_weight_at_edge(model, orbits, float(np.exp(widest)))
    held = int((log_weight > np.log(_EDGE_WEIGHT)).sum())
    if held < _FEWEST_HELD:
        raise ConvergenceError(
            f"orbit_average: the state holds {held} of {RADII} orbits up to |x| = "
            f"{np.abs(model.x).max():.6g}, at least {_FEWEST_HELD} are needed: its ring is too thin"
        )
    moments, total = moments_of(model, orbits, log_weight)
    relaxation_time = relaxation_time_of(orbits, log_weight, model.mass, model.frequency)
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
        phases=orbits.dt.shape[1],
        error=errors_of(model, orbits, (log_weight, fewer), moments, relaxation_time),
    )


def _refuse_weight_at_edge(model: LangevinModel, orbits: Orbits, weight: float) -> None:
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
