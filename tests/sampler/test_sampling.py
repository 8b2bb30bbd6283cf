"""The sampler: its random numbers, its two schemes against exact answers, its error bars."""

import re
import signal
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numba
import numpy as np
import pytest
from cases import model_of as toy
from scipy.linalg import solve_discrete_lyapunov
from scipy.special import ndtr
from scipy.stats import kstest, poisson

import qemlib as qem
from qemlib.errors import LeftGridError
from qemlib.sampler import _integrators, _random, _run, ensemble, kernels
from qemlib.sampler._batches import RING, Batches, _fock_average, _populations
from qemlib.sampler.sampling import euler_equivalent, sample
from qemlib.sampler.schemes import DEFAULT, SCHEMES, linear_covariance

SIGMAS = 5.0


def quiet(model, steps, seed=None, **options):
    return sample(model, steps, seed, progress=False, **options)


def deviation(run, name, exact, *arguments):
    """Distance from the exact value in standard errors."""
    value = getattr(run, name)
    value = value(*arguments) if arguments else value
    return (value - exact) / run.standard_error(name, *arguments)


@cache
def thermal():
    """⟨|α|²⟩ = T/ω0 with T = D/2mγ = 1.25, ω0 = 0.5: ⟨a†a⟩ = 2."""
    return quiet(toy(), 20_000_000)


# Random numbers


def block_of_words(seed):
    words = np.zeros((5, kernels.LANES), np.uint32)
    words[:4] = np.random.default_rng(seed).integers(0, 2**32, (4, kernels.LANES), dtype=np.uint32)
    return words


def normals(count):
    words, xi = block_of_words(3), np.empty(kernels.LANES, np.float32)
    result = np.empty((count, kernels.LANES))
    for row in result:
        _random.draw_bits(words)
        _random.draw_normals(words, xi)
        row[:] = xi
    return result


def test_bits_are_those_of_the_published_generator():
    words = block_of_words(1)
    words[:4, 7] = 1, 2, 3, 4
    seen = []
    for _ in range(10):
        _random.draw_bits(words)
        seen.append(int(words[4, 7]))
    # The test vector of the Rust crate rand_xoshiro, made with the authors' C code.
    assert seen == [
        *(641, 1573767, 3222811527, 3517856514, 836907274),
        *(4247214768, 3867114732, 1355841295, 495546011, 621204420),
    ]


def test_normals_are_normal_to_five_sigma():
    xi = normals(60_000)
    n = xi.size
    for power, moment, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96), (6, 15, 10170)):
        assert abs((xi**power).mean() - moment) < SIGMAS * np.sqrt(variance / n), power
    for sigma in (1.0, 2.0, 3.0, 4.0, 5.0):
        for tail in ((xi > sigma).sum(), (xi < -sigma).sum()):
            expected = n * ndtr(-sigma)
            # Of so many or fewer, and of so many or more; none at all is likely only at 5σ.
            assert poisson.cdf(tail, expected) > 3e-7, sigma
            assert poisson.sf(tail - 1, expected) > 3e-7, sigma
    assert kstest(xi[:2000].ravel(), ndtr).pvalue > 1e-6
    # Lanes, the two halves of a Box-Muller pair, and successive draws are independent.
    half = _random.HALF
    for a, b in ((xi[:, :half], xi[:, half:]), (xi[1:], xi[:-1]), (xi[:, 1:], xi[:, :-1])):
        for f, g in ((a, b), (a**2 - 1, b**2 - 1)):
            assert abs((f * g).mean()) < SIGMAS * np.sqrt((f**2).mean() * (g**2).mean() / f.size)


def test_extreme_words_give_finite_normals():
    words, xi = np.zeros((5, kernels.LANES), np.uint32), np.empty(kernels.LANES, np.float32)
    words[4, ::2] = 2**32 - 1
    words[4, 1 : _random.HALF : 4] = 2**31
    _random.draw_normals(words, xi)
    assert np.isfinite(xi).all()
    assert 6.5 < np.abs(xi).max() < 6.8


