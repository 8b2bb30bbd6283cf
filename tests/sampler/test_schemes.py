"""The integrators: their stationary covariance in theory, and the sampler against it."""

import numpy as np
import pytest
from cases import both_noises, model_of, paper_model

import qemlib as qem
from qemlib.sampler import _chain, _integrators, kernels
from qemlib.sampler._scheme import NODES
from qemlib.sampler.schemes import SCHEMES, linear_bias, linear_covariance

SIGMAS = 5.0


def linear_model(friction, pull, frequency=0.5, half_width=25.0):
    """⟨y²⟩ = 1.25/p0² · m in equilibrium; friction and pull in units of ω0 and mω0²."""
    damping = friction * frequency
    return model_of(
        *(damping, 2.5 * damping, lambda x: pull * frequency**2 * x),
        frequency=frequency,
        half_width=half_width,
    )


@pytest.mark.parametrize("scheme", SCHEMES)
def test_small_steps_find_equilibrium(scheme):
    """Equipartition; explicit Euler needs γ ≫ ω0²Δt."""
    angle = 1e-6 if scheme == "euler" else 1e-2
    covariance = linear_covariance(scheme, angle, 0.05, 0.2)
    assert covariance == pytest.approx(np.diag([1 / 0.8, 1.0]), abs=1e-2)


@pytest.mark.parametrize(
    ("scheme", "angle", "friction", "pull"),
    [
        ("rotation", 0.4, 0.04, -0.3),
        ("rotation", 0.6, 0.6, 0.2),
        ("baoab", 0.6, 0.04, 0.0),
        ("baoab", 0.4, 0.6, -0.3),
        ("symplectic", 0.5, 0.04, 0.0),
        ("symplectic", 0.3, 0.6, -0.3),
        ("euler", 0.01, 0.1, -0.3),
    ],
)
def test_sampler_has_the_covariance_of_theory(scheme, angle, friction, pull):
    model = linear_model(friction, pull)
    run = qem.sample(model, 30_000_000, scheme=scheme, step=angle / model.frequency, progress=False)
    scale = 1.25 / model.p0**2
    exact = scale * linear_covariance(scheme, angle, friction, pull)
    factor = SCHEMES[scheme].recorded_factors(angle)[0]
    error = run.standard_error("phonon_number")
    assert error < 0.02 * run.phonon_number
    assert abs(run.phonon_number + 0.5 - np.trace(exact)) < SIGMAS * error
    error = run.standard_error("squeezing")
    expected = complex(exact[0, 0] - exact[1, 1], 2 * exact[0, 1]) / factor
    assert abs(run.squeezing.real - expected.real) < SIGMAS * error.real
    assert abs(run.squeezing.imag - expected.imag) < SIGMAS * error.imag


@pytest.mark.parametrize(("scheme", "coefficient"), [("symplectic", 1 / 4), ("baoab", -1 / 8)])
def test_bias_of_second_order_schemes_is_the_square_of_the_angle(scheme, coefficient):
    for angle in (0.05, 0.1, 0.2):
        assert linear_bias(scheme, angle, 1e-4) == pytest.approx(coefficient * angle**2, rel=0.03)


def test_bias_of_rotation_is_quadratic_in_the_force_gradient():
    """At weak friction; with the noise left as it is, it would be −κθ²/6."""
    for pull in (0.05, -0.05, 0.2, -0.2):
        corrected = linear_bias("rotation", 0.2, 1e-3, pull)
        assert abs(corrected) < 0.04 * 0.2**2 * pull**2 + 0.01 * 0.2**4 * abs(pull)


def test_without_correction_the_bias_is_linear_in_the_force_gradient(monkeypatch):
    """What the correction is for, from the sampler itself."""
    model = linear_model(0.04, 0.3)
    options = {"step": 0.6 / model.frequency, "progress": False}
    right = 1.25 / model.p0**2 * (1 + 1 / 0.7) - 0.5
    run = qem.sample(model, 150_000_000, **options)
    error = run.standard_error("phonon_number")
    assert (
        abs(run.phonon_number - right - linear_bias("rotation", 0.6, 0.04, 0.3) * (right + 0.5))
        < 5 * error
    )
    monkeypatch.setattr(_integrators, "corrected_noise", lambda model, x, force, step: (x, 1.0))
    wrong = qem.sample(model, 150_000_000, **options)
    assert wrong.phonon_number - right < -0.6 * 0.3 * 0.6**2 / 6 * (right + 0.5)


def test_friction_and_noise_that_depend_on_position_belong_to_the_true_orbit(monkeypatch):
    """Strong force, D growing with x²: each half of the correction is needed."""
    x = np.linspace(-40, 40, 401)
    model = qem.LangevinModel(
        *(1.0, 0.5, x, -0.3 * 0.25 * x, 0.004 * (1 + 0.02 * x**2)),
        0.01 * (1 + 0.2 * x**2) / (1 + 0.002 * x**2),
    )
    exact = qem.steady_state(model, rtol=1e-3).phonon_number
    corrected = _integrators.corrected_noise

    def deviation():
        run = qem.sample(model, 250_000_000, step=0.6 / 0.5, progress=False)
        return (run.phonon_number - exact) / run.standard_error("phonon_number")

    assert abs(deviation()) < SIGMAS
    # γ and D where the walker is kicked; then the noise as it is, too.
    monkeypatch.setattr(_integrators, "corrected_noise", lambda *a: (x_of(a), corrected(*a)[1]))
    assert deviation() > 4
    monkeypatch.setattr(_integrators, "corrected_noise", lambda *a: (x_of(a), 1.0))
    assert deviation() > 3 * SIGMAS


