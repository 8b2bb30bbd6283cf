"""Phase space to density matrix, on states whose both forms are known."""

from functools import lru_cache

import numpy as np
import pytest
from cases import between, few, paper_state
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.linalg import expm
from scipy.special import eval_genlaguerre, eval_laguerre, gammaln, i0e, j0

from qemlib.states import wigner

# A scale that is neither 1 nor the paper's.
X0, P0 = 2.5, 0.8


def vacuum(r):
    return 2 / np.pi * np.exp(-2 * r**2)


def fock(n):
    return lambda r: 2 / np.pi * (-1) ** n * np.exp(-2 * r**2) * eval_laguerre(n, 4 * r**2)


def thermal(mean):
    return lambda r: np.exp(-(r**2) / (mean + 0.5)) / (np.pi * (mean + 0.5))


def phase_averaged(amplitude):
    b = amplitude
    return lambda r: 2 / np.pi * np.exp(-2 * (r - b) ** 2) * i0e(4 * r * b)


def poisson(mean, levels):
    n = np.arange(levels)
    return np.exp(n * np.log(mean) - mean - gammaln(n + 1))


# --- populations --------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, 1, 2, 9, 30])
def test_populations_of_fock_states(n):
    expected = np.zeros(40)
    expected[n] = 1
    assert wigner.populations(fock(n), 40, 9.0) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("mean", [0.1, 1.0, 9.5, 60.0])
def test_populations_of_thermal_states(mean):
    n = np.arange(200)
    expected = (mean / (mean + 1)) ** n / (mean + 1)
    radius = np.sqrt(30 * (mean + 0.5))
    assert wigner.populations(thermal(mean), 200, radius) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("amplitude", [0.3, 2.0, 7.0])
def test_populations_of_phase_averaged_coherent_states(amplitude):
    p = wigner.populations(phase_averaged(amplitude), 150, amplitude + 4.5)
    assert p == pytest.approx(poisson(amplitude**2, 150), abs=1e-11)


def test_thousands_of_levels_neither_overflow_nor_lose_digits():
    amplitude = np.sqrt(1500.0)
    p = wigner.populations(phase_averaged(amplitude), 2000, amplitude + 4.5)
    assert np.isfinite(p).all()
    assert np.abs(p - poisson(1500.0, 2000)).max() < 1e-11
    assert p.sum() == pytest.approx(1.0, abs=1e-10)
    n = np.arange(2000)
    assert (n * (n - 1)) @ p / (n @ p) ** 2 == pytest.approx(1.0, abs=1e-9)


def test_a_radius_where_the_gaussian_underflows_is_no_problem():
    # e^{−2r²} = 0 in double precision for r > 19.3, where all of this state lives.
    amplitude = 25.0
    p = wigner.populations(phase_averaged(amplitude), 900, amplitude + 4.5)
    assert p == pytest.approx(poisson(625.0, 900), abs=1e-11)


@pytest.mark.parametrize(
    "profile", [thermal(1.3), phase_averaged(1.1), lambda r: paper_state(0.0).radial_profile(r)]
)
def test_one_integral_replaces_the_two_of_appendix_d(profile):
    """ρ_nn = 4π∫∫ du dr u J_0(2ru) W(u) r e^{−r²/2} L_n(r²): (D8) with its prefactor and J_0."""
    reach = 18.0
    node, weight = np.polynomial.legendre.leggauss(700)
    u, u_weight = 0.5 * reach * (node + 1), 0.5 * reach * weight
    r, r_weight = 6.5 * (node + 1), 6.5 * weight
    bessel = j0(2 * np.outer(r, u))
    characteristic = 2 * np.pi * bessel @ (u_weight * u * profile(u))  # (D7)
    direct = wigner.populations(profile, 8, 18.0)
    for n in range(8):
        kernel = r_weight * r * np.exp(-(r**2) / 2) * eval_laguerre(n, r**2)
        assert 2 * kernel @ characteristic == pytest.approx(direct[n], abs=1e-9)


