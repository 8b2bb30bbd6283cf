"""The long runs with memory: what they recorded, that it can be had again, and what it shows."""

import json
from dataclasses import replace

import numpy as np
import pytest

import qemlib as qem
from qemlib.paper.checks.full_model import fitted_order
from qemlib.paper.with_memory import runs
from qemlib.paper.with_memory.devices import at_infinite_bias, slowed, with_quantum, with_ratios
from qemlib.paper.with_memory.measures import Found
from qemlib.paper.with_memory.recorded import (
    FILE,
    Record,
    column,
    fitted_exponent,
    manifest,
    read,
    records,
)


def of(run, name="phonon_number", **parameters):
    """A result of the one record with these parameters."""
    (record,) = records(run, **parameters)
    return record.results[name]


# --- the file -------------------------------------------------------------------------------------


def test_the_file_holds_every_call_of_every_run_and_nothing_else():
    _, found = read(FILE)
    wanted = [Record(name, parameters).key for name, parameters in runs.tasks()]
    assert [record.key for record in found] == wanted
    assert len(set(wanted)) == len(wanted)


def test_the_file_says_what_computed_it():
    assert set(manifest()) == {"python", "numpy", "scipy", "numba", "qemlib"}
    assert all(manifest().values())
    for record in read(FILE)[1]:
        assert bool(record.results) != bool(record.refusal)
        assert record.settings or record.refusal
        assert np.isfinite(list(record.results.values())).all()
        assert all(error >= 0.0 for error in record.error.values())


@pytest.mark.parametrize(
    ("run", "parameters"),
    [
        ("voltages", {"voltage": 0.0, "method": "orbits"}),
        ("phonons", {"planck": 4.0, "method": "hierarchy", "levels": 400}),
        ("slow rings", {"eta": 0.65, "method": "hierarchy", "levels": 2300, "bandwidth": 12}),
    ],
)
def test_a_point_can_be_had_again(run, parameters):
    (kept,) = records(run, **parameters)
    again = runs.measured(run, parameters)
    assert again.results.keys() == kept.results.keys()
    for name, value in kept.results.items():
        allowed = kept.error.get(name, 0.0) + 1e-9 * max(1.0, abs(value))
        assert again.results[name] == pytest.approx(value, abs=allowed), name


def test_records_are_asked_for_by_their_parameters():
    two = records("voltages", voltage=6.0)
    assert {record.parameters["method"] for record in two} >= {"adiabatic", "orbits", "hierarchy"}
    assert np.isnan(column(two, "occupation")[0])
    with pytest.raises(ValueError, match="run must be one of couplings, .*, got 'volts'"):
        records("volts")
    with pytest.raises(ValueError, match="voltages has no record with {'voltage': 7.5}"):
        records("voltages", voltage=7.5)


def test_an_exponent_is_found_with_its_uncertainty():
    x = np.array([1.0, 2.0, 4.0, 8.0])
    assert fitted_exponent(x, 3.0 * x**-1.5) == (pytest.approx(-1.5), pytest.approx(0.0, abs=1e-9))
    rng = np.random.default_rng(1)
    found = [fitted_exponent(x, x**-1.0 * np.exp(0.1 * rng.normal(size=4))) for _ in range(400)]
    off, stated = np.transpose(found)
    assert np.std(off) == pytest.approx(np.sqrt(np.mean(stated**2)), rel=0.15)
    with pytest.raises(ValueError, match="x and y must be as many positive numbers, at least 3"):
        fitted_exponent([1.0, 2.0], [1.0, 2.0])


# --- the runs -------------------------------------------------------------------------------------


def counted(asked, stop):
    def function(number):
        if number == stop[0]:
            raise KeyboardInterrupt
        if number == 7:
            raise qem.NoSteadyState("device has none")
        asked.append(number)
        return Found({"double": 2.0 * number}, {"double": 0.1}, {"how": "by hand"})

    return function


def test_an_interrupted_run_goes_on_where_it_was(tmp_path, monkeypatch):
    asked, stop = [], [3]
    calls = tuple({"number": number} for number in (1, 7, 3, 4))
    run = runs.Run("Twice a number.", counted(asked, stop), calls)
    monkeypatch.setattr(runs, "RUNS", {"twice": run})
    folder, path = tmp_path / "data", tmp_path / "twice.json"
    with pytest.raises(KeyboardInterrupt):
        runs.main(folder=folder, path=path)
    assert [record.parameters["number"] for record in read(path)[1]] == [1, 7]
    stop[0] = None
    with (folder / "full-quantum.jsonl").open("a") as file:
        file.write('{"versions": {"py')  # cut short as by a loss of power
    runs.main(folder=folder, path=path)
    assert asked == [1, 3, 4]
    versions, found = read(path)
    assert versions == runs.versions()
    assert [record.results.get("double") for record in found] == [2.0, None, 6.0, 8.0]
    assert found[1].refusal == "device has none"


