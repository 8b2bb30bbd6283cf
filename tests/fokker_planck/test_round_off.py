"""Where the floor of a steady state's errors comes from: two numbers, and both are held here.

‖δW‖ ≤ ‖L W‖/σ with σ the least singular value of L but the one that vanishes.  So the floor is what
round-off leaves of L W, times 1/σ.
"""

from dataclasses import replace

import numpy as np
import pytest
from cases import paper_model, random_model
from scipy.linalg import svdvals

import qemlib as qem
from qemlib.fokker_planck import generator, stationary
from qemlib.fokker_planck._sizes import extent_of
from qemlib.fokker_planck.basis import disk
from qemlib.fokker_planck.generator import generator_of

# 1/σ in units of the slowest relaxation, and L W in units of N ω0 W.
INVERSE = 4.0
LEFT = 2.0 * np.finfo(float).eps

# Cold states are told to be none of quantum mechanics.
pytestmark = pytest.mark.filterwarnings("ignore::qemlib.ClassicalStateWarning")

MODELS = {f"V = {voltage:g}": lambda v=voltage: paper_model(v) for voltage in (0.0, 10.0, 30.0)} | {
    "noise at the oscillator": lambda: paper_model(10.0, "oscillator"),
    "weak coupling": lambda: qem.LangevinModel.from_device(
        replace(qem.paper_device(10.0), coupling=0.02)
    ),
    **{f"random {seed}": lambda s=seed: random_model(s)[1] for seed in (1, 12, 30, 38)},
}


def test_the_floor_is_the_product():
    assert stationary._PER_FUNCTION == INVERSE * LEFT


@pytest.mark.parametrize("name", MODELS)
def test_the_equation_answers_no_more_slowly_than_it_relaxes(name):
    model = MODELS[name]()
    estimate = qem.orbit_average(model)
    middle, radius = extent_of(estimate)
    least = svdvals(generator_of(model, disk(32, radius, middle)).sparse().toarray())[-2]
    slowest = max(estimate.relaxation_time, stationary._FEWEST_TURNS / model.frequency)
    assert 1.0 / least < INVERSE * slowest


@pytest.mark.parametrize("name", MODELS)
def test_what_round_off_leaves_of_the_equation(name, monkeypatch):
    """Another quadrature makes other round-off: its L knows what the first has left."""
    model = MODELS[name]()
    middle, radius = extent_of(qem.orbit_average(model))
    basis = disk(96, radius, middle)
    coefficients = generator_of(model, basis).null_vector()
    rule = generator.quadrature_between
    monkeypatch.setattr(
        generator, "quadrature_between", lambda x, count, *rest: rule(x, 3 * count, *rest)
    )
    left = generator_of(model, basis).residual(coefficients)
    assert 0.0 < left < LEFT * basis.size * model.frequency
