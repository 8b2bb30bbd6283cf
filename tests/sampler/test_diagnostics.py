"""Error bars that hold: coverage, known autocorrelations, and runs that are too short."""

from functools import cache

import numpy as np
import pytest
from cases import model_of
from scipy.special import ndtr
from scipy.stats import binom

import qemlib as qem
from qemlib.sampler import plan
from qemlib.sampler.diagnostics import GROUPS, shortcomings

RUNS = 200


def oscillator(damping=0.02, temperature=1.25, frequency=0.5, half_width=25.0):
    """Linear: ⟨|α|²⟩ = T/ω0, and the correlation of |α|² decays as e^{−γt}."""
    diffusion = 2 * damping * temperature
    return model_of(damping, diffusion, frequency=frequency, half_width=half_width, nodes=101)


def run_of(steps, seed=1, model=None, **options):
    return qem.sample(model or oscillator(), steps, seed, progress=False, **options)


@cache
def short_runs():
    """As short as the sampler allows."""
    with pytest.raises(ValueError, match="at least") as refusal:
        run_of(1000)
    least = int(str(refusal.value).split("at least ")[1].split()[0])
    return [run_of(least, seed) for seed in range(RUNS)]


@pytest.mark.parametrize(
    ("name", "exact"), [("phonon_number", 2.0), ("g2", 2.0), ("position", 0.0)]
)
def test_intervals_of_95_percent_hold_the_answer_as_often_as_they_say(name, exact):
    held = sum(
        abs(getattr(run, name) - exact) < 1.96 * run.standard_error(name) for run in short_runs()
    )
    assert 0.90 <= held / RUNS <= 0.99


def test_intervals_from_autocorrelation_hold_the_answer_too():
    rows = [run.diagnostics["energy"] for run in short_runs()]
    held = sum(abs(row.mean - 2.5) < 1.96 * row.mcse for row in rows)
    assert 0.90 <= held / RUNS <= 0.99


def test_populations_of_short_runs_are_covered():
    exact = 2.0 ** np.arange(5) / 3.0 ** (np.arange(5) + 1)
    held = np.zeros(5)
    for run in short_runs():
        error = run.standard_error("populations", 5)
        held += np.abs(run.populations(5) - exact) < 1.96 * error
    assert (held >= 0.90 * RUNS).all()
    assert (held <= 0.99 * RUNS).all()


def test_the_coverage_test_would_see_error_bars_wrong_by_a_quarter():
    """Power of the tests above: what 1.96 σ would hold if σ were 0.75 or 1.5 of the true one."""
    for wrong, side in ((0.75, "low"), (1.5, "high")):
        inside = 2 * ndtr(1.96 * wrong) - 1
        low, high = binom.cdf(0.90 * RUNS - 1, RUNS, inside), binom.sf(0.99 * RUNS, RUNS, inside)
        assert (low if side == "low" else high) > 0.5


def test_autocorrelation_times_of_energy_and_its_square_are_known():
    """∫ e^{−γ|t|} dt = 2/γ for |α|².

    ⟨|α|⁸⟩ − ⟨|α|⁴⟩² = 20 n⁴, of which 16 decay as e^{−γt} and 4 as e^{−2γt}: 0.9 of that for |α|⁴.
    """
    for damping in (0.01, 0.04):
        runs = [run_of(10_000_000, seed, oscillator(damping)) for seed in range(6)]
        for name, factor in (("energy", 1.0), ("energy_squared", 0.9)):
            times = [run.diagnostics[name].autocorrelation_time for run in runs]
            # They scatter by up to 5 %, and are up to 2 % too large where ρ is summed too far.
            bound = 0.02 + 5 * 0.05 / len(times) ** 0.5
            assert np.mean(times) == pytest.approx(factor * 2 / damping, rel=bound)
        row = runs[0].diagnostics["energy"]
        recorded = runs[0].recorded * 6 * runs[0].step
        assert row.effective_samples * row.autocorrelation_time == pytest.approx(recorded, rel=0.1)


def test_two_ways_to_the_error_agree():
    """From autocorrelation within walkers, and from batches of walkers."""
    ratios = [
        run.standard_error("phonon_number") / run.diagnostics["energy"].mcse for run in short_runs()
    ]
    # Either scatters by about a tenth; their mean does not.
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.04)


