"""Allan variance of noises whose variance is known in closed form."""

import numpy as np
import pytest

import qemlib as qem

TIMES = np.array([1.0, 4.0, 16.0])


def noise(seed, clocks=256, readings=400):
    return np.random.default_rng(seed).normal(size=(clocks, readings))


def agrees(deviation, exact):
    found = qem.allan_variance(deviation, 1.0, TIMES)
    assert (np.abs(found.value - exact) < 4 * found.error).all()
    assert (found.error < 0.05 * exact).all()


def test_white_noise_of_the_phase():
    agrees(noise(1), 3 / TIMES**2)


def test_white_noise_of_the_frequency():
    agrees(np.cumsum(noise(2), axis=1), 1 / TIMES)


def test_frequency_that_walks_at_random():
    # Sums in place of integrals: τ/3 + 1/6τ.
    agrees(np.cumsum(np.cumsum(noise(3), axis=1), axis=1), TIMES / 3 + 1 / (6 * TIMES))


def test_frequency_that_forgets_has_a_bump():
    # An Ornstein-Uhlenbeck process of correlation time c and variance 1, in closed form.
    c, step = 20.0, 0.5
    times = np.array([4.0, 38.0, 300.0])
    random = noise(4, 512, 8000)
    keep = np.exp(-step / c)
    frequency = np.empty_like(random)
    frequency[:, 0] = random[:, 0]
    for k in range(1, random.shape[1]):
        frequency[:, k] = keep * frequency[:, k - 1] + np.sqrt(1 - keep**2) * random[:, k]
    phase = step * np.cumsum(0.5 * (frequency[:, 1:] + frequency[:, :-1]), axis=1)
    found = qem.allan_variance(phase, step, times)

    def spread(t):
        return 2 * c * (t - c * (1 - np.exp(-t / c)))

    exact = (4 * spread(times) - spread(2 * times)) / (2 * times**2)
    assert (np.abs(found.value - exact) < 4 * found.error + 1e-3 * exact).all()
    assert found.value[1] > max(found.value[0], found.value[2])


def test_refusals():
    some = noise(5, 8, 20)
    with pytest.raises(ValueError, match="^deviation must hold at least 8 clocks"):
        qem.allan_variance(some[:7], 1.0, [1.0])
    for times in ([0.5], [0.0], [2.0, 1.0], []):
        with pytest.raises(ValueError, match="^times must be rising multiples of the spacing"):
            qem.allan_variance(some, 1.0, times)
    with pytest.raises(ValueError, match="^times must be shorter than half a record of 20"):
        qem.allan_variance(some, 1.0, [10.0])
    with pytest.raises(ValueError, match="^spacing must be finite and greater than 0"):
        qem.allan_variance(some, 0.0, [1.0])
