"""The surrogate charge against closed forms, itself and the leads; (A16) to (A23) sign by sign."""

import numpy as np
import pytest
from scipy.linalg import expm

import qemlib as qem
from qemlib.paper.checks import elimination, phase_space, real_leads
from qemlib.paper.checks.jets import Jets
from qemlib.paper.checks.surrogate import (
    ClosedCharge,
    SurrogateCharge,
    integral_over_time,
    random_charge,
    random_closed_charge,
)

SEEDS = (0, 1, 4)


def two_states(up=0.7, down=1.1, force=0.6):
    """A classical charge that comes and goes at two rates."""
    n = np.diag([0.0, 1.0])
    jumps = (np.sqrt(up) * np.array([[0, 0], [1, 0]]), np.sqrt(down) * np.array([[0, 1], [0, 0]]))
    return SurrogateCharge(np.zeros((2, 2)), n, jumps, force)


def test_a_charge_that_comes_and_goes_is_telegraph_noise():
    charge, up, down = two_states(), 0.7, 1.1
    total = up + down
    assert charge.mean(0.3) == pytest.approx(up / total, abs=1e-14)
    variance = up * down / total**2
    assert charge.diffusion(0.3) == pytest.approx(2 * 0.36 * variance / total, rel=1e-12)
    for omega in (-1.0, 0.0, 2.0):
        expected = 0.36 * variance * 2 * total / (total**2 + omega**2)
        assert charge.noise_spectrum(0.3, omega) == pytest.approx(expected, rel=1e-12)
    # Classical noise does not know which way time runs: no friction.
    assert abs(charge.response(0.3)) < 1e-14
    assert abs(charge.delayed_commutator(0.3)) < 1e-14


