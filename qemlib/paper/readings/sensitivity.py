"""How far each parameter moves the results: elasticities of threshold, plateau and stored work.

The elasticity of a result y in a parameter a is ∂ln y/∂ln a: by how many per cent y changes when a
grows by one per cent.  Where y has the dimension of an energy, the elasticities in all energies add
up to one; where it is a pure number, to zero (Euler's theorem, since ħ = e = k_B = 1).  That is a
check on all of them together.

The threshold is that of (A24), which λ, ω0 and m leave alone.  With the noise at ±ω0, see
`qemlib.paper.readings.readings.AT_OSCILLATOR`, ω0 moves it a little.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import xarray as xr

from qemlib import _checks
from qemlib._parallel import in_parallel
from qemlib.devices.densities import Lorentzian
from qemlib.devices.device import Device, Lead, paper_device
from qemlib.electrons.coefficients import damping
from qemlib.fokker_planck.stationary import steady_state
from qemlib.motion.model import LangevinModel
from qemlib.states.summary import summary
from qemlib.studies.thresholds import damping_threshold

__all__ = ["PARAMETERS", "elasticities"]

# Relative change of each parameter, up and down.
_CHANGE = 0.01


def _both_leads(change: Callable[[Lead, float], Lead]) -> Callable[[Device, float], Device]:
    def changed(device: Device, factor: float) -> Device:
        left, right = (change(lead, factor) for lead in device.leads)
        return replace(device, left=left, right=right)

    return changed


def _of_band(name: str) -> Callable[[Device, float], Device]:
    def change(lead: Lead, factor: float) -> Lead:
        band = _checks.kind("density", lead.density, Lorentzian)
        return replace(lead, density=replace(band, **{name: getattr(band, name) * factor}))

    return _both_leads(change)


def _of_oscillator(name: str) -> Callable[[Device, float], Device]:
    def changed(device: Device, factor: float) -> Device:
        value = getattr(device.oscillator, name) * factor
        return replace(device, oscillator=replace(device.oscillator, **{name: value}))

    return changed


# What each symbol does to a device when it is multiplied by a factor.
PARAMETERS: dict[str, Callable[[Device, float], Device]] = {
    "V": lambda device, factor: device.with_voltage(factor * device.voltage),
    "T": _both_leads(lambda lead, factor: replace(lead, temperature=lead.temperature * factor)),
    "Γ": _of_band("rate"),
    "δ": _of_band("bandwidth"),
    "ω_α": _of_band("center"),
    "λ": lambda device, factor: replace(device, coupling=device.coupling * factor),
    "ω0": _of_oscillator("frequency"),
    "m": _of_oscillator("mass"),
}


def elasticities(voltage: float = 40.0, device: Device | None = None) -> xr.Dataset:
    """Elasticities of the threshold, and of g2 and the ergotropy at a voltage beyond it.

    Parameters
    ----------
    voltage : float
        Where g2 (the plateau) and the ergotropy (the stored work) are taken.
    device : Device, optional
        The paper's by default.

    Returns
    -------
    xarray.Dataset
        "threshold", "g2" and "ergotropy" over "parameter": V, T, Γ, δ and ω_α of both leads, λ, ω0,
        m.  λ is kept while ω0 and m vary.  Central differences of 1 % each way.

    Raises
    ------
    ValueError
        If the voltage is not finite and positive, or the device does not lase below it.
    """
    voltage = _checks.positive("voltage", voltage)
    device = paper_device() if device is None else device

    if not float(damping(device.with_voltage(voltage), 0.0)) < 0 < float(damping(device, 0.0)):
        raise ValueError(f"device must start to lase below V = {voltage:g}, got none that does")
    tasks = [(device.with_voltage(voltage), name) for name in PARAMETERS]
    columns = np.array(in_parallel(_row, tasks, "parameters")).T
    return xr.Dataset(
        {
            name: ("parameter", column, {"long_name": long_name, "units": "1"})
            for name, long_name, column in zip(
                ("threshold", "g2", "ergotropy"),
                (
                    "elasticity of the threshold voltage",
                    f"elasticity of g⁽²⁾(0) at V = {voltage:g}",
                    f"elasticity of the ergotropy at V = {voltage:g}",
                ),
                columns,
                strict=True,
            )
        },
        coords={"parameter": list(PARAMETERS)},
        attrs={"base_device": repr(device), "voltage": voltage},
    )


def _row(task: tuple[Device, str]) -> np.ndarray:
    """Elasticities of the threshold, g2 and the ergotropy in one parameter."""
    device, name = task
    values = []
    for factor in (1.0 + _CHANGE, 1.0 - _CHANGE):
        changed = PARAMETERS[name](device, factor)
        state = steady_state(LangevinModel.from_device(changed))
        stored = summary(changed, state, missing_trace=1e-8).ergotropy
        threshold = damping_threshold(changed, (0.0, changed.voltage)).voltage
        values.append([threshold, state.g2, stored])
    up, down = np.log(values)
    return (up - down) / (np.log1p(_CHANGE) - np.log1p(-_CHANGE))
