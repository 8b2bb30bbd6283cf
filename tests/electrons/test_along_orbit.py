"""Electrons along an orbit: against other means, in their limits, and where laws fix them."""

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest
from cases import UNLIKE, between, devices, equilibrium_devices, few, mirrored_devices
from hypothesis import given

import qemlib as qem
from qemlib.witness.pseudomodes import charge_in_motion

COLD = qem.Device(
    oscillator=qem.Oscillator(frequency=0.5, mass=0.7),
    left=qem.Lead(qem.Lorentzian(0.5, 1.0, 1.0), chemical_potential=1.0, temperature=0.2),
    right=qem.Lead(qem.Lorentzian(-0.5, 2.0, 1.0), chemical_potential=-1.0, temperature=0.2),
    coupling=-0.2,
    level=-0.2,
)
COEFFICIENTS = ("friction", "frequency_shift", "amplitude_diffusion", "phase_diffusion")


def at_both_signs(device, x, frequency=None):
    """S_x(Ω) and S_x(−Ω)."""
    frequency = device.oscillator.frequency if frequency is None else frequency
    return qem.noise_spectrum(device, x, [frequency, -frequency])


# --- by other means -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("device", "amplitude", "center"),
    [
        (qem.paper_device(0.0), 0.5, 0.0),
        (qem.paper_device(6.0), 15.0, 0.0),
        (qem.paper_device(10.0), 40.0, 0.0),
        (qem.paper_device(16.0), 10.0, 0.0),
        (qem.paper_device(16.0), 70.0, 0.0),
        (qem.paper_device(40.0), 55.0, 4.0),
        (UNLIKE, 2.0, 0.0),
        (UNLIKE, 25.0, -1.5),
        (COLD, 1.0, 0.5),
        (COLD, 8.0, 0.0),
    ],
)
def test_followed_in_time(device, amplitude, center):
    found = qem.orbit_coefficients(device, [amplitude], center)
    witness = charge_in_motion(device, amplitude, center, pade_terms=24)
    for name in COEFFICIENTS:
        assert getattr(found, name)[0] == pytest.approx(getattr(witness, name), rel=1e-8)
    turns = np.exp(-1j * np.outer([0, 1, 2], witness.times) * device.oscillator.frequency)
    modes = np.array([1.0, 2.0, 2.0])
    for q in range(3):
        component = modes[q] * (witness.charge * turns[q].conj()).mean()
        assert abs(found.charge[q, 0] - component) < 1e-9
    for lead in (0, 1):
        flow = witness.current[lead]
        assert found.current[lead, 0] == pytest.approx(flow.mean(), abs=1e-9)
        for q in (1, 2):
            component = 2.0 * (flow * turns[q].conj()).mean()
            assert abs(found.current_harmonics[lead, q - 1, 0] - component) < 1e-9


def test_the_witness_knows_what_a_dot_at_rest_does():
    device = qem.paper_device(6.0)
    still = charge_in_motion(device, 1e-4, 3.0, steps=32)
    assert still.charge == pytest.approx(float(qem.occupation(device, 3.0)), abs=1e-6)
    assert still.current[0] == pytest.approx(float(qem.current(device, 3.0)), abs=1e-6)
    noise = at_both_signs(qem.paper_device(6.0), 3.0).sum() / 4.0 / qem.paper_device().force ** 2
    assert still.noise == pytest.approx((noise, noise), rel=1e-5)


# --- limits ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("amplitude", [0.0, 1e-200, 1e-12])
@given(device=devices, x=between(-3, 3))
@few
def test_a_small_motion_sees_the_noise_at_its_own_frequency(amplitude, device, x):
    found = qem.orbit_coefficients(device, [amplitude], x)
    m, omega = device.oscillator.mass, device.oscillator.frequency
    taken, given_back = at_both_signs(device, x)
    assert found.friction[0] == pytest.approx(
        (taken - given_back) / (2.0 * m * omega), abs=1e-9 * (taken + given_back) / (m * omega)
    )
    diffusion = (taken + given_back) / (8.0 * (m * omega) ** 2)
    assert found.amplitude_diffusion[0] == pytest.approx(diffusion, rel=1e-8)
    assert found.phase_diffusion[0] == pytest.approx(diffusion, rel=1e-8)
    assert found.charge[0, 0].real == pytest.approx(float(qem.occupation(device, x)), abs=1e-9)
    assert found.current[0, 0] == pytest.approx(float(qem.current(device, x)), abs=1e-8)
    assert abs(found.charge[1, 0]) <= 10.0 * amplitude


