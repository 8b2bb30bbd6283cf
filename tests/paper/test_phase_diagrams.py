"""The maps of the package: that they are whole, can be had again, and say what they should."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

import qemlib as qem
from qemlib.paper.phase_diagrams import battery, maps
from qemlib.paper.phase_diagrams.gauges import Slow, efficiency, resolution
from qemlib.studies.parameters import varied


def test_the_file_holds_every_map_and_nothing_else():
    held = maps._read(maps.FILE)
    assert list(held) == list(maps.MAPS)
    for name, kind in maps.MAPS.items():
        if isinstance(kind, maps.Map):
            assert (held[name]["status"] == 1).all(), name
            for parameter, values in kind.arguments.get("over", {}).items():
                assert held[name][parameter].values.tolist() == list(values)


def test_a_point_can_be_had_again():
    method = maps.MAPS["rate"].arguments["method"]
    device = varied(qem.paper_device(6.0), "rate", 3.0)
    state = method.state(device)
    kept = maps.recorded("rate").sel(rate=3.0, voltage=6.0)
    assert state.phonon_number == pytest.approx(float(kept["phonon_number"]), rel=1e-6)
    assert state.g2 == pytest.approx(float(kept["g2"]), rel=1e-6)
    assert state.relaxation_time == pytest.approx(float(kept["relaxation_time"]), rel=1e-5)
    assert resolution(state) == pytest.approx(float(kept["resolution"]), rel=1e-5)


def test_maps_share_the_papers_device():
    rate = maps.recorded("rate").sel(rate=2.0)
    temperature = maps.recorded("temperature").sel(temperature=2.0)
    for name in ("phonon_number", "g2", "ergotropy", "resolution"):
        assert rate[name].values == pytest.approx(temperature[name].values, rel=1e-9, abs=1e-12)


def test_orbits_are_what_nothing_eliminated_gives():
    judged = maps.recorded("judged")
    for i, point in enumerate(maps.judged()):
        (name,) = point.keys() - {"voltage"}
        orbits = maps.recorded(name).sel(point)
        for each in ("phonon_number", "g2"):
            true, error = float(judged[each][i]), float(judged[f"{each}_error"][i])
            assert abs(float(orbits[each]) - true) < error + 0.003 * true


def test_a_map_is_kept_and_read_back_as_it_is(tmp_path, monkeypatch):
    small = maps.Map(
        "Two points.",
        {
            "base": qem.paper_device(),
            "over": {"voltage": [0.0, 4.0]},
            "method": "preview",
            "observables": ["g2"],
        },
    )
    monkeypatch.setattr(maps, "MAPS", {"small": small})
    with ThreadPoolExecutor(1) as here:
        maps.main(folder=tmp_path / "data", path=tmp_path / "maps.json", executor=here)
        first = (tmp_path / "maps.json").read_bytes()
        maps.main(folder=tmp_path / "data", path=tmp_path / "maps.json", executor=here)
    assert (tmp_path / "maps.json").read_bytes() == first
    found = maps._read(tmp_path / "maps.json")["small"]
    assert found["g2"].values == pytest.approx([2.0, 1.895], abs=1e-3)


def test_gauges_of_a_linear_oscillator():
    """Its line is as wide as its friction, which is also how fast its energy relaxes."""
    amplitudes, one = np.linspace(0.0, 25.0, 26), np.ones(26)
    model = qem.AveragedModel(1.0, 0.5, amplitudes, 0.02 * one, 0.0 * one, 0.05 * one, 0.05 * one)
    state = qem.averaged_state(replace(model, device=qem.paper_device(0.0)))
    assert resolution(state) == pytest.approx(0.5 / 0.02, rel=1e-3)
    assert state.relaxation_time == pytest.approx(1.0 / 0.02, rel=1e-3)
    assert np.isnan(efficiency(state))
    with pytest.raises(ValueError, match="^state must know its device"):
        efficiency(replace(state, model=model))


def test_efficiency_is_work_over_power_and_time():
    device = qem.paper_device(14.0)
    state = Slow().state(device)
    x = np.linspace(-60.0, 60.0, 4001)
    density = state.position_density(x)
    current = float(np.trapezoid(density * qem.current(device, x), x))
    work = qem.ergotropy(state, coherences=False)
    rate = float(qem.slowest_rates(qem.LangevinModel.from_device(device)).values[0].real)
    assert efficiency(state) == pytest.approx(work * rate / (14.0 * current), rel=2e-3)


def test_the_best_battery_is_better_than_all_that_were_looked_at():
    search = maps.recorded("battery")
    along, work = search["along"].values, search["ergotropy"].values
    top = int(np.argmax(np.where(along == "", work, -1.0)))
    best = {name: float(search[name][top]) for name in battery.ALONG}
    for name, (low, high) in battery.FREE.items():
        assert low < best[name] < high
        on = along == name
        assert on.sum() == len(battery.AROUND)
        assert work[on].max() < 1.01 * work[top]
        ends = work[on][[0, -1]]
        assert (ends < 0.98 * work[top]).all()
    again = battery.stored_work(best, maps.MAPS["battery"].method)
    assert again == pytest.approx(work[top], rel=1e-4)


def test_where_there_is_no_state_there_is_no_work():
    class Refusing:
        name = "refusing"

        def state(self, subject):
            raise qem.NoSteadyState("none")

    assert battery.stored_work(battery.START, Refusing()) == 0.0


def test_an_unknown_map_is_refused():
    with pytest.raises(ValueError, match="^name must be one of"):
        maps.recorded("nowhere")
