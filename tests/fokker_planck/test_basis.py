"""The basis of Hermite functions, the generator in it, correlations, and how many functions."""

from dataclasses import replace

import numpy as np
import pytest
from cases import both_noises, paper_model, paper_state, toy

import qemlib as qem
from qemlib.fokker_planck import stationary
from qemlib.fokker_planck._sizes import LADDER, sizes
from qemlib.fokker_planck.basis import Basis, disk
from qemlib.fokker_planck.correlations import position_correlation
from qemlib.fokker_planck.generator import generator_of


def gauss(x, p):
    return np.exp(-((x - 0.7) ** 2) - 0.5 * p**2 + 0.2 * (x - 0.7) * p)


def test_a_projected_density_is_found_again_on_grids_and_at_points():
    basis = disk(96, 9.0, middle=0.5)
    node, _ = basis.nodes
    c = basis.project(gauss(node[:, None] + 0.5, node))
    x, p = np.linspace(-2, 3, 23), np.linspace(-4, 4, 23)
    assert basis.on_grid(c, x, p) == pytest.approx(gauss(x[:, None], p), abs=1e-12)
    assert basis.at_points(c, x, p) == pytest.approx(gauss(x, p), abs=1e-12)
    assert basis.at_nodes(c) == pytest.approx(gauss(node[:, None] + 0.5, node), abs=1e-12)


def test_averages_are_those_of_the_gaussian():
    basis = disk(96, 9.0, middle=0.5)
    node, _ = basis.nodes
    c = basis.project(gauss(node[:, None] + 0.5, node))
    precision = np.array([[2.0, -0.2], [-0.2, 1.0]])
    covariance = np.linalg.inv(precision)
    total = 2.0 * np.pi / np.sqrt(np.linalg.det(precision))
    assert basis.integral(c) == pytest.approx(total, rel=1e-12)
    mean, square = basis.averages(c, basis.alpha, basis.alpha**2)
    assert mean / total == pytest.approx(0.7, abs=1e-12)
    expected = 0.49 + covariance[0, 0] - covariance[1, 1] + 2j * covariance[0, 1]
    assert square / total == pytest.approx(expected, abs=1e-12)
    # x − middle as a matrix, and as a readout.
    whole = basis.integrals
    for first in (whole @ basis.position, basis.first_moments):
        assert first @ c @ whole / total == pytest.approx(0.2, abs=1e-12)


def test_slopes_of_even_functions_are_their_derivatives():
    basis, step = disk(9, 4.0), 1e-5
    p = np.linspace(-3, 3, 31)
    even, slopes = basis.even_and_slopes(p)
    assert even == pytest.approx(basis.functions(p)[::2], abs=1e-15)
    ahead, behind = (basis.functions(p + sign * step)[::2] for sign in (1, -1))
    assert slopes == pytest.approx((ahead - behind) / (2 * step), abs=1e-9)


@both_noises
@pytest.mark.parametrize("odd", [False, True])
def test_the_sparse_generator_is_the_one_in_blocks(odd, noise_at):
    flow = generator_of(paper_model(6.0, noise_at), disk(17, 12.0), odd=odd)
    rng = np.random.default_rng(2)
    vector = [rng.normal(size=len(block)) for block in flow.diagonal]
    found = flow.sparse() @ np.concatenate(vector)
    assert found == pytest.approx(np.concatenate(flow.apply(vector)), abs=1e-13)
    assert flow.pack(flow.unpack(vector))[3] == pytest.approx(vector[3], abs=0)
    # A pencil of two: what the elimination gives solves it.
    solved = np.concatenate(flow.solve_shifted(0.3j, vector))
    left = flow.sparse() @ solved + 0.3j * solved
    assert left == pytest.approx(np.concatenate(vector), abs=1e-10)


# --- correlations -------------------------------------------------------------------------------


@pytest.mark.parametrize("force", [0.0, 0.4])
def test_correlation_of_a_linear_oscillator(force):
    """⟨x⟩² + (T/mω0²) e^{−γτ/2}[cos Ωτ + (γ/2Ω) sin Ωτ]; a force moves the basis."""
    friction, reach = 0.05, 90.0
    model = toy(force=force, friction=friction, noise=4 * friction, reach=reach)
    times = np.linspace(0.0, 60.0, 13)
    found = position_correlation(model, times, rtol=1e-10)
    turn = np.sqrt(0.04 - friction**2 / 4)
    decay = np.exp(-0.5 * friction * times)
    swing = np.cos(turn * times) + friction / (2 * turn) * np.sin(turn * times)
    expected = (force / 0.04) ** 2 + 50.0 * decay * swing
    assert found == pytest.approx(expected, abs=1e-10 * expected[0])


