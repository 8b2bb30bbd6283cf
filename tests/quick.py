"""The quick loop: which tests it leaves out, and how that is measured.

`pytest --quick` leaves out the functions that durations.txt lists.  `pytest --measure` writes that
list: every function of tests that took LONG or longer, all its cases together, in seconds of
processor time.  A function that is not listed runs, so a new test is in the loop until it is
measured.
"""

import os
from collections import defaultdict
from pathlib import Path

import pytest

LONG = 1.0
LIST = Path(__file__).with_name("durations.txt")


def pytest_addoption(parser):
    group = parser.getgroup("quick")
    group.addoption("--quick", action="store_true", help="leave out what durations.txt lists")
    group.addoption("--measure", action="store_true", help="write durations.txt (no -n)")


def pytest_configure(config):
    if config.getoption("measure"):
        config.pluginmanager.register(Measurement(), "measurement")


def pytest_collection_modifyitems(config, items):
    if config.getoption("quick"):
        long = listed()
        left_out = [item for item in items if function_of(item.nodeid) in long]
        if left_out:
            items[:] = [item for item in items if function_of(item.nodeid) not in long]
            config.hook.pytest_deselected(items=left_out)


def function_of(nodeid):
    return nodeid.partition("[")[0]


def listed():
    """The functions that durations.txt names."""
    lines = LIST.read_text(encoding="utf-8").splitlines() if LIST.exists() else []
    return {line.split()[1] for line in lines}


def processor_time():
    """Of this process, its threads and those of its children that have ended."""
    return sum(os.times()[:4])


class Measurement:
    """Adds up what the cases of each function take."""

    def __init__(self):
        self.seconds = defaultdict(float)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        before = processor_time()
        result = yield
        self.seconds[function_of(item.nodeid)] += processor_time() - before
        return result

    def pytest_sessionfinish(self):
        rows = sorted(((s, name) for name, s in self.seconds.items() if s >= LONG), reverse=True)
        LIST.write_text("".join(f"{s:7.1f} {name}\n" for s, name in rows), encoding="utf-8")
