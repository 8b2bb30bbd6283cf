"""A line on which something changes its sign, followed over the unit square.

Lines are looked for along the edges.  Each is followed from one to another: a circle through what
is known of it predicts the next point, and secants across it correct that.  Then a cubic curve is
laid through the points and held against one more half-way between each two, until it misses none by
more than was asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import BSpline, make_interp_spline
from scipy.optimize import brentq

from qemlib.devices.device import Device
from qemlib.errors import ConvergenceError
from qemlib.studies.parameters import varied
from qemlib.studies.thresholds import Onset

__all__ = ["Plane", "Point", "Tracer", "curve_through", "refined"]

# All lengths are in units of the box.
_EDGE = 8  # intervals of each edge in which a line is looked for
_SLOPE = 1e-5  # steps for slopes
# Steps along the line: the first, the longest and the shortest; by how much they change; and by
# which part of a step the prediction may miss, and where it is good enough for a longer one.
_FIRST, _LONGEST, _SHORTEST = 0.05, 0.15, 1e-4
_LONGER, _SHORTER = 1.5, 0.5
_MISSED, _CLOSE = 0.1, 0.02
_SECANTS, _MOST_POINTS = 8, 2000
# An end of the line lies ahead within this part of the distance to it, aside of the direction; and
# by how much beyond a step that would leave the box.  How near an edge is where a step is shortest.
_CONE, _BEYOND, _NEAR_EDGE = 0.5, 1.2, 1e-3
_CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
_DEGREE = 3


class Plane:
    """What is looked for over the unit square, each point computed once."""

    def __init__(
        self, device: Device, names: tuple[str, str], box: np.ndarray, onset: Onset
    ) -> None:
        self._device, self._names, self._box, self._onset = device, names, box, onset
        self._known: dict[tuple[float, float], float] = {}

    @property
    def evaluations(self) -> int:
        return len(self._known)

    def values(self, at: np.ndarray) -> np.ndarray:
        """The two parameters; array of at's shape, (…, 2)."""
        low, high = self._box.T
        return low + at * (high - low)

    def device(self, at: np.ndarray) -> Device:
        device = self._device
        for name, value in zip(self._names, self.values(at).tolist(), strict=True):
            device = varied(device, name, value)
        return device

    def __call__(self, at: np.ndarray) -> float:
        key = float(at[0]), float(at[1])
        if key not in self._known:
            self._known[key] = self._onset.value(self.device(at))
        return self._known[key]


@dataclass
class Point:
    """A point on the line, the direction along it, and the slope to the left of that."""

    at: np.ndarray
    along: np.ndarray
    slope: float


