"""A sweep on Dask's scheduler: it takes the executor of a client as it is."""

import os
from pathlib import Path

import numpy as np
import pytest
from distributed import Client, LocalCluster
from swept import Thermal, calls, same, sweep

import qemlib as qem


def test_a_sweep_on_a_cluster_is_the_same_sweep(tmp_path):
    over = {"voltage": [0.0, 12.0]}
    options = {"n_workers": 1, "threads_per_worker": 1, "processes": False}
    with Client(**options, dashboard_address=None, local_directory=str(tmp_path)) as client:
        found = qem.sweep(qem.paper_device(), over, method="orbit", executor=client.get_executor())
    assert np.allclose(found["phonon_number"], [9.558, 59.55], rtol=1e-4)
    assert dict(found.sizes) == {"voltage": 2}


def threads(state):
    """Of linear algebra, where the point is computed."""
    from threadpoolctl import threadpool_info

    return max(each["num_threads"] for each in threadpool_info())


@pytest.mark.filterwarnings("ignore")  # of Dask's, about workers that are gone
def test_two_workers_one_of_which_is_killed(tmp_path, monkeypatch):
    pytest.importorskip("zarr")
    # As a worker has that nobody limits.
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    Path(tmp_path, "ends 4.0 0.5").touch()
    store = tmp_path / "sweep.zarr"
    method = Thermal(folder=str(tmp_path))
    wanted = ["phonon_number", qem.Observable("threads", threads)]
    with (
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address=None,
            local_directory=str(tmp_path / "dask"),
        ) as cluster,
        Client(cluster) as client,
    ):
        executor = client.get_executor()
        found = sweep(method, executor, store, observables=wanted)
        assert not list(tmp_path.glob("ends *"))
        before = len(calls(tmp_path))
        assert sweep(method, executor, store, observables=wanted).identical(found)
        assert len(calls(tmp_path)) == before
    alone = sweep(observables=wanted)
    assert same(found, alone)
    assert (found["status"] == 2).sum() == 4
    assert set(found["threads"].values[:, 1:].ravel()) == {1.0}
    assert len(os.listdir(store / "record" / "c")) == 4
