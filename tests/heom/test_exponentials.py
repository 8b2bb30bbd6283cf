"""Leads as exponentials: what they must reproduce, and who takes them."""

import builtins
from dataclasses import replace

import numpy as np
import pytest

import qemlib as qem
from qemlib.witness.hierarchy import bath_exponents

LEFT = qem.paper_device(6.0).left
OMEGA = np.linspace(-12.0, 12.0, 97)


@pytest.mark.parametrize("mu", [-2.0, 0.0, 4.0])
@pytest.mark.parametrize("terms", [1, 4])
def test_they_are_those_of_the_witness(mu, terms):
    lead = replace(LEFT, chemical_potential=mu)
    mine, theirs = qem.lorentzian_exponentials(lead, terms), bath_exponents(lead, terms)
    assert mine.weights_plus == pytest.approx(theirs["ck_plus"], rel=1e-12)
    assert mine.weights_minus == pytest.approx(theirs["ck_minus"], rel=1e-12)
    assert mine.rates == pytest.approx(theirs["vk_plus"], rel=1e-12)
    assert mine.rates.conj() == pytest.approx(theirs["vk_minus"], rel=1e-12)


@pytest.mark.parametrize("mu", [-np.inf, -2.0, 0.3, np.inf])
def test_filled_and_empty_states_make_up_the_band(mu):
    lead = replace(LEFT, chemical_potential=mu)
    found = qem.lorentzian_exponentials(lead, 6)
    kappa = lead.density.spectral_density(OMEGA)
    assert found.occupied(OMEGA) + found.vacant(OMEGA) == pytest.approx(kappa, rel=1e-10)
    assert np.abs(found.occupied(OMEGA) - kappa * lead.occupation(OMEGA)).max() < 1e-5 * kappa.max()
    assert found.terms == (1 if np.isinf(mu) else 7)


def test_mirrored_leads_know_each_other():
    left, right = (qem.lorentzian_exponentials(lead, 3) for lead in qem.paper_device(5.0).leads)
    assert left.mirrors(right)
    assert not left.mirrors(left)
    assert not left.mirrors(qem.lorentzian_exponentials(qem.paper_device(5.0).right, 2))


def test_poles_in_one_place_are_refused():
    twin = qem.Lead(qem.Lorentzian(0.0, 2.0 * np.sqrt(3.0), 1.0), 0.0, 1.0)  # ξ_1 = √12 of one term
    with pytest.raises(qem.ConvergenceError, match="falls on the pole of the band"):
        qem.lorentzian_exponentials(twin, 1)
    assert qem.lorentzian_exponentials(twin, 2).error < 1e-2


def table():
    omega = 0.5 + np.sinh(np.linspace(-5.0, 5.0, 401))
    return qem.Lead(qem.Tabulated(omega, LEFT.density.spectral_density(omega)), 3.0, 2.0)


def test_a_fit_finds_the_lorentzian_in_a_table():
    fit = qem.fit_exponentials(table(), tolerance=1e-4)
    assert fit.error < 1e-4
    assert fit.coarser.terms == fit.terms - 1
    kappa = LEFT.density.spectral_density(OMEGA)
    assert np.abs(fit.occupied(OMEGA) - kappa * LEFT.occupation(OMEGA)).max() < 2e-4 * kappa.max()
    assert np.abs(fit.vacant(OMEGA) - kappa * LEFT.vacancy(OMEGA)).max() < 2e-4 * kappa.max()


