"""Level widths from tables, against densities whose self-energies are known in closed form."""

import pickle
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import dawsn, digamma

import qemlib as qem

PROBE = np.linspace(-8, 8, 401)


def table_of(band, reach=100.0, points=401):
    """A Lorentzian on points that are dense at its centre and reach far out."""
    omega = band.center + band.bandwidth * np.sinh(
        np.linspace(-np.arcsinh(reach), np.arcsinh(reach), points)
    )
    return qem.Tabulated(omega, band.spectral_density(omega))


def with_tables(device, **options):
    left, right = (
        replace(lead, density=table_of(lead.density, **options)) for lead in device.leads
    )
    return replace(device, left=left, right=right)


PAPER = qem.paper_device(10.0)
BAND = PAPER.left.density
TABLE = table_of(BAND)
TABLES = with_tables(PAPER)


def test_a_lorentzian_is_found_again():
    assert TABLE.spectral_density(PROBE) == pytest.approx(BAND.spectral_density(PROBE), abs=1e-7)
    assert TABLE.self_energy(PROBE) == pytest.approx(BAND.self_energy(PROBE), abs=1e-7)
    slope = TABLE.self_energy_derivative(PROBE)
    assert slope == pytest.approx(BAND.self_energy_derivative(PROBE), abs=1e-5)
    assert TABLE.width == pytest.approx(BAND.bandwidth, rel=1e-5)
    assert len(TABLE.energies) == 3
    assert TABLE.energies[1] == pytest.approx(BAND.center)


def test_where_energies_count_from_does_not_matter():
    """With ends of different height, whose tails weigh differently."""
    omega = np.linspace(-10.0, 20.0, 301)
    kappa = 1.0 / (1.0 + omega**2)
    here, there = (qem.Tabulated(omega + shift, kappa) for shift in (0.0, 100.0))
    assert there.width == pytest.approx(here.width, rel=1e-9)
    # Beyond the ends κ falls as ω⁻² from the middle of the table, which is 15 away.
    tails = 15.0 / 101.0 + 15.0 / 401.0
    exact = (np.arctan(20.0) + np.arctan(10.0) + tails) / np.pi
    assert here.width == pytest.approx(exact, rel=1e-6)
    assert there.accuracy == pytest.approx(here.accuracy, rel=1e-3)
    assert there.self_energy(PROBE + 100.0) == pytest.approx(here.self_energy(PROBE), abs=1e-8)


@pytest.mark.parametrize(("points", "order"), [(51, 3.5), (101, 3.5)])
def test_more_points_make_it_better_and_accuracy_says_how_good_it_is(points, order):
    coarse, fine = (table_of(BAND, reach=1000.0, points=n) for n in (points, 2 * points - 1))
    true = []
    for table in (coarse, fine):
        missed = np.abs(table.self_energy(PROBE) - BAND.self_energy(PROBE)).max() / BAND.rate
        assert 0.05 * table.accuracy < missed < 3 * table.accuracy
        true.append(missed)
    assert np.log2(true[0] / true[1]) > order


def test_a_gaussian_has_the_self_energy_of_dawson():
    omega = np.linspace(-7, 7, 281)
    table = qem.Tabulated(omega, np.exp(-(omega**2)))
    expected = dawsn(PROBE) / np.sqrt(np.pi) - 0.5j * np.exp(-(PROBE**2))
    assert table.self_energy(PROBE) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("interpolation", ["cubic", "monotone"])
def test_a_semicircle_pushes_the_level_in_proportion(interpolation):
    omega = np.linspace(-2, 2, 401)
    table = qem.Tabulated(omega, np.sqrt(np.maximum(4 - omega**2, 0)), interpolation)
    inside = np.linspace(-1.9, 1.9, 51)
    assert table.self_energy(inside).real == pytest.approx(inside / 2, abs=1e-3)
    # Outside there are no states: κ = 0, and the self-energy is real.
    assert (table.self_energy(np.array([-2.5, 2.5, 40.0])).imag == 0).all()


