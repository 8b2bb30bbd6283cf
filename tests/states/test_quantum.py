"""Truncation by what is missing; positivity as it comes out."""

from types import SimpleNamespace

import numpy as np
import pytest
from cases import paper_model, paper_state

import qemlib as qem
from qemlib.states.quantum import resolved_populations
from qemlib.states.summary import summary


def in_memory(rho):
    """A state that knows its matrix, of which it shows any corner."""
    rho = np.asarray(rho, dtype=complex)

    def corner(levels):
        wide = np.zeros((levels, levels), dtype=complex)
        some = min(levels, len(rho))
        wide[:some, :some] = rho[:some, :some]
        return wide

    return SimpleNamespace(
        phonon_number=float(np.arange(len(rho)) @ rho.diagonal().real),
        populations=lambda levels: corner(levels).diagonal().real,
        density_matrix=corner,
    )


@pytest.mark.parametrize("missing", [1e-4, 1e-8, 1e-12])
def test_the_fewest_levels_of_a_thermal_state(missing):
    mean = 3.0
    n = np.arange(400)
    ratio = mean / (mean + 1)
    state = in_memory(np.diag(ratio**n / (mean + 1)))
    rho = qem.quantum_state(state, missing)
    # what is missing beyond level k is ratio^(k + 1)
    assert rho.levels == int(np.ceil(np.log(missing) / np.log(ratio)))
    assert rho.missing_trace == pytest.approx(ratio**rho.levels, rel=1e-2)
    assert rho.harmonics == 0


def test_coherences_and_eigenvalues_are_seen():
    amplitude = np.zeros(12)
    amplitude[[0, 3, 5]] = 0.6, 0.48, 0.64
    rho = qem.quantum_state(in_memory(np.outer(amplitude, amplitude)))
    assert (rho.levels, rho.harmonics) == (6, 5)
    assert rho.purity == pytest.approx(1.0, abs=1e-14)
    assert abs(rho.lowest_eigenvalue) < 1e-15
    assert rho.populations() == pytest.approx(amplitude[:6] ** 2, abs=1e-15)


def test_a_negative_eigenvalue_is_reported_and_not_mended():
    rho = qem.quantum_state(in_memory([[0.5, 0.6], [0.6, 0.5]]))
    assert rho.lowest_eigenvalue == pytest.approx(-0.1, abs=1e-15)
    assert rho.matrix[0, 1] == 0.6
    assert "lowest eigenvalue -1.0e-01" in repr(rho)
    with pytest.raises(ValueError, match="no population below"):
        qem.ergotropy(rho.matrix, np.diag([0.0, 1.0]))


@pytest.mark.parametrize("voltage", [0.0, 6.0, 10.0])
def test_the_devices_state_is_positive_and_holds_its_moments(voltage):
    state = paper_state(voltage)
    rho = qem.quantum_state(state)
    assert 0 <= rho.missing_trace < 1e-10
    assert rho.lowest_eigenvalue > 0
    n = np.arange(rho.levels)
    assert n @ rho.populations() == pytest.approx(state.phonon_number, rel=1e-8)
    twice = np.sqrt(n[2:] * (n[2:] - 1)) @ np.diagonal(rho.matrix, 2)
    assert np.conj(twice) == pytest.approx(state.squeezing, abs=1e-7)


@pytest.mark.parametrize("missing", [1e-2, 1e-6, 1e-10, 1e-12])
@pytest.mark.parametrize("voltage", [0.0, 6.0, 10.0, 30.0])
def test_the_first_number_of_levels_is_enough_and_not_many_too_many(voltage, missing):
    state, asked = paper_state(voltage), []

    def populations(levels):
        asked.append(levels)
        return state.populations(levels)

    told = SimpleNamespace(
        phonon_number=state.phonon_number,
        populations=populations,
        radial_profile=state.radial_profile,
    )
    found = resolved_populations(told, missing)
    assert len(asked) == 1
    assert asked[0] < 1.6 * found.size + 64
    assert abs(1.0 - found.sum()) < missing
    # One level less is short of it.
    assert 1.0 - found[:-1].sum() >= missing


@pytest.mark.parametrize("missing", [0.0, -1e-9, 1e-15, 0.5, np.nan, "little"], ids=repr)
def test_a_bad_tolerance_is_refused_by_name_and_value(missing):
    with pytest.raises(ValueError, match="missing_trace must") as refusal:
        qem.quantum_state(paper_state(0.0), missing)
    assert repr(missing) in str(refusal.value)


def test_a_trace_that_never_fills_is_an_error():
    state = in_memory(np.diag([0.5, 0.4]))
    with pytest.raises(qem.ConvergenceError, match="miss 1.0e-01 of the trace"):
        resolved_populations(state, 1e-6)


def test_a_trace_that_passes_one_on_its_way_does_not_count():
    state = in_memory(np.diag([0.5, 0.5, 0.25]))
    with pytest.raises(qem.ConvergenceError, match="miss -2.5e-01"):
        resolved_populations(state, 1e-6)


def test_a_trace_that_passes_one_many_times_counts_where_it_stays():
    """(1 − q)q^n with q < 0, a W too narrow: partial sums 1 − q^(n+1) on both sides of 1."""
    q = -0.9
    state = SimpleNamespace(
        phonon_number=q / (1 - q), populations=lambda levels: (1 - q) * q ** np.arange(levels)
    )
    found = resolved_populations(state, 1e-10)
    assert found.size == int(np.ceil(np.log(1e-10) / np.log(0.9)))
    # the third partial sum hits 1 by chance, and is left again
    p = [0.5, 0.25, 0.25, 0.5, -0.5]
    assert resolved_populations(in_memory(np.diag(p)), 1e-6).size == 5


@pytest.mark.parametrize(
    ("state", "lacking"),
    [
        (qem.paper_device(), "Device has no phonon_number, populations, density_matrix"),
        (paper_model(0.0), "LangevinModel has no phonon_number"),
        (None, "NoneType has no phonon_number"),
    ],
    ids=["device", "model", "nothing"],
)
def test_what_is_no_state_is_a_type_error(state, lacking):
    with pytest.raises(TypeError, match=f"^state must have phonon_number.*{lacking}"):
        qem.quantum_state(state)


@pytest.mark.parametrize(
    "device", [paper_model(0.0), None, "device"], ids=lambda d: type(d).__name__
)
def test_a_summary_needs_a_device_and_a_state(device):
    with pytest.raises(TypeError, match="^device must be a Device, got "):
        summary(device, paper_state(0.0))
    with pytest.raises(TypeError, match="^state must have phonon_number, populations"):
        summary(qem.paper_device(0.0), qem.paper_device(0.0))


def thermal(mean_number):
    """A thermal state with its populations p_n = (1 − q) q^n."""
    q = mean_number / (1.0 + mean_number)
    return SimpleNamespace(
        phonon_number=mean_number, populations=lambda levels: (1.0 - q) * q ** np.arange(levels)
    )


def test_hot_states_get_all_the_levels_that_there_are_and_then_an_error():
    # 6⟨n⟩ + 64 levels would be too many for both.
    assert resolved_populations(thermal(1400.0), missing_trace=1e-2).size == 6450
    with pytest.raises(qem.ConvergenceError, match="8192 levels miss 9.2e-01 of the trace"):
        resolved_populations(thermal(1e5))
