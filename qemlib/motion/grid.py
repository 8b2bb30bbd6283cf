"""The grid of a model: as wide as its steady state, as fine as its coefficients ask for.

It is found for any force, friction and noise that can be computed wherever they are asked for.  A
`build` makes a model of positions, coefficients and a note.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from reprlib import repr as repr_short
from typing import TYPE_CHECKING, Any

import numpy as np

from qemlib import _checks
from qemlib.devices.device import Device, Oscillator
from qemlib.electrons.coefficients import coefficients_as_given
from qemlib.electrons.quadrature import known_accuracy
from qemlib.errors import NoSteadyState, UnresolvedError
from qemlib.motion.orbit import edge_weight

if TYPE_CHECKING:
    from qemlib.motion.model import LangevinModel


__all__ = ["Coefficients", "even_model", "model_of", "model_on", "narrowest", "of_device"]

Arrays = dict[str, np.ndarray]
Build = Callable[..., Any]  # (x, coefficients, note) to a LangevinModel

_COARSE_POINTS = 65
_NARROWEST = 8.0  # x0
# The grid is enlarged until the weight of the orbits that touch the edge is this small beside the
# largest one, and refined until the splines miss new points by less than the second number.  While
# the width is sought the third is enough: orbit averages smooth the errors.
_EDGE_WEIGHT = 1e-16
_INTERPOLATION_ERROR = 1e-9
_COARSE_ERROR = 0.1
_OF_ACCURACY = 0.1
# Neighbouring points miss each other by a few of their own errors.
_OWN_ERRORS = 4.0
_NAMES = "force", "damping", "diffusion"
_FURTHEST_GROWTH = 1.8
# Half widths in units of x0 up to which a state is looked for: no number has the digits for more.
_FARTHEST = 1e9
_GIVEN = "grid given by the caller"
# Up to so many points a grid is evenly spaced; no grid has more than the second number.
_EVEN_POINTS, _MOST_POINTS = 2049, 20_001
_APART = 1e-3  # points that are closer, in units of the finest scale, are one
_ORDER = 5  # halving a step divides the splines' error by two to this power, at least
# Where friction is above this part of the frequency, W is no function of the energy alone, and the
# weight must be smaller: this power of it.
_STRONG, _STRONGER = 0.1, 2
# A grid of more points than this may have been too coarse when its width was found.
_TRUSTED = 16 * _COARSE_POINTS
# Beyond the electrons' reach friction and noise at the edge, times its distance, are this part of
# their integrals.
_DECOUPLED = 1e-3


@dataclass(frozen=True, eq=False)
class Coefficients:
    """Force, friction and noise over position, and what is known of them.

    Attributes
    ----------
    oscillator : Oscillator
    function : callable
        Positions, shape (n,), to F⟨n⟩_x, γ(x) and D(x); or to six arrays, these and what each may
        be off by: to that they are not refined.
    sharp : tuple of (position, width)
        Where they vary within such a width.
    largest_force : float, optional
        Bound of |F⟨n⟩_x|; by default the largest one seen.
    accuracy : float
        Relative: the splines need not be better than a tenth of it.
    name, unfelt : str
        For messages: what they are of, and what is to be said of where they are gone.
    """

    oscillator: Oscillator
    function: Callable[[np.ndarray], tuple[Any, ...]]
    sharp: tuple[tuple[float, float], ...] = ()
    largest_force: float | None = None
    accuracy: float = 0.0
    name: str = "function"
    unfelt: str = "where friction and noise are gone"


def of_device(device: Device, noise_at: str = "zero") -> Coefficients:
    """The coefficients of a device, sharp where the level ε − Fx meets an energy of the leads.

    Friction and noise are those at zero frequency, or at ±ω0 if `noise_at` is "oscillator".
    """
    force = device.force
    frequency = device.oscillator.frequency if noise_at == "oscillator" else None

    def function(x: np.ndarray) -> tuple[np.ndarray, ...]:
        at = coefficients_as_given(device, x, frequency)
        return (
            force * at.excess_charge,
            at.damping,
            at.diffusion,
            2.0 * abs(force) * at.error["occupation"],
            at.error["damping"],
            at.error["diffusion"],
        )

    sharp = tuple(
        (float(device.level - energy) / force, width / abs(force))
        for lead in device.leads
        for energies, width in (
            ([lead.chemical_potential], lead.temperature),
            (lead.density.energies, lead.density.width),
        )
        for energy in np.atleast_1d(energies)
    )
    return Coefficients(
        oscillator=device.oscillator,
        function=function,
        sharp=sharp,
        largest_force=abs(force),
        accuracy=known_accuracy(device),
        name="device",
        unfelt="where the electrons no longer feel it",
    )


def model_of(coefficients: Coefficients, build: Build) -> Any:
    """The model on a grid that holds the steady state; NoSteadyState if none does."""
    kept = _Kept(coefficients)
    x0 = coefficients.oscillator.x0
    width = _NARROWEST * x0
    while width < _FARTHEST * x0:
        x, values, look = _looked(build, kept, width)
        if _falls_outwards(look):
            width = max(_FURTHEST_GROWTH * width, _farthest_rest(coefficients, look) + width)
            continue
        weight = edge_weight(look)
        strong = np.abs(look.damping).max() > _STRONG * look.frequency
        needed = _EDGE_WEIGHT ** (_STRONGER if strong else 1)
        if weight < needed:
            reason = f"orbit-averaged weight at the edge {weight:.0e} of the largest"
            model = _resolved(build, kept, x, values, reason, look)
            if x.size == _COARSE_POINTS and model.x.size <= _TRUSTED:
                return model
            weight = edge_weight(model)
            if weight < np.sqrt(needed):
                return model
        elif _unbound(look):
            break
        width *= _growth(weight, needed)
    raise NoSteadyState(
        f"{coefficients.name} has no bound steady state: its orbit-averaged friction does not "
        f"confine the motion, out to |x| = {width:.3g}, {coefficients.unfelt}"
    )


def model_on(coefficients: Coefficients, build: Build, half_width: float, reason: str) -> Any:
    """The model on |x| ≤ half_width."""
    kept = _Kept(coefficients)
    x = _even_grid(coefficients, half_width)
    return _resolved(build, kept, x, kept.at(x), reason)


def narrowest(
    coefficients: Coefficients,
    build: Build,
    change: Callable[[Any], Any],
    half_widths: Iterable[float],
    weight: float,
) -> float | None:
    """The first half width on which the motion of a changed model does not touch the edge.

    `change` makes another model of the coefficients' own.  None if no half width will do.
    """
    for half_width in half_widths:
        look = change(even_model(coefficients, build, half_width, _COARSE_POINTS))
        if edge_weight(look) < weight:
            return half_width
    return None


def even_model(coefficients: Coefficients, build: Build, half_width: float, points: int) -> Any:
    """The model on so many evenly spaced points, as they are."""
    x = np.linspace(-half_width, half_width, points)
    return build(x, _Kept(coefficients).at(x), _GIVEN)


def _growth(weight: float, needed: float) -> float:
    """Factor to the next width to try: W falls roughly as a Gaussian."""
    if weight > 0.1:
        return _FURTHEST_GROWTH
    growth = 1.03 * np.sqrt(np.log(needed) / np.log(weight))
    return float(np.clip(growth, 1.05, _FURTHEST_GROWTH))


def _falls_outwards(model: LangevinModel) -> bool:
    """True if the force drives the oscillator over an end of the grid."""
    pull = model.force - model.mass * model.frequency**2 * model.x
    return pull[0] < 0 or pull[-1] > 0


def _farthest_rest(coefficients: Coefficients, model: LangevinModel) -> float:
    """Beyond here the spring holds against any force."""
    force = coefficients.largest_force or float(np.abs(model.force).max())
    return force / (model.mass * model.frequency**2)


def _unbound(model: LangevinModel) -> bool:
    """True if orbits of any size gain energy: beyond the grid there is neither friction nor noise.

    Wide orbits cross the electrons' reach at one speed: their loss is that speed times ∫γ dx.
    """
    edge = np.abs(model.x).max()
    loss, size, noise = (
        np.trapezoid(values, model.x)
        for values in (model.damping, np.abs(model.damping), model.diffusion)
    )
    decoupled = all(
        np.abs(values[[0, -1]]).max() * edge < _DECOUPLED * total
        for values, total in ((model.damping, size), (model.diffusion, noise))
    )
    return decoupled and loss <= 0


def _even_grid(coefficients: Coefficients, half_width: float) -> np.ndarray:
    """Evenly spaced points, and more where the coefficients vary within less than such a step."""
    x = np.linspace(-half_width, half_width, _COARSE_POINTS)
    step = x[1] - x[0]
    extra = [
        position + np.arange(-4, 5) * width
        for position, width in coefficients.sharp
        if width < step
    ]
    if not extra:
        return x
    added = np.concatenate(extra)
    x = np.unique(np.concatenate([x, added[np.abs(added) < half_width]]))
    # Two places in common give the same points, up to round-off.
    finest = min(width for _, width in coefficients.sharp)
    return x[np.diff(x, prepend=-np.inf) > _APART * finest]


def _looked(
    build: Build, kept: _Kept, half_width: float
) -> tuple[np.ndarray, Arrays, LangevinModel]:
    """Positions, coefficients and a model that are enough to find the width."""
    x = _even_grid(kept.of, half_width)
    values = kept.at(x)
    while True:
        model = build(x, values, _GIVEN)
        if x.size > _MOST_POINTS:
            break
        missed, between, new = _missed(kept, model)
        wrong = missed > _COARSE_ERROR
        if not wrong.any():
            break
        x, values = _inserted(x, values, wrong, between, new)
    return x, values, model


def _resolved(
    build: Build,
    kept: _Kept,
    x: np.ndarray,
    values: Arrays,
    reason: str,
    model: LangevinModel | None = None,
) -> LangevinModel:
    """Refine the grid until the splines hold between its points.

    Better than they are known the coefficients need not be.
    """
    allowed = max(_INTERPOLATION_ERROR, _OF_ACCURACY * kept.of.accuracy)
    while True:
        missed, between, new = _missed(kept, model or build(x, values, _GIVEN))
        model = None
        if x.size < _EVEN_POINTS:
            chosen = np.ones(missed.size, dtype=bool)
        else:
            chosen = missed * 2.0**-_ORDER > allowed
        worst = float(missed.max()) * 2.0**-_ORDER
        x, values = _inserted(x, values, chosen, between, new)
        # Halving the step lowers the error by at least this factor: no need to look again.
        if worst < allowed:
            return build(x, values, f"{reason}, interpolation error {worst:.0e}")
        if x.size > _MOST_POINTS:
            raise UnresolvedError(
                f"{kept.of.name}: {x.size} points do not resolve its coefficients on "
                f"|x| ≤ {x[-1]:.6g}, the splines miss them by {worst:.1e}"
            )


def _missed(kept: _Kept, model: LangevinModel) -> tuple[np.ndarray, np.ndarray, Arrays]:
    """What the splines miss half-way between points, relative to the largest; and what is there.

    What the coefficients themselves may be off by is not missed.
    """
    between = 0.5 * (model.x[1:] + model.x[:-1])
    new, error = kept.at(between), kept.error_at(between)
    missed = np.zeros(between.size)
    for name, exact in new.items():
        largest = np.abs(exact).max()
        if largest > 0:
            off = np.abs(getattr(model, f"{name}_at")(between) - exact) - _OWN_ERRORS * error[name]
            missed = np.maximum(missed, off / largest)
    return missed, between, new


def _inserted(
    x: np.ndarray, coefficients: Arrays, chosen: np.ndarray, between: np.ndarray, new: Arrays
) -> tuple[np.ndarray, Arrays]:
    """The next, finer grid: old points and the chosen new ones."""
    where = np.flatnonzero(chosen) + 1
    return np.insert(x, where, between[chosen]), {
        name: np.insert(values, where, new[name][chosen]) for name, values in coefficients.items()
    }


class _Kept:
    """Coefficients, computed once at each position."""

    def __init__(self, of: Coefficients) -> None:
        self.of = of
        self._x = np.empty(0)
        self._values = np.empty((2 * len(_NAMES), 0))

    def at(self, x: np.ndarray) -> Arrays:
        return dict(zip(_NAMES, self._rows(x)[: len(_NAMES)], strict=True))

    def error_at(self, x: np.ndarray) -> Arrays:
        return dict(zip(_NAMES, self._rows(x)[len(_NAMES) :], strict=True))

    def _rows(self, x: np.ndarray) -> np.ndarray:
        new = np.setdiff1d(x, self._x)
        if new.size:
            where = np.searchsorted(self._x, new)
            self._x = np.insert(self._x, where, new)
            self._values = np.insert(self._values, where, self._computed(new), axis=1)
        return self._values[:, np.searchsorted(self._x, x)]

    def _computed(self, x: np.ndarray) -> np.ndarray:
        found, name = self.of.function(x), self.of.name
        if not isinstance(found, (tuple, list)) or len(found) not in (3, 6):
            raise ValueError(
                f"{name} must return force, damping and diffusion, or these and the error of each, "
                f"got {repr_short(found)}"
            )
        rows = np.zeros((2 * len(_NAMES), x.size))
        labels = [*_NAMES, *(f"error of {each}" for each in _NAMES)]
        for row, label, values in zip(rows, labels, found, strict=False):
            values = _checks.finite_array(f"{name}: its {label}", values)
            if values.shape not in ((), x.shape):  # a number counts everywhere
                raise ValueError(
                    f"{name}: its {label} must have the shape of x, {x.shape}, got {values.shape}"
                )
            row[:] = values
        return rows
