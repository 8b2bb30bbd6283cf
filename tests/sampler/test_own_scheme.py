"""A scheme of one's own: it goes where the name of one would, without a change of the package."""

import pickle

import numpy as np
import pytest
from numba import njit

import qemlib as qem
from qemlib.sampler import _chain, _step
from qemlib.sampler._scheme import NODES
from qemlib.sampler.kernels import LANES, OPTIONS, draw, fetch, locate, look_up
from qemlib.sampler.schemes import (
    SCHEMES,
    Scheme,
    error_of_rates,
    linear_bias,
    linear_covariance,
    scheme_of,
)

SIGMAS = 5.0


@njit(**OPTIONS)
def leapfrog_stride(state, words, scratch, field, interval):
    """Half a kick, a drift, half a kick, as others write velocity Verlet; noise with each half."""
    table, grid, angles = field
    xi, nodes, rows, wide = scratch.xi, scratch.nodes, scratch.rows, scratch.wide
    theta = angles[0, 0]
    for k in range(interval):
        draw(words, xi)
        for half in range(2):
            if locate(state, grid, nodes):
                return k
            fetch(table, nodes, rows, wide)
            for i in range(LANES):
                q, y = state[0, i], state[1, i]
                y += rows[4 * i + 1] - theta * grid.half * q
                y += rows[4 * i + 2] * xi[i] - rows[4 * i] * y
                state[1, i] = y
                if half == 0:
                    state[0, i] = q + theta * y
    return -1


class Leapfrog(Scheme):
    """The same ξ acts in both halves, each with D for a quarter of the step: together √D Δt."""

    name = "leapfrog"
    angle = 0.1
    stride = staticmethod(leapfrog_stride)

    def columns(self, model, x, force, step):
        loss, push, noise = super().columns(model, x, force, step)
        return 0.5 * loss, 0.5 * push, 0.5 * noise

    def move(self, q, y, xi, theta, kick):
        for half in range(2):
            push = kick(q, y, 0.0)[1]
            y = y + push - 0.5 * theta * q
            # b − (1 − a) y + s ξ, with the y that has been pushed
            noise = kick(q, 0.0 * y, xi)[0] - push
            y = y + noise + (kick(q, y, 0.0)[0] - push)
            if half == 0:
                q = q + theta * y
        return q, y


class Copy(type(SCHEMES["symplectic"])):
    """Symplectic Euler under another name: plain Python, which is compiled when it is used."""

    name = "copy"
    kept = False

    @staticmethod
    def stride(state, words, scratch, field, interval):
        theta, xi, rows = field.angles[0, 0], scratch.xi, scratch.rows
        for k in range(interval):
            draw(words, xi)
            if look_up(state, scratch, field):
                return k
            for i in range(LANES):
                q, y = state[0, i], state[1, i]
                change = rows[4 * i + 1] - rows[4 * i] * y + rows[4 * i + 2] * xi[i]
                y = y + (change - theta * q)
                state[0, i] = q + theta * y
                state[1, i] = y
        return -1


def model_of(friction, pull=0.0, wave=0.0):
    x = np.linspace(-25.0, 25.0, 401)
    one = np.ones_like(x)
    force = 0.25 * (pull * x + wave * np.sin(x))
    return qem.LangevinModel(1.0, 0.5, x, force, 0.5 * friction * one, 1.25 * friction * one)


def test_the_same_steps_are_the_same_bits():
    model = model_of(0.1, 0.1)
    runs = [
        qem.sample(model, 2_000_000, step=0.4, scheme=scheme, progress=False)
        for scheme in ("symplectic", SCHEMES["symplectic"], Copy())
    ]
    assert [run.scheme for run in runs] == ["symplectic", "symplectic", "copy"]
    assert len({run.phonon_number for run in runs}) == 1
    assert len({run.expected_bias for run in runs}) == 1
    assert (runs[0].histogram.counts == runs[2].histogram.counts).all()


