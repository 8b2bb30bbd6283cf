"""Appendix B up to (B16), and (B24): one electron between dot and leads.

A Lorentzian lead acts on the dot as one damped mode does.  That model is solved in time, and tests
what Appendix B writes in frequency.  ħ = e = k_B = 1.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from scipy.integrate import quad, quad_vec

from qemlib.devices.densities import Lorentzian
from qemlib.devices.device import Device, Lead, Oscillator, paper_device
from qemlib.electrons.coefficients import occupation
from qemlib.electrons.time_scales import adiabaticity
from qemlib.paper.checks.rows import Residuals, relative

__all__ = [
    "POSITION",
    "four_operators",
    "half_filling",
    "lead_noise",
    "level_width_matters",
    "noise_operator",
    "occupation_in_energy",
    "occupation_integral",
    "propagation",
    "resolvent",
    "self_energy",
    "self_energy_of_lorentzian",
    "unequal_device",
]

# A position at which the level is off the middle of both bands.
POSITION = -1.5
_BANDS = (Lorentzian(0.5, 1.0, 2.0), Lorentzian(-0.3, 1.3, 1.5))
_FILLINGS = ((1.0, 0.8), (-1.0, 3.0))  # chemical potential and temperature


@lru_cache
def unequal_device() -> Device:
    """A device without any symmetry: leads of different bands and temperatures.

    Examples
    --------
    >>> device = unequal_device()
    >>> device.left.temperature == device.right.temperature
    False
    """
    return _scaled(1.0)


@lru_cache
def propagation() -> Residuals:
    """(B7): the dot's answer in time, transformed, against G and against iG.

    ĉ(t) = ∫ u(t−t') ζ(t') dt' with u(t) the amplitude by which an electron stays on the dot.
    """
    omega = np.array([-1.3, 0.2, 0.9])
    energy, modes = np.linalg.eig(_damped_modes())
    amplitude = modes[0] * np.linalg.inv(modes)[:, 0]

    def answer(t: float) -> np.ndarray:
        return np.exp(1j * omega * t) * (amplitude @ np.exp(-1j * energy * t))

    found = quad_vec(answer, 0.0, 60.0, epsabs=1e-13, epsrel=1e-13)[0]
    green = _green(omega)
    return Residuals(relative(green, found), relative(1j * green, found))


def resolvent() -> Residuals:
    """(B8) against the dot's element of the resolvent, with a damped mode for each lead."""
    omega = np.linspace(-4, 4, 41)
    h = _damped_modes()
    exact = [np.linalg.inv(w * np.eye(3) - h)[0, 0] for w in omega]
    return Residuals(relative(_green(omega), exact))


def self_energy() -> Residuals:
    """(B9): principal value and level width against −i∫_0^∞ dt e^{iωt} χ(t) of (B5)."""
    band = _BANDS[0]
    far = 400.0 * band.width
    printed, exact = [], []
    for w in (-1.1, 0.5, 1.4):

        def width(e: float) -> float:
            return float(band.spectral_density(np.asarray(e))) / (2 * np.pi)

        near = quad(width, w - far, w + far, weight="cauchy", wvar=w, epsabs=1e-12, limit=2000)
        # Beyond, κ falls as ω⁻²; what is left is integrated in 1/ω.
        tails = sum(
            quad(lambda s, w=w, side=side: -side * width(w + side / s) / s, 0, 1 / far)[0]
            for side in (1, -1)
        )
        printed.append(-near[0] + tails - 0.5j * band.spectral_density(np.asarray(w)))
        # χ(t) = (Γδ/2) e^{−i(ω_α − iδ)t}, integrated in time.
        decay = quad_vec(
            lambda t, w=w: np.exp(1j * (w - band.center) * t - band.bandwidth * t), 0, 40
        )[0]
        exact.append(-1j * 0.5 * band.rate * band.bandwidth * decay)
    return Residuals(relative(printed, exact))


def noise_operator() -> Residuals:
    """(B10): the factor of δ(ω−Ω)d̂ in the transform of (B6), from wave trains of finite length."""
    length, mode = 20.0, 0.7
    t = np.linspace(-12 * length, 12 * length, 6001)
    omega = mode + np.linspace(-10, 10, 161) / length
    train = -1j * np.exp(-1j * mode * t - 0.5 * (t / length) ** 2)
    transform = np.exp(1j * np.outer(omega, t)) @ train * (t[1] - t[0]) / np.sqrt(2 * np.pi)
    area = transform.sum() * (omega[1] - omega[0])
    return Residuals(*(relative(f, area) for f in (-np.sqrt(2j * np.pi), -1j * np.sqrt(2 * np.pi))))


def lead_noise() -> Residuals:
    """(B11), smeared with a wave packet, against the sum over the modes of (B6) and (B10)."""
    lead = unequal_device().left
    spacing = 0.02
    omega = spacing * (np.arange(-1500, 1500) + 0.5)
    coupling = lead.density.spectral_density(omega) * spacing / (2 * np.pi)  # g²

    def packet(w: Any) -> Any:
        return np.exp(-((w - 0.3) ** 2) / 2)

    modes = 2 * np.pi * (coupling * lead.occupation(omega) * packet(omega) ** 2).sum()

    def spectrum(w: float) -> float:
        return (
            float(lead.density.spectral_density(np.asarray(w)) * lead.occupation(w))
            * packet(w) ** 2
        )

    return Residuals(relative(quad(spectrum, -12, 12, epsabs=1e-14, limit=400)[0], modes))


