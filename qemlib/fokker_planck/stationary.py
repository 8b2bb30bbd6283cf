"""The stationary state of the Fokker-Planck equation (A24), deterministically.

Its orbit average foretells the extent and the size of a basis; what does not hold W is widened and
refined.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qemlib import _checks
from qemlib.errors import ConvergenceError, LeftGridError, SeveralWells
from qemlib.fokker_planck import _slow
from qemlib.fokker_planck._sizes import LADDER, extent_of, sizes
from qemlib.fokker_planck._wells import state_of_wells
from qemlib.fokker_planck.basis import Basis, disk
from qemlib.fokker_planck.generator import generator_of
from qemlib.fokker_planck.state import CHANGES, SteadyState, changes_between
from qemlib.motion.model import LangevinModel
from qemlib.motion.orbit import OrbitAverage, orbit_average
from qemlib.states import positivity, wigner

__all__ = ["steady_state"]

# W found at the edge of the basis must be below this part of its maximum.  What is above it and
# known to a third of itself, or stays within such a factor for three sizes, is no error of a small
# basis: it is then widened.
_EDGE_ALLOWED, _KNOWN = 1e-10, 3.0
_WIDER = 1.15
# Inverse iteration leaves round-off of this size in the residual.
_ROUND_OFF = 1e-10
# Of ⟨|α|²⟩ and ⟨|α|⁴⟩; states next to the vacuum show a fifth of it.
_ROUND_OFF_OF_MOMENTS = 1e-12
# With N functions round-off leaves up to 2εN ω0 W of LW.  That makes W wrong by as much over the
# least singular value of L but the one that vanishes, and where friction is not strong this is a
# quarter of the slowest rate or more: tests/fokker_planck/test_round_off.py holds both.  For each
# function it is so much of itself times ω0 over that rate ...
_PER_FUNCTION = 4.0 * 2.0 * np.finfo(float).eps
# ... and W, where it relaxes fast, no better than where ω0 is this multiple of the rate.
_FEWEST_TURNS = 4.0
# Where the coefficients are rough the basis converges slowly: the last change times this bounds
# the error, and the edge holds what is below this part of `rtol`.
_SLOW, _ROUGH_EDGE = 3.0, 1e-2
# From the first size on it can be told whether it will; by this power of the size at best.
_ENOUGH_TO_TELL, _FASTEST = 88, 6.0


def steady_state(model: LangevinModel, rtol: float = 1e-8) -> SteadyState:
    """Stationary solution of the Fokker-Planck equation (A24).

    The extent of the basis comes from the orbit-averaged estimate, and is widened if W turns out
    not to have decayed at its edge.  The number of functions grows until ⟨a†a⟩, g2 and W, point by
    point, change by less than `rtol`.  Where the potential has several wells no orbit average
    foretells it: the basis is widened and refined until W leaves its highest functions empty.

    Parameters
    ----------
    model : LangevinModel
    rtol : float
        Largest relative change of ⟨a†a⟩ and g2, and of W beside its largest value, under the last
        refinement, from 1e-11 to 1e-2.  Where ⟨a†a⟩ is below 1/2, and may be 0, the changes are
        those of ⟨a†a⟩ beside 1/2 and of ⟨a†a†aa⟩ beside g2/4.

    Returns
    -------
    SteadyState
        Its `error` holds what was achieved.

    Raises
    ------
    TypeError
        If `model` is not a LangevinModel.
    ValueError
        If `rtol` is out of range.
    NoSteadyState, LeftGridError
        As `orbit_average`; the second also if W itself reaches the edge of the grid.
    ConvergenceError
        If the largest basis does not reach `rtol`.

    Warns
    -----
    ClassicalStateWarning
        If W is no quantum state, as for T below ω0/2; see `qemlib.states.positivity`.

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
    try:
        with positivity.untold():
            estimate = orbit_average(model)
    except SeveralWells:
        return positivity.told(state_of_wells(model, rtol))
    middle, radius = extent_of(estimate)
    room = min(middle - model.x[0] / model.x0, model.x[-1] / model.x0 - middle)
    _refuse_small_grid(model, _weight_at(estimate, room - abs(estimate.center / model.x0 - middle)))
    while True:
        state = _refine(estimate, middle, min(radius, room), rtol, last=radius >= room)
        if state.error["edge"] < _edge_allowed(model, rtol):
            return positivity.told(state)
        if radius >= room:
            _refuse_small_grid(model, state.error["edge"])
        radius *= _WIDER


def _refuse_small_grid(model: LangevinModel, weight: float) -> None:
    if weight > _EDGE_ALLOWED:
        raise LeftGridError(
            f"model: its grid, x from {model.x[0]:.6g} to {model.x[-1]:.6g}, is too small for the "
            f"steady state: at its edge W is {weight:.1e} of its largest value, at most "
            f"{_EDGE_ALLOWED:.0e} is allowed; build the model on a wider grid"
        )


def _weight_at(estimate: OrbitAverage, radius: float) -> float:
    """W of the orbit beside the heaviest one; W falls at least as beyond the widest orbit."""
    weight = estimate.log_weight - estimate.log_weight.max()
    return float(np.exp(np.interp(radius, estimate.radius, weight)))


def _edge_allowed(model: LangevinModel, rtol: float) -> float:
    return max(_EDGE_ALLOWED, _ROUGH_EDGE * rtol) if model.rough else _EDGE_ALLOWED


