"""Where a W is and how fine it is: what a basis must hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from qemlib.errors import LeftGridError, UnresolvedError
from qemlib.fokker_planck.basis import Basis, disk

__all__ = ["Extent", "Samples", "sampled", "samples_of"]

OnPlane = Callable[[np.ndarray, np.ndarray], np.ndarray]

# Points each way: to find W, and to resolve it.
_LOOK, _FEWEST, _MOST = 321, 48, 2048
_SPARE = 1.25  # of what is seen of W, its box
# Of functions on a grid, points a wavelength.
_POINTS = 2.2
_FEWEST_FUNCTIONS, _MOST_FUNCTIONS = 32, 420


@dataclass(frozen=True)
class Extent:
    """|α − middle| that W reaches, and its largest wave number, of x/x0 and p/p0."""

    radius: float
    wave: float

    def wider(self, other: Extent) -> Extent:
        """What holds both."""
        return Extent(max(self.radius, other.radius), max(self.wave, other.wave))

    def finer(self, times: float) -> Extent:
        """The same radius, and finer waves."""
        return Extent(self.radius, times * self.wave)

    def basis(self, middle: float) -> Basis:
        """Functions that reach so far and are so fine."""
        size = int(np.ceil(0.5 * self.radius * self.wave)) + _FEWEST_FUNCTIONS // 2
        if size > _MOST_FUNCTIONS:
            raise UnresolvedError(
                f"state: W reaches |alpha| = {self.radius:.4g} and has a wave number of "
                f"{self.wave:.4g}, which takes {size} functions of x and of p; at most "
                f"{_MOST_FUNCTIONS} are used"
            )
        # What fewer functions than the least would do reach farther.
        size = max(size, _FEWEST_FUNCTIONS)
        return disk(size, self.radius, middle)


@dataclass(frozen=True, eq=False)
class Samples:
    """W(α) at all pairs of evenly spaced x/x0 and p/p0."""

    x: np.ndarray
    p: np.ndarray
    values: np.ndarray

    @property
    def integral(self) -> float:
        """∫d²α W; the rule converges exponentially."""
        return float(self.values.sum() * (self.x[1] - self.x[0]) * (self.p[1] - self.p[0]))

    def extent(self, part: float, middle: float) -> Extent:
        """Of what is above this part of its largest value, in |α − middle| and in wave numbers."""
        size = np.abs(self.values)
        rows, columns = np.nonzero(size > part * size.max())
        radius = np.hypot(self.x[rows] - middle, self.p[columns]).max()
        steps = (self.x[1] - self.x[0], self.p[1] - self.p[0])
        transform = np.abs(np.fft.rfft2(self.values))
        rows, columns = np.nonzero(transform > part * transform.max())
        along_x = np.abs(2.0 * np.pi * np.fft.fftfreq(self.x.size, steps[0]))[rows]
        along_p = 2.0 * np.pi * np.fft.rfftfreq(self.p.size, steps[1])[columns]
        # The box is not much larger than W: its own wave numbers are no finer than this.
        return Extent(float(radius), float(np.hypot(along_x, along_p).max()))

    def resolved(self, part: float) -> bool:
        """True if the finest wave numbers of the grid, along each axis, are below this part."""
        transform = np.abs(np.fft.fft2(self.values))
        nx, np_ = (size // 2 for size in transform.shape)
        margin = [max(1, size // 10) for size in transform.shape]
        finest = max(
            transform[nx - margin[0] : nx + margin[0]].max(),
            transform[:, np_ - margin[1] : np_ + margin[1]].max(),
        )
        return bool(finest <= part * transform.max())

    def project(self, basis: Basis) -> np.ndarray:
        """Coefficients in a basis."""
        # Between the points W is what its wave numbers say: as many as the functions need.
        finest = np.sqrt(2.0 * basis.size + 1.0) / basis.width
        fine = self._finer(finest)
        rows = basis.functions(fine.x - basis.middle) * (fine.x[1] - fine.x[0])
        columns = basis.functions(fine.p) * (fine.p[1] - fine.p[0])
        return rows @ fine.values @ columns.T

    def _finer(self, wave: float) -> Samples:
        """The same with points that resolve the product with a function of this wave number."""
        values, axes = self.values, []
        for axis, at in enumerate((self.x, self.p)):
            step = at[1] - at[0]
            times = int(np.ceil(0.5 * (1.0 + wave * step / np.pi)))
            values = _between(values, times, axis)
            axes.append(at[0] + step / times * np.arange(at.size * times))
        return Samples(axes[0], axes[1], values)


def _between(values: np.ndarray, times: int, axis: int) -> np.ndarray:
    """Periodic band-limited interpolation: so many times as many points."""
    if times == 1:
        return values
    count = values.shape[axis]
    transform = np.fft.rfft(values, axis=axis)
    return np.fft.irfft(transform, count * times, axis=axis) * times


def sampled(
    w: OnPlane, low: float, high: float, reach: float, part: float, complaint: str
) -> Samples:
    """W(Re α, Im α) on a grid that holds and resolves it, to this part of its largest value.

    It is looked for at Re α between `low` and `high` and |Im α| < `reach`.
    """
    x, p = np.linspace(low, high, _LOOK), np.linspace(-reach, reach, _LOOK)
    size = np.abs(w(x[:, None], p[None, :]))
    seen = size > part * size.max()
    if not seen.any():
        raise ValueError(
            f"{complaint} must not be zero, got no value above zero at {_LOOK} × {_LOOK} points of "
            f"x/x0 from {low:.4g} to {high:.4g} and |p/p0| < {reach:.4g}"
        )
    box = []
    for axis, inside in ((x, seen.any(axis=1)), (p, seen.any(axis=0))):
        first, last = np.flatnonzero(inside)[[0, -1]]
        step = axis[1] - axis[0]
        if first == 0 or last == axis.size - 1:
            raise LeftGridError(
                f"{complaint} must lie on the model's grid, x/x0 from {low:.4g} to {high:.4g} and "
                f"|p/p0| < {reach:.4g}: at its edge it is still above {part:.0e} of its largest "
                "value; build the model on a wider grid"
            )
        middle = 0.5 * (axis[first] + axis[last])
        box.append((middle, _SPARE * (0.5 * (axis[last] - axis[first]) + step)))
    points = _FEWEST
    while points <= _MOST:
        axes = [m + half * (2.0 * np.arange(points) / points - 1.0) for m, half in box]
        found = Samples(axes[0], axes[1], w(axes[0][:, None], axes[1][None, :]))
        if found.resolved(part):
            return found
        points = 2 * points
    raise UnresolvedError(
        f"{complaint} must be smooth: {points // 2} points each way do not resolve it to "
        f"{part:.0e} of its largest value"
    )


def samples_of(basis: Basis, coefficients: np.ndarray) -> Samples:
    """W of coefficients on an evenly spaced grid that holds and resolves all functions."""
    turn = basis.width * np.sqrt(2.0 * basis.size + 1.0)
    half = turn + 5.0 * basis.width
    wave = turn / basis.width**2 + 5.0 / basis.width
    points = 2 * int(np.ceil(half * wave / np.pi * _POINTS / 2.0)) + 2
    axis = half * (2.0 * np.arange(points) / points - 1.0)
    return Samples(
        axis + basis.middle, axis, basis.on_grid(coefficients, axis + basis.middle, axis)
    )
