"""Integrals over energy in closed form, for two Lorentzian leads.

The Green function of a dot between two Lorentzian leads has three poles w_j below the real axis.
Each coefficient is an integral of a rational function R(ω), built from A_α = |G|²κ_α, with a Fermi
function.  Closing the contour around the poles of both gives polygamma functions: where R has the
principal part r₁/(ω − w_j) + r₂/(ω − w_j)²,

    ∫ R f dω  = Σ_j { π Im r₁ + 2 Re[r₁ ψ(u_j) + r₂ q ψ'(u_j)] },
    ∫ R f' dω = Σ_j 2 Re[r₁ q ψ'(u_j) + r₂ q² ψ''(u_j)],

with u_j = 1/2 + q (w_j − μ) and q = i/2πT.  Terms that nearly cancel cost digits, for example
where poles of G all but coincide.  How many is known: each result comes with a bound on its
round-off, from the sizes of its terms.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, reduce
from operator import add, mul

import numpy as np
from scipy.special import exprel

from qemlib._special.polygamma import divided_difference, parallelogram, polygamma
from qemlib.devices.densities import Lorentzian
from qemlib.devices.device import Device, Lead
from qemlib.electrons._two_points import Pair, Rational
from qemlib.electrons.spectral import Integral

__all__ = ["POLES_MAY_COINCIDE", "ResidueSums", "poles", "solvable", "x_coth"]

# A sum over the poles, and what its round-off is proportional to; r₁, r₂ and the size of r₁.
_Term = tuple[np.ndarray, np.ndarray]
_Principal = tuple[np.ndarray, np.ndarray, np.ndarray]

# Round-off of a sum, in units of the sum of its terms' sizes.
_ROUND_OFF = 4.0 * np.finfo(float).eps
# Largest step that polishes a root, as part of its distance from the others.
_POLISHED = 1e-9
# Residues are then infinite, and so is the error that they report.
POLES_MAY_COINCIDE = np.errstate(divide="ignore", invalid="ignore", over="ignore")


def solvable(device: Device) -> bool:
    """True where this module's formulas hold: both leads are Lorentzian, with a Fermi edge."""
    return all(
        type(lead.density) is Lorentzian and np.isfinite(lead.chemical_potential)
        for lead in device.leads
    )


