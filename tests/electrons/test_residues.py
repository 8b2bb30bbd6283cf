"""The closed forms, against quadrature on the real axis; and where they hand over to it.

That both are right is shown in test_coefficients.py, against the defining integrals in 30 digits.
"""

from dataclasses import replace

import numpy as np
import pytest
from cases import between, devices, equilibrium_devices, few
from hypothesis import given
from hypothesis import strategies as st

import qemlib as qem
from qemlib.electrons.quadrature import EnergyQuadrature
from qemlib.electrons.residues import ResidueSums, solvable

INTEGRALS = ["occupation", "current", "friction", "pumping", "diffusion"]
LEVEL = np.linspace(-6.0, 6.0, 13)


def one_temperature(dev):
    return replace(dev, right=replace(dev.right, temperature=dev.left.temperature))


def agree(closed, numeric):
    """Equal within what both claim: the estimate of tanh-sinh is one only to a factor of a few."""
    allowed = closed.error + 10.0 * numeric.error + 1e-13 * closed.size
    return bool((np.abs(closed.value - numeric.value) <= allowed).all())


@pytest.mark.parametrize("name", INTEGRALS)
@few
@given(dev=devices)
def test_closed_form_is_the_integral_on_the_real_axis(name, dev):
    if name == "diffusion":
        dev = one_temperature(dev)
    closed = getattr(ResidueSums(dev, LEVEL), name)()
    assert agree(closed, getattr(EnergyQuadrature(dev, LEVEL), name)())
    # The bound is not so wide that it proves nothing.
    assert np.median(closed.error - 1e-12 * closed.size) <= 0


@pytest.mark.parametrize("of", ["center", "bandwidth"])
def test_pumping_is_as_small_as_what_the_bands_differ_in(of):
    """Between leads that differ in their temperatures, too."""

    def pumping(by):
        dev = qem.paper_device(4.0)
        band = dev.right.density
        left = replace(dev.left, density=replace(band, **{of: getattr(band, of) + by}))
        return ResidueSums(replace(dev, left=replace(left, temperature=3.0)), LEVEL).pumping()

    assert (pumping(0.0).value == 0).all()
    slope, tiny = pumping(2.0**-10).value / 2.0**-10, pumping(2.0**-40).value / 2.0**-40
    assert tiny == pytest.approx(slope, abs=5e-3 * np.abs(slope).max())
    assert np.abs(tiny).max() > 0


@few
@given(devices, st.lists(between(-5, 5), min_size=13, max_size=13))
def test_noise_spectrum_is_the_convolution_on_the_real_axis(dev, omega):
    dev, omega = one_temperature(dev), np.array(omega)
    closed = ResidueSums(dev, LEVEL).noise_spectrum(omega)
    assert agree(closed, EnergyQuadrature(dev, LEVEL).noise_spectrum(omega))
    assert np.median(closed.error - 1e-12 * closed.size) <= 0


@few
@given(devices)
def test_noise_at_zero_frequency_is_the_diffusion_by_other_residues(dev):
    # simple poles that merge here, double poles there
    sums = ResidueSums(one_temperature(dev), LEVEL)
    noise, diffusion = sums.noise_spectrum(np.zeros_like(LEVEL)), sums.diffusion()
    allowed = noise.error + diffusion.error
    assert (np.abs(noise.value - diffusion.value) <= allowed).all()


@pytest.mark.parametrize("step", [1e-14, 1e-10, 1e-6, 1e-3])
def test_noise_spectrum_is_smooth_where_its_poles_merge(step):
    # Between ω and −ω it changes by 2ω S', whatever the distance of w_j from w_j − ω.
    dev = qem.paper_device(6.0)
    slope = dev.oscillator.mass * qem.damping(dev, 0.0)
    up, down = qem.noise_spectrum(dev, 0.0, [step, -step])
    d = qem.diffusion(dev, 0.0)
    assert up - down == pytest.approx(2 * step * slope, rel=1e-5, abs=4e-15 * d)


@pytest.mark.parametrize("offset", [0.0, 1e-13, 1e-8, 1e-3])
def test_noise_spectrum_keeps_its_digits_where_the_fermi_functions_meet(offset):
    # At ω = V a hole in one lead and an electron in the other have the same energy: 0/0 in print.
    dev = qem.paper_device(6.0)
    omega = np.array([-6.0 + offset, 6.0 + offset])
    closed = ResidueSums(dev, np.zeros(2)).noise_spectrum(omega)
    numeric = EnergyQuadrature(dev, np.zeros(2)).noise_spectrum(omega)
    assert closed.value == pytest.approx(numeric.value, rel=2e-13)
    assert (closed.error < 1e-13 * closed.value).all()


