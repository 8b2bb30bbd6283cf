"""Devices from made data: the right ones come back, as often as their intervals say."""

from dataclasses import replace

import numpy as np
import pytest
from test_scale import scaled

import qemlib as qem
from qemlib.studies.parameters import value_of, varied

DEVICE = qem.paper_device()
VOLTAGES = np.array([1.0, 2.0, 4.0, 6.0, 8.0, 10.0, 14.0, 20.0])
FREE = ("rate", "temperature")


def count_intervals(found, free, truth, inside):
    """Whether the interval of each parameter holds the truth, at each level."""
    for level, hits in inside.items():
        ends = [found.interval(name, level) for name in free]
        hits.append([low < value < high for (low, high), value in zip(ends, truth, strict=True)])


def assert_as_often_as_they_say(inside):
    for level, hits in inside.items():
        spread = np.sqrt(level * (1.0 - level) / len(hits))
        assert np.abs(np.mean(hits, axis=0) - level).max() < 3.5 * spread, level


def currents(device=DEVICE, voltages=VOLTAGES):
    return np.array([float(qem.current(device.with_voltage(v), 0.0)) for v in voltages])


def shifts(device=DEVICE, voltages=(1.0, 5.0)):
    return np.array(
        [
            float(qem.orbit_coefficients(device.with_voltage(v), [0.0]).frequency_shift[0])
            for v in voltages
        ]
    )


def elsewhere(*changes, device=DEVICE):
    for name, factor in changes:
        device = varied(device, name, factor * value_of(device, name))
    return device


def test_a_device_comes_back_from_its_own_numbers():
    data = [
        qem.Measurement("current_at_rest", currents(), 1e-3, at=VOLTAGES),
        qem.Measurement("frequency_shift", shifts(), 1e-5, at=[1.0, 5.0]),
        qem.Measurement("threshold", 8.4632782, 1e-3),
    ]
    free = ("rate", "coupling", "temperature")
    start = elsewhere(("rate", 1.3), ("coupling", 1.5), ("temperature", 0.8))
    found = qem.fit_device(data, start, free)
    assert found.values == pytest.approx([2.0, 0.1, 2.0], rel=1e-5)
    assert found.chi_square < 1e-6
    assert found.degrees_of_freedom == 8
    assert found.probability > 0.999
    assert found.device.left.density.rate == found.device.right.density.rate == found.values[0]
    assert found.errors == pytest.approx(np.sqrt(np.diag(found.covariance)))


def test_intervals_cover_the_truth_as_often_as_they_say():
    """60 sets of currents with noise of 1 %, each with a fit of its own."""
    rng = np.random.default_rng(17)
    voltages = np.array([1.0, 4.0, 8.0, 20.0])
    true = currents(voltages=voltages)
    error = 0.01 * true
    truth = np.array([value_of(DEVICE, name) for name in FREE])
    inside, distances, worse = {0.683: [], 0.954: []}, [], []
    for _ in range(60):
        values = true + error * rng.standard_normal(true.size)
        data = qem.Measurement("current_at_rest", values, error, at=voltages)
        found = qem.fit_device(data, DEVICE, FREE)
        worse.append(found.probability)
        off = found.values - truth
        distances.append(off @ np.linalg.solve(found.covariance, off))
        count_intervals(found, FREE, truth, inside)
    count = len(worse)
    assert_as_often_as_they_say(inside)
    # Its square is chi^2 with two degrees of freedom, of mean 2 and variance 4; and what fits worse
    # is as likely as it says.
    assert abs(np.mean(distances) - 2.0) < 3.5 * 2.0 / np.sqrt(count)
    assert abs(np.mean(worse) - 0.5) < 3.5 / np.sqrt(12 * count)


def test_intervals_cover_the_truth_of_a_threshold_and_of_friction():
    """100 sets of other measurements: a threshold, and friction with an error of its own each."""
    rng = np.random.default_rng(18)
    free, truth = ("coupling", "temperature"), np.array([0.1, 2.0])
    threshold = qem.damping_threshold(DEVICE, (6.0, 12.0)).value
    voltages = np.array([2.0, 14.0])

    def friction(device):
        return float(qem.damping(device, 0.0))

    true = np.array([friction(DEVICE.with_voltage(v)) for v in voltages])
    errors = 0.01 * np.abs(true)
    inside, distances = {0.68: [], 0.95: []}, []
    for _ in range(100):
        data = [
            qem.Measurement("threshold", threshold + 0.01 * rng.standard_normal(), 0.01),
            qem.Measurement(friction, true + errors * rng.standard_normal(2), errors, at=voltages),
        ]
        found = qem.fit_device(data, DEVICE, free)
        off = found.values - truth
        distances.append(off @ np.linalg.solve(found.covariance, off))
        count_intervals(found, free, truth, inside)
    assert_as_often_as_they_say(inside)
    assert abs(np.mean(distances) - 2.0) < 3.5 * 2.0 / np.sqrt(len(distances))


