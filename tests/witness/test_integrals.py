"""The defining integrals in many digits: known limits, identities, and another quadrature."""

import doctest
from dataclasses import replace
from functools import lru_cache

import mpmath as mp
import numpy as np
import pytest
from make_electron_references import (
    COEFFICIENTS,
    RANDOM_DEVICES,
    all_cases,
    device_of,
    load,
    values_of,
)

import qemlib as qem
from qemlib.witness import integrals
from qemlib.witness.integrals import defining_integrals, noise_spectrum

PAPER = qem.paper_device
REFERENCES = load()


def device(left, right, coupling=0.1, level=0.0, mass=1.0):
    """A device from two rows of (ω_α, δ_α, Γ_α, μ_α, T_α)."""
    rows = [qem.Lead(qem.Lorentzian(*row[:3]), *row[3:]) for row in (left, right)]
    return qem.Device(qem.Oscillator(0.2, mass), *rows, coupling=coupling, level=level)


UNEVEN = device((0.8, 0.6, 1.5, 2.1, 0.7), (-0.2, 1.7, 0.9, -1.3, 0.7), 0.15, 0.3, 1.6)
UNEQUAL = device((0.5, 1.0, 2.0, 1.0, 0.5), (-0.5, 1.0, 2.0, -1.0, 3.0), 0.1, -0.2)


def at(dev, *potentials, temperature=None):
    """The device with other potentials, and perhaps another temperature."""
    left, right = (
        replace(
            lead,
            chemical_potential=mu,
            temperature=lead.temperature if temperature is None else temperature,
        )
        for lead, mu in zip(dev.leads, potentials, strict=True)
    )
    return replace(dev, left=left, right=right)


@pytest.fixture(autouse=True)
def many_digits():
    """What a test computes from the numbers is not rounded to 15 digits."""
    with mp.workdps(60):
        yield


def same(a, b, digits=25):
    """Whether two numbers agree to so many digits."""
    return abs(a - b) <= mp.mpf(10) ** -digits * abs(b)


# --- limits -------------------------------------------------------------------------------------


def test_a_dot_below_both_potentials_is_full():
    # The sum rule ∫ A dω = 2π: the integral reaches to infinity.  What is missing falls as μ^-3.
    full = defining_integrals(at(UNEQUAL, 1e9, 1e9), 0.7, digits=18).occupation
    assert same(full, 1, digits=18)


def test_a_dot_above_both_potentials_is_empty():
    # T falls as Σ Γ_α δ_α² / ω⁴.
    empty = defining_integrals(at(UNEVEN, -1e5, -1e5), 0.7, digits=8).occupation
    bands = [lead.density for lead in UNEVEN.leads]
    falloff = sum(band.rate * band.bandwidth**2 for band in bands)
    assert same(empty, falloff / (6 * mp.pi * mp.mpf(10) ** 15), digits=4)


@pytest.mark.parametrize("voltage", [0.0, 6.0])
def test_a_mirrored_dot_is_half_full(voltage):
    exact = defining_integrals(PAPER(voltage), 0.0, digits=26)
    assert same(exact.occupation, mp.mpf("0.5"))


def test_infinite_bias_forgets_the_temperature():
    # f_L = 1 and f_R = 0 wherever the dot has states, so that T is found only in the tails.
    values = [
        defining_integrals(at(UNEVEN, 1e5, -1e5, temperature=t), 1.0, digits=16) for t in (0.2, 3.0)
    ]
    for name in COEFFICIENTS:
        assert same(*(getattr(value, name) for value in values), digits=14)


def test_weak_coupling_gives_the_occupation_of_the_level():
    # Γ → 0 between like leads: f(ε_x), up to a term linear in Γ.
    level = 0.3
    expected = 1 / (1 + np.exp((level - 0.4) / 0.7))
    missed = []
    for rate in (1e-3, 1e-5):
        rows = [(0.0, 1.0, rate, 0.4, 0.7)] * 2
        exact = defining_integrals(device(*rows, level=level), 0.0, digits=12)
        missed.append(abs(float(exact.occupation) - expected))
    assert missed[0] < 1e-3
    assert missed[1] < 2e-2 * missed[0]


