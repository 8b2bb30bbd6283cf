"""Grids for any coefficients: as wide as the state, as fine as they are known, and what is kept."""

import gc
import pickle
import weakref
from dataclasses import replace

import numpy as np
import pytest
from cases import both_noises, paper_model, toy

import qemlib as qem
from qemlib.motion import grid, orbit, sources

OSCILLATOR = qem.Oscillator(0.2)


def thermal(friction=1e-3, temperature=2.0):
    """Constant friction and noise: ⟨a†a⟩ = T/ω0 − 1/2."""
    return lambda _: (0.0, friction, 2.0 * friction * temperature)


def ring(x):
    """Friction that is negative within |x| < 2 and positive beyond."""
    return 0.02 * np.tanh(x), 2e-3 * (1.0 - 2.0 * np.exp(-((x / 4.0) ** 2))), 4e-3 + 0 * x


def own(device):
    """A device's coefficients as a user would write them."""

    def function(x):
        at = qem.electron_coefficients(device, x)
        return device.force * at.excess_charge, at.damping, at.diffusion

    return function


def test_numbers_count_everywhere():
    model = qem.LangevinModel.from_coefficients(thermal(), OSCILLATOR)
    assert qem.steady_state(model).phonon_number == pytest.approx(9.5, rel=1e-9)
    assert qem.orbit_average(model).edge_weight < 1e-16


@pytest.mark.parametrize("voltage", [0.0, 12.0])
def test_coefficients_of_ones_own_give_the_state_of_their_device(voltage):
    device = replace(qem.paper_device(voltage), level=0.3)
    model = qem.LangevinModel.from_coefficients(own(device), device.oscillator)
    expected = qem.steady_state(qem.LangevinModel.from_device(device))
    found = qem.steady_state(model)
    assert found.phonon_number == pytest.approx(expected.phonon_number, rel=1e-8)
    assert found.g2 == pytest.approx(expected.g2, rel=1e-8)
    assert "orbit-averaged weight" in model.note


def test_a_grid_is_as_wide_as_the_state():
    narrow, wide = (
        qem.LangevinModel.from_coefficients(thermal(temperature=t), OSCILLATOR) for t in (0.5, 50.0)
    )
    assert wide.x[-1] / narrow.x[-1] == pytest.approx(10.0, rel=0.2)
    given = qem.LangevinModel.from_coefficients(ring, OSCILLATOR, half_width=70.0)
    assert given.x[-1] == 70.0
    assert "given by the caller" in given.note
    a, b = (
        qem.orbit_average(m) for m in (given, qem.LangevinModel.from_coefficients(ring, OSCILLATOR))
    )
    assert a.phonon_number == pytest.approx(b.phonon_number, rel=1e-7)


def test_a_force_pushes_the_grid_out_until_the_spring_holds():
    """The state rests at x = F/mω0² = 100, far from where the search begins."""
    model = qem.LangevinModel.from_coefficients(lambda _: (4.0, 1e-3, 4e-3), OSCILLATOR)
    assert model.x[-1] > 100.0
    assert qem.orbit_average(model).center == pytest.approx(100.0, rel=1e-9)


def test_what_is_off_by_its_error_is_not_refined():
    def noisy(x):
        off = 1e-6 * np.cos(1e4 * x)
        return 0 * x, 1e-3 * (1.0 + 0.2 * np.tanh(x) + off), 4e-3 + 0 * x

    def known(x):
        zero = 0 * x
        return *noisy(x), zero, 1e-9 + zero, zero

    model = qem.LangevinModel.from_coefficients(known, OSCILLATOR, half_width=70.0)
    assert model.x.size < 2000
    with pytest.raises(ValueError, match="function: .* points do not resolve its coefficients"):
        qem.LangevinModel.from_coefficients(noisy, OSCILLATOR, half_width=70.0)


