"""Hierarchical equations of motion, against the integrals, the other witness and themselves."""

import sys
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import expit

import qemlib as qem
from qemlib.witness.hierarchy import bath_exponents, charge_in_hierarchy, pade_fermi
from qemlib.witness.modes import charge_in_time

PAPER = qem.paper_device
UNEQUAL = qem.Device(
    qem.Oscillator(0.2, 1.4),
    qem.Lead(qem.Lorentzian(0.5, 1.0, 2.0), 1.0, 0.8),
    qem.Lead(qem.Lorentzian(-0.3, 1.3, 1.5), -1.0, 3.0),
    coupling=0.1,
    level=-0.2,
)
CASES = {
    "paper V = 0": (PAPER(0.0), 0.0),
    "paper V = 6": (PAPER(6.0), 2.0),
    "paper, where γ changes sign": (PAPER(8.46328), 0.0),
    "paper V = 16": (PAPER(16.0), 0.0),
    "unequal": (UNEQUAL, -1.5),
}
NAMES = ("occupation", "diffusion", "damping")


def charge(name, depth=4, pade_terms=4):
    return charged(name, depth, pade_terms)


@lru_cache  # to which f(4) and f(pade_terms=4) are two things
def charged(name, depth, pade_terms):
    return charge_in_hierarchy(*CASES[name], depth=depth, pade_terms=pade_terms)


def deviations(name, **options):
    """Of ⟨n⟩, of D in units of D, and of γ in units of |γ| or, if that is larger, of D/2mT."""
    dev, x = CASES[name]
    seen, at = charge(name, **options), qem.electron_coefficients(dev, x)
    coldest = min(lead.temperature for lead in dev.leads)
    largest = max(abs(at.damping), at.diffusion / (2 * dev.oscillator.mass * coldest))
    return {
        key: float(abs(getattr(seen, key) - getattr(at, key)) / size)
        for key, size in zip(NAMES, (1.0, at.diffusion, largest), strict=True)
    }


@pytest.mark.parametrize("name", CASES)
def test_hierarchy_gives_the_coefficients(name):
    # What is left is the Padé approximant's: most in ⟨n⟩, for the coldest lead.
    off = deviations(name)
    assert off["occupation"] < (2e-7 if name == "unequal" else 1e-9)
    assert off["diffusion"] < 1e-9
    assert off["damping"] < 1e-8


@pytest.mark.parametrize("name", CASES)
def test_three_pade_terms_give_six_digits_at_moderate_bias(name):
    off = deviations(name, pade_terms=3)
    assert off["occupation"] < 1e-6
    assert off["diffusion"] < 1e-6
    assert off["damping"] < 1e-5


@pytest.mark.parametrize("pade_terms", [2, 3, 4])
@pytest.mark.parametrize("name", CASES)
def test_reported_errors_bound_the_true_ones(name, pade_terms):
    dev, x = CASES[name]
    seen, at = charge(name, pade_terms=pade_terms), qem.electron_coefficients(dev, x)
    for key in NAMES:
        value = float(getattr(at, key))
        round_off = 1e-12 * (1.0 if key == "occupation" else float(at.diffusion))
        assert abs(getattr(seen, key) - value) <= seen.error[key] + round_off


def test_reported_errors_warn_of_cold_leads():
    left, right = (replace(lead, temperature=0.1) for lead in PAPER(3.0).leads)
    seen = charge_in_hierarchy(replace(PAPER(), left=left, right=right), 0.9, pade_terms=3)
    assert seen.error["occupation"] > 1e-4


@pytest.mark.parametrize("name", ["paper V = 6", "unequal"])
def test_depth_two_is_exact_for_occupation_and_damping_and_not_for_diffusion(name):
    shallow, deep = (charge(name, depth=depth) for depth in (2, 4))
    assert shallow.occupation == pytest.approx(deep.occupation, abs=1e-12)
    assert shallow.damping == pytest.approx(deep.damping, rel=1e-9)
    assert abs(shallow.diffusion / deep.diffusion - 1) > 1e-3