# Linear models, where the discrete map itself has an exact stationary covariance


def covariance(model, step, scheme):
    """Of (q, y), for constant γ, D and a force linear in x, from what the kernel does in one step.

    Its map z → Mz + nξ is read off: with the same random words M from one lane to another, n from
    a walker at rest.  The rest is the discrete Lyapunov equation.
    """
    scheme, double = SCHEMES[scheme], np.float64  # as for Euler's method: less round-off
    rows, x = scheme.coefficients(model, step, 0.0, nodes=2**15 + 1)
    per_node = (x.size - 1) * model.x0 / (x[-1] - x[0])
    grid = kernels.Grid(*map(double, (x[0] / model.x0, per_node, x.size - 1, 0.0, 0.5)))
    angles = scheme.angles(model.frequency * step)
    field = kernels.Field(rows.view(np.complex128).ravel(), grid, angles)
    kernel = kernels.kernel_of(scheme.name, scheme.stride, scheme.kept)

    def one_step(q, y):
        walkers = kernels.Walkers(
            np.array([[q, y]], double), block_of_words(3)[None], np.full(1, -1)
        )
        records = kernels.Records(
            wanted=False,
            series=np.zeros((1, 1, kernels.MOMENTS, kernels.LANES)),
            piece=1,
            seen=np.empty((0, 2, 0)),
            every=1,
            radial=np.zeros((1, 64, 5), int),
        )
        with ThreadPoolExecutor(1) as pool:
            kernels.advance(
                *(kernel, pool, walkers, field, kernels.Bins(*map(double, np.ones(7)))),
                *(kernels.Span(1, 1, 0), records, np.zeros((1, 2), int)),
            )
        assert walkers.left[0] == -1
        return walkers.state[0]

    rest = np.zeros(kernels.LANES)
    at_rest = one_step(rest, rest)
    q, y = np.random.default_rng(1).normal(size=(2, kernels.LANES))
    moved = one_step(q, y) - at_rest
    move = np.linalg.lstsq(np.stack([q, y], axis=1), moved.T)[0].T
    xi = np.empty(kernels.LANES, np.float32)
    words = block_of_words(3)
    _random.draw_bits(words)
    _random.draw_normals(words, xi)
    noise = at_rest @ xi / (xi @ xi)
    return solve_discrete_lyapunov(move, np.outer(noise, noise))


@pytest.mark.parametrize(
    ("scheme", "angle"), [("rotation", 0.4), ("baoab", 0.4), ("symplectic", 0.3), ("euler", 0.005)]
)
@pytest.mark.parametrize("slope", [0.0, -0.1, 0.05])
def test_theory_has_the_covariance_of_the_kernel(scheme, angle, slope):
    model = toy(force=lambda x: slope * x)
    read_off = covariance(model, angle / model.frequency, scheme)
    temperature = 1.25 / model.p0**2
    theory = linear_covariance(scheme, angle, 0.02 / 0.5, slope / 0.25)
    assert read_off == pytest.approx(temperature * theory, rel=1e-3, abs=1e-4)


def assert_covariance(run, expected, factor=1.0):
    """`factor`: what the scheme takes out of ⟨α²⟩."""
    q2, y2, qy = expected[0, 0], expected[1, 1], expected[0, 1]
    error = run.standard_error("squeezing")
    assert abs(deviation(run, "phonon_number", q2 + y2 - 0.5)) < SIGMAS
    assert abs(run.squeezing.real - (q2 - y2) / factor) < SIGMAS * error.real
    assert abs(run.squeezing.imag - 2 * qy / factor) < SIGMAS * error.imag