class ResidueSums:
    """The integrals of Appendix B for a device with Lorentzian leads, at many levels at once.

    Each method returns an `Integral` of arrays of the shape of `level`.  Its error is a bound on
    the round-off; it is infinite where poles coincide.

    Parameters
    ----------
    device : Device
        With two `Lorentzian` leads.
    level : ndarray, shape (n,)
        Energies ε − F x of the dot.
    """

    def __init__(self, device: Device, level: np.ndarray) -> None:
        bands = _lorentzians(device)
        self._unit = _unit(bands)
        self._bands = [_in_units(self._unit, band) for band in bands]
        self._leads = [
            Lead(band, lead.chemical_potential / self._unit, lead.temperature / self._unit)
            for band, lead in zip(self._bands, device.leads, strict=True)
        ]
        self._weights = [band.rate * band.bandwidth**2 for band in self._bands]
        self._slopes = [0.5j / (np.pi * lead.temperature) for lead in self._leads]
        self._bias = device.voltage / self._unit
        self._level = level / self._unit
        self._poles = poles(self._bands, self._level)
        # Functions of these are asked for by several integrals.
        self._known: dict[tuple[int, int], np.ndarray] = {}
        self._arguments = [
            0.5 + slope * (self._poles - lead.chemical_potential)
            for slope, lead in zip(self._slopes, self._leads, strict=True)
        ]

    # --- the integrals ---------------------------------------------------------------------------

    @POLES_MAY_COINCIDE
    def occupation(self) -> Integral:
        """∫ Σ_α A_α f_α dω."""
        terms = []
        for lead in (0, 1):
            r1 = self._simple(self._weights[lead] * self._quadratics[0][1 - lead])
            terms.append((np.pi * r1.imag, np.pi * np.abs(r1)))
            terms.append(_term(r1, self._psi(0, lead)))
        return self._total(terms, 0)

    @POLES_MAY_COINCIDE
    def current(self) -> Integral:
        """∫ |G|²κ_L κ_R (f_L − f_R) dω."""
        r1 = self._simple(np.full_like(self._poles, self._weights[0] * self._weights[1]))
        if self._same_temperature:
            return self._total([_term(self._gap * r1, self._psi_between(0))], 1)
        flat = (np.pi * r1.imag, np.pi * np.abs(r1))
        left, right = (self._total([flat, _term(r1, self._psi(0, lead))], 1) for lead in (0, 1))
        return left - right

    def damping(self) -> Integral:
        """−½ ∫ A² Φ' dω, where A²Φ' = A Σ_α A_α f'_α + |G|⁴(κ_L'κ_R − κ_Lκ_R')(f_L − f_R)."""
        return self.friction() + self.pumping()

    @POLES_MAY_COINCIDE
    def friction(self) -> Integral:
        """−½ ∫ A Σ_α A_α f'_α dω: the part of the damping that is never negative."""
        q, dq = self._quadratics
        a = self._weights
        total, slope = a[0] * q[1] + a[1] * q[0], a[0] * dq[1] + a[1] * dq[0]
        terms = []
        for lead in (0, 1):
            other, weight = 1 - lead, -0.5 * a[lead]
            principal = self._double(
                weight * q[other] * total, weight * (dq[other] * total + q[other] * slope)
            )
            terms += self._thermal_terms(lead, principal)
        return self._total(terms, -2)

    @POLES_MAY_COINCIDE
    def pumping(self) -> Integral:
        """−½ ∫ |G|⁴ (κ_L'κ_R − κ_Lκ_R')(f_L − f_R) dω: the other part, of either sign."""
        # κ_α = a_α/q_α, so that κ_L'κ_R − κ_Lκ_R' = a_L a_R (q_L q_R' − q_L' q_R)/(q_L q_R)²: this
        # and q_L − q_R by what the bands differ in, or the digits of bands that are alike are lost.
        (u, v), (left, right) = (0.5 * dq for dq in self._quadratics[1]), self._bands
        apart = right.center - left.center
        wider = (left.bandwidth - right.bandwidth) * (left.bandwidth + right.bandwidth)
        weight = -self._weights[0] * self._weights[1]
        principal = self._double(
            weight * (apart * (u * v - left.bandwidth**2) + wider * u),
            weight * (apart * (u + v) + wider),
        )
        return self._total(self._bias_terms(principal, self._gap), -2)

    @POLES_MAY_COINCIDE
    def diffusion(self) -> Integral:
        """∫ A² Φ(1 − Φ) dω, for leads of one temperature."""
        q, dq = self._quadratics
        a = self._weights
        temperature = self._leads[0].temperature
        terms = []
        for lead in (0, 1):  # A_α² f_α(1 − f_α) = −T A_α² f'_α
            other, weight = 1 - lead, -temperature * a[lead] ** 2
            principal = self._double(weight * q[other] ** 2, 2.0 * weight * q[other] * dq[other])
            terms += self._thermal_terms(lead, principal)
        # f_L(1 − f_R) + f_R(1 − f_L) = coth(V/2T) (f_L − f_R), finite as V → 0
        principal = self._double(
            a[0] * a[1] * q[0] * q[1], a[0] * a[1] * (q[0] * dq[1] + dq[0] * q[1])
        )
        half = 0.5 * self._bias / temperature
        terms += self._bias_terms(principal, -1j / np.pi * x_coth(half))
        return self._total(terms, -1)

    @POLES_MAY_COINCIDE
    def noise_spectrum(self, omega: np.ndarray) -> Integral:
        """∫ A(ν)Φ(ν) A(ν+ω)[1 − Φ(ν+ω)] dν, for leads of one temperature; `omega` like `level`.

        With one temperature, f_α(ν)[1 − f_β(ν+ω)] is a difference of Fermi functions divided by
        1 − e^{−s}, s = (ω + μ_α − μ_β)/T.  The poles w_j and w_j − ω merge as ω → 0, and the Fermi
        functions as s → 0: divided differences take both limits without losing digits.
        """
        omega = omega / self._unit
        common = self._noise_denominator(omega)
        return self._convolution(
            omega, lambda first, second: common * self._noise_numerator(first, second, omega), -1
        )

    def _convolution(
        self, omega: np.ndarray, rational_of: Callable[[int, int], Rational], power: int
    ) -> Integral:
        """Σ ∫ R_αβ(ν) f_α(ν)[1 − f_β(ν+ω)] dν with R_αβ by their values at the w_j and w_j − ω."""
        temperature, q = self._leads[0].temperature, self._slopes[0]
        terms = []
        for first in (0, 1):
            for second in (0, 1):
                rational = rational_of(first, second)
                a, b = self._arguments[first], self._arguments[second] + q * omega
                mu_a, mu_b = (self._leads[i].chemical_potential for i in (first, second))
                factor = -0.5j / np.pi * _bose((omega + (mu_a - mu_b)) / temperature)
                change = q * parallelogram(a, b, q * omega)
                terms.append(
                    _term(
                        factor * rational.slope, divided_difference(0, a, b), factor * rational.size
                    )
                )
                terms.append(_term(factor * rational.second, change, factor * rational.second_size))
        return self._total(terms, power)

    def _total(self, terms: list[_Term], power: int) -> Integral:
        """The sum of all terms over all poles, in units of energy^power; and its error."""
        value = reduce(add, (term for term, _ in terms)).sum(axis=0)
        size = reduce(add, (size for _, size in terms)).sum(axis=0)
        error = np.where(np.isfinite(value), _ROUND_OFF * size, np.inf)
        unit = self._unit**power
        return Integral(unit * value, unit * error, unit * np.abs(value))

    # --- rational functions at the poles ---------------------------------------------------------

    @cached_property
    def _gaps(self) -> tuple[np.ndarray, np.ndarray]:
        """w_j − w_k for the other two poles, and w_j − w̄_k; shapes (3, 2, n) and (3, 3, n)."""
        w = self._poles
        below = np.stack([w[j] - np.delete(w, j, axis=0) for j in range(3)])
        return below, w[:, None] - w.conj()[None]

    @cached_property
    def _denominator(self) -> np.ndarray:
        """Π_{k≠j}(w_j − w_k) Π_k (w_j − w̄_k)."""
        below, above = self._gaps
        return below.prod(axis=1) * above.prod(axis=1)

    @cached_property
    def _quadratics(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """q_α(ω) = (ω − ω_α)² + δ_α², the inverse of κ_α/Γ_αδ_α², and its derivative at the w_j."""
        detunings = [self._poles - band.center for band in self._bands]
        values = [
            (detuning + 1j * band.bandwidth) * (detuning - 1j * band.bandwidth)
            for detuning, band in zip(detunings, self._bands, strict=True)
        ]
        return values, [2.0 * detuning for detuning in detunings]

    def _simple(self, numerator: np.ndarray) -> np.ndarray:
        """Residues r₁ of numerator/(P P̄) at the w_j."""
        return numerator / self._denominator

    def _double(self, numerator: np.ndarray, slope: np.ndarray) -> _Principal:
        """r₁ and r₂ of numerator/(P P̄)² at the w_j, and the size of what r₁ is the sum of."""
        below, above = self._gaps
        square = self._denominator**2
        inverse = [2.0 / below, 2.0 / above]
        r2 = numerator / square
        r1 = slope / square - r2 * sum(part.sum(axis=1) for part in inverse)
        spread = sum(np.abs(part).sum(axis=1) for part in inverse)
        return r1, r2, np.abs(slope / square) + np.abs(r2) * spread

    def _noise_denominator(self, omega: np.ndarray) -> Pair:
        """The common denominator of A(ν)A(ν+ω) at w_j and w_j − ω, without their own factors."""
        below, above = self._gaps
        factors = [
            factor
            for gap in (*np.moveaxis(below, 1, 0), *np.moveaxis(above, 1, 0))
            for factor in (Pair.pole(gap, gap - omega), Pair.pole(gap + omega, gap))
        ]
        return reduce(mul, factors)

    def _noise_numerator(self, first: int, second: int, omega: np.ndarray) -> Pair:
        """Γδ² q of the leads that are not `first` at ν and not `second` at ν + ω."""
        w = self._poles
        left = Pair.quadratic(w, w - omega, self._bands[1 - first], self._weights[first])
        right = Pair.quadratic(w + omega, w, self._bands[1 - second], self._weights[second])
        return left * right

    # --- Fermi functions at the poles ------------------------------------------------------------

    @property
    def _same_temperature(self) -> bool:
        return self._leads[0].temperature == self._leads[1].temperature

    @property
    def _gap(self) -> complex:
        """u_L − u_R at one temperature."""
        return -self._slopes[0] * self._bias

    def _psi(self, order: int, lead: int) -> np.ndarray:
        key = order, lead
        if key not in self._known:
            self._known[key] = polygamma(order, self._arguments[lead])
        return self._known[key]

    def _psi_between(self, order: int) -> np.ndarray:
        """The divided difference from lead to lead."""
        key = order, -1
        if key not in self._known:
            self._known[key] = divided_difference(order, *self._arguments)
        return self._known[key]

    def _thermal_terms(self, lead: int, principal: _Principal) -> list[_Term]:
        """Terms of ∫ R f'_α."""
        r1, r2, size = principal
        q = self._slopes[lead]
        return [_term(q * r1, self._psi(1, lead), q * size), _term(q**2 * r2, self._psi(2, lead))]

    def _bias_terms(self, principal: _Principal, factor: complex) -> list[_Term]:
        """Terms of ∫ R (f_L − f_R): at one temperature, of `factor`/(u_L − u_R) times it."""
        r1, r2, size = principal
        if self._same_temperature:
            q = self._slopes[0]
            return [
                _term(factor * r1, self._psi_between(0), factor * size),
                _term(factor * q * r2, self._psi_between(1)),
            ]
        terms = []
        for lead, sign in ((0, 1.0), (1, -1.0)):
            q = self._slopes[lead]
            terms.append(_term(sign * r1, self._psi(0, lead), size))
            terms.append(_term(sign * q * r2, self._psi(1, lead)))
        return terms


def _lorentzians(device: Device) -> list[Lorentzian]:
    """The densities of a device that is `solvable`."""
    densities = (lead.density for lead in device.leads)
    return [density for density in densities if isinstance(density, Lorentzian)]


def _unit(bands: list[Lorentzian]) -> float:
    """The scale of the bands, as a power of two, by which to divide without round-off.

    The formulas hold up to the twelfth power of an energy, which must neither over- nor underflow.
    """
    exponents = [np.log2((band.bandwidth, band.rate)) for band in bands]
    return 2.0 ** np.round(np.mean(exponents))


def _in_units(unit: float, band: Lorentzian) -> Lorentzian:
    return Lorentzian(band.center / unit, band.bandwidth / unit, band.rate / unit)


def poles(bands: list[Lorentzian], level: np.ndarray) -> np.ndarray:
    """The roots w_j of 1/G = 0, shape (3, n): eigenvalues of the dot with one lossy mode a lead."""
    matrix = np.zeros((level.size, 3, 3), dtype=complex)
    matrix[:, 0, 0] = level
    for i, band in enumerate(bands, start=1):
        matrix[:, i, i] = band.center - 1j * band.bandwidth
        matrix[:, 0, i] = matrix[:, i, 0] = np.sqrt(0.5 * band.rate * band.bandwidth)
    w = np.linalg.eigvals(matrix).T
    # The eigenvalues are right to 1e-16 of the largest, which is too little for the width of a
    # narrow resonance.  One Weierstrass step restores it; a cluster is as good as it gets before.
    z_left, z_right = (band.center - 1j * band.bandwidth for band in bands)
    g_left, g_right = (0.5 * band.rate * band.bandwidth for band in bands)
    value = (
        (w - level) * (w - z_left) * (w - z_right) - g_left * (w - z_right) - g_right * (w - z_left)
    )
    gaps = np.stack([w[j] - np.delete(w, j, axis=0) for j in range(3)])
    step = np.divide(value, gaps.prod(axis=1), out=np.zeros_like(w), where=gaps.prod(axis=1) != 0)
    return np.where(np.abs(step) < _POLISHED * np.abs(gaps).min(axis=1), w - step, w)


def _term(residue: np.ndarray, function: np.ndarray, size: np.ndarray | None = None) -> _Term:
    """2 Re(residue × function), and a bound on what its round-off is proportional to."""
    size = np.abs(residue) if size is None else np.abs(size)
    return 2.0 * (residue * function).real, 2.0 * size * np.abs(function)


def x_coth(x: float) -> float:
    """x coth x."""
    return x / np.tanh(x) if x != 0.0 else 1.0


def _bose(s: np.ndarray) -> np.ndarray:
    """s/(1 − e^{−s}), which is 1 at s = 0."""
    return np.maximum(s, 0.0) + 1.0 / exprel(np.abs(s))
