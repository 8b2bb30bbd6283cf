"""The physics has no scale: in other units of energy and of mass every result is the same."""

from dataclasses import replace

import numpy as np
import pytest
from cases import Sum

import qemlib as qem

FACTORS = [1e-30, 1e-18, 1e-9, 1e9, 1e30]
POSITIONS = np.array([-6.0, 0.0, 3.0])  # x0
NEAR = 1e-12


def in_units(density, energy):
    if isinstance(density, qem.Lorentzian):
        values = density.center, density.bandwidth, density.rate
        return qem.Lorentzian(*(energy * value for value in values))
    if isinstance(density, qem.Tabulated):
        return qem.Tabulated(energy * density.omega, energy * density.kappa, density.interpolation)
    return Sum(*(in_units(part, energy) for part in density.parts))


def scaled(device, energy, mass=1.0):
    leads = [
        qem.Lead(
            in_units(lead.density, energy),
            energy * lead.chemical_potential,
            energy * lead.temperature,
        )
        for lead in device.leads
    ]
    oscillator = qem.Oscillator(energy * device.oscillator.frequency, mass * device.oscillator.mass)
    return qem.Device(oscillator, *leads, energy * device.coupling, energy * device.level)


def table(center, shape=lambda u: 2.0 / np.cosh(u) ** 2, **options):
    u = np.sinh(np.linspace(-np.arcsinh(12), np.arcsinh(12), 201))
    return qem.Tabulated(center + u, shape(u), **options)


EQUAL = replace(qem.paper_device(6.0), level=0.3)
UNEQUAL = replace(EQUAL, left=replace(EQUAL.left, temperature=4.0))
COLD = replace(EQUAL, left=replace(EQUAL.left, temperature=1e-3))
# A flat band beside a narrow one, and temperatures that fit neither.
SPREAD = replace(
    UNEQUAL,
    left=qem.Lead(qem.Lorentzian(0.5, 1e6, 2.0), 3.0, 1e-3),
    right=qem.Lead(qem.Lorentzian(-0.5, 1e-3, 0.5), -3.0, 40.0),
)
TABLES = replace(
    UNEQUAL,
    left=replace(UNEQUAL.left, density=table(0.5)),
    right=replace(UNEQUAL.right, density=table(-0.5, interpolation="monotone")),
)
OWN = replace(
    UNEQUAL,
    left=replace(
        UNEQUAL.left, density=Sum(qem.Lorentzian(0.5, 1.0, 1.0), qem.Lorentzian(-2.0, 0.5, 0.7))
    ),
)
DEVICES = {
    "equal": EQUAL,
    "unequal": UNEQUAL,
    "cold": COLD,
    "spread": SPREAD,
    "tables": TABLES,
    "own": OWN,
}


def results(device, energy=1.0, mass=1.0):
    """All that is known of a device's electrons, as pure numbers if energies are in this unit."""
    x = POSITIONS * device.oscillator.x0
    at = qem.electron_coefficients(device, x)
    noise = device.force**2 / energy  # of D
    friction = device.force**2 / (device.oscillator.mass * energy**2)  # of γ
    return {
        "occupation": (at.occupation, at.error["occupation"]),
        "damping": (at.damping / friction, at.error["damping"] / friction),
        "diffusion": (at.diffusion / noise, at.error["diffusion"] / noise),
        "excess_charge": (at.excess_charge, 2.0 * at.error["occupation"].max()),
        "noise_spectrum": (qem.noise_spectrum(device, x, 0.4 * energy) / noise, 0.0),
        "current": (qem.current(device, x) / energy, 0.0),
        "spectral_function": (qem.spectral_function(device, x, 0.4 * energy) * energy, 0.0),
        "distribution": (qem.distribution(device, [0.4 * energy]), 0.0),
    }


REFERENCE = {name: results(device) for name, device in DEVICES.items()}


UNITS = [(name, energy, 1.0) for name in DEVICES for energy in FACTORS]
UNITS += [(name, e, m) for name in ("equal", "unequal") for e in FACTORS for m in (1e-30, 1e30)]


