"""Discrete electrons in time against the formulas: currents, and all their spectra."""

from dataclasses import replace

import numpy as np
import pytest
from cases import UNLIKE, Sum

import qemlib as qem
from qemlib.witness.currents import currents_in_time

OMEGA = np.array([0.0, 0.5, -1.0, 3.0])
OWN = replace(
    qem.paper_device(3.0),
    left=qem.Lead(Sum(qem.Lorentzian(0.5, 1.0, 1.0), qem.Lorentzian(-1.0, 1.5, 0.7)), 1.5, 3.0),
)


@pytest.mark.parametrize(
    ("dev", "x"), [(qem.paper_device(6.0), 3.0), (UNLIKE, 1.5), (OWN, -1.0)], ids=["a", "b", "c"]
)
def test_discrete_electrons_flow_and_fluctuate_alike(dev, x):
    found = currents_in_time(dev, x, OMEGA)
    at, noise = qem.electron_transport(dev, x), qem.current_noise(dev, x, OMEGA)
    assert found.current == pytest.approx(float(at.current) * np.array([1, -1]), abs=1e-7)
    potentials = [lead.chemical_potential for lead in dev.leads]
    heat = found.energy_current - potentials * found.current
    # Modes far out hold little, but energetic, charge.
    assert heat == pytest.approx(at.heat_current, abs=2e-6)
    scale = noise.left.max()
    for (a, b), exact in {
        (0, 0): noise.left,
        (1, 1): noise.right,
        (0, 1): noise.cross,
        (1, 0): noise.cross.conj(),
    }.items():
        assert np.abs(found.spectrum[a, b] - exact).max() < 1e-7 * scale
    assert f"{OMEGA.size} frequencies" in repr(found)


def test_refusals():
    with pytest.raises(ValueError, match=r"^max_modes must be at least"):
        currents_in_time(UNLIKE, 0.0, max_modes=10)
    with pytest.raises(ValueError, match=r"^omega must"):
        currents_in_time(UNLIKE, 0.0, [np.nan])
    with pytest.raises(TypeError, match=r"^device must be a Device"):
        currents_in_time(None, 0.0)
