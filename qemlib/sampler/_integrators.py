"""The schemes of this package."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from qemlib.motion.model import LangevinModel
from qemlib.sampler import kernels
from qemlib.sampler._scheme import Array, Kick, Scheme

__all__ = ["Baoab", "Euler", "Rotation", "Symplectic", "corrected_noise", "euler_model", "turned"]


class Rotation(Scheme):
    """An exact Ornstein-Uhlenbeck process of p at fixed x, and an exact rotation.

    The rotation is about the point of rest, and the two are split symmetrically: a walker is
    recorded half-way through a rotation.  With φ(z) = (1 − e^{−z})/z, which is 1 at z = 0:
    1 − a = γΔt φ(γΔt), b = F⟨n⟩Δt φ(γΔt) and s² = DΔt φ(2γΔt), for γ of either sign; the noise
    carries the factor of `corrected_noise`.
    """

    name = "rotation"
    angle = 0.4
    kept = True
    stride = staticmethod(kernels.rotation_stride)

    def turns_about(self, center: float) -> float:
        return center

    def angles(self, theta: float) -> Array:
        return np.array([[np.tan(a / 2.0), np.sin(a)] for a in (theta, theta / 2.0)])

    def columns(self, model: LangevinModel, x: Array, force: Array, step: float) -> tuple[Any, ...]:
        at, factor = corrected_noise(model, x, force, step)
        loss = model.damping_at(at) * step
        phi, phi_twice = _phi(loss), _phi(2 * loss)
        noise = factor * np.sqrt(model.diffusion_at(at) * step * phi_twice)
        return loss * phi, force * step * phi, noise

    def move(self, q: Any, y: Any, xi: Any, theta: float, kick: Kick) -> tuple[Any, Any]:
        return turned(q, y + kick(q, y, xi)[0], theta)

    def seen(self, q: Any, y: Any, theta: float) -> tuple[Any, Any]:
        return turned(q, y, -0.5 * theta)

    def recorded_factors(self, theta: float) -> tuple[float, float]:
        """The second harmonic of the orbit, α², is too large by θ/sin θ, the first by half of θ."""
        return theta / np.sin(theta), 0.5 * theta / np.sin(0.5 * theta)

    def linear_map(self, theta: float, friction: float, pull: float) -> tuple[Array, Array]:
        loss = friction * theta
        a = float(np.exp(-loss))
        c, s = np.cos(0.5 * theta), np.sin(0.5 * theta)
        half = np.array([[c, s], [-s, c]])
        kick = np.array([[1.0, 0.0], [pull * theta * float(_phi(loss)), a]])
        noise = (1.0 - a**2) * (1.0 + pull * theta**2 / 12.0) ** 2
        return half @ kick @ half, half @ np.diag([0.0, noise]) @ half.T


class Euler(Scheme):
    """Eqs. (C1) and (C2) with F/m and √D/m put back, all from old values, in float64."""

    name = "euler"
    dtype = np.float64
    first_order = True
    kept = True
    stride = staticmethod(kernels.euler_stride)

    def move(self, q: Any, y: Any, xi: Any, theta: float, kick: Kick) -> tuple[Any, Any]:
        return q + theta * y, y + kick(q, y, xi)[0] - theta * q

    def solved(self, model: LangevinModel, step: float) -> LangevinModel:
        return euler_model(model, step)

    def advice(self, model: LangevinModel) -> str:
        return (
            "; explicit Euler lowers the damping by about ω0²Δt, so ω0²Δt must be far below γ(x); "
            f"ω0² = {model.frequency**2:.4g}"
        )

    def linear_map(self, theta: float, friction: float, pull: float) -> tuple[Array, Array]:
        loss = friction * theta
        move = np.array([[1.0, theta], [(pull - 1.0) * theta, 1.0 - loss]])
        return move, np.diag([0.0, 2.0 * loss])


class Symplectic(Scheme):
    """As explicit Euler, but x moves with the new momentum."""

    name = "symplectic"
    kept = True
    stride = staticmethod(kernels.symplectic_stride)

    def move(self, q: Any, y: Any, xi: Any, theta: float, kick: Kick) -> tuple[Any, Any]:
        y = y + kick(q, y, xi)[0] - theta * q
        return q + theta * y, y

    def linear_map(self, theta: float, friction: float, pull: float) -> tuple[Array, Array]:
        loss = friction * theta
        kick = np.array([[1.0, 0.0], [(pull - 1.0) * theta, 1.0 - loss]])
        drift = np.array([[1.0, theta], [0.0, 1.0]])
        return drift @ kick, drift @ np.diag([0.0, 2.0 * loss]) @ drift.T


class Baoab(Scheme):
    """Forces, drift, Ornstein-Uhlenbeck process, drift, forces (Leimkuhler and Matthews 2013)."""

    name = "baoab"
    kept = True
    stride = staticmethod(kernels.baoab_stride)

    def columns(self, model: LangevinModel, x: Array, force: Array, step: float) -> tuple[Any, ...]:
        loss = model.damping_at(x) * step
        noise = np.sqrt(model.diffusion_at(x) * step * _phi(2 * loss))
        return loss * _phi(loss), force * step, noise

    def move(self, q: Any, y: Any, xi: Any, theta: float, kick: Kick) -> tuple[Any, Any]:
        y = y + 0.5 * (kick(q, y, 0.0)[1] - theta * q)
        q = q + 0.5 * theta * y
        change, push = kick(q, y, xi)
        y = y + change - push
        q = q + 0.5 * theta * y
        return q, y + 0.5 * (kick(q, y, 0.0)[1] - theta * q)

    def linear_map(self, theta: float, friction: float, pull: float) -> tuple[Array, Array]:
        a = float(np.exp(-friction * theta))
        push = np.array([[1.0, 0.0], [0.5 * (pull - 1.0) * theta, 1.0]])
        drift = np.array([[1.0, 0.5 * theta], [0.0, 1.0]])
        before, after = drift @ push, push @ drift
        noise = np.diag([0.0, 1.0 - a**2])
        return after @ np.diag([1.0, a]) @ before, after @ noise @ after.T


def corrected_noise(
    model: LangevinModel, x: Array, force: Array, step: float
) -> tuple[Array, Array]:
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


def euler_model(model: LangevinModel, step: float) -> LangevinModel:
    """The model with the damping γ(x) − [ω0² − (F/m)∂ₓ⟨n⟩]Δt."""
    stiffness = model.frequency**2 - np.gradient(model.force, model.x) / model.mass
    return replace(model, damping=model.damping - stiffness * step)


def turned(q: Any, y: Any, angle: float) -> tuple[Any, Any]:
    """(q, y) an angle later."""
    c, s = np.cos(angle), np.sin(angle)
    return c * q + s * y, c * y - s * q


def _phi(z: Any) -> Any:
    safe = np.where(z == 0.0, 1.0, z)
    with np.errstate(over="ignore"):  # infinite where one step amplifies beyond all numbers
        return np.where(z == 0.0, 1.0, -np.expm1(-safe) / safe)
