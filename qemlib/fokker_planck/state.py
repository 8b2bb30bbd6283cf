"""W of a steady state in Hermite functions of x and of p.

They are the symmetric ones, with half of the Gaussian in the basis and half in the test functions,
so that W itself is accurate point by point.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qemlib._locked import Locked
from qemlib.fokker_planck.in_basis import InBasis
from qemlib.motion.model import LangevinModel
from qemlib.states import positivity, wigner

__all__ = ["CHANGES", "COMPARED", "SteadyState", "changes_between"]

# What must stand still under refinement.
CHANGES = ("phonon_number", "g2", "wigner")
COMPARED = 81  # points each way at which W is compared


@dataclass(frozen=True, eq=False)
class SteadyState(Locked, InBasis):
    """Stationary solution of (A24).

    Attributes
    ----------
    model : LangevinModel
    coefficients : ndarray, shape (functions, functions)
        W(α) = Σ_jn c_jn h_j((x − center)/x0) h_n(p/p0) in Hermite functions; rows are x, columns p.
    center : float
        Position at which the Hermite functions are centred: 0 unless the state is far from there.
    width : float
        Width of the Hermite functions, in units of x0 for x and of p0 for p.
    radius : float
        |α − center/x0| within which the basis represents W.
    moments : tuple of float
        (⟨|α|²⟩, ⟨|α|⁴⟩).
    error : dict of str to float
        "phonon_number" and "g2": relative change under the last refinement of the basis, or the
        residual or what lies beyond the edge where that is larger; where ⟨a†a⟩ is below 1/2 they
        may be larger than `rtol`, as ⟨a†a⟩ + 1/2 is what is known so well;
        "wigner": change or residual of W, point by point, beside the largest W; where the model is
        rough all three are three times the largest change; "residual": ‖L W‖ in units of ‖W‖ over
        the relaxation time, or, where friction is too weak to be seen in it, the change of W that
        its flux of energy asks for, or round-off where that is larger; "edge": largest |W| at
        `radius` beside the largest W.
    phonon_number, g2 : float
        ⟨a†a⟩ and g⁽²⁾(0), from moments, with no truncation of levels.
    """

    model: LangevinModel
    coefficients: np.ndarray
    center: float
    width: float
    radius: float
    moments: tuple[float, float]
    error: dict[str, float]

    def __repr__(self) -> str:
        change = max(self.error[name] for name in CHANGES)
        return (
            f"SteadyState(phonon_number={self.phonon_number:.10g}, g2={self.g2:.10g}; "
            f"{len(self.coefficients)} x {len(self.coefficients)} functions, relative change "
            f"under refinement {change:.0e}, residual {self.error['residual']:.0e}"
            f"{positivity.remark(self)})"
        )


def changes_between(state: SteadyState, before: SteadyState) -> dict[str, float]:
    """Relative changes of ⟨a†a⟩, g2 and W; below ⟨a†a⟩ = 1/2 they are beside 1/2 and its square."""
    part = wigner.beside_vacuum(state.phonon_number)
    pairs = max(abs(state.g2), abs(before.g2))  # either may be 0 by round-off next to the vacuum
    axis = np.linspace(-state.radius, state.radius, COMPARED)
    x = axis + state.center / state.model.x0
    density, other = state._on_grid(x, axis), before._on_grid(x, axis)  # noqa: SLF001
    return {
        "phonon_number": abs(state.phonon_number - before.phonon_number)
        / max(abs(before.phonon_number), 0.5),
        "g2": abs(state.g2 - before.g2) / pairs * part**2 if part > 0 and pairs > 0 else 0.0,
        "wigner": float(np.abs(density - other).max() / density.max()),
    }
