"""Verdicts follow from measurements: the rules alone, then each claim, then altered physics."""

from dataclasses import replace
from functools import lru_cache
from html import escape
from math import inf, nan

import numpy as np
import pytest
from scipy.optimize import brentq

import qemlib as qem
from qemlib.paper.claims.claims import CLAIMS, ClaimTable, judge
from qemlib.paper.claims.evidence import DECIDING, Evidence, over_voltage
from qemlib.paper.claims.verdicts import Measurement, Rule, Verdict, at_least, at_most, near
from qemlib.paper.readings.readings import AT_OSCILLATOR, PRINTED, Change, Reading, reading

BY_NAME = {claim.name: claim for claim in CLAIMS}


@lru_cache
def printed():
    return Evidence(PRINTED)


@lru_cache
def judged(name):
    return BY_NAME[name].judge(printed())


def altered(device, method="orbit"):
    """Evidence for another device: the rest of the machinery unchanged."""
    return Evidence(Reading((Change("altered", "altered", "", device=device),)), method)


def verdict(name, evidence):
    return BY_NAME[name].judge(evidence).verdict


@pytest.mark.parametrize(
    ("value", "uncertainty", "expected"),
    [
        (5.5, 0.1, Verdict.HOLDS),
        (6.0, 0.0, Verdict.HOLDS),
        (6.0, 0.1, Verdict.APPROXIMATELY),
        (4.5, 0.1, Verdict.APPROXIMATELY),
        (6.6, 0.1, Verdict.UNTESTABLE),
        (5.5, 9.0, Verdict.UNTESTABLE),
        (5.5, inf, Verdict.UNTESTABLE),
        (nan, inf, Verdict.UNTESTABLE),
        (nan, 0.0, Verdict.UNTESTABLE),
        (8.46, 0.1, Verdict.FAILS),
        (3.0, 0.1, Verdict.FAILS),
        (inf, 1e-6, Verdict.FAILS),
    ],
)
def test_a_verdict_is_that_of_all_values_within_the_uncertainty(value, uncertainty, expected):
    rule = Rule(holds=(5.0, 6.0), nearly=(4.0, 6.6))
    assert rule.verdict(Measurement(value, uncertainty)) is expected


def test_misfit_counts_margins():
    rule = Rule(holds=(5.0, 6.0), nearly=(4.0, 6.5))
    misfits = [rule.misfit(v) for v in (5.5, 4.0, 3.0, 6.25, 7.0)]
    assert misfits == [0.0, 1.0, 2.0, 0.5, 2.0]
    assert rule.misfit(nan) == inf
    assert rule.misfit(inf) == inf
    assert at_least(1.0, 1.0).misfit(0.5) == inf


def test_scaling_moves_only_the_margin():
    rule = near(2.0, 0.5, 1.0).scaled(2.0)
    assert (rule.holds, rule.nearly) == ((1.5, 2.5), (0.5, 3.5))
    assert at_most(1.0, 3.0).scaled(0.5).nearly == (-inf, 2.0)


@pytest.mark.parametrize("holds", [(3.0, 6.0), (6.0, 5.0), (5.0, 7.0)])
def test_a_rule_without_a_margin_around_it_is_refused(holds):
    with pytest.raises(ValueError, match="nearly must contain holds"):
        Rule(holds=holds, nearly=(4.0, 6.6))


@pytest.mark.parametrize("uncertainty", [-1.0, nan])
def test_an_uncertainty_that_is_none_is_refused(uncertainty):
    with pytest.raises(ValueError, match="uncertainty must not be negative"):
        Measurement(1.0, uncertainty)


@pytest.mark.parametrize(
    ("measurement", "text"),
    [
        (Measurement(8.4632781, 1e-6), "8.46328 ± 1e-6"),
        (Measurement(0.0105523, 2e-4), "0.01055 ± 0.00020"),
        (Measurement(57043.4, 100.0), "57043 ± 100"),
        (Measurement(-3e-15, 1e-12), "0 ± 1e-12"),
        (Measurement(1.2341e-5, 1e-8), "1.234e-05 ± 1e-8"),
        (Measurement(78.0, 0.0), "78"),
        (Measurement.impossible("no data"), "—"),
    ],
)
def test_no_digit_is_printed_that_the_uncertainty_does_not_leave(measurement, text):
    assert str(measurement) == text


