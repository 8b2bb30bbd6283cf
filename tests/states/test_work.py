"""Numbers of a state against textbook cases, inequalities, and what is no state."""

import numpy as np
import pytest
import qutip
import xarray as xr
from cases import between, few, paper_state
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import expm, logm
from scipy.sparse import coo_matrix, csr_array
from scipy.special import gammaln

import qemlib as qem

OMEGA = 0.2


def ladder(levels):
    return OMEGA * np.arange(levels)


def thermal(levels, temperature):
    weight = np.exp(-ladder(levels) / temperature)
    return weight / weight.sum()


def coherent(alpha, levels):
    n = np.arange(levels)
    amplitude = np.exp(-0.5 * abs(alpha) ** 2 - 0.5 * gammaln(n + 1)) * complex(alpha) ** n
    return np.outer(amplitude, amplitude.conj())


def poisson(mean, levels):
    n = np.arange(levels)
    return np.exp(n * np.log(mean) - mean - gammaln(n + 1))


def random_state(rng, levels):
    """A density matrix of random rank, and a random Hermitian Hamiltonian."""
    size = (levels, int(rng.integers(1, levels + 1)))
    half = rng.normal(size=size) + 1j * rng.normal(size=size)
    rho = half @ half.conj().T
    h = rng.normal(size=(levels, levels)) + 1j * rng.normal(size=(levels, levels))
    return rho / np.trace(rho).real, h + h.conj().T


def random_unitary(rng, levels):
    m = rng.normal(size=(levels, levels)) + 1j * rng.normal(size=(levels, levels))
    return np.linalg.qr(m)[0]


seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(2, 8)


# --- ergotropy ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("excited", "expected"), [(0.0, 0.0), (0.3, 0.0), (0.5, 0.0), (0.8, 0.6), (1.0, 1.0)]
)
def test_qubit_populations(excited, expected):
    # W_E = max(0, (2p − 1)ε)
    assert qem.ergotropy([1 - excited, excited], [0.0, 1.0]) == pytest.approx(expected, abs=1e-15)


@few
@given(between(0, 0.5), between(0, 2 * np.pi), between(0, np.pi))
def test_qubit_with_coherences(length, phi, theta):
    # ρ = ½ + r·σ with |r| = length, H = σ_z/2: W_E = r_z + |r|.
    r = length * np.array([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)])
    rho = np.array([[0.5 + r[2], r[0] - 1j * r[1]], [r[0] + 1j * r[1], 0.5 - r[2]]])
    work = qem.ergotropy(rho, np.diag([0.5, -0.5]))
    assert work == pytest.approx(r[2] + length, abs=1e-14)


@pytest.mark.parametrize("temperature", [0.05, 0.3, 2.0, 50.0])
def test_thermal_states_are_passive_and_hold_no_free_energy(temperature):
    p = thermal(400, temperature)
    assert qem.ergotropy(p, ladder(400)) == pytest.approx(0.0, abs=1e-13)
    assert qem.free_energy_work(p, ladder(400), temperature) == pytest.approx(0.0, abs=1e-11)
    assert qem.free_energy_work(p, ladder(400), 1.7 * temperature) > 1e-9


@pytest.mark.parametrize("n", [0, 1, 7, 40])
def test_fock_state_gives_all_its_energy(n):
    p = np.zeros(60)
    p[n] = 1.0
    assert qem.ergotropy(p, ladder(60)) == pytest.approx(OMEGA * n, abs=1e-13)
    assert qem.entropy(p) == 0.0


@pytest.mark.parametrize("alpha", [0.5, 1.3 - 0.8j, 2.5j])
def test_coherent_state_gives_all_its_energy_but_its_populations_give_less(alpha):
    rho = coherent(alpha, 60)
    total = qem.ergotropy(rho, np.diag(ladder(60)))
    assert total == pytest.approx(OMEGA * abs(alpha) ** 2, abs=1e-11)
    assert qem.entropy(rho) == pytest.approx(0.0, abs=1e-10)
    incoherent = qem.ergotropy(np.diag(rho).real, ladder(60))
    assert 0 <= incoherent < total


