"""The state of the oscillator with nothing eliminated, and of the charge that drives it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from qemlib import _checks
from qemlib._locked import Locked
from qemlib.devices.device import Device, Oscillator
from qemlib.heom import _moments
from qemlib.heom._solution import Resolution
from qemlib.states.contract import OfOscillator
from qemlib.states.quantum import QuantumState
from qemlib.states.wigner import radial_wigner, wigner_function

__all__ = ["FullQuantumState"]


@dataclass(frozen=True, eq=False)
class FullQuantumState(Locked, OfOscillator):
    """Stationary state of dot, oscillator and leads together.

    Attributes
    ----------
    device : Device
    coherences : ndarray of complex, shape (K + 1, levels)
        ρ_{n+k,n} in row k and column n; ρ_mn with |m − n| > K is left out.
    occupation : float
        ⟨c†c⟩.
    current : float
        From left to right (electrons per unit time).
    correlation : float
        ⟨(a + a†)(c†c − N0)⟩ of charge and position, dimensionless.
    reference_charge : float
        N0.
    error : dict of str to float
        Relative error of "phonon_number" and "g2"; absolute error of "occupation", "current" and
        "correlation", of "populations" (the largest of any level) and of "trace" (all levels
        together, Σ|δρ_nn|).  Each adds what the next step of every cut-off changes, times two.
    changes : dict of str to float
        What one step more of each cut-off changes: relative change of ⟨a†a⟩ or g2, the larger one,
        by "depth", "terms" and "bandwidth", and what "levels" leave out of them.
    resolution : Resolution
        The cut-offs themselves.
    memory : float
        Bytes that the largest computation took, as estimated.
    """

    device: Device
    coherences: np.ndarray
    occupation: float
    current: float
    correlation: float
    reference_charge: float
    error: dict[str, float]
    changes: dict[str, float]
    resolution: Resolution
    memory: float

    def __repr__(self) -> str:
        r = self.resolution
        return (
            f"FullQuantumState(phonon_number={self.phonon_number:.6g} "
            f"+/- {self.error['phonon_number'] * self.phonon_number:.1g}, g2={self.g2:.5g} "
            f"+/- {self.error['g2'] * self.g2:.1g};\n    {r.levels} levels, coherences up to "
            f"{r.bandwidth} apart, depth {r.depth}, {r.terms} exponentials a lead; "
            f"top population {self.top_population:.1e})"
        )

    @property
    def oscillator(self) -> Oscillator:
        """The oscillator of the device."""
        return self.device.oscillator

    @property
    def levels(self) -> int:
        """Number of levels kept."""
        return self.coherences.shape[1]

    @property
    def top_population(self) -> float:
        """Population of the highest level kept."""
        return float(self.coherences[0, -1].real)

    @property
    def phonon_number(self) -> float:
        """⟨a†a⟩."""
        return _moments.phonon_number(self.coherences)

    @property
    def g2(self) -> float:
        """g⁽²⁾(0), Eq. (10)."""
        return _moments.g2(self.coherences)

    @property
    def squeezing(self) -> complex:
        """⟨a²⟩: zero for a rotationally symmetric state."""
        return _moments.squeezing(self.coherences)

    @property
    def position(self) -> float:
        """⟨x⟩."""
        return self.oscillator.x0 * _moments.amplitude(self.coherences).real

    @property
    def momentum(self) -> float:
        """⟨p⟩; zero in a stationary state."""
        return self.oscillator.p0 * _moments.amplitude(self.coherences).imag

    def populations(self, levels: int) -> np.ndarray:
        """Level populations ρ_nn, n = 0 … levels − 1; zero beyond the levels kept."""
        levels = _checks.integer("levels", levels, 1)
        result = np.zeros(levels)
        result[: self.levels] = self._populations[:levels]
        return result

    def density_matrix(self, levels: int) -> np.ndarray:
        """ρ_nm, shape (levels, levels), in the oscillator's energy eigenbasis."""
        levels = _checks.integer("levels", levels, 1)
        rho = np.zeros((levels, levels), dtype=complex)
        for k, row in enumerate(self.coherences[:levels]):
            n = np.arange(min(levels, self.levels) - k)
            rho[n + k, n] = row[n]
            rho[n, n + k] = row[n].conj()
        return rho

    def wigner(self, x: ArrayLike, p: ArrayLike) -> np.ndarray:
        """W(x, p), ∫dx dp W = 1; arrays broadcast."""
        scales = self.oscillator.x0, self.oscillator.p0
        return wigner_function(self.density_matrix(self.levels), x, p, *scales)

    def radial_profile(self, r: ArrayLike) -> np.ndarray:
        """Angular average of W(α) at |α| = r, ∫d²α W = 1; array of r's shape."""
        return radial_wigner(self._populations, r)

    @property
    def violations(self) -> tuple[str, ...]:
        """What of a quantum state ρ violates beyond its error; empty if nothing."""
        lowest = self._lowest
        if lowest >= -self.error["trace"]:
            return ()
        return (f"its lowest eigenvalue is {lowest:.2g}",)

    @cached_property
    def _lowest(self) -> float:
        return float(np.linalg.eigvalsh(self.density_matrix(self.levels))[0])

    def _quadrature(self, u: np.ndarray, turn: complex) -> np.ndarray:
        whole = QuantumState(self.density_matrix(self.levels), self.oscillator, violations=())
        return whole._quadrature(u, turn)  # noqa: SLF001  the same question to the same matrix

    @property
    def _populations(self) -> np.ndarray:
        return self.coherences[0].real
