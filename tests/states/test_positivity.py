"""What is no quantum state says so, by all three methods; what is one never does."""

import pickle
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from cases import model_of, paper_model, paper_state

import qemlib as qem
from qemlib.plotting.explorer import DeviceExplorer
from qemlib.states import positivity
from qemlib.states.summary import summary

FREQUENCY = 0.5


def sampled(model):
    return qem.sample(model, 20_000_000, seed=2, progress=False, check=False)


METHODS = {"steady": qem.steady_state, "orbit": qem.orbit_average, "sampled": sampled}


def at_temperature(temperature, voltage=0.0):
    device = qem.paper_device(voltage)
    left, right = (replace(lead, temperature=temperature) for lead in device.leads)
    return replace(device, left=left, right=right).with_voltage(voltage)


def linear(temperature, at=0.0, stiffer=0.0):
    """A linear oscillator at a temperature, displaced, and squeezed by a stiffer spring."""
    half = 40 * np.sqrt(max(temperature, 0.05)) / FREQUENCY
    return model_of(
        *(0.02, 0.04 * temperature, lambda x: FREQUENCY**2 * (at - stiffer * (x - at))),
        **{"frequency": FREQUENCY, "middle": at, "half_width": half, "nodes": 301},
    )


def ring(radius, noise, at=0.0):
    """A limit cycle of |α − at/x0| = radius by friction that is negative inside."""
    x0 = np.sqrt(2 / FREQUENCY)
    amplitude = radius * x0
    half = 2.2 * amplitude + 6 * x0

    def damping(x):
        return 0.02 * (4 * ((x - at) / amplitude) ** 2 - 1)

    return model_of(
        *(damping, noise, FREQUENCY**2 * at),
        **{"frequency": FREQUENCY, "middle": at, "half_width": half, "nodes": 401},
    )


@lru_cache
def quietly(method, model_of, *arguments):
    with positivity.untold():
        model = model_of(*arguments)
        return METHODS[method](model)


def device_model(*arguments):
    return qem.LangevinModel.from_device(at_temperature(*arguments))


# --- what is no state ---------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_a_cold_device_warns_and_carries_the_words(method):
    """T = ω0/4, where ⟨a†a⟩ = −0.246 for Bose's 0.019."""
    model = device_model(0.05)
    with pytest.warns(qem.ClassicalStateWarning, match=r"no.* quantum state: its uncertainty.*A24"):
        state = METHODS[method](model)
    assert state.phonon_number == pytest.approx(-0.246, abs=0.01)
    (text,) = state.violations
    assert "uncertainty product is 0.25" in text
    assert f"not a quantum state: {text}" in repr(state)


@pytest.mark.parametrize("ratio", [0.05, 0.1, 0.4, 0.49])
@pytest.mark.parametrize("method", ["steady", "orbit"])
def test_cold_devices_down_to_a_twentieth(method, ratio):
    state = quietly(method, device_model, 0.2 * ratio)
    (text,) = state.violations
    # equal parts of T: the product is T/ω0, and a little more for the softer spring
    assert float(text.split()[4].rstrip(",")) == pytest.approx(ratio, rel=0.02)


@pytest.mark.parametrize("method", ["steady", "orbit"])
def test_a_state_can_be_none_without_breaking_the_uncertainty_relation(method):
    """T = 0.495 ω0: the product is 0.5026, and yet an eigenvalue is negative."""
    state = quietly(method, device_model, 0.099)
    assert state.phonon_number > 0
    (text,) = state.violations
    assert "an eigenvalue of rho is -4.3e-06" in text
    if method == "steady":
        rho = state.density_matrix(24)
        assert np.linalg.eigvalsh(rho)[0] == pytest.approx(-4.285e-6, rel=1e-2)


@pytest.mark.parametrize(
    ("arguments", "product"),
    [
        ((0.2,), 0.4),
        ((0.2, 5.0), 0.4),
        ((0.24, 0.0, 0.5), 0.24 / 0.5 / np.sqrt(1.5)),
        ((0.15, 8.0, 1.0), 0.3 / np.sqrt(2)),
    ],
)
def test_cold_states_displaced_and_squeezed(arguments, product):
    """The product of a Gaussian is T/ω of its own frequency, whatever ⟨a†a⟩ is."""
    for method in ("orbit", "sampled"):
        (text,) = quietly(method, linear, *arguments).violations
        assert float(text.split()[4].rstrip(",")) == pytest.approx(product, rel=0.02)


@pytest.mark.parametrize(("radius", "noise"), [(1.0, 3e-4), (1.0, 0.03), (2.0, 0.01), (5.0, 0.003)])
def test_rings_that_are_too_narrow(radius, noise):
    """Their uncertainty product is large; levels next to the ring are negative."""
    exact = quietly("steady", ring, radius, noise)
    assert exact.phonon_number > 0.49
    levels = int(exact.radius**2) + 16
    lowest = np.linalg.eigvalsh(exact.density_matrix(levels))[0]
    assert lowest < -0.01
    for method in METHODS:
        (text,) = quietly(method, ring, radius, noise).violations
        kind, value = text.split(" is ")
        assert kind.startswith(
            "the population of level" if method == "sampled" else "an eigenvalue"
        )
        assert float(value.split()[0].rstrip(",")) == pytest.approx(lowest, rel=0.15)


def test_a_narrow_ring_of_many_levels_is_seen_by_its_populations():
    assert "a population is -" in quietly("orbit", ring, 13.0, 0.003).violations[0]


# --- what is one --------------------------------------------------------------------------------


@pytest.mark.parametrize("voltage", [0.0, 6.0, 10.0, 40.0])
def test_the_papers_states_pass(voltage):
    assert paper_state(voltage).violations == ()
    assert qem.orbit_average(paper_model(voltage)).violations == ()
    assert "quantum" not in repr(paper_state(voltage))


