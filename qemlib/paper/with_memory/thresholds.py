"""The voltage at which the ground state is no longer the fullest, with memory.

To first order in λ² it is where friction at rest changes sign: p_1/p_0 = S(−ω0)/S(ω0).  What is
left is of the order of λ²: with the phonons of the cycle, 1/n.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import brentq

from qemlib.devices.device import Device
from qemlib.fokker_planck.stationary import steady_state
from qemlib.heom.cut_offs import at_cut_offs
from qemlib.motion.amplitude_state import averaged_state
from qemlib.motion.averaged_model import AveragedModel
from qemlib.motion.model import LangevinModel
from qemlib.paper.with_memory.measures import Found
from qemlib.studies.thresholds import damping_threshold

__all__ = ["at_rest", "inversion"]

_TOLERANCE = 1e-6  # in V, and beside it


def at_rest(device: Device, bracket: tuple[float, float]) -> Found:
    """Where friction of the smallest orbit, with memory, changes sign.

    Examples
    --------
    >>> from qemlib import paper_device
    >>> round(at_rest(paper_device(), (8.0, 9.0)).results["voltage"], 4)
    8.3014
    """
    found = damping_threshold(device, bracket, noise_at="orbit")
    return Found(
        {"voltage": found.value}, {"voltage": found.uncertainty}, {"bracket": list(bracket)}
    )


def inversion(device: Device, method: str, bracket: tuple[float, float], **cut_offs: Any) -> Found:
    """Where p_1 = p_0, by one of three methods.

    Parameters
    ----------
    device : Device
    method : {"adiabatic", "orbits", "hierarchy"}
    bracket : tuple of two floats
        Voltages below and above.
    **cut_offs
        Of the hierarchy.  A dozen levels are enough, for p_1/p_0 does not feel the others.

    Examples
    --------
    >>> from qemlib import paper_device
    >>> few = {"levels": 12, "bandwidth": 4, "depth": 2, "pade_terms": 2}
    >>> found = inversion(paper_device(), "hierarchy", (8.3, 8.5), **few)
    >>> round(found.results["voltage"], 3)
    8.387
    """
    rise = {"adiabatic": _adiabatic, "orbits": _orbits, "hierarchy": _hierarchy}[method]
    voltage = float(
        brentq(
            lambda v: rise(device.with_voltage(v), **cut_offs),
            *bracket,
            xtol=_TOLERANCE,
            rtol=_TOLERANCE,
        )
    )
    return Found({"voltage": voltage}, {}, {"bracket": list(bracket), **cut_offs})


def _adiabatic(device: Device) -> float:
    return _rise(steady_state(LangevinModel.from_device(device), 1e-9).populations(2))


def _orbits(device: Device) -> float:
    return _rise(averaged_state(AveragedModel.from_device(device, 1e-7)).populations(2))


def _hierarchy(device: Device, **cut_offs: Any) -> float:
    return _rise(at_cut_offs(device, **cut_offs).populations)


def _rise(populations: np.ndarray) -> float:
    return float(np.log(populations[1] / populations[0]))
