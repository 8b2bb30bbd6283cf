"""The orbit-averaged estimate where it is exact, and where it says that it is not."""

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest
from cases import both_noises, paper_model, paper_state, random_model, toy
from scipy.integrate import quad, solve_ivp
from scipy.optimize import brentq

import qemlib as qem
from qemlib.motion.orbit import edge_weight
from qemlib.states import positivity
from qemlib.states.wigner import populations


@pytest.mark.parametrize(
    ("voltage", "phonon_number", "g2"),
    [(0.0, 9.558312, 1.999965), (6.0, 20.002024, 1.801557), (10.0, 42.134620, 1.544865)],
)
def test_published_values_to_the_order_of_friction(voltage, phonon_number, g2):
    estimate = qem.orbit_average(paper_model(voltage))
    assert estimate.phonon_number == pytest.approx(phonon_number, rel=1e-6)
    assert estimate.g2 == pytest.approx(g2, rel=1e-6)


@pytest.mark.parametrize("mass", [0.7, 1.0, 2.5])
def test_constant_friction_and_noise_give_a_thermal_state(mass):
    # T = D/2mγ; ⟨|α|²⟩ = T/ω0 and ⟨|α|⁴⟩ = 2⟨|α|²⟩².
    estimate = qem.orbit_average(toy(mass=mass, noise=4e-3 * mass, reach=70 / np.sqrt(mass)))
    mean = 2.0 / 0.2
    assert estimate.phonon_number == pytest.approx(mean - 0.5, rel=1e-8)
    expected_g2 = (2 * mean**2 - 2 * mean + 0.5) / (mean - 0.5) ** 2
    assert estimate.g2 == pytest.approx(expected_g2, rel=1e-8)
    assert estimate.friction == pytest.approx(1e-3, rel=1e-9)


def test_relaxation_time_of_a_thermal_state_is_that_of_its_energy():
    # d⟨E⟩/dt = −γ(⟨E⟩ − T) for weak friction.
    assert qem.orbit_average(toy()).relaxation_time == pytest.approx(1e3, rel=1e-3)


def test_a_force_moves_and_stiffens_the_well():
    model = toy(force=0.3, stiffening=0.02, reach=75.0)
    estimate = qem.orbit_average(model)
    spring = 0.04 + 0.02
    center = 0.3 / spring
    assert estimate.center == pytest.approx(center, abs=1e-9)
    assert estimate.potential_minimum == pytest.approx(-0.5 * 0.3**2 / spring, abs=1e-9)
    mean = (2.0 / spring + center**2) / model.x0**2 + 2.0 / model.p0**2
    assert estimate.moments[0] == pytest.approx(mean, rel=1e-8)
    x, p = np.linspace(-15, 20, 15)[:, None], np.linspace(-4, 4, 9)
    gibbs = np.exp(-(p**2 / 2 + spring * (x - center) ** 2 / 2) / 2.0)
    gibbs *= np.sqrt(spring) / (2 * np.pi * 2.0)
    assert np.abs(estimate.wigner(x, p) - gibbs).max() < 1e-8 * gibbs.max()


def test_wigner_of_the_paper_in_equilibrium_is_the_gibbs_state():
    model = paper_model(0.0)
    estimate = qem.orbit_average(model)
    x, p = np.linspace(-30, 30, 31)[:, None], np.linspace(-6, 6, 21)
    gibbs = np.exp(-(p**2 / 2 + model.potential_at(x)) / 2.0)
    integral = quad(lambda y: float(np.exp(-model.potential_at(y) / 2)), -60, 60, limit=200)[0]
    gibbs /= integral * np.sqrt(2 * np.pi * 2.0)
    assert np.abs(estimate.wigner(x, p) - gibbs).max() < 1e-9 * gibbs.max()


@both_noises
@pytest.mark.parametrize("voltage", [0.0, 10.0])
def test_the_estimate_is_normalised(voltage, noise_at):
    estimate = qem.orbit_average(paper_model(voltage, noise_at))
    edge = estimate.model.x[-1]
    x, p = np.linspace(-edge, edge, 401), np.linspace(-0.2 * edge, 0.2 * edge, 401)
    weight = (x[1] - x[0]) * (p[1] - p[0])
    assert estimate.wigner(x[:, None], p).sum() * weight == pytest.approx(1.0, abs=1e-8)
    assert estimate.populations(700).sum() == pytest.approx(1.0, abs=1e-7)


