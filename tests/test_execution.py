"""A build takes nothing from an earlier one: what qemlib computes now is what the pages say."""

import os
import subprocess
import sys

import yaml
from make_references import ROOT

PAGE = """---
jupytext: {text_representation: {extension: .md, format_name: myst}}
kernelspec: {display_name: Python 3, language: python, name: python3}
---

# A page

```{code-cell} ipython3
import physics

print(f"found {physics.number}")
```
"""


def build(folder):
    """Build a book of one page as the real one is built, over an earlier build, and return it."""
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-b", "html", folder, folder / "html"]
    environment = os.environ | {"PYTHONPATH": str(folder)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return (folder / "html" / "index.html").read_text(encoding="utf-8")


def test_a_change_of_the_package_reaches_the_page(tmp_path):
    ours = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["execute"]
    (tmp_path / "conf.py").write_text(
        f"import sys; sys.path.append({str(ROOT / 'sphinx_ext')!r})\n"
        "extensions = ['myst_nb', 'sphinx_book_theme', 'executed_notebooks']\n"
        "html_theme = 'sphinx_book_theme'\n"
        "exclude_patterns = ['html', 'jupyter_execute', '.jupyter_cache']\n"
        f"nb_execution_mode = {ours['execute_notebooks']!r}\n"
    )
    (tmp_path / "index.md").write_text(PAGE, encoding="utf-8")
    for number in (1, 22):
        (tmp_path / "physics.py").write_text(f"number = {number}\n")
        assert f"found {number}" in build(tmp_path)