def test_linear_oscillator_is_thermal():
    run = thermal()
    assert run.standard_error("phonon_number") < 0.01 * run.phonon_number
    assert abs(deviation(run, "phonon_number", 2.0)) < SIGMAS
    # A thermal W is Gaussian: ⟨|α|⁴⟩ = 2⟨|α|²⟩², so g2 = (12.5 − 5 + 0.5)/4.
    assert abs(deviation(run, "g2", 2.0)) < SIGMAS
    assert abs(deviation(run, "position", 0.0)) < SIGMAS
    assert abs(deviation(run, "momentum", 0.0)) < SIGMAS


@pytest.mark.parametrize("angle", [0.1, 0.4, 0.6])
@pytest.mark.parametrize("damping", [0.02, 0.3])
def test_rotation_is_the_map_it_claims_to_be(angle, damping):
    model = toy(damping, 2.5 * damping, force=lambda x: -0.05 * x)
    run = quiet(model, 6_000_000, step=angle / model.frequency)
    exact = covariance(model, run.step, "rotation")
    assert_covariance(run, exact, factor=angle / np.sin(angle))


@pytest.mark.parametrize("slope", [0.01, -0.03])
def test_corrected_noise_and_squeezing_take_out_what_splitting_does(slope):
    """To first order in the force, from the kernel's own map; the uncorrected bias is κθ²/6."""
    model = toy(force=lambda x: slope * x)
    stiffness = model.frequency**2 - slope
    # Equipartition: (q², y²) = T (1/m(ω0² − slope)x0², m/p0²)
    q2, y2 = 1.25 / stiffness / model.x0**2, 1.25 / model.p0**2
    coarse, pull = covariance(model, 0.8, "rotation"), slope / model.frequency**2
    assert np.trace(coarse) == pytest.approx(q2 + y2, rel=0.05 * abs(pull) * 0.4**2 / 6)
    measured = (coarse[0, 0] - coarse[1, 1]) * np.sin(0.4) / 0.4
    assert measured == pytest.approx(q2 - y2, rel=5e-3)


@pytest.mark.parametrize("slope", [0.0, -0.1])
def test_euler_lowers_the_damping_as_predicted(slope):
    model = toy(damping=0.02, diffusion=0.05, force=lambda x: slope * x)
    step = 0.02
    run = quiet(model, 60_000_000, scheme="euler", step=step)
    assert_covariance(run, covariance(model, step, "euler"))
    effective = euler_equivalent(model, step).damping[0]
    assert effective == pytest.approx(0.02 - (model.frequency**2 - slope) * step, rel=1e-12)
    # Equipartition at the temperature D/2mγ_eff, in a spring stiffened by −slope.
    temperature = 0.05 / (2 * effective)
    stiffness = model.frequency**2 - slope
    predicted = temperature * (1 / stiffness / model.x0**2 + 1 / model.p0**2)
    assert run.phonon_number + 0.5 == pytest.approx(predicted, rel=0.02)
    assert run.phonon_number + 0.5 > 1.2 * predicted * effective / 0.02


def test_euler_is_refused_where_it_has_no_steady_state():
    with pytest.raises(ValueError, match="grid"):
        quiet(toy(), 10**9, scheme="euler", step=0.09)


def test_zero_and_negative_damping_have_finite_limits():
    z = np.array([-3.0, -1e-9, 0.0, 1e-9, 3.0])
    expected = [(np.e**3 - 1) / 3, 1.0, 1.0, 1.0, (1 - np.exp(-3)) / 3]
    assert _integrators._phi(z) == pytest.approx(expected, rel=1e-8)


# Nonlinear models


def test_negative_friction_makes_the_ring_of_van_der_pol():
    model = toy(damping=lambda x: 1e-3 * (x**2 / 12.0 - 1.0), diffusion=4e-3)
    expected = qem.steady_state(model)
    assert qem.orbit_average(model).phonon_number == pytest.approx(expected.phonon_number, rel=1e-3)
    run = quiet(model, 30_000_000)
    assert expected.g2 < 1.2
    assert run.standard_error("g2") < 0.01
    for name in ("phonon_number", "g2"):
        assert abs(deviation(run, name, getattr(expected, name))) < SIGMAS


