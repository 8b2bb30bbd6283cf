"""The exponential of what only decays, as a sum of resolvents.

Talbot's rule on a parabola, with the numbers of L. N. Trefethen, J. A. C. Weideman and
T. Schmelzer, BIT 46, 653 (2006).
"""

from __future__ import annotations

import numpy as np

__all__ = ["resolvents"]

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