def occupation_in_energy() -> Residuals:
    """(B12): ⟨c†c⟩ = ∫∫ dω dω' ⟨c†(ω)c(ω')⟩/2π must not change if all energies are doubled."""
    filled = [_filling(s) for s in (1.0, 2.0)]
    # Without δ(ω−ω') the second integral is just the width of its range, which doubles as well.
    box = [50.0 * s * f for s, f in zip((1.0, 2.0), filled, strict=True)]
    return Residuals(abs(box[1] / box[0] - 1), abs(filled[1] / filled[0] - 1))


def occupation_integral() -> Residuals:
    """(B13): the same test, of the summand as it stands and of its integral."""
    summand = [float(_filled(_scaled(s), s * 0.3)) for s in (1.0, 2.0)]
    integral = [_filling(s) for s in (1.0, 2.0)]
    exact = float(occupation(_scaled(1.0), 0.0))
    return Residuals(
        abs(summand[1] / summand[0] - 1),
        max(abs(integral[1] / integral[0] - 1), abs(integral[0] / exact - 1)),
    )


def four_operators() -> Residuals:
    """(B16): with c̃ = iGζ̃ the four factors i cancel."""
    g = 1j * _green(np.array([-0.4, 0.3, 0.9, -1.2]))
    factors = g[0].conj() * g[1] * g[2].conj() * g[3]
    plain = _green(np.array([-0.4, 0.3, 0.9, -1.2]))
    return Residuals(relative(plain[0].conj() * plain[1] * plain[2].conj() * plain[3], factors))


def half_filling() -> Residuals:
    """After (B13): N0 − 1/2 for the parameters considered, at several centred voltages."""
    found = [float(occupation(paper_device(voltage), 0.0)) for voltage in (0.0, 6.0, 16.0)]
    return Residuals(max(abs(each - 0.5) for each in found))


def self_energy_of_lorentzian() -> Residuals:
    """(B24) against −i∫_0^∞ dt e^{iωt} χ(t), in closed form the single pole."""
    band = _BANDS[1]
    omega = np.linspace(-5, 5, 31)
    off = omega - band.center
    weight = band.rate * band.bandwidth / (2 * (off**2 + band.bandwidth**2))
    return Residuals(relative(weight * off - 1j * weight * band.bandwidth, band.self_energy(omega)))


def level_width_matters() -> Residuals:
    """(5): angle by which the oscillator turns while the charge forgets, T and Γ ≥ 100 ω0.

    With bands as narrow as ω0, and with bands that are wide, too.
    """
    angles = []
    for width in (0.2, 20.0):
        left, right = (Lead(Lorentzian(c, width, 20.0), 0.0, 20.0) for c in (0.5, -0.5))
        device = Device(Oscillator(0.2), left, right, coupling=0.1)
        angles.append(float(adiabaticity(device, 0.0).memory_phase))
    return Residuals(*angles)


def _damped_modes() -> np.ndarray:
    """Dot and one damped mode for each Lorentzian lead: their effective Hamiltonian."""
    device = unequal_device()
    h = np.diag([device.level - device.force * POSITION, 0.0, 0.0]).astype(complex)
    for k, band in enumerate(_BANDS, start=1):
        h[k, k] = band.center - 1j * band.bandwidth
        h[0, k] = h[k, 0] = np.sqrt(0.5 * band.rate * band.bandwidth)
    return h


def _green(omega: np.ndarray) -> np.ndarray:
    """G(ω) by (B8) and (B24)."""
    device = unequal_device()
    sigma = sum(lead.density.self_energy(omega) for lead in device.leads)
    return 1 / (omega - device.level + device.force * POSITION - sigma)


def _scaled(factor: float) -> Device:
    """The device with every energy multiplied by `factor`."""
    left, right = (
        Lead(
            Lorentzian(factor * band.center, factor * band.bandwidth, factor * band.rate),
            factor * potential,
            factor * temperature,
        )
        for band, (potential, temperature) in zip(_BANDS, _FILLINGS, strict=True)
    )
    return Device(
        Oscillator(factor * 0.2, 1.4),
        left,
        right,
        coupling=factor * 0.1,
        level=factor * -0.2,
    )


def _filled(device: Device, omega: Any) -> Any:
    """Σ_α |G|²κ_αf_α at x = 0."""
    sigma = sum(lead.density.self_energy(omega) for lead in device.leads)
    spectral = np.abs(1 / (omega - device.level - sigma)) ** 2
    return spectral * sum(
        lead.density.spectral_density(omega) * lead.occupation(omega) for lead in device.leads
    )


def _filling(factor: float) -> float:
    device = _scaled(factor)
    whole = quad(lambda w: float(_filled(device, w)), -np.inf, np.inf, epsabs=1e-13, limit=500)
    return whole[0] / (2 * np.pi)
