"""What all results have in common: they can be printed anywhere, and compared."""

import copy
import importlib
import inspect
import io
import pickle
from collections.abc import Mapping

import numpy as np
import pytest

import qemlib as qem
from qemlib.plotting.explorer import DeviceExplorer
from qemlib.plotting.panels import StateCurves, StatePanels
from qemlib.sampler.diagnostics import Convergence
from qemlib.states.summary import Summary, summary
from qemlib.witness.currents import CurrentsInTime, currents_in_time
from qemlib.witness.hierarchy import ChargeInHierarchy, charge_in_hierarchy
from qemlib.witness.integrals import DefiningIntegrals, defining_integrals
from qemlib.witness.modes import ChargeInTime, charge_in_time
from qemlib.witness.pseudomodes import ChargeInMotion, charge_in_motion

X = np.linspace(-25.0, 25.0, 101)
DEVICE = qem.paper_device(4.0)


def model():
    zero = np.zeros_like(X)
    return qem.LangevinModel(1.0, 0.5, X, zero, zero + 0.02, zero + 0.05)


def model_state():
    return qem.orbit_average(model())


def run():
    return qem.sample(model(), 1_000_000, trajectory=60, check=False, progress=False)


def rates():
    generator = np.broadcast_to([[-1.0, 1.0], [1.0, -1.0]], (9, 2, 2)).copy()
    slope = 0.1 * generator * [1.0, -1.0]
    return qem.rate_equation_coefficients(generator, slope, np.array([0.0, 1.0]), 0.1, 1.0)


def exact(device=DEVICE):
    return qem.steady_state(qem.LangevinModel.from_device(device), rtol=1e-4)


