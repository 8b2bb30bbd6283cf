"""The coefficients of the Langevin equation, each by a second, independent way.

The module under test sums residues, or integrates in double precision.  Here the same numbers come
from the defining integrals in 30 digits (`make_electron_references.py`), from a Lindblad equation
at infinite bias, from limits in which they are elementary, and from identities.  Discrete leads and
hierarchical equations of motion have test modules of their own (`test_witness_*.py`).
"""

import json
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest
from cases import between, devices, equilibrium_devices, few, mirrored_devices
from hypothesis import given
from make_electron_references import REFERENCES, device_of
from scipy.integrate import quad
from scipy.linalg import solve_continuous_lyapunov
from scipy.optimize import brentq
from scipy.special import digamma

import qemlib as qem

PAPER = qem.paper_device


def device(left, right, coupling=0.1, level=0.0, mass=1.0):
    """A device from two rows of (ω_α, δ_α, Γ_α, μ_α, T_α)."""
    rows = [qem.Lead(qem.Lorentzian(*row[:3]), *row[3:]) for row in (left, right)]
    return qem.Device(qem.Oscillator(0.2, mass), *rows, coupling=coupling, level=level)


ASYMMETRIC = device((0.8, 0.6, 1.5, 2.1, 0.7), (-0.2, 1.7, 0.9, -1.3, 0.7), 0.15, 0.3, 1.6)

# --- 30 digits -----------------------------------------------------------------------------------

EXACT = json.loads(REFERENCES.read_text(encoding="utf-8"))


@lru_cache
def exact(name):
    """The device, its position and the coefficients there, as doubles."""
    case = EXACT[name]
    return device_of(case), case["x"], {key: float(v) for key, v in case["values"].items()}


@pytest.mark.parametrize("name", EXACT)
def test_coefficients_are_the_integrals_of_appendix_b(name):
    dev, x, values = exact(name)
    at = qem.electron_coefficients(dev, x)
    assert at.occupation == pytest.approx(values["occupation"], rel=1e-12, abs=0)
    assert at.diffusion == pytest.approx(values["diffusion"], rel=1e-12, abs=0)
    # γ changes sign: its largest value over x is what it is compared with.
    largest = np.abs(qem.damping(dev, np.linspace(-20, 20, 201) / dev.force)).max()
    assert at.damping == pytest.approx(values["damping"], rel=0, abs=1e-11 * largest)
    left, right = (lead.temperature for lead in dev.leads)
    # So does I, between leads of two temperatures; at most 2 Γ_LΓ_R/(Γ_L+Γ_R) flows.
    assert qem.current(dev, x) == pytest.approx(
        values["current"], rel=1e-12, abs=0 if left == right else 1e-14
    )


WITH_NOISE = [name for name, case in EXACT.items() if "omega" in case]


@pytest.mark.parametrize("name", WITH_NOISE)
def test_noise_spectrum_is_the_convolution_of_filled_and_empty_states(name):
    dev, x, values = exact(name)
    found = qem.noise_spectrum(dev, x, EXACT[name]["omega"])
    assert found == pytest.approx(values["noise"], rel=1e-12, abs=0)


def test_there_are_as_many_references_as_there_should_be():
    assert sum(name.startswith("random") for name in EXACT) == 200
    assert len(WITH_NOISE) >= 40


@pytest.mark.parametrize("name", EXACT)
def test_reported_errors_bound_the_true_ones(name):
    dev, x, values = exact(name)
    at = qem.electron_coefficients(dev, x)
    for key, error in at.error.items():
        missed = abs(float(getattr(at, key)) - values[key])
        # tanh-sinh estimates its error to an order of magnitude
        assert missed <= 10 * error + 1e-15 * abs(values[key])


# --- identities ---------------------------------------------------------------------------------


