"""What a sampled run leaves behind: histograms, moments, and error bars from independent batches.

All averages are over walkers that never meet: batches of walkers are independent, and the spread
between batches gives the standard error of any average, and by the jackknife of any function of
averages, without an estimate of correlation times.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from scipy.special import roots_legendre

from qemlib import _checks, wigner

__all__ = ["Histogram", "SampledState", "Trajectory"]

# Nodes for the average of a Laguerre function over one bin of |α|.
_NODES = 4
# Bins in |α| that are taken together where W itself, not an integral over it, is asked for.
RING = 5


@dataclass(frozen=True, eq=False)
class Histogram:
    """Counts of recorded points of phase space.

    Attributes
    ----------
    counts : ndarray of int, shape (x bins, p bins)
        First axis x, second axis p.
    x_edges, p_edges : ndarray
        Bin edges of x (length) and p (momentum), one longer than the axes of `counts`.
    outside : int
        Points that fell outside of the edges; they count in the normalisation of `density`.
    """

    counts: np.ndarray
    x_edges: np.ndarray
    p_edges: np.ndarray
    outside: int

    @property
    def density(self) -> np.ndarray:
        """W(x, p) averaged over each bin, ∫dx dp W = 1; shape of `counts`."""
        area = np.outer(np.diff(self.x_edges), np.diff(self.p_edges))
        return self.counts / (area * (self.counts.sum() + self.outside))

    def __repr__(self):
        return (
            f"Histogram({self.counts.sum()} points in {self.counts.shape[0]} × "
            f"{self.counts.shape[1]} bins, |x| < {self.x_edges[-1]:.4g}, "
            f"|p| < {self.p_edges[-1]:.4g}; {self.outside} points outside)"
        )


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Motion of a few walkers after burn-in.

    Attributes
    ----------
    time : ndarray, shape (times,)
        Since the end of burn-in.
    x, p : ndarray, shape (walkers, times)
        Position and momentum.
    """

    time: np.ndarray
    x: np.ndarray
    p: np.ndarray

    def __repr__(self):
        spacing = self.time[1] - self.time[0] if self.time.size > 1 else np.nan
        return f"Trajectory({self.x.shape[0]} walkers, {self.time.size} times {spacing:.4g} apart)"


@dataclass(frozen=True, eq=False)
class SampledState:
    """Steady state of (6), sampled by `qemlib.langevin.sample`.

    Attributes
    ----------
    scheme : str
    seed, walkers : int
    steps : int
        Steps that were made in all, over all walkers, with burn-in.
    step : float
        Δt.
    burn_in : float
        Time for which each walker ran before anything was recorded.
    relaxation_time : float
        Orbit-averaged estimate of the slowest relaxation of the energy.
    recorded : int
        Points recorded, over all walkers.
    histogram : Histogram
    trajectory : Trajectory or None
    phonon_number, g2 : float
        ⟨a†a⟩ and g⁽²⁾(0), from moments, with no truncation of levels.
    squeezing : complex
        ⟨a²⟩.  At finite Δt the rotation scheme has it too large by ω0Δt/sin ω0Δt, 2.7 % by default.
    position, momentum : float
        ⟨x⟩, ⟨p⟩.
    """

    scheme: str
    seed: int
    walkers: int
    steps: int
    step: float
    burn_in: float
    relaxation_time: float
    recorded: int
    histogram: Histogram
    trajectory: Trajectory | None
    _batches: Batches = field(repr=False)

    def __repr__(self):
        return (
            f"SampledState(phonon_number={self.phonon_number:.6g} "
            f"± {self.standard_error('phonon_number'):.1g}, "
            f"g2={self.g2:.5g} ± {self.standard_error('g2'):.1g};\n"
            f"    {self.walkers} walkers, {self.steps:.4g} steps of {self.step:.4g} "
            f"by scheme {self.scheme!r},\n"
            f"    burn-in of {self.burn_in / self.relaxation_time:.3g} relaxation times, "
            f"{self.burn_in * self.walkers / (self.step * self.steps):.0%} of the steps)"
        )

    @property
    def phonon_number(self) -> float:
        """⟨a†a⟩."""
        return _phonon_number(self._batches, *self._batches.pooled)

    @property
    def g2(self) -> float:
        """g⁽²⁾(0), Eq. (10)."""
        return _g2(self._batches, *self._batches.pooled)

    @property
    def squeezing(self) -> complex:
        """⟨a²⟩: zero for a rotationally symmetric state."""
        return _squeezing(self._batches, *self._batches.pooled)

    @property
    def position(self) -> float:
        """⟨x⟩."""
        return _position(self._batches, *self._batches.pooled)

    @property
    def momentum(self) -> float:
        """⟨p⟩."""
        return _momentum(self._batches, *self._batches.pooled)

    def populations(self, levels: int) -> np.ndarray:
        """Level populations ρ_nn, n = 0 … levels − 1, with errors of either sign.

        Means of the bounded function 2(−1)^n e^{−2|α|²} L_n(4|α|²), averaged over each bin of |α|.
        """
        return _populations(self._batches, *self._batches.pooled, levels)

    def population_batches(self, levels: int) -> np.ndarray:
        """Level populations from each independent batch alone, shape (batches, levels).

        For functions of the populations that are not linear; see `qemlib.estimation`.
        """
        counts = self._batches.radial
        parts = counts / counts.sum(axis=1, keepdims=True)
        return np.stack([_populations(self._batches, None, part, levels) for part in parts])

    def radial_profile(self, r) -> np.ndarray:
        """Angular average of W(α) at |α| = r, ∫d²α W = 1; array of r's shape."""
        return _radial_profile(self._batches, *self._batches.pooled, r)

    def standard_error(self, name: str, *arguments):
        """Standard error of one of the results, by the jackknife over independent batches.

        Parameters
        ----------
        name : str
            "phonon_number", "g2", "squeezing", "position", "momentum", "populations" or
            "radial_profile".
        *arguments
            What the method of that name takes: `levels` for "populations", `r` for
            "radial_profile".

        Returns
        -------
        float or ndarray
            In the shape of the result.  For the complex "squeezing" the errors of its real and
            imaginary part are those of the complex number returned.

        Raises
        ------
        ValueError
            If the name is unknown or the arguments do not fit it.
        """
        if name not in _ESTIMATORS:
            raise ValueError(f"name must be one of {sorted(_ESTIMATORS)}, got {name!r}")
        wanted = _ARGUMENTS.get(name, ())
        if len(arguments) != len(wanted):
            raise ValueError(
                f"arguments of {name!r} must be ({', '.join(wanted)}), got {arguments!r}"
            )
        return self._batches.jackknife(_ESTIMATORS[name], arguments)


