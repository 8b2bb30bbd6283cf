"""What is left of a sweep when processes are killed: every point, once, bit for bit."""

import random
import subprocess
import sys
from concurrent.futures import BrokenExecutor, Future
from pathlib import Path

import numpy as np
import pytest
import swept
import xarray as xr
from swept import COUPLINGS, POINTS, VOLTAGES, Thermal, calls, chunks, same, sweep

import qemlib as qem

zarr = pytest.importorskip("zarr")


@pytest.fixture(scope="module")
def undisturbed():
    return sweep()


@pytest.fixture(scope="module")
def process(tmp_path_factory):
    """A process that forks sweeps and kills them."""
    folder = tmp_path_factory.mktemp("killed")
    command = [sys.executable, swept.__file__, str(folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as started:

        def ask(line):
            started.stdin.write(f"{line}\n")
            started.stdin.flush()
            return started.stdout.readline().split()

        ask.folder = folder
        yield ask
        started.stdin.close()


def finished(store):
    """(voltage, coupling) of the points that are in the store."""
    status = qem.read_sweep(store)["status"].values
    return {(VOLTAGES[i], COUPLINGS[j]) for i, j in zip(*np.nonzero(status), strict=True)}


def test_a_tenth_of_the_points_has_no_state_and_is_marked(undisturbed):
    status = undisturbed["status"].values
    assert status.size == POINTS
    assert (status == 2).sum() == POINTS // 10
    failed = undisturbed.isel(coupling=0)
    assert set(failed["failure"].values) == {"NoSteadyState: nothing drives it"}
    assert np.isnan(failed["phonon_number"].values).all()
    done = undisturbed.isel(coupling=slice(1, None))
    assert (done["failure"] == "").all()
    # ⟨n⟩ of a thermal ladder.
    warmth = 1.0 + VOLTAGES[:, None] + COUPLINGS[1:]
    np.testing.assert_allclose(done["phonon_number"], 1.0 / np.expm1(1.0 / warmth), rtol=0.01)


def test_a_serial_sweep_killed_at_ten_moments(process, undisturbed, tmp_path):
    store, draw = tmp_path / "sweep.zarr", random.Random(17)
    noted = process.folder / "calls"
    for _ in range(10):
        before = finished(store) if store.exists() else set()
        start = len(calls(process.folder)) if noted.exists() else 0
        assert process(f"{draw.randint(1, 4)} {draw.uniform(0.0, 4e-3)} {store}") == ["killed"]
        assert finished(store) > before
        # Nothing that was finished is computed again.
        assert not before & set(calls(process.folder)[start:])
    left = POINTS - len(finished(store))
    start = len(calls(process.folder))
    found = sweep(Thermal(seconds=0.002, folder=str(process.folder)), store=store)
    assert len(calls(process.folder)) - start == left > 0
    assert same(found, sweep(Thermal(seconds=0.002)))
    assert len(chunks(store)) == POINTS
    xr.testing.assert_equal(found, undisturbed)
    assert found.identical(qem.read_sweep(store))


def test_two_processes_at_one_store(process, tmp_path):
    store = tmp_path / "sweep.zarr"
    assert process(f"-1 0 {store}") == ["0", "0"]
    assert same(qem.read_sweep(store), sweep(Thermal(seconds=0.002)))
    assert {path.name for path in tmp_path.iterdir()} == {"sweep.zarr"}


def test_a_pool_whose_processes_are_killed(undisturbed, tmp_path):
    store = tmp_path / "sweep.zarr"
    for place in ("0.0 0.3", "4.0 0.5"):
        Path(tmp_path, f"ends {place}").touch()
    found = sweep(Thermal(folder=str(tmp_path)), "pool", store)
    assert not list(tmp_path.glob("ends *"))
    assert same(found, undisturbed)
    assert found.identical(qem.read_sweep(store))
    # Again: all of it is there.
    before = len(calls(tmp_path))
    assert sweep(Thermal(folder=str(tmp_path)), store=store).identical(found)
    assert len(calls(tmp_path)) == before


def test_what_is_lost_on_the_way_is_marked_and_not_kept(undisturbed, tmp_path):
    class Losing:
        """An executor that loses every third point, as Dask does one that ended four workers."""

        def __init__(self):
            self.sent = 0

        def submit(self, function, *arguments):
            future, self.sent = Future(), self.sent + 1
            if self.sent % 3:
                future.set_result(function(*arguments))
            else:
                future.set_exception(RuntimeError("lost on the way\nand where"))
            return future

    store = tmp_path / "sweep.zarr"
    found = sweep(executor=Losing(), store=store)
    lost = found["failure"].values == "RuntimeError: lost on the way"
    assert lost.sum() == POINTS // 3
    assert ((qem.read_sweep(store)["status"] == 0).values == lost).all()
    assert same(sweep(store=store), undisturbed)


def test_an_executor_that_breaks_is_told_and_what_it_brought_is_kept(undisturbed, tmp_path):
    class Breaking:
        """Three points, then none."""

        def __init__(self):
            self.left = 3

        def submit(self, function, *arguments):
            future = Future()
            if self.left:
                future.set_result(function(*arguments))
            else:
                future.set_exception(BrokenExecutor("its process was ended"))
            self.left = max(0, self.left - 1)
            return future

    store = tmp_path / "sweep.zarr"
    with pytest.raises(BrokenExecutor, match="was ended") as told:
        sweep(executor=Breaking(), store=store)
    assert told.value.__notes__ == ["sweep: the executor has ended, 37 points are missing"]
    assert (qem.read_sweep(store)["status"] != 0).sum() == 3
    assert same(sweep(store=store), undisturbed)
