"""Limit cycles against friction of known zeros, and the least friction against averages by hand."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad

import qemlib as qem
from qemlib.studies.cycles import LeastFriction
from qemlib.studies.parameters import varied

BACKWARDS = qem.paper_device(-18.0)


def with_friction(friction, reach=3.0):
    """A model with such a friction of A², and constant noise."""
    amplitudes = np.linspace(0.0, reach, 61)
    one = np.ones(61)
    values = friction(amplitudes**2)
    return qem.AveragedModel(1.0, 0.5, amplitudes, values, 0.0 * one, 0.25 * one, one)


def test_cycles_lie_where_friction_is_zero_with_weights_from_its_integral():
    found = qem.limit_cycles(with_friction(lambda u: (u - 1.0) * (u - 4.0)))
    assert found.amplitudes == pytest.approx([1.0, 2.0], abs=1e-9)
    assert found.stable.tolist() == [False, True]
    assert found.rest_is_stable
    assert found.attractors == 2
    # d ln W = −γ̄ A dA/2d_A = −γ̄ du/4d_A
    for amplitude, weight in zip(found.amplitudes, found.log_weight, strict=True):
        by_hand = -quad(lambda u: (u - 1.0) * (u - 4.0), 0.0, amplitude**2)[0]
        assert weight == pytest.approx(by_hand, rel=1e-6)


@pytest.mark.parametrize(("shift", "rest", "stable"), [(1.0, False, [True]), (-1.0, True, [])])
def test_one_cycle_or_none(shift, rest, stable):
    found = qem.limit_cycles(with_friction(lambda u: u - shift))
    assert (found.rest_is_stable, found.stable.tolist()) == (rest, stable)
    assert found.attractors == 1
    assert repr(found).startswith(f"LimitCycles(rest {'stable' if rest else 'unstable'}")


def averaged(device, amplitude):
    """Of a mirrored device, whose orbits have their center at 0."""

    def integrand(angle):
        x = amplitude * np.cos(angle)
        return float(qem.damping(device, x)) * np.sin(angle) ** 2

    return 4.0 / np.pi * quad(integrand, 0.0, 0.5 * np.pi, epsrel=1e-9)[0]


def test_least_friction_is_the_least_of_all_averages():
    least = LeastFriction().value(BACKWARDS)
    looked = [averaged(BACKWARDS, a / BACKWARDS.force) for a in np.arange(0.0, 12.1, 0.25)]
    i = int(np.argmin(looked))
    assert 0 < i < len(looked) - 1
    assert least < min(looked)
    # A parabola through the lowest three.
    low, middle, high = looked[i - 1 : i + 2]
    bottom = middle - (high - low) ** 2 / (8.0 * (low + high - 2.0 * middle))
    assert least == pytest.approx(bottom, abs=2e-3 * max(looked))
    assert LeastFriction().error(BACKWARDS) < 1e-9 * max(looked)


def test_where_rest_starts_first_it_is_the_friction_there():
    device = qem.paper_device(9.0)
    assert LeastFriction().value(device) == pytest.approx(float(qem.damping(device, 0.0)), rel=1e-9)
    golden = qem.orbit_coefficients(device, [0.0]).friction[0]
    assert LeastFriction("orbit").value(device) == pytest.approx(golden, rel=1e-4)
    at_own = LeastFriction("oscillator").value(device)
    assert at_own == pytest.approx(golden, rel=1e-4)


def test_memory_of_a_slow_motion_is_none_off_the_middle_too():
    """Neither the level nor the voltage is in the middle."""
    device = replace(
        varied(qem.paper_device(12.0), "left.chemical_potential", 9.0),
        oscillator=qem.Oscillator(0.1),
        coupling=0.1,
        level=0.3,
    )
    slow, memory = (LeastFriction(noise_at).value(device) for noise_at in ("zero", "orbit"))
    assert slow < 0
    assert memory == pytest.approx(slow, rel=0.02)


def test_memory_holds_back_a_remote_cycle():
    assert LeastFriction().value(BACKWARDS) < 0 < LeastFriction("orbit").value(BACKWARDS)


def test_the_oscillators_own_friction_is_in_it():
    lossy = qem.Oscillator(0.2, quality_factor=1000.0, bath_temperature=2.0)
    with_it = LeastFriction().value(replace(BACKWARDS, oscillator=lossy))
    assert with_it - LeastFriction().value(BACKWARDS) == pytest.approx(2e-4, rel=1e-9)
    uncoupled = replace(BACKWARDS, oscillator=lossy, coupling=0.0)
    assert LeastFriction().value(uncoupled) == pytest.approx(2e-4, rel=1e-12)


def test_the_line_of_the_first_cycle_is_the_threshold_where_rest_starts_first():
    box = {"offset": (0.3, 1.0), "voltage": (2.0, 14.0)}
    line = qem.threshold_line(qem.paper_device(), box, "cycle", tolerance=1e-3)
    at_rest = qem.threshold_line(qem.paper_device(), box, tolerance=1e-3)
    for offset in (0.35, 0.5, 0.9):
        assert line.at(offset) == pytest.approx(at_rest.at(offset), abs=0.03)


def test_what_is_refused():
    with pytest.raises(ValueError, match="^noise_at must be one of"):
        LeastFriction("here")
    with pytest.raises(TypeError, match="^model must be"):
        qem.limit_cycles(BACKWARDS)