def test_claims_are_complete_and_their_names_differ():
    assert len(BY_NAME) == len(CLAIMS) >= 45
    for claim in CLAIMS:
        assert claim.place
        assert claim.statement.endswith(".")
        assert claim.quantity


# Verdicts on the printed parameters that are not "holds".
EXPECTED = {
    "scales of the experiment": Verdict.UNTESTABLE,
    "fast electrons": Verdict.APPROXIMATELY,
    "non-monotonic, hence driven": Verdict.FAILS,
    "threshold": Verdict.FAILS,
    "ring at V = 6": Verdict.FAILS,
    "saturation at V = 16": Verdict.FAILS,
    "rotational symmetry": Verdict.APPROXIMATELY,
    "no coherences": Verdict.APPROXIMATELY,
    "plateau": Verdict.FAILS,
    "flat plateau": Verdict.FAILS,
    "one trajectory is enough": Verdict.UNTESTABLE,
    "the stochastic Euler method": Verdict.UNTESTABLE,
    "passive with its coherences": Verdict.APPROXIMATELY,
    "work sets in at once": Verdict.APPROXIMATELY,
    "ergotropy saturates": Verdict.FAILS,
    "little work below threshold": Verdict.APPROXIMATELY,
    "equilibrium without voltage": Verdict.APPROXIMATELY,
    "the experiments": Verdict.UNTESTABLE,
}
# What would have been measured if the physics were other, and the verdict that it would deserve.
PLANTED = {
    "scales of the model": (0.5, Verdict.FAILS),
    "fast electrons": (3.0, Verdict.FAILS),
    "half filling": (0.02, Verdict.FAILS),
    "mirror symmetry": (0.1, Verdict.FAILS),
    "theorem in equilibrium": (0.05, Verdict.FAILS),
    "theorem out of equilibrium": (1e-6, Verdict.FAILS),
    "detailed balance": (0.2, Verdict.FAILS),
    "damping in equilibrium": (-0.1, Verdict.FAILS),
    "damping by flat bands": (-0.1, Verdict.FAILS),
    "negative damping": (0.1, Verdict.FAILS),
    "where damping is negative": (9.0, Verdict.FAILS),
    "occupation without voltage": (-0.2, Verdict.FAILS),
    "occupation under voltage": (0.2, Verdict.FAILS),
    "monotonic, hence damped": (-0.01, Verdict.FAILS),
    "non-monotonic, hence driven": (0.003, Verdict.HOLDS),
    "threshold": (5.8, Verdict.HOLDS),
    "blob at V = 0": (0.4, Verdict.FAILS),
    "thermal at V = 0": (1.5, Verdict.FAILS),
    "ring at V = 6": (0.3, Verdict.HOLDS),
    "ring by negative damping": (0.06, Verdict.FAILS),
    "population inversion": (0.0, Verdict.FAILS),
    "growing ring": (-0.1, Verdict.FAILS),
    "saturation at V = 16": (-0.01, Verdict.HOLDS),
    "saturation at last": (0.3, Verdict.FAILS),
    "rotational symmetry": (0.2, Verdict.FAILS),
    "no coherences": (0.5, Verdict.FAILS),
    "no mean amplitude": (0.7, Verdict.FAILS),
    "positive Wigner function": (-0.05, Verdict.FAILS),
    "falling coherence function": (0.2, Verdict.FAILS),
    "plateau": (1.52, Verdict.HOLDS),
    "flat plateau": (0.01, Verdict.HOLDS),
    "noisier than coherent": (0.9, Verdict.FAILS),
    "the stochastic Euler method": (3e-4, Verdict.HOLDS),
    "energy grows": (-0.1, Verdict.FAILS),
    "entropy grows below threshold": (0.8, Verdict.FAILS),
    "entropy saturates": (0.2, Verdict.FAILS),
    "passive below threshold": (0.01, Verdict.FAILS),
    "passive with its coherences": (0.05, Verdict.FAILS),
    "work sets in at once": (0.2, Verdict.FAILS),
    "order parameter": (0.5, Verdict.FAILS),
    "ergotropy grows": (-0.2, Verdict.FAILS),
    "ergotropy saturates": (0.01, Verdict.HOLDS),
    "little work below threshold": (0.8, Verdict.FAILS),
    "some work below threshold": (0.0, Verdict.APPROXIMATELY),
    "work bound": (-1e-3, Verdict.FAILS),
    "similar trend": (-0.3, Verdict.FAILS),
    "equilibrium without voltage": (0.3, Verdict.FAILS),
}
# Statements about what is not computed here: no number could change what is said of them.
SILENT = ("scales of the experiment", "one trajectory is enough", "the experiments")