def test_means_are_those_of_the_run():
    run = run_of(2_000_000)
    rows = run.diagnostics
    assert rows["energy"].mean == pytest.approx(run.phonon_number + 0.5)
    assert rows["position"].mean == pytest.approx(run.position)
    assert rows["squeezing_imaginary"].mean == pytest.approx(run.squeezing.imag)
    assert list(rows)[:2] == ["energy", "energy_squared"]
    assert len(rows) == 6
    for part in ("MCSE", "R-hat", "energy_squared", "momentum"):
        assert part in repr(rows)


def test_r_hat_of_a_converged_run_is_one():
    for name, row in run_of(20_000_000).diagnostics.items():
        assert 0.999 < row.r_hat < 1.005, name


def test_walkers_that_remember_their_start_are_refused():
    """No burn-in, and one relaxation time: inside and outside of the ring still differ."""
    model = oscillator(damping=1e-4, half_width=30.0)
    options = {"walkers": 1024, "burn_in": 0.0, "model": model}
    raw = run_of(1024 * 12_500, check=False, **options)
    assert raw.diagnostics["energy"].r_hat > 1.05
    assert "from different starts still differ" in raw.shortcomings[0]
    assert "not to be trusted" in repr(raw)
    with pytest.raises(ValueError, match="check=False gives the raw numbers"):
        run_of(1024 * 12_500, **options)


def test_bad_mixing_is_found_after_the_run_if_it_was_not_before(monkeypatch):
    """An estimate of the relaxation time that is ten times too short must not be believed."""
    model = oscillator(damping=1e-3)
    true = plan.slowest_time
    monkeypatch.setattr(plan, "slowest_time", lambda *arguments: true(*arguments) / 20)
    steps = 128 * 5000
    with pytest.raises(qem.TooShortError, match="R-hat|autocorrelation times") as refusal:
        run_of(steps, model=model, walkers=128)
    run = refusal.value.run
    assert run.shortcomings
    assert run_of(steps, model=model, walkers=128, check=False).phonon_number == run.phonon_number
    # What was sampled is not lost.
    more = qem.sample(model, 50 * steps, resume=run, progress=False)
    assert more.shortcomings == ()


def test_a_record_of_a_moment_gives_raw_numbers_without_diagnostics():
    run = run_of(2000, walkers=128, burn_in=0.0, check=False)
    assert run.recorded > 0
    assert np.isfinite(run.phonon_number)
    assert np.isnan(run.diagnostics["energy"].mcse)
    assert "too few relaxation times" in run.shortcomings[0]


def test_shortcomings_count_autocorrelation_times_in_each_group():
    few = qem.Convergence(1.0, 0.1, 50.0, 49.0 * GROUPS, 1.0)
    assert "49 autocorrelation times" in shortcomings({"energy": few})[0]
    enough = qem.Convergence(1.0, 0.1, 50.0, 51.0 * GROUPS, 1.0)
    assert shortcomings({"energy": enough}) == ()


def test_bias_of_g2_is_that_of_a_ratio():
    """E[g2] − g2 from many short runs, against what the jackknife says of each."""
    values = np.array([run.g2 for run in short_runs()])
    biases = np.array([run.bias("g2") for run in short_runs()])
    scatter = values.std(ddof=1) / np.sqrt(RUNS)
    assert abs(values.mean() - biases.mean() - 2.0) < 5 * scatter
    assert abs(biases.mean()) < 0.5 * values.std()
    assert short_runs()[0].bias("phonon_number") == pytest.approx(0.0, abs=1e-12)


def test_bias_of_a_square_is_its_variance():
    """E[m²] = μ² + σ²/n: the jackknife finds it for a mean whose error is known."""
    run = run_of(1_000_000)
    batches = run._batches
    bias = batches.bias(lambda b, moments, parts: moments[0] ** 2)
    assert bias == pytest.approx(run.standard_error("phonon_number") ** 2, rel=1e-6)


def test_population_batches_average_to_the_populations():
    run = run_of(2_000_000)
    batches = run.population_batches(40)
    assert batches.shape[0] >= 64
    assert batches.mean(axis=0) == pytest.approx(run.populations(40), abs=1e-13)
    error = batches.std(axis=0, ddof=1) / np.sqrt(len(batches))
    assert error == pytest.approx(run.standard_error("populations", 40), rel=1e-9)
