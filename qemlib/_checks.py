"""Checks of what comes in: each message names the argument, what came and what is allowed."""

from reprlib import repr as repr_short

import numpy as np

_HERMITIAN = 1e-9  # asymmetry beside the largest entry


def finite(name, value):
    """Return `value` as a float; ValueError unless it is a finite real number."""
    number = _number(name, value)
    if not np.isfinite(number):
        raise ValueError(f"{name} must be a finite number, got {value!r}")
    return number


def positive(name, value):
    """Return `value` as a float; ValueError unless it is finite and greater than zero."""
    number = _number(name, value)
    if not (np.isfinite(number) and number > 0):
        raise ValueError(f"{name} must be finite and greater than 0, got {value!r}")
    return number


def integer(name, value, minimum):
    """Return `value` as an int; ValueError unless it is a whole number of at least `minimum`."""
    number = _number(name, value)
    if not (np.isfinite(number) and number == int(number) and number >= minimum):
        raise ValueError(f"{name} must be a whole number of at least {minimum}, got {value!r}")
    return int(number)


def finite_array(name, value, ndim=None):
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
            else f"{name} must be a finite number, got {value!r}"
        )
    return array


def broadcast(**arrays):
    """Return the finite arrays, broadcast against each other; ValueError if they do not fit."""
    checked = [finite_array(name, value) for name, value in arrays.items()]
    try:
        return np.broadcast_arrays(*checked)
    except ValueError:
        shapes = ", ".join(f"{name} {np.shape(a)}" for name, a in arrays.items())
        raise ValueError(f"shapes must broadcast against each other, got {shapes}") from None


def hermitian(name, value, ket=False):
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


def numbers(name, value, ket=False):
    """Return `value` in double precision; ValueError unless finite numbers on one or two axes.

    A QuTiP object or a sparse matrix gives its matrix and, if `ket`, a ket or bra of QuTiP the
    projector on it.  TypeError unless it is an array of some kind.
    """
    array = _dense(name, value, ket)
    if array.dtype.kind not in "iufc" or array.ndim not in (1, 2) or array.size == 0:
        raise ValueError(
            f"{name} must be numbers on one axis or a square matrix, got shape {array.shape} of "
            f"type {array.dtype}"
        )
    if np.ma.is_masked(value):
        raise ValueError(f"{name} must have no masked entries, got {np.ma.count_masked(value)}")
    if not np.isfinite(array).all():
        bad = array[~np.isfinite(array)][0]
        raise ValueError(f"{name} must hold finite numbers only, got {bad}")
    return array.astype(complex if array.dtype.kind == "c" else float)


def round_off(value):
    """What arithmetic in the precision of `value` leaves, beside its largest number."""
    array = _dense("value", value, ket=True)
    kind = array.dtype if array.dtype.kind in "fc" else float
    return 4.0 * np.sqrt(len(array)) * float(np.finfo(kind).eps)


def _dense(name, value, ket):
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


def _number(name, value):
    array = _real(value)
    if array is None or array.ndim != 0:
        raise ValueError(f"{name} must be one real number, got {value!r}")
    return float(array)


def _array(name, value):
    array = _real(value)
    if array is None:
        if np.iscomplexobj(value):
            raise ValueError(f"{name} must be real, got complex values")
        raise ValueError(f"{name} must be an array of real numbers, got {repr_short(value)}")
    return array


def _real(value):
    """A float array, or None where `value` holds anything but integers and floats."""
    try:
        array = np.asarray(value)
    except ValueError:  # ragged
        return None
    if array.dtype.kind not in "iuf" and array.size:
        return None
    return array.astype(float)
