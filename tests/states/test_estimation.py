"""Estimates from samples: against states whose answer is known, over many independent draws."""

from functools import lru_cache

import numpy as np
import pytest
from cases import model_of

import qemlib as qem

OMEGA = 0.2
MEAN = 9.5
SEEDS = 24


def ladder(levels):
    return OMEGA * np.arange(levels)


def thermal_radii(rng, samples):
    # |α|² is exponential with mean n̄ + 1/2
    return np.sqrt((MEAN + 0.5) * rng.exponential(size=samples))


@lru_cache
def drawn(samples, levels):
    """Populations of many independent sets of samples."""
    return [
        qem.sampled_populations(thermal_radii(np.random.default_rng(seed), samples), levels)
        for seed in range(SEEDS)
    ]


MANY = 100_000, 200


# --- jackknife ----------------------------------------------------------------------------------


def test_a_linear_function_has_no_bias_and_the_usual_error():
    x = np.random.default_rng(2).normal(size=(40, 3))
    found = qem.jackknife(x, lambda mean: mean @ [1.0, 2.0, -1.0])
    values = x @ [1.0, 2.0, -1.0]
    assert found.bias == pytest.approx(0.0, abs=1e-13)
    assert found.value == pytest.approx(values.mean(), abs=1e-14)
    assert found.standard_error == pytest.approx(values.std(ddof=1) / np.sqrt(40), rel=1e-12)


def test_the_bias_of_a_square_is_removed_exactly():
    # E[x̄²] = μ² + σ²/N, and the jackknife's value is the unbiased x̄² − s²/N
    x = np.random.default_rng(3).normal(loc=0.3, size=25)
    found = qem.jackknife(x, lambda mean: mean**2)
    assert found.value == pytest.approx(x.mean() ** 2 - x.var(ddof=1) / 25, abs=1e-14)


def test_the_error_bar_of_a_ratio_is_calibrated():
    scores = []
    for seed in range(200):
        x = np.random.default_rng(seed).normal(loc=[2.0, 1.0], scale=0.2, size=(64, 2))
        found = qem.jackknife(x, lambda mean: mean[0] / mean[1])
        scores.append((found.value - 2.0) / found.standard_error)
    # 200 scores of unit variance: five sigma of their mean and of their spread
    assert abs(np.mean(scores)) < 5 / np.sqrt(200)
    assert abs(np.std(scores) - 1) < 5 / np.sqrt(400)


# --- populations of samples ---------------------------------------------------------------------


def test_sampled_populations_are_the_populations():
    radius = thermal_radii(np.random.default_rng(5), 64 * 1500)
    batches = qem.sampled_populations(radius, 40)
    assert batches.shape == (64, 40)
    n = np.arange(40)
    exact = (MEAN / (MEAN + 1)) ** n / (MEAN + 1)
    error = batches.std(axis=0, ddof=1) / 8
    assert np.abs((batches.mean(axis=0) - exact) / error).max() < 5
    # each is a mean of a function bounded by 2
    assert np.abs(batches).max() <= 2


# --- ergotropy ----------------------------------------------------------------------------------


def test_false_ergotropy_of_a_passive_state():
    """n̄ = 9.5, 10⁵ samples, 150 levels: truth 0, plug-in about one quantum, and more with more."""
    batches = drawn(*MANY)
    found = [qem.estimate_ergotropy(b[:, :150], ladder(150)) for b in batches]
    plug_in = np.array([f.plug_in for f in found]) / OMEGA
    assert (plug_in > 0.3).all()
    assert 0.6 < plug_in.mean() < 1.6
    more = [qem.estimate_ergotropy(b, ladder(200)) for b in batches]
    assert np.mean([f.plug_in for f in more]) > 1.5 * plug_in.mean() * OMEGA
    # the jackknife takes most of it away, and says so
    left = np.mean([f.value for f in found])
    assert 0 < left < 0.6 * plug_in.mean() * OMEGA


