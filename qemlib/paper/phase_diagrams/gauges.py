"""How good a device is as a battery, as an engine and as a clock, from its averaged state.

Each is an observable of a sweep whose method gives an `AveragedState`: the same definition with the
electrons' memory and without.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from qemlib.devices.device import Device
from qemlib.electrons.coefficients import current
from qemlib.electrons.over_motion import average_over_motion
from qemlib.motion.amplitude_state import AveragedState, averaged_state
from qemlib.motion.averaged_model import AveragedModel
from qemlib.motion.model import LangevinModel
from qemlib.states.work import ergotropy
from qemlib.studies.observables import Observable

__all__ = ["GAUGES", "Slow", "efficiency", "resolution"]


@dataclass(frozen=True)
class Slow:
    """A method of a sweep: Eq. (A24), averaged over its orbits.

    Examples
    --------
    >>> import qemlib as qem
    >>> round(Slow().state(qem.paper_device(10.0)).phonon_number, 2)
    42.13
    """

    name = "slow"

    def state(self, subject: Device) -> AveragedState:
        """The averaged state of a device whose electrons do not remember."""
        model = AveragedModel.from_langevin(LangevinModel.from_device(subject))
        return averaged_state(replace(model, device=subject))


def efficiency(state: AveragedState) -> float:
    """Ergotropy over the electric energy that passes while the amplitude relaxes, W_E/(ĪVτ).

    Ī is the current over the motion, and τ the slowest relaxation of the amplitude.  NaN without a
    voltage.

    Examples
    --------
    >>> import qemlib as qem
    >>> f"{efficiency(Slow().state(qem.paper_device(16.0))):.1e}"
    '7.3e-05'
    """
    device = _driven(state)
    voltage = device.voltage
    if voltage == 0.0:
        return float("nan")
    power = voltage * float(average_over_motion(state, current, device).value)
    return ergotropy(state, coherences=False) / (power * state.relaxation_time)


def resolution(state: AveragedState) -> float:
    """Frequency over the width of the line, ω0/FWHM: turns until the phase is lost, but for 1/2π.

    Examples
    --------
    >>> import qemlib as qem
    >>> round(resolution(Slow().state(qem.paper_device(16.0))))
    829
    """
    return state.model.frequency / state.line_width()


def _driven(state: AveragedState) -> Device:
    device = state.device
    if device is None:
        raise ValueError("state must know its device, got one without")
    return device


# What a map shows.
GAUGES = (
    "phonon_number",
    "g2",
    "ergotropy",
    "free_energy_work",
    Observable("efficiency", efficiency, "1", "ergotropy per electric energy of a relaxation time"),
    Observable("resolution", resolution, "1", "frequency over the width of the line"),
    Observable("relaxation_time", lambda state: state.relaxation_time, "1 / energy (hbar = 1)"),
)
