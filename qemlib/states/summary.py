"""A steady state in a few numbers."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from qemlib import _checks
from qemlib.devices.device import Device
from qemlib.states.quantum import resolved_populations
from qemlib.states.work import entropy, ergotropy, free_energy_work

__all__ = ["Summary", "summary"]


@dataclass(frozen=True, eq=False)
class Summary:
    """A steady state in numbers; all but the first three are those of its populations.

    Attributes
    ----------
    voltage : float
        Bias of the device.
    phonon_number, g2 : float
        ⟨a†a⟩ and g⁽²⁾(0), from moments.
    ergotropy, free_energy_work : float
        Incoherent ergotropy 𝒲_E, Eq. (11), and 𝒲_F, Eq. (12) (energy).
    entropy : float
        Nats.
    inversion : float
        ρ_11 − ρ_00.
    bath_temperature : float
        Temperature used in 𝒲_F: the colder lead's.
    missing_trace : float
        Part of the trace beyond the levels kept.
    populations : ndarray, shape (levels,)
        As many as hold the trace to 1e-10.
    violations : tuple of str
        What keeps the state from being a quantum state; empty if nothing does.  Populations are
        then no probabilities, and ergotropy, free-energy work and entropy are NaN.
    """

    voltage: float
    phonon_number: float
    g2: float
    ergotropy: float
    free_energy_work: float
    entropy: float
    inversion: float
    bath_temperature: float
    missing_trace: float
    populations: np.ndarray = field(repr=False)
    violations: tuple[str, ...] = ()

    @property
    def levels(self) -> int:
        """Number of levels kept."""
        return self.populations.size


def summary(device, state) -> Summary:
    """The numbers of a steady state of a device.

    Parameters
    ----------
    device : Device
    state : SteadyState or OrbitAverage
        Of a Langevin model of `device`.

    Raises
    ------
    TypeError
        If `device` is no Device, or `state` no state.
    ConvergenceError
        If 8192 levels miss more than 1e-10 of the trace.

    Examples
    --------
    >>> import qemlib as qem
    >>> device = qem.paper_device(voltage=10.0)
    >>> state = qem.steady_state(qem.LangevinModel.from_device(device))
    >>> round(summary(device, state).ergotropy, 7)
    0.0362278
    """
    _checks.kind("device", device, Device)
    populations = resolved_populations(state)
    energies = device.oscillator.frequency * np.arange(populations.size)
    temperature = min(lead.temperature for lead in device.leads)
    violations = tuple(getattr(state, "violations", ()))
    works = [float("nan")] * 3
    if not violations:
        works = [
            ergotropy(populations, energies),
            free_energy_work(populations, energies, temperature),
            entropy(populations),
        ]
    return Summary(
        voltage=device.voltage,
        phonon_number=state.phonon_number,
        g2=state.g2,
        ergotropy=works[0],
        free_energy_work=works[1],
        entropy=works[2],
        inversion=float(populations[1] - populations[0]),
        bath_temperature=temperature,
        missing_trace=float(1.0 - populations.sum()),
        populations=populations,
        violations=violations,
    )
