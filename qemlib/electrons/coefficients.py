"""What the leads do to the motion while the oscillator stands still at x (Appendix B).

With the spectral function A(ω) and the distribution Φ(ω) of `qemlib.electrons.spectral`
(ħ = e = k_B = 1)

    ⟨c†c⟩_x =  (1/2π) ∫ A Φ dω,                        Eq. (B13)
    D(x)    =  (F²/2π) ∫ A² Φ(1 − Φ) dω,               Eq. (B22)
    mγ(x)   = −(F²/4π) ∫ A² Φ' dω,                     Eq. (B23), integrated by parts
    S_x(ω)  =  (F²/2π) ∫ A(ν) Φ(ν) A(ν+ω) [1 − Φ(ν+ω)] dν.

The last line is Eq. (B21) with its sign of ω corrected.  The form of mγ is free of the cancellation
in (B23), and shows at once what makes damping negative: an inverted distribution, Φ' > 0.

Between Lorentzian leads these integrals have closed forms (`qemlib.electrons.residues`).  Where a
closed form does not hold, or has lost too many digits, quadrature takes over
(`qemlib.electrons.quadrature`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from qemlib import _checks
from qemlib._locked import Locked
from qemlib.devices.device import Device
from qemlib.electrons._integrals import Electrons
from qemlib.electrons.uncertain_densities import with_errors_of_densities

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


@dataclass(frozen=True, eq=False)
class ElectronCoefficients(Locked):
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
        Estimated absolute error of "occupation", "damping" and "diffusion": a bound on the
        round-off of the closed form, or the estimate of the quadrature; and what a density that is
        not known exactly leaves open.
    """

    x: np.ndarray
    occupation: np.ndarray
    excess_charge: np.ndarray
    damping: np.ndarray
    diffusion: np.ndarray
    error: dict[str, np.ndarray]

    def __repr__(self) -> str:
        if self.x.size == 0:
            return "ElectronCoefficients(0 positions)"
        return (
            f"ElectronCoefficients({self.x.size} positions, "
            f"x from {self.x.min():.6g} to {self.x.max():.6g}, "
            f"largest error of the occupation {self.error['occupation'].max():.1e})"
        )


def electron_coefficients(device: Device, x: ArrayLike) -> ElectronCoefficients:
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
    TypeError
        If `device` is none.
    ValueError
        If `x` holds anything but finite real numbers.
    QuadratureError
        If an integral does not converge, or the dot has a bound state outside of the leads' bands.

    Examples
    --------
    >>> from qemlib import paper_device
    >>> c = electron_coefficients(paper_device(voltage=0.0), [0.0])
    >>> c.occupation.round(12), (c.damping * 1e4).round(4)
    (array([0.5]), array([3.2514]))
    """
    return coefficients_at(device, x)


def coefficients_at(
    device: Device, x: ArrayLike, frequency: float | None = None
) -> ElectronCoefficients:
    """`electron_coefficients`, or those of an oscillator that turns at a frequency ω.

    Then friction and noise are mγ = [S_x(ω) − S_x(−ω)]/2ω and D = [S_x(ω) + S_x(−ω)]/2, which are
    S'_x(0) and S_x(0) for ω → 0.
    """
    found = coefficients_as_given(device, x, frequency)
    return with_errors_of_densities(
        device, found, lambda other: coefficients_as_given(other, found.x, frequency)
    )


def coefficients_as_given(
    device: Device, x: ArrayLike, frequency: float | None = None
) -> ElectronCoefficients:
    """`coefficients_at` as if the leads' densities were known exactly."""
    x = _checks.finite_array("x", x)
    # N0 is the occupation where the force does nothing, as at x = 0.
    electrons = Electrons(device, np.append(x.ravel(), 0.0))
    n = electrons.occupation()
    if frequency is None:
        d, g = electrons.diffusion(), electrons.damping()
    else:
        d, g = electrons.at_frequency(frequency)
    error = {"occupation": n.error, "damping": g.error, "diffusion": d.error}

    def shaped(values: np.ndarray) -> np.ndarray:
        return values[:-1].reshape(x.shape)

    return ElectronCoefficients(
        x,
        shaped(n.value),
        shaped(n.value - n.value[-1]),
        shaped(g.value),
        shaped(d.value),
        {name: shaped(values) for name, values in error.items()},
    )


