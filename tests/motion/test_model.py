"""Equation (6) as data: what is accepted, what lies between grid points, how far it goes."""

import copy
import pickle
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from cases import between, both_noises, few, paper_model
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

import qemlib as qem

X = np.linspace(-10.0, 10.0, 201)


def model(x=X, force=None, damping=None, diffusion=None, mass=1.0, frequency=0.5):
    """A tame model; each array can be replaced."""
    return qem.LangevinModel(
        mass=mass,
        frequency=frequency,
        x=x,
        force=0.2 * np.tanh(X) if force is None else force,
        damping=0.1 + 0.02 * np.cos(X) if damping is None else damping,
        diffusion=0.3 + 0.1 * np.sin(X) if diffusion is None else diffusion,
    )


def spoiled(values, index, value):
    values = np.array(values, dtype=float)
    values[index] = value
    return values


ONE = np.ones_like(X)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"mass": 0.0}, "mass must be finite and greater than 0, got 0.0"),
        ({"mass": np.nan}, "mass .*nan"),
        ({"frequency": -0.2}, "frequency .*-0.2"),
        ({"frequency": np.inf}, "frequency .*inf"),
        ({"x": spoiled(X, 3, np.nan)}, r"x must hold finite numbers only, got nan at index \(3,\)"),
        ({"x": X[::-1]}, "x must increase strictly, got 10.0 followed by 9.9"),
        ({"x": spoiled(X, 5, X[4])}, "x must increase strictly, got .* at index 4"),
        ({"x": X[:8]}, "x must have at least 16 points, got 8"),
        ({"x": X.reshape(3, 67)}, r"x must be an array with 1 axis.*\(3, 67\)"),
        ({"x": "grid"}, "x must be an array of real numbers, got 'grid'"),
        ({"force": ONE[:-1]}, r"force must have the shape of x, \(201,\), got \(200,\)"),
        ({"force": ONE * 1j}, "force must be real"),
        ({"force": 0.0}, r"force must be an array with 1 axis.*\(\)"),
        ({"damping": spoiled(ONE, 0, np.inf)}, r"damping .*inf at index \(0,\)"),
        ({"damping": ONE[:, None]}, r"damping must be an array with 1 axis.*\(201, 1\)"),
        ({"diffusion": spoiled(ONE, 7, -0.25)}, "diffusion must not be negative.*-0.25"),
        ({"diffusion": spoiled(ONE, 7, np.nan)}, r"diffusion .*nan at index \(7,\)"),
        ({"diffusion": np.ones(5)}, r"diffusion must have the shape of x.*\(5,\)"),
    ],
)
def test_what_is_no_model_is_refused_by_name_and_value(changed, message):
    with pytest.raises(ValueError, match=message):
        model(**changed)


def test_negative_damping_and_vanishing_noise_somewhere_are_allowed():
    assert model(damping=-ONE).damping_at(0.0) == pytest.approx(-1.0)
    assert model(diffusion=spoiled(ONE, 0, 0.0)).diffusion[0] == 0.0


