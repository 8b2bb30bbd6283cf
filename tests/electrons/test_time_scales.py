"""Ineq. (5) as numbers."""

from dataclasses import replace

import numpy as np
import pytest
from cases import Sum, between, devices, few, greens_function
from hypothesis import given

import qemlib as qem
from qemlib.witness.modes import charge_in_time


def test_ratios_of_the_paper():
    numbers = qem.adiabaticity(qem.paper_device(6.0))
    assert numbers.temperature_over_frequency == pytest.approx(10)
    assert numbers.rate_over_frequency == pytest.approx(10)
    assert numbers.temperature_over_coupling == pytest.approx(20)
    assert numbers.rate_over_coupling == pytest.approx(20)


def test_ratios_take_the_smaller_lead_and_the_size_of_the_coupling():
    dev = qem.paper_device()
    dev = replace(
        dev,
        coupling=-0.4,
        left=replace(dev.left, temperature=0.8),
        right=replace(dev.right, density=replace(dev.right.density, rate=1.2)),
    )
    numbers = qem.adiabaticity(dev)
    assert numbers.temperature_over_frequency == pytest.approx(4)
    assert numbers.temperature_over_coupling == pytest.approx(2)
    assert numbers.rate_over_frequency == pytest.approx(6)
    assert numbers.rate_over_coupling == pytest.approx(3)


def test_no_coupling_is_infinitely_slow():
    numbers = qem.adiabaticity(replace(qem.paper_device(), coupling=0.0))
    assert numbers.temperature_over_coupling == numbers.rate_over_coupling == np.inf


@pytest.mark.parametrize(("radii", "decay"), [(0.0, 0.558), (9.0, 0.238)])
def test_memory_time_of_the_paper(radii, decay):
    dev = qem.paper_device()
    numbers = qem.adiabaticity(dev, radii * dev.oscillator.x0)
    assert 0.5 / numbers.memory_time == pytest.approx(decay, abs=5e-4)
    assert numbers.memory_phase == pytest.approx(0.2 * numbers.memory_time)


@few
@given(devices, between(-20, 20))
def test_memory_time_belongs_to_the_slowest_pole(dev, x):
    # P(ω) of the physics sheet: its roots are the poles.
    z = [lead.density.center - 1j * lead.density.bandwidth for lead in dev.leads]
    g = [0.5 * lead.density.rate * lead.density.bandwidth for lead in dev.leads]
    level = dev.level - dev.force * x
    polynomial = np.poly([level, *z]).astype(complex)
    polynomial[2:] -= g[0] * np.array([1, -z[1]]) + g[1] * np.array([1, -z[0]])
    poles = np.roots(polynomial)
    assert (poles.imag < 0).all()
    # The Fermi functions have poles of their own, the nearest at μ ± iπT.
    thermal = np.pi * min(lead.temperature for lead in dev.leads)
    expected = 0.5 / min(np.abs(poles.imag).min(), thermal)
    assert qem.adiabaticity(dev, x).memory_time == pytest.approx(expected, rel=1e-7)
    assert abs(1 / greens_function(dev, x, 0.3)[0]) == pytest.approx(
        abs(np.prod(0.3 - poles) / ((0.3 - z[0]) * (0.3 - z[1]))), rel=1e-9
    )


def test_charge_correlations_decay_in_the_memory_time():
    dev = qem.paper_device(0.0)
    charge = charge_in_time(dev, 0.0)
    t, correlation = charge.times, charge.correlation
    # Envelope of C(t) between 3 and 8: the slowest poles are a pair, so C also oscillates.
    late = (t > 3) & (t < 8)
    slope = np.polyfit(t[late], np.log(np.abs(correlation[late]) + 1e-300), 1)[0]
    assert -1 / slope == pytest.approx(float(qem.adiabaticity(dev).memory_time), rel=0.15)


def test_cold_leads_make_the_memory_long():
    dev, temperature = qem.paper_device(0.0), 0.1
    dev = replace(
        dev,
        **{
            side: replace(getattr(dev, side), temperature=temperature) for side in ("left", "right")
        },
    )
    memory = float(qem.adiabaticity(dev).memory_time)
    assert memory == pytest.approx(0.5 / (np.pi * temperature))
    charge = charge_in_time(dev, 0.0)
    late = (charge.times > 12) & (charge.times < 20)
    slope = np.polyfit(charge.times[late], np.log(np.abs(charge.correlation[late])), 1)[0]
    assert -1 / slope == pytest.approx(memory, rel=0.12)


def test_positions_keep_their_shape():
    numbers = qem.adiabaticity(qem.paper_device(), np.zeros((2, 3)))
    assert numbers.memory_time.shape == numbers.memory_phase.shape == (2, 3)
    assert "memory time" in repr(numbers)


def test_refusals_name_the_argument():
    dev = qem.paper_device()
    with pytest.raises(ValueError, match="x must be a finite number, got nan"):
        qem.adiabaticity(dev, np.nan)
    other = Sum(dev.left.density, dev.left.density)
    with pytest.raises(ValueError, match=r"device\.right\.density must be Lorentzian"):
        qem.adiabaticity(replace(dev, right=replace(dev.right, density=other)))


def test_a_ring_sweeps_the_level_while_the_electrons_remember():
    dev = qem.paper_device(16.0)
    alpha = np.array([0.0, 1.0, 10.4])
    numbers = qem.adiabaticity(dev, amplitude=alpha * dev.oscillator.x0)
    expected = 2.0 * 0.1 * alpha * 0.2 * numbers.memory_time**2
    assert numbers.swept_phase == pytest.approx(expected)
    assert "not small, the electrons remember" in repr(numbers)
    still = qem.adiabaticity(dev, [0.0, 5.0], amplitude=1.0)
    assert still.swept_phase.shape == (2,)
    assert repr(still).endswith("small)")
    assert qem.adiabaticity(dev).swept_phase is None
    assert "squared" not in repr(qem.adiabaticity(dev))


@pytest.mark.parametrize(
    ("amplitude", "message"),
    [(-1.0, "amplitude must not be negative, got -1.0"), (np.nan, "amplitude must be a finite")],
)
def test_an_amplitude_that_is_none(amplitude, message):
    with pytest.raises(ValueError, match=message):
        qem.adiabaticity(qem.paper_device(), amplitude=amplitude)