def occupation(device: Device, x: ArrayLike) -> np.ndarray:
    """Mean occupation ⟨c†c⟩_x of the dot, Eq. (B13); array of the shape of `x`, in [0, 1].

    Raises as `electron_coefficients`.

    Examples
    --------
    >>> from qemlib import paper_device
    >>> occupation(paper_device(voltage=6.0), [-5.0, 0.0, 5.0]).round(6)
    array([0.498001, 0.5     , 0.501999])
    """
    return _at(device, x).occupation().value.reshape(np.shape(x))


def excess_charge(device: Device, x: ArrayLike) -> np.ndarray:
    """Excess charge ⟨n⟩_x = ⟨c†c⟩_x − N0; array of the shape of `x`.

    N0 is the occupation without electromechanical coupling, here computed and not assumed: it is
    1/2 only for mirrored leads of equal temperature.  Raises as `electron_coefficients`.

    Examples
    --------
    >>> from qemlib import paper_device
    >>> excess_charge(paper_device(voltage=6.0), [-5.0, 5.0]).round(6)
    array([-0.001999,  0.001999])
    """
    return occupation(device, x) - occupation(device, 0.0)


def damping(device: Device, x: ArrayLike) -> np.ndarray:
    """Damping rate γ(x) = S'_x(0)/m, Eqs. (7) and (B23); array of the shape of `x` (energy).

    Raises as `electron_coefficients`.

    Examples
    --------
    >>> from qemlib import paper_device
    >>> [round(1e4 * float(damping(paper_device(voltage), 0.0)), 4) for voltage in (0.0, 10.0)]
    [3.2514, -0.5335]
    """
    return _at(device, x).damping().value.reshape(np.shape(x))


def diffusion(device: Device, x: ArrayLike) -> np.ndarray:
    """Diffusion coefficient D(x) = S_x(0), Eqs. (7) and (B22); array of the shape of `x`.

    Units of force² × time; never negative.  Raises as `electron_coefficients`.

    Examples
    --------
    In equilibrium it is 2mTγ, here with m = 1 and T = 2:

    >>> from qemlib import paper_device
    >>> device = paper_device(voltage=0.0)
    >>> round(float(diffusion(device, 1.0) / damping(device, 1.0)), 10)
    4.0
    """
    return _at(device, x).diffusion().value.reshape(np.shape(x))


def noise_spectrum(device: Device, x: ArrayLike, omega: ArrayLike) -> np.ndarray:
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

    Examples
    --------
    Detailed balance at T = 2:

    >>> from qemlib import paper_device
    >>> emitted, absorbed = noise_spectrum(paper_device(voltage=0.0), 0.0, [-1.0, 1.0])
    >>> round(float(np.log(absorbed / emitted)), 10)
    0.5
    """
    x, omega = _checks.broadcast(x=x, omega=omega)
    return Electrons(device, x.ravel()).noise_spectrum(omega.ravel()).value.reshape(x.shape)


def current(device: Device, x: ArrayLike) -> np.ndarray:
    """Particle current from left to right, I = ∫ (dω/2π) |G|² κ_L κ_R (f_L − f_R).

    Array of the shape of `x` (energy, that is electrons per unit time).  Raises as
    `electron_coefficients`.

    Examples
    --------
    >>> from qemlib import paper_device
    >>> round(float(current(paper_device(voltage=6.0), 0.0)), 5)
    0.27226
    """
    return _at(device, x).current().value.reshape(np.shape(x))


def _at(device: Device, x: ArrayLike) -> Electrons:
    return Electrons(device, _checks.finite_array("x", x).ravel())
