"""The quick loop leaves out what is listed, all its cases, and nothing else."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import quick

ROOT = Path(__file__).resolve().parents[1]


def config(left_out, **options):
    hook = SimpleNamespace(pytest_deselected=lambda items: left_out.extend(items))
    return SimpleNamespace(getoption=options.get, hook=hook)


def items(*names):
    return [SimpleNamespace(nodeid=f"tests/test_one.py::{name}") for name in names]


@pytest.fixture
def long(tmp_path, monkeypatch):
    """A list with one function."""
    file = tmp_path / "durations.txt"
    file.write_text("   12.5 tests/test_one.py::test_long\n", encoding="utf-8")
    monkeypatch.setattr(quick, "LIST", file)


@pytest.mark.usefixtures("long")
@pytest.mark.parametrize("asked", [True, False])
def test_what_is_listed_is_left_out_if_asked_for(asked):
    left_out, given = [], items("test_long[1]", "test_long", "test_longer", "test_new[a]")
    kept = list(given)
    quick.pytest_collection_modifyitems(config(left_out, quick=asked), kept)
    assert kept == (given[2:] if asked else given)
    assert left_out == (given[:2] if asked else [])


def test_without_a_list_all_run(tmp_path, monkeypatch):
    monkeypatch.setattr(quick, "LIST", tmp_path / "durations.txt")
    kept = items("test_long")
    quick.pytest_collection_modifyitems(config([], quick=True), kept)
    assert len(kept) == 1


def test_what_is_listed_exists():
    """Who renames or removes a long test runs `make durations`, or edits its line."""
    for name in quick.listed():
        file, _, function = name.partition("::")
        assert f"def {function}(" in (ROOT / file).read_text(encoding="utf-8"), name


def test_cases_are_added_up_and_only_what_is_long_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(quick, "LIST", tmp_path / "durations.txt")
    clock = iter([0.0, 1.0, 1.0, 1.8, 1.8, 2.0])
    monkeypatch.setattr(quick, "processor_time", lambda: next(clock))
    measurement = quick.Measurement()
    for item in items("test_long[1]", "test_long[2]", "test_short"):
        around = measurement.pytest_runtest_protocol(item)
        next(around)
        with pytest.raises(StopIteration):
            around.send(True)
    measurement.pytest_sessionfinish()
    assert quick.LIST.read_text(encoding="utf-8") == "    1.8 tests/test_one.py::test_long\n"
    assert quick.listed() == {"tests/test_one.py::test_long"}
