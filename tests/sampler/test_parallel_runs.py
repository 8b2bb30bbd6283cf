"""Runs in forked processes and in threads: all end, and with the bits of one run after another."""

import os
import subprocess
import sys

import pytest

MODEL = """
import hashlib, multiprocessing, sys
from concurrent.futures import ThreadPoolExecutor
import numba, numpy as np, qemlib as qem

x = np.linspace(-25.0, 25.0, 101)
zero = np.zeros_like(x)
model = qem.LangevinModel(1.0, 0.5, x, zero, zero + 0.02, zero + 0.05)

def bits(seed):
    run = qem.sample(model, 1_000_000, seed, walkers=384, progress=False, check=False)
    parts = (run._batches.sums, run._batches.radial, run.histogram.counts)
    return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()

alone = [bits(seed) for seed in range(4)]
assert len(set(alone)) == 4
"""
# One after another in one process, for each may leave behind what the next one trips over: threads
# where forks were, forks where threads were, and forks after somebody else's loop, which does start
# the layer's threads.
PROGRAM = """
def threads():
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(bits, range(4))) == alone, "threads"

def forks():
    with multiprocessing.get_context("fork").Pool(2, maxtasksperchild=1) as pool:
        assert pool.map(bits, range(4)) == alone, "forks"

@numba.njit(parallel=True)
def count(n):
    total = 0
    for i in numba.prange(n):
        total += i
    return total

for step in (forks, threads, forks, lambda: count(1000), forks):
    step()
"""


@pytest.mark.parametrize("layer", ["default", "workqueue"])
def test_runs_beside_each_other_have_the_bits_of_runs_alone(layer):
    # A process of its own: a test process has threads, which do not outlive a fork.
    environment = os.environ | {"NUMBA_THREADING_LAYER": layer, "NUMBA_NUM_THREADS": "2"}
    # What this is about hangs for good: a limit that no slow machine meets.
    done = subprocess.run(
        [sys.executable, "-c", MODEL + PROGRAM],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
