"""Into phase space, (A1) to (A3), and from density to trajectories, (A24) and (A25): with SymPy.

These are operator identities.  They hold for every state and for all coefficients, and each
function returns what is left of one: zero.  ħ = 1.
"""

from __future__ import annotations

from qemlib._extras import extra
from qemlib.paper.checks.rows import Residuals

with extra("paper", "operator identities"):
    import sympy as sp

__all__ = [
    "averages_over_trajectories",
    "correspondences",
    "equation_of_motion",
    "langevin_and_fokker_planck",
    "motion_in_phase_space",
]


def correspondences() -> dict[str, sp.Expr]:
    """What is left of x̂ρ̂ ↔ (x + (i/2)∂_p)ρ̂(x, p) and its three companions; all must be zero.

    With a kernel ⟨u|ρ̂|v⟩ that is any function, both sides are integrals over y of Eq. (A2).  For x̂
    the integrands agree.  For p̂ = −i∂_u they differ by a derivative with respect to y, which
    integrates to nothing and is subtracted here.

    Examples
    --------
    >>> set(correspondences().values())
    {0}
    """
    x, y, p, u, v = sp.symbols("x y p u v", real=True)
    kernel = sp.Function("rho")

    def transformed(expression: sp.Expr) -> sp.Expr:
        at_point = expression.subs({u: x + y, v: x - y}, simultaneous=True).doit()
        return at_point * sp.exp(-2 * sp.I * y * p)

    state, half = transformed(kernel(u, v)), sp.I / 2
    edge = half * state.diff(y)
    left_x, right_x = (x * state + sign * half * state.diff(p) for sign in (1, -1))
    left_p, right_p = (p * state - sign * half * state.diff(x) - edge for sign in (1, -1))
    pairs = {
        "x̂ρ̂": (transformed(u * kernel(u, v)), left_x),
        "ρ̂x̂": (transformed(v * kernel(u, v)), right_x),
        "p̂ρ̂": (transformed(-sp.I * kernel(u, v).diff(u)), left_p),
        "ρ̂p̂": (transformed(sp.I * kernel(u, v).diff(v)), right_p),
    }
    return {name: sp.simplify((a - b).doit()) for name, (a, b) in pairs.items()}


def equation_of_motion() -> sp.Expr:
    """−i[Ĥ, ρ̂] by the correspondences minus the right-hand side of (A3): zero.

    Multiplication by Ĥ_el and n̂ from the left and from the right commutes with everything in phase
    space, so that each is one symbol.

    Examples
    --------
    >>> equation_of_motion()
    0
    """
    x, p, m, omega, force = sp.symbols("x p m omega F", real=True)
    h_left, h_right, n_left, n_right = sp.symbols("h_L h_R n_L n_R")
    state = sp.Function("rho")(x, p)

    def position(f: sp.Expr, sign: int) -> sp.Expr:
        return x * f + sign * sp.I / 2 * f.diff(p)

    def momentum(f: sp.Expr, sign: int) -> sp.Expr:
        return p * f - sign * sp.I / 2 * f.diff(x)

    def hamiltonian(f: sp.Expr, sign: int, h: sp.Expr, n: sp.Expr) -> sp.Expr:
        kinetic = momentum(momentum(f, sign), sign) / (2 * m)
        potential = m * omega**2 / 2 * position(position(f, sign), sign)
        return kinetic + potential - force * n * position(f, sign) + h * f

    exact = -sp.I * (
        hamiltonian(state, 1, h_left, n_left) - hamiltonian(state, -1, h_right, n_right)
    )
    printed = (
        -sp.I * (h_left - h_right - force * x * (n_left - n_right)) * state
        - p / m * state.diff(x)
        + m * omega**2 * x * state.diff(p)
        - force / 2 * (n_left + n_right) * state.diff(p)
    )
    return sp.expand(exact - printed)


def motion_in_phase_space() -> Residuals:
    """(A3): 0 if nothing at all is left of it by `equation_of_motion`, else 1."""
    return Residuals(float(equation_of_motion() != 0))


def averages_over_trajectories() -> Residuals:
    """(6): 0 if nothing at all is left of it by `langevin_and_fokker_planck`, else 1."""
    return Residuals(float(langevin_and_fokker_planck() != 0))


def langevin_and_fokker_planck() -> sp.Expr:
    """What (A24) says of ⟨φ⟩ minus what (6) says of 𝔼[φ], for any φ, W and coefficients: zero.

    By Itô's rule, d𝔼[φ]/dt = 𝔼[(p/m)∂_xφ + (F⟨n⟩ − γp − mω0²x)∂_pφ + ½D∂_p²φ].  The rate of ⟨φ⟩ is
    the integral of φ times (A24).  The integrands differ by derivatives, subtracted here.

    Examples
    --------
    >>> langevin_and_fokker_planck()
    0
    """
    x, p, m, omega = sp.symbols("x p m omega", real=True)
    force, gamma, noise = (sp.Function(name)(x) for name in ("f", "gamma", "D"))
    phi, w = sp.Function("phi")(x, p), sp.Function("W")(x, p)
    push = force - gamma * p - m * omega**2 * x
    of_trajectories = p / m * phi.diff(x) + push * phi.diff(p) + noise / 2 * phi.diff(p, 2)
    of_density = (-push * w).diff(p) - p / m * w.diff(x) + noise / 2 * w.diff(p, 2)
    edge_x = -p / m * w * phi
    edge_p = -push * w * phi + noise / 2 * (phi * w.diff(p) - w * phi.diff(p))
    return sp.simplify(phi * of_density - w * of_trajectories - edge_x.diff(x) - edge_p.diff(p))
