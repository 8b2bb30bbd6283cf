"""The step of a run: the bias it says it has, the motion it resolves, and the chain it makes."""

from functools import cache, partial
from itertools import product

import cases
import numpy as np
import pytest

import qemlib as qem
from qemlib.sampler import _chain, _step, schemes
from qemlib.sampler._relaxation import slowest_time
from qemlib.sampler._scheme import NODES

SIGMAS = 5.0


# m = 1 and ω0 = 0.5
model_of = partial(cases.model_of, half_width=50.0, nodes=1001)


def bump(x, at, width):
    return np.exp(-((x - at) ** 2) / (2 * width**2)) / (np.sqrt(2 * np.pi) * width)


def hump():
    """Friction with a narrow negative patch that walkers cross in a step or two."""
    return model_of(lambda x: 0.02 + 0.001 * x**2 / 16 - 0.28 * bump(x, 8, 1), 0.4)


def gibbs(force):
    """⟨|α|²⟩ of e^{−H/T} at T = 3, for a force given as a function of x."""
    x = np.linspace(-40.0, 40.0, 40001)
    work = np.concatenate([[0.0], np.cumsum(0.5 * (force(x)[1:] + force(x)[:-1]) * np.diff(x))])
    weight = np.exp(-(0.125 * x**2 - work + work.min()) / 3.0)
    return float((x**2 / 4.0) @ weight / weight.sum()) + 3.0


def wavy(x):
    return 0.1 * np.sin(2 * x)


def hill(x):
    return 1.5 * bump(x, 3, 1)


# Name: model, ⟨|α|²⟩, angles of the rotation.  Where it is no thermal state, ⟨|α|²⟩ is that of
# `steady_state` with changes below 1e-5; for the first a finite-volume solution says the same.
VARYING = {
    "negative patch": (hump(), 26.8049 + 0.5, (0.6,)),
    "two humps": (
        model_of(lambda x: 0.03 + 0.2 * bump(x, 5, 1) - 0.25 * bump(x, -6, 1.2), 0.3),
        *(9.95105, (0.6,)),
    ),
    "hump at rest": (model_of(lambda x: 0.02 + 0.5 * bump(x, 0, 1), 0.3), 3.43379, (0.4,)),
    "noise in humps": (
        model_of(lambda x: 0.04 + 0.2 * bump(x, 3, 0.8), lambda x: 0.1 + 0.8 * bump(x, -3, 0.8)),
        *(2.88529, (0.6,)),
    ),
    "strong friction": (model_of(lambda x: 0.1 + 2 * bump(x, 2, 1), 1.0), 3.43485, (0.4,)),
    "friction of twice the frequency": (
        model_of(lambda x: 1 + 0.8 * np.sin(x), 5.0, half_width=30.0),
        *(5.06014, (0.4,)),
    ),
    "overdamped, uneven noise": (
        model_of(10.0, lambda x: 50 * (1 + 0.5 * np.tanh(x / 2)), half_width=30.0),
        *(4.79550, (0.4,)),
    ),
    # Steps of several 1/γ: one and the next finer one are alike, and both far from the limit.
    "friction of many times the frequency": (
        model_of(
            lambda x: 15 * (1 + 0.0075 * x**2), 30.0, lambda x: 0.25 * np.tanh(x), half_width=18.0
        ),
        *(2.38481, (0.2, 0.4)),
    ),
    "force with a hill": (model_of(0.1, 0.6, hill), gibbs(hill), (0.6,)),
    "weak friction, wavy force": (model_of(0.02, 0.12, wavy), gibbs(wavy), (0.4,)),
}


def biases(name, scheme, angle, steps):
    """What the run misses of ⟨|α|²⟩, its standard error, and what it expects; all relative."""
    model, square, _ = VARYING[name]
    run = qem.sample(model, steps, 3, scheme=scheme, step=angle / 0.5, check=False, progress=False)
    error = run.standard_error("phonon_number") / square
    return (run.phonon_number + 0.5) / square - 1.0, error, run.expected_bias


@pytest.mark.parametrize(
    ("name", "angle"), [(name, angle) for name in VARYING for angle in VARYING[name][2]]
)
def test_expected_bias_lies_above_the_bias_but_not_far(name, angle):
    """All of them are biased by far more than their error."""
    missed, error, expected = biases(name, "rotation", angle, 60_000_000)
    # 1e-4 is what the exact values may be wrong by.
    assert abs(missed) < abs(expected) + SIGMAS * error + 1e-4
    assert expected < 2.0 * abs(missed) + 2.0 * SIGMAS * error + 3e-4


@pytest.mark.parametrize(
    ("name", "scheme", "angle"),
    [
        ("negative patch", "baoab", 0.3),
        ("strong friction", "baoab", 0.3),
        ("noise in humps", "symplectic", 0.1),
        ("strong friction", "symplectic", 0.1),
    ],
)
def test_expected_bias_of_other_schemes_lies_above_the_bias(name, scheme, angle):
    missed, error, expected = biases(name, scheme, angle, 60_000_000)
    assert abs(missed) < abs(expected) + SIGMAS * error + 1e-4
    assert abs(expected) < 0.2


