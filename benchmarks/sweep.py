"""What a sweep costs beside its points: the pool, the way of a point there and back, and the store.

OMP_NUM_THREADS=1 python benchmarks/sweep.py [--points N] [--turns N] [--writes N]

- The same exact points in one thread and in the pool, in turns: how many times faster the pool is.
- Points that cost nothing, in the pool and in one thread: the whole time, per point.
- Points written to a store one by one: the whole time per point, and that of the last tenth
  beside that of the first.
"""

import argparse
import os
import platform
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
from machine import processor

import qemlib as qem
from qemlib.studies.stores import ZarrStore


@dataclass(frozen=True)
class Nothing:
    """A method that costs nothing."""

    name = "nothing"

    def state(self, subject):
        return qem.QuantumState([0.6, 0.4], device=subject)


def seconds(points, method, executor=None, observables=None):
    over = {"voltage": np.linspace(0.0, 20.0, points)}
    start = perf_counter()
    qem.sweep(qem.paper_device(), over, method, executor, observables=observables)
    return perf_counter() - start


def pool_beside_serial(points, turns, here):
    seconds(4 * (os.cpu_count() or 1), "exact")  # starts the pool, and has it import
    seconds(4, "exact", here)
    return [seconds(points, "exact", here) / seconds(points, "exact") for _ in range(turns)]


def way_there_and_back(points, turns, executor):
    wanted = ["phonon_number", "g2"]
    return [1e3 * seconds(points, Nothing(), executor, wanted) / points for _ in range(turns)]


def writes(points):
    """Milliseconds for each point, in order."""
    plans = []

    class Measured(ZarrStore):
        def begin(self, plan):
            plans.append(plan)
            return super().begin(plan)

    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as here:
        store = Measured(Path(folder, "sweep.zarr"))
        over = {"voltage": np.linspace(0.0, 20.0, points), "coupling": [0.1]}
        with suppress(KeyboardInterrupt):
            qem.sweep(qem.paper_device(), over, Stopped(), here, store)
        taken = []
        row = np.arange(float(len(plans[0].columns)))
        row[0] = 1.0
        for i in range(points):
            start = perf_counter()
            store.write((i, 0), row, "")
            taken.append(1e3 * (perf_counter() - start))
    return np.array(taken)


@dataclass(frozen=True)
class Stopped:
    """A method that ends its sweep, of which the store alone is wanted."""

    name = "stopped"

    def state(self, _):
        raise KeyboardInterrupt


def shown(values):
    return f"{median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def main(points, turns, most):
    with ThreadPoolExecutor(1) as here:
        ratios = pool_beside_serial(points, turns, here)
        print(f"{points} exact points: the pool is faster by {shown(ratios)}, {turns} turns\n")
        print("points that cost nothing, ms each")
        for name, executor in (("pool", None), ("one thread", here)):
            print(f"  {name:12}{shown(way_there_and_back(1000, turns, executor))}")
    taken = writes(most)
    part = max(1, most // 10)
    first, last = np.median(taken[:part]), np.median(taken[-part:])
    print(f"\n{most} points written, ms each: {taken.mean():.2f}; last/first {last / first:.2f}")
    print(f"\n{processor()}, {os.cpu_count()} cores")
    print(f"Python {platform.python_version()}, NumPy {np.__version__}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=200, help="exact points (default 200)")
    parser.add_argument("--turns", type=int, default=5, help="turns (default 5)")
    parser.add_argument("--writes", type=int, default=10_000, help="points written (default 10000)")
    arguments = parser.parse_args()
    main(arguments.points, arguments.turns, arguments.writes)
