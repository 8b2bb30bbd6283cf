"""Run the chapters and write what is behind each of their figures to data/.

python3 chapters/make_data.py [CHAPTER ...]      (all chapters unless named: `langevin`)

A figure is a code cell whose metadata give it a name, `mystnb: {figure: {name: fig-…}}`.  Its data
are taken from the drawn figure (`qemlib.plotting.figure_data`): a chapter needs nothing for it.
"""

import hashlib
import re
import sys
from pathlib import Path

import jupytext
import nbformat
import xarray as xr

sys.path.append(str(Path(__file__).resolve().parent.parent / "sphinx_ext"))
from running import Job, run_together

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = ROOT / "chapters"
DATA = ROOT / "data"
SEED = re.compile(r"\bseed\s*=\s*[\w.\[\]]+(?:\([^()]*\))?")

# Runs in the chapter's kernel, in the cell of the figure and before its figures are closed.
RECORD = """
from qemlib.plotting.figure_data import record as _record
_record({name!r}, {folder!r}, {attributes!r}, globals())
"""


def figures(notebook):
    """The cells that make named figures, as (name, caption, cell)."""
    for cell in notebook.cells:
        figure = cell.metadata.get("mystnb", {}).get("figure", {})
        if cell.cell_type == "code" and "name" in figure:
            yield figure["name"], " ".join(figure.get("caption", "").split()), cell


def prepared(chapter, folder):
    """The chapter's notebook, with a line in each figure's cell that records it; and the names."""
    notebook = jupytext.read(chapter, fmt={"extension": ".md", "format_name": "myst"})
    notebook.cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    names = []
    for name, caption, cell in list(figures(notebook)):
        before = notebook.cells[: notebook.cells.index(cell) + 1]
        code = "\n".join(c.source for c in before)
        attributes = {
            "name": name,
            "caption": caption,
            "chapter": chapter.stem,
            "seed": ", ".join(dict.fromkeys(SEED.findall(code))) or "no seed: deterministic",
            "code": cell.source,
        }
        cell.source += RECORD.format(name=name, folder=str(folder), attributes=attributes)
        names.append(name)
    return notebook, names


def job(chapter):
    """The chapter's run, or None where there is no named figure."""
    notebook, names = prepared(chapter, DATA)
    if not names:
        return None
    plain = nbformat.v4.new_notebook()
    plain.cells = [nbformat.v4.new_code_cell(cell.source) for cell in notebook.cells]
    return Job(chapter.stem, plain, CHAPTERS, {"timeout": 1800, "kernel_name": "python3"})


def report(run):
    if run.error is not None:
        raise SystemExit(f"{run.job.name} failed:\n{run.traceback}")
    print(f"{run.job.name}: {run.seconds:.1f} s", flush=True)


def write_lists():
    """Checksums of all files, as `sha256sum --check` reads them, and what each one is."""
    files = sorted(p for p in DATA.iterdir() if p.suffix in (".nc", ".csv"))
    sums = [f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.name}\n" for p in files]
    (DATA / "SHA256SUMS").write_text("".join(sums), encoding="utf-8")
    units = "Units: those that an axis names, and ħ = e = k_B = 1."
    lines = [f"What is behind the figures of the book. {units}\n"]
    for path in files:
        if path.suffix == ".nc":
            with xr.open_dataset(path, engine="scipy") as data:
                lines.append("{name} in {chapter} ({seed})".format(**data.attrs))
                lines.append("    {caption}\n".format(**data.attrs))
    (DATA / "README.txt").write_text("\n".join(lines), encoding="utf-8")


def main(names):
    chapters = {path.stem: path for path in sorted(CHAPTERS.glob("*.md"))}
    unknown = set(names) - set(chapters)
    if unknown:
        raise SystemExit(f"no chapter is named {', '.join(sorted(unknown))}")
    DATA.mkdir(exist_ok=True)
    jobs = [job(chapters[name]) for name in names or chapters]
    run_together([one for one in jobs if one], report)
    write_lists()
    print(f"written to {DATA}")


if __name__ == "__main__":
    main(sys.argv[1:])
