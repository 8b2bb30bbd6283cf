"""The stationary state of the Fokker-Planck equation (A24), deterministically.

W is expanded in Hermite functions of x and of p.  They are the symmetric ones, with half of the
Gaussian in the basis and half in the test functions, so that W itself is accurate point by point.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qemlib import _checks, positivity, wigner
from qemlib._errors import ConvergenceError
from qemlib._hermite import generator, hermite_functions, quadrature
from qemlib.langevin_model import LangevinModel
from qemlib.orbit import orbit_average

__all__ = ["ConvergenceError", "SteadyState", "steady_state"]

# The basis ends where the orbit-averaged W has fallen to this part of its maximum ...
_EDGE_OF_ESTIMATE = 1e-14
# ... and W found there must be below this part, else the basis is widened by the next factor.
_EDGE_ALLOWED = 1e-10
_WIDER = 1.15
_SIZES = (24, 36, 48, 64, 88, 116, 152, 196, 248)
# Inverse iteration leaves round-off of this size in the residual.
_ROUND_OFF = 1e-10
# What must stand still under refinement, and the points each way at which W is compared.
_CHANGES = ("phonon_number", "g2", "wigner")
_COMPARED = 81


@dataclass(frozen=True, eq=False)
class SteadyState(wigner.FromMoments):
    """Stationary solution of (A24).

    Attributes
    ----------
    model : LangevinModel
    coefficients : ndarray, shape (functions, functions)
        W(α) = Σ_jn c_jn h_j(x/x0) h_n(p/p0) in Hermite functions; rows are x, columns p.
    width : float
        Width of the Hermite functions, in units of x0 for x and of p0 for p.
    radius : float
        |α| within which the basis represents W.
    moments : tuple of float
        (⟨|α|²⟩, ⟨|α|⁴⟩).
    error : dict of str to float
        "phonon_number" and "g2": relative change under the last refinement of the basis;
        "wigner": largest change of W beside the largest W, point by point;
        "residual": ‖L W‖ in units of ‖W‖ over the relaxation time; "edge": largest |W| at
        `radius` beside the largest W.
    phonon_number, g2 : float
        ⟨a†a⟩ and g⁽²⁾(0), from moments, with no truncation of levels.
    """

    model: LangevinModel
    coefficients: np.ndarray
    width: float
    radius: float
    moments: tuple[float, float]
    error: dict[str, float]

    def __repr__(self):
        change = max(self.error[name] for name in _CHANGES)
        return (
            f"SteadyState(phonon_number={self.phonon_number:.10g}, g2={self.g2:.10g}; "
            f"{len(self.coefficients)} × {len(self.coefficients)} functions, relative change "
            f"under refinement {change:.0e}, residual {self.error['residual']:.0e}"
            f"{positivity.remark(self)})"
        )

    @property
    def squeezing(self) -> complex:
        """⟨a²⟩: zero for a rotationally symmetric state."""
        size = len(self.coefficients)
        node, weight = quadrature(size, self.width)
        alpha = node[:, None] + 1j * node
        return complex((weight[:, None] * self._on_grid(node, node) * weight * alpha**2).sum())

    def wigner(self, x, p) -> np.ndarray:
        """W(x, p), ∫dx dp W = 1; arrays broadcast.  Beyond `radius` it decays like the basis."""
        x = _checks.finite_array("x", x)
        p = _checks.finite_array("p", p)
        x, p = np.broadcast_arrays(x / self.model.x0, p / self.model.p0)
        # Points on a grid share rows and columns: evaluate each distinct value once.
        rows, row = np.unique(x, return_inverse=True)
        columns, column = np.unique(p, return_inverse=True)
        if rows.size * columns.size <= 4 * x.size:
            value = self._on_grid(rows, columns)[row.ravel(), column.ravel()]
        else:
            size = len(self.coefficients)
            in_p = self.coefficients @ hermite_functions(size, p.ravel(), self.width)
            value = (in_p * hermite_functions(size, x.ravel(), self.width)).sum(axis=0)
        return value.reshape(x.shape) / (self.model.x0 * self.model.p0)

    def radial_profile(self, r) -> np.ndarray:
        """Angular average of W(α) at |α| = r, ∫d²α W = 1; array of r's shape."""
        r = _checks.finite_array("r", r)
        functions = wigner.laguerre_functions(
            self._radial_coefficients.size, (r.ravel() / self.width) ** 2
        )
        return (self._radial_coefficients @ functions).reshape(r.shape)

    def populations(self, levels: int) -> np.ndarray:
        """Level populations ρ_nn, n = 0 … levels − 1, from the angular average of W."""
        return wigner.populations(self.radial_profile, levels, self.radius)

    def density_matrix(self, levels: int) -> np.ndarray:
        """ρ_nm with coherences, shape (levels, levels), in the oscillator's energy eigenbasis."""
        return wigner.density_matrix(self.wigner, levels, self.radius, self.model.x0, self.model.p0)

    @cached_property
    def _radial_coefficients(self):
        """The angular average of h_2a(x) h_2b(p) is h_2a(0) h_2b(0) e^{−z/2} L_{a+b}(z), z = r²/s².

        Both are eigenfunctions of the same two-dimensional oscillator, and agree at r = 0.
        """
        at_origin = hermite_functions(len(self.coefficients), np.zeros(1), self.width)[::2, 0]
        even = self.coefficients[::2, ::2] * np.outer(at_origin, at_origin)
        flipped = even[:, ::-1]
        count = len(even)
        return np.array([np.trace(flipped, count - 1 - k) for k in range(2 * count - 1)])

    def _on_grid(self, x, p):
        """W(α), ∫d²α W = 1, at all pairs of x and p in units of x0 and p0."""
        size = len(self.coefficients)
        rows = hermite_functions(size, x, self.width)
        return rows.T @ self.coefficients @ hermite_functions(size, p, self.width)


