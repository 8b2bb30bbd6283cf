"""The coefficients of the Langevin equation, each by a second, independent way.

The module under test integrates T, Φ and Φ' on the real axis in double precision.  Here the same
numbers come from Appendix B written down directly in 25 digits, from the motion of many discrete
modes in time, from a Lindblad equation at infinite bias, and from identities.
"""

from dataclasses import replace
from functools import lru_cache

import mpmath as mp
import numpy as np
import pytest
from cases import between, devices, equilibrium_devices, few, mirrored_devices
from hypothesis import given
from scipy.linalg import solve_continuous_lyapunov
from scipy.optimize import brentq

import qemlib as qem

PAPER = qem.paper_device


def device(left, right, coupling=0.1, level=0.0, mass=1.0):
    """A device from two rows of (ω_α, δ_α, Γ_α, μ_α, T_α)."""
    rows = [qem.Lead(qem.Lorentzian(*row[:3]), *row[3:]) for row in (left, right)]
    return qem.Device(qem.Oscillator(0.2, mass), *rows, coupling=coupling, level=level)


ASYMMETRIC = device((0.8, 0.6, 1.5, 2.1, 0.7), (-0.2, 1.7, 0.9, -1.3, 0.7), 0.15, 0.3, 1.6)
UNEQUAL = device((0.5, 1.0, 2.0, 1.0, 0.5), (-0.5, 1.0, 2.0, -1.0, 3.0), 0.1, -0.2)
THERMOELECTRIC = device((0.9, 0.5, 1.0, 0.0, 2.0), (-0.4, 1.2, 2.5, 0.0, 0.4))
COLD = device((0.5, 1.0, 2.0, 1.5, 0.01), (-0.5, 1.0, 2.0, -1.5, 0.01))
CASES = {
    "paper V = 0": (PAPER(0.0), 0.0),
    "paper V = 8": (PAPER(8.0), 0.0),
    "paper V = 10, far out": (PAPER(10.0), 30.0),
    "paper V = -12, the other side": (PAPER(-12.0), -17.0),
    "paper, extreme x": (PAPER(6.0), 300.0),
    "asymmetric leads": (ASYMMETRIC, -2.3),
    "unequal temperatures": (UNEQUAL, 1.7),
    "temperature difference alone": (THERMOELECTRIC, 4.0),
    "cold": (COLD, 0.9),
}


def appendix_b(dev, x):
    """The integrands of Appendix B, with nothing simplified: T_α, f_α, h = Σ T_α f_α, g, T'."""
    level = mp.mpf(dev.level) - mp.mpf(dev.force) * mp.mpf(x)
    leads = [
        [
            mp.mpf(v)
            for v in (
                lead.density.center,
                lead.density.bandwidth,
                lead.density.rate,
                lead.chemical_potential,
                lead.temperature,
            )
        ]
        for lead in dev.leads
    ]

    def fermi(row, w):
        return 1 / (1 + mp.exp((w - row[3]) / row[4]))

    def hole(row, w):
        return 1 / (1 + mp.exp((row[3] - w) / row[4]))

    def kappa(row, w):
        return row[2] * row[1] ** 2 / ((w - row[0]) ** 2 + row[1] ** 2)

    def green(w):
        return 1 / (w - level - sum(r[2] * r[1] / 2 / (w - r[0] + 1j * r[1]) for r in leads))

    def filled(w):
        size = abs(green(w)) ** 2
        return sum(size * kappa(row, w) * fermi(row, w) for row in leads)

    def empty(w):
        size = abs(green(w)) ** 2
        return sum(size * kappa(row, w) * hole(row, w) for row in leads)

    def slope(w):  # T' = −2 Im G', G' = −G²(1 − Σ')
        sigma = -sum(r[2] * r[1] / 2 / (w - r[0] + 1j * r[1]) ** 2 for r in leads)
        return 2 * mp.im(green(w) ** 2 * (1 - sigma))

    def transmitted(w):
        left, right = leads
        size = abs(green(w)) ** 2 * kappa(left, w) * kappa(right, w)
        return size * (fermi(left, w) - fermi(right, w))

    points = {float(level), -8.0, 8.0}
    resonance = level  # far out it is narrow: its centre and width by iteration
    for _ in range(8):
        sigma = sum(r[2] * r[1] / 2 / (resonance - r[0] + 1j * r[1]) for r in leads)
        resonance = level + mp.re(sigma)
    points |= {float(resonance - k * mp.im(sigma)) for k in (-60, -12, -3, 0, 3, 12, 60)}
    for center, _, _, mu, temperature in leads:
        points.add(float(center))
        points |= {float(mu + k * temperature) for k in (-40, -8, 0, 8, 40)}
    return filled, empty, slope, transmitted, [-mp.inf, *sorted(points), mp.inf]


