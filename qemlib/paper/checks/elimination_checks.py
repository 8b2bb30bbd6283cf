"""Appendix A from (A4) to (A24): each step held against what it should give.

Superoperators are matrices on Taylor coefficients (`jets`), so that an identity is compared for
all polynomials Â(x, p) at once.  Where a step is an approximation, it is compared with the exact
motion, order by order in the slow operators.  The charges are surrogates with a dissipative L_x;
`real_leads` has the steps in which that makes a difference once more, with a unitary one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache, partial, wraps

import numpy as np
from scipy.linalg import expm

from qemlib.paper.checks.elimination import (
    after_born_and_markov,
    closed_surrogates,
    damping_from_commutator,
    damping_from_response,
    exact_second_order,
    friction,
    master_equation,
    surrogates,
)
from qemlib.paper.checks.jets import Jets
from qemlib.paper.checks.rows import Residuals, relative
from qemlib.paper.checks.surrogate import integral_over_time, random_charge

__all__ = [
    "born_and_markov",
    "commutator",
    "commutator_and_response",
    "commutator_in_time",
    "commutator_is_traceless",
    "diffusion_coefficient",
    "diffusion_term",
    "fast_motion",
    "fokker_planck",
    "formal_master_equation",
    "formal_solution",
    "friction_term",
    "heisenberg_picture",
    "integration_by_parts",
    "motion_of_q",
    "motion_of_r",
    "moved_state",
    "no_mean",
    "parts_of_the_generator",
    "projector",
    "reasons_for_a9b",
    "relaxation",
    "response_and_spectrum",
    "simplified_integrand",
    "simplified_integrand_when_closed",
]

# A time long enough for the charge to move and short enough for it to remember.
_TIME = 0.7


def _worst(
    one_case: Callable[[Jets], Residuals], over: Callable[[], Iterable[Jets]] = surrogates
) -> Callable[[], Residuals]:
    """A check over all surrogates: the largest residual of each form."""

    @wraps(one_case)
    @lru_cache
    def check() -> Residuals:
        found = [one_case(jets) for jets in over()]
        corrected = [each.corrected for each in found if each.corrected is not None]
        return Residuals(
            max(each.printed for each in found),
            max(corrected) if len(corrected) == len(found) else None,
        )

    return check


@_worst
def parts_of_the_generator(jets: Jets) -> Residuals:
    """L_x + H + V against the right-hand side of (A3)."""
    parts = jets.liouvillian + jets.mean_motion + jets.fluctuation
    return Residuals(relative(parts, jets.equation_of_motion))


@_worst
def relaxation(jets: Jets) -> Residuals:
    """e^{L_xt} at a late time, from two pure states, against the null vector of L_x."""
    late = expm(200.0 * jets.charge.liouvillian(jets.x))
    starts = np.eye(jets.charge.dimension**2)[:, [0, -1]]
    return Residuals(relative(late @ starts, jets.charge.stationary(jets.x)[0][:, None]))


@_worst
def projector(jets: Jets) -> Residuals:
    """(A9a): P² against P."""
    return Residuals(relative(jets.projector @ jets.projector, jets.projector))


@_worst
def fast_motion(jets: Jets) -> Residuals:
    """(A9b): P L_x and L_x P in units of L_x."""
    both = np.abs(jets.projector @ jets.liouvillian), np.abs(jets.liouvillian @ jets.projector)
    return Residuals(float(max(b.max() for b in both) / np.abs(jets.liouvillian).max()))


@_worst
def reasons_for_a9b(jets: Jets) -> Residuals:
    """Reasons of (A9b): PL = 0 for every ρ_x of trace one; LP = 0 only for the stationary one.

    The reasons as printed would let LP vanish for any trace-preserving L, whatever ρ_x.
    """
    wrong = np.roll(jets.attach, 1, axis=0) @ jets.trace
    size = np.abs(jets.liouvillian).max()
    stationary_needed = np.abs(jets.liouvillian @ wrong).max() / size
    trace_suffices = np.abs(wrong @ jets.liouvillian).max() / size
    return Residuals(float(stationary_needed), float(trace_suffices))


@_worst
def no_mean(jets: Jets) -> Residuals:
    """(A9c): PVP in units of V."""
    v = jets.fluctuation
    return Residuals(float(np.abs(jets.projector @ v @ jets.projector).max() / np.abs(v).max()))


@_worst
def commutator(jets: Jets) -> Residuals:
    """(A9d): [P, H] multiplied out, against (p/m) ∂_xρ_x Tr[•]."""
    return Residuals(relative(jets.exact(jets.lag, 1), jets.exact(jets.commutator, 1)))


@_worst
def commutator_is_traceless(jets: Jets) -> Residuals:
    """(A9e): P[P, H] in units of [P, H]."""
    product = jets.exact(jets.projector @ jets.commutator, 1)
    return Residuals(float(np.abs(product).max() / np.abs(jets.commutator).max()))


@_worst
def motion_of_r(jets: Jets) -> Residuals:
    """(A10) against P times the right-hand side of (A3)."""
    slow = jets.mean_motion + jets.fluctuation
    r, q = jets.projector, jets.complement
    right = r @ jets.mean_motion @ r + r @ slow @ q
    return Residuals(relative(right, r @ jets.equation_of_motion))


@_worst
def motion_of_q(jets: Jets) -> Residuals:
    """(A11) against Q times the right-hand side of (A3)."""
    slow = jets.mean_motion + jets.fluctuation
    r, q = jets.projector, jets.complement
    right = jets.liouvillian @ q + q @ slow @ q + q @ slow @ r
    return Residuals(relative(right, q @ jets.equation_of_motion))


@_worst
def formal_solution(jets: Jets) -> Residuals:
    """(A12) with (A13) against the exact motion of everything, from any start."""
    node, weight = np.polynomial.legendre.leggauss(24)
    t, weight = 0.5 * _TIME * (node + 1), 0.5 * _TIME * weight
    source = jets.complement @ (jets.mean_motion + jets.fluctuation)
    fast = jets.liouvillian + source
    solution = expm(fast * _TIME) @ jets.complement
    for when, w in zip(t, weight, strict=True):
        r = jets.projector @ expm(jets.equation_of_motion * when)
        solution = solution + w * expm(fast * (_TIME - when)) @ source @ r
    exact = jets.complement @ expm(jets.equation_of_motion * _TIME)
    return Residuals(relative(solution, exact))


@_worst
def born_and_markov(jets: Jets) -> Residuals:
    """(A14), with e^{−L_xt} as printed and with e^{+L_xt}, against the exact second order."""
    exact = exact_second_order(jets)
    return Residuals(
        relative(after_born_and_markov(jets, -1), exact),
        relative(after_born_and_markov(jets, 1), exact),
    )


def _both_sides(jets: Jets) -> Residuals:
    slow, v = jets.mean_motion + jets.fluctuation, jets.fluctuation
    residuals = []
    for sign in (-1, 1):
        memory = expm(sign * _TIME * jets.liouvillian)
        left = jets.projector @ slow @ memory @ jets.complement @ slow @ jets.projector
        right = jets.projector @ v @ memory @ (v - jets.commutator) @ jets.projector
        residuals.append(relative(jets.exact(right, 2, 2), jets.exact(left, 2, 2)))
    return Residuals(*residuals)


@_worst
def simplified_integrand(jets: Jets) -> Residuals:
    """(A15), with e^{−L_xt} as printed and with e^{+L_xt}, each on both sides."""
    return _both_sides(jets)


@partial(_worst, over=closed_surrogates)
def simplified_integrand_when_closed(jets: Jets) -> Residuals:
    """(A15) for closed charges, whose L_x is unitary; otherwise as `simplified_integrand`."""
    return _both_sides(jets)


@_worst
def formal_master_equation(jets: Jets) -> Residuals:
    """(A16), with −∫ as printed and with +∫, each with e^{+L_xt}, against the second order."""
    second = jets.trace @ exact_second_order(jets) @ jets.attach
    exact = jets.exact(jets.mean_motion_of_wigner() + second, 2, 2)
    return Residuals(
        *(relative(jets.exact(master_equation(jets, s), 2, 2), exact) for s in (-1, 1))
    )


@_worst
def diffusion_term(jets: Jets) -> Residuals:
    """(A17), with e^{−L_xt} as printed and with e^{+L_xt}, against the D of (A18)."""
    expected = 0.5 * jets.charge.diffusion(jets.x) * jets.diffusion_of_wigner()

    def term(sign: int) -> np.ndarray:
        pushed = jets.fluctuation @ jets.attach
        memory = integral_over_time(sign * jets.liouvillian, pushed)
        return jets.trace @ jets.fluctuation @ memory if np.isfinite(memory).all() else memory

    return Residuals(
        *(relative(jets.exact(term(s), 2, 2), jets.exact(expected, 2, 2)) for s in (-1, 1))
    )


@_worst
def diffusion_coefficient(jets: Jets) -> Residuals:
    """(A18) against S_x(0)."""
    charge = jets.charge
    return Residuals(relative(charge.diffusion(jets.x), charge.noise_spectrum(jets.x, 0.0)))


def heisenberg_picture() -> Residuals:
    """n(t) after (A18): e^{∓L†t}n of a closed system against e^{iHt} n e^{−iHt}.

    Examples
    --------
    >>> found = heisenberg_picture()
    >>> found.printed > 1, found.corrected < 1e-12
    (True, True)
    """
    charge = random_charge(2)
    h, n = charge.hamiltonian, charge.charge
    adjoint = 1j * charge.commutator(h)
    turn = expm(1j * h * _TIME)
    expected = (turn @ n @ turn.conj().T).ravel()
    return Residuals(*(relative(expm(s * adjoint * _TIME) @ n.ravel(), expected) for s in (-1, 1)))


@_worst
def commutator_in_time(jets: Jets) -> Residuals:
    """(A23) with n(t) as printed after (A18), and with n(t) = e^{+L†t}n, against S_x'(0)."""
    slope = jets.charge.noise_slope(jets.x) / jets.mass
    return Residuals(*(relative(damping_from_commutator(jets, s), slope) for s in (-1, 1)))