def test_phase_averaged_coherent_state_by_sorting_its_populations_by_hand():
    # Poisson with mean 1.5: p1 > p0 > p2 > p3 …; swapping levels 0 and 1 is the best cycle...
    p = poisson(1.5, 60)
    assert p[1] > p[2] > p[0] > p[3]
    # ... here the best one is a cycle of three: (p0, p1, p2) becomes (p1, p2, p0).
    expected = OMEGA * ((p[1] + 2 * p[2]) - (p[2] + 2 * p[0]))
    assert qem.ergotropy(p, ladder(60)) == pytest.approx(expected, abs=1e-14)


@few
@given(seeds, sizes)
def test_permuted_populations_give_back_the_work_of_the_permutation(seed, levels):
    rng = np.random.default_rng(seed)
    p = np.sort(rng.dirichlet(np.ones(levels)))[::-1]
    energies = np.sort(rng.normal(size=levels))
    order = rng.permutation(levels)
    work = float((p[order] - p) @ energies)
    assert qem.ergotropy(p[order], energies) == pytest.approx(work, abs=1e-14)
    # The order in which the levels are listed is of no account.
    again = rng.permutation(levels)
    assert qem.ergotropy(p[order][again], energies[again]) == pytest.approx(work, abs=1e-14)


@few
@given(seeds, sizes)
def test_ergotropy_is_the_sum_of_equation_11(seed, levels):
    rho, h = random_state(np.random.default_rng(seed), levels)
    r, r_states = np.linalg.eigh(rho)
    r, r_states = r[::-1], r_states[:, ::-1]
    e, e_states = np.linalg.eigh(h)
    overlap = np.abs(r_states.conj().T @ e_states) ** 2
    expected = r @ (overlap - np.eye(levels)) @ e
    assert qem.ergotropy(rho, h) == pytest.approx(expected, abs=1e-12)


@few
@given(seeds, sizes)
def test_no_random_unitary_extracts_more_than_the_ergotropy(seed, levels):
    rng = np.random.default_rng(seed)
    rho, h = random_state(rng, levels)
    bound = qem.ergotropy(rho, h)
    assert bound >= -1e-13
    for _ in range(20):
        u = random_unitary(rng, levels)
        extracted = np.trace(rho @ h).real - np.trace(u @ rho @ u.conj().T @ h).real
        assert extracted <= bound + 1e-12


@few
@given(seeds, sizes)
def test_a_change_of_basis_changes_nothing(seed, levels):
    rng = np.random.default_rng(seed)
    rho, h = random_state(rng, levels)
    u = random_unitary(rng, levels)
    turned = (u @ rho @ u.conj().T, u @ h @ u.conj().T)
    turned = tuple(0.5 * (a + a.conj().T) for a in turned)
    assert qem.ergotropy(*turned) == pytest.approx(qem.ergotropy(rho, h), abs=1e-12)
    assert qem.entropy(turned[0]) == pytest.approx(qem.entropy(rho), abs=1e-7)
    work = qem.free_energy_work(rho, h, 0.7)
    assert qem.free_energy_work(*turned, 0.7) == pytest.approx(work, abs=1e-7)


@few
@given(seeds, sizes, between(0.1, 10))
def test_populations_and_their_diagonal_matrix_agree(seed, levels, temperature):
    rng = np.random.default_rng(seed)
    p, energies = rng.dirichlet(np.ones(levels)), rng.normal(size=levels)
    matrices = np.diag(p), np.diag(energies)
    assert qem.ergotropy(*matrices) == pytest.approx(qem.ergotropy(p, energies), abs=1e-13)
    assert qem.entropy(matrices[0]) == pytest.approx(qem.entropy(p), abs=1e-13)
    work = qem.free_energy_work(p, energies, temperature)
    assert qem.free_energy_work(*matrices, temperature) == pytest.approx(work, abs=1e-12)


# --- free energy and entropy --------------------------------------------------------------------


@few
@given(seeds, sizes, between(0.1, 10))
def test_ergotropy_never_exceeds_free_energy_work(seed, levels, temperature):
    rho, h = random_state(np.random.default_rng(seed), levels)
    assert qem.ergotropy(rho, h) <= qem.free_energy_work(rho, h, temperature) + 1e-11


