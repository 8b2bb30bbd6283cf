"""Limits in which the full answer is known."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

import qemlib as qem

DEVICE = replace(
    qem.paper_device(3.0), oscillator=qem.Oscillator(frequency=0.8, mass=1.0), coupling=0.02
)


def golden_rule(device):
    """Friction and phonon number to first order in λ²."""
    omega0 = device.oscillator.frequency
    given, taken = qem.noise_spectrum(device, 0.0, [omega0, -omega0])
    friction = (given - taken) / (2.0 * device.oscillator.mass * omega0)
    return friction, taken / (given - taken)


def test_weak_coupling_is_the_golden_rule():
    off = []
    for coupling in (0.04, 0.08):
        device = replace(DEVICE, coupling=coupling)
        _, phonons = golden_rule(device)
        state = qem.full_quantum(device, 1e-3, progress=False)
        off.append(state.phonon_number / phonons - 1.0)
    assert abs(off[0]) < 2e-2
    # What is left is of the next order in λ².
    assert off[1] / off[0] == pytest.approx(4.0, rel=0.1)


@lru_cache
def decay(accuracy=0.1):
    return qem.coherence_decay(DEVICE, accuracy, progress=False)


def test_weak_coupling_is_the_golden_rule_of_friction_too():
    friction, _ = golden_rule(DEVICE)
    found = decay()
    assert abs(found.rate - friction) < found.error["rate"] < 0.25 * friction
    assert repr(found).isascii()


def test_electrons_that_drive_have_a_negative_friction_where_damping_holds_the_motion():
    held = replace(DEVICE, oscillator=qem.Oscillator(1.0))
    full, empty = (
        replace(lead, chemical_potential=mu)
        for lead, mu in zip(held.leads, (np.inf, -np.inf), strict=True)
    )
    for device in (held, replace(held, left=full, right=empty)):
        friction, _ = golden_rule(device)
        found = qem.coherence_decay(device, damping=2e-3, progress=False)
        assert found.friction == found.rate - 2e-3
        assert found.friction == pytest.approx(friction, rel=5e-3)
    assert friction < 0.0


@pytest.mark.slow
def test_it_is_so_to_half_a_percent():
    friction, _ = golden_rule(DEVICE)
    assert decay(1e-2).rate == pytest.approx(friction, rel=5e-3)
    assert decay(1e-2).error["rate"] < 0.05 * friction


def test_the_charge_softens_the_spring():
    # As an oscillator at rest would feel it, up to what the charge lags behind.
    found = decay()
    slope = np.diff(DEVICE.force * qem.excess_charge(DEVICE, [-1e-3, 1e-3]))[0] / 2e-3
    still = -slope / (2.0 * DEVICE.oscillator.mass * DEVICE.oscillator.frequency)
    assert found.frequency_shift == pytest.approx(still, rel=0.5)


def test_in_equilibrium_it_is_what_bose_and_einstein_say():
    device = replace(qem.paper_device(0.0), oscillator=qem.Oscillator(1.0, 1.0), coupling=0.05)
    state = qem.full_quantum(device, 1e-3, progress=False)
    planck = 1.0 / np.expm1(1.0 / 2.0)
    assert state.phonon_number == pytest.approx(planck, rel=5e-3)
    p = state.populations(8)
    assert p[1:] / p[:-1] == pytest.approx(np.exp(-0.5), rel=2e-3)
    assert state.current == pytest.approx(0.0, abs=1e-8)


@pytest.mark.parametrize("mean", [0.0, 0.4])
def test_at_infinite_bias_nothing_knows_the_temperature(mean):
    full, empty = (
        qem.Lead(qem.Lorentzian(center + mean, 1.0, 2.0), mu, 2.0)
        for center, mu in ((0.5, np.inf), (-0.5, -np.inf))
    )
    device = qem.Device(qem.Oscillator(0.12), full, empty, coupling=0.24, level=mean)
    far = replace(
        device,
        left=replace(full, chemical_potential=400.0),
        right=replace(empty, chemical_potential=-400.0),
    )
    x = np.array([-20.0, 0.0, 3.0])
    here, there = (qem.electron_coefficients(each, x) for each in (device, far))
    for name in ("occupation", "damping", "diffusion"):
        assert getattr(here, name) == pytest.approx(getattr(there, name), rel=1e-8)
    assert qem.current(device, 0.0) == pytest.approx(qem.current(far, 0.0), rel=1e-8)
    assert qem.noise_spectrum(device, 0.0, 0.3) == pytest.approx(
        qem.noise_spectrum(far, 0.0, 0.3), rel=1e-8
    )


@pytest.mark.slow
def test_the_ring_of_the_paper_device_at_infinite_bias():
    left, right = (
        replace(lead, chemical_potential=mu)
        for lead, mu in zip(qem.paper_device().leads, (np.inf, -np.inf), strict=True)
    )
    device = replace(qem.paper_device(), left=left, right=right)
    state = qem.full_quantum(device, progress=False)
    assert state.resolution.pade_terms == 0
    assert state.changes["terms"] == state.changes["depth"] == 0.0
    # Orbits with all memory have 298.7 phonons, the Langevin equation 162.
    assert state.phonon_number == pytest.approx(298.7, rel=5e-3)
    assert state.populations(state.levels).argmax() == 216
    slow = qem.steady_state(qem.LangevinModel.from_device(device))
    assert slow.phonon_number == pytest.approx(162.4, abs=0.1)


def test_one_full_lead_and_one_with_an_edge():
    right = replace(DEVICE.right, chemical_potential=3.0)
    device = replace(DEVICE, left=replace(DEVICE.left, chemical_potential=np.inf), right=right)
    far = replace(device, left=replace(DEVICE.left, chemical_potential=300.0))
    assert qem.occupation(device, 0.0) == pytest.approx(float(qem.occupation(far, 0.0)), rel=1e-8)
    state = qem.full_quantum(replace(device, coupling=0.1), progress=False)
    assert state.reference_charge == pytest.approx(float(qem.occupation(device, 0.0)), abs=1e-4)
    assert state.resolution.terms > 1


@pytest.mark.slow
def test_the_paper_device_where_it_is_known():
    state = qem.full_quantum(qem.paper_device(6.0), 1e-3, progress=False)
    assert state.phonon_number == pytest.approx(21.1, abs=0.05)
    state = qem.full_quantum(qem.paper_device(10.0), progress=False)
    assert state.phonon_number == pytest.approx(48.6, abs=0.4)
    assert state.populations(state.levels).argmax() == 21
