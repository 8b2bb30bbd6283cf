"""Rate equations: against exponentials of matrices, one level by hand, detailed balance, limits."""

import numpy as np
import pytest
from scipy.integrate import quad_vec
from scipy.linalg import expm

import qemlib as qem

FORCE, MASS, T, GAMMA = 0.05, 1.3, 1.7, 0.4
BIAS = 3.0


def tunnelling(energy, bias, side):
    """Rates in and out of a level from one lead: a Lorentzian band, filled up to ± bias/2."""
    band = GAMMA * 4.0 / ((energy - side) ** 2 + 4.0)
    filled = 1 / (1 + np.exp((energy - side * bias / 2) / T))
    return band * filled, band * (1 - filled)


def in_and_out(energy, bias):
    left, right = tunnelling(energy, bias, 1), tunnelling(energy, bias, -1)
    return left[0] + right[0], left[1] + right[1]


def interacting_dot(energy, charging, bias):
    """States 0, ↑, ↓, ↑↓; `energy` of the first electron, `energy` + `charging` of the second."""
    result = np.zeros((energy.size, 4, 4), dtype=energy.dtype)
    for spin in (1, 2):
        for lower, upper, cost in ((0, spin, 0.0), (spin, 3, charging)):
            gain, loss = in_and_out(energy + cost, bias)
            result[:, upper, lower] += gain
            result[:, lower, upper] += loss
            result[:, lower, lower] -= gain
            result[:, upper, upper] -= loss
    return result


def coefficients(x, charging, bias, level=0.3):
    step = 1e-20  # in the complex plane: no difference is taken, and no digits lost
    energy = level - FORCE * x
    slope = -FORCE * interacting_dot(energy + 1j * step, charging, bias).imag / step
    return qem.rate_equation_coefficients(
        interacting_dot(energy, charging, bias), slope, [0, 1, 1, 2], FORCE, MASS
    )


X = np.linspace(-60, 60, 13)


def test_coefficients_against_integrals_over_time():
    """(A18) and (A20) as they stand, with exponentials of L and a difference for ∂P/∂x."""
    x, h = np.array([7.0]), 1e-4
    at = coefficients(x, 2.0, BIAS)
    generator = interacting_dot(0.3 - FORCE * x, 2.0, BIAS)[0]
    charge = np.array([0.0, 1, 1, 2])
    p = at.probabilities[0]
    assert generator @ p == pytest.approx(np.zeros(4), abs=1e-15)
    assert at.charge[0] == pytest.approx(charge @ p, abs=1e-14)
    change = (
        coefficients(x + h, 2.0, BIAS).probabilities - coefficients(x - h, 2.0, BIAS).probabilities
    )[0] / (2 * h)
    start = np.stack([(charge - charge @ p) * p, change], axis=1)
    integral = quad_vec(lambda t: charge @ expm(generator * t) @ start, 0, 150, epsabs=1e-13)[0]
    assert at.diffusion[0] == pytest.approx(2 * FORCE**2 * integral[0], rel=1e-8)
    assert at.damping[0] == pytest.approx(FORCE / MASS * integral[1], rel=1e-6)


def test_one_level_by_hand():
    """n = in/(in + out), ∫e^{Lt} = 1/(in + out): D = 2F²n(1−n)/κ, γ = −(F²/m) ∂n/∂ε /κ."""
    energy = 0.3 - FORCE * X
    gain, loss = in_and_out(energy, BIAS)
    total = gain + loss
    n = gain / total
    h = 1e-6

    def filling(e):
        gain, loss = in_and_out(e, BIAS)
        return gain / (gain + loss)

    bend = (filling(energy + h) - filling(energy - h)) / (2 * h)
    generator = np.array([[-gain, loss], [gain, -loss]]).transpose(2, 0, 1)
    step = 1e-20
    gain, loss = in_and_out(energy + 1j * step, BIAS)
    slope = -FORCE * np.array([[-gain, loss], [gain, -loss]]).transpose(2, 0, 1).imag / step
    at = qem.rate_equation_coefficients(generator, slope, [0, 1], FORCE, MASS)
    assert at.charge == pytest.approx(n, rel=1e-13)
    assert at.diffusion == pytest.approx(2 * FORCE**2 * n * (1 - n) / total, rel=1e-12)
    assert at.damping == pytest.approx(-(FORCE**2) / MASS * bend / total, rel=1e-7)
    assert at.slowest_rate == pytest.approx(total, rel=1e-12)


@pytest.mark.parametrize("charging", [0.0, 1.5, 40.0])
def test_detailed_balance_without_a_bias(charging):
    at = coefficients(X, charging, 0.0)
    energy = np.outer(0.3 - FORCE * X, [0, 1, 1, 2]) + charging * np.array([0, 0, 0, 1])
    weight = np.exp(-(energy - energy.min(axis=1, keepdims=True)) / T)
    gibbs = weight / weight.sum(axis=1, keepdims=True)
    assert at.probabilities == pytest.approx(gibbs, abs=1e-13)
    assert at.diffusion == pytest.approx(2 * MASS * T * at.damping, rel=1e-11)
    assert (at.damping > 0).all()


