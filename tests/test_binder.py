"""Binder's files, as far as they run without a network: what they install and what they set."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BINDER = ROOT / ".binder"

# In place of a program: write down what it was asked for.
RECORDER = '#!/bin/sh\necho "$PWD: ${0##*/} $*" >> "$RECORD"\n'
# In place of Python: the same, but answer where the settings belong.
PYTHON = '#!/bin/sh\nif [ "$1" = -c ]; then echo "$PREFIX"; exit; fi\n' + RECORDER


@pytest.fixture
def run(tmp_path):
    """Run one of Binder's scripts where pip and Lab only write down what they are asked for."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, script in [("python3", PYTHON), ("jupyter", RECORDER)]:
        (programs / name).write_text(script)
        (programs / name).chmod(0o755)
    environment = os.environ | {
        "PATH": f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PREFIX": str(tmp_path / "prefix"),
        "RECORD": str(tmp_path / "record"),
    }

    def run(script, *arguments):
        command = [BINDER / script, *arguments]
        subprocess.run(command, env=environment, cwd=tmp_path, check=True, capture_output=True)

    return run


def test_the_requirements_are_the_locked_ones():
    lines = (BINDER / "requirements.txt").read_text().split()
    assert lines == ["-r", "../requirements.txt"]
    assert "--hash=sha256:" in (ROOT / "requirements.txt").read_text()


def test_its_python_is_one_that_the_package_allows():
    assert (BINDER / "runtime.txt").read_text().strip() == "python-3.11"
    assert 'requires-python = ">=3.11"' in (ROOT / "pyproject.toml").read_text()


def test_the_package_is_installed_and_chapters_open_as_notebooks(run, tmp_path):
    run("postBuild")
    pip, extension = (tmp_path / "record").read_text().splitlines()
    assert pip == f"{ROOT}: python3 -m pip install --quiet --no-deps --no-build-isolation -e ."
    assert "labextension disable" in extension
    settings = tmp_path / "prefix/etc/jupyter/labconfig/default_setting_overrides.json"
    viewers = json.loads(settings.read_text())["@jupyterlab/docmanager-extension:plugin"]
    assert viewers["defaultViewers"]["markdown"] == "Jupytext Notebook"


def test_a_session_starts_with_what_it_is_handed(run, tmp_path):
    run("start", "touch", "started")
    assert (tmp_path / "started").exists()