EXAMPLES = {
    qem.Adiabaticity: lambda: qem.adiabaticity(DEVICE, [0.0, 1.0]),
    qem.AllanVariance: lambda: qem.AllanVariance(*np.array([[1.0], [1.0], [0.1]])),
    qem.AveragedModel: lambda: qem.AveragedModel.from_langevin(model()),
    qem.AveragedState: lambda: qem.averaged_state(qem.AveragedModel.from_langevin(model())),
    qem.CertifiedErgotropy: lambda: qem.certified_ergotropy(3.0, 1.0),
    qem.CoherenceDecay: lambda: qem.CoherenceDecay(
        1e-3, -1e-4, {"rate": 1e-5, "frequency_shift": 1e-6}
    ),
    Convergence: lambda: Convergence(1.0, 0.1, 2.0, 300.0, 1.001),
    qem.CurrentNoise: lambda: qem.current_noise(DEVICE, 0.0, [0.0, 1.0]),
    qem.Device: lambda: qem.paper_device(4.0),
    qem.Diagnostics: lambda: run().diagnostics,
    qem.ElectronCoefficients: lambda: qem.electron_coefficients(DEVICE, [0.0, 1.0]),
    qem.ElectronTransport: lambda: qem.electron_transport(DEVICE, [0.0, 1.0]),
    qem.ErgotropyEstimate: lambda: qem.ErgotropyEstimate(1.0, 0.1, 1.1, 0.1, 0.9, 0.1, 5),
    qem.Estimate: lambda: qem.jackknife(np.arange(16.0)[:, None], lambda mean: mean[0] ** 2),
    qem.Evolution: lambda: qem.evolve(model_state(), model(), [0.0, 1.0], rtol=1e-2),
    qem.EvolvedAverage: lambda: qem.evolve(
        model_state(), qem.AveragedModel.from_langevin(model()), [1.0], rtol=1e-2
    )[0],
    qem.EvolvedState: lambda: qem.evolve(model_state(), model(), [1.0], rtol=1e-2)[0],
    qem.Exponentials: lambda: qem.lorentzian_exponentials(DEVICE.left, 2),
    qem.FittedDevice: lambda: qem.fit_device(
        qem.Measurement("damping", 3e-4, 1e-5), DEVICE, ["coupling"]
    ),
    qem.FullQuantumState: lambda: qem.full_quantum(DEVICE, 0.1, progress=False),
    qem.Histogram: lambda: run().histogram,
    qem.LangevinModel: model,
    qem.Lead: lambda: qem.Lead(qem.Lorentzian(0.5, 1.0, 2.0), 3.0, 2.0),
    qem.LimitCycles: lambda: qem.limit_cycles(qem.AveragedModel.from_langevin(model())),
    qem.Lorentzian: lambda: qem.Lorentzian(0.5, 1.0, 2.0),
    qem.Measurement: lambda: qem.Measurement("damping", [3e-4, 2e-4], 1e-5, at=[1.0, 5.0]),
    qem.MotionAverage: lambda: qem.average_over_motion(exact(), qem.current),
    qem.MotionCurrent: lambda: qem.current_over_motion(exact()),
    qem.Observable: lambda: qem.Observable("own", abs),
    qem.OrbitAverage: lambda: qem.orbit_average(model()),
    qem.OrbitCoefficients: lambda: qem.orbit_coefficients(DEVICE, [0.0, 5.0]),
    qem.Oscillator: lambda: qem.Oscillator(0.2, 1.0),
    qem.QuantumState: lambda: qem.quantum_state(exact()),
    qem.RateCoefficients: rates,
    qem.Rates: lambda: qem.slowest_rates(model(), rtol=1e-2),
    qem.SampledCorrelation: lambda: qem.SampledCorrelation(*np.array([[0.0], [1.0], [0.1]])),
    qem.SampledState: run,
    qem.SampledTicks: lambda: qem.SampledTicks(
        1.0, np.tile(np.arange(9), (16, 1)), np.tile(np.arange(9.0), (16, 1)), 1.0
    ),
    qem.SteadyState: exact,
    qem.Tabulated: lambda: qem.Tabulated(X, np.exp(-(X**2) / 50.0)),
    qem.Threshold: lambda: qem.Threshold(8.0, 1e-6, 3),
    qem.ThresholdLine: lambda: qem.threshold_line(
        DEVICE, {"temperature": (1.0, 2.0), "voltage": (4.0, 12.0)}, tolerance=1e-2
    ),
    qem.Trajectory: lambda: run().trajectory,
    qem.Units: qem.Units,
    # Public in their own modules only.
    qem.methods.Exact: qem.methods.Exact,
    qem.methods.FullQuantum: qem.methods.FullQuantum,
    qem.methods.Preview: qem.methods.Preview,
    qem.methods.Sampled: qem.methods.Sampled,
    qem.methods.WithMemory: qem.methods.WithMemory,
    ChargeInHierarchy: lambda: charge_in_hierarchy(DEVICE, 0.5, depth=2, pade_terms=2),
    ChargeInMotion: lambda: charge_in_motion(DEVICE, 5.0, steps=32, pade_terms=8),
    ChargeInTime: lambda: charge_in_time(DEVICE, 0.5),
    CurrentsInTime: lambda: currents_in_time(DEVICE, 0.5),
    DefiningIntegrals: lambda: defining_integrals(DEVICE, 0.5, digits=15),
    DeviceExplorer: lambda: DeviceExplorer(DEVICE),
    StateCurves: lambda: StateCurves.of([summary(exact())]),
    StatePanels: StatePanels,
    Summary: lambda: summary(exact()),
}
# Where those are.
MODULES = [
    "sampler.diagnostics",
    "plotting.explorer",
    "plotting.panels",
    "states.summary",
    "studies.methods",
]
MODULES += [
    "witness.currents",
    "witness.hierarchy",
    "witness.integrals",
    "witness.modes",
    "witness.pseudomodes",
]
# What draws, and stays where it is.
WIDGETS = (DeviceExplorer, StatePanels)
# What describes a device, and numbers alone: equal if their parts are.
BY_VALUE = (
    *(Convergence, qem.Device, qem.Diagnostics, qem.ErgotropyEstimate, qem.Estimate, qem.Lead),
    *(qem.Lorentzian, qem.Observable, qem.Oscillator, qem.Tabulated, qem.Threshold, qem.Units),
    *(getattr(qem.methods, name) for name in qem.methods.__all__ if name != "Method"),
)