@pytest.mark.parametrize("bias", [0.0, 3.0, 12.0])
def test_without_charging_energy_the_spins_are_two_independent_levels(bias):
    at = coefficients(X, 0.0, bias)
    energy = 0.3 - FORCE * X
    gain, loss = in_and_out(energy, bias)
    step = 1e-20
    gain_c, loss_c = in_and_out(energy + 1j * step, bias)
    generator = np.array([[-gain, loss], [gain, -loss]]).transpose(2, 0, 1)
    slope = np.array([[-gain_c, loss_c], [gain_c, -loss_c]]).transpose(2, 0, 1).imag
    one = qem.rate_equation_coefficients(generator, -FORCE * slope / step, [0, 1], FORCE, MASS)
    assert at.charge == pytest.approx(2 * one.charge, rel=1e-12)
    assert at.damping == pytest.approx(2 * one.damping, rel=1e-11)
    assert at.diffusion == pytest.approx(2 * one.diffusion, rel=1e-11)


@pytest.mark.parametrize("bias", [0.0, 3.0, 12.0])
def test_a_large_charging_energy_leaves_three_states(bias):
    at = coefficients(X, 300.0, bias)
    energy = 0.3 - FORCE * X + 1j * 1e-20
    gain, loss = in_and_out(energy, bias)
    empty = np.zeros_like(gain)
    rates = [[-2 * gain, loss, loss], [gain, -loss, empty], [gain, empty, -loss]]
    generator = np.array(rates).transpose(2, 0, 1)
    three = qem.rate_equation_coefficients(
        generator.real, -FORCE * generator.imag / 1e-20, [0, 1, 1], FORCE, MASS
    )
    # two electrons are a matter of the Lorentzian's tails, (2/300)², at most
    assert at.probabilities[:, 3].max() < 1e-12
    assert at.charge == pytest.approx(three.charge, abs=1e-10)
    assert at.damping == pytest.approx(three.damping, rel=1e-4)
    assert at.diffusion == pytest.approx(three.diffusion, rel=1e-4)


def test_the_oscillator_of_a_dot_in_equilibrium_is_in_its_gibbs_state():
    """Carried through `LangevinModel`: the state is e^{−(p²/2m + U)/T}, whatever the electrons."""
    x = np.linspace(-130, 130, 401)
    at = coefficients(x, 1.5, 0.0)
    model = qem.LangevinModel(
        MASS, 0.1, x, FORCE * (at.charge - 1.0), damping=at.damping, diffusion=at.diffusion
    )
    state = qem.steady_state(model)
    center = qem.orbit_average(model).center
    x, p = np.linspace(center - 30, center + 30, 31)[:, None], np.linspace(-3, 3, 21)
    gibbs = np.exp(-(p**2 / (2 * MASS) + model.potential_at(x) - model.potential_at(center)) / T)
    w = state.wigner(x, p) / state.wigner(center, 0.0)
    assert np.abs(w - gibbs).max() < 1e-8


LEVEL = np.array([[[-0.2, 0.3], [0.2, -0.3]]])
LEAKY = np.array([[[-0.1, 0.3], [0.2, -0.3]]])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"generator": LEVEL[0]}, "generator must be an array with 3 axis"),
        ({"generator": LEVEL[:, :1]}, r"generator must have shape .*\(1, 1, 2\)"),
        ({"generator": LEVEL * np.nan}, "generator must hold finite"),
        ({"generator": -LEVEL}, "generator must hold no negative rate, got -0.3"),
        ({"generator": LEAKY}, "generator must have columns that add up"),
        ({"generator": 0 * LEVEL}, "generator must have one stationary state"),
        ({"slope": LEVEL[:, :, :1]}, "slope must have the shape of generator"),
        ({"slope": LEAKY}, "slope must have columns that add up"),
        ({"charge": [0, 1, 2]}, r"charge must have one value a state, \(2,\), got \(3,\)"),
        ({"force": np.inf}, "force must"),
        ({"mass": 0.0}, "mass must"),
    ],
)
def test_bad_arguments_are_named(changed, message):
    arguments = {
        "generator": LEVEL,
        "slope": 0 * LEVEL,
        "charge": [0, 1],
        "force": 0.1,
        "mass": 1.0,
    }
    with pytest.raises(ValueError, match=message):
        qem.rate_equation_coefficients(**(arguments | changed))


def test_summary_names_what_matters():
    text = repr(coefficients(X, 2.0, BIAS))
    assert "13 positions, 4 states" in text
    assert "slowest electronic rate" in text
