"""Quadrature over energy: its errors bound, whatever the scales, and its work has an end."""

from dataclasses import replace

import mpmath as mp
import numpy as np
import pytest

import qemlib as qem
from qemlib.electrons._axis import integrate
from qemlib.electrons.quadrature import EnergyQuadrature
from qemlib.electrons.residues import ResidueSums
from qemlib.witness.integrals import defining_integrals

# --- functions of one variable --------------------------------------------------------------------


def lone(function, *scales):
    """The integral of a function that varies at 0, on these scales, as (value, error, size)."""
    scales = np.array([scales or (1.0,)])
    found = integrate(
        lambda _owner, energy, _blurred: function(energy), np.zeros_like(scales), scales, 1e-13
    )
    return tuple(float(part[0]) for part in found)


@pytest.mark.parametrize("scale", [1e-60, 1e-9, 1.0, 1e12, 1e60])
@pytest.mark.parametrize(
    ("function", "exact"),
    [
        (lambda u: 1 / (1 + u**2), np.pi),
        (lambda u: 1 / (1 + u**2) ** 2, np.pi / 2),
        (lambda u: np.exp(-(u**2)), np.sqrt(np.pi)),
        (lambda u: np.exp(-np.abs(u)), 2.0),
        (lambda u: np.where(np.abs(u - 0.123) < 1, 1.0, 0.0), 2.0),
        (lambda u: np.sqrt(np.maximum(1 - (u - 0.2) ** 2, 0)), np.pi / 2),
        (lambda u: u / (1 + u**2) ** 2, 0.0),
        (lambda u: 0.0 * u, 0.0),
    ],
)
def test_errors_bound_and_are_relative_to_what_is_integrated(function, exact, scale):
    value, error, size = lone(lambda w: function(w / scale) / scale, scale)
    assert abs(value - exact) <= error
    assert error <= 1e-9 * size


@pytest.mark.parametrize("width", [1e-3, 1e-7, 1e-11])
def test_narrow_peaks_are_found_where_they_are_said_to_be(width):
    value, error, _ = lone(lambda w: width / (w**2 + width**2) + 1 / (1 + w**2), width, 1.0)
    assert abs(value - 2 * np.pi) <= error < 1e-10


def test_many_integrals_do_not_disturb_each_other():
    widths = np.array([1e-8, 1.0, 1e5])

    def sample(owner, energy, _blurred):
        return widths[owner][:, None] / (energy**2 + widths[owner][:, None] ** 2)

    value, error, _ = integrate(sample, np.zeros((3, 1)), widths[:, None], 1e-13)
    assert (np.abs(value - np.pi) <= error).all()
    assert (error < 1e-12).all()


def test_noise_and_what_is_no_number_come_to_an_end_with_an_error():
    rng = np.random.default_rng(1)
    noisy = lone(lambda w: (1 + 1e-6 * rng.standard_normal(w.shape)) / (1 + w**2))
    assert abs(noisy[0] - np.pi) <= noisy[1] < 1e-4
    assert lone(lambda w: np.where(w > 0.3, np.nan, 1 / (1 + w**2)))[1] == np.inf
    # Infinitely many jumps: it stops, and says that it did not converge.
    value, error, size = lone(lambda w: (1 + np.sign(np.sin(1e6 * w))) / (1 + w**2))
    assert error > 1e-6 * size
    assert abs(value - np.pi) <= error


# --- devices --------------------------------------------------------------------------------------


def random_device(seed):
    """Temperatures from 1e-3 to 1e3, resonances down to 1e-6 of a band, far and near levels."""
    rng = np.random.default_rng([8, seed])

    def log(low, high):
        return float(10.0 ** rng.uniform(low, high))

    leads = [
        qem.Lead(
            qem.Lorentzian(float(rng.normal()) * log(-2, 2), log(-3, 3), log(-6, 2)),
            float(rng.normal()) * log(-1, 1),
            log(-3, 3),
        )
        for _ in range(2)
    ]
    level = float(rng.normal()) * log(-2, 2)
    return qem.Device(qem.Oscillator(0.2), *leads, coupling=0.1, level=level)


@pytest.mark.parametrize("seed", range(8))
def test_reported_errors_bound_the_true_ones_of_random_devices(seed):
    dev = random_device(seed)
    with mp.workdps(30):
        exact = defining_integrals(dev, 0.0, digits=18)
        unit = 2 * mp.pi
        force2 = mp.mpf(dev.force) ** 2 / unit
        factors = {"occupation": 1 / unit, "current": 1 / unit, "diffusion": force2}
        factors["damping"] = force2 / mp.mpf(dev.oscillator.mass)
        quadrature = EnergyQuadrature(dev, np.array([dev.level]))
        for name, factor in factors.items():
            found = getattr(quadrature, name)()
            missed = abs(mp.mpf(found.value[0]) - getattr(exact, name) / factor)
            assert missed <= found.error[0] + 1e-15 * found.size[0], name
            assert found.error[0] <= 1e-9 * found.size[0], name


def test_resonances_between_narrow_bands_are_found():
    # A level between two bands far narrower than their coupling splits into three.
    lead = qem.Lead(qem.Lorentzian(0.0, 1e-7, 1e7), 0.3, 0.7)
    dev = qem.Device(qem.Oscillator(0.2), lead, replace(lead, temperature=1.1), coupling=0.1)
    level = np.array([-1.0, 0.0, 3.0])
    for name in ("occupation", "damping"):
        numeric, closed = (
            getattr(way(dev, level), name)() for way in (EnergyQuadrature, ResidueSums)
        )
        allowed = numeric.error + closed.error
        assert (np.abs(numeric.value - closed.value) <= allowed).all()
    assert EnergyQuadrature(dev, level).weight().value == pytest.approx(2 * np.pi, rel=1e-6)