@_worst
def friction_term(jets: Jets) -> Residuals:
    """(A19), with +γ as printed and with −γ, both with e^{+L_xt}, against S_x'(0)."""
    found = jets.exact(friction(jets), 2, 1)
    expected = jets.exact(
        jets.charge.noise_slope(jets.x) / jets.mass * jets.friction_of_wigner(), 2, 1
    )
    return Residuals(*(relative(sign * expected, found) for sign in (1, -1)))


@_worst
def response_and_spectrum(jets: Jets) -> Residuals:
    """(A20) with n(t) as printed after (A18), and with n(t) = e^{+L†t}n, against S_x'(0)."""
    slope = jets.charge.noise_slope(jets.x) / jets.mass
    return Residuals(*(relative(damping_from_response(jets, s), slope) for s in (-1, 1)))


def integration_by_parts() -> Residuals:
    """(A21): ∫_0^T dt (t g' + g) at late T, for g = sin t/(1 + t) and for a decaying g."""
    end = 1e3 + np.linspace(0, 2 * np.pi, 60)

    def boundary(
        g: Callable[[np.ndarray], np.ndarray], slope: Callable[[np.ndarray], np.ndarray]
    ) -> float:
        edges = np.concatenate([np.linspace(0.0, end[0], 4001), end[1:]])
        node, weight = np.polynomial.legendre.leggauss(12)
        half = 0.5 * np.diff(edges)[:, None]
        t = edges[:-1, None] + half * (node + 1)
        until = np.cumsum(((t * slope(t) + g(t)) * half) @ weight)
        return float(np.abs(until[-len(end) + 1 :]).max())

    return Residuals(
        boundary(
            lambda t: np.sin(t) / (1 + t),
            lambda t: np.cos(t) / (1 + t) - np.sin(t) / (1 + t) ** 2,
        ),
        boundary(
            lambda t: np.exp(-t) * np.cos(2 * t),
            lambda t: -np.exp(-t) * (np.cos(2 * t) + 2 * np.sin(2 * t)),
        ),
    )


