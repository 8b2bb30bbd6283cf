"""The dot's spectral function and the distribution of its electrons."""

from dataclasses import replace

import numpy as np
import pytest
from cases import Sum, between, devices, equilibrium_devices, few, greens_function
from hypothesis import given
from scipy.integrate import quad

import qemlib as qem

OMEGA = np.linspace(-4, 4, 33)


@few
@given(devices, between(-20, 20))
def test_spectral_function_is_that_of_two_lossy_modes(dev, x):
    expected = -2 * greens_function(dev, x, OMEGA).imag
    assert qem.spectral_function(dev, x, OMEGA) == pytest.approx(expected, rel=1e-12)


@few
@given(devices, between(-20, 20))
def test_spectral_function_holds_one_level(dev, x):
    level = dev.level - dev.force * x
    ends = [-np.inf, -6.0, level - 1, level, level + 1, 6.0, np.inf]
    total = sum(
        quad(lambda w: float(qem.spectral_function(dev, x, w)), a, b, epsabs=1e-13, limit=400)[0]
        for a, b in zip(np.sort(ends)[:-1], np.sort(ends)[1:], strict=True)
    )
    assert total == pytest.approx(2 * np.pi, rel=1e-11)


@few
@given(devices)
def test_distribution_lies_between_those_of_the_leads(dev):
    fermi = np.stack([lead.occupation(OMEGA) for lead in dev.leads])
    phi = qem.distribution(dev, OMEGA)
    assert (phi >= fermi.min(axis=0) - 1e-15).all()
    assert (phi <= fermi.max(axis=0) + 1e-15).all()


@few
@given(equilibrium_devices())
def test_distribution_of_an_equilibrium_device_is_fermi_dirac(dev):
    assert qem.distribution(dev, OMEGA) == pytest.approx(dev.left.occupation(OMEGA), rel=1e-14)


def test_distribution_is_inverted_where_the_fuller_lead_has_the_higher_band():
    # Negative damping needs Φ' > 0: the full left lead with ω_L > ω_R.
    near = np.array([-0.01, 0.01])
    assert np.diff(qem.distribution(qem.paper_device(20.0), near)) > 0
    assert np.diff(qem.distribution(qem.paper_device(0.0), near)) < 0


def test_shapes_broadcast():
    dev = qem.paper_device(6.0)
    assert qem.spectral_function(dev, np.zeros((3, 1)), np.zeros(4)).shape == (3, 4)
    assert qem.distribution(dev, np.zeros((2, 5))).shape == (2, 5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda dev: qem.spectral_function(dev, np.nan, 0.0), "x .*nan"),
        (lambda dev: qem.spectral_function(dev, 0.0, [0.0, np.inf]), "omega .*inf at index"),
        (lambda dev: qem.spectral_function(dev, 1j, 0.0), "x must be real"),
        (lambda dev: qem.spectral_function(dev, [1.0, 2.0], [1.0, 2.0, 3.0]), r"x \(2,\).*\(3,\)"),
        (lambda dev: qem.distribution(dev, np.nan), "omega .*nan"),
        (lambda dev: qem.distribution(dev, "energy"), "omega .*'energy'"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call(qem.paper_device())


def test_any_spectral_density_may_describe_a_lead():
    dev = qem.paper_device(7.0)
    half = replace(dev.left.density, rate=1.0)
    split = replace(dev, left=replace(dev.left, density=Sum(half, half)))
    for of in (qem.occupation, qem.damping, qem.diffusion, qem.current):
        assert of(split, 3.0) == pytest.approx(of(dev, 3.0), rel=1e-12)


def test_what_a_density_is_known_to_is_in_the_errors():
    class Measured(Sum):
        accuracy = 1e-4

    dev, x = qem.paper_device(7.0), [0.0, 3.0]
    for kind, least in ((Sum, 0.0), (Measured, 1e-4)):
        lead = replace(dev.left, density=kind(dev.left.density))
        at = qem.electron_coefficients(replace(dev, left=lead), x)
        for name, error in at.error.items():
            size = np.abs(getattr(at, name))
            assert (error >= least * size).all()
            assert (error < (least + 1e-8) * size.max() * 10).all()


class Edited(qem.Lorentzian):
    """A Lorentzian with one method replaced, as a user might get it wrong."""


def edited(**methods):
    return type("Edited", (Edited,), methods)(center=0.0, bandwidth=1.0, rate=1.0)


def lorentzian(omega):
    return 1.0 / (1.0 + np.asarray(omega) ** 2)


@pytest.mark.parametrize(
    ("methods", "message"),
    [
        (
            {"spectral_density": lambda self, w: lorentzian(w) - 0.01},
            r"density: spectral_density must not be negative, got -0\.0\d+ at omega = -",
        ),
        (
            {"spectral_density": lambda self, w: np.where(w == 0.0, np.inf, lorentzian(w))},
            "density: spectral_density must be finite, got inf at omega = 0",
        ),
        (
            {"self_energy_derivative": lambda self, w: np.full(np.shape(w), np.nan)},
            "density: self_energy_derivative must be finite, got nan",
        ),
        (
            {
                "spectral_density": lambda self, w: np.ones(np.shape(w)),
                "self_energy": lambda self, w: np.full(np.shape(w), -0.5j),
            },
            "density: spectral_density must decay .* got 1 and 1",
        ),
        (
            {"self_energy": lambda self, w: qem.Lorentzian.self_energy(self, w).conj()},
            "the imaginary part of self_energy must be −κ/2, got",
        ),
        (
            {"spectral_density": lambda self, w: 1.0},
            r"spectral_density must return an array of the shape of omega, \(\d+,\), got \(\)",
        ),
        (
            {"spectral_density": lambda self, w: lorentzian(w) + 0j},
            "density: spectral_density must be real, got values of type complex128",
        ),
        (
            {"self_energy_derivative": lambda self, w: np.full(np.shape(w), "none")},
            "density: self_energy_derivative must return numbers, got type <U4",
        ),
        ({"width": 0.0}, "density.width must be finite and greater than 0, got 0.0"),
        ({"energies": (np.nan,)}, "density.energies must hold finite numbers only, got nan"),
    ],
)
def test_densities_that_are_none_are_refused(methods, message):
    with pytest.raises(ValueError, match=message):
        qem.Lead(edited(**methods), 0.0, 1.0)


def test_a_density_that_is_one_is_not_refused():
    assert qem.Lead(edited(), 0.0, 1.0).density.rate == 1.0


def test_an_integral_that_does_not_converge_is_refused():
    band = qem.Lorentzian(center=0.0, bandwidth=1.0, rate=1.0)

    class Jagged(qem.Lorentzian):
        def spectral_density(self, omega):
            return super().spectral_density(omega) * (1.5 + np.sign(np.sin(300 * omega)))

        def self_energy(self, omega):
            return super().self_energy(omega).real - 0.5j * self.spectral_density(omega)

    jagged = Jagged(center=0.0, bandwidth=1.0, rate=1.0)
    dev = replace(
        qem.paper_device(10.0), left=qem.Lead(jagged, 5.0, 1.0), right=qem.Lead(band, -5.0, 1.0)
    )
    with pytest.raises(qem.QuadratureError, match=r"x = 0 the spectral function holds 0\.96"):
        qem.occupation(dev, 0.0)
