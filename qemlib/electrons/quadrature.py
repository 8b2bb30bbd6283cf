"""Integrals over energy by quadrature, for leads of any spectral density.

The integrands are those of Appendix B on the real axis, all as products of |G|² and the level
widths: they stay finite in a gap of the bands.  They vary at the resonances, the bands and the
Fermi edges, and the quadrature is told so.  Energies are counted from the narrowest resonance,
which may be so narrow that ω itself, far from zero, could not resolve it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
from scipy.optimize.elementwise import find_root

from qemlib.devices.device import Device
from qemlib.electrons._axis import integrate
from qemlib.electrons.spectral import Integral, propagation, widths

__all__ = ["Energies", "EnergyQuadrature", "known_accuracy"]

# Two rules on a panel are to agree to this part of the integral; for a density that is not known
# exactly, to a part of its accuracy, but never looser than the last.
_TOLERANCE, _KINKS, _LOOSEST = 1e-13, 0.01, 1e-10
# What an energy is off by, as part of itself and of the resonance that it is counted from.
_BLUR = np.finfo(float).eps
# Resonances are looked for at these distances from a density's energies, in units of its width.
_DISTANCES = np.geomspace(1e-3, 1e3, 61)
_DISTANCES = np.concatenate([-_DISTANCES[::-1], [0.0], _DISTANCES])


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

    def __init__(self, device: Device, level: np.ndarray) -> None:
        self._device = device
        self._level = level

    def weight(self) -> Integral:
        """∫ A dω, which is 2π unless the dot has a bound state outside of the bands."""
        return self._integrate(lambda at: at.propagation * sum(at.widths))

    def occupation(self) -> Integral:
        """∫ A Φ dω."""
        return self._integrate(lambda at: at.propagation * at.filled)

    def current(self) -> Integral:
        """∫ |G|²κ_L κ_R (f_L − f_R) dω."""
        return self._integrate(lambda at: at.propagation * np.prod(at.widths, axis=0) * at.window)

    def damping(self) -> Integral:
        """−½ ∫ A² Φ' dω, where A²Φ' = A Σ_α A_α f'_α + |G|⁴(κ_L'κ_R − κ_Lκ_R')(f_L − f_R)."""
        return self._integrate(lambda at: at.friction + at.pumping)

    def friction(self) -> Integral:
        """−½ ∫ A Σ_α A_α f'_α dω: the part of the damping that is never negative."""
        return self._integrate(lambda at: at.friction)

    def pumping(self) -> Integral:
        """−½ ∫ |G|⁴ (κ_L'κ_R − κ_Lκ_R')(f_L − f_R) dω: the other part, of either sign."""
        return self._integrate(lambda at: at.pumping)

    def diffusion(self) -> Integral:
        """∫ A² Φ(1 − Φ) dω."""
        return self._integrate(lambda at: at.propagation**2 * at.filled * at.vacant)

    def noise_spectrum(self, omega: np.ndarray) -> Integral:
        """∫ A(ν)Φ(ν) A(ν+ω)[1 − Φ(ν+ω)] dν; `omega` like `level`."""

        def integrand(at: Energies, shift: np.ndarray) -> np.ndarray:
            there = Energies(self._device, at.omega + shift, at.detuning + shift)
            return at.propagation * at.filled * there.propagation * there.vacant

        return self._integrate(integrand, shift=omega)

    def _integrate(
        self, integrand: Callable[..., np.ndarray], shift: np.ndarray | None = None
    ) -> Integral:
        """∫ integrand dω; with `shift` it varies near ω and near ω + shift alike."""
        resonance, pull = self._narrowest
        places = self._places
        if shift is not None:
            at, scales = places
            places = (
                np.concatenate((at, at - shift[:, None]), axis=1),
                np.concatenate((scales, scales), axis=1),
            )

        def sample(owner: np.ndarray, energy: np.ndarray, blurred: bool) -> np.ndarray:
            at = resonance[owner][:, None]
            omega = energy + at
            if blurred:
                omega = omega + _BLUR * (np.abs(omega) + np.abs(at))
            more = () if shift is None else (shift[owner][:, None],)
            return integrand(Energies(self._device, omega, energy + pull[owner][:, None]), *more)

        # Kinks smaller than a density's own accuracy are not worth resolving, as long as the result
        # stays smooth in x.
        tolerance = np.clip(_KINKS * known_accuracy(self._device), _TOLERANCE, _LOOSEST)
        return Integral(*integrate(sample, *places, tolerance))

    @cached_property
    def _resonances(self) -> tuple[np.ndarray, np.ndarray]:
        """Where ω = level + Re Σ(ω), and on what scale G varies there; shapes (n, resonances).

        The first one is the narrowest.
        """
        omega, rise = self._rise()
        below = rise <= self._level[:, None]
        row, cell = np.nonzero(below[:, 1:] != below[:, :-1])
        found = find_root(
            lambda w, level: w - self._self_energy(w).real - level,
            (omega[cell], omega[cell + 1]),
            args=(self._level[row],),
        ).x
        slope = sum(lead.density.self_energy_derivative(found) for lead in self._device.leads)
        # A step of Newton's from there to the pole of G; none is further than a band is wide.
        widest = max(lead.density.width for lead in self._device.leads)
        drop, climb = np.abs(self._self_energy(found).imag), np.abs(1.0 - slope)
        width = np.full_like(found, widest)
        width = np.divide(drop, climb, out=width, where=drop < widest * climb)
        order = np.lexsort((width, row))
        row, found, width = row[order], found[order], width[order]
        first = np.searchsorted(row, np.arange(self._level.size))
        # Rows of equal length: what is missing repeats the first.
        number = np.arange(np.bincount(row).max(initial=1))
        counts = np.bincount(row, minlength=self._level.size)
        take = first[:, None] + np.where(number < counts[:, None], number, 0)
        return found[take], width[take]

    def _rise(self) -> tuple[np.ndarray, np.ndarray]:
        """ω − Re Σ(ω) where it is to be looked at: around the bands, and beyond all levels."""
        bands = [
            energy + lead.density.width * _DISTANCES
            for lead in self._device.leads
            for energy in lead.density.energies
        ]
        omega = np.unique(np.concatenate(bands))
        push = np.abs(self._self_energy(omega).real).max() + omega[-1] - omega[0]
        low = min(self._level.min(initial=omega[0]), omega[0]) - push
        high = max(self._level.max(initial=omega[-1]), omega[-1]) + push
        omega = np.concatenate([[low], omega, [high]])
        return omega, omega - self._self_energy(omega).real

    @cached_property
    def _narrowest(self) -> tuple[np.ndarray, np.ndarray]:
        """The narrowest resonance, from which energies count, and its distance from the level."""
        pull = self._self_energy(self._resonances[0][:, 0]).real
        return self._level + pull, pull

    @cached_property
    def _places(self) -> tuple[np.ndarray, np.ndarray]:
        """Where the integrands vary, counted from the resonance, and the scales of it."""
        origin = self._narrowest[0][:, None]
        resonances, breadths = self._resonances
        fixed = []
        for lead in self._device.leads:
            if np.isfinite(lead.chemical_potential):
                fixed.append((lead.chemical_potential, np.pi * lead.temperature))
            fixed += [(energy, lead.density.width) for energy in lead.density.energies]
        places, scales = (
            np.broadcast_to(part, (origin.size, len(fixed))) for part in zip(*fixed, strict=True)
        )
        resonances = resonances - origin
        resonances[:, 0] = 0.0
        places = np.concatenate([resonances, places - origin], axis=1)
        return places, np.concatenate([breadths, scales], axis=1)

    def _self_energy(self, omega: np.ndarray) -> np.ndarray:
        left, right = (lead.density.self_energy(omega) for lead in self._device.leads)
        return left + right


