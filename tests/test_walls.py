"""The walls between the layers, which are in pyproject.toml: they hold, and they would fail."""

import shutil
import subprocess
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[1]
HIDDEN = "qemlib.sampler._stages"


@pytest.fixture
def house(tmp_path):
    """A copy of the package with its contract."""
    shutil.copytree(ROOT / "qemlib", tmp_path / "qemlib")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("module", "planted", "contract"),
    [
        ("states/work", "import qemlib.studies.sweeps", "A layer"),
        ("sampler/schemes", "from qemlib.fokker_planck import basis", "A layer"),
        ("errors", "from qemlib.states import work", "A layer"),
        ("witness/modes", "from qemlib.electrons import coefficients", "Witnesses know"),
        ("studies/sweeps", "from qemlib.witness import modes", "Only the paper"),
        (
            "paper/checks/rows",
            "from qemlib.paper.claims import verdicts",
            "The layers of the paper",
        ),
    ],
)
def test_a_planted_import_across_a_wall_fails(house, module, planted, contract):
    with (house / "qemlib" / f"{module}.py").open("a") as text:
        text.write(f"\n{planted}\n")
    command = ["lint-imports", "--no-cache", "--no-logo"]
    found = subprocess.run(command, cwd=house, capture_output=True, text=True, check=False)
    assert found.returncode == 1
    broken = [line for line in found.stdout.splitlines() if line.endswith(" BROKEN")]
    assert any(line.startswith(contract) for line in broken)


def test_a_module_with_an_underscore_is_seen_in_its_own_folder_alone():
    graph = grimp.build_graph("qemlib", cache_dir=None)
    hidden = [m for m in graph.modules if any(part[0] == "_" for part in m.split(".")[2:])]
    assert HIDDEN in hidden
    outside = {
        (by, module)
        for module in hidden
        for by in graph.find_modules_that_directly_import(module)
        if not by.startswith(module.rsplit(".", 1)[0] + ".")
    }
    assert outside == set()
