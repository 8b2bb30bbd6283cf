"""Sweeps over parameters, devices and models: their values, and what happens when a point fails."""

import os
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from operator import attrgetter
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from cases import toy

import qemlib as qem
from qemlib.studies import _runs, methods


@pytest.fixture(scope="module")
def threads():
    with ThreadPoolExecutor(1) as executor:
        yield executor


@pytest.fixture(scope="module")
def dataset(threads):
    over = {"voltage": [0.0, 10.0], "left.temperature": [1.5, 2.0]}
    return qem.sweep(qem.paper_device(), over, method="orbit", executor=threads)


def test_axes_are_the_parameters_in_order(dataset):
    assert dataset["g2"].dims == ("voltage", "left_temperature")
    assert dataset["left_temperature"].values.tolist() == [1.5, 2.0]


def test_every_variable_has_a_name_and_units(dataset):
    for variable in dataset.data_vars.values():
        assert variable.attrs["long_name"]
        assert variable.attrs["units"]


def test_each_point_is_its_own_device(dataset):
    device = qem.paper_device(10.0)
    device = replace(device, left=replace(device.left, temperature=1.5))
    state = qem.orbit_average(qem.LangevinModel.from_device(device))
    point = dataset.sel(voltage=10.0, left_temperature=1.5)
    assert float(point["phonon_number"]) == pytest.approx(state.phonon_number, rel=1e-12)
    assert float(point["bath_temperature"]) == 1.5
    assert float(point["damping_at_rest"]) == pytest.approx(float(qem.damping(device, 0.0)))


def test_exact_values_in_a_pool_of_processes():
    point = qem.sweep(qem.paper_device(), {"voltage": [10.0]}).sel(voltage=10.0)
    assert float(point["phonon_number"]) == pytest.approx(42.134620, abs=5e-7)
    assert float(point["g2"]) == pytest.approx(1.544865, abs=5e-7)
    assert float(point["ergotropy"]) == pytest.approx(3.62278e-2, rel=1e-5)
    assert abs(float(point["missing_trace"])) < 1e-10


@dataclass(frozen=True)
class Seen:
    """A state with as many phonons as `what` says of the device."""

    what: object
    name = "seen"

    def state(self, subject):
        told = self.what(subject)
        return SimpleNamespace(phonon_number=told, error={"phonon_number": 0.5}, violations=())


def seen(what, over, **options):
    """The phonon numbers that such a sweep finds."""
    with ThreadPoolExecutor(1) as here:
        return qem.sweep(
            qem.paper_device(), over, Seen(what), here, observables=["phonon_number"], **options
        )


def test_the_word_and_the_object_are_one_method(threads):
    for word, method in methods.METHODS.items():
        assert methods.named(word) is method
    ways = ("orbit", "preview", qem.methods.Preview())
    found = [qem.sweep(qem.paper_device(), {"voltage": [4.0]}, way, threads) for way in ways]
    assert [each.attrs["method"] for each in found] == ["orbit", "preview", "preview"]
    for each in found[1:]:
        xr.testing.assert_equal(each, found[0])
        assert each.attrs["settings"] == found[0].attrs["settings"]


def test_base_device_is_the_older_name_of_base(threads):
    arguments = {"over": {"voltage": [4.0]}, "method": "orbit", "executor": threads}
    found = qem.sweep(base_device=qem.paper_device(), **arguments)
    xr.testing.assert_identical(found, qem.sweep(qem.paper_device(), **arguments))
    with pytest.raises(TypeError, match="base_device must be left out where base is given"):
        qem.sweep(qem.paper_device(), base_device=qem.paper_device(), **arguments)
    with pytest.raises(TypeError, match="base_device must be a Device, got 3"):
        qem.sweep(base_device=3, **arguments)


def test_temperature_is_that_of_both_leads():
    found = seen(lambda d: d.left.temperature + 10 * d.right.temperature, {"temperature": [1, 3]})
    assert found["phonon_number"].values.tolist() == [11.0, 33.0]


def test_a_list_of_devices_is_an_axis(threads):
    devices = [qem.paper_device(4.0), replace(qem.paper_device(8.0), level=0.3)]
    found = qem.sweep(devices, method="orbit", executor=threads)
    assert found["g2"].dims == ("device",)
    for i, device in enumerate(devices):
        state = qem.orbit_average(qem.LangevinModel.from_device(device))
        assert found["phonon_number"].values[i] == state.phonon_number
    over = qem.sweep(devices, {"coupling": [0.05, 0.1]}, "orbit", threads)
    assert over["g2"].dims == ("device", "coupling")
    assert over["phonon_number"].values[:, 1].tolist() == found["phonon_number"].values.tolist()


def test_a_list_of_models_is_an_axis(threads):
    models = [toy(friction=friction) for friction in (1e-3, 2e-3)]
    found = qem.sweep(models, method="exact", executor=threads)
    assert found["g2"].dims == ("model",)
    # A linear oscillator: D/2mγω0 − 1/2.
    expected = [4e-3 / (2 * friction * 0.2) - 0.5 for friction in (1e-3, 2e-3)]
    np.testing.assert_allclose(found["phonon_number"], expected, rtol=1e-8)
    assert found["damping_at_rest"].values == pytest.approx([1e-3, 2e-3])
    assert np.isnan(found["free_energy_work"]).all()  # of no bath is anything known