def test_records_of_other_versions_are_computed_again(tmp_path, monkeypatch):
    asked = []
    run = runs.Run("Twice a number.", counted(asked, [None]), ({"number": 1},))
    monkeypatch.setattr(runs, "RUNS", {"twice": run})
    runs.main(folder=tmp_path, path=tmp_path / "a.json")
    line = json.loads((tmp_path / "full-quantum.jsonl").read_text())
    line["versions"]["numpy"] = "1.0"
    (tmp_path / "full-quantum.jsonl").write_text(json.dumps(line) + "\n")
    runs.main(folder=tmp_path, path=tmp_path / "a.json")
    assert asked == [1, 1]


@pytest.mark.parametrize("planck", [0.3, 5.0])
def test_another_quantum_leaves_the_orbits_as_they_are(planck):
    # Friction is λ² times a function of s = FA alone, noise in s is λ⁴ times one.
    device = at_infinite_bias()
    other = with_quantum(device, planck)
    s = np.array([0.0, 1.0, 5.0])
    here, there = (qem.orbit_coefficients(each, s / each.force) for each in (device, other))
    assert there.friction == pytest.approx(planck * here.friction, rel=1e-7)
    noise = [f.amplitude_diffusion * d.force**2 for f, d in ((here, device), (there, other))]
    assert noise[1] == pytest.approx(planck**2 * noise[0], rel=1e-7)
    phonons = [(s / d.force / d.oscillator.x0) ** 2 for d in (device, other)]
    assert phonons[1] == pytest.approx(phonons[0] / planck, rel=1e-12)


def test_families_of_devices():
    device = qem.paper_device(4.0)
    slow = slowed(device, 0.5)
    assert (slow.oscillator.frequency, slow.coupling) == (0.1, 0.05)
    assert slow == with_ratios(device, 0.1, 0.05)
    assert replace(slow, oscillator=device.oscillator, coupling=0.1) == device


# --- what they show -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("voltage", "allowed"), [(0.0, 5e-3), (3.0, 5e-3), (6.0, 5e-3), (10.0, 0.015)]
)
def test_orbits_meet_the_hierarchy(voltage, allowed):
    here, there = (of("voltages", voltage=voltage, method=m) for m in ("orbits", "hierarchy"))
    assert here == pytest.approx(there, rel=allowed)
    g2 = [of("voltages", "g2", voltage=voltage, method=m) for m in ("orbits", "hierarchy")]
    assert g2[0] == pytest.approx(g2[1], rel=allowed)


def test_they_find_the_same_work_at_ten_volts():
    work, fullest = (
        [of("voltages", name, voltage=10.0, method=m) for m in ("orbits", "hierarchy")]
        for name in ("ergotropy", "fullest")
    )
    assert work[0] == pytest.approx(work[1], rel=0.03)
    assert fullest[0] == fullest[1]
    assert of("voltages", "ergotropy", voltage=10.0, method="adiabatic") < 0.6 * work[0]


def test_the_ring_of_three_hundred_phonons():
    # No state is bound there: both are cut at the same |α|².
    for levels in (1100, 1500, 2200):
        orbits, full = (
            of("ring", method="orbits", levels=levels),
            of("ring", method="hierarchy", levels=levels, bandwidth=20),
        )
        # 1.7 phonons, whatever the cut.
        assert 1.5 < orbits - full < 1.9
    wide = [of("ring", method="hierarchy", levels=1100, bandwidth=k) for k in (16, 20, 28)]
    assert np.ptp(wide) < 1e-4 * wide[-1]
    last = [of("ring", method="hierarchy", levels=n, bandwidth=20) for n in (1800, 2200)]
    assert last[1] == pytest.approx(last[0], rel=1e-3)
    assert of("ring", "fullest", method="hierarchy", levels=2200, bandwidth=20) == 216


def remembering(run, eta=1.0, planck=1.0, levels=0, **parameters):
    """The averaged model of a record."""
    damping, reach, device = 0.0, None, at_infinite_bias()
    if run == "voltages":
        device = qem.paper_device(parameters["voltage"])
    elif run == "couplings":
        device = with_ratios(qem.paper_device(10.0), 0.2, parameters["coupling"])
    elif run == "slow rings":
        device = slowed(device, eta)
    elif run == "phonons":
        device = with_quantum(device, planck)
        reach = (2.0 + 4.0 * np.sqrt(planck)) / (2.0 * device.coupling)
        damping = 0.015 * device.coupling**2
    else:
        reach = np.sqrt(levels)
    far = None if reach is None else reach * device.oscillator.x0
    model = qem.AveragedModel.from_device(device, 1e-5, reach=far)
    return model.with_damping(damping) if damping else model


