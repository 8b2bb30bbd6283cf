"""The defining integrals of Appendix B, in many digits.

Nothing is simplified here: no residues, no integration by parts, no special functions.  With
G(ω) = 1/[ω − ε_x − Σ_L − Σ_R], A_α = |G|²κ_α, A = −2 Im G, h = Σ A_α f_α and g = Σ A_α (1 − f_α)
(ħ = e = k_B = 1) the integrals are

    ⟨c†c⟩_x = (1/2π) ∫ h dω,
    D(x)    = (F²/2π) ∫ h g dω,
    mγ(x)   = (F²/2π) ∫ h A' dω,
    I       = (1/2π) ∫ |G|²κ_Lκ_R (f_L − f_R) dω,
    S_x(ω)  = (F²/2π) ∫ h(ν) g(ν+ω) dν.

Every parameter is taken as the exact binary number that the device holds, and so is the force F.
The level is `device.level - device.force * x` in double precision, as in
`qemlib.electrons.coefficients`, and is exact from there on.  So this module and that one solve the
same problem, to the last digit.

How it is done: the axis is halved until each panel is far enough from the poles of G and of the
Fermi functions, by Bernstein's measure; the two ends reach to infinity in 1/ω.  A pair of
Gauss-Legendre rules, of orders that follow from that measure, gives the value and its error.  The
poles choose panels and orders only.  Should they choose badly, then the error says so.
"""

from __future__ import annotations

from cmath import sqrt
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, log, log10

import numpy as np

from qemlib import _checks
from qemlib._extras import extra
from qemlib._locked import Locked
from qemlib.devices.densities import Lorentzian
from qemlib.devices.device import Device
from qemlib.errors import ConvergenceError

with extra("paper", "integrals in many digits"):
    import mpmath as mp

__all__ = ["DefiningIntegrals", "defining_integrals", "noise_spectrum"]

# Values of some integrands at one energy, and the sizes of their terms.
Terms = tuple[tuple[mp.mpf, ...], tuple[mp.mpf, ...]]
Integrand = Callable[[mp.mpf], Terms]
# Start, end, centre if it is one in 1/ω, and order.
Panel = tuple[float, float, float | None, int]

# Panels are halved until every pole lies outside a Bernstein ellipse of this parameter.
_ELLIPSE = 2.6
# A value is called zero when it is smaller than its integrand by this many digits.
_ZERO = 30
# Digits above those asked for at first; what cancels is seen then, and added.
_EXTRA = 8


@dataclass(frozen=True, eq=False)
class DefiningIntegrals(Locked):
    """The coefficients at one position, as numbers of mpmath.

    They hold all their digits.  What is computed from them is rounded to `mpmath.mp.dps` digits, as
    always with mpmath: set that first.

    Attributes
    ----------
    occupation : mpf
        ⟨c†c⟩_x, dimensionless.
    diffusion : mpf
        D(x) (force² × time).
    damping : mpf
        γ(x), that is mγ over the mass (energy).
    current : mpf
        I from left to right (energy, that is electrons per unit time).
    error : dict of str to mpf
        Estimated absolute error of each.
    """

    occupation: mp.mpf
    diffusion: mp.mpf
    damping: mp.mpf
    current: mp.mpf
    error: dict[str, mp.mpf]


def defining_integrals(device: Device, x: float, digits: int = 30) -> DefiningIntegrals:
    """Occupation, diffusion, damping and current at position `x`, from their integrals.

    Parameters
    ----------
    device : Device
        With two `Lorentzian` leads.
    x : float
        Position.
    digits : int
        Correct digits of each number.  A number that vanishes, being 1e-30 of its integrand or
        less, has this many digits after the first 30 zeros.

    Returns
    -------
    DefiningIntegrals

    Raises
    ------
    TypeError
        If `device` is not a Device.
    ValueError
        If a lead is not Lorentzian, `x` is not a finite number, or `digits` is below 1.
    ConvergenceError
        If the estimated error does not reach `digits`.

    Examples
    --------
    >>> from qemlib import paper_device
    >>> exact = defining_integrals(paper_device(voltage=8.0), 0.0, digits=20)
    >>> mp.nstr(1e4 * exact.damping, 14)
    '0.18095856220176'
    """
    problem = _Problem(device, x)
    names = ("occupation", "diffusion", "damping", "current")

    def prefactors() -> tuple[mp.mpf, ...]:
        unit = 1 / (2 * mp.pi)
        noise = unit * mp.mpf(device.force) ** 2
        return unit, noise, noise / mp.mpf(device.oscillator.mass), unit

    values, errors = _converged(problem, problem.coefficients, prefactors, (), names, digits)
    occupation, diffusion, damping, current = values
    error = dict(zip(names, errors, strict=True))
    return DefiningIntegrals(occupation, diffusion, damping, current, error)


