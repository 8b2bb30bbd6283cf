"""Phase space to density matrix (Appendix D), for functions and for counts.

Conventions: α = x/x0 + ip/p0, W(α) with ∫d²α W(α) = 1 and d²α = dx dp/2, so that
W(x, p) = W(α)/2 with ∫dx dp W(x, p) = 1.  A Fock state is

    W_n(α) = (2/π) (−1)^n e^{−2|α|²} L_n(4|α|²),

and the population of level n is π ∫d²α W W_n: one integral, without the detour over the
characteristic function in Appendix D.
"""

from __future__ import annotations

import numpy as np
from scipy.special import roots_legendre

from qemlib import _checks

__all__ = [
    "FromMoments",
    "angular_average",
    "density_matrix",
    "g2",
    "laguerre_functions",
    "phonon_number",
    "populations",
    "radial_wigner",
]

# W at the outer radius, beside its largest value, above which an integral is refused.
_TAIL = 1e-10


def phonon_number(moments) -> float:
    """⟨a†a⟩ = ⟨|α|²⟩ − 1/2 from moments = (⟨|α|²⟩, ⟨|α|⁴⟩) of W."""
    return float(moments[0] - 0.5)


def g2(moments) -> float:
    """g⁽²⁾(0) = ⟨a†a†aa⟩/⟨a†a⟩², Eq. (10), with ⟨a†a†aa⟩ = ⟨|α|⁴⟩ − 2⟨|α|²⟩ + 1/2."""
    second, fourth = moments
    return float((fourth - 2.0 * second + 0.5) / (second - 0.5) ** 2)


class FromMoments:
    """What follows from the moments (⟨|α|²⟩, ⟨|α|⁴⟩) of W alone, with no truncation of levels."""

    moments: tuple[float, float]

    @property
    def phonon_number(self) -> float:
        """⟨a†a⟩."""
        return phonon_number(self.moments)

    @property
    def g2(self) -> float:
        """g⁽²⁾(0), Eq. (10)."""
        return g2(self.moments)


def laguerre_functions(levels: int, z, order: int = 0) -> np.ndarray:
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
    """
    levels = _checks.integer("levels", levels, 1)
    order = _checks.integer("order", order, 0)
    z = _checks.finite_array("z", z, ndim=1)
    if (z < 0).any():
        raise ValueError(f"z must not be negative, got {z.min()}")
    k = order
    result = np.empty((levels, z.size))
    # ln of z^{k/2} e^{−z/2}/√k!, kept apart from the recurrence's mantissa.
    with np.errstate(divide="ignore"):
        scale = (0.5 * k * np.log(z) if k else 0.0) - 0.5 * z
    scale = scale - 0.5 * np.log(np.arange(1, k + 1)).sum()
    previous, here = np.zeros_like(z), np.ones_like(z)
    result[0] = np.exp(scale)
    for n in range(1, levels):
        ahead = ((2 * n - 1 + k - z) * here - np.sqrt((n - 1) * (n - 1 + k)) * previous) / np.sqrt(
            n * (n + k)
        )
        previous, here = here, ahead
        large = np.abs(here) > 1e100
        if large.any():
            previous[large] *= 1e-100
            here[large] *= 1e-100
            scale = np.where(large, scale + 100.0 * np.log(10.0), scale)
        result[n] = here * np.exp(scale)
    return result


def angular_average(wigner_function, r, x0, p0, angles: int = 96) -> np.ndarray:
    """Average of W(α) = x0 p0 W(x, p) over the angle at |α| = r.

    `wigner_function` takes broadcasting arrays x, p.  The result has r's shape.
    """
    r = _checks.finite_array("r", r)
    x0, p0 = _checks.positive("x0", x0), _checks.positive("p0", p0)
    theta = (np.arange(angles) + 0.5) * 2.0 * np.pi / angles
    x = x0 * r[..., None] * np.cos(theta)
    p = p0 * r[..., None] * np.sin(theta)
    return x0 * p0 * wigner_function(x, p).mean(axis=-1)


def populations(radial_profile, levels: int, radius: float) -> np.ndarray:
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

    Returns
    -------
    ndarray, shape (levels,)

    Raises
    ------
    ValueError
        If `levels` is not a positive whole number, `radius` is not positive, or the profile has
        not decayed at `radius`.
    """
    levels = _checks.integer("levels", levels, 1)
    r, weight = _radial_nodes(levels, _checks.positive("radius", radius))
    profile = np.asarray(radial_profile(r), dtype=float)
    if profile.shape != r.shape:
        raise ValueError(f"radial_profile must return shape {r.shape}, got {profile.shape}")
    _refuse_tail(np.abs(profile), r[-1])
    signs = (-1.0) ** np.arange(levels)
    return 4.0 * np.pi * signs * (laguerre_functions(levels, 4.0 * r**2) @ (weight * r * profile))


