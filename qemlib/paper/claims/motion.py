"""Statements about the motion: blob and ring, symmetry, coherence, saturation, sampling."""

from __future__ import annotations

import numpy as np

from qemlib.paper.claims.evidence import DECIDING, Evidence
from qemlib.paper.claims.verdicts import (
    Claim,
    Measurement,
    NothingToMeasure,
    Rule,
    at_least,
    at_most,
    near,
)
from qemlib.paper.readings.readings import Change, Reading

__all__ = ["MOTION_CLAIMS"]

_STEPS_OF_PAPER = 2.5e8
_OF_A24 = "as (A24) has it, which takes the noise at ω → 0; its own error is not included"
# Explicit Euler's step for 0.1 % bias, and the one that would put its threshold at V = 6.
_EULER_STEPS = (8e-6, 2.6e-3)


def _relative(evidence: Evidence, value: float) -> Measurement:
    return Measurement(float(value), evidence.rtol * abs(value))


def _threshold(evidence: Evidence) -> Measurement:
    return Measurement(evidence.threshold, 1e-6, _OF_A24)


def _hole_at_rest(evidence: Evidence) -> Measurement:
    return Measurement(evidence.hole(0.0), 1e-6)


def _thermal(evidence: Evidence) -> Measurement:
    return _relative(evidence, evidence.g2(0.0))


def _hole_at_six(evidence: Evidence) -> Measurement:
    return Measurement(evidence.hole(6.0), max(1e-4, 2.0 * evidence.rtol))


def _ring_beside_threshold(evidence: Evidence) -> Measurement:
    return Measurement(evidence.ring_onset / evidence.threshold - 1.0, 1e-6)


def _inversion(evidence: Evidence) -> Measurement:
    populations = evidence.populations(16.0)
    return Measurement(float(populations.argmax()), 0.0)


def _radius_grows(evidence: Evidence) -> Measurement:
    first = np.ceil(min(evidence.threshold, 16.0)) + 0.5
    radii = [evidence.ring_radius(v) for v in np.arange(first, 16.5, 1.5)]
    if len(radii) < 2:
        raise NothingToMeasure("no ring below V = 16")
    return Measurement(float(np.diff(radii).min() / max(radii)), 5e-3)


def _growth(evidence: Evidence, low: float, high: float) -> Measurement:
    ratio = evidence.phonon_number(high) / evidence.phonon_number(low)
    return Measurement(ratio - 1.0, 2.0 * evidence.rtol * ratio)


def _saturated(evidence: Evidence) -> Measurement:
    return _growth(evidence, 16.0, 24.0)


def _saturates_at_last(evidence: Evidence) -> Measurement:
    return _growth(evidence, 32.0, 40.0)


def _roundness(evidence: Evidence) -> Measurement:
    worst = max(
        abs(evidence.state(v).squeezing) / (evidence.phonon_number(v) + 0.5)
        for v in (0.0, 6.0, 16.0)
    )
    return Measurement(float(worst), 1e-8)


def _coherent_work(evidence: Evidence) -> Measurement:
    frequency = evidence.device(0.0).oscillator.frequency
    return Measurement(evidence.coherent_ergotropy(0.0) / frequency, 1e-7)


def _mean_amplitude(evidence: Evidence) -> Measurement:
    """|⟨a⟩| by a trapezoidal rule over phase space, which is exact for what decays so fast."""
    worst = 0.0
    for voltage in (0.0, 6.0, 16.0):
        state = evidence.state(voltage)
        axis = np.linspace(-state.radius, state.radius, 161)
        x0, p0 = state.model.x0, state.model.p0
        density = x0 * p0 * state.wigner(axis[:, None] * x0, axis * p0)
        cell = (axis[1] - axis[0]) ** 2
        worst = max(worst, abs(cell * (density * (axis[:, None] + 1j * axis)).sum()))
    return Measurement(worst, 1e-9)