def noise_spectrum(
    device: Device, x: float, omega: float, digits: int = 30
) -> tuple[mp.mpf, mp.mpf]:
    """Spectrum S_x(ω) of the fluctuating force at one position and frequency, and its error.

    Parameters
    ----------
    device : Device
        With two `Lorentzian` leads.
    x, omega : float
        Position and frequency.
    digits : int
        Correct digits.

    Returns
    -------
    value, error : mpf
        S_x(ω) (force² × time), and its estimated absolute error.

    Raises as `defining_integrals`.

    Examples
    --------
    Detailed balance at T = 2 without a voltage, S(ω)/S(−ω) = e^{ω/T}:

    >>> from qemlib import paper_device
    >>> up, down = (noise_spectrum(paper_device(), 0.0, w, digits=12)[0] for w in (0.2, -0.2))
    >>> mp.nstr(2 * mp.log(up / down), 10)
    '0.2'
    """
    omega = _checks.finite("omega", omega)
    problem = _Problem(device, x)

    def prefactors() -> tuple[mp.mpf, ...]:
        return (mp.mpf(device.force) ** 2 / (2 * mp.pi),)

    def integrand(nu: mp.mpf) -> Terms:
        return problem.noise(nu, omega)

    values, errors = _converged(
        problem, integrand, prefactors, (omega,), ("noise_spectrum",), digits
    )
    return values[0], errors[0]


class _Problem:
    """The integrands of Appendix B for one level."""

    def __init__(self, device: Device, x: float) -> None:
        _checks.kind("device", device, Device)
        rows = []
        for side, lead in zip(("left", "right"), device.leads, strict=True):
            band = lead.density
            if type(band) is not Lorentzian:
                raise ValueError(f"the {side} lead must have a Lorentzian density, got {band!r}")
            rows.append(
                (
                    band.center,
                    band.bandwidth,
                    band.rate,
                    lead.chemical_potential,
                    lead.temperature,
                )
            )
        level = device.level - device.force * _checks.finite("x", x)
        with mp.workprec(53):  # a double and nothing less, whatever the caller's precision
            self.level = mp.mpf(level)
            self._leads = [tuple(mp.mpf(value) for value in row) for row in rows]

    def _electrons(self, w: mp.mpf) -> tuple[mp.mpc, mp.mpc, list[tuple[mp.mpf, mp.mpf, mp.mpf]]]:
        """G(ω), Σ'(ω), and κ_α, f_α, 1 − f_α of each lead."""
        sigma = slope = 0
        rows = []
        for center, width, rate, mu, temperature in self._leads:
            detuning = w - center
            lorentz = mp.mpc(detuning, -width) / (detuning**2 + width**2)  # 1/(ω − ω_α + iδ)
            kappa = -rate * width * lorentz.imag
            term = rate * width / 2 * lorentz
            sigma += term
            slope -= term * lorentz
            boltzmann = mp.exp((w - mu) / temperature)
            filled = 1 / (1 + boltzmann)
            rows.append((kappa, filled, boltzmann * filled))
        return 1 / (w - self.level - sigma), slope, rows

    def coefficients(self, w: mp.mpf) -> Terms:
        """Integrands of ⟨c†c⟩, D, mγ and I without prefactors, and the sizes of their terms."""
        green, sigma_slope, ((kappa_l, f_l, hole_l), (kappa_r, f_r, hole_r)) = self._electrons(w)
        square = green.real**2 + green.imag**2
        filled = square * (kappa_l * f_l + kappa_r * f_r)
        empty = square * (kappa_l * hole_l + kappa_r * hole_r)
        green_slope = -(green**2) * (1 - sigma_slope)
        # No less than |G'|.
        spread = square * (1 + abs(sigma_slope.real) + abs(sigma_slope.imag))
        transmission = square * kappa_l * kappa_r
        product = filled * empty
        return (
            filled,
            product,
            -2 * filled * green_slope.imag,
            transmission * (f_l - f_r),
        ), (
            filled,
            product,
            2 * filled * spread,
            transmission * (f_l + f_r),
        )

    def noise(self, nu: mp.mpf, omega: float) -> Terms:
        """Integrand of S_x(ω) without prefactor, and its size."""
        green, _, ((kappa_l, f_l, _), (kappa_r, f_r, _)) = self._electrons(nu)
        filled = (green.real**2 + green.imag**2) * (kappa_l * f_l + kappa_r * f_r)
        green, _, ((kappa_l, _, hole_l), (kappa_r, _, hole_r)) = self._electrons(nu + omega)
        empty = (green.real**2 + green.imag**2) * (kappa_l * hole_l + kappa_r * hole_r)
        return (filled * empty,), (filled * empty,)

    def poles(self) -> list[complex]:
        """Poles of the integrands next to the axis, one of each pair, in double precision.

        Those of G are the eigenvalues of the dot coupled to one lossy level per lead.
        """
        with mp.workdps(60):
            matrix = mp.matrix(3, 3)
            matrix[0, 0] = self.level
            for j, (center, width, rate, _, _) in enumerate(self._leads, start=1):
                matrix[j, j] = mp.mpc(center, -width)
                matrix[0, j] = matrix[j, 0] = mp.sqrt(rate * width / 2)
            resonances = [complex(w) for w in mp.eig(matrix, left=False, right=False)]
        thermal = [complex(mu, -mp.pi * temperature) for _, _, _, mu, temperature in self._leads]
        return [*resonances, *thermal]

    def thermal_edge(self, digits: int) -> tuple[float, float]:
        """Where the Fermi functions are 0 or 1 to so many digits, as (lowest, highest)."""
        reach = digits * log(10.0) + 5.0
        lowest = min(float(mu - reach * temperature) for _, _, _, mu, temperature in self._leads)
        highest = max(float(mu + reach * temperature) for _, _, _, mu, temperature in self._leads)
        return lowest, highest


