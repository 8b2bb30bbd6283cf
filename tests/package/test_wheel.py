"""What is built for others to install, without a network: what it holds and what it tells."""

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml
from packaging.metadata import Metadata

import qemlib

ROOT = Path(__file__).resolve().parents[2]
BUILD = "from setuptools import build_meta as b; b.build_sdist('dist'); b.build_wheel('dist')"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder with the sdist and the wheel."""
    copy = tmp_path_factory.mktemp("copy")
    for name in ("LICENSE", "MANIFEST.in", "README.md", "pyproject.toml"):
        shutil.copy(ROOT / name, copy)
    for name in ("qemlib", "tests"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("references"))
    subprocess.run([sys.executable, "-c", BUILD], cwd=copy, check=True, capture_output=True)
    return copy / "dist"


@pytest.fixture(scope="module")
def wheel(built):
    (path,) = built.glob("*.whl")
    with ZipFile(path) as archive:
        yield archive


@pytest.fixture(scope="module")
def metadata(wheel):
    (name,) = (n for n in wheel.namelist() if n.endswith(".dist-info/METADATA"))
    return Metadata.from_email(wheel.read(name), validate=True)


def test_a_wheel_holds_the_modules_their_types_long_runs_and_the_licence_and_nothing_else(wheel):
    modules = {str(p.relative_to(ROOT)) for p in (ROOT / "qemlib").rglob("*.py")}
    held = {n for n in wheel.namelist() if ".dist-info/" not in n}
    records = {
        "qemlib/paper/phase_diagrams/maps.json",
        "qemlib/paper/with_memory/full_quantum.json",
    }
    assert held == {*modules, *records, "qemlib/py.typed"}
    about = {Path(n).name for n in wheel.namelist()} - {Path(n).name for n in held}
    assert about == {"LICENSE", "METADATA", "RECORD", "WHEEL", "top_level.txt"}


def test_an_sdist_holds_what_a_wheel_is_built_from(built, wheel):
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = [Path(*Path(n).parts[1:]) for n in archive.getnames()]
    assert {Path(n) for n in wheel.namelist() if ".dist-info/" not in n} < set(names)
    assert {Path("pyproject.toml"), Path("LICENSE"), Path("qemlib/README.md")} < set(names)
    assert not any(n.parts[:1] == ("tests",) for n in names)


def test_an_index_finds_nothing_to_complain_about(built):
    files = list(built.iterdir())
    assert sorted(f.suffix for f in files) == [".gz", ".whl"]
    command = [sys.executable, "-m", "twine", "check", "--strict", *files]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_names_and_version_are_those_of_the_citation(metadata):
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert str(metadata.version) == qemlib.__version__ == citation["version"]
    assert metadata.author == ", ".join(a["name"] for a in citation["authors"])
    assert metadata.license_expression == citation["license"]
    assert f"doi.org/{citation['references'][0]['doi']}" in metadata.project_urls["Paper"]
    assert metadata.description == (ROOT / "qemlib/README.md").read_text(encoding="utf-8")
