"""Integrals over the whole axis, many at a time, each to an error relative to its own size.

The axis is cut into panels that shrink towards the places where an integrand varies, as fast as it
varies there; beyond them all, the variable is an inverse distance.  Each panel is integrated by two
Gauss-Legendre rules, and halved until they agree.  Nothing here has a unit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

__all__ = ["graded", "integrate"]

# A function by its number at energies, and whether these are off by their round-off.
Sample = Callable[[np.ndarray, np.ndarray, bool], np.ndarray]

# With panels no longer than 1/0.6 of the distance to a pole, rules of these orders err by less than
# 1e-14 and 1e-20 of the integrand near it.
_COARSE, _FINE = (np.polynomial.legendre.leggauss(order) for order in (16, 24))
_GRADED = 0.6
# Panels reach out to this many times the extent of all places; beyond it poles look far away.
_REACH = 2.0
# No place is narrower than this part of the reach: halving would not end.
_NARROWEST = 2.0**-60
# An integral is given up, with the error it has, when so many halvings in turn neither lower the
# error nor find what was not seen before, or have cost it so many panels.
_GAIN, _NEWS, _PATIENCE = 0.8, 1.6, 4
_MOST_PANELS = 2**14
# The difference of two rules may be small by chance; and sums round off.
_SAFETY = 3.0
_ROUND_OFF = 16.0 * np.finfo(float).eps
# Panels evaluated in one go: more would only wait for memory.
_AT_ONCE = 2048


class Panels(NamedTuple):
    """Stretches of the axis, one a row: [start, end], or centre + side × reach/[start, end]."""

    owner: np.ndarray
    """Number of the integral."""
    start: np.ndarray
    end: np.ndarray
    side: np.ndarray
    """0, or the sign of what lies beyond the reach."""

    def where(self, mask: np.ndarray | slice) -> Panels:
        return Panels(*(part[mask] for part in self))

    def halves(self) -> Panels:
        middle = 0.5 * (self.start + self.end)
        first, second = self._replace(end=middle), self._replace(start=middle)
        return first.and_also(second)

    def and_also(self, others: Panels) -> Panels:
        return Panels(*map(np.concatenate, zip(self, others, strict=True)))


def integrate(
    sample: Sample, places: np.ndarray, scales: np.ndarray, tolerance: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Integrals over the whole axis of as many functions as `places` has rows.

    Parameters
    ----------
    sample : callable
        `sample(owner, energy, blurred)` is the function number owner[i] at energy[i], of shape
        (panels, nodes).  Where `blurred` it is taken at arguments off by their round-off: what that
        changes shows in the difference of the rules.
    places, scales : ndarray, shape (functions, places)
        Where the functions vary, and on what scale > 0.
    tolerance : float
        Largest difference of the rules on a panel, as part of ∫|function|.

    Returns
    -------
    value, error, size : ndarray, shape (functions,)
        The integrals, their estimated errors, and the integrals of the functions' moduli.
    """
    count = len(places)
    panels, centre, reach = graded(places, scales)
    settled = np.zeros((3, count))
    best = before = np.full(count, np.inf)
    patience = np.full(count, _PATIENCE)
    used = np.zeros(count)
    while panels.owner.size:
        found = _by_two_rules(sample, panels, centre, reach)
        owner = panels.owner
        _, error, size = settled + [np.bincount(owner, part, count) for part in found]
        used += np.bincount(owner, minlength=count)
        # Noise grows no faster than the root of the number of panels: more is something found.
        learnt = ~(error >= _GAIN * best) | (error > _NEWS * before)
        patience = np.where(learnt, _PATIENCE, patience - 1)
        best, before = np.fmin(best, error), error
        worth = (patience > 0) & (used < _MOST_PANELS)
        middle = 0.5 * (panels.start + panels.end)
        apart = (panels.start < middle) & (middle < panels.end)
        divided = (found[1] > tolerance * size[owner]) & worth[owner] & apart
        settled += [np.bincount(owner[~divided], part[~divided], count) for part in found]
        panels = panels.where(divided).halves()
    value, error, size = settled
    error = _SAFETY * error + _ROUND_OFF * size
    return value, np.nan_to_num(error, nan=np.inf, posinf=np.inf), size


def graded(places: np.ndarray, scales: np.ndarray) -> tuple[Panels, np.ndarray, np.ndarray]:
    """Panels that shrink towards the places; with the centre and half width of their region."""
    low, high = (places - scales).min(axis=1), (places + scales).max(axis=1)
    centre, reach = 0.5 * (low + high), 0.5 * _REACH * (high - low)
    scales = np.maximum(scales, _NARROWEST * reach[:, None])
    ends = centre - reach, centre + reach
    edges = np.sort(np.column_stack([ends[0], places, ends[1]]), axis=1)
    owner = np.repeat(np.arange(len(places)), edges.shape[1] - 1)
    start, end = edges[:, :-1].ravel(), edges[:, 1:].ravel()
    todo = Panels(owner, start, end, np.zeros(owner.size)).where(start < end)
    every = np.arange(len(places))
    zero, one = np.zeros(every.size), np.ones(every.size)
    done = Panels(every, zero, one, -one).and_also(Panels(every, zero, one, one))
    while todo.owner.size:
        at, start, end = places[todo.owner], todo.start[:, None], todo.end[:, None]
        gap = np.maximum(0.0, np.maximum(start - at, at - end))
        nearest = np.hypot(gap, scales[todo.owner]).min(axis=1)
        long = _GRADED * (todo.end - todo.start) > nearest
        done = done.and_also(todo.where(~long))
        todo = todo.where(long).halves()
    return done, centre, reach


def _by_two_rules(
    sample: Sample, panels: Panels, centre: np.ndarray, reach: np.ndarray
) -> list[np.ndarray]:
    """Integrals over the panels, the differences of the rules, and the integrals of the moduli."""
    results = []
    for begin in range(0, panels.owner.size, _AT_ONCE):
        part = panels.where(slice(begin, begin + _AT_ONCE))
        coarse, _ = _by_rule(_COARSE, sample, part, centre, reach, blurred=True)
        fine, size = _by_rule(_FINE, sample, part, centre, reach, blurred=False)
        results.append((fine, np.abs(fine - coarse), size))
    return [np.concatenate(parts) for parts in zip(*results, strict=True)]


def _by_rule(
    rule: tuple[np.ndarray, np.ndarray],
    sample: Sample,
    panels: Panels,
    centre: np.ndarray,
    reach: np.ndarray,
    *,
    blurred: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Integrals over the panels by one rule, and those of the moduli."""
    node, weight = rule
    half = 0.5 * (panels.end - panels.start)[:, None]
    at = 0.5 * (panels.start + panels.end)[:, None] + half * node
    weight = half * weight
    far = panels.side != 0.0
    if far.any():
        distance = reach[panels.owner[far]][:, None] / at[far]
        weight[far] *= distance / at[far]
        at[far] = centre[panels.owner[far]][:, None] + panels.side[far][:, None] * distance
    parts = weight * sample(panels.owner, at, blurred)
    return parts.sum(axis=1), np.abs(parts).sum(axis=1)
