"""Run several notebooks at the same time, each in a kernel of its own."""

import asyncio
import os
import time
import traceback
from pathlib import Path
from typing import NamedTuple

from nbclient import NotebookClient
from nbformat import NotebookNode

# Those that take longest, the longest first.  Begun last, one would run on beside idle cores.
LONGEST = (
    *("with_memory", "phase_diagrams", "charging", "clock", "reproduction"),
    *("langevin", "laboratory", "explorer", "work", "index"),
    *("wigner", "derivation", "electrons", "certify", "ring"),
)
# The three largest kernels together hold 3.8 GB.
MOST_KERNELS = 3
# Seconds for a kernel to start: only what hangs is ended, a busy machine is waited for.
_START = 600


class Job(NamedTuple):
    """A notebook, the folder to run it in, and options of nbclient; it is filled with outputs."""

    name: str
    notebook: NotebookNode
    folder: str | Path
    options: dict


class Run(NamedTuple):
    """How the run of a notebook ended: its time in seconds, and the error that stopped it."""

    job: Job
    seconds: float
    error: Exception | None
    traceback: str | None


class _Loop(asyncio.SelectorEventLoop):
    """A loop in which Ctrl-C stays what it is.

    Each of several nbclients would put its own handler in place of the last one's, and end nothing
    but its own kernel.
    """

    def add_signal_handler(self, *args):
        raise NotImplementedError


def number_of_kernels():
    """As many as this process may use cores, and no more than fit into 4 GB."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return min(cores, MOST_KERNELS)


def run_together(jobs, ended, *, kernels=None):
    """Run the jobs, each in a kernel of its own, and hand each `Run` to `ended` as soon as it ends.

    The longest ones begin first, and no more than `kernels` run at once.  What goes wrong in a
    notebook, be it an error in a cell, a time-out or the death of its kernel, is in its `Run`; the
    others go on.  An exception of `ended`, and Ctrl-C, end all kernels.
    """
    jobs = sorted(jobs, key=_place)
    with asyncio.Runner(loop_factory=_Loop) as runner:
        runner.run(_all(jobs, ended, kernels or number_of_kernels()))


def _place(job):
    """Where the job is in the order of beginning."""
    name = job.name.rpartition("/")[2]
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)


async def _all(jobs, ended, kernels):
    free = asyncio.Semaphore(kernels)
    tasks = [asyncio.create_task(_one(job, free)) for job in jobs]
    try:
        for task in asyncio.as_completed(tasks):
            ended(await task)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _one(job, free):
    resources = {"metadata": {"path": str(job.folder)}}
    options = {"startup_timeout": _START, **job.options}
    client = NotebookClient(job.notebook, resources=resources, **options)
    async with free:
        start = time.perf_counter()
        error = text = None
        try:
            await client.async_execute()
        except Exception as caught:
            error, text = caught, traceback.format_exc()
        finally:
            # nbclient has ended the kernel, unless it was interrupted while that was starting.
            if client.km is not None and client.km.has_kernel:
                await client.km.shutdown_kernel(now=True)
        return Run(job, time.perf_counter() - start, error, text)
