"""Integrals over energy by quadrature, for leads of any spectral density.

The integrands are those of Appendix B on the real axis, all as products of |G|² and the level
widths: they stay finite in a gap of the bands.  SciPy's tanh-sinh rule works between breakpoints
that follow the resonance, the bands and the Fermi edges.  Energies are counted from the resonance,
which may be so narrow that ω itself, far from zero, could not resolve it.
"""

from __future__ import annotations

import numpy as np
from scipy.integrate import tanhsinh

from qemlib.spectral import Integral, filled, propagation, vacant

__all__ = ["EnergyQuadrature", "QuadratureError", "known_accuracy"]

# tanh-sinh doubles its points per level.  Below level 6 its error estimate can be fooled by a
# resonance that falls between points: by 1e-10 where it claimed 1e-13.
_FIRST_LEVEL = 6
_LAST_LEVEL = 11
_RTOL, _LOOSEST = 1e-12, 1e-10
_KINKS = 0.01
_ATOL = 1e-15
# Breakpoints at less than this part of their energy are one.
_TOGETHER = 1e-12
# What the estimate misses on the narrowest resonances, as part of the integral.
_FLOOR = 2e-13
# Levels integrated in one go: more would only wait for memory.
_AT_ONCE = 128


class QuadratureError(ArithmeticError):
    """An integral over energy did not converge to the accuracy that was asked for."""


