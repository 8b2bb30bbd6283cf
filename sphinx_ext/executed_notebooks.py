"""Each chapter is run in each build, and offers the notebook that was run, with its outputs.

Sphinx would read again only what has changed itself, and not see that qemlib has.  The theme's
download button knows the source alone; it takes up a notebook that lies beside it.
"""

import shutil
from pathlib import Path

from myst_nb.sphinx_ import NbMetadataCollector

TEMPLATES = Path(__file__).parent / "templates"


def _run_again(app, env, added, changed, removed):
    return [name for name in env.found_docs if NbMetadataCollector.get_exec_data(env, name)]


def _show_at_the_end_of_pages(app, config):
    config.templates_path.append(str(TEMPLATES))
    config.html_theme_options["article_footer_items"] = ["executed-notebook.html"]


def _offer_notebook(app, pagename, templatename, context, doctree):
    if not NbMetadataCollector.get_exec_data(app.env, pagename):
        return
    context["ipynb_source"] = f"{pagename}.ipynb"
    executed = Path(app.env.mystnb_config.output_folder) / context["ipynb_source"]
    destination = Path(app.outdir) / "_sources" / context["ipynb_source"]
    destination.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(executed, destination)


def setup(app):
    app.connect("config-inited", _show_at_the_end_of_pages)
    app.connect("env-get-outdated", _run_again)
    # Before the theme's buttons, which come at 501.
    app.connect("html-page-context", _offer_notebook, priority=500)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