@pytest.mark.parametrize("ratio", [0.5, 0.51, 0.6, 1.0])
@pytest.mark.parametrize("method", METHODS)
def test_states_close_to_the_vacuum_pass(method, ratio):
    assert quietly(method, device_model, 0.2 * ratio).violations == ()


@pytest.mark.parametrize("seed", range(4))
def test_the_noise_of_samples_of_the_vacuum_is_no_violation(seed):
    model = linear(0.25)
    assert qem.sample(model, 4_000_000, seed, progress=False, check=False).violations == ()


@pytest.mark.parametrize(
    "arguments", [(1e4 * FREQUENCY,), (0.3, 5.0), (0.3, 0.0, 0.3), (20.0, 30.0)]
)
@pytest.mark.parametrize("method", ["orbit", "sampled"])
def test_hot_displaced_and_squeezed_states_pass(method, arguments):
    assert quietly(method, linear, *arguments).violations == ()


@pytest.mark.parametrize("method", METHODS)
def test_a_ring_as_wide_as_a_coherent_state_passes(method):
    state = quietly(method, ring, 5.0, 0.06)
    assert 1.0 < state.g2 < 1.1
    assert state.violations == ()


def test_a_loose_tolerance_is_no_violation():
    for rtol in (1e-2, 1e-3):
        assert qem.steady_state(device_model(0.11), rtol).violations == ()
        with pytest.warns(qem.ClassicalStateWarning):
            qem.steady_state(device_model(0.05), rtol)


# --- what is made of it -------------------------------------------------------------------------


def test_density_matrix_and_summary_carry_it():
    state = quietly("steady", device_model, 0.05)
    rho = qem.quantum_state(state, 1e-6)
    assert rho.violations == state.violations
    assert rho.lowest_eigenvalue < -0.4
    assert "not a quantum state: its uncertainty product" in repr(rho)
    numbers = summary(at_temperature(0.05), state)
    assert numbers.violations == state.violations
    assert np.isnan([numbers.ergotropy, numbers.free_energy_work, numbers.entropy]).all()
    assert numbers.phonon_number == state.phonon_number
    assert "not" not in repr(summary(qem.paper_device(6.0), paper_state(6.0)))


def test_a_matrix_that_is_none_carries_it_whatever_it_came_from():
    class InMemory:
        phonon_number = 0.5
        populations = staticmethod(lambda n: np.append([0.5, 0.5], np.zeros(n - 2)))
        density_matrix = staticmethod(lambda n: np.array([[0.5, 0.6], [0.6, 0.5]]))

    assert qem.quantum_state(InMemory()).violations == ("its lowest eigenvalue is -0.1",)


def test_a_stiff_oscillator_gets_all_its_levels():
    """ω0 = 100: a ring of 17 phonons too narrow to be one; its trace passes 1 many times."""
    device = replace(qem.paper_device(10.0), oscillator=qem.Oscillator(100.0, 1.0))
    with pytest.warns(qem.ClassicalStateWarning, match="an eigenvalue of rho is -0.05"):
        state = qem.steady_state(qem.LangevinModel.from_device(device))
    rho = qem.quantum_state(state)
    assert abs(rho.missing_trace) < 1e-10
    assert rho.lowest_eigenvalue == pytest.approx(-0.05, abs=2e-3)
    n = np.arange(rho.levels)
    assert n @ rho.populations() == pytest.approx(state.phonon_number, rel=1e-6)


def test_a_sweep_marks_its_points_and_warns_once():
    over = {"left.temperature": [0.05, 2.0], "right.temperature": [0.05, 2.0]}
    with (
        ThreadPoolExecutor(1) as here,
        pytest.warns(qem.ClassicalStateWarning, match="1 of 4") as told,
    ):
        found = qem.sweep(qem.paper_device(0.0), over, method="orbit", executor=here)
    assert len(told) == 1
    assert found["positive"].values.tolist() == [[0.0, 1.0], [1.0, 1.0]]
    assert np.isnan(found["ergotropy"].values).tolist() == [[True, False], [False, False]]


def test_the_explorer_says_it_in_words():
    explorer = DeviceExplorer(at_temperature(0.05))
    assert "W_E = undefined" in explorer.message
    assert "not a quantum state: its uncertainty product is 0.25" in explorer.message


def test_silence_is_for_one_call_and_one_thread():
    model = device_model(0.05)
    with positivity.untold():
        qem.orbit_average(model)
        with ThreadPoolExecutor(1) as other, pytest.warns(qem.ClassicalStateWarning):
            other.submit(qem.orbit_average, model).result()
    with pytest.warns(qem.ClassicalStateWarning) as told:
        qem.steady_state(model)  # and not also for the estimate on the way
    assert len(told) == 1
    assert told[0].filename == __file__


def test_a_warning_can_be_made_an_error_and_a_result_can_be_pickled():
    with warnings.catch_warnings():
        warnings.simplefilter("error", qem.ClassicalStateWarning)
        with pytest.raises(qem.ClassicalStateWarning):
            qem.orbit_average(device_model(0.05))
    state = quietly("steady", device_model, 0.05)
    assert pickle.loads(pickle.dumps(state)).violations == state.violations


@pytest.mark.parametrize("ratio", [0.6, 2.0, 10.0])
def test_what_is_classical_is_too_cold_by_a_twelfth_of_the_frequency_over_temperature(ratio):
    """T/ω0 for ½ coth(ω0/2T): the words of the module's first lines."""
    missing = 0.5 / np.tanh(0.5 / ratio) - ratio
    assert missing == pytest.approx(1 / (12 * ratio), rel=0.05)
    assert missing < 0.14
