"""Threshold lines against roots, on lines that fold, part and leave the box in odd places."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from test_scale import scaled

import qemlib as qem
from qemlib.studies.parameters import value_of, varied

DEVICE = qem.paper_device()
BOX = {"temperature": (0.05, 4.0), "voltage": (0.0, 20.0)}


@pytest.fixture(scope="module")
def line():
    return qem.threshold_line(DEVICE, BOX)


def test_every_point_of_the_line_is_a_threshold(line):
    """Along the curve as between the points: roots at one temperature know nothing of it."""
    assert line.error <= 1e-4
    for temperature in np.linspace(0.05, 4.0, 23):
        at = varied(DEVICE, "temperature", temperature)
        exact = qem.damping_threshold(at, (0.5, 15.0)).value
        assert line.at(temperature) == pytest.approx([exact], abs=1e-4 * 20.0)
    for (temperature, voltage), off in zip(line.points, line.uncertainty, strict=True):
        at = varied(DEVICE, "temperature", temperature)
        exact = qem.damping_threshold(at, (0.5, 15.0)).value
        assert abs(voltage - exact) < 3.0 * 20.0 * off  # the line is nowhere steeper than that


def test_a_grid_of_ten_times_the_points_is_less_exact(line):
    """Where a grid's contour, straight between its lines, is compared with exact thresholds."""
    side = int(np.sqrt(10 * line.evaluations))
    temperatures, voltages = np.linspace(0.05, 4.0, side), np.linspace(0.0, 20.0, side)

    def friction(temperature, voltage):
        at = varied(varied(DEVICE, "temperature", temperature), "voltage", voltage)
        return float(qem.damping(at, 0.0))

    def threshold(temperature):
        at = varied(DEVICE, "temperature", temperature)
        return qem.damping_threshold(at, (0.5, 15.0)).value

    worst = 0.0
    for i in range(0, side - 1, 3):
        ends = []
        for temperature in temperatures[i : i + 2]:
            j = int(np.searchsorted(voltages, threshold(temperature)))
            low, high = (friction(temperature, v) for v in voltages[j - 1 : j + 1])
            ends.append(voltages[j - 1] + low / (low - high) * (voltages[j] - voltages[j - 1]))
        worst = max(worst, abs(np.mean(ends) - threshold(temperatures[i : i + 2].mean())))
    assert worst / 20.0 > 1e-4


def test_what_asks_for_less_looks_at_less(line):
    coarse = qem.threshold_line(DEVICE, BOX, tolerance=1e-2)
    assert coarse.evaluations < line.evaluations
    assert coarse.at(2.0) == pytest.approx(line.at(2.0), abs=0.2)


def test_a_window_of_voltage_closes_in_a_fold():
    """Bands far apart and cold lead to negative friction between two voltages only."""
    left, right = (
        qem.Lead(qem.Lorentzian(side * 2.0, 1.0, 40.0), side * 5.0, 0.05) for side in (1, -1)
    )
    device = qem.Device(qem.Oscillator(0.2), left, right, coupling=0.1)
    found = qem.threshold_line(device, {"temperature": (0.05, 2.0), "voltage": (0.5, 20.0)})
    assert found.piece.max() == 0
    first = qem.damping_threshold(device, (0.5, 5.0)).value
    last = qem.damping_threshold(device, (5.0, 20.0)).value
    assert found.at(0.05) == pytest.approx([first, last], abs=1e-4 * 19.5)
    hottest = max(curve[:, 0].max() for curve in found.curves())
    assert found.at(1.001 * hottest).size == 0
    assert found.at(0.999 * hottest).size == 2


@dataclass(frozen=True)
class Shape:
    """An onset of one's own: a function of two parameters of the device."""

    function: object
    names: tuple = ("coupling", "level")

    def value(self, device):
        return float(self.function(*(value_of(device, name) for name in self.names)))

    def error(self, device):
        return 0.0


SQUARE = {"coupling": (-1.0, 1.0), "level": (-1.0, 1.0)}
SHAPES = {
    "a straight line": (lambda u, v: v - 0.3 * u - 0.1, 1),
    "an upright line": (lambda u, v: u - 0.2371, 1),
    "a wave": (lambda u, v: v - 0.6 * np.sin(4.0 * u), 1),
    "a circle cut off": (lambda u, v: (u - 1.0) ** 2 + v**2 - 0.5, 1),
    "a hyperbola": (lambda u, v: u * v - 0.03, 2),
    "four corners": (lambda u, v: abs(u) ** 3 + abs(v) ** 3 - 1.2, 4),
    "a sharp bend": (lambda u, v: v - 0.5 * np.tanh(20.0 * u), 1),
    "a narrow tongue": (lambda u, v: u - 1.0 + 40.0 * (v - 0.03) ** 2, 1),
    "steep and flat": (lambda u, v: np.expm1(8.0 * (v - 0.2 * u**2)), 1),
}