def test_correlation_begins_with_the_square_and_has_the_spectrum_of_the_position():
    model = toy(friction=0.05, noise=0.2)
    state = qem.steady_state(model)
    times = np.linspace(0.0, 400.0, 4001)
    found = position_correlation(state, times)
    mean_square = (state.moments[0] + state.squeezing.real) / 2 * model.x0**2
    assert found[0] == pytest.approx(mean_square, rel=1e-9)
    omega = 0.23
    spectrum = 2.0 * np.trapezoid(found * np.cos(omega * times), times)
    assert spectrum == pytest.approx(qem.position_spectrum(model, omega), rel=1e-3)


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ([1.0, 0.0], "times must rise"),
        ([-1.0, 0.0], "times must rise from 0"),
        ([], "times must rise"),
        ([[0.0]], "times must be an array with 1"),
    ],
)
def test_times_that_do_not_rise_are_refused(times, message):
    with pytest.raises(ValueError, match=message):
        position_correlation(paper_state(0.0), times)


@both_noises
def test_one_time_will_do(noise_at):
    state = paper_state(0.0, noise_at)
    both = position_correlation(state, [0.0, 2.0])
    assert position_correlation(state, [2.0]) == pytest.approx(both[1:], rel=1e-10)


def test_correlations_are_of_a_model_or_its_state():
    of_model = position_correlation(paper_model(0.0), [0.0, 1e6])
    assert position_correlation(paper_state(0.0), [0.0, 1e6]) == pytest.approx(of_model, rel=1e-12)
    with pytest.raises(TypeError, match="model must be a LangevinModel"):
        position_correlation(qem.paper_device(0.0), [0.0])


# --- how many functions -------------------------------------------------------------------------


@both_noises
@pytest.mark.parametrize("voltage", [0.0, 6.0, 10.0, 16.0, 30.0, 40.0])
def test_two_or_three_sizes_are_enough_where_friction_is_weak(voltage, monkeypatch, noise_at):
    solved = []
    solve = stationary._solve

    def counted(estimate, size, *others):
        solved.append(size)
        return solve(estimate, size, *others)

    monkeypatch.setattr(stationary, "_solve", counted)
    state = qem.steady_state(paper_model(voltage, noise_at))
    assert len(solved) <= 3
    assert len(state.coefficients) == solved[-1]


def lopsided_device():
    """Leads of unequal band, temperature and potential: no parity is used."""
    dev = qem.paper_device(9.0)
    density = replace(dev.left.density, bandwidth=0.8, rate=1.6)
    left = replace(dev.left, density=density, temperature=1.5)
    return replace(dev, left=left, right=replace(dev.right, chemical_potential=-5.0), level=0.2)


def cold_ring():
    dev = qem.paper_device(8.0)
    left, right = (replace(lead, temperature=0.5) for lead in dev.leads)
    return replace(dev, left=left, right=right)


DEVICES = {f"V = {v:g}": qem.paper_device(v) for v in (0.0, 6.0, 8.463, 30.0)} | {
    "weak coupling": replace(qem.paper_device(6.0), coupling=0.01),
    "lopsided": lopsided_device(),
    "cold ring": cold_ring(),
}


@pytest.mark.parametrize("name", DEVICES)
def test_errors_are_above_what_a_much_larger_basis_changes(name, monkeypatch):
    model = qem.LangevinModel.from_device(DEVICES[name])
    states = [qem.steady_state(model, rtol=rtol) for rtol in (1e-3, 1e-7, 1e-10)]
    monkeypatch.setattr(stationary, "sizes", lambda *_: (128, 148))
    fine = qem.steady_state(model, rtol=1e-10)
    assert len(fine.coefficients) == 148
    assert max(fine.error.values()) < 1e-11
    axis = np.linspace(-0.7, 0.7, 41) * fine.radius
    x, p = axis[:, None] * model.x0, axis * model.p0
    density = fine.wigner(x, p)
    for state in states:
        for number in ("phonon_number", "g2"):
            change = abs(getattr(state, number) / getattr(fine, number) - 1.0)
            assert change < state.error[number] + fine.error[number], number
        change = np.abs(state.wigner(x, p) - density).max() / density.max()
        assert change < state.error["wigner"] + fine.error["wigner"]


@pytest.mark.parametrize("voltage", [6.0, 8.463, 30.0])
def test_the_knots_of_the_splines_leave_no_noise_that_depends_on_the_basis(voltage):
    """Two bases of one width, large and larger: the elements that both have are the same."""
    flows = [
        generator_of(paper_model(voltage), Basis(size, 1.5), motion=False) for size in (60, 160)
    ]
    places, matrices = [], [flow.sparse().tocsr() for flow in flows]
    for flow in flows:
        blocks = (block for part in flow.indices for block in part)
        places.append([(level, j) for level, functions in blocks for j in functions])
    where = {place: i for i, place in enumerate(places[1])}
    both = [where[place] for place in places[0]]
    expected = matrices[1][both][:, both]
    assert abs(matrices[0] - expected).max() < 1e-13 * abs(expected).max()


def test_sizes_rise_and_end_with_the_largest():
    for model in (paper_model(0.0), paper_model(30.0), toy(friction=0.1, noise=0.4)):
        found = sizes(qem.orbit_average(model), 0.0, 20.0, 1e-8)
        assert (np.diff(found) > 0).all()
        assert found[-1] == LADDER[-1]
    # Strong friction: the orbit average is no guide.
    assert found == list(LADDER)
