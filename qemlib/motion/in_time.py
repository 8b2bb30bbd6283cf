"""What the averaged model's steady state does in time: how it relaxes, its line, its ticks.

One of the bases of `qemlib.motion.amplitude_state.AveragedState`.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import eigh_tridiagonal
from scipy.optimize import brentq, minimize_scalar

from qemlib import _checks
from qemlib.motion._clock import tick_noise
from qemlib.motion.averaged_model import AveragedModel
from qemlib.motion.diffusion import correlation_modes, slowest_rate, symmetric

__all__ = ["InTime"]

# Of the problem of a line: amplitudes, and ln W that counts for nothing.
_CELLS, _NOTHING = 400, -60.0
# Half of what is looked at, in units of the slowest rate, and points of it.
_LINE, _POINTS = 20.0, 2001
# At least so many modes, and all that decay slower than so many times the spread of frequencies.
_SLOW, _FASTER = 160, 10.0
_FINE = 1e-5  # of the distance between two, to which top and ends are found


class InTime:
    """Relaxation, line and ticks, from a model and ln W over the amplitude."""

    model: AveragedModel
    amplitude: np.ndarray
    log_weight: np.ndarray

    def log_weight_at(self, amplitude: ArrayLike) -> np.ndarray:
        """ln W(x, p) on orbits between those of `amplitude`."""
        raise NotImplementedError

    def _at_one_frequency(self) -> InTime:
        """The state of the same model with the same frequency at all amplitudes."""
        raise NotImplementedError

    @cached_property
    def relaxation_time(self) -> float:
        """Slowest relaxation of the amplitude."""
        _, content, conductance = self._chain
        return 1.0 / slowest_rate(content, conductance)

    @property
    def _chain(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Amplitudes but 0, what such cells hold, and the flow between them."""
        seen = np.flatnonzero(self.log_weight - self.log_weight.max() > _NOTHING)
        amplitude = np.linspace(0.0, self.amplitude[seen[-1]], _CELLS + 1)[1:]
        model = self.model
        omega = model.frequency + model.at("frequency_shift", amplitude)
        action = 0.5 * model.mass * omega * amplitude**2
        weight = np.exp(self.log_weight_at(amplitude) - self.log_weight.max())
        step = np.gradient(action)
        diffusion = (model.mass * omega * amplitude) ** 2 * model.at(
            "amplitude_diffusion", amplitude
        )
        return amplitude, weight * step, diffusion * weight / step

    def line(self, detuning: ArrayLike, harmonic: int = 1) -> np.ndarray:
        """Spectrum of a^k at the frequency kω0 + detuning, ∫dω/2π = 1; array of detuning's shape.

        Parameters
        ----------
        detuning : array_like
            Frequencies, counted from kω0.
        harmonic : int
            k ≥ 1.

        Notes
        -----
        Rates of the averaged model in the sector e^{ikθ}, on 400 amplitudes: 1e-4 of the width.
        """
        detuning = _checks.finite_array("detuning", detuning)
        return _lorentzians(detuning, *self._modes(harmonic))

    def line_width(self, harmonic: int = 1) -> float:
        """Full width at half maximum of `line` (frequency).

        Examples
        --------
        >>> import qemlib as qem
        >>> model = qem.LangevinModel.from_device(qem.paper_device(voltage=10.0))
        >>> state = qem.averaged_state(qem.AveragedModel.from_langevin(model))
        >>> round(1e4 * state.line_width(), 2)
        2.35
        """
        modes = self._modes(harmonic)
        rates = modes[0]
        reach = _LINE * rates.real.min()
        middle = rates.imag[np.argmin(rates.real)]
        at = np.linspace(middle - reach, middle + reach, _POINTS)
        highest = at[np.argmax(_lorentzians(at, *modes))]
        step = at[1] - at[0]
        top = minimize_scalar(
            lambda w: -float(_lorentzians(w, *modes)),
            bounds=(highest - step, highest + step),
            options={"xatol": _FINE * step},
        )
        ends = [
            brentq(
                lambda w: float(_lorentzians(w, *modes)) + 0.5 * top.fun,
                top.x,
                end,
                xtol=_FINE * step,
            )
            for end in (at[0], at[-1])
        ]
        return float(ends[1] - ends[0])

    def line_parts(self, harmonic: int = 1) -> dict[str, float]:
        """What makes a line broad: its width, and that of two lines which it is not.

        Parameters
        ----------
        harmonic : int
            k ≥ 1.

        Returns
        -------
        dict of str to float
            "width": `line_width`; "phase": were the frequency the same at all amplitudes, so that
            noise moves the phase alone; "pulling": what the frequency's dependence on a noisy
            amplitude adds to that (all frequencies).

        Examples
        --------
        Most of the paper's line is amplitude noise that the mean force turns into frequency noise:

        >>> import qemlib as qem
        >>> model = qem.LangevinModel.from_device(qem.paper_device(voltage=10.0))
        >>> parts = qem.averaged_state(qem.AveragedModel.from_langevin(model)).line_parts()
        >>> {name: round(1e4 * part, 2) for name, part in parts.items()}
        {'width': 2.35, 'phase': 0.91, 'pulling': 1.44}
        """
        width = self.line_width(harmonic)
        phase = self._at_one_frequency().line_width(harmonic)
        return {"width": width, "phase": phase, "pulling": width - phase}

    def clock_parts(self, hysteresis: float = 0.0) -> dict[str, float]:
        """What makes the turns of the motion a poor clock.

        A clock ticks where x rises through c + h, after it was below c − h, with the hysteresis h.

        Parameters
        ----------
        hysteresis : float
            h ≥ 0 (length): 0, or at least twice the step √dT by which noise moves a small amplitude
            in a turn T.

        Returns
        -------
        dict of str to float
            "rate": mean number of ticks per time.  Of the growth 2D/(2π)² of their variance with
            time, the parts of D: "phase", noise that moves the phase; "pulling", amplitude noise,
            by the frequency's dependence on the amplitude; "missed", turns that do not reach the
            thresholds.  "accuracy": N∞ = lim ⟨n⟩/Var n = 2π² rate/D.

        Raises
        ------
        ValueError
            If `hysteresis` is not allowed.
        NoTicks
            If no orbit is as wide as the hysteresis.

        Notes
        -----
        In the limit of weak friction.  With h = 0 ticks are zeros of x, whose number has a finite
        variance, unlike the angle about the center.  With h > 0 "missed" is left wrong by the order
        of dT/h².

        Examples
        --------
        >>> import qemlib as qem
        >>> model = qem.LangevinModel.from_device(qem.paper_device(voltage=16.0))
        >>> state = qem.averaged_state(qem.AveragedModel.from_langevin(model))
        >>> parts = state.clock_parts()
        >>> round(1e4 * parts["phase"], 3), round(1e4 * parts["pulling"], 3)
        (0.316, 2.304)
        """
        hysteresis = _checks.finite("hysteresis", hysteresis)
        if hysteresis < 0:
            raise ValueError(f"hysteresis must not be negative, got {hysteresis!r}")
        rate, parts = tick_noise(self, hysteresis)
        return {"rate": rate, **parts, "accuracy": 2.0 * np.pi**2 * rate / sum(parts.values())}

    def clock_accuracy(self, hysteresis: float = 0.0) -> float:
        """N∞ = lim ⟨n⟩/Var n of ticks, one a turn; see `clock_parts`.

        Examples
        --------
        >>> import qemlib as qem
        >>> model = qem.LangevinModel.from_device(qem.paper_device(voltage=16.0))
        >>> state = qem.averaged_state(qem.AveragedModel.from_langevin(model))
        >>> round(state.clock_accuracy())
        2405
        """
        return self.clock_parts(hysteresis)["accuracy"]

    def phase_variance(self, times: ArrayLike) -> np.ndarray:
        """(2π)² Var n of the ticks within a time; array of the shape of `times`.

        Parameters
        ----------
        times : array_like
            t ≥ 0, beyond a few turns.

        Notes
        -----
        Of ticks at zeros of x, see `clock_parts`.  At first it grows as 2⟨d_φ/A²⟩t, when the
        amplitude is forgotten as 2Dt.  With V(t) for it, the Allan variance of the ticks is
        [4V(τ) − V(2τ)]/2(Ωτ)².

        Examples
        --------
        >>> import qemlib as qem
        >>> model = qem.LangevinModel.from_device(qem.paper_device(voltage=16.0))
        >>> state = qem.averaged_state(qem.AveragedModel.from_langevin(model))
        >>> state.phase_variance([1e3, 1e5]).round(2)
        array([ 0.09, 48.43])
        """
        times = _checks.finite_array("times", times)
        if (times < 0).any():
            raise ValueError(f"times must not be negative, got {times.min()}")
        amplitude, content, conductance = self._chain
        shift = self.model.at("frequency_shift", amplitude)
        rates, parts = correlation_modes(content, conductance, shift)
        grown = times[..., None] + np.expm1(-rates * times[..., None]) / rates
        pulled = (2.0 * parts / rates * grown).sum(axis=-1)
        return 2.0 * tick_noise(self, 0.0)[1]["phase"] * times + pulled

    def _modes(self, harmonic: int) -> tuple[np.ndarray, np.ndarray]:
        """Rates λ of e^{ikθ}, which go as e^{−(λ + ikω0)t}, and their parts of the line."""
        k = _checks.integer("harmonic", harmonic, 1)
        if k not in self._known_modes:
            self._known_modes[k] = self._modes_of(k)
        return self._known_modes[k]

    @cached_property
    def _known_modes(self) -> dict[int, tuple[np.ndarray, np.ndarray]]:
        """Of harmonics that were asked for."""
        return {}

    def _modes_of(self, k: int) -> tuple[np.ndarray, np.ndarray]:
        amplitude, content, conductance = self._chain
        model = self.model
        rates, off = symmetric(content, conductance)
        rates = rates + k**2 * model.at("phase_diffusion", amplitude) / amplitude**2
        shift = k * model.at("frequency_shift", amplitude)
        seen = np.sqrt(content) * (amplitude / amplitude[-1]) ** k
        seen = seen / np.linalg.norm(seen)
        decays, unpulled = eigh_tridiagonal(rates, off)
        if not shift.any():
            return decays, (seen @ unpulled) ** 2
        # Pulling mixes modes that decay no faster than frequencies part; others hardly take part.
        slow = max(_SLOW, int(np.searchsorted(decays, _FASTER * np.ptp(shift))))
        decays, unpulled = decays[:slow], unpulled[:, :slow]
        values, vectors = np.linalg.eig(np.diag(decays) + 1j * (unpulled.T * shift) @ unpulled)
        held = seen @ unpulled
        return values, (held @ vectors) * np.linalg.solve(vectors, held.astype(complex))


def _lorentzians(detuning: ArrayLike, rates: np.ndarray, parts: np.ndarray) -> np.ndarray:
    apart = rates - 1j * np.asarray(detuning)[..., None]
    return 2.0 * (parts / apart).real.sum(axis=-1)