def test_verdicts_on_the_printed_parameters():
    table = ClaimTable([judged(name) for name in BY_NAME])
    found = {j.claim.name: j.verdict for j in table if j.verdict is not Verdict.HOLDS}
    assert found == EXPECTED
    assert sum(table.counts.values()) == len(table) == len(CLAIMS)


@pytest.mark.parametrize("name", list(PLANTED))
def test_another_number_would_change_the_verdict(name):
    value, deserved = PLANTED[name]
    planted = replace(BY_NAME[name], measure=lambda evidence: Measurement(value, 0.0))
    assert planted.judge(printed()).verdict is deserved
    assert judged(name).verdict is not deserved


def test_statements_that_nothing_here_measures_are_all_named():
    assert set(PLANTED) | set(SILENT) == set(BY_NAME)
    for name in SILENT:
        assert verdict(name, altered(strong_coupling)) is Verdict.UNTESTABLE
        assert judged(name).measurement.note


def test_one_trajectory_counts_the_steps_of_the_scheme_it_judges():
    # 2.5e8 steps over the exact relaxation time at V = 16, which the sampler measures, too.
    relaxation = qem.orbit_average(qem.LangevinModel.from_device(qem.paper_device(16.0)))
    few, many = (2.5e8 * step / relaxation.relaxation_time for step in (8e-6, 2.6e-3))
    assert (few, many) == (pytest.approx(0.228, rel=0.01), pytest.approx(74.2, rel=0.01))
    assert f"{few:.2f}" in judged("one trajectory is enough").measurement.note
    assert f"{many:.0f}" in judged("one trajectory is enough").measurement.note


@pytest.mark.parametrize("name", [n for n, v in EXPECTED.items() if v is Verdict.FAILS])
def test_beside_what_does_not_hold_stands_an_argument_for_the_paper(name):
    assert BY_NAME[name].defence.endswith(".")
    html = ClaimTable([judged(name)])._repr_html_()
    assert f"<i>For the paper:</i> {escape(BY_NAME[name].defence)}" in html


def test_what_holds_needs_no_defence():
    claim = replace(BY_NAME["plateau"], measure=lambda evidence: Measurement(1.5, 0.0))
    assert "For the paper" not in judge(printed(), (claim,))._repr_html_()


def test_no_verdict_rests_on_the_limit_of_small_frequency():
    """Friction and noise at ±ω0: the numbers move, the verdicts do not."""
    beyond = Evidence(AT_OSCILLATOR)
    assert beyond.threshold == pytest.approx(8.30145, abs=1e-5)
    assert beyond.ergotropy_onset == pytest.approx(8.3865, abs=1e-3)
    assert beyond.phonon_number(16.0) == pytest.approx(110.6, abs=0.1)
    assert {j.claim.name: j.verdict for j in judge(beyond) if j.verdict is not Verdict.HOLDS} == (
        EXPECTED
    )


def test_the_ring_opens_where_the_friction_at_rest_vanishes():
    # (Q37) along p, and the orbit average in all directions: no offset at any ħ.
    assert printed().ring_onset == pytest.approx(printed().threshold, abs=1e-5)
    assert Evidence(PRINTED, "orbit").ring_onset == pytest.approx(printed().threshold, abs=1e-4)


def with_rate(rate):
    def changed(device):
        leads = (replace(lead, density=replace(lead.density, rate=rate)) for lead in device.leads)
        return replace(device, **dict(zip(("left", "right"), leads, strict=True)))

    return altered(changed)