@pytest.mark.parametrize("name", SHAPES)
def test_lines_of_known_shape(name):
    function, pieces = SHAPES[name]
    found = qem.threshold_line(DEVICE, SQUARE, Shape(function))
    assert found.piece.max() + 1 == pieces
    assert found.error <= 1e-4
    h = 1e-6
    for curve in found.curves(301):
        for u, v in curve:
            slope = np.hypot(
                (function(u + h, v) - function(u - h, v)) / (2 * h),
                (function(u, v + h) - function(u, v - h)) / (2 * h),
            )
            assert abs(function(u, v)) / slope < 2.0 * 2e-4
        # each piece goes from edge to edge
        assert np.abs(np.abs(curve[[0, -1]]).max(axis=1) - 1.0).max() < 1e-9


def test_units_of_the_parameters_do_not_matter(line):
    box = {name: tuple(1e-9 * end for end in ends) for name, ends in BOX.items()}
    found = qem.threshold_line(scaled(DEVICE, 1e-9), box)
    assert 1e9 * found.at(2e-9) == pytest.approx(line.at(2.0), rel=1e-6)


class Inverted:
    """Whether the first level holds more than the ground state, from averages over orbits."""

    def value(self, device):
        state = qem.orbit_average(qem.LangevinModel.from_device(device))
        ground, first = state.populations(2)
        return float(np.log(first / ground))

    def error(self, device):
        return 1e-5


def test_ergotropy_has_a_line_of_its_own():
    box = {"temperature": (1.8, 2.2), "voltage": (8.0, 9.0)}
    found = qem.threshold_line(DEVICE, box, Inverted(), tolerance=1e-3)
    assert found.at(2.0) == pytest.approx([8.5526], abs=1e-3)
    assert (found.uncertainty > 1e-5).all()
    friction = qem.threshold_line(DEVICE, box)
    assert found.at(2.0)[0] > friction.at(2.0)[0]


@pytest.mark.slow
def test_that_line_from_the_exact_state():
    box = {"temperature": (1.8, 2.2), "voltage": (8.0, 9.0)}
    found = qem.threshold_line(DEVICE, box, "ergotropy", tolerance=1e-3)
    assert found.at(2.0) == pytest.approx([8.552582], abs=1e-3)


def test_an_onset_may_be_a_plain_function(line):
    found = qem.threshold_line(DEVICE, BOX, lambda device: float(qem.damping(device, 0.0)))
    assert np.array_equal(found.points, line.points)
    with pytest.raises(ValueError, match="^onset: what it returns must be a finite number"):
        qem.threshold_line(DEVICE, BOX, lambda device: np.nan)


def test_it_says_what_it_is(line):
    text = repr(line)
    assert text.startswith("ThresholdLine(voltage over temperature, ")
    assert "on 1 piece, error" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"over": {"voltage": (0, 1)}}, "^over must hold two parameters, got 1"),
        ({"over": {"voltage": (0, 1), "left": (0, 1)}}, "^over must not hold both"),
        ({"over": BOX | {"voltage": (2.0, 1.0)}}, r"^over\['voltage'\] must be two values"),
        ({"over": {"colour": (0, 1), "level": (0, 1)}}, "^over must name .*'colour' is not"),
        ({"over": BOX | {"temperature": (-1.0, 1.0)}}, "^temperature must be finite"),
        ({"over": BOX | {"voltage": (0.0, 1.0)}}, "^over must hold a box whose edges"),
        ({"onset": "work"}, "^onset must be one of"),
        ({"tolerance": 0.0}, "^tolerance must lie between"),
        ({"noise_at": "white"}, "^noise_at must be one of"),
        ({"onset": Shape(max), "noise_at": "orbit"}, "^noise_at must stay"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        qem.threshold_line(**{"device": DEVICE, "over": BOX} | arguments)


def test_what_is_of_the_wrong_type_is_named(line):
    with pytest.raises(TypeError, match="^over must be a dict"):
        qem.threshold_line(DEVICE, "voltage")
    with pytest.raises(TypeError, match="^onset must be 'damping'"):
        qem.threshold_line(DEVICE, BOX, 3)
    with pytest.raises(ValueError, match="^value must lie within the box, temperature from"):
        line.at(9.0)
    with pytest.raises(ValueError, match="^points must be a whole number"):
        line.curves(1)


def test_a_line_that_ends_is_an_error():
    """A sign that jumps is no threshold, and neither is one that stops half-way."""
    torn = Shape(lambda u, v: v - 0.1 + (1.0 if u > 0.3 else 0.0))
    with pytest.raises(qem.ConvergenceError, match="cannot be followed beyond"):
        qem.threshold_line(replace(DEVICE), SQUARE, torn)
