"""The book's figures show their data: the right numbers, in the right units, with labels."""

import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr

import qemlib as qem
from qemlib import plotting

X0 = qem.paper_device().oscillator.x0


@pytest.fixture(autouse=True)
def _closed_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def coefficients():
    x = np.linspace(-10, 10, 41) * X0
    return {v: qem.electron_coefficients(qem.paper_device(v), x) for v in (0.0, 12.0)}


def labels(ax):
    return ax.get_xlabel(), ax.get_ylabel()


def test_coefficient_panels_draw_each_voltage_and_label_every_axis(coefficients):
    axes = plotting.coefficient_panels(coefficients, X0)
    for ax, name in zip(axes, ("occupation", "diffusion", "damping"), strict=True):
        curves = [line for line in ax.get_lines() if line.get_label().startswith("V =")]
        assert len(curves) == 2
        assert all(labels(ax))
        expected = coefficients[12.0]
        np.testing.assert_allclose(curves[1].get_xdata() * X0, expected.x, rtol=1e-12)
        power = re.search(r"\\times 10\^\{(\d+)\}", ax.get_ylabel())
        values = curves[1].get_ydata() / (10.0 ** int(power[1]) if power else 1.0)
        np.testing.assert_allclose(values, getattr(expected, name), rtol=1e-12)
    (inset,) = axes[1].child_axes
    for line, at in zip(inset.get_lines(), coefficients.values(), strict=True):
        x, shown = line.get_data()
        assert np.abs(x).max() == pytest.approx(2.5)
        assert shown == pytest.approx(1e3 * at.diffusion[np.abs(at.x / X0) < 2.6])


@pytest.mark.parametrize(("mass", "temperature"), [(1.0, 2.0), (0.5, 8.0)])
def test_fluctuation_ratio_over_position_broken_at_its_poles(coefficients, mass, temperature):
    ax = plotting.fluctuation_ratio(coefficients, mass, temperature, X0)
    thermal, driven = (line.get_ydata() for line in ax.get_lines()[:2])
    # One in equilibrium, for the mass and the temperature that the device has.
    np.testing.assert_allclose(thermal, 2.0 / (mass * temperature), rtol=1e-12)
    assert np.isnan(driven).sum() == 2
    assert driven[20] < 0
    for line, at in zip(ax.get_lines(), coefficients.values(), strict=False):
        np.testing.assert_allclose(line.get_xdata() * X0, at.x, rtol=1e-12)


def test_wigner_map_puts_x_on_the_horizontal_axis():
    axis = np.linspace(-3, 3, 31)
    density = np.exp(-((axis[:, None] - 2) ** 2) - axis**2)  # displaced along x
    ax = plotting.wigner_map(axis, axis, density)
    values = np.asarray(ax.collections[0].get_array())
    row, column = np.unravel_index(values.argmax(), values.shape)
    assert (axis[row], axis[column]) == (pytest.approx(0.0), pytest.approx(2.0))
    assert "x/x_0" in ax.get_xlabel()
    assert ax.collections[0].get_clim() == (0.0, density.max())


def test_wigner_maps_can_share_their_colours():
    ax = plotting.wigner_map(np.arange(3.0), np.arange(3.0), np.eye(3), peak=2.0)
    assert ax.collections[0].get_clim() == (0.0, 2.0)


def test_given_axes_are_used_and_returned():
    _, ax = plt.subplots()
    assert plotting.coherence_curve([0.0, 1.0], [2.0, 1.5], ax) is ax
    assert plotting.device_schematic(qem.paper_device(6.0), ax) is ax


def test_work_curves_name_all_three():
    voltage = np.linspace(0, 20, 5)
    names = ("ergotropy", "free_energy_work", "entropy")
    results = xr.Dataset(
        {name: ("voltage", voltage * k) for k, name in enumerate(names)}, {"voltage": voltage}
    )
    left, right = plotting.work_curves(results, 8.0)
    legend = [text.get_text() for text in left.get_legend().get_texts()]
    assert [word.split()[0] for word in legend] == ["incoherent", "free-energy", "entropy"]
    assert "energy" in left.get_ylabel()
    drawn = {line.get_label().split()[0]: line for ax in (left, right) for line in ax.get_lines()}
    assert drawn["entropy"].axes is right
    for word, name in zip(("incoherent", "free-energy", "entropy"), names, strict=True):
        np.testing.assert_array_equal(drawn[word].get_ydata(), results[name])
        np.testing.assert_array_equal(drawn[word].get_xdata(), voltage)
    assert "nat" in right.get_ylabel()


@pytest.mark.parametrize("voltage", [6.0, -2.0, 0.0])
def test_schematic_names_what_it_shows(voltage):
    ax = plotting.device_schematic(qem.paper_device(voltage))
    places = {text.get_text(): text.get_position()[1] for text in ax.texts}
    assert places[r"$\mu_L$"] == voltage / 2
    assert places[r"$\mu_R$"] == -voltage / 2
    assert {r"$\kappa_L(\omega)$", r"$\kappa_R(\omega)$", "0", "$x$"} <= places.keys()
    # An arrow from one potential to the other, where there is a voltage.
    ends = {text.xy[1] - text.xyann[1] for text in ax.texts if text.get_position()[0] == 4.6}
    assert ends == ({voltage} if voltage else set())
    assert ("$V$" in places) == (voltage != 0)
