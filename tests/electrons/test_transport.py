"""Currents of particles, heat and entropy: ledgers that close, limits, and a second way."""

from dataclasses import replace

import numpy as np
import pytest
from cases import UNLIKE, Sum, between, devices, equilibrium_devices, few
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import digamma

import qemlib as qem
from qemlib.electrons._transport_integrals import TransportQuadrature, TransportSums

LEVEL = np.linspace(-6.0, 6.0, 13)
TABLES = replace(
    qem.paper_device(6.0),
    left=qem.Lead(
        qem.Tabulated(u := np.linspace(-10, 10, 401), 2.0 * np.exp(-((u - 0.5) ** 2))), 3.0, 4.0
    ),
)


@few
@given(devices, between(-15, 15))
def test_what_both_leads_lose_is_joules_heat(dev, x):
    at = qem.electron_transport(dev, x)
    joule = at.current * dev.voltage
    assert -at.heat_current.sum() == pytest.approx(joule, rel=1e-10, abs=1e-13)
    assert at.current == pytest.approx(qem.current(dev, x), rel=1e-12, abs=1e-16)


@few
@given(devices, between(-15, 15))
def test_entropy_grows_by_what_flows_into_the_leads(dev, x):
    at = qem.electron_transport(dev, x)
    flows = -sum(q / lead.temperature for q, lead in zip(at.heat_current, dev.leads, strict=True))
    assert at.entropy_production >= 0
    assert at.entropy_production == pytest.approx(flows, rel=1e-9, abs=1e-13)


@pytest.mark.parametrize("name", ["heat_from_left", "heat_from_right", "entropy", "shot_noise"])
@few
@given(dev=devices)
def test_closed_form_is_the_integral_on_the_real_axis(name, dev):
    if name == "shot_noise":
        dev = replace(dev, right=replace(dev.right, temperature=dev.left.temperature))
    closed = getattr(TransportSums(dev, LEVEL), name)()
    numeric = getattr(TransportQuadrature(dev, LEVEL), name)()
    allowed = closed.error + 10.0 * numeric.error + 1e-13 * numeric.size
    assert (np.abs(closed.value - numeric.value) <= allowed).all()


NOISE = ["noise_of_left", "noise_of_right", "cross_in_phase", "noise_in_quadrature"]


@pytest.mark.parametrize("name", NOISE)
@few
@given(dev=devices, omega=st.lists(between(-5, 5), min_size=13, max_size=13))
def test_noise_in_closed_form_is_the_integral_on_the_real_axis(name, dev, omega):
    dev = replace(dev, right=replace(dev.right, temperature=dev.left.temperature))
    closed = getattr(TransportSums(dev, LEVEL), name)(np.array(omega))
    numeric = getattr(TransportQuadrature(dev, LEVEL), name)(np.array(omega))
    allowed = closed.error + 10.0 * numeric.error + 1e-13 * numeric.size
    assert (np.abs(closed.value - numeric.value) <= allowed).all()
    # The bound is not so wide that it proves nothing.
    assert np.median(closed.error - 1e-11 * numeric.size) <= 0


@few
@given(devices)
def test_noise_at_zero_frequency_by_other_residues(dev):
    # Simple poles that merge here, double poles there.
    sums = TransportSums(
        replace(dev, right=replace(dev.right, temperature=dev.left.temperature)), LEVEL
    )
    still, other = sums.shot_noise(), sums.noise_of_left(np.zeros_like(LEVEL))
    assert (np.abs(still.value - other.value) <= still.error + other.error).all()


@pytest.mark.parametrize("step", [1e-14, 1e-10, 1e-6])
@pytest.mark.parametrize("at", [0.0, 6.0, -6.0])
def test_noise_is_smooth_where_poles_and_fermi_functions_meet(step, at):
    dev = qem.paper_device(6.0)
    for name in NOISE:
        found = getattr(TransportSums(dev, np.zeros(3)), name)(at + step * np.array([-1.0, 0, 1]))
        assert found.value == pytest.approx(found.value[1], rel=10 * step + 1e-12)


