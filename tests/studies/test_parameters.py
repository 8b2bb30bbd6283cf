"""Parameters by name: what each word and path sets, and what it says of others."""

from dataclasses import replace

import numpy as np
import pytest

import qemlib as qem
from qemlib.studies.parameters import (
    known,
    overlap,
    refuse_overlap,
    refuse_unknown,
    value_of,
    varied,
)

DEVICE = replace(
    qem.paper_device(6.0),
    oscillator=qem.Oscillator(0.2, quality_factor=1e3, bath_temperature=2.0),
    level=0.1,
)


@pytest.mark.parametrize("name", known(DEVICE))
def test_what_is_set_is_what_is_read_and_another_device(name):
    value = 1.25 * value_of(DEVICE, name)
    changed = varied(DEVICE, name, value)
    assert value_of(changed, name) == pytest.approx(value, rel=1e-15)
    assert changed != DEVICE
    back = varied(changed, name, value_of(DEVICE, name))
    assert back == DEVICE


def test_words_set_both_leads():
    for word, path in (
        ("temperature", "temperature"),
        ("rate", "density.rate"),
        ("bandwidth", "density.bandwidth"),
    ):
        assert varied(DEVICE, word, 1.5) == varied(
            varied(DEVICE, f"left.{path}", 1.5), f"right.{path}", 1.5
        )
    bands = [lead.density.center for lead in varied(DEVICE, "offset", 2.0).leads]
    assert bands == [2.0, -2.0]
    assert varied(DEVICE, "voltage", 8.0) == DEVICE.with_voltage(8.0)


def test_a_word_that_the_leads_have_in_common_has_no_value_where_they_differ():
    uneven = varied(DEVICE, "left.temperature", 1.0)
    with pytest.raises(ValueError, match=r"'temperature' must be the same in both leads .*1\.0"):
        value_of(uneven, "temperature")
    assert varied(uneven, "temperature", 3.0).left.temperature == 3.0


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("left.temprature", "left.temperature"),
        ("Voltage", "voltage"),
        ("left.density.rates", "left.density.rate"),
    ],
)
def test_an_unknown_name_is_told_the_known_ones(name, meant):
    with pytest.raises(
        ValueError,
        match=rf"^over must name .*'{name}' is .*mean '{meant}'.*Known .*coupling, level",
    ):
        varied(DEVICE, name, 1.0)
    with pytest.raises(ValueError, match=rf"^free must name .*'{name}' is not a parameter"):
        value_of(DEVICE, name, "free")


@pytest.mark.parametrize(
    "asked",
    [
        lambda: qem.sweep(DEVICE, {"hue": [1.0]}),
        lambda: qem.damping_threshold(DEVICE, (1.0, 2.0), over="hue"),
        lambda: qem.ergotropy_threshold(DEVICE, (1.0, 2.0), over="hue"),
        lambda: qem.threshold_line(DEVICE, {"voltage": (1.0, 2.0), "hue": (0.0, 1.0)}),
        lambda: qem.fit_device(
            qem.Measurement("g2", 1.0, 0.1, at=1.0, over="hue"), DEVICE, ["rate"]
        ),
    ],
    ids=["sweep", "damping_threshold", "ergotropy_threshold", "threshold_line", "fit_device"],
)
def test_whoever_varies_a_parameter_lists_the_known_ones(asked):
    """All of them, by the names under which they are taken."""
    with pytest.raises(ValueError, match="^over must name parameters: 'hue' is not") as refused:
        asked()
    told = str(refused.value).partition("Known are ")[2]
    assert all(name in told for name in known(DEVICE))


@pytest.mark.parametrize("name", ["__class__", "force", "left.", "", "left.density.energies"])
def test_what_is_no_field_is_no_parameter(name):
    with pytest.raises(ValueError, match="is not a parameter of the device"):
        varied(DEVICE, name, 1.0)


def test_words_are_known_only_where_both_leads_have_what_they_set():
    x = np.linspace(-9.0, 9.0, 64)
    table = replace(DEVICE.left, density=qem.Tabulated(x, np.exp(-(x**2))))
    other = replace(DEVICE, left=table)
    assert "temperature" in known(other)
    assert {"rate", "bandwidth", "offset", "left.density.rate"}.isdisjoint(known(other))
    with pytest.raises(ValueError, match="'rate' is not a parameter"):
        varied(other, "rate", 1.0)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("voltage", "left.chemical_potential", True),
        ("temperature", "right.temperature", True),
        ("rate", "left.density", True),
        ("offset", "left.density.center", True),
        ("voltage", "temperature", False),
        ("left.temperature", "right.temperature", False),
        ("oscillator.mass", "oscillator.frequency", False),
        ("coupling", "coupling", True),
    ],
)
def test_names_overlap_where_they_set_the_same_field(one, other, same):
    assert overlap(one, other) == overlap(other, one) == same


def test_overlaps_and_what_is_no_name_are_refused():
    with pytest.raises(ValueError, match="^over must not hold both 'voltage' and 'left'"):
        refuse_overlap("over", ["voltage", "left"])
    with pytest.raises(ValueError, match="^free must name parameters by strings, got 3"):
        refuse_overlap("free", [3])


def test_what_is_no_number_cannot_be_varied_as_one():
    for name in ("left.density", "left", "oscillator"):
        with pytest.raises(ValueError, match=f"^over must name parameters: '{name}' is not"):
            refuse_unknown(DEVICE, name)
    assert refuse_unknown(DEVICE, "voltage") == "voltage"


def test_a_value_that_is_not_allowed_is_refused_by_its_own_name():
    with pytest.raises(ValueError, match="^temperature must be finite and greater than 0"):
        varied(DEVICE, "left.temperature", -1.0)
    with pytest.raises(ValueError, match=r"^quality_factor must be"):
        varied(DEVICE, "oscillator.quality_factor", 0.0)
