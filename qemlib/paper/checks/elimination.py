"""Appendix A from (A14) to (A23): its integrals and its master equation, on surrogate charges.

`elimination_checks` holds them against the exact motion and against each other.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from qemlib.paper.checks.jets import Jets
from qemlib.paper.checks.surrogate import integral_over_time, random_charge, random_closed_charge

__all__ = [
    "after_born_and_markov",
    "closed_surrogates",
    "damping_from_commutator",
    "damping_from_response",
    "exact_second_order",
    "friction",
    "master_equation",
    "surrogates",
]

# Slow operators are scaled by complex numbers of this size to take derivatives at zero.
_CIRCLE = 0.01
_ANGLES = 16
_MOST_STEPS, _SETTLED = 60, 1e-16


@lru_cache
def surrogates() -> tuple[Jets, ...]:
    """Two random charges, each at a point of phase space with an oscillator."""
    return (
        Jets(random_charge(1), mass=1.3, frequency=0.8, x=0.4, p=-0.6),
        Jets(random_charge(4), mass=0.7, frequency=1.1, x=-0.5, p=0.9),
    )


@lru_cache
def closed_surrogates() -> tuple[Jets, ...]:
    """The same with closed charges, whose L_x is unitary."""
    return (
        Jets(random_closed_charge(1), mass=1.3, frequency=0.8, x=0.4, p=-0.6),
        Jets(random_closed_charge(4), mass=0.7, frequency=1.1, x=-0.5, p=0.9),
    )


def after_born_and_markov(jets: Jets, exponent: int = 1) -> np.ndarray:
    """The integral of Eq. (A14), ∫_0^∞ dt P(H + V) e^{±L_xt} Q(H + V)P.

    `exponent` is the sign in front of L_x.  All entries are infinite where the integral diverges.
    """
    slow = jets.mean_motion + jets.fluctuation
    pushed = jets.complement @ slow @ jets.attach
    memory = integral_over_time(exponent * jets.liouvillian, pushed)
    if not np.isfinite(memory).all():
        return np.full_like(slow, np.inf)
    return jets.projector @ slow @ memory @ jets.trace


@lru_cache
def exact_second_order(jets: Jets) -> np.ndarray:
    """Second order, in H and V, of the generator by which r = Pρ moves once q = Qρ follows it.

    The exact motion has solutions in which q = Xr for all times.  Inserted into Eqs. (A10) and
    (A11), with slow operators H and V multiplied by ε, this asks for

        L_x X = −ε [QK + QKX − X(PK + PKX)],   K = H + V,

    which is solved by iteration, and r then moves with ε(PK + PKX).  The coefficient of ε² follows
    from Cauchy's integral over a small circle.  No Markov assumption and no integral over time.
    """
    slow = jets.mean_motion + jets.fluctuation
    inside, outside = jets.projector @ slow, jets.complement @ slow
    # L_x can be inverted where it acts, on Q; shifted by the projector it can be everywhere.
    inverse = np.linalg.inv(jets.liouvillian - jets.projector)
    angles = 2 * np.pi * np.arange(_ANGLES) / _ANGLES
    total = np.zeros_like(slow, dtype=complex)
    for epsilon in _CIRCLE * np.exp(1j * angles):
        follow = np.zeros_like(total)
        for _ in range(_MOST_STEPS):
            r_motion = inside @ (jets.projector + follow)
            q_source = outside @ (jets.projector + follow) - follow @ r_motion
            before, follow = follow, -epsilon * inverse @ jets.complement @ q_source
            if np.abs(follow - before).max() <= _SETTLED * np.abs(follow).max():
                break
        total += epsilon * inside @ (jets.projector + follow) / epsilon**2
    return total / len(angles)


def master_equation(jets: Jets, sign: int = 1) -> np.ndarray:
    """The right-hand side of Eq. (A16): HW ± ∫_0^∞ dt Tr[V e^{L_xt}(V − [P, H])ρ_x] W."""
    pushed = (jets.fluctuation - jets.lag) @ jets.attach
    memory = integral_over_time(jets.liouvillian, pushed)
    return jets.mean_motion_of_wigner() + sign * jets.trace @ jets.fluctuation @ memory


def friction(jets: Jets, exponent: int = 1) -> np.ndarray:
    """The left-hand side of Eq. (A19), ∫_0^∞ dt Tr[V e^{±L_xt}[P, H]ρ_x]."""
    memory = integral_over_time(exponent * jets.liouvillian, jets.lag @ jets.attach)
    if not np.isfinite(memory).all():
        return np.full((len(jets.trace), len(jets.trace)), np.inf)
    return jets.trace @ jets.fluctuation @ memory


def damping_from_response(jets: Jets, exponent: int = 1) -> float:
    """γ(x) = (F/m) ∫_0^∞ dt Tr[n(t) ∂_xρ_x], Eq. (A20), with n(t) = e^{±L_x†t}n."""
    return jets.charge.force / jets.mass * jets.charge.response(jets.x, exponent)


def damping_from_commutator(jets: Jets, exponent: int = 1) -> float:
    """γ(x) = (F²/m) ∫_0^∞ dt ⟨it[n(t), n(0)]⟩_x, Eq. (A23), with n(t) = e^{±L_x†t}n."""
    return jets.charge.force**2 / jets.mass * jets.charge.delayed_commutator(jets.x, exponent)
