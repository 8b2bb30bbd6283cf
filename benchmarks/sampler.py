"""How fast the sampler is, beside a hand-written C kernel and other libraries.

python benchmarks/sampler.py [--turns N]        writes benchmarks/sampler.json

1. Time per step, walker and core: the package's kernel, the same algorithm in C (kernel.c, built
   here with gcc), a naive Numba loop, a NumPy ensemble, diffrax and sdeint (peers.py).  The ways
   take turns on one core, and times are compared within a turn.
2. Cost of ⟨a†a⟩ to 0.3 % at V = 6 for each scheme of `qemlib.sample`: half of the error for the
   step's bias, measured for each scheme, the rest for the samples.
3. Time per step over threads and over steps.

The langevin chapter shows the results.
"""

import argparse
import json
import os
import platform
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["TQDM_DISABLE"] = "1"

import numba
import numpy as np
from machine import compiler, processor
from peers import WAYS
from scipy.optimize import brentq

import qemlib as qem

VOLTAGE, STEP = 6.0, 2.0  # ω0Δt = 0.4
ACCURACY = 0.003
COARSE = 0.4  # ω0Δt at which the bias of second-order schemes is measured
EULER_STEP = 1e-3


def cost_of_a_step(model, turns):
    """Nanoseconds of one core per step and walker, for every way, and ratios within each turn."""
    numba.set_num_threads(1)
    ready = {name: make(model, STEP) for name, make in WAYS.items()}
    taken = {name: [] for name in ready}
    for turn in range(turns + 1):
        for name, (walkers, steps, call) in ready.items():
            start = process_time()
            value = call()
            seconds = process_time() - start
            assert np.isfinite(value), name
            if turn:  # the first compiles
                taken[name].append(1e9 * seconds / (walkers * steps))
    numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
    rows = []
    for name, times in taken.items():
        ratios = [t / c for t, c in zip(times, taken["hand-written C"], strict=True)]
        rows.append(
            {
                "way": name,
                "nanoseconds": median(times),
                "ratio": median(ratios),
                "least": min(ratios),
                "most": max(ratios),
            }
        )
    return rows


def time_per_step(run):
    """Core nanoseconds per step of a call of `sample`, and what it returned."""
    start = process_time()
    result = run()
    return 1e9 * (process_time() - start) / result.steps, result


def cost_of_accuracy(model):
    """For each scheme: the step that its bias allows, the steps that the samples need, seconds."""
    exact = qem.steady_state(model).phonon_number
    numba.set_num_threads(1)
    best = qem.sample(model, 1_000_000_000)
    energy = best.diagnostics["energy"]
    share = ACCURACY / np.sqrt(2.0)
    # Recorded time over all walkers that gives this relative error.
    time = best.walkers * (best.steps / best.walkers * best.step - best.burn_in)
    time *= (energy.mcse / exact / share) ** 2
    rows = []
    for scheme in ("rotation", "baoab", "symplectic", "euler"):
        if scheme == "euler":

            def excess(step):
                solved = qem.steady_state(qem.euler_equivalent(model, step))
                return solved.phonon_number / exact - 1.0 - share

            step = brentq(excess, 1e-6, 1e-4, rtol=1e-3)
            bias = share
            ns, _ = time_per_step(
                lambda: qem.sample(
                    model, 5 * 10**8, scheme="euler", step=EULER_STEP, burn_in=0.0, check=False
                )
            )
        else:
            angle = COARSE if scheme == "rotation" else 0.5 * COARSE
            options = {"scheme": scheme, "step": angle / model.frequency}
            ns, run = time_per_step(lambda o=options: qem.sample(model, 4_000_000_000, **o))
            bias = run.phonon_number / exact - 1.0
            error = run.standard_error("phonon_number") / exact
            # Biases grow as the square of the step; one that is not seen is no limit.
            seen = abs(bias) > 3.0 * error and abs(bias) > share
            step = run.step * min(1.0, np.sqrt(share / abs(bias))) if seen else run.step
            if scheme != "rotation":
                step = run.step * np.sqrt(share / abs(bias))
        rows.append(
            {
                "scheme": scheme,
                "step": float(step),
                "steps": float(time / step),
                "nanoseconds": ns,
                "core_seconds": float(1e-9 * ns * time / step),
            }
        )
        print(rows[-1], flush=True)
    numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
    return rows


def scaling(model, turns):
    """Nanoseconds per step of `sample` as a whole, processor and wall time: least of a few."""

    def least(threads, steps):
        numba.set_num_threads(threads)
        core, wall = [], []
        # Short runs are repeated more often: another process disturbs them more.
        for _ in range(max(2, turns * 250_000_000 // steps)):
            begun, start = process_time(), perf_counter()
            run = qem.sample(model, steps, walkers=1024)
            wall.append(1e9 * (perf_counter() - start) / run.steps)
            core.append(1e9 * (process_time() - begun) / run.steps)
        return {"threads": threads, "steps": steps, "core": min(core), "wall": min(wall)}

    most = numba.config.NUMBA_NUM_THREADS
    fewer = [n for n in (1, 2, 4, 8, 16, 32, 64) if n < most]
    return [least(n, 250_000_000) for n in fewer] + [
        least(most, n) for n in (50_000_000, 250_000_000, 1_000_000_000, 4_000_000_000)
    ]


def main(turns):
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    model = qem.LangevinModel.from_device(qem.paper_device(VOLTAGE))
    ways = cost_of_a_step(model, turns)
    for row in ways:
        print(
            f"{row['way']:18}{row['nanoseconds']:>10.3g} ns   {row['ratio']:.3g} times C "
            f"({row['least']:.3g} to {row['most']:.3g})",
            flush=True,
        )
    scaled = scaling(model, turns)
    print(*scaled, sep="\n", flush=True)
    result = {
        "machine": f"{processor()}, {os.cpu_count()} cores, {busy:.0f} other processes at work",
        "software": f"Python {platform.python_version()}, NumPy {np.__version__}, "
        f"Numba {numba.__version__}, qemlib {qem.__version__}, {compiler()}",
        "turns": turns,
        "step": ways,
        "scaling": scaled,
        "accuracy": cost_of_accuracy(model),
    }
    path = Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=9, help="turns of each way (default 9)")
    main(parser.parse_args().turns)