def test_what_is_sharp_is_found_where_it_is_said_to_be():
    def bump(x):
        return 0 * x, 1e-3 * (1.0 + np.exp(-(((x - 2.9) / 0.02) ** 2))), 4e-3 + 0 * x

    blind = qem.LangevinModel.from_coefficients(bump, OSCILLATOR, half_width=70.0)
    seen = qem.LangevinModel.from_coefficients(bump, OSCILLATOR, 70.0, sharp=[(2.9, 0.02)])
    assert blind.damping_at(2.9) == pytest.approx(1e-3, rel=1e-3)
    at = np.linspace(3.2, 3.4, 41)
    assert seen.damping_at(at) == pytest.approx(bump(at)[1], rel=1e-7)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: (x, x), "function must return force, damping and diffusion.*got"),
        (lambda x: x, "function must return force, damping and diffusion.*got"),
        (lambda x: (x, x[:5], x), r"function: its damping must have the shape of x, \(129,\), got"),
        (lambda x: (x, x, np.nan * x), "function: its diffusion must hold finite numbers only"),
        (lambda x: (0 * x, 1.0, -1.0), "diffusion must not be negative"),
        (lambda x: (0 * x, -1e-3, 1e-3), "function has no bound steady state"),
        (lambda x: (0 * x, 1e-3, 0.0), "diffusion must be positive where it moves"),
    ],
)
def test_functions_that_give_no_model_are_refused(function, message):
    with pytest.raises(ValueError, match=message):
        qem.LangevinModel.from_coefficients(function, OSCILLATOR)


def test_what_is_no_function_or_oscillator_is_refused():
    with pytest.raises(TypeError, match="function must be callable, got 3"):
        qem.LangevinModel.from_coefficients(3, OSCILLATOR)
    with pytest.raises(TypeError, match="oscillator must be an Oscillator, got"):
        qem.LangevinModel.from_coefficients(ring, qem.paper_device())
    with pytest.raises(ValueError, match="half_width must be finite and greater than 0"):
        qem.LangevinModel.from_coefficients(ring, OSCILLATOR, half_width=-1.0)
    with pytest.raises(ValueError, match="sharp: a width must be finite and greater than 0"):
        qem.LangevinModel.from_coefficients(ring, OSCILLATOR, sharp=[(0.0, 0.0)])


def test_each_position_is_asked_for_once():
    asked = []

    def function(x):
        asked.extend(x)
        return ring(x)

    model = qem.LangevinModel.from_coefficients(function, OSCILLATOR)
    assert len(set(asked)) == len(asked)
    assert set(model.x) <= set(asked)


def test_the_narrowest_grid_is_the_first_that_holds_the_changed_model():
    device = qem.paper_device(0.0)
    of = sources.of_device(device)
    widths = [x0 * device.oscillator.x0 for x0 in (8.0, 16.0, 24.0, 32.0)]

    def build(x, coefficients, note):
        return qem.LangevinModel(1.0, 0.2, x, note=note, **coefficients)

    def hotter(model):
        return replace(model, diffusion=4.0 * model.diffusion)

    found = [grid.narrowest(of, build, change, widths, 1e-10) for change in (lambda m: m, hotter)]
    assert found[0] == widths[1]
    assert found[1] == widths[3]
    assert grid.narrowest(of, build, hotter, widths[:1], 1e-10) is None


# --- what is kept -------------------------------------------------------------------------------


def test_orbits_of_a_model_are_averaged_once(monkeypatch):
    calls = []
    solve = orbit._solve
    monkeypatch.setattr(orbit, "_solve", lambda model: calls.append(model) or solve(model))
    model = replace(toy())
    first = qem.orbit_average(model)
    qem.steady_state(model)
    again = qem.orbit_average(model)
    assert len(calls) == 1
    assert again.moments == first.moments
    assert again.model is model
    qem.orbit_average(replace(model, damping=2.0 * model.damping))
    assert len(calls) == 2


def test_what_is_kept_is_neither_pickled_nor_keeps_a_model_alive():
    model = replace(toy())
    before = len(pickle.dumps(model))
    qem.orbit_average(model)
    assert len(pickle.dumps(model)) == before
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


@both_noises
@pytest.mark.parametrize("voltage", [0.0, 10.0, 30.0])
def test_a_quick_look_at_the_edge_tells_what_all_orbits_tell(voltage, noise_at):
    model = paper_model(voltage, noise_at)
    few, all_of_them = orbit.edge_weight(model), qem.orbit_average(model).edge_weight
    assert np.log(few) == pytest.approx(np.log(all_of_them), rel=1e-4)