def density_matrix(wigner_function, levels: int, radius: float, x0, p0, harmonics: int = 24):
    """Density matrix ρ_nm with its coherences, from W(x, p).

    ρ_nm = ∫d²α W(α) · 2(−1)^n √(n!/m!) (2α*)^{m−n} e^{−2|α|²} L_n^{(m−n)}(4|α|²) for m ≥ n: the
    angular harmonic e^{i(m−n)θ} of W alone feeds the m − n'th diagonal.

    Parameters
    ----------
    wigner_function : callable
        Takes broadcasting arrays x, p and returns W(x, p).
    levels : int
        Number of levels.
    radius : float
        Outer radius in |α|.
    x0, p0 : float
        Scales of α = x/x0 + ip/p0.
    harmonics : int
        Diagonals beyond this one are set to zero; W must hold no faster angular dependence.

    Returns
    -------
    ndarray, shape (levels, levels), complex and Hermitian
    """
    levels = _checks.integer("levels", levels, 1)
    harmonics = min(_checks.integer("harmonics", harmonics, 0), levels - 1)
    x0, p0 = _checks.positive("x0", x0), _checks.positive("p0", p0)
    r, weight = _radial_nodes(levels, _checks.positive("radius", radius))
    angles = 4 * (harmonics + 8)
    theta = np.arange(angles) * 2.0 * np.pi / angles
    values = (
        x0 * p0 * wigner_function(x0 * np.outer(r, np.cos(theta)), p0 * np.outer(r, np.sin(theta)))
    )
    _refuse_tail(np.abs(values).max(axis=1), r[-1])
    components = np.fft.fft(values, axis=1) / angles  # e^{−ikθ} average of W
    rho = np.zeros((levels, levels), dtype=complex)
    n = np.arange(levels)
    for k in range(harmonics + 1):
        radial = laguerre_functions(levels - k, 4.0 * r**2, order=k)
        # (α*)^k averages with e^{−ikθ}: ρ_{n+k,n} is its complex conjugate.
        diagonal = (
            4.0 * np.pi * (-1.0) ** n[: levels - k] * (radial @ (weight * r * components[:, k]))
        )
        rho[n[: levels - k], n[k:]] = diagonal
        rho[n[k:], n[: levels - k]] = diagonal.conj()
    return rho


def radial_wigner(populations, r) -> np.ndarray:
    """W(α) at |α| = r of a state without coherences, (2/π) Σ_n ρ_nn (−1)^n e^{−2r²} L_n(4r²)."""
    populations = _checks.finite_array("populations", populations, ndim=1)
    r = _checks.finite_array("r", r)
    signs = (-1.0) ** np.arange(populations.size)
    functions = laguerre_functions(populations.size, 4.0 * r.ravel() ** 2)
    return (2.0 / np.pi) * ((signs * populations) @ functions).reshape(r.shape)


def _radial_nodes(levels, radius):
    """Gauss-Legendre nodes on [0, R]: the Laguerre function of level K turns 2√K·R/π times."""
    count = int(np.ceil(2.0 * np.sqrt(levels) * radius)) + 80
    node, weight = roots_legendre(count)
    return 0.5 * radius * (node + 1.0), 0.5 * radius * weight


def _refuse_tail(size, radius):
    tail = size[-1] / size.max()
    if not tail < _TAIL:
        raise ValueError(
            f"radius: at |α| = {radius:.4g} W is still {tail:.1e} of its largest value, at most "
            f"{_TAIL:.0e} is allowed; use a larger radius or a model on a wider grid"
        )
