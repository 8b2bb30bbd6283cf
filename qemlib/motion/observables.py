"""Observables of the position that a user gives, or that a model's device has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from qemlib import _checks
from qemlib.electrons.coefficients import current
from qemlib.motion.model import LangevinModel

__all__ = ["current_of", "values_at"]


def current_of(model: LangevinModel) -> Callable[[np.ndarray], np.ndarray]:
    """The current of a model's device at rest at x; ValueError if it has none.

    Examples
    --------
    >>> import qemlib as qem
    >>> at = current_of(qem.LangevinModel.from_device(qem.paper_device(10.0)))
    >>> round(float(at(0.0)), 4)
    0.3704
    """
    device = model.device
    if device is None:
        raise ValueError(
            "observable must not be 'current' where the model has no device; give the current as a "
            "function of x"
        )
    return lambda x: current(device, x)


def values_at(function: Callable[[np.ndarray], Any], x: np.ndarray) -> np.ndarray:
    """An observable at positions; ValueError unless they are finite numbers, one a position.

    Examples
    --------
    >>> values_at(lambda x: x**2, np.array([1.0, 2.0]))
    array([1., 4.])
    """
    values = _checks.finite_array("observable(x)", function(x))
    if values.shape != x.shape:
        raise ValueError(f"observable must return the shape of x, {x.shape}, got {values.shape}")
    return values
