"""Readings change what they say and nothing else; the scan ranks them by its rule."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
import xarray as xr

import qemlib as qem
from qemlib.paper.claims.evidence import Evidence
from qemlib.paper.claims.scan import (
    SCORED,
    Score,
    few_changes,
    finalists,
    main,
    score,
    screen,
    table,
)
from qemlib.paper.claims.verdicts import Measurement, Verdict
from qemlib.paper.readings.readings import CHANGES, PRINTED, Reading, all_readings, reading
from qemlib.paper.readings.sensitivity import PARAMETERS, elasticities

pytestmark = pytest.mark.usefixtures("pool_here")


def test_the_printed_reading_is_the_printed_device():
    assert PRINTED.name == "as printed"
    assert PRINTED.device(6.0) == qem.paper_device(6.0)
    assert PRINTED.threshold == pytest.approx(8.46328, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "what", "expected"),
    [
        ("F = λ", lambda d: d.force, 0.1),
        ("x0 inverted", lambda d: d.force, 2 * 0.1 * np.sqrt(2 / 0.2)),
        ("T = β", lambda d: d.right.temperature, 0.5),
        ("μ = ±V", lambda d: d.left.chemical_potential, 6.0),
        ("Γ/2", lambda d: d.left.density.rate, 1.0),
        ("2Γ", lambda d: d.right.density.rate, 4.0),
        ("δ/2", lambda d: d.left.density.bandwidth, 0.5),
        ("2δ", lambda d: d.right.density.bandwidth, 2.0),
    ],
)
def test_each_change_of_the_device_does_what_it_says(name, what, expected):
    device = reading(name).device(6.0)
    assert what(device) == pytest.approx(expected, rel=1e-12)
    assert what(qem.paper_device(6.0)) != pytest.approx(expected)


def test_every_change_changes_something():
    for name in CHANGES:
        changed = reading(name)
        assert changed.device(6.0) != qem.paper_device(6.0) or changed.has_own_motion


def test_bare_occupation_is_the_force_without_its_factor():
    model, plain = reading("no F in C1").model(6.0), PRINTED.model(6.0)
    x = np.linspace(-20.0, 20.0, 9)
    expected = plain.force_at(x) / qem.paper_device().force
    assert model.force_at(x) == pytest.approx(expected, rel=1e-7, abs=1e-10)
    assert model.damping_at(x) == pytest.approx(plain.damping_at(x), rel=1e-7, abs=1e-12)


def test_euler_moves_the_threshold_as_its_damping_says():
    # Independent of the readings: γ(0) = ω0²Δt, less the slope of the force.
    moved = reading("Δt = 0.0026")
    assert moved.threshold == pytest.approx(6.007, abs=1e-3)
    device, h = qem.paper_device(moved.threshold), 0.01
    low, high = qem.excess_charge(device, np.array([-h, h]))
    stiffness = 0.2**2 - device.force * (high - low) / (2 * h)
    assert float(qem.damping(device, 0.0)) == pytest.approx(stiffness * 2.6e-3, rel=1e-4)


def test_thresholds_of_known_readings():
    assert reading("μ = ±V").threshold == pytest.approx(0.5 * PRINTED.threshold, rel=1e-8)
    assert reading("F = λ").threshold == pytest.approx(PRINTED.threshold, rel=1e-8)
    assert reading("T = β").threshold == pytest.approx(5.1846, abs=1e-3)
    # Strong coupling pushes the dot's states out of the window in which friction turns negative.
    assert reading("2Γ").threshold == np.inf


def test_a_preview_is_the_state_from_a_coarse_grid():
    for changed in (reading("F = λ", "μ = ±V"), reading("no F in C1", "Δt = 0.001")):
        estimate = changed.preview(6.0)
        exact = qem.orbit_average(changed.model(6.0))
        assert estimate.phonon_number == pytest.approx(exact.phonon_number, rel=1e-3)
        assert estimate.g2 == pytest.approx(exact.g2, rel=1e-3)


def test_a_step_that_heats_without_end_is_refused():
    with pytest.raises(ValueError, match="no bound steady state at V = 40"):
        reading("Δt = 0.005", "2δ").model(40.0)


def test_two_answers_to_one_question_are_refused():
    with pytest.raises(ValueError, match="different questions"):
        reading("Γ/2", "2Γ")


def test_an_unknown_change_is_named():
    with pytest.raises(ValueError, match="got \\['F = 7'\\]"):
        reading("F = 7")


def test_there_are_enough_readings_and_no_two_are_the_same():
    readings = few_changes()
    assert readings[0] == PRINTED
    assert len({r.name for r in readings}) == len(readings) >= 200
    assert max(len(r.changes) for r in readings) == 3
    assert len(all_readings()) > len(readings)


def measured(**values):
    """A score with all claims as the paper has them, but for those named."""
    ideal = {
        claim.name: float(np.clip(0.0, *np.clip(claim.rule.holds, -1e3, 1e3))) for claim in SCORED
    }
    ideal |= {name.replace("_", " "): value for name, value in values.items()}
    return Score(PRINTED, "exact", {name: Measurement(v, 0.0) for name, v in ideal.items()})


def test_points_and_misfit_follow_the_stated_rule():
    assert measured().points == len(SCORED)
    assert measured().misfit == 0.0
    approximately = measured(threshold=4.5)
    assert (approximately.points, approximately.misfit) == (len(SCORED) - 0.5, 0.5)
    fails = measured(threshold=8.0)
    assert fails.points == len(SCORED) - 1
    assert fails.misfit == 3.0  # counted up to three
    assert measured().rank < approximately.rank < fails.rank


def test_a_wider_margin_forgives_more():
    strict, kind = (replace(measured(threshold=3.5), tolerance=t) for t in (1.0, 2.0))
    assert strict.verdicts["threshold"] is Verdict.FAILS
    assert kind.verdicts["threshold"] is Verdict.APPROXIMATELY
    assert kind.misfit == pytest.approx(0.5 * strict.misfit)


def test_what_a_reading_can_still_have_bounds_what_it_has():
    full = measured()
    unseen = {name: m for name, m in full.measurements.items() if name != "plateau"}
    assert replace(full, measurements=unseen).most_points == len(SCORED)
    # No state is round to 1e-6: before it is looked at, that claim can bring half a point.
    unseen = {name: m for name, m in full.measurements.items() if name != "rotational symmetry"}
    assert replace(full, measurements=unseen).most_points == len(SCORED) - 0.5
    doubtful = full.measurements | {"plateau": Measurement(1.44, 0.03)}
    assert replace(full, measurements=doubtful).points == len(SCORED) - 0.5
    assert replace(full, measurements=doubtful).most_points == len(SCORED)
    assert measured(plateau=1.2).most_points == len(SCORED) - 1


@lru_cache
def screened():
    names = (
        (),
        ("T = β",),
        ("F = λ", "μ = ±V"),
        ("F = λ", "μ = ±V", "δ/2"),
        ("2Γ",),
        ("μ = ±V",),
        ("x0 inverted", "T = β"),
    )
    return tuple(screen([reading(*n) for n in names]))


@lru_cache
def solved():
    weak = [s.reading for s in screened() if s.method != "coupling"]
    return {s.reading.name: s for s in screen(weak, method="exact")}


def test_screening_ranks_and_says_how_far_it_looked():
    methods = {s.reading.name: s.method for s in screened()}
    assert methods == {
        "F = λ, μ = ±V": "orbit",
        "F = λ, μ = ±V, δ/2": "orbit",  # though its threshold is much too low
        "T = β": "orbit",
        "as printed": "given up",
        "2Γ": "given up",
        "μ = ±V": "given up",
        "x0 inverted, T = β": "coupling",
    }
    assert list(screened()) == sorted(screened(), key=lambda s: s.rank)


def test_no_reading_has_more_points_than_the_screening_allows():
    bound = {s.reading.name: s.most_points for s in screened()}
    assert all(s.points <= bound[name] for name, s in solved().items())
    assert {name: s.points for name, s in solved().items()} == {
        "F = λ, μ = ±V": 9.5,
        "F = λ, μ = ±V, δ/2": 9.5,
        "T = β": 9.0,
        "μ = ±V": 9.0,
        "as printed": 4.0,
        "2Γ": 3.0,
    }


def test_where_all_were_given_up_the_finalists_still_hold_the_best():
    """The points below which readings are given up are those of the best of all readings."""
    some = [s for s in screened() if s.method == "given up"]
    best = finalists(some)
    assert best[0].reading.name == "μ = ±V"
    assert best[0].points == max(solved()[s.reading.name].points for s in some) == 9.0


def test_finalists_are_solved_exactly_with_the_printed_parameters():
    best = finalists(list(screened()))
    names = ["F = λ, μ = ±V", "F = λ, μ = ±V, δ/2", "T = β", "as printed"]
    assert [s.reading.name for s in best] == names
    assert all(s.method == "exact" and set(s.verdicts) == {c.name for c in SCORED} for s in best)
    first, last = best[0], best[-1]
    assert first.points >= 9 > 5 > last.points
    assert first.measurements["plateau"].value == pytest.approx(1.515, abs=1e-3)
    # What the screening saw agrees with the exact states.
    seen = {s.reading.name: s for s in screened()}["F = λ, μ = ±V"]
    for name, estimate in seen.measurements.items():
        assert first.measurements[name].value == pytest.approx(estimate.value, abs=2e-3)
    results = table(best)
    assert results["verdict"].sel(reading="as printed", claim="threshold") == "does not hold"
    assert float(results["measured"].sel(reading="as printed", claim="threshold")) == (
        last.measurements["threshold"].value
    )


def test_a_score_takes_only_the_claims_it_is_given():
    one = score(Evidence(Reading(), "orbit"), SCORED[:1])
    assert list(one.measurements) == [SCORED[0].name]
    assert one.misfit == pytest.approx(3.0 * len(SCORED), abs=3.0)


def test_elasticities_add_up_and_agree_with_what_scales():
    response = elasticities(voltage=24.0)
    for name, expected in (("threshold", 1.0), ("g2", 0.0), ("ergotropy", 1.0)):
        assert float(response[name].sum()) == pytest.approx(expected, abs=3e-3)
    by = {p: response.sel(parameter=p) for p in PARAMETERS}
    # At fixed λ the mass drops out; force and frequency leave the sign of γ alone.
    assert all(abs(float(by["m"][name])) < 1e-6 for name in response.data_vars)
    assert all(abs(float(by[p]["threshold"])) < 1e-6 for p in ("λ", "ω0", "m"))
    assert float(by["λ"]["ergotropy"]) < -2


def test_a_device_that_does_not_lase_has_no_elasticities():
    with pytest.raises(ValueError, match="must start to lase below V = 4"):
        elasticities(voltage=4.0)


def test_the_exact_scan_prints_its_order_and_writes_its_table(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("qemlib.paper.claims.scan.few_changes", lambda: [PRINTED, reading("T = β")])
    main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in lines[:2]] == ["β", "printed"]
    assert lines[-1] == "lost in the screening: none"
    with xr.open_dataset(tmp_path / "data" / "scan.nc", engine="scipy") as stored:
        assert stored["points"].values.tolist() == sorted(stored["points"].values)[::-1]
        assert stored["method"].values.tolist() == ["exact", "exact"]
