"""One device by one method, in numbers: the adiabatic equation, orbits, and the hierarchy.

Each function gives what it found, what that may be wrong by, and how it was found.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from qemlib.devices.device import Device
from qemlib.fokker_planck.stationary import steady_state
from qemlib.heom.cut_offs import at_cut_offs
from qemlib.heom.solver import full_quantum
from qemlib.motion.amplitude_state import averaged_state
from qemlib.motion.averaged_model import AveragedModel
from qemlib.motion.model import LangevinModel
from qemlib.states.contract import State
from qemlib.states.quantum import held_populations
from qemlib.states.work import ergotropy

__all__ = ["Found", "adiabatic", "cut_off", "fano_factor", "hierarchy", "orbits"]

# Of populations that are looked at: what levels beyond may hold.
_BEYOND = 1e-10
# How much less exact the second solution of a pair is, whose difference is an error.
_COARSER = 4.0
_TWICE = 2.0
_MEMORY = 5e9  # bytes
# W at the last amplitude, beside the largest, where the state should end by itself.
_EDGE = 1e-8


@dataclass(frozen=True)
class Found:
    """What a method says of a device.

    Attributes
    ----------
    results : dict of str to float
        "phonon_number"; "g2"; "ergotropy" of the populations and, if asked for,
        "total_ergotropy" (energy); "fullest", the most populated level; and what else the method
        tells.
    error : dict of str to float
        Estimated absolute errors of some of these.
    settings : dict
        How it was found.
    """

    results: dict[str, float]
    error: dict[str, float] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


def fano_factor(phonon_number: float, g2: float) -> float:
    """(⟨n²⟩ − ⟨n⟩²)/⟨n⟩ of the phonons.

    Examples
    --------
    Of a thermal state, and of a coherent one:

    >>> fano_factor(3.0, 2.0), fano_factor(3.0, 1.0)
    (4.0, 1.0)
    """
    return 1.0 + phonon_number * (g2 - 1.0)


def adiabatic(
    device: Device,
    noise_at: str = "zero",
    rtol: float = 1e-7,
    total: bool = False,
    levels: bool = True,
) -> Found:
    """The paper's equation (A24), exactly; or with the noise at ±ω0.

    Without `levels` no population is looked at, of which large rings have too many.

    Examples
    --------
    >>> from qemlib import paper_device
    >>> found = adiabatic(paper_device(10.0))
    >>> round(found.results["phonon_number"], 4), found.results["fullest"]
    (42.1346, 17)
    """
    state = steady_state(LangevinModel.from_device(device, noise_at=noise_at), rtol)
    results = _numbers(state, total) if levels else _moments(state)
    return Found(results, _errors(state), {"rtol": rtol, "noise_at": noise_at})


def orbits(
    device: Device,
    reach: float | None = None,
    rtol: float = 1e-6,
    total: bool = False,
    damping: float = 0.0,
    levels: bool = True,
) -> Found:
    """Electrons with memory along the orbits.

    With a `reach` in units of x0 the state ends there: what lies beyond a ring that lasts long is
    left out, and so are numbers that would feel the edge.  An oscillator that also loses energy by
    itself, at a rate `damping`, must have come to its end there.  Without `levels` no population is
    looked at.

    Examples
    --------
    >>> from qemlib import paper_device
    >>> found = orbits(paper_device(10.0))
    >>> round(found.results["phonon_number"], 1), found.results["fullest"]
    (48.6, 21)
    """
    far = None if reach is None else reach * device.oscillator.x0
    model = AveragedModel.from_device(device, rtol, reach=far)
    if damping:
        model = model.with_damping(damping)
    return _of_averaged(model, rtol, total, levels, cut=reach is not None and not damping)


def hierarchy(device: Device, accuracy: float, total: bool = False) -> Found:
    """Nothing eliminated, with the cut-offs that an accuracy asks for.

    Examples
    --------
    >>> from qemlib import paper_device
    >>> found = hierarchy(paper_device(0.0), accuracy=0.01)
    >>> round(found.results["phonon_number"], 2), found.results["fullest"]
    (9.57, 0)
    """
    state, coarser = (
        full_quantum(device, each, memory_limit=_MEMORY, progress=False)
        for each in (accuracy, min(0.1, _COARSER * accuracy))
    )
    results, rough = _numbers(state, total), _numbers(coarser, total)
    results |= {"occupation": state.occupation, "current": state.current}
    error = _errors(state)
    for name in ("occupation", "current"):
        error[name] = state.error[name]
    for name in results.keys() & {"ergotropy", "total_ergotropy"}:
        error[name] = _TWICE * abs(results[name] - rough[name])
    settings = {"accuracy": accuracy, **asdict(state.resolution), "changes": dict(state.changes)}
    return Found(results, error, settings)


def cut_off(device: Device, **cut_offs: Any) -> Found:
    """Nothing eliminated, at the cut-offs of `at_cut_offs`; no error, and the last level's part.

    Examples
    --------
    >>> from qemlib import paper_device
    >>> found = cut_off(paper_device(0.0), levels=150, bandwidth=3)
    >>> round(found.results["phonon_number"], 2), found.results["top"] < 1e-6
    (9.57, True)
    """
    found = at_cut_offs(device, **cut_offs)
    p = found.populations
    results = {
        "phonon_number": found.phonon_number,
        "g2": found.g2,
        "ergotropy": ergotropy(np.maximum(p, 0.0), device.oscillator.frequency * np.arange(p.size)),
        "fullest": int(p.argmax()),
        "top": float(p[-1]),
        "least": float(p.min()),
        "occupation": found.occupation,
        "current": found.current,
    }
    return Found(results, {}, cut_offs)


def _moments(state: State) -> dict[str, float]:
    """What two moments tell."""
    return {"phonon_number": state.phonon_number, "g2": state.g2}


def _numbers(state: State, total: bool) -> dict[str, float]:
    """What is asked of any state; its total ergotropy takes its coherences."""
    results = _moments(state) | {
        "ergotropy": ergotropy(state, coherences=False),
        "fullest": int(held_populations(state, _BEYOND).argmax()),
    }
    return results | {"total_ergotropy": ergotropy(state)} if total else results


def _errors(state: State) -> dict[str, float]:
    """Absolute errors from the relative ones of a state."""
    return {
        "phonon_number": state.error["phonon_number"] * state.phonon_number,
        "g2": state.error["g2"] * state.g2,
    }


def _of_averaged(model: AveragedModel, rtol: float, total: bool, levels: bool, cut: bool) -> Found:
    state = averaged_state(model, edge_weight=1.0 if cut else _EDGE)
    settings = {
        "rtol": rtol,
        "amplitudes": model.amplitudes.size,
        "reach": float(model.amplitudes[-1]) / model.x0,
    }
    if cut:
        at_peak = float(state.amplitude[state.log_weight.argmax()]) / model.x0
        settings["edge_weight"] = state.edge_weight
        results = _moments(state) | {"fullest": round(at_peak**2)}
        return Found(results, _errors(state), settings)
    if not levels:
        return Found(_moments(state), _errors(state), settings)
    results = _numbers(state, total)
    error = _errors(state) | _error_of_work(model, results)
    return Found(results, error, settings)


def _error_of_work(model: AveragedModel, results: dict[str, float]) -> dict[str, float]:
    """What the errors of the coefficients make of the ergotropy, and what averages leave out."""
    here, change = results["ergotropy"], 0.0
    changes = [
        {name: getattr(model, name) + model.error[name]}
        for name in ("friction", "amplitude_diffusion", "frequency_shift")
    ]
    for each in (*changes, {"friction": model.friction + model.open_friction}):
        other = averaged_state(replace(model, **each), edge_weight=_EDGE)
        change += abs(ergotropy(other, coherences=False) - here)
    return dict.fromkeys(results.keys() & {"ergotropy", "total_ergotropy"}, change)
