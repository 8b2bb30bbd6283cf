"""Every example in a docstring runs and prints what it says."""

import doctest
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import qemlib
from qemlib.paper.equations.errata import EQUATIONS

MODULES = [
    "qemlib",
    *sorted(m.name for m in pkgutil.walk_packages(qemlib.__path__, prefix="qemlib.")),
]
API = Path(__file__).resolve().parents[2] / "chapters" / "api.md"
WITHOUT_EXAMPLE = {
    "qemlib.paper.claims.scan.finalists": "starts a pool, and solves each reading exactly",
    "qemlib.paper.claims.scan.main": "scores every reading exactly, for minutes, and writes a file",
    "qemlib.paper.claims.scan.screen": "starts a pool of processes",
    "qemlib.paper.phase_diagrams.battery.searched": "looks at some hundred devices with memory",
    "qemlib.paper.phase_diagrams.maps.main": "computes maps for half an hour, and writes a file",
    "qemlib.paper.readings.sensitivity.elasticities": "starts a pool, for 16 steady states",
}


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0, f"{result.failed} of {result.attempted} examples failed"


def _functions(text):
    """Public functions of the modules that the page documents, by the place of their code."""
    entries = re.findall(r"automodule:: (\S+)\n(?:[ ]+:members:(.*)\n)?", text)
    for name, members in entries:
        module = importlib.import_module(name)
        for member in re.findall(r"\w+", members) or module.__all__:
            value = getattr(module, member)
            if callable(value) and not inspect.isclass(value):
                yield f"{value.__module__}.{value.__qualname__}"


def _checks():
    """Checks of the errata: they take nothing, and every build runs them."""
    checks = (c for row in EQUATIONS for c in (row.check, row.dissipative) if c is not None)
    return {f"{check.__module__}.{check.__qualname__}" for check in checks}


def _shown():
    finder = doctest.DocTestFinder()
    tests = (test for name in MODULES for test in finder.find(importlib.import_module(name)))
    return {test.name for test in tests if test.examples}


def test_each_public_function_has_an_example_or_a_reason_to_have_none():
    public = set(_functions(API.read_text(encoding="utf-8")))
    assert public - _shown() - _checks() == set(WITHOUT_EXAMPLE)
    assert _checks() <= public


def test_functions_are_read_from_the_page():
    whole = set(_functions(".. automodule:: qemlib.states.work\n   :members:\n"))
    assert "qemlib.states.work.entropy" in whole
    some = _functions(".. automodule:: qemlib.devices.densities\n   :members: Lorentzian\n")
    assert list(some) == []