def test_euler_expects_what_varying_friction_does_beyond_its_equivalent_model():
    missed, error, expected = biases("strong friction", "euler", 0.005, 60_000_000)
    assert abs(missed) < abs(expected) + SIGMAS * error + 1e-4


def test_default_step_finds_the_answer_where_friction_changes_within_an_orbit():
    run = qem.sample(hump(), 150_000_000, check=False, progress=False)
    assert run.step < 0.4 / 0.5
    assert run.expected_bias < 1e-4
    assert abs(run.phonon_number - 26.8049) < SIGMAS * run.standard_error("phonon_number")


def test_target_below_the_bias_is_refused_where_friction_changes_within_an_orbit():
    with pytest.raises(ValueError, match="target_error must be above the expected bias"):
        qem.sample(hump(), step=0.4 / 0.5, target_error=1e-3, progress=False)


def test_bias_beside_the_error_is_said():
    run = qem.sample(hump(), 30_000_000, step=0.4 / 0.5, check=False, progress=False)
    assert "the step may shift the phonon number by 0." in run.caveats[0]
    assert f"mind: {run.caveats[0]}" in repr(run)
    fine = qem.sample(model_of(0.02, 0.05), 2_000_000, progress=False)
    assert fine.caveats == ()


def test_smooth_and_weak_coefficients_need_no_chain(monkeypatch):
    """The paper's device has its largest step at no cost."""

    def refuse(*arguments):
        raise AssertionError("a chain was solved")

    monkeypatch.setattr(_chain, "mean_square", refuse)
    for voltage, noise_at in product((0.0, 6.0, 16.0, 20.0), ("zero", "oscillator")):
        model = qem.LangevinModel.from_device(qem.paper_device(voltage), noise_at=noise_at)
        chosen = _step.choose(model, schemes.DEFAULT, None, None)
        assert chosen.size == 0.4 / model.frequency
        assert chosen.expected_bias < 1e-5
        assert chosen.nodes == NODES
        assert chosen.resolves_motion


# The chain on its grid


@pytest.mark.parametrize(
    ("scheme", "angle", "friction", "pull"),
    [
        ("rotation", 0.6, 0.5, 0.3),
        ("rotation", 0.4, 3.0, -0.5),
        ("baoab", 0.6, 0.5, -0.3),
        ("symplectic", 0.3, 0.5, 0.2),
        ("euler", 0.05, 0.5, -0.2),
    ],
)
def test_chain_of_a_linear_oscillator_is_that_of_lyapunov(scheme, angle, friction, pull):
    model = model_of(0.5 * friction, 1.25 * friction, lambda x: 0.25 * pull * x)
    found, error = _chain.mean_square(
        *(model, qem.orbit_average(model), schemes.SCHEMES[scheme], angle / 0.5, NODES)
    )
    covariance = schemes.linear_covariance(scheme, angle, friction, pull)
    # ⟨y²⟩ = T/p0² · m = 1.25 in equilibrium
    assert found == pytest.approx(1.25 * np.trace(covariance), rel=1e-4)
    assert error < 1e-5


def test_chain_with_fine_steps_is_the_fokker_planck_equation():
    model = VARYING["noise in humps"][0]
    found, _ = _chain.mean_square(model, qem.orbit_average(model), schemes.DEFAULT, 0.1, NODES)
    assert found == pytest.approx(VARYING["noise in humps"][1], rel=1e-4)


# The table


def test_table_has_the_nodes_that_the_coefficients_need():
    assert _step.table_nodes(model_of(lambda x: 0.02 + bump(x, 3, 2), 0.05)) == NODES
    x = np.sort(np.append(np.linspace(-400, 400, 101), np.linspace(2, 2.4, 41)))
    steep = np.where(x < 2.2, 0.02, 0.2)
    model = qem.LangevinModel(1.0, 0.5, x, 0 * x, steep, 0.1 + 0 * x)
    assert _step.table_nodes(model) > NODES


# Motion


@pytest.mark.parametrize("friction", [0.01, 0.5, 1.9, 2.1, 20.0])
def test_error_of_rates_is_that_of_a_correlation(friction):
    """Over a quarter of the slow time: from powers of the map, against the exact exponential."""
    theta = 0.05
    move, _ = schemes.DEFAULT.linear_map(theta, friction, 0.0)
    steps = max(1, round(0.25 * max(friction, 1 / friction) / theta))
    slow, fast = np.roots([1.0, friction, 1.0])
    time = steps * theta
    # ⟨q(t)q(0)⟩/⟨q²⟩ of a damped oscillator at rest
    correlation = ((slow * np.exp(fast * time) - fast * np.exp(slow * time)) / (slow - fast)).real
    found = np.linalg.matrix_power(move, steps)[0, 0]
    error = schemes.error_of_rates("rotation", theta, friction)
    assert found == pytest.approx(correlation, abs=max(2 * error, 2e-3))


