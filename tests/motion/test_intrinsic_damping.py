"""Friction of the oscillator's own: with it alone, beside the electrons, and in every answer."""

from dataclasses import replace

import numpy as np
import pytest

import qemlib as qem
from qemlib.states.positivity import untold
from qemlib.states.summary import summary

PAPER = qem.paper_device(6.0)
Q, T_M = 800.0, 1.3


def with_bath(device, quality_factor=Q, bath_temperature=T_M):
    own = {"quality_factor": quality_factor, "bath_temperature": bath_temperature}
    return replace(device, oscillator=replace(device.oscillator, **own))


def alone(frequency=0.2, mass=1.7, quality_factor=Q, bath_temperature=T_M):
    osc = qem.Oscillator(
        frequency, mass, quality_factor=quality_factor, bath_temperature=bath_temperature
    )
    return replace(PAPER, oscillator=osc, coupling=0.0)


def bose(frequency, temperature):
    return 1.0 / np.expm1(frequency / temperature)


@pytest.mark.parametrize("quality_factor", [3.0, 800.0, 1e6])
@pytest.mark.parametrize("temperature", [0.15, 1.3, 40.0])
def test_without_coupling_the_state_is_exactly_thermal(quality_factor, temperature):
    device = alone(quality_factor=quality_factor, bath_temperature=temperature)
    numbers = {"zero": temperature / 0.2 - 0.5, "oscillator": bose(0.2, temperature)}
    for noise_at, expected in numbers.items():
        model = qem.LangevinModel.from_device(device, noise_at=noise_at)
        states = [qem.steady_state(model)]
        if quality_factor > 100.0:
            states.append(qem.orbit_average(model))
        for state in states:
            assert state.phonon_number == pytest.approx(expected, rel=1e-8), noise_at
            assert state.g2 == pytest.approx(2.0, rel=1e-8), noise_at
    n = np.arange(12)
    populations = states[0].populations(12)
    exact = (1.0 - np.exp(-0.2 / temperature)) * np.exp(-0.2 * n / temperature)
    assert populations == pytest.approx(exact, abs=1e-9)
    averaged = qem.averaged_state(qem.AveragedModel.from_device(device))
    assert averaged.phonon_number == pytest.approx(bose(0.2, temperature), rel=1e-8)
    assert qem.ergotropy(states[0], coherences=False) == pytest.approx(0.0, abs=1e-8)


def test_it_is_passive_and_holds_no_free_energy():
    state = qem.steady_state(qem.LangevinModel.from_device(alone(), noise_at="oscillator"))
    found = summary(state)
    # The coldest bath is the oscillator's own.
    assert found.bath_temperature == T_M
    assert found.free_energy_work == pytest.approx(0.0, abs=1e-8)
    assert found.entropy == pytest.approx(
        (1 + bose(0.2, T_M)) * np.log1p(bose(0.2, T_M)) - bose(0.2, T_M) * np.log(bose(0.2, T_M)),
        rel=1e-8,
    )


@pytest.mark.parametrize("noise_at", ["zero", "oscillator"])
def test_one_temperature_of_all_baths_is_one_equilibrium(noise_at):
    """Whatever Q: leads and bath at T = 2 and no bias, D/γ is the same all over."""
    device = with_bath(PAPER.with_voltage(0.0), 30.0, 2.0)
    model = qem.LangevinModel.from_device(device, noise_at=noise_at)
    energy = {"zero": 2.0, "oscillator": 0.1 / np.tanh(0.05)}[noise_at]
    assert model.diffusion / model.damping == pytest.approx(2.0 * energy, rel=1e-11)
    exact = qem.steady_state(model)
    without = qem.steady_state(
        qem.LangevinModel.from_device(PAPER.with_voltage(0.0), noise_at=noise_at)
    )
    assert exact.phonon_number == pytest.approx(without.phonon_number, rel=1e-8)


def test_one_temperature_is_one_equilibrium_along_orbits_too():
    device = with_bath(PAPER.with_voltage(0.0), 300.0, 2.0)
    model = qem.AveragedModel.from_device(device)
    bare = qem.AveragedModel.from_device(PAPER.with_voltage(0.0))
    off = []
    for each in (model, bare):
        omega = each.frequency + each.frequency_shift
        ratio = each.friction / each.amplitude_diffusion
        off.append(ratio / (4.0 * each.mass * omega * np.tanh(omega / 4.0)) - 1.0)
    assert np.abs(off[0]).max() < np.abs(off[1]).max() < 0.02  # than the electrons alone
    assert abs(off[0][0]) < 1e-4
    omega = model.frequency + model.frequency_shift
    own = 0.2 / 300.0
    assert model.friction[0] == pytest.approx(bare.friction[0] + own, rel=1e-6)
    noise = own / np.tanh(omega[0] / 4.0) / (4.0 * omega[0])
    assert model.amplitude_diffusion[0] == pytest.approx(
        bare.amplitude_diffusion[0] + noise, rel=1e-6
    )
    assert model.phase_diffusion[0] == pytest.approx(bare.phase_diffusion[0] + noise, rel=1e-6)


