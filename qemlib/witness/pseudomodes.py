"""The dot on a moving oscillator, followed in time, with one damped mode for each lead.

A Lorentzian lead acts on the dot as one mode of energy ω_α that is coupled to it by g, g² = Γδ/2,
decays at the rate δ and is fed by a noise ξ_α with the spectrum 2δ f_α(ω) (ħ = e = k_B = 1).  For
the vector v = (c, b_L, b_R) ::

    i dv/dt = h(t) v + ξ,

        | ε − F x(t)     g_L          g_R     |
    h = |    g_L      ω_L − iδ_L       0      |
        |    g_R          0        ω_R − iδ_R |.

With the Padé approximant of f (`hierarchy.pade_fermi`) the noise is a white one and a sum of
exponentials,

    ⟨ξ†(t) ξ(t − τ)⟩ = 2δ {½ δ(τ) − iT Σ_p η_p e^{λ_p τ}},   λ_p = iμ − Tξ_p,   τ ≥ 0,

and all equations close.  With U(t, t') of i dv/dt = h v and
X_p(t) = ∫ dt' U(t, t') e_α e^{λ_p(t − t')}

    dX_p/dt = (λ_p − ih) X_p + e_α,
    dσ/dt = −ihσ + iσh† + Q + Q†,   σ_ij = ⟨v_j† v_i⟩,   Q_iα = 2δ {¼ δ_iα − iT Σ_p η_p X_{p,i}},

and for two times, g_i(τ) = ⟨c†(t) v_i(t + τ)⟩ with g(0) = σ e_c,

    dg/dτ = −ih g + 2iδT Σ_p η_p e^{λ_p* τ} X*_{p,c}(t) e_α,
    ⟨δn(t + τ) δn(t)⟩ = g_c* (U_cc(t + τ, t) − g_c).

They are integrated by Gauss's collocation of four stages, once the start is forgotten.  Nothing
here is an integral over energy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qemlib import _checks
from qemlib._locked import Locked
from qemlib.devices.densities import Lorentzian, SpectralDensity
from qemlib.devices.device import Device
from qemlib.witness.hierarchy import pade_fermi

__all__ = ["ChargeInMotion", "charge_in_motion"]

_STAGES = 4
# Correlations, and what is left of the start, are followed down to this.
_FORGOTTEN = 1e-12
_MOST_TURNS = 200
_HALVINGS = 14  # of the first step


@dataclass(frozen=True, eq=False)
class ChargeInMotion(Locked):
    """The charge of a dot while x = c + A cos Ωt, over one turn.

    Attributes
    ----------
    times : ndarray, shape (steps,)
        t, evenly spaced over a turn from 0.
    charge : ndarray, shape (steps,)
        ⟨c†c⟩(t).
    current : ndarray, shape (2, steps)
        Electrons per unit time from the left and from the right lead.
    noise : tuple of two floats
        Spectra at zero frequency of n sin Ωt and n cos Ωt (time).
    friction, frequency_shift, amplitude_diffusion, phase_diffusion : float
        γ̄, δω, d_A and d_φ, as in `qemlib.electrons.along_orbit`.
    """

    times: np.ndarray
    charge: np.ndarray
    current: np.ndarray
    noise: tuple[float, float]
    friction: float
    frequency_shift: float
    amplitude_diffusion: float
    phase_diffusion: float

    def __repr__(self) -> str:
        return (
            f"ChargeInMotion({self.times.size} steps, friction = {self.friction:.9g}, "
            f"amplitude_diffusion = {self.amplitude_diffusion:.9g})"
        )


def charge_in_motion(
    device: Device, amplitude: float, center: float = 0.0, *, steps: int = 256, pade_terms: int = 20
) -> ChargeInMotion:
    """Charge, currents, friction and noise of electrons that are followed in time.

    Parameters
    ----------
    device : Device
        With Lorentzian leads.
    amplitude, center : float
        A > 0 and c.
    steps : int
        Steps a turn, at least 16.
    pade_terms : int
        Terms of the Padé approximant of each lead's Fermi function, at least 1.

    Returns
    -------
    ChargeInMotion

    Raises
    ------
    TypeError
        If `device` is none.
    ValueError
        If an argument is out of range or a lead is not Lorentzian.
    ArithmeticError
        If the start is not forgotten in 200 turns.

    Examples
    --------
    >>> from qemlib import paper_device
    >>> found = charge_in_motion(paper_device(voltage=16.0), 10.0, steps=64)
    >>> round(found.friction * 1e4, 4)
    -1.4239
    """
    _checks.kind("device", device, Device)
    bands = [
        _lorentzian(side, lead.density)
        for side, lead in zip(("left", "right"), device.leads, strict=True)
    ]
    amplitude, center = _checks.positive("amplitude", amplitude), _checks.finite("center", center)
    steps = _checks.integer("steps", steps, 16)
    pade_terms = _checks.integer("pade_terms", pade_terms, 1)
    turn = _Turn(device, bands, amplitude, center, steps, pade_terms)
    sigma, filters = turn.periodic()
    noise = turn.noise(sigma[:, :, 0], filters[..., 0])
    m, omega, force = device.oscillator.mass, device.oscillator.frequency, device.force
    charge = sigma[:, 0, 0].real
    sine, cosine = (
        2.0 * (charge * wave).mean() for wave in (np.sin(turn.phase), np.cos(turn.phase))
    )
    return ChargeInMotion(
        times=turn.phase / omega,
        charge=charge,
        current=np.array([2.0 * g * sigma[:, 1 + i, 0].imag for i, g in enumerate(turn.coupling)]),
        noise=noise,
        friction=float(force * sine / (m * omega * amplitude)),
        frequency_shift=float(-force * cosine / (2.0 * m * omega * amplitude)),
        amplitude_diffusion=float(force**2 * noise[0] / (2.0 * (m * omega) ** 2)),
        phase_diffusion=float(force**2 * noise[1] / (2.0 * (m * omega) ** 2)),
    )


def _lorentzian(side: str, density: SpectralDensity) -> Lorentzian:
    if not isinstance(density, Lorentzian):
        raise ValueError(f"the {side} lead must be Lorentzian, got {density!r}")
    return density


class _Turn:
    """The equations on the grid of one turn."""

    def __init__(
        self,
        device: Device,
        bands: Sequence[Lorentzian],
        amplitude: float,
        center: float,
        steps: int,
        pade_terms: int,
    ) -> None:
        self._rate = np.array([band.bandwidth for band in bands])
        self.coupling = np.sqrt([0.5 * band.rate * band.bandwidth for band in bands])
        self.phase = 2.0 * np.pi * np.arange(steps) / steps
        self._omega = device.oscillator.frequency
        self._step = 2.0 * np.pi / steps / self._omega
        self._node, self._inner, self._weight = _gauss()
        self._level = device.level - device.force * center
        self._swing = device.force * amplitude
        self._bands = np.array([1j * band.center + band.bandwidth for band in bands])
        self._drift = self._drift_at(self.phase[:, None] + self._omega * self._step * self._node)
        poles, weights = pade_fermi(pade_terms)
        # λ_p and −2iδTη_p of each lead, shape (2, terms).
        self._decay = np.array(
            [1j * lead.chemical_potential - lead.temperature * poles for lead in device.leads]
        )
        self._share = np.array(
            [
                -2j * rate * lead.temperature * weights
                for rate, lead in zip(self._rate, device.leads, strict=True)
            ]
        )

    def _drift_at(self, phase: np.ndarray) -> np.ndarray:
        """ih, shape (*phase, 3, 3)."""
        drift = np.zeros((*phase.shape, 3, 3), complex)
        drift[..., 0, 0] = 1j * (self._level - self._swing * np.cos(phase))
        drift[..., [1, 2], [1, 2]] = self._bands
        drift[..., 0, 1:] = drift[..., 1:, 0] = 1j * self.coupling
        return drift

    def periodic(self) -> tuple[np.ndarray, np.ndarray]:
        """σ, shape (steps, 3, 3), and X_p, shape (steps, 2, terms, 3), at the steps of a turn."""
        steps, terms = self.phase.size, self._decay.shape[1]
        filters, sigma = np.zeros((steps, 2, terms, 3), complex), np.zeros((steps, 3, 3), complex)
        now, state = np.zeros((2, terms, 3), complex), np.zeros((3, 3), complex)
        for _ in range(_MOST_TURNS):
            before = now, state
            for n in range(steps):
                filters[n], sigma[n] = now, state
                now, state = self._next(n, now, state)
            change = max(
                np.abs(new - old).max() for new, old in zip((now, state), before, strict=True)
            )
            if change < _FORGOTTEN:
                return sigma, filters
        raise ArithmeticError(f"the state still changes by {change:.1e} in a turn")

    def _next(
        self, n: int, filters: np.ndarray, state: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """X_p and σ one step later."""
        drift, unit = self._drift[n], np.eye(3)
        lag = self._decay[:, :, None, None, None] * unit - drift  # (2, terms, stages, 3, 3)
        source = np.broadcast_to(unit[1:, None, None], (2, lag.shape[1], _STAGES, 3))
        filters, stages = self._collocate(lag, source, filters)
        # Q at the stages, (stages, 3, 3).
        feed = np.zeros((_STAGES, 3, 3), complex)
        feed[:, :, 1:] = np.einsum("ap,apsi->sia", self._share, stages)
        feed[:, [1, 2], [1, 2]] += 0.5 * self._rate
        feed = feed + feed.conj().swapaxes(1, 2)
        whole = -np.einsum("sij,kl->sikjl", drift, unit) - np.einsum(
            "skl,ij->sikjl", drift.conj(), unit
        )
        state, _ = self._collocate(
            whole.reshape(_STAGES, 9, 9), feed.reshape(_STAGES, 9), state.ravel()
        )
        return filters, state.reshape(3, 3)

    def _collocate(
        self, generator: np.ndarray, source: np.ndarray, start: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """One step of dy/dt = G y + r, G and r at the stages: y after it, and at the stages."""
        size = start.shape[-1]
        rise = self._step * np.einsum("st,...tij->...sitj", self._inner, generator)
        matrix = np.eye(_STAGES * size) - rise.reshape(
            *start.shape[:-1], _STAGES * size, _STAGES * size
        )
        right = start[..., None, :] + self._step * np.einsum("st,...ti->...si", self._inner, source)
        stages = np.linalg.solve(matrix, right.reshape(*start.shape[:-1], -1, 1))
        stages = stages.reshape(*start.shape[:-1], _STAGES, size)
        slope = np.einsum("...sij,...sj->...si", generator, stages) + source
        return start + self._step * np.einsum("s,...si->...i", self._weight, slope), stages

    def _maps(self, start: float, length: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """ih at the stages of a stretch of time after each step, and what makes these stages.

        Shapes (steps, stages, 3, 3), (steps, 3 stages, 3) and (steps, 3 stages, 3 stages): the
        latter two act on what is at the start and on sources at the stages.
        """
        steps, size = self.phase.size, 3 * _STAGES
        drift = self._drift_at(self.phase[:, None] + self._omega * (start + length * self._node))
        rise = -length * np.einsum("st,ntij->nsitj", self._inner, drift)
        inverse = np.linalg.inv(np.eye(size) - rise.reshape(steps, size, size))
        spread = np.tile(np.eye(3), (_STAGES, 1))
        return drift, inverse @ spread, inverse @ (length * np.kron(self._inner, np.eye(3)))

    def noise(self, start: np.ndarray, filters: np.ndarray) -> tuple[float, float]:
        """Spectra at zero frequency of n sin Ωt and n cos Ωt, from g(0) and X_{p,c} at each t."""
        steps = self.phase.size
        state = np.stack([start, np.broadcast_to(np.eye(3)[0], (steps, 3))], axis=-1)  # g and U
        fed, total = (self._share * filters).conj(), np.zeros(2)
        regular = self._maps(0.0, self._step)
        # The exponentials of the Padé terms begin like τ ln τ.
        ends = self._step * np.concatenate([[0.0], 2.0 ** np.arange(-_HALVINGS, 1.0)])
        for begin, length in zip(ends[:-1], np.diff(ends), strict=True):
            state, part = self._stretch(state, fed, begin, length, self._maps(begin, length))
            total += part
        for lag in range(1, _MOST_TURNS * steps):
            rolled = [np.roll(each, -lag, axis=0) for each in regular]
            state, part = self._stretch(state, fed, lag * self._step, self._step, rolled)
            total += part
            if np.abs(state).max() < _FORGOTTEN**0.5:
                break
        of_sine, of_cosine = total.tolist()
        return of_sine, of_cosine

    def _stretch(
        self,
        state: np.ndarray,
        fed: np.ndarray,
        begin: float,
        length: float,
        maps: Sequence[np.ndarray],
    ) -> tuple[np.ndarray, np.ndarray]:
        """g and U after a stretch of τ, and what it adds to the spectra."""
        drift, from_start, from_source = maps
        steps, tau = self.phase.size, begin + length * self._node
        source = np.zeros((steps, _STAGES, 3, 2), complex)
        decay = np.exp(self._decay.conj()[..., None] * tau)
        source[:, :, 1:, 0] = np.einsum("nap,aps->nsa", fed, decay, optimize=True)
        stages = from_start @ state + from_source @ source.reshape(steps, -1, 2)
        stages = stages.reshape(steps, _STAGES, 3, 2)
        slope = source - drift @ stages
        state = state + length * np.einsum("s,nsik->nik", self._weight, slope)
        g, u = stages[:, :, 0, 0], stages[:, :, 0, 1]
        weighted = 2.0 / steps * length * self._weight * (g.conj() * (u - g)).real
        now, later = self.phase[:, None], self.phase[:, None] + self._omega * tau
        spectra = [(wave(now) * wave(later) * weighted).sum() for wave in (np.sin, np.cos)]
        return state, np.array(spectra)


def _gauss() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nodes, matrix and weights of Gauss's collocation on [0, 1]."""
    node, weight = np.polynomial.legendre.leggauss(_STAGES)
    node = 0.5 * (1.0 + node)
    powers = np.arange(1, _STAGES + 1)
    inner = (node[:, None] ** powers / powers) @ np.linalg.inv(node[:, None] ** (powers - 1))
    return node, inner, 0.5 * weight
