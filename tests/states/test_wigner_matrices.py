"""W ↔ ρ with coherences, both ways, on states whose two forms are known, and against QuTiP."""

import numpy as np
import pytest
import qutip
from cases import UNLIKE, paper_model
from scipy.linalg import expm
from scipy.special import eval_laguerre, gammaln

import qemlib as qem
from qemlib.states import _fock, wigner

# A scale that is neither 1 nor the paper's.
X0, P0 = 2.5, 0.8
LEVELS = 60


def coherent_amplitudes(beta, levels=LEVELS):
    n = np.arange(levels)
    size = -0.5 * abs(beta) ** 2 - 0.5 * gammaln(n + 1) + n * np.log(abs(beta))
    return np.exp(size + 1j * n * np.angle(beta))


def squeezed_amplitudes(s, phi, levels=LEVELS):
    """S(se^{iφ})|0⟩: c_2m = (−e^{iφ} tanh s)^m √(2m)!/(2^m m!)/√cosh s."""
    m = np.arange(levels // 2)
    amplitude = np.zeros(levels, dtype=complex)
    amplitude[::2] = (-np.exp(1j * phi) * np.tanh(s)) ** m / np.sqrt(np.cosh(s))
    amplitude[::2] *= np.exp(0.5 * gammaln(2 * m + 1) - m * np.log(2) - gammaln(m + 1))
    return amplitude


def pure(amplitudes):
    return np.outer(amplitudes, amplitudes.conj())


def gaussian(beta):
    return lambda a: 2 / np.pi * np.exp(-2 * np.abs(a - beta) ** 2)


def cat_wigner(beta):
    """(|β⟩ + |−β⟩)/N with N² = 2(1 + e^{−2|β|²})."""

    def w(a):
        fringes = np.exp(-2 * np.abs(a) ** 2) * np.cos(4 * (a * np.conj(beta)).imag)
        blobs = np.exp(-2 * np.abs(a - beta) ** 2) + np.exp(-2 * np.abs(a + beta) ** 2)
        return 2 / np.pi * (blobs + 2 * fringes) / (2 * (1 + np.exp(-2 * abs(beta) ** 2)))

    return w


def squeezed_wigner(s, phi):
    def w(a):
        turned = a * np.exp(-0.5j * phi)
        wide, narrow = np.exp(-2 * s) * turned.imag**2, np.exp(2 * s) * turned.real**2
        return 2 / np.pi * np.exp(-2 * (narrow + wide))

    return w


def cat_amplitudes(beta, levels=LEVELS):
    both = coherent_amplitudes(beta, levels) + coherent_amplitudes(-beta, levels)
    return both / np.sqrt(2 * (1 + np.exp(-2 * abs(beta) ** 2)))


def fock_wigner(n):
    def w(a):
        square = np.abs(a) ** 2
        return 2 / np.pi * (-1) ** n * np.exp(-2 * square) * eval_laguerre(n, 4 * square)

    return w


def thermal_wigner(mean):
    return lambda a: np.exp(-(np.abs(a) ** 2) / (mean + 0.5)) / (np.pi * (mean + 0.5))


N = np.arange(LEVELS)
# name: (W(α), ρ); the levels hold all of them to round-off
STATES = {
    "vacuum": (gaussian(0.0), np.diag(1.0 * (N == 0))),
    "Fock 1": (fock_wigner(1), np.diag(1.0 * (N == 1))),
    "Fock 40": (fock_wigner(40), np.diag(1.0 * (N == 40))),
    "thermal": (thermal_wigner(1.2), np.diag((1.2 / 2.2) ** N / 2.2)),
    "coherent": (gaussian(2.0 - 1.3j), pure(coherent_amplitudes(2.0 - 1.3j))),
    "squeezed": (squeezed_wigner(0.4, 0.9), pure(squeezed_amplitudes(0.4, 0.9))),
    "cat": (cat_wigner(1.9 + 1.1j), pure(cat_amplitudes(1.9 + 1.1j))),
}
RADIUS = 9.0


def in_phase_space(of_alpha):
    """A function W(α) as W(x, p), ∫dx dp W = 1."""
    return lambda x, p: of_alpha(x / X0 + 1j * p / P0) / (X0 * P0)


@pytest.mark.parametrize("name", STATES)
def test_matrix_from_phase_space(name):
    w, rho = STATES[name]
    found = wigner.density_matrix(in_phase_space(w), LEVELS, RADIUS, X0, P0)
    assert np.abs(found - rho).max() < 1e-10
    assert np.abs(found - found.conj().T).max() == 0


@pytest.mark.parametrize("name", STATES)
def test_phase_space_from_matrix(name):
    w, rho = STATES[name]
    x, p = np.linspace(-12, 12, 37)[:, None], np.linspace(-4, 4, 41)
    found = wigner.wigner_function(rho, x, p, X0, P0)
    assert np.abs(found - in_phase_space(w)(x, p)).max() < 1e-10


@pytest.mark.parametrize("name", STATES)
def test_round_trip_from_the_matrix(name):
    _, rho = STATES[name]

    def w(x, p):
        return wigner.wigner_function(rho, x, p, X0, P0)

    back = wigner.density_matrix(w, LEVELS, RADIUS, X0, P0)
    assert np.abs(back - rho).max() < 1e-10


@pytest.mark.parametrize("name", STATES)
def test_round_trip_from_phase_space(name):
    w, _ = STATES[name]
    rho = wigner.density_matrix(in_phase_space(w), LEVELS, RADIUS, X0, P0)
    x, p = np.linspace(-9, 9, 24), np.linspace(-3, 3, 24)
    back = wigner.wigner_function(rho, x, p, X0, P0)
    assert np.abs(back - in_phase_space(w)(x, p)).max() < 1e-10


@pytest.mark.parametrize("name", STATES)
def test_qutip_finds_the_same_function(name):
    _, rho = STATES[name]
    x, p = np.linspace(-4, 4, 33), np.linspace(-3.5, 3.5, 29)
    # g = 2 makes its α equal to x + ip; its first axis is p.
    theirs = qutip.wigner(qutip.Qobj(rho), x, p, g=2).T
    ours = wigner.wigner_function(rho, x[:, None], p, x0=1.0, p0=1.0)
    assert np.abs(ours - theirs).max() < 1e-10


def test_qutip_finds_the_same_function_of_a_random_state():
    rng = np.random.default_rng(4)
    half = rng.normal(size=(25, 6)) + 1j * rng.normal(size=(25, 6))
    rho = pure(half[:, 0]) + half @ half.conj().T
    rho /= np.trace(rho).real
    x = np.linspace(-6, 6, 31)
    theirs = qutip.wigner(qutip.Qobj(rho), x, x, g=2).T
    ours = wigner.wigner_function(rho, x[:, None], x, x0=1.0, p0=1.0)
    assert np.abs(ours - theirs).max() < 1e-10
    back = wigner.density_matrix(
        lambda x, p: wigner.wigner_function(rho, x, p, X0, P0), 25, RADIUS, X0, P0
    )
    assert np.abs(back - rho).max() < 1e-10


def test_displaced_parity_is_the_definition():
    """W(α) = (2/π) Tr[ρ D(α) Π D(α)†], with operators as matrices in a larger space."""
    rng = np.random.default_rng(1)
    half = rng.normal(size=(5, 5)) + 1j * rng.normal(size=(5, 5))
    rho = half @ half.conj().T / np.trace(half @ half.conj().T).real
    space = 120
    lowering = np.diag(np.sqrt(np.arange(1, space)), 1)
    parity = np.diag((-1.0) ** np.arange(space))
    for alpha in (0.0, 0.7 - 0.4j, -1.3j, 2.1 + 0.6j):
        shift = expm(alpha * lowering.T - np.conj(alpha) * lowering)
        kernel = (shift @ parity @ shift.conj().T)[:5, :5]
        expected = 2 / np.pi * np.trace(rho @ kernel).real / (X0 * P0)
        found = wigner.wigner_function(rho, X0 * np.real(alpha), P0 * np.imag(alpha), X0, P0)
        assert found == pytest.approx(expected, abs=1e-12)


def test_one_level_is_the_first_of_many():
    w = in_phase_space(thermal_wigner(2.0))
    one, many = (wigner.density_matrix(w, levels, RADIUS, X0, P0) for levels in (1, 6))
    assert one.shape == (1, 1)
    assert one[0, 0] == pytest.approx(1.0 / 3.0, abs=1e-12)
    assert one[0, 0] == pytest.approx(many[0, 0], abs=1e-13)


def blurred_coherent_state(mean, levels, spread):
    """A coherent state whose phase is uncertain by `spread`: coherences reach a few levels."""
    n = np.arange(levels)
    amplitude = np.exp(0.5 * (n * np.log(mean) - mean - gammaln(n + 1)))
    distance = np.subtract.outer(n, n)
    return np.outer(amplitude, amplitude) * np.exp(-0.5 * (spread * distance) ** 2)


def test_a_thousand_levels_there_and_back():
    # e^{−800}, at the origin, is below the smallest number.
    rho = blurred_coherent_state(800.0, 1200, spread=2.0)
    rho[np.abs(rho) < 1e-18] = 0  # diagonals beyond the 4th

    def w(x, p):
        return wigner.wigner_function(rho, x, p, X0, P0)

    back = wigner.density_matrix(w, 1200, 34.0, X0, P0)
    assert np.isfinite(back).all()
    assert np.abs(back - rho).max() < 1e-10
    assert np.abs(np.diagonal(back, 2)).max() > 1e-6


def test_two_thousand_levels_with_all_their_coherences():
    beta = 30.0 * np.exp(0.3j)
    rho = pure(coherent_amplitudes(beta, 2000))
    alpha = beta + np.array([0.0, 0.5, -0.3j, 1.0 + 1.0j, -31.0, 12j])
    w = wigner.wigner_function(rho, X0 * alpha.real, P0 * alpha.imag, X0, P0)
    assert np.abs(w - gaussian(beta)(alpha) / (X0 * P0)).max() < 1e-10


def displaced_thermal(beta, mean):
    return lambda a: thermal_wigner(mean)(a - beta)


def from_displacement(beta, mean, levels):
    """D(β) ρ D(β)† with the exponential of a matrix: no Laguerre functions."""
    space = levels + 120
    lowering = np.diag(np.sqrt(np.arange(1, space)), 1)
    shift = expm(beta * lowering.T - np.conj(beta) * lowering)
    p = (mean / (mean + 1)) ** np.arange(space) / (mean + 1)
    return ((shift * p) @ shift.conj().T)[:levels, :levels]


FAR = {
    # name: (β, levels)
    "coherent, 900 phonons": (30.0 * np.exp(0.3j), 1200),
    "coherent, 100 phonons": (-10j, 240),
}


@pytest.mark.parametrize("name", FAR)
def test_coherent_states_far_out(name):
    beta, levels = FAR[name]
    rho = pure(coherent_amplitudes(beta, levels))
    w = in_phase_space(gaussian(beta))
    found = wigner.density_matrix(w, levels, abs(beta) + 5, X0, P0)
    assert np.abs(found - rho).max() < 1e-12
    assert np.abs(found - found.conj().T).max() == 0
    # about its own middle it is the vacuum
    middle, smaller = _fock.about_its_middle(rho)
    assert middle == pytest.approx(beta, abs=1e-9)
    assert len(smaller) <= 32
    x, p = np.linspace(-80, 80, 33)[:, None], np.linspace(-25, 25, 31)
    assert np.abs(wigner.wigner_function(rho, x, p, X0, P0) - w(x, p)).max() < 1e-11


@pytest.mark.parametrize(("beta", "mean"), [(6.0 - 3.0j, 0.5), (5j, 2.0), (-1.0 + 0.5j, 1.0)])
def test_displaced_thermal_states(beta, mean):
    levels = 160
    rho = from_displacement(beta, mean, levels)
    w = in_phase_space(displaced_thermal(beta, mean))
    radius = abs(beta) + np.sqrt(30 * (mean + 0.5))
    found = wigner.density_matrix(w, levels, radius, X0, P0)
    assert np.abs(found - rho).max() < 1e-11
    few = wigner.density_matrix(w, 7, radius, X0, P0)  # too few for all of it
    assert np.abs(few - rho[:7, :7]).max() < 1e-11
    some = wigner.density_matrix(w, levels, radius, X0, P0, harmonics=2)
    near = np.abs(np.subtract.outer(np.arange(levels), np.arange(levels))) <= 2
    assert np.abs(some - np.where(near, rho, 0)).max() < 1e-11
    x, p = np.linspace(-25, 25, 33)[:, None], np.linspace(-8, 8, 31)
    assert np.abs(wigner.wigner_function(rho, x, p, X0, P0) - w(x, p)).max() < 1e-10


def test_a_cat_far_out_there_and_back():
    """Two places at once, and fringes between them: no middle of its own."""
    beta, levels = 10.0 * np.exp(0.7j), 220
    rho = pure(cat_amplitudes(beta, levels))
    w = in_phase_space(cat_wigner(beta))
    found = wigner.density_matrix(w, levels, 15.0, X0, P0)
    assert np.abs(found - rho).max() < 1e-12
    x, p = np.linspace(-30, 30, 33)[:, None], np.linspace(-10, 10, 31)
    assert np.abs(wigner.wigner_function(rho, x, p, X0, P0) - w(x, p)).max() < 1e-11


def test_a_displaced_cat_has_a_middle_but_no_small_extent():
    """Its fringes lie at the middle, where nothing of its populations shows them."""
    shift, beta, levels = 9.0, 2.0j, 260
    smaller = pure(cat_amplitudes(beta))
    d = _fock.displacement(shift, levels, LEVELS)
    rho = d @ smaller @ d.conj().T
    w = in_phase_space(lambda a: cat_wigner(beta)(a - shift))
    found = wigner.density_matrix(w, levels, 17.0, X0, P0)
    assert np.abs(found - rho).max() < 1e-12


def test_displacements_are_unitary_and_add_up():
    beta, gamma = 2.0 - 1.0j, 0.7j
    one, two = (_fock.displacement(b, 140, 40) for b in (beta, gamma))
    assert np.abs(one.conj().T @ one - np.eye(40)).max() < 1e-12
    both = _fock.displacement(beta + gamma, 140, 12)
    wide = _fock.displacement(beta, 140, 140)
    phase = np.exp(0.5 * (beta * np.conj(gamma) - np.conj(beta) * gamma))
    assert np.abs((wide @ two)[:60, :12] - phase * both[:60]).max() < 1e-12


def test_the_device_there_and_back():
    """The ring at V = 10: what (A24) gave, through ρ, is W again, and QuTiP says the same."""
    from cases import paper_state

    state = paper_state(10.0)
    scales = state.model.x0, state.model.p0
    rho = qem.quantum_state(state, missing_trace=1e-11)
    x, p = np.linspace(-40, 40, 17)[:, None], np.linspace(-8, 8, 19)
    w = wigner.wigner_function(rho.matrix, x, p, *scales)
    peak = state.wigner(0.0, 0.0)
    assert np.abs(w - state.wigner(x, p)).max() < 1e-10
    assert peak > 100 * 1e-10
    theirs = qutip.wigner(qutip.Qobj(rho.matrix), x.ravel() / scales[0], p / scales[1], g=2)
    assert np.abs(w - theirs.T / (scales[0] * scales[1])).max() < 1e-10


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: wigner.wigner_function([[1, 0.1], [0.2, 0]], 0, 0, 1, 1), "rho must be Hermitian"),
        (lambda: wigner.wigner_function([1.0, 0.0], 0, 0, 1, 1), r"rho must be square.*\(2,\)"),
        (lambda: wigner.wigner_function([[np.nan]], 0, 0, 1, 1), "rho must hold finite"),
        (lambda: wigner.wigner_function([["a"]], 0, 0, 1, 1), "rho must be numbers"),
        (lambda: wigner.wigner_function([[1.0]], np.inf, 0, 1, 1), "x must be a finite"),
        (lambda: wigner.wigner_function([[1.0]], [0, 1], [0, 1, 2], 1, 1), r"x \(2,\), p \(3,\)"),
        (lambda: wigner.wigner_function([[1.0]], 0, 0, 0, 1), "x0 must"),
        (lambda: wigner.wigner_function([[1.0]], 0, 0, 1, -2), "p0 must"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_matrix_of_zeros_is_nothing():
    x = np.zeros((2, 3))
    assert (wigner.wigner_function(np.zeros((3, 3)), x, 0.0, 1, 1) == 0).all()


def test_too_sharp_an_angle_is_refused():
    rng = np.random.default_rng(0)

    def noise(x, p):
        return np.exp(-(x**2) - p**2) * rng.normal(size=x.shape)

    with pytest.raises(ValueError, match="wigner_function: 8192 directions do not resolve"):
        wigner.density_matrix(noise, 3, 6.0, 1.0, 1.0)


def test_a_function_of_the_wrong_shape_is_refused():
    with pytest.raises(ValueError, match="wigner_function must return shape"):
        wigner.density_matrix(lambda x, p: np.exp(-(x[:, 0] ** 2)), 3, 6.0, 1.0, 1.0)


def states_of_devices():
    mirrored, unlike = paper_model(10.0), qem.LangevinModel.from_device(UNLIKE)
    coherent = pure(coherent_amplitudes(1.0, 20))
    averaged = qem.AveragedModel.from_langevin(mirrored)
    yield qem.steady_state(mirrored, rtol=1e-4), True
    yield qem.evolve(np.diag([0.0, 1.0]), mirrored, [40.0], rtol=1e-4)[0], True
    yield qem.evolve(coherent, mirrored, [40.0], rtol=1e-4)[0], False
    yield qem.averaged_state(averaged), True
    yield qem.evolve([[1.0]], averaged, [1e3], rtol=1e-3)[0], True
    yield qem.steady_state(unlike, rtol=1e-4), False
    yield qem.averaged_state(qem.AveragedModel.from_langevin(unlike)), False


def test_half_of_an_even_w_tells_all_of_it():
    for state, even in states_of_devices():
        assert state._even is even
        osc, levels = state.oscillator, 40
        whole = wigner.density_matrix(state._everywhere, levels, state._reach, osc.x0, osc.p0)
        assert np.abs(state.density_matrix(levels) - whole).max() < 1e-14
        assert (np.abs(whole[::2, 1::2]).max() < 1e-14) == even
