"""The hierarchy against QuTiP's, against a Lindblad equation, and against itself."""

from dataclasses import replace

import numpy as np
import pytest
import qutip
from qutip.solver.heom import HEOMSolver, LorentzianPadeBath

import qemlib as qem
from qemlib.heom._chains import EvenChain, PairChain
from qemlib.heom._elimination import null_vector
from qemlib.heom._equations import Motion
from qemlib.heom._hierarchy import Hierarchy, components
from qemlib.heom._moments import amplitude
from qemlib.heom._solution import Resolution, equations_of, solution

OSCILLATOR = qem.Oscillator(frequency=0.7, mass=1.0)
MIRRORED = replace(qem.paper_device(3.0), oscillator=OSCILLATOR, coupling=0.4)
SKEW = replace(
    MIRRORED, right=qem.Lead(qem.Lorentzian(-0.2, 1.5, 1.0), -1.0, 1.5), coupling=0.3, level=0.3
)
FULL, EMPTY = (
    qem.Lead(qem.Lorentzian(center, width, 2.0), mu, 1.0)
    for center, width, mu in ((0.5, 1.0, np.inf), (-0.3, 1.4, -np.inf))
)


def motion(device, **of_its_own):
    return Motion(device.oscillator.frequency, device.coupling, None, **of_its_own)


def solved(device, terms, depth, levels, bandwidth=None, reach=None, **of_its_own):
    leads = [qem.lorentzian_exponentials(lead, terms) for lead in device.leads]
    cut = Resolution(leads[0].terms, depth, bandwidth or levels - 1, levels)
    return solution(leads, device.level, motion(device, **of_its_own), cut, reach=reach)


def operators(levels):
    c = qutip.tensor(qutip.destroy(2), qutip.qeye(levels))
    return c, qutip.tensor(qutip.qeye(2), qutip.destroy(levels))


def current_from(states, tag):
    """The current from one lead, from the auxiliary operators of depth 1."""
    total = 0.0
    for label in states.filter(level=1, tags=[tag]):
        (exponent,) = states.exps(label)
        plus = exponent.type == exponent.types["+"]
        operator = exponent.Q if plus else -exponent.Q.dag()
        total += (operator * states.extract(label)).tr()
    return (-1j * total).real


def by_qutip(hamiltonian, c, baths, depth):
    solver = HEOMSolver(hamiltonian, baths, max_depth=depth)
    rho, states = solver.steady_state()
    return rho, states


def coherent(state, levels):
    rho = np.zeros((levels, levels), dtype=complex)
    for k, row in enumerate(state.coherences):
        n = np.arange(levels - k)
        rho[n + k, n], rho[n, n + k] = row[n], row[n].conj()
    return rho


@pytest.mark.parametrize(
    ("device", "terms", "depth", "levels"),
    [(MIRRORED, 1, 2, 5), (SKEW, 1, 2, 4), (SKEW, 1, 3, 3)],
    ids=["mirrored", "skew", "deep"],
)
def test_it_is_the_hierarchy_of_qutip(device, terms, depth, levels):
    mine = solved(device, terms, depth, levels, reach=depth)
    c, a = operators(levels)
    charge = c.dag() * c
    force = device.coupling * (a + a.dag()) * (charge - mine.charge)
    hamiltonian = device.level * charge + device.oscillator.frequency * a.dag() * a - force
    baths = [
        (qem.qutip_environment(lead, terms, tag=side), c)
        for side, lead in zip("LR", device.leads, strict=True)
    ]
    rho, states = by_qutip(hamiltonian, c, baths, depth)
    assert np.abs(coherent(mine, levels) - rho.ptrace(1).full()).max() < 1e-10
    assert mine.occupation == pytest.approx(qutip.expect(charge, rho), abs=1e-10)
    correlation = qutip.expect((a + a.dag()) * (charge - mine.charge), rho)
    assert mine.correlation == pytest.approx(correlation, abs=1e-10)
    found = [abs(current_from(states, side)) for side in "LR"]
    assert np.abs(mine.currents) == pytest.approx(found, abs=1e-10)


