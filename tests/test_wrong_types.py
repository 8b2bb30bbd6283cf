"""Whatever is put in the place of something else: a sentence that names the argument."""

import atexit
import inspect
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import numpy as np
import pytest

import qemlib as qem
from qemlib.plotting.explorer import DeviceExplorer
from qemlib.sampler.schemes import error_of_rates, linear_bias, linear_covariance
from qemlib.states.summary import summary
from qemlib.witness.currents import currents_in_time
from qemlib.witness.hierarchy import bath_exponents, charge_in_hierarchy
from qemlib.witness.integrals import defining_integrals
from qemlib.witness.modes import charge_in_time
from qemlib.witness.pseudomodes import charge_in_motion

X = np.linspace(-25.0, 25.0, 101)
ZERO = np.zeros_like(X)
DEVICE = qem.paper_device(4.0)
# Few phonons: cheap without adiabatic elimination.
SMALL = replace(qem.paper_device(0.0), oscillator=qem.Oscillator(1.5))
WIDE = np.linspace(-20.0, 20.0, 401)
TABLE = qem.Lead(qem.Tabulated(WIDE, 1.0 / (1.0 + WIDE**2)), 0.0, 1.0)
BAND = qem.Lorentzian(0.5, 1.0, 2.0)
MODEL = qem.LangevinModel(1.0, 0.5, X, ZERO, ZERO + 0.02, ZERO + 0.05)
STATE = qem.orbit_average(MODEL)
DRIVEN = qem.orbit_average(qem.LangevinModel.from_device(DEVICE))
BATCHES = np.stack([0.25 + np.linspace(-0.07, 0.07, 8), 0.75 - np.linspace(-0.07, 0.07, 8)], axis=1)
RATES = np.broadcast_to([[-1.0, 1.0], [1.0, -1.0]], (9, 2, 2)).copy()
STEPS = {"steps": 300_000, "check": False, "progress": False}
SWEPT = Path(mkdtemp(), "sweep.zarr")
atexit.register(rmtree, SWEPT.parent)
with ThreadPoolExecutor(1) as here:
    qem.sweep([MODEL], None, "preview", here, SWEPT, observables=["g2"])
FERMI = {"scheme": "rotation", "angle": 0.2, "friction": 0.1, "pull": 0.0}

