"""Noise of the currents: theorems, limits that are known in closed form, and QuTiP."""

from dataclasses import replace

import numpy as np
import pytest
import qutip
from cases import UNLIKE, Sum, between, devices, equilibrium_devices, few
from hypothesis import given
from scipy.integrate import quad

import qemlib as qem


def wide(left, right, voltage=np.inf, temperature=1.0, level=0.2):
    leads = [
        qem.Lead(qem.Lorentzian(0.0, 1e7, rate), mu, temperature)
        for rate, mu in ((left, 0.5 * voltage), (right, -0.5 * voltage))
    ]
    return qem.Device(qem.Oscillator(0.2), *leads, coupling=0.1, level=level)


@few
@given(devices, between(-15, 15), between(-5, 5))
def test_what_comes_in_and_does_not_go_out_is_the_charge_of_the_dot(dev, x, omega):
    noise = qem.current_noise(dev, x, omega)
    total = noise.left + noise.right + 2.0 * noise.cross.real
    charge = omega**2 * qem.noise_spectrum(dev, x, omega) / dev.force**2
    room = noise.error["left"] + noise.error["right"] + 2.0 * noise.error["cross"]
    assert total == pytest.approx(charge, abs=float(room) + 1e-12 * float(charge))


@few
@given(devices, between(-15, 15), between(-5, 5))
def test_spectra_are_those_of_a_positive_matrix(dev, x, omega):
    noise = qem.current_noise(dev, x, omega)
    room = noise.error["left"] * noise.right + noise.error["right"] * noise.left
    assert abs(noise.cross) ** 2 <= noise.left * noise.right + 3.0 * room
    assert noise.left > 0
    assert noise.right > 0
    for share in (0.0, 0.3, 0.5, 1.0):
        assert noise.net(share) >= -1e-12 * (noise.left + noise.right)


@few
@given(devices, between(-15, 15))
def test_at_zero_frequency_all_currents_are_one(dev, x):
    noise = qem.current_noise(dev, x, [0.0, 1e-7])
    assert noise.left[0] == noise.right[0] == -noise.cross[0]
    for part in (noise.left[1], noise.right[1], -noise.cross[1]):
        assert part == pytest.approx(noise.left[0], rel=1e-6)
    assert noise.net(0.2)[0] == pytest.approx(noise.left[0], rel=1e-12)


@few
@given(equilibrium_devices(), between(-15, 15))
def test_without_a_bias_it_is_the_conductance(dev, x):
    t, step = dev.left.temperature, 1e-3 * dev.left.temperature
    conductance = float(qem.current(dev.with_voltage(step), x)) / step
    # The derivative at zero is the slope, up to V³.
    shifted = dev.with_voltage(0.0)
    assert qem.current_noise(shifted, x).left == pytest.approx(2 * t * conductance, rel=1e-4)


@few
@given(equilibrium_devices(), between(-15, 15), between(0.05, 3))
def test_detailed_balance_in_equilibrium(dev, x, omega):
    noise = qem.current_noise(dev, x, [omega, -omega])
    weight = np.exp(-omega / dev.left.temperature)
    assert noise.left[1] == pytest.approx(weight * noise.left[0], rel=1e-9)
    assert noise.right[1] == pytest.approx(weight * noise.right[0], rel=1e-9)
    assert noise.cross[1] == pytest.approx(weight * noise.cross[0], abs=1e-9 * noise.left[0])
    assert noise.net()[1] == pytest.approx(weight * noise.net()[0], rel=1e-9)


@few
@given(between(0.2, 3), between(0.2, 3), between(-6, 6))
def test_at_infinite_bias_a_flat_band_has_the_noise_of_two_tunnel_rates(left, right, omega):
    # Chen and Ting: 1 − 2Γ_LΓ_R/(Γ² + ω²) times the Poissonian.
    dev, total = wide(left, right), left + right
    flow = left * right / total
    assert qem.current(dev, 0.0) == pytest.approx(flow, rel=1e-5)
    noise = qem.current_noise(dev, 0.0, [0.0, omega])
    fano = (left**2 + right**2) / total**2
    assert noise.left[0] == pytest.approx(fano * flow, rel=1e-5)
    expected = (1.0 - 2.0 * left * right / (total**2 + omega**2)) * flow
    assert noise.left[1] == pytest.approx(expected, rel=1e-5)
    assert noise.right[1] == pytest.approx(expected, rel=1e-5)