class Energies:
    """What integrands are made of, at energies ω and their distances from the level."""

    def __init__(self, device: Device, omega: np.ndarray, detuning: np.ndarray) -> None:
        self._device = device
        self.omega = omega
        self.detuning = detuning

    @cached_property
    def propagation(self) -> np.ndarray:
        """|G|²."""
        return propagation(self._device, self.omega, self.detuning)

    @cached_property
    def widths(self) -> list[np.ndarray]:
        """κ_L and κ_R."""
        return widths(self._device, self.omega)

    @cached_property
    def self_energies(self) -> list[np.ndarray]:
        """Σ_L and Σ_R, where round-off above the real axis is on it."""
        parts = (lead.density.self_energy(self.omega) for lead in self._device.leads)
        return [part.real - 0.5j * kappa for part, kappa in zip(parts, self.widths, strict=True)]

    @property
    def inverse(self) -> np.ndarray:
        """1/G."""
        return self.detuning - sum(self.self_energies)

    @cached_property
    def fermi(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """f_α and 1 − f_α of each lead, both to full relative precision."""
        pairs = []
        for lead in self._device.leads:
            above = (self.omega - lead.chemical_potential) / lead.temperature
            rare = np.exp(-np.abs(above))
            common = 1.0 / (1.0 + rare)
            rare = rare * common
            pairs.append((np.where(above > 0, rare, common), np.where(above > 0, common, rare)))
        return pairs

    @property
    def filled(self) -> np.ndarray:
        """Σ_α κ_α f_α."""
        return sum(kappa * f for kappa, (f, _) in zip(self.widths, self.fermi, strict=True))

    @property
    def vacant(self) -> np.ndarray:
        """Σ_α κ_α (1 − f_α)."""
        return sum(kappa * hole for kappa, (_, hole) in zip(self.widths, self.fermi, strict=True))

    @property
    def window(self) -> np.ndarray:
        """f_L − f_R = f_L(1 − f_R)[1 − e^{a_L − a_R}], a_α = (ω − μ_α)/T_α: also at tiny bias."""
        left, right = self._device.leads
        (f_left, hole_left), (f_right, hole_right) = self.fermi
        if np.isinf([left.chemical_potential, right.chemical_potential]).any():
            return f_left * hole_right - f_right * hole_left  # a 0 or 1 loses no digits
        gap = self.gap
        towards = np.where(gap < 0, -f_left * hole_right, f_right * hole_left)
        return towards * np.expm1(-np.abs(gap))

    @property
    def gap(self) -> np.ndarray:
        """a_L − a_R, a_α = (ω − μ_α)/T_α."""
        left, right = self._device.leads
        tilt = 1.0 / left.temperature - 1.0 / right.temperature
        lift = self._device.voltage / left.temperature
        return (self.omega - right.chemical_potential) * tilt - lift

    @property
    def friction(self) -> np.ndarray:
        """−½ A Σ_α A_α f'_α."""
        thermal = sum(
            kappa * f * hole / lead.temperature
            for kappa, (f, hole), lead in zip(
                self.widths, self.fermi, self._device.leads, strict=True
            )
        )
        return 0.5 * self.propagation**2 * sum(self.widths) * thermal

    @property
    def pumping(self) -> np.ndarray:
        """−½ |G|⁴ (κ_L'κ_R − κ_Lκ_R')(f_L − f_R)."""
        left, right = self.widths
        slopes = [  # κ = −2 Im Σ
            -2.0 * lead.density.self_energy_derivative(self.omega).imag
            for lead in self._device.leads
        ]
        tilt = slopes[0] * right - left * slopes[1]
        return -0.5 * self.propagation**2 * tilt * self.window


def known_accuracy(device: Device) -> float:
    """Relative accuracy of the less well known of the two densities; 0 where they are exact."""
    return max(getattr(lead.density, "accuracy", 0.0) for lead in device.leads)
