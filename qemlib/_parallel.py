"""Many independent computations in a pool with one process per processor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from qemlib._progress import bar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def pool() -> Any:
    """The pool that all of them share, with linear algebra on one thread each."""
    # Needed where there are many computations alone.
    from loky import cpu_count, get_reusable_executor

    environment = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    # Idle workers stay for minutes: one that leaves while it is handed work makes loky warn.
    return get_reusable_executor(max_workers=cpu_count(), timeout=300, env=environment)


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
