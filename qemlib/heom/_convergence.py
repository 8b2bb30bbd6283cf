"""How far to go: each cut-off is moved until a step more changes less than is allowed.

What a cut-off changes hardly depends on the others, so that each is found where the others are
cheap: levels, bandwidth and the exponentials at depth 1, and the depth with the fewest exponentials
that describe the leads at all.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

import numpy as np

from qemlib import _progress
from qemlib.errors import ConvergenceError, NoSteadyState, QuadratureError
from qemlib.heom._cost import cost
from qemlib.heom._hierarchy import components, full_depth
from qemlib.heom._solution import Resolution, Solution, deepest, solution
from qemlib.heom._task import Task
from qemlib.heom.exponentials import Exponentials
from qemlib.motion.confinement import least_weight

__all__ = ["Pair", "Search"]

# Two solutions a step of a cut-off apart, and the part of what changes that is left open.
Pair: TypeAlias = tuple[Solution, Solution, float]

# Of the accuracy, what one step more of a cut-off may change, and what levels may leave out.  Each
# counts twice in the error.
_SHARE, _LEFT_OUT = 1.0 / 8.0, 1.0 / 20.0
# Largest population of the highest level: allowed, and aimed at.
TOP, _AIMED_AT = 1e-5, 2e-6
_FEWEST_LEVELS, _MOST_LEVELS, _LEVELS_OF_BANDWIDTH, _ROOM = 32, 16384, 64, 1.06
_FIRST_BANDWIDTH, _SOON, _WIDEST = 3, 5, 64
_MOST_PADE_TERMS = 12
_DISTURBED = 10  # levels below the last
_FEW_COMPONENTS = 24  # of a hierarchy that is taken as a whole


class Search:
    """The cut-offs that a device needs, and what a step more of each changes.

    Parameters
    ----------
    task : Task

    Attributes
    ----------
    memory : float
        Bytes that the largest computation so far took.
    number : int
        Padé terms that were chosen.
    """

    def __init__(self, task: Task) -> None:
        self._task = task
        self.leads, self.motion, self.accuracy = task.leads, task.motion, task.accuracy
        self._known: dict[tuple[int, Resolution, int | None], Solution] = {}
        self.memory, self.number = 0.0, self.leads.fewest

    def run(self) -> tuple[Resolution, Solution, dict[str, Pair | None]]:
        """The resolution, the solution there, and for each cut-off the pair that tells of it."""
        fewest = self.leads.fewest
        trial = Resolution(self.leads.terms(fewest), 1, _FIRST_BANDWIDTH, self._task.levels or 0)
        trial, by_bandwidth = self._bandwidth(fewest, trial)
        number, trial, by_terms = self._terms(fewest, trial)
        depth, by_depth = self._depth(fewest, number, trial)
        trial, self.number = replace(trial, depth=depth), number
        found = self._settled(number, trial)
        pairs: dict[str, Pair | None] = {
            "bandwidth": by_bandwidth,
            "terms": by_terms,
            "depth": by_depth,
        }
        return replace(trial, levels=found.populations.size), found, pairs

    def _bandwidth(self, number: int, trial: Resolution) -> tuple[Resolution, Pair]:
        """The first K that K + 1, or a little more where K is large, changes little.

        At depth 1, unless all of the hierarchy is no larger.  Far out, where the level moves by
        more than its width, depth 1 is too little: orbits without end are looked at again.
        """
        exponents = self.leads.exponents(number)
        whole = full_depth(exponents)
        small = self.leads.exact and components(exponents, whole) <= _FEW_COMPONENTS
        depths = (whole,) if small else (1, 2)
        for depth in depths:
            found = self._widened(number, replace(trial, depth=depth), last=depth == depths[-1])
            if found is not None:
                return found
        raise ConvergenceError(self._runs_away())

    def _widened(
        self, number: int, trial: Resolution, last: bool
    ) -> tuple[Resolution, Pair] | None:
        """The resolution and the pair of solutions; None if populations do not fall off."""
        found = self._within(number, trial)
        if found is None:
            self._refuse_unbound()
        while trial.bandwidth < _WIDEST:
            far = _most_levels(trial) == _MOST_LEVELS
            if found is None and (far or not (last or trial.bandwidth < _SOON)):
                return None
            wider = replace(trial, bandwidth=trial.bandwidth + 1 + trial.bandwidth // 8)
            if found is None:
                trial, found = wider, self._within(number, wider)
                continue
            trial = replace(trial, levels=found.populations.size)
            more = self._within(number, replace(wider, levels=trial.levels))
            if more is None:
                trial, found = replace(wider, levels=0), None
                continue
            if self._small(found, more) or trial.bandwidth >= trial.levels - 1:
                return trial, (found, more, 1.0)
            trial, found = replace(wider, levels=more.populations.size), more
        raise ConvergenceError(
            f"full_quantum: coherences between levels up to {_WIDEST} apart do not reach "
            f"accuracy = {self.accuracy:g}; the force moves the level too far while electrons stay"
        )

    def _terms(self, number: int, trial: Resolution) -> tuple[int, Resolution, Pair | None]:
        """As many exponentials that one more changes little."""
        if self.leads.exact:
            return number, trial, None
        found = self._settled(number, trial)
        if self.leads.coarser is not None:
            # A fit is off by less than a coarser one, as its error is beside the other's.
            return number, trial, (self._with(self.leads.coarser, trial), found, self.leads.gain)
        while number < _MOST_PADE_TERMS:
            levels = found.populations.size
            trial = replace(trial, terms=self.leads.terms(number), levels=levels)
            more = self._settled(number + 1, replace(trial, terms=self.leads.terms(number + 1)))
            if self._small(found, more):
                return number, trial, (found, more, 1.0)
            number, found = number + 1, more
        raise ConvergenceError(
            f"full_quantum: {_MOST_PADE_TERMS} Pade terms of the Fermi functions do not reach "
            f"accuracy = {self.accuracy:g}; {self.leads.too_cold()}"
        )

    def _depth(self, fewest: int, number: int, trial: Resolution) -> tuple[int, Pair | None]:
        """The depth that one more changes little."""
        whole = full_depth(self.leads.exponents(number))
        trial = replace(trial, terms=self.leads.terms(fewest))
        depth = trial.depth
        while depth < whole:
            # With few exponentials more tiers can follow than with many: no more than these may.
            reach = deepest(self.leads.exponents(number), depth)
            here = self._settled(fewest, replace(trial, depth=depth), reach)
            if depth >= full_depth(self.leads.exponents(fewest)):
                return depth, (here, here, 1.0)
            more = self._settled(fewest, replace(trial, depth=depth + 1))
            if self._small(here, more):
                return depth, (here, more, 1.0)
            depth += 1
        return whole, None

    def _runs_away(self) -> str:
        return (
            f"full_quantum: populations do not fall off within {_MOST_LEVELS} levels as accuracy = "
            f"{self.accuracy:g} asks: there may be no stationary state"
        )

    def _refuse_unbound(self) -> None:
        """NoSteadyState if the orbits tell at once what levels by the thousands would.

        They know of the device's own leads.  A state that lasts long is not refused.
        """
        if self._task.exponentials is not None:
            return
        try:
            weight = least_weight(self._task.device, self.motion.damping, self.motion.phonons)
        except (ConvergenceError, QuadratureError):
            return
        if weight > TOP:
            raise NoSteadyState(
                "full_quantum: device has no bound steady state: along its orbits, with the "
                f"electrons' memory, the weight never falls below {weight:.1e} of the largest; "
                "damping binds the motion"
            )

    def _small(self, found: Solution, more: Solution) -> bool:
        return largest_change(found, more) < _SHARE * self.accuracy

    def _settled(self, number: int, trial: Resolution, reach: int | None = None) -> Solution:
        """The solution with as many levels as it needs; ConvergenceError if all do not do."""
        found = self._within(number, trial, reach, _MOST_LEVELS)
        if found is None:
            raise ConvergenceError(self._runs_away())
        return found

    def _within(
        self, number: int, trial: Resolution, reach: int | None = None, most: int | None = None
    ) -> Solution | None:
        """The same, or None.

        A wide orbit needs wide coherences, K in proportion to |α|: with fewer its friction has the
        wrong sign, and levels by the thousands do not help.
        """
        most = most or _most_levels(trial)
        levels, chosen = trial.levels or _FEWEST_LEVELS, bool(trial.levels)
        while True:
            found = self.at(number, replace(trial, levels=levels), reach)
            if self._task.levels:
                return found
            needed = levels_needed(found.populations, _LEFT_OUT * self.accuracy)
            if needed is not None:
                if chosen:
                    return found
                levels, chosen = needed, True
            elif levels >= most:
                return None
            else:
                levels, chosen = min(2 * levels, most), False

    def at(self, number: int, resolution: Resolution, reach: int | None = None) -> Solution:
        """The solution there, with so many Padé terms; computed once.

        ConvergenceError if it takes more memory or time than allowed.
        """
        key = (number, resolution, reach)
        if key not in self._known:
            self._known[key] = self._with(self.leads.pair(number), resolution, reach)
        return self._known[key]

    def _with(
        self,
        pair: tuple[Exponentials, Exponentials],
        resolution: Resolution,
        reach: int | None = None,
    ) -> Solution:
        memory_limit, time_limit = self._task.memory_limit, self._task.time_limit
        needs = cost(
            resolution,
            sum(lead.terms for lead in pair),
            self._mirrored(pair),
            self.motion.damping > 0,
            memory_limit,
        )
        if needs.bytes > memory_limit or needs.seconds > time_limit:
            raise ConvergenceError(
                f"full_quantum: accuracy = {self.accuracy:g} takes {resolution.levels} levels, "
                f"coherences up to {resolution.bandwidth} apart, depth {resolution.depth} and "
                f"{resolution.terms} exponentials a lead or more, that is {needs.bytes:.2g} bytes "
                f"and about {needs.seconds:.2g} s; memory_limit = {memory_limit:.2g} and "
                f"time_limit = {time_limit:.2g}"
            )
        self.memory = max(self.memory, needs.bytes)
        steps = (resolution.levels - 1) * (2 if needs.thrifty else 1)
        what = (
            f"depth {resolution.depth}, {resolution.terms} exponentials, K = {resolution.bandwidth}"
        )
        with _progress.bar(self._task.progress, total=steps, desc=what, leave=False) as bar:
            return solution(
                pair,
                self._task.device.level,
                self.motion,
                resolution,
                reach=reach,
                thrifty=needs.thrifty,
                bar=bar,
            )

    def _mirrored(self, pair: tuple[Exponentials, Exponentials]) -> bool:
        return self._task.device.level == 0.0 and pair[0].mirrors(pair[1])


def _most_levels(trial: Resolution) -> int:
    """How far out so wide coherences can be believed."""
    return min(_MOST_LEVELS, _LEVELS_OF_BANDWIDTH * trial.bandwidth**2)


def largest_change(found: Solution, more: Solution) -> float:
    """Relative change of ⟨a†a⟩ or g2, the larger one."""
    changes = changes_between(found, more)
    return max(changes["phonon_number"], changes["g2"])


def changes_between(first: Solution, second: Solution, part: float = 1.0) -> dict[str, float]:
    """What a step changes in each result, or that part of it: relatively in ⟨a†a⟩ and g2."""
    changes = {
        name: abs(getattr(first, name) / getattr(second, name) - 1.0)
        for name in ("phonon_number", "g2")
    }
    for name in ("occupation", "current", "correlation"):
        changes[name] = abs(getattr(first, name) - getattr(second, name))
    size = min(first.populations.size, second.populations.size)
    apart = np.abs(first.populations[:size] - second.populations[:size])
    changes["populations"], changes["trace"] = float(apart.max()), float(apart.sum())
    return {name: part * change for name, change in changes.items()}


def left_out(populations: np.ndarray) -> float:
    """What levels beyond the last may add to ⟨a†a⟩ or g2, relatively, as a geometric series."""
    count = np.array([_undisturbed(populations.size)])
    return float(_left_out(populations / populations.sum(), count)[0])


def levels_needed(populations: np.ndarray, allowed: float) -> int | None:
    """The fewest levels that leave out no more than allowed; None if all of them do."""
    count = np.arange(6, _undisturbed(populations.size) + 1)
    fits = (_left_out(populations, count) < allowed) & (populations[count - 1] < _AIMED_AT)
    if not fits[-1]:
        return None
    first = int(count[np.flatnonzero(~fits)[-1] + 1]) if not fits.all() else int(count[0])
    return min(int(_ROOM * first) + _DISTURBED + 2, populations.size)


def _undisturbed(size: int) -> int:
    """Levels that do not feel that there are no more beyond the last."""
    return size - min(_DISTURBED, size // 4)


def _left_out(populations: np.ndarray, count: np.ndarray) -> np.ndarray:
    """For each of the first so many levels."""
    n = np.arange(populations.size, dtype=float)
    top, before = populations[count - 1], populations[np.maximum(count - 5, 0)]
    with np.errstate(divide="ignore", invalid="ignore"):
        fall = np.maximum(top / before, 0.0) ** 0.25
        last, rest = count - 1.0, 1.0 / (1.0 - fall)
        number = top * fall * rest * (last + rest)
        pairs = top * fall * rest * (last**2 + 2.0 * last * rest + 2.0 * rest**2)
        means = [np.cumsum(weight * populations)[count - 1] for weight in (n, n * (n - 1.0))]
        relative = 2.0 * number / means[0] + pairs / means[1]
    return np.where(
        top <= 0.0, np.where(top < 0.0, np.inf, 0.0), np.where(fall < 1.0, relative, np.inf)
    )
