"""The Langevin equation with the electrons' noise at the oscillator's own frequency."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from cases import UNLIKE, between, devices, equilibrium_devices, few, paper_model
from hypothesis import given
from scipy.optimize import brentq

import qemlib as qem
from qemlib.electrons.coefficients import coefficients_as_given


def model_of(device, **options):
    return qem.LangevinModel.from_device(device, noise_at="oscillator", **options)


@lru_cache
def paper(voltage):
    return model_of(qem.paper_device(voltage))


@few
@given(device=devices, x=between(-10, 10))
def test_coefficients_are_those_of_the_spectrum(device, x):
    found = coefficients_as_given(device, np.array([x]), device.oscillator.frequency)
    m, omega = device.oscillator.mass, device.oscillator.frequency
    taken, given_back = qem.noise_spectrum(device, x, [omega, -omega])
    assert found.damping[0] == pytest.approx((taken - given_back) / (2 * m * omega), rel=1e-9)
    assert found.diffusion[0] == pytest.approx((taken + given_back) / 2, rel=1e-12)
    along = qem.orbit_coefficients(device, [0.0], x)
    off = abs(found.damping[0] - along.friction[0])
    assert off <= found.error["damping"][0] + along.error["friction"][0]


@few
@given(device=equilibrium_devices(), x=between(-10, 10))
def test_fluctuations_and_dissipation_are_those_of_quanta(device, x):
    found = coefficients_as_given(device, np.array([x]), device.oscillator.frequency)
    m, omega = device.oscillator.mass, device.oscillator.frequency
    coth = 1.0 / np.tanh(omega / (2.0 * device.left.temperature))
    assert found.diffusion[0] == pytest.approx(m * found.damping[0] * omega * coth, rel=1e-8)


def test_the_models_fluctuations_are_those_of_quanta_everywhere():
    model = paper(0.0)
    coth = 1.0 / np.tanh(0.2 / 4.0)
    assert model.diffusion == pytest.approx(model.damping * 0.2 * coth, rel=1e-9)
    assert model.force == pytest.approx(
        qem.paper_device().force * qem.excess_charge(qem.paper_device(), model.x), abs=1e-14
    )
    assert "noise at the oscillator's frequency" in model.note
    assert "oscillator" not in paper_model(0.0).note


def test_friction_at_rest_changes_sign_where_the_orbit_has_it():
    def at_rest(voltage):
        x = np.zeros(1)
        return float(coefficients_as_given(qem.paper_device(voltage), x, 0.2).damping[0])

    assert brentq(at_rest, 8.2, 8.4, xtol=1e-8) == pytest.approx(8.301449, abs=1e-6)


def test_a_slow_oscillator_does_not_tell_the_two_apart():
    errors = []
    for frequency in (0.1, 0.05, 0.025):
        found = coefficients_as_given(UNLIKE, np.array([1.0]), frequency)
        still = coefficients_as_given(UNLIKE, np.array([1.0]))
        errors.append(np.abs(found.damping - still.damping)[0])
    order = np.log2(np.array(errors[:-1]) / errors[1:])
    assert order == pytest.approx(2.0, abs=0.05)


def test_equilibrium_is_that_of_bose_and_einstein():
    # The spring is softer by the mean charge: the classical state holds T/ω0 − 1/2 + 0.058.
    state, classical = qem.steady_state(paper(0.0)), qem.steady_state(paper_model(0.0))
    bose, equal = 1.0 / np.expm1(0.1), 10.0 - 0.5
    gained = state.phonon_number - classical.phonon_number
    assert gained == pytest.approx(bose - equal, rel=0.02)


def test_a_cold_oscillator_is_a_quantum_state():
    left, right = (replace(lead, temperature=0.08) for lead in qem.paper_device().leads)
    device = replace(qem.paper_device(), left=left, right=right, coupling=0.03)
    with pytest.warns(qem.ClassicalStateWarning):
        qem.orbit_average(qem.LangevinModel.from_device(device))
    state = qem.steady_state(model_of(device))
    assert state.phonon_number == pytest.approx(1.0 / np.expm1(0.2 / 0.08), rel=0.05)
    assert state.violations == ()


@pytest.mark.parametrize("voltage", [6.0, 10.0])
def test_both_solvers_agree(voltage):
    model = paper(voltage)
    assert model.mirrored
    state, estimate = qem.steady_state(model), qem.orbit_average(model)
    assert state.phonon_number == pytest.approx(estimate.phonon_number, rel=1e-5)
    averaged = qem.averaged_state(qem.AveragedModel.from_langevin(model))
    assert averaged.phonon_number == pytest.approx(estimate.phonon_number, rel=1e-6)


def test_half_of_what_memory_adds_at_ten_volts():
    zero, own = qem.orbit_average(paper_model(10.0)), qem.orbit_average(paper(10.0))
    whole = qem.averaged_state(qem.AveragedModel.from_device(qem.paper_device(10.0)))
    part = (own.phonon_number - zero.phonon_number) / (whole.phonon_number - zero.phonon_number)
    assert 0.3 < part < 0.8


def test_samples_follow():
    model = paper(10.0)
    run = qem.sample(model, steps=2**22, seed=1, check=False)
    exact = qem.orbit_average(model).phonon_number
    assert abs(run.phonon_number - exact) < 6.0 * run.standard_error("phonon_number")


def test_unequal_temperatures_and_a_given_width():
    model = model_of(UNLIKE, half_width=20.0)
    assert (model.x[0], model.x[-1]) == (-20.0, 20.0)
    taken, given_back = qem.noise_spectrum(UNLIKE, 3.0, [0.3, -0.3])
    assert model.diffusion_at(3.0) == pytest.approx((taken + given_back) / 2, rel=1e-8)


def test_other_frequencies_are_refused():
    with pytest.raises(ValueError, match="noise_at must be one of .*, got 0.2"):
        qem.LangevinModel.from_device(UNLIKE, noise_at=0.2)
