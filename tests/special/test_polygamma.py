"""Polygamma functions off the real axis, against mpmath in 40 digits."""

import mpmath as mp
import numpy as np
import pytest

from qemlib._special.polygamma import divided_difference, parallelogram, polygamma

RNG = np.random.default_rng(3)
# u = 1/2 + (depth − i energy)/2πT for the poles of G at temperatures from 1e-3 to 1e3.
U = 0.5 + 10 ** RNG.uniform(-4, 4, 60) + 1j * 10 ** RNG.uniform(-4, 5, 60) * RNG.choice([-1, 1], 60)
U = np.concatenate([U, 0.5 + 1j * RNG.uniform(-3, 3, 20), [0.5, 1.0, 8.5, 1.4616321449683622]])
STEPS = 1j * np.abs(U) * 10.0 ** RNG.uniform(-12, 1, U.size)


def exactly(function, *arguments):
    """function(*arguments) element by element in 60 digits, as complex doubles."""
    with mp.workdps(60):
        rows = zip(*(np.asarray(a, dtype=complex) for a in arguments), strict=True)
        return np.array([complex(function(*(mp.mpc(complex(v)) for v in row))) for row in rows])


def relative(found, expected, floor=0.0):
    return np.max(np.abs(found - expected) / np.maximum(np.abs(expected), floor))


@pytest.mark.parametrize(("order", "floor"), [(0, 1.0), (1, 0.0), (2, 0.0)])
def test_polygamma_to_round_off(order, floor):
    # Near its zero at 1.46 only the absolute error of ψ is small.
    expected = exactly(lambda u: mp.polygamma(order, u), U)
    assert relative(polygamma(order, U), expected, floor) < 2e-15


@pytest.mark.parametrize("order", [0, 1, 2])
def test_recurrence_and_reflection_about_the_real_axis(order):
    # ψ⁽ⁿ⁾(u+1) = ψ⁽ⁿ⁾(u) + (−1)ⁿ n!/u^{n+1}
    step = (-1.0) ** order * (2.0 if order == 2 else 1.0) / U ** (order + 1)
    scale = np.abs(polygamma(order, U)) + np.abs(step)
    assert (np.abs(polygamma(order, U + 1) - polygamma(order, U) - step) < 4e-15 * scale).all()
    assert polygamma(order, U.conj()) == pytest.approx(polygamma(order, U).conj(), rel=1e-15)


@pytest.mark.parametrize("order", [0, 1])
def test_divided_difference_keeps_its_digits_at_any_distance(order):
    expected = exactly(
        lambda a, b: (mp.polygamma(order, a) - mp.polygamma(order, b)) / (a - b), U + STEPS, U
    )
    assert relative(divided_difference(order, U + STEPS, U), expected) < 2e-14


@pytest.mark.parametrize("order", [0, 1])
def test_divided_difference_of_equal_points_is_the_derivative(order):
    derivative = polygamma(order + 1, U)
    assert divided_difference(order, U, U) == pytest.approx(derivative, rel=2e-15)


@pytest.mark.parametrize("size", [1e-9, 1e-3, 0.1, 3.0])
def test_parallelogram_is_a_mixed_second_difference(size):
    shift = 1j * np.abs(U) * size

    def mixed(a, b, s):
        corners = mp.digamma(a) - mp.digamma(b) - mp.digamma(a - s) + mp.digamma(b - s)
        return corners / ((a - b) * s)

    a = U + STEPS
    expected = exactly(mixed, a, U, shift)
    assert relative(parallelogram(a, U, shift), expected) < 3e-14


def test_parallelogram_shrinks_to_the_second_derivative():
    found = parallelogram(U, U, np.zeros_like(U))
    assert found == pytest.approx(polygamma(2, U), rel=2e-15)
