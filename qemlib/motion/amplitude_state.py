"""The steady state of the averaged model: W as a function of the amplitude alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import BSpline
from scipy.optimize import brentq, minimize_scalar

from qemlib import _checks
from qemlib._locked import Locked
from qemlib.errors import ConvergenceError, LeftGridError
from qemlib.motion._interpolation import even_spline
from qemlib.motion._weight import with_errors
from qemlib.motion.averaged_model import AveragedModel
from qemlib.motion.diffusion import slowest_rate
from qemlib.states import positivity, wigner
from qemlib.states.in_phase_space import InPhaseSpace

__all__ = ["AveragedState", "averaged_state"]

# Steps to the orbit through a point: each gains a factor of the uneven frequency or center.
_STEPS, _SETTLED = 60, 1e-13
_ROUND_OFF = 1e-9
_ANGLES = 64
_WIDER = 1.02
# Of the problem of a line: amplitudes, and ln W that counts for nothing.
_CELLS, _NOTHING = 400, -60.0
_NEGLIGIBLE = -40.0
# Half of what is looked at, in units of the slowest rate, and points of it.
_LINE, _POINTS = 20.0, 2001


def averaged_state(model: AveragedModel, *, edge_weight: float = 1e-8) -> AveragedState:
    """Steady state of the averaged model.

    Parameters
    ----------
    model : AveragedModel
    edge_weight : float
        Largest W at the model's last amplitude, beside the largest W, that is allowed.  Beyond it W
        counts as zero.

    Returns
    -------
    AveragedState

    Raises
    ------
    TypeError
        If `model` is no AveragedModel.
    LeftGridError
        If W has not fallen at the largest amplitude.
    ConvergenceError
        If the orbits of a point do not settle: the frequency or the center changes too fast with
        the amplitude.

    Warns
    -----
    ClassicalStateWarning
        If W is no quantum state; see `qemlib.states.positivity`.

    Examples
    --------
    With its electrons' memory the paper's device holds more than its equation says, 42.13:

    >>> import qemlib as qem
    >>> model = qem.AveragedModel.from_device(qem.paper_device(voltage=10.0))
    >>> round(averaged_state(model).phonon_number, 2)
    48.6
    """
    _checks.kind("model", model, AveragedModel)
    allowed = _checks.positive("edge_weight", edge_weight)
    solution, error, numerical = with_errors(model)
    weight = solution.edge_weight
    if not weight < allowed:
        raise LeftGridError(
            f"model: its amplitudes, up to {model.amplitudes[-1]:.6g}, are too small to hold the "
            f"steady state: at the largest the weight is {weight:.1e} of the largest, at most "
            f"{allowed:.0e} is allowed"
        )
    state = AveragedState(
        model=model,
        amplitude=solution.amplitude,
        log_weight=solution.log_weight,
        moments=solution.moments,
        _square=complex(solution.squeezing),
        edge_weight=weight,
        error=error,
        numerical_error=numerical,
    )
    return positivity.told(state)


@dataclass(frozen=True, eq=False)
class AveragedState(Locked, InPhaseSpace):
    """Steady state as a function of the amplitude alone.

    Attributes
    ----------
    model : AveragedModel
    amplitude : ndarray, shape (orbits,)
        A, evenly spaced.
    log_weight : ndarray, shape (orbits,)
        ln W(x, p) on the orbit, normalised to ∫dx dp W = 1.
    moments : tuple of float
        (⟨|α|²⟩, ⟨|α|⁴⟩).
    squeezing : complex
        ⟨a²⟩: zero for a rotationally symmetric state.
    edge_weight : float
        W at the model's largest amplitude, beside the largest W.
    error : dict of str to float
        "phonon_number" and "g2": what they may be wrong by, relative.  With memory also that of
        "populations" (the largest of any level) and of "trace" (all levels together), absolute.
    numerical_error : dict of str to float
        What of the first two is the computation's: what half the amplitudes and the coefficients'
        own errors change.  The rest is what averages over orbits leave out, of the order of 1/n.
    phonon_number, g2 : float
        ⟨a†a⟩ and g⁽²⁾(0), from the moments of W.
    """

    model: AveragedModel
    amplitude: np.ndarray
    log_weight: np.ndarray
    moments: tuple[float, float]
    _square: complex
    edge_weight: float
    error: dict[str, float]
    numerical_error: dict[str, float]

    def __repr__(self) -> str:
        error = max(self.error[name] for name in ("phonon_number", "g2"))
        return (
            f"AveragedState(phonon_number={self.phonon_number:.6g}, g2={self.g2:.6g}, "
            f"error {error:.0e}, edge_weight={self.edge_weight:.0e}"
            f"{positivity.remark(self)})"
        )

    @property
    def squeezing(self) -> complex:
        """⟨a²⟩: zero for a rotationally symmetric state."""
        return self._square

    @property
    def center(self) -> float:  # type: ignore[override]  # frozen states do not write it
        """Position of the smallest orbit."""
        return float(self._center[0])

    @property
    def radius(self) -> float:
        """|α − center/x0| beyond which W is nothing."""
        seen = self.log_weight - self.log_weight.max() > _NEGLIGIBLE
        last = min(int(np.flatnonzero(seen)[-1]) + 1, self.amplitude.size - 1)
        ratio = max(1.0, float(self._frequency.max()) / self.model.frequency)
        away = np.abs(self._center - self.center).max()
        return _WIDER * float(ratio * self.amplitude[last] + away) / self.model.x0

    @cached_property
    def _frequency(self) -> np.ndarray:
        return self.model.frequency + self.model.at("frequency_shift", self.amplitude)

    @cached_property
    def _center(self) -> np.ndarray:
        return self.model.at("center", self.amplitude)

    @cached_property
    def _curve(self) -> BSpline:
        return even_spline(self.amplitude, self.log_weight)

    def log_weight_at(self, amplitude: ArrayLike) -> np.ndarray:
        """ln W(x, p) on orbits between those of `amplitude`."""
        return self._curve(np.asarray(amplitude))

    def wigner(self, x: ArrayLike, p: ArrayLike) -> np.ndarray:
        """W(x, p), ∫dx dp W = 1; arrays broadcast.  Zero beyond the widest orbit."""
        amplitude = self.amplitude_at(x, p)
        widest = self.amplitude[-1]
        inside = amplitude <= widest
        return np.where(inside, np.exp(self._curve(np.where(inside, amplitude, 0.0))), 0.0)

    def amplitude_at(self, x: ArrayLike, p: ArrayLike) -> np.ndarray:
        """A of the orbit through x and p, [(x − c)/A]² + [p/(mΩA)]² = 1; arrays broadcast."""
        x, p = _checks.broadcast(x=x, p=p)
        model = self.model
        amplitude = np.hypot(x - self.center, p / (model.mass * model.frequency))
        for _ in range(_STEPS):
            omega = model.frequency + model.at("frequency_shift", amplitude)
            new = np.hypot(x - model.at("center", amplitude), p / (model.mass * omega))
            change = np.abs(new - amplitude).max(initial=0.0)
            amplitude = new
            if change <= _SETTLED * self.amplitude[-1]:
                return amplitude
        raise ConvergenceError(
            "model: its orbits cross, or all but do: the frequency or the center changes too fast "
            "with the amplitude for W to be a function of it"
        )

    def radial_profile(self, r: ArrayLike) -> np.ndarray:
        """Angular average of W(α) at |α| = r, ∫d²α W = 1; array of r's shape."""
        at = np.abs(_checks.finite_array("r", r))
        inside, between = at <= self._all_around, (at > self._all_around) & (at < self._reach)
        profile = np.where(inside, np.exp(self._profile(np.where(inside, at, 0.0))), 0.0)
        if between.any():
            profile[between] = self._average(at[between])
        return profile

    @cached_property
    def _profile(self) -> BSpline:
        """Its logarithm where W is known all around, as a spline that is as fine as W itself."""
        r = np.linspace(0.0, self._all_around, self.amplitude.size)
        # A model may reach further than a number this small.
        return even_spline(r, np.log(np.maximum(self._average(r), np.finfo(float).tiny)))

    def _average(self, r: np.ndarray) -> np.ndarray:
        model = self.model
        return wigner.angular_average(self.wigner, r, model.x0, model.p0, self._angles)

    @property
    def _angles(self) -> int:
        """Directions that resolve W on circles around α = 0: more where its center is far away."""
        away = np.abs(self._center).max() / self.model.x0
        return _ANGLES * max(1, int(np.ceil(0.25 * away / np.sqrt(self.moments[0]))))

    @cached_property
    def _all_around(self) -> float:
        """|α| up to which W is known in all directions."""
        ratio = min(1.0, float(self._frequency[-1]) / self.model.frequency)
        away = abs(float(self._center[-1]))
        return float(ratio * self.amplitude[-1] - away) / self.model.x0 * (1.0 - _ROUND_OFF)

    @cached_property
    def _reach(self) -> float:
        """|α| beyond which W is zero in all directions."""
        ratio = max(1.0, float(self._frequency[-1]) / self.model.frequency)
        away = abs(float(self._center[-1]))
        return float(ratio * self.amplitude[-1] + away) / self.model.x0 * (1.0 + _ROUND_OFF)

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
        weight = np.exp(self._curve(amplitude) - self.log_weight.max())
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
            lambda w: -float(_lorentzians(w, *modes)), bounds=(highest - step, highest + step)
        )
        ends = [
            brentq(lambda w: float(_lorentzians(w, *modes)) + 0.5 * top.fun, top.x, end)
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
        steady = replace(self.model, frequency_shift=0.0 * self.model.frequency_shift)
        phase = averaged_state(steady, edge_weight=1.0).line_width(harmonic)
        return {"width": width, "phase": phase, "pulling": width - phase}

    def _modes(self, harmonic: int) -> tuple[np.ndarray, np.ndarray]:
        """Rates λ of e^{ikθ}, which go as e^{−(λ + ikω0)t}, and their parts of the line."""
        k = _checks.integer("harmonic", harmonic, 1)
        amplitude, content, conductance = self._chain
        between = np.sqrt(conductance[1:] * conductance[:-1])
        flow = np.pad(between, (1, 0)) + np.pad(between, (0, 1))
        model = self.model
        rates = flow / content + k**2 * model.at("phase_diffusion", amplitude) / amplitude**2
        rates = rates + 1j * k * model.at("frequency_shift", amplitude)
        root = np.sqrt(content)
        off = -between / (root[1:] * root[:-1])
        values, vectors = np.linalg.eig(np.diag(rates) + np.diag(off, 1) + np.diag(off, -1))
        seen = root * (amplitude / amplitude[-1]) ** k
        parts = (seen @ vectors) * np.linalg.solve(vectors, seen.astype(complex))
        return values, parts / (seen @ seen)


def _lorentzians(detuning: ArrayLike, rates: np.ndarray, parts: np.ndarray) -> np.ndarray:
    apart = rates - 1j * np.asarray(detuning)[..., None]
    return 2.0 * (parts / apart).real.sum(axis=-1)