@few
@given(devices, between(-15, 15))
def test_diffusion_and_damping_are_value_and_slope_of_the_noise_at_zero(dev, x):
    # S_x(ω) is analytic in a strip as wide as the poles of G are deep, and as the temperature is.
    strip = min(1 / float(qem.adiabaticity(dev, x).memory_time), 1.0)
    step = 0.02 * strip
    s = qem.noise_spectrum(dev, x, step * np.arange(-3, 4))
    assert s[3] == pytest.approx(qem.diffusion(dev, x), rel=1e-12)
    slope = (45 * (s[4] - s[2]) - 9 * (s[5] - s[1]) + (s[6] - s[0])) / (60 * step)
    mass = dev.oscillator.mass
    assert mass * qem.damping(dev, x) == pytest.approx(slope, abs=1e-8 * s[3] / strip)


@few
@given(equilibrium_devices(), between(-15, 15))
def test_fluctuation_dissipation_theorem_in_equilibrium(dev, x):
    d, g = qem.diffusion(dev, x), qem.damping(dev, x)
    assert g > 0
    assert d / (2 * dev.oscillator.mass * dev.left.temperature * g) == pytest.approx(1.0, abs=1e-12)


@few
@given(equilibrium_devices(), between(-15, 15), between(0.05, 3))
def test_detailed_balance_in_equilibrium(dev, x, omega):
    absorbed, emitted = qem.noise_spectrum(dev, x, [omega, -omega])
    ratio = emitted / absorbed * np.exp(omega / dev.left.temperature)
    assert ratio == pytest.approx(1.0, abs=1e-12)


def test_detailed_balance_and_fdt_fail_at_a_bias():
    dev = PAPER(8.0)
    up, down = qem.noise_spectrum(dev, 0.0, [0.5, -0.5])
    assert abs(down / up * np.exp(0.25) - 1) > 0.1
    assert qem.diffusion(dev, 0.0) / (4 * qem.damping(dev, 0.0)) > 10


@few
@given(equilibrium_devices(), between(-15, 15))
def test_no_current_in_equilibrium(dev, x):
    assert abs(qem.current(dev, x)) < 1e-14


@few
@given(devices, between(-15, 15))
def test_current_flows_from_the_higher_potential_at_equal_temperatures(dev, x):
    dev = replace(dev, right=replace(dev.right, temperature=dev.left.temperature))
    assert np.sign(qem.current(dev, x)) == np.sign(dev.voltage)


@few
@given(devices, between(-15, 15))
def test_what_flows_in_on_the_left_flows_out_on_the_right(dev, x):
    # Each lead fills at κ_α f_α T and empties at κ_α h, with h = TΦ what is filled.
    level = dev.level - dev.force * x
    points = sorted({level, *(lead.chemical_potential for lead in dev.leads)})

    def inflow(lead, omega):
        net = lead.occupation(omega) - qem.distribution(dev, omega)
        kappa = lead.density.spectral_density(omega)
        return float(kappa * net * qem.spectral_function(dev, x, omega)) / (2 * np.pi)

    ends = [-np.inf, *points, np.inf]
    left, right = (
        sum(
            quad(lambda w, lead=lead: inflow(lead, w), a, b, epsabs=1e-12, limit=300)[0]
            for a, b in pairwise(ends)
        )
        for lead in dev.leads
    )
    assert left + right == pytest.approx(0.0, abs=1e-9)
    assert qem.current(dev, x) == pytest.approx(left, abs=1e-9)


@few
@given(devices, between(-15, 15))
def test_flat_bands_never_drive(dev, x):
    def flat(lead):
        return replace(lead, density=replace(lead.density, bandwidth=1e6))

    wide = replace(dev, left=flat(dev.left), right=flat(dev.right))
    assert qem.damping(wide, x) > 0


@few
@given(devices, between(-15, 15))
def test_exchanging_the_leads_reverses_the_current_alone(dev, x):
    swapped = replace(dev, left=dev.right, right=dev.left)
    assert qem.current(swapped, x) == pytest.approx(-qem.current(dev, x), rel=1e-11, abs=1e-15)
    for of in (qem.occupation, qem.damping, qem.diffusion):
        assert of(swapped, x) == pytest.approx(of(dev, x), rel=1e-11, abs=1e-16)


