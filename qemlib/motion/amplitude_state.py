"""The steady state of the averaged model: W as a function of the amplitude alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import PPoly

from qemlib import _checks
from qemlib._locked import Locked
from qemlib._special.splines import even_spline
from qemlib.errors import ConvergenceError, LeftGridError
from qemlib.motion._weight import with_errors
from qemlib.motion.averaged_model import AveragedModel
from qemlib.motion.in_time import InTime
from qemlib.states import positivity
from qemlib.states.in_phase_space import InPhaseSpace

__all__ = ["AveragedState", "averaged_state"]

# Steps to the orbit through a point: each gains a factor of the uneven frequency or center.
_STEPS, _SETTLED = 60, 1e-13
_ROUND_OFF = 1e-9
_ANGLES = 64
_WIDER = 1.02
_NEGLIGIBLE = -40.0


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
class AveragedState(Locked, InTime, InPhaseSpace):
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
    _even_in_p = True

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

    @property
    def _even(self) -> bool:  # type: ignore[override]
        return not self._center.any()

    @cached_property
    def _curve(self) -> PPoly:
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
        moves = bool(model.center.any())
        for _ in range(_STEPS):
            omega = model.frequency + model.at("frequency_shift", amplitude)
            center = model.at("center", amplitude) if moves else 0.0
            new = np.hypot(x - center, p / (model.mass * omega))
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
            profile[between] = super().radial_profile(at[between])
        return profile

    @cached_property
    def _profile(self) -> PPoly:
        """Its logarithm where W is known all around, as a spline that is as fine as W itself."""
        r = np.linspace(0.0, self._all_around, self.amplitude.size)
        # A model may reach further than a number this small.
        return even_spline(r, np.log(np.maximum(super().radial_profile(r), np.finfo(float).tiny)))

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

    def _at_one_frequency(self) -> AveragedState:
        model = replace(self.model, frequency_shift=0.0 * self.model.frequency_shift)
        return averaged_state(model, edge_weight=1.0)
