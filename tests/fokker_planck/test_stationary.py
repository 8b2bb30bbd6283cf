"""The stationary state of (A24): published numbers, exact cases, identities, another method."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from cases import both_noises, paper_model, paper_state, toy
from scipy.integrate import quad

import qemlib as qem
from qemlib.states import wigner


def grid_of(state, points=301):
    """x as a column, p as a row, and the weight of a point, for sums over all of W."""
    x = np.linspace(-1, 1, points) * state.radius * state.model.x0
    p = np.linspace(-1, 1, points) * state.radius * state.model.p0
    return x[:, None], p, (x[1] - x[0]) * (p[1] - p[0])


# --- published numbers --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("voltage", "phonon_number", "g2"),
    [(0.0, 9.558312, 1.999965), (6.0, 20.002024, 1.801557), (10.0, 42.134620, 1.544865)],
)
def test_steady_state_of_the_paper(voltage, phonon_number, g2):
    state = paper_state(voltage)
    assert state.phonon_number == pytest.approx(phonon_number, abs=6e-7)
    assert state.g2 == pytest.approx(g2, abs=6e-7)
    assert max(state.error["phonon_number"], state.error["g2"]) < 1e-10
    assert state.error["edge"] < 1e-10


def test_coherence_of_the_paper_at_high_bias():
    assert paper_state(16.0).g2 == pytest.approx(1.30, abs=5e-3)
    assert paper_state(40.0).g2 == pytest.approx(1.26, abs=5e-3)
    assert paper_state(16.0).phonon_number == pytest.approx(100, rel=0.05)


def test_charge_squeezes_the_state_slightly():
    state = paper_state(0.0)
    ratio = abs(state.squeezing) / (state.phonon_number + 0.5)
    assert ratio == pytest.approx(5.8e-3, abs=5e-5)
    # The spring is softer: x spreads more than p.
    assert state.squeezing.real > 0
    levels = np.arange(2, 260)
    rho = state.density_matrix(260)
    from_matrix = (np.sqrt(levels * (levels - 1)) * rho[levels, levels - 2]).sum()
    assert from_matrix == pytest.approx(state.squeezing, abs=1e-8)


# --- exact cases --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["the paper's device", "uneven leads"])
def test_equilibrium_is_the_gibbs_state_point_by_point(name):
    """Detailed balance: at V = 0, W is e^{−(p²/2m + U)/T} with the effective potential U."""
    dev = qem.paper_device(0.0)
    if name == "uneven leads":
        bands = qem.Lorentzian(0.5, 0.8, 1.5), qem.Lorentzian(-0.5, 1.3, 2.7)
        leads = (qem.Lead(band, 0.2, 1.4) for band in bands)
        dev = qem.Device(dev.oscillator, *leads, coupling=0.15, level=0.6)
    temperature = dev.left.temperature
    model = qem.LangevinModel.from_device(dev)
    state = qem.steady_state(model)
    x, p = np.linspace(-35, 35, 41)[:, None], np.linspace(-7, 7, 31)
    gibbs = np.exp(-(p**2 / 2 + model.potential_at(x)) / temperature)
    ends = model.x[[0, -1]]
    integral = quad(
        lambda y: float(np.exp(-model.potential_at(y) / temperature)),
        *ends,
        limit=400,
        epsrel=1e-13,
    )[0]
    gibbs /= integral * np.sqrt(2 * np.pi * temperature)
    assert np.abs(state.wigner(x, p) - gibbs).max() < 1e-12 * gibbs.max()


@pytest.mark.parametrize("friction", [1e-3, 0.05, 0.4])
def test_constant_friction_and_noise_give_the_thermal_state(friction):
    state = qem.steady_state(toy(friction=friction, noise=4 * friction), rtol=1e-10)
    mean = 10.0
    assert state.phonon_number == pytest.approx(mean - 0.5, rel=1e-10)
    assert state.moments[1] == pytest.approx(2 * mean**2, rel=1e-10)
    n = np.arange(120)
    thermal = (mean - 0.5) ** n / (mean + 0.5) ** (n + 1)
    assert state.populations(120) == pytest.approx(thermal, abs=1e-10)


def test_a_constant_force_shifts_the_gaussian():
    model = toy(force=0.4, reach=90.0)
    state = qem.steady_state(model, rtol=1e-10)
    center = 0.4 / 0.04
    x, p = np.linspace(-25, 40, 27)[:, None], np.linspace(-6, 6, 17)
    gauss = np.exp(-(p**2 + 0.04 * (x - center) ** 2) / 4.0) * 0.2 / (4 * np.pi)
    assert np.abs(state.wigner(x, p) - gauss).max() < 1e-9 * gauss.max()
    rho = state.density_matrix(320)
    n = np.arange(1, 320)
    displacement = (np.sqrt(n) * rho[n, n - 1]).sum()
    assert displacement == pytest.approx(center / model.x0, abs=1e-6)


def test_a_linear_force_squeezes_the_gaussian():
    model = toy(stiffening=0.05, friction=0.02, noise=0.08)
    state = qem.steady_state(model, rtol=1e-10)
    spread_x, spread_p = 2.0 / 0.09 / model.x0**2, 2.0 / model.p0**2
    assert state.moments[0] == pytest.approx(spread_x + spread_p, rel=1e-10)
    assert state.squeezing == pytest.approx(spread_x - spread_p, abs=1e-9)
    fourth = 3 * spread_x**2 + 3 * spread_p**2 + 2 * spread_x * spread_p
    assert state.moments[1] == pytest.approx(fourth, rel=1e-10)


# --- identities of the stationary state ---------------------------------------------------------


@lru_cache
def stiff_friction():
    """Strong friction of both signs, a nonlinear and shifted force, uneven noise."""
    x = np.linspace(-16, 16, 641)
    return qem.LangevinModel(
        mass=1.3,
        frequency=0.8,
        x=x,
        force=0.5 * np.tanh(0.7 * x) + 0.2,
        damping=0.5 - 0.7 * np.exp(-0.15 * x**2) + 0.1 * np.tanh(0.5 * x),
        diffusion=0.4 + 0.1 * np.sin(0.5 * x),
    )


@lru_cache
def asymmetric_state():
    """Leads of unequal band, temperature and potential, well above their threshold."""
    dev = qem.paper_device(9.0)
    left = replace(
        dev.left, density=replace(dev.left.density, bandwidth=0.8, rate=1.6), temperature=1.5
    )
    dev = replace(dev, left=left, right=replace(dev.right, chemical_potential=-5.0), level=0.2)
    return qem.steady_state(qem.LangevinModel.from_device(dev), rtol=1e-10)


STATES = {
    "V = 0": lambda: paper_state(0.0),
    "V = 10": lambda: paper_state(10.0),
    "V = 16": lambda: paper_state(16.0),
    "V = 10, noise at the oscillator": lambda: paper_state(10.0, "oscillator"),
    "asymmetric leads": asymmetric_state,
    "strong friction": lambda: qem.steady_state(stiff_friction(), rtol=1e-10),
}


@pytest.mark.parametrize("name", STATES)
def test_wigner_is_normalised_and_moments_are_its_moments(name):
    state = STATES[name]()
    x, p, weight = grid_of(state)
    w = state.wigner(x, p) * weight
    square = (x / state.model.x0) ** 2 + (p / state.model.p0) ** 2
    assert w.sum() == pytest.approx(1.0, abs=1e-10)
    assert (w * square).sum() == pytest.approx(state.moments[0], rel=1e-9)
    assert (w * square**2).sum() == pytest.approx(state.moments[1], rel=1e-9)


@pytest.mark.parametrize("name", STATES)
def test_moments_stand_still(name):
    """d⟨A⟩/dt = 0 for A = x², p, xp, E, E², with E = p²/2m + U and (A24)'s adjoint generator."""
    state = STATES[name]()
    model, m = state.model, state.model.mass
    x, p, weight = grid_of(state)
    inside = np.abs(x) <= min(-model.x[0], model.x[-1])
    x = np.where(inside, x, 0.0)
    w = np.where(inside, state.wigner(x, p), 0.0) * weight
    spring = m * model.frequency**2 * x - model.force_at(x)
    friction, noise = model.damping_at(x), model.diffusion_at(x)
    energy = p**2 / (2 * m) + model.potential_at(x)
    power = noise / (2 * m) - friction * p**2 / m
    rates = {
        "x²": (2 * x * p / m, np.abs(x * p) / m),
        "p": (spring + friction * p, np.abs(spring)),
        "xp": (p**2 / m - x * spring - friction * x * p, p**2 / m),
        "E": (power, noise / (2 * m)),
        "E²": (2 * energy * power + noise * p**2 / m**2, energy * noise / m),
    }
    for quantity, (rate, size) in rates.items():
        assert abs((w * rate).sum()) < 1e-8 * abs((w * size).sum()), quantity


