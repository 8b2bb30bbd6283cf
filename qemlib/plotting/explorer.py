"""A device with all its knobs, live: each change is answered at once, and then exactly.

The first answer is the orbit average.  When the controls have rested for a moment the stationary
Fokker-Planck equation follows, and then, one voltage at a time, the curves over voltage.  A new
change stops whatever is still to come.
"""

from __future__ import annotations

import asyncio
import html
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from qemlib import _checks
from qemlib._extras import extra
from qemlib.devices.densities import Lorentzian
from qemlib.devices.device import Device, Lead, Oscillator, paper_device
from qemlib.errors import QemError
from qemlib.fokker_planck.stationary import steady_state
from qemlib.motion.model import LangevinModel
from qemlib.motion.orbit import orbit_average
from qemlib.plotting.panels import StateCurves, StatePanels
from qemlib.plotting.sliders import picture
from qemlib.states import positivity
from qemlib.states.contract import State
from qemlib.states.summary import Summary, summary

with extra("plot", "sliders"):
    import ipywidgets

__all__ = ["DeviceExplorer"]

_REST = 0.4  # seconds without a change, after which the exact answer follows
_RTOL = 1e-6
_ROUND_OFF = 5e-9  # of work, in units of ω0
_PREVIEW_DPI, _DPI = 72, 144
_EXACT = f"exact to {_RTOL:g}"
# Enough contrast on white and on black.
_ALERT_COLOR = "#d9480f"
_CURVE_POINTS = 21
# Voltages up to so many times the largest temperature or rate of a lead, in so many steps.
_LARGEST_VOLTAGE, _STEPS = 20.0, 400
# What the leads are called, and the fields of the device that hold them.
_SIDES = {"left": "Left lead", "right": "Right lead"}
_LEAD_FIELDS = {
    "center": "band centre ω_α",
    "bandwidth": "bandwidth δ_α",
    "rate": "rate Γ_α",
    "temperature": "temperature T_α",
}
_DEVICE_FIELDS = {
    "frequency": "frequency ω₀",
    "mass": "mass m",
    "loss": "own friction 1/Q",
    "bath_temperature": "its temperature T_m",
    "coupling": "coupling λ",
    "level": "level ε",
    "potential": "mean potential",
}


