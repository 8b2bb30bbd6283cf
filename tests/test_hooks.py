"""The hook before a commit looks at what is staged, and refuses what `make lint` would."""

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
WHO = [f"GIT_{who}_{what}" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")]


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A new repository that holds the package and its settings.

    It stays for all tests, with what mypy has found out of the packages of others.
    """
    folder = tmp_path_factory.mktemp("repository")
    shutil.copytree(ROOT / "qemlib", folder / "qemlib")
    shutil.copytree(ROOT / ".hooks", folder / ".hooks")
    shutil.copy(ROOT / "pyproject.toml", folder)
    # What `make lint` has found out already, if it has; perhaps it is at it, and replaces files.
    with suppress(FileNotFoundError, shutil.Error):
        shutil.copytree(ROOT / ".mypy_cache", folder / ".mypy_cache")
    (folder / ".gitignore").write_text(".mypy_cache/\n")
    return folder


@pytest.fixture
def git(repository):
    """Run git in that repository, with all of it staged."""
    programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    own = dict.fromkeys(WHO, "nobody") | {"PATH": programs, "GIT_CONFIG_GLOBAL": os.devnull}

    def git(*arguments):
        command = ["git", *arguments]
        return subprocess.run(
            command,
            cwd=repository,
            env=os.environ | own,
            capture_output=True,
            text=True,
            check=False,
        )

    assert git("init", "--quiet").returncode == 0
    assert git("config", "core.hooksPath", ".hooks").returncode == 0
    assert git("add", ".").returncode == 0
    return git


def test_what_is_right_is_committed(git):
    done = git("commit", "-m", "one")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "planted", "told"),
    [
        ("devices/device", "import os\n", "F401"),
        ("devices/device", "x  =  1\n", "would be reformatted"),
        (
            "devices/device",
            "def _of():\n    from qemlib.states import work\n\n    return work\n",
            "BROKEN",
        ),
        # On the roof, where mypy need not look again at what is above.
        ("paper/claims/scan", '_LEAD: int = "left"\n', "Incompatible types"),
    ],
    ids=["style", "format", "walls", "types"],
)
def test_what_is_staged_is_refused_though_the_file_is_whole_again(
    git, repository, module, planted, told
):
    file = repository / "qemlib" / f"{module}.py"
    whole = file.read_text(encoding="utf-8")
    file.write_text(f"{whole}\n\n{planted}", encoding="utf-8")
    assert git("add", file).returncode == 0
    file.write_text(whole, encoding="utf-8")
    done = git("commit", "-m", "one")
    assert done.returncode != 0
    assert told in done.stdout + done.stderr
