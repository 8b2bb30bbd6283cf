"""Dot, oscillator and leads together, with nothing eliminated.

The Hamiltonian is H = ε c†c + ω0 a†a − λ(a + a†)(c†c − N0), Eqs. (1) and (4) with Fx = λ(a + a†).
The leads do not interact, and act through C_α^±(t) = Σ_l η_αl^± e^{−γ_αl^± t} alone.  For each set
J of indices j = (±, α, l) there is an auxiliary operator ρ_J of dot and oscillator, ρ_∅ = ρ, and

    dρ_J/dt = −i[H, ρ_J] − Σ_{j∈J} γ_j ρ_J − i Σ_{j∉J} A_j ρ_{J+j} − i Σ_{j∈J} ± C_j ρ_{J−j}:

hierarchical equations of motion (`_hierarchy`).  Each index adds an electron or takes one, so that
a ρ_J of charge q holds dot elements |a⟩⟨b| with a − b = q alone.  In Fock states of the oscillator

    0 = (E_k u)(m, n) + iλ [(a − N0) √m u(m−1, n) + … − (b − N0) √n u(m, n−1) − …],   k = m − n,

with E_k = E − iω0 k from electrons at rest.  Kept is |k| ≤ K.  Adjoints and, where the device has
it, the mirror c → c†, L ↔ R, x → −x leave a quarter of the real unknowns (`_equations`).  The force
changes s = m + n by one.  Odd s are eliminated, u_s = −D⁻¹(U u_{s+1} + L u_{s−1}), and one
tridiagonal chain of blocks x_j is left, one for each level.  From the highest level down

    x_j = R_j x_{j−1},   R_j = −(A_j + U_j R_{j+1})⁻¹ L_j

(`_chains`, `_elimination`).  No time is integrated: slow friction costs nothing, and the ratios
p_{n+1}/p_n do not feel the cut-off.

Operators deeper than a depth d follow the others at once: they are eliminated from E_k, which is
exact but for what the force moves the level while the deep ones last, and these decay fast.  So
d = 1 is right to 1 %, and d = 2 to some 1e-4, where cutting off takes two steps more.
"""

from __future__ import annotations

from qemlib.devices.device import Device
from qemlib.errors import ConvergenceError
from qemlib.heom._convergence import TOP, Pair, Search, changes_between, left_out
from qemlib.heom._solution import Solution
from qemlib.heom._task import Task
from qemlib.heom.exponentials import Exponentials
from qemlib.heom.state import FullQuantumState

__all__ = ["full_quantum"]

# What levels beyond the highest hold together, in units of it; and what arithmetic leaves.
_BEYOND, _ROUND_OFF = 50.0, 1e-11


def full_quantum(
    device: Device,
    accuracy: float = 1e-2,
    *,
    damping: float = 0.0,
    bath_occupation: float | None = None,
    bath_temperature: float | None = None,
    exponentials: tuple[Exponentials, Exponentials] | None = None,
    levels: int | None = None,
    memory_limit: float = 4e9,
    time_limit: float = 3600.0,
    progress: bool = True,
) -> FullQuantumState:
    """Stationary state of dot, oscillator and leads, without adiabatic elimination.

    Depth, Padé terms, coherences and levels are taken as far as `accuracy` asks.

    Parameters
    ----------
    device : Device
        With Lorentzian leads at any voltage; chemical potentials may be infinite.
    accuracy : float
        Largest relative error of ⟨a†a⟩ and g2, from 1e-7 to 0.1.
    damping : float
        Rate at which the oscillator's energy decays by itself, ω0/Q ≥ 0, as in a Lindblad equation
        with the jumps a and a†.
    bath_occupation, bath_temperature : float, optional
        ⟨a†a⟩ to which it decays, or the temperature that gives it; by default 0.
    exponentials : pair of Exponentials, optional
        Of the left and right lead, in place of what the device's own are described by.
    levels : int, optional
        Levels of the oscillator, where they are not to be chosen.
    memory_limit, time_limit : float
        Bytes and seconds; what takes more, as estimated beforehand, is refused.
    progress : bool
        Whether to show progress.

    Returns
    -------
    FullQuantumState

    Raises
    ------
    TypeError
        If `device` is none, or `exponentials` holds something else.
    ValueError
        If an argument is out of range, a lead is not Lorentzian and has no exponentials, or nothing
        damps or drives the oscillator.
    NoSteadyState
        If orbits gain energy on average, however wide they are.
    ConvergenceError
        If `accuracy` takes more memory or time than allowed, the leads are too cold for Padé terms,
        the populations do not fall off, or those of `levels` end above 1e-5.

    Notes
    -----
    The matrices are small: with one BLAS thread (OMP_NUM_THREADS=1, set before NumPy is loaded) the
    solver is faster than with many.

    Examples
    --------
    >>> import qemlib as qem
    >>> state = qem.full_quantum(qem.paper_device(voltage=0.0), accuracy=0.01, progress=False)
    >>> round(state.phonon_number, 1), round(state.g2, 1)
    (9.6, 2.0)
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
            levels=levels,
            progress=progress,
        )
    )
    resolution, found, pairs = search.run()
    if not found.populations[-1] < TOP:
        raise ConvergenceError(
            f"full_quantum: the highest of levels = {resolution.levels} holds "
            f"{found.populations[-1]:.1e}, at most {TOP:g} is allowed; take more"
        )
    changes, error = _errors(found, pairs)
    _refuse_inaccurate(search.accuracy, changes, error)
    return FullQuantumState(
        device=device,
        coherences=found.coherences,
        occupation=found.occupation,
        current=found.current,
        correlation=found.correlation,
        reference_charge=found.charge,
        error=error,
        changes=changes,
        resolution=resolution,
        memory=search.memory,
    )


def _errors(
    found: Solution, pairs: dict[str, Pair | None]
) -> tuple[dict[str, float], dict[str, float]]:
    """What a step of each cut-off changes, and twice their sum for each result."""
    steps = {name: changes_between(*pair) for name, pair in pairs.items() if pair}
    beyond = left_out(found.populations)
    largest = {name: max(step["phonon_number"], step["g2"]) for name, step in steps.items()}
    changes = dict.fromkeys(pairs, 0.0) | largest | {"levels": beyond}
    error = dict.fromkeys(("phonon_number", "g2", "occupation", "current", "correlation"), beyond)
    error |= dict.fromkeys(("populations", "trace"), _BEYOND * abs(float(found.populations[-1])))
    for step in steps.values():
        error = {name: value + step[name] for name, value in error.items()}
    return changes, {name: _ROUND_OFF + 2.0 * value for name, value in error.items()}


def _refuse_inaccurate(accuracy: float, changes: dict[str, float], error: dict[str, float]) -> None:
    worst = max(error["phonon_number"], error["g2"])
    if worst > accuracy:
        name = max(changes, key=lambda each: changes[each])
        what = "the exponentials given" if name == "terms" else f"their {name}"
        raise ConvergenceError(
            f"full_quantum: the error is {worst:.1e}, accuracy = {accuracy:g} was asked for; most "
            f"of it, {changes[name]:.1e}, is what {what} leave open"
        )
