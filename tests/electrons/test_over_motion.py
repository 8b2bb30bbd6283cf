"""Averages of what electrons do over a motion, and what standing still leaves out."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from cases import UNLIKE, paper_state
from scipy.integrate import quad

import qemlib as qem

DEVICE = qem.paper_device(10.0)


class Coherent:
    """A coherent state of a user's own, far enough out to be a motion of one amplitude."""

    def __init__(self, device, mean, spread=0.5):
        self.device, self.oscillator, self._mean, self._spread = (
            device,
            device.oscillator,
            mean,
            spread,
        )
        self.phonon_number, self.squeezing = abs(mean) ** 2 + spread - 0.5, mean**2 + 0j

    def _density(self, at, unit, mean):
        return np.exp(-((at / unit - mean) ** 2) / self._spread) / (
            unit * np.sqrt(np.pi * self._spread)
        )

    def position_density(self, x):
        return self._density(x, self.oscillator.x0, self._mean.real)

    def momentum_density(self, p):
        return self._density(p, self.oscillator.p0, self._mean.imag)

    def wigner(self, x, p):
        return self.position_density(x) * self.momentum_density(p)

    def radial_profile(self, r):
        return np.exp(-(r**2) / self._spread) / (np.pi * self._spread)


@pytest.mark.parametrize("middle", [0.0, 4.0])
def test_average_is_the_integral_over_positions(middle):
    state = Coherent(UNLIKE, middle + 0j, spread=3.0)
    for quantity in (qem.current, qem.damping, qem.entropy_production):
        found = qem.average_over_motion(state, quantity)

        def integrand(x, of=quantity):
            return float(of(UNLIKE, x)) * float(state.position_density(x))

        x0 = UNLIKE.oscillator.x0
        exact = quad(integrand, x0 * (middle - 9), x0 * (middle + 9), epsabs=1e-13, limit=200)[0]
        assert found.value == pytest.approx(exact, rel=1e-8)
        assert abs(found.value - exact) <= found.error + 1e-9 * abs(exact)


def test_all_kinds_of_states_and_quantities():
    exact = paper_state(10.0)
    reference = qem.average_over_motion(exact, qem.current).value
    other = qem.orbit_average(exact.model)
    assert qem.average_over_motion(other, qem.current).value == pytest.approx(reference, rel=1e-4)
    matrix = qem.quantum_state(exact, missing_trace=1e-9)
    assert qem.average_over_motion(matrix, qem.current).value == pytest.approx(reference, rel=1e-6)
    heat = qem.average_over_motion(exact, qem.heat_current).value
    assert heat.shape == (2,)
    assert -heat.sum() == pytest.approx(10.0 * reference, rel=1e-9)
    noise = qem.average_over_motion(exact, lambda d, x: qem.current_noise(d, x, 0.3).net(0.4))
    assert 0 < noise.value < 1
    # The motion takes the level out of the window.
    assert reference < qem.current(DEVICE, 0.0)


def test_a_state_without_a_device_takes_one():
    model = replace(paper_state(10.0).model)
    stripped = qem.LangevinModel(
        model.mass, model.frequency, model.x, model.force, model.damping, model.diffusion
    )
    state = qem.orbit_average(stripped)
    with pytest.raises(ValueError, match=r"^device must be given for a state that knows none"):
        qem.average_over_motion(state, qem.current)
    found = qem.average_over_motion(state, qem.current, DEVICE).value
    expected = qem.average_over_motion(paper_state(10.0), qem.current).value
    assert found == pytest.approx(expected, rel=1e-4)


def thermal(device, phonons):
    return Coherent(device, 0j, spread=phonons + 0.5)


def test_zeroth_order_is_all_for_a_slow_motion():
    slow = replace(UNLIKE, oscillator=qem.Oscillator(0.003, 1.0))
    found = qem.current_over_motion(thermal(slow, 4.0))
    fast = qem.current_over_motion(thermal(UNLIKE, 4.0))
    # Second order in the frequency, and first in the swing.
    assert abs(found.left_out) < 1e-3 * abs(fast.left_out)
    assert (found.swing < 0.05 * fast.swing).all()
    assert float(found) == found.value == found.at_rest + found.left_out
    assert found.at_rest == qem.average_over_motion(thermal(slow, 4.0), qem.current).value


@pytest.mark.parametrize("center", [0.0, 6.0])
def test_each_amplitude_of_a_state_counts_as_its_orbit(center):
    """Of which each amplitude is weighed by hand."""
    state = Coherent(UNLIKE, center / UNLIKE.oscillator.x0 + 0j, spread=0.5)
    found = qem.current_over_motion(state)
    x0 = UNLIKE.oscillator.x0
    amplitude = np.linspace(0.0, 3.5, 71)[1:]
    weight = amplitude * np.exp(-2.0 * amplitude**2)
    along = qem.orbit_coefficients(UNLIKE, x0 * amplitude, np.full(70, center))
    angle = 2 * np.pi * (np.arange(64) + 0.5) / 64
    still = qem.current(UNLIKE, center + x0 * amplitude[:, None] * np.cos(angle)).mean(axis=1)
    exact = (along.current[0] - still) @ weight / weight.sum()
    assert found.left_out == pytest.approx(exact, rel=1e-3)
    assert found.error["left_out"] < 1e-2 * abs(exact)


def test_in_equilibrium_the_estimate_shows_what_it_lacks():
    state = paper_state(0.0)
    found = qem.current_over_motion(state)
    assert abs(found.at_rest) < 1e-15
    # No current flows in equilibrium: this much is missing of the noise's own part.
    assert 1e-6 < abs(found.left_out) < 1e-4
    driven = qem.current_over_motion(paper_state(10.0))
    assert abs(driven.left_out) > 5 * abs(found.left_out)
    assert abs(driven.left_out) < 2e-3 * driven.at_rest


def test_refusals():
    state = paper_state(10.0)
    with pytest.raises(TypeError, match=r"^quantity must be a function of device and x"):
        qem.average_over_motion(state, 3.0)
    with pytest.raises(TypeError, match=r"^state must have oscillator"):
        qem.average_over_motion(np.eye(2), qem.current)
    with pytest.raises(ValueError, match=r"^state must know its oscillator"):
        qem.current_over_motion(qem.QuantumState([1.0]), DEVICE)
    endless = SimpleNamespace(
        oscillator=DEVICE.oscillator,
        device=DEVICE,
        phonon_number=1.0,
        position_density=state.position_density,
        momentum_density=state.momentum_density,
        wigner=state.wigner,
        radial_profile=lambda r: 1.0 / (1.0 + r**2),
    )
    with pytest.raises(qem.ConvergenceError, match=r"^state: W at \|alpha\| = "):
        qem.current_over_motion(endless)
