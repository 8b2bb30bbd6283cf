"""The grid of a device's model: as wide as its steady state, as fine as its coefficients ask for.

A `build` makes a model of positions, coefficients and a note.
"""

from __future__ import annotations

import numpy as np

from qemlib.electrons import coefficients_as_given
from qemlib.orbit import edge_weight
from qemlib.quadrature import known_accuracy

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


def model_of(build, device, frequency=None):
    """The model on a grid that holds the steady state; ValueError if none does.

    Friction and noise are those at zero frequency, or at ±`frequency`.
    """
    width = _NARROWEST * device.oscillator.x0
    electrons = _Electrons(device, frequency)
    while True:
        x, coefficients = _looked(build, electrons, width)
        look = build(x, coefficients)
        if _falls_outwards(look):
            # The force is F at most: further out the spring holds it.
            rest = abs(device.force) / (look.mass * look.frequency**2)
            width = max(_FURTHEST_GROWTH * width, rest + width)
            continue
        weight = edge_weight(look)
        strong = np.abs(look.damping).max() > _STRONG * look.frequency
        needed = _EDGE_WEIGHT ** (_STRONGER if strong else 1)
        if weight < needed:
            reason = f"orbit-averaged weight at the edge {weight:.0e} of the largest"
            model = _resolved(build, electrons, x, coefficients, reason)
            if x.size == _COARSE_POINTS and model.x.size <= _TRUSTED:
                return model
            weight = edge_weight(model)
            if weight < np.sqrt(needed):
                return model
        elif _unbound(look):
            raise ValueError(
                "device has no bound steady state: its orbit-averaged friction does not confine "
                f"the motion, out to |x| = {width:.3g}, where the electrons no longer feel it"
            )
        width *= _growth(weight, needed)


def model_on(build, device, half_width, reason, frequency=None):
    """The model on |x| ≤ half_width."""
    electrons = _Electrons(device, frequency)
    x = _even_grid(device, half_width)
    return _resolved(build, electrons, x, electrons.at(x), reason)


def _growth(weight, needed):
    """Factor to the next width to try: W falls roughly as a Gaussian."""
    if weight > 0.1:
        return _FURTHEST_GROWTH
    growth = 1.03 * np.sqrt(np.log(needed) / np.log(weight))
    return float(np.clip(growth, 1.05, _FURTHEST_GROWTH))


def _falls_outwards(model):
    """True if the force drives the oscillator over an end of the grid."""
    pull = model.force - model.mass * model.frequency**2 * model.x
    return pull[0] < 0 or pull[-1] > 0


def _unbound(model):
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


def _even_grid(device, half_width):
    """Evenly spaced points, and more where the electrons see less than such a step."""
    x = np.linspace(-half_width, half_width, _COARSE_POINTS)
    scales = [
        (energy, width)
        for lead in device.leads
        for energies, width in (
            ([lead.chemical_potential], lead.temperature),
            (lead.density.energies, lead.density.width),
        )
        for energy in np.atleast_1d(energies)
    ]
    step = x[1] - x[0]
    # Where the level ε − Fx meets each energy, and a few widths around.
    extra = [
        (device.level - energy + np.arange(-4, 5) * width) / device.force
        for energy, width in scales
        if width < abs(device.force) * step
    ]
    if not extra:
        return x
    added = np.concatenate(extra)
    x = np.unique(np.concatenate([x, added[np.abs(added) < half_width]]))
    # Two leads with an energy in common give the same points, up to round-off.
    finest = min(width for _, width in scales) / abs(device.force)
    return x[np.diff(x, prepend=-np.inf) > _APART * finest]


def _looked(build, electrons, half_width):
    """Positions and coefficients that are enough to find the width."""
    x = _even_grid(electrons.device, half_width)
    coefficients = electrons.at(x)
    while x.size <= _MOST_POINTS:
        missed, between, new = _missed(build, electrons, x, coefficients)
        wrong = missed > _COARSE_ERROR
        if not wrong.any():
            break
        x, coefficients = _inserted(x, coefficients, wrong, between, new)
    return x, coefficients


def _resolved(build, electrons, x, coefficients, reason):
    """Refine the grid until the splines hold between its points.

    Better than the leads' densities are known they need not be.
    """
    allowed = max(_INTERPOLATION_ERROR, _OF_ACCURACY * known_accuracy(electrons.device))
    while True:
        missed, between, new = _missed(build, electrons, x, coefficients)
        if x.size < _EVEN_POINTS:
            chosen = np.ones(missed.size, dtype=bool)
        else:
            chosen = missed * 2.0**-_ORDER > allowed
        worst = float(missed.max()) * 2.0**-_ORDER
        x, coefficients = _inserted(x, coefficients, chosen, between, new)
        # Halving the step lowers the error by at least this factor: no need to look again.
        if worst < allowed:
            return build(x, coefficients, f"{reason}, interpolation error {worst:.0e}")
        if x.size > _MOST_POINTS:
            raise ValueError(
                f"device: {x.size} points do not resolve its coefficients on |x| ≤ {x[-1]:.6g}, "
                f"the splines miss them by {worst:.1e}"
            )


def _missed(build, electrons, x, coefficients):
    """What the splines miss half-way between points, relative to the largest; and what is there.

    What the coefficients themselves may be off by is not missed.
    """
    model = build(x, coefficients)
    between = 0.5 * (x[1:] + x[:-1])
    new, error = electrons.at(between), electrons.error_at(between)
    missed = np.zeros(between.size)
    for name, values in new.items():
        largest = np.abs(values).max()
        if largest > 0:
            off = np.abs(getattr(model, f"{name}_at")(between) - values) - _OWN_ERRORS * error[name]
            missed = np.maximum(missed, off / largest)
    return missed, between, new


def _inserted(x, coefficients, chosen, between, new):
    """The next, finer grid: old points and the chosen new ones."""
    where = np.flatnonzero(chosen) + 1
    return np.insert(x, where, between[chosen]), {
        name: np.insert(values, where, new[name][chosen]) for name, values in coefficients.items()
    }


class _Electrons:
    """The coefficients of a device, computed once at each position."""

    def __init__(self, device, frequency):
        self.device = device
        self._frequency = frequency
        self._x = np.empty(0)
        self._values = np.empty((6, 0))

    def at(self, x):
        return dict(zip(_NAMES, self._rows(x)[:3], strict=True))

    def error_at(self, x):
        return dict(zip(_NAMES, self._rows(x)[3:], strict=True))

    def _rows(self, x):
        new = np.setdiff1d(x, self._x)
        if new.size:
            at = coefficients_as_given(self.device, new, self._frequency)
            force = self.device.force
            charge, error = force * at.excess_charge, 2.0 * abs(force) * at.error["occupation"]
            rows = (
                charge,
                at.damping,
                at.diffusion,
                error,
                at.error["damping"],
                at.error["diffusion"],
            )
            where = np.searchsorted(self._x, new)
            self._x = np.insert(self._x, where, new)
            self._values = np.insert(self._values, where, rows, axis=1)
        return self._values[:, np.searchsorted(self._x, x)]
