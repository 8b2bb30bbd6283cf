"""Binder's files, as far as they run without a network: what they install and what they set."""

import json
import os
import subprocess
import sysconfig
import venv
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

ROOT = Path(__file__).resolve().parents[2]
BINDER = ROOT / ".binder"

# The programs of a prefix belong to that prefix.
PROGRAMS = {
    "jupyter": "-m jupyter_core.command",
    "jupyter-labextension": "-m jupyterlab.labextensions",
    "jupytext-config": "-m jupytext_config",
}


@pytest.fixture
def run(tmp_path):
    """Run one of Binder's scripts in a prefix of its own, where all that is installed here is."""
    prefix = tmp_path / "prefix"
    venv.create(prefix)
    packages = sysconfig.get_path("purelib", "venv", {"base": str(prefix)})
    (Path(packages) / "installed_here.pth").write_text(sysconfig.get_path("purelib") + "\n")
    for name, module in PROGRAMS.items():
        program = prefix / "bin" / name
        program.write_text(f'#!/bin/sh\nexec python3 {module} "$@"\n')
        program.chmod(0o755)
    environment = os.environ | {"PATH": f"{prefix / 'bin'}:{os.environ['PATH']}"}

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
    prefix = tmp_path / "prefix"
    (installed,) = prefix.rglob("qemlib-*.dist-info/direct_url.json")
    told = json.loads(installed.read_text())
    assert url2pathname(urlsplit(told["url"]).path) == str(ROOT)
    assert told["dir_info"]["editable"]
    settings = prefix / "etc/jupyter/labconfig"
    overrides = json.loads((settings / "default_setting_overrides.json").read_text())
    viewers = overrides["@jupyterlab/docmanager-extension:plugin"]
    assert viewers["defaultViewers"]["markdown"] == "Jupytext Notebook"
    page = json.loads((settings / "page_config.json").read_text())
    assert page["disabledExtensions"] == {"@jupyterlab/apputils-extension:announcements": True}


def test_a_session_starts_with_what_it_is_handed(run, tmp_path):
    run("start", "touch", "started")
    assert (tmp_path / "started").exists()
