"""The dot's electrons resolved in energy, while the oscillator stands still at x (Appendix B).

Everything that the leads do to the dot follows from two functions of energy.  One is its spectral
function,

    T(ω) = −2 Im G(ω),   G(ω) = 1/[ω − ε + F x − Σ_L(ω) − Σ_R(ω)],   ∫ T dω = 2π.

The other is the distribution that the electrons in it follow: the Fermi functions of the leads,
weighted by their level widths,

    Φ(ω) = [κ_L f_L + κ_R f_R]/(κ_L + κ_R).
"""

from __future__ import annotations

import numpy as np
from scipy.integrate import tanhsinh

from qemlib import _checks
from qemlib.device import Device

__all__ = ["QuadratureError", "distribution", "spectral_function"]

# tanh-sinh doubles its points per level.  Below level 5 its error estimate can be fooled by a
# resonance that falls between points; from there on it is right up to round-off, which is 1e-13 at
# |x| = 300.
_FIRST_LEVEL = 5
_LAST_LEVEL = 11
_RTOL = 1e-12
_ATOL = 1e-15
# A result is refused when its error exceeds this part of the sum of its segments' sizes.
_REFUSED = 1e-8


class QuadratureError(ArithmeticError):
    """An integral over energy did not converge to the accuracy that was asked for."""


def spectral_function(device: Device, x, omega) -> np.ndarray:
    """Spectral function T(ω) = −2 Im G(ω) = |G|²(κ_L + κ_R) of the dot at position x.

    Parameters
    ----------
    device : Device
    x, omega : array_like
        Positions and energies; they broadcast against each other.

    Returns
    -------
    ndarray
        T (1/energy), of the broadcast shape; ∫ T dω/2π = 1.

    Raises
    ------
    ValueError
        If an argument holds anything but finite real numbers, or the shapes do not broadcast.
    """
    x, omega = _checks.broadcast(x=x, omega=omega)
    return spectral(device, omega, device.level - device.force * x)


def distribution(device: Device, omega) -> np.ndarray:
    """Distribution Φ(ω) of the electrons on the dot: the leads' Fermi functions, weighted.

    Parameters
    ----------
    device : Device
    omega : array_like
        Energies.

    Returns
    -------
    ndarray
        Φ in [0, 1], of omega's shape.  It does not depend on x, because x moves the level and not
        the leads.

    Raises
    ------
    ValueError
        If `omega` holds anything but finite real numbers.
    """
    return filling(device, _checks.finite_array("omega", omega))


def spectral(device, omega, level):
    """T(ω) = −2 Im G for the dot at energy `level`."""
    left, right = device.leads
    self_energy = left.density.self_energy(omega) + right.density.self_energy(omega)
    detuning = omega - level - self_energy.real
    return -2.0 * self_energy.imag / (detuning**2 + self_energy.imag**2)


def _shares(device, omega):
    """κ_L/κ and κ_R/κ."""
    left, right = device.leads
    kappa_left = left.density.spectral_density(omega)
    kappa_right = right.density.spectral_density(omega)
    total = kappa_left + kappa_right
    return kappa_left / total, kappa_right / total


def filling(device, omega):
    """Φ(ω)."""
    left, right = device.leads
    share_left, share_right = _shares(device, omega)
    return share_left * left.occupation(omega) + share_right * right.occupation(omega)


def emptiness(device, omega):
    """1 − Φ(ω), without cancellation where Φ is close to 1."""
    left, right = device.leads
    share_left, share_right = _shares(device, omega)
    return share_left * left.vacancy(omega) + share_right * right.vacancy(omega)


def filling_slope(device, omega):
    """Φ'(ω) = Σ_α (κ_α/κ) f'_α + (κ_L/κ)' (f_L − f_R)."""
    left, right = device.leads
    share_left, share_right = _shares(device, omega)
    # κ = −2 Im Σ, so that d ln κ/dω = Im Σ'/Im Σ and (κ_L/κ)' = (κ_L/κ)(κ_R/κ) d ln(κ_L/κ_R)/dω.
    relative = [
        lead.density.self_energy_derivative(omega).imag / lead.density.self_energy(omega).imag
        for lead in (left, right)
    ]
    f_left, f_right = left.occupation(omega), right.occupation(omega)
    # f_L − f_R, without cancellation where both are close to 1
    difference = f_left * right.vacancy(omega) - f_right * left.vacancy(omega)
    thermal = (
        share_left * f_left * left.vacancy(omega) / left.temperature
        + share_right * f_right * right.vacancy(omega) / right.temperature
    )
    return share_left * share_right * (relative[0] - relative[1]) * difference - thermal


def integrate(device, x, integrand, prefactor, name, shift=None):
    """prefactor × ∫ integrand dω at each position, and its error; arrays of x's shape.

    With `shift`, the integrand varies near ω and near ω + shift: both get breakpoints.
    """
    level = (device.level - device.force * x).ravel()
    points = _breakpoints(device, level)
    arguments = [level]
    if shift is not None:
        arguments.append(shift.ravel())
        points = np.sort(np.concatenate([points, points - arguments[-1]]), axis=0)
    infinity = np.full((1, level.size), np.inf)
    edges = np.concatenate([-infinity, points, infinity])
    result = tanhsinh(
        integrand,
        edges[:-1],
        edges[1:],
        args=tuple(arguments),
        rtol=_RTOL,
        atol=_ATOL,
        minlevel=_FIRST_LEVEL,
        maxlevel=_LAST_LEVEL,
    )
    value = result.integral.sum(axis=0)
    error = result.error.sum(axis=0)
    refused = ~(error <= _REFUSED * np.abs(result.integral).sum(axis=0) + _ATOL)
    if refused.any():
        where = x.ravel()[refused][0]
        raise QuadratureError(
            f"{name}: the integral over energy at x = {where:.6g} has an estimated error of "
            f"{error[refused][0]:.2e} on {value[refused][0]:.6e}"
        )
    return prefactor * value.reshape(x.shape), abs(prefactor) * error.reshape(x.shape)


def _breakpoints(device, level):
    """Energies at which the integrands bend, for each position: sorted along the first axis."""
    left, right = device.leads
    resonance = level
    for _ in range(4):  # a narrow resonance sits where ω = level + Re Σ(ω)
        resonance = level + (
            left.density.self_energy(resonance).real + right.density.self_energy(resonance).real
        )
    fixed = [
        energy
        for lead in device.leads
        for energy in (lead.chemical_potential, *lead.density.energies)
    ]
    points = [resonance] + [np.full_like(level, energy) for energy in fixed]
    return np.sort(np.stack(points), axis=0)
