"""Checks of what comes in: each message names the argument, what came and what is allowed.

An object of the wrong type is a TypeError.  What should be numbers and is not, whatever it is, is a
ValueError, like numbers out of range.
"""

from __future__ import annotations

from collections.abc import Collection
from numbers import Real
from reprlib import repr as repr_short
from typing import Any, TypeVar

import numpy as np

_Wanted = TypeVar("_Wanted")

_HERMITIAN = 1e-9  # asymmetry beside the largest entry


def kind(name: str, value: Any, wanted: type[_Wanted]) -> _Wanted:
    """Return `value`; TypeError unless it is an instance of the class `wanted`."""
    if not isinstance(value, wanted):
        article = "an" if wanted.__name__[0] in "AEIO" else "a"
        raise TypeError(f"{name} must be {article} {wanted.__name__}, got {repr_short(value)}")
    return value


def choice(name: str, value: Any, allowed: Collection[str]) -> str:
    """Return `value`; ValueError unless it is one of the words that are allowed."""
    if not (isinstance(value, str) and value in allowed):
        raise ValueError(f"{name} must be one of {sorted(allowed)}, got {repr_short(value)}")
    return value


def finite(name: str, value: Any) -> float:
    """Return `value` as a float; ValueError unless it is a finite real number."""
    number = _number(name, value)
    if not np.isfinite(number):
        raise ValueError(f"{name} must be a finite number, got {repr_short(value)}")
    return number


def real(name: str, value: Any) -> float:
    """Return `value` as a float; ValueError unless it is a real number, which may be infinite."""
    number = _number(name, value)
    if np.isnan(number):
        raise ValueError(f"{name} must be a number, got {repr_short(value)}")
    return number


def positive(name: str, value: Any) -> float:
    """Return `value` as a float; ValueError unless it is finite and greater than zero."""
    number = _number(name, value)
    if not (np.isfinite(number) and number > 0):
        raise ValueError(f"{name} must be finite and greater than 0, got {repr_short(value)}")
    return number


def integer(name: str, value: Any, minimum: int) -> int:
    """Return `value` as an int; ValueError unless it is a whole number of at least `minimum`."""
    number = _number(name, value)
    if not (np.isfinite(number) and number == int(number) and number >= minimum):
        raise ValueError(
            f"{name} must be a whole number of at least {minimum}, got {repr_short(value)}"
        )
    return int(np.asarray(value).item())  # more digits than a float has


def finite_array(name: str, value: Any, ndim: int | None = None) -> np.ndarray:
    """Return `value` as a float array; ValueError unless it is real, finite and of `ndim` axes."""
    array = _array(name, value)
    if ndim is not None and array.ndim != ndim:
        raise ValueError(
            f"{name} must be an array with {ndim} axis/axes, got one of shape {array.shape}"
        )
    bad = ~np.isfinite(array)
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        raise ValueError(
            f"{name} must hold finite numbers only, got {array[where]} at index {where}"
            if array.ndim
            else f"{name} must be a finite number, got {repr_short(value)}"
        )
    return array


def rising_times(value: Any) -> np.ndarray:
    """Return times as a float array; ValueError unless they rise from 0 or later."""
    times = finite_array("times", value, ndim=1)
    if not times.size or times[0] < 0 or (np.diff(times) <= 0).any():
        raise ValueError(f"times must rise from 0 or later, got {repr_short(times.tolist())}")
    return times


def broadcast(**arrays: Any) -> tuple[np.ndarray, ...]:
    """Return the finite arrays, broadcast against each other; ValueError if they do not fit."""
    checked = [finite_array(name, value) for name, value in arrays.items()]
    try:
        return np.broadcast_arrays(*checked)
    except ValueError:
        shapes = ", ".join(f"{name} {np.shape(a)}" for name, a in arrays.items())
        raise ValueError(f"shapes must broadcast against each other, got {shapes}") from None


def hermitian(name: str, value: Any, ket: bool = False) -> np.ndarray:
    """Return `value` as a square matrix; ValueError unless it is finite and Hermitian.

    What it may miss by is relative to its largest entry, and follows the precision of what came.
    """
    matrix = numbers(name, value, ket)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"{name} must be square, got shape {matrix.shape}")
    asymmetry, largest = np.abs(matrix - matrix.conj().T).max(), np.abs(matrix).max()
    if asymmetry > max(_HERMITIAN, round_off(value)) * largest:
        raise ValueError(
            f"{name} must be Hermitian, got an asymmetry of {asymmetry:.3e} with entries up to "
            f"{largest:.3e}"
        )
    return matrix


