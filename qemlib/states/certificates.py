"""Ergotropy that a few moments of the phonon number prove, whatever the state.

The incoherent ergotropy of populations p is ω0[⟨n⟩ − Σ_k k p↓_k], p↓ being p in falling order.
Write p in layers: A_t, the levels with p_n > t, are a finite set of K levels, and
p = ∫dt 1(A_t), while the sorted state is the same with {0 … K − 1} for A_t.  So for numbers f_n
with

    Σ_{n∈A} f_n ≤ Σ_{n∈A} n − K(K−1)/2    for each finite set A of K levels            (Q71)

the inequality 𝒲_E ≥ ω0 Σ_n f_n p_n follows, layer by layer.  Let f be a polynomial in n.  Then its
average is made of moments, and the inequality is a certificate: it holds for every state, with any
number of levels, for beyond its largest root f is below zero, and levels there only help.  It
holds for states with coherences too: the eigenvalues of ρ majorise its diagonal, so that what
sorting leaves of the energy is the least for the eigenvalues, and the total ergotropy is the
larger one.

The best f is the solution of a linear programme, whose dual looks for populations Σ_A w_A 1(A)/|A|
that have the moments and the least Σ_A w_A (Σ_{n∈A} n − K(K−1)/2)/K.  The sets are too many to be
written down.  They are found one after the other: those that break (Q71) most are the first K
levels in the order of n − f_n.

With ⟨n⟩ and g2 alone f is a parabola, and all sets are stretches a … b.  Their ergotropy is a,
their mean (a + b)/2 and their variance (K² − 1)/12.  Because N + ½ − ½[1 + 12σ²]^{1/2} is convex in
⟨n⟩ and ⟨n(n−1)⟩, and equals a for each of them,

    𝒲_E ≥ ω0 {N + ½ − ½ [1 + 12σ²]^{1/2}},   σ² = N + (g2 − 1)N²,                      (Q72)

which is positive where g2 < 4/3 − 2/(3N).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from qemlib import _checks
from qemlib._locked import Locked
from qemlib.states._layers import Programme

__all__ = ["CertifiedErgotropy", "certified_ergotropy", "passive_g2"]

# Of moments of still higher order round-off leaves little.
_HIGHEST = 6


@dataclass(frozen=True, eq=False)
class CertifiedErgotropy(Locked):
    """The least ergotropy that moments of the phonon number allow; as a float, its `value`.

    Attributes
    ----------
    value : float
        Energy: no state with these moments has a smaller ergotropy, incoherent or total.
    coefficients : ndarray, shape (moments + 1,)
        c_r (energy) of an inequality that *every* state of the oscillator obeys,
        𝒲_E ≥ c_0 + c_1⟨n⟩ + c_2⟨n(n−1)⟩ + …, and from which `value` follows.
    populations : ndarray, shape (levels,)
        A state that allows no more: it has the moments and this ergotropy.  Its highest moment may
        be smaller than the one given, since a level far out, hardly populated, adds to that alone.
    error : float
        Energy: by how much the ergotropy of that state is above `value`.
    """

    value: float
    coefficients: np.ndarray
    populations: np.ndarray
    error: float

    def __float__(self) -> float:
        return self.value

    def __repr__(self) -> str:
        return (
            f"CertifiedErgotropy({self.value:.6g}, from {self.coefficients.size - 1} moments, "
            f"reached by a state of {self.populations.size} levels to {self.error:.1e})"
        )


def certified_ergotropy(
    mean: float,
    g2: float,
    *,
    mean_error: float = 0.0,
    g2_error: float = 0.0,
    higher: ArrayLike = (),
    higher_error: ArrayLike = 0.0,
    frequency: float = 1.0,
) -> CertifiedErgotropy:
    """The least ergotropy of all states with this ⟨n⟩ and g2, or within their error bars.

    Parameters
    ----------
    mean : float
        ⟨n⟩ > 0.
    g2 : float
        ⟨n(n−1)⟩/⟨n⟩² ≥ 0.
    mean_error, g2_error : float
        Half widths ≥ 0 of the intervals in which both are known to lie.  They are taken at their
        word: for a standard error give the multiple of it that you trust.
    higher : array_like, shape (moments,)
        g3, g4, …, up to g6: ⟨n(n−1)…(n−r+1)⟩/⟨n⟩^r, if they are known, too.
    higher_error : float or array_like, shape (moments,)
        Half widths of their intervals.
    frequency : float
        ω0 > 0 of the oscillator (energy); the result is in units of it by default.

    Returns
    -------
    CertifiedErgotropy

    Raises
    ------
    NoQuantumState
        If no state has these moments: with ⟨n⟩ = N, for example, g2 is never below 1 − 1/N.
    ValueError
        If an argument is out of range or no finite number.
    ConvergenceError
        If ⟨n⟩ is so large that two million levels do not hold the states in question, or the
        bound found is not the best one to 1e-7.

    Notes
    -----
    Derived in the module's docstring.  Of the intervals the lower end of ⟨n⟩ counts alone: loss
    changes ⟨n⟩ and none of the g's, and never adds to the ergotropy of populations.  To see that,
    let the sorted position of level n be σ(n).  Loss at rate 1 changes Σ p_n[n − σ(n)] by
    Σ n p_n[σ(n) − σ(n−1) − 1], and layer by layer that is not positive.

    Examples
    --------
    In quanta, with nine of them on average: a Fock state is sure to hold them all, one with the
    statistics of a coherent state nearly half of them, a thermal one may hold nothing.

    >>> import qemlib as qem
    >>> [round(qem.certified_ergotropy(9.0, g2).value, 6) for g2 in (8 / 9, 1.0, 2.0)]
    [9.0, 4.3, 0.0]

    With error bars, and in units of energy:

    >>> found = qem.certified_ergotropy(
    ...     101.0, 1.305, mean_error=1.0, g2_error=0.002, frequency=0.2
    ... )
    >>> round(found.value, 4), found.error < 1e-10
    (0.5959, True)
    """
    mean, g2 = _checks.positive("mean", mean), _not_negative("g2", g2)
    mean_error = _not_negative("mean_error", mean_error)
    g2_error = _not_negative("g2_error", g2_error)
    frequency = _checks.positive("frequency", frequency)
    moments = np.append(g2, _known("higher", higher))
    width = np.append(g2_error, _known("higher_error", higher_error, moments.size - 1))
    least = mean - mean_error
    if least <= 0:  # nearly the vacuum
        return CertifiedErgotropy(0.0, np.zeros(moments.size + 2), np.ones(1), 0.0)
    found = Programme(least, np.maximum(moments - width, 0.0), moments + width).solution()
    return CertifiedErgotropy(
        frequency * found.bound,
        frequency * found.coefficients,
        found.populations,
        frequency * found.error,
    )


def passive_g2(mean: ArrayLike) -> np.ndarray:
    """The least g2 of a passive state without coherences that has ⟨n⟩ = `mean`.

    Falling populations are a mixture of uniform ones on {0 … M}, for which ⟨n⟩ = M/2 and
    ⟨n(n−1)⟩ = M(M−1)/3.  So ⟨n(n−1)⟩ is not below the polygon through these points, nor below the
    parabola through them: g2 ≥ 4/3 − 2/(3⟨n⟩), with equality where 2⟨n⟩ is a whole number.

    Parameters
    ----------
    mean : array_like
        ⟨n⟩ > 0.

    Returns
    -------
    ndarray
        Dimensionless, of the shape of `mean`.  A measured g2 below it proves that there is
        ergotropy.

    Raises
    ------
    ValueError
        If `mean` holds anything but finite numbers greater than 0.

    Examples
    --------
    >>> import qemlib as qem
    >>> qem.passive_g2([0.5, 1.0, 1.25, 100.0]).round(4)
    array([0.    , 0.6667, 0.8533, 1.3267])
    """
    mean = _checks.finite_array("mean", mean)
    if (mean <= 0).any():
        raise ValueError(f"mean must be greater than 0, got {mean.min()}")
    whole = np.floor(2.0 * mean)
    rest = 2.0 * mean - whole
    return whole * np.maximum(whole - 1.0 + 2.0 * rest, 0.0) / (3.0 * mean**2)


def _not_negative(name: str, value: float) -> float:
    number = _checks.finite(name, value)
    if number < 0:
        raise ValueError(f"{name} must not be negative, got {number!r}")
    return number


def _known(name: str, values: ArrayLike, size: int | None = None) -> np.ndarray:
    """Numbers ≥ 0 for the moments from the third on; `size` of them, or one for all."""
    array = _checks.finite_array(name, values)
    if (array < 0).any():
        raise ValueError(f"{name} must not be negative, got {array.min()}")
    if size is None:
        if array.ndim != 1 or array.size > _HIGHEST - 2:
            raise ValueError(
                f"{name} must be a list of no more than {_HIGHEST - 2} moments, got an array of "
                f"shape {array.shape}"
            )
        return array
    if array.shape not in ((), (size,)):
        raise ValueError(f"{name} must be one number or {size}, got shape {array.shape}")
    return np.broadcast_to(array, (size,))