def _positive(evidence: Evidence) -> Measurement:
    """Most negative value of W over its maximum."""
    least = 0.0
    for voltage in (0.0, 6.0, 16.0):
        state = evidence.state(voltage)
        axis = np.linspace(-state.radius, state.radius, 161)
        density = state.wigner(axis[:, None] * state.model.x0, axis * state.model.p0)
        least = min(least, float(density.min() / density.max()))
    return Measurement(least, 1e-9)


def _coherence_falls(evidence: Evidence) -> Measurement:
    g2 = np.array([evidence.g2(v) for v in range(0, 21, 2)])
    return Measurement(float(np.diff(g2).max()), 1e-6)


def _plateau(evidence: Evidence) -> Measurement:
    return _relative(evidence, evidence.g2(16.0))


def _plateau_is_flat(evidence: Evidence) -> Measurement:
    g2 = [evidence.g2(v) for v in DECIDING if v >= 10.0]
    return Measurement(max(g2) - min(g2), 2.0 * evidence.rtol * max(g2))


def _above_coherent(evidence: Evidence) -> Measurement:
    return _relative(evidence, min(evidence.g2(v) for v in (10.0, 16.0, 24.0, 40.0)))


def _samples(evidence: Evidence) -> Measurement:
    """Relaxation times in the paper's number of steps, for the range of steps that it leaves."""
    relaxation = evidence.reading.preview(16.0).relaxation_time
    few, many = (_STEPS_OF_PAPER * step / relaxation for step in _EULER_STEPS)
    return Measurement.impossible(
        f"the step is not stated: with Δt = 8e-6 there would be {few:.2f}, with 2.6e-3 {many:.0f}"
    )


def _euler(evidence: Evidence) -> Measurement:
    """Bias of explicit Euler in ⟨a†a⟩ at V = 0 for the range of steps that the paper leaves."""
    exact = evidence.phonon_number(0.0)
    low, high = (
        Evidence(Reading((Change("Euler", "step", "", step=step),)), "orbit").phonon_number(0.0)
        / exact
        - 1.0
        for step in _EULER_STEPS
    )
    return Measurement(
        0.5 * (low + high), 0.5 * (high - low), "the step is not stated: from Δt = 8e-6 to 2.6e-3"
    )


