"""Correlations along trajectories, against (A24) over ten periods."""

import numpy as np
import pytest
from cases import model_of

import qemlib as qem


def model():
    return model_of(
        lambda x: 0.08 - 0.05 * np.exp(-(x**2) / 32), 0.2, lambda x: 0.3 * np.tanh(x / 4)
    )


def run(**wishes):
    return qem.sample(model(), steps=6_000_000, seed=5, progress=False, **wishes)


def test_trajectories_correlate_as_the_density_does():
    way = run(trajectory=1)
    spacing = way.trajectory.time[1] - way.trajectory.time[0]
    period = 2 * np.pi / 0.5
    times = spacing * np.unique(np.round(np.linspace(0, 10 * period, 12) / spacing))
    for observable in ("x", "p", "x2", np.tanh):
        found = qem.sampled_correlation(way, times, observable)
        exact = qem.position_correlation(model(), times, observable, rtol=1e-5)
        assert (np.abs(found.value - exact) < 4 * found.error).all()
        assert (found.error < 0.1 * exact[0]).all()


def test_refusals():
    with pytest.raises(TypeError, match="run must be a SampledState"):
        qem.sampled_correlation(model(), [0.0])
    with pytest.raises(ValueError, match="run must hold a trajectory"):
        qem.sampled_correlation(run(), [0.0])
    way = run(trajectory=6)
    spacing = way.trajectory.time[1] - way.trajectory.time[0]
    with pytest.raises(ValueError, match="times must be multiples of the trajectory's spacing"):
        qem.sampled_correlation(way, [0.3 * spacing])
    with pytest.raises(ValueError, match="times must rise"):
        qem.sampled_correlation(way, [-1.0])
    with pytest.raises(ValueError, match="observable must be one of"):
        qem.sampled_correlation(way, [0.0], "current")
    with pytest.raises(qem.TooShortError, match="is too short for a time"):
        qem.sampled_correlation(way, [spacing * (way.trajectory.time.size // 4)])
