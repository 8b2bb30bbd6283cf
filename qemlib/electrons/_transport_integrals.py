"""The integrals of transport: heat, entropy and the noise of the currents, in both ways.

With 𝒯 = |G|²κ_Lκ_R, the part of the electrons that gets through, and primes on what is taken at
E + ω, a spectrum of currents is

    S_αβ = ∫ (dE/2π) Σ_γδ κ_γ f_γ κ'_δ (1 − f'_δ) |GG'|² m^α_γδ (m^β_γδ)*.

An electron of lead γ with energy E ends up in a hole of lead δ with energy E + ω, and m^α, times
G*G', is the matrix element of the current from α between the two waves.  With
Δ_α = Σ_α(E + ω) − Σ_α*(E) it is, for α ≠ γ the lead on the other side,

    m^α_αα = ω − Δ_γ,   m^α_αγ = Δ_α − 1/G*,   m^α_γα = Δ_α + 1/G',   m^α_γγ = Δ_α.

Those of both leads add up to ω, that is to what the charge of the dot does.

Between Lorentzian leads let z_α, g_α = Γ_αδ_α/2 and P be those of `qemlib.electrons.residues`.
Each κ_γκ'_δ|GG'|² m^α (m^β)* is then a_γ a_δ n^α n̄^β/(P P̄ P' P̄'), a_α = Γ_αδ_α²: poles of the bands
cancel.  For an electron and a hole of the same lead, γ being the other one,

    n^γ = −g_γ(ω + 2iδ_γ),   n^α + n^γ = ω(E' − z_γ)(E − z̄_γ),

and for an electron of α and a hole of γ

    n^α = g_α(E − z̄_γ) − (E' − z_α)[(E − ε)(E − z̄_γ) − g_γ],
    n^α + n^γ = ω(E' − z_α)(E − z̄_γ).

n̄ has the conjugate coefficients.  Values at the poles w_j and w_j − ω, which may merge, give the
integrals as for the noise of the charge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from qemlib.electrons._two_points import Polynomial
from qemlib.electrons.quadrature import Energies, EnergyQuadrature
from qemlib.electrons.residues import POLES_MAY_COINCIDE, ResidueSums, x_coth
from qemlib.electrons.spectral import Integral

__all__ = ["TransportQuadrature", "TransportSums"]


# Of the elements of the currents from the left and from the right.
_Product = Callable[[np.ndarray, np.ndarray], np.ndarray]


# n^L, n^R and their conjugates to what is to be integrated.
_Combination = Callable[[Polynomial, Polynomial, Polynomial, Polynomial], Polynomial]


class TransportSums(ResidueSums):
    """In closed form, for two Lorentzian leads."""

    @POLES_MAY_COINCIDE
    def heat_from_left(self) -> Integral:
        """∫ 𝒯 (ω − μ_L)(f_L − f_R) dω."""
        return self._weighted(self._poles - self._leads[0].chemical_potential, 2)

    @POLES_MAY_COINCIDE
    def heat_from_right(self) -> Integral:
        """∫ 𝒯 (ω − μ_R)(f_R − f_L) dω."""
        return self._weighted(self._leads[1].chemical_potential - self._poles, 2)

    @POLES_MAY_COINCIDE
    def entropy(self) -> Integral:
        """∫ 𝒯 (f_L − f_R)[(ω − μ_R)/T_R − (ω − μ_L)/T_L] dω."""
        left, right = self._leads
        if self._same_temperature:
            return self._weighted(np.full_like(self._poles, self._bias / left.temperature), 1)
        filled, empty = (
            (self._poles - lead.chemical_potential) / lead.temperature for lead in (right, left)
        )
        return self._weighted(filled - empty, 1)

    @POLES_MAY_COINCIDE
    def shot_noise(self) -> Integral:
        """∫ {𝒯² Σ_α f_α(1 − f_α) + 𝒯(1 − 𝒯)[f_L(1 − f_R) + f_R(1 − f_L)]} dω at one temperature.

        As in `diffusion`, f(1 − f) = −T f', and the bracket is coth(V/2T)(f_L − f_R).
        """
        temperature = self._leads[0].temperature
        through = self._weights[0] * self._weights[1]
        r1 = self._simple(np.full_like(self._poles, through))
        s1, s2, size = self._double(np.full_like(self._poles, through**2), 0.0 * self._poles)
        terms = []
        for lead in (0, 1):
            thermal = -temperature * s1, -temperature * s2, temperature * size
            terms += self._thermal_terms(lead, thermal)
        factor = -1j / np.pi * x_coth(0.5 * self._bias / temperature)
        terms += self._bias_terms((r1 - s1, -s2, np.abs(r1) + size), factor)
        return self._total(terms, 1)

    def noise_of_left(self, omega: np.ndarray) -> Integral:
        """2π S_LL(ω) at one temperature; `omega` like `level`."""
        return self._noise(omega, lambda left, _right, left_bar, _right_bar: left.times(left_bar))

    def noise_of_right(self, omega: np.ndarray) -> Integral:
        """2π S_RR(ω)."""
        return self._noise(omega, lambda _left, right, _left_bar, right_bar: right.times(right_bar))

    def cross_in_phase(self, omega: np.ndarray) -> Integral:
        """2π Re S_LR(ω)."""
        return self._noise(
            omega,
            lambda left, right, left_bar, right_bar: (
                left.times(right_bar).plus(left_bar.times(right)).scaled(0.5)
            ),
        )

    def noise_in_quadrature(self, omega: np.ndarray) -> Integral:
        """2π(S_LL + S_RR + 2 Im S_LR), that of I_L + iI_R."""
        return self._noise(
            omega,
            lambda left, right, left_bar, right_bar: left.plus(right.scaled(1j)).times(
                left_bar.plus(right_bar.scaled(-1j))
            ),
        )

    @POLES_MAY_COINCIDE
    def _noise(self, omega: np.ndarray, combination: _Combination) -> Integral:
        omega = omega / self._unit
        common = Polynomial.of(self._noise_denominator(omega))

        def rational(first: int, second: int) -> Polynomial:
            elements = (self._elements(first, second, omega, sign) for sign in (1, -1))
            (left, right), (left_bar, right_bar) = elements
            weight = self._weights[first] * self._weights[second]
            return common.times(combination(left, right, left_bar, right_bar)).scaled(weight)

        return self._convolution(omega, rational, 1)

    def _elements(self, source: int, drain: int, omega: np.ndarray, sign: int) -> list[Polynomial]:
        """n^L and n^R for an electron of one lead and a hole of another; for −1, conjugate."""
        w, other = self._poles, 1 - source
        # What n^source and n^other add up to has z of the lead that is not the drain.
        z = [band.center - 1j * sign * band.bandwidth for band in self._bands]
        g = [0.5 * band.rate * band.bandwidth for band in self._bands]
        above = Polynomial.line(w + omega - z[1 - drain], w - z[1 - drain])
        below = Polynomial.line(w - np.conj(z[other]), w - omega - np.conj(z[other]))
        total = above.times(below).scaled(omega)
        if source == drain:
            lost = -g[other] * (omega + 2j * sign * self._bands[other].bandwidth)
            theirs = total.scaled(0.0).shifted(lost)
            mine = total.shifted(-lost)
        else:
            level = Polynomial.line(w - self._level, w - omega - self._level)
            inner = level.times(below).shifted(-g[other])
            mine = below.scaled(g[source]).plus(above.times(inner).scaled(-1.0))
            theirs = total.plus(mine.scaled(-1.0))
        return [mine, theirs] if source == 0 else [theirs, mine]

    def _weighted(self, weight: np.ndarray, power: int) -> Integral:
        """∫ 𝒯 weight (f_L − f_R) dω."""
        r1 = self._simple(self._weights[0] * self._weights[1] * weight)
        principal = r1, np.zeros_like(r1), np.abs(r1)
        return self._total(self._bias_terms(principal, self._gap), power)


class TransportQuadrature(EnergyQuadrature):
    """By quadrature, for any leads."""

    def heat_from_left(self) -> Integral:
        """∫ 𝒯 (ω − μ_L)(f_L − f_R) dω."""
        mu = self._device.left.chemical_potential
        return self._integrate(lambda at: _through(at) * (at.omega - mu) * at.window)

    def heat_from_right(self) -> Integral:
        """∫ 𝒯 (ω − μ_R)(f_R − f_L) dω."""
        mu = self._device.right.chemical_potential
        return self._integrate(lambda at: _through(at) * (mu - at.omega) * at.window)

    def entropy(self) -> Integral:
        """∫ 𝒯 (f_L − f_R)[(ω − μ_R)/T_R − (ω − μ_L)/T_L] dω, which is nowhere negative."""
        return self._integrate(lambda at: -_through(at) * at.window * at.gap)

    def shot_noise(self) -> Integral:
        """∫ {𝒯² Σ_α f_α(1 − f_α) + 𝒯(1 − 𝒯)[f_L(1 − f_R) + f_R(1 − f_L)]} dω."""

        def integrand(at: Energies) -> np.ndarray:
            (f_left, hole_left), (f_right, hole_right) = at.fermi
            through = _through(at)
            thermal = f_left * hole_left + f_right * hole_right
            # 1 − 𝒯 = |G|²[(ω − ε − Re Σ)² + (κ_L − κ_R)²/4], with no difference of large numbers.
            left, right = at.widths
            back = at.propagation * (at.inverse.real**2 + 0.25 * (left - right) ** 2)
            partition = f_left * hole_right + f_right * hole_left
            return through * (through * thermal + back * partition)

        return self._integrate(integrand)

    def noise_of_left(self, omega: np.ndarray) -> Integral:
        """2π S_LL(ω); `omega` like `level`."""
        return self._noise(omega, lambda left, _: np.abs(left) ** 2)

    def noise_of_right(self, omega: np.ndarray) -> Integral:
        """2π S_RR(ω)."""
        return self._noise(omega, lambda _, right: np.abs(right) ** 2)

    def cross_in_phase(self, omega: np.ndarray) -> Integral:
        """2π Re S_LR(ω)."""
        return self._noise(omega, lambda left, right: (left * right.conj()).real)

    def noise_in_quadrature(self, omega: np.ndarray) -> Integral:
        """2π(S_LL + S_RR + 2 Im S_LR): what is to be resolved of Im S_LR, which may vanish."""
        return self._noise(omega, lambda left, right: np.abs(left + 1j * right) ** 2)

    def _noise(self, omega: np.ndarray, product: _Product) -> Integral:
        def integrand(at: Energies, shift: np.ndarray) -> np.ndarray:
            there = Energies(self._device, at.omega + shift, at.detuning + shift)
            total = np.zeros(at.omega.shape)
            for (here, (f, _), mine), (away, (_, hole), yours) in (
                (a, b) for a in _by_lead(at) for b in _by_lead(there)
            ):
                matrix = [_element(lead, here, away, at, there, shift) for lead in (0, 1)]
                total += mine * f * yours * hole * product(*matrix)
            return at.propagation * there.propagation * total

        return self._integrate(integrand, shift=omega)


def _by_lead(at: Energies) -> Iterator[tuple[int, tuple[np.ndarray, np.ndarray], np.ndarray]]:
    """Number, f and 1 − f, and κ of each lead."""
    return zip((0, 1), at.fermi, at.widths, strict=True)


def _through(at: Energies) -> np.ndarray:
    """𝒯."""
    return at.propagation * np.prod(at.widths, axis=0)


def _element(
    lead: int, source: int, drain: int, at: Energies, there: Energies, shift: np.ndarray
) -> np.ndarray:
    """m^α_γδ of the current from α = `lead`, for an electron of γ = `source` and a hole of δ."""
    mine, other = (there.self_energies[i] - at.self_energies[i].conj() for i in (lead, 1 - lead))
    if source == drain:
        return shift - other if source == lead else mine
    return mine - at.inverse.conj() if source == lead else mine + there.inverse
