"""The integrators of Eq. (6), and what they do to a linear oscillator, exactly.

- "rotation": an exact Ornstein-Uhlenbeck process of p at fixed x, and an exact rotation about the
  point of rest, split symmetrically.  The noise carries a factor that makes the splitting's error
  in ⟨a†a⟩ quadratic in the gradient of the electrons' force.
- "baoab": forces, drift, Ornstein-Uhlenbeck process, drift, forces (Leimkuhler and Matthews 2013).
- "symplectic": Euler's method with x moved by the new momentum.
- "euler": Eqs. (C1) and (C2), all from old values.

A scheme is an object, and one of your own goes wherever a name would: see `Scheme`.
"""

from __future__ import annotations

from collections.abc import Mapping
from reprlib import repr as repr_short
from types import MappingProxyType

import numpy as np
from scipy.linalg import solve_discrete_lyapunov

from qemlib import _checks
from qemlib.errors import NoSteadyState
from qemlib.motion.model import LangevinModel
from qemlib.motion.orbit import refuse_other_than_model
from qemlib.sampler._integrators import Baoab, Euler, Rotation, Symplectic, euler_model
from qemlib.sampler._scheme import Scheme

__all__ = [
    "DEFAULT",
    "SCHEMES",
    "Scheme",
    "error_of_rates",
    "euler_equivalent",
    "linear_bias",
    "linear_covariance",
    "scheme_of",
]

DEFAULT: Scheme = Rotation()
SCHEMES: Mapping[str, Scheme] = MappingProxyType(
    {scheme.name: scheme for scheme in (DEFAULT, Euler(), Symplectic(), Baoab())}
)


def scheme_of(scheme: str | Scheme) -> Scheme:
    """The scheme of that name, or the scheme itself.

    Raises
    ------
    TypeError
        If `scheme` is a class rather than an object of it.
    ValueError
        If it is neither a scheme nor the name of one.

    Examples
    --------
    >>> scheme_of("baoab") is SCHEMES["baoab"] is scheme_of(SCHEMES["baoab"])
    True
    """
    if isinstance(scheme, Scheme):
        return scheme
    if isinstance(scheme, type) and issubclass(scheme, Scheme):
        raise TypeError(
            f"scheme must be a Scheme, got the class {scheme.__name__} itself; call it: "
            f"{scheme.__name__}()"
        )
    if not isinstance(scheme, str) or scheme not in SCHEMES:
        raise ValueError(
            f"scheme must be one of {sorted(SCHEMES)} or a Scheme, got {repr_short(scheme)}"
        )
    return SCHEMES[scheme]


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
    return euler_model(model, _checks.positive("step", step))


def linear_covariance(
    scheme: str | Scheme, angle: float, friction: float, pull: float = 0.0
) -> np.ndarray:
    """Stationary covariance of a scheme for a linear oscillator, by its discrete Lyapunov equation.

    Parameters
    ----------
    scheme : {"rotation", "euler", "symplectic", "baoab"} or Scheme
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
        If an argument is not allowed.
    NoSteadyState
        If the scheme has no stationary state there.

    Examples
    --------
    BAOAB has the positions of a thermal state, and too little momentum, by θ²/4:

    >>> from qemlib.sampler.schemes import linear_covariance
    >>> q2, y2 = linear_covariance("baoab", 0.2, 1e-3).diagonal()
    >>> print(f"{q2:.6f} {y2:.6f}")
    1.000000 0.990000
    """
    integrator, *numbers = _checked(scheme, angle, friction, pull)
    move, noise = integrator.linear_map(*numbers)
    if np.abs(np.linalg.eigvals(move)).max() >= 1.0:
        raise NoSteadyState(
            f"angle must be smaller, got {angle!r}: scheme {integrator.name!r} has no stationary "
            "state"
        )
    return solve_discrete_lyapunov(move, noise)


def linear_bias(scheme: str | Scheme, angle: float, friction: float, pull: float = 0.0) -> float:
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
    covariance = linear_covariance(scheme, angle, friction, pull)
    exact = 1.0 + 1.0 / (1.0 - pull)
    return float(np.trace(covariance) / exact - 1.0)


def error_of_rates(scheme: str | Scheme, angle: float, friction: float, pull: float = 0.0) -> float:
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
    integrator, angle, friction, pull = _checked(scheme, angle, friction, pull)
    move, _ = integrator.linear_map(angle, friction, pull)
    trace, determinant = np.trace(move), np.linalg.det(move)
    # Negative or vanishing, they are no exponentials of a rate.
    if not determinant > 0 or (trace**2 >= 4.0 * determinant and trace <= 0):
        return np.inf
    factors = np.linalg.eigvals(move).astype(complex)
    if not factors.all():  # friction so strong that a step forgets p altogether
        return np.inf
    rates = np.log(factors) / angle
    return float(max(abs(rates.sum() / friction + 1.0), abs(rates.prod() / (1.0 - pull) - 1.0)))


def _checked(
    scheme: str | Scheme, angle: float, friction: float, pull: float
) -> tuple[Scheme, float, float, float]:
    integrator = scheme_of(scheme)
    angle = _checks.positive("angle", angle)
    friction = _checks.positive("friction", friction)
    pull = _checks.finite("pull", pull)
    if pull >= 1:
        raise ValueError(
            f"pull must be below 1, got {pull!r}; beyond, nothing holds the oscillator"
        )
    return integrator, angle, friction, pull