def test_at_a_large_bias_it_comes_close():
    left, right = 0.6, 1.1
    fano = (left**2 + right**2) / (left + right) ** 2
    flow = left * right / (left + right)
    for voltage, off in ((100.0, 3e-2), (1e4, 3e-4)):
        noise = qem.current_noise(wide(left, right, voltage), 0.0).left
        assert noise == pytest.approx(fano * flow, rel=off)
    assert noise != pytest.approx(fano * flow, rel=1e-6)


def cold_transmission(w):
    return 0.6 * 1.1 / ((w - 0.2) ** 2 + 0.25 * 1.7**2)


@pytest.mark.parametrize("voltage", [0.7, 5.0])
def test_cold_noise_is_partition_noise(voltage):
    ends = -0.5 * voltage, 0.5 * voltage
    exact = quad(lambda w: cold_transmission(w) * (1.0 - cold_transmission(w)), *ends)[0]
    # The edges themselves are as wide as the temperature.
    thermal = 1e-3 * sum(cold_transmission(w) ** 2 for w in ends)
    found = qem.current_noise(wide(0.6, 1.1, voltage, temperature=1e-3), 0.0).left
    assert found == pytest.approx((exact + thermal) / (2 * np.pi), rel=1e-4)


def test_cold_noise_without_a_bias_is_that_of_the_edge():
    found = qem.current_noise(wide(0.6, 1.1, 0.0, temperature=1e-3), 0.0).left
    assert found == pytest.approx(2e-3 * cold_transmission(0.0) / (2 * np.pi), rel=1e-4)


def test_rare_electrons_are_poissonian():
    dev = qem.paper_device(20.0)
    dev = replace(dev, right=replace(dev.right, density=qem.Lorentzian(-0.5, 1.0, 1e-4)))
    noise, flow = qem.current_noise(dev, 0.0).left, qem.current(dev, 0.0)
    # Backwards comes e^{−V/T}.
    assert noise == pytest.approx(flow / np.tanh(5.0), rel=2e-3)


def test_between_leads_of_different_temperatures_there_is_noise_without_a_current():
    dev = qem.paper_device(0.0)
    symmetric = replace(dev, right=replace(dev.right, density=dev.left.density), level=0.5)
    hot = replace(
        symmetric,
        left=replace(symmetric.left, temperature=8.0, chemical_potential=0.5),
        right=replace(symmetric.right, temperature=0.1, chemical_potential=0.5),
    )
    # Particles and holes carry as much.
    assert abs(float(qem.current(hot, 0.0))) < 1e-12
    at_low, at_high = (
        replace(hot, left=replace(hot.left, temperature=t), right=replace(hot.right, temperature=t))
        for t in (0.1, 8.0)
    )
    noise = [float(qem.current_noise(d, 0.0).left) for d in (at_low, hot, at_high)]
    thermal = 0.5 * (noise[0] + noise[2])
    assert noise[1] > thermal  # the rest is the noise of the gap itself
    plain = qem.current_noise(replace(hot, left=replace(hot.left, temperature=0.1)), 0.0).left
    assert plain == pytest.approx(noise[0], rel=1e-12)


