"""Charge and oscillator without approximation, against the Fokker-Planck equation (A24).

The charge has two levels, coupled by tunnelling and damped at a fixed temperature; n̂ is the
occupation of one of them, less its mean.  The oscillator is kept in a Fock basis, and QuTiP finds
the steady state of the whole.  Along ω0 = ηΩ, λ = ηΛ the charge stays as it is while the motion
becomes slow and the coupling weak.  ħ = k_B = 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse.linalg import expm_multiply

from qemlib import _checks
from qemlib._extras import extra
from qemlib.fokker_planck.correlations import position_correlation
from qemlib.fokker_planck.state import SteadyState
from qemlib.fokker_planck.stationary import steady_state
from qemlib.motion.model import LangevinModel
from qemlib.paper.checks.surrogate import SurrogateCharge

__all__ = [
    "Comparison",
    "compare",
    "exact_state",
    "fitted_order",
    "mismatch_of_spectra",
    "predicted_state",
    "two_level_charge",
    "two_time_correlation",
]

# Ω and Λ of the path; levels, tunnelling, damping and temperature of the charge: energies.
_FREQUENCY, _COUPLING = 1.0, 0.2
_SPLITTING, _TUNNELLING, _RATE, _TEMPERATURE = 0.5, 1.0, 1.0, 0.5
# Half width of the model's grid in units of x0, and its points.
_HALF_WIDTH, _POINTS = 14.0, 121


@dataclass(frozen=True)
class Comparison:
    """One point of the path.

    Attributes
    ----------
    eta : float
        η.
    exact : float
        ⟨a†a⟩ of the full model.
    predicted : float
        ⟨a†a⟩ of the Fokker-Planck equation.
    energy_error : float
        |predicted − exact|/(exact + 1/2).
    distance : float
        Trace distance ½‖ρ − ρ'‖₁ of the two density matrices.
    last_population : float
        Population of the highest level kept.
    """

    eta: float
    exact: float
    predicted: float
    energy_error: float
    distance: float
    last_population: float


@lru_cache
def two_level_charge(force: float = 1.0) -> SurrogateCharge:
    """The charge, with a force per charge; n̂ has no mean at x = 0.

    Examples
    --------
    The force lowers the charged level where x > 0: it fills there.

    >>> charge = two_level_charge()
    >>> round(charge.mean(1.0), 6), round(charge.mean(-1.0), 6)
    (0.23394, -0.133896)
    """
    occupied = np.diag([1.0, 0.0])
    tunnelling = 0.5 * _TUNNELLING * np.array([[0.0, 1.0], [1.0, 0.0]])
    hamiltonian = _SPLITTING * (occupied - 0.5 * np.eye(2)) + tunnelling
    energies, states = np.linalg.eigh(hamiltonian)
    down = np.outer(states[:, 0], states[:, 1])
    quanta = 1 / np.expm1((energies[1] - energies[0]) / _TEMPERATURE)
    jumps = (np.sqrt(_RATE * (quanta + 1)) * down, np.sqrt(_RATE * quanta) * down.T)
    mean = SurrogateCharge(hamiltonian, occupied, jumps, force).mean(0.0)
    return SurrogateCharge(hamiltonian, occupied - mean * np.eye(2), jumps, force)


@lru_cache
def exact_state(eta: float, levels: int) -> np.ndarray:
    """The oscillator's density matrix in the steady state of the full model.

    Parameters
    ----------
    eta : float
        η > 0.
    levels : int
        Number of Fock states.

    Returns
    -------
    ndarray, shape (levels, levels)

    Examples
    --------
    >>> exact_state(0.5, levels=12).diagonal().real[:4].round(4)
    array([0.5968, 0.2398, 0.0969, 0.0393])
    """
    _, _, rho = _whole(eta, levels)
    return rho.ptrace(1).full()


@lru_cache
def predicted_state(eta: float) -> SteadyState:
    """The steady state of (A24), with F⟨n⟩_x, γ(x) and D(x) of the two-level charge.

    Examples
    --------
    >>> state = predicted_state(0.5)
    >>> round(state.phonon_number, 6), round(state.g2, 6)
    (0.582253, 2.017384)
    """
    eta = _checks.positive("eta", eta)
    frequency = eta * _FREQUENCY
    x0 = np.sqrt(2 / frequency)
    force = 2 * eta * _COUPLING / x0
    charge = two_level_charge(force)
    x = np.linspace(-_HALF_WIDTH * x0, _HALF_WIDTH * x0, _POINTS)
    model = LangevinModel(
        mass=1.0,
        frequency=frequency,
        x=x,
        force=np.array([force * charge.mean(each) for each in x]),
        damping=np.array([force * charge.response(each) for each in x]),
        diffusion=np.array([charge.diffusion(each) for each in x]),
        note="two-level charge",
    )
    return steady_state(model)


def compare(eta: float, levels: int) -> Comparison:
    """Full model and Fokker-Planck equation at one η, with `levels` Fock states in both.

    Examples
    --------
    At η = 0.5 the motion is not slow yet, and the energies differ by 8 %:

    >>> found = compare(0.5, levels=12)
    >>> round(found.exact, 4), round(found.predicted, 4), round(found.energy_error, 4)
    (0.6796, 0.5823, 0.0825)
    """
    rho, state = exact_state(eta, levels), predicted_state(eta)
    exact = float(np.diag(rho).real @ np.arange(levels))
    difference = np.linalg.eigvalsh(rho - state.density_matrix(levels))
    return Comparison(
        eta=float(eta),
        exact=exact,
        predicted=state.phonon_number,
        energy_error=abs(state.phonon_number - exact) / (exact + 0.5),
        distance=float(0.5 * np.abs(difference).sum()),
        last_population=float(rho[-1, -1].real),
    )


def two_time_correlation(
    eta: float, levels: int, times: ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    """Re⟨x̂(t+τ)x̂(t)⟩ of the full model and 𝔼[x(t+τ)x(t)] of (A24), in the steady state.

    The first is Eq. (A28) with the exact evolution of charge and oscillator; the second follows
    xW with (A24), as in Eqs. (A29) to (A31).

    Parameters
    ----------
    eta : float
    levels : int
        Number of Fock states.
    times : ndarray, shape (n,)
        τ, equally spaced (1/energy).

    Returns
    -------
    exact, predicted : ndarray, shape (n,)
        In units of x0².

    Examples
    --------
    At once, after a quarter of a period and after half of one:

    >>> import numpy as np
    >>> times = np.linspace(0.0, 2 * np.pi, 3)
    >>> exact, predicted = two_time_correlation(0.5, levels=12, times=times)
    >>> exact.round(4), predicted.round(4)
    (array([ 0.592 ,  0.0046, -0.5885]), array([ 0.5435,  0.0047, -0.5406]))
    """
    with extra("quantum", "charge and oscillator together"):
        import qutip

    times = _checks.finite_array("times", times, ndim=1)
    span = {"start": times[0], "stop": times[-1], "num": times.size}
    hamiltonian, jumps, rho = _whole(eta, levels)
    evolution = qutip.liouvillian(hamiltonian, jumps).data.as_scipy().tocsr()
    a = qutip.destroy(levels)
    position = qutip.tensor(qutip.qeye(2), 0.5 * (a + a.dag())).full()
    # QuTiP stacks columns.
    begun = (position @ rho.full()).ravel(order="F")
    later = expm_multiply(evolution, begun, **span)
    exact = (later @ position.conj().ravel(order="F")).real

    state = predicted_state(eta)
    return exact, position_correlation(state, times) / state.model.x0**2


def mismatch_of_spectra(eta: float) -> float:
    """The relative error of ⟨a†a⟩ + ½ that the theory expects as η → 0.

    A weakly coupled oscillator samples the noise at ±ω0: ⟨a†a⟩ + ½ is half of
    [S(ω0) + S(−ω0)]/[S(ω0) − S(−ω0)].  The Fokker-Planck equation has S(0)/2ω0S'(0) instead.

    Examples
    --------
    It is of second order in η:

    >>> round(mismatch_of_spectra(0.02) / mismatch_of_spectra(0.01), 2)
    4.0
    """
    frequency = _checks.positive("eta", eta) * _FREQUENCY
    charge = two_level_charge()
    up, down = (charge.noise_spectrum(0.0, sign * frequency) for sign in (1, -1))
    sampled = 0.5 * (up + down) / (up - down)
    slow = charge.noise_spectrum(0.0, 0.0) / (2 * frequency * charge.noise_slope(0.0))
    return abs(slow / sampled - 1)


def fitted_order(eta: ArrayLike, error: ArrayLike) -> tuple[float, float]:
    """The power p of error ∝ η^p as η → 0, and its uncertainty.

    Parameters
    ----------
    eta, error : array_like, shape (points,)
        At least five points.

    Returns
    -------
    order, uncertainty : float
        From a fit of ln error = a + p ln η + bη², in which b takes up the next order.  The
        uncertainty is the largest of the fit's standard error, of the change of p when the largest
        η is left out, and of the change when the next order is taken as bη.

    Raises
    ------
    ValueError
        If there are fewer than five points, or a number is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> eta = np.array([0.1, 0.15, 0.2, 0.3, 0.4])
    >>> order, uncertainty = fitted_order(eta, 3 * eta**2 * np.exp(eta**2))
    >>> round(order, 6), uncertainty < 0.1
    (2.0, True)
    """
    eta = _checks.finite_array("eta", eta, ndim=1)
    error = _checks.finite_array("error", error, ndim=1)
    if eta.size < 5 or eta.shape != error.shape:
        raise ValueError(
            f"eta and error must have the same five points or more, got {eta.size} and {error.size}"
        )
    if min(eta.min(), error.min()) <= 0:
        raise ValueError("eta and error must be positive")

    def fit(kept: np.ndarray, next_order: float) -> tuple[float, float]:
        one = np.ones(kept.sum())
        design = np.stack([one, np.log(eta[kept]), eta[kept] ** next_order], axis=1)
        found, *_ = np.linalg.lstsq(design, np.log(error[kept]), rcond=None)
        rest = np.log(error[kept]) - design @ found
        variance = rest @ rest / (kept.sum() - 3)
        return found[1], np.sqrt(np.linalg.inv(design.T @ design)[1, 1] * variance)

    everywhere = np.ones(eta.size, dtype=bool)
    order, spread = fit(everywhere, 2)
    shorter, _ = fit(eta < eta.max(), 2)
    otherwise, _ = fit(everywhere, 1)
    return float(order), float(max(spread, abs(shorter - order), abs(otherwise - order)))


@lru_cache
def _whole(eta: float, levels: int) -> tuple[Any, Any, Any]:
    """Hamiltonian, jump operators and steady state of charge and oscillator, by QuTiP."""
    with extra("quantum", "charge and oscillator together"):
        import qutip

    eta, levels = _checks.positive("eta", eta), _checks.integer("levels", levels, 2)
    charge = two_level_charge()
    a, one = qutip.destroy(levels), qutip.qeye(levels)
    hamiltonian = (
        qutip.tensor(qutip.Qobj(charge.hamiltonian), one)
        + eta * _FREQUENCY * qutip.tensor(qutip.qeye(2), a.dag() * a)
        - eta * _COUPLING * qutip.tensor(qutip.Qobj(charge.charge), a + a.dag())
    )
    jumps = [qutip.tensor(qutip.Qobj(jump), one) for jump in charge.jumps]
    # Iterated: the row of the trace, which a direct solution puts in, would fill the factors.
    return hamiltonian, jumps, qutip.steadystate(hamiltonian, jumps, method="power")