def test_the_force_enters_by_its_square_and_the_mass_divides_the_damping():
    # A level that does not move, and twice the force: 4 D and 4 γ, in every digit.
    one = defining_integrals(UNEVEN, 0.0)
    two = defining_integrals(replace(UNEVEN, coupling=2 * UNEVEN.coupling), 0.0)
    assert same(two.diffusion, 4 * one.diffusion)
    assert same(two.damping, 4 * one.damping)
    assert same(two.occupation, one.occupation)
    # Mass times 4 and frequency over 4: x0 and so the force stay.
    heavy = replace(UNEVEN, oscillator=qem.Oscillator(0.2 / 4, 1.6 * 4))
    assert heavy.force == UNEVEN.force
    assert same(4 * defining_integrals(heavy, 0.0).damping, one.damping)


# --- identities ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("mu", "temperature"), [(1.3, 0.7), (0.4, 1e-3), (0.4, 1e3)])
def test_fluctuation_dissipation_theorem(mu, temperature):
    dev = at(UNEVEN, mu, mu, temperature=temperature)
    exact = defining_integrals(dev, -2.3, digits=26)
    mass = mp.mpf(dev.oscillator.mass)
    assert same(exact.diffusion, 2 * mass * mp.mpf(temperature) * exact.damping)
    assert abs(exact.current) <= exact.error["current"]


@pytest.mark.parametrize(("temperature", "omega"), [(0.7, 0.9), (0.7, -4.2), (0.05, 1.1)])
def test_detailed_balance(temperature, omega):
    dev = at(UNEVEN, 0.6, 0.6, temperature=temperature)
    (up, _), (down, _) = (noise_spectrum(dev, 1.4, w, 26) for w in (omega, -omega))
    assert same(down, up * mp.exp(-mp.mpf(omega) / mp.mpf(temperature)))


def test_the_noise_at_zero_frequency_is_the_diffusion():
    assert same(noise_spectrum(UNEQUAL, 1.4, 0.0)[0], defining_integrals(UNEQUAL, 1.4).diffusion)


def test_the_slope_of_the_noise_is_the_damping():
    # ∫ h h' = 0 turns dS/dω into ∫ h A': a difference quotient of the noise knows nothing of it.
    step = mp.mpf(2) ** -24
    up, down = (noise_spectrum(UNEQUAL, 1.4, float(s * step), 22)[0] for s in (1, -1))
    slope = (up - down) / (2 * step)
    exact = defining_integrals(UNEQUAL, 1.4, 22).damping * mp.mpf(UNEQUAL.oscillator.mass)
    assert same(slope, exact, digits=12)


def test_exchanging_the_leads_reverses_the_current_alone():
    one = defining_integrals(UNEQUAL, 1.4)
    two = defining_integrals(replace(UNEQUAL, left=UNEQUAL.right, right=UNEQUAL.left), 1.4)
    for name in COEFFICIENTS:
        sign = -1 if name == "current" else 1
        assert same(getattr(two, name), sign * getattr(one, name))


# --- the quadrature -----------------------------------------------------------------------------


def test_another_quadrature_agrees():
    # tanh-sinh between breakpoints of its own, instead of Gauss-Legendre on halved panels.
    dev, x = UNEVEN, -0.8
    problem = integrals._Problem(dev, x)
    exact = defining_integrals(dev, x)
    with mp.workdps(32):
        cuts = [-mp.inf, -60, -12, -4, -1, 0, 1, 2, 5, 12, 60, mp.inf]
        scale = mp.mpf(dev.force) ** 2 / (2 * mp.pi)
        factors = (1 / (2 * mp.pi), scale, scale / mp.mpf(dev.oscillator.mass), 1 / (2 * mp.pi))
        at_each = {}

        def integrand(j, w):
            if w not in at_each:
                at_each[w] = problem.coefficients(w)[0]
            return at_each[w][j]

        for j, (name, factor) in enumerate(zip(COEFFICIENTS, factors, strict=True)):
            value = factor * mp.quad(lambda w, j=j: integrand(j, w), cuts)
            assert same(value, getattr(exact, name))