@pytest.mark.parametrize(
    ("run", "which"),
    [
        ("voltages", {}),
        ("couplings", {}),
        ("phonons", {}),
        ("slow rings", {"bandwidth": 16}),
        ("ring", {"bandwidth": 20, "levels": 1100}),
        ("ring", {"bandwidth": 20, "levels": 2200}),
    ],
)
def test_what_orbits_leave_out_is_in_their_error(run, which):
    beside = []
    for record in records(run, method="hierarchy", **which):
        state = qem.averaged_state(remembering(run, **record.parameters), edge_weight=1.0)
        for name in ("phonon_number", "g2"):
            full = record.results[name]
            off = abs(getattr(state, name) - full)
            # A full answer has an error, too.
            assert off < state.error[name] * full + record.error.get(name, 0.0)
            if name == "phonon_number":
                beside.append(state.error[name] * full / max(off, record.error.get(name, 0.0)))
    assert np.median(beside) < 30.0


def test_the_threshold_of_the_hierarchy_lies_within_the_error_of_the_orbits():
    orbits = qem.ergotropy_threshold(qem.paper_device(), (8.38, 8.39), noise_at="orbit")
    full = of("inversions", "voltage", planck=1.0, method="hierarchy", depth=2, pade_terms=3)
    off = abs(orbits.value - full)
    assert off < orbits.uncertainty < 20.0 * off


def test_what_orbits_leave_out_falls_as_one_over_the_phonons():
    orbits, full = (records("phonons", method=m) for m in ("orbits", "hierarchy"))
    known = column(full, "phonon_number")
    many = known > 50.0
    off = np.abs(column(orbits, "phonon_number") / known - 1.0)
    assert many.sum() >= 4
    assert known[many].max() > 5.0 * known[many].min()
    exponent, uncertainty = fitted_exponent(known[many], off[many])
    assert exponent == pytest.approx(-1.0, abs=0.1)
    assert uncertainty < 0.1
    assert max(column(full, "top")) < 2e-8


def test_the_thresholds_come_together_as_the_phonons_become_many():
    planck = np.array([0.25, 0.5, 1.0])
    rest = of("inversions", "voltage", planck=1.0, method="at rest")
    assert rest == pytest.approx(8.301449, abs=1e-6)
    orbits, full = (
        np.array([of("inversions", "voltage", planck=p, method=m, **more) for p in planck])
        for m, more in (("orbits", {}), ("hierarchy", {"depth": 2, "pade_terms": 3}))
    )
    # Both come to friction at rest; the hierarchy up to what its Padé terms shift.
    for found, allowed in ((orbits, 3e-4), (full, 1e-3)):
        slope, limit = np.polyfit(planck, found, 1)
        assert limit == pytest.approx(rest, abs=allowed)
        assert 0.07 < slope < 0.1
    slope, limit = np.polyfit(planck, full - orbits, 1)
    assert abs(limit) < 1e-3
    assert 5e-3 < slope < 9e-3


def test_it_is_of_second_order_against_the_hierarchy_at_infinite_bias():
    full, narrower = (records("slow rings", method="hierarchy", bandwidth=k) for k in (16, 12))
    known = column(full, "phonon_number")
    assert known.size >= 5
    assert known.max() > 10.0 * known.min()
    # All cut-offs are converged: leads are exact at this bias, and so is the depth.
    assert column(narrower, "phonon_number") == pytest.approx(known, rel=2e-5)
    assert column(full, "top").max() < 2e-9
    slow = column(records("slow rings", method="adiabatic"), "phonon_number")
    order, uncertainty = fitted_order(column(full, "eta"), 1.0 - slow / known)
    assert uncertainty < 0.05
    assert abs(order - 2.0) < uncertainty


def test_the_error_of_the_adiabatic_equation_is_of_second_order():
    slow, known = (records("slowness", method=m) for m in ("adiabatic", "orbits"))
    full = column(known, "phonon_number")
    assert full.max() > 3.0 * full.min()
    error = np.abs(full / column(slow, "phonon_number") - 1.0)
    order, uncertainty = fitted_order(column(known, "eta"), error)
    assert abs(order - 2.0) < max(0.15, 2.0 * uncertainty)
