"""The oscillator: a harmonic mode, and the bath that it may have of its own."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from math import sqrt, tanh

from qemlib import _checks

__all__ = ["Oscillator"]


@dataclass(frozen=True, repr=False)
class Oscillator:
    """A harmonic mode, H = p²/2m + mω0²x²/2 (the mechanical part of Eq. (4)).

    Parameters
    ----------
    frequency : float
        Angular frequency ω0 > 0 (energy).
    mass : float
        Mass m > 0.
    quality_factor : float, optional
        Q > 0: friction that is not the electrons', by which the energy decays at the rate ω0/Q.
        By default there is none, and the electrons alone act on the motion, as in the paper.
    bath_temperature : float, optional
        T_m > 0, the temperature to which that friction leads; needed with a quality factor.

    Raises
    ------
    ValueError
        If a parameter is not finite and positive, or one of quality factor and bath temperature
        comes without the other.

    Examples
    --------
    >>> import qemlib as qem
    >>> osc = qem.Oscillator(frequency=0.2, mass=1.0)
    >>> round(osc.x0 * osc.p0, 12)
    2.0
    >>> qem.Oscillator(0.2, quality_factor=1000.0, bath_temperature=2.0).intrinsic_damping
    0.0002
    """

    frequency: float
    mass: float = 1.0
    quality_factor: float | None = field(default=None, kw_only=True)
    bath_temperature: float | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        for name in ("frequency", "mass"):
            object.__setattr__(self, name, _checks.positive(name, getattr(self, name)))
        bath = ("quality_factor", "bath_temperature")
        for name, other in zip(bath, reversed(bath), strict=True):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, _checks.positive(name, getattr(self, name)))
            elif getattr(self, other) is not None:
                raise ValueError(
                    f"{name} must come with {other} = {getattr(self, other)!r}, got None: friction "
                    "has noise, and its temperature says how much"
                )

    def __repr__(self) -> str:
        # A bath that is not there is not spoken of.
        parts = ((f.name, getattr(self, f.name)) for f in fields(self))
        named = ", ".join(f"{name}={value!r}" for name, value in parts if value is not None)
        return f"Oscillator({named})"

    @property
    def x0(self) -> float:
        """Length scale x0 = (2/mω0)^{1/2}; twice the ground state's standard deviation of x."""
        return sqrt(2.0 / (self.mass * self.frequency))

    @property
    def p0(self) -> float:
        """Momentum scale p0 = (2mω0)^{1/2}, so that a = x/x0 + ip/p0 and x0 p0 = 2."""
        return sqrt(2.0 * self.mass * self.frequency)

    @property
    def intrinsic_damping(self) -> float:
        """ω0/Q, which adds to γ(x) (energy); 0 without a quality factor."""
        return 0.0 if self.quality_factor is None else self.frequency / self.quality_factor

    def intrinsic_diffusion(self, frequency: float | None = None) -> float:
        """Noise of the intrinsic damping, which adds to D(x) (force² × time).

        2mT_m ω0/Q, as that of the electrons at zero frequency; for a motion at the frequency ω with
        T_m → (ω/2) coth(ω/2T_m), as that of the electrons at ±ω.  So one temperature of all baths
        leads to one equilibrium, and which of the two is taken follows the electrons' noise.

        Examples
        --------
        >>> import qemlib as qem
        >>> osc = qem.Oscillator(0.2, quality_factor=1000.0, bath_temperature=2.0)
        >>> round(osc.intrinsic_diffusion(), 9), round(osc.intrinsic_diffusion(0.2), 9)
        (0.0008, 0.000800667)
        """
        if self.bath_temperature is None:
            return 0.0
        energy = self.bath_temperature
        if frequency is not None:
            energy = 0.5 * frequency / tanh(0.5 * frequency / self.bath_temperature)
        return 2.0 * self.mass * energy * self.intrinsic_damping
