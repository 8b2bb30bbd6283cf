"""Polynomials at two points that may merge, with bounds on what their values are sums of."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from qemlib.electrons.residues import Pair

__all__ = ["Polynomial"]


class Polynomial(NamedTuple):
    """A polynomial at two points that may merge, with its divided difference.

    Beside each of the three, what bounds the sum of its terms.
    """

    first: np.ndarray
    second: np.ndarray
    slope: np.ndarray
    first_size: np.ndarray
    second_size: np.ndarray
    size: np.ndarray

    @classmethod
    def line(cls, first: np.ndarray, second: np.ndarray) -> Polynomial:
        """E − c, by its values."""
        one = np.ones(first.shape)
        return cls(first, second, one, np.abs(first), np.abs(second), one)

    @classmethod
    def of(cls, pair: Pair) -> Polynomial:
        """What is a product, and no sum."""
        return cls(*pair[:3], np.abs(pair.first), np.abs(pair.second), pair.size)

    def plus(self, other: Polynomial) -> Polynomial:
        """Their sum."""
        return Polynomial(*(a + b for a, b in zip(self, other, strict=True)))

    def shifted(self, constant: complex | np.ndarray) -> Polynomial:
        """With a constant added."""
        large = np.abs(constant)
        return Polynomial(
            self.first + constant,
            self.second + constant,
            self.slope,
            self.first_size + large,
            self.second_size + large,
            self.size,
        )

    def scaled(self, factor: complex | np.ndarray) -> Polynomial:
        """Times a constant."""
        large = np.abs(factor)
        return Polynomial(*(factor * v for v in self[:3]), *(large * v for v in self[3:]))

    def times(self, other: Polynomial) -> Polynomial:
        """Their product."""
        return Polynomial(
            self.first * other.first,
            self.second * other.second,
            self.slope * other.first + self.second * other.slope,
            self.first_size * other.first_size,
            self.second_size * other.second_size,
            self.size * other.first_size + self.second_size * other.size,
        )
