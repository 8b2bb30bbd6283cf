"""What the tests share, and what nbval leaves out when it compares with tests/references/."""

import os
import pickle
import signal
import subprocess
import sys
from concurrent.futures import Future

import pytest
from quick import pytest_addoption, pytest_collection_modifyitems, pytest_configure  # noqa: F401

# Beside text/plain, which is compared. Pictures and widgets differ between machines; glued numbers
# have more digits than hold on all of them: a cell prints, rounded, what is to be compared.
NOT_COMPARED = (
    "application/papermill.record/image/png",
    "application/papermill.record/text/html",
    "application/papermill.record/text/latex",
    "application/papermill.record/text/plain",
    "image/svg+xml",
    "text/html",
    "text/latex",
    "text/markdown",
)


def pytest_collectstart(collector):
    if hasattr(collector, "skip_compare"):  # nbval's, which unit tests need not have
        collector.skip_compare += NOT_COMPARED


@pytest.fixture
def told_pictures(monkeypatch):
    """The explorer's pictures as the words that go with them: to draw them is most of the time."""
    monkeypatch.setattr(
        "qemlib.plotting.explorer.picture", lambda figure, text, dpi: f"{text} {dpi} dpi"
    )


class _Here:
    """A pool without processes: what is sent goes through pickle, as it would to another one."""

    def submit(self, function, *arguments):
        future = Future()
        function, arguments = pickle.loads(pickle.dumps((function, arguments)))
        future.set_result(pickle.loads(pickle.dumps(function(*arguments))))
        return future


@pytest.fixture
def pool_here(monkeypatch):
    """Many computations in this process: each other one takes a second to begin."""
    monkeypatch.setattr("qemlib._parallel.pool", _Here)


@pytest.fixture
def compiled_or_not(capsys):
    """What a code prints, word by word: in a process that compiles no kernel, and here."""

    def told(code):
        environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
        command = [sys.executable, "-W", "error", "-c", code]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        exec(code, {})
        return done.stdout.split(), capsys.readouterr().out.split()

    return told


@pytest.fixture
def ctrl_c():
    """SIGINT does here what it does in a terminal: whoever ignores it hands that on to a test."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
