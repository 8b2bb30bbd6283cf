"""Hermite and Laguerre functions, beside Gauss rules and what compiles them."""

import mpmath
import numpy as np
import pytest
from scipy.special import eval_genlaguerre, gammaln

from qemlib._special import recurrences
from qemlib._special.hermite import hermite_functions
from qemlib._special.laguerre import laguerre_integrals, laguerre_sequence, laguerre_sums
from qemlib._special.recurrences import Carried, hermite_levels, laguerre_levels


@pytest.fixture
def uncompiled(monkeypatch):
    """The kernels as Python runs them."""
    monkeypatch.setattr(recurrences, "_rescale", recurrences._rescale.py_func)
    return hermite_levels.py_func, laguerre_levels.py_func


@pytest.mark.parametrize("y", [0.3, -5.0, 39.0, 47.0])
@pytest.mark.parametrize("n", [0, 7, 1100])
def test_hermite_functions_near_and_far(n, y):
    """Beyond 38.6 e^{−y²/2} is less than any double, but h_1100 is not."""
    with mpmath.workdps(60):
        norm = mpmath.sqrt(mpmath.mpf(2) ** n * mpmath.factorial(n) * mpmath.sqrt(mpmath.pi))
        exact = float(mpmath.hermite(n, y) * mpmath.exp(-(mpmath.mpf(y) ** 2) / 2) / norm)
    (found,) = hermite_functions(n + 1, [y * 0.7], width=0.7)[-1] * np.sqrt(0.7)
    assert abs(found - exact) < 1e-12


def test_hermite_functions_of_many_points_are_those_of_each():
    x = np.linspace(-50.0, 50.0, 31)
    together = hermite_functions(900, x, width=1.3)
    apart = np.concatenate([hermite_functions(900, [each], width=1.3) for each in x], axis=1)
    assert np.array_equal(together, apart)


@pytest.mark.parametrize("levels", [3, 64, 65, 200])
def test_laguerre_functions_one_by_one(levels):
    z, orders = np.array([0.0, 0.7, 30.0, 300.0]), np.array([0, 2, 5, 64, 150])
    orders = orders[orders < levels]
    every = list(laguerre_sequence(levels, z, orders))
    assert len(every) == levels
    for n in range(0, levels, max(1, levels // 9)):
        kept = orders[orders + n < levels]
        k = kept[:, None].astype(float)
        with np.errstate(divide="ignore", invalid="ignore"):
            log = 0.5 * (gammaln(n + 1.0) - gammaln(n + k + 1.0) - z)
            log += np.where(k > 0, 0.5 * k * np.log(z), 0.0)
        exact = np.exp(log) * eval_genlaguerre(n, k, z)
        assert every[n].shape == exact.shape
        assert np.abs(every[n] - exact).max() < 1e-10


@pytest.mark.parametrize("complex_", [False, True])
def test_sums_and_integrals_are_those_of_the_sequence(complex_):
    """Of so many orders and points that they do not go at once."""
    levels, z, orders = 90, np.linspace(0.0, 200.0, 701), np.arange(0, 90, 2)
    rng = np.random.default_rng(0)

    def some(*shape):
        found = rng.standard_normal(shape)
        return found + 1j * rng.standard_normal(shape) if complex_ else found

    weights, coefficients = some(orders.size, z.size), some(levels, orders.size)
    sums, integrals = 0.0, np.zeros((levels, orders.size), dtype=weights.dtype)
    for n, functions in enumerate(laguerre_sequence(levels, z, orders)):
        kept = len(functions)
        integrals[n, :kept] = (weights[:kept] * functions).sum(axis=1)
        term = coefficients[n, :kept, None] * functions
        sums = sums + np.concatenate([term, np.zeros((orders.size - kept, z.size))])
    assert np.abs(laguerre_integrals(levels, z, orders, weights) - integrals).max() < 1e-11
    assert np.abs(laguerre_sums(coefficients, z, orders) - sums).max() < 1e-11


def test_compiled_and_uncompiled_are_one(uncompiled):
    hermite, laguerre = uncompiled
    y = np.array([0.5, 20.0, 42.0])
    found = [np.empty((120, 3)) for _ in range(2)]  # so far that mantissas grow beyond 1e100
    for kernel, out in zip((hermite_levels, hermite), found, strict=True):
        kernel(y, Carried.begun(-0.5 * y**2), out)
    assert np.abs(found[0] - found[1]).max() < 1e-13
    z, orders = np.array([1.0, 900.0, 4000.0]), np.array([0, 1, 30])
    found = [np.empty((3, 40, 3)) for _ in range(2)]
    for kernel, out in zip((laguerre_levels, laguerre), found, strict=True):
        kernel(0, 35, z, orders, Carried.begun(np.tile(-0.5 * z, (3, 1))), out)
    assert np.abs(found[0] - found[1]).max() < 1e-13
    assert found[0][0, 34].any()
    assert not found[0][0, 35:].any()
    assert not found[0][2, 5:].any()
