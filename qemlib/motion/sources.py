"""Force, friction and noise over position: what they are of, and what is known of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from reprlib import repr as repr_short
from typing import Any

import numpy as np

from qemlib import _checks
from qemlib.devices.device import Device, Oscillator
from qemlib.electrons.coefficients import coefficients_as_given
from qemlib.electrons.quadrature import known_accuracy
from qemlib.errors import NoSteadyState

__all__ = ["Arrays", "Build", "Coefficients", "Kept", "of_device", "refuse_unmoved"]

Arrays = dict[str, np.ndarray]
Build = Callable[..., Any]  # (x, coefficients, note) to a LangevinModel

_NAMES = "force", "damping", "diffusion"


@dataclass(frozen=True, eq=False)
class Coefficients:
    """Force, friction and noise over position, and what is known of them.

    Attributes
    ----------
    oscillator : Oscillator
    function : callable
        Positions, shape (n,), to F⟨n⟩_x, γ(x) and D(x); or to six arrays, these and what each may
        be off by: to that they are not refined.
    sharp : tuple of (position, width)
        Where they vary within such a width.
    largest_force : float, optional
        Bound of |F⟨n⟩_x|; by default the largest one seen.
    accuracy : float
        Relative: the splines need not be better than a tenth of it.
    name, unfelt : str
        For messages: what they are of, and what is to be said of where they are gone.
    """

    oscillator: Oscillator
    function: Callable[[np.ndarray], tuple[Any, ...]]
    sharp: tuple[tuple[float, float], ...] = ()
    largest_force: float | None = None
    accuracy: float = 0.0
    name: str = "function"
    unfelt: str = "where friction and noise are gone"


def of_device(device: Device, noise_at: str = "zero") -> Coefficients:
    """The coefficients of a device, sharp where the level ε − Fx meets an energy of the leads.

    Friction and noise are those at zero frequency, or at ±ω0 if `noise_at` is "oscillator"; the
    oscillator's own are added.
    """
    osc, force = device.oscillator, device.force
    frequency = osc.frequency if noise_at == "oscillator" else None
    own = osc.intrinsic_damping, osc.intrinsic_diffusion(frequency)
    if force == 0.0:
        return Coefficients(osc, lambda _: (0.0, *own), name="device")

    def function(x: np.ndarray) -> tuple[np.ndarray, ...]:
        at = coefficients_as_given(device, x, frequency)
        return (
            force * at.excess_charge,
            at.damping + own[0],
            at.diffusion + own[1],
            2.0 * abs(force) * at.error["occupation"],
            at.error["damping"],
            at.error["diffusion"],
        )

    sharp = tuple(
        (float(device.level - energy) / force, width / abs(force))
        for lead in device.leads
        for energies, width in (
            ([lead.chemical_potential], lead.temperature),
            (lead.density.energies, lead.density.width),
        )
        for energy in np.atleast_1d(energies)
    )
    return Coefficients(
        oscillator=osc,
        function=function,
        sharp=sharp,
        largest_force=abs(force),
        accuracy=known_accuracy(device),
        name="device",
        unfelt="where the electrons no longer feel it",
    )


def refuse_unmoved(device: Device) -> None:
    """NoSteadyState if nothing damps or drives the oscillator."""
    if device.coupling == 0.0 and device.oscillator.quality_factor is None:
        raise NoSteadyState(
            "device: its coupling must not be 0, got 0.0: without it, and without a quality_factor "
            "of the oscillator, there is neither friction nor noise, and no steady state"
        )


class Kept:
    """Coefficients, computed once at each position."""

    def __init__(self, of: Coefficients) -> None:
        self.of = of
        self._x = np.empty(0)
        self._values = np.empty((2 * len(_NAMES), 0))

    def at(self, x: np.ndarray) -> Arrays:
        return dict(zip(_NAMES, self._rows(x)[: len(_NAMES)], strict=True))

    def error_at(self, x: np.ndarray) -> Arrays:
        return dict(zip(_NAMES, self._rows(x)[len(_NAMES) :], strict=True))

    def _rows(self, x: np.ndarray) -> np.ndarray:
        new = np.setdiff1d(x, self._x)
        if new.size:
            where = np.searchsorted(self._x, new)
            self._x = np.insert(self._x, where, new)
            self._values = np.insert(self._values, where, self._computed(new), axis=1)
        return self._values[:, np.searchsorted(self._x, x)]

    def _computed(self, x: np.ndarray) -> np.ndarray:
        found, name = self.of.function(x), self.of.name
        if not isinstance(found, (tuple, list)) or len(found) not in (3, 6):
            raise ValueError(
                f"{name} must return force, damping and diffusion, or these and the error of each, "
                f"got {repr_short(found)}"
            )
        rows = np.zeros((2 * len(_NAMES), x.size))
        labels = [*_NAMES, *(f"error of {each}" for each in _NAMES)]
        for row, label, values in zip(rows, labels, found, strict=False):
            values = _checks.finite_array(f"{name}: its {label}", values)
            if values.shape not in ((), x.shape):  # a number counts everywhere
                raise ValueError(
                    f"{name}: its {label} must have the shape of x, {x.shape}, got {values.shape}"
                )
            row[:] = values
        return rows