def integral(function, points):
    with mp.workdps(28):
        value, error = mp.quad(function, points, error=True)
        assert error < 1e-18
        return value


@lru_cache
def exact(name):
    """(⟨c†c⟩, D, γ, I) in 18 digits or more."""
    dev, x = CASES[name]
    with mp.workdps(28):
        filled, empty, slope, transmitted, points = appendix_b(dev, x)
        scale = mp.mpf(dev.force) ** 2 / (2 * mp.pi)
        n = integral(filled, points) / (2 * mp.pi)
        d = scale * integral(lambda w: filled(w) * empty(w), points)
        g = scale * integral(lambda w: filled(w) * slope(w), points) / mp.mpf(dev.oscillator.mass)
        i = integral(transmitted, points) / (2 * mp.pi)
        return tuple(float(v) for v in (n, d, g, i))


@pytest.mark.parametrize("name", CASES)
def test_coefficients_are_the_integrals_of_appendix_b(name):
    dev, x = CASES[name]
    n, d, g, i = exact(name)
    at = qem.electron_coefficients(dev, x)
    assert at.occupation == pytest.approx(n, rel=1e-12, abs=1e-14)
    assert at.diffusion == pytest.approx(d, rel=1e-11)
    # γ comes from a difference of larger numbers near its zero: D/2mT is their size.
    temperature = min(lead.temperature for lead in dev.leads)
    assert at.damping == pytest.approx(g, abs=1e-11 * d / (2 * dev.oscillator.mass * temperature))
    assert qem.current(dev, x) == pytest.approx(i, rel=1e-11, abs=1e-14)


@pytest.mark.parametrize("name", CASES)
def test_reported_errors_bound_the_true_ones(name):
    dev, x = CASES[name]
    n, d, g, _ = exact(name)
    at = qem.electron_coefficients(dev, x)
    # Besides, ω itself is rounded: by 1e-16 |ω|, on a resonance as narrow as the memory is long.
    narrow = 2 * float(qem.adiabaticity(dev, x).memory_time) * abs(dev.level - dev.force * x)
    round_off = 1e-14 + 2e-16 * narrow
    for key, value in (("occupation", n), ("diffusion", d), ("damping", g)):
        missed = abs(float(getattr(at, key)) - value)
        assert missed <= at.error[key] + round_off * (1.0 if key == "occupation" else d)


@pytest.mark.parametrize(
    ("name", "omega"),
    [("paper V = 8", 0.2), ("asymmetric leads", -1.1), ("unequal temperatures", 0.7)],
)
def test_noise_spectrum_is_the_convolution_of_filled_and_empty_states(name, omega):
    dev, x = CASES[name]
    with mp.workdps(28):
        filled, empty, _, _, points = appendix_b(dev, x)
        finite = [float(p) for p in points[1:-1]]
        cuts = [-mp.inf, *sorted({*finite, *(p - omega for p in finite)}), mp.inf]
        shift = mp.mpf(omega)
        value = integral(lambda w: filled(w) * empty(w + shift), cuts) / (2 * mp.pi)
    expected = float(value * mp.mpf(dev.force) ** 2)
    assert qem.noise_spectrum(dev, x, omega) == pytest.approx(expected, rel=1e-11)


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


# --- electrons in time: many discrete modes, no Green function ----------------------------------