def test_errors_are_those_of_the_linear_problem():
    """From slopes by hand: twice the noise, twice the errors; four times the data, half of them."""
    rough = qem.Measurement("current_at_rest", currents(), 2e-3, at=VOLTAGES)
    fine = qem.Measurement("current_at_rest", currents(), 1e-3, at=VOLTAGES)
    once, twice = (qem.fit_device(each, DEVICE, FREE) for each in (fine, rough))
    four = qem.fit_device([fine] * 4, DEVICE, FREE)
    assert twice.errors == pytest.approx(2.0 * once.errors, rel=1e-6)
    assert four.errors == pytest.approx(0.5 * once.errors, rel=1e-6)
    slopes = np.stack(
        [
            (currents(elsewhere((name, 1.0 + 1e-4))) - currents(elsewhere((name, 1.0 - 1e-4))))
            / (2e-4 * value_of(DEVICE, name))
            for name in FREE
        ],
        axis=1,
    )
    expected = np.linalg.inv(slopes.T @ slopes) * 1e-6
    assert once.covariance == pytest.approx(expected, rel=1e-4)


def test_a_threshold_alone_fixes_one_parameter():
    voltage = qem.damping_threshold(elsewhere(("temperature", 0.6)), (4.0, 9.0)).value
    found = qem.fit_device(qem.Measurement("threshold", voltage, 0.01), DEVICE, "temperature")
    assert found.values == pytest.approx([1.2], rel=1e-6)
    assert np.isnan(found.probability)
    ends = [
        qem.damping_threshold(
            varied(DEVICE, "temperature", found.values[0] + side * found.errors[0]), (4.0, 9.0)
        ).value
        for side in (-1.0, 1.0)
    ]
    assert 0.5 * (ends[1] - ends[0]) == pytest.approx(0.01, rel=1e-3)


def test_thresholds_may_be_measured_over_another_parameter():
    temperatures = [1.0, 2.0, 3.0]
    device = elsewhere(("rate", 0.8))
    values = [
        qem.damping_threshold(varied(device, "temperature", t), (2.0, 20.0)).value
        for t in temperatures
    ]
    data = qem.Measurement("threshold", values, 0.01, at=temperatures, over="temperature")
    assert qem.fit_device(data, DEVICE, ["rate"]).values == pytest.approx([1.6], rel=1e-4)


def test_exact_states_are_fitted_too():
    """Phonons, amplitude and coherence of a state: the coupling, by what it stores."""
    device = elsewhere(("coupling", 1.02)).with_voltage(10.0)
    state = qem.steady_state(qem.LangevinModel.from_device(device))
    amplitude = device.oscillator.x0 * np.sqrt(state.phonon_number + 0.5)
    x = np.linspace(state.model.x[0], state.model.x[-1], 801)
    current = np.trapezoid(state.position_density(x) * qem.current(device, x), x)
    data = [
        qem.Measurement("phonon_number", state.phonon_number, 0.1),
        qem.Measurement("amplitude", amplitude, 0.1),
        qem.Measurement("g2", state.g2, 1e-3),
        qem.Measurement("current", current, 1e-3),
    ]
    found = qem.fit_device(data, DEVICE.with_voltage(10.0), ["coupling"])
    assert found.values == pytest.approx([0.102], rel=1e-5)
    assert found.chi_square < 1e-4


def test_damping_is_that_of_a_small_motion():
    device = DEVICE.with_voltage(4.0)
    given, taken = qem.noise_spectrum(device, 0.0, [0.2, -0.2])
    data = qem.Measurement("damping", (given - taken) / 0.4, 1e-6)
    found = qem.fit_device(data, elsewhere(("coupling", 1.4), device=device), ["coupling"])
    assert found.values == pytest.approx([0.1], rel=1e-6)


def test_what_is_not_positive_is_fitted_as_it_is():
    """A level that starts at zero, and a coupling whose sign the shift does not show."""
    device = replace(DEVICE, level=-0.3)
    data = qem.Measurement("current_at_rest", currents(device), 1e-4, at=VOLTAGES)
    left = replace(DEVICE.left, temperature=1.5)
    found = qem.fit_device(data, replace(DEVICE, level=0.2), ["level"])
    assert abs(found.values[0]) == pytest.approx(0.3, rel=1e-4)
    low, high = found.interval("level", 0.5)
    assert low < found.values[0] < high
    assert high - found.values[0] == pytest.approx(found.values[0] - low)
    uneven = replace(device, left=left)
    data = qem.Measurement("current_at_rest", currents(uneven), 1e-4, at=VOLTAGES)
    again = qem.fit_device(data, replace(DEVICE, left=left), ["level"])
    assert again.values == pytest.approx([-0.3], rel=1e-4)


