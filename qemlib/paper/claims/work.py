"""Statements about energy, entropy and extractable work."""

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

__all__ = ["WORK_CLAIMS"]

_GRID = (0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 20.0, 24.0)
# Error of sums over populations, relative.
_SUMS = 1e-7
# Ergotropy in units of energy that is round-off of thousands of levels.
_NOTHING = 1e-9


def _energy_grows(evidence: Evidence) -> Measurement:
    energy = np.array([evidence.phonon_number(v) for v in DECIDING])
    return Measurement(float(np.diff(energy).min() / energy.max()), 2.0 * evidence.rtol)


def _entropy_below(evidence: Evidence) -> Measurement:
    """Mean slope of S below the threshold over that from 16 to 24."""
    threshold = evidence.threshold
    below = (evidence.entropy(threshold) - evidence.entropy(0.0)) / threshold
    far = (evidence.entropy(24.0) - evidence.entropy(16.0)) / 8.0
    return Measurement(below / far, 1e-5 * abs(below / far))


def _entropy_saturates(evidence: Evidence) -> Measurement:
    return Measurement(evidence.entropy(40.0) / evidence.entropy(32.0) - 1.0, _SUMS)


def _passive(evidence: Evidence) -> Measurement:
    """Largest p_{n+1}/p_n − 1 below the threshold, among levels that are more than round-off."""
    worst = -np.inf
    for voltage in (0.0, 2.0, 4.0, 6.0, 8.0):
        if voltage < evidence.threshold:
            p = evidence.populations(voltage)
            p = p[: int(np.flatnonzero(p > 1e-5 * p[0])[-1]) + 1]
            worst = max(worst, float((p[1:] / p[:-1]).max()) - 1.0)
    if not np.isfinite(worst):
        raise NothingToMeasure("it lases without voltage")
    return Measurement(worst, 1e-6, "below the threshold that (A24) has")


def _passive_with_coherences(evidence: Evidence) -> Measurement:
    total = evidence.ergotropy(0.0) + evidence.coherent_ergotropy(0.0)
    return Measurement(total / evidence.device(0.0).oscillator.frequency, 1e-7)


def _active_at_once(evidence: Evidence) -> Measurement:
    return Measurement(
        evidence.ergotropy_onset / evidence.threshold - 1.0,
        2e-4,
        "both as (A24) has them; its own error is larger than their distance",
    )


def _ergotropy_grows(evidence: Evidence) -> Measurement:
    values = np.array([evidence.ergotropy(v) for v in DECIDING])
    return Measurement(float(np.diff(values).min() / _more_than_nothing(values.max())), _SUMS)


def _ergotropy_saturates(evidence: Evidence) -> Measurement:
    at_sixteen = _more_than_nothing(evidence.ergotropy(16.0))
    return Measurement(evidence.ergotropy(24.0) / at_sixteen - 1.0, _SUMS)


def _more_than_nothing(ergotropy: float) -> float:
    """An ergotropy by which another may be divided."""
    if ergotropy < _NOTHING:
        raise NothingToMeasure("it holds no ergotropy")
    return ergotropy


def _order_parameter(evidence: Evidence) -> Measurement:
    """W_E half a unit of voltage above the threshold over that half a unit below, as a share."""
    below = max(evidence.ergotropy(evidence.threshold - 0.5), 0.0)
    above = _more_than_nothing(evidence.ergotropy(evidence.threshold + 0.5))
    return Measurement(below / above, 1e-6)


def _free_energy_small(evidence: Evidence) -> Measurement:
    below = evidence.free_energy_work(evidence.threshold)
    quanta = below / evidence.device(0.0).oscillator.frequency
    share = below / evidence.free_energy_work(16.0)
    return Measurement(share, _SUMS, f"at the threshold it is {quanta:.3g} quanta ω0")


def _free_energy_below(evidence: Evidence) -> Measurement:
    return Measurement(evidence.free_energy_work(0.5 * evidence.threshold), 1e-6)


def _free_energy_bounds(evidence: Evidence) -> Measurement:
    gaps = [evidence.free_energy_work(v) - evidence.ergotropy(v) for v in _GRID]
    return Measurement(min(gaps), 1e-8)


def _free_energy_grows(evidence: Evidence) -> Measurement:
    values = np.array([evidence.free_energy_work(v) for v in _GRID])
    return Measurement(float(np.diff(values).min() / values.max()), _SUMS)


def _equilibrium_is_worthless(evidence: Evidence) -> Measurement:
    frequency = evidence.device(0.0).oscillator.frequency
    return Measurement(evidence.free_energy_work(0.0) / frequency, 1e-7)