@pytest.mark.parametrize(
    ("rate", "bends", "lases"),
    [
        (2.0, 6.2208, 8.4633),
        (1.2, 4.6574, 4.8542),
        (1.0, 4.2609, 4.1777),
        (0.5, 3.2829, 2.9116),
    ],
)
def test_which_of_two_voltages_comes_first_depends_on_the_rate(rate, bends, lases):
    evidence = with_rate(rate)
    assert evidence.bending == pytest.approx(bends, abs=1e-3)
    assert evidence.threshold == pytest.approx(lases, abs=1e-3)


def test_for_rare_hops_the_two_voltages_are_one():
    """Sequential tunnelling: ⟨n⟩ = Σκf/Σκ, and γ its slope over Σκ."""

    def slope(voltage, h=1e-4):
        def occupied(energy):
            kappa = [1.0 / ((energy - side * 0.5) ** 2 + 1.0) for side in (1, -1)]
            f = [1.0 / (1.0 + np.exp((energy - side * voltage / 2) / 2.0)) for side in (1, -1)]
            return (kappa[0] * f[0] + kappa[1] * f[1]) / sum(kappa)

        return occupied(h) - occupied(-h)

    limit = brentq(slope, 1.0, 9.0)
    assert limit == pytest.approx(2.36057, abs=1e-5)
    rare = with_rate(1e-3)
    assert rare.threshold == pytest.approx(limit, abs=2e-3)
    assert rare.bending == pytest.approx(limit, abs=3e-3)


def test_measurements_agree_with_what_is_known_of_the_printed_device():
    assert judged("threshold").measurement.value == pytest.approx(8.46328, abs=1e-5)
    assert judged("plateau").measurement.value == pytest.approx(1.3046981, abs=1e-6)
    assert judged("thermal at V = 0").measurement.value == pytest.approx(1.999965, abs=1e-6)
    assert printed().bending == pytest.approx(6.2207, abs=1e-3)
    assert printed().phonon_number(10.0) == pytest.approx(42.134620, abs=5e-6)
    assert printed().ergotropy(10.0) == pytest.approx(3.62278e-2, rel=1e-5)
    assert 8.50 < printed().ergotropy_onset < 8.60


def test_a_table_shows_every_judgement():
    table = judge(printed(), CLAIMS[:3])
    html = table._repr_html_()
    assert html.count("<tr>") == 1 + len(table)
    assert html.count("<td") == 3 * len(table)
    assert all(str(j.verdict) in html for j in table)
    assert repr(table).count("\n") == len(table) - 1


def test_a_table_takes_no_formula_for_a_tag():
    claim = replace(BY_NAME["half filling"], statement="a < b & c.")
    assert "a &lt; b &amp; c." in judge(printed(), (claim,))._repr_html_()


def shifted_level(device):
    return replace(device, level=0.4)


def one_warm_lead(device):
    return replace(device, left=replace(device.left, temperature=3.0))


def equal_bands(device):
    return replace(device, right=replace(device.right, density=device.left.density))


def cold_leads(device):
    left, right = (replace(lead, temperature=0.5) for lead in device.leads)
    return replace(device, left=left, right=right)


def strong_coupling(device):
    return replace(device, coupling=0.35)


def fast_oscillator(device):
    return replace(device, oscillator=qem.Oscillator(1.5, 1.0))


@pytest.mark.parametrize(
    ("name", "device", "expected"),
    [
        ("half filling", shifted_level, Verdict.FAILS),
        ("mirror symmetry", shifted_level, Verdict.FAILS),
        ("theorem in equilibrium", one_warm_lead, Verdict.FAILS),
        ("theorem out of equilibrium", lambda d: d.with_voltage(0.0), Verdict.FAILS),
        ("negative damping", equal_bands, Verdict.FAILS),
        ("negative damping", lambda d: d.with_voltage(0.0), Verdict.FAILS),
        ("occupation under voltage", lambda d: d.with_voltage(0.0), Verdict.FAILS),
        ("occupation without voltage", lambda d: d.with_voltage(16.0), Verdict.FAILS),
        ("scales of the model", fast_oscillator, Verdict.FAILS),
        ("blob at V = 0", lambda d: d.with_voltage(16.0), Verdict.FAILS),
        ("thermal at V = 0", lambda d: d.with_voltage(16.0), Verdict.FAILS),
        ("ring at V = 6", lambda d: d.with_voltage(16.0), Verdict.HOLDS),
        ("threshold", cold_leads, Verdict.HOLDS),
        ("saturation at V = 16", lambda d: d.with_voltage(40.0 + 0.1 * d.voltage), Verdict.HOLDS),
    ],
)
def test_altered_physics_changes_the_verdict(name, device, expected):
    assert verdict(name, altered(device)) is expected
    assert judged(name).verdict is not expected


