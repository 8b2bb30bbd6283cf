"""What is measured of one reading of the parameters, each thing once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from math import isfinite
from typing import Any, TypeAlias

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from qemlib import _checks
from qemlib._parallel import in_parallel
from qemlib.devices.device import Device
from qemlib.electrons.coefficients import occupation
from qemlib.fokker_planck.state import SteadyState
from qemlib.fokker_planck.stationary import steady_state
from qemlib.motion.amplitude_state import AveragedState, averaged_state
from qemlib.motion.averaged_model import AveragedModel
from qemlib.motion.model import LangevinModel
from qemlib.motion.orbit import OrbitAverage
from qemlib.paper.claims.verdicts import NothingToMeasure
from qemlib.paper.readings.readings import AT_OSCILLATOR, PRINTED, Reading
from qemlib.states.summary import Summary, summary
from qemlib.states.work import ergotropy

__all__ = ["DECIDING", "Evidence", "over_voltage"]

_State: TypeAlias = SteadyState | OrbitAverage | AveragedState

# The voltages that decide between readings: none, the ring's first, the plateau's beginning, the
# saturation's, and one well beyond.
DECIDING = (0.0, 6.0, 10.0, 16.0, 24.0)

# Relative errors that are not worth less, by method.
_LEAST = {"exact": 0.0, "orbit": 1e-3, "memory": 1e-6}
_RADII = 401
_DRAWN = 1e-6  # relative error of what is drawn as a curve
# |α|² up to which W is fitted by a polynomial of degree 4: well inside the ground state, whose own
# scale is ½, while states here spread over tens.
_PATCH = 0.5


class Evidence:
    """Steady states of one reading over voltage, computed when they are first asked for.

    Parameters
    ----------
    reading : Reading
    method : {"exact", "orbit", "memory"}
        Stationary Fokker-Planck equation, or its orbit-averaged preview; or electrons with all
        their memory along the orbits, which is no solution of that equation.
    rtol : float
        Relative error of ⟨a†a⟩ and g2; what `steady_state` is asked for.

    Raises
    ------
    ValueError
        If the method is unknown, or memory is asked for of a reading that changes the motion.
    QemError
        From its methods, where the reading has no steady state, or not what is asked for.
    """

    def __init__(
        self, reading: Reading = PRINTED, method: str = "exact", rtol: float = 1e-8
    ) -> None:
        _checks.choice("method", method, tuple(_LEAST))
        if method == "memory" and reading.has_own_motion:
            raise ValueError(
                f"reading must leave Eq. (6) as it is for the method 'memory', got {reading.name!r}"
            )
        self.reading, self.method = reading, method
        self.rtol = max(rtol, _LEAST[method])
        self._kept: dict[tuple[str, float], Any] = {}

    def __repr__(self) -> str:
        return f"Evidence({self.reading.name!r}, {self.method}, {len(self._kept)} results kept)"

    def _once(self, name: str, voltage: float, compute: Callable[[], Any]) -> Any:
        self._refuse_infinite(voltage)
        key = (name, float(voltage))
        if key not in self._kept:
            self._kept[key] = compute()
        return self._kept[key]

    def _refuse_infinite(self, *voltages: float) -> None:
        """Voltages are counted from the threshold, which is infinite where there is none."""
        if not all(isfinite(voltage) for voltage in voltages):
            raise NothingToMeasure(f"reading {self.reading.name!r} has no threshold below V = 40")

    def device(self, voltage: float) -> Device:
        """The device at this voltage."""
        self._refuse_infinite(voltage)
        return self.reading.device(voltage)

    def model(self, voltage: float) -> LangevinModel | AveragedModel:
        """Its Langevin model; for orbit averages on a coarse grid; with memory the averaged one."""
        if self.method != "exact":
            return self.state(voltage).model
        return self._langevin_model(voltage)

    def _langevin_model(self, voltage: float) -> LangevinModel:
        return self._once("model", voltage, lambda: self.reading.model(voltage))

    def state(self, voltage: float) -> _State:
        """Its steady state, a `SteadyState`, an `OrbitAverage` or an `AveragedState`."""

        def compute() -> _State:
            if self.method == "memory":
                return self._passing_state(voltage)
            if self.method == "exact":
                return steady_state(self._langevin_model(voltage), rtol=self.rtol)
            # Voltages come in rising order, mostly, and states grow.
            widths = [
                state.model.x[-1]
                for (name, lower), state in self._kept.items()
                if name == "state" and lower < voltage
            ]
            return self.reading.preview(voltage, max(widths, default=0.0) / 1.41)

        return self._once("state", voltage, compute)

    def phonon_number(self, voltage: float) -> float:
        """⟨a†a⟩."""
        return self.state(voltage).phonon_number

    def g2(self, voltage: float) -> float:
        """g⁽²⁾(0)."""
        return self.state(voltage).g2

    def numbers(self, voltage: float) -> Summary:
        """Its numbers, from as many levels as hold the trace."""
        # Long tails need thousands of levels: no more of them than the moments are worth.
        missing = max(1e-10, 0.01 * self.rtol)
        return self._once(
            "numbers", voltage, lambda: summary(self.device(voltage), self.state(voltage), missing)
        )

    def populations(self, voltage: float) -> np.ndarray:
        """Populations of these levels."""
        return self.numbers(voltage).populations

    def energies(self, voltage: float) -> np.ndarray:
        """Energies of these levels."""
        frequency = self.device(voltage).oscillator.frequency
        return frequency * np.arange(self.populations(voltage).size)

    def temperature(self, voltage: float) -> float:
        """Temperature of the colder lead, the bath of 𝒲_F."""
        return self.numbers(voltage).bath_temperature

    def ergotropy(self, voltage: float) -> float:
        """Incoherent ergotropy 𝒲_E of the populations."""
        return self.numbers(voltage).ergotropy

    def free_energy_work(self, voltage: float) -> float:
        """𝒲_F of the populations."""
        return self.numbers(voltage).free_energy_work

    def entropy(self, voltage: float) -> float:
        """Von Neumann entropy of the populations, in nats."""
        return self.numbers(voltage).entropy

    def coherent_ergotropy(self, voltage: float) -> float:
        """Work that the coherences hold: the total ergotropy less that of the populations.

        From 200 levels, which is enough below the threshold.
        """
        rho = self.state(voltage).density_matrix(200)
        energies = self.device(voltage).oscillator.frequency * np.arange(len(rho))
        return ergotropy(rho, np.diag(energies)) - ergotropy(np.diag(rho).real, energies)

    def profile(self, voltage: float) -> tuple[np.ndarray, np.ndarray]:
        """Radii |α| and the angular average of W(α) there."""

        def compute() -> tuple[np.ndarray, np.ndarray]:
            state = self.state(voltage)
            mean = state.phonon_number + 0.5
            edge = min(-state.model.x[0], state.model.x[-1]) / state.model.x0
            r = np.linspace(0.0, min(3.0 * np.sqrt(mean), 0.999 * edge), _RADII)
            return r, state.radial_profile(r)

        return self._once("profile", voltage, compute)

    def hole(self, voltage: float) -> float:
        """Depth of the dark centre, 1 − W(0)/max W; 0 for a blob, 1 for a ring."""
        _, profile = self.profile(voltage)
        return 1.0 - float(profile[0] / profile.max())

    def ring_radius(self, voltage: float) -> float:
        """|α| at which the angular average of W is largest, to half a grid step."""
        r, profile = self.profile(voltage)
        return float(r[profile.argmax()])

    @property
    def threshold(self) -> float:
        """Voltage at which the damping at rest changes sign."""
        if self.method == "memory":  # where a small motion is neither damped nor driven
            return Reading((*self.reading.changes, *AT_OSCILLATOR.changes)).threshold
        return self.reading.threshold

    @cached_property
    def bending(self) -> float:
        """Voltage at which the occupation stops rising with x at x = 0."""

        def slope(voltage: float) -> float:
            device = self.device(voltage)
            h = 0.02 * device.oscillator.x0
            low, high = occupation(device, np.array([-h, h]))
            return np.sign(device.force) * (high - low)

        return self._root(slope, 0.0, 40.0, 1e-6)

    @cached_property
    def ring_onset(self) -> float:
        """Voltage at which W at the origin turns from a peak to a dip.

        There the angular average of W is even in r: it is its slope in r² that vanishes.
        """

        def rise(voltage: float) -> float:
            squares = np.linspace(0.0, _PATCH, 9)
            profile = self._passing_state(voltage).radial_profile(np.sqrt(squares))
            return np.polynomial.Polynomial.fit(squares, profile, 4).deriv()(0.0) / profile[0]

        return self._root(rise, self.threshold - 0.5, self.threshold + 0.5, 1e-7)

    @cached_property
    def ergotropy_onset(self) -> float:
        """Voltage at which level 1 overtakes level 0."""

        def inversion(voltage: float) -> float:
            low, high = self._passing_state(voltage).populations(2)
            return high / low - 1.0

        return self._root(inversion, self.threshold - 0.5, self.threshold + 1.5, 1e-4)

    def _passing_state(self, voltage: float) -> _State:
        """A state that is used once and not kept."""
        if self.method == "orbit":
            return self.reading.preview(voltage)
        if self.method == "memory":
            device = self.reading.device(voltage)
            return averaged_state(AveragedModel.from_device(device, self.rtol))
        return steady_state(self.reading.model(voltage), rtol=self.rtol)

    def _root(
        self, function: Callable[[float], float], low: float, high: float, xtol: float
    ) -> float:
        self._refuse_infinite(low, high)
        if not function(low) < 0 < function(high) and not function(high) < 0 < function(low):
            raise NothingToMeasure(
                f"reading {self.reading.name!r}: no change of sign from V = {low:g} to {high:g}"
            )
        return float(brentq(function, low, high, xtol=xtol))


def over_voltage(readings: list[Reading], voltages: ArrayLike) -> xr.Dataset:
    """Curves of several readings over the voltage, exactly and in parallel.

    Parameters
    ----------
    readings : list of Reading
    voltages : array_like, shape (n,)

    Returns
    -------
    xarray.Dataset
        "g2", "ergotropy" and "free_energy_work" over "reading" (its name) and "voltage", from
        states with a relative error of 1e-6.

    Raises
    ------
    NoSteadyState
        Where a reading has none.

    Examples
    --------
    >>> curves = over_voltage([PRINTED], [0.0, 16.0])
    >>> curves["g2"].sel(reading="as printed").values.round(3).tolist()
    [2.0, 1.305]
    """
    voltages = _checks.finite_array("voltages", voltages, ndim=1)
    points = [(reading, float(voltage)) for reading in readings for voltage in voltages]
    found = np.reshape(in_parallel(_at, points, "states"), (len(readings), voltages.size, 3))
    names = ("g2", "ergotropy", "free_energy_work")
    return xr.Dataset(
        {name: (("reading", "voltage"), found[..., i]) for i, name in enumerate(names)},
        coords={"reading": [reading.name for reading in readings], "voltage": voltages},
    )


def _at(point: tuple[Reading, float]) -> tuple[float, float, float]:
    reading, voltage = point
    evidence = Evidence(reading, rtol=_DRAWN)
    return (
        evidence.g2(voltage),
        evidence.ergotropy(voltage),
        evidence.free_energy_work(voltage),
    )
