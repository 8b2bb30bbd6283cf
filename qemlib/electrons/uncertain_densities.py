"""What spectral densities that are not known exactly leave open of the coefficients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from qemlib.devices.device import Device, Lead
from qemlib.devices.tabulated import Tabulated
from qemlib.electrons.quadrature import known_accuracy
from qemlib.errors import QuadratureError

__all__ = ["with_errors_of_densities"]

# Of what tables of half the points change, and of how much faster a table is than they.
_SAFETY = 3.0

_Found = TypeVar("_Found", bound=Any)


def with_errors_of_densities(
    device: Device, found: _Found, compute: Callable[[Device], _Found]
) -> _Found:
    """What was found, with errors that hold what densities not known exactly leave open, too.

    `found` is a dataclass with a dict `error` by the names of its arrays, and `compute` makes of a
    device what was found.
    """
    if known_accuracy(device) == 0.0:
        return found
    unknown = _errors(device, found, compute)
    return replace(found, error={name: own + unknown[name] for name, own in found.error.items()})


def _errors(device: Device, found: Any, compute: Callable[[Device], Any]) -> dict[str, np.ndarray]:
    """Tables of every other point change what was found by more than the table itself is off.

    There are two of them: one may be right by chance.  Other densities only say how well they are
    known.
    """
    values = {name: getattr(found, name) for name in found.error}
    if not any(isinstance(lead.density, Tabulated) for lead in device.leads):
        return {name: known_accuracy(device) * np.abs(value) for name, value in values.items()}
    unknown = {name: np.zeros(value.shape) for name, value in values.items()}
    accuracy = known_accuracy(device)
    for start in (0, 1):
        left, right = (_coarser(lead, start) for lead in device.leads)
        coarser = replace(device, left=left, right=right)
        falls = min(2.0 * _SAFETY * accuracy / known_accuracy(coarser), 1.0)
        try:
            other = compute(coarser)
        except QuadratureError:  # a bound state, with half of the points
            return {name: np.full(value.shape, np.inf) for name, value in values.items()}
        for name, value in values.items():
            change = _SAFETY * falls * np.abs(getattr(other, name) - value)
            unknown[name] = np.maximum(unknown[name], change)
    return unknown


def _coarser(lead: Lead, start: int) -> Lead:
    table = lead.density
    return replace(lead, density=table.coarser(start)) if isinstance(table, Tabulated) else lead
