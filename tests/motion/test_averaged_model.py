"""The averaged model: exact cases, its adiabatic case, and electrons that remember."""

import copy
import pickle
import warnings
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from cases import UNLIKE, both_noises, paper_model, paper_state
from scipy.integrate import quad
from scipy.optimize import brentq

import qemlib as qem
from qemlib.motion import in_time
from qemlib.motion._of_device import fixed_point
from qemlib.motion.confinement import least_weight
from qemlib.states.quantum import resolved_populations


def linear(friction=1e-3, temperature=2.0, mass=1.0, frequency=0.2, shift=0.0, center=0.0):
    """Constant friction and noise, with 2mΩ² d_A = γT, about one center."""
    amplitudes = np.linspace(0.0, 70.0 / np.sqrt(mass), 41)
    one = np.ones_like(amplitudes)
    diffusion = friction * temperature / (2.0 * mass * (frequency + shift) ** 2) * one
    return qem.AveragedModel(
        mass, frequency, amplitudes, friction * one, shift * one, diffusion, diffusion, center * one
    )


@lru_cache
def remembered(voltage):
    return qem.averaged_state(qem.AveragedModel.from_device(qem.paper_device(voltage)))


@lru_cache
def adiabatic(voltage, noise_at="zero"):
    return qem.averaged_state(qem.AveragedModel.from_langevin(paper_model(voltage, noise_at)))


# --- exact cases ----------------------------------------------------------------------------------


@pytest.mark.parametrize("mass", [0.7, 1.0, 2.5])
def test_constant_friction_and_noise_give_a_thermal_state(mass):
    state = qem.averaged_state(linear(mass=mass))
    mean = 2.0 / 0.2
    assert state.phonon_number == pytest.approx(mean - 0.5, rel=1e-8)
    assert state.g2 == pytest.approx((2 * mean**2 - 2 * mean + 0.5) / (mean - 0.5) ** 2, rel=1e-8)
    assert state.energy == pytest.approx(0.2 * mean, rel=1e-8)
    assert abs(state.squeezing) < 1e-9
    assert state.relaxation_time == pytest.approx(1e3, rel=1e-3)
    levels = np.arange(40)
    assert state.populations(40) == pytest.approx(
        (mean - 0.5) ** levels / (mean + 0.5) ** (levels + 1), rel=1e-6
    )


def test_a_line_of_a_thermal_state_is_a_lorentzian_of_the_width_of_its_friction():
    state = qem.averaged_state(linear(shift=-0.01))
    assert state.line_width() == pytest.approx(1e-3, rel=1e-3)
    assert state.line_width(2) == pytest.approx(2e-3, rel=1e-3)
    detuning = np.linspace(-0.012, -0.008, 9)
    expected = 1e-3 / (2.5e-7 + (detuning + 0.01) ** 2)
    assert state.line(detuning) == pytest.approx(expected, rel=2e-3)


def test_a_soft_spring_off_center_is_the_gibbs_state():
    state = qem.averaged_state(linear(shift=-0.02, center=8.0))
    spring = 0.18**2
    mean_square = 2.0 / spring + 64.0
    expected = mean_square / state.model.x0**2 + 2.0 / state.model.p0**2
    assert state.moments[0] == pytest.approx(expected, rel=1e-8)
    square = mean_square / state.model.x0**2 - 2.0 / state.model.p0**2
    assert state.squeezing == pytest.approx(square, rel=1e-7)
    x, p = np.linspace(-15, 25, 15)[:, None], np.linspace(-4, 4, 9)
    gibbs = np.exp(-(p**2 / 2 + spring * (x - 8.0) ** 2 / 2) / 2.0)
    gibbs *= np.sqrt(spring) / (2 * np.pi * 2.0)
    assert np.abs(state.wigner(x, p) - gibbs).max() < 1e-8 * gibbs.max()
    rho = state.density_matrix(60)
    assert np.diagonal(rho).real == pytest.approx(state.populations(60), abs=1e-9)
    annihilate = np.diag(np.sqrt(np.arange(1.0, 60.0)), 1)
    # In 60 levels some of the state is missing.
    assert np.trace(rho @ annihilate).real == pytest.approx(8.0 / state.model.x0, rel=0.2)


