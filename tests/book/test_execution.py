"""A build takes nothing from an earlier one, and runs its pages at the same time."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from itertools import accumulate
from pathlib import Path

import nbformat
import pytest
import yaml
from make_references import ROOT, Job, chapters_with_code, run_together, write
from running import LONGEST

HEAD = """---
jupytext: {{text_representation: {{extension: .md, format_name: myst}}}}
kernelspec: {{display_name: Python 3, language: python, name: python3}}
{settings}
---

# {title}

```{{code-cell}} ipython3
{code}
```

"""
CONFIG = """
import sys
sys.path.append({folder!r})
extensions = ["myst_nb", "sphinx_book_theme", *{extensions!r}]
html_theme = "sphinx_book_theme"
html_last_updated_fmt = None
exclude_patterns = ["html", "jupyter_execute", ".jupyter_cache"]
nb_execution_mode = {execute[execute_notebooks]!r}
nb_output_stderr = {execute[stderr_output]!r}
nb_execution_timeout = {execute[timeout]!r}
nb_execution_raise_on_error = True
numfig = True
"""
# Each run leaves a line.
NOTED = "print(file=open('runs', 'a'))\n"


def write_book(folder, extensions, **pages):
    """A book that is run as the real one is; a page is its code, or (code, settings, text)."""
    execute = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["execute"]
    folder.mkdir(exist_ok=True)
    (folder / "conf.py").write_text(
        CONFIG.format(folder=str(ROOT / "sphinx_ext"), extensions=extensions, execute=execute)
    )
    names = "\n".join(name for name in pages if name != "index")
    pages.setdefault("index", ("", "", ""))
    for name, page in pages.items():
        code, settings, text = (page, "", "") if isinstance(page, str) else page
        if name == "index":
            text += f"```{{toctree}}\n{names}\n```\n"
        content = HEAD.format(title=name, code=code, settings=settings) + text
        (folder / f"{name}.md").write_text(content, encoding="utf-8")


def build(folder):
    """Build a book as the real one is built, over an earlier build."""
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-b", "html"]
    environment = os.environ | {"PYTHONPATH": str(folder)}
    return subprocess.run(
        [*command, folder, folder / "html"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )


def test_a_change_of_the_package_reaches_the_page(tmp_path):
    code = "import physics\n\nprint(f'found {physics.number}')"
    write_book(tmp_path, ["executed_ahead", "executed_notebooks"], index=code)
    for number in (1, 22):
        (tmp_path / "physics.py").write_text(f"number = {number}\n")
        done = build(tmp_path)
        assert done.returncode == 0, done.stderr
        page = (tmp_path / "html" / "index.html").read_text(encoding="utf-8")
        assert f"found {number}" in page


def pages_of(folder):
    """The pages of a book, and the notebooks to download without what is drawn by lot."""
    found = {path.name: path.read_bytes() for path in (folder / "html").glob("*.html")}
    for path in (folder / "html" / "_sources").glob("*.ipynb"):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        found[path.name] = [cell | {"id": None} for cell in notebook["cells"]], notebook["metadata"]
    return found


def test_the_pages_are_those_of_a_run_one_by_one(tmp_path):
    figure = """```{code-cell} ipython3
---
mystnb: {image: {alt: a dot}, figure: {caption: A dot., name: fig-dot}}
---
from IPython.display import SVG

SVG("<svg xmlns='http://www.w3.org/2000/svg'><circle r='9'/></svg>")
```
"""
    numbers = "```{glue} number\n:doc: one.md\n```\n\n{numref}`fig-dot`\n\n"
    pages = {
        "index": (f"{NOTED}print(1)\n1 / 4", "mystnb: {execution_timeout: 60}", numbers),
        "one": (f"{NOTED}from myst_nb import glue\n\nglue('number', 42)", "", figure),
        "off": (f"{NOTED}3", "mystnb: {execution_mode: 'off'}", ""),
    }
    found = []
    for name, extensions in (("serial", []), ("ahead", ["executed_ahead"])):
        folder = tmp_path / name
        write_book(folder, [*extensions, "executed_notebooks"], **pages)
        done = build(folder)
        assert done.returncode == 0, done.stderr
        assert (folder / "runs").read_text() == 2 * "\n"  # of each page that is to be run, one
        assert done.stdout.count("executed ") == 2 * len(extensions)
        found.append(pages_of(folder))
    assert found[0].keys() == found[1].keys()
    for name, content in found[0].items():
        assert content == found[1][name], name


def test_an_error_names_its_page(tmp_path):
    write_book(
        tmp_path,
        ["executed_ahead"],
        index="1",
        dead="import os\n\nos._exit(3)",
        wrong="raise ValueError('no such state')",
    )
    done = build(tmp_path)
    assert done.returncode != 0
    # Each one as soon as it has failed, and the first one that is read as the error of the build.
    said = done.stdout
    assert "executed index" in said
    assert "Kernel died" in said.partition("executing dead failed")[2]
    assert "no such state" in said.partition("executing wrong failed")[2]
    assert f"ExecutionError: {tmp_path / 'dead.md'}" in done.stderr


def job(folder, name, code, **options):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    return Job(name, notebook, folder, {"kernel_name": "python3", **options})


def test_kernels_run_at_the_same_time(tmp_path):
    code = """from pathlib import Path
