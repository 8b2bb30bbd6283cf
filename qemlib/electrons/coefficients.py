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

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from qemlib import _checks
from qemlib._locked import Locked
from qemlib.devices.device import Device, Lead
from qemlib.devices.tabulated import Tabulated
from qemlib.electrons.quadrature import EnergyQuadrature, known_accuracy
from qemlib.electrons.residues import ResidueSums, solvable
from qemlib.electrons.spectral import Integral
from qemlib.errors import QuadratureError

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


# A closed form that may have lost more than this part of its value is not used if quadrature does
# better; a result that either way is less certain than the second is refused.
_HANDED_OVER = 5e-13
_REFUSED = 1e-6
# Of what tables of half the points change, and of how much faster a table is than they.
_SAFETY = 3.0
# Spectral weight that may be missing before a bound state is suspected: at best, and for a density
# known so badly that Re Σ may not quite belong to κ.
_MISSING_WEIGHT = 1e-6, 1e-2
# Error of an integral over densities that are not known better.
_FOR_ROUGH_DENSITIES = 1e-2


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
    found = coefficients_as_given(device, x)
    if known_accuracy(device) == 0.0:
        return found
    unknown = errors_of_densities(
        device, found, lambda other: coefficients_as_given(other, found.x)
    )
    error = {name: own + unknown[name] for name, own in found.error.items()}
    return replace(found, error=error)


def errors_of_densities(
    device: Device, found: Any, compute: Callable[[Device], Any]
) -> dict[str, np.ndarray]:
    """What densities that are not known exactly leave open, by the names of the errors.

    `compute` makes of a device what was found.  Tables of every other point change it by more than
    the table itself is off.  There are two of them: one may be right by chance.  Other densities
    only say how well they are known.
    """
    values = {name: getattr(found, name) for name in found.error}
    if not any(isinstance(lead.density, Tabulated) for lead in device.leads):
        return {name: known_accuracy(device) * np.abs(value) for name, value in values.items()}
    unknown = {name: np.zeros(value.shape) for name, value in values.items()}
    accuracy = known_accuracy(device)
    for start in (0, 1):
        left, right = (_coarser(lead, start) for lead in device.leads)
        coarser = replace(device, left=left, right=right)
        falls = min(2.0 * _SAFETY * accuracy / known_accuracy(coarser), 1.0)
        try:
            other = compute(coarser)
        except QuadratureError:  # a bound state, with half of the points
            return {name: np.full(value.shape, np.inf) for name, value in values.items()}
        for name, value in values.items():
            change = _SAFETY * falls * np.abs(getattr(other, name) - value)
            unknown[name] = np.maximum(unknown[name], change)
    return unknown


def _coarser(lead: Lead, start: int) -> Lead:
    table = lead.density
    return replace(lead, density=table.coarser(start)) if isinstance(table, Tabulated) else lead


def coefficients_as_given(
    device: Device, x: ArrayLike, frequency: float | None = None
) -> ElectronCoefficients:
    """`electron_coefficients` as if the leads' densities were known exactly.

    With a `frequency` ω, friction and noise are those of an oscillator that turns at it,
    mγ = [S_x(ω) − S_x(−ω)]/2ω and D = [S_x(ω) + S_x(−ω)]/2, which are S'_x(0) and S_x(0) for ω → 0.
    """
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


class Electrons:
    """The electrons at the positions `x`, an array with one axis, each integral by its best way."""

    _sums: type[ResidueSums] = ResidueSums
    _integrals: type[EnergyQuadrature] = EnergyQuadrature

    def __init__(self, device: Device, x: np.ndarray) -> None:
        self._device = _checks.kind("device", device, Device)
        self._x = x
        self._level = device.level - device.force * x
        self._solvable = solvable(device)
        self._one_temperature = device.left.temperature == device.right.temperature
        if self._solvable:
            self._residues = self._sums(device, self._level)
        else:
            self._refuse_bound_states()

    def occupation(self) -> Integral:
        return self._best(1.0, "occupation")

    def current(self) -> Integral:
        return self._best(1.0, "current")

    def diffusion(self) -> Integral:
        return self._best(self._device.force**2, "diffusion", closed=self._one_temperature)

    def damping(self) -> Integral:
        return self._best(self._device.force**2 / self._device.oscillator.mass, "damping")

    def at_frequency(self, frequency: float) -> tuple[Integral, Integral]:
        """Diffusion and damping of a motion at a frequency."""
        taken, given = (
            self.noise_spectrum(np.full(self._x.shape, side * frequency)) for side in (1.0, -1.0)
        )
        per = 2.0 * frequency * self._device.oscillator.mass
        noise, friction = taken + given, taken - given
        return Integral(*(0.5 * part for part in noise)), Integral(*(p / per for p in friction))

    def noise_spectrum(self, omega: np.ndarray) -> Integral:
        return self._best(
            self._device.force**2, "noise_spectrum", omega, closed=self._one_temperature
        )

    def _best(
        self, factor: float, name: str, *arguments: np.ndarray, closed: bool = True
    ) -> Integral:
        """factor × ∫ dω/2π of the integral called `name`, in closed form or by quadrature."""
        if closed and self._solvable:
            integral = getattr(self._residues, name)(*arguments)
            poor = ~(integral.error <= _HANDED_OVER * integral.size)
            if poor.any():
                quadrature = self._integrals(self._device, self._level[poor])
                other = getattr(quadrature, name)(*(values[poor] for values in arguments))
                # Where a closed form passes through zero, quadrature knows how large its parts are.
                integral.size[poor] = np.maximum(integral.size[poor], other.size)
                better = other.error < integral.error[poor]
                where = np.flatnonzero(poor)[better]
                for mine, theirs in zip(integral, other, strict=True):
                    mine[where] = theirs[better]
        else:
            quadrature = self._integrals(self._device, self._level)
            integral = getattr(quadrature, name)(*arguments)
        self._refuse_uncertain(integral, name)
        return Integral(*(factor / (2.0 * np.pi) * part for part in integral))

    def _refuse_uncertain(self, integral: Integral, name: str) -> None:
        tolerance = np.clip(known_accuracy(self._device), _REFUSED, _FOR_ROUGH_DENSITIES)
        # What is smaller than any normal number has no digits to lose.
        refused = ~(integral.error <= tolerance * integral.size + np.finfo(float).tiny)
        if refused.any():
            i = int(np.argmax(refused))
            raise QuadratureError(
                f"{name}: the integral over energy at x = {self._x[i]:.6g} has an estimated error "
                f"of {integral.error[i]:.2e} on {integral.value[i]:.6e}"
            )

    def _refuse_bound_states(self) -> None:
        weight = EnergyQuadrature(self._device, self._level).weight().value / (2.0 * np.pi)
        tolerance = np.clip(10.0 * known_accuracy(self._device), *_MISSING_WEIGHT)
        missing = np.abs(weight - 1.0) > tolerance
        if missing.any():
            i = int(np.argmax(missing))
            raise QuadratureError(
                f"at x = {self._x[i]:.6g} the spectral function holds {weight[i]:.6f} states "
                "instead of 1: the dot has a bound state outside of the bands, whose occupation "
                "the leads do not fix, or a resonance too narrow to resolve"
            )
