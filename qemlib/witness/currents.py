"""Currents and their noise in time: the discrete leads of `qemlib.witness.modes`.

Dot and modes are a quadratic problem, in which the currents into the dot are operators like any
other (ħ = e = k_B = 1):

    I_α = i B_α†d − i d†B_α,   B_α = Σ_k g_k c_k   (electrons that lead α loses per unit time),

and with ω_k g_k in place of g_k the energy that it loses.  All start from a product state, and at
the time `start` the dot is taken for stationary.  By Wick's theorem

    ⟨δI_α(t) δI_β(0)⟩ = Σ ± ⟨u†(t) v(0)⟩⟨u'(t) v'†(0)⟩,   u, u', v, v' from d and the B's,

and each factor is a sum over the eigenmodes, e^{±iE_p t}.  Its spectrum is a sum over pairs of
them.  Instead of a delta function it has the transform of a window: 1 as long as the correlation
lives, and 0 before the modes give back what they took,

    ½[erf((t + τ)/s) − erf((t − τ)/s)]  →  2 sin(Δτ)/Δ · e^{−(Δs/2)²},   Δ = ω + E_p − E_q.

No Green function and no self-energy are used.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import pi

import numpy as np
from numpy.typing import ArrayLike

from qemlib import _checks
from qemlib._locked import Locked
from qemlib.devices.device import Device
from qemlib.witness.modes import REACH, System, correlation_time, discretise, memory_time, unit

__all__ = ["CurrentsInTime", "currents_in_time"]

# In units of the time that correlations live: where the window ends, how smoothly, and how much
# longer the modes must keep to themselves.
_WINDOW, _SMOOTH, _MARGIN = 1.15, 0.15, 1.6


@dataclass(frozen=True, eq=False)
class CurrentsInTime(Locked):
    """Currents into a dot between discrete leads, and their noise, at one position.

    Attributes
    ----------
    x : float
        Position.
    current : ndarray, shape (2,)
        Electrons per unit time that the left and the right lead lose.
    energy_current : ndarray, shape (2,)
        Energy per unit time that they lose.
    omega : ndarray, shape (n,)
        Frequencies.
    spectrum : ndarray of complex, shape (2, 2, n)
        S_αβ(ω) = ∫ dt e^{iωt} ⟨δI_α(t) δI_β(0)⟩.
    modes : tuple of int
        Numbers of modes of the left and of the right lead.
    """

    x: float
    current: np.ndarray
    energy_current: np.ndarray
    omega: np.ndarray
    spectrum: np.ndarray
    modes: tuple[int, int]

    def __repr__(self) -> str:
        return (
            f"CurrentsInTime(x = {self.x:.6g}, {self.modes[0]} + {self.modes[1]} modes, "
            f"currents {self.current[0]:.9g} and {self.current[1]:.9g}, {self.omega.size} "
            "frequencies)"
        )


def currents_in_time(
    device: Device, x: float, omega: ArrayLike = (0.0,), *, max_modes: int = 1500
) -> CurrentsInTime:
    """Currents and their spectra from the motion of discrete electrons.

    Parameters
    ----------
    device : Device
        With leads of any spectral density that falls at least as ω⁻².
    x : float
        Position.
    omega : array_like, shape (n,)
        Frequencies.
    max_modes : int
        Largest number of modes per lead.

    Returns
    -------
    CurrentsInTime

    Raises
    ------
    TypeError
        If `device` is not a Device.
    ValueError
        If an argument is out of range, or more than `max_modes` modes would be needed because the
        electrons remember too long.

    Examples
    --------
    >>> from qemlib import paper_device
    >>> found = currents_in_time(paper_device(voltage=6.0), 0.0)
    >>> found.current.round(4), found.spectrum[0, :, 0].real.round(4)
    (array([ 0.2723, -0.2723]), array([ 0.1687, -0.1687]))
    """
    _checks.kind("device", device, Device)
    x = _checks.finite("x", x)
    omega = _checks.finite_array("omega", omega, ndim=1)
    max_modes = _checks.integer("max_modes", max_modes, 1)
    reach = REACH * unit(device)
    memory = memory_time(device, x, reach, max_modes)
    span = correlation_time(device, memory)
    start = memory + _MARGIN * span
    system = discretise(device, x, 2 * pi / (start + 2 * _MARGIN * span), reach, max_modes)
    dot, bath, energetic = _operators(system)
    wave = np.exp(-1j * system.energy * start)
    vectors = np.stack([dot, *bath]) @ system.modes
    # What of each mode, as it was filled, has become of d, B_L and B_R at the time `start`.
    there = (vectors * wave) @ system.modes.T
    flow = _mean(there[0], there[1:], system.filled)
    energies = ((energetic @ system.modes) * wave) @ system.modes.T
    filled = vectors.conj() * wave.conj(), (there * system.filled) @ system.modes
    empty = vectors * wave, (there.conj() * (1 - system.filled)) @ system.modes
    return CurrentsInTime(
        x=x,
        current=flow,
        energy_current=_mean(there[0], energies, system.filled),
        omega=omega,
        spectrum=_spectrum(system.energy, filled, empty, omega, span),
        modes=system.counts,
    )


def _operators(system: System) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The dot, the B_α and the same weighted with energy, as vectors over dot and modes."""
    # H is E in its own basis: its first row holds the couplings, its diagonal the frequencies.
    row = (system.modes[0] * system.energy) @ system.modes.T
    frequency = (system.modes**2) @ system.energy
    first = 1 + system.counts[0]
    bath = np.zeros((2, row.size))
    bath[0, 1:first], bath[1, first:] = row[1:first], row[first:]
    return np.eye(1, row.size)[0], bath, bath * frequency


def _mean(dot: np.ndarray, bath: np.ndarray, filled: np.ndarray) -> np.ndarray:
    """⟨iB†d − id†B⟩ = 2 Im⟨d†B⟩."""
    return 2 * ((dot.conj() * bath) @ filled).imag


def _spectrum(
    energy: np.ndarray,
    filled: tuple[np.ndarray, np.ndarray],
    empty: tuple[np.ndarray, np.ndarray],
    omega: np.ndarray,
    span: float,
) -> np.ndarray:
    # I_α is a sum of two products u†u', by their numbers among d, B_L, B_R.
    parts = [((-1j, 0, 1 + lead), (1j, 1 + lead, 0)) for lead in (0, 1)]
    result = np.zeros((2, 2, omega.size), dtype=complex)
    gap = energy[:, None] - energy
    for i, frequency in enumerate(omega):
        off = frequency + gap
        kernel = 2 * _WINDOW * span * np.sinc(off * _WINDOW * span / pi)
        kernel *= np.exp(-((0.5 * off * _SMOOTH * span) ** 2))
        for a, b in product((0, 1), repeat=2):
            for (c, u, v), (d, w, z) in product(parts[a], parts[b]):
                particle = filled[0][u] * filled[1][z]
                hole = empty[0][v] * empty[1][w]
                result[a, b, i] += c * d * (particle @ kernel @ hole)
    return result
