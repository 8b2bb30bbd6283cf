"""Averages of an oscillator from the coherences ρ_{n+k,n}, k in rows and n in columns."""

from __future__ import annotations

import numpy as np

__all__ = ["amplitude", "g2", "phonon_number", "squeezing"]


def phonon_number(coherences: np.ndarray) -> float:
    """⟨a†a⟩."""
    populations = coherences[0].real
    return float(np.arange(populations.size) @ populations)


def g2(coherences: np.ndarray) -> float:
    """⟨a†a†aa⟩/⟨a†a⟩²; NaN in the ground state."""
    populations, mean = coherences[0].real, phonon_number(coherences)
    n = np.arange(populations.size, dtype=float)
    return float(n * (n - 1.0) @ populations) / mean**2 if mean > 0 else float("nan")


def amplitude(coherences: np.ndarray) -> complex:
    """⟨a⟩."""
    return complex(np.sqrt(np.arange(1.0, coherences.shape[1] + 1.0)) @ coherences[1])


def squeezing(coherences: np.ndarray) -> complex:
    """⟨a²⟩; zero where such coherences are left out."""
    if len(coherences) < 3:
        return 0j
    n = np.arange(coherences.shape[1])
    return complex(np.sqrt((n + 1.0) * (n + 2.0)) @ coherences[2])