@pytest.mark.parametrize(
    "dev", [qem.paper_device(6.0), UNLIKE, TABLES], ids=["paper", "unlike", "t"]
)
def test_integrals_by_an_adaptive_rule_of_other_make(dev):
    x = 2.0
    left, right = dev.leads

    def electrons(w):
        green = float(qem.spectral_function(dev, x, w))
        kappa = [float(lead.density.spectral_density(w)) for lead in dev.leads]
        through = green * kappa[0] * kappa[1] / max(sum(kappa), 1e-300)
        return through * float(left.occupation(w) - right.occupation(w)) / (2 * np.pi)

    at = qem.electron_transport(dev, x)
    for value, weight in (
        (at.current, lambda w: 1.0),
        (at.heat_current[0], lambda w: w - left.chemical_potential),
        (at.heat_current[1], lambda w: right.chemical_potential - w),
    ):
        exact = sum(
            quad(lambda w: weight(w) * electrons(w), a, b, limit=400, epsabs=1e-12)[0]  # noqa: B023
            for a, b in ((-40, -3), (-3, 0), (0, 3), (3, 40))
        )
        assert value == pytest.approx(exact, abs=2e-6 if dev is TABLES else 1e-8)


@few
@given(equilibrium_devices(), between(-15, 15))
def test_nothing_flows_in_equilibrium(dev, x):
    at = qem.electron_transport(dev, x)
    assert np.abs(at.heat_current).max() < 1e-13
    assert 0 <= at.entropy_production < 1e-13


@pytest.mark.parametrize("voltage", [1e-9, 1e-5, 1e-2])
def test_linear_response_keeps_its_digits(voltage):
    dev = replace(qem.paper_device(voltage), level=0.3)
    at = qem.electron_transport(dev, 0.0)
    conductance = float(qem.current(dev.with_voltage(1e-4), 0.0)) / 1e-4
    assert at.entropy_production == pytest.approx(conductance * voltage**2 / 2.0, rel=1e-4)
    # Onsager: what a voltage moves of heat is T times what a gap in temperature moves of charge.
    hot = replace(dev.with_voltage(0.0), left=replace(dev.left, chemical_potential=0.0))
    gap = 1e-3
    heats = [replace(hot, left=replace(hot.left, temperature=2.0 + side * gap)) for side in (1, -1)]
    seebeck = (qem.current(heats[0], 0.0) - qem.current(heats[1], 0.0)) / (2 * gap)
    # Heat from the mean potential, to first order.
    peltier = 0.5 * (at.heat_current[0] - at.heat_current[1]) / voltage
    assert peltier == pytest.approx(2.0 * seebeck, rel=1e-5)


@pytest.mark.parametrize("temperature", [0.2, 2.0])
def test_wide_bands_have_the_closed_forms_of_a_level(temperature):
    # 𝒯 = Γ_LΓ_R/[(ω − ε)² + Γ²/4].
    rate_left, rate_right, level = 0.6, 1.1, 0.4
    rows = [(rate_left, 1.0), (rate_right, -0.5)]
    leads = [qem.Lead(qem.Lorentzian(0.0, 1e7, rate), mu, temperature) for rate, mu in rows]
    dev = qem.Device(qem.Oscillator(0.2), *leads, coupling=0.1, level=level)
    total = rate_left + rate_right

    def u(mu):
        return 0.5 + (0.5 * total + 1j * (level - mu)) / (2 * np.pi * temperature)

    rate = rate_left * rate_right / total / np.pi
    flow = rate * (digamma(u(-0.5)).imag - digamma(u(1.0)).imag)
    assert qem.current(dev, 0.0) == pytest.approx(flow, abs=1e-6)
    # ∫ (ω − ε)𝒯(f_L − f_R) = Γ_LΓ_R Re[ψ(u_L) − ψ(u_R)]: the energy beyond the level's own.
    beyond = 0.5 * rate * total * (digamma(u(1.0)).real - digamma(u(-0.5)).real)
    heat = (level - 1.0) * flow + beyond
    assert qem.heat_current(dev, 0.0)[0] == pytest.approx(heat, abs=1e-5)