def test_coherences_and_amplitude_of_altered_devices():
    stronger = altered(strong_coupling, "exact")
    assert verdict("rotational symmetry", stronger) is Verdict.FAILS
    assert verdict("no mean amplitude", altered(shifted_level, "exact")) is Verdict.FAILS


def test_a_reading_with_the_threshold_of_the_paper():
    evidence = Evidence(reading("T = β"), "orbit")
    assert verdict("threshold", evidence) is Verdict.HOLDS
    assert verdict("ring at V = 6", evidence) is Verdict.HOLDS


def test_what_has_no_state_cannot_be_tested():
    """Explicit Euler feeds more energy in than the electrons take out."""
    judgement = BY_NAME["noisier than coherent"].judge(
        Evidence(reading("Δt = 0.005", "2δ"), "orbit")
    )
    assert judgement.verdict is Verdict.UNTESTABLE
    assert "no bound steady state at V = 40" in judgement.measurement.note


@pytest.mark.parametrize("name", ["order parameter", "ergotropy grows", "ergotropy saturates"])
def test_without_ergotropy_its_growth_cannot_be_tested(name):
    class Passive:
        threshold = 8.0

        def ergotropy(self, voltage):
            return 1e-13 * voltage  # round-off

    judgement = BY_NAME[name].judge(Passive())
    assert judgement.verdict is Verdict.UNTESTABLE
    assert judgement.measurement.note == "it holds no ergotropy"


def test_both_methods_measure_the_same():
    exact, estimate = printed(), Evidence(PRINTED, "orbit")
    for voltage in DECIDING[:4]:
        assert estimate.g2(voltage) == pytest.approx(exact.g2(voltage), rel=1e-4)
        assert estimate.hole(voltage) == pytest.approx(exact.hole(voltage), abs=1e-3)


def test_evidence_with_memory_is_the_state_of_its_orbits():
    memory = Evidence(method="memory")
    state = qem.averaged_state(qem.AveragedModel.from_device(qem.paper_device(10.0)))
    assert memory.phonon_number(10.0) == state.phonon_number == pytest.approx(48.597, abs=0.002)
    assert memory.ergotropy(10.0) == pytest.approx(0.0709, abs=2e-4)
    assert memory.model(10.0) is memory.state(10.0).model
    # A small motion feels the noise at ±ω0, and no more.
    assert memory.threshold == pytest.approx(Evidence(AT_OSCILLATOR).threshold, rel=1e-9)
    onset = memory.ergotropy_onset
    assert onset == pytest.approx(8.3812, abs=2e-4)
    low, high = memory.state(onset).populations(2)
    assert high / low == pytest.approx(1.0, abs=1e-5)


def test_memory_of_a_reading_with_a_motion_of_its_own_is_refused():
    with pytest.raises(ValueError, match="reading must leave Eq. .6. as it is .*'Δt = 0.001'"):
        Evidence(reading("Δt = 0.001"), "memory")


@pytest.mark.usefixtures("pool_here")
def test_curves_over_voltage_are_those_of_each_reading():
    curves = over_voltage([PRINTED, reading("T = β")], [0.0, 10.0])
    assert curves["reading"].values.tolist() == ["as printed", "T = β"]
    here = curves.sel(reading="as printed", voltage=10.0)
    assert float(here["g2"]) == pytest.approx(printed().g2(10.0), rel=1e-5)
    assert float(here["ergotropy"]) == pytest.approx(printed().ergotropy(10.0), rel=1e-5)
    assert float(here["free_energy_work"]) == pytest.approx(
        printed().free_energy_work(10.0), rel=1e-5
    )
    # The other reading is already a ring.
    assert float(curves["ergotropy"].sel(reading="T = β", voltage=10.0)) > 0.5


def test_an_unknown_method_is_named():
    with pytest.raises(ValueError, match=r"one of \['exact', 'memory', 'orbit'\], got 'magic'"):
        Evidence(PRINTED, "magic")