def test_any_friction_and_noise_by_the_integral():
    amplitudes = np.linspace(0.0, 40.0, 81)
    ring = (amplitudes / 15.0) ** 2
    friction, diffusion = 1e-3 * (ring - 1.0) / (1.0 + ring), 2e-3 / (1.0 + 0.5 * ring)
    model = qem.AveragedModel(1.0, 0.5, amplitudes, friction, 0 * ring, diffusion, diffusion)
    state = qem.averaged_state(model)

    def log_weight(a):
        ring = (a / 15.0) ** 2
        # −γ̄A/2d_A = −(A/4)(ring − 1)(1 + ring/2)/(1 + ring), integrated over A² = 225 ring
        return -225.0 / 8.0 * quad(lambda u: (u - 1) * (1 + u / 2) / (1 + u), 0.0, ring)[0]

    def moment(k):
        return quad(lambda a: a ** (2 * k + 1) * np.exp(log_weight(a)), 0.0, 40.0, limit=200)[0]

    mean = moment(1) / moment(0) / model.x0**2
    assert state.phonon_number == pytest.approx(mean - 0.5, rel=1e-7)
    assert abs(state.phonon_number / (mean - 0.5) - 1.0) <= state.error["phonon_number"] + 1e-9


# --- the adiabatic case ---------------------------------------------------------------------------


@both_noises
@pytest.mark.parametrize("voltage", [0.0, 6.0, 10.0, 16.0])
def test_averages_of_a_langevin_model_are_its_orbit_average(voltage, noise_at):
    model = paper_model(voltage, noise_at)
    state, estimate = adiabatic(voltage, noise_at), qem.orbit_average(model)
    assert state.phonon_number == pytest.approx(estimate.phonon_number, rel=3e-7)
    assert state.g2 == pytest.approx(estimate.g2, rel=3e-6)
    assert state.relaxation_time == pytest.approx(estimate.relaxation_time, rel=1e-3)
    r = np.linspace(0.0, 15.0, 16)
    assert state.radial_profile(r) == pytest.approx(
        estimate.radial_profile(r), abs=1e-5 * estimate.radial_profile(r).max()
    )
    exact = paper_state(voltage, noise_at)
    assert state.squeezing.real == pytest.approx(exact.squeezing.real, abs=2e-3)
    assert model.mirrored
    assert not state.model.center.any()


def test_an_unlike_device_has_its_center_where_the_mean_force_puts_it():
    model = qem.LangevinModel.from_device(UNLIKE)
    state, estimate = (
        qem.averaged_state(qem.AveragedModel.from_langevin(model)),
        qem.orbit_average(model),
    )
    assert state.center == pytest.approx(estimate.center, abs=1e-9)
    assert state.phonon_number == pytest.approx(estimate.phonon_number, rel=1e-5)
    assert state.populations(60) == pytest.approx(estimate.populations(60), abs=1e-6)


def test_widths_of_lines_as_the_whole_equation_has_them():
    # From the spectrum of (A24), at V = 10 and 16.
    assert adiabatic(10.0).line_width() == pytest.approx(2.35e-4, rel=5e-3)
    assert adiabatic(16.0).line_width() == pytest.approx(2.41e-4, rel=5e-3)
    model, omega = paper_model(10.0), np.linspace(0.1994, 0.2012, 10)
    spectrum = qem.position_spectrum(model, omega)
    line = adiabatic(10.0).line(omega - 0.2)
    assert line / line.max() == pytest.approx(spectrum / spectrum.max(), abs=0.01)


@pytest.mark.parametrize(("stiffer", "harmonic"), [(1.0, 1), (1.0, 3), (40.0, 1), (40.0, 2)])
def test_modes_that_decay_fast_take_no_part_in_a_line(stiffer, harmonic, monkeypatch):
    model = adiabatic(10.0).model
    model = replace(model, frequency_shift=stiffer * model.frequency_shift)
    away = harmonic * np.linspace(1.5 * model.frequency_shift.min(), 1e-3, 501)
    lines, counts = [], []
    for least in (in_time._SLOW, in_time._CELLS):
        monkeypatch.setattr(in_time, "_SLOW", least)
        state = qem.averaged_state(model)
        lines.append(state.line(away, harmonic))
        counts.append(state._modes(harmonic)[0].size)
    assert counts[0] < counts[1]
    assert lines[0] == pytest.approx(lines[1], rel=1e-6, abs=1e-9 * lines[1].max())


def test_inversion_sets_in_where_the_exact_state_has_it():
    def steepest(voltage):
        return np.diff(np.log(adiabatic(voltage).populations(30))).max()

    assert brentq(steepest, 8.5, 8.6, xtol=1e-4) == pytest.approx(8.5526, abs=2e-4)


