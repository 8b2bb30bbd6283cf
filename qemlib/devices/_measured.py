"""Numbers of a device as they are measured, checked by their names, and in units of the package."""

from __future__ import annotations

from collections.abc import Callable
from reprlib import repr as repr_short
from typing import Any

import numpy as np

from qemlib import _checks
from qemlib.devices.units import Units

__all__ = ["measured", "numbers"]

_Check = Callable[[str, Any], float]

# What each is measured in, and what it has to be.
_OF_DEVICE: dict[str, tuple[str, _Check]] = {
    "frequency": ("hertz", _checks.positive),
    "mass": ("kilogram", _checks.positive),
    "coupling": ("hertz", _checks.finite),
    "voltage": ("volt", _checks.finite),
    "level": ("joule", _checks.finite),
    "mean_potential": ("joule", _checks.finite),
    "bath_temperature": ("kelvin", _checks.positive),
}
_OPTIONAL = "bath_temperature"
_OF_LEADS: dict[str, tuple[str, _Check]] = {
    "temperature": ("kelvin", _checks.positive),
    "rate": ("hertz", _checks.positive),
    "bandwidth": ("hertz", _checks.positive),
    "center": ("joule", _checks.finite),
}


def numbers(units: Units, given: dict[str, Any]) -> dict[str, Any]:
    """The arguments of `Device.from_si` with ħ = e = k_B = 1; of the leads, pairs.

    ValueError, by the argument's name, for what is not allowed.
    """
    found: dict[str, Any] = {}
    for name, value in given.items():
        if value is None and name == _OPTIONAL:
            found[name] = None
        elif name in _OF_LEADS:
            unit, check = _OF_LEADS[name]
            found[name] = [
                float(units.from_si(check(label, each), unit)) for label, each in _both(name, value)
            ]
        else:
            unit, check = _OF_DEVICE[name]
            found[name] = float(units.from_si(check(name, value), unit))
    return found


def measured(units: Units, values: dict[str, Any]) -> dict[str, Any]:
    """The inverse of `numbers`."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if name in _OF_LEADS:
            found[name] = tuple(units.to_si(value, _OF_LEADS[name][0]).tolist())
        elif value is not None:
            found[name] = float(units.to_si(value, _OF_DEVICE[name][0]))
        else:
            found[name] = None
    return found


def _both(name: str, value: Any) -> list[tuple[str, Any]]:
    """A pair with what each of its members is called; one number stands for both."""
    several = isinstance(value, tuple | list) or (isinstance(value, np.ndarray) and value.ndim > 0)
    if not several:
        return [(name, value), (name, value)]
    if len(value) != 2:
        raise ValueError(
            f"{name} must be one number or a pair, of the left and of the right lead, got "
            f"{repr_short(value)}"
        )
    return [(f"{name}: {side}", each) for side, each in zip(("left", "right"), value, strict=True)]