def test_asymmetric_model():
    model = toy(
        damping=lambda x: 0.01 * (1.2 + np.tanh(0.3 * x)),
        diffusion=lambda x: 0.04 * (1.0 + 0.5 * np.tanh(0.3 * (x - 1))),
        force=lambda x: 0.4 + 0.2 * np.tanh(0.4 * x),
    )
    assert not model.mirrored
    expected = qem.steady_state(model, rtol=1e-5)
    x, p = np.linspace(-20, 20, 401), np.linspace(-10, 10, 201)
    w = expected.wigner(x[:, None], p)
    mean = (w * x[:, None]).sum() * (x[1] - x[0]) * (p[1] - p[0])
    run = quiet(model, 40_000_000)
    # Force and friction vary strongly here: the default step is half of the usual one.
    assert run.step == 0.2 / model.frequency
    for name in ("phonon_number", "g2"):
        assert abs(deviation(run, name, getattr(expected, name))) < SIGMAS
    assert abs(deviation(run, "position", mean)) < SIGMAS
    # The histogram's first axis is x, its second p.
    middle = 0.5 * (run.histogram.x_edges[1:] + run.histogram.x_edges[:-1])
    marginal = run.histogram.counts.sum(axis=1)
    assert middle @ marginal / marginal.sum() == pytest.approx(run.position, abs=1e-3)
    assert mean > 1.0


@pytest.mark.parametrize(
    ("voltage", "noise_at"),
    [(0.0, "zero"), (6.0, "zero"), (10.0, "zero"), (16.0, "zero"), (10.0, "oscillator")],
)
def test_sampler_and_fokker_planck_agree_for_the_paper_device(voltage, noise_at):
    model = qem.LangevinModel.from_device(qem.paper_device(voltage), noise_at=noise_at)
    run, state = quiet(model, 250_000_000), qem.steady_state(model)
    for name in ("phonon_number", "g2"):
        exact = getattr(state, name)
        assert run.standard_error(name) < 0.01 * exact
        assert abs(deviation(run, name, exact)) < SIGMAS
    r = np.linspace(0.0, 1.2 * np.sqrt(state.phonon_number), 11)
    profile = state.radial_profile(r)
    assert np.abs(deviation(run, "radial_profile", profile, r)).max() < SIGMAS
    assert np.abs(deviation(run, "populations", state.populations(40), 40)).max() < SIGMAS


def test_wrong_variance_is_caught(monkeypatch):
    """√D in place of D must not pass `test_linear_oscillator_is_thermal`."""

    def wrong(self, model, *arguments):
        table, x = coefficients(self, model, *arguments)
        table[:, 2] *= np.sqrt(np.sqrt(model.diffusion[0])) / np.sqrt(model.diffusion[0])
        return table, x

    coefficients = type(DEFAULT).coefficients
    monkeypatch.setattr(type(DEFAULT), "coefficients", wrong)
    model = toy(diffusion=0.8, half_width=60.0)
    assert abs(deviation(quiet(model, 3_000_000), "phonon_number", 39.5)) > 2 * SIGMAS


# What is recorded


def test_populations_of_a_thermal_state():
    run = thermal()
    n = np.arange(60)
    exact = 2.0**n / 3.0 ** (n + 1)
    assert np.abs(deviation(run, "populations", exact, 60))[:12].max() < SIGMAS
    assert run.populations(60).sum() == pytest.approx(1.0, abs=1e-3)
    assert run.standard_error("populations", 60).shape == (60,)


@pytest.mark.parametrize("mean", [2.0, 9.5, 100.0])
def test_bins_in_radius_do_not_bias_populations(mean):
    width, bins = 0.01, 10 * int(np.ceil(60 * np.sqrt(mean)))
    edges = width * np.arange(bins + 1)
    spread = mean + 0.5
    parts = np.exp(-(edges[:-1] ** 2) / spread) - np.exp(-(edges[1:] ** 2) / spread)
    batches = Batches(np.zeros((6, 1)), (parts[None] > 0).astype(int), width)
    n = np.arange(300)
    exact = (mean / (mean + 1.0)) ** n / (mean + 1.0)
    error = _populations(batches, np.zeros(6), parts, 300) - exact
    assert np.abs(error).max() < 2e-5 * exact.max()
    assert bins % RING == 0