@pytest.mark.parametrize(("name", "energy", "mass"), UNITS)
def test_what_electrons_do_is_the_same_in_any_units(name, energy, mass):
    found = results(scaled(DEVICES[name], energy, mass), energy, mass)
    for quantity, (value, error) in REFERENCE[name].items():
        allowed = NEAR * np.abs(value).max() + 2.0 * np.max(error)
        assert found[quantity][0] == pytest.approx(value, rel=0, abs=allowed), quantity


@pytest.mark.parametrize("name", ["unequal", "tables"])
def test_units_that_are_powers_of_two_cost_no_digit_of_a_reported_error(name):
    for quantity, (value, error) in results(scaled(DEVICES[name], 2.0**-60), 2.0**-60).items():
        expected = REFERENCE[name][quantity]
        assert value == pytest.approx(expected[0], rel=1e-13), quantity
        assert error == pytest.approx(expected[1], rel=0.5), quantity


@pytest.mark.parametrize("energy", FACTORS)
def test_adiabaticity_is_made_of_ratios(energy):
    expected, found = (
        qem.adiabaticity(dev, POSITIONS * dev.oscillator.x0, amplitude=3.0 * dev.oscillator.x0)
        for dev in (UNEQUAL, scaled(UNEQUAL, energy, 1e-30))
    )
    for name, value in vars(expected).items():
        unit = energy if name == "memory_time" else 1.0
        assert unit * getattr(found, name) == pytest.approx(value, rel=1e-12), name


@pytest.mark.parametrize("interpolation", ["cubic", "monotone"])
@pytest.mark.parametrize("energy", FACTORS)
def test_a_table_is_the_same_density_in_any_units(energy, interpolation):
    omega = np.linspace(-2.0, 2.0, 201)
    kappa = np.sqrt(np.maximum(1.0 - (omega / 2.0) ** 2, 0.0))
    expected = qem.Tabulated(omega, kappa, interpolation)
    found = qem.Tabulated(energy * omega, energy * kappa, interpolation)
    probe = np.linspace(-3.0, 3.0, 77)
    for name, unit in (("spectral_density", energy), ("self_energy", energy)):
        values = getattr(found, name)(energy * probe) / unit
        assert values == pytest.approx(getattr(expected, name)(probe), abs=1e-11)
    slope = expected.self_energy_derivative(probe)
    assert found.self_energy_derivative(energy * probe) == pytest.approx(slope, abs=1e-9)
    assert found.accuracy == pytest.approx(expected.accuracy, rel=1e-6)
    assert found.width / energy == pytest.approx(expected.width)


@pytest.mark.parametrize("energy", FACTORS)
def test_bound_states_and_false_densities_are_refused_in_any_units(energy):
    omega = np.linspace(-1.0, 1.0, 101)
    lead = qem.Lead(qem.Tabulated(omega, 0.3 * (1.0 - omega**2) ** 2), 0.0, 0.5)
    bound = qem.Device(qem.Oscillator(0.2), lead, lead, coupling=0.1, level=3.0)
    with pytest.raises(qem.QuadratureError, match="bound state"):
        qem.occupation(scaled(bound, energy), 0.0)

    class Halved(qem.Lorentzian):
        def self_energy(self, omega):
            return 0.5 * super().self_energy(omega)

    with pytest.raises(ValueError, match="imaginary part"):
        qem.Lead(Halved(0.0, energy, energy), 0.0, energy)


@pytest.mark.parametrize("energy", FACTORS)
def test_rate_equations_have_no_scale(energy):
    rng = np.random.default_rng(5)
    rates = rng.uniform(0.1, 2.0, (3, 4, 4)) * (1 - np.eye(4))
    slopes = rng.normal(size=(3, 4, 4)) * (1 - np.eye(4))
    generator, slope = (
        array - array.sum(axis=1)[:, None, :] * np.eye(4) for array in (rates, slopes)
    )

    def coefficients(unit):
        return qem.rate_equation_coefficients(
            unit * generator, unit * slope, [0, 1, 1, 2], 0.1 * unit, 2.0
        )

    expected, found = coefficients(1.0), coefficients(energy)
    units = {"charge": 1.0, "damping": 1.0, "diffusion": energy, "slowest_rate": energy}
    for name, unit in units.items():
        value, reference = getattr(found, name) / unit, getattr(expected, name)
        assert value == pytest.approx(reference, rel=1e-11), name
