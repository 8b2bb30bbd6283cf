"""W in time: closed forms, another propagator, balances, limits, switches and ramps, refusals."""

from functools import lru_cache

import numpy as np
import pytest
from cases import model_of, paper_model, paper_state
from scipy.linalg import expm

import qemlib as qem
from qemlib._special.hermite import hermite_functions


@lru_cache
def linear(friction, noise=None, force=0.0):
    """A linear oscillator of frequency 0.5 at temperature 1.25, unless the noise says else."""
    return model_of(
        friction, 2.5 * friction if noise is None else noise, force, half_width=40.0, nodes=101
    )


def coherent(model, alpha):
    """W(x, p) of a coherent state."""

    def w(x, p):
        distance = (x / model.x0 - alpha.real) ** 2 + (p / model.p0 - alpha.imag) ** 2
        return 2 / np.pi * np.exp(-2 * distance) / (model.x0 * model.p0)

    return w


def cat(model, alpha):
    """W(x, p) of |α⟩ + |−α⟩ with real α."""
    norm = 2 * (1 + np.exp(-2 * alpha**2))

    def w(x, p):
        between = np.cos(4 * alpha * p / model.p0) * 2 / np.pi
        between = between * np.exp(-2 * ((x / model.x0) ** 2 + (p / model.p0) ** 2))
        parts = coherent(model, complex(alpha))(x, p) + coherent(model, complex(-alpha))(x, p)
        return (parts + 2 * between / (model.x0 * model.p0)) / norm

    return w


def thermal(n):
    return np.diag((n / (n + 1)) ** np.arange(60) / (n + 1))


def exact_moments(model, alpha, friction, temperature, force, time):
    """⟨a⟩, ⟨a†a⟩ and ⟨a²⟩ of a linear oscillator, begun in a coherent state."""
    m, omega = model.mass, model.frequency
    flow = expm(time * np.array([[0, 1 / m], [-m * omega**2, -friction]]))
    rest = np.array([force / (m * omega**2), 0.0])
    begun = np.array([alpha.real * model.x0, alpha.imag * model.p0])
    mean = flow @ (begun - rest) + rest
    equilibrium = np.diag([temperature / (m * omega**2), m * temperature])
    start = np.diag([0.25 * model.x0**2, 0.25 * model.p0**2])
    spread = flow @ (start - equilibrium) @ flow.T + equilibrium
    amplitude = mean[0] / model.x0 + 1j * mean[1] / model.p0
    xx, pp = spread[0, 0] / model.x0**2, spread[1, 1] / model.p0**2
    xp = spread[0, 1] / (model.x0 * model.p0)
    number = xx + pp + abs(amplitude) ** 2 - 0.5
    return amplitude, number, xx - pp + 2j * xp + amplitude**2


@pytest.mark.parametrize(
    ("friction", "force", "rtol"), [(0.05, 0.0, 1e-8), (0.3, 0.4, 1e-6), (2.0, 0.0, 1e-7)]
)
def test_a_linear_oscillator_in_closed_form_at_all_times(friction, force, rtol):
    model, alpha = linear(friction, force=force), 1.0 + 0.5j
    times = [0.0, 0.1, 30.0, 1e7]
    path = qem.evolve(coherent(model, alpha), model, times, rtol=rtol)
    for state in path:
        mean, number, square = exact_moments(model, alpha, friction, 1.25, force, state.time)
        scale = number + 0.5
        assert abs(state.amplitude - mean) < 1e-10 * np.sqrt(scale)
        assert abs(state.phonon_number - number) < 1e-10 * scale
        assert abs(state.squeezing - square) < 1e-10 * scale
        assert abs(state.phonon_number - number) <= state.error["phonon_number"] * abs(number)
        assert abs(state.trace - 1.0) < 1e-12


def test_in_the_end_there_is_the_steady_state():
    """After 10⁶ periods, from a thermal state; trace and balance on the way."""
    model, times = paper_model(10.0), [0.0, 30.0, 2e3, 3e4, 1e6 * 2 * np.pi / 0.2]
    path = qem.evolve(paper_state(0.0), model, times, rtol=1e-8)
    end, steady = path[-1], paper_state(10.0)
    assert end.phonon_number == pytest.approx(steady.phonon_number, rel=1e-8)
    assert end.g2 == pytest.approx(steady.g2, rel=1e-8)
    assert end.populations(40) == pytest.approx(steady.populations(40), abs=1e-9)
    for state in path:
        assert abs(state.trace - 1.0) < 1e-12
        told = state.energy_balance
        largest = max(abs(told["friction"]), told["noise"])
        assert abs(told["change"] - told["friction"] - told["noise"]) < 1e-8 * largest
    assert path.error["phonon_number"] < 1e-8


