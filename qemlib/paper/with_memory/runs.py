"""The comparisons that take minutes, and what runs them: `make full-quantum`.

Each run is a function of parameters.  Its records are kept one by one as they are finished, so that
an interrupted run goes on where it was.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qemlib import _progress
from qemlib.devices.device import paper_device
from qemlib.errors import QemError
from qemlib.paper.with_memory import measures, thresholds
from qemlib.paper.with_memory.devices import (
    at_infinite_bias,
    slowed,
    with_quantum,
    with_ratios,
)
from qemlib.paper.with_memory.measures import Found
from qemlib.paper.with_memory.recorded import FILE, Record, versions, write

__all__ = ["RUNS", "Run", "main", "measured", "tasks"]

# The coupling of the sweep is at this voltage, where there is a ring, and so is the map.
_VOLTAGE, _FAR_ABOVE = 10.0, 16.0
# Devices of the map: ω0/Γ and λ/Γ, with the Γ = 2 of the paper.
_RATE = 2.0
# Of the series from few to many phonons: ω0/Q over λ², and levels that hold the ring for each ħ.
# Electrons at rest drive with 0.0213 λ²; the ring is where they drive with the former.
_DAMPING = 0.015
_LEVELS = {0.1: 1100, 0.25: 700, 0.5: 550, 1.0: 450, 2.0: 400, 4.0: 400}
# Levels that hold the ring at infinite bias for each η: ten times the phonons from first to last.
_SLOWED = {0.65: 2300, 0.5: 2850, 0.385: 3850, 0.296: 5400, 0.2275: 7900, 0.175: 12000}


@dataclass(frozen=True)
class Run:
    """One comparison.

    Attributes
    ----------
    about : str
        What it compares.
    function : callable
        From parameters to what was found.
    calls : tuple of dict
        The parameters of its records.
    """

    about: str
    function: Callable[..., Found]
    calls: tuple[dict[str, Any], ...]


def voltages(voltage: float, method: str, accuracy: float = 0.0) -> Found:
    """The paper's device by four methods."""
    device = paper_device(voltage)
    if method == "hierarchy":
        return measures.hierarchy(device, accuracy, total=True)
    if method == "orbits":
        return measures.orbits(device, total=True)
    noise_at = "oscillator" if method == "noise at omega0" else "zero"
    return measures.adiabatic(device, noise_at, total=True)


def ring(method: str, levels: int, bandwidth: int = 0) -> Found:
    """The ring of the paper's device at infinite bias, cut at the same |α|² in both methods.

    No state is bound there: beyond the cut, wide orbits gain energy again.
    """
    device = at_infinite_bias()
    if method == "hierarchy":
        return measures.cut_off(device, levels=levels, bandwidth=bandwidth, depth=4)
    return measures.orbits(device, reach=float(np.sqrt(levels)))


def phonons(planck: float, method: str, levels: int = 0) -> Found:
    """A ring at infinite bias with few phonons or many, damped so that it is bound."""
    device = with_quantum(at_infinite_bias(), planck)
    damping = _DAMPING * device.coupling**2
    if method == "hierarchy":
        return measures.cut_off(device, levels=levels, bandwidth=12, depth=4, damping=damping)
    swing = 2.0 + 4.0 * float(np.sqrt(planck))
    return measures.orbits(device, swing / (2.0 * device.coupling), damping=damping)


def slowness(eta: float, method: str) -> Found:
    """ω0 and λ in proportion to η: how fast the adiabatic equation becomes right."""
    return _of_method(slowed(paper_device(_VOLTAGE), eta), method)


def slow_rings(eta: float, method: str, levels: int = 0, bandwidth: int = 0) -> Found:
    """The same at infinite bias, where nothing stands in for the full answer."""
    device = slowed(at_infinite_bias(), eta)
    if method == "hierarchy":
        return measures.cut_off(device, levels=levels, bandwidth=bandwidth, depth=4)
    if method == "orbits":
        return measures.orbits(device, levels=False)
    return measures.adiabatic(device, levels=False)


def ratios(frequency_over_rate: float, coupling_over_rate: float, method: str) -> Found:
    """Another ω0 and λ beside the same electrons."""
    return _of_method(
        with_ratios(
            paper_device(_FAR_ABOVE), _RATE * frequency_over_rate, _RATE * coupling_over_rate
        ),
        method,
    )


def couplings(coupling: float, method: str, accuracy: float = 0.0) -> Found:
    """Another λ at a fixed voltage."""
    device = paper_device(_VOLTAGE)
    device = with_ratios(device, device.oscillator.frequency, coupling)
    if method == "hierarchy":
        return measures.hierarchy(device, accuracy)
    return _of_method(device, method)


def inversions(planck: float, method: str, **chosen: int) -> Found:
    """Voltage at which p_1 = p_0; or, with the method "at rest", at which friction is zero."""
    device, bracket = with_quantum(paper_device(), planck), (8.2, 8.4 + 0.4 * planck)
    if method == "at rest":
        return thresholds.at_rest(device, bracket)
    return thresholds.inversion(device, method, bracket, **chosen)


def _of_method(device: Any, method: str) -> Found:
    return measures.orbits(device) if method == "orbits" else measures.adiabatic(device)


def _calls(**lists: Any) -> tuple[dict[str, Any], ...]:
    """All combinations of what the lists hold, the last varying fastest."""
    result: list[dict[str, Any]] = [{}]
    for name, values in lists.items():
        result = [{**known, name: value} for known in result for value in values]
    return tuple(result)


def _of_few_levels(**lists: Any) -> tuple[dict[str, Any], ...]:
    """Calls of the hierarchy of which the lowest levels are wanted."""
    return _calls(**lists, method=["hierarchy"], levels=[12], bandwidth=[4])