@pytest.mark.parametrize("noise_at", ["zero", "oscillator"])
def test_it_adds_to_what_the_electrons_do(noise_at):
    osc = PAPER.oscillator
    found = qem.LangevinModel.from_device(with_bath(PAPER), noise_at=noise_at)
    bare = qem.LangevinModel.from_device(PAPER, half_width=found.x[-1], noise_at=noise_at)
    x = np.linspace(found.x[0], found.x[-1], 301)
    energy = {"zero": T_M, "oscillator": 0.1 / np.tanh(0.1 / T_M)}[noise_at]
    noise = 2.0 * osc.mass * energy * 0.2 / Q
    largest = np.abs(found.damping).max(), found.diffusion.max()
    assert found.damping_at(x) == pytest.approx(bare.damping_at(x) + 0.2 / Q, abs=1e-9 * largest[0])
    assert found.diffusion_at(x) == pytest.approx(
        bare.diffusion_at(x) + noise, abs=1e-9 * largest[1]
    )
    assert found.force_at(x) == pytest.approx(bare.force_at(x), abs=1e-9 * PAPER.force)


def test_it_is_that_of_a_model_made_by_hand():
    """The two lines that a user wrote before: γ + ω0/Q, and D + 2mT_m ω0/Q."""
    osc = PAPER.oscillator

    def both(x):
        at = qem.electron_coefficients(PAPER, x)
        noise = 2.0 * osc.mass * T_M * 0.2 / Q
        return PAPER.force * at.excess_charge, at.damping + 0.2 / Q, at.diffusion + noise

    by_hand = qem.steady_state(qem.LangevinModel.from_coefficients(both, osc))
    found = qem.steady_state(qem.LangevinModel.from_device(with_bath(PAPER)))
    assert found.phonon_number == pytest.approx(by_hand.phonon_number, rel=1e-8)
    assert found.g2 == pytest.approx(by_hand.g2, rel=1e-8)
    assert found.oscillator == with_bath(PAPER).oscillator
    assert found.device == with_bath(PAPER)


def test_without_a_quality_factor_nothing_changes():
    """Bit for bit: what is not there adds nothing."""
    model = qem.LangevinModel.from_device(PAPER)
    at = qem.electron_coefficients(PAPER, model.x)
    assert np.array_equal(model.damping, at.damping)
    assert np.array_equal(model.diffusion, at.diffusion)
    assert repr(PAPER.oscillator) == "Oscillator(frequency=0.2, mass=1.0)"


def test_the_sampler_moves_by_it():
    device = alone(quality_factor=50.0)
    run = qem.sample(
        qem.LangevinModel.from_device(device), 10_000_000, seed=3, check=False, progress=False
    )
    expected = T_M / 0.2 - 0.5
    error = run.error["phonon_number"] * expected
    assert abs(run.phonon_number - expected) < 5.0 * error
    assert error < 0.03 * expected


def test_it_confines_what_the_electrons_alone_do_not():
    """Exchanged bands at a bias where wide orbits gain energy."""
    left, right = PAPER.left, PAPER.right
    device = qem.Device(
        PAPER.oscillator,
        replace(left, density=right.density, chemical_potential=20.0),
        replace(right, density=left.density, chemical_potential=-20.0),
        0.1,
    )
    with untold():
        free = qem.orbit_average(qem.LangevinModel.from_device(device))
        held = qem.orbit_average(qem.LangevinModel.from_device(with_bath(device, 200.0, 2.0)))
    assert held.phonon_number < 0.2 * free.phonon_number


def test_a_threshold_waits_for_the_electrons_to_win():
    bare = qem.damping_threshold(PAPER, (6.0, 12.0)).value
    for noise_at in ("zero", "oscillator", "orbit"):
        found = qem.damping_threshold(with_bath(PAPER, 5000.0), (6.0, 12.0), noise_at=noise_at)
        at = PAPER.with_voltage(found.value)
        if noise_at == "zero":
            friction = float(qem.damping(at, 0.0))
            assert found.value > bare
        else:
            given, taken = qem.noise_spectrum(at, 0.0, [0.2, -0.2])
            friction = (given - taken) / 0.4
        assert friction == pytest.approx(-0.2 / 5000.0, rel=1e-6)


