"""Charge and oscillator without approximation, on the way to slow motion."""

import numpy as np
import pytest

from qemlib.paper.checks import full_model


def test_the_charge_relaxes_to_its_temperature():
    charge = full_model.two_level_charge()
    energies, states = np.linalg.eigh(charge.hamiltonian)
    rho = charge.stationary(0.0)[0].reshape(2, 2)
    boltzmann = np.exp(-energies / 0.5)
    populations = np.diag(states.T @ rho @ states).real
    assert populations == pytest.approx(boltzmann / boltzmann.sum(), abs=1e-13)
    assert abs(charge.mean(0.0)) < 1e-14
    assert charge.noise_slope(0.0) > 0


def test_the_error_is_what_finite_frequency_explains():
    found = [full_model.compare(eta, levels) for eta, levels in ((0.3, 50), (0.2, 60))]
    for each in found:
        assert each.last_population < 1e-9
        expected = full_model.mismatch_of_spectra(each.eta)
        assert each.energy_error == pytest.approx(expected, rel=0.03)
        assert each.distance < each.energy_error
    order = np.log(found[0].energy_error / found[1].energy_error) / np.log(1.5)
    assert 1.9 < order < 2.15


def test_two_times_agree_as_well_as_one():
    errors = []
    for eta, levels in ((0.4, 40), (0.2, 60)):
        times = np.linspace(0, 4 * np.pi / eta, 21)
        exact, predicted = full_model.two_time_correlation(eta, levels, times)
        rho, state = full_model.exact_state(eta, levels), full_model.predicted_state(eta)
        # At equal times both are variances: of the density matrix, and of W.
        a = np.diag(np.sqrt(np.arange(1.0, levels)), k=1)
        assert exact[0] == pytest.approx(np.trace((a + a.T) @ (a + a.T) @ rho).real / 4, rel=1e-9)
        squares = state.phonon_number + 0.5 + state.squeezing.real
        assert predicted[0] == pytest.approx(squares / 2, rel=1e-9)
        # Two periods later the phase has run, and the amplitude has decayed.
        assert exact[5] < 0 < exact[10] < exact[0]
        errors.append(np.abs(exact - predicted).max() / exact[0])
    assert 1.9 < np.log2(errors[0] / errors[1]) < 2.2


def test_truncation_does_not_matter():
    few, many = (full_model.compare(0.2, levels) for levels in (45, 60))
    assert few.exact == pytest.approx(many.exact, abs=1e-5)
    assert few.distance == pytest.approx(many.distance, rel=1e-3)


def test_mismatch_of_spectra_is_of_second_order():
    wide, narrow = (full_model.mismatch_of_spectra(eta) for eta in (0.02, 0.01))
    assert wide / narrow == pytest.approx(4.0, rel=1e-3)


def test_fitted_order_finds_the_order():
    eta = np.geomspace(0.4, 0.1, 7)
    for order in (1.0, 2.0):
        for correction in (-0.5 * eta**2, 0.2 * eta, 2 * eta**3):
            error = 0.3 * eta**order * np.exp(correction)
            found, uncertainty = full_model.fitted_order(eta, error)
            assert abs(found - order) <= uncertainty + 1e-12 < 0.2


def test_fits_that_cannot_be_made_are_refused():
    with pytest.raises(ValueError, match="the same five points or more"):
        full_model.fitted_order([0.1, 0.2], [1.0, 2.0])
    with pytest.raises(ValueError, match="must be positive"):
        full_model.fitted_order(np.arange(5.0), np.ones(5))
    with pytest.raises(ValueError, match="eta must be finite and greater than 0"):
        full_model.exact_state(-0.1, 20)
    with pytest.raises(ValueError, match="levels must be a whole number"):
        full_model.exact_state(0.1, 1)