@_worst
def moved_state(jets: Jets) -> Residuals:
    """(A22): L_x ∂_xρ_x, with the derivative by Cauchy's integral, against −iF[n, ρ_x]."""
    charge = jets.charge
    around = 0.1 * np.exp(2j * np.pi * np.arange(32) / 32)
    moved = sum(charge.stationary(jets.x + z)[0] / z for z in around) / len(around)
    expected = -1j * charge.force * charge.commutator(charge.charge) @ charge.stationary(jets.x)[0]
    return Residuals(relative(charge.liouvillian(jets.x) @ moved, expected))


@_worst
def commutator_and_response(jets: Jets) -> Residuals:
    """(A23) against (A20)."""
    return Residuals(relative(damping_from_commutator(jets), damping_from_response(jets)))


@_worst
def fokker_planck(jets: Jets) -> Residuals:
    """(A24), with D and γ from the noise spectrum, against the exact motion to second order."""
    spectrum = jets.charge.noise_spectrum(jets.x, 0.0)
    right = jets.fokker_planck(jets.charge.noise_slope(jets.x) / jets.mass, spectrum)
    second = jets.trace @ exact_second_order(jets) @ jets.attach
    exact = jets.mean_motion_of_wigner() + second
    return Residuals(relative(jets.exact(right, 2, 2), jets.exact(exact, 2, 2)))
