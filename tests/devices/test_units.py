"""SI units: constants by name, conventions by the physics they stand for, and there and back."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import constants

import qemlib as qem

TUBE = {
    "frequency": 289e6,
    "mass": 5e-21,
    "coupling": 0.8e9,
    "temperature": (0.03, 0.05),
    "voltage": 0.25e-3,
    "rate": (0.43e9, 44.2e9),
    "bandwidth": (2e12, 1e12),
    "center": (0.1e-3 * constants.eV, -0.2e-3 * constants.eV),
    "level": 0.05e-3 * constants.eV,
    "mean_potential": 0.01e-3 * constants.eV,
    "quality_factor": 1304.0,
    "bath_temperature": 0.1,
}
UNITS = [qem.Units(), qem.Units(energy=constants.eV, mass=1e-20), qem.Units(1.0, 1.0)]
# Of the base units, and what each other one is in these.
DIMENSIONS = {
    "ampere": "coulomb / second",
    "watt": "joule / second",
    "newton": "joule / metre",
    "newton per metre": "newton / metre",
    "newton second": "newton * second",
    "newton squared second": "newton * newton * second",
}


@pytest.mark.parametrize("units", UNITS)
def test_there_and_back(units):
    device = qem.Device.from_si(**TUBE, units=units)
    found = device.to_si(units)
    assert found.keys() == TUBE.keys()
    for name, value in TUBE.items():
        assert found[name] == pytest.approx(value, rel=1e-12, abs=0.0), name
    again = qem.Device.from_si(**found, units=units)
    assert again.voltage == pytest.approx(device.voltage, rel=1e-12)
    for unit in ("joule", "hertz", "kelvin", "ampere", "metre", "newton squared second"):
        values = np.array([[1.0, -2.5e7], [3e-9, 0.0]])
        assert units.from_si(units.to_si(values, unit), unit) == pytest.approx(values, rel=1e-14)


def test_there_and_back_from_anywhere():
    """Devices and units of any size; V is the difference of two potentials, and loses as much."""
    rng = np.random.default_rng(17)

    def size(low, high):
        return float(10.0 ** rng.uniform(low, high))

    def sign():
        return float(rng.choice([-1.0, 1.0]))

    for _ in range(200):
        voltage = sign() * size(-9, 0)
        given = {
            "frequency": size(3, 11),
            "mass": size(-27, -9),
            "coupling": sign() * size(3, 13),
            "temperature": (size(-3, 3), size(-3, 3)),
            "voltage": voltage,
            "rate": (size(3, 14), size(3, 14)),
            "bandwidth": (size(3, 16), size(3, 16)),
            "center": (size(-30, -18), -size(-30, -18)),
            "level": sign() * size(-30, -18),
            "mean_potential": voltage * constants.e * rng.uniform(-100.0, 100.0),
            "quality_factor": size(0, 8),
            "bath_temperature": size(-3, 3),
        }
        units = qem.Units(size(-30, 0), size(-30, 0))
        found = qem.Device.from_si(**given, units=units).to_si(units)
        for name, value in given.items():
            assert found[name] == pytest.approx(value, rel=1e-12, abs=0.0), name


def test_devices_of_the_package_have_numbers_in_si():
    device = qem.paper_device(6.0)
    again = qem.Device.from_si(**device.to_si())
    assert again.oscillator.bath_temperature is None
    for one, other in zip(again.leads, device.leads, strict=True):
        assert one.density.center == pytest.approx(other.density.center, rel=1e-12)
        assert one.temperature == pytest.approx(other.temperature, rel=1e-12)
        assert one.chemical_potential == pytest.approx(other.chemical_potential, rel=1e-12)


def test_one_number_counts_for_both_leads():
    same = TUBE | {"temperature": 0.03, "rate": 1e9, "bandwidth": 1e12, "center": 0.0}
    left, right = qem.Device.from_si(**same).leads
    assert left.density == right.density
    assert left.temperature == right.temperature
    assert qem.Device.from_si(**TUBE | {"rate": np.array(TUBE["rate"])}) == qem.Device.from_si(
        **TUBE
    )


@pytest.mark.parametrize("units", UNITS)
def test_conventions_are_those_of_the_laboratory(units):
    device = qem.Device.from_si(**TUBE, units=units)
    osc, left = device.oscillator, device.left
    joule = units.energy
    # An oscillator of f hertz turns by 2πf radians in a second.
    omega = 2.0 * np.pi * TUBE["frequency"]
    assert units.to_si(osc.frequency, "radian per second") == pytest.approx(omega, rel=1e-12)
    assert osc.frequency * joule == pytest.approx(constants.hbar * omega, rel=1e-12)
    # Twice the standard deviation of the ground state.
    zero_point = np.sqrt(constants.hbar / (2.0 * TUBE["mass"] * omega))
    assert units.to_si(osc.x0, "metre") == pytest.approx(2.0 * zero_point, rel=1e-12)
    assert units.to_si(osc.p0, "newton second") * units.to_si(osc.x0, "metre") == pytest.approx(
        2.0 * constants.hbar, rel=1e-12
    )
    # Thermal and electric energies.
    assert left.temperature * joule == pytest.approx(constants.k * 0.03, rel=1e-12)
    assert device.voltage * joule == pytest.approx(constants.e * 0.25e-3, rel=1e-12)
    # The force of one electron is 2λ/x0.
    force = constants.h * TUBE["coupling"] / zero_point
    assert units.to_si(device.force, "newton") == pytest.approx(force, rel=1e-12)
    # The energy leaks at the rate ω0/Q.
    loss = units.to_si(osc.intrinsic_damping, "radian per second")
    assert loss == pytest.approx(omega / TUBE["quality_factor"], rel=1e-12)


def test_a_rate_is_the_full_width_of_a_level_in_a_flat_band():
    """κ_α/h is the Γ/2π that is quoted: its spectral function is half as high at ± Γ/2."""
    units = qem.Units()
    flat = TUBE | {"rate": (3e9, 5e9), "bandwidth": 1e17, "center": 0.0, "level": 0.0}
    device = qem.Device.from_si(**flat)
    half = 0.5 * float(units.from_si(3e9 + 5e9, "hertz"))
    middle, side = qem.spectral_function(device, 0.0, [0.0, half])
    assert side / middle == pytest.approx(0.5, rel=1e-6)


def test_current_of_an_open_channel_is_a_quantum_of_conductance():
    """Through a level at resonance, equally coupled and cold, I = (e²/h)V, from e and h alone."""
    open_channel = TUBE | {"rate": 1e12, "bandwidth": 1e17, "center": 0.0, "level": 0.0}
    open_channel |= {"temperature": 1e-3, "voltage": 1e-7, "mean_potential": 0.0}
    device = qem.Device.from_si(**open_channel)
    found = float(qem.Units().to_si(qem.current(device, 0.0), "ampere"))
    assert found == pytest.approx(constants.e**2 / constants.h * 1e-7, rel=1e-5)


def test_physics_does_not_depend_on_the_units():
    """Softening and friction of one device, told in two sets of units."""
    found = []
    for units in UNITS[:2]:
        device = qem.Device.from_si(**TUBE, units=units)
        at = qem.electron_coefficients(device, [0.0, 0.2 * device.oscillator.x0])
        found.append(
            [
                *units.to_si(at.damping, "radian per second"),
                *units.to_si(at.diffusion, "newton squared second"),
                float(units.to_si(qem.current(device, 0.0), "ampere")),
            ]
        )
    assert found[0] == pytest.approx(found[1], rel=1e-9, abs=0.0)


def test_derived_units_are_made_of_the_base_ones():
    for units in UNITS:
        base = {n: float(units.to_si(1.0, n)) for n in ("joule", "metre", "second", "newton")}
        base["coulomb"] = constants.e
        for unit, formula in DIMENSIONS.items():
            assert units.to_si(1.0, unit) == pytest.approx(eval(formula, {}, base), rel=1e-13)
        speed = base["metre"] / base["second"]
        assert units.mass * speed**2 == pytest.approx(base["joule"], rel=1e-13)
        # ħ = 1
        assert base["joule"] * base["second"] == pytest.approx(constants.hbar, rel=1e-13)


BAD = [
    *((name, value) for name in ("frequency", "mass") for value in (0.0, -1.0, np.nan, np.inf)),
    *(
        (name, value)
        for name in ("temperature", "rate", "bandwidth")
        for value in (0.0, -1.0, np.nan, (1.0, -1.0), (np.nan, 1.0), (1.0, 2.0, 3.0), "warm", None)
    ),
    *(
        (name, value)
        for name in ("coupling", "voltage", "level", "mean_potential", "center")
        for value in (np.nan, np.inf, "much", 1j)
    ),
    *((name, v) for name in ("quality_factor", "bath_temperature") for v in (0.0, -1.0, np.nan)),
    *((name, v) for name in ("frequency", "mass") for v in (None, "heavy", [1.0], 1j, (1.0, 2.0))),
    *((name, ((1.0, 2.0), 3.0)) for name in ("temperature", "rate", "bandwidth", "center")),
    *((name, []) for name in ("temperature", "rate", "bandwidth", "center", "voltage")),
    ("quality_factor", None),
    ("bath_temperature", None),
    ("voltage", (1.0, 2.0)),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_impossible_values_are_refused_by_name(name, value):
    with pytest.raises(ValueError, match=f"^{name}"):
        qem.Device.from_si(**TUBE | {name: value})


@pytest.mark.parametrize("name", ["energy", "mass"])
@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_units_are_positive(name, value):
    with pytest.raises(ValueError, match=f"^{name} must be finite and greater than 0"):
        qem.Units(**{name: value})


def test_what_has_no_unit_or_no_number_is_told_so():
    with pytest.raises(ValueError, match="^unit must be one of .*'ampere'.*got 'furlong'"):
        qem.Units().to_si(1.0, "furlong")
    with pytest.raises(ValueError, match="^value must"):
        qem.Units().from_si(np.nan, "kelvin")
    with pytest.raises(TypeError, match="^units must be a Units"):
        qem.Device.from_si(**TUBE, units="GHz")
    device = qem.paper_device(6.0)
    empty = replace(device, right=replace(device.right, chemical_potential=-np.inf))
    with pytest.raises(ValueError, match="^device: its right chemical_potential must be a finite"):
        empty.to_si()
    x = np.linspace(-9.0, 9.0, 64)
    table = replace(device, left=replace(device.left, density=qem.Tabulated(x, np.exp(-(x**2)))))
    with pytest.raises(TypeError, match="^device: its left density must be a Lorentzian"):
        table.to_si()
