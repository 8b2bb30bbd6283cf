"""Functions at two points that may merge, with bounds on what their values are sums of."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from qemlib.devices.densities import Lorentzian

__all__ = ["Pair", "Polynomial", "Rational"]


class Rational(Protocol):
    """A function at two points that may merge, and what its values are sums of."""

    @property
    def second(self) -> np.ndarray: ...

    @property
    def second_size(self) -> np.ndarray: ...

    @property
    def slope(self) -> np.ndarray: ...

    @property
    def size(self) -> np.ndarray: ...


class Pair(NamedTuple):
    """A function at two points that may merge: its values and its divided difference.

    `size` bounds the terms that the divided difference is the sum of.
    """

    first: np.ndarray
    second: np.ndarray
    slope: np.ndarray
    size: np.ndarray

    @property
    def second_size(self) -> np.ndarray:
        """Bounds the terms that `second` is the sum of: there are none but itself."""
        return np.abs(self.second)

    def __mul__(self, other: Pair) -> Pair:  # type: ignore[override]  # a tuple only repeats
        return Pair(
            self.first * other.first,
            self.second * other.second,
            self.slope * other.first + self.second * other.slope,
            self.size * np.abs(other.first) + np.abs(self.second) * other.size,
        )

    @classmethod
    def pole(cls, first: np.ndarray, second: np.ndarray) -> Pair:
        """1/(ν − c) where ν − c is `first` and `second`."""
        slope = -1.0 / (first * second)
        return cls(1.0 / first, 1.0 / second, slope, np.abs(slope))

    @classmethod
    def quadratic(
        cls, first: np.ndarray, second: np.ndarray, band: Lorentzian, weight: float
    ) -> Pair:
        """weight × [(ν − ω_α)² + δ_α²] at the two points."""
        width = 1j * band.bandwidth
        here, there = (
            weight * (point - band.center + width) * (point - band.center - width)
            for point in (first, second)
        )
        slope = weight * (first + second - 2.0 * band.center)
        return cls(here, there, slope, np.abs(slope))


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