def test_arrays_belong_to_the_model():
    force = 0.2 * np.tanh(X)
    built = model(force=force)
    force[:] = 7.0
    assert built.force.max() < 0.21
    for name in ("x", "force", "damping", "diffusion"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(built, name)[0] = 1.0
    with pytest.raises(FrozenInstanceError):
        built.mass = 2.0


def test_scales_are_those_of_the_oscillator():
    osc = qem.Oscillator(frequency=0.3, mass=1.7)
    built = model(mass=1.7, frequency=0.3)
    assert (built.x0, built.p0) == pytest.approx((osc.x0, osc.p0), rel=1e-15)


@pytest.mark.parametrize("of", ["force_at", "damping_at", "diffusion_at", "potential_at"])
@pytest.mark.parametrize("x", [-10.000001, 10.5, [0.0, -11.0]], ids=repr)
def test_nothing_is_extrapolated(of, x):
    offender = np.atleast_1d(x)[-1]
    with pytest.raises(ValueError, match=f"x must lie on .*from -10 to 10, got {offender:.6g}"):
        getattr(model(), of)(x)


@pytest.mark.parametrize("of", ["force_at", "damping_at", "diffusion_at", "potential_at"])
def test_positions_must_be_finite(of):
    with pytest.raises(ValueError, match="x must be a finite number, got nan"):
        getattr(model(), of)(np.nan)


def test_coefficients_are_those_given_at_the_grid_points_and_smooth_between():
    built = model()
    between = 0.5 * (X[1:] + X[:-1])
    for name, function in (
        ("force", lambda x: 0.2 * np.tanh(x)),
        ("damping", lambda x: 0.1 + 0.02 * np.cos(x)),
        ("diffusion", lambda x: 0.3 + 0.1 * np.sin(x)),
    ):
        at = getattr(built, f"{name}_at")
        assert at(X) == pytest.approx(getattr(built, name), abs=1e-14)
        assert at(between) == pytest.approx(function(between), abs=1e-8)
        assert at(X.reshape(3, 67)).shape == (3, 67)
        assert np.shape(at(0.0)) == ()


def test_potential_of_a_known_force():
    # −∫ 0.2 tanh = −0.2 ln cosh
    expected = 0.5 * 0.25 * X**2 - 0.2 * np.log(np.cosh(X))
    assert model().potential_at(X) == pytest.approx(expected, abs=1e-9)
    assert model().potential_at(0.0) == 0.0


@both_noises
@pytest.mark.parametrize("x", [-40.0, -3.0, 7.5, 55.0])
def test_potential_of_a_device_is_the_work_against_its_exact_force(x, noise_at):
    dev = qem.paper_device(10.0)
    work = quad(lambda y: dev.force * float(qem.excess_charge(dev, y)), 0, x, limit=200)[0]
    expected = 0.5 * 0.04 * x**2 - work
    assert paper_model(10.0, noise_at).potential_at(x) == pytest.approx(expected, abs=1e-8)


def test_potential_without_the_origin_on_the_grid_counts_from_the_nearer_edge():
    x = np.linspace(2.0, 6.0, 41)
    built = model(x=x, force=np.full(41, 0.3), damping=np.ones(41), diffusion=np.ones(41))
    difference = built.potential_at(6.0) - built.potential_at(2.0)
    assert difference == pytest.approx(0.5 * 0.25 * (36 - 4) - 0.3 * 4, abs=1e-12)


def test_mirrored_means_unchanged_by_inversion():
    assert model(diffusion=ONE).mirrored
    assert not model().mirrored  # its diffusion is odd
    assert not model(force=0.2 * np.tanh(X) + 1e-6, diffusion=ONE).mirrored
    assert not model(damping=0.1 + 1e-6 * X, diffusion=ONE).mirrored
    assert not model(x=X + 0.01, diffusion=ONE).mirrored
    assert paper_model(6.0).mirrored


def test_a_device_without_mirror_symmetry_is_not_mirrored():
    dev = qem.paper_device(6.0)
    dev = replace(dev, right=replace(dev.right, temperature=1.0))
    built = qem.LangevinModel.from_device(dev, half_width=10.0)
    assert not built.mirrored


@pytest.mark.parametrize("voltage", [0.0, 10.0])
def test_splines_hold_the_exact_coefficients_anywhere(voltage):
    dev, built = qem.paper_device(voltage), paper_model(voltage)
    x = np.random.default_rng(2).uniform(built.x[0], built.x[-1], 60)
    exact = qem.electron_coefficients(dev, x)
    pairs = {
        "force": dev.force * exact.excess_charge,
        "damping": exact.damping,
        "diffusion": exact.diffusion,
    }
    for name, values in pairs.items():
        missed = np.abs(getattr(built, f"{name}_at")(x) - values).max()
        assert missed < 1e-9 * np.abs(getattr(built, name)).max(), name


def test_narrow_structure_is_resolved():
    # Cold leads bend the coefficients on the scale T/F = 0.8.
    dev = qem.paper_device(6.0)
    cold = replace(
        dev, left=replace(dev.left, temperature=0.05), right=replace(dev.right, temperature=0.05)
    )
    built = qem.LangevinModel.from_device(cold, half_width=60.0)
    x = np.random.default_rng(3).uniform(-60, 60, 60)
    missed = np.abs(built.damping_at(x) - qem.damping(cold, x)).max()
    assert missed < 2e-9 * np.abs(built.damping).max()


def test_from_device_takes_a_half_width():
    built = qem.LangevinModel.from_device(qem.paper_device(), half_width=12.5)
    assert (built.x[0], built.x[-1]) == (-12.5, 12.5)
    assert "half width given by the caller" in built.note
    assert built.note in repr(built)


@pytest.mark.parametrize("half_width", [0.0, -3.0, np.nan, "wide", [1.0]], ids=repr)
def test_a_bad_half_width_is_refused(half_width):
    with pytest.raises(ValueError, match="half_width"):
        qem.LangevinModel.from_device(qem.paper_device(), half_width=half_width)


@both_noises
def test_the_grid_of_a_device_holds_its_steady_state_and_says_how_it_knows(noise_at):
    built = paper_model(10.0, noise_at)
    assert "orbit-averaged weight at the edge" in built.note
    assert "interpolation error" in built.note
    assert qem.orbit_average(built).edge_weight < 1e-16
    narrow, wide = paper_model(0.0, noise_at), built
    assert narrow.x[-1] < wide.x[-1]


def test_a_grid_given_by_the_caller_says_so():
    assert model().note == "grid given by the caller"


def test_a_device_without_bound_state_is_refused():
    # Two narrow bands far apart: however wide an orbit, crossing them it gains energy, ∫γ dx < 0.
    leads = (
        qem.Lead(qem.Lorentzian(side * 3.0, 0.5, 2.0), side * 3.0, 0.5) for side in (1.0, -1.0)
    )
    dev = qem.Device(qem.Oscillator(0.2), *leads, coupling=0.1)
    x = np.linspace(-400, 400, 401)
    assert np.trapezoid(qem.damping(dev, x), x) < 0
    with pytest.raises(ValueError, match="device has no bound steady state"):
        qem.LangevinModel.from_device(dev)


def test_a_state_far_out_is_found():
    # At V = −100 small orbits gain energy, and those lose it that leave the window of the bias.
    dev = qem.paper_device(-100.0)
    window = 50.0 / dev.force
    assert qem.damping(dev, 0.5 * window) < 0 < qem.damping(dev, window)
    estimate = qem.orbit_average(qem.LangevinModel.from_device(dev))
    assert 0.7 < estimate.phonon_number / (window / dev.oscillator.x0) ** 2 < 1.0
    ring = np.argmax(estimate.log_weight)
    assert abs(estimate.friction[ring]) < 1e-2 * estimate.friction.max()


@pytest.mark.parametrize(
    ("frequency", "temperature", "expected"),
    [(3e-4, 2.0, 6666.2), (1e-5, 1e3, 99999999.56), (1e-5, 2.0, 199999.558)],
)
def test_hot_and_slow_oscillators_have_their_thermal_state(frequency, temperature, expected):
    # λ = ω0/2: the charge softens the spring a little, ⟨|α|²⟩ is T/ω0 and a bit.
    paper = qem.paper_device()
    leads = (replace(lead, temperature=temperature) for lead in paper.leads)
    dev = qem.Device(qem.Oscillator(frequency), *leads, coupling=0.5 * frequency)
    model = qem.LangevinModel.from_device(dev)
    softening = model.force_at(1e-3 * model.x0) / (1e-3 * model.x0) / frequency**2
    exact = temperature / frequency * (0.5 + 0.5 / (1.0 - softening)) - 0.5
    assert exact == pytest.approx(expected, rel=1e-5)
    assert qem.orbit_average(model).phonon_number == pytest.approx(exact, rel=1e-6)
    assert qem.steady_state(model).phonon_number == pytest.approx(exact, rel=1e-6)


@pytest.mark.filterwarnings("ignore::qemlib.ClassicalStateWarning")  # stiff is cold
@pytest.mark.parametrize("frequency", [5.0, 40.0])
def test_a_grid_far_too_wide_costs_nothing_but_points(frequency):
    dev = replace(qem.paper_device(), oscillator=qem.Oscillator(frequency))
    narrow = qem.LangevinModel.from_device(dev)
    wide = qem.LangevinModel.from_device(dev, half_width=60.0)
    assert narrow.x[-1] < 0.1 * wide.x[-1]
    for of in (qem.orbit_average, qem.steady_state):
        assert of(wide).phonon_number == pytest.approx(of(narrow).phonon_number, rel=1e-7)


# --- measured values ----------------------------------------------------------------------------

RNG = np.random.default_rng(7)
EVEN = np.linspace(-25.0, 25.0, 101)
RANDOM = np.sort(np.concatenate([[-25.0, 25.0], RNG.uniform(-25.0, 25.0, 99)]))
NOISE = RNG.normal(size=101)
ROUGH = {
    "noise on even points": (EVEN, 1.0 + 0.1 * NOISE),
    "noise on random points": (RANDOM, 1.0 + 1e-4 * NOISE),
    "noise on a slope": (RANDOM, 2.0 + np.tanh(RANDOM / 5) + 0.02 * NOISE),
    "a step": (EVEN, np.where(EVEN > 1.0, 1.0, 0.1)),
    "a spike": (EVEN, 0.1 + (np.arange(101) == 47)),
    "points that nearly coincide": (np.sort(np.append(EVEN, 0.001)), 1.0 + np.eye(102)[51] / 25),
    "points that all but coincide": (np.sort(np.append(EVEN, 1e-9)), 1.0 + np.eye(102)[51] / 25),
    "a cluster": (
        np.sort(np.append(EVEN, 3.3 + 1e-3 * RNG.normal(size=9))),
        1.0 + 0.01 * RNG.normal(size=110),
    ),
}


@pytest.mark.parametrize("name", ROUGH)
@pytest.mark.parametrize("coefficient", ["force", "damping", "diffusion"])
def test_nothing_swings_beyond_rough_values(coefficient, name):
    x, values = ROUGH[name]
    arrays = {"force": 0 * x, "damping": 0 * x + 1.0, "diffusion": 0 * x + 1.0}
    built = qem.LangevinModel(1.0, 0.5, x, **(arrays | {coefficient: values}))
    assert coefficient in built.rough
    assert f"without swings: {', '.join(built.rough)}" in repr(built)
    part = np.linspace(0.0, 1.0, 21)[:, None]
    between = getattr(built, f"{coefficient}_at")(np.clip(x[:-1] + part * np.diff(x), -25.0, 25.0))
    low, high = np.minimum(values[1:], values[:-1]), np.maximum(values[1:], values[:-1])
    assert (between >= low - 1e-12).all()
    assert (between <= high + 1e-12).all()


SMOOTH_GRIDS = {
    "even": EVEN,
    "random": RANDOM,
    "uneven": EVEN + RNG.uniform(-0.15, 0.15, 101) * (np.abs(EVEN) < 25),
    "denser in the middle": 25 * np.sinh(np.linspace(-2, 2, 101)) / np.sinh(2),
    "denser at the ends": -25 * np.cos(np.linspace(0, np.pi, 101)),
    "a point that nearly coincides": np.sort(np.append(EVEN, 0.001)),
}


@pytest.mark.parametrize("grid", SMOOTH_GRIDS)
def test_smooth_values_keep_their_accuracy_on_any_grid(grid):
    x = SMOOTH_GRIDS[grid]

    def coefficients(x):
        return {
            "force": np.tanh(x / 6.0),
            "damping": 0.1 * np.cos(x / 5.0),
            "diffusion": 1.0 + np.exp(-((x / 6.0) ** 2)),
        }

    built = qem.LangevinModel(1.0, 0.5, x, **coefficients(x))
    assert built.rough == ()
    at = np.linspace(-24.0, 24.0, 999)
    inside = 0.1 + np.interp(at, 0.5 * (x[1:] + x[:-1]), np.diff(x)) ** 6
    for name, exact in coefficients(at).items():
        missed = np.abs(getattr(built, f"{name}_at")(at) - exact)
        assert (missed < 1e-3 * inside).all(), name


@pytest.mark.parametrize("shift", [0.0, 0.05, 0.25])
@pytest.mark.parametrize("kind", ["square", "edge", "bump"])
def test_diffusion_is_negative_nowhere(kind, shift):
    u = EVEN - shift
    values = {"square": u**2, "edge": np.maximum(u, 0.0), "bump": np.exp(-(u**2) / 9)}[kind]
    built = qem.LangevinModel(1.0, 0.5, EVEN, 0 * u, 0 * u + 1.0, values)
    at = np.linspace(-25, 25, 40_001)
    assert built.diffusion_at(at).min() >= 0.0
    # ... and is not clipped: the curve itself stays up
    curve, _ = built._curve("diffusion")
    assert curve(at).min() > -1e-14 * values.max()
    if kind == "square":
        assert built.diffusion_at(at) == pytest.approx((at - shift) ** 2, abs=2e-3)


@pytest.mark.parametrize("gap", [1e-3, 1e-7])
def test_a_point_more_changes_the_state_by_what_it_measures(gap):
    # n + ½ = ⟨D⟩/2mγω0, and D is nowhere below 0.05 nor above 0.052
    x = np.sort(np.append(EVEN, gap))
    diffusion = np.where(x == gap, 0.052, 0.05)
    built = qem.LangevinModel(1.0, 0.5, x, 0 * x, 0 * x + 0.02, diffusion)
    estimate = qem.orbit_average(built)
    state = qem.steady_state(built, rtol=1e-3)
    assert 2.0 < estimate.phonon_number < 2.1
    assert 2.0 < state.phonon_number < 2.1
    error = estimate.error["phonon_number"] + state.error["phonon_number"]
    assert state.phonon_number == pytest.approx(estimate.phonon_number, rel=error)


# --- copies and units ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=range(3)
)
def test_copies_are_locked_and_the_same(copied):
    built = paper_model(6.0)
    twin = copied(built)
    assert twin.note == built.note
    assert twin.potential_at(3.3) == built.potential_at(3.3)
    for name in ("x", "force", "damping", "diffusion"):
        assert (getattr(twin, name) == getattr(built, name)).all()
        with pytest.raises(ValueError, match="read-only"):
            getattr(twin, name)[0] = 1.0