def lead_modes(band, reach=16.0, uniform=300, tail=40, far=2000.0):
    """Frequencies and couplings of discrete modes that stand for one Lorentzian lead."""
    step = 2 * reach / uniform
    inner = -reach + step * (np.arange(uniform) + 0.5)
    edges = np.geomspace(reach, far, tail + 1)
    outer = np.sqrt(edges[1:] * edges[:-1])
    frequency = np.concatenate([-outer[::-1], inner, outer])
    cells = np.concatenate([np.diff(edges)[::-1], np.full(uniform, step), np.diff(edges)])
    kappa = band.rate * band.bandwidth**2 / ((frequency - band.center) ** 2 + band.bandwidth**2)
    return frequency, np.sqrt(kappa * cells / (2 * np.pi))


@lru_cache
def charge_in_time(dev, x):
    """⟨c†c⟩ and, on Gauss-Legendre times, C(t) = ⟨δn(t) δn(0)⟩ in the stationary state.

    A product state of full and empty modes evolves under one quadratic Hamiltonian: after the
    transient, and before the discrete modes give back what they took, it is stationary.
    """
    parts = [lead_modes(lead.density) for lead in dev.leads]
    frequency = np.concatenate([[dev.level - dev.force * x], *(w for w, _ in parts)])
    hamiltonian = np.diag(frequency)
    hamiltonian[0, 1:] = hamiltonian[1:, 0] = np.concatenate([g for _, g in parts])
    filled = np.concatenate([[0.0], *(
        1 / (1 + np.exp(np.minimum((w - lead.chemical_potential) / lead.temperature, 700)))
        for lead, (w, _) in zip(dev.leads, parts, strict=True)
    )])  # fmt: skip
    energy, modes = np.linalg.eigh(hamiltonian)
    node, weight = np.polynomial.legendre.leggauss(240)
    start, span = 24.0, 24.0  # recurrence comes at 2π/Δω = 59
    times = 0.5 * span * (node + 1)
    instants = np.concatenate([[start], start + times])
    # Row 0 of e^{−iHt}: what of each mode has arrived on the dot.
    arrived = (np.exp(-1j * np.outer(instants, energy)) * modes[0]) @ modes.T
    n = float((np.abs(arrived[0]) ** 2 @ filled).real)
    particle = (arrived[1:].conj() * arrived[0]) @ filled  # ⟨c†(t) c(0)⟩
    hole = (arrived[1:] * arrived[0].conj()) @ (1 - filled)  # ⟨c(t) c†(0)⟩
    return n, times, 0.5 * span * weight, particle * hole


IN_TIME = {
    "paper V = 0": (PAPER(0.0), 0.0),
    "paper V = 6": (PAPER(6.0), 2.0),
    "paper V = 16": (PAPER(16.0), 0.0),
    "unequal": (
        device((0.5, 1.0, 2.0, 1.0, 0.8), (-0.3, 1.3, 1.5, -1.0, 3.0), 0.1, -0.2, 1.4),
        -1.5,
    ),
}


@pytest.mark.parametrize("name", IN_TIME)
def test_coefficients_agree_with_discrete_leads_that_evolve_in_time(name):
    dev, x = IN_TIME[name]
    n, t, weight, correlation = charge_in_time(dev, x)
    at = qem.electron_coefficients(dev, x)
    assert at.occupation == pytest.approx(n, abs=2e-7)
    # (A18) and (A23)
    d = dev.force**2 * weight @ (2 * correlation.real)
    m_gamma = dev.force**2 * weight @ (1j * t * (correlation - correlation.conj())).real
    assert at.diffusion == pytest.approx(d, rel=5e-6)
    # mγ may be small beside D/2T: the bias all but cancels it.
    assert dev.oscillator.mass * at.damping == pytest.approx(m_gamma, abs=5e-6 * d)


@pytest.mark.parametrize("omega", [-0.6, 0.2, 1.0])
def test_noise_spectrum_has_the_sign_of_frequency_of_equation_8(omega):
    dev, x = IN_TIME["paper V = 6"]
    _, t, weight, correlation = charge_in_time(dev, x)
    # C(−t) = C(t)*: the whole axis is twice the real part of half of it.
    s = dev.force**2 * 2 * (weight @ (np.exp(1j * omega * t) * correlation)).real
    assert qem.noise_spectrum(dev, x, omega) == pytest.approx(s, rel=2e-5)


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