def _refine(
    estimate: OrbitAverage, middle: float, radius: float, rtol: float, last: bool
) -> SteadyState:
    """The state in the smallest basis that does not change; or one that finds W at the edge.

    In the `last` basis that the grid has room for, W at the edge must be known to be there.
    """
    rough = bool(estimate.model.rough)
    before: SteadyState | None = None
    edges: list[float] = []
    worst_before = np.inf
    for size in sizes(estimate, middle, radius, rtol):
        state = _solve(estimate, size, middle, radius, rtol)
        if before is not None:
            changes = changes_between(state, before)
            if rough:
                changes = dict.fromkeys(changes, _SLOW * max(changes.values()))
            state = replace(state, error={**state.error, **changes})
            worst = max(changes.values())
            edge = state.error["edge"]
            still = worst < rtol and state.error["residual"] < _residual_allowed(rtol)
            over = edge - _edge_allowed(estimate.model, rtol)
            edges = [*edges[-2:], edge]
            stays = len(edges) > 2 and max(edges) < _KNOWN * min(edges) and not (rough or last)
            if (still and over < 0) or (over > 0 and (stays or edge > _KNOWN * changes["wigner"])):
                return _as_stated(state)
            if rough and worst > rtol and _hopeless(size, worst, worst_before, rtol):
                break
            worst_before = worst
        before = state
    kind = f" (rough {', '.join(estimate.model.rough)})" if rough else ""
    raise ConvergenceError(
        f"steady_state: with {size} × {size} functions{kind} ⟨a†a⟩ = {state.phonon_number:.8g} "
        f"still changes by {state.error['phonon_number']:.1e} and g2 = {state.g2:.8g} by "
        f"{state.error['g2']:.1e}, W by {state.error['wigner']:.1e} of its largest value "
        f"(residual {state.error['residual']:.1e}, W at the edge {state.error['edge']:.1e}); "
        f"rtol = {rtol:.1e} was asked for"
    )


def _as_stated(state: SteadyState) -> SteadyState:
    """The state with errors of ⟨a†a⟩ and g2 in units of their own.

    They are not below what is left of (A24), as that of W is not, nor below what W does to ⟨|α|²⟩
    beyond the edge, where it goes on as a Gaussian, nor below the round-off of moments, which
    cancel next to the vacuum.
    """
    edge = state.error["edge"]
    beyond = edge * (1.0 - np.log(edge)) if edge > 0 else 0.0
    least = max(state.error["residual"], beyond, _ROUND_OFF_OF_MOMENTS)
    part = wigner.beside_vacuum(state.phonon_number)
    stated = {
        name: wigner.relative(max(state.error[name], least), part**power)
        for power, name in enumerate(("phonon_number", "g2"), start=1)
    }
    stated["wigner"] = max(state.error["wigner"], state.error["residual"])
    return replace(state, error={**state.error, **stated})


def _hopeless(size: int, worst: float, worst_before: float, rtol: float) -> bool:
    """True if changes that fall by a power of the size stay far above rtol at the largest size."""
    if size <= _ENOUGH_TO_TELL:
        return False
    step = size / LADDER[LADDER.index(size) - 1]
    order = np.clip(np.log(worst_before / worst) / np.log(step), 0.0, _FASTEST)
    return worst * (size / LADDER[-1]) ** order > 10.0 * rtol


def _solve(
    estimate: OrbitAverage, size: int, middle: float, radius: float, rtol: float
) -> SteadyState:
    """Stationary state in size × size Hermite functions that turn at `radius` from `middle`."""
    model, basis = estimate.model, disk(size, radius, middle)
    coefficients, residual = _coefficients(estimate, basis, rtol)
    node, weight = basis.nodes
    density = basis.at_nodes(coefficients)
    from_middle = node[:, None] ** 2 + node**2
    at_edge = np.abs(from_middle - radius**2) < radius * np.ptp(node) / node.size
    edge = np.abs(density[at_edge]).max() / np.abs(density).max()
    density = density * weight[:, None] * weight
    total = density.sum()
    square = np.abs(basis.alpha) ** 2
    second, fourth = (float((density * square**k).sum() / total) for k in (1, 2))
    return SteadyState(
        model=model,
        coefficients=coefficients / total,
        center=middle * model.x0,
        width=basis.width,
        radius=radius,
        moments=(second, fourth),
        error={
            **dict.fromkeys(CHANGES, np.inf),
            "residual": float(residual),
            "edge": float(edge),
        },
    )


def _coefficients(estimate: OrbitAverage, basis: Basis, rtol: float) -> tuple[np.ndarray, float]:
    """Coefficients of W, and what is left of (A24) as `SteadyState.error` defines it."""
    model, frequency = estimate.model, estimate.model.frequency
    # The energy relaxes at the friction's rate, an overdamped position at ω0²/γ.
    slowest = max(estimate.relaxation_time, np.abs(estimate.friction).max() / frequency**2)
    turns, round_off = frequency * slowest, _PER_FUNCTION * basis.size
    if round_off * turns < 0.1 * rtol:
        blocks = generator_of(model, basis)
        coefficients = blocks.null_vector()
        residual = blocks.residual(coefficients) * slowest
        return coefficients, max(residual, round_off * max(turns, _FEWEST_TURNS))
    coefficients, residual, growth = _slow.solved(estimate, basis)
    return coefficients, max(residual, round_off * _FEWEST_TURNS * growth)


def _residual_allowed(rtol: float) -> float:
    return max(rtol, _ROUND_OFF)
