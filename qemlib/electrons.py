"""What the leads do to the motion while the oscillator stands still at x (Appendix B).

With the spectral function T(ω) and the distribution Φ(ω) of `qemlib.spectral` (ħ = e = k_B = 1)

    ⟨c†c⟩_x =  (1/2π) ∫ T Φ dω,                        Eq. (B13)
    D(x)    =  (F²/2π) ∫ T² Φ(1 − Φ) dω,               Eq. (B22)
    mγ(x)   = −(F²/4π) ∫ T² Φ' dω,                     Eq. (B23), integrated by parts
    S_x(ω)  =  (F²/2π) ∫ T(ν) Φ(ν) T(ν+ω) [1 − Φ(ν+ω)] dν.

The last line is Eq. (B21) with its sign of ω corrected.  The form of mγ is free of the cancellation
in (B23), and shows at once what makes damping negative: an inverted distribution, Φ' > 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qemlib import _checks
from qemlib.device import Device
from qemlib.spectral import emptiness, filling, filling_slope, integrate, spectral

__all__ = [
    "ElectronCoefficients",
    "current",
    "damping",
    "diffusion",
    "electron_coefficients",
    "excess_charge",
    "noise_spectrum",
    "occupation",
]


@dataclass(frozen=True)
class ElectronCoefficients:
    """The coefficients of the Langevin equation (6), arrays of the shape of `x`.

    Attributes
    ----------
    x : ndarray
        Positions.
    occupation : ndarray
        ⟨c†c⟩_x, dimensionless.
    excess_charge : ndarray
        ⟨n⟩_x = ⟨c†c⟩_x − N0 (units of e).
    damping : ndarray
        γ(x) (energy).
    diffusion : ndarray
        D(x) (force² × time).
    error : dict of str to ndarray
        Estimated absolute error of "occupation", "damping" and "diffusion".
    """

    x: np.ndarray
    occupation: np.ndarray
    excess_charge: np.ndarray
    damping: np.ndarray
    diffusion: np.ndarray
    error: dict[str, np.ndarray]

    def __repr__(self):
        if self.x.size == 0:
            return "ElectronCoefficients(0 positions)"
        return (
            f"ElectronCoefficients({self.x.size} positions, "
            f"x from {self.x.min():.6g} to {self.x.max():.6g}, "
            f"largest error in ⟨c†c⟩ {self.error['occupation'].max():.1e})"
        )


def electron_coefficients(device: Device, x) -> ElectronCoefficients:
    """All coefficients of the Langevin equation (6) at the positions `x`, in one pass.

    Parameters
    ----------
    device : Device
    x : array_like
        Positions, any shape, finite.

    Returns
    -------
    ElectronCoefficients

    Raises
    ------
    ValueError
        If `x` holds anything but finite real numbers.
    QuadratureError
        If an integral does not converge.

    Examples
    --------
    >>> from qemlib import paper_device
    >>> c = electron_coefficients(paper_device(voltage=0.0), [0.0])
    >>> c.occupation.round(12), (c.damping * 1e4).round(4)
    (array([0.5]), array([3.2514]))
    """
    x = _checks.finite_array("x", x)
    n, n_error = _occupation(device, x)
    d, d_error = _diffusion(device, x)
    g, g_error = _damping(device, x)
    n0, _ = _occupation(device, np.zeros(()))
    error = {"occupation": n_error, "damping": g_error, "diffusion": d_error}
    return ElectronCoefficients(x, n, n - n0, g, d, error)


def occupation(device: Device, x) -> np.ndarray:
    """Mean occupation ⟨c†c⟩_x of the dot, Eq. (B13); array of the shape of `x`, in [0, 1].

    Raises as `electron_coefficients`.
    """
    return _occupation(device, _checks.finite_array("x", x))[0]


def excess_charge(device: Device, x) -> np.ndarray:
    """Excess charge ⟨n⟩_x = ⟨c†c⟩_x − N0; array of the shape of `x`.

    N0 is the occupation without electromechanical coupling, here computed and not assumed: it is
    1/2 only for mirrored leads of equal temperature.  Raises as `electron_coefficients`.
    """
    return occupation(device, x) - occupation(device, 0.0)


def damping(device: Device, x) -> np.ndarray:
    """Damping rate γ(x) = S'_x(0)/m, Eqs. (7) and (B23); array of the shape of `x` (energy).

    Raises as `electron_coefficients`.
    """
    return _damping(device, _checks.finite_array("x", x))[0]


def diffusion(device: Device, x) -> np.ndarray:
    """Diffusion coefficient D(x) = S_x(0), Eqs. (7) and (B22); array of the shape of `x`.

    Units of force² × time; never negative.  Raises as `electron_coefficients`.
    """
    return _diffusion(device, _checks.finite_array("x", x))[0]


def noise_spectrum(device: Device, x, omega) -> np.ndarray:
    """Spectrum S_x(ω) of the fluctuating force, Eq. (8), with the time dependence e^{+iωt}.

    Parameters
    ----------
    device : Device
    x, omega : array_like
        Positions and frequencies; they broadcast against each other.

    Returns
    -------
    ndarray
        S_x(ω) (force² × time), of the broadcast shape.  In equilibrium S(−ω) = e^{−βω} S(ω): the
        oscillator gives ω > 0 to the electrons more easily than it takes it from them.

    Raises
    ------
    ValueError
        If an argument holds anything but finite real numbers, or the shapes do not broadcast.
    QuadratureError
        If an integral does not converge.
    """
    x, omega = _checks.broadcast(x=x, omega=omega)
    prefactor = device.force**2 / (2.0 * np.pi)

    def integrand(nu, level, shift):
        filled = spectral(device, nu, level) * filling(device, nu)
        shifted = nu + shift
        return filled * spectral(device, shifted, level) * emptiness(device, shifted)

    return integrate(device, x, integrand, prefactor, "noise_spectrum", shift=omega)[0]


def current(device: Device, x) -> np.ndarray:
    """Particle current from left to right, I = ∫ (dω/2π) |G|² κ_L κ_R (f_L − f_R).

    Array of the shape of `x` (energy, that is electrons per unit time).  Raises as
    `electron_coefficients`.
    """
    x = _checks.finite_array("x", x)
    left, right = device.leads

    def integrand(omega, level):
        kappa_left = left.density.spectral_density(omega)
        kappa_right = right.density.spectral_density(omega)
        # |G|² = T/κ, because −2 Im G = |G|² κ.
        transmission = (
            spectral(device, omega, level) * (kappa_left * kappa_right) / (kappa_left + kappa_right)
        )
        # f_L − f_R, without cancellation where both are close to 1
        return transmission * (
            left.occupation(omega) * right.vacancy(omega)
            - right.occupation(omega) * left.vacancy(omega)
        )

    return integrate(device, x, integrand, 1.0 / (2.0 * np.pi), "current")[0]


def _occupation(device, x):
    def integrand(omega, level):
        return spectral(device, omega, level) * filling(device, omega)

    return integrate(device, x, integrand, 1.0 / (2.0 * np.pi), "occupation")


def _diffusion(device, x):
    def integrand(omega, level):
        weight = spectral(device, omega, level) ** 2
        return weight * filling(device, omega) * emptiness(device, omega)

    return integrate(device, x, integrand, device.force**2 / (2.0 * np.pi), "diffusion")


def _damping(device, x):
    def integrand(omega, level):
        weight = spectral(device, omega, level) ** 2
        return -weight * filling_slope(device, omega)

    prefactor = device.force**2 / (4.0 * np.pi * device.oscillator.mass)
    return integrate(device, x, integrand, prefactor, "damping")
