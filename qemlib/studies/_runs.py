"""The points of a sweep on their way through an executor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import BrokenExecutor, CancelledError, as_completed
from typing import Any

from qemlib._parallel import one_thread, pool
from qemlib.states import positivity
from qemlib.studies._points import Index
from qemlib.studies._table import Record
from qemlib.studies.observables import EXACT, Observable, Told, received

__all__ = ["computed", "point"]


def point(subject: Any, method: Any, observables: tuple[str | Observable, ...]) -> Record:
    """What a method says of a device or model.

    Whatever goes wrong in it is its answer, and comes back in words: not all errors survive the way
    from another process.
    """
    try:
        # Another process's warnings are not seen here: the results tell.
        with one_thread(), positivity.untold():
            told = Told(subject, method.state(subject), getattr(method, "noise_at", "zero"))
            numbers: dict[str, float] = {}
            for each in received(observables):
                value, error = each.of(told)
                numbers[each.name] = value
                if each.name not in EXACT:
                    numbers[f"{each.name}_error"] = error
    except Exception as error:
        return Record(failure=_words(error), final=not isinstance(error, MemoryError | OSError))
    return Record(numbers)


def computed(
    executor: Any, subjects: Mapping[Index, Any], *arguments: Any
) -> Iterator[tuple[Index, Record]]:
    """Each index with what came of `point` there, as it comes."""
    if executor is not None:
        yield from _through(executor, subjects, arguments)
    else:
        yield from _through_pools(subjects, arguments)


def _through_pools(
    subjects: Mapping[Index, Any], arguments: tuple[Any, ...]
) -> Iterator[tuple[Index, Record]]:
    """In the shared pool, and in the next one if a process of it was ended.

    A point that ends its process, say for want of memory, would end each pool.  So where a pool
    broke and had brought nothing, the next point goes alone, and if it breaks that one it failed.
    """
    left, alone = dict(subjects), False
    while left:
        some = dict([next(iter(left.items()))]) if alone else dict(left)
        try:
            for index, record in _through(pool(), some, arguments):
                del left[index]
                yield index, record
            alone = False
        except BrokenExecutor as error:
            brought = len(some.keys() & left.keys()) < len(some)
            if alone:
                (index,) = some
                del left[index]
                yield index, Record(failure=_words(error), final=False)
            alone = not (alone or brought)


def _through(
    executor: Any, subjects: Mapping[Index, Any], arguments: tuple[Any, ...]
) -> Iterator[tuple[Index, Record]]:
    """All that comes back, and then the error of an executor that broke."""
    broken: BaseException | None = None
    futures: dict[Any, Index] = {}
    try:
        try:
            for index, subject in subjects.items():
                futures[executor.submit(point, subject, *arguments)] = index
        except BrokenExecutor as error:
            broken = error
        for future in as_completed(futures):
            # A cluster computes again what it lost, if somebody still holds on to it.
            index = futures.pop(future)
            try:
                record = future.result()
            except (BrokenExecutor, CancelledError) as error:
                broken = error
                continue
            except Exception as error:  # of the way there and back
                record = Record(failure=_words(error), final=False)
            del future
            yield index, record
    finally:
        for future in futures:
            future.cancel()
    if broken is not None:
        raise broken


def _words(error: BaseException) -> str:
    # loky adds the traceback of the other process, and where its logs are.
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"
