"""Ergotropy, entropy and free-energy work from samples: error bars, bias, and a safe lower bound.

These numbers are not linear in the populations.  Put the noisy populations into the formula, and
noise alone makes ergotropy: sorting turns every fluctuation into work.  Three answers are given.

The plug-in is the formula as it stands; as a convex function of the populations, it is too large
on average.  The jackknife estimates that bias from estimates that leave out one batch each
(Efron and Stein, Ann. Stat. 9, 586 (1981)), and removes most of it.  The split estimate sorts with
one part of the samples and averages with another: whatever order the first part suggests, the
work of this one permutation is a lower bound on the ergotropy, and its average has no bias.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from reprlib import repr as repr_short

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp, xlogy

from qemlib import _checks
from qemlib.states import wigner

__all__ = [
    "ErgotropyEstimate",
    "Estimate",
    "estimate_entropy",
    "estimate_ergotropy",
    "estimate_free_energy_work",
    "jackknife",
    "sampled_populations",
]

_FEWEST_BATCHES = 8
_TRACE = 0.2  # the batches' traces are noisy: only what can't be populations is refused


@dataclass(frozen=True)
class Estimate:
    """A function of averages, estimated from independent batches; as a float, its `value`.

    Attributes
    ----------
    value : float
        With the bias of the plug-in removed, as far as the jackknife knows it.
    standard_error : float
        Of `value`; it does not contain the bias.
    plug_in : float
        The function of the averages over all batches.
    bias : float
        What the jackknife finds the plug-in to be too large by; `value` = `plug_in` − `bias`.
    """

    value: float
    standard_error: float
    plug_in: float
    bias: float

    def __float__(self) -> float:
        return self.value

    def __repr__(self) -> str:
        return (
            f"Estimate({self.value:.5g} +/- {self.standard_error:.1g}; "
            f"plug-in {self.plug_in:.5g}, its bias {self.bias:.1g})"
        )


@dataclass(frozen=True)
class ErgotropyEstimate(Estimate):
    """Incoherent ergotropy from samples; energy.

    Attributes
    ----------
    value, standard_error, plug_in, bias : float
        As in `Estimate`.  Where populations are nearly equal the formula has a kink, and a part
        of the bias stays: take `value` for what is left of the plug-in, not for zero or more.
    lower_bound, lower_bound_error : float
        Split estimate and its standard error: on average, never above the ergotropy.
    sorted_levels : int
        Levels that the noise resolves, in the batch that resolves fewest; the split estimate
        leaves the others where they are.
    """

    lower_bound: float
    lower_bound_error: float
    sorted_levels: int

    def __repr__(self) -> str:
        return (
            f"ErgotropyEstimate(at least {self.lower_bound:.5g} +/- {self.lower_bound_error:.1g} "
            f"from {self.sorted_levels} levels; jackknife {self.value:.5g} +/- "
            f"{self.standard_error:.1g}, plug-in {self.plug_in:.5g})"
        )


def jackknife(batches: ArrayLike, function: Callable[[np.ndarray], float]) -> Estimate:
    """Estimate `function` of the averages, with its standard error and bias.

    Parameters
    ----------
    batches : array_like, shape (batches, ...)
        Averages over independent batches of equal size, at least 8 of them.
    function : callable
        Takes averages, an array of shape (...), and returns a number.

    Returns
    -------
    Estimate

    Raises
    ------
    TypeError
        If `function` cannot be called.
    ValueError
        If there are fewer than 8 batches, or one holds what is not a finite number.

    Examples
    --------
    The square of a mean: the plug-in is too large by the variance of the mean.

    >>> import numpy as np
    >>> x = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0])
    >>> found = jackknife(x, lambda mean: mean**2)
    >>> found.plug_in, round(found.bias, 12), x.var(ddof=1) / 8
    (20.25, 0.75, np.float64(0.75))
    """
    batches = _checks.finite_array("batches", batches)
    if batches.ndim == 0 or len(batches) < _FEWEST_BATCHES:
        raise ValueError(
            f"batches must hold at least {_FEWEST_BATCHES} batches, got shape {batches.shape}"
        )
    if not callable(function):
        raise TypeError(f"function must take averages, got {repr_short(function)}")
    plug_in = float(function(batches.mean(axis=0)))
    without = np.array([function(rest) for rest in _leaving_one_out(batches)])
    bias = (len(batches) - 1) * float(without.mean() - plug_in)
    return Estimate(
        value=plug_in - bias,
        standard_error=_spread(without),
        plug_in=plug_in,
        bias=bias,
    )


def estimate_ergotropy(
    batches: ArrayLike, energies: ArrayLike, resolved: float = 5.0
) -> ErgotropyEstimate:
    """Incoherent ergotropy, Eq. (11) for populations, from independent batches.

    Parameters
    ----------
    batches : array_like, shape (batches, levels)
        Populations from independent batches of equal size; noise may make them negative.
    energies : array_like, shape (levels,)
        Energies of the levels, rising; they count from the lowest, so that the noise of the trace
        does no work.
    resolved : float
        The split estimate sorts the levels up to the last one whose population exceeds so many
        standard errors, and leaves those above in place.  With 0 it sorts all.

    Returns
    -------
    ErgotropyEstimate

    Raises
    ------
    ValueError
        If there are fewer than 8 batches, the shapes do not fit, the energies do not rise, or the
        mean trace is off by more than 0.2.

    Examples
    --------
    Two levels, the upper one filled to 3/4 on average: swapping them gains half of their distance.

    >>> import numpy as np
    >>> excited = 0.75 + np.linspace(-0.07, 0.07, 8)
    >>> batches = np.stack([1 - excited, excited], axis=1)
    >>> found = estimate_ergotropy(batches, [0.0, 1.0])
    >>> round(found.value, 6), round(found.lower_bound, 6), found.sorted_levels
    (0.5, 0.5, 2)
    """
    batches, energies = _populations_and_energies(batches, energies)
    resolved = _checks.finite("resolved", resolved)
    whole = jackknife(batches, lambda p: p @ energies - np.sort(p)[::-1] @ energies)
    work, kept = [], []
    for index, rest in enumerate(_leaving_one_out(batches)):
        left_out, others = batches[index], np.delete(batches, index, axis=0)
        error = others.std(axis=0, ddof=1) / np.sqrt(len(others))
        seen = np.flatnonzero(rest > resolved * error) if resolved > 0 else [rest.size - 1]
        levels = int(seen[-1]) + 1 if len(seen) else 0
        order = np.argsort(-rest[:levels], kind="stable")
        work.append(left_out[:levels] @ energies[:levels] - left_out[order] @ energies[:levels])
        kept.append(levels)
    return ErgotropyEstimate(
        value=whole.value,
        standard_error=whole.standard_error,
        plug_in=whole.plug_in,
        bias=whole.bias,
        lower_bound=float(np.mean(work)),
        lower_bound_error=float(np.std(work, ddof=1) / np.sqrt(len(work))),
        sorted_levels=min(kept),
    )


def estimate_entropy(batches: ArrayLike) -> Estimate:
    """Von Neumann entropy of the populations in nats, from independent batches.

    As `qemlib.entropy`, negative populations contribute nothing; there are many of them among the
    levels that noise does not resolve, and so the plug-in is too *large* there.  Raises as
    `estimate_ergotropy`.

    Examples
    --------
    Two levels, both well resolved.  Entropy is concave, and so the plug-in is too small:

    >>> import numpy as np
    >>> excited = 0.75 + np.linspace(-0.07, 0.07, 8)
    >>> batches = np.stack([1 - excited, excited], axis=1)
    >>> found = estimate_entropy(batches)
    >>> round(found.plug_in, 6), found.bias < 0
    (0.562335, True)
    """
    return jackknife(_populations(batches), _entropy)


def estimate_free_energy_work(
    batches: ArrayLike, energies: ArrayLike, temperature: float, equilibrium: float | None = None
) -> Estimate:
    """Free-energy work, Eq. (12) for populations, from independent batches; energy.

    Parameters
    ----------
    batches, energies : array_like
        As for `estimate_ergotropy`.
    temperature : float
        T > 0 of the bath.
    equilibrium : float, optional
        F_eq, counted from the lowest level; by default that of the levels given.

    Raises
    ------
    ValueError
        As `estimate_ergotropy`, and if the temperature is not finite and positive.

    Examples
    --------
    Two levels, the upper one filled to 3/4 on average: the ergotropy is 1/2, a bath adds little.

    >>> import numpy as np
    >>> excited = 0.75 + np.linspace(-0.07, 0.07, 8)
    >>> batches = np.stack([1 - excited, excited], axis=1)
    >>> round(estimate_free_energy_work(batches, [0.0, 1.0], temperature=1.0).plug_in, 6)
    0.500927
    """
    temperature = _checks.positive("temperature", temperature)
    batches, energies = _populations_and_energies(batches, energies)
    if equilibrium is None:
        equilibrium = -temperature * float(logsumexp(-energies / temperature))
    return jackknife(batches, lambda p: p @ energies - temperature * _entropy(p) - equilibrium)


def sampled_populations(radius: ArrayLike, levels: int, batches: int = 64) -> np.ndarray:
    """Populations from independent samples of |α|, batch by batch.

    ρ_nn is the mean of the bounded function 2(−1)^n e^{−2|α|²} L_n(4|α|²) over W.

    Parameters
    ----------
    radius : array_like, shape (samples,)
        |α| of independent points of phase space, drawn from W.
    levels : int
        Number of levels, n = 0 … levels − 1.
    batches : int
        At least 8; the samples are cut into so many batches of equal size, in their order, and a
        remainder is left out.

    Returns
    -------
    ndarray, shape (batches, levels)

    Raises
    ------
    ValueError
        If an argument is out of range, or there are fewer samples than batches.

    Examples
    --------
    The vacuum, whose |α|² is distributed exponentially with mean 1/2: ρ_00 = 1.

    >>> import numpy as np
    >>> radius = np.sqrt(np.random.default_rng(1).exponential(0.5, size=16_000))
    >>> ground = sampled_populations(radius, levels=2)[:, 0]
    >>> bool(abs(ground.mean() - 1) < 5 * ground.std(ddof=1) / np.sqrt(len(ground)))
    True
    """
    radius = _checks.finite_array("radius", radius, ndim=1)
    levels = _checks.integer("levels", levels, 1)
    batches = _checks.integer("batches", batches, _FEWEST_BATCHES)
    size = radius.size // batches
    if size == 0:
        raise ValueError(f"radius must hold at least {batches} samples, got {radius.size}")
    if (radius < 0).any():
        raise ValueError(f"radius must not be negative, got {radius.min()}")
    signs = 2.0 * (-1.0) ** np.arange(levels)
    square = 4.0 * radius[: size * batches].reshape(batches, size) ** 2
    return signs * np.stack(
        [wigner.laguerre_functions(levels, part).mean(axis=1) for part in square]
    )


def _leaving_one_out(batches: np.ndarray) -> np.ndarray:
    """Averages over all batches but one, for each."""
    return (batches.sum(axis=0) - batches) / (len(batches) - 1)


def _spread(without: np.ndarray) -> float:
    n = len(without)
    return float(np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum()))


def _entropy(p: np.ndarray) -> float:
    return float(-xlogy(p, np.where(p > 0, p, 1.0)).sum())


def _populations(batches: ArrayLike) -> np.ndarray:
    batches = _checks.finite_array("batches", batches, ndim=2)
    trace = batches.sum(axis=1).mean() if batches.size else np.nan
    if not abs(trace - 1.0) < _TRACE:
        raise ValueError(
            f"batches must hold populations, with a mean trace within {_TRACE} of 1, got "
            f"{trace:.4g} for shape {batches.shape}"
        )
    return batches


def _populations_and_energies(
    batches: ArrayLike, energies: ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    batches = _populations(batches)
    energies = _checks.finite_array("energies", energies, ndim=1)
    if energies.shape != batches.shape[1:]:
        raise ValueError(
            f"energies must have one value a level, {batches.shape[1:]}, got {energies.shape}"
        )
    if (np.diff(energies) < 0).any():
        raise ValueError("energies must rise with the level, got some that fall")
    return batches, energies - energies[0]
