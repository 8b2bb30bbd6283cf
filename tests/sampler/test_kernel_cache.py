"""Kernels run wherever they are, whatever lies on the disk, and come from the cache if they can."""

import importlib.util
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numba
import pytest

import qemlib
from qemlib._kernel_cache import keep_on_disk

PACKAGE = Path(qemlib.__file__).parent


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    """Makes a kernel, each time as a new process would, that keeps its files in tmp_path."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "cache"))
    source = tmp_path / "twice.py"

    def make(text="def twice(x):\n    return x + x\n", **options):
        source.write_text(text)
        os.utime(source, (0, len(text)))  # another text is another source, however soon it comes
        spec = importlib.util.spec_from_file_location("twice", source)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return keep_on_disk(numba.njit(**options)(module.twice))

    return make


def crossed(first, second):
    """Run both while each writes what it compiled, of the other it sees its last file at best.

    `second` has read the index before `first` writes anything, and writes all of its own before
    `first` comes to the code.  Both then take the same name for it.
    """
    files_of_first, files_of_second = (each._cache._cache_file for each in (first[0], second[0]))
    index, write = files_of_second._load_index(), files_of_first._save_data

    def write_after_the_second(name, data):
        second[0](second[1])
        write(name, data)

    files_of_second._load_index = lambda: dict(index)
    files_of_first._save_data = write_after_the_second
    first[0](first[1])


def from_disk(kernel):
    """Whether the kernel's code came from there, after a call that gave the right value."""
    assert kernel(21.0) == 42.0
    return sum(kernel.stats.cache_hits.values()) == 1


def files(folder, suffix):
    return list((folder / "cache").rglob(f"*.{suffix}"))


def test_a_second_process_finds_the_code_of_the_first(kernel):
    assert not from_disk(kernel())
    assert from_disk(kernel())


def test_code_of_other_options_is_not_run(kernel):
    from_disk(kernel(fastmath={"nsz", "contract"}))
    assert not from_disk(kernel(fastmath={"nsz"}))
    assert from_disk(kernel(fastmath={"nsz"}))


def shorter(content):
    return content[: len(content) // 2]


def other_byte(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :]


DAMAGES = {
    "cut short": shorter,
    "empty": lambda content: b"",
    "one byte missing": lambda content: content[:-1],
    "one byte changed": other_byte,
    "zeros": lambda content: bytes(len(content)),
    "text": lambda content: b"not a cache at all\n",
    "another pickle": lambda content: pickle.dumps({"neither": "index nor code"}),
    "a pickle that cannot be read": lambda content: b"cnowhere\nnothing\n.",
    "two pickles": lambda content: pickle.dumps(numba.__version__) + pickle.dumps(3),
}


@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_written_anew(kernel, tmp_path, suffix, damage):
    from_disk(kernel())
    (path,) = files(tmp_path, suffix)
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    # Numba keeps what lies behind the index's one pickle out of account, and so may we.
    harmless = suffix == "nbi" and damage == "one byte missing"
    assert from_disk(kernel()) is harmless
    assert from_disk(kernel())


def test_code_for_another_type_that_was_written_at_the_same_time_is_not_run(kernel, tmp_path):
    crossed((kernel(), 21), (kernel(), 21.0))
    assert len(files(tmp_path, "nbc")) == 1
    assert not from_disk(kernel())
    assert from_disk(kernel())


def test_code_of_an_older_source_that_was_written_at_the_same_time_is_not_run(kernel, tmp_path):
    older = kernel(text="def twice(x):\n    return 3 * x\n")
    crossed((older, 21.0), (kernel(), 21.0))
    assert len(files(tmp_path, "nbc")) == 1
    assert not from_disk(kernel())
    assert from_disk(kernel())


@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
def test_what_cannot_be_read_or_replaced_is_done_without(kernel, tmp_path, suffix):
    from_disk(kernel())
    (path,) = files(tmp_path, suffix)
    path.unlink()
    path.mkdir()
    assert not from_disk(kernel())


def test_a_folder_that_is_gone_is_made_anew_and_one_that_cannot_be_is_done_without(
    kernel, tmp_path
):
    from_disk(kernel())
    here = kernel()
    shutil.rmtree(tmp_path / "cache")
    assert not from_disk(here)
    assert from_disk(kernel())
    here = kernel()
    shutil.rmtree(tmp_path / "cache")
    (tmp_path / "cache").write_text("a file in its place")
    assert not from_disk(here)


@pytest.fixture
def without_a_place(tmp_path):
    """Runs a program with a copy of the package where neither it nor HOME can be written to.

    What cannot be made is a folder where there is a file: that holds for root, too.
    """
    shutil.copytree(PACKAGE, tmp_path / "qemlib", ignore=shutil.ignore_patterns("__pycache__"))
    for module in (tmp_path / "qemlib").rglob("kernels.py"):
        (module.parent / "__pycache__").write_text("")
    passing = tmp_path / "passing"
    passing.mkdir()
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("NUMBA_", "XDG_", "MPL"))
    }
    environment |= {
        "PYTHONPATH": str(tmp_path),
        "HOME": os.devnull,
        "TMPDIR": str(passing),
    }

    def run(code):
        command = [sys.executable, "-c", code]
        done = subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


DRAW = """
import numpy as np
from qemlib.sampler._random import LANES, draw_bits
words = np.arange(5 * LANES, dtype=np.uint32).reshape(5, LANES)
draw_bits(words)
print(sum(draw_bits.stats.cache_hits.values()), words.tobytes().hex())
"""


def test_where_nothing_else_can_be_written_the_cache_is_a_folder_of_this_users_alone(
    without_a_place, tmp_path
):
    first, second = (without_a_place(DRAW).split() for _ in range(2))
    assert (first[0], second[0]) == ("0", "1")
    assert first[1] == second[1]
    (folder,) = (tmp_path / "passing").glob("qemlib-*")
    assert folder.stat().st_mode & 0o777 == 0o700


def test_what_another_could_have_laid_there_is_not_run(without_a_place, tmp_path):
    folder = tmp_path / "passing" / f"qemlib-{os.getuid()}"
    folder.mkdir()
    folder.chmod(0o777)
    told = without_a_place("from qemlib.sampler import kernels; print(kernels.draw_bits._cache)")
    assert "NullCache" in told
    assert list(folder.iterdir()) == []