@few
@given(mirrored_devices(), between(0, 15))
def test_a_mirrored_device_is_mirrored_in_x(dev, x):
    right, left = (qem.electron_coefficients(dev, at) for at in (x, -x))
    assert qem.occupation(dev, 0.0) == pytest.approx(0.5, abs=1e-13)
    assert right.excess_charge == pytest.approx(-left.excess_charge, abs=1e-13)
    assert right.diffusion == pytest.approx(left.diffusion, rel=1e-11)
    assert right.damping == pytest.approx(left.damping, abs=1e-11 * float(left.diffusion) + 1e-16)


@few
@given(devices, between(-15, 15))
def test_position_acts_through_the_level_alone(dev, x):
    moved = replace(dev, level=dev.level - dev.force * x)
    for of in (qem.occupation, qem.damping, qem.diffusion, qem.current):
        assert of(moved, 0.0) == pytest.approx(of(dev, x), rel=1e-9, abs=1e-15)


@few
@given(devices, between(-3, 3))
def test_energies_count_from_anywhere(dev, shift):
    def lifted(lead):
        band = replace(lead.density, center=lead.density.center + shift)
        return replace(lead, density=band, chemical_potential=lead.chemical_potential + shift)

    other = replace(dev, left=lifted(dev.left), right=lifted(dev.right), level=dev.level + shift)
    for of in (qem.occupation, qem.damping, qem.diffusion, qem.current):
        assert of(other, 1.0) == pytest.approx(of(dev, 1.0), rel=1e-9, abs=1e-15)


@few
@given(devices)
def test_occupation_lies_between_zero_and_one_and_diffusion_is_positive(dev):
    at = qem.electron_coefficients(dev, np.linspace(-20, 20, 9))
    assert ((at.occupation > 0) & (at.occupation < 1)).all()
    assert (at.diffusion > 0).all()
    assert (qem.noise_spectrum(dev, 0.0, np.linspace(-4, 4, 9)) > 0).all()


@pytest.mark.parametrize(
    ("name", "power"),
    [("occupation", (0, 0)), ("diffusion", (2, 0)), ("damping", (2, -1)), ("current", (0, 0))],
)
def test_coefficients_scale_with_force_and_mass(name, power):
    dev, x = ASYMMETRIC, 0.0  # at x = 0 the force is a prefactor alone
    heavier = replace(dev, oscillator=qem.Oscillator(0.2, 2 * dev.oscillator.mass), coupling=0.4)
    ratio = (heavier.force / dev.force) ** power[0] * 2.0 ** power[1]
    of = getattr(qem, name)
    assert of(heavier, x) == pytest.approx(ratio * of(dev, x), rel=1e-12)


def test_excess_charge_counts_from_the_uncoupled_dot():
    # N0 is not 1/2 here: it belongs to the device.
    n0 = qem.occupation(replace(ASYMMETRIC, coupling=0.0), 7.0)
    assert abs(n0 - 0.5) > 0.01
    expected = qem.occupation(ASYMMETRIC, 7.0) - n0
    assert qem.excess_charge(ASYMMETRIC, 7.0) == pytest.approx(expected, abs=1e-14)
    at = qem.electron_coefficients(ASYMMETRIC, 7.0)
    assert at.excess_charge == pytest.approx(expected, abs=1e-14)


# --- the paper's device -------------------------------------------------------------------------


@pytest.mark.parametrize(("voltage", "gamma"), [(0, 3.2514e-4), (6, 1.0428e-4), (8, 1.81e-5)])
def test_damping_at_rest(voltage, gamma):
    digits = 5e-9 if voltage < 8 else 5e-8
    assert qem.damping(PAPER(voltage), 0.0) == pytest.approx(gamma, abs=digits)


@pytest.mark.parametrize(("coupling", "mass"), [(0.1, 1.0), (0.3, 2.5)])
def test_damping_at_rest_changes_sign_at_the_same_voltage_whatever_force_and_mass(coupling, mass):
    dev = replace(PAPER(), coupling=coupling, oscillator=qem.Oscillator(0.2, mass))
    threshold = brentq(lambda v: qem.damping(dev.with_voltage(v), 0.0), 6, 10, xtol=1e-9)
    assert threshold == pytest.approx(8.46328, abs=5e-6)
    assert qem.damping(dev.with_voltage(threshold - 0.1), 0.0) > 0
    assert qem.damping(dev.with_voltage(threshold + 0.1), 0.0) < 0


