"""How ⟨a⟩ decays, with all memory of the electrons: the friction once more, and the frequency.

The generator L of the hierarchy has eigenvalues −Γ/2 − i(ω0 + δω) of operators that turn with the
oscillator, such as the coherences ρ_{n+1,n}; the slowest of them is what is left of ⟨a(t)⟩ at long
times.  For a weakly damped oscillator Γ is the friction, to first order in λ²

    Γ = [S(ω0) − S(−ω0)]/(2mω0).

On a ring Γ is the width of its line, which is never negative: by itself friction that is negative
at rest shows in the ring.  With damping enough to hold the oscillator at rest, Γ less that damping
is the friction of the electrons, with its sign.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import lu_factor, lu_solve
from scipy.sparse.linalg import LinearOperator, eigs

from qemlib._locked import Locked
from qemlib.devices.device import Device
from qemlib.errors import ConvergenceError
from qemlib.heom._chains import PairChain
from qemlib.heom._convergence import Search
from qemlib.heom._equations import Motion
from qemlib.heom._leads import Leads
from qemlib.heom._solution import Resolution, equations_of
from qemlib.heom._task import Task
from qemlib.heom.exponentials import Exponentials

__all__ = ["CoherenceDecay", "coherence_decay"]

_EIGENVALUES, _ATTEMPTS = 6, 8
_START = 1e-3  # of ω0, from the axis
_FEWER_LEVELS = 0.85
# Of the real part of the slowest eigenvalue: how far beside it others are looked for, and what of
# that may be missed.
_BESIDE, _MISSED = 0.1, 0.05


@dataclass(frozen=True, eq=False)
class CoherenceDecay(Locked):
    """The slowest decay of ⟨a⟩.

    Attributes
    ----------
    rate : float
        Γ: ⟨a⟩ decays as e^{−Γt/2}, and the energy of a weakly damped oscillator as e^{−Γt}.
    frequency_shift : float
        δω: ⟨a⟩ turns as e^{−i(ω0 + δω)t}.
    error : dict of str to float
        Of "rate" and "frequency_shift": twice what one step of each cut-off changes, added up.
    damping : float
        What of the rate is not the electrons'.
    """

    rate: float
    frequency_shift: float
    error: dict[str, float]
    damping: float = 0.0

    @property
    def friction(self) -> float:
        """What the electrons add to the rate: negative where they drive a damped oscillator."""
        return self.rate - self.damping

    def __repr__(self) -> str:
        return (
            f"CoherenceDecay(rate={self.rate:.5g} +/- {self.error['rate']:.1g}, "
            f"frequency_shift={self.frequency_shift:.5g} "
            f"+/- {self.error['frequency_shift']:.1g})"
        )


def coherence_decay(
    device: Device,
    accuracy: float = 1e-2,
    *,
    damping: float = 0.0,
    bath_occupation: float | None = None,
    bath_temperature: float | None = None,
    exponentials: tuple[Exponentials, Exponentials] | None = None,
    memory_limit: float = 4e9,
    time_limit: float = 3600.0,
    progress: bool = True,
) -> CoherenceDecay:
    """Rate and frequency with which ⟨a⟩ decays, from the slowest eigenvalue of the hierarchy.

    Parameters, errors: as for `full_quantum`, whose cut-offs at this `accuracy` are taken.

    Returns
    -------
    CoherenceDecay

    Examples
    --------
    A weakly coupled oscillator in equilibrium, and its friction by the golden rule:

    >>> from dataclasses import replace
    >>> import qemlib as qem
    >>> fast = qem.Oscillator(frequency=1.0)
    >>> device = replace(qem.paper_device(voltage=0.0), oscillator=fast, coupling=0.05)
    >>> found = coherence_decay(device, accuracy=0.05, progress=False)
    >>> given, taken = qem.noise_spectrum(device, 0.0, [1.0, -1.0])
    >>> bool(abs(found.rate / ((given - taken) / 2.0) - 1.0) < 0.01)
    True

    At an infinite bias the electrons drive it, and only damping holds it at rest:

    >>> import numpy as np
    >>> left, right = device.leads
    >>> full = replace(left, chemical_potential=np.inf)
    >>> empty = replace(right, chemical_potential=-np.inf)
    >>> driven = replace(device, left=full, right=empty, coupling=0.02)
    >>> found = coherence_decay(driven, damping=1e-3, progress=False)
    >>> given, taken = qem.noise_spectrum(driven, 0.0, [1.0, -1.0])
    >>> bool(found.friction < 0.0), bool(abs(found.friction / ((given - taken) / 2.0) - 1.0) < 0.05)
    (True, True)
    """
    search = Search(
        Task(
            device=device,
            accuracy=accuracy,
            damping=damping,
            bath_occupation=bath_occupation,
            bath_temperature=bath_temperature,
            exponentials=exponentials,
            memory_limit=memory_limit,
            time_limit=time_limit,
            progress=progress,
        )
    )
    resolution, found, _ = search.run()
    leads, motion = search.leads, replace(search.motion, charge=found.charge)

    def eigenvalue(number: int, cut: Resolution, nearby: complex | None) -> complex:
        pair = leads.pair(number)
        cut = replace(cut, terms=leads.terms(number))
        return _slowest(pair, device.level, motion, cut, nearby)

    best = eigenvalue(search.number, resolution, None)
    known = {(search.number, resolution): best}
    off = []
    for step in _steps(search, leads, resolution):
        known |= {cuts: eigenvalue(*cuts, best) for cuts in step if cuts not in known}
        off.append(known[step[0]] - known[step[1]])
    return CoherenceDecay(
        rate=-2.0 * best.real,
        frequency_shift=-best.imag - device.oscillator.frequency,
        damping=motion.damping,
        error={
            "rate": 4.0 * sum(abs(each.real) for each in off),
            "frequency_shift": 2.0 * sum(abs(each.imag) for each in off),
        },
    )


def _steps(
    search: Search, leads: Leads, resolution: Resolution
) -> Iterator[tuple[tuple[int, Resolution], tuple[int, Resolution]]]:
    """Pairs of cut-offs a step apart: where the others are cheap, as in the search for them."""
    cheap = replace(resolution, depth=1)
    yield (
        (leads.fewest, replace(cheap, levels=int(_FEWER_LEVELS * cheap.levels))),
        (leads.fewest, cheap),
    )
    wider = replace(cheap, bandwidth=cheap.bandwidth + 1)
    yield (leads.fewest, cheap), (leads.fewest, wider)
    if not leads.exact:
        yield (search.number, cheap), (search.number + 1, cheap)
    deeper = replace(resolution, depth=resolution.depth + 1)
    yield (leads.fewest, resolution), (leads.fewest, deeper)


def _slowest(
    pair: tuple[Exponentials, Exponentials],
    level: float,
    motion: Motion,
    resolution: Resolution,
    nearby: complex | None,
) -> complex:
    """The eigenvalue near −iω0 that decays most slowly; `nearby`, the same for other cut-offs."""
    _, equations = equations_of(pair, level, motion, resolution, parity=-1)
    shifted = _Shifted(PairChain(equations))
    size, omega0 = sum(shifted.widths), motion.frequency
    generator = LinearOperator((size, size), shifted.apply, dtype=complex)
    start = shifted.turning()
    shift = complex(_START * omega0, -omega0) if nearby is None else _beside(nearby)
    for _ in range(_ATTEMPTS):
        shifted.factorise(shift)
        inverse = LinearOperator((size, size), shifted.solve, dtype=complex)
        values, vectors = eigs(generator, _EIGENVALUES, sigma=shift, OPinv=inverse, v0=start)
        near = np.abs(values.imag + omega0) < 0.5 * omega0
        if near.any():
            best = int(np.argmax(np.where(near, values.real, -np.inf)))
            slowest, start = complex(values[best]), vectors[:, best]
            before, shift = shift, _beside(slowest)
            if abs(shift - before) < _MISSED * abs(slowest.real):
                return slowest
    raise ConvergenceError(f"coherence_decay: no eigenvalue near {-1j * omega0:.6g} was settled on")


def _beside(eigenvalue: complex) -> complex:
    """Where to look for others that decay more slowly."""
    return eigenvalue + _BESIDE * abs(eigenvalue.real)


class _Shifted:
    """Solutions of (L − z) x = b along a chain of blocks, from its far end and back."""

    def __init__(self, chain: PairChain) -> None:
        self._chain, count = chain, chain.length
        self.widths = [chain.width(j) for j in range(count)]
        self._stops = np.cumsum(self.widths)[:-1]
        self._own = [chain.between(j, j) for j in range(count)]
        self._up = [chain.between(j, j + 1) for j in range(count - 1)]
        self._down = [chain.between(j + 1, j) for j in range(count - 1)]

    def turning(self) -> np.ndarray:
        """A vector that turns as e^{−iω0t} where nothing else acts: ρ_{n+1,n} alike for all n."""
        equations, parts = self._chain.equations, []
        for j, width in enumerate(self.widths):
            part = np.zeros(width, dtype=complex)
            if j:  # m − n = 1 comes first, with real parts and then imaginary ones
                part[0], part[equations.size] = 1.0, -1j
            parts.append(part)
        return np.concatenate(parts)

    def apply(self, x: np.ndarray) -> np.ndarray:
        """L x."""
        parts = np.split(np.ravel(x), self._stops)
        result = [own @ part for own, part in zip(self._own, parts, strict=True)]
        for j, (up, down) in enumerate(zip(self._up, self._down, strict=True)):
            result[j] += up @ parts[j + 1]
            result[j + 1] += down @ parts[j]
        return np.concatenate(result)

    def factorise(self, shift: complex) -> None:
        """Prepare for z = `shift`."""
        self._factors: list = [None] * len(self.widths)
        self._answers: list = [None] * len(self._down)
        for j in reversed(range(len(self.widths))):
            matrix = self._own[j].toarray() - shift * np.eye(self.widths[j])
            if j < len(self._up):
                down = self._down[j]
                felt = np.unique(down.indices)  # the others, more than half, act on none below
                below = lu_solve(self._factors[j + 1], down[:, felt].toarray(), check_finite=False)
                matrix[:, felt] -= self._up[j] @ below
                self._answers[j] = felt, below
            self._factors[j] = lu_factor(matrix, overwrite_a=True, check_finite=False)

    def solve(self, right: np.ndarray) -> np.ndarray:
        """(L − z)⁻¹ right."""
        x = [part.copy() for part in np.split(np.ravel(right), self._stops)]
        for j in reversed(range(len(x))):
            if j < len(self._up):
                x[j] -= self._up[j] @ x[j + 1]
            x[j] = lu_solve(self._factors[j], x[j], check_finite=False)
        for j, (felt, below) in enumerate(self._answers):
            x[j + 1] -= below @ x[j][felt]
        return np.concatenate(x)