@both_noises
@pytest.mark.parametrize("index", [150, 580])
def test_friction_of_an_orbit_by_following_the_motion(index, noise_at):
    """⟨γp²⟩/⟨p²⟩ over half a turn, from Newton's equation and not from integrals over x."""
    model = paper_model(10.0, noise_at)
    estimate = qem.orbit_average(model)
    energy = 0.2 * estimate.radius[index] ** 2 + estimate.potential_minimum
    start = brentq(lambda x: float(model.potential_at(x)) - energy, 0.0, model.x[-1])

    def motion(_, y):  # x, p, ∫p² dt, ∫γp² dt
        x, p = y[:2]
        friction = float(model.damping_at(x))
        return [p, float(model.force_at(x)) - 0.04 * x, p**2, friction * p**2]

    def turning(t, y):
        return y[1] if t > 1 else -1.0

    turning.terminal = True
    turn = solve_ivp(motion, (0, 40), [start, 0, 0, 0], events=turning, rtol=1e-9, atol=1e-10)
    assert turn.y[0, -1] == pytest.approx(-start, abs=1e-5)
    assert turn.y[3, -1] / turn.y[2, -1] == pytest.approx(estimate.friction[index], rel=1e-6)


@both_noises
def test_friction_changes_sign_at_the_ring(noise_at):
    estimate = qem.orbit_average(paper_model(16.0, noise_at))
    assert estimate.friction[0] < 0 < estimate.friction[-1]
    ring = estimate.radius[np.argmax(estimate.log_weight)]
    assert np.interp(ring, estimate.radius, estimate.friction) == pytest.approx(0.0, abs=1e-6)
    state = paper_state(16.0, noise_at)
    r = np.linspace(0.0, 15.0, 601)
    assert r[np.argmax(state.radial_profile(r))] == pytest.approx(ring, rel=0.02)


def test_quantile_of_a_thermal_state():
    # P(|α| < r) = 1 − e^{−r²ω0/T}
    probability = np.array([0.1, 0.5, 0.99])
    expected = np.sqrt(-np.log(1 - probability) * 10)
    assert qem.orbit_average(toy()).quantile(probability) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("probability", [-0.1, 1.5, np.nan])
def test_quantile_refuses_what_is_no_probability(probability):
    with pytest.raises(ValueError, match="probability"):
        qem.orbit_average(toy()).quantile(probability)


def test_wigner_beyond_the_grid_is_refused_and_beyond_the_widest_orbit_zero():
    estimate = qem.orbit_average(toy())
    with pytest.raises(ValueError, match="x must lie on the model's grid"):
        estimate.wigner(71.0, 0.0)
    assert estimate.wigner(0.0, 1e3) == 0.0
    with pytest.raises(ValueError, match="p must"):
        estimate.wigner(0.0, np.nan)


@pytest.mark.parametrize("of", [qem.orbit_average, qem.steady_state])
def test_a_grid_too_small_for_the_state_is_refused(of):
    small = qem.LangevinModel.from_device(qem.paper_device(10.0), half_width=30.0)
    with pytest.raises(ValueError, match="model: its grid, x from -30 to 30, is too small"):
        of(small)
    assert edge_weight(small) > 1e-3


@pytest.mark.parametrize("of", [qem.orbit_average, qem.steady_state])
def test_negative_friction_everywhere_is_refused(of):
    with pytest.raises(ValueError, match="model"):
        of(toy(friction=-1e-3))


@pytest.mark.parametrize("of", [qem.orbit_average, qem.steady_state])
def test_no_noise_is_refused(of):
    with pytest.raises(ValueError, match=r"diffusion|noise"):
        of(toy(noise=0.0))


def test_several_wells_are_refused():
    x = np.linspace(-50, 50, 201)
    double = qem.LangevinModel(1.0, 0.2, x, 2 * np.tanh(x / 3), 0 * x + 1e-3, 0 * x + 4e-3)
    with pytest.raises(ValueError, match="one well on the grid, got 2 minima"):
        qem.orbit_average(double)


@pytest.mark.parametrize("of", [qem.orbit_average, qem.steady_state])
def test_a_well_off_the_grid_is_refused(of):
    with pytest.raises(ValueError, match="one well on the grid"):
        of(toy(force=5.0))