def test_fock_averages_are_bounded_by_two():
    assert np.abs(_fock_average(0.01, 500, 50)).max() <= 2.0


def test_radial_profile_and_histogram_are_normalised_densities():
    run = thermal()
    r = np.linspace(0.0, 8.0, 801)
    assert 2 * np.pi * np.trapezoid(r * run.radial_profile(r), r) == pytest.approx(1.0, abs=2e-3)
    assert run.radial_profile(np.array([[0.5], [1e3]])).shape == (2, 1)
    assert run.radial_profile(1e3) == 0.0
    exact = np.exp(-(r[:300] ** 2) / 2.5) / (2.5 * np.pi)
    assert np.abs(deviation(run, "radial_profile", exact, r[:300])).max() < SIGMAS
    h = run.histogram
    assert h.counts.sum() + h.outside == run.recorded
    area = (h.x_edges[1] - h.x_edges[0]) * (h.p_edges[1] - h.p_edges[0])
    assert h.density.sum() * area == pytest.approx(1.0, abs=1e-5)
    middle = 0.5 * (h.x_edges[1:] + h.x_edges[:-1])
    # ⟨x²⟩ = T/mω0² = 5
    assert (h.density * area).sum(axis=1) @ middle**2 == pytest.approx(5.0, rel=0.02)


def test_standard_errors_match_the_spread_between_seeds():
    exact = {"phonon_number": 2.0, "g2": 2.0}
    runs = [quiet(toy(), 1_000_000, seed) for seed in range(60)]
    for name, value in exact.items():
        scores = np.array([deviation(run, name, value) for run in runs])
        assert 0.7 < np.sqrt((scores**2).mean()) < 1.4, name
        assert abs(scores.mean()) < SIGMAS / np.sqrt(60), name


def test_trajectory_turns_clockwise_at_the_frequency():
    model = toy()
    run = quiet(model, 1_000_000, trajectory=1)
    t = run.trajectory
    assert t.x.shape == t.p.shape == (8, t.time.size)
    assert np.diff(t.time) == pytest.approx(run.step)
    assert t.time[-1] == pytest.approx(run.steps / run.walkers * run.step - run.burn_in)
    alpha = t.x / model.x0 + 1j * t.p / model.p0
    turn = np.angle((alpha[:, 1:] * alpha[:, :-1].conj()).sum())
    assert turn == pytest.approx(-0.4, abs=0.02)
    assert (np.abs(alpha) ** 2).mean() == pytest.approx(2.5, rel=0.5)
    assert quiet(model, 1_000_000).trajectory is None


def test_trajectory_does_not_change_what_is_sampled():
    plain, tracked = quiet(toy(), 1_000_000), quiet(toy(), 1_000_000, trajectory=60)
    assert tracked.phonon_number == plain.phonon_number
    assert np.diff(tracked.trajectory.time)[0] == pytest.approx(60 * plain.step)


# The same bits


def bits(run):
    return (run._batches.sums.tobytes(), run._batches.radial.tobytes(), run.histogram.counts.sum())


def test_threads_do_not_change_a_bit():
    before = numba.get_num_threads()
    seen = set()
    try:
        for threads in {1, min(2, numba.config.NUMBA_NUM_THREADS)}:
            numba.set_num_threads(threads)
            seen.add(bits(quiet(toy(), 5_000_000, walkers=384)))
    finally:
        numba.set_num_threads(before)
    assert len(seen) == 1


def test_memory_does_not_depend_on_the_number_of_steps():
    def size(steps):
        ensemble = quiet(toy(), steps, walkers=256)._ensemble
        return sum(a.nbytes for a in vars(ensemble).values() if isinstance(a, np.ndarray))

    assert size(2_000_000) == size(60_000_000) < 2**25