# What each takes: arguments with which it does what it should.
TAKES = {
    qem.Device: {
        "oscillator": qem.Oscillator(0.2),
        "left": DEVICE.left,
        "right": DEVICE.right,
        "coupling": 0.1,
        "level": 0.0,
    },
    qem.LangevinModel: {
        "mass": 1.0,
        "frequency": 0.5,
        "x": X,
        "force": ZERO,
        "damping": ZERO,
        "diffusion": ZERO,
    },
    qem.LangevinModel.from_device: {"device": DEVICE, "half_width": 30.0},
    qem.Lead: {"density": BAND, "chemical_potential": 0.0, "temperature": 1.0},
    qem.Lorentzian: {"center": 0.5, "bandwidth": 1.0, "rate": 2.0},
    qem.Measurement: {"quantity": "damping", "values": 3e-4, "errors": 1e-5, "at": 1.0},
    qem.Oscillator: {"frequency": 0.2, "mass": 1.0},
    qem.Tabulated: {"omega": X, "kappa": np.exp(-(X**2) / 50.0), "interpolation": "cubic"},
    qem.Units: {"energy": 1.0, "mass": 1.0},
    qem.allan_variance: {"deviation": np.zeros((8, 9)), "spacing": 1.0, "times": [1.0]},
    qem.adiabaticity: {"device": DEVICE, "x": 0.0},
    qem.average_over_motion: {"state": DRIVEN, "quantity": qem.current, "device": DEVICE},
    qem.averaged_state: {
        "model": qem.AveragedModel.from_langevin(MODEL),
        "edge_weight": 1e-8,
    },
    qem.certified_ergotropy: {"mean": 3.0, "g2": 1.1, "mean_error": 0.1, "g2_error": 0.01}
    | {"higher": [1.2], "higher_error": 0.3, "frequency": 0.2},
    qem.coherence_decay: {"device": SMALL, "accuracy": 0.1, "damping": 0.0},
    qem.current: {"device": DEVICE, "x": 0.0},
    qem.current_noise: {"device": DEVICE, "x": 0.0, "omega": 0.0},
    qem.current_over_motion: {"state": DRIVEN, "device": DEVICE},
    qem.damping: {"device": DEVICE, "x": 0.0},
    qem.damping_threshold: {
        "device": DEVICE,
        "bracket": (6.0, 12.0),
        "over": "voltage",
        "position": 0.0,
        "noise_at": "zero",
    },
    qem.diffusion: {"device": DEVICE, "x": 0.0},
    qem.distribution: {"device": DEVICE, "omega": 0.0},
    qem.electron_coefficients: {"device": DEVICE, "x": 0.0},
    qem.electron_transport: {"device": DEVICE, "x": 0.0},
    qem.entropy: {"rho": [0.5, 0.5]},
    qem.entropy_production: {"device": DEVICE, "x": 0.0},
    qem.ergotropy: {"rho": [0.5, 0.5], "hamiltonian": [0.0, 1.0]},
    qem.ergotropy_threshold: {"device": DEVICE, "bracket": (8.5, 8.6), "planck": 1.0},
    qem.estimate_entropy: {"batches": BATCHES},
    qem.estimate_ergotropy: {"batches": BATCHES, "energies": [0.0, 1.0], "resolved": 5.0},
    qem.estimate_free_energy_work: {
        "batches": BATCHES,
        "energies": [0.0, 1.0],
        "temperature": 1.0,
    },
    qem.euler_equivalent: {"model": MODEL, "step": 0.01},
    qem.evolve: {"state": STATE, "model": MODEL, "times": [0.0, 1.0], "rtol": 1e-2},
    qem.excess_charge: {"device": DEVICE, "x": 0.0},
    qem.fit_device: {
        "data": qem.Measurement("damping", 3e-4, 1e-5),
        "start": DEVICE,
        "free": ["coupling"],
    },
    qem.fit_exponentials: {"lead": TABLE, "tolerance": 0.1, "most": 4},
    qem.free_energy_work: {"rho": [0.5, 0.5], "hamiltonian": [0.0, 1.0], "temperature": 1.0},
    qem.full_quantum: {"device": SMALL, "accuracy": 0.1, "damping": 0.0, "memory_limit": 1e9},
    qem.gaussian_ergotropy: {"state": STATE},
    qem.heat_current: {"device": DEVICE, "x": 0.0},
    qem.jackknife: {"batches": BATCHES, "function": lambda mean: mean[0]},
    qem.lorentzian_exponentials: {"lead": DEVICE.left, "pade_terms": 2},
    qem.noise_spectrum: {"device": DEVICE, "x": 0.0, "omega": 0.0},
    qem.occupation: {"device": DEVICE, "x": 0.0},
    qem.orbit_average: {"model": MODEL},
    qem.orbit_coefficients: {"device": DEVICE, "amplitudes": [1.0], "center": 0.0, "rtol": 1e-4},
    qem.paper_device: {"voltage": 4.0},
    qem.passive_g2: {"mean": 1.0},
    qem.position_correlation: {"model": MODEL, "times": [0.0, 1.0], "rtol": 1e-2},
    qem.position_spectrum: {"model": MODEL, "omega": 0.5, "rtol": 1e-2},
    qem.quantum_state: {"state": qem.steady_state(MODEL, rtol=1e-4), "missing_trace": 1e-3},
    qem.qutip_environment: {"lead": DEVICE.left, "pade_terms": 2},
    qem.rate_equation_coefficients: {
        "generator": RATES,
        "slope": 0.1 * RATES,
        "charge": np.array([0.0, 1.0]),
        "force": 0.1,
        "mass": 1.0,
    },
    qem.sample: {"model": MODEL, "seed": 1, "walkers": 128, "step": 0.8, "scheme": "rotation"}
    | {"burn_in": 1.0, "trajectory": 6}
    | STEPS,
    qem.sampled_correlation: {
        "run": qem.sample(MODEL, trajectory=6, **STEPS),
        "times": [0.0],
    },
    qem.sampled_ticks: {"model": MODEL, "time": 10.0, "thresholds": (-0.1, 0.1), "spacing": 2.0}
    | {"seed": 1, "walkers": 128, "step": 0.5, "burn_in": 1.0},
    qem.sampled_populations: {"radius": np.linspace(0.1, 2.0, 64), "levels": 2, "batches": 8},
    qem.second_order_coherence: {"populations": [0.5, 0.25, 0.25]},
    qem.slowest_rates: {"model": MODEL, "count": 1, "harmonic": 0, "rtol": 1e-2},
    qem.spectral_function: {"device": DEVICE, "x": 0.0, "omega": 0.0},
    qem.steady_state: {"model": MODEL, "rtol": 1e-4},
    qem.read_sweep: {"store": SWEPT},
    qem.sweep: {
        "base": DEVICE,
        "over": {"voltage": [0.0]},
        "method": "orbit",
        "executor": ThreadPoolExecutor(1),
        "store": None,
        "observables": ["g2"],
        "base_device": None,
    },
    qem.limit_cycles: {"model": qem.AveragedModel.from_langevin(MODEL)},
    qem.threshold_line: {
        "device": DEVICE,
        "over": {"temperature": (1.0, 2.0), "voltage": (4.0, 12.0)},
        "onset": "damping",
        "tolerance": 1e-2,
    },
    # Public in their own modules only.
    DeviceExplorer: {"device": DEVICE},
    bath_exponents: {"lead": DEVICE.left, "pade_terms": 2},
    charge_in_hierarchy: {"device": DEVICE, "x": 0.0, "depth": 2, "pade_terms": 2},
    charge_in_motion: {"device": DEVICE, "amplitude": 5.0, "center": 0.0, "steps": 16}
    | {"pade_terms": 2},
    charge_in_time: {"device": DEVICE, "x": 0.0},
    currents_in_time: {"device": DEVICE, "x": 0.0, "omega": [0.0]},
    defining_integrals: {"device": DEVICE, "x": 0.0, "digits": 15},
    error_of_rates: FERMI,
    linear_bias: FERMI,
    linear_covariance: FERMI,
    summary: {"device": DEVICE, "state": STATE},
}
# Arguments that are objects; all others are numbers, or one of a few words.
OBJECTS = {"oscillator", "left", "right", "density", "device", "base_device", "model", "state"}
OBJECTS |= {"start", "run", "lead", "over", "executor", "resume", "function", "quantity"}
UNCHECKED = {"check", "progress"}
# What None leaves open.
OPTIONAL = defaultdict(tuple) | {
    qem.average_over_motion: ("device",),
    qem.current_over_motion: ("device",),
    qem.LangevinModel.from_device: ("half_width",),
    qem.sample: ("steps", "seed", "walkers", "step", "scheme", "burn_in", "trajectory"),
    qem.sampled_ticks: ("thresholds", "spacing", "step", "burn_in"),
    qem.sweep: ("executor", "store", "observables", "base_device"),
    qem.Measurement: ("at",),
    DeviceExplorer: ("device",),
    summary: ("device",),
}
# Of objects, or of numbers and words: a matrix is a state, too.
EITHER = {
    (qem.quantum_state, "state"),
    (qem.evolve, "state"),
    (qem.damping_threshold, "over"),
    (qem.Measurement, "quantity"),
}