def uneven_friction(strength):
    """Friction and noise that change within an orbit, out of proportion, in a bent well."""
    x = np.linspace(-70, 70, 401)
    return qem.LangevinModel(
        mass=1.0,
        frequency=0.2,
        x=x,
        force=0.1 * np.tanh(x / 9),
        damping=strength * (1 - 0.9 * np.exp(-((x / 10) ** 2)) + 0.3 * np.tanh(x / 7)),
        diffusion=4 * strength * (1 + 0.3 * np.tanh(x / 8)),
    )


@pytest.mark.parametrize("strength", [1e-3, 1e-2, 0.1])
def test_the_error_stated_is_above_the_error_and_of_second_order(strength):
    model = uneven_friction(strength)
    estimate, state = qem.orbit_average(model), qem.steady_state(model, rtol=1e-9)
    for name in ("phonon_number", "g2"):
        missed = abs(getattr(estimate, name) / getattr(state, name) - 1)
        assert missed < estimate.error[name]
        assert estimate.error[name] < 1e3 * (strength / 0.2) ** 2


def test_what_is_exact_states_a_small_error():
    assert qem.orbit_average(toy(friction=0.4, noise=1.6)).error["phonon_number"] < 1e-10


def far_away(center, reach, **coefficients):
    """A thermal oscillator at rest far from x = 0, on a grid that need not hold 0."""
    x = np.linspace(center - reach, center + reach, 201)
    flat = np.ones_like(x)
    spring = 0.25
    values = {"force": spring * center * flat, "damping": 0.02 * flat, "diffusion": 0.05 * flat}
    return qem.LangevinModel(1.0, 0.5, x, **(values | coefficients))


def displaced_thermal(levels, center, mean):
    """Populations of a thermal state of `mean` phonons displaced to α = center, from its W."""
    radius = np.linspace(0, abs(center) + 9 * np.sqrt(mean + 0.5), 4001)
    theta = np.arange(512) / 512 * 2 * np.pi
    square = radius[:, None] ** 2 - 2 * center * radius[:, None] * np.cos(theta) + center**2
    profile = (np.exp(-square / (mean + 0.5)) / (np.pi * (mean + 0.5))).mean(axis=1)
    return populations(lambda r: np.interp(r, radius, profile), levels, radius[-1])


@pytest.mark.parametrize("center", [30.0, -30.0, 300.0])
@pytest.mark.parametrize("of", [qem.orbit_average, qem.steady_state])
def test_a_state_at_rest_far_away(of, center):
    state = of(far_away(center, 25.0))
    assert state.center == pytest.approx(center, rel=1e-9)
    shift = center / state.model.x0
    # T = 1.25, ⟨|α|²⟩ = T/ω0 about the center
    assert state.phonon_number == pytest.approx(2.0 + shift**2, rel=1e-9)
    fourth = shift**4 + 4 * shift**2 * 2.5 + 2 * 2.5**2
    assert state.moments[1] == pytest.approx(fourth, rel=1e-9)
    x, p = center + np.linspace(-5, 5, 7)[:, None], np.linspace(-3, 3, 5)
    gibbs = np.exp(-(p**2 + 0.25 * (x - center) ** 2) / 2.5) * 0.5 / (2 * np.pi * 1.25)
    assert np.abs(state.wigner(x, p) - gibbs).max() < 1e-7 * gibbs.max()


@pytest.mark.parametrize("of", [qem.orbit_average, qem.steady_state])
def test_populations_of_a_state_far_away_are_those_about_the_origin(of):
    state = of(far_away(30.0, 25.0))
    populations = state.populations(560)
    assert populations.sum() == pytest.approx(1.0, abs=1e-8)
    assert populations @ np.arange(560) == pytest.approx(state.phonon_number, rel=1e-6)
    assert populations == pytest.approx(displaced_thermal(560, 15.0, 2.0), abs=1e-6)


@pytest.mark.parametrize("of", [qem.orbit_average, qem.steady_state, edge_weight])
@pytest.mark.parametrize("thing", [None, "model", 3.0], ids=repr)
def test_what_is_no_model_is_refused(of, thing):
    with pytest.raises(TypeError, match=f"model must be a LangevinModel, got {thing!r}$"):
        of(thing)


