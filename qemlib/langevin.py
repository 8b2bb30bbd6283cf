"""The Langevin equation (6) sampled by many walkers at once (Appendix C).

Two schemes.  "rotation", the default, is exact in each of its parts: an Ornstein-Uhlenbeck process
of p at fixed x, and the rotation of phase space by ω0Δt.  "euler" is the paper's, with the factors
that (C1) and (C2) lack put back; it is here to be examined.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qemlib import _checks
from qemlib._ensemble import LeftGridError, Plan, run
from qemlib._kernels import LANES
from qemlib.langevin_model import LangevinModel
from qemlib.orbit import orbit_average
from qemlib.sampled_state import SampledState

__all__ = ["LeftGridError", "euler_equivalent", "sample"]

_SCHEMES = ("euler", "rotation")
# ω0Δt of the rotation scheme.  Its bias grows as Δt² and stays below 0.1 % up to the larger angle;
# beyond, the discrete rotation comes near resonances with the nonlinear force.
_ANGLE = 0.4
_LARGEST_ANGLE = 0.6
_BURN_IN = 8.0  # relaxation times
_SHORTEST_RECORD = 4.0  # relaxation times that each walker must be recorded for
_BURN_IN_SHARE = 0.1  # of the steps: more walkers would waste more on it
_MOST_WALKERS = 4096
# Steps between records: 2.4 rad at the default angle, so that α, α² and α⁴ are seen from all sides.
_INTERVAL = 6
_MOST_TRACKED_POINTS = 10**7


def sample(
    model: LangevinModel,
    steps: int = 250_000_000,
    seed: int = 1,
    *,
    walkers: int | None = None,
    step: float | None = None,
    scheme: str = "rotation",
    burn_in: float | None = None,
    trajectory: int | None = None,
    progress: bool = True,
) -> SampledState:
    """Sample the steady state of (6) with many independent walkers.

    Parameters
    ----------
    model : LangevinModel
    steps : int
        Integration steps in all: over all walkers, burn-in included.
    seed : int
        One seed gives the same bits for any number of threads on one machine.
    walkers : int, optional
        A multiple of 64.  By default as many, up to 4096, as keep burn-in within a tenth of the
        steps.
    step : float, optional
        Δt (time, 1/energy), with ω0Δt ≤ 0.6.  By default ω0Δt = 0.4 for "rotation"; "euler" has no
        default, because no step is both small enough for its bias and large enough for its cost.
    scheme : {"rotation", "euler"}
        Exact Ornstein-Uhlenbeck process and rotation, in float32; or explicit Euler, Eqs. (C1) and
        (C2) with F/m and √D/m put back, in float64.
    burn_in : float, optional
        Time for which each walker runs before it is recorded; by default eight relaxation times.
    trajectory : int, optional
        Keep x and p of eight walkers at every so many steps after burn-in.  By default nothing
        but histograms and sums is kept, and memory does not depend on `steps`.
    progress : bool
        Show a progress bar (tqdm, which the environment variable TQDM_DISABLE silences).

    Returns
    -------
    SampledState

    Raises
    ------
    ValueError
        If an argument is not allowed; if `orbit_average` finds no bound state on the model's grid;
        if `steps` do not cover burn-in and four more relaxation times of the fewest walkers.
    LeftGridError
        If a walker leaves the model's grid.

    Notes
    -----
    The rotation scheme: p ← a p + b + s ξ with a = e^{−γΔt}, b = F⟨n⟩(1 − a)/γ and
    s² = D(1 − a²)/2γ at fixed x, then x/x0 + ip/p0 turns by −ω0Δt.  Its bias is of order Δt².
    It is recorded half-way through a rotation, where it is symmetric in time.

    Explicit Euler acts as if γ(x) were γ(x) − [ω0² − (F/m)∂ₓ⟨n⟩]Δt; its burn-in is chosen for that.

    Walkers start at random phases and from orbits of all sizes, from rest to beyond the ring.

    Examples
    --------
    A linear oscillator at temperature D/2mγ = 1.25, where ⟨|α|²⟩ = 1.25/ω0 = 2.5:

    >>> import numpy as np
    >>> from qemlib import LangevinModel
    >>> x = np.linspace(-25.0, 25.0, 101)
    >>> zero = np.zeros_like(x)
    >>> model = LangevinModel(1.0, 0.5, x, zero, damping=zero + 0.02, diffusion=zero + 0.05)
    >>> run = sample(model, steps=1_000_000, seed=1, progress=False)
    >>> abs(run.phonon_number - 2.0) < 5 * run.standard_error("phonon_number")
    True
    """
    if not isinstance(model, LangevinModel):
        raise ValueError(f"model must be a LangevinModel, got {model!r}")
    seed = _checks.integer("seed", seed, 0)
    plan = _plan(model, steps, walkers, step, scheme, burn_in, trajectory)
    return run(plan, seed, progress)


def euler_equivalent(model: LangevinModel, step: float) -> LangevinModel:
    """The model that explicit Euler solves in place of the one it is given, to first order in Δt.

    Advancing x with the old velocity feeds energy in: each step turns phase space and stretches it.
    This acts as a damping rate γ(x) − [ω0² − (F/m)∂ₓ⟨n⟩]Δt.

    Parameters
    ----------
    model : LangevinModel
    step : float
        Δt (time), positive.

    Returns
    -------
    LangevinModel
        The same but for its damping; its steady state may need a wider grid.

    Raises
    ------
    ValueError
        If `step` is not finite and positive.
    """
    step = _checks.positive("step", step)
    stiffness = model.frequency**2 - np.gradient(model.force, model.x) / model.mass
    return replace(model, damping=model.damping - stiffness * step)


def _plan(model, steps, walkers, step, scheme, burn_in, trajectory):
    """Check the arguments and settle what they leave open."""
    steps = _checks.integer("steps", steps, 1)
    if scheme not in _SCHEMES:
        raise ValueError(f"scheme must be one of {list(_SCHEMES)}, got {scheme!r}")
    euler = scheme == "euler"
    step = _step(model, step, euler)
    interval = _INTERVAL
    if trajectory is not None:
        trajectory = _checks.integer("trajectory", trajectory, 1)
        interval = max(n for n in range(1, _INTERVAL + 1) if trajectory % n == 0)
    estimate = orbit_average(euler_equivalent(model, step) if euler else model)
    relaxation = estimate.relaxation_time
    if burn_in is None:
        burn_in = _BURN_IN * relaxation
    elif (burn_in := _checks.finite("burn_in", burn_in)) < 0:
        raise ValueError(f"burn_in must not be negative, got {burn_in!r}")
    burn_in = int(np.ceil(burn_in / (interval * step)))
    if walkers is None:
        walkers = _walkers(steps, burn_in * interval)
    walkers = _checks.integer("walkers", walkers, LANES)
    if walkers % LANES:
        raise ValueError(f"walkers must be a multiple of {LANES}, got {walkers}")
    strides = steps // (walkers * interval) - burn_in
    shortest = int(np.ceil(_SHORTEST_RECORD * relaxation / (interval * step)))
    if strides < shortest:
        raise ValueError(
            f"steps must be at least {walkers * interval * (burn_in + shortest)} for {walkers} "
            f"walkers, got {steps}: each needs {burn_in * interval} steps of {step:.4g} for "
            f"burn-in and {shortest * interval} for {_SHORTEST_RECORD:g} relaxation times of "
            f"{relaxation:.4g}"
        )
    if trajectory is not None:
        most, fewest = strides * interval, -(-strides * interval // _MOST_TRACKED_POINTS)
        if not fewest <= trajectory <= most:
            raise ValueError(
                f"trajectory must lie between {fewest} and {most} steps for the {most} recorded "
                f"steps of each walker, got {trajectory}"
            )
    return Plan(model, estimate, scheme, walkers, step, interval, burn_in, strides, trajectory)


def _step(model, step, euler):
    omega0 = model.frequency
    if step is None and euler:
        raise ValueError(
            "step must be given for scheme 'euler', got None: its damping is lowered by about "
            f"ω0²Δt, so ω0²Δt must be far below γ(x); ω0² = {omega0**2:.4g}"
        )
    if step is None:
        return _ANGLE / omega0
    step = _checks.positive("step", step)
    if step * omega0 > _LARGEST_ANGLE:
        raise ValueError(
            f"step must be at most {_LARGEST_ANGLE}/ω0 = {_LARGEST_ANGLE / omega0:.6g}, beyond "
            f"which the bias exceeds 0.1 % and resonances are near, got {step!r}"
        )
    return step


def _walkers(steps, burn_in_steps):
    walkers = LANES
    while walkers < _MOST_WALKERS and 2 * walkers * burn_in_steps <= _BURN_IN_SHARE * steps:
        walkers *= 2
    return walkers