def test_occupation_stops_being_monotonic_before_damping_turns_negative():
    def slope(voltage, h=0.3):
        n = qem.occupation(PAPER(voltage), h * np.arange(1, 4))
        m = qem.occupation(PAPER(voltage), -h * np.arange(1, 4))
        return (45 * (n[0] - m[0]) - 9 * (n[1] - m[1]) + (n[2] - m[2])) / (60 * h)

    assert slope(0.0) > 0  # the force F⟨n⟩ draws the charge in: F x lowers the level
    assert brentq(slope, 5, 7, xtol=1e-9) == pytest.approx(6.2207, abs=5e-5)


def test_reversed_bias_damps_at_rest_and_drives_far_out():
    dev = PAPER(-16.0)
    assert qem.damping(dev, 0.0) > 0
    assert qem.damping(dev, np.linspace(0, 100, 101)).min() < 0
    assert qem.damping(PAPER(-11.0), np.linspace(0, 100, 101)).min() > 0


def test_far_positions_fill_or_empty_the_dot():
    full, empty = qem.occupation(PAPER(0.0), [300.0, -300.0])
    assert full > 0.99
    assert full + empty == pytest.approx(1.0, abs=1e-12)


# --- limits --------------------------------------------------------------------------------------


def one_rate(rate_left, rate_right, temperature, bandwidth=1e7, voltage=1.0):
    rows = [(0.0, bandwidth, rate_left, voltage / 2), (0.0, bandwidth, rate_right, -voltage / 2)]
    left, right = ((*row, temperature) for row in rows)
    return device(left, right, level=0.2)


@pytest.mark.parametrize("temperature", [0.05, 1.0, 20.0])
@pytest.mark.parametrize("x", [-4.0, 0.0, 9.0])
def test_wide_bands_broaden_the_level_and_no_more(temperature, x):
    dev = one_rate(0.6, 1.1, temperature)
    level, total = dev.level - dev.force * x, 1.7
    expected = 0.0
    for lead in dev.leads:
        u = 0.5 + (total / 2 + 1j * (level - lead.chemical_potential)) / (2 * np.pi * temperature)
        expected += lead.density.rate / total * (0.5 - digamma(u).imag / np.pi)
    assert qem.occupation(dev, x) == pytest.approx(expected, abs=1e-6)
    assert qem.damping(dev, x) > 0


@pytest.mark.parametrize("x", [-4.0, 0.0, 9.0])
def test_cold_wide_bands_damp_at_their_fermi_edges_alone(x):
    # −Φ' is a sum of two peaks, and D the number of states between them.
    dev = one_rate(0.6, 1.1, 1e-3)
    level, total = dev.level - dev.force * x, 1.7

    def lorentzian(w):
        return total / ((w - level) ** 2 + total**2 / 4)

    edges = [
        lead.density.rate / total * lorentzian(lead.chemical_potential) ** 2 for lead in dev.leads
    ]
    scale = dev.force**2 / (4 * np.pi * dev.oscillator.mass)
    assert qem.damping(dev, x) == pytest.approx(scale * sum(edges), rel=1e-4)
    between_edges = quad(lambda w: lorentzian(w) ** 2, -0.5, 0.5)[0] * 0.6 * 1.1 / total**2
    d = dev.force**2 / (2 * np.pi) * between_edges
    assert qem.diffusion(dev, x) == pytest.approx(d, rel=1e-2)
    assert qem.current(dev, x) == pytest.approx(
        quad(lorentzian, -0.5, 0.5)[0] * 0.6 * 1.1 / total / (2 * np.pi), rel=1e-4
    )


@pytest.mark.parametrize("mu", [-3.0, 0.1, 2.0])
def test_cold_occupation_is_the_spectral_weight_below_the_fermi_edge(mu):
    dev = device((0.5, 1.0, 2.0, mu, 1e-3), (-0.5, 0.7, 1.2, mu, 1e-3), level=0.1)
    weight = quad(lambda w: float(qem.spectral_function(dev, 0.0, w)), -np.inf, mu, epsabs=1e-11)[0]
    assert qem.occupation(dev, 0.0) == pytest.approx(weight / (2 * np.pi), abs=1e-6)