class Tracer:
    """Follows the lines of a plane, meeting them to `met`."""

    def __init__(self, plane: Plane, met: float) -> None:
        self._plane, self._met = plane, met
        self._ends: list[np.ndarray] = []

    def pieces(self) -> list[list[Point]]:
        """All that touch the edges."""
        for one, other in zip(_CORNERS, np.roll(_CORNERS, -1, axis=0), strict=True):
            self._ends += self._crossings(one, other)
        if not self._ends:
            raise ValueError(
                "over must hold a box whose edges a threshold crosses, got one sign all along "
                f"them, {self._plane(_CORNERS[0]):.3g} at its lowest corner"
            )
        found = []
        while self._ends:
            piece = self._followed(self._first(self._ends.pop(0)))
            last = piece[-1].at
            self._ends = [end for end in self._ends if np.abs(end - last).max() > self._met]
            found.append(piece)
        return found

    def _crossings(self, one: np.ndarray, other: np.ndarray) -> list[np.ndarray]:
        """Where lines cross a part of an edge."""
        places = np.linspace(one, other, _EDGE + 1)
        signs = np.array([self._plane(place) >= 0 for place in places])
        found = []
        for i in np.flatnonzero(signs[1:] != signs[:-1]):
            start, step = places[i], places[i + 1] - places[i]

            def along(part: float, start: np.ndarray = start, step: np.ndarray = step) -> float:
                return self._plane(start + part * step)

            part = brentq(along, 0.0, 1.0, xtol=self._met / np.abs(step).max())
            found.append(start + part * step)
        return found

    def _gradient(self, at: np.ndarray) -> np.ndarray:
        """Of what vanishes on the line, from steps towards the middle of the box."""
        inwards, here = np.where(at > 0.5, -1.0, 1.0), self._plane(at)
        steps = _SLOPE * np.diag(inwards)
        return np.array([self._plane(at + step) - here for step in steps]) * inwards / _SLOPE

    def _first(self, start: np.ndarray) -> Point:
        """The point on an edge, and the direction that leads inwards."""
        gradient = self._gradient(start)
        slope = float(np.linalg.norm(gradient))
        along = -_left_of(gradient / slope)
        # Off the edge, which is where a coordinate is 0 or 1.
        edge = int(np.argmin(np.minimum(start, 1.0 - start)))
        sign = 1.0 if along[edge] * (0.5 - start[edge]) > 0 else -1.0
        return Point(start, sign * along, sign * slope)

    def _followed(self, start: Point) -> list[Point]:
        """From an edge to the next one that the line meets."""
        points, step, bend, looked = [start], _FIRST, 0.0, False
        while len(points) < _MOST_POINTS:
            here = points[-1]
            turn = 0.5 * bend * step * _left_of(here.along)
            target, ahead = here.at + step * (here.along + turn), here.along + 2.0 * turn
            end = self._end_ahead(here, step, target)
            if end is None and step < _SHORTEST:
                end = self._missed_end(here)
                if end is None:
                    break
            if end is not None:
                return [*points, Point(end, here.along, here.slope)]
            met = self.met(target, ahead, here.slope, _MISSED * step)
            if met is None:
                if not looked:
                    points[-1], bend = self._looked_at(points[-2:])
                step, looked = _SHORTER * step, True
                continue
            looked = False
            along, bend = _circle(points[-2:], met.at)
            points.append(Point(met.at, along, met.slope))
            if np.linalg.norm(met.at - target) < _CLOSE * step:
                step = min(_LONGER * step, _LONGEST)
        where = " and ".join(f"{value:.6g}" for value in self._plane.values(points[-1].at))
        raise ConvergenceError(
            f"threshold_line: the line cannot be followed beyond {where}: it ends there, or is too "
            "rough"
        )

    def _looked_at(self, points: list[Point]) -> tuple[Point, float]:
        """The last point with the direction of the line there, and the curvature to there."""
        here = points[-1]
        gradient = self._gradient(here.at)
        slope = float(np.linalg.norm(gradient))
        along = -_left_of(gradient / slope)
        if along @ here.along < 0:
            along, slope = -along, -slope
        bend = 0.0
        if len(points) > 1:
            chord = here.at - points[0].at
            turn = np.arctan2(_left_of(chord) @ along, chord @ along)
            bend = 2.0 * float(turn / np.linalg.norm(chord))
        return Point(here.at, along, slope), bend

    def _end_ahead(self, here: Point, step: float, target: np.ndarray) -> np.ndarray | None:
        """The edge's crossing that the next step would meet."""
        reach = _BEYOND * step if _outside(target) else step
        ahead = []
        for end in self._ends:
            chord = end - here.at
            forth, aside = chord @ here.along, chord @ _left_of(here.along)
            if 0.0 < forth <= reach and abs(aside) <= _CONE * forth:
                ahead.append(end)
        return min(ahead, key=lambda end: float(np.linalg.norm(end - here.at)), default=None)

    def _missed_end(self, here: Point) -> np.ndarray | None:
        """A crossing near by, of which there was an even number in one interval of the edge."""
        gaps = np.concatenate([here.at, 1.0 - here.at])
        edge = int(np.argmin(gaps))
        if gaps[edge] > _NEAR_EDGE:
            return None
        place, other = float(edge >= 2), 1 - edge % 2
        around = np.clip(here.at[other] + np.array([-1.0, 1.0]) / _EDGE, 0.0, 1.0)
        ends = np.full((2, 2), place)
        ends[:, other] = around
        found = self._crossings(*ends)
        if not any((end - here.at) @ here.along > 0 for end in found):
            return None
        nearest = min(found, key=lambda end: float(np.linalg.norm(end - here.at)))
        known = [*self._ends, nearest]
        self._ends += [
            end for end in found if min(np.abs(end - each).max() for each in known) > self._met
        ]
        return nearest

    def met(
        self, start: np.ndarray, along: np.ndarray, slope: float, most: float = _LONGEST
    ) -> Point | None:
        """The line across a direction, by secants; None if it is not as near as `most`."""
        across = _left_of(along / np.linalg.norm(along))
        if _outside(start):
            return None
        before, value = 0.0, self._plane(start)
        here = -value / slope
        if abs(here) < self._met:  # met already, but the slope has to be seen
            here = self._met if _outside(start - self._met * across) else -self._met
        for _ in range(_SECANTS):
            at = start + here * across
            if not abs(here) <= most or _outside(at):
                return None
            new = self._plane(at)
            slope = (new - value) / (here - before)
            if slope == 0.0:
                return None
            before, value, here = here, new, here - new / slope
            if abs(here - before) <= self._met:
                return Point(at, along, slope)
        return None


