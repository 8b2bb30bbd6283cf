"""A sweep on Dask's scheduler: it takes the executor of a client as it is."""

import numpy as np
from distributed import Client

import qemlib as qem


def test_a_sweep_on_a_cluster_is_the_same_sweep(tmp_path):
    over = {"voltage": [0.0, 12.0]}
    options = {"n_workers": 1, "threads_per_worker": 1, "processes": False}
    with Client(**options, dashboard_address=None, local_directory=str(tmp_path)) as client:
        found = qem.sweep(qem.paper_device(), over, method="orbit", executor=client.get_executor())
    assert np.allclose(found["phonon_number"], [9.558, 59.55], rtol=1e-4)
    assert dict(found.sizes) == {"voltage": 2}
