"""Noise of the currents through the dot at rest.

I_α(t) are the electrons per unit time that come from lead α into the dot.  Their spectra are

    S_αβ(ω) = ∫ dt e^{iωt} ⟨δI_α(t) δI_β(0)⟩,

not symmetrised, with the sign of ω of `noise_spectrum`: at ω > 0 the electrons take energy in.  At
ω = 0 all of them are one number, for what comes in goes out (ħ = e = k_B = 1; Büttiker, Phys. Rev.
B 46, 12485, Lesovik 1989):

    S_LL = S_RR = −S_LR = ∫ (dE/2π) {𝒯² Σ_α f_α(1 − f_α)
                                     + 𝒯(1 − 𝒯)[f_L(1 − f_R) + f_R(1 − f_L)]},

which is 2TG without a bias and the Poissonian I of rare electrons (both are twice as large where
spectra are counted at ω > 0 alone).  At other frequencies the dot stores charge in between, and
S_LL + S_RR + 2 Re S_LR = ω² S_n(ω), with S_n = S_x/F² the spectrum of its charge.  The matrix
elements, exact for leads of any spectral density, are in `qemlib.electrons._transport_integrals`.

In closed form between Lorentzian leads of one temperature; by quadrature elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from qemlib import _checks
from qemlib._locked import Locked
from qemlib.devices.device import Device
from qemlib.electrons.transport import TransportElectrons
from qemlib.electrons.uncertain_densities import with_errors_of_densities

__all__ = ["CurrentNoise", "current_noise"]


@dataclass(frozen=True, eq=False)
class CurrentNoise(Locked):
    """Spectra of the currents into the dot, arrays of one shape.

    Attributes
    ----------
    x, omega : ndarray
        Positions and frequencies, of the broadcast shape.
    left, right : ndarray
        S_LL(ω) ≥ 0 and S_RR(ω) ≥ 0 (energy, that is electrons² per unit time).
    cross : ndarray of complex
        S_LR(ω); S_RL is its complex conjugate.
    error : dict of str to ndarray
        Estimated absolute errors of "left", "right" and "cross".
    """

    x: np.ndarray
    omega: np.ndarray
    left: np.ndarray
    right: np.ndarray
    cross: np.ndarray
    error: dict[str, np.ndarray]

    def net(self, share: float = 0.5) -> np.ndarray:
        """Spectrum of the current sI_L − (1 − s)I_R that an ammeter in either wire shows.

        A charge on its way to or from the dot moves charge in the wires (Ramo and Shockley).  For
        two wires of capacitances C_L and C_R to the dot s = C_R/(C_L + C_R), and both show the
        same.  That is the whole of it while the oscillator is at rest and no gate takes a part.

        Parameters
        ----------
        share : float
            s between 0 and 1.  Whatever it is, at ω = 0 there is one current.

        Returns
        -------
        ndarray
            s²S_LL + (1 − s)²S_RR − 2s(1 − s) Re S_LR (energy).

        Raises
        ------
        ValueError
            If `share` is no number between 0 and 1.

        Examples
        --------
        >>> import qemlib as qem
        >>> noise = qem.current_noise(qem.paper_device(6.0), 0.0, [0.0, 3.0])
        >>> noise.net().round(5), bool((noise.net(1.0) == noise.left).all())
        (array([0.16872, 0.09982]), True)
        """
        share = _checks.finite("share", share)
        if not 0.0 <= share <= 1.0:
            raise ValueError(f"share must lie between 0 and 1, got {share!r}")
        rest = 1.0 - share
        mixed = 2.0 * share * rest * self.cross.real
        return share**2 * self.left + rest**2 * self.right - mixed

    def __repr__(self) -> str:
        if self.x.size == 0:
            return "CurrentNoise(0 points)"
        worst = max(error.max() for error in self.error.values())
        return (
            f"CurrentNoise({self.x.size} points, left up to {self.left.max():.6g}, right up to "
            f"{self.right.max():.6g}, largest error {worst:.1e})"
        )


def current_noise(device: Device, x: ArrayLike, omega: ArrayLike = 0.0) -> CurrentNoise:
    """Spectra of the currents from both leads into the dot at rest at x, and their correlation.

    Parameters
    ----------
    device : Device
        Leads of any spectral density and temperature, full or empty ones (μ = ±∞) too.
    x, omega : array_like
        Positions and frequencies; they broadcast against each other.

    Returns
    -------
    CurrentNoise

    Raises
    ------
    TypeError
        If `device` is none.
    ValueError
        If an argument holds anything but finite real numbers, or the shapes do not broadcast.
    QuadratureError
        If an integral does not converge, or the dot has a bound state outside of the leads' bands.

    Examples
    --------
    A fifth of a volt at T = 2 is next to equilibrium, where the noise is 2T times the conductance:

    >>> import qemlib as qem
    >>> device = qem.paper_device(voltage=0.2)
    >>> noise = qem.current_noise(device, 0.0)
    >>> round(float(noise.left * 0.2 / (4.0 * qem.current(device, 0.0))), 3)
    1.0
    """
    _checks.kind("device", device, Device)
    x, omega = _checks.broadcast(x=x, omega=omega)
    return with_errors_of_densities(
        device, _as_given(device, x, omega), lambda other: _as_given(other, x, omega)
    )


def _as_given(device: Device, x: np.ndarray, omega: np.ndarray) -> CurrentNoise:
    value, error = np.zeros((4, x.size)), np.zeros((4, x.size))
    still = omega.ravel() == 0.0
    if still.any():
        one = TransportElectrons(device, x.ravel()[still]).shot_noise()
        value[:, still] = one.value * np.array([1.0, 1.0, -1.0, 0.0])[:, None]
        error[:3, still] = one.error
    if not still.all():
        electrons = TransportElectrons(device, x.ravel()[~still])
        for row, name in enumerate(
            ("noise_of_left", "noise_of_right", "cross_in_phase", "noise_in_quadrature")
        ):
            part = electrons.noise(name, omega.ravel()[~still])
            value[row, ~still], error[row, ~still] = part.value, part.error
        value[3, ~still] = 0.5 * (value[3] - value[0] - value[1])[~still]
        error[3, ~still] = 0.5 * (error[3] + error[0] + error[1])[~still]
    left, right, real, imaginary = (row.reshape(x.shape) for row in value)
    errors = [row.reshape(x.shape) for row in error]
    return CurrentNoise(
        x=x,
        omega=omega,
        left=left,
        right=right,
        cross=real + 1j * imaginary,
        error={"left": errors[0], "right": errors[1], "cross": np.hypot(errors[2], errors[3])},
    )
