from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib import import_module

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


def test_an_interrupted_sweep_resumes_where_it_stopped(tmp_path, threads, monkeypatch):
    # qemlib.sweep is the function; the module of the same name is found by import_module.
    module = import_module("qemlib.sweep")
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


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ({}, "over must be a dict"),
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
    with pytest.raises(
        ValueError, match=r"method must be one of \['exact', 'orbit'\], got 'magic'"
    ):
        qem.sweep(qem.paper_device(), {"voltage": [0.0]}, method="magic")


def test_base_device_must_be_a_device():
    with pytest.raises(ValueError, match="base_device must be a Device, got 3"):
        qem.sweep(3, {"voltage": [0.0]})