@pytest.mark.parametrize("of", [qem.orbit_average, qem.steady_state, edge_weight])
def test_a_device_is_told_how_to_become_a_model(of):
    with pytest.raises(TypeError, match=r"got Device.*; make one with LangevinModel.from_device\("):
        of(qem.paper_device())


def test_a_ring_thinner_than_its_orbits_is_refused():
    dev = replace(qem.paper_device(16.0), coupling=1e-6)
    with pytest.raises(qem.ConvergenceError, match="its ring is too thin"):
        qem.orbit_average(qem.LangevinModel.from_device(dev))


@pytest.mark.parametrize("of", [qem.orbit_average, qem.steady_state])
def test_results_are_locked_in_copies_too(of):
    state = of(toy())
    arrays = ("coefficients",) if hasattr(state, "coefficients") else ("radius", "log_weight")
    for twin in (state, copy.copy(state), copy.deepcopy(state), pickle.loads(pickle.dumps(state))):
        assert twin.phonon_number == state.phonon_number
        assert dict(twin.error) == dict(state.error)
        for name in arrays:
            with pytest.raises(ValueError, match="read-only"):
                getattr(twin, name)[0] = 1.0
        with pytest.raises(TypeError):
            twin.error["phonon_number"] = 0.0
        with pytest.raises(ValueError, match="read-only"):
            twin.model.x[0] = 1.0


def test_summary_names_the_numbers():
    text = repr(qem.orbit_average(toy()))
    assert "phonon_number=9.5" in text
    assert "preview" in text


def worst_of_random_models(count, seed=1000):
    """Largest |error|/error stated, of both numbers, over models with uneven friction or noise.

    Known to the error of the solution that they are compared with.
    """
    worst = {"phonon_number": 0.0, "g2": 0.0}
    while count:
        kind, model = random_model(seed)
        seed += 1
        if "varying" not in kind or "overdamped" in kind or "noisy" in kind:
            continue
        with positivity.untold():
            try:
                estimate, state = qem.orbit_average(model), qem.steady_state(model, rtol=1e-6)
            except (qem.ConvergenceError, ValueError):
                continue
        count -= 1
        for name in worst:
            value, exact = getattr(estimate, name), getattr(state, name)
            missed = abs(value - exact) - state.error[name] * abs(exact)
            worst[name] = max(worst[name], missed / (estimate.error[name] * abs(value)))
    return worst


@pytest.mark.parametrize("start", [1001, 1040, 1095])
def test_the_error_of_random_models_is_below_what_is_stated(start):
    """Friction from 0.3 % to three times the frequency, ⟨a†a⟩ from below 0 to 300.

    Cold ones are among them, whose g2 is known far less than ⟨a†a⟩ + 1/2.
    """
    worst = worst_of_random_models(4, start)
    assert 0.0 < max(worst.values()) < 1.0


@pytest.mark.slow
def test_the_error_of_many_random_models_is_well_below_what_is_stated():
    worst = worst_of_random_models(240)
    print(worst)
    assert 0.1 < max(worst.values()) < 0.5


@pytest.mark.parametrize("friction", [0.05, 0.5])
@pytest.mark.parametrize("uneven", [0.003, 0.3])
@pytest.mark.parametrize("of", ["noise", "friction"])
def test_the_error_of_nearly_even_friction_is_of_first_order_in_what_is_uneven(
    of, uneven, friction
):
    """Of g2; that of ⟨a†a⟩ is of second order for some shapes."""
    x = np.linspace(-20, 20, 401)
    varied = 1.0 + uneven * np.exp(-(x**2) / 2)
    even = 0.5 * friction * np.ones_like(x)
    damping, noise = (even * varied, even) if of == "friction" else (even, even * varied)
    model = qem.LangevinModel(1.0, 0.5, x, 0.0 * x, damping, 2.5 * noise)
    estimate, state = qem.orbit_average(model), qem.steady_state(model)
    for name, least in (("phonon_number", 0.0), ("g2", 5e-3)):
        missed = abs(getattr(estimate, name) / getattr(state, name) - 1)
        assert least * estimate.error[name] < missed < estimate.error[name]


@pytest.mark.parametrize("seed", [127, 168, 271])
def test_the_widest_orbit_turns_on_the_grid_whatever_the_round_off(seed):
    # Off centre, the distance to the edge and back is not the edge to the last bit.
    _, model = random_model(seed)
    with positivity.untold():
        assert np.isfinite(qem.orbit_average(model).phonon_number)