@pytest.mark.parametrize("seed", SEEDS)
def test_height_and_slope_of_the_spectrum(seed):
    charge, x, h = random_charge(seed), 0.4, 1e-3
    spectrum = [charge.noise_spectrum(x, k * h) for k in (-2, -1, 0, 1, 2)]
    slope = (spectrum[0] - 8 * spectrum[1] + 8 * spectrum[3] - spectrum[4]) / (12 * h)
    assert charge.noise_slope(x) == pytest.approx(slope, rel=1e-9)
    assert charge.diffusion(x) == pytest.approx(spectrum[2], rel=1e-12)
    assert charge.force * charge.response(x) == pytest.approx(slope, rel=1e-9)
    assert charge.force**2 * charge.delayed_commutator(x) == pytest.approx(slope, rel=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_taylor_series_of_the_stationary_state(seed):
    charge, x, step = random_charge(seed), -0.2, 0.05
    series = charge.stationary(x, 12)
    summed = sum(c * step**k for k, c in enumerate(series))
    assert np.abs(summed - charge.stationary(x + step)[0]).max() < 1e-13
    assert abs(charge.trace @ series[0] - 1) < 1e-14
    assert np.abs([charge.trace @ c for c in series[1:]]).max() < 1e-12


def test_friction_is_what_the_displaced_charge_does():
    # Drag the oscillator at a small constant speed: the mean charge lags by m γ v/F.
    charge, x, speed = random_charge(1), 0.4, 1e-4
    state, dt = charge.stationary(x - 40 * speed)[0], 0.02
    for k in range(2000):
        middle = x - 40 * speed + (k + 0.5) * dt * speed
        state = expm(charge.liouvillian(middle) * dt) @ state
    n = charge.trace @ charge.left(charge.charge)
    lag = charge.mean(x) - (n @ state).real
    assert lag / speed == pytest.approx(charge.response(x), rel=2e-3)


def test_integrals_over_time():
    generator = np.diag([-0.5, -3.0]) + 0j
    assert integral_over_time(generator, np.ones(2)) == pytest.approx([2.0, 1 / 3], rel=1e-13)
    assert integral_over_time(generator, np.ones(2), 1) == pytest.approx([4.0, 1 / 9], rel=1e-13)
    assert np.isinf(integral_over_time(-generator, np.ones(2))).all()


def test_charges_that_are_none_are_refused():
    good = random_charge(0)
    with pytest.raises(ValueError, match="charge must be square, as hamiltonian, got"):
        SurrogateCharge(good.hamiltonian, good.charge[:2], good.jumps, 1.0)
    with pytest.raises(ValueError, match="hamiltonian must be Hermitian"):
        SurrogateCharge(1j * good.hamiltonian, good.charge, good.jumps, 1.0)
    with pytest.raises(ValueError, match="jumps must have shape"):
        SurrogateCharge(good.hamiltonian, good.charge, (np.eye(2),), 1.0)
    with pytest.raises(ValueError, match="jumps must make the stationary state unique"):
        SurrogateCharge(good.hamiltonian, good.charge, (), 1.0)
    with pytest.raises(ValueError, match="force must be a finite number"):
        SurrogateCharge(good.hamiltonian, good.charge, good.jumps, np.nan)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_closed_charge_is_left_in_place_wherever_the_oscillator_is(seed):
    charge, x, step = random_closed_charge(seed), 0.4, 0.02
    series = charge.stationary(x, 8)
    summed = sum(c * step**k for k, c in enumerate(series))
    assert np.abs(summed - charge.stationary(x + step)[0]).max() < 1e-12
    assert np.abs(charge.liouvillian(x) @ series[0]).max() < 1e-13
    # (A22), and unitary: no mode decays.
    assert np.abs(charge.liouvillian(x) @ series[1] + charge.slope @ series[0]).max() < 1e-12
    assert np.abs(np.linalg.eigvals(charge.liouvillian(x)).real).max() < 1e-13
    rho = series[0].reshape(3, 3)
    assert np.sort(np.linalg.eigvalsh(rho)) == pytest.approx([0.15, 0.25, 0.6], abs=1e-13)


def test_closed_charges_that_are_none_are_refused():
    good, weights = random_charge(0), (0.5, 0.3, 0.2)
    closed = (good.hamiltonian, good.charge, (), 1.0)
    assert np.abs(ClosedCharge(*closed[:3], 0.0, weights).stationary(0.0, 1)[1]).max() < 1e-13
    with pytest.raises(ValueError, match="jumps must be empty for a closed charge, got 2"):
        ClosedCharge(good.hamiltonian, good.charge, good.jumps, 1.0, weights)
    with pytest.raises(ValueError, match="populations must be 3 numbers of sum 1, got"):
        ClosedCharge(*closed, (0.5, 0.5))
    with pytest.raises(ValueError, match="populations must be 3 numbers of sum 1, got"):
        ClosedCharge(*closed, (0.5, 0.3, 0.3))
    meeting = ClosedCharge(np.diag([0.0, 0.0, 1.0]), good.charge, (), 1.0, weights)
    with pytest.raises(ValueError, match="levels apart, two of them meet at x=0"):
        meeting.stationary(0.0)


@pytest.mark.parametrize("jets", elimination.closed_surrogates(), ids=("first", "second"))
def test_the_projector_keeps_its_algebra_for_a_unitary_generator(jets):
    p, v = jets.projector, jets.fluctuation
    for nothing in (p @ p - p, p @ jets.liouvillian, jets.liouvillian @ p, p @ v @ p):
        assert np.abs(nothing).max() < 1e-12
    assert np.abs(jets.exact(jets.lag - jets.commutator, 1)).max() < 1e-11
    assert np.abs(jets.exact(p @ jets.commutator, 1)).max() < 1e-11


@pytest.mark.parametrize("jets", elimination.surrogates(), ids=("first", "second"))
def test_coefficients_of_the_master_equation(jets):
    # Read off what multiplies ∂_p² and ∂_p p: (A16) to (A20) and (A23), signs and factors.
    drift, diffusion = jets.friction_of_wigner(), 0.5 * jets.diffusion_of_wigner()
    for whole in (
        elimination.master_equation(jets) - jets.mean_motion_of_wigner(),
        jets.trace @ elimination.exact_second_order(jets) @ jets.attach,
    ):
        rest = jets.exact(whole, 2, 2)[0]
        basis = np.stack([jets.exact(a, 2, 2)[0] for a in (drift, diffusion)], axis=1)
        (gamma, d), *_ = np.linalg.lstsq(basis, rest.real, rcond=None)
        assert d == pytest.approx(jets.charge.diffusion(jets.x), rel=1e-10)
        assert gamma == pytest.approx(elimination.damping_from_response(jets), rel=1e-10)
        assert gamma == pytest.approx(elimination.damping_from_commutator(jets), rel=1e-10)
    found = jets.exact(elimination.friction(jets), 2, 1)[0]
    expected = -gamma * jets.exact(drift, 2, 1)[0]
    assert np.abs(found - expected).max() < 1e-10 * np.abs(expected).max()
    # Backwards, as printed, every integral over time diverges.
    assert np.isinf(elimination.friction(jets, exponent=-1)).all()
    assert np.isinf(elimination.damping_from_response(jets, exponent=-1))
    assert np.isinf(elimination.damping_from_commutator(jets, exponent=-1))


def test_born_and_markov_errs_in_third_order():
    # The exact generator of the slow motion, at slow operators scaled by ε, less (A14).
    jets = Jets(random_charge(4), mass=0.7, frequency=1.1, x=-0.5, p=0.9, order=1)
    inside = jets.projector @ (jets.mean_motion + jets.fluctuation)
    errors = []
    for epsilon in (0.02, 0.01):
        slow = epsilon * (jets.mean_motion + jets.fluctuation)
        whole = jets.liouvillian + slow
        energies, states = np.linalg.eig(whole)
        kept = np.argsort(np.abs(energies))[: len(jets.trace)]
        frame = states[:, kept] @ np.linalg.pinv(jets.trace @ states[:, kept])
        exact = jets.trace @ whole @ frame
        approximate = (
            jets.trace
            @ (epsilon * inside + epsilon**2 * elimination.after_born_and_markov(jets))
            @ jets.attach
        )
        errors.append(np.abs(exact - approximate).max())
    assert 2.7 < np.log2(errors[0] / errors[1]) < 3.3


@pytest.mark.parametrize(("voltage", "x"), [(6.0, 2.0), (16.0, 0.0)])
def test_response_and_commutator_agree_for_real_leads(voltage, x):
    device = qem.paper_device(voltage)
    scale = float(qem.diffusion(device, x)) / (2 * device.left.temperature)
    gamma = real_leads.response_and_commutator(device, x)
    assert gamma["A23"] == pytest.approx(gamma["closed form"], abs=1e-6 * scale)
    assert gamma["A20"] == pytest.approx(gamma["A23"], abs=1e-5 * scale)


# mγ at x = 3 by another program, with 480 modes a lead and no code in common.
OTHER_MODES = {0.0: 3.2745e-4, 16.0: -1.5568e-4}


@pytest.mark.parametrize("voltage", OTHER_MODES)
def test_with_real_leads_either_exponent_gives_the_same_diffusion_and_friction(voltage):
    device, x = qem.paper_device(voltage), 3.0
    forth, back = real_leads.both_directions(device, x)
    exact = qem.electron_coefficients(device, x)
    scale = float(exact.diffusion) / (2 * device.left.temperature)
    for charge in (forth, back):
        assert charge.diffusion == pytest.approx(float(exact.diffusion), rel=1e-7)
        assert charge.damping_from_response == pytest.approx(float(exact.damping), abs=1e-6 * scale)
    assert forth.damping == pytest.approx(float(exact.damping), abs=1e-6 * scale)
    assert back.damping == pytest.approx(-float(exact.damping), abs=1e-6 * scale)
    assert forth.damping_from_response == pytest.approx(OTHER_MODES[voltage], abs=6e-9)


def test_the_operator_identities_leave_nothing():
    assert set(phase_space.correspondences().values()) == {0}
    assert phase_space.equation_of_motion() == 0
    assert phase_space.langevin_and_fokker_planck() == 0
