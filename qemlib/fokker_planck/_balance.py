"""Where the energy of a W goes: friction takes it, noise gives it, the motion keeps it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from qemlib._special.hermite import quadrature_between
from qemlib.fokker_planck.basis import Basis
from qemlib.motion.model import LangevinModel

if TYPE_CHECKING:
    from qemlib.fokker_planck._following import Moment

__all__ = ["balance", "integrals_in_x"]


def integrals_in_x(model: LangevinModel, basis: Basis, *functions: Callable) -> list[np.ndarray]:
    """∫ h_j f over Re α for functions f of the position x; each of shape (size,).

    The coefficients of a model are splines: the rule knows their knots.
    """
    grid = model.x / model.x0 - basis.middle
    local, weight = quadrature_between(grid, basis.size, basis.width, grid[0], grid[-1])
    rows = basis.functions(local) * weight
    x = np.clip(model.x0 * (local + basis.middle), model.x[0], model.x[-1])
    return [rows @ function(x) for function in functions]


def balance(model: LangevinModel, moment: Moment) -> dict[str, float]:
    """d⟨p²/2m + U⟩/dt, as W changes and as (A24) says: −⟨γp²⟩/m + ⟨D⟩/2m."""
    basis, mass = moment.basis, model.mass
    node, weight = basis.nodes
    whole = basis.integrals
    square = basis.functions(node) @ (weight * (model.p0 * node) ** 2)
    one, potential, damping, diffusion = integrals_in_x(
        model, basis, np.ones_like, model.potential_at, model.damping_at, model.diffusion_at
    )

    def energy(coefficients: np.ndarray) -> float:
        return float(one @ coefficients @ square / (2.0 * mass) + potential @ coefficients @ whole)

    c = moment.coefficients
    return {
        "energy": energy(c),
        "change": energy(moment.slope),
        "friction": float(-damping @ c @ square / mass),
        "noise": float(diffusion @ c @ whole / (2.0 * mass)),
    }
