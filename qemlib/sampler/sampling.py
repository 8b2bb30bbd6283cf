"""The Langevin equation (6) sampled by many walkers at once (Appendix C).

The default scheme, "rotation", is exact in each of its parts: an Ornstein-Uhlenbeck process of p at
fixed x, and the rotation of phase space by ω0Δt.  "euler" is the paper's, with the factors that
(C1) and (C2) lack put back; it and two others are here to be compared.  See
`qemlib.sampler.schemes`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from qemlib import _checks
from qemlib._progress import bar
from qemlib.errors import TooShortError
from qemlib.motion.model import LangevinModel
from qemlib.motion.orbit import refuse_other_than_model
from qemlib.sampler._interrupt import Interruptible
from qemlib.sampler._run import run as move
from qemlib.sampler._scheme import Scheme
from qemlib.sampler.ensemble import Ensemble
from qemlib.sampler.plan import Plan, Wishes
from qemlib.sampler.plan import plan as plan_of
from qemlib.sampler.result import SampledState
from qemlib.sampler.schemes import DEFAULT, euler_equivalent
from qemlib.states import positivity, wigner

__all__ = ["euler_equivalent", "sample"]

_STEPS, _SEED = 250_000_000, 1
# With a target error: the most steps to make unless the caller says.
_MOST_STEPS = 10**11
# A target is aimed at with this many times the steps that it seems to need.
_MARGIN = 1.05
# The orbit-averaged guess of the steps needed may be wrong by this factor before it is believed.
_DOUBT = 4.0
_TARGETS = ("phonon_number", "g2")


def sample(
    model: LangevinModel,
    steps: int | None = None,
    seed: int | None = None,
    *,
    walkers: int | None = None,
    step: float | None = None,
    scheme: str | Scheme | None = None,
    burn_in: float | None = None,
    trajectory: int | None = None,
    target_error: float | None = None,
    resume: SampledState | None = None,
    check: bool = True,
    progress: bool = True,
) -> SampledState:
    """Sample the steady state of (6) with many independent walkers.

    Ctrl-C ends a run early and gives what was sampled until then, marked as partial.

    Parameters
    ----------
    model : LangevinModel
    steps : int, optional
        Integration steps in all: over all walkers, burn-in included.  By default 2.5 × 10⁸.  With
        `target_error` the most that may be made, by default 10¹¹; with `resume` those already made
        count, and by default the run goes on to where it was to end.
    seed : int, optional
        One seed gives the same bits for any number of threads on one machine.  By default 1.
    walkers : int, optional
        A multiple of 128.  By default as many, up to 4096, as keep burn-in within a tenth of the
        steps.
    step : float, optional
        Δt (time, 1/energy), with ω0Δt ≤ 0.6.  Only "rotation" has a default: ω0Δt = 0.4, halved up
        to six times until the expected bias of ⟨|α|²⟩ is below 1e-4.  For a trajectory it is halved
        until it resolves the motion, too: friction γ needs a γΔt below one half.
    scheme : {"rotation", "euler", "symplectic", "baoab"} or Scheme, optional
        By default "rotation".
        Exact Ornstein-Uhlenbeck process and rotation; explicit Euler, Eqs. (C1) and (C2) with F/m
        and √D/m put back, in float64; symplectic Euler; BAOAB; or one of your own, see
        `qemlib.sampler.schemes.Scheme`.
    burn_in : float, optional
        Time for which each walker runs before it is recorded; by default eight relaxation times,
        of the energy or, where friction is strong, of the position.
    trajectory : int, optional
        Keep x and p of eight walkers at every so many steps after burn-in.  By default nothing
        but histograms and sums is kept, and memory does not depend on `steps`.
    target_error : float, optional
        Go on until the standard errors of `phonon_number` and of `g2` are below this fraction of
        them; where ⟨a†a⟩ is below 1/2, and may be 0, of 1/2 and of what that makes of g2.
    resume : SampledState, optional
        A run to go on with, interrupted or finished, which is left as it is.  The result has the
        same bits as a run that was never interrupted.  Of the other arguments only `steps`,
        `target_error`, `check` and `progress` may be given.
    check : bool
        Raise if the run is too short for its error bars to hold.  False gives the raw numbers.
    progress : bool
        Show a progress bar (tqdm, which the environment variable TQDM_DISABLE silences).

    Returns
    -------
    SampledState

    Raises
    ------
    TypeError
        If `model` is not a LangevinModel, or `resume` not a SampledState.
    ValueError
        If an argument is not allowed; if a step does not resolve the motion of which a trajectory
        is asked for; if `steps` do not cover burn-in and a record long enough for error bars; if
        the target error is below the expected bias of the scheme, or would clearly take more than
        `steps`.
    NoSteadyState, SeveralWells
        If `orbit_average` finds no bound state, or more than one well.
    LeftGridError
        If the grid does not hold the state, or a walker leaves the model's grid or overflows.
    TooShortError
        If, after all, walkers from different starts still differ, too few autocorrelation times
        were recorded, or the target error was not reached; it carries the run.

    Warns
    -----
    ClassicalStateWarning
        If W is no quantum state, as for T below ω0/2; see `qemlib.states.positivity`.

    Notes
    -----
    The rotation scheme: p ← a p + b + s ξ with a = e^{−γΔt}, b = F⟨n⟩(1 − a)/γ and
    s² = D(1 − a²)/2γ at fixed x, then x/x0 + ip/p0 turns by −ω0Δt.  Noise and friction are adapted
    to the orbit that this splitting follows, see `qemlib.sampler.schemes`.  It is recorded half-way
    through a rotation, where it is symmetric in time.

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
    refuse_other_than_model(model)
    if target_error is not None:
        target_error = _checks.positive("target_error", target_error)
    given = {"seed": seed, "scheme": scheme, "walkers": walkers, "step": step}
    given |= {"burn_in": burn_in, "trajectory": trajectory}
    if resume is None:
        ensemble = _started(model, steps, given, target_error, check)
    else:
        ensemble = _resumed(model, steps, given, target_error, resume)
    if target_error is None:
        return positivity.told(_run(ensemble, check, progress))
    return positivity.told(_run_to(target_error, ensemble, check, progress))


