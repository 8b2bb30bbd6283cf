"""Two thousand exact points, and processes that are killed half-way, in full size.

OMP_NUM_THREADS=1 python tests/studies/full_size.py [--points N]

The same sweep four times: undisturbed in one thread; in a process that is killed by SIGKILL when
half of the points are stored, and started again; in the pool, a process of which is killed then;
and on a Dask cluster of two workers, one of which is killed then.  A tenth of the points has no
steady state.  All must end with every point there once, bit for bit the same.  `make survival` runs
it.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from swept import chunks

import qemlib as qem
from qemlib._parallel import pool

COUPLINGS = np.arange(10) / 50.0
FOREVER = 2 * 3600.0  # seconds


def sweep(points, store=None, executor=None):
    over = {"voltage": np.linspace(0.0, 12.0, points // COUPLINGS.size), "coupling": COUPLINGS}
    return qem.sweep(qem.paper_device(), over, "exact", executor, store)


def serially(points, store=None):
    with ThreadPoolExecutor(1) as here:
        return sweep(points, store, here)


def wait_for(number, store):
    """Until so many points are stored."""
    end = time.monotonic() + FOREVER
    while time.monotonic() < end:
        if store.exists() and len(chunks(store)) >= number:
            return
        time.sleep(0.01)
    raise TimeoutError(f"{store} does not fill")


@contextmanager
def killed_half_way(points, store, victim):
    """While the body runs, one process that `victim` names is killed."""
    killed = []

    def kill():
        wait_for(points // 2, store)
        killed.append(victim())
        os.kill(killed[0], signal.SIGKILL)

    watch = threading.Thread(target=kill, daemon=True)
    watch.start()
    yield
    watch.join(FOREVER)
    assert killed, "no process was killed"


def serial_killed(points, store):
    command = [sys.executable, __file__, "--points", str(points), "--store", str(store)]
    with subprocess.Popen(command) as started:
        wait_for(points // 2, store)
        started.kill()
    there = len(chunks(store))
    assert points // 2 <= there < points, f"{there} of {points} points were stored"
    return serially(points, store)


def pool_killed(points, store):
    executor = pool()  # each thread has its own

    def victim():
        return next(iter(executor._processes))

    with killed_half_way(points, store, victim):
        return sweep(points, store)


def cluster_killed(points, store):
    from distributed import Client, LocalCluster

    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with (
        LocalCluster(**options, local_directory=str(store.parent / "dask")) as cluster,
        Client(cluster) as client,
    ):

        def victim():
            return next(iter(client.run(os.getpid).values()))

        with killed_half_way(points, store, victim):
            return sweep(points, store, client.get_executor())


def main(points):
    start = time.monotonic()
    whole = serially(points)
    print(f"undisturbed: {points} points in {time.monotonic() - start:.0f} s")
    failed = int((whole["status"] == 2).sum())
    assert failed == points // 10, f"{failed} points failed"
    with tempfile.TemporaryDirectory() as folder:
        for name, way in (
            ("a serial sweep, killed and started again", serial_killed),
            ("the pool, a process of it killed", pool_killed),
            ("a cluster, a worker of it killed", cluster_killed),
        ):
            start, store = time.monotonic(), Path(folder, f"{way.__name__}.zarr")
            found = way(points, store)
            assert len(chunks(store)) == points, name
            assert found.identical(whole), name
            assert qem.read_sweep(store).identical(whole), name
            print(f"{name}: the same, every point once, in {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=2000, help="a multiple of 10 (default 2000)")
    parser.add_argument("--store", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.store:
        serially(arguments.points, arguments.store)
    else:
        main(arguments.points)