@pytest.mark.parametrize(
    ("base", "arguments", "message"),
    [
        ([], {}, "base must hold devices, or models, at least one; got none"),
        ([qem.paper_device(), toy()], {}, "base must hold .* got both of \\['device', 'model'\\]"),
        ([qem.paper_device(), 3], {}, "base must hold Devices or LangevinModels, .* got 3"),
        ([toy()], {"over": {"voltage": [1.0]}}, "over must be left out for models"),
        ([toy()], {"method": "full_quantum"}, "base must be made of what full_quantum takes"),
        ([toy()], {"method": "with_memory"}, "base must be made of what with_memory takes"),
        ([toy()], {"method": "noise_at_oscillator"}, "method must leave noise_at at 'zero'"),
        (None, {"over": {"voltage": [1.0]}}, "base must be a Device, or a list"),
        (qem.paper_device(), {}, "over must be a dict of parameters to values, got None"),
    ],
)
def test_what_cannot_be_swept_is_refused(base, arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        qem.sweep(base, **arguments)


def test_a_point_that_fails_is_marked_and_the_others_go_on(threads):
    over = {"voltage": [4.0], "coupling": [0.1, 0.0]}
    found = qem.sweep(qem.paper_device(), over, "orbit", threads)
    assert found["status"].values.tolist() == [[1, 2]]
    assert found["status"].attrs["flag_meanings"] == "missing done failed"
    assert found["failure"].values[0, 0] == ""
    assert found["failure"].values[0, 1].startswith("NoSteadyState: device: its coupling must not")
    numbers = found.drop_vars(["status", "failure"])
    assert all(np.isnan(each.values[0, 1]) for each in numbers.data_vars.values())
    alone = qem.sweep(qem.paper_device(), {"voltage": [4.0]}, "orbit", threads)
    assert found["phonon_number"].values[0, 0] == alone["phonon_number"].values[0]


def test_whatever_a_method_raises_is_its_answer():
    class Odd(Exception):
        """One that does not survive pickling."""

        def __init__(self, first, second):
            super().__init__("odd")

    def what(device):
        if device.voltage == 1.0:
            raise Odd(1, 2)
        return 1 / device.voltage

    found = seen(what, {"voltage": [0.0, 1.0, 2.0]})
    assert found["failure"].values.tolist() == [
        "ZeroDivisionError: float division by zero",
        "Odd: odd",
        "",
    ]


def test_strict_raises_at_the_end_with_all_points(threads):
    over = {"voltage": [4.0], "coupling": [0.0, 0.1]}
    message = "1 of 2 points failed, at voltage = 4.0, coupling = 0.0: NoSteadyState: device: its"
    with pytest.raises(qem.FailedPointsError, match=message) as raised:
        qem.sweep(qem.paper_device(), over, "orbit", threads, strict=True)
    assert raised.value.dataset["status"].values.tolist() == [[2, 1]]
    qem.sweep(qem.paper_device(), {"voltage": [4.0]}, "orbit", threads, strict=True)


def test_of_many_failures_the_first_are_named():
    def what(device):
        raise ValueError(f"not at {device.voltage:g}")

    with pytest.raises(qem.FailedPointsError, match="not at 2; and 7 more") as raised:
        seen(what, {"voltage": np.arange(10.0)}, strict=True)
    assert len(str(raised.value)) < 500


class Mortal:
    """A pool of one process, which the points at some voltages end; what is left of it is lost."""

    pools = 0

    def __init__(self, deadly):
        Mortal.pools += 1
        self.deadly, self.broken = deadly, False

    def submit(self, function, subject, *arguments):
        future = Future()
        self.broken = self.broken or subject.voltage in self.deadly
        if self.broken:
            future.set_exception(BrokenProcessPool("a process was ended\nTraceback: ..."))
        else:
            future.set_result(function(subject, *arguments))
        return future


@pytest.mark.parametrize("deadly", [(0.0,), (1.0,), (4.0,), (1.0, 2.0), (0.0, 1.0, 4.0)])
def test_a_point_that_ends_its_process_fails_alone(deadly, monkeypatch, tmp_path):
    monkeypatch.setattr(_runs, "pool", lambda: Mortal(deadly))
    over = {"voltage": np.arange(5.0)}
    store = tmp_path / "sweep.nc"
    given = (qem.paper_device(), over, Seen(attrgetter("voltage")))
    before = Mortal.pools
    found = qem.sweep(*given, store=store, observables=["phonon_number"])
    assert Mortal.pools - before <= 3 * len(deadly) + 1
    for i, voltage in enumerate(over["voltage"]):
        if voltage in deadly:
            assert found["failure"].values[i] == "BrokenProcessPool: a process was ended"
        else:
            assert found["phonon_number"].values[i] == voltage
    # What a machine did is no answer: it is not kept, and the next call tries again.
    monkeypatch.setattr(_runs, "pool", lambda: Mortal(()))
    again = qem.sweep(*given, store=store, observables=["phonon_number"])
    assert again["status"].values.tolist() == [1] * 5


OVERLAPPING = [
    ("voltage", "left.chemical_potential"),
    ("voltage", "right.chemical_potential"),
    ("voltage", "left"),
    ("voltage", "right"),
    ("left", "left.temperature"),
    ("temperature", "left.temperature"),
    ("temperature", "right"),
    ("left.density", "left.density.rate"),
    ("right", "right.density.rate"),
    ("oscillator", "oscillator.mass"),
]
APART = [
    ("voltage", "left.temperature"),
    ("voltage", "temperature"),
    ("left.chemical_potential", "right.chemical_potential"),
    ("left.temperature", "right.temperature"),
    ("oscillator.mass", "oscillator.frequency"),
    ("left.density.rate", "left.density.bandwidth"),
]


@pytest.mark.parametrize("names", [*OVERLAPPING, *(pair[::-1] for pair in OVERLAPPING)])
def test_axes_that_set_the_same_thing_are_refused(names, threads):
    with pytest.raises(ValueError, match="over must not hold both") as refusal:
        qem.sweep(qem.paper_device(), {name: [4.0] for name in names}, "orbit", threads)
    for name in names:
        assert repr(name) in str(refusal.value)


@pytest.mark.parametrize("names", [*APART, *(pair[::-1] for pair in APART)])
def test_other_axes_are_what_their_labels_say(names):
    def both(device):
        short = {"temperature": "left.temperature"}
        values = [attrgetter(short.get(name, name))(device) for name in names]
        return values[0] + 100.0 * values[1]

    found = seen(both, dict(zip(names, ([1.0, 2.0], [3.0, 4.0]), strict=True)))
    np.testing.assert_allclose(found["phonon_number"], [[301.0, 401.0], [302.0, 402.0]], rtol=1e-12)


def test_as_many_processes_as_there_are_processors_for_this_one():
    """Not as many as the machine has: a batch system gives a job some of them."""
    code = (
        "import os, loky, qemlib as qem\n"
        "os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])\n"
        "qem.sweep(qem.paper_device(), {'voltage': [0.0]}, method='orbit')\n"
        "print(loky.get_reusable_executor()._max_workers)"
    )
    environment = os.environ | {"TQDM_DISABLE": "1"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1"]


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ({3: [1.0]}, "over must name parameters by strings, got 3"),
        ({}, "over must hold at least one parameter"),
        ({"voltage": []}, "at least one value"),
        ({"voltage": [np.nan]}, r"over\['voltage'\] must hold finite numbers only, got nan"),
        ({"voltage": [[1.0]]}, r"over\['voltage'\]"),
        (
            {"tension": [1.0]},
            "'tension' is not a parameter of the device; Device has no field 'tension'. Known are "
            "voltage, temperature, .*oscillator.frequency, .*left.density.rate, .*coupling, level",
        ),
        ({"left.mood": [1.0]}, "Lead has no field 'mood'"),
        ({"left.temperature.lower": [1.0]}, "float has no field 'lower'"),
        ({"left.temperature": [0.0]}, "temperature must be finite and greater than 0, got 0.0"),
    ],
)
def test_bad_parameters_are_named(over, message, threads):
    with pytest.raises(ValueError, match=message):
        qem.sweep(qem.paper_device(), over, executor=threads)


