"""The parameters of a device by name: what sweeps, thresholds and fits vary.

A name is a dotted path of fields, such as "coupling", "left.temperature" or
"oscillator.quality_factor", or one of a few words that set several fields at once.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from difflib import get_close_matches
from reprlib import repr as repr_short
from typing import Any

from qemlib import _checks
from qemlib.devices.device import Device

__all__ = ["known", "overlap", "refuse_overlap", "refuse_unknown", "value_of", "varied"]

_LEADS = "left", "right"


def varied(device: Device, name: str, value: Any, argument: str = "over") -> Device:
    """The same device with another value of one parameter.

    Parameters
    ----------
    device : Device
    name : str
        A dotted path of fields, or a word: "voltage", which keeps the mean of the chemical
        potentials; "temperature", "rate" and "bandwidth", of both leads; "offset", half the
        distance of the left band's centre from the right one's, about their mean.
    value : float
        Or whatever else the field takes, such as a spectral density for "left.density".
    argument : str
        Where the name came from, for messages.

    Raises
    ------
    ValueError
        If there is no such parameter, with a list of those there are; or the value is not allowed.

    Examples
    --------
    >>> import qemlib as qem
    >>> varied(qem.paper_device(), "temperature", 1.0).right.temperature
    1.0
    """
    _refuse_other_than_name(argument, name)
    if name in _WORDS and _has(device, name):
        return _WORDS[name][1](device, _checks.finite(name, value))
    return _replaced(device, name, value, argument)


def value_of(device: Device, name: str, argument: str = "over") -> float:
    """The value that a parameter has; ValueError if there is none, or leads that differ.

    Examples
    --------
    >>> import qemlib as qem
    >>> value_of(qem.paper_device(), "offset")
    0.5
    """
    _refuse_other_than_name(argument, name)
    if name in _WORDS and _has(device, name):
        return _WORDS[name][0](device)
    part: Any = device
    for step in name.split("."):
        if step not in _fields(part):
            raise _unknown(device, name, argument, _no_field(part, step))
        part = getattr(part, step)
    if part is None:
        raise ValueError(
            f"{argument}: {name!r} must have a value to start from, the device has none"
        )
    return _checks.finite(name, part)


def known(device: Device) -> tuple[str, ...]:
    """Names of all parameters that are numbers: words first, then paths.

    Examples
    --------
    >>> import qemlib as qem
    >>> known(qem.paper_device())[:6]
    ('voltage', 'temperature', 'rate', 'bandwidth', 'offset', 'oscillator.frequency')
    """
    words = [name for name in _WORDS if _has(device, name)]
    return (*words, *_paths(device))


def refuse_unknown(device: Device, name: Any, argument: str = "over") -> str:
    """Return `name`; ValueError unless it is a parameter that is a number."""
    _refuse_other_than_name(argument, name)
    if name not in known(device):
        raise _unknown(device, name, argument)
    return name


def overlap(one: str, other: str) -> bool:
    """Whether two parameters set the same field, or one a part of what the other sets."""
    ways = itertools.product(*(_SETS.get(name, (name,)) for name in (one, other)))
    # zip ends with the shorter path.
    return any(
        all(a == b for a, b in zip(first.split("."), second.split("."), strict=False))
        for first, second in ways
    )


def refuse_overlap(argument: str, names: Any) -> None:
    """ValueError unless they are names, none of which sets what another one sets."""
    for name in names:
        _refuse_other_than_name(argument, name)
    for one, other in itertools.combinations(names, 2):
        if overlap(one, other):
            raise ValueError(
                f"{argument} must not hold both {one!r} and {other!r}: they set the same thing, "
                "and only the last of them would count"
            )


def _refuse_other_than_name(argument: str, name: Any) -> None:
    if not isinstance(name, str):
        raise ValueError(f"{argument} must name parameters by strings, got {repr_short(name)}")


def _replaced(device: Device, name: str, value: Any, argument: str) -> Device:
    def changed(part: Any, path: list[str]) -> Any:
        field, *rest = path
        if field not in _fields(part):
            raise _unknown(device, name, argument, _no_field(part, field))
        return replace(part, **{field: changed(getattr(part, field), rest) if rest else value})

    return changed(device, name.split("."))


def _unknown(device: Device, name: str, argument: str, why: str = "") -> ValueError:
    names = known(device)
    close = get_close_matches(name, names, 1)
    meant = f" (did you mean {close[0]!r}?)" if close else ""
    return ValueError(
        f"{argument} must name parameters: {name!r} is not a parameter of the device{why}{meant}. "
        f"Known are {', '.join(names)}"
    )


def _no_field(part: Any, field: str) -> str:
    return f"; {type(part).__name__} has no field {field!r}"


def _fields(part: Any) -> list[str]:
    """Names of what can be replaced in it."""
    if not is_dataclass(part) or isinstance(part, type):
        return []
    return [f.name for f in fields(part) if f.init]


def _paths(part: Any, before: str = "") -> Iterator[str]:
    for name in _fields(part):
        value = getattr(part, name)
        if _fields(value):
            yield from _paths(value, f"{before}{name}.")
        elif value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
            yield before + name


# --- words ----------------------------------------------------------------------------------------


def _has(device: Device, word: str) -> bool:
    """Whether both leads have what the word sets."""
    return all(
        path.rpartition(".")[2] in _fields(_part(device, path.split(".")[:-1]))
        for path in _SETS[word]
    )


def _part(device: Device, path: list[str]) -> Any:
    part: Any = device
    for step in path:
        part = getattr(part, step)
    return part


def _common(word: str) -> Callable[[Device], float]:
    def value(device: Device) -> float:
        found = [value_of(device, path) for path in _SETS[word]]
        if found[0] != found[1]:
            raise ValueError(
                f"{word!r} must be the same in both leads to have a value, got {found[0]!r} and "
                f"{found[1]!r}; name one of {', '.join(_SETS[word])}"
            )
        return found[0]

    return value


def _both(word: str) -> Callable[[Device, float], Device]:
    def change(device: Device, value: float) -> Device:
        for path in _SETS[word]:
            device = varied(device, path, value)
        return device

    return change


def _offset(device: Device) -> float:
    left, right = (value_of(device, path) for path in _SETS["offset"])
    return 0.5 * (left - right)


def _with_offset(device: Device, offset: float) -> Device:
    mean = 0.5 * sum(value_of(device, path) for path in _SETS["offset"])
    for path, side in zip(_SETS["offset"], (1.0, -1.0), strict=True):
        device = varied(device, path, mean + side * offset)
    return device


def _sets(path: str) -> tuple[str, ...]:
    return tuple(f"{lead}.{path}" for lead in _LEADS)


# Words, and the fields that they set.
_SETS = {
    "voltage": _sets("chemical_potential"),
    "temperature": _sets("temperature"),
    "rate": _sets("density.rate"),
    "bandwidth": _sets("density.bandwidth"),
    "offset": _sets("density.center"),
}
_WORDS: dict[str, tuple[Callable[[Device], float], Callable[[Device, float], Device]]] = {
    "voltage": (lambda device: device.voltage, lambda device, v: device.with_voltage(v)),
    "temperature": (_common("temperature"), _both("temperature")),
    "rate": (_common("rate"), _both("rate")),
    "bandwidth": (_common("bandwidth"), _both("bandwidth")),
    "offset": (_offset, _with_offset),
}