def skewed():
    omega = np.array([-3.0, -2.2, -1.5, -0.9, -0.2, 0.4, 1.3, 2.1, 3.4, 5.0])
    kappa = np.array([0.004, 0.3, 0.8, 0.7, 1.1, 2.0, 1.2, 0.5, 0.1, 0.01])
    return qem.Tabulated(omega, kappa, "monotone")


@pytest.mark.parametrize("at", [-6.0, -2.5, 0.1, 0.77, 3.0, 9.0])
def test_self_energy_is_the_hilbert_transform_of_what_it_interpolates(at):
    table = skewed()

    def kappa(w):
        return float(table.spectral_density(np.array(w)))

    # QUADPACK's rule for principal values, around the point; plain integrals elsewhere.
    knots = sorted({*table.omega, at - 0.3, at + 0.3})
    principal = -quad(kappa, at - 0.3, at + 0.3, weight="cauchy", wvar=at, epsabs=1e-10)[0]
    ends = [-np.inf, *knots, np.inf]
    for low, high in pairwise(ends):
        if low < at - 0.3 - 1e-9 or low > at + 0.3 - 1e-9:
            principal += quad(lambda w: kappa(w) / (at - w), low, high, epsabs=1e-11, limit=200)[0]
    found = table.self_energy(np.array(at))
    assert found.real == pytest.approx(principal / (2 * np.pi), abs=2e-6)
    assert found.imag == pytest.approx(-0.5 * kappa(at), abs=1e-14)
    step = 1e-4
    slope = np.diff(table.self_energy(at + np.array([-step, step])))[0] / (2 * step)
    assert table.self_energy_derivative(np.array(at)) == pytest.approx(slope, abs=1e-4)


def test_coefficients_of_a_tabulated_lorentzian_are_those_of_the_closed_form():
    x = np.array([-60.0, -7.0, 0.0, 3.0, 25.0])
    found, exact = (qem.electron_coefficients(dev, x) for dev in (TABLES, PAPER))
    accuracy = TABLE.accuracy
    assert found.occupation == pytest.approx(exact.occupation, abs=10 * accuracy)
    assert found.diffusion == pytest.approx(exact.diffusion, rel=100 * accuracy)
    scale = np.abs(exact.damping).max()
    assert found.damping == pytest.approx(exact.damping, abs=100 * accuracy * scale)
    assert qem.current(TABLES, x) == pytest.approx(qem.current(PAPER, x), rel=100 * accuracy)
    spectrum = [qem.noise_spectrum(dev, 1.0, [-1.0, 0.5]) for dev in (TABLES, PAPER)]
    assert spectrum[0] == pytest.approx(spectrum[1], rel=100 * accuracy)


def test_a_wide_flat_table_is_the_wide_band_limit():
    # ⟨c†c⟩ = Σ (Γ_α/Γ)[1/2 − Im ψ(u_α)/π], u = 1/2 + [Γ/2 + i(ε_x − μ)]/2πT, Γ = Γ_L + Γ_R.
    rates, mu, temperature, x = (0.6, 1.1), (0.5, -0.5), 0.4, 2.0

    def device(half_width):
        omega = np.linspace(-1.4 * half_width, 1.4 * half_width, 601)
        edge = 1 / (1 + np.exp((np.abs(omega) - half_width) / (0.04 * half_width)))
        leads = [
            qem.Lead(qem.Tabulated(omega, rate * edge), potential, temperature)
            for rate, potential in zip(rates, mu, strict=True)
        ]
        return qem.Device(qem.Oscillator(0.2), *leads, coupling=0.1, level=0.2)

    missed = []
    for half_width in (60.0, 240.0):
        dev = device(half_width)
        level, total = dev.level - dev.force * x, sum(rates)
        expected = sum(
            rate / total * (0.5 - digamma(0.5 + u / (2 * np.pi * temperature)).imag / np.pi)
            for rate, potential in zip(rates, mu, strict=True)
            for u in [total / 2 + 1j * (level - potential)]
        )
        missed.append(abs(qem.occupation(dev, x) - expected))
        assert qem.damping(dev, x) > 0
    assert missed[0] < 2e-3
    assert missed[1] < 0.3 * missed[0]


