"""One contract for every kind of state, held against closed forms; and for a class of one's own."""

import copy
import pickle
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import eval_hermite, factorial, gammaln

import qemlib as qem
from qemlib.plotting.panels import StateCurves, StatePanels
from qemlib.states.in_phase_space import InPhaseSpace
from qemlib.states.quantum import resolved_populations

FREQUENCY, MASS, MEAN = 0.5, 2.0, 2.0
OSCILLATOR = qem.Oscillator(FREQUENCY, MASS)
X0, P0 = OSCILLATOR.x0, OSCILLATOR.p0
SIGMAS = 5.0
LEVELS = 60
GRID = np.linspace(-6.0, 6.0, 61)


@lru_cache
def linear_model():
    """Constant friction and noise, at a temperature that leaves two phonons."""
    temperature = FREQUENCY * (MEAN + 0.5)
    x = np.linspace(-9.0, 9.0, 101) * np.sqrt(temperature / MASS) / FREQUENCY
    zero = np.zeros_like(x)
    diffusion = zero + 0.04 * MASS * temperature
    return qem.LangevinModel(MASS, FREQUENCY, x, zero, zero + 0.02, diffusion)


def thermal_populations(levels, mean=MEAN):
    return (mean / (mean + 1.0)) ** np.arange(levels) / (mean + 1.0)


class Thermal:
    """A class of a user's own, with nothing of ours in it: a thermal state by its formulas."""

    oscillator, device, error, violations = OSCILLATOR, None, {}, ()
    phonon_number, g2, squeezing = MEAN, 2.0, 0j
    energy = FREQUENCY * (MEAN + 0.5)

    def populations(self, levels):
        return thermal_populations(levels)

    def density_matrix(self, levels):
        return np.diag(thermal_populations(levels)).astype(complex)

    def wigner(self, x, p):
        return self.radial_profile(np.hypot(np.divide(x, X0), np.divide(p, P0))) / (X0 * P0)

    def radial_profile(self, r):
        return np.exp(-np.square(r) / (MEAN + 0.5)) / (np.pi * (MEAN + 0.5))

    def position_density(self, x):
        return np.exp(-(np.divide(x, X0) ** 2) / (MEAN + 0.5)) / np.sqrt(np.pi * (MEAN + 0.5)) / X0

    def momentum_density(self, p):
        return self.position_density(np.multiply(p, X0 / P0)) * X0 / P0

    def quadrature_density(self, x, angle):
        return self.position_density(x)


class ThermalInPhaseSpace(InPhaseSpace):
    """Another, of which W is all that is known."""

    center, radius, error = 0.0, 6.0 * np.sqrt(MEAN + 0.5), {"phonon_number": 0.0, "g2": 0.0}
    moments = MEAN + 0.5, 2.0 * (MEAN + 0.5) ** 2

    def __init__(self, model):
        self.model = model

    def wigner(self, x, p):
        return Thermal().wigner(x, p)


KINDS = {
    "steady": lambda: qem.steady_state(linear_model()),
    "orbit": lambda: qem.orbit_average(linear_model()),
    "averaged": lambda: qem.averaged_state(qem.AveragedModel.from_langevin(linear_model())),
    "evolved": lambda: qem.evolve(Thermal(), linear_model(), [40.0], rtol=1e-9)[0],
    "evolved average": lambda: qem.evolve(
        Thermal(), qem.AveragedModel.from_langevin(linear_model()), [40.0], rtol=1e-8
    )[0],
    "sampled": lambda: qem.sample(linear_model(), 4_000_000, seed=3, progress=False),
    "matrix": lambda: qem.QuantumState(thermal_populations(200), OSCILLATOR),
    "truncated": lambda: qem.quantum_state(made("steady")),
    "own": Thermal,
    "own W": lambda: ThermalInPhaseSpace(linear_model()),
}


@lru_cache
def made(kind):
    return KINDS[kind]()


each = pytest.mark.parametrize("kind", KINDS)
EXACT = [kind for kind in KINDS if kind != "sampled"]