import time

Path({own!r}).touch()
while not Path({other!r}).exists():
    time.sleep(0.01)
"""
    jobs = [
        job(tmp_path, own, code.format(own=own, other=other), timeout=60)
        for own, other in ("ab", "ba")
    ]
    runs = []
    run_together(jobs, runs.append, kernels=2)
    assert sorted(run.job.name for run in runs) == ["a", "b"]
    assert all(run.error is None and run.seconds > 0 for run in runs)


@pytest.mark.parametrize("kernels", [1, 2])
def test_the_longest_begin_first_and_no_more_run_than_were_asked_for(
    tmp_path, monkeypatch, kernels
):
    assert set(LONGEST) < {path.stem for path in chapters_with_code()}
    began_or_ended = []

    class Client:
        """Runs a notebook of which nothing is known but when it begins and when it ends."""

        km = None

        def __init__(self, notebook, **options):
            pass

        async def async_execute(self):
            for step in (1, -1):
                began_or_ended.append(step)
                await asyncio.sleep(0)

    monkeypatch.setattr("running.NotebookClient", Client)
    names = ["another", f"chapters/{LONGEST[1]}", LONGEST[0]]
    runs = []
    run_together([job(tmp_path, name, "1") for name in names], runs.append, kernels=kernels)
    assert max(accumulate(began_or_ended)) == kernels
    assert [(run.job.name, run.error) for run in runs] == [(name, None) for name in names[::-1]]


def test_what_goes_wrong_stays_with_its_notebook(tmp_path):
    codes = {
        "dead": "import os\n\nos._exit(3)",
        "endless": "while True:\n    pass",
        "fine": "print(1)",
        "wrong": "1 / 0",
    }
    runs = {}
    jobs = [job(tmp_path, name, code, timeout=2) for name, code in codes.items()]
    run_together(jobs, lambda run: runs.__setitem__(run.job.name, run), kernels=2)
    errors = {name: type(run.error).__name__ for name, run in runs.items()}
    assert errors == {
        "dead": "DeadKernelError",
        "endless": "CellTimeoutError",
        "fine": "NoneType",
        "wrong": "CellExecutionError",
    }
    assert "ZeroDivisionError" in runs["wrong"].traceback
    assert runs["fine"].job.notebook.cells[0].outputs[0].text == "1\n"
    with pytest.raises(SystemExit, match="wrong failed:(?s:.)*ZeroDivisionError"):
        write(runs["wrong"])


# Runs two notebooks that wait for ever; each says which process it is.
ENDLESS = f"""
import signal, sys
sys.path += {[str(folder) for folder in Path(__file__).parents[:2]]!r}
# A job in the background inherits none.
signal.signal(signal.SIGINT, signal.default_int_handler)
from test_execution import endless
from make_references import run_together
run_together(endless("."), print, kernels=2)
"""
WAIT = """import os, time
open("{name}", "w").write(str(os.getpid()))
os.rename("{name}", "{name}.pid")
time.sleep(1000)
"""


def endless(folder):
    return [job(folder, name, WAIT.format(name=name)) for name in "ab"]


def kernels_of(folder, run=None):
    """The processes of the two notebooks, once both run; `run` must last until then."""
    files = [folder / "a.pid", folder / "b.pid"]
    while not all(file.exists() for file in files):
        assert run is None or run.poll() is None, run.stderr.read().decode()
        time.sleep(0.05)
    return [int(file.read_text()) for file in files]


def running(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_ctrl_c_ends_all_kernels(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", ENDLESS], cwd=tmp_path, stderr=subprocess.PIPE
    ) as run:
        kernels = kernels_of(tmp_path, run)
        run.send_signal(signal.SIGINT)
        _, said = run.communicate()
    assert b"KeyboardInterrupt" in said
    assert not any(map(running, kernels))


def test_an_exception_of_the_caller_ends_all_kernels(tmp_path):
    def stop(run):
        raise SystemExit(*kernels_of(tmp_path))

    with pytest.raises(SystemExit) as stopped:
        run_together([*endless(tmp_path), job(tmp_path, "c", "1")], stop, kernels=3)
    assert not any(map(running, stopped.value.args))
