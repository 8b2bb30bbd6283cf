"""Run the chapters and write what they print to tests/references/, for nbval to compare with.

python3 tests/make_references.py [CHAPTER ...]      (all chapters unless named: `langevin`)

A reference holds the code cells only, so prose can change without a new run. It keeps printed text
and the text/plain of what is displayed, and nothing that differs from one run to the next.
"""

import json
import sys
from pathlib import Path

import jupytext
import nbformat

sys.path.append(str(Path(__file__).resolve().parent.parent / "sphinx_ext"))
from running import Job, run_together

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = ROOT / "chapters"
REFERENCES = ROOT / "tests" / "references"
# Cells with this tag are run, but what they print is not compared.
IGNORED = "nbval-ignore-output"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def code_cells(chapter):
    """The code cells of a chapter as (source, tags), in order."""
    notebook = jupytext.read(chapter, fmt={"extension": ".md", "format_name": "myst"})
    return [
        (cell.source, cell.metadata.get("tags", []))
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def chapters_with_code():
    return [path for path in sorted(CHAPTERS.glob("*.md")) if code_cells(path)]


def job(chapter):
    """The chapter's cells, to be run in one kernel, where nbval runs them too."""
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": KERNEL})
    notebook.cells = [
        nbformat.v4.new_code_cell(source, metadata={"tags": tags})
        for source, tags in code_cells(chapter)
    ]
    # nbval leaves out nothing that was printed, so one line of `print` must not come as two.
    options = {"timeout": 1800, "kernel_name": "python3", "coalesce_streams": True}
    return Job(chapter.stem, notebook, REFERENCES, options)


def write(run):
    """Write the reference of a chapter that has been run."""
    name = run.job.name
    if run.error is not None:
        raise SystemExit(f"{name} failed:\n{run.traceback}")
    text = json.dumps(reference(run.job.notebook), indent=1, ensure_ascii=False)
    (REFERENCES / f"{name}.ipynb").write_text(text + "\n", encoding="utf-8")
    print(f"{name}: {run.seconds:.1f} s", flush=True)


def reference(notebook):
    """The notebook as plain data: keys in fixed order, only what is the same in every run."""
    cells = [
        {
            "cell_type": "code",
            "execution_count": cell.execution_count,
            "metadata": {"tags": cell.metadata.tags} if cell.metadata.tags else {},
            "outputs": []
            if IGNORED in cell.metadata.tags
            else [kept for output in cell.outputs if (kept := kept_part(output))],
            "source": cell.source.splitlines(keepends=True),
        }
        for cell in notebook.cells
    ]
    # 4.4 is the last format whose cells have no ids.
    return {
        "cells": cells,
        "metadata": {"kernelspec": KERNEL},
        "nbformat": 4,
        "nbformat_minor": 4,
    }


def kept_part(output):
    """What is compared of one output, or None."""
    if output.output_type == "stream":
        if output.name == "stderr":
            raise SystemExit(f"a chapter must not write to stderr:\n{output.text}")
        return {
            "name": output.name,
            "output_type": "stream",
            "text": output.text.splitlines(keepends=True),
        }
    if output.output_type == "error":
        return {
            "ename": output.ename,
            "evalue": output.evalue,
            "output_type": "error",
            "traceback": [],
        }
    if "text/plain" not in output.data:
        return None
    kept = {
        "data": {"text/plain": output.data["text/plain"].splitlines(keepends=True)},
        "metadata": {},
        "output_type": output.output_type,
    }
    if output.output_type == "execute_result":
        kept["execution_count"] = output.execution_count
    return dict(sorted(kept.items()))


def main(names):
    chapters = chapters_with_code()
    unknown = set(names) - {path.stem for path in chapters}
    if unknown:
        raise SystemExit(f"no chapter with code is named {', '.join(sorted(unknown))}")
    REFERENCES.mkdir(exist_ok=True)
    run_together([job(path) for path in chapters if not names or path.stem in names], write)
    for left_over in {path.stem for path in REFERENCES.glob("*.ipynb")} - {
        path.stem for path in chapters
    }:
        (REFERENCES / f"{left_over}.ipynb").unlink()
        print(f"{left_over}: removed, it has no chapter")


if __name__ == "__main__":
    main(sys.argv[1:])