class DeviceExplorer(ipywidgets.VBox):
    """Controls for every parameter of a device with Lorentzian leads, above its steady state.

    Parameters
    ----------
    device : Device or dict of str to Device, optional
        Where to start; by default the paper's at V = 10.  Of several, by name, the first; the
        others can then be chosen.

    Attributes
    ----------
    device : Device
        The last device that could be made of what the controls say.
    state : SteadyState or OrbitAverage
        Its steady state: exact once the controls have rested, a preview before.
    controls : dict of str to Widget
        By parameter: "voltage", "frequency", …, "left.bandwidth", ….

    Raises
    ------
    ValueError
        If a device is not a Device with Lorentzian leads, or there is none.

    Notes
    -----
    Energies are in units of ħ = e = k_B = 1.  Values that are not allowed, devices without a steady
    state, and whatever else goes wrong are reported in words below the controls; the picture stays
    as it was.

    Examples
    --------
    >>> explorer = DeviceExplorer(paper_device(voltage=6.0))
    >>> explorer.controls["voltage"].value
    6.0
    >>> explorer.controls["left.bandwidth"].value = -1.0
    >>> explorer.message
    'bandwidth must be finite and greater than 0, got -1.0'
    """

    def __init__(self, device: Device | dict[str, Device] | None = None) -> None:
        device = paper_device(10.0) if device is None else device
        devices = device if isinstance(device, dict) else {"": device}
        for name, each in devices.items():
            _refuse_other_than_lorentzian(f"device {name!r}" if name else "device", each)
        if not devices:
            raise ValueError("device must hold at least one device, got an empty dict")
        self.device = next(iter(devices.values()))
        self.controls = _controls(self.device)
        self._picture, self._status = ipywidgets.HTML(), ipywidgets.HTML()
        self._panels = StatePanels()
        self._curves: dict[Device, StateCurves] = {}
        self._pending: asyncio.TimerHandle | None = None
        for control in self.controls.values():
            control.observe(self._changed, names="value")
        rows = _arranged(self.controls)
        if len(devices) > 1:
            self.presets = ipywidgets.Dropdown(options=devices, description="start from")
            self.presets.observe(lambda change: self._set(change["new"]), names="value")
            rows.insert(0, self.presets)
        super().__init__([*rows, self._status, self._picture])
        self._changed()

    def __repr__(self) -> str:
        return f"DeviceExplorer({self.device!r})"

    @property
    def message(self) -> str:
        """What is said below the controls."""
        return html.unescape(self._status.value.partition(">")[2].rpartition("<")[0])

    def _set(self, device: Device) -> None:
        """Set all controls, and answer once."""
        for name, value in _values(device).items():
            control = self.controls[name]
            control.unobserve(self._changed, names="value")
            if name == "voltage":
                _reach_to(control, device)
            control.value = value
            control.observe(self._changed, names="value")
        self._changed()

    def _changed(self, _change: Any = None) -> None:
        """Answer at once with a preview, and later exactly."""
        if self._pending is not None:
            self._pending.cancel()
        device = self._attempt(self._device)
        if device is not None:
            self.device = device
            if self._attempt(self._preview, device):
                self._later(self._exact_answer(device))

    def _device(self) -> Device:
        """The device that the controls describe."""
        value = {name: control.value for name, control in self.controls.items()}
        leads = []
        for side, sign in zip(_SIDES, (0.5, -0.5), strict=True):
            band = Lorentzian(
                *(value[f"{side}.{name}"] for name in ("center", "bandwidth", "rate"))
            )
            potential = value["potential"] + sign * value["voltage"]
            leads.append(Lead(band, potential, value[f"{side}.temperature"]))
        oscillator = Oscillator(value["frequency"], value["mass"])
        if value["loss"] != 0.0:
            loss = _checks.positive("own friction 1/Q", value["loss"])
            temperature = value["bath_temperature"]
            oscillator = replace(
                oscillator, quality_factor=1.0 / loss, bath_temperature=temperature
            )
        left, right = leads
        return Device(oscillator, left, right, value["coupling"], value["level"])

    def _preview(self, device: Device) -> bool:
        """The orbit average.

        Its grid is looked for anew: another device may need one larger or smaller by decades.
        """
        state = orbit_average(LangevinModel.from_device(device))
        self._show(device, state, summary(state), "preview: orbit average", _PREVIEW_DPI)
        return True

    def _exact_answer(self, device: Device) -> Iterator[bool]:
        """The exact state, and then the curves over voltage; pauses after each solution."""
        state = steady_state(LangevinModel.from_device(device), rtol=_RTOL)
        numbers = summary(state)
        self._show(device, state, numbers, _EXACT, _DPI)
        yield True
        key = device.with_voltage(0.0)
        if key in self._curves:
            return
        found = []
        for voltage in np.linspace(0.0, _largest_voltage(device), _CURVE_POINTS):
            other = device.with_voltage(float(voltage))
            with suppress(QemError):  # no steady state, or not to be computed: a gap in the curve
                found.append(summary(orbit_average(LangevinModel.from_device(other))))
            yield True
        self._curves = {key: StateCurves.of(found)}
        self._show(device, state, numbers, _EXACT, _DPI)

    def _show(self, device: Device, state: State, numbers: Summary, kind: str, dpi: float) -> None:
        figure = self._panels.show(
            device,
            state,
            numbers,
            self._curves.get(device.with_voltage(0.0)),
        )
        omega0 = device.oscillator.frequency
        text = (
            f"⟨a†a⟩ = {numbers.phonon_number:.4g}, g⁽²⁾(0) = {numbers.g2:.4f}, "
            f"W_E = {_work(numbers.ergotropy, omega0)}, "
            f"W_F = {_work(numbers.free_energy_work, omega0)}"
            f"{positivity.remark(numbers)}"
        )
        self._picture.value = picture(figure, f"Six panels at V = {device.voltage:g}: {text}", dpi)
        self.state = state
        self._say(f"{text} ({kind})", "status")

    def _attempt(self, action: Callable, *arguments: Any) -> Any:
        """What the action returns; or None, where its error is said instead of raised."""
        try:
            with positivity.untold():  # it is said below the controls
                return action(*arguments)
        except Exception as error:  # nobody else would catch it here
            self._say(str(error) or f"not computed: {type(error).__name__}", "alert")
            return None

    def _say(self, text: str, role: str) -> None:
        color = "inherit" if role == "status" else _ALERT_COLOR
        self._status.value = f'<p role="{role}" style="color: {color}">{html.escape(text)}</p>'

    def _later(self, steps: Iterator[bool]) -> None:
        """Take the steps one by one when the kernel is idle; without an event loop, the first."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._attempt(next, steps)
            return

        def step() -> None:
            if self._attempt(next, steps, False):
                self._pending = loop.call_later(0.0, step)

        self._pending = loop.call_later(_REST, step)


def _work(value: float, omega0: float) -> str:
    if np.isnan(value):
        return "undefined"
    return f"{value:.3g}" if value > _ROUND_OFF * omega0 else "0"


def _largest_voltage(device: Device) -> float:
    """What is beyond fills and empties the bands as it does."""
    bands = (lead.density for lead in device.leads)
    rates = [band.rate for band in bands if isinstance(band, Lorentzian)]  # all of them are
    return _LARGEST_VOLTAGE * max(*rates, *(lead.temperature for lead in device.leads))


def _reach_to(slider: ipywidgets.FloatSlider, device: Device) -> None:
    reach = max(_largest_voltage(device), 1.5 * abs(device.voltage))
    with slider.hold_trait_notifications():  # the ends may pass each other on the way
        slider.min, slider.max, slider.step = -reach, reach, reach / _STEPS


def _refuse_other_than_lorentzian(name: str, device: Device) -> None:
    _checks.kind(name, device, Device)
    for side, lead in zip(_SIDES, device.leads, strict=True):
        if not isinstance(lead.density, Lorentzian):
            raise ValueError(f"{name}: its {side} lead must be Lorentzian, got {lead.density!r}")


def _values(device: Device) -> dict[str, float]:
    """The device as numbers, one for each control.

    An infinite quality factor is no number to write in a box; that nothing is lost is one.
    """
    osc = device.oscillator
    values = {
        "voltage": device.voltage,
        "frequency": osc.frequency,
        "mass": osc.mass,
        "loss": 0.0 if osc.quality_factor is None else 1.0 / osc.quality_factor,
        "bath_temperature": osc.bath_temperature or device.left.temperature,
        "coupling": device.coupling,
        "level": device.level,
        "potential": 0.5 * sum(lead.chemical_potential for lead in device.leads),
    }
    for side, lead in zip(_SIDES, device.leads, strict=True):
        for name in ("center", "bandwidth", "rate"):
            values[f"{side}.{name}"] = getattr(lead.density, name)
        values[f"{side}.temperature"] = lead.temperature
    return values


def _controls(device: Device) -> dict[str, ipywidgets.Widget]:
    """A slider for the voltage, and a box to write in for each other parameter."""
    style = {"description_width": "9rem"}
    voltage, *others = _values(device).items()
    slider = ipywidgets.FloatSlider(
        value=0.0,
        description="voltage V",
        readout_format=".4g",
        style=style,
        layout={"width": "auto", "max_width": "46rem"},
    )
    _reach_to(slider, device)
    slider.value = voltage[1]
    labels = _DEVICE_FIELDS | {
        f"{side}.{name}": text for side in _SIDES for name, text in _LEAD_FIELDS.items()
    }
    boxes = {
        name: ipywidgets.FloatText(
            value=value, description=labels[name], style=style, layout={"width": "15rem"}
        )
        for name, value in others
    }
    return {"voltage": slider} | boxes


def _arranged(controls: dict[str, ipywidgets.Widget]) -> list[ipywidgets.Widget]:
    """The slider, and below it the boxes in three columns."""
    columns = {"Oscillator and dot": list(_DEVICE_FIELDS)}
    columns |= {title: [f"{side}.{f}" for f in _LEAD_FIELDS] for side, title in _SIDES.items()}
    boxes = [
        ipywidgets.VBox([ipywidgets.HTML(f"<b>{title}</b>"), *(controls[name] for name in names)])
        for title, names in columns.items()
    ]
    return [controls["voltage"], ipywidgets.HBox(boxes, layout={"flex_flow": "row wrap"})]