def test_a_scheme_of_ones_own_has_the_averages_of_the_exact_state():
    model = model_of(0.1, wave=0.3)
    exact = qem.steady_state(model)
    run = qem.sample(model, 60_000_000, scheme=Leapfrog(), step=0.1, progress=False)
    assert run.scheme == "leapfrog"
    assert 0 < run.expected_bias < 0.02
    assert "'leapfrog'" in repr(run)
    for name in ("phonon_number", "g2"):
        missed = getattr(run, name) - getattr(exact, name)
        bias = run.expected_bias * (exact.phonon_number + 0.5)
        assert abs(missed) < SIGMAS * run.standard_error(name) + 2 * bias
    assert run.standard_error("phonon_number") < 0.01 * run.phonon_number


def test_what_a_step_does_to_a_linear_oscillator_is_read_off_its_move():
    model, angle = model_of(0.3, -0.2), 0.6
    run = qem.sample(model, 30_000_000, scheme=Leapfrog(), step=angle / 0.5, progress=False)
    # ⟨y²⟩ = 1.25 in equilibrium.
    exact = 1.25 * np.trace(linear_covariance(Leapfrog(), angle, 0.3, -0.2))
    bias = linear_bias(Leapfrog(), angle, 0.3, -0.2)
    assert abs(bias) > 10 * run.standard_error("phonon_number") / exact  # else this tells nothing
    assert abs(run.phonon_number + 0.5 - exact) < SIGMAS * run.standard_error("phonon_number")
    assert abs(run.expected_bias) > abs(bias)


@pytest.mark.parametrize("name", SCHEMES)
@pytest.mark.parametrize("pull", [0.0, 0.3, -0.4])
def test_maps_that_are_written_down_are_those_of_the_move(name, pull):
    scheme = SCHEMES[name]
    theta, friction = (0.01, 0.3) if name == "euler" else (0.4, 0.3)
    for written, read in zip(
        scheme.linear_map(theta, friction, pull),
        Scheme.linear_map(scheme, theta, friction, pull),
        strict=True,
    ):
        assert read == pytest.approx(written, abs=1e-12)


def test_its_chain_is_solved_and_its_rates_are_known():
    model = model_of(0.5, 0.2)
    found, error = _chain.mean_square(model, qem.orbit_average(model), Leapfrog(), 0.4, NODES)
    assert found == pytest.approx(
        1.25 * np.trace(linear_covariance(Leapfrog(), 0.2, 0.5, 0.2)), rel=1e-4
    )
    assert error < 1e-5
    # Of first order in the step where friction is, too.
    coarse, fine = (error_of_rates(Leapfrog(), angle, 0.5) for angle in (0.02, 0.01))
    assert coarse == pytest.approx(2 * fine, rel=0.1)


def test_a_run_of_it_goes_on():
    short = qem.sample(model_of(0.1), 1_000_000, scheme=Copy(), step=0.2, progress=False)
    whole = qem.sample(
        model_of(0.1), 2_000_000, scheme=Copy(), step=0.2, walkers=short.walkers, progress=False
    )
    for run in (short, pickle.loads(pickle.dumps(short))):
        more = qem.sample(model_of(0.1), 2_000_000, resume=run, progress=False)
        assert more.phonon_number == whole.phonon_number
        assert more.scheme == "copy"


def test_it_chooses_a_step_if_it_has_an_angle():
    chosen = _step.choose(model_of(1e-3), Leapfrog(), None, None)
    assert chosen.size < Leapfrog.angle / 0.5
    assert chosen.expected_bias <= 1e-4


def test_what_is_missing_is_told():
    with pytest.raises(ValueError, match="step must be given for scheme 'copy', got None"):
        qem.sample(model_of(0.1), 10**6, scheme=Copy(), progress=False)
    with pytest.raises(TypeError, match=r"must be a Scheme, got the class Copy itself.*Copy\(\)"):
        scheme_of(Copy)
    with pytest.raises(
        ValueError, match=r"one of \[.*'baoab', .*'symplectic'.*\] or a Scheme, got 3"
    ):
        scheme_of(3)

    class Half(Scheme):
        name = "half"

        def move(self, q, y, xi, theta, kick):
            return q, y

    with pytest.raises(TypeError, match="abstract method.*stride"):
        Half()
