"""The onset of ergotropy against the polar discretisation, expansions, and its own bracket."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from cases import paper_model, paper_state
from scipy.optimize import brentq

import qemlib as qem

DEVICE = qem.paper_device()


@lru_cache
def onset(planck=1.0):
    return qem.ergotropy_threshold(DEVICE, (8.4, 8.7), planck)


def test_the_papers_onset_to_five_digits():
    found = onset()
    assert found.level == 0
    assert found.uncertainty < 1e-6
    # bases of two sizes and half-widths of 90 and 130 agree on these digits
    assert found.voltage == pytest.approx(8.552582, abs=1e-6)
    below, above = (
        qem.steady_state(qem.LangevinModel.from_device(DEVICE.with_voltage(v))).populations(120)
        for v in (found.voltage - 1e-5, found.voltage + 1e-5)
    )
    assert (np.diff(below) < 0).all()
    assert above[1] > above[0]


def test_the_orbit_average_puts_the_onset_nearby():
    """Another method altogether, exact for weak friction: energies in place of phase space."""

    def inversion(voltage):
        model = qem.LangevinModel.from_device(DEVICE.with_voltage(voltage))
        p = qem.orbit_average(model).populations(2)
        return np.log(p[1] / p[0])

    found = onset()
    assert inversion(found.voltage - 1e-4) < 0 < inversion(found.voltage + 1e-4)


def test_the_offset_is_proportional_to_planck():
    """ρ_11 − ρ_00 ∝ c1 + 2ħ c2 for W ∝ 1 + c1 r² + c2 r⁴: linear in ħ, to leading order."""
    sign_change = brentq(lambda v: float(qem.damping(DEVICE.with_voltage(v), 0.0)), 8, 9)
    plancks = np.array([1 / 8, 1.0])
    offsets = np.array([onset(h).voltage - sign_change for h in plancks])
    assert (offsets > 0).all()
    ratio = offsets / plancks
    assert ratio == pytest.approx(np.full(2, ratio[0]), rel=0.01)


def exchanged_bands():
    """The paper's device with its bands exchanged: at rest, and a ring far out beside that."""
    left, right = DEVICE.left, DEVICE.right
    swapped = replace(left, density=right.density), replace(right, density=left.density)
    return replace(DEVICE, left=swapped[0], right=swapped[1])


def test_a_ring_of_hundreds_of_levels_is_found():
    """Its first inversion is at the 340th level, which 60 levels do not show."""
    device = exchanged_bands()
    found = qem.ergotropy_threshold(device, (12.0, 20.0))
    assert found.voltage == pytest.approx(15.2566, abs=2e-4)
    assert 300 < found.level < 400
    for offset, inverted in ((-0.1, False), (0.1, True)):
        voltage = found.voltage + offset
        state = qem.steady_state(qem.LangevinModel.from_device(device.with_voltage(voltage)), 1e-9)
        assert (np.diff(state.populations(900)) > 0).any() == inverted

    # the orbit average knows of the same levels, by energies in place of phase space
    def rise(voltage):
        model = qem.LangevinModel.from_device(device.with_voltage(voltage))
        return np.diff(np.log(qem.orbit_average(model).populations(500))).max()

    assert rise(found.voltage - 0.02) < 0 < rise(found.voltage + 0.02)


def test_work_far_above_that_threshold_is_what_the_ring_holds():
    device = exchanged_bands().with_voltage(20.0)
    state = qem.steady_state(qem.LangevinModel.from_device(device), 1e-6)
    assert state.phonon_number == pytest.approx(1177.2, abs=0.1)
    populations = state.populations(2400)
    assert qem.ergotropy(populations, 0.2 * np.arange(2400)) == pytest.approx(158, abs=1)


def test_a_wide_bracket_finds_the_same():
    assert qem.ergotropy_threshold(DEVICE, (2.0, 20.0)).voltage == pytest.approx(
        onset().voltage, abs=onset().uncertainty + 4e-6
    )


def test_hot_states_are_passive_to_the_last_level():
    """⟨n⟩ = 500: neighbours differ by 2e-3 of themselves, beside an error of W."""
    left, right = (replace(lead, temperature=100.0) for lead in DEVICE.leads)
    hot = replace(DEVICE, left=left, right=right)
    with pytest.raises(ValueError, match=r"up to -2\.00e-03 at V = 0 and -1\.99e-03 at V = 0.1"):
        qem.ergotropy_threshold(hot, (0.0, 0.1))