@pytest.mark.parametrize("resolved", [0.0, 5.0])
def test_the_split_estimate_never_finds_work_in_a_passive_state(resolved):
    found = [qem.estimate_ergotropy(b, ladder(120), resolved) for b in drawn(20_000, 120)]
    bound = np.array([f.lower_bound for f in found])
    assert bound.mean() < 5 * bound.std(ddof=1) / np.sqrt(SEEDS)
    spread = bound.std(ddof=1)
    told = np.sqrt(np.mean([f.lower_bound_error**2 for f in found]))
    assert 0.5 < told / spread < 2
    if resolved:
        # what noise does not resolve is left alone: hardly anything is lost
        assert abs(bound.mean()) < 0.05 * OMEGA
        assert all(5 < f.sorted_levels < 120 for f in found)


def test_a_state_with_work_is_bracketed():
    """Levels 0 to 39 with inverted populations, known; noise of independent samples."""
    levels = 60
    p = np.where(np.arange(levels) < 40, np.arange(levels) + 10.0, 0.0)
    p /= p.sum()
    exact = qem.ergotropy(p, ladder(levels))
    found = []
    for seed in range(SEEDS):
        counts = np.random.default_rng(seed).multinomial(40, p, size=64)
        found.append(qem.estimate_ergotropy(counts / 40, ladder(levels)))
    below = np.array([f.lower_bound for f in found])
    above = np.array([f.plug_in for f in found])
    error = np.mean([f.lower_bound_error for f in found]) / np.sqrt(SEEDS)
    assert below.mean() < exact + 5 * error
    assert below.mean() > 0.95 * exact
    assert above.mean() > exact - 5 * error
    # the jackknife lies nearer to the truth than the plug-in
    assert abs(np.mean([f.value for f in found]) - exact) < abs(above.mean() - exact)


def test_without_noise_all_three_agree():
    p = np.array([0.1, 0.4, 0.3, 0.2])
    found = qem.estimate_ergotropy(np.tile(p, (8, 1)), ladder(4))
    exact = qem.ergotropy(p, ladder(4))
    for value in (found.value, found.plug_in, found.lower_bound):
        assert value == pytest.approx(exact, abs=1e-15)
    assert found.sorted_levels == 4
    assert found.standard_error == pytest.approx(0.0, abs=1e-15)


# --- entropy and free energy --------------------------------------------------------------------


def test_entropy_and_free_energy_of_a_thermal_state():
    levels = 120
    exact = (MEAN + 1) * np.log(MEAN + 1) - MEAN * np.log(MEAN)
    batches = [b[:, :levels] for b in drawn(*MANY)]
    found = [qem.estimate_entropy(b) for b in batches]
    value = np.array([f.value for f in found])
    plug_in = np.array([f.plug_in for f in found])
    assert plug_in.mean() - exact > 0.03  # the tail's noise counts as disorder
    assert abs(value.mean() - exact) < 0.5 * abs(plug_in.mean() - exact)
    assert np.mean([f.bias for f in found]) > 0
    temperature = OMEGA / np.log((MEAN + 1) / MEAN)
    work = [qem.estimate_free_energy_work(b, ladder(levels), temperature) for b in batches]
    # zero in truth; −T times the error of the entropy is what is left
    assert abs(np.mean([w.value for w in work])) < 0.1
    assert np.mean([w.plug_in for w in work]) < np.mean([w.value for w in work])


def test_many_samples_leave_little_to_correct():
    p = np.array([0.5, 0.3, 0.2])
    counts = np.random.default_rng(0).multinomial(10**6, p, size=16)
    entropy = qem.estimate_entropy(counts / 10**6)
    assert entropy.value == pytest.approx(qem.entropy(p), abs=5 * entropy.standard_error)
    # Miller and Madow: the plug-in is too small by (levels − 1)/2N
    assert entropy.bias == pytest.approx(-2 / (2 * 16e6), rel=1.5)
    work = qem.estimate_free_energy_work(counts / 10**6, ladder(3), 1.0)
    exact = qem.free_energy_work(p, ladder(3), 1.0)
    assert work.value == pytest.approx(exact, abs=5 * work.standard_error)


