"""The device's scales, its conventions, and what it refuses."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from cases import between, devices, few, oscillators
from hypothesis import given
from scipy.integrate import quad

import qemlib as qem

BAND = qem.Lorentzian(center=0.5, bandwidth=1.0, rate=2.0)
LEAD = qem.Lead(BAND, chemical_potential=1.0, temperature=2.0)

NOT_FINITE = [np.nan, np.inf, -np.inf]
NOT_A_NUMBER = [True, "1.0", b"1", None, 1j, [1.0], np.ones(2), {}, print]


@few
@given(oscillators)
def test_scales_belong_to_a_ladder_operator(osc):
    # [a, a†] = 1 with a = x/x0 + ip/p0 and [x, p] = i needs x0 p0 = 2; H = ω0|α|² fixes the rest.
    assert osc.x0 * osc.p0 == pytest.approx(2.0, rel=1e-14)
    energy_of_position = 0.5 * osc.mass * osc.frequency**2 * osc.x0**2
    energy_of_momentum = osc.p0**2 / (2 * osc.mass)
    assert energy_of_position == pytest.approx(osc.frequency, rel=1e-14)
    assert energy_of_momentum == pytest.approx(osc.frequency, rel=1e-14)


@few
@given(devices)
def test_force_times_x0_is_twice_the_coupling(dev):
    assert dev.force * dev.oscillator.x0 == pytest.approx(2 * dev.coupling, rel=1e-14)


@few
@given(devices, between(-20, 20))
def test_new_voltage_keeps_the_mean_potential_and_all_else(dev, voltage):
    changed = dev.with_voltage(voltage)
    assert changed.voltage == pytest.approx(voltage, abs=1e-13)
    mean = dev.left.chemical_potential + dev.right.chemical_potential
    new = changed.left.chemical_potential + changed.right.chemical_potential
    assert new == pytest.approx(mean, abs=1e-13)
    restored = replace(changed, left=dev.left, right=dev.right)
    assert restored == dev
    assert changed.left.density == dev.left.density
    assert changed.right.temperature == dev.right.temperature


def test_paper_device_holds_the_parameters_of_figure_2():
    dev = qem.paper_device(6.0)
    assert (dev.oscillator.frequency, dev.oscillator.mass) == (0.2, 1.0)
    assert (dev.coupling, dev.level, dev.voltage) == (0.1, 0.0, 6.0)
    assert (dev.left.density.center, dev.right.density.center) == (0.5, -0.5)
    for lead in dev.leads:
        assert (lead.density.bandwidth, lead.density.rate, lead.temperature) == (1.0, 2.0, 2.0)
    assert (dev.left.chemical_potential, dev.right.chemical_potential) == (3.0, -3.0)
    # m = 1 and ω0 = 0.2: x0 = √10, twice the ground state's √(1/2mω0).
    assert dev.oscillator.x0 == pytest.approx(np.sqrt(10.0), rel=1e-15)


def test_self_energy_gives_back_the_level_width():
    omega = np.linspace(-5, 5, 41)
    assert -2 * BAND.self_energy(omega).imag == pytest.approx(
        BAND.spectral_density(omega), rel=1e-14
    )


@pytest.mark.parametrize("omega", [-1.3, 0.5, 2.0])
def test_self_energy_obeys_kramers_kronig(omega):
    # Re Σ(ω) = P∫ dν/2π κ(ν)/(ω − ν)
    principal = -quad(
        BAND.spectral_density, omega - 40, omega + 40, weight="cauchy", wvar=omega, epsabs=1e-11
    )[0]
    tails = sum(
        quad(lambda nu: BAND.spectral_density(nu) / (omega - nu), *part)[0]
        for part in [(-np.inf, omega - 40), (omega + 40, np.inf)]
    )
    assert BAND.self_energy(omega).real == pytest.approx(
        (principal + tails) / (2 * np.pi), abs=1e-9
    )


def test_self_energy_derivative_is_its_slope():
    omega, step = np.linspace(-3, 3, 13), 1e-4
    slope = (BAND.self_energy(omega + step) - BAND.self_energy(omega - step)) / (2 * step)
    assert np.abs(BAND.self_energy_derivative(omega) - slope).max() < 1e-7


def test_occupation_is_one_half_at_the_chemical_potential_and_falls():
    assert LEAD.occupation(1.0) == 0.5
    assert LEAD.occupation(3.0) == pytest.approx(1 / (1 + np.e), rel=1e-15)
    assert LEAD.occupation(np.array([-1e6, 1e6])).tolist() == [1.0, 0.0]


def test_vacancy_keeps_its_digits_in_a_full_band():
    assert LEAD.vacancy(-99.0) == pytest.approx(np.exp(-50.0), rel=1e-14)
    assert LEAD.vacancy(2.5) + LEAD.occupation(2.5) == pytest.approx(1.0, abs=1e-15)


BUILD = {
    "frequency": lambda v: qem.Oscillator(frequency=v),
    "mass": lambda v: qem.Oscillator(frequency=0.2, mass=v),
    "center": lambda v: qem.Lorentzian(center=v, bandwidth=1.0, rate=2.0),
    "bandwidth": lambda v: qem.Lorentzian(center=0.0, bandwidth=v, rate=2.0),
    "rate": lambda v: qem.Lorentzian(center=0.0, bandwidth=1.0, rate=v),
    "chemical_potential": lambda v: qem.Lead(BAND, chemical_potential=v, temperature=2.0),
    "temperature": lambda v: qem.Lead(BAND, chemical_potential=0.0, temperature=v),
    "coupling": lambda v: replace(qem.paper_device(), coupling=v),
    "level": lambda v: replace(qem.paper_device(), level=v),
    "voltage": lambda v: qem.paper_device(voltage=v),
}
POSITIVE = ["frequency", "mass", "bandwidth", "rate", "temperature"]


@pytest.mark.parametrize("name", BUILD)
@pytest.mark.parametrize("value", NOT_FINITE + NOT_A_NUMBER, ids=repr)
def test_what_is_not_one_finite_number_is_refused_by_name_and_value(name, value):
    if name == "chemical_potential" and isinstance(value, float) and np.isinf(value):
        assert BUILD[name](value).occupation(0.0) == (value > 0)  # a full or an empty lead
        return
    with pytest.raises(ValueError, match=name) as refusal:
        BUILD[name](value)
    assert repr(value) in str(refusal.value)


@pytest.mark.parametrize("name", POSITIVE)
@pytest.mark.parametrize("value", [0, 0.0, -1.0])
def test_what_must_be_positive_refuses_zero_and_less(name, value):
    with pytest.raises(ValueError, match=f"{name} must be finite and greater than 0, got {value}"):
        BUILD[name](value)


@pytest.mark.parametrize("name", BUILD)
@pytest.mark.parametrize("value", [1, 1.5, np.float64(1.5), np.int32(2), np.float32(0.5)], ids=repr)
def test_every_kind_of_real_number_is_taken_as_a_float(name, value):
    built = BUILD[name](value)
    stored = getattr(built, name)
    assert type(stored) is float
    assert stored == float(value)


@pytest.mark.parametrize("value", [np.True_, np.False_], ids=repr)
def test_numpy_booleans_are_refused_like_booleans(value):
    with pytest.raises(ValueError, match="voltage"):
        qem.paper_device(value)


def test_ragged_input_is_refused_by_name():
    with pytest.raises(ValueError, match="voltage"):
        qem.paper_device([1.0, [2.0]])


@pytest.mark.parametrize("value", [np.nan, np.inf, "6", True], ids=repr)
def test_with_voltage_refuses_what_paper_device_refuses(value):
    with pytest.raises(ValueError, match="voltage"):
        qem.paper_device().with_voltage(value)


def test_between_a_full_and_an_empty_lead_there_is_no_other_voltage():
    device = replace(
        qem.paper_device(),
        left=replace(LEAD, chemical_potential=np.inf),
        right=replace(LEAD, chemical_potential=-np.inf),
    )
    assert device.voltage == np.inf
    with pytest.raises(ValueError, match="voltage needs a device with finite chemical potentials"):
        device.with_voltage(1.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [("oscillator", 0.2), ("left", BAND), ("right", None), ("left", "lead")],
)
def test_parts_of_the_wrong_kind_are_refused(name, value):
    with pytest.raises(TypeError, match=f"{name} must be an? "):
        replace(qem.paper_device(), **{name: value})


def test_a_lead_needs_a_spectral_density():
    with pytest.raises(TypeError, match=r"density must be a spectral density.*self_energy"):
        qem.Lead(2.0, chemical_potential=0.0, temperature=1.0)


@pytest.mark.parametrize(
    ("part", "name"),
    [
        (qem.Oscillator(0.2), "frequency"),
        (BAND, "rate"),
        (LEAD, "temperature"),
        (qem.paper_device(), "coupling"),
    ],
)
def test_everything_is_frozen(part, name):
    with pytest.raises(FrozenInstanceError):
        setattr(part, name, 1.0)
    assert hash(part) == hash(replace(part))