@pytest.mark.parametrize("voltage", [0.0, 1e-300, 1e-12, 1e-6, 0.1])
def test_linear_response_at_any_small_bias(voltage):
    # I/V and the pumping per V have limits as V → 0, reached without losing digits.
    dev, reference = qem.paper_device(voltage), qem.paper_device(1e-5)
    exact = ResidueSums(dev, LEVEL)
    linear = ResidueSums(reference, LEVEL)
    for name in ("current", "pumping"):
        value, per_volt = getattr(exact, name)().value, getattr(linear, name)().value / 1e-5
        assert value == pytest.approx(voltage * per_volt, rel=1e-3 if voltage == 0.1 else 1e-9)


def merging(gap):
    """A device whose G has two poles at a distance of about `gap`, at level 0 in a common band."""
    # ω(ω + iδ) = (Γ_L + Γ_R)δ/2 has a double root at Γ_L + Γ_R = δ/2.
    rate = 0.5 + 0.25 * gap**2
    leads = [
        qem.Lead(qem.Lorentzian(0.0, 2.0, part * 2 * rate), mu, 0.8)
        for part, mu in ((0.3, 1.0), (0.7, -1.0))
    ]
    return qem.Device(qem.Oscillator(0.2), *leads, coupling=0.1)


def test_near_degenerate_poles_are_handed_over():
    level = np.zeros(1)
    gaps = np.array([1.0, 0.1, 1e-2, 1e-3, 1e-5, 1e-8, 0.0])
    lost = []
    for gap in gaps:
        dev = merging(gap)
        closed = ResidueSums(dev, level).diffusion()
        lost.append(float(closed.error[0] / closed.size[0]))
        # whatever the closed form does, the caller gets all digits
        numeric = EnergyQuadrature(dev, level).diffusion()
        found = 2 * np.pi / dev.force**2 * qem.diffusion(dev, 0.0)
        assert found == pytest.approx(numeric.value[0], rel=2e-13)
    # It knows what it loses: nothing far apart, and everything at a double pole.
    assert lost[0] < 1e-13
    assert lost[1] < 1e-12 < lost[3]
    assert lost[-1] > 1e-3
    assert np.all(np.diff(lost[:-2]) > 0)


@pytest.mark.parametrize(("temperature", "level"), [(1e-3, 20.0), (0.05, -20.0), (1e3, 20.0)])
def test_far_resonances_are_handed_over_when_the_cold_tail_counts(temperature, level):
    dev = qem.paper_device(3.0)
    dev = replace(dev, left=replace(dev.left, temperature=temperature))
    dev = one_temperature(dev)
    closed = ResidueSums(dev, np.array([level])).diffusion()
    numeric = EnergyQuadrature(dev, np.array([level])).diffusion()
    kept = bool(closed.error[0] <= 5e-13 * closed.size[0])
    # Cold, D is the small rest of large terms; hot, it is the resonance itself.
    assert kept == (temperature == 1e3)
    found = 2 * np.pi / dev.force**2 * qem.diffusion(replace(dev, level=level), 0.0)
    assert found == pytest.approx(numeric.value[0], rel=1e-12)


def test_unequal_temperatures_have_no_closed_form_for_the_noise():
    dev = qem.paper_device(3.0)
    hot = replace(dev, left=replace(dev.left, temperature=4.0))
    numeric = EnergyQuadrature(hot, np.zeros(1))
    scale = hot.force**2 / (2 * np.pi)
    assert qem.diffusion(hot, 0.0) == pytest.approx(scale * numeric.diffusion().value[0], rel=1e-14)
    spectrum = numeric.noise_spectrum(np.ones(1)).value[0]
    assert qem.noise_spectrum(hot, 0.0, 1.0) == pytest.approx(scale * spectrum, rel=1e-14)


@few
@given(equilibrium_devices())
def test_pumping_needs_a_bias(dev):
    assert (ResidueSums(dev, LEVEL).pumping().value == 0.0).all()
    assert (ResidueSums(dev, LEVEL).friction().value > 0.0).all()


@few
@given(devices, between(-2, 2), between(0.3, 3), between(0.3, 3), between(0.3, 3))
def test_equal_bands_do_not_pump(dev, center, bandwidth, rate_left, rate_right):
    # The ratio of the level widths must depend on energy.
    left = replace(dev.left, density=qem.Lorentzian(center, bandwidth, rate_left))
    right = replace(dev.right, density=qem.Lorentzian(center, bandwidth, rate_right))
    sums = ResidueSums(replace(dev, left=left, right=right), LEVEL)
    pumping = sums.pumping()
    assert (np.abs(pumping.value) <= pumping.error + 1e-15).all()
    assert (sums.friction().value > 0).all()


def test_only_lorentzian_leads_are_solvable():
    dev = qem.paper_device()

    class Renamed(qem.Lorentzian):
        """Nobody knows what a subclass overrides."""

    assert solvable(dev)
    other = replace(dev.left, density=Renamed(0.5, 1.0, 2.0))
    assert not solvable(replace(dev, left=other))