@given(device=equilibrium_devices(), x=between(-3, 3))
@few
def test_in_equilibrium_noise_and_friction_are_those_of_the_quanta(device, x):
    found = qem.orbit_coefficients(device, [0.0], x)
    m, omega = device.oscillator.mass, device.oscillator.frequency
    coth = 1.0 / np.tanh(omega / (2.0 * device.left.temperature))
    expected = found.friction[0] * coth / (4.0 * m * omega)
    assert found.amplitude_diffusion[0] == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("device", [qem.paper_device(10.0), UNLIKE])
def test_a_slow_motion_is_the_adiabatic_average_to_second_order(device):
    amplitude, center = 20.0, 1.0
    phase = 2.0 * np.pi * (np.arange(256) + 0.5) / 256
    still = qem.electron_coefficients(device, center + amplitude * np.cos(phase))
    m, frequencies = device.oscillator.mass, 0.03 / 2.0 ** np.arange(3)
    average = {
        "friction": 2.0 * (still.damping * np.sin(phase) ** 2).mean(),
        "amplitude_diffusion": (still.diffusion * np.sin(phase) ** 2).mean() / 2.0,
        "phase_diffusion": (still.diffusion * np.cos(phase) ** 2).mean() / 2.0,
    }
    charge = 2.0 * (still.occupation * np.cos(phase)).mean()
    off = {name: [] for name in (*average, "charge")}
    for frequency in frequencies:
        found = qem.orbit_coefficients(device, [amplitude], center, frequency=frequency, rtol=1e-10)
        scale = {"friction": 1.0}
        for name, value in average.items():
            off[name].append(
                abs(getattr(found, name)[0] * scale.get(name, (m * frequency) ** 2) - value)
            )
        off["charge"].append(abs(found.charge[1, 0].real - charge))
    for name, errors in off.items():
        order = np.log2(np.array(errors[:-1]) / errors[1:])
        assert order == pytest.approx(2.0, abs=0.06), name


def test_the_center_is_a_shift_of_the_level():
    moved = qem.orbit_coefficients(UNLIKE, [3.0, 20.0], [2.0, -4.0])
    for i, center in enumerate((2.0, -4.0)):
        shifted = replace(UNLIKE, level=UNLIKE.level - UNLIKE.force * center)
        other = qem.orbit_coefficients(shifted, moved.amplitudes)
        for name in (*COEFFICIENTS, "charge", "current", "energy_current"):
            assert getattr(other, name)[..., i] == pytest.approx(
                getattr(moved, name)[..., i], rel=1e-7, abs=1e-12
            )


# --- laws -----------------------------------------------------------------------------------------


@given(device=devices, amplitude=between(0.0, 30.0), x=between(-3, 3))
@few
def test_charge_and_energy_are_conserved_and_noise_is_positive(device, amplitude, x):
    found = qem.orbit_coefficients(device, [amplitude], x)
    m, omega = device.oscillator.mass, device.oscillator.frequency
    assert (found.amplitude_diffusion > 0).all()
    assert (found.phase_diffusion > 0).all()
    size = max(1e-3, np.abs(found.current).max())
    assert abs(found.current.sum()) < 1e-10 * size
    # What a lead loses and what flows from the other side is what the dot gains, in each harmonic.
    gained = -1j * omega * np.arange(1, 3)[:, None] * found.charge[1:]
    assert np.abs(gained - found.current_harmonics.sum(axis=0)).max() < 1e-9
    # Electrical power = heat + work done on the motion, all averaged over a turn.
    potentials = np.array([lead.chemical_potential for lead in device.leads])
    electrical = potentials @ found.current
    heat = -(found.energy_current - potentials[:, None] * found.current).sum(axis=0)
    work = -m * found.friction * found.amplitudes**2 * omega**2 / 2.0
    assert (electrical - heat - work)[0] == pytest.approx(0.0, abs=1e-9)
    assert abs(work[0] + device.force * amplitude * omega * found.charge[1, 0].imag / 2.0) < 1e-12


@given(device=mirrored_devices(), amplitude=between(0.0, 30.0), x=between(-3, 3))
@few
def test_a_mirrored_device_does_the_same_on_either_side(device, amplitude, x):
    here, there = (qem.orbit_coefficients(device, [amplitude], side * x) for side in (1, -1))
    for name in COEFFICIENTS:
        assert getattr(here, name) == pytest.approx(getattr(there, name), rel=1e-7, abs=1e-12)
    assert here.mean_force == pytest.approx(-there.mean_force, abs=1e-9)
    centered = qem.orbit_coefficients(device, [amplitude])
    assert centered.charge[0] == pytest.approx(0.5, abs=1e-9)
    assert abs(centered.charge[2, 0]) < 1e-9
    assert (
        abs(
            centered.current_harmonics[:, 0].sum()
            + 1j * device.oscillator.frequency * centered.charge[1, 0]
        )
        < 1e-9
    )