@pytest.mark.parametrize("x", [-3.0, 0.5, 6.0])
def test_weak_coupling_is_a_rate_equation(x):
    # One electron hops in at rate Σκf and out at Σκ(1−f): a random telegraph.
    weak = 1e-5
    dev = device((0.5, 1.0, weak, 1.0, 0.9), (-0.3, 1.4, 2 * weak, -0.6, 1.7), level=0.3)

    def telegraph(x):
        level = dev.level - dev.force * x
        kappa = [lead.density.spectral_density(level) for lead in dev.leads]
        into = sum(k * lead.occupation(level) for k, lead in zip(kappa, dev.leads, strict=True))
        return into / sum(kappa), sum(kappa)

    n, rate = telegraph(x)
    slope = (telegraph(x + 1e-4)[0] - telegraph(x - 1e-4)[0]) / 2e-4
    assert qem.occupation(dev, x) == pytest.approx(n, rel=1e-4)
    assert qem.diffusion(dev, x) == pytest.approx(dev.force**2 * 2 * n * (1 - n) / rate, rel=1e-4)
    # (A20): the charge relaxes at this rate to what it is at the new position
    m_gamma = dev.force * slope / rate
    assert dev.oscillator.mass * qem.damping(dev, x) == pytest.approx(m_gamma, rel=1e-3)


@few
@given(devices, between(-15, 15))
def test_reversing_the_bias_of_equal_leads_reverses_the_current_alone(dev, x):
    right = replace(dev.right, density=dev.left.density, temperature=dev.left.temperature)
    forward = replace(dev, right=right)
    backward = forward.with_voltage(-forward.voltage)
    assert qem.current(backward, x) == pytest.approx(-qem.current(forward, x), rel=1e-11, abs=1e-15)
    for of in (qem.occupation, qem.damping, qem.diffusion):
        assert of(backward, x) == pytest.approx(of(forward, x), rel=1e-11, abs=1e-16)


@few
@given(devices, between(-15, 15), between(0.1, 4))
def test_noise_integrates_to_the_variance_of_the_charge(dev, x, rate):
    # ∫ S dω/2π = F²C(0), and for one fermion C(0) = n(1 − n), whatever the leads.
    omega, weight = np.polynomial.legendre.leggauss(400)
    stretch = 4.0 * rate
    nodes, weights = stretch * np.tan(0.5 * np.pi * omega), 0.5 * np.pi * stretch * weight
    weights /= np.cos(0.5 * np.pi * omega) ** 2
    n = float(qem.occupation(dev, x))
    total = weights @ qem.noise_spectrum(dev, x, nodes) / (2 * np.pi)
    assert total == pytest.approx(dev.force**2 * n * (1 - n), rel=1e-6)


# --- infinite bias: three fermions and a Lindblad equation --------------------------------------


def at_infinite_bias(dev, x):
    """(⟨c†c⟩, D, mγ, I) with the left lead full and the right one empty at every energy.

    A Lorentzian lead without a Fermi edge is one mode, coupled with g² = Γδ/2, that a white bath
    fills or empties at rate 2δ.
    """
    h = np.diag([dev.level - dev.force * x, dev.left.density.center, dev.right.density.center])
    for i, lead in enumerate(dev.leads, start=1):
        h[0, i] = h[i, 0] = np.sqrt(lead.density.rate * lead.density.bandwidth / 2)
    gain = np.diag([0, 2 * dev.left.density.bandwidth, 0])
    loss = np.diag([0, 0, 2 * dev.right.density.bandwidth])
    drift = -1j * h - 0.5 * (gain + loss)
    filled = solve_continuous_lyapunov(drift, -gain.astype(complex))  # ⟨c_j† c_i⟩
    # Quantum regression: C(t) = ⟨c†(t)c⟩⟨c(t)c†⟩ as one vector that evolves with K.
    particle, hole = filled.T[:, 0], (np.eye(3) - filled)[:, 0]
    k = np.kron(drift.conj(), np.eye(3)) + np.kron(np.eye(3), drift)
    start = np.kron(particle, hole)
    once = -np.linalg.solve(k, start)  # ∫ e^{Kt} dt
    twice = np.linalg.solve(k, np.linalg.solve(k, start))  # ∫ t e^{Kt} dt
    force2 = dev.force**2
    current = 2 * dev.right.density.bandwidth * filled[2, 2].real
    return filled[0, 0].real, force2 * 2 * once[0].real, -2 * force2 * twice[0].imag, current