def test_seeds_repeat_and_differ():
    first, again, other = (bits(quiet(toy(), 1_000_000, seed)) for seed in (4, 4, 5))
    assert first == again != other


def test_length_of_a_call_does_not_change_a_bit(monkeypatch):
    whole = bits(quiet(toy(), 1_000_000))
    monkeypatch.setattr(_run, "_STEPS_A_CALL", 10_000)
    assert bits(quiet(toy(), 1_000_000)) == whole


def test_plain_python_agrees_with_compiled_code(compiled_or_not):
    code = (
        "import numpy as np, qemlib as qem\n"
        "from qemlib.sampler.sampling import sample\n"
        "from qemlib.sampler.schemes import SCHEMES\n"
        "x = np.linspace(-25, 25, 201); one = np.ones_like(x)\n"
        "model = qem.LangevinModel(1.0, 0.5, x, 0 * x, 0.3 * one, 0.75 * one)\n"
        "for scheme in SCHEMES:\n"
        "    run = sample(model, 6000, walkers=128, step=0.2, scheme=scheme, burn_in=5.0,\n"
        "                 progress=False, check=False)\n"
        "    print(run.phonon_number)"
    )
    plain, compiled = ([float(word) for word in told] for told in compiled_or_not(code))
    assert len(compiled) == len(SCHEMES)
    assert compiled == pytest.approx(plain, rel=1e-4)


# What is chosen, reported and refused


def test_steps_are_counted_in_all():
    model = toy()
    run = quiet(model, 3_000_000)
    assert 0.99 * 3_000_000 < run.steps <= 3_000_000
    assert run.step == 0.4 / model.frequency
    assert run.burn_in >= 8 * run.relaxation_time
    assert run.burn_in / run.step * run.walkers <= 0.11 * run.steps
    assert run.walkers % 128 == 0
    told = repr(run)
    for part in ("phonon_number=", "+/-", "g2=", "walkers", "burn-in", "'rotation'"):
        assert part in told


@pytest.mark.parametrize("walkers", [128, 384, 128 * 70])
def test_any_number_of_blocks_makes_enough_batches(walkers):
    run = quiet(toy(), 6_000_000, walkers=walkers, burn_in=300.0)
    assert run._batches.radial.shape[0] >= 64
    assert (run._batches.radial.sum(axis=1) > 0).all()
    assert run._batches.radial.sum() == run.recorded
    assert abs(deviation(run, "phonon_number", 2.0)) < SIGMAS


def test_too_few_steps_are_refused_with_the_number_needed():
    told = "steps must be at least (\\d+) for 128 walkers"
    with pytest.raises(ValueError, match=told) as refusal:
        quiet(toy(), 1000)
    needed = int(str(refusal.value).split("at least ")[1].split()[0])
    with pytest.raises(ValueError, match="steps must be at least"):
        quiet(toy(), needed - 1)
    assert quiet(toy(), needed).steps == needed


LOST = {"reached": (1.15, 3, "wider grid"), "overflowed": (np.nan, 0, "too large")}


@pytest.mark.parametrize("how", LOST)
def test_leaving_the_grid_is_an_error_that_says_where(monkeypatch, how):
    momentum, steps, cure = LOST[how]
    model = toy()

    def fast(plan, generator):
        # From x = 0 at 1.15 times the speed that reaches the edge without friction.  Phases ω0t are
        # 0.2, 0.6, 1.0, 1.4; with 1.6 % of the momentum lost a step only the last is beyond it.
        state = np.zeros((plan.blocks, 2, kernels.LANES))
        state[-1, 1, 5] = momentum * model.x[-1] / model.x0
        return state

    monkeypatch.setattr(ensemble, "_start", fast)
    with pytest.raises(LeftGridError, match=rf"model: a walker {how}.* x = .*{cure}") as left:
        quiet(model, 3_000_000)
    assert f"after {steps} steps, at time {steps * 0.8:.6g}" in str(left.value)
    assert re.search(r"\(walker \d*, with p", str(left.value))
    assert isinstance(left.value, ValueError)


