"""Whether two things are the same, told by their contents: across processes, runs and machines."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache, partial
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np

__all__ = ["fingerprint", "version"]

# What a number of a sweep comes from.
_COMPUTES = (
    *("_special", "devices", "electrons", "motion", "fokker_planck", "heom", "sampler", "states"),
    *("studies/friction.py", "studies/methods.py", "studies/observables.py"),
)
_DEEPEST = 40
_INSTALLED = ("builtins", "numpy", "qemlib", "scipy")


def fingerprint(*values: Any) -> str:
    """Sixteen hexadecimal figures that are the same for equal contents.

    Raises
    ------
    ValueError
        If a thing does not tell what it holds.

    Examples
    --------
    >>> from qemlib import paper_device
    >>> fingerprint(paper_device(4.0)) == fingerprint(paper_device(0.0).with_voltage(4.0))
    True
    """
    found = hashlib.sha256()
    for part in _parts(values, 0):
        found.update(len(part).to_bytes(8, "big") + part)
    return found.hexdigest()[:16]


def version() -> str:
    """The package's, and a fingerprint of the modules that its numbers come from."""
    from qemlib import __version__

    return f"qemlib {__version__}, modules {_modules()}"


@cache
def _modules() -> str:
    package = Path(__file__).parents[1]
    found = hashlib.sha256()
    for name in _COMPUTES:
        file = package / name
        for path in sorted(file.rglob("*.py")) if file.is_dir() else [file]:
            found.update(path.relative_to(package).as_posix().encode() + path.read_bytes())
    return found.hexdigest()[:12]


def _parts(value: Any, depth: int) -> Iterator[bytes]:
    if depth > _DEEPEST:
        raise ValueError(f"a {type(value).__name__} has no end: it holds itself")
    # By what a module is called a thing is not known: a script's own is imported by others.
    yield type(value).__qualname__.encode()
    if value is None or isinstance(value, bool | int | str):
        yield repr(value).encode()
    elif isinstance(value, float | complex | np.generic):
        yield np.asarray(value).tobytes()
    elif isinstance(value, bytes):
        yield value
    elif isinstance(value, np.ndarray) and value.dtype != object:
        yield f"{value.dtype.str}{value.shape}".encode()
        yield np.ascontiguousarray(value).tobytes()
    else:
        for item in _inside(value):
            yield from _parts(item, depth + 1)


def _inside(value: Any) -> Iterable[Any]:
    """What a thing is made of."""
    if isinstance(value, Mapping):
        return [item for pair in sorted(value.items(), key=lambda p: repr(p[0])) for item in pair]
    if isinstance(value, set | frozenset):
        return sorted(value, key=repr)
    if isinstance(value, list | tuple | np.ndarray):
        return list(value)
    if isinstance(value, type):
        return [value.__qualname__, _code_of(value)]
    if isinstance(value, partial):
        return [value.func, value.args, value.keywords]
    if isinstance(value, CodeType):
        return [value.co_code, value.co_names, value.co_consts]
    if callable(value) and hasattr(value, "__qualname__"):
        return _of_function(value)
    if is_dataclass(value):
        # What begins with an underscore and is not given is made of the rest.
        known = [f.name for f in fields(value) if f.init or not f.name.startswith("_")]
        return [_code_of(type(value)), *((name, getattr(value, name)) for name in known)]
    if hasattr(value, "__dict__"):
        return [_code_of(type(value)), vars(value)]
    try:  # as it would be copied
        _, *parts = value.__reduce_ex__(2)
    except TypeError as error:
        raise ValueError(
            f"a {type(value).__name__} does not tell what it holds; make it a dataclass, or an "
            "object with attributes"
        ) from error
    return parts


def _of_function(value: Any) -> list[Any]:
    bound = getattr(value, "__self__", None)
    cells = [cell.cell_contents for cell in getattr(value, "__closure__", None) or ()]
    defaults = getattr(value, "__defaults__", None)
    own = None if bound is None or hasattr(bound, "__spec__") else bound  # a module is no part
    return [value.__qualname__, _code(value), defaults, cells, own]


def _code(value: Any) -> CodeType | None:
    """What a function does, under what methods, properties and compilers make of it."""
    for inner in ("fget", "func", "py_func", "__func__", "__wrapped__"):
        value = getattr(value, inner, value)
    return getattr(value, "__code__", None)


def _code_of(kind: type) -> list[Any]:
    """What a class of a user's own does; that of installed packages has a version elsewhere."""
    if kind.__module__.partition(".")[0] in _INSTALLED:
        return []
    own = [
        vars(each) for each in kind.__mro__ if each.__module__.partition(".")[0] not in _INSTALLED
    ]
    called = [(name, value) for space in own for name, value in sorted(space.items())]
    return [(name, _code(value)) for name, value in called if not name.startswith("__")]