def close(kind, name, *arguments, exact):
    """To round-off of the computation, or to the standard error of samples."""
    state = made(kind)
    found = getattr(state, name)
    found = found(*arguments) if callable(found) else found
    exact = np.asarray(exact)
    assert np.shape(found) == exact.shape
    if kind == "sampled":
        error = state.standard_error(name, *arguments)
        if np.iscomplexobj(error):
            error = abs(error)
        assert (np.abs(found - exact) < SIGMAS * error).all()
    else:
        assert_allclose(found, exact, rtol=1e-7, atol=1e-7 * max(np.abs(exact).max(), 1e-3))


# --- every kind tells the same of a thermal state ------------------------------------------------


@each
def test_it_is_a_state(kind):
    state = made(kind)
    assert isinstance(state, qem.State)
    assert state.oscillator == OSCILLATOR
    assert state.device is None
    assert state.violations == ()
    assert all(isinstance(name, str) and error >= 0 for name, error in state.error.items())


def test_what_is_no_state_is_none():
    for other in (linear_model(), OSCILLATOR, qem.paper_device(), np.eye(3), 1.0, None):
        assert not isinstance(other, qem.State)


@each
def test_its_numbers(kind):
    close(kind, "phonon_number", exact=MEAN)
    close(kind, "g2", exact=2.0)
    close(kind, "energy", exact=FREQUENCY * (MEAN + 0.5))
    close(kind, "squeezing", exact=0j)


@each
def test_its_levels(kind):
    exact = thermal_populations(LEVELS)
    close(kind, "populations", LEVELS, exact=exact)
    close(kind, "density_matrix", LEVELS, exact=np.diag(exact).astype(complex))
    rho = made(kind).density_matrix(LEVELS)
    assert np.iscomplexobj(rho)
    assert_allclose(rho, rho.conj().T, atol=1e-15)
    assert_allclose(rho.diagonal().real, made(kind).populations(LEVELS), atol=1e-11)


@each
def test_its_phase_space(kind):
    exact = Thermal()
    x, p = GRID[::4, None] * X0, GRID[::5] * P0
    close(kind, "wigner", x, p, exact=exact.wigner(x, p))
    close(kind, "wigner", 0.3, -0.2, exact=exact.wigner(0.3, -0.2))
    r = np.linspace(0.0, 5.0, 11).reshape(11, 1)
    close(kind, "radial_profile", r, exact=exact.radial_profile(r))
    close(kind, "radial_profile", 0.4, exact=exact.radial_profile(0.4))


@each
def test_its_marginals(kind):
    x, p = GRID * X0, GRID * P0
    exact = Thermal().position_density(x)
    close(kind, "position_density", x, exact=exact)
    close(kind, "momentum_density", p, exact=exact * X0 / P0)
    for angle in (0.4, -2.0):
        close(kind, "quadrature_density", x, angle, exact=exact)


@each
def test_its_marginals_have_any_shape(kind):
    for x in (0.3, [[0.1, 0.2], [0.3, 0.4]], np.empty((0,))):
        for name, rest in (
            ("position_density", ()),
            ("momentum_density", ()),
            ("quadrature_density", (1.0,)),
        ):
            assert np.shape(getattr(made(kind), name)(x, *rest)) == np.shape(x)


@each
def test_its_work_is_that_of_its_populations_and_its_matrix(kind):
    state, temperature = made(kind), 2.0
    equilibrium = temperature * np.log(-np.expm1(-FREQUENCY / temperature))
    entropy = (MEAN + 1) * np.log(MEAN + 1) - MEAN * np.log(MEAN)
    exact = FREQUENCY * MEAN - temperature * entropy - equilibrium
    work = qem.free_energy_work(state, temperature=temperature)
    assert qem.second_order_coherence(state) == pytest.approx(2.0, rel=0.05)
    if kind == "sampled":
        passive = qem.ergotropy(state)
        assert isinstance(passive, qem.ErgotropyEstimate)
        assert passive.lower_bound <= SIGMAS * passive.lower_bound_error
        for found, value in ((work, exact), (qem.entropy(state), entropy)):
            assert abs(float(found) - value) < SIGMAS * found.standard_error + abs(found.bias)
        return
    assert abs(qem.ergotropy(state)) < 1e-8
    assert qem.entropy(state) == pytest.approx(entropy, rel=1e-7)
    assert work == pytest.approx(exact, rel=1e-6)
    for call in (qem.ergotropy, qem.entropy):
        assert call(state, coherences=False) == pytest.approx(call(state), abs=1e-8)


