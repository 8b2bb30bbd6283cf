"""Sweeps that are quick, may be ended at any moment, and are the same each time.

Run as `python swept.py FOLDER`, it forks a process for each line `delay store` that it reads: that
one sweeps in a single thread, and is killed after so many points more and so long, or left to end.
"""

import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

import qemlib as qem

VOLTAGES = np.linspace(0.0, 6.0, 4)
COUPLINGS = np.arange(10) / 10.0
OVER = {"voltage": VOLTAGES, "coupling": COUPLINGS}
WANTED = ("phonon_number", "g2", "ergotropy", "entropy")
POINTS = VOLTAGES.size * COUPLINGS.size


@dataclass(frozen=True)
class Thermal:
    """As warm as the bias and the coupling say; a tenth of OVER has no state.

    It notes each of its calls in `folder`.  At the points of which there is a file it ends its
    process, or interrupts the sweep, once.
    """

    levels: int = 60
    seconds: float = 0.0
    folder: str = field(default="", repr=False)
    name = "thermal"

    def state(self, subject):
        if self.folder:
            self.note(subject)
        time.sleep(self.seconds)
        if subject.coupling == 0.0:
            raise qem.NoSteadyState("nothing drives it")
        weight = np.exp(-np.arange(self.levels) / (1.0 + subject.voltage + subject.coupling))
        return qem.QuantumState(weight / weight.sum(), device=subject)

    def note(self, subject):
        with open(Path(self.folder, "calls"), "a", encoding="utf-8") as calls:
            calls.write(f"{subject.voltage!r} {subject.coupling!r}\n")
        for what in ("ends", "interrupts"):
            told = Path(self.folder, f"{what} {subject.voltage!r} {subject.coupling!r}")
            if told.exists():
                told.unlink()
                if what == "interrupts":
                    raise KeyboardInterrupt
                os.kill(os.getpid(), signal.SIGKILL)


def calls(folder):
    """(voltage, coupling) of all calls that were noted, in order."""
    lines = Path(folder, "calls").read_text(encoding="utf-8").splitlines()
    return [tuple(map(float, line.split())) for line in lines]


def sweep(method=None, executor=None, store=None, **options):
    """In one thread, unless there is an executor."""
    given = {"method": method or Thermal(), "store": store, "observables": WANTED, **options}
    if executor == "pool":
        return qem.sweep(qem.paper_device(), OVER, **given)
    if executor is not None:
        return qem.sweep(qem.paper_device(), OVER, executor=executor, **given)
    with ThreadPoolExecutor(1) as here:
        return qem.sweep(qem.paper_device(), OVER, executor=here, **given)


def same(one, other):
    """Bit for bit, whatever folder the calls were noted in."""
    return one.assign_attrs(contents="").identical(other.assign_attrs(contents=""))


def chunks(store):
    """Files of points."""
    return sorted(Path(store, "record", "c").glob("*/*/0"))


def fork(folder, store):
    child = os.fork()
    if not child:
        sweep(Thermal(seconds=0.002, folder=folder), store=store)
        os._exit(0)
    return child


def kill_at(child, store, points, delay):
    """SIGKILL after so many points more, and a moment."""
    aim = len(chunks(store)) + points
    while len(chunks(store)) < aim:
        time.sleep(5e-4)
    time.sleep(delay)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def main(folder):
    import zarr.codecs  # noqa: F401  # once, for all that are forked

    sweep()
    for line in sys.stdin:
        points, delay, store = line.split()
        if int(points) < 0:  # two at once, to the end
            ended = [os.waitpid(child, 0)[1] for child in [fork(folder, store) for _ in range(2)]]
            print(*ended, flush=True)
        else:
            kill_at(fork(folder, store), store, int(points), float(delay))
            print("killed", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