@pytest.mark.parametrize("unit", [1e-30, 1.0, 1e30])
@pytest.mark.parametrize("shift", [0.0, -100.0, 1e6])
def test_no_estimate_depends_on_where_energies_count_from_nor_on_their_unit(unit, shift):
    p = np.exp(-0.3 * np.arange(30.0))[::-1]
    counts = np.random.default_rng(1).multinomial(2000, p / p.sum(), size=12) / 2000
    batches = counts[:, 1:]  # the trace is noisy
    assert 1e-5 < np.ptp(batches.sum(axis=1)) < 1e-2
    energies, moved = ladder(29), unit * (ladder(29) + shift)
    near = {"rel": 1e-9 + 1e-13 * abs(shift), "abs": 0.0}
    expected = qem.estimate_ergotropy(batches, energies)
    found = qem.estimate_ergotropy(batches, moved)
    for name in ("value", "plug_in", "standard_error", "lower_bound", "lower_bound_error"):
        assert getattr(found, name) == pytest.approx(unit * getattr(expected, name), **near)
    expected = qem.estimate_free_energy_work(batches, energies, 1.3)
    found = qem.estimate_free_energy_work(batches, moved, 1.3 * unit)
    for name in ("value", "plug_in", "standard_error", "bias"):
        assert getattr(found, name) == pytest.approx(unit * getattr(expected, name), rel=1e-6)


# --- the sampler's batches ----------------------------------------------------------------------


def test_batches_of_a_run_average_to_its_populations():
    model = model_of(0.02, 0.08, frequency=0.2, half_width=60.0)
    run = qem.sample(model, steps=8_000_000, seed=3, progress=False)
    batches = run.population_batches(150)
    assert batches.mean(axis=0) == pytest.approx(run.populations(150), abs=1e-13)
    error = batches.std(axis=0, ddof=1) / np.sqrt(len(batches))
    assert error == pytest.approx(run.standard_error("populations", 150), rel=1e-9)
    found = qem.estimate_ergotropy(batches, ladder(150))
    assert found.plug_in > 0  # D/2mγ = 2: thermal, and nothing to be had in truth
    assert found.lower_bound < 5 * found.lower_bound_error


# --- what is shown and refused ------------------------------------------------------------------


def test_summaries_name_what_they_hold():
    batches = np.tile([0.25, 0.75], (8, 1))
    text = repr(qem.estimate_ergotropy(batches, [0.0, 1.0]))
    assert "at least 0.5" in text
    assert "plug-in 0.5" in text
    assert "bias" in repr(qem.estimate_entropy(batches))


GOOD = np.tile([0.25, 0.75], (8, 1))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: qem.jackknife(GOOD[:7], np.sum), r"batches must .*at least 8.*\(7, 2\)"),
        (lambda: qem.jackknife(1.0, np.sum), "batches must .*at least 8"),
        (lambda: qem.jackknife([np.nan] * 9, np.sum), "batches must hold finite"),
        (lambda: qem.estimate_ergotropy(GOOD[:, 0], [0.0]), "batches must be an array with 2"),
        (lambda: qem.estimate_ergotropy(GOOD, [0.0, 1.0, 2.0]), r"energies must .*\(2,\).*\(3,\)"),
        (lambda: qem.estimate_ergotropy(GOOD, [1.0, 0.0]), "energies must rise"),
        (lambda: qem.estimate_ergotropy(GOOD, [0.0, 1.0], np.inf), "resolved must"),
        (lambda: qem.estimate_ergotropy(2 * GOOD, [0.0, 1.0]), "mean trace .* got 2"),
        (lambda: qem.estimate_entropy(0.5 * GOOD), "mean trace .* got 0.5"),
        (lambda: qem.estimate_free_energy_work(GOOD, [0.0, 1.0], 0.0), "temperature must.*0.0"),
        (lambda: qem.sampled_populations([[1.0]], 3), "radius must"),
        (lambda: qem.sampled_populations(np.ones(7), 3, 8), "at least 8 samples, got 7"),
        (lambda: qem.sampled_populations(-np.ones(9), 3, 8), "radius must not be negative"),
        (lambda: qem.sampled_populations(np.ones(9), 0, 8), "levels must"),
        (lambda: qem.sampled_populations(np.ones(9), 3, 4), "batches must .*at least 8, got 4"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
