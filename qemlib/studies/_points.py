"""What a sweep is over: parameters of a device, or lists of devices or models."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from reprlib import repr as repr_short
from typing import Any

import numpy as np

from qemlib import _checks
from qemlib.devices.device import Device
from qemlib.motion.model import LangevinModel
from qemlib.studies import parameters

__all__ = ["Index", "Points", "points_of"]

Index = tuple[int, ...]

_KINDS = {Device: "device", LangevinModel: "model"}


@dataclass(frozen=True)
class Points:
    """A device or model at each index of a grid.

    Attributes
    ----------
    axes : dict of str to ndarray
        Parameters, or "device" or "model" with the places in the list, to their values.
    subjects : dict
        Index to Device or LangevinModel.
    base : Device, or list of Device or LangevinModel
    """

    axes: dict[str, np.ndarray]
    subjects: dict[Index, Any]
    base: Any

    def where(self, index: Index) -> str:
        """A point in words."""
        return ", ".join(
            f"{name} = {values[i].item()!r}"
            for (name, values), i in zip(self.axes.items(), index, strict=True)
        )


def points_of(base: Any, over: Any) -> Points:
    """All points of a sweep.

    Every device is built before anything is computed: a bad value costs nothing.
    """
    if isinstance(base, Device):
        return _of_devices([base], over, base, {})
    if not isinstance(base, list | tuple):
        raise TypeError(
            f"base must be a Device, or a list of Devices or LangevinModels, got {repr_short(base)}"
        )
    kinds = {_kind(each) for each in base}
    if len(kinds) != 1:
        got = f"both of {sorted(kinds)}" if kinds else "none"
        raise ValueError(f"base must hold devices, or models, at least one; got {got}")
    (kind,) = kinds
    listed = {kind: np.arange(len(base))}
    if over is None:
        return Points(listed, {(i,): each for i, each in enumerate(base)}, list(base))
    if kind == "model":
        raise ValueError("over must be left out for models: they have no parameters to vary")
    return _of_devices(base, over, list(base), listed)


def _kind(each: Any) -> str:
    for kind, name in _KINDS.items():
        if isinstance(each, kind):
            return name
    raise TypeError(
        f"base must hold Devices or LangevinModels, and all of a kind; got {repr_short(each)}"
    )


def _of_devices(devices: Sequence[Device], over: Any, base: Any, listed: dict) -> Points:
    axes = _axes(over)
    grid = list(itertools.product(*(range(values.size) for values in axes.values())))
    subjects = {
        ((i, *index) if listed else index): _vary(device, axes, index)
        for i, device in enumerate(devices)
        for index in grid
    }
    return Points({**listed, **axes}, subjects, base)


def _axes(over: Any) -> dict[str, np.ndarray]:
    if not isinstance(over, dict):
        raise TypeError(f"over must be a dict of parameters to values, got {repr_short(over)}")
    if not over:
        raise ValueError("over must hold at least one parameter, got an empty dict")
    parameters.refuse_overlap("over", over)
    axes = {
        name: _checks.finite_array(f"over[{name!r}]", values, 1) for name, values in over.items()
    }
    for name, values in axes.items():
        if values.size == 0:
            raise ValueError(f"over[{name!r}] must hold at least one value, got none")
    return axes


def _vary(device: Device, axes: dict[str, np.ndarray], index: Index) -> Device:
    for (name, values), i in zip(axes.items(), index, strict=True):
        device = parameters.varied(device, name, float(values[i]))
    return device
