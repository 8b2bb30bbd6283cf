"""The orbit-averaged estimate where it is exact, and where it says that it is not."""

from functools import lru_cache

import numpy as np
import pytest
from cases import paper_model, paper_state
from scipy.integrate import quad, solve_ivp
from scipy.optimize import brentq

import qemlib as qem
from qemlib.orbit import edge_weight


@lru_cache
def toy(force=0.0, stiffening=0.0, friction=1e-3, noise=4e-3, mass=1.0, frequency=0.2, reach=70.0):
    """Constant friction and noise, and a force that is constant or linear in x."""
    x = np.linspace(-reach, reach, 201)
    return qem.LangevinModel(
        mass=mass,
        frequency=frequency,
        x=x,
        force=force - stiffening * x,
        damping=np.full_like(x, friction),
        diffusion=np.full_like(x, noise),
    )


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


@pytest.mark.parametrize("voltage", [0.0, 10.0])
def test_the_estimate_is_normalised(voltage):
    estimate = qem.orbit_average(paper_model(voltage))
    edge = estimate.model.x[-1]
    x, p = np.linspace(-edge, edge, 401), np.linspace(-0.2 * edge, 0.2 * edge, 401)
    weight = (x[1] - x[0]) * (p[1] - p[0])
    assert estimate.wigner(x[:, None], p).sum() * weight == pytest.approx(1.0, abs=1e-8)
    assert estimate.populations(700).sum() == pytest.approx(1.0, abs=1e-7)


@pytest.mark.parametrize("index", [150, 580])
def test_friction_of_an_orbit_by_following_the_motion(index):
    """⟨γp²⟩/⟨p²⟩ over half a turn, from Newton's equation and not from integrals over x."""
    model = paper_model(10.0)
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


def test_friction_changes_sign_at_the_ring():
    estimate = qem.orbit_average(paper_model(16.0))
    assert estimate.friction[0] < 0 < estimate.friction[-1]
    ring = estimate.radius[np.argmax(estimate.log_weight)]
    assert np.interp(ring, estimate.radius, estimate.friction) == pytest.approx(0.0, abs=1e-6)
    state = paper_state(16.0)
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


@pytest.mark.parametrize("of", [qem.orbit_average, qem.steady_state])
def test_several_wells_are_refused(of):
    x = np.linspace(-50, 50, 201)
    double = qem.LangevinModel(1.0, 0.2, x, 2 * np.tanh(x / 3), 0 * x + 1e-3, 0 * x + 4e-3)
    with pytest.raises(ValueError, match="one well on the grid, got 2 minima"):
        of(double)


@pytest.mark.parametrize("of", [qem.orbit_average, qem.steady_state])
def test_a_well_off_the_grid_is_refused(of):
    with pytest.raises(ValueError, match="one well on the grid"):
        of(toy(force=5.0))


def test_summary_names_the_numbers():
    text = repr(qem.orbit_average(toy()))
    assert "phonon_number=9.5" in text
    assert "preview" in text
