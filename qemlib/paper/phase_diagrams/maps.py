"""Maps with the electrons' memory, and what computes them: `make phase-diagrams`.

Each map is a sweep with a store of its own, so that one that was interrupted goes on where it was.
The file of the package holds what the stores held at the end: values, errors, the words of points
that have no state, and the version of the physics that gave them.
"""

from __future__ import annotations

import json
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import xarray as xr

from qemlib import _checks
from qemlib.devices.device import Device, paper_device
from qemlib.paper.phase_diagrams.battery import searched
from qemlib.paper.phase_diagrams.gauges import GAUGES
from qemlib.studies import methods
from qemlib.studies.boundaries import threshold_line
from qemlib.studies.parameters import varied
from qemlib.studies.sweeps import sweep

__all__ = ["FILE", "MAPS", "Best", "Line", "Map", "judged", "main", "recorded"]

FILE = Path(__file__).with_name("maps.json")

_VOLTAGES = tuple(float(v) for v in range(4, 17))
_RATES = (1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0)
_TEMPERATURES = (0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0)
# A device that is bistable at high voltage: its bands are against the bias.
_BACKWARDS = {"offset": -0.8, "coupling": 0.2}
_HIGH = (24.0, 26.0, 28.0, 30.0, 32.0, 34.0, 36.0)
_BOX = {"offset": (-1.5, -0.1), "voltage": (10.0, 40.0)}
# Points of the maps at which nothing is eliminated.
_JUDGED = (
    {"rate": 1.25, "voltage": 8.0},
    {"rate": 2.0, "voltage": 10.0},
    {"rate": 3.0, "voltage": 12.0},
    {"rate": 4.0, "voltage": 16.0},
    {"temperature": 1.0, "voltage": 8.0},
    {"temperature": 4.0, "voltage": 16.0},
)


@dataclass(frozen=True)
class Map:
    """One sweep.

    Attributes
    ----------
    about : str
        What it shows.
    arguments : dict
        Those of `sweep`, but for executor and store.
    """

    about: str
    arguments: dict[str, Any]

    def computed(self, store: Path, executor: Executor | None) -> xr.Dataset:
        """What it gives, of which the store keeps each point."""
        return sweep(**self.arguments, executor=executor, store=store)


@dataclass(frozen=True)
class Line:
    """One threshold line of the paper's device.

    Attributes
    ----------
    about : str
    arguments : dict
        Those of `threshold_line`, but for the device.
    """

    about: str
    arguments: dict[str, Any]

    def computed(self, store: Path, executor: Executor | None) -> xr.Dataset:  # noqa: ARG002
        """Its points, computed as a whole."""
        line = threshold_line(paper_device(), **self.arguments)
        columns = {name: ("point", line.points[:, i].tolist()) for i, name in enumerate(line.over)}
        columns["piece"] = ("point", line.piece.tolist())
        return xr.Dataset(columns, attrs={"line": repr(line)})


@dataclass(frozen=True)
class Best:
    """One search for the device that stores most.

    Attributes
    ----------
    about : str
    method : Method
    """

    about: str
    method: methods.Method

    def computed(self, store: Path, executor: Executor | None) -> xr.Dataset:  # noqa: ARG002
        """All that it looked at."""
        return searched(self.method)


def _plane(name: str, values: tuple[float, ...]) -> dict[str, Any]:
    """A parameter and the voltage, with memory."""
    return {
        "base": paper_device(),
        "over": {name: list(values), "voltage": list(_VOLTAGES)},
        "method": methods.WithMemory(rtol=1e-3),
        "observables": GAUGES,
    }


def _device(point: dict[str, float]) -> Device:
    device = paper_device()
    for name, value in point.items():
        device = varied(device, name, value)
    return device


MAPS: dict[str, Map | Line | Best] = {
    "rate": Map("Tunnelling rate and voltage, with memory.", _plane("rate", _RATES)),
    "temperature": Map(
        "Temperature and voltage, with memory.", _plane("temperature", _TEMPERATURES)
    ),
    "backwards": Map(
        "A device of two attractors over voltage, with memory.",
        {
            "base": _device(_BACKWARDS),
            "over": {"voltage": list(_HIGH)},
            "method": methods.WithMemory(rtol=1e-3),
            "observables": (*GAUGES[:4], GAUGES[-1]),
        },
    ),
    "cycles": Line(
        "Where the first limit cycle appears, with memory and bands against the bias.",
        {"over": _BOX, "onset": "cycle", "noise_at": "orbit", "tolerance": 3e-3},
    ),
    "battery": Best("The device that stores most, with memory.", methods.WithMemory(rtol=1e-3)),
    "judged": Map(
        "Points of both, with nothing eliminated.",
        {
            "base": [_device(point) for point in _JUDGED],
            "method": methods.FullQuantum(accuracy=0.03),
            "observables": GAUGES[:4],
        },
    ),
}


def judged() -> list[dict[str, float]]:
    """The parameters of each point of "judged", in order.

    Examples
    --------
    >>> judged()[0]
    {'rate': 1.25, 'voltage': 8.0}
    """
    return [dict(point) for point in _JUDGED]


def recorded(name: str) -> xr.Dataset:
    """A map of the package's file, as the sweep returned it.

    Raises
    ------
    ValueError
        If there is none of that name.

    Examples
    --------
    >>> found = recorded("rate").sel(rate=2.0, voltage=16.0)
    >>> round(float(found["phonon_number"]))
    136
    """
    return _stored()[_checks.choice("name", name, MAPS)]


def main(
    *names: str,
    folder: Path = Path("data"),
    path: Path = FILE,
    executor: Executor | None = None,
) -> None:
    """Compute what is not done, and write the file of the package.

    Parameters
    ----------
    *names : str
        Maps, in this order; all of them by default.  Others stay as the file has them.
    folder : Path
        Where their stores are.
    path : Path
        The file that is written.
    executor : Executor, optional
        As of `sweep`.
    """
    folder.mkdir(exist_ok=True)
    found = dict(_read(path)) if path.exists() else {}
    for name in names or MAPS:
        store = folder / f"phase-diagrams-{name}.zarr"
        found[name] = MAPS[name].computed(store, executor)
        _write(path, {each: found[each] for each in MAPS if each in found})


def _write(path: Path, found: dict[str, xr.Dataset]) -> None:
    """One map a line."""
    lines = ",\n".join(
        f"{json.dumps(name)}: {json.dumps(each.to_dict())}" for name, each in found.items()
    )
    path.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


def _read(path: Path) -> dict[str, xr.Dataset]:
    kept = json.loads(path.read_text(encoding="utf-8"))
    return {name: xr.Dataset.from_dict(each) for name, each in kept.items()}


@cache
def _stored() -> dict[str, xr.Dataset]:
    return _read(FILE)