def test_unknown_method_is_named():
    with pytest.raises(ValueError, match=r"method must be one of \['exact', .*\], got 'magic'"):
        qem.sweep(qem.paper_device(), {"voltage": [0.0]}, method="magic")
    for wrong in (3, qem.methods.Exact, object()):
        with pytest.raises(TypeError, match="method must be one of .* or an object with a name"):
            qem.sweep(qem.paper_device(), {"voltage": [0.0]}, method=wrong)


def test_base_must_be_a_device():
    with pytest.raises(TypeError, match="base must be a Device, or a list of .*, got 3"):
        qem.sweep(3, {"voltage": [0.0]})


@pytest.mark.parametrize("method", ["noise_at_oscillator", "with_memory"])
def test_friction_at_rest_is_that_of_the_method(method, threads):
    """At rest the slow motion is still damped at this voltage, and the device's own is driven."""
    device = replace(qem.paper_device(8.4), coupling=0.15)
    wanted = {"executor": threads, "observables": ["damping_at_rest"]}
    slow, own = (
        qem.sweep(device, {"voltage": [8.4]}, each, **wanted).isel(voltage=0)
        for each in ("preview", method)
    )
    up, down = qem.noise_spectrum(device, 0.0, np.array([0.2, -0.2]))
    assert float(own["damping_at_rest"]) == pytest.approx((up - down) / 0.4, rel=1e-9)
    assert float(slow["damping_at_rest"]) == pytest.approx(float(qem.damping(device, 0.0)))
    assert float(own["damping_at_rest"]) < 0 < float(slow["damping_at_rest"])