# --- electrons that remember ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("voltage", "phonon_number", "g2"),
    [(0.0, 9.563, 1.9998), (6.0, 21.08, 1.807), (16.0, 135.5, 1.287)],
)
def test_the_paper_with_memory(voltage, phonon_number, g2):
    state = remembered(voltage)
    assert state.phonon_number == pytest.approx(phonon_number, rel=3e-4)
    assert state.g2 == pytest.approx(g2, rel=5e-4)
    assert 0.0 < state.numerical_error["phonon_number"] < 2e-3
    assert state.error["phonon_number"] < 2e-2


def test_work_and_levels_with_memory():
    populations = resolved_populations(remembered(10.0), 1e-10)
    assert remembered(10.0).phonon_number == pytest.approx(48.60, rel=3e-4)
    assert int(populations.argmax()) == 21
    assert qem.ergotropy(populations, np.arange(populations.size)) == pytest.approx(
        0.3546, abs=2e-3
    )
    assert qem.quantum_state(remembered(0.0), 1e-6).lowest_eigenvalue > 0


def test_slow_motion_is_adiabatic():
    device = qem.paper_device(9.0)
    differences = []
    for slower in (4.0, 8.0):
        oscillator = qem.Oscillator(0.2 / slower, slower**2)  # the same spring and force
        slow = replace(device, oscillator=oscillator, coupling=0.1 * np.sqrt(1 / slower))
        assert slow.force == pytest.approx(device.force)
        model = qem.LangevinModel.from_device(slow)
        still = qem.averaged_state(qem.AveragedModel.from_langevin(model))
        moving = qem.averaged_state(qem.AveragedModel.from_device(slow))
        # ⟨|α|²⟩ counts quanta; the error of a quantum is not one of the motion's.
        differences.append(abs(moving.energy / still.energy - 1.0))
    assert differences[1] < differences[0] < 0.02


def test_an_unlike_device_with_memory_settles():
    model = qem.AveragedModel.from_device(UNLIKE)
    state = qem.averaged_state(model)
    some = slice(0, None, 8)
    along = qem.orbit_coefficients(
        UNLIKE, model.amplitudes[some], model.center[some], frequency=0.3
    )
    stiffness = UNLIKE.oscillator.mass * 0.3**2
    assert model.center[some] == pytest.approx(along.mean_force / stiffness, abs=2e-5)
    assert state.populations(200).sum() == pytest.approx(1.0, abs=1e-7)
    assert state.device is UNLIKE
    assert state.oscillator == UNLIKE.oscillator


def test_the_error_holds_what_amplitudes_and_integrals_change():
    rough = qem.averaged_state(qem.AveragedModel.from_device(qem.paper_device(10.0), rtol=1e-2))
    change = abs(rough.phonon_number / remembered(10.0).phonon_number - 1.0)
    assert change <= rough.error["phonon_number"]
    doubled = remembered(10.0).model
    error = {name: 0.05 * np.abs(getattr(doubled, name)) for name in doubled.error}
    unsure = qem.averaged_state(replace(doubled, error=error))
    assert unsure.error["phonon_number"] > 0.02


# --- what is refused ------------------------------------------------------------------------------


def test_a_ring_beside_wider_orbits_that_gain_energy_needs_a_reach():
    device = qem.paper_device(1e6)
    model = qem.AveragedModel.from_device(device, reach=150.0)
    with pytest.raises(ValueError, match="too small to hold the steady state"):
        qem.averaged_state(model)
    state = qem.averaged_state(model, edge_weight=1e-4)
    assert state.phonon_number == pytest.approx(301.2, rel=1e-3)
    assert state.model.amplitudes[-1] == 150.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"amplitudes": np.linspace(5, 0, 41)}, "must increase strictly"),
        ({"amplitudes": np.linspace(-5, 70, 41)}, "must not be negative"),
        ({"amplitudes": np.arange(3.0)}, "amplitudes must be at least 4"),
        ({"friction": np.ones(3)}, r"friction must have the shape of amplitudes, \(41,\)"),
        ({"friction": np.full(41, np.nan)}, "friction must hold finite numbers"),
        ({"amplitude_diffusion": np.zeros(41)}, "amplitude_diffusion must be positive"),
        ({"phase_diffusion": np.full(41, -1.0)}, "phase_diffusion must be not negative"),
        ({"frequency_shift": np.full(41, -0.3)}, "frequency_shift must leave the frequency"),
        ({"mass": 0.0}, "mass must be finite and greater than 0"),
        ({"error": {"force": np.zeros(41)}}, "error must have keys among"),
        ({"center": np.zeros(2)}, "center must have the shape of amplitudes"),
    ],
)
def test_bad_arrays(changes, message):
    good = linear()
    with pytest.raises(ValueError, match=message):
        replace(good, **changes)


