"""Whether the electrons hold the motion together, as its orbits tell at a glance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qemlib.devices.device import Device
from qemlib.motion._of_device import glance
from qemlib.motion._weight import solve
from qemlib.motion.averaged_model import AveragedModel

__all__ = ["least_weight"]


def least_weight(device: Device, damping: float = 0.0, bath_occupation: float = 0.0) -> float:
    """The smallest W on the way out to where electrons feel nothing, beside the largest before.

    Electrons have all their memory along the orbits.  It is zero where the widest orbit loses
    energy: then the motion is held together.  Near 1 no state is bound; very small where one lasts
    long beside wide orbits that gain energy.

    Parameters
    ----------
    device : Device
    damping, bath_occupation : float
        Rate at which the oscillator also loses its energy, and ⟨a†a⟩ to which it does; they stand
        for a quality factor of the device's, too.

    Returns
    -------
    float

    Raises
    ------
    ConvergenceError, QuadratureError
        If the orbits have no center, or too much happens along them.

    Examples
    --------
    >>> import numpy as np
    >>> import qemlib as qem
    >>> left, right = (
    ...     qem.Lead(qem.Lorentzian(center, 1.0, 2.0), mu, 2.0)
    ...     for center, mu in ((0.5, np.inf), (-0.5, -np.inf))
    ... )
    >>> fast = qem.Device(qem.Oscillator(0.8), left, right, coupling=0.2)
    >>> least_weight(fast), least_weight(fast, damping=0.02)
    (1.0, 0.0)
    """
    if device.coupling == 0:
        return 0.0
    alone = replace(device.oscillator, quality_factor=None, bath_temperature=None)
    electrons = replace(device, oscillator=alone)
    model = glance(AveragedModel, electrons).with_damping(damping, bath_occupation)
    if model.friction[-1] > 0.0:
        return 0.0
    log_weight = solve(model).log_weight
    return float(np.exp((log_weight - np.maximum.accumulate(log_weight)).min()))
