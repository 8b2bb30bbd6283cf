"""Eigenvalues of the generator and states of several wells: closed forms, Kramers, limits."""

from functools import lru_cache

import numpy as np
import pytest
from cases import both_noises, model_of, paper_model
from scipy.linalg import eigh_tridiagonal

import qemlib as qem


@lru_cache
def two_wells(friction, temperature=0.25, tilt=0.0):
    """U = −x²/2 + x⁴/4 − tilt x, m = 1: a barrier of 1/4, with frequencies √2 below and 1 above."""
    return model_of(
        *(friction, 2.0 * friction * temperature, lambda x: 1.25 * x - x**3 + tilt),
        half_width=9.0,
        nodes=701,
    )


def potential(x, tilt=0.0):
    return -0.5 * x**2 + 0.25 * x**4 - tilt * x


@pytest.mark.parametrize("friction", [1e-3, 0.3])
def test_a_linear_oscillator(friction):
    """λ = (n + k/2)γ ± ikω' and, for k = 0, nγ."""
    model = model_of(friction, 2.5 * friction)
    rates = qem.slowest_rates(model, 2)
    assert rates.values == pytest.approx([friction, 2 * friction], rel=1e-7)
    turn = np.sqrt(0.25 - friction**2 / 4)
    for k in (1, 2):
        found = qem.slowest_rates(model, 1, k)
        assert found.values[0] == pytest.approx(k * (friction / 2 + 1j * turn), rel=1e-7)
        assert abs(found.values[0] - k * (friction / 2 + 1j * turn)) < found.error[0] + 1e-12


@both_noises
def test_the_paper_s_device_against_its_orbit_average(noise_at):
    model = paper_model(10.0, noise_at)
    rate = qem.slowest_rates(model).values[0]
    assert rate.real == pytest.approx(1.0 / qem.orbit_average(model).relaxation_time, rel=1e-3)
    state = qem.averaged_state(qem.AveragedModel.from_langevin(model))
    line = min(state._modes(1)[0], key=lambda value: value.real)
    found = qem.slowest_rates(model, harmonic=1).values[0]
    assert found.real == pytest.approx(line.real, rel=2e-3)
    assert found.imag - 0.2 == pytest.approx(line.imag, rel=2e-3)


@pytest.mark.parametrize("tilt", [0.0, 0.05])
def test_several_wells_in_equilibrium(tilt):
    """W ∝ e^{−H/T}, whatever the friction."""
    model = two_wells(0.4, tilt=tilt)
    with pytest.warns(qem.ClassicalStateWarning):  # T is half of the wells' quantum
        state = qem.steady_state(model, rtol=1e-4)
    x, p = np.linspace(-2.5, 2.5, 41), np.linspace(-1.5, 1.5, 31)
    wide = np.linspace(-5, 5, 4001)
    norm = np.exp(-potential(wide, tilt) / 0.25).sum() * (wide[1] - wide[0])
    expected = np.exp(-potential(x[:, None], tilt) / 0.25 - p**2 / 0.5)
    expected = expected / (norm * np.sqrt(2 * np.pi * 0.25))
    off = np.abs(state.wigner(x[:, None], p) - expected).max() / expected.max()
    assert off < 1e-7
    assert off < 10 * max(state.error["wigner"], 1e-12)


def one_dimension(friction, temperature):
    """The slowest rate of Smoluchowski's equation, from a chain of many cells."""
    x = np.linspace(-4.0, 4.0, 4001)
    step = x[1] - x[0]
    root = np.exp(-potential(x) / (2 * temperature))
    between = np.exp(-potential(0.5 * (x[1:] + x[:-1])) / temperature)
    hop = temperature / friction / step**2 * between
    diagonal = np.append(hop, 0.0) + np.append(0.0, hop)
    return eigh_tridiagonal(
        diagonal / root**2,
        -hop / (root[1:] * root[:-1]),
        select="i",
        select_range=(1, 1),
        eigvals_only=True,
    )[0]


def test_escape_with_strong_friction_is_one_dimensional():
    """What is left falls as 1/γ²."""
    off = [
        qem.slowest_rates(two_wells(g), rtol=1e-4).values[0].real / one_dimension(g, 0.25) - 1.0
        for g in (10.0, 20.0)
    ]
    assert abs(off[1]) < 5e-3
    assert off[0] / off[1] == pytest.approx(4.0, rel=0.05)


def test_escape_at_low_temperature_is_kramers():
    """(λ_b/ω_b)(ω_0/π)e^{−ΔU/T} there and back; corrections fall with T."""
    ratios = []
    for temperature in (0.06, 0.03):
        found = qem.slowest_rates(two_wells(1.0, temperature), rtol=1e-4).values[0].real
        reduced = np.sqrt(0.25 + 1.0) - 0.5
        ratios.append(found / (reduced * np.sqrt(2.0) / np.pi * np.exp(-0.25 / temperature)))
    assert abs(ratios[1] - 1.0) < 0.04
    # Corrections of first order in T are gone.
    assert abs(2 * ratios[1] - ratios[0] - 1.0) < 0.015


def test_the_wells_exchange_at_the_slowest_rate():
    model = two_wells(0.4, 0.1)
    rate = qem.slowest_rates(model, rtol=1e-4).values[0].real

    def right(x, p):
        return np.exp(-((x - 1.0) ** 2) / 0.1 - p**2 / 0.2) / (np.pi * np.sqrt(0.02))

    times = np.array([1.0, 1.5, 2.0]) / rate
    path = qem.evolve(right, model, times, rtol=1e-3)
    mean = np.array([state.amplitude.real for state in path])
    assert np.diff(np.log(mean)) == pytest.approx(-rate * np.diff(times), rel=1e-3)


def test_refusals():
    model = model_of()
    with pytest.raises(ValueError, match="harmonic must be a whole number"):
        qem.slowest_rates(model, harmonic=-1)
    with pytest.raises(ValueError, match="rtol must lie between"):
        qem.slowest_rates(model, rtol=0.1)
    with pytest.raises(TypeError, match="model must be a LangevinModel"):
        qem.slowest_rates(qem.paper_device(1.0))
    beyond = model_of(0.4, 0.2, lambda x: 1.25 * x - x**3, half_width=1.6)
    with pytest.raises(qem.LeftGridError, match="model: its grid"):
        qem.steady_state(beyond)
