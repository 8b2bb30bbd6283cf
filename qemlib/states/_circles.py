"""A function W(α) on circles: radial nodes, angular harmonics, and where in phase space it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import roots_legendre

from qemlib.errors import LeftGridError, UnresolvedError

# W at the outer radius, beside its largest value, above which an integral is refused.
# W(Re α, Im α), of arrays that broadcast.
OnPlane = Callable[[np.ndarray, np.ndarray], np.ndarray]

TAIL = 1e-10
# Angular harmonics of W below the first part of its largest value count as zero; the fastest ones
# must be below the second.
_HARMONIC, _UNRESOLVED = 1e-14, 1e-12
# Of its largest value: W below the first part is outside of its state, and harmonics below the
# second add nothing.
_OUTSIDE, _NOTHING = 1e-13, 1e-18
FEWEST_ANGLES, _MOST_ANGLES = 64, 8192
_PANEL = 64  # nodes of one panel of the radial integrals
_AT_ONCE = 2**18  # values of W that are asked for at once
# Every so many circles tell how many directions W needs.
_SOME = 8


@dataclass(frozen=True, eq=False)
class Rings:
    """Averages of e^{−ikθ} W(α) over the angle.

    Attributes
    ----------
    orders : ndarray of int
        The harmonics k that W has.
    blocks : list of (slice, ndarray)
        Rows of r, and their averages, shape (some of the first orders, rows).
    peak : float
        Largest |W|.
    middle, reach : complex, float
        Of the smallest rectangle that holds W, and how far from there W reaches.
    """

    orders: np.ndarray
    blocks: list[tuple[slice, np.ndarray]]
    peak: float
    middle: complex
    reach: float


def rings(w: OnPlane, r: np.ndarray, even: bool = False) -> Rings:
    """W(Re α, Im α) on circles: directions double until the fastest harmonics are negligible.

    Of an `even` one, W(−α) = W(α), only half of each circle is asked for.
    """
    angles = FEWEST_ANGLES
    some = np.unique(np.append(np.arange(0, r.size, _SOME), r.size - 1))
    while True:
        found = _circles(w, r[some], angles, 0.0, even)
        if found.rest < _UNRESOLVED or angles == _MOST_ANGLES:
            found = _circles(w, r, angles, found.peak, even)
            refuse_tail(found.largest, r[-1])
            if found.rest < _UNRESOLVED:
                break
        if angles == _MOST_ANGLES:
            raise UnresolvedError(
                f"wigner_function: {angles} directions do not resolve its angular dependence, "
                f"harmonics beyond the {3 * found.sizes.size // 4}th are still {found.rest:.1e} "
                "of its largest value"
            )
        angles *= 2
    orders = np.flatnonzero(found.sizes > max(_HARMONIC, 2.0 * found.rest))
    blocks = [(rows, part[orders[orders < len(part)]]) for rows, part in found.blocks]
    rim = found.rim
    middle = complex(
        0.5 * (rim.real.min() + rim.real.max()), 0.5 * (rim.imag.min() + rim.imag.max())
    )
    return Rings(orders, blocks, found.peak, middle, float(np.abs(rim - middle).max()))


@dataclass(frozen=True, eq=False)
class _Circles:
    """W in so many directions."""

    largest: np.ndarray  # |W| on each circle
    peak: float
    sizes: np.ndarray  # of each harmonic, beside the largest W
    blocks: list[tuple[slice, np.ndarray]]
    rim: np.ndarray  # points of W nearest to and farthest from α = 0 in each direction

    @property
    def rest(self) -> float:
        """The fastest quarter is what is left over: an unresolved part, or round-off."""
        return float(self.sizes[3 * self.sizes.size // 4 :].max())


def _circles(w: OnPlane, r: np.ndarray, angles: int, peak: float, even: bool) -> _Circles:
    """`peak` is a lower bound of the largest |W|."""
    direction = np.exp(2j * np.pi * np.arange(angles) / angles)
    largest, sizes, blocks = np.zeros(r.size), np.zeros(angles // 2 + 1), []
    nearest, farthest = np.full(angles, np.inf), np.full(angles, -np.inf)
    at_once = max(1, _AT_ONCE // angles)
    for start in range(0, r.size, at_once):
        rows = slice(start, start + at_once)
        asked = direction[: angles // 2] if even else direction
        values = w(np.outer(r[rows], asked.real), np.outer(r[rows], asked.imag))
        if even:
            values = np.concatenate([values, values], axis=1)
        strength = np.abs(values)
        largest[rows] = strength.max(axis=1)
        peak = max(peak, float(largest[rows].max()))
        components = np.fft.rfft(values, axis=1).T / angles
        found = np.abs(components).max(axis=1)
        sizes = np.maximum(sizes, found)
        kept = np.flatnonzero(found > _NOTHING * peak)
        if kept.size:
            blocks.append((rows, components[: kept[-1] + 1].copy()))
        inside = strength > _OUTSIDE * peak
        held = inside.any(axis=0)
        first, last = inside.argmax(axis=0), inside.shape[0] - 1 - inside[::-1].argmax(axis=0)
        nearest[held] = np.minimum(nearest, r[rows][first])[held]
        farthest[held] = r[rows][last][held]
    seen = np.isfinite(nearest)
    rim = np.concatenate([(radius[seen] * direction[seen]) for radius in (nearest, farthest)])
    return _Circles(largest, peak, sizes / (peak or 1.0), blocks, rim)


def radial_nodes(
    levels: int, radius: float, wave: float | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights on [0, R]: the Laguerre function of level K turns 2√K·R/π times.

    `wave` is the fastest wave number of what is multiplied with it, by default that of the level
    itself.  In panels of one Gauss-Legendre rule, because the nodes of a long rule take longer to
    find than all that is done with them.
    """
    fastest = 4.0 * np.sqrt(levels)
    together = fastest + (fastest if wave is None else min(wave, fastest))
    # A panel of n nodes resolves a phase of 2(n − 20) over half of its width.
    panels = int(np.ceil(0.25 * together * radius / (_PANEL - 20))) + 1
    node, weight = _panel_rule()
    half = 0.5 * radius / panels
    middle = half * (2.0 * np.arange(panels) + 1.0)
    return (middle[:, None] + half * node).ravel(), np.tile(half * weight, panels)


@lru_cache(maxsize=1)
def _panel_rule() -> tuple[np.ndarray, np.ndarray]:
    return roots_legendre(_PANEL)


def refuse_tail(size: np.ndarray, radius: float) -> None:
    """LeftGridError unless W has decayed on the outermost circle."""
    peak = size.max()
    tail = size[-1] / peak if peak != 0 else np.nan
    if not tail < TAIL:
        raise LeftGridError(
            f"radius: at |α| = {radius:.4g} W is still {tail:.1e} of its largest value, at most "
            f"{TAIL:.0e} is allowed; use a larger radius or a model on a wider grid"
        )
