"""The least ergotropy that moments allow: against states, and against a programme written out."""

import numpy as np
import pytest
from cases import between, few
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.optimize import linprog
from scipy.special import gammaln
from scipy.stats import unitary_group

import qemlib as qem


def normalised(populations, orders=2):
    """⟨n⟩, g2, g3, … of populations."""
    n, factor, found = np.arange(populations.size), np.ones(populations.size), []
    for r in range(orders):
        factor = factor * (n - r)
        found.append(float(factor @ populations))
    return found[0], *(m / found[0] ** r for r, m in enumerate(found[1:], start=2))


def ladder(levels):
    return np.arange(float(levels))


def incoherent(populations):
    return qem.ergotropy(populations, ladder(populations.size))


def poisson(mean, levels):
    n = ladder(levels)
    return np.exp(n * np.log(mean) - mean - gammaln(n + 1.0))


def uniform(first, last):
    return np.append(np.zeros(first), np.full(last - first + 1, 1.0 / (last - first + 1)))


def random_matrix(seed):
    """A state of up to 24 levels: diagonal or not, pure or mixed, of any rank, ringlike or not."""
    rng = np.random.default_rng([41, seed])
    levels = int(rng.integers(2, 25))
    weights = rng.exponential(size=levels) ** rng.uniform(0.3, 6.0)
    if rng.random() < 0.3:
        weights = np.sort(weights)[::-1]
    if rng.random() < 0.3:
        weights *= np.exp(
            -(((np.arange(levels) - rng.uniform(0, levels)) / rng.uniform(1, 6)) ** 2)
        )
    rho = np.diag(weights / weights.sum()).astype(complex)
    kind = rng.integers(3)
    if kind == 1:
        turn = unitary_group.rvs(levels, random_state=rng)
        rho = turn @ rho @ turn.conj().T
    elif kind == 2:  # the same populations, as coherent as can be
        amplitude = np.sqrt(rho.diagonal()) * np.exp(2j * np.pi * rng.random(levels))
        rho = np.outer(amplitude, amplitude.conj())
    return rho


def test_no_state_has_less():
    for seed in range(300):
        rho = random_matrix(seed)
        populations = rho.diagonal().real
        found = qem.certified_ergotropy(*normalised(populations))
        work = qem.ergotropy(rho, np.diag(ladder(len(rho))))
        # Only what the eigenvalues themselves are off by.
        assert found.value <= min(incoherent(populations), work) + 1e-12 * populations.size, seed


@pytest.mark.parametrize("orders", [2, 3, 4])
def test_its_inequality_holds_for_every_state_however_many_levels(orders):
    states = [random_matrix(seed).diagonal().real for seed in range(300)]
    states += [poisson(mean, 400) for mean in (0.2, 5.0, 90.0)]
    states += [
        0.99 ** ladder(3000) * 0.01,
        uniform(700, 1200),
        np.append([0.5], uniform(90, 91) / 2),
    ]
    for mean, g2 in ((0.7, 0.3), (3.3, 1.0), (12.0, 1.1), (80.0, 1.25)):
        higher = [g2**2, g2**4][: orders - 2]
        found = qem.certified_ergotropy(mean, g2, higher=higher, higher_error=0.1)
        assert found.value > 0
        for p in states:
            n, *g = normalised(p / p.sum(), orders)
            moments = np.array([1.0, n, *(each * n**r for r, each in enumerate(g, start=2))])
            size = np.abs(found.coefficients) @ moments
            assert found.coefficients @ moments <= incoherent(p / p.sum()) + 1e-12 * size


@few
@given(st.integers(0, 10**6), st.integers(0, 3), between(0.0, 0.1))
def test_a_state_allows_no_more_and_has_the_moments(seed, further, width):
    mean, g2, *higher = normalised(random_matrix(seed).diagonal().real, 2 + further)
    widths = width * np.array(higher)
    found = qem.certified_ergotropy(mean, g2, higher=higher, higher_error=widths)
    p, scale = found.populations, max(mean, 1.0)
    assert p.sum() == pytest.approx(1.0, abs=1e-12)
    assert (p >= 0).all()
    assert incoherent(p) == pytest.approx(found.value + found.error, abs=1e-12 * scale)
    assert 0 <= found.error <= 1e-7 * scale
    exact = normalised(p, 2 + further)
    assert exact[0] == pytest.approx(mean, rel=1e-8)
    for value, known, off in zip(exact[1:], (g2, *higher), (0.0, *widths), strict=True):
        assert value <= known + off + 1e-7 * (1.0 + known)
    for value, known, off in list(zip(exact[1:], (g2, *higher), (0.0, *widths), strict=True))[:-1]:
        assert value >= known - off - 1e-7 * (1.0 + known)