@lru_cache
def charged(rtol=1e-5):
    """Begun in the ground state, at times that several tests ask for."""
    return qem.evolve([[1.0]], paper_model(10.0), [0.0, 1e3, 3e3, 1.8e4], rtol=rtol)


def test_charging_from_the_ground_state():
    """Nine tenths of the phonons after 1.8e4; the error that is told holds what is missed."""
    path, finer = charged(1e-4), charged()
    for name in ("phonon_number", "g2"):
        off = [
            abs(getattr(one, name) / getattr(two, name) - 1.0)
            for one, two in zip(path[1:], finer[1:], strict=True)
        ]
        assert all(o < s.error[name] < 1e-3 for o, s in zip(off, path[1:], strict=True))
    assert 0.88 < path[-1].phonon_number / paper_state(10.0).phonon_number < 0.92


class Splitting:
    """Another propagator: a Fourier grid in x, Hermite functions in p, and Strang's splitting.

    At fixed x the motion of p is a matrix exponential; at fixed p that of x is a shift.
    """

    def __init__(self, model, reach=9.0, points=128, levels=100):
        self.model = model
        spacing = 2 * reach / points
        self.x = spacing * (np.arange(points) - points // 2)
        width = reach / np.sqrt(2.0 * levels + 1)
        step = np.sqrt(np.arange(1.0, levels) / 2)
        slope = (np.diag(step, 1) - np.diag(step, -1)) / width
        momentum = width * (np.diag(step, 1) + np.diag(step, -1))
        self.p = nodes = np.linalg.eigvalsh(momentum)
        functions = hermite_functions(levels, nodes, width)
        # What W is multiplied with to be a vector there: the root of a Gauss rule's weight.
        self.root = 1.0 / np.sqrt((functions**2).sum(axis=0))
        self.to_levels = functions * self.root
        at = model.x0 * self.x
        pull = model.frequency * self.x - model.force_at(at) / model.p0
        friction, noise = model.damping_at(at), 0.5 * model.diffusion_at(at) / model.p0**2
        self.generators = (
            pull[:, None, None] * slope
            + friction[:, None, None] * (slope @ momentum)
            + noise[:, None, None] * (slope @ slope)
        )
        self.wave = 2 * np.pi * np.fft.fftfreq(points, spacing)
        self.spacing = spacing

    def run(self, w, times, per_time):
        """W at nodes (x, p) at the times, each reached in so many steps a unit."""
        values = w(self.model.x0 * self.x[:, None], self.model.p0 * self.p)
        values = values * self.model.x0 * self.model.p0 * self.root
        now, found = 0.0, []
        for time in times:
            count = round((time - now) * per_time)
            dt = (time - now) / count
            kick = np.array([expm(dt * g) for g in self.generators])
            kick = self.to_levels.T @ kick @ self.to_levels
            shift = np.exp(-0.5j * dt * self.model.frequency * np.outer(self.wave, self.p))
            for _ in range(count):
                values = np.fft.ifft(shift * np.fft.fft(values, axis=0), axis=0).real
                values = (kick @ values[:, :, None])[:, :, 0]
                values = np.fft.ifft(shift * np.fft.fft(values, axis=0), axis=0).real
            found.append(self.numbers(values))
            now = time
        return np.array(found)

    def numbers(self, values):
        """⟨a†a⟩ and the populations of the two lowest levels."""
        weight = values * self.root * self.spacing
        square = self.x[:, None] ** 2 + self.p**2
        ground = 2 * np.exp(-2 * square)
        means = [square, ground, ground * (4 * square - 1)]
        number, p0, p1 = (float((weight * mean).sum()) for mean in means)
        return number - 0.5, p0, p1


@pytest.mark.parametrize(
    ("begun", "noise_at"),
    [("vacuum", "zero"), ("thermal", "zero"), ("fock", "zero"), ("fock", "oscillator")],
)
def test_against_another_propagator(begun, noise_at):
    model, times = paper_model(10.0, noise_at), [8.0, 40.0]
    rho = {"vacuum": [[1.0]], "thermal": thermal(0.6), "fock": np.diag([0.0, 1.0])}[begun]
    start = qem.QuantumState(rho, model.oscillator)
    other = Splitting(model)
    coarse, fine = (other.run(start.wigner, times, steps) for steps in (4, 8))
    expected = fine + (fine - coarse) / 3
    for state, numbers in zip(qem.evolve(rho, model, times, rtol=1e-8), expected, strict=True):
        found = [state.phonon_number, *state.populations(2)]
        assert found == pytest.approx(numbers, abs=1e-6)


def test_a_cat_loses_its_fringes_and_not_its_phonons():
    """W is negative for a while; (A24) is linear, so each part may be followed alone."""
    model, alpha = linear(0.02), 1.5
    path = qem.evolve(cat(model, alpha), model, [0.0, 1.0, 4.0, 40.0])
    p = np.linspace(-2, 2, 81) * model.p0
    lowest = [state.wigner(0.0, p).min() * np.pi / 2 * model.x0 * model.p0 for state in path]
    assert lowest[0] < -0.5 < lowest[1] < -1e-3
    assert lowest[3] > -1e-9
    assert abs(path[0].squeezing - alpha**2) < 1e-6


def test_switched_models_are_followed_one_after_the_other():
    charge = paper_model(10.0)
    rest = qem.LangevinModel.from_device(qem.paper_device(0.0), half_width=80.0)
    path = qem.evolve([[1.0]], [(0.0, charge), (3e3, rest)], [1e3, 3e3, 5e3], rtol=1e-5)
    second = qem.evolve(charged()[2], rest, [2e3], rtol=1e-5)
    expected = [*charged().phonon_number[1:3], second.phonon_number[0]]
    assert path.phonon_number == pytest.approx(expected, rel=1e-5)
    assert path[0].model is charge
    assert path[1].model is rest


def test_a_ramp_of_the_noise_in_closed_form():
    """d⟨p²⟩/dt = D(t)/2 and so on: an integral over the noise at each time."""
    friction = 0.05

    def model(time):
        return linear(friction, 2.5 * friction * (1.0 + time / 40.0))

    path = qem.evolve([[1.0]], model, [8.0], rtol=1e-4)
    m, omega = 1.0, 0.5
    node, weight = np.polynomial.legendre.leggauss(60)
    a = np.array([[0, 1 / m], [-m * omega**2, -friction]])
    for state in path:
        t = state.time
        spread = expm(a * t) @ np.diag([1 / (2 * m * omega), m * omega / 2]) @ expm(a * t).T
        for u, w in zip(0.5 * t * (node + 1), 0.5 * t * weight, strict=True):
            kick = expm(a * (t - u))[:, 1]
            spread = spread + w * 2.5 * friction * (1 + u / 40) * np.outer(kick, kick)
        number = spread[0, 0] / model(0).x0 ** 2 + spread[1, 1] / model(0).p0 ** 2 - 0.5
        assert state.phonon_number == pytest.approx(number, rel=5e-5)
        told = state.energy_balance
        assert told["change"] == pytest.approx(told["friction"] + told["noise"], abs=1e-6)


def test_states_of_all_kinds_may_start():
    model = linear(0.02)
    steady = qem.steady_state(model)
    for state in (steady, qem.orbit_average(model), qem.quantum_state(steady, 1e-9)):
        path = qem.evolve(state, model, [50.0])
        assert path.phonon_number[0] == pytest.approx(2.0, abs=2e-6)


def test_walkers_from_the_ground_state_spread_as_the_density_does():
    """Of (6) with friction of both signs; within four standard errors at three times."""
    model = model_of(
        lambda x: 0.05 - 0.06 * np.exp(-(x**2) / 32), 0.1, lambda x: 0.3 * np.tanh(x / 4)
    )
    x0, p0, step, walkers = model.x0, model.p0, 0.1, 20_000
    at = np.linspace(-25, 25, 5001)
    force, damping, noise = (
        values(at) for values in (model.force_at, model.damping_at, model.diffusion_at)
    )
    rng = np.random.default_rng(4)
    x, p = 0.5 * x0 * rng.normal(size=walkers), 0.5 * p0 * rng.normal(size=walkers)
    turn = np.exp(-0.5j * model.frequency * step)
    times, found = [2.0, 10.0, 30.0], []
    for number in range(1, round(times[-1] / step) + 1):
        alpha = turn * (x / x0 + 1j * p / p0)
        x, p = x0 * alpha.real, p0 * alpha.imag
        gamma = np.interp(x, at, damping)
        decay = np.exp(-gamma * step)
        spread = np.interp(x, at, noise) * step * (1 - gamma * step)
        p = decay * p + step * np.interp(x, at, force) + np.sqrt(spread) * rng.normal(size=walkers)
        alpha = turn * (x / x0 + 1j * p / p0)
        x, p = x0 * alpha.real, p0 * alpha.imag
        if number in np.round(np.array(times) / step):
            square = np.abs(alpha) ** 2 - 0.5
            found.append((square.mean(), square.std() / np.sqrt(walkers)))
    for (mean, error), state in zip(found, qem.evolve([[1.0]], model, times), strict=True):
        assert abs(state.phonon_number - mean) < 4 * error


def test_what_it_tells_stacks():
    path = qem.evolve([[1.0]], linear(0.02), [0.0, 5.0, 50.0])
    found = path.dataset(levels=3)
    assert found.sizes == {"time": 3, "level": 3}
    assert found.populations[0].values == pytest.approx([1, 0, 0], abs=1e-8)
    assert found.phonon_number.values == pytest.approx(path.phonon_number)
    assert len(path) == 3
    assert repr(path).startswith("Evolution(3 times from 0 to 50")


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"times": [-1.0, 2.0]}, ValueError, "times must rise from 0 or later, got"),
        ({"times": [2.0, 1.0]}, ValueError, "times must rise from 0 or later, got"),
        ({"times": []}, ValueError, "times must rise"),
        ({"rtol": 1e-12}, ValueError, "rtol must lie between"),
        ({"state": qem.QuantumState([[1.0]], qem.Oscillator(0.2))}, ValueError, "state must be of"),
        ({"state": lambda x, p: np.zeros(3)}, ValueError, "state must be a function W"),
        ({"state": lambda x, p: np.exp(-(x**2) - p**2)}, ValueError, "state must have trace 1"),
        ({"state": lambda x, p: 0 * x * p}, ValueError, "state must not be zero"),
        ({"state": [[1.0, 1.0]]}, ValueError, "must be square"),
        ({"state": "vacuum"}, TypeError, "state must be a state, a function"),
        ({"model": qem.paper_device(4.0)}, TypeError, "model must be a LangevinModel"),
        ({"model": [(1.0, linear(0.02))]}, ValueError, "times in model must rise from 0"),
        ({"model": [(0.0, linear(0.02)), (1.0, model_of(frequency=0.4))]}, ValueError, "one osc"),
        ({"model": [linear(0.02)]}, TypeError, "model must be pairs"),
        (
            {"model": lambda time: time},
            TypeError,
            "model must be a LangevinModel or an AveragedModel, or give one where",
        ),
    ],
)
def test_what_cannot_be_is_named(change, error, message):
    given = {"state": [[1.0]], "model": linear(0.02), "times": [1.0]} | change
    with pytest.raises(error, match=message):
        qem.evolve(**given)


@pytest.mark.parametrize("rtol", [1e-2, 1e-4])
def test_however_coarse_it_is_it_has_an_edge(rtol):
    """Beyond it W is nothing, so that all of ρ is known."""
    path = qem.evolve(np.diag([0.0, 0.0, 1.0]), paper_model(16.0), [10.0, 150.0, 1e3], rtol)
    for state in path:
        around = state.radius * np.exp(2j * np.pi * np.arange(64) / 64)
        x, p = (state.model.x0 * around.real + state.center, state.model.p0 * around.imag)
        largest = np.abs(state.wigner(np.linspace(-30, 30, 61)[:, None], np.linspace(-6, 6, 61)))
        assert np.abs(state.wigner(x, p)).max() < 1e-10 * largest.max()
        found = qem.quantum_state(state)
        assert found.phonon_number == pytest.approx(state.phonon_number, rel=10 * rtol)


def test_a_state_beyond_the_grid_is_refused():
    small = model_of(half_width=6.0)
    with pytest.raises(qem.LeftGridError, match="must lie on the model's grid"):
        qem.evolve(coherent(small, 2.9 + 0j), small, [1.0])
    with pytest.raises(qem.LeftGridError, match="model: its grid"):
        qem.evolve([[1.0]], small, [1e3])
