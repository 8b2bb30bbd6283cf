"""Results whose arrays stay as they were computed, in copies and after pickling too."""

from __future__ import annotations

from dataclasses import fields
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np

_Made = TypeVar("_Made")


class Locked:
    """Base of frozen dataclasses: locks arrays and dictionaries, and what comes of a pickle."""

    def __post_init__(self) -> None:
        for name, value in _values(self).items():
            if isinstance(value, np.ndarray):
                object.__setattr__(self, name, locked(value))
            elif isinstance(value, dict):
                object.__setattr__(self, name, MappingProxyType(_locked_values(value)))

    def __reduce__(self) -> tuple[Any, ...]:
        plain = {
            name: dict(value) if isinstance(value, MappingProxyType) else value
            for name, value in _values(self).items()
        }
        return _made, (type(self), plain)


def locked(array: np.ndarray) -> np.ndarray:
    """A copy that cannot be written to."""
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def _locked_values(values: dict[str, Any]) -> dict[str, Any]:
    return {k: locked(v) if isinstance(v, np.ndarray) else v for k, v in values.items()}


def _values(of: Any) -> dict[str, Any]:
    return {f.name: getattr(of, f.name) for f in fields(of) if f.init}


def _made(kind: type[_Made], values: dict[str, Any]) -> _Made:
    return kind(**values)