@pytest.mark.parametrize("unit", [1e-30, 1e30])
def test_the_unit_of_energy_does_not_matter(unit):
    def scaled(lead):
        band = lead.density
        return qem.Lead(
            qem.Lorentzian(unit * band.center, unit * band.bandwidth, unit * band.rate),
            unit * lead.chemical_potential,
            unit * lead.temperature,
        )

    other = qem.Device(  # with its lengths as they were
        qem.Oscillator(unit * 0.3, 1.2 / unit),
        scaled(UNLIKE.left),
        scaled(UNLIKE.right),
        unit * UNLIKE.coupling,
        unit * UNLIKE.level,
    )
    here, there = (qem.orbit_coefficients(d, [0.0, 12.0], 0.7) for d in (UNLIKE, other))
    for name in (*COEFFICIENTS, "current"):
        assert getattr(there, name) == pytest.approx(unit * getattr(here, name), rel=1e-9)
    assert there.charge == pytest.approx(here.charge, rel=1e-9, abs=1e-12)


# --- errors and odd leads -------------------------------------------------------------------------


@pytest.mark.parametrize("device", [qem.paper_device(16.0), UNLIKE, COLD])
@pytest.mark.parametrize("rtol", [1e-2, 1e-4, 1e-6])
def test_errors_lie_above_the_error(device, rtol):
    amplitudes = [0.0, 1.0, 10.0, 40.0]
    found = qem.orbit_coefficients(device, amplitudes, 0.5, rtol=rtol)
    exact = qem.orbit_coefficients(device, amplitudes, 0.5, rtol=1e-11)
    for name, error in found.error.items():
        off = np.abs(getattr(found, name) - getattr(exact, name))
        assert (off <= error + exact.error[name]).all(), name
    assert set(found.error) >= {*COEFFICIENTS, "charge", "current"}


@pytest.mark.parametrize("temperature", [1e-2, 1e-5])
def test_cold_leads(temperature):
    left, right = (replace(lead, temperature=temperature) for lead in COLD.leads)
    device = replace(COLD, left=left, right=right)
    found = qem.orbit_coefficients(device, [0.0, 4.0])
    taken, given_back = at_both_signs(device, 0.0)
    assert found.friction[0] == pytest.approx((taken - given_back) / 0.7, rel=1e-7)
    colder = replace(
        device, left=replace(left, temperature=1e-9), right=replace(right, temperature=1e-9)
    )
    ground = qem.orbit_coefficients(colder, [0.0, 4.0])
    assert found.friction == pytest.approx(ground.friction, rel=30.0 * temperature)


@pytest.mark.parametrize("rate", [1e-1, 1e-2, 1e-4])
def test_a_level_much_narrower_than_a_quantum(rate):
    left, right = (replace(lead, density=replace(lead.density, rate=rate)) for lead in UNLIKE.leads)
    device = replace(UNLIKE, left=left, right=right)
    found = qem.orbit_coefficients(device, [0.0, 5.0])
    taken, given_back = at_both_signs(device, 0.0)
    assert found.friction[0] == pytest.approx((taken - given_back) / (2 * 1.2 * 0.3), rel=1e-6)
    finer = qem.orbit_coefficients(device, [0.0, 5.0], rtol=1e-11)
    assert found.friction[1] == pytest.approx(finer.friction[1], abs=found.error["friction"][1])


@pytest.mark.parametrize("device", [qem.paper_device(16.0), UNLIKE])
def test_a_lead_that_is_full_or_empty(device):
    left, right = (
        replace(lead, chemical_potential=mu)
        for lead, mu in zip(device.leads, (np.inf, -np.inf), strict=True)
    )
    far_left, far_right = (
        replace(lead, chemical_potential=mu)
        for lead, mu in zip(device.leads, (3000.0, -3000.0), strict=True)
    )
    for ends, others in (
        ((left, right), (far_left, far_right)),
        ((left, device.right), (far_left, device.right)),
    ):
        found, near = (
            qem.orbit_coefficients(replace(device, left=a, right=b), [0.0, 20.0], 0.5)
            for a, b in (ends, others)
        )
        for name in (*COEFFICIENTS, "charge"):
            assert getattr(found, name) == pytest.approx(getattr(near, name), rel=1e-6, abs=1e-9)
        assert found.current == pytest.approx(near.current, rel=1e-4)