def test_friction_at_rest_changes_sign_where_the_closed_form_says():
    just = qem.damping(TABLES.with_voltage(8.46328), 0.0)
    assert abs(just) < 1e-4 * qem.damping(TABLES.with_voltage(0.0), 0.0)


def test_the_langevin_model_is_as_fine_as_the_table_deserves():
    exact, found = (
        qem.LangevinModel.from_device(dev, half_width=30.0)
        for dev in (PAPER, with_tables(PAPER, points=201))
    )
    assert found.x.size <= exact.x.size
    x = np.linspace(-30, 30, 77)
    scale = np.abs(exact.damping).max()
    assert found.damping_at(x) == pytest.approx(exact.damping_at(x), abs=1e-4 * scale)


def test_a_level_outside_of_a_finite_band_is_bound():
    omega = np.linspace(-1, 1, 101)
    band = qem.Tabulated(omega, 0.3 * (1 - omega**2) ** 2)
    lead = qem.Lead(band, 0.0, 0.5)
    dev = qem.Device(qem.Oscillator(0.2), lead, lead, coupling=0.1)
    assert qem.occupation(dev, 0.0) == pytest.approx(0.5, abs=1e-9)
    with pytest.raises(qem.QuadratureError, match="bound state"):
        qem.occupation(replace(dev, level=3.0), 0.0)


def test_tables_are_values():
    same, other = table_of(BAND), table_of(BAND, points=301)
    assert same == TABLE
    assert other != TABLE
    assert BAND != TABLE
    assert len({TABLE, same, other}) == 2
    revived = pickle.loads(pickle.dumps(TABLES))
    assert revived == TABLES
    assert hash(revived) == hash(TABLES)
    assert (revived.left.density.self_energy(PROBE) == TABLE.self_energy(PROBE)).all()
    assert repr(TABLE).startswith("Tabulated(401 points from -99.5 to 100.5, cubic, digest ")
    with pytest.raises(ValueError, match="read-only"):
        TABLE.kappa[0] = 1.0


def test_what_the_caller_changes_later_does_not_matter():
    omega = np.linspace(-5, 5, 101)
    kappa = np.exp(-(omega**2))
    table = qem.Tabulated(omega, kappa)
    kappa[:] = 7.0
    assert table.spectral_density(np.array(0.0)) == pytest.approx(1.0)


OMEGA = np.linspace(-5.0, 5.0, 41)
KAPPA = np.exp(-(OMEGA**2))


def changed(index, value):
    kappa = KAPPA.copy()
    kappa[index] = value
    return kappa


@pytest.mark.parametrize(
    ("omega", "kappa", "message"),
    [
        (OMEGA, changed(3, -0.1), r"kappa must not be negative, got -0.1 at omega = -4.25"),
        (
            OMEGA,
            changed(3, np.nan),
            r"kappa must hold finite numbers only, got nan at index \(3,\)",
        ),
        (changed(3, np.inf), KAPPA, "omega must hold finite numbers only"),
        (OMEGA[::-1], KAPPA, "omega must increase strictly, got 5.0 followed by 4.75 at index 0"),
        (OMEGA, KAPPA[:-1], r"kappa must have the shape of omega, \(41,\), got \(40,\)"),
        (OMEGA, 0 * KAPPA, "kappa must be positive somewhere"),
        (OMEGA, 1 + KAPPA, "kappa must have decayed to 0.01 .* got 0.5 at omega = -5"),
        (OMEGA[:5], KAPPA[:5], "omega must have at least 8 points, got 5"),
        (OMEGA, (np.abs(OMEGA) < 1) * 1.0, "interpolation falls to -0.*add points there"),
        (OMEGA, KAPPA + 0j, "kappa must be real"),
        ("here", KAPPA, "omega must be an array of real numbers, got 'here'"),
    ],
)
def test_tables_that_are_no_densities_are_refused(omega, kappa, message):
    with pytest.raises(ValueError, match=message):
        qem.Tabulated(omega, kappa)