def test_a_narrow_level_is_an_ideal_heat_engine():
    # All electrons carry the level's energy: heat and current are proportional.
    weak, level = 1e-4, 1.3
    leads = [
        qem.Lead(qem.Lorentzian(level, 1.0, weak), mu, t) for mu, t in ((-0.2, 2.0), (0.2, 0.7))
    ]
    dev = qem.Device(qem.Oscillator(0.2), *leads, coupling=0.1, level=level)
    at = qem.electron_transport(dev, 0.0)
    assert at.current > 0 > dev.voltage  # uphill
    assert at.heat_current[0] == pytest.approx((level + 0.2) * at.current, rel=2e-3)
    efficiency = -at.current * dev.voltage / at.heat_current[0]
    assert 0 < efficiency < 1 - 0.7 / 2.0


def test_errors_bound_what_a_table_leaves_open():
    u = np.sinh(np.linspace(-8, 8, 801))
    band = qem.Lorentzian(0.5, 1.0, 2.0)
    exact = replace(qem.paper_device(6.0), left=qem.Lead(band, 3.0, 4.0))
    table = qem.Tabulated(u, band.spectral_density(u))
    dev = replace(exact, left=replace(exact.left, density=table))
    found, known = (qem.electron_transport(d, [0.0, 4.0]) for d in (dev, exact))
    for name in ("current", "heat_current", "entropy_production"):
        missed = np.abs(getattr(found, name) - getattr(known, name))
        assert (missed <= found.error[name] + known.error[name]).all(), name
        assert (found.error[name] < 1e-2).all()


def test_leads_of_any_shape():
    dev = replace(
        UNLIKE,
        left=replace(
            UNLIKE.left, density=Sum(qem.Lorentzian(0.5, 1.0, 0.6), qem.Lorentzian(0.5, 1.0, 0.4))
        ),
    )
    plain = replace(UNLIKE, left=replace(UNLIKE.left, density=qem.Lorentzian(0.5, 1.0, 1.0)))
    for of in (qem.heat_current, qem.entropy_production):
        assert of(dev, [0.0, 2.0]) == pytest.approx(of(plain, [0.0, 2.0]), rel=1e-9)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0,)])
def test_results_have_the_shape_of_x(shape):
    x, dev = np.full(shape, 0.4), qem.paper_device(6.0)
    at = qem.electron_transport(dev, x)
    assert np.shape(at.current) == np.shape(at.entropy_production) == shape
    assert np.shape(at.heat_current) == (2, *shape)
    assert np.shape(qem.heat_current(dev, x)) == (2, *shape)
    assert np.shape(qem.entropy_production(dev, x)) == shape
    for name, error in at.error.items():
        assert error.shape == getattr(at, name).shape
    assert f"{np.size(x)} positions" in repr(at)


@pytest.mark.parametrize("mu", [np.inf, -np.inf])
@pytest.mark.parametrize(
    "of",
    [qem.electron_transport, qem.heat_current, qem.entropy_production],
    ids=lambda f: f.__name__,
)
def test_a_lead_without_a_fermi_edge_has_no_heat(of, mu):
    dev = qem.paper_device(6.0)
    full = replace(dev, left=replace(dev.left, chemical_potential=mu))
    with pytest.raises(
        ValueError, match=r"^device must have finite chemical .* got \[-?inf, -3.0\]"
    ):
        of(full, 0.0)
    with pytest.raises(ValueError, match=r"^x must be a finite number"):
        of(dev, np.nan)
