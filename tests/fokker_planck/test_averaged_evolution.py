"""The averaged model in time, against the whole of (A24), and what it refuses."""

from dataclasses import replace

import numpy as np
import pytest
from cases import model_of, paper_model
from scipy.integrate import solve_ivp

import qemlib as qem
from qemlib._special.exponential import resolvents


def averaged(model):
    return qem.AveragedModel.from_langevin(model)


def test_a_linear_oscillator_in_closed_form():
    """⟨a†a⟩ relaxes at γ; the populations stay those of a thermal state."""
    model, times = averaged(model_of(1e-3, 2.5e-3)), np.array([0.0, 100.0, 1e3, 1e6])
    rho = np.diag(0.5 ** np.arange(1.0, 40.0))
    path = qem.evolve(rho, model, times, rtol=1e-7)
    expected = 2.0 - np.exp(-1e-3 * times)
    assert path.phonon_number == pytest.approx(expected, rel=3e-6)
    for state, n in zip(path, expected, strict=True):
        levels = np.arange(6)
        assert state.populations(6) == pytest.approx(n**levels / (n + 1) ** (levels + 1), abs=1e-6)


def test_charging_as_the_whole_equation_has_it():
    """From the ground state and from a state that is not classical; both errors are small."""
    model = paper_model(10.0)
    for rho, times in (([[1.0]], [1e3, 1.8e4]), (np.diag([0.0, 1.0]), [1e3])):
        path, whole = (qem.evolve(rho, each, times) for each in (averaged(model), model))
        assert path.phonon_number == pytest.approx(whole.phonon_number, rel=2e-5)
        assert path.g2 == pytest.approx(whole.g2, rel=2e-5)
    assert path[0].populations(4) == pytest.approx(whole[0].populations(4), abs=1e-5)


def test_in_the_end_there_is_the_averaged_state():
    model = averaged(paper_model(10.0))
    state, steady = qem.evolve([[1.0]], model, [1e7])[0], qem.averaged_state(model)
    assert state.phonon_number == pytest.approx(steady.phonon_number, rel=1e-6)
    x = np.array([0.0, 5.0, 20.0, -12.0])
    assert state.wigner(x, 1.0) == pytest.approx(steady.wigner(x, 1.0), rel=1e-4)


def test_the_exponential_as_a_sum_of_resolvents():
    pole, part = resolvents()
    s = -np.append(0.0, np.geomspace(1e-6, 1e8, 300))
    found, whole = ((part / pole**k / (pole - s[:, None])).sum(axis=1).real for k in (0, 1))
    assert found == pytest.approx(np.exp(s), abs=2e-14)
    assert whole[1:] == pytest.approx(np.expm1(s[1:]) / s[1:], abs=1e-12)


def test_energy_closes_and_so_does_the_trace():
    path = qem.evolve([[1.0]], averaged(paper_model(10.0)), [0.0, 1e3, 2e4, 1e6])
    for state in path:
        told = state.energy_balance
        missing = told["change"] - told["friction"] - told["noise"]
        assert abs(missing) < 1e-8 * told["noise"]
        assert abs(state.trace - 1.0) < 1e-12
    steady = path[-1].energy_balance
    assert abs(steady["change"]) < 1e-9 * steady["noise"]


def test_a_charged_state_is_discharged():
    """Far beyond what the model without voltage holds in the end: it loses as (A24) has it."""
    on, off = paper_model(10.0), qem.LangevinModel.from_device(qem.paper_device(0.0), 90.0)
    plan = [(0.0, averaged(on)), (6e3, averaged(off))]
    path = qem.evolve([[1.0]], plan, [3e3, 6e3, 7e3, 2e4])
    whole = qem.evolve([[1.0]], [(0.0, on), (6e3, off)], [7e3, 2e4])
    assert path.phonon_number[2:] == pytest.approx(whole.phonon_number, rel=1e-4)
    assert path.g2[2:] == pytest.approx(whole.g2, rel=1e-4)
    assert path[0].model is plan[0][1]
    assert path[1].model is plan[1][1]
    parted = qem.evolve(qem.evolve([[1.0]], plan[0][1], [6e3])[0], plan[1][1], [1e3])
    assert parted.phonon_number[0] == pytest.approx(path.phonon_number[2], rel=1e-6)
    with pytest.raises(TypeError, match="model must hold models of one kind"):
        qem.evolve([[1.0]], [(0.0, on), (1.0, plan[1][1])], [2.0])


