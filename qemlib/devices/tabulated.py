"""A spectral density given as a table, with the self-energy that belongs to it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import CubicSpline, PchipInterpolator, PPoly

from qemlib import _checks
from qemlib.errors import ConvergenceError

__all__ = ["Tabulated"]

_FEWEST_POINTS = 8
# A table must end below this part of its maximum.
_DECAYED = 0.01
# Peaks that stand out by this part of the maximum guide the quadrature; at most so many.
_PROMINENCE = 0.05
_MOST_PEAKS = 6
# The Hilbert transform is refined until Re Σ changes by less than this part of what the
# interpolation may miss, within bounds as parts of the largest κ.  With the most angles a change up
# to the last figure is a part of the accuracy; beyond, an error.
_BELOW_ACCURACY, _CONVERGED, _COARSEST = 0.01, (1e-11, 1e-5), 1e-3
# How fast the errors of the interpolations fall at best when the points are doubled.
_BEST_GAIN = {CubicSpline: 16.0, PchipInterpolator: 8.0}
# Neighbours among which the errors are compared, and what they are multiplied by.
_NEIGHBOURS = 4
_UNEVEN = 8.0
_SAFETY, _UNKNOWN_PLACE = 2.0, 4.0
_FEWEST_ANGLES, _MOST_ANGLES = 2**14, 2**20
_INTERPOLATIONS = {"cubic": CubicSpline, "monotone": PchipInterpolator}


@dataclass(frozen=True, eq=False, repr=False)
class Tabulated:
    """Level width κ(ω) from a table, such as an ab-initio density of states.

    Between its points the table is interpolated.  Beyond its ends κ falls as ω⁻², counted from the
    middle of the table; a table that ends at zero stays there.  The self-energy is the Hilbert
    transform of all that, Eq. (B9), Re Σ(ω) = P∫ (dν/2π) κ(ν)/(ω − ν) and Im Σ = −κ/2.

    Parameters
    ----------
    omega : array_like, shape (points,)
        Energies, strictly increasing; at least 8.
    kappa : array_like, shape (points,)
        κ(ω) ≥ 0 (energy).  Both ends must be below 1 % of the maximum.
    interpolation : {"cubic", "monotone"}
        A cubic spline, or a shape-preserving cubic that never swings below the table.  The first
        is more accurate, the second suits sharp band edges.

    Attributes
    ----------
    energies : tuple of float
        Ends of the table and its peaks.
    width : float
        ∫κ dω/(π max κ), which is δ for a Lorentzian.
    accuracy : float
        Estimated error of κ and Re Σ, as part of the largest κ.  Every other point is left out, and
        the rest is asked for it; then with half as many, which shows how fast the error falls, near
        a steep edge and elsewhere.  What lies beyond the ends or hides between points is not in it.

    Raises
    ------
    ValueError
        If the arrays do not fit each other or hold anything but finite numbers, `omega` does not
        increase, κ is negative in the table or between its points, it vanishes everywhere, or it
        has not decayed at the ends.
    ConvergenceError
        If the Hilbert transform does not converge: the table is too fine, or has too steep an edge,
        for its extent.

    Examples
    --------
    >>> import numpy as np
    >>> omega = np.linspace(-1.0, 1.0, 201)
    >>> band = Tabulated(omega, 2.0 * (1.0 - omega**2) ** 2)
    >>> float(band.spectral_density(0.0)), complex(band.self_energy(0.0)).imag
    (2.0, -1.0)
    """

    omega: np.ndarray
    kappa: np.ndarray
    interpolation: str = "cubic"
    energies: tuple[float, ...] = field(init=False)
    width: float = field(init=False)
    accuracy: float = field(init=False)
    _table: PPoly = field(init=False)
    _center: float = field(init=False)
    _scale: float = field(init=False)
    _real_part: PPoly = field(init=False)

    def __post_init__(self) -> None:
        omega, kappa = _table_of(self.omega, self.kappa)
        _checks.choice("interpolation", self.interpolation, _INTERPOLATIONS)
        interpolate = _INTERPOLATIONS[self.interpolation]
        table = interpolate(omega, kappa)
        _refuse_undershoot(table, self.interpolation)
        accuracy = _accuracy(interpolate, omega, kappa)
        # Slow to import, and needed by tables alone.
        from scipy.signal import find_peaks

        peaks, properties = find_peaks(kappa, prominence=_PROMINENCE * kappa.max())
        peaks = peaks[np.argsort(properties["prominences"])[-_MOST_PEAKS:]]
        middle = 0.5 * (omega[0] + omega[-1])
        tails = kappa[-1] * (omega[-1] - middle) + kappa[0] * (middle - omega[0])
        weight = float(table.integrate(omega[0], omega[-1])) + tails
        center = float(np.average(omega, weights=kappa))
        for array in (omega, kappa):
            array.flags.writeable = False
        values = {
            "omega": omega,
            "kappa": kappa,
            "energies": tuple(float(w) for w in sorted({omega[0], *omega[peaks], omega[-1]})),
            "width": weight / (np.pi * float(kappa.max())),
            "accuracy": accuracy,
            "_table": table,
            "_center": center,
            # angles as dense as the table is, on average
            "_scale": float(np.median(np.abs(omega - center))),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        real_part, change = self._hilbert_transform()
        object.__setattr__(self, "_real_part", real_part)
        object.__setattr__(self, "accuracy", max(accuracy, 2.0 * change))

    def __repr__(self) -> str:
        return (
            f"Tabulated({self.omega.size} points from {self.omega[0]:.6g} to {self.omega[-1]:.6g}, "
            f"{self.interpolation}, digest {self._digest()[:12]})"
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tabulated) and self._digest() == other._digest()

    def __hash__(self) -> int:
        return hash(self._digest())

    def __reduce__(self) -> tuple[Any, ...]:
        return Tabulated, (self.omega, self.kappa, self.interpolation)

    def spectral_density(self, omega: ArrayLike) -> np.ndarray:
        """κ(ω); array of the shape of `omega`."""
        return np.maximum(self._piecewise(omega, 0), 0.0)  # round-off falls below where it is 0

    def self_energy(self, omega: ArrayLike) -> np.ndarray:
        """Retarded self-energy Σ(ω), Eq. (B9); Im Σ = −κ/2."""
        angle, _ = self._angle(omega)
        return self._real_part(angle) - 0.5j * self.spectral_density(omega)

    def self_energy_derivative(self, omega: ArrayLike) -> np.ndarray:
        """dΣ/dω."""
        angle, slope = self._angle(omega)
        return self._real_part(angle, 1) * slope - 0.5j * self._piecewise(omega, 1)

    def coarser(self, start: int) -> Tabulated:
        """The table of every other point from `start`, and the ends.

        By the interpolation that never swings below zero if need be; itself if points are too few.
        """
        kept = _with_ends(self.omega.size, start)
        for interpolation in (self.interpolation, "monotone"):
            try:
                return Tabulated(self.omega[kept], self.kappa[kept], interpolation)
            except (ValueError, ArithmeticError):
                continue
        return self

    def _piecewise(self, omega: ArrayLike, order: int) -> np.ndarray:
        """κ or its derivative, with the tails."""
        omega = np.asarray(omega, dtype=float)
        low, high = self.omega[0], self.omega[-1]
        value = np.asarray(self._table(np.clip(omega, low, high), order))
        middle = 0.5 * (low + high)
        outside = (omega < low) | (omega > high)
        if not outside.any():
            return value
        far = np.where(outside, omega - middle, 1.0)
        end = np.where(omega < middle, self.kappa[0], self.kappa[-1])
        tail = end * (0.5 * (high - low) / far) ** 2
        return np.where(outside, tail if order == 0 else -2.0 * tail / far, value)

    def _angle(self, omega: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """θ = 2 arctan[(ω − c)/s], which takes the axis to a circle, and dθ/dω."""
        ratio = (np.asarray(omega, dtype=float) - self._center) / self._scale
        cosine = np.cos(np.arctan(ratio))
        return 2.0 * np.arctan(ratio), 2.0 / self._scale * cosine**2

    def _hilbert_transform(self) -> tuple[CubicSpline, float]:
        """Re Σ as a periodic spline in θ.

        On the circle κ = Σ_k a_k e^{ikθ}.  With k > 0, e^{ikθ} is analytic above the real axis, as
        Σ is, so that Σ = −(i/2)(a_0 + 2 Σ_{k>0} a_k e^{ikθ}) up to a constant that makes it vanish
        at infinity (Weideman, Math. Comp. 64, 745 (1995)).
        """
        probe = self._angle(0.5 * (self.omega[1:] + self.omega[:-1]))[0]
        largest = self.kappa.max()
        tolerance = np.clip(_BELOW_ACCURACY * self.accuracy, *_CONVERGED)
        count, before = _FEWEST_ANGLES, None
        while count <= _MOST_ANGLES:
            theta = np.pi * (2.0 * np.arange(1, count) / count - 1.0)
            kappa = np.zeros(count)  # the first angle, −π, is at infinity
            kappa[1:] = self.spectral_density(self._center + self._scale * np.tan(0.5 * theta))
            modes = np.fft.rfft(kappa)
            modes[0], modes[-1] = 0.0, 0.0
            real_part = np.fft.irfft(-1j * modes, count)  # −i for k > 0, +i for k < 0
            real_part = 0.5 * (real_part - real_part[0])
            closed = np.append(real_part, real_part[0])
            angles = np.append(-np.pi, np.append(theta, np.pi))
            spline = CubicSpline(angles, closed, bc_type="periodic")
            here = spline(probe)
            if before is not None:
                change = float(np.abs(here - before).max() / largest)
                if change <= tolerance or (count == _MOST_ANGLES and change <= _COARSEST):
                    return spline, change
            count, before = 2 * count, here
        raise ConvergenceError(
            f"Tabulated: Re Σ still changes by {change:.1e} of the largest κ with {_MOST_ANGLES} "
            "points; the table is too fine, or an edge too steep, for its extent"
        )

    def _digest(self) -> str:
        parts = (self.omega.tobytes(), self.kappa.tobytes(), self.interpolation.encode())
        return hashlib.sha256(b"".join(parts)).hexdigest()


def _table_of(omega: ArrayLike, kappa: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """The checked arrays, as copies."""
    omega = _checks.finite_array("omega", omega, ndim=1).copy()
    kappa = _checks.finite_array("kappa", kappa, ndim=1).copy()
    if omega.size < _FEWEST_POINTS:
        raise ValueError(f"omega must have at least {_FEWEST_POINTS} points, got {omega.size}")
    if kappa.shape != omega.shape:
        raise ValueError(f"kappa must have the shape of omega, {omega.shape}, got {kappa.shape}")
    steps = np.diff(omega)
    if not (steps > 0).all():
        i = int(np.argmax(steps <= 0))
        raise ValueError(
            f"omega must increase strictly, got {omega[i]} followed by {omega[i + 1]} at index {i}"
        )
    if kappa.min() < 0:
        i = int(np.argmin(kappa))
        raise ValueError(f"kappa must not be negative, got {kappa[i]} at omega = {omega[i]:.6g}")
    if kappa.max() == 0:
        raise ValueError("kappa must be positive somewhere, got zeros only")
    for end in (0, -1):
        if kappa[end] > _DECAYED * kappa.max():
            raise ValueError(
                f"kappa must have decayed to {_DECAYED:g} of its maximum at both ends, got "
                f"{kappa[end] / kappa.max():.3g} at omega = {omega[end]:.6g}; extend the table"
            )
    return omega, kappa


def _accuracy(interpolate: type[PPoly], omega: np.ndarray, kappa: np.ndarray) -> float:
    """Largest error of the interpolation to be expected, as part of the largest κ."""
    from scipy.ndimage import maximum_filter1d

    coarse = _missed(interpolate, omega, kappa)
    # The same with half of the points, at the points where they were asked for.
    coarser = [np.zeros(omega.size) for _ in range(2)]
    for start, missed in zip((0, 1), coarser, strict=True):
        half = _with_ends(omega.size, start)
        missed[half] = _missed(interpolate, omega[half], kappa[half])
    here, twice = (
        maximum_filter1d(part, 2 * reach * _NEIGHBOURS + 1)
        for part, reach in ((coarse, 1), (np.maximum(*coarser), 2))
    )
    best = _BEST_GAIN[interpolate]
    falls = np.divide(here, twice, out=np.ones_like(here), where=twice > 0)
    order = -np.log2(np.clip(falls, 1.0 / best, 1.0))
    # A point close to a neighbour is missed by less than the middle of its wider gap.
    gaps = np.diff(omega)
    gaps = np.maximum(gaps[1:], gaps[:-1]) / np.minimum(gaps[1:], gaps[:-1])
    uneven = np.pad(np.minimum(gaps, _UNEVEN), 1, constant_values=1.0)
    # Where it falls slowly there is an edge or a kink, and its place between points is not known.
    safety = _SAFETY * _UNKNOWN_PLACE ** np.clip(0.5 * (3.0 - order), 0.0, 1.0)
    expected = safety * coarse * uneven ** (0.5 * order) / 2.0**order
    largest = expected.max()
    if interpolate is not CubicSpline:
        # Errors of the slopes, its largest, vanish in the middle between points: there they hide.
        at = omega[:-1, None] + np.diff(omega)[:, None] * (0.25, 0.5, 0.75)
        change = np.abs(interpolate(omega, kappa)(at) - CubicSpline(omega, kappa)(at)).max(axis=1)
        largest = max(largest, (safety[1:] * change).max())
    return float(np.clip(largest / kappa.max(), 1e-14, 1.0))


def _missed(interpolate: type[PPoly], omega: np.ndarray, kappa: np.ndarray) -> np.ndarray:
    """By how much every other point is missed by the interpolation of the rest; 0 at the ends."""
    missed = np.zeros(omega.size)
    for start in (0, 1):
        kept = _with_ends(omega.size, start)
        left_out = np.setdiff1d(np.arange(omega.size), kept)
        missed[left_out] = np.abs(
            interpolate(omega[kept], kappa[kept])(omega[left_out]) - kappa[left_out]
        )
    return missed


def _with_ends(size: int, start: int) -> np.ndarray:
    """Every other index from `start`, with both ends."""
    return np.union1d(np.arange(start, size, 2), [0, size - 1])


def _refuse_undershoot(table: PPoly, interpolation: str) -> None:
    """A spline may swing below zero between points that do not."""
    bottoms = table.derivative().roots(extrapolate=False)
    bottoms = bottoms[np.isfinite(bottoms)]  # a flat piece has no single root
    values = table(bottoms)
    if values.size and values.min() < -1e-12 * table(table.x).max():
        where = bottoms[np.argmin(values)]
        raise ValueError(
            f"kappa: its {interpolation} interpolation falls to {values.min():.3g} at omega = "
            f'{where:.6g}; add points there or use interpolation="monotone"'
        )
