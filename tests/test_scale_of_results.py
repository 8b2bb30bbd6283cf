"""States, estimates, sweeps and pictures are the same in any units of energy and of mass."""

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
import pytest
from cases import paper_state
from test_scale import scaled

import qemlib as qem
from qemlib import plotting
from qemlib.plotting import sliders
from qemlib.plotting.explorer import DeviceExplorer, _work
from qemlib.plotting.figure_data import figure_data
from qemlib.plotting.panels import StateCurves, StatePanels
from qemlib.states.summary import summary
from qemlib.studies.charging import ledgers

UNITS = [(1e-30, 1.0), (1.0, 1e-30), (1e30, 1e30)]
in_any_units = pytest.mark.parametrize(("energy", "mass"), UNITS)
DEVICE = qem.paper_device(10.0)
RTOL = 1e-6  # asked for; in other units the round-off is another


@cache
def state_of(energy=1.0, mass=1.0):
    device = scaled(DEVICE, energy, mass)
    model = qem.LangevinModel.from_device(device)
    return device, qem.steady_state(model, RTOL)


def closed(draw):
    """What a figure holds, once it has been drawn."""
    figure = draw()
    figure.canvas.draw()
    found = figure_data(figure)
    plt.close(figure)
    return found


def assert_shown_alike(found, expected, units, rel=1e-6):
    """The same series, up to one factor each; `units` are those that are allowed."""
    assert list(found.variables) == list(expected.variables)
    for name, series in expected.variables.items():
        values, reference = found[name].values, series.values
        size = np.nanmax(np.abs(reference))
        if size == 0.0:
            assert not np.nan_to_num(values).any(), name
            continue
        ratio = np.nanmax(np.abs(values)) / size
        unit = min(units, key=lambda unit: abs(np.log(ratio / unit)))
        assert ratio == pytest.approx(unit, rel=rel), name
        assert values / unit == pytest.approx(reference, rel=0, abs=rel * size, nan_ok=True), name


@in_any_units
def test_quantum_states_and_their_numbers(energy, mass):
    (_, expected), (device, found) = state_of(), state_of(energy, mass)
    states = [qem.quantum_state(state) for state in (expected, found)]
    assert states[1].matrix == pytest.approx(states[0].matrix, abs=1e-8)
    energies = energy * 0.2 * np.arange(states[0].levels)
    for function in (qem.ergotropy, lambda p, h: qem.free_energy_work(p, h, 2.0 * h[1] / 0.2)):
        work = [
            function(state.populations(), unit * energies / energy)
            for state, unit in zip(states, (1.0, energy), strict=True)
        ]
        assert work[1] / energy == pytest.approx(work[0], rel=1e-6)
    coherence = [qem.second_order_coherence(state.populations()) for state in states]
    assert coherence[1] == pytest.approx(coherence[0], rel=1e-8)
    numbers = [summary(DEVICE, expected), summary(device, found)]
    for name, unit in {"ergotropy": energy, "free_energy_work": energy, "entropy": 1.0}.items():
        value = getattr(numbers[1], name) / unit
        assert value == pytest.approx(getattr(numbers[0], name), rel=1e-6), name


@cache
def spectrum_of(energy=1.0, mass=1.0):
    omega = energy * np.array([0.15, 0.2, 0.4])
    return qem.position_spectrum(state_of(energy, mass)[1].model, omega, rtol=1e-3)


@in_any_units
def test_spectrum_of_the_position(energy, mass):
    values, reference = spectrum_of(energy, mass) * mass * energy**2, spectrum_of()
    assert values == pytest.approx(reference, rel=0, abs=1e-6 * reference.max())


@cache
def line_of(energy=1.0, mass=1.0):
    model = state_of(energy, mass)[1].model
    state = qem.averaged_state(qem.AveragedModel.from_langevin(model))
    times = {"progress": False, "burn_in": 1e3 / energy, "walkers": 128}
    return state, qem.sampled_ticks(model, 2e3 / energy, **times)


