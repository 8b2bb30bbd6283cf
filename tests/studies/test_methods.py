"""Methods of a sweep, what they note of a state, and the errors beside it."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

import qemlib as qem
from qemlib.states.bounds import absolute_errors
from qemlib.studies import methods
from qemlib.studies.observables import EXACT, STANDARD, chosen, received, sent

# Few phonons: cheap without adiabatic elimination.
SMALL = replace(qem.paper_device(2.0), oscillator=qem.Oscillator(1.5))
NAMES = ("phonon_number", "g2", "ergotropy", "free_energy_work", "entropy", "inversion")


def told(method, subject):
    """Numbers of a state, and their errors."""
    state = method.state(subject)
    summary = qem.summary(state, subject)
    return summary, absolute_errors(state, summary)


def within(summary, errors, best, factor=1.0):
    for name in NAMES:
        off = abs(getattr(summary, name) - getattr(best, name))
        assert off <= factor * errors[name], name


@pytest.fixture(scope="module")
def best():
    """The exact numbers, a few digits better than by default."""
    found = {}

    def best(device):
        if device not in found:
            found[device] = told(methods.Exact(rtol=1e-10), device)[0]
        return found[device]

    return best


DEVICES = {
    "at rest": qem.paper_device(0.0),
    "threshold": qem.paper_device(8.55),
    "ring": qem.paper_device(12.0),
    "asymmetric": replace(qem.paper_device(9.0), level=0.7, coupling=0.15),
    "strong": replace(qem.paper_device(12.0), coupling=0.3),
}


@pytest.mark.parametrize("device", DEVICES.values(), ids=DEVICES)
@pytest.mark.parametrize(
    "method", [methods.Exact(1e-2), methods.Exact(), methods.Preview()], ids=repr
)
def test_errors_lie_above_the_error(method, device, best):
    summary, errors = told(method, device)
    within(summary, errors, best(device))
    assert all(error > 0 for error in errors.values())


@pytest.mark.parametrize("device", DEVICES.values(), ids=DEVICES)
def test_errors_by_default_are_small(device):
    errors = told(methods.Exact(), device)[1]
    assert errors["ergotropy"] < 1e-5 * device.oscillator.frequency * 10
    assert errors["entropy"] < 1e-5


def test_errors_without_elimination_lie_above_the_error():
    fine = qem.summary(methods.FullQuantum(accuracy=1e-4).state(SMALL))
    summary, errors = told(methods.FullQuantum(accuracy=0.1), SMALL)
    within(summary, errors, fine)
    assert errors["phonon_number"] < 0.1 * summary.phonon_number


def test_errors_with_memory_lie_above_what_fewer_amplitudes_change():
    fine = told(methods.WithMemory(rtol=1e-5), qem.paper_device(10.0))[0]
    summary, errors = told(methods.WithMemory(rtol=1e-2), qem.paper_device(10.0))
    within(summary, errors, fine)


def test_samples_have_standard_errors(best):
    device = qem.paper_device(10.0)
    summary, errors = told(methods.Sampled(steps=40_000_000), device)
    within(summary, errors, best(device), factor=5.0)
    assert errors["phonon_number"] < 0.05 * summary.phonon_number


def test_of_a_state_that_tells_nothing_nothing_is_known():
    state = qem.QuantumState([0.5, 0.3, 0.2], qem.Oscillator(0.2))
    assert all(np.isnan(error) for error in absolute_errors(state, qem.summary(state)).values())
    known = qem.QuantumState([0.5, 0.3, 0.2], qem.Oscillator(0.2), error={"eigenvalue": 1e-3})
    assert absolute_errors(known, qem.summary(known))["inversion"] > 1e-3


def test_a_vacuum_is_no_trouble():
    state = qem.QuantumState([1.0, 0.0], qem.paper_device().oscillator, error={"eigenvalue": 0.0})
    errors = absolute_errors(state, qem.summary(state, qem.paper_device()))
    assert errors["ergotropy"] == errors["entropy"] == 0.0


# Methods as objects


def test_random_numbers_follow_from_the_device_alone():
    method = methods.Sampled(steps=40_000_000)
    one, again, other = (method.state(qem.paper_device(v)) for v in (10.0, 10.0, 10.0 + 1e-9))
    assert one.phonon_number == again.phonon_number
    assert one.phonon_number != other.phonon_number
    assert one.seed != replace(method, seed=2).state(qem.paper_device(10.0)).seed


def test_ctrl_c_in_a_sampled_point_does_not_count_as_done(monkeypatch):
    class Ended:
        partial = True

    monkeypatch.setattr(methods, "sample", lambda *arguments, **options: Ended())
    with pytest.raises(KeyboardInterrupt):
        methods.Sampled().state(qem.paper_device(10.0))


@pytest.mark.parametrize("word", methods.METHODS)
def test_each_keeps_the_contract(word):
    method = methods.METHODS[word]
    assert isinstance(method, methods.Method)
    assert pickle.loads(pickle.dumps(method)) == method
    assert repr(method).isascii()
    assert method in {method}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: methods.Exact(rtol=-1.0), "rtol must be finite and greater than 0, got -1.0"),
        (lambda: methods.Exact(noise_at="here"), "noise_at must be one of .*, got 'here'"),
        (lambda: methods.Preview(noise_at=0), "noise_at must be one of .*, got 0"),
        (lambda: methods.WithMemory(rtol=np.nan), "rtol must be finite and greater than 0"),
        (lambda: methods.Sampled(steps=0), "steps must be a whole number of at least 1, got 0"),
        (lambda: methods.Sampled(seed=-1), "seed must be a whole number of at least 0, got -1"),
        (lambda: methods.Sampled(target_error=0.0), "target_error must be finite and greater"),
        (lambda: methods.FullQuantum(accuracy=0.0), "accuracy must be finite and greater than 0"),
        (lambda: methods.FullQuantum(time_limit=-1), "time_limit must be finite and greater"),
    ],
)
def test_settings_that_cannot_be_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_every_method_fills_the_same_variables():
    given = {"base": SMALL, "over": {"voltage": [2.0]}}
    chosen_ones = [methods.Preview(), methods.Exact(1e-4), methods.FullQuantum(0.1)]
    chosen_ones += [methods.WithMemory(1e-2), methods.Exact(1e-4, noise_at="oscillator")]
    with ThreadPoolExecutor(1) as here:
        found = [qem.sweep(**given, method=each, executor=here) for each in chosen_ones]
    for each in found:
        assert each["status"].item() == 1, each["failure"].item()
        assert set(each.variables) == set(found[0].variables)
        for name in NAMES:
            assert 0.0 <= each[f"{name}_error"].item() < 2.0
        assert each["phonon_number"].item() == pytest.approx(
            found[0]["phonon_number"].item(), rel=0.5
        )


# Observables


def swept(observables, over=(4.0,)):
    with ThreadPoolExecutor(1) as here:
        return qem.sweep(
            qem.paper_device(), {"voltage": over}, "preview", here, observables=observables
        )


def test_observables_are_chosen_and_added():
    both = qem.Observable("both", lambda state: (state.squeezing.real, 1e-3), "m", "of both")
    one = qem.Observable("one", lambda state: state.device.voltage)
    found = swept(["g2", both, one])
    assert list(found) == [
        *("g2", "both", "one", "positive", "g2_error", "both_error", "one_error"),
        *("status", "failure"),
    ]
    assert found["both"].attrs == {"long_name": "of both", "units": "m"}
    assert found["both_error"].item() == 1e-3
    assert found["one"].item() == 4.0
    assert np.isnan(found["one_error"].item())
    assert found["g2"].item() == swept(None)["g2"].item()


def test_an_observable_that_is_no_number_fails_its_point():
    found = swept([qem.Observable("odd", lambda state: [1.0, 2.0, 3.0])])
    assert "observable odd must be a number, or a number and its error" in found["failure"].item()
    found = swept([qem.Observable("odd", lambda state: "many")])
    assert found["status"].item() == 2


@pytest.mark.parametrize(
    ("observables", "message"),
    [
        ("g2", "observables must be a list of names and Observables, got 'g2'"),
        (3, "observables must be a list of names and Observables, got 3"),
        ([], "observables must hold at least one, got none"),
        (["g3"], r"observables must be one of \['bath_temperature', .*\], got 'g3'"),
        (["g2", "g2"], "observables must differ in name, got 'g2' twice"),
        ([qem.Observable("status", abs)], "observables must not be called 'status'"),
        ([qem.Observable("voltage", abs)], "observables must not be called 'voltage'"),
        (["g2", qem.Observable("g2_error", abs)], "observables must not be called 'g2_error'"),
    ],
)
def test_observables_that_cannot_be_are_refused(observables, message):
    with pytest.raises((TypeError, ValueError), match=message):
        swept(observables)


def test_an_observable_has_a_name_and_a_function():
    with pytest.raises(ValueError, match="name must be an identifier, got 'my own'"):
        qem.Observable("my own", abs)
    with pytest.raises(TypeError, match="function must be callable, got 3"):
        qem.Observable("own", 3)


def test_the_standard_ones_are_sent_by_name():
    own = qem.Observable("own", abs)
    wanted = chosen(["g2", own], [])
    assert sent(wanted) == ("g2", own, "positive")
    assert received(sent(wanted)) == wanted
    assert set(EXACT) < set(STANDARD)