def test_unknown_interpolations_are_refused():
    with pytest.raises(ValueError, match=r"interpolation must be one of .*, got 'linear'"):
        qem.Tabulated(OMEGA, KAPPA, "linear")


def test_a_sharp_edge_may_be_interpolated_without_undershoot():
    table = qem.Tabulated(OMEGA, (np.abs(OMEGA) < 1) * 1.0, "monotone")
    assert table.spectral_density(np.linspace(-6, 6, 1001)).min() == 0.0


# --- how well a table is known --------------------------------------------------------------------


def semicircle(w):
    return np.sqrt(np.maximum(1.0 - (w / 2.0) ** 2, 0.0))


def box(w):
    return 0.5 * (np.tanh((w + 1.0) / 0.1) - np.tanh((w - 1.0) / 0.1))


SHAPES = {  # reach, κ
    "semicircle": (2.0, semicircle),
    "Gaussian": (5.5, lambda w: np.exp(-(w**2))),
    "sech²": (14.0, lambda w: 1.0 / np.cosh(w) ** 2),
    "rounded box": (3.0, box),
    "triangle": (1.3, lambda w: np.maximum(1.0 - np.abs(w), 0.0)),
    "two bands with a gap": (3.3, lambda w: semicircle(2 * w - 4) + 0.6 * semicircle(2 * w + 4)),
    "two peaks": (6.0, lambda w: np.exp(-3 * (w - 2) ** 2) + 0.5 * np.exp(-5 * (w + 2) ** 2)),
    "bump": (1.0, lambda w: np.maximum(1.0 - w**2, 0.0) ** 2),
}
POINTS = {
    "even": lambda reach, n: np.linspace(-reach, reach, n),
    "Chebyshev": lambda reach, n: -reach * np.cos(np.linspace(0.0, np.pi, n)),
}


_KNOWN = 3e-7  # of Re Σ, by what follows


@lru_cache
def principal_values(shape):
    """Energies, and Re Σ there: of straight lines between very many points, in closed form."""
    reach, kappa = SHAPES[shape]
    omega = np.linspace(-reach, reach, 20_001)
    values, at = kappa(omega), np.linspace(-1.02 * reach, 1.02 * reach, 211) + 1.3e-5 * reach
    slope = np.diff(values) / np.diff(omega)
    real = []
    for energy in at:
        away = energy - omega
        line = values[:-1] + slope * away[:-1]  # continued to the energy
        real.append(line @ np.log(np.abs(away[:-1] / away[1:])) - np.diff(values).sum())
    return at, np.array(real) / (2.0 * np.pi)


@pytest.mark.parametrize("interpolation", ["cubic", "monotone"])
@pytest.mark.parametrize("points", POINTS)
@pytest.mark.parametrize("shape", SHAPES)
def test_accuracy_lies_above_the_error(shape, points, interpolation):
    reach, kappa = SHAPES[shape]
    at, real = principal_values(shape)
    ratios = []
    for count in (51, 101, 200, 201, 501, 2001):
        x = POINTS[points](reach, count)
        try:
            table = qem.Tabulated(x, kappa(x), interpolation)
        except ValueError:  # a spline that swings below zero says so
            continue
        inside = (x[:-1, None] + np.diff(x)[:, None] * np.linspace(0.1, 0.9, 9)).ravel()
        missed = np.abs(table.spectral_density(inside) - kappa(inside)).max()
        missed = max(missed, np.abs(table.self_energy(at).real - real).max())
        largest = kappa(at).max()
        assert missed / largest <= max(table.accuracy, _KNOWN), count
        ratios.append(table.accuracy * largest / missed)
    assert len(ratios) == 6 or interpolation == "cubic"
    assert not ratios or np.median(ratios) < 30  # nor is it so far above that it says nothing


