"""What a sampled run leaves behind: histograms, moments, error bars, and whether to trust them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from qemlib import _checks
from qemlib.devices.device import Device, Oscillator
from qemlib.errors import TooShortError
from qemlib.sampler._batches import ARGUMENTS, ESTIMATORS, Batches
from qemlib.sampler._plane import Plane
from qemlib.sampler.diagnostics import (
    OBSERVABLES,
    UNRESOLVED,
    Convergence,
    Diagnostics,
    shortcomings,
    variances,
)
from qemlib.sampler.ensemble import Ensemble
from qemlib.sampler.records import Histogram, Trajectory
from qemlib.states import positivity
from qemlib.states.contract import OfOscillator

__all__ = ["SampledState"]

_SMALL = 0.5  # standard errors; a bias below adds less than an eighth to the whole error
_LEVELS = 512  # at most, of those that are looked at for negative populations
_MOST_LEVELS = 8192
# Observables that turn with the oscillator.
_TURNING = ("squeezing_real", "squeezing_imaginary", "position", "momentum")
_OF_PLANE = {
    "wigner": ("x", "p"),
    "density_matrix": ("levels",),
    "position_density": ("x",),
    "momentum_density": ("p",),
    "quadrature_density": ("x", "angle"),
}


@dataclass(frozen=True, eq=False)
class SampledState(OfOscillator):
    """Steady state of (6), sampled by `qemlib.sampler.sampling.sample`.

    Attributes
    ----------
    scheme : str
    seed, walkers : int
    steps : int
        Steps that were made in all, over all walkers, with burn-in.
    step : float
        Δt.
    expected_bias : float
        Upper estimate of the relative error of ⟨|α|²⟩ that the step size causes.  For weak and
        smooth coefficients it is that of linear oscillators with the model's strongest friction
        and force gradient; else the chain of steps is solved at this step and at finer ones.  For
        "euler" it has a sign, and comes from the friction that the scheme removes.
    resolves_motion : bool
        Whether the step is small enough for rates of change: those of linear oscillators with the
        model's strongest friction and force gradient are right to 2 %.  If not, averages are not
        worse, but autocorrelation times are those of the chain of steps, not of the motion.
    burn_in : float
        Time for which each walker ran before anything was recorded.
    relaxation_time : float
        Estimate of the model's slowest relaxation: of the energy, by its orbit average, or of the
        position where friction is strong.
    recorded : int
        Points recorded, over all walkers.
    partial : bool
        Whether the run was interrupted before its end; `sample(model, resume=...)` goes on.
    histogram : Histogram
    trajectory : Trajectory or None
    phonon_number, g2 : float
        ⟨a†a⟩ and g⁽²⁾(0), from moments, with no truncation of levels.
    squeezing : complex
        ⟨a²⟩.
    position, momentum : float
        ⟨x⟩, ⟨p⟩.
    diagnostics : Diagnostics
        Of each moment: Monte Carlo standard error, autocorrelation time, effective sample size
        and R-hat.
    shortcomings : tuple of str
        What keeps the error bars from being trusted; empty if nothing does.
    caveats : tuple of str
        What error bars do not show: a bias of the step that is not small beside them, and a step
        that does not resolve the motion.
    violations : tuple of str
        What of a quantum state W violates, beyond six standard errors; empty if nothing.
    energy : float
        ω0(⟨a†a⟩ + 1/2).
    levels : int
        Levels that hold all that was recorded.
    model : LangevinModel
    oscillator : Oscillator
    device : Device or None
        The model's.
    error : dict of str to float
        Standard errors of "phonon_number" and "g2", relative, and "eigenvalue": what an eigenvalue
        of ρ may be wrong by.

    Notes
    -----
    What is asked of W(x, p), of marginals and of coherences is read from the histogram, between
    the middles of its bins, and may have errors of either sign.  Their standard errors have two
    parts.  The average over the angle has that of the batches; the rest, which turns with the
    oscillator, that of as many independent points as the moments that turn have, and no fewer
    than one point in a bin is expected.
    """

    scheme: str
    seed: int
    walkers: int
    steps: int
    step: float
    expected_bias: float
    resolves_motion: bool
    burn_in: float
    relaxation_time: float
    recorded: int
    partial: bool
    histogram: Histogram
    trajectory: Trajectory | None
    _ensemble: Ensemble = field(repr=False)

    @classmethod
    def of(cls, ensemble: Ensemble, partial: bool) -> SampledState:
        """What an ensemble has sampled up to here."""
        plan = ensemble.plan
        return cls(
            scheme=plan.scheme.name,
            seed=plan.seed,
            walkers=plan.walkers,
            steps=ensemble.steps,
            step=plan.step,
            expected_bias=plan.expected_bias,
            resolves_motion=plan.resolves_motion,
            burn_in=ensemble.burned * plan.interval * plan.step,
            relaxation_time=plan.relaxation_time,
            recorded=plan.walkers * ensemble.done,
            partial=partial,
            histogram=ensemble.histogram(),
            trajectory=ensemble.trajectory(),
            _ensemble=ensemble,
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """The ensemble tells all the rest."""
        return type(self).of, (self._ensemble, self.partial)

    @cached_property
    def _batches(self) -> Batches:
        return self._ensemble.batches()

    def __repr__(self) -> str:
        if self.recorded:
            values = (
                f"phonon_number={self.phonon_number:.6g} "
                f"+/- {self.standard_error('phonon_number'):.1g}, "
                f"g2={self.g2:.5g} +/- {self.standard_error('g2'):.1g}"
            )
        else:
            values = "nothing recorded yet"
        energy = self.diagnostics["energy"]
        lines = [
            f"SampledState({values};",
            f"{self.walkers} walkers, {self.steps:.4g} steps of {self.step:.4g} "
            f"by scheme {self.scheme!r},",
            f"expected bias {self.expected_bias:.0e}, relaxation time {self.relaxation_time:.4g},",
            f"burn-in of {self.burn_in / self.relaxation_time:.3g} relaxation times, "
            f"{self.burn_in * self.walkers / (self.step * max(self.steps, 1)):.0%} of the steps,",
            f"energy: autocorrelation time {energy.autocorrelation_time:.4g},",
            f"{energy.effective_samples:.3g} effective samples, R-hat {energy.r_hat:.4f}",
        ]
        if self.partial:
            lines.append("partial: interrupted, go on with resume=")
        lines += [f"not to be trusted: {text}" for text in self.shortcomings]
        lines += [f"mind: {text}" for text in self.caveats]
        lines += [f"not a quantum state: {text}" for text in self.violations]
        return "\n    ".join(lines) + ")"

    @property
    def model(self) -> Any:
        """What was sampled."""
        return self._ensemble.plan.model

    @property
    def oscillator(self) -> Oscillator:
        """The oscillator whose state it is."""
        return self.model.oscillator

    @property
    def device(self) -> Device | None:
        """What drives it; None for a model that was made without a device."""
        return self.model.device

    @property
    def levels(self) -> int:
        """Levels that hold all that was recorded."""
        self._require_record()
        batches = self._batches
        widest = batches.bin_width * (1 + np.flatnonzero(batches.radial.any(axis=0))[-1])
        return min(int((widest + 1.0) ** 2) + 16, _MOST_LEVELS)

    @property
    def error(self) -> Mapping[str, float]:
        return MappingProxyType(self._errors)

    @cached_property
    def _errors(self) -> dict[str, float]:
        found = {
            name: self.standard_error(name) / abs(getattr(self, name))
            for name in ("phonon_number", "g2")
        }
        # Each point gives a Hermitian matrix of norm 2, and ρ is their mean (matrix Bernstein).
        points = self._independent(self.diagnostics)
        found["eigenvalue"] = float(2.0 * np.sqrt(2.0 * np.log(2.0 * self.levels) / points))
        return found

    @property
    def phonon_number(self) -> float:
        """⟨a†a⟩."""
        return self._estimate("phonon_number")

    @property
    def g2(self) -> float:
        """g⁽²⁾(0), Eq. (10)."""
        return self._estimate("g2")

    @property
    def squeezing(self) -> complex:
        """⟨a²⟩: zero for a rotationally symmetric state."""
        return self._estimate("squeezing")

    @property
    def position(self) -> float:
        """⟨x⟩."""
        return self._estimate("position")

    @property
    def momentum(self) -> float:
        """⟨p⟩."""
        return self._estimate("momentum")

    def populations(self, levels: int) -> np.ndarray:
        """Level populations ρ_nn, n = 0 … levels − 1, with errors of either sign.

        Means of the bounded function 2(−1)^n e^{−2|α|²} L_n(4|α|²), averaged over each bin of |α|.
        """
        return self._estimate("populations", levels)

    def population_batches(self, levels: int) -> np.ndarray:
        """Level populations from each independent batch alone, shape (batches, levels).

        For functions of the populations that are not linear; see `qemlib.states.estimation`.
        """
        self._require_record()
        counts = self._batches.radial
        parts = counts / counts.sum(axis=1, keepdims=True)
        estimator = ESTIMATORS["populations"]
        return np.stack([estimator(self._batches, None, part, levels) for part in parts])

    def radial_profile(self, r: ArrayLike) -> np.ndarray:
        """Angular average of W(α) at |α| = r, ∫d²α W = 1; array of r's shape."""
        return self._estimate("radial_profile", r)

    def density_matrix(self, levels: int) -> np.ndarray:
        """ρ_nm in the oscillator's energy eigenbasis, shape (levels, levels).

        Populations are those of `populations`; coherences are averages of bounded functions, too.
        """
        levels = _checks.integer("levels", levels, 1)
        return self._plane.coherences(levels) + np.diag(self.populations(levels))

    def wigner(self, x: ArrayLike, p: ArrayLike) -> np.ndarray:
        """W(x, p), ∫dx dp W = 1; arrays broadcast.  Zero beyond the histogram."""
        osc = self.oscillator
        return self._plane.density(self._alpha(x, p)) / (osc.x0 * osc.p0)

    def _alpha(self, x: ArrayLike, p: ArrayLike) -> np.ndarray:
        position, momentum = _checks.broadcast(x=x, p=p)
        return position / self.oscillator.x0 + 1j * momentum / self.oscillator.p0

    def _quadrature(self, u: np.ndarray, turn: complex) -> np.ndarray:
        return self._plane.along(u, turn)

    @cached_property
    def _plane(self) -> Plane:
        self._require_record()
        turning = min(self.recorded, self._independent(_TURNING))
        return Plane(self.histogram, self.oscillator.x0, self._batches, turning)

    def _independent(self, names: Iterable[str]) -> float:
        """Independent points for these observables; where it is too early to tell, the batches."""
        found = np.array([self.diagnostics[name].effective_samples for name in names])
        return float(found.min() if np.isfinite(found).all() else len(self._batches.radial))

    def _error_of_plane(self, name: str, *arguments: Any) -> np.ndarray:
        osc, plane = self.oscillator, self._plane
        if name == "density_matrix":
            return plane.error_of_matrix(_checks.integer("levels", arguments[0], 1))
        if name == "wigner":
            return plane.error_of_density(self._alpha(*arguments)) / (osc.x0 * osc.p0)
        scale = osc.p0 if name == "momentum_density" else osc.x0
        angle = {"position_density": 0.0, "momentum_density": 0.5 * np.pi}.get(name)
        angle = _checks.finite("angle", arguments[1]) if angle is None else angle
        at = _checks.finite_array(_OF_PLANE[name][0], arguments[0])
        turn = complex(np.cos(angle), np.sin(angle))
        return plane.error_along(at.ravel() / scale, turn).reshape(at.shape) / scale

    def standard_error(self, name: str, *arguments: Any) -> Any:
        """Standard error of one of the results, by the jackknife over independent batches.

        Parameters
        ----------
        name : str
            "phonon_number", "g2", "energy", "squeezing", "position", "momentum", "populations",
            "radial_profile", "density_matrix", "wigner", or a density of a quadrature.
        *arguments
            What the method of that name takes, as `levels` for "populations".

        Returns
        -------
        float or ndarray
            In the shape of the result.  For the complex "squeezing" the errors of its real and
            imaginary part are those of the complex number returned; for "density_matrix" each
            entry is that of the larger of both.

        Raises
        ------
        ValueError
            If the name is unknown or the arguments do not fit it.
        TooShortError
            If nothing was recorded.
        """
        if name == "energy" and not arguments:
            return self.oscillator.frequency * self.standard_error("phonon_number")
        if name in _OF_PLANE:
            self._require_record()
            _refuse_arguments(name, _OF_PLANE[name], arguments)
            return self._error_of_plane(name, *arguments)
        return self._batches.jackknife(self._estimator(name, arguments), arguments)

    def bias(self, name: str, *arguments: Any) -> Any:
        """What the jackknife finds a result to be too large by, for want of samples.

        Zero for averages.  "g2" is a ratio of averages: its bias falls as one over the number of
        samples, and its standard error as one over the root of it.  Arguments, what is returned
        and what is raised are as for `standard_error`.
        """
        return self._batches.bias(self._estimator(name, arguments), arguments)

    def _estimator(self, name: str, arguments: tuple[Any, ...]) -> Callable[..., Any]:
        self._require_record()
        if name not in ESTIMATORS:
            known = sorted([*ESTIMATORS, "energy", *_OF_PLANE])
            raise ValueError(f"name must be one of {known}, got {name!r}")
        _refuse_arguments(name, ARGUMENTS.get(name, ()), arguments)
        return ESTIMATORS[name]

    def _estimate(self, name: str, *arguments: Any) -> Any:
        self._require_record()
        return ESTIMATORS[name](self._batches, *self._batches.pooled, *arguments)

    def _require_record(self) -> None:
        if not self.recorded:
            raise TooShortError("nothing was recorded: the run was interrupted in burn-in", self)

    @cached_property
    def diagnostics(self) -> Diagnostics:
        rows = {name: self._convergence(name) for name in OBSERVABLES}
        return Diagnostics(rows, self.resolves_motion)

    @cached_property
    def shortcomings(self) -> tuple[str, ...]:
        # Everything else either depends on the energy alone or changes within one period.
        return shortcomings({"energy": self._convergence("energy")})

    @property
    def caveats(self) -> tuple[str, ...]:
        found = []
        bias = abs(self.expected_bias) * (self.phonon_number + 0.5) if self.recorded else 0.0
        if bias and bias > _SMALL * (error := self.standard_error("phonon_number")):
            found.append(
                f"the step may shift the phonon number by {bias:.1g}, its standard error is "
                f"{error:.1g}"
            )
        if not self.resolves_motion:
            found.append(UNRESOLVED)
        return tuple(found)

    @cached_property
    def violations(self) -> tuple[str, ...]:
        if not self.recorded:
            return ()
        model, batches = self.model, self._batches

        def product(_: Batches, moments: np.ndarray, _parts: np.ndarray) -> float:
            mean = complex(moments[4] / model.x0, moments[5] / model.p0)
            return positivity.uncertainty(moments[0], complex(moments[2], moments[3]), mean)

        # A narrow ring makes levels above it negative first.
        levels = min(self.levels, _LEVELS)
        return positivity.of_samples(
            product(batches, *batches.pooled),
            batches.jackknife(product),
            self.populations(levels),
            self.standard_error("populations", levels),
        )

    def _convergence(self, name: str) -> Convergence:
        if not self.recorded:
            return Convergence(*[np.nan] * 5)
        row = self._ensemble.full_series().convergence(name, self._variances[name])
        # Of everything recorded, and from x = 0: the series lacks what began a new piece.
        return replace(row, mean=float(self._batches.pooled[0][OBSERVABLES.index(name)]))

    @cached_property
    def _variances(self) -> dict[str, float]:
        plan = self._ensemble.plan
        return variances(self._batches, self.histogram, plan.origin, plan.model.x0, plan.model.p0)


def _refuse_arguments(name: str, wanted: tuple[str, ...], arguments: tuple[Any, ...]) -> None:
    if len(arguments) != len(wanted):
        raise ValueError(f"arguments of {name!r} must be ({', '.join(wanted)}), got {arguments!r}")
