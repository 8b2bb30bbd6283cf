"""The integrators of Eq. (6): their coefficients, and what they do to a linear oscillator, exactly.

Lengths are in units of x0 and momenta in units of p0, so that ω0Δt = θ turns (q, y) = (x/x0, p/p0).

- "rotation": an exact Ornstein-Uhlenbeck process of p at fixed x, and an exact rotation about the
  point of rest, split symmetrically.  The noise carries a factor that makes the splitting's error
  in ⟨a†a⟩ quadratic in the gradient of the electrons' force (see `corrected_noise`).
- "baoab": forces, drift, Ornstein-Uhlenbeck process, drift, forces (Leimkuhler and Matthews 2013).
- "symplectic": Euler's method with x moved by the new momentum.
- "euler": Eqs. (C1) and (C2), all from old values.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.linalg import solve_discrete_lyapunov

from qemlib import _checks
from qemlib.motion.model import LangevinModel
from qemlib.motion.orbit import refuse_other_than_model
from qemlib.sampler import _kernels

__all__ = [
    "SCHEMES",
    "error_of_rates",
    "euler_equivalent",
    "linear_bias",
    "linear_covariance",
]

_CODES = {
    "rotation": _kernels.ROTATION,
    "euler": _kernels.EULER,
    "symplectic": _kernels.SYMPLECTIC,
    "baoab": _kernels.BAOAB,
}
SCHEMES = tuple(_CODES)
NODES = 4097  # of the table of coefficients, of which the nearest is taken


def code(scheme):
    return _CODES[scheme]


def coefficients(scheme, model, step, origin, nodes=NODES):
    """Rows (1 − a, b/p0, s/p0, 0) at evenly spaced nodes, and the nodes' positions.

    The rotation scheme turns about `origin`, so that its kicks need only the force that is left
    there of f − mω0²x.

    With φ(z) = (1 − e^{−z})/z, which is 1 at z = 0: 1 − a = γΔt φ(γΔt), b = F⟨n⟩Δt φ(γΔt) and
    s² = DΔt φ(2γΔt), for γ of either sign.  Euler's methods have φ = 1; BAOAB has it for the
    Ornstein-Uhlenbeck process, without force.
    """
    x = np.linspace(model.x[0], model.x[-1], nodes)
    force = model.force_at(x) - model.mass * model.frequency**2 * origin
    at, factor = x, 1.0
    if scheme == "rotation":
        at, factor = corrected_noise(model, x, force, step)
    loss = model.damping_at(at) * step
    phi, phi_twice = (
        (1.0, 1.0) if scheme in ("euler", "symplectic") else (_phi(loss), _phi(2 * loss))
    )
    phi_force = phi if scheme == "rotation" else 1.0
    noise = factor * np.sqrt(model.diffusion_at(at) * step * phi_twice)
    columns = (loss * phi, force * step * phi_force / model.p0, noise / model.p0, 0.0)
    return np.stack([column * np.ones_like(x) for column in columns], axis=1), x


def corrected_noise(model, x, force, step):
    """Where to take γ and D for a walker at `x`, and the factor of √D, in the rotation scheme.

    A walker that is kicked at (x, p) follows, to first order in the force f of the kicks and second
    in θ = ω0Δt, the true orbit through

        x + (θ²/12) f/mω0²,    p (1 − (θ²/12) f'/mω0²),

    a canonical transformation.  Friction and noise act on the true orbit: hence γ and D at the
    shifted x, and noise on p itself that is larger by 1 + (θ²/12) f'/mω0².  Without this the
    temperature is wrong by (θ²/6) f'/mω0², 3e-4 for the paper's device at V = 0 and θ = 0.4.
    """
    twelfth = (model.frequency * step) ** 2 / 12.0
    spring = model.mass * model.frequency**2
    at = np.clip(x + twelfth * force / spring, model.x[0], model.x[-1])
    return at, 1.0 + twelfth * np.gradient(force, x) / spring


def _phi(z):
    safe = np.where(z == 0.0, 1.0, z)
    with np.errstate(over="ignore"):  # infinite where one step amplifies beyond all numbers
        return np.where(z == 0.0, 1.0, -np.expm1(-safe) / safe)


def angles(scheme, theta):
    """What the kernels take for the angle of a step and of half a step."""
    if scheme == "rotation":
        return np.array([[np.tan(a / 2.0), np.sin(a)] for a in (theta, theta / 2.0)])
    return np.array([[theta, theta], [theta / 2.0, theta / 2.0]])


def recorded_factors(scheme, theta):
    """What ⟨α²⟩ and ⟨α⟩ are to be divided by, to first order in the electrons' force.

    The rotation scheme is recorded half a turn after the kick.  There the second harmonic of the
    orbit, α², is too large by θ/sin θ, and the first by (θ/2)/sin(θ/2).
    """
    if scheme == "rotation":
        return theta / np.sin(theta), 0.5 * theta / np.sin(0.5 * theta)
    return 1.0, 1.0


def euler_equivalent(model: LangevinModel, step: float) -> LangevinModel:
    """The model that explicit Euler solves in place of the one it is given, to first order in Δt.

    Advancing x with the old velocity feeds energy in: each step turns phase space and stretches it.
    This acts as a damping rate γ(x) − [ω0² − (F/m)∂ₓ⟨n⟩]Δt.

    Parameters
    ----------
    model : LangevinModel
    step : float
        Δt (time), positive.

    Returns
    -------
    LangevinModel
        The same but for its damping; its steady state may need a wider grid.

    Raises
    ------
    TypeError
        If `model` is not a LangevinModel.
    ValueError
        If `step` is not finite and positive.

    Examples
    --------
    A linear oscillator loses γ = 0.02 to friction and gains ω0²Δt = 0.0025 from the step:

    >>> import numpy as np
    >>> from qemlib import LangevinModel
    >>> x = np.linspace(-25.0, 25.0, 101)
    >>> zero = np.zeros_like(x)
    >>> model = LangevinModel(1.0, 0.5, x, zero, damping=zero + 0.02, diffusion=zero + 0.05)
    >>> round(float(euler_equivalent(model, step=0.01).damping[0]), 6)
    0.0175
    """
    refuse_other_than_model(model)
    step = _checks.positive("step", step)
    stiffness = model.frequency**2 - np.gradient(model.force, model.x) / model.mass
    return replace(model, damping=model.damping - stiffness * step)


def linear_covariance(scheme: str, angle: float, friction: float, pull: float = 0.0) -> np.ndarray:
    """Stationary covariance of a scheme for a linear oscillator, by its discrete Lyapunov equation.

    Parameters
    ----------
    scheme : {"rotation", "euler", "symplectic", "baoab"}
    angle : float
        θ = ω0Δt, positive.
    friction : float
        γ/ω0, positive.
    pull : float
        κ = f'/mω0² of a linear force f: the spring is mω0²(1 − κ).  Below 1.

    Returns
    -------
    ndarray, shape (2, 2)
        Of (q, y) in units where ⟨y²⟩ = 1 in thermal equilibrium; then ⟨q²⟩ = 1/(1 − κ).

    Raises
    ------
    ValueError
        If an argument is not allowed, or the scheme has no stationary state there.

    Examples
    --------
    BAOAB has the positions of a thermal state, and too little momentum, by θ²/4:

    >>> from qemlib.sampler.schemes import linear_covariance
    >>> q2, y2 = linear_covariance("baoab", 0.2, 1e-3).diagonal()
    >>> print(f"{q2:.6f} {y2:.6f}")
    1.000000 0.990000
    """
    if scheme not in SCHEMES:
        raise ValueError(f"scheme must be one of {sorted(SCHEMES)}, got {scheme!r}")
    angle = _checks.positive("angle", angle)
    friction = _checks.positive("friction", friction)
    pull = _checks.finite("pull", pull)
    if pull >= 1:
        raise ValueError(
            f"pull must be below 1, got {pull!r}; beyond, nothing holds the oscillator"
        )
    move, noise = _linear_map(scheme, angle, friction, pull)
    if np.abs(np.linalg.eigvals(move)).max() >= 1.0:
        raise ValueError(
            f"angle must be smaller, got {angle!r}: scheme {scheme!r} has no stationary state"
        )
    return solve_discrete_lyapunov(move, noise)


def _linear_map(scheme, theta, friction, pull):
    """(M, N) of z ← M z + noise of covariance N, over one step."""
    loss = friction * theta
    a = float(np.exp(-loss))
    if scheme in ("euler", "symplectic"):
        kick, noise = np.array([[1.0, 0.0], [(pull - 1.0) * theta, 1.0 - loss]]), 2.0 * loss
        if scheme == "euler":
            return kick + np.array([[0.0, theta], [0.0, 0.0]]), np.diag([0.0, noise])
        before, after = np.eye(2), np.array([[1.0, theta], [0.0, 1.0]])
    elif scheme == "baoab":
        push = np.array([[1.0, 0.0], [0.5 * (pull - 1.0) * theta, 1.0]])
        drift = np.array([[1.0, 0.5 * theta], [0.0, 1.0]])
        kick, noise = np.diag([1.0, a]), 1.0 - a**2
        before, after = drift @ push, push @ drift
    else:
        c, s = np.cos(0.5 * theta), np.sin(0.5 * theta)
        before = after = np.array([[c, s], [-s, c]])
        kick = np.array([[1.0, 0.0], [pull * theta * float(_phi(loss)), a]])
        noise = (1.0 - a**2) * (1.0 + pull * theta**2 / 12.0) ** 2
    return after @ kick @ before, after @ np.diag([0.0, noise]) @ after.T


def linear_bias(scheme: str, angle: float, friction: float, pull: float = 0.0) -> float:
    """Relative error of ⟨|α|²⟩ that a scheme makes for a linear oscillator.

    Parameters and errors are those of `linear_covariance`.

    Notes
    -----
    Where friction depends on x, BAOAB misses less of ⟨|α|²⟩ than that, or even gains.  Its friction
    and noise act in the middle of a step, where x is smaller than at the end by (1 − θ²/4)^{1/2}.
    A thermal state does not care.  A ring, which is where friction is zero, is wider by as much:
    positions then err by +θ²/4 and momenta not at all.

    Examples
    --------
    >>> from qemlib.sampler.schemes import linear_bias
    >>> for scheme in ("rotation", "baoab", "symplectic"):
    ...     print(f"{scheme:10} {linear_bias(scheme, 0.2, 1e-3, pull=0.01):+.0e}")
    rotation   -2e-07
    baoab      -5e-03
    symplectic +1e-02
    """
    exact = 1.0 + 1.0 / (1.0 - pull)
    return float(np.trace(linear_covariance(scheme, angle, friction, pull)) / exact - 1.0)


def error_of_rates(scheme: str, angle: float, friction: float, pull: float = 0.0) -> float:
    """Relative error of a scheme's rates of change for a linear oscillator.

    Its two rates s, with e^{sω0t} the motion, have the sum −γ/ω0 and the product 1 − κ: the slow
    rate of an overdamped oscillator is nearly their ratio, the frequency of a weakly damped one
    nearly the root of their product.  The scheme's are the logarithms of the eigenvalues of its map
    over θ.  Parameters are those of `linear_covariance`.

    Returns
    -------
    float
        The larger of the relative errors of sum and product; infinite where the map has an
        eigenvalue that no motion has.

    Examples
    --------
    Strong friction moves x by one step's worth of free flight rather than by a slow drift:

    >>> from qemlib.sampler.schemes import error_of_rates
    >>> for friction in (0.01, 1.0, 200.0):
    ...     print(f"{error_of_rates('rotation', 0.4, friction):.0e}")
    1e-06
    1e-02
    inf
    """
    move, _ = _linear_map(scheme, angle, friction, pull)
    trace, determinant = np.trace(move), np.linalg.det(move)
    # Negative or vanishing, they are no exponentials of a rate.
    if not determinant > 0 or (trace**2 >= 4.0 * determinant and trace <= 0):
        return np.inf
    factors = np.linalg.eigvals(move).astype(complex)
    if not factors.all():  # friction so strong that a step forgets p altogether
        return np.inf
    rates = np.log(factors) / angle
    return float(max(abs(rates.sum() / friction + 1.0), abs(rates.prod() / (1.0 - pull) - 1.0)))
