"""The noise at the oscillator's own frequency: what the golden rule says, and what it changes."""

import numpy as np
import pytest
from scipy.optimize import brentq

import qemlib as qem
from qemlib.witness import integrals

OMEGA0 = 0.2


def at_own_frequency(device):
    """D = [S(ω0) + S(−ω0)]/2 and mγ = [S(ω0) − S(−ω0)]/2ω0 on the grid of the device's model."""
    slow = qem.LangevinModel.from_device(device)
    m, w = slow.mass, slow.frequency
    loss, gain = (qem.noise_spectrum(device, slow.x, sign * w) for sign in (1, -1))
    damping, diffusion = (loss - gain) / (2 * m * w), (loss + gain) / 2
    return qem.LangevinModel(m, w, slow.x, slow.force, damping, diffusion)


@pytest.mark.parametrize("voltage", [0.0, 6.0])
def test_a_linear_oscillator_follows_the_golden_rule(voltage):
    device = qem.paper_device(voltage)
    loss, gain = (float(qem.noise_spectrum(device, 0.0, w)) for w in (OMEGA0, -OMEGA0))
    # The rates between levels, n S(ω0)/2mω0 down and (n + 1) S(−ω0)/2mω0 up, solved as they are.
    n = np.arange(1000)
    down, up = n[1:] * loss / (2 * OMEGA0), n[1:] * gain / (2 * OMEGA0)
    rates = np.diag(down, 1) + np.diag(up, -1)
    rates -= np.diag(rates.sum(axis=0))
    rates[-1] = 1.0
    expected = np.linalg.solve(rates, np.eye(n.size)[-1])
    x = np.linspace(-40.0, 40.0, 129) * device.oscillator.x0
    flat = np.ones_like(x)
    linear = qem.LangevinModel(
        1.0,
        OMEGA0,
        x,
        force=0.0 * flat,
        damping=(loss - gain) / (2 * OMEGA0) * flat,
        diffusion=(loss + gain) / 2 * flat,
    )
    state = qem.steady_state(linear)
    assert state.populations(60) == pytest.approx(expected[:60], rel=1e-6)
    assert state.phonon_number == pytest.approx(n @ expected, rel=1e-6)


def test_thresholds_at_the_own_frequency():
    def growth(voltage):
        loss, gain = (
            integrals.noise_spectrum(qem.paper_device(voltage), 0.0, w, digits=15)[0]
            for w in (OMEGA0, -OMEGA0)
        )
        return float(gain / loss - 1)

    assert brentq(growth, 8.2, 8.4, xtol=1e-6) == pytest.approx(8.30145, abs=5e-6)

    def rise(voltage):
        state = qem.steady_state(at_own_frequency(qem.paper_device(voltage)))
        return float(np.diff(np.log(state.populations(2)))[0])

    assert brentq(rise, 8.3, 8.6, xtol=1e-6) == pytest.approx(8.38645, abs=5e-6)


@pytest.mark.parametrize(("voltage", "quanta"), [(6.0, 20.61945), (10.0, 44.9926), (16.0, 110.574)])
def test_quanta_at_the_own_frequency(voltage, quanta):
    model = at_own_frequency(qem.paper_device(voltage))
    exact, average = qem.steady_state(model), qem.orbit_average(model)
    assert exact.phonon_number == pytest.approx(quanta, rel=1e-5)
    assert average.phonon_number == pytest.approx(quanta, rel=1e-5)
