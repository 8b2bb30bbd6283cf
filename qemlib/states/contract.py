"""What every state of the oscillator tells, wherever it came from.

Marginals have one convention: x_θ = x cos θ + (p/mω0) sin θ, a length, is the position after an
angle θ of free motion.  In units of x0 it is Re(α e^{−iθ}).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, TypeGuard, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike

from qemlib import _checks
from qemlib.devices.device import Device, Oscillator

__all__ = ["OfOscillator", "State", "is_sampled", "is_state", "refuse_without"]


@runtime_checkable
class State(Protocol):
    """A state of the oscillator: the small set that all of them offer.

    `SteadyState`, `OrbitAverage`, `SampledState` and `QuantumState` keep it.  A class of your own
    that does is taken wherever they are; it need not inherit from anything.

    Attributes
    ----------
    oscillator : Oscillator
    device : Device or None
        What drives it, where that is known.
    error : mapping of str to float
        What is known of errors: of "phonon_number" and "g2", relative; of an "eigenvalue" of ρ.
    violations : tuple of str
        What keeps it from being a quantum state, in words; empty if nothing does.
    phonon_number, g2 : float
        ⟨a†a⟩ and g⁽²⁾(0), Eq. (10).
    energy : float
        ⟨p²/2m + mω0²x²/2⟩ = ω0(⟨a†a⟩ + 1/2).
    squeezing : complex
        ⟨a²⟩: zero for a state that does not change under rotation.
    """

    @property
    def oscillator(self) -> Oscillator: ...

    @property
    def device(self) -> Device | None: ...

    @property
    def error(self) -> Mapping[str, float]: ...

    @property
    def violations(self) -> tuple[str, ...]: ...

    @property
    def phonon_number(self) -> float: ...

    @property
    def g2(self) -> float: ...

    @property
    def energy(self) -> float: ...

    @property
    def squeezing(self) -> complex: ...

    def populations(self, levels: int) -> np.ndarray:
        """ρ_nn of the lowest levels, n = 0 … levels − 1; shape (levels,)."""
        ...

    def density_matrix(self, levels: int) -> np.ndarray:
        """ρ_nm in the oscillator's energy eigenbasis, complex; shape (levels, levels)."""
        ...

    def wigner(self, x: ArrayLike, p: ArrayLike) -> np.ndarray:
        """W(x, p), ∫dx dp W = 1; arrays broadcast."""
        ...

    def radial_profile(self, r: ArrayLike) -> np.ndarray:
        """Angular average of W(α) at |α| = r, ∫d²α W = 1; array of r's shape."""
        ...

    def position_density(self, x: ArrayLike) -> np.ndarray:
        """P(x), ∫dx P = 1; array of x's shape."""
        ...

    def momentum_density(self, p: ArrayLike) -> np.ndarray:
        """P(p), ∫dp P = 1; array of p's shape."""
        ...

    def quadrature_density(self, x: ArrayLike, angle: float) -> np.ndarray:
        """P(x_θ) of x_θ = x cos θ + (p/mω0) sin θ with θ = `angle`, ∫dx_θ P = 1."""
        ...


class OfOscillator:
    """What follows from ⟨a†a⟩, and from the density of one quadrature, for any state.

    Who inherits has an `oscillator`, a `phonon_number` and a method `_quadrature(u, turn)`: the
    density of Re(α e^{−iθ}) at the numbers u, shape (points,), for turn = e^{iθ}.
    """

    oscillator: Any
    phonon_number: Any

    def _quadrature(self, u: np.ndarray, turn: complex) -> np.ndarray:
        raise NotImplementedError

    def _known(self) -> Oscillator:
        return self.oscillator

    @property
    def energy(self) -> float:
        """⟨p²/2m + mω0²x²/2⟩ = ω0(⟨a†a⟩ + 1/2)."""
        return self._known().frequency * (self.phonon_number + 0.5)

    def position_density(self, x: ArrayLike) -> np.ndarray:
        """P(x), ∫dx P = 1; array of x's shape."""
        return self._marginal("x", x, self._known().x0, 1.0)

    def momentum_density(self, p: ArrayLike) -> np.ndarray:
        """P(p), ∫dp P = 1; array of p's shape."""
        return self._marginal("p", p, self._known().p0, 1j)

    def quadrature_density(self, x: ArrayLike, angle: float) -> np.ndarray:
        """P(x_θ), ∫dx_θ P = 1; array of x's shape.

        Parameters
        ----------
        x : array_like
            Values of x_θ = x cos θ + (p/mω0) sin θ (length).
        angle : float
            θ: 0 is position, π/2 is p/mω0.

        Raises
        ------
        ValueError
            If an argument is not finite.
        """
        angle = _checks.finite("angle", angle)
        turn = complex(np.cos(angle), np.sin(angle))
        return self._marginal("x", x, self._known().x0, turn)

    def _marginal(self, name: str, values: ArrayLike, scale: float, turn: complex) -> np.ndarray:
        at = _checks.finite_array(name, values)
        density = self._quadrature(at.ravel() / scale, complex(turn))
        return density.reshape(at.shape) / scale


def is_state(value: Any) -> TypeGuard[State]:
    """Whether it is a state and no array: it has populations and a density matrix to ask for."""
    named = (getattr(value, name, None) for name in ("populations", "density_matrix"))
    return all(callable(each) for each in named) and not isinstance(value, type)


def is_sampled(state: Any) -> bool:
    """Whether what it tells has the noise of samples: it has populations from each batch."""
    return callable(getattr(state, "population_batches", None))


def refuse_without(state: Any, *names: str) -> None:
    """TypeError unless `state` has what is asked of it."""
    lacking = [name for name in names if not hasattr(state, name)]
    if lacking:
        raise TypeError(
            f"state must have {', '.join(names)}, as a SteadyState does; "
            f"{type(state).__name__} has no {', '.join(lacking)}"
        )
