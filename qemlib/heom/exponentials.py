"""A lead as a sum of exponentials: all that a hierarchy of equations of motion knows of it.

    C⁺(t) = ∫ (dω/2π) κ(ω) f(ω) e^{iωt} = Σ_l η_l⁺ e^{−γ_l t},
    C⁻(t) = ∫ (dω/2π) κ(ω) [1 − f(ω)] e^{−iωt} = Σ_l η_l⁻ e^{−γ_l* t},    t > 0.

A Lorentzian band has one pole, and the Padé approximant [N−1/N] of f has N more on either side (Hu,
Xu and Yan, J. Chem. Phys. 133, 101106 (2010)), f ≈ 1/2 − Σ_k 2η_k y/(y² + ξ_k²), y = (ω − μ)/T.
Beyond the reach of the poles it goes back to 1/2: the wider κ is beside T, the more of them are
needed.  With μ = ±∞ none is: f is 1 or 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from qemlib import _checks
from qemlib._locked import Locked
from qemlib.devices.densities import Lorentzian
from qemlib.devices.device import Lead
from qemlib.errors import ConvergenceError

__all__ = ["Exponentials", "lorentzian_exponentials"]

_MIRRORED = 1e-13
# A pole of f nearer to that of the band, beside its distance from the axis, is one too many.
_MERGED = 1e-6


@dataclass(frozen=True, eq=False)
class Exponentials(Locked):
    """Correlation functions of a lead, C⁺ = Σ η⁺ e^{−γt} and C⁻ = Σ η⁻ e^{−γ*t} for t > 0.

    Attributes
    ----------
    weights_plus, weights_minus : ndarray of complex, shape (terms,)
        η⁺ and η⁻ (energy²).
    rates : ndarray of complex, shape (terms,)
        γ (energy), Re γ > 0.
    error : float
        Largest error of κf or κ(1 − f) on the real axis, beside the largest κ.
    coarser : Exponentials or None
        The same lead with fewer of them, which shows what they leave open; None if nothing.

    Raises
    ------
    ValueError
        If the arrays hold anything but finite numbers, do not fit each other, or a rate does not
        decay.

    Examples
    --------
    An empty lead with a band of 2δ = 2 around 0.5:

    >>> empty = Exponentials([0.0], [1.0], [1.0 - 0.5j])
    >>> empty.terms, float(empty.occupied(0.5)), float(empty.vacant(0.5))
    (1, 0.0, 2.0)
    """

    weights_plus: np.ndarray
    weights_minus: np.ndarray
    rates: np.ndarray
    error: float = 0.0
    coarser: Exponentials | None = None

    def __post_init__(self) -> None:
        for name in ("weights_plus", "weights_minus", "rates"):
            array = np.asarray(_checks.numbers(name, getattr(self, name)), dtype=complex)
            if array.shape != (np.size(self.rates),):
                raise ValueError(
                    f"{name} must have one axis and as many numbers as rates, got {array.shape}"
                )
            object.__setattr__(self, name, array)
        if not (self.rates.real > 0).all():
            raise ValueError(f"rates must have positive real parts, got {self.rates.real.min()}")
        super().__post_init__()

    def __repr__(self) -> str:
        return f"Exponentials({self.terms} terms, error {self.error:.1e})"

    @property
    def terms(self) -> int:
        """Number of exponentials of each sign."""
        return self.rates.size

    def occupied(self, omega: ArrayLike) -> np.ndarray:
        """κ(ω) f(ω) of these exponentials, of omega's shape."""
        return self._on_axis(self.weights_plus, omega)

    def vacant(self, omega: ArrayLike) -> np.ndarray:
        """κ(ω) [1 − f(ω)] of these exponentials, of omega's shape."""
        return self._on_axis(self.weights_minus.conj(), omega)

    def mirrors(self, other: Exponentials) -> bool:
        """Whether the electrons of one lead are the holes of the other, at −ω."""
        if self.terms != other.terms:
            return False
        pairs = (
            (self.weights_plus, other.weights_minus),
            (self.weights_minus, other.weights_plus),
            (self.rates, other.rates.conj()),
        )
        return all(np.abs(a - b).max() <= _MIRRORED * np.abs(a).max() for a, b in pairs)

    def _on_axis(self, weights: np.ndarray, omega: ArrayLike) -> np.ndarray:
        omega = _checks.finite_array("omega", omega)
        return 2.0 * (weights / (self.rates + 1j * omega[..., None])).sum(axis=-1).real