def test_cold_states_have_no_populations_to_be_inverted():
    left, right = (replace(lead, temperature=0.05) for lead in DEVICE.leads)
    cold = replace(DEVICE, left=left, right=right)
    with pytest.raises(ValueError, match="at V = 0 it has no quantum state, a population is -0.43"):
        qem.ergotropy_threshold(cold, (0.0, 0.5))


def test_w_is_flat_in_p_at_the_origin_where_damping_changes_sign():
    """At x = p = 0 of a mirrored device, (A24) says γ W + (D/2) ∂²W/∂p² = 0 in the steady state."""
    for voltage in (6.0, 10.0):
        model, state = paper_model(voltage), paper_state(voltage)
        h = 0.05 * model.p0
        w = state.wigner(0.0, h * np.array([-2, -1, 0, 1, 2]))
        curvature = (w @ np.array([-1, 16, -30, 16, -1])) / (12 * h**2)
        expected = -2 * float(model.damping_at(0.0)) / float(model.diffusion_at(0.0)) * w[2]
        assert curvature == pytest.approx(expected, rel=1e-6)


def test_summary_names_voltage_uncertainty_and_level():
    text = repr(onset())
    assert text.startswith("Threshold(voltage=8.552581")
    assert "level=0" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((DEVICE, (9.0, 8.0)), "bracket must be two voltages"),
        ((DEVICE, (8.0,)), "bracket must be two voltages"),
        ((DEVICE, 8.0), "bracket must be an array with 1 axis"),
        ((DEVICE, (8.0, np.nan)), "bracket must hold finite"),
        ((DEVICE, (8.0, 9.0), 0.0), "planck must .*0.0"),
        ((DEVICE, (7.0, 8.0)), "bracket must have a passive state at its lower end"),
        ((DEVICE, (9.0, 10.0)), "bracket must have a passive state at its lower end"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        qem.ergotropy_threshold(*arguments)


@lru_cache
def onset_at_oscillator():
    return qem.ergotropy_threshold(DEVICE, (8.3, 8.5), noise_at="oscillator")


def test_noise_at_the_oscillators_frequency_moves_the_onset():
    found = onset_at_oscillator()
    assert found.voltage == pytest.approx(8.38645, abs=5e-6)
    assert found.uncertainty < 1e-6


@pytest.mark.slow
def test_with_memory_along_its_orbits_it_is_nearby():
    """At small amplitudes the two ways are the same, but for 1/n of the drift."""
    found = qem.ergotropy_threshold(DEVICE, (8.3, 8.5), noise_at="orbit")
    slow = onset().voltage - onset_at_oscillator().voltage
    assert abs(found.voltage - onset_at_oscillator().voltage) < 0.05 * slow
    # Most of it is what orbits leave out at the first levels.
    assert 1e-2 < found.uncertainty < 0.1


def test_it_is_found_over_any_parameter_from_either_side():
    """At the threshold over voltage the one over temperature is that of the same device."""
    here = DEVICE.with_voltage(onset().voltage)
    found = qem.ergotropy_threshold(here, (1.9, 2.1), over="temperature")
    assert found.parameter == "temperature"
    assert found.value == pytest.approx(2.0, abs=2e-6)
    assert found.level == 0
    with pytest.raises(AttributeError, match="temperature; ask for .value"):
        found.voltage  # noqa: B018


def test_what_was_varied_is_named():
    with pytest.raises(ValueError, match=r"at temperature = 1\.5 and .* at temperature = 1\.6"):
        qem.ergotropy_threshold(DEVICE, (1.5, 1.6), over="temperature")
    with pytest.raises(ValueError, match=r"over must .*'colour' is not a parameter.*voltage"):
        qem.ergotropy_threshold(DEVICE, (1.5, 1.6), over="colour")
    with pytest.raises(ValueError, match="noise_at must be one of .*'orbit'"):
        qem.ergotropy_threshold(DEVICE, (1.5, 1.6), noise_at="white")


@pytest.mark.parametrize(
    "device", ["device", None, paper_model(6.0)], ids=lambda d: type(d).__name__
)
def test_what_is_no_device_is_a_type_error(device):
    with pytest.raises(TypeError, match="device must be a Device, got "):
        qem.ergotropy_threshold(device, (8, 9))
