"""Spectrum of the position in the steady state, from the Fokker-Planck equation."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from qemlib import _checks
from qemlib.errors import ConvergenceError
from qemlib.fokker_planck._response import Observable, Response
from qemlib.motion.model import LangevinModel
from qemlib.motion.orbit import refuse_other_than_model

__all__ = ["position_spectrum"]

# Two bases are compared; the coarser leaves out this part of what is asked for.
_OF_ASKED, _COARSER, _FINEST = 1e-2, 10.0, 1e-11


def position_spectrum(
    model: LangevinModel, omega: ArrayLike, rtol: float = 1e-4, observable: Observable = "x"
) -> np.ndarray:
    """Symmetrised spectrum of the fluctuations of the position, or of another observable.

    S_xx(ω) = ∫dt e^{iωt} [½⟨{x(t), x(0)}⟩ − ⟨x⟩²], which by Eqs. (A28) to (A31) is the spectrum of
    the Langevin equation's x(t):

        S_xx(ω) = −2 Re ∫dx dp x (L + iω)^{−1} (x − ⟨x⟩) W,

    with L the generator of (A24).  Of another observable A it is that of A(t).

    Parameters
    ----------
    model : LangevinModel
    omega : array_like
        Angular frequencies.
    rtol : float
        Largest change when the basis is refined, in units of the largest value, from 1e-8 to 1e-2.
    observable : {"x", "p", "x2", "current"} or callable
        Position, momentum, squared position, the current of the model's device at x, or any
        function of positions, an array.

    Returns
    -------
    ndarray
        In omega's shape; of the observable squared, times time.  ∫dω/2π S_AA = ⟨A²⟩ − ⟨A⟩².

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
    part, before = _OF_ASKED * rtol, None
    while True:
        spectrum = Response(model, observable, part).spectrum(omega.ravel())
        if before is not None:
            change = float(np.abs(spectrum - before).max() / np.abs(spectrum).max())
            if change < rtol:
                return spectrum.reshape(omega.shape)
            if part <= _FINEST:
                raise ConvergenceError(
                    f"position_spectrum: refined to the last it still changes by {change:.1e} of "
                    f"its largest value; rtol = {rtol:.1e} was asked for"
                )
        before, part = spectrum, part / _COARSER
