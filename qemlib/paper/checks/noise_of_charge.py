"""Appendix B from (B19) on, and Eqs. (7) and (8): the noise of the charge between real leads.

The integrals over energy are compared with a few hundred discrete modes that evolve in time
(`qemlib.witness.modes`), which know nothing of Green functions.  ħ = e = k_B = 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from scipy.integrate import quad_vec
from scipy.optimize import brentq

from qemlib import _checks
from qemlib.devices.densities import Lorentzian
from qemlib.devices.device import Device, Lead, paper_device
from qemlib.electrons.coefficients import noise_spectrum, occupation
from qemlib.paper.checks.electrons_in_energy import POSITION, unequal_device
from qemlib.paper.checks.rows import Residuals, relative
from qemlib.studies.thresholds import damping_threshold
from qemlib.witness.modes import ChargeInTime, charge_in_time

__all__ = [
    "bending_and_lasing",
    "charge",
    "correlation",
    "damping_integral",
    "diffusion_integral",
    "equal_time_variance",
    "slope_and_height",
    "spectrum",
    "spectrum_by_definition",
    "voltages_of_bending_and_lasing",
]


@lru_cache
def charge() -> ChargeInTime:
    """The charge of the unequal device in time.

    Examples
    --------
    >>> round(charge().occupation, 6)
    0.551501
    """
    return charge_in_time(unequal_device(), POSITION)


def equal_time_variance() -> Residuals:
    """(B19) at equal times: ⟨n²⟩ − ⟨n⟩² = ⟨n⟩(1 − ⟨n⟩), for the charge is 0 or 1.

    The printed δ(ω+ν')δ(ω'+ν) pairs G*(ω) with G(−ω), the corrected one with G(ω).
    """
    n = float(occupation(unequal_device(), POSITION))
    variance = n * (1 - n)
    filled, empty = _over_energy(lambda w: np.array(_filled_and_empty(w)))
    crossed = _over_energy(lambda w: np.array(_crossed(w)))
    return Residuals(
        relative(crossed[0] * crossed[1].conj(), variance), relative(filled * empty, variance)
    )


def correlation() -> Residuals:
    """(B20), with e^{−iωt} as printed and with e^{+iωt}, against C(t) of the discrete modes."""
    late = slice(0, 60, 6)
    t, exact = charge().times[late], charge().correlation[late]

    def transformed(w: float) -> np.ndarray:
        filled, empty = _filled_and_empty(w)
        return np.array([filled * np.exp(1j * w * t), empty * np.exp(-1j * w * t)])

    particle, hole = _over_energy(transformed)
    found = particle * hole
    return Residuals(relative(found.conj(), exact), relative(found, exact))


def spectrum() -> Residuals:
    """(B21), as printed and with the two energies exchanged, against the modes in time."""
    omega = np.array([-1.5, -0.4, 0.4, 1.5])
    exact = charge().noise_spectrum(omega)

    def exchanged(sign: int) -> np.ndarray:
        """F² ∫ dν/2π h(ν + sω) g(ν + (1−s)ω): (B21) for s = 1, corrected for s = 0."""

        def product(w: float) -> np.ndarray:
            return (
                _filled_and_empty(w + sign * omega)[0]
                * _filled_and_empty(w + (1 - sign) * omega)[1]
            )

        return unequal_device().force ** 2 * _over_energy(product)

    ours = relative(noise_spectrum(unequal_device(), POSITION, omega), exact)
    return Residuals(relative(exchanged(1), exact), max(relative(exchanged(0), exact), ours))


def diffusion_integral() -> Residuals:
    """(B22) against (A18) in time."""
    whole = _over_energy(lambda w: np.prod(_filled_and_empty(w)))
    return Residuals(relative(unequal_device().force ** 2 * whole, charge().diffusion))


def damping_integral() -> Residuals:
    """(B23), with the derivative by Cauchy's integral, against (A23) in time."""
    circle = 0.2 * np.exp(2j * np.pi * (np.arange(16) + 0.5) / 16)

    def product(w: float) -> np.ndarray:
        slope = (_empty_off_axis(w + circle) / circle).mean().real
        return _filled_and_empty(w)[0] * slope

    device = unequal_device()
    found = device.force**2 / device.oscillator.mass * _over_energy(product)
    return Residuals(relative(found, charge().damping))


def slope_and_height() -> Residuals:
    """(7): D and γ of (A18) and (A23) in time against S_x(0) and its slope by differences."""
    device, step = unequal_device(), 1e-3
    points = step * np.array([-2, -1, 0, 1, 2])
    s = noise_spectrum(device, POSITION, points)
    slope = (s[0] - 8 * s[1] + 8 * s[3] - s[4]) / (12 * step)
    return Residuals(
        max(
            relative(s[2], charge().diffusion),
            relative(slope / device.oscillator.mass, charge().damping),
        )
    )