def test_work_sets_in_later_too():
    device = with_bath(PAPER, 20000.0, 2.0)
    found = qem.ergotropy_threshold(device, (8.5, 9.5))
    assert found.value > qem.damping_threshold(device, (6.0, 12.0)).value > 8.6
    quality = qem.damping_threshold(
        device.with_voltage(9.0), (1e3, 1e5), "oscillator.quality_factor"
    ).value
    assert float(qem.damping(device.with_voltage(9.0), 0.0)) == pytest.approx(-0.2 / quality)


def test_with_nothing_eliminated_it_is_the_same_bath():
    """A device without coupling is thermal; a coupled one as if its damping were given by hand."""
    fast = replace(alone(frequency=1.5, mass=1.0, bath_temperature=2.0), coupling=0.0)
    state = qem.full_quantum(fast, 1e-4, progress=False)
    assert state.phonon_number == pytest.approx(bose(1.5, 2.0), rel=1e-6)
    assert state.g2 == pytest.approx(2.0, rel=1e-6)
    coupled = replace(fast, coupling=0.1)
    bare = replace(coupled, oscillator=qem.Oscillator(1.5))
    by_hand = qem.full_quantum(bare, 0.05, damping=1.5 / Q, bath_temperature=2.0, progress=False)
    found = qem.full_quantum(coupled, 0.05, progress=False)
    assert found.phonon_number == by_hand.phonon_number
    assert np.array_equal(found.coherences, by_hand.coherences)
    for arguments in ({"damping": 0.1}, {"bath_temperature": 1.0}, {"bath_occupation": 0.0}):
        with pytest.raises(ValueError, match="must be left out for a device whose oscillator has"):
            qem.full_quantum(coupled, 0.05, progress=False, **arguments)


def test_its_noise_is_the_planck_spectrum_at_the_frequency():
    """Of an ohmic bath, in detailed balance at any frequency."""
    osc = alone().oscillator
    rate = osc.intrinsic_damping
    assert rate == pytest.approx(0.2 / Q)
    # S(ω) = 2mγ ω/(1 − e^{−ω/T}): its even part is D, and its odd part mγω, as Eq. (7) has it.
    for omega in (0.05, 0.2, 3.0):
        spectrum = [2.0 * osc.mass * rate * w / -np.expm1(-w / T_M) for w in (omega, -omega)]
        assert osc.intrinsic_diffusion(omega) == pytest.approx(0.5 * sum(spectrum), rel=1e-13)
        assert (spectrum[0] - spectrum[1]) / (2.0 * omega * osc.mass) == pytest.approx(rate)
    assert osc.intrinsic_diffusion(1e-9) == pytest.approx(osc.intrinsic_diffusion(), rel=1e-12)


def test_nothing_moves_without_coupling_and_bath():
    bare = replace(PAPER, coupling=0.0)
    for make in (qem.LangevinModel.from_device, qem.AveragedModel.from_device):
        with pytest.raises(qem.NoSteadyState, match="without a quality_factor"):
            make(bare)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"quality_factor": 0.0, "bath_temperature": 1.0}, "^quality_factor must be finite"),
        ({"quality_factor": np.inf, "bath_temperature": 1.0}, "^quality_factor must be finite"),
        ({"quality_factor": 10.0, "bath_temperature": -1.0}, "^bath_temperature must be finite"),
        ({"quality_factor": 10.0}, "^bath_temperature must come with quality_factor = 10.0"),
        ({"bath_temperature": 1.0}, "^quality_factor must come with bath_temperature = 1.0"),
        ({"quality_factor": "high", "bath_temperature": 1.0}, "^quality_factor must be one real"),
    ],
)
def test_what_is_no_bath_is_refused_by_name(arguments, message):
    with pytest.raises(ValueError, match=message):
        qem.Oscillator(0.2, **arguments)


def test_the_bath_is_named_by_keyword_and_printed():
    with pytest.raises(TypeError):
        qem.Oscillator(0.2, 1.0, 100.0, 1.0)
    osc = alone().oscillator
    assert repr(osc) == (
        "Oscillator(frequency=0.2, mass=1.7, quality_factor=800.0, bath_temperature=1.3)"
    )
    assert eval(repr(osc), {"Oscillator": qem.Oscillator}) == osc
    assert replace(osc, frequency=0.4).intrinsic_damping == 0.4 / Q