@pytest.mark.parametrize("n", [30, 400, 800])
def test_nodes_for_the_wave_number_of_the_profile_are_enough(n):
    """W of a Fock state turns like its level: fewer nodes than for the highest level asked for."""
    expected = (np.arange(900) == n).astype(float)
    asked = []

    def profile(r):
        asked.append(r.size)
        return wigner.radial_wigner(expected[: n + 1], r)

    found = wigner.populations(profile, 900, 33.0, wave=4.0 * np.sqrt(n + 0.5))
    many = wigner.populations(profile, 900, 33.0)
    assert found == pytest.approx(many, abs=1e-12)
    assert found == pytest.approx(expected, abs=1e-12)
    assert asked[0] < asked[1]
    # A profile that turns faster than was said is not integrated.
    assert np.abs(wigner.populations(profile, 900, 33.0, wave=1.0) - expected).max() > 1e-10


@pytest.mark.parametrize("voltage", [0.0, 10.0, 30.0])
@pytest.mark.parametrize("levels", [60, 700])
def test_a_steady_state_asks_for_as_many_nodes_as_it_needs(voltage, levels):
    state = paper_state(voltage)
    # Nodes for four times as many levels: twice as dense.
    many = wigner.populations(state.radial_profile, 4 * levels, state.radius)[:levels]
    assert state.populations(levels) == pytest.approx(many, abs=1e-12)


simplex = st.lists(between(0.01, 1), min_size=1, max_size=40).map(lambda v: np.array(v) / sum(v))


@few
@given(simplex)
def test_levels_to_phase_space_and_back(p):
    back = wigner.populations(lambda r: wigner.radial_wigner(p, r), p.size + 3, 9.5)
    assert back == pytest.approx(np.append(p, np.zeros(3)), abs=1e-11)


@pytest.mark.parametrize("mean", [0.5, 6.0])
def test_phase_space_of_thermal_levels(mean):
    n = np.arange(400)
    p = (mean / (mean + 1)) ** n / (mean + 1)
    r = np.linspace(0, 5, 12).reshape(3, 4)
    assert wigner.radial_wigner(p, r) == pytest.approx(thermal(mean)(r), abs=1e-12)


def test_wigner_at_the_origin_is_the_parity():
    p = np.array([0.2, 0.5, 0.3])
    assert wigner.radial_wigner(p, 0.0) == pytest.approx(2 / np.pi * (0.2 - 0.5 + 0.3))


# --- moments ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "number", "pairs"),
    [
        (fock(1), 1, 0),
        (fock(7), 7, 42),
        (thermal(3.0), 3, 18),
        (phase_averaged(1.5), 2.25, 2.25**2),
    ],
)
def test_phonon_number_and_g2_from_moments_of_w(profile, number, pairs):
    moments = [
        quad(
            lambda r, k=k: 2 * np.pi * r ** (2 * k + 1) * profile(r), 0, 12, epsabs=1e-12, limit=300
        )[0]
        for k in (1, 2)
    ]
    assert wigner.phonon_number(moments) == pytest.approx(number, abs=1e-9)
    assert wigner.g2(moments) == pytest.approx(pairs / number**2, abs=1e-9)


# --- Laguerre functions -------------------------------------------------------------------------


@pytest.mark.parametrize("order", [0, 1, 5, 24])
def test_laguerre_functions_against_scipy(order):
    z = np.array([0.0, 1e-6, 0.3, 4.0, 30.0, 90.0])
    n = np.arange(30)[:, None]
    scale = np.exp(0.5 * (gammaln(n + 1) - gammaln(n + order + 1)) - 0.5 * z)
    expected = scale * z ** (order / 2) * eval_genlaguerre(n, order, z)
    assert wigner.laguerre_functions(30, z, order) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("order", [0, 3])
def test_laguerre_functions_are_orthonormal(order):
    node, weight = np.polynomial.legendre.leggauss(900)
    z, weight = 300 * (node + 1), 300 * weight
    functions = wigner.laguerre_functions(90, z, order)
    assert (functions * weight) @ functions.T == pytest.approx(np.eye(90), abs=1e-10)


def test_laguerre_functions_stay_bounded_far_out():
    functions = wigner.laguerre_functions(3000, np.array([0.0, 1.0, 1e3, 1e4, 1e6]))
    assert np.isfinite(functions).all()
    assert np.abs(functions).max() <= 1 + 1e-12
    assert (functions[:, 0] == 1).all()


