"""Packages that only a part of qemlib needs: where one is missing, the error says how to get it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["extra"]


@contextmanager
def extra(name: str, purpose: str) -> Iterator[None]:
    """Imports of what the extra `name` of qemlib installs, and what they are needed for.

    Raises
    ------
    ModuleNotFoundError
        Where a package is missing, or is too old for a name that is imported from it.

    Examples
    --------
    >>> with extra("plot", "figures"):
    ...     import no_such_package
    Traceback (most recent call last):
    ModuleNotFoundError: figures need no_such_package: pip install "qemlib[plot]"
    """
    try:
        yield
    except ImportError as missing:
        needed = "a newer " if not isinstance(missing, ModuleNotFoundError) else ""
        needed += str(missing.name)
        raise ModuleNotFoundError(
            f'{purpose} need {needed}: pip install "qemlib[{name}]"',
            name=missing.name,
            path=missing.path,
        ) from missing
