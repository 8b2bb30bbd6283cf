"""What qemlib imports is what it requires, and each extra stands where it is imported."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.dependency_groups import resolve_dependency_groups
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
TOLD = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = TOLD["project"]
# Modules that do not have the name of what brings them.
NAMES = {"pillow": "PIL", "ipython": "IPython"}
EXTRAS = tuple(PROJECT["optional-dependencies"])


def requirements(extra=None):
    """Those of the core, or of an extra with the extras that it includes."""
    lines = PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]
    for requirement in map(Requirement, lines):
        if requirement.name == PROJECT["name"]:
            for included in requirement.extras:
                yield from requirements(included)
        else:
            yield requirement


def modules(extra=None):
    return {NAMES.get(r.name, r.name.replace("-", "_")) for r in requirements(extra)}


def imports(node, extra=None):
    """(extra or None, package) of each import of others' packages below this node."""
    for child in ast.iter_child_nodes(node):
        inside = extra
        if isinstance(child, ast.With):
            for item in child.items:
                match item.context_expr:
                    case ast.Call(func=ast.Name(id="extra"), args=[ast.Constant(value=name), _]):
                        inside = name
        names = ()
        if isinstance(child, ast.Import):
            names = [alias.name for alias in child.names]
        elif isinstance(child, ast.ImportFrom):
            names = [child.module]
        for package in {name.partition(".")[0] for name in names}:
            if package not in sys.stdlib_module_names | {PROJECT["name"]}:
                yield inside, package
        yield from imports(child, inside)


def found():
    for path in sorted((ROOT / "qemlib").rglob("*.py")):
        for extra, package in imports(ast.parse(path.read_text(encoding="utf-8"))):
            yield f"{path.relative_to(ROOT)}: {package} by {extra or 'the core'}", extra, package


def test_each_import_is_of_what_is_required_there():
    undeclared = [where for where, extra, package in found() if package not in modules(extra)]
    assert undeclared == []


def test_what_is_required_is_imported():
    used = {(extra, package) for _, extra, package in found()}
    declared = {(e, p) for e in (None, *EXTRAS) for p in modules(e)}
    # A sweep takes a cluster's executor, and imports nothing of it; paper includes quantum.
    assert declared - used == {("cluster", "distributed"), ("paper", "qutip")}


def test_the_lock_holds_a_version_of_each_that_is_allowed():
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE))
    everything = [r for extra in (None, *EXTRAS) for r in requirements(extra)]
    everything += map(Requirement, resolve_dependency_groups(TOLD["dependency-groups"], "dev"))
    for requirement in everything:
        assert requirement.specifier.contains(locked[requirement.name]), str(requirement)


@pytest.mark.parametrize("extra", [None, *EXTRAS])
def test_bounds_are_lower_ones_which_a_run_with_the_lowest_versions_tests(extra):
    for requirement in requirements(extra):
        (bound,) = requirement.specifier
        assert bound.operator == ">=", str(requirement)