def test_a_grid_too_small_for_the_state_is_refused():
    with pytest.raises(ValueError, match="too small to hold"):
        quiet(toy(half_width=6.0), 3_000_000)


# Interrupted, resumed, and run until they are good enough


pytestmark = pytest.mark.usefixtures("ctrl_c")


def interrupted(monkeypatch, calls, **options):
    """A run that gets Ctrl-C while so many calls of the kernel have been made."""
    advance, left = kernels.advance, [calls]

    def count(*arguments):
        advance(*arguments)
        left[0] -= 1
        if left[0] == 0:
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(kernels, "advance", count)
        patch.setattr(_run, "_STEPS_A_CALL", 100_000)
        return quiet(toy(), 3_000_000, **options)


@pytest.mark.parametrize("calls", [1, 2, 9, 20])
def test_interrupted_run_is_partial_and_resumes_with_the_same_bits(monkeypatch, calls):
    whole = quiet(toy(), 3_000_000, trajectory=30)
    part = interrupted(monkeypatch, calls, trajectory=30)
    assert part.partial
    assert 0 < part.steps < whole.steps
    assert part.steps == pytest.approx(100_000 * calls, rel=0.4)
    assert "partial: interrupted" in repr(part)
    before = repr(part)
    resumed = sample(toy(), resume=part, progress=False)
    assert bits(resumed) == bits(whole)
    assert resumed.steps == whole.steps
    assert not resumed.partial
    assert np.array_equal(resumed.trajectory.x, whole.trajectory.x)
    assert resumed.diagnostics["energy"] == whole.diagnostics["energy"]
    # What was resumed is left as it was.
    assert repr(part) == before
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_interrupt_in_burn_in_leaves_nothing_to_average(monkeypatch):
    part = interrupted(monkeypatch, 1, burn_in=2000.0)
    assert part.recorded == 0
    assert "nothing recorded yet" in repr(part)
    with pytest.raises(qem.TooShortError, match="nothing was recorded") as refusal:
        _ = part.phonon_number
    assert refusal.value.run is part
    with pytest.raises(qem.TooShortError):
        part.standard_error("g2")
    whole = quiet(toy(), 3_000_000, burn_in=2000.0)
    assert bits(quiet(toy(), None, resume=part)) == bits(whole)


def test_second_interrupt_is_a_keyboard_interrupt(monkeypatch):
    advance = kernels.advance

    def twice(*arguments):
        advance(*arguments)
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(kernels, "advance", twice)
    with pytest.raises(KeyboardInterrupt):
        quiet(toy(), 3_000_000)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_finished_run_goes_on_as_one_that_was_longer():
    short = quiet(toy(), 2_000_000, walkers=256)
    long = quiet(toy(), 9_000_000, walkers=256)
    assert bits(quiet(toy(), 9_000_000, resume=short)) == bits(long)
    assert short.steps < 2_000_001


def test_resume_refuses_what_it_would_not_obey():
    run = quiet(toy(), 1_000_000)
    for name, value in (
        *(("walkers", 256), ("step", 0.4), ("burn_in", 1.0), ("trajectory", 6)),
        # Defaults of a new run, and what the old one had: given is given.
        *(("scheme", "baoab"), ("scheme", "rotation"), ("seed", 3), ("seed", 1)),
    ):
        with pytest.raises(ValueError, match=f"left out with `resume`, got {name}={value!r}"):
            sample(toy(), 2_000_000, resume=run, progress=False, **{name: value})
    with pytest.raises(ValueError, match="model must be the one of the run"):
        quiet(toy(damping=0.03), 2_000_000, resume=run)
    with pytest.raises(ValueError, match="steps must be at least"):
        quiet(toy(), 900_000, resume=run)
    with pytest.raises(TypeError, match="resume must be a SampledState"):
        quiet(toy(), 900_000, resume=3)