@few
@given(seeds, sizes, between(0.5, 10))
def test_free_energy_work_is_temperature_times_relative_entropy(seed, levels, temperature):
    rho, h = random_state(np.random.default_rng(seed), levels)
    rho = 0.9 * rho + 0.1 * np.eye(levels) / levels  # of full rank, for the logarithm
    gibbs = expm(-h / temperature)
    gibbs /= np.trace(gibbs).real
    divergence = np.trace(rho @ (logm(rho) - logm(gibbs))).real
    work = qem.free_energy_work(rho, h, temperature)
    assert work == pytest.approx(temperature * divergence, rel=1e-8, abs=1e-9)


def test_free_energy_work_of_a_cold_bath_does_not_overflow():
    # F_eq → ε_0 = 0 and TS → 0: all the energy is left.
    p = np.array([0.0, 0.0, 1.0])
    assert qem.free_energy_work(p, [0.0, 1.0, 2.0], 1e-4) == pytest.approx(2.0, abs=1e-15)
    assert qem.free_energy_work(p, [1e4, 1e4 + 1, 1e4 + 2], 1e-4) == pytest.approx(2.0, abs=1e-11)


@pytest.mark.parametrize("levels", [1, 2, 10, 500])
def test_entropy_of_the_maximally_mixed_state(levels):
    p = np.full(levels, 1 / levels)
    assert qem.entropy(p) == pytest.approx(np.log(levels), abs=1e-12)
    assert qem.entropy(np.diag(p)) == pytest.approx(np.log(levels), abs=1e-12)


def test_entropy_of_a_thermal_oscillator():
    mean = 1 / np.expm1(OMEGA / 2.0)
    expected = (mean + 1) * np.log(mean + 1) - mean * np.log(mean)
    assert qem.entropy(thermal(600, 2.0)) == pytest.approx(expected, abs=1e-12)


# --- second-order coherence ---------------------------------------------------------------------


def test_second_order_coherence_of_a_thermal_state_is_two():
    assert qem.second_order_coherence(thermal(800, 2.0)) == pytest.approx(2.0, abs=1e-12)


@pytest.mark.parametrize("mean", [0.3, 4.0, 60.0])
def test_second_order_coherence_of_a_coherent_state_is_one(mean):
    assert qem.second_order_coherence(poisson(mean, 300)) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("n", [1, 2, 9])
def test_second_order_coherence_of_a_fock_state(n):
    p = np.zeros(12)
    p[n] = 1.0
    assert qem.second_order_coherence(p) == pytest.approx(1 - 1 / n, abs=1e-15)


# --- what is no state ---------------------------------------------------------------------------

CALLS = {
    "ergotropy": lambda rho, h: qem.ergotropy(rho, h),
    "free_energy_work": lambda rho, h: qem.free_energy_work(rho, h, 1.0),
    "entropy": lambda rho, h: qem.entropy(rho),
}
QUBIT = np.diag([0.0, 1.0])


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("rho", "message"),
    [
        ([-2e-9, 1.0], "^rho must have no population below -1e-09, got -2.000e-09"),
        ([-0.25, 1.25], "^rho must have no population .*-2.500e-01"),
        (np.diag([-0.25, 1.25]), "^rho must have no population .*-2.500e-01"),
        ([[0.5, 0.6], [0.6, 0.5]], "^rho must have no population .*-1.000e-01"),
        ([0.5, 0.51], "^rho must have trace 1 .*1.01"),
        ([0.5, 0.49], "^rho must have trace 1 .*0.99"),
        (np.diag([0.5, 0.51]), "^rho must have trace 1 .*1.01"),
        ([[0.5, 0.1], [0.2, 0.5]], "^rho must be Hermitian, got .*1.000e-01"),
        ([[0.5, 0.1j], [0.1j, 0.5]], "^rho must be Hermitian, got .*2.000e-01"),
        ([[0.5, 0.0, 0.0], [0.0, 0.5, 0.0]], r"^rho must be square, got shape \(2, 3\)"),
        (np.ones((1, 2, 2)), r"^rho must be .*\(1, 2, 2\)"),
        (1.0, r"^rho must be .*shape \(\)"),
        ([], r"^rho must be .*\(0,\)"),
        (["a", "b"], "^rho must be numbers"),
        ([True, False], "^rho must be numbers.*bool"),
    ],
)
def test_what_is_no_state_is_refused_by_name_and_value(call, rho, message):
    energies = [0.0, 1.0] if np.ndim(rho) == 1 else QUBIT
    with pytest.raises(ValueError, match=message):
        CALLS[call](rho, energies)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("rho", "value"),
    [
        ([np.nan, 1.0], "nan"),
        ([1.0, np.inf], "inf"),
        ([[1.0, np.nan], [0.0, 0.0]], "nan"),
        ([0.5 + 0.25j, 0.5], "0.25j"),
    ],
)
def test_a_refusal_of_bad_entries_shows_the_entry(call, rho, value):
    with pytest.raises(ValueError, match=f"^rho must .*{value}"):
        CALLS[call](rho, [0.0, 1.0] if np.ndim(rho) == 1 else QUBIT)


