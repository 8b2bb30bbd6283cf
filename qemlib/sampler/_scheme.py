"""What the sampler asks of a scheme, and what follows from its step alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from qemlib.motion.model import LangevinModel

Array = np.ndarray
# From q, y and ξ: the change b − (1 − a) y + s ξ of y, and the push b alone.
Kick = Callable[[Any, Any, Any], tuple[Any, Any]]

NODES = 4097  # of the table of coefficients, of which the nearest is taken
_REACH = 16.0  # x0, of the linear oscillator whose map is read off
_FEW = 17


class Scheme(ABC):
    """An integrator of Eq. (6) for `qemlib.sample`.

    Lengths are in units of x0 and momenta in units of p0, so that ω0Δt = θ turns
    (q, y) = (x/x0, p/p0); q counts from `turns_about`.  A scheme is one step, written twice:
    `stride` makes it fast, for a block of walkers, and `move` tells what it is, for arrays.  From
    `move` follow the bias of a step and the rates that it resolves.  All else has a default, that
    of a scheme which takes friction, force and noise for the whole step from where the walker is.

    Attributes
    ----------
    name : str
        What is printed of it.
    dtype : type
        float32, or float64 for steps so small that float32 would round them away.
    angle : float or None
        ω0Δt to begin with where no step is given; None if one must be.
    first_order : bool
        True if the step's error is of first order, and `solved` another model.
    kept : bool
        True if the compiled code may be kept on disk: for the schemes of this package.

    Notes
    -----
    ``stride(state, words, scratch, field, interval)`` is compiled by Numba, or a function that it
    can compile.  It makes `interval` steps and returns −1, or the number of the step at which a
    walker was off the grid.  `state` holds q and y in two rows.  The stages of
    `qemlib.sampler.kernels` do the common work: ``draw(words, scratch.xi)`` fills ξ,
    ``look_up(state, scratch, field)`` the rows 1 − a, b, s and a filler of each walker in
    `scratch.rows`, and returns how many are off the grid; `field.angles` is what `angles` returns.

    Examples
    --------
    Symplectic Euler of one's own: a class of this kind goes where its name would.

    >>> import numpy as np
    >>> import qemlib as qem
    >>> from qemlib.sampler.kernels import LANES, draw, look_up
    >>> from qemlib.sampler.schemes import Scheme, linear_bias
    >>> class Mine(Scheme):
    ...     name = "mine"
    ...
    ...     @staticmethod
    ...     def stride(state, words, scratch, field, interval):
    ...         theta, rows, xi = field.angles[0, 0], scratch.rows, scratch.xi
    ...         for k in range(interval):
    ...             draw(words, xi)
    ...             if look_up(state, scratch, field):
    ...                 return k
    ...             for i in range(LANES):
    ...                 q, y = state[0, i], state[1, i]
    ...                 y += rows[4 * i + 1] - rows[4 * i] * y + rows[4 * i + 2] * xi[i] - theta * q
    ...                 state[0, i] = q + theta * y
    ...                 state[1, i] = y
    ...         return -1
    ...
    ...     def move(self, q, y, xi, theta, kick):
    ...         y = y + kick(q, y, xi)[0] - theta * q
    ...         return q + theta * y, y
    >>> print(f"{linear_bias(Mine(), 0.2, 1e-3):+.0e}")
    +1e-02
    """

    name: ClassVar[str]
    dtype: ClassVar[type] = np.float32
    angle: ClassVar[float | None] = None
    first_order: ClassVar[bool] = False
    kept: ClassVar[bool] = False

    @staticmethod
    @abstractmethod
    def stride(state: Array, words: Array, scratch: Any, field: Any, interval: int) -> int:
        """Steps of a block of walkers; see the notes."""

    @abstractmethod
    def move(self, q: Any, y: Any, xi: Any, theta: float, kick: Kick) -> tuple[Any, Any]:
        """Where one step takes arrays q and y with the noise ξ."""

    def turns_about(self, center: float) -> float:
        """Position from which q counts; `center` is the point of rest."""
        return 0.0

    def angles(self, theta: float) -> Array:
        """What `stride` takes for the angle of a step and of half a step; shape (2, 2)."""
        return np.array([[theta, theta], [theta / 2.0, theta / 2.0]])

    def columns(self, model: LangevinModel, x: Array, force: Array, step: float) -> tuple[Any, ...]:
        """1 − a, and b and s as momenta, at positions x; `force` is what is left of f there."""
        loss = model.damping_at(x) * step
        return loss, force * step, np.sqrt(model.diffusion_at(x) * step)

    def coefficients(
        self, model: LangevinModel, step: float, origin: float, nodes: int = NODES
    ) -> tuple[Array, Array]:
        """Rows (1 − a, b/p0, s/p0, 0) at evenly spaced nodes, and the nodes' positions.

        A scheme that turns about `origin` needs only the force that is left there of f − mω0²x.
        """
        x = np.linspace(model.x[0], model.x[-1], nodes)
        force = model.force_at(x) - model.mass * model.frequency**2 * origin
        loss, push, noise = self.columns(model, x, force, step)
        rows = (loss, push / model.p0, noise / model.p0, 0.0)
        return np.stack([row * np.ones_like(x) for row in rows], axis=1), x

    def seen(self, q: Any, y: Any, theta: float) -> tuple[Any, Any]:
        """What is recorded of a walker that is about to `move` from (q, y)."""
        return q, y

    def recorded_factors(self, theta: float) -> tuple[float, float]:
        """What ⟨α²⟩ and ⟨α⟩ are to be divided by, to first order in the electrons' force."""
        return 1.0, 1.0

    def solved(self, model: LangevinModel, step: float) -> LangevinModel:
        """The model that the scheme solves in place of the one it is given, to first order."""
        return model

    def advice(self, model: LangevinModel) -> str:
        """What is added where a step is missing."""
        return ""

    def kick(self, model: LangevinModel, step: float, origin: float, nodes: int) -> Kick:
        """The kick of a step, from the table that `stride` has, between nodes by straight lines."""
        rows, x = self.coefficients(model, step, origin, nodes)
        per_node, first = model.x0 * (x.size - 1) / (x[-1] - x[0]), x[0] / model.x0
        shift = origin / model.x0

        def kick(q: Any, y: Any, xi: Any) -> tuple[Any, Any]:
            place = ((q + shift - first) * per_node).clip(0, x.size - 1)
            node = np.minimum(place.astype(int), x.size - 2)
            part = (place - node)[..., None]
            row = (1.0 - part) * rows[node] + part * rows[node + 1]
            loss, push, noise = np.moveaxis(row[..., :3], -1, 0)
            return push - loss * y + noise * xi, push

        return kick

    def linear_map(self, theta: float, friction: float, pull: float) -> tuple[Array, Array]:
        """(M, N) of z ← M z + noise of covariance N, over one step between two records.

        For a linear oscillator with ⟨y²⟩ = 1 in equilibrium, read off from `move`.
        """
        x = np.linspace(-_REACH, _REACH, _FEW)
        one = np.ones(_FEW)
        model = LangevinModel(1.0, 1.0, x, pull * x, friction * one, 2.0 * friction * one)
        kick = self.kick(model, theta, 0.0, nodes=_FEW)
        unit = np.eye(2)
        move = np.array(self.move(unit[0], unit[1], 0.0, theta, kick))
        noise = model.p0 * np.array(self.move(np.zeros(1), np.zeros(1), 1.0, theta, kick))
        seen = np.array(self.seen(unit[0], unit[1], theta))
        noise = seen @ noise
        return seen @ move @ np.linalg.inv(seen), noise @ noise.T