WRONG = {
    "None": None,
    "a word": "paper",
    "a device": DEVICE,
    "a model": MODEL,
    "a state": STATE,
    "a class": qem.Device,
    "an array of objects": np.array([DEVICE, None], dtype=object),
    "a set": {1.0},
    "a function": len,
}
# Where a thing is right after all.
RIGHT = {
    "device": ("a device",),
    "base": ("a device",),
    # It is refused beside a base.
    "base_device": ("a device",),
    "start": ("a device",),
    # Nothing, or a path.
    "store": ("a word",),
    "onset": ("a function",),
    "model": ("a model",),
    "state": ("a state",),
    "function": ("a function", "a class"),
    "quantity": ("a function", "a class"),
    # Or a state; with a Hamiltonian beside it, it is that which is refused.
    "rho": ("a state",),
    "populations": ("a state",),
}


def places(function):
    """Each argument with each thing that is wrong there."""
    for name in TAKES[function]:
        for what, wrong in WRONG.items():
            optional = what == "None" and name in OPTIONAL[function]
            right = name in UNCHECKED or what in RIGHT.get(name, ())
            if not right and not optional:
                yield name, wrong


@pytest.mark.parametrize("function", TAKES, ids=lambda function: function.__qualname__)
def test_a_wrong_type_is_refused_in_a_sentence_that_names_the_argument(function):
    for name, wrong in places(function):
        object_alone = name in OBJECTS and (function, name) not in EITHER
        allowed = TypeError if object_alone else (TypeError, ValueError)
        with pytest.raises(allowed, match=rf"{name}.* must ") as refused:
            function(**TAKES[function] | {name: wrong})
        # One that tells all parameters of a device is longer.
        assert len(str(refused.value)) < (600 if "Known are" in str(refused.value) else 300)


@pytest.mark.parametrize("function", TAKES, ids=lambda function: function.__qualname__)
def test_what_it_takes_is_taken(function):
    """Else the test above might be about something else."""
    function(**TAKES[function])


def test_no_public_function_is_left_out():
    public = {value for name in qem.__all__ if inspect.isroutine(value := getattr(qem, name))}
    assert public <= set(TAKES)
