"""How long one point of a sweep takes, from a device to the numbers of its state.

OMP_NUM_THREADS=1 python benchmarks/sweep_point.py [--against FOLDER] [--repeats N]

A point is `summary(device, steady_state(LangevinModel.from_device(device)))` of the paper's device.
With `--against`, another checkout of this repository does the same, in a process of its own; the
two take turns, point by point.  Times are processor time, the least of all repeats: what else the
machine does lengthens wall times, and seldom shortens anything.
"""

import argparse
import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import scipy
from machine import processor

VOLTAGES = (0.0, 10.0, 30.0)
HERE = Path(__file__).resolve()
WARM_UP = 2
# Run by either checkout: a voltage a line in, the processor time of each part out.
WORKER = """
import sys
from time import process_time

import qemlib as qem
from qemlib.states.summary import summary

for line in sys.stdin:
    device = qem.paper_device(float(line))
    start = process_time()
    model = qem.LangevinModel.from_device(device)
    built = process_time()
    state = qem.steady_state(model)
    solved = process_time()
    summary(device, state)
    told = process_time()
    print(built - start, solved - built, told - solved, told - start, flush=True)
"""


class Worker:
    """A process that computes points with the package of one checkout."""

    def __init__(self, folder):
        environment = os.environ | {"PYTHONPATH": str(folder)}
        self._process = subprocess.Popen(
            [sys.executable, "-c", WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=folder,
        )

    def seconds(self, voltage):
        """Processor time of model, state and summary, and of all."""
        self._process.stdin.write(f"{voltage}\n")
        self._process.stdin.flush()
        return np.array(self._process.stdout.readline().split(), dtype=float)

    def close(self):
        self._process.stdin.close()
        self._process.wait()


def least(workers, voltage, repeats):
    """Least times of each worker, in turns."""
    for _ in range(WARM_UP):
        for worker in workers:
            worker.seconds(voltage)
    turns = [[worker.seconds(voltage) for worker in workers] for _ in range(repeats)]
    return np.min(turns, axis=0)


def main(against, repeats):
    folders = [HERE.parents[1], *([Path(against).resolve()] if against else [])]
    workers = [Worker(folder) for folder in folders]
    print(f"processor time in ms, the least of {repeats} turns: model, state, summary, all\n")
    for voltage in VOLTAGES:
        found = least(workers, voltage, repeats)
        line = "   ".join(" ".join(f"{1e3 * t:6.1f}" for t in times) for times in found)
        ratio = f"   ratio {found[0, -1] / found[1, -1]:.2f}" if against else ""
        print(f"V = {voltage:2g}   {line}{ratio}")
    for worker in workers:
        worker.close()
    print(f"\n{processor()}, {os.cpu_count()} cores")
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, SciPy {scipy.__version__}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--against", help="another checkout, to be compared with")
    parser.add_argument("--repeats", type=int, default=25, help="turns (default 25)")
    arguments = parser.parse_args()
    main(arguments.against, arguments.repeats)