@each
def test_what_takes_a_state_takes_it(kind):
    state = made(kind)
    rho = qem.quantum_state(state, 1e-6)
    assert rho.oscillator == OSCILLATOR
    assert rho.violations == ()
    assert rho.phonon_number == pytest.approx(MEAN, rel=0.05)
    assert resolved_populations(state, 1e-6).sum() == pytest.approx(1.0, abs=0.02)
    numbers = qem.summary(state, temperature=2.0)
    assert numbers.phonon_number == state.phonon_number
    assert numbers.g2 == state.g2
    assert np.isnan(numbers.voltage)
    assert numbers.bath_temperature == 2.0
    work = float(qem.free_energy_work(state, temperature=2.0))
    assert numbers.free_energy_work == pytest.approx(work, rel=1e-6)
    assert np.isnan(qem.summary(state).free_energy_work)
    figure = StatePanels().show(None, state, numbers, StateCurves.of([numbers]))
    (image,) = figure.axes[2].get_images()
    assert image.get_array().max() == pytest.approx(float(np.max(state.wigner(0.0, 0.0))), rel=0.2)


@each
def test_it_survives_copying_and_pickling(kind):
    state = made(kind)
    for other in (copy.copy(state), copy.deepcopy(state), pickle.loads(pickle.dumps(state))):
        assert other.phonon_number == state.phonon_number
        assert dict(other.error) == dict(state.error)
        assert other.oscillator == state.oscillator
        assert_allclose(other.populations(20), state.populations(20), rtol=0, atol=0)
        assert_allclose(other.wigner(0.3, 0.2), state.wigner(0.3, 0.2), rtol=0, atol=0)


# --- pure states by their closed forms -----------------------------------------------------------


def coherent(alpha, levels=60):
    n = np.arange(levels)
    size = np.exp(-0.5 * abs(alpha) ** 2 + n * np.log(abs(alpha)) - 0.5 * gammaln(n + 1.0))
    return size * np.exp(1j * n * np.angle(alpha))


def of_ket(amplitude):
    amplitude = amplitude / np.linalg.norm(amplitude)
    return qem.QuantumState(np.outer(amplitude, amplitude.conj()), OSCILLATOR)


def coherent_density(u, alpha):
    """Of Re α, whose vacuum has variance 1/4."""
    return np.sqrt(2.0 / np.pi) * np.exp(-2.0 * (u - alpha.real) ** 2)


@pytest.mark.parametrize("angle", [0.0, 0.7, -2.1, np.pi / 2])
def test_a_coherent_state_is_where_its_amplitude_is(angle):
    alpha = 1.5 - 0.8j
    state = of_ket(coherent(alpha))
    assert state.phonon_number == pytest.approx(abs(alpha) ** 2, rel=1e-12)
    assert state.g2 == pytest.approx(1.0, rel=1e-12)
    assert state.squeezing == pytest.approx(alpha**2, rel=1e-12)
    # What displaced it can be undone: all its quanta are work, and it has no entropy.
    assert qem.ergotropy(state) == pytest.approx(FREQUENCY * abs(alpha) ** 2, rel=1e-9)
    assert abs(qem.entropy(state)) < 1e-9
    assert qem.entropy(state, coherences=False) > 1.0
    assert 0 < qem.ergotropy(state, coherences=False) < 0.9 * qem.ergotropy(state)
    exact = coherent_density(GRID, alpha * np.exp(-1j * angle)) / X0
    assert_allclose(state.quadrature_density(GRID * X0, angle), exact, atol=1e-12)