def _rounded(values: np.ndarray) -> list[float]:
    return [float(f"{value:.4g}") for value in values]


_ETAS = _rounded(np.geomspace(0.45, 1.0, 5))
_FAST, _STRONG = [0.025, 0.05, 0.1, 0.15, 0.2], [0.025, 0.05, 0.1, 0.2]

RUNS: dict[str, Run] = {
    "voltages": Run(
        "The paper's device over V, by four methods.",
        voltages,
        _calls(
            voltage=[0.0, 3.0, 6.0, 8.0, 9.0, 10.0, 12.0, 14.0, 16.0, 20.0],
            method=["adiabatic", "noise at omega0", "orbits"],
        )
        + _calls(voltage=[0.0, 3.0, 6.0, 8.0], method=["hierarchy"], accuracy=[0.003])
        + _calls(voltage=[10.0], method=["hierarchy"], accuracy=[0.01])
        + _calls(voltage=[16.0], method=["hierarchy"], accuracy=[0.03]),
    ),
    "ring": Run(
        "The ring of the paper's device at infinite bias, cut at the same number of levels.",
        ring,
        _calls(method=["orbits"], levels=[1100, 1300, 1500, 1800, 2200])
        + _calls(method=["hierarchy"], levels=[1100, 1300, 1500, 1800, 2200], bandwidth=[20])
        + _calls(method=["hierarchy"], levels=[1100], bandwidth=[4, 8, 12, 16, 28]),
    ),
    "phonons": Run(
        "A ring of few or many phonons at infinite bias, by orbits and by the hierarchy.",
        phonons,
        _calls(planck=list(_LEVELS), method=["orbits"])
        + tuple(
            {"planck": planck, "method": "hierarchy", "levels": levels}
            for planck, levels in _LEVELS.items()
        ),
    ),
    "slowness": Run(
        "The error of the adiabatic equation as the motion slows down.",
        slowness,
        _calls(eta=_ETAS, method=["adiabatic", "orbits"]),
    ),
    "slow rings": Run(
        "The same at infinite bias, against the hierarchy.",
        slow_rings,
        _calls(eta=list(_SLOWED), method=["adiabatic", "orbits"])
        + tuple(
            {"eta": eta, "method": "hierarchy", "levels": levels, "bandwidth": bandwidth}
            for eta, levels in _SLOWED.items()
            for bandwidth in (12, 16)
        ),
    ),
    "inversions": Run(
        "Where the populations invert, as the phonons become many.",
        inversions,
        _calls(planck=[1.0], method=["at rest", "adiabatic"])
        + _calls(planck=[0.25, 0.5, 1.0, 2.0], method=["orbits"])
        + _of_few_levels(planck=[0.25, 0.5, 1.0, 2.0], depth=[2], pade_terms=[3])
        + _of_few_levels(planck=[1.0], depth=[2, 3], pade_terms=[2]),
    ),
    "couplings": Run(
        "Another coupling at V = 10.",
        couplings,
        _calls(coupling=[0.05, 0.07, 0.1, 0.14, 0.2], method=["adiabatic", "orbits"])
        + _calls(coupling=[0.07, 0.1, 0.14], method=["hierarchy"], accuracy=[0.03]),
    ),
    "ratios": Run(
        "Another frequency and coupling at V = 16.",
        ratios,
        _calls(
            frequency_over_rate=_FAST, coupling_over_rate=_STRONG, method=["adiabatic", "orbits"]
        ),
    ),
}


def tasks() -> Iterator[tuple[str, dict[str, Any]]]:
    """Run and parameters of every record, in order."""
    for name, run in RUNS.items():
        for parameters in run.calls:
            yield name, parameters


def measured(run: str, parameters: dict[str, Any]) -> Record:
    """One record; what has no state is one with the sentence that says so.

    Examples
    --------
    >>> record = measured("voltages", {"voltage": 0.0, "method": "orbits"})
    >>> round(record.results["phonon_number"], 2)
    9.56
    """
    start = time.perf_counter()
    try:
        found = RUNS[run].function(**parameters)
    except QemError as refusal:
        return Record(run, parameters, refusal=str(refusal), seconds=_since(start))
    return Record(run, parameters, **asdict(found), seconds=_since(start))


def main(*names: str, folder: Path = Path("data"), path: Path = FILE) -> None:
    """Do all that is not done, keep it in `folder`, and write the file of the package.

    Parameters
    ----------
    *names : str
        Runs, in this order; all of them by default.  What others gave is kept.
    folder : Path
        Where each record goes as soon as it is finished.
    path : Path
        The file that is written, also when this is interrupted, with what is done by then.

    Notes
    -----
    Records of other versions than those at work are computed again.
    """
    folder.mkdir(exist_ok=True)
    kept = folder / "full-quantum.jsonl"
    done = _kept(kept)
    wanted = [Record(name, parameters) for name, parameters in tasks()]
    todo = [
        task
        for name in names or RUNS
        for task in wanted
        if task.run == name and task.key not in done
    ]
    try:
        with kept.open("a", encoding="utf-8") as file:
            for task in _progress.bar(iterable=todo, desc="full quantum"):
                done[task.key] = measured(task.run, task.parameters)
                line = {"versions": versions(), **asdict(done[task.key])}
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
                file.flush()
    finally:
        write(path, [done[task.key] for task in wanted if task.key in done])


def _kept(path: Path) -> dict[str, Record]:
    """Finished records of these versions; a line that was cut short is left out."""
    result: dict[str, Record] = {}
    for text in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            line = json.loads(text)
        except json.JSONDecodeError:
            continue
        if line.pop("versions") == versions():
            record = Record(**line)
            result[record.key] = record
    return result


def _since(start: float) -> float:
    return round(time.perf_counter() - start, 1)
