"""Equation (6) as data: the one seam between electrons and motion.

Any electronic system, from any solver, enters here as arrays over position.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from reprlib import repr as repr_short
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import PPoly

from qemlib import _checks
from qemlib._locked import Locked, locked
from qemlib.devices.device import Device, Oscillator
from qemlib.errors import LeftGridError
from qemlib.motion import grid, sources
from qemlib.motion._interpolation import interpolant, without_dips

__all__ = ["LangevinModel"]

_COEFFICIENTS = ("force", "damping", "diffusion")
_FEWEST_POINTS = 16
_SAME = 1e-12  # mass and frequency of a device and of its model, relative


@dataclass(frozen=True, eq=False, init=False)
class LangevinModel(Locked):
    """The Langevin equation m ẍ + mγ(x) ẋ + mω0² x = F⟨n⟩_x + √D(x) ξ(t), Eq. (6), on a grid.

    Parameters
    ----------
    mass, frequency : float
        m and ω0, both positive.
    x : array_like, shape (points,)
        Positions, strictly increasing; at least 16 of them.
    force : array_like, shape (points,)
        Mean force F⟨n⟩_x.
    damping : array_like, shape (points,)
        γ(x); may be negative.
    diffusion : array_like, shape (points,)
        D(x) ≥ 0, with ⟨ξ(t)ξ(t')⟩ = δ(t − t').
    note : str, optional
        How the grid was chosen; `from_device` fills it in.
    device : Device, optional
        The device that these are the coefficients of; `from_device` fills it in.

    Attributes
    ----------
    oscillator : Oscillator
        Of this mass and frequency.
    rough : tuple of str
        The coefficients whose values are not smooth on the grid.

    Raises
    ------
    ValueError
        If an array has the wrong shape or holds anything but finite numbers, `x` does not
        increase, `diffusion` is negative somewhere, or the device's oscillator is another one.
    TypeError
        If `device` is neither a Device nor None.

    Notes
    -----
    Between the grid points the coefficients are splines of degree five, where the values are those
    of smooth functions.  Where such a spline would swing beyond the values near it, through noise,
    a step or points that nearly coincide, that coefficient is a cubic which rises and falls with
    the values alone; `rough` names it.  D is negative nowhere.  Outside the grid the coefficients
    are unknown, and asking for them is an error: nothing is extrapolated.

    `dataclasses.replace` leaves `note` and `device` behind: they tell of the numbers replaced.

    Examples
    --------
    A particle in a harmonic trap with friction 0.02 at temperature 1.25:

    >>> import numpy as np
    >>> x = np.linspace(-25.0, 25.0, 101)
    >>> zero = np.zeros_like(x)
    >>> model = LangevinModel(1.0, 0.5, x, zero, damping=zero + 0.02, diffusion=zero + 0.05)
    >>> float(model.potential_at(2.0))
    0.5
    """

    mass: float
    frequency: float
    x: np.ndarray
    force: np.ndarray
    damping: np.ndarray
    diffusion: np.ndarray
    # What `replace` would keep are the fields that it passes to __init__.
    note: str = field(init=False)
    device: Device | None = field(init=False)
    # Each drawn when it is first asked for: most models are only made into others.
    _curves: dict[str, tuple[PPoly, bool]] = field(init=False, repr=False)

    def __init__(
        self,
        mass: float,
        frequency: float,
        x: ArrayLike,
        force: ArrayLike,
        damping: ArrayLike,
        diffusion: ArrayLike,
        note: str = "grid given by the caller",
        device: Device | None = None,
    ) -> None:
        given = (mass, frequency, x, force, damping, diffusion, note, device)
        names = ("mass", "frequency", "x", *_COEFFICIENTS, "note", "device")
        for name, value in zip(names, given, strict=True):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "_curves", {})
        self._check()

    def _check(self) -> None:
        for name in ("mass", "frequency"):
            object.__setattr__(self, name, _checks.positive(name, getattr(self, name)))
        if self.device is not None:
            self._refuse_other(_checks.kind("device", self.device, Device))
        x = _checks.finite_array("x", self.x, ndim=1)
        if x.size < _FEWEST_POINTS:
            raise ValueError(f"x must have at least {_FEWEST_POINTS} points, got {x.size}")
        steps = np.diff(x)
        if not (steps > 0).all():
            where = int(np.argmax(steps <= 0))
            raise ValueError(
                "x must increase strictly, "
                f"got {x[where]} followed by {x[where + 1]} at index {where}"
            )
        arrays = {"x": x}
        for name in _COEFFICIENTS:
            values = _checks.finite_array(name, getattr(self, name), ndim=1)
            if values.shape != x.shape:
                raise ValueError(f"{name} must have the shape of x, {x.shape}, got {values.shape}")
            arrays[name] = values
        if (arrays["diffusion"] < 0).any():
            raise ValueError(
                f"diffusion must not be negative, got a value of {arrays['diffusion'].min()}"
            )
        for name, values in arrays.items():
            object.__setattr__(self, name, locked(values))

    def _refuse_other(self, device: Device) -> None:
        osc = device.oscillator
        if not np.allclose((osc.mass, osc.frequency), (self.mass, self.frequency), _SAME, 0.0):
            raise ValueError(
                f"device must have the model's oscillator, mass {self.mass!r} and frequency "
                f"{self.frequency!r}, got {osc!r}"
            )

    def _curve(self, name: str) -> tuple[PPoly, bool]:
        """Through the values of a coefficient, or the work of the force; and whether smooth."""
        if name not in self._curves:
            self._curves[name] = self._drawn(name)
        return self._curves[name]

    def _drawn(self, name: str) -> tuple[PPoly, bool]:
        if name == "work":
            force, smooth = self._curve("force")
            return force.antiderivative(), smooth
        curve, smooth = interpolant(self.x, getattr(self, name))
        if name == "diffusion":
            curve, lifted = without_dips(self.x, self.diffusion, curve)
            smooth = smooth and not lifted
        return curve, smooth

    @cached_property
    def _origin_work(self) -> float:
        work, _ = self._curve("work")
        return float(work(np.clip(0.0, self.x[0], self.x[-1])))

    @property
    def rough(self) -> tuple[str, ...]:
        """The coefficients whose values are not smooth on the grid."""
        return tuple(name for name in _COEFFICIENTS if not self._curve(name)[1])

    def __repr__(self) -> str:
        shape = f"; without swings: {', '.join(self.rough)}" if self.rough else ""
        return (
            f"LangevinModel(mass={self.mass:g}, frequency={self.frequency:g}, {self.x.size} points "
            f"from x = {self.x[0]:.6g} to {self.x[-1]:.6g}; {self.note}{shape})"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        make, (kind, values) = super().__reduce__()
        return make, (kind, {**values, "note": self.note, "device": self.device})

    @property
    def oscillator(self) -> Oscillator:
        """The oscillator that moves; a device's with its quality factor."""
        if self.device is None:
            return Oscillator(self.frequency, self.mass)
        return replace(self.device.oscillator, frequency=self.frequency, mass=self.mass)

    @property
    def x0(self) -> float:
        """Length scale (2/mω0)^{1/2}."""
        return float(np.sqrt(2.0 / (self.mass * self.frequency)))

    @property
    def p0(self) -> float:
        """Momentum scale (2mω0)^{1/2}."""
        return float(np.sqrt(2.0 * self.mass * self.frequency))

    @property
    def mirrored(self) -> bool:
        """True if the model is unchanged by (x, p) → (−x, −p), to 1e-9 of its largest values."""

        def same(values: np.ndarray, mirrored: np.ndarray) -> bool:
            return np.abs(values - mirrored).max() <= 1e-9 * np.abs(values).max()

        return bool(
            np.abs(self.x + self.x[::-1]).max() <= 1e-12 * self.x[-1]
            and same(self.force, -self.force[::-1])
            and same(self.damping, self.damping[::-1])
            and same(self.diffusion, self.diffusion[::-1])
        )

    def force_at(self, x: ArrayLike) -> np.ndarray:
        """Mean force F⟨n⟩_x at `x`; LeftGridError outside the grid."""
        return self._evaluate("force", x)

    def damping_at(self, x: ArrayLike) -> np.ndarray:
        """Damping rate γ(x) at `x`; LeftGridError outside the grid."""
        return self._evaluate("damping", x)

    def diffusion_at(self, x: ArrayLike) -> np.ndarray:
        """Diffusion coefficient D(x) ≥ 0 at `x`; LeftGridError outside the grid."""
        # The curve dips below zero by its round-off at most.
        return np.maximum(self._evaluate("diffusion", x), 0.0)

    def potential_at(self, x: ArrayLike) -> np.ndarray:
        """Effective potential U(x) = mω0²x²/2 − ∫ F⟨n⟩ dx at `x`; LeftGridError outside the grid.

        U(0) = 0 where 0 is on the grid.
        """
        work = self._evaluate("work", x) - self._origin_work
        return 0.5 * self.mass * self.frequency**2 * np.asarray(x, dtype=float) ** 2 - work

    def _evaluate(self, name: str, x: ArrayLike) -> np.ndarray:
        x = _checks.finite_array("x", x)
        low, high = self.x[0], self.x[-1]
        outside = (x < low) | (x > high)
        if outside.any():
            raise LeftGridError(
                f"x must lie on the model's grid, from {low:.6g} to {high:.6g}, "
                f"got {float(x[outside].flat[0]):.6g}; build the model on a wider grid"
            )
        curve, _ = self._curve(name)
        return curve(x)

    @classmethod
    def from_device(
        cls, device: Device, half_width: float | None = None, *, noise_at: str = "zero"
    ) -> LangevinModel:
        """The model of a device, on a grid that holds its steady state.

        The grid is centred at 0.  It is widened until the orbit-averaged weight of the motion
        that touches its edge is below 1e-16 of the largest, or 1e-32 where friction is above a
        tenth of the frequency, and refined until the splines miss the exact coefficients half-way
        between points by less than 1e-9 of their largest value.  From 2049 points on it is refined
        only where that is needed.  The result's `note` says what was reached.  Motion that lies
        beyond a gap of such small weight is not looked for.

        Parameters
        ----------
        device : Device
        half_width : float, optional
            Use this half width instead of searching for one.
        noise_at : {"zero", "oscillator"}
            The frequency at which the electrons' noise S_x(ω) is taken.  At zero, friction and
            noise are those of Eqs. (6) and (7).  At the oscillator's,

                mγ(x) = [S_x(ω0) − S_x(−ω0)]/2ω0,    D(x) = [S_x(ω0) + S_x(−ω0)]/2,

            which is exact for a small amplitude, whatever the electrons' memory.  In equilibrium
            D = mγ ω0 coth(ω0/2T), for S_x(−ω) = e^{−ω/T} S_x(ω): the oscillator's state is then
            that of Bose and Einstein, not the classical one.  The noise of an oscillator's own
            friction follows: 2mT_m ω0/Q at zero, and that with T_m → (ω0/2) coth(ω0/2T_m) at its
            frequency, so that one temperature of all baths is one equilibrium either way.

        Returns
        -------
        LangevinModel

        Raises
        ------
        TypeError
            If `device` is not a Device.
        ValueError
            If `half_width` is not positive or `noise_at` is something else.
        NoSteadyState
            If the coupling is 0 and the oscillator has no bath of its own, so that nothing moves
            it; or if orbits gain energy on average out to where the electrons no longer feel them,
            so that no state is bound.
        UnresolvedError
            If 20 001 points do not resolve the coefficients.

        Examples
        --------
        >>> from qemlib import paper_device
        >>> model = LangevinModel.from_device(paper_device(voltage=10.0))
        >>> model.mirrored, model.x.size
        (True, 257)

        Taken at the oscillator's frequency, friction at rest is negative already at V = 8.4:

        >>> from dataclasses import replace
        >>> device = paper_device(voltage=8.4)
        >>> for noise_at in ("zero", "oscillator"):
        ...     model = LangevinModel.from_device(device, noise_at=noise_at)
        ...     print(round(1e6 * float(model.damping_at(0.0)), 3))
        2.42
        -3.771

        Friction of the oscillator's own adds to that of the electrons:

        >>> own = replace(device.oscillator, quality_factor=1e5, bath_temperature=2.0)
        >>> model = LangevinModel.from_device(replace(device, oscillator=own))
        >>> round(1e6 * float(model.damping_at(0.0)), 3)
        4.42
        """
        _checks.kind("device", device, Device)
        sources.refuse_unmoved(device)
        _checks.choice("noise_at", noise_at, ("zero", "oscillator"))
        where = "noise at the oscillator's frequency, " if noise_at == "oscillator" else ""
        return cls._from(sources.of_device(device, noise_at), half_width, device, where)

    @classmethod
    def from_coefficients(
        cls,
        function: Callable[[np.ndarray], tuple[Any, ...]],
        oscillator: Oscillator,
        half_width: float | None = None,
        sharp: Iterable[tuple[float, float]] = (),
    ) -> LangevinModel:
        """The model of any force, friction and noise, on a grid that holds its steady state.

        The grid is found as `from_device` finds it: electrons of your own, noise at the
        oscillator's frequency or friction of another origin come in here.

        Parameters
        ----------
        function : callable
            Takes positions, an array with one axis, and returns a tuple (F⟨n⟩_x, γ(x), D(x)) of
            arrays of the same shape, or numbers where they do not depend on x.  With three more,
            what each of them may be off by (absolute), the grid is not refined to their noise.
        oscillator : Oscillator
            Its mass, frequency and length scale.
        half_width : float, optional
            Use this half width instead of searching for one.
        sharp : iterable of (position, width), optional
            Where the coefficients vary within so small a width that a grid may miss it.

        Returns
        -------
        LangevinModel

        Raises
        ------
        TypeError
            If `function` cannot be called, or `oscillator` is not an Oscillator.
        ValueError
            If `half_width` or a width is not positive; if the function returns anything but finite
            numbers of x's shape, or a negative diffusion; if no grid holds a steady state; or if
            20 001 points do not resolve the coefficients.

        Examples
        --------
        The paper's device, with friction of 1e-3 from elsewhere at the leads' temperature:

        >>> import qemlib as qem
        >>> device = qem.paper_device(voltage=10.0)
        >>> mass, temperature, friction = 1.0, device.left.temperature, 1e-3
        >>> def both(x):
        ...     at = qem.electron_coefficients(device, x)
        ...     noise = 2.0 * mass * temperature * friction
        ...     return device.force * at.excess_charge, at.damping + friction, at.diffusion + noise
        >>> model = qem.LangevinModel.from_coefficients(both, device.oscillator)
        >>> round(qem.steady_state(model).g2, 6)
        1.963987
        """
        if not callable(function):
            raise TypeError(f"function must be callable, got {repr_short(function)}")
        _checks.kind("oscillator", oscillator, Oscillator)
        places = tuple(
            (_checks.finite("sharp: a position", at), _checks.positive("sharp: a width", width))
            for at, width in sharp
        )
        return cls._from(sources.Coefficients(oscillator, function, places), half_width)

    @classmethod
    def _from(
        cls,
        coefficients: sources.Coefficients,
        half_width: float | None,
        device: Device | None = None,
        where: str = "",
    ) -> LangevinModel:
        def build(x: np.ndarray, values: sources.Arrays, note: str) -> LangevinModel:
            osc = coefficients.oscillator
            return cls(osc.mass, osc.frequency, x, note=where + note, device=device, **values)

        if half_width is None:
            return grid.model_of(coefficients, build)
        half_width = _checks.positive("half_width", half_width)
        return grid.model_on(coefficients, build, half_width, "half width given by the caller")
