"""What comes in: every kind of number gets its value or a sentence with its name."""

import decimal
import fractions
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import qemlib as qem
from qemlib import _checks

MASKED = np.ma.array([1.0, 2.0, 3.0], mask=[False, True, False])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.ma.array([1.0, 2.0]), [1.0, 2.0]),
        (pd.Series([1, 2], dtype="Int64"), [1.0, 2.0]),
        (pd.Series([1.0, 2.0], dtype="Float64"), [1.0, 2.0]),
        (xr.DataArray([1.0, 2.0]), [1.0, 2.0]),
        (np.array([1, 2.5], dtype=object), [1.0, 2.5]),
        (np.array(3.0, dtype=np.float16), 3.0),
        (np.longdouble(3.0), 3.0),
        (10**30, 1e30),
        ([10**30, -1], [1e30, -1.0]),
        (fractions.Fraction(1, 4), 0.25),
        (range(3), [0.0, 1.0, 2.0]),
        (np.matrix([[1.0, 2.0]]), [[1.0, 2.0]]),
        ([], []),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_numbers_of_any_make_keep_their_value(value, expected):
    array = _checks.finite_array("x", value)
    assert type(array) is np.ndarray
    assert array.dtype == float
    assert array.tolist() == expected


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (MASKED, "must not be masked, got 1 of 3 entries masked.*filled.*compressed"),
        ([MASKED, MASKED], "must not be masked, got 2 of 6 entries masked"),
        ([1.0, np.ma.masked], "must not be masked, got 1 of 2"),
        (np.ma.masked, "must not be masked, got 1 of 1"),
        (pd.Series([1.0, pd.NA], dtype="Float64"), "must"),
        (np.array([1, None], dtype=object), "must be .*real number.*None"),
        (np.array(["2020-01-01"], dtype="M8[D]"), "must be .*real number.*2020"),
        (np.array([1], dtype="m8[s]"), "must be .*real number"),
        (np.array(["1", "2"]), "must be .*real number.*'1'"),
        ([True, False], "must be .*real number.*True"),
        (1 + 0j, r"must be real, got complex numbers in \(1\+0j\)"),
        (np.array([(1.0, 2)], dtype=[("a", float), ("b", int)]), "must be .*real number"),
        (10**400, "must be a finite number, got 1000"),
        (np.longdouble("1e400"), r"must be a finite number, got .*1e\+400"),
        (decimal.Decimal("1.5"), r"must be .*real number.*Decimal\('1.5'\)"),
        ([[1, 2], [3]], "must be .*real number"),
        (None, "must be .*real number.*None"),
        ({1}, "must be .*real number"),
    ],
    ids=lambda value: repr(value)[:30],
)
@pytest.mark.parametrize("check", [_checks.finite, _checks.finite_array])
def test_what_is_no_number_is_refused_by_name_and_value(check, value, words):
    with pytest.raises(ValueError, match=r"^x must") as refused:
        check("x", value)
    if check is _checks.finite_array:  # one number is asked for in other words
        assert refused.match(words)


def test_masks_are_seen_wherever_arrays_enter():
    omega = np.linspace(-5.0, 5.0, 41)
    kappa = np.ma.masked_less(np.exp(-(omega**2)), 1e-9)
    masked = int(kappa.mask.sum())
    assert masked > 0
    calls = {
        "kappa": lambda: qem.Tabulated(omega, kappa),
        "x": lambda: qem.occupation(qem.paper_device(), kappa),
        "omega": lambda: qem.noise_spectrum(qem.paper_device(), 0.0, kappa),
        "populations": lambda: qem.second_order_coherence(kappa),
        "chemical_potential": lambda: qem.Lead(qem.Lorentzian(0, 1, 1), np.ma.masked, 1.0),
        "damping": lambda: qem.LangevinModel(
            mass=1.0, frequency=0.5, x=omega, force=0 * omega, damping=kappa, diffusion=omega**2
        ),
    }
    for name, call in calls.items():
        with pytest.raises(ValueError, match=f"{name} must not be masked"):
            call()


def test_whole_numbers_keep_all_their_digits():
    assert _checks.integer("seed", 2**60 + 1, 0) == 2**60 + 1
    assert _checks.integer("seed", 10**30 + 7, 0) == 10**30 + 7
    assert _checks.integer("seed", np.float64(3.0), 0) == 3


@pytest.mark.parametrize(
    "call",
    [
        lambda wrong: qem.occupation(wrong, 0.0),
        lambda wrong: qem.excess_charge(wrong, 0.0),
        lambda wrong: qem.damping(wrong, 0.0),
        lambda wrong: qem.diffusion(wrong, 0.0),
        lambda wrong: qem.current(wrong, 0.0),
        lambda wrong: qem.noise_spectrum(wrong, 0.0, 0.0),
        lambda wrong: qem.electron_coefficients(wrong, 0.0),
        lambda wrong: qem.spectral_function(wrong, 0.0, 0.0),
        lambda wrong: qem.distribution(wrong, 0.0),
        lambda wrong: qem.adiabaticity(wrong),
    ],
)
@pytest.mark.parametrize("wrong", ["device", None, 3.0, qem.Oscillator(1.0), qem.Device])
def test_what_is_no_device_is_a_type_error(call, wrong):
    with pytest.raises(TypeError, match="device must be a Device, got"):
        call(wrong)


@pytest.mark.parametrize("density", [3.0, "band", None, qem.Lorentzian])
def test_what_is_no_density_is_a_type_error(density):
    with pytest.raises(TypeError, match="density must be a spectral density"):
        qem.Lead(density, 0.0, 1.0)


@pytest.mark.parametrize("name", ["oscillator", "left", "right"])
def test_parts_of_a_device_are_of_their_types(name):
    with pytest.raises(TypeError, match=f"{name} must be an? "):
        replace(qem.paper_device(), **{name: 1.0})