def by_sinc_functions(model, reach_x, reach_p, points):
    """(A24) on a grid of sinc functions, x by p, with ∫W = 1: W, x and p."""

    def axis(reach):
        at = np.linspace(-reach, reach, points)
        step = at[1] - at[0]
        lag = np.subtract.outer(np.arange(points), np.arange(points))
        off = np.where(lag == 0, 1, lag)
        sign = (-1.0) ** lag
        first = np.where(lag == 0, 0.0, sign / off) / step
        second = np.where(lag == 0, -(np.pi**2) / 3, -2 * sign / off**2) / step**2
        return at, first, second

    x, d_x, _ = axis(reach_x)
    p, d_p, d_pp = axis(reach_p)
    spring = model.mass * model.frequency**2 * x - model.force_at(x)
    generator = (
        np.kron(-d_x, np.diag(p) / model.mass)
        + np.kron(np.diag(spring), d_p)
        + np.kron(np.diag(model.damping_at(x)), d_p @ np.diag(p))
        + np.kron(np.diag(0.5 * model.diffusion_at(x)), d_pp)
    )
    generator[points**2 // 2] = (x[1] - x[0]) * (p[1] - p[0])
    right = np.zeros(points**2)
    right[points**2 // 2] = 1.0
    return np.linalg.solve(generator, right).reshape(points, points), x, p


def test_strong_friction_agrees_with_a_second_discretisation():
    model = stiff_friction()
    state = qem.steady_state(model, rtol=1e-10)
    w, x, p = by_sinc_functions(model, reach_x=9.0, reach_p=9.0, points=57)
    assert np.abs(state.wigner(x[:, None], p) - w).max() < 1e-8 * w.max()
    square = (x[:, None] / model.x0) ** 2 + (p / model.p0) ** 2
    weight = (x[1] - x[0]) * (p[1] - p[0])
    assert state.moments[0] == pytest.approx((w * square).sum() * weight, rel=1e-8)
    assert state.moments[1] == pytest.approx((w * square**2).sum() * weight, rel=1e-8)
    # There the orbit average is a poor guide: the agreement is not inherited from it.
    estimate = qem.orbit_average(model)
    assert abs(estimate.moments[0] / state.moments[0] - 1) > 1e-3


# --- what the state offers ----------------------------------------------------------------------


@both_noises
@pytest.mark.parametrize(("voltage", "rtol"), [(0.0, 2e-6), (6.0, 2e-6), (10.0, 2e-6)])
def test_weak_friction_agrees_with_the_orbit_average(voltage, rtol, noise_at):
    state = paper_state(voltage, noise_at)
    estimate = qem.orbit_average(paper_model(voltage, noise_at))
    assert estimate.phonon_number == pytest.approx(state.phonon_number, rel=rtol)
    x, p = np.linspace(-30, 30, 21)[:, None], np.linspace(-6, 6, 21)
    peak = state.wigner(x, p).max()
    assert np.abs(state.wigner(x, p) - estimate.wigner(x, p)).max() < 1e-2 * peak


@both_noises
def test_the_distance_to_the_orbit_average_grows_with_friction(noise_at):
    weak = paper_model(6.0, noise_at)
    distance = []
    for factor in (1.0, 10.0):
        model = qem.LangevinModel(
            1.0, 0.2, weak.x, weak.force, factor * weak.damping, factor * weak.diffusion
        )
        state, estimate = qem.steady_state(model, rtol=1e-9), qem.orbit_average(model)
        distance.append(abs(estimate.phonon_number / state.phonon_number - 1))
    assert distance[0] < 2e-6
    assert 10 * distance[0] < distance[1] < 2e-3


@pytest.mark.parametrize("name", STATES)
def test_radial_profile_is_the_angular_average(name):
    state = STATES[name]()
    r = np.linspace(0, 0.95 * state.radius, 24)
    average = wigner.angular_average(state.wigner, r, state.model.x0, state.model.p0, angles=256)
    peak = np.abs(average).max()
    assert np.abs(state.radial_profile(r) - average).max() < 1e-11 * peak


def test_levels_hold_the_moments():
    state = asymmetric_state()
    p = state.populations(1200)
    n = np.arange(1200)
    assert p.sum() == pytest.approx(1.0, abs=1e-9)
    assert n @ p == pytest.approx(state.phonon_number, rel=1e-8)
    assert (n * (n - 1)) @ p / (n @ p) ** 2 == pytest.approx(state.g2, rel=1e-8)


def test_density_matrix_is_hermitian_with_the_populations_on_its_diagonal():
    state = asymmetric_state()
    rho = state.density_matrix(150)
    assert rho == pytest.approx(rho.conj().T, abs=1e-15)
    assert np.diag(rho) == pytest.approx(state.populations(150), abs=1e-11)


def test_wigner_of_points_and_of_grids_agree():
    state = asymmetric_state()
    x, p = np.linspace(-20, 20, 12), np.linspace(-5, 5, 12)
    on_grid = state.wigner(x[:, None], p)
    scattered = state.wigner(x, p)
    assert np.diag(on_grid) == pytest.approx(scattered, abs=1e-14)
    assert state.wigner(x[3], p[5]) == pytest.approx(on_grid[3, 5], abs=1e-14)
    assert np.shape(state.wigner(0.0, 0.0)) == ()
    assert state.wigner(np.zeros((2, 1, 3)), np.zeros((4, 1))).shape == (2, 4, 3)


def test_momentum_of_a_mirrored_model_has_no_direction():
    state = paper_state(10.0)
    x, p = np.linspace(0, 30, 11)[:, None], np.linspace(-6, 6, 13)
    assert state.wigner(x, p) == pytest.approx(state.wigner(-x, -p), abs=1e-15)


def test_mirrored_and_general_solver_agree():
    model = paper_model(10.0)
    shifted = qem.LangevinModel(  # the same physics on a lopsided grid: no parity is used
        1.0, 0.2, model.x[:-2], model.force[:-2], model.damping[:-2], model.diffusion[:-2]
    )
    assert not shifted.mirrored
    state = qem.steady_state(shifted, rtol=1e-8)
    assert state.phonon_number == pytest.approx(paper_state(10.0).phonon_number, rel=1e-8)
    assert state.g2 == pytest.approx(paper_state(10.0).g2, rel=1e-8)


@pytest.mark.parametrize("damping", [-1e-3, 0.0])
def test_friction_that_is_positive_nowhere_binds_no_state(damping):
    x = np.linspace(-40, 40, 201)
    flat = np.ones_like(x)
    model = qem.LangevinModel(1.0, 0.2, x, 0 * x, damping * flat, 1e-3 * flat)
    with pytest.raises(ValueError, match="model has no bound steady state: .* not positive"):
        qem.steady_state(model)


def test_friction_that_turns_negative_far_out_binds_no_state():
    x = np.linspace(-40, 40, 201)
    model = qem.LangevinModel(1.0, 0.2, x, 0 * x, 1e-3 * (1 - (x / 8) ** 2), 1e-3 + 0 * x)
    with pytest.raises(ValueError, match="model: its grid.* is too small"):
        qem.steady_state(model)


@both_noises
@pytest.mark.parametrize("rtol", [1e-3, 1e-6])
def test_reached_accuracy_is_at_least_what_was_asked_for(rtol, noise_at):
    state = qem.steady_state(paper_model(6.0, noise_at), rtol=rtol)
    assert max(state.error[name] for name in ("phonon_number", "g2", "wigner")) < rtol
    assert state.phonon_number == pytest.approx(paper_state(6.0, noise_at).phonon_number, rel=rtol)
    assert state.g2 == pytest.approx(paper_state(6.0, noise_at).g2, rel=rtol)


def test_rtol_at_both_ends_of_its_range_is_allowed():
    assert qem.steady_state(toy(), rtol=1e-2).phonon_number == pytest.approx(9.5, rel=1e-2)
    assert qem.steady_state(toy(), rtol=1e-11).phonon_number == pytest.approx(9.5, rel=1e-10)


@pytest.mark.parametrize("rtol", [1e-2, 1e-3, 1e-4, 1e-5, 1e-6])
@pytest.mark.parametrize(
    ("voltage", "temperature", "phonon_number"), [(8.0, 0.5, 79.975659), (5.0, 0.8, None)]
)
def test_what_a_strict_rtol_solves_a_loose_one_solves(voltage, temperature, phonon_number, rtol):
    model = narrow_ring(voltage, temperature)
    state = qem.steady_state(model, rtol=rtol)
    exact = phonon_number or qem.steady_state(model).phonon_number
    assert state.phonon_number == pytest.approx(exact, rel=rtol)
    assert state.error["edge"] < 1e-10
    assert state.populations(300).sum() == pytest.approx(1.0, abs=1e-6)


@lru_cache
def narrow_ring(voltage, temperature):
    dev = qem.paper_device(voltage)
    left, right = (replace(lead, temperature=temperature) for lead in dev.leads)
    return qem.LangevinModel.from_device(replace(dev, left=left, right=right))


# --- friction so weak that round-off hides it ---------------------------------------------------


@pytest.mark.parametrize("coupling", [1e-2, 1e-3, 1e-4, 1e-5, 1e-8])
def test_weak_friction_is_no_obstacle(coupling):
    """At V = 0 the state is the Gibbs state, however weak the friction."""
    model = qem.LangevinModel.from_device(replace(qem.paper_device(0.0), coupling=coupling))
    state = qem.steady_state(model)
    x = np.linspace(-60, 60, 2001)
    weight = np.exp(-model.potential_at(x) / 2.0)
    mean_square = weight @ x**2 / weight.sum()
    assert state.moments[0] == pytest.approx(mean_square / model.x0**2 + 5.0, rel=1e-8)
    assert state.error["residual"] < 1e-8


@pytest.mark.parametrize("coupling", [3e-2, 1e-2])
def test_both_ways_to_solve_agree(coupling):
    """The null vector, and what friction adds to the orbit average, for a lopsided device."""
    dev = qem.paper_device(6.0)
    left = replace(dev.left, density=qem.Lorentzian(0.3, 0.8, 1.5))
    model = qem.LangevinModel.from_device(replace(dev, left=left, coupling=coupling))
    by_null_vector = qem.steady_state(model, rtol=1e-7)
    # a strict rtol asks for more than round-off leaves of a null vector
    by_orbits = qem.steady_state(model, rtol=1e-11)
    assert by_orbits.phonon_number == pytest.approx(by_null_vector.phonon_number, rel=1e-9)
    assert by_orbits.g2 == pytest.approx(by_null_vector.g2, rel=1e-8)
    x, p = np.linspace(-30, 30, 13)[:, None], np.linspace(-6, 6, 11)
    w = by_null_vector.wigner(x, p)
    assert np.abs(by_orbits.wigner(x, p) - w).max() < 1e-9 * w.max()
    estimate = qem.orbit_average(model)
    assert estimate.phonon_number == pytest.approx(by_orbits.phonon_number, rel=1e-9)


def test_weak_friction_with_a_step_and_a_center_far_away():
    """γ = 1e-7 ω0 and T = D/2mγ everywhere: the Gibbs state, though γ jumps."""
    x = np.linspace(10.0, 70.0, 301)
    damping = 2e-8 * np.where(x > 41.0, 3.0, 1.0)
    model = qem.LangevinModel(1.0, 0.2, x, 0 * x + 1.6, damping, 2 * 0.5 * damping)
    assert model.rough == ("damping", "diffusion")
    state = qem.steady_state(model, rtol=1e-6)
    assert state.phonon_number == pytest.approx(2.0 + (40.0 / model.x0) ** 2, rel=1e-6)


def test_a_rough_model_that_does_not_converge_says_why():
    x = np.linspace(-25.0, 25.0, 101)
    diffusion = 0.5 * (1 + 0.3 * np.random.default_rng(3).uniform(-1, 1, 101))
    model = qem.LangevinModel(1.0, 0.5, x, 0 * x, 0 * x + 0.2, diffusion)
    with pytest.raises(qem.ConvergenceError, match=r"functions \(rough diffusion\) ⟨a†a⟩"):
        qem.steady_state(model, rtol=1e-9)


@pytest.mark.parametrize("rtol", [0.0, -1e-6, 1e-12, 0.1, np.nan, np.inf, "fine", [1e-6]], ids=repr)
def test_rtol_out_of_range_is_refused_by_name_and_value(rtol):
    with pytest.raises(ValueError, match="rtol") as refusal:
        qem.steady_state(toy(), rtol=rtol)
    assert repr(rtol) in str(refusal.value)


def test_a_grid_that_holds_the_orbits_but_not_the_basis_is_refused():
    barely = qem.LangevinModel.from_device(qem.paper_device(0.0), half_width=44.0)
    assert qem.orbit_average(barely).edge_weight < 1e-8
    with pytest.raises(ValueError, match="model: its grid, x from -44 to 44, is too small"):
        qem.steady_state(barely)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: s.wigner(np.nan, 0.0), "x must"),
        (lambda s: s.wigner(0.0, [np.inf]), "p must"),
        (lambda s: s.radial_profile(np.nan), "r must"),
        (lambda s: s.populations(0), "levels must .*got 0"),
        (lambda s: s.populations(2.5), "levels must .*2.5"),
        (lambda s: s.density_matrix(-1), "levels must .*-1"),
    ],
)
def test_bad_arguments_of_a_state_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call(paper_state(0.0))