def test_wrong_kinds_and_options():
    with pytest.raises(TypeError, match="model must be a LangevinModel"):
        qem.AveragedModel.from_langevin(UNLIKE)
    with pytest.raises(TypeError, match="device must be a Device"):
        qem.AveragedModel.from_device(paper_model(6.0))
    with pytest.raises(TypeError, match="model must be an AveragedModel"):
        qem.averaged_state(paper_model(6.0))
    with pytest.raises(TypeError, match="device must be a Device"):
        replace(linear(), device="mine")
    with pytest.raises(ValueError, match="rtol must lie between"):
        qem.AveragedModel.from_device(UNLIKE, rtol=0.5)
    with pytest.raises(ValueError, match="coupling must not be 0"):
        qem.AveragedModel.from_device(replace(UNLIKE, coupling=0.0))
    with pytest.raises(ValueError, match="reach must be finite"):
        qem.AveragedModel.from_device(UNLIKE, reach=-1.0)


def test_orbits_that_cross_are_refused():
    model = linear()
    crossing = replace(model, center=2.0 * model.amplitudes)
    with pytest.raises(qem.ConvergenceError, match="its orbits cross"):
        qem.averaged_state(crossing).wigner(1.0, 1.0)


def test_a_state_too_narrow_for_a_quantum_oscillator_is_told():
    with pytest.warns(qem.ClassicalStateWarning, match="AveragedState is not a quantum state"):
        qem.averaged_state(linear(temperature=0.05))


def test_results_are_locked_and_travel():
    state = qem.averaged_state(linear())
    for same in (copy.copy(state), pickle.loads(pickle.dumps(state))):
        assert same.phonon_number == state.phonon_number
        with pytest.raises(ValueError, match="read-only"):
            same.log_weight[0] = 0.0
        with pytest.raises(ValueError, match="read-only"):
            same.model.friction[0] = 0.0
    assert "phonon_number=9.5" in repr(state)
    assert "41 amplitudes up to 70" in repr(state.model)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert state.violations == ()


def test_amplitudes_may_reach_far_beyond_the_state():
    # W is below the smallest number there, and populations are as with fewer.
    amplitudes, one = np.linspace(0.0, 100.0, 51), np.ones(51)
    model = qem.AveragedModel(1.0, 0.5, amplitudes, 0.04 * one, 0.0 * one, 0.05 * one, one)
    far = qem.averaged_state(model)
    thermal = far.phonon_number / (far.phonon_number + 1.0)
    assert far.populations(4) == pytest.approx((1.0 - thermal) * thermal ** np.arange(4), rel=1e-5)
    assert far.radial_profile(200.0) == 0.0


def test_two_baths_cool_in_proportion_to_their_friction():
    model = linear(friction=1e-3, temperature=2.0)  # ⟨a†a⟩ + 1/2 = T/ω0 = 10
    for damping, occupation in ((1e-3, 0.0), (3e-3, 4.0)):
        state = qem.averaged_state(model.with_damping(damping, occupation))
        mean = (1e-3 * 10.0 + damping * (occupation + 0.5)) / (1e-3 + damping)
        assert state.phonon_number == pytest.approx(mean - 0.5, rel=1e-9)
    with pytest.raises(ValueError, match="damping must not be negative, got -1.0"):
        model.with_damping(-1.0)
    with pytest.raises(ValueError, match="bath_occupation must be a finite number"):
        model.with_damping(1.0, np.nan)


def test_wide_orbits_that_lose_energy_bind_a_state():
    # Its ring is as wide as where the level has left all energies, and W still falls beyond.
    device = replace(qem.paper_device(16.0), oscillator=qem.Oscillator(0.8, 1.0), coupling=0.4)
    state = qem.averaged_state(qem.AveragedModel.from_device(device))
    assert state.phonon_number == pytest.approx(102.6, abs=0.1)
    assert least_weight(device) == 0.0


def test_a_center_settles_to_within_the_error_of_the_force():
    """Rough integrals scatter: what they cannot tell apart is no second well."""
    scatter = np.random.default_rng(1)

    def target(center, size=1e-6):
        noise = size * scatter.uniform(-1.0, 1.0, center.shape)
        return 0.3 * (1.0 - center) + noise, np.full(center.shape, 10.0 * size), "extra"

    center, extra = fixed_point(target, np.zeros(3), 1.0)
    assert center == pytest.approx([0.3 / 1.3] * 3, abs=1e-5)
    assert extra == "extra"
    with pytest.raises(qem.ConvergenceError, match="more than one well"):
        fixed_point(lambda c: (*target(c, 1e-2)[:1], 0.0 * c, None), np.zeros(3), 1.0)