def test_a_quadrature_is_the_position_after_free_motion():
    """x(t) = x cos ω0t + (p/mω0) sin ω0t is the position of what has turned by ω0t."""
    alpha, time = 1.2 + 0.9j, 0.6 / FREQUENCY
    now, later = (of_ket(coherent(a)) for a in (alpha, alpha * np.exp(-1j * FREQUENCY * time)))
    x = GRID * X0
    found = now.quadrature_density(x, FREQUENCY * time)
    assert_allclose(found, later.position_density(x), atol=1e-12)


@pytest.mark.parametrize("n", [0, 1, 7])
def test_a_fock_state_has_hermite_functions(n):
    state = qem.QuantumState(np.eye(n + 1)[n], OSCILLATOR)
    y = np.sqrt(2.0) * GRID
    function = eval_hermite(n, y) * np.exp(-0.5 * y**2)
    exact = np.sqrt(2.0 / np.pi) * function**2 / (2.0**n * factorial(n)) / X0
    for found in (
        state.position_density(GRID * X0),
        state.quadrature_density(GRID * X0, 0.8),
        state.momentum_density(GRID * P0) * P0 / X0,
    ):
        assert_allclose(found, exact, atol=1e-12)
    assert state.energy == pytest.approx(FREQUENCY * (n + 0.5))
    assert qem.ergotropy(state) == pytest.approx(n * FREQUENCY, abs=1e-15)
    assert state.wigner(0.0, 0.0) == pytest.approx((-1) ** n / np.pi)
    if n:
        assert qem.second_order_coherence(state) == pytest.approx(1.0 - 1.0 / n)
    else:
        assert np.isnan(state.g2)
        with pytest.raises(ValueError, match="must hold more than the vacuum"):
            qem.second_order_coherence(state)


def test_a_cat_has_fringes_in_one_quadrature_and_two_humps_in_the_other():
    alpha = 2.0
    state = of_ket(coherent(alpha + 0j) + coherent(-alpha + 0j))
    norm = 2.0 * (1.0 + np.exp(-2.0 * alpha**2))
    vacuum = coherent_density(GRID, 0.0 + 0j)
    humps = coherent_density(GRID, alpha + 0j) + coherent_density(GRID, -alpha + 0j)
    humps += 2.0 * np.exp(-2.0 * alpha**2) * vacuum
    assert_allclose(state.position_density(GRID * X0), humps / norm / X0, atol=1e-10)
    fringes = 2.0 * vacuum * (1.0 + np.cos(4.0 * alpha * GRID)) / norm
    assert_allclose(state.momentum_density(GRID * P0), fringes / P0, atol=1e-10)
    assert state.wigner(0.0, 0.0) == pytest.approx(1.0 / np.pi, rel=1e-9)
    assert abs(qem.entropy(state)) < 1e-9


def test_far_levels_do_not_underflow():
    """The first function is e^{−1000} where that of level 1000 turns."""
    state = qem.QuantumState(np.eye(1001)[1000], OSCILLATOR)
    u = np.linspace(-34.0, 34.0, 3001)
    density = state.position_density(u * X0) * X0
    assert np.trapezoid(density, u) == pytest.approx(1.0, abs=1e-9)
    assert np.trapezoid(density * u**2, u) == pytest.approx(0.5 * (1000 + 0.5), rel=1e-9)


# --- a state with coherences and displaced: every kind against its own W --------------------------


@lru_cache
def displaced(kind):
    x = np.linspace(-16.0, 20.0, 161)
    zero = np.zeros_like(x)
    force = 0.5 - 0.1 * x
    model = qem.LangevinModel(1.0, FREQUENCY, x, force, zero + 0.01, zero + 0.02 * 0.8)
    if kind == "sampled":
        return qem.sample(model, 4_000_000, seed=2, progress=False)
    state = {"steady": qem.steady_state, "orbit": qem.orbit_average}[kind](model)
    return state


def spring_and_rest():
    """Spring constant and position of rest of the displaced model."""
    spring = FREQUENCY**2 + 0.1
    return spring, 0.5 / spring