@pytest.mark.parametrize(("dev", "x"), [(PAPER(), 0.0), (PAPER(), 5.0), (ASYMMETRIC, -2.0)])
def test_infinite_bias_is_a_lindblad_equation_of_three_fermions(dev, x):
    n, d, m_gamma, current = at_infinite_bias(dev, x)
    # What lies beyond the Fermi edges falls as V⁻³.
    for voltage, rest in ((400.0, 1e-7), (4000.0, 1e-10)):
        at = qem.electron_coefficients(dev.with_voltage(voltage), x)
        assert at.occupation == pytest.approx(n, abs=rest)
        assert at.diffusion == pytest.approx(d, rel=rest)
        assert dev.oscillator.mass * at.damping == pytest.approx(m_gamma, abs=rest * d)
        assert qem.current(dev.with_voltage(voltage), x) == pytest.approx(current, rel=10 * rest)


def test_occupation_at_infinite_bias_to_the_digits_of_the_closed_problem():
    n, *_ = at_infinite_bias(PAPER(), 1.0)
    assert qem.occupation(PAPER(400.0), 1.0) == pytest.approx(n, abs=3e-10)


# --- shapes and refusals ------------------------------------------------------------------------

OF_X = [
    qem.electron_coefficients,
    qem.occupation,
    qem.excess_charge,
    qem.damping,
    qem.diffusion,
    qem.current,
]


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0,)])
def test_results_have_the_shape_of_x(shape):
    x = np.full(shape, 0.4)
    dev = PAPER(6.0)
    for of in OF_X[1:]:
        assert np.shape(of(dev, x)) == shape
    at = qem.electron_coefficients(dev, x)
    for name in ("occupation", "excess_charge", "damping", "diffusion"):
        assert np.shape(getattr(at, name)) == shape
        assert np.shape(at.error.get(name, x)) == shape
    assert f"{np.size(x)} positions" in repr(at)
    assert np.shape(qem.noise_spectrum(dev, x[..., None], np.ones(2))) == (*shape, 2)


def test_positions_do_not_influence_each_other():
    dev, x = ASYMMETRIC, np.array([-40.0, 0.0, 3.0, 250.0])
    for of in OF_X[1:]:
        alone = [of(dev, at) for at in x]
        assert of(dev, x) == pytest.approx(np.array(alone), rel=1e-10, abs=1e-15)


@pytest.mark.parametrize("of", OF_X)
@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.nan, "x must be a finite number, got nan"),
        ([0.0, np.inf], r"x must hold finite numbers only, got inf at index \(1,\)"),
        (1j, "x must be real"),
        ("here", "x must be an array of real numbers, got 'here'"),
        (None, "x must be .*None"),
    ],
)
def test_bad_positions_are_refused_by_name_and_value(of, x, message):
    with pytest.raises(ValueError, match=message):
        of(PAPER(), x)


@pytest.mark.parametrize("x", [True, "0.5", ["0.5"], np.array([True, False])], ids=repr)
def test_what_only_looks_like_a_number_is_no_position(x):
    with pytest.raises(ValueError, match=r"^x must"):
        qem.occupation(PAPER(), x)


@pytest.mark.parametrize(
    ("x", "omega", "message"),
    [
        (np.nan, 0.1, "^x must be a finite number"),
        (0.0, np.inf, "^omega must be a finite number, got inf"),
        ([0.0, 1.0], [0.0, 1.0, 2.0], "broadcast"),
    ],
)
def test_noise_spectrum_refuses_bad_arguments(x, omega, message):
    with pytest.raises(ValueError, match=message):
        qem.noise_spectrum(PAPER(), x, omega)