def _converged(
    problem: _Problem,
    integrand: Integrand,
    prefactors: Callable[[], tuple[mp.mpf, ...]],
    shifts: tuple[float, ...],
    names: tuple[str, ...],
    digits: int,
) -> tuple[list[mp.mpf], list[mp.mpf]]:
    """Values and errors of the integrals, with more digits as long as cancellation asks for it."""
    digits = _checks.integer("digits", digits, 1)
    poles = problem.poles()
    poles += [pole - shift for shift in shifts for pole in poles]
    # A rounded ω is worst on a narrow resonance far from zero.
    condition = max(abs(pole) / abs(pole.imag) for pole in poles)
    target = digits + _EXTRA
    while True:
        # In steps of twenty, so that different devices share the rules of quadrature.
        with mp.workdps(20 * ceil((target + 8 + log10(1.0 + condition)) / 20)):
            edges = problem.thermal_edge(target)
            panels = _panels(poles, edges, max(map(abs, shifts), default=0.0), target)
            values, differences, sizes = _sum_panels(integrand, panels)
            errors = [
                difference + mp.mpf(10) ** -target * size
                for difference, size in zip(differences, sizes, strict=True)
            ]
            missing = max(
                _missing_digits(*each, digits) for each in zip(values, errors, sizes, strict=True)
            )
            factors = prefactors()
            values = [factor * value for factor, value in zip(factors, values, strict=True)]
            errors = [factor * error for factor, error in zip(factors, errors, strict=True)]
        if not missing:
            return values, errors
        if target > digits + _EXTRA + _ZERO:
            raise ConvergenceError(
                f"{', '.join(names)}: the estimated errors "
                f"{', '.join(mp.nstr(error, 2) for error in errors)} of "
                f"{', '.join(mp.nstr(value, 6) for value in values)} miss {digits} digits by "
                f"{missing}"
            )
        target += missing + 1


def _missing_digits(value: mp.mpf, error: mp.mpf, size: mp.mpf, digits: int) -> int:
    floor = mp.mpf(10) ** -_ZERO * size
    allowed = mp.mpf(10) ** -digits * max(abs(value), floor)
    return max(0, ceil(float(mp.log10(error / allowed)))) if error > allowed else 0


def _panels(
    poles: list[complex], edges: tuple[float, float], shift: float, digits: int
) -> list[Panel]:
    """Panels (start, end, centre, order) that cover the axis; those in 1/ω have a centre."""
    center = 0.5 * (min(p.real for p in poles) + max(p.real for p in poles))
    radius = max(
        *(4.0 * abs(pole - center) for pole in poles),
        center - edges[0] + shift,
        edges[1] + shift - center,
    )
    low, high = center - radius, center + radius
    nearest = min(1.0 / abs(pole - center) for pole in poles)
    order = _order(_bernstein(complex(nearest), 0.0, 1.0 / radius), digits)
    panels: list[Panel] = [(0.0, low, center, order), (0.0, high, center, order)]
    todo = [(low, high)]
    while todo:
        start, end = todo.pop()
        ellipse = min(_bernstein(pole, start, end) for pole in poles)
        if ellipse >= _ELLIPSE:
            panels.append((start, end, None, _order(ellipse, digits)))
            continue
        middle = 0.5 * (start + end)
        if not start < middle < end:
            raise ConvergenceError(f"a resonance at {middle!r} is too narrow to be integrated")
        todo += [(start, middle), (middle, end)]
    return panels