@pytest.fixture(scope="module")
def example():
    made = {}

    def example(kind):
        if kind not in made:
            made[kind] = EXAMPLES[kind]()
            assert type(made[kind]) is kind
        return made[kind]

    return example


each = pytest.mark.parametrize("kind", EXAMPLES, ids=lambda kind: kind.__name__)


def test_no_public_class_is_left_out():
    found = [getattr(qem, name) for name in qem.__all__]
    for name in MODULES:
        module = importlib.import_module(f"qemlib.{name}")
        found += [getattr(module, each) for each in module.__all__]
    classes = {
        value
        for value in found
        if inspect.isclass(value)
        and not issubclass(value, BaseException)
        and not getattr(value, "_is_protocol", False)
    }
    assert classes == set(EXAMPLES)


@each
def test_it_prints_in_any_encoding(kind, example):
    for encoding in ("ascii", "cp1252", "cp437", "latin-1"):
        stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        print(example(kind), repr(example(kind)), [example(kind)], file=stream, flush=True)


@each
def test_its_repr_starts_with_its_name_or_is_a_table(kind, example):
    told = repr(example(kind))
    assert told.startswith(kind.__name__) or kind in (qem.Diagnostics, StatePanels)


@each
def test_comparing_gives_a_truth_value(kind, example):
    one, other = example(kind), EXAMPLES[kind]()
    assert (one == one) is True
    assert (one == other) is (kind in BY_VALUE)
    assert (one != other) is (kind not in BY_VALUE)
    assert one in [other, one]
    assert (one == None) is False  # noqa: E711
    if kind is qem.Diagnostics:  # as any mapping
        with pytest.raises(TypeError, match="unhashable"):
            hash(one)
    else:
        assert len({one, other}) == (1 if kind in BY_VALUE else 2)


@pytest.mark.parametrize("kind", BY_VALUE, ids=lambda kind: kind.__name__)
def test_what_is_equal_by_value_is_equal_to_its_copies(kind, example):
    one = example(kind)
    for other in (copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
        assert other == one


@pytest.mark.parametrize(
    "kind", [k for k in EXAMPLES if k not in WIDGETS], ids=lambda kind: kind.__name__
)
def test_it_survives_copying_and_pickling(kind, example):
    one = example(kind)
    for other in (copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
        assert type(other) is kind
        assert repr(other) == repr(one)
        assert_same(arrays_of(other), arrays_of(one))


@each
def test_its_arrays_cannot_be_written_to(kind, example):
    one = example(kind)
    copies = [] if kind in WIDGETS else [copy.deepcopy(one), pickle.loads(pickle.dumps(one))]
    for result in (one, *copies):
        for name, array in arrays_of(result).items():
            assert not array.flags.writeable, f"{kind.__name__}.{name}"
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 0.0


def arrays_of(result):
    """Arrays in the public fields of a dataclass, and in its dictionaries."""
    found = {}
    for name in getattr(result, "__dataclass_fields__", {}):
        value = getattr(result, name)
        if name.startswith("_"):
            continue
        if isinstance(value, np.ndarray):
            found[name] = value
        if isinstance(value, Mapping):
            inside = {f"{name}[{k}]": v for k, v in value.items() if isinstance(v, np.ndarray)}
            found |= inside
            with pytest.raises(TypeError):
                value["mine"] = 1.0
    return found


def assert_same(one, other):
    assert one.keys() == other.keys()
    for name, array in one.items():
        assert np.array_equal(array, other[name]), name


def test_a_sweep_prints_in_any_encoding():
    swept = qem.sweep(DEVICE, {"left.temperature": [2.0]}, method="orbit")
    texts = [str(swept), *(str(swept[name]) for name in swept.variables)]
    assert all(text.isascii() for text in texts)
