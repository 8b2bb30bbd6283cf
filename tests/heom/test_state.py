"""What a full quantum state tells, and how far it can be believed."""

import copy
import pickle
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

import qemlib as qem
from qemlib.states.wigner import populations

# Few phonons, so that all of it takes a moment.
DEVICE = replace(
    qem.paper_device(2.0), oscillator=qem.Oscillator(frequency=1.0, mass=2.0), coupling=0.25
)
SKEW = replace(DEVICE, right=qem.Lead(qem.Lorentzian(-0.2, 1.5, 1.0), -1.0, 1.5), level=0.3)


@lru_cache
def state(device=DEVICE, accuracy=1e-2):
    return qem.full_quantum(device, accuracy, progress=False)


def test_its_numbers_are_those_of_its_matrix():
    full = state(SKEW)
    rho = full.density_matrix(full.levels)
    a = np.diag(np.sqrt(np.arange(1.0, full.levels)), 1)
    number = a.T @ a
    assert np.trace(rho).real == pytest.approx(1.0, abs=1e-12)
    assert np.abs(rho - rho.conj().T).max() == 0.0
    assert full.phonon_number == pytest.approx(np.trace(number @ rho).real, rel=1e-12)
    assert full.energy == pytest.approx(full.phonon_number + 0.5, rel=1e-12)  # ω0 = 1
    pairs = np.trace(a.T @ a.T @ a @ a @ rho).real
    assert full.g2 == pytest.approx(pairs / full.phonon_number**2, rel=1e-12)
    assert full.squeezing == pytest.approx(np.trace(a @ a @ rho), abs=1e-12)
    x0, p0 = full.oscillator.x0, full.oscillator.p0
    amplitude = np.trace(a @ rho)
    assert full.position == pytest.approx(x0 * amplitude.real, rel=1e-10)
    assert full.momentum == pytest.approx(0.0, abs=1e-12 * p0)
    assert full.device is SKEW


def test_its_matrix_can_be_cut_or_extended():
    full = state()
    whole = full.density_matrix(full.levels)
    assert (full.density_matrix(3) == whole[:3, :3]).all()
    assert (full.density_matrix(full.levels + 5)[: full.levels, : full.levels] == whole).all()
    assert full.populations(full.levels + 2)[-2:].tolist() == [0.0, 0.0]


def test_its_wigner_function_holds_the_same_populations():
    full = state(SKEW)
    r = np.linspace(0.0, 2.0, 5)
    angles = (np.arange(64) + 0.5) * np.pi / 32
    x = full.oscillator.x0 * r[:, None] * np.cos(angles)
    p = full.oscillator.p0 * r[:, None] * np.sin(angles)
    assert 2.0 * full.wigner(x, p).mean(axis=1) == pytest.approx(full.radial_profile(r), abs=1e-12)
    found = populations(full.radial_profile, 6, radius=7.0)
    assert found == pytest.approx(full.populations(6), abs=1e-9)


def test_it_is_a_state():
    for device in (DEVICE, SKEW):
        full = state(device)
        assert full.violations == ()
        assert full.populations(full.levels).min() > -full.error["populations"]
    energies = np.arange(full.levels)
    assert (
        qem.ergotropy(full.populations(full.levels), energies) < full.error["trace"] * full.levels
    )


def test_it_can_be_printed_copied_and_kept_but_not_changed():
    full = state()
    assert repr(full).isascii()
    assert "FullQuantumState(phonon_number=" in repr(full)
    for other in (copy.deepcopy(full), pickle.loads(pickle.dumps(full))):
        assert (other.coherences == full.coherences).all()
        assert other.error == full.error
        with pytest.raises(ValueError, match="read-only"):
            other.coherences[0, 0] = 0.0


@pytest.mark.parametrize(
    ("device", "accuracy"), [(DEVICE, 1e-4), (SKEW, 1e-3)], ids=["mirrored", "skew"]
)
def test_errors_lie_above_what_greater_accuracy_finds(device, accuracy):
    rough, fine = state(device), state(device, accuracy)
    assert fine.error["phonon_number"] < accuracy > fine.error["g2"]
    for name in ("phonon_number", "g2"):
        off = abs(getattr(rough, name) / getattr(fine, name) - 1.0)
        assert off < rough.error[name] + fine.error[name] < 1.01e-2
    for name in ("occupation", "current", "correlation"):
        off = abs(getattr(rough, name) - getattr(fine, name))
        assert off < rough.error[name] + fine.error[name]
    off = np.abs(rough.populations(10) - fine.populations(10)).max()
    assert off < rough.error["populations"] + fine.error["populations"]


def test_what_is_asked_for_is_what_the_cut_offs_change():
    full = state()
    assert set(full.changes) == {"bandwidth", "terms", "depth", "levels"}
    assert max(full.changes.values()) < 1e-2 / 8
    assert full.top_population < 1e-5
    assert full.resolution.levels == full.levels
    assert full.resolution.pade_terms == full.resolution.terms - 1
    assert 0 < full.memory < 4e9


def test_the_unit_of_energy_does_not_matter():
    scale = 1e9

    def scaled(lead):
        band = lead.density
        return qem.Lead(
            qem.Lorentzian(scale * band.center, scale * band.bandwidth, scale * band.rate),
            scale * lead.chemical_potential,
            scale * lead.temperature,
        )

    big = qem.Device(
        qem.Oscillator(scale * 1.0, 2.0), scaled(DEVICE.left), scaled(DEVICE.right), scale * 0.25
    )
    mine, theirs = state(), state(big)
    assert theirs.phonon_number == pytest.approx(mine.phonon_number, rel=1e-9)
    assert theirs.current == pytest.approx(scale * mine.current, rel=1e-9)
    assert theirs.resolution == mine.resolution


def test_the_sign_of_the_coupling_turns_the_state_over():
    mine, other = state(SKEW), state(replace(SKEW, coupling=-SKEW.coupling))
    assert other.phonon_number == pytest.approx(mine.phonon_number, rel=1e-10)
    assert other.position == pytest.approx(-mine.position, rel=1e-8)


def test_intrinsic_damping_cools():
    cold = qem.full_quantum(DEVICE, damping=0.05, bath_temperature=0.3, progress=False)
    same = qem.full_quantum(
        DEVICE, damping=0.05, bath_occupation=1 / np.expm1(1 / 0.3), progress=False
    )
    assert cold.phonon_number == same.phonon_number < state().phonon_number
