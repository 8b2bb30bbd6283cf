"""The explorer's picture: what its lines and its map hold."""

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from cases import paper_state

import qemlib as qem
from qemlib.plotting.panels import StateCurves, StatePanels
from qemlib.states.summary import summary

VOLTAGES = (0.0, 10.0, 16.0)
DEVICES = {voltage: qem.paper_device(voltage) for voltage in VOLTAGES}


@pytest.fixture(scope="module")
def numbers():
    return {v: summary(DEVICES[v], paper_state(v)) for v in VOLTAGES}


def lines_of(figure):
    return [
        {line.get_label(): line.get_xydata() for line in ax.get_lines() if len(line.get_xdata())}
        for ax in figure.axes
    ]


def test_numbers_are_those_of_the_state(numbers):
    at, state = numbers[10.0], paper_state(10.0)
    assert (at.phonon_number, at.g2, at.voltage) == (state.phonon_number, state.g2, 10.0)
    assert at.ergotropy == pytest.approx(3.62278e-2, rel=1e-5)
    assert at.inversion > 0 > numbers[0.0].inversion
    assert abs(at.missing_trace) < 1e-10
    assert at.levels == at.populations.size


@pytest.mark.parametrize("voltage", VOLTAGES)
def test_panels_show_the_device_and_its_state(numbers, voltage):
    device, state, at = DEVICES[voltage], paper_state(voltage), numbers[voltage]
    panels = StatePanels(reach=15.0, levels=150)
    figure = panels.show(device, state, at, StateCurves.of(numbers.values()))
    charge, damping, _, levels, g2, work = lines_of(figure)
    (charge,) = (xy for xy in charge.values() if len(xy) > 2)
    exact = qem.electron_coefficients(device, charge[:, 0] * state.model.x0)
    assert charge[[0, -1], 0] == pytest.approx([-15.0, 15.0])
    assert charge[:, 1] == pytest.approx(exact.excess_charge, abs=1e-12)
    friction, noise = (xy for xy in damping.values() if len(xy) > 2)
    assert friction[:, 1] == pytest.approx(1e4 * exact.damping, abs=1e-9)
    # D/2mT is the friction in equilibrium, and differs from it under bias.
    assert (np.abs(noise[:, 1] - friction[:, 1]).max() < 1e-8) == (voltage == 0.0)
    actual, passive = levels.values()
    assert actual[:, 1] == pytest.approx(at.populations[:150])
    assert (np.diff(passive[:, 1]) <= 0).all()
    # What the sorted levels lack in energy is the ergotropy, if all levels are shown.
    assert g2["_child1"][0] == pytest.approx([voltage, at.g2])
    assert work["_child2"][0] == pytest.approx([voltage, at.ergotropy])


def test_friction_is_shown_with_the_oscillators_own(numbers):
    own = qem.Oscillator(0.2, quality_factor=1000.0, bath_temperature=1.5)
    device = replace(DEVICES[10.0], oscillator=own)
    figure = StatePanels(reach=15.0).show(device, paper_state(10.0), numbers[10.0])
    friction, noise = (xy for xy in lines_of(figure)[1].values() if len(xy) > 2)
    at = qem.electron_coefficients(DEVICES[10.0], friction[:, 0] * own.x0)
    assert friction[:, 1] == pytest.approx(1e4 * (at.damping + 2e-4), abs=1e-9)
    # Its noise is that of T = 1.5, shown as if the leads' 2 were everybody's.
    assert noise[:, 1] == pytest.approx(1e4 * (at.diffusion / 4.0 + 1.5e-4), abs=1e-9)


def test_a_threshold_is_a_line_over_both_voltage_axes(numbers):
    panels = StatePanels(threshold=8.46)
    figure = panels.show(DEVICES[10.0], paper_state(10.0), numbers[10.0])
    marked = [
        index
        for index, ax in enumerate(figure.axes)
        if any(list(line.get_xdata()) == [8.46, 8.46] for line in ax.get_lines())
    ]
    assert marked == [4, 5]
    with pytest.raises(ValueError, match="threshold must be"):
        StatePanels(threshold=np.inf)


def test_the_map_is_the_wigner_function_with_x_to_the_right(numbers):
    # A displaced state would be seen from the side; an oscillator's is nearly round, so look at
    # a device whose equilibrium is off centre.
    device = qem.Device(
        qem.Oscillator(0.2),
        qem.Lead(qem.Lorentzian(0.8, 0.6, 1.5), 2.1, 0.7),
        qem.Lead(qem.Lorentzian(-0.2, 1.7, 0.9), -1.3, 0.7),
        coupling=0.3,
        level=0.3,
    )
    state = qem.steady_state(qem.LangevinModel.from_device(device), rtol=1e-6)
    figure = StatePanels(reach=6.0).show(device, state, summary(device, state))
    (image,) = figure.axes[2].get_images()
    shown = image.get_array()
    axis = np.linspace(-6, 6, shown.shape[0])
    along_x, along_p = shown.sum(axis=0), shown.sum(axis=1)
    mean_x = axis @ along_x / along_x.sum()
    x = axis[:, None] * state.model.x0
    exact = state.wigner(x, axis * state.model.p0).sum(axis=1)
    assert mean_x == pytest.approx(axis @ exact / exact.sum(), abs=1e-9)
    assert abs(mean_x) > 1e-3
    assert abs(axis @ along_p / along_p.sum()) < 1e-4


def test_one_figure_is_updated_and_unknown_to_pyplot(numbers):
    before = plt.get_fignums()
    panels = StatePanels()
    figures = {id(panels.show(DEVICES[v], paper_state(v), numbers[v])) for v in VOLTAGES}
    assert figures == {id(panels.figure)}
    assert plt.get_fignums() == before
    assert "_child0" not in lines_of(panels.figure)[4]  # no curve was given


def test_limits_hold_where_given(numbers):
    limits = {"charge": (-0.3, 0.3), "damping": (-4.0, 20.0), "populations": (0.0, 0.05)}
    panels = StatePanels(reach=12.0, limits=limits)
    for voltage in VOLTAGES:
        axes = panels.show(DEVICES[voltage], paper_state(voltage), numbers[voltage]).axes
        assert [axes[i].get_ylim() for i in (0, 1, 3)] == list(limits.values())