@pytest.mark.parametrize("target", [0.02, 0.005])
def test_target_error_is_reached_and_not_by_far(target):
    run = quiet(toy(), None, target_error=target)
    relative = run.standard_error("phonon_number") / run.phonon_number
    assert 0.4 * target < relative <= target
    assert run.standard_error("g2") <= target * run.g2
    assert abs(deviation(run, "phonon_number", 2.0)) < SIGMAS
    finer = quiet(toy(), None, resume=run, target_error=0.7 * target)
    assert finer.standard_error("phonon_number") <= 0.7 * target * finer.phonon_number
    assert finer.steps > run.steps


def test_target_error_says_when_it_cannot_be_reached():
    with pytest.raises(ValueError, match="target_error of 1e-05 cannot be reached within"):
        quiet(toy(), 10**7, target_error=1e-5)
    with pytest.raises(ValueError, match="target_error must be above the expected bias"):
        quiet(toy(), None, scheme="baoab", step=0.4, target_error=1e-3)
    # Not clearly hopeless beforehand, and not reached after all.
    with pytest.raises(qem.TooShortError, match="was not reached within .* steps") as refusal:
        quiet(toy(), 1_000_000, target_error=0.012)
    assert refusal.value.run.steps > 900_000


def test_interrupted_search_for_a_target_can_go_on(monkeypatch):
    advance, calls = kernels.advance, []

    def once(*arguments):
        advance(*arguments)
        calls.append(1)
        if len(calls) == 3:
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(kernels, "advance", once)
        patch.setattr(_run, "_STEPS_A_CALL", 100_000)
        part = quiet(toy(), None, target_error=0.01)
    assert part.partial
    run = quiet(toy(), None, resume=part, target_error=0.01)
    assert run.standard_error("phonon_number") <= 0.01 * run.phonon_number


BAD = {
    "target_error": [0.0, -0.1, np.nan, np.inf, "small"],
    "steps": [0, -1, 1.5, np.nan, "many", True],
    "seed": [-1, 0.5, np.nan, "one"],
    "walkers": [0, 127, 129, 200, np.nan],
    "step": [0.0, -0.1, np.nan, np.inf, 1.3, "fine"],
    "scheme": ["leapfrog", 3],
    "burn_in": [-1.0, np.nan, np.inf, "long"],
    "trajectory": [0, -3, 0.5, np.nan, 10**9],
}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, values in BAD.items() for v in values])
def test_bad_arguments_are_refused_by_name_and_value(name, value):
    with pytest.raises(ValueError, match=f"^{name} must") as refusal:
        sample(toy(), **{"steps": 3_000_000, "progress": False, name: value})
    assert repr(value) in str(refusal.value)


def test_other_refusals():
    with pytest.raises(TypeError, match="model must be a LangevinModel.*from_device"):
        quiet(qem.paper_device(), 10**6)
    with pytest.raises(TypeError, match="model must be a LangevinModel, got 3$"):
        quiet(3, 10**6)
    with pytest.raises(ValueError, match="'euler', 'rotation', 'symplectic'"):
        quiet(toy(), 10**6, scheme="leapfrog")
    with pytest.raises(ValueError, match="step must be given for scheme 'euler'"):
        quiet(toy(), 10**6, scheme="euler")
    with pytest.raises(ValueError, match="step must be given for scheme 'baoab'"):
        quiet(toy(), 10**6, scheme="baoab")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("entropy", ()), ("populations", ()), ("g2", (3,)), ("populations", (0,))],
)
def test_standard_error_refuses_what_it_does_not_know(name, arguments):
    with pytest.raises(ValueError, match="must be"):
        thermal().standard_error(name, *arguments)


def test_radial_profile_refuses_negative_radii():
    with pytest.raises(ValueError, match="r must not be negative"):
        thermal().radial_profile(-0.1)