def test_summary_names_the_numbers_and_their_error():
    text = repr(paper_state(0.0))
    assert "phonon_number=9.5583" in text
    assert "refinement" in text


@pytest.mark.filterwarnings("ignore::qemlib.ClassicalStateWarning")  # so narrow is no quantum ring
def test_a_ring_around_an_empty_middle_is_found():
    # van der Pol friction: the ring is at x = 20, and W(0) is e⁻⁶⁰ of W there.
    x = np.linspace(-40, 40, 401)
    model = qem.LangevinModel(
        mass=1.0,
        frequency=0.2,
        x=x,
        force=0 * x,
        damping=2e-3 * (x**2 / 100 - 1),
        diffusion=np.full_like(x, 2e-3 * 8 / 60),
    )
    estimate = qem.orbit_average(model)
    assert estimate.log_weight[0] < estimate.log_weight.max() - 50
    # At weak friction the amplitude is sharp: ⟨|α|²⟩ = (20/x0)², g2 → 1 + Var/mean².
    assert estimate.moments[0] == pytest.approx(40.0, rel=0.02)
    state = qem.steady_state(model, rtol=1e-6)
    assert state.phonon_number == pytest.approx(estimate.phonon_number, rel=1e-3)
    assert state.g2 == pytest.approx(estimate.g2, rel=1e-3)