# --- density matrices ---------------------------------------------------------------------------


def in_phase_space(of_alpha):
    """A function W(α) as W(x, p), ∫dx dp W = 1."""
    return lambda x, p: of_alpha(x / X0 + 1j * p / P0) / (X0 * P0)


@pytest.mark.parametrize("beta", [0.0, 1.2, 0.9j, -0.7 + 1.1j])
def test_density_matrix_of_coherent_states_with_the_signs_of_their_phases(beta):
    w = in_phase_space(lambda a: 2 / np.pi * np.exp(-2 * np.abs(a - beta) ** 2))
    rho = wigner.density_matrix(w, 24, 6.5, X0, P0)
    n = np.arange(24)
    amplitude = np.exp(-(abs(beta) ** 2) / 2 - 0.5 * gammaln(n + 1)) * complex(beta) ** n
    assert rho == pytest.approx(np.outer(amplitude, amplitude.conj()), abs=1e-10)


@pytest.mark.parametrize("angle", [0.0, 0.8, -2.1])
def test_density_matrix_of_squeezed_vacuum(angle):
    # S(ξ)|0⟩ with ξ = s e^{iφ}: c_2m = (−e^{iφ} tanh s)^m √(2m)!/(2^m m!)/√cosh s.
    s = 0.45

    def w(a):
        turned = a * np.exp(-0.5j * angle)
        return (
            2
            / np.pi
            * np.exp(-2 * (np.exp(2 * s) * turned.real**2 + np.exp(-2 * s) * turned.imag**2))
        )

    rho = wigner.density_matrix(in_phase_space(w), 22, 8.0, X0, P0)
    m = np.arange(11)
    amplitude = np.zeros(22, dtype=complex)
    amplitude[::2] = (-np.exp(1j * angle) * np.tanh(s)) ** m / np.sqrt(np.cosh(s))
    amplitude[::2] *= np.exp(0.5 * gammaln(2 * m + 1) - m * np.log(2) - gammaln(m + 1))
    assert rho == pytest.approx(np.outer(amplitude, amplitude.conj()), abs=1e-10)


@lru_cache
def displaced_parities(radii, levels, space=180):
    """⟨m|D(2r)Π|n⟩ for real r, from the exponential of a matrix: no Laguerre polynomials."""
    lowering = np.diag(np.sqrt(np.arange(1, space)), 1)
    parity = (-1.0) ** np.arange(levels)
    step = expm(2 * radii[0] * (lowering.T - lowering))
    return step[:levels, :levels] * parity


@few
@given(st.integers(0, 2**32 - 1))
def test_density_matrix_of_random_states_by_displaced_parity(seed):
    """W(α) = (2/π) Tr[ρ D(2α)Π]: the definition, with operators as matrices."""
    rng = np.random.default_rng(seed)
    half = rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4))
    rho = half @ half.conj().T
    rho /= np.trace(rho).real
    n = np.arange(4)

    def w(x, p):
        alpha = x / X0 + 1j * p / P0
        values = np.empty(alpha.shape)
        for i, row in enumerate(alpha):
            r = float(np.abs(row[0]))
            kernel = displaced_parities((round(r, 12),), 4)
            # D(2re^{iθ}) = e^{iθN} D(2r) e^{−iθN}
            phases = np.exp(1j * np.angle(row)[:, None, None] * np.subtract.outer(n, n))
            values[i] = 2 / np.pi * np.einsum("nm,amn->a", rho, phases * kernel).real
        return values / (X0 * P0)

    assert wigner.density_matrix(w, 4, 4.2, X0, P0) == pytest.approx(rho, abs=1e-8)


def test_density_matrix_has_the_populations_on_its_diagonal():
    w = in_phase_space(lambda a: thermal(2.0)(np.abs(a)))
    rho = wigner.density_matrix(w, 30, 9.0, X0, P0)
    diagonal = wigner.populations(thermal(2.0), 30, 9.0)
    assert rho == pytest.approx(np.diag(diagonal), abs=1e-12)


