"""How fast a diffusion in one dimension forgets where it began."""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigh_tridiagonal


def slowest_rate(content: np.ndarray, conductance: np.ndarray) -> float:
    """Smallest rate but zero of a chain of cells that exchange what they hold.

    Parameters
    ----------
    content : ndarray, shape (cells,)
        What each cell holds in the steady state.
    conductance : ndarray, shape (cells,)
        Flow for a relative excess of 1, at each cell; between two cells it is the geometric mean.
    """
    rates = eigh_tridiagonal(
        *symmetric(content, conductance), eigvals_only=True, select="i", select_range=(0, 1)
    )
    return float(rates[1])


def correlation_modes(
    content: np.ndarray, conductance: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Rates λ and parts c of the correlation Σ c e^{−λt} of what has these values in the cells."""
    rates, modes = eigh_tridiagonal(*symmetric(content, conductance))
    parts = (modes.T @ (np.sqrt(content) * values)) ** 2 / content.sum()
    return rates[1:], parts[1:]


def symmetric(content: np.ndarray, conductance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Diagonal and what is beside it of the rates, made symmetric."""
    between = np.sqrt(conductance[1:] * conductance[:-1])
    diagonal = np.zeros_like(content)
    diagonal[:-1] += between
    diagonal[1:] += between
    scale = np.sqrt(content)
    return diagonal / content, -between / (scale[1:] * scale[:-1])
