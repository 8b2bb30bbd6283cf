"""Where friction changes its sign: closed forms, other ways to it, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate
from scipy.optimize import brentq

import qemlib as qem
from qemlib.studies.friction import position_at_rest
from qemlib.studies.thresholds import over_parameter, root

DEVICE = qem.paper_device()


def test_the_papers_threshold_is_where_friction_vanishes():
    found = qem.damping_threshold(DEVICE, (6.0, 12.0))
    assert found.voltage == found.value == float(found) == pytest.approx(8.46328, abs=1e-5)
    assert 0.0 < found.uncertainty < 1e-9
    below, above = (
        float(qem.damping(DEVICE.with_voltage(found.voltage + side * 1e-9), 0.0))
        for side in (-1, 1)
    )
    assert below > 0 > above


def mirrored(offset, rate):
    left, right = (
        qem.Lead(qem.Lorentzian(side * offset, 1.0, rate), side * 5e5, 1.0) for side in (1, -1)
    )
    return qem.Device(qem.Oscillator(0.2), left, right, coupling=0.1)


def test_over_the_rate_it_is_the_zero_of_an_integral_at_infinite_bias():
    """∫ (a² + δ² − ω²)/|P|⁴ vanishes there, and no Fermi function is left."""
    offset = 0.5
    found = qem.damping_threshold(mirrored(offset, 1.0), (1.0, 40.0), "rate")

    def friction(rate):
        def integrand(w):
            z = offset - 1j, -offset - 1j
            p = w * (w - z[0]) * (w - z[1]) - 0.5 * rate * ((w - z[1]) + (w - z[0]))
            return (offset**2 + 1 - w**2) / abs(p) ** 4

        return integrate.quad(integrand, -np.inf, np.inf, epsrel=1e-11, limit=400)[0]

    assert brentq(friction, 1.0, 10.0, xtol=1e-10) == pytest.approx(found.value, abs=1e-5)
    assert found.parameter == "rate"


def test_over_two_parameters_it_is_one_device():
    found = qem.damping_threshold(DEVICE, (6.0, 12.0))
    here = DEVICE.with_voltage(found.voltage)
    for over, bracket in (
        ("temperature", (1.0, 3.0)),
        ("left.density.rate", (1.0, 3.0)),
        ("offset", (0.3, 0.8)),
        ("left.temperature", (1.0, 3.0)),
    ):
        again = qem.damping_threshold(here, bracket, over)
        middle = 0.5 if over == "offset" else 2.0
        assert again.value == pytest.approx(middle, abs=1e-9), over


def test_noise_at_the_oscillator_is_the_balance_of_quanta():
    def growth(voltage):
        given, taken = qem.noise_spectrum(DEVICE.with_voltage(voltage), 0.0, [0.2, -0.2])
        return given - taken

    found = qem.damping_threshold(DEVICE, (6.0, 12.0), noise_at="oscillator")
    assert brentq(growth, 6.0, 12.0, xtol=1e-12) == pytest.approx(found.value, abs=1e-9)
    assert found.value == pytest.approx(8.301449, abs=1e-6)


def test_a_small_orbit_has_the_same_threshold_and_a_wide_one_another():
    at_rest = qem.damping_threshold(DEVICE, (8.0, 9.0), noise_at="oscillator")
    small = qem.damping_threshold(DEVICE, (8.2, 8.4), noise_at="orbit")
    assert small.value == pytest.approx(at_rest.value, abs=at_rest.uncertainty + small.uncertainty)
    wide = qem.damping_threshold(DEVICE, (8.2, 12.0), noise_at="orbit", amplitude=10.0)
    friction = [
        qem.orbit_coefficients(DEVICE.with_voltage(wide.value + side * 1e-5), [10.0]).friction[0]
        for side in (-1, 1)
    ]
    assert friction[0] > 0 > friction[1]
    assert wide.value > small.value + 0.1


def test_errors_of_a_table_are_in_the_uncertainty():
    u = np.sinh(np.linspace(-np.arcsinh(60), np.arcsinh(60), 121))
    leads = [
        replace(lead, density=qem.Tabulated(lead.density.center + u, 2.0 / (1.0 + u**2)))
        for lead in DEVICE.leads
    ]
    table = replace(DEVICE, left=leads[0], right=leads[1])
    exact = qem.damping_threshold(DEVICE, (6.0, 12.0)).value
    for noise_at, other in (("zero", exact), ("oscillator", 8.301449)):
        found = qem.damping_threshold(table, (6.0, 12.0), noise_at=noise_at)
        assert abs(found.value - other) < found.uncertainty < 0.2


def floppy(level):
    """A narrow level at a Fermi edge, whose charge gives way more than the spring holds."""
    lead = qem.Lead(qem.Lorentzian(0.0, 1.0, 0.1), 0.0, 0.05)
    return qem.Device(qem.Oscillator(0.2), lead, lead, coupling=0.4, level=level)


def test_at_rest_is_the_lowest_of_the_effective_potential():
    assert position_at_rest(DEVICE) == 0.0
    assert position_at_rest(replace(DEVICE, coupling=0.0)) == 0.0
    for level in (0.3, 0.9, 1.1, -0.9):
        device = floppy(level)
        spring = device.oscillator.mass * device.oscillator.frequency**2
        x = np.linspace(-1.0, 1.0, 8001) * abs(device.force) / spring
        pull = device.force * qem.excess_charge(device, x) - spring * x
        potential = -integrate.cumulative_trapezoid(pull, x, initial=0.0)
        found = position_at_rest(device)
        assert found == pytest.approx(x[potential.argmin()], abs=x[1] - x[0]), level
        force = device.force * float(qem.excess_charge(device, found))
        assert force == pytest.approx(spring * found, abs=1e-9 * abs(device.force)), level
    assert position_at_rest(floppy(0.3)) > 1.0
    assert position_at_rest(floppy(1.1)) == 0.0


def test_what_jumps_has_no_threshold():
    class Jump:
        def value(self, device):
            return 1.0 if device.level < 0.123 else -2.0

        def error(self, device):
            return 0.0

    with pytest.raises(qem.ConvergenceError, match=r"jumps from 1 to -2 near level = 0\.123"):
        root(Jump(), over_parameter(DEVICE, "level"), (0.0, 1.0), "level", "friction")


def test_friction_elsewhere_has_its_own_threshold():
    x = 3.0 * DEVICE.oscillator.x0
    found = qem.damping_threshold(DEVICE, (6.0, 20.0), position=x)
    assert float(qem.damping(DEVICE.with_voltage(found.value), x)) == pytest.approx(0.0, abs=1e-15)
    assert found.value > 9.0
    rest = qem.damping_threshold(DEVICE, (6.0, 12.0), position="rest")
    assert rest.value == pytest.approx(8.46328, abs=1e-5)


def test_friction_that_vanishes_at_an_end_is_found_there():
    found = qem.damping_threshold(DEVICE, (6.0, 12.0)).value
    assert qem.damping_threshold(DEVICE, (6.0, found)).value == pytest.approx(found, abs=1e-9)


def test_summary_names_parameter_and_uncertainty():
    assert repr(qem.damping_threshold(DEVICE, (6.0, 12.0))).startswith(
        "Threshold(voltage=8.46327816 +/- "
    )
    assert repr(qem.Threshold(1.5, 1e-3, parameter="coupling")) == (
        "Threshold(coupling=1.5 +/- 1e-03)"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bracket": (9.0, 8.0)}, "^bracket must be two voltages, the lower first, got "),
        ({"bracket": (9.0, 8.0), "over": "coupling"}, "^bracket must be two values of coupling"),
        ({"bracket": (0.0, np.nan)}, "^bracket must hold finite"),
        ({"bracket": (0.0, 5.0)}, r"^bracket must have friction .*0\.000325 at voltage = 0 and"),
        ({"over": "colour"}, "^over must name parameters: 'colour' is not .* voltage, temperature"),
        ({"over": "left.density"}, "^over must name parameters: 'left.density' is not"),
        ({"bracket": (-1.0, 1.0), "over": "temperature"}, "^temperature must .*got -1.0"),
        ({"noise_at": "white"}, "^noise_at must be one of"),
        ({"position": np.nan}, "^position must be a finite number"),
        ({"position": "left"}, "^position must be one of"),
        ({"amplitude": -1.0, "noise_at": "orbit"}, "^amplitude must not be negative"),
        ({"amplitude": 1.0}, "^amplitude must be 0 where no orbit is looked at"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        qem.damping_threshold(**{"device": DEVICE, "bracket": (6.0, 12.0)} | arguments)


def test_without_coupling_there_is_nothing_to_change_sign():
    with pytest.raises(ValueError, match="^bracket must have friction of opposite signs"):
        qem.damping_threshold(replace(DEVICE, coupling=0.0), (6.0, 12.0))
    with pytest.raises(TypeError, match="^device must be a Device"):
        qem.damping_threshold(None, (6.0, 12.0))