def lorentzian_exponentials(lead: Lead, pade_terms: int) -> Exponentials:
    """Exponentials of a lead with a Lorentzian band.

    Parameters
    ----------
    lead : Lead
    pade_terms : int
        Number N of Padé terms of the Fermi function, at least 1; at μ = ±∞ there are none.

    Returns
    -------
    Exponentials
        N + 1 of them, the band's first.

    Raises
    ------
    ValueError
        If the lead is not Lorentzian, or `pade_terms` is not a whole number of at least 1.
    ConvergenceError
        If a Padé pole falls on that of the band: take another number of them.

    Examples
    --------
    >>> import qemlib as qem
    >>> left = qem.paper_device(voltage=6.0).left
    >>> [f"{lorentzian_exponentials(left, terms).error:.0e}" for terms in (1, 2, 3)]
    ['2e-03', '9e-05', '2e-05']
    """
    _checks.kind("lead", lead, Lead)
    if not (isinstance(lead, Lead) and isinstance(lead.density, Lorentzian)):
        raise ValueError(f"lead must have a Lorentzian density, got {lead!r}")
    terms = _checks.integer("pade_terms", pade_terms, 1)
    band, mu = lead.density, lead.chemical_potential
    height = 0.5 * band.rate * band.bandwidth
    rate = band.bandwidth - 1j * band.center
    if np.isinf(mu):
        full = 1.0 if mu > 0 else 0.0
        both = np.array([height * full]), np.array([height * (1.0 - full)])
        return Exponentials(*both, np.array([rate]))
    poles, weights = _pade_terms(terms)
    at = mu + 1j * lead.temperature * poles
    pole = band.center + 1j * band.bandwidth
    if (np.abs(at - pole) < _MERGED * band.bandwidth).any():
        raise ConvergenceError(
            f"pade_terms: one of {terms} Pade poles falls on the pole of the band, {pole:.6g}; "
            "take one term more"
        )
    y = (pole - mu) / lead.temperature
    filled = 0.5 - (2.0 * weights * y / (y**2 + poles**2)).sum()
    kappa = 2.0 * height * band.bandwidth / ((at - band.center) ** 2 + band.bandwidth**2)
    of_fermi = -1j * lead.temperature * weights * kappa
    found = Exponentials(
        np.append(height * filled, of_fermi),
        np.append(height * (1.0 - filled).conj(), -of_fermi.conj()),
        np.append(rate, lead.temperature * poles - 1j * mu),
    )
    return Exponentials(found.weights_plus, found.weights_minus, found.rates, error_of(lead, found))


def error_of(lead: Lead, exponentials: Exponentials) -> float:
    """Largest error of κf and κ(1 − f) beside the largest κ, where either varies."""
    density, mu = lead.density, lead.chemical_potential
    steps = np.sinh(np.linspace(-8.0, 8.0, 801))
    parts = [energy + density.width * steps for energy in density.energies]
    if np.isfinite(mu):
        parts.append(mu + lead.temperature * steps)
    omega = np.concatenate(parts)
    kappa = density.spectral_density(omega)
    off = [
        np.abs(exponentials.occupied(omega) - kappa * lead.occupation(omega)).max(),
        np.abs(exponentials.vacant(omega) - kappa * lead.vacancy(omega)).max(),
    ]
    return float(max(off) / kappa.max())


def _pade_terms(terms: int) -> tuple[np.ndarray, np.ndarray]:
    """ξ_k, ascending, and η_k.

    tanh(y/2)/y is a continued fraction in y², whose convergents are resolvents of a tridiagonal
    matrix.
    """
    odd = 2.0 * np.arange(1, 2 * terms + 1) - 1.0
    off = 1.0 / np.sqrt(odd[:-1] * odd[1:])
    eigenvalue, vectors = np.linalg.eigh(np.diag(off, 1) + np.diag(off, -1))
    positive = eigenvalue[terms:]
    return (2.0 / positive)[::-1], (vectors[0, terms:] ** 2 / positive**2)[::-1]
