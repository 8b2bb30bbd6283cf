"""Whether what (A24) gives is a state of a quantum oscillator.

(A24) is classical.  In equilibrium it shares the energy T equally, ⟨a†a⟩ = T/ω0 − 1/2, where the
oscillator has [coth(ω0/2T) − 1]/2: too little by ω0/12T for hot leads, by 0.13 at T = 0.6 ω0, and
below T = ω0/2 ⟨a†a⟩ itself is negative.  W is then too narrow for any state, and its "populations"
are no probabilities.

Two things are asked of W.  Its uncertainty product, with ħ = 1, must be
[⟨δx²⟩⟨δp²⟩ − ⟨δxδp⟩²]^{1/2} ≥ 1/2 (Robertson and Schrödinger); that costs little.  Where W bends
so sharply that Fock states see it, no eigenvalue of ρ may be below −1e-6 either, beyond the error
of the computation; or, with too many levels for that, no population.

A state that passes need not be right: it is positive down to T = ω0/2.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

import numpy as np

from qemlib._special.laguerre import laguerre_integrals
from qemlib.errors import ClassicalStateWarning, LeftGridError, UnresolvedError
from qemlib.states import _fock
from qemlib.states._circles import OnPlane, radial_nodes

__all__ = [
    "averages",
    "of_samples",
    "radius",
    "remark",
    "told",
    "uncertainty",
    "untold",
    "violations",
]

_POINTS = 81  # of a grid each way
_SEEN = 1e-7  # ln W is looked at where W is above this part of its largest value
# Largest −∂² ln W along Re α or Im α, in units of |α|^{2/3} beyond 1.  A ring of width σ makes the
# level at its radius as positive as its neighbours negative where σ is Airy's (32|α|)^{−1/3}; they
# are lost in round-off where it is three times that.  A thermal state passes above 1.5 phonons.
_SHARP = 1.0
# The error of a computation is its change under refinement; this many times that, and no less.
_MARGIN, _LEAST = 10.0, 1e-9
_TOLERATED = 1e-6  # a negative eigenvalue that no number feels
_DENSE, _MOST = 160, 8192  # levels of a matrix, and of populations alone
_SIGMAS = 6.0
# ln W beside its largest, of the widest orbit that counts, and positions to find how far it goes.
_NOTHING, _RADII, _WIDER = -40.0, 400, 1.02
_ANGLES = 192

MEANING = (
    "(A24) is classical: it does not hold for an oscillator so cold, or a W so sharp; populations, "
    "g2, entropy and work mean nothing there"
)

_SILENT: ContextVar[bool] = ContextVar("silent", default=False)


def told(state: Any) -> Any:
    """Return the state, with a warning if it is no quantum state."""
    if not _SILENT.get() and state.violations:
        warnings.warn(
            f"{type(state).__name__} is not a quantum state: {'; '.join(state.violations)}. "
            f"{MEANING}",
            ClassicalStateWarning,
            stacklevel=3,
        )
    return state


@contextmanager
def untold() -> Iterator[None]:
    """For states on the way to another: they give no warning."""
    token = _SILENT.set(True)
    try:
        yield
    finally:
        _SILENT.reset(token)


def violations(state: Any) -> tuple[str, ...]:
    """What keeps W(x, p) from being a quantum state; empty if nothing does.

    Parameters
    ----------
    state : SteadyState or OrbitAverage
    """
    w, axis = _about_its_middle(state)
    density = w(axis[:, None], axis)
    error = _error(state)
    product = uncertainty(*averages(axis, density))
    if product < 0.5 * (1.0 - error):
        return (f"its uncertainty product is {product:.4g}, where 1/2 is the least",)
    if _sharpness(axis, density) < _SHARP:
        return ()
    error = _of_eigenvalues(axis[-1], error, density)
    return _negative(w, axis[-1], error, getattr(state, "_even", False))


def error_of(state: Any) -> float:
    """What the error of a computed W may make of an eigenvalue of ρ; zero if it is not known."""
    if not all(hasattr(state, name) for name in ("error", "wigner", "model", "radius")):
        return 0.0
    w, axis = _about_its_middle(state)
    density = w(axis[:, None], axis)
    return _of_eigenvalues(axis[-1], _error(state), density)


def error_of_populations(state: Any) -> float:
    """What the error of a computed W may make of (Σ_n δρ_nn²)^{1/2}, as Tr δρ² = π ∫d²α δW².

    What an average neglects counts here, as its numbers say.
    """
    w, axis = _about_its_middle(state)
    largest = float(w(axis[:, None], axis).max())
    known = state.error
    neglected = max(known.get(name, 0.0) for name in ("phonon_number", "g2"))
    error = _error(state) + (0.0 if "wigner" in known else neglected)
    return np.pi * axis[-1] * error * largest


def of_samples(
    product: float, product_error: float, populations: np.ndarray, errors: np.ndarray
) -> tuple[str, ...]:
    """The same of samples, beyond six standard errors of the uncertainty product and of levels."""
    if product + _SIGMAS * product_error < 0.5:
        return (
            f"its uncertainty product is {product:.4g} +/- {product_error:.1g}, where 1/2 is the "
            "least",
        )
    level = int(np.argmin(populations + _SIGMAS * errors))
    if populations[level] + _SIGMAS * errors[level] < 0.0:
        return (
            f"the population of level {level} is {populations[level]:.2g} +/- {errors[level]:.1g}",
        )
    return ()


def remark(state: Any) -> str:
    """What a `repr` adds for a state that is none."""
    return "".join(f"; not a quantum state: {text}" for text in state.violations)


def uncertainty(square: float, squeezing: complex, mean: complex) -> float:
    """[⟨δx²⟩⟨δp²⟩ − ⟨δxδp⟩²]^{1/2} with ħ = 1, from ⟨|α|²⟩, ⟨α²⟩ and ⟨α⟩.

    Examples
    --------
    A squeezed vacuum has the least:

    >>> import numpy as np
    >>> round(uncertainty(0.5 * np.cosh(1.0), 0.5 * np.sinh(1.0), 0.0), 12)
    0.5
    """
    spread = square - abs(mean) ** 2
    return float(np.sqrt(np.maximum(spread**2 - abs(squeezing - mean**2) ** 2, 0.0)))


def within_grid(state: Any, x: np.ndarray, p: np.ndarray) -> np.ndarray:
    """W(x, p) of a state, and zero outside of its model's grid."""
    low, high = state.model.x[0], state.model.x[-1]
    return np.where((x >= low) & (x <= high), state.wigner(np.clip(x, low, high), p), 0.0)


