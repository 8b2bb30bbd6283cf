"""A device from what was measured of it: least squares, with every prediction an exact one.

Parameters that have to be positive are fitted by their logarithm, so that no step leaves where a
device is one.  Intervals are those of the linear problem at the best fit: they hold where an error
moves the predictions along straight lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from reprlib import repr as repr_short
from typing import Any

import numpy as np
from scipy.optimize import least_squares
from scipy.special import gammaincc, ndtri

from qemlib import _checks
from qemlib._locked import Locked
from qemlib.devices.device import Device
from qemlib.errors import ConvergenceError
from qemlib.studies.measurements import Measurement, States
from qemlib.studies.parameters import overlap, refuse_overlap, refuse_unknown, value_of, varied

__all__ = ["FittedDevice", "fit_device"]

_STEP = 1e-4  # of the parameters, for slopes of the predictions
_TOLERANCE = 1e-9  # of the search, relative
_MOST = 200  # predictions of all data in it, slopes left out
# Least part of the best determined direction that a direction must have to be determined at all.
_SINGULAR = 1e-7


@dataclass(frozen=True, eq=False)
class FittedDevice(Locked):
    """The device that fits its data best.

    Attributes
    ----------
    device : Device
    free : tuple of str
        The parameters that were fitted.
    values, errors : ndarray, shape (parameters,)
        What they are, and their standard errors.
    covariance : ndarray, shape (parameters, parameters)
    chi_square : float
        Sum of the squared residuals, in units of the errors.
    degrees_of_freedom : int
        Data less parameters.
    residuals : ndarray, shape (points,)
        In the order of the data.
    """

    device: Device
    free: tuple[str, ...]
    values: np.ndarray
    errors: np.ndarray
    covariance: np.ndarray
    chi_square: float
    degrees_of_freedom: int
    residuals: np.ndarray
    _positive: np.ndarray

    def __repr__(self) -> str:
        each = zip(self.free, self.values, self.errors, strict=True)
        found = ", ".join(f"{name}={value:.6g} +/- {error:.1g}" for name, value, error in each)
        return (
            f"FittedDevice({found}; chi^2 = {self.chi_square:.3g} with {self.degrees_of_freedom} "
            "degrees of freedom)"
        )

    @property
    def probability(self) -> float:
        """Part of all data of such a device that fit worse; NaN with as many parameters as data."""
        if not self.degrees_of_freedom:
            return float("nan")
        return float(gammaincc(0.5 * self.degrees_of_freedom, 0.5 * self.chi_square))

    def interval(self, name: str, level: float = 0.95) -> tuple[float, float]:
        """Where the parameter is, at a level of confidence; of a positive one, in its logarithm.

        Raises
        ------
        ValueError
            If it was not fitted, or the level does not lie between 0 and 1.
        """
        i = self.free.index(_checks.choice("name", name, self.free))
        level = _checks.finite("level", level)
        if not 0.0 < level < 1.0:
            raise ValueError(f"level must lie between 0 and 1, got {level!r}")
        value, reach = float(self.values[i]), float(ndtri(0.5 + 0.5 * level) * self.errors[i])
        if self._positive[i]:
            factor = float(np.exp(reach / value))
            return value / factor, value * factor
        return value - reach, value + reach


def fit_device(
    data: Measurement | Iterable[Measurement], start: Device, free: Iterable[str]
) -> FittedDevice:
    """The device that fits what was measured, and how well its parameters are known then.

    Parameters
    ----------
    data : ~qemlib.studies.measurements.Measurement
        Or an iterable of them.
    start : Device
        Where to start; what is not free stays as it is here.
    free : iterable of str
        Parameters to be fitted: "coupling", "rate", "left.temperature", …; see
        `qemlib.studies.parameters`.

    Returns
    -------
    FittedDevice

    Raises
    ------
    TypeError
        If `start` is no Device, or the data hold something else than Measurements.
    ValueError
        If a parameter is unknown, two of them or one and a measurement set the same thing, or there
        are fewer data than parameters.
    ConvergenceError
        If the data do not determine the parameters, at the start or at the best fit, or the search
        for them does not end.
    QemError
        If a prediction does not exist on the way, as for a device without a steady state.

    Notes
    -----
    The search is for the nearest minimum from `start`.  A threshold is compared by friction at the
    measured voltage over its slope across the error bar, which is linear and needs no bracket.

    Examples
    --------
    Tunnelling rate and coupling, from currents and a softening:

    >>> import numpy as np
    >>> import qemlib as qem
    >>> voltages = np.array([1.0, 3.0, 6.0])
    >>> currents = [float(qem.current(qem.paper_device(v), 0.0)) for v in voltages]
    >>> soft = float(qem.orbit_coefficients(qem.paper_device(1.0), [0.0]).frequency_shift[0])
    >>> data = [
    ...     qem.Measurement("current_at_rest", currents, 1e-3, at=voltages),
    ...     qem.Measurement("frequency_shift", soft, 0.01 * abs(soft), at=1.0),
    ... ]
    >>> start = qem.paper_device()
    >>> found = qem.fit_device(data, start, free=("rate", "coupling"))
    >>> found.values.round(6).tolist(), (found.errors / found.values).round(4).tolist()
    ([2.0, 0.1], [0.0061, 0.005])
    """
    _checks.kind("start", start, Device)
    measurements = [data] if isinstance(data, Measurement) else _measurements(data)
    names = _free(free, start, measurements)
    count = sum(each.values.size for each in measurements)
    if count < len(names):
        raise ValueError(
            f"data must be at least as many as the free parameters, {len(names)}, got {count}"
        )
    search = _Search(start, names, measurements)
    # What is open at the start is where a search would get lost.
    _inverse(search.slopes(np.zeros(len(names))), names)
    found = least_squares(
        search.residuals,
        np.zeros(len(names)),
        jac=search.slopes,
        method="lm",
        ftol=_TOLERANCE,
        xtol=_TOLERANCE,
        gtol=_TOLERANCE,
        max_nfev=_MOST,
    )
    if not found.success:
        raise ConvergenceError(
            f"fit_device: no best fit after {_MOST} steps, at {search.told(found.x)}"
        )
    scale = search.scale(found.x)
    covariance = _inverse(found.jac, names) * scale[:, None] * scale
    device = search.device(found.x)
    return FittedDevice(
        device=device,
        free=names,
        values=np.array([value_of(device, name) for name in names]),
        errors=np.sqrt(np.diag(covariance)),
        covariance=covariance,
        chi_square=float(found.fun @ found.fun),
        degrees_of_freedom=count - len(names),
        residuals=found.fun,
        _positive=search.positive,
    )


def _measurements(data: Any) -> list[Measurement]:
    if not isinstance(data, Iterable) or isinstance(data, str | Mapping):
        raise TypeError(f"data must be Measurements, got {repr_short(data)}")
    found = [_checks.kind("data", each, Measurement) for each in data]
    if not found:
        raise ValueError("data must hold at least one Measurement, got none")
    return found


def _free(free: Any, start: Device, measurements: list[Measurement]) -> tuple[str, ...]:
    names = (free,) if isinstance(free, str) else free
    if not isinstance(names, Iterable):
        raise ValueError(f"free must name parameters, got {repr_short(free)}")
    found = tuple(refuse_unknown(start, name, "free") for name in names)
    if not found:
        raise ValueError("free must name at least one parameter, got none")
    refuse_overlap("free", found)
    for name in found:
        for each in measurements:
            for other in each.given:
                refuse_unknown(start, other)
                if overlap(name, other):
                    raise ValueError(
                        f"free must not hold {name!r}: {each!r} was measured at given values of "
                        f"{other!r}"
                    )
    return found


class _Search:
    """Predictions as functions of numbers that are 0 at the start and of the order of 1."""

    def __init__(
        self, start: Device, names: tuple[str, ...], measurements: list[Measurement]
    ) -> None:
        self._start, self._names, self._data = start, names, measurements
        self._known: dict[bytes, np.ndarray] = {}
        self._values = np.array([value_of(start, name, "free") for name in names])
        self.positive = np.array(
            [_is_positive(start, *each) for each in zip(names, self._values, strict=True)]
        )
        # What is zero at the start is measured by an energy of the device.
        energy = start.left.temperature
        self._scale = np.where(self._values == 0.0, energy, np.abs(self._values))

    def device(self, theta: np.ndarray) -> Device:
        grown = self._values * np.exp(np.where(self.positive, theta, 0.0))
        values = np.where(self.positive, grown, self._values + self._scale * theta)
        device = self._start
        for name, value in zip(self._names, values.tolist(), strict=True):
            device = varied(device, name, value, "free")
        return device

    def scale(self, theta: np.ndarray) -> np.ndarray:
        """By how much the parameters change with these numbers."""
        grown = self._values * np.exp(np.where(self.positive, theta, 0.0))
        return np.where(self.positive, grown, self._scale)

    def residuals(self, theta: np.ndarray) -> np.ndarray:
        # The search comes back to where it was, for the slopes there.
        where = theta.tobytes()
        if where not in self._known:
            self._known[where] = self._residuals(theta)
        return self._known[where].copy()

    def _residuals(self, theta: np.ndarray) -> np.ndarray:
        device = self.device(theta)
        try:
            states = States()
            return np.concatenate([each.residuals(device, states) for each in self._data])
        except Exception as error:
            error.add_note(f"fit_device: at {self.told(theta)}")
            raise

    def slopes(self, theta: np.ndarray) -> np.ndarray:
        steps = _STEP * np.eye(theta.size)
        columns = [self.residuals(theta + step) - self.residuals(theta - step) for step in steps]
        return np.stack(columns, axis=1) / (2.0 * _STEP)

    def told(self, theta: np.ndarray) -> str:
        device = self.device(theta)
        return ", ".join(f"{name} = {value_of(device, name):.6g}" for name in self._names)


def _is_positive(device: Device, name: str, value: float) -> bool:
    """Whether a device takes no negative value of the parameter."""
    if value <= 0.0:
        return False
    try:
        varied(device, name, -value)
    except ValueError:
        return True
    return False


def _inverse(slopes: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    """(JᵀJ)⁻¹; ConvergenceError, naming the parameters, where the data leave a direction open."""
    _, sizes, directions = np.linalg.svd(slopes, full_matrices=False)
    if not sizes[-1] > _SINGULAR * sizes[0]:
        open_one = np.abs(directions[-1])
        which = [n for n, part in zip(names, open_one, strict=True) if part > 0.1 * open_one.max()]
        raise ConvergenceError(
            f"fit_device: the data do not determine {' and '.join(which)}"
            + ("" if len(which) == 1 else " apart from each other")
        )
    scaled = directions / sizes[:, None]
    return scaled.T @ scaled
