"""The slow motion of amplitude and phase, as data: the second seam between electrons and motion.

Where friction and noise are weak, the oscillator moves as x = c(A) + A cos θ, p = −mΩA sin θ with
dθ/dt = Ω(A) = ω0 + δω(A), and only slowly changes its amplitude A.  Its action is I = mΩA²/2.  In a
turn it loses −dI/dt = γ̄ I, and noise makes it diffuse, ⟨ΔI²⟩ = 2 (mΩA)² d_A t.  So the average of
W(x, p) over the phase obeys

    ∂_t W = ∂_I [γ̄ I W + (mΩA)² d_A ∂_I W],

and with an angular harmonic, W = e^{ikθ} u(I), there is −(k² d_φ/A² + ikΩ) u besides.  The steady
state follows by an integral,

    d ln W/dI = −γ̄/(2mΩ d_A).

Averages of γ(x) and D(x) are one source of the coefficients, electrons with all their memory along
the same orbit (`qemlib.electrons.along_orbit`) are another, a user's arrays a third.

The flux vanishes where γ̄ I W balances the gradient, with d_A in front of it: this is what Eq. (A24)
gives, where D depends on x alone.  It is also what quanta give that are exchanged at rates which
depend on the levels n and n′ alike, to second order in (n − n′)/n.  How the noise of the electrons
acts back within their memory may add to the drift as much as 1/n of it; that is left out, and
states have the size of it in their error (`qemlib.motion._beyond`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from reprlib import repr as repr_short
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import PPoly

from qemlib import _checks
from qemlib._locked import Locked
from qemlib._special.splines import even_spline
from qemlib.devices.device import Device
from qemlib.motion._averages import of_langevin
from qemlib.motion._beyond import open_friction
from qemlib.motion._of_device import of_device
from qemlib.motion._weight import FEWEST, NAMES
from qemlib.motion.model import LangevinModel
from qemlib.motion.orbit import refuse_other_than_model
from qemlib.motion.sources import refuse_unmoved

__all__ = ["AveragedModel"]


@dataclass(frozen=True, eq=False)
class AveragedModel(Locked):
    """Friction, noise and frequency of the orbits x = c(A) + A cos θ.

    Parameters
    ----------
    mass, frequency : float
        m and ω0, both positive.
    amplitudes : array_like, shape (orbits,)
        A ≥ 0, strictly increasing; at least 4 of them.
    friction : array_like, shape (orbits,)
        γ̄(A): the motion loses the power mγ̄⟨ẋ²⟩; may be negative.
    frequency_shift : array_like, shape (orbits,)
        δω(A) > −ω0.
    amplitude_diffusion, phase_diffusion : array_like, shape (orbits,)
        d_A(A) > 0 and d_φ(A) ≥ 0, ⟨ΔA²⟩ = 2d_A t and A²⟨Δφ²⟩ = 2d_φ t.
    center : array_like, shape (orbits,), optional
        c(A); 0 by default.
    error : dict of str to ndarray, optional
        What "friction", "frequency_shift", "amplitude_diffusion" and "phase_diffusion" may be off
        by, arrays of the same shape.
    memory : array_like, shape (orbits,), optional
        ϑ(A): the angle by which the motion turns, or sweeps the level, while the electrons
        remember; 0 by default.  It tells what averages over orbits leave out.
    device : Device, optional
        Where the coefficients come from.
    note : str
        How the amplitudes were chosen.

    Raises
    ------
    TypeError
        If `device` is something else.
    ValueError
        If an array has the wrong shape or holds anything but finite numbers, `amplitudes` do not
        increase, a diffusion is negative or Ω is not positive.

    Notes
    -----
    Between the amplitudes the coefficients are splines of degree five, even in A.

    Examples
    --------
    Constant friction 0.02 at temperature 1.25, where 2m ω0² d_A = γ̄ T:

    >>> import numpy as np
    >>> import qemlib as qem
    >>> amplitudes, one = np.linspace(0.0, 25.0, 26), np.ones(26)
    >>> model = qem.AveragedModel(1.0, 0.5, amplitudes, 0.02 * one, 0.0 * one, 0.05 * one, one)
    >>> state = qem.averaged_state(model)
    >>> round(state.phonon_number, 6), round(state.g2, 6)
    (2.0, 2.0)
    """

    mass: float
    frequency: float
    amplitudes: np.ndarray
    friction: np.ndarray
    frequency_shift: np.ndarray
    amplitude_diffusion: np.ndarray
    phase_diffusion: np.ndarray
    center: Any = None
    error: Any = None
    memory: Any = None
    device: Device | None = None
    note: str = "amplitudes given by the caller"
    _curves: dict[str, PPoly] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for name in ("mass", "frequency"):
            object.__setattr__(self, name, _checks.positive(name, getattr(self, name)))
        if self.device is not None:
            _checks.kind("device", self.device, Device)
        self._check_arrays()
        signs = {"amplitude_diffusion": True, "phase_diffusion": False, "memory": False}
        for name, positive in signs.items():
            least = getattr(self, name).min()
            if least < 0 or (positive and least == 0):
                allowed = "positive" if positive else "not negative"
                raise ValueError(f"{name} must be {allowed}, got a value of {least}")
        if self.frequency + self.frequency_shift.min() <= 0:
            raise ValueError(
                f"frequency_shift must leave the frequency positive, got "
                f"{self.frequency_shift.min():.6g} with a frequency of {self.frequency:.6g}"
            )
        super().__post_init__()
        curves = {
            name: even_spline(self.amplitudes, getattr(self, name)) for name in (*NAMES, "center")
        }
        object.__setattr__(self, "_curves", curves)

    def _check_arrays(self) -> None:
        amplitudes = _checks.finite_array("amplitudes", self.amplitudes, ndim=1)
        if amplitudes.size < FEWEST:
            raise ValueError(f"amplitudes must be at least {FEWEST}, got {amplitudes.size}")
        if amplitudes[0] < 0 or not (np.diff(amplitudes) > 0).all():
            raise ValueError(
                f"amplitudes must not be negative and must increase strictly, got "
                f"{repr_short(self.amplitudes)}"
            )
        arrays = {"amplitudes": amplitudes}
        zero = np.zeros(amplitudes.shape)
        center = zero if self.center is None else self.center
        memory = zero if self.memory is None else self.memory
        given = {name: getattr(self, name) for name in NAMES}
        given |= {"center": center, "memory": memory}
        for name, values in given.items():
            arrays[name] = _of_shape(name, values, amplitudes.shape)
        known = {} if self.error is None else dict(self.error)
        if set(known) - set(NAMES):
            raise ValueError(f"error must have keys among {NAMES}, got {sorted(known)}")
        error = {
            name: np.abs(_of_shape(f"error[{name!r}]", known.get(name, zero), amplitudes.shape))
            for name in NAMES
        }
        for name, values in arrays.items():
            object.__setattr__(self, name, values)
        object.__setattr__(self, "error", error)

    def __repr__(self) -> str:
        return (
            f"AveragedModel(mass={self.mass:g}, frequency={self.frequency:g}, "
            f"{self.amplitudes.size} amplitudes up to {self.amplitudes[-1]:.6g}; {self.note})"
        )

    @property
    def x0(self) -> float:
        """Length scale (2/mω0)^{1/2}."""
        return float(np.sqrt(2.0 / (self.mass * self.frequency)))

    @property
    def p0(self) -> float:
        """Momentum scale (2mω0)^{1/2}."""
        return float(np.sqrt(2.0 * self.mass * self.frequency))

    @property
    def x(self) -> np.ndarray:
        """Positions between which W may be asked for: all of them."""
        return np.array([-np.inf, np.inf])

    def at(self, name: str, amplitude: ArrayLike, derivative: int = 0) -> np.ndarray:
        """A coefficient, or its derivative, between the amplitudes; the largest one's beyond."""
        return self._curves[name](np.minimum(amplitude, self.amplitudes[-1]), derivative)

    @property
    def open_friction(self) -> np.ndarray:
        """What averages over orbits leave out, as a friction of either sign; shape (orbits,).

        It is of the order of 1/n, and nothing where electrons have no memory.
        """
        return open_friction(self, self.amplitudes)

    def with_damping(self, damping: float, bath_occupation: float = 0.0) -> AveragedModel:
        """The model of an oscillator that also loses its energy by itself.

        Parameters
        ----------
        damping : float
            Rate at which its energy decays, ω0/Q ≥ 0.
        bath_occupation : float
            ⟨a†a⟩ to which it decays.

        Returns
        -------
        AveragedModel

        Raises
        ------
        ValueError
            If either is negative or not finite.

        Notes
        -----
        By itself the oscillator has mω0 d_A = (γ/2)(⟨a†a⟩ + ½)/2.

        Examples
        --------
        >>> import qemlib as qem
        >>> model = qem.AveragedModel.from_device(qem.paper_device(voltage=10.0))
        >>> cooled = qem.averaged_state(model.with_damping(1e-3))
        >>> round(cooled.phonon_number, 1)
        3.4
        """
        for name, value in (("damping", damping), ("bath_occupation", bath_occupation)):
            if _checks.finite(name, value) < 0:
                raise ValueError(f"{name} must not be negative, got {value!r}")
        noise = 0.25 * damping * (bath_occupation + 0.5) * self.x0**2
        return replace(
            self,
            friction=self.friction + damping,
            amplitude_diffusion=self.amplitude_diffusion + noise,
            phase_diffusion=self.phase_diffusion + noise,
            note=f"{self.note}; damped at {damping:.3g}",
        )

    @classmethod
    def from_langevin(cls, model: LangevinModel) -> AveragedModel:
        """Averages of a Langevin model's coefficients over the orbits of its effective potential.

        An orbit that is not harmonic enters as one of the same action, frequency and center.

        Parameters
        ----------
        model : LangevinModel

        Returns
        -------
        AveragedModel

        Raises
        ------
        TypeError
            If `model` is no LangevinModel.
        ValueError
            As `orbit_average`: if the potential has several wells, or there is no noise.

        Examples
        --------
        >>> import qemlib as qem
        >>> model = qem.LangevinModel.from_device(qem.paper_device(voltage=10.0))
        >>> state = qem.averaged_state(qem.AveragedModel.from_langevin(model))
        >>> round(state.phonon_number, 3), round(qem.orbit_average(model).phonon_number, 3)
        (42.135, 42.135)
        """
        refuse_other_than_model(model)
        return cls(**of_langevin(model))

    @classmethod
    def from_device(
        cls, device: Device, rtol: float = 1e-6, *, reach: float | None = None
    ) -> AveragedModel:
        """The model of a device whose electrons remember: coefficients along its orbits.

        Amplitudes reach to where W has fallen to 1e-16 of its largest value, and are as dense as
        the coefficients ask for.  The centers of the orbits are where the mean force along them
        puts them.  All move at one frequency, that of the motion in the mean; what the spread of
        frequencies changes is in the model's error, and so are the overtones of the motion.

        Parameters
        ----------
        device : Device
        rtol : float
            Relative change of ⟨a†a⟩ and g2 with the number of amplitudes, between 1e-10 and 0.01.
        reach : float, optional
            Largest amplitude, in place of the search for one: for a state that lasts long beside
            wider orbits that gain energy.

        Returns
        -------
        AveragedModel

        Raises
        ------
        TypeError
            If `device` is none.
        ValueError
            If `rtol` is out of range.
        NoSteadyState
            If the coupling is 0 and the oscillator has no bath of its own, or orbits gain energy on
            average however wide they are.
        ConvergenceError
            If 385 amplitudes do not suffice.
        QuadratureError
            As `orbit_coefficients`.

        Examples
        --------
        >>> import qemlib as qem
        >>> model = qem.AveragedModel.from_device(qem.paper_device(voltage=10.0))
        >>> round(qem.averaged_state(model).phonon_number, 2)
        48.6
        """
        _checks.kind("device", device, Device)
        rtol = _checks.finite("rtol", rtol)
        if not 1e-10 <= rtol <= 1e-2:
            raise ValueError(f"rtol must lie between 1e-10 and 0.01, got {rtol!r}")
        reach = None if reach is None else _checks.positive("reach", reach)
        refuse_unmoved(device)
        return of_device(cls, device, rtol, reach)


def _of_shape(name: str, values: ArrayLike, shape: tuple[int, ...]) -> np.ndarray:
    values = _checks.finite_array(name, values, ndim=1)
    if values.shape != shape:
        raise ValueError(f"{name} must have the shape of amplitudes, {shape}, got {values.shape}")
    return values
