"""Ticks along trajectories: clocks of known accuracy, and the averaged operator."""

import pickle

import numpy as np
import pytest
from cases import model_of, paper_model
from scipy.special import exp1

import qemlib as qem
from qemlib.motion import _clock
from qemlib.sampler import ticks as ticks_of_walkers
from qemlib.sampler.ensemble import Ensemble


def within(found, exact, part):
    """Agreement within four standard errors, of which each is a small part of the value."""
    assert abs(found.value - exact) < 4 * found.standard_error
    assert found.standard_error < part * exact


def clock(gaps, spacing=50.0, readings=400, memory=50.0):
    """Clocks that tick at the ends of these gaps, a row each."""
    ends = np.cumsum(gaps, axis=1)
    times = spacing * np.arange(1, readings + 1)
    counts = np.array([np.searchsorted(row, times, side="right") for row in ends])
    assert (counts < gaps.shape[1]).all()
    last = np.take_along_axis(np.pad(ends, ((0, 0), (1, 0))), counts, axis=1)
    return qem.SampledTicks(spacing, counts, last, memory)


def test_independent_ticks_have_the_accuracy_of_their_gaps():
    random = np.random.default_rng(3)
    for shape in (1.0, 9.0):  # Poisson, and Erlang: N = shape
        ticks = clock(random.gamma(shape, 1.0 / shape, (256, 22_000)))
        within(ticks.rate, 1.0, 0.01)
        within(ticks.accuracy(), shape, 0.1)


def test_allan_variance_of_ticks():
    ticks = clock(np.random.default_rng(4).gamma(4.0, 0.25, (128, 21_000)))
    found = ticks.allan_variance([50.0, 200.0, 1000.0])
    # Renewals: σ_y² = 1/Nντ, and at short times what a reading lacks of the next tick, less.
    assert (np.abs(found.value - 0.25 / found.times) < 4 * found.error + 0.2 / found.times**2).all()


def test_rises_of_a_linear_oscillator_through_zero():
    # Closed form, see `test_zeros_of_a_linear_oscillator`.
    friction = 0.02
    model = model_of(0.5 * friction, 0.025)
    ticks = qem.sampled_ticks(model, 2e4, step=0.1, walkers=128, progress=False)
    exact = friction / 4 * exp1(_clock._CORE * np.pi * friction / 2)
    within(ticks.accuracy(), np.pi / exact, 0.08)
    assert ticks.rate.value == pytest.approx(0.5 / (2 * np.pi), rel=3e-3)


def test_turns_that_a_hysteresis_misses():
    friction, h = 0.004, 0.6
    state = qem.averaged_state(
        qem.AveragedModel.from_langevin(model := model_of(0.5 * friction, 2.5 * 0.5 * friction))
    )
    ticks = qem.sampled_ticks(model, 5e4, thresholds=(-h, h), step=0.2, walkers=256, progress=False)
    parts = state.clock_parts(h)
    assert parts["missed"] > 5 * parts["phase"]
    within(ticks.rate, parts["rate"], 0.005)
    within(ticks.accuracy(), parts["accuracy"], 0.08)


def test_ticks_of_the_paper_device_are_as_accurate_as_the_operator_says():
    model = paper_model(16.0)
    state = qem.averaged_state(qem.AveragedModel.from_langevin(model))
    ticks = qem.sampled_ticks(model, 3e5, seed=2, step=0.5, progress=False)
    within(ticks.rate, state.clock_parts()["rate"], 1e-4)
    within(ticks.accuracy(), state.clock_accuracy(), 0.06)


def test_current_of_a_mirrored_device_ticks_twice_a_turn():
    model = paper_model(16.0)
    x0 = model.x0
    device = model.device
    low, high = qem.current(device, [7 * x0, 3 * x0])
    ticks = qem.sampled_ticks(
        model, 2e4, observable="current", thresholds=(low, high), walkers=128, progress=False
    )
    by_position = qem.sampled_ticks(
        *(model, 2e4),
        observable=lambda x: -np.abs(x) / x0,
        thresholds=(-7, -3),
        walkers=128,
        progress=False,
    )
    assert np.array_equal(ticks.counts, by_position.counts)
    assert 1.5 * 0.0319 < ticks.rate.value < 2 * 0.0319


def test_a_seed_has_its_ticks():
    model = model_of()
    one, two = (
        qem.sampled_ticks(model, 500.0, walkers=256, seed=3, progress=False) for _ in range(2)
    )
    assert np.array_equal(one.counts, two.counts)
    assert np.array_equal(pickle.loads(pickle.dumps(one)).deviation, two.deviation)
    assert (np.diff(one.counts, axis=1) >= 0).all()
    assert (one.last <= one.times).all()
    other = qem.sampled_ticks(model, 500.0, walkers=256, seed=4, progress=False)
    assert not np.array_equal(one.counts, other.counts)