def steady_state(model: LangevinModel, rtol: float = 1e-8) -> SteadyState:
    """Stationary solution of the Fokker-Planck equation (A24).

    The extent of the basis comes from the orbit-averaged estimate, and is widened if W turns out
    not to have decayed at its edge.  The number of functions grows until ⟨a†a⟩, g2 and W, point by
    point, change by less than `rtol`.

    Parameters
    ----------
    model : LangevinModel
    rtol : float
        Largest relative change of ⟨a†a⟩ and g2, and of W beside its largest value, under the last
        refinement, from 1e-11 to 1e-2.

    Returns
    -------
    SteadyState
        Its `error` holds what was achieved.

    Raises
    ------
    ValueError
        If `rtol` is out of range, the model's grid is too small to hold the state, or friction is
        negative at every energy.
    ConvergenceError
        If the largest basis does not reach `rtol`.

    Warns
    -----
    ClassicalStateWarning
        If W is no quantum state, as for T below ω0/2; see `qemlib.positivity`.

    Notes
    -----
    The matrices are small: with one BLAS thread (OMP_NUM_THREADS=1, set before NumPy is loaded) the
    solver is several times faster than with many.

    Examples
    --------
    >>> from qemlib import LangevinModel, paper_device
    >>> model = LangevinModel.from_device(paper_device(voltage=0.0))
    >>> round(steady_state(model).phonon_number, 6)
    9.558312
    """
    rtol = _checks.positive("rtol", rtol)
    if not 1e-11 <= rtol <= 1e-2:
        raise ValueError(f"rtol must lie between 1e-11 and 1e-2, got {rtol!r}")
    with positivity.untold():
        estimate = orbit_average(model)
    radius = _radius(estimate)
    while True:
        state = _refine(model, radius, rtol, estimate.relaxation_time)
        if state.error["edge"] < _EDGE_ALLOWED:
            return positivity.told(state)
        radius *= _WIDER


def _radius(estimate):
    """|α| that holds all orbits of weight above `_EDGE_OF_ESTIMATE`."""
    weight = estimate.log_weight - estimate.log_weight.max()
    edge = np.log(_EDGE_OF_ESTIMATE)
    inside = np.flatnonzero(weight >= edge)[-1]
    reach = estimate.radius[min(inside + 1, weight.size - 1)]
    if inside == weight.size - 1:
        reach *= np.sqrt(edge / weight[-1])  # W falls roughly as a Gaussian
    # Orbits are circles around the minimum, up to what the charge does to the spring.
    return 1.03 * reach + abs(estimate.center) / estimate.model.x0


def _refine(model, radius, rtol, relaxation_time):
    room = min(-model.x[0], model.x[-1]) / model.x0
    if radius > room:
        raise ValueError(
            f"model: its grid, x from {model.x[0]:.6g} to {model.x[-1]:.6g}, is too small for the "
            f"steady state, which needs |x| up to {radius * model.x0:.6g}; "
            "build the model on a wider grid"
        )
    before = None
    for size in _SIZES:
        state = _solve(model, size, radius, relaxation_time)
        if before is not None:
            state.error.update(_changes(state, before))
            worst = max(state.error[name] for name in _CHANGES)
            if worst < rtol and state.error["residual"] < max(rtol, _ROUND_OFF):
                return state
        before = state
    raise ConvergenceError(
        f"steady_state: with {size} × {size} functions ⟨a†a⟩ = {state.phonon_number:.8g} still "
        f"changes by {state.error['phonon_number']:.1e} and g2 = {state.g2:.8g} by "
        f"{state.error['g2']:.1e}, W by {state.error['wigner']:.1e} of its largest value "
        f"(residual {state.error['residual']:.1e}); "
        f"rtol = {rtol:.1e} was asked for"
    )


def _changes(state, before):
    axis = np.linspace(-state.radius, state.radius, _COMPARED)
    density = state._on_grid(axis, axis)
    return {
        "phonon_number": abs(state.phonon_number / before.phonon_number - 1.0),
        "g2": abs(state.g2 / before.g2 - 1.0),
        "wigner": float(np.abs(density - before._on_grid(axis, axis)).max() / density.max()),
    }


def _solve(model, size, radius, relaxation_time):
    """Stationary state in size × size Hermite functions that turn at |x|/x0, |p|/p0 = radius."""
    width = radius / np.sqrt(2.0 * size + 1.0)
    coefficients, residual = generator(model, size, width).null_vector()
    node, weight = quadrature(size, width)
    functions = hermite_functions(size, node, width)
    density = functions.T @ coefficients @ functions
    square = node[:, None] ** 2 + node**2
    edge = np.abs(density[np.abs(square - radius**2) < radius * np.ptp(node) / node.size]).max()
    peak = np.abs(density).max()
    density = density * weight[:, None] * weight
    total = density.sum()
    return SteadyState(
        model=model,
        coefficients=coefficients / total,
        width=width,
        radius=radius,
        moments=tuple(float((density * square**k).sum() / total) for k in (1, 2)),
        error={
            **dict.fromkeys(_CHANGES, np.inf),
            "residual": residual * relaxation_time,
            "edge": float(edge / peak),
        },
    )