@in_any_units
def test_line_and_clock(energy, mass):
    states, ticks = zip(line_of(), line_of(energy, mass), strict=True)
    parts = [state.clock_parts() for state in states]
    for name, value in parts[0].items():
        unit = 1.0 if name == "accuracy" else energy
        assert parts[1][name] / unit == pytest.approx(value, rel=1e-5), name
    variances = [
        state.phase_variance(1e4 / unit) for state, unit in zip(states, (1, energy), strict=True)
    ]
    assert variances[1] == pytest.approx(variances[0], rel=1e-5)
    assert states[1].line_width() / energy == pytest.approx(states[0].line_width(), rel=1e-5)
    assert ticks[1].rate.value / energy == pytest.approx(ticks[0].rate.value, rel=1e-3)


@pytest.mark.parametrize("energy", [1e-30, 1e30])
def test_onset_of_ergotropy(energy):
    found = qem.ergotropy_threshold(scaled(DEVICE, energy), (8.5 * energy, 8.6 * energy))
    assert found.voltage / energy == pytest.approx(8.552582, abs=2e-6)
    assert found.uncertainty < 1e-5 * energy


@in_any_units
def test_sweeps(energy, mass):
    voltages = np.array([0.0, 10.0])
    expected, found = (
        qem.sweep(device, over={"voltage": unit * voltages}, method="orbit")
        for device, unit in ((DEVICE, 1.0), (scaled(DEVICE, energy, mass), energy))
    )
    for name, series in expected.items():
        if name in ("status", "failure"):
            assert (found[name] == series).all(), name
            continue
        unit = energy if series.attrs["units"].startswith("energy") else 1.0
        least = 1e-6 * np.abs(series.values).max() + 1e-11
        # What an error is of, round-off, is another one in other units.
        rel = 0.1 if name.endswith("_error") else 1e-5
        assert found[name].values / unit == pytest.approx(series.values, rel=rel, abs=least), name


def batches():
    """Populations of a state with an inversion, with noise."""
    rng = np.random.default_rng(3)
    means = np.array([0.1, 0.4, 0.3, 0.15, 0.05])
    return means + 0.01 * rng.normal(size=(16, 5))


@pytest.mark.parametrize("energy", [1e-30, 1e30])
def test_estimates_from_samples(energy):
    energies = 0.2 * np.arange(5)
    for estimate in (
        lambda unit: qem.estimate_ergotropy(batches(), unit * energies),
        lambda unit: qem.estimate_free_energy_work(batches(), unit * energies, 2.0 * unit),
        lambda unit: qem.jackknife(unit * batches(), lambda mean: mean @ energies),
        lambda unit: qem.jackknife(batches(), lambda p: unit * p[1] ** 2),
    ):
        expected, found = vars(estimate(1.0)), vars(estimate(energy))
        for name, value in expected.items():
            unit = 1.0 if name == "sorted_levels" else energy
            least = 1e-13 * expected["value"]
            assert found[name] / unit == pytest.approx(value, rel=1e-9, abs=least), name


@in_any_units
def test_populations_and_their_entropy_from_samples(energy, mass):
    """|α| of points drawn from W, in any units of x and p."""
    (_, expected), (_, found) = state_of(), state_of(energy, mass)
    rng = np.random.default_rng(1)
    u, v = rng.normal(size=(2, 800))
    drawn = []
    for state in (expected, found):
        x, p = 3.0 * state.model.x0 * u, 3.0 * state.model.p0 * v
        radius = np.hypot(x / state.model.x0, p / state.model.p0)
        drawn.append(qem.sampled_populations(radius, levels=60, batches=8))
    assert drawn[1] == pytest.approx(drawn[0], abs=1e-12)
    entropies = [vars(qem.estimate_entropy(p)) for p in drawn]
    assert entropies[1] == pytest.approx(entropies[0], rel=1e-9)


