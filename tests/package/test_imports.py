"""What `import qemlib` loads, and what is said where an extra is missing."""

import json
import os
import subprocess
import sys

import pytest

EXTRAS = {
    "plot": ("matplotlib", "cycler", "IPython", "matplotlib_inline", "ipywidgets", "PIL"),
    "quantum": ("qutip",),
    "cluster": ("distributed", "dask"),
    "store": ("zarr",),
    "paper": ("mpmath", "sympy"),
}
SLOW_TO_COME = {
    *("arviz_stats", "loky", "pandas", "threadpoolctl", "xarray"),
    *("scipy.signal", "scipy.stats"),
}

HIDE = """
import sys
from importlib.machinery import PathFinder

def hide(*names):
    '''From here on these are not installed.'''
    class Hiding(PathFinder):
        @classmethod
        def find_spec(cls, name, path=None, target=None):
            if name.partition(".")[0] not in names:
                return PathFinder.find_spec(name, path, target)
    sys.meta_path[sys.meta_path.index(PathFinder)] = Hiding
"""

CORE_ALONE = """
import numpy as np
import qemlib as qem
from concurrent.futures import ThreadPoolExecutor

x = np.linspace(-30.0, 30.0, 31)
model = qem.LangevinModel(
    mass=1.0, frequency=1.0, x=x, force=0 * x, damping=0 * x + 0.1, diffusion=0 * x + 0.5
)
run = qem.sample(model, steps=1_000_000, walkers=256, seed=1, check=False)
assert all(np.isfinite(row.r_hat) for row in run.diagnostics.values())
assert abs(run.phonon_number / qem.steady_state(model).phonon_number - 1) < 0.1
with ThreadPoolExecutor(1) as here:
    over = qem.sweep(qem.paper_device(), {"voltage": [0.0]}, method="orbit", executor=here)
assert abs(over["phonon_number"].item() - 9.558) < 1e-3
bell = qem.Tabulated(x, np.exp(-0.5 * (x / 5) ** 2))
assert abs(bell.width - 5 * np.sqrt(2 / np.pi)) < 1e-2
"""

# What is hidden, the extra that brings it, and who needs it.
MISSING = [
    ("matplotlib", "plot", "import qemlib.plotting"),
    ("cycler", "plot", "import qemlib.plotting"),
    ("IPython", "plot", "from qemlib.plotting import panels"),
    ("matplotlib_inline", "plot", "import qemlib.plotting.figure_data"),
    ("ipywidgets", "plot", "import qemlib.plotting.explorer"),
    ("ipywidgets", "plot", "import qemlib.plotting.sliders"),
    ("PIL", "plot", "import qemlib.plotting.sliders"),
    ("mpmath", "paper", "import qemlib.witness.integrals"),
    ("sympy", "paper", "from qemlib.paper.equations import errata"),
    ("zarr", "store", "qemlib.read_sweep('sweep.zarr')"),
    ("qutip", "quantum", "full_model.two_time_correlation(0.5, 12, [0.0, 1.0])"),
    ("qutip", "quantum", "full_model.compare(0.1, levels=12)"),
    ("qutip", "quantum", "hierarchy.charge_in_hierarchy(qemlib.paper_device(), 0.0)"),
    ("qutip", "quantum", "qemlib.qutip_environment(qemlib.paper_device().left)"),
]
# Each in a child of one process, so that what all of them import is imported once.
EACH = """
import json, os
import qemlib
from qemlib.paper.checks import full_model
from qemlib.witness import hierarchy

for hidden, _, code in json.loads(sys.argv[1]):
    child = os.fork()
    if not child:
        hide(hidden)
        try:
            exec(code)
        except ModuleNotFoundError as error:
            print(json.dumps([error.name, str(error)]))
        else:
            print(json.dumps([None, "nothing"]))
        sys.stdout.flush()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
"""


def python(code, *arguments):
    """What a process of its own prints when it runs this; a warning is an error."""
    command = [sys.executable, "-W", "error", "-c", HIDE + code, *arguments]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.fixture(scope="module")
def told():
    """(name, sentence) for each of MISSING."""
    return [json.loads(line) for line in python(EACH, json.dumps(MISSING)).splitlines()]


def test_the_import_loads_nothing_that_draws_displays_or_is_slow_to_come():
    loaded = set(python("import qemlib\nprint(*sys.modules)").split())
    extras = {name for names in EXTRAS.values() for name in names}
    assert "qemlib" in loaded
    assert loaded & (extras | SLOW_TO_COME) == set()


def test_the_core_works_without_any_extra():
    hidden = [name for names in EXTRAS.values() for name in names]
    python(f"hide(*{hidden!r})\n{CORE_ALONE}")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("case", range(len(MISSING)), ids=[f"{c[0]}-{c[2]}" for c in MISSING])
def test_a_missing_package_is_named_with_the_extra_that_brings_it(told, case):
    hidden, extra, _ = MISSING[case]
    name, sentence = told[case]
    assert name.partition(".")[0] == hidden
    assert sentence.endswith(f' need {name}: pip install "qemlib[{extra}]"')
