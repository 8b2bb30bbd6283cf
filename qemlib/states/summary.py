"""A state in a few numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, overload

import numpy as np

from qemlib import _checks
from qemlib._locked import Locked
from qemlib.devices.device import Device, Oscillator
from qemlib.states.contract import State, is_sampled, refuse_without
from qemlib.states.estimation import (
    Estimate,
    estimate_entropy,
    estimate_ergotropy,
    estimate_free_energy_work,
)
from qemlib.states.quantum import held_populations
from qemlib.states.work import entropy, ergotropy, free_energy_of_all_levels

__all__ = ["Summary", "summary"]

_WORKS = ("ergotropy", "free_energy_work", "entropy")


@dataclass(frozen=True, eq=False)
class Summary(Locked):
    """A state in numbers; all but the first three are those of its populations.

    Attributes
    ----------
    voltage : float
        Bias of the device; NaN without one.
    phonon_number, g2 : float
        ⟨a†a⟩ and g⁽²⁾(0), from moments.
    ergotropy, free_energy_work : float
        Incoherent ergotropy 𝒲_E, Eq. (11), and 𝒲_F, Eq. (12) (energy); of samples, the values of
        their estimates.
    entropy : float
        Nats.
    inversion : float
        ρ_11 − ρ_00.
    bath_temperature : float
        Temperature used in 𝒲_F: that of the coldest bath, a lead or the oscillator's own, or the
        one given; NaN without either, as is 𝒲_F then.
    missing_trace : float
        Part of the trace beyond the levels kept.
    populations : ndarray, shape (levels,)
        As many as hold the trace, to 1e-10 unless asked for otherwise.
    violations : tuple of str
        What keeps the state from being a quantum state; empty if nothing does.  Populations are
        then no probabilities, and ergotropy, free-energy work and entropy are NaN.
    error : dict of str to float
        As the state's; of samples, with those of "ergotropy", "free_energy_work" and "entropy", in
        the units of these: the standard error, and the bias that was removed, of which some stays.
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
    error: Mapping[str, float] = field(default_factory=dict, repr=False)

    @property
    def levels(self) -> int:
        """Number of levels kept."""
        return self.populations.size


@overload
def summary(
    state: Device,
    device: State,
    missing_trace: float = ...,
    *,
    temperature: float | None = ...,
) -> Summary: ...
@overload
def summary(
    state: State,
    device: Device | None = ...,
    missing_trace: float = ...,
    *,
    temperature: float | None = ...,
) -> Summary: ...
def summary(
    state: Any,
    device: Any = None,
    missing_trace: float = 1e-10,
    *,
    temperature: float | None = None,
) -> Summary:
    """The numbers of a state.

    Parameters
    ----------
    state : State
        A SteadyState or any other.
    device : Device, optional
        What drives it, if the state does not know; ``summary(device, state)`` is the same.
    missing_trace : float
        Levels are kept until no more than this is beyond them; of a QuantumState, all that it has.
    temperature : float, optional
        Of the bath in 𝒲_F; by default that of the coldest: a lead, or the oscillator's own.

    Raises
    ------
    TypeError
        If `device` is no Device, or `state` no state.
    ValueError
        If the temperature is not finite and positive, or neither state nor device has an
        oscillator.
    ConvergenceError
        If 8192 levels miss more of the trace.

    Examples
    --------
    >>> import qemlib as qem
    >>> model = qem.LangevinModel.from_device(qem.paper_device(voltage=10.0))
    >>> round(qem.summary(qem.steady_state(model)).ergotropy, 7)
    0.0362278
    """
    if isinstance(state, Device):
        state, device = device, state
    if device is not None:
        _checks.kind("device", device, Device)
    refuse_without(state, "phonon_number", "populations", "g2")
    device = device or getattr(state, "device", None)
    if temperature is not None:
        temperature = _checks.positive("temperature", temperature)
    elif device is not None:
        temperature = _coldest(device)
    populations = held_populations(state, missing_trace)
    violations = tuple(getattr(state, "violations", ()))
    works: dict[str, float | Estimate] = dict.fromkeys(_WORKS, float("nan"))
    if not violations:
        works |= _works(state, populations, _oscillator(state, device), temperature)
    errors = {
        name: found.standard_error + abs(found.bias)
        for name, found in works.items()
        if isinstance(found, Estimate)
    }
    return Summary(
        voltage=device.voltage if device else float("nan"),
        phonon_number=state.phonon_number,
        g2=state.g2,
        **{name: float(value) for name, value in works.items()},
        inversion=float(np.diff(populations, append=0.0)[0]),
        bath_temperature=temperature or float("nan"),
        missing_trace=float(1.0 - populations.sum()),
        populations=populations,
        violations=violations,
        error={**getattr(state, "error", {}), **errors},
    )


def _coldest(device: Device) -> float:
    baths = [lead.temperature for lead in device.leads]
    own = device.oscillator.bath_temperature
    return min(baths if own is None else [*baths, own])


def _works(
    state: Any, populations: np.ndarray, oscillator: Oscillator, temperature: float | None
) -> dict[str, float | Estimate]:
    """Of the populations alone; of samples with their errors."""
    energies = oscillator.frequency * np.arange(populations.size)
    if temperature is not None:
        equilibrium = free_energy_of_all_levels(oscillator.frequency, temperature)
    found: dict[str, float | Estimate] = {}
    if is_sampled(state):
        batches = state.population_batches(populations.size)
        found["ergotropy"] = estimate_ergotropy(batches, energies)
        found["entropy"] = estimate_entropy(batches)
        if temperature is not None:
            found["free_energy_work"] = estimate_free_energy_work(
                batches, energies, temperature, equilibrium
            )
        return found
    disorder = entropy(populations)
    found |= {"ergotropy": ergotropy(populations, energies), "entropy": disorder}
    if temperature is not None:
        energy = float(populations @ energies / populations.sum())
        found["free_energy_work"] = energy - temperature * disorder - equilibrium
    return found


def _oscillator(state: Any, device: Device | None) -> Oscillator:
    known = getattr(state, "oscillator", None)
    if known is not None:
        return known
    if device is None:
        raise ValueError(
            "state must know its oscillator, or device be given; got a "
            f"{type(state).__name__} without one"
        )
    return device.oscillator
