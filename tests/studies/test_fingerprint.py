"""Whether two things are the same is told by what they hold and do, not by where they are."""

import subprocess
import sys
import threading
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from operator import attrgetter

import numpy as np
import pytest
from numba import njit

import qemlib as qem
from qemlib.studies._fingerprint import fingerprint, version


def twice(x):
    return 2 * x


def scaled(factor):
    return lambda x: factor * x


class Plain:
    def __init__(self, a):
        self.a = a


@dataclass(frozen=True)
class Frozen:
    a: float

    def state(self, subject):
        return self.a


X = np.linspace(-20.0, 20.0, 101)
DEVICE = qem.paper_device(4.0)
# Each makes the same thing at each call, and none the same as another.
THINGS = {
    "a number": lambda: 1.0,
    "an integer": lambda: 1,
    "minus zero": lambda: -0.0,
    "a word": lambda: "1",
    "nothing": lambda: None,
    "bytes": lambda: b"1",
    "a list": lambda: [1.0, 2.0],
    "a nested list": lambda: [[1.0], 2.0],
    "an array": lambda: np.array([1.0, 2.0]),
    "a column": lambda: np.array([[1.0], [2.0]]),
    "single precision": lambda: np.array([1.0, 2.0], dtype=np.float32),
    "a dict": lambda: {"a": 1.0, "b": 2.0},
    "another dict": lambda: {"a": 2.0, "b": 1.0},
    "a set": lambda: {1.0, 2.0},
    "a device": lambda: qem.paper_device(4.0),
    "another device": lambda: replace(DEVICE, level=1e-16),
    "a table": lambda: qem.Tabulated(X, np.exp(-(X**2) / 50.0)),
    "another table": lambda: qem.Tabulated(X, np.exp(-(X**2) / 50.1)),
    "a model": lambda: qem.LangevinModel(1.0, 0.5, X, 0 * X, 0 * X + 0.1, 0 * X + 0.5),
    "another model": lambda: qem.LangevinModel(1.0, 0.5, X, 0 * X, 0 * X + 0.1, 0 * X + 0.6),
    "a method": qem.methods.Exact,
    "with a setting": lambda: qem.methods.Exact(rtol=1e-6),
    "a function": lambda: twice,
    "a closure": lambda: scaled(2.0),
    "another closure": lambda: scaled(3.0),
    "a part": lambda: partial(scaled, 2.0),
    "a getter": lambda: attrgetter("a"),
    "another getter": lambda: attrgetter("b"),
    "an object": lambda: Plain(1.0),
    "another object": lambda: Plain(2.0),
    "a dataclass": lambda: Frozen(1.0),
    "a class": lambda: Frozen,
}


def test_it_is_the_same_for_the_same_and_for_nothing_else():
    found = {name: fingerprint(make()) for name, make in THINGS.items()}
    assert {name: fingerprint(make()) for name, make in THINGS.items()} == found
    assert len(set(found.values())) == len(found)


def test_what_a_method_does_is_a_part_of_it():
    def method(body):
        space = {"__name__": "mine"}
        exec(f"class Mine:\n    def state(self, subject):\n        return {body}", space)
        return space["Mine"]()

    assert fingerprint(method("subject + 1")) == fingerprint(method("subject + 1"))
    assert fingerprint(method("subject + 1")) != fingerprint(method("subject + 2"))
    assert fingerprint(method("subject.a")) != fingerprint(method("subject.b"))


def test_what_is_wrapped_counts():
    def wrapped(body, wrapper):
        space = {"__name__": "mine", "wrapper": wrapper}
        exec(f"class Mine:\n    @wrapper\n    def part(self):\n        return {body}", space)
        return space["Mine"]()

    for wrapper in (property, cached_property, staticmethod, classmethod, cache, njit):
        one, again, other = (fingerprint(wrapped(body, wrapper)) for body in ("1", "1", "2"))
        assert one == again != other, wrapper


def test_it_is_the_same_in_another_process():
    code = (
        "import qemlib as qem\nfrom qemlib.studies._fingerprint import fingerprint, version\n"
        "print(fingerprint(qem.paper_device(4.0), {'b', 'a'}, qem.methods.Exact()), version())"
    )
    command = [sys.executable, "-c", code]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert told.strip() == f"{fingerprint(DEVICE, {'a', 'b'}, qem.methods.Exact())} {version()}"


def test_what_does_not_tell_what_it_holds_is_refused():
    with pytest.raises(ValueError, match="a lock does not tell what it holds"):
        fingerprint(threading.Lock())
    endless = []
    endless.append(endless)
    with pytest.raises(ValueError, match="a list has no end: it holds itself"):
        fingerprint(endless)
