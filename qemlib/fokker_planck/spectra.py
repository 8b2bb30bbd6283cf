"""Spectrum of the position in the steady state, from the Fokker-Planck equation."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from qemlib import _checks
from qemlib.errors import ConvergenceError
from qemlib.fokker_planck.basis import disk
from qemlib.fokker_planck.generator import generator_of
from qemlib.fokker_planck.stationary import steady_state
from qemlib.motion.model import LangevinModel
from qemlib.motion.orbit import refuse_other_than_model

__all__ = ["position_spectrum"]

_SIZES = (48, 64, 88, 116, 152, 196)


def position_spectrum(model: LangevinModel, omega: ArrayLike, rtol: float = 1e-4) -> np.ndarray:
    """Symmetrised spectrum of the position fluctuations in the steady state.

    S_xx(ω) = ∫dt e^{iωt} [½⟨{x(t), x(0)}⟩ − ⟨x⟩²], which by Eqs. (A28) to (A31) is the spectrum of
    the Langevin equation's x(t):

        S_xx(ω) = −2 Re ∫dx dp x (L + iω)^{−1} (x − ⟨x⟩) W,

    with L the generator of (A24).  One linear equation a frequency is solved, in the basis of the
    steady state, which grows until the spectrum no longer changes.

    Parameters
    ----------
    model : LangevinModel
    omega : array_like
        Angular frequencies, not 0.
    rtol : float
        Largest change under the last refinement of the basis, in units of the largest value, from
        1e-8 to 1e-2.

    Returns
    -------
    ndarray
        In omega's shape; length² × time.  ∫dω/2π S_xx = ⟨x²⟩ − ⟨x⟩².

    Raises
    ------
    TypeError
        If `model` is not a LangevinModel.
    ValueError
        If an argument is out of range, or as `steady_state`.
    ConvergenceError
        If the largest basis does not reach `rtol`.

    Examples
    --------
    A linear oscillator, whose spectrum is D/[m²(ω0² − ω²)² + m²γ²ω²], on resonance:

    >>> x = np.linspace(-40.0, 40.0, 101)
    >>> flat = np.ones_like(x)
    >>> model = LangevinModel(1.0, 0.5, x, 0 * x, damping=0.02 * flat, diffusion=0.08 * flat)
    >>> round(float(position_spectrum(model, 0.5)), 6)
    800.0
    """
    refuse_other_than_model(model)
    omega = _checks.finite_array("omega", omega)
    rtol = _checks.positive("rtol", rtol)
    if not 1e-8 <= rtol <= 1e-2:
        raise ValueError(f"rtol must lie between 1e-8 and 1e-2, got {rtol!r}")
    if (omega == 0).any():
        raise ValueError("omega must not be 0, where the generator cannot be inverted")
    state = steady_state(model, rtol=max(1e-3 * rtol, 1e-10))
    middle, radius = state.center / model.x0, state.radius
    before, change = None, np.inf
    for size in _SIZES:
        spectrum = _spectrum(model, omega.ravel(), size, radius, middle)
        if before is not None:
            change = float(np.abs(spectrum - before).max() / np.abs(spectrum).max())
            if change < rtol:
                return spectrum.reshape(omega.shape)
        before = spectrum
    raise ConvergenceError(
        f"position_spectrum: with {size} × {size} functions the spectrum still changes by "
        f"{change:.1e} of its largest value; rtol = {rtol:.1e} was asked for"
    )


def _spectrum(
    model: LangevinModel, omega: np.ndarray, size: int, radius: float, middle: float
) -> np.ndarray:
    basis = disk(size, radius, middle)
    state = generator_of(model, basis).null_vector()
    state = state / basis.integral(state)
    whole, first = basis.integrals, basis.first_moments
    mean = first @ state @ whole
    # In a mirrored model W is even, x W odd, and L keeps them apart.
    moving = generator_of(model, basis, odd=model.mirrored)
    start = moving.pack(basis.position @ state - mean * state)
    readout = moving.pack(np.outer(first - mean * whole, whole))
    values = []
    for frequency in omega:
        response = moving.solve_shifted(1j * frequency, start)
        values.append(-2.0 * sum(a @ b for a, b in zip(readout, response, strict=True)).real)
    return model.x0**2 * np.array(values)
