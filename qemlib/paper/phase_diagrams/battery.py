"""The device that stores most at a given temperature, voltage and quality factor.

What is free are both leads' rate, the offset of their bands, and the coupling.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr
from scipy.optimize import minimize

from qemlib.devices.device import Device, paper_device
from qemlib.devices.oscillator import Oscillator
from qemlib.errors import QemError
from qemlib.states.work import ergotropy
from qemlib.studies.methods import Method
from qemlib.studies.parameters import varied

__all__ = [
    "ALONG",
    "AROUND",
    "FREE",
    "START",
    "VOLTAGE",
    "best",
    "built",
    "searched",
    "stored_work",
]

VOLTAGE, _QUALITY = 10.0, 300.0
# What is free, between which values, and where the search starts.
FREE = {"offset": (0.0, 5.0), "rate": (0.2, 6.0), "coupling": (0.05, 0.5)}
START = {"offset": 3.0, "rate": 0.5, "coupling": 0.09}
# Curves through the best, one more than is free, and factors on each parameter.
ALONG = {**START, "bandwidth": 1.0}
AROUND = (0.7, 0.85, 1.0, 1.2, 1.4)
# Of the search, in the logarithms: the first steps, and where it ends; and of the work.
_STEP, _CLOSE, _ENOUGH = 0.15, 0.02, 1e-3


def built(point: dict[str, float]) -> Device:
    """The device at values of what is free.

    Examples
    --------
    >>> built(START).oscillator.quality_factor
    300.0
    """
    device = paper_device(VOLTAGE)
    heat = device.left.temperature
    osc = device.oscillator
    lossy = Oscillator(osc.frequency, osc.mass, quality_factor=_QUALITY, bath_temperature=heat)
    device = replace(device, oscillator=lossy)
    for name, value in point.items():
        device = varied(device, name, value)
    return device


def stored_work(point: dict[str, float], method: Method) -> float:
    """Ergotropy of the populations; 0 where there is no state.

    Examples
    --------
    >>> import qemlib as qem
    >>> stored_work(START, qem.methods.Preview()) > 10.0
    True
    """
    try:
        return max(0.0, ergotropy(method.state(built(point)), coherences=False))
    except QemError:
        return 0.0


def best(work: Callable[[dict[str, float]], float]) -> dict[str, float]:
    """The point within `FREE` of most work, by the simplex of Nelder and Mead from `START`.

    Examples
    --------
    Of work that is known:

    >>> found = best(lambda at: -sum((at[name] / START[name] - 1.1) ** 2 for name in START))
    >>> round(found["rate"], 2)
    0.55
    """
    start = np.log([START[name] for name in FREE])
    bounds = np.array([np.clip(ends, 1e-3, None) for ends in FREE.values()])

    def lost(at: np.ndarray) -> float:
        return -work(_named(at))

    found = minimize(
        lost,
        start,
        method="Nelder-Mead",
        bounds=np.log(bounds),
        options={
            "initial_simplex": np.vstack([start, start + _STEP * np.eye(start.size)]),
            "xatol": _CLOSE,
            "fatol": _ENOUGH * abs(lost(start)),
        },
    )
    return _named(found.x)


def searched(method: Method) -> xr.Dataset:
    """Every device that the search looked at, and those on lines through the best."""
    seen: list[dict[str, Any]] = []

    def work(point: dict[str, float], along: str = "") -> float:
        stored = stored_work(point, method)
        seen.append({**point, "along": along, "ergotropy": stored})
        return stored

    at = {**ALONG, **best(lambda point: work({**ALONG, **point}))}
    for name in ALONG:
        for factor in AROUND:
            work({**at, name: factor * at[name]}, name)
    columns = {name: ("device", [row[name] for row in seen]) for name in seen[0]}
    return xr.Dataset(columns, attrs={"method": repr(method)})


def _named(at: np.ndarray) -> dict[str, float]:
    return dict(zip(FREE, np.exp(at).tolist(), strict=True))
