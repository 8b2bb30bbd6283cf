"""e^{Lt} of one vector, at a cost that does not know how many periods t holds.

What friction makes of W is slow beside the motion, and what the motion does is known: lines at
multiples of its frequency.  So (s − L)^{−1} of the vector, and powers of it, at a few poles s next
to these lines span all that e^{Lt} makes of it: a rational Krylov space.  In it L is a small
matrix, whose exponential costs the same at any time.  A pole is put where the equation
(s − L) u(s) = u(t = 0) is worst obeyed.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from qemlib.errors import ConvergenceError
from qemlib.fokker_planck.generator import Blocks, Generator

__all__ = ["Flow"]

# Random combinations that tell the size of a residual; their seed is of no account.
_PROBES, _SEED = 24, 7
# Vectors of one visit to a real pole, and as many in pairs at a complex one; poles visited at once,
# at lines of their own, that are no better than this part of the worst; factors kept for a return.
_VISIT, _AT_ONCE, _AS_BAD, _KEPT = 6, 8, 0.03, 6
_MOST, _PARALLEL, _BLOCK = 720, 1e-11, 64
# What does not halve in so many rounds is what the basis leaves out of the vector: up to so many
# times the tolerance that is for another basis to tell.
_PATIENCE, _NOISE = 5, 300.0
# Poles lie this far from the imaginary axis, in units of the frequency, all along it, and farther
# by this factor up to the fastest decay: early times see that ...
_FAR, _FARTHER = 0.1, 4.0
# ... and nearer, each by this factor, where the vector has lines: down to this part of a rate.
_NEARER, _OF_RATE = 5.0, 0.3
_OF_MOTION = 1e-14  # rates below this part of the fastest are round-off of zero


class Flow:
    """The space of a vector, grown by `until` it holds what L makes of it.

    Parameters
    ----------
    generator : Generator
    begun : list of ndarray
        The vector, block by block.
    frequency : float
        Of the motion.
    harmonics : int
        Fastest line to look for.
    known : sequence of list of ndarray
        Vectors that the space holds besides: the steady state.
    """

    def __init__(
        self,
        generator: Generator,
        begun: Blocks,
        frequency: float,
        harmonics: int,
        known: tuple[Blocks, ...] = (),
    ) -> None:
        self._generator, self._frequency = generator, frequency
        self._harmonics = harmonics
        self._matrix = generator.sparse()
        self._ends = np.cumsum([len(d) for d in generator.diagonal])[:-1]
        vector = np.concatenate(begun)
        self._begun, self._scale = vector, float(np.linalg.norm(vector))
        self._room = np.empty((2, _BLOCK, vector.size))  # vectors, and what L makes of them
        self._small = np.empty((0, 0))
        probes = np.random.default_rng(_SEED).standard_normal((vector.size, _PROBES))
        self._probes = probes / np.sqrt(_PROBES)
        self._probes_moved = self._matrix.T @ self._probes
        self._chains: dict[complex, np.ndarray] = {}
        self._factors: dict[complex, Callable[[Blocks], Blocks]] = {}
        self._modes: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None
        if self._scale > 0.0:
            self._add(vector)
            # With it the change at the start is exact.
            self._add(self._matrix @ vector)
            for other in known:
                self._add(np.concatenate(other))

    @property
    def size(self) -> int:
        """Dimension of the space."""
        return len(self._small)

    def until(self, time: float, tolerance: float) -> None:
        """Grow until (s − L) u(s) = u(0) holds to the tolerance at all s that matter to that time.

        Raises
        ------
        ConvergenceError
            If the largest space does not reach it.
        """
        if self._scale == 0.0 or time == 0.0:
            return
        known: list[float] = []
        while True:
            poles = self._candidates(time)
            left = self._left_over(poles)
            known.append(float(left.max()))
            stands = len(known) > _PATIENCE and known[-1] > 0.5 * known[-1 - _PATIENCE]
            if known[-1] < (_NOISE if stands else 1.0) * tolerance:
                return
            if self.size >= _MOST:
                raise ConvergenceError(
                    f"evolve: {self.size} vectors leave {known[-1]:.1e} of the equation of "
                    f"motion, {tolerance:.1e} is allowed; ask for less with rtol, or for an "
                    "earlier last time"
                )
            before = self.size
            for pole in self._worst(poles, left):
                self._visit(pole)
            if self.size == before:
                return  # round-off: nothing is left that is new

    def coordinates(self, times: np.ndarray, derivative: bool = False) -> np.ndarray:
        """The vector at each time, or its derivative, in the space; shape (size, times)."""
        if self._scale == 0.0:
            return np.zeros((self.size, times.size))
        rates, modes, parts = self._eigen()
        growth = np.exp(np.outer(rates, times))
        if derivative:
            growth = rates[:, None] * growth
        return self._scale * (modes @ (parts[:, None] * growth)).real

    def transform(self, poles: np.ndarray) -> np.ndarray:
        """(s − L)^{−1} of the vector at numbers s, in the space; complex, shape (size, poles)."""
        if self._scale == 0.0:
            return np.zeros((self.size, poles.size), dtype=complex)
        rates, modes, parts = self._eigen()
        return self._scale * (modes * parts) @ (1.0 / (poles - rates[:, None]))

    def readout(self, functional: np.ndarray) -> np.ndarray:
        """A linear functional on the space; shape (size,)."""
        return self._vectors @ functional

    def vector(self, coordinates: np.ndarray) -> Blocks:
        """The blocks of a vector of the space."""
        return np.split(coordinates @ self._vectors, self._ends)

    # --- the space --------------------------------------------------------------------------------

    @property
    def _vectors(self) -> np.ndarray:
        return self._room[0, : self.size]

    def _add(self, vector: np.ndarray) -> None:
        """One more direction, unless it is none."""
        size, vectors = self.size, self._vectors
        new = vector / np.linalg.norm(vector)
        for _ in range(2):
            new = new - (vectors @ new) @ vectors
        length = np.linalg.norm(new)
        if length < _PARALLEL:
            return
        new = new / length
        moved = self._matrix @ new
        small = np.empty((size + 1, size + 1))
        small[:size, :size] = self._small
        small[:size, size], small[size, :size] = vectors @ moved, self._room[1, :size] @ new
        small[size, size] = new @ moved
        if size == self._room.shape[1]:
            self._room = np.concatenate([self._room, np.empty_like(self._room)], axis=1)
        self._room[:, size] = new, moved
        self._small, self._modes = small, None

    def _visit(self, pole: complex) -> None:
        """Add powers of (s − L)^{−1} at this pole, on from those of the visit before."""
        real = pole.imag == 0.0
        solve = self._factors.pop(pole, None)
        if solve is None:
            solve = self._generator.shifted_solver(-pole.real if real else -pole)
        self._factors[pole] = solve  # the last of them
        while len(self._factors) > _KEPT:
            del self._factors[next(iter(self._factors))]
        vector = self._chains.get(pole)
        if vector is None:
            vector = self._begun if real else self._begun.astype(complex)
        for _ in range(_VISIT if real else _VISIT // 2):
            vector = np.concatenate(solve(np.split(vector, self._ends)))
            vector = vector / np.linalg.norm(vector)
            for part in (vector,) if real else (vector.real, vector.imag):
                self._add(part)
            if real:
                vector = self._vectors[-1].copy()
        self._chains[pole] = vector

    # --- where it is wrong ------------------------------------------------------------------------

    def _eigen(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Eigenvalues of the small matrix, its modes, and the vector's parts of them."""
        if self._modes is None:
            rates, modes = np.linalg.eig(self._small)
            # What grows in a small space is an error of it, or the round-off of zero.
            rates = np.minimum(rates.real, 0.0) + 1j * rates.imag
            first = np.zeros(self.size, dtype=complex)
            first[0] = 1.0
            self._modes = rates, modes, np.linalg.solve(modes, first)
        return self._modes

    def _candidates(self, time: float) -> np.ndarray:
        """s between which the transform of e^{Lt} is smooth, as far as it is seen."""
        rates, _, _ = self._eigen()
        unit = self._frequency
        poles: list[complex] = []
        far = _FAR * unit
        while far < max(2.0 * unit, float(-rates.real.min())):
            step = max(0.5 * unit, 0.5 * far)
            count = int(self._harmonics * unit / step) + 1
            poles += [complex(far, line * step) for line in range(count)]
            far *= _FARTHER
        decays = -rates.real[-rates.real > _OF_MOTION * np.abs(rates).max()]
        slowest = max(1.0 / time, _OF_RATE * float(decays.min(initial=np.inf)))
        if not 0.0 < slowest < np.inf:
            slowest = 1.0 / time if np.isfinite(time) else _FAR * unit
        distance = _FAR * unit / _NEARER
        while distance > slowest / _NEARER:
            seen = rates[-rates.real < 2.0 * distance]
            steps = np.unique(np.round(np.abs(seen.imag) / distance))
            poles += [complex(distance, step * distance) for step in steps]
            distance /= _NEARER
        return np.array(poles)

    def _worst(self, poles: np.ndarray, left: np.ndarray) -> list[complex]:
        """The worst pole, and the worst of other lines that are nearly as bad."""
        chosen: list[complex] = []
        for index in np.argsort(left)[::-1]:
            pole = complex(poles[index])
            if left[index] < _AS_BAD * left.max() or len(chosen) == _AT_ONCE:
                break
            if all(abs(pole.imag - other.imag) > self._frequency for other in chosen):
                chosen.append(pole)
        return chosen

    def _left_over(self, poles: np.ndarray) -> np.ndarray:
        """‖u(0) − (s − L) u(s)‖/‖u(0)‖, and less where no line is near."""
        rates, modes, parts = self._eigen()
        wrong = (self._vectors @ self._probes_moved).T
        wrong = wrong - (self._vectors @ self._probes).T @ self._small
        apart = poles[None, :] - rates[:, None]
        transform = (modes * parts) @ (1.0 / apart)
        nearest = np.minimum(np.abs(apart), np.abs(poles - rates.conj()[:, None])).min(axis=0)
        size = np.linalg.norm(wrong @ transform, axis=0)
        return size * np.minimum(1.0, poles.real / nearest)