def test_harmonics_bound_the_diagonals_that_are_filled():
    w = in_phase_space(lambda a: 2 / np.pi * np.exp(-2 * np.abs(a - 1.0) ** 2))
    full = wigner.density_matrix(w, 12, 6.0, X0, P0)
    some = wigner.density_matrix(w, 12, 6.0, X0, P0, harmonics=3)
    near = np.abs(np.subtract.outer(np.arange(12), np.arange(12))) <= 3
    assert some[near] == pytest.approx(full[near], abs=1e-10)
    assert (some[~near] == 0).all()
    assert np.abs(full[~near]).max() > 1e-2


# --- angular averages ---------------------------------------------------------------------------


def test_angular_average_of_a_coherent_state():
    w = in_phase_space(lambda a: 2 / np.pi * np.exp(-2 * np.abs(a - 1.5j) ** 2))
    r = np.linspace(0, 5, 12).reshape(3, 4)
    average = wigner.angular_average(w, r, X0, P0)
    assert average == pytest.approx(phase_averaged(1.5)(r), abs=1e-13)


# --- refusals -----------------------------------------------------------------------------------


def test_a_profile_that_has_not_decayed_is_refused():
    with pytest.raises(ValueError, match=r"radius: at \|α\| = .* W is still .*e-0"):
        wigner.populations(thermal(9.5), 10, 9.0)
    w = in_phase_space(lambda a: thermal(9.5)(np.abs(a)))
    with pytest.raises(ValueError, match=r"radius: at \|α\| = .* W is still .*e-0"):
        wigner.density_matrix(w, 10, 9.0, X0, P0)


@pytest.mark.parametrize("levels", [0, -3, 2.5, np.nan, np.inf, True, "10", [4]], ids=repr)
def test_levels_must_be_a_positive_whole_number(levels):
    with pytest.raises(ValueError, match="levels must") as refusal:
        wigner.populations(vacuum, levels, 5.0)
    assert repr(levels) in str(refusal.value)
    with pytest.raises(ValueError, match="levels must"):
        wigner.density_matrix(in_phase_space(vacuum), levels, 5.0, X0, P0)
    with pytest.raises(ValueError, match="levels must"):
        wigner.laguerre_functions(levels, [1.0])


@pytest.mark.parametrize("radius", [0.0, -1.0, np.nan, np.inf, "far"], ids=repr)
def test_radius_must_be_finite_and_positive(radius):
    with pytest.raises(ValueError, match="radius must") as refusal:
        wigner.populations(vacuum, 4, radius)
    assert repr(radius) in str(refusal.value)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: wigner.populations(lambda r: 1.0, 4, 5.0), "radial_profile must return shape"),
        (lambda: wigner.populations(lambda r: r * np.nan, 4, 5.0), "nan"),
        (lambda: wigner.laguerre_functions(4, [-1.0]), "z must not be negative, got -1.0"),
        (lambda: wigner.laguerre_functions(4, [np.nan]), "z must hold finite"),
        (lambda: wigner.laguerre_functions(4, [[1.0]]), "z must be an array with 1 axis"),
        (lambda: wigner.laguerre_functions(4, [1.0], order=-1), "order must .*-1"),
        (lambda: wigner.radial_wigner([0.5, np.nan], 0.0), "populations must hold finite"),
        (lambda: wigner.radial_wigner([[1.0]], 0.0), "populations must be an array with 1 axis"),
        (lambda: wigner.radial_wigner([1.0], np.inf), "r must be a finite number, got inf"),
        (lambda: wigner.angular_average(None, np.nan, X0, P0), "r must be a finite number"),
        (
            lambda: wigner.density_matrix(in_phase_space(vacuum), 4, 5.0, X0, P0, harmonics=-1),
            "harmonics must .*-1",
        ),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(("x0", "p0"), [(0.0, 1.0), (np.nan, 1.0), (1.0, -2.0)])
def test_scales_must_be_finite_and_positive(x0, p0):
    name = "p0" if x0 == 1.0 else "x0"
    with pytest.raises(ValueError, match=f"{name} must"):
        wigner.density_matrix(lambda x, p: np.exp(-(x**2) - p**2), 4, 5.0, x0, p0)
