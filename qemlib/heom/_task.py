"""What is asked for: a device, how exactly, and what it may take; all checked where it enters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from qemlib import _checks
from qemlib.devices.device import Device
from qemlib.heom._bath import damping_and_quanta
from qemlib.heom._equations import Motion
from qemlib.heom._leads import Leads
from qemlib.heom.exponentials import Exponentials

__all__ = ["Task"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Task:
    """The arguments of `full_quantum`, by their names there.

    Raises
    ------
    TypeError, ValueError, ConvergenceError
        As `full_quantum`.
    """

    device: Device
    accuracy: float
    damping: float
    bath_occupation: float | None = None
    bath_temperature: float | None = None
    exponentials: tuple[Exponentials, Exponentials] | None = None
    memory_limit: float
    time_limit: float
    levels: int | None = None
    progress: bool

    def __post_init__(self) -> None:
        _checks.kind("device", self.device, Device)
        for name in ("accuracy", "memory_limit", "time_limit"):
            object.__setattr__(self, name, _checks.positive(name, getattr(self, name)))
        if not 1e-7 <= self.accuracy <= 0.1:
            raise ValueError(f"accuracy must lie between 1e-7 and 0.1, got {self.accuracy!r}")
        if self.levels is not None:
            object.__setattr__(self, "levels", _checks.integer("levels", self.levels, 8))
        _ = self.motion, self.leads  # which refuse what they cannot take

    @cached_property
    def motion(self) -> Motion:
        """The oscillator, its coupling and its own damping."""
        damping, quanta = damping_and_quanta(
            self.device, self.damping, self.bath_occupation, self.bath_temperature
        )
        return Motion(self.device.oscillator.frequency, self.device.coupling, None, damping, quanta)

    @cached_property
    def leads(self) -> Leads:
        """What the leads are described by."""
        given = self.exponentials
        return Leads(self.device, None if given is None else _pair(given))


def _pair(exponentials: Any) -> tuple[Exponentials, Exponentials]:
    if not isinstance(exponentials, tuple | list) or len(exponentials) != 2:
        raise TypeError(f"exponentials must be a pair, of left and right, got {exponentials!r}")
    left, right = (_checks.kind("exponentials", each, Exponentials) for each in exponentials)
    return left, right