def _bernstein(pole: complex, start: float, end: float) -> float:
    """Parameter of the ellipse with foci `start` and `end` through `pole`."""
    z = (2.0 * pole - (start + end)) / (end - start)
    root = sqrt(z - 1.0) * sqrt(z + 1.0)
    return max(abs(z + root), abs(z - root))


def _order(ellipse: float, digits: int) -> int:
    """Order at which Gauss-Legendre converges to so many digits, a multiple of four."""
    return 4 * ceil((digits * log(10.0) / (2.0 * log(ellipse)) + 2.0) / 4.0)


def _sum_panels(
    integrand: Integrand, panels: list[Panel]
) -> tuple[list[mp.mpf], list[mp.mpf], list[mp.mpf]]:
    """Sums over the panels: values, their errors, and the sizes of what was added."""
    total: list[mp.mpf] = []
    error: list[mp.mpf] = []
    sizes: list[mp.mpf] = []
    for start, end, center, order in panels:
        (coarse, _), (fine, size) = (
            _gauss(integrand, start, end, center, n) for n in (order, order + 4 * (1 + order // 32))
        )
        difference = [abs(a - b) for a, b in zip(coarse, fine, strict=True)]
        if not total:
            total, error, sizes = fine, difference, size
        else:
            total = [a + b for a, b in zip(total, fine, strict=True)]
            error = [a + b for a, b in zip(error, difference, strict=True)]
            sizes = [a + b for a, b in zip(sizes, size, strict=True)]
    return total, error, sizes


def _gauss(
    integrand: Integrand, start: float, end: float, center: float | None, order: int
) -> tuple[list[mp.mpf], list[mp.mpf]]:
    """One panel by one rule: values and sizes."""
    start, end = mp.mpf(start), mp.mpf(end)
    if center is not None:  # from infinity to `end` in t = 1/(ω − centre)
        end = 1 / (end - center)
    half, middle = (end - start) / 2, (end + start) / 2
    values: list[mp.mpf] = []
    sizes: list[mp.mpf] = []
    for node, weight in _legendre(order, mp.mp.prec):
        point = middle + half * node
        factor = abs(half) * weight
        if center is not None:
            factor /= point**2
            point = center + 1 / point
        value, size = integrand(point)
        if not values:
            values = [factor * v for v in value]
            sizes = [factor * s for s in size]
        else:
            for j, (v, s) in enumerate(zip(value, size, strict=True)):
                values[j] += factor * v
                sizes[j] += factor * s
    return values, sizes


@lru_cache(maxsize=1024)
def _legendre(order: int, prec: int) -> tuple[tuple[mp.mpf, mp.mpf], ...]:
    """Nodes and weights of the Gauss-Legendre rule on (−1, 1), at `prec` bits; order even.

    Newton's method on integers, which stand for numbers times 2**bits.
    """
    bits = prec + 40
    one = 1 << bits
    rule = []
    for guess in np.polynomial.legendre.leggauss(order)[0][order // 2 :]:
        node, step = int(float(guess) * 2**53) << (bits - 53), one
        while abs(step) >> (bits // 2 - 8):  # the next step is beyond the last bit
            value, slope = _legendre_polynomial(order, node, bits)
            step = (value << bits) // slope
            node -= step
        _, slope = _legendre_polynomial(order, node, bits)
        slope = mp.ldexp(mp.mpf(slope), -bits)
        x = mp.ldexp(mp.mpf(node), -bits)
        rule.append((x, 2 / ((1 - x**2) * slope**2)))
    return tuple((-x, weight) for x, weight in reversed(rule)) + tuple(rule)


def _legendre_polynomial(order: int, x: int, bits: int) -> tuple[int, int]:
    """P_n(x) and its derivative, all of them integers over 2**bits."""
    one = 1 << bits
    previous, value = one, x
    for k in range(2, order + 1):
        product = (x * value) >> bits
        previous, value = value, ((2 * k - 1) * product - (k - 1) * previous) // k
    slope = order * (((x * value) >> bits) - previous)
    return value, (slope << bits) // (((x * x) >> bits) - one)