MOTION_CLAIMS = (
    Claim(
        "threshold",
        "Fig. 2",
        "The threshold is just below V = 6.",
        "V where γ(0) = 0",
        Rule((5.0, 6.0), (4.0, 6.6), "5 to 6 (approximately: 4 to 6.6)"),
        _threshold,
        scored=True,
        defence="The time step is not stated, and one of explicit Euler can by itself move the "
        "threshold there. A factor of two in V brings it nearly as close.",
    ),
    Claim(
        "blob at V = 0",
        "Fig. 2, left",
        "Without voltage the Wigner function is a blob.",
        "depth of the dark centre, 1 − W(0)/max W",
        at_most(1e-3, 1e-2),
        _hole_at_rest,
    ),
    Claim(
        "thermal at V = 0",
        "Fig. 3",
        "Without voltage g⁽²⁾(0) ≈ 2.",
        "g⁽²⁾(0) at V = 0",
        near(2.0, 0.02, 0.1),
        _thermal,
        scored=True,
    ),
    Claim(
        "ring at V = 6",
        "Fig. 2, centre",
        "At V = 6 the Wigner function is a ring.",
        "depth of the dark centre, 1 − W(0)/max W",
        at_least(0.1, 0.01),
        _hole_at_six,
        scored=True,
        defence="It fails with the threshold alone: above that, the ring is as described.",
    ),
    Claim(
        "ring by negative damping",
        "Self-sustained oscillations",
        "The ring appears where damping turns negative.",
        "voltage at which W at the origin turns from peak to dip, over that of γ(0) = 0, less 1",
        near(0.0, 1e-3, 1e-2),
        _ring_beside_threshold,
    ),
    Claim(
        "population inversion",
        "Fig. 2",
        "A ring has inverted populations.",
        "most populated level at V = 16",
        at_least(1.0, 1.0),
        _inversion,
    ),
    Claim(
        "growing ring",
        "Fig. 2",
        "The ring's radius grows with voltage up to saturation.",
        "smallest step of the radius over its largest value, up to V = 16",
        at_least(0.005, -0.005),
        _radius_grows,
    ),
    Claim(
        "saturation at V = 16",
        "Fig. 2, right",
        "From V = 16 on, more voltage has no effect.",
        "relative growth of ⟨a†a⟩ from V = 16 to 24",
        near(0.0, 0.02, 0.1),
        _saturated,
        scored=True,
        defence="The growth does end, at a higher voltage: the next row.",
    ),
    Claim(
        "saturation at last",
        "Self-sustained oscillations",
        "There is a voltage beyond which more has no effect.",
        "relative growth of ⟨a†a⟩ from V = 32 to 40",
        near(0.0, 0.02, 0.1),
        _saturates_at_last,
    ),
    Claim(
        "rotational symmetry",
        "before (10), App. D",
        "The Wigner functions are rotationally symmetric.",
        "largest |⟨a²⟩|/⟨a†a + ½⟩ at V = 0, 6, 16",
        at_most(1e-6, 0.05),
        _roundness,
        scored=True,
        defence="Appendix D says that they appear so, and in a sampled picture they do.",
    ),
    Claim(
        "no coherences",
        "before (10), App. D",
        "The density matrix is diagonal in the energy basis.",
        "work in the coherences at V = 0, in quanta ω0",
        at_most(1e-6, 1e-2),
        _coherent_work,
    ),
    Claim(
        "no mean amplitude",
        "before (10)",
        "⟨a⟩ = 0.",
        "largest |⟨a⟩| at V = 0, 6, 16",
        at_most(1e-8, 1e-3),
        _mean_amplitude,
    ),
    Claim(
        "positive Wigner function",
        "after (5), App. A",
        "W is positive, so that it can be sampled.",
        "lowest W over its largest value at V = 0, 6, 16",
        at_least(-1e-8, -1e-3),
        _positive,
    ),
    Claim(
        "falling coherence function",
        "Fig. 3",
        "g⁽²⁾(0) falls with voltage.",
        "largest rise of g⁽²⁾(0) in steps of 2 up to V = 20",
        at_most(0.0, 0.05),
        _coherence_falls,
    ),
    Claim(
        "plateau",
        "Fig. 3",
        "Above threshold g⁽²⁾(0) ≈ 1.5.",
        "g⁽²⁾(0) at V = 16",
        near(1.5, 0.05, 0.15),
        _plateau,
        scored=True,
        defence="It does level off between a thermal and a coherent state, which is what the text "
        "concludes from. How high depends on the coupling.",
    ),
    Claim(
        "flat plateau",
        "Fig. 3",
        "Above threshold g⁽²⁾(0) is a plateau.",
        "spread of g⁽²⁾(0) at V = 10, 16, 24",
        at_most(0.05, 0.15),
        _plateau_is_flat,
        scored=True,
        defence="Flat it is, from a higher voltage on, as the threshold is higher.",
    ),
    Claim(
        "noisier than coherent",
        "after (10)",
        "g⁽²⁾(0) stays above 1, the value of a coherent state.",
        "smallest g⁽²⁾(0) at V = 10, 16, 24, 40",
        at_least(1.05, 1.0),
        _above_coherent,
    ),
    Claim(
        "one trajectory is enough",
        "App. C",
        "One long trajectory samples the steady state.",
        "relaxation times at V = 16 in 2.5 × 10⁸ steps",
        at_least(1000.0, 100.0),
        _samples,
    ),
    Claim(
        "the stochastic Euler method",
        "App. C",
        "Eqs. (C1) and (C2) solve the Langevin equation.",
        "relative bias of ⟨a†a⟩ at V = 0",
        at_most(0.01, 0.1),
        _euler,
    ),
)
