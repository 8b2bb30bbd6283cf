"""Sweeps over parameters: their values, their store, and what happens when a point fails."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib import import_module
from operator import attrgetter

import numpy as np
import pytest
import xarray as xr

import qemlib as qem


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


def states_beyond_slowness(device):
    """Its states with the noise at ±ω0, and with all memory, as built by hand."""
    model = qem.LangevinModel.from_device(device, noise_at="oscillator")
    averaged = qem.AveragedModel.from_device(device)
    return {"oscillator": qem.steady_state(model), "memory": qem.averaged_state(averaged)}


@pytest.mark.parametrize("method", ["oscillator", "memory"])
def test_methods_beyond_the_slow_limit_are_these_states(method, threads):
    device = replace(qem.paper_device(8.4), coupling=0.15)
    found = qem.sweep(device, {"voltage": [8.4]}, method=method, executor=threads).isel(voltage=0)
    state = states_beyond_slowness(device)[method]
    assert float(found["phonon_number"]) == pytest.approx(state.phonon_number, rel=1e-12)
    assert float(found["g2"]) == pytest.approx(state.g2, rel=1e-12)
    # At rest the slow motion is still damped at this voltage, and the device's own is driven.
    up, down = qem.noise_spectrum(device, 0.0, np.array([0.2, -0.2]))
    assert float(found["damping_at_rest"]) == pytest.approx((up - down) / 0.4, rel=1e-6)
    assert float(found["damping_at_rest"]) < 0 < float(qem.damping(device, 0.0))


def test_an_interrupted_sweep_resumes_where_it_stopped(tmp_path, threads, monkeypatch):
    # qemlib.studies.sweeps is the function; the module of the same name is found by import_module.
    module = import_module("qemlib.studies.sweeps")
    calls = []
    point = module._point

    def stops_at_the_second(device, method):
        calls.append(device.voltage)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return point(device, method)

    arguments = {
        "base_device": qem.paper_device(),
        "over": {"voltage": [0.0, 4.0, 8.0]},
        "method": "orbit",
        "executor": threads,
        "store": tmp_path / "sweep.nc",
    }
    monkeypatch.setattr(module, "_point", stops_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        qem.sweep(**arguments)
    with xr.open_dataset(arguments["store"], engine="scipy") as stored:
        done = np.isfinite(stored["g2"].values)
    assert done.tolist() == [True, False, False]
    resumed = qem.sweep(**arguments)
    assert calls.count(0.0) == 1
    monkeypatch.undo()
    whole = qem.sweep(**{**arguments, "store": None})
    xr.testing.assert_identical(resumed, whole)


def test_a_store_of_another_sweep_is_refused(tmp_path, threads):
    store = tmp_path / "sweep.nc"
    device = qem.paper_device()
    qem.sweep(device, {"voltage": [0.0]}, method="orbit", executor=threads, store=store)
    with pytest.raises(ValueError, match="belongs to another sweep"):
        qem.sweep(device, {"voltage": [1.0]}, method="orbit", executor=threads, store=store)


def test_sweeps_that_share_a_store_end_with_the_points_of_all(tmp_path, monkeypatch):
    module = import_module("qemlib.studies.sweeps")
    meet = threading.Barrier(3)
    point = module._point

    def together(device, method):
        meet.wait()  # each sweep computes each point, and all write it at about the same time
        return point(device, method)

    def swept(_):
        with ThreadPoolExecutor(1) as executor:
            return qem.sweep(
                qem.paper_device(),
                {"voltage": [0.0, 4.0, 8.0]},
                method="orbit",
                executor=executor,
                store=tmp_path / "sweep.nc",
            )

    monkeypatch.setattr(module, "_point", together)
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(swept, range(3)))
    assert [path.name for path in tmp_path.iterdir()] == ["sweep.nc"]
    with xr.open_dataset(tmp_path / "sweep.nc", engine="scipy") as stored:
        for result in results:
            xr.testing.assert_identical(result, stored.load())


def test_what_another_sweep_has_written_in_the_meantime_is_kept(tmp_path, threads, monkeypatch):
    store = tmp_path / "sweep.nc"
    module = import_module("qemlib.studies.sweeps")
    arguments = (qem.paper_device(), {"voltage": [0.0, 4.0, 8.0]}, "orbit")
    whole = qem.sweep(*arguments, threads)
    others = whole.copy(deep=True)
    for variable in others.data_vars.values():
        variable.values[:2] = np.nan  # the other sweep has the last point only
    point = module._point

    def fails_at_last(device, method):
        if device.voltage == 8.0:
            raise KeyboardInterrupt
        if device.voltage == 0.0:
            others.to_netcdf(store, engine="scipy")
        return point(device, method)

    monkeypatch.setattr(module, "_point", fails_at_last)
    with pytest.raises(KeyboardInterrupt):
        qem.sweep(*arguments, threads, store)
    with xr.open_dataset(store, engine="scipy") as stored:
        assert np.isfinite(stored["g2"].values).tolist() == [True, True, True]


def never(device, method):
    pytest.fail("a point was computed for a store that cannot be")


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("nowhere/x.nc", "store must lie in a folder that exists, got .*nowhere/x.nc"),
        ("a_file/x.nc", "store must lie in a folder that exists, got .*a_file/x.nc"),
        ("a_folder", "store must be a file, got the folder .*a_folder"),
        ("a" * 250 + ".nc", "store must lie where files can be written, got .*too long"),
        ("a_file", "store: .*a_file is not a sweep's file"),
        ("empty", "store: .*empty is not a sweep's file"),
    ],
)
def test_a_store_that_cannot_be_costs_nothing(where, message, tmp_path, threads, monkeypatch):
    (tmp_path / "a_folder").mkdir()
    (tmp_path / "a_file").write_text("not a sweep")
    (tmp_path / "empty").write_text("")
    monkeypatch.setattr(import_module("qemlib.studies.sweeps"), "_point", never)
    with pytest.raises(ValueError, match=message):
        qem.sweep(qem.paper_device(), {"voltage": [0.0]}, "orbit", threads, tmp_path / where)


def test_a_store_in_the_home_folder(tmp_path, threads, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    qem.sweep(qem.paper_device(), {"voltage": [0.0]}, "orbit", threads, "~/x.nc")
    assert (tmp_path / "x.nc").is_file()


def test_an_error_says_at_which_point(threads):
    over = {"voltage": [4.0], "coupling": [0.1, 0.0]}
    with pytest.raises(ValueError, match="its coupling must not be 0") as raised:
        qem.sweep(qem.paper_device(), over, "orbit", threads)
    assert raised.value.__notes__ == ["sweep: at voltage = 4.0, coupling = 0.0"]


OVERLAPPING = [
    ("voltage", "left.chemical_potential"),
    ("voltage", "right.chemical_potential"),
    ("voltage", "left"),
    ("voltage", "right"),
    ("left", "left.temperature"),
    ("left.density", "left.density.rate"),
    ("right", "right.density.rate"),
    ("oscillator", "oscillator.mass"),
]
APART = [
    ("voltage", "left.temperature"),
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
def test_other_axes_are_what_their_labels_say(names, threads, monkeypatch):
    module = import_module("qemlib.studies.sweeps")
    monkeypatch.setattr(module, "_point", lambda device, method: {"phonon_number": seen(device)})

    def seen(device):
        values = [
            device.voltage if name == "voltage" else attrgetter(name)(device) for name in names
        ]
        return values[0] + 100.0 * values[1]

    over = dict(zip(names, ([1.0, 2.0], [3.0, 4.0]), strict=True))
    found = qem.sweep(qem.paper_device(), over, "orbit", threads)["phonon_number"].values
    np.testing.assert_allclose(found, [[301.0, 401.0], [302.0, 402.0]], rtol=1e-12)


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
        ({"tension": [1.0]}, "'tension' is not a parameter of the device"),
        ({"left.mood": [1.0]}, "Lead has no field 'mood'"),
        ({"left.temperature": [0.0]}, "temperature must be finite and greater than 0, got 0.0"),
    ],
)
def test_bad_parameters_are_named(over, message, threads):
    with pytest.raises(ValueError, match=message):
        qem.sweep(qem.paper_device(), over, executor=threads)


def test_unknown_method_is_named():
    known = r"\['exact', 'memory', 'orbit', 'oscillator'\]"
    with pytest.raises(ValueError, match=rf"method must be one of {known}, got 'magic'"):
        qem.sweep(qem.paper_device(), {"voltage": [0.0]}, method="magic")


def test_base_device_must_be_a_device():
    with pytest.raises(TypeError, match="base_device must be a Device, got 3"):
        qem.sweep(3, {"voltage": [0.0]})
