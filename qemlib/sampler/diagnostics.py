"""Has a sampled run converged?  Autocorrelation, effective sample size, R-hat.

Each walker is a chain.  What is kept of a chain is its means over consecutive pieces of time, so
that their mean is the mean over everything recorded.

R-hat is that of Vehtari, Gelman, Simpson, Carpenter and Bürkner, Bayesian Analysis 16, 667 (2021),
from `arviz_stats`.  Its effective sample size is meant for few chains of many draws.  Here are
thousands of chains of two dozen pieces, and it would be too large by the inverse of their number:
15 % in autocorrelation times that are known.  So the autocorrelation is summed here, with the mean
over all walkers, which does not suffer from short chains.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from qemlib.sampler._batches import Batches
from qemlib.sampler.records import Histogram

__all__ = ["Convergence", "Diagnostics"]

# Groups of walkers by where they start: from rest in the first to beyond the ring in the last.
GROUPS = 4
_R_HAT = 1.01
# Autocorrelation times that the walkers of each group must be recorded for, together.
_AUTOCORRELATION_TIMES = 50.0
_FEWEST_PIECES = 8
# In the order of the kernel's sums.
OBSERVABLES = (
    "energy",
    "energy_squared",
    "squeezing_real",
    "squeezing_imaginary",
    "position",
    "momentum",
)

UNRESOLVED = (
    "autocorrelation times are those of the chain of steps, not of the motion, which needs a "
    "smaller step"
)


@dataclass(frozen=True)
class Convergence:
    """How well one observable was sampled.

    Attributes
    ----------
    mean : float
    mcse : float
        Monte Carlo standard error of the mean, from the autocorrelation within the walkers.
        (`SampledState.standard_error` is the other way to it, by independent batches.)
    autocorrelation_time : float
        Time in which one walker gives one independent sample, the correlation function's integral
        over lags of either sign.  It is a time of the chain of steps, which is what error bars
        need; that of the motion only if the run's step resolves it.
    effective_samples : float
        Independent samples that would have the same error.
    r_hat : float
        Rank-normalised split R-hat between walkers that started in four regions, from rest to
        beyond the ring: 1 when they have forgotten where they came from.
    """

    mean: float
    mcse: float
    autocorrelation_time: float
    effective_samples: float
    r_hat: float


class Diagnostics(Mapping):
    """`Convergence` of each observable.

    They are "energy" for |α|², "energy_squared" for |α|⁴, "squeezing_real" and
    "squeezing_imaginary" for α², "position" and "momentum".  `resolves_motion` tells whether the
    autocorrelation times are those of the motion, too.
    """

    def __init__(self, rows: dict[str, Convergence], resolves_motion: bool = True) -> None:
        self._rows = dict(rows)
        self.resolves_motion = resolves_motion

    def __getitem__(self, name: str) -> Convergence:
        return self._rows[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        lines = [f"{'':20}{'mean':>12}{'MCSE':>10}{'corr. time':>12}{'samples':>10}{'R-hat':>8}"]
        lines += [
            f"{name:20}{row.mean:>12.5g}{row.mcse:>10.2g}{row.autocorrelation_time:>12.3g}"
            f"{row.effective_samples:>10.3g}{row.r_hat:>8.4f}"
            for name, row in self.items()
        ]
        if not self.resolves_motion:
            lines.append(UNRESOLVED)
        return "\n".join(lines)


@dataclass(frozen=True, eq=False)
class Series:
    """Means of the moments over consecutive pieces of time, for every walker.

    Attributes
    ----------
    sums : ndarray, shape (blocks, pieces, moments, lanes)
    units : ndarray, shape (moments,)
        Sums times this are sums of the observables.
    points : int
        Recorded points of one walker in a piece.
    spacing : float
        Time between them.
    """

    sums: np.ndarray
    units: np.ndarray
    points: int
    spacing: float

    @property
    def time(self) -> float:
        """Recorded, over all walkers."""
        blocks, pieces, _, lanes = self.sums.shape
        return pieces * blocks * lanes * self.points * self.spacing

    def convergence(self, name: str, variance: float) -> Convergence:
        """Of one observable, whose variance in the steady state is given in its own units."""
        moment = OBSERVABLES.index(name)
        means = self.sums[:, :, moment].swapaxes(0, 1) * (self.units[moment] / self.points)
        pieces = len(means)
        mean = float(means.mean()) if pieces else np.nan
        if pieces < _FEWEST_PIECES:
            return Convergence(mean, np.nan, np.nan, np.nan, np.nan)
        # Slow to import, and needed after a run alone.
        from arviz_stats.base import array_stats

        mcse = _standard_error(means.reshape(pieces, -1))
        # Draws in the order of time, so that splitting a chain compares its past and its future.
        groups = [means[: pieces // 2 * 2, :, group::GROUPS].ravel() for group in range(GROUPS)]
        samples = variance / mcse**2
        return Convergence(
            mean=mean,
            mcse=mcse,
            autocorrelation_time=self.time / samples,
            effective_samples=samples,
            r_hat=float(array_stats.rhat(np.array(groups), method="rank")),
        )


def _standard_error(means: np.ndarray) -> float:
    """Of the mean over independent columns, each a series in time: σ² (1 + 2 Σ_k ρ_k)/n.

    The sum ends where two successive ρ_k are together no more than their standard error.  (Geyer
    1992 ends it where they are no longer positive, and so adds noise.)
    """
    deviation = means - means.mean()
    variance = (deviation**2).mean()
    total, pieces = 1.0, len(means)
    for lag in range(1, pieces // 2, 2):
        pair = sum(
            (deviation[k:] * deviation[: pieces - k]).mean() / variance for k in (lag, lag + 1)
        )
        if pair <= np.sqrt(2.0 / means.size):
            break
        total += 2.0 * pair
    return float(np.sqrt(variance * total / means.size))


def shortcomings(rows: Mapping[str, Convergence]) -> tuple[str, ...]:
    """What keeps a run's error bars from being trusted, in words; empty if nothing does."""
    found = []
    for name, row in rows.items():
        label = name.replace("_", " ")
        if not np.isfinite(row.r_hat):
            found.append(f"{label} was recorded for too few relaxation times to tell")
            continue
        if row.r_hat > _R_HAT:
            found.append(
                f"R-hat of the {label} is {row.r_hat:.3f}, above {_R_HAT}: walkers from different "
                "starts still differ"
            )
        times = row.effective_samples / GROUPS
        if times < _AUTOCORRELATION_TIMES:
            found.append(
                f"the {label} was recorded for {times:.3g} autocorrelation times from each of "
                f"{GROUPS} regions, fewer than {_AUTOCORRELATION_TIMES:g}"
            )
    return tuple(found)


def variances(
    batches: Batches, histogram: Histogram, origin: float, x0: float, p0: float
) -> dict[str, float]:
    """Of the observables in the steady state, from moments and histograms.

    `origin` is the position from which ⟨α²⟩ counts.
    """
    moments, parts = batches.pooled
    radius = batches.bin_width * (np.arange(parts.size) + 0.5)
    x, p = (0.5 * (e[1:] + e[:-1]) for e in (histogram.x_edges, histogram.p_edges))
    weights = histogram.counts / max(histogram.counts.sum(), 1)
    along_x, along_p = weights.sum(axis=1), weights.sum(axis=0)
    beta = (x[:, None] - origin) / x0 + 1j * p / p0

    def variance(values: np.ndarray, weight: np.ndarray) -> float:
        mean = (weight * values).sum()
        return float((weight * (values - mean) ** 2).sum())

    return {
        "energy": float(moments[1] - moments[0] ** 2),
        "energy_squared": variance(radius**4, parts),
        "squeezing_real": variance((beta**2).real, weights),
        "squeezing_imaginary": variance((beta**2).imag, weights),
        "position": variance(x, along_x),
        "momentum": variance(p, along_p),
    }
