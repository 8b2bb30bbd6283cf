"""Each chapter offers the notebook that the build ran, with its outputs.

The theme's download button knows the source alone; it takes up a notebook that lies beside it.
"""

import shutil
from pathlib import Path

from myst_nb.sphinx_ import NbMetadataCollector

TEMPLATES = Path(__file__).parent / "templates"


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
    # Before the theme's buttons, which come at 501.
    app.connect("html-page-context", _offer_notebook, priority=500)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