@in_any_units
def test_pictures_of_electrons(energy, mass):
    def pictures(unit, weight):
        x = np.linspace(-10.0, 10.0, 41)
        devices = {v: scaled(qem.paper_device(v), unit, weight) for v in (0.0, 12.0)}
        x0 = devices[0.0].oscillator.x0
        at = {v: qem.electron_coefficients(device, x0 * x) for v, device in devices.items()}
        return (
            closed(lambda: plotting.coefficient_panels(at, x0)[0].figure),
            closed(lambda: plotting.fluctuation_ratio(at, weight, 2.0 * unit, x0).figure),
        )

    for found, expected in zip(pictures(energy, mass), pictures(1.0, 1.0), strict=True):
        assert_shown_alike(found, expected, [1.0, energy, mass * energy**2])


@in_any_units
def test_pictures_over_voltage(energy, mass):
    def pictures(unit):
        device = scaled(DEVICE, unit, mass)
        data = qem.sweep(device, over={"voltage": unit * np.array([0.0, 12.0])}, method="orbit")
        voltage = data["voltage"].values
        work = plotting.work_curves(data, 8.46 * unit)[0]
        work.figure.canvas.draw()
        inside = [t for t in work.get_xticks() if 0.0 <= t <= voltage[-1]]
        assert len(inside) > 3
        return (
            closed(lambda: work.figure),
            closed(lambda: plotting.coherence_curve(voltage, data["g2"]).figure),
        )

    for found, expected in zip(pictures(energy), pictures(1.0), strict=True):
        assert_shown_alike(found, expected, [1.0, energy], rel=1e-5)


@in_any_units
def test_a_map_of_phase_space(energy, mass):
    def map_of(state):
        axis = np.linspace(-12.0, 12.0, 41)
        x0, p0 = state.model.x0, state.model.p0
        density = x0 * p0 * state.wigner(x0 * axis[:, None], p0 * axis)
        return closed(lambda: plotting.wigner_map(axis, axis, density).figure)

    assert_shown_alike(map_of(state_of(energy, mass)[1]), map_of(state_of()[1]), [1.0])


@in_any_units
def test_the_schematic_has_the_same_shape(energy, mass):
    def shape(device):
        ax = plotting.device_schematic(device)
        ax.figure.canvas.draw()
        top = ax.get_ylim()[1]
        lines = [(line.get_xdata(), np.asarray(line.get_ydata()) / top) for line in ax.get_lines()]
        texts = [(text.get_text(), text.get_position()[1] / top) for text in ax.texts]
        plt.close(ax.figure)
        return lines, dict(texts)

    lines, texts = shape(scaled(DEVICE, energy, mass))
    expected_lines, expected_texts = shape(DEVICE)
    assert texts == pytest.approx(expected_texts)
    for line, reference in zip(lines, expected_lines, strict=True):
        assert np.array(line) == pytest.approx(np.array(reference), abs=1e-9)


def test_the_schematic_holds_levels_and_potentials():
    device = qem.Device(DEVICE.oscillator, *DEVICE.leads, coupling=0.1, level=40.0)
    ax = plotting.device_schematic(device)
    assert ax.get_ylim()[1] > 1.2 * 40.0
    plt.close(ax.figure)


@in_any_units
def test_panels(energy, mass):
    def picture(unit, weight):
        device, state = state_of(unit, weight)
        numbers = summary(device, state)
        panels = StatePanels(threshold=8.46 * unit)
        return closed(lambda: panels.show(device, state, numbers, StateCurves.of([numbers] * 2)))

    units = [1.0, energy, 1.0 / (2.0 * np.pi)]
    assert_shown_alike(picture(energy, mass), picture(1.0, 1.0), [*units, energy], rel=1e-5)