@pytest.mark.parametrize("kind", ["steady", "orbit", "sampled"])
@pytest.mark.parametrize("angle", [0.0, 0.9, np.pi / 2])
def test_marginals_of_a_displaced_and_squeezed_state(kind, angle):
    """⟨δx²⟩ = T/k and ⟨p²⟩ = mT about the rest of the softer or harder spring: a Gaussian."""
    state, (spring, rest) = displaced(kind), spring_and_rest()
    temperature, osc = 0.8, displaced(kind).oscillator
    c, s = np.cos(angle), np.sin(angle) / FREQUENCY
    variance = temperature * (c**2 / spring + s**2)
    x = rest * c + np.sqrt(variance) * np.linspace(-4.0, 4.0, 41)
    exact = np.exp(-((x - rest * c) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)
    found = state.quadrature_density(x, angle)
    if kind == "sampled":
        error = state.standard_error("quadrature_density", x, angle)
        assert (np.abs(found - exact) < SIGMAS * error).all()
        assert error[20] < 0.05 * exact[20]
    else:
        tolerance = 1e-6 if kind == "steady" else 2e-3
        assert_allclose(found, exact, atol=tolerance * exact.max())
    squeezing = (temperature / spring + rest**2) / osc.x0**2 - temperature / osc.p0**2
    error = SIGMAS * abs(state.standard_error("squeezing")) if kind == "sampled" else 1e-3
    assert abs(state.squeezing - squeezing) < error


@pytest.mark.parametrize("kind", ["steady", "orbit"])
def test_marginals_by_the_density_matrix_and_by_the_wigner_function(kind):
    state = displaced(kind)
    rho = qem.quantum_state(state, 1e-10)
    assert rho.harmonics > 1
    x = np.linspace(-6.0, 9.0, 31)
    for angle in (0.0, 0.9, -1.6):
        by_w = state.quadrature_density(x, angle)
        assert_allclose(rho.quadrature_density(x, angle), by_w, atol=2e-7)
    assert_allclose(rho.wigner(x[:, None], 0.5 * x), state.wigner(x[:, None], 0.5 * x), atol=2e-7)
    assert rho.squeezing == pytest.approx(state.squeezing, abs=1e-6)
    assert rho.phonon_number == pytest.approx(state.phonon_number, rel=1e-6)
    assert rho.error["phonon_number"] >= abs(rho.phonon_number / state.phonon_number - 1.0)


def test_coherences_of_samples_are_those_of_the_state():
    run, exact = displaced("sampled"), displaced("steady")
    levels = 12
    found, error = run.density_matrix(levels), run.standard_error("density_matrix", levels)
    off = np.abs(found - exact.density_matrix(levels)) / error
    assert off.max() < SIGMAS
    seen = np.abs(np.diagonal(exact.density_matrix(levels), 1)) / np.diagonal(error, 1)
    assert seen.max() > 20  # of which noise would hide nothing
    assert (
        run.error["eigenvalue"]
        > np.abs(np.linalg.eigvalsh(found - exact.density_matrix(levels))).max()
    )


def test_a_run_too_short_for_its_diagnostics_tells_larger_errors():
    short = qem.sample(linear_model(), 66_000, seed=1, check=False, progress=False)
    assert short.shortcomings
    assert short.error["eigenvalue"] > 5 * made("sampled").error["eigenvalue"]
    assert short.standard_error("wigner", 0.0, 0.0) > made("sampled").standard_error(
        "wigner", 0.0, 0.0
    )
    assert qem.quantum_state(short).violations == ()


def test_standard_errors_of_samples_match_the_spread_between_seeds():
    runs = [
        qem.sample(linear_model(), 1_000_000, seed=k, check=False, progress=False)
        for k in range(24)
    ]
    x = np.array([-1.0, 0.2, 1.5]) * X0
    for name, arguments in (
        ("wigner", (x, x * P0 / X0)),
        ("quadrature_density", (x, 0.5)),
        ("density_matrix", (4,)),
    ):
        values = np.array([getattr(run, name)(*arguments) for run in runs])
        spread = values.std(axis=0, ddof=1)
        told = np.mean([run.standard_error(name, *arguments) for run in runs], axis=0)
        # 24 seeds know the spread to a seventh; the errors told are not below it.
        assert (told > 0.7 * spread).all()
        assert (told < 4.0 * spread).all()


# --- who knows what ------------------------------------------------------------------------------


def test_states_of_a_device_know_it():
    device = qem.paper_device(0.0)
    model = qem.LangevinModel.from_device(device)
    assert model.device is device
    state = qem.orbit_average(model)
    assert state.device is device
    assert state.oscillator == device.oscillator
    rho = qem.quantum_state(state, 1e-6)
    assert rho.device is device
    numbers = qem.summary(state)
    assert (numbers.voltage, numbers.bath_temperature) == (0.0, 2.0)
    assert repr(numbers) == repr(qem.summary(device, state)) == repr(qem.summary(state, device))
    assert qem.summary(state, missing_trace=1e-3).levels < numbers.levels


def test_replacing_a_coefficient_leaves_note_and_device_behind():
    model = qem.LangevinModel.from_device(qem.paper_device(0.0))
    assert "orbit-averaged" in model.note
    other = replace(model, damping=2.0 * model.damping)
    assert other.note == "grid given by the caller"
    assert other.device is None
    for twin in (copy.copy(model), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert (twin.note, twin.device) == (model.note, model.device)


def test_a_device_with_another_oscillator_is_refused():
    model, device = linear_model(), qem.paper_device()
    arrays = model.x, model.force, model.damping, model.diffusion
    with pytest.raises(ValueError, match="^device must have the model's oscillator"):
        qem.LangevinModel(MASS, FREQUENCY, *arrays, device=device)
    with pytest.raises(TypeError, match="^device must be a Device"):
        qem.LangevinModel(MASS, FREQUENCY, *arrays, device=OSCILLATOR)
    with pytest.raises(ValueError, match="^device must have the state's oscillator"):
        qem.QuantumState([1.0], OSCILLATOR, device)
    assert qem.QuantumState([1.0], device=device).oscillator == device.oscillator


@pytest.mark.parametrize("unit", [1e-30, 1e30])
@pytest.mark.parametrize("solve", [qem.steady_state, qem.orbit_average])
def test_other_units_of_energy_and_mass_change_dimensions_alone(solve, unit):
    model, energy, mass = linear_model(), unit, 1e7 / unit
    length = (mass * energy) ** -0.5
    other = solve(
        qem.LangevinModel(
            mass * MASS,
            energy * FREQUENCY,
            length * model.x,
            (energy / length) * model.force,
            energy * model.damping,
            (energy / length) ** 2 / energy * model.diffusion,
        )
    )
    here = solve(model)
    x = GRID[20:41] * X0
    for angle in (0.0, 0.7):
        found = length * other.quadrature_density(length * x, angle)
        assert_allclose(found, here.quadrature_density(x, angle), rtol=1e-7, atol=1e-12)
    found = other.momentum_density(GRID * P0 / length) / length
    assert_allclose(found, here.momentum_density(GRID * P0), atol=1e-9)
    assert other.energy == pytest.approx(energy * here.energy)
    numbers = [qem.summary(s, temperature=2.0 * e) for s, e in ((here, 1.0), (other, energy))]
    assert numbers[1].free_energy_work == pytest.approx(energy * numbers[0].free_energy_work)
    assert qem.entropy(other) == pytest.approx(qem.entropy(here), rel=1e-9)


# --- matrices of a user's own --------------------------------------------------------------------


def test_a_matrix_comes_as_an_array_a_sparse_matrix_or_a_qobj():
    qutip = pytest.importorskip("qutip")
    from scipy.sparse import csr_array

    rho = np.outer(coherent(1.0 + 0.5j, 12), coherent(1.0 + 0.5j, 12).conj())
    rho /= np.trace(rho).real
    ket = qutip.Qobj(coherent(1.0 + 0.5j, 12) / np.linalg.norm(coherent(1.0 + 0.5j, 12)))
    for given in (rho, rho.tolist(), csr_array(rho), qutip.Qobj(rho), ket):
        for state in (
            qem.QuantumState(given, OSCILLATOR),
            qem.quantum_state(given, oscillator=OSCILLATOR),
        ):
            assert_allclose(state.density_matrix(12), rho, atol=1e-14)
            assert qem.ergotropy(state) == pytest.approx(
                qem.ergotropy(rho, FREQUENCY * np.diag(np.arange(12.0))), abs=1e-12
            )


def test_levels_are_cut_or_filled_up():
    state = qem.QuantumState([0.5, 0.25, 0.25], OSCILLATOR)
    assert state.populations().tolist() == [0.5, 0.25, 0.25]
    assert state.populations(2).tolist() == [0.5, 0.25]
    assert state.populations(5).tolist() == [0.5, 0.25, 0.25, 0.0, 0.0]
    assert state.density_matrix().shape == (3, 3)
    assert state.density_matrix(5)[2, 2] == 0.25
    assert qem.quantum_state(qem.QuantumState([0.5, 0.5, 0.0], OSCILLATOR)).levels == 2


def test_a_truncated_matrix_is_taken_as_it_is():
    state = qem.quantum_state(made("steady"), 1e-4)
    assert qem.summary(state).missing_trace == pytest.approx(state.missing_trace)
    exact = (MEAN + 1) * np.log(MEAN + 1) - MEAN * np.log(MEAN)
    assert qem.entropy(state) == pytest.approx(exact, rel=1e-3)
    with pytest.raises(qem.ConvergenceError, match="levels miss .* of the trace, 1.0e-10 was"):
        qem.quantum_state(state)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.diag([0.5, 0.3]), "^matrix must have trace 1 to within 0.1, got 0.8"),
        ([[0.5, 0.2], [0.1, 0.5]], "^matrix must be Hermitian"),
        ([[0.5, 0.2]], "^matrix must be square"),
        ([0.5, np.nan], "^matrix must hold finite numbers"),
    ],
)
def test_what_is_no_density_matrix_is_refused(matrix, message):
    with pytest.raises(ValueError, match=message):
        qem.QuantumState(matrix, OSCILLATOR)


