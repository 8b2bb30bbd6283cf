"""What shifts and squeezes extract: closed forms, and never more than all unitaries do."""

from types import SimpleNamespace

import numpy as np
import pytest
from cases import between, few, paper_model, paper_state
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import expm

import qemlib as qem
from qemlib.states.marginals import average_over, mean_amplitude

OSCILLATOR = qem.Oscillator(frequency=0.3, mass=2.0)
LEVELS = 120


def gaussian(thermal, squeeze, shift, levels=LEVELS):
    """D(α) S(ζ) ρ_T S† D† by matrix exponentials, in many more levels than are kept."""
    lower = np.diag(np.sqrt(np.arange(1.0, levels)), 1)
    squeezer = expm(0.5 * (np.conj(squeeze) * lower @ lower - squeeze * (lower @ lower).T))
    mover = expm(shift * lower.T - np.conj(shift) * lower)
    rho = np.diag((thermal / (1.0 + thermal)) ** np.arange(levels) / (1.0 + thermal))
    unitary = mover @ squeezer
    rho = (unitary @ rho @ unitary.conj().T)[:80, :80]
    return qem.QuantumState(0.5 * (rho + rho.conj().T), OSCILLATOR)


@pytest.mark.parametrize(
    ("thermal", "squeeze", "shift"),
    [(0.0, 0.0, 1.5j), (0.6, 0.4, 0.0), (0.3, 0.3j, 0.8 - 1.1j), (1.0, -0.3 + 0.2j, -1.0)],
)
def test_of_a_gaussian_state_it_is_all_there_is(thermal, squeeze, shift):
    state = gaussian(thermal, squeeze, shift)
    # S turns ⟨a†a⟩ + 1/2 into that times cosh 2r.
    squeezed = (thermal + 0.5) * (np.cosh(2.0 * abs(squeeze)) - 1.0)
    exact = OSCILLATOR.frequency * (abs(shift) ** 2 + squeezed)
    found = qem.gaussian_ergotropy(state)
    assert found == pytest.approx(exact, rel=1e-8)
    assert found == pytest.approx(qem.ergotropy(state), rel=1e-6)


@few
@given(st.integers(0, 10**6), st.integers(1, 12))
def test_it_is_never_more_than_the_total_ergotropy(seed, rank):
    rng = np.random.default_rng([17, seed])
    parts = rng.normal(size=(12, rank)) + 1j * rng.normal(size=(12, rank))
    rho = parts @ parts.conj().T
    state = qem.QuantumState(rho / np.trace(rho).real, OSCILLATOR)
    found, total = qem.gaussian_ergotropy(state), qem.ergotropy(state)
    assert 0 <= found <= total + 1e-12
    a = np.diag(np.sqrt(np.arange(1.0, 12)), 1)
    assert mean_amplitude(state) == pytest.approx(complex(np.trace(a @ state.matrix)), abs=1e-9)


def test_a_ring_gives_next_to_nothing_by_squeezing():
    for voltage in (10.0, 16.0):
        state = paper_state(voltage)
        found = qem.gaussian_ergotropy(state)
        n = state.phonon_number + 0.5
        squeeze = n - np.sqrt(n**2 - abs(state.squeezing) ** 2)  # a mirrored device does not shift
        assert found == pytest.approx(0.2 * squeeze, rel=1e-6)
        assert 1e-6 < found < 1e-4 < 1e-2 * qem.ergotropy(state, coherences=False)


def test_states_of_all_kinds_tell_the_same():
    model = paper_model(10.0)
    exact = qem.gaussian_ergotropy(paper_state(10.0))
    matrix = qem.quantum_state(paper_state(10.0), missing_trace=1e-12)
    assert qem.gaussian_ergotropy(matrix) == pytest.approx(exact, rel=1e-4)
    assert qem.gaussian_ergotropy(qem.orbit_average(model)) == pytest.approx(exact, rel=1e-3)


def test_samples_show_a_shift_of_their_own():
    x = np.linspace(-25.0, 25.0, 101)
    zero = np.zeros_like(x)
    shifted = qem.LangevinModel(1.0, 0.5, x, zero + 0.5, zero + 0.02, zero + 0.05)
    run = qem.sample(shifted, 2_000_000, seed=4, progress=False)
    osc = run.oscillator
    shift = osc.frequency * (2.0 / osc.x0) ** 2  # x = 0.5/mω0² = 2
    assert qem.gaussian_ergotropy(run) == pytest.approx(shift, rel=0.05)


@few
@given(between(0.3, 3.0), between(-2.0, 2.0), between(0.1, 2.0))
def test_averages_over_a_gaussian(width, middle, wave):
    def density(q):
        return 3.0 * np.exp(-0.5 * ((q - middle) / width) ** 2)

    def function(q):
        return np.stack([q**2, np.cos(wave * q)])

    value, error = average_over(density, np.hypot(width, middle), function)
    damped = np.exp(-0.5 * (wave * width) ** 2) * np.cos(wave * middle)
    exact = np.array([width**2 + middle**2, damped])
    assert (np.abs(value - exact) <= error + 1e-11 * exact[0]).all()
    assert (error <= 1e-8 * exact[0]).all()


def test_what_it_cannot_be_asked_of():
    with pytest.raises(TypeError, match=r"^state must have phonon_number, squeezing"):
        qem.gaussian_ergotropy(np.eye(2))
    with pytest.raises(ValueError, match=r"^state must know its oscillator"):
        qem.gaussian_ergotropy(qem.QuantumState([1.0]))
    cold = SimpleNamespace(
        **{"phonon_number": -0.2, "squeezing": 0j, "oscillator": OSCILLATOR},
        **dict.fromkeys(
            ("position_density", "momentum_density"), lambda q: np.exp(-(q**2) / OSCILLATOR.x0**2)
        ),
    )
    with pytest.raises(qem.NoQuantumState, match=r"^state must be a quantum state, .* 0.09"):
        qem.gaussian_ergotropy(cold)
    endless = SimpleNamespace(**vars(cold) | {"position_density": lambda q: 1.0 / (1.0 + q**2)})
    with pytest.raises(qem.ConvergenceError, match=r"^state: its density at"):
        qem.gaussian_ergotropy(endless)