def test_rounded_integrands_are_those_of_the_package():
    # A_α f_α and the rest, in double precision, from the functions of the leads themselves.
    problem = integrals._Problem(UNEQUAL, 1.4)
    for w in (-7.0, -0.3, 0.4, 6.0):
        left, right = UNEQUAL.leads
        kappa = [float(lead.density.spectral_density(w)) for lead in (left, right)]
        green = 1 / (
            w
            - (UNEQUAL.level - UNEQUAL.force * 1.4)
            - sum(complex(lead.density.self_energy(w)) for lead in (left, right))
        )
        filled = abs(green) ** 2 * sum(
            k * float(lead.occupation(w)) for k, lead in zip(kappa, (left, right), strict=True)
        )
        values, sizes = problem.coefficients(mp.mpf(w))
        assert float(values[0]) == pytest.approx(filled, rel=1e-13)
        step = 1e-4
        slope = np.diff(qem.spectral_function(UNEQUAL, 1.4, [w - step, w + step]))[0] / (2 * step)
        assert float(values[2]) == pytest.approx(filled * slope, rel=1e-6)
        assert all(abs(v) <= s for v, s in zip(values, sizes, strict=True))


@lru_cache
def forty_digits():
    return defining_integrals(UNEQUAL, 9.0, digits=40), noise_spectrum(UNEQUAL, 9.0, 0.7, 40)[0]


@pytest.mark.parametrize("digits", [8, 20, 30])
def test_errors_are_bounds(digits):
    many, noise = forty_digits()
    few = defining_integrals(UNEQUAL, 9.0, digits=digits)
    for name in COEFFICIENTS:
        value, error = getattr(few, name), few.error[name]
        assert abs(value - getattr(many, name)) <= error
        assert error <= mp.mpf(10) ** -digits * abs(value)
    value, error = noise_spectrum(UNEQUAL, 9.0, 0.7, digits)
    assert abs(value - noise) <= error


def test_what_cancels_is_computed_with_more_digits():
    # The current at 1e-12 bias, and none at all where leads at two temperatures are mirrored.
    # Besides the linear term there is a cubic one, 1e-24 of it.
    one, two = (defining_integrals(at(UNEVEN, v, -v), 0.7, digits=24) for v in (1e-12, 2e-12))
    assert same(two.current, 2 * one.current, digits=22)
    assert one.error["current"] < 1e-24 * one.current
    hot = at(UNEQUAL, 0.0, 0.0)
    none = defining_integrals(replace(hot, level=0.0), 0.0)
    assert abs(none.current) < 1e-60


def test_the_level_is_that_of_the_package():
    # ε − F x in double precision, then exact: no other x is a better one.
    x = 12.3456
    level = UNEVEN.level - UNEVEN.force * x
    moved = defining_integrals(replace(UNEVEN, level=level), 0.0)
    assert same(defining_integrals(UNEVEN, x).damping, moved.damping)
    assert mp.mpf(level) != UNEVEN.level - mp.mpf(UNEVEN.force) * mp.mpf(x)


def test_the_examples_run():
    assert doctest.testmod(integrals).failed == 0


# --- refusals -----------------------------------------------------------------------------------


class Renamed(qem.Lorentzian):
    pass


def test_only_lorentzian_leads():
    dev = replace(UNEVEN, right=replace(UNEVEN.right, density=Renamed(-0.2, 1.7, 0.9)))
    for function in (lambda: defining_integrals(dev, 0.0), lambda: noise_spectrum(dev, 0.0, 0.1)):
        with pytest.raises(ValueError, match="the right lead must have a Lorentzian density"):
            function()


@pytest.mark.parametrize("wrong", [np.nan, np.inf, "far", [0.0, 1.0], 1j])
def test_positions_and_frequencies_are_finite_numbers(wrong):
    with pytest.raises(ValueError, match="x must be"):
        defining_integrals(UNEVEN, wrong)
    with pytest.raises(ValueError, match="omega must be"):
        noise_spectrum(UNEVEN, 0.0, wrong)


