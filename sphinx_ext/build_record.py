"""Directive `build-record`: what is known of a build only once all pages have been run.

Its argument names the table: `versions`, `machine`, `seeds` or `times`.
"""

import ast
import importlib.metadata
import itertools
import json
import os
import platform
import re
import subprocess
import time
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import nbformat
from docutils import nodes
from docutils.parsers.rst import directives
from myst_nb.sphinx_ import NbMetadataCollector
from packaging.dependency_groups import resolve_dependency_groups
from packaging.requirements import Requirement
from sphinx import addnodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).resolve().parent.parent
# What decides a number's last digits or how long it takes.
THREADS = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
GENERATORS = ("default_rng", "SeedSequence")


class Placeholder(nodes.General, nodes.Element):
    """Stands for a table until everything has been run."""


class BuildRecord(SphinxDirective):
    required_arguments = 1

    def run(self):
        kind = directives.choice(self.arguments[0], tuple(TABLES))
        # Read again at each build, and so written again.
        self.env.note_reread()
        return [Placeholder(kind=kind)]


class FillIn(SphinxPostTransform):
    # Before references are resolved.
    default_priority = 8

    def run(self, **kwargs):
        for placeholder in list(self.document.findall(Placeholder)):
            header, rows = TABLES[placeholder["kind"]](self.app)
            placeholder.replace_self(table(header, rows))


def versions(app):
    """Python, qemlib and what it and the book are built on; what the pages load."""
    names = requirements() - {"qemlib"}
    rows = [("Python", platform.python_version()), ("qemlib", own_version())]
    rows += [(name, importlib.metadata.version(name)) for name in sorted(names)]
    shipped = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["dependencies"]
    return ("Package", "Version"), rows + sorted(shipped.items())


def requirements():
    """Names of what qemlib, its extras and the book require, without their versions."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = told["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    lists.append(resolve_dependency_groups(told["dependency-groups"], "book"))
    return {Requirement(line).name for line in itertools.chain(*lists)}


def own_version():
    """The release and, in a git checkout, the commit."""
    version = importlib.metadata.version("qemlib")
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--exclude=*"]
    try:
        commit = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return version
    return f"{version}, commit {commit}"


def machine(app):
    rows = [
        ("Processor", processor()),
        ("Cores", str(os.cpu_count())),
        ("System", f"{platform.system()}, {platform.machine()}"),
        *((name, os.environ.get(name, "not set")) for name in THREADS),
        ("Built", f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"),
    ]
    return ("Machine", "This build"), rows


def processor():
    """The processor's name; the standard library knows it on some systems only."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        found = re.search(r"^model name\s*:\s*(.+)$", cpuinfo.read_text(), re.MULTILINE)
        if found:
            return found[1]
    return platform.processor() or "unknown"


def seeds(app):
    """Each call in a chapter that is handed a seed."""
    rows = []
    for docname in executed(app.env):
        path = Path(app.env.mystnb_config.output_folder) / f"{docname}.ipynb"
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                found = seeds_of(cell.source)
                rows += [(page(docname), code(name), code(seed)) for name, seed in found]
    return ("Chapter", "Call", "Seed"), rows


def seeds_of(source):
    """(function, seed) of the calls in a cell that are handed one, in order."""
    for call in ast.walk(ast.parse(source)):
        if not isinstance(call, ast.Call):
            continue
        name = ast.unparse(call.func)
        given = [word.value for word in call.keywords if word.arg == "seed"]
        if name.split(".")[-1] in GENERATORS:
            given += call.args[:1]
        yield from ((name, ast.unparse(seed)) for seed in given)


def times(app):
    """How long each chapter ran, and the build up to this page."""
    rows = []
    for docname in executed(app.env):
        rows.append((page(docname), NbMetadataCollector.get_exec_data(app.env, docname)["runtime"]))
    total = ("All chapters", sum(runtime for _, runtime in rows))
    everything = ("The build, up to the writing of this page", time.monotonic() - app.build_started)
    return ("Chapter", "Run time [s]"), [
        (name, f"{runtime:.1f}") for name, runtime in [*rows, total, everything]
    ]


def executed(env):
    """Names of the pages that were run, in the order of the book."""
    data = NbMetadataCollector.get_doc_data(env)
    order = [env.config.root_doc, *env.toctree_includes.get(env.config.root_doc, [])]
    return [docname for docname in order if data[docname].get("exec_data")]


TABLES = {"versions": versions, "machine": machine, "seeds": seeds, "times": times}


def page(docname):
    """A reference to a page, which shows its title."""
    return addnodes.pending_xref(
        "",
        nodes.inline(),
        refdomain="std",
        reftype="doc",
        reftarget=f"/{docname}",
        refexplicit=False,
        refwarn=True,
    )


def code(text):
    return nodes.literal(text, text)


def table(header, rows):
    group = nodes.tgroup("", *(nodes.colspec(colwidth=1) for _ in header), cols=len(header))
    group += nodes.thead("", row(header))
    group += nodes.tbody("", *map(row, rows))
    return nodes.table("", group, classes=["colwidths-auto"])


def row(cells):
    return nodes.row(
        "",
        *(
            nodes.entry("", nodes.paragraph("", "", nodes.Text(c) if isinstance(c, str) else c))
            for c in cells
        ),
    )


def _start_clock(app):
    app.build_started = time.monotonic()


def setup(app):
    app.add_node(Placeholder)
    app.add_directive("build-record", BuildRecord)
    app.add_post_transform(FillIn)
    app.connect("builder-inited", _start_clock)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