def tutorial(bias, terms, levels):
    """QuTiP's example of a fermionic bath with a boson, of its own units, by both."""
    frequency, coupling, level, depth = 0.2, 0.12, 0.3, 2
    c, a = operators(levels)
    baths = [
        LorentzianPadeBath(c, 0.01, 1e4, sign * bias / 2, 0.025851991, terms, tag=tag)
        for sign, tag in ((1, "L"), (-1, "R"))
    ]
    charge = c.dag() * c
    force = coupling * (a + a.dag()) * charge
    hamiltonian = level * charge + frequency * a.dag() * a + force
    _, states = by_qutip(hamiltonian, c, baths, depth)
    leads = []
    for bath in baths:
        plus, minus = ([e for e in bath.exponents if e.type == e.types[s]] for s in "+-")
        weights = [[e.ck for e in part] for part in (plus, minus)]
        leads.append(qem.Exponentials(*weights, [e.vk for e in plus]))
    cut = Resolution(terms + 1, depth, levels - 1, levels)
    mine = solution(leads, level, Motion(frequency, -coupling, 0.0), cut, reach=depth)
    return mine.currents[0], abs(current_from(states, "L"))


@pytest.mark.parametrize("bias", [0.4, 1.0, 2.0])
def test_the_current_of_qutips_tutorial(bias):
    mine, theirs = tutorial(bias, terms=2, levels=3)
    assert mine == pytest.approx(theirs, rel=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("bias", [0.4, 1.0, 2.0])
def test_the_current_of_qutips_tutorial_as_it_is_published(bias):
    mine, theirs = tutorial(bias, terms=6, levels=2)
    assert mine == pytest.approx(theirs, rel=1e-8)


def three_fermions(device, levels):
    """Stationary state at infinite bias, where each lead is one mode that is filled or emptied."""
    wall, flip = np.diag([1.0, -1.0]), np.array([[0.0, 1.0], [0.0, 0.0]])
    one = np.eye(2)

    def all_of(*parts):
        result = np.eye(1)
        for part in (*parts, np.eye(levels)):
            result = np.kron(result, part)
        return result

    c, left, right = all_of(flip, one, one), all_of(wall, flip, one), all_of(wall, wall, flip)
    a = np.kron(np.eye(8), np.diag(np.sqrt(np.arange(1.0, levels)), 1))
    charge = c.T @ c
    hamiltonian = device.level * charge + device.oscillator.frequency * a.T @ a
    jumps = []
    for lead, mode in zip(device.leads, (left, right), strict=True):
        band = lead.density
        hop = np.sqrt(0.5 * band.rate * band.bandwidth) * (c.T @ mode)
        hamiltonian = hamiltonian + band.center * mode.T @ mode + hop + hop.T
        fills = lead.chemical_potential > 0
        jumps.append(np.sqrt(2.0 * band.bandwidth) * (mode.T if fills else mode))

    def stationary(reference):
        whole = hamiltonian - device.coupling * (a + a.T) @ (charge - reference * np.eye(len(a)))
        generator = qutip.liouvillian(qutip.Qobj(whole), [qutip.Qobj(jump) for jump in jumps])
        matrix, size = generator.full(), len(a)
        matrix[0] = np.eye(size).ravel()
        right_side = np.zeros(size**2)
        right_side[0] = 1.0
        return np.linalg.solve(matrix, right_side).reshape(size, size).T

    return stationary, charge


@pytest.mark.parametrize("mirrored", [True, False])
def test_at_infinite_bias_it_is_a_lindblad_equation_of_three_fermions(mirrored):
    levels = 3
    device = replace(SKEW, left=FULL, right=EMPTY)
    if mirrored:
        right = replace(EMPTY, density=qem.Lorentzian(-0.5, 1.0, 2.0))
        device = replace(device, right=right, level=0.0)
    mine = solved(device, 1, 4, levels)
    stationary, charge = three_fermions(device, levels)
    rho = stationary(mine.charge)
    alone = np.trace(rho.reshape(8, levels, 8, levels), axis1=0, axis2=2)
    assert np.abs(coherent(mine, levels) - alone).max() < 1e-12
    assert mine.occupation == pytest.approx(np.trace(charge @ rho).real, abs=1e-12)


@pytest.mark.parametrize("device", [MIRRORED, SKEW], ids=["mirrored", "skew"])
def test_operators_that_follow_at_once_are_nearly_as_good_as_those_that_move(device):
    deep = solved(device, 1, 4, 12)
    errors = [
        abs(solved(device, 1, depth, 12, reach=reach).phonon_number - deep.phonon_number)
        for depth, reach in ((1, 4), (2, 4), (2, 2))
    ]
    assert errors[1] < 0.1 * errors[0]
    assert errors[1] < 0.3 * errors[2]


def test_while_the_oscillator_stands_still_they_are_exact():
    device = replace(SKEW, coupling=0.0)
    leads = [qem.lorentzian_exponentials(lead, 2) for lead in device.leads]
    whole, closed = Hierarchy(*leads, device.level, 4), Hierarchy(*leads, device.level, 4)
    shift, kept = 0.3j, components(sum(lead.terms for lead in leads), 2)
    inner = closed.closed(kept, shift)
    everything = whole.closed(len(whole.labels), shift)
    right = np.linspace(0.0, 1.0, kept)
    expected = np.linalg.solve(everything, np.append(right, np.zeros(len(everything) - kept)))
    assert np.abs(np.linalg.solve(inner, right) - expected[:kept]).max() < 1e-12
    assert whole.occupation == pytest.approx(float(qem.occupation(device, 0.0)), abs=1e-5)


@pytest.mark.parametrize("device", [MIRRORED, SKEW], ids=["mirrored", "skew"])
def test_every_way_to_order_the_equations_gives_one_state(device):
    leads = [qem.lorentzian_exponentials(lead, 1) for lead in device.leads]
    cut = Resolution(2, 2, 4, 14)
    found = []
    for chain, parity, thrifty in (
        (EvenChain, 1, False),
        (EvenChain, 1, True),
        (PairChain, 1, False),
        (EvenChain, 0, False),
    ):
        _, equations = equations_of(leads, device.level, motion(device), cut, parity=parity)
        links = chain(equations)
        unknowns = links.unfold(null_vector(links, thrifty))
        populations = np.array(
            [sum(equations.elements(2 * n, unknowns[2 * n])[0][:2]).real for n in range(14)]
        )
        found.append(populations / populations.sum())
    for other in found[1:]:
        assert np.abs(other - found[0]).max() < 1e-12


def test_currents_balance_and_so_do_forces():
    state = solved(SKEW, 1, 1, 60, bandwidth=6)
    assert sum(state.currents) == pytest.approx(0.0, abs=1e-12)
    # d⟨p⟩/dt = 0: ω0⟨a + a†⟩ = 2λ⟨n⟩, and d⟨a†a⟩/dt = 0 leaves ⟨a⟩ real
    pull = 2.0 * SKEW.coupling * (state.occupation - state.charge)
    found = amplitude(state.coherences)
    assert 2.0 * SKEW.oscillator.frequency * found.real == pytest.approx(pull, rel=1e-6)
    assert found.imag == pytest.approx(0.0, abs=1e-12)


def test_ratios_of_populations_do_not_feel_the_cut_off():
    few, many = (solved(MIRRORED, 1, 2, levels, bandwidth=4).populations for levels in (14, 40))
    assert few[1:6] / few[:5] == pytest.approx(many[1:6] / many[:5], rel=1e-6)


def test_damping_alone_leads_to_its_own_temperature():
    alone = replace(SKEW, coupling=0.0)
    state = solved(alone, 1, 1, 30, bandwidth=2, damping=0.01, phonons=0.6)
    thermal = (0.6 / 1.6) ** np.arange(30)
    assert state.populations == pytest.approx(thermal / thermal.sum(), abs=1e-13)


def test_strong_damping_wins_over_the_electrons():
    numbers = [
        solved(SKEW, 1, 1, 30, 4, damping=rate, phonons=0.2).phonon_number
        for rate in (0.0, 0.01, 10.0)
    ]
    assert numbers[0] > numbers[1] > numbers[2]
    assert numbers[2] == pytest.approx(0.2, rel=0.1)


def test_one_more_block_for_damping_does_not_change_the_rest():
    plain = solved(SKEW, 1, 2, 12)
    nearly = solved(SKEW, 1, 2, 12, damping=1e-13)
    assert np.abs(plain.coherences - nearly.coherences).max() < 1e-10