def spectrum_by_definition() -> Residuals:
    """(8) in time against the closed form, in and out of equilibrium."""
    omega = np.array([-1.5, -0.4, 0.4, 1.5])
    found = charge().noise_spectrum(omega)
    return Residuals(relative(found, noise_spectrum(unequal_device(), POSITION, omega)))


def bending_and_lasing() -> Residuals:
    """Fig. 5: distance of the two voltages, in units of the second: as printed, and for small Γ."""
    residuals = []
    for rate in (2.0, 0.002):
        bends, lases = voltages_of_bending_and_lasing(rate)
        residuals.append(abs(lases - bends) / lases)
    return Residuals(*residuals)


def voltages_of_bending_and_lasing(rate: float) -> tuple[float, float]:
    """V at which ⟨n⟩_x starts to bend at x = 0, and V at which γ(0) changes its sign.

    Parameters
    ----------
    rate : float
        Γ of both leads, from 0.001 to 2; all else as in the paper, T = 2.

    Examples
    --------
    At Γ = T the occupation bends first; at half of it friction turns negative first:

    >>> for rate in (2.0, 1.0):
    ...     bends, lases = voltages_of_bending_and_lasing(rate)
    ...     print(round(bends, 3), round(lases, 3))
    6.221 8.463
    4.261 4.178
    """

    def device(voltage: float) -> Device:
        whole = paper_device(voltage)
        left, right = (
            replace(lead, density=replace(_lorentzian(lead), rate=rate)) for lead in whole.leads
        )
        return replace(whole, left=left, right=right)

    def bend(voltage: float) -> float:
        right, left = occupation(device(voltage), np.array([0.05, -0.05]))
        return right - left

    return brentq(bend, 1.0, 12.0), damping_threshold(device(0.0), (1.0, 12.0)).voltage


def _lorentzian(lead: Lead) -> Lorentzian:
    return _checks.kind("density", lead.density, Lorentzian)


def _green(omega: Any) -> np.ndarray:
    device = unequal_device()
    sigma = sum(lead.density.self_energy(omega) for lead in device.leads)
    return 1 / (omega - device.level + device.force * POSITION - sigma)


def _widths(omega: Any) -> tuple[np.ndarray, np.ndarray]:
    """Σ_α κ_αf_α and Σ_α κ_α(1 − f_α)."""
    leads = unequal_device().leads
    kappa = [lead.density.spectral_density(omega) for lead in leads]
    f = [lead.occupation(omega) for lead in leads]
    filled = sum(k * each for k, each in zip(kappa, f, strict=True))
    return filled, sum(kappa) - filled


def _filled_and_empty(omega: Any) -> tuple[np.ndarray, ...]:
    """h = Σ_α Aκ_αf_α and g = Σ_α Aκ_α(1 − f_α)."""
    spectral = np.abs(_green(omega)) ** 2
    return tuple(spectral * width for width in _widths(omega))


def _crossed(omega: Any) -> tuple[np.ndarray, ...]:
    """The same with G*(ω)G(−ω) in place of |G(ω)|²."""
    crossed = np.conj(_green(omega)) * _green(-omega)
    return tuple(crossed * width for width in _widths(omega))


def _empty_off_axis(z: np.ndarray) -> np.ndarray:
    """g(ω) continued to complex ω, from its poles."""
    device = unequal_device()
    total, sigma, sigma_bar = (np.zeros_like(z) for _ in range(3))
    for lead in device.leads:
        band = _lorentzian(lead)
        pole = 0.5 * band.rate * band.bandwidth
        sigma = sigma + pole / (z - band.center + 1j * band.bandwidth)
        sigma_bar = sigma_bar + pole / (z - band.center - 1j * band.bandwidth)
        width = 2 * pole * band.bandwidth / ((z - band.center) ** 2 + band.bandwidth**2)
        filling = 0.5 - 0.5 * np.tanh((z - lead.chemical_potential) / (2 * lead.temperature))
        total = total + width * (1 - filling)
    detuning = z - device.level + device.force * POSITION
    return total / ((detuning - sigma) * (detuning - sigma_bar))


def _over_energy(function: Callable[[Any], np.ndarray]) -> np.ndarray:
    """∫ dω/2π of an array-valued function of one energy."""
    whole = quad_vec(function, -np.inf, np.inf, epsabs=1e-12, epsrel=1e-12, limit=2000)
    return whole[0] / (2 * np.pi)