def test_what_a_matrix_without_an_oscillator_cannot_tell():
    state = qem.QuantumState([0.5, 0.5])
    assert state.phonon_number == 0.5
    assert qem.entropy(state) == pytest.approx(np.log(2.0))
    for call in (
        lambda: state.energy,
        lambda: state.wigner(0.0, 0.0),
        lambda: state.position_density(0.0),
        lambda: qem.ergotropy(state),
        lambda: qem.summary(state),
    ):
        with pytest.raises(ValueError, match="oscillator"):
            call()
    with pytest.raises(TypeError, match="^oscillator must be an Oscillator"):
        qem.QuantumState([0.5, 0.5], 0.2)


def test_what_is_no_quantum_state_gives_no_work():
    state = qem.QuantumState([[0.5, 0.6], [0.6, 0.5]], OSCILLATOR)
    assert state.violations == ("its lowest eigenvalue is -0.1",)
    with pytest.raises(ValueError, match="^state must be a quantum state, .* eigenvalue is -0.1"):
        qem.ergotropy(state)
    assert np.isnan(qem.summary(state).ergotropy)


def test_a_hamiltonian_does_not_come_with_a_state():
    with pytest.raises(TypeError, match="^hamiltonian must be left out for a state"):
        qem.ergotropy(made("matrix"), np.arange(3.0))


@pytest.mark.parametrize("kind", EXACT)
def test_bad_points_are_refused_by_name(kind):
    if kind == "own":
        return
    state = made(kind)
    with pytest.raises(ValueError, match="^x must hold finite numbers"):
        state.position_density([0.0, np.inf])
    with pytest.raises(ValueError, match="^p must be"):
        state.momentum_density("here")
    with pytest.raises(ValueError, match="^angle must be a finite number"):
        state.quadrature_density(0.0, np.nan)


@dataclass(frozen=True)
class _Minimal:
    """What a sum over levels needs, and no more."""

    phonon_number: float = MEAN

    def populations(self, levels):
        return thermal_populations(levels)


def test_what_a_state_lacks_is_named():
    with pytest.raises(TypeError, match="_Minimal has no density_matrix"):
        qem.quantum_state(_Minimal())
    with pytest.raises(TypeError, match="_Minimal has no g2"):
        qem.summary(_Minimal())