def test_the_hierarchy_ends_at_depth_four():
    four, six = (charge("paper V = 6", depth=depth, pade_terms=2) for depth in (4, 6))
    assert six.size > four.size
    for key in NAMES:
        assert getattr(six, key) == pytest.approx(getattr(four, key), rel=1e-10)


def test_depth_one_is_not_enough_for_the_occupation():
    assert deviations("paper V = 6", depth=1)["occupation"] > 1e-6


def test_correlation_is_that_of_discrete_leads():
    dev, x = CASES["unequal"]
    other = charge_in_time(dev, x)
    at = np.searchsorted(other.times, [0.0, 0.3, 1.0, 2.5, 6.0])
    seen = charge_in_hierarchy(dev, x, times=other.times[at])
    assert seen.times == pytest.approx(other.times[at])
    assert np.abs(seen.correlation - other.correlation[at]).max() < 1e-6
    assert np.abs(seen.correlation.imag).max() > 1e-3  # so that a conjugate would not pass


def test_correlation_begins_with_the_variance_of_one_level():
    dev, x = CASES["unequal"]
    seen = charge_in_hierarchy(dev, x, times=[0.0], pade_terms=3)
    variance = seen.occupation * (1 - seen.occupation)
    assert seen.correlation[0] == pytest.approx(variance, abs=1e-12)


def test_times_may_come_in_any_order_and_twice():
    dev, x = CASES["paper V = 6"]
    seen = charge_in_hierarchy(dev, x, times=[2.0, 0.5, 2.0, 0.0], pade_terms=2)
    alone = [
        charge_in_hierarchy(dev, x, times=[t], pade_terms=2).correlation[0] for t in seen.times
    ]
    assert seen.correlation == pytest.approx(np.array(alone), abs=1e-12)


def test_noise_spectrum_has_the_sign_of_frequency_of_equation_8():
    dev, x = CASES["paper V = 6"]
    omega = np.array([-0.6, 0.2, 0.0, 1.0])
    seen = charge_in_hierarchy(dev, x, omega=omega)
    assert seen.noise_spectrum == pytest.approx(qem.noise_spectrum(dev, x, omega), rel=1e-9)
    assert seen.noise_spectrum[2] == pytest.approx(seen.diffusion, rel=1e-12)
    mirrored = qem.noise_spectrum(dev, x, -omega[[0, 1, 3]])
    assert (np.abs(seen.noise_spectrum[[0, 1, 3]] / mirrored - 1) > 1e-2).all()


def test_equilibrium_fluctuates_as_it_dissipates():
    seen = charge("paper V = 0")
    assert seen.diffusion / (4.0 * seen.damping) == pytest.approx(1.0, abs=1e-9)
    driven = charge("paper V = 6")
    assert driven.diffusion / (4.0 * driven.damping) > 2


def test_exchanging_the_leads_changes_nothing_and_their_potentials_the_sign_of_damping():
    dev, x = CASES["unequal"]
    swapped = charge_in_hierarchy(replace(dev, left=dev.right, right=dev.left), x)
    for key in NAMES:
        assert getattr(swapped, key) == pytest.approx(getattr(charge("unequal"), key), rel=1e-9)
    driving, damping = (charge_in_hierarchy(PAPER(v), 0.0, pade_terms=3) for v in (12.0, -12.0))
    assert driving.damping < 0 < damping.damping


def test_force_and_position_reversed_together_change_nothing():
    dev, x = CASES["unequal"]
    other = charge_in_hierarchy(replace(dev, coupling=-dev.coupling), -x)
    for key in NAMES:
        assert getattr(other, key) == pytest.approx(getattr(charge("unequal"), key), rel=1e-12)
    alone = charge_in_hierarchy(dev, -x, pade_terms=3)
    assert abs(alone.occupation - charge("unequal").occupation) > 1e-3