def test_plain_python_counts_as_compiled_code_does(compiled_or_not):
    code = (
        "import numpy as np, qemlib as qem\n"
        "x = np.linspace(-25, 25, 201); one = np.ones_like(x)\n"
        "model = qem.LangevinModel(1.0, 0.5, x, 0 * x, 0.3 * one, 0.75 * one)\n"
        "ticks = qem.sampled_ticks(model, 60.0, walkers=128, step=0.2, burn_in=5.0, spacing=20.0,\n"
        "                          progress=False)\n"
        "print(*ticks.counts.sum(axis=0))"
    )
    plain, compiled = ([int(word) for word in told] for told in compiled_or_not(code))
    assert 500 < compiled[-1] < 700
    assert np.abs(np.subtract(plain, compiled)).max() <= 2


def test_refusals():
    model = model_of()
    with pytest.raises(qem.NoTicks, match="^thresholds must be crossed .* got -20 and 24"):
        qem.sampled_ticks(model, 100.0, thresholds=(-20.0, 24.0), progress=False)
    with pytest.raises(ValueError, match="^thresholds must be two, the lower first, got"):
        qem.sampled_ticks(model, 100.0, thresholds=(1.0, -1.0), progress=False)
    with pytest.raises(ValueError, match="^thresholds must be given for an observable"):
        qem.sampled_ticks(model, 100.0, observable=np.abs, progress=False)
    with pytest.raises(ValueError, match="^observable must be one of"):
        qem.sampled_ticks(model, 100.0, observable="p", thresholds=(0.0, 1.0), progress=False)
    with pytest.raises(ValueError, match="^observable must not be 'current'"):
        qem.sampled_ticks(model, 100.0, observable="current", thresholds=(0.0, 1.0), progress=False)
    with pytest.raises(ValueError, match="^observable must return the shape of x"):
        qem.sampled_ticks(
            model, 100.0, observable=lambda _x: [1.0], thresholds=(0.0, 1.0), progress=False
        )
    with pytest.raises(ValueError, match="^time must cover two readings"):
        qem.sampled_ticks(model, 100.0, spacing=80.0, progress=False)
    with pytest.raises(ValueError, match="^walkers must be"):
        qem.sampled_ticks(model, 100.0, walkers=100, progress=False)
    short = qem.sampled_ticks(model, 200.0, walkers=128, progress=False)
    with pytest.raises(qem.TooShortError, match="^accuracy: a record of"):
        short.accuracy()
    with pytest.raises(ValueError, match="^window must be finite and greater than 0"):
        short.accuracy(0.0)


def test_a_clock_without_noise_has_no_accuracy_to_be_seen():
    even = qem.SampledTicks(
        1.0, np.tile(np.arange(40), (16, 1)), np.tile(np.arange(40.0), (16, 1)), 1.0
    )
    assert float(even.rate) == 1.0
    with pytest.raises(qem.TooShortError, match="^accuracy: the variance of the ticks does not"):
        even.accuracy()


def test_a_walker_that_leaves_the_grid_is_an_error(monkeypatch):
    started = Ensemble.start

    def start(plan):
        ensemble = started(plan)
        ensemble.state[1, 0, 7] = 1e3
        return ensemble

    monkeypatch.setattr(Ensemble, "start", start)
    with pytest.raises(qem.LeftGridError, match="a walker left the grid, x from -25 to 25"):
        qem.sampled_ticks(model_of(), 100.0, burn_in=0.0, progress=False)


def test_ctrl_c_gives_what_was_counted(monkeypatch):
    class Stop:
        looks = 0

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        @property
        def asked(self):
            Stop.looks += 1
            return Stop.looks > self.allowed

    monkeypatch.setattr(ticks_of_walkers, "Interruptible", Stop)
    monkeypatch.setattr(ticks_of_walkers, "_STEPS_A_CALL", 1)
    Stop.allowed = 5
    found = qem.sampled_ticks(model_of(), 500.0, walkers=128, burn_in=0.0, progress=False)
    assert 2 <= found.counts.shape[1] <= 5
    Stop.looks, Stop.allowed = 0, 0
    with pytest.raises(KeyboardInterrupt):
        qem.sampled_ticks(model_of(), 500.0, walkers=128, burn_in=0.0, progress=False)
