"""The spectrum of x against the linear oscillator, sum rules, an oscillator in time, refusals."""

from functools import lru_cache

import numpy as np
import pytest
from cases import model_of, paper_model, paper_state

import qemlib as qem


def linear(friction=0.02, noise=0.08, reach=40.0, force=0.0, stiffening=0.0):
    return model_of(friction, noise, lambda x: force - stiffening * x, half_width=reach, nodes=101)


@pytest.mark.parametrize("friction", [1e-3, 0.02, 0.6])
def test_a_linear_oscillator(friction):
    omega = np.array([[0.05, 0.3, 0.49], [0.5, 0.52, -2.0]])
    exact = 4 * friction / ((0.25 - omega**2) ** 2 + (friction * omega) ** 2)
    found = qem.position_spectrum(linear(friction, 4 * friction), omega)
    assert found == pytest.approx(exact, rel=1e-7)


def test_a_constant_force_moves_the_middle_and_nothing_else():
    omega = np.array([0.2, 0.5, 0.6])
    moved = qem.position_spectrum(linear(force=1.2, reach=55.0), omega)
    assert moved == pytest.approx(qem.position_spectrum(linear(), omega), rel=1e-7)


def test_a_linear_force_moves_the_resonance():
    omega, stiff = np.array([0.3, 0.6, 0.7]), 0.25 + 0.11
    exact = 0.08 / ((stiff - omega**2) ** 2 + (0.02 * omega) ** 2)
    assert qem.position_spectrum(linear(stiffening=0.11), omega) == pytest.approx(exact, rel=1e-7)


def test_at_no_frequency_there_is_slow_noise():
    """S(0) of x² of a linear oscillator: 2⟨x²⟩² (1/γ + …), from ∫C² twice over."""
    friction, temperature = 0.02, 2.0
    model = linear(friction, 2 * friction * temperature)
    times = np.linspace(0.0, 2000.0, 200_001)
    turn = np.sqrt(0.25 - friction**2 / 4)
    swing = np.cos(turn * times) + friction / (2 * turn) * np.sin(turn * times)
    correlation = temperature / 0.25 * np.exp(-0.5 * friction * times) * swing
    expected = 4.0 * np.trapezoid(correlation**2, times)
    found = qem.position_spectrum(model, 0.0, observable="x2")
    assert found == pytest.approx(expected, rel=1e-6)
    assert qem.position_spectrum(model, 0.3, observable=lambda x: x**2) == pytest.approx(
        qem.position_spectrum(model, 0.3, observable="x2"), rel=1e-9
    )


def test_the_momentum_is_the_velocity():
    """S_pp = m²ω² S_xx."""
    omega = np.array([0.1, 0.5, 0.7])
    found = qem.position_spectrum(linear(), omega, observable="p")
    assert found == pytest.approx(omega**2 * qem.position_spectrum(linear(), omega), rel=1e-7)


def test_the_line_of_the_paper():
    """Full width at half maximum, at V = 10; the averaged problem agrees to 1e-3."""
    model = paper_model(10.0)
    omega = 0.2003 + np.linspace(-4e-4, 4e-4, 3201)
    spectrum = qem.position_spectrum(model, omega)
    above = omega[spectrum > 0.5 * spectrum.max()]
    width = above[-1] - above[0]
    assert width == pytest.approx(2.354e-4, abs=5e-7)
    state = qem.averaged_state(qem.AveragedModel.from_langevin(model))
    assert width == pytest.approx(state.line_width(), abs=1e-6)


def test_the_current_of_a_mirrored_device_knows_twice_the_frequency_alone():
    model = paper_model(10.0)
    omega = np.array([0.15, 0.2, 0.4006])
    aside, once, twice = qem.position_spectrum(model, omega, observable="current")
    assert twice > 100 * max(aside, once)
    correlation = qem.position_correlation(model, [0.0], observable="current")[0]
    state = paper_state(10.0)
    axis = np.linspace(-60, 60, 4001)
    density = state.position_density(axis) * (axis[1] - axis[0])
    square = float(density @ qem.current(model.device, axis) ** 2)
    assert correlation == pytest.approx(square, rel=1e-6)