class EnergyQuadrature:
    """The integrals of Appendix B for a device with any leads, at many levels at once.

    Each method returns an `Integral` of arrays of the shape of `level`; whether its error is small
    enough is for the caller to say.

    Parameters
    ----------
    device : Device
    level : ndarray, shape (n,)
        Energies ε − F x of the dot.
    """

    def __init__(self, device, level):
        self._device = device
        self._level = level

    def weight(self):
        """∫ A dω, which is 2π unless the dot has a bound state outside of the bands."""

        def integrand(omega, detuning):
            left, right = self._widths(omega)
            return propagation(self._device, omega, detuning) * (left + right)

        return self._integrate(integrand)

    def occupation(self):
        """∫ A Φ dω."""

        def integrand(omega, detuning):
            return propagation(self._device, omega, detuning) * filled(self._device, omega)

        return self._integrate(integrand)

    def current(self):
        """∫ |G|²κ_L κ_R (f_L − f_R) dω."""

        def integrand(omega, detuning):
            left, right = self._widths(omega)
            return propagation(self._device, omega, detuning) * left * right * self._window(omega)

        return self._integrate(integrand)

    def damping(self):
        """−½ ∫ A² Φ' dω, where A²Φ' = A Σ_α A_α f'_α + |G|⁴(κ_L'κ_R − κ_Lκ_R')(f_L − f_R)."""
        return self.friction() + self.pumping()

    def friction(self):
        """−½ ∫ A Σ_α A_α f'_α dω: the part of the damping that is never negative."""

        def integrand(omega, detuning):
            kappa = self._widths(omega)
            thermal = sum(
                width * lead.occupation(omega) * lead.vacancy(omega) / lead.temperature
                for width, lead in zip(kappa, self._device.leads, strict=True)
            )
            return 0.5 * propagation(self._device, omega, detuning) ** 2 * sum(kappa) * thermal

        return self._integrate(integrand)

    def pumping(self):
        """−½ ∫ |G|⁴ (κ_L'κ_R − κ_Lκ_R')(f_L − f_R) dω: the other part, of either sign."""

        def integrand(omega, detuning):
            left, right = self._widths(omega)
            slopes = [  # κ = −2 Im Σ
                -2.0 * lead.density.self_energy_derivative(omega).imag
                for lead in self._device.leads
            ]
            tilt = slopes[0] * right - left * slopes[1]
            weight = propagation(self._device, omega, detuning) ** 2
            return -0.5 * weight * tilt * self._window(omega)

        return self._integrate(integrand)

    def diffusion(self):
        """∫ A² Φ(1 − Φ) dω."""

        def integrand(omega, detuning):
            weight = propagation(self._device, omega, detuning) ** 2
            return weight * filled(self._device, omega) * vacant(self._device, omega)

        return self._integrate(integrand)

    def noise_spectrum(self, omega):
        """∫ A(ν)Φ(ν) A(ν+ω)[1 − Φ(ν+ω)] dν; `omega` like `level`."""

        def integrand(nu, detuning, shift):
            start = propagation(self._device, nu, detuning) * filled(self._device, nu)
            there = nu + shift
            end = propagation(self._device, there, detuning + shift) * vacant(self._device, there)
            return start * end

        return self._integrate(integrand, shift=omega)

    def _widths(self, omega):
        left, right = self._device.leads
        return left.density.spectral_density(omega), right.density.spectral_density(omega)

    def _window(self, omega):
        """f_L − f_R = f_L(1 − f_R)[1 − e^{a_L − a_R}], a_α = (ω − μ_α)/T_α: also at tiny bias."""
        left, right = self._device.leads
        tilt = 1.0 / left.temperature - 1.0 / right.temperature
        gap = (omega - right.chemical_potential) * tilt - self._device.voltage / left.temperature
        forward = left.occupation(omega) * right.vacancy(omega)
        backward = right.occupation(omega) * left.vacancy(omega)
        return np.where(gap < 0, -forward, backward) * np.expm1(-np.abs(gap))

    def _integrate(self, integrand, shift=None):
        """∫ integrand(ω, ω − level) dω; with `shift` it varies near ω and near ω + shift alike."""
        resonance, pull = self._resonance()
        points = self._breakpoints(resonance)
        arguments = [resonance, pull]
        if shift is not None:
            arguments.append(shift)
            points = np.concatenate([points, points - shift])
        points = _apart(np.sort(points, axis=0), np.abs(resonance))
        infinity = np.full((1, resonance.size), np.inf)
        edges = np.concatenate([-infinity, points, infinity])

        def from_resonance(energy, resonance, pull, *shift):
            return integrand(energy + resonance, energy + pull, *shift)

        # Kinks smaller than a density's own accuracy are not worth resolving, as long as the result
        # stays smooth in x.
        tolerance = np.clip(_KINKS * known_accuracy(self._device), _RTOL, _LOOSEST)
        value, error, size = np.empty((3, resonance.size))
        for start in range(0, resonance.size, _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            result = tanhsinh(
                from_resonance,
                edges[:-1, part],
                edges[1:, part],
                args=tuple(argument[part] for argument in arguments),
                rtol=tolerance,
                atol=_ATOL,
                minlevel=_FIRST_LEVEL,
                maxlevel=_LAST_LEVEL,
            )
            value[part] = result.integral.sum(axis=0)
            size[part] = np.abs(result.integral).sum(axis=0)
            error[part] = result.error.sum(axis=0) + _FLOOR * size[part]
        return Integral(value, np.nan_to_num(error, nan=np.inf), size)

    def _resonance(self):
        """Where ω = level + Re Σ(ω), as for a narrow resonance; and its distance from the level."""
        pull = np.zeros_like(self._level)
        for _ in range(4):
            pull = sum(
                lead.density.self_energy(self._level + pull).real for lead in self._device.leads
            )
        resonance = self._level + pull
        return resonance, resonance - self._level

    def _breakpoints(self, resonance):
        """Energies at which the integrands bend, counted from the resonance."""
        fixed = [
            energy
            for lead in self._device.leads
            for energy in (lead.chemical_potential, *lead.density.energies)
        ]
        points = [np.zeros_like(resonance)] + [energy - resonance for energy in fixed]
        return np.stack(points)


def _apart(points, scale):
    """Let sorted points that all but coincide do so: tanh-sinh fails between them."""
    points = points.copy()
    for i in range(1, len(points)):
        gap = points[i] - points[i - 1]
        together = gap <= _TOGETHER * (np.abs(points[i]) + scale)
        points[i] = np.where(together, points[i - 1], points[i])
    return points


def known_accuracy(device):
    """Relative accuracy of the less well known of the two densities; 0 where they are exact."""
    return max(getattr(lead.density, "accuracy", 0.0) for lead in device.leads)