@pytest.mark.parametrize("reach", [60.0, 240.0])
def test_a_state_far_wider_than_the_last_one(reach):
    """It cools in closed form, from amplitudes where the steady state is nothing, or not known."""
    hot = (12.0 / 13.0) ** np.arange(320.0) / 13.0
    amplitude, one = np.linspace(0.0, reach, 41), np.ones(41)
    model = qem.AveragedModel(
        1.0, 0.5, amplitude, 1e-3 * one, 0.0 * one, 1e-3 * one, one
    )  # 2mω0² d_A = γ̄T, with T = ω0
    times = np.array([0.0, 300.0, 2e3])
    path = qem.evolve(np.diag(hot), model, times, rtol=1e-5)
    expected = 0.5 + 11.5 * np.exp(-1e-3 * times)
    assert path.phonon_number == pytest.approx(expected, rel=1e-5)
    narrow = replace(model, amplitudes=20.0 / reach * amplitude)
    with pytest.raises(qem.LeftGridError, match="amplitudes, up to 20, are too small"):
        qem.evolve(np.diag(hot), narrow, times)


def test_a_ramp_of_friction_and_temperature_in_closed_form():
    """d(⟨a†a⟩ + ½)/dt = −γ̄(t)(⟨a†a⟩ + ½ − T(t)/ω0), and the state stays thermal."""
    amplitude, one, times = np.linspace(0.0, 60.0, 41), np.ones(41), np.array([0.0, 500.0, 4e3])

    def friction(t):
        return 1e-3 * (1.0 + 0.5 * np.sin(t / 700.0))

    def occupation(t):
        return 2.5 * (1.0 + t / 3000.0)

    def model(t):
        noise = friction(t) * occupation(t)
        return qem.AveragedModel(
            1.0, 0.5, amplitude, friction(t) * one, 0.0 * one, noise * one, one
        )

    def change(t, held):
        return -friction(t) * (held - occupation(t))

    held = solve_ivp(change, times[[0, -1]], [0.5], t_eval=times, rtol=1e-10, atol=1e-12).y[0]
    path = qem.evolve([[1.0]], model, times, rtol=1e-3)
    for state, time, expected in zip(path, times, held, strict=True):
        wrong = abs(state.phonon_number - (expected - 0.5))
        assert wrong < state.error["phonon_number"] * max(state.phonon_number, 0.5)
        assert wrong < 1e-4 * expected
        assert state.g2 == pytest.approx(2.0, abs=2e-3) or time == 0.0
        assert state.model.friction[0] == friction(time)
        told = state.energy_balance
        assert told["change"] == pytest.approx(change(time, expected)[()] * 0.5, rel=1e-3)
    assert abs(path[-1].trace - 1.0) < 1e-12


def test_a_ramp_that_stays_is_no_ramp():
    model = averaged(paper_model(10.0))
    path = qem.evolve([[1.0]], lambda t: model, [3e3, 1.8e4], rtol=1e-4)
    plain = qem.evolve([[1.0]], model, [3e3, 1.8e4], rtol=1e-4)
    assert path.phonon_number == pytest.approx(plain.phonon_number, rel=1e-4)
    with pytest.raises(TypeError, match="of one kind"):
        qem.evolve([[1.0]], lambda t: model if t < 100.0 else paper_model(10.0), [3e3])


def test_the_parts_of_a_line():
    """Without pulling, the phase alone diffuses; a stiffer spring adds what its width tells."""
    parts = qem.averaged_state(averaged(paper_model(10.0))).line_parts()
    assert parts["width"] == pytest.approx(2.354e-4, rel=2e-3)
    assert parts["phase"] == pytest.approx(9.1e-5, rel=5e-3)
    assert parts["pulling"] == pytest.approx(parts["width"] - parts["phase"])
    linear = qem.averaged_state(averaged(model_of(1e-3, 2.5e-3))).line_parts()
    assert linear["width"] == pytest.approx(1e-3, rel=1e-3)
    assert abs(linear["pulling"]) < 1e-6 * linear["width"]


def test_a_state_with_a_direction_is_refused():
    model = averaged(model_of(1e-3, 2.5e-3))

    def coherent(x, p):
        return np.exp(-2 * ((x / model.x0 - 1.0) ** 2 + (p / model.p0) ** 2)) / np.pi

    with pytest.raises(qem.UnresolvedError, match="state must not depend on the direction"):
        qem.evolve(coherent, model, [1.0])
    with pytest.raises(ValueError, match="state must be of the model's oscillator"):
        qem.evolve(qem.QuantumState([[1.0]], qem.Oscillator(0.2)), model, [1.0])
