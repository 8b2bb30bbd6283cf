"""Errors of the package: one family, and they reach whoever waits for them in whatever process."""

import copy
import importlib
import inspect
import multiprocessing
import pickle
import pkgutil
import re
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from cases import model_of as toy
from loky import get_reusable_executor

import qemlib as qem
from qemlib import errors
from qemlib.motion import _refinement

PACKAGE = Path(qem.__file__).parent
MODULES = sorted(m.name for m in pkgutil.walk_packages(qem.__path__, prefix="qemlib."))
ERRORS = sorted(
    {
        value
        for name in MODULES
        for value in vars(importlib.import_module(name)).values()
        if inspect.isclass(value)
        and issubclass(value, BaseException)
        and value.__module__.startswith("qemlib")
    },
    key=lambda error: error.__name__,
)
PUBLIC = {getattr(errors, name) for name in errors.__all__}
# What they were before they were a family, and what others may catch them as.
ALSO = {
    qem.ConvergenceError: ArithmeticError,
    qem.LeftGridError: ValueError,
    qem.NoQuantumState: ValueError,
    qem.NoSteadyState: ValueError,
    qem.NoTicks: ValueError,
    qem.QuadratureError: ArithmeticError,
    qem.SeveralWells: ValueError,
    qem.TooShortError: ArithmeticError,
    qem.UnresolvedError: ValueError,
}

SWEPT = xr.Dataset({"status": ("voltage", [1, 2])})
# What an error carries beside its message.
CARRIED = {qem.FailedPointsError: ("dataset",), qem.TooShortError: ("run",)}


@pytest.fixture(scope="module")
def run():
    """Too short for error bars."""
    return qem.sample(toy(), 400_000, burn_in=1.0, walkers=128, check=False, progress=False)


def example(error, run):
    """One with all that it carries."""
    made = error(
        "what was wrong, and what is allowed",
        *({"run": run, "dataset": SWEPT}[n] for n in carried(error)),
    )
    made.add_note("seen while this was tried")
    return made


def carried(error):
    return CARRIED.get(error, ())


def same(error, other):
    assert type(other) is type(error)
    assert str(other) == str(error)
    assert other.args == error.args
    assert other.__notes__ == error.__notes__
    assert vars(other).keys() == vars(error).keys()


# The family


def test_all_are_one_family_and_all_are_public():
    for error in ERRORS:
        assert issubclass(error, qem.QemError | Warning)
    assert set(ERRORS) > PUBLIC
    for error in PUBLIC:
        assert error.__module__ == "qemlib.errors"
        assert getattr(qem, error.__name__) is error
        assert error.__name__ in qem.__all__
    public = {name for name in qem.__all__ if issubclass_of(getattr(qem, name))}
    assert public == set(errors.__all__)


def issubclass_of(value):
    return inspect.isclass(value) and issubclass(value, BaseException)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_they_are_what_they_were(error):
    if error in ALSO:
        assert issubclass(error, ALSO[error])
    else:
        plain = (qem.QemError, qem.ClassicalStateWarning, qem.FailedPointsError)
        assert error in plain or error not in PUBLIC


def two_wells():
    x = np.linspace(-12.0, 12.0, 401)
    return qem.LangevinModel(
        1.0, 0.5, x, 2.0 * np.tanh(x), 0.02 * np.ones_like(x), 0.05 * np.ones_like(x)
    )


def steep():
    """Weight that grows so fast outwards that only the widest orbit has any."""
    x = np.linspace(-400.0, 400.0, 2001)
    damping = 0.5 * np.tanh((np.abs(x) - 200.0) / 5.0)
    return qem.LangevinModel(1.0, 0.5, x, 0 * x, damping, 1e-3 * np.ones_like(x))


def weakly_coupled():
    return qem.LangevinModel.from_device(replace(qem.paper_device(16.0), coupling=1e-6))


def bound_state():
    """A level far from narrow bands that couple strongly to it."""
    omega = np.linspace(-1.0, 1.0, 101)
    lead = qem.Lead(qem.Tabulated(omega, 0.3 * (1.0 - omega**2) ** 2), 0.0, 0.5)
    return qem.Device(qem.Oscillator(0.2), lead, lead, coupling=0.1, level=3.0)