def test_a_quantity_of_ones_own():
    def softening(device):
        return float(np.diff(qem.occupation(device, [-0.05, 0.05]))[0])

    data = qem.Measurement(softening, softening(DEVICE), 1e-6)
    assert repr(data) == "Measurement(softening, 1 value)"
    start = elsewhere(("coupling", 0.5))
    assert qem.fit_device([data], start, ["coupling"]).values == pytest.approx([0.1], rel=1e-6)


def test_parameters_that_no_datum_tells_apart_are_named():
    """A product of two, and a mass, on which no friction depends."""
    data = qem.Measurement(lambda device: device.coupling * device.level, [0.1, 0.2], 0.1)
    with pytest.raises(qem.ConvergenceError, match="coupling and level apart from each other$"):
        qem.fit_device(data, replace(DEVICE, level=1.0), ["coupling", "level"])
    data = qem.Measurement("damping", [3e-4, 2e-4], 1e-6, at=[1.0, 5.0])
    with pytest.raises(qem.ConvergenceError, match="do not determine oscillator.mass$"):
        qem.fit_device(data, DEVICE, ["coupling", "oscillator.mass"])
    current = qem.Measurement("current_at_rest", currents(), 1e-3, at=VOLTAGES)
    with pytest.raises(qem.ConvergenceError, match="do not determine coupling$"):
        qem.fit_device(current, DEVICE, ["rate", "coupling"])


def test_units_do_not_matter():
    small = scaled(DEVICE, 1e-12)
    one, other = (
        qem.fit_device(
            qem.Measurement("current_at_rest", u * currents() * 1.01, u * 1e-3, at=u * VOLTAGES),
            device,
            FREE,
        )
        for u, device in ((1.0, DEVICE), (1e-12, small))
    )
    assert 1e12 * other.values == pytest.approx(one.values, rel=1e-6)
    assert 1e12 * other.errors == pytest.approx(one.errors, rel=1e-4)


def test_it_says_what_was_found():
    data = qem.Measurement("current_at_rest", currents(), 1e-3, at=VOLTAGES)
    text = repr(qem.fit_device(data, DEVICE, ["rate"]))
    assert text.startswith("FittedDevice(rate=2 +/- ")
    assert "with 7 degrees of freedom)" in text


GOOD = qem.Measurement("current_at_rest", 0.2, 1e-3, at=6.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"free": ["colour"]}, "^free must name parameters: 'colour' is not"),
        ({"free": []}, "^free must name at least one parameter"),
        ({"free": 3}, "^free must name parameters, got 3"),
        ({"free": ["rate", "left.density.rate"]}, "^free must not hold both"),
        ({"free": ["voltage"]}, "^free must not hold 'voltage': Measurement"),
        ({"free": ["rate", "offset"]}, "^data must be at least as many .* 2, got 1"),
        ({"data": []}, "^data must hold at least one"),
        ({"data": qem.Measurement("g2", 1.0, 1.0, at=1.0, over="hue")}, "^over must name .*'hue'"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        qem.fit_device(**{"data": GOOD, "start": DEVICE, "free": ["rate"]} | arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"quantity": "mood"}, "^quantity must be one of"),
        ({"values": [1.0, np.nan]}, "^values must hold finite"),
        ({"values": [[1.0]]}, "^values must be numbers on one axis"),
        ({"errors": 0.0}, "^errors must be greater than 0"),
        ({"errors": [1.0, 2.0, 3.0]}, "^errors must be numbers on one axis, as many as values"),
        ({"at": [1.0, 2.0, 3.0]}, "^at must be numbers on one axis"),
        ({"over": 3}, "^over must be the name"),
    ],
)
def test_bad_measurements_are_refused_by_name(arguments, message):
    good = {"quantity": "g2", "values": [1.0, 2.0], "errors": 0.1, "at": [1.0, 2.0]}
    with pytest.raises(ValueError, match=message):
        qem.Measurement(**good | arguments)


def test_what_is_of_the_wrong_type_is_named():
    with pytest.raises(TypeError, match="^quantity must be a word or a function"):
        qem.Measurement(3, 1.0, 1.0)
    with pytest.raises(TypeError, match="^data must be"):
        qem.fit_device([1.0], DEVICE, ["rate"])
    with pytest.raises(TypeError, match="^start must be a Device"):
        qem.fit_device(GOOD, None, ["rate"])


def test_what_does_not_exist_on_the_way_is_told_with_where():
    unbound = replace(DEVICE, coupling=0.0)
    with pytest.raises(qem.NoSteadyState) as refused:
        qem.fit_device(qem.Measurement("g2", 2.0, 0.1), unbound, ["rate"])
    assert any("fit_device: at rate = 2" in note for note in refused.value.__notes__)
