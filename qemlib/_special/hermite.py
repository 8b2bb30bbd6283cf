"""Hermite functions of any width, and Gauss rules for their products."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import roots_legendre

from qemlib._special.recurrences import Carried, hermite_levels

# Points of a Gauss-Legendre panel, and the largest phase over half of it that they integrate to
# round-off: [e κ/4n]^2n.
_PANELS = ((4, 0.075), (6, 0.5), (8, 1.3), (12, 4.0))
# Functions of the highest order reach this many widths beyond their turning point.
_TAIL = 6.0


def hermite_functions(count: int, x: ArrayLike, width: float) -> np.ndarray:
    """Orthonormal Hermite functions h_j(x) of the given width; shape (count, points).

    Examples
    --------
    The ground state of an oscillator, and its overlap with the next but one:

    >>> import numpy as np
    >>> x, weight = quadrature(3, width=2.0)
    >>> h = hermite_functions(3, x, width=2.0)
    >>> bool(np.allclose((h * weight) @ h.T, np.eye(3)))
    True
    """
    y = np.ascontiguousarray(x, dtype=float).ravel() / width
    result = np.empty((count, y.size))
    hermite_levels(y, Carried.begun(-0.5 * y**2 - 0.5 * np.log(np.sqrt(np.pi) * width)), result)
    return result


def position_matrix(count: int, width: float) -> np.ndarray:
    """∫dx h_j x h_k, shape (count, count).

    Examples
    --------
    >>> position_matrix(3, width=1.0).round(6)
    array([[0.      , 0.707107, 0.      ],
           [0.707107, 0.      , 1.      ],
           [0.      , 1.      , 0.      ]])
    """
    step = width * np.sqrt(np.arange(1.0, count) / 2.0)
    return np.diag(step, 1) + np.diag(step, -1)


def derivative_matrix(count: int, width: float) -> np.ndarray:
    """∫dx h_j h_k', shape (count, count).

    Examples
    --------
    >>> derivative_matrix(3, width=1.0).round(6)
    array([[ 0.      ,  0.707107,  0.      ],
           [-0.707107,  0.      ,  1.      ],
           [ 0.      , -1.      ,  0.      ]])
    """
    step = np.sqrt(np.arange(1.0, count) / 2.0)
    return (np.diag(step, 1) - np.diag(step, -1)) / width


def quadrature(
    count: int, width: float, low: float = -np.inf, high: float = np.inf
) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights for products of two Hermite functions and a smooth function of x.

    Gauss-Legendre on the part of [low, high] where the functions live.
    """
    low, high = _within(count, width, low, high)
    node, weight = _legendre(2 * count + 64)
    return low + 0.5 * (high - low) * (node + 1.0), 0.5 * (high - low) * weight


def quadrature_between(
    breaks: np.ndarray, count: int, width: float, low: float, high: float
) -> tuple[np.ndarray, np.ndarray]:
    """As `quadrature`, for a function that is smooth between the breaks only: panel by panel."""
    low, high = _within(count, width, low, high)
    edges = np.concatenate([[low], breaks[(breaks > low) & (breaks < high)], [high]])
    # The product of two functions turns by this angle over half a panel, or over a part of it.
    wave = 2.0 * np.sqrt(2.0 * count + 1.0) / width
    parts = np.ceil(0.5 * wave * np.diff(edges) / _PANELS[-1][1]).astype(int)
    left, half = np.repeat(edges[:-1], parts), np.repeat(0.5 * np.diff(edges) / parts, parts)
    left = left + 2.0 * half * (np.arange(parts.sum()) - np.repeat(np.cumsum(parts) - parts, parts))
    nodes, weights, least = [], [], 0.0
    for points, most in _PANELS:
        chosen = (wave * half > least) & (wave * half <= most * (1.0 + 1e-9))
        node, weight = _legendre(points)
        nodes.append((left[chosen, None] + half[chosen, None] * (node + 1.0)).ravel())
        weights.append((half[chosen, None] * weight).ravel())
        least = most * (1.0 + 1e-9)
    return np.concatenate(nodes), np.concatenate(weights)


def _within(count: int, width: float, low: float, high: float) -> tuple[float, float]:
    reach = width * (np.sqrt(2.0 * count + 1.0) + _TAIL)
    return max(low, -reach), min(high, reach)


@lru_cache(maxsize=128)
def _legendre(count: int) -> tuple[np.ndarray, np.ndarray]:
    return roots_legendre(count)