def test_qutip_counts_the_same_at_infinite_bias():
    """Full and empty Lorentzian leads are one lossy mode each: three fermions."""
    left, right = qem.Lorentzian(0.5, 1.0, 2.0), qem.Lorentzian(-0.3, 0.7, 1.1)
    dev = qem.Device(
        qem.Oscillator(0.2), qem.Lead(left, np.inf, 1.0), qem.Lead(right, -np.inf, 1.0), 0.1, 0.4
    )
    d, a, b = (qutip.fdestroy(3, i) for i in range(3))
    h = 0.4 * d.dag() * d
    for mode, band in ((a, left), (b, right)):
        tunnel = np.sqrt(0.5 * band.rate * band.bandwidth)
        h += band.center * mode.dag() * mode + tunnel * (d.dag() * mode + mode.dag() * d)
    fill, drain = np.sqrt(2 * left.bandwidth) * a.dag(), np.sqrt(2 * right.bandwidth) * b
    generator = qutip.liouvillian(h, [fill, drain])
    state = qutip.steadystate(generator)
    flow, noise, *_ = qutip.countstat_current_noise(
        generator, [drain], wlist=[0.0], rhoss=state, J_ops=[qutip.sprepost(drain, drain.dag())]
    )
    assert qem.current(dev, 0.0) == pytest.approx(float(np.ravel(flow)[0]), rel=1e-9)
    assert qem.current_noise(dev, 0.0).left == pytest.approx(float(np.ravel(noise)[0]), rel=1e-7)


def test_leads_of_any_shape_and_unlike_ones():
    band = UNLIKE.left.density
    halves = Sum(*(replace(band, rate=0.5 * band.rate) for _ in range(2)))
    dev = replace(UNLIKE, left=replace(UNLIKE.left, density=halves))
    found, plain = (qem.current_noise(d, 1.0, [0.0, 0.7, -2.0]) for d in (dev, UNLIKE))
    for name in ("left", "right", "cross"):
        assert getattr(found, name) == pytest.approx(getattr(plain, name), rel=1e-9), name


def test_a_table_says_what_it_leaves_open():
    u = np.sinh(np.linspace(-8, 8, 801))
    band = qem.Lorentzian(0.5, 1.0, 2.0)
    exact = qem.paper_device(6.0)
    table = qem.Tabulated(u, band.spectral_density(u))
    dev = replace(exact, left=replace(exact.left, density=table))
    found, known = (qem.current_noise(d, [0.0, 3.0], 0.8) for d in (dev, exact))
    for name in ("left", "right", "cross"):
        missed = np.abs(getattr(found, name) - getattr(known, name))
        assert (missed <= found.error[name] + known.error[name]).all(), name
        assert (found.error[name] < 1e-2).all()


@pytest.mark.parametrize("factor", [1e-30, 1e30])
def test_it_has_no_scale(factor):
    def scaled(lead):
        band = lead.density
        values = (factor * v for v in (band.center, band.bandwidth, band.rate))
        return qem.Lead(
            qem.Lorentzian(*values), factor * lead.chemical_potential, factor * lead.temperature
        )

    other = qem.Device(
        qem.Oscillator(factor * 0.3, 1.2),
        *map(scaled, UNLIKE.leads),
        coupling=factor * UNLIKE.coupling,
        level=factor * UNLIKE.level,
    )
    at, omega = 1.5 * UNLIKE.oscillator.x0, np.array([0.0, 0.6])
    one = qem.current_noise(UNLIKE, at, omega)
    two = qem.current_noise(other, 1.5 * other.oscillator.x0, factor * omega)
    for name in ("left", "right", "cross"):
        assert getattr(two, name) / factor == pytest.approx(getattr(one, name), rel=1e-10), name
    heat = qem.heat_current(other, 1.5 * other.oscillator.x0) / factor**2
    assert heat == pytest.approx(qem.heat_current(UNLIKE, at), rel=1e-10)


def test_shapes_and_refusals():
    dev = qem.paper_device(6.0)
    noise = qem.current_noise(dev, np.zeros((2, 1)), np.ones(3))
    for name in ("x", "omega", "left", "right", "cross"):
        assert getattr(noise, name).shape == (2, 3)
    assert "6 points" in repr(noise)
    assert "0 points" in repr(qem.current_noise(dev, [], 0.0))
    with pytest.raises(ValueError, match=r"^omega must be a finite number, got nan"):
        qem.current_noise(dev, 0.0, np.nan)
    with pytest.raises(ValueError, match="broadcast"):
        qem.current_noise(dev, [0.0, 1.0], [0.0, 1.0, 2.0])
    with pytest.raises(ValueError, match=r"^share must lie between 0 and 1, got 1.5"):
        noise.net(1.5)