@dataclass(frozen=True, eq=False)
class Batches:
    """Sums over independent batches of walkers.

    Attributes
    ----------
    sums : ndarray, shape (6, batches)
        Sums of |α|², |α|⁴, Re α², Im α², x/x0 and p/p0 over the points recorded.
    radial : ndarray of int, shape (batches, bins)
        Counts in |α|; the number of bins is a multiple of RING.
    bin_width : float
        Width of the bins in |α|; the first begins at 0.
    x0, p0 : float
    """

    sums: np.ndarray
    radial: np.ndarray
    bin_width: float
    x0: float
    p0: float

    @property
    def pooled(self) -> tuple[np.ndarray, np.ndarray]:
        """Means of the six moments and the parts of all points in each bin, over all batches."""
        count = self.radial.sum()
        return self.sums.sum(axis=1) / count, self.radial.sum(axis=0) / count

    def jackknife(self, estimator, arguments):
        """Standard error of estimator(self, moments, parts, *arguments)."""
        counts = self.radial.sum(axis=1)
        total, sums, radial = counts.sum(), self.sums.sum(axis=1), self.radial.sum(axis=0)
        without = np.array(
            [
                estimator(
                    self,
                    (sums - self.sums[:, k]) / (total - counts[k]),
                    (radial - self.radial[k]) / (total - counts[k]),
                    *arguments,
                )
                for k in range(counts.size)
            ]
        )
        if np.iscomplexobj(without):
            return complex(_spread(without.real), _spread(without.imag))
        error = _spread(without)
        return float(error) if np.ndim(error) == 0 else error


def _spread(without):
    """Jackknife standard error from the estimates that leave out one batch each."""
    n = len(without)
    return np.sqrt((n - 1) / n * ((without - without.mean(axis=0)) ** 2).sum(axis=0))


def _phonon_number(batches, moments, parts):
    return wigner.phonon_number(moments[:2])


def _g2(batches, moments, parts):
    return wigner.g2(moments[:2])


def _squeezing(batches, moments, parts):
    return complex(moments[2], moments[3])


def _position(batches, moments, parts):
    return float(batches.x0 * moments[4])


def _momentum(batches, moments, parts):
    return float(batches.p0 * moments[5])


def _populations(batches, moments, parts, levels):
    levels = _checks.integer("levels", levels, 1)
    occupied = int(np.flatnonzero(batches.radial.any(axis=0))[-1]) + 1
    return _fock_average(batches.bin_width, occupied, levels) @ parts[:occupied]


def _radial_profile(batches, moments, parts, r):
    r = _checks.finite_array("r", r)
    if (r < 0).any():
        raise ValueError(f"r must not be negative, got {r.min()}")
    square = (batches.bin_width * np.arange(0, parts.size + 1, RING)) ** 2
    density = parts.reshape(-1, RING).sum(axis=1) / (np.pi * np.diff(square))
    # As a function of r², the mean of W over a ring is W at its middle, to first order.
    return np.interp(r**2, 0.5 * (square[1:] + square[:-1]), density, right=0.0)


_ESTIMATORS = {
    "phonon_number": _phonon_number,
    "g2": _g2,
    "squeezing": _squeezing,
    "position": _position,
    "momentum": _momentum,
    "populations": _populations,
    "radial_profile": _radial_profile,
}
_ARGUMENTS = {"populations": ("levels",), "radial_profile": ("r",)}


@lru_cache(maxsize=1)  # the jackknife asks for the same one again and again
def _fock_average(width, bins, levels):
    """2(−1)^n e^{−2r²} L_n(4r²), averaged over the area of each ring; shape (levels, bins).

    The average rather than the value in the middle: for high levels the function turns within a
    bin, where W hardly changes.
    """
    node, weight = roots_legendre(_NODES)
    r = width * (np.arange(bins)[:, None] + 0.5 * (node + 1.0))
    functions = wigner.laguerre_functions(levels, 4.0 * r.ravel() ** 2).reshape(levels, *r.shape)
    area = r * weight
    average = (functions * area).sum(axis=2) / area.sum(axis=1)
    return 2.0 * (-1.0) ** np.arange(levels)[:, None] * average
