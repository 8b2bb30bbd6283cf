"""Families of devices along which approximations get better or worse.

The charge answers to the level, which the motion shifts by s cos ω0t with s = FA = 2λ|α|.  So the
friction of an orbit is λ² times a function of s and ω0, and its noise in s is λ⁴ times another: the
limit cycle stays at its s when λ changes, with n = s²/4λ² phonons on it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qemlib.devices.device import Device, paper_device

__all__ = ["at_infinite_bias", "slowed", "with_quantum", "with_ratios"]


def at_infinite_bias(device: Device | None = None) -> Device:
    """A device, by default the paper's, with one lead full and the other empty.

    Examples
    --------
    >>> [lead.chemical_potential for lead in at_infinite_bias().leads]
    [inf, -inf]
    """
    device = paper_device() if device is None else device
    left, right = (
        replace(lead, chemical_potential=mu)
        for lead, mu in zip(device.leads, (np.inf, -np.inf), strict=True)
    )
    return replace(device, left=left, right=right)


def with_quantum(device: Device, planck: float) -> Device:
    """The same motion with another ħ, in units of the device's: λ times √ħ.

    The orbits are as far from their center in units of the level's width, but hold 1/ħ times the
    phonons.

    Examples
    --------
    >>> from qemlib import paper_device
    >>> with_quantum(paper_device(), 4.0).coupling
    0.2
    """
    return replace(device, coupling=float(np.sqrt(planck)) * device.coupling)


def slowed(device: Device, eta: float) -> Device:
    """The device with ω0 and λ times η: electrons as they are, and a slower, weaker motion.

    Examples
    --------
    >>> from qemlib import paper_device
    >>> slow = slowed(paper_device(), 0.5)
    >>> slow.oscillator.frequency, slow.coupling
    (0.1, 0.05)
    """
    return with_ratios(device, eta * device.oscillator.frequency, eta * device.coupling)


def with_ratios(device: Device, frequency: float, coupling: float) -> Device:
    """The device with another ω0 and λ.

    Examples
    --------
    >>> from qemlib import paper_device
    >>> with_ratios(paper_device(), 0.4, 0.3).oscillator
    Oscillator(frequency=0.4, mass=1.0)
    """
    oscillator = replace(device.oscillator, frequency=frequency)
    return replace(device, oscillator=oscillator, coupling=coupling)
