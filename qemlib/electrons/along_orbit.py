"""What the electrons do to a motion of any amplitude, with all their memory.

`qemlib.electrons.coefficients` lets the oscillator stand still.  Here it moves as x = c + A cos Ωt,
and the electrons, which do not interact, answer exactly (Floquet; ħ = e = k_B = 1).  With the
amplitudes a_k(ω) of `qemlib.electrons._floquet`, for which P = FA/2 and ε is the level at the
center, the charge is

    ⟨c†c⟩(t) = Σ_q n_q e^{−iqΩt},   n_q = ∫ (dω/2π) κf Σ_k a_{k+q} a_k*,   κf = Σ_α κ_α f_α.

Its part in quadrature with x takes energy from the motion, the part in phase pulls the frequency:

    γ̄(A) = 2F Im n_1/(mΩA),   δω(A) = −F Re n_1/(mΩA).

Over many turns the noise of the charge makes amplitude and phase diffuse.  From
dA/dt = −F δn sin Ωt/mΩ and A dφ/dt = −F δn cos Ωt/mΩ,

    d_A = F² S_sin/(2m²Ω²),   d_φ = F² S_cos/(2m²Ω²),

with ⟨ΔA²⟩ = 2d_A t and A²⟨Δφ²⟩ = 2d_φ t, and S the spectrum of n sin Ωt, or n cos Ωt, at zero
frequency.  By Wick's theorem it is that of electrons that go from ω into a hole at ω + qΩ,

    S = Σ_q ∫ (dω/2π) κf(ω) κ(1 − f)(ω + qΩ) |M_q(ω)|²,

where M_q is the matrix element of sin Ωt between the two waves.  At small A all this is the noise
spectrum at ±Ω: 2mΩγ̄ = S_x(Ω) − S_x(−Ω) and 8m²Ω² d_A = S_x(Ω) + S_x(−Ω).  At small Ω it is the
average of γ(x) and D(x) over the orbit.

The motion is prescribed: what noise and friction do to it within the electrons' memory is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from qemlib import _checks
from qemlib._locked import Locked
from qemlib.devices.device import Device
from qemlib.electrons import _floquet
from qemlib.electrons._orbit_integrals import Found, Motion, integrate, level_width
from qemlib.electrons.coefficients import coefficients_as_given
from qemlib.electrons.uncertain_densities import with_errors_of_densities
from qemlib.errors import QuadratureError

__all__ = ["OrbitCoefficients", "orbit_coefficients"]

# Values, and what they may be off by.
_WithError = tuple[np.ndarray, np.ndarray]

# A smaller swing of the level, beside its least scale of energy, gives the same to its square.
_NO_SWING = 1e-7
_FINEST, _COARSEST = 1e-12, 1e-2
# Part of an electron that may be missing before a bound state is suspected; and an error that is
# refused, in units of what was asked for.
_MISSING, _REFUSED = 1e-6, 100.0


@dataclass(frozen=True, eq=False)
class OrbitCoefficients(Locked):
    """What the electrons do to the motion x = c + A cos Ωt, a column for each orbit.

    Attributes
    ----------
    amplitudes, center : ndarray, shape (orbits,)
        A and c.
    frequency : float
        Ω.
    friction : ndarray, shape (orbits,)
        γ̄: the motion loses the power mγ̄⟨ẋ²⟩ (energy).
    frequency_shift : ndarray, shape (orbits,)
        δω: the part of the charge in phase with x makes ω0 into ω0 + δω (energy).
    amplitude_diffusion, phase_diffusion : ndarray, shape (orbits,)
        d_A and d_φ, ⟨ΔA²⟩ = 2d_A t and A²⟨Δφ²⟩ = 2d_φ t (length² / time).
    charge : ndarray of complex, shape (harmonics + 1, orbits)
        ⟨c†c⟩(t) = Re Σ_q charge[q] e^{−iqΩt}.
    mean_force : ndarray, shape (orbits,)
        F⟨n⟩ averaged over the turn (force).
    current : ndarray, shape (2, orbits)
        Electrons per unit time from the left and from the right lead into the dot, averaged over
        the turn: of opposite signs.
    current_harmonics : ndarray of complex, shape (2, harmonics, orbits)
        The rest of it: I_α(t) = current[α] + Re Σ_q current_harmonics[α, q − 1] e^{−iqΩt}.
    energy_current : ndarray, shape (2, orbits)
        Energy per unit time that either lead loses.  Together they are what the motion takes.
    error : dict of str to ndarray
        Estimated absolute errors of all these, by name.
    """

    amplitudes: np.ndarray
    center: np.ndarray
    frequency: float
    friction: np.ndarray
    frequency_shift: np.ndarray
    amplitude_diffusion: np.ndarray
    phase_diffusion: np.ndarray
    charge: np.ndarray
    mean_force: np.ndarray
    current: np.ndarray
    current_harmonics: np.ndarray
    energy_current: np.ndarray
    error: dict[str, np.ndarray]

    def __repr__(self) -> str:
        if self.amplitudes.size == 0:
            return "OrbitCoefficients(0 orbits)"
        worst = self.error["friction"].max()
        return (
            f"OrbitCoefficients({self.amplitudes.size} orbits, A from {self.amplitudes.min():.6g} "
            f"to {self.amplitudes.max():.6g}, frequency {self.frequency:.6g}, "
            f"largest error of the friction {worst:.1e})"
        )


def orbit_coefficients(
    device: Device,
    amplitudes: ArrayLike,
    center: ArrayLike = 0.0,
    *,
    frequency: float | None = None,
    harmonics: int = 2,
    rtol: float = 1e-8,
) -> OrbitCoefficients:
    """Friction, noise and currents of a device whose oscillator moves as x = c + A cos Ωt.

    Exact in the coupling and in the speed of the motion, for leads of any spectral density.

    Parameters
    ----------
    device : Device
    amplitudes : array_like, shape (orbits,)
        A ≥ 0; 0 stands for the limit of a small one.
    center : float or array_like, shape (orbits,)
        c.
    frequency : float, optional
        Ω > 0; by default the oscillator's.
    harmonics : int
        Harmonics of charge and current that are wanted, at least 1.
    rtol : float
        Error that is allowed of each integral over energy, between 1e-12 and 0.01, as part of the
        same integral over the modulus.

    Returns
    -------
    OrbitCoefficients

    Raises
    ------
    TypeError
        If `device` is none.
    ValueError
        If an argument is out of range or holds anything but finite numbers.
    QuadratureError
        If the level moves by so many quanta Ω that its harmonics do not end, an integral does not
        converge, or the dot has a bound state outside of the leads' bands.

    Examples
    --------
    Where the oscillator is at rest, friction of the paper's device turns negative at V = 8.46 for
    an infinitely slow motion, but at 8.30 for its own.

    >>> import qemlib as qem
    >>> device = qem.paper_device(voltage=8.4)
    >>> found = qem.orbit_coefficients(device, [0.0, 30.0])
    >>> [round(1e6 * float(g), 3) for g in (qem.damping(device, 0.0), *found.friction)]
    [2.42, -3.771, 155.028]
    """
    _checks.kind("device", device, Device)
    amplitudes, center = _orbits(amplitudes, center)
    frequency = device.oscillator.frequency if frequency is None else frequency
    frequency = _checks.positive("frequency", frequency)
    harmonics = _checks.integer("harmonics", harmonics, 1)
    rtol = _checks.finite("rtol", rtol)
    if not _FINEST <= rtol <= _COARSEST:
        raise ValueError(f"rtol must lie between {_FINEST:g} and {_COARSEST:g}, got {rtol!r}")

    def compute(of: Device) -> OrbitCoefficients:
        return as_given(of, amplitudes, center, frequency, harmonics, rtol)

    return with_errors_of_densities(device, compute(device), compute)


def _orbits(amplitudes: ArrayLike, center: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    amplitudes = _checks.finite_array("amplitudes", amplitudes, ndim=1)
    if (amplitudes < 0).any():
        raise ValueError(f"amplitudes must not be negative, got {amplitudes.min()}")
    center = _checks.finite_array("center", center)
    if center.shape not in ((), amplitudes.shape):
        raise ValueError(
            f"center must be one number or have the shape of amplitudes, {amplitudes.shape}, got "
            f"{center.shape}"
        )
    return amplitudes, np.broadcast_to(center, amplitudes.shape).copy()


def as_given(
    device: Device,
    amplitudes: np.ndarray,
    center: np.ndarray,
    frequency: float,
    harmonics: int,
    rtol: float,
    *,
    currents: bool = True,
) -> OrbitCoefficients:
    """`orbit_coefficients` as if the leads' densities were known exactly.

    Without `currents` they are left at zero.
    """
    level = device.level - device.force * center
    # Also finds out whether the dot at rest has a bound state.
    places, where = np.unique(center, return_inverse=True)
    at_rest = coefficients_as_given(device, places)
    motion = Motion(_pushes(device, amplitudes, level), level, frequency)
    integrals = integrate(device, motion, harmonics, currents, rtol)
    _refuse_uncertain(amplitudes, integrals, rtol)
    value, error = integrals.value.T / (2.0 * np.pi), integrals.error.T / (2.0 * np.pi)
    # A, as part of the amplitude that stands for it.
    part = 0.5 * device.force * amplitudes / motion.push if device.force else 0.0 * amplitudes
    found = {
        **_of_motion(device, motion, value, error),
        **_charges(value, error, part, harmonics),
        **_currents(value, error, part, harmonics, currents),
    }
    coefficients = {name: mean for name, (mean, _) in found.items()}
    errors = {name: uncertainty for name, (_, uncertainty) in found.items()}
    moved = coefficients["charge"][0].real.copy()
    coefficients["charge"][0] += at_rest.occupation[where]
    errors["charge"][0] += at_rest.error["occupation"][where]
    coefficients["mean_force"] = device.force * (at_rest.excess_charge[where] + moved)
    errors["mean_force"] = 2.0 * abs(device.force) * errors["charge"][0]
    return OrbitCoefficients(
        amplitudes=amplitudes, center=center, frequency=frequency, **coefficients, error=errors
    )


def _pushes(device: Device, amplitudes: np.ndarray, level: np.ndarray) -> np.ndarray:
    """P = FA/2, and for the smallest amplitudes one that is as good as none."""
    push = 0.5 * device.force * amplitudes
    least = _NO_SWING * level_width(device, level)
    return np.where(np.abs(push) < least, np.copysign(least, device.force), push)


def _refuse_uncertain(amplitudes: np.ndarray, integrals: Found, rtol: float) -> None:
    missing = np.abs(integrals.value[:, _floquet.COMPLETENESS]) / (2.0 * np.pi)
    unsure = (integrals.error > _REFUSED * rtol * integrals.size).any(axis=1)
    if unsure.any():
        i = int(np.argmax(unsure))
        raise QuadratureError(
            f"amplitudes: at A = {amplitudes[i]:.6g} the integrals over energy do not converge: "
            f"their error is {np.nanmax(integrals.error[i] / integrals.size[i]):.1e} of their "
            f"moduli, asked for is {rtol:.1e}"
        )
    if (missing > np.maximum(_MISSING, _REFUSED * rtol)).any():
        i = int(np.argmax(missing))
        raise QuadratureError(
            f"amplitudes: at A = {amplitudes[i]:.6g} {missing[i]:.1e} of the dot's state is "
            "missing: it is bound outside of the bands, or a resonance too narrow to resolve"
        )


def _of_motion(
    device: Device, motion: Motion, value: np.ndarray, error: np.ndarray
) -> dict[str, _WithError]:
    """Friction, frequency shift and diffusion; and their errors."""
    m, omega0, omega = device.oscillator.mass, device.oscillator.frequency, motion.frequency
    in_phase, out_of_phase = _floquet.HARMONICS, _floquet.HARMONICS + 1
    rows: dict[str, tuple[int, np.ndarray | float]] = {
        "friction": (out_of_phase, device.force**2 / (m * omega) / motion.push),
        # (ω0 + δω)² = ω0² − 2F Re n_1/(mA), exactly if Ω = ω0 + δω.
        "frequency_shift": (in_phase, -(device.force**2) / (m * (omega0 + omega)) / motion.push),
        "amplitude_diffusion": (_floquet.SINE, device.force**2 / (2.0 * (m * omega) ** 2)),
        "phase_diffusion": (_floquet.COSINE, device.force**2 / (2.0 * (m * omega) ** 2)),
    }
    return {
        name: (factor * value[row], np.abs(factor) * error[row])
        for name, (row, factor) in rows.items()
    }


def _charges(
    value: np.ndarray, error: np.ndarray, part: np.ndarray, harmonics: int
) -> dict[str, _WithError]:
    """Harmonics of the charge, the mean less what it is at rest; and their errors."""
    mean = value[_floquet.CHARGE] * part**2, error[_floquet.CHARGE]
    rows = _floquet.HARMONICS + 2 * np.arange(harmonics)
    rest, off = _oscillating(value, error, part, rows)
    return {"charge": (np.vstack([mean[0], rest]), np.vstack([mean[1], off]))}


def _currents(
    value: np.ndarray, error: np.ndarray, part: np.ndarray, harmonics: int, known: bool
) -> dict[str, _WithError]:
    """Currents of particles and of energy, the harmonics of the former; and their errors."""
    found = {
        name: (value[row : row + 2], error[row : row + 2])
        for name, row in (("current", _floquet.CURRENT), ("energy_current", _floquet.ENERGY))
    }
    rows = _floquet.HARMONICS + 2 * harmonics * np.arange(1, 3)[:, None] + 2 * np.arange(harmonics)
    if not known:
        nothing = np.zeros((2, harmonics, part.size))
        return {**found, "current_harmonics": (nothing + 0j, nothing)}
    return {**found, "current_harmonics": _oscillating(value, error, part, rows)}


def _oscillating(
    value: np.ndarray, error: np.ndarray, part: np.ndarray, rows: np.ndarray
) -> _WithError:
    """Twice the Fourier components at these rows, their last axis the harmonics from the first."""
    scale = 2.0 * part ** np.arange(1, rows.shape[-1] + 1)[:, None]
    return (
        scale * (value[rows] + 1j * value[rows + 1]),
        scale * np.hypot(error[rows], error[rows + 1]),
    )