def test_a_table_of_a_lorentzian_within_its_error():
    omega = np.linspace(-60.0, 60.0, 6001)
    exact = qem.paper_device(8.0)

    def table(lead):
        return replace(lead, density=qem.Tabulated(omega, lead.density.spectral_density(omega)))

    device = replace(exact, left=table(exact.left), right=table(exact.right))
    found = qem.orbit_coefficients(device, [0.0, 20.0])
    known = qem.orbit_coefficients(exact, [0.0, 20.0])
    for name in COEFFICIENTS:
        off = np.abs(getattr(found, name) - getattr(known, name))
        assert (off <= found.error[name] + known.error[name]).all(), name
        assert (found.error[name] < 1e-3 * np.abs(getattr(known, name)).max()).all(), name


def test_no_coupling_does_nothing():
    found = qem.orbit_coefficients(replace(UNLIKE, coupling=0.0), [0.0, 5.0])
    for name in COEFFICIENTS:
        assert (getattr(found, name) == 0.0).all()
    assert found.current[0] == pytest.approx(float(qem.current(UNLIKE, 0.0)), rel=1e-9)


def test_the_number_of_threads_changes_nothing():
    import numba

    before = numba.get_num_threads()
    results = []
    try:
        for threads in {1, before}:
            numba.set_num_threads(threads)
            results.append(qem.orbit_coefficients(UNLIKE, [0.0, 3.0, 9.0]).friction)
    finally:
        numba.set_num_threads(before)
    assert (results[0] == results[-1]).all()


def test_plain_python_agrees_with_compiled_code(compiled_or_not):
    code = (
        "import qemlib as qem\n"
        "found = qem.orbit_coefficients(qem.paper_device(6.0), [0.0, 5.0], 1.0, rtol=1e-4)\n"
        "print(*found.friction, *found.phase_diffusion, *abs(found.charge[1]), *found.current[0])"
    )
    plain, compiled = ([float(word) for word in told] for told in compiled_or_not(code))
    assert len(plain) == 8
    assert compiled == pytest.approx(plain, rel=1e-9, abs=1e-15)


def test_results_are_locked_and_travel():
    found = qem.orbit_coefficients(UNLIKE, [1.0])
    for same in (copy.copy(found), pickle.loads(pickle.dumps(found))):
        assert (same.friction == found.friction).all()
        with pytest.raises(ValueError, match="read-only"):
            same.friction[0] = 0.0
    assert "1 orbits" in repr(found)
    nothing = qem.orbit_coefficients(UNLIKE, [])
    assert nothing.friction.shape == (0,)
    assert repr(nothing) == "OrbitCoefficients(0 orbits)"


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ((None, [1.0]), TypeError, "device must be a Device"),
        ((UNLIKE, 1.0), ValueError, "amplitudes must be an array with 1 axis"),
        ((UNLIKE, [1.0, np.nan]), ValueError, "amplitudes must hold finite numbers"),
        ((UNLIKE, [1.0, -2.0]), ValueError, "amplitudes must not be negative, got -2.0"),
        ((UNLIKE, ["a"]), ValueError, "amplitudes must be an array of real numbers"),
        ((UNLIKE, [1.0], [1.0, 2.0]), ValueError, "center must be one number or have the shape"),
        ((UNLIKE, [1.0], np.inf), ValueError, "center must be a finite number"),
        ((UNLIKE, [1e6]), qem.QuadratureError, r"A = 1e\+06 the level moves by .* quanta"),
    ],
)
def test_bad_input(arguments, kind, message):
    with pytest.raises(kind, match=message):
        qem.orbit_coefficients(*arguments)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"frequency": 0.0}, "frequency must be finite and greater than 0"),
        ({"harmonics": 0}, "harmonics must be a whole number of at least 1"),
        ({"rtol": 1e-15}, "rtol must lie between"),
        ({"rtol": np.nan}, "rtol must be a finite number"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        qem.orbit_coefficients(UNLIKE, [1.0], **options)


def test_a_state_bound_by_the_motion_is_refused():
    omega = np.linspace(-1.0, 1.0, 401)
    band = qem.Tabulated(omega, 2.0 * (1.0 - omega**2) ** 2)
    lead = qem.Lead(band, 0.0, 0.5)
    device = qem.Device(qem.Oscillator(0.2), lead, lead, coupling=0.3, level=4.0)
    with pytest.raises(qem.QuadratureError, match="bound"):
        qem.orbit_coefficients(device, [1.0])
