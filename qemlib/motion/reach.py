"""How far out there is anything that the electrons of a device feel."""

from __future__ import annotations

import numpy as np

from qemlib.devices.device import Device

__all__ = ["furthest"]

# What is far in energy, in units of the leads' scales and of what a voltage fills.
_FAR, _BEYOND = 2.0, 1.5


def furthest(device: Device) -> float:
    """An amplitude at which the level has left all energies far behind.

    Beyond it nothing confines the motion but the oscillator's own friction.

    Examples
    --------
    >>> import qemlib as qem
    >>> device = qem.paper_device(voltage=30.0)
    >>> round(furthest(device) * device.force, 6)
    22.5
    """
    ends = [device.level]
    for lead in device.leads:
        density = lead.density
        height = float(np.max(density.spectral_density(np.array(density.energies))))
        margin = _FAR * (density.width + height + lead.temperature)
        ends += [energy + side * margin for energy in density.energies for side in (-1.0, 1.0)]
    # A chemical potential beyond the bands' tails is as good as infinite.
    low, high = min(ends), max(ends)
    ends += [
        _BEYOND * float(np.clip(lead.chemical_potential, _FAR * low, _FAR * high))
        for lead in device.leads
    ]
    return float(np.abs(np.array(ends) - device.level).max() / abs(device.force))