def x_of(arguments):
    return arguments[1]


def test_constant_force_only_moves_the_state():
    """The scheme turns about the point of rest: a displaced oscillator is the same oscillator."""
    model = model_of(force=1.25, middle=5.0, half_width=30.0, nodes=301)
    run = qem.sample(model, 20_000_000, step=0.6 / 0.5, progress=False, trajectory=60)
    shift = 5.0 / model.x0
    assert abs(run.position - 5.0) < SIGMAS * run.standard_error("position")
    error = run.standard_error("phonon_number")
    assert abs(run.phonon_number - (2.0 + shift**2)) < SIGMAS * error
    error = run.standard_error("squeezing")
    assert abs(run.squeezing.real - shift**2) < SIGMAS * error.real
    assert run.trajectory.x.mean() == pytest.approx(5.0, abs=0.5)
    middle = 0.5 * (run.histogram.x_edges[1:] + run.histogram.x_edges[:-1])
    weight = run.histogram.counts.sum(axis=1)
    assert middle @ weight / weight.sum() == pytest.approx(5.0, abs=0.05)
    assert run.expected_bias < 1e-10


def test_step_is_chosen_from_friction_and_force():
    """The default angle where force and friction are weak, a smaller one where they are not."""
    assert qem.sample(linear_model(0.02, 0.01), 2 * 10**6, progress=False).step == 0.4 / 0.5
    strong = qem.sample(linear_model(1.0, 0.4), 2 * 10**6, progress=False)
    assert strong.step < 0.1 / 0.5
    assert strong.expected_bias < 1e-4
    assert "expected bias" in repr(strong)


def test_expected_bias_of_euler_is_that_of_its_equivalent_model():
    model = linear_model(0.1, 0.0)
    run = qem.sample(model, 20_000_000, scheme="euler", step=0.02, progress=False)
    # γ/(γ − ω0²Δt) − 1
    assert run.expected_bias == pytest.approx(0.05 / (0.05 - 0.25 * 0.02) - 1, rel=1e-3)


def test_columns_hold_the_numbers_of_the_equation():
    """a, b and s of the Ornstein-Uhlenbeck process, from its mean and variance after Δt."""
    model, step = linear_model(0.3, 0.2), 0.1
    rows, x = SCHEMES["baoab"].coefficients(model, step, 0.0)
    a = np.exp(-model.damping[0] * step)
    assert rows[:, 0] == pytest.approx(1 - a)
    assert rows[:, 1] * model.p0 == pytest.approx(model.force_at(x) * step, abs=1e-14)
    variance = model.diffusion[0] * (1 - a**2) / (2 * model.damping[0])
    assert (rows[:, 2] * model.p0) ** 2 == pytest.approx(variance)
    assert rows.shape[1] == kernels.COLUMNS


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("leapfrog", 0.1, 0.1), "scheme must be one of"),
        (("rotation", 0.0, 0.1), "angle must"),
        (("rotation", 0.1, -0.1), "friction must"),
        (("rotation", 0.1, 0.1, np.nan), "pull must"),
        (("rotation", 0.1, 0.1, 1.0), "pull must be below 1"),
        (("euler", 0.2, 0.1), "no stationary state"),
        (("baoab", 2.1, 0.1), "no stationary state"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        linear_covariance(*arguments)


@both_noises
@pytest.mark.parametrize(("voltage", "part"), [(0.0, -1.0), (6.0, -0.6), (10.0, 0.0), (16.0, 0.6)])
def test_baoab_errs_as_if_friction_and_noise_were_those_further_in(voltage, part, noise_at):
    """In units of θ²/8: half of what is known for linear oscillators at V = 6."""
    model, theta = paper_model(voltage, noise_at), 0.4
    shorter = np.sqrt(1.0 - theta**2 / 4.0)
    seen = qem.LangevinModel(
        model.mass,
        model.frequency,
        model.x,
        model.force,
        model.damping_at(shorter * model.x),
        model.diffusion_at(shorter * model.x),
    )
    exact = qem.orbit_average(model)
    # Recorded at the end of a step: all of x², and of p² only a part 1 − θ²/4.
    wider = qem.orbit_average(seen).moments[0] / exact.moments[0]
    expected = wider * (1.0 - theta**2 / 8.0) - 1.0
    square, _ = _chain.mean_square(model, exact, SCHEMES["baoab"], theta / model.frequency, NODES)
    assert square / exact.moments[0] - 1.0 == pytest.approx(expected, abs=4e-4)
    assert expected / (theta**2 / 8.0) == pytest.approx(part, abs=0.06)
