"""One W through time under one model: in as large a basis as it needs at each time.

A state that spreads needs fine functions first and wide ones later.  So time is cut into stages.
Each has a basis that holds W at its start with room to grow, and ends where W leaves it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from qemlib.errors import ConvergenceError, LeftGridError, NoSteadyState, SeveralWells
from qemlib.fokker_planck._flow import Flow
from qemlib.fokker_planck._placing import Extent, Samples, samples_of
from qemlib.fokker_planck._sizes import extent_of
from qemlib.fokker_planck.basis import Basis
from qemlib.fokker_planck.generator import Generator, generator_of
from qemlib.motion.model import LangevinModel
from qemlib.motion.orbit import orbit_average
from qemlib.states import positivity

__all__ = ["Follower", "Moment", "Settings", "foretold", "tail"]

# Room for W to grow in: in radius, and in wave numbers.
_ROOM, _FINER = 1.5, 1.1
# A stage whose basis is within this part of that of the steady state takes that.
_NEAR = 0.75
# Coefficients of so many of the highest functions tell whether W leaves the basis.
_HIGHEST = 0.08
# Times at which that is looked at, down to this part of a stage.
_LOOKS, _FIRST = 24, 1e-3
_MOST_STAGES = 200
_CENTERED = 1e-9


@dataclass(frozen=True)
class Settings:
    """How much is left out: everything follows from one number."""

    part: float

    @property
    def seen(self) -> float:
        """Part of the largest W, and of its transform, that a basis need not hold."""
        return max(2e-3 * self.part, 2e-14)

    @property
    def kept(self) -> float:
        """The same on the way, where what is left of the equation of motion is seen as well."""
        return max(1e-2 * self.part, 1e-13)

    @property
    def tail(self) -> float:
        """Of the highest coefficients, beside the largest."""
        return max(1e-2 * self.part, 1e-13)

    @property
    def equation(self) -> float:
        """What may be left of the equation of motion."""
        return max(1e-2 * self.part, 1e-13)


@dataclass(frozen=True, eq=False)
class Moment:
    """W and its change at a time."""

    basis: Basis
    coefficients: np.ndarray
    slope: np.ndarray
    lost: float  # what the trace was off by before it was mended


class Follower:
    """Follows W under one model."""

    def __init__(self, model: LangevinModel, settings: Settings) -> None:
        self.model, self.settings = model, settings
        self.middle, self._final = foretold(model, settings)
        edges = model.x / model.x0
        self._reach = float(min(self.middle - edges[0], edges[-1] - self.middle))

    def follow(self, begun: Samples, times: np.ndarray) -> Iterator[Moment]:
        """W at rising times, the last of which ends it."""
        now, mirrored = 0.0, self.model.mirrored
        samples, left = begun, list(times)
        for _ in range(_MOST_STAGES):
            seen = self.settings.kept if now > 0.0 else self.settings.seen
            extent = samples.extent(seen, self.middle)
            basis, endless = self._basis(extent)
            coefficients = samples.project(basis)
            stage = _Stage(self.model, basis, coefficients, mirrored, self.settings, endless)
            ahead = np.array(left) - now
            span = ahead[-1] if endless else min(ahead[-1], stage.horizon)
            until = stage.advance(span)
            inside = ahead <= until * (1.0 + 1e-12)
            yield from stage.at(ahead[inside])
            left = left[int(inside.sum()) :]
            if not left:
                return
            if until <= 0.0:
                self._grow(extent)
                continue
            (last,) = stage.at(np.array([until]))
            now, samples = now + until, samples_of(basis, last.coefficients)
        raise ConvergenceError(
            f"evolve: W leaves its basis again and again, up to the time {now:.6g}; at this rtol "
            "the state needs more functions than there are"
        )

    def _basis(self, extent: Extent) -> tuple[Basis, bool]:
        """Functions for W from now on, and whether they hold it for ever."""
        if extent.radius > self._reach:
            needed = 1.2 * (extent.radius + abs(self.middle)) * self.model.x0
            raise LeftGridError(
                f"model: its grid, x from {self.model.x[0]:.6g} to {self.model.x[-1]:.6g}, is too "
                "small for the state; build the model on a wider one, as with "
                f"LangevinModel.from_device(device, half_width={needed:.3g})"
            )
        grown = Extent(min(_ROOM * extent.radius, self._reach), _FINER * extent.wave)
        final = self._final
        endless = final is not None and grown.radius > _NEAR * final.radius
        if final is not None and endless:
            grown = Extent(min(1.1 * extent.radius, self._reach), extent.wave).wider(final)
        return grown.basis(self.middle), endless

    def _grow(self, extent: Extent) -> None:
        """More room for ever, after W left the basis at once."""
        final = self._final or extent
        if final.radius >= self._reach and extent.radius > _NEAR * self._reach:
            raise LeftGridError(
                f"model: its grid, x from {self.model.x[0]:.6g} to {self.model.x[-1]:.6g}, is too "
                "small: W reaches its edge; build the model on a wider grid"
            )
        self._final = Extent(min(1.15 * final.radius, self._reach), 1.15 * final.wave)


class _Stage:
    """W in one basis."""

    def __init__(
        self,
        model: LangevinModel,
        basis: Basis,
        coefficients: np.ndarray,
        mirrored: bool,
        settings: Settings,
        endless: bool,
    ) -> None:
        self._basis, self._settings, self._endless = basis, settings, endless
        parities = (False, True) if mirrored else (False,)
        harmonics = max(4, int(2.0 * basis.size / 3.0))
        self._flows: list[tuple[Generator, Flow]] = []
        self._tolerances: list[float] = []
        largest = float(np.linalg.norm(coefficients))
        for odd in parities:
            generator = generator_of(model, basis, odd=odd)
            part = generator.pack(coefficients)
            size = float(np.sqrt(sum(v @ v for v in part)))
            if size <= settings.equation * largest:
                continue
            known = (generator.pack(generator.null_vector()),) if endless and not odd else ()
            flow = Flow(generator, part, model.frequency, harmonics, known)
            self._flows.append((generator, flow))
            self._tolerances.append(settings.equation * largest / size)
        self._begun = coefficients

    @property
    def horizon(self) -> float:
        """Time in which ⟨|α|²⟩ about the middle may double."""
        basis = self._basis
        change = np.zeros_like(self._begun)
        for generator, _ in self._flows:
            change += generator.of_all(self._begun)
        square = np.abs(basis.alpha - basis.middle) ** 2
        now, slope = (basis.averages(c, square)[0].real for c in (self._begun, change))
        return float(abs(now / slope)) if slope != 0.0 else np.inf

    def advance(self, span: float) -> float:
        """Grow the spaces for so long; how long W stays in the basis."""
        for (_, flow), tolerance in zip(self._flows, self._tolerances, strict=True):
            flow.until(span, tolerance)
        looks = np.geomspace(_FIRST * span, span, _LOOKS)
        stays = 0.0
        for time, moment in zip(looks, self.at(looks), strict=True):
            if tail(moment.coefficients) > self._settings.tail:
                # A factor of growth in the tail is little in time.
                return 0.9 * stays if stays < span else stays
            stays = float(time)
        return span

    def at(self, times: np.ndarray) -> Iterator[Moment]:
        """W at these times, with the trace of a state."""
        parts = [
            (generator, flow, flow.coordinates(times), flow.coordinates(times, derivative=True))
            for generator, flow in self._flows
        ]
        for index in range(times.size):
            values, slopes = np.zeros_like(self._begun), np.zeros_like(self._begun)
            for generator, flow, here, change in parts:
                values += generator.unpack(flow.vector(here[:, index]))
                slopes += generator.unpack(flow.vector(change[:, index]))
            trace = self._basis.integral(values)
            yield Moment(self._basis, values / trace, slopes / trace, abs(trace - 1.0))


def tail(coefficients: np.ndarray) -> float:
    """The highest coefficients beside the largest."""
    highest = max(2, int(_HIGHEST * len(coefficients)))
    size = np.abs(coefficients)
    return float(max(size[-highest:].max(), size[:, -highest:].max()) / size.max())


def foretold(model: LangevinModel, settings: Settings) -> tuple[float, Extent | None]:
    """Re α around which all turns, and what holds the steady state where that is foretold."""
    try:
        with positivity.untold():
            estimate = orbit_average(model)
    except (NoSteadyState, SeveralWells, LeftGridError):
        return _rest(model), None
    middle, radius = extent_of(estimate)
    x0, p0 = model.x0, model.p0
    axis = radius * np.linspace(-1.0, 1.0, 257)[:-1]
    values = x0 * p0 * estimate.density(x0 * (axis[:, None] + middle), p0 * axis)
    seen = Samples(axis + middle, axis, values).extent(settings.seen, middle)
    return middle, Extent(radius, seen.wave)


def _rest(model: LangevinModel) -> float:
    """Between the outermost places of rest, in units of x0; 0 for what is mirrored."""
    pull = model.force - model.mass * model.frequency**2 * model.x
    down = model.x[:-1][(pull[:-1] > 0) & (pull[1:] <= 0)]
    if model.mirrored or not down.size:
        return 0.0
    middle = 0.5 * (down[0] + down[-1]) / model.x0
    return 0.0 if abs(middle) < _CENTERED else float(middle)
