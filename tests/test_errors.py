"""Errors of the package reach whoever waits for them, in whatever process they were raised."""

import copy
import importlib
import inspect
import pickle
import pkgutil

import pytest
from cases import model_of
from loky import get_reusable_executor

import qemlib as qem

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


# What an error carries beside its message.
CARRIED = {qem.TooShortError: ("run",)}


@pytest.fixture(scope="module")
def run():
    """Too short for error bars."""
    return qem.sample(model_of(), 400_000, burn_in=1.0, walkers=128, check=False, progress=False)


def example(error, run):
    """One with all that it carries."""
    made = error("what was wrong, and what is allowed", *({"run": run}[n] for n in carried(error)))
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


def test_all_are_known():
    names = {error.__name__ for error in ERRORS}
    assert {"ConvergenceError", "LeftGridError", "QuadratureError", "TooShortError"} <= names
    public = {name for name in qem.__all__ if name.endswith("Error")}
    assert public <= names


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
    model = run._ensemble.plan.model
    ways = [
        qem.sample(model, 2 * run.steps, resume=r, check=False, progress=False)
        for r in (run, other)
    ]
    assert ways[0].phonon_number == ways[1].phonon_number


def test_a_pool_of_processes_survives_them(run):
    def raise_it(error, *carried):
        # A function of a function is sent by value: the other process need not find this file.
        raise error("what was wrong", *carried)

    executor = get_reusable_executor(max_workers=1)
    for error in ERRORS:
        future = executor.submit(raise_it, error, *[run for _ in carried(error)])
        with pytest.raises(error, match="what was wrong") as raised:
            future.result()
        for name in carried(error):
            assert repr(getattr(raised.value, name)) == repr(run)
    assert executor.submit(len, "abc").result() == 3