@pytest.mark.parametrize("thing", ["device", None, 3.0], ids=repr)
def test_what_is_no_device_is_refused(thing):
    with pytest.raises(TypeError, match=f"device must be a Device, got {thing!r}"):
        qem.LangevinModel.from_device(thing)


@settings(few, max_examples=6)
@given(
    energy=st.sampled_from([1e-30, 1e-9, 1e9, 1e30]),
    mass=st.sampled_from([1e-30, 1.0, 1e30]),
    center=between(-20, 20),
    rough=st.booleans(),
)
def test_units_are_free(energy, mass, center, rough):
    """In other units of energy and mass all changes by its dimension (ħ = 1)."""
    length = 1.0 / np.sqrt(mass * energy)
    u = EVEN
    damping = 0.01 * (1 + 0.5 * np.tanh(u / 4) ** 2)
    diffusion = np.where(rough & (u > 2), 0.06, 0.05) + 0.01 * np.exp(-((u / 6) ** 2))
    force = 0.25 * center + 0.2 * np.tanh(u / 5)
    built = {
        unit: qem.LangevinModel(
            mass=unit[1],
            frequency=0.5 * unit[0],
            x=(u + center) * unit[2],
            force=force * unit[0] / unit[2],
            damping=damping * unit[0],
            diffusion=diffusion * unit[0] ** 2 * unit[1],
        )
        for unit in ((1.0, 1.0, 1.0), (energy, mass, length))
    }
    here, there = built.values()
    assert here.rough == there.rough
    assert here.mirrored == there.mirrored
    a, b = qem.orbit_average(here), qem.orbit_average(there)
    assert b.phonon_number == pytest.approx(a.phonon_number, rel=1e-9)
    assert b.relaxation_time * energy == pytest.approx(a.relaxation_time, rel=1e-9)
    assert b.center == pytest.approx(a.center * length, rel=1e-9, abs=1e-9 * length)
    a, b = (qem.steady_state(m, rtol=1e-2 if rough else 1e-4) for m in (here, there))
    assert b.phonon_number == pytest.approx(a.phonon_number, rel=1e-9)
    assert b.g2 == pytest.approx(a.g2, rel=1e-9)
    assert b.wigner((center + 1) * length, 1 / length) == pytest.approx(a.wigner(center + 1, 1.0))
    if not rough:
        line = [
            qem.position_spectrum(model, 0.45 * unit, rtol=1e-3)
            for model, unit in ((here, 1.0), (there, energy))
        ]
        assert line[1] * energy / length**2 == pytest.approx(line[0], rel=1e-7)


def test_a_device_without_coupling_is_refused():
    with pytest.raises(ValueError, match=r"coupling|no bound steady state"):
        qem.LangevinModel.from_device(replace(qem.paper_device(), coupling=0.0))
