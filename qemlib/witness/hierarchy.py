"""Hierarchical equations of motion of the dot, by QuTiP.

A Lorentzian lead acts on the dot through two correlation functions (ħ = e = k_B = 1)

    C⁺(t) = ∫ (dω/2π) κ(ω) f(ω) e^{iωt},    C⁻(t) = ∫ (dω/2π) κ(ω) [1 − f(ω)] e^{−iωt}.

Closing the contours makes both a sum of exponentials: one from the pole of κ at ω_α ± iδ, and one
from each pole of f.  For f stands here its Padé approximant [N−1/N] (Hu, Xu and Yan, J. Chem. Phys.
133, 101106 (2010)), with poles at μ ± iTξ_k,

    f(ω) ≈ 1/2 − Σ_k 2η_k y/(y² + ξ_k²),    y = (ω − μ)/T.

With these exponents QuTiP writes the generator L of the hierarchy, which joins the dot's state ρ to
auxiliary operators up to a depth.  QuTiP's own Lorentzian baths would centre the band at μ.

For a level without interaction the hierarchy ends by itself.  Depth 2 gives ⟨n⟩ and the commutator
in (A23) without truncation, and depth 4 all of C(t).  Then the Padé approximant is the only
approximation.  n conserves the parity of the number of electrons, so n ρ has the even parity of ρ
and evolves under the same L.  It acts on each auxiliary operator from the left.  With
v = (n − ⟨n⟩_x) ρ, of trace zero,

    C(t) = Tr[n e^{Lt} v],    ∫_0^∞ C dt = −Tr[n L⁻¹ v],    ∫_0^∞ t C dt = Tr[n L⁻² v],

with L⁻¹ taken on what has trace zero.  There D(x) follows by Eq. (A18), γ(x) by Eq. (A23) and
S_x(ω), Eq. (8), from (L + iω)⁻¹, all without a step in time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import expm_multiply, splu

from qemlib import _checks
from qemlib._extras import extra
from qemlib._locked import Locked
from qemlib.devices.densities import Lorentzian
from qemlib.devices.device import Device, Lead
from qemlib.errors import ConvergenceError

__all__ = ["ChargeInHierarchy", "bath_exponents", "charge_in_hierarchy", "pade_fermi"]

# Largest residual of a linear system, in units of its right-hand side.
_RESIDUAL = 1e-10
_SAME_STEP = 1e-12


@dataclass(frozen=True, eq=False)
class ChargeInHierarchy(Locked):
    """The charge of a dot between Lorentzian leads, at one position.

    Attributes
    ----------
    x : float
        Position.
    occupation : float
        ⟨c†c⟩_x, dimensionless.
    diffusion : float
        D(x) by Eq. (A18) (force² × time).
    damping : float
        γ(x) by Eq. (A23) (energy).
    error : dict of str to float
        What "occupation", "diffusion" and "damping" changed by with the last Padé term.
    times : ndarray, shape (n,)
        Times asked for.
    correlation : ndarray of complex, shape (n,)
        C(t) = ⟨δn(t) δn(0)⟩ at `times`.
    omega : ndarray, shape (k,)
        Frequencies asked for.
    noise_spectrum : ndarray, shape (k,)
        S_x(ω) at `omega` (force² × time).
    depth, pade_terms : int
        Depth of the hierarchy and number of Padé terms per lead.
    size : int
        Number of unknowns: matrix elements of the dot's state and of the auxiliary operators that
        conservation of charge joins to it.
    """

    x: float
    occupation: float
    diffusion: float
    damping: float
    error: dict[str, float]
    times: np.ndarray
    correlation: np.ndarray
    omega: np.ndarray
    noise_spectrum: np.ndarray
    depth: int
    pade_terms: int
    size: int

    def __repr__(self) -> str:
        return (
            f"ChargeInHierarchy(x = {self.x:.6g}, depth {self.depth}, "
            f"{self.pade_terms} Pade terms, {self.size} unknowns, "
            f"occupation = {self.occupation:.9g}, diffusion = {self.diffusion:.9g}, "
            f"damping = {self.damping:.9g})"
        )


def charge_in_hierarchy(
    device: Device,
    x: float,
    *,
    times: ArrayLike = (),
    omega: ArrayLike = (),
    depth: int = 4,
    pade_terms: int = 4,
) -> ChargeInHierarchy:
    """Occupation, charge noise and damping from hierarchical equations of motion.

    Parameters
    ----------
    device : Device
        With Lorentzian leads.
    x : float
        Position.
    times : array_like, shape (n,)
        Times t ≥ 0 at which C(t) is wanted.
    omega : array_like, shape (k,)
        Frequencies at which S_x(ω) is wanted.
    depth : int
        Depth of the hierarchy, at least 1.  C(t) needs 4; with less D and C(t) are approximate.
    pade_terms : int
        Number of terms of the Padé approximant of each lead's Fermi function, at least 2.  The
        colder the leads, the more are needed; `error` tells.

    Returns
    -------
    ChargeInHierarchy

    Raises
    ------
    TypeError
        If `device` is not a Device.
    ValueError
        If an argument is out of range or a lead is not Lorentzian.
    ConvergenceError
        If a linear system is not solved to 1e-10.
    ImportError
        If QuTiP is missing (the extra `quantum` brings it).

    Examples
    --------
    >>> from qemlib import paper_device
    >>> charge = charge_in_hierarchy(paper_device(voltage=0.0), 0.0, pade_terms=3)
    >>> round(charge.occupation, 7), round(charge.damping * 1e4, 4)
    (0.5, 3.2514)
    """
    _checks.kind("device", device, Device)
    for name, lead in zip(("left", "right"), device.leads, strict=True):
        if not isinstance(lead.density, Lorentzian):
            raise ValueError(f"the {name} lead must be Lorentzian, got {lead.density!r}")
    x = _checks.finite("x", x)
    times = _checks.finite_array("times", times, ndim=1)
    omega = _checks.finite_array("omega", omega, ndim=1)
    if (times < 0).any():
        raise ValueError(f"times must not be negative, got {times.min()}")
    depth = _checks.integer("depth", depth, 1)
    pade_terms = _checks.integer("pade_terms", pade_terms, 2)

    hierarchy = _Hierarchy(device, x, depth, pade_terms)
    values = hierarchy.coefficients(device)
    rough = _Hierarchy(device, x, depth, pade_terms - 1).coefficients(device)
    return ChargeInHierarchy(
        x=x,
        **values,
        error={name: abs(value - rough[name]) for name, value in values.items()},
        times=times,
        correlation=hierarchy.correlation(times),
        omega=omega,
        noise_spectrum=device.force**2 * np.array([hierarchy.spectrum(w) for w in omega]),
        depth=depth,
        pade_terms=pade_terms,
        size=hierarchy.generator.shape[0],
    )


def pade_fermi(terms: int) -> tuple[np.ndarray, np.ndarray]:
    """Poles and weights of the Padé approximant [N−1/N] of the Fermi function.

    Parameters
    ----------
    terms : int
        Number N of pairs of poles, at least 1.

    Returns
    -------
    poles, weights : ndarray, shape (N,)
        ξ_k, ascending, and η_k in 1/(1 + e^y) ≈ 1/2 − Σ_k 2η_k y/(y² + ξ_k²).

    Raises
    ------
    ValueError
        If `terms` is not a whole number of at least 1.

    Notes
    -----
    tanh(y/2)/y is a continued fraction in y² with partial denominators 2(2j − 1).  Its
    convergents are resolvents of a tridiagonal matrix: the poles are twice the inverse of its
    eigenvalues, the weights come from the first components of its eigenvectors.

    Examples
    --------
    The first pole is the first Matsubara frequency, π; the Fermi function at y = 1 is 0.268941.

    >>> poles, weights = pade_fermi(5)
    >>> round(float(poles[0]), 6)
    3.141593
    >>> round(float(0.5 - (2 * weights / (1 + poles**2)).sum()), 6)
    0.268941
    """
    terms = _checks.integer("terms", terms, 1)
    odd = 2.0 * np.arange(1, 2 * terms + 1) - 1
    off = 1 / np.sqrt(odd[:-1] * odd[1:])
    eigenvalue, vectors = np.linalg.eigh(np.diag(off, 1) + np.diag(off, -1))
    poles, weights = 2 / eigenvalue[terms:], vectors[0, terms:] ** 2 / eigenvalue[terms:] ** 2
    return poles[::-1], weights[::-1]


def bath_exponents(lead: Lead, pade_terms: int) -> dict[str, np.ndarray]:
    """The exponentials of C⁺(t) = Σ ck_plus e^{−vk_plus t} and of C⁻(t), for t ≥ 0.

    Parameters
    ----------
    lead : Lead
        With a Lorentzian density.
    pade_terms : int
        Number N of terms for the Fermi function, at least 1.

    Returns
    -------
    dict of str to ndarray of complex, shape (N + 1,)
        "ck_plus", "vk_plus", "ck_minus", "vk_minus", as QuTiP names them.  First comes the pole
        of the band, then those of the Fermi function.

    Raises
    ------
    TypeError
        If `lead` is none.
    ValueError
        If its density is not Lorentzian or `pade_terms` is not a whole number of at least 1.

    Examples
    --------
    At t = 0, C⁺ + C⁻ = ∫dω κ(ω)/2π = Γδ/2 = 1; the band's term decays with δ = 1.

    >>> from qemlib import paper_device
    >>> exponents = bath_exponents(paper_device(voltage=8.0).left, pade_terms=3)
    >>> round(float((exponents["ck_plus"] + exponents["ck_minus"]).sum().real), 6)
    1.0
    >>> complex(exponents["vk_plus"][0])
    (1-0.5j)
    """
    _checks.kind("lead", lead, Lead)
    if not isinstance(lead.density, Lorentzian):
        raise ValueError(f"lead must be a Lorentzian Lead, got {lead!r}")
    poles, weights = pade_fermi(_checks.integer("pade_terms", pade_terms, 1))
    band, mu, temperature = lead.density, lead.chemical_potential, lead.temperature

    def half_minus_fermi(omega: complex) -> complex:
        y = (omega - mu) / temperature
        return (2 * weights * y / (y**2 + poles**2)).sum()

    # C⁺ closes in the upper half plane, C⁻ in the lower one.
    height = 0.5 * band.rate * band.bandwidth
    above, below = (band.center + sign * 1j * band.bandwidth for sign in (1, -1))
    from_band_plus = height * (0.5 - half_minus_fermi(above))
    from_band_minus = height * (0.5 + half_minus_fermi(below))
    matsubara = temperature * poles
    density_plus, density_minus = (
        band.spectral_density(mu + sign * 1j * matsubara) for sign in (1, -1)
    )
    return {
        "ck_plus": np.append(from_band_plus, -1j * temperature * weights * density_plus),
        "vk_plus": np.append(band.bandwidth - 1j * band.center, matsubara - 1j * mu),
        "ck_minus": np.append(from_band_minus, -1j * temperature * weights * density_minus),
        "vk_minus": np.append(band.bandwidth + 1j * band.center, matsubara + 1j * mu),
    }


Solver = Callable[[np.ndarray], np.ndarray]


class _Hierarchy:
    """The generator L on the part of the hierarchy that the dot's populations reach.

    The dot's state is stored column by column: elements 0 and 3 of it are the populations of the
    empty and of the full dot, and n from the left keeps the elements 1 and 3.
    """

    def __init__(self, device: Device, x: float, depth: int, pade_terms: int) -> None:
        with extra("quantum", "hierarchies"):
            import qutip
            from qutip.solver.heom import FermionicBath, HEOMSolver

        c = qutip.destroy(2)
        baths = [FermionicBath(c, **bath_exponents(lead, pade_terms)) for lead in device.leads]
        level = device.level - device.force * x
        solver = HEOMSolver(level * c.dag() * c, baths, max_depth=depth)
        whole = sparse.csr_array(solver.rhs(0.0).data_as("csr_matrix"))
        # Charge is conserved: most of the hierarchy never meets the populations of the dot.
        links = sparse.csr_array((whole.data != 0, whole.indices, whole.indptr), whole.shape)
        _, sector = connected_components(links, directed=False)
        kept = np.flatnonzero(sector == sector[0])
        self.generator = whole[kept][:, kept].tocsc()
        self.populations = np.searchsorted(kept, [0, 3])
        self.number = (kept % 4 % 2).astype(float)
        self.solve = self._factorise(0.0)
        one = np.zeros(kept.size, dtype=complex)
        one[self.populations[0]] = 1.0
        state = self.solve(one)
        self.occupation = self.read(state).real
        self.disturbed = self.number * state - self.occupation * state

    def read(self, state: np.ndarray) -> complex:
        """Tr[n state]."""
        return state[self.populations[1]]

    def coefficients(self, device: Device) -> dict[str, float]:
        once = self.solve_traceless(self.disturbed)
        twice = self.solve_traceless(once)
        force2 = device.force**2
        return {
            "occupation": float(self.occupation),
            "diffusion": float(-2 * force2 * self.read(once).real),
            "damping": float(-2 * force2 / device.oscillator.mass * self.read(twice).imag),
        }

    def correlation(self, times: np.ndarray) -> np.ndarray:
        order = np.argsort(times)
        steps = np.diff(times[order], prepend=0.0)
        # Even steps are taken together: what they have in common is then found once.
        last = np.flatnonzero(~np.isclose(steps[1:], steps[:-1], rtol=_SAME_STEP, atol=0.0)) + 1
        state, values = self.disturbed, []
        for run in np.split(steps, last):
            if run.size and run[0] > 0:
                span = {"start": 0.0, "stop": run.sum(), "num": run.size + 1}
                later = expm_multiply(self.generator, state, **span, traceA=self.generator.trace())[
                    1:
                ]
                state = later[-1]
            else:
                later = [state] * run.size
            values += [self.read(each) for each in later]
        result = np.empty(times.size, dtype=complex)
        result[order] = values
        return result

    def spectrum(self, omega: float) -> float:
        """∫ dt e^{iωt} C(t) over all t."""
        solve = self._factorise(1j * omega)
        return -2 * self.read(self.solve_traceless(self.disturbed, solve)).real

    def solve_traceless(self, right: np.ndarray, solve: Solver | None = None) -> np.ndarray:
        right = right.copy()
        right[self.populations[0]] = 0.0
        return (solve or self.solve)(right)

    def _factorise(self, shift: complex) -> Solver:
        """Solver of (L + shift) y = b in which the equation of the empty dot is Tr y = b_empty.

        The trace is conserved, so that this equation follows from the others.
        """
        size = self.generator.shape[0]
        rows = self.generator + shift * sparse.eye_array(size, format="csc")
        empty = self.populations[0]
        keep = np.ones(size)
        keep[empty] = 0.0
        trace = sparse.coo_array((np.ones(2), ([empty, empty], self.populations)), (size, size))
        matrix = (sparse.diags_array(keep) @ rows + trace).tocsc()
        # This ordering finds that the equations are all but triangular.
        lu = splu(
            matrix,
            permc_spec="MMD_AT_PLUS_A",
            diag_pivot_thresh=0.01,
            options={"SymmetricMode": True},
        )

        def solve(right: np.ndarray) -> np.ndarray:
            y = lu.solve(right)
            y += lu.solve(right - matrix @ y)
            residual = np.linalg.norm(right - matrix @ y) / np.linalg.norm(right)
            if not residual <= _RESIDUAL:
                raise ConvergenceError(f"the hierarchy is solved to {residual:.1e} only")
            return y

        return solve
