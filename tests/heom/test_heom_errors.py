"""What the full quantum answer refuses, and what it says then."""

from dataclasses import replace

import numpy as np
import pytest

import qemlib as qem
from qemlib.heom import _convergence
from qemlib.heom._solution import solution

DEVICE = replace(
    qem.paper_device(2.0), oscillator=qem.Oscillator(frequency=1.0, mass=2.0), coupling=0.25
)
TABLE = qem.Lead(
    qem.Tabulated(np.linspace(-6, 6, 99), np.exp(-(np.linspace(-6, 6, 99) ** 2))), 1.0, 1.0
)


def refused(error, match, device=DEVICE, *args, **options):
    for function in (qem.full_quantum, qem.coherence_decay):
        if "levels" in options and function is qem.coherence_decay:
            continue
        with pytest.raises(error, match=match):
            function(device, *args, progress=False, **options)


def test_leads_that_are_no_exponentials():
    refused(ValueError, "the right lead must be Lorentzian", replace(DEVICE, right=TABLE))


def test_cut_offs_that_are_too_small():
    refused(qem.ConvergenceError, "the highest of levels = 9 holds .*, at most 1e-05", levels=9)


def test_accuracy_that_memory_or_time_does_not_reach():
    match = "accuracy = 1e-05 takes .* bytes and about .* s; memory_limit = 5e\\+05"
    refused(qem.ConvergenceError, match, DEVICE, 1e-5, memory_limit=5e5)
    refused(qem.ConvergenceError, "time_limit = 0.001", DEVICE, 1e-5, time_limit=1e-3)


def test_leads_too_cold_for_pade():
    cold = [replace(lead, temperature=1e-3) for lead in DEVICE.leads]
    refused(
        qem.ConvergenceError,
        "12 Pade terms describe the Fermi functions with an error .* T = 0.001",
        replace(DEVICE, left=cold[0], right=cold[1]),
    )


def test_oscillators_that_are_driven_without_end(monkeypatch):
    # At infinite bias, fast beside the electrons: friction is negative at every amplitude.
    full, empty = (
        qem.Lead(qem.Lorentzian(center, 1.0, 2.0), mu, 2.0)
        for center, mu in ((0.5, np.inf), (-0.5, -np.inf))
    )
    device = qem.Device(qem.Oscillator(0.8), full, empty, coupling=0.1)
    solved = []
    monkeypatch.setattr(_convergence, "solution", counted(solved))
    with pytest.raises(qem.NoSteadyState, match="along its orbits, .* never falls below 1.0e"):
        qem.full_quantum(device, 0.1, progress=False)
    # It takes no thousands of levels to see that.
    assert max(each.levels for each in solved) < 1000
    assert len(solved) < 10


def counted(calls):
    """The solution itself, which tells of each resolution that it is asked for."""

    def function(pair, level, motion, resolution, **options):
        calls.append(resolution)
        return solution(pair, level, motion, resolution, **options)

    return function


def test_oscillators_that_nothing_touches():
    refused(ValueError, "without coupling or damping", replace(DEVICE, coupling=0.0))


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"accuracy": 0.5}, "accuracy must lie between 1e-7 and 0.1, got 0.5"),
        ({"accuracy": -1.0}, "accuracy must be finite and greater than 0"),
        ({"damping": -0.1}, "damping must not be negative, got -0.1"),
        ({"damping": 0.1, "bath_occupation": -1.0}, "bath_occupation must not be negative"),
        ({"damping": 0.1, "bath_temperature": 0.0}, "bath_temperature must be finite and greater"),
        ({"bath_occupation": 1.0, "bath_temperature": 1.0}, "exclude each other"),
        ({"bath_occupation": 1.0}, "needs damping"),
        ({"memory_limit": 0.0}, "memory_limit must be finite and greater than 0"),
        ({"time_limit": np.nan}, "time_limit must be finite and greater than 0"),
        ({"levels": 3}, "levels must be a whole number of at least 8"),
    ],
    ids=str,
)
def test_options_out_of_range(options, match):
    refused(ValueError, match, **options)


def test_things_of_another_kind():
    refused(TypeError, "device must be a Device, got", 3.0)
    refused(TypeError, "exponentials must be a pair", exponentials=3.0)
    refused(TypeError, "exponentials must be an Exponentials, got", exponentials=(1.0, 2.0))


def test_it_can_be_interrupted(monkeypatch):
    from qemlib.heom import _elimination

    def stops(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(_elimination, "solved", stops)
    with pytest.raises(KeyboardInterrupt):
        qem.full_quantum(DEVICE, progress=False)
