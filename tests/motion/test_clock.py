"""Ticks of the averaged model: closed forms, and constants that belong to any oscillator."""

import numpy as np
import pytest
from cases import paper_model
from scipy.special import exp1, ndtr

import qemlib as qem
from qemlib.motion import _clock
from qemlib.motion.diffusion import correlation_modes


def state_of(friction, shift, diffusion, phase, reach=70.0, mass=1.0, frequency=0.2):
    amplitudes = np.linspace(0.0, reach, 201)
    values = (np.vectorize(f)(amplitudes) for f in (friction, shift, diffusion, phase))
    model = qem.AveragedModel(mass, frequency, amplitudes, *values)
    return qem.averaged_state(model, edge_weight=1e-6)


def linear(shift=0.0, friction=1e-3, temperature=2.0):
    """Constant friction and noise; ⟨A²⟩ = 2T/mω0², and δω = shift·A²."""
    d = friction * temperature / (2 * 0.2**2)
    return state_of(lambda _A: friction, lambda A: shift * A**2, lambda _A: d, lambda _A: d)


def test_a_ring_of_one_frequency_has_the_accuracy_of_its_phase_diffusion():
    # So thin a ring that all of it is at A = 300, or 95 x0.
    d = 1e-2
    state = state_of(
        lambda A: 1e-2 * ((A / 300.0) ** 2 - 1.0) / (1.0 + (A / 300.0) ** 2),
        lambda _A: 0.05,
        lambda _A: 0.03,
        lambda _A: d,
        reach=400.0,
    )
    parts = state.clock_parts()
    assert parts["rate"] == pytest.approx(0.25 / (2 * np.pi), rel=1e-9)
    assert parts["phase"] == pytest.approx(d / 300.0**2, rel=1e-3)
    assert abs(parts["pulling"]) < 1e-12
    assert parts["missed"] == 0
    assert state.clock_accuracy() == pytest.approx(np.pi * 0.25 * 300.0**2 / d, rel=1e-3)


def test_pulling_of_a_frequency_that_depends_on_the_energy():
    # A² of a thermal state decays at the rate γ alone: ∫C dτ = Var(δω)/γ, and Var(A²) = ⟨A²⟩².
    shift, mean = 1e-7, 2 * 2.0 / 0.2**2
    assert linear(shift).clock_parts()["pulling"] == pytest.approx(
        (shift * mean) ** 2 / 1e-3, rel=2e-3
    )


def test_variance_of_the_phase_over_time():
    shift, friction, mean = 1e-7, 1e-3, 2 * 2.0 / 0.2**2
    state = linear(shift)
    times = np.array([[30.0, 300.0], [3e3, 3e5]])
    phase = 2 * state.clock_parts()["phase"] * times
    # δω of a thermal state forgets at the rate γ alone.
    pulled = 2 * (shift * mean / friction) ** 2 * (friction * times + np.expm1(-friction * times))
    assert state.phase_variance(times) == pytest.approx(phase + pulled, rel=5e-3)
    paper = qem.averaged_state(qem.AveragedModel.from_langevin(paper_model(10.0)))
    parts = paper.clock_parts()
    late = np.diff(paper.phase_variance([2e5, 3e5]))[0] / 1e5
    assert late == pytest.approx(2 * (parts["phase"] + parts["pulling"]), rel=2e-3)


def test_slow_noise_as_the_whole_operator_has_it():
    # x² is A²/2 but for what turns: its spectrum at zero frequency is what the amplitude forgets.
    model = paper_model(10.0)
    state = qem.averaged_state(qem.AveragedModel.from_langevin(model))
    amplitude, content, conductance = state._chain
    rates, parts = correlation_modes(content, conductance, 0.5 * amplitude**2)
    exact = float(qem.position_spectrum(model, 0.0, rtol=1e-3, observable="x2"))
    assert 2.0 * float(np.sum(parts / rates)) == pytest.approx(exact, rel=5e-3)