def numbers(name: str, value: Any, ket: bool = False) -> np.ndarray:
    """Return `value` in double precision; ValueError unless finite numbers on one or two axes.

    A QuTiP object or a sparse matrix gives its matrix and, if `ket`, a ket or bra of QuTiP the
    projector on it.  TypeError unless it is an array of some kind.
    """
    refuse_masked(name, value)
    array = _dense(name, value, ket)
    if array.dtype.kind not in "iufc" or array.ndim not in (1, 2) or array.size == 0:
        raise ValueError(
            f"{name} must be numbers on one axis or a square matrix, got shape {array.shape} of "
            f"type {array.dtype}"
        )
    if not np.isfinite(array).all():
        bad = array[~np.isfinite(array)][0]
        raise ValueError(f"{name} must hold finite numbers only, got {bad}")
    return array.astype(complex if array.dtype.kind == "c" else float)


def round_off(value: Any) -> float:
    """What arithmetic in the precision of `value` leaves, beside its largest number."""
    array = _dense("value", value, ket=True)
    kind = array.dtype if array.dtype.kind in "fc" else float
    return 4.0 * np.sqrt(len(array)) * float(np.finfo(kind).eps)


def _dense(name: str, value: Any, ket: bool) -> np.ndarray:
    """`value` as an array, where it knows how to become one."""
    if callable(getattr(value, "full", None)):  # QuTiP
        kind = getattr(value, "type", "oper")
        if kind not in (("oper", "ket", "bra") if ket else ("oper",)):
            allowed = "an operator or a ket" if ket else "an operator"
            raise ValueError(f"{name} must be {allowed}, got a {kind} of QuTiP")
        array = np.asarray(value.full())
        if kind == "oper":
            return array
        vector = array.ravel() if kind == "ket" else array.ravel().conj()
        return np.outer(vector, vector.conj())
    if callable(getattr(value, "toarray", None)):  # SciPy's sparse matrices
        return np.asarray(value.toarray())
    try:
        array = np.asarray(value)
    except ValueError:  # ragged
        raise ValueError(
            f"{name} must be numbers on one axis or a square matrix, got {repr_short(value)}"
        ) from None
    if array.dtype == object and array.ndim == 0:
        raise TypeError(
            f"{name} must be an array: populations or energies on one axis, or a matrix; got "
            f"{repr_short(value)}"
        )
    return array


def refuse_masked(name: str, value: Any) -> None:
    """ValueError if `value` is, or holds, an array with masked entries."""
    parts = value if isinstance(value, list | tuple) else [value]
    masked = sum(int(np.ma.count_masked(part)) for part in parts if np.ma.isMaskedArray(part))
    if masked:
        size = sum(np.size(part) for part in parts)
        raise ValueError(
            f"{name} must not be masked, got {masked} of {size} entries masked; give them values "
            "with .filled() or leave them out with .compressed()"
        )


def _number(name: str, value: Any) -> float:
    array = _real(name, value)
    if array is None or array.ndim != 0:
        raise ValueError(f"{name} must be one real number, got {repr_short(value)}")
    return float(array)


def _array(name: str, value: Any) -> np.ndarray:
    array = _real(name, value)
    if array is None:
        raise ValueError(f"{name} must be an array of real numbers, got {repr_short(value)}")
    return array


def _real(name: str, value: Any) -> np.ndarray | None:
    """A float array, or None where `value` holds anything but integers and floats."""
    refuse_masked(name, value)
    try:
        array = np.asarray(value)
    except ValueError:  # ragged
        return None
    if array.dtype.kind in "iuf" or not array.size:
        with np.errstate(over="ignore"):  # beyond a double is infinite, and for others to refuse
            return array.astype(float)
    if array.dtype.kind == "c":
        raise ValueError(f"{name} must be real, got complex numbers in {repr_short(value)}")
    if array.dtype.kind == "O":
        return _from_objects(array)
    return None


def _from_objects(array: np.ndarray) -> np.ndarray | None:
    """Integers of more than 64 bits and what else is a real number; None where one is not."""
    if not all(isinstance(item, Real) and not isinstance(item, bool) for item in array.flat):
        return None
    result = np.empty(array.shape)
    for index, item in np.ndenumerate(array):
        try:
            result[index] = float(item)
        except OverflowError:
            result[index] = np.inf if item > 0 else -np.inf
    return result