def test_round_off_between_points_is_neither_refused_nor_negative():
    omega = np.linspace(-2.0, 2.0, 201)
    for interpolation in ("cubic", "monotone"):
        table = qem.Tabulated(omega, semicircle(omega), interpolation)
        fine = np.linspace(-2.1, 2.1, 100_001)
        assert table.spectral_density(fine).min() == 0.0
        assert table.self_energy(fine).imag.max() == 0.0
        dev = qem.Device(qem.Oscillator(0.2), qem.Lead(table, 0.2, 0.3), qem.Lead(table, 0, 1), 0.1)
        at = qem.electron_coefficients(dev, [0.0, 3.0])
        assert ((at.occupation > 0) & (at.occupation < 1) & (at.diffusion > 0)).all()


def test_a_user_s_density_may_round_off_below_zero():
    class Rounded(qem.Lorentzian):
        """Exact zeros that come as differences."""

        def spectral_density(self, omega):
            return super().spectral_density(omega) - 1e-17

    lead = qem.Lead(Rounded(0.0, 1e-6, 1.0), 0.0, 0.5)
    dev = qem.Device(qem.Oscillator(0.2), lead, lead, coupling=0.1)
    phi = qem.distribution(dev, np.linspace(-1e3, 1e3, 101))
    assert (np.isnan(phi) | ((phi >= 0) & (phi <= 1))).all()
    assert (qem.spectral_function(dev, 0.0, np.linspace(-1e3, 1e3, 101)) >= 0).all()


def test_a_density_in_single_precision_is_none_the_worse():
    class Single(qem.Lorentzian):
        def spectral_density(self, omega):
            return super().spectral_density(omega).astype(np.float32)

        def self_energy(self, omega):
            return super().self_energy(omega).astype(np.complex64)

        def self_energy_derivative(self, omega):
            return super().self_energy_derivative(omega).astype(np.complex64)

    assert qem.Lead(Single(0.5, 1.0, 2.0), 0.0, 1.0).density.rate == 2.0


def between_tables(shape, points, count, interpolation="cubic"):
    """A device whose leads have one shape at two places."""
    reach, kappa = SHAPES[shape]
    omega = POINTS[points](reach, count)
    leads = [
        qem.Lead(qem.Tabulated(omega + center, kappa(omega), interpolation), center, temperature)
        for center, temperature in ((0.5, 0.7), (-0.5, 0.5))
    ]
    return qem.Device(qem.Oscillator(0.2), *leads, coupling=0.1, level=0.1)


AT = [0.0, 3.0, -7.0]


@lru_cache
def finely(shape):
    """The coefficients of tables that leave nothing open."""
    return qem.electron_coefficients(between_tables(shape, "Chebyshev", 2001), AT)


@pytest.mark.parametrize("interpolation", ["cubic", "monotone"])
@pytest.mark.parametrize("count", [101, 201])
@pytest.mark.parametrize("shape", ["semicircle", "Gaussian", "rounded box"])
def test_errors_of_the_coefficients_hold_what_the_table_leaves_open(shape, count, interpolation):
    exact = finely(shape)
    at = qem.electron_coefficients(between_tables(shape, "even", count, interpolation), AT)
    for name, error in at.error.items():
        missed = np.abs(getattr(at, name) - getattr(exact, name))
        assert (missed <= error + exact.error[name]).all()
        assert (error <= 0.03 * np.abs(getattr(exact, name))).all()
