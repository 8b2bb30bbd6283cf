"""How long `import qemlib` takes, beside what it is built on.

python benchmarks/imports.py [--turns N]

Processes of their own take turns: one that imports nothing, one that imports Numba,
`scipy.optimize` and xarray, one that imports qemlib, and one that imports qemlib with its figures.
Times are of the processor, which other work on the machine changes little; an empty process is
taken off, and times are compared within a turn.
"""

import argparse
import os
import platform
import subprocess
import sys
from statistics import median

import numba
import scipy
import xarray
from machine import processor

import qemlib as qem

NOTHING, BUILT_ON = "pass", "import numba, scipy.optimize, xarray"
WAYS = (NOTHING, BUILT_ON, "import qemlib", "import qemlib.plotting")


def seconds(code):
    """Processor time of a process that runs this."""
    before = os.times()
    subprocess.run([sys.executable, "-c", code], check=True)
    after = os.times()
    return sum(after[2:4]) - sum(before[2:4])


def main(turns):
    for code in WAYS:
        seconds(code)  # compiles, and reads from disk
    taken = [{code: seconds(code) for code in WAYS} for _ in range(turns)]
    print(f"time as a multiple of the first's, {turns} turns: median (least to most)\n")
    for code in WAYS[1:]:
        ratios = sorted(
            (turn[code] - turn[NOTHING]) / (turn[BUILT_ON] - turn[NOTHING]) for turn in taken
        )
        print(f"{code:38}{median(ratios):6.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})")
    print(f"\n{processor()}, {os.cpu_count()} cores")
    versions = (f"{m.__name__} {m.__version__}" for m in (numba, scipy, xarray, qem))
    print(", ".join([f"Python {platform.python_version()}", *versions]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=11, help="turns (default 11)")
    main(parser.parse_args().turns)
