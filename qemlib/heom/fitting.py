"""Exponentials fitted to any lead, such as a tabulated one.

C⁺(t) and C⁻(t)* share their exponents e^{−γt}: sampled at times t_k = kτ, both are sums of powers
z^k, z = e^{−γτ}.  The shift from Hankel matrices of them to the next sample, in the space of their
strongest singular vectors, has the eigenvalues z (ESPRIT; Roy and Kailath, IEEE Trans. Acoust.
Speech Signal Process. 37, 984 (1989)).  The weights are then those that fit κf and κ(1 − f) on the
real axis best, by least squares.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qemlib import _checks
from qemlib.devices.device import Lead
from qemlib.errors import ConvergenceError
from qemlib.heom.exponentials import Exponentials

__all__ = ["fit_exponentials"]

_MOST_TERMS = 10
# Samples in time, and energies: so many widths around where κ or f vary, and points on them.
_SAMPLES, _REACH, _POINTS = 240, 40.0, 2**14


def fit_exponentials(lead: Lead, tolerance: float = 1e-2, most: int = 6) -> Exponentials:
    """Exponentials of a lead with any spectral density, as few as reach a tolerance.

    Parameters
    ----------
    lead : Lead
    tolerance : float
        Largest error of κf and κ(1 − f) at any energy, beside the largest κ, from 1e-8 to 0.2.
    most : int
        Most exponentials, up to 10.  The size of a hierarchy grows as a high power of them.

    Returns
    -------
    Exponentials
        `error` is what was reached; `coarser` holds the fit with one exponential less.

    Raises
    ------
    TypeError
        If `lead` is none.
    ValueError
        If an argument is out of range.
    ConvergenceError
        If so many exponentials do not reach the tolerance, as for sharp edges of a band or of a
        cold Fermi function.

    Examples
    --------
    >>> import qemlib as qem
    >>> omega = np.linspace(-6.0, 6.0, 241)
    >>> band = qem.Tabulated(omega, np.exp(-(omega**2)))
    >>> lead = qem.Lead(band, chemical_potential=0.5, temperature=0.5)
    >>> fit = fit_exponentials(lead, tolerance=0.02)
    >>> fit.terms <= 6, fit.error < 0.02
    (True, True)
    """
    _checks.kind("lead", lead, Lead)
    tolerance = _checks.positive("tolerance", tolerance)
    if not 1e-8 <= tolerance <= 0.2:
        raise ValueError(f"tolerance must lie between 1e-8 and 0.2, got {tolerance!r}")
    most = _checks.integer("most", most, 1)
    if most > _MOST_TERMS:
        raise ValueError(f"most must be at most {_MOST_TERMS}, got {most}")
    fit = _Fit(lead)
    best = None
    for terms in range(1, most + 1):
        found = fit.with_terms(terms)
        if found is not None and (best is None or found.error < best.error):
            best = replace(found, coarser=None if best is None else replace(best, coarser=None))
            if best.error < tolerance:
                return best
    raise ConvergenceError(
        f"fit_exponentials: {most} exponentials describe the lead with an error of "
        f"{np.inf if best is None else best.error:.1e} of its largest level width; tolerance = "
        f"{tolerance:.1e} was asked for"
    )


class _Fit:
    """A lead's occupied and vacant level widths, and their correlation functions in time."""

    def __init__(self, lead: Lead) -> None:
        density, mu = lead.density, lead.chemical_potential
        places = [*density.energies, *([mu] if np.isfinite(mu) else [])]
        self._middle = 0.5 * (min(places) + max(places))
        width = min(density.width, np.pi * lead.temperature) if np.isfinite(mu) else density.width
        half = 0.5 * (max(places) - min(places)) + 4.0 * density.width
        # Dense where κ lives, sparse on the way out.
        grid = half * np.sinh(np.linspace(-1.0, 1.0, _POINTS) * np.arcsinh(_REACH))
        self.omega = self._middle + grid
        kappa = density.spectral_density(self.omega)
        self.largest = kappa.max()
        self.parts = kappa * lead.occupation(self.omega), kappa * lead.vacancy(self.omega)
        # Fast enough for the band, long enough for its narrowest part.
        self._step = np.pi / (2.0 * half)
        stride = max(1, int(np.ceil(8.0 / (width * self._step * _SAMPLES))))
        times = self._step * stride * np.arange(_SAMPLES)
        self._step *= stride
        phases = np.exp(1j * np.outer(times, grid)) * np.gradient(grid)
        self._signals = [phases @ part for part in self.parts]

    def with_terms(self, terms: int) -> Exponentials | None:
        """Exponentials of the strongest singular vectors; None if one of them does not decay."""
        half = _SAMPLES // 2
        rows = np.arange(half)[:, None] + np.arange(half)
        hankel = np.hstack([signal[rows] for signal in self._signals])
        vectors = np.linalg.svd(hankel, full_matrices=False)[0][:, :terms]
        shift = np.linalg.lstsq(vectors[:-1], vectors[1:], rcond=None)[0]
        rates = -np.log(np.linalg.eigvals(shift)) / self._step - 1j * self._middle
        if not (np.isfinite(rates).all() and (rates.real > 0).all()):
            return None
        plus, minus = (self._weights(rates, part) for part in self.parts)
        found = Exponentials(plus, minus.conj(), rates)
        off = max(
            np.abs(found.occupied(self.omega) - self.parts[0]).max(),
            np.abs(found.vacant(self.omega) - self.parts[1]).max(),
        )
        return replace(found, error=float(off / self.largest))

    def _weights(self, rates: np.ndarray, part: np.ndarray) -> np.ndarray:
        """η with 2 Re Σ η/(γ + iω) = part, where most of the level width is."""
        functions = 1.0 / (rates + 1j * self.omega[:, None])
        columns = 2.0 * np.hstack([functions.real, -functions.imag])
        root = np.sqrt(np.gradient(self.omega))[:, None]
        real = np.linalg.lstsq(root * columns, root[:, 0] * part, rcond=None)[0]
        return real[: rates.size] + 1j * real[rates.size :]
