"""Many independent computations in a pool with one process per processor."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

from numba import get_num_threads, set_num_threads

from qemlib._progress import bar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_CLAIM = threading.Lock()
_CLAIMS: list[Any] = []


def pool() -> Any:
    """The pool that all of them share, with linear algebra on one thread each."""
    # Needed where there are many computations alone.
    from loky import cpu_count, get_reusable_executor

    environment = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    # Idle workers stay for minutes: one that leaves while it is handed work makes loky warn.
    return get_reusable_executor(max_workers=cpu_count(), timeout=300, env=environment)


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread for linear algebra and for kernels, in whatever process this is.

    Workers that share a processor only wait for each other's threads; and sums whose order follows
    the number of threads would not be the same everywhere.
    """
    before = get_num_threads()
    set_num_threads(1)
    # The limit is the process's: the first thread of several sets it, the last takes it back.
    with _CLAIM:
        _CLAIMS.append(_libraries().limit(limits=1) if not _CLAIMS else None)
    try:
        yield
    finally:
        set_num_threads(before)
        with _CLAIM:
            limit = _CLAIMS.pop()
            if limit is not None:
                limit.restore_original_limits()


@cache
def _libraries() -> Any:
    from threadpoolctl import ThreadpoolController  # to look for them takes milliseconds

    return ThreadpoolController()


def in_parallel(
    function: Callable[[_Item], _Result], items: Sequence[_Item], what: str
) -> list[_Result]:
    """[function(item) for item in items], with a progress bar that says what they are."""
    executor = pool()
    futures = [executor.submit(function, item) for item in items]
    try:
        return [f.result() for f in bar(iterable=futures, total=len(items), desc=what)]
    finally:
        for future in futures:
            future.cancel()
