"""The live explorer: every control, previews and exact answers, and errors in words."""

import asyncio
import re
from dataclasses import replace

import numpy as np
import pytest

import qemlib as qem
from qemlib.fokker_planck.state import SteadyState
from qemlib.plotting.explorer import DeviceExplorer
from qemlib.states.positivity import untold
from qemlib.states.summary import summary

OTHER_VALUES = {
    "voltage": 7.0,
    "frequency": 0.25,
    "mass": 1.5,
    "bath_temperature": 1.7,
    "loss": 5e-4,
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


def test_it_starts_with_the_papers_device_and_its_picture():
    explorer = DeviceExplorer()
    assert explorer.device == qem.paper_device(10.0)
    assert explorer.controls.keys() == OTHER_VALUES.keys()
    alt = re.search('alt="([^"]+)"', explorer._picture.value)[1]
    assert alt.startswith("Six panels at V = 10: ⟨a†a⟩ = 42.13")


@pytest.mark.usefixtures("told_pictures")
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
    if name == "bath_temperature":  # of a bath that is not there yet
        return device
    if name == "loss":
        own = {"quality_factor": 1 / value, "bath_temperature": OTHER_VALUES["bath_temperature"]}
        return replace(device, oscillator=replace(device.oscillator, **own))
    if name in ("frequency", "mass"):
        return replace(device, oscillator=replace(device.oscillator, **{name: value}))
    return replace(device, **{name: value})


@pytest.mark.usefixtures("told_pictures")
@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("left.bandwidth", -1.0, "bandwidth must be finite and greater than 0, got -1.0"),
        ("right.temperature", 0.0, "temperature must be finite and greater than 0, got 0.0"),
        ("mass", np.nan, "mass must be finite and greater than 0, got nan"),
        ("coupling", 0.0, "its coupling must not be 0"),
        ("loss", -1e-3, "own friction 1/Q must be finite and greater than 0, got -0.001"),
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


def test_a_bath_of_the_oscillators_own_is_kept():
    own = qem.Oscillator(0.2, quality_factor=1000.0, bath_temperature=1.5)
    explorer = DeviceExplorer(replace(qem.paper_device(6.0), oscillator=own))
    assert explorer.controls["loss"].value == pytest.approx(1e-3)
    explorer.controls["level"].value = 0.1
    assert explorer.device.oscillator == own
    explorer.controls["loss"].value = 0.0
    assert explorer.device.oscillator == qem.Oscillator(0.2)


def directly(device):
    """The phonon number, or the words of the error, without the explorer."""
    try:
        with untold():
            model = qem.LangevinModel.from_device(device)
            summary(device, qem.orbit_average(model))
            state = qem.steady_state(model, rtol=1e-6)
            summary(device, state)
    except Exception as error:
        return str(error)
    return f"⟨a†a⟩ = {state.phonon_number:.4g},"


FAR = [
    *(("frequency", factor) for factor in (1e-3, 25.0, 1e3, 5e3)),
    *(("mass", factor) for factor in (1e-3, 1e3)),
    *(("coupling", factor) for factor in (10.0**-0.5, 3.0)),
    *(("level", 30.0), ("potential", 10.0), ("voltage", 1e-3), ("voltage", 3.0)),
    *(("left.bandwidth", 1e3), ("right.rate", 0.1), ("left.rate", 10.0)),
    *(("right.temperature", 0.1), ("left.temperature", 1e2)),
]


@pytest.mark.usefixtures("told_pictures")
def test_after_any_change_the_answer_is_that_of_the_device_alone(explorer):
    """However far the state before was: larger or smaller by decades."""
    start = qem.paper_device(6.0)
    explorer._set(start)
    values = {name: control.value for name, control in explorer.controls.items()}
    for name, factor in FAR:
        device = changed(start, name, (values[name] or 1.0) * factor)
        explorer._set(device)
        assert explorer.device == device
        assert directly(device) in explorer.message, (name, factor)


@pytest.mark.usefixtures("told_pictures")
@pytest.mark.parametrize(
    ("error", "where"),
    [
        (MemoryError(), "orbit_average"),
        (TypeError("no such thing"), "steady_state"),
        (RuntimeError(), "steady_state"),
        (TypeError("no such thing"), "summary"),
        (MemoryError(), "picture"),
    ],
)
def test_whatever_goes_wrong_is_said_and_the_picture_stays(explorer, monkeypatch, error, where):
    explorer._set(qem.paper_device(6.0))
    picture, state = explorer._picture.value, explorer.state

    def fails(*arguments, **options):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr("qemlib.plotting.explorer." + where, fails)
        explorer.controls["voltage"].value = 7.0
    assert (str(error) or type(error).__name__) in explorer.message
    assert 'role="alert"' in explorer._status.value
    if where != "steady_state":  # there the preview has been drawn
        assert (explorer._picture.value, explorer.state) == (picture, state)
    explorer._set(qem.paper_device(6.0))
    assert explorer._picture.value == picture


@pytest.mark.usefixtures("told_pictures")
def test_a_preview_comes_at_once_the_exact_state_after_a_rest_and_then_the_curves():
    async def turn():
        explorer = DeviceExplorer(qem.paper_device(6.0))
        seen = [explorer.message]
        for voltage in (8.0, 9.0, 10.0):  # faster than the rest that brings the exact answer
            explorer.controls["voltage"].value = voltage
            seen.append(explorer.message)
        async with asyncio.timeout(600):  # against waiting for ever, on no slow machine
            while not explorer._curves:
                await asyncio.sleep(0.1)
        return explorer, seen

    explorer, seen = asyncio.run(turn())
    assert all("preview" in text for text in seen)
    assert len(set(seen)) == 4
    assert "⟨a†a⟩ = 42.13," in explorer.message
    assert "exact" in explorer.message
    (curves,) = explorer._curves.values()
    assert len(curves.voltage) == 21
    assert np.interp(10.0, curves.voltage, curves.g2) == pytest.approx(1.5449, abs=1e-4)
    assert explorer._picture.value.startswith("Six panels at V = 10: ⟨a†a⟩ = 42.13")


@pytest.mark.usefixtures("told_pictures")
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
        ("paper", "device must be a Device, got 'paper'"),
        ({}, "device must hold at least one device"),
        ({"a": None}, "device 'a' must be a Device, got None"),
    ],
)
def test_what_is_no_device_is_refused(device, message):
    with pytest.raises(ValueError if device == {} else TypeError, match=message):
        DeviceExplorer(device)


def test_leads_without_the_controls_parameters_are_refused():
    omega = np.linspace(-5, 5, 101)
    lead = qem.Lead(qem.Tabulated(omega, np.exp(-(omega**2))), 0.0, 1.0)
    with pytest.raises(ValueError, match="its right lead must be Lorentzian, got Tabulated"):
        DeviceExplorer(replace(qem.paper_device(), right=lead))
