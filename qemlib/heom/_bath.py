"""The oscillator's own damping, as a rate and the quanta to which it leads."""

from __future__ import annotations

import numpy as np

from qemlib import _checks
from qemlib.devices.device import Device

__all__ = ["damping_and_quanta"]


def damping_and_quanta(
    device: Device, damping: float, occupation: float | None, temperature: float | None
) -> tuple[float, float]:
    """Rate at which the energy decays and ⟨a†a⟩ to which it does, from the arguments or the device.

    ValueError where they are out of range, contradict each other, or say twice what the
    oscillator's quality factor says already.
    """
    oscillator = device.oscillator
    damping = _checks.finite("damping", damping)
    if damping < 0:
        raise ValueError(f"damping must not be negative, got {damping!r}")
    given = not (occupation is None and temperature is None)
    if oscillator.quality_factor is not None:
        if damping or given:
            raise ValueError(
                "damping, bath_occupation and bath_temperature must be left out for a device whose "
                f"oscillator has its own, quality_factor = {oscillator.quality_factor!r}"
            )
        return oscillator.intrinsic_damping, _quanta(
            oscillator.frequency, float(oscillator.bath_temperature or 0.0)
        )
    if damping == 0 and device.coupling == 0:
        raise ValueError("device: without coupling or damping the oscillator has no one state")
    if occupation is not None and temperature is not None:
        raise ValueError(
            f"bath_occupation = {occupation!r} and bath_temperature = {temperature!r} exclude "
            "each other"
        )
    if damping == 0 and given:
        raise ValueError("bath_occupation or bath_temperature needs damping, got damping = 0")
    if temperature is not None:
        return damping, _quanta(
            oscillator.frequency, _checks.positive("bath_temperature", temperature)
        )
    if occupation is None:
        return damping, 0.0
    quanta = _checks.finite("bath_occupation", occupation)
    if quanta < 0:
        raise ValueError(f"bath_occupation must not be negative, got {occupation!r}")
    return damping, quanta


def _quanta(frequency: float, temperature: float) -> float:
    """Of Bose and Einstein."""
    return float(1.0 / np.expm1(frequency / temperature))
