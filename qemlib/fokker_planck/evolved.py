"""What an evolution gives: the states at its times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from qemlib import _checks
from qemlib._locked import Locked
from qemlib.fokker_planck.in_basis import InBasis
from qemlib.motion.model import LangevinModel

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Evolution", "EvolvedState"]


@dataclass(frozen=True, eq=False)
class EvolvedState(Locked, InBasis):
    """The state at one time of an evolution.

    Attributes
    ----------
    model : LangevinModel
        What moves it at that time, from then on.
    time : float
    coefficients : ndarray, shape (functions, functions)
        As of a SteadyState, with `center` and `width`.
    moments : tuple of float
        (⟨|α|²⟩, ⟨|α|⁴⟩).
    energy_balance : dict of str to float
        Of E = ⟨p²/2m + U(x)⟩, with U the effective potential: "energy", and its "change" dE/dt as W
        changes; "friction" −⟨γp²⟩/m and "noise" ⟨D⟩/2m, which add up to it.
    error : dict of str to float
        "phonon_number", "g2", relative, and "wigner", beside the largest W: what changed when
        basis, poles and stages were refined; where ⟨a†a⟩ is below 1/2 the first two are known
        beside 1/2 as well as that, and worse beside themselves.
    phonon_number, g2 : float
        ⟨a†a⟩ and g⁽²⁾(0), from moments.
    """

    model: LangevinModel
    time: float
    coefficients: np.ndarray
    center: float
    width: float
    moments: tuple[float, float]
    energy_balance: dict[str, float]
    error: dict[str, float]

    def __repr__(self) -> str:
        return (
            f"EvolvedState(time={self.time:.6g}, phonon_number={self.phonon_number:.10g}, "
            f"g2={self.g2:.10g}; {len(self.coefficients)} x {len(self.coefficients)} functions, "
            f"relative change under refinement {self.error['wigner']:.0e})"
        )

    @cached_property
    def radius(self) -> float:
        """|α − center/x0| beyond which W is nothing."""
        return self._basis.edge(self.coefficients)

    @property
    def amplitude(self) -> complex:
        """⟨a⟩ = ⟨x⟩/x0 + i⟨p⟩/p0."""
        (mean,) = self._basis.averages(self.coefficients, self._basis.alpha)
        return complex(mean)

    @property
    def trace(self) -> float:
        """∫dx dp W."""
        return self._basis.integral(self.coefficients)


@dataclass(frozen=True, eq=False)
class Evolution(Locked):
    """States at rising times: a sequence of them.

    Attributes
    ----------
    times : ndarray, shape (times,)
    states : tuple of EvolvedState
    error : dict of str to float
        The largest of all times, of what each state's `error` has; "phonon_number" and "g2" beside
        1/2 where ⟨a†a⟩ is below; "trace", what was mended of it.

    Examples
    --------
    See `evolve`.
    """

    times: np.ndarray
    states: tuple[Any, ...]
    error: dict[str, float]

    def __len__(self) -> int:
        return len(self.states)

    def __getitem__(self, index: int) -> Any:
        return self.states[index]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.states)

    def __repr__(self) -> str:
        first, last = self.times[0], self.times[-1]
        return (
            f"Evolution({len(self)} times from {first:.6g} to {last:.6g}, phonon_number from "
            f"{self.phonon_number[0]:.6g} to {self.phonon_number[-1]:.6g}; error "
            f"{self.error['phonon_number']:.0e})"
        )

    @property
    def phonon_number(self) -> np.ndarray:
        """⟨a†a⟩ at each time."""
        return np.array([state.phonon_number for state in self.states])

    @property
    def g2(self) -> np.ndarray:
        """g⁽²⁾(0) at each time."""
        return np.array([state.g2 for state in self.states])

    @property
    def energy(self) -> np.ndarray:
        """ω0(⟨a†a⟩ + 1/2) at each time."""
        return np.array([state.energy for state in self.states])

    def dataset(self, levels: int | None = None) -> xr.Dataset:
        """What the states tell, over time.

        Parameters
        ----------
        levels : int, optional
            Also the populations of so many levels.

        Returns
        -------
        xarray.Dataset
            Over `time`: `phonon_number`, `g2`, `energy`, `squeezing` and `amplitude` ⟨a⟩ (complex),
            the parts of the energy balance as `balance_…`, the errors as `error_…`; with `levels`,
            `populations` over `time` and `level`.
        """
        import xarray as xr  # with pandas a quarter of the time of `import qemlib`

        found: dict[str, Any] = {
            name: ("time", np.array([getattr(state, name) for state in self.states]))
            for name in ("phonon_number", "g2", "energy", "squeezing", "amplitude")
            if hasattr(self.states[0], name)
        }
        for prefix, attribute in (("balance", "energy_balance"), ("error", "error")):
            rows = [getattr(state, attribute, {}) for state in self.states]
            for name in rows[0]:
                found[f"{prefix}_{name}"] = ("time", np.array([row[name] for row in rows]))
        coordinates: dict[str, Any] = {"time": self.times}
        if levels is not None:
            levels = _checks.integer("levels", levels, 1)
            rows = [state.populations(levels) for state in self.states]
            found["populations"] = (("time", "level"), np.array(rows))
            coordinates["level"] = np.arange(levels)
        return xr.Dataset(found, coordinates)
