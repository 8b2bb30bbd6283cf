"""Before Sphinx reads the pages one by one, their notebooks are run, one on each core.

MyST-NB runs a notebook when it reads its page.  Here all of them are run first, and it finds the
outcome where it would have run one.  What it makes of an outcome, an error too, is left to it.  A
notebook that it wants to run and that was not run in just this way, it runs.
"""

import json
import os
from contextlib import suppress
from pathlib import Path

from jupyter_cache.executors.utils import ExecutionResult, single_nb_execution
from myst_nb.core.execute import NotebookClientDirect, create_client, direct
from myst_nb.core.nb_to_tokens import nb_node_to_dict
from myst_nb.core.read import create_nb_reader
from running import Job, run_together
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)


def _run_ahead(app, env, docnames):
    jobs = [job for docname in docnames if (job := _job(env, docname))]
    # What was asked for, before it is filled with outputs.
    asked = {job.name: _request(job.notebook, job.folder, **job.options) for job in jobs}
    outcomes = {}

    def keep(run):
        outcomes[asked[run.job.name]] = run
        if run.error is None:
            LOGGER.info("executed %s in %.1f s", run.job.name, run.seconds)
        else:
            # Said now, for the others may take minutes; raised when the page is read.
            LOGGER.info("executing %s failed:\n%s", run.job.name, run.traceback)

    run_together(jobs, keep)
    direct.single_nb_execution = _looked_up(outcomes)


def _job(env, docname):
    """What MyST-NB will want to be run, or None."""
    path = env.doc2path(docname)
    text = Path(path).read_text(encoding=env.config.source_encoding)
    reader = create_nb_reader(path, env.myst_config, env.mystnb_config, text)
    if reader is None:
        return None
    notebook = reader.read(text)
    config = _config(notebook, env.mystnb_config)
    client = create_client(notebook, path, config, LOGGER, reader.read_fmt)
    runs_it = isinstance(client, NotebookClientDirect) and not config.execution_in_temp
    if not runs_it or "execution" in notebook.metadata:  # which overrides what is said here
        return None
    options = {
        "timeout": config.execution_timeout,
        "allow_errors": config.execution_allow_errors,
        "record_timing": False,
    }
    return Job(docname, notebook, os.path.abspath(client.path.parent), options)


def _config(notebook, config):
    """The book's settings with those of the page; MyST-NB warns of settings that are wrong."""
    own = nb_node_to_dict(notebook.metadata.get(config.metadata_key, {}))
    own.pop("output_folder", None)
    with suppress(Exception):
        return config.copy(**own)
    return config


def _request(notebook, folder, **options):
    """All that decides what a run gives, as text; ids of cells are drawn anew at each reading."""
    cells = [{**cell, "id": None} for cell in notebook.cells]
    return json.dumps([cells, notebook.metadata, folder, options], sort_keys=True)


def _looked_up(outcomes):
    """In place of `single_nb_execution`: the outcome of a run, or else a run."""

    def execution(nb, cwd, *, meta_override=True, record_timing=False, **options):
        options["record_timing"] = record_timing
        run = outcomes.pop(_request(nb, cwd, **options), None)
        if run is None:
            return single_nb_execution(nb, cwd, meta_override=meta_override, **options)
        nb.update(run.job.notebook)
        return ExecutionResult(nb, cwd, run.seconds, run.error, run.traceback)

    return execution


def setup(app):
    app.connect("env-before-read-docs", _run_ahead)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