def written_out(mean, second, levels):
    """The least ergotropy of so many levels, by majorisation: all sums of the largest K at once.

    S_K(p) ≤ K t_K + Σ_n max(p_n − t_K, 0) for any t_K, with equality at the K-th largest.
    """
    n, pairs = np.arange(levels), (levels - 1) * levels
    # p, t_1 … t_{L−1}, and the excess of level n over t_K.
    total = levels + levels - 1 + pairs
    cost = np.zeros(total)
    cost[:levels] = n
    cost[levels : 2 * levels - 1] = np.arange(1, levels)
    cost[2 * levels - 1 :] = 1.0
    rows = np.zeros((pairs, total))
    for k in range(levels - 1):
        for level in range(levels):
            row = k * levels + level
            rows[row, [level, levels + k, 2 * levels - 1 + row]] = 1.0, -1.0, -1.0
    equal = np.zeros((3, total))
    equal[:, :levels] = np.ones(levels), n, n * (n - 1.0)
    bounds = [(0, None)] * levels + [(None, None)] * (levels - 1) + [(0, None)] * pairs
    found = linprog(cost, rows, np.zeros(pairs), equal, [1.0, mean, second], bounds)
    # Σ_k k p↓_k = Σ_K (1 − S_K)
    return found.fun - (levels - 1)


@pytest.mark.parametrize(
    ("mean", "g2"), [(2.5, 0.7), (3.0, 0.95), (1.3, 0.6), (4.0, 1.05), (0.9, 0.5), (5.2, 0.9)]
)
def test_it_is_the_programme_with_all_sums_written_out(mean, g2):
    # Populations end, so that more levels change nothing.
    found = qem.certified_ergotropy(mean, g2)
    assert found.populations.size < 14
    assert found.value == pytest.approx(written_out(mean, g2 * mean**2, 14), abs=1e-9)


@pytest.mark.parametrize(("first", "last"), [(3, 3), (1, 2), (2, 17), (40, 90), (900, 990)])
def test_a_stretch_of_equal_populations_is_certified_to_the_last_quantum(first, last):
    p = uniform(first, last)
    found = qem.certified_ergotropy(*normalised(p), frequency=0.2)
    assert found.value == pytest.approx(0.2 * first, rel=1e-9)
    assert found.value <= 0.2 * first


@few
@given(between(0.01, 500.0), between(0.0, 1.4))
def test_closed_form_lies_below_by_less_than_half_a_quantum(mean, part):
    whole = np.floor(mean)
    least = whole * (2.0 * mean - whole - 1.0) / mean**2
    g2 = least + part * (4 / 3 - least)
    variance = mean + (g2 - 1.0) * mean**2
    closed = mean + 0.5 - 0.5 * np.sqrt(1.0 + 12.0 * variance)
    value = qem.certified_ergotropy(mean, g2).value
    assert max(closed, 0.0) <= value + 1e-9 * mean
    assert value <= max(closed, 0.0) + 0.5


@few
@given(between(0.02, 200.0))
def test_it_is_zero_exactly_where_a_passive_state_fits(mean):
    edge = float(qem.passive_g2(mean))
    assert edge >= 4 / 3 - 2 / (3 * mean) - 1e-12
    for g2 in (edge * (1 + 1e-9), edge + 0.1, 2.0, 50.0):
        found = qem.certified_ergotropy(mean, g2)
        assert found.value == 0.0
        assert (np.diff(found.populations) <= 1e-15).all()
        assert not found.coefficients.any()
    below = edge * (1 - 1e-6)
    if below > np.floor(mean) * (2 * mean - np.floor(mean) - 1) / mean**2:
        assert qem.certified_ergotropy(mean, below).value > 0


def test_passive_g2_is_the_least_of_falling_populations():
    rng = np.random.default_rng(5)
    for _ in range(300):
        falling = np.sort(rng.exponential(size=rng.integers(2, 30)) ** rng.uniform(0.2, 5))[::-1]
        mean, g2 = normalised(falling / falling.sum())
        assert g2 >= qem.passive_g2(mean) - 1e-12
    for last in (1, 2, 7, 100):
        mean, g2 = normalised(uniform(0, last))
        assert qem.passive_g2(mean) == pytest.approx(g2, abs=1e-12)
        assert g2 == pytest.approx(4 / 3 - 2 / (3 * mean), abs=1e-12)


@few
@given(between(0.3, 40.0), between(0.0, 1.2), between(0.0, 0.2), between(0.0, 0.1))
def test_within_error_bars_no_corner_has_less(mean, part, mean_part, g2_error):
    edge = float(qem.passive_g2(mean))
    g2, mean_error = 1.0 + part * (edge - 1.0), mean_part * mean
    g2 = max(g2, 1.0)
    found = qem.certified_ergotropy(mean, g2, mean_error=mean_error, g2_error=g2_error).value
    inside = [
        qem.certified_ergotropy(mean + u * mean_error, g2 + v * g2_error).value
        for u in (-1.0, -0.5, 0.0, 1.0)
        for v in (-0.7, 0.0, 1.0)
        if g2 + v * g2_error >= 1.0
    ]
    assert found <= min(inside) + 1e-9 * mean
    assert found == pytest.approx(min(inside), abs=1e-9 * mean)


