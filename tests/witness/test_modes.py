"""Discrete leads that evolve in time, against the integrals, identities and themselves."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from cases import Sum

import qemlib as qem
from qemlib.witness.modes import charge_in_time, lead_modes

PAPER = qem.paper_device


def device(left, right, coupling=0.1, level=0.0, mass=1.0):
    """A device from two rows of (ω_α, δ_α, Γ_α, μ_α, T_α)."""
    rows = [qem.Lead(qem.Lorentzian(*row[:3]), *row[3:]) for row in (left, right)]
    return qem.Device(qem.Oscillator(0.2, mass), *rows, coupling=coupling, level=level)


TWO_PEAKS = replace(
    PAPER(4.0),
    left=qem.Lead(Sum(qem.Lorentzian(-0.6, 1.0, 1.2), qem.Lorentzian(0.9, 1.4, 1.0)), 2.0, 1.5),
)
UNEQUAL = device((0.5, 1.0, 2.0, 1.0, 0.8), (-0.3, 1.3, 1.5, -1.0, 3.0), 0.1, -0.2, 1.4)
CASES = {
    "paper V = 0": (PAPER(0.0), 0.0),
    "paper V = 6": (PAPER(6.0), 2.0),
    "paper, where γ changes sign": (PAPER(8.46328), 0.0),
    "paper V = 16": (PAPER(16.0), 0.0),
    "paper V = 10, slow electrons": (PAPER(10.0), 20.0),
    "unequal": (UNEQUAL, -1.5),
    "energies ten times larger": (
        device((5.0, 10.0, 20.0, 10.0, 8.0), (-3.0, 13.0, 15.0, -10.0, 30.0), 0.1, -2.0),
        3.0,
    ),
    "two peaks": (TWO_PEAKS, 1.0),
}


@lru_cache
def charge(name):
    return charge_in_time(*CASES[name])


@pytest.mark.parametrize("name", CASES)
def test_discrete_leads_give_the_coefficients(name):
    dev, x = CASES[name]
    seen, at = charge(name), qem.electron_coefficients(dev, x)
    assert seen.occupation == pytest.approx(float(at.occupation), abs=1e-8)
    assert seen.diffusion == pytest.approx(float(at.diffusion), rel=5e-8)
    # γ may be small beside D/2mT: the bias all but cancels it.
    coldest = min(lead.temperature for lead in dev.leads)
    size = max(abs(at.damping), at.diffusion / (2 * dev.oscillator.mass * coldest))
    assert seen.damping == pytest.approx(float(at.damping), abs=5e-7 * size)
    assert seen.damping_from_response == pytest.approx(float(at.damping), abs=2e-6 * size)


@pytest.mark.parametrize(
    "name", ["paper V = 0", "paper V = 6", "paper, where γ changes sign", "paper V = 16", "unequal"]
)
def test_a_few_hundred_modes_are_enough(name):
    assert max(charge(name).modes) <= 500


@pytest.mark.parametrize("omega", [-0.6, 0.0, 0.2, 1.0])
def test_noise_spectrum_has_the_sign_of_frequency_of_equation_8(omega):
    dev, x = CASES["paper V = 6"]
    seen = charge("paper V = 6").noise_spectrum(omega)
    assert seen == pytest.approx(float(qem.noise_spectrum(dev, x, omega)), rel=1e-6)
    if omega:
        assert seen != pytest.approx(float(qem.noise_spectrum(dev, x, -omega)), rel=1e-2)


def test_noise_spectrum_has_the_shape_of_omega():
    seen = charge("paper V = 0")
    assert seen.noise_spectrum(np.ones((2, 3))).shape == (2, 3)
    assert seen.noise_spectrum(0.0) == pytest.approx(seen.diffusion, rel=1e-12)
    with pytest.raises(ValueError, match="omega must be a finite number, got nan"):
        seen.noise_spectrum(np.nan)


def test_equilibrium_fluctuates_as_it_dissipates():
    seen = charge("paper V = 0")
    assert seen.diffusion / (4.0 * seen.damping) == pytest.approx(1.0, abs=1e-6)
    driven = charge("paper V = 6")
    assert driven.diffusion / (4.0 * driven.damping) > 2


def test_correlation_begins_with_the_variance_of_one_level():
    seen = charge("unequal")
    variance = seen.occupation * (1 - seen.occupation)
    assert seen.times[0] < 1e-4
    assert seen.correlation[0].real == pytest.approx(variance, rel=1e-6)
    assert abs(seen.correlation[0].imag) < 1e-4 * variance


def test_response_begins_with_the_slope_of_the_occupation():
    dev, x = CASES["unequal"]
    below, above = (charge_in_time(dev, x + step).occupation for step in (-0.01, 0.01))
    assert charge("unequal").response[0] == pytest.approx((above - below) / 0.02, rel=1e-4)


def test_response_falls_at_the_rate_of_the_commutator():
    # (A22): dg/dt = −iF⟨[n(t), n(0)]⟩ = 2F Im C.
    seen, dev = charge("paper V = 6"), CASES["paper V = 6"][0]
    slope = np.gradient(seen.response, seen.times, edge_order=2)
    inner = slice(300, 700)
    expected = 2 * dev.force * seen.correlation.imag
    assert np.abs(slope - expected)[inner].max() < 1e-3 * np.abs(expected).max()


def test_state_is_stationary_and_forgets():
    for name in CASES:
        seen = charge(name)
        assert seen.drift < 1e-7
        assert seen.rest < 1e-7
        assert seen.start + seen.times[-1] < seen.recurrence


def test_damping_at_rest_turns_negative_where_it_should():
    below, above = (charge_in_time(PAPER(v), 0.0) for v in (8.4632, 8.4634))
    for name in ("damping", "damping_from_response"):
        assert getattr(below, name) > 0 > getattr(above, name)


def test_force_and_position_reversed_together_change_nothing():
    dev, x = CASES["unequal"]
    seen, other = charge("unequal"), charge_in_time(replace(dev, coupling=-dev.coupling), -x)
    assert other.occupation == pytest.approx(seen.occupation, abs=1e-12)
    assert other.damping_from_response == pytest.approx(seen.damping_from_response, rel=1e-9)
    alone = charge_in_time(dev, -x)
    assert abs(alone.occupation - seen.occupation) > 1e-3


def test_exchanging_the_chemical_potentials_reverses_the_sign_of_damping():
    driving, damping = (charge_in_time(PAPER(v), 0.0) for v in (12.0, -12.0))
    assert driving.damping < 0 < damping.damping
    assert driving.damping_from_response < 0 < damping.damping_from_response


def test_without_coupling_the_charge_still_fluctuates():
    seen = charge_in_time(replace(PAPER(6.0), coupling=0.0), 2.0)
    assert seen.diffusion == seen.damping == seen.damping_from_response == 0.0
    assert seen.correlation[0].real == pytest.approx(0.25, abs=1e-6)


def test_modes_hold_the_whole_band():
    band = qem.Lorentzian(0.5, 1.0, 2.0)
    omega, coupling = lead_modes(band, -8.0, 8.0, 0.1, 8.0)
    assert (np.diff(omega) > 0).all()
    inside = np.diff(omega)[np.abs(omega[1:]) < 3]
    assert inside == pytest.approx(0.1, rel=0.01)
    # ∫ κ dω/2π = Γδ/2, but for what lies beyond the last cells.
    ends = omega[-1] + 0.5 * (omega[-1] - omega[-2])
    beyond = 2 * 2.0 / (2 * np.pi * ends)
    assert (coupling**2).sum() + beyond == pytest.approx(1.0, abs=2e-6)


def test_repr_names_what_was_found():
    seen = charge("paper V = 0")
    assert repr(seen).startswith("ChargeInTime(x = 0, ")
    assert f"{seen.modes[0]} + {seen.modes[1]} modes" in repr(seen)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"start": 3.0}, "start must be longer: after 3 the occupation still moves"),
        ({"span": 4.0}, "span must be longer: after 4 the correlation is still"),
        ({"max_modes": 200}, "max_modes must be at least .* for the left lead, got 200"),
        ({"max_modes": 0}, "max_modes must be a whole number of at least 1, got 0"),
        ({"start": 0.0}, "start must be finite and greater than 0, got 0.0"),
        ({"span": -1.0}, "span must be finite and greater than 0, got -1.0"),
    ],
    ids=str,
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        charge_in_time(PAPER(6.0), 0.0, **options)


@pytest.mark.parametrize("x", [np.nan, [0.0, 1.0], "here", 1j, None], ids=repr)
def test_bad_positions_are_refused(x):
    with pytest.raises(ValueError, match="^x must be"):
        charge_in_time(PAPER(6.0), x)


def test_what_is_no_device_is_refused():
    with pytest.raises(TypeError, match="device must be a Device, got None"):
        charge_in_time(None, 0.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1.0, 1.0, 0.1, 8.0), "high must exceed low, got low=1.0 and high=1.0"),
        ((np.inf, 1.0, 0.1, 8.0), "low must be a finite number, got inf"),
        ((-1.0, None, 0.1, 8.0), "high must be one real number, got None"),
        ((-1.0, 1.0, 0.0, 8.0), "spacing must be finite and greater than 0"),
        ((-1.0, 1.0, 0.1, -8.0), "reach must be finite and greater than 0"),
    ],
)
def test_bad_ranges_of_modes_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        lead_modes(qem.Lorentzian(0.0, 1.0, 1.0), *arguments)


@lru_cache
def looking_back(name):
    return charge_in_time(*CASES[name], backwards=True)


@pytest.mark.parametrize("name", ["paper V = 6", "unequal"])
def test_a_stationary_charge_is_the_same_backwards_but_for_its_commutator(name):
    dev, x = CASES[name]
    forth, back, at = charge(name), looking_back(name), qem.electron_coefficients(dev, x)
    size = float(at.diffusion) / (2 * dev.oscillator.mass * min(d.temperature for d in dev.leads))
    assert back.diffusion == pytest.approx(float(at.diffusion), rel=5e-8)
    assert back.damping == pytest.approx(-float(at.damping), abs=5e-7 * size)
    assert back.damping_from_response == pytest.approx(float(at.damping), abs=2e-6 * size)
    # Not only the integrals: C(−t) = C(t)*, and the response is the same at every time.
    assert np.array_equal(back.times, forth.times)
    for there, here in (
        (back.correlation.conj(), forth.correlation),
        (back.response, forth.response),
    ):
        assert np.abs(there - here).max() < 5e-6 * np.abs(here).max()


def test_what_lies_back_must_have_been_stationary():
    dev, x = CASES["paper V = 6"]
    back = looking_back("paper V = 6")
    assert back.start >= 2 * charge("paper V = 6").start * (1 - 1e-12)
    with pytest.raises(ValueError, match="start must be longer"):
        charge_in_time(dev, x, start=back.start / 2, span=back.start / 2, backwards=True)