def _experiment(_evidence: Evidence) -> Measurement:
    return Measurement.impossible("nothing here is measured against data; in words, see below")


WORK_CLAIMS = (
    Claim(
        "energy grows",
        "after (12)",
        "The oscillator's energy grows monotonically with voltage.",
        "smallest step of ⟨a†a⟩ over V = 0, 6, 10, 16, 24, over its largest value",
        at_least(0.0, -0.02),
        _energy_grows,
        scored=True,
    ),
    Claim(
        "entropy grows below threshold",
        "Fig. 4",
        "The entropy grows rapidly below threshold.",
        "its mean slope below threshold over that from V = 16 to 24",
        at_least(3.0, 1.5),
        _entropy_below,
    ),
    Claim(
        "entropy saturates",
        "Fig. 4",
        "The entropy saturates far above threshold.",
        "relative growth of S from V = 32 to 40",
        near(0.0, 0.01, 0.05),
        _entropy_saturates,
    ),
    Claim(
        "passive below threshold",
        "Fig. 4",
        "Below threshold the ergotropy is exactly zero: of the populations.",
        "largest p(n + 1)/p(n) − 1 of the levels n at V = 0, 2, 4, 6, 8",
        at_most(0.0, 1e-6),
        _passive,
    ),
    Claim(
        "passive with its coherences",
        "Fig. 4",
        "Below threshold the ergotropy is exactly zero: of the whole state.",
        "total ergotropy at V = 0, in quanta ω0",
        at_most(1e-7, 1e-2),
        _passive_with_coherences,
        defence="The text takes W as rotationally symmetric, and then it is the row above.",
    ),
    Claim(
        "work sets in at once",
        "Fig. 4",
        "Just above threshold the state is not passive any more.",
        "onset of ergotropy over the threshold, less 1",
        near(0.0, 1e-3, 0.05),
        _active_at_once,
        defence="The offset is one quantum's doing: for a classical oscillator there is none.",
    ),
    Claim(
        "order parameter",
        "after Fig. 4",
        "Ergotropy tells the two phases apart.",
        "its value 0.5 below the threshold over that 0.5 above",
        at_most(1e-3, 0.1),
        _order_parameter,
    ),
    Claim(
        "ergotropy grows",
        "Fig. 4",
        "Ergotropy grows monotonically until it saturates.",
        "smallest step of W_E over V = 0, 6, 10, 16, 24, over its largest value",
        at_least(-0.005, -0.05),
        _ergotropy_grows,
        scored=True,
    ),
    Claim(
        "ergotropy saturates",
        "Fig. 4",
        "Ergotropy is saturated at V = 16.",
        "relative growth of W_E from V = 16 to 24",
        near(0.0, 0.05, 0.2),
        _ergotropy_saturates,
        scored=True,
        defence="It does saturate, at a higher voltage, as the oscillator's energy does.",
    ),
    Claim(
        "little work below threshold",
        "after Fig. 4",
        "W_F is relatively small below threshold.",
        "W_F at the threshold over W_F at V = 16",
        at_most(0.1, 0.3),
        _free_energy_small,
        scored=True,
    ),
    Claim(
        "some work below threshold",
        "after Fig. 4",
        "Even below threshold W_F is not zero.",
        "W_F at half the threshold",
        Rule((1e-4, np.inf), (0.0, np.inf), "greater than 1e-4 (approximately: 0)"),
        _free_energy_below,
    ),
    Claim(
        "work bound",
        "after (12)",
        "W_E ≤ W_F.",
        "smallest W_F − W_E at 11 voltages",
        at_least(0.0, -1e-6),
        _free_energy_bounds,
    ),
    Claim(
        "similar trend",
        "after Fig. 4",
        "W_F follows the trend of the ergotropy: it grows.",
        "smallest step of W_F over 11 voltages, over its largest value",
        at_least(-0.005, -0.05),
        _free_energy_grows,
    ),
    Claim(
        "equilibrium without voltage",
        "Self-sustained oscillations",
        "At V = 0 the oscillator is in equilibrium with the leads: nothing can be extracted.",
        "W_F at V = 0, in quanta ω0",
        at_most(1e-6, 1e-2),
        _equilibrium_is_worthless,
        defence="Exact to lowest order in the coupling and in ω0/T.",
    ),
    Claim(
        "the experiments",
        "Abstract",
        "The model matches the experiments qualitatively.",
        "—",
        Rule((0.0, 0.0), (0.0, 0.0)),
        _experiment,
    ),
)