def test_pade_poles_approach_the_matsubara_frequencies():
    poles, weights = pade_fermi(8)
    assert poles[:2] == pytest.approx(np.pi * np.array([1, 3]), rel=1e-10)
    assert weights[:2] == pytest.approx(1.0, rel=1e-10)
    assert poles[-1] > 1.5 * np.pi * 15


@pytest.mark.parametrize(("terms", "error"), [(1, 3e-2), (2, 1e-4), (4, 1e-11), (8, 1e-14)])
def test_pade_terms_add_up_to_the_fermi_function(terms, error):
    y = np.linspace(-3, 3, 13)
    poles, weights = pade_fermi(terms)
    seen = 0.5 - (2 * weights * y[:, None] / (y[:, None] ** 2 + poles**2)).sum(axis=1)
    assert np.abs(seen - expit(-y)).max() < error


@pytest.mark.parametrize("t", [0.4, 1.5])
def test_exponents_add_up_to_the_correlation_functions_of_a_lead(t):
    # The band is not centred at μ: C± feel the distance.
    lead = qem.Lead(qem.Lorentzian(0.7, 1.1, 1.9), -0.8, 0.9)
    exponents = bath_exponents(lead, 10)

    def transform(sign, filling):
        def integrand(part):
            def value(omega):
                weight = lead.density.spectral_density(omega) * filling(omega) / (2 * np.pi)
                return weight * getattr(np.exp(sign * 1j * omega * t), part)

            return quad(value, -400, 400, limit=4000, epsabs=1e-9)[0]

        return integrand("real") + 1j * integrand("imag")

    for name, sign, filling in (("plus", 1, lead.occupation), ("minus", -1, lead.vacancy)):
        seen = (exponents[f"ck_{name}"] * np.exp(-exponents[f"vk_{name}"] * t)).sum()
        # The tail beyond ±400, and the Padé approximant at short times.
        assert seen == pytest.approx(transform(sign, filling), abs=1e-5)


def test_repr_names_what_was_found():
    assert repr(charge("paper V = 0")).startswith("ChargeInHierarchy(x = 0, depth 4, 4 Pade terms")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"depth": 0}, "depth must be a whole number of at least 1, got 0"),
        ({"pade_terms": 1}, "pade_terms must be a whole number of at least 2, got 1"),
        ({"pade_terms": 2.5}, "pade_terms must be a whole number of at least 2, got 2.5"),
        ({"times": [0.0, -1.0]}, "times must not be negative, got -1.0"),
        ({"times": 1.0}, "times must be an array with 1 axis/axes"),
        ({"omega": [np.nan]}, "omega must hold finite numbers only, got nan"),
    ],
    ids=str,
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        charge_in_hierarchy(PAPER(6.0), 0.0, **options)


@pytest.mark.parametrize("x", [np.inf, [0.0, 1.0], "here", 1j, None], ids=repr)
def test_bad_positions_are_refused(x):
    with pytest.raises(ValueError, match="^x must be"):
        charge_in_hierarchy(PAPER(6.0), x)


def test_what_is_no_device_is_refused():
    with pytest.raises(TypeError, match="device must be a Device, got None"):
        charge_in_hierarchy(None, 0.0)


def test_leads_that_are_not_lorentzian_are_refused():
    omega = np.linspace(-5, 5, 101)
    other = qem.Lead(qem.Tabulated(omega, np.exp(-(omega**2))), 0.0, 1.0)
    with pytest.raises(ValueError, match="the right lead must be Lorentzian, got Tabulated"):
        charge_in_hierarchy(replace(PAPER(), right=other), 0.0)
    with pytest.raises(ValueError, match="lead must be a Lorentzian Lead, got"):
        bath_exponents(other, 3)
    with pytest.raises(TypeError, match="lead must be a Lead, got None"):
        bath_exponents(None, 3)


def test_without_qutip_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "qutip", None)
    with pytest.raises(
        ImportError, match=r"hierarchies need qutip: pip install \"qemlib\[quantum\]\""
    ):
        charge_in_hierarchy(PAPER(), 0.0)
