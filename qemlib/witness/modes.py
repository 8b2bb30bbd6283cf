"""Electrons in time: leads made of a few hundred discrete modes.

The Hamiltonian of dot and leads, Eqs. (1)-(4) with the oscillator held at x, is quadratic.  Here
each lead α is a finite set of modes of frequency ω_k and coupling |g_k|² = κ_α(ω_k) Δ_k/2π, with
Δ_k the width of the cell around ω_k (ħ = e = k_B = 1).  The lead enters by κ_α(ω) alone: there is
no Green function and no self-energy.  Dot and modes evolve from a product state, in which the dot
is empty and mode k is filled to f_α(ω_k).  After the transient, and before the modes give back
what they took, the dot is stationary, and everything is read off from its definition:

    C(t)  = ⟨δn(t) δn(0)⟩ = ⟨c†(t) c⟩ ⟨c(t) c†⟩,           by Wick's theorem,
    D(x)  = F² ∫_0^∞ dt ⟨{δn(t), δn(0)}⟩,                  Eq. (A18),
    mγ(x) = F² ∫_0^∞ dt ⟨i t [n(t), n(0)]⟩,                Eq. (A23),
    mγ(x) = F ∫_0^∞ dt g(t),  g(t) = Tr[n(t) ∂ρ_x/∂x],     Eq. (A20).

In the last line ρ_x is the state that the product state has become at time `start`; it moves with x
because the Hamiltonian that prepared it does.  n(t) evolves at fixed x, forwards or backwards.

The frequencies are those of a midpoint rule in u, where

    ω(u) = u + w [e^{(u−b)/w} − e^{(a−u)/w}],

uniform in u.  Between a and b the modes are all but equally spaced.  Beyond, the spacing grows
smoothly: few modes reach far out, and there is no seam.  As long as the times stay below the
recurrence time 2π/Δω, the error falls exponentially with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log, pi, sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import erfc, roots_legendre

from qemlib import _checks
from qemlib._locked import Locked
from qemlib.devices.densities import SpectralDensity
from qemlib.devices.device import Device

__all__ = ["ChargeInTime", "charge_in_time", "lead_modes"]

# The electrons have forgotten when less than this amplitude of an electron is left on the dot.
_FORGOTTEN = 3e-6
# The modes reach this many units (bandwidth or coupling) beyond band and level at equal spacing,
REACH = 6.0
# and this many times further at a growing one.
_FAR = 250.0
# The spacing grows by a factor e over this part of the reach.
_GROWTH = 1 / 8
# Nodes in time per unit of span times reach: enough for what oscillates at the edge of the modes.
_NODES = 6.0
# Largest drift of ⟨c†c⟩, and largest rest of C in units of C(0), of a stationary dot.
_REST = 2e-6


@dataclass(frozen=True, eq=False)
class ChargeInTime(Locked):
    """The charge of a dot between discrete leads, at one position.

    Attributes
    ----------
    x : float
        Position.
    occupation : float
        ⟨c†c⟩_x at the time `start`, dimensionless.
    diffusion : float
        D(x) by Eq. (A18) (force² × time).
    damping : float
        γ(x) by Eq. (A23), from the commutator (energy).
    damping_from_response : float
        γ(x) by Eq. (A20), from the change of the state with x (energy).
    times, weights : ndarray, shape (n,)
        Gauss-Legendre nodes t in (0, span) and weights: ∫ y dt is `weights @ y`.
    correlation : ndarray of complex, shape (n,)
        C(t) = ⟨δn(t) δn(0)⟩ at `times`; C(−t) is its complex conjugate.
    response : ndarray, shape (n,)
        g(t) = Tr[n(t) ∂ρ_x/∂x] at `times` (1/length).
    start : float
        Time at which the state is taken for the stationary one.
    recurrence : float
        2π/Δω, when equally spaced modes would give back what they took.
    modes : tuple of int
        Numbers of modes of the left and of the right lead.
    drift : float
        |⟨c†c⟩(start ± span) − ⟨c†c⟩(start)|: how far from stationary the state was.
    rest : float
        Largest |C(t)|/C(0) in the last twentieth of the span.
    force : float
        F, the force per unit charge.
    """

    x: float
    occupation: float
    diffusion: float
    damping: float
    damping_from_response: float
    times: np.ndarray
    weights: np.ndarray
    correlation: np.ndarray
    response: np.ndarray
    start: float
    recurrence: float
    modes: tuple[int, int]
    drift: float
    rest: float
    force: float

    def __repr__(self) -> str:
        return (
            f"ChargeInTime(x = {self.x:.6g}, {self.modes[0]} + {self.modes[1]} modes, "
            f"occupation = {self.occupation:.9g}, diffusion = {self.diffusion:.9g}, "
            f"damping = {self.damping:.9g}, from the response {self.damping_from_response:.9g})"
        )

    def noise_spectrum(self, omega: ArrayLike) -> np.ndarray:
        """S_x(ω) = F² ∫ dt e^{iωt} C(t), Eq. (8), over all t; array of the shape of `omega`.

        Raises ValueError if `omega` holds anything but finite real numbers.
        """
        omega = _checks.finite_array("omega", omega)
        wave = np.exp(1j * omega[..., None] * self.times)
        return 2 * self.force**2 * (wave * self.correlation).real @ self.weights


def lead_modes(
    density: SpectralDensity, low: float, high: float, spacing: float, reach: float
) -> tuple[np.ndarray, np.ndarray]:
    """Discrete modes that stand for one lead.

    Parameters
    ----------
    density : SpectralDensity
        Only its method `spectral_density` is used.
    low, high : float
        Ends a < b of the range in which the modes are equally spaced (energy).
    spacing : float
        Largest step in u, > 0: the spacing of the modes well within that range (energy).
    reach : float
        Beyond the range the spacing grows by a factor e per `reach`/8, up to 250 `reach` away; > 0
        (energy).

    Returns
    -------
    frequencies, couplings : ndarray, shape (k,)
        ω_k, ascending, and |g_k| = [κ(ω_k) Δ_k/2π]^{1/2} ≥ 0 (energy).

    Raises
    ------
    ValueError
        If an argument is not finite, high ≤ low, or `spacing` or `reach` is not positive.

    Examples
    --------
    The weights of all modes sum to ∫dω κ(ω)/2π = Γδ/2 = 1:

    >>> from qemlib import Lorentzian
    >>> density = Lorentzian(center=0.5, bandwidth=1.0, rate=2.0)
    >>> omega, g = lead_modes(density, low=-10.0, high=10.0, spacing=0.1, reach=10.0)
    >>> omega.shape == g.shape, round(float((g**2).sum()), 3)
    (True, 1.0)
    """
    low, high = _checks.finite("low", low), _checks.finite("high", high)
    spacing, reach = _checks.positive("spacing", spacing), _checks.positive("reach", reach)
    if high <= low:
        raise ValueError(f"high must exceed low, got low={low!r} and high={high!r}")
    inside, outside, step = _cells(low, high, spacing, reach)
    growth = _GROWTH * reach
    u = low + step * (np.arange(-outside, inside + outside) + 0.5)
    above, below = np.exp((u - high) / growth), np.exp((low - u) / growth)
    omega = u + growth * (above - below)
    cells = step * (1 + above + below)
    return omega, np.sqrt(density.spectral_density(omega) * cells / (2 * pi))


def charge_in_time(
    device: Device,
    x: float,
    *,
    start: float | None = None,
    span: float | None = None,
    max_modes: int = 1000,
    backwards: bool = False,
) -> ChargeInTime:
    """Occupation, charge noise and damping from the motion of discrete electrons.

    Parameters
    ----------
    device : Device
        With leads of any spectral density that falls at least as ω⁻².
    x : float
        Position.
    start : float, optional
        Time at which the state is taken for the stationary one.  By default the time t_m after
        which an electron put on the empty dot between empty leads is found there with an amplitude
        below 3e-6; it is found with the modes themselves.
    span : float, optional
        Time over which C(t) is followed.  By default the longer of t_m and 12/πT of the colder
        lead, within which the thermal part of ⟨c†(t)c⟩ decays.
    max_modes : int
        Largest number of modes per lead.
    backwards : bool
        Follow n(−t) in place of n(t) in all of the formulas above, as e^{−L_xt} would in place of
        e^{L_xt}.  By default `start` is then longer by `span`: the state must have been stationary
        for as long as one looks back.

    Returns
    -------
    ChargeInTime

    Raises
    ------
    TypeError
        If `device` is not a Device.
    ValueError
        If an argument is out of range; if more than `max_modes` modes would be needed because the
        electrons remember too long; or if, within `start` and `span`, the state has not become
        stationary or C(t) has not decayed.

    Notes
    -----
    The spacing puts the recurrence time at start + span plus the longer of the two.

    Examples
    --------
    >>> from qemlib import paper_device
    >>> charge = charge_in_time(paper_device(voltage=0.0), 0.0)
    >>> round(charge.occupation, 7), round(charge.damping * 1e4, 4)
    (0.5, 3.2514)
    """
    _checks.kind("device", device, Device)
    x = _checks.finite("x", x)
    max_modes = _checks.integer("max_modes", max_modes, 1)
    start = None if start is None else _checks.positive("start", start)
    span = None if span is None else _checks.positive("span", span)
    reach = REACH * unit(device)
    if start is None or span is None:
        memory = memory_time(device, x, reach, max_modes)
        span = correlation_time(device, memory) if span is None else span
        if start is None:
            start = memory + span if backwards else memory
    recurrence = start + span + max(start, span)
    system = discretise(device, x, 2 * pi / recurrence, reach, max_modes)
    node, weight = roots_legendre(ceil(_NODES * span * reach))
    times, weights = 0.5 * span * (node + 1), 0.5 * span * weight
    # The later or earlier times at which the charge is looked at, and where they end.
    direction = -1 if backwards else 1
    seen, end = direction * times, start + direction * span
    # Row 0 of e^{−iHt}: what of each mode has arrived on the dot at time t.
    arrived = _row(system.energy, system.modes, np.concatenate([[start], start + seen, [end]]))
    occupied = np.abs(arrived[[0, -1]]) ** 2 @ system.filled
    correlation = _correlation(system, arrived[0], arrived[1:-1])
    response = _response(system, device.force, start, seen, arrived[1:-1])
    mass, force = device.oscillator.mass, device.force
    late = np.abs(correlation[times > 0.95 * span]).max() / (occupied[0] * (1 - occupied[0]))
    result = ChargeInTime(
        x=x,
        occupation=float(occupied[0]),
        diffusion=float(2 * force**2 * weights @ correlation.real),
        damping=float(-2 * force**2 / mass * (weights * times) @ correlation.imag),
        damping_from_response=float(force / mass * weights @ response),
        times=times,
        weights=weights,
        correlation=correlation,
        response=response,
        start=start,
        recurrence=recurrence,
        modes=system.counts,
        drift=float(abs(occupied[1] - occupied[0])),
        rest=float(late),
        force=force,
    )
    _refuse_unsettled(result, span)
    return result


def _refuse_unsettled(result: ChargeInTime, span: float) -> None:
    if not result.drift <= _REST:
        raise ValueError(
            f"start must be longer: after {result.start:.6g} the occupation still moves by "
            f"{result.drift:.1e} within {span:.6g}"
        )
    if not result.rest <= _REST:
        raise ValueError(
            f"span must be longer: after {span:.6g} the correlation is still {result.rest:.1e} "
            "of its first value"
        )


@dataclass(frozen=True, eq=False)
class System:
    """Dot (index 0) and modes: eigenvalues and eigenvectors of H, and the first filling."""

    energy: np.ndarray
    modes: np.ndarray
    filled: np.ndarray
    counts: tuple[int, int]


def _correlation(system: System, now: np.ndarray, later: np.ndarray) -> np.ndarray:
    """C(t) = ⟨c†(t) c⟩⟨c(t) c†⟩."""
    particle = (later.conj() * now) @ system.filled
    hole = (later * now.conj()) @ (1 - system.filled)
    return particle * hole


def _response(
    system: System, force: float, start: float, seen: np.ndarray, later: np.ndarray
) -> np.ndarray:
    """The derivative of n(t) with respect to x, where only the preparation feels x.

    ∂_x e^{−iHs} = −i ∫_0^s dr e^{−iH(s−r)} (∂_x H) e^{−iHr}, with ∂_x H = −F on the dot.
    """
    energy, modes = system.energy, system.modes
    # The integral between two eigenvectors: a phase of each, and a real function of both.
    halfway = np.exp(-0.5j * energy * start)
    real = start * np.sinc(0.5 * start / pi * (energy[:, None] - energy))
    pushed = _times(np.exp(-1j * np.outer(seen, energy)) * modes[0] ** 2 * halfway, real)
    moved = 1j * force * _times(pushed * halfway * modes[0], modes.T)
    return 2 * (moved * later.conj()).real @ system.filled


def unit(device: Device) -> float:
    """The largest of the bandwidths and of the coupling [Σ_α ∫ κ_α dω/2π]^{1/2} to both leads."""
    strength = 0.0
    for lead in device.leads:
        width = lead.density.width
        ends = min(lead.density.energies) - width, max(lead.density.energies) + width
        strength += float((lead_modes(lead.density, *ends, width / 8, 8 * width)[1] ** 2).sum())
    return max(sqrt(strength), *(lead.density.width for lead in device.leads))


def _cells(low: float, high: float, spacing: float, reach: float) -> tuple[int, int, float]:
    """Numbers of cells inside and, on either side, outside of (low, high), and their width in u."""
    inside = ceil((high - low) / spacing)
    step = (high - low) / inside
    return inside, ceil(_GROWTH * reach * log(_FAR / _GROWTH) / step), step


def discretise(device: Device, x: float, spacing: float, reach: float, max_modes: int) -> System:
    level = device.level - device.force * x
    frequencies, couplings, filled = [np.array([level])], [], [np.zeros(1)]
    for name, lead in zip(("left", "right"), device.leads, strict=True):
        low = min(level, *lead.density.energies) - reach
        high = max(level, *lead.density.energies) + reach
        inside, outside, _ = _cells(low, high, spacing, reach)
        if inside + 2 * outside > max_modes:
            raise ValueError(
                f"max_modes must be at least {inside + 2 * outside} for the {name} lead, got "
                f"{max_modes}: its modes must be {spacing:.3g} apart, because the electrons "
                "remember long"
            )
        omega, coupling = lead_modes(lead.density, low, high, spacing, reach)
        frequencies.append(omega)
        couplings.append(coupling)
        filled.append(lead.occupation(omega))
    hamiltonian = np.diag(np.concatenate(frequencies))
    hamiltonian[0, 1:] = hamiltonian[1:, 0] = np.concatenate(couplings)
    energy, modes = np.linalg.eigh(hamiltonian)
    left, right = (len(each) for each in couplings)
    return System(energy, modes, np.concatenate(filled), (left, right))


def correlation_time(device: Device, memory: float) -> float:
    """Time in which correlations decay: that of the electrons, or of the colder lead."""
    coldest = min(lead.temperature for lead in device.leads)
    return max(memory, 12 / (pi * coldest))


def memory_time(device: Device, x: float, reach: float, max_modes: int) -> float:
    """The time after which the amplitude of an electron put on the dot stays below 3e-6."""
    level = device.level - device.force * x
    energies = [level, *(e for lead in device.leads for e in lead.density.energies)]
    mid, half = 0.5 * (max(energies) + min(energies)), 0.5 * (max(energies) - min(energies))
    horizon = 2 * REACH * log(1 / _FORGOTTEN) / reach
    while True:
        # The recurrence comes at twice the horizon.
        system = discretise(device, x, pi / horizon, reach, max_modes)
        # The modes far out recur sooner and ripple at 1e-5: they are left out, by a smooth window.
        distance = np.abs(system.energy - mid) - half
        weight = system.modes[0] ** 2 * 0.5 * erfc(8 * distance / reach - 4)
        times = np.linspace(0, horizon, ceil(4 * horizon * reach))
        left = np.abs(np.exp(-1j * np.outer(times, system.energy)) @ weight)
        last = times[left > _FORGOTTEN][-1]
        if last < 0.9 * horizon:
            return float(last)
        horizon *= 1.5


def _row(energy: np.ndarray, modes: np.ndarray, times: np.ndarray) -> np.ndarray:
    return _times(np.exp(-1j * np.outer(times, energy)) * modes[0], modes.T)


def _times(matrix: np.ndarray, real: np.ndarray) -> np.ndarray:
    """Their product: `@` would make the real one complex, which takes twice as long."""
    return matrix.real @ real + 1j * (matrix.imag @ real)