def rice(friction):
    """Var/t of the number of zeros of a linear oscillator of frequency 1 driven by white noise.

    Rice; Steinberg, Schultheiss, Wogrin and Zweig, J. Appl. Phys. 26, 195 (1955): ρ + 2∫(ρ₂ − ρ²)dτ
    with the density ρ = 1/π of zeros and ρ₂ of pairs of them.
    """
    turn = np.sqrt(1 - friction**2 / 4)
    half = np.pi / turn

    def excess(tau):
        decay, c, s = np.exp(-friction * tau / 2), np.cos(turn * tau), np.sin(turn * tau)
        r, slope = decay * (c + friction / 2 / turn * s), -decay * s / turn
        bend = -r - friction * slope
        free = 1 - r**2
        own, other = free - slope**2, bend * free + r * slope**2
        root = np.sqrt(np.maximum(own**2 - other**2, 0.0))
        return ((root + other * np.arctan2(other, root)) / free**1.5 - 1) / np.pi**2

    node, weight = np.polynomial.legendre.leggauss(200)
    start = 1e-3  # where ρ₂ is constant, and round-off has not set in
    square = ((node + 1) / 2) ** 2
    first = start + (half / 2 - start) * square
    total = start * excess(np.array([start]))[0]
    total += (excess(first) * weight * (half / 2 - start) * np.sqrt(square)).sum()
    # Pairs lie close to whole half turns, the closer the earlier.
    k = np.arange(1, int(40 / friction / half))[:, None]
    width = 0.3 * np.sqrt(1 - np.exp(-friction * k * half))
    top = np.arcsinh(half / 2 / width)
    off, stretch = width * np.sinh(top * node), width * np.cosh(top * node) * top
    total += (excess(k * half + off) * stretch * weight).sum()
    return 1 / np.pi + 2 * total


@pytest.mark.parametrize("friction", [0.01, 0.002])
def test_zeros_of_a_linear_oscillator(friction):
    # Var n of the rises is a quarter of that of all zeros; D = 2π² dVar n/dt = ¼γ E1(z).
    exact = np.pi**2 / 2 * rice(friction)
    assert friction / 4 * exp1(_clock._CORE * np.pi * friction / 2) == pytest.approx(
        exact, rel=1e-4
    )
    # The same through the averaged state: γ/ω0 is what counts.
    state = linear(friction=0.2 * friction)
    assert state.clock_accuracy() == pytest.approx(np.pi / exact, rel=2e-3)


def test_half_turns_that_fail():
    # Runs of a Gaussian walk below an edge: how many there are, and how many of them are odd.
    node, weight = np.polynomial.legendre.leggauss(20)
    ends = np.linspace(0.0, 60.0, 61)
    depth = (ends[:-1, None] + (node + 1) / 2).ravel()
    measure = np.tile(weight / 2, 60)
    step = np.exp(-((depth[:, None] - depth) ** 2) / 2) / np.sqrt(2 * np.pi) * measure
    entered = ndtr(-depth)
    alternating = np.linalg.solve(np.eye(depth.size) + step, entered)
    runs = measure @ entered
    assert runs == pytest.approx(1 / np.sqrt(2 * np.pi), rel=1e-9)
    assert pytest.approx(_clock._EDGE, rel=1e-3) == 0.5 * (runs + measure @ (entered * alternating))


def test_wider_hysteresis_misses_more():
    state = qem.averaged_state(qem.AveragedModel.from_langevin(paper_model(16.0)))
    x0 = state.model.x0
    parts = [state.clock_parts(h * x0) for h in (0.0, 0.5, 1.0, 2.0)]
    assert (np.diff([p["accuracy"] for p in parts]) < 0).all()
    assert (np.diff([p["rate"] for p in parts]) < 0).all()
    assert (np.diff([p["phase"] for p in parts]) < 0).all()
    assert len({p["pulling"] for p in parts}) == 1


def test_refusals():
    state = linear()
    with pytest.raises(ValueError, match="hysteresis must not be negative, got -1"):
        state.clock_parts(-1.0)
    with pytest.raises(ValueError, match="hysteresis must be 0 or at least"):
        state.clock_accuracy(1e-3)
    with pytest.raises(ValueError, match="times must not be negative, got -1"):
        state.phase_variance([1.0, -1.0])
    with pytest.raises(qem.NoTicks, match="hysteresis must be smaller than the widest orbits"):
        state.clock_accuracy(1e3)
