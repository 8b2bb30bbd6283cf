"""The live explorer: every control, previews and exact answers, and errors in words."""

import asyncio
import re
from dataclasses import replace

import numpy as np
import pytest

import qemlib as qem
from qemlib.explorer import DeviceExplorer
from qemlib.fokker_planck import SteadyState

OTHER_VALUES = {
    "voltage": 7.0,
    "frequency": 0.25,
    "mass": 1.5,
    "coupling": 0.12,
    "level": 0.1,
    "potential": 0.2,
    "left.center": 0.6,
    "left.bandwidth": 1.2,
    "left.rate": 1.8,
    "left.temperature": 2.2,
    "right.center": -0.4,
    "right.bandwidth": 0.9,
    "right.rate": 2.1,
    "right.temperature": 1.9,
}


@pytest.fixture(scope="module")
def explorer():
    return DeviceExplorer(qem.paper_device(6.0))


def test_it_starts_with_the_device_given(explorer):
    assert DeviceExplorer().device == qem.paper_device(10.0)
    assert explorer.controls.keys() == OTHER_VALUES.keys()


def test_every_control_changes_its_parameter_and_no_other():
    explorer = DeviceExplorer(qem.paper_device(6.0))
    expected = qem.paper_device(6.0)
    for name, value in OTHER_VALUES.items():
        explorer.controls[name].value = value
        expected = changed(expected, name, value)
        assert explorer.device == expected, name
        assert isinstance(explorer.state, SteadyState)
        exact = qem.steady_state(qem.LangevinModel.from_device(expected), rtol=1e-6)
        assert f"⟨a†a⟩ = {exact.phonon_number:.4g}," in explorer.message


def changed(device, name, value):
    side, _, part = name.rpartition(".")
    if name == "voltage":
        return device.with_voltage(value)
    if name == "potential":
        left, right = (
            replace(lead, chemical_potential=value + sign * device.voltage / 2)
            for lead, sign in zip(device.leads, (1, -1), strict=True)
        )
        return replace(device, left=left, right=right)
    if part == "temperature":
        return replace(device, **{side: replace(getattr(device, side), temperature=value)})
    if side:
        lead = getattr(device, side)
        return replace(
            device, **{side: replace(lead, density=replace(lead.density, **{part: value}))}
        )
    if name in ("frequency", "mass"):
        return replace(device, oscillator=replace(device.oscillator, **{name: value}))
    return replace(device, **{name: value})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("left.bandwidth", -1.0, "bandwidth must be finite and greater than 0, got -1.0"),
        ("right.temperature", 0.0, "temperature must be finite and greater than 0, got 0.0"),
        ("mass", np.nan, "mass must be finite and greater than 0, got nan"),
        ("coupling", 0.0, "its coupling must not be 0"),
    ],
)
def test_what_can_not_be_is_said_in_words_and_the_picture_stays(explorer, name, value, message):
    before = explorer.controls[name].value
    picture, text = explorer._picture.value, explorer.message
    explorer.controls[name].value = value
    assert re.search(message, explorer.message)
    assert 'role="alert"' in explorer._status.value
    assert explorer._picture.value == picture
    explorer.controls[name].value = before
    assert explorer.message == text
    assert 'role="status"' in explorer._status.value


def test_a_preview_comes_at_once_the_exact_state_after_a_rest_and_then_the_curves():
    async def turn():
        explorer = DeviceExplorer(qem.paper_device(6.0))
        seen = [explorer.message]
        for voltage in (8.0, 9.0, 10.0):  # faster than the rest that brings the exact answer
            explorer.controls["voltage"].value = voltage
            seen.append(explorer.message)
        for _ in range(600):
            await asyncio.sleep(0.1)
            if explorer._curves:
                break
        return explorer, seen

    explorer, seen = asyncio.run(turn())
    assert all("preview" in text for text in seen)
    assert len(set(seen)) == 4
    assert "⟨a†a⟩ = 42.13," in explorer.message
    assert "exact" in explorer.message
    (curves,) = explorer._curves.values()
    assert len(curves.voltage) == 21
    assert np.interp(10.0, curves.voltage, curves.g2) == pytest.approx(1.5449, abs=1e-4)
    alt = re.search('alt="([^"]+)"', explorer._picture.value)[1]
    assert alt.startswith("Six panels at V = 10: ⟨a†a⟩ = 42.13")


def test_presets_set_all_controls_at_once():
    cold = qem.Device(
        qem.Oscillator(0.3, 2.0),
        qem.Lead(qem.Lorentzian(0.7, 0.9, 1.5), 2.0, 1.0),
        qem.Lead(qem.Lorentzian(-0.3, 1.1, 1.2), -1.0, 1.2),
        coupling=0.15,
        level=0.2,
    )
    explorer = DeviceExplorer({"paper": qem.paper_device(4.0), "cold": cold})
    assert explorer.device == qem.paper_device(4.0)
    explorer.presets.value = cold
    assert explorer.device == cold
    assert explorer.controls["right.rate"].value == 1.2


@pytest.mark.parametrize(
    ("device", "message"),
    [
        ("paper", "device must be of type Device, got 'paper'"),
        ({}, "device must hold at least one device"),
        ({"a": None}, "device 'a' must be of type Device, got None"),
    ],
)
def test_what_is_no_device_is_refused(device, message):
    with pytest.raises(ValueError, match=message):
        DeviceExplorer(device)


def test_leads_without_the_controls_parameters_are_refused():
    omega = np.linspace(-5, 5, 101)
    lead = qem.Lead(qem.Tabulated(omega, np.exp(-(omega**2))), 0.0, 1.0)
    with pytest.raises(ValueError, match="its right lead must be Lorentzian, got Tabulated"):
        DeviceExplorer(replace(qem.paper_device(), right=lead))