@pytest.mark.parametrize("call", ["ergotropy", "free_energy_work"])
@pytest.mark.parametrize(
    ("h", "message"),
    [
        ([0.0, 1.0, 2.0], r"^hamiltonian must have the shape of rho, \(2,\), got \(3,\)"),
        (QUBIT, r"^hamiltonian must have the shape of rho, \(2,\), got \(2, 2\)"),
        ([0.0, np.nan], "^hamiltonian must hold finite numbers"),
        ([0.0, 1j], "^hamiltonian must be real"),
        ([[0.0, 1.0], [0.0, 1.0]], "^hamiltonian must be Hermitian"),
        ("energies", "^hamiltonian must be numbers"),
    ],
)
def test_what_is_no_hamiltonian_is_refused_by_name(call, h, message):
    with pytest.raises(ValueError, match=message):
        CALLS[call]([0.4, 0.6], h)


@pytest.mark.parametrize("temperature", [0.0, -1.0, np.nan, np.inf, True, "2", [1.0]], ids=repr)
def test_a_bad_temperature_is_refused_by_name_and_value(temperature):
    with pytest.raises(ValueError, match=r"^temperature must") as refusal:
        qem.free_energy_work([0.5, 0.5], [0.0, 1.0], temperature)
    assert repr(temperature) in str(refusal.value)


@pytest.mark.parametrize("populations", [[-0.25, 1.25], [0.5, 0.6], [0.5, np.nan]], ids=repr)
def test_second_order_coherence_refuses_by_its_own_argument_name(populations):
    with pytest.raises(ValueError, match=r"^populations must"):
        qem.second_order_coherence(populations)


@pytest.mark.parametrize(
    ("populations", "message"),
    [([1.0, 0.0], "populations must hold more than the vacuum"), (QUBIT, r"populations.*\(2, 2\)")],
)
def test_second_order_coherence_needs_populations_beyond_the_vacuum(populations, message):
    with pytest.raises(ValueError, match=message):
        qem.second_order_coherence(populations)


@pytest.mark.parametrize("rho", [[1.0005, 0.0], [1.0 + 5e-10, -5e-10]], ids=repr)
def test_what_truncation_and_round_off_leave_is_accepted_and_not_clamped(rho):
    assert qem.ergotropy(rho, [1.0, 2.0]) == pytest.approx(0.0, abs=1e-15)
    whole = np.array(rho) / sum(rho)
    assert qem.free_energy_work(rho, [1.0, 1.0], 1.0) == pytest.approx(
        np.log(2) - qem.entropy(whole), abs=1e-12
    )


# --- what comes from elsewhere --------------------------------------------------------------------