def half_line(nodes, center, width):
    """Nodes and weights of ∫_0^∞ dω/π, dense within `width` of `center`."""
    node, weight = np.polynomial.legendre.leggauss(nodes)
    low = np.arctan(-center / width)
    half = 0.5 * (0.5 * np.pi - low)
    angle = low + half * (node + 1)
    return center + width * np.tan(angle), half * weight * width / np.cos(angle) ** 2 / np.pi


def variances(state):
    """⟨x²⟩ and ⟨p²⟩ of a mirrored model."""
    second, squeeze, model = state.moments[0], state.squeezing.real, state.model
    return 0.5 * model.x0**2 * (second + squeeze), 0.5 * model.p0**2 * (second - squeeze)


def test_the_spectrum_holds_the_variances_for_strong_friction():
    """∫dω/2π S = ⟨x²⟩ and ∫dω/2π m²ω² S = ⟨p²⟩, for nonlinear friction of both signs."""
    x = np.linspace(-16, 16, 641)
    model = qem.LangevinModel(
        mass=1.3,
        frequency=0.8,
        x=x,
        force=0.5 * np.tanh(0.7 * x),
        damping=0.5 - 0.7 * np.exp(-0.15 * x**2),
        diffusion=0.4 + 0.1 * np.cos(0.5 * x),
    )
    omega, weight = half_line(120, 0.6, 0.2)
    spectrum = qem.position_spectrum(model, omega, rtol=1e-6)
    x_variance, p_variance = variances(qem.steady_state(model))
    assert weight @ spectrum == pytest.approx(x_variance, rel=1e-4)
    assert weight @ (model.mass**2 * omega**2 * spectrum) == pytest.approx(p_variance, rel=5e-4)


@lru_cache
def line_of_the_ring():
    """Nodes, weights and spectrum at V = 16, whose line is a thousand times narrower than ω0."""
    omega, weight = half_line(60, 0.2005, 3e-4)
    return omega, weight, qem.position_spectrum(paper_model(16.0), omega)


def test_the_spectrum_holds_the_variances_of_the_ring():
    omega, weight, spectrum = line_of_the_ring()
    x_variance, p_variance = variances(paper_state(16.0))
    assert weight @ spectrum == pytest.approx(x_variance, rel=5e-5)
    assert weight @ (omega**2 * spectrum) == pytest.approx(p_variance, rel=5e-5)
    # softened or stiffened by the charge, the resonance is not at ω0 = 0.2
    assert 0.2003 < omega[spectrum.argmax()] < 0.2007


def test_correlations_in_time_against_the_sampler():
    """⟨x(t)x(0)⟩ = ∫dω/π S cos ωt, a hundred periods later, from walkers' own motion."""
    omega, weight, spectrum = line_of_the_ring()
    run = qem.sample(
        paper_model(16.0), steps=90_000_000, seed=8, step=1.0, trajectory=6, progress=False
    )
    step, x = run.trajectory.time[0], run.trajectory.x
    for periods in (1, 30, 100):
        lag = round(2 * np.pi * periods / 0.2005 / step)
        product = x[:, lag:] * x[:, : x.shape[1] - lag]
        parts = np.array([p.mean() for p in np.array_split(product, 16, axis=1)])
        error = parts.std(ddof=1) / 4
        expected = weight @ (spectrum * np.cos(omega * lag * step))
        assert abs(product.mean() - expected) < 5 * error
        assert error < 40  # of 494 at no lag


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((linear(), np.nan), "omega must be a finite"),
        ((linear(), 0.5, 0.0), "rtol must .*0.0"),
        ((linear(), 0.5, 1e-4, "y"), "observable must be one of"),
        ((linear(), 0.5, 1e-4, "current"), "observable must not be 'current'"),
        ((linear(), 0.5, 1e-9), "rtol must lie between 1e-8 and 1e-2, got 1e-09"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        qem.position_spectrum(*arguments)


def test_what_is_no_model_is_refused():
    with pytest.raises(TypeError, match="model must be a LangevinModel, got 'model'"):
        qem.position_spectrum("model", 0.5)
