"""One W through time under one model: in as large a basis as it needs at each time.

A state that spreads needs fine functions first and wide ones later.  So time is cut into stages.
Each has a basis that holds W at its start with room to grow, and ends where W leaves it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from qemlib.errors import ConvergenceError, LeftGridError, NoSteadyState, UnresolvedError
from qemlib.fokker_planck._extents import Settings, final_of, middle_of, tail
from qemlib.fokker_planck._flow import Flow
from qemlib.fokker_planck._placing import Extent, Samples, samples_of
from qemlib.fokker_planck.basis import Basis
from qemlib.fokker_planck.generator import Generator, generator_of
from qemlib.motion.model import LangevinModel

__all__ = ["Follower", "Moment"]

# Room for W to grow in: in radius, and in wave numbers.
_ROOM, _FINER = 1.5, 1.1
# A stage whose basis is within this part of that of the steady state takes that.
_NEAR = 0.75
# Times at which that is looked at, down to this part of a stage.
_LOOKS, _FIRST = 24, 1e-3
_MOST_STAGES = 200
# After a stage that ends before this part of it the next has so much more room, up to that.
_LITTLE, _MORE, _MOST_MORE = 0.1, 1.15, 2.5


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
        self._final: Extent | None
        try:
            self.middle, self._final = final_of(model, settings)
        except (NoSteadyState, LeftGridError, ConvergenceError, UnresolvedError):
            # A state may be followed for a while where none is left in the end.
            self.middle, self._final = middle_of(model), None
        edges = model.x / model.x0
        self._reach = float(min(self.middle - edges[0], edges[-1] - self.middle))

    def follow(self, begun: Samples, times: np.ndarray) -> Iterator[Moment]:
        """W at rising times, the last of which ends it."""
        now, mirrored, spare = 0.0, self.model.mirrored, 1.0
        samples, left = begun, list(times)
        for _ in range(_MOST_STAGES):
            seen = self.settings.kept if now > 0.0 else self.settings.seen
            extent = samples.extent(seen, self.middle)
            basis, endless = self._basis(extent, spare)
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
            if until < _LITTLE * span:
                spare *= _MORE
                if spare > _MOST_MORE:
                    self._refuse(extent)
            if until > 0.0:
                (last,) = stage.at(np.array([until]))
                now, samples = now + until, samples_of(basis, last.coefficients)
        raise ConvergenceError(
            f"evolve: W leaves its basis again and again, up to the time {now:.6g}; at this rtol "
            "the state needs more functions than there are"
        )

    def _basis(self, extent: Extent, spare: float) -> tuple[Basis, bool]:
        """Functions for W from now on, and whether they hold it for ever."""
        if extent.radius > self._reach:
            self._refuse(extent)
        grown = Extent(_ROOM * extent.radius, _FINER * extent.wave)
        final = self._final
        endless = final is not None and grown.radius > _NEAR * final.radius
        if final is not None and endless:
            grown = Extent(1.1 * extent.radius, extent.wave).wider(final)
        held = Extent(min(spare * grown.radius, self._reach), spare * grown.wave)
        return held.basis(self.middle), endless

    def _refuse(self, extent: Extent) -> None:
        """W has no room on the grid, or none in any basis."""
        if _ROOM * extent.radius < self._reach:
            raise ConvergenceError(
                "evolve: W leaves any basis for what it was; at this rtol it becomes too fine"
            )
        needed = 1.2 * (extent.radius + abs(self.middle)) * self.model.x0
        raise LeftGridError(
            f"model: its grid, x from {self.model.x[0]:.6g} to {self.model.x[-1]:.6g}, is too "
            "small for the state; build the model on a wider one, as with "
            f"LangevinModel.from_device(device, half_width={needed:.3g})"
        )


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