RAISED = {
    "no coupling": (
        qem.NoSteadyState,
        "its coupling must not be 0",
        lambda: qem.LangevinModel.from_device(replace(qem.paper_device(), coupling=0.0)),
    ),
    "negative friction": (
        qem.NoSteadyState,
        "model has no bound steady state",
        lambda: qem.steady_state(toy(damping=-0.02)),
    ),
    "negative friction, sampled": (
        qem.NoSteadyState,
        "model has no bound steady state",
        lambda: qem.sample(toy(damping=-0.02), progress=False),
    ),
    "no noise": (
        qem.NoSteadyState,
        "its diffusion must be positive",
        lambda: qem.orbit_average(replace(toy(), diffusion=0 * toy().x)),
    ),
    "small grid": (
        qem.LeftGridError,
        "build the model on a wider grid",
        lambda: qem.orbit_average(toy(half_width=6.0)),
    ),
    "all weight at the edge": (
        qem.NoSteadyState,
        "friction is not positive",
        lambda: qem.steady_state(steep()),
    ),
    "no well on the grid": (
        qem.LeftGridError,
        "must have one well on the grid, got 0 minima",
        lambda: qem.steady_state(toy(force=10.0)),
    ),
    "two wells": (
        qem.SeveralWells,
        "must have one well on the grid, got 2 minima",
        lambda: qem.orbit_average(two_wells()),
    ),
    "thin ring": (
        qem.ConvergenceError,
        "its ring is too thin",
        lambda: qem.orbit_average(weakly_coupled()),
    ),
    "bound state": (
        qem.QuadratureError,
        "bound state",
        lambda: qem.occupation(bound_state(), 0.0),
    ),
    "negative population": (
        qem.NoQuantumState,
        "no population below",
        lambda: qem.ergotropy([1.5, -0.5], [0.0, 1.0]),
    ),
    "half a trace": (
        qem.NoQuantumState,
        "must have trace 1",
        lambda: qem.entropy([0.25, 0.25]),
    ),
    "target out of reach": (
        qem.TooShortError,
        "was not reached",
        lambda: qem.sample(toy(), 1_000_000, target_error=0.012, progress=False),
    ),
}


@pytest.mark.parametrize("what", RAISED)
def test_each_is_raised_where_it_should_be(what):
    error, message, call = RAISED[what]
    with pytest.raises(qem.QemError, match=message) as raised:
        call()
    assert type(raised.value) is error


def test_coefficients_that_no_grid_resolves(monkeypatch):
    monkeypatch.setattr(_refinement, "_MOST_POINTS", 200)
    left, right = (replace(lead, temperature=0.01) for lead in qem.paper_device(6.0).leads)
    with pytest.raises(qem.UnresolvedError, match="points do not resolve its coefficients"):
        qem.LangevinModel.from_device(replace(qem.paper_device(), left=left, right=right))


def test_a_state_that_is_none_warns():
    cold = toy(diffusion=0.005)
    with pytest.warns(qem.ClassicalStateWarning, match="is not a quantum state"):
        qem.orbit_average(cold)


def test_nobody_catches_everything_to_learn_that_there_is_no_answer():
    """Where it is done there are other reasons, and each is known here."""
    known = {
        "_kernel_cache.py": 2,  # whatever a damaged file may raise
        "plotting/explorer.py": 1,  # what nobody else would catch is shown
        "studies/fits.py": 1,  # whatever it is goes on, with the place where it was
        "studies/_netcdf.py": 1,  # whatever a damaged file may raise
        "studies/_runs.py": 2,  # what a point says, and what became of it on its way
        "studies/_zarr.py": 2,  # whatever a damaged chunk may raise
    }
    found = {
        str(file.relative_to(PACKAGE)): len(
            re.findall(r"except:|(?:except|suppress\()\W*(?:Base)?Exception\b", file.read_text())
        )
        for file in PACKAGE.rglob("*.py")
    }
    assert {name: times for name, times in found.items() if times} == known


# On the way


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
@pytest.mark.parametrize("way", ["pickle", "copy", "deepcopy"])
def test_an_error_is_copied_whole(error, way, run):
    made = example(error, run)
    if way == "pickle":
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
            same(made, pickle.loads(pickle.dumps(made, protocol)))
    else:
        same(made, getattr(copy, way)(made))


def test_what_too_short_a_run_carries_can_be_gone_on_with(run):
    other = pickle.loads(pickle.dumps(qem.TooShortError("too short", run))).run
    assert repr(other) == repr(run)
    ways = [
        qem.sample(toy(), 2 * run.steps, resume=r, check=False, progress=False)
        for r in (run, other)
    ]
    assert ways[0].phonon_number == ways[1].phonon_number


def raise_it(error, *carried):
    raise error("what was wrong", *carried)


def assert_survives(executor, run, raiser):
    for error in ERRORS:
        future = executor.submit(raiser, error, *[run for _ in carried(error)])
        with pytest.raises(error, match="what was wrong") as raised:
            future.result()
        for name in carried(error):
            assert repr(getattr(raised.value, name)) == repr(run)
    assert executor.submit(len, "abc").result() == 3


def test_a_pool_of_loky_survives_them(run):
    def here(error, *carried):
        # A function of a function is sent by value: the other process need not find this file.
        raise error("what was wrong", *carried)

    assert_survives(get_reusable_executor(max_workers=1), run, here)


def test_a_pool_of_the_standard_library_survives_them(run):
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as executor:
        assert_survives(executor, run, raise_it)