@few
@given(between(0.0, 1.0), st.integers(0, 10**6))
def test_loss_adds_nothing_to_the_ergotropy_of_populations(kept, seed):
    p = random_matrix(seed).diagonal().real
    n = np.arange(p.size)
    chance = np.array([[_binomial(m, k, kept) for m in n] for k in n])
    less = chance @ p
    assert incoherent(less / less.sum()) <= incoherent(p) + 1e-12 * p.size
    mean, g2 = normalised(p)
    if mean > 0 and kept > 1e-3:
        assert_allclose(normalised(less), (kept * mean, g2), rtol=1e-9, atol=1e-12)


def _binomial(m, k, kept):
    if k > m:
        return 0.0
    with np.errstate(divide="ignore"):
        log = gammaln(m + 1) - gammaln(k + 1) - gammaln(m - k + 1)
    return np.exp(log) * kept**k * (1.0 - kept) ** (m - k)


def test_more_moments_certify_more():
    p = 0.6 * uniform(12, 16) + 0.4 * np.append(uniform(0, 3), np.zeros(13))
    moments = normalised(p, 5)
    values = [
        qem.certified_ergotropy(*moments[:2], higher=moments[2 : 2 + more]).value
        for more in range(4)
    ]
    assert (np.diff(values) >= -1e-9).all()
    assert values[0] == 0.0
    assert values[-1] > 1.0
    assert values[-1] <= incoherent(p)


def test_the_paper_device_keeps_silent_at_14_and_speaks_at_16():
    for voltage, g2, passive in ((14.0, 1.3525, 1.3249), (16.0, 1.3047, 1.3266)):
        state = qem.steady_state(qem.LangevinModel.from_device(qem.paper_device(voltage)))
        assert state.g2 == pytest.approx(g2, abs=5e-5)
        assert qem.passive_g2(state.phonon_number) == pytest.approx(passive, abs=5e-5)
        found = qem.certified_ergotropy(state.phonon_number, state.g2, frequency=0.2)
        assert (found.value > 0) == (voltage == 16.0)
        assert found.value <= qem.ergotropy(state, coherences=False)


def test_energy_counts_in_the_oscillators_quantum():
    one, tiny = (qem.certified_ergotropy(20.0, 1.1, frequency=f) for f in (1.0, 1e-30))
    assert tiny.value == pytest.approx(1e-30 * one.value, rel=1e-12)
    assert tiny.coefficients == pytest.approx(1e-30 * one.coefficients, rel=1e-12)


def test_near_the_vacuum_nothing_is_certified():
    found = qem.certified_ergotropy(0.1, 0.0, mean_error=0.1)
    assert found.value == float(found) == 0.0
    assert found.populations.tolist() == [1.0]


@pytest.mark.parametrize(
    ("mean", "g2", "higher"), [(3.0, 0.6, ()), (9.0, 1.3, [1.3]), (2.5, 0.0, ())]
)
def test_moments_that_no_state_has_are_refused(mean, g2, higher):
    with pytest.raises(qem.NoQuantumState, match=r"^g2 and higher must be .* least g2 is"):
        qem.certified_ergotropy(mean, g2, higher=higher)
    # With error bars wide enough some state has them.
    assert (
        qem.certified_ergotropy(mean, g2, higher=higher, g2_error=1.0, higher_error=3.0).value >= 0
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mean": 0.0}, "^mean must be finite and greater than 0"),
        ({"g2": -0.1}, "^g2 must not be negative, got -0.1"),
        ({"g2_error": -1.0}, "^g2_error must not be negative"),
        ({"mean_error": np.inf}, "^mean_error must be a finite number"),
        ({"higher": [1.0] * 5}, "^higher must be a list of no more than 4 moments"),
        ({"higher": [-1.0]}, "^higher must not be negative"),
        ({"higher": [1.0], "higher_error": [0.1, 0.1]}, "^higher_error must be one number or 1"),
        ({"frequency": 0.0}, "^frequency must be"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        qem.certified_ergotropy(**{"mean": 3.0, "g2": 1.0} | arguments)


def test_more_phonons_than_levels_are_refused():
    with pytest.raises(qem.ConvergenceError, match=r"^mean: .* levels would be needed"):
        qem.certified_ergotropy(1e9, 1.1)


def test_passive_g2_refuses_an_empty_oscillator():
    with pytest.raises(ValueError, match=r"^mean must be greater than 0, got 0.0"):
        qem.passive_g2([1.0, 0.0])
