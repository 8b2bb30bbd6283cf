"""Equation (6) as data: what is accepted, what lies between grid points, how far it goes."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from cases import paper_model
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


@pytest.mark.parametrize("x", [-40.0, -3.0, 7.5, 55.0])
def test_potential_of_a_device_is_the_work_against_its_exact_force(x):
    dev = qem.paper_device(10.0)
    work = quad(lambda y: dev.force * float(qem.excess_charge(dev, y)), 0, x, limit=200)[0]
    expected = 0.5 * 0.04 * x**2 - work
    assert paper_model(10.0).potential_at(x) == pytest.approx(expected, abs=1e-8)


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


def test_the_grid_of_a_device_holds_its_steady_state_and_says_how_it_knows():
    built = paper_model(10.0)
    assert "orbit-averaged weight at the edge" in built.note
    assert "interpolation error" in built.note
    assert qem.orbit_average(built).edge_weight < 1e-16
    narrow, wide = paper_model(0.0), built
    assert narrow.x[-1] < wide.x[-1]


def test_a_grid_given_by_the_caller_says_so():
    assert model().note == "grid given by the caller"


def test_a_device_without_bound_state_is_refused():
    # At V = −400 every orbit within reach gains energy.
    dev = qem.paper_device(-400.0)
    assert qem.damping(dev, 100 * dev.oscillator.x0) < 0
    with pytest.raises(ValueError, match="device has no bound steady state"):
        qem.LangevinModel.from_device(dev)


def test_a_device_without_coupling_is_refused():
    with pytest.raises(ValueError, match=r"coupling|no bound steady state"):
        qem.LangevinModel.from_device(replace(qem.paper_device(), coupling=0.0))
