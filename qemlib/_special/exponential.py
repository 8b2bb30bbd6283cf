"""The exponential of what only decays, as a sum of resolvents.

Talbot's rule on a parabola, with the numbers of L. N. Trefethen, J. A. C. Weideman and
T. Schmelzer, BIT 46, 653 (2006).
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import get_lapack_funcs

__all__ = ["exchanged", "resolvents"]

# Twice as many as poles that are used, for they come in pairs: round-off is reached.
_POLES = 36


def resolvents() -> tuple[np.ndarray, np.ndarray]:
    """Numbers z and c with e^s = Re Σ c/(z − s) for all s ≤ 0, to 1e-14.

    With c/z in place of c it is ∫_0^1 e^{su} du.

    Examples
    --------
    >>> pole, part = resolvents()
    >>> round(float((part / (pole + 1.0)).real.sum()), 12)
    0.367879441171
    """
    angle = np.pi * np.arange(1, _POLES, 2) / _POLES
    pole = _POLES * (0.1309 - 0.1194 * angle**2 + 0.25j * angle)
    slope = _POLES * (-0.2388 * angle + 0.25j)
    return pole, 2.0 * np.exp(pole) * slope / (1j * _POLES)


def exchanged(up: np.ndarray, down: np.ndarray, held: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What cells in a row hold after a unit of time, and its integral over that time.

    Parameters
    ----------
    up, down : ndarray, shape (cells − 1,)
        Rates from each cell to the next, and back; in detailed balance with some steady state, so
        that all eigenvalues are real and not positive.
    held : ndarray, shape (cells,)
        At first.

    Examples
    --------
    Two cells become alike:

    >>> import numpy as np
    >>> later, _ = exchanged(np.array([50.0]), np.array([50.0]), np.array([1.0, 0.0]))
    >>> later.round(12)
    array([0.5, 0.5])
    """
    leave = np.append(up, 0.0) + np.append(0.0, down)
    # LAPACK itself: checks of each take longer than all that is done.
    (solve,) = get_lapack_funcs(("gtsv",), dtype=complex)
    poles, parts = resolvents()
    found = np.array([solve(-up, pole + leave, -down, held)[3] for pole in poles])
    return (parts @ found).real, ((parts / poles) @ found).real