@pytest.mark.parametrize("trace", [0.9995, 1.0, 1.0005])
@pytest.mark.parametrize("shift", [-1e2, 1e2, 1e6])
def test_no_number_depends_on_where_energies_count_from(trace, shift):
    p = trace * thermal(80, 1.3)[::-1]
    rho, h = random_state(np.random.default_rng(3), 9)
    rho = trace * rho
    for state, energy in ((p, ladder(80)), (np.diag(p), np.diag(ladder(80))), (rho, h)):
        moved = energy + shift * (1.0 if energy.ndim == 1 else np.eye(len(energy)))
        whole = state / trace
        for found in (qem.ergotropy, lambda r, e: qem.free_energy_work(r, e, 0.7)):
            expected = found(whole, energy)
            assert found(state, moved) == pytest.approx(expected, abs=1e-14 * abs(shift) + 1e-12)
    assert qem.entropy(p) == pytest.approx(qem.entropy(p / trace), abs=1e-13)
    g2 = qem.second_order_coherence
    assert g2(p) == pytest.approx(g2(p / trace), rel=1e-14)


@pytest.mark.parametrize("unit", [1e-30, 1e-24, 1e-18, 1e30])
def test_work_has_the_unit_of_its_energies(unit):
    rho, h = random_state(np.random.default_rng(5), 7)
    for state, energy in ((thermal(60, 1.0)[::-1], ladder(60)), (rho, h)):
        for shift in (0.0, 100.0):
            one = 1.0 if energy.ndim == 1 else np.eye(len(energy))
            there = unit * (energy + shift * one)
            expected = unit * qem.ergotropy(state, energy)
            assert qem.ergotropy(state, there) == pytest.approx(expected, rel=1e-11)
            expected = unit * qem.free_energy_work(state, energy, 0.7)
            found = qem.free_energy_work(state, there, 0.7 * unit)
            assert found == pytest.approx(expected, rel=1e-11)


def test_a_hamiltonian_in_joules_that_is_not_hermitian_is_seen():
    skew = 1e-24 * np.array([[0.0, 1.0], [0.5, 1.0]])
    with pytest.raises(ValueError, match="hamiltonian must be Hermitian, got .* of 5.000e-25"):
        qem.ergotropy(np.diag([0.4, 0.6]), skew)
    nothing = np.zeros((2, 2))
    assert qem.ergotropy(np.diag([0.4, 0.6]), nothing) == 0.0


@pytest.mark.parametrize("kind", [np.complex64, np.float32, np.float16, np.float64])
@pytest.mark.parametrize("levels", [2, 12, 150])
def test_tolerances_follow_the_precision_of_what_came(kind, levels):
    rng = np.random.default_rng(levels)
    ket = (rng.normal(size=levels) + 1j * rng.normal(size=levels)).astype(complex)
    if np.dtype(kind).kind == "f":
        ket = ket.real.copy()
    ket /= np.linalg.norm(ket)
    low = ket.astype(kind)
    rho = np.outer(low, low.conj())
    eps = float(np.finfo(kind).eps)
    energies = np.arange(levels)  # whole numbers are exact
    exact = (np.abs(ket) ** 2) @ energies
    found = qem.ergotropy(rho, np.diag(energies))
    assert found == pytest.approx(exact, rel=30 * eps * np.sqrt(levels))
    assert qem.ergotropy(rho.diagonal().real, energies) <= found + 30 * eps * exact
    # what is not round-off is still refused
    bad = rho.copy()
    bad[0, 1] += kind(0.5)
    with pytest.raises(ValueError, match="rho must be Hermitian"):
        qem.entropy(bad)


def test_single_precision_may_leave_negative_populations_of_its_round_off():
    p = np.array([1.0, -1e-7], dtype=np.float32)
    assert qem.entropy(p) == pytest.approx(0.0, abs=1e-6)
    with pytest.raises(ValueError, match="no population below -6.7.*e-07, got -1.000e-05"):
        qem.entropy(np.array([1.0, -1e-5], dtype=np.float32))
    with pytest.raises(ValueError, match="no population below -1e-09, got -1.000e-07"):
        qem.entropy(np.array([1.0, -1e-7]))


