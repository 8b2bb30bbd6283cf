"""Statements about the electrons: half filling, fluctuation and dissipation, negative damping."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from qemlib import _checks
from qemlib.devices.densities import Lorentzian
from qemlib.devices.device import Device, Lead
from qemlib.electrons.coefficients import (
    ElectronCoefficients,
    damping,
    electron_coefficients,
    noise_spectrum,
    occupation,
)
from qemlib.electrons.time_scales import adiabaticity
from qemlib.paper.claims.evidence import Evidence
from qemlib.paper.claims.verdicts import Claim, Measurement, Rule, at_least, at_most, near

__all__ = ["ELECTRON_CLAIMS"]

# Positions in units of x0.  No steady state here reaches farther.
_POSITIONS = np.linspace(-20.0, 20.0, 161)
# Round-off of the coefficients, relative to their largest value.
_ROUND_OFF = 1e-12


def _coefficients(evidence: Evidence, voltage: float) -> tuple[Device, ElectronCoefficients]:
    device = evidence.device(voltage)
    return device, electron_coefficients(device, _POSITIONS * device.oscillator.x0)


def _scales(evidence: Evidence) -> Measurement:
    slow = adiabaticity(evidence.device(6.0))
    ratios = (
        slow.temperature_over_frequency,
        slow.rate_over_frequency,
        slow.temperature_over_coupling,
        slow.rate_over_coupling,
    )
    return Measurement(min(ratios), 0.0)


def _scales_of_experiment(_evidence: Evidence) -> Measurement:
    # Γ ~ 10, T ~ 1, ω0 ~ 0.1, λ ≳ 0.1 GHz.
    smallest = min(10.0, 1.0) / max(0.1, 0.1)
    return Measurement.impossible(
        f"nothing is computed here: by the orders of magnitude quoted it is about {smallest:g}, "
        "and less if λ is more than ω0"
    )


def _memory(evidence: Evidence) -> Measurement:
    device = evidence.device(16.0)
    ring = evidence.ring_radius(16.0) * device.oscillator.x0
    return Measurement(float(adiabaticity(device, ring).memory_phase), 1e-2)


def _half_filling(evidence: Evidence) -> Measurement:
    values = [float(occupation(evidence.device(v), 0.0)) for v in (0.0, 6.0, 16.0)]
    return Measurement(max(abs(v - 0.5) for v in values), _ROUND_OFF)


def _mirror(evidence: Evidence) -> Measurement:
    worst = 0.0
    for voltage in (0.0, 6.0, 16.0):
        _, at = _coefficients(evidence, voltage)
        for values, sign in ((at.excess_charge, -1), (at.damping, 1), (at.diffusion, 1)):
            worst = max(worst, np.abs(values - sign * values[::-1]).max() / np.abs(values).max())
    return Measurement(float(worst), _ROUND_OFF)


def _fluctuation_ratio(evidence: Evidence, voltage: float) -> np.ndarray:
    device, at = _coefficients(evidence, voltage)
    m, temperature = device.oscillator.mass, device.left.temperature
    return at.diffusion / (2.0 * m * temperature * at.damping) - 1.0


def _theorem_at_rest(evidence: Evidence) -> Measurement:
    return Measurement(float(np.abs(_fluctuation_ratio(evidence, 0.0)).max()), 1e-11)


def _theorem_fails(evidence: Evidence) -> Measurement:
    centre = _POSITIONS.size // 2
    smallest = min(abs(_fluctuation_ratio(evidence, v)[centre]) for v in (2.0, 4.0, 6.0))
    return Measurement(float(smallest), 1e-9)


def _detailed_balance(evidence: Evidence) -> Measurement:
    device = evidence.device(0.0)
    omega = np.array([0.05, 0.2, 1.0, 3.0])
    temperature = device.left.temperature
    worst = 0.0
    for x in np.array([0.0, 3.0, 9.0]) * device.oscillator.x0:
        ratio = noise_spectrum(device, x, -omega) / noise_spectrum(device, x, omega)
        worst = max(worst, np.abs(ratio * np.exp(omega / temperature) - 1.0).max())
    return Measurement(float(worst), 1e-9)


def _least_damping(devices: Iterable[Device]) -> Measurement:
    """Smallest γ(x) over positions and devices, each in units of its largest |γ|."""
    least = np.inf
    for device in devices:
        gamma = damping(device, _POSITIONS * device.oscillator.x0)
        least = min(least, float(gamma.min() / np.abs(gamma).max()))
    return Measurement(least, _ROUND_OFF)


def _equilibrium(evidence: Evidence) -> Measurement:
    device = evidence.device(0.0)
    left, right = device.left, device.right
    return _least_damping(
        replace(
            device,
            left=replace(left, temperature=t),
            right=replace(right, temperature=t, density=Lorentzian(centre, width, 1.0)),
        )
        for t in (0.2, 0.7, 2.0)
        for centre in (-1.0, 0.0, 0.6)
        for width in (0.4, 2.0)
    )


def _flat_bands(evidence: Evidence) -> Measurement:
    def flat(lead: Lead) -> Lead:
        band = _checks.kind("density", lead.density, Lorentzian)
        return replace(lead, density=Lorentzian(0.0, 1e4, band.rate))

    return _least_damping(
        replace(d, left=flat(d.left), right=flat(d.right))
        for d in map(evidence.device, (6.0, 16.0, 40.0))
    )


def _driven(evidence: Evidence) -> Measurement:
    return _least_damping([evidence.device(16.0)])


def _negative_at_small_x(evidence: Evidence) -> Measurement:
    _, at = _coefficients(evidence, evidence.threshold + 0.5)
    deepest = abs(_POSITIONS[at.damping.argmin()])
    return Measurement(float(deepest), 0.5 * (_POSITIONS[1] - _POSITIONS[0]))


def _monotonic_at_rest(evidence: Evidence) -> Measurement:
    _, at = _coefficients(evidence, 0.0)
    slope = np.diff(at.occupation)
    return Measurement(float(slope.min() / slope.max()), 1e-9)


def _bends_at_high_voltage(evidence: Evidence) -> Measurement:
    _, at = _coefficients(evidence, 16.0)
    slope = np.diff(at.occupation)
    return Measurement(float(slope.min() / slope.max()), 1e-9)


def _no_damping_while_monotonic(evidence: Evidence) -> Measurement:
    device = evidence.device(evidence.bending)
    gamma = damping(device, _POSITIONS * device.oscillator.x0)
    return Measurement(float(gamma.min() / gamma.max()), 1e-5)


def _bending_beside_threshold(evidence: Evidence) -> Measurement:
    return Measurement(evidence.bending / evidence.threshold - 1.0, 1e-6)


_POSITIVE = Rule((1e-9, np.inf), (0.0, np.inf), "greater than 0")
_NEGATIVE = Rule((-np.inf, -1e-9), (-np.inf, 0.0), "less than 0")

ELECTRON_CLAIMS = (
    Claim(
        "scales of the model",
        "Ineq. (5), Fig. 2",
        "Temperature and tunnelling are fast beside the motion and the coupling.",
        "smallest of T/ω0, Γ/ω0, T/λ, Γ/λ",
        at_least(10.0, 3.0),
        _scales,
    ),
    Claim(
        "scales of the experiment",
        "after Ineq. (5)",
        "The same for the nanotube experiment, from the orders of magnitude given.",
        "smallest of T/ω0, Γ/ω0, T/λ, Γ/λ",
        at_least(10.0, 3.0),
        _scales_of_experiment,
    ),
    Claim(
        "fast electrons",
        "App. A",
        "The charge forgets its past before the oscillator has moved.",
        "angle ω0τ turned in the charge's memory time, on the ring at V = 16, in rad",
        at_most(0.1, 0.5),
        _memory,
    ),
    Claim(
        "half filling",
        "after (B13)",
        "N0 = ½ for the parameters considered, with a bias centred on the level.",
        "largest |N0 − ½| at V = 0, 6, 16",
        at_most(1e-9, 1e-3),
        _half_filling,
    ),
    Claim(
        "mirror symmetry",
        "note [67]",
        "Parity with particle–hole exchange leaves the steady state invariant.",
        "largest asymmetry of ⟨n⟩, γ and D over x, relative",
        at_most(1e-9, 1e-3),
        _mirror,
    ),
    Claim(
        "theorem in equilibrium",
        "App. E, Fig. 6",
        "At V = 0 fluctuation and dissipation are tied, D = 2mTγ.",
        "largest |D/2mTγ − 1| over |x| ≤ 20 x0",
        at_most(1e-9, 1e-3),
        _theorem_at_rest,
    ),
    Claim(
        "theorem out of equilibrium",
        "Fig. 6",
        "Under bias the tie is broken.",
        "smallest |D/2mTγ − 1| at x = 0, V = 2, 4, 6",
        at_least(1e-2, 1e-3),
        _theorem_fails,
    ),
    Claim(
        "detailed balance",
        "App. E",
        "At V = 0, S(−ω) = exp(−ω/T) S(ω).",
        "largest relative deviation at 12 points",
        at_most(1e-8, 1e-3),
        _detailed_balance,
    ),
    Claim(
        "damping in equilibrium",
        "before (9), App. E",
        "Leads in equilibrium with each other only damp.",
        "smallest γ(x)/max γ of 18 devices at V = 0",
        _POSITIVE,
        _equilibrium,
    ),
    Claim(
        "damping by flat bands",
        "before (9), App. E",
        "Level widths that do not depend on energy only damp.",
        "smallest γ(x)/max γ for flat bands, V = 6, 16, 40",
        _POSITIVE,
        _flat_bands,
    ),
    Claim(
        "negative damping",
        "before (9), Fig. 5",
        "With a bias and Lorentzian level widths, damping turns negative.",
        "smallest γ(x)/max |γ| at V = 16",
        _NEGATIVE,
        _driven,
    ),
    Claim(
        "where damping is negative",
        "Self-sustained oscillations",
        "Above the threshold γ(x) is negative for small x.",
        "|x|/x0 where γ is lowest, 0.5 above the threshold",
        at_most(1.0, 3.0),
        _negative_at_small_x,
    ),
    Claim(
        "occupation without voltage",
        "Fig. 5 (a)",
        "At V = 0 the occupation is a monotonic function of x.",
        "smallest slope of ⟨c†c⟩ over the largest",
        _POSITIVE,
        _monotonic_at_rest,
    ),
    Claim(
        "occupation under voltage",
        "Fig. 5 (a)",
        "At higher voltage it is not.",
        "smallest slope of ⟨c†c⟩ over the largest at V = 16",
        _NEGATIVE,
        _bends_at_high_voltage,
    ),
    Claim(
        "monotonic, hence damped",
        "Fig. 5",
        "While the occupation is monotonic, no damping is negative.",
        "smallest γ(x)/max γ where the occupation stops being monotonic",
        _POSITIVE,
        _no_damping_while_monotonic,
    ),
    Claim(
        "non-monotonic, hence driven",
        "Fig. 5",
        "Once the occupation is non-monotonic, damping is negative.",
        "voltage of the first over that of the second, less 1",
        near(0.0, 0.01, 0.1),
        _bending_beside_threshold,
        defence="Exact for Γ ≪ T, where the two voltages are one. Beyond, Γ decides which of them "
        "comes first.",
    ),
)
