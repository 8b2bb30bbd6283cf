"""Threshold lines: to their tolerance, with few points, and what is no line."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq

import qemlib as qem
from qemlib.studies._points import points_of

HOT = {"temperature": (1.0, 3.0), "voltage": (4.0, 16.0)}
WIDE = {"left.density.bandwidth": (0.3, 3.0), "voltage": (2.0, 30.0)}
COLD = {"temperature": (0.4, 6.0), "voltage": (2.0, 16.0)}
MIRRORED = {"voltage": (6.0, 14.0), "temperature": (0.5, 3.0)}


def at(over, x, y):
    (device,) = points_of(qem.paper_device(), dict(zip(over, ([x], [y])))).subjects.values()  # noqa: B905
    return device


def rest(over, x, y):
    return float(qem.damping(at(over, x, y), 0.0))


def true_line(over, xs, fine=1e-11):
    _, ends = over.values()
    return np.array(
        [brentq(lambda y, x=x: rest(over, x, y), *ends, xtol=fine) for x in xs],
    )


@pytest.mark.parametrize("over", [HOT, WIDE, COLD, MIRRORED], ids=lambda over: "-".join(over))
@pytest.mark.parametrize("tolerance", [1e-2, 1e-5])
def test_the_line_is_where_it_says_it_is(over, tolerance):
    line = qem.threshold_line(qem.paper_device(), over, tolerance=tolerance)
    xs = np.linspace(line.along[0], line.along[-1], 13)[1:-1]
    off = np.abs(line.at(xs) - true_line(over, xs)).max()
    assert off <= line.uncertainty <= tolerance


def test_it_takes_less_than_a_tenth_of_the_points_of_a_grid():
    """A grid of n × n, roots and line between its points by straight lines."""
    line = qem.threshold_line(qem.paper_device(), HOT, tolerance=1e-4)
    xs = np.linspace(*HOT["temperature"], 201)
    exact = line.at(xs)  # known to 1e-4, by the test above

    def off(n):
        x = np.linspace(*HOT["temperature"], n)
        y = np.linspace(*HOT["voltage"], n)
        roots = []
        for each in x:
            value = np.array([rest(HOT, each, v) for v in y])
            i = int(np.flatnonzero(value[1:] * value[:-1] < 0)[0])
            roots.append(np.interp(0.0, -value[i : i + 2], y[i : i + 2]))
        return np.abs(np.interp(xs, x, roots) - exact).max()

    n = 30
    assert n**2 >= 10 * line.evaluations
    assert off(n) > 1e-4
    assert np.abs(line.at(xs) - true_line(HOT, xs, 1e-8)).max() < 1e-4


def test_it_ends_where_it_leaves_the_range():
    line = qem.threshold_line(qem.paper_device(), {"temperature": (1.0, 3.0), "voltage": (7, 9)})
    assert (line.across[0], line.across[-1]) == (7.0, 9.0)
    over = {"temperature": (1.0, 3.0), "voltage": (7.0, 9.0)}
    for x, y in zip(line.along[[0, -1]], (7.0, 9.0), strict=True):
        assert abs(rest(over, x, y)) < 1e-9
    with pytest.raises(ValueError, match="values must lie on the line, temperature from 1.* got 1"):
        line.at([1.0])


def test_any_number_of_a_device_has_a_line():
    def of(device):
        return device.coupling - 0.1 * device.oscillator.frequency**2 - 0.05

    over = {"oscillator.frequency": (0.1, 1.0), "coupling": (0.0, 1.0)}
    line = qem.threshold_line(qem.paper_device(), over, of)
    np.testing.assert_allclose(line.at([0.2, 0.7]), [0.054, 0.099], atol=1e-5)


def test_a_kink_and_a_jump_are_no_line():
    def kink(device):
        return device.voltage - abs(device.level - 0.123)

    def jump(device):
        return device.voltage - (0.2 if device.level < 0.123 else 0.8)

    over = {"level": (-1.0, 1.0), "voltage": (-1.0, 2.0)}
    line = qem.threshold_line(qem.paper_device(), over, kink, tolerance=1e-3)
    x = np.append(np.linspace(-1.0, 1.0, 2001), 0.123)
    # With many points close to it.
    assert np.abs(line.at(x) - np.abs(x - 0.123)).max() <= line.uncertainty <= 1e-3
    with pytest.raises(qem.ConvergenceError, match="points do not tell the line to .* a jump"):
        qem.threshold_line(qem.paper_device(), over, jump, tolerance=1e-3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"base": 3}, "base must be a Device, got 3"),
        ({"over": [1.0]}, "over must be a dict of parameters to ranges"),
        ({"over": {"voltage": (0.0, 1.0)}}, "over must hold two parameters, got 1"),
        (
            {"over": {**HOT, "voltage": (9.0, 4.0)}},
            r"over\['voltage'\] must be two values, the lower",
        ),
        ({"over": {**HOT, "tension": (1, 2)}}, "over must hold two parameters, got 3"),
        ({"over": {"tension": (1, 2), "voltage": (4.0, 16.0)}}, "'tension' is not a parameter"),
        ({"over": {"temperature": (1, 2), "left": (4, 16)}}, "over must not hold both"),
        ({"over": {**HOT, "voltage": (0.0, 1.0)}}, "the line is not there; along temperature the"),
        ({"of": 3}, "of must be callable, got 3"),
        ({"of": lambda device: float("nan")}, "of: its value must be a finite number, got nan"),
        ({"of": lambda device: np.cos(6 * device.left.temperature)}, "the line is not there"),
        (
            {"of": lambda d: d.voltage - 17 + 5 * (d.left.temperature - 2.0) ** 2 * 4},
            "the line comes in pieces",
        ),
        ({"tolerance": 0.0}, "tolerance must be finite and greater than 0"),
    ],
)
def test_what_has_no_line_is_told(changes, message):
    with pytest.raises((TypeError, ValueError), match=message):
        qem.threshold_line(**{"base": qem.paper_device(), "over": HOT} | changes)


def test_errors_of_what_is_asked_for_come_through():
    def of(device):
        return qem.orbit_average(qem.LangevinModel.from_device(device)).g2 - 1.5

    with pytest.raises(qem.NoSteadyState, match="coupling"):
        qem.threshold_line(replace(qem.paper_device(), coupling=0.0), HOT, of)