def test_tabulated_leads_give_the_state_of_those_they_were_made_from():
    device = replace(qem.paper_device(6.0), oscillator=qem.Oscillator(1.0), coupling=0.2)
    right = qem.lorentzian_exponentials(device.right, 3)
    fit = qem.fit_exponentials(table(), tolerance=1e-4)
    tabulated = replace(device, left=table())
    mine = qem.full_quantum(tabulated, exponentials=(fit, right), progress=False)
    theirs = qem.full_quantum(device, progress=False)
    off = abs(mine.phonon_number / theirs.phonon_number - 1.0)
    assert off < mine.error["phonon_number"] + theirs.error["phonon_number"] < 1.1e-2
    # Cut off alike, they differ by what the fit leaves open.
    assert (mine.resolution.depth, mine.resolution.bandwidth) == (
        theirs.resolution.depth,
        theirs.resolution.bandwidth,
    )
    assert off < 2e-4
    assert mine.changes["terms"] > 0.0
    rough = qem.fit_exponentials(table(), tolerance=1e-3)
    with pytest.raises(qem.ConvergenceError, match="is what the exponentials given leave open"):
        qem.full_quantum(tabulated, exponentials=(rough, right), progress=False)


def test_cold_leads_are_better_fitted():
    cold = replace(LEFT, chemical_potential=0.3, temperature=0.05)
    assert qem.fit_exponentials(cold, tolerance=3e-3).terms < 6
    assert qem.lorentzian_exponentials(cold, 5).error > 3e-3


def test_what_cannot_be_fitted_is_said():
    omega = np.linspace(-1.0, 1.0, 401)
    edge = qem.Lead(qem.Tabulated(omega, np.sqrt(1.0 - omega**2), "monotone"), 0.2, 0.01)
    with pytest.raises(
        qem.ConvergenceError, match="3 exponentials describe the lead with an error"
    ):
        qem.fit_exponentials(edge, tolerance=1e-3, most=3)
    with pytest.raises(ValueError, match="tolerance must lie between 1e-8 and 0.2, got 0.5"):
        qem.fit_exponentials(LEFT, tolerance=0.5)
    with pytest.raises(ValueError, match="most must be at most 10, got 11"):
        qem.fit_exponentials(LEFT, most=11)
    with pytest.raises(TypeError, match="lead must be a Lead, got"):
        qem.fit_exponentials(LEFT.density)


def test_exponentials_are_checked_where_they_enter():
    with pytest.raises(ValueError, match="rates must have positive real parts, got -1.0"):
        qem.Exponentials([1.0], [1.0], [-1.0])
    with pytest.raises(ValueError, match="weights_minus must have one axis and as many numbers"):
        qem.Exponentials([1.0], [1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="weights_plus must hold finite numbers only"):
        qem.Exponentials([np.nan], [1.0], [1.0])
    with pytest.raises(ValueError, match="pade_terms must be a whole number of at least 1"):
        qem.lorentzian_exponentials(LEFT, 0)
    with pytest.raises(ValueError, match="lead must have a Lorentzian density"):
        qem.lorentzian_exponentials(table(), 2)
    assert repr(qem.lorentzian_exponentials(LEFT, 2)).isascii()


def test_qutip_takes_any_of_them_with_a_dot_of_its_own():
    import qutip
    from qutip.solver.heom import HEOMSolver

    device = replace(qem.paper_device(2.0), level=0.4)
    c = qutip.destroy(2)
    baths = [
        (qem.qutip_environment(qem.fit_exponentials(lead, 1e-3), tag=tag), c)
        for lead, tag in zip(device.leads, "LR", strict=True)
    ]
    rho, _ = HEOMSolver(0.4 * c.dag() * c, baths, max_depth=2).steady_state()
    exact = float(qem.occupation(device, 0.0))
    assert qutip.expect(c.dag() * c, rho) == pytest.approx(exact, abs=1e-3)


def test_without_qutip_it_is_named(monkeypatch):
    real = builtins.__import__

    def hidden(name, *args, **kwargs):
        if name.startswith("qutip"):
            raise ModuleNotFoundError(name, name=name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", hidden)
    with pytest.raises(ImportError, match="QuTiP 5.3.1 or newer need qutip: pip install"):
        qem.qutip_environment(LEFT)


def test_an_old_qutip_is_refused(monkeypatch):
    import qutip

    monkeypatch.setattr(qutip, "__version__", "5.2.9")
    with pytest.raises(ImportError, match="which is 5.2.9"):
        qem.qutip_environment(LEFT)
    with pytest.raises(TypeError, match="lead must be a Lead, got"):
        qem.qutip_environment(3.0)
