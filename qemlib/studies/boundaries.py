"""Threshold lines over two parameters, followed from edge to edge of a box.

A grid computes where nothing happens.  Here the sign is looked at along the edges of the box, and
each line that comes in is followed (`qemlib.studies._tracing`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from reprlib import repr as repr_short
from typing import Any

import numpy as np
from scipy.interpolate import BSpline, PPoly

from qemlib import _checks
from qemlib._locked import Locked
from qemlib.devices.device import Device
from qemlib.studies._tracing import Plane, Tracer, curve_through, refined
from qemlib.studies.cycles import LeastFriction
from qemlib.studies.friction import FrictionAtRest
from qemlib.studies.inversion import SteepestRise
from qemlib.studies.parameters import refuse_overlap, refuse_unknown, varied
from qemlib.studies.thresholds import Exactly, Onset, bracketed

__all__ = ["ThresholdLine", "threshold_line"]

# Step across the line that ends the search for it, in units of the tolerance.
_MET = 1e-2


@dataclass(frozen=True, eq=False)
class ThresholdLine(Locked):
    """Where something sets in over two parameters.

    Attributes
    ----------
    over : tuple of two str
        The parameters.
    box : ndarray, shape (2, 2)
        Their lowest and highest values, a row each.
    points : ndarray, shape (points, 2)
        Points on the line, in order.
    piece : ndarray of int, shape (points,)
        Which of the line's pieces, each from edge to edge of the box, a point is on.
    uncertainty : ndarray, shape (points,)
        Distance by which a point may be off the line, in units of the box.
    error : float
        Largest distance from the curve between the points to the line, in units of the box, as it
        was found half-way between points of which each second one has been left out.
    evaluations : int
        Devices that were looked at.
    """

    over: tuple[str, str]
    box: np.ndarray
    points: np.ndarray
    piece: np.ndarray
    uncertainty: np.ndarray
    error: float
    evaluations: int

    def __repr__(self) -> str:
        pieces = int(self.piece[-1]) + 1
        return (
            f"ThresholdLine({self.over[1]} over {self.over[0]}, {len(self.points)} points on "
            f"{pieces} piece{'s' if pieces > 1 else ''}, error {self.error:.0e} of the box, "
            f"{self.evaluations} devices)"
        )

    def at(self, value: float) -> np.ndarray:
        """Values of the second parameter at which the line has this value of the first, ascending.

        Raises
        ------
        ValueError
            If `value` is not within the box.
        """
        value = _checks.finite("value", value)
        low, high = self.box[0]
        if not low <= value <= high:
            raise ValueError(
                f"value must lie within the box, {self.over[0]} from {low:g} to {high:g}, got "
                f"{value!r}"
            )
        found: list[float] = []
        for curve in self._curves():
            first = PPoly.from_spline(BSpline(curve.t, curve.c[:, 0], curve.k))
            inside = first.solve(value, extrapolate=False)
            found += curve(inside[np.isfinite(inside)])[:, 1].tolist()
        return np.sort(np.array(found))

    def curves(self, points: int = 200) -> list[np.ndarray]:
        """Each piece as so many points of a smooth curve, arrays of shape (points, 2)."""
        points = _checks.integer("points", points, 2)
        return [c(np.linspace(c.t[0], c.t[-1], points)) for c in self._curves()]

    def _curves(self) -> list[BSpline]:
        scale = self.box[:, 1] - self.box[:, 0]
        return [
            curve_through(self.points[self.piece == i], scale)
            for i in range(int(self.piece[-1]) + 1)
        ]


def threshold_line(
    device: Device,
    over: Mapping[str, tuple[float, float]],
    onset: str | Callable[[Device], float] | Onset = "damping",
    *,
    noise_at: str = "zero",
    tolerance: float = 1e-4,
) -> ThresholdLine:
    """Where friction, ergotropy or a limit cycle sets in, as a line over two parameters.

    Folds are followed, so that a window of voltage closes.  What closes within the box without
    touching its edges is not found.

    Parameters
    ----------
    device : Device
        Its other parameters stay.
    over : dict of two str to (float, float)
        The parameters and the box within which the line is wanted; names as of
        `qemlib.studies.parameters`.
    onset : {"damping", "ergotropy", "cycle"}, callable or Onset
        What changes its sign: friction at rest as for `damping_threshold`, the steepest rise of the
        populations as for `ergotropy_threshold`, the least friction of all orbits as for
        `qemlib.studies.cycles.LeastFriction`, or a function of one's own that takes a device and
        returns a number, smooth on the line; as an object with the methods ``value(device)`` and
        ``error(device)``, it has an error too.
    noise_at : {"zero", "oscillator", "orbit"}
        As for these.
    tolerance : float
        Largest distance of the curve from the line, in units of the box, from 1e-8 to 0.01.

    Returns
    -------
    ThresholdLine

    Raises
    ------
    TypeError
        If `device` is none, or `onset` neither a function nor such an object.
    ValueError
        If an argument is out of range, a parameter is unknown, or the sign is the same along all
        edges of the box.
    ConvergenceError
        If the line is too rough to be followed.
    QemError
        As for the two thresholds.

    Examples
    --------
    >>> import qemlib as qem
    >>> box = {"temperature": (0.5, 4.0), "voltage": (0.0, 20.0)}
    >>> line = qem.threshold_line(qem.paper_device(), box)
    >>> line.at(2.0).round(3).tolist(), line.evaluations < 150
    ([8.463], True)
    """
    _checks.kind("device", device, Device)
    names, box = _box(device, over)
    tolerance = _checks.finite("tolerance", tolerance)
    if not 1e-8 <= tolerance <= 1e-2:
        raise ValueError(f"tolerance must lie between 1e-8 and 0.01, got {tolerance!r}")
    sought = _onset(onset, noise_at)
    plane = Plane(device, names, box, sought)
    tracer = Tracer(plane, _MET * tolerance)
    pieces, error = [], 0.0
    for piece in tracer.pieces():
        traced, off = refined(tracer, piece, tolerance)
        pieces.append(traced)
        error = max(error, off)
    points = np.concatenate([[each.at for each in piece] for piece in pieces])
    uncertainty = [
        _MET * tolerance + sought.error(plane.device(each.at)) / abs(each.slope)
        for piece in pieces
        for each in piece
    ]
    return ThresholdLine(
        over=names,
        box=box,
        points=plane.values(points),
        piece=np.repeat(np.arange(len(pieces)), [len(piece) for piece in pieces]),
        uncertainty=np.array(uncertainty),
        error=error,
        evaluations=plane.evaluations,
    )


def _box(device: Device, over: Any) -> tuple[tuple[str, str], np.ndarray]:
    if not isinstance(over, Mapping):
        raise TypeError(f"over must be a dict of parameters to ranges, got {repr_short(over)}")
    if len(over) != 2:
        raise ValueError(f"over must hold two parameters, got {len(over)}")
    refuse_overlap("over", over)
    for name in over:
        refuse_unknown(device, name)
    first, second = over
    box = np.array(
        [bracketed(ends, f"values of {name}", f"over[{name!r}]") for name, ends in over.items()]
    )
    for corner in ((0, 0), (0, 1), (1, 0), (1, 1)):  # what is not allowed is found out at once
        for name, row, i in zip(over, box, corner, strict=True):
            device = varied(device, name, float(row[i]))
    return (first, second), box


def _onset(onset: Any, noise_at: str) -> Onset:
    if isinstance(onset, str):
        known = {"damping": FrictionAtRest, "ergotropy": SteepestRise, "cycle": LeastFriction}
        return known[_checks.choice("onset", onset, known)](noise_at=noise_at)
    if isinstance(onset, type) or not (callable(onset) or _is_onset(onset)):
        raise TypeError(
            "onset must be 'damping', 'ergotropy', 'cycle', a function of a device, or an object "
            f"with methods value(device) and error(device), got {repr_short(onset)}"
        )
    if noise_at != "zero":
        raise ValueError(f"noise_at must stay with an onset of your own, got {noise_at!r}")
    return onset if _is_onset(onset) else Exactly(onset)


def _is_onset(onset: Any) -> bool:
    return all(callable(getattr(onset, name, None)) for name in ("value", "error"))