def _started(
    model: LangevinModel,
    steps: int | None,
    given: dict[str, Any],
    target_error: float | None,
    check: bool,
) -> Ensemble:
    """A new ensemble, with what the caller leaves open filled in."""
    if steps is None:
        steps = _STEPS if target_error is None else _MOST_STEPS
    chosen: dict[str, Any] = {"seed": _SEED, "scheme": DEFAULT}
    chosen |= {name: value for name, value in given.items() if value is not None}
    wishes = Wishes(steps=steps, target_error=target_error, check=check, **chosen)
    with positivity.untold():
        return Ensemble.start(plan_of(model, wishes))


def _run(ensemble: Ensemble, check: bool, progress: bool) -> SampledState:
    with _shown(ensemble, progress) as shown, Interruptible() as stop:
        move(ensemble, shown, stop)
    state = SampledState.of(ensemble, partial=ensemble.steps < ensemble.plan.steps)
    if check and not state.partial and state.shortcomings:
        raise TooShortError(
            f"steps must be more than {state.steps} for error bars that hold: "
            f"{'; '.join(state.shortcomings)}; check=False gives the raw numbers",
            state,
        )
    return state


def _run_to(target: float, ensemble: Ensemble, check: bool, progress: bool) -> SampledState:
    """Go on until the target is reached, each time as far as it seems to need."""
    limit = ensemble.plan
    _refuse_hopeless(target, limit)
    wanted = min(limit.strides, max(limit.strides_for(limit.steps_to(target)), limit.shortest))
    with _shown(ensemble, progress) as shown, Interruptible() as stop:
        while True:
            ensemble.plan = replace(limit, strides=max(wanted, ensemble.done))
            shown.total = ensemble.plan.steps
            move(ensemble, shown, stop)
            if stop.asked:
                ensemble.plan = limit
                return SampledState.of(ensemble, partial=True)
            state = SampledState.of(ensemble, partial=False)
            reached = _relative_error(state)
            if reached <= target and not (check and state.shortcomings):
                return state
            needed = int(ensemble.done * max(_MARGIN * (reached / target) ** 2, 1.1)) + 1
            if ensemble.done >= limit.strides:
                raise TooShortError(
                    f"target_error of {target:g} was not reached within {state.steps} steps: the "
                    f"relative error is {reached:.2g}, and about {limit.steps_for(needed):.2g} "
                    f"steps would be needed" + "".join(f"; {text}" for text in state.shortcomings),
                    state,
                )
            wanted = min(needed, limit.strides)


def _relative_error(run: SampledState) -> float:
    """The larger one of ⟨a†a⟩ and g2."""
    part = wigner.beside_vacuum(run.phonon_number)
    of_n, of_g2 = (run.standard_error(name) for name in _TARGETS)
    of_g2 = of_g2 * part**2 / abs(run.g2) if part > 0 else 0.0
    return max(of_n / max(abs(run.phonon_number), 0.5), of_g2)


def _refuse_hopeless(target: float, plan: Plan) -> None:
    if target < abs(plan.expected_bias):
        raise ValueError(
            f"target_error must be above the expected bias of scheme {plan.scheme.name!r} at step "
            f"{plan.step:.4g}, {abs(plan.expected_bias):.1e}, got {target!r}; take a smaller step"
        )
    needed = plan.steps_to(target)
    if needed > _DOUBT * plan.steps:
        raise ValueError(
            f"target_error of {target:g} cannot be reached within {plan.steps:.3g} steps: it takes "
            f"about {needed:.2g}; allow more `steps`"
        )


def _resumed(
    model: LangevinModel,
    steps: int | None,
    chosen: dict[str, Any],
    target_error: float | None,
    resume: SampledState,
) -> Ensemble:
    """The ensemble of an earlier run, with a plan that says where to end."""
    before = _checks.kind("resume", resume, SampledState)._ensemble
    plan = before.plan
    given = {name: value for name, value in chosen.items() if value is not None}
    if given:
        raise ValueError(
            f"{', '.join(chosen)} must be left out with `resume`, got "
            + ", ".join(f"{name}={value!r}" for name, value in given.items())
        )
    if not _same(model, plan.model):
        raise ValueError("model must be the one of the run to resume, got another")
    if steps is None:
        steps = plan.steps if target_error is None else max(_MOST_STEPS, plan.steps)
    strides = plan.strides_for(_checks.integer("steps", steps, 1))
    if strides < max(before.done, 1):
        raise ValueError(f"steps must be at least the {before.steps} already made, got {steps}")
    return before.extended(replace(plan, strides=strides))


def _same(a: LangevinModel, b: LangevinModel) -> bool:
    return a is b or (
        (a.mass, a.frequency) == (b.mass, b.frequency)
        and all(
            np.array_equal(getattr(a, name), getattr(b, name))
            for name in ("x", "force", "damping", "diffusion")
        )
    )


def _shown(ensemble: Ensemble, progress: bool) -> Any:
    return bar(
        progress,
        initial=ensemble.steps,
        total=ensemble.plan.steps,
        unit="step",
        unit_scale=True,
        desc="sample",
    )
