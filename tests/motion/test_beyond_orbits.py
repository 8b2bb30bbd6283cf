"""What averages over orbits leave out: its size, where it goes to nothing, and the full answer."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from cases import paper_model

import qemlib as qem
from qemlib.motion._weight import solve


@lru_cache
def model_at(voltage, slowness=1.0):
    device = qem.paper_device(voltage)
    oscillator = replace(device.oscillator, frequency=slowness * device.oscillator.frequency)
    device = replace(device, oscillator=oscillator, coupling=slowness * device.coupling)
    return qem.AveragedModel.from_device(device, rtol=1e-5)


def fast(frequency, coupling, voltage, temperature=2.0):
    """An oscillator of few quanta, as fast as the electrons."""
    device = qem.paper_device(voltage)
    leads = [replace(lead, temperature=temperature) for lead in device.leads]
    return qem.Device(qem.Oscillator(frequency), *leads, coupling=coupling)


def left_out(state):
    return {name: state.error[name] - own for name, own in state.numerical_error.items()}


@pytest.mark.parametrize("voltage", [0.0, 10.0])
def test_it_is_what_so_much_more_friction_changes(voltage):
    model = model_at(voltage)
    part = 1e-2 * model.open_friction
    here = solve(model).numbers
    more, less = (
        solve(replace(model, friction=model.friction + sign * part)).numbers for sign in (1, -1)
    )
    state = qem.averaged_state(model)
    # All friction works in one direction on ⟨a†a⟩; on g2 some orbits work against others.
    changes = 50.0 * np.abs(more - less) / here
    assert left_out(state)["phonon_number"] == pytest.approx(changes[0], rel=2e-2)
    assert left_out(state)["g2"] > 0.98 * changes[1]


def test_no_memory_leaves_nothing_out():
    model = qem.AveragedModel.from_langevin(paper_model(10.0))
    state = qem.averaged_state(model)
    assert not model.memory.any()
    assert not model.open_friction.any()
    assert state.error == state.numerical_error


def test_the_angle_is_that_of_the_motion_in_the_memory_time():
    device = qem.paper_device(10.0)
    small = model_at(10.0).memory[0]
    assert 0.5 < small / qem.adiabaticity(device).memory_phase < 1.0
    # And grows with the size of the orbit, which sweeps the level.
    assert (np.diff(model_at(10.0).memory) >= 0.0).all()
    assert model_at(10.0, 0.5).memory[0] == pytest.approx(0.5 * small, rel=0.05)


def test_slower_motions_leave_less_out():
    # ω0 and λ in proportion to η: n goes as 1/η² on a ring, and ϑ as η.
    here, slow = (left_out(qem.averaged_state(model_at(16.0, s))) for s in (1.0, 0.5))
    assert slow["phonon_number"] < 0.3 * here["phonon_number"]


def test_friction_of_another_kind_is_left_open_as_the_noise_is():
    model = model_at(10.0)
    cooled = model.with_damping(1e-3)
    assert (cooled.memory == model.memory).all()
    assert (cooled.open_friction >= model.open_friction - 1e-12).mean() > 0.5
    assert left_out(qem.averaged_state(cooled))["phonon_number"] > 0.0


@pytest.mark.parametrize(
    ("device", "accuracy"),
    [
        (fast(1.0, 0.1, 0.0), 1e-3),
        (fast(1.0, 0.3, 0.0), 1e-2),
        (fast(0.5, 0.2, 0.0), 1e-3),
        (fast(0.8, 0.25, 2.0, temperature=1.0), 1e-2),
    ],
)
def test_the_full_answer_lies_within_the_error(device, accuracy):
    state = qem.averaged_state(qem.AveragedModel.from_device(device, rtol=1e-4))
    full = qem.full_quantum(device, accuracy, progress=False)
    for name in ("phonon_number", "g2"):
        off = abs(getattr(state, name) / getattr(full, name) - 1.0)
        assert off < state.error[name] + full.error[name]
    levels = full.populations(30) - state.populations(30)
    assert np.abs(levels).max() < state.error["populations"] + full.error["populations"]
    assert np.abs(levels).sum() < state.error["trace"] + full.error["trace"]
    # Of so few quanta the computation's own error is no longer the error.
    off = abs(state.phonon_number / full.phonon_number - 1.0)
    assert off > state.numerical_error["phonon_number"]
    assert state.error["phonon_number"] < 20.0 * off


def test_a_users_own_memory_counts():
    amplitudes = np.linspace(0.0, 40.0, 41)
    ring, one = (amplitudes / 15.0) ** 2, np.ones(41)
    coefficients = 1e-3 * ring, 0.0 * one, 5e-3 * one, 5e-3 * one
    plain, remembering = (
        qem.averaged_state(qem.AveragedModel(1.0, 0.5, amplitudes, *coefficients, memory=angle))
        for angle in (None, 0.1 * one)
    )
    assert remembering.phonon_number == plain.phonon_number
    assert remembering.error["phonon_number"] > 3.0 * plain.error["phonon_number"]
    with pytest.raises(ValueError, match="memory must have the shape of amplitudes"):
        qem.AveragedModel(1.0, 0.5, amplitudes, *coefficients, memory=[0.1])
    with pytest.raises(ValueError, match="memory must be not negative, got a value of -0.1"):
        qem.AveragedModel(1.0, 0.5, amplitudes, *coefficients, memory=-0.1 * one)