def _left_of(along: np.ndarray) -> np.ndarray:
    return np.array([-along[1], along[0]])


def _outside(at: np.ndarray) -> bool:
    return bool((at < 0.0).any() or (at > 1.0).any())


def _circle(before: list[Point], here: np.ndarray) -> tuple[np.ndarray, float]:
    """Direction and curvature, positive to the left, at the last of the points on a circle.

    With one point before it the direction there counts; a direction that has been extrapolated
    does not, for errors of these grow from step to step.
    """
    last = here - before[-1].at
    length = float(np.linalg.norm(last))
    if len(before) > 1:
        first = before[-1].at - before[0].at
        length = 0.5 * (length + float(np.linalg.norm(first)))
    else:
        first, length = before[0].along, 0.5 * length
    turn = float(np.arctan2(_left_of(first) @ last, first @ last))
    bend = turn / length
    angle = 0.5 * bend * float(np.linalg.norm(last))
    unit = last / np.linalg.norm(last)
    return np.cos(angle) * unit + np.sin(angle) * _left_of(unit), bend


def curve_through(points: np.ndarray, scale: ArrayLike = 1.0) -> BSpline:
    """A cubic curve, over the length of the chords between the points."""
    lengths = np.linalg.norm(np.diff(points / scale, axis=0), axis=1)
    at = np.append(0.0, np.cumsum(lengths))
    return make_interp_spline(at, points, k=min(_DEGREE, len(points) - 1))


def refined(tracer: Tracer, piece: list[Point], tolerance: float) -> tuple[list[Point], float]:
    """More points, until the curve through them met the line half-way between each two."""
    waiting, error = set(range(len(piece) - 1)), 0.0
    while waiting:
        places = np.array([point.at for point in piece])
        curve = curve_through(places)
        at = np.append(0.0, np.cumsum(np.linalg.norm(np.diff(places, axis=0), axis=1)))
        grown, still = [piece[0]], set()
        for i, other in enumerate(piece[1:]):
            if i in waiting:
                middle = 0.5 * (at[i] + at[i + 1])
                start = np.clip(curve(middle), 0.0, 1.0)
                new = tracer.met(start, curve(middle, 1), piece[i].slope)
                if new is None or len(piece) > _MOST_POINTS:
                    raise ConvergenceError(
                        "threshold_line: the line is too rough for a curve through its points"
                    )
                off = float(np.linalg.norm(new.at - start))
                if off > tolerance:
                    still |= {len(grown) - 1, len(grown)}
                else:
                    error = max(error, off)
                grown.append(new)
            grown.append(other)
        piece, waiting = grown, still
    return piece, error
