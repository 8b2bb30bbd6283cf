"""The linear programme of `qemlib.states.certificates`, its sets found one after the other."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.polynomial import polynomial
from scipy.optimize import linprog

from qemlib.errors import ConvergenceError, NoQuantumState

__all__ = ["Programme", "Solution"]

_MOST_LEVELS = 2**21
# Sets taken in per round, and rounds.
_AT_ONCE, _ROUNDS = 8, 500
# A bound is mended so many times.
_REPAIRS = 4
# A set breaks (Q71) if by more than this part of ⟨n⟩, or of a quantum where that is more; and a
# bound further than the second below the state found for it is not accepted.
_BROKEN, _SHORT = 1e-12, 1e-7
# Moments are met to this part of themselves; a single level helps that by no less than the second,
# per largest of its own powers.
_MET, _HELPS = 1e-9, 1e-11
_PRECISE = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
# Of sums in extended precision of terms in double precision.
_ROUND_OFF = 8.0 * np.finfo(float).eps
# Levels at first: up to this many times ⟨n⟩.  Later, also at these distances.
_FAR = 8
_DISTANT = np.unique(np.geomspace(1.0, 0.5 * _MOST_LEVELS, 400).astype(int))


class Solution(NamedTuple):
    """What was found, energies in quanta."""

    bound: float
    coefficients: np.ndarray
    populations: np.ndarray
    error: float


class _Worst(NamedTuple):
    """Levels in an order, and for the first K of them by how much they break (Q71), per level."""

    order: np.ndarray
    excess: np.ndarray


class Programme:
    """The least ergotropy of populations with a mean and with further moments in intervals.

    Parameters
    ----------
    mean : float
        ⟨n⟩ > 0.
    low, high : ndarray, shape (moments,)
        Ends of the intervals for g2, g3, …; of the last the upper end counts alone.
    """

    def __init__(self, mean: float, low: np.ndarray, high: np.ndarray) -> None:
        if _FAR * mean > _MOST_LEVELS:
            raise ConvergenceError(
                f"mean: {_FAR * mean:.2g} levels would be needed for {mean:.6g} phonons, "
                f"{_MOST_LEVELS} are allowed"
            )
        self._mean, self._given = mean, high
        # Moments are counted in powers of this.
        self._scale = max(mean, 1.0)
        unit = (mean / self._scale) ** np.arange(2, high.size + 2)
        self._high, self._low = unit * high, (unit * low)[:-1]
        self._sets: dict[bytes, np.ndarray] = {}
        # What the sets add to the moments and cost, divided by the largest of the former: a level
        # far out counts by its highest powers alone.
        self._rows = np.empty((high.size + 2, 0))
        self._costs: np.ndarray = np.empty(0)
        self._norms: np.ndarray = np.empty(0)
        self._add(_first_sets(mean, high[0]))

    def solution(self) -> Solution:
        self._make_feasible()
        for _ in range(_ROUNDS):
            weights, f = self._solve()
            sets = self._broken(f)
            if not self._add(sets):
                return self._found(weights, f)
        raise ConvergenceError(f"mean: {_ROUNDS} rounds do not find the least ergotropy")

    def _make_feasible(self) -> None:
        """Take in levels until some mixture has the moments; NoQuantumState if none has."""
        whole = np.floor(self._mean)
        least = whole * (2.0 * self._mean - whole - 1.0) / self._mean**2
        missing = max(least - self._given[0], 0.0)
        for _ in range(_ROUNDS if self._given.size > 1 else 0):
            missing, f = self._least_miss()
            if missing <= _MET or not self._add(self._helpful(-f @ self._powers(_DISTANT))):
                break
        if missing > _MET * max(least, 1.0):
            raise NoQuantumState(
                "g2 and higher must be those of a state, got "
                f"{', '.join(f'{g:.6g}' for g in self._given)}; with mean = {self._mean:.6g} the "
                f"least g2 is {least:.6g}"
            )

    def _helpful(self, prices: np.ndarray) -> list[np.ndarray]:
        """The distant level with the lowest price per largest of its powers, if that is below 0."""
        prices = prices / self._powers(_DISTANT).max(axis=0)
        best = int(np.argmin(prices))
        return [_DISTANT[best : best + 1]] if prices[best] < -_HELPS else []

    # --- the solver ------------------------------------------------------------------------------

    def _solve(self) -> tuple[np.ndarray, np.ndarray]:
        """Weights of the sets and the polynomial that is their dual, lowest order first."""
        rows = self._rows
        found = _linprog(
            self._costs,
            np.vstack([rows[2:], -rows[2:-1]]),
            np.append(self._high, -self._low),
            rows[:2],
            np.array([1.0, self._mean / self._scale]),
        )
        upper, lower = np.split(found.ineqlin.marginals, [self._high.size])
        upper[:-1] -= lower
        return found.x / self._norms, np.append(found.eqlin.marginals, upper)

    def _least_miss(self) -> tuple[float, np.ndarray]:
        """By how much the best mixture misses the intervals, and the polynomial dual to that."""
        orders, sets = self._high.size, self._costs.size
        slack = -np.eye(2 * orders - 1)
        rows = self._rows
        found = _linprog(
            np.append(np.zeros(sets), np.ones(len(slack))),
            np.hstack([np.vstack([rows[2:], -rows[2:-1]]), slack]),
            np.append(self._high, -self._low),
            np.hstack([rows[:2], np.zeros((2, len(slack)))]),
            np.array([1.0, self._mean / self._scale]),
        )
        upper, lower = np.split(found.ineqlin.marginals, [orders])
        upper[:-1] -= lower
        return float(found.fun), np.append(found.eqlin.marginals, upper)

    # --- the sets --------------------------------------------------------------------------------

    def _add(self, sets: list[np.ndarray]) -> bool:
        """Whether any of the sets is new."""
        new = {members.tobytes(): members for members in map(np.sort, sets)}
        new = {key: members for key, members in new.items() if key not in self._sets}
        self._sets |= new
        for members in new.values():
            row = self._powers(members).mean(axis=1)
            norm, cost = row.max(), members.mean() - 0.5 * (members.size - 1)
            self._rows = np.column_stack([self._rows, row / norm])
            self._costs = np.append(self._costs, cost / norm)
            self._norms = np.append(self._norms, norm)
        return bool(new)

    def _powers(self, n: np.ndarray) -> np.ndarray:
        """n(n−1)…(n−r+1)/scale^r, r from 0; shape (orders + 1, levels)."""
        factors = (n - np.arange(self._high.size + 1.0)[:, None]) / self._scale
        return np.vstack([np.ones(n.size), np.cumprod(factors, axis=0)])

    def _last_level(self, f: np.ndarray) -> int:
        """Beyond this level f never rises above zero; 0 if it does in the end, or very far out."""
        coefficients: np.ndarray = np.zeros(1)
        factor: np.ndarray = np.ones(1)
        for r, value in enumerate(f):
            coefficients = polynomial.polyadd(coefficients, value * factor)
            factor = polynomial.polymul(factor, [-r / self._scale, 1.0])
        coefficients = polynomial.polytrim(coefficients)
        if coefficients[-1] > 0:
            return 0
        roots = polynomial.polyroots(coefficients).real if coefficients.size > 1 else np.zeros(1)
        # Derivatives have no root further to the right (Gauss and Lucas).
        last = self._scale * max(float(roots.max()), 0.0) * (1.0 + 1e-6) + self._high.size + 2.0
        return int(last) + 1 if last < _MOST_LEVELS else 0

    def _worst(self, f: np.ndarray, levels: int) -> _Worst:
        """(Q71) for all sets: the worst of K levels are the first K in the order of n − f."""
        n = np.arange(levels)
        powers = self._powers(n)
        left = n - f @ powers
        order = np.argsort(left, kind="stable")
        size = np.arange(1, levels + 1)
        blur = _ROUND_OFF * (n + np.abs(f) @ powers)
        least = np.cumsum((left - blur)[order].astype(np.longdouble))
        return _Worst(order, ((0.5 * size * (size - 1.0) - least) / size).astype(float))

    def _broken(self, f: np.ndarray) -> list[np.ndarray]:
        """Sets that break (Q71) most."""
        levels = self._last_level(f)
        if not levels:
            return self._helpful(_DISTANT - f @ self._powers(_DISTANT))
        order, excess = self._worst(f, levels)
        # One size stands for those around it.
        around = np.concatenate([[-np.inf], excess, [-np.inf]])
        peaks = np.flatnonzero((excess >= around[:-2]) & (excess >= around[2:]))
        worst = peaks[np.argsort(excess[peaks])[: -_AT_ONCE - 1 : -1]]
        return [order[: k + 1] for k in worst if excess[k] > _BROKEN * self._scale]

    # --- the result ------------------------------------------------------------------------------

    def _found(self, weights: np.ndarray, f: np.ndarray) -> Solution:
        sets = list(self._sets.values())
        used = [(sets[i], weights[i]) for i in np.flatnonzero(weights > 0)]
        populations = np.zeros(max(int(members[-1]) for members, _ in used) + 1)
        for members, weight in used:
            populations[members] += weight / members.size
        populations /= populations.sum()
        f = self._kept(f)
        bound = self._least_average(f)
        if not bound > 0:
            f, bound = np.zeros_like(f), 0.0
        error = abs(_ergotropy(populations) - bound)
        if not error <= _SHORT * self._scale:
            raise ConvergenceError(
                f"mean: the best bound found, {bound:.9g} quanta, is {error:.1e} below the "
                "ergotropy of the state found"
            )
        powers = self._scale ** -np.arange(float(f.size))
        return Solution(bound, powers * f, populations, error)

    def _kept(self, f: np.ndarray) -> np.ndarray:
        """The polynomial, lowered by what it takes to keep (Q71)."""
        f = f.copy()
        bit = np.finfo(float).eps * np.abs(f).max()
        for _ in range(_REPAIRS):
            while not (levels := self._last_level(f)):
                f[-1] -= bit
                bit *= 2.0
            order, excess = self._worst(f, levels)
            # The highest power costs less than the constant where it is larger than its average.
            highest = np.cumsum(self._powers(order)[-1]) / np.arange(1.0, levels + 1.0)
            far = highest > self._high[-1]
            f[-1] -= max((excess[far] / highest[far]).max(initial=0.0), 0.0)
            f[0] -= max(excess[~far].max(initial=0.0), 0.0)
        f[0] -= max(self._worst(f, self._last_level(f)).excess.max(), 0.0)
        return f

    def _least_average(self, f: np.ndarray) -> float:
        """The least that ⟨f⟩ can be within the intervals, less its round-off."""
        low = np.append(self._low, 0.0)
        ends = np.where(f[2:] > 0, low, self._high)
        terms = f * np.concatenate([[1.0, self._mean / self._scale], ends])
        return float(terms.sum() - _ROUND_OFF * np.abs(terms).sum())


def _first_sets(mean: float, g2: float) -> list[np.ndarray]:
    """Single levels around the mean and beyond, and stretches with about this mean and g2."""
    near = int(mean)
    far = np.unique(np.geomspace(1.0, _FAR * (mean + 4.0), 24).astype(int))
    sets = [np.array([n]) for n in (0, near, near + 1, *far)]
    variance = mean + (g2 - 1.0) * mean**2
    wide = int(np.sqrt(1.0 + 12.0 * max(variance, 0.0)))
    for size in range(max(wide - 1, 1), wide + 3):
        first = int(mean - 0.5 * (size - 1))
        sets += [np.arange(max(a, 0), max(a, 0) + size) for a in range(first - 1, first + 3)]
    # {0 … M} around twice the mean are the passive ones.
    return sets + [np.arange(size) for size in range(2 * near, 2 * near + 4) if size]


def _linprog(
    costs: np.ndarray, rows: np.ndarray, limits: np.ndarray, equal: np.ndarray, values: np.ndarray
) -> Any:
    found = linprog(costs, rows, limits, equal, values, method="highs-ds", options=_PRECISE)
    if found.status != 0:
        raise ConvergenceError(f"mean: the linear programme was not solved: {found.message}")
    return found


def _ergotropy(populations: np.ndarray) -> float:
    """In quanta."""
    return float(np.arange(populations.size) @ (populations - np.sort(populations)[::-1]))
