"""How long a device with memory takes, beside the adiabatic equation.

OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1 python benchmarks/with_memory.py [--repeats N]

Three ways from the paper's device to the ergotropy of its populations: the exact state of the
adiabatic equation; electrons along the orbits, at 1e-6; and, at V = 6, the hierarchy at 1 %.  Times
are processor time, the least of all repeats, the first being left out: it compiles.
"""

import argparse
import os
import platform
from time import process_time

import numpy as np
import scipy
from machine import processor

import qemlib as qem


def adiabatic(device):
    return qem.steady_state(qem.LangevinModel.from_device(device))


def orbits(device):
    return qem.averaged_state(qem.AveragedModel.from_device(device, 1e-6))


def hierarchy(device):
    return qem.full_quantum(device, 0.01, progress=False)


def least(method, voltage, repeats):
    """Processor time from a device to its ergotropy."""
    times = []
    for _ in range(repeats + 1):
        start = process_time()
        qem.ergotropy(method(qem.paper_device(voltage)), coherences=False)
        times.append(process_time() - start)
    return min(times[1:])


def main(repeats):
    print("processor time in s, and as a multiple of the adiabatic state's\n")
    for voltage in (6.0, 10.0, 16.0):
        known = least(adiabatic, voltage, repeats)
        line = f"V = {voltage:2g}   adiabatic {known:.2f}"
        for method in (orbits, hierarchy) if voltage == 6.0 else (orbits,):
            found = least(method, voltage, repeats)
            line += f"   {method.__name__} {found:.2f} ({found / known:.1f})"
        print(line, flush=True)
    print(f"\n{processor()}, {os.cpu_count()} cores")
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, SciPy {scipy.__version__}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3, help="turns (default 3)")
    main(parser.parse_args().repeats)