def _about_its_middle(state: Any) -> tuple[OnPlane, np.ndarray]:
    """W(α) about the middle, zero outside of the model's grid, and an axis that holds it all."""
    x0, p0 = state.model.x0, state.model.p0
    middle = getattr(state, "center", 0.0) / x0

    def w(real: np.ndarray, imaginary: np.ndarray) -> np.ndarray:
        return x0 * p0 * within_grid(state, x0 * (real + middle), p0 * imaginary)

    reach = radius(state)
    return w, np.linspace(-reach, reach, _POINTS)


def _of_eigenvalues(radius: float, error: float, density: np.ndarray) -> float:
    """ρ = 2 ∫d²α W(α) D(2α)Π, and D(2α)Π is unitary: at most 2 ∫d²α |δW|."""
    return 2.0 * np.pi * radius**2 * error * float(density.max())


def radius(state: Any) -> float:
    """|α| from the middle, beyond which W is nothing."""
    if np.ndim(state.radius) == 0:
        return state.radius
    seen = state.log_weight - state.log_weight.max() > _NOTHING
    widest, model = state.radius[np.flatnonzero(seen)[-1]], state.model
    # A soft spring lets an orbit of that energy go farther in x.
    x = np.linspace(model.x[0], model.x[-1], _RADII)
    energy = model.potential_at(x) - state.potential_minimum
    along = np.abs(x - state.center)[energy < model.frequency * widest**2].max(initial=0.0)
    return _WIDER * float(max(widest, along / model.x0))


def _error(state: Any) -> float:
    """Of W, beside its largest value."""
    known = getattr(state, "error", {})
    # An average over orbits is judged as it is: what it neglects is no error of this W.
    change = known.get("wigner", 0.0)
    edge = known.get("edge", getattr(state, "edge_weight", 0.0))
    return _MARGIN * (change + edge) + _LEAST


def averages(axis: np.ndarray, density: np.ndarray) -> tuple[float, complex, complex]:
    """⟨|α|²⟩, ⟨α²⟩ and ⟨α⟩; the rule converges exponentially."""
    alpha = axis[:, None] + 1j * axis
    weight = density / density.sum()
    return (
        float((weight * np.abs(alpha) ** 2).sum()),
        complex((weight * alpha**2).sum()),
        complex((weight * alpha).sum()),
    )


def _sharpness(axis: np.ndarray, density: np.ndarray) -> float:
    """Largest −∂² ln W along either axis, beside max(1, |α|)^{2/3}."""
    seen = density > _SEEN * density.max()
    log = np.log(np.where(seen, density, 1.0))
    scale = np.maximum(1.0, np.hypot(axis[:, None], axis)) ** (2.0 / 3.0)
    largest = 0.0
    for values, known, unit in ((log, seen, scale), (log.T, seen.T, scale.T)):
        bend = 2.0 * values[1:-1] - values[2:] - values[:-2]
        known = known[1:-1] & known[2:] & known[:-2]
        largest = max(largest, float((bend / unit[1:-1])[known].max(initial=0.0)))
    return largest / (axis[1] - axis[0]) ** 2


def _negative(w: OnPlane, radius: float, error: float, even: bool) -> tuple[str, ...]:
    levels = int(radius**2) + 16
    kind, lowest = "a population", None
    if levels <= _DENSE:
        # W that ends at the edge of a grid has no end of harmonics.
        with suppress(LeftGridError, UnresolvedError):
            rho = _fock.matrix(w, levels, radius, levels - 1, even)
            kind, lowest = "an eigenvalue of rho", float(np.linalg.eigvalsh(rho)[0])
    if lowest is None:
        lowest = float(_populations(w, min(levels, _MOST), radius).min())
    if lowest > -max(error, _TOLERATED):
        return ()
    return (f"{kind} is {lowest:.2g}, with an error of at most {error:.0e}",)


def _populations(w: OnPlane, levels: int, radius: float) -> np.ndarray:
    r, weight = radial_nodes(levels, radius)
    direction = np.exp(2j * np.pi * np.arange(_ANGLES) / _ANGLES)
    profile = np.array([w(s * direction.real, s * direction.imag).mean() for s in r])
    integrals = laguerre_integrals(levels, 4.0 * r**2, [0], (weight * r * profile)[None])
    return 4.0 * np.pi * np.where(np.arange(levels) % 2, -1.0, 1.0) * integrals[:, 0]