@pytest.mark.parametrize("rtol", [1e-2, 1e-5])
def test_a_device_with_strong_friction_gets_a_grid_that_holds_its_state(rtol):
    """Two sharp bands: γ reaches 3.6 ω0, and W falls more slowly than its orbit average."""
    left = qem.Lead(qem.Lorentzian(-18.4, 0.914, 0.0983), 0.0, 164.0)
    right = qem.Lead(qem.Lorentzian(2.64, 0.00651, 5.3), 0.0, 15.6)
    model = qem.LangevinModel.from_device(qem.Device(qem.Oscillator(20.6), left, right, 0.19))
    assert np.abs(model.damping).max() > 3 * model.frequency
    state = qem.steady_state(model, rtol=rtol)
    assert state.error["edge"] < 1e-10
    assert state.phonon_number == pytest.approx(3.09415, rel=max(rtol, 1e-5))


def cold(temperature, omega0=0.5):
    """A linear oscillator; with ω0 = 1/2 the vacuum has the temperature 1/4."""
    x = np.linspace(-20, 20, 201)
    flat = np.ones_like(x)
    return qem.LangevinModel(1.0, omega0, x, 0.0 * x, 0.02 * flat, 2.0 * 0.02 * temperature * flat)


@pytest.mark.parametrize("above", [0.0, 1e-12, 1e-9, 1e-6, 1e-3, 0.1])
@pytest.mark.parametrize("of", [qem.orbit_average, qem.steady_state])
def test_a_state_next_to_the_vacuum_is_found_and_says_how_well_its_numbers_are_known(of, above):
    state = of(cold(0.25 * (1.0 + above)))
    phonons, g2 = 0.5 * above, 2.0  # T/ω0 − 1/2, thermal
    assert state.phonon_number == pytest.approx(phonons, rel=0, abs=1e-10)
    missed = abs(state.phonon_number - phonons)
    assert missed < state.error["phonon_number"] * abs(state.phonon_number)
    if above > 0.0:
        assert not abs(state.g2 - g2) > state.error["g2"] * abs(state.g2)
    else:
        assert state.error["g2"] > 1.0
    thermal = phonons ** np.arange(3) / (1.0 + phonons) ** np.arange(1, 4)
    assert state.populations(3) == pytest.approx(thermal, abs=1e-9)
    assert not state.violations


@pytest.mark.parametrize("rtol", [1e-11, 1e-8, 1e-4])
def test_hotter_states_are_asked_for_relative_changes_as_ever(rtol):
    state = qem.steady_state(cold(1.25), rtol)
    assert max(state.error["phonon_number"], state.error["g2"]) < rtol


def test_samples_next_to_the_vacuum_reach_a_target_beside_one_half():
    run = qem.sample(cold(0.25), 200_000_000, target_error=5e-3, progress=False)
    assert run.standard_error("phonon_number") <= 5e-3 * 0.5
    assert abs(run.phonon_number) < 5 * run.standard_error("phonon_number")


def test_g2_of_the_vacuum_is_no_number():
    assert np.isnan(qem.wigner.g2((0.5, 0.5)))