@pytest.mark.usefixtures("told_pictures")
@in_any_units
def test_the_explorer(energy, mass):
    explorer = DeviceExplorer(scaled(qem.paper_device(6.0), energy, mass))
    slider = explorer.controls["voltage"]
    assert (slider.min / energy, slider.max / energy) == pytest.approx((-40.0, 40.0))
    assert slider.step / energy == pytest.approx(0.1)
    assert explorer.state.phonon_number == pytest.approx(20.002, rel=1e-4)
    said = explorer.message
    slider.value = 10.0 * energy
    assert explorer.message != said
    assert explorer.state.phonon_number == pytest.approx(paper_state(10.0).phonon_number, rel=1e-4)
    assert "W_E = 0," not in explorer.message


@pytest.mark.usefixtures("told_pictures")
def test_presets_bring_their_range_of_voltages():
    small, large = scaled(DEVICE, 1e-3), scaled(DEVICE, 1e3)
    explorer = DeviceExplorer({"small": small, "large": large})
    for device, unit in ((large, 1e3), (small, 1e-3), (large, 1e3)):
        explorer.presets.value = device
        assert explorer.device == device
        assert explorer.controls["voltage"].max == pytest.approx(40.0 * unit)


@pytest.mark.parametrize("unit", [1e-30, 1.0, 1e30])
def test_work_is_nothing_beside_a_quantum_of_energy(unit):
    assert _work(4e-9 * unit, unit) == "0"
    assert float(_work(6e-9 * unit, unit)) == pytest.approx(6e-9 * unit)


@pytest.mark.parametrize("value", [1e-30, 1.5e30])
def test_values_of_a_slider_are_told_in_any_unit(value):
    def draw(value):
        figure, ax = plt.subplots()
        ax.plot([0.0, 1.0], [0.0, value])
        return figure

    slider, _ = sliders.frame_slider(draw, [value, 2.0 * value], "voltage", alt="A line").children
    assert [float(text) for text in slider.options] == pytest.approx([value, 2.0 * value])


@pytest.mark.parametrize("unit", [1e-30, 1e30])
def test_a_mesh_that_is_no_grid_is_refused_in_any_unit(unit):
    x, y = np.meshgrid(np.arange(4.0), np.arange(3.0))
    figure, ax = plt.subplots()
    ax.pcolormesh(unit * (x + 0.1 * y), unit * y, np.zeros((2, 3)))
    with pytest.raises(ValueError, match="must be a grid"):
        figure_data(figure)
    plt.close(figure)


@cache
def charged(energy=1.0, mass=1.0):
    device = scaled(DEVICE, energy, mass)
    model = qem.LangevinModel.from_device(device)
    times = np.array([0.0, 1e3, 4e3, 1.6e4, 3.2e4]) / energy
    path = qem.evolve([[1.0]], model, times, rtol=1e-4)
    averaged = qem.AveragedModel.from_langevin(model)
    return path, qem.evolve([[1.0]], averaged, times, rtol=1e-3), ledgers(path), averaged


@in_any_units
def test_charging_and_its_ledgers(energy, mass):
    expected, found = charged(), charged(energy, mass)
    for one, other in zip(expected[:2], found[:2], strict=True):
        assert other.phonon_number == pytest.approx(one.phonon_number, rel=1e-6, abs=1e-9)
    books = expected[2], found[2]
    times = [book.charging_time(0.5) for book in books]
    assert times[1] * energy == pytest.approx(times[0], rel=1e-6)
    for name, unit in {"power": energy**2, "energy_efficiency": 1.0}.items():
        (when, most), (when_found, most_found) = (book.greatest(name) for book in books)
        assert when_found * energy == pytest.approx(when, rel=1e-3)
        assert most_found / unit == pytest.approx(most, rel=1e-6)


@in_any_units
def test_limit_cycles(energy, mass):
    expected, found = (qem.limit_cycles(path[3]) for path in (charged(), charged(energy, mass)))
    length = 1.0 / np.sqrt(mass * energy)
    assert found.amplitudes == pytest.approx(length * expected.amplitudes, rel=1e-6)
    assert found.stable.tolist() == expected.stable.tolist() == [True]
