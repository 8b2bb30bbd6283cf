"""Phase space to density matrix (Appendix D) and back.

Conventions: α = x/x0 + ip/p0, W(α) with ∫d²α W(α) = 1 and d²α = dx dp/2, so that
W(x, p) = W(α)/2 with ∫dx dp W(x, p) = 1.  A Fock state is

    W_n(α) = (2/π) (−1)^n e^{−2|α|²} L_n(4|α|²),

and the population of level n is π ∫d²α W W_n: one integral, without the detour over the
characteristic function in Appendix D.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from qemlib import _checks
from qemlib._special.laguerre import laguerre_integrals, laguerre_sequence, laguerre_sums
from qemlib.states._circles import radial_nodes, refuse_tail
from qemlib.states._fock import about_its_middle, coherences, matrix, phase_space

__all__ = [
    "angular_average",
    "beside_vacuum",
    "coherences",
    "density_matrix",
    "g2",
    "laguerre_functions",
    "phonon_number",
    "populations",
    "radial_wigner",
    "relative",
    "wigner_function",
]


def phonon_number(moments: Sequence[float] | np.ndarray) -> float:
    """⟨a†a⟩ = ⟨|α|²⟩ − 1/2 from moments = (⟨|α|²⟩, ⟨|α|⁴⟩) of W.

    Examples
    --------
    The vacuum has ⟨|α|²⟩ = 1/2, a thermal state with one phonon 3/2:

    >>> phonon_number((0.5, 0.5)), phonon_number((1.5, 4.5))
    (0.0, 1.0)
    """
    return float(moments[0] - 0.5)


def g2(moments: Sequence[float] | np.ndarray) -> float:
    """g⁽²⁾(0) = ⟨a†a†aa⟩/⟨a†a⟩², Eq. (10), with ⟨a†a†aa⟩ = ⟨|α|⁴⟩ − 2⟨|α|²⟩ + 1/2.

    NaN where ⟨a†a⟩ = 0.

    Examples
    --------
    A thermal state with ⟨a†a⟩ = 1, and a coherent one:

    >>> g2((1.5, 4.5)), g2((1.5, 3.5))
    (2.0, 1.0)
    """
    second, fourth = moments
    if second == 0.5:
        return float("nan")
    return float((fourth - 2.0 * second + 0.5) / (second - 0.5) ** 2)


def beside_vacuum(phonon_number: float) -> float:
    """|⟨a†a⟩| beside the vacuum's 1/2, at most 1.

    What is known relative to ⟨a†a⟩ + 1/2 is known to this part relative to ⟨a†a⟩, and to its square
    relative to g⁽²⁾(0).

    Examples
    --------
    >>> beside_vacuum(3.0), beside_vacuum(0.1), beside_vacuum(0.0)
    (1.0, 0.2, 0.0)
    """
    return min(1.0, 2.0 * abs(phonon_number))


def relative(error: float, value: float) -> float:
    """An error in units of the value, beyond all bounds where that is zero.

    Examples
    --------
    >>> relative(0.5, -2.0), relative(0.5, 0.0)
    (0.25, inf)
    """
    return float(error / abs(value)) if value != 0 else float("inf")


def laguerre_functions(levels: int, z: ArrayLike, order: int = 0) -> np.ndarray:
    """Normalised Laguerre functions φ_n(z) = [n!/(n+k)!]^{1/2} z^{k/2} e^{−z/2} L_n^{(k)}(z).

    Parameters
    ----------
    levels : int
        n runs from 0 to levels − 1.
    z : array_like, shape (points,)
        Non-negative arguments.
    order : int
        k ≥ 0.

    Returns
    -------
    ndarray, shape (levels, points)
        Each at most 1 in size; from the three-term recurrence, with a scale carried along so that
        e^{−z/2} does not underflow before the polynomial has grown.

    Examples
    --------
    They are orthonormal on z ≥ 0:

    >>> import numpy as np
    >>> z, weight = np.polynomial.laguerre.laggauss(8)
    >>> phi = laguerre_functions(4, z)
    >>> bool(np.allclose(phi * (weight * np.exp(z)) @ phi.T, np.eye(4)))
    True
    """
    levels = _checks.integer("levels", levels, 1)
    order = _checks.integer("order", order, 0)
    z = _checks.finite_array("z", z, ndim=1)
    if (z < 0).any():
        raise ValueError(f"z must not be negative, got {z.min()}")
    result = np.empty((levels, z.size))
    # A matrix with room for `levels` of them on its kth diagonal.
    sequence = laguerre_sequence(levels + order, z, [order])
    for n in range(levels):
        result[n] = next(sequence)[0]
    return result


def angular_average(
    wigner_function: Callable[[Any, Any], Any],
    r: ArrayLike,
    x0: float,
    p0: float,
    angles: int = 96,
    upper: bool = False,
) -> np.ndarray:
    """Average of W(α) = x0 p0 W(x, p) over the angle at |α| = r.

    `wigner_function` takes broadcasting arrays x, p.  The result has r's shape.  With `upper`, W is
    asked for where p > 0 alone, which is enough if it is even in p; the number of angles must be
    even then.

    Examples
    --------
    The vacuum, where W(α) = (2/π) e^{−2|α|²}:

    >>> import numpy as np
    >>> def vacuum(x, p):
    ...     return np.exp(-2 * (x / 2.0) ** 2 - 2 * p**2) / np.pi
    >>> (angular_average(vacuum, [0.0, 1.0], x0=2.0, p0=1.0) * np.pi / 2).round(6)
    array([1.      , 0.135335])
    """
    r = _checks.finite_array("r", r)
    x0, p0 = _checks.positive("x0", x0), _checks.positive("p0", p0)
    theta = (np.arange(angles // 2 if upper else angles) + 0.5) * 2.0 * np.pi / angles
    x = x0 * r[..., None] * np.cos(theta)
    p = p0 * r[..., None] * np.sin(theta)
    return x0 * p0 * wigner_function(x, p).mean(axis=-1)


def populations(
    radial_profile: Callable[[Any], Any], levels: int, radius: float, wave: float | None = None
) -> np.ndarray:
    """Level populations from the angular average of W(α).

    ρ_nn = 4π (−1)^n ∫_0^R r dr W(r) e^{−2r²} L_n(4r²), by Gauss-Legendre quadrature with enough
    nodes for the fastest oscillation of the highest level.

    Parameters
    ----------
    radial_profile : callable
        Takes an array r and returns W(r) of the same shape.
    levels : int
        Number of levels, n = 0 … levels − 1.
    radius : float
        Outer radius R; W(R) must be negligible.
    wave : float, optional
        Largest wave number of the profile, so that no more nodes are taken than it needs; by
        default that of the highest level.

    Returns
    -------
    ndarray, shape (levels,)

    Raises
    ------
    ValueError
        If `levels` is not a positive whole number, `radius` is not positive, or the profile has
        not decayed at `radius`.

    Examples
    --------
    A thermal state with one phonon on average: ⟨|α|²⟩ = 3/2 and ρ_nn = 2^{−n−1}.

    >>> import numpy as np
    >>> populations(lambda r: np.exp(-(r**2) / 1.5) / (1.5 * np.pi), levels=4, radius=8.0).round(6)
    array([0.5   , 0.25  , 0.125 , 0.0625])
    """
    levels = _checks.integer("levels", levels, 1)
    wave = None if wave is None else _checks.positive("wave", wave)
    r, weight = radial_nodes(levels, _checks.positive("radius", radius), wave)
    profile = np.asarray(radial_profile(r), dtype=float)
    if profile.shape != r.shape:
        raise ValueError(f"radial_profile must return shape {r.shape}, got {profile.shape}")
    refuse_tail(np.abs(profile), r[-1])
    integrals = laguerre_integrals(levels, 4.0 * r**2, [0], (weight * r * profile)[None])
    return 4.0 * np.pi * (-1.0) ** np.arange(levels) * integrals[:, 0]


def density_matrix(
    wigner_function: Callable[[Any, Any], Any],
    levels: int,
    radius: float,
    x0: float,
    p0: float,
    harmonics: int | None = None,
    even: bool = False,
) -> np.ndarray:
    """Density matrix ρ_nm with its coherences, from W(x, p).

    ρ_nm = ∫d²α W(α) · 2(−1)^n √(n!/m!) (2α*)^{m−n} e^{−2|α|²} L_n^{(m−n)}(4|α|²) for m ≥ n: the
    angular harmonic e^{i(m−n)θ} of W alone feeds the m − n'th diagonal.

    Parameters
    ----------
    wigner_function : callable
        Takes broadcasting arrays x, p and returns W(x, p), ∫dx dp W = 1.
    levels : int
        Number of levels.
    radius : float
        Outer radius in |α|; W must be negligible there.
    x0, p0 : float
        Scales of α = x/x0 + ip/p0.
    harmonics : int, optional
        Diagonals beyond this one are set to zero.  By default all are filled that W has angular
        harmonics for, above 1e-14 of its largest value and above its round-off.
    even : bool
        Whether W(−x, −p) = W(x, p), so that half of phase space tells all.

    Returns
    -------
    ndarray, shape (levels, levels), complex and Hermitian

    Raises
    ------
    ValueError
        If an argument is out of range, W has not decayed at `radius`, or its angular dependence is
        not resolved by 8192 directions.

    Examples
    --------
    The coherent state α = 1, where ρ_nm = e^{−1} (n!m!)^{−1/2}:

    >>> import numpy as np
    >>> def coherent(x, p):
    ...     return 2 / np.pi * np.exp(-2 * (x - 1) ** 2 - 2 * p**2)
    >>> density_matrix(coherent, levels=3, radius=6.0, x0=1.0, p0=1.0).real.round(6)
    array([[0.367879, 0.367879, 0.26013 ],
           [0.367879, 0.367879, 0.26013 ],
           [0.26013 , 0.26013 , 0.18394 ]])
    """
    levels = _checks.integer("levels", levels, 1)
    if harmonics is None:
        harmonics = levels - 1
    harmonics = min(_checks.integer("harmonics", harmonics, 0), levels - 1)
    x0, p0 = _checks.positive("x0", x0), _checks.positive("p0", p0)

    def w(real: np.ndarray, imaginary: np.ndarray) -> np.ndarray:
        values = x0 * p0 * np.asarray(wigner_function(x0 * real, p0 * imaginary), dtype=float)
        if values.shape != real.shape:
            raise ValueError(f"wigner_function must return shape {real.shape}, got {values.shape}")
        return values

    return matrix(w, levels, _checks.positive("radius", radius), harmonics, even)


def wigner_function(rho: ArrayLike, x: ArrayLike, p: ArrayLike, x0: float, p0: float) -> np.ndarray:
    """W(x, p) of a density matrix, with all its coherences.

    W(α) = (2/π) Σ_n (−1)^n [ρ_nn φ_n^{(0)} + 2 Re Σ_{k≥1} ρ_{n,n+k} e^{ikθ} φ_n^{(k)}] with the
    Laguerre functions φ of 4|α|²: the inverse of `density_matrix`.

    Parameters
    ----------
    rho : array_like, shape (levels, levels)
        Hermitian, in the oscillator's energy eigenbasis, n = 0 … levels − 1.
    x, p : array_like
        Positions and momenta; they broadcast.
    x0, p0 : float
        Scales of α = x/x0 + ip/p0.

    Returns
    -------
    ndarray
        W(x, p) in the shape of x and p, with ∫dx dp W = Tr ρ.

    Raises
    ------
    ValueError
        If `rho` is not a finite Hermitian matrix, x and p do not fit each other, or a scale is not
        positive.

    Examples
    --------
    The first excited state at the origin, where W = −2/π · 1/(x0 p0):

    >>> float(wigner_function([[0.0, 0.0], [0.0, 1.0]], 0.0, 0.0, x0=2.0, p0=1.0)) * np.pi
    -1.0
    """
    rho = _checks.hermitian("rho", rho, ket=True)
    x0, p0 = _checks.positive("x0", x0), _checks.positive("p0", p0)
    x, p = _checks.broadcast(x=x, p=p)
    alpha = (x / x0 + 1j * p / p0).ravel()
    middle, smaller = about_its_middle(rho)
    return phase_space(smaller, alpha - middle).reshape(x.shape) / (x0 * p0)


def radial_wigner(populations: ArrayLike, r: ArrayLike) -> np.ndarray:
    """W(α) at |α| = r of a state without coherences, (2/π) Σ_n ρ_nn (−1)^n e^{−2r²} L_n(4r²).

    Examples
    --------
    The first excited state is negative at the origin; W(α) = (2/π)(4|α|² − 1) e^{−2|α|²}:

    >>> import numpy as np
    >>> (radial_wigner([0.0, 1.0], [0.0, 1.0]) * np.pi / 2).round(6)
    array([-1.      ,  0.406006])
    """
    populations = _checks.finite_array("populations", populations, ndim=1)
    r = _checks.finite_array("r", r)
    signs = (-1.0) ** np.arange(populations.size)
    total = laguerre_sums((signs * populations)[:, None], 4.0 * r.ravel() ** 2, [0])
    return (2.0 / np.pi) * total.reshape(r.shape)