@pytest.mark.parametrize("wrong", [0, -3, 2.5, "many"])
def test_digits_are_counted(wrong):
    with pytest.raises(ValueError, match="digits must be"):
        defining_integrals(UNEVEN, 0.0, digits=wrong)


def test_a_quadrature_that_misses_a_resonance_is_noticed(monkeypatch):
    # Panels chosen for poles that are not there: the error shows it, and the result is refused.
    monkeypatch.setattr(integrals._Problem, "poles", lambda self: [0.3 - 20j])
    with pytest.raises(ArithmeticError, match="miss 10 digits"):
        defining_integrals(at(UNEVEN, 0.1, -0.1, temperature=0.01), 0.0, digits=10)


def test_a_resonance_narrower_than_a_double_can_tell_is_refused():
    dev = device((0.0, 1e-3, 1e-9, 0.0, 1.0), (0.0, 1e-3, 1e-9, 0.0, 1.0), level=1e4)
    with pytest.raises(ArithmeticError, match="too narrow"):
        defining_integrals(dev, 0.0)


# --- the stored references ----------------------------------------------------------------------


def test_the_file_holds_the_cases_of_the_script():
    stored = {
        name: {key: value for key, value in entry.items() if key != "values"}
        for name, entry in REFERENCES.items()
    }
    assert stored == all_cases()
    for entry in REFERENCES.values():
        expected = {*COEFFICIENTS, "noise"} if "omega" in entry else {*COEFFICIENTS}
        assert set(entry["values"]) == expected


@pytest.mark.parametrize("name", ["random 007", "random 154", "poles 1e-8 apart, triple"])
def test_the_script_finds_what_the_file_holds(name):
    entry = REFERENCES[name]
    values = values_of(entry)
    assert set(values) == set(entry["values"])
    for key, value in values.items():
        assert same(mp.mpf(value), mp.mpf(entry["values"][key]), digits=28)


def test_random_cases_span_what_they_should():
    drawn = [entry for name, entry in REFERENCES.items() if name.startswith("random")]
    assert len(drawn) == RANDOM_DEVICES
    equal = [entry["left"][4] == entry["right"][4] for entry in drawn]
    assert sum(equal) == RANDOM_DEVICES // 2
    for entry in drawn:
        dev = device_of(entry)
        assert abs(dev.force * entry["x"]) < 20.01
        for lead in dev.leads:
            assert abs(lead.density.center) <= 2
            assert 0.2 <= lead.density.bandwidth <= 5
            assert 0.2 <= lead.density.rate <= 5
            assert 0.1 <= lead.temperature <= 10
        assert abs(dev.voltage) < 30.01


@pytest.mark.parametrize("kind", ["centred", "mirrored", "triple"])
def test_poles_are_as_close_as_the_names_say(kind):
    for distance in ("1e-3", "1e-5", "1e-8", "0"):
        dev = device_of(REFERENCES[f"poles {distance} apart, {kind}"])
        z = [mp.mpc(lead.density.center, -lead.density.bandwidth) for lead in dev.leads]
        g = [mp.mpf(lead.density.rate) * lead.density.bandwidth / 2 for lead in dev.leads]
        level = mp.mpf(dev.level)
        # P(ω) written out, from its highest power on.
        roots = mp.polyroots(
            [
                mp.mpf(1),
                -(level + z[0] + z[1]),
                z[0] * z[1] + level * (z[0] + z[1]) - g[0] - g[1],
                g[0] * z[1] + g[1] * z[0] - level * z[0] * z[1],
            ],
            maxsteps=2000,
            extraprec=400,
        )
        gaps = sorted(abs(roots[j] - roots[k]) for j, k in ((0, 1), (0, 2), (1, 2)))
        widest = gaps[2 if kind == "triple" else 0]
        assert float(widest) == pytest.approx(float(distance), rel=0.01, abs=1e-12)
