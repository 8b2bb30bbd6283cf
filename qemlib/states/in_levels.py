"""A density matrix as a state: positivity checked, nothing mended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from qemlib import _checks
from qemlib._locked import Locked
from qemlib._special.hermite import hermite_functions
from qemlib.devices.device import Device, Oscillator
from qemlib.errors import NoQuantumState
from qemlib.states import positivity, wigner
from qemlib.states.contract import OfOscillator

__all__ = ["QuantumState"]

_NEGATIVE = 1e-9
_TRACE = 0.1  # the largest `missing_trace` that may be asked for
_AT_ONCE = 2**22  # values of Hermite functions


@dataclass(frozen=True, eq=False)
class QuantumState(Locked, OfOscillator):
    """State of an oscillator by its density matrix in the lowest energy levels.

    Parameters
    ----------
    matrix : array_like, shape (levels, levels)
        ρ_nm in the oscillator's energy eigenbasis, n = 0 … levels − 1: an array, a sparse matrix,
        an operator or a ket of QuTiP.  Populations on one axis make a state without coherences.
    oscillator : Oscillator, optional
        Without one, what has a unit of position, momentum or energy cannot be asked for.
    device : Device, optional
        What drives it; its oscillator is then the state's.
    error : dict of str to float, optional
        What `matrix` may be wrong by: "phonon_number" and "g2", relative; "eigenvalue", of ρ.
    violations : tuple of str, optional
        What keeps it from being a quantum state.  By default its lowest eigenvalue, if that is
        below −1e-9 and below its error; empty if nothing.

    Attributes
    ----------
    levels : int
        Number of levels kept.
    missing_trace : float
        1 − Tr ρ: what the levels beyond hold, and the error of the computation.
    eigenvalues : ndarray, shape (levels,)
        Of ρ, rising.
    lowest_eigenvalue : float
        The first of them.  Negative beyond round-off, it says that ρ is no state: (A24) is
        not of Lindblad form and does not exclude it.
    harmonics : int
        The farthest diagonal that is not zero.
    purity : float
        Tr ρ².
    phonon_number, g2, squeezing, energy
        Averages over the levels kept, divided by the trace.  g⁽²⁾ of the vacuum is NaN.

    Raises
    ------
    ValueError
        If `matrix` is not finite and Hermitian, its trace is off by more than 0.1, or the device
        has another oscillator.
    TypeError
        If `matrix` is no array, or `oscillator` or `device` something else.

    Examples
    --------
    The coherent state α = 1, cut off at 20 levels: what a displacement did can be undone.

    >>> import numpy as np
    >>> import qemlib as qem
    >>> from scipy.special import factorial
    >>> amplitude = np.exp(-0.5) / np.sqrt(factorial(np.arange(20)))
    >>> state = qem.QuantumState(np.outer(amplitude, amplitude), qem.Oscillator(frequency=0.2))
    >>> round(state.phonon_number, 6), round(state.g2, 6), round(qem.ergotropy(state), 6)
    (1.0, 1.0, 0.2)

    Its position is √2 half widths, or x0, from rest:

    >>> x = state.oscillator.x0 * np.array([0.0, 1.0])
    >>> (state.position_density(x) * state.oscillator.x0 * np.sqrt(np.pi / 2)).round(6)
    array([0.135335, 1.      ])
    """

    matrix: Any  # an array, whatever came
    oscillator: Any = None
    device: Device | None = None
    error: Mapping[str, float] = field(default_factory=dict)
    violations: Any = None

    def __post_init__(self) -> None:
        self._check_oscillator()
        rho, slack = (
            _checks.numbers("matrix", self.matrix, ket=True),
            _checks.round_off(self.matrix),
        )
        rho = np.diag(rho) if rho.ndim == 1 else _checks.hermitian("matrix", self.matrix, ket=True)
        trace = float(rho.diagonal().real.sum())
        if not abs(trace - 1.0) <= _TRACE + slack:
            raise NoQuantumState(f"matrix must have trace 1 to within {_TRACE}, got {trace:.6g}")
        object.__setattr__(self, "matrix", rho.astype(complex))
        super().__post_init__()
        if self.violations is None:
            object.__setattr__(self, "violations", self._negative(slack))

    def _check_oscillator(self) -> None:
        device, oscillator = self.device, self.oscillator
        if device is not None:
            _checks.kind("device", device, Device)
            if oscillator is None:
                oscillator = device.oscillator
            if oscillator != device.oscillator:
                raise ValueError(
                    f"device must have the state's oscillator, {oscillator!r}, got "
                    f"{device.oscillator!r}"
                )
        if oscillator is not None:
            object.__setattr__(
                self, "oscillator", _checks.kind("oscillator", oscillator, Oscillator)
            )

    def _negative(self, slack: float) -> tuple[str, ...]:
        if self.lowest_eigenvalue >= -max(_NEGATIVE, slack, self.error.get("eigenvalue", 0.0)):
            return ()
        return (f"its lowest eigenvalue is {self.lowest_eigenvalue:.2g}",)

    @property
    def levels(self) -> int:
        """Number of levels kept."""
        return len(self.matrix)

    @property
    def missing_trace(self) -> float:
        """1 − Tr ρ."""
        return float(1.0 - np.trace(self.matrix).real)

    @cached_property
    def eigenvalues(self) -> np.ndarray:
        """Of ρ, rising; shape (levels,)."""
        found = np.linalg.eigvalsh(self.matrix)
        found.flags.writeable = False
        return found

    @property
    def lowest_eigenvalue(self) -> float:
        """Smallest eigenvalue of ρ."""
        return float(self.eigenvalues[0])

    @property
    def harmonics(self) -> int:
        """The farthest diagonal that is not zero."""
        return max(k for k in range(self.levels) if k == 0 or np.diagonal(self.matrix, k).any())

    @property
    def purity(self) -> float:
        """Tr ρ²."""
        return float((np.abs(self.matrix) ** 2).sum())

    @property
    def phonon_number(self) -> float:
        """⟨a†a⟩."""
        return self._mean(np.arange(self.levels))

    @property
    def g2(self) -> float:
        """g⁽²⁾(0), Eq. (10); NaN for the vacuum."""
        n, mean = np.arange(self.levels), self.phonon_number
        return self._mean(n * (n - 1.0)) / mean**2 if mean else float("nan")

    @property
    def squeezing(self) -> complex:
        """⟨a²⟩."""
        n = np.arange(2, self.levels)
        # ⟨a²⟩ = Σ √(n(n−1)) ρ_{n,n−2}
        twice = (np.sqrt(n * (n - 1.0)) * np.diagonal(self.matrix, -2)).sum()
        return complex(twice / np.trace(self.matrix).real)

    def populations(self, levels: int | None = None) -> np.ndarray:
        """The diagonal ρ_nn; shape (levels,).

        By default of all levels kept; of those beyond, nothing is known, and they count as empty.
        """
        return self._shown(self.matrix.diagonal().real, levels)

    def density_matrix(self, levels: int | None = None) -> np.ndarray:
        """ρ_nm in the lowest levels, shape (levels, levels); by default in all that are kept."""
        return self._shown(self.matrix, levels)

    def wigner(self, x: ArrayLike, p: ArrayLike) -> np.ndarray:
        """W(x, p), ∫dx dp W = Tr ρ; arrays broadcast."""
        osc = self._known()
        return wigner.wigner_function(self.matrix, x, p, osc.x0, osc.p0)

    def radial_profile(self, r: ArrayLike) -> np.ndarray:
        """Angular average of W(α) at |α| = r, ∫d²α W = Tr ρ; array of r's shape."""
        return wigner.radial_wigner(self.populations(), r)

    def __repr__(self) -> str:
        return (
            f"QuantumState({self.levels} levels, missing trace {self.missing_trace:.1e}, "
            f"lowest eigenvalue {self.lowest_eigenvalue:.1e}, coherences between levels up to "
            f"{self.harmonics} apart{positivity.remark(self)})"
        )

    def _mean(self, values: np.ndarray) -> float:
        populations = self.matrix.diagonal().real
        return float(values @ populations / populations.sum())

    def _shown(self, array: np.ndarray, levels: int | None) -> np.ndarray:
        kept = self.levels if levels is None else _checks.integer("levels", levels, 1)
        some = (slice(0, min(kept, self.levels)),) * array.ndim
        shown = np.zeros((kept,) * array.ndim, dtype=array.dtype)
        shown[some] = array[some]
        return shown

    def _known(self) -> Oscillator:
        if self.oscillator is None:
            raise ValueError(
                "oscillator of this QuantumState is not known, which this needs; give it as "
                "QuantumState(matrix, oscillator)"
            )
        return self.oscillator

    def _quadrature(self, u: np.ndarray, turn: complex) -> np.ndarray:
        """Σ_nm ρ_nm e^{i(m−n)θ} ψ_n(u) ψ_m(u)."""
        phase = turn ** -np.arange(self.levels)
        rho = phase[:, None] * self.matrix * phase.conj()
        density = np.empty(u.size)
        points = max(1, _AT_ONCE // self.levels)
        for start in range(0, u.size, points):
            part = slice(start, start + points)
            # The ground state's standard deviation of x is x0/2.
            psi = hermite_functions(self.levels, u[part], np.sqrt(0.5))
            density[part] = (psi * (rho.real @ psi)).sum(axis=0)
        return density