def test_states_and_hamiltonians_of_other_libraries():
    psi = (qutip.basis(3, 0) + 1j * qutip.basis(3, 2)).unit()
    number = qutip.num(3)
    for state in (psi, psi.dag(), psi.proj(), psi.proj().to("csr")):
        assert qem.ergotropy(state, number) == pytest.approx(1.0, abs=1e-15)
        assert qem.entropy(state) == pytest.approx(0.0, abs=1e-13)
    mixed = qutip.thermal_dm(40, 0.5)
    expected = 1.5 * np.log(1.5) - 0.5 * np.log(0.5)
    assert qem.entropy(mixed) == pytest.approx(expected, abs=1e-12)
    half = np.diag([0.25, 0.75])
    for form in (csr_array(half), coo_matrix(half), xr.DataArray(half)):
        assert qem.ergotropy(form, np.diag([0, 1])) == 0.5
        assert qem.ergotropy(half, form) == pytest.approx(0.5 * 0.5, abs=1e-15)
    assert qem.second_order_coherence(xr.DataArray([0.0, 1.0])) == 0.0
    for wrong in (psi, qutip.to_super(number)):
        with pytest.raises(ValueError, match="hamiltonian must be an operator, got a .* of QuTiP"):
            qem.ergotropy(psi, wrong)


def test_a_mask_is_not_ignored():
    p = np.ma.masked_array([0.5, 0.5, 7.0], mask=[0, 0, 1])
    with pytest.raises(ValueError, match="rho must not be masked, got 1"):
        qem.entropy(p)


@pytest.mark.parametrize(
    "value", [None, object(), qem.paper_device(), len], ids=lambda v: type(v).__name__
)
def test_what_is_no_array_is_a_type_error(value):
    for call in (
        lambda: qem.entropy(value),
        lambda: qem.ergotropy(value, [0.0, 1.0]),
        lambda: qem.free_energy_work(value, [0.0, 1.0], 1.0),
    ):
        with pytest.raises(TypeError, match="^rho must be an array: populations .* got "):
            call()
    with pytest.raises(TypeError, match="^hamiltonian must be an array"):
        qem.ergotropy([1.0, 0.0], value)


# --- the paper's states -------------------------------------------------------------------------


def populations(voltage, levels):
    return paper_state(voltage).populations(levels)


def test_incoherent_ergotropy_of_the_paper_above_threshold():
    p = populations(10.0, 700)
    assert abs(1 - p.sum()) < 1e-10
    assert qem.ergotropy(p, ladder(700)) == pytest.approx(3.62278e-2, abs=1e-7)


@pytest.mark.parametrize(("voltage", "levels"), [(0.0, 200), (6.0, 350)])
def test_incoherent_ergotropy_is_zero_below_threshold(voltage, levels):
    p = populations(voltage, levels)
    assert (np.diff(p[: levels // 2]) < 0).all()  # beyond, round-off decides
    assert abs(qem.ergotropy(p, ladder(levels))) < 1e-9


def test_population_inversion_begins_between_8_50_and_8_60():
    below, above = populations(8.5, 2), populations(8.6, 2)
    assert below[1] < below[0]
    assert above[1] > above[0]


@pytest.mark.parametrize(("voltage", "levels", "expected"), [(0.0, 220, 3e-5), (6.0, 400, 2e-6)])
def test_total_ergotropy_is_small_but_not_zero_below_threshold(voltage, levels, expected):
    rho = paper_state(voltage).density_matrix(levels)
    work = qem.ergotropy(rho, np.diag(ladder(levels)))
    assert work == pytest.approx(expected, rel=0.25)


def test_free_energy_work_at_zero_bias_is_not_zero():
    rho = paper_state(0.0).density_matrix(300)
    total = qem.free_energy_work(rho, np.diag(ladder(300)), 2.0)
    incoherent = qem.free_energy_work(np.diag(rho).real, ladder(300), 2.0)
    assert total == pytest.approx(6e-5, rel=0.1)
    assert incoherent == pytest.approx(2.5e-5, rel=0.05)


@pytest.mark.parametrize("voltage", [0.0, 6.0, 10.0])
def test_moments_and_levels_give_the_same_second_order_coherence(voltage):
    p = populations(voltage, 900)
    assert qem.second_order_coherence(p) == pytest.approx(paper_state(voltage).g2, rel=1e-8)
    assert np.arange(900) @ p == pytest.approx(paper_state(voltage).phonon_number, rel=1e-9)