def test_slowest_time_is_that_of_the_position_where_friction_is_strong():
    for friction in (20.0, 200.0):
        model = model_of(0.5 * friction, 1.25 * friction, half_width=25.0)
        rate = 0.5 * (0.5 * friction - np.sqrt(0.25 * friction**2 - 1.0))
        assert slowest_time(qem.orbit_average(model)) == pytest.approx(1 / rate, rel=0.01)
        # The chain's: M has the eigenvalue e^{−Δt/τ}.
        move, _ = schemes.DEFAULT.linear_map(0.4, friction, 0.0)
        chain = -0.8 / np.log(np.linalg.eigvals(move).real.max())
        assert slowest_time(qem.orbit_average(model), 0.8) == pytest.approx(chain, rel=0.05)
    weak = qem.orbit_average(model_of(0.02, 0.05))
    assert slowest_time(weak) == weak.relaxation_time


def overdamped(friction=200.0):
    return model_of(0.5 * friction, 1.25 * friction, half_width=25.0)


def test_trajectory_of_overdamped_motion_has_its_correlation():
    """⟨x(t)x(0)⟩/⟨x²⟩ = e^{−t/400} for γ = 200 ω0: 0.988 after 4.8; a step of 0.8 gives 0.637."""
    model = overdamped()
    run = qem.sample(
        model, 80_000_000, walkers=128, burn_in=500.0, trajectory=160, check=False, progress=False
    )
    spacing, x = run.trajectory.time[0], run.trajectory.x
    lag = round(4.8 / spacing)
    moved = ((x[:, lag:] - x[:, :-lag]) ** 2).mean() / (2 * 5.0)  # ⟨x²⟩ = T/mω0² = 5
    exact = 1.0 - np.exp(-lag * spacing / 400.0)
    assert moved == pytest.approx(exact, rel=0.2)
    assert run.resolves_motion
    assert "not of the motion" not in repr(run)
    assert run.step < 1.0 / (0.5 * 200.0)


def test_step_too_large_for_a_trajectory_is_refused():
    with pytest.raises(ValueError, match="step must be smaller for a trajectory.*200 ω0") as told:
        qem.sample(overdamped(), 10**7, step=0.8, trajectory=6, progress=False)
    allowed = float(str(told.value).split("at a step of ")[1].split(",")[0])
    assert qem.sample(
        *(overdamped(), 10**6),
        **{"step": allowed, "trajectory": 6, "walkers": 128, "burn_in": 0.0},
        check=False,
        progress=False,
    ).resolves_motion


def test_times_of_the_chain_are_not_given_as_those_of_the_motion():
    run = qem.sample(overdamped(), 30_000_000, progress=False)
    assert abs(run.phonon_number - 2.0) < SIGMAS * run.standard_error("phonon_number")
    assert run.burn_in >= 8 * 399
    assert run.relaxation_time == pytest.approx(400.0, rel=0.01)
    assert not run.resolves_motion
    for told in (repr(run), repr(run.diagnostics), " ".join(run.caveats)):
        assert "times are those of the chain of steps, not of the motion" in told
    weak = qem.sample(model_of(0.02, 0.05), 2_000_000, progress=False)
    assert weak.resolves_motion
    assert "not of the motion" not in repr(weak) + repr(weak.diagnostics)


def test_r_hat_sees_a_position_that_has_not_relaxed():
    """Without burn-in, for two relaxation times of x, which are a thousand of p."""

    def run(steps):
        options = {"step": 0.02, "walkers": 1024, "burn_in": 0.0}
        return qem.sample(overdamped(20.0), 1024 * steps, check=False, progress=False, **options)

    short = run(4800)
    assert short.diagnostics["energy"].r_hat > 1.02
    assert "walkers from different starts still differ" in short.shortcomings[0]
    assert run(40_000).shortcomings == ()


# Units


@cache
def sampled(name):
    return qem.sample(VARYING[name][0], 2_000_000, check=False, progress=False)


@pytest.mark.parametrize(
    ("name", "energy", "mass"),
    [("negative patch", 1e30, 1.0), ("negative patch", 1e-30, 1e-30)],
)
def test_units_of_energy_and_mass_change_nothing_but_dimensions(name, energy, mass):
    """With ħ = 1 the unit of time is one over that of energy; x0² is one over mass × frequency."""
    model, length = VARYING[name][0], 1.0 / np.sqrt(mass * energy)
    scaled = qem.LangevinModel(
        model.mass * mass,
        model.frequency * energy,
        model.x * length,
        model.force * (energy / length),
        model.damping * energy,
        model.diffusion * (energy / length**2),
    )
    runs = [sampled(name), qem.sample(scaled, 2_000_000, check=False, progress=False)]
    assert runs[1].step * energy == pytest.approx(runs[0].step, rel=1e-12)
    assert runs[1].expected_bias == pytest.approx(runs[0].expected_bias, rel=1e-3, abs=1e-7)
    # Rounded in float32, walkers part in time; what they tell does not.
    error = runs[0].standard_error("phonon_number")
    assert abs(runs[1].phonon_number - runs[0].phonon_number) < error
    assert runs[1].relaxation_time * energy == pytest.approx(runs[0].relaxation_time, rel=1e-6)
    assert runs[1].position == pytest.approx(runs[0].position * length, abs=2 * error * length)
